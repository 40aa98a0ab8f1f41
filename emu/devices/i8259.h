/* i8259.h - the pair of interrupt controllers of a PC: master at 20h, slave at A0h on its input 2, edge/level
 * registers at 4D0h. */
#ifndef MUNIMENT_EMU_DEVICES_I8259_H
#define MUNIMENT_EMU_DEVICES_I8259_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/bus.h"
#include "emu/line.h"
#include "emu/state.h"

struct i8259_chip {
    uint8_t lines;   /* levels of the eight inputs */
    uint8_t latched; /* inputs whose rising edge waits for an acknowledge */
    uint8_t in_service;
    uint8_t mask;
    uint8_t base;       /* ICW2: vector of input 0 */
    uint8_t icw1, icw4; /* ICW3 is taken and forgotten: the cascade is wired */
    uint8_t elcr;       /* inputs that are level-triggered */
    uint8_t expected;   /* the ICW that the data port waits for, 2 to 4; 0: initialised; 1: ICW1 has not come yet */
    uint8_t lowest;     /* input with the lowest priority now */
    bool special_mask;
    bool poll;            /* the next read is a poll */
    bool read_in_service; /* the command port reads ISR, not IRR */
    bool rotate_on_auto_eoi;
    bool output; /* INT */
};

struct i8259 {
    struct i8259_chip chip[2];
    /* wiring */
    struct line intr;
};

extern const struct state_field i8259_state[];

/* intr goes to the CPU. */
void i8259_init(struct i8259 *pic, struct bus *bus, struct line intr);
void i8259_reset(struct i8259 *pic);

/* The line of IRQ 0-15. IRQ 2 is the cascade: nothing else drives it. */
struct line i8259_line(struct i8259 *pic, unsigned irq);

/* The CPU's interrupt acknowledge cycle: the vector. Without a request it is the spurious one, of IRQ 7 or 15. */
uint8_t i8259_acknowledge(struct i8259 *pic);

#endif
