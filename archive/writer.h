/* writer.h - writes the members of an archive, one after the other, to a file that appears under its name only when it
 * is complete (formats/output.h). */
#ifndef MUNIMENT_WRITER_H
#define MUNIMENT_WRITER_H

#include "archive/layout.h"
#include "formats/output.h"

struct writer {
    struct output output;
    uint64_t offset; /* where the next byte goes */
    uint8_t *buffer; /* bytes before `offset` that are not in the file yet */
    size_t buffered;
    struct member member; /* the one being written */
    struct sha256 digest; /* of it; begun while it is written */
    struct error *error;  /* where the first failure is reported */
};

/* Begins the file. After success, writer_commit or writer_abandon must follow. */
bool writer_open(struct writer *w, const char *path, bool replace, struct error *error);

bool writer_begin(struct writer *w, const char *name);
bool writer_add(struct writer *w, const void *bytes, size_t size);
/* Ends the member; w->member then describes it. */
bool writer_end(struct writer *w);
/* The three in one. */
bool writer_member(struct writer *w, const char *name, const void *bytes, size_t size);

/* Writes over what was written before. */
bool writer_patch(struct writer *w, uint64_t offset, const void *bytes, size_t size);

/* Adds the end of the archive, syncs, renames. On failure nothing is left. */
bool writer_commit(struct writer *w);
/* Removes what was written. Does nothing after writer_commit. */
void writer_abandon(struct writer *w);

#endif
