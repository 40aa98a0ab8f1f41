/* mp.h - the tables that describe local and I/O APIC, where there are both. */
#ifndef BIOS_MP_H
#define BIOS_MP_H

#include <stdbool.h>

enum { IO_APIC_ID = 1, IO_APIC_PCI_PIN = 16 }; /* the ID that POST gives it; the pin of PIRQA */

/* Whether there are a local and an I/O APIC. */
bool apics_present(void);
void mp_init(void);

#endif
