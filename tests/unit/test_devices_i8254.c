/* test_devices_i8254.c - the interval timer: outputs and counts of every mode, clock by clock (8254 data sheet,
 * "Mode Definitions"). */
#include "emu/devices/i8254.h"
#include "tests/unit/board.h"

enum { OUT0, OUT2 };

struct fixture {
    struct board board;
    struct i8254 pit;
    uint64_t origin; /* clock to which times in the tests are relative */
};

static void run_to_clock(struct fixture *f, uint64_t clock)
{
    board_run_to(&f->board, clock_ticks_for_cycles(&f->board.clock, f->origin + clock, I8254_FREQUENCY));
}

static int setup(void **state)
{
    static struct fixture f;

    board_init(&f.board);
    i8254_init(&f.pit, &f.board.clock, &f.board.bus, board_wire(&f.board, OUT0), board_wire(&f.board, OUT2));
    f.origin = 0;
    run_to_clock(&f, 1000);
    f.origin = 1000;
    *state = &f;
    return 0;
}

static void gate(struct fixture *f, bool level)
{
    struct line line = i8254_gate(&f->pit, 2);
    line_set(&line, level);
}

/* Programs counter 2 with a two-byte count. */
static void program(struct fixture *f, uint8_t mode, uint16_t count)
{
    out(&f->board, 0x43, 0xB0 | mode << 1);
    out(&f->board, 0x42, (uint8_t)count);
    out(&f->board, 0x42, (uint8_t)(count >> 8));
}

static uint16_t count(struct fixture *f)
{
    uint8_t low;

    out(&f->board, 0x43, 0x80);
    low = in(&f->board, 0x42);
    return (uint16_t)(low | in(&f->board, 0x42) << 8);
}

/* The output at clocks first, first + 1, ..., one character each: - high, _ low. */
static void expect_output(struct fixture *f, uint64_t first, const char *levels)
{
    for (unsigned i = 0; levels[i]; i++) {
        run_to_clock(f, first + i);
        if (f->board.level[OUT2] != (levels[i] == '-'))
            fail_msg("clock %u of %s", i, levels);
    }
}

static void mode_0_rises_n_plus_1_clocks_after_the_count(void **state)
{
    struct fixture *f = *state;

    gate(f, true);
    program(f, 0, 4);
    expect_output(f, 0, "_____--");
    assert_int_equal(count(f), 0xFFFF);
    run_to_clock(f, 65536 + 3);
    assert_int_equal(count(f), 2);
    assert_true(f->board.level[OUT2]);
    program(f, 0, 3);
    expect_output(f, 65536 + 3, "____-");
}

static void mode_0_stands_while_the_gate_is_low(void **state)
{
    struct fixture *f = *state;

    program(f, 0, 4);
    expect_output(f, 0, "____");
    assert_int_equal(count(f), 4);
    gate(f, true);
    expect_output(f, 3, "__"); /* needs no clock to load */
    assert_int_equal(count(f), 3);
    gate(f, false);
    run_to_clock(f, 50);
    assert_int_equal(count(f), 3);
    gate(f, true);
    expect_output(f, 50, "___-");
}

static void mode_0_takes_65536_also_across_a_closed_gate(void **state)
{
    struct fixture *f = *state;

    program(f, 0, 0);
    gate(f, true);
    gate(f, false);
    gate(f, true);
    run_to_clock(f, 65535);
    assert_false(f->board.level[OUT2]);
    run_to_clock(f, 65536);
    assert_true(f->board.level[OUT2]);
}

static void mode_0_stops_at_the_first_byte_of_a_new_count(void **state)
{
    struct fixture *f = *state;

    gate(f, true);
    program(f, 0, 4);
    run_to_clock(f, 10);
    assert_true(f->board.level[OUT2]);
    out(&f->board, 0x42, 2);
    assert_false(f->board.level[OUT2]);
    expect_output(f, 10, "_____");
    out(&f->board, 0x42, 0);
    expect_output(f, 14, "___-");
}

static void mode_1_is_a_retriggerable_one_shot(void **state)
{
    struct fixture *f = *state;

    program(f, 1, 3);
    expect_output(f, 0, "---");
    gate(f, true);
    expect_output(f, 2, "-___--");
    gate(f, false);
    gate(f, true);
    expect_output(f, 7, "-__");
    gate(f, false);
    gate(f, true);
    expect_output(f, 9, "____-");
}

static void mode_2_is_low_for_the_last_clock_of_each_period(void **state)
{
    struct fixture *f = *state;

    gate(f, true);
    program(f, 2, 3);
    expect_output(f, 0, "---_--_--_");
    assert_int_equal(count(f), 1);
    gate(f, false); /* at once high */
    expect_output(f, 9, "-----");
    gate(f, true);
    expect_output(f, 13, "---_--_");
}

static void mode_2_takes_a_new_count_at_the_end_of_the_period(void **state)
{
    struct fixture *f = *state;

    gate(f, true);
    program(f, 2, 4);
    run_to_clock(f, 2);
    out(&f->board, 0x42, 2);
    out(&f->board, 0x42, 0);
    expect_output(f, 2, "--_-_-_");
}

static void mode_3_halves_even_and_odd_counts(void **state)
{
    struct fixture *f = *state;
    static const uint16_t even[] = {4, 2, 4, 2, 4}, odd[] = {4, 2, 0, 4, 2, 4};

    gate(f, true);
    program(f, 3, 4);
    expect_output(f, 0, "---__--__--__");
    for (unsigned i = 0; i < 5; i++) {
        run_to_clock(f, 13 + i);
        assert_int_equal(count(f), even[i]);
    }
    program(f, 3, 5);
    expect_output(f, 17, "----__---__-");
    for (unsigned i = 0; i < 6; i++) {
        run_to_clock(f, 28 + i);
        assert_int_equal(count(f), odd[i]);
    }
}

static void mode_3_takes_a_new_count_at_the_end_of_the_half(void **state)
{
    struct fixture *f = *state;

    gate(f, true);
    program(f, 3, 8);
    run_to_clock(f, 2);
    out(&f->board, 0x42, 4);
    out(&f->board, 0x42, 0);
    expect_output(f, 2, "---__--__"); /* the high half was of 8 */
    run_to_clock(f, 10);
    out(&f->board, 0x42, 6);
    out(&f->board, 0x42, 0);
    expect_output(f, 10, "_---___-");
}

static void mode_4_strobes_once(void **state)
{
    struct fixture *f = *state;

    gate(f, true);
    program(f, 4, 3);
    expect_output(f, 0, "----_--");
    run_to_clock(f, 70000);
    assert_true(f->board.level[OUT2]);
    program(f, 4, 3);
    run_to_clock(f, 70002);
    gate(f, false);
    expect_output(f, 70002, "-----");
    gate(f, true);
    expect_output(f, 70006, "--_-");
}

static void mode_5_strobes_after_a_trigger(void **state)
{
    struct fixture *f = *state;

    program(f, 5, 3);
    expect_output(f, 0, "------");
    gate(f, true);
    expect_output(f, 5, "----_--");
}

static void bcd_counts_in_decimal(void **state)
{
    struct fixture *f = *state;

    gate(f, true);
    out(&f->board, 0x43, 0xB1);
    out(&f->board, 0x42, 0x02);
    out(&f->board, 0x42, 0x10);
    run_to_clock(f, 5);
    assert_int_equal(count(f), 0x0998);
    out(&f->board, 0x43, 0xB1);
    out(&f->board, 0x42, 0);
    out(&f->board, 0x42, 0);
    run_to_clock(f, 7);
    assert_int_equal(count(f), 0x9999);
}

static void latch_holds_until_it_is_read(void **state)
{
    struct fixture *f = *state;

    gate(f, true);
    program(f, 0, 0x1234);
    run_to_clock(f, 1);
    out(&f->board, 0x43, 0x80);
    run_to_clock(f, 9);
    out(&f->board, 0x43, 0x80); /* a second one is ignored */
    assert_int_equal(in(&f->board, 0x42), 0x34);
    assert_int_equal(in(&f->board, 0x42), 0x12);
    assert_int_equal(in(&f->board, 0x42), 0x34 - 8);
    assert_int_equal(in(&f->board, 0x42), 0x12);
}

static void read_back_gives_status_and_then_count(void **state)
{
    struct fixture *f = *state;

    gate(f, true);
    out(&f->board, 0x43, 0x96); /* counter 2, low byte only, mode 3 */
    out(&f->board, 0x43, 0xE8);
    assert_int_equal(in(&f->board, 0x42), 0xD6);
    out(&f->board, 0x42, 8);
    out(&f->board, 0x43, 0xE8);
    assert_int_equal(in(&f->board, 0x42), 0xD6); /* null count: the clock has not come */
    run_to_clock(f, 5);
    out(&f->board, 0x43, 0xC8);
    run_to_clock(f, 6);
    assert_int_equal(in(&f->board, 0x42), 0x16);
    assert_int_equal(in(&f->board, 0x42), 8);
    assert_int_equal(in(&f->board, 0x42), 6);
}

static void byte_access_modes(void **state)
{
    struct fixture *f = *state;

    gate(f, true);
    out(&f->board, 0x43, 0xA0);
    out(&f->board, 0x42, 0x02);
    run_to_clock(f, 2);
    assert_int_equal(in(&f->board, 0x42), 0x01);
    assert_int_equal(in(&f->board, 0x42), 0x01);
}

static void the_clock_tick_does_not_drift(void **state)
{
    struct fixture *f = *state;

    out(&f->board, 0x43, 0x34);
    out(&f->board, 0x40, 0xA9);
    out(&f->board, 0x40, 0x04); /* 1193 */
    f->board.rises[OUT0] = 0;
    run_to_clock(f, 1193182);
    assert_int_equal(f->board.rises[OUT0], 1000);
    run_to_clock(f, 10ull * 1193 * 1000 + 1);
    assert_int_equal(f->board.rises[OUT0], 10000);
    assert_int_equal(f->board.rose_at[OUT0],
                     clock_ticks_for_cycles(&f->board.clock, f->origin + 10ull * 1193 * 1000 + 1, I8254_FREQUENCY));
}

static void pulses_shorter_than_a_tick_are_not_lost(void **state)
{
    struct fixture *f = *state;

    f->board.clock.ticks_per_microsecond = 1;
    out(&f->board, 0x43, 0x14);
    out(&f->board, 0x40, 50);
    f->board.rises[OUT0] = 0;
    board_run_us(&f->board, 1000000 / TICKS_PER_US);
    assert_in_range(f->board.rises[OUT0], 1193182 / 50 - 1, 1193182 / 50 + 1);
}

static void no_sequence_of_writes_does_harm(void **state)
{
    static const uint16_t ports[] = {0x40, 0x41, 0x42, 0x43};
    struct fixture *f = *state;

    for (unsigned i = 0; i < 4000; i++) {
        gate(f, i & 1);
        board_abuse(&f->board, ports, 4, 1 + i % 9);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(mode_0_rises_n_plus_1_clocks_after_the_count, setup),
        cmocka_unit_test_setup(mode_0_stands_while_the_gate_is_low, setup),
        cmocka_unit_test_setup(mode_0_takes_65536_also_across_a_closed_gate, setup),
        cmocka_unit_test_setup(mode_0_stops_at_the_first_byte_of_a_new_count, setup),
        cmocka_unit_test_setup(mode_1_is_a_retriggerable_one_shot, setup),
        cmocka_unit_test_setup(mode_2_is_low_for_the_last_clock_of_each_period, setup),
        cmocka_unit_test_setup(mode_2_takes_a_new_count_at_the_end_of_the_period, setup),
        cmocka_unit_test_setup(mode_3_halves_even_and_odd_counts, setup),
        cmocka_unit_test_setup(mode_3_takes_a_new_count_at_the_end_of_the_half, setup),
        cmocka_unit_test_setup(mode_4_strobes_once, setup),
        cmocka_unit_test_setup(mode_5_strobes_after_a_trigger, setup),
        cmocka_unit_test_setup(bcd_counts_in_decimal, setup),
        cmocka_unit_test_setup(latch_holds_until_it_is_read, setup),
        cmocka_unit_test_setup(read_back_gives_status_and_then_count, setup),
        cmocka_unit_test_setup(byte_access_modes, setup),
        cmocka_unit_test_setup(the_clock_tick_does_not_drift, setup),
        cmocka_unit_test_setup(pulses_shorter_than_a_tick_are_not_lost, setup),
        cmocka_unit_test_setup(no_sequence_of_writes_does_harm, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
