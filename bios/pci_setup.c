/* pci_setup.c - power-on of the PCI bus: addresses and interrupts for every function of bus 0, the PIIX, the routing
 * table.
 *
 * Ports are given out from C000h, memory from E0000000h up, each at a multiple of its size and in the order of the
 * functions. PIRQA to PIRQD become IRQ 10, 11, 10, 11 (PCI BIOS Specification 2.1; Intel 82371SB and 82371AB). */
#include "pci_setup.h"

#include "bda.h"
#include "pci.h"
#include "shadow.h"

enum { FIRST_PORT = 0xC000, PORTS_END = 0x10000 };
enum {
    CLASS_BRIDGE = 0x06,
    CLASS_DISPLAY = 0x03,
    CLASS_IDE = 0x0101,
    ELCR_SLAVE = 0x4D1,
    ELCR_9 = 0x02,
    ELCR_10_11 = 0x0C
};
#define FIRST_MEMORY 0xE0000000
#define MEMORY_END PCI_ROM_WINDOW

/* What is still free. */
struct windows {
    uint32_t port, memory;
};

static uint8_t irq_of_pirq(uint8_t pirq)
{
    return pirq & 1 ? 11 : 10;
}

/* Takes `size` (a power of two) from a window; 0 if there is no room. */
static uint32_t take(uint32_t *next, uint32_t end, uint32_t size)
{
    uint32_t at = (*next + size - 1) & -size;

    if (at < *next || at >= end || end - at < size)
        return 0;
    *next = at + size;
    return at;
}

/* Gives one base address register its place. Returns the kind of access that it answers, 0 if it is not there. */
static uint8_t assign_bar(uint16_t function, uint8_t reg, uint32_t bar, struct windows *free)
{
    bool port = bar & 1;
    uint32_t mask = port ? bar & 0xFFFC : bar & ~15u;
    uint32_t size = port ? -mask & 0xFFFF : -mask;
    uint32_t at = port ? take(&free->port, PORTS_END, size) : take(&free->memory, MEMORY_END, size);

    pci_write32(function, reg, at);
    return at == 0 ? 0 : port ? PCI_IO : PCI_MEMORY;
}

static void assign_addresses(uint16_t function, struct windows *free)
{
    uint16_t command = pci_read16(function, PCI_COMMAND) & ~(PCI_IO | PCI_MEMORY),
             class = pci_read16(function, PCI_CLASS + 2);

    pci_write16(function, PCI_COMMAND, command);
    for (uint8_t reg = PCI_BAR0; reg <= PCI_BAR5; reg += 4) {
        pci_write32(function, reg, 0xFFFFFFFF);
        uint32_t bar = pci_read32(function, reg);
        if (bar)
            command |= assign_bar(function, reg, bar, free);
        if ((bar & 7) == 4) {
            reg += 4; /* the upper half of a 64-bit address */
            pci_write32(function, reg, 0);
        }
    }
    if (class >> 8 == CLASS_DISPLAY)
        command |= PCI_IO | PCI_MEMORY;
    if (class == CLASS_IDE)
        command |= PCI_IO | PCI_MASTER;
    pci_write16(function, PCI_COMMAND, command);
}

static void assign_interrupt(uint16_t function)
{
    uint8_t pin = pci_read8(function, PCI_PIN);

    if (pin >= 1 && pin <= 4)
        pci_write8(function, PCI_LINE, irq_of_pirq(pci_pirq(function, pin - 1)));
}

/* What only these chips have: where interrupts go, both IDE channels at their usual ports, power management at 600h. */
static void chip_setup(uint16_t function)
{
    switch (pci_read32(function, PCI_VENDOR)) {
    case ID_PIIX3:
    case ID_PIIX4:
        for (uint8_t pirq = 0; pirq < 4; pirq++)
            pci_write8(function, PIRQ_ROUTE + pirq, irq_of_pirq(pirq));
        outb(ELCR_SLAVE, inb(ELCR_SLAVE) | ELCR_10_11);
        break;
    case ID_PIIX3_IDE:
    case ID_PIIX4_IDE: pci_write32(function, IDE_DECODE, 0x80008000); break;
    case ID_PIIX4_POWER:
        pci_write32(function, POWER_BASE, POWER_PORTS | 1);
        pci_write8(function, POWER_ENABLE, 1);
        pci_write8(function, PCI_LINE, SCI_IRQ);
        outb(ELCR_SLAVE, inb(ELCR_SLAVE) | ELCR_9);
        break;
    }
}

/* PCI interrupt routing table (Microsoft, "PCI IRQ Routing Table Specification" 1.0). */
struct routing_header {
    char signature[4];
    uint16_t version, bytes;
    uint8_t router_bus, router_function;
    uint16_t dedicated;
    uint32_t compatible, miniport_data;
    uint8_t reserved[11], checksum;
} __attribute__((packed));

_Static_assert(sizeof(struct routing_header) + ROUTING_SLOTS * sizeof(struct routing_entry) == ROUTING_TABLE_BYTES,
               "the place in the ROM");

/* As the compatible router it names the first PIIX, which every system that reads the table knows. */
static void write_routing_table(void)
{
    struct routing_header h = {
        .signature = {'$', 'P', 'I', 'R'},
        .version = 0x0100,
        .bytes = ROUTING_TABLE_BYTES,
        .dedicated = PIRQ_DEDICATED,
        .router_function = 1 << 3,
        .compatible = ID_PIIX,
    };
    uint16_t at = ROUTING_TABLE + sizeof(h);

    far_write(ROM_SEGMENT, ROUTING_TABLE, &h, sizeof(h));
    for (uint8_t slot = 1; slot <= ROUTING_SLOTS; slot++, at += sizeof(struct routing_entry)) {
        struct routing_entry e = routing_entry(slot);
        far_write(ROM_SEGMENT, at, &e, sizeof(e));
    }
    far_put8(ROM_SEGMENT, ROUTING_TABLE + offsetof(struct routing_header, checksum),
             -far_sum(ROM_SEGMENT, ROUTING_TABLE, ROUTING_TABLE_BYTES));
}

void pci_init(void)
{
    struct windows free = {.port = FIRST_PORT, .memory = FIRST_MEMORY};

    if (!pci_present())
        return;
    for (uint16_t function = PCI_NONE; (function = pci_next(function)) != PCI_NONE;) {
        if (pci_read8(function, PCI_CLASS + 3) != CLASS_BRIDGE && !(pci_read8(function, PCI_HEADER) & 0x7F))
            assign_addresses(function, &free);
        assign_interrupt(function);
        chip_setup(function);
    }
    write_routing_table();
}
