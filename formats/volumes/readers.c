/* readers.c - which reader a kind of volume has. Declared in files.h. */
#include <string.h>

#include "formats/volumes/cvf_files.h"
#include "formats/volumes/fat_files.h"
#include "formats/volumes/files.h"
#include "formats/volumes/hpfs_files.h"
#include "formats/volumes/iso_files.h"
#include "formats/volumes/tsk_files.h"

/* The readers, by the beginning of what the survey calls a file system. */
static const struct {
    const char *name;
    bool (*open)(const struct block *disk, const struct volume *volume, struct files *files, struct error *error);
    bool (*prepare)(struct error *error); /* null: there is nothing to be loaded */
} readers[] = {
    {"FAT", fat_files_open, NULL},
    {"DoubleSpace", cvf_files_open, NULL},
    {"DriveSpace", cvf_files_open, NULL},
    {"HPFS", hpfs_files_open, NULL},
    {"ISO 9660", iso_files_open, NULL},
    {"NTFS", tsk_files_open, tsk_files_prepare},
    {"ext", tsk_files_open, tsk_files_prepare},
};

#define READERS (sizeof readers / sizeof *readers)

static size_t reader_of(const struct volume *volume)
{
    size_t i = 0;

    while (i < READERS && strncmp(volume->file_system, readers[i].name, strlen(readers[i].name)) != 0)
        i++;
    return i;
}

bool files_can_open(const struct volume *volume)
{
    return reader_of(volume) < READERS;
}

bool files_prepare(const struct volume *volume, struct error *error)
{
    size_t i = reader_of(volume);

    return i == READERS || !readers[i].prepare || readers[i].prepare(error);
}

bool files_open(const struct block *disk, const struct volume *volume, struct files *files, struct error *error)
{
    size_t i = reader_of(volume);

    files->system = NULL;
    return i < READERS ? readers[i].open(disk, volume, files, error)
                       : error_set(error, STATUS_INPUT, *volume->file_system ? volume->file_system : "volume", NULL,
                                   NULL, "holds files that cannot be read");
}
