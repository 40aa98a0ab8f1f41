/* vga_pci.h - the display as a function of the PCI bus, 1234:1111: its frame buffer and its ROM are where firmware puts
 * them. */
#ifndef MUNIMENT_EMU_DEVICES_VGA_PCI_H
#define MUNIMENT_EMU_DEVICES_VGA_PCI_H

#include <stddef.h>

#include "emu/devices/pci.h"
#include "emu/devices/vga.h"

struct vga_pci {
    struct pci_function function;
    /* wiring */
    struct vga *vga;
    struct memory *memory;
    struct mmio *rom; /* null: no ROM */
    uint8_t *image;
    uint32_t image_size; /* a power of two */
};

/* Copies the ROM, at most 64 KiB; without one size is 0. False: no memory. */
bool vga_pci_init(struct vga_pci *p, struct pci *pci, struct memory *memory, struct vga *vga, const uint8_t *rom,
                  size_t size);
void vga_pci_free(struct vga_pci *p);
void vga_pci_reset(struct vga_pci *p);
/* Brings about what follows from a configuration that was loaded; struct part of machine.h. */
const char *vga_pci_loaded(void *device);

#endif
