/* galois.h - arithmetic of GF(2^8) on long rows of bytes, for parity.c.
 *
 * The field is that of the polynomial x^8 + x^4 + x^3 + x^2 + 1 (11Dh), as spec/parity.md has it. One kernel does all
 * the work; galois.c has it in portable C, for SSSE3 and for AVX2, and every one gives the same bytes. */
#ifndef MUNIMENT_GALOIS_H
#define MUNIMENT_GALOIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* clang-format off */
enum galois_kernel { GALOIS_PORTABLE, GALOIS_SSSE3, GALOIS_AVX2, GALOIS_KERNELS };
/* clang-format on */

/* The products of one factor with the sixteen values of the low and of the high half of a byte. */
struct galois_factor {
    uint8_t low[16], high[16];
};

struct galois {
    enum galois_kernel kernel;
    uint8_t inverse[256]; /* of 0: 0 */
    struct galois_factor factors[256];
};

/* Whether this host has a kernel. */
bool galois_has(enum galois_kernel kernel);

/* Fills in the tables and chooses the fastest kernel of this host; another one may be set afterwards. */
void galois_init(struct galois *g);

uint8_t galois_multiply(const struct galois *g, uint8_t a, uint8_t b);

/* Adds factors[i] times the row `input` to the row outputs[i], for each i below count. Rows have `size` bytes, do not
 * overlap, and need no alignment. */
void galois_add(const struct galois *g, uint8_t *const *outputs, const uint8_t *factors, unsigned count,
                const uint8_t *input, size_t size);

/* Inverts a matrix of n rows of n, in place, by way of `work`, which has as much room. False: it has no inverse. */
bool galois_invert(const struct galois *g, uint8_t *matrix, uint8_t *work, unsigned n);

#endif
