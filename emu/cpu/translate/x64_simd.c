/* x64_simd.c - SSE, SSE2 and MMX: an instruction becomes itself.
 *
 * The first block that has such instructions loads the guest's registers into the host's of the same numbers. There
 * they stay, in block after block, until translated code is left or the interpreter is called (x64.c). So long the
 * host's MXCSR is the guest's, all exceptions masked; arithmetic is only compiled where the guest masks them too, so
 * that flags and results are those of IEEE 754 and of SDM vol. 1, section 4.8.3.5, on any maker's host. Operands are
 * never swapped: of two NaNs the first wins. RCP and RSQRT are each maker's own, and stay with the interpreter.
 *
 * MMX registers are those of the floating-point unit: the host's has the guest's then (x64_x87.c), and what an MMX
 * instruction does to TOP, tags and the registers' upper 16 bits is what it does. Conversions between MMX registers and
 * floating point are rare, and stay with the interpreter. */
#include "emu/cpu/translate/x64.h"

static struct rm xmm_field(unsigned n)
{
    return at_address(CPU, (int32_t)(offsetof(struct cpu, xmm) + n * sizeof(struct xmm)));
}

void emit_xmm_store(struct code *code)
{
    for (unsigned n = 0; n < 8; n++)
        emit_op(code, 4, 0x0F11, n, xmm_field(n)); /* MOVUPS */
}

void emit_xmm_load(struct code *code)
{
    for (unsigned n = 0; n < 8; n++)
        emit_op(code, 4, 0x0F10, n, xmm_field(n));
}

/* --- Rows --- */
static const struct opcode_row *row_of(const struct insn *i)
{
    return &opcode_rows[i->row];
}

/* The opcode with the prefix that selects the row, as emit_op takes it. */
static unsigned encoding(const struct insn *i)
{
    const struct opcode_row *row = row_of(i);
    unsigned prefix = row->attributes & ROW_PREFIX_66   ? 0x66
                      : row->attributes & ROW_PREFIX_F3 ? 0xF3
                      : row->attributes & ROW_PREFIX_F2 ? 0xF2
                                                        : 0;

    return prefix << 16 | row->opcode;
}

/* The letter of the place of an operand in opcodes.h's notation, or 0. */
static char place(const struct insn *i, unsigned n)
{
    const char *s = row_of(i)->operands;

    for (; n && *s; s++)
        n -= *s == ',';
    return *s;
}

static bool has_immediate(const struct insn *i)
{
    return place(i, 2) == 'I';
}

unsigned simd_units(const struct opcode_row *row)
{
    unsigned units = 0;

    if (row->opcode < 0x0F10 || !(row->attributes & ROW_PREFIXES))
        return 0;
    if (row->operation == OP_EMMS)
        return HAS_X87;
    for (const char *s = row->operands; *s; s++)
        switch (*s) {
        case 'N':
        case 'P':
        case 'Q': units |= HAS_X87; break;
        case 'U':
        case 'V':
        case 'W': units |= HAS_XMM; break;
        default: break;
        }
    return units;
}

static bool from_memory(const struct insn *i)
{
    return i->form == FORM_RM || i->form == FORM_RMI;
}

static unsigned access_of(const struct insn *i)
{
    bool loose = i->operation == OP_MOVUPS || i->operation == OP_MOVUPD || i->operation == OP_MOVDQU;

    return i->size == 16 && !loose ? TO_ALIGNED : 0;
}

static void emit_simd(struct compile *c, const struct insn *i, unsigned reg, struct rm rm)
{
    emit_op(c->code, 4, encoding(i), reg, rm);
    if (has_immediate(i))
        emit8(c->code, i->immediate & 0xFF);
}

/* --- Forms --- Of XMM registers and of MMX registers alike. */
static void into_register(struct compile *c, const struct insn *i)
{
    emit_simd(c, i, i->dst,
              from_memory(i) ? memory_operand(c, i, i->size, TO_READ | access_of(i)) : in_register(i->src));
}

static void out_of_register(struct compile *c, const struct insn *i)
{
    emit_simd(c, i, i->src,
              i->form == FORM_MR ? memory_operand(c, i, i->size, TO_WRITE | access_of(i)) : in_register(i->dst));
}

static void from_general(struct compile *c, const struct insn *i)
{
    emit_simd(c, i, i->dst,
              from_memory(i) ? memory_operand(c, i, i->size, TO_READ) : in_register(host_register[i->src]));
}

static void to_general(struct compile *c, const struct insn *i)
{
    spill(c, i->dst, 4);
    emit_simd(c, i, host_register[i->dst],
              from_memory(i) ? memory_operand(c, i, i->size, TO_READ) : in_register(i->src));
}

/* PSRLW and its kin by a constant. */
static void shift_in_place(struct compile *c, const struct insn *i)
{
    emit_op(c->code, 4, encoding(i), (unsigned)row_of(i)->group, in_register(i->dst));
    emit8(c->code, i->immediate & 0xFF);
}

/* MOVD to a register or to memory: ModRM.rm is the general one. */
static void move_out(struct compile *c, const struct insn *i)
{
    if (i->form == FORM_MR) {
        emit_simd(c, i, i->src, memory_operand(c, i, i->size, TO_WRITE));
        return;
    }
    spill(c, i->dst, 4);
    emit_simd(c, i, i->src, in_register(host_register[i->dst]));
}

/* The guest sees no caches. */
static void prefetch(struct compile *c, const struct insn *i)
{
    (void)c;
    (void)i;
}

/* MOVNTI: past the caches, or not. */
static void from_general_to_memory(struct compile *c, const struct insn *i)
{
    emit_store(c->code, 4, memory_operand(c, i, 4, TO_WRITE), host_register[i->src]);
}

static void empty_mmx(struct compile *c, const struct insn *i)
{
    (void)i;
    emit8(c->code, 0x0F);
    emit8(c->code, 0x77); /* EMMS */
}

/* Whether the next thing that looks at the flags, or changes the host's, is a conditional jump. */
static bool jump_follows(const struct compile *c)
{
    for (unsigned n = c->index + 1; n < c->unit->count; n++) {
        const struct insn *i = &c->unit->insn[n];
        if (i->operation >= OP_JO && i->operation <= OP_JNLE)
            return c->unit->compiled[n];
        if (!x87_keeps_eflags(i))
            return false;
    }
    return false;
}

void comparison_recorded(struct compile *c)
{
    if (!jump_follows(c)) {
        emit_comparison(c);
        return;
    }
    c->flags = (struct owed_flags){.owed = OWED_HOST};
    c->host_flags = FLAGS_ARITHMETIC;
}

/* R10 holds ZF PF CF, all others of its bits clear. */
static void emit_compared(struct compile *c)
{
    emit_load(c->code, 4, VALUE, FIELD(flags));
    emit_alu_immediate(c->code, ALU_AND, 4, in_register(VALUE), ~(uint32_t)FLAGS_ARITHMETIC);
    emit_alu(c->code, ALU_OR, 4, in_register(VALUE), SPARE);
    emit_store(c->code, 4, FIELD(flags), VALUE);
    emit_flag_class(c, FLAGS_READY, 4);
    flags_recorded(c, 0);
    c->flags.ready = true;
}

void emit_comparison(struct compile *c)
{
    emit8(c->code, 0x9C); /* PUSHFQ */
    emit8(c->code, 0x41);
    emit8(c->code, 0x5A); /* POP R10 */
    emit_alu_immediate(c->code, ALU_AND, 4, in_register(SPARE), FLAG_ZF | FLAG_PF | FLAG_CF);
    emit_compared(c);
}

static const struct {
    uint8_t condition, reg, shift;
} kept_flags[] = {{CC_B, SPARE, 0}, {CC_P, R11, 2}, {CC_E, VALUE, 6}};

void keep_comparison(struct compile *c)
{
    for (unsigned n = 0; n < 3; n++)
        emit_op(c->code, 1, 0x0F90 | kept_flags[n].condition, 0, in_register(kept_flags[n].reg)); /* SETcc */
}

void emit_kept_comparison(struct compile *c)
{
    for (unsigned n = 0; n < 3; n++) {
        unsigned r = kept_flags[n].reg;
        emit_load_zero(c->code, 1, r, in_register(r));
        if (n) {
            emit_shift(c->code, SHIFT_SHL, 4, in_register(r), kept_flags[n].shift);
            emit_alu(c->code, ALU_OR, 4, in_register(SPARE), r);
        }
    }
    emit_compared(c);
}

/* COMISS and its kin. */
static void compare(struct compile *c, const struct insn *i)
{
    emit_simd(c, i, i->dst, from_memory(i) ? memory_operand(c, i, i->size, TO_READ) : in_register(i->src));
    comparison_recorded(c);
}

/* --- Which --- */

/* Whether it computes in floating point, by its opcode; the others move and compute integers. */
bool simd_is_arithmetic(const struct opcode_row *row)
{
    unsigned opcode = row->opcode;

    if (opcode < 0x0F10 || !(row->attributes & ROW_PREFIXES))
        return false;
    switch (opcode & 0xFF) {
    case 0x2A:
    case 0x2C:
    case 0x2D:
    case 0x2E:
    case 0x2F:
    case 0x51:
    case 0xC2:
    case 0xE6: return true;
    default: return (opcode & 0xFF) >= 0x58 && (opcode & 0xFF) <= 0x5F;
    }
}

struct flag_use simd_flag_use(const struct unit *u, unsigned n)
{
    unsigned opcode = row_of(&u->insn[n])->opcode;

    return (struct flag_use){0, opcode == 0x0F2E || opcode == 0x0F2F ? FLAGS_ARITHMETIC : 0, u->may_miss[n]};
}

static bool is_left_out(const struct insn *i)
{
    switch (i->operation) {
    case OP_RCPPS:
    case OP_RCPSS:
    case OP_RSQRTPS:
    case OP_RSQRTSS:
    case OP_MASKMOVQ:
    case OP_MASKMOVDQU: return true;
    case OP_CMPPS:
    case OP_CMPPD:
    case OP_CMPSS:
    case OP_CMPSD: return (i->immediate & 0xFF) > 7; /* reserved */
    default: return false;
    }
}

/* Whether a row may run on the host's units in the context of a unit of code. */
static bool is_allowed(const struct unit *u, const struct opcode_row *row, unsigned units)
{
    bool arithmetic = simd_is_arithmetic(row);

    if (u->bits & (CONTEXT_EM | CONTEXT_TS) || (arithmetic && (!(u->bits & CONTEXT_MASKED) || units != HAS_XMM)))
        return false;
    if ((units & HAS_XMM && !(u->bits & CONTEXT_OSFXSR)) || (units & HAS_X87 && !(u->bits & CONTEXT_X87_MASKED)))
        return false;
    return !u->software || !u->software[row - opcode_rows];
}

/* What needs neither registers nor leave. */
static compile_function *free_compiler(const struct insn *i)
{
    switch (i->operation) {
    case OP_MOVNTI: return from_general_to_memory;
    case OP_PREFETCHNTA:
    case OP_PREFETCHT0:
    case OP_PREFETCHT1:
    case OP_PREFETCHT2: return prefetch;
    default: return NULL;
    }
}

compile_function *simd_compiler(const struct unit *u, const struct insn *i)
{
    const struct opcode_row *row = row_of(i);
    unsigned units = simd_units(row);
    char from = place(i, 1);

    if (free_compiler(i))
        return free_compiler(i);
    if (!units || !is_allowed(u, row, units) || is_left_out(i))
        return NULL;
    switch (place(i, 0)) {
    case 'V':
    case 'P':
        return row->opcode == 0x0F2E || row->opcode == 0x0F2F ? compare : from == 'E' ? from_general : into_register;
    case 'U':
    case 'N': return shift_in_place;
    case 'W':
    case 'Q':
    case 'M': return out_of_register;
    case 'G': return to_general;
    case 'E': return move_out;
    default: return row->operation == OP_EMMS ? empty_mmx : NULL;
    }
}
