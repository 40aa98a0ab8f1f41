/* cd_image.h - the CD-ROM drives that were found, and which boot image stands for a floppy or a disk. */
#ifndef BIOS_CD_IMAGE_H
#define BIOS_CD_IMAGE_H

#include "bda.h"

enum { FIRST_CD = 0xE0, CD_MEDIA_BITS = 0x0F, CD_MEDIA_DISK = 4 };

/* The drives: how many, and one of them. */
uint8_t cd_count(void);
void cd_load(struct disk *d, uint8_t number);

/* The specification packet of the CD that the system was started from; size 0 if it was not. */
void cd_image_load(struct cd_image *image);

/* The image takes the number 00h or 80h and moves the drives that have it up by one; it leaves, and they have their own
 * numbers again. cd_emulated() is 1 while that number is the image's. */
void cd_enter(struct cd_image *image);
void cd_leave(void);
uint8_t cd_emulated(uint8_t first);

#endif
