/* test_formats.c - facts about raw images, geometries and errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "formats/formats.h"
#include "formats/images/images.h"
#include "formats/plain.h"

static char path[] = "/tmp/muniment-formats-XXXXXX";

static void write_image(size_t size)
{
    FILE *file = fopen(path, "wb");

    for (size_t i = 0; i < size; i++)
        fputc((int)(i / SECTOR_SIZE + 1), file);
    fclose(file);
}

static void a_last_part_of_a_sector_is_filled_up_with_zeros(void **state)
{
    uint8_t bytes[2 * SECTOR_SIZE];
    struct block disk;
    struct error error;
    uint32_t done;

    (void)state;
    write_image(SECTOR_SIZE + 10);
    assert_true(image_open(path, NULL, &disk, NULL, &error));
    assert_int_equal(disk.sectors, 2);
    assert_true(disk.read_only);
    assert_null(disk.write);
    memset(bytes, 0xff, sizeof bytes);
    assert_int_equal(disk.read(disk.context, 0, 2, bytes, &done), BLOCK_OK);
    assert_int_equal(done, 2);
    assert_int_equal(bytes[SECTOR_SIZE - 1], 1);
    assert_int_equal(bytes[SECTOR_SIZE + 9], 2);
    for (unsigned i = SECTOR_SIZE + 10; i < 2 * SECTOR_SIZE; i++)
        assert_int_equal(bytes[i], 0);
    disk.close(disk.context);
}

static void what_is_no_image_is_refused(void **state)
{
    struct block disk;
    struct error error;

    (void)state;
    write_image(0);
    assert_false(image_open(path, NULL, &disk, NULL, &error));
    assert_int_equal(error.status, STATUS_INPUT);
    assert_string_equal(error.object, path);
    assert_false(image_open("/tmp", NULL, &disk, NULL, &error));
    assert_int_equal(error.status, STATUS_INPUT);
    assert_false(image_open("/nonexistent/image", NULL, &disk, NULL, &error));
    assert_int_equal(error.status, STATUS_INPUT);
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(image_open(path, NULL, &disk, NULL, &error));
    assert_int_equal(error.status, STATUS_INPUT);
    unlink(path);
}

static void an_image_that_shrinks_under_a_reader_is_a_failure_with_a_reason(void **state)
{
    uint8_t bytes[SECTOR_SIZE];
    struct block disk;
    struct error error;
    uint32_t done;

    (void)state;
    write_image(4 * SECTOR_SIZE);
    assert_true(image_open(path, NULL, &disk, NULL, &error));
    assert_int_equal(truncate(path, SECTOR_SIZE), 0);
    assert_int_equal(disk.read(disk.context, 3, 1, bytes, &done), BLOCK_FAILED);
    assert_string_equal(disk.failure(disk.context)->object, path);
    disk.close(disk.context);
}

static void floppies_are_told_by_their_number_of_sectors(void **state)
{
    static const struct {
        uint64_t sectors;
        struct geometry geometry;
    } known[] = {
        {320, {40, 1, 8}},   {360, {40, 1, 9}},   {640, {40, 2, 8}},   {720, {40, 2, 9}},   {1440, {80, 2, 9}},
        {2400, {80, 2, 15}}, {2880, {80, 2, 18}}, {3360, {80, 2, 21}}, {3680, {80, 2, 23}}, {5760, {80, 2, 36}},
    };
    struct geometry g;

    (void)state;
    for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++) {
        assert_true(floppy_geometry(known[i].sectors, &g));
        assert_memory_equal(&g, &known[i].geometry, sizeof g);
    }
    assert_false(floppy_geometry(2881, &g));
    assert_false(floppy_geometry(0, &g));
}

static void expect_geometry(uint64_t sectors, const uint8_t *first, uint32_t c, uint32_t h, uint32_t s)
{
    struct geometry g;

    disk_geometry(sectors, first, &g);
    assert_int_equal(g.cylinders, c);
    assert_int_equal(g.heads, h);
    assert_int_equal(g.sectors, s);
}

static void a_disk_has_the_geometry_of_its_partition_table(void **state)
{
    uint8_t first[SECTOR_SIZE] = {0};
    static const uint8_t entry[16] = {0x80, 1, 1, 0, 0x04, 4, 17, 0xcf};

    (void)state;
    expect_geometry(83045, first, 82, 16, 63); /* no table */
    memcpy(first + 446, entry, 16);
    expect_geometry(83045, first, 82, 16, 63); /* no signature */
    first[510] = 0x55, first[511] = 0xaa;
    expect_geometry(83045, first, 977, 5, 17);
    first[446 + 16] = 0x12; /* no status byte of a table: a boot sector */
    expect_geometry(83045, first, 82, 16, 63);
    first[446 + 16] = 0;
    first[446 + 5] = 254, first[446 + 6] = 63; /* translated by a BIOS */
    expect_geometry(20000000, first, 16383, 16, 63);
    expect_geometry(5, first, 1, 16, 63);
    first[446 + 6] = 0xc0; /* no sector */
    expect_geometry(1008 * 7, first, 7, 16, 63);
    first[446 + 4] = 0; /* an empty entry says nothing */
    expect_geometry(1008 * 7, first, 7, 16, 63);
}

static void an_error_cannot_carry_terminal_sequences(void **state)
{
    struct error error;
    char line[256] = "";
    FILE *file = tmpfile();

    (void)state;
    assert_false(
        error_set(&error, STATUS_INPUT, "a\x1b[31m", "line\n3", NULL, "is \xc2\x9b %s \xc3\xbc \x9b", "b\x7f"));
    assert_string_equal(error.object, "a\\u001b[31m");
    assert_string_equal(error.place, "line\\u000a3");
    assert_string_equal(error.what, "is \\u009b b\\u007f \xc3\xbc \\x9b");
    error_print(file, &error);
    rewind(file);
    assert_non_null(fgets(line, sizeof line, file));
    assert_string_equal(line, "muniment: a\\u001b[31m: is \\u009b b\\u007f \xc3\xbc \\x9b (line\\u000a3)\n");
    fclose(file);
}

/* A process that hostile input has taken over sends what it likes. */
static void an_error_from_another_process_is_bounded_and_escaped(void **state)
{
    struct error error, sound;

    (void)state;
    memset(&error, 0x1b, sizeof error);
    error_tame(&error, STATUS_INPUT);
    assert_int_equal(error.status, STATUS_INPUT);
    assert_int_equal(strspn(error.object, "\\u001b"), strlen(error.object));
    assert_in_range(strlen(error.object), 6, sizeof error.object - 1);
    assert_in_range(strlen(error.what), 6, sizeof error.what - 1);
    assert_in_range(strlen(error.place), 6, sizeof error.place - 1);
    assert_in_range(strlen(error.remedy), 6, sizeof error.remedy - 1);
    error_set(&sound, STATUS_CLOSED, "a\x1b.img", "line 3", "wait", "is closed");
    error = sound;
    error_tame(&error, STATUS_INPUT);
    assert_int_equal(error.status, STATUS_CLOSED);
    assert_string_equal(error.object, sound.object);
    assert_string_equal(error.what, sound.what);
    assert_string_equal(error.place, sound.place);
    assert_string_equal(error.remedy, sound.remedy);
    sound.status = STATUS_OK;
    error_tame(&sound, STATUS_HOST);
    assert_int_equal(sound.status, STATUS_HOST);
}

static void what_a_terminal_must_not_get_is_shown_as_its_number(void **state)
{
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"plain \xc3\xa4 \xe2\x82\xac \xf0\x9f\x97\xba", "plain \xc3\xa4 \xe2\x82\xac \xf0\x9f\x97\xba"},
        {"\xe2\x80\xae", "\\u202e"},                                             /* right-to-left override */
        {"\xe2\x81\xa6\xe2\x81\xa9", "\\u2066\\u2069"},                          /* isolates */
        {"\xe2\x80\x8b\xef\xbb\xbf", "\\u200b\\ufeff"},                          /* without width */
        {"\xf3\xa0\x81\x81", "\\U000e0041"},                                     /* a tag */
        {"\x80\xc0\xaf\xed\xa0\x80\xf5", "\\x80\\xc0\\xaf\\xed\\xa0\\x80\\xf5"}, /* no UTF-8: overlong, a surrogate */
        {"\xe2\x82", "\\xe2\\x82"},                                              /* cut off */
        {"\x01\t\x7f", "\\u0001\\u0009\\u007f"},
    };
    char shown[64];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        plain_copy(shown, sizeof shown, cases[i].text);
        assert_string_equal(shown, cases[i].shown);
    }
    plain_copy(shown, 8, "ab\xe2\x80\xae"); /* no room for the escape and the end */
    assert_string_equal(shown, "ab");
    plain_copy(shown, 9, "ab\xe2\x80\xae");
    assert_string_equal(shown, "ab\\u202e");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_last_part_of_a_sector_is_filled_up_with_zeros),
        cmocka_unit_test(what_is_no_image_is_refused),
        cmocka_unit_test(an_image_that_shrinks_under_a_reader_is_a_failure_with_a_reason),
        cmocka_unit_test(floppies_are_told_by_their_number_of_sectors),
        cmocka_unit_test(a_disk_has_the_geometry_of_its_partition_table),
        cmocka_unit_test(what_a_terminal_must_not_get_is_shown_as_its_number),
        cmocka_unit_test(an_error_cannot_carry_terminal_sequences),
        cmocka_unit_test(an_error_from_another_process_is_bounded_and_escaped),
    };
    int descriptor = mkstemp(path);

    if (descriptor < 0 || close(descriptor) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
