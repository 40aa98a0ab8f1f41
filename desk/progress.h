/* progress.h - what a long operation shows on a terminal, and how it is interrupted. */
#ifndef MUNIMENT_DESK_PROGRESS_H
#define MUNIMENT_DESK_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* From now on SIGINT, SIGTERM and SIGHUP set a flag instead of ending the program, so that nothing half-written is
 * left. */
void interrupt_watch(void);
bool interrupted(void);

struct progress {
    const char *what; /* "sealing" */
    uint64_t began;   /* milliseconds of a monotonic clock */
    uint64_t shown;   /* when the line was last written; 0: never */
    bool terminal;    /* standard error is one */
};

void progress_begin(struct progress *p, const char *what);

/* Shows a line if a second has passed since the beginning; at most five a second. */
void progress_show(struct progress *p, const char *line);

/* Takes the line away. */
void progress_end(struct progress *p);

/* A progress_function of archive/archive.h; context is a struct progress. False once the user has interrupted. */
bool progress_bytes(void *context, uint64_t done, uint64_t total);

#endif
