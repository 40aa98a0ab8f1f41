/* test_archive_overlay.c - facts about the overlay: reads merge, writes last, a torn end is dropped, anything else is
 * refused. */
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

/* Three records; the last one cut at every length, and torn in place. */
static void a_torn_last_record_is_dropped_and_nothing_else(void **state)
{
    struct block disk;
    struct error error;
    size_t size, again;
    uint8_t *file;

    (void)state;
    unlink(path);
    disk = must_open(path);
    put_sectors(&disk, 0, 8, 0xa0);
    put_sectors(&disk, 8, 8, 0xa1);
    put_sectors(&disk, 0, 8, 0xa2);
    disk.close(disk.context);
    file = read_file(path, &size);
    assert_int_equal(size, 512 + 3 * RECORD);
    for (size_t length = 512 + 2 * RECORD; length < size; length += 97) {
        write_file(path, file, length);
        disk = must_open(path);
        assert_int_equal(first_byte(&disk, 0), 0xa0);
        assert_int_equal(first_byte(&disk, 8), 0xa1);
        disk.close(disk.context);
        free(read_file(path, &again));
        assert_int_equal(again, 512 + 2 * RECORD);
    }
    for (size_t at = 512; at < size; at += 83) {
        file[at] ^= 0x10;
        write_file(path, file, size);
        if (at < 512 + 2 * RECORD) {
            assert_false(open_over(path, machine, DRIVE_HD0, &disk, &error));
            assert_int_equal(error.status, STATUS_INPUT);
            assert_non_null(strstr(error.place, "record"));
        } else {
            disk = must_open(path);
            assert_int_equal(first_byte(&disk, 0), 0xa0);
            disk.close(disk.context);
        }
        file[at] ^= 0x10;
    }
    for (size_t length = 0; length < 512; length += 100) { /* torn in its first write */
        write_file(path, file, length);
        disk = must_open(path);
        assert_int_equal(first_byte(&disk, 0), 0);
        disk.close(disk.context);
    }
    free(file);
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
        cmocka_unit_test(a_torn_last_record_is_dropped_and_nothing_else),
        cmocka_unit_test(a_second_session_is_kept_out),
        cmocka_unit_test(a_full_disk_fails_the_write_and_keeps_what_was_there),
    };
    int descriptor = mkstemp(path), failed;

    must(descriptor >= 0 && close(descriptor) == 0, path);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
