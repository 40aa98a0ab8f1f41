/* pack.c - see pack.h. */
#include "archive/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/file.h"

/* --- Writing --- */

bool pack_create(struct pack_writer *w, const char *path, bool replace, struct error *error)
{
    *w = (struct pack_writer){.encoder = chunk_encoder_new()};
    if (!w->encoder)
        return error_set(error, STATUS_HOST, path, NULL, NULL, "out of memory");
    if (output_whole(&w->output, path, 0666, replace, error)) {
        w->descriptor = fileno(w->output.file);
        return true;
    }
    pack_release(w);
    return false;
}

bool pack_create_in(struct pack_writer *w, int descriptor, const char *name, struct error *error)
{
    *w = (struct pack_writer){.encoder = chunk_encoder_new(), .descriptor = descriptor};
    snprintf(w->output.path, sizeof w->output.path, "%s", name);
    if (w->encoder && ftruncate(descriptor, 0) == 0)
        return true;
    error_host(error, name, w->encoder ? errno : ENOMEM, "cannot write");
    pack_release(w);
    return false;
}

bool pack_head(struct pack_writer *w, const void *bytes, size_t size, struct error *error)
{
    if (w->offset < size)
        w->offset = size;
    return file_write(w->descriptor, w->output.path, 0, bytes, size, error);
}

bool pack_add(struct pack_writer *w, const uint8_t *bytes, uint32_t size, struct pack_place *place, struct error *error)
{
    uint8_t gz[CHUNK_GZ_MAX];

    place->offset = w->offset;
    place->length = chunk_encode(w->encoder, bytes, size, gz);
    sha256(bytes, size, place->digest);
    if (w->offset > FILE_LIMIT - place->length)
        return error_set(error, STATUS_HOST, w->output.path, NULL, NULL, "becomes too long");
    if (!file_write(w->descriptor, w->output.path, w->offset, gz, place->length, error))
        return false;
    w->offset += place->length;
    return true;
}

bool pack_commit(struct pack_writer *w, struct error *error)
{
    bool good = w->output.file
                    ? output_commit(&w->output, error)
                    : fdatasync(w->descriptor) == 0 || error_host(error, w->output.path, errno, "cannot write");

    pack_release(w);
    return good;
}

void pack_abandon(struct pack_writer *w)
{
    output_abort(&w->output);
    pack_release(w);
}

void pack_release(struct pack_writer *w)
{
    output_release(&w->output);
    chunk_encoder_free(w->encoder);
    w->encoder = NULL;
}

/* --- Reading --- */

/* Takes p->descriptor. */
static bool begin_reading(struct pack *p, const char *path, struct error *error)
{
    struct stat status;

    p->decoder = chunk_decoder_new();
    if (!p->decoder)
        error_set(error, STATUS_HOST, path, NULL, NULL, "out of memory");
    else if (fstat(p->descriptor, &status) != 0)
        error_host(error, path, errno, "cannot examine");
    else if (!S_ISREG(status.st_mode))
        error_set(error, STATUS_INPUT, path, NULL, NULL, "is not a regular file");
    else {
        p->size = (uint64_t)status.st_size;
        return true;
    }
    pack_close(p);
    return false;
}

bool pack_open(struct pack *p, const char *path, struct error *error)
{
    *p = (struct pack){.descriptor = -1};
    if ((size_t)snprintf(p->path, sizeof p->path, "%s", path) >= sizeof p->path)
        return error_host(error, path, ENAMETOOLONG, "cannot open");
    p->descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    return p->descriptor >= 0 ? begin_reading(p, path, error) : error_host(error, path, errno, "cannot open");
}

bool pack_open_in(struct pack *p, int descriptor, const char *name, struct error *error)
{
    *p = (struct pack){.descriptor = descriptor, .lent = true};
    snprintf(p->path, sizeof p->path, "%s", name);
    return begin_reading(p, name, error);
}

void pack_close(struct pack *p)
{
    if (p->descriptor >= 0 && !p->lent)
        close(p->descriptor);
    chunk_decoder_free(p->decoder);
    p->descriptor = -1;
    p->decoder = NULL;
}

bool pack_read(struct pack *p, uint64_t offset, uint32_t length, const uint8_t *digest, uint8_t bytes[CHUNK_SIZE],
               uint32_t *size, uint32_t *used, struct error *error)
{
    uint8_t gz[CHUNK_GZ_MAX], found[DIGEST_SIZE];
    char place[64];
    const char *wrong;

    snprintf(place, sizeof place, "offset %llu", (unsigned long long)offset);
    if (length > sizeof gz || offset > p->size || length > p->size - offset)
        return error_set(error, STATUS_INPUT, p->path, place, NULL, "a chunk lies past the end of the file");
    if (!file_read(p->descriptor, p->path, offset, gz, length, error))
        return false;
    wrong = chunk_decode(p->decoder, gz, length, bytes, size, used);
    if (wrong)
        return error_set(error, STATUS_INPUT, p->path, place, NULL, "a chunk %s", wrong);
    if (!digest)
        return true;
    if (*used != length)
        return error_set(error, STATUS_INPUT, p->path, place, NULL, "a chunk is not as long as it should be");
    sha256(bytes, *size, found);
    return !memcmp(found, digest, sizeof found) ||
           error_set(error, STATUS_INPUT, p->path, place, NULL, "a chunk does not match its digest");
}
