/* media.h - finds out what a machine is made of: from an archive, a manifest or a bare image, and from what the command
 * line adds. */
#ifndef MUNIMENT_DESK_MEDIA_H
#define MUNIMENT_DESK_MEDIA_H

#include "desk/options.h"
#include "verify/runs/runs.h"

struct media_request {
    const struct arguments *arguments; /* where --trust may stand */
    const char *path;                  /* FILE.mun, MACHINE.yaml or a disk image: distinguished by content */
    const char *machine;               /* the ready-made machine on which an image boots; null: the one that suits */
    const char *floppy;                /* an image to put into fd0, or null */
    const char *cd;      /* an image to put into the first CD-ROM drive, which is added if there is none; or null */
    const char *disk;    /* an image to add at the first free place of hd0 to hd3, or null */
    const char *line_in; /* a WAV file for the line input, or null */
    const char *overlay; /* writes are kept in OVERLAY.SLOT, or, null, thrown away */
};

/* The caller calls media_close in any case. */
bool media_open(struct media *media, const struct media_request *request, struct error *error);

/* Whether a file is an archive, by its content or its name. */
bool media_is_archive(const char *path, bool *archive, struct error *error);

/* The drive that takes floppies, or CDs, that are put in during a run: fd0, or the first CD-ROM drive. object is who
 * asks, for the error. */
bool media_slot(const struct media *media, enum drive_kind kind, const char *object, enum drive_slot *slot,
                struct error *error);

#endif
