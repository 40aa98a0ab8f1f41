/* i8237.h - the pair of DMA controllers: channels 0-3 (bytes) at 00h, 4-7 (words) at C0h, page registers at 80h. */
#ifndef MUNIMENT_EMU_DEVICES_I8237_H
#define MUNIMENT_EMU_DEVICES_I8237_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/bus.h"
#include "emu/memory.h"
#include "emu/state.h"

struct i8237_channel {
    uint16_t base_address, base_count;
    uint16_t address, count;
    uint8_t mode;
};

struct i8237_chip {
    struct i8237_channel channel[4];
    uint8_t command;
    uint8_t mask;
    uint8_t requests;       /* set by software */
    uint8_t terminal_count; /* channels that reached it since the status was read */
    bool high_byte;         /* the byte pointer flip-flop */
};

struct i8237 {
    struct i8237_chip chip[2];
    uint8_t page[16]; /* ports 80h-8Fh; the spare one at 80h shows POST codes */
    /* wiring */
    struct memory *memory;
};

extern const struct state_field i8237_state[];

void i8237_init(struct i8237 *dma, struct bus *bus, struct memory *memory);
void i8237_reset(struct i8237 *dma);

/* A device transfers up to `length` bytes on a channel, in the direction that the guest has programmed: from
 * buffer to memory, from memory to buffer, or (verify) nowhere, only counted. Returns how many went; fewer, even
 * 0, when the channel is masked, in cascade mode or disabled, or when the count ended: *terminal_count says
 * whether that came with the last byte. Channels 5-7 move whole words. */
uint32_t i8237_transfer(struct i8237 *dma, unsigned channel, uint8_t *buffer, uint32_t length, bool *terminal_count);

#endif
