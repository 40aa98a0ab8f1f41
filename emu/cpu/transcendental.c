/* transcendental.c - sine to logarithm, correctly rounded (spec/processor.md, "Transcendental functions").
 *
 * Each function first answers what is exact, and arguments so small that the result lies next to a number that is
 * known. What remains is irrational (Lindemann; Gelfond and Schneider), so it lies on neither side of a boundary of
 * rounding for good: it is evaluated with 128 bits, and again with twice as many until the error bound says on which
 * side (Ziv's strategy). 1,024 bits end that: over all arguments of all functions, 512 are enough but for a chance of
 * 2^-200.
 *
 * An evaluation takes the argument to a neighbour with a known value, sums a short power series in fixed point, and
 * puts the two together. */
#include "emu/cpu/transcendental.h"

#include <stddef.h>
#include <string.h>

#include "emu/cpu/bigfloat.h"
#include "emu/cpu/softfloat_core.h"
#include "emu/cpu/transcendental_tables.h"

enum { LEVEL_FIRST = 4, LEVEL_LAST = BIG_LIMBS }; /* limbs */
enum {
    ERROR_BITS = 16
}; /* an evaluation is off by less than 2^16 units of its last bit; 2^9 are the most that were seen */
enum { SMALL = -33 }; /* below 2^-33 no number of 65 bits lies between x and x + O(x^3), or between 1 and cos x */

/* What an evaluator works on. */
struct call {
    struct number y, x;
    bool inverted; /* FPTAN: 1 / tan x */
};

typedef void evaluator(struct big *r, const struct call *call, unsigned n);

static const struct number one = {.high = TOP_BIT, .exponent = EXPONENT_BIAS};

/* --- Operands and results --- */

/* Finite; zero has high 0. */
static struct number operand(struct float80 a)
{
    return a.significand ? f80_unpack(a) : (struct number){.sign = a.high >> 15};
}

/* Notes denormal operands; whether the instruction stops at them. */
static bool denormal_stops(struct float80 a, struct float80 b, struct float_env *e)
{
    e->rounded_up = false;
    if (!f80_denormal(a) && !f80_denormal(b))
        return false;
    e->flags |= FLOAT_DENORMAL;
    return !(e->masks & FLOAT_DENORMAL);
}

/* The exponent of the highest bit. */
static int32_t exponent_of(const struct number *a)
{
    return a->exponent - EXPONENT_BIAS;
}

static struct float80 zero(bool sign)
{
    return (struct float80){0, (uint16_t)(sign << 15)};
}

static struct float80 rounded(struct number n, bool sign, struct float_env *e)
{
    n.sign = sign;
    return f80_round_pack(n, 64, e);
}

/* A little more, or less, than a number of at most 65 bits. */
static struct number above(struct number n)
{
    n.low |= 1;
    return n;
}

static struct number under(struct number n)
{
    n.high -= !n.low;
    n.low--;
    number_normalize(&n);
    return n;
}

static void big_of(struct big *r, const struct number *a, unsigned n)
{
    big_set(r, a->sign, a->high, (uint32_t)(a->low >> 32), exponent_of(a) - 63, n);
}

/* --- Ziv's loop --- */

/* Whether no number of 65 bits lies within the error bound: then, of the bits below them, one is set and one is not. */
static bool certain(const struct big *a, unsigned n)
{
    uint32_t any = a->limb[2] << 1, all = any | 1;

    for (unsigned i = 3; i < n; i++) {
        uint32_t ignored = i == n - 1 ? (1u << ERROR_BITS) - 1 : 0;
        any |= a->limb[i] & ~ignored;
        all &= a->limb[i] | ignored;
    }
    return any && all != ~0u;
}

static struct float80 evaluate(evaluator *function, const struct call *call, bool negated, struct float_env *e)
{
    struct big r;
    unsigned n = LEVEL_FIRST;

    function(&r, call, n);
    while (!certain(&r, n) && n < LEVEL_LAST) {
        n *= 2;
        function(&r, call, n);
    }
    struct number m = {(uint64_t)r.limb[0] << 32 | r.limb[1], (uint64_t)r.limb[2] << 32 | 1,
                       r.exponent - 1 + EXPONENT_BIAS, false};
    return rounded(m, r.negative != negated, e);
}

/* --- Power series in fixed point ---
 *
 * Innermost terms first (Horner), each with no more limbs than it contributes, and eight bits to spare. The sum is off
 * by a few units. */

enum series { SERIES_SINE, SERIES_COSINE, SERIES_EXPONENTIAL };

static uint32_t series_divisor(enum series series, uint32_t j)
{
    switch (series) {
    case SERIES_SINE: return 2 * j * (2 * j + 1);
    case SERIES_COSINE: return (2 * j - 1) * 2 * j;
    default: return j + 1;
    }
}

static unsigned limbs_needed(uint32_t weight, unsigned n)
{
    return weight < 8 ? n : n - (weight - 8) / 32;
}

/* v = u/d1 (1 - u/d2 (1 - u/d3 (...))), or with plus signs. */
static void factorial_series(uint32_t *v, const uint32_t *u, enum series series, bool alternating, unsigned n)
{
    uint32_t bits = limbs_leading_zeros(u, n), weight = 0, j = 0, part[BIG_LIMBS];

    while (weight < 32 * n)
        weight += bits + 63 - leading_zeros(series_divisor(series, ++j));
    memset(v, 0, n * sizeof *v);
    for (; j > 0; j--) {
        uint32_t divisor = series_divisor(series, j);
        weight -= bits + 63 - leading_zeros(divisor);
        unsigned m = limbs_needed(weight, n);
        fraction_mul(part, u, v, m);
        if (alternating)
            limbs_sub(v, u, part, m);
        else
            limbs_add(v, u, part, m);
        limbs_divide(v, 0, v, divisor, m);
    }
}

/* v = u (1/3 - u (1/5 - u (1/7 - ...))), or with plus signs; u is below 1/2. */
static void reciprocal_series(uint32_t *v, const uint32_t *u, bool alternating, unsigned n)
{
    uint32_t bits = limbs_leading_zeros(u, n), terms = 32 * n / bits + 1, part[BIG_LIMBS];

    memset(v, 0, n * sizeof *v);
    for (uint32_t j = terms; j > 0; j--) {
        unsigned m = limbs_needed((j - 1) * bits, n);
        limbs_divide(part, 1, NULL, 2 * j + 1, m);
        if (alternating)
            limbs_sub(part, part, v, m);
        else
            limbs_add(part, part, v, m);
        fraction_mul(v, u, part, m);
    }
}

/* atan t or atanh t = t (1 -+ v), |t| below 1/2. */
static void arc_series(struct big *r, const struct big *t, bool hyperbolic, unsigned n)
{
    struct big square;
    uint32_t u[BIG_LIMBS], v[BIG_LIMBS];

    big_mul(&square, t, t, n);
    big_to_fraction(u, &square, n);
    reciprocal_series(v, u, !hyperbolic, n);
    if (hyperbolic)
        big_enlarge(r, t, v, n);
    else
        big_diminish(r, t, v, n);
}

/* sum += units[i] * constants[i] for all i; sum has a limb before the point. */
static void add_units(uint32_t *sum, const uint32_t (*constants)[BIG_LIMBS], const int8_t *units, unsigned count,
                      unsigned n)
{
    for (unsigned i = 0; i < count; i++) {
        if (units[i] > 0)
            sum[0] += limbs_add_product(sum + 1, constants[i], (uint32_t)units[i], n);
        else if (units[i] < 0)
            sum[0] -= limbs_sub_product(sum + 1, constants[i], (uint32_t)-units[i], n);
    }
}

/* r = sum + a, where sum is in two's complement. */
static void sum_and_big(struct big *r, const uint32_t *sum, const struct big *a, unsigned n)
{
    struct big whole;
    uint32_t magnitude[BIG_LIMBS + 1] = {0};
    bool negative = sum[0] >> 31;

    if (negative)
        limbs_sub(magnitude, magnitude, sum, n + 1);
    else
        memcpy(magnitude, sum, (n + 1) * sizeof *sum);
    unsigned zeros = limbs_leading_zeros(magnitude, n + 1);
    limbs_shift_left(magnitude, magnitude, zeros, n + 1);
    big_from_fraction(&whole, magnitude, 32 - (int32_t)zeros, n);
    whole.negative = negative;
    big_add(r, &whole, a, n);
}

/* --- Sine, cosine, tangent --- */

static void sine(struct big *r, const struct big *x, const uint32_t *square, unsigned n)
{
    uint32_t v[BIG_LIMBS];

    factorial_series(v, square, SERIES_SINE, true, n);
    big_diminish(r, x, v, n);
}

static void cosine(struct big *r, const uint32_t *square, unsigned n)
{
    uint32_t v[BIG_LIMBS], nothing[BIG_LIMBS] = {0};

    factorial_series(v, square, SERIES_COSINE, true, n);
    limbs_sub(v, nothing, v, n); /* 1 - v; if v is 0 for want of bits, the result is 0, which is not certain */
    big_from_fraction(r, v, 0, n);
}

static void square_of(struct big *x, uint32_t *square, const struct call *call, unsigned n)
{
    struct big product;

    big_of(x, &call->x, n);
    big_mul(&product, x, x, n);
    big_to_fraction(square, &product, n);
}

static void evaluate_sin(struct big *r, const struct call *call, unsigned n)
{
    struct big x;
    uint32_t square[BIG_LIMBS];

    square_of(&x, square, call, n);
    sine(r, &x, square, n);
}

static void evaluate_cos(struct big *r, const struct call *call, unsigned n)
{
    struct big x;
    uint32_t square[BIG_LIMBS];

    square_of(&x, square, call, n);
    cosine(r, square, n);
}

static void evaluate_tan(struct big *r, const struct call *call, unsigned n)
{
    struct big x, s, c;
    uint32_t square[BIG_LIMBS];

    square_of(&x, square, call, n);
    sine(&s, &x, square, n);
    cosine(&c, square, n);
    if (call->inverted)
        big_div(r, &c, &s, n);
    else
        big_div(r, &s, &c, n);
}

/* In units of 2^-65. P/4 is cut off: nothing lies in the middle between two multiples of P/2. */
static const uint32_t half_p[4] = {0, 3, 0x243F6A88, 0x85A308D3}, quarter_p[4] = {0, 1, 0x921FB544, 0x42D18469};
static const uint64_t two_over_p = 0xA2F9836E4E441529; /* times 2^64, cut off */

static bool limbs_exceed(const uint32_t *a, const uint32_t *b)
{
    unsigned i = 0;

    while (i < 3 && a[i] == b[i])
        i++;
    return a[i] > b[i];
}

/* |x| = k P/2 + r with the least |r|; k modulo 4. P/2 is a whole number of units of 2^-65, and so is any |x| above
 * P/4. */
static unsigned reduce(struct number *r, const struct number *x)
{
    uint32_t rest[4] = {(uint32_t)(x->high >> 32), (uint32_t)x->high, 0, 0}, nothing[4] = {0};
    int32_t exponent = exponent_of(x);
    uint64_t k, low;
    struct big remainder;

    *r = *x;
    r->sign = false;
    if (exponent < -1)
        return 0;
    multiply(x->high, two_over_p, &k, &low);
    k >>= 62 - exponent; /* twice what is wanted, and not too much */
    k = k / 2 + k % 2;
    limbs_shift_right(rest, rest, (uint32_t)(62 - exponent), 4);
    rest[0] -= limbs_sub_product(rest + 1, half_p + 1, (uint32_t)k, 3);
    limbs_sub_product(rest, half_p + 1, (uint32_t)(k >> 32), 3);
    for (; !(rest[0] >> 31) && limbs_exceed(rest, quarter_p); k++)
        limbs_sub(rest, rest, half_p, 4);
    r->sign = rest[0] >> 31;
    if (r->sign)
        limbs_sub(rest, nothing, rest, 4);
    big_from_fraction(&remainder, rest, 128 - 65, 4);
    r->exponent = remainder.exponent - 1 + EXPONENT_BIAS;
    r->high = (uint64_t)remainder.limb[0] << 32 | remainder.limb[1];
    r->low = (uint64_t)remainder.limb[2] << 32;
    return k % 4;
}

/* sin (r + quadrant * P/2), or its negative. */
static struct float80 sine_in_quadrant(const struct number *r, unsigned quadrant, bool negated, struct float_env *e)
{
    struct call call = {.x = *r};
    bool small = exponent_of(r) < SMALL;

    negated = negated != (quadrant >= 2);
    if (quadrant % 2)
        return small ? rounded(under(one), negated, e) : evaluate(evaluate_cos, &call, negated, e);
    return small ? rounded(under(*r), r->sign != negated, e) : evaluate(evaluate_sin, &call, negated, e);
}

struct float80 f80_sin(struct float80 x, struct float_env *e)
{
    struct number a = operand(x), r;

    if (denormal_stops(x, x, e) || !a.high)
        return x;
    unsigned quadrant = reduce(&r, &a);
    return sine_in_quadrant(&r, quadrant, a.sign, e);
}

struct float80 f80_cos(struct float80 x, struct float_env *e)
{
    struct number a = operand(x), r;

    if (denormal_stops(x, x, e))
        return x;
    if (!a.high)
        return f80_pack(one);
    unsigned quadrant = reduce(&r, &a);
    return sine_in_quadrant(&r, (quadrant + 1) % 4, false, e);
}

struct float80 f80_tan(struct float80 x, struct float_env *e)
{
    struct number a = operand(x);
    struct call call = {0};

    if (denormal_stops(x, x, e) || !a.high)
        return x;
    call.inverted = reduce(&call.x, &a) % 2;
    if (exponent_of(&call.x) < SMALL && !call.inverted)
        return rounded(above(call.x), call.x.sign != a.sign, e);
    return evaluate(evaluate_tan, &call, a.sign != call.inverted, e);
}

/* --- Arc tangent --- */

/* From the angle of the larger of |x| and |y| towards the smaller, 0 to P/4, to that of (x, |y|), in multiples of P/4
 * and a sign. */
static const struct {
    int8_t eighths;
    bool subtracted;
} octants[2][2] = {{{0, false}, {2, true}}, {{4, true}, {2, false}}}; /* [x < 0][|y| > |x|] */

/* t = smaller / larger, or the tangent of what is left of that angle without the landmark's, a + bi. */
static void tangent_from(struct big *t, const struct number *larger, const struct number *smaller,
                         const struct angle_landmark *landmark, unsigned n)
{
    struct big x, y, a, b, part, real;

    big_of(&x, larger, n);
    big_of(&y, smaller, n);
    x.negative = y.negative = false;
    if (!landmark->b) {
        big_div(t, &y, &x, n);
        return;
    }
    big_set(&a, false, landmark->a, 0, 0, n);
    big_set(&b, false, landmark->b, 0, 0, n);
    big_mul(&real, &x, &a, n);
    big_mul(&part, &y, &b, n);
    big_add(&real, &real, &part, n);
    big_mul(&y, &y, &a, n);
    big_mul(&part, &x, &b, n);
    big_sub(&y, &y, &part, n);
    big_div(t, &y, &real, n);
}

static void evaluate_atan2(struct big *r, const struct call *call, unsigned n)
{
    const struct number *y = &call->y, *x = &call->x;
    bool swapped = !x->high ||
                   (y->high && (y->exponent > x->exponent || (y->exponent == x->exponent && y->high > x->high)));
    const struct number *larger = swapped ? y : x, *smaller = swapped ? x : y;
    int32_t apart = smaller->high ? larger->exponent - smaller->exponent : 32,
            eighths = octants[x->sign][swapped].eighths;
    unsigned slot = apart < 6 ? (unsigned)((smaller->high >> (27 + apart)) / (larger->high >> 32)) : 0; /* 32 if they
                                                                                                           are equal, or
                                                                                                           nearly so */
    const struct angle_landmark *landmark = &angle_landmarks[slot < 32 ? slot : 31];
    int8_t units[4];
    uint32_t sum[BIG_LIMBS + 1] = {0};
    struct big t;

    tangent_from(&t, larger, smaller, landmark, n);
    arc_series(r, &t, false, n);
    if (!landmark->b && !eighths)
        return;
    memcpy(units, landmark->units, sizeof units);
    if (octants[x->sign][swapped].subtracted) {
        r->negative = !r->negative;
        for (unsigned i = 0; i < 4; i++)
            units[i] = (int8_t)-units[i];
    }
    units[0] = (int8_t)(units[0] + eighths);
    add_units(sum, angle_units, units, 4, n);
    sum_and_big(r, sum, r, n);
}

/* Infinities and zeros stand for the directions that they have: SDM vol. 2, FPATAN, results. */
static struct call direction(struct float80 y, struct float80 x)
{
    struct call call = {0};

    if (f80_infinite(y) || f80_infinite(x)) {
        call.y = f80_infinite(y) ? one : call.y;
        call.x = f80_infinite(x) ? one : call.x;
    } else {
        call.y = operand(y);
        call.x = call.y.high || !f80_zero(x) ? operand(x) : one;
    }
    call.y.sign = y.high >> 15;
    call.x.sign = x.high >> 15;
    return call;
}

struct float80 f80_atan2(struct float80 y, struct float80 x, struct float_env *e)
{
    struct call call = direction(y, x);
    int32_t apart = call.x.exponent - call.y.exponent;

    if (denormal_stops(y, x, e))
        return y;
    if (!call.y.high && !call.x.sign)
        return zero(call.y.sign);
    if (call.x.high && call.y.high && !call.x.sign && apart > -SMALL) {
        struct number q = number_divide(call.y, call.x);
        if (!(q.low << 1))
            return rounded(under(q), call.y.sign, e);
        if (apart > -2 * SMALL + 2) /* q, no number of 65 bits, is 2^-130 of it away from any; atan q = q - q^3/3 is
                                       nearer */
            return rounded(q, call.y.sign, e);
    }
    return evaluate(evaluate_atan2, &call, call.y.sign, e);
}

/* --- Exponential --- */

/* 2^x - 1 = exp(x ln 2) - 1, |x| below 1. The exponent of e is halved until it is below 2^-7; exp(2h) - 1 = (exp(h)
 * - 1)(exp(h) - 1 + 2). Each step doubles the error, and almost doubles the result: 2^9 times a few units are the
 * most. */
static void exponential(struct big *r, const struct big *x, unsigned n)
{
    struct big h;
    uint32_t u[BIG_LIMBS], v[BIG_LIMBS];

    big_from_fraction(&h, ln_2, 0, n);
    big_mul(&h, &h, x, n);
    unsigned halvings = h.exponent > -7 ? (unsigned)(h.exponent + 7) : 0;
    h.exponent -= (int32_t)halvings;
    big_to_fraction(u, &h, n);
    factorial_series(v, u, SERIES_EXPONENTIAL, x->negative, n);
    if (x->negative)
        big_diminish(r, &h, v, n);
    else
        big_enlarge(r, &h, v, n);
    if (!halvings)
        return;
    big_to_fraction(u, r, n);
    for (; halvings; halvings--) {
        fraction_mul(v, u, u, n);
        limbs_add(u, u, u, n);
        if (x->negative)
            limbs_sub(u, u, v, n);
        else
            limbs_add(u, u, v, n);
    }
    big_from_fraction(r, u, 0, n);
    r->negative = x->negative;
}

/* 2^x - 1 = 2^k (1 + (2^f - 1)) - 1, where x = k + f. */
static void evaluate_2xm1(struct big *r, const struct call *call, unsigned n)
{
    const struct number *x = &call->x;
    int32_t exponent = exponent_of(x);
    struct big f, unit;

    if (exponent < 0) {
        big_of(&f, x, n);
        exponential(r, &f, n);
        return;
    }
    int32_t whole = (int32_t)(x->high >> (63 - exponent));
    uint64_t rest = x->high << (exponent + 1);
    big_of(&unit, &one, n);
    big_set(&f, false, x->sign ? 0 - rest : rest, 0, -64, n);
    exponential(r, &f, n);
    big_add(r, r, &unit, n);
    r->exponent += x->sign ? -whole - 1 : whole;
    big_sub(r, r, &unit, n);
}

/* As many ones in a row, or too many to fit: 2^count - 1, 1 - 2^-count. */
static struct number ones(uint32_t count, int32_t exponent)
{
    struct number n = {.exponent = exponent + EXPONENT_BIAS};

    n.high = count < 64 ? ~(UINT64_MAX >> count) : UINT64_MAX;
    n.low = count < 65 ? 0 : count < 66 ? TOP_BIT : UINT64_MAX;
    return n;
}

struct float80 f80_2xm1(struct float80 x, struct float_env *e)
{
    struct call call = {.x = operand(x)};
    const struct number *a = &call.x;
    int32_t exponent = exponent_of(a);

    if (denormal_stops(x, x, e) || !a->high)
        return x;
    bool large = exponent > 15; /* beyond all exponents */
    uint32_t whole = large ? 1u << 16 : exponent < 0 ? 0 : (uint32_t)(a->high >> (63 - exponent));
    if (large || (a->sign && whole > 65) || (whole && a->high << (exponent + 1) == 0))
        return rounded(ones(whole, a->sign ? -1 : (int32_t)whole - 1), a->sign, e);
    return evaluate(evaluate_2xm1, &call, false, e);
}

/* --- Logarithm --- */

/* log2((1 + t)/(1 - t)) = 2/ln 2 atanh t. */
static void scaled_arc(struct big *r, const struct big *t, unsigned n)
{
    struct big scale;

    arc_series(r, t, true, n);
    big_from_fraction(&scale, half_log2_e, 2, n);
    big_mul(r, r, &scale, n);
}

/* log2(1 + f), |f| below 1/32. */
static void log_near_1(struct big *r, const struct big *f, unsigned n)
{
    struct big t;

    big_set(&t, false, 2, 0, 0, n);
    big_add(&t, &t, f, n);
    big_div(&t, f, &t, n);
    scaled_arc(r, &t, n);
}

/* log2 z = k + log2 c + log2(m/c), where z = 2^k m, and c is the landmark of m. */
static void log_far(struct big *r, const struct big *z, unsigned n)
{
    const struct log_landmark *landmark = &log_landmarks[z->limb[0] >> 26 & 31];
    uint32_t sum[BIG_LIMBS + 1] = {0};
    struct big m = *z, c, t;

    big_set(&c, false, landmark->p, 0, 0, n);
    m.exponent = c.exponent = 1;
    big_sub(&t, &m, &c, n);
    big_add(&c, &m, &c, n);
    big_div(&t, &t, &c, n);
    scaled_arc(r, &t, n);
    add_units(sum, log_units, landmark->units, 3, n);
    sum[0] = (uint32_t)(z->exponent - 1); /* the landmark's logarithm is between 0 and 1 */
    sum_and_big(r, sum, r, n);
}

static void times_y(struct big *r, const struct number *y, unsigned n)
{
    struct big factor;

    big_of(&factor, y, n);
    big_mul(r, r, &factor, n);
}

static void evaluate_yl2x(struct big *r, const struct call *call, unsigned n)
{
    struct big x, unit;

    big_of(&x, &call->x, n);
    big_of(&unit, &one, n);
    if ((x.exponent == 1 && x.limb[0] < 0x84000000) || (x.exponent == 0 && x.limb[0] >= 0xFC000000)) {
        big_sub(&x, &x, &unit, n);
        log_near_1(r, &x, n);
    } else {
        log_far(r, &x, n);
    }
    times_y(r, &call->y, n);
}

static void evaluate_yl2xp1(struct big *r, const struct call *call, unsigned n)
{
    struct big x, unit;

    big_of(&x, &call->x, n);
    big_of(&unit, &one, n);
    if (x.exponent < -4) {
        log_near_1(r, &x, n);
    } else {
        big_add(&x, &x, &unit, n);
        log_far(r, &x, n);
    }
    times_y(r, &call->y, n);
}

/* |y * k|, k not 0. */
static struct number multiple(struct number y, int32_t k)
{
    struct number factor = {.high = (uint64_t)(k < 0 ? -k : k), .exponent = EXPONENT_BIAS + 63};

    number_normalize(&factor);
    return number_multiply(y, factor);
}

struct float80 f80_yl2x(struct float80 y, struct float80 x, struct float_env *e)
{
    struct call call = {.y = operand(y), .x = operand(x)};
    int32_t k = exponent_of(&call.x);
    bool sign = call.y.sign != (k < 0), power = call.x.high == TOP_BIT;

    if (denormal_stops(y, x, e))
        return y;
    if (!call.y.high || (power && !k))
        return zero(sign);
    return power ? rounded(multiple(call.y, k), sign, e) : evaluate(evaluate_yl2x, &call, false, e);
}

struct float80 f80_yl2xp1(struct float80 y, struct float80 x, struct float_env *e)
{
    struct call call = {.y = operand(y), .x = operand(x)};
    uint64_t below = ~call.x.high;
    int32_t leading_ones = below ? (int32_t)leading_zeros(below) : 64, k = exponent_of(&call.x);
    bool sign = call.y.sign != call.x.sign;

    if (denormal_stops(y, x, e))
        return y;
    if (!call.y.high || !call.x.high)
        return zero(sign);
    if (!(below & (below + 1)) && k == (call.x.sign ? -1 : leading_ones - 1)) /* x + 1 = 2^leading_ones, or its inverse
                                                                               */
        return rounded(multiple(call.y, leading_ones), sign, e);
    if (call.x.high == TOP_BIT && k >= 128) /* log2(2^k + 1) is next to k */
        return rounded(above(multiple(call.y, k)), sign, e);
    return evaluate(evaluate_yl2xp1, &call, false, e);
}
