/* vbe.h - INT 10h/4Fh. */
#ifndef BIOS_VBE_H
#define BIOS_VBE_H

#include "rom.h"

void vbe_service(struct regs *r);

/* Leaves the address of the frame buffer in the ROM while that can be written. */
void vbe_init(void);

#endif
