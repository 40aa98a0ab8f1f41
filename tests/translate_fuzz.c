/* translate_fuzz.c - random programs on two processors, one that interprets and one that translates: after each slice,
 * of a length at random, all state of both is the same.
 *
 *     translate_fuzz [--count N] [--seed S] [--only TRIAL] [--verbose] [--ticks N] [--cache KIB]
 *
 * A program is made of rows of the decoder's table, with prefixes, operands and targets at random; it may write to
 * itself, to its page tables and to its descriptors. Every exception leads back into it. Exit status 1: a trial
 * differs; it says which, and `--only` runs that alone, `--ticks` for so many ticks in one slice. */
#include <inttypes.h>
#include <string.h>

#include "emu/cpu/blocks.h"
#include "emu/cpu/translate/translate.h"
#include "emu/cpu/x87_control.h"
#include "emu/host/host.h"
#include "tests/bare.h"

/* clang-format off */
enum {
    RAM = 1 << 20,
    AT_IDT = 0x1000, AT_GDT = 0x1800, AT_TSS = 0x1900, AT_HANDLERS = 0x2000, AT_ENTRIES = 0x2800, AT_COUNTER = 0x2900,
    AT_DIRECTORY = 0x4000, AT_TABLE = 0x5000, AT_STACK = 0x7F00, AT_INNER_STACK = 0x6F00, AT_CODE = 0x8000, CODE_SIZE = 0x400, AT_DATA = 0xA000, ENTRY_COUNT = 8
};
/* clang-format on */

enum mode { MODE_FLAT, MODE_REAL, MODE_PAGED, MODE_USER, MODE_SEGMENTS, MODE_COUNT };
static const char *const mode_names[] = {"flat", "real", "paged", "user", "segments"};

struct fuzz {
    uint64_t random;
    struct bare side[2]; /* interpreter, translator */
    struct code_memory code;
    uint16_t *rows[3]; /* integer rows, all, and those of the floating-point unit */
    unsigned row_count[3];
    bool x87;    /* the last are drawn often */
    int depth;   /* of its stack, as far as the program runs straight on */
    uint32_t at; /* of the program: now and then it lies across pages */
    bool verbose;
    uint32_t ticks; /* 0: several slices at random */
};

static uint32_t random32(struct fuzz *f)
{
    f->random ^= f->random << 13;
    f->random ^= f->random >> 7;
    f->random ^= f->random << 17;
    return (uint32_t)(f->random >> 16);
}

static uint32_t below(struct fuzz *f, uint32_t n)
{
    return random32(f) % n;
}

static bool one_in(struct fuzz *f, uint32_t n)
{
    return !below(f, n);
}

static void put(struct fuzz *f, uint32_t address, uint32_t value, unsigned size)
{
    for (unsigned side = 0; side < 2; side++)
        memory_write(&f->side[side].memory, address, value, size);
}

static uint32_t number(struct fuzz *f)
{
    static const uint32_t edges[] = {0,      1,          0x7F,       0x80,       0xFF, 0x7FFF, 0x8000,
                                     0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 31,   32,     4};

    switch (below(f, 4)) {
    case 0: return edges[below(f, sizeof edges / sizeof *edges)];
    case 1: return below(f, 40);
    case 2: return AT_DATA + below(f, 0x3000);
    default: return random32(f);
    }
}

/* Two single or one double precision number, most of them where something happens. */
static uint64_t floating(struct fuzz *f)
{
    static const uint64_t edges[] = {0,
                                     0x3FF0000000000000,
                                     0x7FF0000000000000,
                                     0x7FF8000000000001,
                                     0x7FF0000000000001,
                                     0x0010000000000000,
                                     1,
                                     0x000FFFFFFFFFFFFF,
                                     0x7FEFFFFFFFFFFFFF,
                                     0x4000000000000000,
                                     0x3F8000003F800000,
                                     0x7F8000007FC00001,
                                     0x0080000000000001,
                                     0x41DFFFFFFFC00000};
    uint64_t value = one_in(f, 2) ? edges[below(f, sizeof edges / sizeof *edges)]
                                  : (uint64_t)random32(f) << 32 | random32(f);

    return value ^ (one_in(f, 2) ? (uint64_t)1 << 63 : 0);
}

/* An extended one. Some have an integer bit that does not belong to the exponent. */
static struct float80 extended(struct fuzz *f)
{
    static const uint16_t exponents[] = {0,      0,      1,      0x3FFF, 0x4000, 0x403E, 0x7FFE, 0x7FFF,
                                         0x3C00, 0x43FF, 0x3F80, 0x3FFE, 0x3BCD, 0x403D, 0x3FC0, 2};
    static const uint64_t significands[] = {0,
                                            1,
                                            0x8000000000000000,
                                            0xC000000000000000,
                                            0x8000000000000001,
                                            0xFFFFFFFFFFFFFFFF,
                                            0xBFFFFFFFFFFFFFFF,
                                            0xFFFFFFFFFFFFF800,
                                            0x80000000000003FF,
                                            0xFFFFFF8000000000};
    struct float80 value = {significands[below(f, sizeof significands / sizeof *significands)],
                            exponents[below(f, sizeof exponents / sizeof *exponents)]};

    if (one_in(f, 2))
        value.significand = (uint64_t)random32(f) << 32 | random32(f);
    if (one_in(f, 3))
        value.high = (uint16_t)(random32(f) & 0x7FFF);
    if (!one_in(f, 6))
        value.significand = (value.significand & INT64_MAX) | (uint64_t)(value.high != 0) << 63;
    value.high |= (uint16_t)(one_in(f, 2) << 15);
    return value;
}

static struct x87 x87_make(struct fuzz *f)
{
    struct x87 u = {.control = 0x37F, .top = (uint8_t)below(f, 8), .used = (uint8_t)random32(f)};

    if (one_in(f, 2))
        u.control = (uint16_t)((random32(f) & 0xF00) | 0x7F);
    if (one_in(f, 12))
        u.control = (uint16_t)(random32(f) & 0xF3F);
    if (one_in(f, 2))
        u.env.flags = random32(f) & X87_EXCEPTIONS;
    u.env.rounded_up = one_in(f, 4);
    u.condition = random32(f) & (X87_C0 | X87_C2 | X87_C3 | X87_STACK_FAULT);
    f->depth = (int)below(f, 9);
    if (!one_in(f, 6)) /* those from TOP on */
        u.used = (uint8_t)((0xFFu >> (8 - f->depth)) * 0x101u << u.top >> 8);
    for (unsigned n = 0; n < 8; n++)
        u.reg[n] = extended(f);
    return u;
}

/* --- Programs --- */
static unsigned prefixes_put(struct fuzz *f, const struct opcode_row *row, uint8_t *p)
{
    static const uint8_t segments[] = {0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65};
    unsigned n = 0;

    if (row->attributes & ROW_PREFIX_66 || (!(row->attributes & ROW_PREFIXES) && one_in(f, 6)))
        p[n++] = 0x66;
    if (one_in(f, 24))
        p[n++] = 0x67;
    if (one_in(f, 16))
        p[n++] = segments[below(f, 6)];
    if (one_in(f, row->attributes & ROW_LOCK ? 12 : 200))
        p[n++] = 0xF0;
    if (row->attributes & ROW_PREFIX_F3 || (row->attributes & ROW_STRING && one_in(f, 3)))
        p[n++] = 0xF3;
    else if (row->attributes & ROW_PREFIX_F2 || (row->attributes & ROW_STRING && one_in(f, 3)))
        p[n++] = 0xF2;
    return n;
}

/* How far an instruction moves TOP: pushes less pops. */
static int x87_moves(const struct insn *i)
{
    switch (i->operation) {
    case OP_FLD:
    case OP_FILD:
    case OP_FBLD:
    case OP_FLD1:
    case OP_FLDL2T:
    case OP_FLDL2E:
    case OP_FLDPI:
    case OP_FLDLG2:
    case OP_FLDLN2:
    case OP_FLDZ:
    case OP_FPTAN:
    case OP_FXTRACT:
    case OP_FSINCOS:
    case OP_FDECSTP: return 1;
    case OP_FADDP:
    case OP_FMULP:
    case OP_FSUBP:
    case OP_FSUBRP:
    case OP_FDIVP:
    case OP_FDIVRP:
    case OP_FCOMP:
    case OP_FICOMP:
    case OP_FUCOMP:
    case OP_FCOMIP:
    case OP_FUCOMIP:
    case OP_FSTP:
    case OP_FSTP1:
    case OP_FISTP:
    case OP_FBSTP:
    case OP_FYL2X:
    case OP_FYL2XP1:
    case OP_FPATAN:
    case OP_FFREEP:
    case OP_FINCSTP: return -1;
    case OP_FCOMPP:
    case OP_FUCOMPP: return -2;
    default: return 0;
    }
}

/* Whether it finds on the stack what it expects; then the depth is what it leaves. */
static bool x87_goes(struct fuzz *f, const struct insn *i)
{
    int moves = x87_moves(i), needs = i->operation == OP_FLD || i->operation == OP_FILD ? 0 : 1;

    if (i->form != FORM_M)
        needs = i->form == FORM_NONE ? (moves == 1 ? 0 : 2) : (int)(i->immediate & 7) + 1;
    if (f->depth < needs || f->depth + moves > 8 || i->operation == OP_FFREE || i->operation == OP_FFREEP ||
        i->operation == OP_FNSAVE || i->operation == OP_FNINIT)
        return false;
    f->depth += moves;
    return true;
}

static unsigned insn_put(struct fuzz *f, uint8_t *p, unsigned mode)
{
    unsigned kind = one_in(f, 8) ? 1 : f->x87 && !one_in(f, 3) ? 2 : 0;

    for (;;) {
        const struct opcode_row *row = &opcode_rows[f->rows[kind][below(f, f->row_count[kind])]];
        unsigned n = prefixes_put(f, row, p), modrm = random32(f) & 0xFF;
        struct insn insn;

        if (row->opcode > 0xFF)
            p[n++] = 0x0F;
        p[n++] = (uint8_t)row->opcode;
        if (row->attributes & ROW_MEMORY_ONLY)
            modrm = (modrm & 0x3F) | below(f, 3) << 6;
        else if (row->attributes & ROW_REGISTER_ONLY)
            modrm |= 0xC0;
        if (row->group >= 0xC0)
            modrm = (unsigned)row->group;
        else if (row->group >= 0)
            modrm = (modrm & 0xC7) | (unsigned)row->group << 3;
        if (modrm < 0xC0 && modrm >> 6 == 2 && !one_in(f, 4))
            modrm -= 0x40; /* small displacements */
        p[n] = (uint8_t)modrm;
        for (unsigned i = 1; i < 12; i++)
            p[n + i] = (uint8_t)random32(f);
        if (one_in(f, 2)) { /* an address, or a number that means something */
            uint32_t value = number(f);
            memcpy(p + n + 1 + ((modrm & 7) == 4 && modrm < 0xC0), &value, 4);
        }
        if (row->attributes & ROW_BRANCH) {
            int32_t displacement = (int32_t)below(f, 100) - 60;
            memcpy(p + n, &displacement, 4);
        }
        if (kind == 2 && !one_in(f, 40) &&
            (decode(p, 15, mode, CPU_PENTIUM4, &insn) != DECODE_OK || !x87_goes(f, &insn)))
            continue;
        if (decode(p, 15, mode, CPU_PENTIUM4, &insn) == DECODE_OK)
            return insn.length;
        if (one_in(f, 30))
            return n + 2;
    }
}

static void program_put(struct fuzz *f, unsigned mode)
{
    uint8_t code[CODE_SIZE + 64];
    unsigned n = 0, count = 0, length = 10 + below(f, 300);
    int depth = f->depth;

    while (n < length) {
        if (count < ENTRY_COUNT)
            put(f, AT_ENTRIES + 4 * count++, f->at + n, 4);
        n += insn_put(f, code + n, mode);
    }
    while (count < ENTRY_COUNT)
        put(f, AT_ENTRIES + 4 * count++, f->at, 4);
    for (; f->x87 && f->depth != depth; n += 2, f->depth += f->depth < depth ? 1 : -1) {
        code[n] = f->depth < depth ? 0xD9 : 0xDD;
        code[n + 1] = f->depth < depth ? 0xE8 : 0xD8; /* FLD1, FSTP ST(0) */
    }
    code[n++] = 0xE9; /* and again */
    uint32_t back = 0 - (n + (mode & DECODE_32 ? 4 : 2));
    memcpy(code + n, &back, 4);
    n += 4;
    for (unsigned i = 0; i < n; i++)
        put(f, f->at + i, code[i], 1);
    for (unsigned i = n; i < CODE_SIZE; i++)
        put(f, f->at + i, 0x90, 1);
}

/* Handlers: the stack is set anew, and one entry after the other of the program is gone on with. */
static void handlers_put(struct fuzz *f, bool wide)
{
    static const uint8_t code32[] = {
        0xBC,
        AT_STACK & 0xFF,
        AT_STACK >> 8,
        0,
        0, /* mov esp, AT_STACK */
        0x50,
        0xFF,
        0x05,
        AT_COUNTER & 0xFF,
        AT_COUNTER >> 8,
        0,
        0, /* push eax; inc dword [AT_COUNTER] */
        0xA1,
        AT_COUNTER & 0xFF,
        AT_COUNTER >> 8,
        0,
        0,
        0x83,
        0xE0,
        7, /* mov eax, [AT_COUNTER]; and eax, 7 */
        0x8B,
        0x04,
        0x85,
        AT_ENTRIES & 0xFF,
        AT_ENTRIES >> 8,
        0,
        0, /* mov eax, [eax*4+AT_ENTRIES] */
        0x87,
        0x04,
        0x24,
        0xC3 /* xchg [esp], eax; ret */
    };
    static const uint8_t code16[] = {
        0xBC,
        AT_STACK & 0xFF,
        AT_STACK >> 8, /* mov sp, AT_STACK */
        0x31,
        0xDB,
        0x8E,
        0xDB, /* xor bx, bx; mov ds, bx */
        0xFF,
        0x06,
        AT_COUNTER & 0xFF,
        AT_COUNTER >> 8, /* inc word [AT_COUNTER] */
        0x8B,
        0x1E,
        AT_COUNTER & 0xFF,
        AT_COUNTER >> 8,
        0x83,
        0xE3,
        7,
        0xC1,
        0xE3,
        2, /* mov bx, [AT_COUNTER]; and bx, 7; shl bx, 2 */
        0xFF,
        0xA7,
        AT_ENTRIES & 0xFF,
        AT_ENTRIES >> 8 /* jmp [bx+AT_ENTRIES] */
    };

    for (unsigned i = 0; i < (wide ? sizeof code32 : sizeof code16); i++)
        put(f, AT_HANDLERS + i, wide ? code32[i] : code16[i], 1);
    for (unsigned vector = 0; vector < 256; vector++) {
        if (wide) {
            put(f, AT_IDT + 8 * vector, AT_HANDLERS | 0x8 << 16, 4);
            put(f, AT_IDT + 8 * vector + 4, 0xEE00, 4);
        } else {
            put(f, 4 * vector, AT_HANDLERS, 4);
        }
    }
}

static void descriptor_put(struct fuzz *f, unsigned n, uint32_t base, uint32_t limit, unsigned type, unsigned flags)
{
    put(f, AT_GDT + 8 * n, (limit & 0xFFFF) | base << 16, 4);
    put(f, AT_GDT + 8 * n + 4, (base >> 16 & 0xFF) | type << 8 | (limit & 0xF0000) | flags << 20 | (base & 0xFF000000),
        4);
}

static void tables_put(struct fuzz *f)
{
    descriptor_put(f, 0, 0, 0, 0, 0);
    descriptor_put(f, 1, 0, 0xFFFFF, 0x9B, 0xC);
    descriptor_put(f, 2, 0, 0xFFFFF, 0x93, 0xC);
    descriptor_put(f, 3, 0, 0xFFFFF, 0xFB, 0xC);
    descriptor_put(f, 4, 0, 0xFFFFF, 0xF3, 0xC);
    descriptor_put(f, 5, AT_TSS, 0x67, 0x89, 0);
    descriptor_put(f, 6, AT_DATA, 0xFFF, 0xF3, 0x4);
    descriptor_put(f, 7, 0x10, 0xFFFF, 0xF3, 0);
    put(f, AT_TSS + 4, AT_INNER_STACK, 4);
    put(f, AT_TSS + 8, 0x10, 4);
    put(f, AT_DIRECTORY, AT_TABLE | 7, 4);
    for (unsigned page = 0; page < 256; page++) {
        unsigned rights = page <= AT_CODE / PAGE_SIZE ? 7
                          : one_in(f, 12)             ? below(f, 8)
                                                      : 7,
                 frame = one_in(f, 8) ? AT_CODE / PAGE_SIZE + below(f, 5) : page;
        put(f, AT_TABLE + 4 * page, (page < AT_DATA / PAGE_SIZE ? page : frame) << 12 | rights, 4);
    }
}

static void segment_put(struct cpu *cpu, unsigned n, uint16_t selector, uint32_t base, uint32_t limit, uint16_t rights)
{
    cpu->seg[n] = (struct segment){.base = base, .limit = limit, .selector = selector, .rights = rights};
    segment_derive(&cpu->seg[n]);
}

static void processor_put(struct cpu *cpu, enum mode mode, const uint32_t reg[8], uint32_t flags, uint32_t mxcsr,
                          const struct xmm xmm[8], const struct x87 *x87)
{
    bool user = mode == MODE_USER, wide = mode != MODE_REAL;

    cpu_reset(cpu);
    cpu->cr0 = (wide ? CR0_PE : 0) | CR0_ET | (mode == MODE_PAGED || mode == MODE_USER ? CR0_PG | CR0_WP : 0);
    cpu->cr3 = AT_DIRECTORY;
    cpu->cr4 = CR4_OSFXSR;
    cpu->gdtr = (struct table_register){AT_GDT, 0x3F};
    cpu->idtr = (struct table_register){wide ? AT_IDT : 0, 0x7FF};
    cpu->tr = (struct segment){.base = AT_TSS, .limit = 0x67, .selector = 0x28, .rights = 0x8B};
    for (unsigned n = 0; n < SEG_COUNT; n++) {
        if (!wide)
            segment_put(cpu, n, n == SEG_CS || n == SEG_SS ? 0 : (uint16_t)(0x10 * (n & 1)),
                        n == SEG_CS || n == SEG_SS ? 0 : 0x100 * (n & 1), 0xFFFF, n == SEG_CS ? 0x9B : 0x93);
        else if (n == SEG_CS)
            segment_put(cpu, n, user ? 0x1B : 0x08, 0, UINT32_MAX, user ? 0xC0FB : 0xC09B);
        else if (mode == MODE_SEGMENTS && n != SEG_SS)
            segment_put(cpu, n, 0x33, AT_DATA, 0xFFF, 0x40F3);
        else
            segment_put(cpu, n, user ? 0x23 : 0x10, 0, UINT32_MAX, user ? 0xC0F3 : 0xC093);
    }
    cpu->cpl = user ? 3 : 0;
    memcpy(cpu->reg, reg, 32);
    cpu->reg[ESP] = AT_STACK;
    cpu->flags = flags | FLAG_FIXED | (user ? FLAG_IOPL : 0);
    cpu_mode_changed(cpu);
    mmu_flush(cpu);
    blocks_flush(cpu);
    cpu->leave = cpu->halted_dead = false;
    cpu->mxcsr = mxcsr;
    memcpy(cpu->xmm, xmm, sizeof cpu->xmm);
    cpu->x87 = *x87;
    x87_derive(cpu);
}

static void trial_make(struct fuzz *f, enum mode mode)
{
    uint32_t reg[8], flags = random32(f) & FLAGS_ARITHMETIC;
    uint32_t mxcsr = one_in(f, 2) ? MXCSR_DEFAULT
                                  : (random32(f) & 0xE07F) | (one_in(f, 4) ? random32(f) & 0x1F80 : 0x1F80);
    struct xmm xmm[8];
    bool paged = mode == MODE_PAGED || mode == MODE_USER;
    struct x87 x87 = x87_make(f);

    f->x87 = one_in(f, 2);
    f->at = AT_CODE + (one_in(f, 3) ? PAGE_SIZE - 1 - below(f, 200) : 0);
    for (unsigned side = 0; side < 2; side++) {
        memset(f->side[side].memory.ram, 0, 0x10000);
        memset(f->side[side].memory.flags, 0, RAM / PAGE_SIZE);
        blocks_flush(&f->side[side].cpu);
    }
    handlers_put(f, mode != MODE_REAL);
    if (mode != MODE_REAL)
        tables_put(f);
    program_put(f, mode != MODE_REAL ? DECODE_32 | DECODE_PROTECTED : 0);
    for (uint32_t at = AT_DATA; at < AT_DATA + 0x3000; at += 4)
        put(f, at, one_in(f, 2) ? number(f) : random32(f), 4);
    for (uint32_t at = AT_DATA; f->x87 && at < AT_DATA + 0x3000; at += 8)
        if (one_in(f, 4)) {
            for (unsigned n = 0; n < 8; n += 2) /* control words, which are numbers as well */
                put(f, at + n, (random32(f) & 0xF00) | (one_in(f, 8) ? 0x37 : 0x7F), 2);
        } else if (one_in(f, 2)) {
            uint64_t value = floating(f);
            put(f, at, (uint32_t)value, 4);
            put(f, at + 4, (uint32_t)(value >> 32), 4);
        }
    for (unsigned n = 0; n < 16; n++)
        xmm[n / 2].q[n % 2] = floating(f);
    for (unsigned r = 0; r < 8; r++)
        reg[r] = one_in(f, 2) ? (one_in(f, 12)           ? AT_CODE
                                 : paged && one_in(f, 6) ? AT_TABLE
                                                         : AT_DATA + 0x80) +
                                    below(f, one_in(f, 3) ? 0x2000 : 0x400)
                              : number(f);
    if (mode == MODE_SEGMENTS)
        for (unsigned r = 0; r < 8; r++)
            reg[r] = one_in(f, 4) ? reg[r] : below(f, 0x1010);
    for (unsigned side = 0; side < 2; side++) {
        processor_put(&f->side[side].cpu, mode, reg, flags, mxcsr, xmm, &x87);
        f->side[side].cpu.eip = f->at;
    }
}

/* --- Comparison --- Null, or what differs. */
static const char *difference(struct fuzz *f)
{
    struct cpu *a = &f->side[0].cpu, *b = &f->side[1].cpu;

    cpu_canonical(a);
    cpu_canonical(b);
    if (memcmp(a->reg, b->reg, sizeof a->reg))
        return "registers";
    if (a->eip != b->eip)
        return "eip";
    if (clock_now(&f->side[0].clock) != clock_now(&f->side[1].clock))
        return "tick";
    if (a->flags != b->flags)
        return "flags";
    if (a->attention != b->attention || a->cpl != b->cpl || a->pending_debug != b->pending_debug ||
        a->halted_dead != b->halted_dead)
        return "attention";
    for (unsigned n = 0; n < SEG_COUNT; n++)
        if (a->seg[n].base != b->seg[n].base || a->seg[n].limit != b->seg[n].limit ||
            a->seg[n].selector != b->seg[n].selector || a->seg[n].rights != b->seg[n].rights)
            return "segment registers";
    if (a->cr0 != b->cr0 || a->cr2 != b->cr2 || a->cr3 != b->cr3 || a->cr4 != b->cr4 ||
        memcmp(a->dr, b->dr, sizeof a->dr))
        return "control registers";
    if (memcmp(&a->x87.env, &b->x87.env, sizeof a->x87.env) || a->x87.control != b->x87.control ||
        a->x87.condition != b->x87.condition || a->x87.top != b->x87.top || a->x87.used != b->x87.used ||
        a->x87.opcode != b->x87.opcode || a->x87.ip != b->x87.ip || a->x87.dp != b->x87.dp || a->x87.cs != b->x87.cs ||
        a->x87.ds != b->x87.ds)
        return "floating-point unit";
    for (unsigned n = 0; n < 8; n++)
        if (a->x87.reg[n].significand != b->x87.reg[n].significand || a->x87.reg[n].high != b->x87.reg[n].high)
            return "floating-point registers";
    if (memcmp(a->xmm, b->xmm, sizeof a->xmm) || a->mxcsr != b->mxcsr)
        return "XMM registers";
    return memcmp(f->side[0].memory.ram, f->side[1].memory.ram, 0x10000) ? "memory" : NULL;
}

static void show(struct fuzz *f, uint64_t trial, const char *what)
{
    printf("trial %" PRIu64 ": %s differ at tick %" PRIu64 "\n", trial, what, clock_now(&f->side[0].clock));
    for (unsigned side = 0; side < 2; side++) {
        const struct cpu *cpu = &f->side[side].cpu;
        printf("%s eip %08" PRIx32 " flags %08" PRIx32 " ", side ? "translator " : "interpreter", cpu->eip, cpu->flags);
        for (unsigned r = 0; r < 8; r++)
            printf(" %08" PRIx32, cpu->reg[r]);
        printf("\n            x87 control %04x flags %02x c1 %d condition %04x top %u used %02x opcode %03x ip %x dp "
               "%x cs %x ds %x\n           ",
               cpu->x87.control, cpu->x87.env.flags, cpu->x87.env.rounded_up, cpu->x87.condition, cpu->x87.top,
               cpu->x87.used, cpu->x87.opcode, cpu->x87.ip, cpu->x87.dp, cpu->x87.cs, cpu->x87.ds);
        printf(" att %x cr2 %x left %d\n", cpu->attention, cpu->cr2, (int)cpu->left);
    }
    for (unsigned n = 0; n < 16; n++)
        if (f->side[0].cpu.xmm[n / 2].q[n % 2] != f->side[1].cpu.xmm[n / 2].q[n % 2])
            printf("xmm%u[%u]: %016" PRIx64 " %016" PRIx64 "\n", n / 2, n % 2, f->side[0].cpu.xmm[n / 2].q[n % 2],
                   f->side[1].cpu.xmm[n / 2].q[n % 2]);
    if (f->side[0].cpu.mxcsr != f->side[1].cpu.mxcsr)
        printf("mxcsr: %04" PRIx32 " %04" PRIx32 "\n", f->side[0].cpu.mxcsr, f->side[1].cpu.mxcsr);
    for (unsigned n = 0; n < 8; n++)
        if (f->side[0].cpu.x87.reg[n].significand != f->side[1].cpu.x87.reg[n].significand ||
            f->side[0].cpu.x87.reg[n].high != f->side[1].cpu.x87.reg[n].high)
            printf("x87 %u: %04x %016" PRIx64 " %04x %016" PRIx64 "\n", n, f->side[0].cpu.x87.reg[n].high,
                   f->side[0].cpu.x87.reg[n].significand, f->side[1].cpu.x87.reg[n].high,
                   f->side[1].cpu.x87.reg[n].significand);
    for (unsigned at = 0, shown = 0; at < 0x10000 && shown < 8; at++)
        if (f->side[0].memory.ram[at] != f->side[1].memory.ram[at])
            printf("memory %05x: %02x %02x\n", at, f->side[0].memory.ram[at], f->side[1].memory.ram[at]), shown++;
}

static void list(struct fuzz *f, unsigned mode)
{
    const uint8_t *p = f->side[0].memory.ram + f->at;
    uint32_t eip = f->at;

    while (eip < f->at + 360) {
        struct insn insn;
        char text[DISASSEMBLY_SIZE];
        if (decode(p, 15, mode, CPU_PENTIUM4, &insn) != DECODE_OK) {
            printf("%05" PRIx32 " ?\n", eip++);
            p++;
            continue;
        }
        disassemble(&insn, eip, text);
        printf("%05" PRIx32 " %s\n", eip, text);
        eip += insn.length;
        p += insn.length;
    }
}

static bool trial_run(struct fuzz *f, uint64_t seed, uint64_t trial)
{
    enum mode mode;
    const char *what = NULL;
    unsigned slices;
    uint64_t last;

    f->random = (seed * 1000003 + trial) * 0x9E3779B97F4A7C15u + 1;
    for (unsigned n = 0; n < 4; n++)
        random32(f);
    mode = (enum mode)below(f, MODE_COUNT);
    trial_make(f, mode);
    if (f->verbose) {
        printf("trial %" PRIu64 ", %s\n", trial, mode_names[mode]);
        list(f, mode != MODE_REAL ? DECODE_32 | DECODE_PROTECTED : 0);
    }
    slices = f->ticks ? 1 : 4 + below(f, 24);
    for (unsigned n = 0; n < slices && !what; n++) {
        uint32_t ticks = f->ticks ? f->ticks : 1 + below(f, one_in(f, 2) ? 12 : 400);
        for (unsigned side = 0; side < 2; side++) {
            bare_run(&f->side[side], ticks);
            if (f->side[side].cpu.halted_dead || f->side[side].cpu.attention & ATTENTION_SHUTDOWN)
                n = slices; /* the other side stops as well */
        }
        last = clock_now(&f->side[0].clock);
        if (f->verbose)
            printf("%u ticks: %" PRIu64 " eip %" PRIx32 "\n", ticks, last, f->side[0].cpu.eip);
        what = difference(f);
    }
    if (what)
        show(f, trial, what);
    return !what;
}

static bool is_of_kind(const struct opcode_row *row, unsigned kind)
{
    switch (kind) {
    case 0: return row->operation < OP_CLI && row->operation != OP_HLT;
    case 1: return true;
    default: return row->opcode >> 3 == 0xD8 >> 3 && row->operation != OP_FLDENV && row->operation != OP_FRSTOR;
    }
}

static void rows_choose(struct fuzz *f)
{
    for (unsigned kind = 0; kind < 3; kind++) {
        f->rows[kind] = malloc(opcode_row_count * sizeof **f->rows);
        for (unsigned row = 0; row < opcode_row_count; row++)
            if (opcode_rows[row].last_model >= CPU_PENTIUM4 && is_of_kind(&opcode_rows[row], kind))
                f->rows[kind][f->row_count[kind]++] = (uint16_t)row;
    }
}

int main(int argc, char **argv)
{
    static struct fuzz fuzz;
    struct fuzz *f = &fuzz;
    uint64_t count = 5000, seed = 1, first = 0, failed = 0, cache = CODE_MEMORY_SIZE >> 10;

    for (int n = 1; n < argc; n++) {
        if (!strcmp(argv[n], "--verbose"))
            f->verbose = true;
        else if (n + 1 < argc && !strcmp(argv[n], "--count"))
            count = strtoull(argv[++n], NULL, 0);
        else if (n + 1 < argc && !strcmp(argv[n], "--seed"))
            seed = strtoull(argv[++n], NULL, 0);
        else if (n + 1 < argc && !strcmp(argv[n], "--cache"))
            cache = strtoull(argv[++n], NULL, 0);
        else if (n + 1 < argc && !strcmp(argv[n], "--ticks"))
            f->ticks = (uint32_t)strtoul(argv[++n], NULL, 0);
        else if (n + 1 < argc && !strcmp(argv[n], "--only")) {
            first = strtoull(argv[++n], NULL, 0);
            count = 1;
        } else {
            fprintf(
                stderr,
                "usage: translate_fuzz [--count N] [--seed S] [--only TRIAL] [--verbose] [--ticks N] [--cache KIB]\n");
            return 2;
        }
    }
    rows_choose(f);
    for (unsigned side = 0; side < 2; side++)
        if (!bare_init(&f->side[side], CPU_PENTIUM4, RAM))
            return 4;
    if (!code_memory_init(&f->code, cache << 10) || !translator_init(&f->side[1].cpu, &f->code)) {
        printf("this host has no back end\n");
        return 0;
    }
    translator_set_threshold(&f->side[1].cpu, 0);
    for (uint64_t trial = first; trial < first + count && failed < 3; trial++)
        failed += !trial_run(f, seed, trial);
    struct translator_statistics s = translator_statistics(&f->side[1].cpu);
    printf("%" PRIu64 " trials from seed %" PRIu64 ", %" PRIu64 " differ; %" PRIu64 " blocks of %" PRIu64
           " instructions, %" PRIu64 " bytes; %" PRIu64 " ticks in them, %" PRIu64 " entries, %" PRIu64
           " links, %" PRIu64 " slow, %" PRIu64 " dropped\n",
           count, seed, failed, s.translated, s.instructions, s.host_bytes, s.ticks, s.entries, s.links, s.slow,
           s.invalidated);
    for (unsigned side = 0; side < 2; side++)
        bare_free(&f->side[side]);
    code_memory_free(&f->code);
    return failed ? 1 : 0;
}
