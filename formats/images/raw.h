/* raw.h - what may belong to a raw image (raw.c). */
#ifndef MUNIMENT_IMAGES_RAW_H
#define MUNIMENT_IMAGES_RAW_H

#include "formats/images/reader.h"

/* Whether a file is called the first of several parts, and the second is there. */
bool split_has_more(const struct image *image, const char *name);
/* Refuses a file that is called a later part of an image whose first one is there: it is no disk of its own. */
bool split_refuse_later(const struct image *image, const char *name, struct error *error);
/* Makes it an image in parts. */
bool split_open(struct image *image, const struct probe *probe, struct error *error);

/* Looks for the map of a rescue beside the image: IMAGE.map, IMAGE.mapfile, IMAGE.log, with or without the ending of
 * the image's own name. A log that is empty or does not begin as a map is none, and becomes a note: a shell that writes
 * into one makes it before the image is looked at. Whatever else is no whole map is refused. */
bool ddrescue_look(struct image *image, struct error *error);

#endif
