/* mmu.c - linear to physical, and every access that the fast path of access.h does not settle (Intel SDM vol. 3,
 * chapter 4).
 *
 * To the guest there is no TLB: each access behaves as if the tables were walked at that moment. What is kept of a
 * walk, and what drops it, is tlb.c's. A walk sets accessed and dirty bits for the access at hand and for no other. */
#include "emu/cpu/mmu.h"

#include "emu/cpu/debug.h"
#include "emu/cpu/tlb.h"
#include "emu/cpu/translate/hooks.h"

enum { PTE_P = 1, PTE_W = 2, PTE_U = 4, PTE_A = 0x20, PTE_D = 0x40, PTE_PS = 0x80 };
enum { PF_PRESENT = 1, PF_WRITE = 2, PF_USER = 4, PF_RESERVED = 8 };

/* A translation, and what may be kept of it. */
struct translation {
    uint32_t physical; /* of the byte, after A20 */
    bool writable;     /* a write at this privilege needs no further walk: permitted, and the dirty bit is set */
    bool keep;         /* all tables lie in RAM or ROM: a change would be noticed */
    struct tlb_source source[2]; /* the entries in RAM that it follows from */
    unsigned sources;
};

static unsigned page_fault(struct cpu *cpu, uint32_t linear, uint32_t error)
{
    cpu->cr2 = linear;
    return fault(cpu, EXC_PF, error);
}

/* What a walk found on its way: up to two entries that want their accessed bit, and the product of their rights. */
struct walk {
    uint32_t address[2], entry[2];
    unsigned shift[2], levels; /* an entry maps 1 << shift bytes */
    uint32_t rights;           /* PTE_W and PTE_U that all levels grant */
    uint32_t frame;            /* physical address of the page's first byte */
    uint32_t offset_mask;      /* of the address within the page: FFFh, 1FFFFFh or 3FFFFFh */
    bool keep;                 /* all tables lie in RAM or ROM */
    bool peek;                 /* only a look: tables in device memory are not touched */
};

enum walk_result { WALK_OK, WALK_ABSENT, WALK_RESERVED };

static uint32_t table_load(struct cpu *cpu, struct walk *w, uint32_t address)
{
    if (!memory_readable_page(cpu->memory, address & cpu->memory->a20_mask)) {
        w->keep = false;
        if (w->peek)
            return 0;
    }
    return memory_read(cpu->memory, address, 4);
}

/* Sets accessed and dirty bits. What was derived from the entry stays valid: such a bit never takes a right away. */
static void table_set(struct cpu *cpu, uint32_t address, uint32_t entry, uint32_t bits)
{
    int64_t page = memory_page(cpu->memory, address & cpu->memory->a20_mask);
    uint8_t watched = page < 0 ? 0 : cpu->memory->flags[page] & PAGE_TABLE;

    if ((entry & bits) == bits)
        return;
    cpu->slow_accesses++;
    if (page >= 0)
        cpu->memory->flags[page] &= (uint8_t)~PAGE_TABLE;
    memory_write(cpu->memory, address, entry | bits, 4);
    if (page >= 0)
        cpu->memory->flags[page] |= watched;
}

static void walk_take(struct walk *w, uint32_t address, uint32_t entry, unsigned shift)
{
    w->address[w->levels] = address;
    w->shift[w->levels] = shift;
    w->entry[w->levels++] = entry;
    w->rights &= entry;
}

static enum walk_result walk_32(struct cpu *cpu, uint32_t linear, struct walk *w)
{
    uint32_t address = (cpu->cr3 & ~PAGE_MASK) + (linear >> 22) * 4;
    uint32_t entry = table_load(cpu, w, address);

    if (!(entry & PTE_P))
        return WALK_ABSENT;
    walk_take(w, address, entry, 22);
    if (entry & PTE_PS && cpu->cr4 & CR4_PSE) {
        /* With PSE-36 bits 16-13 are bits 35-32 of the address: reserved as well, since there is no memory so high. */
        if (entry & 0x3FE000)
            return WALK_RESERVED;
        w->frame = entry & 0xFFC00000;
        w->offset_mask = 0x3FFFFF;
        return WALK_OK;
    }
    address = (entry & ~PAGE_MASK) + (linear >> 12 & 0x3FF) * 4;
    entry = table_load(cpu, w, address);
    if (!(entry & PTE_P))
        return WALK_ABSENT;
    walk_take(w, address, entry, 12);
    w->frame = entry & ~PAGE_MASK;
    return WALK_OK;
}

/* The upper half of a PAE entry: bits 62-36 are reserved, 63 too without execute-disable; 35-32 lead where no memory
 * is, which this machine treats as reserved as well. */
static enum walk_result walk_pae(struct cpu *cpu, uint32_t linear, struct walk *w)
{
    uint64_t pdpte = cpu->pdpte[linear >> 30];
    uint32_t address = ((uint32_t)pdpte & ~PAGE_MASK) + (linear >> 21 & 0x1FF) * 8;
    uint32_t entry;

    if (!(pdpte & PTE_P))
        return WALK_ABSENT;
    entry = table_load(cpu, w, address);
    if (!(entry & PTE_P))
        return WALK_ABSENT;
    if (table_load(cpu, w, address + 4))
        return WALK_RESERVED;
    walk_take(w, address, entry, 21);
    if (entry & PTE_PS) {
        if (entry & 0x1FE000)
            return WALK_RESERVED;
        w->frame = entry & 0xFFE00000;
        w->offset_mask = 0x1FFFFF;
        return WALK_OK;
    }
    address = (entry & ~PAGE_MASK) + (linear >> 12 & 0x1FF) * 8;
    entry = table_load(cpu, w, address);
    if (!(entry & PTE_P))
        return WALK_ABSENT;
    if (table_load(cpu, w, address + 4))
        return WALK_RESERVED;
    walk_take(w, address, entry, 12);
    w->frame = entry & ~PAGE_MASK;
    return WALK_OK;
}

static enum walk_result walk(struct cpu *cpu, uint32_t linear, struct walk *w)
{
    w->rights = PTE_W | PTE_U;
    w->offset_mask = PAGE_MASK;
    w->keep = true;
    return cpu->cr4 & CR4_PAE ? walk_pae(cpu, linear, w) : walk_32(cpu, linear, w);
}

/* The entries that a translation follows from, as far as they can change. */
static void translation_sources(const struct cpu *cpu, const struct walk *w, uint32_t linear, struct translation *t)
{
    for (unsigned level = 0; level < w->levels; level++) {
        uint32_t address = w->address[level] & cpu->memory->a20_mask;
        unsigned shift = w->shift[level], width = cpu->cr4 & CR4_PAE ? 8 : 4;
        uint32_t slot = (address & PAGE_MASK) / width;
        if (memory_page(cpu->memory, address) >= 0)
            t->source[t->sources++] = (struct tlb_source){address, ((linear >> shift) - slot) << shift, shift, width};
    }
}

static unsigned translate(struct cpu *cpu, uint32_t linear, unsigned privilege, bool write, struct translation *t)
{
    struct walk w = {.peek = false};
    uint32_t error = (write ? PF_WRITE : 0) | (privilege ? PF_USER : 0);
    enum walk_result result;
    bool may_write;

    *t = (struct translation){.keep = false}; /* gcc -O3 does not see that it is unused after a fault */
    if (!(cpu->cr0 & CR0_PG)) {
        t->physical = linear & cpu->memory->a20_mask;
        t->writable = t->keep = true;
        return ACCESS_DONE;
    }
    result = walk(cpu, linear, &w);
    t->keep = w.keep;
    if (result != WALK_OK)
        return page_fault(cpu, linear, error | (result == WALK_RESERVED ? PF_PRESENT | PF_RESERVED : 0));
    may_write = w.rights & PTE_W || (!privilege && !(cpu->cr0 & CR0_WP));
    if ((privilege && !(w.rights & PTE_U)) || (write && !may_write))
        return page_fault(cpu, linear, error | PF_PRESENT);
    for (unsigned level = 0; level < w.levels; level++)
        table_set(cpu, w.address[level], w.entry[level], PTE_A | (write && level + 1 == w.levels ? PTE_D : 0));
    t->physical = (w.frame | (linear & w.offset_mask)) & cpu->memory->a20_mask;
    t->writable = may_write && (write || w.entry[w.levels - 1] & PTE_D);
    translation_sources(cpu, &w, linear, t);
    return ACCESS_DONE;
}

static bool alignment_checked(const struct cpu *cpu)
{
    return cpu->cr0 & CR0_AM && cpu->flags & FLAG_AC;
}

/* Every access to such a page must be looked at: alignment is checked, there is an observer, or a data breakpoint may
 * lie in it. */
static bool watched(const struct cpu *cpu, uint32_t linear, unsigned privilege)
{
    if (cpu->observer)
        return true;
    if (privilege && alignment_checked(cpu))
        return true;
    for (unsigned n = 0; cpu->dr[7] & 0xFF && n < 4; n++)
        if (cpu->dr[7] >> 2 * n & 3 && (cpu->dr[n] ^ linear) < PAGE_SIZE)
            return true;
    return false;
}

enum tlb_use { TLB_FETCH, TLB_READ, TLB_WRITE };

/* Keeps a translation for the fast path. Returns the entry, or null if nothing may be kept. */
static struct tlb_entry *tlb_fill(struct cpu *cpu, uint32_t linear, unsigned privilege, const struct translation *t,
                                  enum tlb_use use)
{
    struct tlb_entry *e;
    uint32_t page = linear & ~PAGE_MASK;
    const uint8_t *host = memory_readable_page(cpu->memory, t->physical);
    bool data = use != TLB_FETCH, device = !host, ram, marked;

    if (!t->keep || (data && watched(cpu, linear, privilege)))
        return NULL;
    if (device && data)
        host = memory_device_page(cpu->memory, t->physical, use == TLB_WRITE);
    if (!host)
        return NULL;
    tlb_watch(cpu, t->source, t->sources); /* and after that, whether the page may be written to: it may be a table
                                              itself */
    ram = !device && memory_writable_page(cpu->memory, t->physical) == host;
    marked = ram && cpu->memory->flags[t->physical / PAGE_SIZE];
    e = tlb_take(cpu, privilege, linear);
    e->physical = t->physical & ~PAGE_MASK;
    /* The entry is shared by reading and writing; where they differ, as in ROM and its shadow, it never gets a write
     * tag. */
    e->addend = (uintptr_t)host - page;
    if (!data) {
        e->execute = page;
    } else {
        e->read = page;
        if (t->writable && marked) {
            e->marked = page;
        } else if (t->writable && (ram || (device && use == TLB_WRITE))) {
            e->write = page;
            if (!device)
                tlb_written(cpu, linear, t->physical);
        }
        translator_page_filled(cpu, privilege, page, host, e->write == page);
    }
    return e;
}

/* One part of an access, within a page. */
struct part {
    uint32_t physical;
    unsigned size;
};

/* Whether a write within a page goes where the TLB says, to a page that is marked still. A walk would set no bit: the
 * dirty bit is set, and whoever clears one writes to a table, by whatever address, which drops the entry (tlb.c). That
 * holds for a table that maps itself too. */
static bool write_is_kept(const struct cpu *cpu, uint32_t linear, unsigned privilege)
{
    const struct tlb_entry *e = &cpu->tlbs[privilege][TLB_SLOT(linear)];

    return e->marked == (linear & ~PAGE_MASK) && cpu->memory->flags[e->physical / PAGE_SIZE];
}

/* Checks and translates an access whole, in one or two parts, before anything is done. */
static unsigned access_parts(struct cpu *cpu, uint32_t linear, unsigned size, unsigned privilege, bool write,
                             struct part part[2], unsigned *parts)
{
    unsigned first = PAGE_SIZE - (linear & PAGE_MASK);
    struct translation t;

    cpu->slow_accesses++;
    if (privilege && linear & (size - 1) && alignment_checked(cpu))
        return fault(cpu, EXC_AC, 0);
    part[0].size = first < size ? first : size;
    part[1].size = size - part[0].size;
    *parts = part[1].size ? 2 : 1;
    if (write && *parts == 1 && write_is_kept(cpu, linear, privilege)) {
        part[0].physical = cpu->tlbs[privilege][TLB_SLOT(linear)].physical | (linear & PAGE_MASK);
        return ACCESS_DONE;
    }
    for (unsigned i = 0; i < *parts; i++) {
        uint32_t at = i ? linear + first : linear;
        if (translate(cpu, at, privilege, write, &t))
            return ACCESS_FAULT;
        part[i].physical = t.physical;
        tlb_fill(cpu, at, privilege, &t, write ? TLB_WRITE : TLB_READ);
    }
    if (cpu->dr[7] & 0xFF)
        debug_data_access(cpu, linear, size, write);
    return ACCESS_DONE;
}

/* Physical access of any size from 1 to 8 bytes within a page, from the lowest byte up. */
static uint64_t part_read(struct cpu *cpu, const struct part *p)
{
    uint64_t value = 0;

    for (unsigned done = 0, step; done < p->size; done += step) {
        unsigned rest = p->size - done;
        step = rest >= 4 ? 4 : rest >= 2 ? 2 : 1;
        value |= (uint64_t)memory_read(cpu->memory, p->physical + done, step) << 8 * done;
    }
    return value;
}

static void part_write(struct cpu *cpu, const struct part *p, uint64_t value)
{
    for (unsigned done = 0, step; done < p->size; done += step) {
        unsigned rest = p->size - done;
        step = rest >= 4 ? 4 : rest >= 2 ? 2 : 1;
        memory_write(cpu->memory, p->physical + done, (uint32_t)(value >> 8 * done), step);
    }
}

/* A device may look at the clock when it is touched. */
static unsigned after_access(const struct cpu *cpu)
{
    return cpu->leave ? ACCESS_LEAVE : ACCESS_DONE;
}

unsigned mmu_read(struct cpu *cpu, const struct insn *insn, uint32_t linear, unsigned size, unsigned privilege,
                  uint64_t *value)
{
    struct part part[2];
    unsigned parts;

    *value = 0;
    if (access_parts(cpu, linear, size, privilege, false, part, &parts))
        return ACCESS_FAULT;
    cpu_sync(cpu, insn);
    for (unsigned i = 0, shift = 0; i < parts; shift += 8 * part[i++].size)
        *value |= part_read(cpu, &part[i]) << shift;
    return after_access(cpu);
}

unsigned mmu_write(struct cpu *cpu, const struct insn *insn, uint32_t linear, unsigned size, unsigned privilege,
                   uint64_t value)
{
    struct part part[2];
    unsigned parts;

    if (access_parts(cpu, linear, size, privilege, true, part, &parts))
        return ACCESS_FAULT;
    cpu_sync(cpu, insn);
    if (cpu->observer)
        cpu->observer->wrote(cpu->observer->context, linear, size, value);
    for (unsigned i = 0, shift = 0; i < parts; shift += 8 * part[i++].size)
        part_write(cpu, &part[i], value >> shift);
    return after_access(cpu);
}

/* The next piece of an access of sixteen bytes, of which `at` are done: it ends with its half of the value or with its
 * page. */
static struct part piece(const struct part part[2], unsigned at)
{
    const struct part *p = at < part[0].size ? &part[0] : &part[1];
    unsigned done = at - (p == part ? 0 : part[0].size), half = 8 - at % 8, rest = p->size - done;

    return (struct part){p->physical + done, rest < half ? rest : half};
}

unsigned mmu_read16(struct cpu *cpu, const struct insn *insn, uint32_t linear, unsigned privilege, uint64_t value[2])
{
    struct part part[2], p;
    unsigned parts;

    value[0] = value[1] = 0;
    if (access_parts(cpu, linear, 16, privilege, false, part, &parts))
        return ACCESS_FAULT;
    cpu_sync(cpu, insn);
    for (unsigned at = 0; at < 16; at += p.size) {
        p = piece(part, at);
        value[at / 8] |= part_read(cpu, &p) << 8 * (at % 8);
    }
    return after_access(cpu);
}

unsigned mmu_write16(struct cpu *cpu, const struct insn *insn, uint32_t linear, unsigned privilege,
                     const uint64_t value[2])
{
    struct part part[2], p;
    unsigned parts;

    if (access_parts(cpu, linear, 16, privilege, true, part, &parts))
        return ACCESS_FAULT;
    cpu_sync(cpu, insn);
    for (unsigned half = 0; cpu->observer && half < 2; half++)
        cpu->observer->wrote(cpu->observer->context, linear + 8 * half, 8, value[half]);
    for (unsigned at = 0; at < 16; at += p.size) {
        p = piece(part, at);
        part_write(cpu, &p, value[at / 8] >> 8 * (at % 8));
    }
    return after_access(cpu);
}

unsigned mmu_probe(struct cpu *cpu, const struct insn *insn, uint32_t linear, uint32_t length, unsigned privilege,
                   bool write)
{
    uint32_t last = linear + (length - 1);
    struct translation t;

    (void)insn;
    if (privilege && alignment_checked(cpu) && length <= 8 && !(length & (length - 1)) && linear & (length - 1))
        return fault(cpu, EXC_AC, 0);
    if (translate(cpu, linear, privilege, write, &t))
        return ACCESS_FAULT;
    if ((linear ^ last) & ~PAGE_MASK && translate(cpu, last & ~PAGE_MASK, privilege, write, &t))
        return ACCESS_FAULT;
    return ACCESS_DONE;
}

unsigned mmu_fetch(struct cpu *cpu, uint32_t linear, uint32_t *physical, const uint8_t **host)
{
    struct tlb_entry *e = &cpu->tlb[TLB_SLOT(linear)];
    struct translation t;

    if (e->execute != (linear & ~PAGE_MASK)) {
        if (translate(cpu, linear, cpu->user, false, &t))
            return ACCESS_FAULT;
        e = tlb_fill(cpu, linear, cpu->user, &t, TLB_FETCH);
        if (!e) {
            const uint8_t *page = memory_readable_page(cpu->memory, t.physical);
            *physical = t.physical;
            *host = page ? page + (t.physical & PAGE_MASK) : NULL;
            return ACCESS_DONE;
        }
    }
    *physical = e->physical | (linear & PAGE_MASK);
    *host = tlb_host(e, linear);
    return ACCESS_DONE;
}

bool mmu_keeps_fetch(const struct cpu *cpu, uint32_t linear)
{
    return cpu->tlb[TLB_SLOT(linear)].execute == (linear & ~PAGE_MASK);
}

bool mmu_peek(struct cpu *cpu, uint32_t linear, uint8_t *byte)
{
    struct walk w = {.peek = true};
    const uint8_t *page;

    if (cpu->cr0 & CR0_PG) {
        if (walk(cpu, linear, &w) != WALK_OK)
            return false;
        linear = w.frame | (linear & w.offset_mask);
    }
    linear &= cpu->memory->a20_mask;
    page = memory_readable_page(cpu->memory, linear);
    if (page)
        *byte = page[linear & PAGE_MASK];
    return page;
}
