/* test_devices_i8042.c - keyboard controller and keyboard: commands, translation, scan code sets, timing. */
#include "emu/devices/i8042.h"
#include "tests/unit/board.h"

enum { IRQ1, IRQ12, A20, RESET };

struct fixture {
    struct board board;
    struct i8042 k;
};

static int setup(void **state)
{
    static struct fixture f;

    board_init(&f.board);
    i8042_init(&f.k, &f.board.clock, &f.board.bus, board_wire(&f.board, IRQ1), board_wire(&f.board, IRQ12),
               board_wire(&f.board, A20), board_wire(&f.board, RESET));
    *state = &f;
    return 0;
}

static void command(struct fixture *f, uint8_t value)
{
    out(&f->board, 0x64, value);
}

static void mode(struct fixture *f, uint8_t value)
{
    command(f, 0x60);
    out(&f->board, 0x60, value);
}

static void to_keyboard(struct fixture *f, uint8_t value)
{
    out(&f->board, 0x60, value);
}

/* Exactly these bytes come, and then none. */
static void expect_bytes(struct fixture *f, const uint8_t *bytes, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        board_run_us(&f->board, 3000);
        if (!(in(&f->board, 0x64) & 0x01))
            fail_msg("byte %u does not come", i);
        assert_int_equal(in(&f->board, 0x60), bytes[i]);
    }
    board_run_us(&f->board, 3000);
    assert_int_equal(in(&f->board, 0x64) & 0x01, 0);
}

/* These come next, perhaps with more behind them. */
static void expect_next(struct fixture *f, const uint8_t *bytes, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        for (unsigned tries = 0; tries < 150 && !(in(&f->board, 0x64) & 0x01); tries++)
            board_run_us(&f->board, 100);
        assert_int_equal(in(&f->board, 0x60), bytes[i]);
    }
}

#define EXPECT_NEXT(f, ...) expect_next(f, (const uint8_t[]){__VA_ARGS__}, sizeof(const uint8_t[]){__VA_ARGS__})
#define EXPECT0(f) expect_bytes(f, NULL, 0)
#define EXPECT(f, ...) expect_bytes(f, (const uint8_t[]){__VA_ARGS__}, sizeof(const uint8_t[]){__VA_ARGS__})

static void press(struct fixture *f, uint8_t key)
{
    assert_true(i8042_key(&f->k, key, true));
    assert_true(i8042_key(&f->k, key, false));
}

static void controller_answers_its_commands(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(in(&f->board, 0x64), 0x10);
    command(f, 0xAA);
    assert_int_equal(in(&f->board, 0x64) & 0x09, 0x08);
    EXPECT(f, 0x55);
    assert_int_equal(in(&f->board, 0x64) & 0x04, 0x04);
    command(f, 0xAB);
    EXPECT(f, 0x00);
    command(f, 0xA9);
    EXPECT(f, 0x00);
    command(f, 0xA4);
    EXPECT(f, 0xF1);
    command(f, 0xC0);
    EXPECT(f, 0xA0);
    mode(f, 0x65);
    command(f, 0x20);
    EXPECT(f, 0x65);
    command(f, 0xAD);
    command(f, 0xA7);
    command(f, 0x20);
    EXPECT(f, 0x75);
    command(f, 0xE0);
    EXPECT(f, 0x00); /* both clocks are held */
    command(f, 0xAE);
    command(f, 0xE0);
    EXPECT(f, 0x01);
    command(f, 0xA8);
    command(f, 0x20);
    EXPECT(f, 0x45);
    command(f, 0x7F);
    out(&f->board, 0x60, 0x12);
    command(f, 0x3F);
    EXPECT(f, 0x12);
}

static void output_port_drives_a20_and_reset(void **state)
{
    struct fixture *f = *state;

    assert_true(f->board.level[A20]);
    command(f, 0xD1);
    out(&f->board, 0x60, 0xDD);
    assert_false(f->board.level[A20]);
    command(f, 0xD0);
    EXPECT(f, 0xC1);
    command(f, 0xDF);
    assert_true(f->board.level[A20]);
    command(f, 0xD0);
    EXPECT(f, 0xC3);
    assert_int_equal(f->board.rises[RESET], 0);
    command(f, 0xFF);
    assert_int_equal(f->board.rises[RESET], 0);
    command(f, 0xFE);
    assert_int_equal(f->board.rises[RESET], 1);
    command(f, 0xD1);
    out(&f->board, 0x60, 0xDE);
    assert_int_equal(f->board.rises[RESET], 2);
    assert_false(f->board.level[RESET]);
}

static void loopbacks_fill_the_output_buffer(void **state)
{
    struct fixture *f = *state;

    mode(f, 0x03);
    command(f, 0xD2);
    out(&f->board, 0x60, 0x5A);
    board_run_us(&f->board, 100);
    assert_int_equal(in(&f->board, 0x64) & 0x21, 0x01);
    assert_true(f->board.level[IRQ1]);
    assert_int_equal(in(&f->board, 0x60), 0x5A);
    assert_false(f->board.level[IRQ1]);
    command(f, 0xD3);
    out(&f->board, 0x60, 0xA5);
    board_run_us(&f->board, 100);
    assert_int_equal(in(&f->board, 0x64) & 0x21, 0x21);
    assert_true(f->board.level[IRQ12]);
    assert_int_equal(in(&f->board, 0x60), 0xA5);
}

/* --- The mouse --- */

static void to_mouse(struct fixture *f, uint8_t value)
{
    command(f, 0xD4);
    out(&f->board, 0x60, value);
}

/* A command that is acknowledged and says no more. */
static void order_mouse(struct fixture *f, uint8_t value)
{
    to_mouse(f, value);
    EXPECT(f, 0xFA);
}

static void wait_for_report(struct fixture *f)
{
    board_run_us(&f->board, 10000);
}

static bool move(struct fixture *f, int dx, int dy, int wheel, unsigned buttons)
{
    return ps2mouse_move(&f->k.mouse, dx, dy, wheel, buttons);
}

static void the_mouse_answers_on_irq_12(void **state)
{
    struct fixture *f = *state;

    mode(f, 0x03);
    to_mouse(f, 0xFF);
    board_run_us(&f->board, 1100);
    assert_int_equal(in(&f->board, 0x64) & 0x21, 0x21);
    assert_true(f->board.level[IRQ12]);
    assert_false(f->board.level[IRQ1]);
    EXPECT(f, 0xFA, 0xAA, 0x00);
    assert_false(f->board.level[IRQ12]);
    to_mouse(f, 0xF2);
    EXPECT(f, 0xFA, 0x00);
    to_mouse(f, 0xD0);
    EXPECT(f, 0xFE);
    to_mouse(f, 0xFE);
    EXPECT(f, 0xFE);
    command(f, 0xA9);
    EXPECT(f, 0x00);
}

static void the_controller_holds_the_mouse_back_while_its_port_is_disabled(void **state)
{
    struct fixture *f = *state;

    order_mouse(f, 0xF4);
    command(f, 0xA7);
    assert_true(move(f, 1, 0, 0, 0));
    board_run_us(&f->board, 50000);
    assert_int_equal(in(&f->board, 0x64) & 1, 0);
    command(f, 0xA8);
    EXPECT(f, 0x08, 1, 0);
}

static void movement_is_told_in_reports_of_three_bytes(void **state)
{
    struct fixture *f = *state;

    order_mouse(f, 0xF6);
    assert_true(move(f, 9, 9, 0, 0)); /* nobody wants to know */
    wait_for_report(f);
    EXPECT0(f);
    order_mouse(f, 0xF4);
    assert_true(move(f, 5, -3, 2, 0));
    board_run_us(&f->board, 9900);
    assert_int_equal(in(&f->board, 0x64) & 1, 0);
    EXPECT(f, 0x08, 5, 3);
    assert_true(move(f, -300, 2, 0, 0));
    EXPECT_NEXT(f, 0x38, 0x81, 0xFE); /* -127: drivers that look at eight bits see it too */
    EXPECT_NEXT(f, 0x18, 0x81, 0);
    EXPECT_NEXT(f, 0x18, 0xD2, 0); /* and the 46 that are left */
    wait_for_report(f);
    EXPECT0(f);
}

static void a_nudge_is_one_report_without_a_change(void **state)
{
    struct fixture *f = *state;

    ps2mouse_nudge(&f->k.mouse); /* nobody wants to know */
    wait_for_report(f);
    EXPECT0(f);
    order_mouse(f, 0xF4);
    wait_for_report(f);
    EXPECT0(f);
    ps2mouse_nudge(&f->k.mouse);
    wait_for_report(f);
    EXPECT(f, 0x08, 0, 0);
    ps2mouse_nudge(&f->k.mouse);
    order_mouse(f, 0xF4); /* a command discards it */
    wait_for_report(f);
    EXPECT0(f);
    ps2mouse_nudge(&f->k.mouse);
    ps2mouse_nudge(&f->k.mouse);
    assert_true(move(f, 0, 0, 0, 1));
    wait_for_report(f);
    EXPECT(f, 0x09, 0, 0);
    wait_for_report(f);
    EXPECT0(f);
}

static void where_no_mouse_is_plugged_in_nothing_answers(void **state)
{
    struct fixture *f = *state;

    f->k.no_mouse = true;
    to_mouse(f, 0xFF);
    EXPECT0(f);
    command(f, 0xA9); /* the port itself is there */
    EXPECT(f, 0x00);
}

static void no_change_of_a_button_is_lost(void **state)
{
    struct fixture *f = *state;

    order_mouse(f, 0xF4);
    assert_true(move(f, 0, 0, 0, 1));
    assert_true(move(f, 1, 0, 0, 1));
    assert_false(move(f, 1, 0, 0, 0)); /* the press is not told yet */
    wait_for_report(f);
    EXPECT(f, 0x09, 1, 0);
    assert_true(move(f, 0, 0, 0, 6));
    wait_for_report(f);
    EXPECT(f, 0x0E, 0, 0);
    to_mouse(f, 0xE9);
    EXPECT(f, 0xFA, 0x23, 2, 100);
}

static void the_knock_turns_the_wheel_on(void **state)
{
    static const uint8_t knock[] = {200, 100, 80};
    struct fixture *f = *state;

    for (unsigned i = 0; i < 3; i++) {
        order_mouse(f, 0xF3);
        order_mouse(f, knock[i]);
    }
    to_mouse(f, 0xF2);
    EXPECT(f, 0xFA, 0x03);
    order_mouse(f, 0xF4);
    assert_true(move(f, 0, 0, -9, 0));
    EXPECT_NEXT(f, 0x08, 0, 0, 0xF9);
    EXPECT_NEXT(f, 0x08, 0, 0, 0xFE);
    to_mouse(f, 0xFF);
    EXPECT(f, 0xFA, 0xAA, 0x00);
    to_mouse(f, 0xF2);
    EXPECT(f, 0xFA, 0x00);
}

static void sample_rate_and_resolution_are_taken_and_told(void **state)
{
    struct fixture *f = *state;

    order_mouse(f, 0xF3);
    order_mouse(f, 10);
    order_mouse(f, 0xE8);
    order_mouse(f, 1);
    to_mouse(f, 0xF3);
    EXPECT(f, 0xFA);
    to_mouse(f, 33);
    EXPECT(f, 0xFE);
    order_mouse(f, 0xE7);
    to_mouse(f, 0xE9);
    EXPECT(f, 0xFA, 0x10, 1, 10);
    order_mouse(f, 0xF4);
    assert_true(move(f, 4, 0, 0, 0));
    board_run_us(&f->board, 99900);
    assert_int_equal(in(&f->board, 0x64) & 1, 0);
    EXPECT(f, 0x08, 6, 0); /* scaled 2:1 */
    assert_true(move(f, 100, 0, 0, 0));
    board_run_us(&f->board, 99900);
    EXPECT_NEXT(f, 0x08, 126, 0); /* no further than 127 in one report */
    board_run_us(&f->board, 95000);
    EXPECT_NEXT(f, 0x08, 74, 0);
    order_mouse(f, 0xE6);
    to_mouse(f, 0xE9);
    EXPECT(f, 0xFA, 0x20, 1, 10);
    order_mouse(f, 0xF6);
    to_mouse(f, 0xE9);
    EXPECT(f, 0xFA, 0x00, 2, 100);
}

static void remote_mode_reports_when_asked_and_wrap_mode_echoes(void **state)
{
    struct fixture *f = *state;

    order_mouse(f, 0xF4);
    order_mouse(f, 0xF0);
    assert_true(move(f, 7, 0, 0, 4));
    wait_for_report(f);
    EXPECT0(f);
    to_mouse(f, 0xEB);
    EXPECT(f, 0xFA, 0x0C, 7, 0);
    to_mouse(f, 0xEB);
    EXPECT(f, 0xFA, 0x0C, 0, 0);
    order_mouse(f, 0xEE);
    to_mouse(f, 0x5A);
    EXPECT(f, 0x5A);
    to_mouse(f, 0xEB);
    EXPECT(f, 0xEB);
    order_mouse(f, 0xEC);
    order_mouse(f, 0xEA);
    assert_true(move(f, 1, 0, 0, 4));
    wait_for_report(f);
    EXPECT(f, 0x0C, 1, 0);
}

static void keys_come_translated_to_set_1(void **state)
{
    struct fixture *f = *state;

    mode(f, 0x41);
    press(f, 0x1E);
    EXPECT(f, 0x1E, 0x9E);
    press(f, 0xC8);
    EXPECT(f, 0xE0, 0x48, 0xE0, 0xC8);
    press(f, 0x41); /* F7 is 83h in set 2 */
    EXPECT(f, 0x41, 0xC1);
    press(f, 0xE1);
    EXPECT(f, 0xE1, 0x1D, 0x45, 0xE1, 0x9D, 0xC5);
    press(f, 0xB7);
    EXPECT(f, 0xE0, 0x2A, 0xE0, 0x37, 0xE0, 0xB7, 0xE0, 0xAA);
}

static void every_key_of_set_1_survives_the_way_through_set_2(void **state)
{
    struct fixture *f = *state;

    mode(f, 0x40);
    for (uint8_t key = 1; key < 0x59; key++) {
        press(f, key);
        EXPECT(f, key, key | 0x80);
    }
}

static void untranslated_keyboard_speaks_set_2(void **state)
{
    struct fixture *f = *state;

    mode(f, 0x00);
    press(f, 0x1E);
    EXPECT(f, 0x1C, 0xF0, 0x1C);
    press(f, 0x9D);
    EXPECT(f, 0xE0, 0x14, 0xE0, 0xF0, 0x14);
    press(f, 0xE1);
    EXPECT(f, 0xE1, 0x14, 0x77, 0xE1, 0xF0, 0x14, 0xF0, 0x77);
}

static void keyboard_switches_to_sets_1_and_3(void **state)
{
    struct fixture *f = *state;

    mode(f, 0x00);
    to_keyboard(f, 0xF0);
    EXPECT(f, 0xFA);
    to_keyboard(f, 1);
    EXPECT(f, 0xFA);
    press(f, 0xC8);
    EXPECT(f, 0xE0, 0x48, 0xE0, 0xC8);
    to_keyboard(f, 0xF0);
    EXPECT(f, 0xFA);
    to_keyboard(f, 3);
    EXPECT(f, 0xFA);
    press(f, 0xC8);
    EXPECT(f, 0x63, 0xF0, 0x63);
    press(f, 0x1E);
    EXPECT(f, 0x1C, 0xF0, 0x1C);
    to_keyboard(f, 0xF7); /* all keys repeat, none tells its release */
    EXPECT(f, 0xFA);
    press(f, 0x1E);
    EXPECT(f, 0x1C);
    to_keyboard(f, 0xFC); /* A and the right Alt tell it again: a list that a command ends */
    EXPECT(f, 0xFA);
    to_keyboard(f, 0x1C);
    EXPECT(f, 0xFA);
    to_keyboard(f, 0x39);
    EXPECT(f, 0xFA);
    to_keyboard(f, 0xF4);
    EXPECT(f, 0xFA);
    press(f, 0x1E);
    EXPECT(f, 0x1C, 0xF0, 0x1C);
    press(f, 0xB8);
    EXPECT(f, 0x39, 0xF0, 0x39);
    press(f, 0x30);
    EXPECT(f, 0x32);
    to_keyboard(f, 0xF0);
    EXPECT(f, 0xFA);
    to_keyboard(f, 0);
    EXPECT(f, 0xFA, 0x03);
}

static void print_screen_and_pause_differ_with_alt_and_ctrl(void **state)
{
    struct fixture *f = *state;

    mode(f, 0x40);
    i8042_key(&f->k, 0x38, true);
    EXPECT(f, 0x38);
    press(f, 0xB7);
    EXPECT(f, 0x54, 0xD4);
    i8042_key(&f->k, 0x38, false);
    EXPECT(f, 0xB8);
    i8042_key(&f->k, 0x1D, true);
    EXPECT(f, 0x1D);
    press(f, 0xE1);
    EXPECT(f, 0xE0, 0x46, 0xE0, 0xC6);
    press(f, 0xB7);
    EXPECT(f, 0xE0, 0x37, 0xE0, 0xB7);
}

static void keyboard_commands(void **state)
{
    struct fixture *f = *state;

    mode(f, 0x40);
    to_keyboard(f, 0xFF);
    EXPECT(f, 0xFA, 0xAA);
    to_keyboard(f, 0xF2);
    EXPECT(f, 0xFA, 0xAB, 0x41); /* 83h, translated */
    mode(f, 0x00);
    to_keyboard(f, 0xF2);
    EXPECT(f, 0xFA, 0xAB, 0x83);
    to_keyboard(f, 0xFE);
    EXPECT(f, 0x83);
    to_keyboard(f, 0xEE);
    EXPECT(f, 0xEE);
    to_keyboard(f, 0xED);
    EXPECT(f, 0xFA);
    to_keyboard(f, 0x06);
    EXPECT(f, 0xFA);
    assert_int_equal(f->k.keyboard.leds, 6);
    to_keyboard(f, 0xED);
    EXPECT(f, 0xFA);
    to_keyboard(f, 0xF5); /* a command in place of the argument */
    EXPECT(f, 0xFA);
    press(f, 0x1E);
    board_run_us(&f->board, 3000);
    assert_int_equal(in(&f->board, 0x64) & 1, 0);
    to_keyboard(f, 0xF4);
    EXPECT(f, 0xFA);
    press(f, 0x1E);
    EXPECT(f, 0x1C, 0xF0, 0x1C);
    to_keyboard(f, 0xF1);
    EXPECT(f, 0xFE);
}

static void disabled_keyboard_keeps_its_keys(void **state)
{
    struct fixture *f = *state;

    mode(f, 0x51);
    press(f, 0x1E);
    board_run_us(&f->board, 10000);
    assert_int_equal(in(&f->board, 0x64) & 1, 0);
    command(f, 0xAE);
    EXPECT(f, 0x1E, 0x9E);
}

static void bytes_take_their_time_and_wait_for_the_reader(void **state)
{
    struct fixture *f = *state;

    mode(f, 0x41);
    press(f, 0x1E);
    board_run_us(&f->board, 999);
    assert_false(f->board.level[IRQ1]);
    board_run_us(&f->board, 1);
    assert_true(f->board.level[IRQ1]);
    board_run_us(&f->board, 100000);
    assert_int_equal(f->board.rises[IRQ1], 1);
    assert_int_equal(in(&f->board, 0x60), 0x1E);
    board_run_us(&f->board, 1999); /* F0h and the code */
    assert_false(f->board.level[IRQ1]);
    board_run_us(&f->board, 1);
    assert_true(f->board.level[IRQ1]);
    assert_int_equal(in(&f->board, 0x60), 0x9E);
    assert_int_equal(in(&f->board, 0x60), 0x9E); /* the buffer keeps its last byte */
}

static void controllers_reply_goes_before_typed_keys(void **state)
{
    struct fixture *f = *state;

    mode(f, 0x40);
    i8042_key(&f->k, 0x1E, true);
    command(f, 0xAA);
    EXPECT(f, 0x55, 0x1E);
}

static void full_keyboard_refuses_a_key_whole(void **state)
{
    struct fixture *f = *state;
    unsigned taken = 0;

    mode(f, 0x10);
    while (i8042_key(&f->k, 0xE1, true))
        taken++;
    assert_int_equal(taken, 2);
    assert_int_equal(f->k.keyboard.codes.length, 16);
}

static void held_key_repeats_at_the_programmed_rate(void **state)
{
    struct fixture *f = *state;
    uint64_t start;

    mode(f, 0x41);
    to_keyboard(f, 0xF3);
    EXPECT(f, 0xFA);
    to_keyboard(f, 0x00); /* 250 ms, 30 a second */
    EXPECT(f, 0xFA);
    f->board.rises[IRQ1] = 0;
    start = board_now(&f->board);
    assert_true(i8042_key(&f->k, 0x1E, true));
    while (board_now(&f->board) < start + 1000000ull * TICKS_PER_US) {
        board_run_us(&f->board, 1000);
        if (in(&f->board, 0x64) & 1)
            assert_int_equal(in(&f->board, 0x60), 0x1E);
    }
    assert_in_range(f->board.rises[IRQ1], 23, 24);
    assert_true(i8042_key(&f->k, 0x1E, false));
    EXPECT(f, 0x9E);
    board_run_us(&f->board, 1000000);
    assert_int_equal(in(&f->board, 0x64) & 1, 0);
}

static void no_sequence_of_writes_does_harm(void **state)
{
    static const uint16_t ports[] = {0x60, 0x64};
    struct fixture *f = *state;

    for (unsigned i = 0; i < 5000; i++) {
        board_abuse(&f->board, ports, 2, 1 + i % 11);
        i8042_key(&f->k, (uint8_t)(i * 37), i & 1);
        move(f, (int)(i * 7919 % 65535) - 32767, (int)(i * 31) % 400 - 200, 1, i >> 3);
        board_run_us(&f->board, i * 7 % 4000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(controller_answers_its_commands, setup),
        cmocka_unit_test_setup(output_port_drives_a20_and_reset, setup),
        cmocka_unit_test_setup(loopbacks_fill_the_output_buffer, setup),
        cmocka_unit_test_setup(the_mouse_answers_on_irq_12, setup),
        cmocka_unit_test_setup(the_controller_holds_the_mouse_back_while_its_port_is_disabled, setup),
        cmocka_unit_test_setup(movement_is_told_in_reports_of_three_bytes, setup),
        cmocka_unit_test_setup(a_nudge_is_one_report_without_a_change, setup),
        cmocka_unit_test_setup(where_no_mouse_is_plugged_in_nothing_answers, setup),
        cmocka_unit_test_setup(no_change_of_a_button_is_lost, setup),
        cmocka_unit_test_setup(the_knock_turns_the_wheel_on, setup),
        cmocka_unit_test_setup(sample_rate_and_resolution_are_taken_and_told, setup),
        cmocka_unit_test_setup(remote_mode_reports_when_asked_and_wrap_mode_echoes, setup),
        cmocka_unit_test_setup(keys_come_translated_to_set_1, setup),
        cmocka_unit_test_setup(every_key_of_set_1_survives_the_way_through_set_2, setup),
        cmocka_unit_test_setup(untranslated_keyboard_speaks_set_2, setup),
        cmocka_unit_test_setup(keyboard_switches_to_sets_1_and_3, setup),
        cmocka_unit_test_setup(print_screen_and_pause_differ_with_alt_and_ctrl, setup),
        cmocka_unit_test_setup(keyboard_commands, setup),
        cmocka_unit_test_setup(disabled_keyboard_keeps_its_keys, setup),
        cmocka_unit_test_setup(bytes_take_their_time_and_wait_for_the_reader, setup),
        cmocka_unit_test_setup(controllers_reply_goes_before_typed_keys, setup),
        cmocka_unit_test_setup(full_keyboard_refuses_a_key_whole, setup),
        cmocka_unit_test_setup(held_key_repeats_at_the_programmed_rate, setup),
        cmocka_unit_test_setup(no_sequence_of_writes_does_harm, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
