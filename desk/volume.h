/* volume.h - going over the files of a disk's volume. */
#ifndef MUNIMENT_DESK_VOLUME_H
#define MUNIMENT_DESK_VOLUME_H

#include "desk/disk.h"
#include "desk/rights.h"
#include "formats/text.h"
#include "formats/volumes/files.h"
#include "formats/volumes/signatures.h"

struct desk_volume {
    struct desk_disk disk;
    struct files files;
    struct volume volume;  /* as the survey has it */
    uint32_t number;       /* of the partition; 0: the whole disk */
    uint16_t code_page;    /* of its names of one byte to a character */
    struct rights *rights; /* of an archive's */
};

/* Opens the disk, and the volume that --drive SLOT:N or :N names, or the only one whose file system can be read.
 * Refuses what is closed (STATUS_CLOSED) unless --override gives a reason. desk_volume_close in any case. */
bool desk_volume_open(const struct arguments *arguments, struct desk_volume *volume, struct error *error);
/* The same of a disk that is open. */
bool desk_volume_choose(const struct arguments *arguments, struct desk_volume *volume, struct error *error);
void desk_volume_close(struct desk_volume *volume);

/* Calls each for every volume whose files can be read, of every disk. What is closed is left out (STATUS_CLOSED, after
 * the others), unless --override gives a reason. */
bool desk_volume_each(const struct arguments *arguments,
                      void (*each)(const struct desk_disk *disk, const struct volume *volume, void *context),
                      void *context, struct error *error);

/* Reads --newer and --type into a visit. */
struct visit;
bool visit_read_options(const struct arguments *arguments, struct visit *visit, struct error *error);

struct visit {
    /* Paths and patterns that are wanted, such as DOCS and A?.TXT; a folder is wanted with what is in it. None:
     * everything. */
    const char *const *wanted;
    size_t wanted_count;
    /* Only files that were modified at this time or later ("1998-03" ...), and of this kind; null: any. */
    const char *newer;
    const struct file_signature *kind;
    /* Called for each file and folder that is wanted; false with *error ends the walk. */
    bool (*each)(void *context, const char *path, const struct file_entry *entry, struct error *error);
    /* Called for each damaged folder or file that was left out. */
    void (*damaged)(void *context, const char *path, const struct error *error);
    void *context;
    uint64_t found; /* of those that are wanted, which were named, and are as new and of the kind that they must be */
    bool *matched;  /* of each that is wanted, whether it named something: of several volumes together; or null */
    const char *unnamed; /* what is wanted and names nothing; null: there is no such */
    uint64_t closed;     /* named, and left out with all that is in them: they are closed, of whatever kind and age */
};

/* Goes over all folders in the order of the disk. */
bool desk_volume_visit(struct desk_volume *volume, struct visit *visit, struct error *error);

/* Whether a rule about a path closes nothing, because the sealed disk has no file or folder that it names. Then
 * *warning says so. */
bool desk_rule_is_idle(struct archive *archive, enum drive_slot slot, const char *rule, struct error *warning);

/* Whether a pattern names the path, or a folder above it. */
bool path_is_named(const char *pattern, const char *path);

#endif
