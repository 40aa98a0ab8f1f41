/* retire.c - the ends of handlers that are out of reach of being inlined. See interpret.h. */
#include "emu/cpu/interpret.h"

int insn_fault(struct cpu *cpu, const struct insn *i, unsigned vector)
{
    if (vector == EXC_GP)
        fault(cpu, EXC_GP, 0);
    else
        fault_plain(cpu, vector);
    return cpu_fault_exit(cpu, i);
}

/* Enters the block at EIP after `over` instructions of the running one, where that is noted. False: it is not to be. */
static bool enter_noted(struct cpu *cpu, int64_t over, uint32_t eip)
{
    struct code_block *to;
    int64_t left = cpu->left - over + cpu->accounted;

    if (cpu->leave || left < cpu->floor || !(cpu->block->mode & BLOCK_FLAT_CODE))
        return false;
    to = code_block_noted(cpu, eip);
    if (left - to->needs < cpu->floor)
        return false;
    cpu->left = left;
    cpu->accounted = 0;
    cpu->eip = eip;
    cpu->block = to;
    return true;
}

int block_retire(struct cpu *cpu, const struct insn *end, uint32_t eip)
{
    if (enter_noted(cpu, end - cpu->block->insn, eip))
        return cpu->block->insn[0].run(cpu, cpu->block->insn);
    cpu->exit = end;
    return cpu_retire(cpu, end - 1, eip, CPU_CONTINUE);
}

int jump_retire(struct cpu *cpu, const struct insn *i, uint32_t eip)
{
    if (enter_noted(cpu, i - cpu->block->insn + 1, eip))
        return cpu->block->insn[0].run(cpu, cpu->block->insn);
    cpu->exit = i;
    return eip > cpu->seg[SEG_CS].limit ? insn_fault(cpu, i, EXC_GP) : cpu_retire(cpu, i, eip, CPU_CONTINUE);
}
