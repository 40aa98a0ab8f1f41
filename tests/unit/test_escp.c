/* test_escp.c - facts about the printer: where each command of ESC/P puts what is printed after it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "desk/escp.h"
#include "desk/marks.h"
#include "formats/codepage.h"

static const uint8_t blank_font[256][16];

/* Prints bytes on a new printer, and returns where an X stands then, and how: "x y width height BIU". */
static void place(enum escp_pins pins, const char *bytes, size_t length, char *to, size_t size)
{
    struct escp e;

    assert_true(escp_begin(&e, pins, 437, blank_font));
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
    assert_true(escp_begin(&e, ESCP_9_PINS, 437, blank_font));
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

/* A byte of a code page is the letter of 437 that it is, or one of the job's own with its character beside it. */
static void letters_of_code_pages_are_drawn(void **state)
{
    static const struct {
        uint16_t page;
        const char *bytes;
        size_t length;
        const char *drawn, *character;
    } cases[] = {
        {437, "\xB5", 1, "/F1 1 Tf 7.20 0 0.00 12.00 18.00 783.00 Tm <B5>", NULL},
        {850, "\x8E", 1, "/F1 1 Tf 7.20 0 0.00 12.00 18.00 783.00 Tm <8E>", NULL},
        {850, "\xB5", 1, "/F3 1 Tf 7.20 0 0.00 12.00 18.00 783.00 Tm <00>", "<00> <00C1>"},
        {850,
         "\x1b"
         "E\xB6\xB5\xB6",
         5, "/F4 1 Tf 7.20 0 0.00 12.00 18.00 783.00 Tm <000100>", "<01> <00C1>"},
        {437, "\x1b(t\3\0\1\1\x10\x81", 9, "/F3 1 Tf 7.20 0 0.00 12.00 18.00 783.00 Tm <00>", "<00> <0392>"},
        {437, "\x1b(t\3\0\1\4\0\x86", 9, "/F3 1 Tf 7.20 0 0.00 12.00 18.00 783.00 Tm <00>", "<00> <0386>"},
        {437, "\x1b(t\3\0\1\x2A\0\x98", 9, "/F3 1 Tf 7.20 0 0.00 12.00 18.00 783.00 Tm <00>", "<00> <0621>"},
        {437, "\x1b(t\3\0\1\x7F\1\xC1", 9, "/F3 1 Tf 7.20 0 0.00 12.00 18.00 783.00 Tm <00>", "<00> <00C1>"},
        {850, "\x1b(t\3\0\1\5\0\xB5", 9, "/F3 1 Tf 7.20 0 0.00 12.00 18.00 783.00 Tm <00>", "<00> <00C1>"},
        {437, "\x1b(t\3\0\1\x0A\0\xB7", 9, "/F3 1 Tf 7.20 0 0.00 12.00 18.00 783.00 Tm <00>", "<00> <011A>"},
        {850,
         "\x1b(t\3\0"
         "3\1\0\x1bt3\xB5",
         12, "/F1 1 Tf 7.20 0 0.00 12.00 18.00 783.00 Tm <B5>", NULL},
        {850, "\x1bt0\xC1", 4, "/F1 1 Tf 7.20 0 2.40 12.00 18.00 783.00 Tm <41>", NULL},
        {437, "\x1b(t\3\0\1\x0E\0\x1b@\xB5", 11, "/F1 1 Tf 7.20 0 0.00 12.00 18.00 783.00 Tm <B5>", NULL},
        {850, "\xD5", 1, "/F3 1 Tf", "<00> <0131>"},
        {858, "\xD5", 1, "/F3 1 Tf", "<00> <20AC>"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct escp e;
        assert_true(escp_begin(&e, ESCP_24_PINS, cases[i].page, blank_font));
        for (size_t n = 0; n < cases[i].length; n++)
            escp_byte(&e, (uint8_t)cases[i].bytes[n]);
        assert_true(escp_end(&e));
        text_add(&e.pdf.out, "", 1);
        for (size_t n = 0; n + 1 < e.pdf.out.length; n++) /* the second line is not ASCII */
            if (!e.pdf.out.bytes[n])
                e.pdf.out.bytes[n] = ' ';
        if (!strstr(e.pdf.out.bytes, cases[i].drawn) ||
            (cases[i].character && !strstr(e.pdf.out.bytes, cases[i].character)))
            fail_msg("case %zu: %s", i, e.pdf.out.bytes);
        escp_free(&e);
    }
}

static void a_mark_stands_where_its_letter_has_room(void **state)
{
    static const uint8_t font[256][16] = {['A'] = {[2] = 0x10, [11] = 0xC6},
                                          ['y'] = {[5] = 0xC6, [14] = 0xF8},
                                          ['i'] = {[2] = 0x18, [5] = 0x38, [11] = 0x3C}};
    static const struct {
        uint16_t character;
        uint8_t rows[16];
    } cases[] = {
        {0x00C1, {[0] = 0x0C, 0x18, 0x10, [11] = 0xC6}},                             /* Á */
        {0x00FD, {[2] = 0x0C, 0x18, [5] = 0xC6, [14] = 0xF8}},                       /* ý */
        {0x0104, {[2] = 0x10, [11] = 0xC6, 0x0C, 0x18, 0x0E}},                       /* Ą */
        {0x0131, {[5] = 0x38, [11] = 0x3C}},                                         /* ı */
        {0x20AA, {[2] = 0x7E, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x7E}} /* ₪: a frame */
    };
    uint8_t rows[16];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mark_draw(cases[i].character, font, rows);
        assert_memory_equal(rows, cases[i].rows, sizeof rows);
    }
}

/* Each letter of the code pages of one byte to a character has dots of its own, but for the points of Hebrew: none is a
 * frame. */
static void letters_are_drawn(void **state)
{
    static const uint16_t pages[] = {737, 775, 850, 851, 852, 855,  857,  858,  860,  861,  863,  720,  862,
                                     864, 865, 866, 869, 874, 1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257};
    uint8_t nothing[16], rows[16];

    (void)state;
    mark_draw(0x20AA, blank_font, nothing);
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++)
        for (unsigned byte = 0x80; byte < 0x100; byte++) {
            uint32_t character = codepage_character(pages[i], (uint8_t)byte);
            bool known = character < 0xC0 || (character >= 0x250 && character < 0x384) ||
                         (character >= 0x460 && character < 0x5D0) || (character >= 0x5F0 && character < 0x60C) ||
                         (character >= 0x2000 && character != 0x2116 && character < 0xFE70) || character == 0xFFFD;
            for (unsigned code = 0; code < 256; code++)
                known |= codepage_437((uint8_t)code) == character;
            mark_draw((uint16_t)character, blank_font, rows);
            if (!known && !memcmp(rows, nothing, sizeof rows))
                fail_msg("%u: U+%04X", pages[i], (unsigned)character);
        }
}

static void any_bytes_are_a_job(void **state)
{
    uint32_t seed = 1;

    (void)state;
    for (int job = 0; job < 200; job++) {
        struct escp e;
        assert_true(escp_begin(&e, job & 1 ? ESCP_24_PINS : ESCP_9_PINS, job & 2 ? 850 : 437, blank_font));
        for (int i = 0; i < 2000; i++) {
            seed = seed * 1664525 + 1013904223;
            escp_byte(&e, seed >> 28 == 0 ? 0x1B : (uint8_t)(seed >> 20));
        }
        assert_true(escp_end(&e));
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
        cmocka_unit_test(letters_of_code_pages_are_drawn),
        cmocka_unit_test(a_mark_stands_where_its_letter_has_room),
        cmocka_unit_test(letters_are_drawn),
        cmocka_unit_test(any_bytes_are_a_job),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
