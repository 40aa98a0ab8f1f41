/* test_archive_open.c - facts about opening an archive and reading its disks, from good ones and from those that
 * somebody made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "archive_sample.h"
#include "random.h"

static struct sample sample;

static struct archive *must_open(const char *name)
{
    struct error error;
    struct archive *a = archive_open(sample_path(&sample, name), NULL, &error);

    if (!a)
        fail_msg("%s: %s (%s)", error.object, error.what, error.place);
    return a;
}

static void expect_refused(const char *name, const char *part)
{
    struct error error = {.status = STATUS_OK};
    struct archive *a = archive_open(sample_path(&sample, name), NULL, &error);

    assert_null(a);
    assert_int_equal(error.status, STATUS_INPUT);
    assert_true(error.what[0] != '\0' && error.object[0] != '\0');
    if (!strstr(error.what, part) && !strstr(error.place, part))
        fail_msg("%s: %s (%s)", error.object, error.what, error.place);
}

static void the_disks_read_back_as_they_were(void **state)
{
    static const struct {
        enum drive_slot slot;
        const char *image;
        uint64_t size;
    } disks[] = {{DRIVE_FD0, "fd0.raw", SAMPLE_FLOPPY}, {DRIVE_HD0, "hd0.raw", SAMPLE_DISK}};
    struct archive *a = must_open("whole.mun");
    static uint8_t bytes[300 * SECTOR_SIZE];
    struct error error;
    struct block disk;
    uint32_t done;

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        size_t size;
        uint8_t *image = read_file(sample_path(&sample, disks[i].image), &size);

        assert_true(archive_disk(a, disks[i].slot, &disk, &error));
        assert_true(disk.read_only && !disk.write);
        assert_int_equal(disk.sectors, (disks[i].size + SECTOR_SIZE - 1) / SECTOR_SIZE);
        for (uint64_t at = 0; at < disk.sectors; at += 300) {
            uint32_t count = disk.sectors - at < 300 ? (uint32_t)(disk.sectors - at) : 300;
            size_t compared = size - at * SECTOR_SIZE < count * SECTOR_SIZE ? size - at * SECTOR_SIZE
                                                                            : count * SECTOR_SIZE;

            assert_int_equal(disk.read(disk.context, at, count, bytes, &done), BLOCK_OK);
            assert_int_equal(done, count);
            assert_true(memcmp(bytes, image + at * SECTOR_SIZE, compared) == 0);
        }
        free(image);
    }
    assert_false(archive_disk(a, DRIVE_HD1, &disk, &error));
    assert_int_equal(error.status, STATUS_OK);
    archive_close(a);
}

static void the_machine_names_sealed_images_and_firmware_by_digest(void **state)
{
    struct archive *a = must_open("whole.mun");
    const struct machine_manifest *m = archive_machine(a);
    uint8_t digest[32], *bytes;
    struct error error;
    size_t size;

    (void)state;
    assert_string_equal(m->drives[DRIVE_FD0].image, "sealed");
    assert_false(m->system.built_in);
    assert_true(archive_firmware(a, false, &bytes, &size, &error));
    assert_int_equal(size, sizeof sample.system);
    assert_memory_equal(bytes, sample.system, size);
    sha256(bytes, size, digest);
    assert_memory_equal(digest, m->system.sha256, 32);
    free(bytes);
    assert_true(archive_firmware(a, true, &bytes, &size, &error));
    assert_memory_equal(bytes, sample.video, sizeof sample.video);
    free(bytes);
    assert_string_equal(archive_description(a)->title, "whole");
    archive_close(a);
}

/* Every truncation at a block is refused with a reason; so is a tail. */
static void an_archive_of_another_length_is_refused(void **state)
{
    size_t size;
    uint8_t *file = read_file(sample_path(&sample, "small.mun"), &size);

    (void)state;
    for (size_t length = 0; length < size; length += TAR_BLOCK) {
        write_file(sample_path(&sample, "cut.mun"), file, length);
        expect_refused("cut.mun", "");
    }
    file = realloc(file, size + TAR_BLOCK);
    memset(file + size, 0, TAR_BLOCK);
    write_file(sample_path(&sample, "cut.mun"), file, size + TAR_BLOCK);
    expect_refused("cut.mun", "was sealed with");
    free(file);
    expect_refused("fd0.raw", "not a Muniment archive");
    expect_refused("nonexistent", "cannot open");
    expect_refused("", "not a regular file");
}

/* */
static void a_damaged_chunk_is_never_delivered(void **state)
{
    size_t size;
    uint8_t *file = read_file(sample_path(&sample, "small.mun"), &size), bytes[SECTOR_SIZE];
    struct archive *a = must_open("small.mun");
    struct error error;
    struct block disk;
    uint32_t done;

    (void)state;
    /* In the middle of the floppy's extent, which is the largest member: noise, in a stored block of chunk 2. */
    for (size_t at = 0; at < size; at += TAR_BLOCK)
        if (memcmp(file + at, "disk/fd0/00000000.map", 21) == 0)
            file[at - 60000] ^= 4;
    archive_close(a);
    write_file(sample_path(&sample, "bad.mun"), file, size);
    free(file);
    a = must_open("bad.mun");
    assert_true(archive_disk(a, DRIVE_FD0, &disk, &error));
    assert_int_equal(disk.read(disk.context, 0, 1, bytes, &done), BLOCK_OK);
    for (uint64_t sector = 256; sector < 256 + 200; sector++)
        if (disk.read(disk.context, sector, 1, bytes, &done) == BLOCK_FAILED)
            break;
        else
            assert_true(sector < 455);
    assert_non_null(strstr(archive_failure(a)->what, "damaged chunk"));
    assert_non_null(strstr(archive_failure(a)->place, "of extent 0 of fd0, sectors"));
    assert_ptr_equal(disk.failure(disk.context), archive_failure(a));
    archive_close(a);
}

/* --- Forged: digests and signature are right, contents are not --- */

static void forge_and_expect(struct forged *f, const struct seal *seal, const char *part)
{
    forge_write(f, &sample, seal, "forged.mun");
    expect_refused("forged.mun", part);
    forge_free(f);
    forge_load(f, sample_path(&sample, "small.mun"));
}

/* */
static void a_signed_archive_that_contradicts_itself_is_refused(void **state)
{
    static char text[2000];
    struct forged_member *m;
    struct forged f;
    struct seal seal;

    (void)state;
    sample_read_seal(sample_path(&sample, "small.mun"), &seal);
    forge_load(&f, sample_path(&sample, "small.mun"));
    forge_write(&f, &sample, &seal, "forged.mun");
    archive_close(must_open("forged.mun")); /* the forger itself forges nothing */

    m = forge_find(&f, "disk/fd0.top");
    m->bytes[130] ^= 1;
    forge_and_expect(&f, &seal, "top that is not right");
    m = forge_find(&f, "disk/fd0.top");
    memcpy(m->bytes + 11, "999999999999488", 15);
    forge_and_expect(&f, &seal, "top that is not right");
    m = forge_find(&f, "disk/fd0.top");
    memcpy(m->bytes + 27, "999999999", 9);
    forge_and_expect(&f, &seal, "top that is not right");
    m = forge_find(&f, "disk/fd0.top");
    m->bytes[9] = 'z';
    forge_and_expect(&f, &seal, "top that is not right");
    forge_set(&f, "disk/fd0.top", "short\n", 6);
    forge_and_expect(&f, &seal, "top of the right size");
    forge_set(&f, "disk/fd0.unreadable", "000000000000720 000000000000001\n", 32);
    forge_and_expect(&f, &seal, "unreadable sectors");
    forge_set(&f, "disk/fd0.unreadable", "000000000000719 000000000000002\n", 32);
    forge_and_expect(&f, &seal, "unreadable sectors");
    m = forge_find(&f, "firmware/system.bin");
    m->bytes[0] ^= 1;
    forge_and_expect(&f, &seal, "other firmware");
    m = forge_find(&f, "machine.yaml");
    snprintf(text, sizeof text, "%.*s# a comment\n", (int)m->size, (char *)m->bytes);
    forge_set(&f, "machine.yaml", text, strlen(text));
    forge_and_expect(&f, &seal, "canonical");
    m = forge_find(&f, "machine.yaml");
    snprintf(text, sizeof text, "%.*s", (int)m->size, (char *)m->bytes);
    must(strstr(text, "\"sealed\"") != NULL, text);
    memcpy(strstr(text, "\"sealed\""), "\"../aaa\"", 8);
    forge_set(&f, "machine.yaml", text, strlen(text));
    forge_and_expect(&f, &seal, "");
    forge_insert(&f, 2, "spec/../evil", "x", 1);
    forge_and_expect(&f, &seal, "does not belong");
    forge_insert(&f, 2, "spec/archive.md", "x", 1);
    forge_and_expect(&f, &seal, "twice or out of order");
    forge_insert(&f, 1, "spec/zz", "x", 1);
    forge_and_expect(&f, &seal, "twice or out of order");
    seal.disks[DRIVE_FD0].size = UINT64_C(1) << 48;
    forge_and_expect(&f, &seal, "about a disk");
    seal.disks[DRIVE_FD0].size = 368640 + 1;
    forge_and_expect(&f, &seal, "about a disk");
    seal.disks[DRIVE_FD0].size = 368640;
    seal.disks[DRIVE_HD0].size = 512;
    forge_and_expect(&f, &seal, "top of the right size");
    forge_free(&f);
    seal_free(&seal);
}

/* The list comes from an original that could not be read; the sectors around it can. */
/* */
static void an_unreadable_sector_is_a_read_error_behind_the_good_ones(void **state)
{
    static const char list[] = "000000000000010 000000000000002\n000000000000100 000000000000001\n";
    uint8_t bytes[20 * SECTOR_SIZE];
    struct archive *a;
    struct forged f;
    struct seal seal;
    struct error error;
    struct block disk;
    uint32_t done;

    (void)state;
    sample_read_seal(sample_path(&sample, "small.mun"), &seal);
    forge_load(&f, sample_path(&sample, "small.mun"));
    forge_set(&f, "disk/fd0.unreadable", list, sizeof list - 1);
    forge_write(&f, &sample, &seal, "unreadable.mun");
    a = must_open("unreadable.mun");
    assert_true(archive_disk(a, DRIVE_FD0, &disk, &error));
    assert_int_equal(disk.read(disk.context, 4, 10, bytes, &done), BLOCK_UNREADABLE);
    assert_int_equal(done, 6);
    assert_int_equal(disk.read(disk.context, 11, 1, bytes, &done), BLOCK_UNREADABLE);
    assert_int_equal(done, 0);
    assert_int_equal(disk.read(disk.context, 12, 20, bytes, &done), BLOCK_OK);
    assert_int_equal(done, 20);
    assert_int_equal(disk.read(disk.context, 100, 1, bytes, &done), BLOCK_UNREADABLE);
    assert_int_equal(disk.read(disk.context, 101, 20, bytes, &done), BLOCK_OK);
    archive_close(a);
    forge_free(&f);
    seal_free(&seal);
}

static void lines_have_one_legal_form(void **state)
{
    struct map_entry map = {.offset = 12, .length = 345, .digest = {1, 2, 3}}, map_again;
    struct top_entry top = {.offset = 512 * 77, .length = 99, .map_digest = {4}, .root = {5}}, top_again;
    char line[TOP_LINE + 1];
    uint8_t block[TAR_BLOCK];
    char name[NAME_SIZE];
    uint64_t size;
    unsigned legal = 0;

    (void)state;
    map_line_print(line, 1023, &map);
    assert_int_equal(strlen(line), MAP_LINE);
    assert_true(map_line_parse(line, 1023, false, &map_again));
    assert_true(map.offset == map_again.offset && map.length == map_again.length && !map_again.inherited);
    assert_memory_equal(map.digest, map_again.digest, sizeof map.digest);
    assert_false(map_line_parse(line, 1022, false, &map_again));
    line[6] = '\t';
    assert_false(map_line_parse(line, 1023, false, &map_again));
    map = (struct map_entry){.inherited = true, .digest = {1}};
    map_line_print(line, 7, &map);
    assert_true(map_line_parse(line, 7, true, &map_again) && map_again.inherited);
    assert_false(map_line_parse(line, 7, false, &map_again)); /* */
    top_line_print(line, 5, &top);
    assert_int_equal(strlen(line), TOP_LINE);
    assert_true(top_line_parse(line, 5, false, &top_again));
    assert_true(top.offset == top_again.offset && top.length == top_again.length);
    line[166] = ' ';
    assert_false(top_line_parse(line, 5, false, &top_again));
    tar_header("recover.py", 1234567, block);
    for (unsigned i = 0; i < TAR_BLOCK; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            block[i] ^= (uint8_t)(1u << bit);
            legal += tar_header_parse(block, name, &size);
            block[i] ^= (uint8_t)(1u << bit);
        }
    assert_int_equal(legal, 0);
    assert_true(tar_header_parse(block, name, &size));
    assert_int_equal(size, 1234567);
}

static void names_are_ordered_as_the_archive_is(void **state)
{
    static const char *const names[] = {
        "000-README.txt",
        "recover.py",
        "spec/a",
        "spec/a/b",
        "spec/b",
        "source/a",
        "docs/1",
        "machine.yaml",
        "description.yaml",
        "firmware/system.bin",
        "firmware/video.bin",
        "disk/fd0/00000000.gz",
        "disk/fd0/00000000.map",
        "disk/fd0/00000001.gz",
        "disk/fd0.top",
        "disk/fd0.unreadable",
        "disk/fd1.top",
        "disk/hd3/00032767.map",
        "attest.txt",
        "attest.journal",
        "content.txt",
        "SHA256SUMS",
        "seal.txt",
        "evidence/00000000/key.pub",
    };
    static const char *const unknown[] = {
        "",
        "spec",
        "spec/",
        "spec//a",
        "spec/.a",
        "spec/../a",
        "spec/A",
        "docs/a/",
        "disk/hd4.top",
        "disk/hd0/0000000.gz",
        "disk/hd0/00032768.gz",
        "disk/hd0/00000000.gz ",
        "disk/",
        "attest.map",
        "/etc/passwd",
        "../x",
        "disk/hd0/0000000a.gz",
    };

    (void)state;
    for (unsigned i = 0; i + 1 < sizeof names / sizeof names[0]; i++) {
        assert_true(member_compare(names[i], names[i + 1]) < 0);
        assert_true(member_compare(names[i + 1], names[i]) > 0);
    }
    for (unsigned i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        assert_int_equal(member_identify(unknown[i]).kind, MEMBER_UNKNOWN);
}

static void roots_of_zeros_are_those_of_their_chunks(void **state)
{
    static const uint64_t lengths[] = {512,
                                       CHUNK_SIZE - 512,
                                       CHUNK_SIZE,
                                       CHUNK_SIZE + 512,
                                       7 * CHUNK_SIZE,
                                       1023 * CHUNK_SIZE + 512,
                                       EXTENT_SIZE,
                                       EXTENT_SIZE + 512,
                                       2 * (uint64_t)EXTENT_SIZE - 512,
                                       5 * (uint64_t)EXTENT_SIZE + 640 * CHUNK_SIZE};
    static const uint8_t zeros[CHUNK_SIZE];
    struct map_entry *entries = calloc(EXTENT_CHUNKS, sizeof *entries);

    (void)state;
    for (size_t i = 0; entries && i < sizeof lengths / sizeof lengths[0]; i++) {
        uint32_t last = disk_extents(lengths[i]) - 1;
        uint8_t root[DIGEST_SIZE];
        struct zero_roots roots;

        zero_roots(lengths[i], &roots);
        for (uint32_t n = 0; n < EXTENT_CHUNKS; n++)
            sha256(zeros, CHUNK_SIZE, entries[n].digest);
        extent_root(entries, EXTENT_CHUNKS, root);
        assert_memory_equal(roots.whole, root, DIGEST_SIZE);
        for (uint32_t n = 0; n < extent_chunks(lengths[i], last); n++)
            sha256(zeros, chunk_length(lengths[i], last, n), entries[n].digest);
        extent_root(entries, extent_chunks(lengths[i], last), root);
        assert_memory_equal(roots.last, root, DIGEST_SIZE);
    }
    assert_non_null(entries);
    free(entries);
}

static void base64_has_one_form(void **state)
{
    uint32_t random = 16;
    uint8_t bytes[200], back[200];
    struct text line = {.bytes = NULL};

    (void)state;
    for (int n = 0; n < 20000; n++) {
        size_t size = 1 + random_below(&random, sizeof bytes), length, read;

        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)random_below(&random, 256);
        line.length = 0;
        base64_print(&line, "", bytes, size);
        char *text = line.bytes;
        length = line.length - 1;
        assert_int_equal(text[length], '\n');
        assert_int_equal(base64_decode(text, length, back, size), size);
        assert_memory_equal(back, bytes, size);
        assert_true(base64_decode(text, length, back, size - 1) == SIZE_MAX);
        assert_true(base64_decode(text, length - 1, back, sizeof back) == SIZE_MAX);
        text[random_below(&random, (uint32_t)length)] = (char)random_below(&random, 256);
        read = base64_decode(text, length, back, sizeof back);
        if (read == SIZE_MAX)
            continue;
        base64_print(&line, "", back, read);
        assert_memory_equal(line.bytes + length + 1, line.bytes, length);
    }
    text_free(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_of_zeros_are_those_of_their_chunks),
        cmocka_unit_test(base64_has_one_form),
        cmocka_unit_test(the_disks_read_back_as_they_were),
        cmocka_unit_test(the_machine_names_sealed_images_and_firmware_by_digest),
        cmocka_unit_test(an_archive_of_another_length_is_refused),
        cmocka_unit_test(a_damaged_chunk_is_never_delivered),
        cmocka_unit_test(a_signed_archive_that_contradicts_itself_is_refused),
        cmocka_unit_test(an_unreadable_sector_is_a_read_error_behind_the_good_ones),
        cmocka_unit_test(lines_have_one_legal_form),
        cmocka_unit_test(names_are_ordered_as_the_archive_is),
    };
    int failed;

    sample_make(&sample);
    sample_seal(&sample, "machine.yaml", "small.mun");
    sample_seal(&sample, "whole.yaml", "whole.mun");
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    sample_remove(&sample);
    return failed;
}
