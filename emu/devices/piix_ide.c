/* piix_ide.c - bus-master IDE (Programming Interface for Bus Master IDE Controller 1.0; Intel 290562, 82371AB, function
 * 1).
 *
 * A transfer follows a table of descriptors {physical address, byte count, end}. The guest may point them anywhere:
 * memory_read_block and memory_write_block answer for every address. The channels themselves stay at their ISA
 * ports. */
#include "emu/devices/piix_ide.h"

#include <string.h>

#include "emu/endian.h"

enum { COMMAND_START = 1, COMMAND_TO_MEMORY = 8 };
enum { STATUS_ACTIVE = 1, STATUS_ERROR = 2, STATUS_INTERRUPT = 4, STATUS_CAPABLE = 0x60 };
enum { IDETIM = 0x40, SIDETIM = 0x44, UDMACTL = 0x48, UDMATIM = 0x4A, BMIBA = 0x20, PORTS = 16 };
#define END_OF_TABLE 0x80000000u

/* clang-format off */
static const struct state_field channel_state[] = {
    STATE(struct piix_ide_channel, command, U8, "BMICX"),
    STATE(struct piix_ide_channel, status, U8, "BMISX"),
    STATE(struct piix_ide_channel, table, U32, "BMIDTPX"),
    STATE(struct piix_ide_channel, next, U32, "address of the next descriptor"),
    STATE(struct piix_ide_channel, address, U32, "where the region continues"),
    STATE(struct piix_ide_channel, left, U32, "bytes left of it"),
    STATE(struct piix_ide_channel, last, BOOL, "it is the last"),
    STATE_END
};

const struct state_field piix_ide_state[] = {
    STATE_TABLE(struct piix_ide, function, struct pci_function, pci_function_state, "configuration"),
    STATE_TABLE(struct piix_ide, channel, struct piix_ide_channel, channel_state, "primary and secondary channel"),
    STATE_END
};
/* clang-format on */

/* Fetches the next descriptor. False: the table has ended. */
static bool next_region(struct piix_ide_channel *c)
{
    uint8_t descriptor[8];

    if (c->last)
        return false;
    memory_read_block(c->ide->memory, c->next, descriptor, sizeof descriptor);
    c->next += sizeof descriptor;
    c->address = load32(descriptor) & ~1u;
    c->left = load32(descriptor + 4) & 0xFFFE;
    if (!c->left)
        c->left = 0x10000;
    c->last = load32(descriptor + 4) & END_OF_TABLE;
    return true;
}

static bool move(void *engine, uint8_t *buffer, uint32_t length, bool to_memory)
{
    struct piix_ide_channel *c = engine;

    if (!(c->status & STATUS_ACTIVE) || !(c->ide->function.config[PCI_COMMAND] & PCI_COMMAND_MASTER))
        return false;
    while (length) {
        uint32_t part;
        if (!c->left && !next_region(c)) {
            c->status &= (uint8_t)~STATUS_ACTIVE;
            return false;
        }
        part = c->left < length ? c->left : length;
        if (to_memory)
            memory_write_block(c->ide->memory, c->address, buffer, part);
        else
            memory_read_block(c->ide->memory, c->address, buffer, part);
        c->address += part;
        c->left -= part;
        buffer += part;
        length -= part;
    }
    if (c->last && !c->left)
        c->status &= (uint8_t)~STATUS_ACTIVE;
    return true;
}

static void interrupted(void *engine)
{
    struct piix_ide_channel *c = engine;
    c->status |= STATUS_INTERRUPT;
}

static void command_write(struct piix_ide_channel *c, uint8_t value)
{
    bool starts = value & COMMAND_START && !(c->command & COMMAND_START);

    c->command = value & (COMMAND_START | COMMAND_TO_MEMORY);
    if (!(value & COMMAND_START))
        c->status &= (uint8_t)~STATUS_ACTIVE;
    if (!starts)
        return;
    c->status |= STATUS_ACTIVE;
    c->next = c->table;
    c->left = 0;
    c->last = false;
    ata_dma_started(c->ata);
}

static uint32_t master_read(void *device, uint16_t port, unsigned size)
{
    const struct piix_ide *ide = device;
    const struct piix_ide_channel *c = &ide->channel[port >> 3 & 1];

    (void)size;
    switch (port & 7) {
    case 0: return c->command;
    case 2: return c->status;
    case 4:
    case 5:
    case 6:
    case 7: return c->table >> 8 * (port & 3) & 0xFF;
    default: return 0;
    }
}

static void master_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    struct piix_ide *ide = device;
    struct piix_ide_channel *c = &ide->channel[port >> 3 & 1];
    unsigned shift = 8 * (port & 3);

    (void)size;
    switch (port & 7) {
    case 0: command_write(c, (uint8_t)value); break;
    case 2: /* interrupt and error are cleared by ones */
        c->status = (uint8_t)((c->status & ~STATUS_CAPABLE & ~(value & (STATUS_INTERRUPT | STATUS_ERROR))) |
                              (value & STATUS_CAPABLE));
        break;
    case 4:
    case 5:
    case 6:
    case 7:
        c->table = (c->table & ~(0xFFu << shift)) | ((value & 0xFF) << shift);
        c->table &= ~3u;
        break;
    default: break;
    }
}

static void written(void *device, unsigned first, unsigned size)
{
    struct piix_ide *ide = device;
    uint16_t base = ide->function.config[PCI_COMMAND] & PCI_COMMAND_IO
                        ? (uint16_t)(pci_get(&ide->function, BMIBA, 2) & 0xFFF0)
                        : 0;

    (void)first, (void)size;
    bus_move_ports(ide->bus, WINDOW_IDE, base, base ? PORTS : 0, 1, master_read, master_write, ide);
}

void piix_ide_init(struct piix_ide *ide, struct pci *pci, struct bus *bus, struct memory *memory, struct ata ata[2])
{
    struct pci_function *f = &ide->function;

    memset(ide, 0, sizeof *ide);
    ide->bus = bus;
    ide->memory = memory;
    for (unsigned i = 0; i < 2; i++) {
        struct piix_ide_channel *c = &ide->channel[i];
        c->ide = ide;
        c->ata = &ata[i];
        c->dma = (struct ata_dma){move, interrupted, c};
    }
    pci_add(pci, f, PCI_DEVICE(1, 1), 0x8086, 0x7111, 0x010180, 1);
    f->device = ide;
    f->written = written;
    pci_writable(f, PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MASTER);
    pci_writable(f, PCI_LATENCY, 1, 0xF0);
    pci_writable(f, BMIBA, 4, 0xFFFFFFF0); /* PCI 2.1 wants the upper half fixed at 0; firmware that sizes it as 32 bits
                                              is common */
    pci_writable(f, IDETIM, 4, 0xF3FFF3FF); /* timings are kept and have no effect */
    pci_writable(f, SIDETIM, 1, 0xFF);
    pci_writable(f, UDMACTL, 1, 0x0F);
    pci_writable(f, UDMATIM, 2, 0x3333);
    piix_ide_reset(ide);
}

const char *piix_ide_loaded(void *device)
{
    written(device, BMIBA, 4);
    return NULL;
}

void piix_ide_reset(struct piix_ide *ide)
{
    struct pci_function *f = &ide->function;

    pci_set(f, PCI_COMMAND, 2, 0);
    pci_set(f, PCI_STATUS, 2, 0x0280);
    pci_set(f, PCI_LATENCY, 1, 0);
    pci_set(f, BMIBA, 4, 1);
    pci_set(f, IDETIM, 4, 0x80008000); /* both channels are decoded: the firmware of the ISA machine does not know of
                                          this register */
    pci_set(f, SIDETIM, 1, 0);
    pci_set(f, UDMACTL, 1, 0);
    pci_set(f, UDMATIM, 2, 0);
    written(ide, BMIBA, 4);
    for (unsigned i = 0; i < 2; i++) {
        struct piix_ide_channel *c = &ide->channel[i];
        c->command = c->status = 0;
        c->table = c->next = c->address = c->left = 0;
        c->last = false;
    }
}
