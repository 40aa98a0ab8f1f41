/* block.h - what a disk is, to everybody who provides or uses one.
 *
 * The readers of image files and archive/ provide it, emu/ uses it, desk/ joins them. A disk is a fixed number of
 * 512-byte sectors; an optical disc is offered in the same unit, four to its block. */
#ifndef MUNIMENT_BLOCK_H
#define MUNIMENT_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct error; /* formats/error.h */

#define SECTOR_SIZE 512u

enum block_result {
    BLOCK_OK,
    BLOCK_UNREADABLE, /* the original could not be read there: the guest gets a read error */
    BLOCK_FAILED /* the host failed or a chunk does not match its digest: the machine must stop; the provider keeps the
                    reason */
};

struct sector_range {
    uint64_t first, count;
};

struct block {
    void *context;
    uint64_t sectors;
    bool read_only;
    uint64_t session; /* an optical disc of several: the first sector of its last one; 0 otherwise */
    /* Transfers `count` sectors from `sector` on; sector + count <= sectors is the caller's duty. buffer has count *
     * 512 bytes. On BLOCK_UNREADABLE *done is the number of good sectors before the bad one; it is count on BLOCK_OK.
     */
    enum block_result (*read)(void *context, uint64_t sector, uint32_t count, uint8_t *buffer, uint32_t *done);
    /* How many sectors from `sector` on, which is one of the disk's, are zeros without being read: holes of a file,
     * clusters that an image does not hold. 0: they are to be read. May be null. */
    uint64_t (*zeros)(void *context, uint64_t sector);
    /* Null when the disk cannot be written. */
    enum block_result (*write)(void *context, uint64_t sector, uint32_t count, const uint8_t *buffer);
    /* Releases what the provider holds. May be null. */
    void (*close)(void *context);
    /* The reason of the last BLOCK_FAILED; valid until close. May be null. */
    const struct error *(*failure)(void *context);
};

#endif
