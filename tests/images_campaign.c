/* images_campaign.c - damages images and reads them: nothing may crash, hang, or take memory without bound.
 *
 *     images_campaign [--long] IMAGE ...
 *
 * Each byte of the first 1,024 and of the last 1,024, and bytes at random, are changed, one at a time, and the file is
 * cut at many multiples of 512. Each time the image is opened and the whole disk is read. Per image it prints how many
 * were refused, how many gave an error while they were read, how many read as before and how many otherwise: a format
 * without checksums cannot know; images.sh holds that of those with checksums the last number is 0. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "formats/images/images.h"

#define PART 2048u
#define SECTORS_READ (96u << 11) /* of a disk that became larger, no more */

struct counts {
    unsigned refused, failed, same, other;
};

static uint8_t *bytes, part[PART * SECTOR_SIZE];
static size_t length;

static uint64_t mix(uint64_t sum, const uint8_t *p, size_t size)
{
    for (; size >= 8; p += 8, size -= 8) {
        uint64_t word;

        memcpy(&word, p, 8);
        sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        sum ^= sum >> 29;
    }
    return sum;
}

/* Whether the image could be read, and the sum of what it holds. */
static bool read_image(const char *path, uint64_t *sum, bool *opened)
{
    struct image_request request = {.follow = true};
    struct image_info info;
    struct error error = {.status = STATUS_OK};
    struct block disk;
    uint32_t done;
    bool good = true;

    *opened = image_open(path, &request, &disk, &info, &error);
    *sum = info.size;
    image_info_free(&info);
    if (!*opened)
        return false;
    for (uint64_t at = 0; good && at < disk.sectors && at < SECTORS_READ; at += PART) {
        uint32_t count = disk.sectors - at < PART ? (uint32_t)(disk.sectors - at) : PART;

        if (disk.zeros(disk.context, at) > disk.sectors - at)
            abort();
        good = disk.read(disk.context, at, count, part, &done) != BLOCK_FAILED;
        *sum = mix(*sum, part, good ? done * SECTOR_SIZE : 0);
    }
    if (!good && disk.failure(disk.context)->status == STATUS_OK)
        abort();
    disk.close(disk.context);
    return good;
}

static void try_file(const char *path, size_t size, uint64_t sound, struct counts *counts)
{
    FILE *file = fopen(path, "wb");
    uint64_t sum;
    bool opened;

    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
        abort();
    alarm(60);
    if (read_image(path, &sum, &opened))
        *(sum == sound ? &counts->same : &counts->other) += 1;
    else
        *(opened ? &counts->failed : &counts->refused) += 1;
}

static void flip(const char *path, size_t at, uint64_t random, uint64_t sound, struct counts *counts)
{
    uint8_t was = bytes[at];

    bytes[at] ^= (uint8_t)(1 + random % 255);
    try_file(path, length, sound, counts);
    bytes[at] = was;
}

static void campaign(const char *image, unsigned many)
{
    struct counts flips = {0}, cuts = {0};
    uint64_t sound, random = 88172645463325252u;
    FILE *file = fopen(image, "rb");
    const char *dot = strrchr(image, '.');
    char path[64];
    bool opened;

    if (!file || !read_image(image, &sound, &opened))
        abort();
    snprintf(path, sizeof path, "damaged%.32s", dot ? dot : "");
    fseek(file, 0, SEEK_END);
    length = (size_t)ftell(file);
    rewind(file);
    bytes = malloc(length);
    if (!bytes || fread(bytes, 1, length, file) != length)
        abort();
    fclose(file);
    for (unsigned i = 0; i < many; i++) {
        size_t at;

        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        at = i % 4 == 0   ? random % length
             : i % 4 == 1 ? length - 1 - random % (length < 1024 ? length : 1024)
             : i % 4 == 2 ? random % (length < 1024 ? length : 1024)
                          : random % (length < 262144 ? length : 262144);
        flip(path, at, random >> 40, sound, &flips);
    }
    for (unsigned i = 0; i < many / 8; i++)
        try_file(path, length / 512 * i / (many / 8) * 512, sound, &cuts);
    printf(
        "%s: %u flips: %u refused, %u failed, %u same, %u other; %u cuts: %u refused, %u failed, %u same, %u other\n",
        image, many, flips.refused, flips.failed, flips.same, flips.other, many / 8, cuts.refused, cuts.failed,
        cuts.same, cuts.other);
    free(bytes);
    unlink(path);
}

int main(int count, char **arguments)
{
    struct rlimit limit = {UINT64_C(1) << 30, UINT64_C(1) << 30};
    bool full = count > 1 && !strcmp(arguments[1], "--long");

    setrlimit(RLIMIT_AS, &limit);
    for (int i = 1 + full; i < count; i++)
        campaign(arguments[i], full ? 5000 : 160);
    return 0;
}
