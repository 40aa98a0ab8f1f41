/* vga_dispi.h - between vga.c and vga_dispi.c. */
#ifndef MUNIMENT_EMU_DEVICES_VGA_DISPI_H
#define MUNIMENT_EMU_DEVICES_VGA_DISPI_H

#include "emu/devices/vga_chip.h"

void dispi_init(struct vga *v, struct bus *bus);
void dispi_reset(struct vga *v);
/* What does not go together in a state that was loaded, or NULL. */
const char *dispi_loaded(struct vga *v);

#endif
