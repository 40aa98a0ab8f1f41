/* guest.h - what the parts of TERMINAL.SYS share: the way into the BIOS, and the floppy's file system.
 *
 * start.S enters and calls the BIOS, volume.c reads FAT12 through INT 13h, terminal.c is what the clerk sees. */

#ifndef DEMO_GUEST_H
#define DEMO_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FLAG_CARRY = 1, FLAG_ZERO = 0x40 };

struct registers {
    uint16_t ax, bx, cx, dx, si, di, es, flags;
};

/* INT `vector` with the registers of *r, which it updates. */
void bios(uint32_t vector, struct registers *r);

/* Writes character (low byte) and attribute (high byte) to cell `index` of the text screen, 80 to a row. */
void screen_cell(uint32_t index, uint32_t cell);

enum { SECTOR = 512, TRACK_MAX = 18, FAT_MAX = 9 };

/* A FAT12 floppy. The FAT and the last track read are held in memory. */
struct volume {
    uint8_t drive;
    uint8_t cluster_sectors;
    uint16_t track_sectors, heads;
    uint16_t root_first, root_sectors, data_first, sectors;
    int32_t track_held; /* -1: none */
    uint8_t track[TRACK_MAX * SECTOR];
    uint8_t fat[FAT_MAX * SECTOR];
};

/* A directory entry, as it lies on the disk. */
struct directory_entry {
    char name[11];
    uint8_t attributes;
    uint8_t other[14];
    uint16_t cluster;
    uint32_t size;
};

enum { ATTRIBUTE_LABEL = 0x08, ATTRIBUTE_DIRECTORY = 0x10 };

/* Opens the floppy we were started from. False: it cannot be read, or is no FAT12 floppy. */
bool volume_open(struct volume *v, uint8_t drive);

/* Entry `index` of the directory that begins at `cluster` (0: the root); false at its end. Erased entries count. */
bool volume_entry(struct volume *v, uint16_t cluster, uint16_t index, struct directory_entry *entry);

/* Reads a file of `size` bytes into `to`, at most `room` of them; returns how many, or -1 if the disk cannot be
 * read. */
int volume_load(struct volume *v, uint16_t cluster, uint32_t size, char *to, int room);

#endif
