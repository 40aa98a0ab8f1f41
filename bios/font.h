/* font.h - character generators: INT 10h/11h. */
#ifndef BIOS_FONT_H
#define BIOS_FONT_H

#include "rom.h"

void font_load_text(uint8_t height);
void font_set_graphics(uint8_t height);
void font_service(struct regs *r);

#endif
