/* output.h - every file that Muniment writes begins here.
 *
 * What is finished at once (archive, snapshot, picture, key) is written under a temporary name beside its own, synced
 * and renamed, and its folder is synced: a reader sees the old file, the new one or none. A temporary is locked for as
 * long as its writer lives; the next run that writes into the folder removes those that are not locked. What grows
 * (what a serial line sends, a trace) is written under its own name as it comes.
 *
 * A regular file that is there already is refused (STATUS_INPUT) unless the caller asks to replace it. A symbolic link
 * is followed. A device or a FIFO is written to directly, or refused where the file is not written in order; it is
 * never replaced. */
#ifndef MUNIMENT_OUTPUT_H
#define MUNIMENT_OUTPUT_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "formats/error.h"
#include "formats/text.h"

struct output {
    FILE *file;                   /* null: not open */
    int folder;                   /* descriptor of the folder; below 0: written directly */
    bool replace, made;           /* it may be there; it was not */
    char path[PATH_MAX];          /* as the caller gave it */
    char name[NAME_MAX + 1];      /* in the folder, links followed */
    char temporary[NAME_MAX + 1]; /* empty: written under its own name */
};

/* A regular file that is finished at once and may be written at random (fileno). mode is that of a new file, before the
 * umask. */
bool output_whole(struct output *output, const char *path, mode_t mode, bool replace, struct error *error);
/* The same, written from its beginning to its end; "-" is standard output. */
bool output_in_order(struct output *output, const char *path, bool replace, struct error *error);
/* A file that grows; "-" is standard output. What is replaced is lost at once. */
bool output_growing(struct output *output, const char *path, bool replace, struct error *error);

/* Whether one of them would be refused for what is there now: for files that are written only at the end of a long
 * run. */
bool output_may(const char *path, bool replace, struct error *error);

/* Makes the file what the path names. False when a byte of it could not be written: then nothing is left of a file that
 * is finished at once. If only the folder could not be synced, the file is there, and may be gone after a failure of
 * power. Whether standard output took it, the program sees at its end. */
bool output_commit(struct output *output, struct error *error);
/* Writes a text that was made in memory, and commits. One that failed for want of memory: STATUS_HOST, and the output
 * is aborted. */
bool output_text(struct output *output, const struct text *text, struct error *error);
/* Gives it up: a file that was not there is not there. Does nothing to one that is not open. */
void output_abort(struct output *output);
/* Closes it without touching the file: another process finishes it. */
void output_release(struct output *output);

/* Removes the temporaries of a folder whose writers are gone. */
bool output_sweep(const char *folder, struct error *error);
/* Syncs the folder in which a path lies: only then is a new name on the disk. */
bool output_sync_folder(const char *path, struct error *error);

#endif
