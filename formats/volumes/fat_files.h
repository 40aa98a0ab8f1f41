/* fat_files.h - the files of a FAT volume, as files.h offers them. */
#ifndef MUNIMENT_FAT_FILES_H
#define MUNIMENT_FAT_FILES_H

#include "formats/volumes/files.h"

/* Opens a volume of a disk, which must outlive it. */
bool fat_files_open(const struct block *disk, const struct volume *volume, struct files *files, struct error *error);

#endif
