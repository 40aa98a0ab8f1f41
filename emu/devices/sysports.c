/* sysports.c - ports of the system board that belong to no chip (IBM PC AT Technical Reference, "System Board";
 * port 92h: PS/2 Hardware Interface Technical Reference, "System Control Port A"; port 8900h: a convention of
 * Bochs).
 *
 * No memory parity and no I/O channel check: bits 6 and 7 of port 61h read 0. */
#include "emu/devices/sysports.h"

#include <string.h>

#define TIMER_FREQUENCY 1193182u
#define REFRESH_CLOCKS 18u /* of the timer: 15.085 us, at which bit 4 of port 61h changes */

enum {
    CONTROL_GATE = 0x01,
    CONTROL_SPEAKER = 0x02,
    CONTROL_WRITABLE = 0x0F,
    CONTROL_REFRESH = 0x10,
    CONTROL_OUTPUT = 0x20
};
enum { FAST_RESET = 0x01, FAST_A20 = 0x02 };

/* clang-format off */
const struct state_field sysports_state[] = {
    STATE(struct sysports, control, U8, "port 61h, bits 3-0"),
    STATE(struct sysports, fast, U8, "port 92h, bits 1-0"),
    STATE_UP_TO(struct sysports, matched, U8, 7, "letters of Shutdown that have come to port 8900h"),
    STATE(struct sysports, timer_output, BOOL, "OUT of timer 2"),
    STATE_END
};
/* clang-format on */

static void pulse(const struct line *line)
{
    line_set(line, true);
    line_set(line, false);
}

static void drive_speaker(struct sysports *s)
{
    line_set(&s->speaker, s->timer_output && s->control & CONTROL_SPEAKER);
}

static void control_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    struct sysports *s = device;

    (void)port, (void)size;
    s->control = value & CONTROL_WRITABLE;
    line_set(&s->gate2, value & CONTROL_GATE);
    drive_speaker(s);
}

static uint64_t refreshes(const struct sysports *s)
{
    return clock_cycles(s->clock, clock_now(s->clock), TIMER_FREQUENCY) / REFRESH_CLOCKS;
}

static uint64_t control_repeats(void *device, uint16_t port)
{
    const struct sysports *s = device;

    (void)port;
    return clock_ticks_for_cycles(s->clock, (refreshes(s) + 1) * REFRESH_CLOCKS, TIMER_FREQUENCY);
}

static uint32_t control_read(void *device, uint16_t port, unsigned size)
{
    struct sysports *s = device;

    (void)port, (void)size;
    return s->control | (refreshes(s) & 1 ? CONTROL_REFRESH : 0u) | (s->timer_output ? CONTROL_OUTPUT : 0u);
}

static void fast_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    struct sysports *s = device;
    bool reset = value & ~s->fast & FAST_RESET;

    (void)port, (void)size;
    s->fast = value & (FAST_RESET | FAST_A20);
    line_set(&s->a20, value & FAST_A20);
    if (reset)
        pulse(&s->reset);
}

static uint32_t fast_read(void *device, uint16_t port, unsigned size)
{
    (void)port, (void)size;
    return ((struct sysports *)device)->fast;
}

static void power_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    static const uint8_t word[8] = {'S', 'h', 'u', 't', 'd', 'o', 'w', 'n'};
    struct sysports *s = device;

    (void)port, (void)size;
    s->matched = value == word[s->matched] ? s->matched + 1 : value == word[0];
    if (s->matched == sizeof word) {
        s->matched = 0;
        pulse(&s->power_off);
    }
}

static uint32_t power_read(void *device, uint16_t port, unsigned size)
{
    (void)device, (void)port, (void)size;
    return 0xFF;
}

static void timer_set(void *listener, unsigned number, bool level)
{
    struct sysports *s = listener;

    (void)number;
    s->timer_output = level;
    drive_speaker(s);
}

struct line sysports_timer_line(struct sysports *s)
{
    return (struct line){timer_set, s, 0};
}

void sysports_reset(struct sysports *s)
{
    s->control = s->fast = s->matched = 0;
    line_set(&s->gate2, false);
    line_set(&s->a20, false);
    drive_speaker(s);
}

void sysports_init(struct sysports *s, struct clock *clock, struct bus *bus, struct line gate2, struct line a20,
                   struct line reset, struct line power_off)
{
    memset(s, 0, sizeof *s);
    s->clock = clock;
    s->gate2 = gate2;
    s->a20 = a20;
    s->reset = reset;
    s->power_off = power_off;
    sysports_reset(s);
    bus_map_ports(bus, 0x61, 1, 1, control_read, control_write, s);
    bus_declare_repeats(bus, s, control_read, control_repeats);
    bus_map_ports(bus, 0x92, 1, 1, fast_read, fast_write, s);
    bus_map_ports(bus, 0x8900, 1, 1, power_read, power_write, s);
}
