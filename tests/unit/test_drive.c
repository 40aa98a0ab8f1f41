/* test_drive.c - media, what happens when one fails, and the digest over what was written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/sha.h>

#include "emu/drive.h"
#include "tests/unit/disk.h"

#define SECTORS (3 * 8192 + 5) /* three groups, and five sectors of a fourth */

struct fixture {
    struct disk disk;
    struct drive drive;
    bool failure;
    struct hasher hasher;
};

static void failure_set(void *listener, unsigned number, bool level)
{
    (void)number;
    *(bool *)listener = level;
}

static void sha256_of(void *context, const uint8_t *bytes, size_t length, uint8_t digest[HASH_SIZE])
{
    (void)context;
    SHA256(bytes, length, digest);
}

static void begin(struct fixture *f, uint64_t sectors)
{
    memset(f, 0, sizeof *f);
    f->hasher = (struct hasher){sha256_of, NULL};
    disk_init(&f->disk, sectors);
    assert_true(drive_init(&f->drive, &f->disk.block, false, (struct line){failure_set, &f->failure, 0}));
}

static int setup(void **state)
{
    static struct fixture f;

    begin(&f, SECTORS);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    drive_free(&((struct fixture *)*state)->drive);
    return 0;
}

static void write_filled(struct fixture *f, uint64_t sector, uint32_t count, uint8_t value)
{
    uint8_t buffer[16 * SECTOR_SIZE];

    assert_true(count <= 16);
    memset(buffer, value, sizeof buffer);
    assert_int_equal(drive_write(&f->drive, sector, count, buffer), DRIVE_OK);
}

static void root_of(struct fixture *f, uint8_t root[HASH_SIZE])
{
    assert_true(drive_root(&f->drive, &f->hasher, root));
}

static const uint8_t zeros[HASH_SIZE];

static void nothing_written_has_a_root_of_zeros(void **state)
{
    struct fixture *f = *state;
    uint8_t root[HASH_SIZE], buffer[SECTOR_SIZE];
    uint32_t done;

    assert_int_equal(drive_read(&f->drive, 7, 1, buffer, &done), DRIVE_OK);
    f->disk.reads = 0;
    root_of(f, root);
    assert_memory_equal(root, zeros, HASH_SIZE);
    assert_int_equal(f->disk.reads, 0);
}

static void root_follows_what_was_written(void **state)
{
    struct fixture *f = *state;
    uint8_t first[HASH_SIZE], second[HASH_SIZE], third[HASH_SIZE];

    write_filled(f, 100, 1, 1);
    root_of(f, first);
    assert_memory_not_equal(first, zeros, HASH_SIZE);
    root_of(f, second);
    assert_memory_equal(first, second, HASH_SIZE);
    write_filled(f, 100, 1, 2);
    root_of(f, second);
    assert_memory_not_equal(first, second, HASH_SIZE);
    write_filled(f, 100, 1, 1);
    root_of(f, third);
    assert_memory_equal(first, third, HASH_SIZE);
    write_filled(f, SECTORS - 1, 1, 1); /* in the last, short unit */
    root_of(f, third);
    assert_memory_not_equal(first, third, HASH_SIZE);
}

static void root_is_that_of_the_two_trees(void **state)
{
    struct fixture *f = *state;
    uint8_t unit[DRIVE_UNIT_SECTORS * SECTOR_SIZE] = {0}, leaf[HASH_SIZE], expected[HASH_SIZE], root[HASH_SIZE];
    struct hash_tree group, top;

    write_filled(f, SECTORS - 2, 2, 9);
    for (unsigned i = 0; i < 5; i++)
        disk_sector(&f->disk, SECTORS - 5 + i, unit + i * SECTOR_SIZE);
    hash_leaf(&f->hasher, unit, sizeof unit, leaf);
    assert_true(hash_tree_init(&group, DRIVE_GROUP_UNITS));
    assert_true(hash_tree_init(&top, 4));
    hash_tree_set(&group, 0, leaf);
    hash_tree_set(&top, 3, hash_tree_root(&group, &f->hasher));
    memcpy(expected, hash_tree_root(&top, &f->hasher), HASH_SIZE);
    hash_tree_free(&group);
    hash_tree_free(&top);
    root_of(f, root);
    assert_memory_equal(root, expected, HASH_SIZE);
}

static void order_of_writing_and_of_digests_leaves_no_trace(void **state)
{
    static struct fixture other;
    struct fixture *f = *state;
    uint8_t one[HASH_SIZE], two[HASH_SIZE];

    begin(&other, SECTORS);
    write_filled(f, 3, 1, 1);
    write_filled(f, 9000, 12, 2);
    write_filled(f, 20000, 1, 3);
    root_of(f, one);
    write_filled(&other, 20000, 1, 7);
    root_of(&other, two);
    write_filled(&other, 9008, 4, 2);
    write_filled(&other, 20000, 1, 3);
    write_filled(&other, 9000, 8, 2);
    root_of(&other, two);
    write_filled(&other, 3, 1, 1);
    root_of(&other, two);
    assert_memory_equal(one, two, HASH_SIZE);
    drive_free(&other.drive);
}

static void a_digest_reads_only_what_changed(void **state)
{
    struct fixture *f = *state;
    uint8_t root[HASH_SIZE];

    write_filled(f, 14, 4, 1); /* two units */
    write_filled(f, 9000, 1, 1);
    root_of(f, root);
    assert_int_equal(f->disk.reads, 24);
    f->disk.reads = 0;
    write_filled(f, 9001, 1, 1);
    root_of(f, root);
    assert_int_equal(f->disk.reads, 8);
}

static void an_unreadable_sector_counts_as_zeros_and_hides_no_other(void **state)
{
    struct fixture *f = *state;
    uint8_t first[HASH_SIZE], second[HASH_SIZE];

    f->disk.bad = 66;
    write_filled(f, 64, 1, 1);
    write_filled(f, 70, 1, 1);
    root_of(f, first);
    write_filled(f, 70, 1, 2); /* after the bad one, in the same unit */
    root_of(f, second);
    assert_memory_not_equal(first, second, HASH_SIZE);
    assert_false(f->failure);
    f->disk.bad = 71;
    write_filled(f, 70, 1, 1);
    write_filled(f, 66, 1, 0);
    root_of(f, second);
    assert_memory_not_equal(first, second, HASH_SIZE);
}

/* What was written goes over into a drive with the same medium; what cannot be read there remains so. */
static void written_units_go_over_into_another_drive(void **state)
{
    static struct fixture other;
    struct fixture *f = *state;
    uint8_t bytes[DRIVE_UNIT_SIZE], readable, one[HASH_SIZE], two[HASH_SIZE];
    uint64_t unit = 0;
    uint32_t done, units = 0;

    begin(&other, SECTORS);
    f->disk.bad = other.disk.bad = 66;
    write_filled(f, 64, 1, 1);
    write_filled(f, 70, 1, 2);
    write_filled(f, 9000, 1, 3);
    write_filled(f, SECTORS - 1, 1, 4);
    for (; drive_next_written(&f->drive, false, &unit); unit++, units++) {
        assert_true(drive_get_unit(&f->drive, unit, bytes, &readable));
        assert_int_equal(readable, unit == 8 ? 0xFB : unit == SECTORS / DRIVE_UNIT_SECTORS ? 0x1F : 0xFF);
        assert_true(drive_put_unit(&other.drive, unit, bytes, readable));
    }
    assert_int_equal(units, 3);
    root_of(f, one);
    root_of(&other, two);
    assert_memory_equal(one, two, HASH_SIZE);
    assert_int_equal(drive_read(&other.drive, 66, 1, bytes, &done), DRIVE_BAD_SECTOR);
    assert_int_equal(drive_read(&other.drive, 70, 1, bytes, &done), DRIVE_OK);
    assert_int_equal(bytes[0], 2);
    assert_false(drive_put_unit(&other.drive, SECTORS / DRIVE_UNIT_SECTORS, bytes, 0x3F)); /* after the end */
    assert_false(drive_put_unit(&other.drive, SECTORS / DRIVE_UNIT_SECTORS + 1, bytes, 1));
    assert_false(drive_put_unit(&other.drive, 0, bytes, 0)); /* S-33 */
    memset(bytes, 0, sizeof(bytes));
    bytes[6 * SECTOR_SIZE - 1] = 1;
    assert_false(drive_put_unit(&other.drive, 0, bytes, 0x1F)); /* S-32 */
    assert_true(drive_put_unit(&other.drive, 0, bytes, 0x3F));
    drive_free(&other.drive);
}

static void units_are_unsaved_from_a_write_on(void **state)
{
    struct fixture *f = *state;
    uint64_t unit = 0;

    write_filled(f, 100, 1, 1);
    write_filled(f, 9000, 1, 1);
    drive_mark_saved(&f->drive, 100 / DRIVE_UNIT_SECTORS, true);
    assert_true(drive_next_written(&f->drive, true, &unit));
    assert_int_equal(unit, 9000 / DRIVE_UNIT_SECTORS);
    drive_mark_saved(&f->drive, unit, true);
    unit = 0;
    assert_false(drive_next_written(&f->drive, true, &unit));
    write_filled(f, 101, 1, 2);
    assert_true(drive_next_written(&f->drive, true, &unit));
    assert_int_equal(unit, 100 / DRIVE_UNIT_SECTORS);
    unit = 0;
    drive_mark_saved(&f->drive, 9000 / DRIVE_UNIT_SECTORS, false);
    drive_mark_saved(&f->drive, 100 / DRIVE_UNIT_SECTORS, true);
    assert_true(drive_next_written(&f->drive, true, &unit));
    assert_int_equal(unit, 9000 / DRIVE_UNIT_SECTORS);
}

static void another_medium_forgets_what_was_written(void **state)
{
    struct fixture *f = *state;
    static struct disk other;
    uint8_t root[HASH_SIZE];

    write_filled(f, 1, 1, 1);
    disk_init(&other, 2880);
    assert_true(drive_insert(&f->drive, &other.block));
    assert_true(f->drive.changed);
    assert_int_equal(f->drive.media, 1);
    assert_int_equal(f->drive.sectors, 2880);
    root_of(f, root);
    assert_memory_equal(root, zeros, HASH_SIZE);
    assert_true(drive_insert(&f->drive, NULL));
    assert_int_equal(f->drive.sectors, 0);
    assert_int_equal(f->drive.media, 2);
    root_of(f, root);
    assert_memory_equal(root, zeros, HASH_SIZE);
    assert_true(drive_insert(&f->drive, &f->disk.block));
    root_of(f, root);
    assert_memory_equal(root, zeros, HASH_SIZE); /* even the same one: what it holds is the medium now */
}

static void a_bad_sector_is_told_with_the_good_ones_before_it(void **state)
{
    struct fixture *f = *state;
    uint8_t buffer[4 * SECTOR_SIZE];
    uint32_t done;

    f->disk.bad = 12;
    assert_int_equal(drive_read(&f->drive, 10, 4, buffer, &done), DRIVE_BAD_SECTOR);
    assert_int_equal(done, 2);
    assert_false(f->drive.failed);
}

static void what_is_not_on_the_medium_cannot_be_read(void **state)
{
    struct fixture *f = *state;
    uint8_t buffer[4 * SECTOR_SIZE];
    uint32_t done = 9;

    assert_int_equal(drive_read(&f->drive, SECTORS - 3, 3, buffer, &done), DRIVE_OK);
    assert_int_equal(drive_read(&f->drive, SECTORS - 3, 4, buffer, &done), DRIVE_BAD_SECTOR);
    assert_int_equal(done, 0);
    assert_int_equal(drive_read(&f->drive, UINT64_MAX, 1, buffer, &done), DRIVE_BAD_SECTOR);
    assert_true(drive_insert(&f->drive, NULL)); /* as in mid-command */
    assert_int_equal(drive_read(&f->drive, 0, 1, buffer, &done), DRIVE_BAD_SECTOR);
    assert_false(f->failure);
}

static void a_failing_host_raises_the_line(void **state)
{
    struct fixture *f = *state;
    uint8_t buffer[SECTOR_SIZE] = {0};
    uint32_t done;

    f->disk.failing = true;
    assert_int_equal(drive_read(&f->drive, 0, 1, buffer, &done), DRIVE_FAILED);
    assert_true(f->failure);
    f->failure = false;
    assert_int_equal(drive_write(&f->drive, 0, 1, buffer), DRIVE_FAILED);
    assert_true(f->failure);
    f->failure = false;
    f->disk.failing = false;
    f->disk.block.write = NULL; /* a host that gave no way to write */
    assert_int_equal(drive_write(&f->drive, 0, 1, buffer), DRIVE_FAILED);
    assert_true(f->failure);
}

static void a_medium_beyond_all_bounds_is_refused_and_harms_nobody(void **state)
{
    struct fixture *f = *state;
    static struct disk huge, empty;
    uint8_t root[HASH_SIZE];

    disk_init(&huge, (uint64_t)1 << 46);
    assert_false(drive_insert(&f->drive, &huge.block));
    root_of(f, root);
    assert_memory_equal(root, zeros, HASH_SIZE);
    disk_init(&empty, 0);
    assert_true(drive_insert(&f->drive, &empty.block));
    assert_int_equal(f->drive.sectors, 0);
    root_of(f, root);
    assert_memory_equal(root, zeros, HASH_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_written_has_a_root_of_zeros, setup, teardown),
        cmocka_unit_test_setup_teardown(root_follows_what_was_written, setup, teardown),
        cmocka_unit_test_setup_teardown(root_is_that_of_the_two_trees, setup, teardown),
        cmocka_unit_test_setup_teardown(order_of_writing_and_of_digests_leaves_no_trace, setup, teardown),
        cmocka_unit_test_setup_teardown(a_digest_reads_only_what_changed, setup, teardown),
        cmocka_unit_test_setup_teardown(an_unreadable_sector_counts_as_zeros_and_hides_no_other, setup, teardown),
        cmocka_unit_test_setup_teardown(written_units_go_over_into_another_drive, setup, teardown),
        cmocka_unit_test_setup_teardown(units_are_unsaved_from_a_write_on, setup, teardown),
        cmocka_unit_test_setup_teardown(another_medium_forgets_what_was_written, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bad_sector_is_told_with_the_good_ones_before_it, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_on_the_medium_cannot_be_read, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failing_host_raises_the_line, setup, teardown),
        cmocka_unit_test_setup_teardown(a_medium_beyond_all_bounds_is_refused_and_harms_nobody, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
