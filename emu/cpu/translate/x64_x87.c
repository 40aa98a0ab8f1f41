/* x64_x87.c - the floating-point unit on the host's: what IEEE 754 rounds correctly, loads, stores and comparisons
 * (Intel SDM vol. 1, chapter 8).
 *
 * A run of such instructions keeps the guest's registers in the host's. Positions count from TOP as it is in struct cpu
 * while the run lasts: ST is at `top`, and the host holds `low` to `high` - 1. Before a run one test makes sure that
 * each register is empty or not as its instructions expect; then nothing in it can be a stack fault. A register that is
 * popped keeps its number, as the guest's does: the host's TOP moves over it, and its tag stays. Behind the run, and
 * before the block is left on the way, all is written back (emit_x87_store); TOP, tags, C1, flags and the last
 * instruction are only then.
 *
 * The host's control word is the guest's, all exceptions masked; code is only made where the guest masks them too.
 * FINCSTP, which a pop becomes, clears C1: the status word is kept before it. The host's flags stay set from run to
 * run: they are always some of the guest's (x64.c). */
#include "emu/cpu/translate/x64.h"

enum { C1_KEPT /* in struct cpu */, C1_CLEAR, C1_HOST, C1_SAVED /* in view.x87_status */ };
enum { ST = 1, OTHER = 2 /* ST(i) */ };
enum encoding { SAME, CLEAR_8, FLIP_2, FLIP_4, COPY /* has no form that does not pop */ };
enum { NO_FLAGS, RAISES, CONDITION, EFLAGS };

static const struct x87_row {
    bool compiled;
    uint8_t needs, writes; /* of ST and OTHER */
    bool stores;           /* a memory operand is written to */
    bool push;
    uint8_t pops;
    uint8_t c1;
    uint8_t result;   /* besides registers and memory */
    uint8_t encoding; /* the form that does not pop */
    uint8_t first;    /* of the two bytes, where a register form has others that do the same */
} rows[OP_FXRSTOR + 1 - OP_WAIT] = {
/* clang-format off */
#define AT(operation) [OP_##operation - OP_WAIT]
#define ARITHMETIC(op) AT(op) = {true, ST | OTHER, ST, false, false, 0, C1_HOST, RAISES, SAME, 0}, \
                       AT(op##P) = {true, ST | OTHER, OTHER, false, false, 1, C1_HOST, RAISES, FLIP_2, 0}
#define UNARY(op) AT(op) = {true, ST, ST, false, false, 0, C1_HOST, RAISES, SAME, 0}
#define COMPARE(op, pops, encoding, first) \
    AT(op) = {true, ST | OTHER, 0, false, false, pops, C1_CLEAR, CONDITION, encoding, first}
#define COMPARE_ST(op, pops, encoding) AT(op) = {true, ST, 0, false, false, pops, C1_CLEAR, CONDITION, encoding, 0}
#define COMPARE_FLAGS(op) AT(op) = {true, ST | OTHER, 0, false, false, 0, C1_CLEAR, EFLAGS, SAME, 0}, \
                          AT(op##P) = {true, ST | OTHER, 0, false, false, 1, C1_CLEAR, EFLAGS, FLIP_4, 0}
#define LOAD(op, needs, result) AT(op) = {true, needs, 0, false, true, 0, C1_CLEAR, result, SAME, 0}
#define STORE(op, needs, writes, first) AT(op) = {true, needs, writes, true, false, 0, C1_HOST, RAISES, SAME, first}, \
                                        AT(op##P) = {true, needs, writes, true, false, 1, C1_HOST, RAISES, CLEAR_8, first}
#define MOVE(op, places, first) AT(op) = {true, places, places, false, false, 0, C1_CLEAR, NO_FLAGS, SAME, first}
    ARITHMETIC(FADD), ARITHMETIC(FMUL), ARITHMETIC(FSUB), ARITHMETIC(FSUBR), ARITHMETIC(FDIV), ARITHMETIC(FDIVR),
    UNARY(FIADD), UNARY(FIMUL), UNARY(FISUB), UNARY(FISUBR), UNARY(FIDIV), UNARY(FIDIVR), UNARY(FSQRT), UNARY(FRNDINT),
    COMPARE(FCOM, 0, SAME, 0xD8), COMPARE(FCOMP, 1, CLEAR_8, 0xD8), COMPARE(FCOMPP, 2, SAME, 0),
    COMPARE(FUCOM, 0, SAME, 0xDD), COMPARE(FUCOMP, 1, CLEAR_8, 0xDD), COMPARE(FUCOMPP, 2, SAME, 0),
    COMPARE_ST(FICOM, 0, SAME), COMPARE_ST(FICOMP, 1, CLEAR_8), COMPARE_ST(FTST, 0, SAME),
    COMPARE_FLAGS(FCOMI), COMPARE_FLAGS(FUCOMI),
    LOAD(FLD, OTHER, RAISES), LOAD(FILD, 0, NO_FLAGS), LOAD(FLD1, 0, NO_FLAGS), LOAD(FLDZ, 0, NO_FLAGS),
    STORE(FST, ST | OTHER, OTHER, 0xDD), STORE(FIST, ST, 0, 0),
    MOVE(FXCH, ST | OTHER, 0xD9), MOVE(FCHS, ST, 0), MOVE(FABS, ST, 0)
    /* clang-format on */
};

static unsigned first_byte(const struct insn *i)
{
    return 0xD8 | i->immediate >> 8;
}

static unsigned modrm(const struct insn *i)
{
    return i->immediate & 0xFF;
}

/* What an instruction does, or false: it is not one of these. */
static bool row_of(const struct insn *i, struct x87_row *row)
{
    bool memory = i->form == FORM_M;

    if (i->operation < OP_WAIT || i->operation > OP_FXRSTOR)
        return false;
    *row = rows[i->operation - OP_WAIT];
    if (!row->compiled || (!memory && row->first && row->first != first_byte(i)))
        return false;
    if (memory) {
        row->needs &= ST;
        row->writes &= ST;
        if ((i->operation == OP_FSTP && i->size == 10) || (i->operation == OP_FISTP && i->size == 8))
            row->encoding = COPY;
        if (i->size == 10)
            row->c1 = C1_CLEAR;
    } else if (i->operation == OP_FST || i->operation == OP_FSTP) {
        row->c1 = C1_CLEAR;
    } else if (row->writes == ST && row->needs == (ST | OTHER) && first_byte(i) == 0xDC) {
        row->writes = OTHER;
    }
    return true;
}

/* --- Registers and tags along a run --- */
static uint8_t bit_of(int position)
{
    return (uint8_t)(1u << (position & 7));
}

static bool must_hold(struct x87_run *s, int position)
{
    uint8_t bit = bit_of(position);

    if (position >= s->high)
        s->high = (int8_t)(position + 1);
    if (!(s->full & bit))
        s->need_full |= bit;
    s->full |= bit;
    return !(s->empty & bit);
}

static bool push(struct x87_run *s)
{
    int position = s->top - 1;
    uint8_t bit = bit_of(position);

    if (s->full & bit)
        return false;
    if (!(s->empty & bit))
        s->need_empty |= bit;
    s->empty &= (uint8_t)~bit;
    s->full |= bit;
    s->dirty |= bit;
    s->top = (int8_t)position;
    if (position < s->low)
        s->low = (int8_t)position;
    return true;
}

static void pop(struct x87_run *s)
{
    s->full &= (uint8_t)~bit_of(s->top);
    s->empty |= bit_of(s->top);
    s->top++;
}

/* One instruction further. False: it does not go with those before, and the state is of no use. COPY takes one register
 * of the host. */
static bool step(struct x87_run *s, const struct x87_row *row, const struct insn *i)
{
    int other = s->top + (i->form == FORM_NONE ? 1 : (int)(modrm(i) & 7));

    if ((row->needs & ST && !must_hold(s, s->top)) || (row->needs & OTHER && !must_hold(s, other)))
        return false;
    s->dirty |= (uint8_t)((row->writes & ST ? bit_of(s->top) : 0) | (row->writes & OTHER ? bit_of(other) : 0));
    if (row->push && !push(s))
        return false;
    for (unsigned n = 0; n < row->pops; n++)
        pop(s);
    s->copies |= row->encoding == COPY;
    return s->high - s->low <= (s->copies ? 7 : 8);
}

/* --- Emission --- */
static void emit2(struct code *code, unsigned first, unsigned second)
{
    emit8(code, first);
    emit8(code, second);
}

/* The host's TOP up by a count, or down. */
static void emit_turn(struct code *code, int count)
{
    for (; count > 0; count--)
        emit2(code, 0xD9, 0xF7); /* FINCSTP */
    for (; count < 0; count++)
        emit2(code, 0xD9, 0xF6); /* FDECSTP */
}

/* The status word into R11. Takes R10. */
static void emit_status(struct code *code)
{
    emit_move(code, SPARE, RAX);
    emit2(code, 0xDF, 0xE0); /* FNSTSW AX */
    emit_move(code, R11, RAX);
    emit_move(code, RAX, SPARE);
}

/* Rotates R10's lowest byte by TOP. Takes R11. */
static void emit_rotate(struct code *code, enum shift direction)
{
    emit_move(code, R11, RCX);
    emit_load_zero(code, 1, RCX, FIELD(x87.top));
    emit_op(code, 1, 0xD2, direction, in_register(SPARE));
    emit_move(code, RCX, R11);
}

/* R11 becomes the offset in the registers of what is at a position. */
static struct rm emit_register(struct code *code, int position)
{
    emit_load_zero(code, 1, R11, FIELD(x87.top));
    emit_alu_immediate(code, ALU_ADD, 4, in_register(R11), (uint32_t)position);
    emit_alu_immediate(code, ALU_AND, 4, in_register(R11), 7);
    emit_shift(code, SHIFT_SHL, 4, in_register(R11), 4);
    return at_sum(CPU, R11, 0, (int32_t)offsetof(struct cpu, x87.reg));
}

static void emit_next(struct code *code, int step)
{
    emit_alu_immediate(code, ALU_ADD, 4, in_register(R11), (uint32_t)(step * (int)sizeof(struct float80)));
    emit_alu_immediate(code, ALU_AND, 4, in_register(R11), 7 * sizeof(struct float80));
}

static void emit_copy16(struct code *code, struct rm to, struct rm from)
{
    emit_load_zero(code, 2, SPARE, from);
    emit_store(code, 2, to, SPARE);
}

static struct rm selector(unsigned segment)
{
    return at_address(CPU, (int32_t)(offsetof(struct cpu, seg) + segment * sizeof(struct segment) +
                                     offsetof(struct segment, selector)));
}

static void emit_flags_and_c1(struct code *code, const struct x87_run *s)
{
    if (s->flags || s->c1 == C1_HOST)
        emit_status(code);
    if (s->c1 == C1_HOST)
        emit_test_immediate(code, 4, in_register(R11), X87_C1);
    else if (s->c1 == C1_SAVED)
        emit_test_immediate(code, 2, FIELD(view.x87_status), X87_C1);
    if (s->c1 == C1_CLEAR)
        emit_store_immediate(code, 1, FIELD(x87.env.rounded_up), 0);
    else if (s->c1 != C1_KEPT)
        emit_op(code, 1, 0x0F90 | CC_NE, 0, FIELD(x87.env.rounded_up)); /* SETNE */
    if (s->flags) {
        emit_alu_immediate(code, ALU_AND, 4, in_register(R11), X87_EXCEPTIONS);
        emit_alu(code, ALU_OR, 1, FIELD(x87.env.flags), R11);
    }
}

static void emit_noted(struct code *code, const struct x87_run *s)
{
    emit_store_immediate(code, 4, FIELD(x87.ip), s->ip);
    emit_store_immediate(code, 2, FIELD(x87.opcode), s->opcode);
    emit_copy16(code, FIELD(x87.cs), selector(SEG_CS));
}

void emit_x87_store(struct code *code, const struct x87_run *s)
{
    uint8_t changed = (uint8_t)((s->need_full & s->empty) | (s->need_empty & s->full));

    if (!s->active)
        return;
    emit_flags_and_c1(code, s);
    emit_turn(code, s->low - s->top);
    if (s->low < s->high) {
        struct rm at = emit_register(code, s->low);
        for (int position = s->low; position < s->high; position++) {
            if (position != s->low)
                emit_next(code, 1);
            if (s->dirty & bit_of(position))
                emit_op(code, 4, 0xDB, 7, at); /* FSTP */
            else
                emit2(code, 0xDD, 0xD8); /* FSTP ST(0) */
        }
    }
    if (changed) {
        emit_constant(code, SPARE, changed);
        emit_rotate(code, SHIFT_ROL);
        emit_alu(code, ALU_XOR, 1, FIELD(x87.used), SPARE);
    }
    if (s->top & 7) {
        emit_load_zero(code, 1, R11, FIELD(x87.top));
        emit_alu_immediate(code, ALU_ADD, 4, in_register(R11), (uint32_t)s->top);
        emit_alu_immediate(code, ALU_AND, 4, in_register(R11), 7);
        emit_store(code, 1, FIELD(x87.top), R11);
    }
    if (s->noted)
        emit_noted(code, s);
    if (s->memory)
        emit_copy16(code, FIELD(x87.ds), selector(s->segment));
}

/* --- A run --- */
/* Compares which registers are full with what a run expects. */
static void emit_expected(struct code *code, const struct x87_run *s)
{
    emit_load_zero(code, 1, SPARE, FIELD(x87.used));
    emit_rotate(code, SHIFT_ROR);
    emit_alu_immediate(code, ALU_AND, 4, in_register(SPARE), s->need_full | s->need_empty);
    emit_alu_immediate(code, ALU_CMP, 4, in_register(SPARE), s->need_full);
}

static void run_begin(struct compile *c)
{
    struct code *code = c->code;
    struct x87_run s = {0}, *run = &c->x87;
    unsigned last = c->index;

    for (unsigned n = c->index; n < c->unit->count && c->unit->compiled[n]; n++) {
        struct x87_run next = s;
        struct x87_row row;
        if (!row_of(&c->unit->insn[n], &row))
            continue;
        if (!step(&next, &row, &c->unit->insn[n]))
            break;
        s = next;
        last = n;
    }
    if (s.need_full | s.need_empty) {
        emit_expected(code, &s);
        struct stub *stub = new_stub(c, STUB_REFUSED);
        stub->site[stub->count++] = emit_jump_if(code, CC_NE);
    }
    *run = (struct x87_run){.active = true,
                            .last = (uint8_t)last,
                            .high = s.high,
                            .copies = s.copies,
                            .full = s.need_full,
                            .empty = s.need_empty,
                            .need_full = s.need_full,
                            .need_empty = s.need_empty};
    if (s.high > 0) {
        struct rm at = emit_register(code, s.high - 1);
        for (int position = s.high - 1; position >= 0; position--) {
            emit_op(code, 4, 0xDB, 5, at); /* FLD */
            if (position)
                emit_next(code, -1);
        }
    }
}

/* Whether nobody can see the C1 that the instruction at hand leaves: the next one of the run sets it, and cannot fault
 * before. */
static bool c1_is_dead(const struct compile *c)
{
    const struct insn *next = &c->unit->insn[c->index + 1];
    struct x87_row row;

    return c->index < c->x87.last && row_of(next, &row) && next->form != FORM_M;
}

static void emit_itself(struct compile *c, const struct insn *i, const struct x87_row *row, struct rm at)
{
    unsigned first = first_byte(i), second = modrm(i);

    if (row->encoding == FLIP_2)
        first ^= 2;
    else if (row->encoding == FLIP_4)
        first ^= 4;
    else if (row->encoding == CLEAR_8)
        second &= ~8u;
    if (row->pops == 2) { /* FCOM ST(1), FUCOM ST(1) */
        first = i->operation == OP_FCOMPP ? 0xD8 : 0xDD;
        second = i->operation == OP_FCOMPP ? 0xD1 : 0xE1;
    }
    if (i->form == FORM_M)
        emit_op(c->code, 4, first, second >> 3 & 7, at);
    else
        emit2(c->code, first, second);
}

static void note_memory(struct compile *c, const struct insn *i, struct rm at)
{
    unsigned offset = at.index;

    if (offset == NO_REGISTER || !unit_is_flat(c->unit, i->segment)) {
        offset = R11;
        effective_address_to(c, i, offset);
    }
    emit_store(c->code, 4, FIELD(x87.dp), offset);
    c->x87.memory = true;
    c->x87.segment = i->segment;
}

static void emit_condition(struct compile *c)
{
    emit_status(c->code);
    emit_alu_immediate(c->code, ALU_AND, 4, in_register(R11), X87_C0 | X87_C2 | X87_C3);
    emit_load_zero(c->code, 2, SPARE, FIELD(x87.condition));
    emit_alu_immediate(c->code, ALU_AND, 4, in_register(SPARE), X87_STACK_FAULT);
    emit_alu(c->code, ALU_OR, 4, in_register(SPARE), R11);
    emit_store(c->code, 2, FIELD(x87.condition), SPARE);
}

static void compile_x87(struct compile *c, const struct insn *i)
{
    struct x87_run *s = &c->x87;
    struct code *code = c->code;
    struct rm at = {0};
    struct x87_row row;
    int low;

    row_of(i, &row);
    if (!s->active)
        run_begin(c);
    if (!x87_keeps_eflags(c, i))
        host_flags_lost(c);
    if (i->form == FORM_M) {
        at = memory_operand(c, i, i->size == 10 ? 16 : i->size, row.stores ? TO_WRITE : TO_READ);
        note_memory(c, i, at);
    }
    low = s->low;
    if (row.push && s->top > low)
        emit2(code, 0xDD, 0xC7); /* FFREE ST(7) */
    if (row.encoding == COPY) {
        emit_turn(code, low - s->top);
        emit2(code, 0xD9, 0xC0 + (unsigned)(s->top - low)); /* FLD ST(i) */
        emit_itself(c, i, &row, at);
    } else {
        emit_itself(c, i, &row, at);
    }
    if (row.result == CONDITION)
        emit_condition(c);
    else if (row.result == EFLAGS)
        comparison_recorded(c);
    if (row.c1 == C1_HOST && row.pops) {
        if (!c1_is_dead(c))
            emit_op(code, 4, 0xDD, 7, FIELD(view.x87_status)); /* FNSTSW */
        row.c1 = C1_SAVED;
    }
    emit_turn(code, row.encoding == COPY ? s->top - low : 0);
    emit_turn(code, row.pops);
    step(s, &row, i);
    s->c1 = row.c1;
    s->flags |= row.result != NO_FLAGS;
    s->noted = true;
    s->opcode = (uint16_t)i->immediate;
    s->ip = c->unit->eip + insn_offset(i);
    if (!(c->unit->bits & CONTEXT_32))
        s->ip &= 0xFFFF;
    if (c->index == s->last) {
        emit_x87_store(code, s);
        s->active = false;
    }
}

/* --- Loops --- */
static bool inside(uint8_t a, uint8_t b)
{
    return !(a & (uint8_t)~b);
}

/* What the run is at the start of each trip; false: there is none. */
static bool loop_state(const struct unit *u, struct x87_run *s)
{
    bool any = false;

    *s = (struct x87_run){0};
    for (unsigned n = 0; n < u->count; n++) {
        struct x87_row row;
        if (!u->compiled[n])
            return false;
        if (!row_of(&u->insn[n], &row))
            continue;
        if (!step(s, &row, &u->insn[n]))
            return false;
        any = true;
    }
    if (!any || s->top || !inside(s->need_full, s->full) || !inside(s->need_empty, s->empty))
        return false;
    *s = (struct x87_run){.active = true,
                          .last = UNIT_LIMIT,
                          .low = s->low,
                          .high = s->high,
                          .full = s->need_full,
                          .empty = s->need_empty,
                          .need_full = s->need_full,
                          .need_empty = s->need_empty,
                          .dirty = s->dirty,
                          .copies = s->copies,
                          .c1 = C1_SAVED,
                          .flags = true};
    return true;
}

void x87_loop_begin(struct compile *c)
{
    struct code *code = c->code;
    struct x87_run s;
    struct rm at;

    if (!loop_state(c->unit, &s))
        return;
    emit_expected(code, &s);
    plain_from(c, CC_NE);
    emit_load_zero(code, 1, SPARE, FIELD(x87.env.rounded_up));
    emit_shift(code, SHIFT_SHL, 4, in_register(SPARE), 9);
    emit_store(code, 2, FIELD(view.x87_status), SPARE);
    at = emit_register(code, s.high - 1);
    for (int position = s.high - 1; position >= s.low; position--) {
        emit_op(code, 4, 0xDB, 5, at); /* FLD */
        if (position > s.low)
            emit_next(code, -1);
    }
    emit_turn(code, -s.low);
    c->x87 = s;
}

/* Whether the first instruction of the unit is one of the unit's that nothing can come before: what the last one left
 * to be noted is not read. */
static bool begins_with_x87(const struct unit *u)
{
    struct x87_row row;

    return row_of(&u->insn[0], &row) && u->insn[0].form != FORM_M;
}

void x87_loop_end(struct compile *c)
{
    struct x87_run *s = &c->x87;

    if (!s->active)
        return;
    if (s->memory)
        emit_copy16(c->code, FIELD(x87.ds), selector(s->segment));
    s->memory = false;
    if (begins_with_x87(c->unit))
        return;
    if (s->c1 == C1_HOST)
        emit_op(c->code, 4, 0xDD, 7, FIELD(view.x87_status)); /* FNSTSW */
    else if (s->c1 == C1_CLEAR)
        emit_store_immediate(c->code, 2, FIELD(view.x87_status), 0);
    s->c1 = C1_SAVED;
    if (s->noted)
        emit_noted(c->code, s);
    s->noted = false;
}

bool x87_keeps_eflags(const struct compile *c, const struct insn *i)
{
    struct x87_row row;

    return c->x87.active && c->x87.last == UNIT_LIMIT && row_of(i, &row) && i->operation == OP_FSTP &&
           i->form != FORM_M && !(modrm(i) & 7);
}

bool x87_loops(const struct unit *u)
{
    struct x87_run s;

    return u->loops && loop_state(u, &s);
}

struct flag_use x87_loop_flag_use(const struct unit *u, unsigned n)
{
    struct x87_row row;

    if (!row_of(&u->insn[n], &row))
        return (struct flag_use){FLAGS_ARITHMETIC, 0, true};
    return (struct flag_use){0, row.result == EFLAGS ? FLAGS_ARITHMETIC : 0, u->may_miss[n]};
}

void emit_x87_comparison(struct compile *c, const struct insn *i, const struct x87_run *now, int top)
{
    struct x87_row row;

    row_of(i, &row);
    emit_turn(c->code, top - now->top);
    emit_itself(c, i, &row, (struct rm){0});
    emit_turn(c->code, now->top - top);
}

uint16_t x87_status_taken(const struct insn *i)
{
    struct x87_row row;

    if (!row_of(i, &row))
        return 0;
    return X87_EXCEPTIONS | (row.c1 == C1_HOST ? X87_C1 : 0) | (row.result == CONDITION ? X87_C0 | X87_C2 | X87_C3 : 0);
}

/* --- Words --- */
static void fnstsw(struct compile *c, const struct insn *i)
{
    const struct x87_run settled = {0}, *s = c->x87.active ? &c->x87 : &settled;
    struct code *code = c->code;

    (void)i;
    spill(c, EAX, 2);
    host_flags_lost(c);
    emit_alu(code, ALU_XOR, 4, in_register(R11), R11);
    if (s->flags || s->c1 == C1_HOST) {
        emit_status(code);
        emit_alu_immediate(code, ALU_AND, 4, in_register(R11), X87_EXCEPTIONS | (s->c1 == C1_HOST ? X87_C1 : 0));
    }
    emit_alu_load(code, ALU_OR, 1, R11, FIELD(x87.env.flags));
    if (s->c1 == C1_KEPT || s->c1 == C1_SAVED) {
        if (s->c1 == C1_KEPT) {
            emit_load_zero(code, 1, SPARE, FIELD(x87.env.rounded_up));
            emit_shift(code, SHIFT_SHL, 4, in_register(SPARE), 9);
        } else {
            emit_load_zero(code, 2, SPARE, FIELD(view.x87_status));
            emit_alu_immediate(code, ALU_AND, 4, in_register(SPARE), X87_C1);
        }
        emit_alu(code, ALU_OR, 4, in_register(R11), SPARE);
    }
    emit_load_zero(code, 2, SPARE, FIELD(x87.condition));
    emit_alu(code, ALU_OR, 4, in_register(R11), SPARE);
    emit_load_zero(code, 1, SPARE, FIELD(x87.top));
    emit_alu_immediate(code, ALU_ADD, 4, in_register(SPARE), (uint32_t)s->top);
    emit_alu_immediate(code, ALU_AND, 4, in_register(SPARE), 7);
    emit_shift(code, SHIFT_SHL, 4, in_register(SPARE), 11);
    emit_alu(code, ALU_OR, 4, in_register(R11), SPARE);
    emit_load(code, 2, RAX, in_register(R11));
}

static void fnstcw(struct compile *c, const struct insn *i)
{
    struct rm at = memory_operand(c, i, 2, TO_WRITE);

    emit_load_zero(c->code, 2, SPARE, FIELD(x87.control));
    emit_store(c->code, 2, at, SPARE);
}

/* Where the new word unmasks something, the slow way. Rounding and precision follow from it as in x87_derive. */
static void fldcw(struct compile *c, const struct insn *i)
{
    static const uint32_t precisions = 24 | 64 << 8 | 53 << 16 | 64 << 24; /* by bits 8 and 9 */
    struct rm at = memory_operand(c, i, 2, TO_READ);
    struct code *code = c->code;

    if (c->x87.active && c->x87.c1 == C1_HOST) {
        emit_op(code, 4, 0xDD, 7, FIELD(view.x87_status)); /* FNSTSW */
        c->x87.c1 = C1_SAVED;
    }
    emit_load_zero(code, 2, R11, at);
    emit_move(code, SPARE, R11);
    emit_alu_immediate(code, ALU_AND, 4, in_register(SPARE), X87_EXCEPTIONS);
    emit_alu_immediate(code, ALU_CMP, 4, in_register(SPARE), X87_EXCEPTIONS);
    slow_from(c, emit_jump_if(code, CC_NE));
    c->slow->leaves = true;
    emit_alu_immediate(code, ALU_AND, 4, in_register(R11), X87_CONTROL_BITS);
    emit_alu_immediate(code, ALU_OR, 4, in_register(R11), X87_CONTROL_ONES);
    emit_store(code, 2, FIELD(x87.control), R11);
    emit_move(code, SPARE, R11);
    emit_shift(code, SHIFT_SHR, 4, in_register(SPARE), 10);
    emit_alu_immediate(code, ALU_AND, 4, in_register(SPARE), 3);
    emit_store(code, 4, FIELD(x87.env.rounding), SPARE);
    emit_move(code, ADDRESS, RCX);
    emit_move(code, RCX, R11);
    emit_shift(code, SHIFT_SHR, 4, in_register(RCX), 8);
    emit_shift(code, SHIFT_SHL, 4, in_register(RCX), 3);
    emit_alu_immediate(code, ALU_AND, 4, in_register(RCX), 24);
    emit_constant(code, SPARE, precisions);
    emit_op(code, 4, 0xD3, SHIFT_SHR, in_register(SPARE));
    emit_move(code, RCX, ADDRESS);
    emit_load_zero(code, 1, SPARE, in_register(SPARE));
    emit_store(code, 4, FIELD(x87.env.precision), SPARE);
    emit_alu_immediate(code, ALU_AND, 4, in_register(R11), 0xF00);
    emit_move(code, SPARE, R11);
    emit_alu_immediate(code, ALU_AND, 4, in_register(SPARE), 0x100);
    emit_alu(code, ALU_ADD, 4, in_register(SPARE), SPARE);
    emit_alu(code, ALU_OR, 4, in_register(R11), SPARE); /* 01 becomes 11, as in host_units_begin */
    emit_alu_immediate(code, ALU_OR, 4, in_register(R11), 0x7F);
    emit_store(code, 2, FIELD(view.x87_control), R11);
    emit_op(code, 4, 0xD9, 5, FIELD(view.x87_control)); /* FLDCW */
    host_flags_lost(c);
}

static void wait(struct compile *c, const struct insn *i)
{
    (void)c;
    (void)i;
}

compile_function *x87_compiler(const struct unit *u, const struct insn *i)
{
    struct x87_run s = {0};
    struct x87_row row;

    if (!(u->bits & CONTEXT_X87_MASKED) || u->bits & (CONTEXT_EM | CONTEXT_TS))
        return NULL;
    switch (i->operation) {
    case OP_WAIT: return wait;
    case OP_FNSTCW: return fnstcw;
    case OP_FLDCW: return fldcw;
    case OP_FNSTSW: return i->form == FORM_M ? NULL : fnstsw;
    default: return !(u->software && u->software[i->row]) && row_of(i, &row) && step(&s, &row, i) ? compile_x87 : NULL;
    }
}
