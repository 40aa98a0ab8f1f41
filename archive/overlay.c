/* overlay.c - an append-only file over a read-only disk: where a session writes. Its form is defined in
 * spec/archive.md, "Overlay".
 *
 * A record holds one block of eight sectors, of which a mask says which are written; a later record of the same block
 * replaces the earlier one and repeats what it held. Memory holds one small entry for each block ever written.
 *
 * Records are chained by their digests, and the head counts those that were synced: a record that does not fit is
 * damaged if it is counted, and torn by a crash if it is not. */
#include "archive/archive.h"
#include "archive/layout.h"
#include "formats/file.h"
#include "formats/monotonic.h"
#include "formats/output.h"
#include "formats/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_SECTORS 8u
#define BLOCK_SIZE (BLOCK_SECTORS * SECTOR_SIZE)
#define HEADER_SIZE 512u
#define COUNT_SIZE 512u /* a count of synced records; there are two, so that one stays when the other is torn */
#define HEAD_SIZE (HEADER_SIZE + 2 * COUNT_SIZE)
#define RECORD_HEAD 24u /* number, block, mask; what the digest covers besides the data */
#define RECORD_DATA (RECORD_HEAD + DIGEST_SIZE)
#define RECORD_SIZE (RECORD_DATA + BLOCK_SIZE)
#define RECORDS_LIMIT UINT64_C(0xfffffffe)
#define SYNC_AFTER 40 /* milliseconds for which a record may wait */

struct entry {
    uint64_t block;
    uint32_t record; /* number + 1; 0: the entry is free */
    uint8_t mask;
};

struct overlay {
    struct block base;
    int descriptor;
    bool named;
    char path[512];
    uint64_t records;
    uint8_t first_chain[DIGEST_SIZE], chain[DIGEST_SIZE]; /* digest of the header, and of the last record */
    uint64_t synced, synced_at; /* records that are on the disk; milliseconds of a monotonic clock */
    unsigned counts;            /* that were written: they take turns */
    bool count_waits;           /* the last one is not on the disk */
    uint64_t dropped;           /* records that were torn */
    struct entry *entries;      /* open addressing; a power of two, at most half full */
    uint64_t capacity, used;
    struct error failure;
};

/* --- Index --- */

/* The entry of a block, or the free one where it would go. */
static struct entry *look(struct entry *entries, uint64_t capacity, uint64_t block)
{
    uint64_t at = block * UINT64_C(0x9e3779b97f4a7c15) >> 20 & (capacity - 1);

    while (entries[at].record && entries[at].block != block)
        at = (at + 1) & (capacity - 1);
    return &entries[at];
}

static bool grow(struct overlay *o)
{
    uint64_t capacity = o->capacity ? o->capacity * 2 : 256;
    struct entry *entries = calloc(capacity, sizeof *entries);

    if (!entries)
        return false;
    for (uint64_t i = 0; i < o->capacity; i++)
        if (o->entries[i].record)
            *look(entries, capacity, o->entries[i].block) = o->entries[i];
    free(o->entries);
    o->entries = entries;
    o->capacity = capacity;
    return true;
}

/* After this, one more block fits. */
static bool reserve(struct overlay *o)
{
    return o->used * 2 < o->capacity || grow(o);
}

static void enter(struct overlay *o, uint64_t block, uint8_t mask)
{
    struct entry *entry = look(o->entries, o->capacity, block);

    o->used += entry->record == 0;
    *entry = (struct entry){block, (uint32_t)++o->records, mask};
}

/* --- Records --- */

static void put_le64(uint8_t *to, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        to[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t get_le64(const uint8_t *from)
{
    uint64_t value = 0;

    for (int i = 7; i >= 0; i--)
        value = value << 8 | from[i];
    return value;
}

static uint64_t record_offset(uint64_t record)
{
    return HEAD_SIZE + record * RECORD_SIZE;
}

/* chain: the digest of the record before. */
static void record_digest(const uint8_t chain[DIGEST_SIZE], const uint8_t *record, uint8_t digest[DIGEST_SIZE])
{
    struct sha256 s;

    sha256_begin(&s);
    sha256_add(&s, chain, DIGEST_SIZE);
    sha256_add(&s, record, RECORD_HEAD);
    sha256_add(&s, record + RECORD_DATA, BLOCK_SIZE);
    sha256_end(&s, digest);
}

/* Writes the record whose data are there. The block has room in the index. */
static bool put_record(struct overlay *o, uint64_t block, uint8_t mask, uint8_t record[RECORD_SIZE])
{
    put_le64(record, o->records);
    put_le64(record + 8, block);
    put_le64(record + 16, mask);
    record_digest(o->chain, record, record + RECORD_HEAD);
    if (!file_write(o->descriptor, o->path, record_offset(o->records), record, RECORD_SIZE, &o->failure))
        return false;
    memcpy(o->chain, record + RECORD_HEAD, DIGEST_SIZE);
    enter(o, block, mask);
    return true;
}

static bool write_block(struct overlay *o, uint64_t block, unsigned first, unsigned count, const uint8_t *bytes)
{
    uint8_t record[RECORD_SIZE] = {0};
    const struct entry *old;
    uint8_t mask = (uint8_t)(((1u << count) - 1) << first);

    if (o->records >= RECORDS_LIMIT || !reserve(o))
        return error_set(&o->failure, STATUS_HOST, o->path, NULL, NULL, "cannot take more");
    old = look(o->entries, o->capacity, block);
    if (old->record && (old->mask & ~mask)) {
        if (!file_read(o->descriptor, o->path, record_offset(old->record - 1) + RECORD_DATA, record + RECORD_DATA,
                       BLOCK_SIZE, &o->failure))
            return false;
        mask |= old->mask;
    }
    memcpy(record + RECORD_DATA + first * SECTOR_SIZE, bytes, count * SECTOR_SIZE);
    return put_record(o, block, mask, record);
}

/* --- What is on the disk --- */

static void make_count(uint64_t records, const uint8_t chain[DIGEST_SIZE], uint8_t count[COUNT_SIZE])
{
    uint8_t digest[DIGEST_SIZE];
    char hex[65];
    int length;

    memset(count, 0, COUNT_SIZE);
    hex_encode(chain, hex);
    length = snprintf((char *)count, COUNT_SIZE, "synced: %015llu %s ", (unsigned long long)records, hex);
    sha256(count, (size_t)length, digest);
    hex_encode(digest, hex);
    snprintf((char *)count + length, COUNT_SIZE - (size_t)length, "%s\n", hex);
}

static bool sync_data(struct overlay *o)
{
    o->synced_at = monotonic_milliseconds();
    return fdatasync(o->descriptor) == 0 || error_host(&o->failure, o->path, errno, "cannot sync");
}

/* Syncs the records, and then counts them: the count must not be on the disk before they are. */
static bool sync_records(struct overlay *o)
{
    uint8_t count[COUNT_SIZE];

    if (!sync_data(o))
        return false;
    make_count(o->records, o->chain, count);
    if (!file_write(o->descriptor, o->path, HEADER_SIZE + o->counts++ % 2 * COUNT_SIZE, count, COUNT_SIZE, &o->failure))
        return false;
    o->synced = o->records;
    o->count_waits = true;
    return true;
}

static bool sync_count(struct overlay *o)
{
    o->count_waits = false;
    return sync_data(o);
}

static bool sync_due(struct overlay *o)
{
    if (!o->named || (o->synced == o->records && !o->count_waits) ||
        monotonic_milliseconds() - o->synced_at < SYNC_AFTER)
        return true;
    return o->synced < o->records ? sync_records(o) : sync_count(o);
}

static enum block_result overlay_write(void *context, uint64_t sector, uint32_t count, const uint8_t *buffer)
{
    struct overlay *o = context;

    while (count > 0) {
        unsigned first = (unsigned)(sector % BLOCK_SECTORS), part = BLOCK_SECTORS - first;

        if (part > count)
            part = count;
        if (!write_block(o, sector / BLOCK_SECTORS, first, part, buffer))
            return BLOCK_FAILED;
        sector += part;
        count -= part;
        buffer += (size_t)part * SECTOR_SIZE;
    }
    return sync_due(o) ? BLOCK_OK : BLOCK_FAILED;
}

/* Where a sector is: the record's number + 1, or 0 for the base. */
static uint32_t source_of(const struct overlay *o, uint64_t sector)
{
    const struct entry *entry = look(o->entries, o->capacity, sector / BLOCK_SECTORS);

    return entry->record && (entry->mask >> sector % BLOCK_SECTORS & 1) ? entry->record : 0;
}

static enum block_result overlay_read(void *context, uint64_t sector, uint32_t count, uint8_t *buffer, uint32_t *done)
{
    struct overlay *o = context;

    for (*done = 0; *done < count;) {
        uint64_t at = sector + *done;
        uint32_t source = source_of(o, at), run = 1;
        uint8_t *to = buffer + (size_t)*done * SECTOR_SIZE;

        while (*done + run < count && source_of(o, at + run) == source)
            run++;
        if (source) {
            uint64_t offset = record_offset(source - 1) + RECORD_DATA + at % BLOCK_SECTORS * SECTOR_SIZE;

            if (!file_read(o->descriptor, o->path, offset, to, (size_t)run * SECTOR_SIZE, &o->failure))
                return BLOCK_FAILED;
        } else {
            uint32_t part = 0;
            enum block_result result = o->base.read(o->base.context, at, run, to, &part);

            if (result == BLOCK_FAILED && o->base.failure)
                o->failure = *o->base.failure(o->base.context);
            if (result != BLOCK_OK) {
                *done += part;
                return result;
            }
        }
        *done += run;
    }
    return BLOCK_OK;
}

/* --- Opening and closing --- */

static void overlay_free(struct overlay *o)
{
    if (o->descriptor >= 0)
        close(o->descriptor);
    free(o->entries);
    free(o);
}

static void overlay_close(void *context)
{
    struct overlay *o = context;

    if (o->base.close)
        o->base.close(o->base.context);
    overlay_free(o);
}

static const struct error *overlay_failure(void *context)
{
    return &((struct overlay *)context)->failure;
}

static void make_header(uint8_t header[HEADER_SIZE], const char *belongs_to, enum drive_slot slot, uint64_t sectors)
{
    memset(header, 0, HEADER_SIZE);
    snprintf((char *)header, HEADER_SIZE, "muniment-overlay: 0\nbelongs-to: %.64s\ndrive: %s\nsectors: %015llu\n",
             belongs_to, drive_slot_names[slot], (unsigned long long)sectors);
}

/* One session at a time: the lock goes when the file is closed. */
static bool take_file(int descriptor, const char *path, struct error *error)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct stat status;

    if (fstat(descriptor, &status) != 0)
        return error_host(error, path, errno, "cannot examine");
    if (!S_ISREG(status.st_mode))
        return error_set(error, STATUS_INPUT, path, NULL, NULL, "is not a regular file");
    if (fcntl(descriptor, F_SETLK, &lock) != 0)
        return error_set(error, STATUS_HOST, path, NULL, "end the other session", "is in use");
    return (uint64_t)status.st_size >= HEAD_SIZE || output_sync_folder(path, error);
}

int overlay_file(const char *path, struct error *error)
{
    int descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);

    if (descriptor < 0)
        error_host(error, path, errno, "cannot open");
    if (descriptor < 0 || take_file(descriptor, path, error))
        return descriptor;
    close(descriptor);
    return -1;
}

/* Whether a record is whole, and may follow those that were read. */
static bool record_fits(const struct overlay *o, const uint8_t *record)
{
    uint64_t block = get_le64(record + 8), mask = get_le64(record + 16), sectors = o->base.sectors;
    const struct entry *old = look(o->entries, o->capacity, block);
    uint8_t digest[DIGEST_SIZE];

    if (get_le64(record) != o->records || block > (sectors - 1) / BLOCK_SECTORS || mask == 0 || mask > 0xff)
        return false;
    if (block == sectors / BLOCK_SECTORS && mask >> sectors % BLOCK_SECTORS)
        return false;
    if (old->record && (old->mask & ~mask))
        return false;
    for (unsigned at = 0; at < BLOCK_SIZE; at++)
        if (record[RECORD_DATA + at] && !(mask >> at / SECTOR_SIZE & 1))
            return false;
    record_digest(o->chain, record, digest);
    return memcmp(digest, record + RECORD_HEAD, DIGEST_SIZE) == 0;
}

/* The last of the two counts; false if neither is whole. */
static bool read_counts(struct overlay *o, uint8_t chain[DIGEST_SIZE], struct error *error)
{
    uint8_t count[COUNT_SIZE], again[COUNT_SIZE], found[DIGEST_SIZE];
    uint64_t records;
    bool any = false;

    for (unsigned i = 0; i < 2; i++) {
        if (!file_read(o->descriptor, o->path, HEADER_SIZE + i * COUNT_SIZE, count, COUNT_SIZE, error))
            return false;
        if (!decimal_parse((char *)count + 8, 15, &records) || !hex_decode((char *)count + 24, found))
            continue;
        make_count(records, found, again);
        if (memcmp(count, again, COUNT_SIZE) != 0 || (any && records < o->synced))
            continue;
        any = true;
        o->synced = records;
        o->counts = i + 1;
        memcpy(chain, found, DIGEST_SIZE);
    }
    return any || error_set(error, STATUS_INPUT, o->path, "its head", "find a good copy",
                            "is damaged: it does not say how many records were synced");
}

/* A record that was synced is not what it was. */
static bool refuse_record(const struct overlay *o, uint64_t record, const char *what, struct error *error)
{
    char place[64];

    snprintf(place, sizeof place, "record %llu of %llu", (unsigned long long)record, (unsigned long long)o->synced);
    return error_set(error, STATUS_INPUT, o->path, place, "find a good copy", "%s", what);
}

/* Reads all records into the index. Those after the count may be torn, from some one on. */
static bool load_records(struct overlay *o, uint64_t size, struct error *error)
{
    uint64_t whole = (size - HEAD_SIZE) / RECORD_SIZE;
    uint8_t record[RECORD_SIZE], synced_chain[DIGEST_SIZE];

    if (whole > RECORDS_LIMIT)
        return error_set(error, STATUS_INPUT, o->path, NULL, NULL, "is too long");
    if (!read_counts(o, synced_chain, error))
        return false;
    for (uint64_t i = 0; i < whole; i++) {
        if (i == o->synced && memcmp(o->chain, synced_chain, DIGEST_SIZE) != 0)
            break;
        if (!file_read(o->descriptor, o->path, record_offset(i), record, RECORD_SIZE, error))
            return false;
        if (!record_fits(o, record)) {
            if (i >= o->synced)
                break;
            return refuse_record(o, i, "is damaged: it was on the disk, and is not what it was", error);
        }
        if (!reserve(o))
            return error_set(error, STATUS_HOST, o->path, NULL, NULL, "out of memory");
        memcpy(o->chain, record + RECORD_HEAD, DIGEST_SIZE);
        enter(o, get_le64(record + 8), (uint8_t)get_le64(record + 16));
    }
    if (o->records < o->synced)
        return refuse_record(o, o->records, "is cut off: records that were on the disk are missing", error);
    if (o->records == o->synced && memcmp(o->chain, synced_chain, DIGEST_SIZE) != 0)
        return refuse_record(o, o->synced, "is damaged: its records are not those that were synced", error);
    o->dropped = (size - record_offset(o->records) + RECORD_SIZE - 1) / RECORD_SIZE;
    if (o->dropped && ftruncate(o->descriptor, (off_t)record_offset(o->records)) != 0)
        return error_host(error, o->path, errno, "cannot drop the torn end");
    return true;
}

/* A file shorter than its head is new, or was torn in its first write. */
static bool load(struct overlay *o, const char *belongs_to, enum drive_slot slot, struct error *error)
{
    uint8_t expected[HEAD_SIZE], header[HEADER_SIZE] = {0};
    struct stat status;
    size_t there;

    make_header(expected, belongs_to, slot, o->base.sectors);
    sha256(expected, HEADER_SIZE, o->first_chain);
    memcpy(o->chain, o->first_chain, DIGEST_SIZE);
    if (!o->named)
        return true; /* it will not be read */
    if (fstat(o->descriptor, &status) != 0)
        return error_host(error, o->path, errno, "cannot examine");
    there = (uint64_t)status.st_size < HEADER_SIZE ? (size_t)status.st_size : HEADER_SIZE;
    if (!file_read(o->descriptor, o->path, 0, header, there, error))
        return false;
    if (memcmp(header, expected, there) != 0)
        return error_set(error, STATUS_INPUT, o->path, NULL, "choose another file",
                         "is not the overlay of this drive of this machine");
    if ((uint64_t)status.st_size >= HEAD_SIZE)
        return load_records(o, (uint64_t)status.st_size, error);
    make_count(0, o->chain, expected + HEADER_SIZE);
    make_count(0, o->chain, expected + HEADER_SIZE + COUNT_SIZE);
    if (!file_write(o->descriptor, o->path, 0, expected, HEAD_SIZE, error))
        return false;
    return fdatasync(o->descriptor) == 0 || error_host(error, o->path, errno, "cannot sync");
}

bool overlay_open(const char *path, const char *belongs_to, enum drive_slot slot, struct block *base,
                  struct block *result, struct error *error)
{
    int descriptor = path ? overlay_file(path, error) : file_temporary(error);

    return descriptor >= 0 && overlay_open_file(descriptor, path, belongs_to, slot, base, result, error);
}

bool overlay_open_file(int descriptor, const char *path, const char *belongs_to, enum drive_slot slot,
                       struct block *base, struct block *result, struct error *error)
{
    struct overlay *o = calloc(1, sizeof *o);

    if (!o) {
        close(descriptor);
        return error_set(error, STATUS_HOST, path ? path : "overlay", NULL, NULL, "out of memory");
    }
    o->base = *base;
    o->descriptor = descriptor;
    o->named = path != NULL;
    snprintf(o->path, sizeof o->path, "%s", path ? path : "temporary overlay");
    if (!grow(o) || !load(o, belongs_to, slot, error)) {
        if (!o->entries)
            error_set(error, STATUS_HOST, o->path, NULL, NULL, "out of memory");
        overlay_free(o);
        return false;
    }
    *result = (struct block){
        .context = o,
        .sectors = base->sectors,
        .read = overlay_read,
        .write = overlay_write,
        .close = overlay_close,
        .failure = overlay_failure,
    };
    return true;
}

bool overlay_has_writes(const struct block *disk)
{
    return disk->read == overlay_read && ((const struct overlay *)disk->context)->records > 0;
}

const struct block *overlay_base(const struct block *disk)
{
    return disk->read == overlay_read ? &((const struct overlay *)disk->context)->base : disk;
}

bool overlay_leaves(const struct block *disk, uint64_t sector, uint64_t count)
{
    const struct overlay *o = disk->context;

    for (uint64_t at = sector; disk->read == overlay_read && o->used && at < sector + count; at++)
        if (look(o->entries, o->capacity, at / BLOCK_SECTORS)->record)
            return false;
        else
            at |= BLOCK_SECTORS - 1; /* to the end of the block */
    return true;
}

bool overlay_sync(const struct block *disk, bool all, struct error *error)
{
    struct overlay *o = disk->context;
    bool good;

    if (disk->read != overlay_read || !o->named)
        return true;
    good = all ? (o->synced == o->records || sync_records(o)) && (!o->count_waits || sync_count(o)) : sync_due(o);
    if (!good && error)
        *error = o->failure;
    return good;
}

uint64_t overlay_dropped(const struct block *disk)
{
    return disk->read == overlay_read ? ((const struct overlay *)disk->context)->dropped : 0;
}

/* --- Going back --- */

bool overlay_place(const struct block *disk, struct overlay_place *place)
{
    const struct overlay *o = disk->context;

    if (disk->read != overlay_read || !o->named)
        return false;
    place->records = o->records;
    hex_encode(o->chain, place->chain);
    return true;
}

bool overlay_was_at(const struct block *disk, const struct overlay_place *place)
{
    const struct overlay *o = disk->context;
    uint8_t chain[DIGEST_SIZE];
    hex_digest hex;

    if (disk->read != overlay_read || !o->named || place->records > o->records)
        return false;
    memcpy(chain, o->first_chain, sizeof chain);
    if (place->records > 0 &&
        !file_read(o->descriptor, o->path, record_offset(place->records - 1) + RECORD_HEAD, chain, sizeof chain, NULL))
        return false;
    hex_encode(chain, hex);
    return !strcmp(hex, place->chain);
}

/* The overlay as it was when it had so many records; to be freed with free(then->entries). */
static bool view(const struct overlay *o, uint64_t records, struct overlay *then, struct error *error)
{
    uint8_t head[RECORD_HEAD];

    *then = *o;
    then->entries = NULL;
    then->capacity = then->used = then->records = 0;
    while (then->records < records) {
        if (!file_read(o->descriptor, o->path, record_offset(then->records), head, sizeof head, error))
            return false;
        if (!reserve(then))
            return error_set(error, STATUS_HOST, o->path, NULL, NULL, "out of memory");
        enter(then, get_le64(head + 8), (uint8_t)get_le64(head + 16));
    }
    return then->entries || grow(then) || error_set(error, STATUS_HOST, o->path, NULL, NULL, "out of memory");
}

/* Writes a block again as it was then. */
static bool restore_block(struct overlay *o, struct overlay *then, const struct entry *entry, struct error *error)
{
    uint8_t record[RECORD_SIZE] = {0};
    uint64_t block = entry->block;
    uint8_t mask = entry->mask;
    uint32_t done;

    for (unsigned i = 0; i < BLOCK_SECTORS; i++) {
        enum block_result result = mask >> i & 1 ? overlay_read(then, block * BLOCK_SECTORS + i, 1,
                                                                record + RECORD_DATA + i * SECTOR_SIZE, &done)
                                                 : BLOCK_OK;
        if (result == BLOCK_UNREADABLE)
            return error_set(error, STATUS_INPUT, o->path, NULL, "give a copy of the overlay as it was then",
                             "cannot go back: a sector that cannot be read below has been written since");
        if (result == BLOCK_FAILED) {
            *error = then->failure;
            return false;
        }
    }
    if (o->records < RECORDS_LIMIT ? put_record(o, block, mask, record)
                                   : error_set(&o->failure, STATUS_HOST, o->path, NULL, NULL, "cannot take more"))
        return true;
    *error = o->failure;
    return false;
}

bool overlay_rewind(struct block *disk, const struct overlay_place *place, struct error *error)
{
    struct overlay *o = disk->context, then;
    bool good = view(o, place->records, &then, error);

    for (uint64_t i = 0; good && i < o->capacity; i++)
        if (o->entries[i].record > place->records)
            good = restore_block(o, &then, &o->entries[i], error);
    free(then.entries);
    return good;
}

bool overlay_branch(struct block *disk, struct error *error)
{
    struct overlay *o = disk->context;
    uint8_t part[1u << 14];
    uint64_t length;
    int shared;

    if (disk->read != overlay_read)
        return true;
    length = record_offset(o->records);
    shared = o->descriptor;
    snprintf(o->path, sizeof o->path, "temporary overlay");
    o->descriptor = file_temporary(error);
    if (o->descriptor < 0) {
        o->descriptor = shared;
        return false;
    }
    o->named = false;
    for (uint64_t at = HEAD_SIZE; at < length;) {
        size_t size = length - at < sizeof part ? (size_t)(length - at) : sizeof part;

        if (!file_read(shared, o->path, at, part, size, error) ||
            !file_write(o->descriptor, o->path, at, part, size, error))
            return false;
        at += size;
    }
    return close(shared) == 0 || error_host(error, o->path, errno, "cannot close");
}
