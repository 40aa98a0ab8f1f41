/* hpfs_files.h - the files of an HPFS volume of OS/2 or Windows NT. See files.h. */
#ifndef MUNIMENT_HPFS_FILES_H
#define MUNIMENT_HPFS_FILES_H

#include "formats/volumes/files.h"

bool hpfs_files_open(const struct block *disk, const struct volume *volume, struct files *files, struct error *error);

#endif
