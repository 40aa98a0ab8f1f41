/* waits.h - loops that only wait are advanced, not run (design, contract 8).
 *
 * A wait is a block that leads to itself, changes nothing but registers and flags, and reads only memory. Each of its
 * laps does what the one before did, as nothing else can change anything before the deadline: the state repeats, except
 * for the tick and at most one register that counts. Laps are then taken off at once, as many as are sure to lead to
 * another. */
#ifndef MUNIMENT_EMU_CPU_WAITS_H
#define MUNIMENT_EMU_CPU_WAITS_H

#include "emu/cpu/state.h"

enum wait_kind { WAIT_UNKNOWN, WAIT_NONE, WAIT_REPEATS, WAIT_COUNTS }; /* of struct code_block */

/* A block ran from its first instruction to its last, with CPU_CONTINUE, and is about to run again: once more and
 * again, `laps` times in a row by now. For blocks that are not WAIT_NONE. May take laps off `left`, with the same ticks
 * and the same state as if they had been run. */
void wait_lap(struct cpu *cpu, struct code_block *block, uint32_t laps);

#endif
