/* worn.c - see worn.h. */
#include "verify/repair/worn.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define HOST_BLOCK 4096u /* what is given up at a place that the host cannot read */

bool worn_open(struct worn *file, const char *path, struct error *error)
{
    file->path = path;
    file->descriptor = archive_open_file(path, &file->size, error);
    return file->descriptor >= 0;
}

void worn_close(struct worn *file)
{
    if (file->descriptor >= 0)
        close(file->descriptor);
    file->descriptor = -1;
}

bool worn_read(const struct worn *file, uint64_t offset, void *buffer, size_t size)
{
    uint8_t *bytes = buffer;
    bool whole = offset <= file->size && size <= file->size - offset;
    size_t end = whole ? size : offset < file->size ? (size_t)(file->size - offset) : 0, at = 0;

    memset(bytes + end, 0, size - end);
    while (at < end) {
        ssize_t n = pread(file->descriptor, bytes + at, end - at, (off_t)(offset + at));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            n = end - at < HOST_BLOCK ? (ssize_t)(end - at) : (ssize_t)HOST_BLOCK;
            memset(bytes + at, 0, (size_t)n);
            whole = false;
        }
        at += (size_t)n;
    }
    return whole;
}
