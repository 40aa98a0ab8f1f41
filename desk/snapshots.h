/* snapshots.h - what boot does with snapshots: resumes from one, and takes them (verify/runs/snapshot.h). */
#ifndef MUNIMENT_DESK_SNAPSHOTS_H
#define MUNIMENT_DESK_SNAPSHOTS_H

#include "desk/boot.h"

/* To be called when the machine was built and has not run: finds out which machine it is, if that will be asked, and
 * brings it to where --resume says. */
bool snapshots_begin(struct boot *b, struct error *error);
/* Reads --checkpoints and what belongs to it. */
bool snapshots_read_options(struct boot *b, struct error *error);
/* To be called between two slices: begins a checkpoint when one is due. */
void snapshots_look(struct boot *b);
/* Waits for the checkpoint that is being written. False: one failed in this run, which was said then. */
bool snapshots_end(struct boot *b);

/* Another medium was put into a drive. */
bool snapshots_medium_changed(struct boot *b, enum drive_slot slot, struct error *error);
/* Writes a snapshot. */
bool snapshots_take(struct boot *b, const char *path, struct error *error);

#endif
