/* x64_x87.c - the floating-point unit on the host's: what IEEE 754 rounds correctly, loads, stores and comparisons
 * (Intel SDM vol. 1, chapter 8).
 *
 * The first block that has such instructions loads the guest's unit into the host's: registers, TOP, tags, status and
 * control word, all exceptions masked; code is only made where the guest masks them too. From then on an instruction
 * becomes itself, in block after block, and stack faults are the host's as well. The unit is taken back where
 * translated code is left or the interpreter is called (x64.c). Kept apart are C0, C2 and C3, which the manuals leave
 * undefined after most instructions, and what is noted of the last instruction: that is written once for those in a
 * row. */
#include "emu/cpu/x87_control.h"
#include "emu/cpu/translate/x64.h"

#define CONDITION_BITS (X87_C0 | X87_C2 | X87_C3)

enum { NO_FLAGS, CONDITION, EFLAGS, MOVES_IF /* by them */ };

static const struct x87_row {
    bool compiled;
    bool stores;    /* a memory operand is written to */
    uint8_t result; /* besides registers, memory, exceptions and C1 */
    uint8_t first;  /* of the two bytes, where a register form has others that do the same */
} rows[OP_FXRSTOR + 1 - OP_WAIT] = {
/* clang-format off */
#define AT(operation) [OP_##operation - OP_WAIT]
#define PLAIN(op) AT(op) = {true, false, NO_FLAGS, 0}
#define ARITHMETIC(op) PLAIN(op), PLAIN(op##P)
#define COMPARE(op, first) AT(op) = {true, false, CONDITION, first}
#define COMPARE_FLAGS(op) AT(op) = {true, false, EFLAGS, 0}, AT(op##P) = {true, false, EFLAGS, 0}
#define MOVE_IF(op) AT(op) = {true, false, MOVES_IF, 0}
#define STORE(op, first) AT(op) = {true, true, NO_FLAGS, first}, AT(op##P) = {true, true, NO_FLAGS, first}
    ARITHMETIC(FADD), ARITHMETIC(FMUL), ARITHMETIC(FSUB), ARITHMETIC(FSUBR), ARITHMETIC(FDIV), ARITHMETIC(FDIVR),
    PLAIN(FIADD), PLAIN(FIMUL), PLAIN(FISUB), PLAIN(FISUBR), PLAIN(FIDIV), PLAIN(FIDIVR), PLAIN(FSQRT), PLAIN(FRNDINT),
    COMPARE(FCOM, 0xD8), COMPARE(FCOMP, 0xD8), COMPARE(FCOMPP, 0),
    COMPARE(FUCOM, 0xDD), COMPARE(FUCOMP, 0xDD), COMPARE(FUCOMPP, 0),
    COMPARE(FICOM, 0), COMPARE(FICOMP, 0), COMPARE(FTST, 0),
    COMPARE_FLAGS(FCOMI), COMPARE_FLAGS(FUCOMI),
    MOVE_IF(FCMOVB), MOVE_IF(FCMOVE), MOVE_IF(FCMOVBE), MOVE_IF(FCMOVU),
    MOVE_IF(FCMOVNB), MOVE_IF(FCMOVNE), MOVE_IF(FCMOVNBE), MOVE_IF(FCMOVNU),
    COMPARE(FXAM, 0), PLAIN(FLD), PLAIN(FILD), PLAIN(FLD1), PLAIN(FLDZ), PLAIN(FLDPI), PLAIN(FLDL2T), PLAIN(FLDL2E),
    PLAIN(FLDLG2), PLAIN(FLDLN2), PLAIN(FCHS), PLAIN(FABS), PLAIN(FINCSTP), PLAIN(FDECSTP),
    STORE(FST, 0xDD), STORE(FIST, 0), AT(FXCH) = {true, false, NO_FLAGS, 0xD9}
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

/* What an instruction does, or null: it is not one of these. */
static const struct x87_row *row_of(const struct insn *i)
{
    const struct x87_row *row;

    if (i->operation < OP_WAIT || i->operation > OP_FXRSTOR)
        return NULL;
    row = &rows[i->operation - OP_WAIT];
    return row->compiled && (i->form == FORM_M || !row->first || row->first == first_byte(i)) ? row : NULL;
}

/* --- The guest's unit and the host's --- The image is that of FNSAVE in 32-bit protected mode. */
enum { IMAGE_CONTROL = 0, IMAGE_STATUS = 4, IMAGE_TAGS = 8, IMAGE_REGISTERS = 28, IMAGE_REGISTER = 10 };

void backend_x87_give(struct cpu *cpu)
{
    const struct x87 *u = &cpu->x87;
    uint8_t *image = cpu->view.x87_image;
    uint16_t control = u->control & 0xF00, tags = 0;

    if ((control & 0x300) == 0x100) /* reserved: 64 bits */
        control |= 0x300;
    cpu->view.x87_control = control | 0x7F;
    for (unsigned n = 0; n < 8; n++)
        tags |= (uint16_t)(u->used >> n & 1 ? 0 : 3 << 2 * n);
    store32(image + IMAGE_CONTROL, 0xFFFF0000 | cpu->view.x87_control);
    store32(image + IMAGE_STATUS, 0xFFFF0000 | (x87_status(u) & ~(unsigned)(X87_SUMMARY | X87_BUSY)));
    store32(image + IMAGE_TAGS, 0xFFFF0000 | tags);
    for (unsigned n = 0; n < 8; n++) {
        const struct float80 *reg = &u->reg[(u->top + n) & 7];
        store64(image + IMAGE_REGISTERS + n * IMAGE_REGISTER, reg->significand);
        store16(image + IMAGE_REGISTERS + n * IMAGE_REGISTER + 8, reg->high);
    }
}

void backend_x87_take(struct cpu *cpu)
{
    struct x87 *u = &cpu->x87;
    const uint8_t *image = cpu->view.x87_image;
    uint16_t status = load16(image + IMAGE_STATUS), tags = load16(image + IMAGE_TAGS);

    u->env.flags = status & X87_EXCEPTIONS;
    u->env.rounded_up = status & X87_C1;
    u->condition = (uint16_t)((u->condition & CONDITION_BITS) | (status & X87_STACK_FAULT));
    u->top = status >> 11 & 7;
    u->used = 0;
    for (unsigned n = 0; n < 8; n++) {
        const uint8_t *from = image + IMAGE_REGISTERS + n * IMAGE_REGISTER;
        u->used |= (uint8_t)(((tags >> 2 * n & 3) != 3) << n);
        u->reg[(u->top + n) & 7] = (struct float80){load64(from), load16(from + 8)};
    }
}

/* --- Emission --- */
static void emit2(struct code *code, unsigned first, unsigned second)
{
    emit8(code, first);
    emit8(code, second);
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

void emit_x87_note(struct code *code, const struct x87_note *note)
{
    if (note->noted) {
        emit_store_immediate(code, 4, FIELD(x87.ip), note->ip);
        emit_store_immediate(code, 2, FIELD(x87.opcode), note->opcode);
        emit_copy16(code, FIELD(x87.cs), selector(SEG_CS));
    }
    if (note->memory)
        emit_copy16(code, FIELD(x87.ds), selector(note->segment));
}

/* Whether the offset of the operand at hand is replaced by another before anybody can see it. */
static bool offset_is_dead(const struct compile *c)
{
    const struct unit *u = c->unit;

    for (unsigned n = c->index + 1; n < u->count && u->compiled[n] && !u->observed[n]; n++) {
        const struct insn *i = &u->insn[n];
        if (row_of(i) && i->form == FORM_M)
            return true;
        if (opcode_rows[i->row].attributes & ROW_ENDS_BLOCK)
            return false;
    }
    return false;
}

static void note_memory(struct compile *c, const struct insn *i, struct rm at)
{
    unsigned offset = at.index;

    c->x87.memory = true;
    c->x87.segment = i->segment;
    if (offset_is_dead(c))
        return;
    /* The operand's index is all of its offset, unless the guest's base lies in R9 as well. */
    if (offset == NO_REGISTER || at.scale || at.displacement || !unit_is_flat(c->unit, i->segment) ||
        (offset != ADDRESS && i->base != REG_ZERO && i->index != REG_ZERO)) {
        offset = R11;
        effective_address_to(c, i, offset);
    }
    emit_store(c->code, 4, FIELD(x87.dp), offset);
}

/* The status word into R11. Takes R10. */
static void emit_status(struct code *code)
{
    emit_move(code, SPARE, RAX);
    emit2(code, 0xDF, 0xE0); /* FNSTSW AX */
    emit_move(code, R11, RAX);
    emit_move(code, RAX, SPARE);
}

void emit_x87_itself(struct code *code, const struct insn *i)
{
    emit2(code, first_byte(i), modrm(i));
    if (row_of(i)->result == EFLAGS) { /* some processors leave C1: these clear it */
        emit2(code, 0xD9, 0xF6);       /* FDECSTP */
        emit2(code, 0xD9, 0xF7);       /* FINCSTP */
    }
}

/* The condition of an FCMOVcc, as in Jcc. */
static unsigned condition_of(const struct insn *i)
{
    static const uint8_t conditions[8] = {CC_B, CC_E, CC_BE, CC_P, CC_AE, CC_NE, CC_A, CC_NP};

    return conditions[i->operation - OP_FCMOVB];
}

/* Always as FCMOVNE: which of the host's conditions the guest's is may be none that FCMOVcc has. */
static void move_if(struct compile *c, const struct insn *i)
{
    unsigned condition = condition_begin(c, condition_of(i));

    emit_op(c->code, 1, 0x0F90 | condition, 0, in_register(SPARE)); /* SETcc */
    emit_test(c->code, 1, SPARE, SPARE);
    emit2(c->code, 0xDB, 0xC8 | (modrm(i) & 7));
}

static void compile_x87(struct compile *c, const struct insn *i)
{
    const struct x87_row *row = row_of(i);
    struct code *code = c->code;

    if (row->result == MOVES_IF)
        move_if(c, i);
    if (!x87_keeps_eflags(i))
        host_flags_lost(c);
    if (i->form == FORM_M) {
        struct rm at = memory_operand(c, i, i->size == 10 ? 16 : i->size, row->stores ? TO_WRITE : TO_READ);
        note_memory(c, i, at);
        emit_op(code, 4, first_byte(i), modrm(i) >> 3 & 7, at);
    } else if (row->result != MOVES_IF) {
        emit_x87_itself(code, i);
    }
    if (row->result == CONDITION) {
        emit_status(code);
        emit_alu_immediate(code, ALU_AND, 4, in_register(R11), CONDITION_BITS);
        emit_store(code, 2, FIELD(x87.condition), R11);
    } else if (row->result == EFLAGS) {
        comparison_recorded(c);
    }
    c->x87.noted = true;
    c->x87.opcode = (uint16_t)i->immediate;
    c->x87.ip = c->unit->eip + insn_offset(i);
    if (!(c->unit->bits & CONTEXT_32))
        c->x87.ip &= 0xFFFF;
}

void settle_x87(struct compile *c)
{
    emit_x87_note(c->code, &c->x87);
    c->x87 = (struct x87_note){0};
}

void x87_loop_end(struct compile *c)
{
    const struct insn *first = &c->unit->insn[0];
    struct x87_note later = {0};

    if (row_of(first) && first->form != FORM_M) { /* nothing can come before it, and it is noted in its turn */
        later = c->x87;
        later.memory = c->x87.noted = false;
    }
    settle_x87(c);
    c->x87 = later;
}

bool x87_keeps_eflags(const struct insn *i)
{
    const struct x87_row *row = row_of(i);

    return row && row->result == NO_FLAGS && i->form != FORM_M;
}

struct flag_use x87_flag_use(const struct unit *u, unsigned n)
{
    const struct x87_row *row = row_of(&u->insn[n]);

    if (!row)
        return (struct flag_use){0, 0, u->insn[n].operation == OP_FLDCW || u->may_miss[n]};
    return (struct flag_use){row->result == MOVES_IF ? condition_flags[condition_of(&u->insn[n]) >> 1] : 0,
                             row->result == EFLAGS ? FLAGS_ARITHMETIC : 0, u->may_miss[n]};
}

uint16_t x87_status_taken(const struct insn *i)
{
    const struct x87_row *row = row_of(i);

    if (!row)
        return 0;
    return X87_EXCEPTIONS | X87_STACK_FAULT | X87_C1 | (row->result == CONDITION ? CONDITION_BITS : 0);
}

/* --- Words --- */
/* FNSTSW AX: the bits of the host's, but for those that are kept apart. */
static void status_to_ax(struct code *code)
{
    emit2(code, 0xDF, 0xE0);
    emit_load_zero(code, 2, SPARE, FIELD(x87.condition));
    emit_alu_immediate(code, ALU_AND, 4, in_register(SPARE), CONDITION_BITS);
    emit_alu_immediate(code, ALU_AND, 4, in_register(RAX), ~(uint32_t)CONDITION_BITS);
    emit_alu(code, ALU_OR, 4, in_register(RAX), SPARE);
}

static void fnstsw(struct compile *c, const struct insn *i)
{
    struct rm at;

    if (i->form == FORM_M) {
        at = memory_operand(c, i, 2, TO_WRITE);
        emit_move(c->code, R11, RAX); /* which is left as it was */
        if (at.index == RAX)
            at = memory_fix(c, at);
        status_to_ax(c->code);
        emit_store(c->code, 2, at, RAX);
        emit_move(c->code, RAX, R11);
    } else {
        spill(c, EAX, 2);
        status_to_ax(c->code);
    }
    host_flags_lost(c);
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
    emit_alu(code, ALU_OR, 4, in_register(R11), SPARE); /* 01 becomes 11, as in backend_x87_give */
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
    if (!(u->bits & CONTEXT_X87_MASKED) || u->bits & (CONTEXT_EM | CONTEXT_TS))
        return NULL;
    switch (i->operation) {
    case OP_WAIT: return wait;
    case OP_FNSTCW: return fnstcw;
    case OP_FLDCW: return fldcw;
    case OP_FNSTSW: return fnstsw;
    default: return row_of(i) && !(u->software && u->software[i->row]) ? compile_x87 : NULL;
    }
}
