/* x64_control.c - the stack, and near jumps, calls and returns. */
#include "emu/cpu/translate/x64.h"

#include "emu/cpu/interpret.h"

/* --- Stack --- SP alone moves where SS.B is clear, and offsets wrap with it. */
static bool wide_stack(const struct compile *c)
{
    return c->unit->bits & CONTEXT_STACK32;
}

/* ESP (or SP) + change, in R8. */
static void stack_offset(struct compile *c, int32_t change)
{
    emit_lea(c->code, 4, ADDRESS, at_address(R12, change));
    if (!wide_stack(c))
        emit_load_zero(c->code, 2, ADDRESS, in_register(ADDRESS));
}

struct rm stack_top(struct compile *c, unsigned size)
{
    if (wide_stack(c))
        return stack_operand(c, R12, 0, size, TO_READ);
    stack_offset(c, 0);
    return memory_in_segment(c, SEG_SS, size, TO_READ);
}

void move_stack(struct compile *c, int32_t change)
{
    if (wide_stack(c)) {
        emit_lea(c->code, 4, R12, at_address(R12, change));
    } else {
        emit_lea(c->code, 4, SPARE, at_address(R12, change));
        emit_load(c->code, 2, R12, in_register(SPARE));
    }
}

struct rm stack_room(struct compile *c, unsigned size)
{
    if (wide_stack(c))
        return stack_operand(c, R12, -(int32_t)size, size, TO_WRITE);
    stack_offset(c, -(int32_t)size);
    return memory_in_segment(c, SEG_SS, size, TO_WRITE);
}

static void push(struct compile *c, const struct insn *i)
{
    unsigned size = i->size;
    struct rm at;

    spill(c, ESP, 4);
    if (i->form == FORM_M) {
        /* two accesses: the value waits in R11, and both are tested before anything changes */
        at = memory_operand(c, i, size, TO_READ);
        emit_load_zero(c->code, size, R11, at);
    }
    at = stack_room(c, size);
    if (i->form == FORM_R)
        emit_store(c->code, size, at, host_register[i->dst]);
    else if (i->form == FORM_M)
        emit_store(c->code, size, at, R11);
    else
        emit_store_immediate(c->code, size, at, i->immediate);
    move_stack(c, -(int32_t)size);
}

static void pop(struct compile *c, const struct insn *i)
{
    spill(c, ESP, 4);
    spill(c, i->dst, 4);
    emit_load_zero(c->code, i->size, VALUE, stack_top(c, i->size));
    move_stack(c, i->size);
    emit_load(c->code, i->size, host_register[i->dst], in_register(VALUE));
}

static void leave(struct compile *c, const struct insn *i)
{
    spill(c, ESP, 4);
    spill(c, EBP, 4);
    emit_load(c->code, 4, VALUE, stack_operand(c, RBP, 0, 4, TO_READ));
    emit_lea(c->code, 4, R12, at_address(RBP, i->size));
    emit_move(c->code, RBP, VALUE);
}

/* --- Jumps --- */
static uint32_t target_of(const struct compile *c, const struct insn *i)
{
    uint32_t eip = next_eip(c, i) + i->immediate;

    return i->size == 2 ? eip & 0xFFFF : eip;
}

/* Whether a jump's target is read from a table (JMP [table + ECX*4]). It changes too often for a link. */
static bool is_by_table(const struct insn *i)
{
    return i->form == FORM_M && i->base == REG_ZERO && i->index != REG_ZERO;
}

bool backend_jumps_by_table(const struct unit *u)
{
    const struct insn *last = &u->insn[u->count - 1];

    return last->operation == OP_JMP && is_by_table(last) && u->second == NO_SECOND && !(u->bits & CONTEXT_BASE);
}

/* To the EIP in R8 if it is in the unit's page and known there. */
static void emit_page_jump(struct compile *c)
{
    uint8_t *outside, *unknown;
    bool swapped;

    emit_lea(c->code, 4, SPARE, at_address(VALUE, (int32_t)(0 - (c->unit->eip & ~PAGE_MASK))));
    emit_alu_immediate(c->code, ALU_CMP, 4, in_register(SPARE), PAGE_SIZE);
    outside = emit_jump_if(c->code, CC_AE);
    emit_constant_wide(c->code, ADDEND, (uintptr_t)c->unit->page_jumps);
    emit_load(c->code, 8, SPARE, at_sum(ADDEND, SPARE, 3, 0));
    emit_test(c->code, 8, SPARE, SPARE);
    unknown = emit_jump_if(c->code, CC_E);
    emit_op(c->code, 4, 0xFF, 4, in_register(SPARE));
    swapped = aside_begin(c);
    aim(outside, c->code->at);
    aim(unknown, c->code->at);
    emit_table_jump(c);
    aside_end(c, swapped);
}

/* To the EIP in R8. A table jump of its own lets the host predict each such jump by itself. */
static void emit_indirect(struct compile *c, const struct insn *i)
{
    settle(c);
    if (i->operation == OP_JMP && c->unit->page_jumps)
        emit_page_jump(c);
    else if (is_by_table(i))
        emit_table_jump(c);
    else
        emit_cached_jump(c);
    c->left = true;
}

/* A target in R8 must lie within CS; the slow path raises #GP(0) otherwise. */
static void check_target(struct compile *c, unsigned size)
{
    if (c->unit->limit == UINT32_MAX || (size == 2 && c->unit->limit >= 0xFFFF))
        return;
    emit_alu_immediate(c->code, ALU_CMP, 4, in_register(VALUE), c->unit->limit);
    slow_from(c, emit_jump_if(c->code, CC_A));
    host_flags_lost(c);
}

/* The target of a jump or call through register or memory, into a register. */
static void indirect_target(struct compile *c, const struct insn *i, unsigned destination)
{
    struct rm from = in_register(host_register[i->form == FORM_R ? i->dst : 0]);

    if (i->form == FORM_M)
        from = memory_operand(c, i, i->size, TO_READ);
    emit_load_zero(c->code, i->size, destination, from);
}

/* The unit's last instruction jumps to its first: it goes on there if there are enough ticks. Flags that nobody reads
 * stay owed. */
static void emit_loop(struct compile *c)
{
    struct stub *stub;

    if (c->unit->live_before)
        flush_flags(c, &c->flags);
    x87_loop_end(c);
    if (c->flags.owed == OWED_HOST)
        keep_comparison(c);
    stub = new_stub(c, STUB_EXIT);
    stub->eip = c->unit->eip;
    stub->loops = true;
    emit_alu_immediate(c->code, ALU_SUB, 8, in_register(LEFT), c->unit->count);
    aim(emit_jump_if(c->code, CC_NS), c->loop);
    stub->site[stub->count++] = emit_jump(c->code);
    c->left = true;
}

static void jump(struct compile *c, const struct insn *i)
{
    if (c->index + 1 < c->unit->count) /* the unit goes on there */
        return;
    if (c->unit->loops) {
        emit_loop(c);
        return;
    }
    if (i->form == FORM_I) {
        settle(c);
        emit_exit(c, target_of(c, i));
        return;
    }
    indirect_target(c, i, VALUE);
    check_target(c, i->size);
    emit_indirect(c, i);
}

static void call(struct compile *c, const struct insn *i)
{
    struct rm at;

    spill(c, ESP, 4);
    if (i->form != FORM_I) {
        indirect_target(c, i, VALUE);
        check_target(c, i->size);
        emit_move(c->code, R11, VALUE);
    }
    at = stack_room(c, i->size);
    emit_store_immediate(c->code, i->size, at, next_eip(c, i));
    move_stack(c, -(int32_t)i->size);
    if (i->form == FORM_I) {
        settle(c);
        emit_exit(c, target_of(c, i));
        return;
    }
    emit_move(c->code, VALUE, R11);
    emit_indirect(c, i);
}

static void ret(struct compile *c, const struct insn *i)
{
    spill(c, ESP, 4);
    emit_load_zero(c->code, i->size, VALUE, stack_top(c, i->size));
    check_target(c, i->size);
    move_stack(c, (int32_t)(i->size + i->immediate));
    emit_indirect(c, i);
}

static bool is_conditional_jump(const struct insn *i)
{
    return i->operation >= OP_JO && i->operation <= OP_JNLE;
}

static void jump_if(struct compile *c, const struct insn *i)
{
    unsigned condition = i->operation - OP_JO;

    if (c->index + 1 < c->unit->count) { /* on the way: flags stay owed */
        bool turns = unit_turns(c->unit, c->index);
        condition = condition_begin(c, condition) ^ turns;
        emit_exit_if(c, condition, turns ? next_eip(c, i) : target_of(c, i));
        if (c->flags.owed == OWED_HOST && !is_conditional_jump(&c->unit->insn[c->index + 1]) && live_behind(c))
            flush_flags(c, &c->flags);
        return;
    }
    if (!c->unit->loops)
        settle_x87(c);
    condition = condition_begin(c, condition);
    if (c->unit->loops) {
        emit_exit_if(c, condition ^ 1, next_eip(c, i));
        emit_loop(c);
        return;
    }
    if (c->flags.owed != OWED_NOTHING && c->flags.owed != OWED_DEAD) {
        uint16_t before = c->host_flags;
        flush_flags(c, &c->flags);
        if (before && !c->host_flags) /* writing a high byte out ended the host's flags */
            condition = condition_begin(c, i->operation - OP_JO);
    }
    emit_exit_if(c, condition, target_of(c, i));
    emit_exit(c, next_eip(c, i));
}

/* LOOP and its kin, and JCXZ: ECX or CX by the address size. */
static void loop(struct compile *c, const struct insn *i)
{
    bool narrow = i->prefixes & PREFIX_ADDRESS16, counts = i->operation != OP_JCXZ;
    unsigned size = narrow ? 2 : 4;
    uint8_t *ended = NULL;

    if (counts)
        spill(c, ECX, 4);
    settle(c);
    if (counts && narrow) {
        emit_lea(c->code, 4, SPARE, at_address(RCX, -1));
        emit_load(c->code, 2, RCX, in_register(SPARE));
    } else if (counts) {
        emit_lea(c->code, 4, RCX, at_address(RCX, -1));
    }
    if (counts && i->operation != OP_LOOP) {
        flush_and_ready(c);
        emit_test(c->code, size, RCX, RCX);
        ended = emit_jump_if(c->code, CC_E);
        emit_test_immediate(c->code, 4, FIELD(flags), FLAG_ZF);
        emit_exit_if(c, i->operation == OP_LOOPE ? CC_NE : CC_E, target_of(c, i));
        aim(ended, c->code->at);
    } else {
        emit_test(c->code, size, RCX, RCX);
        emit_exit_if(c, counts ? CC_NE : CC_E, target_of(c, i));
    }
    emit_exit(c, next_eip(c, i));
}

compile_function *control_compiler(const struct unit *u, const struct insn *i)
{
    uint32_t next = u->eip + insn_offset(i) + i->length, target = next + i->immediate;
    bool within;

    if (!(u->bits & CONTEXT_32))
        next &= 0xFFFF, target = next + i->immediate;
    if (i->size == 2)
        target &= 0xFFFF;
    within = target <= u->limit;
    if (i->operation >= OP_JO && i->operation <= OP_JNLE)
        return within ? jump_if : NULL;
    switch (i->operation) {
    case OP_PUSH: return push;
    case OP_POP: return i->form == FORM_R ? pop : NULL;
    case OP_LEAVE: return i->size == 4 && u->bits & CONTEXT_STACK32 ? leave : NULL;
    case OP_JMP: return within || i->form != FORM_I ? jump : NULL;
    case OP_CALL: return within || i->form != FORM_I ? call : NULL;
    case OP_RET: return ret;
    case OP_JCXZ:
    case OP_LOOP:
    case OP_LOOPE:
    case OP_LOOPNE: return within ? loop : NULL;
    default: return NULL;
    }
}
