/* disk.c - INT 13h for hard disks: the CHS services of the PC AT, and the enhanced ones (Phoenix EDD 3.0, with edd.c).
 *
 * The drive's IDENTIFY data is the truth about its size. What geometry INT 13h shows follows CMOS 39h, two bits a drive
 * as in Bochs: 0 the drive's own, 1 LBA-assisted, 2 large, 3 large with 15 heads, so up to 240; a drive of more than
 * 1,024 cylinders that CMOS would show untranslated is shown LBA-assisted, unless a bit of CMOS 5Eh means it. */
#include "disk.h"

#include "ata.h"
#include "bda.h"
#include "cd_image.h"
#include "cdrom.h"
#include "cmos.h"
#include "edd.h"
#include "floppy.h"
#include "print.h"

enum { CMD_READ = 0x20, CMD_WRITE = 0x30, CMD_VERIFY = 0x40, CMD_NONE = 0 };
enum { OK = 0, BAD_COMMAND = 0x01, NOT_FOUND = 0x04, BAD_PARAMETERS = 0x07, SCRATCH = EBDA_OFFSET(sector) };
enum { HAS_DMA = 0x0100, HAS_WORD_88 = 4 }; /* words 49 and 53 of IDENTIFY */
enum { PACKET_CDROM = 0x8500 };             /* word 0 of IDENTIFY PACKET DEVICE: packets, kind of device 5 */

static uint16_t disk_offset(unsigned number)
{
    return EBDA_OFFSET(disks) + number * sizeof(struct disk);
}

static void disk_load(struct disk *d, unsigned number)
{
    far_read(d, bda_get(ebda), disk_offset(number), sizeof(*d));
}

static uint16_t identify_word(unsigned n)
{
    return far_get16(bda_get(ebda), SCRATCH + n * 2);
}

static void translate_lba(struct disk *d)
{
    uint32_t tracks = d->total / 63, heads = 16;
    while (heads < 255 && tracks / heads > 1024)
        heads = heads == 128 ? 255 : heads * 2;
    d->logical_cylinders = tracks / heads > 1024 ? 1024 : tracks / heads;
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
    d->logical_cylinders = cylinders;
    d->logical_heads = heads;
    d->logical_sectors = d->sectors;
}

/* CMOS counts drives by their place, as QEMU and Bochs do: primary master, slave, secondary master, slave. */
static void choose_translation(struct disk *d)
{
    uint8_t place = (d->base == 0x1F0 ? 0 : 2) + (d->select >> 4 & 1),
            way = cmos_read(CMOS_TRANSLATION) >> place * 2 & 3;
    bool own_only = cmos_read(CMOS_SETTINGS) >> (4 + place) & 1;

    d->logical_cylinders = d->cylinders;
    d->logical_heads = d->heads;
    d->logical_sectors = d->sectors;
    if (way == 1 || (way == 0 && d->cylinders > 1024 && !own_only))
        translate_lba(d);
    else if (way >= 2)
        translate_large(d, way == 3);
    if (d->logical_cylinders != d->cylinders || d->logical_heads != d->heads)
        d->flags |= DISK_TRANSLATED;
    if (d->logical_cylinders > 1024)
        d->logical_cylinders = 1024;
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
        uint8_t heads, signature, own_sectors;
        uint16_t precompensation;
        uint8_t reserved7, control;
        uint16_t own_cylinders;
        uint8_t own_heads;
        uint16_t landing_zone;
        uint8_t sectors, checksum;
    } __attribute__((packed)) t = {
        .cylinders = d->logical_cylinders,
        .heads = d->logical_heads,
        .precompensation = 0xFFFF,
        .control = d->logical_heads > 8 ? 0x08 : 0,
        .landing_zone = d->logical_cylinders,
        .sectors = d->logical_sectors,
    };
    if (d->flags & DISK_TRANSLATED) {
        t.signature = 0xA0;
        t.own_cylinders = d->cylinders;
        t.own_heads = d->heads;
        t.own_sectors = d->sectors;
        for (unsigned i = 0; i < 15; i++)
            t.checksum -= ((uint8_t *)&t)[i];
    }
    far_write(bda_get(ebda), EBDA_OFFSET(fdpt[number]), &t, sizeof(t));
}

static ROM_DATA char disk_text[] = "Disk ";
static ROM_DATA char mib_text[] = " MiB, CHS ";

static void disk_print(const struct disk *d, unsigned number)
{
    print(disk_text);
    print_hex8(0x80 + number);
    print_char(':');
    print_char(' ');
    print_model(bda_get(ebda), SCRATCH);
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
    unsigned number = bda_get(hd_count);

    if (!disk_describe(d))
        return;
    choose_translation(d);
    if (!(d->flags & DISK_LBA) && ata_set_geometry(d) != OK)
        return;
    far_write(bda_get(ebda), disk_offset(number), d, sizeof(*d));
    if (number < 2)
        write_fdpt(d, number);
    bda_put(hd_count, number + 1);
    disk_print(d, number);
}

void disks_init(void)
{
    for (unsigned position = 0; position < MAX_DISKS; position++) {
        struct disk d = {
            .base = position < 2 ? 0x1F0 : 0x170,
            .control = position < 2 ? 0x3F6 : 0x376,
            .select = position & 1 ? 0xB0 : 0xA0,
        };
        bool disk = ata_identify(&d, false, bda_get(ebda), SCRATCH);
        if (!disk && (!ata_identify(&d, true, bda_get(ebda), SCRATCH) || (identify_word(0) & 0xDF00) != PACKET_CDROM))
            continue;
        if (identify_word(49) & HAS_DMA)
            ata_dma_setup(&d, identify_word(53) & HAS_WORD_88 ? identify_word(88) & 7 : 0);
        if (disk)
            disk_add(&d);
        else
            cdrom_add(&d);
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
    r->dl = bda_get(hd_count);
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

static uint8_t edd_move(const struct disk *d, struct regs *r, uint8_t command)
{
    struct edd_packet p;
    uint8_t status = edd_packet(d, r, &p);
    uint16_t count = status == OK ? p.count : 0;

    if (status == BAD_COMMAND)
        return status;
    if (count && command != CMD_NONE)
        status = ata_move(d, command, p.lba, &count, (uint32_t)p.segment * 16 + p.offset);
    if (command != CMD_NONE)
        edd_packet_done(r, count);
    return status;
}

static uint8_t reset(const struct disk *d, struct regs *r)
{
    if (r->ah == 0x00)
        floppy_reset();
    return ata_reset(d);
}

/* 4Eh: prefetch and PIO modes (AL 0-4), no DMA (6). Nothing of that changes anything. */
static uint8_t hardware(struct regs *r)
{
    if (r->al > 6 || r->al == 5)
        return BAD_COMMAND;
    r->al = 0;
    return OK;
}

static uint8_t perform(const struct disk *d, struct regs *r)
{
    switch (r->ah) {
    case 0x00:
    case 0x0D: return reset(d, r);
    case 0x02: return chs_move(d, r, CMD_READ);
    case 0x03: return chs_move(d, r, CMD_WRITE);
    case 0x04: return chs_move(d, r, CMD_VERIFY);
    case 0x05:
    case 0x0C: return seek(d, r);
    case 0x08: return parameters(d, r);
    case 0x09: return d->flags & DISK_LBA ? OK : ata_set_geometry(d);
    case 0x10:
    case 0x11: return ata_ready(d);
    case 0x14: return OK;
    case 0x15: return drive_type(d, r);
    case 0x41: return edd_present(r, EDD_ACCESS | EDD_SUPPORT);
    case 0x42: return edd_move(d, r, CMD_READ);
    case 0x43: return r->al <= 2 ? edd_move(d, r, CMD_WRITE) : BAD_COMMAND;
    case 0x44: return edd_move(d, r, CMD_VERIFY);
    case 0x47: return edd_move(d, r, CMD_NONE);
    case 0x48: return edd_parameters(d, r);
    case 0x4E: return hardware(r);
    default: return BAD_COMMAND;
    }
}

static uint8_t without_drive(struct regs *r)
{
    if (r->ah == 0x15)
        return OK;
    if (r->ah != 0x08)
        return BAD_COMMAND;
    r->cx = 0;
    r->dx = bda_get(hd_count);
    return BAD_PARAMETERS;
}

/* INT 13h with bit 7 of DL. Function 01h returns the status of the operation before it; 15h and 41h put a type or
 * version into AH where the others put their status. */
void disk_service(struct regs *r)
{
    uint8_t function = r->ah;
    struct disk d;

    interrupts_on();
    r->flags |= FLAG_IF; /* as the PC's BIOS returns: there are programs that wait for an interrupt after it */
    if (cd_service(r))
        return;
    if (function == 0x01) {
        return_status(r, bda_get(hd_status));
        bda_put(hd_status, OK);
        return;
    }
    uint8_t emulated = cd_emulated(0x80), number = (r->dl & 0x7F) - emulated;
    bool present = number < bda_get(hd_count) - emulated;
    if (present)
        disk_load(&d, number);
    uint8_t status = present ? perform(&d, r) : without_drive(r);
    bda_put(hd_status, status);
    if (function == 0x15 && status == OK && present)
        return;
    return_status(r, status);
    if (function == 0x41 && status == OK)
        r->ah = EDD_VERSION;
}
