/* pci_bios.h - INT 1Ah/B1h. */
#ifndef BIOS_PCI_BIOS_H
#define BIOS_PCI_BIOS_H

#include "rom.h"

void pci_bios_service(struct regs *r);

#endif
