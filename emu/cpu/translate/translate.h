/* translate.h - the translator: guest code becomes code of the host, and runs with the interpreter's results at every tick.
 *
 *     translate.c  the loop: finds or makes a block, runs it, links it     cache.c  the blocks, and what drops them
 *     unit.c       guest code to records, and which flags are looked at    flags.c  the layered record of the flags
 *     pages.c      linear pages to host addresses                          backend.h  what a back end provides; x64_*.c is the one there is
 *
 * spec/translator.md explains it with an example. */
#ifndef MUNIMENT_EMU_TRANSLATE_H
#define MUNIMENT_EMU_TRANSLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cpu;
struct tlb_entry;

/* Memory for code, as emu/host/ maps it: the same bytes writable at one address and executable at another. Given at creation; null: the host has no back end. */
struct code_memory {
    uint8_t *write;
    uint8_t *run;
    size_t size;
};

/* Gives the processor a translator. False: no memory, or this host's pointers do not suit; then the interpreter runs. The memory stays the caller's. */
bool translator_init(struct cpu *cpu, const struct code_memory *memory);
void translator_free(struct cpu *cpu);

/* How often code runs in the interpreter before it is translated. */
#define TRANSLATOR_THRESHOLD 24u
void translator_set_threshold(struct cpu *cpu, unsigned threshold);
/* Whether translated code is used; the state does not show it. */
void translator_enable(struct cpu *cpu, bool enabled);

/* Runs translated code from the instruction boundary at which the processor stands, with nothing waiting and `left` positive. False: there is none, and
 * nothing was done. */
bool translator_run(struct cpu *cpu);

/* --- What is told to it; all may be called without a translator --- */
void translator_code_changed(struct cpu *cpu, uint32_t address, uint32_t length); /* within a page of RAM */
bool translator_holds_page(const struct cpu *cpu, uint32_t page);                 /* something was translated from this page of RAM */
void translator_flush(struct cpu *cpu);                                           /* all code is void */
/* A linear page may be read (and written) at a host address. */
void translator_page_filled(struct cpu *cpu, unsigned privilege, uint32_t linear, const uint8_t *host, bool write);
/* The TLB has several contexts, each with a side for supervisor and user: the number of the first is given. */
void translator_sides_entered(struct cpu *cpu, unsigned first);
void translator_sides_cleared(struct cpu *cpu, unsigned first);
/* What maps 1 << shift bytes from a linear address on changed, on all sides. */
void translator_range_dropped(struct cpu *cpu, uint32_t base, unsigned shift);
void translator_page_protected(struct cpu *cpu, const uint8_t *host);

/* --- Numbers for whoever looks on --- */
struct translator_statistics {
    uint64_t translated;     /* blocks */
    uint64_t instructions;   /* in them */
    uint64_t host_bytes;
    uint64_t invalidated;    /* blocks dropped by writes into their code */
    uint64_t flushes;        /* of everything */
    uint64_t entries;        /* from the loop into translated code */
    uint64_t slow;           /* instructions that the interpreter did in the midst of a block */
    uint64_t links;
    uint64_t ticks;          /* that went by in translated code */
};
/* All zero where there is no translator. */
struct translator_statistics translator_statistics(const struct cpu *cpu);

#endif
