/* x64_stubs.c - code that lies after a block: where a fast path ends, and where a block is left. The compilers of
 * instructions ask for it. */
#include "emu/cpu/translate/x64.h"

#include "emu/endian.h"

const uint8_t host_register[9] = {RAX, RCX, RDX, RBX, R12, RBP, RSI, RDI, NO_REGISTER};

bool backend_loosens(const struct insn *i)
{
    const char *operands = opcode_rows[i->row].operands;

    if (i->size != 4 || i->form != FORM_RI ||
        (i->operation != OP_MOV && i->operation != OP_TEST && i->operation > OP_CMP))
        return false;
    while (*operands && *operands != ',')
        operands++;
    return operands[0] && operands[1] == 'I' && operands[2] == 'z';
}

struct stub *new_stub(struct compile *c, enum stub_kind kind)
{
    struct stub *stub = &c->stub[c->stub_count++];

    stub->kind = kind; /* field by field: the sites need no clearing */
    stub->index = (uint8_t)c->index;
    stub->count = 0;
    stub->before = c->flags;
    stub->x87 = c->x87;
    stub->ready_after = stub->leaves = stub->flags_after = stub->plain = stub->loops = false;
    return stub;
}

void slow_from(struct compile *c, uint8_t *site)
{
    if (!c->slow)
        c->slow = new_stub(c, STUB_SLOW);
    c->slow->site[c->slow->count++] = site;
}

void stub_before_slow(struct compile *c, enum stub_kind kind, unsigned size, unsigned address, uint8_t *site)
{
    struct stub *stub;

    if (!c->slow)
        c->slow = new_stub(c, STUB_SLOW);
    stub = new_stub(c, kind);
    stub->slow = c->slow;
    stub->size = (uint8_t)size;
    stub->address = (uint8_t)address;
    stub->site[stub->count++] = site;
    stub->resume = c->code->at;
}

bool aside_begin(struct compile *c)
{
    bool swaps = !c->aside;

    if (swaps)
        code_swap(c->code);
    c->aside = true;
    return swaps;
}

void aside_end(struct compile *c, bool swapped)
{
    if (!swapped)
        return;
    code_swap(c->code);
    c->aside = false;
}

/* Whether code at an EIP lies in the page of the unit: then it is what it was when the block began. */
static bool in_page(const struct unit *u, uint32_t eip)
{
    return (u->physical & PAGE_MASK) + (uint64_t)eip - u->eip < PAGE_SIZE && eip <= u->limit;
}

struct rm code_page(struct code *code, uint32_t bits, uint32_t distance)
{
    emit_lea(code, 4, ADDEND, at_address(VALUE, (int32_t)distance));
    if (bits & CONTEXT_BASE)
        emit_alu_load(code, ALU_ADD, 4, ADDEND, FIELD(seg[SEG_CS].base));
    emit_shift(code, SHIFT_SHR, 4, in_register(ADDEND), 12);
    return at_sum(TABLE, ADDEND, 3, PAGES_CODE * 8);
}

/* Emits the jump; what it returns leads to where the first place has something else. */
static uint8_t *emit_table(struct compile *c, uint32_t bits)
{
    struct code *code = c->code;
    uint8_t *miss;

    emit_op(code, 4, 0x69, SPARE, in_register(VALUE)); /* IMUL */
    emit32(code, JUMP_HASH);
    emit_shift(code, SHIFT_SHR, 4, in_register(SPARE), 31 - JUMP_INDEX_BITS);
    emit_alu_immediate(code, ALU_AND, 4, in_register(SPARE), UINT32_MAX - 1); /* entries are of 16 bytes */
    emit_alu_load(code, ALU_OR, 8, VALUE, code_page(code, bits, 0));
    emit_alu_load(code, ALU_OR, 8, VALUE, FIELD(view.jump_tag));
    emit_load(code, 8, ADDEND, FIELD(view.jumps));
    emit_alu_load(code, ALU_CMP, 8, VALUE, at_sum(ADDEND, SPARE, 3, offsetof(struct jump, key)));
    miss = emit_jump_if(code, CC_NE);
    emit_op(code, 4, 0xFF, 4, at_sum(ADDEND, SPARE, 3, offsetof(struct jump, code)));
    return miss;
}

/* Leaves for the EIP in R8, by an exit. */
static void emit_leave(struct compile *c, const struct block_exit *exit)
{
    struct code *code = c->code;

    emit_store(code, 4, FIELD(eip), VALUE);
    emit_constant_wide(code, R8, (uintptr_t)exit);
    emit_jump_to(code, c->backend->leave);
}

/* The other place, or out by an exit if it is not null. */
static void emit_other(struct compile *c, const struct block_exit *exit)
{
    if (exit)
        emit_constant_wide(c->code, R11, (uintptr_t)exit);
    else
        emit_alu(c->code, ALU_XOR, 4, in_register(R11), R11);
    emit_jump_to(c->code, c->backend->other_place);
}

uint8_t *emit_other_place(struct code *code, const uint8_t *leave)
{
    uint8_t *start = code->at, *miss;

    emit_alu_immediate(code, ALU_XOR, 4, in_register(SPARE), sizeof(struct jump) / 8);
    emit_alu_load(code, ALU_CMP, 8, VALUE, at_sum(ADDEND, SPARE, 3, offsetof(struct jump, key)));
    miss = emit_jump_if(code, CC_NE);
    emit_op(code, 4, 0xFF, 4, at_sum(ADDEND, SPARE, 3, offsetof(struct jump, code)));
    aim(miss, code->at);
    emit_store(code, 4, FIELD(eip), VALUE);
    emit_move_wide(code, R8, R11);
    emit_jump_to(code, leave);
    return start;
}

static void emit_jump_by_table(struct compile *c, uint32_t bits)
{
    uint8_t *miss = emit_table(c, bits);
    bool swapped = aside_begin(c);

    aim(miss, c->code->at);
    emit_other(c, NULL);
    aside_end(c, swapped);
}

void emit_table_jump(struct compile *c)
{
    emit_jump_by_table(c, c->unit->bits);
}

void emit_flat_jump(struct compile *c)
{
    emit_jump_by_table(c, CONTEXTS_FLAT);
}

/* The jump of an exit to another page: taken as long as that leads to the page of the block that is linked. */
static void emit_guarded(struct compile *c, struct block_exit *exit)
{
    struct code *code = c->code;

    emit_op(code, 4, 0x81, ALU_CMP, at_address(TABLE, page_field(exit->eip)));
    exit->page = code->at - 4;
    exit->guard = code->at;
    emit32(code, UINT32_MAX);
    exit->site = emit_jump_if(code, CC_E);
    exit->unlinked = code->at;
    aim(exit->site, exit->unlinked);
    c->block->exits++;
}

/* To another page: by its link, or else by the table. */
static void emit_far_exit(struct compile *c, struct block_exit *exit, uint8_t *site)
{
    struct code *code = c->code;
    bool swapped, linked = !(c->unit->bits & CONTEXT_BASE);
    uint8_t *miss;

    if (site)
        aim(site, code->at);
    if (linked)
        emit_guarded(c, exit);
    miss = emit_jump(code);
    swapped = aside_begin(c);
    aim(miss, code->at);
    emit_constant(code, VALUE, exit->eip);
    miss = emit_table(c, c->unit->bits);
    aim(miss, code->at);
    emit_other(c, linked ? exit : NULL);
    aside_end(c, swapped);
}

void backend_aim(struct block_exit *exit, const struct translated *to)
{
    if (exit->guard)
        store32(exit->guard, to ? to->physical / PAGE_SIZE + 1 : UINT32_MAX);
    aim(exit->site, to ? to->link : exit->unlinked);
    if (!exit->target)
        return;
    store32(exit->target, to ? exit->eip : ~exit->eip); /* without a link the jump asks for one, to there too */
    store32(exit->page, (uint32_t)page_field(exit->eip));
    aim(exit->other, to ? exit->table : exit->unlinked);
}

void emit_cached_jump(struct compile *c)
{
    struct code *code = c->code;
    struct block_exit *exit = &c->block->exit[c->block->exits];
    bool swapped;

    if (c->unit->bits & CONTEXT_BASE) {
        emit_table_jump(c);
        return;
    }
    *exit = (struct block_exit){.from = c->block};
    emit_op(code, 4, 0x81, ALU_CMP, in_register(VALUE));
    exit->target = code->at;
    emit32(code, 0);
    exit->other = emit_jump_if(code, CC_NE);
    emit_guarded(c, exit);
    exit->table = code->at;
    emit_table_jump(c);
    swapped = aside_begin(c);
    exit->unlinked = code->at;
    emit_leave(c, exit);
    aside_end(c, swapped);
    backend_aim(exit, NULL);
}

void emit_exit_tail(struct compile *c, uint32_t eip, uint8_t *site, bool plain)
{
    struct code *code = c->code;
    struct translated *block = c->block;
    struct block_exit *exit = &block->exit[block->exits];
    bool swapped;

    *exit = (struct block_exit){.from = block, .eip = eip, .plain = plain};
    if (!in_page(c->unit, eip)) {
        emit_far_exit(c, exit, site);
        return;
    }
    block->exits++;
    exit->site = site ? site : emit_jump(code);
    swapped = aside_begin(c);
    exit->unlinked = code->at;
    aim(exit->site, exit->unlinked);
    emit_constant(code, VALUE, eip);
    emit_leave(c, exit);
    aside_end(c, swapped);
}

void emit_exit(struct compile *c, uint32_t eip)
{
    emit_exit_tail(c, eip, NULL, false);
    c->left = true;
}

void emit_exit_if(struct compile *c, unsigned condition, uint32_t eip)
{
    struct stub *stub = new_stub(c, STUB_EXIT);

    stub->eip = eip;
    stub->site[stub->count++] = emit_jump_if(c->code, condition);
}
