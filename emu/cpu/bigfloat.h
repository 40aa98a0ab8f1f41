/* bigfloat.h - numbers of 128 to 1,024 bits, for the functions that have no exact result (transcendental.c).
 *
 * Limbs of 32 bits, the highest first, so that a number of n limbs is the first n limbs of a longer one. A fraction is
 * n limbs after the binary point; a big number is a normalised fraction with an exponent and a sign. Every operation
 * takes the number n of limbs to work with, 4 to BIG_LIMBS, and truncates: its result is off by less than two units of
 * the last limb's last bit, and exact if it fits. Portable C, no memory, no host floating point. */
#ifndef MUNIMENT_EMU_BIGFLOAT_H
#define MUNIMENT_EMU_BIGFLOAT_H

#include <stdbool.h>
#include <stdint.h>

enum { BIG_LIMBS = 32 };

/* 0.limb * 2^exponent; the top bit of limb[0] is set, or limb[0] is 0 and so is the number. */
struct big {
    bool negative;
    int32_t exponent;
    uint32_t limb[BIG_LIMBS];
};

/* --- Fractions, and other rows of limbs. Results may be operands, except in fraction_mul. --- */
void limbs_add(uint32_t *r, const uint32_t *a, const uint32_t *b, unsigned n);           /* modulo 1 */
void limbs_sub(uint32_t *r, const uint32_t *a, const uint32_t *b, unsigned n);           /* modulo 1 */
uint32_t limbs_add_product(uint32_t *r, const uint32_t *a, uint32_t factor, unsigned n); /* r += a * factor; what is
                                                                                            carried out of it */
uint32_t limbs_sub_product(uint32_t *r, const uint32_t *a, uint32_t factor, unsigned n); /* r -= a * factor; what is
                                                                                            borrowed */
/* (whole + a) / divisor, whole < divisor; a may be NULL for 0. */
void limbs_divide(uint32_t *r, uint32_t whole, const uint32_t *a, uint32_t divisor, unsigned n);
void limbs_shift_right(uint32_t *r, const uint32_t *a, uint32_t bits, unsigned n);
void limbs_shift_left(uint32_t *r, const uint32_t *a, unsigned bits, unsigned n);
unsigned limbs_leading_zeros(const uint32_t *a, unsigned n);
void fraction_mul(uint32_t *r, const uint32_t *a, const uint32_t *b, unsigned n);

/* --- Big numbers. Results may be operands. --- */
void big_set(struct big *r, bool negative, uint64_t significand, uint32_t below, int32_t exponent,
             unsigned n); /* (significand + below * 2^-32) * 2^exponent */
void big_from_fraction(struct big *r, const uint32_t *fraction, int32_t exponent, unsigned n); /* fraction * 2^exponent
                                                                                                */
void big_to_fraction(uint32_t *r, const struct big *a, unsigned n);                            /* of |a| < 1 */
void big_add(struct big *r, const struct big *a, const struct big *b, unsigned n);
void big_sub(struct big *r, const struct big *a, const struct big *b, unsigned n);
void big_mul(struct big *r, const struct big *a, const struct big *b, unsigned n);
void big_div(struct big *r, const struct big *a, const struct big *b, unsigned n); /* b is not 0 */
/* a * (1 + v) and a * (1 - v), for a fraction v. */
void big_enlarge(struct big *r, const struct big *a, const uint32_t *v, unsigned n);
void big_diminish(struct big *r, const struct big *a, const uint32_t *v, unsigned n);

#endif
