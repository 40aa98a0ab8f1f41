/* test_devices_mc146818.c - the real-time clock: dates, formats, flags and interrupts (MC146818 data sheet). */
#include "emu/devices/mc146818.h"
#include "tests/unit/board.h"

enum { IRQ8 };

#define SECOND ((uint64_t)TICKS_PER_US * 1000000)

struct fixture {
    struct board board;
    struct mc146818 rtc;
};

static struct fixture fixture;

static struct fixture *start_at(int64_t seconds)
{
    board_init(&fixture.board);
    mc146818_init(&fixture.rtc, &fixture.board.clock, &fixture.board.bus, board_wire(&fixture.board, IRQ8), seconds);
    return &fixture;
}

static uint8_t get(struct fixture *f, uint8_t reg)
{
    out(&f->board, 0x70, reg);
    return in(&f->board, 0x71);
}

static void put(struct fixture *f, uint8_t reg, uint8_t value)
{
    out(&f->board, 0x70, reg);
    out(&f->board, 0x71, value);
}

/* time: seconds, minutes, hours, weekday, day, month, year, century */
static void set_time(struct fixture *f, const uint8_t time[8])
{
    static const uint8_t regs[8] = {0, 2, 4, 6, 7, 8, 9, 0x32};

    for (unsigned i = 0; i < 8; i++)
        put(f, regs[i], time[i]);
}

static void expect_time(struct fixture *f, const uint8_t time[8])
{
    static const uint8_t regs[8] = {0, 2, 4, 6, 7, 8, 9, 0x32};

    for (unsigned i = 0; i < 8; i++)
        if (get(f, regs[i]) != time[i])
            fail_msg("register %02x is %02x, not %02x", regs[i], get(f, regs[i]), time[i]);
}

#define TIME(...) \
    (const uint8_t[8]) \
    { \
        __VA_ARGS__ \
    }

static void start_of_the_clock_is_shown_in_bcd(void **state)
{
    (void)state;
    expect_time(start_at(0), TIME(0, 0, 0, 5, 1, 1, 0x70, 0x19));
    expect_time(start_at(883612800), TIME(0, 0, 0, 5, 1, 1, 0x98, 0x19));
    expect_time(start_at(951827696), TIME(0x56, 0x34, 0x12, 3, 0x29, 2, 0, 0x20));
    expect_time(start_at(-1), TIME(0x59, 0x59, 0x23, 4, 0x31, 0x12, 0x69, 0x19));
    expect_time(start_at(4107542399), TIME(0x59, 0x59, 0x23, 1, 0x28, 2, 0, 0x21));
    assert_int_equal(get(&fixture, 0x0D), 0x80);
}

static void one_update_a_second_without_drift(void **state)
{
    struct fixture *f = start_at(883612800);

    (void)state;
    board_run_to(&f->board, SECOND - 1);
    assert_int_equal(get(f, 0), 0);
    board_run_to(&f->board, SECOND);
    assert_int_equal(get(f, 0), 1);
    board_run_to(&f->board, 86400 * SECOND - 1);
    expect_time(f, TIME(0x59, 0x59, 0x23, 5, 1, 1, 0x98, 0x19));
    board_run_to(&f->board, 86400 * SECOND);
    expect_time(f, TIME(0, 0, 0, 6, 2, 1, 0x98, 0x19));
}

static void carries(void **state)
{
    /* clang-format off */
    static const struct { uint8_t before[8], after[8]; } cases[] = {
        { { 0x59, 0x59, 0x23, 6, 0x31, 0x12, 0x99, 0x19 }, { 0, 0, 0, 7, 1, 1, 0x00, 0x20 } },
        { { 0x59, 0x59, 0x23, 7, 0x28, 0x02, 0x96, 0x19 }, { 0, 0, 0, 1, 0x29, 2, 0x96, 0x19 } },
        { { 0x59, 0x59, 0x23, 7, 0x28, 0x02, 0x97, 0x19 }, { 0, 0, 0, 1, 1, 3, 0x97, 0x19 } },
        { { 0x59, 0x59, 0x23, 7, 0x29, 0x02, 0x00, 0x20 }, { 0, 0, 0, 1, 1, 3, 0x00, 0x20 } },
        { { 0x59, 0x59, 0x23, 7, 0x30, 0x09, 0x05, 0x20 }, { 0, 0, 0, 1, 1, 0x10, 0x05, 0x20 } },
        { { 0x59, 0x59, 0x09, 7, 0x30, 0x09, 0x05, 0x20 }, { 0, 0, 0x10, 7, 0x30, 0x09, 0x05, 0x20 } },
    };
    /* clang-format on */

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture *f = start_at(0);
        set_time(f, cases[i].before);
        board_run_to(&f->board, SECOND);
        expect_time(f, cases[i].after);
    }
}

static void twelve_hours_in_bcd_and_binary(void **state)
{
    /* clang-format off */
    static const struct { uint8_t mode, before, after; } cases[] = {
        { 0x00, 0x12, 0x01 }, { 0x00, 0x11, 0x92 }, { 0x00, 0x92, 0x81 }, { 0x00, 0x91, 0x12 }, { 0x00, 0x09, 0x10 },
        { 0x04, 12, 1 }, { 0x04, 11, 0x8C }, { 0x04, 0x8C, 0x81 }, { 0x04, 0x8B, 12 },
        { 0x06, 9, 10 }, { 0x06, 23, 0 }, { 0x02, 0x19, 0x20 },
    };
    /* clang-format on */

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture *f = start_at(0);
        uint8_t last = cases[i].mode & 4 ? 59 : 0x59;
        put(f, 0x0B, cases[i].mode);
        put(f, 0, last);
        put(f, 2, last);
        put(f, 4, cases[i].before);
        board_run_to(&f->board, SECOND);
        assert_int_equal(get(f, 4), cases[i].after);
    }
}

static void update_in_progress_announces_the_update(void **state)
{
    struct fixture *f = start_at(0);

    (void)state;
    board_run_us(&f->board, 997000);
    assert_int_equal(get(f, 0x0A), 0x26);
    board_run_us(&f->board, 1000);
    assert_int_equal(get(f, 0x0A), 0xA6);
    board_run_us(&f->board, 1999);
    assert_int_equal(get(f, 0x0A), 0xA6);
    board_run_us(&f->board, 1);
    assert_int_equal(get(f, 0x0A), 0x26);
}

static void set_bit_halts_the_time_and_not_the_divider(void **state)
{
    struct fixture *f = start_at(0);

    (void)state;
    put(f, 0x0B, 0x92);
    assert_int_equal(get(f, 0x0B), 0x82); /* SET clears UIE */
    board_run_to(&f->board, 5 * SECOND / 2);
    assert_int_equal(get(f, 0), 0);
    assert_int_equal(get(f, 0x0C), 0x40);
    put(f, 0x0B, 0x02);
    board_run_to(&f->board, 3 * SECOND);
    assert_int_equal(get(f, 0), 1);
}

static void divider_reset_sets_the_phase(void **state)
{
    struct fixture *f = start_at(0);

    (void)state;
    board_run_to(&f->board, SECOND / 4);
    put(f, 0x0A, 0x76);
    board_run_to(&f->board, 10 * SECOND);
    assert_int_equal(get(f, 0), 0);
    put(f, 0x0A, 0x26);
    board_run_us(&f->board, 499900);
    assert_int_equal(get(f, 0), 0);
    board_run_us(&f->board, 200);
    assert_int_equal(get(f, 0), 1);
}

static void alarm_matches_and_dont_care(void **state)
{
    struct fixture *f = start_at(86400 - 5);

    (void)state;
    put(f, 1, 0x02);
    put(f, 3, 0xFF);
    put(f, 5, 0xC0);
    put(f, 0x0B, 0x22);
    board_run_to(&f->board, 7 * SECOND - 1);
    assert_false(f->board.level[IRQ8]);
    board_run_to(&f->board, 7 * SECOND);
    assert_true(f->board.level[IRQ8]);
    assert_int_equal(get(f, 0x0C) & 0xB0, 0xB0);
    assert_false(f->board.level[IRQ8]);
    assert_int_equal(get(f, 0x0C), 0);
    board_run_to(&f->board, 67 * SECOND);
    assert_true(f->board.level[IRQ8]);
}

static void update_interrupt(void **state)
{
    struct fixture *f = start_at(0);

    (void)state;
    put(f, 0x0B, 0x12);
    board_run_to(&f->board, SECOND);
    assert_int_equal(f->board.rises[IRQ8], 1);
    board_run_to(&f->board, 2 * SECOND);
    assert_int_equal(f->board.rises[IRQ8], 1);
    assert_int_equal(get(f, 0x0C) & 0x90, 0x90);
    board_run_to(&f->board, 3 * SECOND);
    assert_int_equal(f->board.rises[IRQ8], 2);
}

static void periodic_interrupt_at_its_rates(void **state)
{
    static const uint16_t hertz[16] = {0, 256, 128, 8192, 4096, 2048, 1024, 512, 256, 128, 64, 32, 16, 8, 4, 2};

    (void)state;
    for (unsigned rate = 0; rate < 16; rate++) {
        struct fixture *f = start_at(0);
        unsigned seen = 0;
        put(f, 0x0A, (uint8_t)(0x20 | rate));
        put(f, 0x0B, 0x42);
        clock_begin_slice(&f->board.clock, SECOND);
        while (board_now(&f->board) < SECOND) {
            f->board.left = 0;
            clock_fire_due(&f->board.clock);
            if (f->board.level[IRQ8]) {
                seen++;
                assert_int_equal(get(f, 0x0C) & 0xC0, 0xC0);
            }
        }
        assert_int_equal(seen, hertz[rate]);
    }
}

static void periodic_flag_comes_without_its_interrupt(void **state)
{
    struct fixture *f = start_at(0);

    (void)state;
    get(f, 0x0C);
    board_run_us(&f->board, 970);
    assert_int_equal(get(f, 0x0C), 0);
    board_run_us(&f->board, 10);
    assert_int_equal(get(f, 0x0C), 0x40);
    assert_int_equal(f->rtc.periodic_due_at, NEVER);
}

static void reset_keeps_time_and_memory(void **state)
{
    struct fixture *f = start_at(0);

    (void)state;
    mc146818_set(&f->rtc, 0x10, 0x40);
    put(f, 0x7F, 0xA5);
    put(f, 0x0B, 0x72);
    board_run_to(&f->board, SECOND);
    mc146818_reset(&f->rtc);
    assert_false(f->board.level[IRQ8]);
    assert_int_equal(get(f, 0x0B), 0x02);
    assert_int_equal(get(f, 0x0C), 0);
    assert_int_equal(get(f, 0x10), 0x40);
    assert_int_equal(get(f, 0xFF), 0xA5); /* bit 7 of the index is the NMI mask */
    assert_int_equal(get(f, 0), 1);
}

static void no_sequence_of_writes_does_harm(void **state)
{
    static const uint16_t ports[] = {0x70, 0x71};
    struct fixture *f = start_at(0);

    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        out(&f->board, 0x70, (uint8_t)(i % 14));
        board_abuse(&f->board, ports + 1, 1, 1 + i % 3);
        board_run_to(&f->board, board_now(&f->board) + SECOND / 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start_of_the_clock_is_shown_in_bcd),
        cmocka_unit_test(one_update_a_second_without_drift),
        cmocka_unit_test(carries),
        cmocka_unit_test(twelve_hours_in_bcd_and_binary),
        cmocka_unit_test(update_in_progress_announces_the_update),
        cmocka_unit_test(set_bit_halts_the_time_and_not_the_divider),
        cmocka_unit_test(divider_reset_sets_the_phase),
        cmocka_unit_test(alarm_matches_and_dont_care),
        cmocka_unit_test(update_interrupt),
        cmocka_unit_test(periodic_interrupt_at_its_rates),
        cmocka_unit_test(periodic_flag_comes_without_its_interrupt),
        cmocka_unit_test(reset_keeps_time_and_memory),
        cmocka_unit_test(no_sequence_of_writes_does_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
