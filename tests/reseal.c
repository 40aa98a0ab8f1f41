/* reseal.c - seals a machine under an attestation that is given, whether or not it is true: for the tests of `verify --reboot`.
 *
 *     reseal MACHINE.yaml KEY OUT.mun ATTEST.TXT ATTEST.JOURNAL RECOVER.PY */
#include <stdio.h>
#include <stdlib.h>

#include "archive/archive.h"
#include "bios/bios.h"
#include "desk/embedded.h"

static char *read_file(const char *path, size_t *size)
{
    char *bytes = malloc(1u << 24);
    FILE *file = fopen(path, "rb");

    if (!bytes || !file)
        exit(4);
    *size = fread(bytes, 1, (1u << 24) - 1, file);
    bytes[*size] = '\0';
    fclose(file);
    return bytes;
}

static struct sealed_file built_in(const char *name)
{
    const struct embedded_file *file = embedded_file(name);

    return (struct sealed_file){ file->name, file->bytes, file->size };
}

static bool give(void *context, const struct sealed_machine *machine, struct attestation *attestation, struct error *error)
{
    char **paths = context;

    (void)machine, (void)error;
    attestation->text = read_file(paths[0], &attestation->size);
    attestation->journal = read_file(paths[1], &attestation->journal_size);
    return true;
}

int main(int argc, char **argv)
{
    struct sealed_file recover = { .name = "recover.py" };
    struct error error;
    hex_digest root;

    if (argc != 7)
        return 2;
    char *bytes = read_file(argv[6], &recover.size);
    recover.bytes = (const uint8_t *)bytes;
    struct seal_request request = {
        .machine_path = argv[1], .key_path = argv[2], .output_path = argv[3], .files = &recover, .file_count = 1, .attest = give, .attest_context = argv + 4,
        .built_in_system = built_in(FIRMWARE_SYSTEM), .built_in_video = built_in(FIRMWARE_VIDEO),
    };
    bool good = archive_seal(&request, root, &error);
    if (!good)
        error_print(stderr, &error);
    free(bytes);
    return good ? 0 : 1;
}
