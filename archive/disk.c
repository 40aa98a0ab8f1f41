/* disk.c - the sealed image of a drive as a disk: extent by top, chunk by map, every chunk checked when it is read.
 *
 * The chain of digests is seal, top, map, chunk. A map is checked when it is loaded: by its own digest, by the extent's
 * root, and by lines that leave no gap; so a chunk is where the map says or it is damage. */
#include "archive/open.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_cached(const struct cache_tag *tag, const struct cache_tag *wanted)
{
    return tag->used && tag->slot == wanted->slot && tag->extent == wanted->extent && tag->chunk == wanted->chunk;
}

/* The index of what is cached, or, with *hit false, of the entry to fill: the one used longest ago, now empty. */
static unsigned cache_look(struct cache_tag *tags, unsigned count, struct cache_tag wanted, bool *hit)
{
    unsigned oldest = 0;

    *hit = true;
    for (unsigned i = 0; i < count; i++) {
        struct cache_tag *tag = &tags[i];

        if (is_cached(tag, &wanted)) {
            tag->used = wanted.used;
            return i;
        }
        if (tag->used < tags[oldest].used)
            oldest = i;
    }
    *hit = false;
    tags[oldest].used = 0;
    return oldest;
}

static bool damaged(struct opened_disk *disk, uint32_t extent, const char *what)
{
    char name[NAME_SIZE];

    member_name(MEMBER_MAP, disk->slot, extent, name);
    return error_set(&disk->archive->failure, STATUS_INPUT, disk->archive->path, name, "`muniment verify` reports more",
                     "%s", what);
}

static bool chunk_damaged(struct opened_disk *disk, const struct archive *owner, uint32_t extent, uint32_t chunk,
                          const char *what)
{
    uint64_t first = ((uint64_t)extent * EXTENT_CHUNKS + chunk) * CHUNK_SECTORS;
    char place[128];

    snprintf(place, sizeof place, "chunk %u of extent %u of %s, sectors %llu-%llu", chunk, extent,
             drive_slot_names[disk->slot], (unsigned long long)first,
             (unsigned long long)(first + chunk_length(disk->size, extent, chunk) / SECTOR_SIZE - 1));
    return error_set(&disk->archive->failure, STATUS_INPUT, owner->path, place, "`muniment verify` reports more",
                     "has a damaged chunk that %s", what);
}

/* --- Maps --- */

static bool is_zeros(const uint8_t digest[DIGEST_SIZE], uint32_t length)
{
    static const uint8_t zeros[CHUNK_SIZE];
    uint8_t of_zeros[DIGEST_SIZE];

    sha256(zeros, length, of_zeros);
    return memcmp(digest, of_zeros, DIGEST_SIZE) == 0;
}

/* Finds the chunks of an extent that are the parent's. */
static bool resolve(struct opened_disk *disk, uint32_t extent, struct chunk_place *places, uint32_t count)
{
    struct archive *a = disk->archive, *parent = archive_parent(a, &a->failure);
    struct opened_disk *above = parent ? &parent->disks[disk->slot] : NULL;
    const struct chunk_place *theirs = NULL;
    uint8_t whole[DIGEST_SIZE] = {0};

    if (!parent)
        return a->failure.status != STATUS_HOST; /* they stay missing */
    if (above->size != disk->size)
        return damaged(disk, extent, "inherits chunks of a disk that its parent does not have");
    if (!above->top[extent].zero && !(theirs = disk_map(above, extent))) {
        a->failure = parent->failure;
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct chunk_place *p = &places[i];
        bool same;

        if (p->kind != PLACE_MISSING)
            continue;
        if (theirs)
            same = memcmp(theirs[i].digest, p->digest, DIGEST_SIZE) == 0;
        else if ((same = memcmp(whole, p->digest, DIGEST_SIZE) == 0 ||
                         is_zeros(p->digest, chunk_length(disk->size, extent, i))))
            memcpy(whole, p->digest, DIGEST_SIZE);
        if (!same)
            return damaged(disk, extent, "inherits a chunk that its parent does not have");
        *p = theirs ? theirs[i] : (struct chunk_place){.kind = PLACE_ZEROS};
        if (!theirs)
            memcpy(p->digest, whole, DIGEST_SIZE);
    }
    return true;
}

/* Reads the map of an extent that has one. */
static bool read_map(struct opened_disk *disk, uint32_t extent, struct map_entry *entries)
{
    struct archive *a = disk->archive;
    const struct top_entry *top = &disk->top[extent];
    uint32_t count = extent_chunks(disk->size, extent);
    size_t size = (size_t)count * MAP_LINE;
    uint8_t digest[DIGEST_SIZE], root[DIGEST_SIZE];
    char *text = malloc(size);
    bool good;

    if (!text)
        return error_set(&a->failure, STATUS_HOST, a->path, NULL, NULL, "out of memory");
    if (!file_read(a->descriptor, a->path, top->offset + tar_padded(top->length) + TAR_BLOCK, text, size,
                   &a->failure)) {
        free(text);
        return false;
    }
    sha256(text, size, digest);
    good = memcmp(digest, top->map_digest, DIGEST_SIZE) == 0 &&
           map_parse(text, size, count, top->length, seal_is_derived(&a->seal), entries);
    free(text);
    if (!good)
        return damaged(disk, extent, "has a damaged map");
    extent_root(entries, count, root);
    if (memcmp(root, top->root, DIGEST_SIZE) != 0)
        return damaged(disk, extent, "has a map that does not lead to the root of its extent");
    return true;
}

static bool load_map(struct opened_disk *disk, uint32_t extent, struct chunk_place *places)
{
    struct archive *a = disk->archive;
    struct map_entry entries[EXTENT_CHUNKS];
    uint32_t count = extent_chunks(disk->size, extent);
    bool inherits = false;

    if (!read_map(disk, extent, entries))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        places[i] = (struct chunk_place){.kind = entries[i].inherited ? PLACE_MISSING : PLACE_HELD,
                                         .owner = a,
                                         .offset = disk->top[extent].offset + entries[i].offset,
                                         .length = entries[i].length};
        memcpy(places[i].digest, entries[i].digest, DIGEST_SIZE);
        inherits = inherits || entries[i].inherited;
    }
    return !inherits || resolve(disk, extent, places, count);
}

/* The map of an extent that is the parent's as a whole; null with archive->failure. */
static const struct chunk_place *find_above(struct opened_disk *disk, uint32_t extent)
{
    struct archive *a = disk->archive, *parent = archive_parent(a, &a->failure);
    const struct chunk_place *map = NULL;

    if (parent && !(map = disk_map(&parent->disks[disk->slot], extent)))
        a->failure = parent->failure;
    return map;
}

const struct chunk_place *disk_map(struct opened_disk *disk, uint32_t extent)
{
    struct archive *a = disk->archive;
    struct cache_tag tag = {disk->slot, extent, 0, ++a->clock};
    bool hit;
    unsigned i;

    if (disk->top[extent].inherited)
        return find_above(disk, extent);
    i = cache_look(a->map_tags, CACHED_MAPS, tag, &hit);
    if (!a->maps[i] && !(a->maps[i] = malloc(sizeof *a->maps[i]))) {
        error_set(&a->failure, STATUS_HOST, a->path, NULL, NULL, "out of memory");
        return NULL;
    }
    if (!hit && !load_map(disk, extent, *a->maps[i]))
        return NULL;
    a->map_tags[i] = tag;
    return *a->maps[i];
}

/* --- Chunks --- */

/* Reads a chunk that did not shrink to its place at once. False: it is of another kind, or damaged. */
static bool load_stored(const struct chunk_place *place, uint8_t *bytes)
{
    const int descriptor = place->owner->descriptor;
    const char *path = place->owner->path;
    const uint64_t at = place->offset + CHUNK_STORED_HEAD;
    uint8_t head[CHUNK_STORED_HEAD], tail[CHUNK_STORED_TAIL], digest[DIGEST_SIZE];
    struct error ignored;

    if (place->length != CHUNK_GZ_MAX || !file_read(descriptor, path, place->offset, head, sizeof head, &ignored) ||
        !file_read(descriptor, path, at, bytes, CHUNK_SIZE - 1, &ignored) ||
        !file_read(descriptor, path, at + CHUNK_SIZE - 1, tail, sizeof tail, &ignored) ||
        !chunk_stored(head, tail, bytes))
        return false;
    sha256(bytes, CHUNK_SIZE, digest);
    return memcmp(digest, place->digest, DIGEST_SIZE) == 0;
}

static bool load_chunk(struct opened_disk *disk, uint32_t extent, uint32_t chunk, uint8_t *bytes)
{
    struct archive *a = disk->archive;
    const struct chunk_place *map = disk_map(disk, extent), *place = map ? &map[chunk] : NULL;
    uint8_t gz[CHUNK_GZ_MAX], digest[DIGEST_SIZE];
    const char *reason;
    uint32_t size, used;

    if (!place)
        return false;
    if (place->kind == PLACE_MISSING) {
        a->failure = a->missing;
        return false;
    }
    if (place->kind == PLACE_ZEROS) {
        memset(bytes, 0, CHUNK_SIZE);
        return true;
    }
    if (chunk_length(disk->size, extent, chunk) == CHUNK_SIZE && load_stored(place, bytes))
        return true;
    if (!file_read(place->owner->descriptor, place->owner->path, place->offset, gz, place->length, &a->failure))
        return false;
    reason = chunk_decode(a->decoder, gz, place->length, bytes, &size, &used);
    if (reason)
        return chunk_damaged(disk, place->owner, extent, chunk, reason);
    if (used != place->length || size != chunk_length(disk->size, extent, chunk))
        return chunk_damaged(disk, place->owner, extent, chunk, "has a wrong length");
    sha256(bytes, size, digest);
    return memcmp(digest, place->digest, DIGEST_SIZE) == 0 ||
           chunk_damaged(disk, place->owner, extent, chunk, "does not match its digest");
}

/* Whether another process has verified a chunk, and gives it. */
static bool is_shared(const struct opened_disk *disk, uint32_t extent, uint32_t chunk, uint8_t *bytes)
{
    const struct archive_pages *pages = &disk->archive->pages;

    return pages->read && pages->read(pages->context, disk->slot, (uint64_t)extent * EXTENT_CHUNKS + chunk, bytes);
}

static bool get_chunk(struct opened_disk *disk, uint32_t extent, uint32_t chunk, uint8_t *bytes)
{
    return is_shared(disk, extent, chunk, bytes) || load_chunk(disk, extent, chunk, bytes);
}

/* The bytes of a chunk until the next call, or null with archive->failure. */
static const uint8_t *find_chunk(struct opened_disk *disk, uint32_t extent, uint32_t chunk)
{
    static const uint8_t zeros[CHUNK_SIZE];
    struct archive *a = disk->archive;
    struct cache_tag tag = {disk->slot, extent, chunk, ++a->clock};
    bool hit;
    unsigned i;

    if (disk->top[extent].zero)
        return zeros;
    if (!a->chunks && !(a->chunks = calloc(CACHED_CHUNKS, sizeof *a->chunks))) {
        error_set(&a->failure, STATUS_HOST, a->path, NULL, NULL, "out of memory");
        return NULL;
    }
    i = a->last_chunk; /* a guest reads sector by sector */
    hit = is_cached(&a->chunk_tags[i], &tag);
    if (!hit)
        i = cache_look(a->chunk_tags, CACHED_CHUNKS, tag, &hit);
    if (!hit && !get_chunk(disk, extent, chunk, a->chunks[i]))
        return NULL;
    a->chunk_tags[i] = tag;
    a->last_chunk = i;
    return a->chunks[i];
}

const uint8_t *archive_chunk(struct archive *archive, enum drive_slot slot, uint64_t chunk)
{
    return find_chunk(&archive->disks[slot], (uint32_t)(chunk / EXTENT_CHUNKS), (uint32_t)(chunk % EXTENT_CHUNKS));
}

void archive_share(struct archive *archive, const struct archive_pages *pages)
{
    archive->pages = *pages;
}

/* How many of the `count` sectors from `sector` come before the first unreadable one. */
static uint32_t readable(const struct opened_disk *disk, uint64_t sector, uint32_t count)
{
    uint32_t low = 0, high = disk->unreadable_count;

    while (low < high) { /* the first range that ends after `sector` */
        uint32_t middle = low + (high - low) / 2;

        if (disk->unreadable[middle].first + disk->unreadable[middle].count <= sector)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == disk->unreadable_count || disk->unreadable[low].first >= sector + count)
        return count;
    return disk->unreadable[low].first <= sector ? 0 : (uint32_t)(disk->unreadable[low].first - sector);
}

/* Whether a chunk is read past the cache when all of it is wanted: who reads a long file does so once. */
static bool is_direct(const struct opened_disk *disk, uint32_t extent, uint32_t chunk)
{
    const struct archive *a = disk->archive;

    if (disk->top[extent].zero)
        return false;
    for (unsigned i = 0; i < CACHED_CHUNKS; i++)
        if (is_cached(&a->chunk_tags[i], &(struct cache_tag){disk->slot, extent, chunk, 0}))
            return false;
    return true;
}

/* Reads sectors of one chunk. Nothing that was not verified is left in the buffer. */
static bool read_chunk(struct opened_disk *disk, uint64_t chunk, uint32_t inside, uint32_t count, uint8_t *to)
{
    const uint32_t extent = (uint32_t)(chunk / EXTENT_CHUNKS), number = (uint32_t)(chunk % EXTENT_CHUNKS);
    const uint8_t *bytes;

    if (count == CHUNK_SECTORS && is_direct(disk, extent, number)) {
        if (get_chunk(disk, extent, number, to))
            return true;
        memset(to, 0, CHUNK_SIZE);
        return false;
    }
    bytes = find_chunk(disk, extent, number);
    if (bytes)
        memcpy(to, bytes + (size_t)inside * SECTOR_SIZE, (size_t)count * SECTOR_SIZE);
    return bytes;
}

static enum block_result disk_read(void *context, uint64_t sector, uint32_t count, uint8_t *buffer, uint32_t *done)
{
    struct opened_disk *disk = context;
    uint32_t good = readable(disk, sector, count);

    for (*done = 0; *done < good;) {
        uint64_t at = sector + *done, chunk = at / CHUNK_SECTORS;
        uint32_t inside = (uint32_t)(at % CHUNK_SECTORS), part = CHUNK_SECTORS - inside;

        if (part > good - *done)
            part = good - *done;
        if (!read_chunk(disk, chunk, inside, part, buffer + (size_t)*done * SECTOR_SIZE))
            return BLOCK_FAILED;
        *done += part;
    }
    return good == count ? BLOCK_OK : BLOCK_UNREADABLE;
}

static const struct error *disk_failure(void *context)
{
    return &((struct opened_disk *)context)->archive->failure;
}

bool archive_disk(struct archive *archive, enum drive_slot slot, struct block *disk, struct error *error)
{
    struct opened_disk *opened = &archive->disks[slot];

    *disk = (struct block){.context = NULL};
    if (opened->size == 0)
        return error_set(error, STATUS_OK, archive->path, drive_slot_names[slot], NULL, "has no medium in this drive");
    *disk = (struct block){
        .context = opened,
        .sectors = opened->size / SECTOR_SIZE,
        .read_only = true,
        .read = disk_read,
        .failure = disk_failure,
    };
    disk->session = disk_last_session(disk, opened->unreadable, opened->unreadable_count);
    return true;
}

/* --- What is described --- */

bool archive_extent(struct archive *a, enum drive_slot slot, uint32_t extent, struct chunk_claim *chunks,
                    uint32_t *count, uint8_t root[DIGEST_SIZE], struct error *error)
{
    static const uint8_t zeros[CHUNK_SIZE];
    struct opened_disk *disk = &a->disks[slot];
    const struct top_entry *top = &disk->top[extent];
    const struct chunk_place *map = top->zero ? NULL : disk_map(disk, extent);

    *count = extent_chunks(disk->size, extent);
    memcpy(root, top->root, DIGEST_SIZE);
    if (!map && !top->zero) {
        *error = a->failure;
        return false;
    }
    for (uint32_t i = 0; i < *count; i++) {
        chunks[i].own = top->zero || (map[i].kind == PLACE_HELD && map[i].owner == a);
        if (map)
            memcpy(chunks[i].digest, map[i].digest, DIGEST_SIZE);
        else if (i > 0 && i + 1 < *count)
            memcpy(chunks[i].digest, chunks[0].digest, DIGEST_SIZE);
        else
            sha256(zeros, chunk_length(disk->size, extent, i), chunks[i].digest);
    }
    return true;
}

const struct sector_range *archive_unreadable(const struct archive *archive, enum drive_slot slot, uint32_t *count)
{
    *count = archive->disks[slot].unreadable_count;
    return archive->disks[slot].unreadable;
}
