/* ours.c - trials on our processor: ring 3 of protected mode, with the LDT that the host has, and the arena by page
 * tables at the same linear addresses. Handlers are HLTs in ring 0; what came out is read from the registers, or from
 * the frame on the handler's stack. */
#include "tests/hostfuzz/hostfuzz.h"

#include <string.h>

#define IMAGE_PHYSICAL 0x100000u
#define RAM_SIZE 0x200000u
/* clang-format off */
/* Physical; linear addresses are SYSTEM more. */
enum {
    AT_GDT = 0x1000, AT_LDT = 0x1800, AT_IDT = 0x2000, AT_TSS = 0x3000, AT_STACK = 0x5000, AT_HANDLERS = 0x6000, AT_DIRECTORY = 0x8000,
    AT_ARENA_PAGES = 0x9000, AT_SYSTEM_PAGES = 0xA000
};
/* clang-format on */
enum { KERNEL_CODE = 0x10, KERNEL_DATA = 0x18, GDT_ENTRIES = 16, TSS = 0x40, LDT = 0x50 }; /* as on Linux */

#define NUMBER_OF_PROCESSOR 0xBEEFu /* stands for what Linux keeps in the limit of the last entry */

static void put(struct fuzz *f, uint32_t physical, uint32_t value)
{
    memory_write(&f->bare.memory, physical, value, 4);
}

static void descriptor_put(struct fuzz *f, uint32_t physical, uint32_t base, uint32_t limit, uint32_t rights)
{
    put(f, physical, (limit & 0xFFFF) | base << 16);
    put(f, physical + 4, (base >> 16 & 0xFF) | (rights & 0xF0FF) << 8 | (limit & 0xF0000) | (base & 0xFF000000));
}

uint8_t *our_image(struct fuzz *f)
{
    return f->bare.memory.ram + IMAGE_PHYSICAL;
}

void image_put(struct fuzz *f, uint32_t at, const uint8_t *bytes, uint32_t length)
{
    memcpy(f->image + at, bytes, length);
    memory_write_block(&f->bare.memory, IMAGE_PHYSICAL + at, bytes, length);
}

/* As the kernel makes a descriptor of it: DPL 3, accessed. */
void ours_set_entry(struct fuzz *f, unsigned n)
{
    const struct entry *e = &f->entry[n];
    uint32_t rights = RIGHTS_S | RIGHTS_DPL | RIGHTS_ACCESSED | (e->fixed ? 0 : RIGHTS_WRITABLE) |
                      (uint32_t)e->kind << 2 | (e->absent ? 0 : RIGHTS_P) | (e->available ? RIGHTS_AVL : 0) |
                      (e->wide ? RIGHTS_D : 0) | (e->pages ? RIGHTS_G : 0);

    descriptor_put(f, AT_LDT + 8 * n, e->base, e->limit, rights);
    f->segment[n] = (struct segment){.base = e->base,
                                     .limit = e->pages ? e->limit << 12 | 0xFFF : e->limit,
                                     .selector = selector_of(n),
                                     .rights = (uint16_t)rights};
    segment_derive(&f->segment[n]);
}

/* Only 3 and 4 are open to INT, as on Linux. */
static void gate_put(struct fuzz *f, unsigned vector)
{
    uint32_t offset = SYSTEM + AT_HANDLERS + 4 * vector;

    put(f, AT_IDT + 8 * vector, (offset & 0xFFFF) | (uint32_t)KERNEL_CODE << 16);
    put(f, AT_IDT + 8 * vector + 4, (offset & 0xFFFF0000) | (vector == EXC_BP || vector == EXC_OF ? 0xEE00u : 0x8E00u));
    put(f, AT_HANDLERS + 4 * vector, 0xF4);
}

/* The GDT of this host as ring 3 sees it: a segment whose LAR fails might as well not be there. */
static void gdt_copy(struct fuzz *f)
{
    for (unsigned n = 1; n < GDT_ENTRIES; n++) {
        uint32_t rights, limit;
        if (!host_descriptor((uint16_t)(n << 3 | 3), &rights, &limit))
            continue;
        if (n == GDT_ENTRIES - 1)
            limit = NUMBER_OF_PROCESSOR;
        descriptor_put(f, AT_GDT + 8 * n, 0, rights >> 8 & RIGHTS_G ? limit >> 12 : limit, rights >> 8);
    }
    descriptor_put(f, AT_GDT + KERNEL_CODE, 0, 0xFFFFF, RIGHTS_G | RIGHTS_D | 0x9B);
    descriptor_put(f, AT_GDT + KERNEL_DATA, 0, 0xFFFFF, RIGHTS_G | RIGHTS_D | 0x93);
}

static void pages_init(struct fuzz *f)
{
    enum { PRESENT = 1, WRITABLE = 2, USER = 4, USED = 0x60 };

    put(f, AT_DIRECTORY + (ARENA >> 22) * 4, AT_ARENA_PAGES | PRESENT | WRITABLE | USER | USED);
    put(f, AT_DIRECTORY + (SYSTEM >> 22) * 4, AT_SYSTEM_PAGES | PRESENT | WRITABLE | USED);
    for (uint32_t at = 0; at < IMAGE_SIZE; at += PAGE_SIZE)
        put(f, AT_ARENA_PAGES + at / PAGE_SIZE * 4,
            (IMAGE_PHYSICAL + at) | PRESENT | USER | USED | (at < DATA_AT || at == DATA_FIXED_AT ? 0 : WRITABLE));
    for (uint32_t at = 0; at < SYSTEM_SIZE; at += PAGE_SIZE)
        put(f, AT_SYSTEM_PAGES + at / PAGE_SIZE * 4, at | PRESENT | WRITABLE | USED);
}

bool ours_init(struct fuzz *f)
{
    struct cpu *cpu = &f->bare.cpu;

    if (!bare_init(&f->bare, CPU_PENTIUM4, RAM_SIZE))
        return false;
    for (unsigned vector = 0; vector < 256; vector++)
        gate_put(f, vector);
    gdt_copy(f);
    pages_init(f);
    put(f, AT_TSS + 4, SYSTEM + AT_STACK);
    put(f, AT_TSS + 8, KERNEL_DATA);
    put(f, AT_TSS + 0x64, 0xFFFF0000); /* no I/O map */
    cpu->gdtr = (struct table_register){SYSTEM + AT_GDT, 8 * GDT_ENTRIES - 1};
    cpu->idtr = (struct table_register){SYSTEM + AT_IDT, 0x7FF};
    cpu->ldtr = (struct segment){.base = SYSTEM + AT_LDT, .limit = 8 * ENTRIES - 1, .selector = LDT, .rights = 0x82};
    cpu->tr = (struct segment){.base = SYSTEM + AT_TSS, .limit = 0x67, .selector = TSS, .rights = 0x8B};
    cpu->cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG;
    cpu->cr3 = AT_DIRECTORY;
    mmu_flush(cpu);
    return true;
}

static void load(struct fuzz *f, const struct state *s)
{
    struct cpu *cpu = &f->bare.cpu;

    memcpy(cpu->reg, s->reg, sizeof s->reg);
    cpu->eip = s->eip;
    for (unsigned n = 0; n < SEG_COUNT; n++)
        cpu->seg[n] = s->selector[n] ? f->segment[s->selector[n] >> 3] : (struct segment){0};
    cpu->cpl = 3;
    cpu_mode_changed(cpu);
    cpu->attention = 0;
    cpu->pending_debug = 0;
    cpu->halted_dead = false;
    flags_write(cpu, s->flags, UINT32_MAX);
}

/* How long to run. An iteration is a tick, and what may end early must not run into what follows. */
static uint64_t ticks_of(const struct trial *t)
{
    uint32_t count = t->before.reg[ECX];
    bool repeats = t->decoded == DECODE_OK && opcode_rows[t->row].attributes & ROW_STRING &&
                   t->insn.prefixes & (PREFIX_REP | PREFIX_REPNE);

    if (t->traps)
        return 8; /* the trap, and what an interrupt shadow lets pass before it */
    if (!repeats || t->insn.operation == OP_CMPS || t->insn.operation == OP_SCAS)
        return 1;
    if (t->insn.prefixes & PREFIX_ADDRESS16)
        count &= 0xFFFF;
    return count ? count : 1;
}

static void collect(struct fuzz *f, struct outcome *o)
{
    const struct cpu *cpu = &f->bare.cpu;
    struct state *s = &o->after;

    memcpy(s->reg, cpu->reg, sizeof s->reg);
    for (unsigned n = 0; n < SEG_COUNT; n++)
        s->selector[n] = cpu->seg[n].selector;
    o->error = o->cr2 = 0;
    if (cpu->cpl == 3) {
        o->vector = VECTOR_NONE;
        s->eip = cpu->eip;
        s->flags = flags_read(cpu);
        return;
    }
    const uint8_t *frame = f->bare.memory.ram + (cpu->reg[ESP] - SYSTEM);
    o->vector = (cpu->eip - SYSTEM - AT_HANDLERS) / 4;
    if (has_error_code(o->vector)) {
        o->error = load32(frame);
        frame += 4;
    }
    if (o->vector == EXC_PF)
        o->cr2 = cpu->cr2;
    s->eip = load32(frame);
    s->selector[SEG_CS] = load16(frame + 4);
    s->flags = load32(frame + 8);
    s->reg[ESP] = load32(frame + 12);
    s->selector[SEG_SS] = load16(frame + 16);
}

void ours_run(struct fuzz *f, struct trial *t)
{
    const struct cpu *cpu = &f->bare.cpu;
    uint64_t ticks = ticks_of(t);

    load(f, &t->before);
    do
        bare_run(&f->bare, ticks);
    while (cpu->cpl == 3 && cpu->eip == t->before.eip && !t->traps);
    collect(f, &t->ours);
}

bool is_elsewhere(const struct trial *t)
{
    const struct outcome *o = &t->ours;
    bool asks = t->decoded == DECODE_OK && t->insn.operation == OP_LSL &&
                (uint16_t)o->after.reg[t->insn.dst] == NUMBER_OF_PROCESSOR;

    if (o->vector == EXC_PF &&
        (o->cr2 - (ARENA + CONTROL_AT - 16) < CONTROL_SIZE + 32 || o->cr2 - SYSTEM < SYSTEM_SIZE))
        return true;
    return asks || (o->after.selector[SEG_CS] | 3) == 0x33; /* Linux's 64-bit code */
}
