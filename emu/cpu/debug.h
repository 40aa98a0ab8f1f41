/* debug.h - the breakpoints of the debug registers. A match is a trap that is pending: pending_debug and
 * ATTENTION_TRAP. */
#ifndef MUNIMENT_EMU_CPU_DEBUG_H
#define MUNIMENT_EMU_CPU_DEBUG_H

#include "emu/cpu/state.h"

/* Data breakpoints on `size` bytes at a linear address. */
void debug_data_access(struct cpu *cpu, uint32_t linear, unsigned size, bool write);
/* The same for ports, with CR4.DE. */
void debug_port_access(struct cpu *cpu, uint16_t port, unsigned size);
/* Whether an instruction breakpoint lies on CS:EIP (RF clear); pending_debug gets its DR6 bits. */
bool debug_code_breakpoint(struct cpu *cpu);

#endif
