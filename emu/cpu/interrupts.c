/* interrupts.c - delivery of interrupts and exceptions (Intel SDM vol. 3, chapter 6; virtual-8086 mode: section 20.3).
 *
 * As everywhere, all is checked before anything changes: a delivery that fails leaves the machine as it was, and
 * fault_* say which exception takes its place. */
#include "emu/cpu/interrupts.h"

#include "emu/cpu/flags.h"
#include "emu/cpu/segments.h"
#include "emu/cpu/tasks.h"

/* What is being delivered. */
struct event {
    unsigned vector;
    enum interrupt_source source;
    bool has_error;
    uint32_t error;
    uint32_t flags; /* the image to save */
    uint32_t next;  /* the EIP to save */
};

/* By a table of far pointers, as on an 8086: real mode, and what VME redirects. `clear` are the flags that the handler
 * starts without. */
static unsigned deliver_8086(struct cpu *cpu, const struct event *e, uint32_t table, uint32_t clear)
{
    uint32_t ip, cs;
    struct pushes p;

    if (system_read(cpu, table + 4 * e->vector, 2, &ip) || system_read(cpu, table + 4 * e->vector + 2, 2, &cs))
        return ACCESS_FAULT;
    pushes_begin(cpu, &p, 2);
    pushes_add(cpu, &p, e->flags);
    pushes_add(cpu, &p, cpu->seg[SEG_CS].selector);
    pushes_add(cpu, &p, e->next);
    if (p.status)
        return ACCESS_FAULT;
    if (ip > cpu->seg[SEG_CS].limit)
        return fault(cpu, EXC_GP, 0);
    pushes_commit(cpu, &p);
    flags_load(cpu, 0, clear);
    segment_set_real(cpu, SEG_CS, (uint16_t)cs);
    cpu->eip = ip;
    return ACCESS_DONE;
}

static unsigned deliver_real(struct cpu *cpu, const struct event *e)
{
    if (4 * e->vector + 3 > cpu->idtr.limit)
        return fault(cpu, EXC_GP, 0);
    return deliver_8086(cpu, e, cpu->idtr.base, FLAG_IF | FLAG_TF | FLAG_AC | FLAG_RF);
}

static void push_v86_segments(struct cpu *cpu, struct pushes *p)
{
    pushes_add(cpu, p, cpu->seg[SEG_GS].selector);
    pushes_add(cpu, p, cpu->seg[SEG_FS].selector);
    pushes_add(cpu, p, cpu->seg[SEG_DS].selector);
    pushes_add(cpu, p, cpu->seg[SEG_ES].selector);
}

static void null_v86_segments(struct cpu *cpu)
{
    segment_set_null(&cpu->seg[SEG_GS], 0);
    segment_set_null(&cpu->seg[SEG_FS], 0);
    segment_set_null(&cpu->seg[SEG_DS], 0);
    segment_set_null(&cpu->seg[SEG_ES], 0);
}

/* Through an interrupt or trap gate to a code segment that has been checked; inner: its level is more privileged, and
 * has its own stack. */
static unsigned deliver_to_code(struct cpu *cpu, const struct event *e, const struct descriptor *gate,
                                const struct descriptor *code, bool inner)
{
    unsigned width = descriptor_type(gate) & TYPE_WIDE ? 4 : 2, cpl = inner ? descriptor_dpl(code) : cpu->cpl;
    bool v86 = cpu->flags & FLAG_VM;
    struct descriptor stack;
    struct pushes p;

    if (inner) {
        if (pushes_begin_inner(cpu, &p, width, cpl, &stack))
            return ACCESS_FAULT;
        if (v86)
            push_v86_segments(cpu, &p);
        pushes_add(cpu, &p, cpu->seg[SEG_SS].selector);
        pushes_add(cpu, &p, cpu->reg[ESP]);
    } else {
        pushes_begin(cpu, &p, width);
    }
    pushes_add(cpu, &p, e->flags);
    pushes_add(cpu, &p, cpu->seg[SEG_CS].selector);
    pushes_add(cpu, &p, e->next);
    if (e->has_error)
        pushes_add(cpu, &p, e->error);
    if (p.status)
        return ACCESS_FAULT;
    if (gate_offset(gate) > descriptor_limit(code))
        return fault(cpu, EXC_GP, 0);
    if (descriptor_probe_accessed(cpu, code))
        return ACCESS_FAULT;
    pushes_commit(cpu, &p);
    if (inner)
        descriptor_set_accessed(cpu, &stack);
    flags_load(cpu, 0, FLAG_TF | FLAG_NT | FLAG_VM | FLAG_RF | (descriptor_type(gate) & 1 ? 0 : FLAG_IF));
    code_segment_enter(cpu, (uint16_t)(gate->low >> 16), code, cpl);
    if (v86)
        null_v86_segments(cpu);
    cpu->eip = gate_offset(gate);
    return ACCESS_DONE;
}

static unsigned deliver_gate(struct cpu *cpu, const struct event *e, const struct descriptor *gate)
{
    uint16_t selector = (uint16_t)(gate->low >> 16);
    struct descriptor code;
    bool inner;

    if (!(selector & SELECTOR_INDEX))
        return fault(cpu, EXC_GP, 0);
    if (descriptor_read(cpu, selector, EXC_GP, &code))
        return ACCESS_FAULT;
    if (!descriptor_is_code(&code) || descriptor_dpl(&code) > cpu->cpl)
        return fault(cpu, EXC_GP, selector & SELECTOR_INDEX);
    if (!descriptor_present(&code))
        return fault(cpu, EXC_NP, selector & SELECTOR_INDEX);
    inner = !descriptor_conforming(&code) && descriptor_dpl(&code) < cpu->cpl;
    if (cpu->flags & FLAG_VM && (!inner || descriptor_dpl(&code) != 0))
        return fault(cpu, EXC_GP, selector & SELECTOR_INDEX);
    return deliver_to_code(cpu, e, gate, &code, inner);
}

static unsigned deliver_protected(struct cpu *cpu, const struct event *e)
{
    uint32_t error = 8 * e->vector + 2; /* an error code of the IDT */
    struct descriptor gate = {.linear = cpu->idtr.base + 8 * e->vector};
    unsigned type;

    if (8 * e->vector + 7 > cpu->idtr.limit)
        return fault(cpu, EXC_GP, error);
    if (descriptor_fetch(cpu, &gate))
        return ACCESS_FAULT;
    type = descriptor_type(&gate);
    if (type != TYPE_TASK_GATE && (type & ~TYPE_WIDE) != TYPE_INTERRUPT_16 && (type & ~TYPE_WIDE) != TYPE_TRAP_16)
        return fault(cpu, EXC_GP, error);
    if (e->source == SOURCE_SOFTWARE && descriptor_dpl(&gate) < cpu->cpl)
        return fault(cpu, EXC_GP, error);
    if (!descriptor_present(&gate))
        return fault(cpu, EXC_NP, error);
    if (type == TYPE_TASK_GATE)
        return task_switch(cpu, (uint16_t)(gate.low >> 16), TASK_INTERRUPT, e->has_error, e->error, e->next);
    return deliver_gate(cpu, e, &gate);
}

unsigned interrupt_deliver(struct cpu *cpu, unsigned vector, enum interrupt_source source, bool has_error,
                           uint32_t error, uint32_t next)
{
    struct event e = {vector, source, has_error, error, flags_read(cpu), next};
    unsigned status;

    if (cpu->observer)
        cpu->observer->delivered(cpu->observer->context, vector);
    if (source == SOURCE_SOFTWARE || source == SOURCE_ICEBP) {
        e.flags &= ~(uint32_t)FLAG_RF;
    } else {
        cpu->pending_debug = 0; /* traps of the interrupted instruction are lost; they return with it */
        cpu->attention &= ~(uint32_t)ATTENTION_TRAP;
    }
    status = cpu->cr0 & CR0_PE ? deliver_protected(cpu, &e) : deliver_real(cpu, &e);
    if (status & ACCESS_FAULT) {
        /* EXT: the program did not ask for this. */
        if (source != SOURCE_SOFTWARE && cpu->fault_vector >= EXC_TS && cpu->fault_vector <= EXC_GP)
            cpu->fault_error |= 1;
        return status;
    }
    cpu->attention &= ~(uint32_t)(ATTENTION_SHADOW | ATTENTION_SHADOW_SS | ATTENTION_HALTED);
    return ACCESS_DONE;
}

/* Whether the redirection bitmap below the I/O map sends a vector through the table at address 0. */
static unsigned redirected(struct cpu *cpu, unsigned vector, bool *redirect)
{
    uint32_t map, bits;

    *redirect = false;
    if (!(cpu->cr4 & CR4_VME))
        return ACCESS_DONE;
    if (cpu->tr.limit < 103)
        return fault(cpu, EXC_GP, 0);
    if (system_read(cpu, cpu->tr.base + 102, 2, &map))
        return ACCESS_FAULT;
    map += vector / 8 - 32;
    if (map > cpu->tr.limit)
        return fault(cpu, EXC_GP, 0);
    if (system_read(cpu, cpu->tr.base + map, 1, &bits))
        return ACCESS_FAULT;
    *redirect = !(bits >> vector % 8 & 1);
    return ACCESS_DONE;
}

unsigned interrupt_from_v86(struct cpu *cpu, unsigned vector, uint32_t next)
{
    struct event e = {.vector = vector, .flags = flags_read(cpu), .next = next};
    bool redirect, trusted = iopl(cpu) == 3;

    if (redirected(cpu, vector, &redirect))
        return ACCESS_FAULT;
    if (!redirect)
        return trusted ? interrupt_deliver(cpu, vector, SOURCE_SOFTWARE, false, 0, next) : fault(cpu, EXC_GP, 0);
    if (!trusted)
        e.flags = (e.flags & ~(uint32_t)FLAG_IF) | FLAG_IOPL | (e.flags & FLAG_VIF ? FLAG_IF : 0);
    return deliver_8086(cpu, &e, 0, FLAG_TF | FLAG_RF | (trusted ? FLAG_IF : FLAG_VIF));
}

/* --- Exceptions --- */
enum severity { BENIGN, CONTRIBUTORY, PAGE_FAULT };

static enum severity severity(unsigned vector)
{
    if (vector == EXC_PF)
        return PAGE_FAULT;
    return vector == EXC_DE || (vector >= EXC_TS && vector <= EXC_GP) ? CONTRIBUTORY : BENIGN;
}

/* SDM vol. 3 table 6-5. */
static bool doubles(enum severity first, enum severity second)
{
    return (first == CONTRIBUTORY && second == CONTRIBUTORY) || (first == PAGE_FAULT && second != BENIGN);
}

#define DR6_EVENTS 0xE00Fu /* BT BS BD B3-B0 */
#define DR6_REPLACED \
    0x900Fu /* BT, bit 12 and B3-B0 are set anew by each exception; BS and BD stay until software clears them */
#define DR6_BD 0x2000u
#define DR7_GD 0x2000u

/* What an exception does before its delivery: DR6 and DR7 for #DB; RF, so that a fault's instruction is resumed past
 * its code breakpoint. */
static void exception_begin(struct cpu *cpu)
{
    if (cpu->fault_vector != EXC_DB) {
        cpu->flags |= FLAG_RF;
        return;
    }
    if (cpu->pending_debug & DR6_BD)
        cpu->flags |= FLAG_RF;
    cpu->dr[6] = (cpu->dr[6] & ~DR6_REPLACED) | (cpu->pending_debug & DR6_EVENTS);
    cpu->dr[7] &= ~DR7_GD;
}

/* Deliveries in a row that fault. #AC in the delivery of #AC is benign, and a processor would begin anew for ever; here
 * the instruction is tried again, and time passes. */
#define NESTED_LIMIT 16u

void exception_deliver(struct cpu *cpu)
{
    cpu->left--;
    for (unsigned nested = 0; nested < NESTED_LIMIT; nested++) {
        unsigned vector = cpu->fault_vector;
        exception_begin(cpu);
        if (!(interrupt_deliver(cpu, vector, SOURCE_EXCEPTION, cpu->fault_has_error, cpu->fault_error, cpu->eip) &
              ACCESS_FAULT))
            return;
        if (vector == EXC_DF) {
            cpu->attention |= ATTENTION_SHUTDOWN;
            return;
        }
        if (doubles(severity(vector), severity(cpu->fault_vector)))
            fault(cpu, EXC_DF, 0);
    }
}
