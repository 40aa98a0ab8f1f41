/* made.c - see made.h. */
#include "formats/images/made.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/file.h"

#define BLANK "blank:"

bool made_is_named(const char *path)
{
    struct stat status;

    return !strncmp(path, BLANK, strlen(BLANK)) || (stat(path, &status) == 0 && S_ISDIR(status.st_mode));
}

int made_open(const char *path, uint64_t *size, struct error *error)
{
    int descriptor = file_temporary(error);

    if (descriptor < 0)
        return -1;
    if (!strncmp(path, BLANK, strlen(BLANK)) ? blank_make(path + strlen(BLANK), descriptor, size, error)
                                             : iso_make(path, descriptor, size, error))
        return descriptor;
    close(descriptor);
    return -1;
}
