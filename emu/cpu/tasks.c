/* tasks.c - task switches and the task state segment (Intel SDM vol. 3, chapter 7; the I/O permission map: vol. 1
 * section 18.5.2).
 *
 * Up to the commitment every fault leaves the old task as it was. Behind it the new task runs, and what is wrong with
 * its selectors is a fault of its first instruction: then task_switch returns ACCESS_FAULT | ACCESS_LEAVE, and EIP and
 * all else are the new task's. The order of the checks, and the upper halves that a 16-bit TSS does not hold, are those
 * of Bochs. */
#include "emu/cpu/tasks.h"

#include "emu/cpu/control.h"
#include "emu/cpu/flags.h"
#include "emu/cpu/segments.h"

#define ANOTHER_TASKS_FAULT (ACCESS_FAULT | ACCESS_LEAVE)
#define DR6_BT 0x8000u
#define DR7_LOCAL 0x155u /* LE, L3-L0 */

/* Where a TSS holds what, in bytes. Registers are EAX ECX EDX EBX ESP EBP ESI EDI; segments ES CS SS DS FS GS, one slot
 * of `width` each. */
struct tss_layout {
    uint8_t width, eip, flags, registers, segments, segment_count, ldt;
    uint8_t minimum;   /* the least limit of a TSS that is switched to */
    uint8_t saved_end; /* the last byte that a switch away writes */
};
static const struct tss_layout layout_16 = {2, 0x0E, 0x10, 0x12, 0x22, 4, 0x2A, 0x2B, 0x29};
static const struct tss_layout layout_32 = {4, 0x20, 0x24, 0x28, 0x48, 6, 0x60, 0x67, 0x5F};

#define TSS_CR3 0x1C  /* 32-bit only */
#define TSS_TRAP 0x64 /* 32-bit only */
#define TSS_IO_MAP 0x66

struct task_state {
    uint32_t cr3, eip, flags, reg[8];
    uint16_t segment[SEG_COUNT], ldt;
    bool trap;
};

static const struct tss_layout *layout_of(unsigned type)
{
    return type & TYPE_WIDE ? &layout_32 : &layout_16;
}

/* --- Before the commitment --- */

/* The descriptor of the task to switch to. IRET wants a busy one and blames #TS, everybody else an available one and
 * #GP. */
static unsigned find_task(struct cpu *cpu, uint16_t selector, enum task_reason reason, struct descriptor *d)
{
    unsigned vector = reason == TASK_RETURN ? EXC_TS : EXC_GP,
             wanted = reason == TASK_RETURN ? TYPE_TSS_16_BUSY : TYPE_TSS_16;

    if (selector & SELECTOR_TI)
        return fault(cpu, vector, selector & SELECTOR_INDEX);
    if (descriptor_read(cpu, selector, vector, d))
        return ACCESS_FAULT;
    if ((descriptor_type(d) & ~TYPE_WIDE) != wanted)
        return fault(cpu, vector, selector & SELECTOR_INDEX);
    if (!descriptor_present(d))
        return fault(cpu, EXC_NP, selector & SELECTOR_INDEX);
    if (descriptor_limit(d) < layout_of(descriptor_type(d))->minimum)
        return fault(cpu, EXC_TS, selector & SELECTOR_INDEX);
    return ACCESS_DONE;
}

static uint32_t descriptor_base(const struct descriptor *d)
{
    return (d->high & 0xFF000000) | (d->high & 0xFF) << 16 | d->low >> 16;
}

/* Everything that the switch will write or read must be there. */
static unsigned probe_switch(struct cpu *cpu, const struct descriptor *d, enum task_reason reason)
{
    const struct tss_layout *old = layout_of(cpu->tr.rights), *new = layout_of(descriptor_type(d));
    bool linked = reason == TASK_CALL || reason == TASK_INTERRUPT,
         releases = reason == TASK_JUMP || reason == TASK_RETURN;
    uint32_t own;

    if (cpu->tr.limit < old->saved_end)
        return fault(cpu, EXC_TS, cpu->tr.selector & SELECTOR_INDEX);
    if (mmu_probe(cpu, NULL, descriptor_base(d), new->minimum + 1u, 0, false) ||
        (linked && mmu_probe(cpu, NULL, descriptor_base(d), 2, 0, true)))
        return ACCESS_FAULT;
    if (releases && descriptor_locate(cpu, cpu->tr.selector, &own) && mmu_probe(cpu, NULL, own + 5, 1, 0, true))
        return ACCESS_FAULT;
    if (reason != TASK_RETURN && mmu_probe(cpu, NULL, d->linear + 5, 1, 0, true))
        return ACCESS_FAULT;
    return mmu_probe(cpu, NULL, cpu->tr.base + old->eip, (uint32_t)(old->saved_end - old->eip + 1), 0, true);
}

/* The switch itself, as far as memory knows of it. Nothing here can fault any more. */
static void busy_write(struct cpu *cpu, uint32_t linear, bool busy)
{
    uint32_t rights;

    system_read(cpu, linear + 5, 1, &rights);
    mmu_write(cpu, NULL, linear + 5, 1, 0, busy ? rights | TYPE_BUSY : rights & ~(uint32_t)TYPE_BUSY);
}

static void state_save(struct cpu *cpu, uint32_t flags, uint32_t next)
{
    const struct tss_layout *l = layout_of(cpu->tr.rights);
    uint32_t base = cpu->tr.base;

    mmu_write(cpu, NULL, base + l->eip, l->width, 0, next);
    mmu_write(cpu, NULL, base + l->flags, l->width, 0, flags);
    for (unsigned n = 0; n < 8; n++)
        mmu_write(cpu, NULL, base + l->registers + n * l->width, l->width, 0, cpu->reg[n]);
    for (unsigned n = 0; n < l->segment_count; n++)
        mmu_write(cpu, NULL, base + l->segments + n * l->width, 2, 0, cpu->seg[n].selector);
}

static void state_load(struct cpu *cpu, uint32_t base, const struct tss_layout *l, struct task_state *s)
{
    bool wide = l->width == 4;
    uint32_t value;

    memset(s, 0, sizeof *s);
    system_read(cpu, base + l->eip, l->width, &s->eip);
    system_read(cpu, base + l->flags, l->width, &s->flags);
    for (unsigned n = 0; n < 8; n++) {
        system_read(cpu, base + l->registers + n * l->width, l->width, &s->reg[n]);
        s->reg[n] |= wide ? 0 : 0xFFFF0000;
    }
    for (unsigned n = 0; n < l->segment_count; n++) {
        system_read(cpu, base + l->segments + n * l->width, 2, &value);
        s->segment[n] = (uint16_t)value;
    }
    system_read(cpu, base + l->ldt, 2, &value);
    s->ldt = (uint16_t)value;
    if (wide) {
        system_read(cpu, base + TSS_CR3, 4, &s->cr3);
        system_read(cpu, base + TSS_TRAP, 2, &value);
        s->trap = value & 1;
    }
}

/* --- Behind the commitment --- */
static unsigned load_ldt(struct cpu *cpu, uint16_t selector)
{
    struct descriptor d;

    if (selector & SELECTOR_TI)
        return fault(cpu, EXC_TS, selector & SELECTOR_INDEX);
    if (!(selector & SELECTOR_INDEX))
        return ACCESS_DONE;
    if (descriptor_read(cpu, selector, EXC_TS, &d))
        return ACCESS_FAULT;
    if (descriptor_type(&d) != TYPE_LDT || !descriptor_present(&d))
        return fault(cpu, EXC_TS, selector & SELECTOR_INDEX);
    segment_set(&cpu->ldtr, selector, &d);
    return ACCESS_DONE;
}

static unsigned load_stack(struct cpu *cpu, uint16_t selector, unsigned cpl)
{
    struct descriptor d;

    if (!(selector & SELECTOR_INDEX))
        return fault(cpu, EXC_TS, 0);
    if (descriptor_read(cpu, selector, EXC_TS, &d))
        return ACCESS_FAULT;
    if (!descriptor_writable(&d))
        return fault(cpu, EXC_TS, selector & SELECTOR_INDEX);
    if (!descriptor_present(&d))
        return fault(cpu, EXC_SS, selector & SELECTOR_INDEX);
    if (descriptor_dpl(&d) != cpl || (selector & SELECTOR_RPL) != cpl)
        return fault(cpu, EXC_TS, selector & SELECTOR_INDEX);
    if (descriptor_probe_accessed(cpu, &d))
        return ACCESS_FAULT;
    descriptor_set_accessed(cpu, &d);
    segment_set(&cpu->seg[SEG_SS], selector, &d);
    return ACCESS_DONE;
}

static unsigned load_data(struct cpu *cpu, unsigned segment, uint16_t selector, unsigned cpl)
{
    struct descriptor d;

    if (!(selector & SELECTOR_INDEX))
        return ACCESS_DONE;
    if (descriptor_read(cpu, selector, EXC_TS, &d))
        return ACCESS_FAULT;
    if (!descriptor_readable(&d) ||
        (!descriptor_conforming(&d) && (descriptor_dpl(&d) < cpl || descriptor_dpl(&d) < (selector & SELECTOR_RPL))))
        return fault(cpu, EXC_TS, selector & SELECTOR_INDEX);
    if (!descriptor_present(&d))
        return fault(cpu, EXC_NP, selector & SELECTOR_INDEX);
    if (descriptor_probe_accessed(cpu, &d))
        return ACCESS_FAULT;
    descriptor_set_accessed(cpu, &d);
    segment_set(&cpu->seg[segment], selector, &d);
    return ACCESS_DONE;
}

static unsigned load_code(struct cpu *cpu, uint16_t selector, unsigned cpl)
{
    struct descriptor d;

    if (!(selector & SELECTOR_INDEX))
        return fault(cpu, EXC_TS, 0);
    if (descriptor_read(cpu, selector, EXC_TS, &d))
        return ACCESS_FAULT;
    if (!descriptor_is_code(&d) || (descriptor_conforming(&d) ? descriptor_dpl(&d) > cpl : descriptor_dpl(&d) != cpl))
        return fault(cpu, EXC_TS, selector & SELECTOR_INDEX);
    if (!descriptor_present(&d))
        return fault(cpu, EXC_NP, selector & SELECTOR_INDEX);
    if (descriptor_probe_accessed(cpu, &d))
        return ACCESS_FAULT;
    code_segment_enter(cpu, selector, &d, cpl);
    return ACCESS_DONE;
}

/* While LDTR and SS are not yet good, CPL is 3: a handler gets a stack of its own. */
static unsigned load_segments(struct cpu *cpu, const struct task_state *s)
{
    static const uint8_t data[] = {SEG_DS, SEG_ES, SEG_FS, SEG_GS};
    unsigned cpl = s->segment[SEG_CS] & SELECTOR_RPL;

    cpu->cpl = 3;
    cpu_mode_changed(cpu);
    if (load_ldt(cpu, s->ldt))
        return ACCESS_FAULT;
    if (cpu->flags & FLAG_VM) {
        for (unsigned n = 0; n < SEG_COUNT; n++)
            segment_set_real(cpu, n, s->segment[n]);
        return ACCESS_DONE;
    }
    if (load_stack(cpu, s->segment[SEG_SS], cpl))
        return ACCESS_FAULT;
    cpu->cpl = (uint8_t)cpl;
    cpu_mode_changed(cpu);
    for (unsigned n = 0; n < sizeof data; n++)
        if (load_data(cpu, data[n], s->segment[data[n]], cpl))
            return ACCESS_FAULT;
    return load_code(cpu, s->segment[SEG_CS], cpl);
}

/* Registers become the new task's; selectors are there, but nothing can be reached through them yet. */
static unsigned state_adopt(struct cpu *cpu, const struct task_state *s, bool wide)
{
    memcpy(cpu->reg, s->reg, sizeof s->reg);
    cpu->eip = s->eip;
    cpu->cr0 |= CR0_TS;
    cpu->dr[7] &= ~DR7_LOCAL;
    flags_load(cpu, s->flags, UINT32_MAX);
    for (unsigned n = 0; n < SEG_COUNT; n++)
        segment_set_null(&cpu->seg[n], s->segment[n]);
    segment_set_null(&cpu->ldtr, s->ldt);
    if (wide && cpu->cr0 & CR0_PG && cpu->cr3 != s->cr3 && cr3_write(cpu, s->cr3))
        return fault(cpu, EXC_TS, 0);
    return ACCESS_DONE;
}

static unsigned begin_task(struct cpu *cpu, const struct task_state *s, bool wide, bool has_error, uint32_t error)
{
    struct pushes p;

    if (state_adopt(cpu, s, wide) || load_segments(cpu, s))
        return ANOTHER_TASKS_FAULT;
    if (s->trap) {
        cpu->pending_debug |= DR6_BT;
        cpu->attention |= ATTENTION_TRAP;
    }
    if (has_error) {
        pushes_begin(cpu, &p, wide ? 4 : 2);
        pushes_add(cpu, &p, error);
        if (p.status)
            return ANOTHER_TASKS_FAULT;
        pushes_commit(cpu, &p);
    }
    if (cpu->eip > cpu->seg[SEG_CS].limit) {
        fault(cpu, EXC_GP, 0);
        return ANOTHER_TASKS_FAULT;
    }
    return ACCESS_DONE;
}

unsigned task_switch(struct cpu *cpu, uint16_t selector, enum task_reason reason, bool has_error, uint32_t error,
                     uint32_t next)
{
    bool nested = reason == TASK_CALL || reason == TASK_INTERRUPT, wide;
    uint32_t flags = flags_read(cpu), own;
    struct descriptor d;
    struct task_state s;

    if (find_task(cpu, selector, reason, &d) || probe_switch(cpu, &d, reason))
        return ACCESS_FAULT;
    wide = descriptor_type(&d) & TYPE_WIDE;
    if (!nested && descriptor_locate(cpu, cpu->tr.selector, &own))
        busy_write(cpu, own, false);
    state_save(cpu, reason == TASK_RETURN ? flags & ~(uint32_t)FLAG_NT : flags, next);
    if (nested)
        mmu_write(cpu, NULL, descriptor_base(&d), 2, 0, cpu->tr.selector);
    state_load(cpu, descriptor_base(&d), layout_of(descriptor_type(&d)), &s);
    if (nested)
        s.flags |= FLAG_NT;
    if (reason != TASK_RETURN)
        busy_write(cpu, d.linear, true);
    segment_set(&cpu->tr, selector, &d);
    cpu->tr.rights |= TYPE_BUSY;
    return begin_task(cpu, &s, wide, has_error, error);
}

/* --- The I/O permission map --- */
unsigned io_permission(struct cpu *cpu, const struct insn *insn, uint16_t port, unsigned size)
{
    uint32_t map, bits;

    if (!(cpu->cr0 & CR0_PE) || (!(cpu->flags & FLAG_VM) && cpu->cpl <= iopl(cpu)))
        return ACCESS_DONE;
    if (!(cpu->tr.rights & TYPE_WIDE) || cpu->tr.limit < TSS_IO_MAP + 1)
        return fault(cpu, EXC_GP, 0);
    cpu_sync(cpu, insn);
    if (system_read(cpu, cpu->tr.base + TSS_IO_MAP, 2, &map))
        return ACCESS_FAULT;
    map += port / 8;
    if (map + 1 > cpu->tr.limit) /* two bytes are read, whatever the port */
        return fault(cpu, EXC_GP, 0);
    if (system_read(cpu, cpu->tr.base + map, 2, &bits))
        return ACCESS_FAULT;
    if (bits >> port % 8 & ((1u << size) - 1))
        return fault(cpu, EXC_GP, 0);
    return ACCESS_DONE;
}
