/* raw.c - raw disk images: sector n of the disk is at byte 512 * n of the file. */
#include "formats/images/reader.h"

static bool raw_recognise(const struct probe *probe)
{
    (void)probe;
    return true;
}

static bool raw_open(struct image *image, const struct probe *probe, struct error *error)
{
    (void)error;
    image->size = probe->size;
    return true;
}

static bool raw_locate(struct image *image, uint64_t sector, struct piece *piece, struct error *error)
{
    (void)image, (void)error;
    *piece = (struct piece){.kind = PIECE_STORED, .sectors = UINT64_MAX, .offset = sector * SECTOR_SIZE};
    return true;
}

const struct reader raw_reader = {.name = "raw", .recognise = raw_recognise, .open = raw_open, .locate = raw_locate};
