/* smbios.h - tables for SMBIOS, after all devices were found. */
#ifndef BIOS_SMBIOS_H
#define BIOS_SMBIOS_H

void smbios_init(void);

#endif
