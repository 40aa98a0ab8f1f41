/* i8254.h - the programmable interval timer at 40h: the clock tick (counter 0), DRAM refresh (1) and the speaker
 * (2). */
#ifndef MUNIMENT_EMU_DEVICES_I8254_H
#define MUNIMENT_EMU_DEVICES_I8254_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/bus.h"
#include "emu/clock.h"
#include "emu/line.h"
#include "emu/state.h"

#define I8254_FREQUENCY 1193182u /* Hz */

/* Times are in clocks of the chip's own input since power-on. */
struct i8254_counter {
    uint8_t control;  /* D5-D0 of the control word: access, mode, BCD */
    uint16_t reload;  /* the count register, as written */
    uint8_t low_byte; /* of a count of which the high byte is still to come */
    bool write_high;  /* the next write is the high byte */
    bool read_high;   /* the next read is the high byte */
    bool count_latched;
    bool status_latched;
    uint16_t latch;
    uint8_t status;
    bool gate;
    bool output;     /* as of the last event or access */
    bool null_count; /* the count register has not reached the counting element yet */
    bool written;    /* a count has come since the control word */
    bool counting;
    bool expired;     /* a one-shot has done its work; the count runs on below zero */
    uint32_t initial; /* value at clock `start`, 1 to 65536 */
    uint32_t held;    /* value before `start`, and while not counting */
    uint64_t start;
    uint64_t switch_at; /* modes 2 and 3: when a count written in mid-period takes over; NEVER: none waits */
    uint64_t due_at;    /* tick of the next edge of the output, if it drives something */
};

struct i8254 {
    struct i8254_counter counter[3];
    /* wiring */
    struct clock *clock;
    struct line out[3];
};

extern const struct state_field i8254_state[];

/* out0 is IRQ 0, out2 the speaker's. Both gates of counters 0 and 1 are high for good. Uses EVENT_PIT_0 to _2. */
void i8254_init(struct i8254 *pit, struct clock *clock, struct bus *bus, struct line out0, struct line out2);
void i8254_reset(struct i8254 *pit);
/* Whether what was loaded into its state goes together; struct part of machine.h. */
const char *i8254_loaded(void *device);

/* The gate input of a counter. */
struct line i8254_gate(struct i8254 *pit, unsigned counter);

#endif
