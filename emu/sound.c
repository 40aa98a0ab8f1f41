/* sound.c - frames of 48 kHz from streams of other rates (sound.h, spec/sound.md). */
#include "emu/sound.h"

#include <string.h>

#include "emu/endian.h"
#include "emu/sound_filter.h"

#define BLOCK 256u /* frames made at a time */
#define CROSSINGS (uint32_t) SOUND_CROSSINGS
#define ONE 0x10000u    /* of positions, in samples and in zero crossings */
#define STEP (ONE / 64) /* from one value of the filter to the next */

/* clang-format off */
const struct state_field sound_stream_state[] = {
    STATE_BYTE_ARRAY(struct sound_stream, kept, "samples made last: sample n, from 1 on, in place (n - 1) % 128, left and right, 16 bits each"),
    STATE_END
};
/* clang-format on */

/* Frame n, from 1 on, stands at 125 M n / 6 ticks: so many are there at a tick. */
static uint64_t frames_until(const struct clock *c, uint64_t tick)
{
    uint64_t six_frames = UINT64_C(125) * c->ticks_per_microsecond;

    return tick / six_frames * 6 + tick % six_frames * 6 / six_frames;
}

static uint64_t samples_until(const struct sound *s, const struct sound_stream *stream, uint64_t tick)
{
    return tick > stream->origin ? clock_cycles(s->clock, tick - stream->origin, stream->rate) : 0;
}

/* Where a frame stands among the samples of a stream, whose origin is before it: samples, and 65,536ths of one. */
static uint64_t position(const struct sound *s, const struct sound_stream *stream, uint64_t frame, uint32_t *fraction)
{
    uint64_t second = UINT64_C(1000000) * s->clock->ticks_per_microsecond, second6 = 6 * second;
    uint64_t seconds = frame / SOUND_RATE - stream->origin / second;
    uint64_t frame6 = frame % SOUND_RATE * 125 * s->clock->ticks_per_microsecond;
    uint64_t origin6 = stream->origin % second * 6;
    uint64_t rest;

    if (frame6 < origin6) {
        seconds--;
        frame6 += second6;
    }
    rest = (frame6 - origin6) * stream->rate;
    *fraction = (uint32_t)(rest % second6 * ONE / second6);
    return seconds * stream->rate + rest / second6;
}

void sound_push(struct sound_stream *stream, int16_t left, int16_t right)
{
    uint8_t *at = stream->kept + stream->made++ % SOUND_KEPT * 4;

    store16(at, (uint16_t)left);
    store16(at + 2, (uint16_t)right);
    stream->zeros = left || right ? 0 : stream->zeros < SOUND_KEPT ? stream->zeros + 1 : SOUND_KEPT;
}

void sound_skip(struct sound_stream *stream, uint64_t count)
{
    for (; count && stream->zeros < SOUND_KEPT; count--)
        sound_push(stream, 0, 0);
    stream->made += count;
}

static void make_until(const struct sound_source *source, uint64_t samples)
{
    if (samples > source->stream->made)
        source->make(source->device, samples - source->stream->made);
}

static bool is_silent(const struct sound_source *source)
{
    return source->stream->zeros == SOUND_KEPT && source->silent(source->device);
}

int32_t sound_weight(uint32_t at)
{
    uint32_t i = at / STEP, rest = at % STEP;

    return sound_filter[i] + (sound_filter[i + (rest > 0)] - sound_filter[i]) * (int32_t)rest / (int32_t)STEP;
}

/* Adds what a stream contributes to a frame that stands `fraction` after the last sample that was made. */
static void add_frame(const struct sound_source *source, uint32_t fraction, int64_t sum[2])
{
    const struct sound_stream *stream = source->stream;
    uint64_t scale = stream->rate > SOUND_RATE ? (uint64_t)SOUND_RATE * ONE / stream->rate : ONE;
    uint64_t sample = stream->made - 1; /* places are taken modulo SOUND_KEPT: before the first, all are zero */
    int64_t left = 0, right = 0;

    for (uint64_t behind = fraction; sample != stream->made - 1 - SOUND_KEPT; behind += ONE, sample--) {
        uint32_t at = (uint32_t)(behind * scale / ONE);
        const uint8_t *kept = stream->kept + sample % SOUND_KEPT * 4;
        if (at >= 2 * CROSSINGS * ONE)
            break;
        int32_t w = sound_weight(at < CROSSINGS * ONE ? CROSSINGS * ONE - at : at - CROSSINGS * ONE);
        left += w * (int16_t)load16(kept);
        right += w * (int16_t)load16(kept + 2);
    }
    /* In whole steps towards zero, so that a stream and its negative sound alike. */
    sum[0] += left * (int64_t)scale / (1 << 15) / ONE * source->gain[0] / ONE;
    sum[1] += right * (int64_t)scale / (1 << 15) / ONE * source->gain[1] / ONE;
}

static int16_t clamped(int64_t value)
{
    return (int16_t)(value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : value);
}

static void make_block(struct sound *s, uint32_t count)
{
    int64_t sum[BLOCK][2] = {{0}};
    int16_t frames[BLOCK][2];

    for (unsigned i = 0; i < s->sources; i++) {
        const struct sound_source *source = &s->source[i];
        if (is_silent(source))
            continue;
        for (uint32_t n = 0; n < count; n++) {
            uint32_t fraction;
            make_until(source, position(s, source->stream, s->frames + n + 1, &fraction));
            add_frame(source, fraction, sum[n]);
        }
    }
    for (uint32_t n = 0; n < count; n++)
        for (unsigned side = 0; side < 2; side++)
            frames[n][side] = clamped(sum[n][side]);
    s->frames += count;
    if (s->out)
        s->out(s->context, frames[0], count);
}

void sound_update(struct sound *s)
{
    if (!s->sources)
        return;
    uint64_t now = clock_now(s->clock), end = frames_until(s->clock, now);

    while (s->frames < end) {
        bool silent = true;
        for (unsigned i = 0; i < s->sources; i++)
            silent &= is_silent(&s->source[i]);
        if (!silent) {
            make_block(s, (uint32_t)(end - s->frames < BLOCK ? end - s->frames : BLOCK));
            continue;
        }
        if (s->out)
            s->out(s->context, NULL, (size_t)(end - s->frames));
        s->frames = end;
    }
    for (unsigned i = 0; i < s->sources; i++)
        make_until(&s->source[i], samples_until(s, s->source[i].stream, now));
}

void sound_restart(struct sound *s, struct sound_stream *stream, uint64_t origin, uint32_t rate)
{
    static const uint8_t zero[4];

    stream->origin = origin;
    stream->rate = rate;
    stream->made = samples_until(s, stream, clock_now(s->clock));
    stream->zeros = 0;
    while (stream->zeros < SOUND_KEPT &&
           !memcmp(stream->kept + (stream->made - 1 - stream->zeros) % SOUND_KEPT * 4, zero, sizeof zero))
        stream->zeros++;
}

void sound_loaded(struct sound *s)
{
    s->frames = frames_until(s->clock, clock_now(s->clock));
}

struct sound_source *sound_add(struct sound *s, const struct sound_source *source, uint64_t origin, uint32_t rate)
{
    s->source[s->sources] = *source;
    memset(source->stream, 0, sizeof *source->stream);
    sound_restart(s, source->stream, origin, rate);
    return &s->source[s->sources++];
}

void sound_init(struct sound *s, const struct clock *clock,
                void (*out)(void *context, const int16_t *frames, size_t count), void *context)
{
    *s = (struct sound){.clock = clock, .out = out, .context = context};
}
