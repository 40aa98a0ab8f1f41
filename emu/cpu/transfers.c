/* transfers.c - far jumps, calls and returns, IRET (Intel SDM vol. 2 under those names; vol. 3 sections 5.8 and 20.2).
 *
 * Everything is read and checked first, in the manual's order; only then anything changes, and EIP last of all: until
 * then it is that of the block, from which a fault takes the EIP of its instruction. */
#include "emu/cpu/transfers.h"

#include "emu/cpu/segments.h"
#include "emu/cpu/tasks.h"

/* --- Jumps and calls --- A call is a jump that pushes CS and EIP in words of `width` bytes; 0: a jump. */

/* In real and virtual-8086 mode the limit of CS never changes. */
static unsigned transfer_real(struct cpu *cpu, uint16_t selector, uint32_t offset, unsigned width, uint32_t next)
{
    struct pushes p;

    pushes_begin(cpu, &p, width);
    if (width) {
        pushes_add(cpu, &p, cpu->seg[SEG_CS].selector);
        pushes_add(cpu, &p, next);
    }
    if (p.status)
        return ACCESS_FAULT;
    if (offset > cpu->seg[SEG_CS].limit)
        return fault(cpu, EXC_GP, 0);
    pushes_commit(cpu, &p);
    segment_set_real(cpu, SEG_CS, selector);
    cpu->eip = offset;
    return ACCESS_DONE;
}

/* To a code segment that has been checked, at the same privilege. */
static unsigned transfer_same(struct cpu *cpu, uint16_t selector, const struct descriptor *code, uint32_t offset,
                              unsigned width, uint32_t next)
{
    struct pushes p;

    pushes_begin(cpu, &p, width);
    if (width) {
        pushes_add(cpu, &p, cpu->seg[SEG_CS].selector);
        pushes_add(cpu, &p, next);
    }
    if (p.status)
        return ACCESS_FAULT;
    if (offset > descriptor_limit(code))
        return fault(cpu, EXC_GP, 0);
    if (descriptor_probe_accessed(cpu, code))
        return ACCESS_FAULT;
    pushes_commit(cpu, &p);
    code_segment_enter(cpu, selector, code, cpu->cpl);
    cpu->eip = offset;
    return ACCESS_DONE;
}

/* Through a call gate to a more privileged level: the stack of the TSS, and parameters copied to it. */
static unsigned call_inner(struct cpu *cpu, const struct insn *insn, const struct descriptor *gate,
                           const struct descriptor *code, uint32_t next)
{
    unsigned width = descriptor_type(gate) & TYPE_WIDE ? 4 : 2, cpl = descriptor_dpl(code),
             parameters = gate->high & 31;
    uint16_t selector = (uint16_t)(gate->low >> 16);
    struct descriptor stack;
    struct pushes p;

    if (pushes_begin_inner(cpu, &p, width, cpl, &stack))
        return ACCESS_FAULT;
    pushes_add(cpu, &p, cpu->seg[SEG_SS].selector);
    pushes_add(cpu, &p, cpu->reg[ESP]);
    for (unsigned n = parameters; n-- > 0 && !p.status;) {
        uint32_t value;
        if (stack_peek(cpu, insn, n * width, width, &value))
            return ACCESS_FAULT;
        pushes_add(cpu, &p, value);
    }
    pushes_add(cpu, &p, cpu->seg[SEG_CS].selector);
    pushes_add(cpu, &p, next);
    if (p.status)
        return ACCESS_FAULT;
    if (gate_offset(gate) > descriptor_limit(code))
        return fault(cpu, EXC_GP, 0);
    if (descriptor_probe_accessed(cpu, code))
        return ACCESS_FAULT;
    pushes_commit(cpu, &p);
    descriptor_set_accessed(cpu, &stack);
    code_segment_enter(cpu, selector, code, cpl);
    cpu->eip = gate_offset(gate);
    return ACCESS_DONE;
}

static unsigned transfer_call_gate(struct cpu *cpu, const struct insn *insn, const struct descriptor *gate, bool call,
                                   uint32_t next)
{
    uint16_t selector = (uint16_t)(gate->low >> 16);
    unsigned width = descriptor_type(gate) & TYPE_WIDE ? 4 : 2;
    struct descriptor code;
    bool inner;

    if (!(selector & SELECTOR_INDEX))
        return fault(cpu, EXC_GP, 0);
    if (descriptor_read(cpu, selector, EXC_GP, &code))
        return ACCESS_FAULT;
    inner = call && !descriptor_conforming(&code) && descriptor_dpl(&code) < cpu->cpl;
    if (code_segment_check(cpu, selector, &code, 0, inner ? descriptor_dpl(&code) : cpu->cpl))
        return ACCESS_FAULT;
    if (inner)
        return call_inner(cpu, insn, gate, &code, next);
    return transfer_same(cpu, selector, &code, gate_offset(gate), call ? width : 0, next);
}

static unsigned transfer_protected(struct cpu *cpu, const struct insn *insn, uint16_t selector, uint32_t offset,
                                   bool call, uint32_t next)
{
    enum task_reason reason = call ? TASK_CALL : TASK_JUMP;
    struct descriptor d;

    if (!(selector & SELECTOR_INDEX))
        return fault(cpu, EXC_GP, 0);
    if (descriptor_read(cpu, selector, EXC_GP, &d))
        return ACCESS_FAULT;
    if (descriptor_type(&d) & RIGHTS_S) {
        if (code_segment_check(cpu, selector, &d, selector & SELECTOR_RPL, cpu->cpl))
            return ACCESS_FAULT;
        return transfer_same(cpu, selector, &d, offset, call ? insn->size : 0, next);
    }
    if (descriptor_dpl(&d) < cpu->cpl || descriptor_dpl(&d) < (selector & SELECTOR_RPL))
        return fault(cpu, EXC_GP, selector & SELECTOR_INDEX);
    switch (descriptor_type(&d)) {
    case TYPE_TSS_16:
    case TYPE_TSS_32: return task_switch(cpu, selector, reason, false, 0, next);
    case TYPE_TASK_GATE:
    case TYPE_CALL_16:
    case TYPE_CALL_32:
        if (!descriptor_present(&d))
            return fault(cpu, EXC_NP, selector & SELECTOR_INDEX);
        if (descriptor_type(&d) == TYPE_TASK_GATE)
            return task_switch(cpu, (uint16_t)(d.low >> 16), reason, false, 0, next);
        return transfer_call_gate(cpu, insn, &d, call, next);
    default: return fault(cpu, EXC_GP, selector & SELECTOR_INDEX);
    }
}

unsigned far_jump(struct cpu *cpu, const struct insn *insn, uint16_t selector, uint32_t offset)
{
    uint32_t next = insn_next_eip(cpu, insn);

    if (!protected_mode(cpu))
        return transfer_real(cpu, selector, offset, 0, next);
    return transfer_protected(cpu, insn, selector, offset, false, next);
}

unsigned far_call(struct cpu *cpu, const struct insn *insn, uint16_t selector, uint32_t offset, uint32_t next)
{
    if (!protected_mode(cpu))
        return transfer_real(cpu, selector, offset, insn->size, next);
    return transfer_protected(cpu, insn, selector, offset, true, next);
}

/* --- Returns --- */

/* What a return takes off the stack: CS:EIP, the flags for IRET (mask 0 for RETF), and how many bytes that was. */
struct frame {
    uint32_t eip, selector, flags, mask, bytes, release;
};

/* Data that the outer level may not see is taken away from it. */
static void drop_inner_segments(struct cpu *cpu)
{
    static const uint8_t data[] = {SEG_ES, SEG_DS, SEG_FS, SEG_GS};

    for (unsigned n = 0; n < sizeof data; n++) {
        struct segment *s = &cpu->seg[data[n]];
        bool conforming = (s->rights & (RIGHTS_CODE | RIGHTS_CONFORMING)) == (RIGHTS_CODE | RIGHTS_CONFORMING);
        if (!conforming && (s->rights >> 5 & 3) < cpu->cpl)
            segment_set_null(s, 0);
    }
}

static unsigned return_same(struct cpu *cpu, const struct frame *f, const struct descriptor *code)
{
    if (f->eip > descriptor_limit(code))
        return fault(cpu, EXC_GP, 0);
    if (descriptor_probe_accessed(cpu, code))
        return ACCESS_FAULT;
    stack_pointer_set(cpu, cpu->reg[ESP] + f->bytes + f->release);
    code_segment_enter(cpu, (uint16_t)f->selector, code, cpu->cpl);
    if (f->mask)
        flags_load(cpu, f->flags, f->mask);
    cpu->eip = f->eip;
    return ACCESS_DONE;
}

static unsigned return_outer(struct cpu *cpu, const struct insn *insn, const struct frame *f,
                             const struct descriptor *code)
{
    uint32_t at = f->bytes + f->release, selector, esp;
    unsigned cpl = f->selector & SELECTOR_RPL;
    struct descriptor stack;

    if (stack_peek(cpu, insn, at + insn->size, insn->size, &selector) || stack_peek(cpu, insn, at, insn->size, &esp))
        return ACCESS_FAULT;
    if (stack_segment_check(cpu, (uint16_t)selector, cpl, EXC_GP, &stack))
        return ACCESS_FAULT;
    if (f->eip > descriptor_limit(code))
        return fault(cpu, EXC_GP, 0);
    if (descriptor_probe_accessed(cpu, code))
        return ACCESS_FAULT;
    descriptor_set_accessed(cpu, &stack);
    segment_set(&cpu->seg[SEG_SS], (uint16_t)selector, &stack);
    stack_pointer_set(cpu, esp + f->release);
    code_segment_enter(cpu, (uint16_t)f->selector, code, cpl);
    if (f->mask)
        flags_load(cpu, f->flags, f->mask);
    drop_inner_segments(cpu);
    cpu->eip = f->eip;
    return ACCESS_DONE;
}

static unsigned return_protected(struct cpu *cpu, const struct insn *insn, const struct frame *f)
{
    uint16_t selector = (uint16_t)f->selector;
    unsigned rpl = selector & SELECTOR_RPL;
    struct descriptor code;

    if (!(selector & SELECTOR_INDEX))
        return fault(cpu, EXC_GP, 0);
    if (descriptor_read(cpu, selector, EXC_GP, &code))
        return ACCESS_FAULT;
    if (rpl < cpu->cpl)
        return fault(cpu, EXC_GP, selector & SELECTOR_INDEX);
    if (code_segment_check(cpu, selector, &code, 0, rpl))
        return ACCESS_FAULT;
    return rpl == cpu->cpl ? return_same(cpu, f, &code) : return_outer(cpu, insn, f, &code);
}

static unsigned return_real(struct cpu *cpu, const struct frame *f)
{
    if (f->eip > cpu->seg[SEG_CS].limit)
        return fault(cpu, EXC_GP, 0);
    stack_pointer_set(cpu, cpu->reg[ESP] + f->bytes + f->release);
    segment_set_real(cpu, SEG_CS, (uint16_t)f->selector);
    if (f->mask)
        flags_load(cpu, f->flags, f->mask);
    cpu->eip = f->eip;
    return ACCESS_DONE;
}

unsigned far_return(struct cpu *cpu, const struct insn *insn, uint32_t release)
{
    struct frame f = {.bytes = 2u * insn->size, .release = release};

    if (stack_peek(cpu, insn, insn->size, insn->size, &f.selector) || stack_peek(cpu, insn, 0, insn->size, &f.eip))
        return ACCESS_FAULT;
    return protected_mode(cpu) ? return_protected(cpu, insn, &f) : return_real(cpu, &f);
}

/* IRET to virtual-8086 mode. EIP beyond 64 KiB does not fault, whatever the manual says: its upper half is dropped. */
static unsigned return_to_v86(struct cpu *cpu, const struct insn *insn, const struct frame *f)
{
    static const uint8_t order[] = {SEG_SS, SEG_ES, SEG_DS, SEG_FS, SEG_GS};
    uint32_t esp, selector[sizeof order];

    if (stack_peek(cpu, insn, 12, 4, &esp))
        return ACCESS_FAULT;
    for (unsigned n = 0; n < sizeof order; n++)
        if (stack_peek(cpu, insn, 16 + 4 * n, 4, &selector[n]))
            return ACCESS_FAULT;
    flags_load(cpu, f->flags, UINT32_MAX);
    segment_set_real(cpu, SEG_CS, (uint16_t)f->selector);
    for (unsigned n = 0; n < sizeof order; n++)
        segment_set_real(cpu, order[n], (uint16_t)selector[n]);
    cpu->reg[ESP] = esp;
    cpu->eip = f->eip & 0xFFFF;
    return ACCESS_DONE;
}

unsigned interrupt_return(struct cpu *cpu, const struct insn *insn, uint32_t next)
{
    unsigned width = insn->size;
    struct frame f = {.bytes = 3 * width};
    uint32_t link;

    cpu->nmi_blocked = false; /* even if this IRET faults: SDM vol. 3 section 6.7.1 */
    if (protected_mode(cpu) && cpu->flags & FLAG_NT) {
        if (system_read(cpu, cpu->tr.base, 2, &link))
            return ACCESS_FAULT;
        return task_switch(cpu, (uint16_t)link, TASK_RETURN, false, 0, next);
    }
    if (flags_check_v86(cpu, width))
        return ACCESS_FAULT;
    if (stack_peek(cpu, insn, 2 * width, width, &f.flags) || stack_peek(cpu, insn, width, width, &f.selector) ||
        stack_peek(cpu, insn, 0, width, &f.eip))
        return ACCESS_FAULT;
    if (protected_mode(cpu) && cpu->cpl == 0 && width == 4 && f.flags & FLAG_VM)
        return return_to_v86(cpu, insn, &f);
    if (flags_popped(cpu, width, &f.flags, &f.mask))
        return ACCESS_FAULT;
    if (width == 4)
        f.mask |= FLAG_RF | (protected_mode(cpu) && cpu->cpl == 0 ? FLAG_VIF | FLAG_VIP : 0);
    return protected_mode(cpu) ? return_protected(cpu, insn, &f) : return_real(cpu, &f);
}
