/* libarchive.c - see libarchive.h. */
#include "formats/libarchive.h"

#include "formats/loaded.h"

static const struct loaded_function functions[] = {
#define X(name) {#name, offsetof(struct libarchive, name)},
    LIBARCHIVE_FUNCTIONS(X)
#undef X
};

bool libarchive_load(struct libarchive *to, struct error *error)
{
    return library_load(LIBARCHIVE, functions, sizeof functions / sizeof *functions, to, error);
}

void libarchive_prepare(void)
{
    struct libarchive ignored;
    struct error none;

    libarchive_load(&ignored, &none);
}
