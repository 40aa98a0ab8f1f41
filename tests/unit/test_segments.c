/* test_segments.c - segment registers, the checks of accesses, far transfers (Intel SDM vol. 3, chapter 5). */
#include "tests/unit/processor.h"

/* --- Loads --- */
static void a_null_selector_may_be_loaded_but_not_used(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);

    RUN(p, 0x31, 0xC0, 0x8E, 0xD8, /* xor eax, eax; mov ds, ax */ 0xA0, D(0) /* mov al, [0] */);
    expect_fault(p, EXC_GP, 0, AT_CODE + 4);
    assert_int_equal(p->cpu.seg[SEG_DS].rights, 0);
    processor_free(p);
}

static void load_expecting(uint16_t selector, uint8_t modrm, unsigned vector, uint32_t error)
{
    struct processor *p = processor_protected(CPU_I486, 0);

    RUN(p, 0xB8, D(selector), 0x8E, modrm);
    expect_fault(p, vector, error, AT_CODE + 5);
    processor_free(p);
}

enum { TO_DS = 0xD8, TO_SS = 0xD0 };

static void loads_fault_with_the_selector_they_were_given(void **state)
{
    (void)state;
    load_expecting(GDT_SIZE, TO_DS, EXC_GP, GDT_SIZE);
    load_expecting(GDT_SIZE + 3, TO_DS, EXC_GP, GDT_SIZE);
    load_expecting(0x0C, TO_DS, EXC_GP, 0x0C); /* beyond the LDT */
    load_expecting(ABSENT_DATA, TO_DS, EXC_NP, ABSENT_DATA);
    load_expecting(ABSENT_DATA, TO_SS, EXC_SS, ABSENT_DATA);
    load_expecting(EXECUTE_ONLY, TO_DS, EXC_GP, EXECUTE_ONLY);
    load_expecting(TSS, TO_DS, EXC_GP, TSS);
    load_expecting(DATA + 1, TO_DS, EXC_GP, DATA); /* RPL 1 > DPL 0 */
    load_expecting(0, TO_SS, EXC_GP, 0);
    load_expecting(DATA + 3, TO_SS, EXC_GP, DATA);
    load_expecting(READ_ONLY, TO_SS, EXC_GP, READ_ONLY);
    load_expecting(USER_DATA, TO_SS, EXC_GP, USER_DATA & ~3u);
}

static void a_load_marks_its_descriptor_accessed(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);

    RUN(p, 0xB8, D(SMALL_DATA), 0x8E, TO_DS, 0xB8, D(LOCAL_DATA), 0x8E, 0xC0 /* mov es, ax */);
    assert_int_equal(peek(p, AT_GDT + SMALL_DATA + 5, 1), 0x93);
    assert_int_equal(peek(p, AT_LDT + 5, 1), 0x93);
    assert_int_equal(p->cpu.seg[SEG_DS].base, AT_DATA);
    assert_int_equal(p->cpu.seg[SEG_DS].limit, 0xFF);
    processor_free(p);
}

static void a_failed_far_load_leaves_the_register_alone(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);

    poke(p, AT_DATA, 0x12345678, 4);
    poke(p, AT_DATA + 4, ABSENT_DATA, 2);
    p->cpu.reg[ESI] = 1;
    RUN(p, 0xC5, 0x35, D(AT_DATA) /* lds esi, [data] */);
    expect_fault(p, EXC_NP, ABSENT_DATA, AT_CODE);
    assert_int_equal(p->cpu.reg[ESI], 1);
    assert_int_equal(p->cpu.seg[SEG_DS].selector, DATA);
    processor_free(p);
}

/* --- Accesses --- */
static bool access_faults(uint16_t selector, uint32_t offset, bool write)
{
    struct processor *p = processor_protected(CPU_I486, 0);
    bool faulted;

    RUN(p, 0xB8, D(selector), 0x8E, TO_DS, write ? 0xA3 : 0xA1, D(offset) /* mov [offset], eax / eax, [offset] */);
    faulted = p->cpu.eip == handler(EXC_GP) + 1;
    assert_true(faulted || p->cpu.eip == AT_CODE + 13);
    processor_free(p);
    return faulted;
}

static void limits_count_every_byte(void **state)
{
    (void)state;
    assert_false(access_faults(SMALL_DATA, 0xFC, false));
    assert_true(access_faults(SMALL_DATA, 0xFD, false));
    assert_true(access_faults(SMALL_DATA, 0xFFFFFFFE, true));
    assert_true(access_faults(READ_ONLY, 0, true));
    assert_false(access_faults(READ_ONLY, 0, false));
}

static void expand_down_segments_lie_above_their_limit(void **state)
{
    (void)state;
    assert_true(access_faults(EXPAND_DOWN, 0xFFF, false));
    assert_false(access_faults(EXPAND_DOWN, 0x1000, true));
    assert_false(access_faults(EXPAND_DOWN, 0xFFFC, true));
    assert_true(access_faults(EXPAND_DOWN, 0xFFFD, true)); /* B is clear: the top is FFFFh */
}

static void real_mode_faults_beyond_64_kib_without_an_error_code(void **state)
{
    (void)state;
    struct processor *p = processor_real(CPU_I386);

    RUN(p, 0xA1, W(0xFFFF) /* mov ax, [FFFF] */);
    expect_vector(p, EXC_GP);
    assert_int_equal(p->cpu.reg[ESP], AT_STACK - 6);
    assert_int_equal(peek(p, AT_STACK - 6, 2), 0);
    processor_free(p);
}

static void real_mode_keeps_the_limit_of_protected_mode(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);

    poke(p, AT_DATA + 0x10, 0x55, 1);
    RUN(p, 0x0F, 0x20, 0xC0, 0x24, 0xFE, 0x0F, 0x22, 0xC0, /* mov eax, cr0; and al, FEh; mov cr0, eax */
        0xB8, D(0x10), 0x8E, TO_DS,                        /* mov ds, 10h: CS is still a 32-bit segment */
        0xA0, D(AT_DATA - 0x100 + 0x10) /* mov al, [...] */);
    assert_int_equal(p->cpu.seg[SEG_DS].limit, UINT32_MAX);
    assert_int_equal(p->cpu.seg[SEG_DS].base, 0x100);
    assert_int_equal(p->cpu.reg[EAX] & 0xFF, 0x55);
    processor_free(p);
}

/* --- Far transfers --- */
static void a_far_jump_loads_cs_with_cpl_as_rpl(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 3);

    poke(p, AT_CODE_B, 0xF4, 1);
    RUN(p, 0xEA, D(AT_CODE_B), W(CONFORMING) /* jmp conforming */);
    expect_fault(p, EXC_GP, 0, AT_CODE_B); /* HLT at CPL 3 */
    assert_int_equal(on_stack(p, 2), CONFORMING | 3);
    processor_free(p);
}

static void jump_expecting(unsigned cpl, uint16_t selector, unsigned vector, uint32_t error)
{
    struct processor *p = processor_protected(CPU_I486, cpl);

    RUN(p, 0xEA, D(AT_CODE_B), W(selector));
    expect_fault(p, vector, error, AT_CODE);
    processor_free(p);
}

static void far_jumps_fault_with_the_selector(void **state)
{
    (void)state;
    jump_expecting(0, 0, EXC_GP, 0);
    jump_expecting(0, DATA, EXC_GP, DATA);
    jump_expecting(0, ABSENT_CODE, EXC_NP, ABSENT_CODE);
    jump_expecting(0, USER_CODE, EXC_GP, USER_CODE & ~3u);
    jump_expecting(3, CODE, EXC_GP, CODE);
    jump_expecting(0, GDT_SIZE, EXC_GP, GDT_SIZE);
    jump_expecting(0, TSS, EXC_GP, TSS);            /* busy */
    jump_expecting(3, TSS_B, EXC_GP, TSS_B);        /* DPL 0 */
    jump_expecting(3, CALL_GATE | 3, EXC_GP, CODE); /* a jump cannot go inwards */
}

static void a_call_gate_switches_stacks_and_copies_parameters(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 3);
    const uint32_t frame[] = {AT_CODE + 11, USER_CODE, 0x22, 0x11, AT_USER_STACK - 8, USER_DATA};

    poke(p, AT_CODE_B, 0xF4, 1);
    RUN(p, 0x6A, 0x11, 0x6A, 0x22, 0x9A, D(0), W(CALL_GATE | 3) /* push 11h; push 22h; call gate */);
    assert_int_equal(p->cpu.eip, AT_CODE_B + 1);
    assert_int_equal(p->cpu.cpl, 0);
    assert_int_equal(p->cpu.seg[SEG_CS].selector, CODE);
    assert_int_equal(p->cpu.seg[SEG_SS].selector, DATA);
    assert_int_equal(p->cpu.reg[ESP], AT_INNER_STACK - 24);
    for (unsigned n = 0; n < 6; n++)
        assert_int_equal(on_stack(p, n), frame[n]);
    processor_free(p);
}

static void a_return_outwards_releases_both_stacks_and_drops_inner_segments(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 3);

    code_put(p, AT_CODE_B, CODE_BYTES(0xB8, D(DATA), 0x8E, TO_DS, 0xCA, W(8) /* mov ds, DATA; retf 8 */));
    code_put(p, AT_CODE + 11, CODE_BYTES(0x8C, 0xD8, 0x8C, 0xC3, 0xF4 /* mov eax, ds; mov ebx, es; hlt */));
    p->cpu.eip = AT_CODE;
    code_put(p, AT_CODE, CODE_BYTES(0x6A, 0x11, 0x6A, 0x22, 0x9A, D(0), W(CALL_GATE | 3)));
    run(p, 100);
    expect_fault(p, EXC_GP, 0, AT_CODE + 15);
    assert_int_equal(on_stack(p, 4), AT_USER_STACK);
    assert_int_equal(p->cpu.reg[EAX], 0);
    assert_int_equal(p->cpu.reg[EBX], USER_DATA);
    processor_free(p);
}

static void a_16_bit_gate_pushes_words(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 3);

    poke(p, 0x8000, 0xF4, 1);
    RUN(p, 0x66, 0x6A, 0x11, 0x9A, D(0), W(CALL_GATE_16 | 3));
    assert_int_equal(p->cpu.eip, 0x8001);
    assert_int_equal(p->cpu.reg[ESP], AT_INNER_STACK - 10);
    assert_int_equal(peek(p, AT_INNER_STACK - 10, 2), (uint16_t)(AT_CODE + 10));
    assert_int_equal(peek(p, AT_INNER_STACK - 6, 2), 0x11);
    assert_int_equal(peek(p, AT_INNER_STACK - 4, 2), AT_USER_STACK - 2);
    processor_free(p);
}

static void a_call_that_faults_late_has_changed_nothing(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);
    const uint32_t esp = p->cpu.reg[ESP];

    descriptor_put(p, AT_GDT + SPARE, 0, 0x100, 0x9A, 0x40);
    poke(p, esp - 4, 0xAAAAAAAA, 4);
    RUN(p, 0x9A, D(0x101), W(SPARE) /* beyond the limit of the code */);
    expect_fault(p, EXC_GP, 0, AT_CODE);
    assert_int_equal(p->cpu.reg[ESP], esp - 16); /* nothing but the exception's own frame */
    assert_int_equal(peek(p, AT_GDT + SPARE + 5, 1), 0x9A);
    processor_free(p);
}

static void the_tss_stack_must_fit_its_level(void **state)
{
    (void)state;
    /* clang-format off */
    const struct { uint16_t ss, limit; unsigned vector; uint32_t error; } cases[] = {
        { 0, 0xFF, EXC_TS, 0 }, { READ_ONLY, 0xFF, EXC_TS, READ_ONLY }, { USER_DATA, 0xFF, EXC_TS, USER_DATA & ~3u },
        { ABSENT_DATA, 0xFF, EXC_SS, ABSENT_DATA }, { DATA, 10, EXC_TS, TSS }
    };
    /* clang-format on */

    for (unsigned n = 0; n < sizeof cases / sizeof *cases; n++) {
        struct processor *p = processor_protected(CPU_I486, 3);
        gate_put(p, AT_IDT + 8 * cases[n].vector, CONFORMING, handler(cases[n].vector), 0x8E, 0); /* stays on the user's
                                                                                                     stack */
        poke(p, AT_TSS + 8, cases[n].ss, 2);
        p->cpu.tr.limit = cases[n].limit;
        gate_put(p, AT_IDT + 8 * EXC_GP, CONFORMING, handler(EXC_GP), 0x8E, 0);
        code_put(p, handler(cases[n].vector), CODE_BYTES(0xEB, 0xFE)); /* jmp $ */
        RUN(p, 0x9A, D(0), W(CALL_GATE | 3));
        assert_int_equal(p->cpu.eip, handler(cases[n].vector));
        assert_int_equal(on_stack(p, 0), cases[n].error);
        assert_int_equal(on_stack(p, 1), AT_CODE);
        processor_free(p);
    }
}

static void a_return_inwards_faults(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 3);

    RUN(p, 0x6A, CODE, 0x68, D(AT_CODE_B), 0xCB /* retf to CPL 0 */);
    expect_fault(p, EXC_GP, CODE, AT_CODE + 7);
    processor_free(p);
}

static void pop_ss_moves_the_stack_it_leaves(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);

    p->cpu.reg[ESP] = 0x0001FFFC;
    poke(p, 0x1FFFC, STACK_16, 4);
    RUN(p, 0x17 /* pop ss */);
    assert_int_equal(p->cpu.reg[ESP], 0x20000);
    assert_int_equal(p->cpu.seg[SEG_SS].selector, STACK_16);
    processor_free(p);
}

/* --- Queries --- */
static uint32_t query(uint8_t opcode, uint16_t selector, bool *found)
{
    struct processor *p = processor_protected(CPU_I486, 3);
    uint32_t value;

    p->cpu.reg[EAX] = 0xDEAD;
    p->cpu.reg[EBX] = selector;
    code_put(p, AT_CODE, CODE_BYTES(0x0F, opcode, 0xC3, 0xF4)); /* lar / lsl eax, bx */
    run(p, 100);
    value = p->cpu.reg[EAX];
    *found = on_stack(p, 3) & FLAG_ZF;
    processor_free(p);
    return value;
}

static void lar_and_lsl_see_what_the_privilege_allows(void **state)
{
    (void)state;
    bool found;

    assert_int_equal(query(0x02, USER_DATA, &found), 0x00CFF200);
    assert_true(found);
    assert_int_equal(query(0x03, USER_DATA, &found), UINT32_MAX);
    assert_int_equal(query(0x03, CONFORMING, &found), UINT32_MAX);
    assert_true(found);
    assert_int_equal(query(0x02, DATA, &found), 0xDEAD);
    assert_false(found);
    query(0x02, CALL_GATE, &found);
    assert_true(found);
    query(0x03, CALL_GATE, &found);
    assert_false(found);
    query(0x03, 0, &found);
    assert_false(found);
}

static void verw_wants_a_writable_segment(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);

    RUN(p, 0xB8, D(READ_ONLY), 0x0F, 0x00, 0xE0, 0x0F, 0x94, 0xC3, 0x0F, 0x00, 0xE8, 0x0F, 0x94,
        0xC7 /* verr ax; setz bl; verw ax; setz bh */);
    assert_int_equal(p->cpu.reg[EBX], 1);
    processor_free(p);
}

static void arpl_does_not_write_what_is_high_enough(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);

    poke(p, AT_DATA, 0xFFF3, 2);
    RUN(p, 0xB8, D(READ_ONLY), 0x8E, TO_DS, 0x63, 0x05, D(0) /* arpl [0], ax */);
    assert_int_equal(p->cpu.eip, AT_CODE + 14);
    assert_false(flags_read(&p->cpu) & FLAG_ZF);
    processor_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_null_selector_may_be_loaded_but_not_used),
        cmocka_unit_test(loads_fault_with_the_selector_they_were_given),
        cmocka_unit_test(a_load_marks_its_descriptor_accessed),
        cmocka_unit_test(a_failed_far_load_leaves_the_register_alone),
        cmocka_unit_test(limits_count_every_byte),
        cmocka_unit_test(expand_down_segments_lie_above_their_limit),
        cmocka_unit_test(real_mode_faults_beyond_64_kib_without_an_error_code),
        cmocka_unit_test(real_mode_keeps_the_limit_of_protected_mode),
        cmocka_unit_test(a_far_jump_loads_cs_with_cpl_as_rpl),
        cmocka_unit_test(far_jumps_fault_with_the_selector),
        cmocka_unit_test(a_call_gate_switches_stacks_and_copies_parameters),
        cmocka_unit_test(a_return_outwards_releases_both_stacks_and_drops_inner_segments),
        cmocka_unit_test(a_16_bit_gate_pushes_words),
        cmocka_unit_test(a_call_that_faults_late_has_changed_nothing),
        cmocka_unit_test(the_tss_stack_must_fit_its_level),
        cmocka_unit_test(a_return_inwards_faults),
        cmocka_unit_test(pop_ss_moves_the_stack_it_leaves),
        cmocka_unit_test(lar_and_lsl_see_what_the_privilege_allows),
        cmocka_unit_test(verw_wants_a_writable_segment),
        cmocka_unit_test(arpl_does_not_write_what_is_high_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
