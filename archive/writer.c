/* writer.c - the file behind a sealing: buffered, under a temporary name until it is complete. See writer.h. */
#include "archive/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/file.h"

#define BUFFER_SIZE (1u << 20)
#define ATTEMPTS 100 /* temporary names that are tried; a killed process leaves one behind */

static bool flush(struct writer *w)
{
    size_t size = w->buffered;

    w->buffered = 0;
    return file_write(w->descriptor, w->path, w->offset - size, w->buffer, size, w->error);
}

static bool put(struct writer *w, const uint8_t *bytes, size_t size)
{
    if (size > FILE_LIMIT - w->offset)
        return error_set(w->error, STATUS_INPUT, w->path, NULL, NULL, "would become longer than an archive can be");
    while (size > 0) {
        size_t part = BUFFER_SIZE - w->buffered < size ? BUFFER_SIZE - w->buffered : size;

        memcpy(w->buffer + w->buffered, bytes, part);
        w->buffered += part;
        w->offset += part;
        bytes += part;
        size -= part;
        if (w->buffered == BUFFER_SIZE && !flush(w))
            return false;
    }
    return true;
}

static void writer_release(struct writer *w)
{
    if (w->descriptor >= 0)
        close(w->descriptor);
    if (w->digest.context)
        sha256_end(&w->digest, NULL);
    free(w->buffer);
    free(w->path);
    free(w->temporary);
    *w = (struct writer){.descriptor = -1};
}

bool writer_open(struct writer *w, const char *path, struct error *error)
{
    size_t size = strlen(path) + 32;

    *w = (struct writer){.descriptor = -1, .error = error};
    w->path = strdup(path);
    w->temporary = malloc(size);
    w->buffer = malloc(BUFFER_SIZE);
    if (!w->path || !w->temporary || !w->buffer) {
        writer_release(w);
        return error_set(error, STATUS_HOST, path, NULL, NULL, "out of memory");
    }
    for (int i = 0; i < ATTEMPTS && w->descriptor < 0; i++) {
        snprintf(w->temporary, size, "%s.%ld-%02d.tmp", path, (long)getpid(), i);
        w->descriptor = open(w->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (w->descriptor < 0 && errno != EEXIST)
            break;
    }
    if (w->descriptor >= 0)
        return true;
    error_host(error, path, errno, "cannot create");
    writer_release(w);
    return false;
}

bool writer_begin(struct writer *w, const char *name)
{
    static const uint8_t place[TAR_BLOCK];

    memset(&w->member, 0, sizeof w->member);
    snprintf(w->member.name, NAME_SIZE, "%s", name);
    w->member.offset = w->offset + TAR_BLOCK;
    sha256_begin(&w->digest);
    return put(w, place, TAR_BLOCK);
}

bool writer_add(struct writer *w, const void *bytes, size_t size)
{
    sha256_add(&w->digest, bytes, size);
    return put(w, bytes, size);
}

bool writer_end(struct writer *w)
{
    static const uint8_t padding[TAR_BLOCK];
    uint8_t header[TAR_BLOCK];

    sha256_end(&w->digest, w->member.digest);
    w->member.size = w->offset - w->member.offset;
    tar_header(w->member.name, w->member.size, header);
    return put(w, padding, (size_t)(tar_padded(w->member.size) - w->member.size)) &&
           writer_patch(w, w->member.offset - TAR_BLOCK, header, TAR_BLOCK);
}

bool writer_member(struct writer *w, const char *name, const void *bytes, size_t size)
{
    return writer_begin(w, name) && writer_add(w, bytes, size) && writer_end(w);
}

bool writer_patch(struct writer *w, uint64_t offset, const void *bytes, size_t size)
{
    return flush(w) && file_write(w->descriptor, w->path, offset, bytes, size, w->error);
}

/* The name itself is on the disk only when its folder is. */
static bool sync_folder(struct writer *w)
{
    char *slash = strrchr(w->path, '/');
    int folder;
    bool done;

    if (slash)
        slash[slash == w->path] = '\0';
    folder = open(slash ? w->path : ".", O_RDONLY | O_CLOEXEC);
    done = folder >= 0 && (fsync(folder) == 0 || errno == EINVAL);
    if (!done)
        error_host(w->error, slash ? w->path : ".", errno, "cannot sync");
    if (folder >= 0)
        close(folder);
    return done;
}

bool writer_commit(struct writer *w)
{
    static const uint8_t end[TAR_END];
    bool done = put(w, end, TAR_END) && flush(w);

    if (done && fsync(w->descriptor) != 0)
        done = error_host(w->error, w->path, errno, "cannot sync");
    if (done && rename(w->temporary, w->path) != 0)
        done = error_host(w->error, w->path, errno, "cannot rename the finished file to this name");
    if (!done) {
        writer_abandon(w);
        return false;
    }
    done = sync_folder(w);
    writer_release(w);
    return done;
}

void writer_abandon(struct writer *w)
{
    if (w->descriptor >= 0)
        unlink(w->temporary);
    writer_release(w);
}
