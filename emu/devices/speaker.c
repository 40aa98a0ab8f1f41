/* speaker.c - the loudspeaker of the system board (IBM PC AT Technical Reference, "Speaker"): one bit, which is OUT of
 * timer 2 while bit 1 of port 61h lets it through.
 *
 * A sample is the share of its time for which the bit was high, so that programs that play by the widths of pulses are
 * heard as they meant it. What stands still does not sound: the average is taken away as a capacitor would. */
#include "emu/devices/speaker.h"

#include <string.h>

#define RATE 192000u
#define LOUDNESS 16384 /* from low to high */
#define AVERAGED 4096  /* samples: the time constant of the average */

/* clang-format off */
const struct state_field speaker_state[] = {
    STATE(struct speaker, level, BOOL, "the cone is pulled"),
    STATE(struct speaker, changed_at, TICK, "since when"),
    STATE(struct speaker, high, U32, "ticks before that, within the sample under way, for which it was pulled"),
    STATE_UP_TO(struct speaker, average, I64, LOUDNESS * AVERAGED, "average of the level, in 4096ths of a sample's unit"),
    STATE_TABLE(struct speaker, stream, struct sound_stream, sound_stream_state, "samples of 192,000 Hz"),
    STATE_END
};
/* clang-format on */

/* The tick at which sample n stands. */
static uint64_t tick_of(const struct speaker *s, uint64_t n)
{
    return clock_ticks_for_cycles(s->sound->clock, n, RATE);
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static int32_t resting(const struct speaker *s)
{
    return s->level ? LOUDNESS : 0;
}

/* Between the samples that are made the level does not change: that brings them up to date first. */
static void make(void *device, uint64_t count)
{
    struct speaker *s = device;
    uint64_t begins = tick_of(s, s->stream.made);

    for (; count; count--) {
        uint64_t ends = tick_of(s, s->stream.made + 1), from = later(begins, s->changed_at);
        uint64_t high = s->high + (s->level ? ends - from : 0);
        int32_t loudness = ends > begins ? (int32_t)(LOUDNESS * high / (ends - begins)) : resting(s);
        int32_t sample = loudness - (int32_t)(s->average / AVERAGED);

        s->high = 0;
        s->average += sample;
        begins = ends;
        if (!sample && s->stream.zeros == SOUND_KEPT && s->changed_at <= begins &&
            s->average / AVERAGED == resting(s)) {
            sound_skip(&s->stream, count);
            return;
        }
        sound_push(&s->stream, (int16_t)sample, (int16_t)sample);
    }
}

static bool silent(const void *device)
{
    const struct speaker *s = device;

    return s->average / AVERAGED == resting(s) && s->changed_at <= tick_of(s, s->stream.made);
}

static void level_set(void *listener, unsigned number, bool level)
{
    struct speaker *s = listener;
    uint64_t now;

    (void)number;
    if (level == s->level)
        return;
    sound_update(s->sound);
    now = clock_now(s->sound->clock);
    if (s->level)
        s->high += (uint32_t)(now - later(s->changed_at, tick_of(s, s->stream.made)));
    s->level = level;
    s->changed_at = now;
}

struct line speaker_line(struct speaker *s)
{
    return (struct line){level_set, s, 0};
}

const char *speaker_loaded(void *device)
{
    struct speaker *s = device;
    uint64_t now = clock_now(s->sound->clock), begins;

    if (s->changed_at > now)
        return "changed_at";
    sound_restart(s->sound, &s->stream, 0, RATE);
    begins = tick_of(s, s->stream.made);
    if (s->high > (s->changed_at > begins ? s->changed_at - begins : 0))
        return "high";
    return s->average < 0 ? "average" : NULL;
}

void speaker_init(struct speaker *s, struct sound *sound)
{
    memset(s, 0, sizeof *s);
    s->sound = sound;
    sound_add(sound, &(struct sound_source){&s->stream, {SOUND_UNITY, SOUND_UNITY}, make, silent, s}, 0, RATE);
}
