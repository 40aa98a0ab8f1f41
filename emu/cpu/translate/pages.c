/* pages.c - flat tables from linear pages to host addresses, one for each privilege, for translated code.
 *
 * An entry is what is to be added to a linear address, or 0. It is made from what the MMU keeps for itself, at the same
 * moment, and goes when that goes: a hit says that a walk would find the same and would set no bit. Where code ran,
 * another table has the page of memory that it was in. They are 24 MiB of zeros that are touched where the guest has
 * pages. */
#include "emu/cpu/translate/internal.h"

#include <stdlib.h>

#define FILLED_LIMIT 65536u /* 256 MiB */
#define WRITERS 4u
#define MANY UINT32_MAX
#define HOST_PAGE 4096u
#define ENTRIES ((size_t)3 * PAGES_WRITE)
/* Pages of the host that the tables may have touched, all in all: 10 MiB. A guest that accesses one page in each 2 MiB
 * of every context, at both privileges, would touch 384 MiB of them. */
#define TOUCHED_LIMIT 2560u

struct side {
    uint64_t *entry;  /* 2^20 for reads, 2^20 for writes, 2^20 for code */
    uint32_t *filled; /* pages that have entries, FILLED_LIMIT at most */
    uint32_t count;
    uint8_t touched[ENTRIES * sizeof(uint64_t) / HOST_PAGE]; /* whether each of the host's pages of `entry` was */
};

_Static_assert(SIDES *ENTRIES * sizeof(uint64_t) == CODE_TABLES_SIZE, "the tables have the host's memory for them");

struct page_tables {
    struct side side[SIDES];
    uint16_t *holders; /* per linear page: a bit for each side that may have something for it */
    struct writers {
        uint32_t page[WRITERS]; /* 1 + each linear page that had an entry to write to it, and then 0; or MANY first */
    } * writers;                /* per page of RAM */
    unsigned current;           /* the supervisor's side of the context at hand */
    uint32_t removals;
    uint32_t touched; /* of all sides */
};

/* Before entries that may be in use go. */
static void note_removal(struct cpu *cpu)
{
    cpu->translator->tables->removals++;
    cpu->view.stack[0].page = cpu->view.stack[1].page = NO_STACK_PAGE;
}

bool pages_init(struct cpu *cpu)
{
    struct page_tables *p = calloc(1, sizeof *p);
    uint64_t *entry = cpu->translator->memory.tables;
    uint32_t *filled = malloc(SIDES * FILLED_LIMIT * sizeof *filled);

    cpu->translator->tables = p;
    if (!p || !filled) {
        free(filled);
        return false;
    }
    note_removal(cpu);
    for (struct side *s = p->side; s < p->side + SIDES; s++, entry += ENTRIES, filled += FILLED_LIMIT) {
        *s = (struct side){.entry = entry, .filled = filled};
        cpu->translator->memory.forget(entry, ENTRIES * sizeof *entry); /* another machine may have had it */
    }
    p->writers = calloc(cpu->memory->ram_size / PAGE_SIZE, sizeof *p->writers);
    p->holders = calloc(PAGES_WRITE, sizeof *p->holders);
    return p->writers && p->holders;
}

void pages_free(struct translator *t)
{
    if (t->tables)
        free(t->tables->side->filled), free(t->tables->holders), free(t->tables->writers);
    free(t->tables);
}

uint64_t *pages_table(const struct translator *t, unsigned privilege)
{
    return t->tables->side[t->tables->current + privilege].entry;
}

uint32_t pages_removals(const struct translator *t)
{
    return t->tables->removals;
}

/* Before an entry is made. Where there are too many, the block that runs is left, and translator_settle drops all. */
static void note_touched(struct cpu *cpu, struct side *s, uint32_t entry)
{
    struct page_tables *p = cpu->translator->tables;
    uint8_t *touched = &s->touched[entry / (HOST_PAGE / sizeof *s->entry)];

    p->touched += !*touched;
    *touched = 1;
    if (p->touched > TOUCHED_LIMIT)
        cpu->leave = true;
}

static void page_clear(struct page_tables *p, struct side *s, uint32_t page)
{
    p->holders[page] &= (uint16_t) ~(1u << (s - p->side));
    for (uint32_t n = page; n < ENTRIES; n += PAGES_WRITE)
        if (s->entry[n]) /* else it may be in memory that was never touched */
            s->entry[n] = 0;
}

static void side_clear(struct cpu *cpu, struct side *s)
{
    struct page_tables *p = cpu->translator->tables;

    note_removal(cpu);
    for (uint32_t n = 0; n < s->count; n++)
        page_clear(p, s, s->filled[n]);
    s->count = 0;
}

void translator_settle(struct cpu *cpu)
{
    struct page_tables *p = cpu->translator->tables;

    if (p->touched <= TOUCHED_LIMIT)
        return;
    mmu_flush(cpu); /* what the MMU keeps, the tables have */
    for (struct side *s = p->side; s < p->side + SIDES; s++) {
        side_clear(cpu, s);
        cpu->translator->memory.forget(s->entry, ENTRIES * sizeof *s->entry);
        memset(s->touched, 0, sizeof s->touched);
    }
    p->touched = 0;
}

/* Before the first entry of a page is made. */
static void page_enlist(struct cpu *cpu, struct side *s, uint32_t page)
{
    if (s->entry[page] || s->entry[page + PAGES_CODE])
        return;
    if (s->count == FILLED_LIMIT)
        side_clear(cpu, s);
    s->filled[s->count++] = page;
    cpu->translator->tables->holders[page] |= (uint16_t)(1u << (s - cpu->translator->tables->side));
}

static struct side *side_at_hand(const struct cpu *cpu, unsigned privilege)
{
    struct page_tables *p = cpu->translator->tables;

    return &p->side[p->current + privilege];
}

uint64_t pages_code(const struct cpu *cpu, uint32_t linear)
{
    return side_at_hand(cpu, cpu->user)->entry[linear / PAGE_SIZE + PAGES_CODE];
}

void pages_executed(struct cpu *cpu, uint32_t linear, uint32_t physical)
{
    struct side *s = side_at_hand(cpu, cpu->user);
    uint32_t page = linear / PAGE_SIZE;

    if (!mmu_keeps_fetch(cpu, linear))
        return;
    page_enlist(cpu, s, page);
    note_touched(cpu, s, page + PAGES_CODE);
    s->entry[page + PAGES_CODE] = JUMP_PAGE(physical / PAGE_SIZE + 1);
}

static void note_writer(struct cpu *cpu, const uint8_t *host, uint32_t page)
{
    uintptr_t at = (uintptr_t)host - (uintptr_t)cpu->memory->ram;
    uint32_t *writers;
    unsigned n = 0;

    if (at >= cpu->memory->ram_size) /* a device's bytes */
        return;
    writers = cpu->translator->tables->writers[at / PAGE_SIZE].page;
    while (n < WRITERS && writers[n] && writers[n] != page + 1 && writers[n] != MANY)
        n++;
    if (n == WRITERS)
        writers[0] = MANY;
    else if (!writers[n])
        writers[n] = page + 1;
}

void pages_filled(struct cpu *cpu, unsigned privilege, uint32_t linear, const uint8_t *host, bool write)
{
    uint32_t page = linear / PAGE_SIZE;
    uint64_t addend = (uint64_t)(uintptr_t)host - (linear & ~PAGE_MASK), *entry;
    struct side *s = side_at_hand(cpu, privilege);

    page_enlist(cpu, s, page);
    note_touched(cpu, s, page);
    entry = &s->entry[page];
    if (entry[0] && entry[0] != addend)
        note_removal(cpu);
    if (entry[0] != addend)
        entry[PAGES_WRITE] = 0;
    entry[0] = addend;
    if (write) {
        note_touched(cpu, s, page + PAGES_WRITE);
        entry[PAGES_WRITE] = addend;
        note_writer(cpu, host, page);
    }
}

void pages_sides_entered(struct cpu *cpu, unsigned first)
{
    struct page_tables *p = cpu->translator->tables;

    note_removal(cpu);
    p->current = first;
    for (unsigned privilege = 0; privilege < 2; privilege++)
        cpu->view.flat[privilege].pages = p->side[first + privilege].entry;
}

void pages_sides_cleared(struct cpu *cpu, unsigned first)
{
    struct page_tables *p = cpu->translator->tables;

    side_clear(cpu, &p->side[first]);
    side_clear(cpu, &p->side[first + 1]);
}

void pages_range_dropped(struct cpu *cpu, uint32_t base, unsigned shift, unsigned sides)
{
    struct page_tables *p = cpu->translator->tables;
    uint32_t page = base / PAGE_SIZE;

    note_removal(cpu);
    if (shift == 12)
        sides &= p->holders[page];
    for (unsigned n = 0; sides >> n; n++) {
        struct side *s = &p->side[n];
        if (!(sides >> n & 1) || !s->count)
            continue;
        if (shift == 12)
            page_clear(p, s, page); /* it may stay among the filled */
        for (uint32_t i = 0; shift > 12 && i < s->count; i++)
            if (!((s->filled[i] ^ page) >> (shift - 12)))
                page_clear(p, s, s->filled[i]);
    }
}

static void entry_protect(struct side *s, uint32_t page, const uint8_t *host)
{
    uint64_t *entry = &s->entry[page + PAGES_WRITE];

    if (*entry && *entry + (uint64_t)page * PAGE_SIZE == (uint64_t)(uintptr_t)host)
        *entry = 0;
}

void pages_protected(struct cpu *cpu, const uint8_t *host)
{
    struct page_tables *p = cpu->translator->tables;
    struct writers *writers = &p->writers[(host - cpu->memory->ram) / PAGE_SIZE];

    if (!writers->page[0])
        return;
    note_removal(cpu);
    for (struct side *s = p->side; writers->page[0] == MANY && s < p->side + SIDES; s++)
        for (uint32_t n = 0; n < s->count; n++)
            entry_protect(s, s->filled[n], host);
    for (unsigned n = 0; writers->page[0] != MANY && n < WRITERS && writers->page[n]; n++) {
        uint32_t page = writers->page[n] - 1;
        for (unsigned side = 0, holders = p->holders[page]; holders >> side; side++)
            if (holders >> side & 1)
                entry_protect(&p->side[side], page, host);
    }
    *writers = (struct writers){{0}};
}
