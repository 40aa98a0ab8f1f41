/* vga_memory.h - display memory as the CPU sees it: the window at A0000h and the linear frame buffer. */
#ifndef MUNIMENT_EMU_DEVICES_VGA_MEMORY_H
#define MUNIMENT_EMU_DEVICES_VGA_MEMORY_H

#include "emu/devices/vga_chip.h"

/* Maps A0000h-BFFFFh and, closed, the linear frame buffer. */
void vga_memory_init(struct vga *v);
/* To be called when DISPI's mode or bank has changed, or the display went to sleep: in its packed modes A0000h-AFFFFh
 * is a bank of linear memory. */
void vga_window_changed(struct vga *v);

/* Offset in the window that graphics register 6 opens, or -1 outside of it. */
int32_t vga_window_offset(const struct vga *v, uint32_t address);
/* Accesses to the window as the VGA's registers say, through window_base and window_mask; `device` is the VGA. */
uint8_t vga_window_read(void *device, uint32_t address);
void vga_window_write(void *device, uint32_t address, uint8_t value);
uint32_t vga_window_read_wide(void *device, uint32_t address, unsigned size);
void vga_window_write_wide(void *device, uint32_t address, uint32_t value, unsigned size);

/* Bytes of display memory change, or are about to: their pages are stale. Who takes that back calls
 * memory_forget_pages. */
void vga_touch(struct vga *v, uint32_t first, uint32_t length);
/* Places the linear frame buffer, VGA_MEMORY bytes at a multiple of that; closed at first. */
void vga_place_linear(struct vga *v, uint32_t address, bool open);
/* The same for struct vga_pci_card, whose only region it is. */
void vga_place_region(void *device, unsigned region, uint32_t address, bool open);

#endif
