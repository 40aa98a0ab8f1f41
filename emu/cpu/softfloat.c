/* softfloat.c - 80-bit floating point for the x87 unit, and the rounding that all formats share (softfloat.h,
 * softfloat_core.h).
 *
 * Ordinary operands take a short way through each operation; NaNs, infinities, zeros and denormals the special one.
 * Exceptions, and what a NaN turns into: Intel SDM vol. 1, sections 4.8.3 and 8.5, tables 4-7, 8-10. */
#include "emu/cpu/softfloat_core.h"

/* --- Rounding --- */
static void overflow(struct number *n, const struct float_format *format, bool inexact, struct float_env *e)
{
    bool infinity = e->rounding == ROUND_NEAREST ||
                    (e->rounding != ROUND_ZERO && (e->rounding == ROUND_DOWN) == n->sign);

    e->flags |= FLOAT_OVERFLOW;
    if (!(e->masks & FLOAT_OVERFLOW)) {
        n->exponent -= format->wrap;
        e->flags |= inexact ? FLOAT_INEXACT : 0;
        return;
    }
    e->flags |= FLOAT_INEXACT;
    e->rounded_up = infinity;
    if (!infinity) {
        n->exponent = format->highest;
        n->high = UINT64_MAX << (64 - format->precision);
    }
}

/* `exact` is the number before it was rounded to *n, as if exponents had no limit. */
static void underflow(struct number *n, struct number exact, const struct float_format *format, bool inexact,
                      struct float_env *e)
{
    if (!(e->masks & FLOAT_UNDERFLOW)) {
        n->exponent += format->wrap;
        e->flags |= FLOAT_UNDERFLOW | (inexact ? FLOAT_INEXACT : 0);
        return;
    }
    if (e->flush_to_zero) {
        *n = (struct number){.exponent = format->lowest, .sign = n->sign};
        e->flags |= FLOAT_UNDERFLOW | FLOAT_INEXACT;
        return;
    }
    *n = exact;
    shift_right_sticky(n, (uint32_t)(format->lowest - n->exponent));
    n->exponent = format->lowest;
    if (round_significand(n, format->precision, e->rounding, &e->rounded_up))
        e->flags |= FLOAT_UNDERFLOW | FLOAT_INEXACT;
}

void number_round(struct number *n, const struct float_format *format, struct float_env *e)
{
    struct number exact = *n;
    bool inexact = round_significand(n, format->precision, e->rounding, &e->rounded_up);

    if (n->exponent > format->highest)
        overflow(n, format, inexact, e);
    else if (n->exponent < format->lowest)
        underflow(n, exact, format, inexact, e);
    else if (inexact)
        e->flags |= FLOAT_INEXACT;
}

struct float80 f80_round_pack(struct number n, unsigned precision, struct float_env *e)
{
    const struct float_format format = {1, 0x7FFE, precision, EXPONENT_WRAP};

    number_round(&n, &format, e);
    return f80_pack(n);
}

/* The same, with the shortest way for a result in the middle of the range and full precision. */
FLOAT_INLINE struct float80 finish(struct number n, struct float_env *e)
{
    if (UNLIKELY(e->precision != 64 || (uint32_t)(n.exponent - 1) >= 0x7FFD))
        return f80_round_pack(n, e->precision, e);
    e->flags |= n.low ? FLOAT_INEXACT : 0;
    e->rounded_up = round_away(e->rounding, n.sign, n.high & 1, n.low);
    n.high += e->rounded_up;
    if (UNLIKELY(!n.high)) {
        n.high = TOP_BIT;
        n.exponent++;
    }
    return (struct float80){n.high, (uint16_t)(n.sign << 15 | n.exponent)};
}

/* --- Special operands --- */
struct float80 f80_invalid(struct float_env *e)
{
    e->flags |= FLOAT_INVALID;
    return F80_INDEFINITE;
}

static struct float80 quieted(struct float80 a)
{
    a.significand |= TOP_BIT >> 1;
    return a;
}

/* The larger significand; if they are equal, the positive one. */
static struct float80 larger_nan(struct float80 a, struct float80 b)
{
    if (a.significand != b.significand)
        return a.significand > b.significand ? a : b;
    return a.high < b.high ? a : b;
}

bool f80_propagate(struct float80 a, struct float80 b, struct float_env *e, struct float80 *result)
{
    bool a_signals = f80_signaling(a), b_signals = f80_signaling(b);

    if (f80_unsupported(a) || f80_unsupported(b)) {
        *result = f80_invalid(e);
        return true;
    }
    if (!f80_nan(a) && !f80_nan(b))
        return false;
    if (a_signals || b_signals)
        e->flags |= FLOAT_INVALID;
    if (!f80_nan(b) || (f80_nan(a) && b_signals && !a_signals))
        *result = quieted(a);
    else if (!f80_nan(a) || (a_signals && !b_signals))
        *result = quieted(b);
    else
        *result = quieted(larger_nan(quieted(a), quieted(b)));
    return true;
}

static struct float80 with_sign(struct float80 a, bool sign)
{
    a.high = (uint16_t)((a.high & EXPONENT_MASK) | sign << 15);
    return a;
}

/* --- Addition and subtraction --- */
static struct float80 add_special(struct float80 a, struct float80 b, bool negate, struct float_env *e)
{
    bool a_sign = a.high >> 15, b_sign = (b.high >> 15) != negate;
    struct float80 result;

    e->rounded_up = false;
    if (f80_propagate(a, b, e, &result))
        return result;
    if (f80_infinite(a) && f80_infinite(b) && a_sign != b_sign)
        return f80_invalid(e);
    f80_note_denormals(a, b, e);
    if (f80_infinite(a))
        return a;
    if (f80_infinite(b))
        return with_sign(b, b_sign);
    if (f80_zero(a) && f80_zero(b))
        return f80_signed_zero(a_sign == b_sign ? a_sign : e->rounding == ROUND_DOWN);
    if (f80_zero(b))
        return finish(f80_unpack(a), e);
    struct number y = f80_unpack(b);
    y.sign = b_sign;
    if (f80_zero(a))
        return finish(y, e);
    struct number sum = number_add(f80_unpack(a), y);
    return sum.high ? finish(sum, e) : f80_signed_zero(e->rounding == ROUND_DOWN);
}

FLOAT_INLINE struct float80 add(struct float80 a, struct float80 b, bool negate, struct float_env *e)
{
    if (UNLIKELY(!f80_normal(a) || !f80_normal(b)))
        return add_special(a, b, negate, e);
    struct number y = f80_unpack(b);
    y.sign = y.sign != negate;
    struct number sum = number_add(f80_unpack(a), y);
    if (UNLIKELY(!sum.high)) {
        e->rounded_up = false;
        return f80_signed_zero(e->rounding == ROUND_DOWN);
    }
    return finish(sum, e);
}

struct float80 f80_add(struct float80 a, struct float80 b, struct float_env *e)
{
    return add(a, b, false, e);
}

struct float80 f80_sub(struct float80 a, struct float80 b, struct float_env *e)
{
    return add(a, b, true, e);
}

/* --- Multiplication --- */
static struct float80 multiply_special(struct float80 a, struct float80 b, struct float_env *e)
{
    bool sign = (a.high ^ b.high) >> 15;
    struct float80 result;

    e->rounded_up = false;
    if (f80_propagate(a, b, e, &result))
        return result;
    if ((f80_infinite(a) && f80_zero(b)) || (f80_zero(a) && f80_infinite(b)))
        return f80_invalid(e);
    f80_note_denormals(a, b, e);
    if (f80_infinite(a) || f80_infinite(b))
        return f80_signed_infinity(sign);
    if (f80_zero(a) || f80_zero(b))
        return f80_signed_zero(sign);
    return finish(number_multiply(f80_unpack(a), f80_unpack(b)), e);
}

struct float80 f80_mul(struct float80 a, struct float80 b, struct float_env *e)
{
    if (UNLIKELY(!f80_normal(a) || !f80_normal(b)))
        return multiply_special(a, b, e);
    return finish(number_multiply(f80_unpack(a), f80_unpack(b)), e);
}

/* --- Division --- */
static struct float80 divide_special(struct float80 a, struct float80 b, struct float_env *e)
{
    bool sign = (a.high ^ b.high) >> 15;
    struct float80 result;

    e->rounded_up = false;
    if (f80_propagate(a, b, e, &result))
        return result;
    if ((f80_infinite(a) && f80_infinite(b)) || (f80_zero(a) && f80_zero(b)))
        return f80_invalid(e);
    if (f80_zero(b) && !f80_infinite(a)) { /* comes before a denormal operand */
        e->flags |= FLOAT_ZERO_DIVIDE;
        return f80_signed_infinity(sign);
    }
    f80_note_denormals(a, b, e);
    if (f80_infinite(a))
        return f80_signed_infinity(sign);
    if (f80_infinite(b) || f80_zero(a))
        return f80_signed_zero(sign);
    return finish(number_divide(f80_unpack(a), f80_unpack(b)), e);
}

struct float80 f80_div(struct float80 a, struct float80 b, struct float_env *e)
{
    if (UNLIKELY(!f80_normal(a) || !f80_normal(b)))
        return divide_special(a, b, e);
    return finish(number_divide(f80_unpack(a), f80_unpack(b)), e);
}

/* --- Square root --- */

/* The root of a number from 2^62 up, rounded down, bit by bit; *rest is what its square leaves. */
static uint64_t root_32(uint64_t square, uint64_t *rest)
{
    uint64_t root = 0;

    for (uint64_t bit = UINT64_C(1) << 62; bit; bit >>= 2) {
        uint64_t trial = root + bit;
        root >>= 1;
        if (square >= trial) {
            square -= trial;
            root += bit;
        }
    }
    *rest = square;
    return root;
}

/* A root of 128 bits from the root of their upper half and one division (P. Zimmermann, Karatsuba Square Root,
 * 1999). */
struct number number_sqrt(struct number a)
{
    int32_t power = a.exponent - EXPONENT_BIAS;
    bool odd = power & 1;
    uint64_t high = odd ? a.high : a.high >> 1, low = odd ? 0 : a.high << 63;
    uint64_t rest, root = root_32(high, &rest);
    uint64_t half = rest << 31 | low >> 33; /* half of the next dividend, which may need 65 bits; the divisor is 2 *
                                               root */
    uint64_t digit = half / root, left = half % root * 2 + (low >> 32 & 1);

    if (digit >> 32) {
        left += (digit - UINT32_MAX) * 2 * root;
        digit = UINT32_MAX;
    }
    uint64_t square = digit * digit, rest_low = left << 32 | (uint32_t)low,
             rest_high = (left >> 32) - (rest_low < square);
    rest_low -= square;
    root = root << 32 | digit;
    if (rest_high >> 63) { /* one too many: add 2 * root - 1 back */
        uint64_t back = 2 * root - 1;
        rest_high += (root >> 63) + (rest_low + back < back);
        rest_low += back;
        root--;
    }
    bool over_half = rest_high || rest_low > root;
    return (struct number){root, (over_half ? TOP_BIT : 0) | ((rest_high | rest_low) != 0),
                           (power - odd) / 2 + EXPONENT_BIAS, false};
}

struct float80 f80_sqrt(struct float80 a, struct float_env *e)
{
    struct float80 result;

    e->rounded_up = false;
    if (f80_propagate(a, a, e, &result))
        return result;
    if (f80_zero(a))
        return a;
    if (a.high >> 15)
        return f80_invalid(e);
    f80_note_denormals(a, a, e);
    return f80_infinite(a) ? a : finish(number_sqrt(f80_unpack(a)), e);
}

/* --- Integers --- */

/* Splits a number into its integer (modulo 2^64) in high and the fraction below it, and rounds. True: it was inexact.
 * The exponent must be below that of 2^64. */
static bool round_integer(struct number *n, enum rounding mode, bool *up)
{
    uint64_t fraction;

    shift_right_sticky(n, (uint32_t)(EXPONENT_BIAS + 63 - n->exponent));
    fraction = n->low;
    *up = round_away(mode, n->sign, n->high & 1, fraction);
    n->high += *up;
    n->low = 0;
    return fraction != 0;
}

struct float80 f80_round_to_integer(struct float80 a, struct float_env *e)
{
    struct float80 result;

    e->rounded_up = false;
    if (f80_propagate(a, a, e, &result))
        return result;
    f80_note_denormals(a, a, e);
    if (f80_zero(a) || F80_EXPONENT(a) >= EXPONENT_BIAS + 63)
        return a;
    struct number n = f80_unpack(a);
    if (round_integer(&n, e->rounding, &e->rounded_up))
        e->flags |= FLOAT_INEXACT;
    if (!n.high)
        return f80_signed_zero(n.sign);
    n.exponent = EXPONENT_BIAS + 63;
    number_normalize(&n);
    return f80_pack(n);
}

int64_t f80_to_int(struct float80 a, unsigned bits, bool truncate, struct float_env *e)
{
    uint64_t limit = UINT64_C(1) << (bits - 1); /* the most negative number's magnitude */
    bool inexact = false;

    e->rounded_up = false;
    if (f80_zero(a))
        return 0;
    if (!f80_unsupported(a) && F80_EXPONENT(a) < EXPONENT_BIAS + 64) {
        struct number n = f80_unpack(a);
        inexact = round_integer(&n, truncate ? ROUND_ZERO : e->rounding, &e->rounded_up);
        if (n.high < limit || (n.high == limit && n.sign)) {
            e->flags |= inexact ? FLOAT_INEXACT : 0;
            return (int64_t)(n.sign ? 0 - n.high : n.high);
        }
    }
    e->rounded_up = false;
    e->flags |= FLOAT_INVALID;
    return (int64_t)(0 - limit);
}

struct float80 f80_from_i64(int64_t value)
{
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    if (!magnitude)
        return f80_signed_zero(false);
    unsigned zeros = leading_zeros(magnitude);
    return (struct float80){magnitude << zeros, (uint16_t)((value < 0) << 15 | (EXPONENT_BIAS + 63 - zeros))};
}

/* --- Comparison --- */
enum comparison f80_compare(struct float80 a, struct float80 b, bool quiet, struct float_env *e)
{
    bool a_sign = a.high >> 15, b_sign = b.high >> 15;
    struct float80 result;

    if (UNLIKELY(!f80_normal(a) || !f80_normal(b))) {
        if (f80_propagate(a, b, e, &result)) {
            if (!quiet)
                e->flags |= FLOAT_INVALID;
            return FLOAT_UNORDERED;
        }
        f80_note_denormals(a, b, e);
        if (f80_zero(a) && f80_zero(b))
            return FLOAT_EQUAL;
        if (f80_denormal(a)) /* a pseudo-denormal is as large as a normal number */
            a.high |= a.significand >> 63;
        if (f80_denormal(b))
            b.high |= b.significand >> 63;
    }
    if (a_sign != b_sign)
        return a_sign ? FLOAT_LESS : FLOAT_GREATER;
    if (a.high == b.high && a.significand == b.significand)
        return FLOAT_EQUAL;
    bool smaller = a.high != b.high ? a.high < b.high : a.significand < b.significand;
    return smaller != a_sign ? FLOAT_LESS : FLOAT_GREATER;
}

/* --- From and to the shorter formats --- */
FLOAT_INLINE struct float80 widen(uint64_t bits, const struct short_format *f, struct float_env *e)
{
    uint64_t fraction = bits << (63 - f->fraction_bits) & ~TOP_BIT;
    unsigned exponent = bits >> f->fraction_bits & f->top_exponent;
    uint16_t sign = (uint16_t)((bits >> f->fraction_bits) / (f->top_exponent + 1) << 15);

    e->rounded_up = false;
    if (exponent == f->top_exponent) {
        struct float80 nan = {TOP_BIT | fraction, (uint16_t)(sign | EXPONENT_MASK)};
        if (f80_signaling(nan))
            e->flags |= FLOAT_INVALID;
        return fraction ? quieted(nan) : nan;
    }
    if (exponent)
        return (struct float80){TOP_BIT | fraction, (uint16_t)(sign | (exponent + (uint32_t)f->format.lowest - 1))};
    if (!fraction)
        return (struct float80){0, sign};
    e->flags |= FLOAT_DENORMAL;
    unsigned zeros = leading_zeros(fraction);
    return (struct float80){fraction << zeros, (uint16_t)(sign | ((uint32_t)f->format.lowest - zeros))};
}

struct float80 f80_from_f32(uint32_t bits, struct float_env *e)
{
    return widen(bits, &format_single, e);
}

struct float80 f80_from_f64(uint64_t bits, struct float_env *e)
{
    return widen(bits, &format_double, e);
}

/* A NaN keeps its upper bits. */
static uint64_t narrow_special(struct float80 a, const struct short_format *f, struct float_env *e)
{
    uint64_t sign = (uint64_t)(a.high >> 15) * (f->top_exponent + 1);
    struct float80 nan;

    if (f80_propagate(a, a, e, &nan))
        return ((uint64_t)(nan.high >> 15) * (f->top_exponent + 1) | f->top_exponent) << f->fraction_bits |
               (nan.significand & ~TOP_BIT) >> (63 - f->fraction_bits);
    return (f80_infinite(a) ? sign | f->top_exponent : sign) << f->fraction_bits;
}

FLOAT_INLINE uint64_t narrow(struct float80 a, const struct short_format *f, struct float_env *e)
{
    e->rounded_up = false;
    if (UNLIKELY(!f80_normal(a) && !f80_denormal(a)))
        return narrow_special(a, f, e);
    struct number n = f80_unpack(a);
    number_round(&n, &f->format, e);
    return short_pack(n, f);
}

uint32_t f80_to_f32(struct float80 a, struct float_env *e)
{
    return (uint32_t)narrow(a, &format_single, e);
}

uint64_t f80_to_f64(struct float80 a, struct float_env *e)
{
    return narrow(a, &format_double, e);
}
