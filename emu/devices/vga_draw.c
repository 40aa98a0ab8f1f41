/* vga_draw.c - draws what has changed of the picture that the look (vga_look.c) and display memory describe.
 *
 * With another look all is drawn. Otherwise a line of graphics is drawn when a page that it shows was written, and a
 * text cell when it shows something else than before: character, attribute, glyph, cursor, or what blinks. The drawing
 * functions see the look and the memory, and no register: so nothing can show that would not be compared. */
#include "emu/devices/vga_draw.h"

#include <string.h>

#include "emu/endian.h"

#define CURSOR_FRAMES 8u /* so many frames on, so many off */

/* What a cell shows: character, attribute, and */
enum {
    CELL_ATTRIBUTE = 8,
    CELL_HIDDEN = 1 << 16,
    CELL_CURSOR = 1 << 17,
    CELL_CURSOR_FIRST = 18,
    CELL_CURSOR_LAST = 23
};
#define NO_CURSOR 0xFFFFFFFFu

static void row_changed(struct picture *p, unsigned y, unsigned first, unsigned end)
{
    struct frame_span *span = &p->changed[y];

    if (span->end == 0) {
        *span = (struct frame_span){(uint16_t)first, (uint16_t)end};
    } else {
        span->first = first < span->first ? (uint16_t)first : span->first;
        span->end = end > span->end ? (uint16_t)end : span->end;
    }
}

/* --- What was written --- */

/* Bytes of display memory, which wraps. */
static bool bytes_touched(const struct vga *v, uint32_t first, uint32_t length)
{
    for (uint32_t page = first / PAGE_SIZE; page <= (first + length - 1) / PAGE_SIZE; page++)
        if (v->stale[page & (vga_pages(v) - 1)] & VGA_STALE_PICTURE)
            return true;
    return false;
}

/* What a line's clocks fetch: one more than its columns, as panning shows it. */
static bool clocks_touched(const struct vga *v, const struct look *l, uint32_t counter, unsigned row_scan)
{
    uint32_t first = look_address(l, counter, row_scan), last = look_address(l, counter + l->columns, row_scan);

    if (last - first == l->columns << l->shift) /* in one piece */
        return bytes_touched(v, first * 4, (last - first + 1) * 4);
    for (uint32_t column = 0; column <= l->columns; column++)
        if (v->stale[look_address(l, counter + column, row_scan) * 4 / PAGE_SIZE] & VGA_STALE_PICTURE)
            return true;
    return false;
}

/* --- Text --- */

/* Takes over what was written of the character maps in use. */
static bool refresh_glyphs(const struct vga *v, struct picture *p, bool all)
{
    const struct look *l = &p->look;
    bool changed = false;

    memset(p->glyph_changed, 0, sizeof p->glyph_changed);
    for (unsigned map = 0; map < (l->fonts[0] == l->fonts[1] ? 1 : 2); map++) {
        uint8_t *glyphs = p->glyphs[map][0];
        for (uint32_t at = 0; at < 0x2000; at++) {
            uint32_t byte = (l->fonts[map] + at) * 4 + 2;
            if (!all && !(v->stale[byte / PAGE_SIZE] & VGA_STALE_PICTURE)) {
                at |= PAGE_SIZE / 4 - 1;
            } else if (glyphs[at] != v->memory[byte]) {
                glyphs[at] = v->memory[byte];
                p->glyph_changed[map][at / 32] = 1;
                changed = true;
            }
        }
    }
    return changed;
}

/* Which of the two maps that were taken over has a cell's character. */
static unsigned map_of(const struct look *l, uint32_t cell)
{
    return cell >> CELL_ATTRIBUTE & 8 && l->fonts[0] != l->fonts[1] ? 1 : 0;
}

/* A row of characters, or as much of it as there is: from its line row_scan on, panned. */
struct text_row {
    uint32_t counter;
    unsigned y, lines, row_scan, pan;
};

static void draw_cell(struct picture *p, const struct text_row *row, unsigned column, uint32_t cell)
{
    const struct look *l = &p->look;
    uint8_t character = (uint8_t)cell, attribute = (uint8_t)(cell >> CELL_ATTRIBUTE);
    const uint8_t *glyph = p->glyphs[map_of(l, cell)][character];
    unsigned first = column * l->dots < row->pan ? row->pan - column * l->dots : 0,
             left = column * l->dots + first - row->pan;
    unsigned end = l->width - left < l->dots - first ? first + (l->width - left) : l->dots; /* of the dots */
    bool join = l->joins && (character & 0xE0) == 0xC0, underlined = (attribute & 0x77) == 1;
    uint32_t ink = l->palette[attribute & 15], paper = l->palette[attribute >> 4 & (l->blinks ? 7 : 15)];

    for (unsigned line = 0; line < row->lines; line++) {
        unsigned scan = row->row_scan + line, dots = (unsigned)glyph[scan] << 1 | (join ? glyph[scan] & 1 : 0);
        uint32_t *out = p->pixels + (size_t)(row->y + line) * l->width + left;
        if (cell & CELL_HIDDEN)
            dots = 0;
        if (cell & CELL_CURSOR && scan >= (cell >> CELL_CURSOR_FIRST & 31) && scan <= (cell >> CELL_CURSOR_LAST & 31))
            dots = 0x1FF;
        if (underlined && scan == l->underline)
            dots = 0x1FF;
        for (unsigned dot = first; dot < end; dot++)
            *out++ = dots >> (8 - dot) & 1 ? ink : paper;
        row_changed(p, row->y + line, left, left + (end - first));
    }
}

/* What the CRT controller's cursor adds to the cell where it is. */
static uint32_t cursor_look(const struct vga *v)
{
    if (!vga_cursor_enabled(v) || vga_frames_shown(v) / CURSOR_FRAMES % 2)
        return 0;
    return CELL_CURSOR | (v->crtc[0xA] & 0x1Fu) << CELL_CURSOR_FIRST | (v->crtc[0xB] & 0x1Fu) << CELL_CURSOR_LAST;
}

static void draw_text_row(const struct vga *v, struct picture *p, const struct text_row *row, uint32_t cursor, bool all)
{
    const struct look *l = &p->look;

    for (unsigned column = 0; column <= l->columns && column * l->dots < l->width + row->pan; column++) {
        uint32_t counter = row->counter + column;
        const uint8_t *planes = &v->memory[look_address(l, counter, 0) * 4];
        uint32_t cell = planes[0] | (uint32_t)planes[1] << CELL_ATTRIBUTE;
        if (p->hidden && planes[1] & 0x80)
            cell |= CELL_HIDDEN;
        if ((counter & 0xFFFF) == p->cursor)
            cell |= cursor;
        if (all || cell != p->cells[row->y][column] || p->glyph_changed[map_of(l, cell)][planes[0]])
            draw_cell(p, row, column, cell);
        p->cells[row->y][column] = cell;
    }
}

/* Whether a row of cells from this one on has the cursor. */
static bool holds_cursor(const struct look *l, uint32_t counter, uint32_t cursor)
{
    return cursor != NO_CURSOR && ((cursor - counter) & 0xFFFF) <= l->columns;
}

static void draw_text(const struct vga *v, struct picture *p, bool all)
{
    const struct look *l = &p->look;
    uint32_t look = cursor_look(v), cursor = look ? vga_cursor_counter(v) : NO_CURSOR, old_cursor = p->cursor;
    bool hidden = vga_blink_hides(v), blinked = p->hidden != hidden,
         glyphs = (all || v->touched) && refresh_glyphs(v, p, all);
    struct text_row row = {.counter = l->start, .row_scan = l->first_row_scan, .pan = l->pan};

    p->cursor = cursor;
    p->hidden = hidden;
    for (; row.y < l->height; row.y += row.lines) {
        uint32_t rest = l->height - row.y, split = l->split / l->repeat;
        row.lines = row.row_scan < l->cell ? l->cell - row.row_scan : 1;
        row.lines = row.lines < rest ? row.lines : rest;
        bool last = split >= row.y && split - row.y < row.lines;
        if (last)
            row.lines = split - row.y + 1;
        if (all || glyphs || blinked || holds_cursor(l, row.counter, cursor) ||
            holds_cursor(l, row.counter, old_cursor) || (v->touched && clocks_touched(v, l, row.counter, 0)))
            draw_text_row(v, p, &row, look, all);
        row.counter = last ? 0 : row.counter + l->offset;
        row.row_scan = 0;
        row.pan = last ? l->split_pan : row.pan;
    }
}

/* --- Graphics --- */

/* The bits of a byte, the highest first, as bytes: byte 0 of the result is bit 7. */
static uint64_t bits_to_bytes(uint8_t bits)
{
    return bits * 0x8040201008040201u >> 7 & 0x0101010101010101u;
}

/* Eight dots of the sixteen-colour modes, one bit of each plane; or two bits of the CGA's pairs. */
static void planar_dots(const uint8_t *planes, bool pairs, uint8_t dots[8])
{
    if (pairs) {
        for (unsigned i = 0; i < 8; i++) {
            unsigned pair = i >> 2, shift = 6 - 2 * (i & 3);
            dots[i] = (uint8_t)((planes[pair] >> shift & 3) | (planes[pair + 2] >> shift & 3) << 2);
        }
    } else {
        uint64_t bytes = 0;
        for (unsigned plane = 0; plane < 4; plane++)
            bytes |= bits_to_bytes(planes[plane]) << plane;
        store64(dots, bytes);
    }
}

/* A row of dots, block by block: the first may begin to the left of the picture, the last may end to its right. The
 * compiler knows how many dots a block has, and draws several by one instruction. */
enum { BLOCK = 8 };
typedef uint32_t dot_row[FRAME_MAX_WIDTH + 2 * BLOCK];

static void draw_planes(const struct look *l, const uint8_t *planes, bool pairs, uint32_t *out)
{
    uint8_t dots[BLOCK];

    planar_dots(planes, pairs, dots);
    for (unsigned i = 0; i < BLOCK; i++)
        out[i] = l->palette[dots[i]];
}

static void draw_vga_line(const struct vga *v, const struct look *l, uint32_t counter, unsigned row_scan, unsigned pan,
                          uint32_t *out)
{
    const bool packed = l->kind == LOOK_PACKED; /* 256 colours: a clock brings four dots, each as long as two */
    const unsigned per_clock = packed ? 4 : BLOCK;
    dot_row row;

    for (unsigned x = 0; x < l->width + pan; x += per_clock, counter++) {
        const uint8_t *planes = &v->memory[look_address(l, counter, row_scan) * 4];
        if (packed)
            for (unsigned i = 0; i < 4; i++)
                row[x + i] = l->palette[planes[i]];
        else
            draw_planes(l, planes, l->kind == LOOK_PAIRS, row + x);
    }
    memcpy(out, row + pan, l->width * sizeof *out);
}

static void draw_graphics(const struct vga *v, struct picture *p, bool all)
{
    const struct look *l = &p->look;
    uint32_t counter = l->start, pan = l->pan;
    unsigned row_scan = l->first_row_scan;

    for (unsigned y = 0; y < l->height; y++) {
        if (all || clocks_touched(v, l, counter, row_scan)) {
            draw_vga_line(v, l, counter, row_scan, pan, p->pixels + (size_t)y * l->width);
            row_changed(p, y, 0, l->width);
        }
        if (look_splits(l, y * l->step, l->step)) {
            counter = row_scan = 0;
            pan = l->split_pan;
        } else if (l->step > l->repeat || ++row_scan >= l->cell) {
            row_scan = 0;
            counter += l->offset;
        }
    }
}

/* --- Linear memory --- */

static uint32_t colour_555(uint32_t pixel)
{
    uint32_t rgb = (pixel & 0x7C00) << 9 | (pixel & 0x3E0) << 6 | (pixel & 0x1F) << 3;
    return rgb | (rgb >> 5 & 0x070707);
}

static uint32_t colour_565(uint32_t pixel)
{
    uint32_t rgb = (pixel & 0xF800) << 8 | (pixel & 0x7E0) << 5 | (pixel & 0x1F) << 3;
    return rgb | (rgb >> 5 & 0x070007) | (rgb >> 6 & 0x000300);
}

/* The blocks of a line. Dots are gathered where the compiler, which cannot know that they are not drawn into the line,
 * would go one by one. */
static void draw_blocks(const struct look *l, const uint8_t *line, const uint8_t *end, uint32_t *out)
{
    uint32_t dots[BLOCK];

    switch (l->depth) {
    case 4:
        for (; line < end; line += 4, out += BLOCK)
            draw_planes(l, line, false, out);
        break;
    case 8:
        for (; line < end; line += BLOCK, out += BLOCK)
            for (unsigned i = 0; i < BLOCK; i++)
                out[i] = l->palette[line[i]];
        break;
    case 15:
        for (; line < end; line += 2 * BLOCK, out += BLOCK) {
            for (unsigned i = 0; i < BLOCK; i++)
                dots[i] = colour_555(load16(line + 2 * i));
            memcpy(out, dots, sizeof dots);
        }
        break;
    case 16:
        for (; line < end; line += 2 * BLOCK, out += BLOCK) {
            for (unsigned i = 0; i < BLOCK; i++)
                dots[i] = colour_565(load16(line + 2 * i));
            memcpy(out, dots, sizeof dots);
        }
        break;
    case 24:
        for (; line < end; line += 12, out += 4) {
            const uint32_t a = load32(line), b = load32(line + 4), c = load32(line + 8);
            out[0] = a & 0xFFFFFF;
            out[1] = (a >> 24 | b << 8) & 0xFFFFFF;
            out[2] = (b >> 16 | c << 16) & 0xFFFFFF;
            out[3] = c >> 8;
        }
        break;
    default:
        for (; line < end; line += 4 * BLOCK, out += BLOCK) {
            for (unsigned i = 0; i < BLOCK; i++)
                dots[i] = load32(line + 4 * i) & 0xFFFFFF;
            memcpy(out, dots, sizeof dots);
        }
    }
}

/* A bit of a pointer's line, the highest of each byte first. */
static unsigned pointer_bit(const uint8_t *line, unsigned x)
{
    return line[x / 8] >> (7 - x % 8) & 1;
}

/* Two bits for each pixel: nothing, the picture's complement, and two colours. */
static void draw_pointer_line(const struct vga *v, const struct pointer_look *pointer, uint32_t width, unsigned line,
                              uint32_t *out)
{
    const uint8_t *first = v->memory + pointer->at + line * pointer->next, *second = first + pointer->second;

    for (unsigned i = 0; i < pointer->size && pointer->x + i < width; i++) {
        uint32_t *pixel = out + pointer->x + i;
        if (pointer_bit(second, i))
            *pixel = pointer->colours[pointer_bit(first, i)];
        else if (pointer_bit(first, i))
            *pixel ^= 0xFFFFFF;
    }
}

static bool pointer_covers(const struct pointer_look *pointer, unsigned y)
{
    return y >= pointer->y && y - pointer->y < pointer->size;
}

/* The pointer as it is now; true if what it was drawn from changed. */
static bool take_pointer(const struct vga *v, struct pointer_look *pointer, const struct pointer_look *old)
{
    memset(pointer, 0, sizeof *pointer);
    if (v->extension)
        v->extension->pointer(v->extension->device, pointer);
    return memcmp(pointer, old, sizeof *pointer) ||
           (pointer->size && bytes_touched(v, pointer->at, POINTER_BYTES(pointer->size)));
}

static void draw_linear(const struct vga *v, struct picture *p, bool all)
{
    const struct look *l = &p->look;
    const bool planar = l->kind == LOOK_LINEAR_PLANAR;
    const uint32_t bytes = (l->depth + 7) / 8, skip = planar ? l->x_offset % BLOCK : 0; /* of a dot; dots of a block */
    const uint32_t left = planar ? l->x_offset / BLOCK * 4 : l->x_offset * bytes;
    const uint32_t whole = (skip + l->width + BLOCK - 1) / BLOCK * (planar ? 4 : BLOCK * bytes); /* blocks, in bytes */
    const uint32_t length = planar ? whole : l->width * bytes;
    const bool fits = !skip && l->width % BLOCK == 0; /* into a line of the picture */
    uint8_t wrapped[(FRAME_MAX_WIDTH + BLOCK) * 4];
    dot_row row;
    struct pointer_look pointer, old = p->pointer;
    bool moved = take_pointer(v, &pointer, &old);

    if (!all && !v->touched && !moved)
        return;
    p->pointer = pointer;
    for (unsigned y = 0; y < l->height; y++) {
        uint32_t first = (l->first_byte + y * l->stride + left) & (v->memory_size - 1), room = v->memory_size - first;
        const uint8_t *line = v->memory + first;
        bool uncovered = moved && (pointer_covers(&old, y) || pointer_covers(&pointer, y));
        if (!all && !uncovered && !bytes_touched(v, first, length))
            continue;
        if (room < whole) {
            memcpy(wrapped, line, room);
            memcpy(wrapped + room, v->memory, whole - room);
            line = wrapped;
        }
        uint32_t *const out = p->pixels + (size_t)y * l->width;
        draw_blocks(l, line, line + whole, fits ? out : row);
        if (!fits)
            memcpy(out, row + skip, l->width * sizeof *out);
        if (pointer_covers(&pointer, y))
            draw_pointer_line(v, &pointer, l->width, y - pointer.y, out);
        row_changed(p, y, 0, l->width);
    }
}

/* --- The frame --- */

static void draw_black(struct picture *p, bool all)
{
    if (!all)
        return;
    memset(p->pixels, 0, sizeof *p->pixels * p->look.width * p->look.height);
    for (unsigned y = 0; y < p->look.height; y++)
        row_changed(p, y, 0, p->look.width);
}

static void draw(const struct vga *v, struct picture *p, bool all)
{
    switch (p->look.kind) {
    case LOOK_OFF: draw_black(p, all); break;
    case LOOK_TEXT: draw_text(v, p, all); break;
    case LOOK_PLANAR:
    case LOOK_PAIRS:
    case LOOK_PACKED:
        if (all || v->touched)
            draw_graphics(v, p, all);
        break;
    default: draw_linear(v, p, all);
    }
}

void vga_frame(struct vga *v, struct frame *frame)
{
    struct picture *p = v->picture;
    struct look look;
    bool all;

    vga_look(v, &look);
    all = !p->drawn || memcmp(&look, &p->look, sizeof look);
    if (all)
        p->look = look;
    memset(p->changed, 0, sizeof *p->changed * look.height);
    draw(v, p, all);
    p->drawn = true;
    if (v->touched) {
        for (uint32_t page = 0; page < vga_pages(v); page++)
            v->stale[page] &= (uint8_t)~VGA_STALE_PICTURE;
        v->touched = false;
        memory_forget_pages(v->bus_memory); /* the next write to a page must be seen */
    }
    *frame = (struct frame){look.width, look.height, p->pixels, p->changed, ++p->number};
}

void vga_redraw(struct vga *v)
{
    v->picture->drawn = false;
}

void vga_text(const struct vga *v, struct text_screen *screen)
{
    struct look l;
    uint32_t counter, lines;

    vga_look(v, &l);
    screen->columns = screen->rows = screen->cursor_column = screen->cursor_row = 0;
    screen->cursor_visible = false;
    if (l.kind != LOOK_TEXT)
        return;
    lines = l.cell * l.repeat;
    counter = l.start;
    screen->columns = l.columns < TEXT_MAX_COLUMNS ? l.columns : TEXT_MAX_COLUMNS;
    screen->rows = l.lines / lines < TEXT_MAX_ROWS ? l.lines / lines : TEXT_MAX_ROWS;
    for (unsigned row = 0; row < screen->rows; row++) {
        for (unsigned column = 0; column < screen->columns; column++) {
            const uint8_t *planes = &v->memory[look_address(&l, counter + column, 0) * 4];
            screen->character[row][column] = planes[0];
            screen->attribute[row][column] = planes[1];
            if (((counter + column) & 0xFFFF) == vga_cursor_counter(v)) {
                screen->cursor_row = row;
                screen->cursor_column = column;
                screen->cursor_visible = vga_cursor_enabled(v);
            }
        }
        counter = look_splits(&l, row * lines, lines) ? 0 : counter + l.offset;
    }
}
