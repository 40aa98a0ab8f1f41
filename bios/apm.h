/* apm.h - INT 15h/53h. */
#ifndef BIOS_APM_H
#define BIOS_APM_H

#include "rom.h"

void apm_service(struct regs *r);

#endif
