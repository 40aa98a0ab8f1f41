/* monitor.c - what the manifest's monitors say of themselves (VESA Enhanced EDID Standard, EDID 1.3).
 *
 * Each prefers one mode at 60 Hz, with the timing that VESA gave it (Industry Standards and Guidelines for Computer
 * Display Monitor Timing), and takes the smaller ones as well. */
#include <string.h>

#include "emu/devices/ddc.h"

struct monitor_kind {
    uint16_t clock;                                      /* of dots, in 10 kHz */
    uint16_t width, h_blank, h_front, h_sync;            /* dots */
    uint16_t height, v_blank, v_front, v_sync;           /* lines */
    uint8_t sync;                                        /* polarities: 18h both negative, 1Eh both positive */
    uint8_t width_cm, height_cm, limit_khz, limit_10mhz; /* the picture's size; what it can do at most */
    uint8_t established[2], standard[10];                /* other modes, as EDID codes them */
};

/* clang-format off */
static const struct monitor_kind kinds[] = {
    [MONITOR_640X480] = {2518, 640, 160, 16, 96, 480, 45, 10, 2, 0x18, 27, 20, 32, 3, {0x20, 0x00},
                         {0x31, 0x40, 1, 1, 1, 1, 1, 1, 1, 1}},
    [MONITOR_800X600] = {4000, 800, 256, 40, 128, 600, 28, 1, 4, 0x1E, 27, 20, 40, 5, {0x21, 0x00},
                         {0x45, 0x40, 0x31, 0x40, 1, 1, 1, 1, 1, 1}},
    [MONITOR_1024X768] = {6500, 1024, 320, 24, 136, 768, 38, 3, 6, 0x18, 30, 22, 50, 7, {0x21, 0x08},
                          {0x61, 0x40, 0x45, 0x40, 0x31, 0x40, 1, 1, 1, 1}},
    [MONITOR_1280X1024] = {10800, 1280, 408, 48, 112, 1024, 42, 1, 3, 0x1E, 34, 27, 80, 14, {0x21, 0x08},
                           {0x81, 0x80, 0x61, 0x40, 0x45, 0x40, 0x31, 0x40, 1, 1}},
    [MONITOR_1600X1200] = {16200, 1600, 560, 64, 192, 1200, 50, 1, 3, 0x1E, 40, 30, 95, 17, {0x21, 0x08},
                           {0xA9, 0x40, 0x81, 0x80, 0x61, 0x40, 0x45, 0x40, 0x31, 0x40}},
};

/* Header, manufacturer MUN, week 1 of 1998, EDID 1.3, analogue, gamma 2.2, RGB, the first timing preferred, sRGB. */
static const uint8_t beginning[] = {
    0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0x36, 0xAE, 0, 0, 0, 0, 0, 0, 1, 8, 1, 3, 0x0E, 0, 0, 120, 0x0A,
    0xEE, 0x91, 0xA3, 0x54, 0x4C, 0x99, 0x26, 0x0F, 0x50, 0x54,
};
enum { PRODUCT = 10, SIZE = 21, ESTABLISHED = 35, STANDARD = 38, TIMING = 54, RANGES = 72, NAME = 90, UNUSED = 108,
       NO_TIMING = 1 };
/* clang-format on */

/* The high bits of two numbers of twelve. */
static uint8_t high(uint32_t a, uint32_t b)
{
    return (uint8_t)((a >> 8 & 15) << 4 | (b >> 8 & 15));
}

static void put_timing(const struct monitor_kind *k, uint8_t *t)
{
    uint32_t width = k->width_cm * 10u, height = k->height_cm * 10u;
    const uint8_t bytes[18] = {
        (uint8_t)k->clock,
        (uint8_t)(k->clock >> 8),
        (uint8_t)k->width,
        (uint8_t)k->h_blank,
        high(k->width, k->h_blank),
        (uint8_t)k->height,
        (uint8_t)k->v_blank,
        high(k->height, k->v_blank),
        (uint8_t)k->h_front,
        (uint8_t)k->h_sync,
        (uint8_t)(k->v_front << 4 | k->v_sync),
        (uint8_t)(k->h_front >> 8 << 6 | k->h_sync >> 8 << 4),
        (uint8_t)width,
        (uint8_t)height,
        high(width, height),
        0,
        0,
        k->sync,
    };

    memcpy(t, bytes, sizeof bytes);
}

bool monitor_edid(enum monitor monitor, uint8_t e[EDID_SIZE])
{
    static const uint8_t name[] = {0, 0, 0, 0xFC, 0, 'M', 'u', 'n', 'i', 'm', 'e', 'n', 't', 10, ' ', ' ', ' ', ' '};
    const struct monitor_kind *k = &kinds[monitor];
    const uint8_t ranges[] = {0, 0,  0,   0xFD, 0,   50,  75,  30, k->limit_khz, k->limit_10mhz,
                              0, 10, ' ', ' ',  ' ', ' ', ' ', ' '};
    uint8_t sum = 0;

    memset(e, 0, EDID_SIZE);
    if (monitor == MONITOR_NONE)
        return false;
    memcpy(e, beginning, sizeof beginning);
    e[PRODUCT] = (uint8_t)monitor;
    e[SIZE] = k->width_cm;
    e[SIZE + 1] = k->height_cm;
    memcpy(e + ESTABLISHED, k->established, sizeof k->established);
    memset(e + STANDARD, NO_TIMING, 16);
    memcpy(e + STANDARD, k->standard, sizeof k->standard);
    put_timing(k, e + TIMING);
    memcpy(e + RANGES, ranges, sizeof ranges);
    memcpy(e + NAME, name, sizeof name);
    e[UNUSED + 3] = 0x10;
    for (unsigned i = 0; i < EDID_SIZE - 1; i++)
        sum = (uint8_t)(sum + e[i]);
    e[EDID_SIZE - 1] = (uint8_t)(0 - sum);
    return true;
}
