/* pci.h - the PCI bus: configuration space by mechanism 1 at CF8h, base addresses, interrupt pins (PCI Local Bus
 * Specification 2.1). */
#ifndef MUNIMENT_EMU_DEVICES_PCI_H
#define MUNIMENT_EMU_DEVICES_PCI_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/bus.h"
#include "emu/line.h"
#include "emu/state.h"

#define PCI_FUNCTIONS 8 /* on this bus at most */
#define PCI_DEVICE(slot, function) ((uint8_t)((slot) << 3 | (function)))

/* clang-format off */
/* Offsets in configuration space. */
enum {
    PCI_VENDOR = 0, PCI_DEVICE_ID = 2, PCI_COMMAND = 4, PCI_STATUS = 6, PCI_REVISION = 8, PCI_CLASS = 9, PCI_LATENCY = 0x0D, PCI_HEADER = 0x0E, PCI_BAR = 0x10,
    PCI_SUBSYSTEM_VENDOR = 0x2C, PCI_SUBSYSTEM = 0x2E, PCI_ROM = 0x30, PCI_LINE = 0x3C, PCI_PIN = 0x3D
};
/* clang-format on */
enum { PCI_COMMAND_IO = 1, PCI_COMMAND_MEMORY = 2, PCI_COMMAND_MASTER = 4 };

/* One function of a device. The owner fills in config with its reset values and mask with the bits that software may
 * write. */
struct pci_function {
    uint8_t config[256];
    /* wiring */
    uint8_t mask[256];
    uint8_t address;                                              /* PCI_DEVICE(slot, function) */
    void (*written)(void *device, unsigned first, unsigned size); /* config changed there; may be null */
    void *device;
};

struct pci {
    uint32_t address;      /* CONFADD */
    uint8_t reset_control; /* CF9h */
    /* wiring */
    struct pci_function *functions[PCI_FUNCTIONS];
    unsigned count;
    struct line reset;           /* pulsed: a reset of the whole machine, */
    struct line processor_reset; /* or of the processor alone */
};

extern const struct state_field pci_state[], pci_function_state[];

void pci_init(struct pci *pci, struct bus *bus, struct line reset, struct line processor_reset);
void pci_reset(struct pci *pci);
/* Puts a function on the bus: its identity, class (24 bits) and revision. Clears config and mask first. */
void pci_add(struct pci *pci, struct pci_function *f, uint8_t address, uint16_t vendor, uint16_t device_id,
             uint32_t class_code, uint8_t revision);
/* Little-endian fields of the configuration space. */
uint32_t pci_get(const struct pci_function *f, unsigned offset, unsigned size);
void pci_set(struct pci_function *f, unsigned offset, unsigned size, uint32_t value);
/* The bits of a field that software may write. */
void pci_writable(struct pci_function *f, unsigned offset, unsigned size, uint32_t mask);

#endif
