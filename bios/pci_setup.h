/* pci_setup.h - what POST gives the functions of a PCI bus: addresses, interrupts; and the routing table. */
#ifndef BIOS_PCI_SETUP_H
#define BIOS_PCI_SETUP_H

void pci_init(void);

#endif
