/* geometry.c - cylinders, heads and sectors of floppies and disks. */
#include "formats/formats.h"

#define MBR_TABLE 446 /* four entries of 16 bytes, then 55 AA */
#define ATA_CYLINDERS 16383
#define ATA_HEADS 16
#define ATA_SECTORS 63

bool floppy_geometry(uint64_t sectors, struct geometry *geometry)
{
    /* clang-format off */
    static const struct geometry formats[] = {
        {40, 1, 8},   /* 160K */
        {40, 1, 9},   /* 180K */
        {40, 2, 8},   /* 320K */
        {40, 2, 9},   /* 360K */
        {80, 2, 9},   /* 720K */
        {80, 2, 15},  /* 1.2M */
        {80, 2, 18},  /* 1.44M */
        {80, 2, 21},  /* 1.68M, Microsoft's distribution media format */
        {80, 2, 23},  /* 1.84M, IBM's XDF */
        {80, 2, 36},  /* 2.88M */
    };
    /* clang-format on */

    for (unsigned i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if ((uint64_t)formats[i].cylinders * formats[i].heads * formats[i].sectors == sectors) {
            *geometry = formats[i];
            return true;
        }
    }
    return false;
}

/* A partition ends on a cylinder boundary, so its end names the last head and sector. A boot sector without a table (a
 * whole-disk FAT) is distinguished from an MBR by the status bytes, which are 00 or 80 in a table. */
static bool mbr_implies(const uint8_t *first, uint32_t *heads, uint32_t *sectors)
{
    *heads = *sectors = 0;
    if (first[510] != 0x55 || first[511] != 0xaa)
        return false;
    for (const uint8_t *entry = first + MBR_TABLE; entry < first + 510; entry += 16) {
        if (entry[0] & 0x7f)
            return false;
        if (entry[4] == 0)
            continue;
        if (entry[5] + 1u > *heads)
            *heads = entry[5] + 1u;
        if ((entry[6] & 0x3fu) > *sectors)
            *sectors = entry[6] & 0x3fu;
    }
    return *heads != 0 && *sectors != 0;
}

void disk_geometry(uint64_t sectors, const uint8_t *first, struct geometry *geometry)
{
    uint32_t heads, per_track;
    uint64_t cylinders;

    if (!mbr_implies(first, &heads, &per_track)) {
        heads = ATA_HEADS;
        per_track = ATA_SECTORS;
    }
    if (heads > ATA_HEADS)
        heads = ATA_HEADS;
    cylinders = sectors / (heads * per_track);
    if (cylinders < 1)
        cylinders = 1;
    if (cylinders > ATA_CYLINDERS)
        cylinders = ATA_CYLINDERS;
    *geometry = (struct geometry){(uint32_t)cylinders, heads, per_track};
}
