/* look.h - looking at the picture as a person does: whether something stands in it, and whether it still moves. */
#ifndef MUNIMENT_DESK_LOOK_H
#define MUNIMENT_DESK_LOOK_H

#include "desk/png.h"
#include "emu/emu.h"

/* A part of the picture, in dots from its upper left corner; no width: all of it. */
struct look_region {
    unsigned x, y, width, height;
};

/* What is looked for. */
struct look_for {
    struct picture *picture;     /* what is transparent in it (alpha below 128) may be anything */
    unsigned anchor_x, anchor_y; /* its dot of the rarest colour, which is looked for first */
    struct look_region region;
    uint8_t tolerance; /* by which red, green and blue may each differ */
};

/* Finds the rarest colour of a picture. False when memory is short. */
bool look_prepare(const struct picture *picture, unsigned *anchor_x, unsigned *anchor_y);

/* What was seen before. */
struct look_memory {
    uint32_t *pixels; /* owned */
    size_t room;
    unsigned width, height;
    struct text_screen text;
    uint64_t number;   /* of the frame that was seen */
    bool seen, failed; /* there was one; memory was short */
};

/* Whether it is in the picture that the display shows now; *x and *y are the middle of the first place, in reading
 * order. memory: null, or what was seen when the same was looked for before and not found; then only what has changed
 * since is searched. */
bool look_find(const struct look_for *wanted, struct machine *machine, struct look_memory *memory, unsigned *x,
               unsigned *y);

/* Whether the picture is another than before, which it becomes. A text screen, if no region is named, is compared by
 * its characters and their attributes: a cursor that blinks does not count. */
bool look_changed(struct look_memory *memory, struct machine *machine, const struct look_region *region);
void look_forget(struct look_memory *memory);

#endif
