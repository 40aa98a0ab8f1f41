/* vga_pci.c - the display's PCI function (PCI Local Bus Specification 2.1, §6.2.5): base address 0 is the frame
 * buffer, 1 are a chip's registers, the expansion ROM holds the video firmware. The VGA's ports and its window answer
 * whatever the command register says. */
#include "emu/devices/vga_pci.h"

#include <stdlib.h>
#include <string.h>

enum { BAR_PREFETCHABLE = 8, ROM_ENABLED = 1 };

static uint8_t rom_read(void *device, uint32_t address)
{
    const struct vga_pci *p = device;

    return p->image[address & (p->image_size - 1)];
}

static void rom_write(void *device, uint32_t address, uint8_t value)
{
    (void)device, (void)address, (void)value;
}

static void written(void *device, unsigned first, unsigned size)
{
    struct vga_pci *p = device;
    bool memory = p->function.config[PCI_COMMAND] & PCI_COMMAND_MEMORY;
    uint32_t rom = pci_get(&p->function, PCI_ROM, 4);

    (void)first, (void)size;
    for (unsigned i = 0; i < VGA_PCI_REGIONS; i++)
        if (p->card.regions[i])
            p->card.place(p->card.display, i, pci_get(&p->function, PCI_BAR + 4 * i, 4) & (0 - p->card.regions[i]),
                          memory);
    if (p->rom)
        memory_move_mmio(p->memory, p->rom, rom & (0 - p->image_size), memory && rom & ROM_ENABLED);
}

bool vga_pci_init(struct vga_pci *p, struct pci *pci, struct memory *memory, const struct vga_pci_card *card,
                  const uint8_t *rom, size_t size)
{
    struct pci_function *f = &p->function;

    memset(p, 0, sizeof *p);
    p->card = *card;
    p->memory = memory;
    pci_add(pci, f, PCI_DEVICE(2, 0), card->vendor, card->device_id, 0x030000, card->revision);
    pci_set(f, PCI_SUBSYSTEM_VENDOR, 4, card->subsystem);
    pci_writable(f, PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
    for (unsigned i = 0; i < VGA_PCI_REGIONS; i++)
        pci_writable(f, PCI_BAR + 4 * i, 4, card->regions[i] ? 0 - card->regions[i] : 0);
    f->device = p;
    f->written = written;
    if (size) {
        for (p->image_size = PAGE_SIZE; p->image_size < size; p->image_size *= 2)
            ;
        p->image = malloc(p->image_size);
        if (!p->image)
            return false;
        memset(p->image, 0xFF, p->image_size);
        memcpy(p->image, rom, size);
        p->rom = memory_map_mmio(memory, 0 - p->image_size, p->image_size, rom_read, rom_write, p);
        pci_writable(f, PCI_ROM, 4, (0 - p->image_size) | ROM_ENABLED);
    }
    vga_pci_reset(p);
    return true;
}

const char *vga_pci_loaded(void *device)
{
    struct vga_pci *p = device;

    if (p->card.display)
        written(p, PCI_BAR, 4);
    return NULL;
}

void vga_pci_free(struct vga_pci *p)
{
    free(p->image);
    p->image = NULL;
}

void vga_pci_reset(struct vga_pci *p)
{
    struct pci_function *f = &p->function;

    pci_set(f, PCI_COMMAND, 2, 0);
    pci_set(f, PCI_BAR, 4, BAR_PREFETCHABLE);
    pci_set(f, PCI_BAR + 4, 4, 0);
    pci_set(f, PCI_ROM, 4, 0);
    written(p, PCI_BAR, 4);
}
