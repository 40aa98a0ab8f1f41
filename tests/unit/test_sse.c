/* test_sse.c - facts about SSE and SSE2: when they may run, alignment, exceptions and MXCSR, what arithmetic leaves to
 * the unit and not to the numbers (which simd_host.c and TestFloat judge), approximations, and who has what. */
#include "processor.h"
#include "emu/cpu/interpret.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))
#define ONE 0x3F800000u
#define INFINITE 0x7F800000u
#define QUIET 0x7FC00000u
#define SIGNALING 0x7F800001u
#define DENORMAL 0x00000001u
#define HUGE 0x7F7FFFFFu
#define INDEFINITE 0xFFC00000u
#define PAIR(low, high) ((uint64_t)(uint32_t)(high) << 32 | (uint32_t)(low))

static struct processor *machine_at(unsigned cpl)
{
    struct processor *p = processor_protected(CPU_PENTIUM4, cpl);

    p->cpu.cr4 |= CR4_OSFXSR | CR4_OSXMMEXCPT;
    for (unsigned n = 0; n < 8; n++)
        p->cpu.xmm[n] = (struct xmm){{n * UINT64_C(0x1111111111111111), n * UINT64_C(0x2222222222222222)}};
    return p;
}

static struct processor *machine(void)
{
    return machine_at(0);
}

static void expect_xmm(struct processor *p, unsigned n, uint64_t high, uint64_t low)
{
    assert_int_equal(p->cpu.xmm[n].q[1], high);
    assert_int_equal(p->cpu.xmm[n].q[0], low);
}

/* --- When they may run --- */
static void every_instruction_that_decodes_has_a_routine(void **state)
{
    (void)state;
    for (unsigned i = 0; i < opcode_row_count; i++)
        for (unsigned mod = 0; mod < 4; mod += 3) {
            const struct opcode_row *row = &opcode_rows[i];
            uint8_t bytes[16] = {0}, at = 0;
            struct insn insn;
            if (row->attributes & (ROW_PREFIX_66 | ROW_PREFIX_F3 | ROW_PREFIX_F2))
                bytes[at++] = row->attributes & ROW_PREFIX_66 ? 0x66 : row->attributes & ROW_PREFIX_F3 ? 0xF3 : 0xF2;
            if (row->opcode >> 8)
                bytes[at++] = 0x0F;
            bytes[at++] = (uint8_t)row->opcode;
            bytes[at] = (uint8_t)(mod << 6 | (row->group < 0 ? 0 : row->group) << 3);
            if (decode(bytes, sizeof bytes, DECODE_32 | DECODE_PROTECTED, row->first_model, &insn) == DECODE_OK)
                assert_non_null(interpreter_handler(&insn));
        }
}

static void osfxsr_em_and_ts_keep_sse_off_but_not_fences_hints_and_movnti(void **state)
{
    static const struct {
        uint32_t cr0, cr4;
        unsigned vector;
    } cases[] = {
        {0, 0, EXC_UD}, {CR0_EM | CR0_TS, CR4_OSFXSR, EXC_UD}, {CR0_TS, CR4_OSFXSR, EXC_NM}, {CR0_TS, 0, EXC_UD}};

    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct processor *p = machine();
        p->cpu.cr0 |= cases[i].cr0;
        p->cpu.cr4 = cases[i].cr4;
        p->cpu.reg[EBX] = AT_DATA;
        p->cpu.reg[EDX] = 0xFFFFFFF1;
        RUN(p, 0x0F, 0xAE, 0xE8, 0x0F, 0xAE, 0xF0, 0x0F, 0xAE, 0xF8, 0x0F, 0x18, 0x02, 0x0F, 0xAE, 0x3B, 0x0F, 0xC3,
            0x03);
        assert_int_equal(p->cpu.eip, AT_CODE + 19);
        RUN(p, 0x0F, 0x58, 0x02); /* addps xmm0, [edx] */
        expect_vector(p, cases[i].vector);
        processor_free(p);
    }
}

static void cpuid_says_what_a_model_has(void **state)
{
    /* clang-format off */
    static const struct { enum cpu_model model; uint32_t features; } cases[] = {
        { CPU_PENTIUM, 0 }, { CPU_PENTIUM_MMX, 1 << 23 }, { CPU_PENTIUM2, 1 << 23 | 1 << 24 }, { CPU_PENTIUM3, 1 << 23 | 1 << 24 | 1 << 25 },
        { CPU_PENTIUM4, 1 << 19 | 1 << 23 | 1 << 24 | 1 << 25 | 1 << 26 }
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct processor *p = processor_protected(cases[i].model, 0);
        p->cpu.reg[EAX] = 1;
        RUN(p, 0x0F, 0xA2);
        assert_int_equal(p->cpu.reg[EDX] & 0x07880000, cases[i].features);
        assert_int_equal(p->cpu.reg[EBX] & 0xFF00, cases[i].model == CPU_PENTIUM4 ? 0x800 : 0);
        processor_free(p);
    }
}

/* --- Memory --- */
static void operands_of_sixteen_bytes_are_aligned_but_for_the_moves_that_say_so(void **state)
{
    (void)state;
    struct processor *p = machine();

    p->cpu.reg[EBX] = AT_DATA + 8;
    poke(p, AT_DATA + 8, 0x12345678, 4);
    RUN(p, 0x0F, 0x10, 0x03, 0xF2, 0x0F, 0x58, 0x0B, 0x0F, 0x11, 0x43, 0x11); /* movups xmm0, [ebx]; addsd xmm1, [ebx];
                                                                                 movups [ebx+17], xmm0 */
    expect_xmm(p, 0, 0, 0x12345678);
    assert_int_equal(peek(p, AT_DATA + 25, 4), 0x12345678);
    /* clang-format off */
    static const uint8_t aligned[][4] = {
        { 0x0F, 0x28, 0x03, 0x90 }, { 0x0F, 0x29, 0x03, 0x90 }, { 0x0F, 0x58, 0x03, 0x90 }, { 0x0F, 0x2B, 0x03, 0x90 }, { 0x66, 0x0F, 0xFC, 0x03 },
        { 0x66, 0x0F, 0xE7, 0x03 }, { 0x66, 0x0F, 0x2D, 0x03 }, { 0x66, 0x0F, 0xD1, 0x03 }
    };
    /* clang-format on */
    for (size_t i = 0; i < LENGTH(aligned); i++) {
        p->cpu.reg[ESP] = AT_STACK;
        p->cpu.eip = AT_CODE;
        execute(p, aligned[i], 4);
        expect_fault(p, EXC_GP, 0, AT_CODE);
    }
    processor_free(p);
}

static void alignment_counts_before_the_page_and_after_the_segment(void **state)
{
    (void)state;
    struct processor *p = machine();

    page_all_but(p, AT_DATA);
    p->cpu.reg[EBX] = AT_DATA + 8;
    RUN(p, 0x0F, 0x28, 0x03);
    expect_fault(p, EXC_GP, 0, AT_CODE);
    p->cpu.reg[EBX] = AT_DATA + 16;
    p->cpu.eip = AT_CODE;
    RUN(p, 0x0F, 0x28, 0x03);
    expect_fault(p, EXC_PF, 0, AT_CODE);
    p->cpu.seg[SEG_ES].limit = AT_DATA + 8;
    segment_derive(&p->cpu.seg[SEG_ES]);
    p->cpu.eip = AT_CODE;
    p->cpu.reg[EBX] = AT_DATA + 8;
    RUN(p, 0x26, 0x0F, 0x10, 0x03);
    expect_fault(p, EXC_GP, 0, AT_CODE);
    processor_free(p);
}

static void a_store_across_pages_is_done_whole_or_not_at_all(void **state)
{
    (void)state;
    struct processor *p = machine();

    page_all_but(p, AT_DATA + 0x1000);
    poke(p, AT_DATA + 0xFF8, 0x55555555, 4);
    p->cpu.reg[EBX] = AT_DATA + 0xFF8;
    RUN(p, 0x0F, 0x11, 0x1B); /* movups [ebx], xmm3 */
    expect_fault(p, EXC_PF, 2, AT_CODE);
    assert_int_equal(p->cpu.cr2, AT_DATA + 0x1000);
    assert_int_equal(peek(p, AT_DATA + 0xFF8, 4), 0x55555555);
    p->cpu.eip = AT_CODE;
    p->cpu.reg[EBX] = AT_DATA + 0x1FF9; /* from a page that is not there */
    RUN(p, 0x0F, 0x10, 0x1B);
    expect_fault(p, EXC_PF, 0, AT_CODE);
    expect_xmm(p, 3, 0x6666666666666666, 0x3333333333333333);
    p->cpu.eip = AT_CODE;
    p->cpu.reg[EBX] = AT_DATA + 0x2FF9;
    RUN(p, 0x0F, 0x11, 0x1B, 0x0F, 0x10, 0x2B);
    expect_xmm(p, 5, 0x6666666666666666, 0x3333333333333333);
    assert_int_equal(peek(p, AT_DATA + 0x3000, 4), 0x66666633);
    processor_free(p);
}

static void alignment_checks_ask_for_all_sixteen_bytes(void **state)
{
    (void)state;
    struct processor *p = machine_at(3);

    p->cpu.cr0 |= CR0_AM;
    flags_write(&p->cpu, FLAG_AC, FLAG_AC);
    p->cpu.reg[EBX] = AT_DATA + 8;
    RUN(p, 0xF2, 0x0F, 0x10, 0x03, 0x0F, 0x10, 0x03); /* movsd; movups */
    expect_fault(p, EXC_AC, 0, AT_CODE + 4);
    processor_free(p);
}

/* --- Registers --- */
static void scalar_operations_leave_the_rest_of_a_register_and_loads_clear_it(void **state)
{
    (void)state;
    struct processor *p = machine();

    p->cpu.reg[EBX] = AT_DATA;
    poke(p, AT_DATA, ONE, 4);
    poke(p, AT_DATA + 4, 0xFFFFFFFF, 4);
    RUN(p, 0xF3, 0x0F, 0x10, 0x0B, 0xF3, 0x0F, 0x10, 0xD1, 0xF3, 0x0F, 0x58, 0x13); /* movss xmm1, [ebx]; movss xmm2,
                                                                                       xmm1; addss xmm2, [ebx] */
    expect_xmm(p, 1, 0, ONE);
    expect_xmm(p, 2, 0x4444444444444444, 0x2222222240000000);
    RUN(p, 0xF3, 0x0F, 0x7E, 0xDA, 0x66, 0x0F, 0x12, 0x23, 0x66, 0x0F, 0x16, 0x2B); /* movq xmm3, xmm2; movlpd xmm4,
                                                                                       [ebx]; movhpd xmm5, [ebx] */
    expect_xmm(p, 3, 0, 0x2222222240000000);
    expect_xmm(p, 4, 0x8888888888888888, 0xFFFFFFFF3F800000);
    expect_xmm(p, 5, 0xFFFFFFFF3F800000, 0x5555555555555555);
    p->cpu.xmm[6] = (struct xmm){{1, 2}};
    RUN(p, 0x0F, 0x12, 0xFE, 0x0F, 0x16, 0xFE); /* movhlps xmm7, xmm6; movlhps xmm7, xmm6 */
    expect_xmm(p, 7, 1, 2);
    processor_free(p);
}

static void shuffles_choose_lanes_of_both_operands(void **state)
{
    (void)state;
    struct processor *p = machine();
    struct xmm a = {{PAIR(0xA0, 0xA1), PAIR(0xA2, 0xA3)}}, b = {{PAIR(0xB0, 0xB1), PAIR(0xB2, 0xB3)}};

    p->cpu.xmm[0] = a;
    p->cpu.xmm[1] = b;
    RUN(p, 0x0F, 0xC6, 0xC1, 0xE1); /* shufps 3, 2, 0, 1 */
    expect_xmm(p, 0, PAIR(0xB2, 0xB3), PAIR(0xA1, 0xA0));
    RUN(p, 0x66, 0x0F, 0x70, 0xC1, 0x1B, 0x66, 0x0F, 0xC6, 0xC8, 0x01); /* pshufd xmm0, xmm1, 0, 1, 2, 3; shufpd xmm1,
                                                                           xmm0, 1 */
    expect_xmm(p, 0, PAIR(0xB1, 0xB0), PAIR(0xB3, 0xB2));
    expect_xmm(p, 1, PAIR(0xB3, 0xB2), PAIR(0xB2, 0xB3));
    p->cpu.xmm[2] = (struct xmm){{0x0807060504030201, 0x100F0E0D0C0B0A09}};
    RUN(p, 0x66, 0x0F, 0x73, 0xFA, 0x03); /* pslldq xmm2, 3 */
    expect_xmm(p, 2, 0x0D0C0B0A09080706, 0x0504030201000000);
    RUN(p, 0x66, 0x0F, 0x73, 0xDA, 0x09); /* psrldq xmm2, 9 */
    expect_xmm(p, 2, 0, 0x000D0C0B0A090807);
    RUN(p, 0x66, 0x0F, 0x73, 0xDA, 0x10);
    expect_xmm(p, 2, 0, 0);
    processor_free(p);
}

/* --- Exceptions --- */
static void mxcsr_starts_masked_and_reserved_bits_fault_by_model(void **state)
{
    (void)state;
    for (unsigned model = CPU_PENTIUM3; model <= CPU_PENTIUM4; model++)
        for (unsigned bit = 0; bit < 32; bit++) {
            struct processor *p = processor_protected(model, 0);
            p->cpu.cr4 = CR4_OSFXSR;
            p->cpu.reg[EBX] = AT_DATA;
            RUN(p, 0x0F, 0xAE, 0x1B);
            assert_int_equal(peek(p, AT_DATA, 4), 0x1F80);
            poke(p, AT_DATA, 1u << bit, 4);
            p->cpu.eip = AT_CODE;
            RUN(p, 0x0F, 0xAE, 0x13);
            bool allowed = bit < 16 && (bit != 6 || model == CPU_PENTIUM4);
            assert_int_equal(p->cpu.mxcsr, allowed ? 1u << bit : 0x1F80);
            if (!allowed)
                expect_fault(p, EXC_GP, 0, AT_CODE);
            processor_free(p);
        }
}

static void an_unmasked_exception_writes_nothing_but_the_flags(void **state)
{
    (void)state;
    for (unsigned reported = 0; reported < 2; reported++) {
        struct processor *p = machine();
        p->cpu.cr4 = reported ? CR4_OSFXSR | CR4_OSXMMEXCPT : CR4_OSFXSR;
        p->cpu.mxcsr = 0x1F80 & ~0x400u; /* overflow is not masked */
        p->cpu.xmm[0] = (struct xmm){{PAIR(ONE, HUGE), PAIR(ONE, ONE)}};
        p->cpu.xmm[1] = (struct xmm){{PAIR(DENORMAL, HUGE), PAIR(ONE, ONE)}};
        RUN(p, 0x0F, 0x58, 0xC1);
        expect_vector(p, reported ? EXC_XM : EXC_UD);
        assert_int_equal(on_stack(p, 0), AT_CODE); /* no error code */
        expect_xmm(p, 0, PAIR(ONE, ONE), PAIR(ONE, HUGE));
        assert_int_equal(p->cpu.mxcsr & 0x3F, 0x2A); /* of all lanes: denormal, overflow, inexact */
        processor_free(p);
    }
}

static void an_unmasked_exception_before_the_operation_keeps_those_after_it_back(void **state)
{
    (void)state;
    struct processor *p = machine();

    p->cpu.mxcsr = 0x1F80 & ~0x80u;
    p->cpu.xmm[0] = (struct xmm){{PAIR(SIGNALING, HUGE), PAIR(DENORMAL, ONE)}};
    p->cpu.xmm[1] = (struct xmm){{PAIR(ONE, HUGE), PAIR(ONE, ONE)}};
    RUN(p, 0x0F, 0x58, 0xC1);
    expect_vector(p, EXC_XM);
    assert_int_equal(p->cpu.mxcsr & 0x3F, 3); /* no overflow, nothing inexact */
    processor_free(p);
}

static void denormals_are_zero_and_results_are_flushed_when_mxcsr_says_so(void **state)
{
    (void)state;
    struct processor *p = machine();

    p->cpu.mxcsr = 0x1FC0;
    p->cpu.xmm[0] = (struct xmm){{PAIR(DENORMAL, 0x80000001), PAIR(ONE, ONE)}};
    p->cpu.xmm[1] = (struct xmm){{PAIR(HUGE, HUGE), PAIR(ONE, ONE)}};
    RUN(p, 0x0F, 0x59, 0xC1);
    expect_xmm(p, 0, PAIR(ONE, ONE), PAIR(0, 0x80000000));
    assert_int_equal(p->cpu.mxcsr, 0x1FC0);
    p->cpu.mxcsr = 0x9F80;
    p->cpu.xmm[0] = (struct xmm){{PAIR(0x80800000, ONE), 0}}; /* -2^-126 */
    p->cpu.xmm[1] = (struct xmm){{PAIR(0x3F000000, ONE), 0}};
    RUN(p, 0x0F, 0x59, 0xC1);
    expect_xmm(p, 0, 0, PAIR(0x80000000, ONE));
    assert_int_equal(p->cpu.mxcsr, 0x9FB0);
    processor_free(p);
}

/* --- Comparison --- */
static void minima_and_maxima_give_the_second_operand_when_in_doubt(void **state)
{
    /* clang-format off */
    static const struct { uint32_t a, b, min, max; } cases[] = {
        { ONE, 0x40000000, ONE, 0x40000000 }, { 0, 0x80000000, 0x80000000, 0x80000000 }, { QUIET, ONE, ONE, ONE }, { ONE, QUIET, QUIET, QUIET },
        { ONE, SIGNALING, SIGNALING, SIGNALING }, { SIGNALING, ONE, ONE, ONE }
    };
    /* clang-format on */

    (void)state;
    struct processor *p = machine();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        p->cpu.xmm[0].q[0] = p->cpu.xmm[2].q[0] = cases[i].a;
        p->cpu.xmm[1].q[0] = cases[i].b;
        RUN(p, 0xF3, 0x0F, 0x5D, 0xC1, 0xF3, 0x0F, 0x5F, 0xD1);
        assert_int_equal(p->cpu.xmm[0].q[0], cases[i].min);
        assert_int_equal(p->cpu.xmm[2].q[0], cases[i].max);
        assert_int_equal(p->cpu.mxcsr & 1, i >= 2);
        p->cpu.mxcsr = 0x1F80;
    }
    processor_free(p);
}

static void cmpps_has_eight_predicates_of_which_four_take_a_quiet_nan_for_invalid(void **state)
{
    static const struct {
        uint32_t a, b;
        uint8_t holds;
    } cases[] = {/* a bit for each predicate */
                 {ONE, ONE, 0xA5},
                 {ONE, 0x40000000, 0x96},
                 {0x40000000, ONE, 0xF0},
                 {QUIET, ONE, 0x78},
                 {0, 0x80000000, 0xA5}};

    (void)state;
    struct processor *p = machine();
    for (size_t i = 0; i < LENGTH(cases); i++)
        for (uint8_t predicate = 0; predicate < 8; predicate++) {
            p->cpu.xmm[0].q[0] = PAIR(cases[i].a, ONE);
            p->cpu.xmm[1].q[0] = cases[i].b;
            p->cpu.mxcsr = 0x1F80;
            RUN(p, 0xF3, 0x0F, 0xC2, 0xC1, predicate);
            assert_int_equal(p->cpu.xmm[0].q[0], PAIR(cases[i].holds >> predicate & 1 ? 0xFFFFFFFF : 0, ONE));
            assert_int_equal(p->cpu.mxcsr & 1, cases[i].a == QUIET && (predicate & 3) % 3 != 0);
        }
    processor_free(p);
}

static void comiss_sets_the_flags_of_an_unsigned_comparison(void **state)
{
    static const struct {
        uint32_t a, b, flags;
    } cases[] = {{0x40000000, ONE, 0},
                 {ONE, 0x40000000, FLAG_CF},
                 {ONE, ONE, FLAG_ZF},
                 {QUIET, ONE, FLAG_ZF | FLAG_PF | FLAG_CF}};

    (void)state;
    struct processor *p = machine();
    for (size_t i = 0; i < LENGTH(cases); i++)
        for (uint8_t opcode = 0x2E; opcode <= 0x2F; opcode++) {
            p->cpu.xmm[0].q[0] = cases[i].a;
            p->cpu.xmm[1].q[0] = cases[i].b;
            p->cpu.mxcsr = 0x1F80;
            flags_write_arithmetic(&p->cpu, FLAGS_ARITHMETIC);
            RUN(p, 0x0F, opcode, 0xC1);
            assert_int_equal(flags_arithmetic(&p->cpu), cases[i].flags);
            assert_int_equal(p->cpu.mxcsr & 1, cases[i].a == QUIET && opcode == 0x2F);
        }
    processor_free(p);
}

/* --- Conversion --- */
static void numbers_out_of_range_convert_to_the_integer_indefinite(void **state)
{
    (void)state;
    struct processor *p = machine();

    p->cpu.xmm[1] = (struct xmm){{PAIR(0x4F000000, 0xCF000000), PAIR(QUIET, 0x3FC00000)}}; /* 2^31, -2^31, NaN, 1.5 */
    RUN(p, 0x66, 0x0F, 0x5B, 0xC1, 0xF3, 0x0F, 0x5B, 0xD1); /* cvtps2dq xmm0, xmm1; cvttps2dq xmm2, xmm1 */
    expect_xmm(p, 0, PAIR(0x80000000, 2), PAIR(0x80000000, 0x80000000));
    expect_xmm(p, 2, PAIR(0x80000000, 1), PAIR(0x80000000, 0x80000000));
    assert_int_equal(p->cpu.mxcsr & 0x3F, 0x21);
    p->cpu.xmm[1].q[0] = 0xC1E0000000100000;                /* -2^31 - 0.5 */
    RUN(p, 0xF2, 0x0F, 0x2D, 0xC1, 0xF2, 0x0F, 0x2C, 0xD1); /* cvtsd2si eax, xmm1; cvttsd2si edx, xmm1 */
    assert_int_equal(p->cpu.reg[EAX], 0x80000000);
    assert_int_equal(p->cpu.reg[EDX], 0x80000000);
    processor_free(p);
}

static void conversions_clear_or_keep_the_upper_half_as_the_manual_says(void **state)
{
    (void)state;
    struct processor *p = machine();

    p->cpu.xmm[1] = (struct xmm){{0x3FF8000000000000, 0xC000000000000000}};         /* 1.5, -2 */
    RUN(p, 0x66, 0x0F, 0x5A, 0xC1, 0xF2, 0x0F, 0xE6, 0xD1, 0xF2, 0x0F, 0x5A, 0xD9); /* cvtpd2ps xmm0; cvtpd2dq xmm2;
                                                                                       cvtsd2ss xmm3 */
    expect_xmm(p, 0, 0, PAIR(0x3FC00000, 0xC0000000));
    expect_xmm(p, 2, 0, PAIR(2, 0xFFFFFFFE));
    expect_xmm(p, 3, 0x6666666666666666, 0x333333333FC00000);
    p->cpu.x87.reg[5].significand = PAIR(1, 0xFFFFFFFF);
    p->cpu.x87.top = 7;
    RUN(p, 0x0F, 0x2A, 0xE5); /* cvtpi2ps xmm4, mm5 */
    expect_xmm(p, 4, 0x8888888888888888, PAIR(ONE, 0xBF800000));
    assert_int_equal(p->cpu.x87.top, 0);
    p->cpu.x87.top = 7;
    p->cpu.reg[EBX] = AT_DATA;
    poke(p, AT_DATA, 3, 4);
    RUN(p, 0x66, 0x0F, 0x2A, 0x23); /* cvtpi2pd xmm4, [ebx] has nothing to do with MMX registers */
    expect_xmm(p, 4, 0, 0x4008000000000000);
    assert_int_equal(p->cpu.x87.top, 7);
    processor_free(p);
}

/* --- Approximation --- */
static float approximated(struct processor *p, uint8_t opcode, uint32_t bits)
{
    float result;
    uint32_t low;

    p->cpu.xmm[1].q[0] = bits;
    p->cpu.eip = AT_CODE;
    RUN(p, 0xF3, 0x0F, opcode, 0xC1);
    low = (uint32_t)p->cpu.xmm[0].q[0];
    memcpy(&result, &low, sizeof result);
    return result;
}

static void reciprocals_and_their_roots_are_within_1_5_in_4096(void **state)
{
    (void)state;
    struct processor *p = machine();

    for (uint32_t bits = 0x3E800000; bits < 0x40800000; bits += (bits & 0xFFF) ? 1 : 0xFFF) { /* both ends of each
                                                                                                 interval of 2^-11 */
        double one, square, bound = 1.5 / 4096;
        float x;
        memcpy(&x, &bits, sizeof x);
        one = (double)approximated(p, 0x53, bits) * x;
        square = (double)approximated(p, 0x52, bits) * approximated(p, 0x52, bits) * x;
        assert_true(one > 1 - bound && one < 1 + bound);
        assert_true(square > (1 - bound) * (1 - bound) && square < (1 + bound) * (1 + bound));
    }
    processor_free(p);
}

static void approximations_of_what_is_special_are_exact_and_raise_nothing(void **state)
{
    /* clang-format off */
    static const struct { uint32_t x, reciprocal, root; } cases[] = {
        { 0, INFINITE, INFINITE }, { 0x80000000, INFINITE | 0x80000000, INFINITE | 0x80000000 }, { DENORMAL, INFINITE, INFINITE },
        { INFINITE, 0, 0 }, { INFINITE | 0x80000000, 0x80000000, INDEFINITE }, { 0xBF800000, 0xBF7FF000, INDEFINITE },
        { SIGNALING, QUIET | 1, QUIET | 1 }, { 0x7E800000, 0, 0x1FFFF000 }, { ONE, 0x3F7FF000, 0x3F7FF000 }
    };
    /* clang-format on */

    (void)state;
    struct processor *p = machine();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        p->cpu.xmm[1].q[0] = cases[i].x;
        RUN(p, 0xF3, 0x0F, 0x53, 0xC1, 0xF3, 0x0F, 0x52, 0xD1);
        assert_int_equal((uint32_t)p->cpu.xmm[0].q[0], cases[i].reciprocal);
        assert_int_equal((uint32_t)p->cpu.xmm[2].q[0], cases[i].root);
    }
    assert_int_equal(p->cpu.mxcsr, 0x1F80);
    processor_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_instruction_that_decodes_has_a_routine),
        cmocka_unit_test(osfxsr_em_and_ts_keep_sse_off_but_not_fences_hints_and_movnti),
        cmocka_unit_test(cpuid_says_what_a_model_has),
        cmocka_unit_test(operands_of_sixteen_bytes_are_aligned_but_for_the_moves_that_say_so),
        cmocka_unit_test(alignment_counts_before_the_page_and_after_the_segment),
        cmocka_unit_test(a_store_across_pages_is_done_whole_or_not_at_all),
        cmocka_unit_test(alignment_checks_ask_for_all_sixteen_bytes),
        cmocka_unit_test(scalar_operations_leave_the_rest_of_a_register_and_loads_clear_it),
        cmocka_unit_test(shuffles_choose_lanes_of_both_operands),
        cmocka_unit_test(mxcsr_starts_masked_and_reserved_bits_fault_by_model),
        cmocka_unit_test(an_unmasked_exception_writes_nothing_but_the_flags),
        cmocka_unit_test(an_unmasked_exception_before_the_operation_keeps_those_after_it_back),
        cmocka_unit_test(denormals_are_zero_and_results_are_flushed_when_mxcsr_says_so),
        cmocka_unit_test(minima_and_maxima_give_the_second_operand_when_in_doubt),
        cmocka_unit_test(cmpps_has_eight_predicates_of_which_four_take_a_quiet_nan_for_invalid),
        cmocka_unit_test(comiss_sets_the_flags_of_an_unsigned_comparison),
        cmocka_unit_test(numbers_out_of_range_convert_to_the_integer_indefinite),
        cmocka_unit_test(conversions_clear_or_keep_the_upper_half_as_the_manual_says),
        cmocka_unit_test(reciprocals_and_their_roots_are_within_1_5_in_4096),
        cmocka_unit_test(approximations_of_what_is_special_are_exact_and_raise_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
