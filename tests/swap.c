/* swap.c - to be preloaded: the open of a file named target.mun that SWAP_AT counts, from 1, opens other.mun instead.
 * It stands for somebody who renames one file over the other between two opens. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static int swapped(const char *path, int flags, int mode)
{
    static int opens;
    int (*next)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
    const char *at = getenv("SWAP_AT");

    if (strstr(path, "target.mun") && at && ++opens == atoi(at))
        path = "other.mun";
    return next(path, flags, mode);
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) \
    { \
        va_list rest; \
        va_start(rest, flags); \
        int mode = va_arg(rest, int); \
        va_end(rest); \
        return swapped(path, flags, mode); \
    }

/* clang-format off */
OPEN(open)
OPEN(open64)
/* clang-format on */
