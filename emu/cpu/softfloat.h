/* softfloat.h - binary floating point in integers, exact on every host (IEEE 754-2008; Intel SDM vol. 1, chapters 4, 8
 * and 11).
 *
 * Everything goes through one unpacked form: a value is unpacked, computed on with guard and sticky bits, rounded once
 * and packed again. The x87 unit uses it in its 80-bit format, SSE in the two shorter ones. Nothing here touches the
 * host's floating point. No wide integer types beyond 64 bits. */
#ifndef MUNIMENT_EMU_SOFTFLOAT_H
#define MUNIMENT_EMU_SOFTFLOAT_H

#include <stdbool.h>
#include <stdint.h>

struct float80 {
    uint64_t significand; /* integer bit explicit, bit 63 */
    uint16_t high;        /* sign in bit 15, biased exponent below */
};

enum rounding { ROUND_NEAREST, ROUND_DOWN, ROUND_UP, ROUND_ZERO }; /* as in the control word and MXCSR */

/* Exceptions, as in the status word and MXCSR. */
enum {
    FLOAT_INVALID = 1,
    FLOAT_DENORMAL = 2,
    FLOAT_ZERO_DIVIDE = 4,
    FLOAT_OVERFLOW = 8,
    FLOAT_UNDERFLOW = 16,
    FLOAT_INEXACT = 32
};

/* In: how to round and which exceptions are masked. Out: the exceptions that occurred, or'ed. */
struct float_env {
    enum rounding rounding;
    unsigned precision; /* of 80-bit results: 24, 53 or 64 bits */
    uint8_t masks;      /* exceptions whose masked response is wanted; an unmasked overflow or underflow of an 80-bit
                           register result is scaled by 2^24576 */
    bool flush_to_zero, denormals_are_zero; /* SSE */
    uint8_t flags;                          /* raised */
    bool rounded_up;                        /* C1 of the x87 status word */
};

enum comparison { FLOAT_LESS = -1, FLOAT_EQUAL = 0, FLOAT_GREATER = 1, FLOAT_UNORDERED = 2 };

/* --- 80-bit. Unnormals, pseudo-NaNs and pseudo-infinities are invalid operands; pseudo-denormals are denormals. --- */
struct float80 f80_add(struct float80 a, struct float80 b, struct float_env *e);
struct float80 f80_sub(struct float80 a, struct float80 b, struct float_env *e);
struct float80 f80_mul(struct float80 a, struct float80 b, struct float_env *e);
struct float80 f80_div(struct float80 a, struct float80 b, struct float_env *e);
struct float80 f80_sqrt(struct float80 a, struct float_env *e);
struct float80 f80_round_to_integer(struct float80 a, struct float_env *e);
enum comparison f80_compare(struct float80 a, struct float80 b, bool quiet, struct float_env *e); /* quiet: a QNaN is
                                                                                                     not invalid */
struct float80 f80_from_i64(int64_t value);
struct float80 f80_from_f32(uint32_t bits, struct float_env *e);
struct float80 f80_from_f64(uint64_t bits, struct float_env *e);
uint32_t f80_to_f32(struct float80 a, struct float_env *e);
uint64_t f80_to_f64(struct float80 a, struct float_env *e);
/* To a signed integer of 16, 32 or 64 bits; out of range: invalid, and the most negative number. */
int64_t f80_to_int(struct float80 a, unsigned bits, bool truncate, struct float_env *e);

/* --- Single (width 32) and double (width 64) precision, for SSE. Bits are right-aligned. NaN operands are chosen by
 * SSE's rule: the first, unless only the second is a NaN. --- */
uint64_t f_add(unsigned width, uint64_t a, uint64_t b, struct float_env *e);
uint64_t f_sub(unsigned width, uint64_t a, uint64_t b, struct float_env *e);
uint64_t f_mul(unsigned width, uint64_t a, uint64_t b, struct float_env *e);
uint64_t f_div(unsigned width, uint64_t a, uint64_t b, struct float_env *e);
uint64_t f_sqrt(unsigned width, uint64_t a, struct float_env *e);
enum comparison f_compare(unsigned width, uint64_t a, uint64_t b, bool quiet, struct float_env *e);
uint64_t f_convert(unsigned from, unsigned to, uint64_t a, struct float_env *e); /* between 32 and 64 */
uint64_t f_from_int(unsigned width, int64_t value, struct float_env *e);
int64_t f_to_int(unsigned width, uint64_t a, unsigned bits, bool truncate, struct float_env *e);

#endif
