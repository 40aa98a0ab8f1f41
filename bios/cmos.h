/* cmos.h - the clock and its CMOS memory (clock.c). */
#ifndef BIOS_CMOS_H
#define BIOS_CMOS_H

#include "rom.h"

/* clang-format off */
/* CMOS registers: the clock, and the configuration as QEMU and Bochs lay it out. */
enum {
    CMOS_SECOND = 0x00, CMOS_SECOND_ALARM = 0x01, CMOS_MINUTE = 0x02, CMOS_MINUTE_ALARM = 0x03, CMOS_HOUR = 0x04,
    CMOS_HOUR_ALARM = 0x05, CMOS_DAY = 0x07, CMOS_MONTH = 0x08, CMOS_YEAR = 0x09, CMOS_STATUS_A = 0x0A,
    CMOS_STATUS_B = 0x0B, CMOS_STATUS_C = 0x0C, CMOS_FLOPPY_TYPES = 0x10, CMOS_BASE_MEMORY = 0x15,
    CMOS_EXTENDED_MEMORY = 0x17, CMOS_EXTENDED_MEMORY2 = 0x30, CMOS_CENTURY = 0x32, CMOS_HIGH_MEMORY = 0x34,
    CMOS_BOOT_THIRD = 0x38, CMOS_TRANSLATION = 0x39, CMOS_BOOT_ORDER = 0x3D, CMOS_SETTINGS = 0x5E
};
/* clang-format on */

enum {
    RTC_UPDATING = 0x80,
    RTC_SET = 0x80,
    RTC_PERIODIC = 0x40,
    RTC_ALARM = 0x20,
    RTC_BINARY = 0x04,
    RTC_24_HOURS = 0x02
};

/* rtc_read_bcd() answers in BCD whatever the clock counts in. */
uint8_t cmos_read(uint8_t reg);
uint16_t cmos_read16(uint8_t reg);
uint8_t rtc_read_bcd(uint8_t reg);
void clock_init(void);

/* Sets bit 7 of a byte after that time, by the periodic interrupt of the clock. False: such a wait is running. */
bool wait_begin(uint16_t flag_segment, uint16_t flag_offset, uint32_t microseconds);
void wait_cancel(void);

#endif
