/* test_devices_uart16550.c - the serial port: timing, FIFOs, interrupts, loopback (PC16550D data sheet). */
#include "emu/devices/uart16550.h"
#include "tests/unit/board.h"

enum { IRQ4 };
/* clang-format off */
enum {
    BASE = 0x3F8, IER = 0x3F9, IIR = 0x3FA, FCR = 0x3FA, LCR = 0x3FB, MCR = 0x3FC, LSR = 0x3FD, MSR = 0x3FE, SCR =
    0x3FF
};
/* clang-format on */

struct fixture {
    struct board board;
    struct uart16550 uart;
    uint64_t byte_ticks; /* of 8N1 at 9,600 baud */
};

static int setup(void **state)
{
    static struct fixture f;

    board_init(&f.board);
    uart16550_init(&f.uart, &f.board.clock, &f.board.bus, BASE, EVENT_SERIAL_0, board_wire(&f.board, IRQ4),
                   board_take_byte, &f.board);
    out(&f.board, LCR, 0x83);
    out(&f.board, BASE, 12);
    out(&f.board, IER, 0);
    out(&f.board, LCR, 0x03);
    out(&f.board, MCR, 0x0B);
    f.byte_ticks = clock_ticks_for_cycles(&f.board.clock, 10 * 16 * 12, 1843200);
    *state = &f;
    return 0;
}

static void run_bytes(struct fixture *f, unsigned bytes)
{
    board_run_to(&f->board, board_now(&f->board) + bytes * f->byte_ticks);
}

static void byte_leaves_after_its_time(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(in(&f->board, LSR), 0x60);
    out(&f->board, BASE, 'A');
    assert_int_equal(in(&f->board, LSR), 0x20); /* the shift register has it */
    out(&f->board, BASE, 'B');
    assert_int_equal(in(&f->board, LSR), 0x00);
    run_bytes(f, 2);
    assert_int_equal(in(&f->board, LSR), 0x60);
    assert_int_equal(f->board.sent_count, 2);
    assert_memory_equal(f->board.sent, "AB", 2);
    assert_int_equal(f->board.sent_at[0], f->byte_ticks);
    assert_int_equal(f->board.sent_at[1], 2 * f->byte_ticks);
    assert_int_equal(f->byte_ticks, (10 * TICKS_PER_US * 1000000ull + 9599) / 9600);
}

static void format_and_divisor_set_the_time(void **state)
{
    static const struct {
        uint8_t lcr;
        unsigned half_bits;
    } cases[] = {
        {0x00, 14}, {0x04, 15}, {0x03, 20}, {0x07, 22}, {0x1B, 22}, {0x1F, 24}, {0x0A, 20},
    };
    struct fixture *f = *state;

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t start = board_now(&f->board);
        out(&f->board, LCR, cases[i].lcr);
        out(&f->board, BASE, 0xFF);
        board_run_us(&f->board, 2000);
        assert_int_equal(f->board.sent_at[i] - start,
                         clock_ticks_for_cycles(&f->board.clock, cases[i].half_bits * 8 * 12, 1843200));
        assert_int_equal(f->board.sent[i], 0xFF >> (3 - (cases[i].lcr & 3)));
    }
    out(&f->board, LCR, 0x83);
    out(&f->board, BASE, 0x34);
    out(&f->board, IER, 0x12);
    assert_int_equal(in(&f->board, BASE), 0x34);
    assert_int_equal(in(&f->board, IER), 0x12);
}

static void transmitter_interrupt(void **state)
{
    struct fixture *f = *state;

    out(&f->board, IER, 0x02);
    assert_true(f->board.level[IRQ4]);
    assert_int_equal(in(&f->board, IIR), 0x02);
    assert_false(f->board.level[IRQ4]);
    assert_int_equal(in(&f->board, IIR), 0x01);
    out(&f->board, BASE, 'A');
    assert_true(f->board.level[IRQ4]);
    out(&f->board, BASE, 'B');
    assert_false(f->board.level[IRQ4]);
    run_bytes(f, 1);
    assert_true(f->board.level[IRQ4]);
    out(&f->board, MCR, 0x03); /* OUT2 is the board's gate */
    assert_false(f->board.level[IRQ4]);
}

static void received_byte_interrupts_and_the_next_waits(void **state)
{
    struct fixture *f = *state;

    out(&f->board, IER, 0x01);
    assert_true(uart16550_receive(&f->uart, 'x'));
    assert_false(uart16550_receive(&f->uart, 'y'));
    assert_int_equal(in(&f->board, LSR), 0x60);
    run_bytes(f, 1);
    assert_int_equal(f->board.rose_at[IRQ4], f->byte_ticks);
    assert_int_equal(in(&f->board, LSR), 0x61);
    assert_int_equal(in(&f->board, IIR), 0x04);
    assert_false(uart16550_receive(&f->uart, 'y'));
    assert_int_equal(in(&f->board, BASE), 'x');
    assert_false(f->board.level[IRQ4]);
    assert_true(uart16550_receive(&f->uart, 'y'));
}

static void fifo_triggers_and_times_out(void **state)
{
    struct fixture *f = *state;

    out(&f->board, FCR, 0x41); /* trigger 4 */
    out(&f->board, IER, 0x01);
    assert_int_equal(in(&f->board, IIR), 0xC1);
    for (unsigned i = 0; i < 4; i++) {
        assert_false(f->board.level[IRQ4]);
        assert_true(uart16550_receive(&f->uart, (uint8_t)('a' + i)));
        run_bytes(f, 1);
    }
    assert_int_equal(in(&f->board, IIR), 0xC4);
    assert_int_equal(in(&f->board, BASE), 'a');
    assert_false(f->board.level[IRQ4]);
    board_run_to(&f->board, board_now(&f->board) + 4 * f->byte_ticks - 4);
    assert_false(f->board.level[IRQ4]);
    board_run_to(&f->board, board_now(&f->board) + 4);
    assert_true(f->board.level[IRQ4]);
    assert_int_equal(in(&f->board, IIR), 0xCC);
    assert_int_equal(in(&f->board, BASE), 'b');
    assert_false(f->board.level[IRQ4]);
    assert_int_equal(in(&f->board, BASE), 'c');
    assert_int_equal(in(&f->board, BASE), 'd');
    assert_int_equal(in(&f->board, BASE), 0);
    run_bytes(f, 10);
    assert_int_equal(in(&f->board, IIR), 0xC1);
}

static void fifo_holds_16_and_sends_them_in_a_row(void **state)
{
    struct fixture *f = *state;

    out(&f->board, FCR, 0x01);
    for (unsigned i = 0; i < 18; i++) /* one in the shift register, 16 behind it, one lost */
        out(&f->board, BASE, (uint8_t)('A' + i));
    run_bytes(f, 20);
    assert_int_equal(f->board.sent_count, 17);
    assert_memory_equal(f->board.sent, "ABCDEFGHIJKLMNOPQ", 17);
    assert_int_equal(f->board.sent_at[16], 17 * f->byte_ticks);
    for (unsigned i = 0; i < 16; i++) {
        assert_true(uart16550_receive(&f->uart, (uint8_t)i));
        run_bytes(f, 1);
    }
    assert_false(uart16550_receive(&f->uart, 16));
    out(&f->board, FCR, 0x03);
    assert_int_equal(in(&f->board, LSR), 0x60);
}

static void loopback_returns_bytes_and_modem_lines(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(in(&f->board, MSR), 0xB0);
    out(&f->board, MCR, 0x1F);
    assert_int_equal(in(&f->board, MSR), 0xF0);
    out(&f->board, MCR, 0x10);
    assert_int_equal(in(&f->board, MSR), 0x0F);
    assert_int_equal(in(&f->board, MSR), 0x00);
    out(&f->board, MCR, 0x12);
    assert_int_equal(in(&f->board, MSR), 0x11);
    assert_false(uart16550_receive(&f->uart, 'x'));
    out(&f->board, BASE, 'L');
    run_bytes(f, 1);
    assert_int_equal(in(&f->board, LSR), 0x61);
    assert_int_equal(f->board.sent_count, 0);
    out(&f->board, BASE, 'M');
    run_bytes(f, 1);
    out(&f->board, IER, 0x0F);
    assert_int_equal(in(&f->board, IIR), 0x06); /* overrun: the new byte has won */
    assert_int_equal(in(&f->board, LSR), 0x63);
    assert_int_equal(in(&f->board, LSR), 0x61);
    assert_int_equal(in(&f->board, IIR), 0x04);
    assert_int_equal(in(&f->board, BASE), 'M');
    assert_int_equal(in(&f->board, IIR), 0x02);
    out(&f->board, MCR, 0x18);
    assert_int_equal(in(&f->board, IIR), 0x00);
    assert_false(f->board.level[IRQ4]); /* OUT2 is cut off in loopback */
    out(&f->board, MCR, 0x08);
    assert_true(f->board.level[IRQ4]);
    in(&f->board, MSR);
    assert_int_equal(in(&f->board, IIR), 0x01);
}

static void scratch_and_unused_bits(void **state)
{
    struct fixture *f = *state;

    out(&f->board, SCR, 0xA5);
    assert_int_equal(in(&f->board, SCR), 0xA5);
    out(&f->board, IER, 0xF0);
    assert_int_equal(in(&f->board, IER), 0x00);
    out(&f->board, MCR, 0xE0);
    assert_int_equal(in(&f->board, MCR), 0x00);
}

static void no_sequence_of_writes_does_harm(void **state)
{
    static const uint16_t ports[] = {BASE, IER, IIR, LCR, MCR, LSR, MSR, SCR};
    struct fixture *f = *state;

    for (unsigned i = 0; i < 5000; i++) {
        board_abuse(&f->board, ports, 8, 1 + i % 13);
        uart16550_receive(&f->uart, (uint8_t)i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(byte_leaves_after_its_time, setup),
        cmocka_unit_test_setup(format_and_divisor_set_the_time, setup),
        cmocka_unit_test_setup(transmitter_interrupt, setup),
        cmocka_unit_test_setup(received_byte_interrupts_and_the_next_waits, setup),
        cmocka_unit_test_setup(fifo_triggers_and_times_out, setup),
        cmocka_unit_test_setup(fifo_holds_16_and_sends_them_in_a_row, setup),
        cmocka_unit_test_setup(loopback_returns_bytes_and_modem_lines, setup),
        cmocka_unit_test_setup(scratch_and_unused_bits, setup),
        cmocka_unit_test_setup(no_sequence_of_writes_does_harm, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
