/* formats.h - the public header of formats/: disk images in and out, and what everybody shares.
 *
 * This folder knows files that other programs wrote. It is at the bottom: it calls no other folder. What a disk is is
 * declared in block.h, how errors travel in error.h; text.h and file.h are small helpers. images/ opens the images of
 * other programs, volumes/ says what lies on a disk. */
#ifndef MUNIMENT_FORMATS_H
#define MUNIMENT_FORMATS_H

#include "formats/block.h"
#include "formats/error.h"

/* Cylinders, heads and sectors. */
struct geometry {
    uint32_t cylinders, heads, sectors;
};

/* The standard floppy format that has exactly this many sectors (160K to 2.88M; the tracks of XDF, 23 sectors of 512
 * bytes long, are divided otherwise: i82077.c); false when there is none. */
bool floppy_geometry(uint64_t sectors, struct geometry *geometry);

/* The geometry of a disk as IDENTIFY gives it: what its MBR partition table implies (largest end head and sector, as
 * installers wrote it; more than 16 heads are a BIOS translation of 16), else 16 heads and 63 sectors (ATA-4 annex C);
 * cylinders 1 to 16383. first is the disk's sector 0, 512 bytes. */
void disk_geometry(uint64_t sectors, const uint8_t *first, struct geometry *geometry);

/* Whether a disk holds an ISO 9660 volume: its first volume descriptor is in block 16 (ECMA-119 §8.1), of the first
 * session or of the last. */
bool disk_is_iso(const struct block *disk);

/* The sector at which the last session of a disc begins, after at least what lies between two that no drive reads
 * (ECMA-394: lead-out and lead-in), and with a volume of its own; 0: there is one session. unreadable: all such
 * sectors, in order. */
uint64_t disk_last_session(const struct block *disk, const struct sector_range *unreadable, uint32_t count);

/* Refuse (STATUS_INPUT) the image of a CD that holds none, and one of a disk that has fewer sectors than its
 * geometry. */
bool disk_must_be_iso(const char *path, const struct block *disk, struct error *error);
bool disk_must_fill(const char *path, const struct block *disk, const struct geometry *g, struct error *error);

#endif
