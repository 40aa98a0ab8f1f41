/* escp.c - see escp.h. */
#include "desk/escp.h"

#include <stdlib.h>
#include <string.h>

#include "desk/marks.h"
#include "formats/codepage.h"

enum {
    INCH = PDF_UNITS,
    PAGE_WIDTH = INCH * 17 / 2,
    MARGIN = INCH / 4, /* left of the first column: a line of 80 letters stands in the middle */
    LINE_WIDTH = INCH * 8,
    CELL_HEIGHT = INCH / 6,
    PAGE_LENGTH = INCH * 11,
    PAGE_LIMIT = INCH * 22,
    CLEAR_TABS = 8
};

/* What ESC R puts in the place of # $ @ [ \ ] ^ ` { | } ~, in code page 437; 0: as it is. */
static const uint8_t replaced[12] = "#$@[\\]^`{|}~";
static const uint8_t countries[][12] = {
    {0},
    {0, 0, 0x85, 0xF8, 0x87, 0x15, 0, 0, 0x82, 0x97, 0x8A, '"'},           /* France */
    {0, 0, 0x15, 0x8E, 0x99, 0x9A, 0, 0, 0x84, 0x94, 0x81, 0xE1},          /* Germany */
    {0x9C},                                                                /* United Kingdom */
    {0, 0, 0, 0x92, 'O', 0x8F, 0, 0, 0x91, 'o', 0x86, 0},                  /* Denmark I */
    {0, 0x0F, 0x90, 0x8E, 0x99, 0x8F, 0x9A, 0x82, 0x84, 0x94, 0x86, 0x81}, /* Sweden */
    {0, 0, 0, 0xF8, 0, 0x82, 0, 0x97, 0x85, 0x95, 0x8A, 0x8D},             /* Italy */
    {0x9E, 0, 0, 0xAD, 0xA5, 0xA8, 0, 0, '"', 0xA4, 0, 0},                 /* Spain I */
    {0, 0, 0, 0, 0x9D},                                                    /* Japan */
    {0, 0x0F, 0x90, 0x92, 'O', 0x8F, 0x9A, 0x82, 0x91, 'o', 0x86, 0x81},   /* Norway */
    {0, 0, 0x90, 0x92, 'O', 0x8F, 0x9A, 0x82, 0x91, 'o', 0x86, 0x81},      /* Denmark II */
};

/* Modes of ESC *: dots to the inch across, and rows. */
static const struct image_mode {
    uint8_t mode;
    uint16_t density;
    uint8_t rows;
} image_modes[] = {
    {0, 60, 8},  {1, 120, 8},  {2, 120, 8},   {3, 240, 8},  {4, 80, 8},    {5, 72, 8},    {6, 90, 8},
    {7, 144, 8}, {32, 60, 24}, {33, 120, 24}, {38, 90, 24}, {39, 180, 24}, {40, 360, 24},
};

static const struct image_mode *find_mode(const struct escp *e, uint8_t mode)
{
    for (size_t i = 0; i < sizeof image_modes / sizeof *image_modes; i++)
        if (image_modes[i].mode == mode && (image_modes[i].rows == 8 || e->pins == ESCP_24_PINS))
            return &image_modes[i];
    return NULL;
}

/* As after power-on, and ESC @. Where the paper stands stays. */
static void reset(struct escp *e)
{
    e->left = 0;
    e->right = LINE_WIDTH;
    e->line = CELL_HEIGHT;
    e->gap = e->bottom_margin = 0;
    e->page_length = PAGE_LENGTH;
    e->pitch = 10;
    e->country = 0;
    e->tables[0] = 0;
    for (unsigned i = 1; i < ESCP_TABLES; i++)
        e->tables[i] = e->page;
    e->table = 1;
    memcpy(e->densities, (const uint8_t[4]){0, 1, 2, 3}, 4);
    e->condensed = e->wide = e->wide_line = e->tall = e->bold = e->twice = false;
    e->italic = e->underlined = e->raised = e->lowered = false;
    e->vertical_count = 0;
    e->tab_count = ESCP_TABS;
    for (unsigned i = 0; i < ESCP_TABS; i++)
        e->tabs[i] = (i + 1) * CLEAR_TABS * INCH / 10;
    e->x = 0;
}

bool escp_begin(struct escp *e, enum escp_pins pins, uint16_t page, const uint8_t font[256][16])
{
    memset(e, 0, sizeof *e);
    e->pins = pins;
    e->page = page;
    e->font = font;
    pdf_begin(&e->pdf);
    reset(e);
    e->data = malloc(ESCP_DATA);
    return e->data;
}

static void end_page(struct escp *e)
{
    pdf_page(&e->pdf, PAGE_WIDTH, e->page_length);
    e->y = 0;
    e->x = e->left;
    e->drawn = e->joins = e->wide_line = false;
}

static void advance(struct escp *e, uint32_t units)
{
    e->joins = false;
    e->y += units;
    if (e->y + e->bottom_margin >= e->page_length)
        end_page(e);
}

static void line_feed(struct escp *e)
{
    advance(e, e->line);
    e->x = e->left;
    e->wide_line = false;
}

/* The width of a letter, as the pitch has it. */
static uint32_t letter_width(const struct escp *e)
{
    static const uint16_t narrow[] = {[10] = INCH * 7 / 120, [12] = INCH / 20, [15] = INCH / 15};
    uint32_t width = e->condensed ? narrow[e->pitch] : INCH / e->pitch;

    return e->wide || e->wide_line ? 2 * width : width;
}

/* The code of pdf.h of a byte from 80h on in a code page; what that lacks is a space. */
static unsigned code_of(struct escp *e, uint16_t page, uint8_t byte)
{
    const uint32_t character = codepage_character(page, byte);
    uint8_t rows[16];

    if (page == 437)
        return byte;
    if (character == 0xFFFD || character == 0xA0 || character == 0xAD)
        return ' ';
    for (unsigned code = 0; code < 256; code++)
        if (codepage_437((uint8_t)code) == character)
            return code;
    mark_draw((uint16_t)character, e->font, rows);
    return pdf_character(&e->pdf, (uint16_t)character, rows);
}

static void print(struct escp *e, uint8_t byte)
{
    uint32_t width = letter_width(e), height = e->raised || e->lowered ? CELL_HEIGHT * 2 / 3 : CELL_HEIGHT, y = e->y;
    const uint16_t page = e->tables[e->table];
    bool italic = e->italic;
    unsigned code = byte;

    for (unsigned i = 0; i < sizeof replaced; i++)
        if (byte == replaced[i] && countries[e->country][i]) {
            code = countries[e->country][i];
            break;
        }
    if (byte >= 0x80 && page)
        code = code_of(e, page, byte);
    if (byte >= 0x80 && !page) {
        code = byte - 0x80u < 0x20 ? ' ' : byte - 0x80u;
        italic = true;
    }
    if (e->x + width > e->right && e->x > e->left)
        line_feed(e), y = e->y;
    if (e->lowered)
        y += CELL_HEIGHT / 3;
    if (e->tall)
        height *= 2;
    struct pdf_glyph glyph = {e->bold || e->twice, italic, e->underlined, width, height};
    pdf_glyph(&e->pdf, &glyph, code, MARGIN + e->x, y, e->page_length, e->joins && !e->gap && italic == e->slanted);
    e->x += width + e->gap;
    e->drawn = e->joins = true;
    e->slanted = italic;
}

/* --- Commands --- */

/* Commands of ESC and a letter: how many parameters follow at first. Those that are not here have none. */
static const struct {
    char letter;
    uint8_t parameters;
} parameter_table[] = {
    {'!', 1}, {'-', 1}, {'S', 1}, {'W', 1}, {'w', 1}, {'p', 1}, {' ', 1},  {'k', 1}, {'x', 1},
    {'R', 1}, {'t', 1}, {'3', 1}, {'A', 1}, {'+', 1}, {'J', 1}, {'j', 1},  {'C', 1}, {'N', 1},
    {'Q', 1}, {'l', 1}, {'I', 1}, {'m', 1}, {'/', 1}, {'$', 2}, {'\\', 2}, {'K', 2}, {'L', 2},
    {'Y', 2}, {'Z', 2}, {'*', 3}, {'^', 3}, {'?', 2}, {'a', 1}, {'U', 1},  {'s', 1}, {'i', 1},
    {'%', 1}, {':', 3}, {'q', 1}, {'r', 1}, {'(', 3}, {'&', 3}, {'c', 2},  {'f', 2}, {'e', 2},
};

static bool is_on(uint8_t parameter)
{
    return parameter & 1;
}

static void set_pitch(struct escp *e, uint8_t pitch)
{
    e->pitch = pitch;
}

static void select_style(struct escp *e, uint8_t bits)
{
    e->pitch = bits & 1 ? 12 : 10;
    e->condensed = bits >> 2 & 1;
    e->bold = bits >> 3 & 1;
    e->twice = bits >> 4 & 1;
    e->wide = bits >> 5 & 1;
    e->italic = bits >> 6 & 1;
    e->underlined = bits >> 7 & 1;
}

static void set_page_length(struct escp *e, uint32_t units)
{
    if (units >= INCH / 8 && units <= PAGE_LIMIT) {
        e->page_length = units;
        e->bottom_margin = 0;
    }
}

static void begin_image(struct escp *e, uint8_t mode, unsigned columns, unsigned bytes_each)
{
    const struct image_mode *m = find_mode(e, mode);

    e->mode = mode;
    e->columns = m ? columns : 0;
    e->data_have = 0;
    e->data_want = columns * (m ? m->rows / 8u : bytes_each);
}

static void end_image(struct escp *e)
{
    const struct image_mode *m = find_mode(e, e->mode);

    if (!e->columns || !m)
        return;
    uint32_t width = e->columns * INCH / m->density;
    uint32_t height = m->rows == 24 ? INCH * 24 / 180 : e->pins == ESCP_24_PINS ? INCH * 8 / 60 : INCH * 8 / 72;
    pdf_dots(&e->pdf, e->data, e->columns, m->rows, MARGIN + e->x, e->y, width, height, e->page_length);
    e->x += width;
    e->drawn = true;
    e->joins = false;
}

/* The tables of ESC ( t, by its last two parameters. */
static const struct {
    uint8_t first, second;
    uint16_t page;
} assigned[] = {
    {0, 0, 0},    {1, 0, 437},   {1, 16, 737}, {3, 0, 850},    {4, 0, 851},  {6, 0, 855},  {7, 0, 860},
    {8, 0, 863},  {9, 0, 865},   {10, 0, 852}, {11, 0, 857},   {12, 0, 862}, {13, 0, 864}, {14, 0, 866},
    {15, 0, 869}, {17, 0, 1252}, {24, 0, 861}, {29, 16, 1252}, {42, 0, 720}, {44, 0, 858}, {127, 1, 1252},
};

static void assign_table(struct escp *e, uint8_t table, uint8_t first, uint8_t second)
{
    for (size_t i = 0; i < sizeof assigned / sizeof *assigned; i++)
        if (assigned[i].first == first && assigned[i].second == second)
            e->tables[table % ESCP_TABLES] = assigned[i].page;
}

/* Skips bytes that belong to a command which is not followed. */
static void skip(struct escp *e, uint32_t bytes)
{
    e->columns = e->data_have = 0;
    e->data_want = bytes;
}

static void move_to(struct escp *e, int64_t x)
{
    if (x >= 0 && x <= LINE_WIDTH)
        e->x = (uint32_t)x;
    e->joins = false;
}

/* Commands that have no parameters. */
static void run_bare(struct escp *e, uint8_t letter)
{
    switch (letter) {
    case '@': reset(e); break;
    case 0x0E: e->wide_line = true; break;
    case 0x0F: e->condensed = true; break;
    case 'E': e->bold = true; break;
    case 'F': e->bold = false; break;
    case 'G': e->twice = true; break;
    case 'H': e->twice = false; break;
    case '4': e->italic = true; break;
    case '5': e->italic = false; break;
    case 'T': e->raised = e->lowered = false; break;
    case 'P': set_pitch(e, 10); break;
    case 'M': set_pitch(e, 12); break;
    case 'g': set_pitch(e, 15); break;
    case '0': e->line = INCH / 8; break;
    case '1': e->line = INCH * 7 / 72; break;
    case '2': e->line = INCH / 6; break;
    case 'O': e->bottom_margin = 0; break;
    case 'D':
        e->until_zero = true;
        e->tab_count = 0;
        break;
    case 'B':
        e->until_zero = true;
        e->vertical_count = 0;
        break;
    case 'b': e->until_zero = true; break;
    default: break;
    }
    e->joins = false;
}

/* Commands whose first parameters are there. */
static void run(struct escp *e)
{
    const uint8_t *p = e->command + 1;
    const uint32_t step = e->pins == ESCP_24_PINS ? INCH / 180 : INCH / 216, both = p[0] | (uint32_t)p[1] << 8;
    static const char densities[] = "KLYZ";
    const char *density = strchr(densities, e->command[0]);

    e->joins = false;
    if (density && *density) {
        begin_image(e, e->densities[density - densities], both, 1);
        return;
    }
    switch (e->command[0]) {
    case '!': select_style(e, p[0]); break;
    case '-': e->underlined = is_on(p[0]); break;
    case 'W': e->wide = is_on(p[0]); break;
    case 'w': e->tall = is_on(p[0]); break;
    case 'S':
        e->lowered = is_on(p[0]);
        e->raised = !e->lowered;
        break;
    case ' ': e->gap = p[0] * (e->pins == ESCP_24_PINS ? INCH / 180 : INCH / 120); break;
    case 'R': e->country = p[0] < sizeof countries / sizeof *countries ? p[0] : e->country; break;
    case '3': e->line = p[0] * step; break;
    case 'A': e->line = p[0] * (e->pins == ESCP_24_PINS ? INCH / 60 : INCH / 72); break;
    case '+': e->line = p[0] * (INCH / 360); break;
    case 'J': advance(e, p[0] * step); break;
    case 'j': e->y -= p[0] * step < e->y ? p[0] * step : e->y; break;
    case 'C':
        if (p[0])
            set_page_length(e, p[0] * e->line);
        else {
            e->command[0] = 'c' | 0x80; /* the length in inches follows */
            e->have = 0;
            e->want = 1;
        }
        break;
    case 'c' | 0x80: set_page_length(e, p[0] * INCH); break;
    case 'N': e->bottom_margin = p[0] * e->line < e->page_length ? p[0] * e->line : 0; break;
    case 'l': e->left = p[0] * letter_width(e) < LINE_WIDTH ? p[0] * letter_width(e) : e->left, e->x = e->left; break;
    case 'Q':
        if (p[0] * letter_width(e) > e->left && p[0] * letter_width(e) <= LINE_WIDTH)
            e->right = p[0] * letter_width(e);
        break;
    case '$': move_to(e, (int64_t)e->left + both * (INCH / 60)); break;
    case '\\': move_to(e, (int64_t)e->x + (int16_t)both * (e->pins == ESCP_24_PINS ? INCH / 180 : INCH / 120)); break;
    case '*': begin_image(e, p[0], p[1] | (unsigned)p[2] << 8, p[0] >= 32 ? 3 : 1); break;
    case '^': skip(e, 2 * (p[1] | (uint32_t)p[2] << 8)); break;
    case '?': {
        const char *of = p[0] ? strchr(densities, p[0]) : NULL;
        if (of)
            e->densities[of - densities] = p[1];
        break;
    }
    case '&': skip(e, p[2] >= p[1] ? (p[2] - p[1] + 1u) * 12 : 0); break; /* letters of the guest's own, 9 pins */
    case '(':
        if (p[0] == 't' && p[1] == 3 && p[2] == 0) {
            e->command[0] = 't' | 0x80; /* the table, and what it is, follow */
            e->have = 0;
            e->want = 3;
        } else {
            skip(e, p[1] | (uint32_t)p[2] << 8);
        }
        break;
    case 't' | 0x80: assign_table(e, p[0], p[1], p[2]); break;
    case 't': e->table = p[0] % ESCP_TABLES; break; /* 0 to 3, or the digits */
    default: break;
    }
}

/* A parameter that a list ends with a zero: tabs. */
static void list_byte(struct escp *e, uint8_t byte)
{
    if (byte == 0)
        e->until_zero = false;
    else if (e->command[0] == 'D' && e->tab_count < ESCP_TABS)
        e->tabs[e->tab_count++] = byte * letter_width(e);
    else if (e->command[0] == 'B' && e->vertical_count < ESCP_TABS)
        e->vertical[e->vertical_count++] = byte * e->line;
}

static void begin_command(struct escp *e, uint8_t letter)
{
    e->escape = false;
    e->command[0] = letter;
    e->have = e->want = 0;
    for (size_t i = 0; i < sizeof parameter_table / sizeof *parameter_table; i++)
        if ((uint8_t)parameter_table[i].letter == letter)
            e->want = parameter_table[i].parameters;
    if (!e->want)
        run_bare(e, letter);
}

static void tab(struct escp *e)
{
    for (unsigned i = 0; i < e->tab_count; i++)
        if (e->left + e->tabs[i] > e->x) {
            move_to(e, (int64_t)e->left + e->tabs[i]);
            return;
        }
}

static void vertical_tab(struct escp *e)
{
    for (unsigned i = 0; i < e->vertical_count; i++)
        if (e->vertical[i] > e->y) {
            advance(e, e->vertical[i] - e->y);
            e->x = e->left;
            return;
        }
    line_feed(e);
}

static void control(struct escp *e, uint8_t byte)
{
    switch (byte) {
    case 0x08: move_to(e, (int64_t)e->x - letter_width(e) - e->gap); break;
    case '\t': tab(e); break;
    case '\n': line_feed(e); break;
    case 0x0B: vertical_tab(e); break;
    case '\f': end_page(e); break;
    case '\r': move_to(e, e->left); break;
    case 0x0E: e->wide_line = true; break;
    case 0x0F: e->condensed = true; break;
    case 0x12: e->condensed = false; break;
    case 0x14: e->wide_line = false; break;
    case 0x13: e->deselected = true; break;
    case 0x1B: e->escape = true; break;
    default: break;
    }
    e->joins = false;
}

void escp_byte(struct escp *e, uint8_t byte)
{
    if (e->data_want) {
        if (e->columns && e->data_have < ESCP_DATA)
            e->data[e->data_have] = byte;
        e->data_have++;
        if (--e->data_want == 0)
            end_image(e);
    } else if (e->until_zero) {
        list_byte(e, byte);
    } else if (e->want) {
        e->command[1 + e->have++] = byte;
        if (e->have == e->want) {
            e->want = 0;
            run(e);
        }
    } else if (e->deselected) {
        e->deselected = byte != 0x11;
    } else if (e->escape) {
        begin_command(e, byte);
    } else if (byte < 0x20 || byte == 0x7F) {
        control(e, byte);
    } else {
        print(e, byte);
    }
}

bool escp_end(struct escp *e)
{
    if (e->drawn || !e->pdf.pages)
        end_page(e);
    return pdf_end(&e->pdf, e->font);
}

void escp_free(struct escp *e)
{
    pdf_free(&e->pdf);
    free(e->data);
}
