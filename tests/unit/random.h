/* random.h - a generator for hammers: the same numbers on every host (xorshift, Marsaglia 2003). */
#ifndef MUNIMENT_TESTS_UNIT_RANDOM_H
#define MUNIMENT_TESTS_UNIT_RANDOM_H

#include <stdint.h>

/* A number below limit; *state must not be 0. */
static inline uint32_t random_below(uint32_t *state, uint32_t limit)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return (uint32_t)((uint64_t)*state * limit >> 32);
}

#endif
