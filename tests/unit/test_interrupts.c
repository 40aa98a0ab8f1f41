/* test_interrupts.c - delivery of interrupts and exceptions, IRET, debug traps, task switches (Intel SDM vol. 3,
 * chapters 6, 7, 17, 20). */
#include "tests/unit/processor.h"

static uint32_t flags_of(struct processor *p)
{
    return flags_read(&p->cpu);
}

static void set_flags(struct processor *p, uint32_t flags)
{
    flags_write(&p->cpu, flags, flags);
}

/* --- Real mode --- */
static void real_mode_int_saves_three_words_and_clears_if_and_tf(void **state)
{
    (void)state;
    struct processor *p = processor_real(CPU_I386);

    set_flags(p, FLAG_IF | FLAG_CF);
    RUN(p, 0xCD, 0x21);
    expect_vector(p, 0x21);
    assert_int_equal(peek(p, AT_STACK - 6, 2), 2);
    assert_int_equal(peek(p, AT_STACK - 4, 2), AT_CODE >> 4);
    assert_int_equal(peek(p, AT_STACK - 2, 2), FLAG_FIXED | FLAG_IF | FLAG_CF);
    assert_false(flags_of(p) & FLAG_IF);
    processor_free(p);
}

static void real_mode_has_no_vector_beyond_the_idt_limit(void **state)
{
    (void)state;
    struct processor *p = processor_real(CPU_I386);

    p->cpu.idtr.limit = 4 * 0x21 + 2;
    RUN(p, 0xCD, 0x21);
    expect_vector(p, EXC_GP);
    assert_int_equal(peek(p, AT_STACK - 6, 2), 0);
    processor_free(p);
}

/* --- Protected mode --- */
static void an_interrupt_gate_clears_if_and_a_trap_gate_does_not(void **state)
{
    (void)state;
    for (unsigned trap = 0; trap < 2; trap++) {
        struct processor *p = processor_protected(CPU_I486, 0);
        gate_put(p, AT_IDT + 8 * 0x30, CODE, handler(0x30), 0x8E | trap, 0);
        code_put(p, handler(0x30), CODE_BYTES(0xEB, 0xFE));
        set_flags(p, FLAG_IF | FLAG_NT);
        RUN(p, 0xCD, 0x30);
        assert_int_equal(!(flags_of(p) & FLAG_IF), !trap);
        assert_false(flags_of(p) & FLAG_NT);
        assert_int_equal(on_stack(p, 0), AT_CODE + 2);
        assert_int_equal(on_stack(p, 1), CODE);
        assert_int_equal(on_stack(p, 2), FLAG_FIXED | FLAG_IF | FLAG_NT);
        processor_free(p);
    }
}

static void int_n_asks_for_the_privilege_of_its_gate(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 3);

    RUN(p, 0xCD, 0x30);
    expect_fault(p, EXC_GP, 8 * 0x30 + 2, AT_CODE);
    processor_free(p);

    p = processor_protected(CPU_I486, 3);
    RUN(p, 0x0F, 0x0B); /* an exception does not ask */
    expect_vector(p, EXC_UD);
    processor_free(p);
}

static void an_absent_gate_is_np_with_ext_only_when_the_program_did_not_ask(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_PENTIUM2, 0);

    gate_put(p, AT_IDT + 8 * 0x30, CODE, handler(0x30), 0x0E, 0);
    RUN(p, 0xCD, 0x30);
    expect_fault(p, EXC_NP, 8 * 0x30 + 2, AT_CODE);
    processor_free(p);

    p = processor_protected(CPU_PENTIUM2, 0);
    gate_put(p, AT_IDT + 8 * EXC_UD, CODE, handler(EXC_UD), 0x0E, 0);
    RUN(p, 0x0F, 0x0B);
    expect_fault(p, EXC_NP, 8 * EXC_UD + 3, AT_CODE);
    processor_free(p);
}

static void an_inner_handler_gets_the_stack_of_the_tss(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 3);
    const uint32_t frame[] = {0, AT_CODE, USER_CODE, FLAG_FIXED | FLAG_RF, AT_USER_STACK, USER_DATA};

    RUN(p, 0xF4);
    expect_vector(p, EXC_GP);
    assert_int_equal(p->cpu.reg[ESP], AT_INNER_STACK - 24);
    for (unsigned n = 0; n < 6; n++)
        assert_int_equal(on_stack(p, n), frame[n]);
    assert_int_equal(p->cpu.seg[SEG_DS].selector, USER_DATA); /* stays */
    processor_free(p);
}

static void rf_is_saved_set_by_faults_and_clear_by_traps(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);

    RUN(p, 0xCC);
    expect_vector(p, EXC_BP);
    assert_int_equal(on_stack(p, 2), FLAG_FIXED);
    processor_free(p);
}

static void a_fault_in_the_delivery_of_a_fault_is_a_double_fault(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);

    gate_put(p, AT_IDT + 8 * EXC_GP, CODE, handler(EXC_GP), 0x0E, 0);
    RUN(p, 0x31, 0xC0, 0x8E, 0xD0 /* mov ss, 0 */);
    expect_fault(p, EXC_DF, 0, AT_CODE + 2);
    processor_free(p);
}

static void a_fault_in_the_delivery_of_a_double_fault_shuts_down(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);

    p->cpu.idtr.limit = 0;
    RUN(p, 0x0F, 0x0B);
    assert_true(p->cpu.attention & ATTENTION_SHUTDOWN);
    assert_false(p->cpu.halted_dead);
    processor_free(p);
}

static void every_exception_takes_one_tick(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_PENTIUM2, 0);

    code_put(p, AT_CODE, CODE_BYTES(0x90, 0x90, 0x0F, 0x0B)); /* nop; nop; ud2 */
    run(p, 3);
    assert_int_equal(p->cpu.eip, handler(EXC_UD));
    assert_int_equal(p->cpu.left, 0);
    processor_free(p);
}

/* A stack out of alignment, and handlers of the user's own: #AC comes in the delivery of #AC; or, as its gate is not
 * there, a page fault, and #AC in the delivery of that. */
static void time_passes_while_exceptions_raise_each_other_without_end(void **state)
{
    (void)state;
    for (unsigned paged = 0; paged < 2; paged++) {
        struct processor *p = processor_protected(CPU_PENTIUM2, 3);
        const uint32_t absent = 0x30000;
        uint64_t start;

        p->cpu.idtr.base = absent - 8 * EXC_MF; /* the gate of #AC is the second in that page */
        gate_put(p, p->cpu.idtr.base + 8 * EXC_AC, USER_CODE, handler(EXC_AC), 0x8E, 0);
        gate_put(p, p->cpu.idtr.base + 8 * EXC_PF, USER_CODE, handler(EXC_PF), 0x8E, 0);
        if (paged)
            page_all_but(p, absent);
        p->cpu.cr0 |= CR0_AM;
        set_flags(p, FLAG_AC);
        p->cpu.reg[ESP] = AT_USER_STACK + 1;
        p->cpu.reg[ECX] = AT_DATA + 1;
        start = clock_now(&p->clock);
        code_put(p, AT_CODE, CODE_BYTES(0x8B, 0x01)); /* mov eax, [ecx] */
        run(p, 100);
        assert_int_equal(clock_now(&p->clock) - start, 100);
        assert_int_equal(p->cpu.eip, AT_CODE);
        assert_int_equal(p->cpu.reg[ESP], AT_USER_STACK + 1);
        processor_free(p);
    }
}

static void an_external_interrupt_waits_one_instruction_behind_sti_and_mov_ss(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);

    p->irq = 0x40;
    cpu_set_intr(&p->cpu, true);
    RUN(p, 0xFB, 0x40, 0x40 /* sti; inc eax; inc eax */);
    expect_vector(p, 0x40);
    assert_int_equal(on_stack(p, 0), AT_CODE + 2);
    processor_free(p);

    p = processor_protected(CPU_I486, 0);
    set_flags(p, FLAG_IF);
    code_put(p, AT_CODE, CODE_BYTES(0x8C, 0xD0, 0x8E, 0xD0, 0x40, 0x40)); /* mov eax, ss; mov ss, ax; inc eax; inc eax
                                                                           */
    run(p, 2);
    p->irq = 0x40;
    cpu_set_intr(&p->cpu, true);
    run(p, 10);
    expect_vector(p, 0x40);
    assert_int_equal(on_stack(p, 0), AT_CODE + 5);
    processor_free(p);
}

static void tf_traps_one_instruction_later_behind_mov_ss_but_not_behind_lss(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);

    p->cpu.reg[EAX] = DATA;
    set_flags(p, FLAG_TF);
    RUN(p, 0x8E, 0xD0, 0x40, 0x40 /* mov ss, ax; inc eax; inc eax */);
    expect_vector(p, EXC_DB);
    assert_int_equal(on_stack(p, 0), AT_CODE + 3);
    processor_free(p);

    p = processor_protected(CPU_I486, 0);
    poke(p, AT_DATA, AT_STACK, 4);
    poke(p, AT_DATA + 4, DATA, 2);
    set_flags(p, FLAG_TF);
    RUN(p, 0x0F, 0xB2, 0x25, D(AT_DATA), 0x40 /* lss esp, [data]; inc eax */);
    expect_vector(p, EXC_DB);
    assert_int_equal(on_stack(p, 0), AT_CODE + 7);
    processor_free(p);
}

/* --- IRET --- */
static void iret_to_the_user_drops_inner_data_segments(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);

    segment_flat(p, SEG_ES, USER_DATA);
    poke(p, AT_CODE_B, 0xF4, 1);
    RUN(p, 0x6A, USER_DATA, 0x68, D(AT_USER_STACK), 0x68, D(FLAG_IOPL | FLAG_FIXED), 0x6A, USER_CODE, 0x68,
        D(AT_CODE_B), 0xCF);
    expect_fault(p, EXC_GP, 0, AT_CODE_B);
    assert_int_equal(on_stack(p, 2), USER_CODE);
    assert_int_equal(on_stack(p, 3) & FLAG_IOPL, FLAG_IOPL);
    assert_int_equal(on_stack(p, 4), AT_USER_STACK);
    assert_int_equal(p->cpu.seg[SEG_DS].rights, 0);
    assert_int_equal(p->cpu.seg[SEG_ES].selector, USER_DATA);
    processor_free(p);
}

static void the_user_cannot_raise_if_or_iopl(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 3);

    RUN(p, 0x68, D(FLAG_IF | FLAG_IOPL | FLAG_CF), 0x9D /* popfd */);
    expect_vector(p, EXC_GP); /* HLT */
    assert_int_equal(on_stack(p, 3) & (FLAG_IF | FLAG_IOPL | FLAG_CF), FLAG_CF);
    processor_free(p);
}

static void iret_enters_virtual_8086_mode(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);
    const uint32_t frame[] = {0xFFFF0000, AT_CODE_B >> 4, FLAG_VM | FLAG_FIXED, 0x12345678, 0, 0x1111, 0x2222,
                              0x3333,     0x4444};

    p->cpu.reg[ESP] -= sizeof frame;
    for (unsigned n = 0; n < 9; n++)
        poke(p, p->cpu.reg[ESP] + 4 * n, frame[n], 4);
    poke(p, AT_CODE_B, 0xF4, 1);
    RUN(p, 0xCF);
    expect_fault(p, EXC_GP, 0, 0);
    assert_int_equal(on_stack(p, 2), AT_CODE_B >> 4);
    assert_int_equal(on_stack(p, 4), 0x12345678);
    for (unsigned n = 0; n < 4; n++)
        assert_int_equal(on_stack(p, 6 + n), frame[5 + n]); /* ES DS FS GS */
    processor_free(p);
}

/* --- Virtual-8086 mode --- */
static void a_v86_fault_saves_and_clears_the_segments(void **state)
{
    (void)state;
    struct processor *p = processor_v86(CPU_I386, 0);

    segment_set_real(&p->cpu, SEG_DS, 0x1234);
    segment_set_real(&p->cpu, SEG_GS, 0x5678);
    RUN(p, 0xFA /* cli */);
    expect_fault(p, EXC_GP, 0, 0);
    assert_int_equal(p->cpu.reg[ESP], AT_INNER_STACK - 40);
    assert_int_equal(on_stack(p, 3), FLAG_FIXED | FLAG_VM | FLAG_RF);
    assert_int_equal(on_stack(p, 7), 0x1234);
    assert_int_equal(on_stack(p, 9), 0x5678);
    assert_int_equal(p->cpu.seg[SEG_DS].rights, 0);
    assert_false(flags_of(p) & FLAG_VM);
    assert_int_equal(p->cpu.cpl, 0);
    processor_free(p);
}

static void v86_traps_what_iopl_forbids(void **state)
{
    (void)state;
    const struct {
        uint8_t bytes[2];
        bool faults_at_3;
    } cases[] = {{{0xFA, 0x90}, false}, {{0xFB, 0x90}, false}, {{0x9C, 0x90}, false},
                 {{0x9D, 0x90}, false}, {{0xCD, 0x30}, false}, {{0xF4, 0x90}, true}};

    for (unsigned iopl = 0; iopl < 4; iopl += 3)
        for (unsigned n = 0; n < sizeof cases / sizeof *cases; n++) {
            struct processor *p = processor_v86(CPU_I486, iopl);
            bool software = cases[n].bytes[0] == 0xCD;
            if (software)
                gate_put(p, AT_IDT + 8 * 0x30, CODE, handler(0x30), 0xEE, 0);
            execute(p, cases[n].bytes, 2);
            if (software && iopl == 3)
                expect_vector(p, 0x30);
            else
                expect_fault(p, EXC_GP, 0, iopl < 3 || cases[n].faults_at_3 ? 0 : 2); /* or the HLT after it */
            processor_free(p);
        }
}

static void vme_redirects_interrupts_and_lends_vif(void **state)
{
    (void)state;
    struct processor *p = processor_v86(CPU_PENTIUM, 0);

    p->cpu.cr4 = CR4_VME;
    poke(p, AT_TSS + 0x88 - 32 + 0x30 / 8, 0xFE, 1); /* vector 30h */
    poke(p, 4 * 0x30, (uint32_t)(AT_CODE_B >> 4) << 16 | 0x0010, 4);
    code_put(p, AT_CODE_B + 0x10, CODE_BYTES(0xF4));
    RUN(p, 0xFB, 0xCD, 0x30 /* sti; int 30h */);
    expect_fault(p, EXC_GP, 0, 0x10);
    assert_int_equal(on_stack(p, 2), AT_CODE_B >> 4);
    assert_int_equal(on_stack(p, 3) & (FLAG_VIF | FLAG_IF), 0);
    assert_int_equal(on_stack(p, 4), AT_USER_STACK - 6);
    assert_int_equal(peek(p, AT_USER_STACK - 6, 2), 3);
    assert_int_equal(peek(p, AT_USER_STACK - 2, 2), FLAG_FIXED | FLAG_IF | FLAG_IOPL);
    processor_free(p);
}

/* --- Debugging --- */
static void tf_traps_behind_each_instruction(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);

    RUN(p, 0x68, D(FLAG_TF | FLAG_FIXED), 0x9D, 0x40, 0x40 /* popfd; inc eax; inc eax */);
    expect_vector(p, EXC_DB);
    assert_int_equal(on_stack(p, 0), AT_CODE + 7);
    assert_int_equal(on_stack(p, 2) & (FLAG_TF | FLAG_RF), FLAG_TF);
    assert_int_equal(p->cpu.dr[6], 0xFFFF4FF0);
    processor_free(p);
}

static void a_code_breakpoint_faults_once_and_rf_steps_over_it(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);

    p->cpu.dr[1] = AT_CODE + 1;
    p->cpu.dr[7] = 0x400 | 1 << 2;
    cpu_update_step(&p->cpu);
    code_put(p, handler(EXC_DB), CODE_BYTES(0x0F, 0xBA, 0x6C, 0x24, 0x08, 0x10, 0xCF)); /* bts [esp + 8], 16; iret */
    RUN(p, 0x40, 0x40, 0x40 /* inc eax, three times */);
    assert_int_equal(p->cpu.reg[EAX], 3);
    assert_int_equal(p->cpu.dr[6], 0xFFFF0FF2);
    assert_int_equal(p->cpu.eip, AT_CODE + 4);
    assert_false(flags_of(p) & FLAG_RF);
    processor_free(p);
}

static void rf_lasts_for_all_repetitions_of_a_string_instruction(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);

    p->cpu.dr[1] = AT_CODE;
    p->cpu.dr[7] = 0x400 | 1 << 2;
    p->cpu.reg[ECX] = 5;
    p->cpu.reg[EDI] = AT_DATA;
    cpu_update_step(&p->cpu);
    code_put(p, handler(EXC_DB), CODE_BYTES(0x43, 0x0F, 0xBA, 0x6C, 0x24, 0x08, 0x10, 0xCF)); /* inc ebx; bts [esp + 8],
                                                                                                 16; iret */
    RUN(p, 0xF3, 0xAA, 0x40 /* rep stosb; inc eax */);
    assert_int_equal(p->cpu.reg[EBX], 1);
    assert_int_equal(p->cpu.reg[ECX], 0);
    assert_int_equal(p->cpu.reg[EAX], 1);
    processor_free(p);
}

static void tf_traps_behind_an_into_that_is_not_taken(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);

    RUN(p, 0x68, D(FLAG_TF | FLAG_FIXED), 0x9D, 0xCE, 0x40 /* popfd; into; inc eax */);
    expect_vector(p, EXC_DB);
    assert_int_equal(on_stack(p, 0), AT_CODE + 7);
    processor_free(p);
}

static void a_data_breakpoint_traps_behind_the_access(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);

    p->cpu.reg[EBX] = AT_DATA + 4;
    RUN(p, 0x0F, 0x23, 0xC3, 0xB8, D(0x000D0401), 0x0F, 0x23, 0xF8, /* mov dr0, ebx; mov dr7: 4 bytes, writes */
        0xA1, D(AT_DATA + 4), 0xA2, D(AT_DATA + 7), 0x40 /* mov eax, [data + 4]; mov [data + 7], al; inc eax */);
    expect_vector(p, EXC_DB);
    assert_int_equal(on_stack(p, 0), AT_CODE + 21);
    assert_int_equal(p->cpu.dr[6], 0xFFFF0FF1);
    processor_free(p);
}

static void a_port_breakpoint_traps_behind_the_access(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_PENTIUM, 0);

    p->cpu.cr4 = CR4_DE;
    p->cpu.dr[2] = 0x80;
    p->cpu.dr[7] = 0x400 | 1 << 4 | 2 << 24; /* DR2: one byte, port */
    RUN(p, 0xE6, 0x81, 0xE4, 0x80, 0x40 /* out 81h, al; in al, 80h; inc eax */);
    expect_vector(p, EXC_DB);
    assert_int_equal(on_stack(p, 0), AT_CODE + 4);
    assert_int_equal(p->cpu.dr[6], 0xFFFF0FF4);
    processor_free(p);
}

static void gd_guards_the_debug_registers(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);

    p->cpu.dr[7] = 0x2400;
    RUN(p, 0x0F, 0x21, 0xC0 /* mov eax, dr0 */);
    expect_vector(p, EXC_DB);
    assert_int_equal(on_stack(p, 0), AT_CODE);
    assert_int_equal(p->cpu.dr[6], 0xFFFF2FF0);
    assert_int_equal(p->cpu.dr[7], 0x400);
    processor_free(p);
}

/* --- Task switches --- */
static void task_b(struct processor *p, uint32_t eip, uint32_t flags)
{
    /* clang-format off */
    const struct { unsigned at; uint32_t value; } fields[] = {
        { 0x20, eip }, { 0x24, flags }, { 0x28, 0xB0B0B0B0 }, { 0x38, AT_INNER_STACK }, { 0x48, DATA }, { 0x4C, CODE }, { 0x50, DATA }, { 0x54, DATA },
        { 0x58, 0 }, { 0x5C, 0 }, { 0x60, LDT }, { 0x64, 0 }
    };
    /* clang-format on */

    for (unsigned n = 0; n < sizeof fields / sizeof *fields; n++)
        poke(p, AT_TSS_B + fields[n].at, fields[n].value, 4);
    poke(p, AT_CODE_B, 0xF4, 1);
}

static uint32_t tss_type(struct processor *p, uint16_t selector)
{
    return peek(p, AT_GDT + selector + 5, 1) & 0x1F;
}

static void a_jump_to_a_task_hands_over_the_busy_bit(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);

    task_b(p, AT_CODE_B, FLAG_FIXED);
    RUN(p, 0xEA, D(0), W(TSS_B));
    assert_int_equal(p->cpu.eip, AT_CODE_B + 1);
    assert_int_equal(p->cpu.reg[EAX], 0xB0B0B0B0);
    assert_int_equal(p->cpu.tr.selector, TSS_B);
    assert_int_equal(tss_type(p, TSS), 9);
    assert_int_equal(tss_type(p, TSS_B), 11);
    assert_true(p->cpu.cr0 & CR0_TS);
    assert_false(flags_of(p) & FLAG_NT);
    assert_int_equal(peek(p, AT_TSS + 0x20, 4), AT_CODE + 7);
    assert_int_equal(peek(p, AT_TSS + 0x38, 4), AT_STACK);
    assert_int_equal(peek(p, AT_TSS + 0x4C, 2), CODE);
    processor_free(p);
}

static void a_called_task_returns_by_iret_with_nt(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);

    task_b(p, AT_CODE_B, FLAG_FIXED);
    code_put(p, AT_CODE_B, CODE_BYTES(0x9C, 0x5B, 0xCF)); /* pushfd; pop ebx; iretd */
    RUN(p, 0x9A, D(0), W(TASK_GATE));
    assert_int_equal(p->cpu.eip, AT_CODE + 8);
    assert_int_equal(p->cpu.tr.selector, TSS);
    assert_int_equal(tss_type(p, TSS), 11);
    assert_int_equal(tss_type(p, TSS_B), 9);
    assert_int_equal(peek(p, AT_TSS_B, 2), TSS);
    assert_int_equal(peek(p, AT_TSS_B + 0x34, 4), FLAG_FIXED | FLAG_NT); /* EBX */
    assert_int_equal(peek(p, AT_TSS_B + 0x20, 4), AT_CODE_B + 3);
    assert_int_equal(peek(p, AT_TSS_B + 0x24, 4) & FLAG_NT, 0);
    processor_free(p);
}

static void an_exception_through_a_task_gate_pushes_its_error_code_there(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 3);

    task_b(p, AT_CODE_B, FLAG_FIXED);
    gate_put(p, AT_IDT + 8 * EXC_GP, TSS_B, 0, 0x85, 0);
    RUN(p, 0xB8, D(GDT_SIZE), 0x8E, 0xD8 /* mov ds, ax */);
    assert_int_equal(p->cpu.eip, AT_CODE_B + 1);
    assert_int_equal(on_stack(p, 0), GDT_SIZE);
    assert_int_equal(p->cpu.reg[ESP], AT_INNER_STACK - 4);
    assert_int_equal(peek(p, AT_TSS + 0x20, 4), AT_CODE + 5);
    assert_int_equal(peek(p, AT_TSS + 0x24, 4) & FLAG_RF, FLAG_RF);
    assert_true(flags_of(p) & FLAG_NT);
    processor_free(p);
}

/* The handler's stack is missing: PF, from which only another task can recover. */
static void a_page_fault_in_a_delivery_takes_its_place(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 3);

    task_b(p, AT_CODE_B, FLAG_FIXED);
    poke(p, AT_TSS_B + 0x38, AT_STACK, 4);
    poke(p, AT_TSS_B + 0x1C, AT_CR3, 4);
    gate_put(p, AT_IDT + 8 * EXC_PF, TSS_B, 0, 0x85, 0);
    gate_put(p, AT_IDT + 8 * 0x30, CODE, handler(0x30), 0xEE, 0);
    page_all_but(p, AT_INNER_STACK - PAGE_SIZE);
    RUN(p, 0xCD, 0x30);
    assert_int_equal(p->cpu.eip, AT_CODE_B + 1);
    assert_int_equal(on_stack(p, 0), 2); /* absent, write, supervisor */
    assert_int_equal(p->cpu.cr2, AT_INNER_STACK - 4);
    assert_int_equal(peek(p, AT_TSS + 0x20, 4), AT_CODE);
    assert_int_equal(peek(p, AT_TSS + 0x38, 4), AT_USER_STACK);
    processor_free(p);
}

static void a_page_fault_in_the_delivery_of_a_page_fault_is_a_double_fault(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 3);

    task_b(p, AT_CODE_B, FLAG_FIXED);
    poke(p, AT_TSS_B + 0x38, AT_STACK, 4);
    poke(p, AT_TSS_B + 0x1C, AT_CR3, 4);
    gate_put(p, AT_IDT + 8 * EXC_DF, TSS_B, 0, 0x85, 0);
    page_all_but(p, AT_INNER_STACK - PAGE_SIZE);
    RUN(p, 0xA1, D(MACHINE_RAM) /* mov eax, [beyond the tables] */);
    assert_int_equal(p->cpu.eip, AT_CODE_B + 1);
    assert_int_equal(on_stack(p, 0), 0);
    assert_int_equal(peek(p, AT_TSS + 0x20, 4), AT_CODE);
    processor_free(p);
}

static void a_bad_selector_faults_in_the_new_task(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);

    task_b(p, AT_CODE_B, FLAG_FIXED);
    poke(p, AT_TSS_B + 0x4C, ABSENT_CODE, 2);
    poke(p, AT_TSS_B + 4, 0x6800, 4);
    poke(p, AT_TSS_B + 8, DATA, 4);
    RUN(p, 0xEA, D(0), W(TSS_B));
    expect_fault(p, EXC_NP, ABSENT_CODE, AT_CODE_B);
    assert_int_equal(p->cpu.tr.selector, TSS_B);
    assert_int_equal(tss_type(p, TSS), 9);
    processor_free(p);
}

static void a_task_with_a_short_tss_is_refused_in_the_old_one(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);

    descriptor_put(p, AT_GDT + TSS_B, AT_TSS_B, 0x66, 0x89, 0);
    RUN(p, 0xEA, D(0), W(TSS_B));
    expect_fault(p, EXC_TS, TSS_B, AT_CODE);
    assert_int_equal(p->cpu.tr.selector, TSS);
    processor_free(p);
}

static void a_16_bit_task_has_words(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);
    const uint16_t words[] = {(uint16_t)0x8000, FLAG_FIXED, 0x1111, 0x2222,  0x3333, 0x4444, 0x6000, 0x6666,
                              0x7777,           0x8888,     DATA,   CODE_16, DATA,   DATA,   0};

    for (unsigned n = 0; n < 15; n++)
        poke(p, AT_TSS_16 + 0x0E + 2 * n, words[n], 2);
    poke(p, 0x8000, 0xF4, 1);
    RUN(p, 0xEA, D(0), W(TSS_16));
    assert_int_equal(p->cpu.eip, 0x8001);
    assert_int_equal(p->cpu.reg[ECX], 0xFFFF2222);
    assert_int_equal(p->cpu.seg[SEG_FS].rights, 0);
    processor_free(p);
}

static void the_t_bit_traps_before_the_first_instruction(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);

    task_b(p, AT_CODE_B, FLAG_FIXED);
    poke(p, AT_TSS_B + 0x64, 1, 2);
    RUN(p, 0xEA, D(0), W(TSS_B));
    expect_vector(p, EXC_DB);
    assert_int_equal(on_stack(p, 0), AT_CODE_B);
    assert_int_equal(p->cpu.dr[6], 0xFFFF8FF0);
    processor_free(p);
}

/* --- Ports --- */
static void the_io_map_opens_ports_one_by_one(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 3);

    poke(p, AT_TSS + 0x88 + 0x60 / 8, 0xFC, 1); /* 60h and 61h */
    RUN(p, 0xE4, 0x61, 0x66, 0xE5, 0x60, 0x66, 0xE5, 0x61 /* in al, 61h; in ax, 60h; in ax, 61h */);
    expect_fault(p, EXC_GP, 0, AT_CODE + 5);
    processor_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_mode_int_saves_three_words_and_clears_if_and_tf),
        cmocka_unit_test(real_mode_has_no_vector_beyond_the_idt_limit),
        cmocka_unit_test(an_interrupt_gate_clears_if_and_a_trap_gate_does_not),
        cmocka_unit_test(int_n_asks_for_the_privilege_of_its_gate),
        cmocka_unit_test(an_absent_gate_is_np_with_ext_only_when_the_program_did_not_ask),
        cmocka_unit_test(an_inner_handler_gets_the_stack_of_the_tss),
        cmocka_unit_test(rf_is_saved_set_by_faults_and_clear_by_traps),
        cmocka_unit_test(a_fault_in_the_delivery_of_a_fault_is_a_double_fault),
        cmocka_unit_test(a_fault_in_the_delivery_of_a_double_fault_shuts_down),
        cmocka_unit_test(every_exception_takes_one_tick),
        cmocka_unit_test(time_passes_while_exceptions_raise_each_other_without_end),
        cmocka_unit_test(an_external_interrupt_waits_one_instruction_behind_sti_and_mov_ss),
        cmocka_unit_test(tf_traps_one_instruction_later_behind_mov_ss_but_not_behind_lss),
        cmocka_unit_test(iret_to_the_user_drops_inner_data_segments),
        cmocka_unit_test(the_user_cannot_raise_if_or_iopl),
        cmocka_unit_test(iret_enters_virtual_8086_mode),
        cmocka_unit_test(a_v86_fault_saves_and_clears_the_segments),
        cmocka_unit_test(v86_traps_what_iopl_forbids),
        cmocka_unit_test(vme_redirects_interrupts_and_lends_vif),
        cmocka_unit_test(tf_traps_behind_each_instruction),
        cmocka_unit_test(a_code_breakpoint_faults_once_and_rf_steps_over_it),
        cmocka_unit_test(rf_lasts_for_all_repetitions_of_a_string_instruction),
        cmocka_unit_test(tf_traps_behind_an_into_that_is_not_taken),
        cmocka_unit_test(a_data_breakpoint_traps_behind_the_access),
        cmocka_unit_test(a_port_breakpoint_traps_behind_the_access),
        cmocka_unit_test(gd_guards_the_debug_registers),
        cmocka_unit_test(a_jump_to_a_task_hands_over_the_busy_bit),
        cmocka_unit_test(a_called_task_returns_by_iret_with_nt),
        cmocka_unit_test(an_exception_through_a_task_gate_pushes_its_error_code_there),
        cmocka_unit_test(a_page_fault_in_a_delivery_takes_its_place),
        cmocka_unit_test(a_page_fault_in_the_delivery_of_a_page_fault_is_a_double_fault),
        cmocka_unit_test(a_bad_selector_faults_in_the_new_task),
        cmocka_unit_test(a_task_with_a_short_tss_is_refused_in_the_old_one),
        cmocka_unit_test(a_16_bit_task_has_words),
        cmocka_unit_test(the_t_bit_traps_before_the_first_instruction),
        cmocka_unit_test(the_io_map_opens_ports_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
