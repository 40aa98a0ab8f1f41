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

int block_retire(struct cpu *cpu, const struct insn *i, uint32_t eip)
{
    return cpu_retire(cpu, i, eip, CPU_CONTINUE);
}

int jump_retire(struct cpu *cpu, const struct insn *i, uint32_t eip)
{
    return eip > cpu->seg[SEG_CS].limit ? insn_fault(cpu, i, EXC_GP) : cpu_retire(cpu, i, eip, CPU_CONTINUE);
}
