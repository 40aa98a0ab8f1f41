/* test_devices_ports.c - the system board's ports and the parallel port. */
#include "emu/devices/i8254.h"
#include "emu/devices/parallel.h"
#include "emu/devices/sysports.h"
#include "tests/unit/board.h"

enum { IRQ0, IRQ7, A20, RESET, POWER_OFF };

struct fixture {
    struct board board;
    struct i8254 pit;
    struct sysports ports;
    struct parallel parallel;
};

static int setup(void **state)
{
    static struct fixture f;

    board_init(&f.board);
    i8254_init(&f.pit, &f.board.clock, &f.board.bus, board_wire(&f.board, IRQ0), sysports_timer_line(&f.ports));
    sysports_init(&f.ports, &f.board.clock, &f.board.bus, i8254_gate(&f.pit, 2), board_wire(&f.board, A20),
                  board_wire(&f.board, RESET), board_wire(&f.board, POWER_OFF));
    parallel_init(&f.parallel, &f.board.clock, &f.board.bus, 0x378, board_wire(&f.board, IRQ7), board_take_byte,
                  &f.board);
    *state = &f;
    return 0;
}

static void port_61h_gates_timer_2_and_shows_its_output(void **state)
{
    struct fixture *f = *state;

    out(&f->board, 0x43, 0xB0);
    out(&f->board, 0x42, 100);
    out(&f->board, 0x42, 0);
    board_run_us(&f->board, 1000);
    assert_int_equal(in(&f->board, 0x61) & 0x2F, 0x00);
    out(&f->board, 0x61, 0xFD);
    board_run_us(&f->board, 83);
    assert_int_equal(in(&f->board, 0x61) & 0xEF, 0x0D);
    board_run_us(&f->board, 1);
    assert_int_equal(in(&f->board, 0x61) & 0xEF, 0x2D);
}

static void refresh_bit_changes_every_18_clocks(void **state)
{
    struct fixture *f = *state;
    unsigned changes = 0;
    uint8_t last = in(&f->board, 0x61);

    for (unsigned i = 0; i < 100000; i++) {
        uint8_t now;
        board_run_us(&f->board, 1);
        now = in(&f->board, 0x61);
        changes += now != last;
        last = now;
    }
    assert_int_equal(changes, 119318 / 18);
}

static void port_92h_drives_a20_and_resets_on_an_edge(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(in(&f->board, 0x92), 0);
    out(&f->board, 0x92, 0x02);
    assert_true(f->board.level[A20]);
    assert_int_equal(in(&f->board, 0x92), 0x02);
    out(&f->board, 0x92, 0x03);
    out(&f->board, 0x92, 0x03);
    assert_int_equal(f->board.rises[RESET], 1);
    out(&f->board, 0x92, 0x00);
    assert_false(f->board.level[A20]);
}

static void the_word_shutdown_switches_off(void **state)
{
    struct fixture *f = *state;

    for (const char *p = "ShutShutdow"; *p; p++)
        out(&f->board, 0x8900, (uint8_t)*p);
    assert_int_equal(f->board.rises[POWER_OFF], 0);
    out(&f->board, 0x8900, 'n');
    assert_int_equal(f->board.rises[POWER_OFF], 1);
    out(&f->board, 0x8900, 'n');
    assert_int_equal(f->board.rises[POWER_OFF], 1);
}

static void strobe(struct fixture *f, uint8_t byte, uint8_t control)
{
    out(&f->board, 0x378, byte);
    out(&f->board, 0x37A, control | 1);
    out(&f->board, 0x37A, control);
}

static void strobe_prints_a_byte_and_the_printer_answers(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(in(&f->board, 0x379), 0xDF);
    strobe(f, 'P', 0x0C);
    assert_int_equal(f->board.sent_count, 1);
    assert_int_equal(f->board.sent[0], 'P');
    assert_int_equal(in(&f->board, 0x379), 0x5F);
    strobe(f, 'Q', 0x0C); /* busy: lost */
    assert_int_equal(f->board.sent_count, 1);
    board_run_us(&f->board, 5);
    assert_int_equal(in(&f->board, 0x379), 0x1F);
    board_run_us(&f->board, 5);
    assert_int_equal(in(&f->board, 0x379), 0xDB);
    assert_int_equal(in(&f->board, 0x379), 0xDF);
    assert_int_equal(in(&f->board, 0x378), 'Q');
    assert_int_equal(in(&f->board, 0x37A), 0xCC);
    assert_int_equal(f->board.rises[IRQ7], 0);
}

static void acknowledge_interrupts_until_the_status_is_read(void **state)
{
    struct fixture *f = *state;

    strobe(f, 'P', 0x1C);
    board_run_us(&f->board, 9);
    assert_false(f->board.level[IRQ7]);
    board_run_us(&f->board, 1);
    assert_true(f->board.level[IRQ7]);
    in(&f->board, 0x379);
    assert_false(f->board.level[IRQ7]);
}

static void no_sequence_of_writes_does_harm(void **state)
{
    static const uint16_t ports[] = {0x61, 0x92, 0x378, 0x379, 0x37A, 0x8900, 0x42, 0x43};
    board_abuse(&((struct fixture *)*state)->board, ports, 8, 20000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(port_61h_gates_timer_2_and_shows_its_output, setup),
        cmocka_unit_test_setup(refresh_bit_changes_every_18_clocks, setup),
        cmocka_unit_test_setup(port_92h_drives_a20_and_resets_on_an_edge, setup),
        cmocka_unit_test_setup(the_word_shutdown_switches_off, setup),
        cmocka_unit_test_setup(strobe_prints_a_byte_and_the_printer_answers, setup),
        cmocka_unit_test_setup(acknowledge_interrupts_until_the_status_is_read, setup),
        cmocka_unit_test_setup(no_sequence_of_writes_does_harm, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
