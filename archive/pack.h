/* pack.h - files of chunks: gzip members of up to 64 KiB each, one after the other, which name themselves by place and
 * SHA-256. Snapshots are kept in them (spec/snapshot.md); what the chunks hold is not known here. */
#ifndef MUNIMENT_PACK_H
#define MUNIMENT_PACK_H

#include "archive/layout.h"
#include "formats/output.h"

struct pack_place {
    uint64_t offset;
    uint32_t length;             /* of the gzip member */
    uint8_t digest[DIGEST_SIZE]; /* of the bytes in it */
};

/* --- Writing: a file appears under its name when it is complete (formats/output.h) --- */

struct pack_writer {
    struct output output; /* not open: the descriptor is the caller's */
    int descriptor;
    struct chunk_encoder *encoder;
    uint64_t offset; /* where the next member goes */
};

/* Begins the file. After success pack_commit or pack_abandon must follow. */
bool pack_create(struct pack_writer *w, const char *path, bool replace, struct error *error);
/* The same in a file that is open for writing, and empties it: it has its name already, which is for errors, and is
 * whole when its reader finds it so. */
bool pack_create_in(struct pack_writer *w, int descriptor, const char *name, struct error *error);
/* Writes bytes as they are, not as a chunk: the head of a file, at its beginning or over it later. */
bool pack_head(struct pack_writer *w, const void *bytes, size_t size, struct error *error);
/* Writes a chunk of 1 to CHUNK_SIZE bytes. */
bool pack_add(struct pack_writer *w, const uint8_t *bytes, uint32_t size, struct pack_place *place,
              struct error *error);
/* As output_commit. */
bool pack_commit(struct pack_writer *w, struct error *error);
/* Removes what was written. Does nothing to one that is not open. */
void pack_abandon(struct pack_writer *w);
/* Lets go of it without touching the file: another process finishes it. */
void pack_release(struct pack_writer *w);

/* --- Reading --- */

struct pack {
    int descriptor; /* below 0: not open */
    bool lent;      /* the caller closes it */
    uint64_t size;
    char path[4096];
    struct chunk_decoder *decoder;
};

bool pack_open(struct pack *p, const char *path, struct error *error);
/* The same of a file that is open, and stays so; the name is for errors. */
bool pack_open_in(struct pack *p, int descriptor, const char *name, struct error *error);
void pack_close(struct pack *p);
/* Reads a chunk. Without digest it is not checked, and `length` is how much is looked at; *used is how long the member
 * is. */
bool pack_read(struct pack *p, uint64_t offset, uint32_t length, const uint8_t *digest, uint8_t bytes[CHUNK_SIZE],
               uint32_t *size, uint32_t *used, struct error *error);

#endif
