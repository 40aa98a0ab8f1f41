/* video.h - what the files of the VGA BIOS use of each other. */
#ifndef BIOS_VIDEO_H
#define BIOS_VIDEO_H

#include "bda.h"

enum {
    ATTRIBUTE = 0x3C0, ATTRIBUTE_READ = 0x3C1, MISC_WRITE = 0x3C2, ENABLE = 0x3C3, SEQUENCER = 0x3C4, DAC_MASK = 0x3C6,
    DAC_READ = 0x3C7, DAC_WRITE = 0x3C8, DAC_DATA = 0x3C9, MISC_READ = 0x3CC, GRAPHICS = 0x3CE
};

/* One entry of the parameter table that the save pointer leads to (IBM PS/2 BIOS reference, INT 10h). */
struct video_parameters {
    uint8_t  columns, last_row, char_height;
    uint16_t page_size;
    uint8_t  sequencer[4], misc, crtc[25], attribute[20], graphics[9];
} __attribute__((packed));

_Static_assert(sizeof(struct video_parameters) == 64, "laid out by IBM");

enum video_kind { TEXT, CGA4, CGA2, PLANAR, LINEAR };
enum video_palette { PALETTE_EGA, PALETTE_CGA, PALETTE_MONO, PALETTE_256 };

/* A mode: how its memory is organised, and where its register values are for 400, 350 and 200 scan lines. */
struct video_mode {
    uint8_t  number, kind, palette;
    uint16_t segment;
    uint8_t  parameters[3];
    uint16_t colours;
    uint8_t  pages, scan_lines;         /* as INT 10h/1Bh codes them: 0-3 are 200, 350, 400, 480 */
};

/* modes.c: a copy of the table's entry; false if there is no such mode. */
#define PARAMETER_ENTRIES 29
extern const ROM struct video_parameters video_parameters[PARAMETER_ENTRIES];
bool video_mode_find(uint8_t number, struct video_mode *mode);
void video_mode_now(struct video_mode *mode);

/* video.c: indexed registers, the CRTC wherever the mode has it. */
void    register_write(uint16_t port, uint8_t index, uint8_t v);
uint8_t register_read(uint16_t port, uint8_t index);
void    crtc_write(uint8_t index, uint8_t v);
uint8_t crtc_read(uint8_t index);

/* Sets a VGA mode as INT 10h/00h does; saves and restores states as 1Ch does (AL, BX, CX, ES). */
void video_mode_set(uint8_t number);
void video_state(struct regs *r);

/* vbe.c: INT 10h/4Fh; back to VGA; where the frame buffer is. vbe_protected.S: its code for protected mode and its data. */
void vbe_service(struct regs *r);
void vbe_leave(void);
void vbe_init(void);
extern const char vbe_protected[], vbe_protected_end[], vbe_window_entry[], vbe_oem_name[], vbe_revision[], vbe_edid[];
extern const ROM volatile uint32_t vbe_frame_buffer;

/* text.c. A place is row and column as DH and DL have them. */
void cursor_shape_set(uint16_t shape);
void cursor_place_set(uint8_t page, uint16_t place);
void page_set(uint8_t page);
void teletype(uint8_t page, uint8_t c, uint8_t attribute, bool with_attribute);
void scroll(struct regs *r, bool down);
void character_read(struct regs *r);
void character_write(struct regs *r, bool with_attribute);
void string_write(struct regs *r);
void pixel_write(struct regs *r);
void pixel_read(struct regs *r);

/* palette.c. Reading or writing an attribute register turns the screen off until attribute_screen_on(). */
uint8_t attribute_read(uint8_t index);
void    attribute_write(uint8_t index, uint8_t v);
void    attribute_screen_on(void);
void    palette_load(uint8_t palette);
void    palette_service(struct regs *r);
void    cga_palette(struct regs *r);

/* font.c, video_entry.S */
extern const char font8x8[], font8x14[], font8x16[], save_pointers[], static_functions[];
void font_load_text(uint8_t height);
void font_set_graphics(uint8_t height);
void font_service(struct regs *r);

#endif
