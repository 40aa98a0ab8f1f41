/* cdrom.h - INT 13h for CD-ROM drives E0h and up, and for the drive that a boot image stands for (El Torito 1.0). */
#ifndef BIOS_CDROM_H
#define BIOS_CDROM_H

#include "bda.h"

void cdrom_add(struct disk *d);

/* False if the call is not for either. */
bool cd_service(struct regs *r);

#endif
