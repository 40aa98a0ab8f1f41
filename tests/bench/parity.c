/* parity.c - how fast parity is written and checked, and a file mended: parity FOLDER [MEBIBYTES].
 *
 * By each kernel of this host, on one processor; times are of the processor, so that a slow disk is left out. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "verify/repair/repair.h"

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void fail(const struct error *error)
{
    error_print(stderr, error);
    exit(1);
}

/* A file of numbers that look random. */
static void make(const char *path, uint64_t size)
{
    static uint64_t words[1 << 17];
    uint64_t x = 88172645463325252u;
    FILE *file = fopen(path, "wb");

    for (uint64_t at = 0; file && at < size; at += sizeof words) {
        for (size_t i = 0; i < sizeof words / 8; i++)
            words[i] = x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        fwrite(words, 1, sizeof words, file);
    }
    if (!file || fclose(file))
        exit(1);
}

static void show(const char *what, uint64_t size, double from)
{
    printf("%-34s %7.0f MB/s\n", what, (double)size / 1e6 / (seconds() - from));
}

int main(int argc, char **argv)
{
    uint64_t size = (argc > 2 ? strtoull(argv[2], NULL, 10) : 512) << 20;
    char path[4096], parity_path[4096], out_path[4096];
    static const uint8_t identity[PARITY_DIGEST];
    struct worn file, parity;
    struct parity_shape shape;
    struct parity_result result;
    struct rusage usage;
    struct error error;
    double from;

    snprintf(path, sizeof path, "%s/parity-bench", argc > 1 ? argv[1] : ".");
    snprintf(parity_path, sizeof parity_path, "%s/parity-bench.parity", argc > 1 ? argv[1] : ".");
    snprintf(out_path, sizeof out_path, "%s/parity-bench.new", argc > 1 ? argv[1] : ".");
    make(path, size);
    if (!worn_open(&file, path, &error))
        fail(&error);
    parity_shape(&shape, size, PARITY_AMOUNT, identity);
    struct parity_writing writing = {.source = &file, .shape = &shape, .path = parity_path, .replace = true};
    from = seconds();
    if (!parity_write(&writing, &error))
        fail(&error);
    show("written", size, from);
    if (!worn_open(&parity, parity_path, &error))
        fail(&error);
    int out = open(out_path, O_RDWR | O_CREAT | O_TRUNC, 0600), damaged = open(path, O_WRONLY);
    struct parity_mending mending = {.sources = &file, .count = 1, .parity = &parity, .output = -1};
    from = seconds();
    if (!parity_mend(&mending, &result, &error) || result.lost)
        fail(&error);
    show("checked", size, from);
    mending.output = out;
    static const struct {
        const char *what;
        unsigned every; /* a row of blocks in so many is lost */
    } losses[] = {{"mended, 4 % of blocks lost", 25}, {"mended, about 11 % lost", 12}};
    for (int i = 0; i < 2; i++) {
        uint64_t row = shape.columns * shape.block;
        for (uint64_t at = 0, n = 0; at + row <= size; at += row, n++)
            if (n % losses[i].every == 3 &&
                fallocate(damaged, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at, (off_t)row))
                return 1;
        from = seconds();
        if (!parity_mend(&mending, &result, &error) || !result.computed || result.kept)
            fail(&error);
        show(losses[i].what, size, from);
    }
    getrusage(RUSAGE_SELF, &usage);
    printf("most memory at once: %ld MiB\n", usage.ru_maxrss / 1024);
    unlink(path), unlink(parity_path), unlink(out_path);
    return 0;
}
