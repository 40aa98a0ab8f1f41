/* loaded.h - functions of a library that is loaded when it is needed: few commands need it, and all would wait for it.
 */
#ifndef MUNIMENT_FORMATS_LOADED_H
#define MUNIMENT_FORMATS_LOADED_H

#include <stddef.h>

#include "formats/error.h"

struct loaded_function {
    const char *name;
    size_t at; /* where in a structure of functions it is */
};

/* Loads `library` and sets the functions. A process that can open no file can load
 * only what was loaded before. False with *error: it is not there. */
bool library_load(const char *library, const struct loaded_function *functions, size_t count, void *to,
                  struct error *error);

#endif
