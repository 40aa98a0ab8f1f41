/* galois.c - see galois.h. The kernels look up the products of both halves of a byte in tables of sixteen, which PSHUFB
 * does for 16 or 32 bytes at once. */
#include "verify/repair/galois.h"

#include <string.h>

#if defined(__x86_64__) || defined(__i386__)
#define HAS_SHUFFLE 1
#include <immintrin.h>
#endif

static uint8_t multiply(uint8_t a, uint8_t b)
{
    uint8_t product = 0;

    for (; b; b >>= 1) {
        if (b & 1)
            product ^= a;
        a = (uint8_t)(a << 1 ^ (a & 0x80 ? 0x1d : 0));
    }
    return product;
}

uint8_t galois_multiply(const struct galois *g, uint8_t a, uint8_t b)
{
    return g->factors[a].low[b & 15] ^ g->factors[a].high[b >> 4];
}

/* --- Kernels: from byte `at` on. Each returns where it ended; the portable one ends at size. --- */

typedef size_t kernel_function(const struct galois *g, uint8_t *const *outputs, const uint8_t *factors, unsigned count,
                               const uint8_t *input, size_t at, size_t size);

static size_t add_portable(const struct galois *g, uint8_t *const *outputs, const uint8_t *factors, unsigned count,
                           const uint8_t *input, size_t at, size_t size)
{
    for (unsigned i = 0; i < count; i++) {
        const struct galois_factor *f = &g->factors[factors[i]];

        for (size_t n = at; n < size; n++)
            outputs[i][n] ^= f->low[input[n] & 15] ^ f->high[input[n] >> 4];
    }
    return size;
}

/* Both halves of a part of a transform, to where they may lie themselves: the sum of both becomes the upper one, and
 * its product is added to the lower one. size is a multiple of 64. */
typedef void fold_function(const struct galois_factor *f, const uint8_t *low, const uint8_t *high, uint8_t *new_low,
                           uint8_t *new_high, size_t size);

static void fold_portable(const struct galois_factor *f, const uint8_t *low, const uint8_t *high, uint8_t *new_low,
                          uint8_t *new_high, size_t size)
{
    for (size_t n = 0; n < size; n++) {
        const uint8_t sum = high[n] ^ low[n];

        new_low[n] = low[n] ^ f->low[sum & 15] ^ f->high[sum >> 4];
        new_high[n] = sum;
    }
}

#ifdef HAS_SHUFFLE

/* Two outputs at a time share what is taken from the input. */
__attribute__((target("ssse3"))) static size_t add_ssse3(const struct galois *g, uint8_t *const *outputs,
                                                         const uint8_t *factors, unsigned count, const uint8_t *input,
                                                         size_t at, size_t size)
{
    const __m128i mask = _mm_set1_epi8(15);
    size_t end = at + (size - at) / 16 * 16;

    for (unsigned i = 0; i < count; i += 2) {
        bool pair = i + 1 < count;
        const struct galois_factor *f = &g->factors[factors[i]], *h = &g->factors[factors[i + pair]];
        __m128i low_f = _mm_loadu_si128((const __m128i *)f->low), high_f = _mm_loadu_si128((const __m128i *)f->high);
        __m128i low_h = _mm_loadu_si128((const __m128i *)h->low), high_h = _mm_loadu_si128((const __m128i *)h->high);

        for (size_t n = at; n < end; n += 16) {
            __m128i in = _mm_loadu_si128((const __m128i *)(input + n)), low = _mm_and_si128(in, mask),
                    high = _mm_and_si128(_mm_srli_epi64(in, 4), mask);
            __m128i *out = (__m128i *)(outputs[i] + n);

            _mm_storeu_si128(out, _mm_xor_si128(_mm_loadu_si128(out), _mm_xor_si128(_mm_shuffle_epi8(low_f, low),
                                                                                    _mm_shuffle_epi8(high_f, high))));
            if (!pair)
                continue;
            out = (__m128i *)(outputs[i + 1] + n);
            _mm_storeu_si128(out, _mm_xor_si128(_mm_loadu_si128(out), _mm_xor_si128(_mm_shuffle_epi8(low_h, low),
                                                                                    _mm_shuffle_epi8(high_h, high))));
        }
    }
    return end;
}

__attribute__((target("ssse3"))) static void fold_ssse3(const struct galois_factor *f, const uint8_t *low,
                                                        const uint8_t *high, uint8_t *new_low, uint8_t *new_high,
                                                        size_t size)
{
    const __m128i mask = _mm_set1_epi8(15), low_f = _mm_loadu_si128((const __m128i *)f->low),
                  high_f = _mm_loadu_si128((const __m128i *)f->high);

    for (size_t n = 0; n < size; n += 16) {
        __m128i in = _mm_loadu_si128((const __m128i *)(low + n)),
                sum = _mm_xor_si128(in, _mm_loadu_si128((const __m128i *)(high + n)));

        _mm_storeu_si128((__m128i *)(new_high + n), sum);
        in = _mm_xor_si128(in, _mm_shuffle_epi8(low_f, _mm_and_si128(sum, mask)));
        in = _mm_xor_si128(in, _mm_shuffle_epi8(high_f, _mm_and_si128(_mm_srli_epi64(sum, 4), mask)));
        _mm_storeu_si128((__m128i *)(new_low + n), in);
    }
}

/* The tables of a factor, in both halves of a register. */
#define TABLE(bytes) _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(bytes)))

__attribute__((target("avx2"))) static size_t add_avx2(const struct galois *g, uint8_t *const *outputs,
                                                       const uint8_t *factors, unsigned count, const uint8_t *input,
                                                       size_t at, size_t size)
{
    const __m256i mask = _mm256_set1_epi8(15);
    size_t end = at + (size - at) / 32 * 32;

    for (unsigned i = 0; i < count; i += 2) {
        bool pair = i + 1 < count;
        const struct galois_factor *f = &g->factors[factors[i]], *h = &g->factors[factors[i + pair]];
        __m256i low_f = TABLE(f->low), high_f = TABLE(f->high), low_h = TABLE(h->low), high_h = TABLE(h->high);

        for (size_t n = at; n < end; n += 32) {
            __m256i in = _mm256_loadu_si256((const __m256i *)(input + n)), low = _mm256_and_si256(in, mask),
                    high = _mm256_and_si256(_mm256_srli_epi64(in, 4), mask);
            __m256i *out = (__m256i *)(outputs[i] + n);

            _mm256_storeu_si256(
                out, _mm256_xor_si256(_mm256_loadu_si256(out), _mm256_xor_si256(_mm256_shuffle_epi8(low_f, low),
                                                                                _mm256_shuffle_epi8(high_f, high))));
            if (!pair)
                continue;
            out = (__m256i *)(outputs[i + 1] + n);
            _mm256_storeu_si256(
                out, _mm256_xor_si256(_mm256_loadu_si256(out), _mm256_xor_si256(_mm256_shuffle_epi8(low_h, low),
                                                                                _mm256_shuffle_epi8(high_h, high))));
        }
    }
    return end;
}

__attribute__((target("avx2"))) static void fold_avx2(const struct galois_factor *f, const uint8_t *low,
                                                      const uint8_t *high, uint8_t *new_low, uint8_t *new_high,
                                                      size_t size)
{
    const __m256i mask = _mm256_set1_epi8(15), low_f = TABLE(f->low), high_f = TABLE(f->high);

    for (size_t n = 0; n < size; n += 32) {
        __m256i in = _mm256_loadu_si256((const __m256i *)(low + n)),
                sum = _mm256_xor_si256(in, _mm256_loadu_si256((const __m256i *)(high + n)));

        _mm256_storeu_si256((__m256i *)(new_high + n), sum);
        in = _mm256_xor_si256(in, _mm256_shuffle_epi8(low_f, _mm256_and_si256(sum, mask)));
        in = _mm256_xor_si256(in, _mm256_shuffle_epi8(high_f, _mm256_and_si256(_mm256_srli_epi64(sum, 4), mask)));
        _mm256_storeu_si256((__m256i *)(new_low + n), in);
    }
}

bool galois_has(enum galois_kernel kernel)
{
    return kernel == GALOIS_AVX2 ? __builtin_cpu_supports("avx2")
                                 : kernel == GALOIS_PORTABLE || __builtin_cpu_supports("ssse3");
}

static kernel_function *const kernels[GALOIS_KERNELS] = {add_portable, add_ssse3, add_avx2};
static fold_function *const folds[GALOIS_KERNELS] = {fold_portable, fold_ssse3, fold_avx2};

#else

bool galois_has(enum galois_kernel kernel)
{
    return kernel == GALOIS_PORTABLE;
}

static kernel_function *const kernels[GALOIS_KERNELS] = {add_portable, add_portable, add_portable};
static fold_function *const folds[GALOIS_KERNELS] = {fold_portable, fold_portable, fold_portable};

#endif

void galois_add(const struct galois *g, uint8_t *const *outputs, const uint8_t *factors, unsigned count,
                const uint8_t *input, size_t size)
{
    size_t at = kernels[g->kernel](g, outputs, factors, count, input, 0, size);

    if (at < size)
        add_portable(g, outputs, factors, count, input, at, size);
}

/* --- Transforms --- */

/* The value at x of the polynomial whose zeros are 0 to size - 1, a subspace. It is linear over GF(2). */
static uint8_t vanishing(const struct galois *g, unsigned size, unsigned x)
{
    uint8_t product = 1;

    for (unsigned a = 0; a < size; a++)
        product = galois_multiply(g, product, (uint8_t)(x ^ a));
    return product;
}

/* That polynomial, scaled so that it is 1 at `size`: what the upper half of a part of a coset counts in the lower. */
static uint8_t twiddle(const struct galois *g, unsigned size, unsigned x)
{
    return galois_multiply(g, vanishing(g, size, x), g->inverse[vanishing(g, size, size)]);
}

void galois_init(struct galois *g)
{
    g->kernel = GALOIS_AVX2;
    while (!galois_has(g->kernel))
        g->kernel--;
    g->inverse[0] = 0;
    for (unsigned a = 0; a < 256; a++) {
        for (unsigned n = 0; n < 16; n++) {
            g->factors[a].low[n] = multiply((uint8_t)a, (uint8_t)n);
            g->factors[a].high[n] = multiply((uint8_t)a, (uint8_t)(n << 4));
        }
        for (unsigned b = 1; b < 256; b++)
            if (multiply((uint8_t)a, (uint8_t)b) == 1)
                g->inverse[a] = (uint8_t)b;
    }
    for (unsigned half = 1; half < GALOIS_COSET; half *= 2)
        for (unsigned x = 0; x < 256; x++)
            g->twiddle[half][x] = twiddle(g, half, x);
}

static void add_plain(uint8_t *restrict output, const uint8_t *restrict input, size_t size)
{
    for (size_t at = 0; at < size; at += 64)
        for (unsigned n = 0; n < 64; n++)
            output[at + n] ^= input[at + n];
}

void galois_coefficients(const struct galois *g, const uint8_t *source, size_t stride, uint8_t *rows, size_t size,
                         unsigned first)
{
    for (unsigned i = 0; i < GALOIS_COSET; i += 2)
        folds[g->kernel](&g->factors[g->twiddle[1][first + i]], source + i * stride, source + (i + 1) * stride,
                         rows + i * size, rows + (i + 1) * size, size);
    for (unsigned half = 2; half < GALOIS_COSET; half *= 2)
        for (unsigned i = 0; i < GALOIS_COSET; i += 2 * half) {
            uint8_t *low = rows + i * size, *high = low + half * size;

            folds[g->kernel](&g->factors[g->twiddle[half][first + i]], low, high, low, high, half * size);
        }
}

void galois_values(const struct galois *g, uint8_t *rows, size_t size, unsigned at)
{
    for (unsigned half = GALOIS_COSET / 2; half; half /= 2)
        for (unsigned i = 0; i < GALOIS_COSET; i += 2 * half) {
            uint8_t *low = rows + i * size, *high = low + half * size, factor = g->twiddle[half][at + i];

            galois_add(g, &low, &factor, 1, high, half * size);
            add_plain(high, low, half * size);
        }
}

/* Lagrange's formula: its denominators are the derivative of the vanishing polynomial, which is the same everywhere. */
uint8_t galois_scale(const struct galois *g, unsigned first, unsigned at)
{
    uint8_t derivative = 1;

    for (unsigned a = 1; a < GALOIS_COSET; a++)
        derivative = galois_multiply(g, derivative, (uint8_t)a);
    return galois_multiply(g, derivative, g->inverse[vanishing(g, GALOIS_COSET, first ^ at)]);
}

/* Divides row `column` by its pivot, and takes it from the others, so that they have 0 in that column. */
static void eliminate(const struct galois *g, uint8_t *matrix, uint8_t *work, unsigned n, unsigned column)
{
    uint8_t factor = g->inverse[matrix[column * n + column]];

    for (unsigned i = 0; i < n; i++) {
        matrix[column * n + i] = galois_multiply(g, factor, matrix[column * n + i]);
        work[column * n + i] = galois_multiply(g, factor, work[column * n + i]);
    }
    for (unsigned row = 0; row < n; row++) {
        factor = row == column ? 0 : matrix[row * n + column];
        for (unsigned i = 0; factor && i < n; i++) {
            matrix[row * n + i] ^= galois_multiply(g, factor, matrix[column * n + i]);
            work[row * n + i] ^= galois_multiply(g, factor, work[column * n + i]);
        }
    }
}

bool galois_invert(const struct galois *g, uint8_t *matrix, uint8_t *work, unsigned n)
{
    memset(work, 0, (size_t)n * n);
    for (unsigned i = 0; i < n; i++)
        work[i * n + i] = 1;
    for (unsigned column = 0; column < n; column++) {
        /* A square part of a Cauchy matrix, and what elimination leaves of it, has no pivot that is 0. */
        if (!matrix[column * n + column])
            return false;
        eliminate(g, matrix, work, n, column);
    }
    memcpy(matrix, work, (size_t)n * n);
    return true;
}
