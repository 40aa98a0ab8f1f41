/* acpi.h - tables for ACPI, after all devices were found. */
#ifndef BIOS_ACPI_H
#define BIOS_ACPI_H

enum { ACPI_KIB = 64 }; /* the end of memory that they take */
void acpi_init(void);

#endif
