/* suits.c - whether the image of a disk can be what it is to be (formats.h). */
#include "formats/formats.h"

#include <string.h>

bool disk_is_iso(const struct block *disk)
{
    uint8_t descriptor[SECTOR_SIZE];
    uint32_t done;

    return disk->sectors > 64 && disk->read(disk->context, 64, 1, descriptor, &done) == BLOCK_OK &&
           !memcmp(descriptor + 1, "CD001", 5);
}

bool disk_must_be_iso(const char *path, const struct block *disk, struct error *error)
{
    return disk_is_iso(disk) ||
           error_set(error, STATUS_INPUT, path, "block 16", "give an image of a data CD, 2,048 bytes to the block",
                     "the image holds no ISO 9660 volume");
}

bool disk_must_fill(const char *path, const struct block *disk, const struct geometry *g, struct error *error)
{
    uint64_t wanted = (uint64_t)g->cylinders * g->heads * g->sectors;

    return disk->sectors >= wanted || error_set(error, STATUS_INPUT, path, NULL, "correct the image or the geometry",
                                                "has %llu sectors, but the geometry in the manifest needs %llu",
                                                (unsigned long long)disk->sectors, (unsigned long long)wanted);
}
