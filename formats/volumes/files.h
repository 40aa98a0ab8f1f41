/* files.h - the files and folders of a volume, whatever its file system, for reading.
 *
 * A file system offers three functions: the entries of a folder, bytes of a file, where they lie on the disk.
 * fat_files.c has FAT by fat.h, hpfs_files.c HPFS, iso_files.c ISO 9660, tsk_files.c NTFS and ext by libtsk. Everything
 * in a volume is taken for hostile. */
#ifndef MUNIMENT_FILES_H
#define MUNIMENT_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/formats.h"
#include "formats/volumes/volumes.h"

#define FILE_NAME_SIZE 1600 /* bytes of a name in UTF-8, with its NUL: 510 units of UTF-16, and a colon */
#define FILE_SHORT_SIZE 48

enum file_kind { FILE_REGULAR, FILE_FOLDER, FILE_LINK, FILE_SPECIAL };

/* What a time counts by. */
enum file_zone {
    FILE_NO_TIME,
    FILE_LOCAL, /* the clock of the guest, whose zone is not recorded */
    FILE_UTC
};

/* A time as the file system has it, also one that no calendar has. */
struct file_time {
    uint16_t year;
    uint8_t month, day, hour, minute, second, zone; /* enum file_zone */
    uint32_t nanoseconds;
    uint64_t precision; /* nanoseconds: what the file system can tell apart */
};

/* Attributes of DOS, which NTFS and HPFS have, too. */
enum file_attribute { FILE_READ_ONLY = 0x01, FILE_HIDDEN = 0x02, FILE_SYSTEM = 0x04, FILE_ARCHIVE = 0x20 };

struct file_entry {
    char short_name[FILE_SHORT_SIZE]; /* 8.3; may be empty */
    uint8_t raw_name[12];             /* its bytes, where the file system keeps it in one of 11 */
    uint8_t raw_size;
    uint8_t attributes, kind; /* enum file_kind */
    uint8_t deleted;          /* 1: its name was, and what it held may be another's */
    uint8_t posix;            /* 1: the next three are there */
    uint16_t mode;            /* 12 bits of permissions (POSIX, S_ISUID to S_IXOTH) */
    uint32_t owner, group;    /* by number */
    uint64_t size;            /* bytes; 0 for a folder; of a link those of its target */
    uint64_t id;              /* of FAT the first cluster, of ISO 9660 the place of its record, of others the number of
                                 inode or MFT record */
    uint32_t stream;          /* which of a record's; 0: the only one */
    struct file_time created, modified, accessed;
    char name[FILE_NAME_SIZE]; /* UTF-8; of a stream of NTFS NAME:STREAM */
};

/* Bytes of a file that lie on the disk one after another. */
struct file_run {
    uint64_t at;     /* in the file */
    uint64_t place;  /* on the disk, in bytes */
    uint64_t length; /* bytes */
};

typedef bool file_each(void *context, const struct file_entry *entry);
typedef bool file_each_run(void *context, const struct file_run *run);

/* What a file system offers. */
struct file_system {
    void (*close)(void *context);
    /* Calls each for the entries of a folder, until that is false, in the order of the disk; 0 is the root. False with
     * *error: the folder is damaged after those. */
    bool (*list)(void *context, uint64_t folder, file_each *each, void *each_context, struct error *error);
    /* Reads up to `size` bytes at `offset`, of a link of its target; *got is fewer at the end, or, with *error, before
     * what is damaged. */
    bool (*read)(void *context, const struct file_entry *entry, uint64_t offset, void *buffer, size_t size, size_t *got,
                 struct error *error);
    /* The runs of a file in its order, as far as it lies on the disk as it is: of what is compressed, sparse or within
     * a record there is none. False with *error: damaged between or after those. */
    bool (*runs)(void *context, const struct file_entry *entry, file_each_run *each, void *each_context,
                 struct error *error);
    /* Where, at `offset` or after it, the file may be read again, since read failed there. False: nowhere. Null: the
     * file system does not know. */
    bool (*resume)(void *context, const struct file_entry *entry, uint64_t offset, uint64_t *next);
};

struct files {
    const struct file_system *system; /* null: not open */
    void *context;
};

/* Whether there is a reader for this kind of volume (readers.c). */
bool files_can_open(const struct volume *volume);
/* Loads what the reader of a volume needs, for a process that locks itself in before it opens one. */
bool files_prepare(const struct volume *volume, struct error *error);
/* Opens a volume of a disk, which stays the caller's and must outlive it. */
bool files_open(const struct block *disk, const struct volume *volume, struct files *files, struct error *error);
void files_close(struct files *files);

/* Finds "WINDOWS/SYSTEM/USER.EXE": by that name; else by one that differs in case, or by a short one.
 * False with error->status STATUS_OK: there is none. */
bool files_find(const struct files *files, const char *path, struct file_entry *entry, struct error *error);

/* A time that is kept as seconds since 1970; zone and precision are as in file_time. 0 is none. */
struct file_time file_time_of(int64_t seconds, uint32_t nanoseconds, enum file_zone zone, uint64_t precision);
/* "1998-03-02 10:15:00", with a Z after it if it is UTC; "-" if there is none. text has 24 bytes. */
const char *file_time_text(const struct file_time *time, char text[24]);
/* Attributes as DOS shows them, "DRHSA" with dashes, or permissions as POSIX does, "Drwxr-xr-x"; D is a folder, L a
 * link, ? what is neither file nor folder. text has 12 bytes. */
const char *file_attributes_text(const struct file_entry *entry, char text[12]);

#endif
