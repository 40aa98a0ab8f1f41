/* partitions.c - the tables that divide a disk: MBR with extended partitions, GPT (UEFI 2.10, chapter 5), and the
 * drivers that put a second table behind the first one. */
#include <inttypes.h>
#include <string.h>
#include <zlib.h>

#include "formats/plain.h"
#include "formats/volumes/disk.h"
#include "formats/volumes/survey.h"

#define TABLE 446            /* four entries of 16 bytes, then 55 AA */
#define LOGICAL_LIMIT 128    /* drives in an extended partition that are followed */
#define GPT_ENTRIES 1024u    /* that are read at most */
#define TYPE_GPT 0xEE        /* protective MBR */
#define TYPE_ONTRACK 0x54    /* Disk Manager 6 to 9: the table is 63 sectors on, and counts from there */
#define TYPE_EZ_DRIVE 0x55   /* the table is in sector 1 */
#define CYLINDER_LIMIT 1023u /* beyond it, cylinders are not to be believed */

/* After the list of partition types of A. Brouwer, and Ralf Brown's Interrupt List, table 00652. */
static const struct {
    uint8_t type;
    const char *name;
} types[] = {
    {0x01, "FAT12"},
    {0x02, "Xenix root"},
    {0x03, "Xenix /usr"},
    {0x04, "FAT16 below 32 MB"},
    {0x05, "extended"},
    {0x06, "FAT16"},
    {0x07, "NTFS or HPFS"},
    {0x08, "OS/2 1.0 to 1.3, AIX or split drive"},
    {0x09, "AIX data or Coherent"},
    {0x0A, "OS/2 Boot Manager"},
    {0x0B, "FAT32"},
    {0x0C, "FAT32, LBA"},
    {0x0E, "FAT16, LBA"},
    {0x0F, "extended, LBA"},
    {0x11, "hidden FAT12"},
    {0x12, "configuration or diagnostics of the maker"},
    {0x14, "hidden FAT16 below 32 MB"},
    {0x16, "hidden FAT16"},
    {0x17, "hidden NTFS or HPFS"},
    {0x1B, "hidden FAT32"},
    {0x1C, "hidden FAT32, LBA"},
    {0x1E, "hidden FAT16, LBA"},
    {0x24, "NEC DOS"},
    {0x27, "hidden NTFS, recovery"},
    {0x35, "OS/2 Logical Volume Manager or JFS"},
    {0x39, "Plan 9"},
    {0x3C, "PartitionMagic"},
    {0x42, "Windows 2000 dynamic disk"},
    {0x4D, "QNX"},
    {0x4E, "QNX, second"},
    {0x4F, "QNX, third"},
    {0x50, "OnTrack Disk Manager, read-only"},
    {0x51, "OnTrack Disk Manager 6, auxiliary 1"},
    {0x52, "CP/M or Microport UNIX"},
    {0x53, "OnTrack Disk Manager 6, auxiliary 3"},
    {TYPE_ONTRACK, "OnTrack Disk Manager 6, dynamic drive overlay"},
    {TYPE_EZ_DRIVE, "EZ-Drive"},
    {0x56, "Golden Bow VFeature"},
    {0x5C, "Priam EDisk"},
    {0x61, "SpeedStor"},
    {0x63, "UNIX System V"},
    {0x64, "NetWare 2"},
    {0x65, "NetWare 3 to 6"},
    {0x69, "NetWare 5, NSS"},
    {0x75, "PC/IX"},
    {0x80, "Minix, old"},
    {0x81, "Minix or early Linux"},
    {0x82, "Linux swap or Solaris"},
    {0x83, "Linux"},
    {0x84, "hibernation or hidden OS/2 drive"},
    {0x85, "Linux extended"},
    {0x86, "NT volume set, FAT16"},
    {0x87, "NT volume set, NTFS"},
    {0x8E, "Linux LVM"},
    {0x93, "Amoeba"},
    {0x9F, "BSD/OS"},
    {0xA0, "hibernation"},
    {0xA5, "FreeBSD, NetBSD or 386BSD"},
    {0xA6, "OpenBSD"},
    {0xA7, "NeXTSTEP"},
    {0xA9, "NetBSD"},
    {0xAB, "Darwin boot"},
    {0xAF, "HFS"},
    {0xB7, "BSDI"},
    {0xBE, "Solaris boot"},
    {0xC1, "DR-DOS, secured FAT12"},
    {0xC4, "DR-DOS, secured FAT16 below 32 MB"},
    {0xC6, "DR-DOS, secured FAT16, or NT volume set"},
    {0xC7, "NT volume set, NTFS"},
    {0xDB, "CP/M, Concurrent DOS"},
    {0xDE, "Dell utilities"},
    {0xE1, "SpeedStor, FAT12"},
    {0xE4, "SpeedStor, FAT16"},
    {0xEB, "BeOS"},
    {TYPE_GPT, "GPT"},
    {0xEF, "EFI system"},
    {0xF2, "DOS 3.3 secondary"},
    {0xFD, "Linux RAID"},
    {0xFE, "LANstep or PS/2 configuration"},
    {0xFF, "Xenix bad blocks"},
};

const char *partition_type_name(uint8_t type)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (types[i].type == type)
            return types[i].name;
    return NULL;
}

static bool is_extended(uint8_t type)
{
    return type == 0x05 || type == 0x0F || type == 0x85;
}

/* --- MBR --- */

static bool has_signature(const uint8_t *sector)
{
    return sector[510] == 0x55 && sector[511] == 0xAA;
}

/* Whether a sector holds a partition table with at least one partition. */
static bool is_table(const uint8_t *sector)
{
    unsigned count = 0;

    for (const uint8_t *entry = sector + TABLE; entry < sector + 510; entry += 16) {
        if (entry[0] & 0x7F || (entry[4] && (!get_le32(entry + 8) || !get_le32(entry + 12))))
            return false;
        count += entry[4] != 0;
    }
    return has_signature(sector) && count;
}

static struct disk_address read_address(const uint8_t *p)
{
    return (struct disk_address){(uint16_t)((p[1] & 0xC0) << 2 | p[2]), p[0], p[1] & 0x3F};
}

/* Adds what an entry says; base is what its first sector counts from. */
static struct volume *add_volume(struct disk_survey *s, uint32_t number, const uint8_t *entry, uint64_t base)
{
    if (s->volume_count == SURVEY_VOLUMES) {
        s->volumes_left_out = true;
        return NULL;
    }
    struct volume *v = &s->volumes[s->volume_count++];
    *v = (struct volume){
        .number = number,
        .active = entry[0] & 0x80,
        .extended = is_extended(entry[4]),
        .type = entry[4],
        .first = base + get_le32(entry + 8),
        .sectors = get_le32(entry + 12),
        .start = read_address(entry + 1),
        .end = read_address(entry + 5),
    };
    survey_name(v->type_name, partition_type_name(entry[4]));
    return v;
}

/* Follows the chain of an extended partition. Each table has the drive, counted from itself, and the next table,
 * counted from the beginning of the partition. */
static void list_logical(const struct block *disk, struct disk_survey *s, const struct volume *extended)
{
    uint64_t base = extended->first, at = base;
    uint8_t sector[SECTOR_SIZE];
    char place[32];
    uint32_t number = 5;

    volume_place(extended, place);
    for (unsigned steps = 0; steps < LOGICAL_LIMIT; steps++) {
        const uint8_t *next = NULL;

        if (!disk_get(disk, at, 1, sector)) {
            survey_damage(s, place, "the table of logical drives at sector %" PRIu64 " %s", at,
                          at < disk->sectors ? "cannot be read" : "lies beyond the end of the disk");
            return;
        }
        if (!has_signature(sector)) {
            survey_damage(s, place, "there is no table of logical drives at sector %" PRIu64, at);
            return;
        }
        for (const uint8_t *entry = sector + TABLE; entry < sector + 510; entry += 16) {
            if (is_extended(entry[4]))
                next = next ? next : entry;
            else if (entry[4] && get_le32(entry + 12) && !add_volume(s, number++, entry, at))
                return;
        }
        if (!next)
            return;
        at = base + get_le32(next + 8);
    }
    survey_damage(s, place, "the tables of logical drives form a circle");
}

static void list_table(const struct block *disk, struct disk_survey *s, const uint8_t *sector, uint64_t base)
{
    uint32_t number = 1;

    for (const uint8_t *entry = sector + TABLE; entry < sector + 510; entry += 16, number++)
        if (entry[4])
            add_volume(s, number, entry, base);
    for (uint32_t i = 0, primary = s->volume_count; i < primary; i++)
        if (s->volumes[i].extended)
            list_logical(disk, s, &s->volumes[i]);
}

/* --- GPT --- */

static const struct {
    const char *guid, *name;
} gpt_types[] = {
    {"c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "EFI system"},
    {"21686148-6449-6e6f-744e-656564454649", "BIOS boot"},
    {"e3c9e316-0b5c-4db8-817d-f92df00215ae", "Microsoft reserved"},
    {"ebd0a0a2-b9e5-4433-87c0-68b6b72699c7", "Microsoft basic data"},
    {"0fc63daf-8483-4772-8e79-3d69d8477de4", "Linux"},
    {"0657fd6d-a4ab-43c4-84e5-0933c84b4f4f", "Linux swap"},
    {"e6d6d379-f507-44c2-a23c-238f2a3df928", "Linux LVM"},
};

static const char *gpt_type_name(const uint8_t *p)
{
    char guid[37];

    snprintf(guid, sizeof guid, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", get_le32(p), get_le16(p + 4),
             get_le16(p + 6), p[8], p[9], p[10], p[11], p[12], p[13], p[14], p[15]);
    for (size_t i = 0; i < sizeof gpt_types / sizeof gpt_types[0]; i++)
        if (!strcmp(gpt_types[i].guid, guid))
            return gpt_types[i].name;
    return NULL;
}

/* Reads a header and compares its checksum; 512 bytes, and 92 of them are covered. */
static bool gpt_header(const struct block *disk, uint64_t at, uint8_t header[SECTOR_SIZE])
{
    uint8_t copy[92];

    if (!disk_get(disk, at, 1, header) || memcmp(header, "EFI PART", 8) || get_le32(header + 12) != sizeof copy)
        return false;
    memcpy(copy, header, sizeof copy);
    memset(copy + 16, 0, 4);
    return crc32(0, copy, sizeof copy) == get_le32(header + 16) && get_le64(header + 24) == at;
}

static void list_entries(const struct block *disk, struct disk_survey *s, const uint8_t *header)
{
    uint32_t count = get_le32(header + 80), size = get_le32(header + 84);
    uint64_t at = get_le64(header + 72);
    uint8_t sector[SECTOR_SIZE];
    uLong crc = 0;

    if (size != 128 || count > GPT_ENTRIES) {
        survey_damage(s, "GPT", "has %" PRIu32 " entries of %" PRIu32 " bytes, which are not read", count, size);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *entry = sector + i % 4 * 128, none[16] = {0};

        if (i % 4 == 0 && !disk_get(disk, at + i / 4, 1, sector)) {
            survey_damage(s, "GPT", "the entries at sector %" PRIu64 " cannot be read", at + i / 4);
            return;
        }
        crc = crc32(crc, entry, 128);
        if (!memcmp(entry, none, 16))
            continue;
        struct volume *v = add_volume(s, i + 1, none, 0);
        if (!v)
            return;
        survey_name(v->type_name, gpt_type_name(entry));
        v->first = get_le64(entry + 32);
        v->sectors = get_le64(entry + 40) - v->first + 1;
        if (get_le64(entry + 40) < v->first)
            v->sectors = 0;
    }
    if (crc != get_le32(header + 88))
        survey_damage(s, "GPT", "the entries do not have the checksum that the header states");
}

static void list_gpt(const struct block *disk, struct disk_survey *s)
{
    uint8_t header[SECTOR_SIZE], other[SECTOR_SIZE];

    s->scheme = DISK_GPT;
    if (gpt_header(disk, 1, header)) {
        if (!gpt_header(disk, get_le64(header + 32), other))
            survey_damage(s, "GPT", "the second header, at sector %" PRIu64 ", is missing or damaged",
                          get_le64(header + 32));
    } else if (disk->sectors && gpt_header(disk, disk->sectors - 1, header)) {
        survey_damage(s, "GPT", "the first header is damaged; the second one is used");
    } else {
        survey_damage(s, "GPT", "both headers are damaged");
        return;
    }
    list_entries(disk, s, header);
}

/* --- What the tables say together --- */

static uint64_t sector_of(const struct disk_address *a, struct geometry g)
{
    return ((uint64_t)a->cylinder * g.heads + a->head) * g.sectors + a->sector - 1u;
}

/* Whether the beginnings and ends of the primary partitions are where their numbers of sectors say. */
static bool fits(const struct disk_survey *s, struct geometry g)
{
    for (uint32_t i = 0; i < s->volume_count; i++) {
        const struct volume *v = &s->volumes[i];

        if (v->number < 5 && v->start.cylinder < CYLINDER_LIMIT && sector_of(&v->start, g) != v->first)
            return false;
        if (v->number < 5 && v->end.cylinder < CYLINDER_LIMIT && sector_of(&v->end, g) != v->first + v->sectors - 1)
            return false;
    }
    return true;
}

/* A partition ends on a boundary between cylinders, so that the largest end head and sector are the disk's; if not, the
 * geometry is the one in which the numbers agree. */
static void table_geometry(struct disk_survey *s)
{
    struct geometry ends = {0, 0, 0};

    for (uint32_t i = 0; i < s->volume_count; i++) {
        const struct disk_address *end = &s->volumes[i].end;

        if (end->head + 1u > ends.heads)
            ends.heads = end->head + 1u;
        if (end->sector > ends.sectors)
            ends.sectors = end->sector;
    }
    if (!ends.sectors)
        return;
    s->table = ends;
    if (fits(s, ends))
        return;
    for (struct geometry g = {0, ends.heads, 63}; g.sectors >= ends.sectors; g.sectors--)
        for (g.heads = ends.heads; g.heads <= 255; g.heads++)
            if (fits(s, g)) {
                s->table = g;
                return;
            }
}

static void check_place(struct disk_survey *s, const struct volume *v)
{
    uint64_t by_address = sector_of(&v->start, s->table);
    char place[32];

    volume_place(v, place);
    if (v->first >= s->sectors || v->sectors > s->sectors - v->first)
        survey_damage(s, place,
                      "ends at sector %" PRIu64 ", but the disk has %" PRIu64
                      ": the image was cut off, or the table is another disk's",
                      v->first + v->sectors, s->sectors);
    if (s->table.sectors && !*s->overlay && v->start.sector && v->start.cylinder < CYLINDER_LIMIT &&
        by_address != v->first && v->number < 5)
        survey_damage(s, place,
                      "begins at sector %" PRIu64 ", but by its cylinder, head and sector (%u/%u/%u of %" PRIu32
                      " heads, %" PRIu32 " sectors) at %" PRIu64,
                      v->first, v->start.cylinder, v->start.head, v->start.sector, s->table.heads, s->table.sectors,
                      by_address);
}

static void check_overlap(struct disk_survey *s)
{
    char place[32], other[32];

    for (uint32_t i = 0; i < s->volume_count; i++)
        for (uint32_t k = 0; k < i; k++) {
            const struct volume *a = &s->volumes[i], *b = &s->volumes[k];

            if (!a->extended && !b->extended && a->first < b->first + b->sectors && b->first < a->first + a->sectors)
                survey_damage(s, volume_place(a, place), "overlaps %s", volume_place(b, other));
        }
}

/* The table behind a driver; the first table where there is none. */
static uint64_t overlay_table(const struct block *disk, struct disk_survey *s, uint8_t *table)
{
    uint8_t behind[SECTOR_SIZE];

    for (const uint8_t *entry = table + TABLE; entry < table + 510; entry += 16) {
        uint64_t at = entry[4] == TYPE_ONTRACK ? 63 : entry[4] == TYPE_EZ_DRIVE ? 1 : 0;

        if (!at)
            continue;
        survey_name(s->overlay, at == 1 ? "EZ-Drive" : "OnTrack Disk Manager");
        if (!disk_get(disk, at, 1, behind) || !is_table(behind)) {
            survey_damage(s, "the disk", "%s has no partition table at sector %" PRIu64, s->overlay, at);
            return 0;
        }
        memcpy(table, behind, SECTOR_SIZE);
        return at == 1 ? 0 : at;
    }
    return 0;
}

void partitions_list(const struct block *disk, struct disk_survey *s, const uint8_t first[SECTOR_SIZE])
{
    uint8_t table[SECTOR_SIZE];

    if (!is_table(first))
        return;
    s->scheme = DISK_MBR;
    s->signature = get_le32(first + 440);
    memcpy(table, first, SECTOR_SIZE);
    uint64_t base = overlay_table(disk, s, table);
    bool gpt = false;
    for (const uint8_t *entry = table + TABLE; entry < table + 510; entry += 16)
        gpt = gpt || entry[4] == TYPE_GPT;
    if (gpt)
        list_gpt(disk, s);
    else
        list_table(disk, s, table, base);
    table_geometry(s);
    for (uint32_t i = 0; i < s->volume_count; i++)
        check_place(s, &s->volumes[i]);
    check_overlap(s);
}
