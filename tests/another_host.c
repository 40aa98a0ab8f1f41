/* another_host.c - multiplication and square root of the interpreter with the lowest bit of a result inverted, by the
 * linker's
 * --wrap: to the translator this host's unit is then one that computes otherwise. It has to notice, and to leave those
 * rows to the interpreter. */
#include "emu/cpu/softfloat.h"

uint64_t __real_f_mul(unsigned width, uint64_t a, uint64_t b, struct float_env *e);
uint64_t __wrap_f_mul(unsigned width, uint64_t a, uint64_t b, struct float_env *e);
uint64_t __real_f_sqrt(unsigned width, uint64_t a, struct float_env *e);
uint64_t __wrap_f_sqrt(unsigned width, uint64_t a, struct float_env *e);
struct float80 __real_f80_mul(struct float80 a, struct float80 b, struct float_env *e);
struct float80 __wrap_f80_mul(struct float80 a, struct float80 b, struct float_env *e);

uint64_t __wrap_f_mul(unsigned width, uint64_t a, uint64_t b, struct float_env *e)
{
    return __real_f_mul(width, a, b, e) ^ 1;
}

uint64_t __wrap_f_sqrt(unsigned width, uint64_t a, struct float_env *e)
{
    return __real_f_sqrt(width, a, e) ^ 1;
}

struct float80 __wrap_f80_mul(struct float80 a, struct float80 b, struct float_env *e)
{
    struct float80 product = __real_f80_mul(a, b, e);

    product.significand ^= 1;
    return product;
}
