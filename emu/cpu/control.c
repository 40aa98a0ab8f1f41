/* control.c - control, debug and test registers (Intel SDM vol. 3, sections 2.5, 4.4.1 and 17.2; test registers: i486
 * manual, chapter 10). */
#include "emu/cpu/control.h"

#include "emu/cpu/segments.h"
#include "emu/cpu/system_operands.h"

/* --- CR0, CR3, CR4 --- */
static uint32_t cr0_implemented(const struct cpu *cpu)
{
    uint32_t bits = CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_PG;

    return cpu->model == CPU_I386 ? bits | CR0_ET : bits | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD;
}

static uint32_t cr4_implemented(const struct cpu *cpu)
{
    uint32_t bits = CR4_VME | CR4_PVI | CR4_TSD | CR4_DE | CR4_PSE | CR4_MCE;

    if (cpu->model >= CPU_PENTIUM_MMX)
        bits |= CR4_PCE;
    if (cpu->model >= CPU_PENTIUM2)
        bits |= CR4_PAE | CR4_PGE | CR4_OSFXSR;
    if (cpu->model >= CPU_PENTIUM3)
        bits |= CR4_OSXMMEXCPT;
    return bits;
}

/* Reads the four page directory pointers: bits 1, 2, 5-8 and 36-63 of a present one are reserved. */
static unsigned pdpte_load(struct cpu *cpu, uint32_t cr3)
{
    uint64_t pdpte[4];

    for (unsigned n = 0; n < 4; n++) {
        uint32_t at = (cr3 & ~31u) + 8 * n;
        pdpte[n] = memory_read(cpu->memory, at, 4) | (uint64_t)memory_read(cpu->memory, at + 4, 4) << 32;
        if (pdpte[n] & 1 && pdpte[n] & UINT64_C(0xFFFFFFF0000001E6))
            return fault(cpu, EXC_GP, 0);
    }
    memcpy(cpu->pdpte, pdpte, sizeof pdpte);
    return ACCESS_DONE;
}

unsigned cr3_write(struct cpu *cpu, uint32_t value)
{
    if (cpu->cr0 & CR0_PG && cpu->cr4 & CR4_PAE && pdpte_load(cpu, value))
        return ACCESS_FAULT;
    cpu->cr3 = value;
    mmu_switch(cpu);
    return ACCESS_DONE;
}

static unsigned cr0_write(struct cpu *cpu, uint32_t value)
{
    uint32_t changed;

    value = (value & cr0_implemented(cpu)) | (cpu->model == CPU_I386 ? 0 : CR0_ET);
    if ((value & CR0_PG && !(value & CR0_PE)) || (value & CR0_NW && !(value & CR0_CD)))
        return fault(cpu, EXC_GP, 0);
    changed = value ^ cpu->cr0;
    if (changed & (CR0_PG | CR0_CD | CR0_NW) && value & CR0_PG && cpu->cr4 & CR4_PAE && pdpte_load(cpu, cpu->cr3))
        return ACCESS_FAULT;
    cpu->cr0 = value;
    if (changed & (CR0_PE | CR0_PG | CR0_WP | CR0_AM))
        mmu_flush(cpu);
    if (changed & CR0_PE)
        cpu_mode_changed(cpu);
    return ACCESS_DONE;
}

static unsigned cr4_write(struct cpu *cpu, uint32_t value)
{
    uint32_t changed = value ^ cpu->cr4;

    if (value & ~cr4_implemented(cpu))
        return fault(cpu, EXC_GP, 0);
    if (changed & (CR4_PAE | CR4_PSE | CR4_PGE) && value & CR4_PAE && cpu->cr0 & CR0_PG && pdpte_load(cpu, cpu->cr3))
        return ACCESS_FAULT;
    cpu->cr4 = value;
    if (changed & (CR4_PAE | CR4_PSE))
        mmu_flush(cpu);
    else
        mmu_switch(cpu); /* PDPTEs may have been loaded */
    return ACCESS_DONE;
}

int mov_from_cr(struct cpu *cpu, const struct insn *i)
{
    const uint32_t value[] = {cpu->cr0, 0, cpu->cr2, cpu->cr3, cpu->cr4}; /* the table has no other */

    if (cpu->cpl)
        return raise_error(cpu, i, EXC_GP, 0);
    cpu->reg[i->dst] = value[i->src];
    return NEXT(cpu, i);
}

int mov_to_cr(struct cpu *cpu, const struct insn *i)
{
    uint32_t value = cpu->reg[i->src];
    unsigned status = ACCESS_DONE;

    if (cpu->cpl)
        return raise_error(cpu, i, EXC_GP, 0);
    cpu_sync(cpu, i);
    switch (i->dst) {
    case 0: status = cr0_write(cpu, value); break;
    case 2: cpu->cr2 = value; break;
    case 3: status = cr3_write(cpu, value); break;
    case 4: status = cr4_write(cpu, value); break;
    }
    return status ? cpu_fault_exit(cpu, i) : leave(cpu, i);
}

int smsw(struct cpu *cpu, const struct insn *i)
{
    return store_word(cpu, i, cpu->cr0);
}

/* PE can be set, not cleared. */
int lmsw(struct cpu *cpu, const struct insn *i)
{
    uint32_t value;

    if (cpu->cpl)
        return raise_error(cpu, i, EXC_GP, 0);
    if (selector_operand(cpu, i, &value))
        return cpu_fault_exit(cpu, i);
    value = (cpu->cr0 & ~(CR0_MP | CR0_EM | CR0_TS)) | (value & (CR0_PE | CR0_MP | CR0_EM | CR0_TS));
    return cr0_write(cpu, value) ? cpu_fault_exit(cpu, i) : leave(cpu, i);
}

int clts(struct cpu *cpu, const struct insn *i)
{
    if (cpu->cpl)
        return raise_error(cpu, i, EXC_GP, 0);
    cpu->cr0 &= ~CR0_TS;
    return NEXT(cpu, i);
}

/* INVD, WBINVD and INVLPG: the guest sees neither cache nor TLB. */
int cache_control(struct cpu *cpu, const struct insn *i)
{
    if (cpu->cpl)
        return raise_error(cpu, i, EXC_GP, 0);
    return NEXT(cpu, i);
}

/* --- Debug registers --- */
#define DR6_BD 0x2000u
#define DR7_GD 0x2000u
#define DR_MODELS_TO_486(cpu, old, new) ((cpu)->model <= CPU_I486 ? (old) : (new))

/* DR4 and DR5 are DR6 and DR7, or with CR4.DE nothing; with DR7.GD any access is #DB. */
static unsigned dr_access(struct cpu *cpu, unsigned n, unsigned *which)
{
    *which = n == 4 || n == 5 ? n + 2 : n;
    if (*which != n && cpu->cr4 & CR4_DE)
        return fault_plain(cpu, EXC_UD);
    if (cpu->dr[7] & DR7_GD) {
        cpu->pending_debug |= DR6_BD;
        return fault_plain(cpu, EXC_DB);
    }
    return cpu->cpl ? fault(cpu, EXC_GP, 0) : ACCESS_DONE;
}

int mov_from_dr(struct cpu *cpu, const struct insn *i)
{
    unsigned n;

    if (dr_access(cpu, i->src, &n))
        return cpu_fault_exit(cpu, i);
    cpu->reg[i->dst] = cpu->dr[n];
    return NEXT(cpu, i);
}

/* Bits without a meaning have fixed values; to the 486, DR6 bit 12 and those of DR7 are memory. */
int mov_to_dr(struct cpu *cpu, const struct insn *i)
{
    uint32_t value = cpu->reg[i->src];
    unsigned n;

    if (dr_access(cpu, i->dst, &n))
        return cpu_fault_exit(cpu, i);
    if (n == 6)
        value = (value & DR_MODELS_TO_486(cpu, 0xF00Fu, 0xE00Fu)) | 0xFFFF0FF0;
    else if (n == 7)
        value = (value & DR_MODELS_TO_486(cpu, 0xFFFFFFFFu, 0xFFFF2FFFu)) | 0x400;
    cpu->dr[n] = value;
    cpu_update_step(cpu);
    mmu_flush(cpu); /* accesses to pages with a breakpoint do not take the fast path */
    return leave(cpu, i);
}

/* --- Test registers --- They test caches that software cannot see, and hold what was written. */
int mov_from_tr(struct cpu *cpu, const struct insn *i)
{
    if (cpu->cpl)
        return raise_error(cpu, i, EXC_GP, 0);
    cpu->reg[i->dst] = cpu->tr_test[i->src];
    return NEXT(cpu, i);
}

int mov_to_tr(struct cpu *cpu, const struct insn *i)
{
    if (cpu->cpl)
        return raise_error(cpu, i, EXC_GP, 0);
    cpu->tr_test[i->dst] = cpu->reg[i->src];
    return NEXT(cpu, i);
}
