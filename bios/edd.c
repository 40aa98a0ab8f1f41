/* edd.c - what the enhanced functions of INT 13h (Phoenix EDD 3.0) have in common for disks and CD-ROMs: the packet,
 * the parameters of a drive, and the path on which it is reached. */
#include "edd.h"

#include "bda.h"
#include "pci.h"

enum { OK = 0, BAD_COMMAND = 0x01, NOT_FOUND = 0x04, MAX_BLOCKS = 127 };
enum { VALID_GEOMETRY = 0x02, REMOVABLE = 0x04, CHANGE_LINE = 0x10, LOCKABLE = 0x20 };
enum { DPTE_LBA = 0x10, DPTE_TRANSLATED = 0x08, DPTE_REMOVABLE = 0x20, DPTE_PACKET = 0x40 };
enum { CLASS_IDE = 0x0101 };

uint8_t edd_packet(const struct disk *d, const struct regs *r, struct edd_packet *p)
{
    far_read(p, r->ds, r->si, sizeof(*p));
    if (p->size < sizeof(*p) || p->count > MAX_BLOCKS || (p->offset == 0xFFFF && p->segment == 0xFFFF))
        return BAD_COMMAND;
    return p->lba_high || p->lba > d->total || d->total - p->lba < p->count ? NOT_FOUND : OK;
}

void edd_packet_done(const struct regs *r, uint16_t count)
{
    far_put16(r->ds, r->si + offsetof(struct edd_packet, count), count);
}

/* 41h. The caller puts the version into AH. */
uint8_t edd_present(struct regs *r, uint16_t subsets)
{
    if (r->bx != 0x55AA)
        return BAD_COMMAND;
    r->bx = 0xAA55;
    r->cx = subsets;
    return OK;
}

/* The result of function 48h, versions 1.1 (26 bytes), 2.0 (30) and 3.0 (66). */
struct edd_result {
    uint16_t size, information;
    uint32_t cylinders, heads, sectors;
    uint32_t total, total_high;
    uint16_t sector_bytes;
    uint16_t dpte_offset, dpte_segment;
    uint16_t path_key;
    uint8_t path_length, path_reserved[3];
    char bus[4], interface[8];
    uint8_t interface_path[8], slave, device_path[7], reserved, path_checksum;
} __attribute__((packed));

struct dpte {
    uint16_t base, control;
    uint8_t head_prefix, vendor, irq, block_count, dma, pio;
    uint16_t options;
    uint16_t reserved;
    uint8_t revision, checksum;
} __attribute__((packed));

_Static_assert(sizeof(struct edd_result) == 66 && sizeof(struct dpte) == 16, "EDD 3.0, tables 9 and 11");

static void write_dpte(const struct disk *d)
{
    struct dpte t = {
        .base = d->base,
        .control = d->control,
        .irq = d->base == 0x1F0 ? 14 : 15,
        .revision = 0x11,
        .head_prefix = d->select | 0x40,
        .options = d->flags & DISK_LBA ? DPTE_LBA : 0,
    };
    if (d->flags & DISK_TRANSLATED)
        t.options |= DPTE_TRANSLATED;
    if (d->flags & DISK_PACKET)
        t.options |= DPTE_REMOVABLE | DPTE_PACKET;
    for (unsigned i = 0; i < 15; i++)
        t.checksum -= ((uint8_t *)&t)[i];
    far_write(bda_get(ebda), EBDA_OFFSET(dpte), &t, sizeof(t));
}

/* By way of the PCI function that drives the channels, or directly on ISA, where the path is the port. */
static void write_path(const struct disk *d, struct edd_result *e)
{
    static ROM_DATA char buses[] = "ISA PCI ";
    static ROM_DATA char interfaces[] = "ATA     ATAPI   ";
    uint16_t function = pci_find_class(CLASS_IDE);
    bool pci = function != PCI_NONE;

    e->path_key = 0xBEDD;
    e->path_length = 36;
    for (unsigned i = 0; i < 4; i++)
        e->bus[i] = rom_get(buses[pci * 4 + i]);
    for (unsigned i = 0; i < 8; i++)
        e->interface[i] = rom_get(interfaces[(d->flags & DISK_PACKET ? 8 : 0) + i]);
    e->interface_path[0] = pci ? function >> 8 : (uint8_t)d->base;
    e->interface_path[1] = pci ? function >> 3 & 31 : d->base >> 8;
    e->interface_path[2] = pci ? function & 7 : 0;
    e->slave = d->select >> 4 & 1;
    for (unsigned i = 30; i < 65; i++)
        e->path_checksum -= ((uint8_t *)e)[i];
}

uint8_t edd_parameters(const struct disk *d, struct regs *r)
{
    uint16_t room = far_get16(r->ds, r->si);
    struct edd_result e = {
        .information = VALID_GEOMETRY,
        .cylinders = d->cylinders,
        .heads = d->heads,
        .sectors = d->sectors,
        .total = d->total,
        .sector_bytes = 512,
        .dpte_offset = EBDA_OFFSET(dpte),
        .dpte_segment = bda_get(ebda),
    };
    if (room < 26)
        return BAD_COMMAND;
    if (d->flags & DISK_PACKET) {
        e.information = REMOVABLE | CHANGE_LINE | LOCKABLE;
        e.cylinders = e.heads = e.sectors = 0xFFFFFFFF;
        e.sector_bytes = 2048;
    }
    e.size = room >= 66 ? 66 : room >= 30 ? 30 : 26;
    write_dpte(d);
    write_path(d, &e);
    far_write(r->ds, r->si, &e, e.size);
    return OK;
}
