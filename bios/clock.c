/* clock.c - the real-time clock and CMOS memory (MC146818), INT 1Ah and INT 70h, and interrupts without a handler.
 *
 * Time of day is 24-hour; BCD or binary by register B, BCD towards the caller. */
#include "cmos.h"

#include "bda.h"
#include "pci_bios.h"

enum { NMI_OFF = 0x80, PERIOD_US = 976 }; /* one periodic interrupt at 1,024 Hz */

/* CMOS is addressed with NMI masked; the last access leaves the index at 0Dh with NMI on again, as IBM asks. */
uint8_t cmos_read(uint8_t reg)
{
    outb(0x70, NMI_OFF | reg);
    uint8_t v = inb(0x71);
    outb(0x70, 0x0D);
    return v;
}

uint16_t cmos_read16(uint8_t reg)
{
    return cmos_read(reg) | cmos_read(reg + 1) << 8;
}

static void cmos_write(uint8_t reg, uint8_t v)
{
    outb(0x70, NMI_OFF | reg);
    outb(0x71, v);
    outb(0x70, 0x0D);
}

static uint8_t bcd_to_binary(uint8_t v)
{
    return (v >> 4) * 10 + (v & 15);
}

static uint8_t binary_to_bcd(uint8_t v)
{
    return (v / 10) << 4 | v % 10;
}

uint8_t rtc_read_bcd(uint8_t reg)
{
    uint8_t v = cmos_read(reg);
    return cmos_read(CMOS_STATUS_B) & RTC_BINARY ? binary_to_bcd(v) : v;
}

static void rtc_write_bcd(uint8_t reg, uint8_t v)
{
    cmos_write(reg, cmos_read(CMOS_STATUS_B) & RTC_BINARY ? bcd_to_binary(v) : v);
}

/* Registers read after this belong together for 244 us. False if the clock does not run. */
static bool rtc_wait_update(void)
{
    struct timeout t;
    timeout_start(&t, 20);
    while (cmos_read(CMOS_STATUS_A) & RTC_UPDATING)
        if (timeout_expired(&t))
            return false;
    return true;
}

static void rtc_change_b(uint8_t clear, uint8_t set)
{
    cmos_write(CMOS_STATUS_B, (cmos_read(CMOS_STATUS_B) & ~clear) | set);
}

/* Seconds since midnight in ticks of 65,536 counts at 1,193,182 Hz: 18 ticks and 13,534 counts a second. */
static uint32_t ticks_of_day(void)
{
    uint32_t s = bcd_to_binary(rtc_read_bcd(CMOS_HOUR)) * 3600 + bcd_to_binary(rtc_read_bcd(CMOS_MINUTE)) * 60 +
                 bcd_to_binary(rtc_read_bcd(CMOS_SECOND));
    return s * 18 + (s * 13534 >> 16);
}

void clock_init(void)
{
    cmos_write(CMOS_STATUS_A, 0x26);
    rtc_change_b(RTC_SET | RTC_PERIODIC | RTC_ALARM | 0x18, RTC_24_HOURS);
    cmos_read(CMOS_STATUS_C);
    rtc_wait_update();
    bda_put(ticks, ticks_of_day());
}

/* Starts the one interval timer of INT 15h/83h and 86h: the flag byte gets bit 7 when the time is over. */
bool wait_begin(uint16_t flag_segment, uint16_t flag_offset, uint32_t microseconds)
{
    if (bda_get(wait_active) & 1)
        return false;
    bda_put(wait_segment, flag_segment);
    bda_put(wait_offset, flag_offset);
    bda_put(wait_us, microseconds);
    bda_put(wait_active, 1);
    outb(0xA1, inb(0xA1) & ~0x01);
    rtc_change_b(0, RTC_PERIODIC);
    return true;
}

void wait_cancel(void)
{
    rtc_change_b(RTC_PERIODIC, 0);
    bda_put(wait_active, 0);
}

static void wait_tick(void)
{
    uint16_t segment = bda_get(wait_segment), offset = bda_get(wait_offset);

    if (bda_get(wait_us) > PERIOD_US) {
        bda_put(wait_us, bda_get(wait_us) - PERIOD_US);
        return;
    }
    wait_cancel();
    far_put8(segment, offset, far_get8(segment, offset) | 0x80);
}

/* INT 70h. */
void rtc_interrupt(struct regs *r)
{
    uint8_t causes = cmos_read(CMOS_STATUS_C) & cmos_read(CMOS_STATUS_B);
    (void)r;

    if (causes & RTC_PERIODIC && bda_get(wait_active))
        wait_tick();
    outb(0xA0, 0x20);
    outb(0x20, 0x20);
    if (causes & RTC_ALARM) {
        struct call call = {.ax = 0};
        soft_int(0x4A, &call);
    }
}

/* An interrupt without a handler is masked, so that it comes only once; 40:6B says which. */
void unclaimed_interrupt(struct regs *r)
{
    (void)r;
    outb(0x20, 0x0B);
    uint8_t master = inb(0x20);
    if (master == 0) /* spurious: the line fell before it was acknowledged */
        return;
    bda_put(last_irq, master);
    if (master & 0x04) {
        outb(0xA0, 0x0B);
        uint8_t slave = inb(0xA0);
        if (slave) {
            outb(0xA1, inb(0xA1) | slave);
            outb(0xA0, 0x20);
        }
    } else {
        outb(0x21, inb(0x21) | master);
    }
    outb(0x20, 0x20);
}

static void ticks_get(struct regs *r)
{
    r->dx = (uint16_t)bda_get(ticks);
    r->cx = bda_get(ticks) >> 16;
    r->al = bda_get(midnight);
    bda_put(midnight, 0);
}

static void ticks_set(struct regs *r)
{
    bda_put(ticks, (uint32_t)r->cx << 16 | r->dx);
    bda_put(midnight, 0);
}

static void time_get(struct regs *r)
{
    r->ch = rtc_read_bcd(CMOS_HOUR);
    r->cl = rtc_read_bcd(CMOS_MINUTE);
    r->dh = rtc_read_bcd(CMOS_SECOND);
    r->dl = cmos_read(CMOS_STATUS_B) & 1; /* daylight saving */
}

static void time_set(struct regs *r)
{
    rtc_change_b(1, RTC_SET | (r->dl & 1));
    rtc_write_bcd(CMOS_HOUR, r->ch);
    rtc_write_bcd(CMOS_MINUTE, r->cl);
    rtc_write_bcd(CMOS_SECOND, r->dh);
    rtc_change_b(RTC_SET, 0);
}

static void date_get(struct regs *r)
{
    r->ch = rtc_read_bcd(CMOS_CENTURY);
    r->cl = rtc_read_bcd(CMOS_YEAR);
    r->dh = rtc_read_bcd(CMOS_MONTH);
    r->dl = rtc_read_bcd(CMOS_DAY);
}

static void date_set(struct regs *r)
{
    rtc_change_b(0, RTC_SET);
    rtc_write_bcd(CMOS_CENTURY, r->ch);
    rtc_write_bcd(CMOS_YEAR, r->cl);
    rtc_write_bcd(CMOS_MONTH, r->dh);
    rtc_write_bcd(CMOS_DAY, r->dl);
    rtc_change_b(RTC_SET, 0);
}

static void alarm_set(struct regs *r)
{
    if (cmos_read(CMOS_STATUS_B) & RTC_ALARM) {
        set_cf(r);
        return;
    }
    rtc_write_bcd(CMOS_HOUR_ALARM, r->ch);
    rtc_write_bcd(CMOS_MINUTE_ALARM, r->cl);
    rtc_write_bcd(CMOS_SECOND_ALARM, r->dh);
    outb(0xA1, inb(0xA1) & ~0x01);
    rtc_change_b(0, RTC_ALARM);
}

/* INT 1Ah. */
void clock_service(struct regs *r)
{
    if (r->ah == 0xB1) {
        pci_bios_service(r);
        return;
    }
    clear_cf(r);
    if (r->ah >= 0x02 && r->ah <= 0x06 && !rtc_wait_update()) {
        set_cf(r);
        return;
    }
    switch (r->ah) {
    case 0x00: ticks_get(r); break;
    case 0x01: ticks_set(r); break;
    case 0x02: time_get(r); break;
    case 0x03: time_set(r); break;
    case 0x04: date_get(r); break;
    case 0x05: date_set(r); break;
    case 0x06: alarm_set(r); break;
    case 0x07: rtc_change_b(RTC_ALARM, 0); break;
    default: set_cf(r);
    }
}
