/* backdoor.h - VMware's backdoor: a port by which a driver in the guest asks where the pointer is, and by which text
 * comes from and goes to the clipboard outside. */
#ifndef MUNIMENT_EMU_DEVICES_BACKDOOR_H
#define MUNIMENT_EMU_DEVICES_BACKDOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emu/bus.h"
#include "emu/line.h"
#include "emu/state.h"

#define BACKDOOR_PORT 0x5658u
#define BACKDOOR_REPORT 4u  /* words: buttons, X, Y, wheel */
#define BACKDOOR_TEXT 4096u /* bytes of a text of the clipboard, at most */

struct backdoor_text {
    uint8_t bytes[BACKDOOR_TEXT];
    uint32_t length;
};

struct backdoor {
    uint32_t words[BACKDOOR_REPORT]; /* that the driver has not read yet: the identification, or a report */
    uint32_t count;                  /* of them */
    bool enabled;                    /* the driver has asked for the identification */
    bool absolute;                   /* and for positions */
    bool changed;                    /* since the last report was made */
    uint16_t x, y;                   /* of the width and height of the screen, in 65536ths */
    uint8_t buttons;
    int64_t wheel;              /* steps towards the user, not yet reported */
    struct backdoor_text paste; /* from outside, */
    uint32_t pasted;            /* and how much of it the guest has read */
    struct backdoor_text copy;  /* to the outside, as it comes in, */
    uint32_t copying;           /* of so many bytes */
    /* wiring */
    struct line report; /* pulsed when a report can be read */
    void (*copied)(void *context, const uint8_t *text, size_t length);
    void *context;
};

extern const struct state_field backdoor_state[];

/* copied (which may be null) is given each text that the guest copied. */
void backdoor_init(struct backdoor *b, struct bus *bus, struct line report,
                   void (*copied)(void *context, const uint8_t *text, size_t length), void *context);
void backdoor_reset(struct backdoor *b);
/* Whether what was loaded into its state goes together; struct part of machine.h. */
const char *backdoor_loaded(void *device);

/* As machine_pointer_at. */
bool backdoor_place(struct backdoor *b, uint16_t x, uint16_t y, int wheel, unsigned buttons);
/* As machine_pointer, where a driver has asked for positions. */
bool backdoor_move(struct backdoor *b, int dx, int dy, int wheel, unsigned buttons);
/* As machine_paste. */
bool backdoor_paste(struct backdoor *b, const uint8_t *text, size_t length, bool more);

#endif
