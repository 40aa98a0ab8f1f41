/* mc146818.c - Motorola MC146818 real-time clock (data sheet ADI-856), with the century byte of later PCs.
 *
 * The divider is derived from the tick: 32,768 Hz since `divider_start`. Once a second an update event increments
 * the time registers as the chip does, whatever the guest has put there; the event's time comes from the divider,
 * so that nothing drifts. The periodic flag costs events only while its interrupt is enabled and not yet noticed.
 * With any divider chain but that for 32,768 Hz the clock stands. Daylight saving and the square wave are not
 * connected. */
#include "emu/devices/mc146818.h"

#include <string.h>

#define FREQUENCY 32768u
#define UPDATE_CYCLES 73u /* UIP: 244 us of warning and 1,984 us of update (table 6) */

/* clang-format off */
enum {
    SECONDS, SECONDS_ALARM, MINUTES, MINUTES_ALARM, HOURS, HOURS_ALARM, WEEKDAY, DAY, MONTH, YEAR, REG_A, REG_B,
    REG_C, REG_D
};
/* clang-format on */
enum { A_UIP = 0x80, A_DIVIDER = 0x70, A_DIVIDER_32768 = 0x20, A_RATE = 0x0F };
/* clang-format off */
enum {
    B_SET = 0x80, B_INTERRUPTS = 0x70, B_UPDATE = 0x10, B_PERIODIC = 0x40, B_SQUARE_WAVE = 0x08, B_BINARY = 0x04,
    B_24_HOURS = 0x02
};
/* clang-format on */
enum { C_REQUEST = 0x80, C_PERIODIC = 0x40, C_ALARM = 0x20, C_UPDATE = 0x10 };
enum { D_VALID = 0x80 };

/* clang-format off */
const struct state_field mc146818_state[] = {
    STATE_BYTE_ARRAY(struct mc146818, ram, "registers and RAM; UIP is derived"),
    STATE(struct mc146818, index, U8, "port 70h: register, and bit 7 masks NMI"),
    STATE(struct mc146818, divider_start, U64, "cycle of 32768 Hz at which the divider stood at zero"),
    STATE(struct mc146818, periodic_seen, U64, "cycle up to which the periodic flag is accounted for"),
    STATE(struct mc146818, periodic_due_at, TICK, "next periodic interrupt"),
    STATE(struct mc146818, update_due_at, TICK, "next update of the time"),
    STATE_END
};
/* clang-format on */

static uint64_t cycles(const struct mc146818 *rtc)
{
    return clock_cycles(rtc->clock, clock_now(rtc->clock), FREQUENCY);
}

static bool running(const struct mc146818 *rtc)
{
    return (rtc->ram[REG_A] & A_DIVIDER) == A_DIVIDER_32768;
}

static void update_irq(struct mc146818 *rtc)
{
    bool request = rtc->ram[REG_C] & rtc->ram[REG_B] & B_INTERRUPTS;

    rtc->ram[REG_C] = (uint8_t)((rtc->ram[REG_C] & ~C_REQUEST) | (request ? C_REQUEST : 0));
    line_set(&rtc->irq, request);
}

/* --- Time --- */

static unsigned decoded(const struct mc146818 *rtc, uint8_t value)
{
    return rtc->ram[REG_B] & B_BINARY ? value : (unsigned)(value >> 4) * 10 + (value & 15);
}

static uint8_t encoded(const struct mc146818 *rtc, unsigned value)
{
    return (uint8_t)(rtc->ram[REG_B] & B_BINARY ? value : (value / 10 % 10) << 4 | value % 10);
}

/* 0-23 for a valid register in either format. */
static unsigned decoded_hours(const struct mc146818 *rtc)
{
    uint8_t value = rtc->ram[HOURS];

    if (rtc->ram[REG_B] & B_24_HOURS)
        return decoded(rtc, value);
    return decoded(rtc, value & 0x7F) % 12 + (value & 0x80 ? 12 : 0);
}

static void set_hours(struct mc146818 *rtc, unsigned hours)
{
    if (rtc->ram[REG_B] & B_24_HOURS)
        rtc->ram[HOURS] = encoded(rtc, hours);
    else
        rtc->ram[HOURS] = encoded(rtc, hours % 12 ? hours % 12 : 12) | (hours >= 12 ? 0x80 : 0);
}

static unsigned days_in_month(unsigned month, unsigned year)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    if (month < 1 || month > 12)
        return 31;
    return month == 2 && year % 4 == 0 ? 29 : days[month - 1]; /* the chip knows no other rule */
}

/* Adds one to a register; past `last` it returns to `first` and true is returned. */
static bool increment(struct mc146818 *rtc, unsigned reg, unsigned first, unsigned last)
{
    unsigned value = decoded(rtc, rtc->ram[reg]);
    bool carry = value >= last;

    rtc->ram[reg] = encoded(rtc, carry ? first : value + 1);
    return carry;
}

static void add_second(struct mc146818 *rtc)
{
    unsigned hours, days;

    if (!increment(rtc, SECONDS, 0, 59) || !increment(rtc, MINUTES, 0, 59))
        return;
    hours = decoded_hours(rtc);
    set_hours(rtc, hours >= 23 ? 0 : hours + 1);
    if (hours < 23)
        return;
    increment(rtc, WEEKDAY, 1, 7);
    days = days_in_month(decoded(rtc, rtc->ram[MONTH]), decoded(rtc, rtc->ram[YEAR]));
    if (increment(rtc, DAY, 1, days) && increment(rtc, MONTH, 1, 12) && increment(rtc, YEAR, 0, 99))
        increment(rtc, MC146818_CENTURY, 0, 99);
}

static bool alarm_matches(const struct mc146818 *rtc)
{
    for (unsigned reg = SECONDS; reg <= HOURS; reg += 2) {
        uint8_t alarm = rtc->ram[reg + 1];
        if ((alarm & 0xC0) != 0xC0 && alarm != rtc->ram[reg]) /* C0-FF: any */
            return false;
    }
    return true;
}

static void schedule_update(struct mc146818 *rtc)
{
    uint64_t now = cycles(rtc), next = now + FREQUENCY - (now - rtc->divider_start) % FREQUENCY;

    clock_schedule(rtc->clock, EVENT_RTC_UPDATE,
                   running(rtc) ? clock_ticks_for_cycles(rtc->clock, next, FREQUENCY) : NEVER);
}

static void update_due(void *device)
{
    struct mc146818 *rtc = device;

    if (!(rtc->ram[REG_B] & B_SET)) {
        add_second(rtc);
        rtc->ram[REG_C] |= C_UPDATE | (alarm_matches(rtc) ? C_ALARM : 0);
        update_irq(rtc);
    }
    schedule_update(rtc);
}

static bool update_in_progress(const struct mc146818 *rtc)
{
    return running(rtc) && !(rtc->ram[REG_B] & B_SET) &&
           (cycles(rtc) - rtc->divider_start) % FREQUENCY >= FREQUENCY - UPDATE_CYCLES;
}

/* --- Periodic interrupt --- */

/* Table 5: in cycles; 0: none. */
static uint32_t period(const struct mc146818 *rtc)
{
    unsigned rate = rtc->ram[REG_A] & A_RATE;

    if (!rate || !running(rtc))
        return 0;
    return 1u << (rate < 3 ? rate + 6 : rate - 1);
}

/* Raises the flag if a period has ended since the last look. */
static void settle_periodic(struct mc146818 *rtc)
{
    uint64_t now = cycles(rtc);
    uint32_t p = period(rtc);

    if (p && (now - rtc->divider_start) / p != (rtc->periodic_seen - rtc->divider_start) / p)
        rtc->ram[REG_C] |= C_PERIODIC;
    rtc->periodic_seen = now;
}

static void schedule_periodic(struct mc146818 *rtc)
{
    uint64_t now = cycles(rtc), due_at = NEVER;
    uint32_t p = period(rtc);

    if (p && (rtc->ram[REG_B] & B_PERIODIC) && !(rtc->ram[REG_C] & C_PERIODIC))
        due_at = clock_ticks_for_cycles(rtc->clock, now + p - (now - rtc->divider_start) % p, FREQUENCY);
    clock_schedule(rtc->clock, EVENT_RTC_PERIODIC, due_at);
}

static void periodic_due(void *device)
{
    struct mc146818 *rtc = device;

    settle_periodic(rtc);
    update_irq(rtc);
    schedule_periodic(rtc);
}

/* --- Ports --- */

static void write_a(struct mc146818 *rtc, uint8_t value)
{
    bool ran = running(rtc);

    settle_periodic(rtc);
    rtc->ram[REG_A] = value & (uint8_t)~A_UIP;
    if (running(rtc) && !ran) {
        /* The first update comes half a second after the divider is let go (table 4). */
        rtc->divider_start = cycles(rtc) - FREQUENCY / 2;
        rtc->periodic_seen = cycles(rtc);
    }
    if (running(rtc) != ran)
        schedule_update(rtc);
    update_irq(rtc);
    schedule_periodic(rtc);
}

static void write_b(struct mc146818 *rtc, uint8_t value)
{
    settle_periodic(rtc);
    rtc->ram[REG_B] = value & B_SET ? value & (uint8_t)~B_UPDATE : value;
    update_irq(rtc);
    schedule_periodic(rtc);
}

static uint8_t read_c(struct mc146818 *rtc)
{
    uint8_t value;

    settle_periodic(rtc);
    update_irq(rtc);
    value = rtc->ram[REG_C];
    rtc->ram[REG_C] = 0;
    update_irq(rtc);
    schedule_periodic(rtc);
    return value;
}

static void port_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    struct mc146818 *rtc = device;
    unsigned reg = rtc->index & 0x7F;

    (void)size;
    if (!(port & 1))
        rtc->index = (uint8_t)value;
    else if (reg == REG_A)
        write_a(rtc, (uint8_t)value);
    else if (reg == REG_B)
        write_b(rtc, (uint8_t)value);
    else if (reg != REG_C && reg != REG_D)
        rtc->ram[reg] = (uint8_t)value;
}

static uint32_t port_read(void *device, uint16_t port, unsigned size)
{
    struct mc146818 *rtc = device;
    unsigned reg = rtc->index & 0x7F;

    (void)size;
    if (!(port & 1))
        return 0xFF; /* the index cannot be read */
    if (reg == REG_A)
        return rtc->ram[REG_A] | (update_in_progress(rtc) ? A_UIP : 0);
    return reg == REG_C ? read_c(rtc) : rtc->ram[reg];
}

/* --- */

void mc146818_set(struct mc146818 *rtc, unsigned index, uint8_t value)
{
    rtc->ram[index & 0x7F] = value;
}

void mc146818_reset(struct mc146818 *rtc)
{
    rtc->index = 0;
    rtc->ram[REG_B] &= (uint8_t) ~(B_INTERRUPTS | B_SQUARE_WAVE);
    rtc->ram[REG_C] = 0;
    rtc->periodic_seen = cycles(rtc);
    update_irq(rtc);
    schedule_periodic(rtc);
}

/* The Gregorian date of a day counted from 1970-01-01, by way of years that begin in March of the year 0. */
static void set_date(struct mc146818 *rtc, int64_t day)
{
    int64_t days = day + 719468, era = (days >= 0 ? days : days - 146096) / 146097;
    unsigned of_era = (unsigned)(days - era * 146097);
    unsigned year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned march_month = (5 * of_year + 2) / 153;
    unsigned month = march_month < 10 ? march_month + 3 : march_month - 9;
    unsigned year = (unsigned)((era * 400 + year_of_era + (month <= 2)) % 10000);

    rtc->ram[DAY] = encoded(rtc, of_year - (153 * march_month + 2) / 5 + 1);
    rtc->ram[MONTH] = encoded(rtc, month);
    rtc->ram[YEAR] = encoded(rtc, year % 100);
    rtc->ram[MC146818_CENTURY] = encoded(rtc, year / 100);
    /* 1 is Sunday; 1970-01-01 was a Thursday. */
    rtc->ram[WEEKDAY] = encoded(rtc, (unsigned)(((day + 4) % 7 + 7) % 7) + 1);
}

void mc146818_init(struct mc146818 *rtc, struct clock *clock, struct bus *bus, struct line irq, int64_t start)
{
    int64_t day = (start - (start % 86400 + 86400) % 86400) / 86400;
    unsigned second = (unsigned)(start - day * 86400);

    memset(rtc, 0, sizeof *rtc);
    rtc->clock = clock;
    rtc->irq = irq;
    rtc->periodic_due_at = rtc->update_due_at = NEVER;
    clock_register(clock, EVENT_RTC_PERIODIC, &rtc->periodic_due_at, periodic_due, rtc);
    clock_register(clock, EVENT_RTC_UPDATE, &rtc->update_due_at, update_due, rtc);

    rtc->ram[REG_A] = A_DIVIDER_32768 | 6; /* 1,024 Hz, as every BIOS sets it */
    rtc->ram[REG_B] = B_24_HOURS;
    rtc->ram[REG_D] = D_VALID;
    rtc->divider_start = rtc->periodic_seen = cycles(rtc);
    rtc->ram[SECONDS] = encoded(rtc, second % 60);
    rtc->ram[MINUTES] = encoded(rtc, second / 60 % 60);
    set_hours(rtc, second / 3600);
    set_date(rtc, day);
    schedule_update(rtc);
    bus_map_ports(bus, 0x70, 2, 1, port_read, port_write, rtc);
}
