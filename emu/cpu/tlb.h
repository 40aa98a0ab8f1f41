/* tlb.h - translations that are kept, and what they were derived from.
 *
 * To the guest there is no TLB (design, law 5). What is kept here is an answer that a walk gave, and it is dropped when
 * an entry of a table that the walk used is written to: each page of tables has a bit for each of its entries. Nothing
 * else makes an answer wrong, so it stays valid while CR3 points elsewhere: there are several contexts, each with its
 * own CR3. */
#ifndef MUNIMENT_EMU_CPU_TLB_H
#define MUNIMENT_EMU_CPU_TLB_H

#include "emu/cpu/state.h"

/* A table entry that a walk used. */
struct tlb_source {
    uint32_t address; /* physical, after A20, in RAM */
    uint32_t base;    /* the linear address that its page's first entry maps */
    unsigned shift;   /* how much each entry maps: 1 << shift bytes */
    unsigned width;   /* bytes of an entry: 4, or 8 with PAE */
};

bool tlb_init(struct cpu *cpu); /* false: no memory */
void tlb_free(struct cpu *cpu);

/* The entry for a page of the current context, empty unless it holds this page already. */
struct tlb_entry *tlb_take(struct cpu *cpu, unsigned privilege, uint32_t linear);

/* Watches the entries that a translation follows from. To be called before tlb_take: it may drop everything to make
 * room. */
void tlb_watch(struct cpu *cpu, const struct tlb_source source[], unsigned count);

/* Notes that a block begins at EIP in flat code of the current context, whose translation is kept. */
void tlb_note_jump(struct cpu *cpu, uint32_t eip, uint32_t link);
void tlb_forget_jumps(struct cpu *cpu);

/* A page of RAM is written to through an entry from now on: mmu_protect must look for it. */
void tlb_written(struct cpu *cpu, uint32_t linear, uint32_t physical);

#endif
