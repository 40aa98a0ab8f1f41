/* tlb.c - translations that are kept: contexts by CR3, and the watch over the tables that they were derived from. */
#include "emu/cpu/tlb.h"

#include "emu/cpu/mmu.h"
#include "emu/cpu/translate/hooks.h"

#include <stdlib.h>
#include <string.h>

#define CONTEXTS 8u
#define SIDES (2 * CONTEXTS)
#define EVERY_SIDE ((1u << SIDES) - 1)
#define TABLES 2048u /* pages of tables that can be watched; when they are all taken, everything is dropped */
#define USES 3u      /* places of the linear address space in which one page serves as a table */
#define SEVERAL UINT32_MAX
#define IDLE_LIMIT 256u /* writes in a row that dropped nothing: what is written to is no table any more */

/* The translations of one privilege. */
struct side {
    struct tlb_table table;
    uint64_t jumped[TLB_ENTRIES / 64]; /* a bit for each entry whose pages table.jump may lead to */
    bool jumps;                        /* one of them is set */
    uint16_t filled[TLB_ENTRIES];      /* the entries that may hold something, so that the others need no visit */
    uint32_t filled_count;
};

struct context {
    bool valid;
    bool ready; /* its entries have been made: memory of a context that was never entered is not touched */
    uint32_t cr3;
    uint64_t pdpte[4]; /* zeros without PAE */
    uint64_t used;     /* when it was last switched to */
    struct side side[2];
};

/* What a page means as a table: entry n maps base + (n << shift). */
struct use {
    uint32_t base;
    uint8_t shift, width;
};

/* A watched page of tables. */
struct table {
    uint32_t page;                     /* index of the page of RAM */
    uint32_t bits[PAGE_SIZE / 4 / 32]; /* entries that walks used, four bytes each */
    uint16_t count;                    /* of these */
    uint16_t idle;                     /* writes since a walk or a drop */
    uint8_t uses;                      /* USES + 1: more than can be counted */
    struct use use[USES];
};

struct tlb {
    struct context context[CONTEXTS];
    uint64_t switches;
    unsigned current; /* the first side of the context of CR3 */
    struct table table[TABLES];
    uint16_t free_table[TABLES];
    uint32_t free_count;
    uint16_t holders[TLB_ENTRIES]; /* a bit for each side that may hold something in the entry of this number */
    uint16_t *table_of;            /* per page of RAM: 1 + its index in `table`, or 0 */
    uint32_t *writer;              /* per page of RAM: 1 + the linear page where an entry may write to it, or SEVERAL,
                                      or 0 */
};

static struct side *side_of(struct tlb *t, unsigned n)
{
    return &t->context[n / 2].side[n % 2];
}

static void jumps_drop(struct side *s)
{
    if (!s->jumps)
        return;
    memset(s->table.jump, 0, sizeof s->table.jump);
    memset(s->jumped, 0, sizeof s->jumped);
    s->jumps = false;
}

static void entry_drop(struct tlb_entry *e)
{
    e->read = e->write = e->marked = e->execute = TLB_INVALID;
}

static void side_clear(struct tlb *t, unsigned n)
{
    struct side *s = side_of(t, n);

    for (uint32_t i = 0; i < s->filled_count; i++) {
        unsigned slot = s->filled[i];
        entry_drop(&s->table.entry[slot]);
        t->holders[slot] &= (uint16_t) ~(1u << n);
    }
    s->filled_count = 0;
    jumps_drop(s);
}

static void context_clear(struct cpu *cpu, struct context *c)
{
    unsigned n = 2 * (unsigned)(c - cpu->tlb_store->context);

    side_clear(cpu->tlb_store, n);
    side_clear(cpu->tlb_store, n + 1);
    translator_sides_cleared(cpu, n);
}

/* --- Contexts --- */

static void context_pdpte(const struct cpu *cpu, uint64_t pdpte[4])
{
    if (cpu->cr0 & CR0_PG && cpu->cr4 & CR4_PAE)
        memcpy(pdpte, cpu->pdpte, sizeof cpu->pdpte);
    else
        memset(pdpte, 0, sizeof cpu->pdpte);
}

static void context_make(struct context *c)
{
    for (unsigned user = 0; user < 2; user++)
        for (unsigned n = 0; n < TLB_ENTRIES; n++)
            entry_drop(&c->side[user].table.entry[n]);
    c->ready = true;
}

static void context_enter(struct cpu *cpu, struct context *c)
{
    if (!c->ready)
        context_make(c);
    c->valid = true;
    c->cr3 = cpu->cr3;
    context_pdpte(cpu, c->pdpte);
    c->used = ++cpu->tlb_store->switches;
    cpu->tlb_store->current = 2 * (unsigned)(c - cpu->tlb_store->context);
    cpu->tlbs[0] = c->side[0].table.entry;
    cpu->tlbs[1] = c->side[1].table.entry;
    cpu->tlb = cpu->tlbs[cpu->user];
    translator_sides_entered(cpu, cpu->tlb_store->current);
}

void mmu_switch(struct cpu *cpu)
{
    struct tlb *t = cpu->tlb_store;
    struct context *oldest = &t->context[0];
    uint64_t pdpte[4];

    context_pdpte(cpu, pdpte);
    for (unsigned i = 0; i < CONTEXTS; i++) {
        struct context *c = &t->context[i];
        if (c->valid && c->cr3 == cpu->cr3 && !memcmp(c->pdpte, pdpte, sizeof pdpte)) {
            context_enter(cpu, c);
            return;
        }
        if (c->used < oldest->used)
            oldest = c;
    }
    context_clear(cpu, oldest);
    context_enter(cpu, oldest);
}

/* --- Watched tables --- */

static void table_release(struct cpu *cpu, struct table *table)
{
    struct tlb *t = cpu->tlb_store;

    cpu->memory->flags[table->page] &= (uint8_t)~PAGE_TABLE;
    t->table_of[table->page] = 0;
    t->free_table[t->free_count++] = (uint16_t)(table - t->table);
}

void mmu_flush(struct cpu *cpu)
{
    struct tlb *t = cpu->tlb_store;

    for (unsigned i = 0; i < CONTEXTS; i++) {
        context_clear(cpu, &t->context[i]);
        t->context[i].valid = false;
        t->context[i].used = 0;
    }
    for (unsigned i = 0; t->free_count < TABLES && i < TABLES; i++)
        if (t->table_of[t->table[i].page] == i + 1)
            table_release(cpu, &t->table[i]);
    context_enter(cpu, &t->context[0]);
    cpu->leave = true; /* the code that runs is fetched again: as it is, nothing would report that it is mapped anew */
}

static struct table *table_watch(struct cpu *cpu, uint32_t page)
{
    struct tlb *t = cpu->tlb_store;
    struct table *table;

    if (t->table_of[page])
        return &t->table[t->table_of[page] - 1];
    table = &t->table[t->free_table[--t->free_count]];
    *table = (struct table){.page = page};
    t->table_of[page] = (uint16_t)(table - t->table + 1);
    cpu->memory->flags[page] |= PAGE_TABLE;
    mmu_protect(cpu, page * PAGE_SIZE);
    return table;
}

static void table_use(struct table *table, const struct tlb_source *source)
{
    for (unsigned n = 0; n < table->uses && n < USES; n++)
        if (table->use[n].base == source->base && table->use[n].shift == source->shift)
            return;
    if (table->uses < USES)
        table->use[table->uses] = (struct use){source->base, (uint8_t)source->shift, (uint8_t)source->width};
    if (table->uses <= USES)
        table->uses++;
}

void tlb_watch(struct cpu *cpu, const struct tlb_source source[], unsigned count)
{
    if (cpu->tlb_store->free_count < count)
        mmu_flush(cpu);
    for (unsigned i = 0; i < count; i++) {
        struct table *table = table_watch(cpu, source[i].address / PAGE_SIZE);
        unsigned slot = (source[i].address & PAGE_MASK) / 4;

        table_use(table, &source[i]);
        table->idle = 0;
        for (unsigned n = slot; n < slot + source[i].width / 4; n++) {
            table->count += !(table->bits[n / 32] >> n % 32 & 1);
            table->bits[n / 32] |= UINT32_C(1) << n % 32;
        }
    }
}

/* The sides whose translations the entries of a page decide, one bit each: a directory is that of the contexts that
 * begin with it, other tables may be any's. */
static unsigned sides_of(const struct cpu *cpu, const struct table *table, unsigned shift)
{
    unsigned sides = 0;

    if (shift == 12)
        return EVERY_SIDE;
    for (unsigned i = 0; i < CONTEXTS; i++) {
        const struct context *c = &cpu->tlb_store->context[i];
        uint32_t root[5] = {c->cr3};
        for (unsigned n = 0; n < 4; n++)
            root[n + 1] = (uint32_t)c->pdpte[n];
        for (unsigned n = 0; n < 5; n++)
            if ((root[n] & cpu->memory->a20_mask) / PAGE_SIZE == table->page)
                sides |= 3u << 2 * i;
    }
    return sides;
}

/* Drops what maps a range of linear addresses, on these sides. */
static void drop_range(struct tlb *t, uint32_t base, unsigned shift, unsigned sides)
{
    unsigned slot = TLB_SLOT(base), holders = t->holders[slot];

    for (unsigned i = 0; shift == 12 && holders >> i; i++) {
        struct side *s = side_of(t, i);
        struct tlb_entry *e = &s->table.entry[slot];
        if (!(holders >> i & 1))
            continue;
        if (e->read == base || e->execute == base)
            entry_drop(e);
        if (s->jumped[slot / 64] >> slot % 64 & 1) /* the page's entry may be another's by now */
            jumps_drop(s);
    }
    for (unsigned i = 0; shift > 12 && sides >> i; i++) {
        if (!(sides >> i & 1))
            continue;
        struct side *s = side_of(t, i);
        jumps_drop(s);
        for (uint32_t n = 0; n < s->filled_count; n++) {
            struct tlb_entry *e = &s->table.entry[s->filled[n]];
            if ((e->read != TLB_INVALID && (e->read ^ base) >> shift == 0) ||
                (e->execute != TLB_INVALID && (e->execute ^ base) >> shift == 0))
                entry_drop(e);
        }
    }
}

/* Drops what follows from four bytes of a table. */
static void drop_slot(struct cpu *cpu, struct table *table, unsigned slot)
{
    for (unsigned n = 0; n < table->uses; n++) {
        const struct use *use = &table->use[n];
        uint32_t base = use->base + ((uint32_t)(4 * slot / use->width) << use->shift);
        unsigned sides = sides_of(cpu, table, use->shift);
        drop_range(cpu->tlb_store, base, use->shift, sides);
        translator_range_dropped(cpu, base, use->shift, sides);
    }
    table->bits[slot / 32] &= ~(UINT32_C(1) << slot % 32);
    table->count--;
}

void mmu_table_changed(struct cpu *cpu, uint32_t address, uint32_t length)
{
    struct tlb *t = cpu->tlb_store;
    uint32_t page = address / PAGE_SIZE;
    struct table *table = &t->table[t->table_of[page] - 1]; /* only table_watch sets PAGE_TABLE */
    unsigned first = (address & PAGE_MASK) / 4, last = ((address & PAGE_MASK) + length - 1) / 4;
    uint16_t before = table->count;

    if (table->uses > USES) {
        mmu_flush(cpu);
        return;
    }
    for (unsigned slot = first; slot <= last && table->count; slot++)
        if (table->bits[slot / 32] >> slot % 32 & 1)
            drop_slot(cpu, table, slot);
    table->idle = table->count == before ? (uint16_t)(table->idle + 1) : 0;
    if (table->idle == IDLE_LIMIT)
        for (unsigned slot = 0; slot < PAGE_SIZE / 4; slot++)
            if (table->bits[slot / 32] >> slot % 32 & 1)
                drop_slot(cpu, table, slot);
    if (table->count != before)
        cpu->leave = true; /* the code that runs may be mapped elsewhere now, or be so later without notice */
    if (!table->count)
        table_release(cpu, table);
}

/* --- Entries --- */

struct tlb_entry *tlb_take(struct cpu *cpu, unsigned privilege, uint32_t linear)
{
    struct tlb *t = cpu->tlb_store;
    unsigned slot = TLB_SLOT(linear), n = t->current + privilege;
    struct side *s = side_of(t, n);
    struct tlb_entry *e = &s->table.entry[slot];
    uint32_t page = linear & ~PAGE_MASK;

    if (!(t->holders[slot] >> n & 1)) {
        t->holders[slot] |= (uint16_t)(1u << n);
        s->filled[s->filled_count++] = (uint16_t)slot;
    }
    if (e->read != page && e->execute != page)
        entry_drop(e);
    return e;
}

void tlb_note_jump(struct cpu *cpu, uint32_t eip, uint32_t link)
{
    struct side *s = side_of(cpu->tlb_store, cpu->tlb_store->current + cpu->user);

    s->jumps = true;
    s->jumped[TLB_SLOT(eip) / 64] |= UINT64_C(1) << TLB_SLOT(eip) % 64;
    *tlb_jump_at(cpu->tlb, eip) = (struct tlb_jump){eip, link};
}

void tlb_forget_jumps(struct cpu *cpu)
{
    for (unsigned i = 0; i < SIDES; i++)
        jumps_drop(side_of(cpu->tlb_store, i));
}

void tlb_written(struct cpu *cpu, uint32_t linear, uint32_t physical)
{
    uint32_t *writer = &cpu->tlb_store->writer[physical / PAGE_SIZE], one = linear / PAGE_SIZE + 1;

    *writer = !*writer || *writer == one ? one : SEVERAL;
}

static void entry_protect(struct tlb_entry *e, uint32_t page)
{
    if (e->physical == page)
        e->write = TLB_INVALID;
}

void mmu_protect(struct cpu *cpu, uint32_t page)
{
    struct tlb *t = cpu->tlb_store;
    uint32_t writer = t->writer[page / PAGE_SIZE], slot = TLB_SLOT((writer - 1) * PAGE_SIZE);

    if (!writer)
        return;
    t->writer[page / PAGE_SIZE] = 0;
    translator_page_protected(cpu, cpu->memory->ram + page);
    for (unsigned i = 0; i < SIDES; i++) {
        struct side *s = side_of(t, i);
        if (writer != SEVERAL && t->holders[slot] >> i & 1)
            entry_protect(&s->table.entry[slot], page);
        for (uint32_t n = 0; writer == SEVERAL && n < s->filled_count; n++)
            entry_protect(&s->table.entry[s->filled[n]], page);
    }
}

/* --- Its life --- */

bool tlb_init(struct cpu *cpu)
{
    struct tlb *t = calloc(1, sizeof *t);
    uint32_t pages = cpu->memory->ram_size / PAGE_SIZE;

    cpu->tlb_store = t;
    if (!t)
        return false;
    t->table_of = calloc(pages, sizeof *t->table_of);
    t->writer = calloc(pages, sizeof *t->writer);
    for (unsigned i = 0; i < TABLES; i++)
        t->free_table[t->free_count++] = (uint16_t)i;
    context_enter(cpu, &t->context[0]);
    return t->table_of && t->writer;
}

void tlb_free(struct cpu *cpu)
{
    struct tlb *t = cpu->tlb_store;

    if (!t)
        return;
    free(t->table_of);
    free(t->writer);
    free(t);
    cpu->tlb_store = NULL;
}
