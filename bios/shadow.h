/* shadow.h - RAM in place of ROM while POST writes tables and option ROMs initialise; afterwards it is read-only. */
#ifndef BIOS_SHADOW_H
#define BIOS_SHADOW_H

#include "rom.h"

bool shadow_possible(void);
void shadow_open(void);
void shadow_close(void);

/* Space in F000 for the tables that POST writes there. */
enum { ROUTING_TABLE = 0xF100, RSDP = 0xF210, SMBIOS_ENTRY = 0xF230, MP_POINTER = 0xF250 }; /* the last to F83F */

#endif
