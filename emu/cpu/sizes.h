/* sizes.h - numbers of 1, 2 and 4 bytes, for bodies that take their size as a constant. Such a body is worth nothing
 * unless it is inlined into its instances: BODY says so to the compilers that listen, where they optimise and look for
 * no faults. ASSUME is a fact that spares them a test. */
#ifndef MUNIMENT_EMU_CPU_SIZES_H
#define MUNIMENT_EMU_CPU_SIZES_H

#include <stdint.h>

#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(BODY)
#define BODY static inline __attribute__((always_inline))
#elif !defined(BODY)
#define BODY static inline
#endif
#if defined(__GNUC__)
#define ASSUME(fact) ((fact) ? (void)0 : __builtin_unreachable())
#else
#define ASSUME(fact) ((void)0)
#endif

BODY uint32_t size_mask(unsigned size)
{
    return 0xFFFFFFFFu >> (32 - 8 * size);
}

BODY uint32_t sign_bit(unsigned size)
{
    return 1u << (8 * size - 1);
}

BODY int32_t sign_extend(uint32_t value, unsigned size)
{
    return size == 1 ? (int8_t)value : size == 2 ? (int16_t)value : (int32_t)value;
}

#endif
