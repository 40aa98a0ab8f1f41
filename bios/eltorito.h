/* eltorito.h - starting from a CD (El Torito 1.0). */
#ifndef BIOS_ELTORITO_H
#define BIOS_ELTORITO_H

#include "rom.h"

/* Loads the boot image of the first CD that has one, announces it and starts it; returns if there is none. */
void eltorito_boot(void (*announce)(void));

/* INT 13h/4Ah, 4Ch, 4Dh. */
uint8_t eltorito_service(struct regs *r);

#endif
