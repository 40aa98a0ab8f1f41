/* iso_files.h - the files of an ISO 9660 volume, with Rock Ridge or Joliet. See files.h. */
#ifndef MUNIMENT_ISO_FILES_H
#define MUNIMENT_ISO_FILES_H

#include "formats/volumes/files.h"

bool iso_files_open(const struct block *disk, const struct volume *volume, struct files *files, struct error *error);

#endif
