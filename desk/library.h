/* library.h - a folder of archives, and what an index of them says. */
#ifndef MUNIMENT_DESK_LIBRARY_H
#define MUNIMENT_DESK_LIBRARY_H

#include "formats/error.h"

/* What is known of an archive of a library. What is not known is empty. */
struct library_entry {
    const char *name, *machine_root;
    const char *disks; /* "hd0 ROOT" for each disk, separated by line feeds */
};

/* Hands over each archive of a folder that can be opened, in the order of their names, from the index where the
 * program has SQLite. False with *error: the folder cannot be read. */
bool library_each(const char *folder, void (*each)(void *context, const struct library_entry *entry), void *context,
                  struct error *error);

#endif
