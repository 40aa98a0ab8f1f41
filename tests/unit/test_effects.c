/* test_effects.c - the table of instructions is true: what insn_effects says of an instruction is what the interpreter
 * does.
 *
 * Each row is run on each model, in protected mode at two privileges and with 16-bit segments, in virtual-8086 and in
 * real mode, from random states. Three kinds of observation: what differs from before was declared as written; an
 * instruction that runs again, with one flag, one byte of a register or one segment made different, does the same
 * unless that was declared as read; the accessed and dirty bits of the pages say which memory it touched. In the other
 * direction, whatever a row declares happens at least once.
 *
 *     test_effects [TRIALS of a row in each mode of each model [ROW]] */
#include "tests/unit/processor.h"

#include <stdio.h>

#include "emu/cpu/access.h"
#include "emu/cpu/blocks.h"
#include "emu/cpu/translate/internal.h"
#include "emu/state.h"

/* --- A state to run from --- */
enum mode { PROTECTED, USER, SIXTEEN_BIT, VIRTUAL_8086, REAL, MODES };
/* Each segment has 64 KiB of its own: SEGMENT_BASE + 10000h * n, but for CS. */
enum {
    SEGMENT_BASE = 0x40000,
    PAGE_TABLE_AT = AT_CR3 + PAGE_SIZE,
    AT_ZEROES = 0x30000,
    FLAGS_TRIED = FLAGS_ARITHMETIC | FLAG_DF | FLAG_IF | FLAG_TF | FLAG_IOPL | FLAG_NT,
    PTE_ACCESSED = 0x20,
    PTE_DIRTY = 0x40,
    COPIED_PAGES = 12,
    SERIAL_MAX = 4096
};

struct outcome {
    int exit;
    uint8_t vector;
    uint32_t ports;                          /* how often a port was read or written */
    uint32_t page_count, page[COPIED_PAGES]; /* that were written to, and their bytes */
    uint8_t bytes[COPIED_PAGES][PAGE_SIZE];
    struct cpu cpu; /* up to its exception: the state */
};
#define CPU_STATE_BYTES offsetof(struct cpu, fault_vector)

struct rig {
    struct processor *p;
    enum mode mode;
    uint32_t seed;
    uint8_t *pristine;  /* RAM as each run finds it */
    struct cpu *before; /* the state that each run begins with */
    uint32_t ports;
    struct code_block *block;
    struct outcome a, b;
};

/* --- What has been seen of a row --- */
struct seen {
    unsigned runs;
    struct insn_effects declared, happened; /* registers: bit n of registers_* is register n */
};
static struct seen *rows_seen;
static unsigned long cases, failures;

static uint32_t below(struct rig *r, uint32_t limit)
{
    r->seed = r->seed * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)(r->seed ^ r->seed >> 16) * limit >> 32);
}

static uint32_t random32(struct rig *r)
{
    return below(r, 65536) << 16 | below(r, 65536);
}

static uint32_t port_seen(void *rig, uint16_t port, unsigned size)
{
    struct rig *r = rig;
    (void)size;
    r->ports++;
    return port * 0x9E3779B9u;
}

static void port_changed(void *rig, uint16_t port, uint32_t value, unsigned size)
{
    struct rig *r = rig;
    (void)size;
    r->ports = r->ports * 31 + port * 7u + value + 1;
}

#define CALL_PORT 0x5658u

/* A call that looks at every register that it may look at, and changes each. */
static void port_called(void *rig, uint32_t reg[8])
{
    struct rig *r = rig;
    uint32_t sum = 0;

    for (unsigned n = 0; n < 8; n++)
        sum = n == ESP || n == EBP ? sum : sum * 31 + reg[n];
    for (unsigned n = 0; n < 8; n++)
        reg[n] = n == ESP || n == EBP ? reg[n] : sum + n * 0x01010101u;
    r->ports++;
}

/* A byte of memory, for this run and the next ones. */
static void plant(struct rig *r, uint32_t linear, uint32_t value, unsigned size)
{
    for (unsigned n = 0; n < size && linear + n < MACHINE_RAM; n++)
        r->p->memory.ram[linear + n] = r->pristine[linear + n] = (uint8_t)(value >> 8 * n);
}

static void rig_make(struct rig *r, enum cpu_model model, enum mode mode)
{
    struct cpu *cpu;

    r->mode = mode;
    r->p = mode == REAL           ? processor_real(model)
           : mode == VIRTUAL_8086 ? processor_v86(model, 3)
                                  : processor_protected(model, mode == USER ? 3 : 0);
    cpu = &r->p->cpu;
    if (mode != REAL)
        page_all_but(r->p, UINT32_MAX);
    for (unsigned n = 0; n < SEG_COUNT; n++) {
        struct segment *s = &cpu->seg[n];
        if (n == SEG_CS)
            continue;
        if (mode >= VIRTUAL_8086)
            segment_set_real(cpu, n, (uint16_t)((SEGMENT_BASE + 0x10000 * (n + 1 - (n > SEG_CS))) >> 4));
        s->base = SEGMENT_BASE + 0x10000 * (n + 1 - (n > SEG_CS));
        s->limit = 0xFFFF;
        if (mode == SIXTEEN_BIT)
            s->rights &= (uint16_t)~RIGHTS_D;
        segment_derive(s);
    }
    if (mode == SIXTEEN_BIT)
        cpu->seg[SEG_CS].rights &= (uint16_t)~RIGHTS_D;
    if (mode < VIRTUAL_8086) {
        cpu->seg[SEG_CS].base = AT_CODE;
        cpu->seg[SEG_CS].limit = 0xFFFF;
        cpu->eip = 0;
    }
    cpu_mode_changed(cpu);
    cpu->cr0 |= CR0_NE & (model >= CPU_I486 ? UINT32_MAX : 0);
    cpu->cr4 = (model >= CPU_PENTIUM2 ? CR4_OSFXSR : 0) | (model >= CPU_PENTIUM3 ? CR4_OSXMMEXCPT : 0);
    cpu->sysenter_cs = model >= CPU_PENTIUM2 ? CODE : 0;
    bus_map_ports(&r->p->bus, 0, 65536, 4, port_seen, port_changed, r);
    bus_map_call(&r->p->bus, CALL_PORT, port_called, r);
    /* two tasks that can be switched to */
    static const uint32_t task[] = {8,    AT_CR3 + 8, 9,    0x8000, 10,   2,  18,   DATA, 19,
                                    CODE, 20,         DATA, 21,     DATA, 22, DATA, 23,   DATA};
    for (unsigned n = 0; n < sizeof task / sizeof *task; n += 2)
        poke(r->p, AT_TSS_B + 4 * (task[n] == 8 ? 7 : task[n] == 9 ? 8 : task[n] == 10 ? 9 : task[n]), task[n + 1], 4);
    poke(r->p, AT_TSS, TSS_B, 2);
    for (uint32_t at = SEGMENT_BASE + 0x10000; at < 0xA0000; at += 4)
        poke(r->p, at, random32(r), 4);
    r->pristine = malloc(MACHINE_RAM);
    r->before = malloc(sizeof *r->before);
    memcpy(r->pristine, r->p->memory.ram, MACHINE_RAM);
    memset(r->p->memory.flags, PAGE_CLEAN, MACHINE_RAM / PAGE_SIZE);
    memcpy(r->before, cpu, CPU_STATE_BYTES);
}

static void rig_free(struct rig *r)
{
    processor_free(r->p);
    free(r->pristine);
    free(r->before);
}

/* --- A run --- */

/* RAM as it was; `o` gets what was written, if it is there. */
static void memory_restore(struct rig *r, struct outcome *o)
{
    struct memory *m = &r->p->memory;

    for (uint32_t page = 0; page < MACHINE_RAM / PAGE_SIZE; page++) {
        if (m->flags[page] & PAGE_CLEAN)
            continue;
        if (o && o->page_count < COPIED_PAGES) {
            o->page[o->page_count] = page;
            memcpy(o->bytes[o->page_count++], m->ram + page * PAGE_SIZE, PAGE_SIZE);
        }
        memory_write_block(m, page * PAGE_SIZE, r->pristine + page * PAGE_SIZE, PAGE_SIZE);
        m->flags[page] |= PAGE_CLEAN;
    }
}

static void run_once(struct rig *r, struct outcome *o)
{
    struct cpu *cpu = &r->p->cpu;

    memcpy(cpu, r->before, CPU_STATE_BYTES);
    for (unsigned n = 0; n < SEG_COUNT; n++)
        segment_derive(&cpu->seg[n]);
    mmu_flush(cpu);
    x87_derive(cpu);
    cpu->left = 1000;
    cpu->accounted = 0;
    cpu->leave = false;
    cpu->block = r->block;
    cpu->fault_vector = 0xFF;
    r->ports = 0;
    o->page_count = 0;
    o->exit = r->block->insn[0].run(cpu, r->block->insn);
    o->vector = o->exit == CPU_FAULT ? cpu->fault_vector : 0xFF;
    o->ports = r->ports;
    cpu_canonical(cpu);
    cpu->flag_result = cpu->flag_a = cpu->flag_b = 0; /* no longer in use */
    memcpy(&o->cpu, cpu, CPU_STATE_BYTES);
    memory_restore(r, o);
}

/* --- Instructions of a row --- */
static void bytes_make(struct rig *r, const struct opcode_row *row, uint8_t code[20])
{
    static const uint8_t overrides[] = {0x26, 0x36, 0x3E, 0x64, 0x65};
    unsigned at = 0, select = row->attributes & ROW_PREFIXES;
    bool far = strchr(row->operands, 'A') && strchr(row->operands, 'p') && !strchr(row->operands, 's');

    if (!below(r, 4))
        code[at++] = 0x67;
    if (!below(r, 4))
        code[at++] = 0x66;
    if (!below(r, 3))
        code[at++] = overrides[below(r, 5)];
    if (row->attributes & ROW_STRING && below(r, 2))
        code[at++] = below(r, 2) ? 0xF2 : 0xF3;
    if (select && select != ROW_NO_PREFIX)
        code[at++] = select & ROW_PREFIX_66 ? 0x66 : select & ROW_PREFIX_F3 ? 0xF3 : 0xF2;
    if (row->opcode >> 8)
        code[at++] = 0x0F;
    code[at++] = (uint8_t)row->opcode;
    for (unsigned n = at; n < 20; n++)
        code[n] = (uint8_t)random32(r);
    if (row->group >= 0)
        code[at] = row->group >= 0xC0 ? (uint8_t)row->group : (uint8_t)((code[at] & 0xC7) | row->group << 3);
    else if (row->attributes & ROW_REGISTER_ONLY || (row->operands[0] && !below(r, 3)))
        code[at] |= row->operands[0] == 'J' || row->operands[0] == 'I' ? 0 : 0xC0;
    if (row->group >= 0 && row->group < 8 && row->attributes & ROW_REGISTER_ONLY)
        code[at] |= 0xC0;
    /* displacements that stay in the segment: small, in both widths, behind ModRM and SIB */
    if (row->operands[0] == 'J' || strchr(row->operands, 'O')) {
        code[at + 1] &= 0x1F;
        code[at + 2] = code[at + 3] = (uint8_t)(below(r, 8) ? 0 : random32(r));
    } else if (far) {
        static const uint16_t selectors[] = {CODE,      CODE,      CONFORMING, TSS_B, CALL_GATE,
                                             TASK_GATE, USER_CODE, DATA,       0,     ABSENT_CODE};
        unsigned width = 4;
        for (unsigned n = 0; n < at; n++)
            width = code[n] == 0x66 ? 2 : width;
        width = (r->mode == PROTECTED || r->mode == USER) ? width : 6 - width;
        code[at] = (uint8_t)random32(r);
        code[at + 1] = 0x20;
        code[at + 2] = code[at + 3] = 0;
        code[at + width] = (uint8_t)selectors[below(r, 10)];
        code[at + width + 1] = 0;
    } else if (code[at] < 0xC0 && (code[at] >> 6 == 2 || (code[at] & 0xC7) == 5)) {
        unsigned displacement = at + 1 + ((code[at] & 7) == 4);
        code[displacement + 1] &= 0x0F;
        code[displacement + 2] = code[displacement + 3] = 0;
    }
}

/* What follows from TF and the breakpoints. */
static void attention_make(struct cpu *c)
{
    c->attention = (c->attention & ATTENTION_INTR) | (c->flags & FLAG_TF || c->dr[7] & 0xFF ? ATTENTION_STEP : 0);
}

static void registers_make(struct rig *r)
{
    struct cpu *c = r->before;

    for (unsigned n = 0; n < 8; n++)
        switch (below(r, 4)) {
        case 0: c->reg[n] = below(r, 32); break;
        case 1: c->reg[n] = random32(r); break;
        default: c->reg[n] = below(r, 0x1000); break;
        }
    if (below(r, 4))
        c->reg[ESP] = 0x8000 + 4 * below(r, 64);
    if (below(r, 4))
        c->reg[EBP] = 0x7000 + 4 * below(r, 64);
    if (below(r, 2))
        c->reg[ECX] = below(r, 6);
    c->flags = FLAG_FIXED | (c->flags & FLAG_VM) | (random32(r) & (FLAGS_ARITHMETIC | FLAG_DF | FLAG_IF | FLAG_VIF));
    c->flags |= below(r, 8) ? 0 : FLAG_TF;
    c->flags |= below(r, 2) ? FLAG_IOPL : 0;
    c->flags |= below(r, 8) ? 0 : FLAG_NT;
    c->flag_op = FLAG_OP(FLAGS_READY, 4);
    for (unsigned n = 0; n < 8; n++) {
        c->x87.reg[n].significand = random32(r) | (uint64_t)(random32(r) | 0x80000000u) << 32;
        c->x87.reg[n].high = (uint16_t)(0x3FFD + below(r, 8));
        c->xmm[n].q[0] = random32(r) | (uint64_t)(0x3F000000u | random32(r) % 0x1000000) << 32;
        c->xmm[n].q[1] = random32(r) | (uint64_t)(0x3F000000u | random32(r) % 0x1000000) << 32;
    }
    if (below(r, 2)) { /* small numbers for shifts, equal ones for comparisons */
        unsigned n = below(r, 8), m = below(r, 8);
        c->xmm[n].q[0] = c->x87.reg[n].significand = below(r, 40);
        c->xmm[m] = c->xmm[below(r, 8)];
        c->x87.reg[m] = c->x87.reg[below(r, 8)];
    }
    c->x87.used = below(r, 4) ? 0xFF : (uint8_t)random32(r);
    c->x87.top = (uint8_t)below(r, 8);
    c->x87.condition = 0;
    c->x87.control = below(r, 4) ? 0x37F : (uint16_t)(0x340 | below(r, 64));
    c->x87.env.flags = 0;
    c->dr[7] = below(r, 4) ? 0x400 : 0x401;
    c->dr[0] = 0xFFFFFFF0;
    c->attention = below(r, 8) ? 0 : ATTENTION_INTR;
    attention_make(c);
    if (r->p->cpu.model >= CPU_PENTIUM) {
        c->cr4 &= ~(CR4_TSD | CR4_VME | CR4_PVI);
        c->cr4 |= below(r, 4) ? 0 : CR4_TSD;
        c->cr4 |= below(r, 4) ? 0 : CR4_VME | CR4_PVI;
    } else {
        c->flags &= ~(uint32_t)FLAG_VIF;
    }
    c->mxcsr = below(r, 4) ? MXCSR_DEFAULT : 0x1F80 & random32(r);
    c->cr0 &= ~(CR0_TS | CR0_MP | CR0_EM);
    c->cr4 |= r->p->cpu.model >= CPU_PENTIUM2 ? CR4_OSFXSR : 0;
    switch (below(r, 16)) {
    case 0: c->cr0 |= CR0_TS | CR0_MP; break;
    case 1: c->cr0 |= CR0_EM; break;
    case 2: c->cr4 &= ~CR4_OSFXSR; break;
    }
}

/* The gate that a software interrupt takes, and a task to return to. */
static void gates_make(struct rig *r, const struct insn *i)
{
    static const struct {
        uint16_t selector;
        uint8_t type;
    } gates[] = {{CODE, 0xEE}, {CODE, 0xEF},       {CODE, 0xE6}, {TSS_B, 0xE5},
                 {CODE, 0x8E}, {CONFORMING, 0xEE}, {DATA, 0xEE}, {TSS_B, 0xE5}};
    unsigned n = below(r, sizeof gates / sizeof *gates), vector = i->operation == OP_INT    ? i->immediate & 0xFF
                                                                  : i->operation == OP_INT3 ? 3
                                                                  : i->operation == OP_INTO ? 4
                                                                                            : 1;

    plant(r, AT_IDT + 8 * vector, handler(vector) | (uint32_t)gates[n].selector << 16, 4);
    plant(r, AT_IDT + 8 * vector + 4, (uint32_t)gates[n].type << 8, 4);
    plant(r, AT_GDT + TSS_B + 5, i->operation == OP_IRET ? 0x8B : 0x89, 1);
}

/* Memory that an instruction makes something of: far pointers, frames, selectors, numbers that fit. */
static void operands_make(struct rig *r, const struct insn *i, const struct insn_effects *e)
{
    static const uint16_t selectors[] = {
        CODE,         DATA,        USER_CODE,  USER_DATA,  TSS_B,     LDT,          CALL_GATE,
        TASK_GATE,    ABSENT_DATA, CONFORMING, SMALL_DATA, READ_ONLY, EXECUTE_ONLY, EXPAND_DOWN,
        CALL_GATE_16, ABSENT_CODE, STACK_16,   LOCAL_DATA, 0};
    struct cpu *c = r->before;
    uint32_t at, mask = c->seg[SEG_SS].rights & RIGHTS_D ? UINT32_MAX : 0xFFFF,
                 stack = c->seg[SEG_SS].base + (c->reg[ESP] & mask);
    uint16_t selector = selectors[below(r, sizeof selectors / sizeof *selectors)];
    uint16_t code = selectors[below(r, 2) ? 0 : below(r, 3)];

    at = effective_address(c, i) + c->seg[i->segment].base;
    if (e->memory_size >= 16 && i->base != REG_ZERO && i->base != i->index && below(r, 8)) { /* aligned, as most of
                                                                                                these must be */
        c->reg[i->base] -= at & 15;
        at &= ~15u;
    }
    if (r->mode < REAL)
        gates_make(r, i);
    if (e->units & (UNIT_MMX | UNIT_SSE) && e->memory & MEMORY_READ && below(r, 2)) { /* the count of a shift, or an
                                                                                         equal */
        bool equal = below(r, 2);
        for (unsigned n = 0; n < e->memory_size; n += 4)
            plant(r, at + n, equal ? (uint32_t)(c->xmm[i->dst].q[n / 8] >> 8 * (n & 4)) : n ? 0 : below(r, 40), 4);
    }
    switch (i->operation) {
    case OP_JMP_FAR:
    case OP_CALL_FAR:
    case OP_LES:
    case OP_LDS:
    case OP_LSS:
    case OP_LFS:
    case OP_LGS:
        plant(r, at, 0x2000 + below(r, 256), i->size);
        plant(r, at + i->size, i->operation == OP_JMP_FAR || i->operation == OP_CALL_FAR ? code : selector, 2);
        if (below(r, 2) && i->operation <= OP_CALL_FAR && i->operation >= OP_JMP_FAR)
            plant(r, at + i->size, selector, 2);
        break;
    case OP_MOV_TO_SREG:
    case OP_LLDT:
    case OP_LTR:
    case OP_LAR:
    case OP_LSL:
    case OP_VERR:
    case OP_VERW:
    case OP_ARPL:
        if (i->form == FORM_RR || i->form == FORM_R)
            c->reg[i->form == FORM_RR && i->operation != OP_ARPL ? i->src : i->dst] = selector;
        else
            plant(r, at, selector, 2);
        break;
    case OP_POP_SREG: plant(r, stack, selector, 2); break;
    case OP_JMP:
    case OP_CALL:
        if (i->form == FORM_M)
            plant(r, at, 0x2000 + below(r, 256), i->size);
        break;
    case OP_RET:
    case OP_RETF:
    case OP_IRET:
        plant(r, stack, 0x2000 + below(r, 256), i->size);
        plant(r, stack + i->size, code, i->size);
        plant(r, stack + 2 * i->size, i->operation == OP_IRET ? random32(r) & 0x7FD5 : 0x4000, i->size);
        plant(r, stack + 3 * i->size, i->operation == OP_IRET ? 0x4000u : USER_DATA, i->size);
        plant(r, stack + 4 * i->size, USER_DATA, i->size);
        break;
    case OP_POPF: plant(r, stack, random32(r) & 0x7FD7, 4); break;
    case OP_BOUND:
        if (below(r, 2)) {
            plant(r, at, 0x80, i->size);
            plant(r, at + i->size, 0x7F00, i->size);
        }
        break;
    case OP_DIV:
    case OP_IDIV:
        if (below(r, 2)) {
            c->reg[EDX] = 0;
            c->reg[EAX] &= 0x7F;
        }
        break;
    case OP_CMPXCHG:
    case OP_CMPXCHG8B:
        if (i->form == FORM_RR && below(r, 2))
            c->reg[i->dst & (i->size == 1 ? 3 : 7)] = c->reg[EAX];
        else if (i->form != FORM_RR && below(r, 2)) {
            plant(r, at, c->reg[EAX], i->size == 8 ? 4 : i->size);
            if (i->size == 8)
                plant(r, at + 4, c->reg[EDX], 4);
        }
        break;
    case OP_RDMSR:
    case OP_WRMSR:
        c->reg[ECX] = below(r, 2) ? 0x10 : 0x174 + below(r, 3);
        c->reg[EDX] = i->operation == OP_WRMSR ? 0 : c->reg[EDX];
        break;
    case OP_IN:
        if (below(r, 2))
            c->reg[EDX] = (c->reg[EDX] & 0xFFFF0000) | CALL_PORT;
        break;
    case OP_RDPMC: c->reg[ECX] = below(r, 3); break;
    case OP_CPUID: c->reg[EAX] = below(r, 4); break;
    case OP_MOV_TO_CR:
        if (below(r, 8))
            c->reg[i->src] = (i->dst == 0   ? c->cr0
                              : i->dst == 3 ? AT_CR3
                              : i->dst == 4 ? c->cr4
                                            : random32(r)) ^
                             (i->dst == 0   ? below(r, 2) * CR0_TS | below(r, 2) * CR0_WP
                              : i->dst == 3 ? below(r, 2) * 8
                              : i->dst == 4 ? below(r, 8)
                                            : 0);
        break;
    case OP_MOV_TO_DR: c->reg[i->src] &= ~0xFFu & ~0x2000u; break;
    case OP_LDMXCSR: plant(r, at, random32(r) & 0x1FBF, 4); break;
    case OP_FXRSTOR: plant(r, at + 24, random32(r) & 0x1FBF, 4); break;
    case OP_MASKMOVQ:
    case OP_MASKMOVDQU: c->reg[EDI] &= 0xFFF; break;
    }
}

/* --- What is compared --- */
struct bytes {
    uint8_t data[SERIAL_MAX];
    size_t length;
};

static void append(void *context, const uint8_t *bytes, size_t length)
{
    struct bytes *b = context;

    if (b->length + length <= sizeof b->data)
        memcpy(b->data + b->length, bytes, length);
    b->length += length;
}

static bool same_state(const struct cpu *a, const struct cpu *b)
{
    static struct bytes x, y;

    if (!memcmp(a, b, CPU_STATE_BYTES)) /* what is no state included */
        return true;
    if (memcmp(a->reg, b->reg, sizeof a->reg) || a->eip != b->eip || a->flags != b->flags ||
        memcmp(a->xmm, b->xmm, sizeof a->xmm))
        return false;
    x.length = y.length = 0;
    state_serialize(cpu_state, a, append, &x);
    state_serialize(cpu_state, b, append, &y);
    assert_true(x.length == y.length && x.length <= SERIAL_MAX);
    return !memcmp(x.data, y.data, x.length);
}

static bool same_segment(const struct segment *a, const struct segment *b)
{
    return a->base == b->base && a->limit == b->limit && a->selector == b->selector && a->rights == b->rights;
}

static bool same_memory(const struct outcome *a, const struct outcome *b)
{
    if (a->page_count != b->page_count)
        return false;
    for (unsigned n = 0; n < a->page_count; n++)
        if (a->page[n] != b->page[n] || memcmp(a->bytes[n], b->bytes[n], PAGE_SIZE))
            return false;
    return true;
}

static void report(const struct rig *r, const struct insn *i, const uint8_t *code, const char *what, uint32_t detail)
{
    static const char *const modes[] = {"protected", "user", "16-bit", "virtual-8086", "real"};
    char text[DISASSEMBLY_SIZE];

    if (failures++ > 60)
        return;
    disassemble(i, 0, text);
    printf("row %u %X/%d, model %u, %s: %s: %s %X |", i->row, opcode_rows[i->row].opcode, opcode_rows[i->row].group,
           r->p->cpu.model, modes[r->mode], text, what, detail);
    for (unsigned n = 0; n < i->length; n++)
        printf(" %02X", code[n]);
    putchar('\n');
}

/* --- First observation: what changed was declared --- */
static uint32_t bytes_changed(const uint32_t *a, const uint32_t *b)
{
    uint32_t changed = 0;

    for (unsigned n = 0; n < 32; n++)
        changed |= (a[n / 4] ^ b[n / 4]) >> 8 * (n % 4) & 0xFF ? 1u << n : 0;
    return changed;
}

static uint8_t registers_of(uint32_t bytes)
{
    uint8_t registers = 0;

    for (unsigned n = 0; n < 8; n++)
        registers |= (uint8_t)((bytes >> 4 * n & 15 ? 1 : 0) << n);
    return registers;
}

static uint8_t units_changed(const struct cpu *a, const struct cpu *b)
{
    uint8_t units = memcmp(a->xmm, b->xmm, sizeof a->xmm) || a->mxcsr != b->mxcsr ? UNIT_SSE : 0;
    struct x87 x = a->x87, y = b->x87;

    x.ip = y.ip = x.dp = y.dp = 0;
    return (uint8_t)(units | (memcmp(a->x87.reg, b->x87.reg, sizeof a->x87.reg) || x.top != y.top || x.used != y.used ||
                                      x.condition != y.condition || x.control != y.control ||
                                      x.env.flags != y.env.flags || x.env.rounded_up != y.env.rounded_up
                                  ? UNIT_X87 | UNIT_MMX
                                  : 0));
}

/* Takes back each change that `e` allows; what then still differs was not declared. */
static unsigned changes_of(const struct rig *r, const struct insn *i, const struct outcome *o, struct cpu *left)
{
    const struct cpu *before = r->before, *after = &o->cpu;
    unsigned changes = o->ports ? CHANGE_DEVICES : 0;
    bool repeats = opcode_rows[i->row].attributes & ROW_STRING && after->eip == before->eip;
    uint32_t cr0 = before->cr0 ^ after->cr0;

    changes |= after->eip != before->eip + i->length && !repeats ? CHANGE_FLOW : 0;
    changes |= after->cpl != before->cpl ? CHANGE_PRIVILEGE : 0;
    changes |= cr0 || before->cr4 != after->cr4 || code_mode(before) != code_mode(after) ||
                       (before->flags ^ after->flags) & FLAG_VM ||
                       (before->seg[SEG_SS].rights ^ after->seg[SEG_SS].rights) & RIGHTS_D
                   ? CHANGE_MODE
                   : 0;
    changes |= cr0 & (CR0_PG | CR0_WP) || before->cr3 != after->cr3 || before->cr4 != after->cr4 ? CHANGE_MAPPING : 0;
    changes |= !same_segment(&before->ldtr, &after->ldtr) || !same_segment(&before->tr, &after->tr) ||
                       memcmp(&before->gdtr, &after->gdtr, sizeof before->gdtr) ||
                       memcmp(&before->idtr, &after->idtr, sizeof before->idtr)
                   ? CHANGE_TABLES
                   : 0;
    changes |= before->cr2 != after->cr2 || memcmp(before->dr, after->dr, sizeof before->dr) ||
                       memcmp(before->tr_test, after->tr_test, sizeof before->tr_test) ||
                       before->tsc_base != after->tsc_base || before->sysenter_cs != after->sysenter_cs ||
                       before->sysenter_esp != after->sysenter_esp || before->sysenter_eip != after->sysenter_eip ||
                       before->apic_base != after->apic_base || memcmp(before->msr, after->msr, sizeof before->msr)
                   ? CHANGE_SYSTEM
                   : 0;
    changes |= before->attention != after->attention || before->pending_debug != after->pending_debug ||
                       before->nmi_blocked != after->nmi_blocked ||
                       (before->flags ^ after->flags) & ~(uint32_t)(FLAGS_TRIED & ~FLAG_IF) & ~(uint32_t)FLAG_VM
                   ? CHANGE_INTERRUPTS
                   : 0;
    *left = *after;
    left->eip = before->eip;
    left->flags = before->flags;
    left->cpl = before->cpl;
    left->cr0 = before->cr0;
    left->cr2 = before->cr2;
    left->cr3 = before->cr3;
    left->cr4 = before->cr4;
    left->ldtr = before->ldtr;
    left->tr = before->tr;
    left->gdtr = before->gdtr;
    left->idtr = before->idtr;
    memcpy(left->dr, before->dr, sizeof left->dr);
    memcpy(left->tr_test, before->tr_test, sizeof left->tr_test);
    memcpy(left->msr, before->msr, sizeof left->msr);
    left->tsc_base = before->tsc_base;
    left->apic_base = before->apic_base;
    left->sysenter_cs = before->sysenter_cs;
    left->sysenter_esp = before->sysenter_esp;
    left->sysenter_eip = before->sysenter_eip;
    left->attention = before->attention;
    left->pending_debug = before->pending_debug;
    left->nmi_blocked = before->nmi_blocked;
    memcpy(left->reg, before->reg, sizeof left->reg);
    memcpy(left->seg, before->seg, sizeof left->seg);
    memcpy(left->xmm, before->xmm, sizeof left->xmm);
    left->mxcsr = before->mxcsr;
    left->x87 = before->x87;
    return changes;
}

/* The pages of a segment, or those of the tables, that a run accessed (made dirty). Needs paging. */
static bool touched(const struct outcome *o, const struct rig *r, uint32_t first, uint32_t bytes, unsigned bit)
{
    for (unsigned n = 0; n < o->page_count; n++)
        for (uint32_t page = first / PAGE_SIZE;
             o->page[n] == PAGE_TABLE_AT / PAGE_SIZE && page < (first + bytes) / PAGE_SIZE; page++)
            if ((o->bytes[n][4 * page] & ~r->pristine[PAGE_TABLE_AT + 4 * page]) & bit)
                return true;
    return false;
}

static void memory_observe(const struct rig *r, const struct insn *i, const uint8_t *code, const struct insn_effects *e,
                           const struct outcome *o, struct seen *s)
{
    const struct cpu *c = r->before;
    uint16_t m = e->memory;

    for (unsigned n = 0; n < SEG_COUNT; n++) {
        bool operand = n == i->segment, stack = n == SEG_SS, target = n == SEG_ES;
        bool read = (operand && m & (MEMORY_READ | MEMORY_WRITE | MEMORY_SOURCE)) ||
                    (stack && m & (MEMORY_STACK_READ | MEMORY_STACK_WRITE)) ||
                    (target && m & (MEMORY_TARGET_READ | MEMORY_TARGET_WRITE));
        bool write = (operand && m & MEMORY_WRITE) || (stack && m & MEMORY_STACK_WRITE) ||
                     (target && m & MEMORY_TARGET_WRITE);
        bool a, d;
        if (n == SEG_CS || (e->changes & CHANGE_FLOW && o->cpu.tr.selector != c->tr.selector))
            continue;
        a = touched(o, r, c->seg[n].base & ~PAGE_MASK, 0x10000, PTE_ACCESSED);
        d = touched(o, r, c->seg[n].base & ~PAGE_MASK, 0x10000, PTE_DIRTY);
        if (a && !read)
            report(r, i, code, "touches memory of segment", n);
        if (d && !write)
            report(r, i, code, "writes memory of segment", n);
        if (o->exit == CPU_FAULT)
            continue;
        if (d &&
            (operand && m & MEMORY_WRITE) + (stack && m & MEMORY_STACK_WRITE) + (target && m & MEMORY_TARGET_WRITE) ==
                1)
            s->happened.memory |= m & ((operand ? MEMORY_WRITE : 0) | (stack ? MEMORY_STACK_WRITE : 0) |
                                       (target ? MEMORY_TARGET_WRITE : 0));
    }
    if (touched(o, r, 0, 0x8000, PTE_ACCESSED)) {
        s->happened.memory |= MEMORY_SYSTEM & m;
        if (!(m & MEMORY_SYSTEM))
            report(r, i, code, "touches tables", 0);
    }
}

/* CR0.TS refuses all units, CR0.EM each in its own way, a clear CR4.OSFXSR those with XMM registers. MMX instructions
 * make register 0 the top of the x87's stack. */
static void units_observe(const struct rig *r, const struct insn *i, const uint8_t *code, const struct insn_effects *e,
                          const struct outcome *o, struct seen *s)
{
    const struct cpu *c = r->before;
    bool image = i->operation == OP_FXSAVE || i->operation == OP_FXRSTOR, wait = i->operation == OP_WAIT;
    bool undefined = i->operation == OP_UD2 || i->operation == OP_RSM, sse = e->units & UNIT_SSE && !image,
         right = true;

    if (c->cr0 & CR0_EM) {
        right = (o->vector == EXC_NM) == (e->units & UNIT_X87 && !wait) &&
                (image || !(e->units & ~UNIT_X87) || o->vector == EXC_UD);
        s->happened.units |= o->vector == EXC_NM ? e->units & UNIT_X87 : 0;
    } else if (r->p->cpu.model >= CPU_PENTIUM3 && !(c->cr4 & CR4_OSFXSR)) {
        right = undefined || (o->vector == EXC_UD) == sse;
        s->happened.units |= o->vector == EXC_UD && sse ? UNIT_SSE : 0;
    } else if (c->cr0 & CR0_TS) {
        right = (o->vector == EXC_NM) == (e->units != 0);
        s->happened.units |= o->vector == EXC_NM ? e->units & ((wait ? UNIT_X87 : 0) | (image ? UNIT_SSE : 0)) : 0;
    }
    if (!right)
        report(r, i, code, "is not refused as its units are", o->vector);
    if (o->exit != CPU_FAULT && !(e->units & UNIT_X87) && c->x87.top && !o->cpu.x87.top)
        s->happened.units |= e->units & UNIT_MMX;
}

static void changes_observe(const struct rig *r, const struct insn *i, const uint8_t *code,
                            const struct insn_effects *e, const struct outcome *o, struct seen *s)
{
    const struct cpu *before = r->before, *after = &o->cpu;
    static struct cpu left;
    uint32_t flags = (before->flags ^ after->flags) & FLAGS_TRIED, registers = bytes_changed(before->reg, after->reg);
    unsigned changes = changes_of(r, i, o, &left);
    uint8_t units = units_changed(before, after), segments = 0, xmm = 0, mmx = 0;

    for (unsigned n = 0; n < SEG_COUNT; n++)
        segments |= (uint8_t)(!same_segment(&before->seg[n], &after->seg[n]) << n);
    for (unsigned n = 0; n < 8; n++) {
        xmm |= (uint8_t)(!!memcmp(&before->xmm[n], &after->xmm[n], sizeof before->xmm[n]) << n);
        mmx |= (uint8_t)((before->x87.reg[n].significand != after->x87.reg[n].significand ||
                          before->x87.reg[n].high != after->x87.reg[n].high)
                         << n);
    }
    if (o->exit == CPU_FAULT) { /* x87 and SIMD note exceptions; debug exceptions, CR2 and iterations are the fault's
                                   own */
        bool partial = opcode_rows[i->row].attributes & ROW_STRING || e->changes & CHANGE_TABLES;
        if (!partial && (flags || registers || segments || xmm ||
                         changes & ~(unsigned)(CHANGE_FLOW | CHANGE_SYSTEM | CHANGE_INTERRUPTS)))
            report(r, i, code, "changes what it should not by a fault: flags", flags);
        return;
    }
    if (flags & ~e->flags_written)
        report(r, i, code, "writes flags", flags & ~e->flags_written);
    if (registers & ~e->registers_written)
        report(r, i, code, "writes registers", registers & ~e->registers_written);
    if (segments & ~e->segments_written)
        report(r, i, code, "writes segments", (uint32_t)(segments & ~e->segments_written));
    if (xmm & ~e->xmm_written)
        report(r, i, code, "writes XMM registers", (uint32_t)(xmm & ~e->xmm_written));
    if (!(e->units & UNIT_X87) && mmx & ~e->mmx_written)
        report(r, i, code, "writes MMX registers", (uint32_t)(mmx & ~e->mmx_written));
    if (changes & ~(unsigned)e->changes)
        report(r, i, code, "changes", changes & ~(unsigned)e->changes);
    if (units && !(units & e->units))
        report(r, i, code, "changes units", units);
    if (!same_state(before, &left))
        report(r, i, code, "changes something else", 0);
    if (changes & (CHANGE_FLOW | CHANGE_PRIVILEGE | CHANGE_MODE | CHANGE_MAPPING | CHANGE_DEVICES) &&
        !(opcode_rows[i->row].attributes & ROW_ENDS_BLOCK))
        report(r, i, code, "does not end its block", changes);
    s->happened.flags_written |= flags;
    s->happened.registers_written |= registers_of(registers);
    s->happened.segments_written |= segments;
    s->happened.xmm_written |= xmm;
    s->happened.mmx_written |= mmx;
    s->happened.changes |= (uint16_t)changes;
}

/* --- Second observation: what was not declared as read makes no difference --- */
struct twist {
    enum { TWIST_FLAGS, TWIST_REGISTER, TWIST_SEGMENT, TWIST_XMM, TWIST_MMX, TWIST_MEMORY, TWISTS } what;
    unsigned n;
    uint32_t value;
    uint64_t lanes[2];
};

/* The segment whose memory a linear address is. */
static unsigned segment_at(const struct cpu *c, uint32_t linear)
{
    unsigned n = SEG_ES;

    while (n < SEG_COUNT && (n == SEG_CS || linear - c->seg[n].base > 0xFFFF))
        n++;
    return n;
}

/* The kinds of memory that an instruction may read in a segment. */
static uint16_t kinds_read(const struct insn *i, const struct insn_effects *e, unsigned segment)
{
    return e->memory & ((segment == i->segment ? MEMORY_READ | MEMORY_SOURCE : 0) |
                        (segment == SEG_SS ? MEMORY_STACK_READ : 0) | (segment == SEG_ES ? MEMORY_TARGET_READ : 0));
}

/* A byte of memory that an instruction might read. */
static uint32_t memory_choose(struct rig *r, const struct insn *i, const struct insn_effects *e)
{
    const struct cpu *c = r->before;
    uint32_t address = i->prefixes & PREFIX_ADDRESS16 ? 0xFFFF : UINT32_MAX, operand = c->seg[i->segment].base,
             stack = c->seg[SEG_SS].rights & RIGHTS_D ? UINT32_MAX : 0xFFFF;

    switch (below(r, 5)) {
    case 0: return c->seg[SEG_SS].base + (c->reg[ESP] & stack) + below(r, 40);
    case 1: return c->seg[SEG_SS].base + (c->reg[EBP] & stack) - below(r, 16) + 4;
    case 2: return operand + (c->reg[ESI] & address) + below(r, 4);
    case 3: return c->seg[SEG_ES].base + (c->reg[EDI] & address) + below(r, 4);
    default: break;
    }
    if (i->operation == OP_XLAT)
        return operand + ((c->reg[EBX] + (c->reg[EAX] & 0xFF)) & address);
    return operand + effective_address(c, i) + below(r, e->memory_size + 1u);
}

static uint32_t one_of(struct rig *r, uint32_t set)
{
    unsigned n = below(r, 32);

    while (!(set >> n & 1))
        n = (n + 1) & 31;
    return n;
}

/* A number of the set: where it can be, one that has not been seen to matter. */
static unsigned prefer(struct rig *r, uint32_t declared, uint32_t happened, uint32_t all)
{
    uint32_t missing = declared & ~happened;

    if (missing && below(r, 2))
        return one_of(r, missing);
    return one_of(r, declared && below(r, 2) ? declared : all);
}

static uint64_t lane_twist(struct rig *r)
{
    uint64_t wide = random32(r) | (uint64_t)random32(r) << 32;

    switch (below(r, 4)) {
    case 0: return UINT64_C(1) << below(r, 64);
    case 1: return wide & 0x3F;
    case 2: return wide & UINT64_C(0x8080808080808080);
    default: return wide;
    }
}

/* One thing that is made different: more often than not one that is declared as read. */
static struct twist twist_choose(struct rig *r, const struct insn *i, const struct insn_effects *e,
                                 const struct seen *s)
{
    struct twist t = {below(r, TWISTS), 0, 0, {lane_twist(r) | 1u << 3, lane_twist(r)}};
    uint32_t bytes = 0;

    if (below(r, 2))
        t.what = below(r, 2) ? TWIST_REGISTER : TWIST_FLAGS;
    switch (t.what) {
    case TWIST_FLAGS:
        t.value = 1u << prefer(r, (e->flags_read | e->flags_written) & FLAGS_TRIED,
                               s->happened.flags_read & (s->happened.flags_kept | ~e->flags_kept), FLAGS_TRIED);
        if (t.value & FLAG_IOPL)
            t.value = FLAG_IOPL;
        break;
    case TWIST_REGISTER:
        for (unsigned n = 0; n < 8; n++)
            bytes |= s->happened.registers_read >> n & 1 ? REGISTER_BYTES(n, 4) : 0;
        t.n = prefer(r, e->registers_read, bytes, UINT32_MAX);
        t.value = (below(r, 2) ? 1u << below(r, 8) : below(r, 255) + 1) << 8 * (t.n & 3);
        break;
    case TWIST_SEGMENT:
        t.n = prefer(r, e->segments_read, s->happened.segments_read, (1u << SEG_COUNT) - 1);
        t.value = below(r, 2) ? 0x10 : 0x1000;
        break;
    case TWIST_XMM: t.n = prefer(r, e->xmm_read, s->happened.xmm_read, 0xFF); break;
    case TWIST_MEMORY:
        t.n = memory_choose(r, i, e);
        t.value = below(r, 2) ? 1u << below(r, 8) : below(r, 255) + 1;
        if (segment_at(r->before, t.n) == SEG_COUNT)
            t.what = TWIST_FLAGS, t.value = FLAG_CF;
        break;
    default: t.n = prefer(r, e->mmx_read, s->happened.mmx_read, 0xFF); break;
    }
    return t;
}

static void twist(struct cpu *c, const struct twist *t, const struct insn *i)
{
    struct segment *s = &c->seg[t->n % SEG_COUNT];

    switch (t->what) {
    case TWIST_FLAGS:
        c->flags ^= t->value;
        c->attention ^= t->value & FLAG_TF && !(c->dr[7] & 0xFF) ? ATTENTION_STEP : 0;
        break;
    case TWIST_REGISTER: c->reg[t->n / 4] ^= t->value; break;
    case TWIST_SEGMENT:
        if (t->n == SEG_CS)
            s->limit ^= 0xFFFFu ^ (i->length - 1u);
        else
            s->base ^= t->value;
        s->selector ^= 0x8;
        break;
    case TWIST_MEMORY: break;
    case TWIST_XMM:
        c->xmm[t->n].q[0] ^= t->lanes[0];
        c->xmm[t->n].q[1] ^= t->lanes[1];
        break;
    default: c->x87.reg[t->n].significand ^= t->lanes[0]; break;
    }
}

static bool twist_is_read(const struct cpu *c, const struct twist *t, const struct insn *i,
                          const struct insn_effects *e)
{
    switch (t->what) {
    case TWIST_FLAGS: return t->value & e->flags_read;
    case TWIST_REGISTER: return e->registers_read >> t->n & 1;
    case TWIST_SEGMENT: return e->segments_read >> t->n & 1;
    case TWIST_XMM: return e->xmm_read >> t->n & 1;
    case TWIST_MEMORY: return kinds_read(i, e, segment_at(c, t->n));
    default: return e->units & UNIT_X87 || e->mmx_read >> t->n & 1;
    }
}

/* A byte that was made different, and that both runs left so, in a page that both wrote to. */
static void byte_untwist(struct rig *r, const struct twist *t)
{
    for (unsigned n = 0; n < r->b.page_count && n < r->a.page_count; n++) {
        uint8_t *a = &r->a.bytes[n][t->n & PAGE_MASK], *b = &r->b.bytes[n][t->n & PAGE_MASK];
        bool both = r->b.page[n] == t->n / PAGE_SIZE && r->a.page[n] == t->n / PAGE_SIZE;
        if (both && *a == r->pristine[t->n] && *b == (*a ^ t->value))
            *b = *a;
    }
}

/* Whether the second run ended as the first, but for what was made different, which may have stayed so where it could
 * stay. */
static bool same_outcome(struct rig *r, const struct twist *t, const struct insn *i, const struct insn_effects *e,
                         struct seen *s)
{
    struct cpu *a = (struct cpu *)&r->a.cpu, *b = (struct cpu *)&r->b.cpu;
    static struct cpu kept;
    bool overwritten, stayed;

    if (t->what == TWIST_MEMORY)
        byte_untwist(r, t);
    if (r->a.exit != r->b.exit || r->a.vector != r->b.vector || r->a.ports != r->b.ports || !same_memory(&r->a, &r->b))
        return false;
    memcpy(&kept, b, CPU_STATE_BYTES);
    twist(&kept, t, i); /* back */
    overwritten = same_state(a, b);
    stayed = same_state(a, &kept);
    if (r->a.exit == CPU_FAULT)
        return stayed || overwritten;
    switch (t->what) {
    case TWIST_FLAGS:
        if (overwritten)
            s->happened.flags_undefined |= t->value & e->flags_written; /* here: those that did not stay */
        if (stayed)
            s->happened.flags_kept |= t->value & e->flags_kept;
        return (overwritten && t->value & e->flags_written) ||
               (stayed && !(t->value & e->flags_written & ~e->flags_kept));
    case TWIST_REGISTER: return e->registers_written >> t->n & 1 ? overwritten : stayed;
    case TWIST_SEGMENT: return e->segments_written >> t->n & 1 ? overwritten : stayed;
    case TWIST_XMM: return e->xmm_written >> t->n & 1 ? overwritten : stayed;
    case TWIST_MEMORY: return overwritten;
    default: return e->mmx_written >> t->n & 1 ? overwritten : stayed;
    }
}

static void twist_try(struct rig *r, const struct insn *i, const uint8_t *code, const struct insn_effects *e,
                      struct seen *s)
{
    static const char *const names[] = {"depends on flag",    "depends on byte of registers",
                                        "depends on segment", "depends on XMM",
                                        "depends on MMX",     "depends on memory at"};
    struct twist t = twist_choose(r, i, e, s);
    static struct cpu saved;
    uint16_t kinds;
    bool same;

    memcpy(&saved, r->before, CPU_STATE_BYTES);
    twist(r->before, &t, i);
    if (t.what == TWIST_MEMORY)
        plant(r, t.n, r->pristine[t.n] ^ t.value, 1);
    run_once(r, &r->b);
    if (t.what == TWIST_MEMORY)
        plant(r, t.n, r->pristine[t.n] ^ t.value, 1);
    memcpy(r->before, &saved, CPU_STATE_BYTES);
    cases++;
    same = same_outcome(r, &t, i, e, s);
    if (!same && !twist_is_read(r->before, &t, i, e))
        report(r, i, code, names[t.what], t.what == TWIST_FLAGS ? t.value : t.n);
    if (same)
        return;
    switch (t.what) {
    case TWIST_FLAGS: s->happened.flags_read |= t.value; break;
    case TWIST_REGISTER: s->happened.registers_read |= 1u << t.n / 4; break;
    case TWIST_SEGMENT: s->happened.segments_read |= (uint8_t)(1u << t.n); break;
    case TWIST_XMM: s->happened.xmm_read |= (uint8_t)(1u << t.n); break;
    case TWIST_MEMORY:
        kinds = kinds_read(i, e, segment_at(r->before, t.n));
        if (!(kinds & (kinds - 1)))
            s->happened.memory |= kinds;
        break;
    default: s->happened.mmx_read |= (uint8_t)(1u << t.n); break;
    }
}

/* --- Third observation: a segment that ends with the operand is large enough, one byte less is not --- */
static void limit_try(struct rig *r, const struct insn *i, const uint8_t *code, const struct insn_effects *e)
{
    struct segment *s = &r->before->seg[i->segment], whole = *s;
    uint32_t last = effective_address(r->before, i) + e->memory_size - 1;
    bool string_of_bits = i->form == FORM_MR && i->operation >= OP_BT && i->operation <= OP_BTC;

    if (!(e->memory & (MEMORY_READ | MEMORY_WRITE)) || i->operation == OP_XLAT || i->operation == OP_MASKMOVQ ||
        i->operation == OP_MASKMOVDQU || string_of_bits || i->operation == OP_POP || i->segment == SEG_CS ||
        (i->segment == SEG_SS && e->memory & (MEMORY_STACK_READ | MEMORY_STACK_WRITE)))
        return;
    s->limit = last;
    run_once(r, &r->b);
    if (r->b.exit == CPU_FAULT)
        report(r, i, code, "needs more memory than", e->memory_size);
    s->limit = last - 1;
    run_once(r, &r->b);
    bool unmasked = e->units & UNIT_X87 && ~r->before->x87.control & X87_EXCEPTIONS; /* then memory may get nothing */
    if (r->b.exit != CPU_FAULT && last && !unmasked && i->operation != OP_FXSAVE && i->operation != OP_FXRSTOR)
        report(r, i, code, "needs less memory than", e->memory_size);
    *s = whole;
    cases += 2;
}

/* What one part of the answer says of another. */
static bool consistent(const struct insn *i, const struct insn_effects *e)
{
    bool operand = e->memory & (MEMORY_READ | MEMORY_WRITE), x87 = e->units & UNIT_X87;
    uint32_t open = opcode_rows[i->row].attributes & ROW_KEEPS ? UINT32_MAX : e->flags_written;

    return !(e->flags_kept & ~e->flags_written) && !(e->flags_undefined & ~open) && operand == (e->memory_size != 0) &&
           !(x87 && e->mmx_read | e->mmx_written);
}

/* What the translator takes an instruction to do to the arithmetic flags is no less than what it does; and what it
 * keeps of the effects of one instruction are those of any other for which it uses them. */
static bool translator_agrees(const struct insn *i, const struct insn_effects *e)
{
#if defined __x86_64__
    static struct unit unit;
    static struct known_effects known[KNOWN_EFFECTS];
    const struct known_effects *kept = effects_of(known, i);
    struct flag_use use;

    unit.bits = CONTEXT_32 | CONTEXT_STACK32 | CONTEXT_FLAT_DS | CONTEXT_FLAT_SS | CONTEXT_FLAT_ES | CONTEXT_PROTECTED;
    unit.count = 1;
    unit.insn[0] = *i;
    unit.compiled[0] = backend_compiles(&unit, i, NULL);
    find_neighbours(&unit, known);
    backend_flag_use(&unit, 0, &use);
    return !(e->flags_read & FLAGS_ARITHMETIC & ~(uint32_t)use.read) &&
           !(use.written & ~(e->flags_written & ~e->flags_kept)) && (use.observed || !e->may_fault) &&
           kept->changed == registers_of(e->registers_written) && kept->memory == e->memory &&
           kept->memory_size == (e->memory_size < 255 ? e->memory_size : 255);
#else
    (void)i;
    (void)e;
    return true; /* no back end */
#endif
}

/* --- One trial --- */
static void declared_add(struct seen *s, const struct insn_effects *e)
{
    struct insn_effects *d = &s->declared;

    d->flags_read |= e->flags_read;
    d->flags_written |= e->flags_written;
    d->flags_kept |= e->flags_kept;
    d->registers_read |= registers_of(e->registers_read);
    d->registers_written |= registers_of(e->registers_written);
    d->memory |= e->memory;
    d->changes |= e->changes;
    d->segments_read |= e->segments_read;
    d->segments_written |= e->segments_written;
    d->xmm_read |= e->xmm_read;
    d->xmm_written |= e->xmm_written;
    d->mmx_read |= e->mmx_read;
    d->mmx_written |= e->mmx_written;
    d->units |= e->units;
    d->may_fault |= e->may_fault;
}

static void trial(struct rig *r, unsigned row)
{
    uint8_t code[20];
    struct cpu *c = r->before;
    struct seen *s = &rows_seen[row];
    struct insn_effects e;
    struct insn i;
    uint32_t at = c->seg[SEG_CS].base + c->eip;

    bytes_make(r, &opcode_rows[row], code);
    if (decode(code, 15, code_mode(c), r->p->cpu.model, &i) != DECODE_OK || i.row != row)
        return;
    registers_make(r);
    insn_effects(&i, &e);
    if (!consistent(&i, &e))
        report(r, &i, code, "contradicts itself", 0);
    if (!translator_agrees(&i, &e))
        report(r, &i, code, "is compiled as something else", 0);
    operands_make(r, &i, &e);
    memory_write_block(&r->p->memory, at, code, 15);
    memcpy(r->pristine + at, code, 15);
    memcpy(&r->p->cpu, c, CPU_STATE_BYTES);
    mmu_flush(&r->p->cpu);
    r->block = code_block_find(&r->p->cpu, 1);
    assert_non_null(r->block);
    memory_restore(r, NULL);
    declared_add(s, &e);
    run_once(r, &r->a);
    s->runs++;
    cases++;
    if (r->a.exit == CPU_FAULT) {
        if (!e.may_fault)
            report(r, &i, code, "faults", r->a.vector);
        s->happened.may_fault = true;
    }
    units_observe(r, &i, code, &e, &r->a, s);
    if (r->mode != REAL)
        memory_observe(r, &i, code, &e, &r->a, s);
    changes_observe(r, &i, code, &e, &r->a, s);
    if (r->a.exit != CPU_FAULT && !below(r, 4))
        limit_try(r, &i, code, &e);
    for (unsigned n = 0; n < 8; n++)
        twist_try(r, &i, code, &e, s);
}

/* --- The whole table --- */
static unsigned trials = 2;
static unsigned first_row, last_row = UINT32_MAX;

static bool quiet;

static void missing(const struct opcode_row *row, const char *what, uint32_t declared, uint32_t happened)
{
    if (!(declared & ~happened))
        return;
    failures++;
    if (!quiet)
        printf("row %u %X/%d %s: never seen: %s %X\n", (unsigned)(row - opcode_rows), row->opcode, row->group,
               operation_names[row->operation], what, declared & ~happened);
}

static void row_judge(unsigned n)
{
    const struct opcode_row *row = &opcode_rows[n];
    const struct seen *s = &rows_seen[n];
    const struct insn_effects *d = &s->declared, *h = &s->happened;
    uint8_t segments = d->segments_read;
    uint16_t memory = d->memory;

    missing(row, "any run", 1, s->runs != 0);
    missing(row, "flags read", d->flags_read, h->flags_read);
    missing(row, "flags written", d->flags_written, h->flags_written);
    missing(row, "flags kept", d->flags_kept & ~d->flags_read, h->flags_kept);
    missing(row, "registers read", d->registers_read, h->registers_read);
    missing(row, "registers written", d->registers_written, h->registers_written);
    if (row->operation == OP_CLFLUSH) /* it reads as far as faults and accessed bits go */
        memory &= (uint16_t)~MEMORY_READ;
    missing(row, "memory", memory, h->memory);
    if (row->opcode >> 3 == 0xD8 >> 3 || row->operation == OP_WAIT || row->operation == OP_FXSAVE ||
        row->operation == OP_FXRSTOR)
        segments &= (uint8_t) ~(1u << SEG_CS); /* the selector in the pointer to the last instruction */
    missing(row, "segments read", d->changes & CHANGE_PRIVILEGE ? 0 : segments, h->segments_read);
    missing(row, "segments written", d->segments_written, h->segments_written);
    missing(row, "XMM read", d->xmm_read, h->xmm_read);
    missing(row, "XMM written", d->xmm_written, h->xmm_written);
    missing(row, "MMX read", d->mmx_read, h->mmx_read);
    missing(row, "MMX written", d->mmx_written, h->mmx_written);
    missing(row, "changes", d->changes, h->changes);
    missing(row, "units", d->units, h->units);
    missing(row, "fault", d->may_fault, h->may_fault);
}

/* Whether all that a row declares has happened. */
static bool row_complete(unsigned n)
{
    unsigned long before = failures;
    bool complete;

    quiet = true;
    row_judge(n);
    quiet = false;
    complete = failures == before;
    failures = before;
    return complete;
}

static void every_row_does_what_it_declares(void **state)
{
    unsigned rows = 0, last = last_row < opcode_row_count ? last_row : opcode_row_count - 1;

    (void)state;
    rows_seen = calloc(opcode_row_count, sizeof *rows_seen);
    for (unsigned pass = 0; pass < 12; pass++) /* the later ones for what happens rarely */
        for (unsigned model = CPU_I386; model <= CPU_PENTIUM4; model++)
            for (unsigned mode = 0; mode < MODES; mode++) {
                struct rig *r = calloc(1, sizeof *r);
                r->seed = (pass * 7 + model) * MODES + mode + 1;
                rig_make(r, model, mode);
                for (unsigned row = first_row; row <= last; row++)
                    for (unsigned n = pass ? 200 : trials; n-- > 0 && (!pass || !row_complete(row));)
                        trial(r, row);
                rig_free(r);
                free(r);
            }
    for (unsigned row = first_row; row <= last; row++, rows++)
        row_judge(row);
    free(rows_seen);
    printf("%u rows on %u models in %u modes, %lu cases: %lu failures\n", rows, CPU_PENTIUM4 + 1u, MODES, cases,
           failures);
    assert_int_equal(failures, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_row_does_what_it_declares)};

    if (argc > 1)
        trials = (unsigned)strtoul(argv[1], NULL, 0);
    if (argc > 2)
        first_row = last_row = (unsigned)strtoul(argv[2], NULL, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
