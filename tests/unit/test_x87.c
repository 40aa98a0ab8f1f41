/* test_x87.c - facts about the floating-point unit as programs see it: the stack, exceptions and who hears of them, the
 * images that it is saved in, the instructions that look into numbers. Values are x87_host.c's and testfloat.c's
 * business. */
#include "tests/unit/processor.h"

enum { IMAGE = AT_DATA, OPERAND = AT_DATA + 0x200, ABSENT = 0x50000 };
#define INDEFINITE_SIGNIFICAND UINT64_C(0xC000000000000000)
#define TOP_BIT_VALUE UINT64_C(0x8000000000000000)

/* Straight-line code, with FNINIT's state and all exceptions masked. */
static struct processor *unit(enum cpu_model model)
{
    struct processor *p = processor_protected(model, 0);

    p->cpu.cr0 |= model > CPU_I386 ? CR0_NE : 0;
    RUN(p, 0xDB, 0xE3); /* fninit */
    return p;
}

#define STEP(p, ...) (p->cpu.eip = AT_CODE, RUN(p, __VA_ARGS__), assert_true(p->cpu.halted_dead))
#define AT(address) D(address)

static void expect_st(struct processor *p, unsigned n, uint16_t high, uint64_t significand)
{
    struct x87 *u = &p->cpu.x87;
    unsigned at = (u->top + n) & 7;

    assert_true(u->used >> at & 1);
    assert_int_equal(u->reg[at].high, high);
    assert_true(u->reg[at].significand == significand);
}

static uint16_t status(struct processor *p)
{
    return x87_status(&p->cpu.x87);
}

static void set_control(struct processor *p, uint16_t value)
{
    poke(p, OPERAND, value, 2);
    STEP(p, 0xD9, 0x2D, AT(OPERAND)); /* fldcw */
}

/* --- State --- */
static void reset_and_fninit_leave_what_the_manual_says(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_I486, 0);

    assert_int_equal(p->cpu.x87.control, 0x40);
    assert_int_equal(p->cpu.x87.used, 0xFF);
    STEP(p, 0xDB, 0xE3, 0xDD, 0x35, AT(IMAGE)); /* fninit; fnsave */
    assert_int_equal(peek(p, IMAGE, 4), 0xFFFF037F);
    assert_int_equal(peek(p, IMAGE + 4, 4), 0xFFFF0000);
    assert_int_equal(peek(p, IMAGE + 8, 4), 0xFFFFFFFF);
    for (unsigned n = 0; n < 3; n++)
        assert_int_equal(peek(p, IMAGE + 12 + 4 * n, 4), 0);
    processor_free(p);
}

static void the_control_word_has_the_bits_of_the_387(void **state)
{
    (void)state;
    struct processor *p = unit(CPU_PENTIUM);

    set_control(p, 0xFFFF);
    assert_int_equal(p->cpu.x87.control, 0x1F7F);
    set_control(p, 0);
    assert_int_equal(p->cpu.x87.control, 0x40);
    processor_free(p);
}

static void cpuid_and_cr0_say_that_it_is_there(void **state)
{
    (void)state;
    struct processor *p = unit(CPU_PENTIUM);

    STEP(p, 0xB8, D(1), 0x0F, 0xA2); /* mov eax, 1; cpuid */
    assert_true(p->cpu.reg[EDX] & 1);
    processor_free(p);
    p = processor_new(CPU_I386);
    assert_true(p->cpu.cr0 & CR0_ET);
    processor_free(p);
}

/* --- The stack --- */
static void a_push_onto_a_full_stack_sets_c1_and_a_missing_operand_clears_it(void **state)
{
    (void)state;
    struct processor *p = unit(CPU_PENTIUM);

    for (unsigned n = 0; n < 8; n++)
        STEP(p, 0xD9, 0xE8); /* fld1 */
    assert_int_equal(status(p), 0);
    STEP(p, 0xD9, 0xE8);
    assert_int_equal(status(p), 0x3800 | X87_C1 | X87_STACK_FAULT | FLOAT_INVALID);
    expect_st(p, 0, 0xFFFF, INDEFINITE_SIGNIFICAND);
    STEP(p, 0xDB, 0xE3, 0xD8, 0xC0); /* fninit; fadd st0, st0 */
    assert_int_equal(status(p), X87_STACK_FAULT | FLOAT_INVALID);
    expect_st(p, 0, 0xFFFF, INDEFINITE_SIGNIFICAND);
    processor_free(p);
}

static void an_unmasked_stack_fault_changes_nothing_but_the_status(void **state)
{
    (void)state;
    struct processor *p = unit(CPU_PENTIUM);

    set_control(p, 0x37E);
    STEP(p, 0xDD, 0x1D, AT(ABSENT)); /* fstp qword */
    assert_int_equal(p->cpu.x87.used, 0);
    assert_int_equal(peek(p, ABSENT, 4), 0);
    assert_int_equal(status(p), X87_BUSY | X87_SUMMARY | X87_STACK_FAULT | FLOAT_INVALID);
    processor_free(p);
}

static void aliases_do_as_their_originals(void **state)
{
    (void)state;
    /* clang-format off */
    static const uint8_t pairs[][4] = {
        { 0xD8, 0xD1, 0xDC, 0xD1 }, { 0xD8, 0xD9, 0xDC, 0xD9 }, { 0xD8, 0xD9, 0xDE, 0xD1 }, { 0xD9, 0xC9, 0xDD, 0xC9 }, { 0xD9, 0xC9, 0xDF, 0xC9 },
        { 0xDD, 0xD9, 0xD9, 0xD9 }, { 0xDD, 0xD9, 0xDF, 0xD1 }, { 0xDD, 0xD9, 0xDF, 0xD9 }
    };
    /* clang-format on */

    for (unsigned n = 0; n < sizeof pairs / sizeof *pairs; n++) {
        struct x87 result[2];
        for (unsigned other = 0; other < 2; other++) {
            struct processor *p = unit(CPU_PENTIUM);
            STEP(p, 0xD9, 0xEB, 0xD9, 0xE8); /* fldpi; fld1 */
            STEP(p, pairs[n][2 * other], pairs[n][2 * other + 1]);
            result[other] = p->cpu.x87;
            result[other].opcode = 0;
            processor_free(p);
        }
        assert_memory_equal(&result[0], &result[1], sizeof *result);
    }
}

static void ffreep_frees_and_pops(void **state)
{
    (void)state;
    struct processor *p = unit(CPU_PENTIUM);

    STEP(p, 0xD9, 0xEB, 0xD9, 0xE8, 0xDF, 0xC1); /* fldpi; fld1; ffreep st1 */
    assert_int_equal(p->cpu.x87.used, 0);
    assert_int_equal(p->cpu.x87.top, 7);
    processor_free(p);
}

static void instructions_of_the_8087_do_nothing(void **state)
{
    (void)state;
    struct processor *p = unit(CPU_PENTIUM);
    struct x87 before = p->cpu.x87;

    STEP(p, 0xDB, 0xE0, 0xDB, 0xE1, 0xDB, 0xE4); /* fneni; fndisi; fnsetpm */
    assert_memory_equal(&p->cpu.x87, &before, sizeof before);
    processor_free(p);
}

/* --- Who may use it --- */
static void em_and_ts_make_every_instruction_unavailable(void **state)
{
    static const uint8_t code[][2] = {{0xD9, 0xE8}, {0xDB, 0xE2}, {0xDB, 0xE3}, {0xDF, 0xE0}, {0xDB, 0xE0}};

    (void)state;
    for (unsigned n = 0; n < 2 * sizeof code / sizeof *code; n++) {
        struct processor *p = unit(CPU_PENTIUM);
        p->cpu.cr0 |= n & 1 ? CR0_EM : CR0_TS;
        p->cpu.eip = AT_CODE;
        RUN(p, code[n / 2][0], code[n / 2][1]);
        expect_vector(p, EXC_NM);
        assert_int_equal(on_stack(p, 0), AT_CODE);
        processor_free(p);
    }
}

static void wait_asks_for_mp_as_well(void **state)
{
    (void)state;
    struct processor *p = unit(CPU_PENTIUM);

    p->cpu.cr0 |= CR0_TS | CR0_EM;
    STEP(p, 0x9B);
    assert_int_equal(p->cpu.eip, AT_CODE + 2);
    p->cpu.cr0 |= CR0_MP;
    p->cpu.eip = AT_CODE;
    RUN(p, 0x9B);
    expect_vector(p, EXC_NM);
    processor_free(p);
}

/* --- Errors --- */

/* 1 / 0 with that exception unmasked, at AT_CODE + 4. */
#define DIVIDE_BY_ZERO 0xD9, 0xEE, 0xD9, 0xE8, 0xD8, 0xF1 /* fldz; fld1; fdiv st0, st1 */

static void an_unmasked_exception_is_reported_by_the_next_waiting_instruction(void **state)
{
    static const uint8_t waiting[][2] = {{0xD9, 0xD0}, {0x9B, 0x90}, {0xD9, 0xE8}, {0xDD, 0xC0}};

    (void)state;
    for (unsigned n = 0; n < sizeof waiting / sizeof *waiting; n++) {
        struct processor *p = unit(CPU_PENTIUM);
        set_control(p, 0x37B);
        p->cpu.eip = AT_CODE;
        RUN(p, DIVIDE_BY_ZERO, 0x90, 0xDF, 0xE0, waiting[n][0], waiting[n][1]); /* nop; fnstsw ax; it */
        expect_vector(p, EXC_MF);
        assert_int_equal(on_stack(p, 0), AT_CODE + 9);
        assert_int_equal(p->cpu.reg[EAX] & 0xFFFF, 0x3000 | X87_BUSY | X87_SUMMARY | FLOAT_ZERO_DIVIDE);
        expect_st(p, 0, 0x3FFF, TOP_BIT_VALUE);
        assert_int_equal(p->cpu.x87.ip, AT_CODE + 4);
        processor_free(p);
    }
}

static void unmasking_a_flag_that_is_set_makes_it_an_error_and_fnclex_ends_it(void **state)
{
    (void)state;
    struct processor *p = unit(CPU_PENTIUM);

    STEP(p, DIVIDE_BY_ZERO);
    assert_false(p->cpu.x87.error);
    set_control(p, 0x37B);
    assert_true(p->cpu.x87.error);
    STEP(p, 0xDB, 0xE2); /* fnclex */
    assert_false(p->cpu.x87.error);
    assert_int_equal(status(p), 0x3000);
    processor_free(p);
}

static void fnstenv_masks_what_waits(void **state)
{
    (void)state;
    struct processor *p = unit(CPU_PENTIUM);

    set_control(p, 0x37B);
    STEP(p, DIVIDE_BY_ZERO);
    STEP(p, 0xD9, 0x35, AT(IMAGE)); /* fnstenv */
    assert_int_equal(peek(p, IMAGE, 2), 0x37B);
    assert_int_equal(peek(p, IMAGE + 4, 2) & X87_SUMMARY, X87_SUMMARY);
    assert_int_equal(p->cpu.x87.control, 0x37F);
    assert_false(p->cpu.x87.error);
    STEP(p, 0xD9, 0x25, AT(IMAGE)); /* fldenv */
    assert_true(p->cpu.x87.error);
    processor_free(p);
}

static void unmasked_inexact_stores_its_result_and_unmasked_overflow_to_memory_none(void **state)
{
    (void)state;
    struct processor *p = unit(CPU_PENTIUM);

    set_control(p, 0x35F);
    STEP(p, 0xD9, 0xEB, 0xDD, 0x1D, AT(OPERAND + 8)); /* fldpi; fstp qword */
    assert_int_equal(peek(p, OPERAND + 12, 4), 0x400921FB);
    assert_int_equal(p->cpu.x87.used, 0);
    assert_true(p->cpu.x87.error);
    STEP(p, 0xDB, 0xE3);
    set_control(p, 0x377);
    p->cpu.x87.reg[7] = (struct float80){UINT64_MAX, 0x7FFE};
    p->cpu.x87.top = 7;
    p->cpu.x87.used = 0x80;
    poke(p, OPERAND + 8, 0x12345678, 4);
    STEP(p, 0xD9, 0x1D, AT(OPERAND + 8)); /* fstp dword */
    assert_int_equal(peek(p, OPERAND + 8, 4), 0x12345678);
    assert_int_equal(status(p), 0x3800 | X87_BUSY | X87_SUMMARY | FLOAT_OVERFLOW);
    assert_int_equal(p->cpu.x87.used, 0x80);
    processor_free(p);
}

static void a_page_fault_leaves_the_unit_as_it_was(void **state)
{
    static const uint8_t memory[][2] = {{0xDD, 0x1D}, {0xDB, 0x3D}, {0xDF, 0x3D}, {0xDF, 0x35}, {0xDD, 0x05},
                                        {0xDC, 0x05}, {0xDD, 0x35}, {0xDD, 0x25}, {0xD9, 0x2D}};

    (void)state;
    for (unsigned n = 0; n < sizeof memory / sizeof *memory; n++) {
        struct processor *p = unit(CPU_PENTIUM);
        STEP(p, 0xD9, 0xEB, 0xD9, 0xF0); /* fldpi; f2xm1: inexact */
        page_all_but(p, ABSENT);
        struct x87 before = p->cpu.x87;
        p->cpu.eip = AT_CODE;
        RUN(p, memory[n][0], memory[n][1], AT(ABSENT - 1)); /* begins in the page before */
        expect_vector(p, EXC_PF);
        assert_int_equal(p->cpu.cr2, ABSENT);
        assert_memory_equal(&p->cpu.x87, &before, sizeof before);
        assert_int_equal(peek(p, ABSENT - 1, 1), 0);
        processor_free(p);
    }
}

/* --- FERR# --- */
static unsigned ferr_changes;
static bool ferr_level;

static void ferr_changed(void *listener, unsigned number, bool level)
{
    struct processor *p = listener;

    (void)number;
    ferr_changes += level != ferr_level;
    ferr_level = level;
    if (level) {
        p->irq = 0x75;
        cpu_set_intr(&p->cpu, true);
    }
}

static struct processor *without_ne(void)
{
    struct processor *p = unit(CPU_I486);

    p->cpu.cr0 &= ~CR0_NE;
    p->cpu.ferr = (struct line){ferr_changed, p, 13};
    ferr_changes = 0;
    ferr_level = false;
    set_control(p, 0x37B);
    p->cpu.eip = AT_CODE;
    return p;
}

static void without_ne_ferr_interrupts_before_the_waiting_instruction(void **state)
{
    (void)state;
    struct processor *p = without_ne();

    flags_write(&p->cpu, FLAG_IF, FLAG_IF);
    RUN(p, DIVIDE_BY_ZERO, 0xDB, 0xE4, 0xD9, 0xE8); /* fnsetpm; fld1 */
    expect_vector(p, 0x75);
    assert_int_equal(on_stack(p, 0), AT_CODE + 8);
    assert_int_equal(p->cpu.x87.top, 6);
    assert_true(ferr_level);
    p->cpu.eip = AT_CODE;
    RUN(p, 0xDB, 0xE2); /* fnclex */
    assert_false(ferr_level);
    assert_int_equal(ferr_changes, 2);
    processor_free(p);
}

static void with_interrupts_off_the_processor_stands_still(void **state)
{
    (void)state;
    struct processor *p = without_ne();
    uint64_t before = clock_now(&p->clock);

    RUN(p, DIVIDE_BY_ZERO, 0x9B);
    assert_int_equal(p->cpu.eip, AT_CODE + 6);
    assert_int_equal(clock_now(&p->clock) - before, 3);
    assert_true(p->cpu.attention & ATTENTION_HALTED);
    processor_free(p);
}

static void ignne_lets_instructions_run_until_the_error_is_gone(void **state)
{
    (void)state;
    struct processor *p = without_ne();

    x87_ignore_error(&p->cpu); /* nothing to ignore yet */
    RUN(p, DIVIDE_BY_ZERO, 0x9B);
    assert_true(ferr_level);
    x87_ignore_error(&p->cpu);
    assert_false(ferr_level);
    cpu_set_intr(&p->cpu, false);
    STEP(p, 0xD9, 0xE8, 0xD9, 0xE8); /* fld1; fld1 */
    assert_int_equal(p->cpu.x87.top, 4);
    STEP(p, 0xDB, 0xE2); /* fnclex */
    assert_false(p->cpu.x87.ignne);
    p->cpu.eip = AT_CODE;
    RUN(p, DIVIDE_BY_ZERO, 0x9B);
    assert_true(ferr_level);
    processor_free(p);
}

static void what_ferr_stopped_does_not_trap(void **state)
{
    (void)state;
    struct processor *p = without_ne();

    RUN(p, DIVIDE_BY_ZERO);
    flags_write(&p->cpu, FLAG_TF, FLAG_TF);
    p->cpu.eip = AT_CODE;
    RUN(p, 0x9B);
    assert_int_equal(p->cpu.eip, AT_CODE);
    assert_int_equal(p->cpu.pending_debug, 0);
    processor_free(p);
}

/* --- Images --- */
static void pointers_are_those_of_the_last_instruction_that_was_no_control(void **state)
{
    (void)state;
    struct processor *p = unit(CPU_PENTIUM);

    STEP(p, 0xD9, 0xE8, 0xDD, 0x15, AT(OPERAND), 0xD9, 0x3D, AT(OPERAND + 8), 0xDD, 0x35, AT(IMAGE)); /* fld1; fst
                                                                                                         qword; fnstcw;
                                                                                                         fnsave */
    assert_int_equal(peek(p, IMAGE + 12, 4), AT_CODE + 2);
    assert_int_equal(peek(p, IMAGE + 16, 4), CODE | 0x515 << 16);
    assert_int_equal(peek(p, IMAGE + 20, 4), OPERAND);
    assert_int_equal(peek(p, IMAGE + 24, 4), 0xFFFF0000 | DATA);
    processor_free(p);
}

static void sixteen_bit_images_have_no_opcode_in_protected_mode(void **state)
{
    (void)state;
    struct processor *p = unit(CPU_PENTIUM);

    STEP(p, 0xD9, 0xE8, 0xDD, 0x15, AT(OPERAND), 0x66, 0xDD, 0x35, AT(IMAGE));
    assert_int_equal(peek(p, IMAGE, 2), 0x37F);
    assert_int_equal(peek(p, IMAGE + 2, 2), 0x3800);
    assert_int_equal(peek(p, IMAGE + 4, 2), 0x3FFF);
    assert_int_equal(peek(p, IMAGE + 6, 2), (AT_CODE + 2) & 0xFFFF);
    assert_int_equal(peek(p, IMAGE + 8, 2), CODE);
    assert_int_equal(peek(p, IMAGE + 10, 2), OPERAND & 0xFFFF);
    assert_int_equal(peek(p, IMAGE + 12, 2), DATA);
    assert_int_equal(peek(p, IMAGE + 22, 2), 0x3FFF); /* ST(0), behind 14 bytes */
    assert_int_equal(peek(p, IMAGE + 94, 4), 0);
    processor_free(p);
}

static void pointers_are_linear_in_real_mode_and_virtual_8086_mode(void **state)
{
    (void)state;
    for (unsigned v86 = 0; v86 < 2; v86++) {
        struct processor *p = v86 ? processor_v86(CPU_PENTIUM, 3) : processor_real(CPU_PENTIUM);
        p->cpu.seg[SEG_DS].selector = 0x2100;
        p->cpu.seg[SEG_DS].base = 0x21000;
        RUN(p, 0xDB, 0xE3, 0xD9, 0xE8, 0xDD, 0x16, W(0x234), 0xD9, 0x36, W(0x300), 0x66, 0xD9, 0x36,
            W(0x400)); /* fst
                          qword;
                          fnstenv,
                          twice
                        */
        assert_int_equal(peek(p, 0x21300 + 6, 2), 0x0004);
        assert_int_equal(peek(p, 0x21300 + 8, 2), 0x1000 | 0x516);
        assert_int_equal(peek(p, 0x21300 + 10, 2), 0x1234);
        assert_int_equal(peek(p, 0x21300 + 12, 2), 0x2000);
        assert_int_equal(peek(p, 0x21400 + 12, 4), 0xFFFF0004);
        assert_int_equal(peek(p, 0x21400 + 16, 4), 0x1000 | 0x516);
        assert_int_equal(peek(p, 0x21400 + 20, 4), 0xFFFF1234);
        assert_int_equal(peek(p, 0x21400 + 24, 4), 0x2000);
        processor_free(p);
    }
}

static void what_is_saved_comes_back(void **state)
{
    static const uint8_t prefix[] = {0x90, 0x66}; /* nop: the image of 32 bits */

    (void)state;
    for (unsigned narrow = 0; narrow < 2; narrow++) {
        struct processor *p = unit(CPU_PENTIUM);
        STEP(p, 0xD9, 0xEB, 0xD9, 0xE8, 0xD9, 0xEE, 0xDC, 0xF1); /* fldpi; fld1; fldz; fdiv st1, st0 */
        struct x87 before = p->cpu.x87;
        STEP(p, prefix[narrow], 0xDD, 0x35, AT(IMAGE));
        assert_int_equal(p->cpu.x87.used, 0);
        STEP(p, prefix[narrow], 0xDD, 0x25, AT(IMAGE));
        if (narrow) {
            before.opcode = 0;
            before.ip &= 0xFFFF;
        }
        assert_memory_equal(&p->cpu.x87, &before, sizeof before);
        processor_free(p);
    }
}

static void tags_are_worked_out_from_what_registers_hold(void **state)
{
    (void)state;
    struct processor *p = unit(CPU_PENTIUM);

    STEP(p, 0xD9, 0xE8, 0xD9, 0xEE, 0xD9, 0xE0, 0xD9, 0xFA);            /* fld1; fldz; fchs; fsqrt: -0 */
    STEP(p, 0xD9, 0xE8, 0xD9, 0xE0, 0xD9, 0xFA, 0xD9, 0x35, AT(IMAGE)); /* fld1; fchs; fsqrt: a NaN; fnstenv */
    assert_int_equal(peek(p, IMAGE + 8, 2), 0x1BFF | 2 << 10);
    poke(p, IMAGE + 8, 0x5555, 2); /* whatever is not 3 means used */
    STEP(p, 0xD9, 0x25, AT(IMAGE), 0xD9, 0x35, AT(IMAGE));
    assert_int_equal(peek(p, IMAGE + 8, 2), 0x1955);
    processor_free(p);
}

static void fxsave_writes_what_the_processor_has(void **state)
{
    (void)state;
    struct processor *p = unit(CPU_PENTIUM3);

    p->cpu.xmm[7].q[1] = 0x1234;
    memset(p->memory.ram + IMAGE, 0xEE, 512);
    STEP(p, 0xD9, 0xEB, 0x0F, 0xAE, 0x05, AT(IMAGE)); /* fldpi; fxsave */
    assert_int_equal(peek(p, IMAGE, 4), 0x3800037F);
    assert_int_equal(peek(p, IMAGE + 4, 4), 0x1EB0080);
    assert_int_equal(peek(p, IMAGE + 8, 4), AT_CODE);
    assert_int_equal(peek(p, IMAGE + 12, 4), CODE);
    assert_int_equal(peek(p, IMAGE + 24, 4), 0);
    assert_int_equal(peek(p, IMAGE + 40, 4), 0x4000);
    assert_int_equal(peek(p, IMAGE + 160, 4), 0xEEEEEEEE); /* CR4.OSFXSR is clear */
    p->cpu.cr4 |= CR4_OSFXSR;
    STEP(p, 0x0F, 0xAE, 0x05, AT(IMAGE), 0x0F, 0x57, 0xFF, 0xDB, 0xE3, 0x0F, 0xAE, 0x0D, AT(IMAGE)); /* fxsave; xorps
                                                                                                        xmm7, xmm7;
                                                                                                        fninit; fxrstor
                                                                                                      */
    assert_int_equal(peek(p, IMAGE + 24, 4), 0x1F80);
    assert_int_equal(peek(p, IMAGE + 160 + 7 * 16 + 8, 4), 0x1234);
    assert_int_equal(peek(p, IMAGE + 288, 4), 0xEEEEEEEE);
    assert_int_equal(p->cpu.xmm[7].q[1], 0x1234);
    expect_st(p, 0, 0x4000, UINT64_C(0xC90FDAA22168C235));
    processor_free(p);
}

static void fxsave_wants_sixteen_bytes_alignment_and_fxrstor_a_clean_mxcsr(void **state)
{
    (void)state;
    struct processor *p = unit(CPU_PENTIUM4);

    p->cpu.cr4 |= CR4_OSFXSR;
    p->cpu.eip = AT_CODE;
    RUN(p, 0x0F, 0xAE, 0x05, AT(IMAGE + 8));
    expect_fault(p, EXC_GP, 0, AT_CODE);
    STEP(p, 0xD9, 0xEB, 0x0F, 0xAE, 0x05, AT(IMAGE));
    poke(p, IMAGE + 24, 0x10000, 4);
    p->cpu.eip = AT_CODE;
    RUN(p, 0x0F, 0xAE, 0x0D, AT(IMAGE));
    expect_fault(p, EXC_GP, 0, AT_CODE);
    processor_free(p);
}

/* --- Numbers --- */
static void constants_round_as_rc_says(void **state)
{
    static const uint64_t pi[4] = {UINT64_C(0xC90FDAA22168C235), UINT64_C(0xC90FDAA22168C234),
                                   UINT64_C(0xC90FDAA22168C235), UINT64_C(0xC90FDAA22168C234)};
    static const uint64_t log2_10[4] = {UINT64_C(0xD49A784BCD1B8AFE), UINT64_C(0xD49A784BCD1B8AFE),
                                        UINT64_C(0xD49A784BCD1B8AFF), UINT64_C(0xD49A784BCD1B8AFE)};

    (void)state;
    for (unsigned rounding = 0; rounding < 4; rounding++) {
        struct processor *p = unit(CPU_PENTIUM);
        set_control(p, (uint16_t)(0x7F | rounding << 10)); /* precision does not matter */
        STEP(p, 0xD9, 0xEB, 0xD9, 0xE9);                   /* fldpi; fldl2t */
        expect_st(p, 1, 0x4000, pi[rounding]);
        expect_st(p, 0, 0x4000, log2_10[rounding]);
        assert_int_equal(status(p), 0x3000);
        processor_free(p);
    }
}

static void decimals_have_eighteen_digits_and_a_sign(void **state)
{
    (void)state;
    struct processor *p = unit(CPU_PENTIUM);

    poke(p, OPERAND, 0x34567890, 4);
    poke(p, OPERAND + 4, 0x56789012, 4);
    poke(p, OPERAND + 8, 0x8034, 2);                                            /* -345,678,901,234,567,890 */
    STEP(p, 0xDF, 0x25, AT(OPERAND), 0xD9, 0xC0, 0xDF, 0x35, AT(OPERAND + 16)); /* fbld; fld st0; fbstp */
    expect_st(p, 0, 0xC039, UINT64_C(345678901234567890) << 5);
    assert_memory_equal(p->memory.ram + OPERAND, p->memory.ram + OPERAND + 16, 10);
    p->cpu.x87.reg[7] = (struct float80){UINT64_C(1000000000000000000) << 4, 0x403A};
    STEP(p, 0xDF, 0x35, AT(OPERAND));
    assert_int_equal(peek(p, OPERAND + 4, 4), 0xC0000000);
    assert_int_equal(peek(p, OPERAND + 8, 2), 0xFFFF);
    assert_int_equal(status(p) & 0x7F, FLOAT_INVALID);
    processor_free(p);
}

static void fprem(struct processor *p, bool nearest, struct float80 a, struct float80 b)
{
    p->cpu.x87.top = 0;
    p->cpu.x87.used = 3;
    p->cpu.x87.reg[0] = a;
    p->cpu.x87.reg[1] = b;
    STEP(p, 0xD9, nearest ? 0xF5 : 0xF8);
}

static void remainders_tell_the_last_bits_of_the_quotient(void **state)
{
    struct float80 three = {UINT64_C(0xC000000000000000), 0x4000}, seventeen = {UINT64_C(0x8800000000000000), 0x4003};

    (void)state;
    struct processor *p = unit(CPU_PENTIUM);
    fprem(p, false, seventeen, three); /* 5 * 3 + 2 */
    expect_st(p, 0, 0x4000, TOP_BIT_VALUE);
    assert_int_equal(status(p), X87_C0 | X87_C1);
    fprem(p, true, seventeen, three); /* 6 * 3 - 1 */
    expect_st(p, 0, 0xBFFF, TOP_BIT_VALUE);
    assert_int_equal(status(p), X87_C0 | X87_C3);
    processor_free(p);
}

/* With exponents D >= 64 apart, the exponent falls by 32 + D mod 32 at least, and the rest is congruent: reducing on
 * gives what one step would. */
static void a_remainder_that_is_far_away_takes_several_steps(void **state)
{
    (void)state;
    struct processor *p = unit(CPU_PENTIUM);

    for (unsigned distance = 64; distance < 200; distance += 7) {
        struct float80 a = {UINT64_C(0xDEADBEEF12345679), (uint16_t)(0x3FFF + distance)},
                       b = {UINT64_C(0x9234567812345677), 0x3FFF};
        uint64_t rest = 0; /* a's bits, one after the other, modulo b */
        for (unsigned n = 0; n < 64 + distance; n++) {
            bool carry = rest >> 63;
            rest = rest << 1 | (n < 64 ? a.significand >> (63 - n) & 1 : 0);
            if (carry || rest >= b.significand)
                rest -= b.significand;
        }
        fprem(p, false, a, b);
        assert_int_equal(status(p), X87_C2);
        assert_true(p->cpu.x87.reg[0].high <= 0x3FFF + distance - (32 + distance % 32));
        unsigned steps = 1;
        for (; status(p) & X87_C2; steps++)
            STEP(p, 0xD9, 0xF8);
        assert_true(steps <= 2 + distance / 32);
        unsigned zeros = 0;
        while (!(rest << zeros >> 63))
            zeros++;
        expect_st(p, 0, (uint16_t)(0x3FFF - zeros), rest << zeros);
    }
    processor_free(p);
}

static void fxtract_splits_and_fscale_puts_together(void **state)
{
    (void)state;
    struct processor *p = unit(CPU_PENTIUM);

    STEP(p, 0xD9, 0xEB, 0xD9, 0xE0, 0xD9, 0xF4); /* fldpi; fchs; fxtract */
    expect_st(p, 0, 0xBFFF, UINT64_C(0xC90FDAA22168C235));
    expect_st(p, 1, 0x3FFF, TOP_BIT_VALUE);
    STEP(p, 0xD9, 0xFD); /* fscale */
    expect_st(p, 0, 0xC000, UINT64_C(0xC90FDAA22168C235));
    STEP(p, 0xDB, 0xE3, 0xD9, 0xEE, 0xD9, 0xF4); /* fldz; fxtract */
    expect_st(p, 0, 0, 0);
    expect_st(p, 1, 0xFFFF, TOP_BIT_VALUE);
    assert_int_equal(status(p) & 0x3F, FLOAT_ZERO_DIVIDE);
    processor_free(p);
}

/* --- With the flags --- */
static void fcomi_sets_the_flags_of_an_unsigned_comparison(void **state)
{
    (void)state;
    struct processor *p = unit(CPU_PENTIUM2);

    flags_write(&p->cpu, FLAGS_ARITHMETIC, FLAGS_ARITHMETIC);
    STEP(p, 0xD9, 0xE8, 0xD9, 0xEE, 0xDB, 0xF1); /* fld1; fldz; fcomi st0, st1 */
    assert_int_equal(flags_arithmetic(&p->cpu), FLAG_CF);
    STEP(p, 0xDF, 0xF0); /* fcomip st0, st0 */
    assert_int_equal(flags_arithmetic(&p->cpu), FLAG_ZF);
    assert_int_equal(p->cpu.x87.top, 7);
    STEP(p, 0xD9, 0xE0, 0xD9, 0xFA, 0xDB, 0xE8); /* fchs; fsqrt; fucomi st0, st0 */
    assert_int_equal(flags_arithmetic(&p->cpu), FLAG_ZF | FLAG_PF | FLAG_CF);
    processor_free(p);
}

static void fcmov_moves_if_the_condition_holds(void **state)
{
    (void)state;
    struct processor *p = unit(CPU_PENTIUM2);

    for (unsigned n = 0; n < 8; n++) {
        static const uint8_t code[8][2] = {{0xDA, 0xC1}, {0xDA, 0xC9}, {0xDA, 0xD1}, {0xDA, 0xD9},
                                           {0xDB, 0xC1}, {0xDB, 0xC9}, {0xDB, 0xD1}, {0xDB, 0xD9}};
        static const uint32_t flags[4] = {FLAG_CF, FLAG_ZF, FLAG_CF | FLAG_ZF, FLAG_PF};
        for (unsigned set = 0; set < 2; set++) {
            flags_write(&p->cpu, set ? flags[n % 4] : 0, FLAGS_ARITHMETIC);
            STEP(p, 0xDB, 0xE3, 0xD9, 0xE8, 0xD9, 0xEE, code[n][0], code[n][1]);
            expect_st(p, 0, set == (n < 4) ? 0x3FFF : 0, set == (n < 4) ? TOP_BIT_VALUE : 0);
        }
    }
    processor_free(p);
}

static void large_angles_are_left_to_the_program(void **state)
{
    (void)state;
    struct processor *p = unit(CPU_PENTIUM);

    p->cpu.x87.top = 0;
    p->cpu.x87.used = 1;
    p->cpu.x87.reg[0] = (struct float80){TOP_BIT_VALUE, 0x403E};
    STEP(p, 0xD9, 0xFB); /* fsincos */
    assert_int_equal(status(p), X87_C2);
    expect_st(p, 0, 0x403E, TOP_BIT_VALUE);
    p->cpu.x87.reg[0].high = 0x403D;
    STEP(p, 0xD9, 0xFB);
    assert_int_equal(status(p) & X87_C2, 0);
    assert_int_equal(p->cpu.x87.top, 7);
    processor_free(p);
}

/* C1 after one instruction with ST = significand * 2^-63 alone on the stack. */
static bool c1_after(struct processor *p, uint8_t opcode, uint64_t significand)
{
    p->cpu.x87.top = 0;
    p->cpu.x87.used = 1;
    p->cpu.x87.reg[0] = (struct float80){significand, 0x3FFF};
    STEP(p, 0xD9, opcode);
    return status(p) & X87_C1;
}

static void c1_of_fsincos_is_that_of_the_cosine(void **state)
{
    (void)state;
    struct processor *p = unit(CPU_PENTIUM);
    unsigned differ = 0;

    for (uint64_t n = 1; n <= 32; n++) {
        uint64_t angle = TOP_BIT_VALUE + n * 0x0123456789ABCDEF % TOP_BIT_VALUE;
        bool cosine = c1_after(p, 0xFF, angle);
        differ += c1_after(p, 0xFE, angle) != cosine;
        assert_int_equal(c1_after(p, 0xFB, angle), cosine);
    }
    assert_in_range(differ, 8, 24); /* the sine's is another */
    processor_free(p);
}

static void a_logarithm_that_is_exact_leaves_pe_clear(void **state)
{
    (void)state;
    struct processor *p = unit(CPU_PENTIUM);

    STEP(p, 0xD9, 0xE8, 0xD9, 0xE8, 0xD8, 0xC0, 0xDC, 0xC8, 0xD9, 0xF1); /* fld1; fld1; fadd st, st0; fmul st0, st;
                                                                            fyl2x: log2(4) */
    expect_st(p, 0, 0x4000, TOP_BIT_VALUE);
    assert_int_equal(status(p) & X87_EXCEPTIONS, 0);
    STEP(p, 0xD9, 0xEB, 0xD9, 0xF1); /* fldpi; fyl2x: 2 * log2(pi) */
    assert_int_equal(status(p) & X87_EXCEPTIONS, FLOAT_INEXACT);
    processor_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(c1_of_fsincos_is_that_of_the_cosine),
        cmocka_unit_test(a_logarithm_that_is_exact_leaves_pe_clear),
        cmocka_unit_test(reset_and_fninit_leave_what_the_manual_says),
        cmocka_unit_test(the_control_word_has_the_bits_of_the_387),
        cmocka_unit_test(cpuid_and_cr0_say_that_it_is_there),
        cmocka_unit_test(a_push_onto_a_full_stack_sets_c1_and_a_missing_operand_clears_it),
        cmocka_unit_test(an_unmasked_stack_fault_changes_nothing_but_the_status),
        cmocka_unit_test(aliases_do_as_their_originals),
        cmocka_unit_test(ffreep_frees_and_pops),
        cmocka_unit_test(instructions_of_the_8087_do_nothing),
        cmocka_unit_test(em_and_ts_make_every_instruction_unavailable),
        cmocka_unit_test(wait_asks_for_mp_as_well),
        cmocka_unit_test(an_unmasked_exception_is_reported_by_the_next_waiting_instruction),
        cmocka_unit_test(unmasking_a_flag_that_is_set_makes_it_an_error_and_fnclex_ends_it),
        cmocka_unit_test(fnstenv_masks_what_waits),
        cmocka_unit_test(unmasked_inexact_stores_its_result_and_unmasked_overflow_to_memory_none),
        cmocka_unit_test(a_page_fault_leaves_the_unit_as_it_was),
        cmocka_unit_test(without_ne_ferr_interrupts_before_the_waiting_instruction),
        cmocka_unit_test(with_interrupts_off_the_processor_stands_still),
        cmocka_unit_test(ignne_lets_instructions_run_until_the_error_is_gone),
        cmocka_unit_test(what_ferr_stopped_does_not_trap),
        cmocka_unit_test(pointers_are_those_of_the_last_instruction_that_was_no_control),
        cmocka_unit_test(sixteen_bit_images_have_no_opcode_in_protected_mode),
        cmocka_unit_test(pointers_are_linear_in_real_mode_and_virtual_8086_mode),
        cmocka_unit_test(what_is_saved_comes_back),
        cmocka_unit_test(tags_are_worked_out_from_what_registers_hold),
        cmocka_unit_test(fxsave_writes_what_the_processor_has),
        cmocka_unit_test(fxsave_wants_sixteen_bytes_alignment_and_fxrstor_a_clean_mxcsr),
        cmocka_unit_test(constants_round_as_rc_says),
        cmocka_unit_test(decimals_have_eighteen_digits_and_a_sign),
        cmocka_unit_test(remainders_tell_the_last_bits_of_the_quotient),
        cmocka_unit_test(a_remainder_that_is_far_away_takes_several_steps),
        cmocka_unit_test(fxtract_splits_and_fscale_puts_together),
        cmocka_unit_test(fcomi_sets_the_flags_of_an_unsigned_comparison),
        cmocka_unit_test(fcmov_moves_if_the_condition_holds),
        cmocka_unit_test(large_angles_are_left_to_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
