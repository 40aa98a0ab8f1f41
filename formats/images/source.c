/* source.c - the files of an image (reader.h). */
#define _GNU_SOURCE /* SEEK_DATA */
#include "formats/images/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* O_NONBLOCK: a FIFO must be refused, not waited for. */
int source_descriptor(const char *path, enum source_use use, struct error *error)
{
    struct stat status;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (use == SOURCE_GIVEN ? 0 : O_NOFOLLOW));
    bool good = false;

    if (descriptor < 0 && errno == ELOOP)
        error_set(error, STATUS_INPUT, path, NULL, "put the file itself there", "is a symbolic link");
    else if (descriptor < 0)
        error_set(error, errno == ENOENT ? STATUS_INPUT : STATUS_HOST, path, NULL, NULL, "cannot open: %s",
                  strerror(errno));
    else if (fstat(descriptor, &status) != 0)
        error_host(error, path, errno, "cannot examine");
    else if (!S_ISREG(status.st_mode))
        error_set(error, STATUS_INPUT, path, NULL, "give a regular file", "is not a regular file");
    else if (status.st_size == 0 && use != SOURCE_LOOK)
        error_set(error, STATUS_INPUT, path, NULL, NULL, "is empty");
    else if ((uint64_t)status.st_size > IMAGE_LIMIT)
        error_set(error, STATUS_INPUT, path, NULL, NULL, "is longer than 2^47 bytes");
    else
        good = true;
    if (good || descriptor < 0)
        return descriptor;
    close(descriptor);
    return -1;
}

bool source_exists(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0 && S_ISREG(status.st_mode);
}

bool source_open(struct source *source, const struct image_opener *opener, const char *path, enum source_use use,
                 struct error *error)
{
    *source = (struct source){.descriptor = -1, .temporary = -1};
    if ((size_t)snprintf(source->path, sizeof source->path, "%s", path) >= sizeof source->path)
        return error_host(error, path, ENAMETOOLONG, "cannot open");
    source->descriptor = opener ? opener->open(opener->context, path, use, error) : source_descriptor(path, use, error);
    if (source->descriptor < 0 || !file_state(source->descriptor, path, &source->state, error))
        return false;
    source->size = source->file_size = source->state.size;
    return true;
}

void source_close(struct source *source)
{
    if (source->descriptor >= 0)
        close(source->descriptor);
    if (source->temporary >= 0)
        close(source->temporary);
    gzip_close(source->unpacker);
    source->unpacker = NULL;
    source->descriptor = source->temporary = -1;
}

static bool read_at(int descriptor, const char *path, uint64_t begin, uint64_t offset, void *buffer, size_t size,
                    uint64_t end, struct error *error)
{
    char place[64];

    snprintf(place, sizeof place, "offset %llu", (unsigned long long)end);
    if (offset > end || size > end - offset)
        return error_set(error, STATUS_INPUT, path, place, "get a complete copy", "ends too early");
    return file_read(descriptor, path, begin + offset, buffer, size, error);
}

bool source_read(const struct source *source, uint64_t offset, void *buffer, size_t size, struct error *error)
{
    int descriptor = source->temporary >= 0 ? source->temporary : source->descriptor;

    if (source->unpacker && size <= source->size && offset <= source->size - size)
        return gzip_read(source, offset, buffer, size, error);
    return read_at(descriptor, source->path, source->begin, offset, buffer, size, source->size, error);
}

bool source_read_file(const struct source *source, uint64_t offset, void *buffer, size_t size, struct error *error)
{
    return read_at(source->descriptor, source->path, 0, offset, buffer, size, source->file_size, error);
}

/* SEEK_DATA and SEEK_HOLE are POSIX.1-2024; a system without them says nothing. */
uint64_t source_hole(struct source *source, uint64_t offset)
{
#ifdef SEEK_DATA
    int descriptor = source->temporary >= 0 ? source->temporary : source->descriptor;
    off_t found;

    if (source->unpacker || source->begin || offset >= source->size)
        return 0;
    if (offset < source->data && offset >= source->hole)
        return source->data - offset;
    if (offset < source->hole && offset >= source->known)
        return 0;
    found = lseek(descriptor, (off_t)offset, SEEK_DATA);
    if (found < 0 && errno != ENXIO)
        return 0;
    source->known = source->hole = offset;
    source->data = found < 0 ? source->size : (uint64_t)found;
    if (source->data == offset) {
        found = lseek(descriptor, (off_t)offset, SEEK_HOLE);
        source->hole = source->data = found < 0 ? source->size : (uint64_t)found;
        return 0;
    }
    return source->data - offset;
#else
    (void)source, (void)offset;
    return 0;
#endif
}

size_t source_stem(const char *name)
{
    static const char *const packed[] = {".gz", ".xz", ".bz2", ".zst", ".zip", ".7z"};
    size_t length = strlen(name), end;

    for (size_t i = 0; i < sizeof packed / sizeof packed[0]; i++)
        if (length > strlen(packed[i]) && !strcasecmp(name + length - strlen(packed[i]), packed[i])) {
            length -= strlen(packed[i]);
            break;
        }
    for (end = length; end > 1; end--)
        if (name[end - 1] == '.')
            return end - 1;
    return length;
}
