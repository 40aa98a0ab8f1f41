/* media.h - what a machine is made of: its manifest, firmware and disks, taken from an archive, a manifest or a bare image. */
#ifndef MUNIMENT_DESK_MEDIA_H
#define MUNIMENT_DESK_MEDIA_H

#include "archive/archive.h"

struct media_request {
    const char *path;    /* FILE.mun, MACHINE.yaml or a disk image: told apart by content */
    const char *floppy;  /* an image to put into fd0, or null */
    const char *cd;      /* an image to put into the first CD-ROM drive, which is added if there is none; or null */
    const char *disk;    /* an image to add at the first free place of hd0 to hd3, or null */
    const char *overlay; /* writes are kept in OVERLAY.SLOT, or, null, thrown away */
};

struct medium {
    bool present;
    struct block disk; /* what the machine sees: the overlay, or the image itself if it is read-only */
};

struct media {
    struct machine_manifest manifest;
    struct archive *archive;  /* null: not from one */
    struct medium drives[DRIVE_COUNT];
    struct firmware {
        uint8_t *bytes;       /* owned */
        size_t size;
    } system, video;
};

/* The caller calls media_close in any case. */
bool media_open(struct media *media, const struct media_request *request, struct error *error);
void media_close(struct media *media);

/* Opens an image, with an overlay that is thrown away, to be put into fd0. */
bool media_open_floppy(const struct media *media, const char *path, struct medium *medium, struct error *error);
void medium_close(struct medium *medium);

/* Fills in why a disk returned BLOCK_FAILED. Returns false. */
bool media_failure(const struct media *media, struct error *error);

#endif
