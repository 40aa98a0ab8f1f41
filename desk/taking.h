/* taking.h - what a script takes out of the disks of a running machine, into a bag; and how such a run resumes where it
 * stopped (spec/retrieval.md, "From a script").
 *
 * The bag FOLDER is made in FOLDER.unfinished. There a state says how far the run has come: with which command it
 * continues, from which snapshot, and what the bag held then. */
#ifndef MUNIMENT_DESK_TAKING_H
#define MUNIMENT_DESK_TAKING_H

#include "desk/bag.h"
#include "desk/script.h"
#include "verify/runs/runs.h"

/* Where a run stands between two rows of a table. */
struct taking_place {
    uint64_t command;            /* the next one */
    uint64_t handler, resets;    /* of resets: its first command, or UINT64_MAX; that were not handled yet */
    uint64_t input_due, key_due; /* ticks */
    uint64_t buttons;            /* of the mouse, that are down */
    uint64_t pointer_x, pointer_y;
};

struct taking;

/* Opens what --retrieve names; null with *error. The media and the script must outlive it. from: the medium that files
 * are taken from unless --drive names one, by its path; or null. resumed: the run continues at *place, with the machine
 * of taking_snapshot. */
struct taking *taking_open(const struct arguments *arguments, const struct media *media, const struct script *script,
                           const char *from, bool *resumed, struct taking_place *place, struct error *error);
void taking_close(struct taking *taking);

/* The snapshot from which a run that resumes starts; null: from power-on. */
const char *taking_snapshot(const struct taking *taking);

/* Takes the files that the pattern names, as they are on the disk now, to data/PREFIX. */
bool taking_files(struct taking *taking, const char *prefix, const char *pattern, const char *object,
                  struct error *error);
/* Takes all that is on the disk now; there may be nothing. */
bool taking_all(struct taking *taking, struct error *error);
/* Takes print job NUMBER of a folder, its bytes and its PDF, to data/PREFIX. */
bool taking_print(struct taking *taking, const char *prefix, const char *folder, unsigned number, struct error *error);
/* Whether a file of this name is there now. */
bool taking_has(struct taking *taking, const char *pattern, bool *there, struct error *error);

/* Notes what a row has come to. */
void taking_row(struct taking *taking, size_t number, const char *outcome);

/* Whether the run's place is to be kept now: at the first row, and then so that it costs a twentieth of the time. */
bool taking_is_due(const struct taking *taking);
/* The path under which the machine's snapshot is to be written; then taking_keep makes it the place to resume from. */
const char *taking_next_snapshot(struct taking *taking);
bool taking_keep(struct taking *taking, const struct taking_place *place, struct error *error);

/* The run is done: makes the bag, with the journal that lies there, or null. */
bool taking_end(struct taking *taking, const char *journal, struct error *error);

#endif
