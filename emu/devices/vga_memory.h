/* vga_memory.h - between vga.c, vga_memory.c and vga_dispi.c. */
#ifndef MUNIMENT_EMU_DEVICES_VGA_MEMORY_H
#define MUNIMENT_EMU_DEVICES_VGA_MEMORY_H

#include "emu/devices/vga.h"

/* Maps A0000h-BFFFFh and, closed, the linear frame buffer. */
void vga_memory_init(struct vga *v);
/* To be called when DISPI's mode or bank has changed, or the display went to sleep: in its packed modes A0000h-AFFFFh is a bank of linear memory. */
void vga_window_changed(struct vga *v);

#endif
