/* test_journal.c - facts about journals: their bytes, what is read from them, what is refused; and about overlays of
 * processes that were forked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/wait.h>
#include <unistd.h>

#include "archive/layout.h"
#include "verify/runs/journal_line.h"

#define ROOT "233f9ade29754d106f20279febd2d5536d245c3def9ceabd38ab8220392ee810"

/* Every kind of line. The tags are sha256sum's. */
static const char sample[] = "muniment-journal: 0 4ea38bc0\n"
                             "machine: 0 f97fcd90\n"
                             "machine-root: " ROOT " ee4423bd\n"
                             "parts: machine cpu ram TAG\n"
                             "medium: fd0 floppy " ROOT " TAG\n"
                             "medium: hd1 disk " ROOT " TAG\n"
                             "medium: hd2 cdrom " ROOT " TAG\n"
                             "0 digest " ROOT " 0123456ab TAG\n"
                             "25000 key 9d down TAG\n"
                             "25000 key 9d up TAG\n"
                             "25001 pointer -32767 32767 -1 5 TAG\n"
                             "25002 serial 1 00ff41 TAG\n"
                             "25003 medium fd0 none TAG\n"
                             "25003 medium hd2 " ROOT " TAG\n"
                             "25003 position 0 65535 -32767 7 TAG\n"
                             "25003 clipboard 6100ff TAG\n"
                             "25004 line-in " ROOT " TAG\n"
                             "25005 line-in none TAG\n"
                             "4611686018427387904 power off TAG\n";

/* A text with the right tags instead of TAG. */
static void tagged(struct text *t, const char *source)
{
    char tag[9] = "", next[9];

    *t = (struct text){.bytes = NULL};
    for (const char *line = source; *line; line = strchr(line, '\n') + 1) {
        const char *end = strchr(line, '\n');
        while (*end != ' ')
            end--;
        journal_tag(tag, line, (size_t)(end - line), next);
        memcpy(tag, next, sizeof(tag));
        text_add(t, line, (size_t)(end - line));
        text_print(t, " %s\n", tag);
    }
    assert_false(t->failed);
}

static void what_is_written_is_laid_down(void **state)
{
    struct journal_header header = {.machine_root = ROOT, .parts = "machine cpu ram", .part_count = 3};
    struct journal_state s = {.parts = "0123456ab"};
    struct text expected, written = {.bytes = NULL};
    struct journal_writer w;
    struct error error;

    (void)state;
    tagged(&expected, sample);
    assert_memory_equal(expected.bytes, sample, strlen("muniment-journal: 0 4ea38bc0\nmachine: 0 f97fcd90\n"));
    hex_decode(ROOT, s.digest);
    header.media[DRIVE_FD0].kind = DRIVE_FLOPPY;
    header.media[DRIVE_HD1].kind = DRIVE_DISK;
    header.media[DRIVE_HD2].kind = DRIVE_CDROM;
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++)
        hex_decode(ROOT, header.media[slot].sha256);
    journal_create_in_memory(&w, &written, &header);
    assert_true(journal_write_digest(&w, 0, &s));
    assert_true(journal_write_key(&w, 25000, 0x9D, true));
    assert_true(journal_write_key(&w, 25000, 0x9D, false));
    assert_true(journal_write_pointer(&w, 25001, -32767, 32767, -1, 5));
    assert_true(journal_write_serial(&w, 25002, 1, (const uint8_t *)"\0\377A", 3));
    assert_true(journal_write_medium(&w, 25003, DRIVE_FD0, NULL));
    assert_true(journal_write_medium(&w, 25003, DRIVE_HD2, ROOT));
    assert_true(journal_write_position(&w, 25003, 0, 65535, -32767, 7));
    assert_true(journal_write_clipboard(&w, 25003, (const uint8_t *)"a\0\377", 3));
    assert_true(journal_write_line_in(&w, 25004, ROOT));
    assert_true(journal_write_line_in(&w, 25005, NULL));
    assert_true(journal_write_power_off(&w, JOURNAL_TICK_LIMIT));
    assert_true(journal_close(&w, &error));
    assert_string_equal(written.bytes, expected.bytes);
    text_free(&expected);
    text_free(&written);
}

static void what_is_written_is_read(void **state)
{
    struct journal j;
    struct error error;
    struct text t;

    (void)state;
    tagged(&t, sample);
    assert_true(journal_parse(t.bytes, t.length, "j", &j, &error));
    assert_true(j.ended);
    assert_false(j.torn);
    assert_int_equal(j.header.part_count, 3);
    assert_int_equal(j.header.media[DRIVE_HD2].kind, DRIVE_CDROM);
    assert_int_equal(j.header.media[DRIVE_HD0].kind, DRIVE_ABSENT);
    assert_int_equal(j.count, 12);
    assert_int_equal(journal_end(&j), JOURNAL_TICK_LIMIT);
    assert_memory_equal(j.entries[0].digest.parts, "0123456ab", 9);
    assert_int_equal(j.entries[1].line, 9);
    assert_int_equal(j.entries[1].key.code, 0x9D);
    assert_true(j.entries[1].key.down);
    assert_int_equal(j.entries[3].pointer.dx, -32767);
    assert_int_equal(j.entries[3].pointer.wheel, -1);
    assert_int_equal(j.entries[4].serial.count, 3);
    assert_memory_equal(j.entries[4].serial.bytes, "\0\377A", 3);
    assert_false(j.entries[5].medium.present);
    assert_true(j.entries[6].medium.present);
    assert_int_equal(j.entries[6].medium.slot, DRIVE_HD2);
    assert_int_equal(j.entries[7].position.x, 0);
    assert_int_equal(j.entries[7].position.y, 65535);
    assert_int_equal(j.entries[7].position.wheel, -32767);
    assert_int_equal(j.entries[7].position.buttons, 7);
    assert_false(j.entries[8].clipboard.more);
    assert_int_equal(j.entries[8].clipboard.count, 3);
    assert_memory_equal(j.entries[8].clipboard.bytes, "a\0\377", 3);
    assert_true(j.entries[9].kind == JOURNAL_LINE_IN && j.entries[9].medium.present);
    assert_true(j.entries[10].kind == JOURNAL_LINE_IN && !j.entries[10].medium.present);
    journal_free(&j);
}

static void a_cut_anywhere_behind_the_head_leaves_what_is_before(void **state)
{
    struct journal j;
    struct error error;
    struct text t;

    (void)state;
    tagged(&t, sample);
    size_t head = (size_t)(strstr(t.bytes, "medium:") - t.bytes);
    for (size_t cut = 0; cut <= t.length; cut++) {
        char *copy = calloc(1, t.length + 1);
        memcpy(copy, t.bytes, cut);
        assert_int_equal(journal_parse(copy, cut, "j", &j, &error), cut >= head);
        if (cut >= head)
            assert_int_equal(j.torn, t.bytes[cut - 1] != '\n');
        journal_free(&j);
    }
    text_free(&t);
}

/* J-6. */
static void any_changed_byte_is_found_in_its_line(void **state)
{
    struct journal j;
    struct error error;
    struct text t;
    char object[32];
    unsigned line = 1;

    (void)state;
    tagged(&t, sample);
    for (size_t at = 0; at + 1 < t.length; at++) {
        char *copy = calloc(1, t.length + 1);
        memcpy(copy, t.bytes, t.length);
        copy[at] ^= 1;
        snprintf(object, sizeof(object), "j:%u", line);
        assert_false(journal_parse(copy, t.length, "j", &j, &error));
        assert_string_equal(error.object, object);
        journal_free(&j);
        line += t.bytes[at] == '\n';
    }
    text_free(&t);
}

/* Each breaks one rule of spec/journal.md, and its tags fit. */
static void a_journal_that_breaks_a_rule_is_refused_at_its_line(void **state)
{
    static const char form[] = "the line is not written as a journal of version 0 is";
    /* clang-format off */
    static const struct { const char *rule, *find, *by; unsigned line; const char *what; } cases[] = {
        { "J-1",  "hd1 disk",         "hd1 d\303\255sk",     6,  form },
        { "J-5",  "key 9d down",      "key  9d down",        9,  form },
        { "J-5",  "25000 key 9d down", " 25000 key 9d down", 9,  form },
        { "J-5",  "fd0 none",         "fd0 none ",           13, form },
        { "J-5",  "machine: 0 f97fcd90", "machine: 0  TAG",  2,  form },
        { "J-7",  "journal: 0",       "journal: 1",          1,  "this is no journal of version 0" },
        { "J-7",  "machine: 0",       "machine: 00",         2,  form },
        { "J-7",  "machine-root: 2",  "machine-root: G",     3,  form },
        { "J-7",  "parts: machine cpu", "parts: machine CPU", 4, form },
        { "J-7",  "parts:",           "part:",               4,  form },
        { "J-8",  "cpu ram",          "1 2 3 4 5 6 7 8 9 a b c d e f g 1 2 3 4 5 6 7 8 9 a b c d e f g 1 2 3 4 5 6 7 8 9 a b c d e f g "
                                      "1 2 3 4 5 6 7 8 9 a b c d e f g", 4, form },
        { "J-9",  "medium: hd2",      "medium: hd4",         7,  form },
        { "J-10", "medium: hd2",      "medium: hd0",         7,  form },
        { "J-10", "medium: hd2",      "medium: hd1",         7,  form },
        { "J-11", "fd0 floppy",       "fd0 disk",            5,  form },
        { "J-11", "hd1 disk",         "hd1 floppy",          6,  form },
        { "J-11", "hd2 cdrom",        "hd2 tape",            7,  form },
        { "J-14", "power off",        "power on",            19, form },
        { "J-14", "line-in none",     "line-in any",         18, form },
        { "J-14", "line-in 2",        "line-in fd0 2",       17, form },
        { "J-14", "25001 pointer",    "25001 tablet",        11, form },
        { "J-14", "25003 medium fd0 none", "medium: fd1 floppy " ROOT, 13, form },
        { "J-14", "-1 5",             "-0 5",                11, form },
        { "J-14", "25001 pointer",    "025001 pointer",      11, form },
        { "J-14", "0 digest 2",       "0 digest G",          8,  form },
        { "J-14", "fd0 none",         "fd0 gone",            13, form },
        { "J-15", "4611686018427387904", "4611686018427387905", 19, form },
        { "J-16", "25001 pointer",    "24999 pointer",       11, "the line is of an earlier tick" },
        { "J-17", "9d down",          "9 down",              9,  form },
        { "J-17", "9d down",          "9d9d down",           9,  form },
        { "J-17", "9d down",          "9D down",             9,  form },
        { "J-18", "-32767 32767",     "-32768 32767",        11, form },
        { "J-18", "-32767 32767",     "-32767 32768",        11, form },
        { "J-19", "-1 5",             "-1 8",                11, form },
        { "J-14", "position 0 65535", "position 0 65536",    15, form },
        { "J-14", "position 0 65535", "position -1 65535",   15, form },
        { "J-18", "-32767 7",         "-32768 7",            15, form },
        { "J-19", "-32767 7",         "-32767 8",            15, form },
        { "J-20", "serial 1",         "serial 2",            12, form },
        { "J-21", "00ff41",           "",                    12, form },
        { "J-21", "00ff41",           "00ff4",               12, form },
        { "J-21", "6100ff",           "more",                16, form },
        { "J-14", "6100ff",           "most 61",             16, form },
        { "J-22", "0123456ab",        "0123456ab000",        8,  form },
        { "J-22", "0123456ab",        "012345",              8,  form },
        { "J-22", "0123456ab",        "0123456aB",           8,  form },
        { "J-23", "power off TAG\n",  "power off TAG\n4611686018427387904 power off TAG\n", 20, "something follows the end" },
    };
    /* clang-format on */
    struct journal j;
    struct error error;
    struct text t;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char changed[sizeof(sample) + 256], object[32];
        const char *at = strstr(sample, cases[i].find);
        assert_non_null(at);
        snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - sample), sample, cases[i].by,
                 at + strlen(cases[i].find));
        tagged(&t, changed);
        bool accepted = journal_parse(t.bytes, t.length, "j", &j, &error);
        snprintf(object, sizeof(object), "j:%u", cases[i].line);
        if (accepted || strcmp(error.object, object) || !strstr(error.what, cases[i].what))
            fail_msg("%s, %s: %s, %s: %s", cases[i].rule, cases[i].by, accepted ? "accepted" : "refused", error.object,
                     error.what);
        journal_free(&j);
    }
}

/* J-3, J-4 and J-21: the longest line is read, and one byte more is refused; so is a line without a tag. */
static void lines_have_a_limit_and_a_tag(void **state)
{
    char serial[600], text[2048], *tag;
    struct journal j;
    struct error error;
    struct text t;

    (void)state;
    memset(serial, '0', sizeof(serial));
    for (int bytes = 256; bytes <= 257; bytes++) {
        snprintf(text, sizeof(text), "%.*s1 serial 0 %.*s TAG\n", (int)(strstr(sample, "medium:") - sample), sample,
                 2 * bytes, serial);
        tagged(&t, text);
        assert_int_equal(journal_parse(t.bytes, t.length, "j", &j, &error), bytes == 256);
        journal_free(&j);
    }
    for (int length = 1024; length <= 1025; length++) {
        snprintf(text, sizeof(text), "%.*s1 %0*d TAG\n", (int)(strstr(sample, "medium:") - sample), sample,
                 length - 2 - 9, 0);
        tagged(&t, text);
        assert_false(journal_parse(t.bytes, t.length, "j", &j, &error));
        assert_string_equal(error.object, "j:5");
        assert_non_null(strstr(error.what, length == 1024 ? "is not written as" : "is too long"));
        journal_free(&j);
    }
    tagged(&t, sample);
    tag = strstr(t.bytes, " key 9d up ") + strlen(" key 9d up");
    *tag = '-';
    assert_false(journal_parse(t.bytes, t.length, "j", &j, &error));
    assert_string_equal(error.object, "j:10");
    assert_non_null(strstr(error.what, "the line has no tag"));
    journal_free(&j);
}

/* J-2. The file is sparse. */
static void a_journal_of_more_than_256_mib_is_refused(void **state)
{
    char path[] = "/tmp/muniment-journal-test-XXXXXX";
    int descriptor = mkstemp(path);
    struct journal j;
    struct error error;

    (void)state;
    assert_true(descriptor >= 0);
    assert_int_equal(ftruncate(descriptor, (256 << 20) + 1), 0);
    assert_false(journal_read(path, &j, &error));
    assert_non_null(strstr(error.what, "a journal is at most 268435456 bytes long"));
    close(descriptor);
    unlink(path);
}

static void parts_that_differ_are_named(void **state)
{
    struct journal_header header = {.parts = "machine cpu ram", .part_count = 3};
    char names[32];

    (void)state;
    journal_differing_parts(&header, "000111222", "000111222", names, sizeof(names));
    assert_string_equal(names, "");
    journal_differing_parts(&header, "000111222", "001111223", names, sizeof(names));
    assert_string_equal(names, "machine ram");
}

/* A disk of zeros. */
static enum block_result read_zeros(void *context, uint64_t sector, uint32_t count, uint8_t *buffer, uint32_t *done)
{
    (void)context, (void)sector;
    memset(buffer, 0, (size_t)count * SECTOR_SIZE);
    *done = count;
    return BLOCK_OK;
}

/* Whether sector 3 of this process's copy keeps what is written to it, over and over, and sector 8 what was there
 * before the fork. */
static bool branch_holds(struct block *disk, uint8_t own, uint8_t before)
{
    uint8_t sector[SECTOR_SIZE];
    struct error error;
    uint32_t done;

    if (!overlay_branch(disk, &error))
        return false;
    for (unsigned i = 0; i < 2000; i++) {
        memset(sector, own, sizeof(sector));
        if (disk->write(disk->context, 3, 1, sector) != BLOCK_OK ||
            disk->read(disk->context, 3, 1, sector, &done) != BLOCK_OK || sector[0] != own ||
            disk->read(disk->context, 8, 1, sector, &done) != BLOCK_OK || sector[511] != before)
            return false;
    }
    return true;
}

static void forked_processes_write_to_overlays_of_their_own(void **state)
{
    struct block base = {.sectors = 16, .read = read_zeros}, disk;
    uint8_t sector[SECTOR_SIZE];
    struct error error;
    int status;

    (void)state;
    assert_true(overlay_open(NULL, ROOT, DRIVE_HD0, &base, &disk, &error));
    assert_false(overlay_has_writes(&disk));
    memset(sector, 7, sizeof(sector));
    assert_int_equal(disk.write(disk.context, 8, 1, sector), BLOCK_OK);
    assert_true(overlay_has_writes(&disk));
    assert_true(overlay_branch(&base, &error)); /* no overlay: nothing to do */
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(branch_holds(&disk, 1, 7) ? 0 : 1);
    assert_true(branch_holds(&disk, 2, 7));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    disk.close(disk.context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_laid_down),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(a_cut_anywhere_behind_the_head_leaves_what_is_before),
        cmocka_unit_test(any_changed_byte_is_found_in_its_line),
        cmocka_unit_test(a_journal_that_breaks_a_rule_is_refused_at_its_line),
        cmocka_unit_test(lines_have_a_limit_and_a_tag),
        cmocka_unit_test(a_journal_of_more_than_256_mib_is_refused),
        cmocka_unit_test(parts_that_differ_are_named),
        cmocka_unit_test(forked_processes_write_to_overlays_of_their_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
