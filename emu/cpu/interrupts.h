/* interrupts.h - delivery of interrupts and exceptions. */
#ifndef MUNIMENT_EMU_CPU_INTERRUPTS_H
#define MUNIMENT_EMU_CPU_INTERRUPTS_H

#include "emu/cpu/state.h"

enum interrupt_source {
    SOURCE_EXTERNAL,
    SOURCE_EXCEPTION,
    SOURCE_SOFTWARE /* INT n, INT3, INTO: gate DPL is checked */,
    SOURCE_ICEBP
};
/* Delivers; `next` is the EIP to save. Faults on the way become the nested exception (ACCESS_FAULT with fault_*
 * set). */
unsigned interrupt_deliver(struct cpu *cpu, unsigned vector, enum interrupt_source source, bool has_error,
                           uint32_t error, uint32_t next);
/* Delivers cpu->fault_* with double and triple faults (SDM vol. 3, table 6-5); takes one tick. */
void exception_deliver(struct cpu *cpu);
/* INT n in virtual-8086 mode (SDM vol. 3 section 20.3.3): by the redirection bitmap, through the monitor, or #GP(0). */
unsigned interrupt_from_v86(struct cpu *cpu, unsigned vector, uint32_t next);

#endif
