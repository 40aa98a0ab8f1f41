/* differ.h - what `replay` does when a machine is not in the state that was recorded: goes back to where it was, and
 * finds out who differs, from when on, and in what. */
#ifndef MUNIMENT_DESK_DIFFER_H
#define MUNIMENT_DESK_DIFFER_H

#include "desk/boot.h"
#include "verify/runs/runs.h"

struct differ {
    const struct arguments *arguments; /* of replay */
    struct replay *replay;
    struct machine_identity identity;
    struct worker *workers; /* all that there are; the first two stand at the last equal state */
    size_t worker_count;
};

/* Keeps the state in which the replay stands, as the last that was equal. False: replay->error says why. */
bool differ_keep(void *context);

/* Reports what caused a difference at the tick at which the replay stands. */
void differ_explain(struct differ *d);
void differ_end(struct differ *d);

#endif
