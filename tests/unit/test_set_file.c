/* test_set_file.c - set files and journals of sets: what was written is read again, and any byte that is changed, lost
 * or added is found (spec/set.md). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "formats/text.h"
#include "verify/fixity/set_file.h"
#include "verify/runs/runs.h"

static struct set_file sample(void)
{
    struct set_file set = {.latency = 500, .count = 2};

    strcpy(set.members[0].name, "back");
    strcpy(set.members[1].name, "front");
    for (unsigned i = 0; i < 2; i++) {
        memset(set.members[i].root, i ? 'a' : '1', 64);
        snprintf(set.members[i].file, sizeof set.members[i].file, "%s room.mun", set.members[i].name);
        set.members[i].power_on = i * 1000;
    }
    set_root(&set);
    return set;
}

static void print_sample(struct text *to, const struct text *journal)
{
    const struct set_file set = sample();
    char path[256];
    struct error error;
    struct key *key;

    snprintf(path, sizeof path, "%s/set_file.%d", getenv("WORK") ? getenv("WORK") : "/tmp", (int)getpid());
    assert_true(key_new(path, false, &error));
    key = key_load(path, &error);
    assert_non_null(key);
    assert_true(set_file_print(&set, journal, key, to, &error));
    key_free(key);
    unlink(path);
    strcat(path, ".pub");
    unlink(path);
}

/* Parses a copy of `length` bytes. */
static bool parse(const char *bytes, size_t length, struct set_file *set)
{
    struct error error;
    char *copy = malloc(length + 1);

    assert_non_null(copy);
    memcpy(copy, bytes, length);
    copy[length] = '\0';
    return set_file_parse(copy, length, "set", set, &error);
}

static void what_was_written_is_read(void **state)
{
    struct text text = {.bytes = NULL}, journal = {.bytes = NULL};
    struct set_file set, expected = sample();

    (void)state;
    text_print(&journal, "one line\nand another\n");
    print_sample(&text, &journal);
    assert_true(parse(text.bytes, text.length, &set));
    assert_true(set.fits);
    assert_string_equal(set.root, expected.root);
    assert_int_equal(set.latency, 500);
    assert_string_equal(set.members[1].file, "front room.mun");
    assert_int_equal(set.members[1].power_on, 1000);
    assert_int_equal(set.journal_length, journal.length);
    assert_memory_equal(set.journal, journal.bytes, journal.length);
    set_file_free(&set);
    text_free(&text);
    text_free(&journal);
}

static void any_change_is_found(void **state)
{
    struct text text = {.bytes = NULL}, journal = {.bytes = NULL};
    struct set_file set;

    (void)state;
    text_print(&journal, "one line\n");
    print_sample(&text, &journal);
    for (size_t at = 0; at < text.length; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            text.bytes[at] ^= (char)(1u << bit);
            if (parse(text.bytes, text.length, &set) && set.fits)
                fail_msg("bit %u of byte %zu", bit, at);
            set_file_free(&set);
            text.bytes[at] ^= (char)(1u << bit);
        }
    for (size_t length = 0; length + 1 < text.length; length++) {
        if (parse(text.bytes, length, &set) && set.fits)
            fail_msg("%zu bytes", length);
        set_file_free(&set);
    }
    text_free(&text);
    text_free(&journal);
}

/* The journal of a set of two machines, with a key each. */
static void write_journal(struct text *memory, const char *root)
{
    struct journal_header header = {.machine = 0, .part_count = 1};
    struct journal_writer all, one[2];
    struct set_point point = {.time = 1000};
    struct error error;

    memset(header.machine_root, 'c', 64);
    strcpy(header.parts, "cpu");
    assert_true(set_journal_begin(&all, "journal", memory, root, &error));
    journal_create_into(&one[0], &all, "back", &header);
    journal_create_into(&one[1], &all, "front", &header);
    assert_true(journal_write_key(&one[0], 10, 0x1C, true) && journal_write_key(&one[1], 12, 0x1D, false));
    assert_true(set_journal_point(&all, &point));
    assert_true(journal_write_power_off(&one[1], 20) && journal_write_power_off(&one[0], 30));
    assert_true(journal_close(&all, &error));
}

static void journal_is_taken_apart(void **state)
{
    const struct set_file set = sample();
    const struct set_names names = {.root = set.root, .names = {"back", "front"}, .count = 2};
    struct text memory = {.bytes = NULL};
    struct set_journal journal;
    struct error error;

    (void)state;
    write_journal(&memory, set.root);
    assert_true(set_journal_parse(memory.bytes, memory.length, "journal", &names, &journal, &error));
    assert_int_equal(journal.point_count, 1);
    assert_int_equal(journal.points[0].time, 1000);
    assert_int_equal(journal.journals[0].count, 2);
    assert_int_equal(journal.journals[0].entries[0].key.code, 0x1C);
    assert_int_equal(journal.journals[1].entries[0].key.code, 0x1D);
    assert_true(journal.journals[0].ended && journal.journals[1].ended);
    set_journal_free(&journal);
    for (size_t at = 0; at < memory.length; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            bool torn = at + 1 == memory.length; /* the last line has no end then, and is left out */
            memory.bytes[at] ^= (char)(1u << bit);
            if (set_journal_parse(memory.bytes, memory.length, "journal", &names, &journal, &error) && !torn)
                fail_msg("bit %u of byte %zu", bit, at);
            set_journal_free(&journal);
            memory.bytes[at] ^= (char)(1u << bit);
        }
    for (size_t length = 0; length < memory.length; length++) { /* it may be cut short anywhere after the heads */
        set_journal_parse(memory.bytes, length, "journal", &names, &journal, &error);
        set_journal_free(&journal);
    }
    text_free(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(any_change_is_found),
        cmocka_unit_test(journal_is_taken_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
