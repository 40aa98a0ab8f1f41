/* pdf.h - writes PDF 1.4 (Adobe, PDF Reference, third edition) of what a printer printed.
 *
 * There is no date, no identifier and no compression in it: the same print gives the same bytes everywhere. Letters are
 * glyphs, drawn from the dots of the firmware's font, which has code page 437, with their Unicode code points beside
 * them. */
#ifndef MUNIMENT_DESK_PDF_H
#define MUNIMENT_DESK_PDF_H

#include "formats/text.h"

#define PDF_CHARACTERS 256 /* of a job that code page 437 lacks */
#define PDF_UNITS 2160     /* to the inch: a multiple of the steps of all printers */

struct pdf {
    struct text out;      /* the file so far */
    struct text content;  /* of the page that is under way */
    struct text kids;     /* the pages, as references */
    size_t *offsets;      /* owned: of the objects, by number */
    size_t objects, room; /* objects: the highest number so far */
    size_t pages;
    bool used[4][256]; /* glyphs, by font: code page 437 in two weights, other characters in two */
    uint16_t characters[PDF_CHARACTERS];
    uint8_t (*dots)[16]; /* owned: of these */
    unsigned count;      /* of these */
    size_t other_fonts;  /* the objects of both, and of their map of characters, from this number on; 0: none */
    unsigned font;       /* in which that is, in */
    bool in_text;        /* a string of the content is open */
    bool failed;         /* memory was short */
};

/* How a glyph is drawn. */
struct pdf_glyph {
    bool bold, italic, underlined;
    uint32_t width, height; /* of its cell, in units */
};

void pdf_begin(struct pdf *pdf);
/* The code of a character that code page 437 lacks, with the dots of its rows; '?' when there are too many. */
unsigned pdf_character(struct pdf *pdf, uint16_t character, const uint8_t rows[16]);
/* Draws a glyph whose cell has its upper left corner at x, y (units from that of the page), on a page of this height.
 * code: of code page 437, or as pdf_character has it. follows: it stands right of the one before, and is drawn alike.
 */
void pdf_glyph(struct pdf *pdf, const struct pdf_glyph *glyph, unsigned code, uint32_t x, uint32_t y, uint32_t height,
               bool follows);
/* Draws dots: `rows` bits of each of `columns` columns, of (rows + 7) / 8 bytes each, the highest bit on top. */
void pdf_dots(struct pdf *pdf, const uint8_t *columns, uint32_t count, unsigned rows, uint32_t x, uint32_t y,
              uint32_t width, uint32_t dots_height, uint32_t height);
/* Ends the page that was drawn on. */
void pdf_page(struct pdf *pdf, uint32_t width, uint32_t height);
/* Ends the file, which is in out then. False: memory was short. font: the 16 rows of each of 256 glyphs. */
bool pdf_end(struct pdf *pdf, const uint8_t font[256][16]);
void pdf_free(struct pdf *pdf);

#endif
