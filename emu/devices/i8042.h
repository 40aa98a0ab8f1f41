/* i8042.h - the keyboard controller at 60h/64h, the keyboard on its wire and the mouse on that of the auxiliary
 * port. */
#ifndef MUNIMENT_EMU_DEVICES_I8042_H
#define MUNIMENT_EMU_DEVICES_I8042_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/bus.h"
#include "emu/clock.h"
#include "emu/devices/ps2mouse.h"
#include "emu/line.h"
#include "emu/state.h"

enum { KEYBOARD_SET3_CODES = 0x90 };

struct keyboard {
    struct ps2_queue codes;   /* scan codes that were typed */
    struct ps2_queue replies; /* to commands; they go first */
    uint8_t command;          /* that waits for its argument; 0: none */
    uint8_t set;              /* of scan codes, 1 to 3 */
    uint8_t leds;             /* bits 0-2: scroll, num, caps lock */
    uint8_t rate;             /* typematic: bits 6-5 delay, 4-0 rate */
    uint8_t last_sent;
    uint8_t modifiers; /* that are down: bits 0-1 Alt, 2-3 Ctrl, 4-5 Shift */
    uint8_t repeating; /* the key that is held; 0: none */
    bool scanning;
    uint8_t types[KEYBOARD_SET3_CODES]; /* set 3, by the key's code: bit 0 repeats, bit 1 reports its release */
    uint64_t repeat_due_at;
};

struct i8042 {
    struct keyboard keyboard;
    struct ps2_queue replies; /* of the controller itself; they go before the keyboard's bytes */
    struct ps2_queue aux;     /* as if from the auxiliary port: command D3h */
    struct ps2mouse mouse;
    uint8_t ram[32]; /* byte 0 is the command byte */
    uint8_t command; /* that waits for its byte at port 60h; 0: none */
    uint8_t output;  /* output buffer */
    uint8_t status;
    bool a20;          /* output port, bit 1 */
    bool break_prefix; /* translation has swallowed an F0h */
    uint64_t due_at;   /* the next byte reaches the output buffer */
    /* wiring */
    struct clock *clock;
    struct line irq1, irq12, a20_line, reset_line;
    bool no_mouse; /* nothing is plugged into the auxiliary port; there is a mouse when it was made */
};

extern const struct state_field i8042_state[];

/* The reset line is pulsed. Uses EVENT_KEYBOARD and EVENT_TYPEMATIC, and EVENT_MOUSE for the mouse. */
void i8042_init(struct i8042 *k, struct clock *clock, struct bus *bus, struct line irq1, struct line irq12,
                struct line a20, struct line reset);
void i8042_reset(struct i8042 *k);
/* Whether what was loaded into its state goes together; struct part of machine.h. */
const char *i8042_loaded(void *device);

/* A key goes down or up; key as for machine_key. False: the keyboard's buffer is full, nothing has happened. */
bool i8042_key(struct i8042 *k, uint8_t key, bool down);

#endif
