/* wave.h - a recording: what emu/ reads of one, and the WAV files that it comes from. */
#ifndef MUNIMENT_WAVE_H
#define MUNIMENT_WAVE_H

#include <stdbool.h>
#include <stdint.h>

struct error; /* formats/error.h */

#define WAVE_RATE_LEAST 4000u
#define WAVE_RATE_MOST 192000u

struct wave {
    void *context;
    uint32_t rate;   /* Hz, from WAVE_RATE_LEAST to WAVE_RATE_MOST */
    uint64_t frames; /* at least 1, at most 2^40 */
    /* Reads `count` frames from frame `first` on, the first one being 0, left and right: of one channel, both are the
     * same. They must be there. False: the host failed, and failure says why. */
    bool (*read)(void *context, uint64_t first, uint32_t count, int16_t (*frames)[2]);
    const struct error *(*failure)(void *context);
    void (*close)(void *context);
};

/* Opens a WAV file (RIFF WAVE, Multimedia Programming Interface and Data Specifications 1.0): PCM of 8, 16 or 24 bits,
 * of which the upper 16 count, one or two channels. The path is the caller's. The caller calls close. */
bool wave_open(const char *path, struct wave *wave, struct error *error);
/* Whether a file begins as a WAV file does. */
bool wave_is(const char *path);

#endif
