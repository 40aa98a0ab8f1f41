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

/* Where a chunk is: in this archive, in one above it in the chain, or nowhere. */
struct chunk_place {
    enum { PLACE_HELD, PLACE_ZEROS, PLACE_MISSING } kind; /* PLACE_MISSING: in a parent that is not at hand */
    const struct archive *owner;                          /* whose file it is in */
    uint64_t offset;
    uint32_t length;
    uint8_t digest[DIGEST_SIZE];
};

struct shelf; /* parents.c */

struct archive {
    int descriptor;
    char path[512];
    struct archive_folders folders; /* owned: where parents are looked for besides its own folder */
    struct shelf *shelf;            /* what lies in these folders; null: they were not looked into */
    struct archive *child;          /* whose parent this is; null: it was opened by itself */
    struct archive *parent;         /* owned; null: it has none, was not looked for, or is not at hand */
    bool looked;                    /* for the parent */
    struct error missing;           /* looked for in vain: what it was */
    uint64_t size;                  /* of the file */
    uint64_t seal_at;               /* header of seal.txt; all other members that are listed end before it */
    struct seal seal;
    struct machine_manifest machine;
    struct description_manifest description;
    hex_digest machine_root;
    struct archive_signature signature;
    struct text statement; /* that it is over */
    char key[PUBLIC_PEM_SIZE];
    struct opened_disk disks[DRIVE_COUNT];

    struct chunk_decoder *decoder;
    struct cache_tag chunk_tags[CACHED_CHUNKS], map_tags[CACHED_MAPS];
    unsigned last_chunk;                                    /* the place of the chunk that was read last */
    uint8_t (*chunks)[CHUNK_SIZE];                          /* CACHED_CHUNKS of them; null: none was read */
    struct chunk_place (*maps[CACHED_MAPS])[EXTENT_CHUNKS]; /* one extent each; null: not used yet */
    uint64_t clock;                                         /* of the caches */
    struct archive_pages pages;                             /* read null: nobody shares any */
    struct error failure;
};

/* open.c: archive_open_descriptor; the descriptor is taken over, also on failure. */
struct archive *archive_open_taken(int descriptor, const char *path, const struct archive_folders *folders,
                                   struct error *error);

/* parents.c: lets go of what was found. */
void parents_free(struct archive *archive);

/* Where the chunks of an extent that is not all zeros are, until the next call; null with archive->failure. */
const struct chunk_place *disk_map(struct opened_disk *disk, uint32_t extent);

#endif
