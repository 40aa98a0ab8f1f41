/* test_script.c - facts about the language of scripts and the keys that they press. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "desk/script.h"
#include "desk/session.h"

static void every_command_is_read(void **state)
{
    static const char text[] = "# a comment\n"
                               "\n"
                               "  wait screen \"A:\\\\>\"   # what DOS shows\r\n"
                               "wait serial \"ok\\r\\n\"\n"
                               "wait time 1.25\n"
                               "wait halt\n"
                               "wait poweroff\n"
                               "expect screen \"\xC3\xBC # no comment\"\n"
                               "expect serial \"x\\x00y\"\n"
                               "type \"Dir\\n\"\n"
                               "key ctrl-alt-del\n"
                               "serial \"\\xff\"\n"
                               "floppy a.img\n"
                               "floppy none\n"
                               "cd \"none\"\n"
                               "cd none # out\n"
                               "mouse move -12 +32767\n"
                               "mouse down middle\n"
                               "mouse up left # done\n"
                               "pointer 0 32767\n"
                               "clipboard \"a\\x00b\"\n"
                               "screenshot \"a b.png\"\n"
                               "text\n"
                               "wait sound\n"
                               "wait silence\n"
                               "expect sound\n"
                               "line-in a.wav\n"
                               "line-in none\n"
                               "digest";
    static const enum script_verb verbs[] = {
        SCRIPT_WAIT_SCREEN,   SCRIPT_WAIT_SERIAL,   SCRIPT_WAIT_TIME,    SCRIPT_WAIT_HALT,    SCRIPT_WAIT_POWEROFF,
        SCRIPT_EXPECT_SCREEN, SCRIPT_EXPECT_SERIAL, SCRIPT_TYPE,         SCRIPT_KEY,          SCRIPT_SERIAL,
        SCRIPT_FLOPPY,        SCRIPT_FLOPPY,        SCRIPT_CD,           SCRIPT_CD,           SCRIPT_MOUSE_MOVE,
        SCRIPT_MOUSE_DOWN,    SCRIPT_MOUSE_UP,      SCRIPT_POINTER,      SCRIPT_CLIPBOARD,    SCRIPT_SCREENSHOT,
        SCRIPT_TEXT,          SCRIPT_WAIT_SOUND,    SCRIPT_WAIT_SILENCE, SCRIPT_EXPECT_SOUND, SCRIPT_LINE_IN,
        SCRIPT_LINE_IN,       SCRIPT_DIGEST};
    struct script script;
    struct error error;

    (void)state;
    assert_true(script_parse(text, sizeof(text) - 1, "s", &script, &error));
    assert_int_equal(script.count, sizeof(verbs) / sizeof(verbs[0]));
    for (size_t i = 0; i < script.count; i++) {
        assert_int_equal(script.commands[i].verb, verbs[i]);
        assert_int_equal(script.commands[i].line, i + 3);
    }
    assert_string_equal(script.commands[0].text, "A:\\>");
    assert_string_equal(script.commands[1].text, "ok\r\n");
    assert_int_equal(script.commands[2].microseconds, 1250000);
    assert_string_equal(script.commands[5].text, "\xC3\xBC # no comment");
    assert_int_equal(script.commands[6].length, 3);
    assert_memory_equal(script.commands[6].text, "x\0y", 4);
    assert_int_equal(script.commands[7].key_count, 4 + 2 + 2 + 2);
    assert_int_equal(script.commands[8].key_count, 6);
    assert_string_equal(script.commands[10].text, "a.img");
    assert_null(script.commands[11].text);
    assert_string_equal(script.commands[12].text, "none");
    assert_null(script.commands[13].text);
    assert_int_equal(script.commands[14].dx, -12);
    assert_int_equal(script.commands[14].dy, 32767);
    assert_int_equal(script.commands[15].button, POINTER_MIDDLE);
    assert_int_equal(script.commands[16].button, POINTER_LEFT);
    assert_int_equal(script.commands[17].dx, 0);
    assert_int_equal(script.commands[17].dy, 32767);
    assert_int_equal(script.commands[18].length, 3);
    assert_string_equal(script.commands[19].text, "a b.png");
    script_free(&script);
}

static void a_text_of_windows_is_a_script(void **state)
{
    static const char text[] = "\xEF\xBB\xBFtext\r\n\r\ndigest\r\n";
    struct script script;
    struct error error;

    (void)state;
    assert_true(script_parse(text, sizeof text - 1, "s", &script, &error));
    assert_int_equal(script.count, 2);
    script_free(&script);
    assert_false(script_parse(text + 1, sizeof text - 2, "s", &script, &error));
    script_free(&script);
}

static void errors_name_line_and_column(void **state)
{
    static const struct {
        const char *text, *object, *what;
    } cases[] = {
        {"\n  sleep 3", "s:2:3", "unknown command sleep"},
        {"wait", "s:1:5", "unknown second word"},
        {"wait forever", "s:1:6", "unknown second word forever"},
        {"wait screen", "s:1:12", "text in double quotes"},
        {"wait screen ready", "s:1:13", "text in double quotes"},
        {"wait screen \"\"", "s:1:13", "the text is empty"},
        {"wait screen \"ready", "s:1:13", "no closing quote"},
        {"wait screen \"ready\\", "s:1:19", "unknown escape"},
        {"wait screen \"a\\q\"", "s:1:15", "unknown escape"},
        {"serial \"\\xF\"", "s:1:9", "unknown escape"},
        {"serial \"\\xFF\"", "s:1:9", "unknown escape"},
        {"wait screen \"a\\x00\"", "s:1:13", "a NUL byte"},
        {"wait screen \"a\" \"b\"", "s:1:17", "the line should end here"},
        {"digest now", "s:1:8", "the line should end here"},
        {"wait time", "s:1:10", "expected a number of seconds"},
        {"wait time -1", "s:1:11", "not a number of seconds: -1"},
        {"wait time 1.", "s:1:11", "not a number of seconds"},
        {"wait time .5", "s:1:11", "not a number of seconds"},
        {"wait time 1.0000001", "s:1:11", "not a number of seconds"},
        {"wait time 100000001", "s:1:11", "not a number of seconds"},
        {"wait time 99999999999999999999", "s:1:11", "not a number of seconds"},
        {"type \"\xC3\xBC\"", "s:1:6", "no keys of the keyboard \"us\" type"},
        {"type \"\\x01\"", "s:1:6", "no keys of the keyboard \"us\" type"},
        {"mouse", "s:1:6", "unknown second word"},
        {"mouse move 3", "s:1:13", "expected a whole number"},
        {"mouse move 3 -", "s:1:14", "expected a whole number"},
        {"mouse move 32768 0", "s:1:12", "not 32768"},
        {"mouse move 99999999999999999999 0", "s:1:12", "expected a whole number"},
        {"mouse move 1 2 3", "s:1:16", "the line should end here"},
        {"pointer 3 -4", "s:1:9", "counted from 0"},
        {"pointer 3", "s:1:10", "expected a whole number"},
        {"mouse down wheel", "s:1:12", "left, right or middle"},
        {"key", "s:1:4", "expected keys"},
        {"key hyper-x", "s:1:5", "unknown keys hyper-x"},
        {"key ctrl-", "s:1:5", "unknown keys"},
        {"key -", "s:1:5", "unknown keys"},
        {"key a-b-c-d-e-f-g-h-i", "s:1:5", "unknown keys"},
        {"screenshot", "s:1:11", "expected a path"},
        {"end", "s:1:1", "end closes nothing"},
        {"next", "s:1:1", "outside of a for"},
        {"on reset\n", "s:1:1", "has no end: on reset"},
        {"on reset\non reset", "s:2:1", "within on reset"},
        {"on start", "s:1:4", "expected reset"},
        {"for 1! in x", "s:1:5", "expected a name"},
        {"for R of x", "s:1:7", "expected in"},
        {"type \"\\{x}\"", "s:1:9", "there is no variable x"},
        {"type \"\\{x\"", "s:1:9", "there is no variable "},
        {"set x \"y\"\ntype \"\\{y}\"", "s:2:9", "there is no variable y"},
        {"keyboard zz", "s:1:10", "unknown keyboard"},
        {"keyboard uk\ntype \"\xE2\x82\xAC\xD0\x90\"", "s:2:6", "no keys of the keyboard \"uk\" type \xD0\x90"},
        {"wait halt within 0", "s:1:11", "no time is left"},
        {"wait halt within x", "s:1:18", "not a number of seconds"},
        {"wait halt else", "s:1:11", "needs a limit"},
        {"wait halt within 1 else\n", "s:1:1", "has no end: else"},
        {"wait time 1 within 2", "s:1:13", "the line should end here"},
        {"wait still 1 in 0 0 0 4", "s:1:13", "the region is empty"},
        {"wait still 1 in 0 0 -1 4", "s:1:21", "too small"},
        {"wait still 1 tolerance 3", "s:1:14", "the line should end here"},
        {"click -1 0", "s:1:7", "counted from 0"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error error = {.status = STATUS_OK};
        struct script script;
        bool accepted = script_parse(cases[i].text, strlen(cases[i].text), "s", &script, &error);
        script_free(&script);
        if (accepted || error.status != STATUS_INPUT || strcmp(error.object, cases[i].object) ||
            !strstr(error.what, cases[i].what))
            fail_msg("%s: %s, %s: %s", cases[i].text, accepted ? "accepted" : "refused", error.object, error.what);
    }
}

static void a_block_that_is_not_run_is_jumped_over(void **state)
{
    static const char text[] = "set x \"A\"\n"
                               "wait screen \"\\{x}-\\{x}\" within 2.5 else\n"
                               "  key a\n"
                               "end\n"
                               "on reset\n"
                               "  fail \"reset\"\n"
                               "end\n"
                               "digest\n";
    static const enum script_verb verbs[] = {SCRIPT_WAIT_SCREEN, SCRIPT_JUMP, SCRIPT_KEY,    SCRIPT_ON_RESET,
                                             SCRIPT_JUMP,        SCRIPT_FAIL, SCRIPT_RETURN, SCRIPT_DIGEST};
    struct script script;
    struct error error;

    (void)state;
    assert_true(script_parse(text, sizeof(text) - 1, "s", &script, &error));
    assert_int_equal(script.count, sizeof(verbs) / sizeof(verbs[0]));
    for (size_t i = 0; i < script.count; i++)
        assert_int_equal(script.commands[i].verb, verbs[i]);
    assert_string_equal(script.commands[0].text, "A-A");
    assert_int_equal(script.commands[0].within, 2500000);
    assert_int_equal(script.commands[0].target, 2);
    assert_int_equal(script.commands[1].target, 3);
    assert_int_equal(script.commands[4].target, 7);
    script_free(&script);
}

static void every_printable_character_has_a_key(void **state)
{
    struct key_event events[KEYS_PER_CHARACTER];
    bool seen[2][256] = {{false}};

    (void)state;
    for (int c = 0x20; c < 0x7F; c++) {
        size_t count = keys_for_character(layout_default(), (uint32_t)c, events);
        assert_true(count == 2 || count == 4);
        bool shift = count == 4;
        uint8_t key = events[shift].key;
        assert_false(seen[shift][key]);
        seen[shift][key] = true;
    }
    assert_int_equal(keys_for_character(layout_default(), 'a', events), 2);
    assert_int_equal(events[0].key, 0x1E);
    assert_int_equal(keys_for_character(layout_default(), '?', events), 4);
    assert_int_equal(events[1].key, 0x35);
    assert_int_equal(keys_for_character(layout_default(), '\n', events), 2);
    assert_int_equal(events[0].key, 0x1C);
    assert_int_equal(keys_for_character(layout_default(), '\0', events), 0);
}

static void a_chord_goes_up_in_reverse(void **state)
{
    static const struct key_event expected[] = {{0x1D, true},  {0x38, true},  {0xD3, true},
                                                {0xD3, false}, {0x38, false}, {0x1D, false}};
    struct key_event events[KEYS_PER_CHORD];

    (void)state;
    assert_int_equal(keys_for_chord("ctrl-alt-del", 12, events), 6);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(events[i].key, expected[i].key);
        assert_int_equal(events[i].down, expected[i].down);
    }
}

static void seconds_are_exact(void **state)
{
    uint64_t microseconds;

    (void)state;
    assert_true(session_read_seconds("0", &microseconds) && microseconds == 0);
    assert_true(session_read_seconds("0.000001", &microseconds) && microseconds == 1);
    assert_true(session_read_seconds("100000000", &microseconds) && microseconds == UINT64_C(100000000000000));
    assert_false(session_read_seconds("", &microseconds));
    assert_false(session_read_seconds("1e3", &microseconds));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_is_read),
        cmocka_unit_test(a_text_of_windows_is_a_script),
        cmocka_unit_test(errors_name_line_and_column),
        cmocka_unit_test(a_block_that_is_not_run_is_jumped_over),
        cmocka_unit_test(every_printable_character_has_a_key),
        cmocka_unit_test(a_chord_goes_up_in_reverse),
        cmocka_unit_test(seconds_are_exact),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
