/* eltorito.c - starting a system from a CD, and INT 13h/4Ah to 4Dh (El Torito Bootable CD-ROM Format Specification
 * 1.0).
 *
 * The volume descriptor at block 17 leads to the boot catalog; its first entry vouches for it, the second names the
 * image. That is loaded as it is, or its first sector as the boot sector of the floppy or disk that the image stands
 * for. */
#include "eltorito.h"

#include "atapi.h"
#include "bda.h"
#include "cd_image.h"
#include "processor.h"

enum {
    OK = 0,
    BAD_COMMAND = 0x01,
    NOT_READABLE = 0x04,
    BOOT_RECORD_BLOCK = 17,
    BLOCK = 2048,
    SECTOR = 512,
    LOAD_ADDRESS = 0x7C00
};
enum { MEDIA_NONE = 0, BOOTABLE = 0x88, MAX_SECTORS = 0x480 };

struct boot_record {
    uint8_t type;
    char standard[5];
    uint8_t version;
    char system[32];
    uint8_t unused[32];
    uint32_t catalog;
    uint8_t even;
} __attribute__((packed));

struct validation_entry {
    uint8_t id, platform;
    uint16_t reserved;
    char text[24];
    uint16_t checksum;
    uint8_t key[2];
} __attribute__((packed));

struct initial_entry {
    uint8_t indicator, media;
    uint16_t segment;
    uint8_t system, unused;
    uint16_t count;
    uint32_t block;
} __attribute__((packed));

_Static_assert(offsetof(struct boot_record, catalog) == 0x47 && sizeof(struct validation_entry) == 32 &&
                   sizeof(struct initial_entry) == 12,
               "laid out by El Torito");

static ROM_DATA char standard[] = "CD001";
static ROM_DATA char specification[] = "EL TORITO SPECIFICATION";

static bool begins(const char *s, const ROM char *with)
{
    for (char c; (c = rom_get(*with)) != 0; with++)
        if (*s++ != c)
            return false;
    return true;
}

/* Some bytes of a block, onto the stack. */
static bool peek(const struct disk *d, uint32_t block, uint32_t skip, void *to, uint32_t bytes)
{
    uint16_t segment;
    asm("movw %%ss, %0" : "=r"(segment));
    return atapi_read(d, block, 1, skip, bytes, (uint32_t)segment * 16 + (uint32_t)to) == OK;
}

static bool catalog_find(const struct disk *d, uint32_t *catalog)
{
    struct boot_record record;

    if (!peek(d, BOOT_RECORD_BLOCK, 0, &record, sizeof(record)))
        return false;
    *catalog = record.catalog;
    return record.type == 0 && begins(record.standard, standard) && begins(record.system, specification);
}

/* The words of the validation entry add up to zero. */
static bool entry_find(const struct disk *d, uint32_t catalog, struct initial_entry *entry)
{
    struct validation_entry v;
    uint16_t sum = 0;

    if (!peek(d, catalog, 0, &v, sizeof(v)) || !peek(d, catalog, sizeof(v), entry, sizeof(*entry)))
        return false;
    for (unsigned i = 0; i < sizeof(v) / 2; i++)
        sum += ((uint16_t *)&v)[i];
    return v.id == 1 && v.platform == 0 && v.key[0] == 0x55 && v.key[1] == 0xAA && sum == 0 &&
           entry->indicator == BOOTABLE && (entry->media & CD_MEDIA_BITS) <= CD_MEDIA_DISK;
}

/* The geometry that INT 13h shows: of a floppy by its kind, of a disk by the first entry of its partition table. */
static bool choose_geometry(const struct disk *d, struct cd_image *image)
{
    static ROM_DATA uint8_t sectors[] = {0, 15, 18, 36};
    uint8_t partition[16], media = image->media & CD_MEDIA_BITS;

    if (media == MEDIA_NONE)
        return true;
    if (media != CD_MEDIA_DISK) {
        image->last_cylinder = 79;
        image->sectors = rom_get(sectors[media]);
        image->last_head = 1;
        return true;
    }
    if (!peek(d, image->block, 446, partition, sizeof(partition)))
        return false;
    image->last_head = partition[5];
    image->sectors = partition[6];
    image->last_cylinder = partition[7];
    return (image->sectors & 63) != 0;
}

static uint16_t load_segment(const struct cd_image *image)
{
    return image->segment ? image->segment : LOAD_ADDRESS >> 4;
}

static bool load(const struct disk *d, const struct cd_image *image)
{
    uint32_t sectors = image->count > MAX_SECTORS ? MAX_SECTORS : image->count;
    return atapi_read(d, image->block, (sectors + 3) / 4, 0, sectors * SECTOR, (uint32_t)load_segment(image) * 16) ==
           OK;
}

/* The image takes its place among the drives. */
static bool begin(const struct disk *d, struct cd_image *image)
{
    if (!choose_geometry(d, image))
        return false;
    cd_leave();
    image->drive = FIRST_CD + image->controller;
    cd_enter(image);
    return true;
}

static void enter(const struct cd_image *image)
{
    uint16_t segment = load_segment(image);

    if (segment < 0x1000)
        boot_jump(image->drive, 0, segment * 16);
    boot_jump(image->drive, segment, 0);
}

static void start(const struct disk *d, uint8_t number, const struct initial_entry *entry, void (*announce)(void))
{
    struct cd_image image = {
        .size = sizeof(image),
        .media = entry->media,
        .controller = number,
        .block = entry->block,
        .device = d->select >> 4 & 1,
        .segment = entry->segment,
        .count = entry->count ? entry->count : 1,
    };
    if (!load(d, &image) || !begin(d, &image))
        return;
    announce();
    enter(&image);
}

/* 4Ah makes a drive of the image that the specification packet at DS:SI describes, 4Ch starts from it as well. */
static uint8_t image_begin(struct regs *r)
{
    struct cd_image image;
    struct disk d;

    far_read(&image, r->ds, r->si, sizeof(image));
    if (image.size < sizeof(image) || (image.media & CD_MEDIA_BITS) > CD_MEDIA_DISK || image.controller >= cd_count())
        return BAD_COMMAND;
    cd_load(&d, image.controller);
    uint8_t status = atapi_ready(&d);
    if (status != OK)
        return status;
    if (r->ah == 0x4C && !load(&d, &image))
        return NOT_READABLE;
    if (!begin(&d, &image))
        return NOT_READABLE;
    if (r->ah == 0x4C)
        enter(&image);
    return OK;
}

/* 4Dh: the packet at DS:SI says how many blocks of the boot catalog are wanted, where, and from which on. */
static uint8_t catalog_read(struct regs *r)
{
    struct {
        uint8_t size, count;
        uint16_t offset, segment, first;
    } __attribute__((packed)) packet;
    struct cd_image image;
    struct disk d;
    uint32_t catalog;

    far_read(&packet, r->ds, r->si, sizeof(packet));
    if (packet.size < sizeof(packet))
        return BAD_COMMAND;
    cd_image_load(&image);
    cd_load(&d, image.size ? image.controller : 0);
    uint8_t status = atapi_ready(&d);
    if (status != OK)
        return status;
    if (!catalog_find(&d, &catalog))
        return NOT_READABLE;
    return atapi_read(&d, catalog + packet.first, packet.count, 0, packet.count * (uint32_t)BLOCK,
                      (uint32_t)packet.segment * 16 + packet.offset);
}

uint8_t eltorito_service(struct regs *r)
{
    return r->al ? BAD_COMMAND : r->ah == 0x4D ? catalog_read(r) : image_begin(r);
}

void eltorito_boot(void (*announce)(void))
{
    uint8_t count = cd_count();

    for (uint8_t number = 0; number < count; number++) {
        struct disk d;
        struct initial_entry entry;
        uint32_t catalog;
        cd_load(&d, number);
        if (atapi_ready(&d) == OK && catalog_find(&d, &catalog) && entry_find(&d, catalog, &entry))
            start(&d, number, &entry, announce);
    }
}
