/* inputs.h - what people have done and the machine has not taken yet. */
#ifndef MUNIMENT_DESK_INPUTS_H
#define MUNIMENT_DESK_INPUTS_H

#include "desk/keys.h"
#include "desk/rfb/rfb.h"
#include "verify/runs/runs.h"

#define INPUTS_MOST 256u /* that wait; a power of two */

/* Zeros: none. */
struct inputs {
    struct key_event keys[INPUTS_MOST];
    struct rfb_pointer pointers[INPUTS_MOST];
    uint32_t keys_in, keys_out, pointers_in, pointers_out; /* counts, modulo INPUTS_MOST places */
    bool down[256];                                        /* keys, as they will be */
    unsigned buttons;                                      /* as they will be */
};

/* A key that finds no room is forgotten, and so is its release; so is a movement of the pointer. */
void inputs_key(struct inputs *i, uint8_t key, bool down);
void inputs_pointer(struct inputs *i, const struct rfb_pointer *pointer);
/* Gives the machine what it takes. positions: as struct machine_indicators. Returns whether it took anything. */
bool inputs_give(struct inputs *i, struct recorder *recorder, bool positions);

#endif
