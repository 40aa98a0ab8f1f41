/* palette.h - colours: INT 10h/0Bh and 10h. */
#ifndef BIOS_PALETTE_H
#define BIOS_PALETTE_H

#include "rom.h"

void palette_load(uint8_t palette); /* one of enum video_palette */
void palette_service(struct regs *r);
void cga_palette(struct regs *r);

#endif
