/* ps2mouse.h - a mouse on a PS/2 wire: three buttons, and a wheel once software has knocked for it. */
#ifndef MUNIMENT_EMU_DEVICES_PS2MOUSE_H
#define MUNIMENT_EMU_DEVICES_PS2MOUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/clock.h"
#include "emu/devices/ps2_queue.h"
#include "emu/line.h"

struct ps2mouse {
    struct ps2_queue replies; /* to commands; they go first */
    struct ps2_queue packet;  /* a report on its way */
    uint8_t command;          /* that waits for its argument; 0: none */
    uint8_t id;               /* 0, or 3 with a wheel */
    uint8_t rate;             /* reports a second */
    uint8_t last_rates[2];    /* that were set before, the older first: for the knock */
    uint8_t resolution;       /* 0-3 */
    uint8_t last_sent;
    uint8_t buttons, reported; /* that are down, and as last reported: bit 0 left, 1 right, 2 middle */
    bool doubled;              /* scaling 2:1 */
    bool enabled;              /* reports are sent in stream mode */
    bool remote, wrap;
    int64_t dx, dy, wheel; /* not yet reported; up is positive */
    uint64_t report_due_at;
    /* wiring */
    struct clock *clock;
    struct line ready;
};

extern const struct state_field ps2mouse_state[];

/* The ready line is pulsed when there is something to be taken. Uses EVENT_MOUSE. */
void ps2mouse_init(struct ps2mouse *m, struct clock *clock, struct line ready);
void ps2mouse_reset(struct ps2mouse *m);

/* A command byte or argument from the wire. */
void ps2mouse_write(struct ps2mouse *m, uint8_t value);
bool ps2mouse_has_byte(const struct ps2mouse *m);
/* Takes the next byte off the wire; there must be one. */
uint8_t ps2mouse_read(struct ps2mouse *m);

/* As machine_pointer. */
bool ps2mouse_move(struct ps2mouse *m, int dx, int dy, int wheel, unsigned buttons);
/* In stream mode a report follows though nothing changed. */
void ps2mouse_nudge(struct ps2mouse *m);

#endif
