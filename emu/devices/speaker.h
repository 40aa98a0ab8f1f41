/* speaker.h - the loudspeaker of the system board, as a source of sound. */
#ifndef MUNIMENT_EMU_DEVICES_SPEAKER_H
#define MUNIMENT_EMU_DEVICES_SPEAKER_H

#include "emu/line.h"
#include "emu/sound.h"

struct speaker {
    bool level;
    uint64_t changed_at; /* tick */
    uint32_t high;       /* ticks within the sample under way, and before changed_at, for which the level was high */
    int64_t average;     /* of the level, which does not sound, in 4096ths of a sample's unit */
    struct sound_stream stream;
    /* wiring */
    struct sound *sound;
};

extern const struct state_field speaker_state[];

void speaker_init(struct speaker *s, struct sound *sound);
/* Whether what was loaded into its state goes together; struct part of machine.h. */
const char *speaker_loaded(void *device);

/* Where its level comes from. */
struct line speaker_line(struct speaker *s);

#endif
