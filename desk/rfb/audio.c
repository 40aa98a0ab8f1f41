/* audio.c - the machine's sound for a viewer: QEMU's audio messages (rfbproto, pseudo-encoding -259).
 *
 * A viewer that can hear enables it, and may name a format: 8, 16 or 32 bits, one side or two, any rate; without, it is
 * 16 bits, two sides and 44,100 frames a second. Samples are little-endian, as QEMU sends them. What the machine makes,
 * 48,000 frames a second, is sent as it is at that rate, and at others by straight lines between frames. Half a second
 * of silence ends the stream; the next sound begins it again. */
#include "desk/rfb/viewer.h"

#include <string.h>

#define RATE 48000u
#define RATE_MOST 192000u
#define QUIET_FRAMES (RATE / 2) /* of silence, after which the stream ends */
#define WAITING_MOST (1u << 18) /* bytes that wait for a viewer, above which it misses sound */

enum { AUDIO_END, AUDIO_BEGIN, AUDIO_DATA };                 /* from us */
enum { AUDIO_ENABLE, AUDIO_DISABLE, AUDIO_SET_FORMAT };      /* from the viewer */
enum { FORMAT_SIGNED = 1, FORMAT_MOST = 5, SIDES_MOST = 2 }; /* formats: 8, 16, 32 bits, each unsigned and signed */

static void put_operation(struct rfb_viewer *v, uint8_t operation)
{
    const uint8_t header[4] = {255, 1, 0, operation};

    text_add(&v->output, header, sizeof header);
}

static void end_stream(struct rfb_viewer *v)
{
    if (v->audio.playing)
        put_operation(v, AUDIO_END);
    v->audio.playing = false;
}

void audio_begin(struct audio *audio)
{
    *audio = (struct audio){.format = 3, .sides = 2, .rate = 44100};
}

int audio_message(struct rfb_viewer *v, const uint8_t *at, size_t have)
{
    const unsigned operation = (unsigned)at[2] << 8 | at[3];
    struct audio *a = &v->audio;
    uint32_t rate;

    if (operation == AUDIO_ENABLE || operation == AUDIO_DISABLE) {
        a->enabled = operation == AUDIO_ENABLE;
        end_stream(v);
        return 4;
    }
    if (operation != AUDIO_SET_FORMAT)
        return -1;
    if (have < 10)
        return 0;
    rate = (uint32_t)at[6] << 24 | (uint32_t)at[7] << 16 | (uint32_t)at[8] << 8 | at[9];
    if (at[4] > FORMAT_MOST || !at[5] || at[5] > SIDES_MOST || !rate || rate > RATE_MOST)
        return -1;
    end_stream(v);
    a->format = at[4];
    a->sides = at[5];
    a->rate = rate;
    return 10;
}

/* Adds a sample in the viewer's format. */
static void put_sample(const struct audio *a, int32_t sample, struct text *to)
{
    const unsigned size = 1u << a->format / 2;
    const uint32_t value = ((uint32_t)sample ^ (a->format & FORMAT_SIGNED ? 0 : 0x8000u)) << 16;
    uint8_t bytes[4];

    for (unsigned i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> (32 - 8 * (size - i)));
    text_add(to, bytes, size);
}

/* A place between the last frame and this one, `at` of a->rate of the way. */
static void put_between(const struct audio *a, const int16_t now[2], uint32_t at, struct text *to)
{
    int32_t side[2];

    for (unsigned i = 0; i < 2; i++)
        side[i] = a->last[i] + (int32_t)(((int64_t)now[i] - a->last[i]) * at / a->rate);
    if (a->sides == 1) {
        put_sample(a, (side[0] + side[1]) / 2, to);
        return;
    }
    put_sample(a, side[0], to);
    put_sample(a, side[1], to);
}

/* The viewer's frames lie RATE apart where ours lie a->rate apart. */
static void put_frames(struct audio *a, const int16_t *frames, size_t count, struct text *to)
{
    for (size_t i = 0; i < count; i++) {
        for (; a->next <= a->rate; a->next += RATE)
            put_between(a, frames + 2 * i, a->next, to);
        a->next -= a->rate;
        memcpy(a->last, frames + 2 * i, sizeof a->last);
    }
}

void rfb_heard(struct rfb_viewer *v, const int16_t *frames, size_t count)
{
    struct audio *a = &v->audio;
    struct text data = {.bytes = NULL};
    bool loud = false;

    if (!rfb_hears(v))
        return;
    for (size_t i = 0; i < 2 * count && !loud; i++)
        loud = frames[i] != 0;
    a->quiet = loud ? 0 : a->quiet + (uint32_t)count;
    if (!a->playing && !loud)
        return;
    if (!a->playing) {
        put_operation(v, AUDIO_BEGIN);
        a->playing = true;
        a->next = a->rate; /* the first is this one */
    }
    if (v->output.length - v->sent < WAITING_MOST) {
        put_frames(a, frames, count, &data);
        put_operation(v, AUDIO_DATA);
        for (unsigned i = 4; i-- > 0;)
            text_add(&v->output, &(uint8_t){(uint8_t)(data.length >> 8 * i)}, 1);
        text_add(&v->output, data.bytes, data.failed ? 0 : data.length);
        v->output.failed = v->output.failed || data.failed;
        text_free(&data);
    }
    if (a->quiet >= QUIET_FRAMES)
        end_stream(v);
}

bool rfb_hears(const struct rfb_viewer *v)
{
    return v->audio.enabled && rfb_watches(v);
}
