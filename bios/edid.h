/* edid.h - what the monitor says of itself (VESA Enhanced EDID Standard, EDID 1.3). */
#ifndef BIOS_EDID_H
#define BIOS_EDID_H

#include "rom.h"

/* Writes the 128 bytes of the monitor that CMOS names; false if there is none that describes itself. */
bool edid_write(uint16_t segment, uint16_t at);

#endif
