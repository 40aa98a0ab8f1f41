/* vga_draw.c - draws what a VGA shows (IBM PS/2 Hardware Interface Technical Reference, "Video Subsystem": CRT and attribute controller).
 *
 * For each scan line the CRT controller counts character clocks from a row's start address; each clock fetches a byte of all four
 * planes, and the shift registers make dots of them. Double-scanned lines and doubled dots are drawn once: the frame has the pixels that
 * the program meant. */
#include "emu/devices/vga_draw.h"

#include <string.h>

#include "emu/devices/vga_dispi.h"
#include "emu/endian.h"

#define REFRESH_HZ 70u
#define CURSOR_FRAMES 8u /* the cursor: so many frames on, so many off */
#define BLINK_FRAMES 16u /* characters likewise */

enum { ATTR_MODE = 16, ATTR_OVERSCAN, ATTR_PLANES, ATTR_PAN, ATTR_COLOUR_SELECT };
enum { MODE_GRAPHICS = 1, MODE_LINE_GRAPHICS = 4, MODE_BLINK = 8, MODE_STILL_SPLIT = 0x20, MODE_256 = 0x40, MODE_PALETTE_BANK = 0x80 };

uint32_t vga_last_line(const struct vga *v)
{
    return v->crtc[0x12] | (v->crtc[7] & 2u) << 7 | (v->crtc[7] & 0x40u) << 3;
}

/* The geometry that the registers describe. */
struct raster {
    unsigned columns;      /* character clocks in a line */
    unsigned lines;        /* scan lines with a picture */
    unsigned cell;         /* scan lines of a character row, or repetitions of a graphics row */
    unsigned repeat;       /* 2 when every line is scanned twice */
    unsigned dots;         /* of a character clock: 8 or 9 */
    uint32_t start, offset; /* address counter at the top; of a row */
    uint32_t split;        /* after this line the counter starts at 0 again */
    unsigned first_row_scan;
    unsigned pan;          /* dots by which the picture is moved to the left */
};

static bool text_mode(const struct vga *v)
{
    return !(v->attribute[ATTR_MODE] & MODE_GRAPHICS) && !(v->graphics[6] & 1);
}

static bool packed_mode(const struct vga *v)
{
    return v->graphics[5] & 0x40;
}

/* Characters of nine dots move by one to eight, and by none at 8; dots of 256 colours last two clocks. */
static unsigned panning(const struct vga *v)
{
    unsigned pan = v->attribute[ATTR_PAN] & 15;

    if (text_mode(v) && !(v->sequencer[1] & 1))
        return pan < 8 ? pan + 1 : 0;
    return packed_mode(v) && !text_mode(v) ? (pan & 7) / 2 : pan & 7;
}

static struct raster raster(const struct vga *v)
{
    const uint8_t *c = v->crtc;
    struct raster r = {
        .columns = c[1] + 1u,
        .lines = vga_last_line(v) + 1,
        .cell = (c[9] & 0x1Fu) + 1,
        .repeat = c[9] & 0x80 ? 2 : 1,
        .dots = v->sequencer[1] & 1 ? 8 : 9,
        .start = (uint32_t)c[0xC] << 8 | c[0xD],
        .offset = c[0x13] * 2u,
        .split = c[0x18] | (c[7] & 0x10u) << 4 | (c[9] & 0x40u) << 3,
        .first_row_scan = c[8] & 0x1F,
        .pan = panning(v),
    };

    r.start += c[8] >> 5 & 3;
    return r;
}

static bool displaying(const struct vga *v)
{
    return v->attribute_index & 0x20 && !(v->sequencer[1] & 0x20) && v->crtc[0x17] & 0x80;
}

/* From the address counter to an address in the planes: byte, word or doubleword mode, and the row-scan bits of the CGA's interleaved modes. */
static uint32_t plane_address(const struct vga *v, uint32_t counter, unsigned row_scan)
{
    const uint8_t mode = v->crtc[0x17];
    uint32_t address = counter;

    if (v->crtc[0x14] & 0x40)
        address = counter << 2 | (counter >> 14 & 3);
    else if (!(mode & 0x40))
        address = counter << 1 | (mode & 0x20 ? counter >> 15 & 1 : counter >> 13 & 1);
    if (!(mode & 1))
        address = (address & ~0x2000u) | (row_scan & 1) << 13;
    if (!(mode & 2))
        address = (address & ~0x4000u) | (row_scan >> 1 & 1) << 14;
    return address & 0xFFFF;
}

static uint32_t dac_colour(const struct vga *v, uint8_t index)
{
    const uint8_t *c = &v->dac[(index & v->dac_mask) * 3];
    uint32_t rgb = 0;

    if (v->dispi[DISPI_ENABLE] & DISPI_8BIT_DAC)
        return (uint32_t)c[0] << 16 | (uint32_t)c[1] << 8 | c[2];
    for (unsigned i = 0; i < 3; i++)
        rgb = rgb << 8 | (uint32_t)(c[i] << 2 | c[i] >> 4);
    return rgb;
}

/* The colours of the sixteen attribute values. */
static void attribute_colours(const struct vga *v, uint32_t colours[16])
{
    uint8_t select = v->attribute[ATTR_COLOUR_SELECT];

    for (unsigned i = 0; i < 16; i++) {
        uint8_t p = v->attribute[i & v->attribute[ATTR_PLANES]];
        if (v->attribute[ATTR_MODE] & MODE_PALETTE_BANK)
            p = (uint8_t)((p & 15) | (select & 3) << 4);
        colours[i] = dac_colour(v, (uint8_t)((p & 0x3F) | (select & 0xC) << 4));
    }
}

/* --- Text --- */

static uint64_t frames_shown(const struct vga *v)
{
    return clock_cycles(v->clock, clock_now(v->clock), REFRESH_HZ);
}

static uint32_t cursor_counter(const struct vga *v)
{
    return (uint32_t)v->crtc[0xE] << 8 | v->crtc[0xF];
}

static bool cursor_enabled(const struct vga *v)
{
    return !(v->crtc[0xA] & 0x20) && (v->crtc[0xA] & 0x1F) <= (v->crtc[0xB] & 0x1F);
}

/* Start of the character map in plane 2; attribute bit 3 chooses between two. */
static uint32_t font_address(const struct vga *v, uint8_t attribute)
{
    uint8_t s = v->sequencer[3];
    unsigned map = attribute & 8 ? (s >> 2 & 3) | (s >> 3 & 4) : (s & 3) | (s >> 2 & 4);

    return (map & 3) * 0x4000 + (map >> 2) * 0x2000;
}

/* The dots of one scan line of a character, the leftmost in bit 8. */
static unsigned character_dots(const struct vga *v, const uint8_t *planes, unsigned row_scan, bool nine)
{
    uint8_t row = v->memory[((font_address(v, planes[1]) + planes[0] * 32u + row_scan) & 0xFFFF) * 4 + 2];
    bool join = nine && v->attribute[ATTR_MODE] & MODE_LINE_GRAPHICS && planes[0] >= 0xC0 && planes[0] <= 0xDF;

    return (unsigned)row << 1 | (join ? row & 1 : 0);
}

static void draw_text_line(const struct vga *v, const struct raster *r, uint32_t counter, unsigned row_scan, const uint32_t colours[16],
                           uint32_t *out, unsigned width)
{
    bool blink = v->attribute[ATTR_MODE] & MODE_BLINK, hidden = frames_shown(v) / BLINK_FRAMES % 2;
    bool cursor = cursor_enabled(v) && frames_shown(v) / CURSOR_FRAMES % 2 == 0 && row_scan >= (v->crtc[0xA] & 0x1Fu) &&
                  row_scan <= (v->crtc[0xB] & 0x1Fu);
    unsigned x = 0;

    for (unsigned column = 0; x < width && column <= r->columns; column++, counter++) {
        const uint8_t *planes = &v->memory[plane_address(v, counter, 0) * 4];
        unsigned dots = character_dots(v, planes, row_scan, r->dots == 9);
        unsigned ink = planes[1] & 15, paper = planes[1] >> 4;

        if (blink) {
            paper &= 7;
            if (planes[1] & 0x80 && hidden)
                dots = 0;
        }
        if (cursor && (counter & 0xFFFF) == cursor_counter(v))
            dots = 0x1FF;
        if (row_scan == (v->crtc[0x14] & 0x1Fu) && (planes[1] & 0x77) == 1) /* underline, for the monochrome attribute */
            dots = 0x1FF;
        for (unsigned dot = column ? 0 : r->pan; dot < r->dots && x < width; dot++)
            out[x++] = colours[dots >> (8 - dot) & 1 ? ink : paper];
    }
}

/* --- Graphics --- */

/* Eight dots of the sixteen-colour modes: one bit of each plane, or two bits of the CGA's pairs. */
static void planar_dots(const struct vga *v, const uint8_t *planes, uint8_t dots[8])
{
    for (unsigned i = 0; i < 8; i++) {
        unsigned bit = 7 - i;
        if (v->graphics[5] & 0x20) {
            unsigned pair = i & 4 ? 1 : 0, shift = 6 - 2 * (i & 3);
            dots[i] = (uint8_t)((planes[pair] >> shift & 3) | (planes[pair + 2] >> shift & 3) << 2);
        } else {
            dots[i] = (uint8_t)((planes[0] >> bit & 1) | (planes[1] >> bit & 1) << 1 | (planes[2] >> bit & 1) << 2 | (planes[3] >> bit & 1) << 3);
        }
    }
}

static void draw_graphics_line(const struct vga *v, const struct raster *r, uint32_t counter, unsigned row_scan, const uint32_t colours[16],
                               uint32_t *out, unsigned width)
{
    bool packed = packed_mode(v); /* 256 colours: a clock brings four dots, each as long as two */
    unsigned per_clock = packed ? 4 : 8, x = 0;

    for (unsigned column = 0; x < width && column <= r->columns; column++, counter++) {
        const uint8_t *planes = &v->memory[plane_address(v, counter, row_scan) * 4];
        uint8_t dots[8];

        if (packed)
            memcpy(dots, planes, 4);
        else
            planar_dots(v, planes, dots);
        for (unsigned i = column ? 0 : r->pan; i < per_clock && x < width; i++)
            out[x++] = packed ? dac_colour(v, dots[i]) : colours[dots[i]];
    }
}

/* --- The frame --- */

static unsigned at_most(unsigned value, unsigned limit)
{
    return value < limit ? value : limit;
}

/* Whether the line at which the address counter starts anew is among these. */
static bool splits(const struct raster *r, unsigned first_line, unsigned lines)
{
    return r->split >= first_line && r->split - first_line < lines;
}

/* --- DISPI modes --- */

/* Five or six bits become eight by repeating the upper ones. */
static uint32_t widen(uint32_t value, unsigned bits)
{
    return value << (8 - bits) | value >> (2 * bits - 8);
}

/* A pixel of 8 bits and more; the address wraps at the end of the memory, which is a multiple of 4 but not of 3. */
static uint32_t dispi_pixel(const struct vga *v, uint32_t address, unsigned bpp)
{
    uint8_t b[4];
    uint32_t pixel;

    for (unsigned i = 0; i < 4; i++)
        b[i] = v->memory[(address + i) % VGA_MEMORY];
    pixel = load32(b);
    switch (bpp) {
    case 8: return dac_colour(v, b[0]);
    case 15: return widen(pixel >> 10 & 31, 5) << 16 | widen(pixel >> 5 & 31, 5) << 8 | widen(pixel & 31, 5);
    case 16: return widen(pixel >> 11 & 31, 5) << 16 | widen(pixel >> 5 & 63, 6) << 8 | widen(pixel & 31, 5);
    default: return pixel & 0xFFFFFF;
    }
}

static void draw_dispi_planar_line(const struct vga *v, uint32_t line, unsigned x_offset, const uint32_t colours[16], uint32_t *out, unsigned width)
{
    uint8_t dots[8];

    for (unsigned x = x_offset; x < x_offset + width; x++) {
        if (x == x_offset || x % 8 == 0)
            planar_dots(v, &v->memory[(line + x / 8 * 4) % VGA_MEMORY], dots);
        *out++ = colours[dots[x % 8]];
    }
}

static void draw_dispi(struct vga *v, struct frame *frame)
{
    const uint16_t *d = v->dispi;
    uint32_t stride = dispi_stride(v), colours[16];

    frame->width = d[DISPI_XRES];
    frame->height = d[DISPI_YRES];
    frame->pixels = v->pixels;
    attribute_colours(v, colours);
    for (unsigned y = 0; y < frame->height; y++) {
        uint32_t *out = v->pixels + (size_t)y * frame->width, line = (d[DISPI_Y_OFFSET] + y) * stride;
        if (v->sequencer[1] & 0x20 || !(v->attribute_index & 0x20))
            memset(out, 0, sizeof *out * frame->width);
        else if (d[DISPI_BPP] == 4)
            draw_dispi_planar_line(v, line, d[DISPI_X_OFFSET], colours, out, frame->width);
        else
            for (unsigned x = 0; x < frame->width; x++)
                out[x] = dispi_pixel(v, line + (d[DISPI_X_OFFSET] + x) * ((d[DISPI_BPP] + 7u) / 8), d[DISPI_BPP]);
    }
}

static void draw_vga(struct vga *v, struct frame *frame)
{
    struct raster r = raster(v);
    bool text = text_mode(v);
    unsigned step = text ? r.repeat : r.cell * r.repeat; /* scan lines that show the same */
    unsigned clock_dots = text ? r.dots : packed_mode(v) ? 4 : 8;
    uint32_t counter = r.start, colours[16];
    unsigned row_scan = r.first_row_scan;

    if (!(v->crtc[0x17] & 1) && !text)
        step = r.repeat; /* CGA: the row scan is part of the address */
    frame->width = at_most(r.columns * clock_dots, FRAME_MAX_WIDTH);
    frame->height = at_most((r.lines + step - 1) / step, FRAME_MAX_HEIGHT);
    frame->pixels = v->pixels;
    if (!displaying(v)) {
        memset(v->pixels, 0, sizeof *v->pixels * frame->width * frame->height);
        return;
    }
    attribute_colours(v, colours);
    for (unsigned y = 0; y < frame->height; y++) {
        uint32_t *out = v->pixels + (size_t)y * frame->width;
        if (text)
            draw_text_line(v, &r, counter, row_scan, colours, out, frame->width);
        else
            draw_graphics_line(v, &r, counter, row_scan, colours, out, frame->width);
        if (splits(&r, y * step, step)) {
            counter = row_scan = 0;
            if (v->attribute[ATTR_MODE] & MODE_STILL_SPLIT)
                r.pan = 0;
        } else if ((!text && step > r.repeat) || ++row_scan >= r.cell) {
            row_scan = 0;
            counter += r.offset;
        }
    }
}

void vga_frame(struct vga *v, struct frame *frame)
{
    if (dispi_enabled(v))
        draw_dispi(v, frame);
    else
        draw_vga(v, frame);
}

void vga_text(const struct vga *v, struct text_screen *screen)
{
    struct raster r = raster(v);
    unsigned lines = r.cell * r.repeat;
    uint32_t counter = r.start;

    screen->columns = screen->rows = screen->cursor_column = screen->cursor_row = 0;
    screen->cursor_visible = false;
    if (dispi_enabled(v) || !displaying(v) || !text_mode(v))
        return;
    screen->columns = at_most(r.columns, TEXT_MAX_COLUMNS);
    screen->rows = at_most(r.lines / lines, TEXT_MAX_ROWS);
    for (unsigned row = 0; row < screen->rows; row++) {
        for (unsigned column = 0; column < screen->columns; column++) {
            const uint8_t *planes = &v->memory[plane_address(v, counter + column, 0) * 4];
            screen->character[row][column] = planes[0];
            screen->attribute[row][column] = planes[1];
            if (((counter + column) & 0xFFFF) == cursor_counter(v)) {
                screen->cursor_row = row;
                screen->cursor_column = column;
                screen->cursor_visible = cursor_enabled(v);
            }
        }
        counter = splits(&r, row * lines, lines) ? 0 : counter + r.offset;
    }
}
