/* transfers.h - far jumps, calls and returns. */
#ifndef MUNIMENT_EMU_CPU_TRANSFERS_H
#define MUNIMENT_EMU_CPU_TRANSFERS_H

#include "emu/cpu/state.h"

/* Far transfers. `next` is the EIP after the instruction. On success EIP (and all else) is that of the target: the
 * handler returns end_transfer. */
unsigned far_jump(struct cpu *cpu, const struct insn *insn, uint16_t selector, uint32_t offset);
unsigned far_call(struct cpu *cpu, const struct insn *insn, uint16_t selector, uint32_t offset, uint32_t next);
unsigned far_return(struct cpu *cpu, const struct insn *insn, uint32_t release);
unsigned interrupt_return(struct cpu *cpu, const struct insn *insn, uint32_t next);

#endif
