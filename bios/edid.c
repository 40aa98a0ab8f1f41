/* edid.c - what the monitor says of itself (VESA Enhanced EDID Standard, EDID 1.3).
 *
 * CMOS 5Fh names the monitor. Each prefers one mode at 60 Hz, with the timing that VESA gave it (Industry Standards and
 * Guidelines for Computer Display Monitor Timing), and takes the smaller ones as well. */
#include "edid.h"

enum { CMOS_INDEX = 0x70, CMOS_DATA = 0x71, CMOS_MONITOR = 0x5F, CMOS_REST = 0x0D };
/* clang-format off */
enum { EDID_BYTES = 128, PRODUCT = 0x0A, SIZE = 0x15, ESTABLISHED = 0x23, STANDARD = 0x26, TIMING = 0x36, TIMING_SIZE = TIMING + 12, RANGE_KHZ = 0x50,
       NO_TIMING = 0x01 };
/* clang-format on */

static ROM_DATA uint8_t edid[EDID_BYTES - 1] = {
    0,
    0xFF,
    0xFF,
    0xFF,
    0xFF,
    0xFF,
    0xFF,
    0,
    0x36,
    0xAE,
    0,
    0,
    0,
    0,
    0,
    0,
    1,
    8, /* MUN, product, no serial number, week 1 of 1998 */
    1,
    3,
    0x0E,
    0,
    0,
    120,
    0x0A, /* EDID 1.3; analogue, gamma 2.2, RGB, first timing preferred */
    0xEE,
    0x91,
    0xA3,
    0x54,
    0x4C,
    0x99,
    0x26,
    0x0F,
    0x50,
    0x54, /* the primaries of sRGB */
    [TIMING + 18] = 0,
    0,
    0,
    0xFD,
    0,
    50,
    75,
    30,
    0,
    0,
    0,
    10,
    32,
    32,
    32,
    32,
    32,
    32, /* 50 to 75 Hz, from 30 kHz on */
    0,
    0,
    0,
    0xFC,
    0,
    'M',
    'u',
    'n',
    'i',
    'm',
    'e',
    'n',
    't',
    10,
    32,
    32,
    32,
    32,
    0,
    0,
    0,
    0x10,
};

/* By the number in CMOS: modes of table I, standard timings, size in cm, limits in kHz and 10 MHz, the preferred timing
 * without its size. */
static ROM_DATA struct monitor {
    uint8_t established[2], standard[10], width, height, khz, clock, timing[12], sync;
} monitors[] = {
    {{0x21, 0x08},
     {0x81, 0x80, 0x61, 0x40, 0x45, 0x40, 0x31, 0x40, 1, 1},
     34,
     27,
     80,
     14,
     {0x30, 0x2A, 0x00, 0x98, 0x51, 0x00, 0x2A, 0x40, 0x30, 0x70, 0x13, 0x00},
     0x1E},
    {.width = 0},
    {{0x20, 0x00},
     {0x31, 0x40, 1, 1, 1, 1, 1, 1, 1, 1},
     27,
     20,
     32,
     3,
     {0xD6, 0x09, 0x80, 0xA0, 0x20, 0xE0, 0x2D, 0x10, 0x10, 0x60, 0xA2, 0x00},
     0x18},
    {{0x21, 0x00},
     {0x45, 0x40, 0x31, 0x40, 1, 1, 1, 1, 1, 1},
     27,
     20,
     40,
     5,
     {0xA0, 0x0F, 0x20, 0x00, 0x31, 0x58, 0x1C, 0x20, 0x28, 0x80, 0x14, 0x00},
     0x1E},
    {{0x21, 0x08},
     {0x61, 0x40, 0x45, 0x40, 0x31, 0x40, 1, 1, 1, 1},
     30,
     22,
     50,
     7,
     {0x64, 0x19, 0x00, 0x40, 0x41, 0x00, 0x26, 0x30, 0x18, 0x88, 0x36, 0x00},
     0x18},
    {{0x21, 0x08},
     {0xA9, 0x40, 0x81, 0x80, 0x61, 0x40, 0x45, 0x40, 0x31, 0x40},
     40,
     30,
     95,
     17,
     {0x48, 0x3F, 0x40, 0x30, 0x62, 0xB0, 0x32, 0x40, 0x40, 0xC0, 0x13, 0x00},
     0x1E},
};

static uint8_t monitor_number(void)
{
    outb(CMOS_INDEX, CMOS_MONITOR);
    uint8_t number = inb(CMOS_DATA);
    outb(CMOS_INDEX, CMOS_REST);
    return number < ARRAY_LENGTH(monitors) ? number : 0;
}

bool edid_write(uint16_t segment, uint16_t at)
{
    uint8_t number = monitor_number(), e[EDID_BYTES], sum = 0;
    struct monitor m;

    rom_read(&m, monitors[number]);
    if (!m.width)
        return false;
    for (unsigned i = 0; i < EDID_BYTES - 1; i++)
        e[i] = rom_get(edid[i]);
    uint16_t width = m.width * 10, height = m.height * 10;
    e[PRODUCT] = number;
    e[SIZE] = m.width;
    e[SIZE + 1] = m.height;
    for (unsigned i = 0; i < 2; i++)
        e[ESTABLISHED + i] = m.established[i];
    for (unsigned i = 0; i < 16; i++)
        e[STANDARD + i] = i < sizeof(m.standard) ? m.standard[i] : NO_TIMING;
    for (unsigned i = 0; i < sizeof(m.timing); i++)
        e[TIMING + i] = m.timing[i];
    e[TIMING_SIZE] = (uint8_t)width;
    e[TIMING_SIZE + 1] = (uint8_t)height;
    e[TIMING_SIZE + 2] = width >> 8 << 4 | height >> 8;
    e[TIMING_SIZE + 5] = m.sync;
    e[RANGE_KHZ] = m.khz;
    e[RANGE_KHZ + 1] = m.clock;
    for (unsigned i = 0; i < EDID_BYTES - 1; i++)
        sum += e[i];
    e[EDID_BYTES - 1] = -sum;
    far_write(segment, at, e, sizeof(e));
    return true;
}
