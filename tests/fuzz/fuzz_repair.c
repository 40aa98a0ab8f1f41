/* fuzz_repair.c - libFuzzer harness of verify/repair/ and of the statements about keys: any bytes as a parity file, as
 * an archive to be mended by its seal, as a root, certificate or revocation. What is a statement prints to the bytes
 * that were signed. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/file.h"
#include "verify/fixity/keytext.h"
#include "verify/repair/parity.h"
#include "verify/repair/sealed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct worn make(const uint8_t *data, size_t size)
{
    struct error error;
    struct worn file = {.descriptor = file_temporary(&error), .path = "fuzz", .size = size};

    if (file.descriptor < 0 || !file_write(file.descriptor, file.path, 0, data, size, &error))
        abort();
    return file;
}

static void try_statement(const uint8_t *data, size_t size)
{
    char *text = calloc(1, size + 1);
    struct text again = {.bytes = NULL};
    struct key_text key;
    const char *reason;

    memcpy(text, data, size);
    if (!key_text_parse(text, size, &key, &reason))
        return;
    key_text_print(&again, &key);
    if (again.length != key.body || memcmp(again.bytes, data, key.body) != 0)
        abort();
    key_text_check(&key, &key.key);
    text_free(&again);
    key_text_free(&key);
}

static void try_parity(const uint8_t *data, size_t size)
{
    static const uint8_t zeros[10000];
    struct worn file = make(zeros, sizeof zeros), parity = make(data, size), output = make(data, 0);
    struct parity_mending request = {.sources = &file, .count = 1, .parity = &parity, .output = output.descriptor};
    struct parity_result result;
    struct error error;

    parity_mend(&request, &result, &error);
    worn_close(&file);
    worn_close(&parity);
    worn_close(&output);
}

static void try_archive(const uint8_t *data, size_t size)
{
    struct worn output = make(data, size);
    struct sealed_mending request = {.output = &output};
    struct sealed_result result;
    struct error error;

    sealed_mend(&request, &result, &error);
    worn_close(&output);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (*data == 'p')
        try_parity(data + 1, size - 1);
    else if (*data == 'a')
        try_archive(data + 1, size - 1);
    else
        try_statement(data, size);
    return 0;
}
