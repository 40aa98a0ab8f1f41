/* numbers.h - numbers as files hold them. */
#ifndef MUNIMENT_NUMBERS_H
#define MUNIMENT_NUMBERS_H

#include <stdint.h>

static inline uint16_t get_le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t get_le32(const uint8_t *p)
{
    return get_le16(p) | (uint32_t)get_le16(p + 2) << 16;
}

static inline uint64_t get_le64(const uint8_t *p)
{
    return get_le32(p) | (uint64_t)get_le32(p + 4) << 32;
}

static inline uint16_t get_be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t get_be32(const uint8_t *p)
{
    return (uint32_t)get_be16(p) << 16 | get_be16(p + 2);
}

static inline uint64_t get_be64(const uint8_t *p)
{
    return (uint64_t)get_be32(p) << 32 | get_be32(p + 4);
}

/* The lowest `size` bytes of a value, big-endian. */
static inline void put_be(uint8_t *to, uint64_t value, unsigned size)
{
    while (size-- > 0) {
        to[size] = (uint8_t)value;
        value >>= 8;
    }
}

/* The same, little-endian. */
static inline void put_le(uint8_t *to, uint64_t value, unsigned size)
{
    for (; size-- > 0; value >>= 8)
        *to++ = (uint8_t)value;
}

#endif
