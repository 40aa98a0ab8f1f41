/* writer.c - the file that a sealing writes, buffered. See writer.h. */
#include "archive/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/file.h"

#define BUFFER_SIZE (1u << 20)

static bool flush(struct writer *w)
{
    size_t size = w->buffered;

    w->buffered = 0;
    return file_write(fileno(w->output.file), w->output.path, w->offset - size, w->buffer, size, w->error);
}

static bool put(struct writer *w, const uint8_t *bytes, size_t size)
{
    if (size > FILE_LIMIT - w->offset)
        return error_set(w->error, STATUS_INPUT, w->output.path, NULL, NULL,
                         "would become longer than an archive can be");
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
    if (w->digest.context)
        sha256_end(&w->digest, NULL);
    free(w->buffer);
    *w = (struct writer){.buffer = NULL};
}

bool writer_open(struct writer *w, const char *path, bool replace, struct error *error)
{
    *w = (struct writer){.error = error};
    w->buffer = malloc(BUFFER_SIZE);
    if (!w->buffer)
        return error_set(error, STATUS_HOST, path, NULL, NULL, "out of memory");
    if (output_whole(&w->output, path, 0666, replace, error))
        return true;
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
    return flush(w) && file_write(fileno(w->output.file), w->output.path, offset, bytes, size, w->error);
}

bool writer_commit(struct writer *w)
{
    static const uint8_t end[TAR_END];
    bool done = put(w, end, TAR_END) && flush(w) && output_commit(&w->output, w->error);

    writer_abandon(w);
    return done;
}

void writer_abandon(struct writer *w)
{
    output_abort(&w->output);
    writer_release(w);
}
