/* system_operands.h - what the handlers of the system instructions share (system.c, control.c, models.c): operands, and
 * their ends. */
#ifndef MUNIMENT_EMU_CPU_SYSTEM_OPERANDS_H
#define MUNIMENT_EMU_CPU_SYSTEM_OPERANDS_H

#include "emu/cpu/interpret.h"

/* The instruction faulted, without an error code or with one. */
static inline int raise_plain(struct cpu *cpu, const struct insn *i, unsigned vector)
{
    fault_plain(cpu, vector);
    return cpu_fault_exit(cpu, i);
}

static inline int raise_error(struct cpu *cpu, const struct insn *i, unsigned vector, uint32_t error)
{
    fault(cpu, vector, error);
    return cpu_fault_exit(cpu, i);
}

/* Ends an instruction after which the loop must look around: mode, mapping or interrupts changed. */
static inline int leave(struct cpu *cpu, const struct insn *i)
{
    return cpu_retire(cpu, i, insn_next_eip(cpu, i), CPU_LEAVE);
}

/* Ends an instruction whose accesses were not asked for their status: leaves the block where one of them wants it. */
static inline int proceed(struct cpu *cpu, const struct insn *i)
{
    return finish(cpu, i, cpu->leave);
}

/* A word from the last register operand or from memory. Nonzero: it faulted. */
static inline unsigned selector_operand(struct cpu *cpu, const struct insn *i, uint32_t *value)
{
    switch (i->form) {
    case FORM_R: *value = (uint16_t)cpu->reg[i->dst]; return ACCESS_DONE;
    case FORM_RR: *value = (uint16_t)cpu->reg[i->src]; return ACCESS_DONE;
    default: return operand_read(cpu, i, 2, value) & ACCESS_FAULT;
    }
}

/* A word to memory, or to a register of the operand's size. */
static inline int store_word(struct cpu *cpu, const struct insn *i, uint32_t value)
{
    if (i->form == FORM_R)
        set_register(cpu, i->dst, i->size, value);
    else if (segment_write(cpu, i, i->segment, effective_address(cpu, i), 2, value) & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    return proceed(cpu, i);
}

#endif
