/* worn.h - a file that may be damaged, to be repaired or to repair from: what can be read of it is read. */
#ifndef MUNIMENT_WORN_H
#define MUNIMENT_WORN_H

#include "archive/archive.h"

struct worn {
    int descriptor; /* below 0: not open */
    const char *path;
    uint64_t size; /* in bytes */
};

/* Opens a regular file. path must live as long as it is open. */
bool worn_open(struct worn *file, const char *path, struct error *error);
void worn_close(struct worn *file);

/* Reads what can be read; the rest, what lies after the end of the file too, is zeros. Returns whether all was there.
 */
bool worn_read(const struct worn *file, uint64_t offset, void *buffer, size_t size);

#endif
