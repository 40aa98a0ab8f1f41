/* made.h - images that are made when they are opened: a blank disk, and a folder of this host as a CD or floppy. Each
 * is a function of what it is made of, so that a journal can name it by its digest. */
#ifndef MUNIMENT_IMAGES_MADE_H
#define MUNIMENT_IMAGES_MADE_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/error.h"

/* Whether a path stands for one: "blank:32M", a folder, or "floppy:" and a folder. */
bool made_is_named(const char *path);
/* Makes it in an anonymous file. Its descriptor, or below 0 with *error; *size in bytes. */
int made_open(const char *path, uint64_t *size, struct error *error);

/* A blank disk: a floppy of a standard size, or one FAT partition. text: a number with K, M or G. */
bool blank_make(const char *text, int descriptor, uint64_t *size, struct error *error);
/* A folder with all that is in it, as ISO 9660 with Joliet. */
bool iso_make(const char *folder, int descriptor, uint64_t *size, struct error *error);
/* The same as a floppy of 1440K, with FAT12 and long names; what is larger is refused. */
bool given_floppy_make(const char *folder, int descriptor, uint64_t *size, struct error *error);
#define GIVEN_FLOPPY "floppy:"

#endif
