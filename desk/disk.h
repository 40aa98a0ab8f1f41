/* disk.h - one disk, to be looked at from outside: of an archive, with or without what a session wrote, or an image. */
#ifndef MUNIMENT_DESK_DISK_H
#define MUNIMENT_DESK_DISK_H

#include "archive/archive.h"
#include "desk/options.h"

struct desk_disk {
    struct archive *archive; /* null: it is an image's */
    enum drive_slot slot;    /* of an archive's */
    struct block block;      /* its function close is null while it is not open */
    uint64_t size;           /* bytes that count */
};

/* Opens the disk of the first operand by the options --drive, --overlay, --trust, --format and --follow, as far as the
 * command has them. What follows a colon in --drive is the caller's. desk_disk_close in any case. */
bool desk_disk_open(const struct arguments *arguments, struct desk_disk *disk, struct error *error);
/* Calls each for every disk that has a medium, and that --drive names if it names one, as desk_disk_open opens it; but
 * an --overlay that has nothing of a disk is none. False: *error, or each said so. desk_disk_close in any case. */
bool desk_disk_each(const struct arguments *arguments, struct desk_disk *disk,
                    bool (*each)(void *context, struct error *error), void *context, struct error *error);
void desk_disk_close(struct desk_disk *disk);

#endif
