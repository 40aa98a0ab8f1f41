/* models.c - what distinguishes the processor models for software: CPUID, counters, model-specific registers (Intel SDM
 * vol. 2, CPUID; vol. 3 section 11.11 and appendix B; application note 485). spec/processor.md has the same tables.
 *
 * A feature bit is set when the feature is there: that of the local APIC while it is on. */
#include "emu/cpu/models.h"

#include "emu/cpu/system_operands.h"

#define MODEL_NAME "Intel(R) Pentium(R) 4 CPU"

/* clang-format off */
/* CPUID leaf 1, EDX. */
enum {
    HAS_FPU = 1, HAS_VME = 1 << 1, HAS_DE = 1 << 2, HAS_PSE = 1 << 3, HAS_TSC = 1 << 4, HAS_MSR = 1 << 5, HAS_PAE = 1 << 6, HAS_MCE = 1 << 7, HAS_CX8 = 1 << 8, HAS_APIC = 1 << 9,
    HAS_SEP = 1 << 11, HAS_MTRR = 1 << 12, HAS_PGE = 1 << 13, HAS_MCA = 1 << 14, HAS_CMOV = 1 << 15, HAS_PAT = 1 << 16,
    HAS_PSE36 = 1 << 17, HAS_PSN = 1 << 18, HAS_CLFSH = 1 << 19, HAS_DS = 1 << 21, HAS_ACPI = 1 << 22, HAS_MMX = 1 << 23, HAS_FXSR = 1 << 24,
    HAS_SSE = 1 << 25, HAS_SSE2 = 1 << 26, HAS_SS = 1 << 27, HAS_HTT = 1 << 28, HAS_TM = 1 << 29,
    PENTIUM_FEATURES = HAS_FPU | HAS_VME | HAS_DE | HAS_PSE | HAS_TSC | HAS_MSR | HAS_MCE | HAS_CX8,
    P6_FEATURES = PENTIUM_FEATURES | HAS_PAE | HAS_SEP | HAS_MTRR | HAS_PGE | HAS_MCA | HAS_CMOV | HAS_PAT | HAS_PSE36 | HAS_MMX | HAS_FXSR,
    P4_FEATURES = P6_FEATURES | HAS_SSE | HAS_SSE2 | HAS_CLFSH | HAS_DS | HAS_ACPI | HAS_SS | HAS_HTT | HAS_TM
};
/* clang-format on */

struct model {
    uint32_t signature; /* leaf 1 EAX, and EDX after reset: family, model, stepping */
    uint32_t features;  /* leaf 1 EDX */
    uint32_t brand;     /* leaf 1 EBX: brand index; bits 15-8: bytes that CLFLUSH flushes, by eight; bits 23-16: logical
                           processors */
    uint32_t max_leaf;  /* 0: no CPUID */
    uint32_t caches[4]; /* leaf 2 */
};

/* clang-format off */
static const struct model models[] = {
    [CPU_I386]        = { .signature = 0x0308 },                                                 /* 80386DX, stepping D1 */
    [CPU_I486]        = { .signature = 0x0415 },                                                 /* i486DX-50, before CPUID */
    [CPU_PENTIUM]     = { 0x052C, PENTIUM_FEATURES, 0, 1, { 0 } },                               /* P54C */
    [CPU_PENTIUM_MMX] = { 0x0543, PENTIUM_FEATURES | HAS_MMX, 0, 1, { 0 } },                     /* P55C */
    [CPU_PENTIUM2]    = { 0x0652, P6_FEATURES, 0, 2, { 0x03020101, 0, 0, 0x0C040843 } },         /* Deschutes: 16 + 16 KiB, 512 KiB */
    [CPU_PENTIUM3]    = { 0x0683, P6_FEATURES | HAS_SSE | HAS_PSN, 2, 3, { 0x03020101, 0, 0, 0x0C040882 } }, /* Coppermine: 16 + 16 KiB, 256 KiB */
    [CPU_PENTIUM4]    = { 0x0F12, P4_FEATURES, 0x010808, 2, { 0x665B5001, 0, 0, 0x007A7040 } } /* Willamette: 12 Kuops, 8 KiB, 256 KiB */
};
/* clang-format on */

/* --- CPUID --- */
#define SLOT_BBL_CR_CTL 42          /* in cpu->msr */
#define APIC_BASE_RESET 0xFEE00900u /* on, and this is the processor that starts */
#define APIC_BASE_ON 0x800u
#define NUMBER_DISABLED (1u << 21) /* of BBL_CR_CTL: the serial number, and its leaf, are gone */

static void four_words(uint32_t *words, const char *text)
{
    for (unsigned n = 0; n < 4; n++)
        words[n] = load32((const uint8_t *)text + 4 * n);
}

/* EAX EBX ECX EDX of a leaf. One that is not there gives those of the highest standard leaf. */
static void cpuid_leaf(const struct cpu *cpu, uint32_t leaf, uint32_t words[4])
{
    static const char name[48] = MODEL_NAME;
    const struct model *m = &models[cpu->model];
    bool local_apic = cpu->apic_base_written.set && cpu->apic_base & APIC_BASE_ON;
    bool numbered = m->features & HAS_PSN && !(cpu->msr[SLOT_BBL_CR_CTL] & NUMBER_DISABLED);
    uint32_t own = m->features & HAS_PSN && !numbered ? m->max_leaf - 1 : m->max_leaf,
             highest = own < cpu->cpuid_limit ? own : cpu->cpuid_limit;

    memset(words, 0, 4 * sizeof *words);
    if (cpu->model >= CPU_PENTIUM4 && leaf >= 0x80000000 && leaf <= 0x80000004) {
        if (leaf == 0x80000000)
            words[0] = 0x80000004;
        else if (leaf > 0x80000001)
            four_words(words, name + 16 * (leaf - 0x80000002));
        return;
    }
    switch (leaf < highest ? leaf : highest) {
    case 0:
        words[0] = highest;
        words[1] = 0x756E6547; /* GenuineIntel, in EBX EDX ECX */
        words[3] = 0x49656E69;
        words[2] = 0x6C65746E;
        break;
    case 1:
        words[0] = m->signature;
        words[1] = m->brand;
        words[3] = (m->features & ~(uint32_t)(numbered ? 0 : HAS_PSN)) | (local_apic ? HAS_APIC : 0);
        break;
    case 3: /* the serial number: 0 */ break;
    default: memcpy(words, m->caches, sizeof m->caches); break;
    }
}

int cpuid(struct cpu *cpu, const struct insn *i)
{
    uint32_t words[4];

    cpuid_leaf(cpu, cpu->reg[EAX], words);
    cpu->reg[EAX] = words[0];
    cpu->reg[EBX] = words[1];
    cpu->reg[ECX] = words[2];
    cpu->reg[EDX] = words[3];
    return NEXT(cpu, i);
}

/* --- Counters --- */
#define SLOT_CTR 38     /* the Pentium's, in cpu->msr */
#define SLOT_PERFCTR 40 /* P6's */

static void set_pair(struct cpu *cpu, uint64_t value)
{
    cpu->reg[EAX] = (uint32_t)value;
    cpu->reg[EDX] = (uint32_t)(value >> 32);
}

int rdtsc(struct cpu *cpu, const struct insn *i)
{
    if (cpu->cpl && cpu->cr4 & CR4_TSD)
        return raise_error(cpu, i, EXC_GP, 0);
    cpu_sync(cpu, i);
    set_pair(cpu, clock_now(cpu->clock) + cpu->tsc_base);
    return NEXT(cpu, i);
}

/* Performance counters hold what was written and count nothing. There are two; of the Pentium 4's eighteen all are
 * 0. */
int rdpmc(struct cpu *cpu, const struct insn *i)
{
    uint32_t counters = cpu->model >= CPU_PENTIUM4 ? 18 : 2;

    if ((cpu->cpl && !(cpu->cr4 & CR4_PCE)) || cpu->reg[ECX] >= counters)
        return raise_error(cpu, i, EXC_GP, 0);
    set_pair(cpu, cpu->model >= CPU_PENTIUM4
                      ? 0
                      : cpu->msr[(cpu->model >= CPU_PENTIUM2 ? SLOT_PERFCTR : SLOT_CTR) + cpu->reg[ECX]]);
    return NEXT(cpu, i);
}

/* --- Model-specific registers --- */
/* clang-format off */
enum msr_kind {
    MSR_HOLD,         /* holds what is written; bits outside of `writable` are #GP(0) */
    MSR_TYPES,        /* holds eight memory types, of which `writable` has the bits: fixed-range MTRRs, PAT */
    MSR_CONSTANT,     /* reads as `initial`; a write is #GP(0) */
    MSR_ZERO,         /* reads as 0; only 0 may be written */
    MSR_WRITE_ONLY,   /* a read is #GP(0); a write does nothing */
    MSR_COUNTER,      /* holds the bits of `writable` of what is written */
    MSR_COUNTER_32,   /* the same, with bit 31 repeated in all above it */
    MSR_TSC, MSR_APIC_BASE, MSR_SYSENTER
};
/* clang-format on */

struct msr_row {
    uint32_t first, last;
    uint8_t kind, first_model, last_model;
    uint8_t slot; /* of the first, in cpu->msr */
    uint64_t writable, initial;
};

#define ALL_BITS UINT64_MAX
#define PHYSICAL UINT64_C(0xFFFFFF000) /* a page's address among 36 bits */
#define COUNTER UINT64_C(0xFFFFFFFFFF) /* 40 bits */
enum { P5 = CPU_PENTIUM, P55 = CPU_PENTIUM_MMX, P6 = CPU_PENTIUM2, P3 = CPU_PENTIUM3, P4 = CPU_PENTIUM4 };

/* clang-format off */
static const struct msr_row msr_rows[] = {
    { 0x000, 0x001, MSR_ZERO,       P5, P4, 0, 0, 0 },                       /* P5_MC_ADDR, P5_MC_TYPE */
    { 0x010, 0x010, MSR_TSC,        P5, P4, 0, ALL_BITS, 0 },                /* IA32_TIME_STAMP_COUNTER */
    { 0x011, 0x011, MSR_HOLD,       P5, P55, 37, 0x3FF03FF, 0 },             /* CESR */
    { 0x012, 0x013, MSR_COUNTER,    P5, P55, SLOT_CTR, COUNTER, 0 },         /* CTR0, CTR1 */
    { 0x017, 0x017, MSR_CONSTANT,   P6, P4, 0, 0, 0 },                       /* IA32_PLATFORM_ID */
    { 0x01B, 0x01B, MSR_APIC_BASE,  P6, P4, 0, PHYSICAL | 0x900, UINT64_C(0xFEE00100) }, /* IA32_APIC_BASE: off, as there is none */
    { 0x02A, 0x02A, MSR_HOLD,       P6, P4, 0, ALL_BITS, 0 },                /* EBL_CR_POWERON */
    { 0x079, 0x079, MSR_WRITE_ONLY, P6, P4, 0, ALL_BITS, 0 },                /* IA32_BIOS_UPDT_TRIG */
    { 0x08B, 0x08B, MSR_HOLD,       P6, P4, 1, ALL_BITS, 0 },                /* IA32_BIOS_SIGN_ID */
    { 0x0C1, 0x0C2, MSR_COUNTER_32, P6, P3, SLOT_PERFCTR, COUNTER, 0 },      /* PERFCTR0, PERFCTR1 */
    { 0x0FE, 0x0FE, MSR_CONSTANT,   P6, P4, 0, 0, 0x508 },                   /* IA32_MTRRCAP: 8 variable, fixed, write-combining */
    { 0x119, 0x119, MSR_HOLD,       P6, P3, SLOT_BBL_CR_CTL, ALL_BITS, 0 },  /* BBL_CR_CTL */
    { 0x11E, 0x11E, MSR_HOLD,       P6, P6, 43, 0x2FFFFFF, 0x704501 },       /* BBL_CR_CTL3: 512 KiB in four ways, for all of 64 GiB */
    { 0x11E, 0x11E, MSR_HOLD,       P3, P3, 43, 0x2FFFFFF, 0x702501 },       /* 256 KiB */
    { 0x174, 0x176, MSR_SYSENTER,   P6, P4, 0, UINT32_MAX, 0 },              /* IA32_SYSENTER_CS, _ESP, _EIP */
    { 0x179, 0x179, MSR_CONSTANT,   P6, P4, 0, 0, 4 },                       /* IA32_MCG_CAP: 4 banks */
    { 0x17A, 0x17A, MSR_HOLD,       P6, P4, 2, 7, 0 },                       /* IA32_MCG_STATUS */
    { 0x186, 0x187, MSR_HOLD,       P6, P3, 44, 0xFFDFFFFF, 0 },             /* EVNTSEL0, EVNTSEL1 */
    { 0x19A, 0x19A, MSR_HOLD,       P4, P4, 48, 0x1E, 0 },                   /* IA32_CLOCK_MODULATION */
    { 0x19B, 0x19B, MSR_HOLD,       P4, P4, 49, 3, 0 },                      /* IA32_THERM_INTERRUPT */
    { 0x19C, 0x19C, MSR_ZERO,       P4, P4, 0, 0, 0 },                       /* IA32_THERM_STATUS */
    { 0x1A0, 0x1A0, MSR_HOLD,       P4, P4, 3, ALL_BITS, 0x1801 },           /* IA32_MISC_ENABLE: fast strings; neither BTS nor PEBS */
    { 0x1D7, 0x1D8, MSR_ZERO,       P4, P4, 0, 0, 0 },                       /* LER_FROM_LIP, LER_TO_LIP */
    { 0x1D9, 0x1D9, MSR_HOLD,       P6, P4, 46, 0x7F, 0 },                   /* DEBUGCTL */
    { 0x1DA, 0x1DA, MSR_ZERO,       P4, P4, 0, 0, 0 },                       /* LASTBRANCH_TOS */
    { 0x1DB, 0x1DE, MSR_ZERO,       P6, P4, 0, 0, 0 },                       /* last branches, exceptions and interrupts */
    { 0x1E0, 0x1E0, MSR_HOLD,       P6, P3, 47, 6, 4 },                      /* ROB_CR_BKUPTMPDR6: fast strings */
    { 0x200, 0x20F, MSR_HOLD,       P6, P4, 4, PHYSICAL | 0x8FF, 0 },        /* IA32_MTRR_PHYSBASE0, _PHYSMASK0 ... */
    { 0x250, 0x250, MSR_TYPES,      P6, P4, 20, 0x73, 0 },                   /* IA32_MTRR_FIX64K_00000 */
    { 0x258, 0x259, MSR_TYPES,      P6, P4, 21, 0x73, 0 },                   /* IA32_MTRR_FIX16K_80000, _A0000 */
    { 0x268, 0x26F, MSR_TYPES,      P6, P4, 23, 0x73, 0 },                   /* IA32_MTRR_FIX4K_C0000 ... _F8000 */
    { 0x277, 0x277, MSR_TYPES,      P6, P4, 31, 0xF3, UINT64_C(0x0007040600070406) }, /* IA32_PAT */
    { 0x2FF, 0x2FF, MSR_HOLD,       P6, P4, 32, 0xCFF, 0 },                  /* IA32_MTRR_DEF_TYPE */
    { 0x400, 0x400, MSR_HOLD,       P6, P4, 33, ALL_BITS, 0 },               /* IA32_MC0_CTL */
    { 0x404, 0x404, MSR_HOLD,       P6, P4, 34, ALL_BITS, 0 },               /* IA32_MC1_CTL */
    { 0x408, 0x408, MSR_HOLD,       P6, P4, 35, ALL_BITS, 0 },               /* IA32_MC2_CTL */
    { 0x40C, 0x40C, MSR_HOLD,       P6, P4, 36, ALL_BITS, 0 },               /* IA32_MC3_CTL */
    { 0x400, 0x40F, MSR_ZERO,       P6, P4, 0, 0, 0 },                       /* IA32_MCi_STATUS, _ADDR, _MISC */
    { 0x600, 0x600, MSR_HOLD,       P4, P4, 50, UINT32_MAX, 0 }              /* IA32_DS_AREA */
};
/* clang-format on */
#define MSR_ROWS (sizeof msr_rows / sizeof *msr_rows)

/* The first row that fits: what a later one says of the same register does not count. */
static const struct msr_row *msr_find(const struct cpu *cpu, uint32_t number)
{
    for (unsigned n = 0; n < MSR_ROWS; n++) {
        const struct msr_row *row = &msr_rows[n];
        if (row->first <= number && number <= row->last && row->first_model <= cpu->model &&
            cpu->model <= row->last_model)
            return row;
    }
    return NULL;
}

static uint32_t *sysenter_register(struct cpu *cpu, uint32_t number)
{
    uint32_t *const registers[] = {&cpu->sysenter_cs, &cpu->sysenter_esp, &cpu->sysenter_eip};
    return registers[number - 0x174];
}

static bool msr_read(struct cpu *cpu, uint32_t number, uint64_t *value)
{
    const struct msr_row *row = msr_find(cpu, number);

    *value = 0;
    if (!row)
        return false;
    /* clang-format off */
    switch (row->kind) {
    case MSR_HOLD:
    case MSR_COUNTER:
    case MSR_COUNTER_32:
    case MSR_TYPES:      *value = cpu->msr[row->slot + number - row->first]; return true;
    case MSR_CONSTANT:   *value = row->initial; return true;
    case MSR_TSC:        *value = clock_now(cpu->clock) + cpu->tsc_base; return true;
    case MSR_APIC_BASE:  *value = cpu->apic_base; return true;
    case MSR_SYSENTER:   *value = *sysenter_register(cpu, number); return true;
    case MSR_WRITE_ONLY: return false;
    default:             return true;
    }
    /* clang-format on */
}

static bool types_valid(uint64_t value, uint64_t allowed)
{
    for (unsigned n = 0; n < 64; n += 8)
        if ((value >> n & 0xFF) > 7 || !(allowed >> (value >> n & 7) & 1))
            return false;
    return true;
}

static bool msr_write(struct cpu *cpu, uint32_t number, uint64_t value)
{
    const struct msr_row *row = msr_find(cpu, number);

    if (!row || row->kind == MSR_CONSTANT)
        return false;
    if (row->kind == MSR_COUNTER_32)
        value = (uint64_t)(int64_t)(int32_t)(uint32_t)value;
    if (row->kind == MSR_COUNTER || row->kind == MSR_COUNTER_32)
        value &= row->writable;
    if (row->kind == MSR_TYPES ? !types_valid(value, row->writable) : (value & ~row->writable) != 0)
        return false;
    switch (row->kind) {
    case MSR_HOLD:
    case MSR_COUNTER:
    case MSR_COUNTER_32:
    case MSR_TYPES: cpu->msr[row->slot + number - row->first] = value; break;
    case MSR_TSC: cpu->tsc_base = (uint32_t)value - clock_now(cpu->clock); break; /* the upper half becomes 0 */
    case MSR_APIC_BASE:
        cpu->apic_base = value;
        line_set(&cpu->apic_base_written, true);
        break;
    case MSR_SYSENTER: *sysenter_register(cpu, number) = (uint32_t)value; break;
    }
    return true;
}

static uint64_t pair(const struct cpu *cpu)
{
    return cpu->reg[EAX] | (uint64_t)cpu->reg[EDX] << 32;
}

int rdmsr(struct cpu *cpu, const struct insn *i)
{
    uint64_t value;

    cpu_sync(cpu, i);
    if (cpu->cpl || !msr_read(cpu, cpu->reg[ECX], &value))
        return raise_error(cpu, i, EXC_GP, 0);
    set_pair(cpu, value);
    return NEXT(cpu, i);
}

int wrmsr(struct cpu *cpu, const struct insn *i)
{
    cpu_sync(cpu, i);
    if (cpu->cpl || !msr_write(cpu, cpu->reg[ECX], pair(cpu)))
        return raise_error(cpu, i, EXC_GP, 0);
    return leave(cpu, i);
}

uint32_t system_reset(struct cpu *cpu)
{
    cpu->tsc_base = 0 - clock_now(cpu->clock);
    cpu->sysenter_cs = cpu->sysenter_esp = cpu->sysenter_eip = 0;
    cpu->apic_base = 0;
    memset(cpu->msr, 0, sizeof cpu->msr);
    for (unsigned n = 0; n < MSR_ROWS; n++) {
        const struct msr_row *row = &msr_rows[n];
        if (cpu->model < row->first_model || cpu->model > row->last_model)
            continue;
        if (row->kind == MSR_APIC_BASE)
            cpu->apic_base = row->initial;
        for (uint32_t r = row->first; r <= row->last && (row->kind == MSR_HOLD || row->kind == MSR_TYPES); r++)
            cpu->msr[row->slot + r - row->first] = row->initial;
    }
    if (cpu->apic_base_written.set)
        cpu->apic_base = APIC_BASE_RESET;
    return models[cpu->model].signature;
}
