/* file.h - reading and writing at a place of a file. */
#ifndef MUNIMENT_FILE_H
#define MUNIMENT_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "formats/error.h"

/* Reads or writes exactly size bytes at offset. */
bool file_write(int descriptor, const char *path, uint64_t offset, const void *bytes, size_t size, struct error *error);
bool file_read(int descriptor, const char *path, uint64_t offset, void *buffer, size_t size, struct error *error);

#endif
