/* drive.h - the medium in a drive, and the record of what the guest wrote to it.
 *
 * Controllers read and write sectors here. The bytes live in the block device that the host gave; what was written
 * counts as state, by a hash tree over the written 4 KiB units, so that a digest never reads the disk that did not
 * change. A failure of the host stops the machine: the guest never sees it. */
#ifndef MUNIMENT_EMU_DRIVE_H
#define MUNIMENT_EMU_DRIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/hashtree.h"
#include "emu/line.h"
#include "emu/state.h"
#include "formats/block.h"

#define DRIVE_UNIT_SECTORS 8u   /* a leaf: 4 KiB */
#define DRIVE_GROUP_UNITS 1024u /* leaves of one group: 4 MiB; a group is kept once it is written to */

struct drive_group {
    struct hash_tree tree;
    uint8_t written[DRIVE_GROUP_UNITS / 8]; /* units that were written to: one bit each */
    uint8_t stale[DRIVE_GROUP_UNITS / 8];   /* of those, since the last digest */
    uint8_t unsaved[DRIVE_GROUP_UNITS / 8]; /* and since the last snapshot */
};

struct drive {
    const struct block *medium; /* null: none */
    uint64_t sectors;           /* of the medium; 0: none */
    bool read_only;
    bool changed;        /* the medium was changed and the guest has not yet been notified (floppy change line) */
    uint32_t media;      /* how many media have been put in */
    bool failed;         /* the host failed; the machine must stop */
    struct line failure; /* raised then */
    struct drive_group **groups; /* by 4 MiB of the disk */
    uint32_t group_count;
    struct hash_tree top;
};

extern const struct state_field drive_state[];

enum drive_result { DRIVE_OK, DRIVE_BAD_SECTOR, DRIVE_FAILED };

/* medium may be null; one without sectors is as good as none. False: no memory for what the medium needs. */
bool drive_init(struct drive *d, const struct block *medium, bool read_only, struct line failure);
void drive_free(struct drive *d);
/* Changes the medium; what was written to the old one is forgotten. False: no memory; the drive is empty. */
bool drive_insert(struct drive *d, const struct block *medium);

/* Whether what was loaded into its state goes together; struct part of machine.h. */
const char *drive_loaded(void *device);

/* Controllers check that sectors exist, and answer in their own way. What is not there after all, because the medium
 * was changed in mid-command, cannot be read. *done is the number of good sectors. */
enum drive_result drive_read(struct drive *d, uint64_t sector, uint32_t count, uint8_t *buffer, uint32_t *done);
/* sector + count must lie within d->sectors. Not for a read-only drive. */
enum drive_result drive_write(struct drive *d, uint64_t sector, uint32_t count, const uint8_t *buffer);

/* --- Units, for snapshots: number n begins at sector n * DRIVE_UNIT_SECTORS --- */

#define DRIVE_UNIT_SIZE (DRIVE_UNIT_SECTORS * SECTOR_SIZE)

/* The first unit from *unit on that was written to, or with `unsaved` that was since it was last marked as saved.
 * False: there is none. */
bool drive_next_written(const struct drive *d, bool unsaved, uint64_t *unit);
/* The unit's bytes, and which of its sectors can be read, one bit each from the first; what cannot, or lies past the
 * end, is zeros. False: the host failed. */
bool drive_get_unit(struct drive *d, uint64_t unit, uint8_t bytes[DRIVE_UNIT_SIZE], uint8_t *readable);
/* Writes the sectors of a unit that are readable; it counts as written to. False: there is no such unit, none of it is
 * readable, a sector that is not has other bytes than zeros, or the host failed. */
bool drive_put_unit(struct drive *d, uint64_t unit, const uint8_t bytes[DRIVE_UNIT_SIZE], uint8_t readable);
/* Marks a unit that was written to as saved, or not. */
void drive_mark_saved(struct drive *d, uint64_t unit, bool saved);

/* Root over what was written; 32 zeros when nothing was. False: the host failed. */
bool drive_root(struct drive *d, const struct hasher *h, uint8_t root[HASH_SIZE]);

#endif
