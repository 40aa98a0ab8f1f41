/* test_archive_overlay.c - facts about the overlay: reads merge, writes last, what was not synced may be torn and is
 * dropped, anything else is refused, and it can go back to where it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "archive_sample.h"

#define SECTORS 1003u /* not a multiple of eight */
#define RECORD 4152
#define HEAD 1536 /* header and two counts */

static char path[] = "/tmp/muniment-overlay-test-XXXXXX";
static const char machine[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
static bool base_closed;

/* A base whose sectors hold their number, and of which sector 700 cannot be read. */
static enum block_result base_read(void *context, uint64_t sector, uint32_t count, uint8_t *buffer, uint32_t *done)
{
    (void)context;
    for (*done = 0; *done < count; ++*done) {
        if (sector + *done == 700)
            return BLOCK_UNREADABLE;
        memset(buffer + *done * SECTOR_SIZE, (int)(sector + *done), SECTOR_SIZE);
    }
    return BLOCK_OK;
}

static void base_close(void *context)
{
    (void)context;
    base_closed = true;
}

static bool open_over(const char *file, const char *belongs_to, enum drive_slot slot, struct block *disk,
                      struct error *error)
{
    struct block base = {.sectors = SECTORS, .read_only = true, .read = base_read, .close = base_close};

    return overlay_open(file, belongs_to, slot, &base, disk, error);
}

static struct block must_open(const char *file)
{
    struct block disk;
    struct error error;

    if (!open_over(file, machine, DRIVE_HD0, &disk, &error))
        fail_msg("%s: %s (%s)", error.object, error.what, error.place);
    return disk;
}

static void put_sectors(const struct block *disk, uint64_t sector, uint32_t count, uint8_t value)
{
    static uint8_t bytes[64 * SECTOR_SIZE];

    memset(bytes, value, count * SECTOR_SIZE);
    assert_int_equal(disk->write(disk->context, sector, count, bytes), BLOCK_OK);
}

static uint8_t first_byte(const struct block *disk, uint64_t sector)
{
    uint8_t bytes[SECTOR_SIZE];
    uint32_t done;

    assert_int_equal(disk->read(disk->context, sector, 1, bytes, &done), BLOCK_OK);
    for (unsigned i = 1; i < SECTOR_SIZE; i++)
        assert_int_equal(bytes[i], bytes[0]);
    return bytes[0];
}

/* Against a plain array, with many writes of all lengths. */
static void reads_merge_what_was_written_with_the_base(void **state)
{
    static uint8_t model[SECTORS], bytes[64 * SECTOR_SIZE];
    struct block disk = must_open(NULL);
    uint32_t seed = 1, done;

    (void)state;
    for (unsigned i = 0; i < SECTORS; i++)
        model[i] = (uint8_t)i;
    for (unsigned round = 0; round < 3000; round++) {
        uint32_t sector, count;

        seed = seed * 1664525 + 1013904223;
        sector = (seed >> 8) % 690;
        count = 1 + (seed >> 20) % 64;
        if (sector + count > 700)
            count = 700 - sector;
        if (round % 3) {
            put_sectors(&disk, sector, count, (uint8_t)(seed >> 24));
            memset(model + sector, (int)(seed >> 24), count);
            continue;
        }
        assert_int_equal(disk.read(disk.context, sector, count, bytes, &done), BLOCK_OK);
        assert_int_equal(done, count);
        for (uint32_t i = 0; i < count; i++)
            assert_int_equal(bytes[i * SECTOR_SIZE + i], model[sector + i]);
    }
    put_sectors(&disk, SECTORS - 1, 1, 0x77);
    assert_int_equal(first_byte(&disk, SECTORS - 1), 0x77);
    base_closed = false;
    disk.close(disk.context);
    assert_true(base_closed);
}

static void an_unreadable_sector_becomes_readable_only_when_it_is_written(void **state)
{
    struct block disk = must_open(NULL);
    static uint8_t bytes[16 * SECTOR_SIZE];
    uint32_t done;

    (void)state;
    put_sectors(&disk, 698, 2, 1);
    put_sectors(&disk, 701, 3, 2);
    assert_int_equal(disk.read(disk.context, 696, 8, bytes, &done), BLOCK_UNREADABLE);
    assert_int_equal(done, 4);
    put_sectors(&disk, 700, 1, 3);
    assert_int_equal(disk.read(disk.context, 696, 8, bytes, &done), BLOCK_OK);
    assert_int_equal(bytes[4 * SECTOR_SIZE], 3);
    disk.close(disk.context);
}

/* */
static void a_named_overlay_is_continued_by_its_own_drive_only(void **state)
{
    struct block disk;
    struct error error;

    (void)state;
    unlink(path);
    disk = must_open(path);
    put_sectors(&disk, 5, 20, 0xaa);
    put_sectors(&disk, 7, 1, 0xbb);
    disk.close(disk.context);
    disk = must_open(path);
    assert_int_equal(first_byte(&disk, 4), 4);
    assert_int_equal(first_byte(&disk, 6), 0xaa);
    assert_int_equal(first_byte(&disk, 7), 0xbb);
    disk.close(disk.context);
    assert_false(open_over(path, machine, DRIVE_HD1, &disk, &error));
    assert_int_equal(error.status, STATUS_INPUT);
    assert_false(
        open_over(path, "ff23456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", DRIVE_HD0, &disk, &error));
    assert_int_equal(error.status, STATUS_INPUT);
    assert_false(open_over("/nonexistent/overlay", machine, DRIVE_HD0, &disk, &error));
    assert_int_equal(error.status, STATUS_HOST);
}

/* Three records, synced or not. */
static uint8_t *three_records(bool synced, size_t *size)
{
    struct block disk;
    struct error error;

    unlink(path);
    disk = must_open(path);
    uint8_t *fresh = read_file(path, size);
    put_sectors(&disk, 0, 8, 0xa0);
    put_sectors(&disk, 8, 8, 0xa1);
    put_sectors(&disk, 0, 8, 0xa2);
    assert_true(overlay_sync(&disk, true, &error));
    disk.close(disk.context);
    uint8_t *file = read_file(path, size);
    assert_int_equal(*size, HEAD + 3 * RECORD);
    if (!synced)
        memcpy(file, fresh, HEAD); /* counts of none */
    free(fresh);
    return file;
}

/* The file is opened, and holds the first `records` of the three. */
static void expect_records(const uint8_t *file, size_t length, unsigned records)
{
    static const uint8_t first[] = {0, 0xa0, 0xa0, 0xa2};
    struct block disk;
    size_t left;

    write_file(path, file, length);
    disk = must_open(path);
    assert_int_equal(first_byte(&disk, 0), first[records]);
    assert_int_equal(first_byte(&disk, 8), records < 2 ? 8 : 0xa1);
    assert_int_equal(overlay_dropped(&disk),
                     length > HEAD + records * RECORD ? (length - HEAD - records * RECORD + RECORD - 1) / RECORD : 0);
    disk.close(disk.context);
    free(read_file(path, &left));
    assert_int_equal(left, HEAD + records * RECORD);
}

static void expect_refusal(const uint8_t *file, size_t length, const char *place, const char *what)
{
    struct block disk;
    struct error error;
    size_t left;

    write_file(path, file, length);
    assert_false(open_over(path, machine, DRIVE_HD0, &disk, &error));
    assert_int_equal(error.status, STATUS_INPUT);
    assert_string_equal(error.place, place);
    assert_non_null(strstr(error.what, what));
    free(read_file(path, &left));
    assert_int_equal(left, length);
}

/* */
static void what_was_not_synced_may_be_torn_anywhere_and_is_dropped_from_there_on(void **state)
{
    size_t size;
    uint8_t *file = three_records(false, &size);

    (void)state;
    for (size_t length = HEAD; length < size; length += 97)
        expect_records(file, length, (unsigned)((length - HEAD) / RECORD));
    for (size_t at = HEAD; at < size; at += 83) {
        file[at] ^= 0x10;
        expect_records(file, size, (unsigned)((at - HEAD) / RECORD));
        file[at] ^= 0x10;
    }
    for (size_t length = 0; length < HEAD; length += 100) /* torn in its first write */
        expect_records(file, length, 0);
    free(file);
}

/* */
static void what_was_synced_and_is_not_what_it_was_is_damage(void **state)
{
    char place[64];
    size_t size;
    uint8_t *file = three_records(true, &size);

    (void)state;
    expect_records(file, size, 3);
    for (size_t at = HEAD; at < size; at += 83) {
        file[at] ^= 0x10;
        snprintf(place, sizeof place, "record %u of 3", (unsigned)((at - HEAD) / RECORD));
        expect_refusal(file, size, place, "is damaged: it was on the disk");
        file[at] ^= 0x10;
    }
    for (size_t length = HEAD; length < size; length += 97) {
        snprintf(place, sizeof place, "record %u of 3", (unsigned)((length - HEAD) / RECORD));
        expect_refusal(file, length, place, "is cut off");
    }
    free(file);
}

/* Each record is whole, and follows another one than it did: for the last. */
static void records_that_do_not_follow_each_other_are_damage(void **state)
{
    size_t size, other_size;
    uint8_t *file = three_records(true, &size), *other;
    struct error error;
    struct block disk;

    (void)state;
    unlink(path);
    disk = must_open(path);
    put_sectors(&disk, 0, 8, 0xb0);
    put_sectors(&disk, 8, 8, 0xa1);
    put_sectors(&disk, 0, 8, 0xa2);
    assert_true(overlay_sync(&disk, true, &error));
    disk.close(disk.context);
    other = read_file(path, &other_size);
    memcpy(other + HEAD + 2 * RECORD, file + HEAD + 2 * RECORD, RECORD);
    expect_refusal(other, size, "record 2 of 3", "is damaged: it was on the disk");
    memcpy(other + HEAD + RECORD, file + HEAD + RECORD, RECORD);
    memcpy(other + HEAD, file + HEAD, RECORD);
    expect_refusal(other, size, "record 3 of 3", "its records are not those that were synced");
    free(other);
    free(file);
}

/* a count that is torn while it is written leaves the one before. */
static void one_of_two_counts_is_enough(void **state)
{
    size_t size, written;
    uint8_t *file = three_records(true, &size);

    (void)state;
    for (unsigned both = 0; both < 2; both++)
        for (unsigned at = 0; at < 160; at += 7) {
            file[512 + at] ^= 1;
            file[1024 + at] ^= (uint8_t)both;
            if (both)
                expect_refusal(file, size, "its head", "is damaged");
            else
                expect_records(file, size, 3);
            file[512 + at] ^= 1;
            file[1024 + at] ^= (uint8_t)both;
        }
    /* The next count goes over the older one. */
    struct error error;
    write_file(path, file, size);
    struct block disk = must_open(path);
    put_sectors(&disk, 16, 8, 0xa3);
    assert_true(overlay_sync(&disk, true, &error));
    disk.close(disk.context);
    uint8_t *now = read_file(path, &written);
    unsigned last = memcmp(file + 512, "synced: 000000000000003 ", 24) ? 1024 : 512, older = 512 + 1024 - last;
    assert_memory_equal(now + last, file + last, 512);
    assert_memory_equal(now + older, "synced: 000000000000004 ", 24);
    free(now);
    free(file);
}

/* The digests of all records and both counts made anew, so that they fit. */
static void chain_again(uint8_t *file, size_t size)
{
    uint8_t covered[32 + 24 + 4096], digest[32];
    char hex[65];

    sha256(file, 512, digest);
    for (uint8_t *record = file + HEAD; record < file + size; record += RECORD) {
        memcpy(covered, digest, 32);
        memcpy(covered + 32, record, 24);
        memcpy(covered + 56, record + 56, 4096);
        sha256(covered, sizeof covered, digest);
        memcpy(record + 24, digest, 32);
    }
    memset(file + 512, 0, 1024);
    hex_encode(digest, hex);
    int length = snprintf((char *)file + 512, 512, "synced: %015u %s ", (unsigned)((size - HEAD) / RECORD), hex);
    sha256(file + 512, (size_t)length, digest);
    hex_encode(digest, hex);
    snprintf((char *)file + 512 + length, 512 - (size_t)length, "%s\n", hex);
}

/* Each record has the digest that it should have, and the count is that of the last. */
static void a_record_that_breaks_a_rule_is_refused(void **state)
{
    static const struct {
        const char *rule;
        unsigned record, at;
        uint8_t value;
    } cases[] = {
        {"A-60", 1, 0, 2},   {"A-60", 0, 7, 1},  /* its number */
        {"A-61", 1, 8, 126}, {"A-61", 1, 15, 1}, /* its block; the last is 125 */
        {"A-62", 1, 16, 0},                      /* its mask */
        {"A-63", 1, 17, 1},  {"A-63", 1, 23, 1},
        {"A-63", 1, 8, 125}, {"A-65", 1, 16, 0x7F}, /* the last sector is not zeros */
    };
    char place[64];
    size_t size;
    uint8_t *file = three_records(true, &size);

    (void)state;
    chain_again(file, size);
    expect_records(file, size, 3);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t *byte = file + HEAD + cases[i].record * RECORD + cases[i].at, before = *byte;
        *byte = cases[i].value;
        chain_again(file, size);
        snprintf(place, sizeof place, "record %u of 3", cases[i].record);
        expect_refusal(file, size, place, "is damaged: it was on the disk");
        *byte = before;
    }
    /* the third record is of the first one's block, and does not have all of its sectors. */
    memset(file + HEAD + 2 * RECORD + 56, 0, 512);
    file[HEAD + 2 * RECORD + 16] = 0xFE;
    chain_again(file, size);
    expect_refusal(file, size, "record 2 of 3", "is damaged: it was on the disk");
    free(file);
}

/* Against a plain array, from many places. */
static void an_overlay_goes_back_to_where_it_was(void **state)
{
    static uint8_t models[20][690], model[690];
    struct overlay_place places[20], elsewhere;
    struct block disk;
    struct error error;
    uint32_t seed = 7;

    (void)state;
    unlink(path);
    disk = must_open(path);
    for (unsigned i = 0; i < sizeof model; i++)
        model[i] = (uint8_t)i;
    for (unsigned place = 0; place < 20; place++) {
        assert_true(overlay_place(&disk, &places[place]));
        memcpy(models[place], model, sizeof model);
        for (unsigned i = 0; i < 10; i++) {
            seed = seed * 1664525 + 1013904223;
            uint32_t sector = (seed >> 8) % 626, count = 1 + (seed >> 20) % 64;
            put_sectors(&disk, sector, count, (uint8_t)(seed >> 24));
            memset(model + sector, (int)(seed >> 24), count);
        }
    }
    for (unsigned round = 0; round < 40; round++) {
        unsigned place = round * 7 % 20;
        assert_true(overlay_was_at(&disk, &places[place]));
        assert_true(overlay_rewind(&disk, &places[place], &error));
        for (int again = 0; again < 2; again++) {
            for (uint32_t sector = 0; sector < 690; sector++)
                assert_int_equal(first_byte(&disk, sector), models[place][sector]);
            assert_true(overlay_sync(&disk, true, &error));
            disk.close(disk.context);
            disk = must_open(path);
        }
    }
    elsewhere = places[5];
    elsewhere.chain[0] ^= 1;
    assert_false(overlay_was_at(&disk, &elsewhere));
    elsewhere = places[5];
    elsewhere.records = 1000000;
    assert_false(overlay_was_at(&disk, &elsewhere));
    put_sectors(&disk, 700, 1, 1); /* which could not be read before */
    assert_false(overlay_rewind(&disk, &places[5], &error));
    assert_int_equal(error.status, STATUS_INPUT);
    disk.close(disk.context);
}

static void a_second_session_is_kept_out(void **state)
{
    struct block disk = must_open(path), other;
    struct error error;
    pid_t child = fork();
    int status;

    (void)state;
    if (child == 0)
        _exit(open_over(path, machine, DRIVE_HD0, &other, &error) ? 0 : 10 + (int)error.status);
    waitpid(child, &status, 0);
    assert_int_equal(WEXITSTATUS(status), 10 + STATUS_HOST);
    disk.close(disk.context);
}

static void a_full_disk_fails_the_write_and_keeps_what_was_there(void **state)
{
    static uint8_t bytes[64 * SECTOR_SIZE];
    struct rlimit old, small;
    struct block disk;

    (void)state;
    unlink(path);
    disk = must_open(path);
    put_sectors(&disk, 0, 8, 0x11);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    small = old;
    small.rlim_cur = 10000;
    setrlimit(RLIMIT_FSIZE, &small);
    assert_int_equal(disk.write(disk.context, 0, 64, bytes), BLOCK_FAILED);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_int_equal(disk.failure(disk.context)->status, STATUS_HOST);
    assert_int_equal(first_byte(&disk, 50), 50);
    put_sectors(&disk, 48, 8, 0x22);
    disk.close(disk.context);
    disk = must_open(path);
    assert_int_equal(first_byte(&disk, 50), 0x22);
    disk.close(disk.context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_merge_what_was_written_with_the_base),
        cmocka_unit_test(an_unreadable_sector_becomes_readable_only_when_it_is_written),
        cmocka_unit_test(a_named_overlay_is_continued_by_its_own_drive_only),
        cmocka_unit_test(what_was_not_synced_may_be_torn_anywhere_and_is_dropped_from_there_on),
        cmocka_unit_test(what_was_synced_and_is_not_what_it_was_is_damage),
        cmocka_unit_test(records_that_do_not_follow_each_other_are_damage),
        cmocka_unit_test(one_of_two_counts_is_enough),
        cmocka_unit_test(a_record_that_breaks_a_rule_is_refused),
        cmocka_unit_test(an_overlay_goes_back_to_where_it_was),
        cmocka_unit_test(a_second_session_is_kept_out),
        cmocka_unit_test(a_full_disk_fails_the_write_and_keeps_what_was_there),
    };
    int descriptor = mkstemp(path), failed;

    must(descriptor >= 0 && close(descriptor) == 0, path);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
