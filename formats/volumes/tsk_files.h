/* tsk_files.h - the files of NTFS and ext volumes, as files.h offers them, by The Sleuth Kit's libtsk.
 *
 * libtsk is a library of some size for hostile input: whoever uses it does so in a worker that is locked in
 * (desk/reader.h). It is loaded when the first volume is opened, so that no other command waits for it and the forty
 * libraries that it brings. */
#ifndef MUNIMENT_TSK_FILES_H
#define MUNIMENT_TSK_FILES_H

#include "formats/volumes/files.h"

/* Loads libtsk, for a process that can open no file later. False with *error: it is not there. */
bool tsk_files_prepare(struct error *error);
/* Opens a volume of a disk, which must outlive it. */
bool tsk_files_open(const struct block *disk, const struct volume *volume, struct files *files, struct error *error);

#endif
