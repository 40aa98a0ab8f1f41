/* vga_draw.h - from registers and display memory to a picture: between vga.c, vga_look.c and vga_draw.c. */
#ifndef MUNIMENT_EMU_DEVICES_VGA_DRAW_H
#define MUNIMENT_EMU_DEVICES_VGA_DRAW_H

#include "emu/devices/vga_chip.h"

enum look_kind {
    LOOK_OFF, /* black */
    LOOK_TEXT,
    LOOK_PLANAR, /* 16 colours, a bit from each plane */
    LOOK_PAIRS,  /* the CGA's pairs of bits */
    LOOK_PACKED, /* 256 colours of the VGA */
    LOOK_LINEAR_PLANAR,
    LOOK_LINEAR /* linear, of `depth` bits */
};

/* All that the picture depends on besides display memory and, in text, cursor and blinking: equal looks of equal memory
 * are equal pictures. Only words, so that two can be compared as bytes. */
struct look {
    uint32_t kind;
    uint32_t width, height;
    /* the VGA's geometry */
    uint32_t columns;       /* character clocks in a line */
    uint32_t lines;         /* scan lines with a picture */
    uint32_t cell;          /* scan lines of a character row, or repetitions of a graphics row */
    uint32_t repeat;        /* 2 when every line is scanned twice */
    uint32_t step;          /* scan lines that show the same and are drawn once */
    uint32_t dots;          /* of a character clock: 8 or 9 */
    uint32_t start, offset; /* address counter at the top; of a row */
    uint32_t split;         /* after this line the counter starts at 0 again, */
    uint32_t split_pan;     /* and the picture is moved by so much */
    uint32_t first_row_scan;
    uint32_t pan;                      /* dots by which the picture is moved to the left */
    uint32_t shift;                    /* the counter is moved by so many bits to make an address, */
    uint32_t low_bit;                  /* and gets this one of its bits in front of them */
    uint32_t row_scan_13, row_scan_14; /* address bits 13 and 14 are the row scan's 0 and 1 */
    /* text */
    uint32_t fonts[2];  /* plane 2: attribute bit 3 chooses */
    uint32_t blinks;    /* attribute bit 7 is blinking, not colour */
    uint32_t joins;     /* line graphics reach the ninth dot */
    uint32_t underline; /* row scan */
    /* linear */
    uint32_t depth, stride, first_byte, x_offset;
    uint32_t palette[256]; /* as many as the kind has */
};

/* A pointer that the display lays over a linear picture; size 0: none. Only words. */
struct pointer_look {
    uint32_t size; /* 32 or 64 pixels, both ways */
    uint32_t x, y;
    uint32_t at;           /* its image in display memory: POINTER_BYTES */
    uint32_t second, next; /* from a line's bytes of the first bit plane to those of the second, and of the next line */
    uint32_t colours[2];
};
#define POINTER_BYTES(size) ((size) * (size) / 4)

/* What was drawn, and what it was drawn from. */
struct picture {
    uint32_t drawn;  /* there is a picture */
    uint64_t number; /* how often it was looked at */
    struct look look;
    struct pointer_look pointer;
    uint32_t cursor, hidden; /* of text: where the cursor was and how it looked; whether what blinks was dark */
    uint32_t cells[FRAME_MAX_HEIGHT][FRAME_MAX_WIDTH / 8 + 1]; /* what each cell shows: enum in vga_draw.c */
    uint8_t glyphs[2][256][32];
    uint8_t glyph_changed[2][256];
    struct frame_span changed[FRAME_MAX_HEIGHT];
    uint32_t pixels[FRAME_MAX_WIDTH * FRAME_MAX_HEIGHT];
};

/* What the registers describe now. */
void vga_look(const struct vga *v, struct look *l);
/* From the address counter to an address in the planes. */
uint32_t look_address(const struct look *l, uint32_t counter, unsigned row_scan);
/* Whether the line at which the address counter starts anew is among these. */
bool look_splits(const struct look *l, uint32_t first_line, uint32_t lines);
/* 2 where the vertical counters see every second scan line only (CRTC register 17h, bit 2). */
uint32_t vga_lines_counted(const struct vga *v);
/* Scan lines that show memory. */
uint32_t vga_lines_shown(const struct vga *v);
/* Frames since power-on, for what blinks. */
uint64_t vga_frames_shown(const struct vga *v);
bool vga_blink_hides(const struct vga *v);
/* Where the cursor is, by the address counter; and whether there is one. */
uint32_t vga_cursor_counter(const struct vga *v);
bool vga_cursor_enabled(const struct vga *v);

#endif
