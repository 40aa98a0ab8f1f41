/* terminal.h - the text screen of a machine in a terminal, and the terminal's keys on its keyboard.
 *
 * The terminal is the one of standard input and output; it speaks UTF-8 and the sequences of ECMA-48 and xterm. While
 * it is in use it shows the alternate screen, with a line about the machine at the bottom. Ctrl-] leaves. */
#ifndef MUNIMENT_DESK_TERMINAL_H
#define MUNIMENT_DESK_TERMINAL_H

#include "desk/layouts.h"
#include "emu/emu.h"
#include "formats/error.h"

struct terminal;

/* key is called with codes of machine_key. The texts outlive it. Null: *error says why. Nothing shows before
 * terminal_begin. */
struct terminal *terminal_open(const char *name, const struct layout *layout,
                               void (*key)(void *context, uint8_t key, bool down), void *context, struct error *error);
void terminal_begin(struct terminal *t);
/* Gives the terminal back as it was. t may be null, here and below. */
void terminal_close(struct terminal *t);

/* The descriptor to wait for until there is something to read; -1: none, enough is waiting to be typed. */
int terminal_descriptor(const struct terminal *t);
/* Reads what there is. now: microseconds of a clock that only goes forward. */
void terminal_read(struct terminal *t, uint64_t now);
/* Presses the keys of the next character, if there is one. */
void terminal_type(struct terminal *t, uint64_t now);
/* Whether somebody asked for the end, or the terminal is gone. */
bool terminal_left(const struct terminal *t);

struct terminal_status {
    uint64_t seconds; /* of the machine's time */
    unsigned percent; /* of its speed that it runs at; 0: not known */
    bool slow;        /* it should run faster */
};

/* Brings the terminal up to what the machine shows now. */
void terminal_show(struct terminal *t, struct machine *machine, const struct terminal_status *status);

#endif
