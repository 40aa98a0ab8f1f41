/* translate.c - the loop of the translator: from block to block as long as nothing waits (translate.h). */
#include "emu/cpu/translate/internal.h"

#include <stdlib.h>

#define MXCSR_MASKS 0x1F80u
#define COLD_TICKS 128u /* more than a block of the interpreter takes */
#define INSN_LIMIT 15u  /* bytes of an instruction */

static const uint8_t *run_record(struct cpu *cpu, struct translated *block, unsigned number);
static const uint8_t *run_group(struct cpu *cpu, struct record_group *group);

static const struct translator_hooks hooks = {
    .code_changed = cache_code_changed,
    .holds_page = cache_holds_page,
    .flush = cache_flush,
    .page_filled = pages_filled,
    .sides_entered = pages_sides_entered,
    .sides_cleared = pages_sides_cleared,
    .range_dropped = pages_range_dropped,
    .page_protected = pages_protected,
};

bool translator_init(struct cpu *cpu, const struct code_memory *memory)
{
    struct translator *t;

    if (!memory || !memory->write || sizeof(void *) != 8 || (uintptr_t)cpu->memory->ram <= UINT32_MAX)
        return false;
    t = cpu->translator = calloc(1, sizeof *t);
    if (!t)
        return false;
    t->memory = *memory;
    t->threshold = TRANSLATOR_THRESHOLD;
    cpu->view.enabled = true;
    cache_code_place(t);
    t->jumps = malloc(sizeof *t->jumps);
    t->single = calloc(1, sizeof(struct code_block) + 2 * sizeof(struct insn));
    t->backend.scratch = malloc(backend_scratch_size);
    t->software = calloc(opcode_row_count, 1);
    if (!t->software || !t->jumps || !t->single || !t->backend.scratch || !cache_init(cpu) || !pages_init(cpu) ||
        !backend_sees_changes(&t->code)) {
        translator_free(cpu);
        return false;
    }
    cpu->view.mxcsr_default = MXCSR_MASKS;
    cpu->view.run_record = run_record;
    cpu->view.run_group = run_group;
    cpu->view.flags_ready = layered_flags_ready;
    cpu->view.write_beside_code = cache_write_beside_code;
    cpu->view.x87_give = backend_x87_give;
    cpu->view.x87_take = backend_x87_take;
    cpu->view.jumps = t->jumps;
    cpu->view.descriptors = t->descriptors;
    t->statistics.software_rows = backend_try_rows(cpu, &t->code, t->single, t->software);
    t->unit.software = t->software;
    cpu->hooks = &hooks;
    cache_begin(cpu);
    memset(t->jumps, 0xFF, sizeof *t->jumps);
    mmu_flush(cpu); /* from now on the tables hold what the MMU keeps */
    return true;
}

void translator_free(struct cpu *cpu)
{
    struct translator *t = cpu->translator;

    if (!t)
        return;
    cache_free(t);
    pages_free(t);
    free(t->jumps);
    free(t->single);
    free(t->backend.scratch);
    free(t->software);
    free(t);
    cpu->translator = NULL;
    cpu->hooks = NULL;
    cpu->view.enabled = false;
}

void translator_set_threshold(struct cpu *cpu, unsigned threshold)
{
    if (cpu->translator)
        cpu->translator->threshold = threshold, cpu->translator->loosens = true;
}

void translator_enable(struct cpu *cpu, bool enabled)
{
    if (cpu->translator)
        cpu->view.enabled = enabled;
}

void translator_watch(struct cpu *cpu, void (*unit_ended)(void *context), void *context)
{
    struct translator *t = cpu->translator;

    if (!t)
        return;
    if (unit_ended && !t->unit_ended)
        cache_flush(cpu); /* what leads to others already */
    t->unit_ended = unit_ended;
    t->watch_context = context;
}

struct translator_statistics translator_statistics(const struct cpu *cpu)
{
    const struct translator *t = cpu->translator;
    struct translator_statistics s = {0};

    if (!t)
        return s;
    s = t->statistics;
    cache_count(t, &s);
    s.code_size = t->memory.size;
    return s;
}

void translator_watch_translation(struct cpu *cpu, const struct translation_watch *watch)
{
    struct translator *t = cpu->translator;

    if (!t)
        return;
    t->watch = *watch;
    t->backend.places = t->places;
}

/* --- What code is translated for --- */
static bool is_flat(const struct segment *s)
{
    return !s->base && s->read_end > UINT32_MAX && s->write_end > UINT32_MAX;
}

uint32_t context_bits(const struct cpu *cpu)
{
    const struct segment *s = cpu->seg;

    return (s[SEG_CS].rights & RIGHTS_D ? CONTEXT_32 : 0) | (s[SEG_SS].rights & RIGHTS_D ? CONTEXT_STACK32 : 0) |
           (cpu->user ? CONTEXT_USER : 0) | (cpu->cr0 & CR0_PE && !(cpu->flags & FLAG_VM) ? CONTEXT_PROTECTED : 0) |
           (is_flat(&s[SEG_ES]) ? CONTEXT_FLAT_ES : 0) | (is_flat(&s[SEG_SS]) ? CONTEXT_FLAT_SS : 0) |
           (is_flat(&s[SEG_DS]) ? CONTEXT_FLAT_DS : 0) | (cpu->cr0 & CR0_EM ? CONTEXT_EM : 0) |
           (cpu->cr0 & CR0_TS ? CONTEXT_TS : 0) | (cpu->cr4 & CR4_OSFXSR ? CONTEXT_OSFXSR : 0) |
           (s[SEG_CS].base ? CONTEXT_BASE : 0) | (cpu->flags & FLAG_VM ? CONTEXT_VM : 0) |
           ((cpu->mxcsr & MXCSR_MASKS) == MXCSR_MASKS ? CONTEXT_MASKED : 0) |
           ((cpu->x87.control & X87_EXCEPTIONS) == X87_EXCEPTIONS ? CONTEXT_X87_MASKED : 0);
}

static bool context_is(const struct translator *t, unsigned n, uint32_t bits, const struct segment *cs)
{
    const struct context *c = &t->contexts[n];

    return c->bits == bits && c->limit == cs->limit && c->base == (cs->base & PAGE_MASK);
}

/* Gives the context in which the processor is a number, and sets what translated code finds by it. */
static void enter_context(struct cpu *cpu, uint32_t bits)
{
    struct translator *t = cpu->translator;
    const struct segment *cs = &cpu->seg[SEG_CS];
    unsigned n = (unsigned)(cpu->view.jump_tag >> JUMP_CONTEXT_SHIFT);
    struct flat_context *flat = &cpu->view.flat[cpu->user];

    cpu->view.pages = flat->pages = pages_table(t, cpu->user);
    if (n < t->context_count && context_is(t, n, bits, cs))
        return;
    for (n = 0; n < t->context_count && !context_is(t, n, bits, cs); n++)
        ;
    if (n == CONTEXTS) {
        n = t->context_count = 0;
        memset(t->jumps, 0xFF, sizeof *t->jumps);
        cpu->view.flat[0].bits = cpu->view.flat[1].bits = 0;
    }
    if (n == t->context_count)
        t->contexts[t->context_count++] = (struct context){bits, cs->limit, cs->base & PAGE_MASK};
    cpu->view.jump_tag = (uint64_t)n << JUMP_CONTEXT_SHIFT;
    if ((bits & (CONTEXTS_FLAT | CONTEXT_BASE)) == CONTEXTS_FLAT && cs->limit == UINT32_MAX) {
        flat->jump_tag = cpu->view.jump_tag;
        flat->bits = bits;
    }
}

/* --- Running --- */

/* What touches no flags leaves the layers as they are: they need not be worked out for an access that only missed the
 * tables. */
static bool keeps_flags(const struct insn *insn)
{
    switch (insn->operation) {
    case OP_MOV:
    case OP_MOVZX8:
    case OP_MOVZX16:
    case OP_MOVSX8:
    case OP_MOVSX16:
    case OP_PUSH:
    case OP_POP:
    case OP_CALL:
    case OP_RET:
    case OP_JMP: return true;
    default: return false;
    }
}

/* The key of the table of jumps for the code at CS:EIP, by what PAGES_CODE has. */
static uint64_t jump_key(const struct cpu *cpu, uint64_t page)
{
    return cpu->view.jump_tag | page | cpu->eip;
}

/* Where code of EIP runs, if the table of jumps has it; or null. The first time that a page runs in an address space it
 * is fetched from, as the interpreter would do now. */
static const uint8_t *known_entry(struct cpu *cpu)
{
    const struct jump *jump = jump_of(cpu->translator->jumps, cpu->eip);
    const struct jump *other = jump_other(cpu->translator->jumps, jump);
    const struct segment *cs = &cpu->seg[SEG_CS];
    uint32_t linear = cs->base + cpu->eip, physical;
    uint64_t page = pages_code(cpu, linear);
    const uint8_t *host;

    if (!page && cpu->eip <= cs->limit && !mmu_fetch(cpu, linear, &physical, &host) && host) {
        pages_executed(cpu, linear, physical);
        page = pages_code(cpu, linear);
    }
    enter_context(cpu, context_bits(cpu));
    if (!page)
        return NULL;
    return jump->key == jump_key(cpu, page) ? jump->code : other->key == jump_key(cpu, page) ? other->code : NULL;
}

/* The table of jumps knows of a block from now on. */
static void note_entry(struct cpu *cpu, const struct translated *block)
{
    struct jump_table *jumps = cpu->translator->jumps;
    struct jump *first = jump_of(jumps, block->eip);
    uint64_t key = jump_key(cpu, JUMP_PAGE(block->physical / PAGE_SIZE + 1));

    if (first->key != key)
        *jump_other(jumps, first) = *first;
    *first = (struct jump){key, block->entry};
}

/* Where translated code goes on after the interpreter ran records of a block and the block is done with: VIEW_LEAVE
 * where the loop has to look around, or knows more. */
static const uint8_t *next_entry(struct cpu *cpu)
{
    const struct translator *t = cpu->translator;
    const uint8_t *entry = NULL;

    cpu->accounted = 0;
    cpu->block = NULL;
    if (!t->emptied && !t->unit_ended && !cpu_must_leave(cpu) && cpu->left > 0)
        entry = known_entry(cpu);
    return entry ? entry : VIEW_LEAVE;
}

/* What comes of a selector is known from now on, if the descriptor is one of the GDT to which the MMU keeps the way. */
static void note_descriptor(struct cpu *cpu, uint16_t selector)
{
    struct known_descriptor *known = &cpu->translator->descriptors[selector / 8 % KNOWN_DESCRIPTORS];
    struct descriptor d;
    bool visible;

    if (!protected_mode(cpu) || selector & SELECTOR_TI || !descriptor_locate(cpu, selector, &d.linear) ||
        cpu->tlbs[0][TLB_SLOT(d.linear)].read != ((d.linear + 7) & ~PAGE_MASK) || descriptor_fetch(cpu, &d))
        return;
    visible = descriptor_conforming(&d) ||
              (descriptor_dpl(&d) >= cpu->cpl && descriptor_dpl(&d) >= (selector & SELECTOR_RPL));
    *known = (struct known_descriptor){
        .bytes = d.low | (uint64_t)d.high << 32, .key = selector | (uint32_t)cpu->cpl << 16, .as = KNOWN};
    if (!(selector & SELECTOR_INDEX)) {
        segment_set_null(&known->segment, selector);
        known->as = KNOWN_NOT_FLAT;
        return;
    }
    known->as |= visible && descriptor_readable(&d) ? KNOWN_READABLE : 0;
    known->as |= visible && descriptor_writable(&d) ? KNOWN_WRITABLE : 0;
    if (known->as & KNOWN_READABLE && descriptor_present(&d) && d.high >> 8 & RIGHTS_ACCESSED) {
        segment_set(&known->segment, selector, &d);
        known->as |= is_flat(&known->segment) ? KNOWN_FLAT : KNOWN_NOT_FLAT;
    }
}

/* After an instruction that the interpreter did. */
static void note_segment(struct cpu *cpu, const struct insn *insn)
{
    uint32_t linear;
    const struct tlb_entry *e;

    if (insn->operation == OP_MOV_TO_SREG || insn->operation == OP_POP_SREG) {
        note_descriptor(cpu, cpu->seg[insn->dst].selector);
    } else if (insn->operation == OP_VERR || insn->operation == OP_VERW) {
        linear = cpu->seg[insn->segment].base + effective_address(cpu, insn);
        e = &cpu->tlb[TLB_SLOT(linear)];
        if (insn->form == FORM_R)
            note_descriptor(cpu, (uint16_t)cpu->reg[insn->dst]);
        else if (e->read == ((linear + 1) & ~PAGE_MASK))
            note_descriptor(cpu, load16(tlb_host(e, linear)));
    }
}

/* Runs records of a block, from its `first` on, as a block of their own. `left` is what it will be after the whole
 * block. leaves: the block is left whatever comes of it. Returns as view.run_record does. */
static const uint8_t *run_records(struct cpu *cpu, struct translated *block, uint16_t offset, unsigned first,
                                  unsigned count, struct code_block *records, bool group, bool leaves)
{
    const struct insn *last = &records->insn[count - 1];
    unsigned rest = block->count - first - count;
    uint32_t removals = pages_removals(cpu->translator);
    uint32_t eip = block->eip + (uint32_t)(int16_t)offset, next = eip + insn_offset(last) + last->length;
    int exit;

    if (count > 1 || !keeps_flags(last))
        layered_flags_end(cpu);
    cpu->left += rest + count;
    cpu->eip = block->bits & CONTEXT_32 ? eip : eip & 0xFFFF;
    cpu->accounted = 0;
    cpu->block = records;
    cpu->translator->statistics.slow += count;
    exit = records->insn[0].run(cpu, records->insn);
    if (exit == CPU_FAULT) {
        layered_flags_end(cpu);
        exception_deliver(cpu);
        cpu->leave = true;
        return VIEW_LEAVE;
    }
    note_segment(cpu, last);
    if (exit != CPU_CONTINUE || cpu_must_leave(cpu) || cpu->left < rest || leaves ||
        removals != pages_removals(cpu->translator) || opcode_rows[last->row].attributes & ROW_ENDS_BLOCK)
        return next_entry(cpu);
    if ((block->bits & CONTEXT_32 ? next : next & 0xFFFF) != cpu->eip ||
        (group && (block->bits & ~(uint32_t)CONTEXT_PLAIN) != context_bits(cpu)))
        return next_entry(cpu);
    cpu->left -= rest;
    return NULL;
}

static const uint8_t *run_group(struct cpu *cpu, struct record_group *group)
{
    return run_records(cpu, group->block, group->offset, group->first, group->count, group->records, true, false);
}

static const uint8_t *run_record(struct cpu *cpu, struct translated *block, unsigned number)
{
    const struct slow_record *slow = &block->slow[number & ~RECORD_LEAVES];
    struct code_block *single = cpu->translator->single;
    uint16_t offset = slow->insn.offset;

    single->insn[0] = slow->insn;
    single->insn[0].offset = 0;
    single->insn[1] = (struct insn){.run = block_end, .offset = slow->insn.length};
    return run_records(cpu, block, offset, slow->index, 1, single, false, number & RECORD_LEAVES);
}

/* As mmu_fetch, if the MMU keeps that page: a walk for the second page of an instruction could set an accessed bit in
 * its bytes, of which the interpreter has taken the first by then. */
static bool fetch_kept(struct cpu *cpu, uint32_t linear, uint32_t *physical, const uint8_t **host)
{
    return mmu_keeps_fetch(cpu, linear) && !mmu_fetch(cpu, linear, physical, host);
}

/* Makes a unit of the one instruction at a linear address, whose first bytes end their page. */
static bool unit_across(struct cpu *cpu, struct unit *u, const uint8_t *host, uint32_t linear)
{
    const struct segment *cs = &cpu->seg[SEG_CS];
    const uint8_t *second_host;
    uint32_t first = PAGE_SIZE - (linear & PAGE_MASK), second, length = INSN_LIMIT;
    uint64_t room = (uint64_t)cs->limit - cpu->eip + 1;
    uint8_t bytes[INSN_LIMIT];

    if (first >= INSN_LIMIT || room <= first || !fetch_kept(cpu, linear + first, &second, &second_host))
        return false;
    u->code = NULL;
    memcpy(bytes, host, first);
    if (room < length)
        length = (uint32_t)room;
    memcpy(bytes + first, second_host, length - first);
    if (unit_make(cpu, u, bytes, length, 1) != DECODE_OK)
        return false;
    u->second = second;
    return true;
}

/* The one among blocks that cross a page whose other page is the one that is mapped now. */
static struct translated *find_across(struct cpu *cpu, struct translated *block)
{
    const struct translator *t = cpu->translator;
    uint32_t second;
    const uint8_t *host;

    if (!fetch_kept(cpu, cpu->seg[SEG_CS].base + block->eip + block->bytes, &second, &host))
        return NULL;
    while (block && block->second != second)
        block = cache_find(t, block, &t->unit);
    return block;
}

/* What the interpreter took long for, a repeated instruction, is worth more. */
static void note_cold(struct cpu *cpu)
{
    struct translator *t = cpu->translator;
    uint64_t more = t->cold ? (clock_now(cpu->clock) - t->cold_since) / COLD_TICKS : 0;

    if (more)
        *t->cold = (uint16_t)(*t->cold + more < t->threshold ? *t->cold + more : t->threshold);
    t->cold = NULL;
}

/* The block at CS:EIP, made if it is worth it; or null. plain: the one with CONTEXT_PLAIN. */
static struct translated *find(struct cpu *cpu, bool plain)
{
    struct translator *t = cpu->translator;
    const struct segment *cs = &cpu->seg[SEG_CS];
    struct unit *u = &t->unit;
    uint32_t linear = cs->base + cpu->eip, available;
    enum decode_result result;
    const uint8_t *host;
    struct translated *block;
    uint16_t *heat;

    if (cpu->eip > cs->limit || mmu_fetch(cpu, linear, &u->physical, &host) || !host)
        return NULL;
    u->bits = context_bits(cpu) | (plain ? CONTEXT_PLAIN : 0);
    u->eip = cpu->eip;
    u->limit = cs->limit;
    heat = cache_heat(t, u->physical, cpu->eip);
    if (*heat < t->threshold && !plain) { /* what was translated was that warm, or will be soon */
        ++*heat;
        t->cold = heat;
        t->cold_since = clock_now(cpu->clock);
        return NULL;
    }
    block = cache_find(t, NULL, u);
    if (block && block->second != NO_SECOND)
        block = find_across(cpu, block);
    if (block)
        return block;
    if (cache_refuses(cpu, u->physical) || code_block_waits(cpu, u->physical))
        return NULL;
    available = PAGE_SIZE - (linear & PAGE_MASK);
    if (cs->limit - cpu->eip < available - 1)
        available = cs->limit - cpu->eip + 1;
    u->code = host;
    result = unit_make(cpu, u, host, available, UNIT_LIMIT);
    if (result != DECODE_OK && !(result == DECODE_MORE && unit_across(cpu, u, host, linear)))
        return NULL;
    return cache_add(cpu);
}

/* Where code of EIP runs by way of the blocks, one of which may be made. `from` led there, and leads there directly
 * from now on; it may be null. */
static const uint8_t *found_entry(struct cpu *cpu, struct block_exit *from)
{
    struct translator *t = cpu->translator;
    struct translated *block = find(cpu, from && from->plain);
    uint32_t linear;

    if (!block || block->count > cpu->left)
        return NULL;
    block->used = true;
    enter_context(cpu, block->bits & ~(uint32_t)CONTEXT_PLAIN);
    if (t->unit_ended)
        return block->entry;
    if (from && from->target)
        from->eip = block->eip;
    if (from && from->from->valid && from->eip == block->eip &&
        !((from->from->bits ^ block->bits) & ~(uint32_t)CONTEXT_PLAIN) && from->from->limit == block->limit &&
        (from->guard || !((from->from->physical ^ block->physical) & ~PAGE_MASK)))
        cache_link(t, from, block);
    if (block->bits & CONTEXT_PLAIN)
        return block->entry;
    linear = cpu->seg[SEG_CS].base + block->eip;
    pages_executed(cpu, linear, block->physical);
    if (block->second != NO_SECOND) { /* it looks at that page itself */
        pages_executed(cpu, linear + block->bytes, block->second);
        if (!pages_code(cpu, linear + block->bytes))
            return NULL;
    }
    note_entry(cpu, block);
    cache_note_jump(t, block);
    return block->entry;
}

static enum translator_exit exit_reason(const struct cpu *cpu, const struct block_exit *from, bool stood)
{
    if (cpu->translator->emptied)
        return TRANSLATOR_EXIT_DROPPED;
    if (cpu_must_leave(cpu))
        return TRANSLATOR_EXIT_ATTENTION;
    if (cpu->left <= 0 || (stood && !from))
        return TRANSLATOR_EXIT_DEADLINE;
    return from ? TRANSLATOR_EXIT_UNLINKED : TRANSLATOR_EXIT_LOOKUP;
}

bool translator_run(struct cpu *cpu)
{
    struct translator *t = cpu->translator;
    struct block_exit *from = NULL;
    bool ran = false, stood = false; /* the last block was left before its start: that is looked for by its pages */

    if (cpu->observer)
        return false;
    note_cold(cpu);
    cache_settle(cpu); /* here alone: further on, `from` may lie in what is emptied */
    for (;;) {
        struct block_exit *(*enter)(struct cpu *, const uint8_t *);
        const uint8_t *entry;
        int64_t left = cpu->left;
        uint64_t before = clock_now(cpu->clock);

        entry = stood || (from && !(from->guard && from->to)) ? NULL : known_entry(cpu);
        if (!entry)
            entry = found_entry(cpu, from);
        if (!entry)
            return ran && !(from && from->plain); /* what no block can do next the interpreter must */
        memcpy(&enter, &t->backend.enter, sizeof enter);
        cpu->block = NULL;
        from = enter(cpu, entry);
        layered_flags_end(cpu);
        cpu->accounted = 0;
        t->statistics.entries++;
        t->statistics.exits[exit_reason(cpu, from, cpu->left == left)]++;
        t->statistics.ticks += clock_now(cpu->clock) - before;
        if (t->unit_ended && cpu->left > 0)
            t->unit_ended(t->watch_context);
        if (cpu->left == left && !from && !cpu->leave) {
            if (stood) /* it is longer than what is left */
                return ran;
            stood = true;
            continue;
        }
        stood = false;
        ran = true;
        if (t->emptied || cpu_must_leave(cpu) || cpu->left <= cpu->spare)
            return true;
    }
}
