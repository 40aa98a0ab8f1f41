/* loaded.h - loads a library of the host when it is needed: few commands need it, and all would wait for it. */
#ifndef MUNIMENT_FORMATS_LOADED_H
#define MUNIMENT_FORMATS_LOADED_H

#include <stddef.h>

#include "formats/error.h"

struct loaded_function {
    const char *name;
    size_t at; /* where in the structure of functions its pointer is, in bytes */
};

/* Loads `library`, a file's name or path, which stays loaded, and sets `count` pointers of the structure at `to`. It
 * may be called again; a process that can open no file can load only what it, or its parent before the fork, had
 * loaded. False with *error (STATUS_HOST): the library or one of its functions is not there, and *to is not to be used.
 */
bool library_load(const char *library, const struct loaded_function *functions, size_t count, void *to,
                  struct error *error);

#endif
