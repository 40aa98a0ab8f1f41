/* test_galois.c - the arithmetic of parity files, and that every kernel of this host gives the same bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "verify/repair/galois.h"

static struct galois galois;

/* The product of the definition: polynomials, reduced by 11Dh (P-1). */
static unsigned product(unsigned a, unsigned b)
{
    unsigned p = 0;

    for (int bit = 7; bit >= 0; bit--) {
        p <<= 1;
        p ^= p & 0x100 ? 0x11d : 0;
        p ^= b >> bit & 1 ? a : 0;
    }
    return p;
}

static void products_and_inverses_are_those_of_the_field(void **state)
{
    (void)state;
    for (unsigned a = 0; a < 256; a++)
        for (unsigned b = 0; b < 256; b++)
            assert_int_equal(galois_multiply(&galois, (uint8_t)a, (uint8_t)b), product(a, b));
    for (unsigned a = 1; a < 256; a++)
        assert_int_equal(product(a, galois.inverse[a]), 1);
}

static void every_kernel_gives_the_same_bytes(void **state)
{
    enum { MOST = 700, ROWS = 9 };
    static uint8_t input[MOST + 64], rows[ROWS][MOST + 64], expected[ROWS][MOST + 64];
    uint8_t factors[ROWS], *outputs[ROWS];
    unsigned kernels = 0, cases = 0;

    (void)state;
    srand(1);
    for (int kernel = 0; kernel < GALOIS_KERNELS; kernel++) {
        struct galois g = galois;

        if (!galois_has((enum galois_kernel)kernel))
            continue;
        kernels++;
        g.kernel = (enum galois_kernel)kernel;
        for (unsigned size = 0; size < MOST; size += 1 + size / 16)
            for (unsigned at = 0; at < 33; at += 11) {
                unsigned count = (unsigned)rand() % (ROWS + 1);

                for (unsigned n = 0; n < sizeof input; n++)
                    input[n] = (uint8_t)rand();
                for (unsigned i = 0; i < ROWS; i++) {
                    factors[i] = (uint8_t)rand();
                    for (unsigned n = 0; n < sizeof rows[i]; n++)
                        rows[i][n] = (uint8_t)rand();
                    memcpy(expected[i], rows[i], sizeof rows[i]);
                    for (unsigned n = 0; i < count && n < size; n++)
                        expected[i][at + n] ^= (uint8_t)product(factors[i], input[33 - at + n]);
                    outputs[i] = rows[i] + at;
                }
                galois_add(&g, outputs, factors, count, input + 33 - at, size);
                assert_memory_equal(rows, expected, sizeof rows);
                cases++;
            }
    }
    print_message("%u kernels, %u cases\n", kernels, cases);
    assert_true(galois_has(galois.kernel));
}

static void every_square_of_a_cauchy_matrix_is_inverted(void **state)
{
    enum { MOST = 85 };
    static uint8_t matrix[MOST * MOST], copy[MOST * MOST], work[MOST * MOST];

    (void)state;
    srand(2);
    for (unsigned n = 1; n <= MOST; n += 4) {
        unsigned first = (unsigned)rand() % 80;

        for (unsigned i = 0; i < n; i++)
            for (unsigned j = 0; j < n; j++)
                matrix[i * n + j] = galois.inverse[(255 - i) ^ (first + j)];
        memcpy(copy, matrix, sizeof copy);
        assert_true(galois_invert(&galois, matrix, work, n));
        for (unsigned i = 0; i < n; i++)
            for (unsigned j = 0; j < n; j++) {
                unsigned sum = 0;

                for (unsigned k = 0; k < n; k++)
                    sum ^= product(copy[i * n + k], matrix[k * n + j]);
                assert_int_equal(sum, i == j);
            }
    }
    memset(matrix, 7, sizeof matrix);
    assert_false(galois_invert(&galois, matrix, work, 2));
}

static void transforms_give_the_sums_of_their_definition(void **state)
{
    enum { SIZE = 128 };
    static uint8_t source[GALOIS_COSET][SIZE + 5], rows[GALOIS_COSET][SIZE], sums[GALOIS_COSET][SIZE];
    static uint8_t expected[GALOIS_COSET][SIZE];

    (void)state;
    srand(2);
    for (unsigned at = 0; at < 256; at += GALOIS_COSET)
        for (int kernel = 0; kernel < GALOIS_KERNELS; kernel++) {
            struct galois g = galois;
            if (!galois_has((enum galois_kernel)kernel))
                continue;
            g.kernel = (enum galois_kernel)kernel;
            memset(sums, 0, sizeof sums);
            memset(expected, 0, sizeof expected);
            for (unsigned first = 0; first < 256; first += GALOIS_COSET) {
                uint8_t *sum = sums[0], scale;
                if (first == at)
                    continue;
                for (unsigned i = 0; i < GALOIS_COSET; i++)
                    for (unsigned n = 0; n < SIZE; n++)
                        source[i][n] = (uint8_t)rand();
                for (unsigned x = 0; x < GALOIS_COSET; x++)
                    for (unsigned i = 0; i < GALOIS_COSET; i++)
                        for (unsigned n = 0; n < SIZE; n++)
                            expected[x][n] ^= galois_multiply(&g, source[i][n], g.inverse[(at + x) ^ (first + i)]);
                scale = galois_scale(&g, first, at);
                galois_coefficients(&g, source[0], sizeof source[0], rows[0], SIZE, first);
                galois_add(&g, &sum, &scale, 1, rows[0], sizeof rows);
            }
            galois_values(&g, sums[0], SIZE, at);
            assert_memory_equal(sums, expected, sizeof sums);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_and_inverses_are_those_of_the_field),
        cmocka_unit_test(every_kernel_gives_the_same_bytes),
        cmocka_unit_test(transforms_give_the_sums_of_their_definition),
        cmocka_unit_test(every_square_of_a_cauchy_matrix_is_inverted),
    };

    galois_init(&galois);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
