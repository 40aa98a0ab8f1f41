/* x64_stubs.c - code that lies after a block: where a fast path ends, and where a block is left. The compilers of
 * instructions ask for it. */
#include "emu/cpu/translate/x64.h"

const uint8_t host_register[9] = {RAX, RCX, RDX, RBX, R12, RBP, RSI, RDI, NO_REGISTER};

struct stub *new_stub(struct compile *c, enum stub_kind kind)
{
    struct stub *stub = &c->stub[c->stub_count++];

    *stub = (struct stub){.kind = kind,
                          .index = (uint8_t)c->index,
                          .before = c->flags,
                          .xmm_dirty = c->xmm_dirty,
                          .xmm_loaded = c->xmm_loaded,
                          .x87 = c->x87};
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
