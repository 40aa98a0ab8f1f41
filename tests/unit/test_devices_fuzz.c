/* test_devices_fuzz.c - a sample of what `make fuzz` does to the devices: traffic at random, the same in every run, for
 * the sanitizers to watch, and the same state from the same traffic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "archive/digest.h"
#include "tests/fuzz/fuzz_devices.h"
#include "tests/unit/random.h"

#define CASES 300
#define BYTES 1024

static void random_traffic(uint32_t seed, uint8_t bytes[BYTES])
{
    for (unsigned i = 0; i < BYTES; i++)
        bytes[i] = (uint8_t)random_below(&seed, 256);
}

static void traffic_does_no_harm(void **state)
{
    struct fuzz_guest guest;
    uint8_t bytes[BYTES];

    assert_true(fuzz_open(&guest, *state));
    for (uint32_t seed = 1; seed <= CASES; seed++) {
        random_traffic(seed * 2654435761u, bytes);
        fuzz_case(&guest, bytes, sizeof bytes);
    }
    assert_int_equal(guest.cases, CASES);
    assert_true(guest.accesses > CASES * 50);
    fuzz_close(&guest);
}

/* A port that says that its reads repeat gives the same until the tick it names, and nothing changes by it. */
static void repeats(struct fuzz_guest *guest, uint16_t port)
{
    struct machine *m = guest->machine;
    uint64_t until = bus_repeats_until(&m->bus, port, 1), now = machine_tick(m);
    int64_t left = m->cpu.left;
    uint8_t before[32], after[32];
    uint32_t value;

    if (until <= now || m->clock.deadline <= now)
        return;
    assert_true(machine_digest(m, before));
    value = bus_read(&m->bus, port, 1);
    assert_true(machine_digest(m, after));
    assert_memory_equal(before, after, sizeof before);
    for (unsigned n = 1; n <= 4; n++) {
        uint64_t last = (until < m->clock.deadline ? until : m->clock.deadline) - 1;
        m->cpu.left = (int64_t)(m->clock.deadline - (last - (last - now) / n));
        assert_int_equal(bus_read(&m->bus, port, 1), value);
    }
    m->cpu.left = left;
    assert_true(machine_digest(m, after));
    assert_memory_equal(before, after, sizeof before);
}

static void real_sha256(void *context, const uint8_t *bytes, size_t length, uint8_t digest[32])
{
    (void)context;
    sha256(bytes, length, digest);
}

static void digest_after(struct fuzz_guest *guest, const uint8_t bytes[BYTES], uint8_t digest[32])
{
    fuzz_case(guest, bytes, BYTES);
    assert_true(machine_digest(guest->machine, digest));
}

static void reads_that_say_so_repeat(void **state)
{
    uint8_t bytes[BYTES];

    (void)state;
    for (size_t target = 0; target < FUZZ_TARGETS; target++) {
        struct fuzz_guest guest;
        assert_true(fuzz_open(&guest, &fuzz_targets[target]));
        guest.machine->host.sha256 = guest.powered_on->host.sha256 = real_sha256;
        for (uint32_t seed = 1; seed <= 5; seed++) {
            random_traffic(seed * 2654435761u, bytes);
            fuzz_case(&guest, bytes, sizeof bytes);
            for (const struct fuzz_range *r = fuzz_targets[target].ports; r->count; r++)
                for (unsigned n = 0; n < r->count; n++)
                    repeats(&guest, (uint16_t)(r->first + n));
        }
        fuzz_close(&guest);
    }
}

/* Another case in between leaves nothing behind. */
static void the_same_traffic_gives_the_same_state(void **state)
{
    struct fuzz_guest guest;
    uint8_t bytes[BYTES], other[BYTES], first[32], second[32];

    (void)state;
    assert_true(fuzz_open(&guest, fuzz_target_named("floppy")));
    guest.machine->host.sha256 = guest.powered_on->host.sha256 = real_sha256;
    random_traffic(7, bytes);
    random_traffic(8, other);
    digest_after(&guest, bytes, first);
    digest_after(&guest, other, second);
    assert_memory_not_equal(first, second, sizeof first);
    digest_after(&guest, bytes, second);
    assert_memory_equal(first, second, sizeof first);
    fuzz_close(&guest);
}

int main(void)
{
    struct CMUnitTest tests[FUZZ_TARGETS + 2] = {
        [FUZZ_TARGETS] = {.name = "the_same_traffic_gives_the_same_state",
                          .test_func = the_same_traffic_gives_the_same_state},
        [FUZZ_TARGETS + 1] = {.name = "reads_that_say_so_repeat", .test_func = reads_that_say_so_repeat},
    };

    for (size_t i = 0; i < FUZZ_TARGETS; i++)
        tests[i] = (struct CMUnitTest){.name = fuzz_targets[i].name,
                                       .test_func = traffic_does_no_harm,
                                       .initial_state = (void *)(uintptr_t)&fuzz_targets[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
