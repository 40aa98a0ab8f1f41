/* sound.h - what a machine plays: written to a WAV file, and listened to for scripts (spec/sound.md). */
#ifndef MUNIMENT_DESK_SOUND_H
#define MUNIMENT_DESK_SOUND_H

#include <stdint.h>

#include "formats/output.h"

#define SOUND_AUDIBLE 32   /* of 32,768: what is below counts as silence */
#define SOUND_PAUSE 24000u /* frames that end a sound: half a second */

struct sound_ear {
    struct output file; /* WAV; not open: nothing is written */
    uint64_t frames;    /* so far */
    uint64_t audible;   /* frames up to and with the last audible one; 0: none was */
    uint64_t answered;  /* frames up to where a condition has listened */
    uint64_t from;      /* frames up to where nothing counts */
    bool failed;        /* the file took no more */
};

/* Opens the WAV file; "-" is standard output. */
bool sound_open(struct sound_ear *ear, const char *path, bool replace, struct error *error);
/* Takes frames, as machine_host.sound gives them. */
void sound_hear(struct sound_ear *ear, const int16_t *frames, size_t count);
/* Ends the file: its header says how long it is, where it can be written to again. */
bool sound_commit(struct sound_ear *ear, struct error *error);

#endif
