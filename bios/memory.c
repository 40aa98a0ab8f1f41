/* memory.c - how much memory there is, and copies to and from any of it. */
#include "memory.h"

#include "cmos.h"
#include "controller.h"
#include "processor.h"

/* KiB from 1 MiB up: CMOS 34h counts 64 KiB units above 16 MiB, 30h KiB above 1 MiB up to 65,535. */
uint32_t extended_memory_kib(void)
{
    uint32_t high = cmos_read16(CMOS_HIGH_MEMORY);
    uint16_t low = cmos_read16(CMOS_EXTENDED_MEMORY2);

    return high ? 15 * 1024 + high * 64 : low ? low : cmos_read16(CMOS_EXTENDED_MEMORY);
}

static void set_descriptor(uint16_t segment, uint16_t at, uint32_t base, uint8_t access)
{
    far_put16(segment, at, 0xFFFF);
    far_put16(segment, at + 2, (uint16_t)base);
    far_put16(segment, at + 4, access << 8 | (base >> 16 & 0xFF));
    far_put16(segment, at + 6, base >> 24 << 8);
}

void memory_move(uint16_t segment, uint16_t at, uint16_t words)
{
    uint32_t flags;
    bool had_a20 = a20_enabled();

    set_descriptor(segment, at + 0x08, (uint32_t)segment * 16 + at, 0x93);
    far_put16(segment, at + 0x08, 0x2F);
    set_descriptor(segment, at + 0x20, ROM_SEGMENT << 4, 0x9B);
    set_descriptor(segment, at + 0x28, 0, 0x93);
    asm volatile("pushfl; popl %0; cli" : "=r"(flags) : : "memory");
    if (!had_a20)
        a20_set(true);
    block_move(segment, at, words);
    if (!had_a20)
        a20_set(false);
    asm volatile("pushl %0; popfl" : : "r"(flags) : "memory");
}

void physical_copy(uint32_t to, uint32_t from, uint32_t bytes)
{
    uint8_t table[48];
    uint16_t segment;

    asm("movw %%ss, %0" : "=r"(segment));
    for (unsigned i = 0; i < sizeof(table); i++)
        table[i] = 0;
    set_descriptor(segment, (uint16_t)(uint32_t)table + 0x10, from, 0x93);
    set_descriptor(segment, (uint16_t)(uint32_t)table + 0x18, to, 0x93);
    memory_move(segment, (uint16_t)(uint32_t)table, bytes / 2);
}
