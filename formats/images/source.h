/* source.h - opening and closing the sources of reader.h. */
#ifndef MUNIMENT_IMAGES_SOURCE_H
#define MUNIMENT_IMAGES_SOURCE_H

#include "formats/images/reader.h"

/* Opens a regular file that is not empty; a symbolic link only where links are allowed. To be closed in any case. */
bool source_open(struct source *source, const char *path, bool links, struct error *error);
void source_close(struct source *source);
/* Reads the file itself, whatever is in it. */
bool source_read_file(const struct source *source, uint64_t offset, void *buffer, size_t size, struct error *error);
/* How many bytes from offset on are a hole; 0: they are to be read. */
uint64_t source_hole(struct source *source, uint64_t offset);

#endif
