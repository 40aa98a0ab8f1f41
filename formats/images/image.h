/* image.h - an open image, for open.c: the other half of what reader.h declares. */
#ifndef MUNIMENT_IMAGES_IMAGE_H
#define MUNIMENT_IMAGES_IMAGE_H

#include "formats/images/reader.h"
#include "formats/images/source.h"

/* Null with *error: out of memory. */
struct image *image_new(const struct image_request *request, const char *path, struct error *error);
/* Releases the images below as well. Takes null. */
void image_close(struct image *image);
/* Opens a file as the next source; a symbolic link only where links are allowed. */
bool image_add_path(struct image *image, const char *path, const char *name, const char *role, bool links,
                    struct error *error);
/* Makes what the path stands for (made.h), and adds it as the first source. */
bool image_add_made(struct image *image, const char *path, struct error *error);
/* Lists a file that is not opened. */
bool image_note_file(struct image *image, const char *name, const char *role, uint64_t size, struct error *error);
/* Refuses (unread.c) what is of a format that is known but not read, and names it in image->info.title. */
bool unread_refuse(struct image *image, const struct probe *probe, struct error *error);

uint64_t image_sectors(const struct image *image);
/* The functions of the disk (block.h). */
enum block_result image_read(void *context, uint64_t sector, uint32_t count, uint8_t *buffer, uint32_t *done);
uint64_t image_zeros(void *context, uint64_t sector);
const struct error *image_failure(void *context);

#endif
