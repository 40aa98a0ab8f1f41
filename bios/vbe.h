/* vbe.h - INT 10h/4Fh. */
#ifndef BIOS_VBE_H
#define BIOS_VBE_H

#include "rom.h"

void vbe_service(struct regs *r);

/* INT 10h/00h of a Cirrus chip's BIOS, whose numbers from 58h on are modes of VBE's. */
void vbe_chip_mode(struct regs *r);

/* Leaves the address of the frame buffer in the ROM while that can be written. */
void vbe_init(void);

#endif
