/* test_escp.c - facts about the printer: where each command of ESC/P puts what is printed after it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "desk/escp.h"

static const uint8_t blank_font[256][16];

/* Prints bytes on a new printer, and returns where an X stands then, and how: "x y width height BIU". */
static void place(enum escp_pins pins, const char *bytes, size_t length, char *to, size_t size)
{
    struct escp e;

    assert_true(escp_begin(&e, pins));
    for (size_t i = 0; i < length; i++)
        escp_byte(&e, (uint8_t)bytes[i]);
    struct escp before = e;
    escp_byte(&e, 'X');
    bool styles[] = {e.bold || e.twice, e.italic, e.underlined};
    snprintf(to, size, "%zu: %u %u +%d %s%s%s", before.pdf.pages, before.x, before.y, (int)(e.x - before.x),
             styles[0] ? "B" : "", styles[1] ? "I" : "", styles[2] ? "U" : "");
    escp_free(&e);
}

/* Units are 2160ths of an inch: a letter of 10 to the inch is 216 wide, a line 360 high. */
static void each_command_puts_the_next_letter_where_the_manual_says(void **state)
{
    static const struct {
        int pins;
        const char *bytes;
        size_t length;
        const char *place;
    } cases[] = {
/* clang-format off */
#define CASE(pins, bytes, place) {pins, bytes, sizeof(bytes) - 1, place}
        CASE(9, "", "0: 0 0 +216 "),
        CASE(9, "ab", "0: 432 0 +216 "),
        CASE(9, "ab\r", "0: 0 0 +216 "),
        CASE(9, "ab\n", "0: 0 360 +216 "),
        CASE(9, "ab\b", "0: 216 0 +216 "),
        CASE(9, "ab\f", "1: 0 0 +216 "),
        CASE(9, "a\t", "0: 1728 0 +216 "),
        CASE(9, "\x1b" "D\3\5\0a\t\t", "0: 1080 0 +216 "),
        CASE(9, "\x1b" "M", "0: 0 0 +180 "),
        CASE(9, "\x1b" "M\x1b" "P", "0: 0 0 +216 "),
        CASE(9, "\x1b" "g", "0: 0 0 +144 "),
        CASE(9, "\x0f", "0: 0 0 +126 "),
        CASE(9, "\x0f\x12", "0: 0 0 +216 "),
        CASE(9, "\x1b" "M\x0f", "0: 0 0 +108 "),
        CASE(9, "\x0e", "0: 0 0 +432 "),
        CASE(9, "\x0e\x14", "0: 0 0 +216 "),
        CASE(9, "\x0e\n", "0: 0 360 +216 "),
        CASE(9, "\x1bW1\n", "0: 0 360 +432 "),
        CASE(9, "\x1bW1\x1bW0", "0: 0 0 +216 "),
        CASE(9, "\x1b!\x01", "0: 0 0 +180 "),
        CASE(9, "\x1b!\xec", "0: 0 0 +252 BIU"),
        CASE(9, "\x1b" "E", "0: 0 0 +216 B"),
        CASE(9, "\x1b" "E\x1b" "F", "0: 0 0 +216 "),
        CASE(9, "\x1bG", "0: 0 0 +216 B"),
        CASE(9, "\x1bG\x1bH", "0: 0 0 +216 "),
        CASE(9, "\x1b" "4", "0: 0 0 +216 I"),
        CASE(9, "\x1b" "4\x1b" "5", "0: 0 0 +216 "),
        CASE(9, "\x1b-1", "0: 0 0 +216 U"),
        CASE(9, "\x1b-1\x1b-0", "0: 0 0 +216 "),
        CASE(9, "\x1b \x02" "a", "0: 252 0 +252 "),
        CASE(24, "\x1b \x02" "a", "0: 240 0 +240 "),
        CASE(9, "\x1b" "0\n", "0: 0 270 +216 "),
        CASE(9, "\x1b" "1\n", "0: 0 210 +216 "),
        CASE(9, "\x1b" "0\x1b" "2\n", "0: 0 360 +216 "),
        CASE(9, "\x1b" "3\x0a\n", "0: 0 100 +216 "),
        CASE(24, "\x1b" "3\x0a\n", "0: 0 120 +216 "),
        CASE(9, "\x1b" "A\x0a\n", "0: 0 300 +216 "),
        CASE(24, "\x1b" "A\x0a\n", "0: 0 360 +216 "),
        CASE(24, "\x1b+\x0a\n", "0: 0 60 +216 "),
        CASE(9, "a\x1bJ\x0a", "0: 216 100 +216 "),
        CASE(9, "a\n\x1bj\x0a", "0: 0 260 +216 "),
        CASE(9, "\x1b$\x3c\0", "0: 2160 0 +216 "),
        CASE(9, "a\x1b\\\x78\0", "0: 2376 0 +216 "),
        CASE(9, "aa\x1b\\\xf4\xff", "0: 216 0 +216 "),
        CASE(24, "a\x1b\\\xb4\0", "0: 2376 0 +216 "),
        CASE(9, "\x1bl\x05", "0: 1080 0 +216 "),
        CASE(9, "\x1bl\x05\x1bQ\x07" "aa", "0: 1512 0 +-216 "),
        CASE(9, "\x1b" "C\x03\n\n", "0: 0 720 +216 "),
        CASE(9, "\x1b" "C\x03\n\n\n", "1: 0 0 +216 "),
        CASE(9, "\x1b" "C\0\x01\n\n\n\n\n\n", "1: 0 0 +216 "),
        CASE(9, "\x1b" "C\x0a\x1bN\x08\n\n", "1: 0 0 +216 "),
        CASE(9, "\x1b" "B\x03\0a\x0b", "0: 0 1080 +216 "),
        CASE(9, "a\x0b", "0: 0 360 +216 "),
        CASE(9, "\x1bK\x3c\0" "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "0: 2160 0 +216 "),
        CASE(9, "\x1bL\2\0ab", "0: 36 0 +216 "),
        CASE(9, "\x1bZ\2\0ab", "0: 18 0 +216 "),
        CASE(9, "\x1b*\5\2\0ab", "0: 60 0 +216 "),
        CASE(9, "\x1b?K\5\x1bK\2\0ab", "0: 60 0 +216 "),
        CASE(24, "\x1b*\x27\2\0abcdef", "0: 24 0 +216 "),
        CASE(9, "\x1b*\x27\2\0abcdef", "0: 0 0 +216 "),
        CASE(9, "\x1b^\0\2\0abcd", "0: 0 0 +216 "),
        CASE(24, "\x1b(t\3\0abc", "0: 0 0 +216 "),
        CASE(9, "\x1bx1\x1bk2\x1bt1\x1bU1\x1b%0\x1bm4", "0: 0 0 +216 "),
        CASE(9, "\x13" "abc\x11", "0: 0 0 +216 "),
        CASE(9, "\x1b" "E\x1bM\x0f\x1b@", "0: 0 0 +216 "),
#undef CASE
        /* clang-format on */
    };
    char found[128];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        place((enum escp_pins)cases[i].pins, cases[i].bytes, cases[i].length, found, sizeof found);
        if (strcmp(found, cases[i].place))
            fail_msg("case %zu: %s, not %s", i, found, cases[i].place);
    }
}

static void letters_of_countries_and_heights_are_drawn(void **state)
{
    struct escp e;

    (void)state;
    assert_true(escp_begin(&e, ESCP_9_PINS));
    for (const char *at = "\x1bR\x02[\x1bS1a\x1bS0b\x1bT\x1bw1c"; *at; at++)
        escp_byte(&e, (uint8_t)*at);
    text_add(&e.pdf.content, "", 1);
    const char *drawn = e.pdf.content.bytes;
    assert_non_null(strstr(drawn, "BT /F1 1 Tf 7.20 0 0.00 12.00 18.00 783.00 Tm <8E> Tj ET"));
    assert_non_null(strstr(drawn, "BT /F1 1 Tf 7.20 0 0.00 8.00 25.20 782.00 Tm <61> Tj ET"));
    assert_non_null(strstr(drawn, "BT /F1 1 Tf 7.20 0 0.00 8.00 32.40 786.00 Tm <62> Tj ET"));
    assert_non_null(strstr(drawn, "BT /F1 1 Tf 7.20 0 0.00 24.00 39.60 774.00 Tm <63"));
    escp_free(&e);
}

static void any_bytes_are_a_job(void **state)
{
    uint32_t seed = 1;

    (void)state;
    for (int job = 0; job < 200; job++) {
        struct escp e;
        assert_true(escp_begin(&e, job & 1 ? ESCP_24_PINS : ESCP_9_PINS));
        for (int i = 0; i < 2000; i++) {
            seed = seed * 1664525 + 1013904223;
            escp_byte(&e, seed >> 28 == 0 ? 0x1B : (uint8_t)(seed >> 20));
        }
        assert_true(escp_end(&e, blank_font));
        assert_true(e.x <= e.right || e.x <= PDF_UNITS * 300);
        assert_memory_equal(e.pdf.out.bytes, "%PDF-1.4\n", 9);
        escp_free(&e);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_command_puts_the_next_letter_where_the_manual_says),
        cmocka_unit_test(letters_of_countries_and_heights_are_drawn),
        cmocka_unit_test(any_bytes_are_a_job),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
