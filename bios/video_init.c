/* video_init.c - the VGA BIOS' initialisation, which the system BIOS calls. */
#include "bda.h"
#include "registers.h"
#include "vbe.h"
#include "video_mode.h"
#include "video_tables.h"

enum { DISPLAY_VGA_COLOUR = 0x08 };

extern const char int10_entry[];

/* What was INT 10h before becomes INT 42h, as with every EGA and VGA. */
void video_init(void)
{
    struct call call = {.ax = 0x0003};

    outb(ENABLE, 1);
    outb(MISC_WRITE, 0x67);
    set_vector(0x42, vector_segment(0x10), vector_offset(0x10));
    set_vector(0x10, VGA_SEGMENT, (uint16_t)(uint32_t)int10_entry);
    set_vector(0x1F, VGA_SEGMENT, (uint16_t)(uint32_t)font8x8 + 128 * 8);
    set_vector(0x43, VGA_SEGMENT, (uint16_t)(uint32_t)font8x16);
    bda_put(video_save_offset, (uint16_t)(uint32_t)save_pointers);
    bda_put(video_save_segment, VGA_SEGMENT);
    bda_put(vga_flags, LINES_400 | ACTIVE);
    bda_put(video_control, MEMORY_256K);
    bda_put(video_switches, 0xF9);
    bda_put(display_code, DISPLAY_VGA_COLOUR);
    vbe_init();
    soft_int(0x10, &call);
}
