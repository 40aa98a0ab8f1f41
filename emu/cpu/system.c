/* system.c - the instructions of segments, far transfers, flags and descriptors, and the table that finds all system
 * instructions (Intel SDM vol. 2, under their names). */
#include "emu/cpu/control.h"
#include "emu/cpu/interrupts.h"
#include "emu/cpu/models.h"
#include "emu/cpu/segments.h"
#include "emu/cpu/system_operands.h"
#include "emu/cpu/transfers.h"

/* --- Far transfers --- Their targets' EIP is set already; only the ticks are left to be taken. */
static int end_transfer(struct cpu *cpu, const struct insn *i, unsigned status)
{
    if (status == ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    cpu->left -= (int64_t)(i - cpu->block->insn + 1) - cpu->accounted;
    cpu->accounted = 0;
    return status & ACCESS_FAULT ? CPU_FAULT : CPU_LEAVE; /* CPU_FAULT: in another task (tasks.c) */
}

/* An offset of the operand's size, and a selector after it. */
static unsigned far_pointer(struct cpu *cpu, const struct insn *i, uint32_t *offset, uint32_t *selector)
{
    uint32_t at = effective_address(cpu, i), behind = at + i->size;

    if (i->form == FORM_F) {
        *offset = i->immediate & size_mask(i->size);
        *selector = i->displacement & 0xFFFF;
        return ACCESS_DONE;
    }
    if (i->prefixes & PREFIX_ADDRESS16)
        behind &= 0xFFFF;
    if (segment_read(cpu, i, i->segment, at, i->size, offset) & ACCESS_FAULT)
        return ACCESS_FAULT;
    return segment_read(cpu, i, i->segment, behind, 2, selector) & ACCESS_FAULT;
}

static int jmp_far(struct cpu *cpu, const struct insn *i)
{
    uint32_t offset, selector;

    cpu_sync(cpu, i);
    if (far_pointer(cpu, i, &offset, &selector))
        return cpu_fault_exit(cpu, i);
    return end_transfer(cpu, i, far_jump(cpu, i, (uint16_t)selector, offset));
}

static int call_far(struct cpu *cpu, const struct insn *i)
{
    uint32_t offset, selector;

    cpu_sync(cpu, i);
    if (far_pointer(cpu, i, &offset, &selector))
        return cpu_fault_exit(cpu, i);
    return end_transfer(cpu, i, far_call(cpu, i, (uint16_t)selector, offset, insn_next_eip(cpu, i)));
}

static int retf(struct cpu *cpu, const struct insn *i)
{
    cpu_sync(cpu, i);
    return end_transfer(cpu, i, far_return(cpu, i, i->immediate & 0xFFFF));
}

static int iret(struct cpu *cpu, const struct insn *i)
{
    cpu_sync(cpu, i);
    return end_transfer(cpu, i, interrupt_return(cpu, i, insn_next_eip(cpu, i)));
}

static int interrupt_n(struct cpu *cpu, const struct insn *i)
{
    unsigned vector = i->immediate & 0xFF;
    uint32_t next = insn_next_eip(cpu, i);

    cpu_sync(cpu, i);
    if (cpu->flags & FLAG_VM)
        return end_transfer(cpu, i, interrupt_from_v86(cpu, vector, next));
    return end_transfer(cpu, i, interrupt_deliver(cpu, vector, SOURCE_SOFTWARE, false, 0, next));
}

static int interrupt_fixed(struct cpu *cpu, const struct insn *i, unsigned vector, enum interrupt_source source)
{
    cpu_sync(cpu, i);
    return end_transfer(cpu, i, interrupt_deliver(cpu, vector, source, false, 0, insn_next_eip(cpu, i)));
}

static int int3(struct cpu *cpu, const struct insn *i)
{
    return interrupt_fixed(cpu, i, EXC_BP, SOURCE_SOFTWARE);
}

static int icebp(struct cpu *cpu, const struct insn *i)
{
    return interrupt_fixed(cpu, i, EXC_DB, SOURCE_ICEBP);
}

static int into(struct cpu *cpu, const struct insn *i)
{
    if (!(flags_arithmetic(cpu) & FLAG_OF))
        return NEXT(cpu, i);
    return interrupt_fixed(cpu, i, EXC_OF, SOURCE_SOFTWARE);
}

static void enter_flat(struct cpu *cpu, uint32_t selector, unsigned cpl, uint32_t eip, uint32_t esp)
{
    segment_set_flat(&cpu->seg[SEG_CS], RIGHTS_CODE, selector, cpl);
    segment_set_flat(&cpu->seg[SEG_SS], 0, selector + 8, cpl);
    cpu->cpl = (uint8_t)cpl;
    cpu_mode_changed(cpu);
    cpu->reg[ESP] = esp;
    cpu->eip = eip;
}

static int sysenter(struct cpu *cpu, const struct insn *i)
{
    if (!(cpu->cr0 & CR0_PE) || !(cpu->sysenter_cs & SELECTOR_INDEX))
        return raise_error(cpu, i, EXC_GP, 0);
    flags_load(cpu, 0, FLAG_VM | FLAG_IF | FLAG_RF);
    enter_flat(cpu, cpu->sysenter_cs, 0, cpu->sysenter_eip, cpu->sysenter_esp);
    return end_transfer(cpu, i, ACCESS_DONE);
}

static int sysexit(struct cpu *cpu, const struct insn *i)
{
    if (!(cpu->cr0 & CR0_PE) || cpu->cpl || !(cpu->sysenter_cs & SELECTOR_INDEX))
        return raise_error(cpu, i, EXC_GP, 0);
    enter_flat(cpu, cpu->sysenter_cs + 16, 3, cpu->reg[EDX], cpu->reg[ECX]);
    return end_transfer(cpu, i, ACCESS_DONE);
}

/* --- Segment registers --- MOV and POP to SS let nothing come between them and the instruction that loads ESP; LSS
 * loads both (SDM vol. 3, 6.8.3). */
static int end_segment_load(struct cpu *cpu, const struct insn *i, unsigned segment)
{
    if (segment != SEG_SS)
        return proceed(cpu, i);
    cpu->attention |= ATTENTION_SHADOW | ATTENTION_SHADOW_SS;
    return leave(cpu, i);
}

static int mov_to_sreg(struct cpu *cpu, const struct insn *i)
{
    uint32_t selector;

    if (selector_operand(cpu, i, &selector) || segment_load(cpu, i, i->dst, (uint16_t)selector) & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    return end_segment_load(cpu, i, i->dst);
}

/* POP SS moves the pointer of the stack that it leaves. */
static int pop_sreg(struct cpu *cpu, const struct insn *i)
{
    uint32_t selector, mask = stack_mask(&cpu->seg[SEG_SS]);

    if (stack_peek(cpu, i, 0, i->size, &selector) || segment_load(cpu, i, i->dst, (uint16_t)selector) & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    cpu->reg[ESP] = (cpu->reg[ESP] & ~mask) | ((cpu->reg[ESP] + i->size) & mask);
    return end_segment_load(cpu, i, i->dst);
}

static int load_far(struct cpu *cpu, const struct insn *i)
{
    static const uint8_t segments[] = {[OP_LES - OP_LES] = SEG_ES,
                                       [OP_LDS - OP_LES] = SEG_DS,
                                       [OP_LSS - OP_LES] = SEG_SS,
                                       [OP_LFS - OP_LES] = SEG_FS,
                                       [OP_LGS - OP_LES] = SEG_GS};
    unsigned segment = segments[i->operation - OP_LES];
    uint32_t offset, selector;

    if (far_pointer(cpu, i, &offset, &selector) || segment_load(cpu, i, segment, (uint16_t)selector) & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    set_register(cpu, i->dst, i->size, offset);
    return proceed(cpu, i);
}

/* --- Flags --- */
static int pushf(struct cpu *cpu, const struct insn *i)
{
    uint32_t flags = flags_read(cpu) & ~(uint32_t)(FLAG_RF | FLAG_VM), esp = cpu->reg[ESP] - i->size;

    if (flags_check_v86(cpu, i->size))
        return cpu_fault_exit(cpu, i);
    if (cpu->flags & FLAG_VM && iopl(cpu) < 3)
        flags = (flags & ~(uint32_t)FLAG_IF) | FLAG_IOPL | (flags & FLAG_VIF ? FLAG_IF : 0);
    if (segment_write(cpu, i, SEG_SS, esp & stack_mask(&cpu->seg[SEG_SS]), i->size, flags) & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    stack_pointer_set(cpu, esp);
    return proceed(cpu, i);
}

static int popf(struct cpu *cpu, const struct insn *i)
{
    uint32_t flags, mask;

    if (flags_check_v86(cpu, i->size) || stack_peek(cpu, i, 0, i->size, &flags) ||
        flags_popped(cpu, i->size, &flags, &mask))
        return cpu_fault_exit(cpu, i);
    stack_pointer_set(cpu, cpu->reg[ESP] + i->size);
    flags_load(cpu, flags, mask);
    return leave(cpu, i);
}

/* The flag that CLI and STI work on: IF, or VIF where VME or PVI lend it; 0: #GP(0). */
static uint32_t interrupt_flag(const struct cpu *cpu)
{
    if (cpu->cpl <= iopl(cpu))
        return FLAG_IF;
    if (cpu->cpl == 3 && cpu->cr4 & (cpu->flags & FLAG_VM ? CR4_VME : CR4_PVI))
        return FLAG_VIF;
    return 0;
}

static int cli(struct cpu *cpu, const struct insn *i)
{
    uint32_t flag = interrupt_flag(cpu);

    if (!flag)
        return raise_error(cpu, i, EXC_GP, 0);
    cpu->flags &= ~flag;
    return NEXT(cpu, i);
}

static int sti(struct cpu *cpu, const struct insn *i)
{
    uint32_t flag = interrupt_flag(cpu);

    if (!flag || (flag == FLAG_VIF && cpu->flags & FLAG_VIP))
        return raise_error(cpu, i, EXC_GP, 0);
    if (flag == FLAG_IF && !(cpu->flags & FLAG_IF))
        cpu->attention |= ATTENTION_SHADOW;
    cpu->flags |= flag;
    return leave(cpu, i);
}

/* --- Descriptors and the registers of their tables --- */
static void set_zero_flag(struct cpu *cpu, bool set)
{
    flags_write_arithmetic(cpu, (flags_arithmetic(cpu) & ~(uint32_t)FLAG_ZF) | (set ? FLAG_ZF : 0));
}

/* The descriptor that LAR, LSL, VERR and VERW ask for; *visible: it exists, and CPL and RPL may know of it. */
static unsigned descriptor_query(struct cpu *cpu, const struct insn *i, struct descriptor *d, bool *visible)
{
    uint32_t selector, linear;

    *visible = false;
    if (selector_operand(cpu, i, &selector))
        return ACCESS_FAULT;
    if (!(selector & SELECTOR_INDEX) || !descriptor_locate(cpu, (uint16_t)selector, &linear))
        return ACCESS_DONE;
    cpu_sync(cpu, i);
    if (descriptor_read(cpu, (uint16_t)selector, EXC_GP, d))
        return ACCESS_FAULT;
    *visible = descriptor_conforming(d) ||
               (descriptor_dpl(d) >= cpu->cpl && descriptor_dpl(d) >= (selector & SELECTOR_RPL));
    return ACCESS_DONE;
}

/* LAR takes all but interrupt and trap gates, LSL what has a limit; both all code and data. */
static int lar_lsl(struct cpu *cpu, const struct insn *i)
{
    const uint32_t with_limit = 1u << TYPE_TSS_16 | 1u << TYPE_LDT | 1u << TYPE_TSS_16_BUSY | 1u << TYPE_TSS_32 |
                                1u << TYPE_TSS_32_BUSY;
    const uint32_t gates = 1u << TYPE_CALL_16 | 1u << TYPE_TASK_GATE | 1u << TYPE_CALL_32;
    bool lar = i->operation == OP_LAR, found;
    uint32_t types = 0xFFFF0000 | with_limit | (lar ? gates : 0), value;
    struct descriptor d;

    if (descriptor_query(cpu, i, &d, &found))
        return cpu_fault_exit(cpu, i);
    found = found && types >> descriptor_type(&d) & 1;
    if (found) {
        value = lar ? d.high & 0x00FFFF00 : descriptor_limit(&d);
        set_register(cpu, i->dst, i->size, value);
    }
    set_zero_flag(cpu, found);
    return proceed(cpu, i);
}

static int verr_verw(struct cpu *cpu, const struct insn *i)
{
    struct descriptor d;
    bool visible;

    if (descriptor_query(cpu, i, &d, &visible))
        return cpu_fault_exit(cpu, i);
    set_zero_flag(cpu, visible && (i->operation == OP_VERR ? descriptor_readable(&d) : descriptor_writable(&d)));
    return proceed(cpu, i);
}

/* Memory that has the higher RPL already is only read: it need not be writable. */
static int arpl(struct cpu *cpu, const struct insn *i)
{
    uint32_t rpl = cpu->reg[i->src] & SELECTOR_RPL, selector = cpu->reg[i->dst];
    bool raised;

    if (i->form == FORM_MR && operand_read(cpu, i, 2, &selector) & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    raised = (selector & SELECTOR_RPL) < rpl;
    selector = (selector & ~SELECTOR_RPL) | rpl;
    if (raised && i->form == FORM_MR &&
        segment_write(cpu, i, i->segment, effective_address(cpu, i), 2, selector) & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    if (raised && i->form == FORM_RR)
        set_register(cpu, i->dst, 2, selector);
    set_zero_flag(cpu, raised);
    return proceed(cpu, i);
}

static int sldt(struct cpu *cpu, const struct insn *i)
{
    return store_word(cpu, i, cpu->ldtr.selector);
}

static int str(struct cpu *cpu, const struct insn *i)
{
    return store_word(cpu, i, cpu->tr.selector);
}

/* What LLDT and LTR load: a present descriptor of the GDT, of one of these types. */
static unsigned system_segment(struct cpu *cpu, uint32_t selector, uint32_t types, struct descriptor *d)
{
    if (selector & SELECTOR_TI)
        return fault(cpu, EXC_GP, selector & SELECTOR_INDEX);
    if (descriptor_read(cpu, (uint16_t)selector, EXC_GP, d))
        return ACCESS_FAULT;
    if (!(types >> descriptor_type(d) & 1))
        return fault(cpu, EXC_GP, selector & SELECTOR_INDEX);
    if (!descriptor_present(d))
        return fault(cpu, EXC_NP, selector & SELECTOR_INDEX);
    return ACCESS_DONE;
}

static int lldt(struct cpu *cpu, const struct insn *i)
{
    uint32_t selector;
    struct descriptor d;

    if (cpu->cpl)
        return raise_error(cpu, i, EXC_GP, 0);
    if (selector_operand(cpu, i, &selector))
        return cpu_fault_exit(cpu, i);
    if (!(selector & SELECTOR_INDEX)) {
        segment_set_null(&cpu->ldtr, (uint16_t)selector);
        return NEXT(cpu, i);
    }
    cpu_sync(cpu, i);
    if (system_segment(cpu, selector, 1u << TYPE_LDT, &d))
        return cpu_fault_exit(cpu, i);
    segment_set(&cpu->ldtr, (uint16_t)selector, &d);
    return proceed(cpu, i);
}

static int ltr(struct cpu *cpu, const struct insn *i)
{
    uint32_t selector;
    struct descriptor d;

    if (cpu->cpl)
        return raise_error(cpu, i, EXC_GP, 0);
    if (selector_operand(cpu, i, &selector))
        return cpu_fault_exit(cpu, i);
    if (!(selector & SELECTOR_INDEX))
        return raise_error(cpu, i, EXC_GP, 0);
    cpu_sync(cpu, i);
    if (system_segment(cpu, selector, 1u << TYPE_TSS_16 | 1u << TYPE_TSS_32, &d))
        return cpu_fault_exit(cpu, i);
    if (mmu_write(cpu, NULL, d.linear + 5, 1, 0, (d.high >> 8 & 0xFF) | TYPE_BUSY) & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    segment_set(&cpu->tr, (uint16_t)selector, &d);
    cpu->tr.rights |= TYPE_BUSY;
    return leave(cpu, i);
}

/* The base after the limit in a pseudo-descriptor. */
static uint32_t base_address(const struct cpu *cpu, const struct insn *i)
{
    uint32_t at = effective_address(cpu, i) + 2;
    return i->prefixes & PREFIX_ADDRESS16 ? at & 0xFFFF : at;
}

/* All 32 bits of the base are stored, whatever the operand size: no processor from the 386 on does otherwise. */
static int sgdt_sidt(struct cpu *cpu, const struct insn *i)
{
    const struct table_register *t = i->operation == OP_SGDT ? &cpu->gdtr : &cpu->idtr;
    uint32_t at = effective_address(cpu, i), base_at = base_address(cpu, i);

    if (segment_probe(cpu, i, i->segment, at, 2, true) || segment_probe(cpu, i, i->segment, base_at, 4, true))
        return cpu_fault_exit(cpu, i);
    segment_write(cpu, i, i->segment, at, 2, t->limit);
    segment_write(cpu, i, i->segment, base_at, 4, t->base);
    return proceed(cpu, i);
}

static int lgdt_lidt(struct cpu *cpu, const struct insn *i)
{
    struct table_register *t = i->operation == OP_LGDT ? &cpu->gdtr : &cpu->idtr;
    uint32_t limit, base;

    if (cpu->cpl)
        return raise_error(cpu, i, EXC_GP, 0);
    if ((segment_read(cpu, i, i->segment, effective_address(cpu, i), 2, &limit) & ACCESS_FAULT) ||
        (segment_read(cpu, i, i->segment, base_address(cpu, i), 4, &base) & ACCESS_FAULT))
        return cpu_fault_exit(cpu, i);
    t->limit = limit;
    t->base = i->size == 2 ? base & 0xFFFFFF : base;
    return leave(cpu, i);
}

/* --- The rest --- */
static int hlt(struct cpu *cpu, const struct insn *i)
{
    if (cpu->cpl)
        return raise_error(cpu, i, EXC_GP, 0);
    cpu->attention |= ATTENTION_HALTED;
    cpu->halted_dead = !(cpu->flags & FLAG_IF);
    return leave(cpu, i);
}

static int undefined(struct cpu *cpu, const struct insn *i)
{
    return raise_plain(cpu, i, EXC_UD);
}

insn_handler *system_handler(const struct insn *insn)
{
    /* clang-format off */
    static insn_handler *const handlers[OP_COUNT] = {
        [OP_JMP_FAR] = jmp_far, [OP_CALL_FAR] = call_far, [OP_RETF] = retf, [OP_IRET] = iret,
        [OP_INT] = interrupt_n, [OP_INT3] = int3, [OP_INTO] = into, [OP_ICEBP] = icebp,
        [OP_SYSENTER] = sysenter, [OP_SYSEXIT] = sysexit,
        [OP_POP_SREG] = pop_sreg, [OP_MOV_TO_SREG] = mov_to_sreg,
        [OP_LES] = load_far, [OP_LDS] = load_far, [OP_LSS] = load_far, [OP_LFS] = load_far, [OP_LGS] = load_far,
        [OP_PUSHF] = pushf, [OP_POPF] = popf, [OP_CLI] = cli, [OP_STI] = sti,
        [OP_LAR] = lar_lsl, [OP_LSL] = lar_lsl, [OP_VERR] = verr_verw, [OP_VERW] = verr_verw, [OP_ARPL] = arpl,
        [OP_SLDT] = sldt, [OP_STR] = str, [OP_LLDT] = lldt, [OP_LTR] = ltr,
        [OP_SGDT] = sgdt_sidt, [OP_SIDT] = sgdt_sidt, [OP_LGDT] = lgdt_lidt, [OP_LIDT] = lgdt_lidt,
        [OP_HLT] = hlt, [OP_UD2] = undefined, [OP_RSM] = undefined,
        [OP_MOV_FROM_CR] = mov_from_cr, [OP_MOV_TO_CR] = mov_to_cr, [OP_MOV_FROM_DR] = mov_from_dr, [OP_MOV_TO_DR] = mov_to_dr,
        [OP_MOV_FROM_TR] = mov_from_tr, [OP_MOV_TO_TR] = mov_to_tr, [OP_SMSW] = smsw, [OP_LMSW] = lmsw, [OP_CLTS] = clts,
        [OP_INVLPG] = cache_control, [OP_INVD] = cache_control, [OP_WBINVD] = cache_control,
        [OP_CPUID] = cpuid, [OP_RDTSC] = rdtsc, [OP_RDPMC] = rdpmc, [OP_RDMSR] = rdmsr, [OP_WRMSR] = wrmsr
    };
    /* clang-format on */
    return handlers[insn->operation];
}
