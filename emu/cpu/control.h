/* control.h - control, debug and test registers. */
#ifndef MUNIMENT_EMU_CPU_CONTROL_H
#define MUNIMENT_EMU_CPU_CONTROL_H

#include "emu/cpu/state.h"

/* CR3, and with PAE the page directory pointers: #GP(0) if one has reserved bits set. */
unsigned cr3_write(struct cpu *cpu, uint32_t value);

insn_handler mov_from_cr, mov_to_cr, mov_from_dr, mov_to_dr, mov_from_tr, mov_to_tr, smsw, lmsw, clts, cache_control;

#endif
