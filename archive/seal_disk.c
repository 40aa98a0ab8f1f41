/* seal_disk.c - a disk on its way into the archive: extents of chunks, of which those that are zeros, or as the
 * parent's, are left out. */
#include "archive/sealing.h"

#include <stdlib.h>
#include <string.h>

#include "archive/origin.h"

/* One disk on its way into the archive. */
struct disk_sealing {
    struct sealing *s;
    enum drive_slot slot;
    uint64_t size;
    struct text top, unreadable;
    struct sector_range bad; /* the range of unreadable sectors that is growing */
    uint32_t bad_ranges;
    struct tree tree;
    struct sha256 image;        /* of the file, without what fills it up; not begun: given up */
    uint64_t held;              /* bytes of it, all zeros, that are not digested yet */
    struct origin_check stated; /* what the image records of the same */
    uint64_t zero_extents, other_extents;
    struct zero_roots zero_roots;
    struct job zero; /* a whole chunk of zeros, done */

    uint32_t extent;
    bool begun;                /* the extent's .gz; not before its first byte that is not zero */
    uint32_t gz_size, written; /* chunks */
    struct map_entry entries[EXTENT_CHUNKS];

    bool derived;                            /* a chunk that is as the parent's is inherited */
    struct chunk_claim above[EXTENT_CHUNKS]; /* the parent's chunks of the extent */
    uint32_t next_unreadable;                /* of the parent's ranges */
};

static bool bad_flush(struct disk_sealing *d)
{
    if (d->bad.count == 0)
        return true;
    if (++d->bad_ranges > UNREADABLE_LIMIT)
        return error_set(d->s->error, STATUS_INPUT, d->s->images[d->slot].path, NULL, NULL,
                         "has too many unreadable places");
    text_print(&d->unreadable, "%015llu %015llu\n", (unsigned long long)d->bad.first, (unsigned long long)d->bad.count);
    d->bad.count = 0;
    return true;
}

static bool bad_add(struct disk_sealing *d, uint64_t sector)
{
    if (d->bad.count > 0 && d->bad.first + d->bad.count == sector) {
        d->bad.count++;
        return true;
    }
    if (!bad_flush(d))
        return false;
    d->bad = (struct sector_range){sector, 1};
    return true;
}

/* Reads `count` sectors; those that cannot be read become zeros and are noted. */
static bool read_chunk(struct disk_sealing *d, uint64_t sector, uint32_t count, uint8_t *bytes)
{
    struct block *block = &d->s->images[d->slot].block;

    for (uint32_t at = 0; at < count;) {
        uint32_t done = 0;
        uint8_t *to = bytes + (size_t)at * SECTOR_SIZE;
        enum block_result result = block->read(block->context, sector + at, count - at, to, &done);

        if (result == BLOCK_OK)
            return true;
        if (result == BLOCK_FAILED) {
            *d->s->error = *block->failure(block->context);
            return false;
        }
        at += done;
        memset(bytes + (size_t)at * SECTOR_SIZE, 0, SECTOR_SIZE);
        if (!bad_add(d, sector + at++))
            return false;
    }
    return true;
}

static bool add_chunk(struct disk_sealing *d, uint32_t chunk, const struct job *job)
{
    struct map_entry *entry = &d->entries[chunk];

    entry->offset = d->gz_size;
    entry->length = job->gz_length;
    d->gz_size += entry->length;
    return writer_add(&d->s->writer, job->gz, job->gz_length);
}

/* Begins the .gz, with the chunks of zeros that had been held back. */
static bool begin_extent(struct disk_sealing *d, uint32_t chunks_before)
{
    char name[NAME_SIZE];

    d->begun = true;
    d->gz_size = 0;
    member_name(MEMBER_EXTENT, d->slot, d->extent, name);
    if (!writer_begin(&d->s->writer, name))
        return false;
    for (uint32_t i = 0; i < chunks_before; i++)
        if (!d->entries[i].inherited && !add_chunk(d, i, &d->zero))
            return false;
    return true;
}

static bool progress(struct sealing *s, uint32_t more)
{
    s->done += more;
    if (!s->request->progress || s->request->progress(s->request->progress_context, s->done, s->total))
        return true;
    return error_set(s->error, STATUS_HOST, s->request->output_path, NULL, NULL, "cancelled; nothing was written");
}

/* How much of so many bytes of the disk the file had. */
static size_t in_image(const struct disk_sealing *d, uint64_t at, uint32_t length)
{
    uint64_t left = d->s->seal.disks[d->slot].image_size - at;

    return left < length ? (size_t)left : length;
}

/* Digests the zeros that were held back. */
static void add_held(struct disk_sealing *d)
{
    while (d->image.context && d->held > 0) {
        size_t part = d->held < CHUNK_SIZE ? (size_t)d->held : CHUNK_SIZE;

        sha256_add(&d->image, d->zero.bytes, part);
        d->held -= part;
    }
}

/* The digest of the file is of all its bytes, one after the other, and cannot be had for less. It is given up where the
 * disk is nearly all zeros (spec/archive.md): more than 64 extents of zeros, and four times as many as others. So zeros
 * that are not read are held back until others follow, and cost nothing where none do. */
static void add_to_image(struct disk_sealing *d, uint64_t at, const uint8_t *bytes, uint32_t length)
{
    if (d->s->request->derivation)
        return;
    add_held(d);
    if (d->image.context)
        sha256_add(&d->image, bytes, in_image(d, at, length));
    origin_check_add(&d->stated, bytes, in_image(d, at, length));
}

static void give_image_up(struct disk_sealing *d)
{
    if (d->zero_extents <= 64 || d->zero_extents <= 4 * d->other_extents || !d->image.context)
        return;
    sha256_end(&d->image, NULL);
}

/* The root of the extent if it is zeros. */
static const uint8_t *zero_root_of(const struct disk_sealing *d)
{
    return d->extent + 1 < disk_extents(d->size) ? d->zero_roots.whole : d->zero_roots.last;
}

/* Whether so many sectors are zeros without being read. */
static bool known_zeros(const struct disk_sealing *d, uint64_t sector, uint64_t count)
{
    const struct block *block = &d->s->images[d->slot].block;

    while (count > 0 && block->zeros) {
        uint64_t zeros = block->zeros(block->context, sector);

        if (zeros == 0)
            return false;
        if (zeros >= count)
            return true;
        sector += zeros;
        count -= zeros;
    }
    return count == 0;
}

/* Writes the oldest chunk that is under way; the .gz begins with the first that is not zeros. */
static bool put_chunk(struct disk_sealing *d)
{
    const struct job *job = workers_take(d->s->workers);
    uint32_t chunk;

    while (d->entries[d->written].inherited)
        d->written++;
    chunk = d->written++;
    memcpy(d->entries[chunk].digest, job->digest, DIGEST_SIZE);
    d->entries[chunk].inherited = d->derived && memcmp(job->digest, d->above[chunk].digest, DIGEST_SIZE) == 0;
    if (d->entries[chunk].inherited)
        return true;
    if (!d->begun && !job->zero && !begin_extent(d, chunk))
        return false;
    return !d->begun || add_chunk(d, chunk, job);
}

/* Reads a chunk, and hands it to the workers. */
static bool take_chunk(struct disk_sealing *d, uint64_t sector, uint32_t length)
{
    struct workers *w = d->s->workers;
    struct job *job = workers_job(w);

    if (!job && !put_chunk(d))
        return false;
    if (!job)
        job = workers_job(w);
    job->length = length;
    if (known_zeros(d, sector, length / SECTOR_SIZE))
        memset(job->bytes, 0, length);
    else if (!read_chunk(d, sector, length / SECTOR_SIZE, job->bytes))
        return false;
    job->zero = all_zero(job->bytes, length);
    add_to_image(d, sector * SECTOR_SIZE, job->bytes, length);
    if (job->zero && length == CHUNK_SIZE)
        workers_submit_as(w, &d->zero);
    else
        workers_submit(w);
    return progress(d->s, length);
}

/* Whether so many sectors are the parent's. */
static bool known_same(const struct disk_sealing *d, uint64_t sector, uint64_t count)
{
    const struct derivation *from = d->s->request->derivation;

    return d->derived && from->same && from->same(from->same_context, d->slot, sector, count);
}

/* Takes over what the parent's original could not be read of, among sectors that are not read. Sectors come in order.
 */
static bool inherit_unreadable(struct disk_sealing *d, uint64_t sector, uint64_t count)
{
    uint32_t ranges;
    const struct sector_range *list = archive_unreadable(d->s->request->derivation->parent, d->slot, &ranges);

    for (; d->next_unreadable < ranges; d->next_unreadable++) {
        const struct sector_range *r = &list[d->next_unreadable];
        uint64_t from = r->first > sector ? r->first : sector, end = r->first + r->count;

        for (uint64_t at = from; at < end && at < sector + count; at++)
            if (!bad_add(d, at))
                return false;
        if (end > sector + count)
            break;
    }
    return true;
}

/* What was held back of an extent in which nothing but zeros differs from the parent: it is an extent of zeros, or
 * these are written after all. */
static bool write_zeros(struct disk_sealing *d, uint32_t count)
{
    struct workers *w = d->s->workers;
    uint8_t root[DIGEST_SIZE];
    struct job *job;
    bool own = false;

    for (uint32_t i = 0; i < count; i++)
        own = own || !d->entries[i].inherited;
    extent_root(d->entries, count, root);
    if (!own || memcmp(root, zero_root_of(d), DIGEST_SIZE) == 0)
        return true;
    if (!begin_extent(d, count - 1))
        return false;
    if (d->entries[count - 1].inherited)
        return true;
    job = workers_job(w);
    job->length = chunk_length(d->size, d->extent, count - 1);
    memset(job->bytes, 0, job->length);
    workers_submit(w);
    return add_chunk(d, count - 1, workers_take(w));
}

/* The member of an extent, if it needs one. */
static bool seal_chunks(struct disk_sealing *d, uint32_t count)
{
    uint64_t sector = (uint64_t)d->extent * EXTENT_CHUNKS * CHUNK_SECTORS;

    d->begun = false;
    d->written = 0;
    memset(d->entries, 0, sizeof d->entries);
    for (uint32_t i = 0; i < count; i++, sector += CHUNK_SECTORS) {
        uint32_t length = chunk_length(d->size, d->extent, i);

        if (known_same(d, sector, length / SECTOR_SIZE)) {
            memcpy(d->entries[i].digest, d->above[i].digest, DIGEST_SIZE);
            d->entries[i].inherited = true;
            if (!inherit_unreadable(d, sector, length / SECTOR_SIZE) || !progress(d->s, length))
                return false;
        } else if (!take_chunk(d, sector, length)) {
            return false;
        }
    }
    for (const struct map_entry *last = d->entries + count; d->written < count;) {
        const struct map_entry *next = d->entries + d->written;

        while (next < last && next->inherited)
            next++;
        if (next == last)
            break;
        if (!put_chunk(d))
            return false;
    }
    if (d->derived && !d->begun && !write_zeros(d, count))
        return false;
    return !d->begun || (writer_end(&d->s->writer) && sealing_enter(d->s));
}

/* Whether nothing differs from the parent. */
static bool all_inherited(const struct disk_sealing *d, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!d->entries[i].inherited)
            return false;
    return d->derived;
}

/* An extent that is the parent's as a whole, without being read. */
static bool inherit_extent(struct disk_sealing *d, struct top_entry *entry)
{
    uint64_t first = (uint64_t)d->extent * EXTENT_CHUNKS * CHUNK_SECTORS, left = d->size / SECTOR_SIZE - first;
    uint64_t count = left < EXTENT_CHUNKS * CHUNK_SECTORS ? left : EXTENT_CHUNKS * CHUNK_SECTORS;

    entry->inherited = known_same(d, first, count);
    if (!entry->inherited)
        return true;
    entry->zero = memcmp(entry->root, zero_root_of(d), DIGEST_SIZE) == 0;
    entry->inherited = !entry->zero;
    return inherit_unreadable(d, first, count) && progress(d->s, (uint32_t)(count * SECTOR_SIZE));
}

/* Passes an extent that is zeros without being read. */
static bool skip_extent(struct disk_sealing *d, uint32_t count, uint8_t root[DIGEST_SIZE])
{
    uint64_t at = (uint64_t)d->extent * EXTENT_SIZE;
    uint32_t all = 0;

    memcpy(root, zero_root_of(d), DIGEST_SIZE);
    for (uint32_t i = 0; i < count; i++, at += CHUNK_SIZE) {
        uint32_t length = chunk_length(d->size, d->extent, i);

        if (!d->s->request->derivation) {
            d->held += in_image(d, at, length);
            origin_check_add(&d->stated, d->zero.bytes, in_image(d, at, length));
        }
        all += length;
    }
    return progress(d->s, all);
}

static void put_top(struct disk_sealing *d, const struct top_entry *entry)
{
    char line[TOP_LINE + 1];

    top_line_print(line, d->extent, entry);
    text_add(&d->top, line, TOP_LINE);
    tree_add_subtree(&d->tree, entry->root);
}

static bool seal_extent(struct disk_sealing *d)
{
    uint32_t count = extent_chunks(d->size, d->extent);
    struct top_entry entry = {.zero = false};
    char line[TOP_LINE + 1];

    if (d->derived) {
        if (!archive_extent(d->s->request->derivation->parent, d->slot, d->extent, d->above, &count, entry.root,
                            d->s->error) ||
            !inherit_extent(d, &entry))
            return false;
        if (top_entry_is_bare(&entry)) {
            put_top(d, &entry);
            return true;
        }
    }
    entry.zero = true;

    uint64_t sectors = d->size / SECTOR_SIZE - (uint64_t)d->extent * EXTENT_CHUNKS * CHUNK_SECTORS;

    d->begun = false;
    if (known_zeros(d, (uint64_t)d->extent * EXTENT_CHUNKS * CHUNK_SECTORS,
                    sectors < EXTENT_CHUNKS * CHUNK_SECTORS ? sectors : EXTENT_CHUNKS * CHUNK_SECTORS)) {
        if (!skip_extent(d, count, entry.root))
            return false;
    } else {
        if (!seal_chunks(d, count))
            return false;
        extent_root(d->entries, count, entry.root);
        entry.inherited = !d->begun && all_inherited(d, count) && memcmp(entry.root, zero_root_of(d), DIGEST_SIZE) != 0;
        entry.zero = !entry.inherited;
    }
    *(d->begun ? &d->other_extents : &d->zero_extents) += 1;
    give_image_up(d);
    if (d->begun) {
        struct text map = {.bytes = NULL};
        bool done;

        entry.zero = false;
        entry.offset = d->s->writer.member.offset;
        entry.length = d->gz_size;
        for (uint32_t i = 0; i < count; i++) {
            map_line_print(line, i, &d->entries[i]);
            text_add(&map, line, MAP_LINE);
        }
        done = sealing_add_text(d->s, MEMBER_MAP, d->slot, d->extent, &map);
        memcpy(entry.map_digest, d->s->writer.member.digest, DIGEST_SIZE);
        text_free(&map);
        if (!done)
            return false;
    }
    put_top(d, &entry);
    return true;
}

/* A chunk of zeros is digested and compressed once. */
static void make_zero(struct sealing *s, struct disk_sealing *d)
{
    struct job *job = workers_job(s->workers);

    memset(job->bytes, 0, CHUNK_SIZE);
    job->length = CHUNK_SIZE;
    workers_submit(s->workers);
    d->zero = *workers_take(s->workers);
    d->zero.zero = true;
}

bool sealing_write_disk(struct sealing *s, enum drive_slot slot)
{
    struct disk_sealing *d = calloc(1, sizeof *d);
    bool done = true;

    if (!d)
        return sealing_out_of_memory(s);
    d->s = s;
    d->slot = slot;
    d->size = s->seal.disks[slot].size;
    d->derived = s->request->derivation && !s->request->derivation->flat;
    if (!s->request->derivation)
        sha256_begin(&d->image);
    origin_check_begin(&d->stated, &s->images[slot].info);
    zero_roots(d->size, &d->zero_roots);
    make_zero(s, d);
    for (d->extent = 0; done && d->extent < disk_extents(d->size); d->extent++)
        done = seal_extent(d) && (s->request->derivation || image_unchanged(&s->images[slot].block, s->error));
    add_held(d);
    if (d->image.context)
        sha256_end(&d->image, s->seal.disks[slot].image_digest);
    else
        s->seal.disks[slot].image_size = 0;
    done = origin_check_end(&d->stated, done ? &s->images[slot].info : NULL, s->images[slot].path, s->error) && done;
    done = done && bad_flush(d) && sealing_add_text(s, MEMBER_TOP, slot, 0, &d->top) &&
           sealing_add_text(s, MEMBER_UNREADABLE, slot, 0, &d->unreadable);
    if (done)
        tree_root(&d->tree, s->seal.disks[slot].root);
    text_free(&d->top);
    text_free(&d->unreadable);
    free(d);
    return done;
}
