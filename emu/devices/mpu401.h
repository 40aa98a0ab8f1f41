/* mpu401.h - the MIDI port of a Sound Blaster 16: an MPU-401 in its UART mode, at 330h, to which nothing sends. */
#ifndef MUNIMENT_EMU_DEVICES_MPU401_H
#define MUNIMENT_EMU_DEVICES_MPU401_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/bus.h"
#include "emu/clock.h"
#include "emu/state.h"

#define MPU401_PORTS 0x330u

struct mpu401 {
    bool uart;
    bool acknowledged; /* FEh waits to be read */
    uint64_t ready_at; /* tick: the byte before has left */
    /* wiring */
    struct clock *clock;
    void (*out)(void *context, uint8_t byte);
    void *context;
};

extern const struct state_field mpu401_state[];

/* out (which may be null) is given each byte when it begins to leave. */
void mpu401_init(struct mpu401 *m, struct clock *clock, struct bus *bus, void (*out)(void *context, uint8_t byte),
                 void *context);
void mpu401_reset(struct mpu401 *m);
/* The line itself, which the card's DSP shares: a byte takes 320 us, and one that comes meanwhile is lost. */
bool mpu401_is_ready(const struct mpu401 *m);
void mpu401_send(struct mpu401 *m, uint8_t byte);
/* Lets it answer elsewhere; 0: nowhere. mpu401_init gets no bus then. */
void mpu401_move(struct mpu401 *m, struct bus *bus, uint16_t first);

#endif
