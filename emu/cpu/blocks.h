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
bool code_block_waits(struct cpu *cpu, uint32_t physical);
/* The block that was decoded from a physical address on, in a decode mode, or null. Its records are those of decode,
 * but for `run` and for relative branches; they are to be used before anything else is decoded. */
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
    return &cpu->buckets[(physical >> 2 ^ physical >> (BUCKET_BITS + 2) ^ mode << (BUCKET_BITS - 4)) %
                         (1u << BUCKET_BITS)]; /* neighbours share a line of the host's cache */
}

#define NO_TICKS \
    (INT64_MAX / 2) /* ticks that a block needs that must not run: one that was dropped, and the one at 0 */

/* The block that lies there. */
static inline struct code_block *code_block_at(const struct cpu *cpu, uint32_t link)
{
    return (struct code_block *)(void *)(cpu->code + link);
}

/* Whether it lies within the limit of CS if it begins at EIP. */
static inline bool code_block_within(const struct cpu *cpu, const struct code_block *block, uint32_t eip)
{
    return (uint64_t)eip + block->bytes <= (uint64_t)cpu->seg[SEG_CS].limit + 1;
}

/* The block at EIP in flat code, if a jump led there before; or the one at 0. One that may wait does not follow itself:
 * the loop counts its laps. */
static inline struct code_block *code_block_noted(const struct cpu *cpu, uint32_t eip)
{
    const struct tlb_jump *jump = tlb_jump_at(cpu->tlb, eip);
    struct code_block *to = code_block_at(cpu, jump->link);

    return jump->eip == eip && to->mode == cpu->block->mode && to != cpu->block ? to : code_block_at(cpu, 0);
}

/* The same in other code, if the translation of its page is kept and it comes first in its bucket. */
static inline struct code_block *code_block_looked_up(const struct cpu *cpu, uint32_t eip)
{
    uint32_t linear = cpu->seg[SEG_CS].base + eip, physical;
    const struct tlb_entry *e = tlb_entry_at(cpu->tlb, linear);
    struct code_block *to;

    if (e->execute != (linear & ~PAGE_MASK))
        return code_block_at(cpu, 0);
    physical = e->physical | (linear & PAGE_MASK);
    to = *code_bucket(cpu, physical, cpu->block->mode);
    return to && to->physical == physical && to->mode == cpu->block->mode && to != cpu->block ? to
                                                                                              : code_block_at(cpu, 0);
}

#endif
