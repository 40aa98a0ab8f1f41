/* softfloat_core.h - what softfloat.c, softfloat_short.c and the x87 unit's number handling share: the unpacked form,
 * wide integer steps, and rounding.
 *
 * Every format's values fit the one form: its exponent is biased as the 80-bit format's, its significand has the
 * integer bit on top, and 64 bits below it are guard and sticky bits. (IEEE 754-2008, sections 4 and 7; Intel SDM vol.
 * 1, sections 4.8 and 4.9.) */
#ifndef MUNIMENT_EMU_SOFTFLOAT_CORE_H
#define MUNIMENT_EMU_SOFTFLOAT_CORE_H

#include "emu/cpu/softfloat.h"

#if defined(__GNUC__)
#define FLOAT_INLINE static inline __attribute__((always_inline))
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define LIKELY(x) __builtin_expect(!!(x), 1)
#else
#define FLOAT_INLINE static inline
#define UNLIKELY(x) (x)
#define LIKELY(x) (x)
#endif

#define TOP_BIT UINT64_C(0x8000000000000000)
#define EXPONENT_BIAS 16383
#define EXPONENT_MASK 0x7FFFu
#define SIGN_BIT 0x8000u
#define EXPONENT_WRAP 24576 /* an unmasked overflow or underflow moves the exponent by this much */

/* (high + low * 2^-64) * 2^(exponent - EXPONENT_BIAS - 63); bit 63 of high is set unless a function says otherwise. */
struct number {
    uint64_t high, low;
    int32_t exponent;
    bool sign;
};

/* A destination: the exponents of its smallest and largest normal numbers, its significand in bits, and how far
 * unmasked results are moved. */
struct float_format {
    int32_t lowest, highest;
    unsigned precision;
    int32_t wrap;
};

/* --- Integers --- */
FLOAT_INLINE unsigned leading_zeros(uint64_t value) /* value is not 0 */
{
#if defined(__GNUC__)
    return (unsigned)__builtin_clzll(value);
#else
    unsigned count = 0;

    for (unsigned step = 32; step; step >>= 1)
        if (!(value >> (64 - step))) {
            value <<= step;
            count += step;
        }
    return count;
#endif
}

FLOAT_INLINE void multiply(uint64_t a, uint64_t b, uint64_t *high, uint64_t *low)
{
    uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
    uint64_t p00 = a0 * b0, p01 = a0 * b1, p10 = a1 * b0;
    uint64_t middle = (p00 >> 32) + (uint32_t)p01 + p10; /* at most 2^64 - 1 */

    *low = middle << 32 | (uint32_t)p00;
    *high = a1 * b1 + (p01 >> 32) + (middle >> 32);
}

/* high:low divided by a divisor with bit 63 set, of which high is less. (Knuth, The Art of Computer Programming, 4.3.1
 * D, in base 2^32.) */
static inline uint64_t divide(uint64_t high, uint64_t low, uint64_t divisor, uint64_t *remainder)
{
    uint64_t d1 = divisor >> 32, d0 = (uint32_t)divisor, quotient = 0;

    for (unsigned step = 0; step < 2; step++) {
        uint64_t next = low >> 32, digit = high / d1, rest = high % d1;
        while (digit >> 32 || digit * d0 > (rest << 32 | next)) {
            digit--;
            rest += d1;
            if (rest >> 32)
                break;
        }
        high = (high << 32 | next) - digit * divisor;
        low <<= 32;
        quotient = quotient << 32 | digit;
    }
    *remainder = high;
    return quotient;
}

/* Moves high:low to the right; what falls out stays as a 1 in the lowest bit. */
FLOAT_INLINE void shift_right_sticky(struct number *n, uint32_t count)
{
    if (count == 0)
        return;
    if (count < 64) {
        n->low = n->high << (64 - count) | n->low >> count | (n->low << (64 - count) != 0);
        n->high >>= count;
    } else {
        uint64_t rest = count == 64 ? n->low : n->low | (count < 128 ? n->high << (128 - count) : n->high);
        n->low = (count < 128 ? n->high >> (count - 64) : 0) | (rest != 0);
        n->high = 0;
    }
}

/* --- Arithmetic on numbers: the result is normalized, with everything that rounding needs below it --- */
FLOAT_INLINE void number_normalize(struct number *n) /* high:low is not 0 */
{
    if (!n->high) {
        n->high = n->low;
        n->low = 0;
        n->exponent -= 64;
    }
    unsigned zeros = leading_zeros(n->high);
    if (zeros) {
        n->high = n->high << zeros | n->low >> (64 - zeros);
        n->low <<= zeros;
        n->exponent -= (int32_t)zeros;
    }
}

/* Of operands with low 0: adds magnitudes, or subtracts them if the signs differ. A result of 0 has high 0. */
FLOAT_INLINE struct number number_add(struct number a, struct number b)
{
    if (a.exponent < b.exponent || (a.exponent == b.exponent && a.high < b.high)) {
        struct number swap = a;
        a = b;
        b = swap;
    }
    shift_right_sticky(&b, (uint32_t)(a.exponent - b.exponent));
    if (a.sign == b.sign) {
        a.low = b.low;
        a.high += b.high;
        if (a.high < b.high) {
            a.low = a.high << 63 | a.low >> 1 | (a.low & 1);
            a.high = a.high >> 1 | TOP_BIT;
            a.exponent++;
        }
        return a;
    }
    a.high -= b.high + (b.low != 0);
    a.low = 0 - b.low;
    if (UNLIKELY(!(a.high >> 63)) && (a.high | a.low))
        number_normalize(&a);
    return a;
}

FLOAT_INLINE struct number number_multiply(struct number a, struct number b)
{
    struct number r = {.exponent = a.exponent + b.exponent - EXPONENT_BIAS + 1, .sign = a.sign != b.sign};

    multiply(a.high, b.high, &r.high, &r.low);
    if (!(r.high >> 63)) {
        r.high = r.high << 1 | r.low >> 63;
        r.low <<= 1;
        r.exponent--;
    }
    return r;
}

FLOAT_INLINE struct number number_divide(struct number a, struct number b)
{
    bool less = a.high < b.high;
    struct number r = {.exponent = a.exponent - b.exponent + EXPONENT_BIAS - less, .sign = a.sign != b.sign};
    uint64_t rest;

    r.high = less ? divide(a.high, 0, b.high, &rest) : divide(a.high >> 1, a.high << 63, b.high, &rest);
    r.low = (rest >= b.high - rest ? TOP_BIT : 0) | (rest && rest != b.high - rest);
    return r;
}

struct number number_sqrt(struct number a); /* softfloat.c */

/* --- Rounding --- */
FLOAT_INLINE bool round_away(enum rounding mode, bool sign, bool odd, uint64_t rest)
{
    if (mode == ROUND_NEAREST)
        return rest > TOP_BIT - odd;
    return rest && mode != ROUND_ZERO && (mode == ROUND_DOWN) == sign;
}

/* Rounds high:low to so many bits of high; low becomes 0. True: it was inexact. */
FLOAT_INLINE bool round_significand(struct number *n, unsigned precision, enum rounding mode, bool *up)
{
    unsigned cut = 64 - precision;
    uint64_t rest = cut ? n->high << precision | (n->low != 0) : n->low;

    *up = round_away(mode, n->sign, n->high >> cut & 1, rest);
    n->high = ((n->high >> cut) + *up) << cut;
    n->low = 0;
    if (*up && !n->high) {
        n->high = TOP_BIT;
        n->exponent++;
    }
    return rest != 0;
}

/* Rounds a number for its destination and raises what that raises. Afterwards: an exponent over `highest` means
 * infinity; bit 63 of high clear means a denormal number or zero, with the lowest exponent. */
void number_round(struct number *n, const struct float_format *format, struct float_env *e); /* softfloat.c */

/* --- The shorter formats, single and double precision --- */
struct short_format {
    struct float_format format;
    unsigned fraction_bits, top_exponent; /* the biased exponent of infinities and NaNs */
};
static const struct short_format format_single = {{EXPONENT_BIAS - 126, EXPONENT_BIAS + 127, 24, 0}, 23, 0xFF},
                                 format_double = {{EXPONENT_BIAS - 1022, EXPONENT_BIAS + 1023, 53, 0}, 52, 0x7FF};

/* Of what number_round has left. */
FLOAT_INLINE uint64_t short_pack(struct number n, const struct short_format *f)
{
    uint64_t top = (uint64_t)n.sign * (f->top_exponent + 1);

    if (UNLIKELY(n.exponent > f->format.highest))
        return (top | f->top_exponent) << f->fraction_bits;
    top |= n.high >> 63 ? (uint64_t)(n.exponent - f->format.lowest + 1) : 0;
    return top << f->fraction_bits | (n.high & ~TOP_BIT) >> (63 - f->fraction_bits);
}

/* --- 80-bit values --- */
#define F80_INDEFINITE ((struct float80){TOP_BIT | TOP_BIT >> 1, 0xFFFF})
#define F80_EXPONENT(a) ((a).high & EXPONENT_MASK)

FLOAT_INLINE bool f80_normal(struct float80 a)
{
    return a.significand >> 63 && F80_EXPONENT(a) - 1 < 0x7FFE;
}

FLOAT_INLINE bool f80_zero(struct float80 a)
{
    return !(a.significand | F80_EXPONENT(a));
}

/* Pseudo-denormals count as denormal. */
FLOAT_INLINE bool f80_denormal(struct float80 a)
{
    return !F80_EXPONENT(a) && a.significand;
}

FLOAT_INLINE bool f80_infinite(struct float80 a)
{
    return F80_EXPONENT(a) == EXPONENT_MASK && a.significand == TOP_BIT;
}

FLOAT_INLINE bool f80_nan(struct float80 a)
{
    return F80_EXPONENT(a) == EXPONENT_MASK && a.significand > TOP_BIT;
}

FLOAT_INLINE bool f80_signaling(struct float80 a)
{
    return f80_nan(a) && !(a.significand & TOP_BIT >> 1);
}

/* Unnormals, pseudo-infinities and pseudo-NaNs. */
FLOAT_INLINE bool f80_unsupported(struct float80 a)
{
    return F80_EXPONENT(a) && !(a.significand >> 63);
}

FLOAT_INLINE void f80_note_denormals(struct float80 a, struct float80 b, struct float_env *e)
{
    if (f80_denormal(a) || f80_denormal(b))
        e->flags |= FLOAT_DENORMAL;
}

FLOAT_INLINE struct float80 f80_signed_zero(bool sign)
{
    return (struct float80){0, (uint16_t)(sign << 15)};
}

FLOAT_INLINE struct float80 f80_signed_infinity(bool sign)
{
    return (struct float80){TOP_BIT, (uint16_t)(sign << 15 | EXPONENT_MASK)};
}

/* Finite and not zero. */
FLOAT_INLINE struct number f80_unpack(struct float80 a)
{
    struct number n = {a.significand, 0, F80_EXPONENT(a), a.high >> 15};

    if (UNLIKELY(!n.exponent)) {
        unsigned zeros = leading_zeros(n.high);
        n.high <<= zeros;
        n.exponent = 1 - (int32_t)zeros;
    }
    return n;
}

/* Of what number_round has left. */
FLOAT_INLINE struct float80 f80_pack(struct number n)
{
    uint16_t sign = (uint16_t)(n.sign << 15);

    if (UNLIKELY(n.exponent > 0x7FFE))
        return f80_signed_infinity(n.sign);
    return (struct float80){n.high, (uint16_t)(sign | (n.high >> 63 ? n.exponent : 0))};
}

/* Rounds to `precision` bits in the 80-bit format. */
struct float80 f80_round_pack(struct number n, unsigned precision, struct float_env *e); /* softfloat.c */
/* What a NaN or an unsupported operand makes of an operation with two operands; false: neither is. Raises invalid. */
bool f80_propagate(struct float80 a, struct float80 b, struct float_env *e, struct float80 *result); /* softfloat.c */
struct float80 f80_invalid(struct float_env *e);                                                     /* softfloat.c */

#endif
