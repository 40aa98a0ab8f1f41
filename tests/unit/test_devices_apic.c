/* test_devices_apic.c - local and I/O APIC (Intel SDM vol. 3, chapter 8; 82093AA data sheet), with the 8259 behind
 * them as on the board. */
#include "emu/devices/i8259.h"
#include "emu/devices/ioapic.h"
#include "emu/devices/lapic.h"
#include "tests/unit/board.h"

enum { INTR, NMI, INIT };
enum { ID = 0x20, VERSION = 0x30, TPR = 0x80, APR = 0x90, PPR = 0xA0, EOI = 0xB0, LDR = 0xD0, DFR = 0xE0, SVR = 0xF0 };
enum { ISR = 0x100, TMR = 0x180, IRR = 0x200, ESR = 0x280, ICR = 0x300, ICR_HIGH = 0x310, TIMER = 0x320 };
enum { THERMAL = 0x330, PERFORMANCE = 0x340, LINT0 = 0x350, LINT1 = 0x360, ERROR = 0x370 };
enum { INITIAL = 0x380, CURRENT = 0x390, DIVIDE = 0x3E0 };
enum { MASKED = 0x10000, PERIODIC = 0x20000, LEVEL = 0x8000, LOW = 0x2000, EXTINT = 0x700, NMI_MODE = 0x400 };
enum { BY_ONE = 0xB, SELF = 0x40000, ALL = 0x80000, OTHERS = 0xC0000, LOGICAL = 0x800, ASSERT = 0x4000 };

struct fixture {
    struct board board;
    struct memory memory;
    struct i8259 pic;
    struct apic_bus apics;
    struct lapic lapic;
    struct ioapic ioapic;
    uint64_t base;
};

static uint8_t acknowledge_8259(void *pic)
{
    return i8259_acknowledge(pic);
}

/* As in machine.c: INT of the 8259 goes to the local APIC and to pin 0. */
static void int_changed(void *listener, unsigned number, bool level)
{
    struct fixture *f = listener;
    struct line local = lapic_pic_line(&f->lapic), pin = ioapic_line(&f->ioapic, 0);

    (void)number;
    line_set(&local, level);
    line_set(&pin, level);
}

static uint32_t get(struct fixture *f, unsigned reg)
{
    return memory_read(&f->memory, (uint32_t)(f->base & ~0xFFFu) + reg, 4);
}

static void put(struct fixture *f, unsigned reg, uint32_t value)
{
    memory_write(&f->memory, (uint32_t)(f->base & ~0xFFFu) + reg, value, 4);
}

static uint32_t io_get(struct fixture *f, unsigned reg)
{
    memory_write(&f->memory, IOAPIC_BASE, reg, 4);
    return memory_read(&f->memory, IOAPIC_BASE + 0x10, 4);
}

static void io_put(struct fixture *f, unsigned reg, uint32_t value)
{
    memory_write(&f->memory, IOAPIC_BASE, reg, 4);
    memory_write(&f->memory, IOAPIC_BASE + 0x10, value, 4);
}

/* An entry of the redirection table, to processor 0. */
static void entry(struct fixture *f, unsigned pin, uint32_t low)
{
    io_put(f, 0x10 + 2 * pin, low);
}

static void pin(struct fixture *f, unsigned number, bool level)
{
    struct line line = ioapic_line(&f->ioapic, number);
    line_set(&line, level);
}

static void lint1(struct fixture *f, bool level)
{
    struct line line = lapic_lint1_line(&f->lapic);
    line_set(&line, level);
}

static void irq(struct fixture *f, unsigned number, bool level)
{
    struct line line = i8259_line(&f->pic, number);
    line_set(&line, level);
}

static void start(struct fixture *f, enum lapic_kind kind)
{
    struct lapic_wiring wiring = {
        .base = &f->base,
        .apics = &f->apics,
        .intr = board_wire(&f->board, INTR),
        .nmi = board_wire(&f->board, NMI),
        .init = board_wire(&f->board, INIT),
        .acknowledge = acknowledge_8259,
        .pic = &f->pic,
    };
    static const uint8_t icw[] = {0x11, 0x08, 0x04, 0x01, 0x00};

    memory_free(&f->memory);
    assert_true(memory_init(&f->memory, 0x100000));
    board_init(&f->board);
    f->board.clock.ticks_per_microsecond = 200; /* three ticks are a clock of the bus */
    f->base = 0xFEE00900;
    f->apics = (struct apic_bus){lapic_deliver, &f->lapic, ioapic_ended, &f->ioapic};
    i8259_init(&f->pic, &f->board.bus, (struct line){int_changed, f, 0});
    lapic_init(&f->lapic, kind, &f->board.clock, &f->board.bus, &f->memory, &wiring);
    ioapic_init(&f->ioapic, &f->memory, &f->apics);
    for (unsigned i = 0; i < sizeof icw; i++)
        out(&f->board, i ? 0x21 : 0x20, icw[i]);
}

static int setup(void **state)
{
    static struct fixture f;

    start(&f, LAPIC_P6);
    put(&f, SVR, 0x1FF);
    *state = &f;
    return 0;
}

static void expect(struct fixture *f, uint8_t vector)
{
    assert_true(f->board.level[INTR]);
    assert_int_equal(lapic_acknowledge(&f->lapic), vector);
}

static void expect_quiet(struct fixture *f)
{
    assert_false(f->board.level[INTR]);
}

static void send_self(struct fixture *f, uint32_t command)
{
    put(f, ICR, SELF | ASSERT | command);
}

/* --- Registers --- */

static void each_model_has_its_version_and_table(void **state)
{
    static const struct {
        enum lapic_kind kind;
        uint32_t version, id, spurious, thermal, performance;
    } models[] = {
        {LAPIC_PENTIUM, 0x00030010, 0x0F000000, 0x3FF, 0, 0},
        {LAPIC_P6, 0x00040011, 0x0F000000, 0x3FF, 0, 0x107FF},
        {LAPIC_PENTIUM4, 0x00050014, 0xFF000000, 0x3F0, 0x107FF, 0x107FF},
    };
    struct fixture *f = *state;

    for (unsigned n = 0; n < 3; n++) {
        start(f, models[n].kind);
        assert_int_equal(get(f, VERSION), models[n].version);
        put(f, ID, UINT32_MAX);
        assert_int_equal(get(f, ID), models[n].id);
        put(f, SVR, 0x3F0);
        assert_int_equal(get(f, SVR), models[n].spurious);
        put(f, THERMAL, UINT32_MAX);
        assert_int_equal(get(f, THERMAL), models[n].thermal);
        put(f, PERFORMANCE, UINT32_MAX);
        assert_int_equal(get(f, PERFORMANCE), models[n].performance);
    }
}

static void power_on_is_software_disabled_with_all_masked(void **state)
{
    static const uint16_t masked[] = {TIMER, PERFORMANCE, LINT0, LINT1, ERROR};
    struct fixture *f = *state;

    start(f, LAPIC_P6);
    assert_int_equal(get(f, SVR), 0xFF);
    assert_int_equal(get(f, DFR), UINT32_MAX);
    assert_int_equal(get(f, LDR), 0);
    for (unsigned n = 0; n < 5; n++)
        assert_int_equal(get(f, masked[n]), MASKED);
    put(f, LINT1, 0x400); /* the mask stays while it is off */
    assert_int_equal(get(f, LINT1), MASKED | 0x400);
    put(f, SVR, 0x1FF);
    put(f, LINT1, 0x400);
    assert_int_equal(get(f, LINT1), 0x400);
    put(f, SVR, 0xFF);
    assert_int_equal(get(f, LINT1), MASKED | 0x400);
    send_self(f, 0x40); /* and it takes no fixed interrupt */
    expect_quiet(f);
}

static void only_whole_registers_are_written(void **state)
{
    struct fixture *f = *state;
    uint32_t at = 0xFEE00000;

    put(f, TPR, 0x20);
    memory_write(&f->memory, at + TPR, 0x30, 1);
    memory_write(&f->memory, at + TPR, 0x30, 2);
    memory_write(&f->memory, at + TPR + 1, 0x30, 4);
    memory_write(&f->memory, at + TPR + 4, 0x30, 4);
    assert_int_equal(get(f, TPR), 0x20);
    put(f, DFR, 0x1FFFFFFF);
    assert_int_equal(memory_read(&f->memory, at + DFR + 3, 1), 0x1F);
    assert_int_equal(memory_read(&f->memory, at + DFR + 2, 2), 0x1FFF);
    assert_int_equal(memory_read(&f->memory, at + DFR + 2, 4), 0x00001FFF);
    assert_int_equal(memory_read(&f->memory, at + DFR + 4, 4), 0);
}

static void the_base_moves_it_and_switches_it_off(void **state)
{
    struct fixture *f = *state;

    put(f, TPR, 0x20);
    f->base = 0xC0000900;
    lapic_base_written(&f->lapic);
    assert_int_equal(memory_read(&f->memory, 0xFEE00000 + TPR, 4), UINT32_MAX);
    assert_int_equal(get(f, TPR), 0x20);
    f->base = 0xFEE00100;
    lapic_base_written(&f->lapic);
    assert_int_equal(get(f, VERSION), UINT32_MAX);
    irq(f, 3, true); /* the 8259 is the processor's again, whatever LINT0 says */
    expect(f, 0x0B);
    f->base = UINT64_C(0x1FEE00900);
    lapic_base_written(&f->lapic);
    assert_int_equal(memory_read(&f->memory, 0xFEE00000 + VERSION, 4), UINT32_MAX);
    f->base = 0xFEE00900;
    lapic_base_written(&f->lapic);
    assert_int_equal(get(f, TPR), 0); /* it forgot its state */
    assert_int_equal(get(f, SVR), 0xFF);
}

/* --- Priorities --- */

static void higher_classes_go_first_and_nest(void **state)
{
    struct fixture *f = *state;

    send_self(f, 0x41);
    send_self(f, 0x55);
    send_self(f, 0x51);
    assert_int_equal(get(f, IRR + 0x20), 1 << 1 | 1 << 21 | 1 << 17);
    expect(f, 0x55);
    assert_int_equal(get(f, PPR), 0x50);
    assert_int_equal(get(f, ISR + 0x20), 1 << 21);
    expect_quiet(f); /* 51h is of the same class */
    send_self(f, 0x60);
    expect(f, 0x60);
    put(f, EOI, 0);
    expect_quiet(f);
    put(f, EOI, 0);
    expect(f, 0x51);
    put(f, EOI, 0);
    expect(f, 0x41);
    put(f, EOI, 0);
    assert_int_equal(get(f, PPR), 0);
    put(f, EOI, 0); /* of nothing */
    expect_quiet(f);
}

static void task_priority_holds_lower_classes_back(void **state)
{
    struct fixture *f = *state;

    put(f, TPR, 0x4F);
    send_self(f, 0x4E);
    expect_quiet(f);
    assert_int_equal(get(f, PPR), 0x4F);
    assert_int_equal(get(f, APR), 0x4F);
    put(f, TPR, 0x3F);
    assert_int_equal(get(f, APR), 0x40);
    expect(f, 0x4E);
    assert_int_equal(get(f, PPR), 0x40);
}

static void a_request_that_went_away_is_spurious(void **state)
{
    struct fixture *f = *state;

    put(f, SVR, 0x1EF);
    assert_int_equal(lapic_acknowledge(&f->lapic), 0xEF);
    assert_int_equal(get(f, ISR + 0x70), 0); /* not in service: no EOI */
}

/* --- Sending --- */

static void messages_reach_their_destination_only(void **state)
{
    static const struct {
        uint32_t high, low;
        bool reaches;
    } cases[] = {
        {0, 0, true},
        {0x01000000, 0, false},
        {0x0F000000, 0, true}, /* broadcast */
        {0, SELF, true},
        {0, ALL, true},
        {0, OTHERS, false},
        {0x02000000, LOGICAL, true},
        {0x01000000, LOGICAL, false},
        {0xFF000000, LOGICAL, true},
    };
    struct fixture *f = *state;

    put(f, LDR, 0x12000000);
    for (unsigned n = 0; n < sizeof cases / sizeof *cases; n++) {
        put(f, ICR_HIGH, cases[n].high);
        put(f, ICR, cases[n].low | ASSERT | 0x40);
        assert_int_equal(f->board.level[INTR], cases[n].reaches);
        assert_int_equal(get(f, ICR) & 0x1000, 0); /* idle: it is there */
        if (cases[n].reaches) {
            expect(f, 0x40);
            put(f, EOI, 0);
        }
    }
}

static void clusters_have_four_members(void **state)
{
    struct fixture *f = *state;

    put(f, DFR, 0);
    put(f, LDR, 0x12000000); /* cluster 1, member 1 */
    put(f, ICR_HIGH, 0x23000000);
    put(f, ICR, LOGICAL | 0x40);
    expect_quiet(f);
    put(f, ICR_HIGH, 0x1D000000);
    put(f, ICR, LOGICAL | 0x40);
    expect_quiet(f);
    put(f, ICR_HIGH, 0x13000000);
    put(f, ICR, LOGICAL | 0x40);
    expect(f, 0x40);
    put(f, EOI, 0);
    put(f, ICR_HIGH, 0xF2000000); /* in all clusters */
    put(f, ICR, LOGICAL | 0x41);
    expect(f, 0x41);
}

static void nmi_and_init_to_itself_are_pulses_and_startup_is_nothing(void **state)
{
    struct fixture *f = *state;

    put(f, ICR, ASSERT | 0x400);
    assert_int_equal(f->board.rises[NMI], 1);
    assert_false(f->board.level[NMI]);
    put(f, ICR, LEVEL | 0x500); /* level, not asserted */
    assert_int_equal(f->board.rises[INIT], 0);
    put(f, ICR, ASSERT | 0x500);
    assert_int_equal(f->board.rises[INIT], 1);
    put(f, ICR, ASSERT | 0x610);
    put(f, ICR, ASSERT | 0x200);
    assert_int_equal(f->board.rises[NMI] + f->board.rises[INIT], 2);
    expect_quiet(f);
}

static void initialisation_keeps_the_id(void **state)
{
    struct fixture *f = *state;

    put(f, ID, 0x03000000);
    put(f, LDR, 0x01000000);
    send_self(f, 0x44);
    lapic_initialise(&f->lapic);
    expect_quiet(f);
    assert_int_equal(get(f, ID), 0x03000000);
    assert_int_equal(get(f, LDR), 0);
    lapic_reset(&f->lapic);
    assert_int_equal(get(f, ID), 0);
}

/* --- Errors --- */

static void errors_show_after_a_write_to_the_register(void **state)
{
    struct fixture *f = *state;

    put(f, ERROR, 0xFE);
    send_self(f, 0x0F);
    assert_int_equal(get(f, ESR), 0);
    put(f, ESR, 0);
    assert_int_equal(get(f, ESR), 0x20);
    expect(f, 0xFE);
    put(f, EOI, 0);
    put(f, ESR, 0);
    assert_int_equal(get(f, ESR), 0);
    get(f, 0x40); /* no register */
    put(f, 0x3F0, 1);
    put(f, ICR, OTHERS | 0x40);
    entry(f, 5, 0x0E); /* an illegal vector from outside */
    pin(f, 5, true);
    put(f, ESR, 0);
    assert_int_equal(get(f, ESR), 0x80 | 0x04 | 0x40);
}

static void the_pentium_shows_and_clears_errors_when_read(void **state)
{
    struct fixture *f = *state;

    start(f, LAPIC_PENTIUM);
    put(f, SVR, 0x1FF);
    get(f, 0x40); /* it does not know of illegal registers */
    send_self(f, 3);
    assert_int_equal(get(f, ESR), 0x20);
    assert_int_equal(get(f, ESR), 0);
}

static void an_illegal_error_vector_is_an_error_once(void **state)
{
    struct fixture *f = *state;

    put(f, ERROR, 0x01);
    send_self(f, 0x02);
    expect_quiet(f);
    put(f, ESR, 0);
    assert_int_equal(get(f, ESR), 0x60);
}

/* --- The timer --- */

/* The tick at which n clocks of the bus have passed. */
static uint64_t at_clock(const struct fixture *f, uint64_t n)
{
    return clock_ticks_for_cycles(&f->board.clock, n, LAPIC_TIMER_HZ);
}

static void a_one_shot_ends_at_its_tick(void **state)
{
    struct fixture *f = *state;

    put(f, DIVIDE, BY_ONE);
    put(f, TIMER, 0x50);
    put(f, INITIAL, 1000);
    assert_int_equal(get(f, CURRENT), 1000);
    board_run_to(&f->board, at_clock(f, 400));
    assert_int_equal(get(f, CURRENT), 600);
    board_run_to(&f->board, at_clock(f, 1000) - 1);
    expect_quiet(f);
    board_run_to(&f->board, at_clock(f, 1000));
    assert_int_equal(get(f, CURRENT), 0);
    expect(f, 0x50);
    put(f, EOI, 0);
    board_run_us(&f->board, 1000);
    expect_quiet(f);
    put(f, TIMER, PERIODIC | 0x50); /* one that has expired stands until it is loaded */
    board_run_us(&f->board, 1000);
    expect_quiet(f);
}

static void every_divider_divides(void **state)
{
    static const struct {
        uint32_t code;
        unsigned by;
    } dividers[] = {{0, 2}, {1, 4}, {2, 8}, {3, 16}, {8, 32}, {9, 64}, {0xA, 128}, {0xB, 1}};
    struct fixture *f = *state;

    for (unsigned n = 0; n < 8; n++) {
        uint64_t begin = clock_cycles(&f->board.clock, board_now(&f->board), LAPIC_TIMER_HZ);
        put(f, DIVIDE, dividers[n].code);
        assert_int_equal(get(f, DIVIDE), dividers[n].code);
        put(f, INITIAL, 100);
        board_run_to(&f->board, at_clock(f, begin + dividers[n].by * 70));
        assert_int_equal(get(f, CURRENT), 30);
    }
}

static void a_period_repeats_without_drift(void **state)
{
    struct fixture *f = *state;

    put(f, DIVIDE, BY_ONE);
    put(f, TIMER, PERIODIC | 0x50);
    put(f, INITIAL, 777);
    for (unsigned n = 1; n <= 1000; n++) {
        board_run_to(&f->board, at_clock(f, 777 * n) - 1);
        expect_quiet(f);
        board_run_to(&f->board, at_clock(f, 777 * n));
        expect(f, 0x50);
        put(f, EOI, 0);
    }
    put(f, INITIAL, 0);
    board_run_us(&f->board, 1000);
    expect_quiet(f);
    assert_int_equal(get(f, CURRENT), 0);
}

static void a_masked_timer_counts_and_keeps_its_phase(void **state)
{
    struct fixture *f = *state;

    put(f, DIVIDE, BY_ONE);
    put(f, TIMER, MASKED | PERIODIC | 0x50);
    put(f, INITIAL, 1000);
    assert_true(f->lapic.due_at == NEVER);
    board_run_to(&f->board, at_clock(f, 2300));
    assert_int_equal(get(f, CURRENT), 700);
    put(f, TIMER, PERIODIC | 0x50);
    board_run_to(&f->board, at_clock(f, 3000) - 1);
    expect_quiet(f);
    board_run_to(&f->board, at_clock(f, 3000));
    expect(f, 0x50);
}

static void another_divider_continues_the_count(void **state)
{
    struct fixture *f = *state;

    put(f, DIVIDE, BY_ONE);
    put(f, TIMER, 0x50);
    put(f, INITIAL, 1000);
    board_run_to(&f->board, at_clock(f, 500));
    put(f, DIVIDE, 0); /* by two */
    assert_int_equal(get(f, CURRENT), 500);
    board_run_to(&f->board, at_clock(f, 1500) - 1);
    expect_quiet(f);
    board_run_to(&f->board, at_clock(f, 1500));
    expect(f, 0x50);
}

static void the_shortest_period_is_one_event_a_tick(void **state)
{
    struct fixture *f = *state;

    f->board.clock.ticks_per_microsecond = 25; /* several clocks of the bus are a tick */
    put(f, DIVIDE, BY_ONE);
    put(f, TIMER, PERIODIC | 0x50);
    put(f, INITIAL, 1);
    for (unsigned n = 0; n < 100; n++) {
        board_run_to(&f->board, board_now(&f->board) + 1);
        expect(f, 0x50);
        put(f, EOI, 0);
    }
}

/* --- The 8259 and its three roads --- */

static void the_8259_passes_the_local_apic_by_at_power_on(void **state)
{
    struct fixture *f = *state;

    start(f, LAPIC_P6);
    irq(f, 3, true);
    expect(f, 0x0B);
}

static void imcr_sends_the_8259_to_lint0(void **state)
{
    struct fixture *f = *state;

    out(&f->board, 0x22, 0x70);
    assert_int_equal(in(&f->board, 0x23), 0);
    out(&f->board, 0x23, in(&f->board, 0x23) | 1);
    assert_int_equal(in(&f->board, 0x23), 1);
    irq(f, 3, true);
    expect_quiet(f); /* LINT0 is masked */
    put(f, LINT0, EXTINT);
    expect(f, 0x0B);
    expect_quiet(f);
    out(&f->board, 0x20, 0x20);
    irq(f, 4, true);
    put(f, LINT0, MASKED | EXTINT);
    expect_quiet(f);
    put(f, LINT0, EXTINT);
    send_self(f, 0x40); /* goes before the 8259 */
    expect(f, 0x40);
    expect(f, 0x0C);
    out(&f->board, 0x22, 0);
    assert_int_equal(in(&f->board, 0x23), 0xFF);
    out(&f->board, 0x23, 0); /* another register: not there */
    out(&f->board, 0x22, 0x70);
    assert_int_equal(in(&f->board, 0x23), 1);
}

static void an_extint_entry_carries_the_8259_on(void **state)
{
    struct fixture *f = *state;

    out(&f->board, 0x22, 0x70);
    out(&f->board, 0x23, 1);
    irq(f, 3, true);
    expect_quiet(f);
    entry(f, 0, EXTINT); /* finds it waiting */
    expect(f, 0x0B);
    expect_quiet(f);
    out(&f->board, 0x20, 0x20);
    irq(f, 4, true);
    expect(f, 0x0C);
    irq(f, 1, true); /* more urgent, while the other is served */
    expect(f, 0x09);
}

static void lint_pins_do_what_their_entries_say(void **state)
{
    struct fixture *f = *state;

    put(f, LINT1, NMI_MODE);
    lint1(f, true);
    lint1(f, true);
    assert_int_equal(f->board.rises[NMI], 1);
    lint1(f, false);
    put(f, LINT1, NMI_MODE | LOW);
    lint1(f, true);
    lint1(f, false);
    assert_int_equal(f->board.rises[NMI], 2);
    put(f, LINT1, 0x66);
    lint1(f, true);
    expect(f, 0x66);
    put(f, EOI, 0);
    expect_quiet(f);             /* an edge */
    put(f, LINT1, LEVEL | 0x66); /* finds its level */
    expect(f, 0x66);
    assert_int_equal(get(f, LINT1), LEVEL | 0x4066); /* remote IRR */
    put(f, EOI, 0);
    expect(f, 0x66); /* still there */
    lint1(f, false);
    put(f, EOI, 0);
    expect_quiet(f);
    assert_int_equal(get(f, LINT1), LEVEL | 0x66);
}

/* --- The I/O APIC --- */

static void the_io_apic_knows_itself(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(io_get(f, 1), 0x00170011);
    io_put(f, 0, UINT32_MAX);
    assert_int_equal(io_get(f, 0), 0x0F000000);
    assert_int_equal(io_get(f, 2), 0x0F000000);
    assert_int_equal(memory_read(&f->memory, IOAPIC_BASE, 4), 2);
    for (unsigned n = 0; n < IOAPIC_PINS; n++) {
        assert_int_equal(io_get(f, 0x10 + 2 * n), MASKED);
        io_put(f, 0x11 + 2 * n, UINT32_MAX);
        assert_int_equal(io_get(f, 0x11 + 2 * n), 0xFF000000);
    }
    assert_int_equal(io_get(f, 0x40), 0);
    io_put(f, 0x10, MASKED | UINT32_MAX);
    assert_int_equal(io_get(f, 0x10), 0x1AFFF);
}

static void an_edge_is_sent_once_and_lost_while_masked(void **state)
{
    struct fixture *f = *state;

    entry(f, 4, 0x44);
    pin(f, 4, true);
    expect(f, 0x44);
    assert_int_equal(get(f, TMR + 0x20), 0);
    put(f, EOI, 0);
    expect_quiet(f);
    pin(f, 4, false);
    entry(f, 4, MASKED | 0x44);
    pin(f, 4, true);
    entry(f, 4, 0x44);
    expect_quiet(f);
    pin(f, 4, false);
    entry(f, 4, LOW | 0x45); /* no edge by writing */
    expect_quiet(f);
    pin(f, 4, true);
    pin(f, 4, false);
    expect(f, 0x45);
}

static void a_level_is_held_back_until_its_end_is_reported(void **state)
{
    struct fixture *f = *state;

    entry(f, 16, LOW | LEVEL | 0x61);
    expect_quiet(f); /* PCI's lines are high at rest */
    pin(f, 16, false);
    assert_int_equal(io_get(f, 0x30), LOW | LEVEL | 0x4061); /* remote IRR */
    expect(f, 0x61);
    assert_int_equal(get(f, TMR + 0x30), 1 << 1);
    pin(f, 16, true);
    pin(f, 16, false);
    expect_quiet(f);
    put(f, EOI, 0);
    expect(f, 0x61);
    pin(f, 16, true);
    put(f, EOI, 0);
    expect_quiet(f);
    assert_int_equal(io_get(f, 0x30), LOW | LEVEL | 0x61);
}

static void an_entry_of_edges_forgets_remote_irr(void **state)
{
    struct fixture *f = *state;

    entry(f, 9, LEVEL | 0x61);
    pin(f, 9, true);
    expect(f, 0x61);
    pin(f, 9, false);
    entry(f, 9, MASKED | 0x61);
    assert_int_equal(io_get(f, 0x22), MASKED | 0x61);
    entry(f, 9, LEVEL | 0x61);
    assert_int_equal(io_get(f, 0x22), LEVEL | 0x61);
}

static void entries_have_destinations_and_modes(void **state)
{
    struct fixture *f = *state;

    io_put(f, 0x10 + 2 * 7 + 1, 0x05000000);
    entry(f, 7, LEVEL | 0x47);
    pin(f, 7, true);
    expect_quiet(f);
    assert_int_equal(io_get(f, 0x10 + 2 * 7), LEVEL | 0x47); /* nobody took it */
    put(f, LDR, 0x04000000);
    entry(f, 7, LEVEL | LOGICAL | 0x147); /* lowest priority, among one */
    expect(f, 0x47);
    entry(f, 8, NMI_MODE);
    pin(f, 8, true);
    assert_int_equal(f->board.rises[NMI], 1);
    entry(f, 10, 0x500);
    pin(f, 10, true);
    assert_int_equal(f->board.rises[INIT], 1);
}

static void a_reset_masks_every_pin(void **state)
{
    struct fixture *f = *state;

    entry(f, 9, LEVEL | 0x61);
    pin(f, 9, true);
    ioapic_reset(&f->ioapic);
    assert_int_equal(io_get(f, 0x22), MASKED);
    entry(f, 9, LEVEL | 0x62); /* the line is still high */
    expect(f, 0x62);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_model_has_its_version_and_table, setup),
        cmocka_unit_test_setup(power_on_is_software_disabled_with_all_masked, setup),
        cmocka_unit_test_setup(only_whole_registers_are_written, setup),
        cmocka_unit_test_setup(the_base_moves_it_and_switches_it_off, setup),
        cmocka_unit_test_setup(higher_classes_go_first_and_nest, setup),
        cmocka_unit_test_setup(task_priority_holds_lower_classes_back, setup),
        cmocka_unit_test_setup(a_request_that_went_away_is_spurious, setup),
        cmocka_unit_test_setup(messages_reach_their_destination_only, setup),
        cmocka_unit_test_setup(clusters_have_four_members, setup),
        cmocka_unit_test_setup(nmi_and_init_to_itself_are_pulses_and_startup_is_nothing, setup),
        cmocka_unit_test_setup(initialisation_keeps_the_id, setup),
        cmocka_unit_test_setup(errors_show_after_a_write_to_the_register, setup),
        cmocka_unit_test_setup(the_pentium_shows_and_clears_errors_when_read, setup),
        cmocka_unit_test_setup(an_illegal_error_vector_is_an_error_once, setup),
        cmocka_unit_test_setup(a_one_shot_ends_at_its_tick, setup),
        cmocka_unit_test_setup(every_divider_divides, setup),
        cmocka_unit_test_setup(a_period_repeats_without_drift, setup),
        cmocka_unit_test_setup(a_masked_timer_counts_and_keeps_its_phase, setup),
        cmocka_unit_test_setup(another_divider_continues_the_count, setup),
        cmocka_unit_test_setup(the_shortest_period_is_one_event_a_tick, setup),
        cmocka_unit_test_setup(the_8259_passes_the_local_apic_by_at_power_on, setup),
        cmocka_unit_test_setup(imcr_sends_the_8259_to_lint0, setup),
        cmocka_unit_test_setup(an_extint_entry_carries_the_8259_on, setup),
        cmocka_unit_test_setup(lint_pins_do_what_their_entries_say, setup),
        cmocka_unit_test_setup(the_io_apic_knows_itself, setup),
        cmocka_unit_test_setup(an_edge_is_sent_once_and_lost_while_masked, setup),
        cmocka_unit_test_setup(a_level_is_held_back_until_its_end_is_reported, setup),
        cmocka_unit_test_setup(an_entry_of_edges_forgets_remote_irr, setup),
        cmocka_unit_test_setup(entries_have_destinations_and_modes, setup),
        cmocka_unit_test_setup(a_reset_masks_every_pin, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
