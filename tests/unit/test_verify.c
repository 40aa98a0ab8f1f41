/* test_verify.c - facts about verification: every change is found where it is, nothing else is blamed, and trust is a
 * matter of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "archive_sample.h"

static struct sample sample;

/* What a verification found. */
struct outcome {
    bool good;
    struct verify_result result;
    struct error error;
    struct finding findings[64];
    unsigned count;
};

static void keep(void *context, const struct finding *f)
{
    struct outcome *o = context;

    if (o->count < 64)
        o->findings[o->count++] = *f;
}

static struct outcome *verify_with(const char *name, const char *trusted, bool integrity_only)
{
    static struct outcome o;
    const char *path = trusted ? sample_path(&sample, trusted) : NULL;
    struct verify_request request = {
        .path = sample_path(&sample, name),
        .trusted = &path,
        .trusted_count = trusted != NULL,
        .integrity_only = integrity_only,
        .found = keep,
        .found_context = &o,
    };

    memset(&o, 0, sizeof o);
    o.good = archive_verify(&request, &o.result, &o.error);
    return &o;
}

static struct outcome *verify(const char *name)
{
    return verify_with(name, NULL, false);
}

static void write_sample(const char *name, const uint8_t *file, size_t size)
{
    write_file(sample_path(&sample, name), file, size);
}

/* Where the data of a member begin in a file in memory. */
static size_t find_member(const uint8_t *file, size_t size, const char *wanted, size_t *length)
{
    char name[NAME_SIZE];
    uint64_t member_size;

    for (size_t at = 0; at < size && tar_header_parse(file + at, name, &member_size);
         at += TAR_BLOCK + tar_padded(member_size)) {
        *length = (size_t)member_size;
        if (strcmp(name, wanted) == 0)
            return at + TAR_BLOCK;
    }
    fail_msg("no member %s", wanted);
    return 0;
}

static void an_intact_archive_has_no_findings_and_trust_comes_from_outside(void **state)
{
    struct outcome *o = verify("whole.mun");
    struct error error;
    struct archive *a;

    (void)state;
    assert_true(o->good);
    assert_int_equal(o->count, 0);
    assert_int_equal(o->result.verdict, VERDICT_UNKNOWN_SIGNER);
    assert_int_equal(o->result.chunks, 6 + 1024 + 2);
    assert_int_equal(strlen(o->result.signer), 64);
    a = archive_open(sample_path(&sample, "whole.mun"), NULL, &error);
    assert_string_equal(o->result.machine_root, archive_machine_root(a));
    archive_close(a);
    assert_int_equal(verify_with("whole.mun", "key.pub", false)->result.verdict, VERDICT_TRUSTED);
    assert_int_equal(verify_with("whole.mun", "other.pub", false)->result.verdict, VERDICT_UNKNOWN_SIGNER);
    o = verify_with("whole.mun", "fd0.raw", false);
    assert_false(o->good);
    assert_int_equal(o->error.status, STATUS_INPUT);
}

/* One byte of the small archive, changed. */
static void expect_located(uint8_t *file, size_t size, size_t at, uint8_t change)
{
    struct outcome *o;
    bool located = false;

    file[at] ^= change;
    write_sample("flip.mun", file, size);
    file[at] ^= change;
    o = verify("flip.mun");
    if (!o->good)
        fail_msg("byte %zu: %s", at, o->error.what);
    for (unsigned i = 0; i < o->count; i++)
        located = located || (o->findings[i].offset <= at && at < o->findings[i].offset + o->findings[i].length);
    if (!located || (o->result.verdict != VERDICT_DAMAGED && o->result.verdict != VERDICT_BAD_SIGNATURE))
        fail_msg("byte %zu: %u findings, verdict %d, first: %s %s", at, o->count, (int)o->result.verdict,
                 o->findings[0].member, o->findings[0].what);
    if (o->count != 1)
        fail_msg("byte %zu: %u findings: %s %s, %s %s", at, o->count, o->findings[0].member, o->findings[0].what,
                 o->findings[1].member, o->findings[1].what);
}

static void a_flip_in_any_field_of_any_header_and_padding_is_found_there_and_only_there(void **state)
{
    static const unsigned fields[] = {0,   99,  100, 108, 116, 124, 134, 136, 148, 155,
                                      156, 157, 257, 263, 265, 297, 329, 337, 345, 511};
    size_t size, at = 0;
    uint8_t *file = read_file(sample_path(&sample, "small.mun"), &size);
    char name[NAME_SIZE];
    uint64_t length;

    (void)state;
    while (at < size - TAR_END) {
        assert_true(tar_header_parse(file + at, name, &length));
        for (unsigned i = 0; i < sizeof fields / sizeof fields[0]; i++)
            expect_located(file, size, at + fields[i], 0x04);
        at += TAR_BLOCK + length;
        if (length % TAR_BLOCK) {
            expect_located(file, size, at, 0x80);
            at += TAR_BLOCK - length % TAR_BLOCK;
            expect_located(file, size, at - 1, 0x01);
        }
    }
    for (; at < size; at += 73)
        expect_located(file, size, at, 0x20);
    free(file);
}

static void a_flip_in_any_text_is_found_there_and_only_there(void **state)
{
    static const char *const texts[] = {
        "000-README.txt",
        "recover.py",
        "spec/archive.md",
        "source/muniment.tar",
        "machine.yaml",
        "description.yaml",
        "firmware/system.bin",
        "firmware/video.bin",
        "disk/fd0/00000000.map",
        "disk/fd0.top",
        "content.txt",
        "SHA256SUMS",
        "seal.txt",
        "evidence/00000000/key.pub",
        "evidence/00000000/statement.sig",
        "evidence/00000000/statement.txt",
    };
    size_t size, length;
    uint8_t *file = read_file(sample_path(&sample, "small.mun"), &size);

    (void)state;
    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        size_t at = find_member(file, size, texts[i], &length), step = length / 100 + 1;

        for (size_t offset = i % step; offset < length; offset += step)
            expect_located(file, size, at + offset, (uint8_t)(1u << offset % 8));
        expect_located(file, size, at + length - 1, 0x02);
    }
    free(file);
}

static void a_flip_anywhere_in_an_extent_is_found_in_its_chunk(void **state)
{
    size_t size, length, map_length;
    uint8_t *file = read_file(sample_path(&sample, "small.mun"), &size);
    size_t gz = find_member(file, size, "disk/fd0/00000000.gz", &length);
    size_t map = find_member(file, size, "disk/fd0/00000000.map", &map_length);

    (void)state;
    for (uint32_t chunk = 0; chunk < 6; chunk++) {
        struct map_entry entry;
        char place[128];

        assert_true(map_line_parse((char *)file + map + chunk * MAP_LINE, chunk, false, &entry));
        snprintf(place, sizeof place, "chunk %u of extent 0 of disk/fd0, sectors %u-%u", chunk, chunk * 128,
                 chunk == 5 ? 719 : chunk * 128 + 127);
        for (uint32_t at = 0; at < entry.length; at += at < 20 || at + 12 > entry.length ? 1 : 1 + entry.length / 50) {
            expect_located(file, size, gz + entry.offset + at, (uint8_t)(1u << at % 8));
            file[gz + entry.offset + at] ^= 0x40;
            write_sample("flip.mun", file, size);
            file[gz + entry.offset + at] ^= 0x40;
            assert_string_equal(verify("flip.mun")->findings[0].place, place);
        }
    }
    free(file);
}

/* The five bits after the header of a stored block mean nothing to DEFLATE. */
static void bits_that_decoding_ignores_are_found_in_their_chunk(void **state)
{
    size_t size, length;
    uint8_t *file = read_file(sample_path(&sample, "small.mun"), &size);
    size_t gz = find_member(file, size, "disk/fd0/00000000.gz", &length);
    size_t map = find_member(file, size, "disk/fd0/00000000.map", &length);
    struct map_entry entry;
    struct outcome *o;

    (void)state;
    assert_true(map_line_parse((char *)file + map + 2 * MAP_LINE, 2, false, &entry));
    assert_int_equal(entry.length, CHUNK_GZ_MAX);
    file[gz + entry.offset + 10] ^= 0x20;
    write_sample("flip.mun", file, size);
    o = verify("flip.mun");
    assert_int_equal(o->count, 1);
    assert_non_null(strstr(o->findings[0].place, "chunk 2 of extent 0"));
    assert_non_null(strstr(o->findings[0].what, "compressed otherwise"));
    free(file);
}

static void all_damage_is_reported_not_only_the_first(void **state)
{
    static const char *const places[] = {
        "recover.py",           "source/muniment.tar",  "firmware/video.bin", "disk/fd0/00000000.gz",
        "disk/hd0/00000001.gz", "disk/hd0/00000002.gz", "SHA256SUMS",
    };
    size_t size, length;
    uint8_t *file = read_file(sample_path(&sample, "whole.mun"), &size);
    struct outcome *o;

    (void)state;
    for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++) {
        size_t at = find_member(file, size, places[i], &length);

        file[at + length / 2] ^= 1;
    }
    file[find_member(file, size, "machine.yaml", &length) - 200] ^= 1; /* and a header */
    write_sample("flip.mun", file, size);
    o = verify("flip.mun");
    assert_int_equal(o->result.verdict, VERDICT_DAMAGED);
    for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++) {
        bool found = false;

        for (unsigned j = 0; j < o->count; j++)
            found = found || strcmp(o->findings[j].member, places[i]) == 0;
        if (!found)
            fail_msg("%s was not found", places[i]);
    }
    assert_int_equal(o->count, sizeof places / sizeof places[0] + 1);
    free(file);
}

/* Then nobody knows where the chunks are; the rest of the archive is checked all the same. */
static void an_extent_and_its_map_may_both_be_damaged(void **state)
{
    size_t size, length;
    uint8_t *file = read_file(sample_path(&sample, "small.mun"), &size);
    size_t gz = find_member(file, size, "disk/fd0/00000000.gz", &length);
    size_t map = find_member(file, size, "disk/fd0/00000000.map", &length);
    struct outcome *o;

    (void)state;
    file[gz] ^= 1;
    for (uint32_t line = 0; line < 6; line++)
        file[map + line * MAP_LINE + 9] ^= 0x40;
    file[find_member(file, size, "disk/fd0.top", &length)] ^= 1;
    write_sample("flip.mun", file, size);
    o = verify("flip.mun");
    assert_int_equal(o->count, 3);
    assert_string_equal(o->findings[0].member, "disk/fd0/00000000.gz");
    assert_string_equal(o->findings[1].member, "disk/fd0/00000000.map");
    assert_string_equal(o->findings[2].member, "disk/fd0.top");
    free(file);
}

static void every_truncation_is_damage_and_what_is_left_is_still_checked(void **state)
{
    size_t size, length;
    uint8_t *file = read_file(sample_path(&sample, "small.mun"), &size);
    size_t damage = find_member(file, size, "firmware/system.bin", &length);
    struct outcome *o;

    (void)state;
    for (size_t cut = TAR_BLOCK; cut < size; cut += TAR_BLOCK) {
        write_sample("cut.mun", file, cut);
        o = verify("cut.mun");
        assert_true(o->good);
        assert_int_equal(o->result.verdict, VERDICT_DAMAGED);
        assert_true(o->result.findings > 0);
    }
    file[damage] ^= 1;
    write_sample("cut.mun", file, size - TAR_BLOCK);
    o = verify("cut.mun");
    assert_string_equal(o->findings[o->count - 1].member, "firmware/system.bin");
    write_sample("cut.mun", file, 0);
    o = verify("cut.mun");
    assert_false(o->good);
    assert_int_equal(o->error.status, STATUS_INPUT);
    free(file);
}

static void something_behind_the_end_is_damage(void **state)
{
    size_t size;
    uint8_t *file = read_file(sample_path(&sample, "small.mun"), &size);
    struct outcome *o;

    (void)state;
    file = realloc(file, size + 10240);
    memset(file + size, 0, 10240);
    write_sample("long.mun", file, size + 10240);
    o = verify("long.mun");
    assert_int_equal(o->count, 1);
    assert_string_equal(o->findings[0].member, "end of archive");
    assert_int_equal(o->findings[0].offset, size);
    free(file);
}

static void what_is_no_archive_is_refused(void **state)
{
    struct outcome *o = verify("fd0.raw");

    (void)state;
    assert_false(o->good);
    assert_int_equal(o->error.status, STATUS_INPUT);
    o = verify("nonexistent");
    assert_false(o->good);
    assert_int_equal(o->error.status, STATUS_INPUT);
    o = verify("");
    assert_false(o->good);
}

/* --- Signed by whoever made it up --- */

static void forge_and_expect(struct forged *f, const struct seal *seal, const char *member, const char *what)
{
    struct outcome *o;
    bool found = false;

    forge_write(f, &sample, seal, "forged.mun");
    o = verify("forged.mun");
    assert_true(o->good);
    assert_int_equal(o->result.verdict, VERDICT_DAMAGED);
    for (unsigned i = 0; i < o->count; i++)
        found = found || (strcmp(o->findings[i].member, member) == 0 && strstr(o->findings[i].what, what));
    if (!found)
        fail_msg("%s %s was not found, but %s %s", member, what, o->findings[0].member, o->findings[0].what);
    forge_free(f);
    forge_load(f, sample_path(&sample, "small.mun"));
}

static void a_member_twice_or_out_of_place_or_unknown_is_damage(void **state)
{
    struct forged f;
    struct seal seal;

    (void)state;
    sample_read_seal(sample_path(&sample, "small.mun"), &seal);
    forge_load(&f, sample_path(&sample, "small.mun"));
    forge_write(&f, &sample, &seal, "forged.mun");
    assert_int_equal(verify("forged.mun")->count, 0);
    forge_insert(&f, 2, "recover.py", "x", 1);
    forge_and_expect(&f, &seal, "recover.py", "twice");
    forge_insert(&f, f.count, "disk/fd0.top", "x", 1);
    forge_and_expect(&f, &seal, "disk/fd0.top", "out of place");
    forge_insert(&f, 1, "spec/zz.md", "x", 1);
    forge_and_expect(&f, &seal, "recover.py", "out of place");
    forge_insert(&f, 2, "spec/../../etc/passwd", "x", 1);
    forge_and_expect(&f, &seal, "spec/../../etc/passwd", "not a member");
    forge_insert(&f, 2, "/etc/passwd", "x", 1);
    forge_and_expect(&f, &seal, "/etc/passwd", "not a member");
    forge_insert(&f, f.count, "disk/fd1/00000000.gz", "x", 1);
    forge_and_expect(&f, &seal, "disk/fd1/00000000.gz", "");
    forge_free(&f);
    seal_free(&seal);
}

/* Digests and signature fit in all of these. */
static void a_signed_archive_that_contradicts_itself_is_damage(void **state)
{
    struct forged_member *m;
    struct forged f;
    struct seal seal;
    uint8_t digest[32];
    char hex[65];

    (void)state;
    sample_read_seal(sample_path(&sample, "small.mun"), &seal);
    forge_load(&f, sample_path(&sample, "small.mun"));
    m = forge_find(&f, "disk/fd0.top");
    m->bytes[140] = m->bytes[140] == '0' ? '1' : '0';
    forge_and_expect(&f, &seal, "disk/fd0.top", "");
    m = forge_find(&f, "disk/fd0/00000000.map");
    m->bytes[MAP_LINE - 10] = m->bytes[MAP_LINE - 10] == '0' ? '1' : '0'; /* the top knows better */
    forge_and_expect(&f, &seal, "disk/fd0/00000000.map", "");
    m = forge_find(&f, "disk/fd0/00000000.map");
    m->bytes[MAP_LINE - 10] = m->bytes[MAP_LINE - 10] == '0' ? '1' : '0';
    sha256(m->bytes, m->size, digest);
    hex_encode(digest, hex);
    memcpy(forge_find(&f, "disk/fd0.top")->bytes + 37, hex, 64); /* the top agrees; the chunk does not */
    forge_and_expect(&f, &seal, "disk/fd0/00000000.gz", "does not match its digest");
    seal.disks[DRIVE_FD0].root[5] ^= 1;
    forge_and_expect(&f, &seal, "disk/fd0", "whose root stands in seal.txt");
    seal.disks[DRIVE_FD0].root[5] ^= 1;
    seal.disks[DRIVE_FD0].size -= 512; /* the last chunk is longer than the disk */
    forge_and_expect(&f, &seal, "disk/fd0/00000000.gz", "length");
    seal.disks[DRIVE_FD0].size += 512;
    forge_set(&f, "disk/fd0.unreadable", "000000000000720 000000000000001\n", 32);
    forge_and_expect(&f, &seal, "archive", "unreadable");
    m = forge_find(&f, "machine.yaml");
    m->bytes[m->size - 2] = 'x';
    forge_and_expect(&f, &seal, "archive", "machine.yaml");
    forge_free(&f);
    seal_free(&seal);
}

static void a_signature_that_does_not_fit_is_no_damage_of_the_rest(void **state)
{
    size_t size, length;
    uint8_t *file = read_file(sample_path(&sample, "small.mun"), &size);
    struct outcome *o;

    (void)state;
    file[find_member(file, size, "evidence/00000000/statement.sig", &length) + 7] ^= 1;
    write_sample("flip.mun", file, size);
    o = verify_with("flip.mun", "key.pub", false);
    assert_int_equal(o->result.verdict, VERDICT_BAD_SIGNATURE);
    assert_int_equal(o->count, 1);
    assert_string_equal(o->findings[0].member, "evidence/00000000/statement.sig");
    o = verify_with("flip.mun", "key.pub", true);
    assert_int_equal(o->count, 0);
    assert_int_not_equal(o->result.verdict, VERDICT_DAMAGED);
    free(file);
}

static bool stop(void *context, uint64_t done, uint64_t total)
{
    (void)context, (void)done, (void)total;
    return false;
}

static void a_verification_can_be_cancelled(void **state)
{
    struct verify_request request = {.path = sample_path(&sample, "whole.mun"), .progress = stop};
    struct verify_result result;
    struct error error;

    (void)state;
    assert_false(archive_verify(&request, &result, &error));
    assert_int_equal(error.status, STATUS_HOST);
}

/* What stands in the file when it has been read is somebody else's archive, as sound as the one that was verified. */
static bool replace(void *context, uint64_t done, uint64_t total)
{
    size_t size;
    uint8_t *other = read_file(sample_path(&sample, "other.mun"), &size);

    (void)context, (void)done;
    assert_int_equal(size, total);
    write_sample("changing.mun", other, size);
    free(other);
    return true;
}

static void an_archive_that_is_changed_in_its_place_is_not_the_one_that_was_verified(void **state)
{
    struct seal_request request = sample_request(&sample, "machine.yaml", "other.mun");
    struct archive *archive = NULL;
    struct verify_request wanted = {
        .path = sample_path(&sample, "changing.mun"), .progress = replace, .archive = &archive};
    struct verify_result result;
    struct error error;
    hex_digest root;
    size_t size;
    uint8_t *file;

    (void)state;
    request.key_path = sample_path(&sample, "other");
    assert_true(archive_seal(&request, root, &error));
    file = read_file(sample_path(&sample, "small.mun"), &size);
    write_sample("changing.mun", file, size);
    free(file);
    assert_true(archive_verify(&wanted, &result, &error));
    assert_int_equal(result.verdict, VERDICT_DAMAGED);
    assert_null(archive);
    wanted.progress = NULL;
    assert_true(archive_verify(&wanted, &result, &error));
    assert_int_equal(result.verdict, VERDICT_UNKNOWN_SIGNER);
    assert_string_equal(archive_signature(archive)->signer, result.signer);
    archive_close(archive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_intact_archive_has_no_findings_and_trust_comes_from_outside),
        cmocka_unit_test(a_flip_in_any_field_of_any_header_and_padding_is_found_there_and_only_there),
        cmocka_unit_test(a_flip_in_any_text_is_found_there_and_only_there),
        cmocka_unit_test(a_flip_anywhere_in_an_extent_is_found_in_its_chunk),
        cmocka_unit_test(bits_that_decoding_ignores_are_found_in_their_chunk),
        cmocka_unit_test(all_damage_is_reported_not_only_the_first),
        cmocka_unit_test(an_extent_and_its_map_may_both_be_damaged),
        cmocka_unit_test(every_truncation_is_damage_and_what_is_left_is_still_checked),
        cmocka_unit_test(something_behind_the_end_is_damage),
        cmocka_unit_test(what_is_no_archive_is_refused),
        cmocka_unit_test(a_member_twice_or_out_of_place_or_unknown_is_damage),
        cmocka_unit_test(a_signed_archive_that_contradicts_itself_is_damage),
        cmocka_unit_test(a_signature_that_does_not_fit_is_no_damage_of_the_rest),
        cmocka_unit_test(a_verification_can_be_cancelled),
        cmocka_unit_test(an_archive_that_is_changed_in_its_place_is_not_the_one_that_was_verified),
    };
    int failed;

    sample_make(&sample);
    sample_seal(&sample, "machine.yaml", "small.mun");
    sample_seal(&sample, "whole.yaml", "whole.mun");
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    sample_remove(&sample);
    return failed;
}
