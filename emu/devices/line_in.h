/* line_in.h - the line input of the sound card: a recording that plays from the tick at which it was connected. */
#ifndef MUNIMENT_EMU_DEVICES_LINE_IN_H
#define MUNIMENT_EMU_DEVICES_LINE_IN_H

#include "emu/clock.h"
#include "emu/line.h"
#include "emu/state.h"
#include "formats/wave.h"

#define LINE_IN_BLOCK 1024u /* frames that are read at a time */

struct line_in {
    uint64_t since;  /* tick; NEVER: nothing is connected */
    uint64_t frames; /* of the recording */
    uint32_t rate;   /* Hz */
    /* wiring */
    const struct wave *wave; /* null: none */
    const struct clock *clock;
    struct line failure; /* raised when the host could not read */
    /* derived: the block n of the recording is kept in place n % 2 */
    uint64_t kept[2]; /* its number; NEVER: none */
    int16_t block[2][LINE_IN_BLOCK][2];
};

extern const struct state_field line_in_state[];

void line_in_init(struct line_in *l, const struct clock *clock, struct line failure);
/* Connects a recording, which begins now and must outlive its connection; null: none. */
void line_in_connect(struct line_in *l, const struct wave *wave);
/* What is at the input at the times of samples `first` and after, sample k standing k / rate seconds after the tick
 * `origin` (spec/sound.md, Line input): left and right. */
void line_in_read(struct line_in *l, uint64_t origin, uint32_t rate, uint64_t first, uint32_t count,
                  int16_t (*samples)[2]);
/* struct part of machine.h */
const char *line_in_loaded(void *device);

#endif
