/* test_cable.c - machines on one cable: when a packet arrives, that slices and the order of listing change nothing,
 * what an end of power means, and the cable's state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "archive/archive.h"
#include "emu/cable.h"
#include "emu/machine.h"

#define LATENCY 200u
#define PACKET_US 68 /* 60 bytes, their check sequence and 20 more, at 0.8 us: 67.2 us */
enum { BASE = 0x300, CR = BASE, ISR = BASE + 7 };

struct station_setup {
    const char *name;
    unsigned mips;
    uint64_t power_on;
};

struct office {
    struct cable *cable;
    struct machine *machines[3];
    struct wire {
        struct office *office;
        unsigned station;
    } wires[3];
    unsigned count;
    uint64_t random; /* of the slices; 0: none */
};

static void hash(void *context, const uint8_t *bytes, size_t length, uint8_t digest[32])
{
    (void)context;
    sha256(bytes, length, digest);
}

static void packet_out(void *context, const uint8_t *packet, size_t length)
{
    struct wire *wire = context;

    cable_send(wire->office->cable, wire->station, packet, length);
}

static void reg(struct machine *m, unsigned index, uint8_t value)
{
    bus_write(&m->bus, (uint16_t)(BASE + index), value, 1);
}

static uint8_t interrupts(struct office *o, unsigned station)
{
    return (uint8_t)bus_read(&o->machines[station]->bus, ISR, 1);
}

/* A machine that loops, INC AX and back, with a card that takes all packets. */
static struct machine *make_machine(struct wire *wire, unsigned mips)
{
    static uint8_t rom[4096];
    static const uint8_t settings[][2] = {{0, 0x21}, {14, 0x49}, {12, 0x1C}, {13, 0},   {1, 0x46},
                                          {2, 0x80}, {3, 0x46},  {4, 0x40},  {5, 60},   {6, 0},
                                          {0, 0x61}, {7, 0x47},  {8, 0xFF},  {0, 0x22}, {7, 0x7F}};
    struct machine_host host = {
        .context = wire, .system_rom = rom, .system_rom_size = sizeof rom, .sha256 = hash, .packet_out = packet_out};
    struct machine_manifest manifest;
    const char *reason;
    struct machine *m;

    memcpy(rom + sizeof rom - 16, (const uint8_t[]){0x40, 0xEB, 0xFD}, 3);
    machine_manifest_default(&manifest);
    manifest.mips = mips;
    manifest.memory = 1u << 20;
    manifest.display = DISPLAY_NONE;
    manifest.network = (struct network_manifest){.card = NETWORK_NE2000, .address = {2, 0, 0, 0, 0, 1}, .cable = true};
    m = machine_create(&manifest, &host, &reason);
    assert_non_null(m);
    for (unsigned i = 0; i < sizeof settings / sizeof *settings; i++)
        reg(m, settings[i][0], settings[i][1]);
    return m;
}

static void open_office(struct office *o, const struct station_setup *setups, unsigned count)
{
    struct cable_station stations[3];

    memset(stations, 0, sizeof stations);
    o->count = count;
    for (unsigned i = 0; i < count; i++) {
        o->wires[i] = (struct wire){o, i};
        o->machines[i] = make_machine(&o->wires[i], setups[i].mips);
        strcpy(stations[i].name, setups[i].name);
        stations[i].machine = o->machines[i];
        stations[i].power_on = setups[i].power_on;
    }
    o->cable = cable_create(stations, count, LATENCY);
    assert_non_null(o->cable);
}

static void close_office(struct office *o)
{
    for (unsigned i = 0; i < o->count; i++)
        machine_destroy(o->machines[i]);
    cable_destroy(o->cable);
}

static void run(struct office *o, uint64_t until)
{
    while (cable_now(o->cable) < until) {
        uint64_t step = until - cable_now(o->cable);
        if (o->random) {
            o->random = o->random * 6364136223846793005u + 1442695040888963407u;
            step = step < (o->random >> 33) % 300 + 1 ? step : (o->random >> 33) % 300 + 1;
        }
        cable_run(o->cable, cable_now(o->cable) + step);
    }
}

static void send(struct office *o, unsigned station)
{
    reg(o->machines[station], 0, 0x26);
}

static void digest_of(struct office *o, uint8_t digest[32])
{
    assert_true(cable_digest(o->cable, hash, NULL, digest));
}

static const struct station_setup two[] = {{"left", 7, 0}, {"right", 25, 30}};

static void packet_arrives_a_latency_after_it_has_left(void **state)
{
    struct office o = {.random = 0};

    (void)state;
    open_office(&o, two, 2);
    run(&o, 100);
    send(&o, 0);
    run(&o, 100 + 67 + LATENCY);
    assert_int_equal(interrupts(&o, 0), 2);
    assert_int_equal(interrupts(&o, 1), 0);
    run(&o, 100 + PACKET_US + LATENCY);
    assert_int_equal(interrupts(&o, 1), 1);
    assert_int_equal(cable_delivered(o.cable), 1);
    assert_int_equal(machine_tick(o.machines[0]), (100 + PACKET_US + LATENCY) * 7);
    assert_int_equal(machine_tick(o.machines[1]), (70 + PACKET_US + LATENCY) * 25);
    close_office(&o);
}

/* Traffic both ways, at odd times. */
static void busy(struct office *o, uint64_t from, uint64_t rounds, bool swapped)
{
    for (uint64_t i = from; i < rounds; i++) {
        run(o, 50 + i * 137);
        send(o, (i % 3 == 0) != swapped);
        if (i % 5 == 0)
            send(o, (i % 3 != 0) != swapped);
        reg(o->machines[(i & 1) != swapped], 3, (uint8_t)(0x46 + i % 50));
    }
}

static void slices_change_nothing(void **state)
{
    uint8_t expected[32], digest[32];

    (void)state;
    for (uint64_t random = 0; random < 6; random++) {
        struct office o = {.random = random};
        open_office(&o, two, 2);
        busy(&o, 0, 60, false);
        digest_of(&o, random ? digest : expected);
        assert_true(cable_delivered(o.cable) > 40);
        if (random)
            assert_memory_equal(digest, expected, 32);
        close_office(&o);
    }
}

/* What machines are called decides ties, not where they were listed; each machine's state is the same. */
static void order_matters_for_ties_only(void **state)
{
    static const struct station_setup swapped[] = {{"a", 25, 30}, {"b", 7, 0}};
    struct office o = {.random = 0}, p = {.random = 0};
    uint8_t a[32], b[32];

    (void)state;
    open_office(&o, two, 2);
    open_office(&p, swapped, 2);
    busy(&o, 0, 20, false);
    busy(&p, 0, 20, true);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(machine_digest(o.machines[i], a) && machine_digest(p.machines[1 - i], b));
        assert_memory_equal(a, b, 32);
    }
    close_office(&o);
    close_office(&p);
}

/* Two packets that arrive at one instant are received in the order of the stations' names. */
static void ties_go_by_the_station(void **state)
{
    static const struct station_setup three[] = {{"a", 10, 0}, {"b", 20, 0}, {"c", 8, 0}};
    struct office o = {.random = 0};
    uint8_t first;

    (void)state;
    open_office(&o, three, 3);
    run(&o, 100);
    for (unsigned i = 0; i < 2; i++) /* byte 6 of the packet, the sender's mark */
        o.machines[i]->network.memory[6] = (uint8_t)(0xA0 + i);
    send(&o, 1);
    send(&o, 0);
    run(&o, 1000);
    first = o.machines[2]->network.memory[0x0700 + 4 + 6];
    assert_int_equal(first, 0xA0);
    assert_int_equal(o.machines[2]->network.memory[0x0800 + 4 + 6], 0xA1);
    close_office(&o);
}

static void a_machine_that_is_off_is_silent_and_the_others_go_on(void **state)
{
    struct office o = {.random = 0};
    uint64_t tick;

    (void)state;
    open_office(&o, two, 2);
    run(&o, 20);
    send(&o, 0);
    run(&o, 25); /* the other is not on yet: it will get what arrives once it is */
    assert_int_equal(machine_tick(o.machines[1]), 0);
    for (const char *p = "Shutdown"; *p; p++)
        bus_write(&o.machines[0]->bus, 0x8900, (uint8_t)*p, 1);
    run(&o, 1000);
    assert_true(cable_station(o.cable, 0)->off);
    tick = machine_tick(o.machines[0]);
    send(&o, 1);
    run(&o, 2000);
    assert_int_equal(machine_tick(o.machines[0]), tick);
    assert_int_equal(machine_tick(o.machines[1]), 1970 * 25);
    assert_int_equal(cable_delivered(o.cable), 0);
    close_office(&o);
}

static void state_of_the_cable_is_loaded_and_hostile_bytes_are_refused(void **state)
{
    struct office o = {.random = 0}, p = {.random = 0};
    static uint8_t bytes[100000];
    uint8_t a[32], b[32];
    size_t size;

    (void)state;
    open_office(&o, two, 2);
    open_office(&p, two, 2);
    busy(&o, 0, 20, false);
    busy(&p, 0, 20, false);
    size = cable_save(o.cable, bytes, sizeof bytes);
    assert_true(size > 60 && size < sizeof bytes);
    for (size_t cut = 0; cut < size; cut++)
        assert_false(cable_load(p.cable, bytes, cut));
    for (size_t at = 0; at < size; at++) { /* any byte may be wrong: no harm is done */
        bytes[at] ^= 0xFF;
        cable_load(p.cable, bytes, size);
        bytes[at] ^= 0xFF;
    }
    assert_true(cable_load(p.cable, bytes, size));
    busy(&o, 20, 40, false);
    busy(&p, 20, 40, false);
    digest_of(&o, a);
    digest_of(&p, b);
    assert_memory_equal(a, b, 32);
    close_office(&o);
    close_office(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packet_arrives_a_latency_after_it_has_left),
        cmocka_unit_test(slices_change_nothing),
        cmocka_unit_test(order_matters_for_ties_only),
        cmocka_unit_test(ties_go_by_the_station),
        cmocka_unit_test(a_machine_that_is_off_is_silent_and_the_others_go_on),
        cmocka_unit_test(state_of_the_cable_is_loaded_and_hostile_bytes_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
