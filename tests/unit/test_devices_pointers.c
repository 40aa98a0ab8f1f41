/* test_devices_pointers.c - the serial mouse at the end of its cable, and the pointer and clipboard of VMware's
 * backdoor. What the PS/2 mouse does is in test_devices_i8042.c. */
#include "emu/devices/backdoor.h"
#include "emu/devices/serial_mouse.h"
#include "emu/devices/uart16550.h"
#include "tests/unit/board.h"

enum { IRQ4, REPORT };
enum { BASE = 0x3F8, LCR = 0x3FB, MCR = 0x3FC, LSR = 0x3FD, MSR = 0x3FE, BAUD_1200 = 96 };
enum { DTR = 1, RTS = 2, LOOP = 0x10 };

struct fixture {
    struct board board;
    struct uart16550 uart;
    struct serial_mouse mouse;
    struct backdoor backdoor;
    char copied[64];
};

/* --- The serial mouse --- */

static void mouse_out(void *context, uint8_t byte)
{
    struct fixture *f = context;

    board_take_byte(&f->board, byte);
    uart16550_receive_at(&f->uart, BAUD_1200, byte);
}

static void set_line(struct fixture *f, uint8_t divisor, uint8_t format)
{
    out(&f->board, LCR, 0x80 | format);
    out(&f->board, BASE, divisor);
    out(&f->board, LCR, format);
}

static int mouse_setup(void **state)
{
    static struct fixture f;

    board_init(&f.board);
    uart16550_init(&f.uart, &f.board.clock, &f.board.bus, BASE, EVENT_SERIAL_0, board_wire(&f.board, IRQ4), NULL, NULL);
    serial_mouse_init(&f.mouse, &f.board.clock, mouse_out, &f);
    f.uart.dtr = serial_mouse_wire(&f.mouse, SERIAL_MOUSE_DTR);
    f.uart.rts = serial_mouse_wire(&f.mouse, SERIAL_MOUSE_RTS);
    f.uart.modem_in = 0;
    set_line(&f, BAUD_1200, 2);
    *state = &f;
    return 0;
}

/* What comes within so many milliseconds, a driver that polls as it should. */
static unsigned take(struct fixture *f, unsigned milliseconds, uint8_t bytes[64])
{
    unsigned count = 0;

    for (unsigned n = 0; n < milliseconds; n++) {
        board_run_us(&f->board, 1000);
        if (in(&f->board, LSR) & 1)
            bytes[count++] = in(&f->board, BASE);
    }
    return count;
}

static void power_on(struct fixture *f)
{
    uint8_t bytes[64];

    out(&f->board, MCR, DTR | RTS);
    assert_int_equal(take(f, 50, bytes), 1);
    assert_int_equal(bytes[0], 'M');
}

static void the_mouse_says_m_when_rts_and_dtr_have_come_on(void **state)
{
    struct fixture *f = *state;
    uint8_t bytes[64];

    assert_int_equal(take(f, 50, bytes), 0);
    out(&f->board, MCR, DTR);
    assert_int_equal(take(f, 50, bytes), 0);
    out(&f->board, MCR, DTR | RTS);
    assert_int_equal(take(f, 14, bytes), 0); /* no sooner than 14 ms */
    assert_int_equal(take(f, 20, bytes), 1);
    assert_int_equal(bytes[0], 'M');
    assert_int_equal(in(&f->board, MSR) & 0xF0, 0); /* it drives none of these */
    out(&f->board, MCR, DTR);                       /* a driver asks again */
    out(&f->board, MCR, DTR | RTS);
    assert_int_equal(take(f, 50, bytes), 1);
    out(&f->board, MCR, DTR | RTS | LOOP); /* loopback takes both away */
    out(&f->board, MCR, DTR | RTS);
    assert_int_equal(take(f, 50, bytes), 1);
}

static void movement_and_buttons_are_three_bytes(void **state)
{
    static const struct {
        int dx, dy;
        unsigned buttons;
        uint8_t bytes[3];
    } cases[] = {
        {1, 0, 0, {0x40, 1, 0}}, {-1, 2, 0, {0x43, 0x3F, 2}}, {100, -100, 1, {0x60 | 8 | 1, 0x24, 0x1C}},
        {0, 0, 3, {0x70, 0, 0}}, {0, 0, 2, {0x50, 0, 0}},     {0, 0, 0, {0x40, 0, 0}},
    };
    struct fixture *f = *state;
    uint8_t bytes[64];

    power_on(f);
    for (unsigned n = 0; n < sizeof cases / sizeof *cases; n++) {
        assert_true(serial_mouse_move(&f->mouse, cases[n].dx, cases[n].dy, cases[n].buttons));
        assert_int_equal(take(f, 60, bytes), 3);
        assert_memory_equal(bytes, cases[n].bytes, 3);
    }
    serial_mouse_move(&f->mouse, 0, 0, 4); /* a button that it does not have */
    assert_int_equal(take(f, 60, bytes), 0);
}

static int signed8(unsigned value)
{
    return value & 0x80 ? (int)value - 256 : (int)value;
}

/* However often the mouse is moved, there is one report at a time, and the last one ends where the mouse is. */
static void movement_adds_up_and_no_queue_lags(void **state)
{
    struct fixture *f = *state;
    uint8_t bytes[64];
    int x = 0, y = 0;
    unsigned count;

    power_on(f);
    for (unsigned n = 0; n < 1000; n++)
        assert_true(serial_mouse_move(&f->mouse, 1, -1, 0));
    count = take(f, 300, bytes);
    assert_int_equal(count, 3 * 8); /* 7 times 127, and 111 */
    for (unsigned n = 0; n < count; n += 3) {
        assert_in_range(bytes[n], 0x40, 0x4F);
        x += signed8((bytes[n] & 3u) << 6 | bytes[n + 1]);
        y += signed8((bytes[n] & 12u) << 4 | bytes[n + 2]);
    }
    assert_int_equal(x, 1000);
    assert_int_equal(y, -1000);
    assert_int_equal(f->board.sent_at[2] - f->board.sent_at[1], 8334 * TICKS_PER_US); /* 40 reports a second */
}

static void a_button_waits_until_its_change_is_reported(void **state)
{
    struct fixture *f = *state;
    uint8_t bytes[64];

    power_on(f);
    assert_true(serial_mouse_move(&f->mouse, 0, 0, 1));
    assert_false(serial_mouse_move(&f->mouse, 0, 0, 0));
    assert_true(serial_mouse_move(&f->mouse, 5, 0, 1));
    assert_int_equal(take(f, 60, bytes), 3);
    assert_int_equal(bytes[0], 0x60);
    assert_true(serial_mouse_move(&f->mouse, 0, 0, 0));
}

static void nothing_arrives_at_another_rate(void **state)
{
    struct fixture *f = *state;
    uint8_t bytes[64];

    set_line(f, 12, 3);
    out(&f->board, MCR, DTR | RTS);
    assert_int_equal(take(f, 50, bytes), 0);
    set_line(f, BAUD_1200, 3); /* eight data bits: the stop bit is the eighth */
    serial_mouse_move(&f->mouse, 3, 4, 0);
    assert_int_equal(take(f, 60, bytes), 3);
    assert_memory_equal(bytes, ((uint8_t[]){0xC0, 0x83, 0x84}), 3);
}

static void without_power_nothing_moves(void **state)
{
    struct fixture *f = *state;
    uint8_t bytes[64];

    assert_true(serial_mouse_move(&f->mouse, 100, 100, 1));
    assert_true(serial_mouse_move(&f->mouse, 100, 100, 0));
    assert_int_equal(take(f, 60, bytes), 0);
    power_on(f);
    assert_int_equal(take(f, 60, bytes), 0);
}

/* --- The backdoor --- */

#define MAGIC 0x564D5868u
#define IDENTIFY 0x45414552u
#define ABSOLUTE 0x53424152u
#define RELATIVE 0x4C455252u
enum { EAX, ECX, EDX, EBX };
enum { DATA = 39, STATUS = 40, COMMAND = 41 };

static void copied(void *context, const uint8_t *text, size_t length)
{
    struct fixture *f = context;

    assert_true(length < sizeof f->copied);
    memcpy(f->copied, text, length);
    f->copied[length] = '\0';
}

static int backdoor_setup(void **state)
{
    static struct fixture f;

    memset(&f, 0, sizeof f);
    board_init(&f.board);
    backdoor_init(&f.backdoor, &f.board.bus, board_wire(&f.board, REPORT), copied, &f);
    *state = &f;
    return 0;
}

/* IN EAX, DX. The registers are in `reg` afterwards. */
static uint32_t call(struct fixture *f, uint32_t command, uint32_t argument, uint32_t reg[8])
{
    assert_true(bus_calls(&f->board.bus, 0x5658));
    for (unsigned n = 0; n < 8; n++)
        reg[n] = 0x11111111u * n;
    reg[EAX] = MAGIC;
    reg[ECX] = command;
    reg[EDX] = 0x5658;
    reg[EBX] = argument;
    f->board.bus.call.function(f->board.bus.call.device, reg);
    return reg[EAX];
}

static void open_pointer(struct fixture *f)
{
    uint32_t reg[8];

    assert_int_equal(call(f, STATUS, 0, reg), 0xFFFF0000); /* nobody has asked for it */
    call(f, COMMAND, IDENTIFY, reg);
    assert_int_equal(call(f, STATUS, 0, reg), 1);
    assert_int_equal(call(f, DATA, 1, reg), 0x3442554A);
    assert_int_equal(call(f, STATUS, 0, reg), 0);
    call(f, COMMAND, ABSOLUTE, reg);
}

static void the_version_is_told_to_those_who_know_the_number(void **state)
{
    struct fixture *f = *state;
    uint32_t reg[8];

    assert_int_equal(call(f, 10, ~MAGIC, reg), 6);
    assert_int_equal(reg[EBX], MAGIC);
    assert_int_equal(reg[EDX], 0x5658);
    assert_int_equal(call(f, 99, 7, reg), 0xFFFFFFFF);
    assert_int_equal(reg[EBX], 7);
    reg[EAX] = MAGIC + 1;
    reg[ECX] = 10;
    f->board.bus.call.function(f->board.bus.call.device, reg);
    assert_int_equal(reg[EAX], 0xFFFFFFFF);
    assert_int_equal(reg[ECX], 10);
    assert_int_equal(bus_read(&f->board.bus, 0x5658, 4), 0xFFFFFFFF); /* no call: INS, or a byte */
}

static void a_position_is_read_as_it_was_given(void **state)
{
    struct fixture *f = *state;
    uint32_t reg[8];

    assert_false(backdoor_place(&f->backdoor, 1, 2, 0, 0)); /* no driver yet */
    open_pointer(f);
    assert_true(backdoor_place(&f->backdoor, 0x1234, 0xFFFF, -2, 5));
    assert_int_equal(f->board.rises[REPORT], 1);
    assert_int_equal(call(f, STATUS, 0, reg), 4);
    assert_int_equal(call(f, DATA, 4, reg), 0x28);
    assert_int_equal(reg[EBX], 0x1234);
    assert_int_equal(reg[ECX], 0xFFFF);
    assert_int_equal(reg[EDX], 0xFE);
    assert_int_equal(call(f, STATUS, 0, reg), 0);
    assert_int_equal(f->board.rises[REPORT], 1);
}

/* Whatever happens before the driver looks is in the one report. */
static void moves_are_one_report_until_it_is_read(void **state)
{
    struct fixture *f = *state;
    uint32_t reg[8];

    open_pointer(f);
    for (unsigned n = 0; n < 1000; n++)
        assert_true(backdoor_place(&f->backdoor, (uint16_t)n, (uint16_t)(2 * n), 1, 1));
    assert_int_equal(f->board.rises[REPORT], 1);
    assert_int_equal(call(f, STATUS, 0, reg), 4);
    assert_false(backdoor_place(&f->backdoor, 5, 5, 0, 0)); /* the button's change is not read yet */
    assert_int_equal(call(f, DATA, 4, reg), 0x20);
    assert_int_equal(reg[EBX], 999);
    assert_int_equal(reg[ECX], 1998);
    assert_int_equal(reg[EDX], 127);
    assert_int_equal(f->board.rises[REPORT], 2); /* the wheel turned further than a report can say */
    assert_int_equal(call(f, STATUS, 0, reg), 4);
    for (unsigned turned = 127; turned < 1000; turned += reg[EDX])
        call(f, DATA, 4, reg);
    assert_int_equal(call(f, STATUS, 0, reg), 0);
    assert_true(backdoor_move(&f->backdoor, 10, -3, 0, 0));
    assert_int_equal(call(f, DATA, 4, reg), 0);
    assert_int_equal(reg[EBX], 999 + 320);
    assert_int_equal(reg[ECX], 1998 - 96);
}

/* Word by word, as some drivers read. */
static void a_report_that_is_being_read_does_not_change(void **state)
{
    struct fixture *f = *state;
    uint32_t reg[8];

    open_pointer(f);
    backdoor_place(&f->backdoor, 1, 2, 3, 1);
    call(f, DATA, 1, reg);
    assert_int_equal(reg[EAX], 0x20);
    assert_true(backdoor_place(&f->backdoor, 11, 12, 0, 1));
    for (uint32_t word = 1; word <= 3; word++)
        assert_int_equal(call(f, DATA, 1, reg), word);
    assert_int_equal(call(f, STATUS, 0, reg), 4);
    assert_int_equal(call(f, DATA, 4, reg), 0x20);
    assert_int_equal(reg[EBX], 11);
}

static void asking_for_too_much_turns_the_pointer_off(void **state)
{
    struct fixture *f = *state;
    uint32_t reg[8];

    open_pointer(f);
    assert_int_equal(call(f, DATA, 1, reg), 0xFFFF0000);
    assert_int_equal(reg[EBX], 1);
    assert_int_equal(call(f, STATUS, 0, reg), 0xFFFF0000);
    assert_false(backdoor_place(&f->backdoor, 1, 1, 0, 0));
    open_pointer(f);
    call(f, COMMAND, RELATIVE, reg);
    assert_false(backdoor_place(&f->backdoor, 1, 1, 0, 0));
}

static void text_goes_both_ways(void **state)
{
    struct fixture *f = *state;
    uint32_t reg[8], word;
    char text[8] = "";

    assert_int_equal(call(f, 6, 0, reg), 0xFFFFFFFF);
    assert_true(backdoor_paste(&f->backdoor, (const uint8_t *)"ab", 2, false));
    assert_true(backdoor_paste(&f->backdoor, (const uint8_t *)"cdef", 4, true));
    assert_int_equal(call(f, 6, 0, reg), 6);
    for (unsigned n = 0; n < 8; n += 4) {
        word = call(f, 7, 0, reg);
        for (unsigned i = 0; i < 4; i++)
            text[n + i] = (char)(word >> 8 * i);
    }
    assert_string_equal(text, "abcdef");
    assert_int_equal(call(f, 6, 0, reg), 0xFFFFFFFF); /* it was taken */
    assert_int_equal(call(f, 7, 0, reg), 0);
    call(f, 8, 5, reg);
    call(f, 9, 'H' | 'e' << 8 | 'l' << 16 | 'l' << 24, reg);
    assert_string_equal(f->copied, "");
    call(f, 9, 'o' | '!' << 8, reg);
    assert_string_equal(f->copied, "Hello");
    call(f, 9, 'x', reg); /* nothing is expected any more */
    assert_string_equal(f->copied, "Hello");
}

static void a_text_that_is_too_long_is_refused(void **state)
{
    static const uint8_t text[BACKDOOR_TEXT];
    struct fixture *f = *state;

    assert_true(backdoor_paste(&f->backdoor, text, BACKDOOR_TEXT, false));
    assert_false(backdoor_paste(&f->backdoor, text, 1, true));
    assert_true(backdoor_paste(&f->backdoor, text, 1, false));
}

int main(void)
{
#define MOUSE(test) cmocka_unit_test_setup(test, mouse_setup)
#define BACKDOOR(test) cmocka_unit_test_setup(test, backdoor_setup)
    const struct CMUnitTest tests[] = {
        MOUSE(the_mouse_says_m_when_rts_and_dtr_have_come_on),
        MOUSE(movement_and_buttons_are_three_bytes),
        MOUSE(movement_adds_up_and_no_queue_lags),
        MOUSE(a_button_waits_until_its_change_is_reported),
        MOUSE(nothing_arrives_at_another_rate),
        MOUSE(without_power_nothing_moves),
        BACKDOOR(the_version_is_told_to_those_who_know_the_number),
        BACKDOOR(a_position_is_read_as_it_was_given),
        BACKDOOR(moves_are_one_report_until_it_is_read),
        BACKDOOR(a_report_that_is_being_read_does_not_change),
        BACKDOOR(asking_for_too_much_turns_the_pointer_off),
        BACKDOOR(text_goes_both_ways),
        BACKDOOR(a_text_that_is_too_long_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
