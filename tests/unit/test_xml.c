/* test_xml.c - what formats/xml.c writes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "formats/xml.h"

static void elements_stand_in_each_other_on_lines_of_their_own(void **state)
{
    struct text t = {.bytes = NULL};
    struct xml x = xml_begin(&t);

    (void)state;
    xml_open(&x, "a");
    xml_attribute(&x, "b", "1 < \"2\" & 'c'");
    xml_open(&x, "empty");
    xml_close(&x);
    xml_element(&x, "d", "x > y");
    xml_close(&x);
    assert_false(t.failed);
    assert_string_equal(t.bytes, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                                 "<a b=\"1 &lt; &quot;2&quot; &amp; &#39;c&#39;\">\n"
                                 "  <empty/>\n"
                                 "  <d>x &gt; y</d>\n"
                                 "</a>\n");
    text_free(&t);
}

static void what_xml_cannot_hold_is_written_out(void **state)
{
    struct text t = {.bytes = NULL};

    (void)state;
    xml_escape(&t, "a\x1b\xffz\n\xe2\x80\xae\xc3\xbc\xf0\x9f\xbf\xbf\\");
    assert_string_equal(t.bytes, "a\\u001b\\xffz&#10;\\u202e\xc3\xbc\\U0001ffff\\");
    text_free(&t);
}

static void more_ends_than_beginnings_and_too_many_beginnings_are_seen(void **state)
{
    struct text t = {.bytes = NULL}, u = {.bytes = NULL};
    struct xml x = xml_begin(&t), y = xml_begin(&u);

    (void)state;
    xml_close(&x);
    assert_true(t.failed);
    for (int i = 0; i <= XML_DEPTH; i++)
        xml_open(&y, "a");
    assert_true(u.failed);
    text_free(&t);
    text_free(&u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_stand_in_each_other_on_lines_of_their_own),
        cmocka_unit_test(what_xml_cannot_hold_is_written_out),
        cmocka_unit_test(more_ends_than_beginnings_and_too_many_beginnings_are_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
