/* i8254.c - Intel 8254 programmable interval timer (data sheet 231164-005).
 *
 * Three 16-bit counters on a 1.193182 MHz input. A counter is never stepped: its value and its output follow from
 * the clock at which the counting element was loaded, and each edge of an output that drives something is an
 * event. What the data sheet calls "the next CLK pulse" is the present clock + 1. A change that waits (a count
 * written in mid-period) is made when the counter is next looked at; nothing depends on when that is.
 *
 * Left open by the data sheet: a count of 1 in modes 2 and 3 keeps the output still; a BCD digit over 9 counts at
 * its weight; a trigger before the first count does nothing. */
#include "emu/devices/i8254.h"

#include <string.h>

enum { ACCESS_LOW = 1, ACCESS_HIGH = 2, ACCESS_BOTH = 3 };

/* clang-format off */
static const struct state_field counter_state[] = {
    STATE_UP_TO(struct i8254_counter, control, U8, 0x3F, "control word D5-D0: access, mode, BCD"),
    STATE(struct i8254_counter, reload, U16, "count register as written"),
    STATE(struct i8254_counter, low_byte, U8, "low byte of a count whose high byte is awaited"),
    STATE(struct i8254_counter, write_high, BOOL, "the next write is the high byte"),
    STATE(struct i8254_counter, read_high, BOOL, "the next read is the high byte"),
    STATE(struct i8254_counter, count_latched, BOOL, "latch holds a count"),
    STATE(struct i8254_counter, status_latched, BOOL, "status holds a status"),
    STATE(struct i8254_counter, latch, U16, "latched count"),
    STATE(struct i8254_counter, status, U8, "latched status"),
    STATE(struct i8254_counter, gate, BOOL, "level of the gate"),
    STATE(struct i8254_counter, output, BOOL, "level of the output at the last event or access"),
    STATE(struct i8254_counter, null_count, BOOL, "the count register has not reached the counting element"),
    STATE(struct i8254_counter, written, BOOL, "a count has come since the control word"),
    STATE(struct i8254_counter, counting, BOOL, "the counting element runs"),
    STATE(struct i8254_counter, expired, BOOL, "the one-shot is over"),
    STATE_UP_TO(struct i8254_counter, initial, U32, 65536, "value of the counting element at clock start"),
    STATE_UP_TO(struct i8254_counter, held, U32, 65536, "its value before start and while it stands"),
    STATE(struct i8254_counter, start, U64, "clocks of 1193182 Hz"),
    STATE(struct i8254_counter, switch_at, U64, "clock at which a count written in mid-period takes over"),
    STATE(struct i8254_counter, due_at, TICK, "next edge of the output"),
    STATE_END
};
/* clang-format on */

const struct state_field i8254_state[] = {
    STATE_TABLE(struct i8254, counter, struct i8254_counter, counter_state, "the three counters"), STATE_END};

static uint64_t clocks(const struct i8254 *pit)
{
    return clock_cycles(pit->clock, clock_now(pit->clock), I8254_FREQUENCY);
}

/* 0-5; 6 and 7 are other names of 2 and 3. */
static unsigned mode(const struct i8254_counter *c)
{
    unsigned m = c->control >> 1 & 7;
    return m > 5 ? m - 4 : m;
}

static bool periodic(const struct i8254_counter *c)
{
    return mode(c) == 2 || mode(c) == 3;
}

static bool triggered_by_gate(const struct i8254_counter *c)
{
    return mode(c) == 1 || mode(c) == 5;
}

static uint32_t modulus(const struct i8254_counter *c)
{
    return c->control & 1 ? 10000 : 65536;
}

/* The count register as a number, 1 to 65536. */
static uint32_t reload_value(const struct i8254_counter *c)
{
    uint32_t n = c->reload;

    if (c->control & 1)
        n = (n >> 12) * 1000 + (n >> 8 & 15) * 100 + (n >> 4 & 15) * 10 + (n & 15);
    return n ? n : modulus(c);
}

static bool started(const struct i8254_counter *c, uint64_t now)
{
    return c->counting && (int64_t)(now - c->start) >= 0;
}

static uint32_t high_clocks(uint32_t period) /* of a square wave: an odd period is high for one more (mode 3) */
{
    return (period + 1) / 2;
}

/* The counting element, as a number; below zero it continues from the top. */
static uint32_t value_at(const struct i8254_counter *c, uint64_t now)
{
    uint64_t passed = now - c->start;
    uint32_t m = modulus(c);
    uint32_t position, half;

    if (!started(c, now))
        return c->held;
    switch (mode(c)) {
    case 2: return c->initial - (uint32_t)(passed % c->initial);
    case 3:
        position = (uint32_t)(passed % c->initial);
        half = high_clocks(c->initial);
        return (c->initial & ~1u) - 2 * (position < half ? position : position - half);
    default: return (c->initial % m + m - (uint32_t)(passed % m)) % m;
    }
}

static bool output_at(const struct i8254_counter *c, uint64_t now)
{
    uint64_t passed = now - c->start;

    if (!started(c, now))
        return c->output;
    switch (mode(c)) {
    case 0:
    case 1: return c->expired || passed >= c->initial;
    case 2: return c->initial == 1 || passed % c->initial != c->initial - 1;
    case 3: return passed % c->initial < high_clocks(c->initial);
    default: return c->expired || passed != c->initial;
    }
}

/* The first clock after `now` at which the output changes, or NEVER. */
static uint64_t next_edge(const struct i8254_counter *c, uint64_t now)
{
    uint64_t passed = now - c->start;
    uint32_t position, first;

    if (!c->counting)
        return NEVER;
    if (!started(c, now))
        return output_at(c, c->start) != c->output ? c->start : next_edge(c, c->start);
    if (periodic(c)) {
        if (c->initial == 1)
            return NEVER;
        position = (uint32_t)(passed % c->initial);
        first = mode(c) == 2 ? c->initial - 1 : high_clocks(c->initial);
        return now + (position < first ? first : c->initial) - position;
    }
    if (c->expired)
        return NEVER;
    if (passed < c->initial)
        return c->start + c->initial;
    return passed == c->initial && mode(c) >= 4 ? now + 1 : NEVER; /* the end of a strobe */
}

static uint16_t encoded(const struct i8254_counter *c, uint32_t value)
{
    value %= modulus(c);
    if (c->control & 1)
        value = value / 1000 << 12 | value / 100 % 10 << 8 | value / 10 % 10 << 4 | value % 10;
    return (uint16_t)value;
}

static void set_output(struct i8254 *pit, struct i8254_counter *c, bool level)
{
    if (c->output != level) {
        c->output = level;
        line_set(&pit->out[c - pit->counter], level);
    }
}

/* Brings a counter up to `now`. */
static void settle(struct i8254 *pit, struct i8254_counter *c, uint64_t now)
{
    if (now >= c->switch_at) {
        bool high = output_at(c, c->switch_at);
        c->initial = reload_value(c);
        c->start = c->switch_at - (mode(c) == 3 && !high ? high_clocks(c->initial) : 0);
        c->switch_at = NEVER;
        c->null_count = false;
    }
    set_output(pit, c, output_at(c, now));
}

static void schedule(struct i8254 *pit, struct i8254_counter *c, uint64_t now)
{
    unsigned n = (unsigned)(c - pit->counter);
    uint64_t at = next_edge(c, now);

    if (!pit->out[n].set)
        return;
    if (c->switch_at < at)
        at = c->switch_at;
    at = at == NEVER ? NEVER : clock_ticks_for_cycles(pit->clock, at, I8254_FREQUENCY);
    clock_schedule(pit->clock, EVENT_PIT_0 + n, at);
}

static void edge(struct i8254 *pit, unsigned n)
{
    struct i8254_counter *c = &pit->counter[n];
    uint64_t now = clocks(pit);
    bool before = c->output, still = c->initial == 1 && periodic(c);

    settle(pit, c, now);
    /* A pulse that began and ended within one tick is one nevertheless. */
    if (c->output == before && !still) {
        set_output(pit, c, !before);
        set_output(pit, c, before);
    }
    schedule(pit, c, now);
}

/* clang-format off */
static void edge_0(void *device) { edge(device, 0); }
static void edge_1(void *device) { edge(device, 1); }
static void edge_2(void *device) { edge(device, 2); }
/* clang-format on */

/* The counting element takes the count register at the next clock. */
static void load(struct i8254_counter *c, uint64_t now)
{
    c->held = value_at(c, now);
    c->initial = reload_value(c);
    c->start = now + 1;
    c->counting = true;
    c->expired = false;
    c->null_count = false;
    c->switch_at = NEVER;
}

static void stop(struct i8254_counter *c, uint64_t now)
{
    c->held = value_at(c, now);
    c->counting = false;
}

/* Modes 0 and 4 with the gate low: counting is suspended. A strobe that is under way ends at once. */
static void suspend(struct i8254 *pit, struct i8254_counter *c, uint64_t now)
{
    uint64_t passed = started(c, now) ? now - c->start : 0;

    if (!c->counting)
        return;
    if (passed >= c->initial)
        c->expired = true;
    c->held = c->expired ? value_at(c, now) : c->initial - (uint32_t)passed;
    c->counting = false;
    if (c->expired)
        set_output(pit, c, true);
}

static void resume(struct i8254_counter *c, uint64_t now)
{
    c->initial = c->held;
    c->start = now;
    c->counting = true;
}

static void gate_set(void *listener, unsigned n, bool level)
{
    struct i8254 *pit = listener;
    struct i8254_counter *c = &pit->counter[n];
    uint64_t now = clocks(pit);

    if (level == c->gate)
        return;
    settle(pit, c, now);
    c->gate = level;
    if (mode(c) == 0 || mode(c) == 4) {
        if (!level)
            suspend(pit, c, now);
        else if (c->written)
            resume(c, now);
    } else if (level) {
        if (c->written)
            load(c, now);
    } else if (periodic(c)) {
        stop(c, now);
        c->switch_at = NEVER;
        set_output(pit, c, true);
    }
    schedule(pit, c, now);
}

struct line i8254_gate(struct i8254 *pit, unsigned counter)
{
    return (struct line){gate_set, pit, counter};
}

/* The count register is complete. */
static void count_written(struct i8254 *pit, struct i8254_counter *c, uint64_t now)
{
    c->written = true;
    c->null_count = true;
    if (triggered_by_gate(c))
        return;
    if (periodic(c) && started(c, now)) {
        /* It waits for the end of the period, in mode 3 of the half period. */
        if (c->switch_at == NEVER)
            c->switch_at = mode(c) == 3 && c->initial > 1 ? next_edge(c, now) : now + value_at(c, now);
        return;
    }
    if (mode(c) == 0)
        set_output(pit, c, false);
    load(c, now);
    if (!c->gate) {
        c->held = c->initial;
        c->counting = false;
    }
}

static void counter_write(struct i8254 *pit, struct i8254_counter *c, uint8_t value, uint64_t now)
{
    switch (c->control >> 4) {
    case ACCESS_LOW: c->reload = value; break;
    case ACCESS_HIGH: c->reload = (uint16_t)(value << 8); break;
    default:
        c->write_high = !c->write_high;
        if (c->write_high) {
            c->low_byte = value;
            if (mode(c) == 0) { /* half a count stops the old one */
                stop(c, now);
                c->written = false;
                set_output(pit, c, false);
            }
            return;
        }
        c->reload = (uint16_t)(value << 8 | c->low_byte);
    }
    count_written(pit, c, now);
}

static uint8_t counter_read(struct i8254_counter *c, uint64_t now)
{
    uint16_t count = c->count_latched ? c->latch : encoded(c, value_at(c, now));
    bool high = c->control >> 4 == ACCESS_HIGH || c->read_high;

    if (c->status_latched) {
        c->status_latched = false;
        return c->status;
    }
    if (c->control >> 4 == ACCESS_BOTH)
        c->read_high = !c->read_high;
    if (!c->read_high)
        c->count_latched = false;
    return (uint8_t)(high ? count >> 8 : count);
}

static void latch_count(struct i8254_counter *c, uint64_t now)
{
    if (!c->count_latched)
        c->latch = encoded(c, value_at(c, now));
    c->count_latched = true;
}

static void latch_status(struct i8254_counter *c, uint64_t now)
{
    bool null = c->null_count || (c->counting && !started(c, now));

    if (!c->status_latched)
        c->status = (uint8_t)(c->output << 7 | null << 6 | c->control);
    c->status_latched = true;
}

static void set_control(struct i8254 *pit, struct i8254_counter *c, uint8_t control, uint64_t now)
{
    stop(c, now);
    c->control = control;
    c->reload = 0;
    c->write_high = c->read_high = c->count_latched = c->status_latched = false;
    c->written = c->expired = false;
    c->null_count = true;
    c->switch_at = NEVER;
    set_output(pit, c, mode(c) != 0);
}

static void control_write(struct i8254 *pit, uint8_t value, uint64_t now)
{
    for (unsigned n = 0; n < 3; n++) {
        struct i8254_counter *c = &pit->counter[n];
        bool read_back = value >> 6 == 3;

        if (read_back ? !(value & 2 << n) : value >> 6 != n)
            continue;
        settle(pit, c, now);
        if (read_back) {
            if (!(value & 0x20))
                latch_count(c, now);
            if (!(value & 0x10))
                latch_status(c, now);
        } else if (!(value & 0x30)) {
            latch_count(c, now);
        } else {
            set_control(pit, c, value & 0x3F, now);
        }
        schedule(pit, c, now);
    }
}

static void port_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    struct i8254 *pit = device;
    struct i8254_counter *c = &pit->counter[port & 3];
    uint64_t now = clocks(pit);

    (void)size;
    if ((port & 3) == 3) {
        control_write(pit, (uint8_t)value, now);
        return;
    }
    settle(pit, c, now);
    counter_write(pit, c, (uint8_t)value, now);
    schedule(pit, c, now);
}

static uint32_t port_read(void *device, uint16_t port, unsigned size)
{
    struct i8254 *pit = device;
    uint64_t now = clocks(pit);

    (void)size;
    if ((port & 3) == 3)
        return 0xFF;
    settle(pit, &pit->counter[port & 3], now);
    return counter_read(&pit->counter[port & 3], now);
}

const char *i8254_loaded(void *device)
{
    const struct i8254 *pit = device;
    uint64_t now = clocks(pit);

    for (unsigned n = 0; n < 3; n++) {
        const struct i8254_counter *c = &pit->counter[n];
        if (c->counting && (int64_t)(c->start - now) > 1)
            return "counter.start";
        if (c->counting && periodic(c) && !c->initial)
            return "counter.initial";
        if (c->switch_at != NEVER && c->switch_at > now + 2 * 65536)
            return "counter.switch_at";
    }
    return NULL;
}

void i8254_reset(struct i8254 *pit)
{
    for (unsigned n = 0; n < 3; n++) {
        struct i8254_counter *c = &pit->counter[n];
        set_output(pit, c, false);
        memset(c, 0, sizeof *c);
        c->control = ACCESS_BOTH << 4;
        c->gate = n < 2;
        c->null_count = true;
        c->switch_at = NEVER;
        clock_schedule(pit->clock, EVENT_PIT_0 + n, NEVER);
    }
}

void i8254_init(struct i8254 *pit, struct clock *clock, struct bus *bus, struct line out0, struct line out2)
{
    static void (*const fire[3])(void *) = {edge_0, edge_1, edge_2};

    memset(pit, 0, sizeof *pit);
    pit->clock = clock;
    pit->out[0] = out0;
    pit->out[2] = out2;
    for (unsigned n = 0; n < 3; n++) {
        pit->counter[n].due_at = NEVER;
        clock_register(clock, EVENT_PIT_0 + n, &pit->counter[n].due_at, fire[n], pit);
    }
    i8254_reset(pit);
    bus_map_ports(bus, 0x40, 4, 1, port_read, port_write, pit);
}
