/* segments.c - segment registers: descriptors, the checks of loads and accesses, and stacks that are filled in one go
 * (Intel SDM vol. 3, chapters 3 and 5; real mode: chapter 20).
 *
 * In real mode a load sets selector and base and leaves limit and rights alone; in virtual-8086 mode it sets all. Where
 * the manual is silent the facts are those of Bochs. */
#include "emu/cpu/segments.h"

#include "emu/cpu/flags.h"

void segment_set(struct segment *s, uint16_t selector, const struct descriptor *d)
{
    s->selector = selector;
    s->base = (d->high & 0xFF000000) | (d->high & 0xFF) << 16 | d->low >> 16;
    s->limit = descriptor_limit(d);
    s->rights = d->high >> 8 & 0xF0FF;
    if (s->rights & RIGHTS_S)
        s->rights |= RIGHTS_ACCESSED;
    segment_derive(s);
}

void segment_set_null(struct segment *s, uint16_t selector)
{
    *s = (struct segment){.selector = selector};
}

void segment_set_flat(struct segment *s, unsigned code, uint32_t selector, unsigned cpl)
{
    s->selector = (uint16_t)((selector & SELECTOR_INDEX) | cpl);
    s->base = 0;
    s->limit = UINT32_MAX;
    s->rights = (uint16_t)(RIGHTS_G | RIGHTS_D | RIGHTS_P | RIGHTS_S | cpl << 5 | RIGHTS_ACCESSED | RIGHTS_WRITABLE |
                           code);
    segment_derive(s);
}

void segment_set_real(struct cpu *cpu, unsigned segment, uint16_t selector)
{
    struct segment *s = &cpu->seg[segment];

    s->selector = selector;
    s->base = (uint32_t)selector << 4;
    if (cpu->flags & FLAG_VM || !(s->rights & RIGHTS_P)) {
        s->limit = 0xFFFF;
        s->rights = REAL_RIGHTS | (cpu->flags & FLAG_VM ? RIGHTS_DPL : 0);
    }
    segment_derive(s);
}

void cpu_mode_changed(struct cpu *cpu)
{
    if (!(cpu->cr0 & CR0_PE)) {
        struct segment *cs = &cpu->seg[SEG_CS];
        cpu->cpl = 0;
        cs->rights = (uint16_t)((cs->rights & ~0xFFu) | REAL_RIGHTS); /* real mode may write to its code */
        segment_derive(cs);
    } else if (cpu->flags & FLAG_VM) {
        cpu->cpl = 3;
    }
    cpu->user = cpu->cpl == 3;
    cpu->tlb = cpu->tlbs[cpu->user];
}

/* --- Descriptors --- */
unsigned system_read(struct cpu *cpu, uint32_t linear, unsigned size, uint32_t *value)
{
    const struct tlb_entry *e = &cpu->tlbs[0][TLB_SLOT(linear)];
    uint64_t wide;
    unsigned status;

    if (e->read == ((linear + size - 1) & ~PAGE_MASK)) {
        const uint8_t *p = tlb_host(e, linear);
        *value = size == 1 ? *p : size == 2 ? load16(p) : load32(p);
        return ACCESS_DONE;
    }
    status = mmu_read(cpu, NULL, linear, size, 0, &wide);
    *value = (uint32_t)wide;
    return status & ACCESS_FAULT;
}

bool descriptor_locate(const struct cpu *cpu, uint16_t selector, uint32_t *linear)
{
    bool local = selector & SELECTOR_TI;
    uint32_t limit = local ? cpu->ldtr.limit : cpu->gdtr.limit;

    if ((local && !(cpu->ldtr.rights & RIGHTS_P)) || (selector | 7u) > limit)
        return false;
    *linear = (local ? cpu->ldtr.base : cpu->gdtr.base) + (selector & ~7u);
    return true;
}

unsigned descriptor_fetch(struct cpu *cpu, struct descriptor *d)
{
    const struct tlb_entry *e = &cpu->tlbs[0][TLB_SLOT(d->linear)];

    if (e->read == ((d->linear + 7) & ~PAGE_MASK)) {
        const uint8_t *p = tlb_host(e, d->linear);
        d->low = load32(p);
        d->high = load32(p + 4);
        return ACCESS_DONE;
    }
    if (system_read(cpu, d->linear, 4, &d->low))
        return ACCESS_FAULT;
    return system_read(cpu, d->linear + 4, 4, &d->high);
}

unsigned descriptor_read(struct cpu *cpu, uint16_t selector, unsigned vector, struct descriptor *d)
{
    if (!descriptor_locate(cpu, selector, &d->linear))
        return fault(cpu, vector, selector & SELECTOR_INDEX);
    return descriptor_fetch(cpu, d);
}

unsigned descriptor_probe_accessed(struct cpu *cpu, const struct descriptor *d)
{
    if (d->high >> 8 & RIGHTS_ACCESSED)
        return ACCESS_DONE;
    return mmu_probe(cpu, NULL, d->linear + 5, 1, 0, true);
}

void descriptor_set_accessed(struct cpu *cpu, const struct descriptor *d)
{
    if (!(d->high >> 8 & RIGHTS_ACCESSED))
        mmu_write(cpu, NULL, d->linear + 5, 1, 0, (d->high >> 8 & 0xFF) | RIGHTS_ACCESSED);
}

/* --- Loads --- */
unsigned stack_segment_check(struct cpu *cpu, uint16_t selector, unsigned cpl, unsigned vector, struct descriptor *d)
{
    if (!(selector & SELECTOR_INDEX))
        return fault(cpu, vector, 0);
    if (descriptor_read(cpu, selector, vector, d))
        return ACCESS_FAULT;
    if ((selector & SELECTOR_RPL) != cpl || !descriptor_writable(d) || descriptor_dpl(d) != cpl)
        return fault(cpu, vector, selector & SELECTOR_INDEX);
    if (!descriptor_present(d))
        return fault(cpu, EXC_SS, selector & SELECTOR_INDEX);
    return descriptor_probe_accessed(cpu, d);
}

unsigned code_segment_check(struct cpu *cpu, uint16_t selector, const struct descriptor *d, unsigned rpl, unsigned cpl)
{
    unsigned dpl = descriptor_dpl(d);
    bool allowed = descriptor_conforming(d) ? dpl <= cpl : dpl == cpl && rpl <= cpl;

    if (!descriptor_is_code(d) || !allowed)
        return fault(cpu, EXC_GP, selector & SELECTOR_INDEX);
    if (!descriptor_present(d))
        return fault(cpu, EXC_NP, selector & SELECTOR_INDEX);
    return ACCESS_DONE;
}

void code_segment_enter(struct cpu *cpu, uint16_t selector, const struct descriptor *d, unsigned cpl)
{
    descriptor_set_accessed(cpu, d);
    segment_set(&cpu->seg[SEG_CS], (uint16_t)((selector & SELECTOR_INDEX) | cpl), d);
    cpu->cpl = (uint8_t)cpl;
    cpu_mode_changed(cpu);
}

static unsigned data_segment_check(struct cpu *cpu, uint16_t selector, struct descriptor *d)
{
    unsigned dpl;

    if (descriptor_read(cpu, selector, EXC_GP, d))
        return ACCESS_FAULT;
    dpl = descriptor_dpl(d);
    if (!descriptor_readable(d) || (!descriptor_conforming(d) && ((selector & SELECTOR_RPL) > dpl || cpu->cpl > dpl)))
        return fault(cpu, EXC_GP, selector & SELECTOR_INDEX);
    if (!descriptor_present(d))
        return fault(cpu, EXC_NP, selector & SELECTOR_INDEX);
    return descriptor_probe_accessed(cpu, d);
}

static unsigned load(struct cpu *cpu, const struct insn *insn, unsigned segment, uint16_t selector)
{
    struct descriptor d;

    if (!protected_mode(cpu)) {
        segment_set_real(cpu, segment, selector);
        return ACCESS_DONE;
    }
    cpu_sync(cpu, insn);
    if (segment == SEG_SS) {
        if (stack_segment_check(cpu, selector, cpu->cpl, EXC_GP, &d))
            return ACCESS_FAULT;
    } else if (!(selector & SELECTOR_INDEX)) {
        segment_set_null(&cpu->seg[segment], selector);
        return ACCESS_DONE;
    } else if (data_segment_check(cpu, selector, &d)) {
        return ACCESS_FAULT;
    }
    descriptor_set_accessed(cpu, &d);
    segment_set(&cpu->seg[segment], selector, &d);
    return ACCESS_DONE;
}

unsigned segment_load(struct cpu *cpu, const struct insn *insn, unsigned segment, uint16_t selector)
{
    bool flat = cpu->seg[segment].flat;
    unsigned status = load(cpu, insn, segment, selector);

    /* the routines of the rest of the block may rely on it */
    cpu->leave |= (segment == SEG_DS || segment == SEG_SS) && cpu->seg[segment].flat != flat;
    return status;
}

/* --- Stacks --- */
void pushes_begin(struct cpu *cpu, struct pushes *p, unsigned width)
{
    p->ss = cpu->seg[SEG_SS];
    p->esp = cpu->reg[ESP];
    p->width = width;
    p->privilege = cpu->user;
    p->error = 0;
    p->status = ACCESS_DONE;
    p->count = 0;
}

/* SS and ESP of a privilege level, from the current TSS. */
static unsigned inner_stack(struct cpu *cpu, unsigned cpl, uint16_t *selector, uint32_t *esp)
{
    bool wide = cpu->tr.rights & TYPE_WIDE;
    unsigned width = wide ? 4 : 2, offset = wide ? 4 + 8 * cpl : 2 + 4 * cpl;
    uint32_t ss;

    if (offset + 2 * width - 1 > cpu->tr.limit)
        return fault(cpu, EXC_TS, cpu->tr.selector & SELECTOR_INDEX);
    if (system_read(cpu, cpu->tr.base + offset + width, 2, &ss) || system_read(cpu, cpu->tr.base + offset, width, esp))
        return ACCESS_FAULT;
    *selector = (uint16_t)ss;
    return ACCESS_DONE;
}

unsigned pushes_begin_inner(struct cpu *cpu, struct pushes *p, unsigned width, unsigned cpl, struct descriptor *d)
{
    uint16_t selector = 0;

    pushes_begin(cpu, p, width);
    if (inner_stack(cpu, cpl, &selector, &p->esp) || stack_segment_check(cpu, selector, cpl, EXC_TS, d))
        return ACCESS_FAULT;
    segment_set(&p->ss, selector, d);
    p->privilege = 0;
    p->error = selector & SELECTOR_INDEX;
    return ACCESS_DONE;
}

void pushes_add(struct cpu *cpu, struct pushes *p, uint32_t value)
{
    uint32_t offset = (p->esp - p->width) & stack_mask(&p->ss), linear = p->ss.base + offset;

    if (p->status)
        return;
    if ((uint64_t)offset + p->width > p->ss.write_end &&
        !(p->ss.rights & RIGHTS_P && segment_holds(&p->ss, offset, p->width))) {
        p->status = fault(cpu, EXC_SS, p->error);
        return;
    }
    if (p->privilege && linear & (p->width - 1) && cpu->cr0 & CR0_AM && cpu->flags & FLAG_AC)
        p->status = fault(cpu, EXC_AC, 0);
    else if (cpu->tlbs[p->privilege][TLB_SLOT(linear)].write != ((linear + p->width - 1) & ~PAGE_MASK))
        p->status = mmu_probe(cpu, NULL, linear, p->width, p->privilege, true);
    p->linear[p->count] = linear;
    p->word[p->count++] = value;
    p->esp = offset;
}

void pushes_commit(struct cpu *cpu, struct pushes *p)
{
    for (unsigned n = 0; n < p->count; n++) {
        uint32_t linear = p->linear[n];
        const struct tlb_entry *e = &cpu->tlbs[p->privilege][TLB_SLOT(linear)];
        if (e->write != ((linear + p->width - 1) & ~PAGE_MASK))
            mmu_write(cpu, NULL, linear, p->width, p->privilege, p->word[n]);
        else if (p->width == 2)
            store16(tlb_host(e, linear), (uint16_t)p->word[n]);
        else
            store32(tlb_host(e, linear), p->word[n]);
    }
    cpu->seg[SEG_SS] = p->ss;
    stack_pointer_set(cpu, p->esp);
}

/* --- Flags --- */
uint32_t flags_implemented(const struct cpu *cpu)
{
    uint32_t flags = FLAGS_ARITHMETIC | FLAG_TF | FLAG_IF | FLAG_DF | FLAG_IOPL | FLAG_NT | FLAG_RF | FLAG_VM;

    if (cpu->model >= CPU_I486)
        flags |= FLAG_AC;
    if (cpu->model >= CPU_PENTIUM)
        flags |= FLAG_VIF | FLAG_VIP | FLAG_ID;
    return flags;
}

void flags_load(struct cpu *cpu, uint32_t flags, uint32_t mask)
{
    uint32_t before = cpu->flags;

    flags_write(cpu, flags, mask & flags_implemented(cpu));
    if ((before ^ cpu->flags) & FLAG_VM)
        cpu_mode_changed(cpu);
}

unsigned flags_check_v86(struct cpu *cpu, unsigned width)
{
    if (cpu->flags & FLAG_VM && iopl(cpu) < 3 && !(cpu->cr4 & CR4_VME && width == 2))
        return fault(cpu, EXC_GP, 0);
    return ACCESS_DONE;
}

unsigned flags_popped(struct cpu *cpu, unsigned width, uint32_t *flags, uint32_t *mask)
{
    *mask = FLAGS_ARITHMETIC | FLAG_TF | FLAG_DF | FLAG_NT;
    if (width == 4)
        *mask |= FLAG_AC | FLAG_ID;
    if (cpu->cpl == 0)
        *mask |= FLAG_IOPL;
    if (cpu->cpl <= iopl(cpu))
        *mask |= FLAG_IF;
    if (!(cpu->flags & FLAG_VM) || iopl(cpu) == 3)
        return ACCESS_DONE;
    if (*flags & FLAG_TF || (*flags & FLAG_IF && cpu->flags & FLAG_VIP))
        return fault(cpu, EXC_GP, 0);
    *flags = (*flags & ~(uint32_t)FLAG_VIF) | (*flags & FLAG_IF ? FLAG_VIF : 0);
    *mask |= FLAG_VIF;
    return ACCESS_DONE;
}
