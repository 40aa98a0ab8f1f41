/* opl_patterns.h - what drivers write to an OPL3, at random but sensible: the same patterns for our chip and for
 * another opinion. */
#ifndef MUNIMENT_TESTS_OPL_PATTERNS_H
#define MUNIMENT_TESTS_OPL_PATTERNS_H

#include <stdint.h>

#define OPL_PATTERN_SAMPLES 24000u /* half a second */

struct opl_pattern {
    uint32_t random;
    unsigned number;
};

static inline uint32_t opl_random(struct opl_pattern *p, uint32_t below)
{
    p->random = p->random * 1664525 + 1013904223;
    return (uint32_t)((uint64_t)p->random * below >> 32);
}

/* What comes before: the new mode, except in every fourth pattern, which channels have four operators, keyboard split,
 * depth of the tremolo, both sides for each channel. Others than these are 0. */
static inline uint8_t opl_pattern_first(const struct opl_pattern *p, unsigned address)
{
    switch (address) {
    case 0x105: return p->number % 4 != 3;
    case 0x104: return (uint8_t)(p->number * 37 & 0x3F);
    case 0x08: return p->number & 4 ? 0x40 : 0;
    case 0xBD: return p->number & 2 ? 0x80 : 0;
    default: return (address & 0xF0) == 0xC0 && (address & 0xFF) <= 0xC8 ? 0x30 : 0;
    }
}

/* How many samples pass before the next register is written. */
static inline unsigned opl_pattern_wait(struct opl_pattern *p)
{
    return opl_random(p, 4) ? opl_random(p, 8) : opl_random(p, 900);
}

/* The next register and its value. */
static inline uint16_t opl_pattern_write(struct opl_pattern *p, uint8_t *value)
{
    static const uint8_t groups[8] = {0x20, 0x40, 0x60, 0x80, 0xA0, 0xB0, 0xC0, 0xE0};
    uint8_t random = (uint8_t)opl_random(p, 256);
    unsigned which = opl_random(p, 100), group = groups[opl_random(p, 8)];
    unsigned bank = opl_random(p, 2) << 8, operator= opl_random(p, 3) * 8 + opl_random(p, 6);

    *value = random;
    if (which < 3) { /* percussion in every other pattern; the tremolo keeps its depth */
        *value = (p->number & 1 ? random | 0x20 : random & 0x40) & 0x7F;
        *value |= opl_pattern_first(p, 0xBD);
        return 0xBD;
    }
    if (group >= 0xA0 && group <= 0xC0) {
        if (group == 0xB0)
            *value = (uint8_t)(random & 0x1F) | (opl_random(p, 3) ? 0x20 : 0);
        else if (group == 0xC0)
            *value = random | (opl_random(p, 8) ? 0x30 : 0);
        return (uint16_t)(bank + group + opl_random(p, 9));
    }
    if (group == 0x40) /* loud enough to be heard */
        *value = opl_random(p, 4) ? random & 0xCF : random;
    else if (group == 0x60 && opl_random(p, 2))
        *value = random | 0x80;
    return (uint16_t)(bank + group + operator);
}

static inline struct opl_pattern opl_pattern_begin(unsigned number)
{
    return (struct opl_pattern){number * 2654435761u + 1, number};
}

/* FNV-1a, of the bytes of a sample. */
static inline uint64_t opl_hash(uint64_t hash, int16_t left, int16_t right)
{
    uint32_t both = (uint16_t)left | (uint32_t)(uint16_t)right << 16;

    for (unsigned i = 0; i < 4; i++)
        hash = (hash ^ (both >> 8 * i & 0xFF)) * 0x100000001B3u;
    return hash;
}
#define OPL_HASH_BEGIN 0xCBF29CE484222325u

#endif
