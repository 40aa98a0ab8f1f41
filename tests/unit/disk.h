/* disk.h - a disk double for the tests of drives and their controllers: sparse, of any size, with sectors that cannot
 * be read. */
#ifndef MUNIMENT_TESTS_UNIT_DISK_H
#define MUNIMENT_TESTS_UNIT_DISK_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/block.h"

#define DISK_WRITTEN 512

struct disk {
    struct block block;
    uint64_t bad;           /* a sector that cannot be read; UINT64_MAX: none */
    bool failing;           /* the host fails */
    unsigned reads, writes; /* sectors */
    unsigned written;
    uint64_t sector[DISK_WRITTEN];
    uint8_t data[DISK_WRITTEN][SECTOR_SIZE];
};

/* What an original sector holds: its number, again and again, so that each differs from all others. */
static inline void disk_original(uint64_t sector, uint8_t bytes[SECTOR_SIZE])
{
    for (unsigned i = 0; i < SECTOR_SIZE; i++)
        bytes[i] = (uint8_t)((sector >> i % 6 * 8) + i);
}

static inline uint8_t *disk_find(struct disk *d, uint64_t sector)
{
    for (unsigned i = 0; i < d->written; i++)
        if (d->sector[i] == sector)
            return d->data[i];
    return NULL;
}

/* The sector as it is now, for a test to compare with. */
static inline const uint8_t *disk_sector(struct disk *d, uint64_t sector, uint8_t bytes[SECTOR_SIZE])
{
    const uint8_t *found = disk_find(d, sector);

    if (found)
        return memcpy(bytes, found, SECTOR_SIZE);
    disk_original(sector, bytes);
    return bytes;
}

static inline enum block_result disk_read(void *context, uint64_t sector, uint32_t count, uint8_t *buffer,
                                          uint32_t *done)
{
    struct disk *d = context;

    for (*done = 0; *done < count; ++*done) {
        if (d->failing)
            return BLOCK_FAILED;
        if (sector + *done >= d->block.sectors)
            abort(); /* the caller's duty */
        if (sector + *done == d->bad) {
            memset(buffer + *done * SECTOR_SIZE, 0xEE, SECTOR_SIZE); /* what a provider leaves there is anybody's guess
                                                                      */
            return BLOCK_UNREADABLE;
        }
        disk_sector(d, sector + *done, buffer + *done * SECTOR_SIZE);
        d->reads++;
    }
    return BLOCK_OK;
}

static inline enum block_result disk_write(void *context, uint64_t sector, uint32_t count, const uint8_t *buffer)
{
    struct disk *d = context;

    for (uint32_t i = 0; i < count; i++) {
        uint8_t *place = disk_find(d, sector + i);
        if (d->failing)
            return BLOCK_FAILED;
        if (sector + i >= d->block.sectors)
            abort();
        if (!place) {
            if (d->written == DISK_WRITTEN) /* enough for any test but the hammer, which does not look */
                d->written = 0;
            d->sector[d->written] = sector + i;
            place = d->data[d->written++];
        }
        memcpy(place, buffer + i * SECTOR_SIZE, SECTOR_SIZE);
        d->writes++;
    }
    return BLOCK_OK;
}

static inline void disk_init(struct disk *d, uint64_t sectors)
{
    memset(d, 0, sizeof *d);
    d->bad = UINT64_MAX;
    d->block = (struct block){.context = d, .sectors = sectors, .read = disk_read, .write = disk_write};
}

#endif
