/* caches.c - what a processor with caches is to know of memory before it uses them: its types, by the MTRRs (Intel SDM
 * vol. 3, 12.11): RAM is write-back, the ROM write-protected, all else uncacheable. A system finds variable ranges left
 * for its display. */
#include "caches.h"

#include "memory.h"
#include "processor.h"

enum { HAS_MTRR = 1 << 12 }; /* CPUID 1, EDX */
enum { PHYSBASE0 = 0x200, PHYSMASK0 = 0x201, DEF_TYPE = 0x2FF, RANGES = 8, RAM_RANGES = 6 };
enum { WRITE_BACK = 6, VALID = 1 << 11, FIXED_ENABLE = 1 << 10, ENABLE = 1 << 11 };

/* clang-format off */
/* Fixed ranges of eight parts each: register, type of all. */
static ROM_DATA struct { uint16_t number; uint8_t type; } fixed_ranges[] = {
    {0x250, WRITE_BACK}, {0x258, WRITE_BACK}, {0x259, 0},                       /* 0, 80000, A0000 */
    {0x268, 0}, {0x269, 0}, {0x26A, 0}, {0x26B, 0}, {0x26C, 0}, {0x26D, 0},     /* C0000 to E8000 */
    {0x26E, 5}, {0x26F, 5},                                                     /* F0000, F8000 */
};
/* clang-format on */

static void write_msr(uint32_t number, uint32_t high, uint32_t low)
{
    asm volatile("wrmsr" : : "c"(number), "d"(high), "a"(low));
}

static void memory_types(void)
{
    uint32_t base = 0, left = (1024 + extended_memory_kib()) * 1024;

    write_msr(DEF_TYPE, 0, 0);
    for (unsigned i = 0; i < ARRAY_LENGTH(fixed_ranges); i++) {
        uint32_t types = rom_get(fixed_ranges[i].type) * 0x01010101u;
        write_msr(rom_get(fixed_ranges[i].number), types, types);
    }
    for (unsigned i = 0; i < RANGES; i++) {
        uint32_t size = 1u << 31;
        while (size > left)
            size >>= 1;
        if (i == RAM_RANGES - 1 && size < left)
            size <<= 1; /* the rest, and what is not there */
        write_msr(PHYSBASE0 + 2 * i, 0, size ? base | WRITE_BACK : 0);
        write_msr(PHYSMASK0 + 2 * i, size ? 0xF : 0, size ? -size | VALID : 0);
        base += size;
        left = left > size ? left - size : 0;
    }
    write_msr(DEF_TYPE, 0, ENABLE | FIXED_ENABLE);
}

void caches_on(void)
{
    uint32_t id[2], cr0;

    processor_id(id);
    if (id[1] & HAS_MTRR)
        memory_types();
    asm volatile("movl %%cr0, %0; andl $0x9FFFFFFF, %0; movl %0, %%cr0" : "=r"(cr0) : : "memory"); /* CD, NW */
}
