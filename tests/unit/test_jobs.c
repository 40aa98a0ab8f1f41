/* test_jobs.c - desk/jobs.c: when a process that falls is given up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "desk/jobs.h"

static void falls_are_counted_within_a_time(void **state)
{
    struct falls rare = {.count = 0}, often = {.count = 0}, mixed = {.count = 0};
    uint64_t now = 5;

    (void)state;
    for (unsigned i = 0; i < 10 * FALLS_MOST; i++)
        assert_true(falls_again(&rare, now += FALLS_MS / FALLS_MOST));
    for (unsigned i = 0; i < FALLS_MOST; i++)
        assert_true(falls_again(&often, ++now));
    assert_false(falls_again(&often, ++now));
    for (unsigned i = 0; i < FALLS_MOST; i++)
        assert_true(falls_again(&mixed, ++now));
    now += FALLS_MS;
    for (unsigned i = 0; i < FALLS_MOST; i++)
        assert_true(falls_again(&mixed, ++now));
    assert_false(falls_again(&mixed, ++now));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(falls_are_counted_within_a_time)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
