/* snapshot.h - snapshots: the whole state of a machine in a file, from which it continues anywhere as it would have
 * continued here (spec/snapshot.md).
 *
 * A snapshot is a file of gzip members: the locator, chunks of pages, and a text that has every field of the state and
 * says where each page is. The pages may be in other files beside it; checkpoint.h makes such. */
#ifndef MUNIMENT_VERIFY_SNAPSHOT_H
#define MUNIMENT_VERIFY_SNAPSHOT_H

#include "archive/archive.h"
#include "emu/emu.h"
#include "verify/runs/media.h"

/* --- Which machine it is --- */

enum medium_identity { MEDIUM_NONE, MEDIUM_SEALED, MEDIUM_IMAGE };

/* What a machine is built of, so far as the bits depend on it. */
struct machine_identity {
    uint32_t version;    /* of the machine */
    hex_digest root;     /* the machine-root of its archive; empty: it is not from one */
    hex_digest content;  /* the digest of its content.txt, which covers the rights; empty: not stated */
    hex_digest hardware; /* SHA-256 of its manifest in canonical form with its firmware named by digest, and without
                            what is not hardware */
    struct {
        enum medium_identity kind;
        hex_digest sha256; /* of MEDIUM_IMAGE: of the medium as it was when it was put in, without what an overlay held
                            */
        bool kept, known;  /* there is an overlay that is kept; it is the one of the snapshot */
        uint64_t first;    /* records that it had when the machine was switched on: what is since is in the snapshot */
        struct overlay_place place; /* where it stands */
    } media[DRIVE_COUNT];
    hex_digest line_in; /* SHA-256 of the recording that is connected; empty: none */
};

/* Finds out. Reads the media that do not come from the archive as the archive has them; so it is to be called before
 * the machine runs. progress may be null. */
bool machine_identify(const struct media *media, struct machine_identity *identity, progress_function *progress,
                      void *context, struct error *error);
/* The part of it that is one drive's: to be called when another medium was put in. */
bool medium_identify(const struct media *media, enum drive_slot slot, struct machine_identity *identity,
                     progress_function *progress, void *context, struct error *error);

/* --- One snapshot --- */

#define SNAPSHOT_TEXT_LIMIT (256u << 20)
#define SNAPSHOT_FILES 4096u /* that the pages of one snapshot may lie in */
#define SNAPSHOT_FILE_NAME 64u

struct page_run { /* pages that lie one after the other in one chunk */
    uint64_t first;
    uint64_t offset;             /* of the chunk in its file */
    uint32_t length, size;       /* of the chunk, and of what is in it */
    uint16_t count, skip;        /* pages; of those in the chunk, so many come before */
    uint16_t file;               /* index into names */
    uint8_t area, readable;      /* enum machine_area; which eighths can be read, one bit each */
    uint8_t digest[DIGEST_SIZE]; /* of the chunk's contents */
};

struct page_table {
    struct page_run *runs; /* owned; in the order of areas and pages */
    uint32_t count, capacity;
    char (*names)[SNAPSHOT_FILE_NAME]; /* owned; of the files, "." being the snapshot's own */
    uint32_t name_count;
};

struct snapshot {
    char path[4096];
    int descriptor; /* the caller's, on its file; below 0: it is opened by its path */
    struct machine_identity machine;
    uint64_t tick;
    uint8_t digest[DIGEST_SIZE]; /* of the state, as machine_digest has it */
    char *text;                  /* owned: all of the text, with a NUL */
    const char *state;           /* in it: the lines of the fields */
    size_t state_length;
    struct page_table pages;
};

/* Writes a snapshot that needs no other file (formats/output.h). The machine stands between two slices; it runs on
 * afterwards as if nothing had been. */
bool snapshot_write(struct machine *machine, const struct machine_identity *identity, const char *path, bool replace,
                    struct error *error);
/* The same into a file that is open (pack_create_in). */
bool snapshot_write_in(struct machine *machine, const struct machine_identity *identity, int descriptor,
                       const char *name, struct error *error);

/* Reads the text of a snapshot, and checks all that can be checked without the pages. The caller calls snapshot_free in
 * any case. */
bool snapshot_read(const char *path, struct snapshot *snapshot, struct error *error);
/* The same of a file that is open, whose pages lie in no other; it is to stay open until snapshot_free. */
bool snapshot_read_in(int descriptor, const char *name, struct snapshot *snapshot, struct error *error);
void snapshot_free(struct snapshot *snapshot);

/* Notes where the overlays that are kept stand, and syncs them: to be called before a snapshot is written. */
bool machine_identity_update(const struct media *media, struct machine_identity *identity, struct error *error);

/* Whether a machine is the one of a snapshot; *error says what is another, and which medium is missing. An overlay to
 * which the machine of the snapshot wrote is taken back to where it was then. media may be null: no overlay is kept. */
bool snapshot_fits(const struct snapshot *snapshot, struct media *media, struct machine_identity *identity,
                   struct error *error);

/* Gives a machine that was just built the state of the snapshot, and compares the digest. False: the machine is to be
 * destroyed. */
bool snapshot_restore(const struct snapshot *snapshot, struct machine *machine, struct error *error);

/* Gives a line for each difference: fields by name, pages of memory, sectors of drives. The chunks that are read for it
 * are checked. */
bool snapshot_compare(const struct snapshot *a, const struct snapshot *b, void (*line)(void *context, const char *text),
                      void *context, uint64_t *differences, struct error *error);

/* --- For those who know of pages --- */

/* Reads pages from the files of a snapshot; keeps the last chunk. */
struct page_reader {
    const struct snapshot *snapshot;
    struct pack pack;
    uint32_t file;   /* that is open; SNAPSHOT_FILES: none */
    uint64_t offset; /* of the chunk in `bytes`; 0: none */
    uint32_t size;
    uint8_t bytes[CHUNK_SIZE];
};
void page_reader_begin(struct page_reader *reader, const struct snapshot *snapshot);
void page_reader_end(struct page_reader *reader);
/* The bytes of a run's page number `index`, from 0; valid until the next call. Null: *error says why. */
const uint8_t *page_reader_get(struct page_reader *reader, const struct page_run *run, uint32_t index,
                               struct error *error);

/* Writes what a snapshot of a machine has besides the pages of `kept`, which were saved before: chunks into `pages`,
 * which is named `name` in the table, and the text into `text`; they may be the same file. Both are to be committed,
 * pages first. With `relocate`, pages that are kept in files of which it is true are written again. */
struct snapshot_writing {
    struct machine *machine;
    const struct machine_identity *identity;
    const struct page_table *kept; /* null: nothing was saved before */
    const bool *relocate;          /* by index of the names of kept; null: nothing */
    struct pack_writer *pages, *text;
    const char *name;
};
bool snapshot_write_parts(struct snapshot_writing *w, struct error *error);

#endif
