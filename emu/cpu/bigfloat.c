/* bigfloat.c - arithmetic on rows of 32-bit limbs (bigfloat.h). Division is algorithm D of Knuth, The Art of Computer
 * Programming vol. 2, section 4.3.1. */
#include "emu/cpu/bigfloat.h"

#include <string.h>

static unsigned leading_zeros32(uint32_t value) /* 32 for 0 */
{
    unsigned zeros = value ? 0 : 32;

    for (unsigned step = 16; value && step; step /= 2) {
        if (!(value >> (32 - step))) {
            zeros += step;
            value <<= step;
        }
    }
    return zeros;
}

/* --- Rows of limbs --- */

/* r = a + b; the carry. */
static uint32_t add_carry(uint32_t *r, const uint32_t *a, const uint32_t *b, unsigned n)
{
    uint64_t sum = 0;

    while (n--) {
        sum += (uint64_t)a[n] + b[n];
        r[n] = (uint32_t)sum;
        sum >>= 32;
    }
    return (uint32_t)sum;
}

void limbs_add(uint32_t *r, const uint32_t *a, const uint32_t *b, unsigned n)
{
    add_carry(r, a, b, n);
}

void limbs_sub(uint32_t *r, const uint32_t *a, const uint32_t *b, unsigned n)
{
    uint64_t borrow = 0;

    while (n--) {
        uint64_t difference = (uint64_t)a[n] - b[n] - borrow;
        r[n] = (uint32_t)difference;
        borrow = difference >> 63;
    }
}

uint32_t limbs_add_product(uint32_t *r, const uint32_t *a, uint32_t factor, unsigned n)
{
    uint64_t carry = 0;

    while (n--) {
        carry += (uint64_t)a[n] * factor + r[n];
        r[n] = (uint32_t)carry;
        carry >>= 32;
    }
    return (uint32_t)carry;
}

uint32_t limbs_sub_product(uint32_t *r, const uint32_t *a, uint32_t factor, unsigned n)
{
    uint64_t borrow = 0;

    while (n--) {
        borrow += (uint64_t)a[n] * factor;
        uint32_t low = (uint32_t)borrow;
        borrow = (borrow >> 32) + (r[n] < low);
        r[n] -= low;
    }
    return (uint32_t)borrow;
}

void limbs_divide(uint32_t *r, uint32_t whole, const uint32_t *a, uint32_t divisor, unsigned n)
{
    uint64_t rest = whole;

    for (unsigned i = 0; i < n; i++) {
        rest = rest << 32 | (a ? a[i] : 0);
        r[i] = (uint32_t)(rest / divisor);
        rest %= divisor;
    }
}

void limbs_shift_right(uint32_t *r, const uint32_t *a, uint32_t bits, unsigned n)
{
    unsigned limbs = bits / 32 < n ? bits / 32 : n, rest = bits % 32;

    for (unsigned i = n; i-- > limbs;) {
        uint64_t pair = a[i - limbs] | (uint64_t)(i > limbs ? a[i - limbs - 1] : 0) << 32;
        r[i] = (uint32_t)(pair >> rest);
    }
    memset(r, 0, limbs * sizeof *r);
}

void limbs_shift_left(uint32_t *r, const uint32_t *a, unsigned bits, unsigned n)
{
    unsigned limbs = bits / 32, rest = bits % 32;

    for (unsigned i = 0; i < n; i++) {
        uint64_t pair = i + limbs < n ? (uint64_t)a[i + limbs] << 32 | (i + limbs + 1 < n ? a[i + limbs + 1] : 0) : 0;
        r[i] = (uint32_t)(pair << rest >> 32);
    }
}

unsigned limbs_leading_zeros(const uint32_t *a, unsigned n)
{
    unsigned i = 0;

    while (i < n && !a[i])
        i++;
    return 32 * i + (i < n ? leading_zeros32(a[i]) : 0);
}

/* The first n + 2 limbs of the product. Rows stop there; what is lost is less than a unit of limb n - 1. */
static void product(uint32_t *r, const uint32_t *a, const uint32_t *b, unsigned n)
{
    r[n] = r[n + 1] = 0;
    for (unsigned j = n; j-- > 0;)
        r[j] = limbs_add_product(r + j + 1, a, b[j], j ? n - j + 1 : n);
}

void fraction_mul(uint32_t *r, const uint32_t *a, const uint32_t *b, unsigned n)
{
    uint32_t wide[BIG_LIMBS + 2];

    product(wide, a, b, n);
    memcpy(r, wide, n * sizeof *r);
}

/* --- Big numbers --- */

static void normalise(struct big *r, unsigned n)
{
    unsigned zeros = limbs_leading_zeros(r->limb, n);

    if (zeros) {
        limbs_shift_left(r->limb, r->limb, zeros, n);
        r->exponent -= (int32_t)zeros;
    }
}

/* A carry out of the highest limb moves the number down by a bit. */
static void take_carry(struct big *r, unsigned n)
{
    limbs_shift_right(r->limb, r->limb, 1, n);
    r->limb[0] |= 0x80000000u;
    r->exponent++;
}

void big_set(struct big *r, bool negative, uint64_t significand, uint32_t below, int32_t exponent, unsigned n)
{
    r->negative = negative;
    r->exponent = exponent + 64;
    memset(r->limb, 0, n * sizeof *r->limb);
    r->limb[0] = (uint32_t)(significand >> 32);
    r->limb[1] = (uint32_t)significand;
    r->limb[2] = below;
    normalise(r, n);
}

void big_from_fraction(struct big *r, const uint32_t *fraction, int32_t exponent, unsigned n)
{
    r->negative = false;
    r->exponent = exponent;
    memcpy(r->limb, fraction, n * sizeof *r->limb);
    normalise(r, n);
}

void big_to_fraction(uint32_t *r, const struct big *a, unsigned n)
{
    limbs_shift_right(r, a->limb, a->limb[0] ? (uint32_t)-a->exponent : 0, n);
}

/* |r| = |a| + |b|, with the sign of a; the exponent of a is not below that of b. */
static void add_magnitudes(struct big *r, const struct big *a, const struct big *b, unsigned n)
{
    uint32_t shifted[BIG_LIMBS], carry;

    limbs_shift_right(shifted, b->limb, (uint32_t)(a->exponent - b->exponent), n);
    r->negative = a->negative;
    r->exponent = a->exponent;
    carry = add_carry(r->limb, a->limb, shifted, n);
    if (carry)
        take_carry(r, n);
}

/* |r| = |a| - |b|, with the sign of a; |a| is not less than |b|. */
static void subtract_magnitudes(struct big *r, const struct big *a, const struct big *b, unsigned n)
{
    uint32_t shifted[BIG_LIMBS];

    limbs_shift_right(shifted, b->limb, (uint32_t)(a->exponent - b->exponent), n);
    r->negative = a->negative;
    r->exponent = a->exponent;
    limbs_sub(r->limb, a->limb, shifted, n);
    normalise(r, n);
}

static bool limbs_less(const uint32_t *a, const uint32_t *b, unsigned n)
{
    unsigned i = 0;

    while (i < n - 1 && a[i] == b[i])
        i++;
    return a[i] < b[i];
}

static bool magnitude_less(const struct big *a, const struct big *b, unsigned n)
{
    if (!a->limb[0] || !b->limb[0])
        return !a->limb[0];
    return a->exponent != b->exponent ? a->exponent < b->exponent : limbs_less(a->limb, b->limb, n);
}

static void copy(struct big *r, const struct big *a, bool negative, unsigned n)
{
    r->negative = negative;
    r->exponent = a->exponent;
    memmove(r->limb, a->limb, n * sizeof *r->limb);
}

static void add_signed(struct big *r, const struct big *a, const struct big *b, bool b_negative, unsigned n)
{
    bool swapped = magnitude_less(a, b, n), negative = swapped ? b_negative : a->negative,
         opposite = a->negative != b_negative;
    const struct big *larger = swapped ? b : a, *smaller = swapped ? a : b;

    if (!smaller->limb[0])
        copy(r, larger, negative, n);
    else if (opposite)
        subtract_magnitudes(r, larger, smaller, n);
    else
        add_magnitudes(r, larger, smaller, n);
    r->negative = negative;
}

void big_add(struct big *r, const struct big *a, const struct big *b, unsigned n)
{
    add_signed(r, a, b, b->negative, n);
}

void big_sub(struct big *r, const struct big *a, const struct big *b, unsigned n)
{
    add_signed(r, a, b, !b->negative, n);
}

void big_mul(struct big *r, const struct big *a, const struct big *b, unsigned n)
{
    uint32_t wide[BIG_LIMBS + 2];

    product(wide, a->limb, b->limb, n);
    r->negative = a->negative != b->negative;
    r->exponent = a->exponent + b->exponent;
    if (wide[0] >> 31 == 0 && wide[0]) {
        limbs_shift_left(wide, wide, 1, n + 1);
        r->exponent--;
    }
    memcpy(r->limb, wide, n * sizeof *r->limb);
}

/* The next limb of a quotient: `rest` has n + 1 limbs, less than the divisor times 2^32, and keeps what is left. */
static uint32_t quotient_limb(uint32_t *rest, const uint32_t *divisor, unsigned n)
{
    uint64_t top = (uint64_t)rest[0] << 32 | rest[1], guess = top / divisor[0], left = top % divisor[0];

    while (guess >> 32 || guess * divisor[1] > (left << 32 | rest[2])) {
        guess--;
        left += divisor[0];
        if (left >> 32)
            break;
    }
    if (limbs_sub_product(rest + 1, divisor, (uint32_t)guess, n) > rest[0]) {
        add_carry(rest + 1, rest + 1, divisor, n);
        guess--;
    }
    return (uint32_t)guess;
}

void big_div(struct big *r, const struct big *a, const struct big *b, unsigned n)
{
    uint32_t rest[BIG_LIMBS + 2], quotient[BIG_LIMBS];
    bool below_one = limbs_less(a->limb, b->limb, n);

    rest[0] = 0;
    memcpy(rest + 1, a->limb, n * sizeof *rest);
    rest[n + 1] = 0;
    if (!below_one)
        limbs_shift_right(rest, rest, 1, n + 2);
    uint32_t shifted_out = rest[n + 1];
    for (unsigned i = 0; i < n; i++) {
        memmove(rest, rest + 1, n * sizeof *rest);
        rest[n] = i ? 0 : shifted_out;
        quotient[i] = quotient_limb(rest, b->limb, n);
    }
    r->negative = a->negative != b->negative;
    r->exponent = a->exponent - b->exponent + !below_one;
    memcpy(r->limb, quotient, n * sizeof *r->limb);
}

void big_enlarge(struct big *r, const struct big *a, const uint32_t *v, unsigned n)
{
    uint32_t part[BIG_LIMBS], carry;

    fraction_mul(part, a->limb, v, n);
    r->negative = a->negative;
    r->exponent = a->exponent;
    carry = add_carry(r->limb, a->limb, part, n);
    if (carry)
        take_carry(r, n);
}

void big_diminish(struct big *r, const struct big *a, const uint32_t *v, unsigned n)
{
    uint32_t part[BIG_LIMBS];

    fraction_mul(part, a->limb, v, n);
    r->negative = a->negative;
    r->exponent = a->exponent;
    limbs_sub(r->limb, a->limb, part, n);
    normalise(r, n);
}
