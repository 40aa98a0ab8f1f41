/* video.c - INT 10h: hands each function to the file that performs it, and performs those that are short.
 *
 * Functions and data areas follow the IBM PS/2 and PC BIOS Interface Technical Reference. */
#include "bda.h"
#include "dispi.h"
#include "font.h"
#include "modes.h"
#include "palette.h"
#include "registers.h"
#include "text.h"
#include "vbe.h"
#include "video_mode.h"
#include "video_state.h"
#include "video_tables.h"

enum { SUPPORTED_12 = 0x12 };

/* 00h: AL says what kind of mode was set. */
static void mode_set(struct regs *r)
{
    uint8_t number = r->al & 0x7F;
    struct video_mode mode;

    if (!video_mode_find(number, &mode)) {
#ifdef CIRRUS
        vbe_chip_mode(r);
#endif
        return;
    }
    video_mode_set(r->al);
    r->al = number > 7 ? 0x20 : number == 6 ? 0x3F : 0x30;
}

static void cursor_get(struct regs *r)
{
    r->cx = bda_get(cursor_shape);
    r->dx = bda_get(cursor[r->bh & 7]);
}

static void state_get(struct regs *r)
{
    r->al = bda_get(video_mode) | (bda_get(video_control) & KEEP_MEMORY);
    r->ah = (uint8_t)bda_get(video_columns);
    r->bh = bda_get(video_page);
}

/* 12h/30h: AL = 0, 1, 2 for 200, 350, 400 lines from the next text mode on. */
static void lines_select(uint8_t choice)
{
    uint8_t bits = choice == 0 ? LINES_200 : choice == 2 ? LINES_400 : 0;
    bda_put(vga_flags, (bda_get(vga_flags) & ~(LINES_200 | LINES_400)) | bits);
    bda_put(video_switches, (bda_get(video_switches) & 0xF0) | (choice == 0 ? 8 : 9));
}

static uint8_t with_flag(uint8_t byte, uint8_t flag, bool on)
{
    return (byte & ~flag) | (on ? flag : 0);
}

/* 12h: functions by BL; those that exist answer AL = 12h. */
static void alternate_select(struct regs *r)
{
    uint8_t argument = r->al;

#ifdef CIRRUS
    if (r->bl >= 0x80) {
        cirrus_inquire(r);
        return;
    }
#endif
    if (r->bl == 0x10) {
        r->bh = bda_get(crtc_port) == 0x3B4;
        r->bl = 3;
        r->ch = 0;
        r->cl = bda_get(video_switches) & 15;
        return;
    }
    if ((r->bl == 0x30 && argument > 2) || (r->bl > 0x30 && argument > 1))
        return;
    switch (r->bl) {
    case 0x20: break;
    case 0x30: lines_select(argument); break;
    case 0x31: bda_put(vga_flags, with_flag(bda_get(vga_flags), NO_PALETTE, argument)); break;
    case 0x32: outb(ENABLE, !argument); break;
    case 0x33: bda_put(vga_flags, with_flag(bda_get(vga_flags), GREY, !argument)); break;
    case 0x34: bda_put(video_control, with_flag(bda_get(video_control), NO_CURSOR_EMULATION, argument)); break;
    case 0x36:
        register_write(SEQUENCER, 1, (register_read(SEQUENCER, 1) & ~SCREEN_OFF) | (argument ? SCREEN_OFF : 0));
        break;
    default: return;
    }
    r->al = SUPPORTED_12;
}

static void display_code(struct regs *r)
{
    if (r->al > 1)
        return;
    if (r->al == 1)
        bda_put(display_code, r->bl);
    else
        r->bx = bda_get(display_code);
    r->al = 0x1A;
}

/* 1Bh: 64 bytes at ES:DI; from 04h on they are the data area from 40:49. */
static void functionality(struct regs *r)
{
    struct video_mode mode;

    if (r->bx != 0)
        return;
    video_mode_now(&mode);
    far_fill16(r->es, r->di, 0, 32);
    far_put16(r->es, r->di, (uint16_t)(uint32_t)static_functions);
    far_put16(r->es, r->di + 2, VGA_SEGMENT);
    far_copy(r->es, r->di + 0x04, 0x40, offsetof(struct bda, video_mode), 0x1E);
    far_put8(r->es, r->di + 0x22, bda_get(video_rows) + 1);
    far_put16(r->es, r->di + 0x23, bda_get(char_height));
    far_put8(r->es, r->di + 0x25, bda_get(display_code));
    far_put16(r->es, r->di + 0x27, mode.colours);
    far_put8(r->es, r->di + 0x29, mode.pages);
    far_put8(r->es, r->di + 0x2A, mode.kind == TEXT ? 2 - video_lines_choice() : mode.scan_lines);
    far_put8(r->es, r->di + 0x2D, 0x21 | (bda_get(vga_flags) & (GREY | NO_PALETTE)));
    far_put8(r->es, r->di + 0x31, 3);
    r->al = 0x1B;
}

/* INT 10h. */
void video_service(struct regs *r)
{
    switch (r->ah) {
    case 0x00: mode_set(r); break;
    case 0x01: cursor_shape_set(r->cx); break;
    case 0x02: cursor_place_set(r->bh, r->dx); break;
    case 0x03: cursor_get(r); break;
    case 0x04: r->ah = 0; break; /* no light pen */
    case 0x05: page_set(r->al); break;
    case 0x06: scroll(r, false); break;
    case 0x07: scroll(r, true); break;
    case 0x08: character_read(r); break;
    case 0x09: character_write(r, true); break;
    case 0x0A: character_write(r, false); break;
    case 0x0B: cga_palette(r); break;
    case 0x0C: pixel_write(r); break;
    case 0x0D: pixel_read(r); break;
    case 0x0E: teletype(bda_get(video_page), r->al, r->bl, false); break;
    case 0x0F: state_get(r); break;
    case 0x10: palette_service(r); break;
    case 0x11: font_service(r); break;
    case 0x12: alternate_select(r); break;
    case 0x13: string_write(r); break;
    case 0x1A: display_code(r); break;
    case 0x1B: functionality(r); break;
    case 0x1C: video_state(r); break;
    case 0x4F: vbe_service(r); break;
    }
}
