/* test_system.c - control registers, models, CPUID, model-specific registers, and the other system instructions (Intel
 * SDM vol. 2; vol. 3, chapter 2). */
#include "tests/unit/processor.h"

#define MOV_CR0_EAX 0x0F, 0x22, 0xC0
#define MOV_CR3_EAX 0x0F, 0x22, 0xD8
#define MOV_CR4_EAX 0x0F, 0x22, 0xE0

/* Runs code at CPL 0 with EAX set; whether it got to its end. Otherwise the vector's handler has halted. */
static bool runs(struct processor *p, uint32_t eax, const uint8_t *bytes, size_t length)
{
    p->cpu.reg[EAX] = eax;
    p->cpu.eip = AT_CODE;
    execute(p, bytes, length);
    return p->cpu.eip == AT_CODE + length + 1;
}
#define RUNS(p, eax, ...) runs(p, eax, CODE_BYTES(__VA_ARGS__))

/* --- CR0 --- */
static void paging_needs_protection(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);

    assert_false(RUNS(p, CR0_PG, MOV_CR0_EAX));
    expect_fault(p, EXC_GP, 0, AT_CODE);
    assert_false(RUNS(p, CR0_PE | CR0_NW, MOV_CR0_EAX));
    expect_fault(p, EXC_GP, 0, AT_CODE);
    assert_true(p->cpu.cr0 & CR0_PE);
    processor_free(p);
}

static void cr0_has_the_bits_of_its_model(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I386, 0);

    assert_true(RUNS(p, 0x7FFFFFFF & ~CR0_NW, MOV_CR0_EAX));
    assert_int_equal(p->cpu.cr0, CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET);
    processor_free(p);
    p = processor_protected(CPU_I486, 0);
    assert_true(RUNS(p, CR0_PE, MOV_CR0_EAX));
    assert_int_equal(p->cpu.cr0, CR0_PE | CR0_ET);
    processor_free(p);
}

static void protection_is_effective_at_once(void **state)
{
    (void)state;
    struct processor *p = processor_real(CPU_I386);

    p->cpu.gdtr = (struct table_register){AT_GDT, GDT_SIZE - 1};
    descriptor_put(p, AT_GDT + CODE, 0, UINT32_MAX, 0x9A, 0x40);
    descriptor_put(p, AT_GDT + DATA, 0, UINT32_MAX, 0x92, 0x40);
    code_put(p, AT_CODE_B, CODE_BYTES(0xB8, D(DATA), 0x8E, 0xD8, 0xA1, D(AT_DATA), 0xF4));
    poke(p, AT_DATA, 0xCAFEBABE, 4);
    RUN(p, 0x0F, 0x01, 0xE0, 0x0C, 0x01, 0x0F, 0x01, 0xF0, /* smsw ax; or al, 1; lmsw ax */
        0x66, 0xEA, D(AT_CODE_B), W(CODE) /* jmp far 32 */);
    assert_int_equal(p->cpu.reg[EAX], 0xCAFEBABE);
    processor_free(p);
}

static void lmsw_cannot_leave_protected_mode(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);

    assert_true(RUNS(p, CR0_TS, 0x0F, 0x01, 0xF0));
    assert_int_equal(p->cpu.cr0 & 15, CR0_PE | CR0_TS);
    assert_true(RUNS(p, 0, 0x0F, 0x06 /* clts */));
    assert_int_equal(p->cpu.cr0 & 15, CR0_PE);
    processor_free(p);
}

static void control_registers_are_for_cpl_0(void **state)
{
    (void)state;
    /* clang-format off */
    static const uint8_t forbidden[][3] = {
        { 0x0F, 0x20, 0xC0 }, { 0x0F, 0x22, 0xC0 }, { 0x0F, 0x01, 0xF0 }, { 0x0F, 0x06, 0x90 }, { 0x0F, 0x08, 0x90 }, { 0x0F, 0x09, 0x90 }, { 0x0F, 0x32, 0x90 },
        { 0x0F, 0x30, 0x90 }, { 0x0F, 0x21, 0xC0 }, { 0x0F, 0x23, 0xC0 }, { 0x0F, 0x00, 0xD0 }, { 0x0F, 0x00, 0xD8 }, { 0x0F, 0x01, 0x10 }, { 0x0F, 0x01, 0x38 }
    };
    /* clang-format on */

    for (unsigned n = 0; n < sizeof forbidden / sizeof *forbidden; n++) {
        struct processor *p = processor_protected(CPU_PENTIUM, 3);
        execute(p, forbidden[n], 3);
        expect_fault(p, EXC_GP, 0, AT_CODE);
        processor_free(p);
    }
}

/* --- CR4, paging --- */
static void a_block_that_remaps_its_own_page_continues_in_the_new_one(void **state)
{
    (void)state;
    static const uint8_t remap[] = {0xC7, 0x05, D(AT_CR3 + PAGE_SIZE + 4 * (AT_CODE / PAGE_SIZE)), D(AT_CODE_B + 7)};
    static const uint8_t here[] = {0xB0, 0x01, 0xF4}, there[] = {0xB0, 0x02, 0xF4}; /* mov al, N; hlt */
    struct processor *p = processor_protected(CPU_I486, 0);

    page_all_but(p, UINT32_MAX);
    code_put(p, AT_CODE, remap, sizeof remap);
    code_put(p, AT_CODE + sizeof remap, here, sizeof here);
    code_put(p, AT_CODE_B + sizeof remap, there, sizeof there);
    run(p, 1000);
    assert_true(p->cpu.halted_dead);
    assert_int_equal(p->cpu.reg[EAX] & 0xFF, 2);
    processor_free(p);
}

static void reserved_bits_of_cr4_fault(void **state)
{
    (void)state;
    static const uint32_t allowed[] = {[CPU_PENTIUM] = 0x5F,
                                       [CPU_PENTIUM_MMX] = 0x15F,
                                       [CPU_PENTIUM2] = 0x3FF,
                                       [CPU_PENTIUM3] = 0x7FF,
                                       [CPU_PENTIUM4] = 0x7FF};

    for (unsigned model = CPU_PENTIUM; model <= CPU_PENTIUM4; model++)
        for (unsigned bit = 0; bit < 32; bit++) {
            struct processor *p = processor_protected(model, 0);
            assert_int_equal(RUNS(p, 1u << bit, MOV_CR4_EAX), allowed[model] >> bit & 1);
            processor_free(p);
        }
}

static void cr4_came_with_the_pentium(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);

    assert_false(RUNS(p, 0, MOV_CR4_EAX));
    expect_vector(p, EXC_UD);
    processor_free(p);
}

static void reserved_bits_of_page_directory_pointers_fault_when_loaded(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_PENTIUM2, 0);
    const uint32_t cr0 = CR0_PG | CR0_PE;

    p->cpu.cr3 = AT_CR3;
    poke(p, AT_CR3 + 8, 0x3, 4); /* bit 1 */
    p->cpu.cr4 = CR4_PAE;
    assert_false(RUNS(p, cr0, MOV_CR0_EAX));
    expect_fault(p, EXC_GP, 0, AT_CODE);
    assert_false(p->cpu.cr0 & CR0_PG);
    poke(p, AT_CR3, 0x1000 + AT_CR3 + 1, 4);
    poke(p, AT_CR3 + 8, 0, 4);
    poke(p, AT_CR3 + 0x1000, 0x83, 4); /* a 2 MiB page, identical */
    assert_true(RUNS(p, cr0, MOV_CR0_EAX));
    assert_int_equal(p->cpu.pdpte[0], 0x1001 + AT_CR3);
    processor_free(p);
}

/* --- Models --- */
static uint32_t writable_flags(enum cpu_model model)
{
    struct processor *p = processor_protected(model, 0);
    uint32_t flags;

    RUN(p, 0x68, D(0x00240000), 0x9D, 0x9C, 0x58 /* push AC | ID; popfd; pushfd; pop eax */);
    flags = p->cpu.reg[EAX] & 0x00240000;
    processor_free(p);
    return flags;
}

static void ac_came_with_the_486_and_id_with_the_pentium(void **state)
{
    (void)state;
    assert_int_equal(writable_flags(CPU_I386), 0);
    assert_int_equal(writable_flags(CPU_I486), FLAG_AC);
    assert_int_equal(writable_flags(CPU_PENTIUM), FLAG_AC | FLAG_ID);
}

static void reset_leaves_the_signature_in_edx(void **state)
{
    (void)state;
    static const uint32_t signature[] = {0x0308, 0x0415, 0x052C, 0x0543, 0x0652, 0x0683, 0x0F12};

    for (unsigned model = CPU_I386; model <= CPU_PENTIUM4; model++) {
        struct processor *p = processor_new(model);
        assert_int_equal(p->cpu.reg[EDX], signature[model]);
        processor_free(p);
    }
}

static void cpuid(struct processor *p, uint32_t leaf)
{
    assert_true(RUNS(p, leaf, 0x0F, 0xA2));
}

static void cpuid_names_maker_model_and_features(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_PENTIUM2, 0);

    cpuid(p, 0);
    assert_int_equal(p->cpu.reg[EAX], 2);
    assert_memory_equal(&p->cpu.reg[EBX], "Genu", 4);
    assert_memory_equal(&p->cpu.reg[EDX], "ineI", 4);
    assert_memory_equal(&p->cpu.reg[ECX], "ntel", 4);
    cpuid(p, 1);
    assert_int_equal(p->cpu.reg[EAX], 0x652);
    assert_int_equal(p->cpu.reg[EDX] & (1 << 4 | 1 << 9 | 1 << 15), 1 << 4 | 1 << 15); /* TSC, no APIC, CMOV */
    cpuid(p, 2);
    assert_int_equal(p->cpu.reg[EDX], 0x0C040843);
    cpuid(p, 0x80000000); /* beyond the highest leaf: that leaf */
    assert_int_equal(p->cpu.reg[EDX], 0x0C040843);
    processor_free(p);
}

/* As Intel's application note 485 and dumps of these steppings have them, but for the local APIC (bit 9), which is not
 * there. */
static void features_are_those_of_the_part(void **state)
{
    (void)state;
    static const uint32_t features[] = {0, 0, 0x1BF, 0x8001BF, 0x183F9FF, 0x387F9FF, 0x3FEBF9FF};

    for (unsigned model = CPU_PENTIUM; model <= CPU_PENTIUM4; model++) {
        struct processor *p = processor_protected(model, 0);
        cpuid(p, 1);
        assert_int_equal(p->cpu.reg[EDX], features[model]);
        assert_int_equal(p->cpu.reg[EBX] >> 16, model == CPU_PENTIUM4); /* one logical processor */
        processor_free(p);
    }
}

static void the_serial_number_can_be_disabled(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_PENTIUM3, 0);

    cpuid(p, 3);
    assert_int_equal(p->cpu.reg[EAX] | p->cpu.reg[EBX] | p->cpu.reg[ECX] | p->cpu.reg[EDX], 0);
    p->cpu.reg[ECX] = 0x119;
    p->cpu.reg[EDX] = 0;
    assert_true(RUNS(p, 1u << 21, 0x0F, 0x30 /* wrmsr */));
    cpuid(p, 0);
    assert_int_equal(p->cpu.reg[EAX], 2);
    cpuid(p, 1);
    assert_int_equal(p->cpu.reg[EDX], 0x383F9FF);
    processor_free(p);
}

static void a_page_of_4_mib_above_4_gib_is_reserved(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_PENTIUM2, 0);

    p->cpu.cr4 |= CR4_PSE;
    poke(p, AT_CR3, 0x87, 4);              /* the first 4 MiB where they are */
    poke(p, AT_CR3 + 4, 0x87, 4);          /* the next show the same */
    poke(p, AT_CR3 + 8, 0x87 | 0x2000, 4); /* 4 GiB, by PSE-36 */
    poke(p, AT_CR3 + 12, 0x87 | 0x20000, 4);
    p->cpu.cr3 = AT_CR3;
    p->cpu.cr0 |= CR0_PG;
    mmu_flush(&p->cpu);
    poke(p, AT_DATA, 0xCAFEBABE, 4);
    assert_true(RUNS(p, 0, 0xA1, D(0x400000 + AT_DATA)));
    assert_int_equal(p->cpu.reg[EAX], 0xCAFEBABE);
    for (uint32_t page = 2; page < 4; page++) {
        assert_false(RUNS(p, 0, 0xA1, D(page * 0x400000 + AT_DATA)));
        expect_fault(p, EXC_PF, 9, AT_CODE); /* present, reserved */
        assert_int_equal(p->cpu.cr2, page * 0x400000 + AT_DATA);
    }
    processor_free(p);
}

static void a_manifest_may_limit_the_leaves(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_PENTIUM4, 0);

    p->cpu.cpuid_limit = 1;
    cpuid(p, 0);
    assert_int_equal(p->cpu.reg[EAX], 1);
    cpuid(p, 2);
    assert_int_equal(p->cpu.reg[EAX], 0xF12);
    processor_free(p);
}

static void the_pentium_4_has_a_name(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_PENTIUM4, 0);
    char name[48];

    for (unsigned n = 0; n < 3; n++) {
        cpuid(p, 0x80000002 + n);
        for (unsigned r = 0; r < 4; r++)
            store32((uint8_t *)name + 16 * n + 4 * r, p->cpu.reg[(const uint8_t[]){EAX, EBX, ECX, EDX}[r]]);
    }
    assert_string_equal(name, "Intel(R) Pentium(R) 4 CPU");
    processor_free(p);
}

/* --- Model-specific registers and counters --- */
static bool write_msr(struct processor *p, uint32_t number, uint64_t value)
{
    p->cpu.reg[ECX] = number;
    p->cpu.reg[EDX] = (uint32_t)(value >> 32);
    return RUNS(p, (uint32_t)value, 0x0F, 0x30);
}

static bool read_msr(struct processor *p, uint32_t number, uint64_t *value)
{
    bool done;

    p->cpu.reg[ECX] = number;
    done = RUNS(p, 0, 0x0F, 0x32);
    *value = p->cpu.reg[EAX] | (uint64_t)p->cpu.reg[EDX] << 32;
    return done;
}

static void known_registers_hold_and_unknown_ones_fault(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { uint32_t number; uint64_t good, bad; bool keeps; } cases[] = {
        { 0x2A, 0x123456789, 0, true }, { 0x8B, 0x1100000000, 0, true }, { 0x174, 0x08, UINT64_C(1) << 32, true }, { 0x176, 0xC0001000, UINT64_C(1) << 40, true },
        { 0x17A, 7, 8, true }, { 0x200, 0xE0000001, UINT64_C(1) << 36, true }, { 0x20F, 0xFC0000800, 0x400, true },
        { 0x250, UINT64_C(0x0606060606060606), 2, true }, { 0x26F, UINT64_C(0x0500050005000500), 0x0700, true },
        { 0x277, UINT64_C(0x0007010600070106), 3, true }, { 0x2FF, 0xC06, 0x1000, true }, { 0x400, UINT64_MAX, 0, true }, { 0x40C, 1, 0, true },
        { 0x401, 0, 1, true }, { 0x79, 0x1000, 0, false }, { 0x1B, 0xFEE00900, 0xFEE00200, true }
    };
    /* clang-format on */
    static const uint32_t unknown[] = {0x02,  0x11,  0xC3,  0x17B, 0x188,  0x1A0,
                                       0x1DA, 0x210, 0x251, 0x410, 0x1004, 0xC0000080};
    struct processor *p = processor_protected(CPU_PENTIUM2, 0);
    uint64_t value;

    for (unsigned n = 0; n < sizeof cases / sizeof *cases; n++) {
        assert_true(write_msr(p, cases[n].number, cases[n].good));
        if (cases[n].bad)
            assert_false(write_msr(p, cases[n].number, cases[n].bad));
        assert_int_equal(read_msr(p, cases[n].number, &value), cases[n].keeps);
        if (cases[n].keeps)
            assert_int_equal(value, cases[n].good);
    }
    assert_true(read_msr(p, 0xFE, &value));
    assert_int_equal(value, 0x508);
    assert_false(write_msr(p, 0xFE, 0x508));
    for (unsigned n = 0; n < sizeof unknown / sizeof *unknown; n++)
        assert_false(read_msr(p, unknown[n], &value));
    expect_fault(p, EXC_GP, 0, AT_CODE);
    processor_free(p);
}

static void reset_puts_registers_to_their_first_values(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_PENTIUM4, 0);
    uint64_t value;

    assert_true(read_msr(p, 0x277, &value));
    assert_int_equal(value, UINT64_C(0x0007040600070406));
    assert_true(read_msr(p, 0x1A0, &value));
    assert_int_equal(value, 0x1801);
    assert_true(read_msr(p, 0x1B, &value));
    assert_int_equal(value, 0xFEE00100);
    processor_free(p);
}

static void the_time_stamp_counts_instructions(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_PENTIUM, 0);

    RUN(p, 0x0F, 0x31, 0x89, 0xC3, 0x90, 0x0F, 0x31, 0x29, 0xD8 /* rdtsc; mov ebx, eax; nop; rdtsc; sub eax, ebx */);
    assert_int_equal(p->cpu.reg[EAX], 3);
    processor_free(p);
}

static void a_write_of_the_time_stamp_clears_its_upper_half(void **state)
{
    (void)state;
    for (unsigned model = CPU_PENTIUM; model <= CPU_PENTIUM4; model++) {
        struct processor *p = processor_protected(model, 0);
        assert_true(write_msr(p, 0x10, UINT64_C(0x5FFFFFFF0)));
        assert_true(RUNS(p, 0, 0x0F, 0x31));
        assert_int_equal(p->cpu.reg[EDX], 0);
        assert_in_range(p->cpu.reg[EAX], 0xFFFFFFF1, 0xFFFFFFF3);
        processor_free(p);
    }
}

/* Which models have a register, by a bit for each; the value that it holds from reset on; what it keeps of all ones in
 * its lower half, or 0 where that is #GP. */
static void each_model_has_the_registers_of_its_time(void **state)
{
    (void)state;
    enum {
        P5 = 1 << CPU_PENTIUM | 1 << CPU_PENTIUM_MMX,
        P6 = 1 << CPU_PENTIUM2 | 1 << CPU_PENTIUM3,
        P4 = 1 << CPU_PENTIUM4
    };
    /* clang-format off */
    static const struct { uint32_t number, models; uint64_t initial, kept; } registers[] = {
        { 0x11, P5, 0, 0 }, { 0x12, P5, 0, UINT32_MAX }, { 0x13, P5, 0, UINT32_MAX },
        { 0xC1, P6, 0, UINT64_C(0xFFFFFFFFFF) }, { 0xC2, P6, 0, UINT64_C(0xFFFFFFFFFF) }, { 0x119, P6, 0, UINT32_MAX },
        { 0x11E, 1 << CPU_PENTIUM2, 0x704501, 0 }, { 0x11E, 1 << CPU_PENTIUM3, 0x702501, 0 }, { 0x186, P6, 0, 0 }, { 0x187, P6, 0, 0 },
        { 0x19A, P4, 0, 0 }, { 0x19B, P4, 0, 0 }, { 0x19C, P4, 0, 0 }, { 0x1A0, P4, 0x1801, UINT32_MAX }, { 0x1D7, P4, 0, 0 }, { 0x1D8, P4, 0, 0 },
        { 0x1D9, P6 | P4, 0, 0 }, { 0x1DA, P4, 0, 0 }, { 0x1DB, P6 | P4, 0, 0 }, { 0x1DE, P6 | P4, 0, 0 }, { 0x1E0, P6, 4, 0 },
        { 0x600, P4, 0, UINT32_MAX }, { 0x1004, 0, 0, 0 }, { 0x14, 0, 0, 0 }, { 0xC3, 0, 0, 0 }
    };
    /* clang-format on */

    for (unsigned model = CPU_PENTIUM; model <= CPU_PENTIUM4; model++) {
        struct processor *p = processor_protected(model, 0);
        for (unsigned n = 0; n < sizeof registers / sizeof *registers; n++) {
            uint64_t value;
            bool there = registers[n].models >> model & 1;
            if (!there && registers[n].number == 0x11E)
                continue; /* the other model's row */
            assert_int_equal(read_msr(p, registers[n].number, &value), there);
            if (!there) {
                expect_fault(p, EXC_GP, 0, AT_CODE);
                assert_false(write_msr(p, registers[n].number, 0));
                continue;
            }
            assert_int_equal(value, registers[n].initial);
            assert_int_equal(write_msr(p, registers[n].number, UINT32_MAX), registers[n].kept != 0);
            assert_true(read_msr(p, registers[n].number, &value));
            assert_int_equal(value, registers[n].kept ? registers[n].kept : registers[n].initial);
        }
        processor_free(p);
    }
}

static void rdpmc_reads_the_counters_of_its_model(void **state)
{
    (void)state;
    static const struct {
        uint8_t model, number;
        uint32_t low, high;
    } cases[] = {{CPU_PENTIUM_MMX, 0x13, 0x80000001, 0x12},
                 {CPU_PENTIUM2, 0xC2, 0x80000001, 0xFF},
                 {CPU_PENTIUM3, 0xC2, 0x80000001, 0xFF}};

    for (unsigned n = 0; n < sizeof cases / sizeof *cases; n++) {
        struct processor *p = processor_protected(cases[n].model, 0);
        assert_true(write_msr(p, cases[n].number, UINT64_C(0x1280000001)));
        p->cpu.reg[ECX] = 1;
        assert_true(RUNS(p, 0, 0x0F, 0x33));
        assert_int_equal(p->cpu.reg[EAX], cases[n].low);
        assert_int_equal(p->cpu.reg[EDX], cases[n].high);
        processor_free(p);
    }
}

static void tsd_and_pce_decide_what_users_may_count(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_PENTIUM_MMX, 3);

    p->cpu.cr4 = CR4_TSD | CR4_PCE;
    p->cpu.reg[ECX] = 1;
    RUN(p, 0x0F, 0x33, 0x0F, 0x31 /* rdpmc; rdtsc */);
    expect_fault(p, EXC_GP, 0, AT_CODE + 2);
    processor_free(p);
    p = processor_protected(CPU_PENTIUM_MMX, 0);
    p->cpu.reg[ECX] = 2;
    assert_false(RUNS(p, 0, 0x0F, 0x33));
    processor_free(p);
}

/* --- SYSENTER --- */
static void sysenter_and_sysexit_cross_without_a_gate(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_PENTIUM2, 3);

    p->cpu.sysenter_cs = CODE;
    p->cpu.sysenter_eip = AT_CODE_B;
    p->cpu.sysenter_esp = AT_INNER_STACK;
    p->cpu.reg[EDX] = AT_CODE + 2;
    p->cpu.reg[ECX] = AT_USER_STACK - 16;
    code_put(p, AT_CODE_B, CODE_BYTES(0x8C, 0xC8, 0x0F, 0x35)); /* mov eax, cs; sysexit */
    RUN(p, 0x0F, 0x34, 0x8C, 0xCB /* sysenter; mov ebx, cs */);
    expect_fault(p, EXC_GP, 0, AT_CODE + 4); /* HLT at CPL 3 */
    assert_int_equal(p->cpu.reg[EAX], CODE);
    assert_int_equal(p->cpu.reg[EBX], (CODE + 16) | 3);
    assert_int_equal(on_stack(p, 4), AT_USER_STACK - 16);
    assert_int_equal(on_stack(p, 5), (CODE + 24) | 3);
    processor_free(p);
}

static void sysenter_without_a_selector_faults(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_PENTIUM2, 0);

    p->cpu.sysenter_cs = 3;
    RUN(p, 0x0F, 0x34);
    expect_fault(p, EXC_GP, 0, AT_CODE);
    processor_free(p);
}

/* --- Table registers --- */
static void lgdt_takes_24_bits_with_a_16_bit_operand_and_sgdt_stores_32(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);

    poke(p, AT_DATA, 0x56781234, 4);
    poke(p, AT_DATA + 4, 0xFFFF9ABC, 4);
    RUN(p, 0x0F, 0x01, 0x1D, D(AT_DATA), 0x66, 0x0F, 0x01, 0x0D, D(AT_DATA + 16), 0x66, 0x0F, 0x01, 0x1D, D(AT_DATA),
        0x0F, 0x01, 0x0D, D(AT_DATA + 32));
    assert_int_equal(peek(p, AT_DATA + 16, 2), 0x1234);
    assert_int_equal(peek(p, AT_DATA + 18, 4), 0x9ABC5678);
    assert_int_equal(peek(p, AT_DATA + 34, 4), 0x00BC5678);
    processor_free(p);
}

static void ltr_marks_the_tss_busy(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);

    assert_true(RUNS(p, TSS_B, 0x0F, 0x00, 0xD8));
    assert_int_equal(p->cpu.tr.base, AT_TSS_B);
    assert_int_equal(peek(p, AT_GDT + TSS_B + 5, 1), 0x8B);
    assert_false(RUNS(p, TSS_B, 0x0F, 0x00, 0xD8));
    expect_fault(p, EXC_GP, TSS_B, AT_CODE);
    assert_false(RUNS(p, 0, 0x0F, 0x00, 0xD8));
    expect_fault(p, EXC_GP, 0, AT_CODE);
    processor_free(p);
}

/* --- HLT, interrupts, coprocessor --- */
static void sti_hlt_sleeps_until_the_interrupt(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);

    RUN(p, 0xFB, 0xF4 /* sti; hlt */);
    assert_false(p->cpu.halted_dead);
    assert_int_equal(p->cpu.left, 0);
    assert_int_equal(p->cpu.eip, AT_CODE + 2);
    p->irq = 0x40;
    cpu_set_intr(&p->cpu, true);
    run(p, 10);
    expect_vector(p, 0x40);
    assert_int_equal(on_stack(p, 0), AT_CODE + 2);
    processor_free(p);
}

static void pvi_lends_vif_to_users(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_PENTIUM, 3);

    p->cpu.cr4 = CR4_PVI;
    RUN(p, 0xFB /* sti */);
    expect_fault(p, EXC_GP, 0, AT_CODE + 1); /* HLT */
    assert_int_equal(on_stack(p, 3) & (FLAG_IF | FLAG_VIF), FLAG_VIF);
    processor_free(p);
}

static void coprocessor_instructions_need_em_and_ts_clear(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I386, 0);

    assert_true(RUNS(p, 0xFFFF, 0xDB, 0xE3, 0xDF, 0xE0, 0x9B /* fninit; fnstsw ax; wait */));
    assert_int_equal(p->cpu.reg[EAX], 0);
    p->cpu.cr0 |= CR0_TS;
    assert_true(RUNS(p, 0, 0x9B));
    assert_false(RUNS(p, 0, 0xDB, 0xE3));
    expect_vector(p, EXC_NM);
    p->cpu.cr0 |= CR0_MP;
    assert_false(RUNS(p, 0, 0x9B));
    expect_vector(p, EXC_NM);
    processor_free(p);
}

/* --- Debug and test registers --- */
static void dr4_and_dr5_are_dr6_and_dr7_until_de(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_PENTIUM, 0);

    assert_true(RUNS(p, 0xFFFFFFFF, 0x0F, 0x23, 0xE0 /* mov dr4, eax */));
    assert_int_equal(p->cpu.dr[6], 0xFFFFEFFF);
    assert_true(RUNS(p, 0, 0x0F, 0x23, 0xE8, 0x0F, 0x21, 0xE8 /* mov dr5, eax; mov eax, dr5 */));
    assert_int_equal(p->cpu.reg[EAX], 0x400);
    p->cpu.cr4 = CR4_DE;
    assert_false(RUNS(p, 0, 0x0F, 0x23, 0xE0));
    expect_vector(p, EXC_UD);
    processor_free(p);
}

static void test_registers_ended_with_the_486(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);

    assert_true(RUNS(p, 0x12345678, 0x0F, 0x26, 0xD8, 0x31, 0xC0, 0x0F, 0x24,
                     0xD8 /* mov tr3, eax; xor eax, eax; mov eax, tr3 */));
    assert_int_equal(p->cpu.reg[EAX], 0x12345678);
    processor_free(p);
    p = processor_protected(CPU_PENTIUM, 0);
    assert_false(RUNS(p, 0, 0x0F, 0x26, 0xF0));
    expect_vector(p, EXC_UD);
    processor_free(p);
}

static void loadall_is_an_invalid_instruction(void **state)
{
    (void)state;
    for (unsigned model = CPU_I386; model <= CPU_PENTIUM4; model++) {
        static const uint8_t loadall[][2] = {{0x0F, 0x05}, {0x0F, 0x07}}; /* of the 80286, of the 80386 */

        for (unsigned n = 0; n < sizeof loadall / sizeof *loadall; n++) {
            struct processor *p = processor_protected(model, 0);
            assert_false(RUNS(p, 0, loadall[n][0], loadall[n][1]));
            expect_vector(p, EXC_UD);
            processor_free(p);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paging_needs_protection),
        cmocka_unit_test(cr0_has_the_bits_of_its_model),
        cmocka_unit_test(protection_is_effective_at_once),
        cmocka_unit_test(lmsw_cannot_leave_protected_mode),
        cmocka_unit_test(a_block_that_remaps_its_own_page_continues_in_the_new_one),
        cmocka_unit_test(control_registers_are_for_cpl_0),
        cmocka_unit_test(reserved_bits_of_cr4_fault),
        cmocka_unit_test(cr4_came_with_the_pentium),
        cmocka_unit_test(reserved_bits_of_page_directory_pointers_fault_when_loaded),
        cmocka_unit_test(ac_came_with_the_486_and_id_with_the_pentium),
        cmocka_unit_test(reset_leaves_the_signature_in_edx),
        cmocka_unit_test(cpuid_names_maker_model_and_features),
        cmocka_unit_test(features_are_those_of_the_part),
        cmocka_unit_test(a_page_of_4_mib_above_4_gib_is_reserved),
        cmocka_unit_test(the_serial_number_can_be_disabled),
        cmocka_unit_test(a_write_of_the_time_stamp_clears_its_upper_half),
        cmocka_unit_test(each_model_has_the_registers_of_its_time),
        cmocka_unit_test(rdpmc_reads_the_counters_of_its_model),
        cmocka_unit_test(a_manifest_may_limit_the_leaves),
        cmocka_unit_test(the_pentium_4_has_a_name),
        cmocka_unit_test(known_registers_hold_and_unknown_ones_fault),
        cmocka_unit_test(reset_puts_registers_to_their_first_values),
        cmocka_unit_test(the_time_stamp_counts_instructions),
        cmocka_unit_test(tsd_and_pce_decide_what_users_may_count),
        cmocka_unit_test(sysenter_and_sysexit_cross_without_a_gate),
        cmocka_unit_test(sysenter_without_a_selector_faults),
        cmocka_unit_test(lgdt_takes_24_bits_with_a_16_bit_operand_and_sgdt_stores_32),
        cmocka_unit_test(ltr_marks_the_tss_busy),
        cmocka_unit_test(sti_hlt_sleeps_until_the_interrupt),
        cmocka_unit_test(pvi_lends_vif_to_users),
        cmocka_unit_test(coprocessor_instructions_need_em_and_ts_clear),
        cmocka_unit_test(dr4_and_dr5_are_dr6_and_dr7_until_de),
        cmocka_unit_test(test_registers_ended_with_the_486),
        cmocka_unit_test(loadall_is_an_invalid_instruction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
