/* debug.c - the breakpoints of the debug registers (Intel SDM vol. 3, section 18.2). */
#include "emu/cpu/debug.h"

enum { BREAK_CODE = 1, BREAK_WRITE = 2, BREAK_PORT = 4, BREAK_DATA = 8 }; /* 1 << the R/W field of DR7 */

/* The DR6 bits of the enabled breakpoints of these kinds that `size` bytes at an address touch. */
static uint32_t breakpoints_hit(const struct cpu *cpu, uint32_t address, uint32_t size, unsigned kinds)
{
    static const uint8_t length[] = {1, 2, 8, 4};
    uint32_t hit = 0;

    for (unsigned n = 0; n < 4; n++) {
        unsigned control = cpu->dr[7] >> (16 + 4 * n) & 15;
        uint32_t bytes = length[control >> 2], start = cpu->dr[n] & ~(bytes - 1);
        if (cpu->dr[7] >> 2 * n & 3 && kinds >> (control & 3) & 1 &&
            (address - start < bytes || start - address < size))
            hit |= 1u << n;
    }
    return hit;
}

static void debug_trap(struct cpu *cpu, uint32_t hit)
{
    if (!hit)
        return;
    cpu->pending_debug |= hit;
    cpu->attention |= ATTENTION_TRAP;
    cpu->leave = true;
}

void debug_data_access(struct cpu *cpu, uint32_t linear, unsigned size, bool write)
{
    debug_trap(cpu, breakpoints_hit(cpu, linear, size, write ? BREAK_WRITE | BREAK_DATA : BREAK_DATA));
}

void debug_port_access(struct cpu *cpu, uint16_t port, unsigned size)
{
    if (cpu->cr4 & CR4_DE)
        debug_trap(cpu, breakpoints_hit(cpu, port, size, BREAK_PORT));
}

bool debug_code_breakpoint(struct cpu *cpu)
{
    uint32_t hit;

    if (cpu->flags & FLAG_RF || cpu->attention & ATTENTION_SHADOW_SS) /* after MOV SS too: SDM vol. 3 section 6.8.3 */
        return false;
    hit = breakpoints_hit(cpu, cpu->seg[SEG_CS].base + cpu->eip, 1, BREAK_CODE);
    cpu->pending_debug |= hit;
    return hit;
}
