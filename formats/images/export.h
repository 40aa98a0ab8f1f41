/* export.h - the formats that are written, inside formats/images/. */
#ifndef MUNIMENT_IMAGES_EXPORT_H
#define MUNIMENT_IMAGES_EXPORT_H

#include "formats/images/images.h"
#include "formats/numbers.h"
#include "formats/output.h"

struct export
{
    const struct image_export *request;
    struct output output;
    uint64_t size; /* bytes of the disk in the image, zeros after its end */
    struct error *error;
};

/* Writes at a place of the file. */
bool export_put(struct export *e, uint64_t offset, const void *bytes, size_t size);
/* Reads sectors of the disk, or what is after its end; unreadable ones are zeros, and counted. */
bool export_get(struct export *e, uint64_t sector, uint32_t count, uint8_t *bytes);
/* How many sectors from one on are zeros without being read, at most `count`. */
uint64_t export_zeros(struct export *e, uint64_t sector, uint64_t count);
bool export_progress(struct export *e, uint64_t sector);

bool export_qcow2(struct export *e);
bool export_vhd(struct export *e);

#endif
