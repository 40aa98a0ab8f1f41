/* fuzz_manifest.c - libFuzzer harness of manifests/: any bytes are either refused with an error, or parsed to a value
 * whose canonical form parses to the same value and prints to the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "manifests/manifests.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void try_machine(const char *text, size_t size)
{
    static struct machine_manifest first, second;
    static char once[MANIFEST_LIMIT], twice[MANIFEST_LIMIT];
    struct error error = {.status = STATUS_OK};

    if (!machine_manifest_parse(text, size, "fuzz", &first, &error)) {
        require(error.status != STATUS_OK);
        return;
    }
    size_t length = machine_manifest_print(&first, once, sizeof(once));
    require(length > 0 && machine_manifest_parse(once, length, "canonical", &second, &error));
    require(machine_manifest_print(&second, twice, sizeof(twice)) == length && !memcmp(once, twice, length));
    require(!memcmp(&first, &second, sizeof(first)));
}

static void try_description(const char *text, size_t size)
{
    static struct description_manifest first, second;
    static char once[MANIFEST_LIMIT], twice[MANIFEST_LIMIT];
    struct error error = {.status = STATUS_OK};

    if (!description_manifest_parse(text, size, "fuzz", &first, &error)) {
        require(error.status != STATUS_OK);
        return;
    }
    size_t length = description_manifest_print(&first, once, sizeof(once));
    require(length > 0 && description_manifest_parse(once, length, "canonical", &second, &error));
    require(description_manifest_print(&second, twice, sizeof(twice)) == length && !memcmp(once, twice, length));
    require(!memcmp(&first, &second, sizeof(first)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_machine((const char *)data, size);
    try_description((const char *)data, size);
    return 0;
}
