/* tasks.h - task switches and the I/O permission map. */
#ifndef MUNIMENT_EMU_CPU_TASKS_H
#define MUNIMENT_EMU_CPU_TASKS_H

#include "emu/cpu/state.h"

enum task_reason { TASK_JUMP, TASK_CALL, TASK_INTERRUPT, TASK_RETURN };
unsigned task_switch(struct cpu *cpu, uint16_t selector, enum task_reason reason, bool has_error, uint32_t error,
                     uint32_t next);
/* Whether `size` ports from `port` may be used at this CPL and IOPL: the I/O permission map. #GP(0) otherwise. */
unsigned io_permission(struct cpu *cpu, const struct insn *insn, uint16_t port, unsigned size);

#endif
