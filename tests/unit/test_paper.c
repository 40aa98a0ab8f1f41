/* test_paper.c - desk/paper.c: what a session printed, cut short at any byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "desk/paper.h"

enum { RATE = 1000, LATER = 100 };

struct heard {
    char text[32];
    size_t count;
};

static void hear(void *context, uint8_t byte, uint64_t tick)
{
    struct heard *h = context;

    (void)tick;
    assert_true(h->count + 1 < sizeof h->text);
    h->text[h->count++] = (char)byte;
}

static void look(void *context, uint64_t tick, uint64_t ticks_per_second)
{
    (void)context, (void)tick;
    assert_int_equal(ticks_per_second, RATE);
}

static void print(struct paper *p, const char *text, uint64_t tick)
{
    while (*text)
        paper_byte(p, (uint8_t)*text++, tick);
    assert_true(paper_flush(p, true));
}

static void says(int descriptor, const char *text)
{
    struct heard heard = {.count = 0};

    assert_true(paper_read(descriptor, &(struct paper_reader){&heard, hear, look}));
    assert_string_equal(heard.text, text);
}

static void a_record_that_was_cut_short_is_no_record(void **state)
{
    FILE *file = tmpfile();
    struct paper p;
    off_t first, whole;

    (void)state;
    assert_non_null(file);
    const int descriptor = fileno(file);
    paper_begin(&p, descriptor, RATE, 0);
    print(&p, "first", 1);
    first = (off_t)p.length;
    print(&p, "second", 2);
    whole = (off_t)p.length;
    says(descriptor, "firstsecond");
    for (off_t length = whole - 1; length >= first; length--) {
        assert_int_equal(ftruncate(descriptor, length), 0);
        paper_begin(&p, descriptor, RATE, LATER);
        assert_int_equal(p.length, first);
        print(&p, "third", LATER);
        says(descriptor, "firstthird");
        assert_int_equal(ftruncate(descriptor, first), 0);
        paper_begin(&p, descriptor, RATE, LATER);
        print(&p, "second", 2);
    }
    fclose(file);
}

static void what_came_after_the_tick_is_cut_off(void **state)
{
    FILE *file = tmpfile();
    struct paper p;

    (void)state;
    assert_non_null(file);
    paper_begin(&p, fileno(file), RATE, 0);
    print(&p, "first", 1);
    print(&p, "second", LATER + 1);
    paper_begin(&p, fileno(file), RATE, LATER);
    says(fileno(file), "first");
    fclose(file);
}

static void a_file_that_takes_nothing_is_said_to_have_failed(void **state)
{
    struct paper p;

    (void)state;
    paper_begin(&p, -1, RATE, 0);
    paper_byte(&p, 'a', 1);
    assert_false(paper_flush(&p, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_that_was_cut_short_is_no_record),
        cmocka_unit_test(what_came_after_the_tick_is_cut_off),
        cmocka_unit_test(a_file_that_takes_nothing_is_said_to_have_failed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
