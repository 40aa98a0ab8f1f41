/* text.c - characters, scrolling, cursor, pages and pixels of INT 10h, for text and graphics modes alike.
 *
 * A screen is seen as lines of cells: in text a line is a row of characters and a cell two bytes; in graphics a line is
 * a row of pixels and a cell the bytes under a character, 8 pixels wide. In modes 4 to 6 odd lines lie 8 KiB up. */
#include "text.h"

#include "bda.h"
#include "modes.h"
#include "registers.h"

enum { BELL = 7, BACKSPACE = 8, LINE_FEED = 10, CARRIAGE_RETURN = 13, XOR = 0x80 };

/* The screen of the mode at hand. */
struct screen {
    uint8_t kind, cell, columns, rows, height; /* height: lines of a row, 1 in text */
    uint16_t segment, start, line_bytes;
};

static void screen_of_page(struct screen *s, uint8_t page)
{
    struct video_mode mode;

    video_mode_now(&mode);
    s->kind = mode.kind;
    s->segment = mode.segment;
    s->columns = (uint8_t)bda_get(video_columns);
    s->rows = bda_get(video_rows) + 1;
    s->height = s->kind == TEXT ? 1 : (uint8_t)bda_get(char_height);
    s->cell = s->kind == TEXT || s->kind == CGA4 ? 2 : s->kind == LINEAR ? 8 : 1;
    s->line_bytes = s->columns * s->cell;
    s->start = s->kind == TEXT || s->kind == PLANAR ? page * bda_get(video_page_size) : 0;
}

static uint16_t line_offset(const struct screen *s, uint16_t line)
{
    if (s->kind == CGA4 || s->kind == CGA2)
        return (line & 1) << 13 | (line >> 1) * s->line_bytes;
    return s->start + line * s->line_bytes;
}

static uint16_t cell_offset(const struct screen *s, uint16_t place)
{
    return line_offset(s, (place >> 8) * s->height) + (place & 0xFF) * s->cell;
}

/* Planar memory: write mode 2 takes a byte as a colour for the pixels of the bit mask, mode 1 copies whole latches. */
static void planar_mode(uint8_t mode)
{
    register_write(GRAPHICS, 5, mode);
}

static void planar_restore(void)
{
    register_write(GRAPHICS, 3, 0x00);
    register_write(GRAPHICS, 5, 0x00);
    register_write(GRAPHICS, 8, 0xFF);
}

/* A cursor shape made for 8 lines is stretched to the height of a character (cursor emulation), unless turned off. */
static uint16_t shape_for_height(uint16_t shape)
{
    uint8_t height = (uint8_t)bda_get(char_height), start = shape >> 8, end = shape & 0x1F;

    if (bda_get(video_control) & 1 || height <= 8 || start & 0xE0 || end >= 8)
        return shape;
    if (bda_get(video_mode) == 7)
        return shape;
    uint8_t new_end = (end + 1) * height / 8 - 2;
    uint8_t new_start = start + 1 >= end ? new_end - (end - start) : (start + 1) * height / 8 - 1;
    return new_start << 8 | new_end;
}

void cursor_shape_set(uint16_t shape)
{
    bda_put(cursor_shape, shape);
    shape = shape_for_height(shape);
    crtc_write(0x0A, shape >> 8);
    crtc_write(0x0B, (uint8_t)shape);
}

void cursor_place_set(uint8_t page, uint16_t place)
{
    bda_put(cursor[page & 7], place);
    if (page != bda_get(video_page))
        return;
    uint16_t address = bda_get(video_page_start) / 2 + (place >> 8) * bda_get(video_columns) + (place & 0xFF);
    crtc_write(0x0E, address >> 8);
    crtc_write(0x0F, (uint8_t)address);
}

void page_set(uint8_t page)
{
    struct video_mode mode;

    if (page > 7)
        return;
    video_mode_now(&mode);
    uint16_t start = page * bda_get(video_page_size), address = mode.kind == TEXT ? start / 2 : start;

    bda_put(video_page, page);
    bda_put(video_page_start, start);
    crtc_write(0x0C, address >> 8);
    crtc_write(0x0D, (uint8_t)address);
    cursor_place_set(page, bda_get(cursor[page]));
}

static void line_copy(const struct screen *s, uint16_t to, uint16_t from, uint16_t bytes)
{
    if (s->kind == PLANAR)
        far_copy(s->segment, to, s->segment, from, bytes);
    else
        far_copy16(s->segment, to, s->segment, from, (bytes + 1) / 2);
}

static uint16_t fill_pattern(const struct screen *s, uint8_t attribute)
{
    switch (s->kind) {
    case TEXT: return attribute << 8 | ' ';
    case CGA4: return (attribute & 3) * 0x5555;
    case CGA2: return attribute & 1 ? 0xFFFF : 0;
    default: return attribute << 8 | attribute;
    }
}

/* Bytes one by one at odd ends, words between. */
static void line_fill(const struct screen *s, uint16_t to, uint16_t pattern, uint16_t bytes)
{
    far_fill16(s->segment, to, pattern, bytes / 2);
    if (bytes & 1)
        far_put8(s->segment, to + bytes - 1, (uint8_t)pattern);
}

/* Moves the window from `first` to `last` (row, column) by a number of rows; what comes in is blank. */
static void window_scroll(const struct screen *s, uint16_t first, uint16_t last, uint8_t rows, uint8_t attribute,
                          bool down)
{
    uint16_t top = (first >> 8) * s->height, lines = ((last >> 8) + 1) * s->height - top;
    uint16_t left = (first & 0xFF) * s->cell, bytes = ((last & 0xFF) - (first & 0xFF) + 1) * s->cell;
    uint16_t distance = rows == 0 || rows * s->height > lines ? lines : rows * s->height;
    uint16_t pattern = fill_pattern(s, attribute);

    for (uint16_t i = 0; i < lines; i++) {
        uint16_t line = down ? lines - 1 - i : i, to = line_offset(s, top + line) + left;
        bool blank = i + distance >= lines;
        if (s->kind == PLANAR)
            planar_mode(blank ? 2 : 1);
        if (blank)
            line_fill(s, to, pattern, bytes);
        else
            line_copy(s, to, line_offset(s, top + (down ? line - distance : line + distance)) + left, bytes);
    }
    if (s->kind == PLANAR)
        planar_restore();
}

void scroll(struct regs *r, bool down)
{
    struct screen s;
    uint16_t first = r->cx, last = r->dx;

    screen_of_page(&s, bda_get(video_page));
    if ((last & 0xFF) >= s.columns)
        last = (last & 0xFF00) | (s.columns - 1);
    if (last >> 8 >= s.rows)
        last = (s.rows - 1) << 8 | (last & 0xFF);
    if (first >> 8 <= last >> 8 && (first & 0xFF) <= (last & 0xFF))
        window_scroll(&s, first, last, r->al, r->bh, down);
}

/* One row of a glyph. In modes 4 to 6 the pixels are spread over one or two bytes. */
static void glyph_row_packed(const struct screen *s, uint16_t at, uint8_t bits, uint8_t colour)
{
    uint8_t step = s->kind == CGA4 ? 2 : 1, mask = (1 << step) - 1;

    for (uint8_t byte = 0; byte < s->cell; byte++) {
        uint8_t v = 0;
        for (uint8_t i = 0; i < 8 / step; i++, bits <<= 1)
            v = v << step | (bits & 0x80 ? colour & mask : 0);
        far_put8(s->segment, at + byte, colour & XOR ? v ^ far_get8(s->segment, at + byte) : v);
    }
}

static void glyph_row_planar(const struct screen *s, uint16_t at, uint8_t bits, uint8_t colour)
{
    planar_mode(2);
    register_write(GRAPHICS, 3, colour & XOR ? 0x18 : 0x00);
    register_write(GRAPHICS, 8, bits);
    far_get8(s->segment, at);
    far_put8(s->segment, at, colour & 15);
    if (!(colour & XOR)) {
        register_write(GRAPHICS, 8, ~bits);
        far_get8(s->segment, at);
        far_put8(s->segment, at, 0);
    }
}

static void glyph_row_linear(const struct screen *s, uint16_t at, uint8_t bits, uint8_t colour, uint8_t background)
{
    for (uint8_t i = 0; i < 8; i++, bits <<= 1)
        far_put8(s->segment, at + i, bits & 0x80 ? colour : background);
}

/* The byte of a font: INT 43h, but INT 1Fh for the upper half in modes 4 to 6. */
static uint8_t glyph_bits(const struct screen *s, uint8_t c, uint8_t row)
{
    bool upper = (s->kind == CGA4 || s->kind == CGA2) && c >= 128;
    uint8_t vector = upper ? 0x1F : 0x43;
    return far_get8(vector_segment(vector), vector_offset(vector) + (upper ? c - 128 : c) * s->height + row);
}

static void glyph_draw(const struct screen *s, uint16_t place, uint8_t c, uint8_t colour, uint8_t background)
{
    uint16_t line = (place >> 8) * s->height;

    for (uint8_t row = 0; row < s->height; row++) {
        uint16_t at = line_offset(s, line + row) + (place & 0xFF) * s->cell;
        uint8_t bits = glyph_bits(s, c, row);
        switch (s->kind) {
        case PLANAR: glyph_row_planar(s, at, bits, colour); break;
        case LINEAR: glyph_row_linear(s, at, bits, colour, background); break;
        default: glyph_row_packed(s, at, bits, colour);
        }
    }
    if (s->kind == PLANAR)
        planar_restore();
}

static void cell_write(const struct screen *s, uint16_t place, uint8_t c, uint8_t attribute, bool with_attribute)
{
    uint16_t at = cell_offset(s, place);

    if (s->kind != TEXT)
        glyph_draw(s, place, c, attribute, 0);
    else if (with_attribute)
        far_put16(s->segment, at, attribute << 8 | c);
    else
        far_put8(s->segment, at, c);
}

/* The next place, at the end of a row the start of the one below. */
static uint16_t place_after(const struct screen *s, uint16_t place)
{
    return (place & 0xFF) + 1 < s->columns ? place + 1 : (place & 0xFF00) + 0x100;
}

/* 09h, 0Ah: CX times from the cursor, which stays. In mode 13h BH is the background, and there is one page. */
void character_write(struct regs *r, bool with_attribute)
{
    struct screen s;
    screen_of_page(&s, r->bh & 7);
    uint8_t page = s.kind == LINEAR ? 0 : r->bh & 7;
    uint16_t place = bda_get(cursor[page]);

    for (uint16_t n = r->cx; n && place >> 8 < s.rows; n--, place = place_after(&s, place)) {
        if (s.kind == LINEAR)
            glyph_draw(&s, place, r->al, r->bl, r->bh);
        else
            cell_write(&s, place, r->al, r->bl, with_attribute);
    }
}

static uint8_t pixel_get(const struct screen *s, uint16_t x, uint16_t y)
{
    uint16_t at = line_offset(s, y) + x / 8 * s->cell;
    uint8_t bit = 0x80 >> (x & 7), v = 0;

    switch (s->kind) {
    case CGA4: return far_get8(s->segment, at + (x >> 2 & 1)) >> (6 - (x & 3) * 2) & 3;
    case CGA2: return (far_get8(s->segment, at) & bit) != 0;
    case LINEAR: return far_get8(s->segment, at + (x & 7));
    default:
        for (uint8_t plane = 0; plane < 4; plane++) {
            register_write(GRAPHICS, 4, plane);
            v |= (far_get8(s->segment, at) & bit ? 1 : 0) << plane;
        }
        register_write(GRAPHICS, 4, 0);
        return v;
    }
}

static void pixel_put(const struct screen *s, uint16_t x, uint16_t y, uint8_t colour)
{
    uint16_t at = line_offset(s, y) + x / 8 * s->cell;
    uint8_t bit = 0x80 >> (x & 7), shift, v;

    switch (s->kind) {
    case LINEAR: far_put8(s->segment, at + (x & 7), colour); return;
    case PLANAR:
        planar_mode(2);
        register_write(GRAPHICS, 3, colour & XOR ? 0x18 : 0x00);
        register_write(GRAPHICS, 8, bit);
        far_get8(s->segment, at);
        far_put8(s->segment, at, colour & 15);
        planar_restore();
        return;
    case CGA4:
        at += x >> 2 & 1;
        shift = 6 - (x & 3) * 2;
        bit = 3 << shift;
        break;
    default: shift = 7 - (x & 7);
    }
    v = far_get8(s->segment, at);
    colour = (colour & XOR ? v >> shift ^ colour : colour) << shift & bit;
    far_put8(s->segment, at, (v & ~bit) | colour);
}

/* 0Ch, 0Dh: column CX, row DX, page BH. */
void pixel_write(struct regs *r)
{
    struct screen s;
    screen_of_page(&s, r->bh);
    if (s.kind != TEXT)
        pixel_put(&s, r->cx, r->dx, r->al);
}

void pixel_read(struct regs *r)
{
    struct screen s;
    screen_of_page(&s, r->bh);
    if (s.kind != TEXT)
        r->al = pixel_get(&s, r->cx, r->dx);
}

static bool glyph_is_at(const struct screen *s, uint16_t place, uint8_t c)
{
    uint16_t x = (place & 0xFF) * 8, y = (place >> 8) * s->height;

    for (uint8_t row = 0; row < s->height; row++) {
        uint8_t bits = glyph_bits(s, c, row);
        for (uint8_t i = 0; i < 8; i++, bits <<= 1)
            if ((pixel_get(s, x + i, y + row) != 0) != (bits >> 7))
                return false;
    }
    return true;
}

/* 08h: in graphics the character whose glyph is there, 0 if none is. */
void character_read(struct regs *r)
{
    struct screen s;
    uint8_t page = r->bh & 7;
    uint16_t place = bda_get(cursor[page]);

    screen_of_page(&s, page);
    if (s.kind == TEXT) {
        r->ax = far_get16(s.segment, cell_offset(&s, place));
        return;
    }
    for (unsigned c = 1; c < 256; c++)
        if (glyph_is_at(&s, place, c)) {
            r->al = c;
            return;
        }
    r->al = 0;
}

/* A tenth of a second of the tone that POST loaded into counter 2. */
static void bell(void)
{
    uint8_t control = inb(0x61);
    outb(0x61, control | 3);
    delay(100);
    outb(0x61, control);
}

/* The attribute of the line that scrolls in is that of the character at the cursor, black in graphics. */
static void scroll_up_one(const struct screen *s, uint16_t place)
{
    uint8_t attribute = s->kind == TEXT ? far_get8(s->segment, cell_offset(s, place) + 1) : 0;
    window_scroll(s, 0, (s->rows - 1) << 8 | (s->columns - 1), 1, attribute, false);
}

/* 0Eh, and 13h a character at a time: the four controls act, others are written and move the cursor. */
void teletype(uint8_t page, uint8_t c, uint8_t attribute, bool with_attribute)
{
    struct screen s;
    uint16_t place = bda_get(cursor[page & 7]);

    screen_of_page(&s, page & 7);
    switch (c) {
    case BELL: bell(); return;
    case BACKSPACE: place -= place & 0xFF ? 1 : 0; break;
    case CARRIAGE_RETURN: place &= 0xFF00; break;
    case LINE_FEED: place += 0x100; break;
    default: cell_write(&s, place, c, attribute, with_attribute); place = place_after(&s, place);
    }
    if (place >> 8 >= s.rows) {
        place = (s.rows - 1) << 8 | (place & 0xFF);
        scroll_up_one(&s, place);
    }
    cursor_place_set(page, place);
}

/* 13h: CX characters at ES:BP from DX on. AL bit 0: the cursor follows; bit 1: each has its attribute after it. */
void string_write(struct regs *r)
{
    uint8_t page = r->bh & 7;
    uint16_t kept = bda_get(cursor[page]), at = r->bp;

    cursor_place_set(page, r->dx);
    for (uint16_t n = r->cx; n; n--) {
        uint8_t c = far_get8(r->es, at++);
        teletype(page, c, r->al & 2 ? far_get8(r->es, at++) : r->bl, true);
    }
    if (!(r->al & 1))
        cursor_place_set(page, kept);
}
