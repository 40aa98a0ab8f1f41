/* video_mode.c - setting a VGA mode, as INT 10h/00h does. */
#include "video_mode.h"

#include "dispi.h"
#include "font.h"
#include "modes.h"
#include "palette.h"
#include "registers.h"
#include "text.h"

/* What a CGA's mode register would hold, for modes 0 to 7: 40:65. */
static ROM_DATA uint8_t cga_modes[] = {0x2C, 0x28, 0x2D, 0x29, 0x2A, 0x2E, 0x1E, 0x29};

static void write_registers(const ROM struct video_parameters *p)
{
    bda_put(crtc_port, rom_get(p->misc) & 1 ? 0x3D4 : 0x3B4);
    register_write(SEQUENCER, 0, 0x01);
    for (unsigned i = 0; i < 4; i++)
        register_write(SEQUENCER, 1 + i, i ? rom_get(p->sequencer[i]) : rom_get(p->sequencer[0]) | SCREEN_OFF);
    outb(MISC_WRITE, rom_get(p->misc));
    register_write(SEQUENCER, 0, 0x03);
    crtc_write(0x11, rom_get(p->crtc[0x11]) & 0x7F);
    for (unsigned i = 0; i < 25; i++)
        crtc_write(i, rom_get(p->crtc[i]));
    attribute_reset();
    for (unsigned i = 0; i <= 20; i++) {
        outb(ATTRIBUTE, i);
        outb(ATTRIBUTE, i < 20 ? rom_get(p->attribute[i]) : 0);
    }
    for (unsigned i = 0; i < 9; i++)
        register_write(GRAPHICS, i, rom_get(p->graphics[i]));
    outb(DAC_MASK, 0xFF);
}

static void clear_memory(const struct video_mode *mode)
{
    if (mode->kind == TEXT)
        far_fill16(mode->segment, 0, 0x0720, 0x4000);
    else
        far_fill16(mode->segment, 0, 0, mode->segment == 0xA000 ? 0x8000 : 0x2000);
}

static void set_data_area(const struct video_mode *mode, const ROM struct video_parameters *p, uint8_t keep)
{
    bda_put(video_mode, mode->number);
    bda_put(video_columns, rom_get(p->columns));
    bda_put(video_rows, rom_get(p->last_row));
    bda_put(char_height, rom_get(p->char_height));
    bda_put(video_page_size, rom_get(p->page_size));
    bda_put(video_page_start, 0);
    bda_put(video_page, 0);
    for (unsigned i = 0; i < 8; i++)
        bda_put(cursor[i], 0);
    bda_put(video_control, MEMORY_256K | (bda_get(video_control) & NO_CURSOR_EMULATION) | keep);
    if (mode->number <= 7)
        bda_put(cga_mode, rom_get(cga_modes[mode->number]));
    bda_put(cga_palette, mode->number == 6 ? 0x3F : 0x30);
    bda_put(cursor_shape, rom_get(p->crtc[0x0A]) << 8 | rom_get(p->crtc[0x0B]));
}

/* Entry of the parameter table for the number of scan lines that function 12h/30h chose. */
uint8_t video_lines_choice(void)
{
    return bda_get(vga_flags) & LINES_200 ? 2 : bda_get(vga_flags) & LINES_400 ? 0 : 1;
}

void video_mode_set(uint8_t number)
{
    uint8_t keep = number & 0x80, choice = video_lines_choice();
    struct video_mode mode;

    if (!video_mode_find(number & 0x7F, &mode))
        return;
    dispi_leave();
    const ROM struct video_parameters *p = &video_parameters[mode.parameters[choice]];
    write_registers(p);
    set_data_area(&mode, p, keep);
    if (!(bda_get(vga_flags) & NO_PALETTE))
        palette_load(mode.kind == TEXT && mode.palette == PALETTE_EGA && choice == 2 ? PALETTE_CGA : mode.palette);
    if (!keep)
        clear_memory(&mode);
    if (mode.kind == TEXT) {
        font_load_text(rom_get(p->char_height));
        cursor_shape_set(mode.number == 7 ? 0x0B0C : 0x0607);
        cursor_place_set(0, 0);
    } else {
        font_set_graphics(rom_get(p->char_height));
    }
    attribute_screen_on();
    register_write(SEQUENCER, 1, rom_get(p->sequencer[0]));
}
