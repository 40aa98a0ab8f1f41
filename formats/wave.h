/* wave.h - a recording: what emu/ reads of one, and the WAV files that it comes from. */
#ifndef MUNIMENT_WAVE_H
#define MUNIMENT_WAVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error; /* formats/error.h */

#define WAVE_RATE_LEAST 4000u
#define WAVE_RATE_MOST 192000u
#define WAVE_SIZE_MOST (UINT64_C(1) << 36)
#define WAVE_BLOCK 65536u /* bytes: what is read of a file at a time */

struct wave {
    void *context;
    uint32_t rate;   /* Hz, from WAVE_RATE_LEAST to WAVE_RATE_MOST */
    uint64_t frames; /* at least 1, at most WAVE_SIZE_MOST */
    /* Reads `count` frames from frame `first` on, the first one being 0, left and right: of one channel, both are the
     * same. They must be there. False: the host failed, and failure says why. */
    bool (*read)(void *context, uint64_t first, uint32_t count, int16_t (*frames)[2]);
    const struct error *(*failure)(void *context);
    void (*close)(void *context);
};

/* What sees a file as it is read. */
struct wave_watch {
    /* wave_open shows all blocks, in order; the last one may be shorter. Each block that is read again is shown again.
     * False, with *error about the file at path: it is not to be used. */
    bool (*block)(void *context, uint64_t number, const uint8_t *bytes, size_t length, const char *path,
                  struct error *error);
    void *context;
};

/* Opens a WAV file (RIFF WAVE, Multimedia Programming Interface and Data Specifications 1.0): PCM of 8, 16 or 24 bits,
 * of which the upper 16 count, one or two channels. watch may be null. The path is the caller's. The caller calls
 * close. */
bool wave_open(const char *path, const struct wave_watch *watch, struct wave *wave, struct error *error);
/* Whether a file begins as a WAV file does. */
bool wave_is(const char *path);

#endif
