/* file.c - see file.h. */
#include "formats/file.h"

#include <errno.h>
#include <unistd.h>

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
