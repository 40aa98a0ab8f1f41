/* pdf.c - see pdf.h. */
#include "desk/pdf.h"

#include <stdlib.h>
#include <string.h>

#include "formats/codepage.h"

enum { CATALOG = 1, PAGES, FONT, BOLD_FONT, UNICODE_MAP, FIXED = UNICODE_MAP };
enum { ROWS = 16, BELOW = 4 /* rows of a glyph that are below the base line */, NAMES_PER_BLOCK = 100 };

/* A length in points, to a hundredth; a unit is a thirtieth of a point. */
static void add_points(struct text *t, int64_t units)
{
    int64_t hundredths = (units * 10 + (units < 0 ? -1 : 1)) / 3;
    uint64_t size = (uint64_t)(hundredths < 0 ? -hundredths : hundredths);

    text_print(t, "%s%u.%02u ", hundredths < 0 ? "-" : "", (unsigned)(size / 100), (unsigned)(size % 100));
}

/* Begins the object of a number. */
static void begin_object(struct pdf *p, size_t number)
{
    if (number >= p->room) {
        size_t room = number * 2 + 16;
        size_t *larger = realloc(p->offsets, room * sizeof *larger);
        p->failed |= !larger;
        if (!larger)
            return;
        p->offsets = larger;
        p->room = room;
    }
    p->offsets[number] = p->out.length;
    text_print(&p->out, "%zu 0 obj\n", number);
}

static void add_stream(struct pdf *p, size_t number, const struct text *content)
{
    begin_object(p, number);
    text_print(&p->out, "<< /Length %zu >>\nstream\n", content->length);
    text_add(&p->out, content->bytes, content->length);
    text_print(&p->out, "\nendstream\nendobj\n");
}

void pdf_begin(struct pdf *p)
{
    memset(p, 0, sizeof *p);
    p->objects = FIXED;
    text_print(&p->out, "%%PDF-1.4\n%%\xE2\xE3\xCF\xD3\n");
}

static void end_text(struct pdf *p)
{
    if (p->in_text)
        text_print(&p->content, "> Tj ET\n");
    p->in_text = false;
}

unsigned pdf_character(struct pdf *p, uint16_t character, const uint8_t rows[ROWS])
{
    for (unsigned i = 0; i < p->count; i++)
        if (p->characters[i] == character)
            return 256 + i;
    if (!p->dots && !(p->dots = calloc(PDF_CHARACTERS, sizeof *p->dots)))
        p->failed = true;
    if (p->failed || p->count == PDF_CHARACTERS)
        return '?';
    if (!p->other_fonts) {
        p->other_fonts = p->objects + 1;
        p->objects += 3;
    }
    p->characters[p->count] = character;
    memcpy(p->dots[p->count], rows, ROWS);
    return 256 + p->count++;
}

void pdf_glyph(struct pdf *p, const struct pdf_glyph *g, unsigned code, uint32_t x, uint32_t y, uint32_t height,
               bool follows)
{
    struct text *t = &p->content;
    int64_t base = (int64_t)height - y - (int64_t)g->height * (ROWS - BELOW) / ROWS;
    const unsigned font = (code < 256 ? 0 : 2) + g->bold;

    code &= 255;
    if (!follows || !p->in_text || font != p->font) {
        end_text(p);
        p->font = font;
        text_print(t, "BT /F%u 1 Tf ", font + 1);
        add_points(t, g->width);
        text_print(t, "0 ");
        add_points(t, g->italic ? g->height / 5 : 0);
        add_points(t, g->height);
        add_points(t, x);
        add_points(t, base);
        text_print(t, "Tm <");
        p->in_text = true;
    }
    text_print(t, "%02X", code);
    p->used[font][code] = true;
    if (g->underlined) {
        end_text(p);
        add_points(t, x);
        add_points(t, base - g->height / ROWS * 2);
        add_points(t, g->width);
        add_points(t, g->height / ROWS);
        text_print(t, "re f\n");
    }
}

void pdf_dots(struct pdf *p, const uint8_t *columns, uint32_t count, unsigned rows, uint32_t x, uint32_t y,
              uint32_t width, uint32_t dots_height, uint32_t height)
{
    struct text *t = &p->content;
    unsigned bytes = (rows + 7) / 8;

    end_text(p);
    text_print(t, "q ");
    add_points(t, width);
    text_print(t, "0 0 ");
    add_points(t, dots_height);
    add_points(t, x);
    add_points(t, (int64_t)height - y - dots_height);
    text_print(t, "cm\nBI /W %u /H %u /IM true /D [1 0] /F /AHx ID\n", (unsigned)count, rows);
    for (unsigned row = 0; row < rows; row++)
        for (uint32_t at = 0; at < count; at += 8) {
            unsigned byte = 0;
            for (uint32_t i = 0; i < 8; i++)
                byte = byte << 1 |
                       (at + i < count && columns[(size_t)(at + i) * bytes + row / 8] >> (7 - row % 8) & 1u);
            text_print(t, "%02X", byte);
        }
    text_print(t, ">\nEI Q\n");
}

void pdf_page(struct pdf *p, uint32_t width, uint32_t height)
{
    size_t content = ++p->objects, page = ++p->objects;

    end_text(p);
    add_stream(p, content, &p->content);
    begin_object(p, page);
    text_print(&p->out, "<< /Type /Page /Parent %u 0 R /MediaBox [0 0 ", PAGES);
    add_points(&p->out, width);
    add_points(&p->out, height);
    text_print(&p->out, "] /Contents %zu 0 R\n/Resources << /Font << /F1 %u 0 R /F2 %u 0 R ", content, FONT, BOLD_FONT);
    if (p->other_fonts)
        text_print(&p->out, "/F3 %zu 0 R /F4 %zu 0 R ", p->other_fonts, p->other_fonts + 1);
    text_print(&p->out, ">> >> >>\nendobj\n");
    text_print(&p->kids, "%zu 0 R ", page);
    p->pages++;
    p->failed |= p->content.failed;
    text_free(&p->content);
    memset(&p->content, 0, sizeof p->content);
}

/* A glyph's dots, as rectangles of as many as stand side by side. Bold: each one dot wider. */
static void draw_glyph(struct text *t, const uint8_t rows[ROWS], bool bold)
{
    text_print(t, "8 0 0 -%d 9 %d d1\n", BELOW, ROWS - BELOW);
    for (int row = 0; row < ROWS; row++) {
        unsigned bits = (unsigned)rows[row] << 1 | (bold ? rows[row] : 0);
        for (int from = 0, end; from < 9; from = end + 1) {
            for (end = from; end < 9 && bits >> (8 - end) & 1; end++)
                continue;
            if (end > from)
                text_print(t, "%d %d %d 1 re\n", from, ROWS - BELOW - 1 - row, end - from);
        }
    }
    text_print(t, "f");
}

/* index: which of `used` it is; map: the object of its characters. */
static void add_font(struct pdf *p, size_t number, unsigned index, size_t map, const uint8_t font[256][16])
{
    const bool bold = index & 1, *used = p->used[index];
    size_t first = p->objects + 1;
    struct text glyph = {.bytes = NULL};

    for (int code = 0; code < 256; code++)
        if (used[code]) {
            draw_glyph(&glyph, font[code], bold);
            p->failed |= glyph.failed;
            add_stream(p, ++p->objects, &glyph);
            glyph.length = 0;
        }
    text_free(&glyph);
    begin_object(p, number);
    text_print(&p->out, "<< /Type /Font /Subtype /Type3 /FontBBox [0 -%d 9 %d] /FontMatrix [0.125 0 0 0.0625 0 0]\n",
               BELOW, ROWS - BELOW);
    text_print(&p->out, "/FirstChar 0 /LastChar 255 /Widths [");
    for (int code = 0; code < 256; code++)
        text_print(&p->out, "8%s", code % 64 == 63 ? "\n" : " ");
    text_print(&p->out, "] /Encoding << /Type /Encoding /Differences [");
    for (int code = 0; code < 256; code++)
        if (used[code])
            text_print(&p->out, "%d /g%02X ", code, (unsigned)code);
    text_print(&p->out, "] >>\n/CharProcs << ");
    for (int code = 0; code < 256; code++)
        if (used[code])
            text_print(&p->out, "/g%02X %zu 0 R ", (unsigned)code, first++);
    text_print(&p->out, ">> /Resources << >> /ToUnicode %zu 0 R >>\nendobj\n", map);
}

/* characters: null: code page 437. */
static void add_unicode_map(struct pdf *p, size_t number, const char *name, const uint16_t *characters)
{
    struct text map = {.bytes = NULL};

    text_print(&map,
               "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
               "/CMapName /%s def /CMapType 2 def\n1 begincodespacerange <00> <FF> endcodespacerange\n",
               name);
    const int count = characters ? (int)p->count : 256;
    for (int from = 0; from < count; from += NAMES_PER_BLOCK) {
        int end = from + NAMES_PER_BLOCK < count ? from + NAMES_PER_BLOCK : count;
        text_print(&map, "%d beginbfchar\n", end - from);
        for (int code = from; code < end; code++)
            text_print(&map, "<%02X> <%04X>\n", (unsigned)code,
                       characters ? characters[code] : (unsigned)codepage_437((uint8_t)code));
        text_print(&map, "endbfchar\n");
    }
    text_print(&map, "endcmap CMapName currentdict /CMap defineresource pop end end");
    p->failed |= map.failed;
    add_stream(p, number, &map);
    text_free(&map);
}

bool pdf_end(struct pdf *p, const uint8_t font[256][16])
{
    struct text *t = &p->out;

    add_font(p, FONT, 0, UNICODE_MAP, font);
    add_font(p, BOLD_FONT, 1, UNICODE_MAP, font);
    add_unicode_map(p, UNICODE_MAP, "CP437", NULL);
    if (p->other_fonts) {
        add_font(p, p->other_fonts, 2, p->other_fonts + 2, (const uint8_t(*)[ROWS])p->dots);
        add_font(p, p->other_fonts + 1, 3, p->other_fonts + 2, (const uint8_t(*)[ROWS])p->dots);
        add_unicode_map(p, p->other_fonts + 2, "Others", p->characters);
    }
    begin_object(p, PAGES);
    text_print(t, "<< /Type /Pages /Count %zu /Kids [", p->pages);
    text_add(t, p->kids.bytes, p->kids.length);
    text_print(t, "] >>\nendobj\n");
    begin_object(p, CATALOG);
    text_print(t, "<< /Type /Catalog /Pages %u 0 R >>\nendobj\n", PAGES);
    size_t table = t->length;
    text_print(t, "xref\n0 %zu\n0000000000 65535 f \n", p->objects + 1);
    for (size_t i = 1; i <= p->objects && !p->failed; i++)
        text_print(t, "%010zu 00000 n \n", p->offsets[i]);
    text_print(t, "trailer\n<< /Size %zu /Root %u 0 R >>\nstartxref\n%zu\n%%%%EOF\n", p->objects + 1, CATALOG, table);
    return !p->failed && !t->failed && !p->kids.failed;
}

void pdf_free(struct pdf *p)
{
    text_free(&p->out);
    text_free(&p->content);
    text_free(&p->kids);
    free(p->dots);
    free(p->offsets);
}
