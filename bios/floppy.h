/* floppy.h - floppies: what POST finds, and the controller's reset, which INT 13h/00h makes for disks too. */
#ifndef BIOS_FLOPPY_H
#define BIOS_FLOPPY_H

#include "rom.h"

void floppy_init(void);
void floppy_reset(void);

#endif
