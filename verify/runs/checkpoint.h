/* checkpoint.h - snapshots of a machine while it runs, in a folder: one after the other, sharing what did not change
 * (spec/snapshot.md, "Checkpoints").
 *
 * The pause is a fork: the child writes, the parent runs on. Each checkpoint is TICK.snapshot, and TICK.pack with the
 * pages that changed since the one before. Whatever kills either process, or fills the disk, the checkpoints that were
 * complete stay complete, and what was half-written is cleared away when the folder is next opened.
 *
 * Who wants one snapshot and no folder uses snapshot.h. */
#ifndef MUNIMENT_VERIFY_CHECKPOINT_H
#define MUNIMENT_VERIFY_CHECKPOINT_H

#include "verify/runs/snapshot.h"

struct checkpoints;

/* Opens a folder, which is made if it is not there, for the checkpoints of one run of one machine; clears away what
 * a killed run left half-written. The machine stands where the run begins: at power-on, or where a snapshot was
 * restored; if that is the folder's last one, the next shares pages with it. Refused are a folder that another
 * process uses, that holds checkpoints of another machine, and that holds later ones. Of the complete ones the last
 * `keep` stay; 0: all. */
struct checkpoints *checkpoints_open(const char *folder, unsigned keep, struct machine *machine,
                                     const struct machine_identity *identity, struct error *error);

/* Begins a checkpoint of the machine, which stands between two slices. The child reads the machine's disks as they are
 * now, so that what is written to them from now on must go elsewhere, as it does in an overlay. While one is still
 * being written, nothing is begun. False: it could not be begun. */
bool checkpoint_begin(struct checkpoints *c, struct machine *machine, const struct machine_identity *identity,
                      struct error *error);

/* To be called now and then: sees whether the child has ended. False: it failed, once for each time; *error says why,
 * and the next checkpoint writes what this one should have. */
bool checkpoint_look(struct checkpoints *c, struct machine *machine, struct error *error);

/* Whether one is being written, as far as checkpoint_look has seen. */
bool checkpoint_under_way(const struct checkpoints *c);

/* How many were completed, and the longest and the total time in microseconds for which the machine stood still. */
struct checkpoint_counts {
    uint64_t completed, begun, longest_us, total_us;
};
struct checkpoint_counts checkpoint_counts(const struct checkpoints *c);

/* Waits for the child and releases the folder. c may be null. False as checkpoint_look. */
bool checkpoints_close(struct checkpoints *c, struct machine *machine, struct error *error);

/* The path of the last complete checkpoint at or before a tick. False: there is none. */
bool checkpoint_find(const char *folder, uint64_t tick, char path[4096], struct error *error);

#endif
