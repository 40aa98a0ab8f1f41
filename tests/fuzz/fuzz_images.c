/* fuzz_images.c - libFuzzer harness of formats/images/: the bytes are an image of the format FUZZ_FORMAT: one of
 * image_format_names; "packed", whose format its content says; or "map", that of ddrescue beside an image. The disk is
 * read in a few places. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "formats/images/images.h"

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RAW_SIZE = 28 * 2352 }; /* bytes of the image that a map is beside, or of the frames that a cue sheet names */

static char folder[] = "/tmp/muniment-fuzz-XXXXXX", path[64], map[64], frames[64];
static const char *format;
static bool is_map;

/* A file that was changed just now is waited for (file_state), which here is each one, and nobody else changes it. */
int nanosleep(const struct timespec *wanted, struct timespec *left)
{
    (void)wanted, (void)left;
    return 0;
}

static void remove_folder(void)
{
    unlink(path);
    unlink(map);
    unlink(frames);
    rmdir(folder);
}

static void write_to(const char *name, const void *bytes, size_t size)
{
    FILE *file = fopen(name, "wb");

    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
        abort();
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    static const uint8_t raw[RAW_SIZE];
    const char *wanted = getenv("FUZZ_FORMAT");
    size_t known = 0;

    (void)count, (void)arguments;
    if (!mkdtemp(folder))
        abort();
    snprintf(path, sizeof path, "%s/image", folder);
    snprintf(map, sizeof map, "%s/image.map", folder);
    snprintf(frames, sizeof frames, "%s/image.bin", folder);
    atexit(remove_folder);
    while (wanted && image_format_names[known] && strcmp(image_format_names[known], wanted) != 0)
        known++;
    format = wanted ? image_format_names[known] : NULL;
    is_map = wanted && !strcmp(wanted, "map");
    if (wanted && !format && !is_map && strcmp(wanted, "packed") != 0)
        abort();
    if (is_map)
        write_to(path, raw, sizeof raw);
    else if (format && !strcmp(format, "cue"))
        write_to(frames, raw, sizeof raw);
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
    const struct image_request request = {.follow = true, .format = format};
    struct image_info info;
    struct error error;
    struct block disk;

    write_to(is_map ? map : path, data, size);
    if (image_open(path, &request, &disk, &info, &error)) {
        read_places(&disk);
        disk.close(disk.context);
    }
    image_info_free(&info);
    return 0;
}
