/* flags.c - RFLAGS: the one function that materializes the lazy record {result, operands, operation}, and the ways to
 * set it.
 *
 * Intel SDM vol. 1, section 3.4.3. What is undefined there: spec/processor.md. */
#include "emu/cpu/flags.h"

#include "emu/cpu/mmu.h"

uint32_t flags_arithmetic(const struct cpu *cpu)
{
    uint32_t r = cpu->flag_result, a = cpu->flag_a, b = cpu->flag_b, flags = 0;
    unsigned size = cpu->flag_op & 7;

    switch (flags_class(cpu)) {
    case FLAGS_READY: return cpu->flags & FLAGS_ARITHMETIC;
    case FLAGS_ADD: flags = flags_of_carries((a & b) | ((a | b) & ~r), size); break;
    case FLAGS_SUB: flags = flags_of_carries((~a & b) | ((~a | b) & r), size); break;
    case FLAGS_INC: flags = a | (r & 0xF ? 0 : FLAG_AF) | (r == sign_bit(size) ? FLAG_OF : 0); break;
    case FLAGS_DEC: flags = a | ((r & 0xF) == 0xF ? FLAG_AF : 0) | (r == sign_bit(size) - 1 ? FLAG_OF : 0); break;
    case FLAGS_RESULT: flags = a; break;
    }
    return flags | (r ? 0 : FLAG_ZF) | (flags_sign(cpu) ? FLAG_SF : 0) | (flags_parity(cpu) ? FLAG_PF : 0);
}

uint32_t flags_read(const struct cpu *cpu)
{
    return (cpu->flags & ~(uint32_t)FLAGS_ARITHMETIC) | flags_arithmetic(cpu);
}

void flags_write_arithmetic(struct cpu *cpu, uint32_t flags)
{
    cpu->flags = (cpu->flags & ~(uint32_t)FLAGS_ARITHMETIC) | (flags & FLAGS_ARITHMETIC);
    cpu->flag_op = FLAG_OP(FLAGS_READY, 4);
}

void flags_write(struct cpu *cpu, uint32_t flags, uint32_t mask)
{
    uint32_t old = flags_read(cpu);

    cpu->flags = (old & ~mask) | (flags & mask) | FLAG_FIXED;
    cpu->flag_op = FLAG_OP(FLAGS_READY, 4);
    if ((old ^ cpu->flags) & FLAG_AC)
        mmu_flush(cpu); /* while alignment is checked no access takes the fast path */
    cpu_update_step(cpu);
    if (cpu->flags & FLAG_IF && cpu->attention & ATTENTION_INTR)
        cpu->leave = true;
}

bool flags_condition(const struct cpu *cpu, unsigned condition)
{
    return condition_holds(cpu, condition);
}
