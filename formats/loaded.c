/* loaded.c - see loaded.h. */
#include "formats/loaded.h"

#include <dlfcn.h>
#include <string.h>

bool library_load(const char *library, const struct loaded_function *functions, size_t count, void *to,
                  struct error *error)
{
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);

    if (!handle)
        return error_set(error, STATUS_HOST, library, NULL, "install the package of this library", "cannot be loaded");
    for (size_t i = 0; i < count; i++) {
        void *symbol = dlsym(handle, functions[i].name);
        if (!symbol)
            return error_set(error, STATUS_HOST, library, functions[i].name, NULL, "has no such function");
        memcpy((char *)to + functions[i].at, &symbol, sizeof symbol);
    }
    return true;
}
