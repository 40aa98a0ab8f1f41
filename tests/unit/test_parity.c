/* test_parity.c - what is lost of a file, at random, in bursts, in its parity file, is mended up to the limit; beyond
 * it no byte is ever anything but what it was or what it is. LONG=1: 10,000 random losses. */
#define _DEFAULT_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "verify/repair/parity.h"

static char folder[512];
static const uint8_t identity[PARITY_DIGEST] = "the statement's";

/* A file, its parity, and damaged copies of both. */
struct bench {
    struct worn file, parity, damaged, damaged_parity, output;
    struct parity_shape shape;
    uint8_t *bytes; /* of the file */
    uint64_t parity_length;
    uint8_t *parity_bytes;
};

static struct worn create(const char *name, const void *bytes, size_t size)
{
    char *path = malloc(600);

    snprintf(path, 600, "%s/%s", folder, name);
    struct worn file = {.descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600), .path = path, .size = size};
    assert_true(file.descriptor >= 0);
    assert_int_equal(pwrite(file.descriptor, bytes, size, 0), size);
    return file;
}

static void bench_begin(struct bench *b, uint64_t size, uint32_t amount)
{
    char path[600];
    struct error error;
    struct parity_writing writing = {.source = &b->file, .shape = &b->shape, .path = path, .replace = true};

    b->bytes = malloc(size);
    for (uint64_t i = 0; i < size; i++)
        b->bytes[i] = (uint8_t)rand();
    b->file = create("file", b->bytes, size);
    parity_shape(&b->shape, size, amount, identity);
    snprintf(path, sizeof path, "%s/parity", folder);
    assert_true(parity_write(&writing, &error));
    assert_true(worn_open(&b->parity, strdup(path), &error));
    b->parity_length = parity_size(&b->shape);
    assert_int_equal(b->parity.size, b->parity_length);
    b->parity_bytes = malloc(b->parity_length);
    assert_true(worn_read(&b->parity, 0, b->parity_bytes, b->parity_length));
    b->damaged = create("damaged", b->bytes, size);
    b->damaged_parity = create("damaged-parity", b->parity_bytes, b->parity_length);
    b->output = create("output", "", 0);
}

static void bench_end(struct bench *b)
{
    struct worn *files[] = {&b->file, &b->parity, &b->damaged, &b->damaged_parity, &b->output};

    for (int i = 0; i < 5; i++) {
        worn_close(files[i]);
        free((char *)files[i]->path);
    }
    free(b->bytes);
    free(b->parity_bytes);
}

static void reset(struct bench *b)
{
    b->damaged.size = b->shape.size;
    b->damaged_parity.size = b->parity_length;
    assert_int_equal(pwrite(b->damaged.descriptor, b->bytes, b->shape.size, 0), b->shape.size);
    assert_int_equal(pwrite(b->damaged_parity.descriptor, b->parity_bytes, b->parity_length, 0), b->parity_length);
}

/* Writes noise over a place, clipped to the file. */
static void spoil(struct worn *file, uint64_t offset, uint64_t size)
{
    static uint8_t noise[65536];

    for (int i = 0; i < 16; i++)
        noise[(unsigned)rand() % sizeof noise] = (uint8_t)rand();
    if (offset >= file->size)
        return;
    if (size > file->size - offset)
        size = file->size - offset;
    for (uint64_t at = 0; at < size; at += sizeof noise) {
        size_t part = size - at < sizeof noise ? size - at : sizeof noise;
        assert_int_equal(pwrite(file->descriptor, noise, part, (off_t)(offset + at)), part);
    }
}

/* Mends, and compares: each byte that is put out is what it was, or what it is. Returns whether all are what they were,
 * which the result must say too. */
static bool mend(struct bench *b, const struct worn *replica, struct parity_result *r)
{
    struct worn sources[2] = {b->damaged};
    struct parity_mending request = {.sources = sources,
                                     .count = 1 + (replica != NULL),
                                     .parity = &b->damaged_parity,
                                     .output = b->output.descriptor};
    uint8_t *out = malloc(b->shape.size), *was = malloc(b->shape.size);
    struct error error;
    bool same;

    if (replica)
        sources[1] = *replica;
    assert_int_equal(ftruncate(b->output.descriptor, 0), 0);
    assert_true(parity_mend(&request, r, &error));
    b->output.size = b->shape.size;
    assert_true(worn_read(&b->output, 0, out, b->shape.size));
    worn_read(&b->damaged, 0, was, b->shape.size);
    for (uint64_t i = 0; i < b->shape.size; i++)
        if (out[i] != b->bytes[i] && out[i] != was[i])
            fail_msg("byte %llu is neither what it was nor what it is", (unsigned long long)i);
    same = memcmp(out, b->bytes, b->shape.size) == 0;
    assert_int_equal(same, r->kept == 0 && r->unknown == 0);
    assert_int_equal(r->lost, r->replaced + r->computed + r->kept);
    free(out);
    free(was);
    return same;
}

static void shapes_are_those_of_the_specification(void **state) /* P-2, P-3 */
{
    struct parity_shape s;

    (void)state;
    parity_shape(&s, 1, 8, identity);
    assert_int_equal(s.rows, 224);
    assert_int_equal(s.checks, 28);
    assert_int_equal(s.block, 4096);
    assert_int_equal(s.columns, 1);
    assert_int_equal(s.record, 64 + 256 + 4096);
    parity_shape(&s, UINT64_C(224) * 4096 * 2048 + 1, 8, identity);
    assert_int_equal(s.block, 8192);
    parity_shape(&s, FILE_LIMIT, 2, identity);
    assert_int_equal(s.rows, 170);
    assert_int_equal(s.checks, 85);
    assert_int_equal(s.block, 131072);
    for (uint32_t amount = PARITY_AMOUNT_MIN; amount <= PARITY_AMOUNT_MAX; amount++) {
        parity_shape(&s, 1000000, amount, identity);
        assert_true(s.rows + s.checks < 256 && s.checks * amount == s.rows);
    }
}

/* What a rate of random losses of blocks and records did. */
static void lose_at_random(struct bench *b, unsigned percent, unsigned times)
{
    const struct parity_shape *s = &b->shape;
    unsigned mended = 0, beyond = 0;
    uint64_t blocks = 0;

    for (unsigned n = 0; n < times; n++) {
        unsigned lost[64] = {0}, most = 0;
        struct parity_result r;

        reset(b);
        for (uint64_t i = 0; i < (s->rows + s->checks) * s->columns; i++) {
            if ((unsigned)rand() % 100 >= percent)
                continue;
            uint64_t row = i / s->columns, column = i % s->columns;
            uint64_t at = row < s->rows ? (row * s->columns + column) * s->block
                                        : PARITY_HEAD + ((row - s->rows) * s->columns + column) * s->record;
            uint64_t length = row < s->rows ? s->block : s->record;
            if (row < s->rows && at >= s->size)
                continue;
            /* All of it, a sector, or a single bit. */
            uint8_t bit;
            struct worn *file = row < s->rows ? &b->damaged : &b->damaged_parity;
            uint64_t place = at + (unsigned)rand() % (row < s->rows && s->size - at < length ? s->size - at : length);
            if (rand() % 3)
                spoil(file, at, length);
            assert_int_equal(pread(file->descriptor, &bit, 1, (off_t)place), 1);
            const uint8_t *whole = row < s->rows ? b->bytes : b->parity_bytes;
            bit = whole[place] ^ (uint8_t)(1 << rand() % 8);
            assert_int_equal(pwrite(file->descriptor, &bit, 1, (off_t)place), 1);
            lost[column]++;
            most = lost[column] > most ? lost[column] : most;
            blocks++;
        }
        bool good = mend(b, NULL, &r);
        assert_int_equal(good, most <= s->checks);
        mended += good;
        beyond += most > s->checks;
    }
    print_message("random %u %%: %u losses of %llu blocks and records, %u mended, %u beyond the limit\n", percent,
                  times, (unsigned long long)blocks, mended, beyond);
    assert_true(percent > 4 || beyond == 0);
}

static void random_losses_are_mended(void **state) /* P-4, P-7, P-9, P-10, P-12 */
{
    unsigned times = getenv("LONG") ? 10000 : 60;
    struct bench b;

    (void)state;
    srand(3);
    bench_begin(&b, 2 * 224 * 4096 - 1234, 8);
    assert_int_equal(b.shape.columns, 2);
    lose_at_random(&b, 1, times);
    lose_at_random(&b, 2, times);
    lose_at_random(&b, 4, times);
    lose_at_random(&b, 11, times / 4);
    bench_end(&b);
}

static void a_burst_of_the_amount_less_one_block_is_mended_wherever_it_begins(void **state)
{
    static const uint64_t classes[] = {0, 1, 511, 512, 2048, 4095, 4096, 4097, 12288 + 7};
    struct bench b;
    unsigned bursts = 0;

    (void)state;
    srand(4);
    for (uint32_t amount = 2; amount <= 64; amount *= amount == 2 ? 4 : 8) {
        bench_begin(&b, 2500000, amount);
        uint64_t row = b.shape.columns * b.shape.block, length = b.shape.checks * row - b.shape.block;
        for (unsigned i = 0; i < sizeof classes / sizeof classes[0]; i++)
            for (uint64_t base = 0; base < b.shape.size; base += b.shape.size / 5 + 1) {
                struct parity_result r;
                reset(&b);
                spoil(&b.damaged, base + classes[i], length);
                assert_true(mend(&b, NULL, &r));
                bursts++;
            }
        bench_end(&b);
    }
    print_message("%u bursts\n", bursts);
}

static void a_longer_burst_is_mended_as_far_as_columns_allow(void **state)
{
    struct bench b;
    struct parity_result r;

    (void)state;
    srand(5);
    bench_begin(&b, 2500000, 8);
    uint64_t row = b.shape.columns * b.shape.block;
    spoil(&b.damaged, 0, b.shape.checks * row + b.shape.block);
    assert_false(mend(&b, NULL, &r));
    assert_int_equal(r.kept, b.shape.checks + 1);
    assert_int_equal(r.computed, b.shape.checks * (b.shape.columns - 1));
    assert_false(mend(&b, &b.damaged, &r)); /* a replica with the same damage is of no use (P-11) */
    assert_true(mend(&b, &b.file, &r));
    assert_int_equal(r.replaced, r.lost);
    bench_end(&b);
}

static void an_end_that_is_cut_off_is_mended(void **state)
{
    struct bench b;
    struct parity_result r;

    (void)state;
    srand(6);
    bench_begin(&b, 2500000, 8);
    b.damaged.size = 2500000 - 300000;
    assert_int_equal(ftruncate(b.damaged.descriptor, (off_t)b.damaged.size), 0);
    assert_true(mend(&b, NULL, &r));
    bench_end(&b);
}

static void damage_of_the_parity_file_is_borne(void **state) /* P-5 to P-8, P-13 */
{
    struct bench b;
    struct parity_result r;
    struct error error;

    (void)state;
    srand(7);
    bench_begin(&b, 2500000, 8);
    const struct parity_shape *s = &b.shape;
    uint64_t row = s->columns * s->block, records = s->columns * s->record;

    /* Its text, and half of its records; as much of the file. */
    spoil(&b.damaged_parity, 0, PARITY_HEAD + 14 * records);
    spoil(&b.damaged, 700001, 14 * row - s->block);
    assert_true(mend(&b, NULL, &r));
    assert_true(r.head_lost);
    assert_int_equal(r.lost_records, 14 * s->columns);
    /* Its end. */
    reset(&b);
    b.damaged_parity.size = PARITY_HEAD + 14 * records;
    spoil(&b.damaged, 0, 14 * row);
    assert_true(mend(&b, NULL, &r));
    assert_true(r.head_lost);
    /* A record more of one column: what it says about the blocks cannot be computed, and nothing is changed. */
    reset(&b);
    for (uint32_t i = 0; i < 15; i++)
        spoil(&b.damaged_parity, PARITY_HEAD + i * records, s->record);
    spoil(&b.damaged, 0, s->block);
    assert_false(mend(&b, NULL, &r));
    assert_int_equal(r.unknown, 1);
    assert_int_equal(r.lost, 0);
    /* Records that are elsewhere than they belong. */
    reset(&b);
    assert_int_equal(
        pwrite(b.damaged_parity.descriptor, b.parity_bytes + PARITY_HEAD + s->record, s->record, PARITY_HEAD),
        s->record);
    assert_true(mend(&b, NULL, &r));
    assert_int_equal(r.lost_records, 1);
    /* All of it. */
    spoil(&b.damaged_parity, 0, b.parity_length);
    struct parity_mending request = {.sources = &b.damaged, .count = 1, .parity = &b.damaged_parity, .output = -1};
    assert_false(parity_mend(&request, &r, &error));
    assert_int_equal(error.status, STATUS_INPUT);
    bench_end(&b);
}

static void every_flip_in_a_record_loses_it_and_harms_nothing(void **state)
{
    struct bench b;
    struct parity_result r;
    unsigned flips = 0;

    (void)state;
    srand(8);
    bench_begin(&b, 700000, 8);
    for (unsigned at = 0; at < b.shape.record * 8; at += at < 64 * 8 ? 1 : 997) {
        uint64_t place = PARITY_HEAD + at / 8;
        uint8_t byte = b.parity_bytes[place] ^ (uint8_t)(1 << at % 8);
        reset(&b);
        spoil(&b.damaged, 4096, 4096);
        assert_int_equal(pwrite(b.damaged_parity.descriptor, &byte, 1, (off_t)place), 1);
        assert_true(mend(&b, NULL, &r));
        assert_int_equal(r.lost_records, 1);
        flips++;
    }
    print_message("%u flips\n", flips);
    bench_end(&b);
}

static void the_parity_of_another_file_mends_nothing(void **state)
{
    struct bench a, b;
    struct parity_result r;

    (void)state;
    srand(9);
    bench_begin(&a, 900000, 8);
    uint8_t *other = a.parity_bytes;
    a.parity_bytes = NULL;
    bench_end(&a);
    bench_begin(&b, 900000, 8);
    assert_int_equal(pwrite(b.damaged_parity.descriptor, other, b.parity_length, 0), b.parity_length);
    spoil(&b.damaged, 0, 100000);
    assert_false(mend(&b, NULL, &r));
    assert_int_equal(r.computed, 0);
    free(other);
    bench_end(&b);
}

/* The first test, before others have had memory; a sanitizer keeps what is freed. */
static void a_long_file_takes_less_than_64_mib_of_memory(void **state)
{
    struct worn file = create("long", "", 0), parity;
    char path[600];
    struct parity_shape shape;
    struct parity_writing writing = {.source = &file, .shape = &shape, .path = path, .replace = true};
    struct parity_mending mending = {.sources = &file, .count = 1, .parity = &parity, .output = -1};
    struct parity_result r;
    struct rusage usage;
    struct error error;

    (void)state;
    file.size = 64 << 20;
    assert_int_equal(ftruncate(file.descriptor, (off_t)file.size), 0);
    snprintf(path, sizeof path, "%s/long.parity", folder);
    for (uint32_t amount = PARITY_AMOUNT_MIN; amount <= PARITY_AMOUNT; amount *= 4) {
        parity_shape(&shape, file.size, amount, identity);
        assert_true(parity_write(&writing, &error));
        assert_true(worn_open(&parity, path, &error));
        assert_true(parity_mend(&mending, &r, &error));
        assert_int_equal(r.lost, 0);
        worn_close(&parity);
    }
    getrusage(RUSAGE_SELF, &usage);
    print_message("%ld KiB\n", usage.ru_maxrss);
#ifndef __SANITIZE_ADDRESS__
    assert_in_range(usage.ru_maxrss, 1, 65536);
#endif
    worn_close(&file);
    free((char *)file.path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_file_takes_less_than_64_mib_of_memory),
        cmocka_unit_test(shapes_are_those_of_the_specification),
        cmocka_unit_test(random_losses_are_mended),
        cmocka_unit_test(a_burst_of_the_amount_less_one_block_is_mended_wherever_it_begins),
        cmocka_unit_test(a_longer_burst_is_mended_as_far_as_columns_allow),
        cmocka_unit_test(an_end_that_is_cut_off_is_mended),
        cmocka_unit_test(damage_of_the_parity_file_is_borne),
        cmocka_unit_test(every_flip_in_a_record_loses_it_and_harms_nothing),
        cmocka_unit_test(the_parity_of_another_file_mends_nothing),
    };

    snprintf(folder, sizeof folder, "%s", getenv("WORK") ? getenv("WORK") : "/tmp");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
