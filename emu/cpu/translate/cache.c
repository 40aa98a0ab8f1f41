/* cache.c - blocks of translated code: found by where their bytes lie and what they were translated for, dropped when
 * the bytes change.
 *
 * Memory is divided into regions, of code and of records of blocks, that are filled one after the other. Blocks are
 * made in a nursery. When there is no region left, the oldest is emptied: what was used since nothing led to its blocks
 * any more moves to a tenured region, the rest is dropped. A block that is dropped stays where it is until its region
 * is emptied, so that the one that runs may drop itself; regions are only emptied while nothing runs (cache_settle). */
#include "emu/cpu/translate/internal.h"

#include <stdlib.h>

#define BUCKETS 131072u
#define HEAT 65536u
#define LINE_SIZE 16u
/* A page whose translated code is written to more often than once in 2^20 ticks, for 100 times more than that, is left
 * to the interpreter until the mean is that again. */
#define CHURN_SHIFT 20
#define CHURN_LIMIT 100u
/* An immediate operand that was written to this often is not part of what is translated any more. */
#define LOOSE_WRITES 3u
#define LOOSE_ENTRIES 1024u
#define GROUP_ROOM(records) \
    (sizeof(struct record_group) + sizeof(struct code_block) + ((records) + 1) * sizeof(struct insn))
#define BLOCK_ROOM \
    (2 * UNIT_LIMIT * GROUP_ROOM(1) + 2 * sizeof(struct translated) + UNIT_LIMIT * sizeof(struct slow_record) + \
     EXIT_LIMIT * sizeof(struct block_exit))
#define CODE_ROOM (UNIT_LIMIT * 1024u)
#define REGION_CODE (4 * CODE_ROOM)            /* at least, if there are several */
#define RECORDS_OF(code) ((code) + BLOCK_ROOM) /* bytes for records of blocks with so much code */
#define REGIONS_LEAST 4u

enum generation { NURSERY, TENURED, FREE };

bool cache_init(struct cpu *cpu)
{
    struct translator *t = cpu->translator;
    uint32_t pages = cpu->memory->ram_size / PAGE_SIZE;

    t->bucket = calloc(BUCKETS, sizeof *t->bucket);
    t->page = calloc(pages, sizeof *t->page);
    t->lines = calloc(pages, sizeof *t->lines);
    t->loose = calloc(LOOSE_ENTRIES, sizeof *t->loose);
    t->calm = calloc(pages, sizeof *t->calm);
    t->heat = calloc(HEAT, sizeof *t->heat);
    t->arena = malloc(REGIONS * RECORDS_OF(t->memory.size / REGIONS));
    return t->bucket && t->page && t->lines && t->loose && t->calm && t->heat && t->arena;
}

static void jump_pages_free(struct translator *t)
{
    for (unsigned n = 0; n < JUMP_PAGES; n++) {
        free(t->jump_page[n]);
        t->jump_page[n] = NULL;
    }
}

void cache_free(struct translator *t)
{
    jump_pages_free(t);
    free(t->bucket);
    free(t->page);
    free(t->lines);
    free(t->loose);
    free(t->calm);
    free(t->heat);
    free(t->arena);
}

/* How much of it is for code that is not rare. */
static size_t region_code(const struct region *r)
{
    return r->size / 8 * 5;
}

static void region_clear(struct region *r)
{
    r->generation = FREE;
    r->at = r->code;
    r->aside = r->code + region_code(r);
    r->used = 0;
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

void cache_begin(struct cpu *cpu)
{
    struct translator *t = cpu->translator;
    uint8_t *start;
    size_t code, records;

    backend_init(&t->backend, &t->code);
    start = t->code.at;
    code = t->memory.size - (size_t)(start - t->memory.write);
    t->region_count = code / REGION_CODE < REGIONS ? (unsigned)(code / REGION_CODE) : REGIONS;
    if (t->region_count < REGIONS_LEAST)
        t->region_count = 1;
    code /= t->region_count;
    records = REGIONS * RECORDS_OF(t->memory.size / REGIONS) / t->region_count & ~(size_t)15;
    for (unsigned n = 0; n < t->region_count; n++) {
        t->region[n] = (struct region){
            .code = start + n * code, .size = code, .records = t->arena + n * records, .room = records};
        region_clear(&t->region[n]);
    }
    t->filling[NURSERY] = t->filling[TENURED] = NULL;
}

static uint32_t hash(uint32_t physical, uint32_t eip)
{
    uint32_t h = physical * 0x9E3779B1u ^ eip * 0x85EBCA6Bu;

    return h >> 15;
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
    *exit->previous = exit->next;
    if (exit->next)
        exit->next->previous = exit->previous;
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
    if (exit->next)
        exit->next->previous = &exit->next;
    exit->previous = &to->incoming;
    to->incoming = exit;
    backend_aim(exit, to);
    t->statistics.links++;
}

/* --- Jumps by a table within a page --- As code of the page runs, it is mapped where it was: EIP says all. */

/* What there is for a page of code, of its context; made if it is wanted and there is memory. */
static struct jump_page *jump_page_of(struct translator *t, const struct jump_key *key, bool wanted)
{
    struct jump_page **place = &t->jump_page[hash(key->physical + key->bits, key->eip) % JUMP_PAGES], *page = *place;

    if (!page && wanted && (page = *place = calloc(1, sizeof *page)))
        page->key = *key;
    return page && !memcmp(&page->key, key, sizeof *key) ? page : NULL;
}

/* The entry that leads to a block, or null. */
static const uint8_t **jump_to(struct translator *t, const struct translated *block)
{
    struct jump_key key = {block->physical & ~PAGE_MASK, block->eip & ~PAGE_MASK, block->limit, block->bits};
    struct jump_page *page = jump_page_of(t, &key, false);

    return page ? &page->code[block->eip & PAGE_MASK] : NULL;
}

void cache_note_jump(struct translator *t, const struct translated *block)
{
    const uint8_t **jump = jump_to(t, block);

    if (jump)
        *jump = block->entry;
}

static void forget_jump(struct translator *t, const struct translated *block)
{
    const uint8_t **jump = jump_to(t, block);

    if (jump && *jump == block->entry)
        *jump = NULL;
}

/* Nothing leads to the block any more: it is entered by way of cache_find only. */
static void isolate(struct translator *t, struct translated *block)
{
    struct jump *jump = jump_of(t->jumps, block->eip), *other = jump_other(t->jumps, jump);

    while (block->incoming)
        exit_unlink(block->incoming);
    forget_jump(t, block);
    if (jump->code == block->entry)
        jump->key = UINT64_MAX;
    if (other->code == block->entry)
        other->key = UINT64_MAX;
}

/* And it leads nowhere. */
static void detach(struct translator *t, struct translated *block)
{
    isolate(t, block);
    for (unsigned n = 0; n < block->exits; n++)
        if (block->exit[n].to)
            exit_unlink(&block->exit[n]);
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
/* The block is not found any more, and nothing leads to it. Lists of pages still have it. */
static void drop(struct translator *t, struct translated *block)
{
    struct translated **link = &t->bucket[hash(block->physical, block->eip) % BUCKETS];

    while (*link != block)
        link = &(*link)->next_hash;
    *link = block->next_hash;
    block->valid = false;
    detach(t, block);
}

static void forget(struct translator *t, struct translated *block)
{
    drop(t, block);
    *cache_heat(t, block->physical, block->eip) = 0;
    t->statistics.invalidated++;
}

/* Takes an entry from the list of its page. */
static void unlist(struct translated *entry)
{
    if (!entry || !entry->in_page)
        return;
    *entry->in_page = entry->next_in_page;
    if (entry->next_in_page)
        entry->next_in_page->in_page = entry->in_page;
    entry->in_page = NULL;
}

static void lines_again(struct translator *t, uint32_t page)
{
    t->lines[page] = (struct page_lines){{0}};
    for (const struct translated *block = t->page[page]; block; block = block->next_in_page)
        lines_set(&t->lines[page], block);
}

/* --- Immediate operands that change --- */
static struct loose *loose_of(const struct translator *t, uint32_t at)
{
    return &t->loose[hash(at, 0) % LOOSE_ENTRIES];
}

/* How many writes make an immediate operand no part of what is translated. */
static unsigned loose_limit(const struct translator *t)
{
    return t->threshold ? LOOSE_WRITES : 1;
}

static void loose_count(struct translator *t, uint32_t at)
{
    struct loose *loose = loose_of(t, at);

    if (loose->at != at)
        *loose = (struct loose){.at = at};
    if (loose->count < LOOSE_WRITES)
        loose->count++;
    t->loosens |= loose->count >= loose_limit(t);
}

static bool is_hot(const struct translator *t, uint32_t at)
{
    for (unsigned byte = 0; byte < LOOSE_BYTES; byte++) {
        const struct loose *known = loose_of(t, at + byte);
        if (known->at == at + byte && known->count >= loose_limit(t))
            return true;
    }
    return false;
}

/* Whether an operand's bytes are nothing else in a unit: code may jump into an instruction. */
static bool is_alone(const struct unit *u, uint32_t offset)
{
    for (unsigned n = 0; n < u->count; n++) {
        const struct insn *i = &u->insn[n];
        bool apart = (int32_t)(insn_offset(i) + i->length) <= (int32_t)offset ||
                     (int32_t)insn_offset(i) >= (int32_t)(offset + LOOSE_BYTES);
        if (!apart && !(backend_loosens(i) && loose_offset(i) == offset))
            return false;
    }
    return true;
}

void cache_loosen(const struct translator *t, struct unit *u)
{
    u->loose_count = 0;
    for (unsigned n = 0; t->loosens && u->code && n < u->count && u->loose_count < LOOSE_LIMIT; n++) {
        const struct insn *i = &u->insn[n];
        if (backend_loosens(i) && !unit_loosens(u, i) && is_hot(t, u->physical + loose_offset(i)) &&
            is_alone(u, loose_offset(i)))
            u->loose[u->loose_count++] = (int16_t)loose_offset(i);
    }
}

/* Whether bytes that touch a block are but an immediate operand that it reads when it needs it. */
static bool leaves_code(const struct translated *block, uint32_t address, uint32_t length)
{
    for (unsigned n = 0; n < block->loose_count; n++) {
        uint32_t from = address - block->physical - (uint32_t)block->loose[n];
        if (from < LOOSE_BYTES && from + length <= LOOSE_BYTES)
            return true;
    }
    return false;
}

static uint64_t churn_now(const struct cpu *cpu)
{
    return clock_now(cpu->clock) >> CHURN_SHIFT;
}

void cache_code_changed(struct cpu *cpu, uint32_t address, uint32_t length)
{
    struct translator *t = cpu->translator;
    uint32_t page = address / PAGE_SIZE;
    bool touched = false;

    if (!t->page[page] || !lines_any(&t->lines[page], address, length))
        return;
    for (struct translated *entry = t->page[page], *next; entry; entry = next) {
        struct translated *block = entry->whole ? entry->whole : entry;
        bool hit = entry->physical - entry->before < address + length && address < entry->physical + entry->bytes;
        if (hit && block->valid && !leaves_code(block, address, length)) {
            forget(t, block);
            touched = true;
        }
        next = entry->next_in_page;
        if (!block->valid) /* perhaps by its other page */
            unlist(entry);
    }
    if (!touched)
        return;
    cpu->leave = true;
    loose_count(t, address);
    t->calm[page] = (t->calm[page] > churn_now(cpu) ? t->calm[page] : churn_now(cpu)) + 1;
    lines_again(t, page);
}

/* The block, or its second part, is in this page of RAM. */
static void enlist(struct cpu *cpu, struct translated *entry, int64_t page)
{
    struct translator *t = cpu->translator;

    if (page < 0)
        return; /* ROM */
    entry->next_in_page = t->page[page];
    if (entry->next_in_page)
        entry->next_in_page->in_page = &entry->next_in_page;
    entry->in_page = &t->page[page];
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

uint64_t cache_write_beside_code(struct cpu *cpu, uint32_t linear)
{
    const struct translator *t = cpu->translator;
    const struct tlb_entry *e = &cpu->tlb[TLB_SLOT(linear)];
    uint32_t page = e->physical / PAGE_SIZE, room = PAGE_SIZE - (linear & PAGE_MASK),
             address = e->physical | (linear & PAGE_MASK), length = room < BESIDE_CODE_SIZE ? room : BESIDE_CODE_SIZE;

    if (e->marked != (linear & ~PAGE_MASK) || cpu->memory->flags[page] != PAGE_CODE ||
        lines_any(&t->lines[page], address, length) || !blocks_are_elsewhere(cpu, address, length))
        return 0;
    return e->addend;
}

/* --- Regions --- */
static struct translated *first_of(const struct region *r)
{
    return (struct translated *)(void *)r->records;
}

/* The block after another in its region, which may be the end of the region. */
static struct translated *after(struct translated *block)
{
    return (struct translated *)(void *)((uint8_t *)block + block->room);
}

static bool is_in(const struct region *r, const struct translated *block)
{
    return (uint8_t *)block < r->records + r->used;
}

static unsigned free_regions(const struct translator *t)
{
    unsigned count = 0;

    for (unsigned n = 0; n < t->region_count; n++)
        count += t->region[n].generation == FREE;
    return count;
}

/* The region to be emptied next: tenured ones may take three quarters. */
static struct region *victim(struct translator *t)
{
    struct region *oldest[2] = {NULL, NULL};
    unsigned tenured = 0;

    for (struct region *r = t->region; r < t->region + t->region_count; r++) {
        if (r->generation == FREE)
            continue;
        tenured += r->generation == TENURED;
        if (!oldest[r->generation] || r->opened < oldest[r->generation]->opened)
            oldest[r->generation] = r;
    }
    return oldest[TENURED] && (!oldest[NURSERY] || tenured > t->region_count / 4 * 3) ? oldest[TENURED]
                                                                                      : oldest[NURSERY];
}

/* From now on each block of a region is noted when it is used, as nothing leads to it directly at first. */
static void age(struct translator *t, struct region *r)
{
    for (struct translated *block = first_of(r); is_in(r, block); block = after(block)) {
        block->used = false;
        if (block->valid)
            isolate(t, block);
    }
}

/* The region that is filled, with room for one block more; or null. The last free one is kept for what moves out of a
 * region that is emptied. */
static struct region *region_with_room(struct translator *t, enum generation generation)
{
    struct region *r = t->filling[generation];
    unsigned kept = generation == NURSERY && t->region_count > 1;

    if (r && r->used + BLOCK_ROOM <= r->room && (size_t)(r->code + region_code(r) - r->at) >= CODE_ROOM &&
        (size_t)(r->code + r->size - r->aside) >= CODE_ROOM)
        return r;
    if (free_regions(t) <= kept)
        return NULL;
    if (r && t->region_count > 1)
        age(t, r);
    for (r = t->region; r->generation != FREE; r++)
        ;
    r->generation = (uint8_t)generation;
    r->opened = ++t->openings;
    t->filling[generation] = r;
    return r;
}

static struct translated *block_make(struct cpu *cpu, struct region *r);

/* Makes a block of a tenured region of one that is dropped, if there is room. */
static bool promote(struct cpu *cpu, const struct translated *block)
{
    struct translator *t = cpu->translator;
    struct region *to = region_with_room(t, TENURED);

    if (to) {
        unit_again(cpu, &t->unit, block);
        block_make(cpu, to);
    }
    return to;
}

/* Empties a region. keep: what was used moves to a tenured one. Whether most of it did not. */
static bool region_empty(struct cpu *cpu, struct region *r, bool keep)
{
    struct translator *t = cpu->translator;
    unsigned kept = 0, dropped = 0;

    for (unsigned n = 0; n < 2; n++)
        if (t->filling[n] == r)
            t->filling[n] = NULL;
    for (struct translated *block = first_of(r); is_in(r, block); block = after(block)) {
        unlist(block);
        unlist(block->rest);
        if (!block->valid)
            continue;
        drop(t, block);
        if (keep && block->used && block->second == NO_SECOND && memory_page(cpu->memory, block->physical) >= 0 &&
            promote(cpu, block))
            kept++;
        else
            dropped++;
    }
    t->statistics.promoted += kept;
    t->statistics.evicted += dropped;
    region_clear(r);
    return kept < dropped;
}

/* Until there is a region for the nursery, and one to move to. Where most of what there is was used, the oldest goes
 * nevertheless. */
static void make_room(struct cpu *cpu)
{
    struct translator *t = cpu->translator;
    bool keep = true;

    while (free_regions(t) < 2)
        keep = region_empty(cpu, victim(t), keep) && keep;
}

void cache_flush(struct cpu *cpu)
{
    struct translator *t = cpu->translator;

    for (struct region *r = t->region; r < t->region + t->region_count; r++)
        for (struct translated *block = first_of(r); is_in(r, block); block = after(block)) {
            t->bucket[hash(block->physical, block->eip) % BUCKETS] = NULL;
            forget_jump(t, block);
            unlist(block);
            unlist(block->rest);
            block->valid = false;
        }
    memset(t->lines, 0, cpu->memory->ram_size / PAGE_SIZE * sizeof *t->lines);
    memset(t->calm, 0, cpu->memory->ram_size / PAGE_SIZE * sizeof *t->calm);
    memset(t->jumps, 0xFF, sizeof *t->jumps);
    t->emptied = true;
    t->statistics.flushes++;
}

void cache_settle(struct cpu *cpu)
{
    struct translator *t = cpu->translator;

    if (t->emptied) {
        jump_pages_free(t);
        for (unsigned n = 0; n < t->region_count; n++)
            region_clear(&t->region[n]);
        t->filling[NURSERY] = t->filling[TENURED] = NULL;
    } else if (t->full) {
        make_room(cpu);
    }
    t->emptied = t->full = false;
}

void cache_count(const struct translator *t, struct translator_statistics *s)
{
    for (const struct region *r = t->region; r < t->region + t->region_count; r++) {
        if (r->generation == FREE)
            continue;
        s->generation[r->generation].bytes += (uint64_t)(r->at - r->code) +
                                              (uint64_t)(r->aside - r->code - region_code(r));
        for (struct translated *block = first_of(r); is_in(r, block); block = after(block))
            s->generation[r->generation].blocks += block->valid;
    }
}

/* --- Making --- */

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
        for (struct insn *i = records->insn; i < records->insn + g->count; i++) {
            i->offset = (uint16_t)(i->offset - offset);
            i->run = interpreter_handler(i);
        }
        records->insn[g->count] = (struct insn){
            .run = block_end,
            .offset = (uint16_t)(records->insn[g->count - 1].offset + records->insn[g->count - 1].length)};
        g->records = records;
        g->offset = offset;
        at = (uint8_t *)(records->insn + g->count + 1);
    }
    return at;
}

bool cache_refuses(const struct cpu *cpu, uint32_t physical)
{
    int64_t page = memory_page(cpu->memory, physical);

    return page >= 0 && cpu->translator->calm[page] > churn_now(cpu) + CHURN_LIMIT;
}

/* Fills in where a jump by a table, with which a unit ends, finds the code of its page: what was reached by others. */
static void find_page_jumps(struct cpu *cpu, struct unit *u)
{
    struct translator *t = cpu->translator;
    struct jump_key key = {u->physical & ~PAGE_MASK, u->eip & ~PAGE_MASK, u->limit, u->bits & ~(uint32_t)CONTEXT_PLAIN};
    int64_t number = memory_page(cpu->memory, u->physical);
    struct jump_page *page;

    u->page_jumps = NULL;
    if (!backend_jumps_by_table(u) || t->unit_ended || number < 0 || !(page = jump_page_of(t, &key, true)))
        return;
    u->page_jumps = page->code;
    for (const struct translated *block = t->page[number]; block; block = block->next_in_page)
        if (block->valid && block->used)
            cache_note_jump(t, block);
}

/* Makes a block of what is in t->unit, in a region that has room. */
static struct translated *block_make(struct cpu *cpu, struct region *r)
{
    struct translator *t = cpu->translator;
    struct unit *u = &t->unit;
    uint32_t first = PAGE_SIZE - (u->physical & PAGE_MASK);
    struct translated *block, **bucket = &t->bucket[hash(u->physical, u->eip) % BUCKETS];
    uint8_t *at = r->records + r->used;

    block = (struct translated *)(void *)at;
    *block = (struct translated){.physical = u->physical,
                                 .eip = u->eip,
                                 .limit = u->limit,
                                 .bits = u->bits,
                                 .second = u->second,
                                 .bytes = (uint16_t)(u->bytes < first ? u->bytes : first),
                                 .before = (uint16_t)u->before,
                                 .count = (uint8_t)u->count,
                                 .valid = true,
                                 .used = true};
    block->loose_count = (uint8_t)u->loose_count;
    memcpy(block->loose, u->loose, sizeof block->loose);
    block->exit = (struct block_exit *)(void *)groups_make(u, block, (uint8_t *)(block + 1));
    find_page_jumps(cpu, u);
    t->code.at = r->at;
    t->code.end = r->code + region_code(r);
    t->code.aside = r->aside;
    t->code.aside_end = r->code + r->size;
    backend_compile(&t->backend, &t->code, u, block);
    for (unsigned n = 0; n < block->slow_count; n++)
        block->slow[n].insn.run = interpreter_handler(&block->slow[n].insn);
    r->at = t->code.at;
    r->aside = t->code.aside;
    at = (uint8_t *)(block->slow + block->slow_count);
    block->next_hash = *bucket;
    *bucket = block;
    t->statistics.translated++;
    t->statistics.instructions += u->count;
    t->statistics.host_bytes += (uint64_t)(t->code.at - block->link) + (uint64_t)(t->code.aside - t->backend.aside);
    enlist(cpu, block, memory_page(cpu->memory, u->physical));
    if (u->second != NO_SECOND) {
        struct translated *rest = (struct translated *)(void *)at;
        at += sizeof *rest;
        *rest = (struct translated){
            .whole = block, .physical = u->second, .bytes = (uint16_t)(u->bytes - block->bytes)};
        block->rest = rest;
        enlist(cpu, rest, memory_page(cpu->memory, u->second));
    }
    block->room = (uint32_t)(at - (uint8_t *)block + 15) & ~15u;
    r->used += block->room;
    if (t->backend.places)
        translator_report(t, block);
    return block;
}

struct translated *cache_add(struct cpu *cpu)
{
    struct translator *t = cpu->translator;
    struct region *r = region_with_room(t, NURSERY);

    if (!r && t->region_count == 1)
        cache_flush(cpu);
    else if (!r)
        t->full = true;
    return r ? block_make(cpu, r) : NULL;
}
