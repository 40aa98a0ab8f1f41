/* font.c - character generators: fonts in plane 2 for text, by INT 43h and 1Fh for graphics; INT 10h/11h. */
#include "font.h"

#include "bda.h"
#include "registers.h"
#include "text.h"
#include "video_tables.h"

enum { GLYPH_BYTES = 32 };

static uint16_t rom_font(uint8_t height)
{
    return (uint16_t)(uint32_t)(height == 8 ? font8x8 : height == 14 ? font8x14 : font8x16);
}

/* Plane 2 alone, linear at A000h, and back to text. The miscellaneous register says where text memory is. */
static void plane_open(void)
{
    register_write(SEQUENCER, 0, 0x01);
    register_write(SEQUENCER, 2, 0x04);
    register_write(SEQUENCER, 4, 0x07);
    register_write(SEQUENCER, 0, 0x03);
    register_write(GRAPHICS, 4, 0x02);
    register_write(GRAPHICS, 5, 0x00);
    register_write(GRAPHICS, 6, 0x04);
}

static void plane_close(void)
{
    register_write(SEQUENCER, 0, 0x01);
    register_write(SEQUENCER, 2, 0x03);
    register_write(SEQUENCER, 4, 0x02);
    register_write(SEQUENCER, 0, 0x03);
    register_write(GRAPHICS, 4, 0x00);
    register_write(GRAPHICS, 5, 0x10);
    register_write(GRAPHICS, 6, inb(MISC_READ) & 1 ? 0x0E : 0x0A);
}

/* Blocks 0-3 begin every 16 KiB, 4-7 between them. */
static void glyphs_load(uint16_t segment, uint16_t offset, uint16_t first, uint16_t count, uint8_t block,
                        uint8_t height)
{
    uint16_t to = ((block & 3) << 14 | (block & 4) << 11) + first * GLYPH_BYTES;

    plane_open();
    for (uint16_t i = 0; i < count; i++, to += GLYPH_BYTES, offset += height)
        far_copy(0xA000, to, segment, offset, height);
    plane_close();
}

static uint16_t scan_lines(void)
{
    return bda_get(vga_flags) & 0x80 ? 200 : bda_get(vga_flags) & 0x10 ? 400 : 350;
}

/* As many rows of the new height as the scan lines give; display end in CRTC 12h and two bits of 07h. */
static void char_height_set(uint8_t height)
{
    uint16_t lines = scan_lines(), rows = lines / height, last = rows * height * (lines == 200 ? 2 : 1) - 1;

    crtc_write(0x11, crtc_read(0x11) & 0x7F);
    crtc_write(0x09, (crtc_read(0x09) & 0xE0) | (height - 1));
    crtc_write(0x12, (uint8_t)last);
    crtc_write(0x07, (crtc_read(0x07) & ~0x42) | (last >> 7 & 2) | (last >> 3 & 0x40));
    bda_put(char_height, height);
    bda_put(video_rows, rows - 1);
    bda_put(video_page_size, rows * bda_get(video_columns) * 2);
    cursor_shape_set(bda_get(video_mode) == 7 ? 0x0B0C : 0x0607);
}

void font_load_text(uint8_t height)
{
    register_write(SEQUENCER, 3, 0);
    glyphs_load(VGA_SEGMENT, rom_font(height), 0, 256, 0, height);
    set_vector(0x43, VGA_SEGMENT, rom_font(height));
}

void font_set_graphics(uint8_t height)
{
    set_vector(0x43, VGA_SEGMENT, rom_font(height));
}

/* 00h-04h and 10h-14h: into a block of plane 2; with bit 4 the screen is laid out anew. */
static void text_font(struct regs *r)
{
    uint8_t which = r->al & 0x0F, height = which == 0 ? r->bh : which == 1 ? 14 : which == 2 ? 8 : 16;

    if (which == 0)
        glyphs_load(r->es, r->bp, r->dx, r->cx, r->bl, height);
    else
        glyphs_load(VGA_SEGMENT, rom_font(height), 0, 256, r->bl, height);
    if (r->al & 0x10 && height)
        char_height_set(height);
}

/* 20h-24h: for graphics; BL says how many rows the screen has. */
static void graphics_font(struct regs *r)
{
    static ROM_DATA uint8_t rows[] = {0, 14, 25, 43};
    uint8_t height = r->al == 0x21 ? (uint8_t)r->cx : r->al == 0x22 ? 14 : r->al == 0x23 ? 8 : 16;

    if (r->al == 0x20) {
        set_vector(0x1F, r->es, r->bp);
        return;
    }
    if (r->al == 0x21)
        set_vector(0x43, r->es, r->bp);
    else
        set_vector(0x43, VGA_SEGMENT, rom_font(height));
    bda_put(char_height, height);
    bda_put(video_rows, (r->bl >= 1 && r->bl <= 3 ? rom_get(rows[r->bl]) : r->dl) - 1);
}

/* 30h: where a font is, by BH. There are no 9-dot variants: their tables are empty. */
static void font_information(struct regs *r)
{
    uint16_t segment = VGA_SEGMENT, offset;

    switch (r->bh) {
    case 0:
        segment = vector_segment(0x1F);
        offset = vector_offset(0x1F);
        break;
    case 1:
        segment = vector_segment(0x43);
        offset = vector_offset(0x43);
        break;
    case 2: offset = rom_font(14); break;
    case 3: offset = rom_font(8); break;
    case 4: offset = rom_font(8) + 128 * 8; break;
    case 5:
    case 7: offset = rom_font(16); break; /* glyph 0 begins with a zero byte: an empty table */
    case 6: offset = rom_font(16); break;
    default: return;
    }
    r->es = segment;
    r->bp = offset;
    r->cx = bda_get(char_height);
    r->dl = bda_get(video_rows);
}

/* INT 10h/11h. */
void font_service(struct regs *r)
{
    switch (r->al) {
    case 0x00:
    case 0x01:
    case 0x02:
    case 0x04:
    case 0x10:
    case 0x11:
    case 0x12:
    case 0x14: text_font(r); break;
    case 0x03: register_write(SEQUENCER, 3, r->bl); break;
    case 0x20:
    case 0x21:
    case 0x22:
    case 0x23:
    case 0x24: graphics_font(r); break;
    case 0x30: font_information(r); break;
    }
}
