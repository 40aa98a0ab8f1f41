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

bool pack_create(struct pack_writer *w, const char *path, struct error *error)
{
    *w = (struct pack_writer){.descriptor = -1};
    if ((size_t)snprintf(w->path, sizeof w->path, "%s", path) >= sizeof w->path)
        return error_host(error, path, ENAMETOOLONG, "cannot create");
    snprintf(w->temporary, sizeof w->temporary, "%s.tmp", path);
    w->encoder = chunk_encoder_new();
    if (!w->encoder)
        return error_set(error, STATUS_HOST, path, NULL, NULL, "out of memory");
    unlink(w->temporary); /* a killed process left it */
    w->descriptor = open(w->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (w->descriptor >= 0)
        return true;
    error_host(error, path, errno, "cannot create");
    pack_release(w);
    return false;
}

bool pack_head(struct pack_writer *w, const void *bytes, size_t size, struct error *error)
{
    if (w->offset < size)
        w->offset = size;
    return file_write(w->descriptor, w->path, 0, bytes, size, error);
}

bool pack_add(struct pack_writer *w, const uint8_t *bytes, uint32_t size, struct pack_place *place, struct error *error)
{
    uint8_t gz[CHUNK_GZ_MAX];

    place->offset = w->offset;
    place->length = chunk_encode(w->encoder, bytes, size, gz);
    sha256(bytes, size, place->digest);
    if (w->offset > FILE_LIMIT - place->length)
        return error_set(error, STATUS_HOST, w->path, NULL, NULL, "becomes too long");
    if (!file_write(w->descriptor, w->path, w->offset, gz, place->length, error))
        return false;
    w->offset += place->length;
    return true;
}

/* A name is on the disk when its folder is. */
static bool sync_folder(const char *path, struct error *error)
{
    char folder[4096];
    const char *slash = strrchr(path, '/');
    int descriptor;
    bool good;

    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    good = descriptor >= 0 && (fsync(descriptor) == 0 || errno == EINVAL);
    if (!good)
        error_host(error, path, errno, "cannot sync");
    if (descriptor >= 0)
        close(descriptor);
    return good;
}

bool pack_commit(struct pack_writer *w, struct error *error)
{
    if (fsync(w->descriptor) != 0 || rename(w->temporary, w->path) != 0) {
        error_host(error, w->path, errno, "cannot write");
        pack_abandon(w);
        return false;
    }
    if (!sync_folder(w->path, error)) {
        pack_release(w);
        return false;
    }
    pack_release(w);
    return true;
}

void pack_abandon(struct pack_writer *w)
{
    if (w->descriptor >= 0)
        unlink(w->temporary);
    pack_release(w);
}

void pack_release(struct pack_writer *w)
{
    if (w->descriptor >= 0)
        close(w->descriptor);
    chunk_encoder_free(w->encoder);
    w->descriptor = -1;
    w->encoder = NULL;
}

/* --- Reading --- */

bool pack_open(struct pack *p, const char *path, struct error *error)
{
    struct stat status;

    *p = (struct pack){.descriptor = -1};
    if ((size_t)snprintf(p->path, sizeof p->path, "%s", path) >= sizeof p->path)
        return error_host(error, path, ENAMETOOLONG, "cannot open");
    p->descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (p->descriptor < 0)
        return error_host(error, path, errno, "cannot open");
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

void pack_close(struct pack *p)
{
    if (p->descriptor >= 0)
        close(p->descriptor);
    chunk_decoder_free(p->decoder);
    p->descriptor = -1;
    p->decoder = NULL;
}

bool pack_read(struct pack *p, uint64_t offset, uint32_t length, const uint8_t *digest, uint8_t bytes[CHUNK_SIZE], uint32_t *size, uint32_t *used,
               struct error *error)
{
    uint8_t gz[CHUNK_GZ_MAX], found[DIGEST_SIZE];
    char place[64];
    const char *wrong;

    snprintf(place, sizeof place, "offset %llu", (unsigned long long)offset);
    if (length > sizeof gz || offset > p->size || length > p->size - offset)
        return error_set(error, STATUS_INPUT, p->path, place, NULL, "a chunk lies behind the end");
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
    return !memcmp(found, digest, sizeof found) || error_set(error, STATUS_INPUT, p->path, place, NULL, "a chunk does not match its digest");
}
