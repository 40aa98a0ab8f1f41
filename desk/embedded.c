/* embedded.c - finds a file that the build put into the program; the table itself is generated (desk/embed.sh). */
#include <string.h>

#include "desk/embedded.h"

const struct embedded_file *embedded_file(const char *name)
{
    for (const struct embedded_file *file = embedded_files; file->name; file++)
        if (!strcmp(file->name, name))
            return file;
    return NULL;
}
