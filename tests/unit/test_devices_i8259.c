/* test_devices_i8259.c - the interrupt controllers: priority, nesting, modes (8259A data sheet). */
#include "emu/devices/i8259.h"
#include "tests/unit/board.h"

enum { INTR };

struct fixture {
    struct board board;
    struct i8259 pic;
};

static void initialise(struct board *b, uint8_t icw1, uint8_t icw4_master, uint8_t icw4_slave)
{
    out(b, 0x20, icw1);
    out(b, 0x21, 0x08);
    out(b, 0x21, 0x04);
    out(b, 0x21, icw4_master);
    out(b, 0xA0, icw1);
    out(b, 0xA1, 0x70);
    out(b, 0xA1, 0x02);
    out(b, 0xA1, icw4_slave);
}

static int setup(void **state)
{
    static struct fixture f;

    board_init(&f.board);
    i8259_init(&f.pic, &f.board.bus, board_wire(&f.board, INTR));
    initialise(&f.board, 0x11, 0x01, 0x01);
    *state = &f;
    return 0;
}

static void set(struct fixture *f, unsigned irq, bool level)
{
    struct line line = i8259_line(&f->pic, irq);
    line_set(&line, level);
}

static void raise(struct fixture *f, unsigned irq)
{
    set(f, irq, false);
    set(f, irq, true);
}

static void expect(struct fixture *f, uint8_t vector)
{
    assert_true(f->board.level[INTR]);
    assert_int_equal(i8259_acknowledge(&f->pic), vector);
}

static void expect_quiet(struct fixture *f)
{
    assert_false(f->board.level[INTR]);
}

static void nothing_is_accepted_before_initialisation(void **state)
{
    struct fixture *f = *state;

    i8259_reset(&f->pic);
    raise(f, 0);
    out(&f->board, 0x21, 0);
    expect_quiet(f);
}

static void lower_input_goes_first_and_service_blocks_lower_ones(void **state)
{
    struct fixture *f = *state;

    raise(f, 5);
    raise(f, 3);
    expect(f, 0x0B);
    expect_quiet(f);
    raise(f, 4);
    expect_quiet(f);
    raise(f, 1);
    expect(f, 0x09);
    out(&f->board, 0x20, 0x20);
    expect_quiet(f);
    out(&f->board, 0x20, 0x20);
    expect(f, 0x0C);
    out(&f->board, 0x20, 0x64);
    expect(f, 0x0D);
}

static void slave_ranks_at_input_2_and_gives_its_own_vector(void **state)
{
    struct fixture *f = *state;

    raise(f, 3);
    raise(f, 14);
    raise(f, 8);
    expect(f, 0x70);
    expect_quiet(f);
    raise(f, 1);
    expect(f, 0x09);
    out(&f->board, 0x20, 0x20);
    out(&f->board, 0xA0, 0x20);
    expect_quiet(f);
    out(&f->board, 0x20, 0x20);
    expect(f, 0x76);
    out(&f->board, 0xA0, 0x20);
    out(&f->board, 0x20, 0x20);
    expect(f, 0x0B);
}

static void mask_holds_a_request_back(void **state)
{
    struct fixture *f = *state;

    out(&f->board, 0x21, 0x08);
    raise(f, 3);
    expect_quiet(f);
    assert_int_equal(in(&f->board, 0x20), 0x08);
    assert_int_equal(in(&f->board, 0x21), 0x08);
    out(&f->board, 0x21, 0x00);
    expect(f, 0x0B);
    out(&f->board, 0x20, 0x0B);
    assert_int_equal(in(&f->board, 0x20), 0x08);
    out(&f->board, 0x20, 0x0A);
    assert_int_equal(in(&f->board, 0x20), 0x00);
}

static void edge_is_served_once_and_level_as_long_as_it_lasts(void **state)
{
    struct fixture *f = *state;

    raise(f, 5);
    expect(f, 0x0D);
    out(&f->board, 0x20, 0x20);
    expect_quiet(f);

    out(&f->board, 0x4D0, 0xFF);
    assert_int_equal(in(&f->board, 0x4D0), 0xF8);
    out(&f->board, 0x4D1, 0xFF);
    assert_int_equal(in(&f->board, 0x4D1), 0xDE);
    expect(f, 0x0D);
    out(&f->board, 0x20, 0x20);
    expect(f, 0x0D);
    set(f, 5, false);
    out(&f->board, 0x20, 0x20);
    expect_quiet(f);
}

/* Windows 98's RTL8029 driver crashed where IRQ 11 was level-triggered from power-on: that is for the firmware to
 * say. */
static void reset_leaves_every_input_edge_triggered(void **state)
{
    struct fixture *f = *state;

    out(&f->board, 0x4D0, 0xFF);
    out(&f->board, 0x4D1, 0xFF);
    i8259_reset(&f->pic);
    assert_int_equal(in(&f->board, 0x4D0), 0);
    assert_int_equal(in(&f->board, 0x4D1), 0);
}

static void request_that_is_withdrawn_is_spurious(void **state)
{
    struct fixture *f = *state;

    raise(f, 4);
    set(f, 4, false);
    expect_quiet(f);
    assert_int_equal(i8259_acknowledge(&f->pic), 0x0F);
    out(&f->board, 0x20, 0x0B);
    assert_int_equal(in(&f->board, 0x20), 0x00);
    raise(f, 12);
    set(f, 12, false);
    expect_quiet(f);
    assert_int_equal(i8259_acknowledge(&f->pic), 0x0F);
}

static void icw1_forgets_edges(void **state)
{
    struct fixture *f = *state;

    raise(f, 6);
    initialise(&f->board, 0x11, 0x01, 0x01);
    expect_quiet(f);
    raise(f, 6);
    expect(f, 0x0E);
}

static void automatic_eoi_leaves_nothing_in_service(void **state)
{
    struct fixture *f = *state;

    initialise(&f->board, 0x11, 0x03, 0x03);
    raise(f, 0);
    raise(f, 9);
    raise(f, 10);
    expect(f, 0x08);
    expect(f, 0x71);
    expect(f, 0x72);
    expect_quiet(f);
}

static void rotation_puts_the_served_input_last(void **state)
{
    struct fixture *f = *state;

    raise(f, 0);
    expect(f, 0x08);
    raise(f, 0);
    raise(f, 7);
    out(&f->board, 0x20, 0xA0); /* rotate on non-specific EOI */
    expect(f, 0x0F);
    out(&f->board, 0x20, 0xE7); /* rotate on specific EOI */
    expect(f, 0x08);
    out(&f->board, 0x20, 0x20);
    out(&f->board, 0x20, 0xC3); /* set priority: 4 is first */
    raise(f, 3);
    raise(f, 4);
    expect(f, 0x0C);
}

static void rotation_in_automatic_eoi(void **state)
{
    struct fixture *f = *state;

    initialise(&f->board, 0x11, 0x03, 0x01);
    out(&f->board, 0x20, 0x80);
    raise(f, 0);
    expect(f, 0x08);
    raise(f, 0);
    raise(f, 1);
    expect(f, 0x09);
    expect(f, 0x08);
}

static void special_mask_lets_lower_inputs_pass(void **state)
{
    struct fixture *f = *state;

    raise(f, 3);
    expect(f, 0x0B);
    raise(f, 6);
    expect_quiet(f);
    out(&f->board, 0x21, 0x08);
    out(&f->board, 0x20, 0x68);
    expect(f, 0x0E);
    out(&f->board, 0x20, 0x20); /* ends 6: 3 is masked and ignored */
    out(&f->board, 0x20, 0x0B);
    assert_int_equal(in(&f->board, 0x20), 0x08);
    out(&f->board, 0x20, 0x48);
    raise(f, 6);
    expect_quiet(f);
}

static void poll_acknowledges(void **state)
{
    struct fixture *f = *state;

    raise(f, 6);
    out(&f->board, 0x20, 0x0C);
    assert_int_equal(in(&f->board, 0x20), 0x86);
    expect_quiet(f);
    out(&f->board, 0x20, 0x0C);
    assert_int_equal(in(&f->board, 0x20), 0x00);
    raise(f, 12);
    out(&f->board, 0xA0, 0x0C);
    assert_int_equal(in(&f->board, 0xA0), 0x84);
    expect_quiet(f);
}

static void special_fully_nested_master_takes_a_more_urgent_slave_request(void **state)
{
    struct fixture *f = *state;

    raise(f, 12);
    expect(f, 0x74);
    raise(f, 9);
    expect_quiet(f);
    initialise(&f->board, 0x11, 0x11, 0x01);
    raise(f, 12);
    expect(f, 0x74);
    raise(f, 9);
    expect(f, 0x71);
    raise(f, 3);
    expect_quiet(f);
}

static void no_sequence_of_writes_does_harm(void **state)
{
    static const uint16_t ports[] = {0x20, 0x21, 0xA0, 0xA1, 0x4D0, 0x4D1};
    struct fixture *f = *state;

    for (unsigned i = 0; i < 2000; i++) {
        set(f, i * 7 % 16, i & 4);
        board_abuse(&f->board, ports, 6, 5);
        i8259_acknowledge(&f->pic);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_is_accepted_before_initialisation, setup),
        cmocka_unit_test_setup(lower_input_goes_first_and_service_blocks_lower_ones, setup),
        cmocka_unit_test_setup(slave_ranks_at_input_2_and_gives_its_own_vector, setup),
        cmocka_unit_test_setup(mask_holds_a_request_back, setup),
        cmocka_unit_test_setup(edge_is_served_once_and_level_as_long_as_it_lasts, setup),
        cmocka_unit_test_setup(reset_leaves_every_input_edge_triggered, setup),
        cmocka_unit_test_setup(request_that_is_withdrawn_is_spurious, setup),
        cmocka_unit_test_setup(icw1_forgets_edges, setup),
        cmocka_unit_test_setup(automatic_eoi_leaves_nothing_in_service, setup),
        cmocka_unit_test_setup(rotation_puts_the_served_input_last, setup),
        cmocka_unit_test_setup(rotation_in_automatic_eoi, setup),
        cmocka_unit_test_setup(special_mask_lets_lower_inputs_pass, setup),
        cmocka_unit_test_setup(poll_acknowledges, setup),
        cmocka_unit_test_setup(special_fully_nested_master_takes_a_more_urgent_slave_request, setup),
        cmocka_unit_test_setup(no_sequence_of_writes_does_harm, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
