/* hpfs_files.c - the files of an HPFS volume, as files.h offers them.
 *
 * From R. Duncan, "Design goals and implementation of the new High Performance File System" (Microsoft Systems Journal
 * 4/5, 1989) and D. Bridges, "Inside the High Performance File System" (1996). All numbers are of sectors of 512 bytes
 * from the beginning of the volume. A folder is a B-tree of directory blocks of four sectors, which its fnode names; a
 * file is a B+ tree of runs, whose root is in its fnode. Extended attributes are not read. */
#include "formats/volumes/hpfs_files.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "formats/codepage.h"
#include "formats/volumes/disk.h"

/* clang-format off */
enum {
    SUPER = 16, SPARE = 17,                 /* sectors */
    BLOCK = 4,                              /* sectors of a directory block, of the list of hot fixes */
    CODE_PAGES = 31, HOT_FIXES = 256,       /* at most */
    DEPTH = 16,                             /* of a tree: a B-tree of 2^32 sectors has fewer */
    RUN_LIMIT = 1 << 20                     /* of a file */
};

#define FNODE_SIGNATURE  0xF7E40AAEu
#define ANODE_SIGNATURE  0x37E40AAEu
#define DIRBLK_SIGNATURE 0x77E40AAEu
#define CODE_PAGE_SIGNATURE 0x494521F7u

/* Of a directory entry. */
enum { ENTRY_FIRST = 0x01, ENTRY_DOWN = 0x04, ENTRY_LAST = 0x08, ENTRY_FOLDER = 0x10, ENTRY_LEAST = 32 };
/* clang-format on */

struct hpfs {
    const struct block *disk;
    uint64_t first;
    uint32_t sectors, root;
    uint16_t code_page;              /* of the names whose index leads nowhere */
    uint16_t code_pages[CODE_PAGES]; /* by the index that names have; 0: none */
    uint32_t bad[HOT_FIXES];         /* sectors that were replaced */
    uint32_t instead[HOT_FIXES];     /* by these */
    uint32_t hot_fixes;
    uint32_t fnode; /* whose runs these are; 0: nobody's */
    struct file_run *runs;
    size_t run_count, run_capacity;
    uint32_t nodes; /* of its tree that may still be read: each has a sector of its own */
    bool damaged;   /* there would be more */
    struct error damage;
};

static bool damaged(struct error *error, uint64_t sector, const char *what)
{
    char place[32];

    snprintf(place, sizeof place, "sector %" PRIu64, sector);
    return error_set(error, STATUS_WRONG, "HPFS", place, NULL, "%s", what);
}

/* Where a sector lies on the disk: a bad one was replaced. */
static uint64_t place_of(const struct hpfs *h, uint32_t sector)
{
    for (uint32_t i = 0; i < h->hot_fixes; i++)
        if (h->bad[i] == sector)
            return h->first + h->instead[i];
    return h->first + sector;
}

static bool get(const struct hpfs *h, uint32_t sector, uint32_t count, uint8_t *to, struct error *error)
{
    if (sector >= h->sectors || count > h->sectors - sector)
        return damaged(error, sector, "is outside the volume");
    for (uint32_t i = 0; i < count; i++)
        if (!disk_get(h->disk, place_of(h, sector + i), 1, to + i * SECTOR_SIZE))
            return damaged(error, sector + i, "cannot be read");
    return true;
}

/* Reads a structure that begins with its signature. */
static bool get_signed(const struct hpfs *h, uint32_t sector, uint32_t count, uint32_t signature, uint8_t *to,
                       struct error *error)
{
    return get(h, sector, count, to, error) &&
           (get_le32(to) == signature || damaged(error, sector, "is not what leads there"));
}

/* --- Folders --- */

struct listing {
    const struct hpfs *hpfs;
    file_each *each;
    void *context;
    uint32_t blocks; /* that may still be read: a tree in a circle ends */
    bool stopped;    /* each wants no more */
    bool damaged;
    struct error *error; /* of what was damaged first */
};

static void note(struct listing *l, const struct error *error)
{
    if (!l->damaged)
        *l->error = *error;
    l->damaged = true;
}

static void name_of(const struct hpfs *h, const uint8_t *e, char *to)
{
    const unsigned index = e[0x1D] & 0x7Fu;
    const uint16_t page = index < CODE_PAGES ? h->code_pages[index] : 0;

    to[codepage_utf8(page ? page : h->code_page, e + 0x1F, e[0x1E], to)] = '\0';
}

/* Dates are seconds since 1970 by the guest's clock. */
static struct file_time time_of(const uint8_t *e)
{
    return file_time_of(get_le32(e), 0, FILE_LOCAL, UINT64_C(1000000000));
}

static void entry_of(const struct hpfs *h, const uint8_t *e, struct file_entry *to)
{
    memset(to, 0, sizeof *to);
    name_of(h, e, to->name);
    to->attributes = e[3] & (FILE_READ_ONLY | FILE_HIDDEN | FILE_SYSTEM | FILE_ARCHIVE);
    to->kind = e[3] & ENTRY_FOLDER ? FILE_FOLDER : FILE_REGULAR;
    to->id = get_le32(e + 4);
    to->size = to->kind == FILE_FOLDER ? 0 : get_le32(e + 12);
    to->modified = time_of(e + 8);
    to->accessed = time_of(e + 16);
    to->created = time_of(e + 20);
}

/* The entries of a directory block and of the blocks below it, in their order. What is damaged is noted, and the rest
 * comes out. */
static void list_block(struct listing *l, uint32_t sector, unsigned depth)
{
    uint8_t block[BLOCK * SECTOR_SIZE];
    struct file_entry entry;
    struct error error;
    uint32_t at = 0x14, end;

    if (depth == DEPTH || l->blocks == 0) {
        damaged(&error, sector, "the folder's tree is too deep, or leads back to itself");
        note(l, &error);
        return;
    }
    l->blocks--;
    if (!get_signed(l->hpfs, sector, BLOCK, DIRBLK_SIGNATURE, block, &error)) {
        note(l, &error);
        return;
    }
    end = get_le32(block + 4) < sizeof block ? get_le32(block + 4) : sizeof block;
    while (!l->stopped && at + ENTRY_LEAST <= end) {
        const uint8_t *e = block + at;
        const uint32_t length = get_le16(e), down = e[2] & ENTRY_DOWN ? 4 : 0;
        if (length < 0x1Fu + e[0x1E] + down || length > end - at) {
            damaged(&error, sector, "an entry of the folder is damaged");
            note(l, &error);
            return;
        }
        if (down)
            list_block(l, get_le32(e + length - 4), depth + 1);
        if (e[2] & ENTRY_LAST)
            return;
        if (!(e[2] & ENTRY_FIRST) && !l->stopped) {
            entry_of(l->hpfs, e, &entry);
            l->stopped = !l->each(l->context, &entry);
        }
        at += length;
    }
    if (!l->stopped) {
        damaged(&error, sector, "a block of the folder has no end");
        note(l, &error);
    }
}

static bool list(void *context, uint64_t folder, file_each *each, void *each_context, struct error *error)
{
    const struct hpfs *h = context;
    const uint32_t fnode = folder ? (uint32_t)folder : h->root;
    struct listing l = {h, each, each_context, h->sectors / BLOCK, false, false, error};
    uint8_t sector[SECTOR_SIZE];

    if (folder > UINT32_MAX)
        return damaged(error, folder, "is outside the volume");
    if (!get_signed(h, fnode, 1, FNODE_SIGNATURE, sector, error))
        return false;
    if (!(sector[0x37] & 1))
        return damaged(error, fnode, "is not the fnode of a folder");
    list_block(&l, get_le32(sector + 0x48), 0);
    return l.stopped || !l.damaged;
}

/* --- Files --- */

static bool add_run(struct hpfs *h, uint64_t at, uint64_t place, uint64_t length)
{
    struct file_run *last = h->run_count ? &h->runs[h->run_count - 1] : NULL;

    if (last && last->at + last->length == at && last->place + last->length == place) {
        last->length += length;
        return true;
    }
    if (h->run_count == h->run_capacity) {
        size_t capacity = h->run_capacity ? h->run_capacity * 2 : 64;
        struct file_run *runs = capacity <= RUN_LIMIT ? realloc(h->runs, capacity * sizeof *runs) : NULL;
        if (!runs)
            return error_set(&h->damage, STATUS_WRONG, "HPFS", NULL, NULL, "a file lies in too many pieces");
        h->runs = runs;
        h->run_capacity = capacity;
    }
    h->runs[h->run_count++] = (struct file_run){at, place, length};
    return true;
}

/* Adds a run of sectors, of which single ones may have been replaced. */
static bool add_sectors(struct hpfs *h, uint32_t of, uint32_t at, uint32_t count, uint32_t sector)
{
    const struct file_run *last = h->run_count ? &h->runs[h->run_count - 1] : NULL;
    const uint64_t next = last ? (last->at + last->length) / SECTOR_SIZE : 0;
    bool good = true;

    if (at != next)
        return damaged(&h->damage, of, "the runs of the file have a gap, or overlap");
    if (sector >= h->sectors || count > h->sectors - sector)
        return damaged(&h->damage, of, "a run of the file is outside the volume");
    if (h->hot_fixes == 0)
        return count == 0 ||
               add_run(h, (uint64_t)at * SECTOR_SIZE, (h->first + sector) * SECTOR_SIZE, (uint64_t)count * SECTOR_SIZE);
    for (uint32_t i = 0; good && i < count; i++)
        good = add_run(h, ((uint64_t)at + i) * SECTOR_SIZE, place_of(h, sector + i) * SECTOR_SIZE, SECTOR_SIZE);
    return good;
}

/* The runs of a node and of those below it: `node` is its header, `size` the bytes from there to the end of its array.
 */
static bool add_node(struct hpfs *h, uint32_t sector, const uint8_t *node, size_t size, unsigned depth)
{
    const bool internal = node[0] & 0x80;
    const size_t step = internal ? 8 : 12, used = node[5];
    uint8_t below[SECTOR_SIZE];

    if (8 + used * step > size || depth == DEPTH || h->nodes-- == 0)
        return damaged(&h->damage, sector, "the tree of the file's runs is damaged");
    for (const uint8_t *e = node + 8, *end = e + used * step; e < end; e += step)
        if (internal ? !get_signed(h, get_le32(e + 4), 1, ANODE_SIGNATURE, below, &h->damage) ||
                           !add_node(h, get_le32(e + 4), below + 12, SECTOR_SIZE - 12, depth + 1)
                     : !add_sectors(h, sector, get_le32(e), get_le32(e + 4), get_le32(e + 8)))
            return false;
    return true;
}

/* Finds the runs of a file, unless they are those that are known. */
static void find_runs(struct hpfs *h, uint32_t fnode)
{
    uint8_t sector[SECTOR_SIZE];

    if (h->fnode == fnode)
        return;
    h->fnode = fnode;
    h->run_count = 0;
    h->nodes = h->sectors;
    h->damaged = !get_signed(h, fnode, 1, FNODE_SIGNATURE, sector, &h->damage) ||
                 !add_node(h, fnode, sector + 0x38, 0xA0 - 0x38, 0);
}

/* The run that holds a place of the file; null: none does. */
static const struct file_run *run_at(const struct hpfs *h, uint64_t offset)
{
    size_t low = 0, high = h->run_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (h->runs[middle].at + h->runs[middle].length <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low < h->run_count ? &h->runs[low] : NULL;
}

static bool read_file(void *context, const struct file_entry *e, uint64_t offset, void *buffer, size_t size,
                      size_t *got, struct error *error)
{
    struct hpfs *h = context;
    const uint64_t left = offset < e->size ? e->size - offset : 0;
    uint8_t sector[SECTOR_SIZE];

    *got = 0;
    if (size > left)
        size = (size_t)left;
    find_runs(h, (uint32_t)e->id);
    while (*got < size) {
        const struct file_run *run = run_at(h, offset + *got);
        const size_t in_sector = (size_t)((offset + *got) % SECTOR_SIZE);
        if (!run) {
            *error = h->damage;
            return h->damaged ? false : damaged(error, e->id, "the file ends before its length");
        }
        const uint64_t place = run->place + (offset + *got - run->at), rest = run->at + run->length - offset - *got;
        size_t part = size - *got < rest ? size - *got : (size_t)rest;
        uint8_t *to = (uint8_t *)buffer + *got;
        bool whole = !in_sector && part >= SECTOR_SIZE;
        part = whole                            ? part / SECTOR_SIZE * SECTOR_SIZE
               : part < SECTOR_SIZE - in_sector ? part
                                                : SECTOR_SIZE - in_sector;
        if (!disk_get(h->disk, place / SECTOR_SIZE, whole ? (uint32_t)(part / SECTOR_SIZE) : 1, whole ? to : sector))
            return damaged(error, place / SECTOR_SIZE - h->first, "cannot be read");
        if (!whole)
            memcpy(to, sector + in_sector, part);
        *got += part;
    }
    return true;
}

static bool runs(void *context, const struct file_entry *e, file_each_run *each, void *each_context,
                 struct error *error)
{
    struct hpfs *h = context;

    find_runs(h, (uint32_t)e->id);
    for (size_t i = 0; i < h->run_count && h->runs[i].at < e->size; i++) {
        struct file_run run = h->runs[i];
        if (run.length > e->size - run.at)
            run.length = e->size - run.at;
        if (!each(each_context, &run))
            return true;
    }
    if (h->damaged)
        *error = h->damage;
    return !h->damaged;
}

/* --- The volume --- */

static void close_files(void *context)
{
    struct hpfs *h = context;

    free(h->runs);
    free(h);
}

/* The spare block: sectors that were replaced, and the code pages of names. Without it, there are none. */
static void read_spare(struct hpfs *h)
{
    uint8_t spare[SECTOR_SIZE], list_of[BLOCK * SECTOR_SIZE], pages[SECTOR_SIZE];
    struct error ignored;

    if (!get_signed(h, SPARE, 1, 0xF9911849, spare, &ignored))
        return;
    uint32_t used = get_le32(spare + 0x10), room = get_le32(spare + 0x14), count = get_le32(spare + 0x24);
    if (used && used <= room && room <= HOT_FIXES && get(h, get_le32(spare + 0x0C), BLOCK, list_of, &ignored)) {
        for (uint32_t i = 0; i < used; i++) {
            h->bad[i] = get_le32(list_of + i * 4);
            h->instead[i] = get_le32(list_of + (room + i) * 4);
            if (h->instead[i] >= h->sectors)
                h->instead[i] = h->bad[i];
        }
        h->hot_fixes = used;
    }
    if (!get_signed(h, get_le32(spare + 0x20), 1, CODE_PAGE_SIGNATURE, pages, &ignored))
        return;
    for (uint32_t i = 0; i < count && i < CODE_PAGES && i < get_le32(pages + 4); i++) {
        const uint8_t *one = pages + 0x10 + i * 16;
        if (get_le16(one) < CODE_PAGES && codepage_known(get_le16(one + 2)))
            h->code_pages[get_le16(one)] = get_le16(one + 2);
    }
}

static const struct file_system system_hpfs = {.close = close_files, .list = list, .read = read_file, .runs = runs};

bool hpfs_files_open(const struct block *disk, const struct volume *volume, struct files *files, struct error *error)
{
    struct hpfs *h = calloc(1, sizeof *h);
    uint8_t super[SECTOR_SIZE];

    if (!h)
        return error_set(error, STATUS_HOST, "HPFS", NULL, NULL, "out of memory");
    h->disk = disk;
    h->first = volume->first;
    h->sectors = volume->sectors < UINT32_MAX ? (uint32_t)volume->sectors : UINT32_MAX;
    h->code_page = volume->code_page;
    if (!get_signed(h, SUPER, 1, 0xF995E849, super, error)) {
        free(h);
        return false;
    }
    if (get_le32(super + 0x10) < h->sectors)
        h->sectors = get_le32(super + 0x10);
    h->root = get_le32(super + 0x0C);
    read_spare(h);
    *files = (struct files){&system_hpfs, h};
    return true;
}
