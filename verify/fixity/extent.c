/* extent.c - an extent of a disk and its map: chunks are unpacked and compared, so that damage is reported by chunk.
 * See check.h. */
#include "verify/fixity/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct extent_check {
    struct stream *s;
    struct part *part;
    const struct disk_check *disk;
    uint32_t count; /* of chunks */
    bool map_intact;
    bool legal[EXTENT_CHUNKS]; /* whether the map's line is well formed */
    struct map_entry map[EXTENT_CHUNKS], read[EXTENT_CHUNKS];
    const char *wrong[EXTENT_CHUNKS]; /* what is wrong with a chunk */
    bool suspect[EXTENT_CHUNKS];      /* chunk and map differ, and the map may be what is wrong */
    bool holds_data;                  /* a chunk has a byte other than zero */
    uint32_t next_unreadable;         /* the first range of the disk that ends after what was read */
    uint8_t bytes[CHUNK_SIZE], again[CHUNK_GZ_MAX];
};

static void report_chunk(struct extent_check *x, uint32_t chunk, uint64_t offset, uint64_t length, const char *what)
{
    uint64_t first = ((uint64_t)x->part->id.extent * EXTENT_CHUNKS + chunk) * CHUNK_SECTORS, sectors = CHUNK_SECTORS;
    enum drive_slot slot = x->part->id.slot;
    char place[128];

    if (x->disk->size)
        sectors = chunk_length(x->disk->size, x->part->id.extent, chunk) / SECTOR_SIZE;
    snprintf(place, sizeof place, "chunk %u of extent %u of disk/%s, sectors %llu-%llu", chunk, x->part->id.extent,
             drive_slot_names[slot], (unsigned long long)first, (unsigned long long)(first + sectors - 1));
    x->part->damaged = true;
    report_sectors(x->s->c, x->part->member.name, place, offset, length, slot, first, sectors, what);
}

/* Reads the map that follows the extent, line by line, as far as it is legal. */
static void load_map(struct extent_check *x, struct part *map)
{
    struct check *c = x->s->c;
    char *text = map ? read_part(c, map, EXTENT_CHUNKS * MAP_LINE) : NULL;
    uint32_t lines = text ? (uint32_t)(map->member.size / MAP_LINE) : 0;

    if (x->disk->size)
        x->count = extent_chunks(x->disk->size, x->part->id.extent);
    else
        x->count = lines ? lines : EXTENT_CHUNKS;
    if (text) {
        sha256(text, (size_t)map->member.size, map->member.digest);
        x->map_intact = claims_allow(c, map) && map_parse(text, (size_t)map->member.size, x->count,
                                                          x->part->member.size, seal_is_derived(&c->seal), x->map);
    }
    for (uint32_t i = 0; i < x->count && i < lines; i++)
        x->legal[i] = map_line_parse(text + (size_t)i * MAP_LINE, i, seal_is_derived(&c->seal), &x->map[i]) &&
                      x->map[i].length <= CHUNK_GZ_MAX;
    free(text);
}

/* Whether this chunk may have this length. Without the disk's size, only the last chunk may be short. */
static bool length_is_legal(const struct extent_check *x, uint32_t chunk, uint32_t length)
{
    if (x->disk->size)
        return length == chunk_length(x->disk->size, x->part->id.extent, chunk);
    return length == CHUNK_SIZE || (length > 0 && length % SECTOR_SIZE == 0);
}

/* Whether a sector that could not be read from the original has a byte other than zero. Chunks come in order. */
static bool unreadable_has_data(struct extent_check *x, uint32_t chunk, uint32_t size)
{
    uint64_t first = ((uint64_t)x->part->id.extent * EXTENT_CHUNKS + chunk) * CHUNK_SECTORS;
    uint64_t end = first + size / SECTOR_SIZE;
    const struct disk_check *disk = x->disk;

    for (; disk->unreadable && x->next_unreadable < disk->unreadable_count; x->next_unreadable++) {
        const struct sector_range *r = &disk->unreadable[x->next_unreadable];
        uint64_t from = r->first > first ? r->first : first, to = r->first + r->count < end ? r->first + r->count : end;

        if (from < to && !all_zero(x->bytes + (from - first) * SECTOR_SIZE, (size_t)(to - from) * SECTOR_SIZE))
            return true;
        if (r->first + r->count >= end)
            break;
    }
    return false;
}

/* Decodes the chunk at the stream's place. Returns what is wrong, or null. */
static const char *read_chunk(struct extent_check *x, uint32_t chunk)
{
    const struct member *m = &x->part->member;
    uint64_t rest = m->offset + m->size - x->s->offset;
    struct map_entry *read = &x->read[chunk];
    const struct map_entry *map = &x->map[chunk];
    const uint8_t *gz;
    const char *reason;
    uint32_t size;
    size_t there;

    gz = stream_peek(x->s, rest < CHUNK_GZ_MAX ? (size_t)rest : CHUNK_GZ_MAX, &there);
    if (x->map_intact && there > map->length)
        there = map->length;
    read->offset = (uint32_t)(x->s->offset - m->offset);
    reason = chunk_decode(x->s->c->decoder, gz, (uint32_t)there, x->bytes, &size, &read->length);
    if (reason)
        return reason;
    sha256(x->bytes, size, read->digest);
    if (x->map_intact && read->length != map->length)
        return "ends before its place in the map does";
    if (x->map_intact && memcmp(read->digest, map->digest, DIGEST_SIZE) != 0)
        return "does not match its digest";
    if (!length_is_legal(x, chunk, size))
        return "has a wrong length";
    x->holds_data = x->holds_data || !all_zero(x->bytes, size);
    if (unreadable_has_data(x, chunk, size))
        return "has data in a sector that is listed as unreadable";
    x->suspect[chunk] = !x->map_intact && x->legal[chunk] && memcmp(read->digest, map->digest, DIGEST_SIZE) != 0;
    return NULL;
}

/* Moves on to the next chunk; false when its place is unknown. */
static bool next_chunk(struct extent_check *x, uint32_t chunk)
{
    const struct map_entry *map = &x->map[chunk], *read = &x->read[chunk];
    uint64_t end = x->part->member.offset + x->part->member.size, next;

    if (x->map_intact)
        next = x->part->member.offset + map->offset + map->length;
    else if (!x->wrong[chunk])
        next = x->part->member.offset + read->offset + read->length;
    else if (x->legal[chunk] && map->offset == read->offset)
        next = x->s->offset + map->length;
    else if (chunk + 1 < x->count && x->legal[chunk + 1] && x->map[chunk + 1].offset > read->offset)
        next = x->part->member.offset + x->map[chunk + 1].offset;
    else
        next = end + 1;
    if (next > end)
        return false;
    stream_take(x->s, next, true);
    return true;
}

/* A chunk that is the parent's has no bytes here: only its digest counts, in the tree. */
static bool take_inherited(struct extent_check *x, uint32_t chunk)
{
    if (!(x->map_intact || x->legal[chunk]) || !x->map[chunk].inherited)
        return false;
    x->read[chunk] = x->map[chunk];
    x->holds_data = true; /* as far as is known here */
    x->s->c->result->chunks++;
    x->s->c->result->inherited++;
    return true;
}

static void read_chunks(struct extent_check *x)
{
    const struct member *m = &x->part->member;
    uint64_t end = m->offset + m->size;

    for (uint32_t i = 0; i < x->count && !x->s->c->cancelled; i++) {
        if (take_inherited(x, i))
            continue;
        if (x->s->offset == end) {
            if (x->disk->size)
                report_chunk(x, i, end, 0, "is missing, with all that come after it");
            x->count = i;
            break;
        }
        x->wrong[i] = read_chunk(x, i);
        x->s->c->result->chunks++;
        if (!next_chunk(x, i)) {
            report_chunk(x, i, x->s->offset, end - x->s->offset,
                         "has no end that could be found; what follows was not checked");
            x->count = i;
        }
    }
    if (x->s->offset < end && !x->part->damaged)
        report_chunk(x, x->count - 1, x->s->offset, end - x->s->offset, "is followed by something");
    stream_take(x->s, end, true);
}

/* All chunks are right but the member is not: some are compressed otherwise than they were. Encoding them again shows
 * which, if this zlib is like the one that sealed them. */
static void find_other_encoding(struct extent_check *x)
{
    struct check *c = x->s->c;
    uint32_t different = 0, last = 0;
    uint8_t *gz = malloc(CHUNK_GZ_MAX);

    for (uint32_t i = 0; gz && i < x->count; i++) {
        uint32_t size, used;

        if (x->wrong[i] || x->read[i].inherited ||
            read_some(c, x->part->member.offset + x->read[i].offset, gz, x->read[i].length) != x->read[i].length ||
            chunk_decode(c->decoder, gz, x->read[i].length, x->bytes, &size, &used))
            continue;
        if (chunk_encode(c->encoder, x->bytes, size, x->again) == used && memcmp(x->again, gz, used) == 0)
            continue;
        different++;
        last = i;
    }
    free(gz);
    if (different == 1)
        report_chunk(x, last, x->part->member.offset + x->read[last].offset, x->read[last].length,
                     "is compressed otherwise than it was sealed; what it holds is intact");
    else if (!x->part->damaged)
        report_part(c, x->part, "is compressed otherwise than it was sealed; what its chunks hold is intact");
}

/* Whether the map is known to be the one that was signed. */
static bool map_is_vouched(const struct extent_check *x)
{
    uint8_t root[DIGEST_SIZE];

    if (!x->s->c->vouched || !x->map_intact || !x->disk->claimed || x->part->id.extent >= x->disk->extents)
        return false;
    extent_root(x->map, x->count, root);
    return memcmp(root, x->disk->claimed[x->part->id.extent].root, DIGEST_SIZE) == 0;
}

static void judge_extent(struct extent_check *x)
{
    struct check *c = x->s->c;
    bool allowed = claims_allow(c, x->part);

    for (uint32_t i = 0; i < x->count; i++) {
        bool suspect = x->suspect[i] && !allowed;

        if (x->wrong[i] || suspect)
            report_chunk(x, i, x->part->member.offset + x->read[i].offset,
                         x->legal[i] ? x->map[i].length : x->read[i].length,
                         x->wrong[i] ? x->wrong[i] : "does not match its digest");
    }
    if (!x->part->damaged && x->count > 0 && !x->holds_data)
        report_part(c, x->part, "holds nothing but zeros, and must not be there");
    if (!allowed && c->sums_intact && map_is_vouched(x))
        find_other_encoding(x);
    else if (!allowed && c->sums_intact && !x->part->damaged)
        report_part(c, x->part, "does not match its digest");
    if (x->count > 0 && x->disk->read && x->part->id.extent < x->disk->extents) {
        struct top_entry *entry = &x->disk->read[x->part->id.extent];

        entry->offset = x->part->member.offset;
        entry->length = (uint32_t)x->part->member.size;
        extent_root(x->read, x->count, entry->root);
    }
}

/* --- Without unpacking all --- */

/* What would have been found in the extent, had it all been read. */
static void take_entry(struct extent_check *x)
{
    struct top_entry *entry = &x->disk->read[x->part->id.extent];

    entry->offset = x->part->member.offset;
    entry->length = (uint32_t)x->part->member.size;
    extent_root(x->map, x->count, entry->root);
}

static void count_inherited(struct extent_check *x)
{
    for (uint32_t i = 0; i < x->count; i++)
        x->s->c->result->inherited += x->map[i].inherited;
}

/* The stored bytes against the digest in SHA256SUMS. */
static void check_stored(struct extent_check *x)
{
    struct stream *s = x->s;
    const struct member *m = &x->part->member;

    sha256_begin(&s->digest);
    stream_take(s, m->offset + m->size, true);
    sha256_end(&s->digest, x->part->member.digest);
    if (!s->c->cancelled && !claims_allow(s->c, x->part))
        report_part(s->c, x->part, "does not match its digest");
    s->c->result->chunks += x->count;
    count_inherited(x);
    take_entry(x);
}

/* One chunk out of its order. */
static void check_sample(struct extent_check *x, uint32_t chunk)
{
    struct check *c = x->s->c;
    const struct map_entry *map = &x->map[chunk];
    uint64_t offset = x->part->member.offset + map->offset;
    uint32_t size, used;
    uint8_t digest[DIGEST_SIZE];
    const char *reason = NULL;

    c->result->chunks++;
    if (map->inherited)
        return;
    read_some(c, offset, x->again, map->length);
    c->cancelled = !crew_read(c->crew, map->length);
    reason = chunk_decode(c->decoder, x->again, map->length, x->bytes, &size, &used);
    if (!reason)
        sha256(x->bytes, size, digest);
    if (!reason && (used != map->length || !length_is_legal(x, chunk, size)))
        reason = "has a wrong length";
    if (!reason && memcmp(digest, map->digest, DIGEST_SIZE) != 0)
        reason = "does not match its digest";
    if (reason)
        report_chunk(x, chunk, offset, map->length, reason);
}

/* As many chunks as were asked for, at random and in order: of those that are left, each has the same chance. */
static void check_samples(struct extent_check *x)
{
    struct check *c = x->s->c;
    uint32_t wanted = (x->count * c->request->percent + 99) / 100;

    for (uint32_t i = 0; i < x->count && wanted > 0 && !c->cancelled; i++)
        if (random_below(c, x->count - i) < wanted) {
            check_sample(x, i);
            wanted--;
        }
    count_inherited(x);
    take_claim(c, x->part);
    take_entry(x);
}

/* --- Either --- */

static void check_whole(struct extent_check *x)
{
    struct stream *s = x->s;

    sha256_begin(&s->digest);
    read_chunks(x);
    sha256_end(&s->digest, x->part->member.digest);
    if (!s->c->cancelled)
        judge_extent(x);
}

struct extent_check *extent_check_new(void)
{
    return calloc(1, sizeof(struct extent_check));
}

void check_extent(struct extent_check *x, struct stream *s, struct part *part, struct part *map, bool thorough)
{
    struct check *c = s->c;

    memset(x, 0, sizeof *x);
    x->s = s;
    x->part = part;
    x->disk = &c->disks[part->id.slot];
    if (part->member.size > EXTENT_GZ_MAX || part->member.size == 0 ||
        (x->disk->size && part->id.extent >= x->disk->extents)) {
        sha256_begin(&s->digest);
        stream_take(s, part->member.offset + part->member.size, true);
        sha256_end(&s->digest, part->member.digest);
        report_part(c, part, part->member.size ? "is too long, or lies past the end of the disk" : "is empty");
        return;
    }
    load_map(x, map);
    if (!map)
        report_place(c, part->member.name, NULL, part->member.offset, part->member.size, "has no map");
    if (thorough || c->request->method == VERIFY_FULL || !claims_are_whole(c) || !map_is_vouched(x))
        check_whole(x);
    else if (c->request->method == VERIFY_QUICK)
        check_stored(x);
    else
        check_samples(x);
    stream_skip(s, part->member.offset + part->member.size);
}

/* The map of the extent that was read just before. */
void check_map(struct extent_check *x, struct stream *s, struct part *part)
{
    struct check *c = s->c;
    bool follows = x->part && x->part + 1 == part && x->part->id.slot == part->id.slot &&
                   x->part->id.extent == part->id.extent;
    struct text expected = {.bytes = NULL};
    char line[MAP_LINE + 1], *actual;

    sha256_begin(&s->digest);
    stream_take(s, part->member.offset + part->member.size, true);
    sha256_end(&s->digest, part->member.digest);
    if (!follows) {
        report_place(c, part->member.name, NULL, part->member.offset, part->member.size, "does not follow its extent");
        return;
    }
    if (x->disk->read && part->id.extent < x->disk->extents)
        memcpy(x->disk->read[part->id.extent].map_digest, part->member.digest, DIGEST_SIZE);
    if (x->map_intact)
        return;
    for (uint32_t i = 0; i < x->count; i++) {
        map_line_print(line, i, &x->read[i]);
        text_add(&expected, line, MAP_LINE);
    }
    if (!x->part->damaged && !expected.failed && expected.length != part->member.size)
        report_part(c, part, "does not have one line for each chunk");
    actual = x->part->damaged || expected.failed || part->damaged ? NULL : read_part(c, part, expected.length);
    part->damaged = part->damaged || (actual && !report_difference(c, part->member.name, NULL, part->member.offset,
                                                                   actual, expected.bytes, expected.length));
    if (!part->damaged && !claims_allow(c, part))
        report_part(c, part, "does not match its digest");
    free(actual);
    text_free(&expected);
}
