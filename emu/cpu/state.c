/* state.c - faults, attention and the limits of segments: what every part of the processor needs, and what needs none
 * of them. */
#include "emu/cpu/state.h"

#define WRAPPING_END ((UINT64_C(1) << 32) + 16)

unsigned fault(struct cpu *cpu, unsigned vector, uint32_t error)
{
    cpu->fault_vector = (uint8_t)vector;
    cpu->fault_has_error = true;
    cpu->fault_error = error;
    return ACCESS_FAULT;
}

unsigned fault_plain(struct cpu *cpu, unsigned vector)
{
    cpu->fault_vector = (uint8_t)vector;
    cpu->fault_has_error = false;
    cpu->fault_error = 0;
    return ACCESS_FAULT;
}

void cpu_attention(struct cpu *cpu, uint32_t bits)
{
    cpu->attention |= bits;
    cpu->leave = true;
}

void cpu_update_step(struct cpu *cpu)
{
    bool breakpoint = false;

    for (unsigned n = 0; n < 4; n++)
        breakpoint |= cpu->dr[7] >> 2 * n & 3 && !(cpu->dr[7] >> (16 + 4 * n) & 3);
    if (breakpoint || cpu->flags & (FLAG_TF | FLAG_RF))
        cpu_attention(cpu, ATTENTION_STEP);
    else
        cpu->attention &= ~(uint32_t)ATTENTION_STEP;
}

void segment_derive(struct segment *s)
{
    uint64_t end = s->limit == UINT32_MAX ? WRAPPING_END : (uint64_t)s->limit + 1;
    bool code = s->rights & RIGHTS_CODE, up = code || !(s->rights & RIGHTS_EXPAND_DOWN),
         bit = s->rights & RIGHTS_READABLE;

    if (!(s->rights & RIGHTS_P) || !up)
        end = 0;
    s->read_end = code && !bit ? 0 : end;
    s->write_end = code || !bit ? 0 : end;
    s->flat = !s->base && s->write_end == WRAPPING_END && s->rights & RIGHTS_D;
}

bool segment_holds(const struct segment *s, uint32_t offset, uint32_t size)
{
    uint32_t last = offset + size - 1;

    if ((s->rights & (RIGHTS_CODE | RIGHTS_EXPAND_DOWN)) == RIGHTS_EXPAND_DOWN) {
        uint32_t top = s->rights & RIGHTS_D ? UINT32_MAX : 0xFFFF;
        return offset > s->limit && last >= offset && last <= top;
    }
    return s->limit == UINT32_MAX || (last >= offset && last <= s->limit);
}

unsigned segment_check(struct cpu *cpu, const struct insn *insn, unsigned segment, uint32_t offset, uint32_t size,
                       bool write)
{
    const struct segment *s = &cpu->seg[segment];
    bool code = s->rights & RIGHTS_CODE, bit = s->rights & RIGHTS_READABLE;
    bool allowed = write ? !code && bit : !code || bit;

    (void)insn;
    if (s->rights & RIGHTS_P && allowed && segment_holds(s, offset, size))
        return ACCESS_DONE;
    return fault(cpu, segment == SEG_SS ? EXC_SS : EXC_GP, 0);
}
