/* escp.h - a dot-matrix printer: plain text and ESC/P as pages (Epson, ESC/P Reference Manual, December 1997).
 *
 * Printed are letters in all pitches and styles, and bit images; spec/print.md has the commands and code pages. */
#ifndef MUNIMENT_DESK_ESCP_H
#define MUNIMENT_DESK_ESCP_H

#include "desk/pdf.h"

#define ESCP_TABS 32
#define ESCP_TABLES 4
#define ESCP_DATA (3 * 65536) /* bytes of one bit image */

enum escp_pins { ESCP_9_PINS = 9, ESCP_24_PINS = 24 };

struct escp {
    struct pdf pdf;
    enum escp_pins pins;
    /* Lengths are units of pdf.h; x and y from the upper left corner of the page. */
    uint32_t x, y, page_length, bottom_margin, left, right, line, gap; /* gap: added between letters */
    uint32_t tabs[ESCP_TABS], vertical[ESCP_TABS];
    unsigned tab_count, vertical_count;
    uint8_t pitch;   /* 10, 12, 15 */
    uint8_t country; /* ESC R */
    const uint8_t (*font)[16];
    uint16_t page;                /* that it is set to */
    uint16_t tables[ESCP_TABLES]; /* code pages of ESC t; 0: italic letters */
    uint8_t table;                /* which of them */
    uint8_t densities[4];         /* of ESC K, L, Y, Z: modes of ESC * */
    bool condensed, wide, wide_line, tall, bold, twice, italic, underlined, raised, lowered, shifted, deselected;
    bool drawn;   /* something stands on the page */
    bool joins;   /* the next letter may be drawn with the one before, */
    bool slanted; /* which is italic */
    /* A command that is being read. */
    uint8_t command[4];  /* letter and first parameters */
    unsigned have, want; /* parameters; want 0: no command */
    bool escape, until_zero;
    uint8_t *data; /* owned, ESCP_DATA bytes: of a bit image, or to be ignored (no columns) */
    uint32_t data_have, data_want, columns;
    uint8_t mode;
};

/* page: the code page that the printer is set to. font: the 16 rows of each glyph of code page 437, until escp_end.
 * False when memory is short. */
bool escp_begin(struct escp *e, enum escp_pins pins, uint16_t page, const uint8_t font[256][16]);
void escp_byte(struct escp *e, uint8_t byte);
/* Ends the job: the PDF file is in e->pdf.out. False: memory was short. */
bool escp_end(struct escp *e);
void escp_free(struct escp *e);

#endif
