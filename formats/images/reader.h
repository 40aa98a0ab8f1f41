/* reader.h - what the readers of formats share, inside formats/images/.
 *
 * A reader recognises its format in a struct probe, opens it, and from then on says of a sector where it is (locate)
 * and unpacks clusters that are compressed (unpack). Everything else - reading, holes, what lies below, the cache,
 * unreadable sectors, the end of the disk - is image.c's. A source is a file, or what a compressed file holds. */
#ifndef MUNIMENT_IMAGES_READER_H
#define MUNIMENT_IMAGES_READER_H

#include <limits.h>

#include "formats/file.h"
#include "formats/images/images.h"
#include "formats/numbers.h"

#define IMAGE_LIMIT (UINT64_C(1) << 47) /* bytes of a disk or a file */
#define CLUSTER_LIMIT (2u << 20)        /* bytes of what is unpacked at once */
#define FILES_LIMIT 4096                /* of one image */
#define DEPTH_LIMIT 64                  /* images below each other */
#define UNREADABLE_LIMIT 65536          /* ranges; what an archive can hold */

/* --- Sources --- */

struct unpacker; /* gzip.c: random access to what is in a gzip file, or a member of a zip file */

struct source {
    int descriptor;             /* below 0: not open */
    uint64_t size;              /* of what is read: the contents, if there is an unpacker */
    uint64_t file_size;         /* of the file */
    uint64_t begin;             /* in the file, of what is read */
    struct unpacker *unpacker;  /* null: the file as it is */
    int temporary;              /* what was unpacked, read in place of the file; below 0: none */
    struct file_state state;    /* when it was opened */
    uint64_t known, hole, data; /* last looked for: bytes from `known`, a hole from `hole` up to `data` */
    char path[PATH_MAX];
};

/* Reads exactly size bytes; what is not there is STATUS_INPUT with its place. */
bool source_read(const struct source *source, uint64_t offset, void *buffer, size_t size, struct error *error);

/* --- Images --- */

struct probe {
    char name[NAME_MAX + 1]; /* of the file, without folder */
    uint64_t size;
    size_t head_size;              /* bytes of head; the others are 0 */
    uint8_t head[4096], tail[512]; /* the last 512 bytes of the file, if it has so many */
};

enum piece_kind {
    PIECE_ZEROS,
    PIECE_STORED, /* in a source as it is */
    PIECE_PACKED, /* in a cluster that the reader unpacks */
    PIECE_BELOW,  /* in the image below, at the same sector */
    PIECE_UNREADABLE
};

/* Where a sector is, and how many after it are in the same place one after the other. */
struct piece {
    enum piece_kind kind;
    uint32_t source;  /* STORED, PACKED */
    uint64_t sectors; /* at least 1 */
    uint64_t offset;  /* STORED: of the sector in the source. PACKED: of the cluster, as the reader means it */
    uint64_t cluster; /* PACKED: its number, by which it is remembered */
    uint32_t inside;  /* PACKED: sectors from the cluster's first one */
    uint32_t length;  /* PACKED: bytes in the source, as the reader means it */
};

struct image;

struct reader {
    const char *name; /* as --format takes it */
    bool (*recognise)(const struct probe *probe);
    /* Fills in image->info, image->size and the reader's own state, and opens other files. */
    bool (*open)(struct image *image, const struct probe *probe, struct error *error);
    bool (*locate)(struct image *image, uint64_t sector, struct piece *piece, struct error *error);
    /* Unpacks a cluster of image->cluster_size bytes. */
    bool (*unpack)(struct image *image, const struct piece *piece, uint8_t *cluster, struct error *error);
    void (*close)(struct image *image); /* frees what image->state holds, not state itself; may be null */
};

#define CACHED_CLUSTERS 4

struct image {
    const struct reader *reader;
    const struct image_request *request;
    /* Opens sources[0] with the reader of a format, null: of what the content says (open.c). */
    bool (*open_by_reader)(struct image *image, const char *format, struct error *error);
    struct image_info info; /* the files of the images below come last */
    struct source *sources; /* of the first files of info */
    uint32_t source_count;
    bool plain;               /* the caller said that it is raw */
    uint64_t size;            /* bytes of the disk */
    void *state;              /* the reader's own, of one allocation */
    struct image *below;      /* what PIECE_BELOW means; null: zeros */
    struct image *above;      /* while it is opened */
    struct sector_range *bad; /* unreadable sectors, in order and apart */
    uint32_t bad_count;
    uint32_t cluster_size;
    bool spoilt; /* unpack failed since a sector was not read right from the original, and cannot be */
    uint64_t clock;
    struct {
        uint64_t cluster, used; /* used 0: empty */
        uint8_t *bytes;
    } cache[CACHED_CLUSTERS];
    struct error failure;
};

extern const struct reader qcow2_reader, vhd_reader, vmdk_reader, vdi_reader, ewf_reader, imd_reader, teledisk_reader,
    copyqm_reader, cue_reader, raw_reader;

/* Whether the image's folder has a regular file of this name. */
bool image_has_file(const struct image *image, const char *name);
/* The path of a file in the image's folder. */
bool image_beside(const struct image *image, const char *name, char path[PATH_MAX], struct error *error);
/* Opens another file of the image and gives its number. name has no folder: the file is looked for in the image's own.
 * It must be a regular file, not a link, and no file of the images above. */
bool image_add_file(struct image *image, const char *name, const char *role, uint32_t *source, struct error *error);
/* The same for a file whose name stands in the image, which may have a folder of any system before it: refused unless
 * the request allows it. */
bool image_add_named(struct image *image, const char *name, const char *role, uint32_t *source, struct error *error);
/* Opens the image below, which is named. format may be null: what the content says. */
bool image_add_below(struct image *image, const char *name, const char *role, const char *format, struct error *error);
/* Adds unreadable sectors; they come in order. */
bool image_add_bad(struct image *image, uint64_t first, uint64_t count, struct error *error);

bool image_add_digest(struct image *image, const char *algorithm, const uint8_t *bytes, size_t size, const char *of,
                      struct error *error);
/* Adds a note unless text is empty; what is too long is cut off. */
bool image_add_note(struct image *image, const char *key, const char *text, struct error *error);

/* Allocates the reader's own state, zeroed. Null with *error. */
void *image_state(struct image *image, size_t size, struct error *error);

/* Out of memory: STATUS_HOST. */
bool image_no_memory(const struct image *image, struct error *error);
/* The first file's path, for messages. */
const char *image_path(const struct image *image);
/* An error about the image: STATUS_INPUT. place may be null. */
bool image_wrong(const struct image *image, const char *place, struct error *error, const char *what);
/* What is wrong is at this place of a source. */
bool image_wrong_at(const struct image *image, uint32_t source, uint64_t offset, struct error *error, const char *what);
/* The image is sound, and its disk is none of a machine that is known here. */
bool image_foreign(const struct image *image, uint64_t offset, struct error *error, const char *what);

#endif
