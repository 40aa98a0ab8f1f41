/* x64_system.c - what the code of operating systems is full of: flags on the stack, interrupts closed and opened,
 * segment registers read, bits in memory, and the exchanges of which locks are made.
 *
 * Only what an instruction does most of the time is compiled; the rest goes the slow way. */
#include "emu/cpu/translate/x64.h"

static struct rm selector_field(unsigned segment)
{
    return at_address(CPU, (int32_t)(offsetof(struct cpu, seg) + segment * sizeof(struct segment) +
                                     offsetof(struct segment, selector)));
}

static void slow_unless_zero(struct compile *c, unsigned size, struct rm field)
{
    emit_alu_immediate(c->code, ALU_CMP, size, field, 0);
    host_flags_lost(c);
    slow_from(c, emit_jump_if(c->code, CC_NE));
}

/* --- Segment registers --- */
static void push_segment(struct compile *c, const struct insn *i)
{
    struct rm at;

    spill(c, ESP, 4);
    at = stack_room(c, i->size);
    emit_load_zero(c->code, 2, SPARE, selector_field(i->src));
    emit_store(c->code, i->size, at, SPARE);
    move_stack(c, -(int32_t)i->size);
}

static void move_from_segment(struct compile *c, const struct insn *i)
{
    struct rm at;

    if (i->form == FORM_MR) {
        at = memory_operand(c, i, 2, TO_WRITE);
        emit_load_zero(c->code, 2, SPARE, selector_field(i->src));
        emit_store(c->code, 2, at, SPARE);
        return;
    }
    spill(c, i->dst, i->size);
    if (i->size == 2)
        emit_load(c->code, 2, host_register[i->dst], selector_field(i->src));
    else
        emit_load_zero(c->code, 2, host_register[i->dst], selector_field(i->src));
}

/* --- Flags as a whole --- Not in virtual-8086 mode. */
static void push_flags(struct compile *c, const struct insn *i)
{
    struct rm at;

    flush_and_ready(c);
    at = stack_room(c, i->size);
    emit_load(c->code, 4, SPARE, FIELD(flags));
    emit_alu_immediate(c->code, ALU_AND, 4, in_register(SPARE), ~(uint32_t)(FLAG_RF | FLAG_VM));
    emit_store(c->code, i->size, at, SPARE);
    host_flags_lost(c);
    move_stack(c, -(int32_t)i->size);
}

/* Where only arithmetic flags, DF and, at CPL 0, IF change, and nothing waits that an open IF would let in. */
static void pop_flags(struct compile *c, const struct insn *i)
{
    bool user = c->unit->bits & CONTEXT_USER;

    flush_and_ready(c);
    emit_load_zero(c->code, i->size, VALUE, stack_top(c, i->size));
    c->held = 0;
    emit_load_zero(c->code, i->size, ADDEND, FIELD(flags));
    emit_alu(c->code, ALU_XOR, 4, in_register(ADDEND), VALUE);
    emit_test_immediate(c->code, 4, in_register(ADDEND),
                        ~(uint32_t)(FLAGS_ARITHMETIC | FLAG_DF | (user ? 0 : FLAG_IF)));
    slow_from(c, emit_jump_if(c->code, CC_NE));
    slow_unless_zero(c, 4, FIELD(attention));
    if (!user)
        slow_unless_zero(c, 1, FIELD(cpl));
    emit_alu(c->code, ALU_XOR, 4, FIELD(flags), ADDEND);
    host_flags_lost(c);
    move_stack(c, i->size);
}

static void close_interrupts(struct compile *c, const struct insn *i)
{
    (void)i;
    slow_unless_zero(c, 1, FIELD(cpl));
    emit_alu_immediate(c->code, ALU_AND, 4, FIELD(flags), ~(uint32_t)FLAG_IF);
}

/* The shadow over the next instruction shows only where a unit ends, or where something waits. */
static void open_interrupts(struct compile *c, const struct insn *i)
{
    (void)i;
    if (c->index + 1 == c->unit->count)
        slow_from(c, emit_jump(c->code));
    slow_unless_zero(c, 4, FIELD(attention));
    slow_unless_zero(c, 1, FIELD(cpl));
    emit_alu_immediate(c->code, ALU_OR, 4, FIELD(flags), FLAG_IF);
}

/* --- Bits in memory --- One with its number in a register may lie anywhere: the operand is the one that holds it. */
static struct rm bit_operand(struct compile *c, const struct insn *i, unsigned kind)
{
    bool wide = i->size == 4;

    if (i->form == FORM_MI)
        return memory_operand(c, i, i->size, kind);
    effective_address_to(c, i, ADDRESS);
    if (wide)
        emit_move(c->code, SPARE, host_register[i->src]);
    else
        emit_op(c->code, 4, 0x0FBF, SPARE, in_register(host_register[i->src]));
    emit_shift(c->code, SHIFT_SAR, 4, in_register(SPARE), wide ? 5 : 4);
    emit_lea(c->code, 4, ADDRESS, at_sum(ADDRESS, SPARE, wide ? 2 : 1, 0));
    return memory_in_segment(c, i->segment, i->size, kind);
}

static void bit_in_memory(struct compile *c, const struct insn *i)
{
    bool looks = i->operation == OP_BT, wanted = live_behind(c) & FLAG_CF;
    struct rm at;

    if (wanted)
        flush_and_ready(c);
    at = memory_fix(c, bit_operand(c, i, looks ? TO_READ : TO_WRITE));
    emit_load_zero(c->code, i->size, VALUE, at);
    emit_bit_test(c, i, VALUE);
    if (!looks)
        emit_store(c->code, i->size, at, VALUE);
    bit_tested(c, wanted);
}

/* --- Exchanges --- The host's instructions use the same registers. */
static struct rm exchanged(struct compile *c, const struct insn *i, unsigned size)
{
    return memory_fix(c, memory_operand(c, i, size, TO_WRITE));
}

static void compare_and_exchange(struct compile *c, const struct insn *i)
{
    bool wanted = live_behind(c);
    struct rm at;
    unsigned r;

    spill(c, EAX, i->size);
    at = exchanged(c, i, i->size);
    if (wanted) {
        emit_load_zero(c->code, i->size, VALUE, at);
        emit_store(c->code, 4, FIELD(flag_a), RAX);
        emit_store(c->code, 4, FIELD(flag_b), VALUE);
    }
    r = i->size == 1 ? byte_begin(c, i->src) : host_register[i->src];
    emit_sized(c->code, i->size, 0x0FB1, r, at);
    if (i->size == 1)
        byte_end(c, i->src);
    host_flags_lost(c);
    if (wanted)
        owe(c, LAYERED_CMP, i->size, place_record, place_record, (struct place){NOWHERE, 0, 0},
            FLAGS_ARITHMETIC & ~FLAG_AF);
}

static void exchange_and_add(struct compile *c, const struct insn *i)
{
    bool wanted = live_behind(c);
    struct rm at;
    unsigned r;

    spill(c, i->src, i->size);
    at = exchanged(c, i, i->size);
    r = i->size == 1 ? byte_begin(c, i->src) : host_register[i->src];
    if (wanted)
        emit_store(c->code, 4, FIELD(flag_b), r);
    emit_sized(c->code, i->size, 0x0FC1, r, at);
    if (i->size == 1)
        byte_end(c, i->src);
    host_flags_lost(c);
    if (!wanted)
        return;
    emit_load_zero(c->code, i->size, VALUE, at);
    emit_store(c->code, 4, FIELD(flag_result), VALUE);
    owe(c, LAYERED_ADD, i->size, (struct place){NOWHERE, 0, 0}, place_record, place_record,
        FLAGS_ARITHMETIC & ~FLAG_AF);
}

/* Only ZF changes. */
static void compare_and_exchange_8(struct compile *c, const struct insn *i)
{
    bool wanted = live_behind(c) & FLAG_ZF;
    struct rm at;

    if (wanted)
        flush_and_ready(c);
    spill(c, EAX, 4);
    spill(c, EDX, 4);
    at = exchanged(c, i, 8);
    emit_op(c->code, 4, 0x0FC7, 1, at);
    host_flags_lost(c);
    if (!wanted)
        return;
    emit_op(c->code, 1, 0x0F94, 0, in_register(SPARE)); /* SETE */
    emit_alu_immediate(c->code, ALU_AND, 1, FIELD(flags), 0xFF & ~FLAG_ZF);
    emit_shift(c->code, SHIFT_SHL, 1, in_register(SPARE), 6);
    emit_alu(c->code, ALU_OR, 1, FIELD(flags), SPARE);
}

/* --- Double shifts of 32 bits, from register to register --- OF (law 6) says for any count whether the last step
 * changed the sign. */
static void shift_double(struct compile *c, const struct insn *i)
{
    unsigned r = host_register[i->dst], from = host_register[i->src];
    bool left = i->operation == OP_SHLD, counted = i->form == FORM_RRC, wanted = live_behind(c);
    uint8_t *over = NULL;

    if (!counted && !(i->immediate & 31))
        return;
    spill(c, i->dst, 4);
    if (wanted && counted)
        flush_flags(c, &c->flags);
    emit_op(c->code, 4, (left ? 0x0FA4 : 0x0FAC) + counted, from, in_register(r));
    if (!counted)
        emit8(c->code, i->immediate & 31);
    host_flags_lost(c);
    if (!wanted)
        return;
    c->held = 0;
    emit_op(c->code, 1, 0x0F92, 0, in_register(SPARE)); /* SETB */
    if (counted) {
        emit_test_immediate(c->code, 1, in_register(RCX), 31);
        over = emit_jump_if(c->code, CC_E);
    }
    emit_op(c->code, 4, 0x0FB6, SPARE, in_register(SPARE));
    if (left) { /* the sign before the last step is CF; of SHRD, bit 30 of the result */
        emit_move(c->code, ADDEND, SPARE);
        emit_shift(c->code, SHIFT_SHL, 4, in_register(ADDEND), 31);
    } else {
        emit_lea(c->code, 4, ADDEND, at_sum(r, r, 0, 0));
    }
    emit_alu(c->code, ALU_XOR, 4, in_register(ADDEND), r);
    emit_shift(c->code, SHIFT_SHR, 4, in_register(ADDEND), 31);
    emit_shift(c->code, SHIFT_SHL, 4, in_register(ADDEND), 11);
    emit_alu(c->code, ALU_OR, 4, in_register(SPARE), ADDEND);
    emit_store(c->code, 4, FIELD(flag_a), SPARE);
    emit_store(c->code, 4, FIELD(flag_result), r);
    emit_flag_class(c, FLAGS_RESULT, 4);
    if (over)
        aim(over, c->code->at);
    flags_recorded(c, 0);
}

/* --- Which --- */
bool system_runs_on(const struct insn *i)
{
    return i->operation == OP_STI || i->operation == OP_POPF;
}

compile_function *system_compiler(const struct unit *u, const struct insn *i)
{
    bool v86 = u->bits & CONTEXT_VM, kernel = !(u->bits & CONTEXT_USER) && !v86,
         pair = i->size == 4 && (i->form == FORM_RRI || i->form == FORM_RRC);

    switch (i->operation) {
    case OP_PUSH_SREG: return push_segment;
    case OP_MOV_FROM_SREG: return move_from_segment;
    case OP_PUSHF: return v86 ? NULL : push_flags;
    case OP_POPF: return v86 ? NULL : pop_flags;
    case OP_CLI: return kernel ? close_interrupts : NULL;
    case OP_STI: return kernel ? open_interrupts : NULL;
    case OP_BT:
    case OP_BTS:
    case OP_BTR:
    case OP_BTC:
        return i->form == FORM_MI || (i->form == FORM_MR && !(i->prefixes & PREFIX_ADDRESS16)) ? bit_in_memory : NULL;
    case OP_CMPXCHG: /* AH would change places with AL */
        return i->form == FORM_MR && !(i->size == 1 && i->src == 4) ? compare_and_exchange : NULL;
    case OP_XADD: return i->form == FORM_MR ? exchange_and_add : NULL;
    case OP_CMPXCHG8B: return compare_and_exchange_8;
    case OP_SHLD:
    case OP_SHRD: return pair && !(i->form == FORM_RRC && i->dst == ECX) ? shift_double : NULL;
    default: return NULL;
    }
}

struct flag_use system_flag_use(const struct insn *i)
{
    switch (i->operation) {
    case OP_PUSH_SREG: return (struct flag_use){0, 0, true};
    case OP_MOV_FROM_SREG: return (struct flag_use){0, 0, i->form == FORM_MR};
    case OP_BT:
    case OP_BTS:
    case OP_BTR:
    case OP_BTC: return (struct flag_use){0, FLAG_CF, true};
    case OP_CMPXCHG:
    case OP_XADD: return (struct flag_use){0, FLAGS_ARITHMETIC, true};
    case OP_CMPXCHG8B: return (struct flag_use){0, FLAG_ZF, true};
    case OP_SHLD:
    case OP_SHRD: return (struct flag_use){0, i->form == FORM_RRI && i->immediate & 31 ? FLAGS_ARITHMETIC : 0, false};
    default: return (struct flag_use){FLAGS_ARITHMETIC, 0, true};
    }
}
