/* open.h - one open archive, shared by open.c, which opens it, and disk.c, which reads its disks. */
#ifndef MUNIMENT_OPEN_H
#define MUNIMENT_OPEN_H

#include "archive/archive.h"
#include "archive/layout.h"
#include "formats/file.h"

#define CACHED_CHUNKS 64u
#define CACHED_MAPS 16u

/* Where in an archive something cached comes from, and when it was last used (0: never filled). */
struct cache_tag {
    enum drive_slot slot;
    uint32_t extent, chunk; /* chunk: 0 for a map */
    uint64_t used;
};

/* What archive_disk hands out as a block's context. */
struct opened_disk {
    struct archive *archive;
    enum drive_slot slot;
    uint64_t size;
    struct top_entry *top;
    struct sector_range *unreadable; /* in order */
    uint32_t unreadable_count;
};

struct archive {
    int descriptor;
    char path[512];
    uint64_t size;    /* of the file */
    uint64_t seal_at; /* header of seal.txt; all other members that are listed end before it */
    struct seal seal;
    struct machine_manifest machine;
    struct description_manifest description;
    hex_digest machine_root;
    struct archive_signature signature;
    struct opened_disk disks[DRIVE_COUNT];

    struct chunk_decoder *decoder;
    struct cache_tag chunk_tags[CACHED_CHUNKS], map_tags[CACHED_MAPS];
    uint8_t (*chunks)[CHUNK_SIZE];           /* CACHED_CHUNKS of them */
    struct map_entry (*maps)[EXTENT_CHUNKS]; /* CACHED_MAPS of them */
    uint64_t clock;                          /* of the caches */
    struct error failure;
};

/* The map of an extent that is not all zeros, until the next call; null with archive->failure. */
const struct map_entry *disk_map(struct opened_disk *disk, uint32_t extent);

#endif
