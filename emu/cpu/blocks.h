/* blocks.h - decoded code, kept by physical address and mode (struct code_block: state.h). */
#ifndef MUNIMENT_EMU_CPU_BLOCKS_H
#define MUNIMENT_EMU_CPU_BLOCKS_H

#include "emu/cpu/state.h"

#define BLOCK_LIMIT 32           /* instructions */
#define BLOCK_DROPPED UINT32_MAX /* the address of a block that was dropped */

/* The block at CS:EIP, decoded if need be. Null with fault_* set when the fetch faults or the first instruction is
 * undefined. At most `limit` instructions: a shorter copy that is not cached is returned when the slice or a trap
 * demands it. */
struct code_block *code_block_find(struct cpu *cpu, uint32_t limit);
/* The block at the new EIP, after `from` ended with CPU_CONTINUE: if it is known, the translation of its page is kept,
 * and it fits into `left`; else null. `from` leads there directly from now on, where it may. */
struct code_block *code_block_next(struct cpu *cpu, struct code_block *from);
/* Whether a block that begins there is known to wait only (waits.h): it is better left to the interpreter. */
bool code_block_waits(struct cpu *cpu, uint32_t physical, unsigned mode);
/* The block that was decoded from a physical address on, or null. Its records are those of decode, but for `run`; they
 * are to be used before anything else is decoded. */
const struct code_block *code_block_kept(const struct cpu *cpu, uint32_t physical, unsigned mode);
void blocks_flush(struct cpu *cpu);
/* memory.h's code_changed: drops the blocks that these bytes belong to. */
void blocks_code_changed(struct cpu *cpu, uint32_t address, uint32_t length);
/* Whether there is code of a page of RAM, but nothing was decoded of the lines of these bytes within it. */
bool blocks_are_elsewhere(const struct cpu *cpu, uint32_t address, uint32_t length);
bool blocks_init(struct cpu *cpu);
void blocks_free(struct cpu *cpu);

/* --- From block to block --- The interpreter's handlers go on by these where they can. */
#define BUCKET_BITS 17

static inline struct code_block **code_bucket(const struct cpu *cpu, uint32_t physical, unsigned mode)
{
    return &cpu->buckets[(physical >> 2 ^ physical >> (BUCKET_BITS + 2) ^ mode << (BUCKET_BITS - 2)) %
                         (1u << BUCKET_BITS)]; /* neighbours share a line of the host's cache */
}

static inline bool code_block_fits(const struct cpu *cpu, const struct code_block *block, uint32_t eip, int64_t left)
{
    return block->count <= left && (uint64_t)eip + block->bytes <= (uint64_t)cpu->seg[SEG_CS].limit + 1;
}

/* The block that the running one is linked with, if that is the one at EIP; or null. */
static inline struct code_block *code_block_linked(const struct cpu *cpu, unsigned way, uint32_t eip)
{
    const struct code_block *from = cpu->block;
    struct code_block *to = from->link[way];

    return to && to->physical - from->physical == eip - cpu->eip && to->physical != BLOCK_DROPPED ? to : NULL;
}

/* The block at EIP, if the translation of its page is kept and it comes first in its bucket; or null. */
static inline struct code_block *code_block_looked_up(const struct cpu *cpu, uint32_t eip)
{
    uint32_t linear = cpu->seg[SEG_CS].base + eip, physical;
    const struct tlb_entry *e = tlb_entry_at(cpu->tlb, linear);
    struct code_block *to;

    if (e->execute != (linear & ~PAGE_MASK))
        return NULL;
    physical = e->physical | (linear & PAGE_MASK);
    to = *code_bucket(cpu, physical, cpu->block->mode);
    return to && to->physical == physical && to->mode == cpu->block->mode && to != cpu->block ? to : NULL;
}

#endif
