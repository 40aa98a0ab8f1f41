/* pci.h - configuration space by mechanism 1 (PCI Local Bus Specification 2.1, 3.7.4.1), for all files of the firmware.
 *
 * A function of a device is named as the PCI BIOS names it: bus, device and function in 8, 5 and 3 bits. Nothing here
 * uses memory, so it works in 16-bit and in 32-bit code segments alike. */
#ifndef BIOS_PCI_H
#define BIOS_PCI_H

#include "rom.h"

enum { PCI_ADDRESS = 0xCF8, PCI_DATA = 0xCFC, PCI_ENABLE = 0x80 };

/* clang-format off */
enum { PCI_VENDOR = 0x00, PCI_COMMAND = 0x04, PCI_CLASS = 0x08, PCI_HEADER = 0x0E, PCI_BAR0 = 0x10, PCI_BAR5 = 0x24,
       PCI_ROM = 0x30, PCI_LINE = 0x3C, PCI_PIN = 0x3D };
/* clang-format on */
enum { PCI_IO = 0x01, PCI_MEMORY = 0x02, PCI_MASTER = 0x04 };
enum { PCI_FUNCTIONS = 256, PCI_NONE = 0xFFFF }; /* on bus 0; no such function */

/* clang-format off */
enum { ID_440FX = 0x12378086, ID_440BX = 0x71908086, ID_PIIX3 = 0x70008086, ID_PIIX4 = 0x71108086,
       ID_PIIX = 0x122E8086, ID_PIIX3_IDE = 0x70108086, ID_PIIX4_IDE = 0x71118086, ID_PIIX4_POWER = 0x71138086 };
/* clang-format on */

/* Of the PIIX: where PIRQA to PIRQD lead to, and where power management has its ports. */
enum {
    PIRQ_ROUTE = 0x60,
    POWER_BASE = 0x40,
    POWER_ENABLE = 0x80,
    IDE_DECODE = 0x40,
    IDE_ULTRA = 0x48,
    IDE_ULTRA_TIMING = 0x4A
};
enum { POWER_PORTS = 0x600, POWER_CONTROL = 4, SCI_IRQ = 9, PIRQ_CHOICE = 0x0C20, PIRQ_DEDICATED = 0x0C00 };

static inline void pci_select(uint16_t function, uint8_t reg)
{
    outl(PCI_ADDRESS, (uint32_t)PCI_ENABLE << 24 | (uint32_t)function << 8 | (reg & 0xFC));
}

static inline uint32_t pci_read32(uint16_t function, uint8_t reg)
{
    pci_select(function, reg);
    return inl(PCI_DATA);
}

static inline uint16_t pci_read16(uint16_t function, uint8_t reg)
{
    pci_select(function, reg);
    return inw(PCI_DATA + (reg & 2));
}

static inline uint8_t pci_read8(uint16_t function, uint8_t reg)
{
    pci_select(function, reg);
    return inb(PCI_DATA + (reg & 3));
}

static inline void pci_write32(uint16_t function, uint8_t reg, uint32_t v)
{
    pci_select(function, reg);
    outl(PCI_DATA, v);
}

static inline void pci_write16(uint16_t function, uint8_t reg, uint16_t v)
{
    pci_select(function, reg);
    outw(PCI_DATA + (reg & 2), v);
}

static inline void pci_write8(uint16_t function, uint8_t reg, uint8_t v)
{
    pci_select(function, reg);
    outb(PCI_DATA + (reg & 3), v);
}

/* Whether there is a bus: the address register holds what is written to it, and a host bridge answers. */
static inline bool pci_present(void)
{
    pci_select(0, 0);
    return inl(PCI_ADDRESS) == (uint32_t)PCI_ENABLE << 24 && inw(PCI_DATA) != 0xFFFF;
}

/* The function after this one on bus 0 that exists, PCI_NONE at the end. Start with PCI_NONE. */
static inline uint16_t pci_next(uint16_t function)
{
    while (++function < PCI_FUNCTIONS) {
        if (function & 7 && !(pci_read8(function & ~7, PCI_HEADER) & 0x80))
            continue;
        if (pci_read16(function, PCI_VENDOR) != 0xFFFF)
            return function;
    }
    return PCI_NONE;
}

/* The first function with that vendor (below) and device. */
static inline uint16_t pci_find(uint32_t id)
{
    uint16_t function = PCI_NONE;

    if (pci_present())
        while ((function = pci_next(function)) != PCI_NONE)
            if (pci_read32(function, PCI_VENDOR) == id)
                break;
    return function;
}

/* The first function of that class and subclass. */
static inline uint16_t pci_find_class(uint16_t class)
{
    uint16_t function = PCI_NONE;

    if (pci_present())
        while ((function = pci_next(function)) != PCI_NONE)
            if (pci_read16(function, PCI_CLASS + 2) == class)
                break;
    return function;
}

/* One slot of the interrupt routing table: for INTA# to INTD# the register that routes it, and the IRQs it may go
 * to. */
struct routing_entry {
    uint8_t bus, device;
    struct {
        uint8_t link;
        uint16_t irqs;
    } __attribute__((packed)) pins[4];
    uint8_t slot, reserved;
} __attribute__((packed));

/* Slots that the table describes, from 1. */
enum { ROUTING_SLOTS = 15, ROUTING_TABLE_BYTES = 32 + ROUTING_SLOTS * 16 };

/* Each device is wired one line further on than the one before it. Pin 0 is INTA#; 0 to 3 are PIRQA to PIRQD. */
static inline uint8_t pci_pirq(uint16_t function, uint8_t pin)
{
    return ((function >> 3) - 1 + pin) & 3;
}

static inline struct routing_entry routing_entry(uint8_t slot)
{
    struct routing_entry e = {.device = slot << 3, .slot = slot};

    for (uint8_t pin = 0; pin < 4; pin++) {
        e.pins[pin].link = PIRQ_ROUTE + pci_pirq(e.device, pin);
        e.pins[pin].irqs = PIRQ_CHOICE;
    }
    return e;
}

/* The window in which POST reads the ROMs of cards. */
#define PCI_ROM_WINDOW 0xFE000000u
#define PCI_ROM_WINDOW_END 0xFEC00000u

#endif
