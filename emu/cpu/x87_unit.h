/* x87_unit.h - what the files of the floating-point unit share: the stack, exceptions, memory operands, and how an
 * instruction begins and ends.
 *
 * An instruction asks whether it must stop (WAIT), notes itself as the last one, looks for stack faults, computes with
 * the flags of the environment set aside, and commits only if no unmasked exception forbids it (Intel SDM vol. 1,
 * sections 8.1.8, 8.5 and 8.6). */
#ifndef MUNIMENT_EMU_X87_UNIT_H
#define MUNIMENT_EMU_X87_UNIT_H

#include "emu/cpu/interpret.h"
#include "emu/cpu/softfloat_core.h"
#include "emu/cpu/x87_control.h"

#define X87_WAIT(cpu, i) \
    do { \
        if (UNLIKELY((cpu)->cr0 & (CR0_EM | CR0_TS) || (cpu)->x87.error)) \
            return x87_refuse(cpu, i); \
    } while (0)

/* Exceptions that are found before anything is computed: an unmasked one leaves operands as they were. */
enum { X87_EARLY = FLOAT_INVALID | FLOAT_DENORMAL | FLOAT_ZERO_DIVIDE };

/* --- The stack --- */
BODY unsigned x87_position(const struct x87 *u, unsigned n)
{
    return (u->top + n) & 7;
}

BODY bool x87_holds(const struct x87 *u, unsigned n)
{
    return u->used >> x87_position(u, n) & 1;
}

BODY struct float80 *x87_st(struct x87 *u, unsigned n)
{
    return &u->reg[x87_position(u, n)];
}

BODY void x87_set(struct x87 *u, unsigned n, struct float80 value)
{
    unsigned at = x87_position(u, n);

    u->reg[at] = value;
    u->used |= (uint8_t)(1u << at);
}

BODY void x87_pop(struct x87 *u)
{
    u->used &= (uint8_t) ~(1u << u->top);
    u->top = (u->top + 1) & 7;
}

BODY void x87_push(struct x87 *u, struct float80 value)
{
    u->top = (u->top - 1) & 7;
    x87_set(u, 0, value);
}

/* --- The last instruction --- */
BODY void x87_note(struct cpu *cpu, const struct insn *i)
{
    cpu->x87.ip = insn_eip(cpu, i);
    cpu->x87.cs = cpu->seg[SEG_CS].selector;
    cpu->x87.opcode = (uint16_t)i->immediate;
}

BODY void x87_note_memory(struct cpu *cpu, const struct insn *i, uint32_t offset)
{
    x87_note(cpu, i);
    cpu->x87.dp = offset;
    cpu->x87.ds = cpu->seg[i->segment].selector;
}

/* --- Exceptions --- Between begin and end the environment holds only what this instruction raises. */
BODY uint8_t x87_begin(struct x87 *u)
{
    uint8_t before = u->env.flags;

    u->env.flags = 0;
    u->env.rounded_up = false;
    return before;
}

/* Adds the flags from before to an instruction that raised an unmasked exception. Whether it may store its result. */
bool x87_unmasked(struct cpu *cpu, uint8_t before);

BODY bool x87_end(struct cpu *cpu, uint8_t before)
{
    struct x87 *u = &cpu->x87;

    if (UNLIKELY(u->env.flags & ~u->env.masks))
        return x87_unmasked(cpu, before);
    u->env.flags |= before;
    return true;
}

/* Stack overflow or underflow. Whether it is masked: then indefinite takes the place of what is missing. */
bool x87_stack_fault(struct cpu *cpu, bool overflow);

/* Pushes a value that raises nothing itself. */
BODY void x87_load(struct cpu *cpu, struct float80 value)
{
    struct x87 *u = &cpu->x87;

    u->env.rounded_up = false;
    if (LIKELY(!x87_holds(u, 7)))
        x87_push(u, value);
    else if (x87_stack_fault(cpu, true))
        x87_push(u, F80_INDEFINITE);
}

/* --- Memory operands --- Nonzero: ACCESS_FAULT, or with it clear, ACCESS_LEAVE. */
BODY unsigned x87_read(struct cpu *cpu, const struct insn *i, uint32_t offset, unsigned size, uint64_t *value)
{
    const struct segment *s = &cpu->seg[i->segment];
    const uint8_t *p = readable(cpu, i->segment, offset, size);

    if (p) {
        *value = size == 8 ? load64(p) : load_bytes(p, size);
        return ACCESS_DONE;
    }
    if ((uint64_t)offset + size > s->read_end && segment_check(cpu, i, i->segment, offset, size, false))
        return ACCESS_FAULT;
    return mmu_read(cpu, i, s->base + offset, size, cpu->user, value);
}

BODY unsigned x87_write(struct cpu *cpu, const struct insn *i, uint32_t offset, unsigned size, uint64_t value)
{
    const struct segment *s = &cpu->seg[i->segment];
    uint8_t *p = writable(cpu, i->segment, offset, size);

    if (p) {
        if (size == 8)
            store64(p, value);
        else
            store_bytes(p, size, (uint32_t)value);
        return ACCESS_DONE;
    }
    if ((uint64_t)offset + size > s->write_end && segment_check(cpu, i, i->segment, offset, size, true))
        return ACCESS_FAULT;
    return mmu_write(cpu, i, s->base + offset, size, cpu->user, value);
}

/* A whole structure, in pieces of `step` bytes, which is also the alignment that #AC asks for. Nothing is written
 * unless all of it can be. */
unsigned x87_read_block(struct cpu *cpu, const struct insn *i, uint32_t offset, uint8_t *bytes, unsigned size,
                        unsigned step);
unsigned x87_write_block(struct cpu *cpu, const struct insn *i, uint32_t offset, const uint8_t *bytes, unsigned size,
                         unsigned step);

BODY struct float80 load80(const uint8_t *p)
{
    return (struct float80){load64(p), load16(p + 8)};
}

BODY void store80(uint8_t *p, struct float80 value)
{
    store64(p, value.significand);
    store16(p + 8, value.high);
}

/* --- x87_numbers.c --- */
insn_handler x87_fbld, x87_fbstp, x87_constant, x87_fscale, x87_fxtract, x87_fprem;
/* --- x87_transcendental.c --- */
insn_handler x87_f2xm1, x87_fyl2x, x87_fpatan, x87_fptan, x87_fsin, x87_fsincos;
/* --- x87_control.c --- */
insn_handler x87_wait, x87_fninit, x87_fnclex, x87_fldcw, x87_fnstcw, x87_fnstsw, x87_fldenv, x87_fnstenv, x87_frstor,
    x87_fnsave, x87_fxsave, x87_fxrstor, x87_nothing;

#endif
