/* test_archive_seal.c - facts about sealing: what is written, that it is a function of what is sealed, that it can be
 * had back without Muniment, and that a sealing that fails leaves nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "archive_sample.h"

static struct sample sample;

/* */
static void same_input_gives_same_bytes(void **state)
{
    size_t first_size, second_size;
    uint8_t *first, *second;

    (void)state;
    sample_seal(&sample, "whole.yaml", "one.mun");
    sample_seal(&sample, "whole.yaml", "two.mun");
    first = read_file(sample_path(&sample, "one.mun"), &first_size);
    second = read_file(sample_path(&sample, "two.mun"), &second_size);
    assert_int_equal(first_size, second_size);
    assert_memory_equal(first, second, first_size);
    free(first);
    free(second);
}

/* libarchive is the foreign reader. */
static void a_foreign_reader_lists_the_members_in_order(void **state)
{
    static const char *const expected[] = {
        "000-README.txt",
        "recover.py",
        "spec/archive.md",
        "source/muniment.tar",
        "machine.yaml",
        "description.yaml",
        "firmware/system.bin",
        "firmware/video.bin",
        "disk/fd0/00000000.gz",
        "disk/fd0/00000000.map",
        "disk/fd0.top",
        "disk/fd0.unreadable",
        "disk/hd0/00000001.gz",
        "disk/hd0/00000001.map",
        "disk/hd0/00000002.gz",
        "disk/hd0/00000002.map",
        "disk/hd0.top",
        "disk/hd0.unreadable",
        "content.txt",
        "SHA256SUMS",
        "seal.txt",
        "evidence/00000000/key.pub",
        "evidence/00000000/statement.sig",
        "evidence/00000000/statement.txt",
    };
    struct archive *reader = archive_read_new();
    struct archive_entry *entry;
    unsigned count = 0;

    (void)state;
    archive_read_support_format_tar(reader);
    assert_int_equal(archive_read_open_filename(reader, sample_path(&sample, "one.mun"), 65536), ARCHIVE_OK);
    while (archive_read_next_header(reader, &entry) == ARCHIVE_OK) {
        assert_true(count < sizeof expected / sizeof expected[0]);
        assert_string_equal(archive_entry_pathname(entry), expected[count++]);
        assert_int_equal(archive_entry_mtime(entry), 0);
        assert_int_equal(archive_entry_mode(entry), AE_IFREG | 0644);
    }
    assert_int_equal(count, sizeof expected / sizeof expected[0]);
    assert_int_equal(archive_format(reader), ARCHIVE_FORMAT_TAR_USTAR);
    archive_read_free(reader);
}

static void an_incompressible_chunk_is_stored_and_stays_below_its_bound(void **state)
{
    struct chunk_encoder *encoder = chunk_encoder_new();
    struct chunk_decoder *decoder = chunk_decoder_new();
    static uint8_t noise[CHUNK_SIZE], gz[CHUNK_GZ_MAX], again[CHUNK_SIZE];
    uint32_t length, size, used;

    (void)state;
    fill_noise(noise, sizeof noise, 9);
    length = chunk_encode(encoder, noise, CHUNK_SIZE, gz);
    assert_int_equal(length, CHUNK_GZ_MAX);
    assert_null(chunk_decode(decoder, gz, length, again, &size, &used));
    assert_int_equal(size, CHUNK_SIZE);
    assert_int_equal(used, length);
    assert_memory_equal(noise, again, CHUNK_SIZE);
    for (uint32_t part = 512; part < 6000; part += 512) {
        length = chunk_encode(encoder, noise, part, gz);
        assert_int_equal(length, 10 + 5 + part + 8);
        assert_null(chunk_decode(decoder, gz, length, again, &size, &used));
        assert_int_equal(size, part);
        assert_non_null(chunk_decode(decoder, gz, length - 1, again, &size, &used));
    }
    memset(noise, 0, sizeof noise);
    assert_true(chunk_encode(encoder, noise, CHUNK_SIZE, gz) < 200);
    chunk_encoder_free(encoder);
    chunk_decoder_free(decoder);
}

/* RFC 9162, 2.1.1, written as it is defined. */
static void root_by_definition(const uint8_t (*digests)[DIGEST_SIZE], unsigned n, uint8_t root[DIGEST_SIZE])
{
    uint8_t input[65];
    unsigned k = 1;

    if (n == 1) {
        input[0] = 0;
        memcpy(input + 1, digests[0], 32);
        sha256(input, 33, root);
        return;
    }
    while (k * 2 < n)
        k *= 2;
    input[0] = 1;
    root_by_definition(digests, k, input + 1);
    root_by_definition(digests + k, n - k, input + 33);
    sha256(input, 65, root);
}

static void the_tree_has_the_shape_of_rfc_9162(void **state)
{
    static uint8_t digests[40][DIGEST_SIZE];
    uint8_t root[DIGEST_SIZE], expected[DIGEST_SIZE];
    struct tree tree = {.count = 0};

    (void)state;
    for (unsigned n = 1; n <= 40; n++) {
        fill_noise(digests[n - 1], DIGEST_SIZE, n);
        tree_add_chunk(&tree, digests[n - 1]);
        tree_root(&tree, root);
        root_by_definition((const uint8_t(*)[DIGEST_SIZE])digests, n, expected);
        assert_memory_equal(root, expected, DIGEST_SIZE);
    }
}

static void assert_same_image(const char *restored, const char *original)
{
    size_t size, expected_size;
    uint8_t *bytes = read_file(sample_path(&sample, restored), &size);
    uint8_t *expected = read_file(sample_path(&sample, original), &expected_size);

    assert_int_equal(size, expected_size);
    assert_memory_equal(bytes, expected, expected_size);
    free(bytes);
    free(expected);
}

/* The commands of the README are those lines that begin with four spaces. */
/* hd0.raw ends within a sector. */
static void the_commands_of_the_readme_restore_the_disks(void **state)
{
    char command[512];

    (void)state;
    snprintf(
        command, sizeof command,
        "cd '%s' && tar -xOf one.mun 000-README.txt | sed -n 's/^    //p' >commands && mkdir by-hand && cd by-hand && "
        "FILE=../one.mun sh -eux ../commands >../log 2>&1",
        sample.folder);
    assert_int_equal(system(command), 0);
    assert_same_image("by-hand/fd0.img", "fd0.raw");
    assert_same_image("by-hand/hd0.img", "hd0.raw");
}

/* For a copy that is damaged, they must not succeed. */
static void the_commands_of_the_readme_find_damage(void **state)
{
    char command[512];
    size_t size;
    uint8_t *file = read_file(sample_path(&sample, "one.mun"), &size);

    (void)state;
    file[size / 2] ^= 1;
    write_file(sample_path(&sample, "damaged.mun"), file, size);
    free(file);
    snprintf(command, sizeof command,
             "cd '%s' && mkdir bad && cd bad && FILE=../damaged.mun sh -eux ../commands >../log 2>&1", sample.folder);
    assert_int_not_equal(system(command), 0);
}

static void recover_py_restores_everything(void **state)
{
    char command[512];

    (void)state;
    if (access("archive/recover.py", R_OK) != 0)
        skip();
    snprintf(command, sizeof command, "python3 archive/recover.py '%s/one.mun' '%s/by-python' >'%s/log' 2>&1",
             sample.folder, sample.folder, sample.folder);
    assert_int_equal(system(command), 0);
    assert_same_image("by-python/fd0.img", "fd0.raw");
    assert_same_image("by-python/hd0.img", "hd0.raw");
    snprintf(command, sizeof command, "python3 archive/recover.py '%s/damaged.mun' '%s/bad-python' >'%s/log' 2>&1",
             sample.folder, sample.folder, sample.folder);
    assert_int_equal(WEXITSTATUS(system(command)), 1);
}

static void the_machine_root_is_the_digest_of_the_lines_above_it(void **state)
{
    struct seal_request request = sample_request(&sample, "whole.yaml", "two.mun");
    struct error error;
    hex_digest root;
    char command[512];

    (void)state;
    assert_true(archive_seal(&request, root, &error));
    snprintf(command, sizeof command,
             "test \"$(tar -xOf '%s/two.mun' content.txt | sed '/^machine-root: /,$d' | sha256sum)\" = '%s  -'",
             sample.folder, root);
    assert_int_equal(system(command), 0);
}

static void description_and_key_do_not_change_the_machine_root(void **state)
{
    static const char description[] = "muniment: description 0\ntitle: Another title\n";
    struct seal_request request = sample_request(&sample, "machine.yaml", "two.mun");
    struct error error;
    hex_digest first, second;

    (void)state;
    assert_true(archive_seal(&request, first, &error));
    write_file(sample_path(&sample, "description.yaml"), description, sizeof description - 1);
    request = sample_request(&sample, "machine.yaml", "two.mun");
    request.description_path = sample_path(&sample, "description.yaml");
    request.key_path = sample_path(&sample, "other");
    assert_true(archive_seal(&request, second, &error));
    assert_string_equal(first, second);
}

/* --- Failures --- */

/* The names in the folder that sealing could have left. */
static unsigned count_outputs(void)
{
    DIR *folder = opendir(sample.folder);
    struct dirent *entry;
    unsigned count = 0;

    while ((entry = readdir(folder)))
        count += strstr(entry->d_name, "failed.mun") != NULL;
    closedir(folder);
    return count;
}

static void expect_failure(const struct seal_request *request, enum status status, const char *part)
{
    struct error error = {.status = STATUS_OK};
    hex_digest root;

    assert_false(archive_seal(request, root, &error));
    assert_int_equal(error.status, status);
    if (!strstr(error.what, part) && !strstr(error.object, part))
        fail_msg("%s: %s (%s)", error.object, error.what, error.place);
    assert_int_equal(count_outputs(), 0);
}

static void expect_manifest_failure(const char *text, const char *part)
{
    struct seal_request request = sample_request(&sample, "bad.yaml", "failed.mun");

    write_file(sample_path(&sample, "bad.yaml"), text, strlen(text));
    request = sample_request(&sample, "bad.yaml", "failed.mun");
    expect_failure(&request, STATUS_INPUT, part);
}

static void wrong_input_is_refused_and_nothing_is_written(void **state)
{
    struct seal_request request;
    static char drives[600];
    struct sealed_file files[4];

    (void)state;
    expect_manifest_failure(SAMPLE_MACHINE("  fd0:\n    kind: floppy 360K\n    image: absent.raw\n"), "absent.raw");
    expect_manifest_failure(SAMPLE_MACHINE("  fd0:\n    kind: floppy 360K\n    image: ../fd0.raw\n"), "bad.yaml");
    expect_manifest_failure(SAMPLE_MACHINE("  fd0:\n    kind: floppy 360K\n    image: /etc/passwd\n"), "bad.yaml");
    expect_manifest_failure(SAMPLE_MACHINE("  hd0:\n    kind: disk\n    image: fd0.raw\n    geometry: 100/16/63\n"),
                            "needs 100800");
    snprintf(drives, sizeof drives, "%s", SAMPLE_MACHINE(SAMPLE_FD0));
    memcpy(strstr(drives, "system: built-in 0\n"), "system: built-in 7\n", 19);
    expect_manifest_failure(drives, "bad.yaml");
    request = sample_request(&sample, "machine.yaml", "failed.mun");
    request.key_path = sample_path(&sample, "key.pub");
    expect_failure(&request, STATUS_INPUT, "key.pub");
    request = sample_request(&sample, "machine.yaml", "failed.mun");
    memcpy(files, sample.files, sizeof sample.files);
    files[3] = (struct sealed_file){.name = "docs/../evil", .bytes = (const uint8_t *)"x", .size = 1};
    request.files = files;
    request.file_count = 4;
    expect_failure(&request, STATUS_INPUT, "docs/../evil");
    files[3].name = "recover.py";
    expect_failure(&request, STATUS_INPUT, "twice");
    request.file_count = 2;
    expect_failure(&request, STATUS_INPUT, "no recover.py");
}

static void firmware_with_another_digest_is_refused_with_both_digests(void **state)
{
    static const char wanted[] = "00000000000000000000000000000000000000000000000000000000000000aa";
    static char text[1200];
    uint8_t digest[32];
    char hex[65];

    (void)state;
    write_file(sample_path(&sample, "rom.bin"), "rom", 3);
    sha256("rom", 3, digest);
    hex_encode(digest, hex);
    snprintf(text, sizeof text,
             "muniment: machine 0\nmachine: pc-isa\ncpu:\n  model: i486\n  speed: 25 MIPS\nmemory: 16 MiB\nfirmware:\n"
             "  system:\n    file: rom.bin\n    sha256: %s\n  video: built-in 0\nclock: "
             "1995-01-01T00:00:00\ndrives:\n" SAMPLE_FD0 "boot:\n  - floppy\nports:\n  - com1\ndisplay: vga\n",
             wanted);
    expect_manifest_failure(text, wanted);
    expect_manifest_failure(text, hex);
    memcpy(strstr(text, wanted), hex, 64);
    write_file(sample_path(&sample, "rom.yaml"), text, strlen(text));
    sample_seal(&sample, "rom.yaml", "two.mun");
}

static void what_is_sealed_cannot_be_the_output(void **state)
{
    struct seal_request request = sample_request(&sample, "machine.yaml", "fd0.raw");
    struct error error;
    hex_digest root;

    (void)state;
    assert_false(archive_seal(&request, root, &error));
    assert_int_equal(error.status, STATUS_INPUT);
    assert_non_null(strstr(error.object, "fd0.raw"));
}

static bool cancel_later(void *context, uint64_t done, uint64_t total)
{
    (void)total;
    return done < *(const uint64_t *)context;
}

static void a_cancelled_sealing_leaves_nothing(void **state)
{
    struct seal_request request = sample_request(&sample, "whole.yaml", "failed.mun");
    uint64_t limit;

    (void)state;
    request.progress = cancel_later;
    request.progress_context = &limit;
    for (limit = 1; limit < 500000; limit += 100000)
        expect_failure(&request, STATUS_HOST, "cancelled");
}

static void a_full_disk_leaves_nothing_and_the_old_file_as_it_was(void **state)
{
    struct seal_request request = sample_request(&sample, "whole.yaml", "failed.mun");
    struct rlimit old, small;
    struct error error;
    hex_digest root;
    size_t size;
    uint8_t *bytes;

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    small = old;
    for (rlim_t limit = 0; limit < 200000; limit += 40000) {
        small.rlim_cur = limit;
        setrlimit(RLIMIT_FSIZE, &small);
        expect_failure(&request, STATUS_HOST, "cannot write");
    }
    setrlimit(RLIMIT_FSIZE, &old);
    write_file(sample_path(&sample, "kept"), "old", 3);
    request.output_path = sample_path(&sample, "kept");
    setrlimit(RLIMIT_FSIZE, &small);
    assert_false(archive_seal(&request, root, &error));
    setrlimit(RLIMIT_FSIZE, &old);
    bytes = read_file(sample_path(&sample, "kept"), &size);
    assert_int_equal(size, 3);
    free(bytes);
}

/* In a child, since root may write anywhere. */
static void a_missing_permission_is_a_failure_of_the_host(void **state)
{
    struct seal_request request = sample_request(&sample, "machine.yaml", "failed.mun");
    struct error error;
    hex_digest root;
    int status;
    pid_t child;

    (void)state;
    assert_int_equal(chmod(sample_path(&sample, "key"), 0644), 0);
    assert_int_equal(chmod(sample.folder, 0555), 0);
    child = fork();
    if (child == 0) {
        if (geteuid() == 0 && setuid(65534) != 0)
            _exit(99);
        _exit(archive_seal(&request, root, &error) ? 98 : (int)error.status);
    }
    waitpid(child, &status, 0);
    chmod(sample.folder, 0755);
    assert_int_equal(WEXITSTATUS(status), STATUS_HOST);
    assert_int_equal(count_outputs(), 0);
    request = sample_request(&sample, "machine.yaml", "no-folder/failed.mun");
    expect_failure(&request, STATUS_HOST, "no-folder");
}

static void a_new_key_is_private_and_replaces_nothing(void **state)
{
    struct error error;
    struct stat status;

    (void)state;
    assert_true(key_new(sample_path(&sample, "third"), false, &error));
    stat(sample_path(&sample, "third"), &status);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_false(key_new(sample_path(&sample, "third"), false, &error));
    assert_int_equal(error.status, STATUS_INPUT);
    unlink(sample_path(&sample, "third"));
    assert_false(key_new(sample_path(&sample, "third"), false, &error)); /* third.pub is there */
    assert_int_not_equal(access(sample_path(&sample, "third"), F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_input_gives_same_bytes),
        cmocka_unit_test(a_foreign_reader_lists_the_members_in_order),
        cmocka_unit_test(an_incompressible_chunk_is_stored_and_stays_below_its_bound),
        cmocka_unit_test(the_tree_has_the_shape_of_rfc_9162),
        cmocka_unit_test(the_commands_of_the_readme_restore_the_disks),
        cmocka_unit_test(the_commands_of_the_readme_find_damage),
        cmocka_unit_test(recover_py_restores_everything),
        cmocka_unit_test(the_machine_root_is_the_digest_of_the_lines_above_it),
        cmocka_unit_test(description_and_key_do_not_change_the_machine_root),
        cmocka_unit_test(wrong_input_is_refused_and_nothing_is_written),
        cmocka_unit_test(firmware_with_another_digest_is_refused_with_both_digests),
        cmocka_unit_test(what_is_sealed_cannot_be_the_output),
        cmocka_unit_test(a_cancelled_sealing_leaves_nothing),
        cmocka_unit_test(a_full_disk_leaves_nothing_and_the_old_file_as_it_was),
        cmocka_unit_test(a_missing_permission_is_a_failure_of_the_host),
        cmocka_unit_test(a_new_key_is_private_and_replaces_nothing),
    };
    int failed;

    sample_make(&sample);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    sample_remove(&sample);
    return failed;
}
