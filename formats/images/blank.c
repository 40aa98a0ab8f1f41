/* blank.c - a blank disk, formatted with FAT (Microsoft, "FAT: General Overview of On-Disk Format" 1.03).
 *
 * A floppy is as its standard format has it. A disk has one partition, which begins with the second track, and whole
 * cylinders of 16 heads and 63 sectors, which is also what its BIOS parameter block says. */
#include "formats/images/made.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/file.h"
#include "formats/formats.h"
#include "formats/numbers.h"

#define HEADS 16u
#define TRACK 63u
#define LEAST (1u << 20) /* bytes of a disk */
#define MOST (UINT64_C(2046) << 20)
#define SERIAL 0x4D554E49u /* "MUNI": the same blank disk has the same bytes */

/* What the standard formats have besides their geometry. */
static const struct floppy {
    uint16_t sectors, root_entries, fat;
    uint8_t media, cluster;
} floppies[] = {
    {320, 64, 1, 0xFE, 1},   {360, 64, 2, 0xFC, 1},   {640, 112, 1, 0xFF, 2},  {720, 112, 2, 0xFD, 2},
    {1440, 112, 3, 0xF9, 2}, {2400, 224, 7, 0xF9, 1}, {2880, 224, 9, 0xF0, 1}, {5760, 240, 9, 0xF0, 2},
};

struct fat_layout {
    uint64_t first; /* of the partition */
    uint32_t sectors, fat;
    uint16_t root_entries;
    uint8_t media, cluster, bits, drive;
    struct geometry tracks;
};

/* The boot sector. Its code asks the BIOS for the next device (INT 18h). */
static void boot_sector(const struct fat_layout *l, uint8_t b[SECTOR_SIZE])
{
    static const uint8_t code[] = {0xCD, 0x18, 0xF4, 0xEB, 0xFD}; /* INT 18h; HLT; JMP to it */

    memset(b, 0, SECTOR_SIZE);
    memcpy(b, "\xEB\x3C\x90MUNIMENT", 11);
    put_le(b + 11, SECTOR_SIZE, 2);
    b[13] = l->cluster;
    put_le(b + 14, 1, 2); /* reserved: this one */
    b[16] = 2;            /* FATs */
    put_le(b + 17, l->root_entries, 2);
    put_le(b + 19, l->sectors < 0x10000 ? l->sectors : 0, 2);
    b[21] = l->media;
    put_le(b + 22, l->fat, 2);
    put_le(b + 24, l->tracks.sectors, 2);
    put_le(b + 26, l->tracks.heads, 2);
    put_le(b + 28, l->first, 4);
    put_le(b + 32, l->sectors < 0x10000 ? 0 : l->sectors, 4);
    b[36] = l->drive;
    b[38] = 0x29;
    put_le(b + 39, SERIAL, 4);
    memcpy(b + 43, "NO NAME    ", 11);
    memcpy(b + 54, l->bits == 12 ? "FAT12   " : "FAT16   ", 8);
    memcpy(b + 62, code, sizeof code);
    b[510] = 0x55;
    b[511] = 0xAA;
}

static bool write_sector(int descriptor, uint64_t sector, const uint8_t *bytes, struct error *error)
{
    return file_write(descriptor, "blank disk", sector * SECTOR_SIZE, bytes, SECTOR_SIZE, error);
}

static bool write_volume(const struct fat_layout *l, int descriptor, struct error *error)
{
    uint8_t sector[SECTOR_SIZE];
    bool good;

    boot_sector(l, sector);
    good = write_sector(descriptor, l->first, sector, error);
    memset(sector, 0, sizeof sector);
    memset(sector, 0xFF, l->bits == 12 ? 3 : 4);
    sector[0] = l->media;
    for (uint32_t i = 0; good && i < 2; i++)
        good = write_sector(descriptor, l->first + 1 + i * l->fat, sector, error);
    return good;
}

/* Sectors of a FAT; the clusters follow from what it leaves. */
static void lay_out(struct fat_layout *l)
{
    uint32_t before, clusters;

    for (l->cluster = 1, l->fat = 1;; l->cluster *= 2, l->fat = 1) {
        do {
            before = 1 + 2 * l->fat++ + l->root_entries * 32u / SECTOR_SIZE;
            clusters = (l->sectors - before) / l->cluster;
            l->bits = clusters < 4085 ? 12 : 16;
        } while (((uint64_t)clusters + 2) * l->bits > (uint64_t)(l->fat - 1) * SECTOR_SIZE * 8);
        l->fat--;
        /* room is kept from where systems count differently */
        if (clusters < 4000 || (clusters > 4200 && clusters < 65000) || l->cluster == 64)
            return;
    }
}

static void put_address(uint8_t *to, uint32_t sector)
{
    uint32_t cylinder = sector / (HEADS * TRACK);

    cylinder = cylinder > 1023 ? 1023 : cylinder;
    to[0] = (uint8_t)(sector / TRACK % HEADS);
    to[1] = (uint8_t)(sector % TRACK + 1 + (cylinder >> 8 << 6));
    to[2] = (uint8_t)cylinder;
}

static bool make_disk(uint64_t bytes, int descriptor, uint64_t *size, struct error *error)
{
    const uint32_t cylinder = HEADS * TRACK;
    uint32_t sectors = (uint32_t)((bytes / SECTOR_SIZE + cylinder - 1) / cylinder * cylinder);
    struct fat_layout l = {.first = TRACK,
                           .sectors = sectors - TRACK,
                           .root_entries = 512,
                           .media = 0xF8,
                           .drive = 0x80,
                           .tracks = {0, HEADS, TRACK}};
    uint8_t table[SECTOR_SIZE] = {0}, *entry = table + 446;

    lay_out(&l);
    put_address(entry + 1, TRACK);
    entry[4] = l.bits == 12 ? 0x01 : l.sectors < 0x10000 ? 0x04 : 0x06;
    put_address(entry + 5, sectors - 1);
    put_le(entry + 8, l.first, 4);
    put_le(entry + 12, l.sectors, 4);
    put_le(table + 440, SERIAL, 4);
    table[510] = 0x55;
    table[511] = 0xAA;
    *size = (uint64_t)sectors * SECTOR_SIZE;
    return write_sector(descriptor, 0, table, error) && write_volume(&l, descriptor, error);
}

/* "1440K", "32M", "1G" as bytes; 0: is none. */
static uint64_t parse_size(const char *text)
{
    char *end;

    if (*text < '1' || *text > '9' || strlen(text) > 9)
        return 0;
    errno = 0;
    uint64_t number = strtoull(text, &end, 10);
    unsigned shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 64;
    return errno || shift == 64 || end[1] || number > MOST >> shift ? 0 : number << shift;
}

bool blank_make(const char *text, int descriptor, uint64_t *size, struct error *error)
{
    uint64_t bytes = parse_size(text);
    bool good;

    for (size_t i = 0; i < sizeof floppies / sizeof *floppies; i++) {
        const struct floppy *f = &floppies[i];
        struct fat_layout l = {.sectors = f->sectors,
                               .fat = f->fat,
                               .root_entries = f->root_entries,
                               .media = f->media,
                               .cluster = f->cluster,
                               .bits = 12};
        if (bytes != (uint64_t)f->sectors * SECTOR_SIZE || !floppy_geometry(f->sectors, &l.tracks))
            continue;
        *size = bytes;
        good = write_volume(&l, descriptor, error);
        return good && (ftruncate(descriptor, (off_t)*size) == 0 || error_host(error, text, errno, "cannot make"));
    }
    if (bytes < LEAST)
        return error_set(error, STATUS_USAGE, text, NULL, "say 32M or 1G, or the size of a floppy, such as 1440K",
                         "a blank disk has 1M to 2046M");
    good = make_disk(bytes, descriptor, size, error);
    return good && (ftruncate(descriptor, (off_t)*size) == 0 || error_host(error, text, errno, "cannot make"));
}
