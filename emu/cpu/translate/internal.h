/* internal.h - what the parts of the translator share. */
#ifndef MUNIMENT_EMU_TRANSLATE_INTERNAL_H
#define MUNIMENT_EMU_TRANSLATE_INTERNAL_H

#include "emu/cpu/blocks.h"
#include "emu/cpu/flags.h"
#include "emu/cpu/interpret.h"
#include "emu/cpu/interrupts.h"
#include "emu/cpu/mmu.h"
#include "emu/cpu/segments.h"
#include "emu/cpu/translate/backend.h"
#include "emu/cpu/translate/translate.h"
#include "emu/emu.h"

#define REGIONS 16u /* of the cache, at most */
#define SIDES 16u   /* contexts of the TLB, supervisor and user of each */
#define JUMP_PAGES 256u

struct page_tables; /* pages.c */

/* Where code of a context runs, by EIP, in a page that has jumps by a table. */
struct jump_page {
    struct jump_key {
        uint32_t physical, eip, limit, bits; /* of the page's first byte, as in struct translated */
    } key;
    const uint8_t *code[PAGE_SIZE]; /* or null */
};

/* What the front end has to know of what an instruction does (insn_effects): the same for all of one row, form, size,
 * registers and prefixes. */
#define KNOWN_EFFECTS 1024u
struct known_effects {
    uint32_t of;                 /* which instruction, or 0 */
    uint8_t changed;             /* bit n: it may change general register n */
    uint8_t memory, memory_size; /* 255 bytes at most */
};

struct translator {
    unsigned threshold;
    struct code_memory memory;
    struct backend backend;
    struct code code; /* where the next block goes */

    /* cache.c */
    struct translated **bucket;
    struct translated **page; /* per page of RAM: its blocks */
    struct page_lines {
        uint64_t bits[PAGE_SIZE / 16 / 64];
    } * lines; /* and which of its lines of 16 bytes they come from */
    struct loose {
        uint32_t at;
        uint8_t count;
    } * loose;      /* immediate operands that were written to, by a hash of where they are, and how often */
    bool loosens;   /* one of them often enough, perhaps */
    uint64_t *calm; /* and when writes to those will have been no more than are good, in 2^20 ticks */
    uint8_t *arena; /* for blocks */
    struct region { /* a part of the memory for code and of the arena, which is filled from its start on */
        uint8_t *code, *at, *aside; /* aside: for what is rare, after the other code */
        size_t size;
        uint8_t *records;
        size_t room, used;
        uint64_t opened; /* when, as a number of `openings` */
        uint8_t generation;
    } region[REGIONS];
    unsigned region_count;
    struct region *filling[2]; /* of each generation; or null */
    uint64_t openings;
    bool emptied;   /* every block was dropped: the regions are reused as soon as nothing runs in them */
    bool full;      /* there was no room for a block */
    uint16_t *heat; /* how often code ran in the interpreter, by a hash of where it is */
    uint16_t *cold; /* the one of what the interpreter was left to last, and when; or null */
    uint64_t cold_since;
    struct jump_page *jump_page[JUMP_PAGES]; /* by a hash of the page; or null */

    /* translate.c */
    struct context {
        uint32_t bits, limit, base; /* base: of CS within its page, so that EIP and page say where code is */
    } contexts[CONTEXTS];
    unsigned context_count;
    struct jump_table *jumps;
    struct code_block *single; /* for run_record */
    struct known_descriptor descriptors[KNOWN_DESCRIPTORS];
    struct unit unit;
    struct known_effects effects[KNOWN_EFFECTS]; /* by a hash of what they are of */
    struct page_tables *tables;
    uint8_t *software; /* per row of the decoder's table: the host's unit is not to be trusted with it */
    struct translator_statistics statistics;
    void (*unit_ended)(void *context); /* translator_watch; or null */
    void *watch_context;
    struct translation_watch watch; /* if its functions are there */
    uint32_t places[UNIT_LIMIT + 1];
};

/* --- translate.c --- */
/* Bits of enum context_bit for the processor as it is now. */
uint32_t context_bits(const struct cpu *cpu);

/* --- report.c --- */
/* Says what the newest block, of t->unit, was made of. */
void translator_report(const struct translator *t, const struct translated *block);

/* --- cache.c --- */
bool cache_init(struct cpu *cpu);
void cache_free(struct translator *t);
/* The block, or the next one after `from` if that is not null, of several that differ in their second page. */
struct translated *cache_find(const struct translator *t, const struct translated *from, const struct unit *u);
/* Whether code of a page is left to the interpreter, as it changes too often. */
bool cache_refuses(const struct cpu *cpu, uint32_t physical);
/* Emits what all blocks share, and makes regions of the rest of the memory. */
void cache_begin(struct cpu *cpu);
/* Makes a block of what is in t->unit. Null: there was no room, and cache_settle will make some. */
struct translated *cache_add(struct cpu *cpu);
/* The whole of the memory for code is free. */
void cache_code_place(struct translator *t);
/* Makes room where there was none, and reuses the memory of what was dropped, if it was all. Not while there is
 * somebody who knows a block, or runs in one. */
void cache_settle(struct cpu *cpu);
/* Adds up what the generations hold. */
void cache_count(const struct translator *t, struct translator_statistics *s);
/* Leads an exit to a block directly; if that is in another page, as long as the address of its code leads there. */
void cache_link(struct translator *t, struct block_exit *exit, struct translated *to);
/* Jumps by a table in the block's page find it from now on. */
void cache_note_jump(struct translator *t, const struct translated *block);
/* Fills in which of a unit's immediate operands change so often that they are read when they are used. */
void cache_loosen(const struct translator *t, struct unit *u);
/* A counter for code that is not translated yet. */
uint16_t *cache_heat(struct translator *t, uint32_t physical, uint32_t eip);
/* struct translator_hooks */
void cache_code_changed(struct cpu *cpu, uint32_t address, uint32_t length);
bool cache_holds_page(const struct cpu *cpu, uint32_t page);
/* For view.write_beside_code. */
uint64_t cache_write_beside_code(struct cpu *cpu, uint32_t linear);
void cache_flush(struct cpu *cpu);

/* --- unit.c --- */
/* Decodes from `bytes`, of which `available` lie within page and segment, what is to be one block, of `limit`
 * instructions at most. Returns what stopped it if that was before the first one. */
enum decode_result unit_make(const struct cpu *cpu, struct unit *u, const uint8_t *bytes, uint32_t available,
                             unsigned limit);
/* Makes the unit once more from which a block was made that lies in one page of RAM, and still holds. */
void unit_again(const struct cpu *cpu, struct unit *u, const struct translated *block);

/* --- neighbours.c --- */
/* What an instruction does, by what is known already, to which it is added. */
const struct known_effects *effects_of(struct known_effects known[KNOWN_EFFECTS], const struct insn *i);
/* Fills in near, access, changed and may_miss of a unit that has its records, and `loops`. */
void find_neighbours(struct unit *u, struct known_effects known[KNOWN_EFFECTS]);

/* --- pages.c --- */
bool pages_init(struct cpu *cpu);
void pages_free(struct translator *t);
/* Of the context at hand. */
uint64_t *pages_table(const struct translator *t, unsigned privilege);
/* How often an entry that may have been in use went: what a block knew of pages may be wrong. */
uint32_t pages_removals(const struct translator *t);
/* What PAGES_CODE has for an address, in the context and privilege of the processor; and notes that code there runs. */
uint64_t pages_code(const struct cpu *cpu, uint32_t linear);
void pages_executed(struct cpu *cpu, uint32_t linear, uint32_t physical);
/* struct translator_hooks */
void pages_filled(struct cpu *cpu, unsigned privilege, uint32_t linear, const uint8_t *host, bool write);
void pages_sides_entered(struct cpu *cpu, unsigned first);
void pages_sides_cleared(struct cpu *cpu, unsigned first);
void pages_range_dropped(struct cpu *cpu, uint32_t base, unsigned shift, unsigned sides);
void pages_protected(struct cpu *cpu, const uint8_t *host);

/* --- flags.c --- */
/* Makes the layered record one of class FLAGS_READY. Leaves flag_result, flag_a and flag_b alone. */
void layered_flags_ready(struct cpu *cpu);
/* Makes it one that the interpreter knows. */
void layered_flags_end(struct cpu *cpu);

#endif
