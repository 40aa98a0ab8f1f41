/* volumes.h - the public header of formats/volumes/: what lies on a disk.
 *
 * disk_survey looks at a disk as a stranger would: the partition table, the first sectors of each volume, the root
 * folder of FAT volumes. It names what it finds, says where numbers contradict each other or the length of the disk,
 * and never judges by one sign where two are to be had. It reads a few hundred KiB at most, whatever the disk holds,
 * and takes all of it for hostile. The signs are tables: partitions.c (types), filesystems.c, loaders.c (boot sectors),
 * systems.c (kernels and files). files.h reads files and folders. */
#ifndef MUNIMENT_VOLUMES_H
#define MUNIMENT_VOLUMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/formats.h"

#define SURVEY_VOLUMES 64 /* that are listed at most; so with systems and damage */
#define SURVEY_SYSTEMS 24
#define SURVEY_DAMAGE 48
#define COMPRESSED_VOLUMES 1000
#define SURVEY_NAME 48 /* bytes of a name for what is known; empty: it is not known, or not there */

enum disk_scheme {
    DISK_UNKNOWN,     /* nothing that is known */
    DISK_SUPERFLOPPY, /* one volume, without a partition table: a floppy, a CD, a disk made so */
    DISK_MBR,
    DISK_GPT
};

/* Which of the names that the files of a disc with ISO 9660 may have. */
enum volume_names { NAMES_BEST, NAMES_PLAIN, NAMES_JOLIET };

/* A sector by cylinder, head and sector, as a partition table has it. */
struct disk_address {
    uint16_t cylinder;
    uint8_t head, sector; /* sectors count from 1 */
};

/* A partition and the volume in it, or the volume of a disk without a partition table. */
struct volume {
    /* 1 to 4, from 5 on logical drives; entries of a GPT from 1; 0: the whole disk; of a compressed volume
     * COMPRESSED_VOLUMES times that of its host, plus 1, plus the nnn of its file. */
    uint32_t number;
    char within[13];       /* of a compressed volume its file on the host, DRVSPACE.nnn; else empty */
    bool active, extended; /* the BIOS boots it; it only holds logical drives */
    uint8_t type;          /* as the MBR has it */
    char type_name[SURVEY_NAME];
    uint64_t first, sectors; /* where it lies */
    struct disk_address start, end;
    char file_system[SURVEY_NAME];                          /* "FAT16", "HPFS" */
    char label[64];                                         /* its name; fit for a terminal */
    char detail[128];                                       /* version, size of a block; may be empty */
    char loader[SURVEY_NAME];                               /* what its boot sector loads */
    char encryption[SURVEY_NAME], compression[SURVEY_NAME]; /* what it is packed in */
    struct geometry tracks;               /* heads and sectors to the track in its boot sector; all zero: it has none */
    uint16_t code_page;                   /* of names in one byte to the character (formats/codepage.h) */
    uint16_t lacking_page;                /* that they are in, and that is not known here; 0: none */
    bool with_deleted;                    /* whoever opens its files wants those that were deleted, too */
    enum volume_names names;              /* and by these names; NAMES_JOLIET: the best but Rock Ridge's */
    uint16_t text_page;                   /* of texts of Windows; 0: not known */
    char code_page_evidence[SURVEY_NAME]; /* the file that says so, or lacking_page; empty: none does, and it is 437 */
};

/* Families whose members need different machines. */
enum system_family {
    SYSTEM_OTHER,
    SYSTEM_DOS,
    SYSTEM_WINDOWS, /* on DOS: 1 to 3.11, and 4 (95, 98, ME) */
    SYSTEM_NT,      /* by the version of its kernel: 3.1 to 5.2 */
    SYSTEM_OS2,
    SYSTEM_LINUX,
    SYSTEM_UNIX, /* BSD, Minix, Xenix */
    SYSTEM_NETWARE
};

struct found_system {
    enum system_family family;
    uint16_t version;   /* major version * 100 + minor: 622, 1000; 0: not known */
    bool workgroups;    /* Windows for Workgroups */
    char name[80];      /* "MS-DOS 6.22"; fit for a terminal */
    char evidence[128]; /* what shows it: "COMMAND.COM in partition 1" */
};

struct disk_damage {
    char place[64]; /* "partition 2" */
    char what[192];
};

struct disk_survey {
    uint64_t sectors;
    uint8_t first[SECTOR_SIZE]; /* as it is; zeros: it cannot be read */
    enum disk_scheme scheme;
    bool iso;                     /* disk_is_iso */
    bool optical;                 /* an ISO 9660 or UDF volume for a CD */
    char container[SURVEY_NAME];  /* it is no disk but a file of this kind: "Stacker compressed volume" */
    char overlay[SURVEY_NAME];    /* a driver between BIOS and partition table: "OnTrack Disk Manager" */
    char loader[SURVEY_NAME];     /* what the code before the partition table is */
    char encryption[SURVEY_NAME]; /* of the whole disk */
    uint32_t signature;           /* of the disk, at 1B8h; 0: none */
    struct geometry table; /* heads and sectors as the ends of partitions have them; cylinders 0; all zero: none */
    struct volume *volumes;
    struct found_system *systems; /* the newest first */
    struct disk_damage *damage;
    uint32_t volume_count, system_count, damage_count;
    bool volumes_left_out, damage_left_out; /* there are more */
};

/* Fills in *survey, to be released with disk_survey_free in any case. What is unreadable or absurd is damage; false
 * only when memory is short. */
bool disk_survey(const struct block *disk, struct disk_survey *survey, struct error *error);
void disk_survey_free(struct disk_survey *survey);

/* Whether a name of a FAT volume's root folder is that of a compressed volume's file, DBLSPACE.nnn or DRVSPACE.nnn;
 * *number is its nnn. */
bool compressed_volume_name(const char *name, uint32_t *number);
/* Names are in this code page, as a file says; one that is not known here is lacking, and 437 stands in for it. */
void volume_set_code_page(struct volume *volume, unsigned page, const char *evidence);
/* "partition 2", or "the disk" for a volume without a partition table. place has 32 bytes. */
const char *volume_place(const struct volume *volume, char *place);

#endif
