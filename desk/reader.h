/* reader.h - surveys a disk, or reads the files of a volume, in a process of its own, which is locked in (jail.h).
 *
 * What a hostile disk makes of its reader is held there: the process reads the disk's descriptors, answers, and can
 * do nothing else. One that crashes, or does not answer for a minute, is reported as damage of what it was asked for,
 * and the next question gets a new one. */
#ifndef MUNIMENT_DESK_READER_H
#define MUNIMENT_DESK_READER_H

#include "formats/volumes/files.h"
#include "formats/volumes/volumes.h"

/* Opens a volume of a disk as it is now; what is written to the disk later may be seen or not. The disk must outlive
 * it. */
bool reader_open(const struct block *disk, const struct volume *volume, struct files *files, struct error *error);

/* disk_survey by such a process; what makes that crash or hang is damage of the disk. *survey is whole in any case. */
bool reader_survey(const struct block *disk, struct disk_survey *survey, struct error *error);

/* The same, which also asks the registries of what is installed on the disk for the code page of the volumes whose
 * names depend on one, where no file that the survey knows says it. Their own system's counts before another's. */
bool reader_survey_names(const struct block *disk, struct disk_survey *survey, struct error *error);

#endif
