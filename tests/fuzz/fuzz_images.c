/* fuzz_images.c - libFuzzer harness of formats/images/: the bytes are an image, whose format its content says, or, by
 * the first byte, one that it is taken for. The disk is read in a few places. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "formats/images/images.h"

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[] = "/tmp/muniment-fuzz-XXXXXX", path[64];

static void remove_folder(void)
{
    unlink(path);
    rmdir(folder);
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count, (void)arguments;
    if (!mkdtemp(folder))
        abort();
    snprintf(path, sizeof path, "%s/image", folder);
    atexit(remove_folder);
    return 0;
}

static void read_places(struct block *disk)
{
    static uint8_t bytes[128 * SECTOR_SIZE];
    uint64_t places[] = {0, 128, disk->sectors / 3, disk->sectors / 2, disk->sectors - 1};
    uint32_t done;

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        uint64_t at = places[i] < disk->sectors ? places[i] : 0, left = disk->sectors - at;
        uint32_t count = left < 128 ? (uint32_t)left : 128;

        if (disk->zeros(disk->context, at) > left ||
            (disk->read(disk->context, at, count, bytes, &done) == BLOCK_FAILED &&
             disk->failure(disk->context)->status == STATUS_OK))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct image_request request = {.follow = true};
    struct image_info info;
    struct error error;
    struct block disk;
    unsigned formats = 0;
    FILE *file;

    while (image_format_names[formats])
        formats++;
    if (size == 0)
        return 0;
    request.format = data[0] % 16 < formats ? image_format_names[data[0] % 16] : NULL;
    file = fopen(path, "wb");
    if (!file || fwrite(data + 1, 1, size - 1, file) != size - 1 || fclose(file) != 0)
        abort();
    if (image_open(path, &request, &disk, &info, &error)) {
        read_places(&disk);
        disk.close(disk.context);
    }
    image_info_free(&info);
    return 0;
}
