/* ext_map.h - where the blocks of a file of ext2 to ext4 lie, by its pointers or its extents.
 *
 * libtsk lists all pieces of a file before it reads one byte, in the square of their number, and stops at the first one
 * that is wrong. This looks up one block at a time, in at most six others, and goes on after what is wrong. */
#ifndef MUNIMENT_EXT_MAP_H
#define MUNIMENT_EXT_MAP_H

#include <stdbool.h>

#include "formats/block.h"
#include "formats/formats.h"

#define EXT_ROOT 60  /* bytes of an inode that lead to its blocks */
#define EXT_LEVELS 5 /* of blocks between an inode and its data */

struct ext_map {
    const struct block *disk;
    uint64_t start;      /* of the file system on the disk, in bytes */
    uint64_t blocks;     /* of the file system */
    uint32_t block_size; /* bytes; whole sectors */
    bool extents;
    uint8_t root[EXT_ROOT]; /* as the disk has it */
    struct {
        uint64_t block;
        uint8_t *bytes; /* owned; null: nothing */
    } kept[EXT_LEVELS]; /* that were read last */
};

/* Blocks of a file that lie one after another. */
struct ext_piece {
    uint64_t block; /* of the file system; 0: they are zeros */
    uint64_t count; /* at least 1 */
};

/* Where the n-th block of the file is. False with *error: what leads to this one, and to the next ones of
 * piece->count, is wrong. */
bool ext_map_find(struct ext_map *map, uint64_t n, struct ext_piece *piece, struct error *error);
/* Frees what is kept. */
void ext_map_close(struct ext_map *map);

#endif
