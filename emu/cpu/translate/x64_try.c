/* x64_try.c - whether this host computes as the interpreter does: each row that runs on the host's unit is tried when a
 * translator is made.
 *
 * A host may lie: Valgrind computes in other precisions, another translator may cut corners. A row that gives another
 * result, or raises other flags, for one of these operands is left to the interpreter. Of the floating-point unit the
 * rows with registers are tried; if one differs, none is used. */
#include "emu/cpu/translate/internal.h"
#include "emu/cpu/x87_control.h"
#include "emu/cpu/translate/x64.h"

/* What the emitted code reads and writes. */
struct trial {
    struct xmm a, b;
    uint32_t mxcsr, mxcsr_default;
    uint32_t general, flags;
};

#define TRIAL(field) at_address(RDI, (int32_t)offsetof(struct trial, field))

/* Numbers where something happens: two of single or one of double precision. */
static const uint64_t numbers[] = {
    0,
    0x8000000000000000,
    0x3FF0000000000000,
    0xBFF8000000000000,
    0x7FF0000000000000,
    0xFFF8000000000001,
    0x7FF0000000000001,
    0x0010000000000000,
    0x800FFFFFFFFFFFFF,
    1,
    0x7FEFFFFFFFFFFFFF,
    0x41DFFFFFFFE00000,
    0x3F8000013F7FFFFF,
    0x7F800000FFC00001,
    0x7F80000100800000,
    0x807FFFFF00000001,
};
#define NUMBERS (sizeof numbers / sizeof *numbers)

/* A function that executes one instruction on XMM0 and XMM1, or on ECX in place of one of them. */
static uint8_t *emit_trial(struct code *code, const uint8_t bytes[], unsigned length)
{
    uint8_t *start = code->at;

    emit_op(code, 4, 0x0F10, 0, TRIAL(a));
    emit_op(code, 4, 0x0F10, 1, TRIAL(b));
    emit_load(code, 4, RCX, TRIAL(general));
    emit_op(code, 4, 0x0FAE, 2, TRIAL(mxcsr));
    for (unsigned n = 0; n < length; n++)
        emit8(code, bytes[n]);
    emit8(code, 0x9C); /* PUSHFQ */
    emit8(code, 0x58); /* POP RAX */
    emit_store(code, 4, TRIAL(flags), RAX);
    emit_op(code, 4, 0x0FAE, 3, TRIAL(mxcsr));
    emit_op(code, 4, 0x0FAE, 2, TRIAL(mxcsr_default));
    emit_op(code, 4, 0x0F11, 0, TRIAL(a));
    emit_store(code, 4, TRIAL(general), RCX);
    emit8(code, 0xC3);
    return start;
}

/* Does what the emitted function did, by the interpreter's handler. */
static void interpret_trial(struct cpu *cpu, struct code_block *single, struct trial *t, bool compares)
{
    cpu->xmm[0] = t->a;
    cpu->xmm[1] = t->b;
    cpu->mxcsr = t->mxcsr;
    cpu->reg[ECX] = t->general;
    cpu->block = single;
    cpu->accounted = 0;
    single->insn[0].run(cpu, single->insn);
    t->a = cpu->xmm[0];
    t->mxcsr = cpu->mxcsr;
    t->general = cpu->reg[ECX];
    t->flags = compares ? flags_arithmetic(cpu) & (FLAG_ZF | FLAG_PF | FLAG_CF) : 0;
}

static bool row_agrees(struct cpu *cpu, struct code *code, const uint8_t bytes[], struct code_block *single,
                       bool compares)
{
    struct code at = *code;
    const uint8_t *run = emit_trial(&at, bytes, single->insn[0].length) + code->run;
    void (*function)(struct trial * t);

    memcpy(&function, &run, sizeof function);
    for (unsigned n = 0; n < NUMBERS * NUMBERS * 8; n++) {
        uint64_t x = numbers[n % NUMBERS], y = numbers[n / NUMBERS % NUMBERS];
        unsigned mode = n / (NUMBERS * NUMBERS);
        struct trial t = {{{x, y}}, {{y, x}},    0x1F80 | (mode & 3) << 13 | (mode & 4 ? 0x8040 : 0),
                          0x1F80,   (uint32_t)x, 0},
                     other = t;
        function(&t);
        interpret_trial(cpu, single, &other, compares);
        t.flags &= compares ? FLAG_ZF | FLAG_PF | FLAG_CF : 0;
        if (t.a.q[0] != other.a.q[0] || t.a.q[1] != other.a.q[1] || t.mxcsr != other.mxcsr ||
            t.general != other.general || t.flags != other.flags)
            return false;
    }
    return true;
}

/* --- The floating-point unit --- */
/* clang-format off */
static const struct float80 extended[] = {
    {0, 0}, {0, 0x8000}, {0x8000000000000000, 0x3FFF}, {0xC000000000000001, 0xBFFF}, {0x8000000000000000, 0x7FFF}, {0xC000000000000001, 0xFFFF},
    {0xA000000000000000, 0x7FFF}, {0x8000000000000000, 1}, {1, 0x8000}, {0x8000000000000000, 0}, {0xFFFFFFFFFFFFFFFF, 0x7FFE}, {0xFFFFFFFFFFFFFC01, 0x3FFE},
    {0x4000000000000000, 0x3FFF}, {0xFFFFFF8000000001, 0x403D}, {0xAAAAAAAAAAAAAAAB, 0x0010}, {0x9000000000000400, 0x4001},
};
/* clang-format on */
#define EXTENDED (sizeof extended / sizeof *extended)

#define PAIRS (EXTENDED * EXTENDED)
#define STACKS 5u /* which of ST(0) and ST(1) is empty; or none of the eight */

/* A function that executes one instruction with the unit as view.x87_image has it, and puts it there again. */
static uint8_t *emit_x87_trial(struct code *code, const struct insn *insn)
{
    struct rm image = at_address(RDI, (int32_t)offsetof(struct cpu, view.x87_image)),
              control = at_address(RDI, (int32_t)offsetof(struct cpu, view.x87_default));
    uint8_t *start = code->at;

    emit_op(code, 4, 0xD9, 7, control); /* FNSTCW */
    emit_op(code, 4, 0xDD, 4, image);   /* FRSTOR */
    emit8(code, 0x6A);                  /* PUSH 2 */
    emit8(code, 2);
    emit8(code, 0x9D); /* POPFQ: no arithmetic flag is set, as FCMOVcc may read them */
    emit_x87_itself(code, insn);
    emit8(code, 0x9C); /* PUSHFQ */
    emit8(code, 0x58); /* POP RAX */
    emit_store(code, 4, at_address(RDI, (int32_t)offsetof(struct cpu, view.flag_scratch)), RAX);
    emit_op(code, 4, 0xDD, 6, image); /* FNSAVE */
    emit_op(code, 4, 0xD9, 5, control);
    emit8(code, 0xC3);
    return start;
}

static bool x87_agrees(struct cpu *cpu, void (*function)(struct cpu *), const struct insn *insn)
{
    bool compares = insn->operation >= OP_FCOMI && insn->operation <= OP_FUCOMIP;
    struct x87 *u = &cpu->x87, here;
    uint16_t status;

    backend_x87_give(cpu);
    flags_write_arithmetic(cpu, 0);
    cpu->accounted = 0;
    insn->run(cpu, insn);
    here = *u;
    status = x87_status(u);
    function(cpu);
    backend_x87_take(cpu);
    if ((status ^ load16(cpu->view.x87_image + 4)) & (x87_status_taken(insn) | X87_TOP) || u->used != here.used)
        return false;
    if (compares && (flags_arithmetic(cpu) ^ cpu->view.flag_scratch) & (FLAG_ZF | FLAG_PF | FLAG_CF))
        return false;
    for (unsigned n = 0; n < 8; n++)
        if (u->reg[n].significand != here.reg[n].significand || u->reg[n].high != here.reg[n].high)
            return false;
    return true;
}

static bool x87_row_agrees(struct cpu *cpu, struct code *code, const struct insn *insn)
{
    static const uint16_t controls[] = {0x37F, 0x67F, 0xA7F, 0xC7F};
    struct code at = *code;
    const uint8_t *run = emit_x87_trial(&at, insn) + code->run;
    void (*function)(struct cpu * cpu);

    memcpy(&function, &run, sizeof function);
    for (unsigned n = 0; n < PAIRS * 4 + EXTENDED * STACKS; n++) {
        unsigned stack = n < PAIRS * 4 ? 0 : n % STACKS;
        cpu->x87 = (struct x87){.env = {.rounded_up = true}, .control = controls[n / PAIRS % 4], .top = 6};
        for (unsigned r = 0; r < 8; r++)
            cpu->x87.reg[r] = extended[r == 6 ? n % EXTENDED : n / EXTENDED % EXTENDED];
        cpu->x87.used = stack == 4 ? 0xFF : (uint8_t)(0xC0 & ~(stack << 6));
        x87_derive(cpu);
        if (!x87_agrees(cpu, function, insn))
            return false;
    }
    return true;
}

static bool moves_if(unsigned operation)
{
    return operation >= OP_FCMOVB && operation <= OP_FCMOVNU;
}

/* How many rows differ: then all of the unit's are the interpreter's, and those of MMX, whose registers it has. Of
 * FCMOVcc the manuals do not say what C1 is afterwards: if one of them differs, so are they alone. */
static unsigned x87_try_rows(struct cpu *cpu, struct code *code, struct code_block *single, uint8_t software[])
{
    unsigned differ = 0, moves_differ = 0;

    for (unsigned n = 0; n < opcode_row_count; n++) {
        const struct opcode_row *row = &opcode_rows[n];
        struct insn *insn = &single->insn[0];
        uint32_t group = (uint32_t)row->group; /* a whole ModRM byte, or its middle field */
        uint8_t bytes[2] = {(uint8_t)row->opcode, (uint8_t)(row->group >= 0xC0 ? group : 0xC1 | group << 3)};
        if (row->opcode >> 3 != 0xD8 >> 3 || row->attributes & ROW_MEMORY_ONLY ||
            decode(bytes, 2, DECODE_32 | DECODE_PROTECTED, CPU_PENTIUM4, insn) != DECODE_OK || insn->row != n ||
            !x87_status_taken(insn))
            continue;
        insn->run = interpreter_handler(insn);
        single->insn[1] = (struct insn){.run = block_end, .offset = insn->length};
        cpu->block = single;
        *(moves_if(insn->operation) ? &moves_differ : &differ) += !x87_row_agrees(cpu, code, insn);
    }
    for (unsigned n = 0; n < opcode_row_count; n++) {
        bool x87 = opcode_rows[n].opcode >> 3 == 0xD8 >> 3 || simd_units(&opcode_rows[n]) & HAS_X87;
        software[n] |= (differ && x87) || (moves_differ && moves_if(opcode_rows[n].operation));
    }
    return differ + moves_differ;
}

/* --- All --- */
/* The bytes of a row's instruction with XMM0 (or ECX) and XMM1 (or ECX). */
static unsigned encode(const struct opcode_row *row, uint8_t bytes[8])
{
    bool to_general = row->operands[0] == 'G', from_general = strstr(row->operands, ",E") != NULL;
    unsigned prefix = row->attributes & ROW_PREFIX_66   ? 0x66
                      : row->attributes & ROW_PREFIX_F3 ? 0xF3
                      : row->attributes & ROW_PREFIX_F2 ? 0xF2
                                                        : 0,
             n = 0;

    if (prefix)
        bytes[n++] = (uint8_t)prefix;
    bytes[n++] = 0x0F;
    bytes[n++] = (uint8_t)row->opcode;
    bytes[n++] = (uint8_t)(0xC0 | (to_general ? ECX << 3 : 0) | (from_general ? ECX : 1));
    bytes[n++] = 1; /* an immediate, where there is one: less than */
    return n;
}

bool backend_sees_changes(struct code *code)
{
    uint8_t *start = code->at;
    const uint8_t *at = start + code->run;
    uint32_t (*run)(void), result = 0;

    memcpy(&run, &at, sizeof run);
    for (uint32_t n = 1; n <= 2; n++) {
        code->at = start;
        emit_constant(code, RAX, n);
        emit8(code, 0xC3);
        result = run();
    }
    code->at = start;
    return result == 2;
}

unsigned backend_try_rows(struct cpu *cpu, struct code *code, struct code_block *single, uint8_t software[])
{
    struct cpu saved = *cpu;
    unsigned differ = 0;

    cpu->cr4 |= CR4_OSFXSR;
    cpu->cr0 &= ~(CR0_EM | CR0_TS);
    for (unsigned row = 0; row < opcode_row_count; row++) {
        struct insn *insn = &single->insn[0];
        struct unit u = {.bits = CONTEXT_OSFXSR | CONTEXT_MASKED, .second = NO_SECOND};
        uint8_t bytes[8];
        if (!simd_is_arithmetic(&opcode_rows[row]))
            continue;
        if (decode(bytes, encode(&opcode_rows[row], bytes), DECODE_32 | DECODE_PROTECTED, CPU_PENTIUM4, insn) !=
                DECODE_OK ||
            insn->row != row || !simd_compiler(&u, insn))
            continue;
        insn->run = interpreter_handler(insn);
        single->insn[1] = (struct insn){.run = block_end, .offset = insn->length};
        if (row_agrees(cpu, code, bytes, single, (opcode_rows[row].opcode & 0xFE) == 0x2E)) {
            continue;
        }
        software[row] = true;
        differ++;
    }
    differ += x87_try_rows(cpu, code, single, software);
    *cpu = saved;
    return differ;
}
