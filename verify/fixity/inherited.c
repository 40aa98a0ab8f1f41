/* inherited.c - the chunks of a derived archive that are those of a parent: each is read there, and has the digest that
 * the derived archive has for it; or it is said that this was not decided. */
#include "verify/fixity/check.h"

#include <stdio.h>
#include <string.h>

static void report_inherited(struct check *c, enum drive_slot slot, uint32_t extent, uint32_t chunk, uint64_t sector,
                             uint32_t sectors, const struct error *why)
{
    char place[128], what[256], name[32];

    if (why->status == STATUS_HOST) { /* that is no damage */
        c->failure = *why;
        return;
    }
    snprintf(name, sizeof name, "disk/%s", drive_slot_names[slot]);
    snprintf(place, sizeof place, "chunk %u of extent %u of disk/%s, sectors %llu-%llu, inherited", chunk, extent,
             drive_slot_names[slot], (unsigned long long)sector, (unsigned long long)(sector + sectors - 1));
    snprintf(what, sizeof what, "%.120s: %.120s", why->object, why->what);
    report_sectors(c, name, place, 0, 0, slot, sector, sectors, what);
}

/* Reads the sectors of a chunk; those that the original did not give have no bytes. */
static bool read_sectors(struct block *disk, uint64_t sector, uint32_t count)
{
    uint8_t bytes[CHUNK_SIZE];

    for (uint32_t at = 0; at < count;) {
        uint32_t done = 0;
        enum block_result result = disk->read(disk->context, sector + at, count - at, bytes, &done);

        if (result == BLOCK_FAILED)
            return false;
        at += done + (result == BLOCK_UNREADABLE);
    }
    return true;
}

static bool is_chosen(struct check *c, uint32_t percent)
{
    return c->request->method != VERIFY_SAMPLE || random_below(c, 100) < percent;
}

/* Returns false when the parent is not at hand. */
static bool check_extent_above(struct check *c, struct archive *archive, enum drive_slot slot, uint32_t extent,
                               struct block *disk)
{
    struct chunk_claim chunks[EXTENT_CHUNKS];
    uint64_t sector = (uint64_t)extent * EXTENT_CHUNKS * CHUNK_SECTORS;
    uint8_t root[DIGEST_SIZE];
    struct error error;
    uint32_t count;

    if (!archive_extent(archive, slot, extent, chunks, &count, root, &error)) {
        if (error.status != STATUS_UNDECIDED)
            report_inherited(c, slot, extent, 0, sector, 1, &error);
        return error.status != STATUS_UNDECIDED;
    }
    for (uint32_t i = 0; i < count && !c->cancelled; i++, sector += CHUNK_SECTORS) {
        uint32_t sectors = disk->sectors - sector < CHUNK_SECTORS ? (uint32_t)(disk->sectors - sector) : CHUNK_SECTORS;

        if (chunks[i].own || !is_chosen(c, c->request->percent))
            continue;
        if (!read_sectors(disk, sector, sectors)) {
            if (archive_failure(archive)->status == STATUS_UNDECIDED)
                return false;
            report_inherited(c, slot, extent, i, sector, sectors, archive_failure(archive));
        }
        c->result->inherited_read++;
        c->cancelled = c->request->progress && !c->request->progress(c->request->progress_context, c->size, c->size);
    }
    return true;
}

void check_inherited(struct check *c, struct archive *archive)
{
    struct verify_result *r = c->result;
    struct archive *parent;
    struct error error = {.status = STATUS_OK};

    r->derived = archive_is_derived(archive, NULL, NULL);
    if (!r->derived || c->request->own)
        return;
    parent = archive_parent(archive, &error);
    if (!parent) {
        if (error.status == STATUS_HOST)
            c->failure = error;
        if (error.status == STATUS_WRONG)
            report_place(c, "archive", NULL, 0, c->size, "%s", error.what);
        snprintf(r->missing, sizeof r->missing, "%s", error.what);
        return;
    }
    snprintf(r->parent, sizeof r->parent, "%s", archive_file(parent));
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++) {
        struct block disk;

        if (!archive_disk(archive, (enum drive_slot)slot, &disk, &error))
            continue;
        for (uint32_t i = 0; i < disk_extents(disk.sectors * SECTOR_SIZE) && !c->cancelled; i++)
            if (!check_extent_above(c, archive, (enum drive_slot)slot, i, &disk)) {
                r->parent[0] = '\0'; /* one further up in the chain is missing */
                snprintf(r->missing, sizeof r->missing, "%s", archive_failure(archive)->what);
                return;
            }
    }
}
