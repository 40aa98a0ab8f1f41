/* padding.h - a disk made longer: images of floppies are often cut off where nothing more was written. */
#ifndef MUNIMENT_PADDING_H
#define MUNIMENT_PADDING_H

#include "formats/formats.h"

/* Makes *disk, which is read-only, `sectors` long; those that it lacks read as zeros. Takes the disk over. False, with
 * the disk as it was, when memory is short. */
bool pad_disk(struct block *disk, uint64_t sectors, struct error *error);

#endif
