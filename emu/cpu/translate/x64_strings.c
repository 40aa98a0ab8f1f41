/* x64_strings.c - MOVS and STOS, repeated or not, LODS, SCAS and CMPS, in flat segments (Intel SDM vol. 2, "REP").
 *
 * A repeated one is a call of code that all blocks share: page by page, as long as the tables lead to both, and ticks
 * are left beyond those of the block; what is not done then, ECX says, and the interpreter does it. It moves element by
 * element, as the guest does: ranges that overlap come out the same. */
#include "emu/cpu/translate/x64.h"

#define MANY 32u /* elements that the host's own REP is worth its start for */

/* --- The shared code --- */
struct repeat {
    struct code *code;
    bool moves; /* MOVS */
    unsigned size, shift;
    uint8_t *out[8]; /* where nothing more can be done */
    unsigned outs;
};

static void out_if(struct repeat *r, unsigned condition)
{
    r->out[r->outs++] = emit_jump_if(r->code, condition);
}

static void emit_page(struct repeat *r, unsigned to, unsigned address, bool write)
{
    emit_move(r->code, to, address);
    emit_shift(r->code, SHIFT_SHR, 4, in_register(to), 12);
    emit_load(r->code, 8, to, at_sum(TABLE, to, 3, write ? (int32_t)(PAGES_WRITE * 8) : 0));
    emit_test(r->code, 8, to, to);
    out_if(r, CC_E);
}

/* How many elements lie in the page from an address on, upwards or downwards. */
static void emit_room(struct repeat *r, unsigned to, unsigned address, bool down)
{
    struct code *code = r->code;

    emit_move(code, to, address);
    if (down) {
        emit_alu_immediate(code, ALU_AND, 4, in_register(to), PAGE_MASK);
        emit_alu_immediate(code, ALU_CMP, 4, in_register(to), PAGE_SIZE - r->size);
        out_if(r, CC_A);
    } else {
        emit_alu_immediate(code, ALU_OR, 4, in_register(to), ~(uint32_t)PAGE_MASK);
        emit_op(code, 4, 0xF7, 3, in_register(to)); /* NEG */
    }
    if (r->shift)
        emit_shift(code, SHIFT_SHR, 4, in_register(to), r->shift);
    if (down)
        emit_alu_immediate(code, ALU_ADD, 4, in_register(to), 1);
}

static void emit_smaller(struct code *code, unsigned size, unsigned r, unsigned than, unsigned condition)
{
    emit_alu(code, ALU_CMP, size, in_register(than), r);
    emit_op(code, size, 0x0F40 | condition, r, in_register(than)); /* CMOVcc */
}

/* R8 becomes the number of elements that can be done at once; they are taken off ECX and the ticks. R9 and R10 become
 * the host's addresses. */
static void emit_count(struct repeat *r, bool down)
{
    struct code *code = r->code;

    emit_room(r, R8, RDI, down);
    if (r->moves) {
        emit_room(r, R11, RSI, down);
        emit_smaller(code, 4, R8, R11, CC_B);
    }
    emit_smaller(code, 4, R8, RCX, CC_B);
    emit_smaller(code, 8, R8, LEFT, CC_L);
    emit_test(code, 4, R8, R8);
    out_if(r, CC_E);
    emit_alu(code, ALU_SUB, 8, in_register(LEFT), R8);
    emit_alu(code, ALU_SUB, 4, in_register(RCX), R8);
    if (r->moves)
        emit_alu(code, ALU_ADD, 8, in_register(R9), RSI);
    emit_alu(code, ALU_ADD, 8, in_register(R10), RDI);
    emit_move(code, R11, R8);
    if (r->shift)
        emit_shift(code, SHIFT_SHL, 4, in_register(R11), r->shift);
    if (r->moves)
        emit_alu(code, down ? ALU_SUB : ALU_ADD, 4, in_register(RSI), R11);
    emit_alu(code, down ? ALU_SUB : ALU_ADD, 4, in_register(RDI), R11);
}

/* One by one, R8 being what is left of them: below the first ones' end, or above what comes after the last ones. R11 is
 * their length. */
static void emit_elements(struct repeat *r, bool down)
{
    struct code *code = r->code;
    enum alu move = down ? ALU_SUB : ALU_ADD;
    uint8_t *loop;

    if (r->moves)
        emit_alu(code, move, 8, in_register(R9), R11);
    emit_alu(code, move, 8, in_register(R10), R11);
    if (!down)
        emit_op(code, 8, 0xF7, 3, in_register(R8)); /* NEG */
    loop = code->at;
    if (r->moves)
        emit_load(code, r->size, R11, at_sum(R9, R8, r->shift, 0));
    emit_store(code, r->size, at_sum(R10, R8, r->shift, 0), r->moves ? R11 : RAX);
    emit_alu_immediate(code, down ? ALU_SUB : ALU_ADD, 8, in_register(R8), 1);
    aim(emit_jump_if(code, CC_NE), loop);
}

static void emit_exchange(struct code *code, unsigned a, unsigned b)
{
    emit_op(code, 8, 0x87, a, in_register(b));
}

/* The host's own, with the guest's registers put aside. */
static void emit_many(struct repeat *r)
{
    struct code *code = r->code;
    unsigned opcode = (r->moves ? 0xA4 : 0xAA) + (r->size > 1);

    emit_move_wide(code, R11, RCX);
    emit_move(code, RCX, R8);
    emit_exchange(code, RSI, R9);
    emit_exchange(code, RDI, R10);
    if (r->size == 2)
        emit8(code, 0x66);
    emit8(code, 0xF3);
    emit8(code, opcode);
    emit_move_wide(code, RSI, R9);
    emit_move_wide(code, RDI, R10);
    emit_move_wide(code, RCX, R11);
}

uint8_t *emit_repeat(struct code *code, bool moves, unsigned size)
{
    struct repeat r = {.code = code, .moves = moves, .size = size, .shift = size >> 1};
    uint8_t *start = code->at, *none, *again, *down, *many, *next[2];

    emit_test(code, 4, RCX, RCX);
    none = emit_jump_if(code, CC_E);
    again = code->at;
    if (moves)
        emit_page(&r, R9, RSI, false);
    else /* as R9 changes places with RSI */
        emit_move_wide(code, R9, RSI);
    emit_page(&r, R10, RDI, true);
    emit_test_immediate(code, 4, FIELD(flags), FLAG_DF);
    down = emit_jump_if(code, CC_NE);
    emit_count(&r, false);
    emit_alu_immediate(code, ALU_CMP, 4, in_register(R8), MANY);
    many = emit_jump_if(code, CC_AE);
    emit_elements(&r, false);
    next[0] = emit_jump(code);
    aim(many, code->at);
    emit_many(&r);
    next[1] = emit_jump(code);
    aim(down, code->at);
    emit_count(&r, true);
    emit_elements(&r, true);
    aim(next[0], code->at);
    aim(next[1], code->at);
    emit_test(code, 4, RCX, RCX);
    aim(emit_jump_if(code, CC_NE), again);
    emit_alu_immediate(code, ALU_ADD, 8, in_register(LEFT), 1); /* the last one's tick is the instruction's own */
    aim(none, code->at);
    for (unsigned n = 0; n < r.outs; n++)
        aim(r.out[n], code->at);
    emit8(code, 0xC3);
    return start;
}

/* --- Instructions --- */
static void repeated(struct compile *c, const struct insn *i)
{
    bool moves = i->operation == OP_MOVS;

    flush_flags(c, &c->flags); /* the registers change before an element that faults */
    emit_call_to(c->code, c->backend->repeat[moves][i->size >> 1]);
    emit_test(c->code, 4, RCX, RCX);
    slow_from(c, emit_jump_if(c->code, CC_NE));
    host_flags_lost(c);
}

/* An index register moves on, or back with DF. Takes R10. */
static void advance(struct compile *c, unsigned r, unsigned size)
{
    emit_load(c->code, 4, SPARE, FIELD(flags));
    emit_alu_immediate(c->code, ALU_AND, 4, in_register(SPARE), FLAG_DF);
    emit_shift(c->code, SHIFT_SHR, 4, in_register(SPARE), 9 - (size >> 1)); /* bit 10: twice the size */
    emit_alu_immediate(c->code, ALU_ADD, 4, in_register(host_register[r]), size);
    emit_alu(c->code, ALU_SUB, 4, in_register(host_register[r]), SPARE);
    host_flags_lost(c);
}

static void once(struct compile *c, const struct insn *i)
{
    unsigned size = i->size;
    bool loads = i->operation != OP_STOS, stores = i->operation != OP_LODS;

    spill(c, loads ? ESI : EDI, 4);
    spill(c, stores ? EDI : EAX, 4);
    if (loads)
        emit_load(c->code, size, R11, memory_at(c, RSI, size, TO_READ));
    if (stores)
        emit_store(c->code, size, memory_at(c, RDI, size, TO_WRITE), loads ? R11 : RAX);
    else
        emit_load(c->code, size, RAX, in_register(R11));
    if (loads)
        advance(c, ESI, size);
    if (stores)
        advance(c, EDI, size);
}

/* CMPS and SCAS: a comparison, of which the record keeps what was read. */
static void compare(struct compile *c, const struct insn *i)
{
    unsigned size = i->size, a = i->operation == OP_CMPS ? R11 : RAX;
    bool two = a == R11, wanted = live_behind(c) & FLAGS_ARITHMETIC;

    if (two)
        emit_load_zero(c->code, size, R11, memory_at(c, RSI, size, TO_READ));
    emit_load_zero(c->code, size, VALUE, memory_at(c, RDI, size, TO_READ));
    if (wanted && two)
        emit_store(c->code, 4, FIELD(flag_a), R11);
    if (wanted)
        emit_store(c->code, 4, FIELD(flag_b), VALUE);
    if (two)
        advance(c, ESI, size);
    advance(c, EDI, size);
    emit_alu(c->code, ALU_CMP, size, in_register(a), VALUE);
    host_flags_lost(c);
    if (wanted)
        owe(c, LAYERED_CMP, size, two ? place_record : place_register(EAX), place_record, (struct place){NOWHERE, 0, 0},
            FLAGS_ARITHMETIC & ~FLAG_AF);
}

struct flag_use string_flag_use(const struct insn *i)
{
    return (struct flag_use){0, i->operation == OP_CMPS || i->operation == OP_SCAS ? FLAGS_ARITHMETIC : 0, true};
}

compile_function *string_compiler(const struct unit *u, const struct insn *i)
{
    bool repeats = i->prefixes & (PREFIX_REP | PREFIX_REPNE),
         source = i->operation != OP_STOS && i->operation != OP_SCAS;

    if (i->operation < OP_MOVS || i->operation > OP_SCAS || i->prefixes & PREFIX_ADDRESS16 ||
        (i->operation != OP_LODS && !unit_is_flat(u, SEG_ES)) || (source && !unit_is_flat(u, i->segment)))
        return NULL;
    if (repeats)
        return i->operation == OP_MOVS || i->operation == OP_STOS ? repeated : NULL;
    return i->operation == OP_CMPS || i->operation == OP_SCAS ? compare : once;
}
