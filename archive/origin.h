/* origin.h - where a disk came from: the lines of seal.txt about an image that another program made. */
#ifndef MUNIMENT_ORIGIN_H
#define MUNIMENT_ORIGIN_H

#include "archive/layout.h"
#include "formats/images/images.h"

/* Adds the lines about an open image: its format, its files with their digests, the checksums that it records, what it
 * says about its making. Nothing for a raw image of one file, of which the line "image" says all. */
bool origin_print(struct text *t, enum drive_slot slot, const struct block *disk, const struct image_info *info,
                  struct error *error);

/* The checksums of the disk that an image records, computed while it is read. */
struct origin_check {
    struct sha256 hashes[4];
    unsigned count;
};

void origin_check_begin(struct origin_check *check, const struct image_info *info);
void origin_check_add(struct origin_check *check, const void *bytes, size_t size);
/* Refuses (STATUS_INPUT) a disk that does not have them. path is for the message. To be called in any case: with info
 * null, nothing is compared. */
bool origin_check_end(struct origin_check *check, const struct image_info *info, const char *path, struct error *error);

#endif
