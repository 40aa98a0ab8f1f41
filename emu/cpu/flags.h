/* flags.h - RFLAGS: the lazy record {result, operands, operation} of struct cpu, and the ways to read and set it. */
#ifndef MUNIMENT_EMU_CPU_FLAGS_H
#define MUNIMENT_EMU_CPU_FLAGS_H

#include "emu/cpu/sizes.h"
#include "emu/cpu/state.h"

uint32_t flags_arithmetic(const struct cpu *cpu);             /* CF PF AF ZF SF OF, of the lazy record */
uint32_t flags_read(const struct cpu *cpu);                   /* all of RFLAGS */
void flags_write_arithmetic(struct cpu *cpu, uint32_t flags); /* sets the six from RFLAGS bits */
/* Writes RFLAGS bits in mask (others stay), VM included; sees to STEP and INTR attention. Bit 1 stays set. */
void flags_write(struct cpu *cpu, uint32_t flags, uint32_t mask);
bool flags_condition(const struct cpu *cpu, unsigned condition); /* 0-15, as in Jcc */

/* --- Lazy flags --- */
BODY unsigned flags_class(const struct cpu *cpu)
{
    return cpu->flag_op >> 3;
}

BODY void flags_set(struct cpu *cpu, enum flag_class class, unsigned size, uint32_t result, uint32_t a, uint32_t b)
{
    cpu->flag_op = FLAG_OP(class, size);
    cpu->flag_result = result;
    if (class != FLAGS_LOGIC)
        cpu->flag_a = a;
    if (class == FLAGS_ADD || class == FLAGS_SUB)
        cpu->flag_b = b;
}

/* CF, AF and OF of a sum or difference, from the carries (borrows) out of each bit. */
BODY uint32_t flags_of_carries(uint32_t carries, unsigned size)
{
    uint32_t top = sign_bit(size);

    return (carries & top ? FLAG_CF : 0) | (carries << 1 & FLAG_AF) | ((carries ^ carries << 1) & top ? FLAG_OF : 0);
}

/* CF as 0 or 1. */
BODY uint32_t flags_carry(const struct cpu *cpu)
{
    switch (flags_class(cpu)) {
    case FLAGS_READY: return cpu->flags & FLAG_CF;
    case FLAGS_ADD: return cpu->flag_result < cpu->flag_a;
    case FLAGS_SUB: return cpu->flag_a < cpu->flag_b;
    case FLAGS_LOGIC: return 0;
    default: return cpu->flag_a & 1;
    }
}

BODY bool flags_zero(const struct cpu *cpu)
{
    return flags_class(cpu) == FLAGS_READY ? cpu->flags & FLAG_ZF : !cpu->flag_result;
}

/* A value of the record's size, with its sign bit moved to bit 31. */
BODY int32_t flags_signed(const struct cpu *cpu, uint32_t value)
{
    return (int32_t)(value << (32 - 8 * (cpu->flag_op & 7)));
}

BODY bool flags_sign(const struct cpu *cpu)
{
    return flags_class(cpu) == FLAGS_READY ? cpu->flags & FLAG_SF : flags_signed(cpu, cpu->flag_result) < 0;
}

BODY bool flags_parity(const struct cpu *cpu)
{
    uint32_t fold = (cpu->flag_result ^ cpu->flag_result >> 4) & 0xF;

    return flags_class(cpu) == FLAGS_READY ? cpu->flags & FLAG_PF : 0x9669 >> fold & 1;
}

BODY bool flags_overflow(const struct cpu *cpu)
{
    uint32_t r = cpu->flag_result, a = cpu->flag_a, b = cpu->flag_b;

    /* clang-format off */
    switch (flags_class(cpu)) {
    case FLAGS_READY: return cpu->flags & FLAG_OF;
    case FLAGS_ADD:   return flags_signed(cpu, (a ^ r) & (b ^ r)) < 0;
    case FLAGS_SUB:   return flags_signed(cpu, (a ^ b) & (a ^ r)) < 0;
    case FLAGS_LOGIC: return false;
    case FLAGS_INC:   return r == sign_bit(cpu->flag_op & 7);
    case FLAGS_DEC:   return r == sign_bit(cpu->flag_op & 7) - 1;
    default:          return a & FLAG_OF;
    }
    /* clang-format on */
}

/* SF differs from OF: what is signed is less. After CMP and SUB the operands say so themselves. */
BODY bool flags_less(const struct cpu *cpu)
{
    if (flags_class(cpu) == FLAGS_SUB)
        return flags_signed(cpu, cpu->flag_a) < flags_signed(cpu, cpu->flag_b);
    return flags_sign(cpu) != flags_overflow(cpu);
}

/* One of the sixteen conditions, of which odd ones negate the even one before. */
BODY bool condition_holds(const struct cpu *cpu, unsigned condition)
{
    bool holds;

    /* clang-format off */
    switch (condition & 14) {
    case 0:  holds = flags_overflow(cpu); break;
    case 2:  holds = flags_carry(cpu); break;
    case 4:  holds = flags_zero(cpu); break;
    case 6:  holds = flags_carry(cpu) || flags_zero(cpu); break;
    case 8:  holds = flags_sign(cpu); break;
    case 10: holds = flags_parity(cpu); break;
    case 12: holds = flags_less(cpu); break;
    default: holds = flags_zero(cpu) || flags_less(cpu); break;
    }
    /* clang-format on */
    return holds != (condition & 1);
}

#endif
