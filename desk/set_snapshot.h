/* set_snapshot.h - the snapshot of a set: the digest of the set, and what is on the cable; the machines' own snapshots
 * lie beside it, as FILE.NAME (spec/set.md). */
#ifndef MUNIMENT_DESK_SET_SNAPSHOT_H
#define MUNIMENT_DESK_SET_SNAPSHOT_H

#include "archive/archive.h"
#include "emu/cable.h"

struct set_snapshot {
    hex_digest root;             /* the set-root */
    uint8_t digest[DIGEST_SIZE]; /* of the set */
    uint8_t *cable;              /* owned: cable_save's bytes */
    size_t cable_size;
};

/* Notes the state of the cable. The caller calls set_snapshot_free in any case. */
bool set_snapshot_take(struct set_snapshot *s, const struct cable *cable, struct error *error);
bool set_snapshot_write(const struct set_snapshot *s, const char *path, bool replace, struct error *error);
bool set_snapshot_read(struct set_snapshot *s, const char *path, struct error *error);
void set_snapshot_free(struct set_snapshot *s);

#endif
