/* cvf.c - see cvf.h. */
#include "formats/volumes/cvf.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "formats/volumes/disk.h"
#include "formats/volumes/fat.h"

/* clang-format off */
enum {
    CLUSTER_SECTORS = 64,        /* of a cluster at most */
    RUN_LIMIT = 1 << 20,         /* of the file on its host */
    SYNC = 0x113F                /* in place of an offset: 512 bytes have been unpacked */
};
/* clang-format on */

struct run {
    uint64_t at, place, count; /* sectors: of the file, of the disk */
};

struct cvf {
    const struct block *disk;
    struct run *runs; /* of the file; owned */
    size_t run_count;
    uint64_t sectors; /* of the file */
    bool third;       /* DriveSpace 3 */
    const char *kind;
    uint32_t cluster;                               /* sectors of one */
    uint32_t mdfat, fat, fat_size, root, root_size; /* sectors of the file */
    int32_t offset;                                 /* between the number of a cluster and its entry in the MDFAT */
    struct block block;                             /* what is in it */
    uint8_t boot[SECTOR_SIZE];                      /* its first sector, which we make */
    uint64_t entries_at;                            /* the sector of the MDFAT that is in `entries`; 0: none */
    uint8_t entries[SECTOR_SIZE];
    uint32_t kept; /* the cluster in `plain`; 0: none */
    uint8_t plain[CLUSTER_SECTORS * SECTOR_SIZE], packed[CLUSTER_SECTORS * SECTOR_SIZE];
    const char *reason; /* why `failed` could not be read; null: nothing */
    uint32_t failed;    /* cluster */
};

/* --- Codes --- */

/* Bits of a packed cluster, the lowest of a byte first; zeros after its end. */
struct bits {
    const uint8_t *bytes;
    size_t size; /* bytes */
    size_t at;   /* bits */
};

static uint32_t peek(const struct bits *b)
{
    uint32_t value = 0;

    for (size_t i = 0; i < 4; i++)
        value |= (uint32_t)(b->at / 8 + i < b->size ? b->bytes[b->at / 8 + i] : 0) << 8 * i;
    return value >> b->at % 8;
}

static uint32_t take(struct bits *b, unsigned count)
{
    uint32_t value = peek(b) & ((1u << count) - 1);

    b->at += count;
    return value;
}

/* n zeros, a one, n bits; n is at most 8. 0: it is none. */
static uint32_t take_length(struct bits *b)
{
    unsigned n = 0;

    while (n <= 8 && !take(b, 1))
        n++;
    return n <= 8 ? (1u << n) + 2 + take(b, n) : 0;
}

/* An offset of JM: of 6 bits, or from 64 on of 8, or from 320 on of 12. */
static uint32_t take_offset(struct bits *b)
{
    if (!take(b, 1))
        return take(b, 6);
    return take(b, 1) ? take(b, 12) + 320 : take(b, 8) + 64;
}

/* A byte or an offset. DS begins with two bits, JM with one or two. False: it is an offset. */
static bool take_literal(struct bits *b, bool jm, uint8_t *byte, uint32_t *offset)
{
    const uint32_t kind = peek(b) & 3;

    if (jm && kind == 1) {
        b->at += 2;
        *offset = take_offset(b);
        return false;
    }
    if (jm) { /* below 80h in 8 bits, from there on in 9 */
        b->at += kind == 3 ? 2 : 1;
        *byte = (uint8_t)(take(b, 7) | (kind == 3 ? 0x80 : 0));
        return true;
    }
    b->at += 2;
    if (kind == 1 || kind == 2) {
        *byte = (uint8_t)(take(b, 7) | (kind == 1 ? 0x80 : 0));
        return true;
    }
    *offset = kind == 0 ? take(b, 6) : take(b, 1) ? take(b, 12) + 320 : take(b, 8) + 64;
    return false;
}

static const char *unpack_bits(struct bits *b, bool jm, uint8_t *to, size_t wanted)
{
    for (size_t done = 0; done < wanted;) {
        uint8_t byte;
        uint32_t offset;
        if (b->at > b->size * 8)
            return "its packed bytes end too early";
        if (take_literal(b, jm, &byte, &offset)) {
            to[done++] = byte;
            continue;
        }
        if (offset == SYNC) {
            if (done % SECTOR_SIZE)
                return "its packed bytes are damaged: a mark is in the wrong place";
            continue;
        }
        uint32_t length = take_length(b);
        length -= length && !jm;
        if (!length || !offset || offset > done || length > wanted - done)
            return "its packed bytes are damaged: they repeat what is not there";
        for (; length > 0; length--, done++)
            to[done] = to[done - offset];
    }
    return NULL;
}

/* SQ is DEFLATE (RFC 1951). */
static const char *inflate_all(const uint8_t *packed, size_t size, uint8_t *to, size_t wanted)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)packed, .avail_in = (uInt)size};

    z.next_out = to;
    z.avail_out = (uInt)wanted;
    if (inflateInit2(&z, -15) != Z_OK)
        return "memory is short";
    inflate(&z, Z_FINISH);
    inflateEnd(&z);
    return z.avail_out ? "its packed bytes are damaged" : NULL;
}

const char *cvf_unpack(const uint8_t *packed, size_t size, uint8_t *to, size_t wanted)
{
    struct bits bits = {packed, size, 32};
    bool jm = size >= 4 && !memcmp(packed, "JM\0", 3) && packed[3] <= 1;

    if (size > 4 && !memcmp(packed, "SQ\0\0", 4))
        return inflate_all(packed + 4, size - 4, to, wanted);
    if (jm || (size >= 4 && !memcmp(packed, "DS\0", 3) && packed[3] <= 2))
        return unpack_bits(&bits, jm, to, wanted);
    return "it is packed in a way that is not known";
}

/* --- The file on its host --- */

/* Reads sectors of the file. */
static bool file_get(const struct cvf *c, uint64_t sector, uint32_t count, uint8_t *to)
{
    size_t low = 0, high = c->run_count;

    if (sector > c->sectors || count > c->sectors - sector)
        return false;
    while (count > 0) {
        for (high = c->run_count; high - low > 1;) {
            size_t middle = low + (high - low) / 2;
            *(c->runs[middle].at <= sector ? &low : &high) = middle;
        }
        const struct run *run = &c->runs[low];
        uint64_t in = sector - run->at;
        uint32_t part = run->count - in < count ? (uint32_t)(run->count - in) : count;
        if (!disk_get(c->disk, run->place + in, part, to))
            return false;
        sector += part;
        count -= part;
        to += (size_t)part * SECTOR_SIZE;
    }
    return true;
}

static bool add_run(struct cvf *c, uint64_t place, uint64_t count)
{
    struct run *last = c->run_count ? &c->runs[c->run_count - 1] : NULL, *more;

    if (last && last->place + last->count == place) {
        last->count += count;
    } else {
        if (!(c->run_count & (c->run_count - 1)) && c->run_count < RUN_LIMIT) {
            more = realloc(c->runs, (c->run_count ? c->run_count * 2 : 1) * sizeof *more);
            if (!more)
                return false;
            c->runs = more;
        } else if (c->run_count >= RUN_LIMIT) {
            return false;
        }
        c->runs[c->run_count++] = (struct run){c->sectors, place, count};
    }
    c->sectors += count;
    return true;
}

static bool find_runs(struct cvf *c, const struct volume *volume, struct error *error)
{
    struct fat *fat = fat_open(c->disk, volume->first, volume->sectors, error);
    struct fat_entry entry;
    struct fat_file file;
    uint64_t place;
    bool good = fat;

    good = good && (fat_find(fat, volume->within, &entry, error) ||
                    (error->status == STATUS_OK &&
                     error_set(error, STATUS_INPUT, volume->within, NULL, NULL, "is not on its host volume")));
    if (good)
        fat_file_open(fat, &entry, &file);
    for (uint32_t at = 0, step = fat ? fat_info(fat)->cluster : 0;
         good && at < entry.size / SECTOR_SIZE * SECTOR_SIZE;) {
        uint32_t left = entry.size / SECTOR_SIZE * SECTOR_SIZE - at;
        good = fat_file_place(fat, &file, at, &place, error) &&
               (add_run(c, place / SECTOR_SIZE, (left < step ? left : step) / SECTOR_SIZE) ||
                error_set(error, STATUS_HOST, volume->within, NULL, NULL, "lies in too many pieces"));
        at += left < step ? left : step;
    }
    fat_close(fat);
    return good;
}

/* --- Clusters --- */

/* The entry of a cluster: 4 bytes, or 5 of which 102 are in a sector. */
static bool entry_of(struct cvf *c, uint32_t cluster, uint64_t *entry)
{
    const unsigned size = c->third ? 5 : 4, in_sector = SECTOR_SIZE / size;
    const int64_t index = (int64_t)cluster + c->offset;
    const uint64_t sector = c->mdfat + (uint64_t)index / in_sector;

    if (index < 0)
        return false;
    if (c->entries_at != sector) {
        c->entries_at = 0;
        if (!file_get(c, sector, 1, c->entries))
            return false;
        c->entries_at = sector;
    }
    *entry = 0;
    for (unsigned i = 0; i < size; i++)
        *entry |= (uint64_t)c->entries[(uint64_t)index % in_sector * size + i] << 8 * i;
    return true;
}

/* Brings a cluster into `plain`; null, or why not. */
static const char *load(struct cvf *c, uint32_t cluster)
{
    /* Where the fields of an entry begin, and how many bits they have. */
    const unsigned start_bits = c->third ? 24 : 21, kept = c->third ? 26 : 22, bits = c->third ? 6 : 4;
    uint64_t entry;

    c->kept = 0;
    memset(c->plain, 0, sizeof c->plain);
    if (!entry_of(c, cluster, &entry))
        return "its entry in the MDFAT cannot be read";
    const uint64_t flags = entry >> (kept + 2 * bits), first = (entry & ((1u << start_bits) - 1)) + 1;
    const uint32_t here = (uint32_t)(entry >> kept & ((1u << bits) - 1)) + 1,
                   whole = (uint32_t)(entry >> (kept + bits) & ((1u << bits) - 1)) + 1;
    if (flags & 2) {
        if (here > c->cluster || whole > c->cluster)
            return "its entry in the MDFAT claims more than a cluster";
        if (c->third && entry >> 25 & 1)
            return "it is in fragments (DriveSpace 3), which are not read";
        if (!file_get(c, first, here, flags & 1 ? c->plain : c->packed))
            return "it lies outside the file, or cannot be read";
        const char *wrong = flags & 1
                                ? NULL
                                : cvf_unpack(c->packed, here * SECTOR_SIZE, c->plain, (size_t)whole * SECTOR_SIZE);
        if (wrong)
            return wrong;
    }
    c->kept = cluster;
    return NULL;
}

static bool get_one(struct cvf *c, uint64_t sector, uint8_t *to)
{
    if (sector == 0) {
        memcpy(to, c->boot, SECTOR_SIZE);
        return true;
    }
    if (--sector < c->fat_size)
        return file_get(c, c->fat + sector, 1, to);
    if ((sector -= c->fat_size) < c->root_size)
        return file_get(c, c->root + sector, 1, to);
    sector -= c->root_size;
    const uint32_t cluster = (uint32_t)(sector / c->cluster) + 2;
    if (c->kept != cluster && (c->reason = load(c, cluster))) {
        c->failed = cluster;
        return false;
    }
    memcpy(to, c->plain + sector % c->cluster * SECTOR_SIZE, SECTOR_SIZE);
    return true;
}

static enum block_result read_sectors(void *context, uint64_t sector, uint32_t count, uint8_t *buffer, uint32_t *done)
{
    for (*done = 0; *done < count; ++*done)
        if (!get_one(context, sector + *done, buffer + (size_t)*done * SECTOR_SIZE))
            return BLOCK_UNREADABLE;
    return BLOCK_OK;
}

bool cvf_failure(struct cvf *c, struct error *error)
{
    const char *reason = c->reason;
    char place[32];

    c->reason = NULL;
    snprintf(place, sizeof place, "cluster %lu", (unsigned long)c->failed);
    if (reason)
        error_set(error, STATUS_WRONG, c->kind, place, NULL, "%s", reason);
    return reason;
}

/* --- Opening --- */

/* The boot sector of a volume as FAT readers know it. */
static void make_boot_sector(struct cvf *c, uint32_t entries)
{
    uint8_t *b = c->boot;

    memcpy(b, "\xEB\x3C\x90MUNIMENT", 11);
    put_le(b + 11, SECTOR_SIZE, 2);
    b[13] = (uint8_t)c->cluster;
    put_le(b + 14, 1, 2);
    b[16] = 1; /* copies of the FAT */
    put_le(b + 17, entries, 2);
    b[21] = 0xF8;
    put_le(b + 22, c->fat_size, 2);
    put_le(b + 32, c->block.sectors, 4);
    put_le(b + 510, 0xAA55, 2);
}

static bool unsound(struct error *error, const char *what)
{
    return error_set(error, STATUS_WRONG, "compressed volume", NULL, NULL, "%s", what);
}

static bool lay_out(struct cvf *c, struct error *error)
{
    uint8_t b[SECTOR_SIZE], inner[SECTOR_SIZE];

    if (!file_get(c, 0, 1, b) || (memcmp(b + 3, "MSDBL6.0", 8) && memcmp(b + 3, "MSDSP6.0", 8)))
        return unsound(error, "is none of DoubleSpace or DriveSpace");
    const uint32_t boot = get_le16(b + 39), entries = get_le16(b + 17);
    c->cluster = b[13];
    c->third = b[51] == 3 || c->cluster > 16;
    c->kind = c->third ? "DriveSpace 3" : b[51] == 2 ? "DriveSpace" : "DoubleSpace";
    c->mdfat = get_le16(b + 36) + 1u;
    c->offset = (int16_t)get_le16(b + 45);
    c->fat = boot + get_le16(b + 14);
    c->root = boot + get_le16(b + 41);
    c->root_size = (entries * 32 + SECTOR_SIZE - 1) / SECTOR_SIZE;
    if (!c->cluster || c->cluster > CLUSTER_SECTORS || c->cluster & (c->cluster - 1) || !entries || c->fat >= c->root ||
        c->root >= c->sectors || boot <= c->mdfat || !file_get(c, boot, 1, inner))
        return unsound(error, "its first sector contradicts itself");
    const bool wide = !memcmp(inner + 57, "16  ", 4) || (memcmp(inner + 57, "12  ", 4) && get_le16(b + 62) > 32);
    c->fat_size = c->root - c->fat;
    /* What FAT and MDFAT have room for, and what DOS takes of that; the reader of FAT goes by this number. */
    const int64_t in_mdfat = (int64_t)(boot - c->mdfat) * (c->third ? 102 : 128) - c->offset,
                  in_fat = (int64_t)c->fat_size * SECTOR_SIZE * 8 / (wide ? 16 : 12),
                  stated = ((int64_t)get_le32(b + 32) - get_le16(b + 22) - get_le16(b + 14) - entries / 16) /
                           c->cluster;
    int64_t clusters = (in_mdfat < in_fat ? in_mdfat : in_fat) - 2;
    clusters = stated > 0 && stated < clusters ? stated : clusters;
    if (clusters < 1)
        return unsound(error, "has no room for clusters");
    if (wide)
        clusters = clusters < 4085 ? 4085 : clusters > 65524 ? 65524 : clusters;
    else if (clusters > 4084)
        clusters = 4084;
    if (c->fat_size > 256)
        c->fat_size = 256;
    c->block = (struct block){.context = c, .read_only = true, .read = read_sectors};
    c->block.sectors = 1 + c->fat_size + c->root_size + (uint64_t)clusters * c->cluster;
    make_boot_sector(c, entries);
    return true;
}

struct cvf *cvf_open(const struct block *disk, const struct volume *volume, struct error *error)
{
    struct cvf *c = calloc(1, sizeof *c);
    bool good = c;

    if (!c) {
        error_set(error, STATUS_HOST, "compressed volume", NULL, NULL, "out of memory");
        return NULL;
    }
    c->disk = disk;
    if (*volume->within)
        good = find_runs(c, volume, error);
    else
        good = add_run(c, volume->first, volume->sectors) || unsound(error, "out of memory");
    if (good && c->run_count && lay_out(c, error))
        return c;
    if (good && !c->run_count)
        unsound(error, "is empty");
    cvf_close(c);
    return NULL;
}

void cvf_close(struct cvf *c)
{
    free(c->runs);
    free(c);
}

const struct block *cvf_block(const struct cvf *c)
{
    return &c->block;
}

const char *cvf_kind(const struct cvf *c)
{
    return c->kind;
}

bool compressed_volume_name(const char *name, uint32_t *number)
{
    if ((strncmp(name, "DRVSPACE.", 9) && strncmp(name, "DBLSPACE.", 9)) || strlen(name) != 12 ||
        strspn(name + 9, "0123456789") != 3)
        return false;
    *number = (uint32_t)strtoul(name + 9, NULL, 10);
    return *number < 255;
}
