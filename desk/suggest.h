/* suggest.h - the machine that suits an image: one of the ready-made ones (manifests/machines/), with the image in its
 * drive.
 *
 * Which one follows from the survey of the image (formats/volumes/volumes.h) by two tables of suggest.c: the newest
 * system that is installed decides, else the volumes and their loaders. An image in which nothing is known gets the
 * machine "plain". */
#ifndef MUNIMENT_DESK_SUGGEST_H
#define MUNIMENT_DESK_SUGGEST_H

#include "formats/text.h"
#include "formats/volumes/volumes.h"
#include "manifests/manifests.h"

#define MACHINE_NAME_SIZE 32

struct suggestion {
    char name[MACHINE_NAME_SIZE];    /* of the ready-made machine */
    struct machine_manifest machine; /* its drives have no image, but the kind and geometry that suit it */
    enum drive_slot slot;            /* where the image goes */
    struct text reasons;             /* lines, each ending in a line feed; owned */
};

/* Chooses the machine for the disk that was surveyed; name, which may be null, chooses the ready-made machine instead.
 * The caller calls suggestion_free in any case. */
bool suggest_machine(const struct disk_survey *survey, const char *name, struct suggestion *suggestion,
                     struct error *error);
void suggestion_free(struct suggestion *suggestion);

/* The drive that an image belongs into: one for floppies, disks or CDs. */
enum drive_kind image_drive(const struct disk_survey *survey);
/* Adds a further image to the machine: in *slot, or, where that is DRIVE_COUNT, in the first drive for it that is free
 * and has no image; its image is then "sealed", and *slot says which. path is for messages. */
bool suggestion_add(struct suggestion *suggestion, const char *path, const struct disk_survey *survey,
                    enum drive_slot *slot, struct error *error);

/* Writes the manifest, with its reasons as comments, for the image at this path. The caller frees *text. */
bool suggestion_text(const struct suggestion *suggestion, const char *path, struct text *text, struct error *error);

#endif
