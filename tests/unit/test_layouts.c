/* test_layouts.c - desk/layouts.c: keyboard layouts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "desk/keys.h"

/* What the keyboards that were sold do not type: the Italian one has neither braces nor backquote nor tilde. */
static const struct {
    const char *name, *lacks;
} layouts[] = {{"us", ""}, {"uk", ""}, {"de", ""}, {"fr", ""}, {"es", ""}, {"it", "`{}~"}};

static void every_layout_types_ascii(void **state)
{
    struct key_event events[KEYS_PER_CHARACTER];
    char names[64] = "";

    (void)state;
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        const struct layout *layout = layout_find(layouts[i].name);
        assert_non_null(layout);
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i ? " " : "", layouts[i].name);
        for (char c = 0x20; c < 0x7F; c++) {
            size_t count = keys_for_character(layout, (uint32_t)c, events);
            if ((count == 0) != (strchr(layouts[i].lacks, c) != NULL))
                fail_msg("%s: '%c' has %zu events", layouts[i].name, c, count);
        }
    }
    assert_string_equal(names, LAYOUT_NAMES);
    assert_ptr_equal(layout_find("gb"), layout_find("uk"));
    assert_null(layout_find("US"));
    assert_null(layout_find(""));
}

static void keys_stand_where_the_keyboards_have_them(void **state)
{
    static const struct {
        const char *name;
        uint32_t code;
        struct layout_key key;
    } cases[] = {
        {"us", 'y', {0x15, LAYOUT_PLAIN, false}},  {"us", '\\', {0x2B, LAYOUT_PLAIN, false}},
        {"us", '^', {0x07, LAYOUT_SHIFT, false}},  {"uk", '"', {0x03, LAYOUT_SHIFT, false}},
        {"uk", 0xA3, {0x04, LAYOUT_SHIFT, false}}, {"uk", '\\', {0x56, LAYOUT_PLAIN, false}},
        {"uk", '#', {0x2B, LAYOUT_PLAIN, false}},  {"uk", 0x20AC, {0x05, LAYOUT_ALTGR, false}},
        {"de", 'y', {0x2C, LAYOUT_PLAIN, false}},  {"de", 'Z', {0x15, LAYOUT_SHIFT, false}},
        {"de", '/', {0x08, LAYOUT_SHIFT, false}},  {"de", '\\', {0x0C, LAYOUT_ALTGR, false}},
        {"de", '@', {0x10, LAYOUT_ALTGR, false}},  {"de", '^', {0x29, LAYOUT_PLAIN, true}},
        {"de", '|', {0x56, LAYOUT_ALTGR, false}},  {"de", 0xDF, {0x0C, LAYOUT_PLAIN, false}},
        {"fr", 'a', {0x10, LAYOUT_PLAIN, false}},  {"fr", '1', {0x02, LAYOUT_SHIFT, false}},
        {"fr", 'm', {0x27, LAYOUT_PLAIN, false}},  {"fr", '.', {0x33, LAYOUT_SHIFT, false}},
        {"fr", '\\', {0x09, LAYOUT_ALTGR, false}}, {"fr", '}', {0x0D, LAYOUT_ALTGR, false}},
        {"es", 0xF1, {0x27, LAYOUT_PLAIN, false}}, {"es", '[', {0x1A, LAYOUT_ALTGR, false}},
        {"es", '}', {0x2B, LAYOUT_ALTGR, false}},  {"it", 0xE8, {0x1A, LAYOUT_PLAIN, false}},
        {"it", '@', {0x27, LAYOUT_ALTGR, false}},  {"it", '<', {0x56, LAYOUT_PLAIN, false}},
    };
    struct layout_key key;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (!layout_key_of(layout_find(cases[i].name), cases[i].code, &key) || key.key != cases[i].key.key ||
            key.level != cases[i].key.level || key.dead != cases[i].key.dead)
            fail_msg("%s, %X", cases[i].name, (unsigned)cases[i].code);
    }
}

static void an_accent_comes_before_its_letter(void **state)
{
    struct key_event events[KEYS_PER_CHARACTER];
    const struct layout *french = layout_find("fr");

    (void)state;
    assert_int_equal(keys_for_character(french, 0xEA, events), 4); /* e with circumflex */
    assert_int_equal(events[0].key, 0x1A);
    assert_int_equal(events[2].key, 0x12);
    assert_int_equal(keys_for_character(french, 0xCB, events), 8); /* E with diaeresis: both with Shift */
    assert_int_equal(events[0].key, KEY_SHIFT);
    assert_int_equal(events[5].key, 0x12);
    assert_int_equal(keys_for_character(french, '^', events), 4); /* alone: with the space bar */
    assert_int_equal(events[2].key, 0x39);
    assert_int_equal(keys_for_character(french, 0xE9, events), 2); /* e with acute has a key */
    assert_int_equal(keys_for_character(layout_default(), 0xEA, events), 0);
    assert_int_equal(keys_for_character(french, 0x4E00, events), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_layout_types_ascii),
        cmocka_unit_test(keys_stand_where_the_keyboards_have_them),
        cmocka_unit_test(an_accent_comes_before_its_letter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
