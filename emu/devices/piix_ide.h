/* piix_ide.h - the bus-master IDE function of the PIIX (slot 1, function 1): moves the data of DMA commands between ATA
 * channels and memory. */
#ifndef MUNIMENT_EMU_DEVICES_PIIX_IDE_H
#define MUNIMENT_EMU_DEVICES_PIIX_IDE_H

#include "emu/devices/ata.h"
#include "emu/devices/pci.h"
#include "emu/memory.h"

struct piix_ide_channel {
    uint8_t command, status; /* BMICX, BMISX */
    uint32_t table;          /* BMIDTPX: physical address of the descriptor table */
    uint32_t next;           /* of the next descriptor */
    uint32_t address, left;  /* of the region that is being moved */
    bool last;               /* it is the last one */
    /* wiring */
    struct ata_dma dma; /* what the channel's devices see */
    struct piix_ide *ide;
    struct ata *ata;
};

struct piix_ide {
    struct pci_function function;
    struct piix_ide_channel channel[2];
    /* wiring */
    struct memory *memory;
    struct bus *bus;
};

extern const struct state_field piix_ide_state[];

/* Gives channel[i].dma a meaning; ata_init takes it. */
void piix_ide_init(struct piix_ide *ide, struct pci *pci, struct bus *bus, struct memory *memory, struct ata ata[2]);
void piix_ide_reset(struct piix_ide *ide);
/* Brings about what follows from a configuration that was loaded; struct part of machine.h. */
const char *piix_ide_loaded(void *device);

#endif
