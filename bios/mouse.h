/* mouse.h - the pointing device: INT 15h/C2h. */
#ifndef BIOS_MOUSE_H
#define BIOS_MOUSE_H

#include "rom.h"

void mouse_init(void);
void mouse_service(struct regs *r);

#endif
