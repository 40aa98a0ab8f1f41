/* vga_look.c - what the registers say the picture is (IBM PS/2 Hardware Interface Technical Reference, "Video
 * Subsystem": CRT and attribute controller).
 *
 * For each scan line the CRT controller counts character clocks from a row's start address; each clock fetches a byte
 * of all four planes, and the shift registers make dots of them. Double-scanned lines and doubled dots are drawn once:
 * the picture has the pixels that the program meant. */
#include <string.h>

#include "emu/devices/vga_draw.h"

#define REFRESH_HZ 70u
#define BLINK_FRAMES 16u /* what blinks: so many frames on, so many off */

enum { ATTR_MODE = 16, ATTR_OVERSCAN, ATTR_PLANES, ATTR_PAN, ATTR_COLOUR_SELECT };
enum {
    MODE_GRAPHICS = 1,
    MODE_LINE_GRAPHICS = 4,
    MODE_BLINK = 8,
    MODE_STILL_SPLIT = 0x20,
    MODE_256 = 0x40,
    MODE_PALETTE_BANK = 0x80
};

uint32_t vga_lines_counted(const struct vga *v)
{
    return v->crtc[0x17] & 4 ? 2 : 1;
}

uint32_t vga_lines_shown(const struct vga *v)
{
    return ((v->crtc[0x12] | (v->crtc[7] & 2u) << 7 | (v->crtc[7] & 0x40u) << 3) + 1) * vga_lines_counted(v);
}

uint64_t vga_frames_shown(const struct vga *v)
{
    return clock_cycles(v->clock, clock_now(v->clock), REFRESH_HZ);
}

bool vga_blink_hides(const struct vga *v)
{
    return v->attribute[ATTR_MODE] & MODE_BLINK && vga_frames_shown(v) / BLINK_FRAMES % 2;
}

uint32_t vga_cursor_counter(const struct vga *v)
{
    return (((uint32_t)v->crtc[0xE] << 8 | v->crtc[0xF]) + (v->crtc[0xB] >> 5 & 3)) & 0xFFFF;
}

bool vga_cursor_enabled(const struct vga *v)
{
    return !(v->crtc[0xA] & 0x20) && (v->crtc[0xA] & 0x1F) <= (v->crtc[0xB] & 0x1F);
}

static bool text_mode(const struct vga *v)
{
    return !(v->attribute[ATTR_MODE] & MODE_GRAPHICS) && !(v->graphics[6] & 1);
}

/* The palette is not being written, the screen not off, and sequencer and CRT controller, where it takes them, run. */
static bool displaying(const struct vga *v)
{
    return v->attribute_index & 0x20 && !(v->sequencer[1] & 0x20) &&
           (dispi_enabled(v) || (v->crtc[0x17] & 0x80 && (v->sequencer[0] & 3) == 3));
}

static enum look_kind kind_of(const struct vga *v)
{
    if (dispi_enabled(v))
        return dispi_packed(v) ? LOOK_LINEAR : LOOK_LINEAR_PLANAR;
    if (text_mode(v))
        return LOOK_TEXT;
    return v->graphics[5] & 0x40 ? LOOK_PACKED : v->graphics[5] & 0x20 ? LOOK_PAIRS : LOOK_PLANAR;
}

/* --- Geometry --- */

/* Characters of nine dots move by one to eight, and by none at 8; dots of 256 colours last two clocks. */
static uint32_t panning(const struct vga *v, const struct look *l)
{
    uint32_t pan = v->attribute[ATTR_PAN] & 15;

    if (l->kind == LOOK_TEXT && l->dots == 9)
        return pan < 8 ? pan + 1 : 0;
    return l->kind == LOOK_PACKED ? (pan & 7) / 2 : pan & 7;
}

static uint32_t at_most(uint32_t value, uint32_t limit)
{
    return value < limit ? value : limit;
}

/* Byte, word or doubleword mode, and the row-scan bits of the CGA's interleaved modes. */
static void address_mode(const struct vga *v, struct look *l)
{
    uint8_t mode = v->crtc[0x17];

    l->shift = v->crtc[0x14] & 0x40 ? 2 : mode & 0x40 ? 0 : 1;
    l->low_bit = l->shift == 2 ? 14 : mode & 0x20 ? 15 : 13;
    l->row_scan_13 = !(mode & 1);
    l->row_scan_14 = !(mode & 2);
}

uint32_t look_address(const struct look *l, uint32_t counter, unsigned row_scan)
{
    uint32_t address = counter << l->shift | (counter >> l->low_bit & ((1u << l->shift) - 1));

    if (l->row_scan_13)
        address = (address & ~0x2000u) | (row_scan & 1) << 13;
    if (l->row_scan_14)
        address = (address & ~0x4000u) | (row_scan >> 1 & 1) << 14;
    return address & 0xFFFF;
}

bool look_splits(const struct look *l, uint32_t first_line, uint32_t lines)
{
    return l->split >= first_line && l->split - first_line < lines;
}

static void vga_geometry(const struct vga *v, struct look *l)
{
    const uint8_t *c = v->crtc;
    bool text = l->kind == LOOK_TEXT;

    l->columns = c[1] + 1u;
    l->lines = vga_lines_shown(v);
    l->cell = (c[9] & 0x1Fu) + 1;
    l->repeat = c[9] & 0x80 ? 2 : 1;
    l->dots = v->sequencer[1] & 1 ? 8 : 9;
    l->start = ((uint32_t)c[0xC] << 8 | c[0xD]) + (c[8] >> 5 & 3);
    l->offset = c[0x13] * 2u;
    l->split = ((c[0x18] | (c[7] & 0x10u) << 4 | (c[9] & 0x40u) << 3) + 1) * vga_lines_counted(v) - 1;
    l->first_row_scan = c[8] & 0x1F;
    l->pan = panning(v, l);
    l->split_pan = v->attribute[ATTR_MODE] & MODE_STILL_SPLIT ? 0 : l->pan;
    address_mode(v, l);
    /* In text, and where the row scan is part of the address, every line of a row is another one. */
    l->step = text || l->row_scan_13 || l->row_scan_14 ? l->repeat : l->cell * l->repeat;
    l->width = at_most(l->columns * (text ? l->dots : l->kind == LOOK_PACKED ? 4 : 8), FRAME_MAX_WIDTH);
    l->height = at_most((l->lines + l->step - 1) / l->step, FRAME_MAX_HEIGHT);
}

static void dispi_geometry(const struct vga *v, struct look *l)
{
    const uint16_t *d = v->dispi;

    l->width = d[DISPI_XRES];
    l->height = d[DISPI_YRES];
    l->depth = d[DISPI_BPP];
    l->stride = dispi_stride(v);
    l->x_offset = d[DISPI_X_OFFSET];
    l->first_byte = d[DISPI_Y_OFFSET] * l->stride;
}

/* --- Colours --- */

static uint32_t dac_colour(const struct vga *v, unsigned index)
{
    const uint8_t *c = &v->dac[(index & v->dac_mask) * 3];
    uint32_t rgb = (uint32_t)c[0] << 16 | (uint32_t)c[1] << 8 | c[2];

    if (v->dispi[DISPI_ENABLE] & DISPI_8BIT_DAC)
        return rgb;
    return rgb << 2 | (rgb >> 4 & 0x030303); /* six bits become eight by repeating the upper ones */
}

/* The palette register for four bits of a dot. Blinking in graphics turns over the bit of plane 3, shown or not: the
 * colours of mode 0Fh are made for it. */
static uint8_t palette_register(const struct vga *v, unsigned bits, unsigned blinking)
{
    return v->attribute[(bits & v->attribute[ATTR_PLANES] & 15) ^ blinking];
}

/* 256 colours pass in two halves, each of which leaves the low four bits of its palette register. Colour Select has no
 * part in it. */
static void packed_colours(const struct vga *v, unsigned blinking, uint32_t colours[256])
{
    for (unsigned i = 0; i < 256; i++)
        colours[i] = dac_colour(v, (palette_register(v, i >> 4, blinking) & 15u) << 4 |
                                       (palette_register(v, i & 15, blinking) & 15u));
}

/* The colours of the sixteen attribute values. */
static void attribute_colours(const struct vga *v, unsigned blinking, uint32_t colours[16])
{
    uint8_t select = v->attribute[ATTR_COLOUR_SELECT];

    for (unsigned i = 0; i < 16; i++) {
        uint8_t p = palette_register(v, i, blinking);
        if (v->attribute[ATTR_MODE] & MODE_PALETTE_BANK)
            p = (uint8_t)((p & 15) | (select & 3) << 4);
        colours[i] = dac_colour(v, (p & 0x3Fu) | (select & 0xCu) << 4);
    }
}

/* --- Text --- */

/* Start of the character map in plane 2 that the map select register names for attribute bit 3 being 0 or 1. */
static uint32_t font_address(const struct vga *v, unsigned bit3)
{
    uint8_t s = v->sequencer[3];
    unsigned map = bit3 ? (s >> 2 & 3) | (s >> 3 & 4) : (s & 3) | (s >> 2 & 4);

    return (map & 3) * 0x4000 + (map >> 2) * 0x2000;
}

static void text_details(const struct vga *v, struct look *l)
{
    l->fonts[0] = font_address(v, 0);
    l->fonts[1] = font_address(v, 1);
    l->blinks = v->attribute[ATTR_MODE] & MODE_BLINK;
    l->joins = l->dots == 9 && v->attribute[ATTR_MODE] & MODE_LINE_GRAPHICS;
    l->underline = v->crtc[0x14] & 0x1F;
}

void vga_look(const struct vga *v, struct look *l)
{
    memset(l, 0, sizeof *l);
    l->kind = kind_of(v);
    if (dispi_enabled(v))
        dispi_geometry(v, l);
    else
        vga_geometry(v, l);
    if (v->extension)
        v->extension->look(v->extension->device, l);
    if (!displaying(v)) {
        *l = (struct look){.kind = LOOK_OFF, .width = l->width, .height = l->height};
        return;
    }
    if (l->kind == LOOK_TEXT)
        text_details(v, l);
    unsigned blinking = l->kind != LOOK_TEXT && vga_blink_hides(v) ? 8 : 0;
    if (l->kind == LOOK_PACKED)
        packed_colours(v, blinking, l->palette);
    else if (l->kind != LOOK_LINEAR)
        attribute_colours(v, blinking, l->palette);
    else if (l->depth == 8)
        for (unsigned i = 0; i < 256; i++)
            l->palette[i] = dac_colour(v, i);
}
