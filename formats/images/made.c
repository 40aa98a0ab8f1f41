/* made.c - see made.h. */
#include "formats/images/made.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/file.h"

/* What a path may begin with, and what makes an image of the rest. */
static const struct {
    const char *prefix;
    bool folder; /* the rest is one */
    bool (*make)(const char *rest, int descriptor, uint64_t *size, struct error *error);
} made[] = {{"blank:", false, blank_make}, {GIVEN_FLOPPY, true, given_floppy_make}, {"", true, iso_make}};

/* Which of them; below 0: none. */
static int kind_of(const char *path, const char **rest)
{
    struct stat status;

    for (int i = 0; i < (int)(sizeof made / sizeof *made); i++) {
        const size_t length = strlen(made[i].prefix);
        *rest = path + length;
        if (!strncmp(path, made[i].prefix, length) &&
            (!made[i].folder || (stat(*rest, &status) == 0 && S_ISDIR(status.st_mode))))
            return i;
    }
    return -1;
}

bool made_is_named(const char *path)
{
    return kind_of(path, &path) >= 0;
}

int made_open(const char *path, uint64_t *size, struct error *error)
{
    const char *rest;
    int kind = kind_of(path, &rest), descriptor = file_temporary(error);

    if (descriptor < 0)
        return -1;
    if (kind >= 0 ? made[kind].make(rest, descriptor, size, error)
                  : error_set(error, STATUS_INPUT, path, NULL, NULL, "is no longer a folder"))
        return descriptor;
    close(descriptor);
    return -1;
}
