/* disk.h - reading a disk that may be damaged and whose numbers may lie, inside formats/volumes/. */
#ifndef MUNIMENT_VOLUMES_DISK_H
#define MUNIMENT_VOLUMES_DISK_H

#include "formats/formats.h"
#include "formats/numbers.h"

/* Reads sectors; false if one of them is outside the disk, unreadable, or the host failed. */
bool disk_get(const struct block *disk, uint64_t sector, uint32_t count, uint8_t *buffer);

/* Copies a field of text of fixed length, without spaces and NULs at its end, so that a terminal can take it. */
void field_copy(char *to, size_t size, const uint8_t *from, size_t length);

/* Writes UTF-16 (low byte first) as UTF-8; half a pair of surrogates becomes U+FFFD. to has 3 * units + 1 bytes. */
void utf16_copy(char *to, const uint8_t *from, unsigned units);

#endif
