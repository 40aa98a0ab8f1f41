/* typist.h - key symbols of X11, as viewers send them, typed on the guest's keyboard. */
#ifndef MUNIMENT_DESK_RFB_TYPIST_H
#define MUNIMENT_DESK_RFB_TYPIST_H

#include <stdbool.h>
#include <stdint.h>

#include "desk/layouts.h"

#define TYPIST_SYMBOLS 32u /* that can be down at once */

struct typist {
    const struct layout *layout;
    void (*key)(void *context, uint8_t key, bool down);
    void *context;
    bool down[256]; /* keys, by their codes */
    unsigned lost;  /* symbols that no keys type; the caller's to forget */
    struct typist_symbol {
        uint32_t symbol; /* 0: none */
        uint8_t key;
    } symbols[TYPIST_SYMBOLS];
};

/* A key goes down, again perhaps, or up; 0 and one that is up already are ignored. */
void typist_key(struct typist *t, uint8_t key, bool down);
/* A symbol does. What no keys type is counted. caps_lock: the guest's is on. */
void typist_symbol(struct typist *t, uint32_t symbol, bool down, bool caps_lock);
/* Lets all keys go. */
void typist_rest(struct typist *t);

#endif
