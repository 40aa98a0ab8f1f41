/* polls.h - loops that ask a device until it is ready are advanced, not run (design, contract 8).
 *
 * Where an IN comes back with the same registers a few times, one lap, from that IN to its next run, is watched. It
 * repeats if all it did leaves the state as it was: registers, flags and the bytes of the stack around it are the same,
 * it wrote nothing else, and each port that it read said that its value and effects repeat (bus.h). Laps are then taken
 * off at once, up to the next event or the first tick of which a port said that it may be otherwise. Calls and returns
 * may lie in a lap; one that counts its laps is run. */
#ifndef MUNIMENT_EMU_CPU_POLLS_H
#define MUNIMENT_EMU_CPU_POLLS_H

#include "emu/cpu/state.h"

#include <string.h>

/* An IN has put its value into the registers. Asks the running block to leave where a lap should be watched. */
static inline void poll_note(struct cpu *cpu, const struct insn *insn)
{
    struct poll *p = &cpu->poll;
    uint32_t eip = cpu->eip + insn->offset;

    if (p->eip == eip && !memcmp(p->reg, cpu->reg, sizeof p->reg)) {
        p->others = 0;
        if (++p->laps > p->few)
            cpu->leave = true;
    } else if (p->eip == eip || ++p->others > POLL_OTHERS) {
        memcpy(p->reg, cpu->reg, sizeof p->reg);
        p->eip = eip;
        p->laps = p->others = 0;
        p->few = POLL_LAPS;
    }
}

/* Whether a lap should be watched now. */
static inline bool poll_wanted(const struct cpu *cpu)
{
    return cpu->poll.laps > cpu->poll.few;
}

/* Runs a lap, or what turns out to be none, and may take more of them off `left`, with the same ticks and the same
 * state as if they had been run. Between two instructions, where nothing waits for the processor. */
void poll_watch(struct cpu *cpu);

#endif
