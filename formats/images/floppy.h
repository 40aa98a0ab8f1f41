/* floppy.h - what the readers of floppies share that keep one track after the other: the disk is small, and is made in
 * memory when the image is opened. */
#ifndef MUNIMENT_IMAGES_FLOPPY_H
#define MUNIMENT_IMAGES_FLOPPY_H

#include "formats/images/reader.h"

#define FLOPPY_CYLINDERS 96 /* at most; of 2 heads */
#define FLOPPY_SECTORS 64   /* to a track, at most */
#define FLOPPY_BYTES ((size_t)FLOPPY_CYLINDERS * 2 * FLOPPY_SECTORS * SECTOR_SIZE)

/* --- A file, read from its beginning to its end --- */

struct floppy_file {
    uint8_t *bytes; /* owned: to be freed */
    size_t size, at;
};

/* Reads the whole file; one that no floppy fills is refused. */
bool floppy_read(struct image *image, const struct probe *probe, struct floppy_file *file, struct error *error);
/* The next bytes, or null with *error: the file ends before. */
const uint8_t *floppy_take(struct image *image, struct floppy_file *file, size_t size, struct error *error);

/* --- The disk --- */

/* A sector as a track of the image describes it. */
struct floppy_sector {
    unsigned cylinder, head, id; /* cylinder: where the drive's head stood; ids begin with 1 */
    unsigned id_cylinder;        /* the cylinder that the sector's own address names */
    unsigned size_code;          /* 128 << size_code bytes */
    const uint8_t *data;         /* null: it could not be read, or was left out */
    bool good;                   /* false: what was read does not fit its checksum; it becomes unreadable */
};

/* Notes a sector. Refused: one that no disk of sectors of 512 bytes has. The first good one of several counts. */
bool floppy_add(struct image *image, const struct floppy_sector *sector, uint64_t offset, struct error *error);
/* The image's state, before the first sector. */
bool floppy_begin(struct image *image, struct error *error);
/* After the last one: sets the size of the disk and its unreadable sectors. Where each address names half the cylinder
 * that the head stood on, a disk of 48 tracks to the inch was read in a drive of 96: its cylinders are those of the
 * addresses, and the steps between them hold nothing, or the same once more. */
bool floppy_end(struct image *image, struct error *error);

/* The reader's functions of these names. */
bool floppy_locate(struct image *image, uint64_t sector, struct piece *piece, struct error *error);
bool floppy_unpack(struct image *image, const struct piece *piece, uint8_t *cluster, struct error *error);

/* --- LZHUF, as Teledisk uses it (lzhuf.c) --- */

/* Unpacks until `from` ends or `to` is full; returns how many bytes came. */
size_t lzhuf_unpack(const uint8_t *from, size_t size, uint8_t *to, size_t room);

#endif
