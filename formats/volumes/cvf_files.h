/* cvf_files.h - the files of a compressed volume of DoubleSpace or DriveSpace. See files.h and cvf.h. */
#ifndef MUNIMENT_CVF_FILES_H
#define MUNIMENT_CVF_FILES_H

#include "formats/volumes/files.h"

bool cvf_files_open(const struct block *disk, const struct volume *volume, struct files *files, struct error *error);

#endif
