/* file.c - see file.h. */
#include "formats/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TICK 20000000 /* nanoseconds: times of files are no finer than a tick of the kernel's clock */

bool stream_write(int descriptor, const void *bytes, size_t size)
{
    for (const char *at = bytes; size > 0;) {
        ssize_t count = write(descriptor, at, size);

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        at += count;
        size -= (size_t)count;
    }
    return true;
}

bool stream_read(int descriptor, void *bytes, size_t size)
{
    for (char *at = bytes; size > 0;) {
        ssize_t count = read(descriptor, at, size);

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        at += count;
        size -= (size_t)count;
    }
    return true;
}

const char *path_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

bool path_is_below(const char *path)
{
    if (path[0] == '/' || path[0] == '\0')
        return false;
    for (const char *part = path; part; part = strchr(part, '/')) {
        part += *part == '/';
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0'))
            return false;
    }
    return true;
}

bool file_read(int descriptor, const char *path, uint64_t offset, void *buffer, size_t size, struct error *error)
{
    for (size_t got = 0; got < size;) {
        ssize_t n = pread(descriptor, (char *)buffer + got, size - got, (off_t)(offset + got));
        char place[64];

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_host(error, path, errno, "cannot read");
        snprintf(place, sizeof place, "offset %llu", (unsigned long long)(offset + got));
        if (n == 0)
            return error_set(error, STATUS_INPUT, path, place, NULL, "ends too early");
        got += (size_t)n;
    }
    return true;
}

bool file_write(int descriptor, const char *path, uint64_t offset, const void *bytes, size_t size, struct error *error)
{
    for (size_t put = 0; put < size;) {
        ssize_t n = pwrite(descriptor, (const char *)bytes + put, size - put, (off_t)(offset + put));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return error_host(error, path, n < 0 ? errno : ENOSPC, "cannot write");
        put += (size_t)n;
    }
    return true;
}

int file_temporary(struct error *error)
{
    const char *folder = getenv("TMPDIR");
    char path[PATH_MAX];
    int descriptor;

    snprintf(path, sizeof path, "%s/muniment-XXXXXX",
             folder && folder[0] == '/' && strlen(folder) < PATH_MAX - 32 ? folder : "/var/tmp");
    descriptor = mkstemp(path);
    if (descriptor < 0) {
        error_host(error, path, errno, "cannot create a temporary file");
        return -1;
    }
    unlink(path);
    fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    return descriptor;
}

static struct file_state state_of(const struct stat *s)
{
    if (!S_ISREG(s->st_mode))
        return (struct file_state){0};
    return (struct file_state){(uint64_t)s->st_dev,
                               (uint64_t)s->st_ino,
                               (uint64_t)s->st_size,
                               {s->st_mtim.tv_sec, s->st_mtim.tv_nsec, s->st_ctim.tv_sec, s->st_ctim.tv_nsec}};
}

/* Whether a file was changed within the last tick. */
static bool is_fresh(const struct stat *s)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    int64_t age = (int64_t)(now.tv_sec - s->st_ctim.tv_sec) * 1000000000 + (now.tv_nsec - s->st_ctim.tv_nsec);
    return age >= 0 && age < TICK;
}

bool file_state(int descriptor, const char *path, struct file_state *state, struct error *error)
{
    const struct timespec tick = {0, TICK};
    struct stat status;

    for (int i = 0; i < 10; i++) {
        if (fstat(descriptor, &status) != 0)
            return error_host(error, path, errno, "cannot examine");
        *state = state_of(&status);
        if (!is_fresh(&status))
            break;
        nanosleep(&tick, NULL);
    }
    return true;
}

static bool was_changed(const char *path, struct error *error)
{
    return error_set(error, STATUS_INPUT, path, NULL, "give a copy that is not written to",
                     "was changed while it was read");
}

static bool was_replaced(const char *path, struct error *error)
{
    return error_set(error, STATUS_INPUT, path, NULL, "give a file that stays in its place",
                     "was replaced while it was read");
}

bool file_still(const char *path, const struct file_state *before, struct error *error)
{
    struct stat status;

    if (stat(path, &status) != 0)
        return was_replaced(path, error);
    struct file_state now = state_of(&status);
    if (now.device != before->device || now.inode != before->inode)
        return was_replaced(path, error);
    return memcmp(&now, before, sizeof now) == 0 || was_changed(path, error);
}

bool file_unchanged(int descriptor, const char *path, const struct file_state *before, struct error *error)
{
    struct stat open, named;

    if (fstat(descriptor, &open) != 0)
        return error_host(error, path, errno, "cannot examine");
    struct file_state now = state_of(&open);
    if (memcmp(&now, before, sizeof(now)) != 0)
        return was_changed(path, error);
    if (!S_ISREG(open.st_mode))
        return true;
    if (stat(path, &named) != 0 || named.st_dev != open.st_dev || named.st_ino != open.st_ino)
        return was_replaced(path, error);
    return true;
}
