/* disk.c - INT 13h for hard disks: the CHS services of the PC AT, and the enhanced ones (Phoenix EDD 3.0).
 *
 * The drive's IDENTIFY data is the truth about its size. What geometry INT 13h shows follows CMOS 39h, two bits a
 * drive as in Bochs: 0 the drive's own, 1 LBA-assisted, 2 large, 3 large with 15 heads; a drive of more than 1,024
 * cylinders that CMOS would show untranslated is shown LBA-assisted. */
#include "system.h"

enum { CMD_READ = 0x20, CMD_WRITE = 0x30, CMD_VERIFY = 0x40, CMD_NONE = 0 };
enum { OK = 0, BAD_COMMAND = 0x01, NOT_FOUND = 0x04, BAD_PARAMETERS = 0x07, SCRATCH = EBDA_OFFSET(sector) };
enum { EDD_VERSION = 0x30, EDD_ACCESS = 1, EDD_SUPPORT = 4 };

static uint16_t disk_offset(unsigned number)
{
    return EBDA_OFFSET(disks) + number * sizeof(struct disk);
}

static void disk_load(struct disk *d, unsigned number)
{
    far_read(d, BDA->ebda, disk_offset(number), sizeof(*d));
}

static uint16_t identify_word(unsigned n)
{
    return far_get16(BDA->ebda, SCRATCH + n * 2);
}

static void translate_lba(struct disk *d)
{
    uint32_t tracks = d->total / 63, heads = 16;
    while (heads < 255 && tracks / heads > 1024)
        heads = heads == 128 ? 255 : heads * 2;
    uint32_t cylinders = tracks / heads;
    d->logical_cylinders = cylinders > 1024 ? 1024 : cylinders;
    d->logical_heads = heads;
    d->logical_sectors = 63;
}

static void translate_large(struct disk *d, bool fifteen_heads)
{
    uint32_t cylinders = d->cylinders, heads = d->heads;
    if (fifteen_heads && heads == 16) {
        cylinders = (cylinders > 61439 ? 61439 : cylinders) * 16 / 15;
        heads = 15;
    }
    while (cylinders > 1024 && heads <= 127) {
        cylinders >>= 1;
        heads <<= 1;
    }
    d->logical_cylinders = cylinders > 1024 ? 1024 : cylinders;
    d->logical_heads = heads;
    d->logical_sectors = d->sectors;
}

static void choose_translation(struct disk *d, unsigned number)
{
    uint8_t way = cmos_read(CMOS_TRANSLATION) >> number * 2 & 3;

    d->logical_cylinders = d->cylinders;
    d->logical_heads = d->heads;
    d->logical_sectors = d->sectors;
    if (way == 1 || (way == 0 && d->cylinders > 1024))
        translate_lba(d);
    else if (way >= 2)
        translate_large(d, way == 3);
    if (d->logical_cylinders != d->cylinders || d->logical_heads != d->heads)
        d->flags |= DISK_TRANSLATED;
}

/* Words 1, 3, 6: default geometry; 49: capabilities; 60: sectors; 83 and 100: 48-bit addresses (ATA-6, table 26). */
static bool disk_describe(struct disk *d)
{
    d->cylinders = identify_word(1);
    d->heads = identify_word(3);
    d->sectors = identify_word(6);
    d->total = (uint32_t)d->cylinders * d->heads * d->sectors;
    if (identify_word(0) & 0x8000 || d->total == 0)
        return false;
    if (identify_word(49) & 0x0200) {
        d->flags |= DISK_LBA;
        d->total = identify_word(60) | (uint32_t)identify_word(61) << 16;
    }
    if (d->flags & DISK_LBA && identify_word(83) & 0x0400) {
        d->flags |= DISK_LBA48;
        d->total = identify_word(102) || identify_word(103) ? 0xFFFFFFFF
                                                            : identify_word(100) | (uint32_t)identify_word(101) << 16;
    }
    return true;
}

/* Fixed disk parameter table, standard or translated (signature A0h), with its checksum. */
static void write_fdpt(const struct disk *d, unsigned number)
{
    struct {
        uint16_t cylinders;
        uint8_t  heads, signature, own_sectors;
        uint16_t precompensation;
        uint8_t  reserved7, control;
        uint16_t own_cylinders;
        uint8_t  own_heads;
        uint16_t landing_zone;
        uint8_t  sectors, checksum;
    } __attribute__((packed)) t = {
        .cylinders = d->logical_cylinders, .heads = d->logical_heads, .precompensation = 0xFFFF,
        .control = d->logical_heads > 8 ? 0x08 : 0, .landing_zone = d->logical_cylinders, .sectors = d->logical_sectors,
    };
    if (d->flags & DISK_TRANSLATED) {
        t.signature = 0xA0;
        t.own_cylinders = d->cylinders;
        t.own_heads = d->heads;
        t.own_sectors = d->sectors;
        for (unsigned i = 0; i < 15; i++)
            t.checksum -= ((uint8_t *)&t)[i];
    }
    far_write(BDA->ebda, EBDA_OFFSET(fdpt[number]), &t, sizeof(t));
}

static ROM_DATA char disk_text[] = "Disk ";
static ROM_DATA char mib_text[] = " MiB, CHS ";

static void disk_print(const struct disk *d, unsigned number)
{
    print(disk_text);
    print_hex8(0x80 + number);
    print_char(':');
    print_char(' ');
    for (unsigned i = 27; i < 47 && identify_word(i) != 0x2020; i++) {
        print_char(identify_word(i) >> 8);
        print_char((char)identify_word(i));
    }
    print_char(' ');
    print_number(d->total >> 11);
    print(mib_text);
    print_number(d->logical_cylinders);
    print_char('/');
    print_number(d->logical_heads);
    print_char('/');
    print_number(d->logical_sectors);
    print_char('\r');
    print_char('\n');
}

static void disk_add(struct disk *d)
{
    unsigned number = BDA->hd_count;

    if (!disk_describe(d))
        return;
    choose_translation(d, number);
    if (!(d->flags & DISK_LBA) && ata_set_geometry(d) != OK)
        return;
    far_write(BDA->ebda, disk_offset(number), d, sizeof(*d));
    if (number < 2)
        write_fdpt(d, number);
    BDA->hd_count = number + 1;
    disk_print(d, number);
}

void disks_init(void)
{
    for (unsigned position = 0; position < MAX_DISKS; position++) {
        struct disk d = {
            .base = position < 2 ? 0x1F0 : 0x170, .control = position < 2 ? 0x3F6 : 0x376,
            .select = position & 1 ? 0xB0 : 0xA0,
        };
        if (ata_identify(&d, BDA->ebda, SCRATCH))
            disk_add(&d);
    }
}

/* CX and DH as a sector number: false outside the geometry shown. */
static bool chs_to_lba(const struct disk *d, uint16_t cx, uint8_t head, uint32_t *lba)
{
    uint16_t cylinder = cx >> 8 | (cx & 0xC0) << 2;
    uint8_t sector = cx & 63;

    *lba = ((uint32_t)cylinder * d->logical_heads + head) * d->logical_sectors + sector - 1;
    return cylinder < d->logical_cylinders && head < d->logical_heads && sector >= 1 && sector <= d->logical_sectors;
}

static uint8_t chs_move(const struct disk *d, struct regs *r, uint8_t command)
{
    uint16_t count = r->al;
    uint32_t lba;

    if (count == 0 || count > 128)
        return BAD_COMMAND;
    if (!chs_to_lba(d, r->cx, r->dh, &lba) || d->total - lba < count)
        return NOT_FOUND;
    uint8_t status = ata_move(d, command, lba, &count, (uint32_t)r->es * 16 + r->bx);
    r->al = (uint8_t)count;
    return status;
}

static uint8_t seek(const struct disk *d, const struct regs *r)
{
    uint32_t lba;
    return chs_to_lba(d, (r->cx & 0xFFC0) | 1, r->dh, &lba) ? OK : NOT_FOUND;
}

static uint8_t parameters(const struct disk *d, struct regs *r)
{
    uint16_t last = d->logical_cylinders - 1;

    r->al = 0;
    r->ch = (uint8_t)last;
    r->cl = (last >> 2 & 0xC0) | d->logical_sectors;
    r->dh = d->logical_heads - 1;
    r->dl = BDA->hd_count;
    return OK;
}

static uint8_t drive_type(const struct disk *d, struct regs *r)
{
    uint32_t sectors = (uint32_t)d->logical_cylinders * d->logical_heads * d->logical_sectors;
    r->ah = 3;
    r->cx = sectors >> 16;
    r->dx = (uint16_t)sectors;
    clear_cf(r);
    return OK;
}

/* The packet of functions 42h to 47h at DS:SI. */
struct packet {
    uint8_t  size, reserved;
    uint16_t count, offset, segment;
    uint32_t lba, lba_high;
} __attribute__((packed));

static uint8_t edd_move(const struct disk *d, struct regs *r, uint8_t command)
{
    struct packet p;
    uint16_t count;
    uint8_t status = OK;

    far_read(&p, r->ds, r->si, sizeof(p));
    count = p.count;
    if (p.size < sizeof(p) || count > 127 || (p.offset == 0xFFFF && p.segment == 0xFFFF))
        return BAD_COMMAND;
    if (p.lba_high || p.lba > d->total || d->total - p.lba < count)
        status = NOT_FOUND;
    if (status != OK)
        count = 0;
    else if (count && command != CMD_NONE)
        status = ata_move(d, command, p.lba, &count, (uint32_t)p.segment * 16 + p.offset);
    if (command != CMD_NONE)
        far_put16(r->ds, r->si + offsetof(struct packet, count), count);
    return status;
}

/* The result of function 48h, versions 1.1 (26 bytes), 2.0 (30) and 3.0 (66). */
struct edd_result {
    uint16_t size, information;
    uint32_t cylinders, heads, sectors;
    uint32_t total, total_high;
    uint16_t sector_bytes;
    uint16_t dpte_offset, dpte_segment;
    uint16_t path_key;
    uint8_t  path_length, path_reserved[3];
    char     bus[4], interface[8];
    uint16_t port;
    uint8_t  interface_path[6], slave, device_path[7], reserved, path_checksum;
} __attribute__((packed));

struct dpte {
    uint16_t base, control;
    uint8_t  head_prefix, vendor, irq, block_count, dma, pio;
    uint16_t options;
    uint16_t reserved;
    uint8_t  revision, checksum;
} __attribute__((packed));

_Static_assert(sizeof(struct edd_result) == 66 && sizeof(struct dpte) == 16, "EDD 3.0, tables 9 and 11");

static void write_dpte(const struct disk *d)
{
    struct dpte t = {
        .base = d->base, .control = d->control, .irq = d->base == 0x1F0 ? 14 : 15, .revision = 0x11,
        .head_prefix = d->select | 0x40, .options = (d->flags & DISK_LBA ? 0x10 : 0) | (d->flags & DISK_TRANSLATED ? 8 : 0),
    };
    for (unsigned i = 0; i < 15; i++)
        t.checksum -= ((uint8_t *)&t)[i];
    far_write(BDA->ebda, EBDA_OFFSET(dpte), &t, sizeof(t));
}

static void edd_path(const struct disk *d, struct edd_result *e)
{
    static ROM_DATA char names[] = "ISA ATA     ";

    e->path_key = 0xBEDD;
    e->path_length = 36;
    for (unsigned i = 0; i < 4; i++)
        e->bus[i] = names[i];
    for (unsigned i = 0; i < 8; i++)
        e->interface[i] = names[4 + i];
    e->port = d->base;
    e->slave = d->select >> 4 & 1;
    for (unsigned i = 30; i < 65; i++)
        e->path_checksum -= ((uint8_t *)e)[i];
}

static uint8_t edd_parameters(const struct disk *d, struct regs *r)
{
    uint16_t room = far_get16(r->ds, r->si);
    struct edd_result e = {
        .information = 0x0002, .cylinders = d->cylinders, .heads = d->heads, .sectors = d->sectors, .total = d->total,
        .sector_bytes = 512, .dpte_offset = EBDA_OFFSET(dpte), .dpte_segment = BDA->ebda,
    };
    if (room < 26)
        return BAD_COMMAND;
    e.size = room >= 66 ? 66 : room >= 30 ? 30 : 26;
    write_dpte(d);
    edd_path(d, &e);
    far_write(r->ds, r->si, &e, e.size);
    return OK;
}

static uint8_t edd_present(struct regs *r)
{
    if (r->bx != 0x55AA)
        return BAD_COMMAND;
    r->bx = 0xAA55;
    r->cx = EDD_ACCESS | EDD_SUPPORT;
    return OK;
}

static uint8_t reset(const struct disk *d, struct regs *r)
{
    if (r->ah == 0x00)
        floppy_reset();
    return ata_reset(d);
}

static uint8_t perform(const struct disk *d, struct regs *r)
{
    switch (r->ah) {
    case 0x00: case 0x0D: return reset(d, r);
    case 0x02: return chs_move(d, r, CMD_READ);
    case 0x03: return chs_move(d, r, CMD_WRITE);
    case 0x04: return chs_move(d, r, CMD_VERIFY);
    case 0x05: case 0x0C: return seek(d, r);
    case 0x08: return parameters(d, r);
    case 0x09: return d->flags & DISK_LBA ? OK : ata_set_geometry(d);
    case 0x10: case 0x11: return ata_ready(d);
    case 0x14: return OK;
    case 0x15: return drive_type(d, r);
    case 0x41: return edd_present(r);
    case 0x42: return edd_move(d, r, CMD_READ);
    case 0x43: return r->al <= 2 ? edd_move(d, r, CMD_WRITE) : BAD_COMMAND;
    case 0x44: return edd_move(d, r, CMD_VERIFY);
    case 0x47: return edd_move(d, r, CMD_NONE);
    case 0x48: return edd_parameters(d, r);
    default:   return BAD_COMMAND;
    }
}

static uint8_t without_drive(struct regs *r)
{
    if (r->ah == 0x15)
        return OK;
    if (r->ah != 0x08)
        return BAD_COMMAND;
    r->cx = 0;
    r->dx = BDA->hd_count;
    return BAD_PARAMETERS;
}

/* INT 13h with bit 7 of DL. Function 01h tells the status of the operation before it; 15h and 41h put a type or
 * version into AH where the others put their status. */
void disk_service(struct regs *r)
{
    uint8_t function = r->ah;
    struct disk d;

    interrupts_on();
    if (function == 0x01) {
        return_status(r, BDA->hd_status);
        BDA->hd_status = OK;
        return;
    }
    unsigned number = r->dl & 0x7F;
    bool present = number < BDA->hd_count;
    if (present)
        disk_load(&d, number);
    uint8_t status = present ? perform(&d, r) : without_drive(r);
    BDA->hd_status = status;
    if (function == 0x15 && status == OK && present)
        return;
    return_status(r, status);
    if (function == 0x41 && status == OK)
        r->ah = EDD_VERSION;
}
