/* vga_draw.h - from registers and display memory to a picture. */
#ifndef MUNIMENT_EMU_DEVICES_VGA_DRAW_H
#define MUNIMENT_EMU_DEVICES_VGA_DRAW_H

#include "emu/devices/vga.h"

/* Vertical display end: the last scan line that shows memory. */
uint32_t vga_last_line(const struct vga *v);

#endif
