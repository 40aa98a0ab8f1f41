/* test_mmx.c - facts about MMX: lanes, shift counts, the x87 registers that it uses, and when it may not run.
 * Operations that SSE2 has as well are run in both forms. */
#include "processor.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))
#define MMX_SET(p, n, value) ((p)->cpu.x87.reg[n].significand = (value))
#define MMX(p, n) ((p)->cpu.x87.reg[n].significand)

static struct processor *machine(void)
{
    struct processor *p = processor_protected(CPU_PENTIUM4, 0);

    p->cpu.cr4 |= CR4_OSFXSR | CR4_OSXMMEXCPT;
    return p;
}

/* clang-format off */
/* 0F opcode: mm0 with mm1. What packs and interleaves is another function of XMM registers, and is not among these. */
static const struct { uint8_t opcode; uint64_t a, b, result; } lanes[] = {
    { 0xFC, 0x00FF7F8001020304, 0x01017F80FFFEFDFC, 0x0100FE0000000000 }, /* PADDB */
    { 0xFD, 0xFFFF7FFF80000001, 0x0001000180000002, 0x0000800000000003 }, /* PADDW */
    { 0xFE, 0xFFFFFFFF7FFFFFFF, 0x0000000100000001, 0x0000000080000000 }, /* PADDD */
    { 0xD4, 0x00000000FFFFFFFF, 0x0000000000000001, 0x0000000100000000 }, /* PADDQ */
    { 0xEC, 0x7F80017FFF808001, 0x7F80FF01FF7FFF7F, 0x7F80007FFEFF807F }, /* PADDSB */
    { 0xED, 0x7FFF800000010000, 0x0001FFFFFFFF0000, 0x7FFF800000000000 }, /* PADDSW */
    { 0xDC, 0xFF80FE0100000000, 0x0180010200000000, 0xFFFFFF0300000000 }, /* PADDUSB */
    { 0xDD, 0xFFFF8000FFFE0001, 0x0001800000010002, 0xFFFFFFFFFFFF0003 }, /* PADDUSW */
    { 0xF8, 0x0001800000000000, 0x0102018000000000, 0xFFFF7F8000000000 }, /* PSUBB */
    { 0xF9, 0x0000800000010000, 0x0001000100020000, 0xFFFF7FFFFFFF0000 }, /* PSUBW */
    { 0xFA, 0x0000000080000000, 0x0000000100000001, 0xFFFFFFFF7FFFFFFF }, /* PSUBD */
    { 0xFB, 0x0000000100000000, 0x0000000000000001, 0x00000000FFFFFFFF }, /* PSUBQ */
    { 0xE8, 0x80007F0100000000, 0x0180FF0200000000, 0x807F7FFF00000000 }, /* PSUBSB */
    { 0xE9, 0x80007FFF00000000, 0x0001FFFF80000000, 0x80007FFF7FFF0000 }, /* PSUBSW */
    { 0xD8, 0x0105FF0000000000, 0x0203010000000000, 0x0002FE0000000000 }, /* PSUBUSB */
    { 0xD9, 0x00010005FFFF0000, 0x0002000300010000, 0x00000002FFFE0000 }, /* PSUBUSW */
    { 0x74, 0x0102030405060708, 0x0100030005000700, 0xFF00FF00FF00FF00 }, /* PCMPEQB */
    { 0x75, 0x0102030405060708, 0x0102030005060700, 0xFFFF0000FFFF0000 }, /* PCMPEQW */
    { 0x76, 0x0102030405060708, 0x0102030405060700, 0xFFFFFFFF00000000 }, /* PCMPEQD */
    { 0x64, 0x01FF7F8000000000, 0x00007E7F00000000, 0xFF00FF0000000000 }, /* PCMPGTB */
    { 0x65, 0x0001FFFF7FFF8000, 0x000000007FFE7FFF, 0xFFFF0000FFFF0000 }, /* PCMPGTW */
    { 0x66, 0x00000001FFFFFFFF, 0x0000000000000000, 0xFFFFFFFF00000000 }, /* PCMPGTD */
    { 0xDA, 0x01FF7F8000000000, 0x02017E7F00000001, 0x01017E7F00000000 }, /* PMINUB */
    { 0xDE, 0x01FF7F8000000000, 0x02017E7F00000001, 0x02FF7F8000000001 }, /* PMAXUB */
    { 0xEA, 0x0001FFFF7FFF8000, 0x000000007FFE7FFF, 0x0000FFFF7FFE8000 }, /* PMINSW */
    { 0xEE, 0x0001FFFF7FFF8000, 0x000000007FFE7FFF, 0x000100007FFF7FFF }, /* PMAXSW */
    { 0xE0, 0x01FF00FE00000000, 0x02FF01FF00000001, 0x02FF01FF00000001 }, /* PAVGB: rounds up */
    { 0xE3, 0x0001FFFF00000000, 0x0002FFFF00010000, 0x0002FFFF00010000 }, /* PAVGW */
    { 0xD5, 0x7FFF8000FFFF0003, 0x00028000FFFF0005, 0xFFFE00000001000F }, /* PMULLW */
    { 0xE5, 0x7FFF8000FFFF0003, 0x00028000FFFF0005, 0x0000400000000000 }, /* PMULHW */
    { 0xE4, 0x7FFF8000FFFF0003, 0x00028000FFFF0005, 0x00004000FFFE0000 }, /* PMULHUW */
    { 0xF4, 0x12345678FFFFFFFF, 0x87654321FFFFFFFF, 0xFFFFFFFE00000001 }, /* PMULUDQ: the low halves */
    { 0xF5, 0x8000800000030005, 0x8000800000020004, 0x800000000000001A }, /* PMADDWD: the one overflow */
    { 0xF6, 0x00FF010203040506, 0xFF00020104030605, 0x0000000000000204 }, /* PSADBW */
    { 0xDB, 0xFF00FF0012345678, 0x0FF00FF0FFFFFFFF, 0x0F000F0012345678 }, /* PAND */
    { 0xDF, 0xFF00FF0012345678, 0x0FF00FF0FFFFFFFF, 0x00F000F0EDCBA987 }, /* PANDN */
    { 0xEB, 0xFF00FF0012345678, 0x0FF00FF000000000, 0xFFF0FFF012345678 }, /* POR */
    { 0xEF, 0xFF00FF0012345678, 0x0FF00FF0FFFFFFFF, 0xF0F0F0F0EDCBA987 }, /* PXOR */
    { 0xF1, 0x8001FFFF00010002, 0x000000000000000F, 0x8000800080000000 }, /* PSLLW */
    { 0xF1, 0x8001FFFF00010002, 0x0000000000000010, 0 },
    { 0xF2, 0x80000001FFFFFFFF, 0x000000000000001F, 0x8000000080000000 }, /* PSLLD */
    { 0xF2, 0x80000001FFFFFFFF, 0x0000000100000000, 0 }, /* all 64 bits of the count count */
    { 0xF3, 0x80000001FFFFFFFF, 0x000000000000003F, 0x8000000000000000 }, /* PSLLQ */
    { 0xF3, 0x80000001FFFFFFFF, 0x0000000000000040, 0 },
    { 0xD1, 0x8001FFFF00010002, 0x000000000000000F, 0x0001000100000000 }, /* PSRLW */
    { 0xD2, 0x80000001FFFFFFFF, 0x0000000000000020, 0 }, /* PSRLD */
    { 0xD3, 0x80000001FFFFFFFF, 0x0000000000000020, 0x0000000080000001 }, /* PSRLQ */
    { 0xE1, 0x80017FFF00010002, 0x0000000000000004, 0xF80007FF00000000 }, /* PSRAW */
    { 0xE1, 0x80017FFF00010002, 0xFFFFFFFFFFFFFFFF, 0xFFFF000000000000 },
    { 0xE2, 0x80000000FFFFFFFF, 0x0000000000000021, 0xFFFFFFFFFFFFFFFF }, /* PSRAD */
};
/* clang-format on */

static void lanes_of_mmx_and_of_both_halves_of_xmm_are_as_the_manual_says(void **state)
{
    (void)state;
    struct processor *p = machine();
    for (size_t i = 0; i < LENGTH(lanes); i++) {
        MMX_SET(p, 0, lanes[i].a);
        MMX_SET(p, 1, lanes[i].b);
        RUN(p, 0x0F, lanes[i].opcode, 0xC1);
        assert_int_equal(MMX(p, 0), lanes[i].result);
        p->cpu.xmm[2] = (struct xmm){{lanes[i].a, lanes[i].a}};
        p->cpu.xmm[7] = (struct xmm){{lanes[i].b, lanes[i].b}};
        RUN(p, 0x66, 0x0F, lanes[i].opcode, 0xD7);
        assert_int_equal(p->cpu.xmm[2].q[0], lanes[i].result);
        assert_int_equal(p->cpu.xmm[2].q[1], lanes[i].result);
    }
    processor_free(p);
}

/* clang-format off */
/* mm0 with mm1, and xmm0 = {a, b} with xmm1 = {c, d}. */
static const struct { uint8_t opcode; uint64_t a, b, mmx, c, d, low, high; } mixtures[] = {
    { 0x63, 0x7FFF800000010080, 0xFF7FFF80007F0081, 0x80807F7F7F80017F,
      0x0000FFFF01000001, 0, 0x80807F7F7F80017F, 0x0000000000FF7F01 }, /* PACKSSWB */
    { 0x6B, 0x7FFFFFFF80000000, 0x0000800000007FFF, 0x7FFF7FFF7FFF8000,
      0xFFFF7FFFFFFF8000, 1, 0x7FFF7FFF7FFF8000, 0x0000000180008000 }, /* PACKSSDW */
    { 0x67, 0x7FFF800000FF0100, 0xFFFF00010002FFFE, 0x00010200FF00FFFF,
      0x000000000000FFFF, 3, 0x00010200FF00FFFF, 0x0000000300000000 }, /* PACKUSWB */
    { 0x60, 0x0706050403020100, 0x1716151413121110, 0x1303120211011000,
      0x2726252423222120, 0x3736353433323130, 0x2303220221012000, 0x2707260625052404 }, /* PUNPCKLBW */
    { 0x61, 0x0706050403020100, 0x1716151413121110, 0x1312030211100100,
      0x2726252423222120, 0x3736353433323130, 0x2322030221200100, 0x2726070625240504 }, /* PUNPCKLWD */
    { 0x62, 0x0706050403020100, 0x1716151413121110, 0x1312111003020100,
      0x2726252423222120, 0x3736353433323130, 0x2322212003020100, 0x2726252407060504 }, /* PUNPCKLDQ */
    { 0x68, 0x0706050403020100, 0x1716151413121110, 0x1707160615051404,
      0x2726252423222120, 0x3736353433323130, 0x3313321231113010, 0x3717361635153414 }, /* PUNPCKHBW */
    { 0x69, 0x0706050403020100, 0x1716151413121110, 0x1716070615140504,
      0x2726252423222120, 0x3736353433323130, 0x3332131231301110, 0x3736171635341514 }, /* PUNPCKHWD */
    { 0x6A, 0x0706050403020100, 0x1716151413121110, 0x1716151407060504,
      0x2726252423222120, 0x3736353433323130, 0x3332313013121110, 0x3736353417161514 }, /* PUNPCKHDQ */
};
/* clang-format on */

static void packing_and_interleaving_move_lanes_across_halves(void **state)
{
    (void)state;
    struct processor *p = machine();
    for (size_t i = 0; i < LENGTH(mixtures); i++) {
        MMX_SET(p, 0, mixtures[i].a);
        MMX_SET(p, 1, mixtures[i].b);
        RUN(p, 0x0F, mixtures[i].opcode, 0xC1);
        assert_int_equal(MMX(p, 0), mixtures[i].mmx);
        p->cpu.xmm[0] = (struct xmm){{mixtures[i].a, mixtures[i].b}};
        p->cpu.xmm[1] = (struct xmm){{mixtures[i].c, mixtures[i].d}};
        RUN(p, 0x66, 0x0F, mixtures[i].opcode, 0xC1);
        assert_int_equal(p->cpu.xmm[0].q[0], mixtures[i].low);
        assert_int_equal(p->cpu.xmm[0].q[1], mixtures[i].high);
    }
    processor_free(p);
}

static void shifts_by_an_immediate_shuffles_and_words_take_their_byte(void **state)
{
    (void)state;
    struct processor *p = machine();

    MMX_SET(p, 3, 0x8001FFFF00010002);
    RUN(p, 0x0F, 0x71, 0xE3, 0xFF); /* psraw mm3, 255 */
    assert_int_equal(MMX(p, 3), 0xFFFFFFFF00000000);
    MMX_SET(p, 3, 0x8001FFFF00010002);
    RUN(p, 0x0F, 0x73, 0xD3, 0x04); /* psrlq mm3, 4 */
    assert_int_equal(MMX(p, 3), 0x08001FFFF0001000);
    MMX_SET(p, 1, 0x4444333322221111);
    RUN(p, 0x0F, 0x70, 0xC1, 0x1B); /* pshufw mm0, mm1, 00011011b: reversed */
    assert_int_equal(MMX(p, 0), 0x1111222233334444);
    p->cpu.reg[EAX] = 0xAAAABBBB;
    RUN(p, 0x0F, 0xC4, 0xC0, 0xFE); /* pinsrw mm0, eax, 2 */
    assert_int_equal(MMX(p, 0), 0x1111BBBB33334444);
    RUN(p, 0x0F, 0xC5, 0xC8, 0x07); /* pextrw ecx, mm0, 3 */
    assert_int_equal(p->cpu.reg[ECX], 0x1111);
    MMX_SET(p, 0, 0x80007FFF01FE8000);
    RUN(p, 0x0F, 0xD7, 0xD0); /* pmovmskb edx, mm0 */
    assert_int_equal(p->cpu.reg[EDX], 0x96);
    processor_free(p);
}

static void an_mmx_instruction_makes_all_registers_used_and_emms_makes_them_empty(void **state)
{
    (void)state;
    struct processor *p = machine();

    p->cpu.x87.top = 7;
    p->cpu.x87.used = 0x10;
    p->cpu.x87.reg[2] = (struct float80){1, 0x1234};
    p->cpu.reg[EBX] = 0x89ABCDEF;
    RUN(p, 0x0F, 0x6E, 0xD3); /* movd mm2, ebx */
    assert_int_equal(p->cpu.x87.top, 0);
    assert_int_equal(p->cpu.x87.used, 0xFF);
    assert_int_equal(MMX(p, 2), 0x89ABCDEF);
    assert_int_equal(p->cpu.x87.reg[2].high, 0xFFFF);
    RUN(p, 0x0F, 0x77);
    assert_int_equal(p->cpu.x87.used, 0);
    assert_int_equal(MMX(p, 2), 0x89ABCDEF);
    processor_free(p);
}

static void it_asks_for_em_then_ts_then_pending_exceptions(void **state)
{
    static const struct {
        uint32_t cr0;
        unsigned vector;
    } cases[] = {{CR0_EM | CR0_TS, EXC_UD}, {CR0_TS, EXC_NM}, {0, EXC_MF}};

    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct processor *p = machine();
        p->cpu.cr0 |= cases[i].cr0 | CR0_NE;
        p->cpu.x87.top = 7;
        p->cpu.x87.control = 0x37E;
        p->cpu.x87.env.flags = FLOAT_INVALID;
        x87_derive(&p->cpu);
        p->cpu.reg[EBX] = 7; /* not aligned, and not there to be read */
        RUN(p, 0x0F, 0xFC, 0x03);
        expect_vector(p, cases[i].vector);
        assert_int_equal(p->cpu.x87.top, 7);
        processor_free(p);
    }
}

static void a_fault_leaves_registers_and_the_stack_as_they_were(void **state)
{
    (void)state;
    struct processor *p = machine();

    page_all_but(p, AT_DATA);
    p->cpu.x87.top = 7;
    MMX_SET(p, 0, 5);
    p->cpu.reg[EBX] = AT_DATA - 4;
    RUN(p, 0x0F, 0x60, 0x03); /* punpcklbw mm0, [ebx] reads four bytes, which are there */
    assert_int_equal(p->cpu.x87.top, 0);
    p->cpu.x87.top = 7;
    p->cpu.eip = AT_CODE;
    MMX_SET(p, 0, 5);
    RUN(p, 0x0F, 0x68, 0x03); /* punpckhbw reads eight */
    expect_fault(p, EXC_PF, 0, AT_CODE);
    assert_int_equal(MMX(p, 0), 5);
    assert_int_equal(p->cpu.x87.top, 7);
    processor_free(p);
}

static void maskmovq_writes_the_bytes_that_the_mask_chooses(void **state)
{
    (void)state;
    struct processor *p = machine();

    MMX_SET(p, 0, 0x0807060504030201);
    MMX_SET(p, 1, 0x80FF7F0000800081);
    p->cpu.reg[EDI] = AT_DATA + 3;
    RUN(p, 0x0F, 0xF7, 0xC1);
    assert_int_equal(peek(p, AT_DATA + 3, 4), 0x00030001);
    assert_int_equal(peek(p, AT_DATA + 7, 4), 0x08070000);
    p->cpu.seg[SEG_DS].limit = AT_DATA + 9;
    segment_derive(&p->cpu.seg[SEG_DS]);
    MMX_SET(p, 1, 0);
    p->cpu.eip = AT_CODE;
    RUN(p, 0x0F, 0xF7, 0xC1); /* though it would write nothing */
    expect_fault(p, EXC_GP, 0, AT_CODE);
    processor_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lanes_of_mmx_and_of_both_halves_of_xmm_are_as_the_manual_says),
        cmocka_unit_test(packing_and_interleaving_move_lanes_across_halves),
        cmocka_unit_test(shifts_by_an_immediate_shuffles_and_words_take_their_byte),
        cmocka_unit_test(an_mmx_instruction_makes_all_registers_used_and_emms_makes_them_empty),
        cmocka_unit_test(it_asks_for_em_then_ts_then_pending_exceptions),
        cmocka_unit_test(a_fault_leaves_registers_and_the_stack_as_they_were),
        cmocka_unit_test(maskmovq_writes_the_bytes_that_the_mask_chooses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
