/* translate_fuzz.c - random programs on two processors, one that interprets and one that translates: after each slice,
 * of a length at random, all state of both is the same.
 *
 *     translate_fuzz [--count N] [--seed S] [--model N] [--only TRIAL] [--verbose] [--ticks N] [--cache KIB] [--rows]
 *
 * A program is made of rows of the decoder's table, with prefixes, operands and targets at random, and of phrases
 * (phrases[]) that change code ahead, page tables, the address space, segments, modes and masks on purpose. Every
 * exception and interrupt leads back into it; interrupts come at random ticks, and between slices memory changes as by
 * DMA. Exit status 1: a trial differs; it says which, and `--only` runs that alone, `--ticks` for so many ticks in one
 * slice. --model is one of enum cpu_model, 0 to 6; --rows lists the rows that no program had. */
#include <inttypes.h>
#include <string.h>

#include "emu/cpu/blocks.h"
#include "emu/cpu/translate/translate.h"
#include "emu/cpu/x87_control.h"
#include "emu/host/host.h"
#include "tests/bare.h"

/* clang-format off */
enum {
    RAM = 1 << 20, PROGRAM_END = 0x10000, /* what a trial begins with; zeros from there on */
    AT_IDT = 0x1000, AT_GDT = 0x1800, AT_TSS = 0x1900, AT_HANDLERS = 0x2000, AT_SYSENTER = 0x2100, AT_ENTRIES = 0x2800, AT_COUNTER = 0x2900,
    AT_DIRECTORY = 0x4000, AT_TABLE = 0x5000, AT_DIRECTORY_2 = 0x3000, AT_TABLE_2 = 0xE000, AT_STACK = 0x7F00, AT_INNER_STACK = 0x6F00,
    AT_CODE = 0x8000, CODE_SIZE = 0x400, AT_DATA = 0xA000, ENTRY_COUNT = 8, LARGE_PAGE = 0x400000
};
/* clang-format on */

enum mode { MODE_FLAT, MODE_REAL, MODE_PAGED, MODE_USER, MODE_SEGMENTS, MODE_VIRTUAL, MODE_NARROW, MODE_COUNT };
static const char *const mode_names[] = {"flat", "real", "paged", "user", "segments", "virtual-8086", "16-bit"};
#define IS_WIDE(mode) ((mode) != MODE_REAL && (mode) != MODE_VIRTUAL && (mode) != MODE_NARROW)
#define IS_PAGED(mode) ((mode) == MODE_PAGED || (mode) == MODE_USER)

enum kind { KIND_INTEGER, KIND_ANY, KIND_X87, KIND_SIMD, KIND_COUNT };

/* A device that raises the line at ticks at random, the same on both sides. */
struct interrupter {
    struct bare *bare;
    uint64_t due_at;
    uint32_t random;
};

struct fuzz {
    uint64_t random;
    struct bare side[2]; /* interpreter, translator */
    struct interrupter interrupter[2];
    struct code_memory code;
    enum cpu_model model;
    uint16_t *rows[KIND_COUNT];
    unsigned row_count[KIND_COUNT];
    uint32_t *drawn; /* of each row of the table, how often */
    bool x87, simd;  /* those rows are drawn often */
    int depth;       /* of the floating-point stack, as far as the program runs straight on */
    uint32_t at;     /* of the program: now and then it lies across pages */
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

/* Before a trial: into the first side's memory, which the other's becomes (memory_put). */
static void put(struct fuzz *f, uint32_t address, uint32_t value, unsigned size)
{
    memcpy(f->side[0].memory.ram + address, &value, size);
}

static uint32_t number(struct fuzz *f)
{
    static const uint32_t edges[] = {0,      1,          0x7F,       0x80,       0xFF, 0x7FFF, 0x8000,
                                     0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 31,   32,     4};

    switch (below(f, 5)) {
    case 0: return edges[below(f, sizeof edges / sizeof *edges)];
    case 1: return below(f, 40);
    case 2: return AT_DATA + below(f, 0x3000);
    case 3: return one_in(f, 4) ? LARGE_PAGE + AT_DATA + below(f, 0x3000) : random32(f);
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
    enum kind kind = one_in(f, 8)               ? KIND_ANY
                     : f->x87 && !one_in(f, 3)  ? KIND_X87
                     : f->simd && !one_in(f, 3) ? KIND_SIMD
                                                : KIND_INTEGER;

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
        if (kind == KIND_X87 && !one_in(f, 40) &&
            (decode(p, 15, mode, f->model, &insn) != DECODE_OK || !x87_goes(f, &insn)))
            continue;
        if (decode(p, 15, mode, f->model, &insn) == DECODE_OK) {
            f->drawn[insn.row]++;
            return insn.length;
        }
        if (one_in(f, 30))
            return n + 2;
    }
}

/* Code from text: pairs of hexadecimal digits, and what stands for a number, of which the arguments are taken in turn:
 * b w l its 1, 2 or 4 lower bytes, v 2 or 4 by the mode. Returns the length. */
static unsigned assemble(uint8_t *p, bool wide, const char *text, const uint32_t *numbers)
{
    unsigned n = 0;

    for (; *text; text++) {
        unsigned size = *text == 'b'   ? 1
                        : *text == 'w' ? 2
                        : *text == 'l' ? 4
                        : *text == 'v' ? (wide ? 4 : 2)
                                       : 0,
                 byte;
        if (size) {
            memcpy(p + n, numbers++, size);
            n += size;
        } else if (*text != ' ') {
            sscanf(text++, "%2X", &byte);
            p[n++] = (uint8_t)byte;
        }
    }
    return n;
}

/* What a phrase is filled with, one for each number in its text. */
enum filler {
    CODE,     /* an address in the program */
    OPCODES,  /* bytes that are instructions most of the time */
    TABLE,    /* the address of an entry of a page table */
    ENTRY,    /* bits of one that change */
    SPACE,    /* a page directory */
    SELECTOR, /* of a data segment */
    CODE_SEGMENT,
    NEXT,     /* the address of what follows */
    OPERAND,  /* and of the four bytes before that */
    START,    /* where the program begins, in 8086 modes: in the next paragraph, one EIP is elsewhere */
    DATA,     /* an address of data */
    COUNT,    /* a few */
    TASK,     /* bits of CR0: TS, EM, MP */
    FEATURES, /* of CR4: OSFXSR, OSXMMEXCPT, TSD, PGE */
    TARGET    /* the address of an entry of AT_ENTRIES */
};

static const struct phrase {
    const char *wide, *narrow; /* in 32-bit and in 16-bit code; null: there only */
    enum filler filler[3];
} phrases[] = {
    {"C705 l l", "C706 w w", {CODE, OPCODES}},                           /* mov [code], opcodes */
    {"C605 l b", "C606 w b", {CODE, OPCODES}},                           /* mov byte [code], opcode */
    {"8035 l b", "8036 w b", {CODE, OPCODES}},                           /* xor byte [code], opcode */
    {"FE05 l", "FE06 w", {CODE}},                                        /* inc byte [code] */
    {"FF05 l 81D3 l", NULL, {OPERAND, OPCODES}},                         /* inc dword [operand]; adc ebx, operand */
    {"0105 l 3D l", NULL, {OPERAND, OPCODES}},                           /* add [operand], eax; cmp eax, operand */
    {"D105 l BA l", NULL, {OPERAND, OPCODES}},                           /* rol dword [operand], 1; mov edx, operand */
    {"FE05 l A9 l", NULL, {OPERAND, OPCODES}},                           /* inc byte [operand]; test eax, operand */
    {"BF l B9 l F3AA", "BF w B9 w F3AA", {CODE, COUNT}},                 /* mov edi, code; mov ecx, count; rep stosb */
    {"BE l BF l B9 l F3A5", "BE w BF w B9 w F3A5", {DATA, DATA, COUNT}}, /* rep movsd */
    {"BE l BF l B9 l F3A6", "BE w BF w B9 w F3A6", {DATA, DATA, COUNT}}, /* repe cmpsb */
    {"8135 l l", NULL, {TABLE, ENTRY}},                                  /* xor dword [table], bits */
    {"8135 l l 0F013D l", NULL, {TABLE, ENTRY, DATA}},                   /* and invlpg */
    {"C605 l b", NULL, {TABLE, ENTRY}},                                  /* mov byte [table], bits: rights of a page */
    {"BF 00540000 B9 04010000 F3AB 8135 l l", NULL, {TABLE, ENTRY}},     /* rep stosd, where no walk leads; and xor */
    {"50 B8 l 0F22D8 58", NULL, {SPACE}},         /* push eax; mov eax, space; mov cr3, eax; pop eax */
    {"6A b 07", "6A b 07", {SELECTOR}},           /* push selector; pop es */
    {"6A b 1F", "6A b 1F", {SELECTOR}},           /* ds */
    {"6A b 17", "6A b 17", {SELECTOR}},           /* ss */
    {"6A b 0FA1", "6A b 0FA9", {SELECTOR}},       /* fs, gs */
    {"6A b 58 8EC0", "6A b 58 8EE8", {SELECTOR}}, /* push selector; pop eax; mov es (gs), ax */
    {"6A b 58 0F00E8 0F94C3", "6A b 58 0F00E0 0F94C3", {SELECTOR}}, /* verw (verr) ax; setz bl */
    {"C41D l", "C41E w", {DATA}},                                   /* les ebx, [data] */
    {"C51D l", "C53E w", {DATA}},                                   /* lds */
    {"BA l 89E1 0F34", NULL, {NEXT}},                               /* mov edx, next; mov ecx, esp; sysenter */
    {"EA l w", "EA w w", {NEXT, CODE_SEGMENT}},                     /* jmp far: another segment of code */
    {NULL, "0E 58 40 50 68 w CB", {START}}, /* push cs; pop ax; inc ax; push ax; push start; retf */
    {"FB", "FB", {0}},                      /* sti */
    {"9C 9D", "9C 9D", {0}},                /* pushf; popf */
    {"50 0F20C0 35 l 0F22C0 58", "50 0F20C0 6635 l 0F22C0 58", {TASK}},     /* xor cr0, bits */
    {"50 0F20E0 35 l 0F22E0 58", "50 0F20E0 6635 l 0F22E0 58", {FEATURES}}, /* xor cr4, bits */
    {"0F06", "0F06", {0}},                                                  /* clts */
    {"B9 l 4975FD", "B9 w 4975FD", {COUNT}},                                /* mov ecx, count; dec ecx; jnz: a wait */
    {"B9 l E2FE", "B9 w E2FE", {COUNT}},                                    /* loop */
    {"E8 02000000 EB01 C3", "E8 0200 EB01 C3", {0}},                        /* call of a ret */
    {"FF25 l", "FF26 w", {TARGET}},                                         /* jmp [entry] */
    {"FF15 l", "FF16 w", {TARGET}},                                         /* call [entry] */
    {"83E1 03 FF248D l", NULL, {TARGET}},                                   /* and ecx, 3; jmp [entry + ecx*4] */
    {"0FB6C1 014C84C0", NULL, {0}},     /* movzx eax, cl; add [esp+eax*4-40h], ecx */
    {"0FAE15 l", "0FAE16 w", {DATA}},   /* ldmxcsr */
    {"D92D l", "D92E w", {DATA}},       /* fldcw */
    {"D915 l 9B", "D916 w 9B", {DATA}}, /* fst dword; wait */
    {"0F77", "0F77", {0}},              /* emms */
    /* mov ebx, data; movaps xmm0, [ebx]; addps xmm0, [ebx+10h]; movaps [ebx+20h], xmm0 */
    {"BB l 0F2803 0F584310 0F294320", "BB w 0F2807 0F584710 0F294720", {DATA}},
    /* movdqa xmm1, [ebx+10h]; pxor xmm1, [ebx]; movaps [ebx+8], xmm0: one of them faults */
    {"BB l 660F6F4B10 660FEF0B 0F294308", "BB w 660F6F4F10 660FEF0F 0F294708", {DATA}},
    {"0FAE05 l 0FAE0D l", "0FAE06 w 0FAE0E w", {DATA, DATA}}, /* fxsave, fxrstor */
};

static uint32_t fill(struct fuzz *f, enum filler filler)
{
    static const uint8_t selectors[] = {0x10, 0x23, 0x33, 0x3B, 0x48, 0x53, 0x5B, 0x10, 0x23},
                         opcodes[] = {0x40, 0x48, 0x90, 0x04, 0x34, 0x0C, 0x97,
                                      0x50, 0x58, 0xF8, 0xF9, 0x99, 0x11, 0x29},
                         entry_bits[] = {0x01, 0x02, 0x04, 0x20, 0x40, 0x06};
    uint32_t value = 0;

    switch (filler) {
    case CODE: return f->at + below(f, 0x180);
    case OPCODES:
        for (unsigned n = 0; n < 4; n++)
            value = value << 8 | opcodes[below(f, sizeof opcodes)];
        return value;
    case TABLE: return (one_in(f, 3) ? AT_TABLE_2 : AT_TABLE) + 4 * (one_in(f, 6) ? 8 + below(f, 2) : 10 + below(f, 4));
    case ENTRY: return one_in(f, 3) ? 0x1000u << below(f, 3) : one_in(f, 6) ? 7 : entry_bits[below(f, 6)];
    case SPACE: return one_in(f, 2) ? AT_DIRECTORY : AT_DIRECTORY_2;
    case SELECTOR: return selectors[below(f, sizeof selectors)];
    case CODE_SEGMENT: return one_in(f, 2) ? 0x40 : one_in(f, 2) ? 0x08 : one_in(f, 2) ? 0x1B : 0;
    case DATA: return AT_DATA + below(f, 0x3000 / 16) * (one_in(f, 3) ? 13 : 16);
    case COUNT: return below(f, one_in(f, 4) ? 300 : 8);
    case TASK: return one_in(f, 2) ? CR0_TS : one_in(f, 2) ? CR0_EM : one_in(f, 2) ? CR0_MP | CR0_WP : CR0_NE | CR0_AM;
    case FEATURES: return one_in(f, 2) ? CR4_OSFXSR : one_in(f, 2) ? CR4_OSXMMEXCPT : one_in(f, 2) ? CR4_TSD : CR4_PGE;
    case TARGET: return AT_ENTRIES + 4 * below(f, ENTRY_COUNT);
    case START: return f->at;
    case NEXT:
    case OPERAND: break;
    }
    return 0;
}

static unsigned phrase_put(struct fuzz *f, uint8_t *p, uint32_t at, unsigned mode)
{
    bool wide = mode & DECODE_32;
    const struct phrase *phrase;
    uint32_t numbers[3];
    unsigned length;

    do
        phrase = &phrases[below(f, sizeof phrases / sizeof *phrases)];
    while (!(wide ? phrase->wide : phrase->narrow) || (phrase->filler[0] == START && mode & DECODE_PROTECTED));
    for (unsigned n = 0; n < 3; n++)
        numbers[n] = fill(f, phrase->filler[n]);
    length = assemble(p, wide, wide ? phrase->wide : phrase->narrow, numbers);
    if (phrase->filler[0] == NEXT || phrase->filler[0] == OPERAND) {
        numbers[0] = at + length - (phrase->filler[0] == OPERAND ? 4 : 0);
        assemble(p, wide, wide ? phrase->wide : phrase->narrow, numbers);
    }
    return length;
}

/* FLD1 or FSTP ST(0) until the stack is as deep as it was. */
static unsigned balance_put(struct fuzz *f, uint8_t *p, int depth)
{
    unsigned n = 0;

    for (; f->depth != depth; n += 2, f->depth += f->depth < depth ? 1 : -1) {
        p[n] = f->depth < depth ? 0xD9 : 0xDD;
        p[n + 1] = f->depth < depth ? 0xE8 : 0xD8;
    }
    return n;
}

/* A conditional jump (0F 80 and on) by so many bytes from its end. */
static unsigned jump_put(uint8_t *p, unsigned condition, int32_t by, bool wide)
{
    p[0] = 0x0F;
    p[1] = (uint8_t)(0x80 | condition);
    memcpy(p + 2, &by, 4);
    return wide ? 6 : 4;
}

/* A loop of a few instructions that jumps to its start: by ECX, or until then by a comparison. */
static unsigned loop_put(struct fuzz *f, uint8_t *p, unsigned mode)
{
    bool wide = mode & DECODE_32;
    int depth = f->depth;
    uint32_t trips = 1 + below(f, 8);
    unsigned n = 0, start, count = 1 + below(f, 7), kind = below(f, f->x87 ? 3 : 2), back;

    p[n++] = 0xB9; /* mov ecx, trips */
    memcpy(p + n, &trips, 4);
    n += wide ? 4 : 2;
    start = n;
    while (count--) {
        int before = f->depth;
        struct insn insn;
        unsigned length = insn_put(f, p + n, mode);
        if (decode(p + n, 15, mode, CPU_PENTIUM4, &insn) == DECODE_OK &&
            !(opcode_rows[insn.row].attributes & ROW_ENDS_BLOCK))
            n += length;
        else
            f->depth = before;
    }
    if (f->x87)
        n += balance_put(f, p + n, depth);
    p[n++] = 0x49; /* dec ecx */
    if (!kind || (kind == 2 && depth < 2))
        return n + jump_put(p + n, 5, (int32_t)(start - n - (wide ? 6 : 4)), wide);
    back = n;
    n += wide ? 6 : 4;
    if (kind == 1) {
        static const uint8_t comisd[] = {0x66, 0x0F, 0x2F};
        memcpy(p + n, comisd, sizeof comisd);
        p[n + 3] = (uint8_t)(0xC0 | below(f, 64));
        n += 4;
    } else { /* FLD ST(0), FCOMIP, perhaps FLD1 and FSTP ST(0) around */
        bool more = one_in(f, 2) && depth < 7;
        static const uint8_t loads[] = {0xD9, 0xC0, 0xD9, 0xE8}, pop[] = {0xDD, 0xD8};
        if (depth == 8)
            return back;
        memcpy(p + n, loads, sizeof loads);
        n += more ? 4 : 2;
        p[n++] = 0xDF;
        p[n++] = (uint8_t)((one_in(f, 2) ? 0xE8 : 0xF0) | 1);
        if (more)
            memcpy(p + n, pop, sizeof pop), n += 2;
    }
    n += jump_put(p + n, below(f, 16), (int32_t)(start - n - (wide ? 6 : 4)), wide);
    jump_put(p + back, 4, (int32_t)(n - back - (wide ? 6 : 4)), wide);
    return n;
}

static void program_put(struct fuzz *f, unsigned mode)
{
    uint8_t code[CODE_SIZE + 256];
    unsigned n = 0, count = 0, length = 10 + below(f, 300), phrases_in = one_in(f, 2) ? 8 + below(f, 16) : 1000000,
             loops_in = one_in(f, 2) ? 3 + below(f, 16) : 1000000;
    int depth = f->depth;

    while (n < length) {
        if (count < ENTRY_COUNT)
            put(f, AT_ENTRIES + 4 * count++, f->at + n, 4);
        n += one_in(f, phrases_in) ? phrase_put(f, code + n, f->at + n, mode)
             : one_in(f, loops_in) ? loop_put(f, code + n, mode)
                                   : insn_put(f, code + n, mode);
    }
    while (count < ENTRY_COUNT)
        put(f, AT_ENTRIES + 4 * count++, f->at, 4);
    if (f->x87)
        n += balance_put(f, code + n, depth);
    code[n++] = 0xE9; /* and again */
    uint32_t back = 0 - (n + (mode & DECODE_32 ? 4 : 2));
    memcpy(code + n, &back, 4);
    n += 4;
    for (unsigned i = 0; i < n; i++)
        put(f, f->at + i, code[i], 1);
    for (unsigned i = n; i < CODE_SIZE; i++)
        put(f, f->at + i, 0x90, 1);
}

/* Handlers: the stack is set anew, and one entry after the other of the program is resumed at, in its own mode. Of
 * the numbers, S is the stack, T the program's, C the counter, E the entries, F the flags. */
static void handlers_put(struct fuzz *f, enum mode mode)
{
/* inc dword [C]; mov eax, [C]; and eax, 7; mov eax, [eax*4+E] */
#define PICK "FF05 l A1 l 83E007 8B0485 l "
    static const char *const texts[MODE_COUNT] = {
        /* mov esp, S; push eax; ...; (sti); xchg [esp], eax; ret */
        [MODE_FLAT] = "BC l 50 " PICK "870424 C3",
        /* mov sp, S; xor bx, bx; mov ds, bx; inc word [C]; mov bx, [C]; and bx, 7; shl bx, 2; jmp [bx+E] */
        [MODE_REAL] = "BC w 31DB 8EDB FF06 w 8B1E w 83E307 C1E302 FFA7 w",
        /* mov esp, S; push 23h; push T; push F; push 1Bh; push eax; push eax; push 23h; pop ds; ...; mov [esp+4], eax;
           pop eax; iret */
        [MODE_USER] = "BC l 6A23 68 l 68 l 6A1B 50 50 6A23 1F " PICK "89442404 58 CF",
        /* mov esp, S; push 0, 10h, 0, 10h, 0; push T; push F; push 0; push eax; push eax; push 10h; pop ds; ... */
        [MODE_VIRTUAL] = "BC l 6A00 6A10 6A00 6A10 6A00 68 l 68 l 6A00 50 50 6A10 1F " PICK "89442404 58 CF",
        /* mov esp, S; push 40h; push eax; push eax; push 10h; pop ds; ...; mov [esp+4], eax; pop eax; retf */
        [MODE_NARROW] = "BC l 6A40 50 50 6A10 1F " PICK "89442404 58 CB",
    };
    const uint32_t flags = FLAG_FIXED | (one_in(f, 2) ? FLAG_IF : 0) | (one_in(f, 2) ? FLAG_IOPL : 0) |
                           (mode == MODE_VIRTUAL ? FLAG_VM : 0),
                   inner[] = {AT_INNER_STACK, AT_STACK, flags, AT_COUNTER, AT_COUNTER, AT_ENTRIES};
    const uint32_t outer[] = {AT_STACK, AT_COUNTER, AT_COUNTER, AT_ENTRIES};
    bool has_inner = mode == MODE_USER || mode == MODE_VIRTUAL;
    unsigned gate = one_in(f, 2) ? 0xEE00 : 0xEF00; /* an interrupt's or a trap's */
    uint8_t code[128];
    unsigned length = assemble(code, true, texts[mode] ? texts[mode] : texts[MODE_FLAT], has_inner ? inner : outer);

    for (unsigned i = 0; i < length; i++)
        put(f, AT_HANDLERS + i, code[i], 1);
    put(f, AT_SYSENTER, 0x350FFB43, 4); /* inc ebx; sti; sysexit */
    for (unsigned vector = 0; vector < 256; vector++) {
        if (mode != MODE_REAL) {
            put(f, AT_IDT + 8 * vector, AT_HANDLERS | 0x8 << 16, 4);
            put(f, AT_IDT + 8 * vector + 4, gate, 4);
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
    descriptor_put(f, 8, 0, 0xFFFF, 0x9B, 0); /* 16 bits */
    descriptor_put(f, 9, 0, 0xFFFF, 0x93, 0);
    descriptor_put(f, 10, 0, 0x8FFF, 0xF7, 0x4);          /* expands down */
    descriptor_put(f, 11, 0, AT_DATA + 0xFFF, 0xF1, 0x4); /* cannot be written to */
    put(f, AT_TSS + 4, AT_INNER_STACK, 4);
    put(f, AT_TSS + 8, 0x10, 4);
    put(f, AT_DIRECTORY, AT_TABLE | 7, 4);
    put(f, AT_DIRECTORY + 4, 0x87, 4); /* everything again, in a large page */
    put(f, AT_DIRECTORY_2, (one_in(f, 4) ? AT_TABLE : AT_TABLE_2) | 7, 4);
    put(f, AT_DIRECTORY_2 + 4, one_in(f, 2) ? 0x87 : 0x187, 4);
    for (unsigned page = 0; page < 512; page++) {
        bool is_data = page % 256 >= AT_DATA / PAGE_SIZE;
        unsigned rights = page % 256 <= AT_CODE / PAGE_SIZE ? 7
                          : one_in(f, 12)                   ? below(f, 8)
                          : one_in(f, 12)                   ? 0x107
                                                            : 7,
                 frame = !is_data || !one_in(f, 8) ? page % 256
                         : one_in(f, 6)            ? (one_in(f, 2) ? AT_TABLE : AT_TABLE_2) / PAGE_SIZE
                                                   : AT_CODE / PAGE_SIZE + below(f, 5);
        if (page == 256 + AT_CODE / PAGE_SIZE + 1 && one_in(f, 2)) /* the program's second page, if it has one */
            frame = AT_DATA / PAGE_SIZE;
        put(f, (page < 256 ? AT_TABLE : AT_TABLE_2) + 4 * (page % 256), frame << 12 | rights, 4);
    }
}

static void segment_put(struct cpu *cpu, unsigned n, uint16_t selector, uint32_t base, uint32_t limit, uint16_t rights)
{
    cpu->seg[n] = (struct segment){.base = base, .limit = limit, .selector = selector, .rights = rights};
    segment_derive(&cpu->seg[n]);
}

/* What a trial begins with. */
struct start {
    enum mode mode;
    uint32_t eip, reg[8], flags, mxcsr, cr0, cr4, breakpoint, dr7;
    struct xmm xmm[8];
    struct x87 x87;
};

static void segments_put(struct cpu *cpu, enum mode mode)
{
    bool user = mode == MODE_USER;

    for (unsigned n = 0; n < SEG_COUNT; n++) {
        unsigned own = n == SEG_CS || n == SEG_SS ? 0 : n & 1;
        if (mode == MODE_REAL || mode == MODE_VIRTUAL)
            segment_put(cpu, n, (uint16_t)(0x10 * own), 0x100 * own, 0xFFFF,
                        mode == MODE_VIRTUAL ? 0xF3
                        : n == SEG_CS        ? 0x9B
                                             : 0x93);
        else if (mode == MODE_NARROW)
            segment_put(cpu, n, n == SEG_CS ? 0x40 : 0x48, 0, 0xFFFF, n == SEG_CS ? 0x9B : 0x93);
        else if (n == SEG_CS)
            segment_put(cpu, n, user ? 0x1B : 0x08, 0, UINT32_MAX, user ? 0xC0FB : 0xC09B);
        else if (mode == MODE_SEGMENTS && n != SEG_SS)
            segment_put(cpu, n, 0x33, AT_DATA, 0xFFF, 0x40F3);
        else
            segment_put(cpu, n, user ? 0x23 : 0x10, 0, UINT32_MAX, user ? 0xC0F3 : 0xC093);
    }
}

static void processor_put(struct cpu *cpu, const struct start *start)
{
    enum mode mode = start->mode;

    cpu_reset(cpu);
    cpu->cr0 = (mode != MODE_REAL ? CR0_PE : 0) | CR0_ET | (IS_PAGED(mode) ? CR0_PG | CR0_WP : 0) | start->cr0;
    cpu->cr3 = AT_DIRECTORY;
    cpu->cr4 = start->cr4;
    cpu->gdtr = (struct table_register){AT_GDT, 0x5F};
    cpu->idtr = (struct table_register){mode != MODE_REAL ? AT_IDT : 0, 0x7FF};
    cpu->tr = (struct segment){.base = AT_TSS, .limit = 0x67, .selector = 0x28, .rights = 0x8B};
    cpu->sysenter_cs = cpu->model >= CPU_PENTIUM2 ? 0x08 : 0;
    cpu->sysenter_eip = AT_SYSENTER;
    cpu->sysenter_esp = AT_INNER_STACK;
    segments_put(cpu, mode);
    cpu->cpl = mode == MODE_USER || mode == MODE_VIRTUAL ? 3 : 0;
    memcpy(cpu->reg, start->reg, 32);
    cpu->reg[ESP] = AT_STACK;
    cpu->eip = start->eip;
    cpu->flags = start->flags | FLAG_FIXED | (cpu->cpl ? FLAG_IOPL : 0) | (mode == MODE_VIRTUAL ? FLAG_VM : 0);
    cpu->dr[0] = start->breakpoint;
    cpu->dr[7] = 0x400 | start->dr7;
    cpu_mode_changed(cpu);
    cpu_update_step(cpu);
    mmu_flush(cpu);
    cpu->leave = cpu->halted_dead = false;
    cpu->mxcsr = start->mxcsr;
    memcpy(cpu->xmm, start->xmm, sizeof cpu->xmm);
    cpu->x87 = start->x87;
    x87_derive(cpu);
}

static void memory_put(struct fuzz *f, enum mode mode)
{
    memset(f->side[0].memory.ram, 0, PROGRAM_END);
    handlers_put(f, mode);
    if (mode != MODE_REAL)
        tables_put(f);
    program_put(f, IS_WIDE(mode) ? DECODE_32 | DECODE_PROTECTED : mode == MODE_NARROW ? DECODE_PROTECTED : 0);
    for (uint32_t at = AT_DATA; at < AT_DATA + 0x3000; at += 4)
        put(f, at, one_in(f, 2) ? number(f) : random32(f), 4);
    for (uint32_t at = AT_DATA; (f->x87 || f->simd) && at < AT_DATA + 0x3000; at += 8)
        if (one_in(f, 4)) {
            for (unsigned n = 0; n < 8; n += 2) /* control words, which are numbers as well */
                put(f, at + n, (random32(f) & 0xF00) | (one_in(f, 8) ? 0x37 : 0x7F), 2);
        } else if (one_in(f, 8)) {
            put(f, at, (random32(f) & 0xE000) | (one_in(f, 4) ? random32(f) & 0x1FFF : 0x1F80), 4); /* MXCSR */
        } else if (one_in(f, 2)) {
            uint64_t value = floating(f);
            put(f, at, (uint32_t)value, 4);
            put(f, at + 4, (uint32_t)(value >> 32), 4);
        }
    memcpy(f->side[1].memory.ram, f->side[0].memory.ram, PROGRAM_END);
    for (unsigned side = 0; side < 2; side++) {
        struct memory *memory = &f->side[side].memory;
        for (uint32_t page = PROGRAM_END / PAGE_SIZE; page < RAM / PAGE_SIZE; page++)
            if (!(memory->flags[page] & PAGE_CLEAN))
                memset(memory->ram + (size_t)page * PAGE_SIZE, 0, PAGE_SIZE);
        memset(memory->flags, PAGE_CLEAN, RAM / PAGE_SIZE);
        blocks_flush(&f->side[side].cpu);
    }
}

static void trial_make(struct fuzz *f, enum mode mode)
{
    bool simd = f->model >= CPU_PENTIUM3, paged = IS_PAGED(mode);
    struct start s = {.mode = mode, .flags = random32(f) & FLAGS_ARITHMETIC, .mxcsr = MXCSR_DEFAULT};

    f->x87 = one_in(f, 2);
    f->simd = !f->x87 && f->row_count[KIND_SIMD] && one_in(f, 2);
    s.x87 = x87_make(f);
    if (simd && one_in(f, 2))
        s.mxcsr = (random32(f) & 0xE07F) | (one_in(f, 4) ? random32(f) & 0x1F80 : 0x1F80);
    s.mxcsr &= f->model >= CPU_PENTIUM4 ? 0xFFFF : 0xFFBF;
    s.flags |= one_in(f, 2) ? FLAG_IF : 0;
    s.flags |= one_in(f, 30) ? FLAG_TF : 0;
    s.flags |= one_in(f, 8) && f->model >= CPU_I486 ? FLAG_AC : 0;
    s.cr0 = one_in(f, 2) && f->model >= CPU_I486 ? CR0_NE | CR0_AM : 0;
    s.cr0 |= one_in(f, 20) ? (random32(f) & (CR0_MP | CR0_EM | CR0_TS)) : 0;
    s.cr4 = simd && !one_in(f, 20) ? CR4_OSFXSR | (one_in(f, 2) ? CR4_OSXMMEXCPT : 0) : 0;
    s.cr4 |= f->model >= CPU_PENTIUM ? CR4_PSE | (one_in(f, 8) ? CR4_VME | CR4_TSD : 0) : 0;
    s.cr4 |= f->model >= CPU_PENTIUM2 && one_in(f, 2) ? CR4_PGE : 0;
    s.eip = f->at = AT_CODE + (one_in(f, 3) ? PAGE_SIZE - 1 - below(f, 200) : 0);
    if (one_in(f, 24)) {
        s.breakpoint = (one_in(f, 2) ? f->at : AT_DATA) + below(f, 0x200);
        s.dr7 = 2 | (random32(f) & 0xF0000);
    }
    memory_put(f, mode);
    for (unsigned n = 0; n < 16; n++)
        s.xmm[n / 2].q[n % 2] = simd ? floating(f) : 0;
    for (unsigned r = 0; r < 8; r++)
        s.reg[r] = one_in(f, 2) ? (one_in(f, 12)           ? AT_CODE
                                   : paged && one_in(f, 6) ? AT_TABLE
                                                           : AT_DATA + 0x80) +
                                      below(f, one_in(f, 3) ? 0x2000 : 0x400)
                                : number(f);
    if (mode == MODE_SEGMENTS)
        for (unsigned r = 0; r < 8; r++)
            s.reg[r] = one_in(f, 4) ? s.reg[r] : below(f, 0x1010);
    uint32_t random = random32(f) | 1, first = one_in(f, 2) ? 1 + below(f, 300) : 0;
    for (unsigned side = 0; side < 2; side++) {
        struct interrupter *i = &f->interrupter[side];
        processor_put(&f->side[side].cpu, &s);
        cpu_set_intr(&f->side[side].cpu, false);
        i->random = random;
        i->due_at = first ? clock_now(&i->bare->clock) + first : NEVER;
    }
}

/* --- Interrupts, and running --- */
static void interrupt(void *interrupter)
{
    struct interrupter *i = interrupter;

    i->random = i->random * 1664525 + 1013904223; /* Numerical Recipes */
    cpu_set_intr(&i->bare->cpu, true);
    clock_schedule(&i->bare->clock, EVENT_PIT_0, clock_now(&i->bare->clock) + 1 + (i->random >> 24));
}

static uint8_t acknowledge(void *interrupter)
{
    struct interrupter *i = interrupter;

    cpu_set_intr(&i->bare->cpu, false);
    return (uint8_t)(0x20 | (i->random >> 16 & 0x1F));
}

static bool has_stopped(const struct bare *b)
{
    return b->cpu.halted_dead || b->cpu.attention & ATTENTION_SHUTDOWN;
}

static void run(struct bare *b, uint32_t ticks)
{
    uint64_t until = clock_now(&b->clock) + ticks;

    clock_begin_slice(&b->clock, until);
    while (clock_now(&b->clock) < until && !has_stopped(b)) {
        engine_run(&b->cpu);
        clock_fire_due(&b->clock);
    }
}

/* As a device that masters the bus: code, a page table or data changes. */
static void change_memory(struct fuzz *f)
{
    uint32_t address = one_in(f, 2)   ? fill(f, CODE)
                       : one_in(f, 2) ? fill(f, TABLE)
                                      : fill(f, DATA),
             value = one_in(f, 2) ? fill(f, OPCODES) : random32(f);

    unsigned size = 1u << below(f, 3);

    for (unsigned side = 0; side < 2; side++)
        memory_write(&f->side[side].memory, address, value, size);
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
    for (uint32_t page = 0; page < RAM / PAGE_SIZE; page++)
        if (!(f->side[0].memory.flags[page] & f->side[1].memory.flags[page] & PAGE_CLEAN) &&
            memcmp(f->side[0].memory.ram + (size_t)page * PAGE_SIZE, f->side[1].memory.ram + (size_t)page * PAGE_SIZE,
                   PAGE_SIZE))
            return "memory";
    return NULL;
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
    for (unsigned at = 0, shown = 0; at < RAM && shown < 8; at++)
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
        if (decode(p, 15, mode, f->model, &insn) != DECODE_OK) {
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
        list(f, IS_WIDE(mode) ? DECODE_32 | DECODE_PROTECTED : 0);
    }
    translator_set_threshold(&f->side[1].cpu, one_in(f, 3) ? below(f, 4) : 0);
    translator_enable(&f->side[1].cpu, true);
    slices = f->ticks ? 1 : 4 + below(f, 24);
    for (unsigned n = 0; n < slices && !what; n++) {
        uint32_t ticks = f->ticks ? f->ticks : 1 + below(f, one_in(f, 2) ? 12 : 400);
        for (unsigned side = 0; side < 2; side++) {
            run(&f->side[side], ticks);
            if (has_stopped(&f->side[side]))
                n = slices; /* the other side stops as well */
        }
        last = clock_now(&f->side[0].clock);
        if (f->verbose)
            printf("%u ticks: %" PRIu64 " eip %" PRIx32 "\n", ticks, last, f->side[0].cpu.eip);
        what = difference(f);
        if (one_in(f, 12))
            change_memory(f);
        if (one_in(f, 30)) /* as the engine that is drawn */
            translator_enable(&f->side[1].cpu, one_in(f, 2));
    }
    if (what)
        show(f, trial, what);
    return !what;
}

static bool is_of_kind(const struct opcode_row *row, enum kind kind)
{
    switch (kind) {
    case KIND_INTEGER: return row->operation < OP_CLI && row->operation != OP_HLT;
    case KIND_X87: return row->opcode >> 3 == 0xD8 >> 3 && row->operation != OP_FLDENV && row->operation != OP_FRSTOR;
    case KIND_SIMD: return row->operation >= OP_MOVD;
    default: return true;
    }
}

static void rows_choose(struct fuzz *f)
{
    f->drawn = calloc(opcode_row_count, sizeof *f->drawn);
    for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
        f->rows[kind] = malloc(opcode_row_count * sizeof **f->rows);
        for (unsigned row = 0; row < opcode_row_count; row++)
            if (opcode_rows[row].first_model <= f->model && opcode_rows[row].last_model >= f->model &&
                is_of_kind(&opcode_rows[row], (enum kind)kind))
                f->rows[kind][f->row_count[kind]++] = (uint16_t)row;
    }
}

/* How many rows the programs had, of those that the model has. */
static void rows_count(const struct fuzz *f, bool names)
{
    unsigned count = 0;

    for (unsigned n = 0; n < f->row_count[KIND_ANY]; n++) {
        const struct opcode_row *row = &opcode_rows[f->rows[KIND_ANY][n]];
        bool drawn = f->drawn[f->rows[KIND_ANY][n]];
        count += drawn;
        if (names && !drawn)
            printf("never: %s, opcode %03x\n", operation_names[row->operation], row->opcode);
    }
    printf("%u of %u rows\n", count, f->row_count[KIND_ANY]);
}

static void print_line(void *context, const char *text)
{
    (void)context;
    puts(text);
}

static void ignore_code(void *context, const uint8_t *at, size_t size, uint32_t eip)
{
    (void)context, (void)at, (void)size, (void)eip;
}

int main(int argc, char **argv)
{
    static struct fuzz fuzz;
    struct fuzz *f = &fuzz;
    uint64_t count = 5000, seed = 1, first = 0, trials = 0, failed = 0, cache = CODE_MEMORY_SIZE >> 10;
    bool names = false;

    f->model = CPU_PENTIUM4;

    for (int n = 1; n < argc; n++) {
        if (!strcmp(argv[n], "--verbose"))
            f->verbose = true;
        else if (!strcmp(argv[n], "--rows"))
            names = true;
        else if (n + 1 < argc && !strcmp(argv[n], "--model"))
            f->model = (enum cpu_model)strtoul(argv[++n], NULL, 0);
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
            fprintf(stderr, "usage: translate_fuzz [--count N] [--seed S] [--model N] [--only TRIAL] [--verbose] "
                            "[--ticks N] [--cache KIB] [--rows]\n");
            return 2;
        }
    }
    rows_choose(f);
    if (!f->row_count[KIND_ANY])
        return 2;
    for (unsigned side = 0; side < 2; side++)
        if (!bare_init(&f->side[side], f->model, RAM))
            return 4;
    for (unsigned side = 0; side < 2; side++) {
        struct interrupter *i = &f->interrupter[side];
        *i = (struct interrupter){.bare = &f->side[side], .due_at = NEVER};
        i->bare->cpu.acknowledge = acknowledge;
        i->bare->cpu.pic = i;
        clock_register(&i->bare->clock, EVENT_PIT_0, &i->due_at, interrupt, i);
    }
    if (!code_memory_init(&f->code, cache << 10) || !translator_init(&f->side[1].cpu, &f->code)) {
        printf("this host has no back end\n");
        return 77;
    }
    if (f->verbose)
        translator_watch_translation(&f->side[1].cpu, &(struct translation_watch){NULL, print_line, ignore_code});
    for (; trials < count && failed < 3; trials++)
        failed += !trial_run(f, seed, first + trials);
    struct translator_statistics s = translator_statistics(&f->side[1].cpu);
    printf("%" PRIu64 " trials from seed %" PRIu64 ", %" PRIu64 " differ; %" PRIu64 " blocks of %" PRIu64
           " instructions, %" PRIu64 " bytes; %" PRIu64 " ticks in them, %" PRIu64 " entries, %" PRIu64
           " links, %" PRIu64 " slow, %" PRIu64 " dropped\n",
           trials, seed, failed, s.translated, s.instructions, s.host_bytes, s.ticks, s.entries, s.links, s.slow,
           s.invalidated);
    rows_count(f, names);
#ifdef ANOTHER_HOST /* another_host.c: rows whose results are not the interpreter's are left to it */
    printf("%" PRIu64 " rows are not this host's\n", s.software_rows);
    failed += s.software_rows < 5;
#endif
    for (unsigned side = 0; side < 2; side++)
        bare_free(&f->side[side]);
    code_memory_free(&f->code);
    return failed ? 1 : 0;
}
