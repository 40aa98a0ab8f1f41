/* images_campaign.c - damages images and reads them: nothing may crash, hang, or take memory without bound.
 *
 *     images_campaign [--long] IMAGE[:FILE] ...
 *
 * FILE: another file of the image is damaged in its place, and is as it was at the end; without it a copy of the image
 * is. Bytes of the first 1,024, of the last 1,024 and at random are changed, one at a time, and the file is cut at many
 * multiples of 512. With --long each byte of the first and last 1,024 is changed in three ways, which reaches each
 * field, and 5,000 at random, and the file is cut at each multiple of 512 (evenly, if these are more than 4,096). Each
 * time the image is opened and the whole disk is read. Per image it prints how many were refused, how many gave an
 * error while they were read, how many read as before and how many otherwise: a format without checksums cannot know;
 * images.sh holds that of those with checksums the last number is 0. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "formats/images/images.h"

#define PART 2048u
#define SECTORS_READ (96u << 11) /* of a disk that became larger, no more */
#define ENDS 1024u               /* bytes at the beginning and at the end */

struct counts {
    unsigned refused, failed, same, other;
};

static uint8_t *bytes, part[PART * SECTOR_SIZE];
static size_t length;

/* A file that was changed just now is waited for (file_state), which here is each one, and nobody else changes it. */
int nanosleep(const struct timespec *wanted, struct timespec *left)
{
    (void)wanted, (void)left;
    return 0;
}

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

/* Whether the image could be read, the sum of what it holds, and how often sectors were unreadable. */
static bool read_image(const char *path, uint64_t *sum, unsigned *bad, bool *opened)
{
    struct image_request request = {.follow = true};
    struct image_info info;
    struct error error = {.status = STATUS_OK};
    struct block disk;
    uint32_t done;
    bool good = true;

    *opened = image_open(path, &request, &disk, &info, &error);
    *sum = info.size;
    *bad = 0;
    image_info_free(&info);
    if (!*opened)
        return false;
    for (uint64_t at = 0; good && at < disk.sectors && at < SECTORS_READ; at += PART) {
        uint32_t count = disk.sectors - at < PART ? (uint32_t)(disk.sectors - at) : PART;

        if (disk.zeros(disk.context, at) > disk.sectors - at)
            abort();
        enum block_result result = disk.read(disk.context, at, count, part, &done);

        good = result != BLOCK_FAILED;
        *bad += result == BLOCK_UNREADABLE;
        *sum = mix(*sum, part, good ? done * SECTOR_SIZE : 0);
    }
    if (!good && disk.failure(disk.context)->status == STATUS_OK)
        abort();
    disk.close(disk.context);
    return good;
}

struct campaign {
    const char *image; /* what is opened */
    char damaged[300]; /* what is damaged */
    uint64_t sound, random;
    unsigned bad; /* of the sound image */
};

static void try_file(const struct campaign *c, size_t size, struct counts *counts)
{
    FILE *file = fopen(c->damaged, "wb");
    unsigned bad;
    uint64_t sum;
    bool opened;

    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
        abort();
    setitimer(ITIMER_PROF, &(struct itimerval){.it_value = {60, 0}}, NULL); /* SIGPROF ends it */
    if (read_image(c->image, &sum, &bad, &opened) && bad <= c->bad)
        *(sum == c->sound ? &counts->same : &counts->other) += 1;
    else
        *(opened ? &counts->failed : &counts->refused) += 1;
}

static void change(const struct campaign *c, size_t at, uint8_t by, struct counts *counts)
{
    if (at >= length)
        return;
    bytes[at] ^= by;
    try_file(c, length, counts);
    bytes[at] ^= by;
}

/* The bytes at both ends, and others. */
static void change_many(struct campaign *c, unsigned many, bool full, struct counts *counts)
{
    const size_t end = length < ENDS ? length : ENDS;

    for (size_t i = 0; full && i < end; i++)
        for (unsigned way = 0; way < 3; way++) {
            static const uint8_t ways[] = {1, 0x80, 0xFF};
            change(c, i, ways[way], counts);
            change(c, length - 1 - i, ways[way], counts);
        }
    for (unsigned i = 0; i < many; i++) {
        uint64_t r = c->random;

        r ^= r << 13, r ^= r >> 7, r ^= r << 17;
        c->random = r;
        change(c,
               i % 4 == 0   ? r % length
               : i % 4 == 1 ? length - 1 - r % end
               : i % 4 == 2 ? r % end
                            : r % (length < 262144 ? length : 262144),
               (uint8_t)(1 + (r >> 40) % 255), counts);
    }
}

static void print_counts(const char *what, const struct counts *c)
{
    printf("%s %u %s: %u refused, %u failed, %u same, %u other", *what == 'f' ? ":" : ";",
           c->refused + c->failed + c->same + c->other, what, c->refused, c->failed, c->same, c->other);
}

static void campaign(char *argument, bool full)
{
    struct campaign c = {.image = argument, .random = 88172645463325252u};
    struct counts flips = {0}, cuts = {0};
    char *colon = strchr(argument, ':');
    unsigned sectors, tried;
    FILE *file;
    bool opened;

    if (colon)
        *colon = '\0';
    snprintf(c.damaged, sizeof c.damaged, "%s%.200s", colon ? "" : "damaged-", colon ? colon + 1 : argument);
    file = fopen(colon ? c.damaged : argument, "rb");
    if (!file || !read_image(argument, &c.sound, &c.bad, &opened))
        abort();
    if (!colon)
        c.image = c.damaged;
    fseek(file, 0, SEEK_END);
    length = (size_t)ftell(file);
    rewind(file);
    bytes = malloc(length);
    if (!bytes || fread(bytes, 1, length, file) != length)
        abort();
    fclose(file);
    change_many(&c, full ? 5000 : 160, full, &flips);
    sectors = (unsigned)((length + 511) / 512);
    tried = full ? (sectors < 4096 ? sectors : 4096) : 20;
    for (unsigned i = 0; i < tried; i++)
        try_file(&c, (size_t)((uint64_t)sectors * i / tried) * 512, &cuts);
    printf("%s%s%s", argument, colon ? " with " : "", colon ? c.damaged : "");
    print_counts("flips", &flips);
    print_counts("cuts", &cuts);
    printf("\n");
    if (colon)
        try_file(&c, length, &flips); /* as it was */
    else
        unlink(c.damaged);
    free(bytes);
}

int main(int count, char **arguments)
{
    struct rlimit limit = {UINT64_C(1) << 30, UINT64_C(1) << 30};
    bool full = count > 1 && !strcmp(arguments[1], "--long");

    setrlimit(RLIMIT_AS, &limit);
    for (int i = 1 + full; i < count; i++)
        campaign(arguments[i], full);
    return 0;
}
