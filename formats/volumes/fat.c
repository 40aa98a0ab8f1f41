/* fat.c - see fat.h. */
#include "formats/volumes/fat.h"

#include <stdlib.h>
#include <string.h>

#include "formats/codepage.h"
#include "formats/plain.h"
#include "formats/volumes/disk.h"

#define FOLDER_LIMIT 65536u /* entries: a folder is at most 2 MiB long */
#define WINDOW 8u           /* sectors of the FAT that are kept */
#define LONG_NAME 0x0F      /* attributes of a part of a long name */
#define LONG_PARTS 20u      /* of 13 units */

struct fat {
    const struct block *disk;
    struct fat_info info;
    uint64_t first;                     /* sector of the volume on the disk; what follows is relative to it */
    uint64_t fat, fat_size, root, data; /* sectors */
    uint32_t root_entries;              /* of FAT12 and FAT16 */
    uint32_t root_cluster;              /* of FAT32 */
    unsigned code_page;                 /* of short names */
    bool deleted;                       /* what was deleted is wanted, too */
    uint64_t window;                    /* which sectors of the FAT are kept */
    uint32_t kept;                      /* how many */
    uint8_t sectors[WINDOW * SECTOR_SIZE];
    uint64_t cached; /* sector of data that was read last; 0: none */
    uint8_t cache[SECTOR_SIZE];
};

/* --- The boot sector --- */

/* What DOS 1 and 2 knew of a floppy by its media byte alone (IBM DOS Technical Reference 2.1, chapter 4). */
struct media_format {
    uint8_t media;
    uint16_t sectors;
    uint8_t heads, per_track, cluster, root_entries, fat_size;
};

static const struct media_format media_formats[] = {
    {0xFE, 320, 1, 8, 1, 64, 1},
    {0xFC, 360, 1, 9, 1, 64, 2},
    {0xFF, 640, 2, 8, 2, 112, 1},
    {0xFD, 720, 2, 9, 2, 112, 2},
};

static bool not_fat(struct error *error, const char *what)
{
    return error_set(error, STATUS_INPUT, "FAT", NULL, NULL, "%s", what);
}

static bool power_of_two(uint32_t n, uint32_t limit)
{
    return n && n <= limit && !(n & (n - 1));
}

/* The kind of a FAT follows from the number of clusters alone. */
static bool layout(struct fat *f, uint64_t sectors, uint32_t reserved, uint32_t cluster, struct error *error)
{
    struct fat_info *i = &f->info;

    f->fat = reserved;
    f->root = f->fat + f->fat_size * i->fats;
    f->data = f->root + (f->root_entries * 32u + SECTOR_SIZE - 1) / SECTOR_SIZE;
    if (sectors <= f->data || (sectors - f->data) / cluster == 0)
        return not_fat(error, "the boot sector leaves no room for data");
    uint64_t clusters = (sectors - f->data) / cluster;
    if (clusters > 0x0FFFFFF4)
        return not_fat(error, "the boot sector claims more clusters than FAT32 can have");
    i->bits = f->root_cluster ? 32 : clusters < 4085 ? 12 : 16;
    i->clusters = (uint32_t)clusters;
    i->cluster = cluster * SECTOR_SIZE;
    i->sectors = sectors;
    if (i->bits == 16 && clusters > 65524)
        return not_fat(error, "the boot sector claims more clusters than FAT16 can have");
    /* A FAT that is too short for its clusters bounds them. */
    uint64_t room = f->fat_size * SECTOR_SIZE * 8 / i->bits;
    if (room < 3)
        return not_fat(error, "the boot sector has no FAT");
    if (i->clusters > room - 2)
        i->clusters = (uint32_t)(room - 2);
    return true;
}

static bool read_parameters(struct fat *f, const uint8_t *b, struct error *error)
{
    uint32_t unit = get_le16(b + 11) / SECTOR_SIZE; /* sectors of 512 bytes to one of the volume's */
    uint32_t fat16 = get_le16(b + 22), total = get_le16(b + 19);
    const uint8_t *extended = fat16 ? b + 36 : b + 64;

    if (get_le16(b + 11) % SECTOR_SIZE || !power_of_two(unit, 8) || !power_of_two(b[13], 128) || !get_le16(b + 14))
        return not_fat(error, "no BIOS parameter block");
    if (!b[16] || b[16] > 4 || (b[21] != 0xF0 && b[21] < 0xF8))
        return not_fat(error, "no BIOS parameter block");
    f->info.fats = b[16];
    f->info.media = b[21];
    f->info.parameters = true;
    f->info.tracks = (struct geometry){0, get_le16(b + 26), get_le16(b + 24)};
    f->info.hidden = get_le32(b + 28);
    f->root_entries = get_le16(b + 17);
    f->fat_size = (uint64_t)(fat16 ? fat16 : get_le32(b + 36)) * unit;
    if (!fat16)
        f->root_cluster = get_le32(b + 44);
    if (fat16 ? f->root_entries == 0 : f->root_entries != 0 || f->root_cluster < 2)
        return not_fat(error, "no BIOS parameter block");
    if (extended[2] == 0x28 || extended[2] == 0x29) {
        f->info.serial = get_le32(extended + 3);
        f->info.drive = extended[0];
    }
    memcpy(f->info.oem, b + 3, 8);
    if (extended[2] == 0x29) {
        memcpy(f->info.label, extended + 7, 11);
        for (int n = 10; n >= 0 && f->info.label[n] == ' '; n--)
            f->info.label[n] = '\0';
    }
    if (!total && b[11] == 0 && b[12] == 2 && get_le32(b + 32) == 0)
        return not_fat(error, "the boot sector does not say how long the volume is");
    return layout(f, (uint64_t)(total ? total : get_le32(b + 32)) * unit, get_le16(b + 14) * unit, b[13] * unit, error);
}

/* A floppy of DOS 1 or 2: the first FAT begins with the media byte and FFFFh. */
static bool read_media_byte(struct fat *f, uint64_t sectors, struct error *error)
{
    uint8_t b[SECTOR_SIZE];

    if (!disk_get(f->disk, f->first + 1, 1, b) || b[1] != 0xFF || b[2] != 0xFF)
        return not_fat(error, "no BIOS parameter block");
    for (const struct media_format *m = media_formats; m < media_formats + 4; m++) {
        if (m->media != b[0] || m->sectors != sectors)
            continue;
        f->info = (struct fat_info){.fats = 2, .media = b[0], .serial = UINT64_MAX};
        f->info.tracks = (struct geometry){0, m->heads, m->per_track};
        f->root_cluster = 0;
        f->root_entries = m->root_entries;
        f->fat_size = m->fat_size;
        return layout(f, m->sectors, 1, m->cluster, error);
    }
    return not_fat(error, "no BIOS parameter block");
}

/* --- The FAT --- */

static bool unreadable(const struct fat *f, uint64_t sector, struct error *error)
{
    char place[64];

    snprintf(place, sizeof place, "sector %llu of the disk", (unsigned long long)(f->first + sector));
    return error_set(error, STATUS_INPUT, "FAT", place, NULL, "cannot be read");
}

/* Reads sectors of the volume. */
static bool volume_get(const struct fat *f, uint64_t sector, uint32_t count, uint8_t *buffer, struct error *error)
{
    return disk_get(f->disk, f->first + sector, count, buffer) || unreadable(f, sector, error);
}

/* One sector of a folder or a file, which is asked for again and again; null with *error. */
static const uint8_t *data_get(struct fat *f, uint64_t sector, struct error *error)
{
    if (f->cached != sector) {
        f->cached = 0;
        if (!volume_get(f, sector, 1, f->cache, error))
            return NULL;
        f->cached = sector;
    }
    return f->cache;
}

static bool fat_byte(struct fat *f, uint64_t offset, uint8_t *byte, struct error *error)
{
    uint64_t sector = offset / SECTOR_SIZE;

    if (sector < f->window || sector >= f->window + f->kept) {
        uint64_t left = f->fat_size - sector;

        f->window = sector;
        f->kept = left < WINDOW ? (uint32_t)left : WINDOW;
        if (!disk_get(f->disk, f->first + f->fat + sector, f->kept, f->sectors)) {
            f->kept = 1; /* the unreadable sector may be another one */
            if (!volume_get(f, f->fat + sector, 1, f->sectors, error)) {
                f->kept = 0;
                return false;
            }
        }
    }
    *byte = f->sectors[offset - f->window * SECTOR_SIZE];
    return true;
}

/* The entry of a cluster, or of 0 and 1, which hold flags. */
static bool fat_get(struct fat *f, uint32_t cluster, uint32_t *value, struct error *error)
{
    unsigned bits = f->info.bits, count = bits == 32 ? 4 : 2;
    uint64_t offset = (uint64_t)cluster * bits / 8;
    uint8_t byte;

    *value = 0;
    for (unsigned i = 0; i < count; i++) {
        if (!fat_byte(f, offset + i, &byte, error))
            return false;
        *value |= (uint32_t)byte << 8 * i;
    }
    if (bits == 12)
        *value = cluster & 1 ? *value >> 4 : *value & 0xFFF;
    if (bits == 32)
        *value &= 0x0FFFFFFF;
    return true;
}

static bool damaged(struct error *error, uint32_t cluster, const char *what)
{
    char place[32];

    snprintf(place, sizeof place, "cluster %u", (unsigned)cluster);
    return error_set(error, STATUS_INPUT, "FAT", place, NULL, "%s", what);
}

static bool is_cluster(const struct fat *f, uint32_t cluster)
{
    return cluster >= 2 && cluster - 2 < f->info.clusters;
}

/* The sector in a cluster that holds this byte of the file. */
static uint64_t cluster_sector(const struct fat *f, uint32_t cluster, uint32_t offset)
{
    return f->data + (uint64_t)(cluster - 2) * (f->info.cluster / SECTOR_SIZE) + offset % f->info.cluster / SECTOR_SIZE;
}

/* Whether a chain was freed: then its clusters are taken to follow one another. */
static bool is_freed(struct fat *f, uint32_t first)
{
    uint32_t next;

    return f->deleted && is_cluster(f, first) && fat_get(f, first, &next, NULL) && next == 0;
}

/* Moves a place in a chain that was freed. */
static bool place_move_freed(struct fat *f, struct fat_place *p, uint32_t index, struct error *error)
{
    uint32_t next;

    for (; p->index < index; p->index++, p->cluster++)
        if (!is_cluster(f, p->cluster + 1) || !fat_get(f, p->cluster + 1, &next, NULL) || next)
            return damaged(error, p->cluster, "what was deleted is overwritten after this cluster, or lies elsewhere");
    return true;
}

/* Moves a place to the index-th cluster of its chain. *end: the chain ends before it. */
static bool place_move(struct fat *f, struct fat_place *p, uint32_t index, bool *end, struct error *error)
{
    uint32_t last = f->info.bits == 32 ? 0x0FFFFFF8 : f->info.bits == 16 ? 0xFFF8 : 0xFF8, next;

    *end = false;
    if (index < p->index || !p->cluster) {
        p->index = 0;
        p->cluster = p->first;
        if (!is_cluster(f, p->first))
            return damaged(error, p->first, "a chain begins outside the volume");
    }
    if (p->index < index && is_freed(f, p->first))
        return place_move_freed(f, p, index, error);
    while (p->index < index) {
        if (p->index >= f->info.clusters)
            return damaged(error, p->cluster, "the chain of clusters is a circle");
        if (!fat_get(f, p->cluster, &next, error))
            return false;
        if (next >= last) {
            *end = true;
            return true;
        }
        if (!is_cluster(f, next))
            return damaged(error, p->cluster,
                           next ? "the next cluster lies outside the volume"
                                : "the chain of clusters ends at a free one");
        p->cluster = next;
        p->index++;
    }
    return true;
}

bool fat_copies_agree(struct fat *f, uint32_t limit)
{
    uint8_t first[SECTOR_SIZE], second[SECTOR_SIZE];

    for (uint64_t i = 0; f->info.fats > 1 && i < f->fat_size && i < limit; i++)
        if (!disk_get(f->disk, f->first + f->fat + i, 1, first) ||
            !disk_get(f->disk, f->first + f->fat + f->fat_size + i, 1, second) || memcmp(first, second, SECTOR_SIZE))
            return false;
    return true;
}

/* --- Opening --- */

static void read_flags(struct fat *f)
{
    uint32_t value, unclean = f->info.bits == 32 ? 1u << 27 : 1u << 15;

    if (f->info.bits == 12 || !fat_get(f, 1, &value, NULL))
        return;
    f->info.unclean = !(value & unclean);
    f->info.faulty = !(value & unclean >> 1);
}

struct fat *fat_open(const struct block *disk, uint64_t first, uint64_t sectors, struct error *error)
{
    struct fat *f = calloc(1, sizeof *f);
    uint8_t boot[SECTOR_SIZE];

    if (!f) {
        error_set(error, STATUS_HOST, "FAT", NULL, NULL, "out of memory");
        return NULL;
    }
    f->disk = disk;
    f->first = first;
    f->info.serial = UINT64_MAX;
    f->code_page = 437;
    bool good = volume_get(f, 0, 1, boot, error) &&
                (read_parameters(f, boot, error) || read_media_byte(f, sectors, error));
    if (!good) {
        free(f);
        return NULL;
    }
    read_flags(f);
    return f;
}

void fat_close(struct fat *f)
{
    free(f);
}

void fat_show_deleted(struct fat *f)
{
    f->deleted = true;
}

void fat_use_code_page(struct fat *f, unsigned page)
{
    f->code_page = page;
}

const struct fat_info *fat_info(const struct fat *f)
{
    return &f->info;
}

/* --- Folders --- */

static void place_at(struct fat_place *p, uint32_t cluster, bool root)
{
    *p = (struct fat_place){.first = cluster, .root = root};
}

void fat_folder_open(const struct fat *f, const struct fat_entry *folder, struct fat_folder *to)
{
    uint32_t cluster = folder ? folder->cluster : 0;

    to->next = 0;
    place_at(&to->place, cluster ? cluster : f->root_cluster, !cluster && !f->root_cluster);
}

/* Reads the raw entry and steps over it. */
static enum fat_next raw_next(struct fat *f, struct fat_folder *d, uint8_t raw[32], struct error *error)
{
    uint64_t offset = d->next * 32u, at;
    const uint8_t *sector;
    bool end = false;

    if (d->next >= (d->place.root ? f->root_entries : FOLDER_LIMIT))
        return FAT_END;
    if (d->place.root) {
        at = f->root + offset / SECTOR_SIZE;
    } else {
        if (offset >= f->info.cluster && is_freed(f, d->place.first))
            return FAT_END;
        if (!place_move(f, &d->place, (uint32_t)(offset / f->info.cluster), &end, error))
            return FAT_FAULT;
        if (end)
            return FAT_END;
        at = cluster_sector(f, d->place.cluster, (uint32_t)offset);
    }
    if (!(sector = data_get(f, at, error)))
        return FAT_FAULT;
    memcpy(raw, sector + offset % SECTOR_SIZE, 32);
    d->next++;
    return raw[0] ? FAT_ENTRY : FAT_END;
}

/* A long name is built from its parts, which come last part first. */
struct long_name {
    uint8_t units[LONG_PARTS * 13 * 2];
    uint8_t expected, parts, checksum; /* the next part's number; 0: none is wanted */
};

static void long_name_add(struct long_name *n, const uint8_t raw[32])
{
    static const uint8_t at[13] = {1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};
    uint8_t part = raw[0] & 0x1F;

    if (raw[0] & 0x40) {
        n->parts = n->expected = part;
        n->checksum = raw[13];
    }
    if (part == 0 || part > LONG_PARTS || part != n->expected || raw[13] != n->checksum) {
        n->parts = n->expected = 0;
        return;
    }
    for (unsigned i = 0; i < 13; i++)
        memcpy(n->units + ((part - 1u) * 13 + i) * 2, raw + at[i], 2);
    n->expected--;
}

/* A label is a name of 11 characters. */
static void label_name(const struct fat *f, char *to, const uint8_t *raw)
{
    unsigned length = 11;

    while (length && raw[length - 1] == ' ')
        length--;
    to[codepage_utf8(f->code_page, raw, length, to)] = '\0';
}

static void entry_name(const struct fat *f, struct fat_entry *e, const uint8_t raw[32], const struct long_name *n)
{
    uint8_t sum = 0;
    unsigned units = 0;

    for (unsigned i = 0; i < 11; i++)
        sum = (uint8_t)((sum << 7 | sum >> 1) + raw[i]);
    codepage_short_name(f->code_page, raw, raw[12], e->short_name);
    if (e->attributes & FAT_LABEL)
        label_name(f, e->short_name, raw);
    if (n->parts && !n->expected && n->checksum == sum && !(e->attributes & FAT_LABEL)) {
        while (units < n->parts * 13u && units < 255 && get_le16(n->units + 2 * units))
            units++;
        utf16_copy(e->name, n->units, units);
    }
    if (!units)
        memcpy(e->name, e->short_name, sizeof e->short_name);
}

enum fat_next fat_folder_next(struct fat *f, struct fat_folder *d, struct fat_entry *e, struct error *error)
{
    struct long_name name = {.parts = 0};
    uint8_t raw[32];
    enum fat_next next;
    bool lost, freed; /* it, or its folder, was deleted; its first cluster is free */

    while ((next = raw_next(f, d, raw, error)) == FAT_ENTRY) {
        if (raw[0] == 0xE5 || (raw[0] == '.' && raw[11] & FAT_FOLDER)) {
            name.parts = 0;
            if (raw[0] != 0xE5 || !f->deleted || raw[11] & FAT_LABEL)
                continue;
        } else if ((raw[11] & 0x3F) == LONG_NAME) {
            long_name_add(&name, raw);
            continue;
        }
        memset(e, 0, sizeof *e);
        memcpy(e->raw_name, raw, 11);
        e->attributes = raw[11];
        e->cluster = get_le16(raw + 26) | (f->info.bits == 32 ? (uint32_t)get_le16(raw + 20) << 16 : 0);
        e->size = raw[11] & FAT_FOLDER ? 0 : get_le32(raw + 28);
        e->created = (struct fat_time){get_le16(raw + 16), get_le16(raw + 14)};
        e->created_hundredths = raw[13] < 200 ? raw[13] : 0;
        e->modified = (struct fat_time){get_le16(raw + 24), get_le16(raw + 22)};
        e->accessed = (struct fat_time){get_le16(raw + 18), 0};
        lost = raw[0] == 0xE5 || (!d->place.root && is_freed(f, d->place.first));
        freed = is_freed(f, e->cluster);
        if (lost && (e->cluster ? !freed : e->size || e->attributes & FAT_FOLDER))
            continue; /* somebody else has its first cluster */
        e->deleted = lost || freed;
        if (raw[0] == 0xE5)
            raw[0] = '_';
        entry_name(f, e, raw, &name);
        return FAT_ENTRY;
    }
    return next;
}

/* Compares a name with the part of a path before the next slash. */
static bool name_is(const char *name, const char *part, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        char a = name[i], b = part[i];

        if (a >= 'a' && a <= 'z')
            a -= 'a' - 'A';
        if (b >= 'a' && b <= 'z')
            b -= 'a' - 'A';
        if (a != b)
            return false; /* the end of the name as well */
    }
    return name[length] == '\0';
}

bool fat_find(struct fat *f, const char *path, struct fat_entry *entry, struct error *error)
{
    struct fat_folder folder;
    struct error ignored;
    enum fat_next next;
    bool in_root = true;

    if (!error)
        error = &ignored;
    error->status = STATUS_OK;
    for (;;) {
        size_t length = strcspn(path, "/");

        fat_folder_open(f, in_root ? NULL : entry, &folder);
        while ((next = fat_folder_next(f, &folder, entry, error)) == FAT_ENTRY)
            if (!(entry->attributes & FAT_LABEL) &&
                (name_is(entry->name, path, length) || name_is(entry->short_name, path, length)))
                break;
        if (next != FAT_ENTRY)
            return false;
        if (!path[length])
            return true;
        if (!(entry->attributes & FAT_FOLDER) || !entry->cluster)
            return false;
        in_root = false;
        path += length + 1;
    }
}

/* --- Files --- */

void fat_file_open(const struct fat *f, const struct fat_entry *entry, struct fat_file *file)
{
    (void)f;
    place_at(&file->place, entry->cluster, false);
    file->size = entry->attributes & FAT_FOLDER ? 0 : entry->size;
}

/* Moves to the cluster of a byte of the file, which must have one. */
static bool file_move(struct fat *f, struct fat_file *file, uint32_t offset, struct error *error)
{
    bool end;

    if (!place_move(f, &file->place, offset / f->info.cluster, &end, error))
        return false;
    return !end || damaged(error, file->place.cluster, "the chain of clusters is shorter than its file");
}

bool fat_file_place(struct fat *f, struct fat_file *file, uint32_t offset, uint64_t *place, struct error *error)
{
    if (!file_move(f, file, offset, error))
        return false;
    *place = (f->first + cluster_sector(f, file->place.cluster, offset)) * SECTOR_SIZE + offset % SECTOR_SIZE;
    return true;
}

/* How many whole sectors of the file lie one after the other from here on, up to `most`; at least 1. The place is in
 * the cluster of `offset`. */
static uint32_t sectors_ahead(struct fat *f, struct fat_file *file, uint32_t offset, uint32_t most)
{
    uint32_t in_cluster = f->info.cluster / SECTOR_SIZE;
    uint32_t count = in_cluster - offset % f->info.cluster / SECTOR_SIZE;
    struct fat_place place = file->place;
    struct error ignored;
    bool end;

    for (uint32_t last = place.cluster; count < most; last = place.cluster, count += in_cluster)
        if (!place_move(f, &place, place.index + 1, &end, &ignored) || end || place.cluster != last + 1)
            break;
    return count < most ? count : most;
}

bool fat_file_read(struct fat *f, struct fat_file *file, uint32_t offset, void *buffer, size_t size, size_t *got,
                   struct error *error)
{
    const uint8_t *sector;
    uint8_t *to = buffer;

    *got = 0;
    if (offset >= file->size)
        return true;
    if (size > file->size - offset)
        size = file->size - offset;
    while (*got < size) {
        uint32_t at = offset + (uint32_t)*got, within = at % SECTOR_SIZE;
        size_t part = SECTOR_SIZE - within < size - *got ? SECTOR_SIZE - within : size - *got;

        if (!file_move(f, file, at, error))
            return false;
        uint64_t from = cluster_sector(f, file->place.cluster, at);
        uint32_t whole = within ? 0 : (uint32_t)((size - *got) / SECTOR_SIZE);
        if (whole > 1 && disk_get(f->disk, f->first + from, whole = sectors_ahead(f, file, at, whole), to + *got)) {
            *got += (size_t)whole * SECTOR_SIZE;
            continue;
        }
        sector = data_get(f, from, error);
        if (!sector)
            return false;
        memcpy(to + *got, sector + within, part);
        *got += part;
    }
    return true;
}
