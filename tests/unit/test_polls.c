/* test_polls.c - a loop that asks a device leaves what it leaves when each lap is run, at any deadline and with any
 * device that says when its answer may be another. */
#include "tests/unit/processor.h"

#include "tests/unit/random.h"

#define READY_PORT 0x300  /* 0, and 1 from a tick on */
#define CLOCK_PORT 0x301  /* a bit that changes every so many ticks */
#define COUNT_PORT 0x302  /* each read counts, and says so */
#define SILENT_PORT 0x303 /* always 0, but does not say so */

struct device {
    struct processor *p;
    uint64_t ready, period;
    uint32_t reads;
};

static uint64_t now(const struct device *d)
{
    return clock_now(&d->p->clock);
}

static uint32_t device_read(void *device, uint16_t port, unsigned size)
{
    struct device *d = device;

    (void)size;
    switch (port) {
    case READY_PORT: return now(d) >= d->ready;
    case CLOCK_PORT: return now(d) / d->period & 1;
    case COUNT_PORT: return ++d->reads > 50;
    default: return 0;
    }
}

static void device_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    (void)device, (void)port, (void)value, (void)size;
}

static uint64_t device_repeats(void *device, uint16_t port)
{
    struct device *d = device;

    switch (port) {
    case READY_PORT: return now(d) < d->ready ? d->ready : NEVER;
    case CLOCK_PORT: return (now(d) / d->period + 1) * d->period;
    default: return 0;
    }
}

struct outcome {
    struct processor *p;
    uint32_t reads;
};

static struct outcome run_code(const uint8_t *code, size_t length, uint64_t ready, uint64_t period, int64_t ticks,
                               bool run_waits)
{
    struct processor *p = processor_protected(CPU_PENTIUM, 0);
    struct device d = {.p = p, .ready = ready, .period = period};

    bus_map_ports(&p->bus, READY_PORT, 3, 1, device_read, device_write, &d);
    bus_declare_repeats(&p->bus, &d, device_read, device_repeats);
    bus_map_ports(&p->bus, SILENT_PORT, 1, 1, device_read, device_write, &p->bus);
    p->cpu.reg[ESP] = AT_STACK - 0x100;
    p->cpu.reg[EDI] = AT_DATA;
    p->cpu.io_ticks = (uint32_t)(period % 97);
    p->cpu.run_waits = run_waits;
    code_put(p, AT_CODE, code, length);
    poke(p, AT_CODE + (uint32_t)length, 0xF4, 1);
    run(p, ticks);
    return (struct outcome){p, d.reads};
}

/* The same both ways; returns the ticks that were not run. */
static uint64_t compare(const uint8_t *code, size_t length, uint64_t ready, uint64_t period, int64_t ticks)
{
    struct outcome a = run_code(code, length, ready, period, ticks, true),
                   b = run_code(code, length, ready, period, ticks, false);
    uint64_t waited = b.p->cpu.waited;

    assert_int_equal(a.p->cpu.waited, 0);
    assert_int_equal(a.reads, b.reads);
    assert_memory_equal(a.p->cpu.reg, b.p->cpu.reg, sizeof a.p->cpu.reg);
    assert_int_equal(flags_read(&a.p->cpu), flags_read(&b.p->cpu));
    assert_int_equal(a.p->cpu.eip, b.p->cpu.eip);
    assert_int_equal(a.p->cpu.left, b.p->cpu.left);
    expect_same_ram(a.p, b.p);
    processor_free(a.p);
    processor_free(b.p);
    return waited;
}

#define COMPARE(ready, ticks, ...) compare(CODE_BYTES(__VA_ARGS__), ready, 1000, ticks)
#define PORT(port) 0xBA, D(port) /* mov edx, port */

static void a_loop_that_asks_is_advanced_until_the_device_is_ready(void **state)
{
    (void)state;
    /* in al, dx; test al, 1; jz */
    assert_true(COMPARE(50000, 1000000, PORT(READY_PORT), 0xEC, 0xA8, 1, 0x74, 0xFB) > 49000);
    assert_true(COMPARE(NEVER, 50000, PORT(READY_PORT), 0xEC, 0xA8, 1, 0x74, 0xFB) > 49000);
    /* the bit of a clock, awaited both ways three times: mov ecx, 3; 1: in; test; jz 1b; 2: in; test; jnz 2b; dec ecx;
     * jnz 1b */
    assert_true(COMPARE(0, 1000000, PORT(CLOCK_PORT), 0xB9, D(3), 0xEC, 0xA8, 1, 0x74, 0xFB, 0xEC, 0xA8, 1, 0x75, 0xFB,
                        0x49, 0x75, 0xF3) > 3000);
}

static void calls_and_two_ports_may_lie_in_a_lap(void **state)
{
    (void)state;
    /* 0: mov edx, clock; in; mov edx, ready; push 1; call 1f; pop ecx; test al, 1; jz 0b; hlt; 1: in al, dx; ret */
    assert_true(COMPARE(50000, 1000000, PORT(SILENT_PORT + 1), 0xEC, PORT(READY_PORT), 0x6A, 1, 0xE8, D(6), 0x59, 0xA8,
                        1, 0x74, 0xE9, 0xF4, 0xEC, 0xC3) > 45000);
    /* pushfd; cli; in; popfd; test; jz */
    assert_true(COMPARE(50000, 1000000, PORT(READY_PORT), 0x9C, 0xFA, 0xEC, 0x9D, 0xA8, 1, 0x74, 0xF8) > 45000);
    /* and a local variable: in; mov [esp-16], eax; test byte [esp-16], 1; jz */
    assert_true(COMPARE(50000, 1000000, PORT(READY_PORT), 0xEC, 0x89, 0x44, 0x24, 0xF0, 0xF6, 0x44, 0x24, 0xF0, 1, 0x74,
                        0xF4) > 45000);
}

static void what_does_not_repeat_is_run(void **state)
{
    (void)state;
    /* reads that count */
    assert_int_equal(COMPARE(0, 100000, PORT(COUNT_PORT), 0xEC, 0xA8, 1, 0x74, 0xFB), 0);
    /* a device that says nothing */
    assert_int_equal(COMPARE(0, 100000, PORT(SILENT_PORT), 0xEC, 0xA8, 1, 0x74, 0xFB), 0);
    /* laps that are counted: in a register, on the stack, in memory */
    assert_int_equal(COMPARE(50000, 100000, PORT(READY_PORT), 0xEC, 0x41, 0xA8, 1, 0x74, 0xFA), 0);
    assert_int_equal(COMPARE(50000, 100000, PORT(READY_PORT), 0xEC, 0xFF, 0x44, 0x24, 0x10, 0xA8, 1, 0x74, 0xF7), 0);
    assert_int_equal(COMPARE(50000, 100000, PORT(READY_PORT), 0xEC, 0xFF, 0x07, 0xA8, 1, 0x74, 0xF9), 0);
    /* a lap that writes to a port, or looks at the clock: in; out 80h, al; or rdtsc; mov eax, 0; in */
    assert_int_equal(COMPARE(50000, 100000, PORT(READY_PORT), 0xEC, 0xE6, 0x80, 0xA8, 1, 0x74, 0xF9), 0);
    assert_int_equal(COMPARE(50000, 100000, 0x0F, 0x31, PORT(READY_PORT), 0xB8, D(0), 0xEC, 0xA8, 1, 0x74, 0xEF), 0);
}

/* Laps of random length, to random deadlines, of devices that are ready or turn at random ticks. */
static void random_loops_are_the_same_both_ways(void **state)
{
    static const uint8_t idle[][3] = {{0x90, 0x90, 0x90}, {0x50, 0x90, 0x58}, {0x8B, 0x1F, 0x90}, {0x89, 0xC3, 0x90},
                                      {0x56, 0x5E, 0x90}, {0x31, 0xDB, 0x90}, {0xEC, 0x90, 0x90}, {0x43, 0x4B, 0x90}};
    uint32_t seed = 20261130;
    uint64_t waited = 0, ticks = 0;

    (void)state;
    for (unsigned n = 0; n < 1000; n++) {
        uint8_t code[64] = {PORT(READY_PORT), 0};
        uint32_t length = 5, start = 5;
        code[1] = (uint8_t)(READY_PORT + random_below(&seed, 2));
        for (unsigned k = random_below(&seed, 5); k; k--, length += 3)
            memcpy(code + length, idle[random_below(&seed, 8)], 3);
        code[length++] = 0xEC;
        for (unsigned k = random_below(&seed, 3); k; k--, length += 3)
            memcpy(code + length, idle[random_below(&seed, 8)], 3);
        code[length++] = 0xA8; /* test al, 1; jz or jnz */
        code[length++] = 1;
        code[length++] = (uint8_t)(0x74 + random_below(&seed, 2));
        code[length] = (uint8_t)(start - length - 1);
        length++;
        int64_t deadline = 1 + random_below(&seed, random_below(&seed, 2) ? 900 : 60000);
        waited += compare(code, length, random_below(&seed, 90000), 1 + random_below(&seed, 9000), deadline);
        ticks += (uint64_t)deadline;
    }
    assert_true(waited > ticks / 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loop_that_asks_is_advanced_until_the_device_is_ready),
        cmocka_unit_test(calls_and_two_ports_may_lie_in_a_lap),
        cmocka_unit_test(what_does_not_repeat_is_run),
        cmocka_unit_test(random_loops_are_the_same_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
