/* translate.h - the translator: guest code becomes code of the host, and runs with the interpreter's results at every
 * tick.
 *
 *     translate.c  the loop: finds or makes a block, runs it, links it     cache.c  the blocks, and what drops them
 *     unit.c       guest code to records, and which flags are looked at    flags.c  the layered record of the flags
 *     pages.c      linear pages to host addresses                          backend.h  what a back end provides; x64_*.c
 * is the one there is
 *
 * spec/translator.md explains it with an example. */
#ifndef MUNIMENT_EMU_TRANSLATE_H
#define MUNIMENT_EMU_TRANSLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emu/emu.h"

struct cpu;

/* Gives the processor a translator. False: no memory, or this host's pointers do not suit; then the interpreter runs.
 * The memory stays the caller's. */
bool translator_init(struct cpu *cpu, const struct code_memory *memory);
void translator_free(struct cpu *cpu);

/* How often code runs in the interpreter before it is translated. */
#define TRANSLATOR_THRESHOLD 36u
void translator_set_threshold(struct cpu *cpu, unsigned threshold);
/* Whether translated code is used; the state does not show it. */
void translator_enable(struct cpu *cpu, bool enabled);

/* Gives memory back that the tables of pages take, if it is too much, whatever runs. Between two blocks. */
void translator_settle(struct cpu *cpu);

/* Runs translated code from the instruction boundary at which the processor stands, with nothing waiting and `left`
 * positive. False: there is none, and nothing was done. */
bool translator_run(struct cpu *cpu);

/* As machine_watch_translation. */
void translator_watch_translation(struct cpu *cpu, const struct translation_watch *watch);

/* For tests: calls a function whenever translated code came to the end of a unit, at an instruction boundary with ticks
 * left; null: no longer. As long as it does, units lead to no others by themselves. Not to be called from there. */
void translator_watch(struct cpu *cpu, void (*unit_ended)(void *context), void *context);

/* --- Statistics --- */
struct translator_statistics {
    uint64_t translated;   /* blocks */
    uint64_t instructions; /* in them */
    uint64_t host_bytes;
    uint64_t invalidated; /* blocks dropped by writes into their code */
    uint64_t flushes;     /* of everything */
    uint64_t entries;     /* from the loop into translated code */
    uint64_t slow;        /* instructions that the interpreter did in the midst of a block */
    uint64_t links;
    uint64_t software_rows; /* instructions that this host's unit computes otherwise than the interpreter: they are left
                               to it */
    uint64_t ticks;         /* that went by in translated code */
    uint64_t exits[TRANSLATOR_EXITS]; /* of the entries */
    uint64_t code_size;               /* bytes of the memory for code */
    struct {
        uint64_t blocks, bytes; /* that can be found; of code, with what was dropped among it */
    } generation[2];            /* the nursery, and what moved out of it */
    uint64_t promoted, evicted; /* blocks that moved, and that did not, when their region was emptied */
};
/* All zero where there is no translator. */
struct translator_statistics translator_statistics(const struct cpu *cpu);

#endif
