/* raw.c - raw disk images: sector n of the disk is at byte 512 * n of the file. */
#include "formats/formats.h"
#include "formats/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RAW_LIMIT (UINT64_C(1) << 47)

struct raw {
    int descriptor;
    uint64_t size;
    struct file_state state;
    char path[4096];
    struct error failure;
};

static enum block_result raw_read(void *context, uint64_t sector, uint32_t count, uint8_t *buffer, uint32_t *done)
{
    struct raw *raw = context;
    uint64_t offset = sector * SECTOR_SIZE;
    size_t wanted = (size_t)count * SECTOR_SIZE, in_file = wanted, got = 0;

    *done = 0;
    if (offset + in_file > raw->size)
        in_file = (size_t)(raw->size - offset);
    while (got < in_file) {
        ssize_t n = pread(raw->descriptor, buffer + got, in_file - got, (off_t)(offset + got));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            error_host(&raw->failure, raw->path, errno, "cannot read");
            return BLOCK_FAILED;
        }
        if (n == 0) {
            error_set(&raw->failure, STATUS_INPUT, raw->path, NULL, "leave it alone while it is in use",
                      "became shorter while it was open");
            return BLOCK_FAILED;
        }
        got += (size_t)n;
    }
    memset(buffer + in_file, 0, wanted - in_file);
    *done = count;
    return BLOCK_OK;
}

static void raw_close(void *context)
{
    struct raw *raw = context;

    close(raw->descriptor);
    free(raw);
}

static const struct error *raw_failure(void *context)
{
    return &((struct raw *)context)->failure;
}

/* O_NONBLOCK: a FIFO must be refused, not waited for. */
static bool raw_open_file(struct raw *raw, const char *path, struct error *error)
{
    struct stat status;

    snprintf(raw->path, sizeof raw->path, "%s", path);
    raw->descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (raw->descriptor < 0)
        return error_set(error, errno == ENOENT ? STATUS_INPUT : STATUS_HOST, path, NULL, NULL, "cannot open: %s",
                         strerror(errno));
    if (fstat(raw->descriptor, &status) != 0)
        return error_host(error, path, errno, "cannot examine");
    if (!S_ISREG(status.st_mode))
        return error_set(error, STATUS_INPUT, path, NULL, "give a regular file", "is not a regular file");
    if (status.st_size == 0)
        return error_set(error, STATUS_INPUT, path, NULL, NULL, "is empty");
    if ((uint64_t)status.st_size > RAW_LIMIT)
        return error_set(error, STATUS_INPUT, path, NULL, NULL, "is longer than 2^47 bytes");
    raw->size = (uint64_t)status.st_size;
    return file_state(raw->descriptor, path, &raw->state, error);
}

bool raw_open(const char *path, struct block *disk, struct error *error)
{
    struct raw *raw = calloc(1, sizeof *raw);

    if (!raw)
        return error_set(error, STATUS_HOST, path, NULL, NULL, "out of memory");
    if (!raw_open_file(raw, path, error)) {
        if (raw->descriptor >= 0)
            close(raw->descriptor);
        free(raw);
        return false;
    }
    *disk = (struct block){
        .context = raw,
        .sectors = (raw->size + SECTOR_SIZE - 1) / SECTOR_SIZE,
        .read_only = true,
        .read = raw_read,
        .close = raw_close,
        .failure = raw_failure,
    };
    return true;
}

uint64_t raw_size(const struct block *disk)
{
    return ((const struct raw *)disk->context)->size;
}

bool raw_unchanged(const struct block *disk, struct error *error)
{
    const struct raw *raw = disk->context;

    return file_unchanged(raw->descriptor, raw->path, &raw->state, error);
}
