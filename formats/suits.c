/* suits.c - whether the image of a disk can be what it is to be (formats.h). */
#include "formats/formats.h"

#include <string.h>

enum { FRAME = 4, PREGAP = 150 * FRAME, BETWEEN_SESSIONS = (2250 + 4500) * FRAME }; /* sectors */

/* Whether a volume begins there, of which the descriptor is in the 17th block. */
static bool has_volume(const struct block *disk, uint64_t sector)
{
    uint8_t descriptor[SECTOR_SIZE];
    uint32_t done;

    return disk->sectors > 16 * FRAME && sector < disk->sectors - 16 * FRAME &&
           disk->read(disk->context, sector + 16 * FRAME, 1, descriptor, &done) == BLOCK_OK &&
           !memcmp(descriptor + 1, "CD001", 5);
}

bool disk_is_iso(const struct block *disk)
{
    return has_volume(disk, 0) || (disk->session && has_volume(disk, disk->session));
}

uint64_t disk_last_session(const struct block *disk, const struct sector_range *unreadable, uint32_t count)
{
    while (count-- > 0) {
        const uint64_t end = unreadable[count].first + unreadable[count].count;

        if (unreadable[count].count < BETWEEN_SESSIONS || end % FRAME)
            continue;
        if (has_volume(disk, end))
            return end;
        if (has_volume(disk, end + PREGAP))
            return end + PREGAP;
    }
    return 0;
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
