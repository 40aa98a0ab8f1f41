/* twins.h - checkpoints of a session that can open no file: two files that were opened for it, written in turn by a
 * child, so that one of them is whole whatever happens. Each holds a snapshot (snapshot.h). */
#ifndef MUNIMENT_VERIFY_TWINS_H
#define MUNIMENT_VERIFY_TWINS_H

#include "verify/runs/snapshot.h"

struct twins {
    int descriptors[2]; /* the caller's, for reading and writing */
    const char *names[2];
    unsigned next; /* that is written next: not the one that the session was resumed from */
    int child;     /* that is writing; 0: none */
};

/* Writes one of a machine that stands between two slices, and waits for it. */
bool twins_write(struct twins *t, struct machine *machine, const struct machine_identity *identity,
                 struct error *error);
/* The same by a child, while the machine runs on; nothing is begun while one is being written. As of
 * checkpoint_begin. */
bool twins_begin(struct twins *t, struct machine *machine, const struct machine_identity *identity,
                 struct error *error);
/* Whether a child is still writing; wait: until it is not. */
bool twins_are_written(struct twins *t, bool wait);

#endif
