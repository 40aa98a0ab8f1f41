/* serial_mouse.h - Microsoft's serial mouse, at the end of a serial cable. */
#ifndef MUNIMENT_EMU_DEVICES_SERIAL_MOUSE_H
#define MUNIMENT_EMU_DEVICES_SERIAL_MOUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/clock.h"
#include "emu/devices/ps2_queue.h"
#include "emu/line.h"

enum serial_mouse_wire { SERIAL_MOUSE_DTR, SERIAL_MOUSE_RTS };

struct serial_mouse {
    struct ps2_queue packet;   /* a report on its way, or the identification */
    uint8_t wires;             /* that are on: enum serial_mouse_wire, one bit each. With both the mouse has power */
    uint8_t buttons, reported; /* that are down, and as last reported: bit 0 left, 1 right */
    int64_t dx, dy;            /* not yet reported; down is positive */
    uint64_t due_at;           /* the next byte begins */
    /* wiring */
    struct clock *clock;
    void (*out)(void *context, uint8_t byte);
    void *context;
};

extern const struct state_field serial_mouse_state[];

/* out is given each byte when it begins to leave, seven data bits below a stop bit, at 1,200 baud. Uses
 * EVENT_SERIAL_MOUSE. */
void serial_mouse_init(struct serial_mouse *m, struct clock *clock, void (*out)(void *context, uint8_t byte),
                       void *context);

/* The end of a wire of the cable, enum serial_mouse_wire. */
struct line serial_mouse_wire(struct serial_mouse *m, enum serial_mouse_wire wire);

/* As machine_pointer; there is no wheel and no middle button. */
bool serial_mouse_move(struct serial_mouse *m, int dx, int dy, unsigned buttons);

#endif
