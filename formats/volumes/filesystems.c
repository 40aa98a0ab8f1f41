/* filesystems.c - file systems by their signs, as one table; what more their first sectors say, by one function each.
 *
 * FAT: Microsoft's specification 1.03. NTFS: the Linux-NTFS documentation. HPFS: R. Duncan, "Design goals of the OS/2
 * high performance file system". ext2: D. Poirier, "The second extended file system". NWFS386: zhmu/nwfs. Others: the
 * magic numbers of the Linux kernel's headers and of libblkid. */
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "formats/codepage.h"
#include "formats/plain.h"
#include "formats/volumes/cvf.h"
#include "formats/volumes/disk.h"
#include "formats/volumes/survey.h"

#define FAT_COMPARED 512u /* sectors of the FAT that are compared with its copy */

struct sign {
    const char *name;
    uint32_t offset; /* in the volume */
    const char *bytes;
    uint8_t length;
    /* Looks closer; false: it is something else. May be null. */
    bool (*examine)(struct examined *e);
};

static const uint8_t *at(const struct examined *e, size_t offset)
{
    return e->head + offset;
}

/* A superblock states how long the file system is. */
static void check_length(struct examined *e, uint64_t sectors)
{
    if (sectors > e->volume->sectors)
        volume_damage(e, "the file system has %" PRIu64 " sectors, but only %" PRIu64 " are there", sectors,
                      e->volume->sectors);
}

static void take_label(struct examined *e, size_t offset, size_t length)
{
    field_copy(e->volume->label, sizeof e->volume->label, at(e, offset), length);
}

/* --- NTFS and HPFS: a FAT-like boot sector, then their own --- */

static void take_tracks(struct examined *e)
{
    e->volume->tracks = (struct geometry){0, get_le16(at(e, 26)), get_le16(at(e, 24))};
}

/* Undoes the fixups of an MFT record: the last two bytes of each sector are in an array of the record. */
static bool ntfs_fix(uint8_t *record, uint32_t size)
{
    uint32_t array = get_le16(record + 4), count = get_le16(record + 6);

    if (memcmp(record, "FILE", 4) || count != size / SECTOR_SIZE + 1 || array + 2 * count > size)
        return false;
    for (uint32_t i = 1; i < count; i++) {
        uint8_t *last = record + i * SECTOR_SIZE - 2;

        if (memcmp(last, record + array, 2))
            return false;
        memcpy(last, record + array + 2 * i, 2);
    }
    return true;
}

/* $VOLUME_NAME (60h) and $VOLUME_INFORMATION (70h) of record 3, $Volume. */
static void ntfs_volume(struct examined *e, const uint8_t *record, uint32_t size)
{
    uint32_t offset = get_le16(record + 20), length;
    char name[3 * 31 + 1];

    for (; offset + 24 <= size && get_le32(record + offset) != UINT32_MAX; offset += length) {
        const uint8_t *a = record + offset;
        length = get_le32(a + 4);
        if (length < 24 || length > size - offset)
            return;
        uint32_t value = get_le16(a + 20), value_length = get_le32(a + 16);
        if (a[8] || value > length || value_length > length - value)
            continue;
        if (get_le32(a) == 0x60) {
            utf16_copy(name, a + value, value_length / 2 < 31 ? value_length / 2 : 31);
            plain_copy(e->volume->label, sizeof e->volume->label, name);
        }
        if (get_le32(a) == 0x70 && value_length >= 12) {
            snprintf(e->volume->detail, sizeof e->volume->detail, "version %u.%u", a[value + 8], a[value + 9]);
            if (get_le16(a + value + 10) & 1)
                volume_damage(e, "NTFS was not unmounted");
        }
    }
}

static bool ntfs_examine(struct examined *e)
{
    const uint8_t *b = at(e, 0);
    uint32_t unit = get_le16(b + 11) / SECTOR_SIZE, cluster = b[13] * unit, size, shift = (uint8_t)-b[64];
    uint64_t mft = get_le64(b + 48), length = get_le64(b + 40) * unit;
    uint8_t record[4096];

    if (get_le16(b + 11) % SECTOR_SIZE || !unit || unit > 8 || !b[13] || b[13] & (b[13] - 1))
        return false;
    take_tracks(e);
    check_length(e, length);
    size = b[64] < 0x80 ? b[64] * cluster * SECTOR_SIZE : shift < 16 ? 1u << shift : 0;
    if (size < SECTOR_SIZE || size > sizeof record || mft > e->volume->sectors / cluster)
        volume_damage(e, "the boot sector of NTFS is absurd");
    else if (!disk_get(e->disk, e->volume->first + mft * cluster + 3 * (size / SECTOR_SIZE), size / SECTOR_SIZE,
                       record) ||
             !ntfs_fix(record, size))
        volume_damage(e, "the record of $Volume cannot be read");
    else
        ntfs_volume(e, record, size);
    return true;
}

/* Names say which of the volume's code pages they are in: whether one of these is not known here. */
static void hpfs_code_pages(struct examined *e)
{
    const uint8_t *spare = at(e, 17 * SECTOR_SIZE);
    const uint32_t sector = get_le32(spare + 0x20);
    uint8_t pages[SECTOR_SIZE];

    if (sector >= e->volume->sectors || !disk_get(e->disk, e->volume->first + sector, 1, pages) ||
        get_le32(pages) != 0x494521F7)
        return;
    for (uint32_t i = 0; i < 31 && i < get_le32(spare + 0x24) && i < get_le32(pages + 4); i++) {
        const uint16_t page = get_le16(pages + 0x10 + i * 16 + 2);
        if (page && !codepage_known(page))
            volume_set_code_page(e->volume, page, "the volume");
    }
}

static bool hpfs_examine(struct examined *e)
{
    if (get_le32(at(e, 16 * SECTOR_SIZE + 4)) != 0xFA53E9C5)
        return false;
    take_tracks(e);
    take_label(e, 0x2B, 11);
    snprintf(e->volume->detail, sizeof e->volume->detail, "version %u", *at(e, 16 * SECTOR_SIZE + 8));
    check_length(e, get_le32(at(e, 16 * SECTOR_SIZE + 16)));
    if (get_le32(at(e, 17 * SECTOR_SIZE)) != 0xF9911849 || get_le32(at(e, 17 * SECTOR_SIZE + 4)) != 0xFA5229C5)
        volume_damage(e, "the spare block of HPFS is damaged");
    else if (*at(e, 17 * SECTOR_SIZE + 8) & 1)
        volume_damage(e, "HPFS was not unmounted");
    hpfs_code_pages(e);
    return true;
}

/* --- Linux, Unix --- */

static bool ext_examine(struct examined *e)
{
    const uint8_t *s = at(e, 1024);
    uint32_t compatible = get_le32(s + 92), incompatible = get_le32(s + 96), read_only = get_le32(s + 100);
    uint32_t shift = get_le32(s + 24);

    if (shift > 6 || !get_le32(s) || !get_le32(s + 4) || !get_le32(s + 32) ||
        get_le32(s + 32) > 8u * (1024u << shift) || !get_le32(s + 40) || get_le32(s + 76) > 1)
        return false;
    /* Extents, 64-bit, flexible groups; huge files, checksums of groups, links, extra inode size. */
    bool four = (incompatible & 0x2C0) || (read_only & 0x78);
    survey_name(e->volume->file_system, four ? "ext4" : compatible & 4 ? "ext3" : "ext2");
    take_label(e, 1024 + 120, 16);
    snprintf(e->volume->detail, sizeof e->volume->detail, "blocks of %u bytes", 1024u << shift);
    check_length(e, (uint64_t)get_le32(s + 4) * (2u << shift));
    if (incompatible & 0x10000)
        survey_name(e->volume->encryption, "ext4 encryption of folders");
    if (get_le16(s + 58) & 2)
        volume_damage(e, "the file system has found errors in itself");
    else if (!(get_le16(s + 58) & 1) || incompatible & 4)
        volume_damage(e, "%s was not unmounted", e->volume->file_system);
    return true;
}

static bool minix_examine(struct examined *e)
{
    const uint8_t *s = at(e, 1024);
    bool second = s[16] == 0x68 || s[16] == 0x78;

    snprintf(e->volume->detail, sizeof e->volume->detail, "version %u, names of %u bytes", second ? 2 : 1,
             s[16] == 0x7F || s[16] == 0x68 ? 14 : 30);
    check_length(e, 2 * (uint64_t)(second ? get_le32(s + 20) : get_le16(s + 2)));
    return true;
}

static bool swap_examine(struct examined *e)
{
    if (get_le32(at(e, 1024)) == 1)
        take_label(e, 1024 + 28, 16);
    return true;
}

static bool xfs_examine(struct examined *e)
{
    take_label(e, 108, 12);
    return true;
}

static bool luks_examine(struct examined *e)
{
    survey_name(e->volume->encryption, "LUKS");
    return true;
}

static bool bitlocker_examine(struct examined *e)
{
    survey_name(e->volume->encryption, "BitLocker");
    return true;
}

static bool stacker_examine(struct examined *e)
{
    survey_name(e->volume->compression, "Stacker");
    return true;
}

static void look_into(struct examined *e, struct fat *fat);

/* The file of a compressed volume, on its host or as an image of its own, and the FAT volume that is in it. */
static void examine_cvf(struct examined *e, struct cvf *cvf)
{
    struct fat *fat = survey_fat(e, cvf_block(cvf), 0, cvf_block(cvf)->sectors);

    survey_name(e->volume->file_system, cvf_kind(cvf));
    survey_name(e->volume->compression, cvf_kind(cvf));
    if (!fat)
        return;
    snprintf(e->volume->detail + strlen(e->volume->detail), 40, "%sclusters of %" PRIu32 " bytes",
             *e->volume->detail ? ", " : "", fat_info(fat)->cluster);
    look_into(e, fat);
    fat_close(fat);
}

void compressed_examine(struct examined *e)
{
    struct error error;
    struct cvf *cvf = cvf_open(e->disk, e->volume, &error);

    if (cvf)
        examine_cvf(e, cvf);
    else
        volume_damage(e, "%s %s", e->volume->within, error.what);
    if (cvf)
        cvf_close(cvf);
}

static bool doublespace_examine(struct examined *e)
{
    struct error error;
    struct cvf *cvf = cvf_open(e->disk, e->volume, &error);

    survey_name(e->volume->compression, *at(e, 7) == 'S' ? "DriveSpace" : "DoubleSpace or DriveSpace");
    if (!cvf)
        volume_damage(e, "the compressed volume %s", error.what);
    else
        examine_cvf(e, cvf);
    if (cvf)
        cvf_close(cvf);
    return true;
}

static bool netware_examine(struct examined *e)
{
    return !memcmp(at(e, 33 * SECTOR_SIZE), "MIRROR0", 7);
}

/* --- The table --- */

#define SIGN(bytes) (bytes), sizeof(bytes) - 1

/* clang-format off */
static const struct sign signs[] = {
    { "NTFS",                  3,      SIGN("NTFS    "), ntfs_examine },
    { "exFAT",                 3,      SIGN("EXFAT   "), NULL },
    { "BitLocker volume",      3,      SIGN("-FVE-FS-"), bitlocker_examine },
    { "compressed volume",     3,      SIGN("MSDBL6.0"), doublespace_examine },
    { "compressed volume",     3,      SIGN("MSDSP6.0"), doublespace_examine },
    { "compressed volume",     0,      SIGN("STACKER"), stacker_examine },
    { "LUKS volume",           0,      SIGN("LUKS\xBA\xBE"), luks_examine },
    { "XFS",                   0,      SIGN("XFSB"), xfs_examine },
    { "BSD disk label",        512,    SIGN("\x57\x45\x56\x82"), NULL },
    { "HPFS",                  0x2000, SIGN("\x49\xE8\x95\xF9"), hpfs_examine },
    { "ext2",                  1080,   SIGN("\x53\xEF"), ext_examine },
    { "Minix",                 1040,   SIGN("\x7F\x13"), minix_examine },
    { "Minix",                 1040,   SIGN("\x8F\x13"), minix_examine },
    { "Minix",                 1040,   SIGN("\x68\x24"), minix_examine },
    { "Minix",                 1040,   SIGN("\x78\x24"), minix_examine },
    { "Minix version 3",       1048,   SIGN("\x5A\x4D"), NULL },
    { "Xenix",                 2040,   SIGN("\x44\x55\x2B\x00"), NULL },
    { "System V",              1016,   SIGN("\x20\x7E\x18\xFD"), NULL },
    { "System V",              1528,   SIGN("\x20\x7E\x18\xFD"), NULL },
    { "Coherent",              1020,   SIGN("nonamenopack"), NULL },
    { "HFS",                   1024,   SIGN("BD"), NULL },
    { "HFS+",                  1024,   SIGN("H+"), NULL },
    { "NetWare",               0x4000, SIGN("HOTFIX00"), netware_examine },
    { "Linux swap",            4086,   SIGN("SWAP-SPACE"), NULL },
    { "Linux swap",            4086,   SIGN("SWAPSPACE2"), swap_examine },
    { "JFS",                   0x8000, SIGN("JFS1"), NULL },
    { "UFS",                   9564,   SIGN("\x54\x19\x01\x00"), NULL },
    { "UFS2",                  66908,  SIGN("\x19\x01\x54\x19"), NULL },
    { "ReiserFS",              0x10034, SIGN("ReIsEr"), NULL },
    { "Btrfs",                 0x10040, SIGN("_BHRfS_M"), NULL },
    { "Linux LVM",             512,    SIGN("LABELONE"), NULL },
};
/* clang-format on */

static bool sign_fits(struct examined *e, const struct sign *s)
{
    struct geometry none = {0, 0, 0};

    if (s->offset + s->length > e->size || memcmp(at(e, s->offset), s->bytes, s->length))
        return false;
    survey_name(e->volume->file_system, s->name);
    if (!s->examine || s->examine(e))
        return true;
    survey_name(e->volume->file_system, NULL);
    e->volume->tracks = none;
    return false;
}

/* --- FAT --- */

/* Another volume of the disk, within one of its files. */
static void add_compressed(struct examined *e, const char *name, uint32_t number)
{
    struct disk_survey *s = e->survey;
    char place[32];

    number += e->volume->number * COMPRESSED_VOLUMES + 1;
    for (uint32_t i = 0; i < s->volume_count; i++)
        if (s->volumes[i].number == number)
            return; /* a folder that has a name twice */
    if (s->volume_count == SURVEY_VOLUMES) {
        s->volumes_left_out = true;
        return;
    }
    struct volume *v = &s->volumes[s->volume_count++];
    *v = (struct volume){.number = number, .first = e->volume->first, .sectors = e->volume->sectors};
    survey_name(v->type_name, "compressed");
    memcpy(v->within, name, sizeof v->within); /* 12 characters: compressed_volume_name */
    snprintf(v->detail, sizeof v->detail, "the file %s of %s", name, volume_place(e->volume, place));
}

/* Compressed drives are files of the volume that they are on. */
static void look_for_compressed(struct examined *e, struct fat *fat)
{
    struct fat_folder folder;
    struct fat_entry entry;
    struct error ignored;
    uint32_t number;

    if (fat_find(fat, "STACVOL.DSK", &entry, NULL))
        survey_name(e->volume->compression, "Stacker");
    fat_folder_open(fat, NULL, &folder);
    while (fat_folder_next(fat, &folder, &entry, &ignored) == FAT_ENTRY)
        if (!(entry.attributes & (FAT_LABEL | FAT_FOLDER)) && compressed_volume_name(entry.short_name, &number) &&
            !strcasecmp(entry.name, entry.short_name)) { /* rights go by the long name */
            survey_name(e->volume->compression, entry.short_name[1] == 'R' ? "DriveSpace" : "DoubleSpace");
            add_compressed(e, entry.short_name, number);
        }
}

/* The label in the root folder is the one that DOS shows. */
static void take_fat_label(struct examined *e, struct fat *fat)
{
    struct fat_folder folder;
    struct fat_entry entry;
    struct error error;
    enum fat_next next;

    field_copy(e->volume->label, sizeof e->volume->label, (const uint8_t *)fat_info(fat)->label, 11);
    if (!strcmp(e->volume->label, "NO NAME"))
        *e->volume->label = '\0';
    fat_folder_open(fat, NULL, &folder);
    while ((next = fat_folder_next(fat, &folder, &entry, &error)) == FAT_ENTRY)
        if (entry.attributes & FAT_LABEL) {
            plain_copy(e->volume->label, sizeof e->volume->label, entry.name);
            return;
        }
    if (next == FAT_FAULT)
        volume_damage(e, "the root folder is damaged: %s (%s)", error.what, error.place);
}

static void look_into(struct examined *e, struct fat *fat)
{
    take_fat_label(e, fat);
    systems_in_fat(e, fat);
}

static bool examine_fat(struct examined *e)
{
    static const char *const names[] = {[12] = "FAT12", [16] = "FAT16", [32] = "FAT32"};
    struct fat *fat = survey_fat(e, e->disk, e->volume->first, e->volume->sectors);

    if (!fat)
        return false;
    const struct fat_info *i = fat_info(fat);
    survey_name(e->volume->file_system, names[i->bits]);
    e->volume->tracks = i->tracks;
    snprintf(e->volume->detail, sizeof e->volume->detail, "clusters of %" PRIu32 " bytes", i->cluster);
    if (i->serial != UINT64_MAX)
        snprintf(e->volume->detail + strlen(e->volume->detail), 32, ", serial number %04X-%04X",
                 (unsigned)(i->serial >> 16), (unsigned)i->serial & 0xFFFF);
    check_length(e, i->sectors);
    if (!fat_copies_agree(fat, FAT_COMPARED))
        volume_damage(e, "the two copies of the FAT differ");
    if (i->unclean)
        volume_damage(e, "the volume was not unmounted");
    if (i->faulty)
        volume_damage(e, "a system has met a disk error here");
    look_into(e, fat);
    look_for_compressed(e, fat);
    fat_close(fat);
    return true;
}

/* Signs of two bytes are found by chance: they count last. */
void file_system_examine(struct examined *e)
{
    const struct sign *end = signs + sizeof signs / sizeof signs[0];

    for (const struct sign *s = signs; s < end; s++)
        if ((s->length > 2 || s->examine == ext_examine) && sign_fits(e, s))
            return;
    if (examine_fat(e))
        return;
    for (const struct sign *s = signs; s < end; s++)
        if (sign_fits(e, s))
            return;
}
