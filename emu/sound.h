/* sound.h - the machine's sound as a function of its ticks (spec/sound.md).
 *
 * A source makes samples of 16 bits at its own rate. Its stream keeps the last of them, and one filter makes frames of
 * 48 kHz from the streams; their sum goes to the host. Frame n, from 1 on, stands at n / 48,000 s after power-on, and
 * depends on nothing that happens after that. Nothing here is an event: frames and samples are made when the machine's
 * slice ends, and before anything changes what a source plays. */
#ifndef MUNIMENT_EMU_SOUND_H
#define MUNIMENT_EMU_SOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emu/clock.h"
#include "emu/state.h"

#define SOUND_RATE 48000u /* frames a second */
#define SOUND_KEPT 128u   /* samples that a stream keeps: the filter reaches no further back, at up to 192,000 Hz */
#define SOUND_SOURCES 4u
#define SOUND_UNITY 0x10000u /* gain 1 */
#define SOUND_CROSSINGS 16   /* zero crossings of the filter to each side of its middle */

/* The samples of one source, stereo. */
struct sound_stream {
    uint8_t kept[SOUND_KEPT * 4]; /* sample n, from 1 on, in place (n - 1) % SOUND_KEPT: left and right, 16 bits
                                     each, little-endian */
    /* derived */
    uint64_t origin; /* tick: sample n stands n / rate s after it */
    uint32_t rate;   /* Hz, up to 192,000 */
    uint64_t made;   /* samples so far: those that stand at the present tick or before, when all is up to date */
    uint32_t zeros;  /* how many of the last are zero, up to SOUND_KEPT */
};

extern const struct state_field sound_stream_state[];

struct sound_source {
    struct sound_stream *stream;
    uint32_t gain[2]; /* left, right: at most SOUND_UNITY times 16 */
    /* Makes so many more samples, by sound_push or sound_skip. */
    void (*make)(void *device, uint64_t count);
    /* Whether every sample is zero from now on, until the guest or an event does something. */
    bool (*silent)(const void *device);
    void *device;
};

/* All of it follows from the streams and the clock. */
struct sound {
    const struct clock *clock;
    struct sound_source source[SOUND_SOURCES];
    unsigned sources;
    uint64_t frames; /* so far */
    /* Takes frames: left and right, one after the other; null frames are silence. */
    void (*out)(void *context, const int16_t *frames, size_t count);
    void *context;
};

void sound_init(struct sound *s, const struct clock *clock,
                void (*out)(void *context, const int16_t *frames, size_t count), void *context);
/* Adds a source, whose stream begins at `origin`. The result is valid as long as s: its gain may be changed after
 * sound_update. */
struct sound_source *sound_add(struct sound *s, const struct sound_source *source, uint64_t origin, uint32_t rate);

/* Makes what stands at the present tick or before and has not been made: to be called before a source changes. */
void sound_update(struct sound *s);

/* A stream begins again, with another rate. What it has kept stays, as if it were of that rate. */
void sound_restart(struct sound *s, struct sound_stream *stream, uint64_t origin, uint32_t rate);
/* After the state and the clock were loaded: the frames of the past are not made again. Then a device restarts its
 * stream. */
void sound_loaded(struct sound *s);

/* The filter's value `at` 65,536ths of a zero crossing from its middle, less than SOUND_CROSSINGS of them: w(u) of
 * spec/sound.md, times 32,768. */
int32_t sound_weight(uint32_t at);

/* The next sample of a stream. */
void sound_push(struct sound_stream *stream, int16_t left, int16_t right);
/* `count` samples that are zero. */
void sound_skip(struct sound_stream *stream, uint64_t count);

#endif
