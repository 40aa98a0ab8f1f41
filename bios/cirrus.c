/* cirrus.c - the functions of dispi.h on a Cirrus Logic CL-GD5430, 5434 or 5446 (CL-GD5446 Technical Reference Manual):
 * the VGA BIOS for those chips has this in place of dispi.c.
 *
 * What was asked for is kept in the chip's scratch registers; line, start and bank are read from where they are. */
#include "dispi.h"

#include "registers.h"

/* clang-format off */
enum { SR_KEY = 6, SR_MODE = 7, SR_WIDTH = 9, SR_HEIGHT = 0x0A, SR_NUMERATOR_3 = 0x0E, SR_POINTER = 0x12, SR_ASKED = 0x14,
       SR_MEMORY = 0x15, SR_DENOMINATOR_3 = 0x1E, KEY = 0x12 };
enum { ASKED_DEPTH = 0x0F, ASKED_FLAGS = 0x30, ASKED_ON = 0x40 }; /* the flags are DISPI_LINEAR and DISPI_KEEP_MEMORY, divided by four */
enum { GR_BANK = 9, GR_EXTENSIONS = 0x0B, GR_BLT = 0x20, GR_BLT_MODE = 0x30, GR_BLT_START = 0x31, GR_BLT_OPERATION = 0x32, UNITS_OF_16K = 0x20 };
enum { CR_START_HIGH = 0x0C, CR_START_LOW = 0x0D, CR_OFFSET = 0x13, CR_DISPLAY = 0x1B, CR_OVERLAY = 0x1D, CR_ID = 0x27 };
enum { CRTC_COLOUR = 0x3D4, DISPLAY_FAR = 0x22, ID_5430 = 0xA0, ID_5434 = 0xA8, ID_5446 = 0xB8, ID_FAMILY = 0xE7, CLOCK_3 = 0x2F };

/* A picture as VESA times it at 60 or 70 Hz: from dots and lines - shown, where the synchronization begins and ends, all -
 * to the values of the CRT controller's registers. `chars`: dots of a character clock. Where there are more than 1,023
 * lines they are counted in pairs. */
#define CRTC(chars, more, w, h_sync, h_sync_end, h_total, h, v_sync, v_sync_end, v_total, pairs) \
    { \
        (h_total) / (chars) - 5, (w) / (chars) - 1, (w) / (chars), 0x80 | (((h_total) / (chars) - 2) & 0x1F), (h_sync) / (chars), \
            (((h_total) / (chars) - 2) & 0x20) << 2 | ((h_sync_end) / (chars) & 0x1F), ((v_total) - 2) & 0xFF, \
            (((v_total) - 2) >> 8 & 1) | (((h) - 1) >> 8 & 1) << 1 | ((v_sync) >> 8 & 1) << 2 | ((h) >> 8 & 1) << 3 | 0x10 | \
                (((v_total) - 2) >> 9 & 1) << 5 | (((h) - 1) >> 9 & 1) << 6 | ((v_sync) >> 9 & 1) << 7, \
            0x40 | ((h) >> 9 & 1) << 5 | (more), (v_sync) & 0xFF, (v_sync_end) & 0x0F, ((h) - 1) & 0xFF, (h) & 0xFF, ((v_total) - 2) & 0xFF, \
            0xC3 | (pairs) \
    }

static ROM_DATA uint8_t crtc_indices[] = {0, 1, 2, 3, 4, 5, 6, 7, 9, 0x10, 0x11, 0x12, 0x15, 0x16, 0x17};

/* Size in eights; clock and polarities; clocking mode. Modes of 320 dots are those of 640 with doubled dots and lines. */
static ROM_DATA struct timing {
    uint8_t width, height, numerator, denominator, misc, clocking, crtc[sizeof(crtc_indices)];
} timings[] = {
    {40, 25, 0x66, 0x3B, CLOCK_3 | 0x40, 0x09, CRTC(16, 0x80, 640, 656, 752, 800, 400, 412, 414, 449, 0)},
    {80, 50, 0x66, 0x3B, CLOCK_3 | 0x40, 0x01, CRTC(8, 0, 640, 656, 752, 800, 400, 412, 414, 449, 0)},
    {80, 60, 0x66, 0x3B, CLOCK_3 | 0xC0, 0x01, CRTC(8, 0, 640, 656, 752, 800, 480, 490, 492, 525, 0)},
    {100, 75, 0x51, 0x3A, CLOCK_3, 0x01, CRTC(8, 0, 800, 840, 968, 1056, 600, 601, 605, 628, 0)},
    {128, 96, 0x76, 0x34, CLOCK_3 | 0xC0, 0x01, CRTC(8, 0, 1024, 1048, 1184, 1344, 768, 771, 777, 806, 0)},
    {160, 128, 0x53, 0x16, CLOCK_3, 0x01, CRTC(8, 0, 1280, 1328, 1440, 1688, 512, 512, 514, 533, 4)},
};

/* By a quarter of the depth: mode register and Hidden DAC register. */
static ROM_DATA uint8_t depths[][2] = {{0, 0}, {0, 0}, {1, 0}, {7, 0xC0}, {7, 0xC1}, {0, 0}, {5, 0xC5}, {0, 0}, {9, 0xC5}};

static ROM_DATA struct setting {
    uint16_t port;
    uint8_t index, value;
} plain[] = { /* back to VGA, whatever a driver has left */
    {SEQUENCER, SR_KEY, KEY}, {SEQUENCER, SR_MODE, 0}, {SEQUENCER, SR_ASKED, 0}, {SEQUENCER, SR_POINTER, 0}, {GRAPHICS, GR_BLT_START, 4}, {GRAPHICS, GR_BLT_START, 0},
    {GRAPHICS, GR_BANK, 0}, {GRAPHICS, GR_EXTENSIONS, 0}, {CRTC_COLOUR, 0x1A, 0}, {CRTC_COLOUR, CR_DISPLAY, 0},
    {CRTC_COLOUR, CR_OVERLAY, 0}
}, extended[] = { /* offsets of 16 KiB; the engine will make zeros, 4 KiB a line (QEMU's wants a pitch of the source too) */
    {CRTC_COLOUR, 0x11, 0}, {CRTC_COLOUR, 0x14, 0}, {GRAPHICS, GR_EXTENSIONS, UNITS_OF_16K}, {GRAPHICS, GR_BLT, 0xFF}, {GRAPHICS, GR_BLT + 1, 0x0F}, {GRAPHICS, GR_BLT + 4, 0},
    {GRAPHICS, GR_BLT + 5, 0x10}, {GRAPHICS, GR_BLT + 7, 0x10}, {GRAPHICS, GR_BLT + 8, 0}, {GRAPHICS, GR_BLT + 9, 0}, {GRAPHICS, GR_BLT + 10, 0},
    {GRAPHICS, GR_BLT_MODE, 0}, {GRAPHICS, GR_BLT_OPERATION, 0},
};
/* clang-format on */
enum { NUMERATOR_TRIPLE = 0x3A, DENOMINATOR_TRIPLE = 0x16 }; /* of the VGA's clock */

static void write_all(const ROM struct setting *s, uint8_t count)
{
    for (; count; count--, s++)
        register_write(rom_get(s->port), rom_get(s->index), rom_get(s->value));
}

static uint8_t sequencer(uint8_t index)
{
    return register_read(SEQUENCER, index);
}

static void sequencer_write(uint8_t index, uint8_t v)
{
    register_write(SEQUENCER, index, v);
}

static void graphics_write(uint8_t index, uint8_t v)
{
    register_write(GRAPHICS, index, v);
}

static uint8_t chip(void)
{
    return crtc_read(CR_ID);
}

/* A quarter of the depth that was asked for; and the depth. */
static uint8_t quarter(void)
{
    return sequencer(SR_ASKED) & ASKED_DEPTH;
}

static uint16_t depth(void)
{
    uint8_t q = quarter();
    return q == 3 ? 15 : q * 4;
}

/* --- Line and start, in units of four bytes, all planes together --- */

static uint16_t pitch(void)
{
    return ((crtc_read(CR_DISPLAY) & 0x10) << 4 | crtc_read(CR_OFFSET)) * 2;
}

/* Four pixels of q quarters of a byte are q units; in four planes eight of them are one. Those of 15 bits take 16. */
static uint16_t units(uint16_t pixels)
{
    uint8_t q = quarter();
    return q == 1 ? pixels / 8 : pixels / 4 * ((q + 1) / 2);
}

static uint16_t pixels(uint16_t units)
{
    uint8_t q = quarter();
    return q == 1 ? units * 8 : units * 4 / ((q + 1) / 2);
}

static uint32_t start(void)
{
    uint32_t high = crtc_read(CR_DISPLAY);
    return crtc_read(CR_START_LOW) | crtc_read(CR_START_HIGH) << 8 | (high & 1) << 16 | (high & 0x0C) << 15 |
           (crtc_read(CR_OVERLAY) & 0x80) << 12;
}

/* The start, and the line if it is not 0. */
static void place(uint32_t start, uint16_t pitch)
{
    uint8_t display = crtc_read(CR_DISPLAY) & 0x10;

    if (pitch) {
        display = pitch >> 5 & 0x10;
        crtc_write(CR_OFFSET, pitch / 2);
    }
    crtc_write(CR_DISPLAY, display | DISPLAY_FAR | (start >> 16 & 1) | (start >> 15 & 0x0C));
    crtc_write(CR_OVERLAY, start >> 12 & 0x80);
    crtc_write(CR_START_HIGH, start >> 8);
    crtc_write(CR_START_LOW, start);
}

/* --- Modes --- */

/* Register 3C6h, after four reads of it. */
static void hidden_dac(uint8_t v)
{
    inb(DAC_WRITE);
    for (uint8_t i = 0; i < 4; i++)
        inb(DAC_MASK);
    outb(DAC_MASK, v);
}

/* The GD5430 has no pixels of 32 bits, the GD5434 none of 24; where the clock must be three times the dots', it is for
 * the VGA's timing only. A line of 4,096 bytes is too long. */
bool dispi_shows(uint16_t width, uint8_t bits)
{
    uint8_t id = chip();

    if (bits == 32)
        return id != ID_5430 && width <= 800;
    return bits != 24 || id == ID_5446 || (id == ID_5430 && width <= 640);
}

/* By the engine, whose registers are set up, 4 KiB a line, and one more than it may need. */
static void clear(void)
{
    uint16_t lines = (uint16_t)(((uint32_t)pitch() * sequencer(SR_HEIGHT)) >> 7);

    graphics_write(GR_BLT + 2, lines);
    graphics_write(GR_BLT + 3, lines >> 8);
    graphics_write(GR_BLT_START, 2);
    while (register_read(GRAPHICS, GR_BLT_START) & 1)
        ;
}

/* After mode 12h or 13h, whose palette and window stay. */
static void mode_on(uint16_t flags)
{
    uint8_t q = quarter(), width = sequencer(SR_WIDTH), height = sequencer(SR_HEIGHT), i = 0;
    struct timing t;

    do {
        if (i == ARRAY_LENGTH(timings))
            return;
        rom_read(&t, timings[i++]);
    } while (t.width != width || t.height != height);
    if (q == 6 && chip() != ID_5446) {
        t.numerator = NUMERATOR_TRIPLE;
        t.denominator = DENOMINATOR_TRIPLE;
    }
    sequencer_write(SR_NUMERATOR_3, t.numerator);
    sequencer_write(SR_DENOMINATOR_3, t.denominator);
    sequencer_write(1, t.clocking);
    sequencer_write(SR_MODE, (DISPI_IS_LINEAR ? 0x10 : 0) | rom_get(depths[q][0]));
    outb(MISC_WRITE, t.misc);
    write_all(extended, ARRAY_LENGTH(extended));
    for (i = 0; i < sizeof(crtc_indices); i++)
        crtc_write(rom_get(crtc_indices[i]), t.crtc[i]);
    place(0, units(t.width * 8));
    hidden_dac(rom_get(depths[q][1]));
    if (!(flags & DISPI_KEEP_MEMORY))
        clear();
    sequencer_write(SR_ASKED, q | ASKED_ON | (flags & (DISPI_LINEAR | DISPI_KEEP_MEMORY)) >> 2);
}

/* --- The registers of dispi.h --- */

uint16_t dispi_read(uint8_t index)
{
    uint8_t asked;

    switch (index) {
    case WIDTH: return sequencer(SR_WIDTH) * 8;
    case HEIGHT: return sequencer(SR_HEIGHT) * 8;
    case DEPTH: return depth();
    case ENABLE_MODE:
        asked = sequencer(SR_ASKED);
        return asked & ASKED_ON ? DISPI_ENABLED | (asked & ASKED_FLAGS) << 2 : 0;
    case BANK: return register_read(GRAPHICS, GR_BANK) / 4;
    case VIRTUAL_WIDTH: return pixels(pitch());
    case X_OFFSET:
    case Y_OFFSET: {
        uint32_t at = start(), line = pitch();
        return index == X_OFFSET ? pixels(at % line) : at / line;
    }
    default: return 0;
    }
}

/* A mode that is on stays as it is when it is asked for again: it has no choice for the DAC. */
void dispi_write(uint8_t index, uint16_t v)
{
    switch (index) {
    case WIDTH: sequencer_write(SR_WIDTH, v / 8); break;
    case HEIGHT: sequencer_write(SR_HEIGHT, v / 8); break;
    case DEPTH: sequencer_write(SR_ASKED, v / 4); break;
    case ENABLE_MODE:
        if (!(v & DISPI_ENABLED))
            dispi_leave();
        else if (!(sequencer(SR_ASKED) & ASKED_ON))
            mode_on(v);
        break;
    case BANK: graphics_write(GR_BANK, v * 4); break;
    case VIRTUAL_WIDTH: place(start(), units(v)); break;
    case X_OFFSET:
    case Y_OFFSET: {
        uint32_t at = start(), line = pitch(), x = at % line;
        place(index == X_OFFSET ? at - x + units(v) : v * line + x, 0);
    }
    }
}

/* For the bank. */
bool dispi_write_checked(uint8_t index, uint16_t v)
{
    if (v >= dispi_memory())
        return false;
    dispi_write(index, v);
    return true;
}

bool dispi_present(void)
{
    sequencer_write(SR_KEY, KEY);
    return (chip() & ID_FAMILY) == ID_5430;
}

uint16_t dispi_memory(void)
{
    return 4 << sequencer(SR_MEMORY);
}

void dispi_leave(void)
{
    write_all(plain, ARRAY_LENGTH(plain));
    hidden_dac(0);
}

/* INT 10h/AH=12h, "Cirrus Logic BIOS" in Ralf Brown's Interrupt List. The options are those of a BIOS that shows each
 * mode at 60 Hz, to 1,024 lines. */
void cirrus_inquire(struct regs *r)
{
    enum { TYPE_5430 = 0x32, TYPE_5446 = 0x39, VERSION = 0x0100 }; /* 31h is the GD5434 */
    enum { LINES_1024 = 3 << 5, HERTZ_60 = 1 << 13 | 1 << 11 | 1 << 4, COLOUR_8512 = 0x0E00 };
    uint8_t asked = r->bl;

    dispi_present();     /* unlocks it */
    if (asked == 0x80) { /* BL stays: no revision is known */
        uint8_t id = chip();
        r->ax = id == ID_5446 ? TYPE_5446 : TYPE_5430 - (id == ID_5434);
    } else if (asked == 0x81)
        r->ax = VERSION;
    else if (asked == 0x85)
        r->al = dispi_memory();
    else if (asked == 0x9A) {
        r->ax = LINES_1024;
        r->cx = HERTZ_60;
    } else if (asked == 0xA1)
        r->bx = COLOUR_8512;
}
