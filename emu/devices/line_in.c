/* line_in.c - see line_in.h (spec/sound.md, Line input). */
#include "emu/devices/line_in.h"

#include <string.h>

#include "emu/sound.h"

#define ONE INT64_C(0x10000) /* of positions, in frames */

/* clang-format off */
const struct state_field line_in_state[] = {
    STATE(struct line_in, since, TICK, "when the recording began; never: none is connected"),
    STATE(struct line_in, frames, U64, "frames of the recording"),
    STATE(struct line_in, rate, U32, "its rate, Hz"),
    STATE_END
};
/* clang-format on */

static void forget(struct line_in *l)
{
    l->kept[0] = l->kept[1] = NEVER;
}

void line_in_init(struct line_in *l, const struct clock *clock, struct line failure)
{
    memset(l, 0, sizeof *l);
    l->clock = clock;
    l->failure = failure;
    line_in_connect(l, NULL);
}

void line_in_connect(struct line_in *l, const struct wave *wave)
{
    l->wave = wave;
    l->since = wave ? clock_now(l->clock) : NEVER;
    l->frames = wave ? wave->frames : 0;
    l->rate = wave ? wave->rate : 0;
    forget(l);
}

const char *line_in_loaded(void *device)
{
    struct line_in *l = device;

    if (l->frames != (l->wave ? l->wave->frames : 0))
        return "frames";
    if (l->rate != (l->wave ? l->wave->rate : 0))
        return "rate";
    if (l->wave ? l->since > clock_now(l->clock) : l->since != NEVER)
        return "since";
    return NULL;
}

/* Frame n of the recording, from 1 on; silence before and after. */
static const int16_t *frame_at(struct line_in *l, int64_t n)
{
    static const int16_t silence[2];
    uint64_t index = (uint64_t)n - 1, number = index / LINE_IN_BLOCK, left = l->frames - number * LINE_IN_BLOCK;
    unsigned place = number & 1;

    if (n < 1 || index >= l->frames)
        return silence;
    if (l->kept[place] != number) {
        l->kept[place] = number;
        if (!l->wave->read(l->wave->context, number * LINE_IN_BLOCK,
                           (uint32_t)(left < LINE_IN_BLOCK ? left : LINE_IN_BLOCK), l->block[place])) {
            forget(l);
            line_set(&l->failure, true);
            return silence;
        }
    }
    return l->block[place][index % LINE_IN_BLOCK];
}

/* How far a recording of `rate` plays in `count` of `per_second`: 65,536ths of a frame, rounded down. */
static uint64_t played(uint64_t count, uint64_t per_second, uint32_t rate)
{
    uint64_t rest = count % per_second * rate;

    return (count / per_second * rate + rest / per_second) * (uint64_t)ONE +
           rest % per_second * (uint64_t)ONE / per_second;
}

static int16_t clamped(int64_t value)
{
    return (int16_t)(value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : value);
}

/* The recording at a position between frames, without what is above half of the lower rate. */
static void filter(struct line_in *l, int64_t position, uint32_t rate, int16_t sample[2])
{
    int64_t scale = rate < l->rate ? rate * ONE / l->rate : ONE, reach = SOUND_CROSSINGS * ONE * ONE / scale;
    int64_t first = (position - reach) / ONE, last = (position + reach) / ONE, sum[2] = {0, 0};

    for (int64_t n = first < 1 ? 1 : first; n <= last && n <= (int64_t)l->frames; n++) {
        int64_t behind = position - n * ONE, at = (behind < 0 ? -behind : behind) * scale / ONE;
        const int16_t *frame = frame_at(l, n);
        for (unsigned side = 0; at < SOUND_CROSSINGS * ONE && side < 2; side++)
            sum[side] += sound_weight((uint32_t)at) * (int64_t)frame[side];
    }
    for (unsigned side = 0; side < 2; side++)
        sample[side] = clamped(sum[side] * scale / (1 << 15) / ONE);
}

void line_in_read(struct line_in *l, uint64_t origin, uint32_t rate, uint64_t first, uint32_t count,
                  int16_t (*samples)[2])
{
    uint64_t second = UINT64_C(1000000) * l->clock->ticks_per_microsecond;
    bool later = origin >= l->since;
    uint64_t between = l->wave ? played(later ? origin - l->since : l->since - origin, second, l->rate) : 0;
    int64_t end = ((int64_t)l->frames + 2 * (int64_t)LINE_IN_BLOCK) * ONE; /* nothing reaches so far */

    memset(samples, 0, count * sizeof *samples);
    for (uint32_t i = 0; l->wave && i < count; i++) {
        uint64_t passed = played(first + i, rate, l->rate);
        int64_t position = (int64_t)(later ? passed + between : passed - between);
        if (position < 0 || position > end)
            continue;
        if (rate == l->rate)
            memcpy(samples[i], frame_at(l, position / ONE), sizeof samples[i]);
        else
            filter(l, position, rate, samples[i]);
    }
}
