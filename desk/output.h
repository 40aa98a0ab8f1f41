/* output.h - files that the desk writes: under a temporary name, then synced and renamed, so that an interrupted command leaves the old file or the
 * new one. What is no regular file (a terminal, a pipe) is written directly. */
#ifndef MUNIMENT_DESK_OUTPUT_H
#define MUNIMENT_DESK_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "formats/error.h"

struct output {
    FILE *file;            /* null: not open */
    const char *path;      /* the caller's; "-" is standard output */
    char temporary[4096];  /* empty when written directly */
};

bool output_open(struct output *output, const char *path, struct error *error);

/* Makes the file what the path names. False when a byte of it could not be written: then nothing is left. */
bool output_commit(struct output *output, struct error *error);

/* Gives it up. Does nothing to one that is not open. */
void output_abort(struct output *output);

#endif
