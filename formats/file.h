/* file.h - reading and writing at a place of a file; whether a file stayed as it was. */
#ifndef MUNIMENT_FILE_H
#define MUNIMENT_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "formats/error.h"

/* Reads or writes exactly size bytes at offset. */
bool file_write(int descriptor, const char *path, uint64_t offset, const void *bytes, size_t size, struct error *error);
bool file_read(int descriptor, const char *path, uint64_t offset, void *buffer, size_t size, struct error *error);

/* Writes or reads all of it, to or from a pipe or a socket. False: the other end is gone, or errno says why. */
bool stream_write(int descriptor, const void *bytes, size_t size);
bool stream_read(int descriptor, void *bytes, size_t size);

/* Whether a path that was read from somewhere stays below the folder that it is relative to: it is not empty, does not
 * begin with a slash, and has no part "..". */
bool path_is_below(const char *path);
/* A path without its folders; a part of it. */
const char *path_name(const char *path);

/* Makes an anonymous file in TMPDIR, or in /var/tmp, that vanishes when it is closed. Below 0 with *error. */
int file_temporary(struct error *error);

/* Which file it is, how long, and when it was last changed. All 0: no regular file, such as a pipe, which does not stay
 * as it is. */
struct file_state {
    uint64_t device, inode, size;
    int64_t times[4]; /* of contents and of status, seconds and nanoseconds each */
};

/* To be taken before a file is read, so that file_unchanged can say afterwards whether anybody wrote to it meanwhile.
 * Waits a moment where the file was changed just now: a later change could bear the same time. What is written through
 * a mapping that was written through before bears no time. */
bool file_state(int descriptor, const char *path, struct file_state *state, struct error *error);
/* Refuses (STATUS_INPUT) a file that is not as it was, or no longer the one that the path names. */
bool file_unchanged(int descriptor, const char *path, const struct file_state *before, struct error *error);
/* The same without a descriptor: what the path names is the file, as it was. */
bool file_still(const char *path, const struct file_state *before, struct error *error);

#endif
