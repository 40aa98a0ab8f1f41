/* cdrom.c - INT 13h for CD-ROM drives, which are E0h and up, and for the floppy or disk that the boot image of a CD
 * stands for (El Torito Bootable CD-ROM Format Specification 1.0; Phoenix EDD 3.0).
 *
 * The specification packet in the EBDA says which CD the system was started from, and how. While its image is
 * emulated it has drive 00h or 80h, is write-protected, and the drives of that kind that really are there have the
 * next numbers. */
#include "cdrom.h"

#include "atapi.h"
#include "bda.h"
#include "cd_image.h"
#include "edd.h"
#include "eltorito.h"
#include "print.h"

enum {
    OK = 0,
    BAD_COMMAND = 0x01,
    PROTECTED = 0x03,
    NOT_FOUND = 0x04,
    CHANGED = 0x06,
    NOT_LOCKED = 0xB0,
    LOCKED = 0xB1
};
enum { ALL_DRIVES = 0x7F, BLOCK = 2048, SECTOR = 512 };

/* A bit of this drive in a byte of the EBDA. */
static bool flag_get(uint16_t at, uint8_t number)
{
    return far_get8(bda_get(ebda), at) >> number & 1;
}

static void flag_set(uint16_t at, uint8_t number, bool on)
{
    uint8_t v = far_get8(bda_get(ebda), at) & ~(1 << number);
    far_put8(bda_get(ebda), at, v | on << number);
}

static uint8_t read(const struct disk *d, const struct regs *r, bool verify)
{
    struct edd_packet p;
    uint8_t status = edd_packet(d, r, &p);

    if (status == BAD_COMMAND)
        return status;
    if (status == OK && !verify)
        status = atapi_read(d, p.lba, p.count, 0, (uint32_t)p.count * BLOCK, (uint32_t)p.segment * 16 + p.offset);
    if (status != OK)
        edd_packet_done(r, 0);
    return status;
}

/* 45h: AL = 0 locks, 1 unlocks, 2 asks. */
static uint8_t lock(const struct disk *d, uint8_t number, struct regs *r)
{
    bool locked = flag_get(EBDA_OFFSET(cd_locked), number);
    uint8_t status = OK;

    if (r->al > 2)
        return BAD_COMMAND;
    if (r->al == 1 && !locked)
        return NOT_LOCKED;
    if (r->al < 2) {
        locked = r->al == 0;
        status = atapi_lock(d, locked);
        flag_set(EBDA_OFFSET(cd_locked), number, locked);
    }
    r->al = locked;
    return status;
}

static uint8_t change(const struct disk *d, uint8_t number)
{
    uint8_t status = atapi_ready(d);

    if (flag_get(EBDA_OFFSET(cd_changed), number))
        status = CHANGED;
    flag_set(EBDA_OFFSET(cd_changed), number, false);
    return status;
}

/* Functions that need to know how long the disc is. */
static uint8_t with_medium(struct disk *d, struct regs *r)
{
    uint8_t status = atapi_capacity(d);

    if (status != OK)
        return status;
    switch (r->ah) {
    case 0x42: return read(d, r, false);
    case 0x44: return read(d, r, true);
    case 0x47: return read(d, r, true);
    default: return edd_parameters(d, r);
    }
}

static uint8_t drive_function(struct regs *r)
{
    uint8_t number = r->dl - FIRST_CD;
    struct disk d;

    cd_load(&d, number);
    switch (r->ah) {
    case 0x00:
    case 0x0D: return OK;
    case 0x03:
    case 0x05:
    case 0x43: return PROTECTED;
    case 0x10:
    case 0x11: return atapi_ready(&d);
    case 0x41: return edd_present(r, EDD_ACCESS | EDD_LOCK);
    case 0x42:
    case 0x44:
    case 0x47:
    case 0x48: return with_medium(&d, r);
    case 0x45: return lock(&d, number, r);
    case 0x46: return flag_get(EBDA_OFFSET(cd_locked), number) ? LOCKED : atapi_eject(&d);
    case 0x49: return change(&d, number);
    default: return BAD_COMMAND;
    }
}

/* CHS within the image, which counts in sectors of 512 bytes. */
static uint8_t image_move(const struct cd_image *image, struct regs *r, bool store)
{
    uint8_t sectors = image->sectors & 63, sector = r->cl & 63;
    uint16_t cylinder = r->ch | (r->cl & 0xC0) << 2, last = image->last_cylinder | (image->sectors & 0xC0) << 2;
    uint32_t at = ((uint32_t)cylinder * (image->last_head + 1) + r->dh) * sectors + sector - 1;
    uint32_t count = r->al, first = at / 4, skip = at % 4;
    struct disk d;

    if (count == 0)
        return BAD_COMMAND;
    if (cylinder > last || r->dh > image->last_head || sector == 0 || sector > sectors) {
        r->al = 0;
        return NOT_FOUND;
    }
    cd_load(&d, image->controller);
    uint8_t status = store ? atapi_read(&d, image->block + first, (skip + count + 3) / 4, skip * SECTOR, count * SECTOR,
                                        (uint32_t)r->es * 16 + r->bx)
                           : OK;
    if (status != OK)
        r->al = 0;
    return status;
}

/* 08h and 15h of the image. */
static uint8_t image_parameters(const struct cd_image *image, struct regs *r)
{
    bool disk = (image->media & CD_MEDIA_BITS) == CD_MEDIA_DISK;

    r->al = 0;
    r->ch = image->last_cylinder;
    r->cl = image->sectors;
    r->dh = image->last_head;
    if (disk) {
        r->dl = bda_get(hd_count);
        return OK;
    }
    r->dl = (bda_get(equipment) >> 6 & 3) + 1;
    r->bx = (image->media & CD_MEDIA_BITS) + 1 + ((image->media & CD_MEDIA_BITS) > 1); /* 1.2M is type 2, 1.44M 4, 2.88M
                                                                                          5 */
    r->es = ROM_SEGMENT;
    r->di = 0xEFC7;
    return OK;
}

static void image_type(const struct cd_image *image, struct regs *r)
{
    return_status(r, OK);
    if ((image->media & CD_MEDIA_BITS) != CD_MEDIA_DISK) {
        r->ah = 1;
        return;
    }
    uint32_t cylinders = (image->last_cylinder | (image->sectors & 0xC0) << 2) + 1;
    uint32_t total = cylinders * (image->last_head + 1) * (image->sectors & 63);
    r->ah = 3;
    r->cx = total >> 16;
    r->dx = (uint16_t)total;
}

static uint8_t image_function(const struct cd_image *image, struct regs *r)
{
    switch (r->ah) {
    case 0x00:
    case 0x09:
    case 0x0C:
    case 0x0D:
    case 0x10:
    case 0x11:
    case 0x14:
    case 0x16: return OK;
    case 0x02: return image_move(image, r, true);
    case 0x03:
    case 0x05: return PROTECTED;
    case 0x04: return image_move(image, r, false);
    case 0x08: return image_parameters(image, r);
    default: return BAD_COMMAND;
    }
}

/* 4Bh: AL = 0 ends the emulation, 1 only asks; DS:SI gets the specification packet. */
static uint8_t boot_status(struct regs *r)
{
    struct cd_image image;

    cd_image_load(&image);
    if (r->al > 1 || !image.size || (r->dl != image.drive && r->dl != ALL_DRIVES))
        return BAD_COMMAND;
    far_write(r->ds, r->si, &image, sizeof(image));
    if (r->al == 0)
        cd_leave();
    return OK;
}

/* What both kinds answer: the status of the call before, and versions and types in AH. */
static void answer(struct regs *r, uint8_t status)
{
    bool version = r->ah == 0x41 && status == OK;

    bda_put(hd_status, status);
    return_status(r, status);
    if (version)
        r->ah = EDD_VERSION;
}

bool cd_service(struct regs *r)
{
    struct cd_image image;
    bool drive = r->dl >= FIRST_CD && r->dl < FIRST_CD + cd_count();

    cd_image_load(&image);
    bool emulated = image.size && image.media & CD_MEDIA_BITS && r->dl == image.drive;
    if (r->ah == 0x4B)
        answer(r, boot_status(r));
    else if (cd_count() && (r->ah == 0x4A || r->ah == 0x4C || r->ah == 0x4D))
        answer(r, eltorito_service(r));
    else if (!drive && !emulated)
        return false;
    else if (r->ah == 0x01)
        return_status(r, bda_get(hd_status));
    else if (emulated && r->ah == 0x15)
        image_type(&image, r);
    else
        answer(r, emulated ? image_function(&image, r) : drive_function(r));
    return true;
}

static ROM_DATA char cd_text[] = "CD-ROM ";

void cdrom_add(struct disk *d)
{
    uint8_t number = cd_count();

    d->flags = DISK_PACKET | DISK_LBA;
    far_write(bda_get(ebda), EBDA_OFFSET(cdroms) + number * sizeof(*d), d, sizeof(*d));
    far_put8(bda_get(ebda), EBDA_OFFSET(cd_count), number + 1);
    print(cd_text);
    print_hex8(FIRST_CD + number);
    print_char(':');
    print_char(' ');
    print_model(bda_get(ebda), EBDA_OFFSET(sector));
    print_char('\r');
    print_char('\n');
}
