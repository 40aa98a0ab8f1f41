/* x87_control.h - what the rest of the processor may do with the floating-point unit. */
#ifndef MUNIMENT_EMU_CPU_X87_CONTROL_H
#define MUNIMENT_EMU_CPU_X87_CONTROL_H

#include "emu/cpu/state.h"
#include "emu/state.h"

extern const struct state_field x87_state[];

void x87_reset(struct cpu *cpu);          /* RESET# */
uint16_t x87_status(const struct x87 *u); /* the status word, put together */
/* Derives from `control` what follows from it, and from flags and masks whether an error waits: after either
 * changed. */
void x87_derive(struct cpu *cpu);
/* The write to port F0h: FERR# no longer asks for an interrupt, and the instruction that it stopped may run. */
void x87_ignore_error(struct cpu *cpu);
/* What a waiting instruction does when the unit is absent or an error waits: #NM, #MF, or FERR# and standing still. */
int x87_refuse(struct cpu *cpu, const struct insn *i);

#endif
