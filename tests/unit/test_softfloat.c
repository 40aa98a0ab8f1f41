/* test_softfloat.c - facts about emu/cpu/softfloat*.c that TestFloat does not ask for: what unmasked exceptions leave,
 * the denormal exception, C1, NaNs, operands that no format has any more, and the switches of SSE. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "emu/cpu/softfloat.h"

#define TOP UINT64_C(0x8000000000000000)
#define F80(high, significand) ((struct float80){significand, high})
#define ONE F80(0x3FFF, TOP)
#define ZERO F80(0, 0)
#define INFINITE F80(0x7FFF, TOP)
#define INDEFINITE F80(0xFFFF, UINT64_C(0xC000000000000000))
#define LARGEST F80(0x7FFE, UINT64_MAX)
#define SMALLEST_NORMAL F80(1, TOP)
#define DENORMAL F80(0, 1)
#define QUIET(n) F80(0x7FFF, UINT64_C(0xC000000000000000) | (n))
#define SIGNALING(n) F80(0x7FFF, TOP | (n))
enum {
    I = FLOAT_INVALID,
    D = FLOAT_DENORMAL,
    Z = FLOAT_ZERO_DIVIDE,
    O = FLOAT_OVERFLOW,
    U = FLOAT_UNDERFLOW,
    P = FLOAT_INEXACT
};

static struct float_env masked(enum rounding rounding, unsigned precision)
{
    return (struct float_env){.rounding = rounding, .precision = precision, .masks = 0x3F};
}

static void expect80(struct float80 got, struct float80 expected)
{
    assert_int_equal(got.high, expected.high);
    assert_true(got.significand == expected.significand);
}

static void expect_env(const struct float_env *e, uint8_t flags, bool up)
{
    assert_int_equal(e->flags, flags);
    assert_int_equal(e->rounded_up, up);
}

/* 1 + 2^-64 + 2^-65 of the next number, in all four directions. */
static void sums_round_to_64_bits_as_the_mode_says(void **state)
{
    /* clang-format off */
    static const struct { enum rounding rounding; uint64_t plus, minus; bool plus_up, minus_up; } modes[] = {
        { ROUND_NEAREST, TOP + 1, TOP + 1, true, true }, { ROUND_DOWN, TOP, TOP + 1, false, true },
        { ROUND_UP, TOP + 1, TOP, true, false },         { ROUND_ZERO, TOP, TOP, false, false }
    };
    /* clang-format on */
    struct float80 small = F80(0x3FFF - 64, TOP | TOP >> 1);

    (void)state;
    for (unsigned n = 0; n < 4; n++) {
        struct float_env e = masked(modes[n].rounding, 64);
        expect80(f80_add(ONE, small, &e), F80(0x3FFF, modes[n].plus));
        expect_env(&e, P, modes[n].plus_up);
        e.flags = 0;
        small.high ^= 0x8000;
        expect80(f80_add(F80(0xBFFF, TOP), small, &e), F80(0xBFFF, modes[n].minus));
        expect_env(&e, P, modes[n].minus_up);
        small.high ^= 0x8000;
    }
}

static void ties_go_to_the_even_significand(void **state)
{
    struct float_env e = masked(ROUND_NEAREST, 64);
    struct float80 half = F80(0x3FFF - 64, TOP);

    (void)state;
    expect80(f80_add(ONE, half, &e), ONE);
    expect_env(&e, P, false);
    expect80(f80_add(F80(0x3FFF, TOP + 1), half, &e), F80(0x3FFF, TOP + 2));
    expect_env(&e, P, true);
}

static void precision_control_rounds_significands_and_leaves_exponents(void **state)
{
    struct float_env single = masked(ROUND_NEAREST, 24), twice = masked(ROUND_UP, 53);

    (void)state;
    expect80(f80_mul(F80(0x7000, UINT64_C(0xFFFFFFFFFFFFFFFF)), ONE, &single), F80(0x7001, TOP));
    expect80(f80_div(ONE, F80(0x4000, UINT64_C(0xC000000000000000)), &twice),
             F80(0x3FFD, UINT64_C(0xAAAAAAAAAAAAB000)));
    expect80(f80_add(F80(0, 0x1FF), ZERO, &single), ZERO); /* a denormal number is cut at the same place */
    expect_env(&single, D | U | P, false);
}

static void a_result_is_tiny_after_rounding_not_before(void **state)
{
    struct float_env e = masked(ROUND_NEAREST, 64);

    (void)state;
    /* 1 - 2^-66 times the smallest normal number: with 64 bits and any exponent it rounds up to that */
    expect80(f80_mul(F80(0x3FFE, UINT64_MAX << 31), F80(1, TOP | 1u << 30), &e), F80(1, TOP));
    expect_env(&e, P, true);
    e.flags = 0;
    expect80(f80_mul(SMALLEST_NORMAL, F80(0x3FFE, UINT64_MAX), &e), F80(1, TOP)); /* rounds up where it is denormal */
    expect_env(&e, U | P, true);
    e.flags = 0;
    expect80(f80_mul(SMALLEST_NORMAL, F80(0x3FFE, TOP), &e), F80(0, TOP >> 1)); /* tiny and exact */
    expect_env(&e, 0, false);
}

static void unmasked_results_move_by_24576(void **state)
{
    struct float_env e = {.precision = 64, .masks = 0x3F & ~(O | U)};

    (void)state;
    expect80(f80_mul(LARGEST, LARGEST, &e), F80((uint16_t)(0x7FFE + 0x7FFE - 0x3FFF + 1 - 24576), UINT64_MAX - 1));
    expect_env(&e, O | P, false);
    e.flags = 0;
    expect80(f80_mul(SMALLEST_NORMAL, SMALLEST_NORMAL, &e), F80(1 + 1 - 0x3FFF + 24576, TOP));
    expect_env(&e, U, false);
    e.flags = 0;
    expect80(f80_sub(SMALLEST_NORMAL, F80(0, 1), &e), F80(1 - 1 + 24576, UINT64_MAX - 1)); /* exact, and tiny all the
                                                                                              same */
    expect_env(&e, D | U, false);
}

static void overflow_gives_infinity_or_the_largest_number(void **state)
{
    struct float_env nearest = masked(ROUND_NEAREST, 64), down = masked(ROUND_DOWN, 53);

    (void)state;
    expect80(f80_add(LARGEST, LARGEST, &nearest), INFINITE);
    expect_env(&nearest, O | P, true);
    expect80(f80_add(LARGEST, LARGEST, &down), F80(0x7FFE, UINT64_MAX << 11));
    expect_env(&down, O | P, false);
}

static void formats_of_old_are_invalid_and_pseudo_denormals_denormal(void **state)
{
    static const struct float80 old[] = {{1, 0x0001}, {TOP >> 1, 0x3FFF}, {0, 0x7FFF}, {5, 0xFFFF}, {0, 0x0001}};
    struct float_env e = masked(ROUND_NEAREST, 64);

    (void)state;
    for (unsigned n = 0; n < sizeof old / sizeof *old; n++) {
        e.flags = 0;
        expect80(f80_add(old[n], QUIET(7), &e), INDEFINITE);
        expect_env(&e, I, false);
        assert_int_equal(f80_compare(ONE, old[n], true, &e), FLOAT_UNORDERED);
        e.flags = 0;
        assert_true(f80_to_int(old[n], 64, false, &e) == INT64_MIN);
        expect_env(&e, I, false);
    }
    e.flags = 0;
    expect80(f80_add(F80(0, TOP), F80(0, TOP), &e), F80(2, TOP));
    expect_env(&e, D, false);
    e.flags = 0;
    assert_int_equal(f80_compare(F80(0, TOP), SMALLEST_NORMAL, false, &e), FLOAT_EQUAL);
    expect_env(&e, D, false);
}

static void of_two_nans_the_larger_significand_wins_but_a_quiet_one_beats_a_signaling_one(void **state)
{
    struct float_env e = masked(ROUND_NEAREST, 64);

    (void)state;
    expect80(f80_add(QUIET(1), QUIET(2), &e), QUIET(2));
    expect80(f80_sub(QUIET(3), F80(0xFFFF, QUIET(3).significand), &e), QUIET(3)); /* equal: the positive one */
    expect80(f80_mul(ONE, F80(0xFFFF, QUIET(9).significand), &e), F80(0xFFFF, QUIET(9).significand));
    expect80(f80_add(DENORMAL, QUIET(1), &e), QUIET(1)); /* comes before a denormal operand */
    expect_env(&e, 0, false);
    expect80(f80_div(SIGNALING(9), QUIET(1), &e), QUIET(1));
    expect_env(&e, I, false);
    e.flags = 0;
    expect80(f80_mul(SIGNALING(1), SIGNALING(2), &e), QUIET(2));
    expect80(f80_sqrt(SIGNALING(4), &e), QUIET(4));
    expect_env(&e, I, false);
}

static void invalid_operations_give_indefinite(void **state)
{
    struct float_env e = masked(ROUND_NEAREST, 64);

    (void)state;
    expect80(f80_sub(INFINITE, INFINITE, &e), INDEFINITE);
    expect80(f80_mul(INFINITE, ZERO, &e), INDEFINITE);
    expect80(f80_div(ZERO, ZERO, &e), INDEFINITE);
    expect80(f80_div(INFINITE, INFINITE, &e), INDEFINITE);
    expect80(f80_sqrt(F80(0x8000, 1), &e), INDEFINITE); /* and no denormal exception */
    expect_env(&e, I, false);
}

static void division_by_zero_comes_before_a_denormal_operand(void **state)
{
    struct float_env e = masked(ROUND_NEAREST, 64);

    (void)state;
    expect80(f80_div(DENORMAL, F80(0x8000, 0), &e), F80(0xFFFF, TOP));
    expect_env(&e, Z, false);
    e.flags = 0;
    expect80(f80_div(INFINITE, ZERO, &e), INFINITE);
    expect_env(&e, 0, false);
    expect80(f80_div(ZERO, DENORMAL, &e), ZERO);
    expect_env(&e, D, false);
    e.flags = 0;
    assert_true(f_div(64, 1, 0, &e) == UINT64_C(0x7FF0000000000000));
    expect_env(&e, Z, false);
}

static void zeros_keep_the_sign_that_the_mode_gives(void **state)
{
    struct float_env nearest = masked(ROUND_NEAREST, 64), down = masked(ROUND_DOWN, 64);

    (void)state;
    expect80(f80_sub(ONE, ONE, &nearest), ZERO);
    expect80(f80_sub(ONE, ONE, &down), F80(0x8000, 0));
    expect80(f80_add(F80(0x8000, 0), F80(0x8000, 0), &nearest), F80(0x8000, 0));
    expect80(f80_sub(F80(0x8000, 0), ZERO, &nearest), F80(0x8000, 0));
    expect80(f80_sqrt(F80(0x8000, 0), &nearest), F80(0x8000, 0));
    expect80(f80_round_to_integer(F80(0xBFFD, TOP), &nearest), F80(0x8000, 0));
}

/* For every root r: r^2 <= x < (r + 1 unit)^2 when cut, checked by products in both directions. */
static void roots_are_between_the_squares_of_their_neighbours(void **state)
{
    uint64_t bits = 1;

    (void)state;
    for (unsigned n = 0; n < 20000; n++) {
        bits = bits * UINT64_C(6364136223846793005) + 1442695040888963407u;
        struct float80 x = F80((uint16_t)(0x3FFF + n % 2), bits | TOP);
        struct float_env cut = masked(ROUND_ZERO, 64), down = masked(ROUND_DOWN, 64), up = masked(ROUND_UP, 64);
        struct float80 r = f80_sqrt(x, &cut), above = F80(r.high, r.significand + 1);
        if (!above.significand)
            above = F80((uint16_t)(r.high + 1), TOP);
        assert_int_not_equal(f80_compare(f80_mul(r, r, &up), x, false, &up), FLOAT_GREATER);
        assert_int_not_equal(f80_compare(f80_mul(above, above, &down), x, false, &down), FLOAT_LESS);
    }
}

static void integers_outside_of_their_range_are_the_most_negative(void **state)
{
    struct float_env e = masked(ROUND_NEAREST, 64);

    (void)state;
    assert_int_equal(f80_to_int(F80(0xC00E, UINT64_C(0x8000800000000000)), 16, false, &e), -32768); /* -32768.5 */
    expect_env(&e, P, false);
    e.flags = 0;
    assert_int_equal(f80_to_int(F80(0x400D, UINT64_C(0xFFFF000000000000)), 16, false, &e), -32768); /* 32767.5 */
    expect_env(&e, I, false);
    e.flags = 0;
    assert_int_equal(f80_to_int(F80(0x400D, UINT64_C(0xFFFF000000000000)), 16, true, &e), 32767);
    expect_env(&e, P, false);
    e.flags = 0;
    assert_true(f80_to_int(F80(0xC03E, TOP), 64, false, &e) == INT64_MIN);
    expect_env(&e, 0, false);
    assert_int_equal(f80_to_int(DENORMAL, 32, false, &e), 0); /* no denormal exception */
    expect_env(&e, P, false);
    expect80(f80_from_i64(INT64_MIN), F80(0xC03E, TOP));
    expect80(f80_from_i64(0), ZERO);
}

static void shorter_formats_signal_what_they_lose(void **state)
{
    struct float_env e = masked(ROUND_NEAREST, 64);

    (void)state;
    expect80(f80_from_f32(1, &e), F80(0x3FFF - 149, TOP));
    expect_env(&e, D, false);
    e.flags = 0;
    expect80(f80_from_f32(0xFF800001, &e), F80(0xFFFF, UINT64_C(0xC000010000000000)));
    expect_env(&e, I, false);
    e.flags = 0;
    assert_int_equal(f80_to_f32(F80(0xFFFF, UINT64_C(0xC000018000000000)), &e), 0xFFC00001); /* a NaN is cut, not
                                                                                                rounded */
    expect_env(&e, 0, false);
    assert_int_equal(f80_to_f32(DENORMAL, &e), 0); /* no denormal exception */
    expect_env(&e, U | P, false);
    e.flags = 0;
    assert_true(f80_to_f64(F80(0x3C00, UINT64_C(0xFFFFFFFFFFFFF800)), &e) == UINT64_C(0x0010000000000000)); /* rounds up
                                                                                                               to the
                                                                                                               smallest
                                                                                                               normal
                                                                                                               number */
    expect_env(&e, P | U, true);
}

static void sse_takes_the_first_nan(void **state)
{
    struct float_env e = masked(ROUND_NEAREST, 64);

    (void)state;
    assert_int_equal(f_add(32, 0x7FC00001, 0x7FC00002, &e), 0x7FC00001);
    assert_int_equal(f_mul(32, 0x3F800000, 0xFFC00002, &e), 0xFFC00002);
    expect_env(&e, 0, false);
    assert_int_equal(f_sub(32, 0x7FC00001, 0x7F800002, &e), 0x7FC00001);
    expect_env(&e, I, false);
    assert_int_equal(f_convert(32, 64, 0x7F800001, &e) >> 32, 0x7FF80000);
}

static void sse_flushes_what_it_is_told_to(void **state)
{
    struct float_env e = masked(ROUND_NEAREST, 64);

    (void)state;
    e.flush_to_zero = true;
    assert_int_equal(f_mul(32, 0x80800000, 0x3F000000, &e), 0x80000000);
    expect_env(&e, U | P, false);
    e = masked(ROUND_NEAREST, 64);
    e.denormals_are_zero = true;
    assert_int_equal(f_add(32, 0x80000001, 0x80000002, &e), 0x80000000);
    assert_int_equal(f_compare(32, 1, 0x80000005, false, &e), FLOAT_EQUAL);
    assert_int_equal(f_to_int(32, 1, 32, false, &e), 0);
    expect_env(&e, 0, false);
    e.denormals_are_zero = false;
    assert_int_equal(f_compare(32, 1, 0x80000005, false, &e), FLOAT_GREATER);
    expect_env(&e, D, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_round_to_64_bits_as_the_mode_says),
        cmocka_unit_test(ties_go_to_the_even_significand),
        cmocka_unit_test(precision_control_rounds_significands_and_leaves_exponents),
        cmocka_unit_test(a_result_is_tiny_after_rounding_not_before),
        cmocka_unit_test(unmasked_results_move_by_24576),
        cmocka_unit_test(overflow_gives_infinity_or_the_largest_number),
        cmocka_unit_test(formats_of_old_are_invalid_and_pseudo_denormals_denormal),
        cmocka_unit_test(of_two_nans_the_larger_significand_wins_but_a_quiet_one_beats_a_signaling_one),
        cmocka_unit_test(invalid_operations_give_indefinite),
        cmocka_unit_test(division_by_zero_comes_before_a_denormal_operand),
        cmocka_unit_test(zeros_keep_the_sign_that_the_mode_gives),
        cmocka_unit_test(roots_are_between_the_squares_of_their_neighbours),
        cmocka_unit_test(integers_outside_of_their_range_are_the_most_negative),
        cmocka_unit_test(shorter_formats_signal_what_they_lose),
        cmocka_unit_test(sse_takes_the_first_nan),
        cmocka_unit_test(sse_flushes_what_it_is_told_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
