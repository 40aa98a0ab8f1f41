/* cache.c - blocks of translated code: found by where their bytes lie and what they were translated for, dropped when
 * the bytes change.
 *
 * Blocks come from an arena, their code from the code area; both are emptied together. A block that is dropped before
 * that is only unlinked, so that the one that runs may drop itself. */
#include "emu/cpu/translate/internal.h"

#include <stdlib.h>

#define BUCKETS 65536u
#define HEAT 65536u
#define LINE_SIZE 16u
#define ARENA_SIZE (32u << 20)
#define CHURN_LIMIT 100u /* writes into translated code of a page, after which it is left to the interpreter */
#define GROUP_ROOM(records) \
    (sizeof(struct record_group) + sizeof(struct code_block) + ((records) + 1) * sizeof(struct insn))
#define BLOCK_ROOM \
    (2 * UNIT_LIMIT * GROUP_ROOM(1) + 2 * sizeof(struct translated) + UNIT_LIMIT * sizeof(struct insn) + \
     EXIT_LIMIT * sizeof(struct block_exit))
#define CODE_ROOM (UNIT_LIMIT * 1024u)

bool cache_init(struct cpu *cpu)
{
    struct translator *t = cpu->translator;
    uint32_t pages = cpu->memory->ram_size / PAGE_SIZE;

    t->bucket = calloc(BUCKETS, sizeof *t->bucket);
    t->page = calloc(pages, sizeof *t->page);
    t->lines = calloc(pages, sizeof *t->lines);
    t->churn = calloc(pages, 1);
    t->heat = calloc(HEAT, sizeof *t->heat);
    t->arena = malloc(ARENA_SIZE);
    return t->bucket && t->page && t->lines && t->churn && t->heat && t->arena;
}

void cache_free(struct translator *t)
{
    free(t->bucket);
    free(t->page);
    free(t->lines);
    free(t->churn);
    free(t->heat);
    free(t->arena);
}

static uint32_t hash(uint32_t physical, uint32_t eip)
{
    uint32_t h = physical * 0x9E3779B1u ^ eip * 0x85EBCA6Bu;

    return h >> 16;
}

struct translated *cache_find(const struct translator *t, const struct translated *from, const struct unit *u)
{
    struct translated *block = from ? from->next_hash : t->bucket[hash(u->physical, u->eip) % BUCKETS];

    while (block && !(block->physical == u->physical && block->eip == u->eip && block->bits == u->bits &&
                      block->limit == u->limit))
        block = block->next_hash;
    return block;
}

uint16_t *cache_heat(struct translator *t, uint32_t physical, uint32_t eip)
{
    return &t->heat[hash(physical + 1, eip) % HEAT];
}

/* --- Links --- */
static void exit_unlink(struct block_exit *exit)
{
    struct block_exit **link = &exit->to->incoming;

    while (*link != exit)
        link = &(*link)->next;
    *link = exit->next;
    exit->to = NULL;
    backend_aim(exit, NULL);
}

void cache_link(struct translator *t, struct block_exit *exit, struct translated *to)
{
    if (!exit->from->valid || !to->valid || exit->to == to || (exit->to && !exit->guard))
        return;
    if (exit->to) /* another page is there now */
        exit_unlink(exit);
    exit->to = to;
    exit->next = to->incoming;
    to->incoming = exit;
    backend_aim(exit, to);
    t->statistics.links++;
}

/* Nothing leads to the block any more, and it leads nowhere. */
static void detach(struct translator *t, struct translated *block)
{
    struct jump *jump = jump_of(t->jumps, block->eip), *other = jump_other(t->jumps, jump);

    while (block->incoming)
        exit_unlink(block->incoming);
    for (unsigned n = 0; n < block->exits; n++)
        if (block->exit[n].to)
            exit_unlink(&block->exit[n]);
    if (jump->code == block->entry)
        jump->key = UINT64_MAX;
    if (other->code == block->entry)
        other->key = UINT64_MAX;
}

/* --- Lines --- */
static unsigned line_of(uint32_t address)
{
    return (address & PAGE_MASK) / LINE_SIZE;
}

static void lines_set(struct page_lines *lines, const struct translated *block)
{
    for (unsigned line = line_of(block->physical - block->before); line <= line_of(block->physical + block->bytes - 1u);
         line++)
        lines->bits[line / 64] |= UINT64_C(1) << line % 64;
}

static bool lines_any(const struct page_lines *lines, uint32_t address, uint32_t length)
{
    for (unsigned line = line_of(address); line <= line_of(address + length - 1); line++)
        if (lines->bits[line / 64] >> line % 64 & 1)
            return true;
    return false;
}

/* --- Coming and going --- */
static void forget(struct translator *t, struct translated *block)
{
    struct translated **link = &t->bucket[hash(block->physical, block->eip) % BUCKETS];

    while (*link != block)
        link = &(*link)->next_hash;
    *link = block->next_hash;
    block->valid = false;
    detach(t, block);
    *cache_heat(t, block->physical, block->eip) = 0;
    t->statistics.invalidated++;
}

void cache_code_changed(struct cpu *cpu, uint32_t address, uint32_t length)
{
    struct translator *t = cpu->translator;
    uint32_t page = address / PAGE_SIZE;
    struct translated **link;
    bool touched = false;

    if (!t->page[page] || !lines_any(&t->lines[page], address, length))
        return;
    link = &t->page[page];
    while (*link) {
        struct translated *entry = *link, *block = entry->whole ? entry->whole : entry;
        bool hit = entry->physical - entry->before < address + length && address < entry->physical + entry->bytes;
        if (hit && block->valid) {
            forget(t, block);
            touched = true;
        }
        if (block->valid)
            link = &entry->next_in_page;
        else /* perhaps by its other page */
            *link = entry->next_in_page;
    }
    if (!touched)
        return;
    cpu->leave = true;
    if (t->churn[page] < UINT8_MAX)
        t->churn[page]++;
    t->lines[page] = (struct page_lines){{0}};
    for (const struct translated *block = t->page[page]; block; block = block->next_in_page)
        lines_set(&t->lines[page], block);
}

/* The block, or its second part, is in this page of RAM. */
static void enlist(struct cpu *cpu, struct translated *entry, int64_t page)
{
    struct translator *t = cpu->translator;

    if (page < 0)
        return; /* ROM */
    entry->next_in_page = t->page[page];
    t->page[page] = entry;
    lines_set(&t->lines[page], entry);
    if (!(cpu->memory->flags[page] & PAGE_CODE)) {
        cpu->memory->flags[page] |= PAGE_CODE;
        mmu_protect(cpu, (uint32_t)page * PAGE_SIZE);
    }
}

bool cache_holds_page(const struct cpu *cpu, uint32_t page)
{
    return cpu->translator->page[page];
}

void cache_flush(struct cpu *cpu)
{
    struct translator *t = cpu->translator;
    uint32_t pages = cpu->memory->ram_size / PAGE_SIZE;

    for (uint32_t n = 0; n < BUCKETS; n++) {
        for (struct translated *block = t->bucket[n]; block; block = block->next_hash)
            block->valid = false;
        t->bucket[n] = NULL;
    }
    memset(t->page, 0, pages * sizeof *t->page);
    memset(t->lines, 0, pages * sizeof *t->lines);
    memset(t->churn, 0, pages);
    memset(t->jumps, 0xFF, sizeof *t->jumps);
    t->emptied = true;
    t->statistics.flushes++;
}

void cache_code_place(struct translator *t)
{
    uint8_t *middle = t->memory.write + t->memory.size / 2;

    t->code = (struct code){.at = t->memory.write,
                            .end = middle,
                            .aside = middle,
                            .aside_end = t->memory.write + t->memory.size,
                            .run = t->memory.run - t->memory.write};
}

void cache_settle(struct translator *t)
{
    if (!t->emptied)
        return;
    t->emptied = false;
    t->used = 0;
    cache_code_place(t);
    backend_init(&t->backend, &t->code);
}

/* Lays out the groups of records that are the interpreter's, after the block's own. Returns where the next may lie. */
static uint8_t *groups_make(const struct unit *u, struct translated *block, uint8_t *at)
{
    unsigned count = 0;

    block->group = (struct record_group *)(void *)at;
    for (unsigned n = 0; n < u->count; n++)
        if (!u->compiled[n]) {
            block->group[count++] = (struct record_group){
                .block = block, .first = (uint8_t)n, .count = (uint8_t)backend_group_length(u, n)};
            n += block->group[count - 1].count - 1u;
        }
    at += count * sizeof *block->group;
    for (struct record_group *g = block->group; g < block->group + count; g++) {
        struct code_block *records = (struct code_block *)(void *)at;
        uint16_t offset = u->insn[g->first].offset;
        *records = (struct code_block){.count = g->count};
        memcpy(records->insn, &u->insn[g->first], g->count * sizeof *records->insn);
        for (unsigned n = 0; n < g->count; n++)
            records->insn[n].offset = (uint16_t)(records->insn[n].offset - offset);
        records->insn[g->count] = (struct insn){
            .run = block_end,
            .offset = (uint16_t)(records->insn[g->count - 1].offset + records->insn[g->count - 1].length)};
        g->records = records;
        at = (uint8_t *)(records->insn + g->count + 1);
    }
    return at;
}

bool cache_refuses(const struct cpu *cpu, uint32_t physical)
{
    int64_t page = memory_page(cpu->memory, physical);

    return page >= 0 && cpu->translator->churn[page] > CHURN_LIMIT;
}

struct translated *cache_add(struct cpu *cpu)
{
    struct translator *t = cpu->translator;
    const struct unit *u = &t->unit;
    int64_t page = memory_page(cpu->memory, u->physical);
    uint32_t first = PAGE_SIZE - (u->physical & PAGE_MASK);
    struct translated *block, **bucket = &t->bucket[hash(u->physical, u->eip) % BUCKETS];

    if (t->used + BLOCK_ROOM > ARENA_SIZE || !code_has_room(&t->code, CODE_ROOM)) {
        cache_flush(cpu);
        return NULL;
    }
    block = (struct translated *)(void *)(t->arena + t->used);
    *block = (struct translated){.physical = u->physical,
                                 .eip = u->eip,
                                 .limit = u->limit,
                                 .bits = u->bits,
                                 .second = u->second,
                                 .bytes = (uint16_t)(u->bytes < first ? u->bytes : first),
                                 .before = (uint16_t)u->before,
                                 .count = (uint8_t)u->count,
                                 .valid = true};
    memcpy(block->insn, u->insn, u->count * sizeof *u->insn);
    block->exit = (struct block_exit *)(void *)groups_make(u, block, (uint8_t *)(block->insn + u->count));
    backend_compile(&t->backend, &t->code, u, block);
    t->used = ((size_t)((uint8_t *)(block->exit + block->exits) - t->arena) + 15) & ~(size_t)15;
    block->next_hash = *bucket;
    *bucket = block;
    t->statistics.translated++;
    t->statistics.instructions += u->count;
    t->statistics.host_bytes += (uint64_t)(t->code.at - block->link) + (uint64_t)(t->code.aside - t->backend.aside);
    enlist(cpu, block, page);
    if (u->second != NO_SECOND) {
        struct translated *rest = (struct translated *)(void *)(t->arena + t->used);
        t->used += (sizeof *rest + 15) & ~(size_t)15;
        *rest = (struct translated){
            .whole = block, .physical = u->second, .bytes = (uint16_t)(u->bytes - block->bytes)};
        enlist(cpu, rest, memory_page(cpu->memory, u->second));
    }
    return block;
}
