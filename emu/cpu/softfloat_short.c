/* softfloat_short.c - single and double precision for SSE (softfloat.h), on the unpacked form of softfloat_core.h.
 *
 * Each operation is made twice, once for each width. Exceptions and NaNs: Intel SDM vol. 1, sections 4.8.3 and 11.5;
 * denormals-are-zero replaces operands before anything looks at them. */
#include "emu/cpu/softfloat_core.h"

/* An operand: its bits, and what they are. */
enum class { CLASS_ZERO, CLASS_DENORMAL, CLASS_NORMAL, CLASS_INFINITE, CLASS_QUIET, CLASS_SIGNALING };
struct operand {
    uint64_t bits, fraction;
    unsigned exponent; /* biased */
    bool sign;
    enum class class;
};

FLOAT_INLINE struct operand take(const struct short_format *f, uint64_t bits, const struct float_env *e)
{
    struct operand o = {bits, bits & ((UINT64_C(1) << f->fraction_bits) - 1),
                        bits >> f->fraction_bits & f->top_exponent, bits >> f->fraction_bits & (f->top_exponent + 1),
                        CLASS_NORMAL};

    if (UNLIKELY(o.exponent == f->top_exponent)) {
        o.class = !o.fraction ? CLASS_INFINITE : o.fraction >> (f->fraction_bits - 1) ? CLASS_QUIET : CLASS_SIGNALING;
    } else if (UNLIKELY(!o.exponent)) {
        if (e->denormals_are_zero)
            o.fraction = 0;
        o.class = o.fraction ? CLASS_DENORMAL : CLASS_ZERO;
    }
    return o;
}

/* Finite and not zero. */
FLOAT_INLINE struct number unpack(const struct short_format *f, const struct operand *o)
{
    struct number n = {TOP_BIT | o->fraction << (63 - f->fraction_bits), 0, (int32_t)o->exponent + f->format.lowest - 1,
                       o->sign};

    if (UNLIKELY(!o->exponent)) {
        unsigned zeros = leading_zeros(n.high & ~TOP_BIT);
        n.high <<= zeros;
        n.exponent = f->format.lowest - (int32_t)zeros;
    }
    return n;
}

static uint64_t finish_at_an_end(const struct short_format *f, struct number n, struct float_env *e)
{
    number_round(&n, &f->format, e);
    return short_pack(n, f);
}

/* Well within the range rounding is one addition: the significand's integer bit, and a carry, count the exponent up. */
FLOAT_INLINE uint64_t finish(const struct short_format *f, struct number n, struct float_env *e)
{
    unsigned cut = 63 - f->fraction_bits;
    uint64_t rest = n.high << (64 - cut) | (n.low != 0);

    if (UNLIKELY((uint32_t)(n.exponent - f->format.lowest) >= (uint32_t)(f->format.highest - f->format.lowest)))
        return finish_at_an_end(f, n, e);
    e->rounded_up = round_away(e->rounding, n.sign, n.high >> cut & 1, rest);
    e->flags |= rest ? FLOAT_INEXACT : 0;
    return (((uint64_t)n.sign * (f->top_exponent + 1) | (uint64_t)(n.exponent - f->format.lowest))
            << f->fraction_bits) +
           (n.high >> cut) + e->rounded_up;
}

FLOAT_INLINE uint64_t signed_bits(const struct short_format *f, bool sign, unsigned exponent)
{
    return ((uint64_t)sign * (f->top_exponent + 1) | exponent) << f->fraction_bits;
}

FLOAT_INLINE uint64_t invalid(const struct short_format *f, struct float_env *e)
{
    e->flags |= FLOAT_INVALID;
    return signed_bits(f, true, f->top_exponent) | UINT64_C(1) << (f->fraction_bits - 1);
}

/* The first operand, unless only the second is a NaN; quieted. One of them is a NaN. */
FLOAT_INLINE uint64_t propagate(const struct short_format *f, const struct operand *a, const struct operand *b,
                                struct float_env *e)
{
    if (a->class == CLASS_SIGNALING || b->class == CLASS_SIGNALING)
        e->flags |= FLOAT_INVALID;
    return (a->class >= CLASS_QUIET ? a->bits : b->bits) | UINT64_C(1) << (f->fraction_bits - 1);
}

FLOAT_INLINE void note_denormals(const struct operand *a, const struct operand *b, struct float_env *e)
{
    if (UNLIKELY(a->class == CLASS_DENORMAL || b->class == CLASS_DENORMAL))
        e->flags |= FLOAT_DENORMAL;
}

FLOAT_INLINE uint64_t add(const struct short_format *f, uint64_t a_bits, uint64_t b_bits, bool negate,
                          struct float_env *e)
{
    struct operand a = take(f, a_bits, e), b = take(f, b_bits, e);

    e->rounded_up = false;
    if (UNLIKELY(a.class >= CLASS_QUIET || b.class >= CLASS_QUIET))
        return propagate(f, &a, &b, e);
    b.sign = b.sign != negate;
    if (UNLIKELY(a.class == CLASS_INFINITE && b.class == CLASS_INFINITE && a.sign != b.sign))
        return invalid(f, e);
    note_denormals(&a, &b, e);
    if (UNLIKELY(a.class == CLASS_INFINITE || b.class == CLASS_INFINITE))
        return signed_bits(f, a.class == CLASS_INFINITE ? a.sign : b.sign, f->top_exponent);
    if (UNLIKELY(a.class == CLASS_ZERO && b.class == CLASS_ZERO))
        return signed_bits(f, a.sign == b.sign ? a.sign : e->rounding == ROUND_DOWN, 0);
    if (UNLIKELY(a.class == CLASS_ZERO))
        return finish(f, unpack(f, &b), e);
    if (UNLIKELY(b.class == CLASS_ZERO))
        return finish(f, unpack(f, &a), e);
    struct number sum = number_add(unpack(f, &a), unpack(f, &b));
    return sum.high ? finish(f, sum, e) : signed_bits(f, e->rounding == ROUND_DOWN, 0);
}

FLOAT_INLINE uint64_t multiply_short(const struct short_format *f, uint64_t a_bits, uint64_t b_bits,
                                     struct float_env *e)
{
    struct operand a = take(f, a_bits, e), b = take(f, b_bits, e);
    bool sign = a.sign != b.sign;

    e->rounded_up = false;
    if (UNLIKELY(a.class >= CLASS_QUIET || b.class >= CLASS_QUIET))
        return propagate(f, &a, &b, e);
    if (UNLIKELY((a.class == CLASS_INFINITE && b.class == CLASS_ZERO) ||
                 (a.class == CLASS_ZERO && b.class == CLASS_INFINITE)))
        return invalid(f, e);
    note_denormals(&a, &b, e);
    if (UNLIKELY(a.class == CLASS_INFINITE || b.class == CLASS_INFINITE))
        return signed_bits(f, sign, f->top_exponent);
    if (UNLIKELY(a.class == CLASS_ZERO || b.class == CLASS_ZERO))
        return signed_bits(f, sign, 0);
    return finish(f, number_multiply(unpack(f, &a), unpack(f, &b)), e);
}

FLOAT_INLINE uint64_t divide_short(const struct short_format *f, uint64_t a_bits, uint64_t b_bits, struct float_env *e)
{
    struct operand a = take(f, a_bits, e), b = take(f, b_bits, e);
    bool sign = a.sign != b.sign;

    e->rounded_up = false;
    if (UNLIKELY(a.class >= CLASS_QUIET || b.class >= CLASS_QUIET))
        return propagate(f, &a, &b, e);
    if (UNLIKELY(a.class == b.class && (a.class == CLASS_INFINITE || a.class == CLASS_ZERO)))
        return invalid(f, e);
    if (UNLIKELY(a.class == CLASS_INFINITE && b.class == CLASS_ZERO))
        return signed_bits(f, sign, f->top_exponent);
    if (UNLIKELY(b.class == CLASS_ZERO)) { /* comes before a denormal operand */
        e->flags |= FLOAT_ZERO_DIVIDE;
        return signed_bits(f, sign, f->top_exponent);
    }
    note_denormals(&a, &b, e);
    if (UNLIKELY(a.class == CLASS_INFINITE))
        return signed_bits(f, sign, f->top_exponent);
    if (UNLIKELY(b.class == CLASS_INFINITE || a.class == CLASS_ZERO))
        return signed_bits(f, sign, 0);
    return finish(f, number_divide(unpack(f, &a), unpack(f, &b)), e);
}

FLOAT_INLINE uint64_t sqrt_short(const struct short_format *f, uint64_t bits, struct float_env *e)
{
    struct operand a = take(f, bits, e);

    e->rounded_up = false;
    if (a.class >= CLASS_QUIET)
        return propagate(f, &a, &a, e);
    if (a.class == CLASS_ZERO)
        return signed_bits(f, a.sign, 0);
    if (a.sign)
        return invalid(f, e);
    note_denormals(&a, &a, e);
    return a.class == CLASS_INFINITE ? a.bits : finish(f, number_sqrt(unpack(f, &a)), e);
}

FLOAT_INLINE enum comparison compare(const struct short_format *f, uint64_t a_bits, uint64_t b_bits, bool quiet,
                                     struct float_env *e)
{
    struct operand a = take(f, a_bits, e), b = take(f, b_bits, e);

    e->rounded_up = false;
    if (a.class >= CLASS_QUIET || b.class >= CLASS_QUIET) {
        if (!quiet || a.class == CLASS_SIGNALING || b.class == CLASS_SIGNALING)
            e->flags |= FLOAT_INVALID;
        return FLOAT_UNORDERED;
    }
    note_denormals(&a, &b, e);
    if (a.class == CLASS_ZERO && b.class == CLASS_ZERO)
        return FLOAT_EQUAL;
    if (a.sign != b.sign)
        return a.sign ? FLOAT_LESS : FLOAT_GREATER;
    uint64_t x = (uint64_t)a.exponent << f->fraction_bits | a.fraction,
             y = (uint64_t)b.exponent << f->fraction_bits | b.fraction;
    if (x == y)
        return FLOAT_EQUAL;
    return (x < y) != a.sign ? FLOAT_LESS : FLOAT_GREATER;
}

FLOAT_INLINE uint64_t convert(const struct short_format *from, const struct short_format *to, uint64_t bits,
                              struct float_env *e)
{
    struct operand a = take(from, bits, e);
    uint64_t fraction = a.fraction << (63 - from->fraction_bits) & ~TOP_BIT;

    e->rounded_up = false;
    if (a.class == CLASS_SIGNALING)
        e->flags |= FLOAT_INVALID;
    if (a.class >= CLASS_QUIET)
        return signed_bits(to, a.sign, to->top_exponent) | (fraction | TOP_BIT >> 1) >> (63 - to->fraction_bits);
    if (a.class == CLASS_INFINITE)
        return signed_bits(to, a.sign, to->top_exponent);
    if (a.class == CLASS_ZERO)
        return signed_bits(to, a.sign, 0);
    note_denormals(&a, &a, e);
    return finish(to, unpack(from, &a), e);
}

static int64_t to_int(const struct short_format *f, uint64_t bits, unsigned size, bool truncate, struct float_env *e)
{
    struct operand a = take(f, bits, e);
    struct float80 wide = {0, EXPONENT_MASK}; /* an infinity or a NaN: no integer either way */

    if (a.class == CLASS_ZERO)
        wide.high = 0;
    else if (a.class < CLASS_INFINITE)
        wide = f80_pack(unpack(f, &a));
    return f80_to_int(wide, size, truncate, e);
}

static uint64_t from_int(const struct short_format *f, int64_t value, struct float_env *e)
{
    e->rounded_up = false;
    return value ? finish(f, f80_unpack(f80_from_i64(value)), e) : 0;
}

/* --- Both widths of each --- */
uint64_t f_add(unsigned width, uint64_t a, uint64_t b, struct float_env *e)
{
    return width == 32 ? add(&format_single, a, b, false, e) : add(&format_double, a, b, false, e);
}

uint64_t f_sub(unsigned width, uint64_t a, uint64_t b, struct float_env *e)
{
    return width == 32 ? add(&format_single, a, b, true, e) : add(&format_double, a, b, true, e);
}

uint64_t f_mul(unsigned width, uint64_t a, uint64_t b, struct float_env *e)
{
    return width == 32 ? multiply_short(&format_single, a, b, e) : multiply_short(&format_double, a, b, e);
}

uint64_t f_div(unsigned width, uint64_t a, uint64_t b, struct float_env *e)
{
    return width == 32 ? divide_short(&format_single, a, b, e) : divide_short(&format_double, a, b, e);
}

uint64_t f_sqrt(unsigned width, uint64_t a, struct float_env *e)
{
    return width == 32 ? sqrt_short(&format_single, a, e) : sqrt_short(&format_double, a, e);
}

enum comparison f_compare(unsigned width, uint64_t a, uint64_t b, bool quiet, struct float_env *e)
{
    return width == 32 ? compare(&format_single, a, b, quiet, e) : compare(&format_double, a, b, quiet, e);
}

uint64_t f_convert(unsigned from, unsigned to, uint64_t a, struct float_env *e)
{
    (void)to; /* the other one */
    return from == 32 ? convert(&format_single, &format_double, a, e) : convert(&format_double, &format_single, a, e);
}

uint64_t f_from_int(unsigned width, int64_t value, struct float_env *e)
{
    return from_int(width == 32 ? &format_single : &format_double, value, e);
}

int64_t f_to_int(unsigned width, uint64_t a, unsigned bits, bool truncate, struct float_env *e)
{
    return to_int(width == 32 ? &format_single : &format_double, a, bits, truncate, e);
}
