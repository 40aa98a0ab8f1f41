/* vga_pci.h - the display as a function of the PCI bus: its frame buffer, its registers and its ROM are where firmware
 * puts them. */
#ifndef MUNIMENT_EMU_DEVICES_VGA_PCI_H
#define MUNIMENT_EMU_DEVICES_VGA_PCI_H

#include <stddef.h>

#include "emu/devices/pci.h"
#include "emu/memory.h"

#define VGA_PCI_REGIONS 2

/* What the card is. */
struct vga_pci_card {
    uint16_t vendor, device_id;
    uint32_t subsystem; /* and its vendor below */
    uint8_t revision;
    uint32_t regions[VGA_PCI_REGIONS]; /* bytes, powers of two; 0: there is none. The first is the frame buffer */
    void (*place)(void *display, unsigned region, uint32_t address, bool open);
    void *display;
};

struct vga_pci {
    struct pci_function function;
    /* wiring */
    struct vga_pci_card card;
    struct memory *memory;
    struct mmio *rom; /* null: no ROM */
    uint8_t *image;
    uint32_t image_size; /* a power of two */
};

/* Copies the ROM, at most 64 KiB; without one size is 0. False: no memory. */
bool vga_pci_init(struct vga_pci *p, struct pci *pci, struct memory *memory, const struct vga_pci_card *card,
                  const uint8_t *rom, size_t size);
void vga_pci_free(struct vga_pci *p);
void vga_pci_reset(struct vga_pci *p);
/* Brings about what follows from a configuration that was loaded; struct part of machine.h. */
const char *vga_pci_loaded(void *device);

#endif
