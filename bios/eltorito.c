/* eltorito.c - starting a system from a CD (El Torito Bootable CD-ROM Format Specification 1.0).
 *
 * The volume descriptor at block 17 leads to the boot catalog; its first entry vouches for it, the second names the image. That
 * is loaded as it is, or its first sector as the boot sector of the floppy or disk that the image stands for. */
#include "system.h"

enum { OK = 0, FIRST_CD = 0xE0, BOOT_RECORD_BLOCK = 17, BLOCK = 2048, SECTOR = 512, LOAD_ADDRESS = 0x7C00 };
enum { MEDIA_NONE = 0, MEDIA_DISK = 4, MEDIA_BITS = 0x0F, BOOTABLE = 0x88, MAX_SECTORS = 0x480 };

struct boot_record {
    uint8_t  type;
    char     standard[5];
    uint8_t  version;
    char     system[32];
    uint8_t  unused[32];
    uint32_t catalog;
    uint8_t  even;
} __attribute__((packed));

struct validation_entry {
    uint8_t  id, platform;
    uint16_t reserved;
    char     text[24];
    uint16_t checksum;
    uint8_t  key[2];
} __attribute__((packed));

struct initial_entry {
    uint8_t  indicator, media;
    uint16_t segment;
    uint8_t  system, unused;
    uint16_t count;
    uint32_t block;
} __attribute__((packed));

_Static_assert(offsetof(struct boot_record, catalog) == 0x47 && sizeof(struct validation_entry) == 32
               && sizeof(struct initial_entry) == 12, "laid out by El Torito");

static ROM_DATA char standard[] = "CD001";
static ROM_DATA char specification[] = "EL TORITO SPECIFICATION";

static bool begins(const char *s, const ROM char *with)
{
    while (*with)
        if (*s++ != *with++)
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
    return v.id == 1 && v.platform == 0 && v.key[0] == 0x55 && v.key[1] == 0xAA && sum == 0 && entry->indicator == BOOTABLE
           && (entry->media & MEDIA_BITS) <= MEDIA_DISK;
}

/* The geometry that INT 13h shows: of a floppy by its kind, of a disk by the first entry of its partition table. */
static bool choose_geometry(const struct disk *d, struct cd_image *image)
{
    static ROM_DATA uint8_t sectors[] = {0, 15, 18, 36};
    uint8_t partition[16], media = image->media & MEDIA_BITS;

    if (media == MEDIA_NONE)
        return true;
    if (media != MEDIA_DISK) {
        image->last_cylinder = 79;
        image->sectors = sectors[media];
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

/* From now on the image is drive 00h or 80h, and those that were there move up by one. */
static void emulate(struct cd_image *image)
{
    uint16_t equipment = BDA->equipment;
    uint8_t floppies = equipment & 1 ? (equipment >> 6 & 3) + 1 : 0;

    image->drive = (image->media & MEDIA_BITS) == MEDIA_DISK ? 0x80 : 0x00;
    far_put16(BDA->ebda, EBDA_OFFSET(cd_equipment), equipment);
    if (image->drive)
        BDA->hd_count++;
    else
        BDA->equipment = (equipment & ~0x00C1) | 1 | (floppies > 3 ? 3 : floppies) << 6;
}


static void start(const struct disk *d, uint8_t number, const struct initial_entry *entry)
{
    struct cd_image image = {
        .size = sizeof(image), .media = entry->media, .drive = FIRST_CD + number, .controller = number, .block = entry->block,
        .device = d->select >> 4 & 1, .segment = entry->segment, .count = entry->count ? entry->count : 1,
    };
    uint16_t segment = entry->segment ? entry->segment : LOAD_ADDRESS >> 4, offset = 0;
    uint32_t sectors = image.count > MAX_SECTORS ? MAX_SECTORS : image.count;

    if (!choose_geometry(d, &image))
        return;
    if (atapi_read(d, image.block, (sectors + 3) / 4, 0, sectors * SECTOR, (uint32_t)segment * 16) != OK)
        return;
    if (image.media & MEDIA_BITS)
        emulate(&image);
    far_write(BDA->ebda, EBDA_OFFSET(cd_image), &image, sizeof(image));
    boot_announce_cdrom();
    if (segment < 0x1000) {
        offset = segment * 16;
        segment = 0;
    }
    boot_jump(image.drive, segment, offset);
}

void eltorito_boot(void)
{
    uint8_t count = far_get8(BDA->ebda, EBDA_OFFSET(cd_count));

    for (uint8_t number = 0; number < count; number++) {
        struct disk d;
        struct initial_entry entry;
        uint32_t catalog;
        far_read(&d, BDA->ebda, EBDA_OFFSET(cdroms) + number * sizeof(d), sizeof(d));
        if (atapi_ready(&d) == OK && catalog_find(&d, &catalog) && entry_find(&d, catalog, &entry))
            start(&d, number, &entry);
    }
}
