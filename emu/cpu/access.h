/* access.h - the fast path of guest memory accesses, for the interpreter's handlers: segment check, soft TLB, one host
 * move.
 *
 * `size` is a constant wherever these are used, so that each use compiles to the few instructions it needs. */
#ifndef MUNIMENT_EMU_ACCESS_H
#define MUNIMENT_EMU_ACCESS_H

#include "emu/cpu/mmu.h"

/* A page-crossing access compares its last byte's page with the entry of its first: it misses by itself. */
static inline struct tlb_entry *tlb_slot(const struct cpu *cpu, uint32_t linear)
{
    return tlb_entry_at(cpu->tlb, linear);
}

static inline unsigned linear_read(struct cpu *cpu, const struct insn *insn, uint32_t linear, unsigned size,
                                   uint32_t *value)
{
    const struct tlb_entry *e = tlb_slot(cpu, linear);
    uint64_t wide;
    unsigned status;

    if (e->read == ((linear + size - 1) & ~PAGE_MASK)) {
        const uint8_t *p = tlb_host(e, linear);
        *value = size == 1 ? *p : size == 2 ? load16(p) : load32(p);
        return ACCESS_DONE;
    }
    status = mmu_read(cpu, insn, linear, size, cpu->user, &wide);
    *value = (uint32_t)wide;
    return status;
}

static inline unsigned linear_write(struct cpu *cpu, const struct insn *insn, uint32_t linear, unsigned size,
                                    uint32_t value)
{
    const struct tlb_entry *e = tlb_slot(cpu, linear);

    if (e->write == ((linear + size - 1) & ~PAGE_MASK)) {
        uint8_t *p = tlb_host(e, linear);
        if (size == 1)
            *p = (uint8_t)value;
        else if (size == 2)
            store16(p, (uint16_t)value);
        else
            store32(p, value);
        return ACCESS_DONE;
    }
    return mmu_write(cpu, insn, linear, size, cpu->user, value);
}

static inline unsigned segment_read(struct cpu *cpu, const struct insn *insn, unsigned segment, uint32_t offset,
                                    unsigned size, uint32_t *value)
{
    const struct segment *s = &cpu->seg[segment];

    if ((uint64_t)offset + size > s->read_end && segment_check(cpu, insn, segment, offset, size, false))
        return ACCESS_FAULT;
    return linear_read(cpu, insn, s->base + offset, size, value);
}

static inline unsigned segment_write(struct cpu *cpu, const struct insn *insn, unsigned segment, uint32_t offset,
                                     unsigned size, uint32_t value)
{
    const struct segment *s = &cpu->seg[segment];

    if ((uint64_t)offset + size > s->write_end && segment_check(cpu, insn, segment, offset, size, true))
        return ACCESS_FAULT;
    return linear_write(cpu, insn, s->base + offset, size, value);
}

/* The effective address of an instruction's memory operand. */
static inline uint32_t effective_address(const struct cpu *cpu, const struct insn *insn)
{
    uint32_t address = cpu->reg[insn->base] + (cpu->reg[insn->index] << insn->scale) + insn->displacement;
    return insn->prefixes & PREFIX_ADDRESS16 ? address & 0xFFFF : address;
}

/* The port of IN and OUT: it is in the instruction, or in DX. */
static inline uint16_t io_port(const struct cpu *cpu, const struct insn *insn)
{
    return (uint16_t)(insn->form == FORM_RI ? insn->immediate & 0xFF : cpu->reg[EDX]);
}

#endif
