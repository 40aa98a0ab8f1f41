/* fat.h - files and folders of a FAT12, FAT16 or FAT32 volume, for reading.
 *
 * From Microsoft's "FAT: General Overview of On-Disk Format" 1.03 and, for floppies of DOS 1 and 2 that have no BIOS
 * parameter block, the media bytes of IBM's DOS Technical Reference. Everything in a volume is taken for hostile: a
 * chain is followed no further than the volume has clusters, a folder no further than 65,536 entries, and nothing is
 * read outside the volume. */
#ifndef MUNIMENT_FAT_H
#define MUNIMENT_FAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/formats.h"

#define FAT_NAME_SIZE 768 /* bytes of a name in UTF-8, with its NUL: 255 units of UTF-16 */

/* What the boot sector says. */
struct fat_info {
    uint8_t bits;           /* of an entry of the FAT: 12, 16, 32 */
    uint8_t media;          /* media byte: F0h, F8h to FFh */
    uint8_t fats;           /* copies of the FAT */
    uint8_t drive;          /* INT 13h number, or 0 */
    uint32_t cluster;       /* bytes */
    uint32_t clusters;      /* of data: 2 to clusters + 1 */
    uint64_t sectors;       /* of the volume, of 512 bytes */
    uint64_t serial;        /* volume serial number; UINT64_MAX: none */
    uint32_t hidden;        /* sectors before the volume, as the formatting system knew them */
    struct geometry tracks; /* heads and sectors to the track; no cylinders. All zero: not stated */
    char oem[9];            /* who formatted it; may hold any bytes */
    char label[12];         /* in the boot sector, without spaces at the end; may hold any bytes */
    bool parameters;        /* there is a BIOS parameter block */
    bool unclean, faulty;   /* it was not unmounted; a disk error was seen (bits of FAT[1], not in FAT12) */
};

/* Local civil time as DOS keeps it; all zero: none. */
struct fat_time {
    uint16_t date; /* year - 1980 in bits 15-9, month in 8-5, day in 4-0 */
    uint16_t time; /* hour in bits 15-11, minute in 10-5, two seconds in 4-0 */
};

/* clang-format off */
enum fat_attribute {
    FAT_READ_ONLY = 0x01, FAT_HIDDEN = 0x02, FAT_SYSTEM = 0x04, FAT_LABEL = 0x08, FAT_FOLDER = 0x10, FAT_ARCHIVE = 0x20
};
/* clang-format on */

struct fat_entry {
    char name[FAT_NAME_SIZE]; /* the long name, or the short one; UTF-8 */
    char short_name[48];      /* 8.3, as the code page shows it; UTF-8 */
    uint8_t raw_name[11];     /* its bytes */
    uint8_t attributes;
    uint32_t size;    /* bytes; 0 for a folder */
    uint32_t cluster; /* the first; 0: nothing allocated */
    struct fat_time created, modified, accessed;
    uint8_t created_hundredths; /* of a second, 0 to 199, to be added */
    bool deleted;
};

struct fat;

/* Opens the volume that begins at sector `first` of the disk and has at most `sectors` sectors. The disk stays the
 * caller's and must outlive the volume. Null with *error: not FAT, or unreadable. */
struct fat *fat_open(const struct block *disk, uint64_t first, uint64_t sectors, struct error *error);
void fat_close(struct fat *fat);
/* Short names are in this code page (formats/codepage.h), not in 437. */
void fat_use_code_page(struct fat *fat, unsigned page);
/* Deleted entries are listed, too, unless their first cluster is another's by now. Their first byte is E5h, shown as
 * "_"; their long names are gone. What they held is taken for the clusters that follow the first one as long as they
 * are free; of a folder for that one. What lies in a deleted folder, or
 * begins at a free cluster, is deleted, whatever its name says. */
void fat_show_deleted(struct fat *fat);
const struct fat_info *fat_info(const struct fat *fat);

/* Whether the first two copies of the FAT are the same in their first `limit` sectors; unreadable ones are not. */
bool fat_copies_agree(struct fat *fat, uint32_t limit);

/* A place in a chain of clusters. */
struct fat_place {
    uint32_t first;   /* cluster; 0 with `root`: the fixed root folder of FAT12 and FAT16 */
    uint32_t cluster; /* the one that */
    uint32_t index;   /* comes at this place in the chain */
    bool root;
};

struct fat_folder {
    struct fat_place place;
    uint32_t next; /* entry */
};

enum fat_next { FAT_ENTRY, FAT_END, FAT_FAULT };

/* Begins to read a folder; null: the root. */
void fat_folder_open(const struct fat *fat, const struct fat_entry *folder, struct fat_folder *f);
/* The next entry: labels too, "." and ".." not. FAT_FAULT with *error: the folder is damaged there. */
enum fat_next fat_folder_next(struct fat *fat, struct fat_folder *f, struct fat_entry *entry, struct error *error);

/* Finds "WINDOWS/SYSTEM/USER.EXE", by long or short names; the case of A to Z does not count. False with
 * error->status STATUS_OK: there is none. */
bool fat_find(struct fat *fat, const char *path, struct fat_entry *entry, struct error *error);

struct fat_file {
    struct fat_place place;
    uint32_t size;
};

void fat_file_open(const struct fat *fat, const struct fat_entry *entry, struct fat_file *file);
/* Reads up to `size` bytes at `offset` of a file; *got is fewer at its end, or, with *error, before what is damaged. */
bool fat_file_read(struct fat *fat, struct fat_file *file, uint32_t offset, void *buffer, size_t size, size_t *got,
                   struct error *error);
/* Where the byte at `offset` lies on the disk; false: the chain does not come to it. */
bool fat_file_place(struct fat *fat, struct fat_file *file, uint32_t offset, uint64_t *place, struct error *error);

#endif
