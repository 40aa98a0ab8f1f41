/* test_codepage.c - code pages beside those of this host's C library. */
#include <iconv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "formats/codepage.h"

/* What iconv makes of the bytes; U+FFFD: they are no character, or one of private use. */
static void by_iconv(iconv_t other, const uint8_t *bytes, size_t length, char text[16])
{
    char *from = (char *)(uintptr_t)bytes, *to = text;
    size_t left = 15;

    iconv(other, NULL, NULL, NULL, NULL);
    if (iconv(other, &from, &length, &to, &left) == (size_t)-1 || length ||
        iconv(other, NULL, NULL, &to, &left) == (size_t)-1 || (uint8_t)*text == 0xEE ||
        ((uint8_t)*text == 0xEF && (uint8_t)text[1] < 0xA4)) /* E000h to F8FFh */
        to = text + strlen(strcpy(text, "\xEF\xBF\xBD"));
    *to = '\0';
}

static void check(iconv_t other, unsigned page, const uint8_t *bytes, size_t length)
{
    char ours[16], theirs[16];

    ours[codepage_utf8(page, bytes, length, ours)] = '\0';
    by_iconv(other, bytes, length, theirs);
    assert_string_equal(ours, theirs);
}

static void test_single_bytes(void **state)
{
    char name[16];

    (void)state;
    for (unsigned i = 0, page; (page = codepage_number(i)); i++) {
        assert_true(codepage_known(page));
        if (codepage_is_double(page) || page == 720) /* which iconv does not know */
            continue;
        snprintf(name, sizeof name, "CP%u", page);
        iconv_t other = iconv_open("UTF-8", name);
        assert_true(other != (iconv_t)-1);
        for (unsigned byte = 0x20; byte < 0x100; byte++) {
            const uint8_t one = (uint8_t)byte;
            /* The glyphs of a screen: a house, a space; and what is Arabic of ASCII. */
            if (byte != 0x7F && !(page == 437 && byte == 0xFF) && !(page == 864 && byte == 0x25))
                check(other, page, &one, 1);
        }
        iconv_close(other);
    }
}

static void test_shift_jis(void **state)
{
    iconv_t other = iconv_open("UTF-8", "CP932");
    uint8_t pair[2];

    (void)state;
    assert_true(other != (iconv_t)-1 && codepage_known(932) && codepage_is_double(932));
    for (unsigned first = 0xA1; first < 0xE0; first++) {
        pair[0] = (uint8_t)first;
        check(other, 932, pair, 1);
    }
    for (unsigned first = 0x81; first < 0xFD; first++)
        for (unsigned second = 0x40; second < 0xFD; second++) {
            if ((first > 0x9F && first < 0xE0) || second == 0x7F)
                continue;
            pair[0] = (uint8_t)first;
            pair[1] = (uint8_t)second;
            char ours[16], theirs[16];
            ours[codepage_utf8(932, pair, 2, ours)] = '\0';
            by_iconv(other, pair, 2, theirs);
            if (strncmp(ours, "\xEF\xBF\xBD", 3)) /* else not a pair: its second byte stands alone */
                assert_string_equal(ours, theirs);
            else
                assert_string_equal(theirs, "\xEF\xBF\xBD");
        }
    iconv_close(other);
}

/* Every pair of the Chinese and Korean pages, and every byte beyond ASCII that stands alone. */
static void test_chinese_and_korean(void **state)
{
    static const unsigned pages[] = {936, 949, 950}, characters[] = {21791, 17048, 13503};
    char name[16], ours[16], theirs[16];

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "CP%u", pages[i]);
        iconv_t other = iconv_open("UTF-8", name);
        unsigned count = 0;
        assert_true(other != (iconv_t)-1 && codepage_known(pages[i]));
        for (unsigned first = 0x80; first < 0x100; first++) {
            const uint8_t alone = (uint8_t)first;
            if (pages[i] != 950 || first != 0x80) /* where iconv has a control character */
                check(other, pages[i], &alone, 1);
            for (unsigned second = 0x40; second < 0xFF && first > 0x80; second++) {
                const uint8_t pair[] = {(uint8_t)first, (uint8_t)second};
                ours[codepage_utf8(pages[i], pair, 2, ours)] = '\0';
                by_iconv(other, pair, 2, theirs);
                if (strncmp(ours, "\xEF\xBF\xBD", 3))
                    count++, assert_string_equal(ours, theirs);
                else
                    assert_string_equal(theirs, "\xEF\xBF\xBD");
            }
        }
        assert_int_equal(count, characters[i]);
        iconv_close(other);
    }
}

static void test_what_is_none(void **state)
{
    const uint8_t bytes[] = {'A', 0x81}; /* the first half of a pair, cut off */
    char text[16];

    (void)state;
    assert_int_equal(codepage_utf8(932, bytes, 2, text), 4);
    assert_memory_equal(text, "A\xEF\xBF\xBD", 4);
    assert_false(codepage_known(0));
    assert_int_equal(codepage_utf8(0, bytes, 2, text), 4);
    assert_memory_equal(text, "A\xEF\xBF\xBD", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_single_bytes),
        cmocka_unit_test(test_shift_jis),
        cmocka_unit_test(test_chinese_and_korean),
        cmocka_unit_test(test_what_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
