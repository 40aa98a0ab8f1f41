/* emit.c - the general shape of an x86-64 instruction (emit.h). Each byte that it may have is written, and counts if it
 * has it: which ones it has no jump of the host could guess. */
#include "emu/cpu/translate/emit.h"

#define ROOM 16 /* prefixes, REX, opcode, ModRM, SIB, displacement, and what does not count */

static unsigned upper_bit(unsigned r) /* of a register's number; NO_REGISTER has none */
{
    return r >> 3 & 1;
}

/* ModRM, SIB and displacement of an operand in memory. Returns where they end. */
static uint8_t *put_memory(uint8_t *at, unsigned field, struct rm rm)
{
    bool based = rm.base != NO_REGISTER, indexed = rm.index != NO_REGISTER, none, sib;
    unsigned base = based ? rm.base & 7u : RBP, index = indexed ? rm.index & 7u : RSP, mod;

    none = !rm.displacement & (base != RBP);
    mod = (!based | none) ? 0 : fits8(rm.displacement) ? 1 : 2;
    sib = !based | indexed | (base == RSP);
    at[0] = (uint8_t)(mod << 6 | field | (sib ? RSP : base));
    at[1] = (uint8_t)(rm.scale << 6 | index << 3 | base);
    at += 1 + sib;
    store32(at, (uint32_t)rm.displacement);
    return at + (based ? mod + (mod & 2) : 4); /* 0, 1 or 4 bytes */
}

void emit_op(struct code *c, unsigned size, unsigned opcode, unsigned reg, struct rm rm)
{
    unsigned rex = (unsigned)(size == 8) << 3 | upper_bit(reg) << 2 | upper_bit(rm.index) << 1 | upper_bit(rm.base);
    unsigned field = (reg & 7) << 3;
    uint8_t *at = c->at;

    if (c->end - at < ROOM)
        return;
    *at = 0x66;
    at += size == 2;
    *at = (uint8_t)(opcode >> 16);
    at += opcode >> 16 != 0;
    *at = (uint8_t)(0x40 | rex);
    at += rex != 0;
    *at = 0x0F;
    at += (opcode >> 8 & 0xFF) != 0;
    *at++ = (uint8_t)opcode;
    if (rm.memory)
        at = put_memory(at, field, rm);
    else
        *at++ = (uint8_t)(0xC0 | field | (rm.base & 7));
    c->at = at;
}
