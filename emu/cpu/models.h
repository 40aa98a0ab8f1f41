/* models.h - what distinguishes the processor models: CPUID, counters, model-specific registers. */
#ifndef MUNIMENT_EMU_CPU_MODELS_H
#define MUNIMENT_EMU_CPU_MODELS_H

#include "emu/cpu/state.h"

/* What RESET# does to the model-specific registers. Returns the signature that it leaves in EDX. */
uint32_t system_reset(struct cpu *cpu);

insn_handler cpuid, rdtsc, rdpmc, rdmsr, wrmsr;

#endif
