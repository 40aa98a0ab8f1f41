/* test_transcendental.c - a few results of the transcendental functions, each with its exceptions and C1.
 * tests/transcendental.c tries millions against MPFR. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "emu/cpu/bigfloat.h"
#include "emu/cpu/transcendental.h"

enum { MASKED = 0x3F };

static const struct float80 plus_zero = {0, 0}, minus_zero = {0, 0x8000}, plus_one = {1ull << 63, 0x3FFF},
                            minus_one = {1ull << 63, 0xBFFF}, infinity = {1ull << 63, 0x7FFF},
                            minus_infinity = {1ull << 63, 0xFFFF}, smallest = {1, 0};

static void assert_float(struct float80 got, uint16_t high, uint64_t significand)
{
    assert_int_equal(got.high, high);
    assert_int_equal(got.significand, significand);
}

static struct float_env with(enum rounding rounding)
{
    return (struct float_env){.rounding = rounding, .precision = 24, .masks = MASKED};
}

static void sine_of_1_is_rounded_once_in_each_direction_whatever_the_precision(void **state)
{
    static const uint64_t expected[] = {0xD76AA47848677021, 0xD76AA47848677020, 0xD76AA47848677021, 0xD76AA47848677020};

    (void)state;
    for (unsigned rounding = 0; rounding < 4; rounding++) {
        struct float_env e = with((enum rounding)rounding);
        assert_float(f80_sin(plus_one, &e), 0x3FFE, expected[rounding]);
        assert_int_equal(e.flags, FLOAT_INEXACT);
        assert_int_equal(e.rounded_up, expected[rounding] & 1);
    }
}

static void sine_at_pi_shows_that_p_has_66_bits(void **state)
{
    struct float_env e = with(ROUND_NEAREST);

    (void)state;
    /* C90FDAA22168C235 * 2^-62 - P is 2^-64. */
    assert_float(f80_sin((struct float80){0xC90FDAA22168C235, 0x4000}, &e), 0xBFFF - 64, 1ull << 63);
    assert_int_equal(e.flags, FLOAT_INEXACT);
}

static void small_arguments_are_rounded_away_from_themselves_when_rc_says_so(void **state)
{
    struct float80 x = {1ull << 63, 0x2000};
    struct float_env e = with(ROUND_ZERO), up = with(ROUND_UP);

    (void)state;
    assert_float(f80_sin(x, &e), 0x1FFF, ~0ull);
    assert_float(f80_cos(x, &e), 0x3FFE, ~0ull);
    assert_float(f80_tan(x, &e), 0x2000, 1ull << 63);
    assert_float(f80_tan(x, &up), 0x2000, (1ull << 63) + 1);
    assert_true(up.rounded_up);
    assert_float(f80_atan2(x, plus_one, &e), 0x1FFF, ~0ull);
}

static void denormal_arguments_underflow_and_scale_when_unmasked(void **state)
{
    struct float_env e = with(ROUND_DOWN), unmasked = with(ROUND_NEAREST), stopped = with(ROUND_NEAREST);

    (void)state;
    assert_float(f80_sin(smallest, &e), 0, 0);
    assert_int_equal(e.flags, FLOAT_DENORMAL | FLOAT_UNDERFLOW | FLOAT_INEXACT);
    unmasked.masks = MASKED & ~FLOAT_UNDERFLOW;
    assert_float(f80_sin(smallest, &unmasked), (uint16_t)(1 - 63 + 24576), 1ull << 63);
    assert_int_equal(unmasked.flags, FLOAT_DENORMAL | FLOAT_UNDERFLOW | FLOAT_INEXACT);
    assert_true(unmasked.rounded_up);
    stopped.masks = MASKED & ~FLOAT_DENORMAL;
    f80_sin(smallest, &stopped);
    assert_int_equal(stopped.flags, FLOAT_DENORMAL);
}

static void zeros_are_exact(void **state)
{
    struct float_env e = with(ROUND_DOWN);

    (void)state;
    assert_float(f80_sin(minus_zero, &e), 0x8000, 0);
    assert_float(f80_cos(minus_zero, &e), 0x3FFF, 1ull << 63);
    assert_float(f80_tan(minus_zero, &e), 0x8000, 0);
    assert_float(f80_2xm1(minus_zero, &e), 0x8000, 0);
    assert_float(f80_yl2x(minus_one, plus_one, &e), 0x8000, 0);
    assert_float(f80_yl2xp1(minus_one, minus_zero, &e), 0, 0);
    assert_float(f80_atan2(minus_zero, plus_zero, &e), 0x8000, 0);
    assert_float(f80_atan2(plus_one, infinity, &e), 0, 0);
    assert_int_equal(e.flags, 0);
    assert_false(e.rounded_up);
}

static void arc_tangent_of_zeros_and_infinities_is_a_multiple_of_pi_over_4(void **state)
{
    static const uint64_t pi = 0xC90FDAA22168C235, pi_3 = 0x96CBE3F9990E91A8; /* 3 pi/4 */
    struct float_env e = with(ROUND_NEAREST);

    (void)state;
    assert_float(f80_atan2(plus_zero, minus_zero, &e), 0x4000, pi);
    assert_float(f80_atan2(minus_zero, minus_one, &e), 0xC000, pi);
    assert_float(f80_atan2(minus_one, minus_zero, &e), 0xBFFF, pi);
    assert_float(f80_atan2(infinity, plus_one, &e), 0x3FFF, pi);
    assert_float(f80_atan2(infinity, infinity, &e), 0x3FFE, pi);
    assert_float(f80_atan2(minus_infinity, minus_infinity, &e), 0xC000, pi_3);
    assert_float(f80_atan2(plus_one, minus_infinity, &e), 0x4000, pi);
    assert_int_equal(e.flags, FLOAT_INEXACT);
}

static void powers_and_logarithms_are_exact_where_they_can_be(void **state)
{
    struct float80 three = {3ull << 62, 0x4000}, five = {5ull << 61, 0x4001}, half = {1ull << 63, 0x3FFE},
                   seven = {7ull << 61, 0x4001};
    struct float_env e = with(ROUND_UP);

    (void)state;
    assert_float(f80_2xm1(plus_one, &e), 0x3FFF, 1ull << 63);
    assert_float(f80_2xm1(minus_one, &e), 0xBFFE, 1ull << 63);
    assert_float(f80_2xm1(three, &e), 0x4001, 7ull << 61);
    assert_float(f80_yl2x(five, half, &e), 0xC001, 5ull << 61);
    assert_float(f80_yl2xp1(five, seven, &e), 0x4002, 15ull << 60);
    assert_int_equal(e.flags, 0);
}

static void powers_beyond_the_documented_domain_are_defined(void **state)
{
    struct float80 huge = {1ull << 63, 0x5000}, minus_huge = {1ull << 63, 0xD000}, last = {0xFFFFFFFFFFFFFFFF, 0x400C};
    struct float_env e = with(ROUND_NEAREST), zero = with(ROUND_ZERO);

    (void)state;
    assert_float(f80_2xm1(minus_huge, &zero), 0xBFFE, ~0ull);
    assert_int_equal(zero.flags, FLOAT_INEXACT);
    assert_float(f80_2xm1(last, &e), 0x7FFE, 0xFFFFFFFFFFFFD3A3); /* 2^16384 (1 - ln 2 * 2^-50) */
    assert_int_equal(e.flags, FLOAT_INEXACT);
    assert_float(f80_2xm1(huge, &zero), 0x7FFE, ~0ull);
    assert_float(f80_2xm1(huge, &e), 0x7FFF, 1ull << 63);
    assert_int_equal(e.flags, FLOAT_OVERFLOW | FLOAT_INEXACT);
    assert_true(e.rounded_up);
}

/* Results so near to a number of 65 bits that 128 bits do not tell on which side. */
static void hard_cases_take_more_bits(void **state)
{
    struct float80 large = {1ull << 63, 0x3FFF + 127}, x = {1ull << 63, 0x3FFF - 60};
    struct float_env e = with(ROUND_UP);

    (void)state;
    assert_float(f80_yl2xp1(plus_one, large, &e), 0x4005, (127ull << 57) + 1); /* 127 + 2^-127/ln 2 */
    assert_true(e.rounded_up);
    assert_float(f80_atan2(x, (struct float80){3ull << 62, 0x3FFF}, &e), 0x3FFF - 61, 0xAAAAAAAAAAAAAAAB);
    e.rounding = ROUND_ZERO;
    assert_float(f80_yl2xp1(plus_one, large, &e), 0x4005, 127ull << 57);
}

static void division_corrects_a_guess_that_is_too_high(void **state)
{
    struct big a, b, q, back;

    (void)state;
    big_set(&a, false, 0x7FFFFFFF80000000, 0, 0, 4);
    big_set(&b, true, 0x80000000FFFFFFFF, 0xFFFFFFFF, 0, 4);
    big_div(&q, &a, &b, 4);
    assert_true(q.negative);
    big_mul(&back, &q, &b, 4);
    big_sub(&a, &a, &back, 4);
    assert_true(!a.limb[0] || a.exponent <= 63 - 126);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sine_of_1_is_rounded_once_in_each_direction_whatever_the_precision),
        cmocka_unit_test(sine_at_pi_shows_that_p_has_66_bits),
        cmocka_unit_test(small_arguments_are_rounded_away_from_themselves_when_rc_says_so),
        cmocka_unit_test(denormal_arguments_underflow_and_scale_when_unmasked),
        cmocka_unit_test(zeros_are_exact),
        cmocka_unit_test(arc_tangent_of_zeros_and_infinities_is_a_multiple_of_pi_over_4),
        cmocka_unit_test(powers_and_logarithms_are_exact_where_they_can_be),
        cmocka_unit_test(powers_beyond_the_documented_domain_are_defined),
        cmocka_unit_test(hard_cases_take_more_bits),
        cmocka_unit_test(division_corrects_a_guess_that_is_too_high),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
