/* lockstep.h - two runs side by side: finds the first tick at which two replays of one journal, in two processes or by
 * two programs, are no longer in the same state.
 *
 * A worker is a process that stands at a tick of a replay. It looks ahead with a process forked from itself, which
 * takes its place if that is wanted; so nothing is ever run from the beginning again. Workers speak over two pipes, in
 * lines (spec/journal.md, "Lockstep"), so that one may be another program, on another host. */
#ifndef MUNIMENT_VERIFY_LOCKSTEP_H
#define MUNIMENT_VERIFY_LOCKSTEP_H

#include <sys/types.h>

#include "verify/runs/replay.h"

struct worker {
    pid_t process; /* 0: none */
    int to, from;  /* descriptors */
};

/* Where a worker stands. */
struct worker_state {
    uint64_t tick;
    struct journal_state state;
};

/* Makes this process a worker, which is driven over the two descriptors until it has to quit. identity names the
 * machine in the snapshots that it saves. */
struct machine_identity; /* verify/runs/snapshot.h */
void worker_serve(struct replay *r, const struct machine_identity *identity, int from, int to);

/* Forks a worker that stands where the replay stands. others are all the workers that there are; one that is no process
 * is ignored. */
bool worker_fork(struct worker *w, const struct worker *others, size_t count, struct replay *r,
                 const struct machine_identity *identity, struct error *error);
/* Starts a program as a worker: argv ends with a null. */
bool worker_start(struct worker *w, char *const *argv, struct error *error);
void worker_quit(struct worker *w);

/* Lets it look ahead: to the first instruction at or after the tick, or to where its journal or its machine ends. Then
 * worker_keep has to say whether it is to stay there. False: it is gone. */
bool worker_probe(struct worker *w, uint64_t tick, struct worker_state *state);
bool worker_keep(struct worker *w, bool keep);
/* Lets it write a snapshot of where it stands. */
bool worker_save(struct worker *w, const char *path);
/* Lets it show the state in which it stands, as its replay's `show` does. */
bool worker_show(struct worker *w);

enum lockstep_result { LOCKSTEP_EQUAL, LOCKSTEP_DIFFERENT, LOCKSTEP_FAILED };

/* Two workers that stand at the same state: finds the first tick up to `until` at which they do not, and leaves them
 * there. *equal_at: the last tick at which they are equal. LOCKSTEP_FAILED: a worker is gone. LOCKSTEP_EQUAL: there is
 * none, and they stand where they stood. */
enum lockstep_result lockstep_find(struct worker *a, struct worker *b, uint64_t until, uint64_t *equal_at,
                                   struct worker_state found[2]);

#endif
