/* worker.h - an image that a process of its own reads, inside formats/images/.
 *
 * What a hostile image makes of its reader is held there: the process locks itself in (image_request.lock_in) before it
 * sees the image, and has no descriptor but standard error, the channel to its customer, and those that the customer
 * opened for it: the image, files beside it, a temporary file. What comes from it is hostile as the image is. */
#ifndef MUNIMENT_IMAGES_WORKER_H
#define MUNIMENT_IMAGES_WORKER_H

#include "formats/images/images.h"

/* What the process does, and its customer: the functions of images.h, and image_format_names. They come in a table,
 * since they know of workers. */
struct worker_calls {
    bool (*open)(const char *path, const struct image_request *request, struct block *disk, struct image_info *info,
                 struct error *error);
    bool (*file_read)(const struct block *disk, uint32_t file, uint64_t offset, void *buffer, size_t size,
                      struct error *error);
    void (*free_info)(struct image_info *info);
    const char *const *formats;
};

/* As image_open, which the process calls with a request that has no lock_in. */
bool worker_open(const struct worker_calls *calls, const char *path, const struct image_request *request,
                 struct block *disk, struct image_info *info, struct error *error);

/* Whether a disk is one of these; and what image_size, image_channel, image_unchanged and image_file_read are of it. */
bool is_worker(const struct block *disk);
uint64_t worker_size(const struct block *disk);
int worker_channel(const struct block *disk);
bool worker_unchanged(const struct block *disk, struct error *error);
bool worker_file_read(const struct block *disk, uint32_t file, uint64_t offset, void *buffer, size_t size,
                      struct error *error);

#endif
