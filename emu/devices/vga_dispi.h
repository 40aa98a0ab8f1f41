/* vga_dispi.h - between vga.c, vga_draw.c and vga_dispi.c. */
#ifndef MUNIMENT_EMU_DEVICES_VGA_DISPI_H
#define MUNIMENT_EMU_DEVICES_VGA_DISPI_H

#include "emu/devices/vga.h"

void dispi_init(struct vga *v, struct bus *bus);
void dispi_reset(struct vga *v);
bool dispi_enabled(const struct vga *v);
/* A mode of 8 bits and more is on: the window at A0000h is a bank of linear memory. */
bool dispi_packed(const struct vga *v);
/* Where that bank begins. */
uint32_t dispi_bank_start(const struct vga *v);
/* What the planes' addresses in the window begin at: the bank of a mode of 4 bits; else 0. */
uint32_t dispi_planar_base(const struct vga *v);
/* Bytes from a line to the next. In modes of 4 bits the four planes count together. */
uint32_t dispi_stride(const struct vga *v);

#endif
