/* x64.c - the x86-64 back end: a unit from end to end (x64.h), and the code that all blocks share. */
#include "emu/cpu/translate/x64.h"

/* --- Shared code --- */
static void emit_push(struct code *code, unsigned r)
{
    if (r >= 8)
        emit8(code, 0x41);
    emit8(code, 0x50 | (r & 7));
}

static void emit_pop(struct code *code, unsigned r)
{
    if (r >= 8)
        emit8(code, 0x41);
    emit8(code, 0x58 | (r & 7));
}

static void emit_guest_registers(struct code *code, bool save)
{
    for (unsigned r = 0; r < 8; r++) {
        struct rm field = at_address(CPU, (int32_t)(offsetof(struct cpu, reg) + 4 * r));
        if (save)
            emit_store(code, 4, field, host_register[r]);
        else
            emit_load(code, 4, host_register[r], field);
    }
    if (save)
        emit_store(code, 8, FIELD(left), LEFT);
    else
        emit_load(code, 8, LEFT, FIELD(left));
}

static const uint8_t kept[] = {RBX, RBP, R12, R13, R14, R15};

enum { LOAD_MXCSR = 2, STORE_MXCSR = 3 };
#define MXCSR_MASKS 0x1F80u
#define MXCSR_FLAGS 0x3Fu

static void emit_mxcsr(struct code *code, unsigned which, struct rm field)
{
    emit_op(code, 4, 0x0FAE, which, field);
}

static void emit_return(struct code *code)
{
    emit8(code, 0xC3);
}

/* A jump that is taken if the host has none of these units. */
static uint8_t *emit_jump_unless(struct code *code, unsigned units)
{
    emit_test_immediate(code, 1, FIELD(view.units), units);
    return emit_jump_if(code, CC_E);
}

static void emit_call_field(struct code *code, struct rm field)
{
    emit_op(code, 4, 0xFF, 2, field);
}

/* --- The guest's units in the host's --- */
static const uint8_t caller_saved[] = {RAX, RCX, RDX, RSI, RDI, R8, R10, R11, R9}; /* R9 on top */

/* Calls a function with the processor and R9 from amidst a block. All registers are kept, but for R9 if it takes what
 * the function returns. */
static void emit_call_kept(struct code *code, struct rm function, bool returns)
{
    uint8_t *none;

    for (unsigned n = 0; n < sizeof caller_saved; n++) /* with the return address, the stack is aligned */
        emit_push(code, caller_saved[n]);
    none = emit_jump_unless(code, HAS_XMM);
    emit_xmm_store(code);
    aim(none, code->at);
    emit_move_wide(code, RDI, CPU);
    emit_move(code, RSI, R9);
    emit_call_field(code, function);
    if (returns)
        emit_store(code, 8, at_address(RSP, 0), RAX);
    none = emit_jump_unless(code, HAS_XMM);
    emit_xmm_load(code);
    aim(none, code->at);
    for (unsigned n = sizeof caller_saved; n-- > 0;)
        emit_pop(code, caller_saved[n]);
}

static void emit_now_has(struct code *code, uint8_t unit)
{
    emit_alu_immediate(code, ALU_OR, 1, FIELD(view.units), unit);
}

/* Functions that load the units of the guest that the host does not have yet. They take R10. */
static void emit_loaders(struct backend *b, struct code *code)
{
    uint8_t *absent;

    b->units[HAS_XMM] = code->at;
    absent = emit_jump_unless(code, HAS_XMM);
    emit_return(code);
    aim(absent, code->at);
    emit_load(code, 4, SPARE, FIELD(mxcsr));
    emit_alu_immediate(code, ALU_OR, 4, in_register(SPARE), MXCSR_MASKS);
    emit_store(code, 4, FIELD(view.mxcsr), SPARE);
    emit_mxcsr(code, LOAD_MXCSR, FIELD(view.mxcsr));
    emit_xmm_load(code);
    emit_now_has(code, HAS_XMM);
    emit_return(code);

    b->units[HAS_X87 | HAS_XMM] = code->at;
    emit_call_to(code, b->units[HAS_XMM]);
    b->units[HAS_X87] = code->at;
    absent = emit_jump_unless(code, HAS_X87);
    emit_return(code);
    aim(absent, code->at);
    emit_op(code, 4, 0xD9, 7, FIELD(view.x87_default)); /* FNSTCW */
    emit_call_kept(code, FIELD(view.x87_give), false);
    emit_op(code, 4, 0xDD, 4, FIELD(view.x87_image)); /* FRSTOR */
    emit_now_has(code, HAS_X87);
    emit_return(code);
}

/* A function that takes back what the host has, once the guest's general registers are in struct cpu. R8 and R9 are
 * kept. */
static void emit_taker(struct backend *b, struct code *code)
{
    uint8_t *none;

    b->units[0] = code->at;
    none = emit_jump_unless(code, HAS_XMM);
    emit_mxcsr(code, STORE_MXCSR, FIELD(view.mxcsr));
    emit_mxcsr(code, LOAD_MXCSR, FIELD(view.mxcsr_default));
    emit_load(code, 4, SPARE, FIELD(view.mxcsr));
    emit_alu_immediate(code, ALU_AND, 4, in_register(SPARE), MXCSR_FLAGS);
    emit_alu(code, ALU_OR, 4, FIELD(mxcsr), SPARE);
    emit_xmm_store(code);
    aim(none, code->at);
    none = emit_jump_unless(code, HAS_X87);
    emit_op(code, 4, 0xDD, 6, FIELD(view.x87_image)); /* FNSAVE */
    emit_op(code, 4, 0xD9, 5, FIELD(view.x87_default));
    emit_push(code, R8);
    emit_push(code, R9);
    emit_alu_immediate(code, ALU_SUB, 8, in_register(RSP), 8);
    emit_move_wide(code, RDI, CPU);
    emit_call_field(code, FIELD(view.x87_take));
    emit_alu_immediate(code, ALU_ADD, 8, in_register(RSP), 8);
    emit_pop(code, R9);
    emit_pop(code, R8);
    aim(none, code->at);
    emit_store_immediate(code, 1, FIELD(view.units), 0);
    emit_return(code);
}

static void emit_take(const struct backend *b, struct code *code)
{
    uint8_t *none = emit_jump_unless(code, HAS_XMM | HAS_X87);

    emit_call_to(code, b->units[0]);
    aim(none, code->at);
}

/* Calls a function with the processor, R8 and R9, and continues where it says. */
static uint8_t *emit_runner(const struct backend *b, struct code *code, struct rm function, const uint8_t *leave)
{
    uint8_t *start = code->at, *elsewhere, *leave_now;

    emit_guest_registers(code, true);
    emit_alu_immediate(code, ALU_SUB, 8, in_register(RSP), 8); /* the stack is aligned but for the return address */
    emit_take(b, code);
    emit_move_wide(code, RDI, CPU);
    emit_move_wide(code, RSI, R8);
    emit_move(code, RDX, R9);
    emit_call_field(code, function);
    emit_test(code, 8, RAX, RAX);
    elsewhere = emit_jump_if(code, CC_NE);
    emit_guest_registers(code, false);
    emit_alu_immediate(code, ALU_ADD, 8, in_register(RSP), 8);
    emit_return(code);
    aim(elsewhere, code->at);
    emit_alu_immediate(code, ALU_ADD, 8, in_register(RSP), 16);
    emit_alu_immediate(code, ALU_CMP, 8, in_register(RAX), (uint32_t)(uintptr_t)VIEW_LEAVE);
    leave_now = emit_jump_if(code, CC_E);
    emit_move_wide(code, R8, RAX);
    emit_guest_registers(code, false);
    emit_load(code, 8, TABLE, FIELD(view.pages));
    emit_op(code, 4, 0xFF, 4, in_register(R8));
    aim(leave_now, code->at);
    emit_alu(code, ALU_XOR, 4, in_register(R8), R8);
    emit_jump_to(code, leave);
    return start;
}

const size_t backend_scratch_size = sizeof(struct compile);

void backend_init(struct backend *b, struct code *code)
{
    uint8_t *leave;

    b->enter = code->at + code->run;
    for (unsigned n = 0; n < sizeof kept; n++)
        emit_push(code, kept[n]);
    emit_alu_immediate(code, ALU_SUB, 8, in_register(RSP), 8);
    emit_move_wide(code, CPU, RDI);
    emit_move_wide(code, R8, RSI);
    emit_load(code, 8, TABLE, FIELD(view.pages));
    emit_guest_registers(code, false);
    emit_op(code, 4, 0xFF, 4, in_register(R8));

    emit_loaders(b, code);
    emit_taker(b, code);
    b->leave = code->at;
    emit_guest_registers(code, true);
    emit_take(b, code);
    leave = code->at; /* all that is saved already */
    emit_move_wide(code, RAX, R8);
    emit_alu_immediate(code, ALU_ADD, 8, in_register(RSP), 8);
    for (unsigned n = sizeof kept; n-- > 0;)
        emit_pop(code, kept[n]);
    emit_return(code);

    b->other_place = emit_other_place(code, b->leave);
    b->run_record = emit_runner(b, code, FIELD(view.run_record), leave);
    b->run_group = emit_runner(b, code, FIELD(view.run_group), leave);
    b->known_descriptor = emit_known_descriptor(code);
    for (unsigned user = 0; user < 2; user++)
        b->enter_flat[user] = emit_enter_flat(code, user);
    for (unsigned n = 0; n < 6; n++)
        b->repeat[n / 3][n % 3] = emit_repeat(code, n / 3, 1u << n % 3);
    b->flags_ready = code->at;
    emit_call_kept(code, FIELD(view.flags_ready), false);
    emit_return(code);
    b->beside_code = code->at;
    emit_call_kept(code, FIELD(view.write_beside_code), true);
    emit_test(code, 8, R9, R9);
    emit_return(code);
}

/* --- Which instruction by what --- */
enum part { NOT_COMPILED, INTEGER, CONTROL, STRING, SYSTEM, X87, SIMD, PARTS };
static compile_function *(*const compilers[PARTS])(const struct unit *u, const struct insn *i) = {
    NULL, integer_compiler, control_compiler, string_compiler, system_compiler, x87_compiler, simd_compiler};

uint8_t backend_compiles(const struct unit *u, const struct insn *insn, compile_function **by)
{
    compile_function *function = NULL;
    uint8_t part = NOT_COMPILED;

    while (!function && ++part < PARTS)
        function = compilers[part](u, insn);
    if (by)
        *by = function;
    return function ? part : NOT_COMPILED;
}

bool backend_runs_on(const struct unit *u, const struct insn *insn)
{
    return system_runs_on(insn) && backend_compiles(u, insn, NULL);
}

void backend_flag_use(const struct unit *u, unsigned n, struct flag_use *use)
{
    const struct insn *insn = &u->insn[n];

    *use = (struct flag_use){FLAGS_ARITHMETIC, 0, true};
    switch (u->compiled[n]) {
    case INTEGER:
        integer_flag_use(insn, use);
        use->observed |= u->may_miss[n];
        break;
    case CONTROL:
        if (insn->operation == OP_PUSH || insn->operation == OP_POP)
            *use = (struct flag_use){0, 0, u->may_miss[n]};
        else if (insn->operation == OP_JMP && n + 1 < u->count)
            *use = (struct flag_use){0, 0, false};
        break;
    case STRING: *use = string_flag_use(insn); break;
    case SYSTEM: *use = system_flag_use(insn); break;
    case X87: *use = x87_flag_use(u, n); break;
    case SIMD: *use = simd_flag_use(u, n); break;
    default: break;
    }
}

/* --- Stubs --- */
unsigned backend_group_length(const struct unit *u, unsigned n)
{
    unsigned end = n + 1;

    while (end < u->count && !u->compiled[end])
        end++;
    return end - n;
}

/* The records from the one at hand on that are the interpreter's. */
static void compile_group(struct compile *c)
{
    struct record_group *group = c->group++;
    unsigned last = group->first + group->count - 1u;

    settle(c);
    emit_constant_wide(c->code, R8, (uintptr_t)group);
    emit_call_to(c->code, c->backend->run_group);
    flags_recorded(c, 0);
    c->index = last;
    if (c->units && (last + 1 < c->unit->count || c->unit->loops))
        emit_call_to(c->code, c->backend->units[c->units]);
    c->left = opcode_rows[c->unit->insn[last].row].attributes & ROW_ENDS_BLOCK;
}

static void aim_all(const struct stub *stub, const uint8_t *at)
{
    for (unsigned n = 0; n < stub->count; n++)
        aim(stub->site[n], at);
}

static void emit_slow(struct compile *c, struct stub *stub)
{
    struct code *code = c->code;

    aim_all(stub, code->at);
    c->index = stub->index;
    flush_flags(c, &stub->before);
    emit_x87_note(code, &stub->x87);
    emit_constant_wide(code, R8, (uintptr_t)c->block);
    emit_constant(code, R9, c->block->slow_count | (stub->leaves ? RECORD_LEAVES : 0));
    c->slow_index[c->block->slow_count++] = stub->index;
    emit_call_to(code, c->backend->run_record);
    if (stub->leaves)
        return;
    if (stub->flags_after || stub->ready_after)
        emit_call_to(code, c->backend->flags_ready);
    if (c->units)
        emit_call_to(code, c->backend->units[c->units]);
    if (stub->flags_after) {
        emit_load(code, 4, SPARE, FIELD(flags));
        emit_alu_immediate(code, ALU_AND, 4, in_register(SPARE), FLAGS_ARITHMETIC);
        emit_push(code, SPARE);
        emit8(code, 0x9D); /* POPFQ */
    }
    emit_jump_to(code, stub->resume);
}

/* An operand that is not aligned may still lie within its page. */
static void emit_unaligned(struct compile *c, struct stub *stub)
{
    struct code *code = c->code;

    aim_all(stub, code->at);
    emit_move(code, SPARE, stub->address);
    emit_alu_immediate(code, ALU_AND, 4, in_register(SPARE), PAGE_MASK);
    emit_alu_immediate(code, ALU_CMP, 4, in_register(SPARE), PAGE_SIZE - stub->size);
    aim(emit_jump_if(code, CC_BE), stub->resume);
    stub->slow->site[stub->slow->count++] = emit_jump(code);
}

/* A page to which the tables do not lead for writing may hold code elsewhere. */
static void emit_beside_code(struct compile *c, struct stub *stub)
{
    struct code *code = c->code;

    aim_all(stub, code->at);
    emit_move(code, ADDEND, stub->address);
    emit_call_to(code, c->backend->beside_code);
    aim(emit_jump_if(code, CC_NE), stub->resume);
    stub->slow->site[stub->slow->count++] = emit_jump(code);
}

static void emit_ready(struct compile *c, struct stub *stub)
{
    aim_all(stub, c->code->at);
    emit_call_to(c->code, c->backend->flags_ready);
    emit_jump_to(c->code, stub->resume);
}

static void emit_load_units(struct compile *c, struct stub *stub)
{
    aim_all(stub, c->code->at);
    emit_call_to(c->code, c->backend->units[c->units]);
    emit_jump_to(c->code, stub->resume);
}

/* --- Exits --- */

static void emit_side_exit(struct compile *c, struct stub *stub)
{
    unsigned rest = c->unit->count - stub->index - !stub->plain;

    c->index = stub->index;
    if (stub->loops) {
        rest = c->unit->count;
    } else if (stub->plain) {
        stub->eip = c->unit->eip + insn_offset(&c->unit->insn[c->index]);
        stub->eip &= c->unit->bits & CONTEXT_32 ? UINT32_MAX : 0xFFFF;
    } else if (!rest && !c->unit->loops) { /* the jump itself is what is linked */
        emit_exit_tail(c, stub->eip, stub->site[0], false);
        return;
    }
    aim_all(stub, c->code->at);
    if (stub->loops && stub->before.owed == OWED_HOST) /* the ticks were counted since */
        emit_kept_comparison(c);
    else
        flush_flags(c, &stub->before);
    emit_x87_note(c->code, &stub->x87);
    if (rest)
        emit_alu_immediate(c->code, ALU_ADD, 8, in_register(LEFT), rest);
    if (!stub->loops) {
        emit_exit_tail(c, stub->eip, NULL, stub->plain);
        return;
    }
    emit_store_immediate(c->code, 4, FIELD(eip), stub->eip);
    emit_alu(c->code, ALU_XOR, 4, in_register(R8), R8);
    emit_jump_to(c->code, c->backend->leave);
}

/* --- The unit --- */
static void emit_entry(struct compile *c)
{
    uint8_t *few;
    bool swapped;

    emit_alu_immediate(c->code, ALU_SUB, 8, in_register(LEFT), c->unit->count);
    few = emit_jump_if(c->code, CC_S);
    swapped = aside_begin(c);
    aim(few, c->code->at);
    emit_alu_immediate(c->code, ALU_ADD, 8, in_register(LEFT), c->unit->count);
    emit_store_immediate(c->code, 4, FIELD(eip), c->unit->eip);
    emit_alu(c->code, ALU_XOR, 4, in_register(R8), R8);
    emit_jump_to(c->code, c->backend->leave);
    aside_end(c, swapped);
}

/* The host gets what of the guest's units the code needs. */
static void emit_units(struct compile *c)
{
    struct stub *stub;

    for (unsigned n = 0; n < c->unit->count; n++) {
        const struct insn *i = &c->unit->insn[n];
        if (c->unit->compiled[n] == X87)
            c->units |= HAS_X87;
        else if (c->unit->compiled[n] == SIMD)
            c->units |= simd_units(&opcode_rows[i->row]);
    }
    if (!c->units)
        return;
    stub = new_stub(c, STUB_UNITS);
    if (c->units == (HAS_XMM | HAS_X87)) {
        emit_alu_immediate(c->code, ALU_CMP, 1, FIELD(view.units), c->units);
        stub->site[stub->count++] = emit_jump_if(c->code, CC_NE);
    } else {
        stub->site[stub->count++] = emit_jump_unless(c->code, c->units);
    }
    stub->resume = c->code->at;
}

/* Leaves unless the unit's last bytes are in the page that they were in. */
static void emit_second(struct compile *c)
{
    struct code *code = c->code;
    struct rm page;
    uint8_t *same;

    emit_constant(code, VALUE, c->unit->eip);
    page = code_page(code, c->unit->bits, c->block->bytes);
    page.displacement += JUMP_PAGE_SHIFT / 8;
    emit_alu_immediate(code, ALU_CMP, 4, page, c->unit->second / PAGE_SIZE + 1);
    same = emit_jump_if(code, CC_E);
    emit_store(code, 4, FIELD(eip), VALUE);
    emit_alu(code, ALU_XOR, 4, in_register(R8), R8);
    emit_jump_to(code, c->backend->leave);
    aim(same, code->at);
}

/* Whether its code uses R9 for nothing but the place of a memory operand. */
static bool keeps_addend(const struct insn *i, enum part part)
{
    return i->operation <= OP_SAR || i->operation == OP_MOV || i->operation == OP_LEA || i->operation == OP_PUSH ||
           i->operation == OP_POP || (i->operation >= OP_MOVZX8 && i->operation <= OP_MOVSX16) ||
           (i->operation >= OP_JO && i->operation <= OP_JNLE) || part == X87 || part == SIMD;
}

static void emit_insn(struct compile *c, const struct insn *i)
{
    enum part part = c->unit->compiled[c->index];

    c->slow = NULL;
    emit_neighbours(c);
    if (part) {
        c->unit->compiler[c->index](c, i);
        follow_bounds(c, i);
    } else {
        compile_group(c);
        c->bounded = 0;
    }
    if (c->slow || !part || !keeps_addend(i, part))
        c->held = 0;
    if (!live_behind(c))
        c->flags = (struct owed_flags){.owed = OWED_DEAD};
    if (c->slow) {
        c->slow->resume = c->code->at;
        c->slow->flags_after = c->host_flags;
        c->slow->ready_after = c->flags.ready;
    }
}

/* The code of c->unit, from code->at on. */
static void emit_unit(struct compile *c)
{
    const struct unit *u = c->unit;
    struct code *code = c->code;
    uint32_t *places = c->backend->places;

    c->flags = (struct owed_flags){.owed = OWED_NOTHING};
    c->host_flags = 0;
    c->units = 0;
    c->index = 0;
    c->x87 = (struct x87_note){0};
    c->left = c->aside = false;
    c->held = 0;
    c->group = c->block->group;
    c->stub_count = 0;
    c->block->exits = 0;
    c->block->slow_count = 0;
    emit_entry(c);
    emit_units(c);
    c->bounded = 0;
    c->next_near = 0;
    emit_hoisted(c);
    c->loop = code->at;
    c->held = 0;
    if (places)
        memset(places, 0, (UNIT_LIMIT + 1) * sizeof *places);
    for (c->index = 0; c->index < u->count; c->index++) {
        if (places)
            places[c->index] = (uint32_t)(code->at - c->block->link);
        emit_insn(c, &u->insn[c->index]);
    }
    if (places)
        places[u->count] = (uint32_t)(code->at - c->block->link);
    c->index = u->count - 1;
    if (!c->left) {
        const struct insn *last = &u->insn[u->count - 1];
        settle(c);
        emit_exit(c, next_eip(c, last));
    }
}

void backend_compile(struct backend *b, struct code *code, const struct unit *u, struct translated *block)
{
    struct compile *c = b->scratch;
    uint8_t *aside = code->aside;
    bool swapped;

    c->code = code;
    c->backend = b;
    c->unit = u;
    c->block = block;
    block->link = code->at;
    block->entry = code->at + code->run;
    if (u->second != NO_SECOND)
        emit_second(c);
    emit_unit(c);
    b->aside = aside;
    for (unsigned n = 0; n < c->stub_count; n++)
        if (c->stub[n].kind == STUB_EXIT && !c->stub[n].plain && !c->stub[n].loops)
            emit_side_exit(c, &c->stub[n]);
    swapped = aside_begin(c);
    for (unsigned n = 0; n < c->stub_count; n++)
        if (c->stub[n].kind == STUB_UNALIGNED)
            emit_unaligned(c, &c->stub[n]);
        else if (c->stub[n].kind == STUB_BESIDE_CODE)
            emit_beside_code(c, &c->stub[n]);
    for (unsigned n = 0; n < c->stub_count; n++)
        if (c->stub[n].kind == STUB_SLOW)
            emit_slow(c, &c->stub[n]);
        else if (c->stub[n].kind == STUB_READY)
            emit_ready(c, &c->stub[n]);
        else if (c->stub[n].kind == STUB_UNITS)
            emit_load_units(c, &c->stub[n]);
        else if (c->stub[n].plain || c->stub[n].loops)
            emit_side_exit(c, &c->stub[n]);
    aside_end(c, swapped);
    block->slow = (struct slow_record *)(void *)(block->exit + block->exits);
    for (unsigned n = 0; n < block->slow_count; n++)
        block->slow[n] = (struct slow_record){u->insn[c->slow_index[n]], c->slow_index[n]};
}
