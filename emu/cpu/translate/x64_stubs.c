/* x64_stubs.c - code that lies after a block: where a fast path ends, and where a block is left. The compilers of
 * instructions ask for it. */
#include "emu/cpu/translate/x64.h"

const uint8_t host_register[9] = {RAX, RCX, RDX, RBX, R12, RBP, RSI, RDI, NO_REGISTER};

struct stub *new_stub(struct compile *c, enum stub_kind kind)
{
    struct stub *stub = &c->stub[c->stub_count++];

    *stub = (struct stub){.kind = kind, .index = (uint8_t)c->index, .before = c->flags, .x87 = c->x87};
    return stub;
}

void slow_from(struct compile *c, uint8_t *site)
{
    if (!c->slow)
        c->slow = new_stub(c, STUB_SLOW);
    c->slow->site[c->slow->count++] = site;
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

void emit_table_jump(struct compile *c, const struct block_exit *exit)
{
    struct code *code = c->code;
    uint8_t *miss;

    emit_alu_load(code, ALU_XOR, 8, VALUE, code_page(code, c->unit->bits, 0));
    emit_load(code, 8, SPARE, FIELD(view.jumps));
    emit_move(code, ADDEND, VALUE);
    emit_alu_immediate(code, ALU_AND, 4, in_register(ADDEND), JUMP_ENTRIES - 1);
    emit_alu_load(code, ALU_OR, 8, VALUE, FIELD(view.jump_tag));
    emit_alu_load(code, ALU_CMP, 8, VALUE, at_sum(SPARE, ADDEND, 3, offsetof(struct jump_table, key)));
    miss = emit_jump_if(code, CC_NE);
    emit_op(code, 4, 0xFF, 4, at_sum(SPARE, ADDEND, 3, offsetof(struct jump_table, code)));
    aim(miss, code->at);
    emit_move_wide(code, SPARE, VALUE); /* the page is taken out of EIP again */
    emit_shift(code, SHIFT_SHR, 8, in_register(SPARE), JUMP_PAGE_SHIFT);
    emit_alu_immediate(code, ALU_AND, 4, in_register(SPARE), (1u << JUMP_PAGE_BITS) - 1);
    emit_alu(code, ALU_XOR, 4, in_register(VALUE), SPARE);
    emit_store(code, 4, FIELD(eip), VALUE);
    if (exit)
        emit_constant_wide(code, R8, (uintptr_t)exit);
    else
        emit_alu(code, ALU_XOR, 4, in_register(R8), R8);
    emit_jump_to(code, c->backend->leave);
}

/* To another page: directly as long as the address leads to the page of the block that is linked; else by the table. */
static void emit_guarded_exit(struct compile *c, struct block_exit *exit, uint8_t *site)
{
    struct code *code = c->code;

    if (site)
        aim(site, code->at);
    if (!(c->unit->bits & CONTEXT_BASE)) {
        emit_op(code, 4, 0x81, ALU_CMP, at_address(TABLE, (int32_t)((PAGES_CODE + exit->eip / PAGE_SIZE) * 8)));
        exit->guard = code->at;
        emit32(code, UINT32_MAX);
        exit->site = emit_jump_if(code, CC_E);
        exit->unlinked = code->at;
        c->block->exits++;
    }
    emit_constant(code, VALUE, exit->eip);
    emit_table_jump(c, exit->guard ? exit : NULL);
}

void emit_exit_tail(struct compile *c, uint32_t eip, uint8_t *site, bool plain)
{
    struct code *code = c->code;
    struct translated *block = c->block;
    struct block_exit *exit = &block->exit[block->exits];

    *exit = (struct block_exit){.from = block, .eip = eip, .plain = plain};
    if (!in_page(c->unit, eip)) {
        emit_guarded_exit(c, exit, site);
        return;
    }
    block->exits++;
    exit->site = site ? site : emit_jump(code);
    exit->unlinked = code->at;
    aim(exit->site, exit->unlinked);
    emit_store_immediate(code, 4, FIELD(eip), eip);
    emit_constant_wide(code, R8, (uintptr_t)exit);
    emit_jump_to(code, c->backend->leave);
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
