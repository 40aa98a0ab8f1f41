/* cpu.h - the processor as a whole: how it is made, reset and run.
 *
 * Its parts; each uses only parts on the lines above its own, and those to its left:
 *
 *   state: registers, faults, the ends of an instruction     decode: bytes -> records (opcodes.h)     effects: of those
 *   debug: breakpoints     mmu: linear -> physical, slow accesses (access.h: the fast path)     flags: RFLAGS
 *   segments: selectors, descriptors, stacks     control: CR, DR and TR     models: CPUID and model-specific registers
 *   tasks: task switches     interrupts: delivery     transfers: far jumps, calls, returns
 *   arithmetic, strings, x87*, simd*, system: handlers     interpret: finds the handler of a record
 *   blocks: records -> cached blocks     cpu: reset, and the loop that runs blocks */
#ifndef MUNIMENT_EMU_CPU_H
#define MUNIMENT_EMU_CPU_H

#include "emu/cpu/state.h"
#include "emu/state.h"

extern const struct state_field cpu_state[];

bool cpu_init(struct cpu *cpu, enum cpu_model model, struct memory *memory, struct bus *bus, struct clock *clock);
/* From now on the memory reports to the processor what changes under its caches: after cpu_init, before a run. */
void cpu_listen(struct cpu *cpu);
void cpu_free(struct cpu *cpu);
void cpu_reset(struct cpu *cpu); /* RESET#, or INIT: SDM vol. 3 table 9-1 */
void cpu_set_intr(struct cpu *cpu, bool level);
void cpu_nmi(struct cpu *cpu);
/* Asks engine_run to return after this instruction. */
void cpu_stop(struct cpu *cpu);
/* Runs until cpu->left <= 0, HLT, shutdown, or a line that the machine must look at. */
void engine_run(struct cpu *cpu);
/* Brings about what follows from a state that was loaded; struct part of machine.h. */
const char *cpu_loaded(void *processor);
/* Brings lazy flags into cpu->flags: before digest and snapshot. */
void cpu_canonical(struct cpu *cpu);

#endif
