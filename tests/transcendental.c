/* transcendental.c - the transcendental functions of the processor against MPFR, which rounds correctly too and shares
 * nothing with them.
 *
 *     transcendental [--count N] [--seed N] [--speed] [FUNCTION ...]
 *
 * For each function N arguments (a million), each in all four roundings, with results, exceptions and C1 compared;
 * where a result overflows or underflows, with those exceptions unmasked as well. Arguments are spread over the whole
 * format, and crowd where it is hard: neighbours of multiples of P/2, of powers of two and of whole numbers, exact
 * results, ties, denormals and the ends of the range. --speed times the functions instead. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mpfr.h>

#include "emu/cpu/transcendental.h"

enum { BIAS = 16383, SHOWN = 20, PRECISION = 80, WIDE = 400, ALL_MASKED = 0x3F };

struct arguments {
    struct float80 y, x;
};

/* What the reference works with; `exact` is the result, cut off after PRECISION bits. */
struct reference {
    mpfr_t y, x, r, p, k, exact;
    unsigned quadrant;
};

struct expected {
    struct float80 value;
    uint8_t flags;
    bool rounded_up;
};

/* --- Random arguments (xorshift64*) --- */

static uint64_t random_state;

static uint64_t random64(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * 0x2545F4914F6CDD1D;
}

static int random_range(int low, int high)
{
    return low + (int)(random64() % (uint64_t)(high - low + 1));
}

/* significand * 2^(exponent - 63), its top bit set; below the normal numbers bits are lost. */
static struct float80 make(bool negative, int exponent, uint64_t significand)
{
    int biased = exponent + BIAS;

    significand |= 1ull << 63;
    if (biased > 0x7FFE)
        biased = 0x7FFE;
    if (biased < 1) {
        int shift = 1 - biased;
        significand = shift > 63 ? 1 : significand >> shift;
        biased = significand >> 63 ? 1 : 0;
    }
    return (struct float80){significand, (uint16_t)(biased | negative << 15)};
}

static uint64_t random_significand(void)
{
    const uint64_t top = 1ull << 63;
    unsigned bits = (unsigned)random_range(0, 63);

    /* clang-format off */
    switch (random_range(0, 7)) {
    case 0:  return top;
    case 1:  return top + random64() % 8;
    case 2:  return ~(random64() % 8);
    case 3:  return top | random64() << bits;                        /* short */
    case 4:  return top | random64() >> bits >> 1;                   /* just above a power of two */
    case 5:  return ~(random64() >> bits >> 1);                      /* just below */
    default: return top | random64();
    }
    /* clang-format on */
}

static struct float80 random_between(int low, int high)
{
    int exponent = random_range(low, high);
    uint64_t significand = random_significand();

    return make(random64() & 1, exponent, significand);
}

/* Mostly near 1, also tiny, huge and denormal. */
static struct float80 random_number(void)
{
    switch (random_range(0, 7)) {
    case 0: return random_between(-BIAS - 62, BIAS);
    case 1: return random_between(-BIAS - 62, -BIAS + 70);
    case 2: return random_between(BIAS - 20, BIAS);
    case 3: return random_between(-140, 140);
    default: return random_between(-8, 8);
    }
}

static struct float80 step(struct float80 a, int ulps)
{
    uint64_t old = a.significand;

    a.significand += (uint64_t)(int64_t)ulps;
    if (a.high & 0x7FFF && !(a.significand >> 63)) { /* over a power of two */
        a.high = (uint16_t)(ulps < 0 ? a.high - 1 : a.high + 1);
        a.significand = ulps < 0 ? old << 1 | ((uint64_t)(int64_t)ulps + 1) | 1ull << 63 : 1ull << 63;
    }
    return a;
}

static struct float80 from_mpfr(mpfr_t a)
{
    mpfr_t t;
    mpfr_init2(t, 64);
    mpfr_set(t, a, MPFR_RNDN);
    int exponent = (int)mpfr_get_exp(t) - 1;
    mpfr_abs(t, t, MPFR_RNDN);
    mpfr_mul_2si(t, t, 63 - exponent, MPFR_RNDN);
    uint64_t significand = mpfr_get_ui(t, MPFR_RNDN);
    mpfr_clear(t);
    return make(mpfr_signbit(a), exponent, significand);
}

/* Near a multiple of P/2, or of P/4. */
static struct arguments circular_arguments(struct reference *ref)
{
    struct float80 x;

    if (random_range(0, 3) == 0) {
        mpfr_set_ui(ref->k, random64() >> random_range(2, 63), MPFR_RNDN);
        mpfr_add_ui(ref->k, ref->k, 1, MPFR_RNDN);
        mpfr_mul(ref->r, ref->k, ref->p, MPFR_RNDN);
        mpfr_div_2ui(ref->r, ref->r, (unsigned long)random_range(1, 2), MPFR_RNDN);
        x = step(from_mpfr(ref->r), random_range(-2, 2));
        x.high |= (uint16_t)(random64() << 15);
    } else {
        x = random_range(0, 3) ? random_between(-70, 62) : random_number();
    }
    if ((x.high & 0x7FFF) > 62 + BIAS)
        x.high = (uint16_t)(x.high - 0x3FF0) % (62 + BIAS);
    return (struct arguments){x, x};
}

static struct arguments power_arguments(struct reference *ref)
{
    struct float80 x;

    (void)ref;
    switch (random_range(0, 7)) {
    case 0: { /* about a whole number */
        uint64_t whole = random64() % (1ull << random_range(1, 15)) + 1;
        int exponent = 63 - __builtin_clzll(whole);
        x = step(make(random64() & 1, exponent, whole << (63 - exponent)), random_range(-1, 1));
        break;
    }
    case 1: x = random_number(); break;
    case 2: x = random_between(0, 15); break;
    case 3:
        x = make(random64() & 1, 13, 0xFFF0000000000000 + random64() % (1ull << 52));
        break; /* the ends of the range */
    default: x = random_between(-70, -1); break;
    }
    return (struct arguments){x, x};
}

static struct float80 random_zero_or_infinity(void)
{
    bool infinite = random64() & 1;

    return (struct float80){infinite ? 1ull << 63 : 0, (uint16_t)((infinite ? 0x7FFF : 0) | random64() << 15)};
}

static struct arguments angle_arguments(struct reference *ref)
{
    struct arguments a = {random_number(), random_number()};

    (void)ref;
    switch (random_range(0, 7)) {
    case 0: { /* a quotient of 64 bits or less */
        uint64_t q = random64() >> 32 | 1u << 31, d = random64() >> random_range(32, 63) | 1, product = q * d;
        int shift = __builtin_clzll(product), distance = random_range(20, 80);
        a.x = make(random_range(0, 3) == 0, 0, d << __builtin_clzll(d));
        a.y = make(random64() & 1, -distance, product << shift);
        break;
    }
    case 1: /* near each other */
        a.x = random_between(-5, 5);
        a.y = random_between(-5, 5);
        break;
    case 2: /* apart by a given power of two */
        a.y = make(random64() & 1, (a.x.high & 0x7FFF) - BIAS + random_range(-150, 150),
                   random_range(0, 1) ? a.x.significand : random_significand());
        break;
    case 3:
        if (random_range(0, 7) == 0)
            *(random64() & 1 ? &a.x : &a.y) = random_zero_or_infinity();
        if (random_range(0, 31) == 0)
            a.x = random_zero_or_infinity();
        break;
    case 4: /* the landmarks and the slots between them */
        a.x = make(random64() & 1, 0, (uint64_t)random_range(1 << 15, (1 << 16) - 1) << 48);
        a.y = make(random64() & 1, random_range(-6, 6), (uint64_t)random_range(1 << 15, (1 << 16) - 1) << 48);
        break;
    default: break;
    }
    return a;
}

static struct arguments log_arguments(struct reference *ref)
{
    struct arguments a = {random_number(), random_number()};

    (void)ref;
    switch (random_range(0, 7)) {
    case 0: a.x = step(make(false, random_range(-BIAS + 1, BIAS), 1ull << 63), random_range(-2, 2)); break;
    case 1: a.x = step(make(false, 0, 1ull << 63), random_range(-3, 3)); break;
    case 2: a.x = random_between(-1, 0); break;
    case 3:
        a.x = make(false, random_range(-1, 0),
                   random64() & 1 ? 1ull << 63 | random64() >> random_range(1, 63)
                                  : ~(random64() >> random_range(1, 63)));
        break;
    case 4: a.y = random_between(BIAS - 30, BIAS); break;
    case 5: a.y = random_between(-BIAS - 62, -BIAS + 30); break;
    default: break;
    }
    if (random_range(0, 4000) == 0)
        a.y = (struct float80){0, (uint16_t)(random64() << 15)};
    a.x.high &= 0x7FFF;
    if (a.x.high == 0x7FFF)
        a.x.high--;
    if (!a.x.significand)
        a.x.significand = 1;
    return a;
}

static struct arguments log1p_arguments(struct reference *ref)
{
    struct arguments a = log_arguments(ref);
    int count = random_range(1, 64);

    switch (random_range(0, 3)) {
    case 0: a.x = make(false, count - 1, ~0ull << (64 - count)); break; /* 2^count - 1 */
    case 1: a.x = make(true, -1, ~0ull << (64 - count)); break;         /* 2^-count - 1 */
    case 2: a.x = random_between(-BIAS - 62, -1); break;
    default: break;
    }
    if (random_range(0, 2) == 0)
        a.x = step(a.x, random_range(-1, 1));
    if (random_range(0, 4000) == 0)
        a.x = (struct float80){0, (uint16_t)(random64() << 15)};
    if (a.x.high >> 15 && (a.x.high & 0x7FFF) >= BIAS) /* not below -1 */
        a.x.high &= 0x7FFF;
    if (a.x.high == 0x7FFF)
        a.x.high--;
    return a;
}

/* --- The reference --- */

static void to_mpfr(mpfr_t r, struct float80 a)
{
    int biased = a.high & 0x7FFF;

    if (biased == 0x7FFF) {
        mpfr_set_inf(r, 1);
    } else {
        mpfr_set_ui(r, a.significand, MPFR_RNDN);
        mpfr_mul_2si(r, r, (biased ? biased : 1) - BIAS - 63, MPFR_RNDN);
    }
    if (a.high >> 15)
        mpfr_neg(r, r, MPFR_RNDN);
}

/* x = k P/2 + r, in so many bits that all of it is exact but 2x/P, which is never near a half. */
static void reduce(struct reference *ref)
{
    mpfr_mul_2ui(ref->k, ref->x, 1, MPFR_RNDN);
    mpfr_div(ref->k, ref->k, ref->p, MPFR_RNDN);
    mpfr_rint(ref->k, ref->k, MPFR_RNDN);
    mpfr_div_2ui(ref->r, ref->p, 1, MPFR_RNDN);
    mpfr_mul(ref->r, ref->r, ref->k, MPFR_RNDN);
    mpfr_sub(ref->r, ref->x, ref->r, MPFR_RNDN);
    ref->quadrant = (unsigned)(unsigned long)mpfr_get_si(ref->k, MPFR_RNDN) % 4;
}

static int sine(struct reference *ref, unsigned quadrant)
{
    int t = (quadrant & 1 ? mpfr_cos : mpfr_sin)(ref->exact, ref->r, MPFR_RNDZ);

    if (quadrant & 2)
        mpfr_neg(ref->exact, ref->exact, MPFR_RNDN);
    return t;
}

static int reference_sin(struct reference *ref)
{
    reduce(ref);
    if (mpfr_zero_p(ref->x))
        return mpfr_set(ref->exact, ref->x, MPFR_RNDN);
    return sine(ref, ref->quadrant);
}

static int reference_cos(struct reference *ref)
{
    reduce(ref);
    return sine(ref, (ref->quadrant + 1) % 4);
}

static int reference_tan(struct reference *ref)
{
    reduce(ref);
    if (mpfr_zero_p(ref->x))
        return mpfr_set(ref->exact, ref->x, MPFR_RNDN);
    int t = (ref->quadrant & 1 ? mpfr_cot : mpfr_tan)(ref->exact, ref->r, MPFR_RNDZ);
    if (ref->quadrant & 1)
        mpfr_neg(ref->exact, ref->exact, MPFR_RNDN);
    return t;
}

static int reference_atan2(struct reference *ref)
{
    return mpfr_atan2(ref->exact, ref->y, ref->x, MPFR_RNDZ);
}

/* 2^x - 1 from 2^x, with twice the bits until 80 are certain; exact for whole x, and irrational for others. Beyond -400
 * and 2^16 no result changes any more. */
static int reference_2xm1(struct reference *ref)
{
    mpfr_t power;
    bool whole, tiny = !mpfr_zero_p(ref->x) && mpfr_get_exp(ref->x) < -100;

    if (mpfr_zero_p(ref->x))
        return mpfr_set(ref->exact, ref->x, MPFR_RNDN);
    if (mpfr_cmp_si(ref->x, 1l << 16) > 0)
        mpfr_set_si(ref->x, 1l << 16, MPFR_RNDN);
    if (mpfr_cmp_si(ref->x, -400) < 0)
        mpfr_set_si(ref->x, -400, MPFR_RNDN);
    whole = mpfr_integer_p(ref->x);
    mpfr_init2(power, 256);
    if (tiny) { /* x ln 2 (1 + ...) */
        mpfr_const_log2(power, MPFR_RNDN);
        mpfr_mul(power, power, ref->x, MPFR_RNDN);
    } else {
        for (mpfr_prec_t precision = whole ? 256 + labs(mpfr_get_si(ref->x, MPFR_RNDN)) : 256;; precision *= 2) {
            mpfr_set_prec(power, precision);
            mpfr_exp2(power, ref->x, MPFR_RNDN);
            mpfr_sub_ui(power, power, 1, MPFR_RNDN);
            if (whole || mpfr_can_round(power, precision - 110, MPFR_RNDN, MPFR_RNDZ, PRECISION))
                break;
        }
    }
    int t = mpfr_set(ref->exact, power, MPFR_RNDZ);
    mpfr_clear(power);
    return whole ? t : 1;
}

static int reference_log(struct reference *ref, int (*log)(mpfr_t, mpfr_srcptr, mpfr_rnd_t))
{
    mpfr_t l;
    int inexact, t;

    mpfr_init2(l, PRECISION);
    for (mpfr_prec_t precision = 256;; precision *= 2) {
        mpfr_set_prec(l, precision);
        inexact = log(l, ref->x, MPFR_RNDN);
        mpfr_mul(l, l, ref->y, MPFR_RNDN);
        if (!inexact || mpfr_zero_p(ref->y) || mpfr_can_round(l, precision - 4, MPFR_RNDN, MPFR_RNDZ, PRECISION))
            break;
    }
    t = mpfr_set(ref->exact, l, MPFR_RNDZ);
    mpfr_clear(l);
    return mpfr_zero_p(ref->exact) ? 0 : inexact ? 1 : t;
}

static int reference_yl2x(struct reference *ref)
{
    return reference_log(ref, mpfr_log2);
}

static int reference_yl2xp1(struct reference *ref)
{
    return reference_log(ref, mpfr_log2p1);
}

/* --- Rounding the reference, in the arithmetic of MPFR --- */

static const mpfr_rnd_t roundings[] = {MPFR_RNDN, MPFR_RNDD, MPFR_RNDU, MPFR_RNDZ};

static struct float80 float80_of(mpfr_t a, int exponent_moved)
{
    if (mpfr_zero_p(a))
        return (struct float80){0, (uint16_t)(mpfr_signbit(a) << 15)};
    mpfr_mul_2si(a, a, exponent_moved, MPFR_RNDN);
    return from_mpfr(a);
}

/* Below the normal numbers: whole multiples of the smallest denormal. */
static struct expected expect_denormal(mpfr_t exact, enum rounding rounding)
{
    struct expected want = {0};
    mpfr_t whole;

    mpfr_init2(whole, 4 * PRECISION);
    mpfr_mul_2si(whole, exact, BIAS - 1 + 63, MPFR_RNDN);
    mpfr_t units;
    mpfr_init2(units, 4 * PRECISION);
    mpfr_rint(units, whole, roundings[rounding]);
    if (!mpfr_equal_p(units, whole))
        want.flags = FLOAT_UNDERFLOW | FLOAT_INEXACT;
    want.rounded_up = mpfr_cmpabs(units, whole) > 0;
    mpfr_abs(whole, units, MPFR_RNDN);
    want.value.significand = mpfr_get_ui(whole, MPFR_RNDN);
    want.value.high = (uint16_t)(mpfr_signbit(exact) << 15 | want.value.significand >> 63);
    mpfr_clears(whole, units, (mpfr_ptr)0);
    return want;
}

static struct expected expect(mpfr_t exact, enum rounding rounding, bool masked)
{
    struct expected want = {0};
    mpfr_t r;

    mpfr_init2(r, 64);
    int t = mpfr_set(r, exact, roundings[rounding]), exponent = mpfr_zero_p(r) ? 0 : (int)mpfr_get_exp(r) - 1;
    want.flags = t ? FLOAT_INEXACT : 0;
    want.rounded_up = t && mpfr_cmpabs(r, exact) > 0;
    if (exponent > BIAS) {
        bool finite = rounding == ROUND_ZERO || rounding == (mpfr_signbit(r) ? ROUND_UP : ROUND_DOWN);
        want.flags |= FLOAT_OVERFLOW | (masked ? FLOAT_INEXACT : 0);
        if (!masked && exponent <= BIAS + 24576) {
            want.value = float80_of(r, -24576);
        } else {
            finite = finite && masked;
            want.rounded_up = masked ? !finite : want.rounded_up;
            want.value = (struct float80){finite ? ~0ull : 1ull << 63,
                                          (uint16_t)((finite ? 0x7FFE : 0x7FFF) | mpfr_signbit(r) << 15)};
        }
    } else if (exponent < 1 - BIAS && masked) {
        want = expect_denormal(exact, rounding);
    } else {
        bool tiny = exponent < 1 - BIAS;
        want.flags |= tiny ? FLOAT_UNDERFLOW : 0;
        want.value = float80_of(r, tiny ? 24576 : 0);
    }
    mpfr_clear(r);
    return want;
}

/* --- Functions --- */

/* clang-format off */
static struct float80 call_sin(struct arguments a, struct float_env *e) { return f80_sin(a.x, e); }
static struct float80 call_cos(struct arguments a, struct float_env *e) { return f80_cos(a.x, e); }
static struct float80 call_tan(struct arguments a, struct float_env *e) { return f80_tan(a.x, e); }
static struct float80 call_atan2(struct arguments a, struct float_env *e) { return f80_atan2(a.y, a.x, e); }
static struct float80 call_2xm1(struct arguments a, struct float_env *e) { return f80_2xm1(a.x, e); }
static struct float80 call_yl2x(struct arguments a, struct float_env *e) { return f80_yl2x(a.y, a.x, e); }
static struct float80 call_yl2xp1(struct arguments a, struct float_env *e) { return f80_yl2xp1(a.y, a.x, e); }
/* clang-format on */

static const struct function {
    const char *name;
    bool binary;
    struct float80 (*call)(struct arguments a, struct float_env *e);
    struct arguments (*arguments)(struct reference *ref);
    int (*reference)(struct reference *ref); /* sets ref->exact, cut off; whether it is not exact */
} functions[] = {
    {"sin", false, call_sin, circular_arguments, reference_sin},
    {"cos", false, call_cos, circular_arguments, reference_cos},
    {"tan", false, call_tan, circular_arguments, reference_tan},
    {"atan2", true, call_atan2, angle_arguments, reference_atan2},
    {"2xm1", false, call_2xm1, power_arguments, reference_2xm1},
    {"yl2x", true, call_yl2x, log_arguments, reference_yl2x},
    {"yl2xp1", true, call_yl2xp1, log1p_arguments, reference_yl2xp1},
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

static bool is_denormal(struct float80 a)
{
    return !(a.high & 0x7FFF) && a.significand;
}

static bool check(const struct function *f, struct arguments a, mpfr_t exact, enum rounding rounding, bool masked)
{
    static unsigned shown;
    struct expected want = expect(exact, rounding, masked);
    struct float_env e = {.rounding = rounding,
                          .precision = 24,
                          .masks = masked ? ALL_MASKED : ALL_MASKED & ~(FLOAT_OVERFLOW | FLOAT_UNDERFLOW)};
    struct float80 got = f->call(a, &e);

    if (is_denormal(a.x) || (f->binary && is_denormal(a.y)))
        want.flags |= FLOAT_DENORMAL;
    if (got.high == want.value.high && got.significand == want.value.significand && e.flags == want.flags &&
        e.rounded_up == want.rounded_up)
        return true;
    if (shown++ < SHOWN)
        printf("%s y=%04X:%016" PRIX64 " x=%04X:%016" PRIX64 " rounding %d%s: %04X:%016" PRIX64
               " flags %02X C1 %d, expected %04X:%016" PRIX64 " flags %02X C1 %d\n",
               f->name, a.y.high, a.y.significand, a.x.high, a.x.significand, rounding, masked ? "" : " unmasked",
               got.high, got.significand, e.flags, e.rounded_up, want.value.high, want.value.significand, want.flags,
               want.rounded_up);
    return false;
}

/* The number of failures. The bits that the reference lacks are too far down for any rounding to depend on them. */
static unsigned long run(const struct function *f, struct reference *ref, struct arguments a, unsigned long *cases)
{
    unsigned long failed = 0;
    mpfr_t odd, bit;

    to_mpfr(ref->y, a.y);
    to_mpfr(ref->x, a.x);
    mpfr_init2(odd, 4 * PRECISION);
    bool more = f->reference(ref);
    mpfr_set(odd, ref->exact, MPFR_RNDN);
    if (more) {
        mpfr_init2(bit, 2);
        mpfr_set_si_2exp(bit, mpfr_signbit(odd) ? -1 : 1, mpfr_get_exp(odd) - 2 * PRECISION, MPFR_RNDN);
        mpfr_add(odd, odd, bit, MPFR_RNDN);
        mpfr_clear(bit);
    }
    long exponent = mpfr_zero_p(odd) ? 0 : mpfr_get_exp(odd);
    bool extreme = exponent > BIAS || exponent < 4 - BIAS;
    for (unsigned rounding = 0; rounding < 4; rounding++) {
        failed += !check(f, a, odd, (enum rounding)rounding, true);
        if (extreme)
            failed += !check(f, a, odd, (enum rounding)rounding, false);
        *cases += 1 + extreme;
    }
    mpfr_clear(odd);
    return failed;
}

/* Arguments as programs use them. */
static void measure(const struct function *f)
{
    enum { SAMPLES = 1024, ROUNDS = 200 };
    static struct arguments samples[SAMPLES];
    struct float_env e = {.precision = 64, .masks = ALL_MASKED};
    struct timespec begin, end;
    uint64_t sum = 0;

    for (unsigned i = 0; i < SAMPLES; i++) {
        int highest = f->arguments == circular_arguments ? 6 : -1, exponent = random_range(-4, highest);
        samples[i].x = make(false, exponent, 1ull << 63 | random64());
        exponent = random_range(-4, 3);
        samples[i].y = make(false, exponent, 1ull << 63 | random64());
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    for (unsigned n = 0; n < ROUNDS; n++)
        for (unsigned i = 0; i < SAMPLES; i++)
            sum += f->call(samples[i], &e).significand;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    double ns = (double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec);
    printf("%-7s %6.0f ns per call (%016" PRIX64 ")\n", f->name, ns / (SAMPLES * ROUNDS), sum);
}

static void reference_init(struct reference *ref)
{
    mpfr_set_emin(mpfr_get_emin_min());
    mpfr_set_emax(mpfr_get_emax_max());
    mpfr_inits2(WIDE, ref->y, ref->x, ref->r, ref->p, ref->k, (mpfr_ptr)0);
    mpfr_init2(ref->exact, PRECISION);
    mpfr_set_str(ref->p, "C90FDAA22168C234C", 16, MPFR_RNDN);
    mpfr_div_2ui(ref->p, ref->p, 66, MPFR_RNDN);
}

static bool wanted(const struct function *f, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], f->name) == 0)
            return true;
    }
    return argc == 0;
}

int main(int argc, char **argv)
{
    unsigned long count = 1000000, seed = 1, cases = 0, failed = 0;
    bool speed = false;
    struct reference ref;
    int i;

    for (i = 1; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
        if (strcmp(argv[i], "--count") == 0 && i + 1 < argc)
            count = strtoul(argv[++i], NULL, 0);
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            seed = strtoul(argv[++i], NULL, 0);
        else
            speed = speed || strcmp(argv[i], "--speed") == 0;
    }
    reference_init(&ref);
    for (const struct function *f = functions; f < functions + FUNCTIONS; f++) {
        unsigned long before = failed;
        if (!wanted(f, argc - i, argv + i))
            continue;
        random_state = 0x9E3779B97F4A7C15 * (2 * seed + 1) + (uint64_t)(f - functions);
        if (speed) {
            measure(f);
            continue;
        }
        for (unsigned long n = 0; n < count; n++)
            failed += run(f, &ref, f->arguments(&ref), &cases);
        printf("%s: %lu arguments, %lu failures\n", f->name, count, failed - before);
        fflush(stdout);
    }
    if (!speed)
        printf("%lu passed, %lu failed\n", cases - failed, failed);
    mpfr_clears(ref.y, ref.x, ref.r, ref.p, ref.k, ref.exact, (mpfr_ptr)0);
    mpfr_free_cache();
    return failed != 0;
}
