/* test_devices_opl.c - the OPL3 and the OPL2: patterns of writes to the samples that another opinion has as well,
 * timers, rest. */
#include "emu/devices/opl.h"
#include "emu/endian.h"
#include "tests/opl_patterns.h"
#include "tests/unit/board.h"

struct fixture {
    struct board board;
    struct sound sound;
    struct opl opl;
    struct sound_source *source;
};

static struct fixture *begin(bool opl2)
{
    static struct fixture f;

    memset(&f, 0, sizeof f);
    board_init(&f.board);
    sound_init(&f.sound, &f.board.clock, NULL, NULL);
    f.source = opl_init(&f.opl, &f.sound, &f.board.bus, opl2);
    return &f;
}

static void write(struct fixture *f, unsigned address, uint8_t value)
{
    out(&f->board, address & 0x100 ? 0x38A : 0x388, (uint8_t)address);
    out(&f->board, 0x389, value);
}

static int16_t sample(struct fixture *f, unsigned side)
{
    return (int16_t)load16(f->opl.stream.kept + (f->opl.stream.made - 1) % SOUND_KEPT * 4 + 2 * side);
}

static uint64_t pattern_hash(unsigned number)
{
    struct fixture *f = begin(false);
    struct opl_pattern p = opl_pattern_begin(number);
    uint64_t hash = OPL_HASH_BEGIN;
    unsigned wait = 0;

    write(f, 0x105, opl_pattern_first(&p, 0x105));
    for (unsigned address = 0; address < 0x200; address++)
        if (address != 0x105 && opl_pattern_first(&p, address))
            write(f, address, opl_pattern_first(&p, address));
    for (unsigned n = 0; n < OPL_PATTERN_SAMPLES; n++) {
        for (; wait == 0; wait = opl_pattern_wait(&p)) {
            uint8_t value;
            uint16_t address = opl_pattern_write(&p, &value);
            if (address < 0x100 || opl_pattern_first(&p, 0x105))
                write(f, address, value);
        }
        wait--;
        f->source->make(&f->opl, 1);
        hash = opl_hash(hash, sample(f, 0), sample(f, 1));
    }
    return hash;
}

/* clang-format off */
/* What Nuked-OPL3 (commit cfedb09) plays for these patterns, by opl_peer.c. */
static const uint64_t expected[] = {
    0x4CE657D37E056849u, 0xA4CAD635098698B9u, 0x3D607E77AC3929D5u, 0x87994D2325A9C41Du,
    0x9C2CD89DDFA1E79Du, 0xD908FC85CEFA8110u, 0x2091934118B9B8C9u, 0xA99E7BA0BFA6FCF9u,
    0x4DBF73BC1158E503u, 0x79D0EE1DBB6D9835u, 0x3EE354014479A410u, 0x3D335F0B9B3D5A2Du,
    0x016CADB83C571B62u, 0x7ADF975AEBBF04E9u, 0xE9F4C0FEAD432BDDu, 0xCBA04BC4AD557BE9u,
    0x7CC1CBE167576DC9u, 0xF0737D809E558C2Au, 0x265C609E0FA87E52u, 0xD288F998F170DF3Du,
    0x5FE7A1D2FAC7C62Du, 0xE93F55DA52D7F7E5u, 0x0457E2D8279EE505u, 0xE45D7C0DADBEFB31u,
};
/* clang-format on */

/* W-10, W-11 */
static void patterns_play_what_the_other_opinion_plays(void **state)
{
    (void)state;
    for (unsigned number = 0; number < sizeof expected / sizeof *expected; number++)
        assert_int_equal(pattern_hash(number), expected[number]);
}

/* A note of 440 Hz on a channel: a sine that a sine modulates. */
static void note(struct fixture *f, unsigned channel, bool vibrato)
{
    unsigned bank = channel / 9 * 0x100, n = channel % 9, slot = bank + n / 3 * 8 + n % 3;

    for (unsigned i = 0; i < 2; i++) {
        write(f, 0x20 + slot + 3 * i, vibrato ? 0x61 : 0x21);
        write(f, 0x40 + slot + 3 * i, i ? 0 : 0x18);
        write(f, 0x60 + slot + 3 * i, 0xF0);
        write(f, 0x80 + slot + 3 * i, 0x0F);
    }
    write(f, 0xC0 + bank + n, 0x30);
    write(f, 0xA0 + bank + n, 0x44);
    write(f, 0xB0 + bank + n, 0x32);
}

static void silence(struct fixture *f, unsigned channel)
{
    write(f, 0xB0 + channel / 9 * 0x100 + channel % 9, 0x12);
}

/* At rest all is as if each sample had been made; noise and vibrato go on. */
static void nothing_grows_old_by_resting(void **state)
{
    struct opl_operator operators[2][OPL_OPERATORS];
    uint32_t noise[2];

    (void)state;
    for (unsigned way = 0; way < 2; way++) {
        struct fixture *f = begin(false);
        write(f, 0x105, 1);
        write(f, 0xBD, 0x60);
        note(f, 2, true);
        note(f, 11, true);
        f->source->make(&f->opl, 3000);
        silence(f, 2);
        silence(f, 11);
        f->source->make(&f->opl, 5000);
        assert_true(f->source->silent(&f->opl));
        for (unsigned n = 0; n < 100000; n += way ? 1 : 100000)
            f->source->make(&f->opl, way ? 1 : 100000);
        memcpy(operators[way], f->opl.operator, sizeof f->opl.operator);
        write(f, 0xB0, 0x31); /* something sounds again: with it, noise is made */
        write(f, 0x60, 0xF0);
        f->source->make(&f->opl, way ? 1 : 1);
        noise[way] = f->opl.noise;
    }
    assert_memory_equal(operators[0], operators[1], sizeof operators[0]);
    assert_int_equal(noise[0], noise[1]);
}

static void noise_follows_from_the_number_of_the_sample(void **state)
{
    uint32_t stepped;
    struct fixture *f = begin(false);

    (void)state;
    write(f, 0xBD, 0x20);
    write(f, 0x60, 0xF0);
    write(f, 0xB0, 0x20);
    f->source->make(&f->opl, 30000); /* from one sample to the next */
    stepped = f->opl.noise;
    f->opl.noise_at = UINT64_MAX;
    f->opl.stream.made--;
    f->source->make(&f->opl, 1); /* at once */
    assert_int_equal(f->opl.noise, stepped);
}

/* W-12 */
static void rest_costs_nothing(void **state)
{
    struct fixture *f = begin(false);

    (void)state;
    note(f, 0, true);
    board_run_us(&f->board, 100000);
    silence(f, 0);
    board_run_us(&f->board, UINT64_C(86400) * 365 * 1000000);
    sound_update(&f->sound);
    assert_true(f->source->silent(&f->opl));
    note(f, 0, true);
    board_run_us(&f->board, 10000);
    sound_update(&f->sound);
    assert_false(f->source->silent(&f->opl));
    assert_int_equal(f->opl.stream.made, clock_cycles(&f->board.clock, board_now(&f->board), OPL_RATE));
}

/* The way in which every driver looks for one. */
static void drivers_find_it_by_its_timers(void **state)
{
    for (unsigned opl2 = 0; opl2 < 2; opl2++) {
        struct fixture *f = begin(opl2);
        (void)state;
        write(f, 4, 0x60);
        write(f, 4, 0x80);
        assert_int_equal(in(&f->board, 0x388), opl2 ? 0x06 : 0x00);
        write(f, 2, 0xFF);
        write(f, 4, 0x21);
        board_run_us(&f->board, 81);
        assert_int_equal(in(&f->board, 0x388), opl2 ? 0xC6 : 0xC0);
        write(f, 4, 0x60);
        write(f, 4, 0x80);
        assert_int_equal(in(&f->board, 0x388), opl2 ? 0x06 : 0x00);
    }
}

/* W-13 */
static void timers_count_80_and_320_microseconds(void **state)
{
    struct fixture *f = begin(false);

    (void)state;
    write(f, 2, 256 - 100);
    write(f, 3, 256 - 50);
    write(f, 4, 0x03);
    board_run_us(&f->board, 7900);
    assert_int_equal(in(&f->board, 0x388), 0);
    board_run_us(&f->board, 200); /* 100 * 80.46 */
    assert_int_equal(in(&f->board, 0x388), 0xC0);
    write(f, 4, 0x80);
    assert_int_equal(in(&f->board, 0x388), 0);
    board_run_us(&f->board, 7900);
    assert_int_equal(in(&f->board, 0x388), 0);
    board_run_us(&f->board, 200); /* both again: 200 * 80.46, 50 * 321.8 */
    assert_int_equal(in(&f->board, 0x388), 0xE0);
    write(f, 4, 0x43); /* the first is masked */
    assert_int_equal(in(&f->board, 0x388), 0xA0);
    write(f, 4, 0x80);
    board_run_us(&f->board, 100000);
    assert_int_equal(in(&f->board, 0x388), 0xA0);
}

static void the_second_array_is_there_in_the_new_mode(void **state)
{
    struct fixture *f = begin(false);

    (void)state;
    write(f, 0x140, 5);
    assert_int_equal(f->opl.registers[0x140], 0);
    assert_int_equal(f->opl.registers[0x40], 5);
    write(f, 0x105, 1);
    write(f, 0x140, 6);
    assert_int_equal(f->opl.registers[0x140], 6);
}

/* W-14 */
static void an_opl2_has_nine_channels_and_four_waveforms(void **state)
{
    struct fixture *f = begin(true);
    int least = 0;

    (void)state;
    out(&f->board, 0x38A, 5);
    assert_int_equal(in(&f->board, 0x38A), 0xFF); /* nobody */
    write(f, 0xE3, 1);
    note(f, 0, false);
    for (unsigned n = 0; n < 200; n++) {
        f->source->make(&f->opl, 1);
        least = sample(f, 0) < least ? sample(f, 0) : least;
    }
    assert_true(least < -3000); /* a sine: bit 5 of register 1 is clear */
    write(f, 1, 0x20);
    least = 0;
    for (unsigned n = 0; n < 200; n++) {
        f->source->make(&f->opl, 1);
        least = sample(f, 0) < least ? sample(f, 0) : least;
    }
    assert_true(least >= -1); /* its positive half */
}

static void what_contradicts_is_refused(void **state)
{
    struct fixture *f = begin(false);

    (void)state;
    board_run_us(&f->board, 1000);
    sound_update(&f->sound);
    write(f, 2, 10);
    write(f, 4, 1);
    assert_null(opl_loaded(&f->opl));
    f->opl.timer[0].since += 1000;
    assert_string_equal(opl_loaded(&f->opl), "timer.since");
    f->opl.timer[0] = (struct opl_timer){0, 0};
    assert_string_equal(opl_loaded(&f->opl), "timer.period");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_play_what_the_other_opinion_plays),
        cmocka_unit_test(nothing_grows_old_by_resting),
        cmocka_unit_test(noise_follows_from_the_number_of_the_sample),
        cmocka_unit_test(rest_costs_nothing),
        cmocka_unit_test(drivers_find_it_by_its_timers),
        cmocka_unit_test(timers_count_80_and_320_microseconds),
        cmocka_unit_test(the_second_array_is_there_in_the_new_mode),
        cmocka_unit_test(an_opl2_has_nine_channels_and_four_waveforms),
        cmocka_unit_test(what_contradicts_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
