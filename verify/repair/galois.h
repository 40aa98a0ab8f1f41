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

#define GALOIS_COSET 32u /* rows of a transform */

/* The products of one factor with the sixteen values of the low and of the high half of a byte. */
struct galois_factor {
    uint8_t low[16], high[16];
};

struct galois {
    enum galois_kernel kernel;
    uint8_t inverse[256]; /* of 0: 0 */
    struct galois_factor factors[256];
    uint8_t twiddle[GALOIS_COSET / 2 + 1][256]; /* of a transform, by half the length of a part (a power of two) */
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

/* --- All check rows at once ---
 *
 * The 32 rows `first` to first + 31, first a multiple of 32, are values of a polynomial at the elements of a coset of
 * the subspace 0 to 31. An additive Fourier transform (Lin, Chung and Han, FOCS 2014) takes 80 products for its
 * coefficients, and 80 more for its values at another coset; each row times each factor would take 32 times 32. So
 *
 *     the sum over i of rows[i] / (x + first + i), for x = at to at + 31, another coset,
 *
 * is galois_values of galois_scale times galois_coefficients; sums over several cosets of rows are added between.
 * Rows lie one after the other, `size` bytes each, a multiple of 64; they are transformed in place, or from a source
 * where they lie `stride` apart. */
void galois_coefficients(const struct galois *g, const uint8_t *source, size_t stride, uint8_t *rows, size_t size,
                         unsigned first);
void galois_values(const struct galois *g, uint8_t *rows, size_t size, unsigned at);
uint8_t galois_scale(const struct galois *g, unsigned first, unsigned at);

/* Inverts a matrix of n rows of n, in place, by way of `work`, which has as much room. False: it has no inverse. */
bool galois_invert(const struct galois *g, uint8_t *matrix, uint8_t *work, unsigned n);

#endif
