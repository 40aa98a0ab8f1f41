/* survey.h - how the parts of a survey work together, inside formats/volumes/. */
#ifndef MUNIMENT_VOLUMES_SURVEY_H
#define MUNIMENT_VOLUMES_SURVEY_H

#include "formats/volumes/fat.h"
#include "formats/volumes/volumes.h"

#define HEAD_SECTORS 160u /* of a volume that are looked at: ISO 9660, ReiserFS and Btrfs begin 64 KiB into it */

/* A volume under examination. */
struct examined {
    const struct block *disk;
    struct disk_survey *survey;
    struct volume *volume;
    uint8_t head[HEAD_SECTORS * SECTOR_SIZE]; /* its first sectors; zeros where there are none */
    size_t size;                              /* bytes of them that are there */
    bool out_of_memory;                       /* what was found is not all that is there */
};

/* fat_open, for a survey: null where there is none. */
struct fat *survey_fat(struct examined *e, const struct block *disk, uint64_t first, uint64_t sectors);
/* Notes damage (findings.c); further findings are dropped when there are many. */
void survey_damage(struct disk_survey *survey, const char *place, const char *what, ...)
    __attribute__((format(printf, 3, 4)));
/* The same of the volume. */
void volume_damage(struct examined *e, const char *what, ...) __attribute__((format(printf, 2, 3)));

/* Sets one of the survey's names; null: it is not known. */
void survey_name(char to[SURVEY_NAME], const char *name);

/* Notes a system; the same name is noted once. */
void survey_system(struct disk_survey *survey, const struct volume *volume, enum system_family family, uint16_t version,
                   const char *name, const char *shown_by);

/* Lists the volumes of a disk (partitions.c). */
void partitions_list(const struct block *disk, struct disk_survey *survey, const uint8_t first[SECTOR_SIZE]);
const char *partition_type_name(uint8_t type);

/* Recognises what is in a volume (filesystems.c, optical.c). */
void file_system_examine(struct examined *e);
void compressed_examine(struct examined *e);
void iso_examine(struct examined *e);
void udf_examine(struct examined *e);

/* What code is in a boot sector; null: not known (loaders.c). partitioned: it has a partition table. */
const char *loader_name(const uint8_t sector[SECTOR_SIZE], bool partitioned);
/* What encrypts the disk that begins with this sector; or null. */
const char *disk_encryption(const uint8_t sector[SECTOR_SIZE]);

/* Looks for kernels: in a FAT volume's files, and in boot sectors of others (systems.c). */
void systems_in_fat(struct examined *e, struct fat *fat);
void systems_in_boot_sector(struct examined *e);

#endif
