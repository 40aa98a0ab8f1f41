/* test_sound.c - sound as a function of ticks: streams, the filter, and the loudspeaker as the first source. */
#include <math.h>
#include <stdlib.h>

#include "emu/devices/speaker.h"
#include "emu/endian.h"
#include "emu/sound.h"
#include "tests/unit/board.h"

#define HEARD (48000u * 4)
#define PI 3.14159265358979323846
#define SECOND (UINT64_C(1000000) * TICKS_PER_US)

struct fixture {
    struct board board;
    struct sound sound;
    struct speaker speaker;
    struct line line;
    int16_t heard[HEARD][2];
    uint64_t frames, silent; /* all, and those that came as silence */
    /* a stream of a test's own */
    struct sound_stream stream;
    unsigned rate;
    double frequency;
};

static void out_frames(void *context, const int16_t *frames, size_t count)
{
    struct fixture *f = context;

    for (size_t i = 0; i < count && f->frames + i < HEARD; i++) {
        f->heard[f->frames + i][0] = frames ? frames[2 * i] : 0;
        f->heard[f->frames + i][1] = frames ? frames[2 * i + 1] : 0;
    }
    f->frames += count;
    f->silent += frames ? 0 : count;
}

static struct fixture *begin(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    board_init(&f->board);
    sound_init(&f->sound, &f->board.clock, out_frames, f);
    return f;
}

static struct fixture *begin_speaker(struct fixture *f)
{
    begin(f);
    speaker_init(&f->speaker, &f->sound);
    f->line = speaker_line(&f->speaker);
    return f;
}

static void pass_ticks(struct fixture *f, uint64_t ticks)
{
    board_run_to(&f->board, board_now(&f->board) + ticks);
}

/* A square wave, as timer 2 makes it. */
static void play(struct fixture *f, unsigned half_us, unsigned periods)
{
    for (unsigned i = 0; i < 2 * periods; i++) {
        line_set(&f->line, !(i & 1));
        pass_ticks(f, (uint64_t)half_us * TICKS_PER_US);
    }
}

/* The amplitude of a frequency in the left channel of frames. */
static double amplitude(const struct fixture *f, double frequency, unsigned first, unsigned count)
{
    double re = 0, im = 0, power = 0;

    for (unsigned i = 0; i < count; i++) {
        double w = 0.5 - 0.5 * cos(2 * PI * i / count), at = 2 * PI * frequency * (first + i) / SOUND_RATE;
        re += w * f->heard[first + i][0] * cos(at);
        im += w * f->heard[first + i][0] * sin(at);
        power += w;
    }
    return 2 * sqrt(re * re + im * im) / power;
}

/* W-1 */
static void frames_stand_at_48000ths_of_a_second(void **state)
{
    static struct fixture f;

    (void)state;
    begin_speaker(&f);
    sound_update(&f.sound);
    assert_int_equal(f.frames, 0);
    pass_ticks(&f, 520); /* 25 ticks to the microsecond: the first is at 520.83 */
    sound_update(&f.sound);
    assert_int_equal(f.frames, 0);
    pass_ticks(&f, 1);
    sound_update(&f.sound);
    assert_int_equal(f.frames, 1);
    pass_ticks(&f, SECOND - 521);
    sound_update(&f.sound);
    assert_int_equal(f.frames, SOUND_RATE);
}

/* W-7 */
static void silence_is_not_made(void **state)
{
    static struct fixture f;

    (void)state;
    begin_speaker(&f);
    pass_ticks(&f, UINT64_C(40) * 365 * 86400 * SECOND); /* 40 years at once */
    sound_update(&f.sound);
    assert_int_equal(f.silent, f.frames);
    assert_int_equal(f.frames, UINT64_C(40) * 365 * 86400 * SOUND_RATE);
    play(&f, 500, 100);
    f.silent = 0;
    pass_ticks(&f, 1000 * SECOND);
    sound_update(&f.sound);
    assert_true(f.silent > 998 * SOUND_RATE && f.silent < 1000 * SOUND_RATE);
}

static void a_square_wave_has_its_harmonics(void **state)
{
    static struct fixture f;

    (void)state;
    begin_speaker(&f);
    play(&f, 500, 1000); /* 1 kHz */
    sound_update(&f.sound);
    for (unsigned n = 1; n <= 15; n += 2) {
        double expected = 16384 * 2 / (PI * n);
        assert_true(fabs(amplitude(&f, 1000.0 * n, 12000, 24000) / expected - 1) < 0.01 * n);
    }
    for (unsigned n = 2; n <= 22; n += 2)
        assert_true(amplitude(&f, 1000.0 * n, 12000, 24000) < 3);
    assert_true(amplitude(&f, 1000.0, 12000, 24000) > 1000 * amplitude(&f, 1500.0, 12000, 24000));
}

/* 62.5 kHz, of which nothing must be heard, and whose pulses are as wide as a sine of 500 Hz is high. (W-9) */
static void pulse_widths_are_heard_as_levels(void **state)
{
    static struct fixture f;

    (void)state;
    begin_speaker(&f);
    for (unsigned n = 0; n < 62500; n++) {
        uint64_t high = (uint64_t)(200 + 150 * sin(2 * PI * n * 500 / 62500));
        line_set(&f.line, true);
        pass_ticks(&f, high);
        line_set(&f.line, false);
        pass_ticks(&f, 400 - high);
    }
    sound_update(&f.sound);
    assert_true(fabs(amplitude(&f, 500, 24000, 24000) - 16384 * 0.375) < 40);
    assert_true(amplitude(&f, 1000, 24000, 24000) < 100);
    assert_true(amplitude(&f, 62500 - 48000, 24000, 24000) < 20); /* where it would fold to */
}

static void what_stands_still_does_not_sound(void **state)
{
    static struct fixture f;

    (void)state;
    begin_speaker(&f);
    line_set(&f.line, true);
    pass_ticks(&f, SECOND / 100);
    sound_update(&f.sound);
    assert_true(f.heard[240][0] > 10000);
    pass_ticks(&f, SECOND);
    sound_update(&f.sound);
    assert_int_equal(f.heard[48000][0], 0);
    f.silent = 0;
    pass_ticks(&f, SECOND);
    sound_update(&f.sound);
    assert_int_equal(f.silent, SOUND_RATE);
    line_set(&f.line, false);
    pass_ticks(&f, SECOND / 100);
    sound_update(&f.sound);
    assert_true(f.heard[f.frames - 240][0] < -8000);
}

/* Traffic at random; however often all is brought up to date, the frames are the same, and a frame knows nothing of
 * what comes after it. */
static void traffic(struct fixture *f, unsigned changes, unsigned updates)
{
    uint32_t random = 7;

    begin_speaker(f);
    for (unsigned i = 0; i < changes; i++) {
        random = random * 1664525 + 1013904223;
        line_set(&f->line, random >> 31);
        for (unsigned part = 0; part < updates; part++) {
            pass_ticks(f, ((random >> 8) % 5000 + 1) * 6 / updates);
            if (updates > 1)
                sound_update(&f->sound);
        }
    }
    sound_update(&f->sound);
}

/* W-2, W-3 */
static void frames_depend_on_no_update_and_on_nothing_later(void **state)
{
    static struct fixture a, b;

    (void)state;
    traffic(&a, 200, 1);
    traffic(&b, 200, 6);
    assert_int_equal(board_now(&a.board), board_now(&b.board));
    assert_int_equal(a.frames, b.frames);
    assert_memory_equal(a.heard, b.heard, a.frames * sizeof *a.heard);
    assert_memory_equal(a.speaker.stream.kept, b.speaker.stream.kept, sizeof a.speaker.stream.kept);
    assert_int_equal(a.speaker.average, b.speaker.average);
    traffic(&b, 150, 1);
    assert_true(b.frames < a.frames && b.frames > 3000);
    assert_memory_equal(a.heard, b.heard, b.frames * sizeof *a.heard);
}

/* --- The filter --- */

static void make_sine(void *device, uint64_t count)
{
    struct fixture *f = device;

    for (; count; count--) {
        double at = 2 * PI * f->frequency * (double)(f->stream.made + 1) / f->rate;
        sound_push(&f->stream, (int16_t)lrint(20000 * sin(at)), (int16_t)lrint(-20000 * sin(at)));
    }
}

static bool never_silent(const void *device)
{
    (void)device;
    return false;
}

static void sine(struct fixture *f, unsigned rate, double frequency)
{
    begin(f);
    f->rate = rate;
    f->frequency = frequency;
    sound_add(&f->sound, &(struct sound_source){&f->stream, {SOUND_UNITY, SOUND_UNITY / 2}, make_sine, never_silent, f},
              0, rate);
    pass_ticks(f, SECOND);
    sound_update(&f->sound);
}

/* W-5 */
static void rates_become_48000(void **state)
{
    static const unsigned rates[] = {4000, 8000, 11025, 22050, 44100, 48000, 49716, 96000, 192000};
    static struct fixture f;

    (void)state;
    for (unsigned i = 0; i < sizeof rates / sizeof *rates; i++) {
        double lower = rates[i] < SOUND_RATE ? rates[i] : SOUND_RATE;
        sine(&f, rates[i], lower / 5);
        assert_true(fabs(amplitude(&f, lower / 5, 12000, 24000) - 20000) < 60);
        if (rates[i] < SOUND_RATE) /* its image above the source's own band */
            assert_true(amplitude(&f, rates[i] - lower / 5, 12000, 24000) < 8);
        for (unsigned n = 12000; n < 12100; n++) /* the other channel: half as loud, the other way round */
            assert_in_range(f.heard[n][1] + f.heard[n][0] / 2 + 1, 0, 2);
    }
    sine(&f, 192000, 40000); /* would fold to 8,000 */
    assert_true(amplitude(&f, 8000, 12000, 24000) < 4);
}

/* W-4 */
static void a_stream_begins_again(void **state)
{
    static struct fixture f;
    struct sound_stream before;

    (void)state;
    sine(&f, 8000, 1000);
    before = f.stream;
    sound_restart(&f.sound, &f.stream, board_now(&f.board), 16000);
    assert_int_equal(f.stream.made, 0);
    assert_memory_equal(f.stream.kept, before.kept, sizeof before.kept);
    f.rate = 16000;
    pass_ticks(&f, SECOND);
    sound_update(&f.sound);
    assert_int_equal(f.stream.made, 16000);
    assert_true(fabs(amplitude(&f, 1000, 60000, 24000) - 20000) < 60);
}

/* W-6 */
static void the_sum_is_bounded(void **state)
{
    static struct fixture f;
    int most = 0;

    (void)state;
    begin(&f);
    f.rate = 8000;
    f.frequency = 1000;
    sound_add(&f.sound,
              &(struct sound_source){&f.stream, {4 * SOUND_UNITY, 4 * SOUND_UNITY}, make_sine, never_silent, &f}, 0,
              8000);
    pass_ticks(&f, SECOND);
    sound_update(&f.sound);
    for (unsigned n = 0; n < SOUND_RATE; n++)
        most = f.heard[n][0] > most ? f.heard[n][0] : most;
    assert_int_equal(most, 32767);
}

/* --- State --- */

static void what_contradicts_is_refused(void **state)
{
    static struct fixture f;

    (void)state;
    begin_speaker(&f);
    play(&f, 333, 10);
    line_set(&f.line, true);
    pass_ticks(&f, 3);
    line_set(&f.line, false);
    pass_ticks(&f, 1);
    sound_update(&f.sound);
    assert_null(speaker_loaded(&f.speaker));
    f.speaker.high += 200;
    assert_string_equal(speaker_loaded(&f.speaker), "high");
    f.speaker.high = 0;
    f.speaker.changed_at = board_now(&f.board) + 1;
    assert_string_equal(speaker_loaded(&f.speaker), "changed_at");
    f.speaker.changed_at = 0;
    f.speaker.average = -1;
    assert_string_equal(speaker_loaded(&f.speaker), "average");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_stand_at_48000ths_of_a_second),
        cmocka_unit_test(silence_is_not_made),
        cmocka_unit_test(a_square_wave_has_its_harmonics),
        cmocka_unit_test(pulse_widths_are_heard_as_levels),
        cmocka_unit_test(what_stands_still_does_not_sound),
        cmocka_unit_test(frames_depend_on_no_update_and_on_nothing_later),
        cmocka_unit_test(rates_become_48000),
        cmocka_unit_test(a_stream_begins_again),
        cmocka_unit_test(the_sum_is_bounded),
        cmocka_unit_test(what_contradicts_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
