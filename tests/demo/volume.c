/* volume.c - reads a FAT12 floppy through INT 13h, by cylinder, head and sector, a track at a time.
 *
 * After Microsoft, "FAT: General Overview of On-Disk Format", 1.03. The boot sector lies where the BIOS loaded it. */

#include "guest.h"

struct __attribute__((packed)) parameter_block {
    uint8_t jump[3], system[8];
    uint16_t sector_bytes;
    uint8_t cluster_sectors;
    uint16_t reserved;
    uint8_t fats;
    uint16_t root_entries, sectors;
    uint8_t media;
    uint16_t fat_sectors, track_sectors, heads;
};

/* Reads `count` sectors of one track from sector `lba` to `to`, which must not cross 64 KiB (DMA). */
static bool read_sectors(struct volume *v, uint16_t lba, uint8_t count, void *to)
{
    uint16_t track = lba / v->track_sectors;

    for (int attempt = 0; attempt < 4; attempt++) {
        struct registers read = {
            .ax = 0x0200 | count,
            .bx = (uintptr_t)to,
            .cx = (track / v->heads) << 8 | (lba % v->track_sectors + 1),
            .dx = (track % v->heads) << 8 | v->drive,
        };
        struct registers reset = {.ax = 0x0000, .dx = v->drive};

        bios(0x13, &read);
        if (!(read.flags & FLAG_CARRY))
            return true;
        bios(0x13, &reset);
    }
    return false;
}

/* The bytes of a sector, valid until the next call; NULL if it cannot be read. */
static const uint8_t *sector(struct volume *v, uint16_t lba)
{
    uint16_t track = lba / v->track_sectors;

    if (lba >= v->sectors)
        return NULL;
    if (track != v->track_held) {
        v->track_held = -1;
        if (!read_sectors(v, track * v->track_sectors, v->track_sectors, v->track))
            return NULL;
        v->track_held = track;
    }
    return v->track + lba % v->track_sectors * SECTOR;
}

static void copy(void *to, const void *from, int length)
{
    for (int i = 0; i < length; i++)
        ((uint8_t *)to)[i] = ((const uint8_t *)from)[i];
}

bool volume_open(struct volume *v, uint8_t drive)
{
    const struct parameter_block *bpb = (const struct parameter_block *)0x7c00;

    if (bpb->sector_bytes != SECTOR || !bpb->cluster_sectors || !bpb->heads || !bpb->track_sectors ||
        bpb->track_sectors > TRACK_MAX || bpb->fat_sectors > FAT_MAX)
        return false;
    v->drive = drive;
    v->cluster_sectors = bpb->cluster_sectors;
    v->track_sectors = bpb->track_sectors;
    v->heads = bpb->heads;
    v->sectors = bpb->sectors;
    v->root_first = bpb->reserved + bpb->fats * bpb->fat_sectors;
    v->root_sectors = bpb->root_entries / 16;
    v->data_first = v->root_first + v->root_sectors;
    v->track_held = -1;
    for (int i = 0; i < bpb->fat_sectors; i++) {
        const uint8_t *part = sector(v, bpb->reserved + i);

        if (!part)
            return false;
        copy(v->fat + i * SECTOR, part, SECTOR);
    }
    return true;
}

/* The cluster after `cluster` in its chain; 0 at the end. An entry of the FAT has 12 bits. */
static uint16_t next_cluster(const struct volume *v, uint16_t cluster)
{
    uint16_t at = cluster + cluster / 2;
    uint16_t pair, next;

    if (at + 1u >= sizeof v->fat)
        return 0;
    pair = v->fat[at] | v->fat[at + 1] << 8;
    next = cluster & 1 ? pair >> 4 : pair & 0xfff;
    return next >= 2 && next < 0xff0 ? next : 0;
}

/* The sector `index` of the chain that begins at `cluster`; 0 behind its end. */
static uint16_t chain_sector(const struct volume *v, uint16_t cluster, uint16_t index)
{
    for (; cluster && index >= v->cluster_sectors; index -= v->cluster_sectors)
        cluster = next_cluster(v, cluster);
    return cluster < 2 ? 0 : v->data_first + (cluster - 2) * v->cluster_sectors + index;
}

bool volume_entry(struct volume *v, uint16_t cluster, uint16_t index, struct directory_entry *entry)
{
    const uint8_t *found;
    uint16_t at = index / 16;
    uint16_t lba = cluster ? chain_sector(v, cluster, at) : at < v->root_sectors ? v->root_first + at : 0;

    if (!lba)
        return false;
    found = sector(v, lba);
    if (!found)
        return false;
    copy(entry, found + index % 16 * sizeof *entry, sizeof *entry);
    return entry->name[0] != 0;
}

int volume_load(struct volume *v, uint16_t cluster, uint32_t size, char *to, int room)
{
    int length = size < (uint32_t)room ? (int)size : room;

    for (int done = 0; done < length; done += SECTOR) {
        uint16_t lba = chain_sector(v, cluster, done / SECTOR);
        const uint8_t *part = lba ? sector(v, lba) : NULL;

        if (!part)
            return -1;
        copy(to + done, part, length - done < SECTOR ? length - done : SECTOR);
    }
    return length;
}
