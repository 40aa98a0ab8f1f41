/* unsteady.c - to be preloaded: a drive that reads wrongly. The byte at offset UNSTEADY_AT of a file is another one the
 * first UNSTEADY_TIMES times that it is read by pread. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/types.h>

static atomic_int reads;

static ssize_t altered(const char *name, int descriptor, void *buffer, size_t size, off_t offset)
{
    ssize_t (*next)(int, void *, size_t, off_t) = (ssize_t(*)(int, void *, size_t, off_t))dlsym(RTLD_NEXT, name);
    const char *at = getenv("UNSTEADY_AT"), *times = getenv("UNSTEADY_TIMES");
    ssize_t got = next(descriptor, buffer, size, offset);
    off_t place = at ? atoll(at) : -1;

    if (place >= offset && place < offset + got && atomic_fetch_add(&reads, 1) < (times ? atoi(times) : 1))
        ((unsigned char *)buffer)[place - offset] ^= 0x40;
    return got;
}

#define PREAD(name) \
    ssize_t name(int descriptor, void *buffer, size_t size, off_t offset) \
    { \
        return altered(#name, descriptor, buffer, size, offset); \
    }

/* clang-format off */
PREAD(pread)
PREAD(pread64)
/* clang-format on */
