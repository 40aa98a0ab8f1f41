/* raw.c - raw disk images: sector n of the disk is at byte 512 * n of the file.
 *
 * What a raw image consists of besides is known by names alone: the map of a rescue (ddrescue.c), further parts
 * (split.c). They are not looked for where the caller says raw. */
#include "formats/images/raw.h"

static bool raw_recognise(const struct probe *probe)
{
    (void)probe;
    return true;
}

static bool raw_open(struct image *image, const struct probe *probe, struct error *error)
{
    image->size = probe->size;
    if (image->plain)
        return true;
    if (!*image->info.container && (!split_refuse_later(image, probe->name, error) ||
                                    (split_has_more(image, probe->name) && !split_open(image, probe, error))))
        return false;
    return ddrescue_look(image, error);
}

static bool raw_locate(struct image *image, uint64_t sector, struct piece *piece, struct error *error)
{
    (void)image, (void)error;
    *piece = (struct piece){.kind = PIECE_STORED, .sectors = UINT64_MAX, .offset = sector * SECTOR_SIZE};
    return true;
}

const struct reader raw_reader = {.name = "raw", .recognise = raw_recognise, .open = raw_open, .locate = raw_locate};
