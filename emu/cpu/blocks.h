/* blocks.h - decoded code, kept by physical address and mode (struct code_block: state.h). */
#ifndef MUNIMENT_EMU_CPU_BLOCKS_H
#define MUNIMENT_EMU_CPU_BLOCKS_H

#include "emu/cpu/state.h"

#define BLOCK_LIMIT 32 /* instructions */

/* The block at CS:EIP, decoded if need be. Null with fault_* set when the fetch faults or the first instruction is
 * undefined. At most `limit` instructions: a shorter copy that is not cached is returned when the slice or a trap
 * demands it. */
struct code_block *code_block_find(struct cpu *cpu, uint32_t limit);
/* The block at the new EIP, if it is known, the translation of its page is kept or it lies in the page of `from` (which
 * ran from EIP `start` on, and ended with CPU_CONTINUE), and it fits into `left`; else null. */
static inline struct code_block *code_block_next(struct cpu *cpu, struct code_block *from, uint32_t start);
/* Whether a block that begins there is known to wait only (waits.h): it is better left to the interpreter. */
bool code_block_waits(struct cpu *cpu, uint32_t physical, unsigned mode);
void blocks_flush(struct cpu *cpu);
/* memory.h's code_changed: drops the blocks that these bytes belong to. */
void blocks_code_changed(struct cpu *cpu, uint32_t address, uint32_t length);
/* Whether there is code of a page of RAM, but nothing was decoded of the lines of these bytes within it. */
bool blocks_are_elsewhere(const struct cpu *cpu, uint32_t address, uint32_t length);
bool blocks_init(struct cpu *cpu);
void blocks_free(struct cpu *cpu);

/* code_block_next where the block is not linked, or lies in another page. */
struct code_block *code_block_link(struct cpu *cpu, struct code_block *from, uint32_t start);

/* Which of its links leads a distance away. */
static inline unsigned code_block_way(const struct code_block *from, uint32_t distance)
{
    return distance == from->bytes ? 0 : 1 + (distance & 1);
}

static inline bool code_block_fits(const struct cpu *cpu, const struct code_block *block)
{
    return block->count <= cpu->left && (uint64_t)cpu->eip + block->bytes <= (uint64_t)cpu->seg[SEG_CS].limit + 1;
}

static inline struct code_block *code_block_next(struct cpu *cpu, struct code_block *from, uint32_t start)
{
    uint32_t distance = cpu->eip - start, physical = from->physical + distance;
    struct code_block *block = from->link[code_block_way(from, distance)];

    if (!block || block->physical != physical || (physical ^ from->physical) & ~PAGE_MASK)
        return code_block_link(cpu, from, start);
    return code_block_fits(cpu, block) ? block : NULL;
}

#endif
