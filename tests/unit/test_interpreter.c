/* test_interpreter.c - instructions as programs see them: results, flags, faults that leave nothing behind, ticks
 * (Intel SDM vol. 2; spec/processor.md for what that leaves undefined). */
#include "tests/unit/processor.h"

#include "tests/unit/random.h"

static struct processor *flat(void)
{
    return processor_protected(CPU_PENTIUM2, 0);
}

/* Runs what lies at AT_CODE again. */
static void rerun(struct processor *p)
{
    p->cpu.eip = AT_CODE;
    run(p, 1000);
}

static void set_flags(struct processor *p, uint32_t flags)
{
    flags_write_arithmetic(&p->cpu, flags);
}

static uint32_t flags_of(const struct processor *p)
{
    return flags_arithmetic(&p->cpu);
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed ^ *seed >> 15;
}

/* --- Arithmetic --- */

static void adc_and_sbb_chain_through_every_pair_of_bytes(void **state)
{
    (void)state;
    struct processor *p = flat();

    for (unsigned subtract = 0; subtract < 2; subtract++) {
        code_put(p, AT_CODE, CODE_BYTES(subtract ? 0x18 : 0x10, 0xD8 /* adc/sbb al, bl */, 0xF4));
        for (unsigned n = 0; n < 0x20000; n++) {
            int a = n & 0xFF, b = n >> 8 & 0xFF, in = n >> 16, sum = subtract ? a - b - in : a + b + in;
            int wide = subtract ? (int8_t)a - (int8_t)b - in : (int8_t)a + (int8_t)b + in;
            int low = subtract ? (a & 15) - (b & 15) - in : (a & 15) + (b & 15) + in;
            p->cpu.reg[EAX] = (uint32_t)a;
            p->cpu.reg[EBX] = (uint32_t)b;
            set_flags(p, in ? FLAGS_ARITHMETIC : 0);
            rerun(p);
            assert_int_equal(p->cpu.reg[EAX], sum & 0xFF);
            assert_int_equal(flags_of(p) & (FLAG_CF | FLAG_OF | FLAG_AF | FLAG_ZF),
                             (sum < 0 || sum > 255 ? FLAG_CF : 0) | (wide < -128 || wide > 127 ? FLAG_OF : 0) |
                                 (low < 0 || low > 15 ? FLAG_AF : 0) | (sum & 0xFF ? 0 : FLAG_ZF));
        }
    }
    processor_free(p);
}

/* One step by one bit, as the manual draws it. */
static uint32_t step(unsigned operation, uint32_t v, unsigned bits, bool *carry)
{
    uint32_t top = 1u << (bits - 1), high = v & top ? 1 : 0, low = v & 1, in = *carry, mask = top | (top - 1);

    *carry = operation & 1 ? low : high;
    switch (operation) {
    case 0: return (v << 1 | high) & mask;
    case 1: return v >> 1 | low * top;
    case 2: return (v << 1 | in) & mask;
    case 3: return v >> 1 | in * top;
    case 5: return v >> 1;
    case 7: return v >> 1 | high * top;
    default: return v << 1 & mask;
    }
}

static void check_shift(struct processor *p, unsigned operation, unsigned bits, uint32_t value, unsigned count,
                        uint32_t flags)
{
    uint32_t mask = 1u << (bits - 1) | ((1u << (bits - 1)) - 1), v = value & mask, before = v, want = flags;
    unsigned steps = count & 31;
    bool carry = flags & FLAG_CF;

    if (operation == 2 || operation == 3)
        steps %= bits + 1;
    for (unsigned n = 0; n < steps; n++) {
        before = v;
        v = step(operation, v, bits, &carry);
    }
    if (steps) {
        want = (flags & ~(uint32_t)(FLAG_CF | FLAG_OF)) | (carry ? FLAG_CF : 0) |
               ((v ^ before) >> (bits - 1) ? FLAG_OF : 0);
        if (operation >= 4) {
            unsigned ones = 0;
            for (unsigned bit = 0; bit < 8; bit++)
                ones += v >> bit & 1;
            want = (want & (FLAG_CF | FLAG_OF)) | (v ? 0 : FLAG_ZF) | (v >> (bits - 1) ? FLAG_SF : 0) |
                   (ones % 2 ? 0 : FLAG_PF);
        }
    }
    p->cpu.reg[EAX] = value;
    p->cpu.reg[ECX] = count;
    set_flags(p, flags);
    rerun(p);
    assert_int_equal(p->cpu.reg[EAX], (value & ~mask) | v);
    assert_int_equal(flags_of(p), want);
}

static void shifts_and_rotates_are_so_many_steps_by_one_bit(void **state)
{
    (void)state;
    struct processor *p = flat();
    uint32_t seed = 1;

    for (unsigned operation = 0; operation < 8; operation++)
        for (unsigned bits = 8; bits <= 32; bits *= 2) {
            code_put(
                p, AT_CODE,
                CODE_BYTES(bits == 16 ? 0x66 : 0x90, bits == 8 ? 0xD2 : 0xD3, (uint8_t)(0xC0 | operation << 3), 0xF4));
            for (unsigned count = 0; count < 34; count++)
                for (unsigned n = 0; n < 40; n++)
                    check_shift(p, operation, bits, next_random(&seed), count, next_random(&seed) & FLAGS_ARITHMETIC);
        }
    processor_free(p);
}

/* dst:src as a list of bits that moves by one bit at a time; a 16-bit one is dst:src:dst. */
static void check_double_shift(struct processor *p, bool right, unsigned bits, uint32_t dst, uint32_t src,
                               unsigned count)
{
    uint64_t mask = bits == 16 ? 0xFFFF : 0xFFFFFFFF, d = dst & mask, s = src & mask, again = d, before = d;
    bool carry = false;

    for (unsigned n = 0; n < (count & 31); n++) {
        before = d;
        if (right) {
            carry = d & 1;
            d = d >> 1 | (s & 1) << (bits - 1);
            s = s >> 1 | (again & 1) << (bits - 1);
            again >>= 1;
        } else {
            carry = d >> (bits - 1);
            d = (d << 1 | s >> (bits - 1)) & mask;
            s = (s << 1 | again >> (bits - 1)) & mask;
            again = again << 1 & mask;
        }
    }
    p->cpu.reg[EAX] = dst;
    p->cpu.reg[EDX] = src;
    p->cpu.reg[ECX] = count;
    set_flags(p, FLAGS_ARITHMETIC);
    rerun(p);
    assert_int_equal(p->cpu.reg[EAX], (dst & ~(uint32_t)mask) | (uint32_t)d);
    if (!(count & 31)) {
        assert_int_equal(flags_of(p), FLAGS_ARITHMETIC);
        return;
    }
    assert_int_equal(flags_of(p) & (FLAG_CF | FLAG_OF | FLAG_AF | FLAG_ZF),
                     (carry ? FLAG_CF : 0) | ((d ^ before) >> (bits - 1) ? FLAG_OF : 0) | (d ? 0 : FLAG_ZF));
}

static void shld_and_shrd_16_with_count_over_15_go_on_into_the_destination(void **state)
{
    (void)state;
    struct processor *p = flat();
    uint32_t seed = 2;

    for (unsigned right = 0; right < 2; right++)
        for (unsigned bits = 16; bits <= 32; bits *= 2) {
            code_put(p, AT_CODE,
                     CODE_BYTES(bits == 16 ? 0x66 : 0x90, 0x0F, right ? 0xAD : 0xA5, 0xD0 /* eax, edx, cl */, 0xF4));
            for (unsigned count = 0; count < 34; count++)
                for (unsigned n = 0; n < 40; n++) {
                    uint32_t dst = next_random(&seed);
                    check_double_shift(p, right, bits, dst, next_random(&seed), count);
                }
        }
    processor_free(p);
}

static void decimal_adjustment_adds_and_subtracts_every_pair_of_two_digits(void **state)
{
    (void)state;
    struct processor *p = flat();

    for (unsigned subtract = 0; subtract < 2; subtract++) {
        code_put(p, AT_CODE, CODE_BYTES(subtract ? 0x28 : 0x00, 0xD8, subtract ? 0x2F : 0x27, 0xF4));
        for (unsigned a = 0; a < 100; a++)
            for (unsigned b = 0; b < 100; b++) {
                unsigned result = (subtract ? 100 + a - b : a + b) % 100;
                p->cpu.reg[EAX] = a / 10 << 4 | a % 10;
                p->cpu.reg[EBX] = b / 10 << 4 | b % 10;
                rerun(p);
                assert_int_equal(p->cpu.reg[EAX], result / 10 << 4 | result % 10);
                assert_int_equal(flags_of(p) & FLAG_CF, (subtract ? a < b : a + b > 99) ? FLAG_CF : 0);
            }
    }
    processor_free(p);
}

static void aaa_and_aas_carry_into_ah(void **state)
{
    (void)state;
    struct processor *p = flat();

    p->cpu.reg[EAX] = 0x01FF;
    RUN(p, 0x37);
    assert_int_equal(p->cpu.reg[EAX], 0x0305); /* AX + 106h: the carry out of AL counts as well */
    assert_int_equal(flags_of(p) & (FLAG_CF | FLAG_AF), FLAG_CF | FLAG_AF);
    p->cpu.reg[EAX] = 0x0200;
    set_flags(p, FLAG_AF);
    RUN(p, 0x3F);
    assert_int_equal(p->cpu.reg[EAX], 0x000A); /* AX - 106h */
    processor_free(p);
}

static void expect_divide_error(const uint8_t *code, size_t length, uint32_t eax, uint32_t edx, uint32_t ebx)
{
    struct processor *p = flat();

    p->cpu.reg[EAX] = eax;
    p->cpu.reg[EDX] = edx;
    p->cpu.reg[EBX] = ebx;
    execute(p, code, length);
    expect_vector(p, EXC_DE);
    assert_int_equal(on_stack(p, 0), AT_CODE);
    assert_int_equal(p->cpu.reg[EAX], eax);
    assert_int_equal(p->cpu.reg[EDX], edx);
    processor_free(p);
}

static void a_quotient_that_does_not_fit_is_a_divide_error(void **state)
{
    (void)state;
    expect_divide_error(CODE_BYTES(0xF7, 0xF3 /* div ebx */), 1, 0, 0);
    expect_divide_error(CODE_BYTES(0xF7, 0xF3), 0, 5, 5);
    expect_divide_error(CODE_BYTES(0xF6, 0xF3 /* div bl */), 0x500, 0, 5);
    expect_divide_error(CODE_BYTES(0xF7, 0xFB /* idiv ebx */), 0x80000000, 0xFFFFFFFF, 0xFFFFFFFF);
    expect_divide_error(CODE_BYTES(0xF7, 0xFB), 0, 0x80000000, 0xFFFFFFFF);
    expect_divide_error(CODE_BYTES(0xF7, 0xFB), 0x80000000, 0, 1);
    expect_divide_error(CODE_BYTES(0x66, 0xF7, 0xFB), 0x8000, 0xFFFF, 0xFFFF);
    expect_divide_error(CODE_BYTES(0xD4, 0x00 /* aam 0 */), 0, 0, 0);
}

static void idiv_truncates_towards_zero_and_sets_af_alone(void **state)
{
    (void)state;
    struct processor *p = flat();

    p->cpu.reg[EAX] = (uint32_t)-7;
    p->cpu.reg[EDX] = UINT32_MAX;
    p->cpu.reg[EBX] = 2;
    set_flags(p, FLAG_CF | FLAG_PF | FLAG_OF);
    RUN(p, 0xF7, 0xFB);
    assert_int_equal((int32_t)p->cpu.reg[EAX], -3);
    assert_int_equal((int32_t)p->cpu.reg[EDX], -1);
    assert_int_equal(flags_of(p), FLAG_AF);
    processor_free(p);
}

static void a_bit_number_in_a_register_reaches_beyond_its_operand(void **state)
{
    (void)state;
    struct processor *p = flat();

    p->cpu.reg[EBX] = AT_DATA + 0x100;
    p->cpu.reg[EAX] = (uint32_t)-33;
    RUN(p, 0x0F, 0xAB, 0x03 /* bts [ebx], eax */);
    assert_int_equal(peek(p, AT_DATA + 0xF8, 4), 0x80000000);
    p->cpu.reg[EAX] = 0x7FFF;
    RUN(p, 0x66, 0x0F, 0xAB, 0x03 /* word */);
    assert_int_equal(peek(p, AT_DATA + 0x100 + 0xFFE, 2), 0x8000);
    RUN(p, 0x0F, 0xBA, 0x2B, 0x21 /* bts dword [ebx], 33 */);
    assert_int_equal(peek(p, AT_DATA + 0x100, 4), 2);
    processor_free(p);
}

static void bit_scans_find_every_bit_and_keep_the_destination_when_there_is_none(void **state)
{
    (void)state;
    struct processor *p = flat();

    code_put(p, AT_CODE, CODE_BYTES(0x0F, 0xBC, 0xC3 /* bsf eax, ebx */, 0x0F, 0xBD, 0xCB /* bsr ecx, ebx */, 0xF4));
    for (unsigned bit = 0; bit < 32; bit++) {
        p->cpu.reg[EBX] = 1u << bit | 1u << 31;
        rerun(p);
        assert_int_equal(p->cpu.reg[EAX], bit);
        assert_int_equal(p->cpu.reg[ECX], 31);
        p->cpu.reg[EBX] = 1u << bit | 1;
        rerun(p);
        assert_int_equal(p->cpu.reg[EAX], 0);
        assert_int_equal(p->cpu.reg[ECX], bit);
    }
    p->cpu.reg[EBX] = 0;
    p->cpu.reg[EAX] = 77;
    rerun(p);
    assert_int_equal(p->cpu.reg[EAX], 77);
    assert_true(flags_of(p) & FLAG_ZF);
    processor_free(p);
}

static void cmpxchg8b_exchanges_eight_bytes_within_a_page_and_across_two(void **state)
{
    static const uint32_t places[] = {AT_DATA, AT_DATA + PAGE_SIZE - 8, AT_DATA + PAGE_SIZE - 3};
    (void)state;

    for (unsigned n = 0; n < sizeof places / sizeof *places; n++) {
        struct processor *p = flat();
        poke(p, places[n], 0x44332211, 4);
        poke(p, places[n] + 4, 0x88776655, 4);
        p->cpu.reg[ESI] = places[n];
        p->cpu.reg[EBX] = 1;
        p->cpu.reg[ECX] = 2;
        RUN(p, 0xF0, 0x0F, 0xC7, 0x0E); /* fails, and loads what is there */
        assert_int_equal(p->cpu.reg[EAX], 0x44332211);
        assert_int_equal(p->cpu.reg[EDX], 0x88776655);
        assert_false(flags_of(p) & FLAG_ZF);
        assert_int_equal(peek(p, places[n] + 4, 4), 0x88776655);
        rerun(p);
        assert_true(flags_of(p) & FLAG_ZF);
        assert_int_equal(peek(p, places[n], 4), 1);
        assert_int_equal(peek(p, places[n] + 4, 4), 2);
        processor_free(p);
    }
}

/* --- What faults leaves nothing behind --- */

static void a_change_of_read_only_memory_faults_as_a_write_and_commits_nothing(void **state)
{
    /* clang-format off */
    static const uint8_t codes[][4] = {
        {0x01, 0x03 /* add [ebx], eax */}, {0xFF, 0x03 /* inc dword [ebx] */}, {0x87, 0x03 /* xchg [ebx], eax */},
        {0x0F, 0xC1, 0x03 /* xadd */}, {0x0F, 0xB1, 0x03 /* cmpxchg, which fails */}, {0xD1, 0x23 /* shl dword [ebx], 1 */},
        {0x0F, 0xA5, 0x03 /* shld */}, {0x0F, 0xC7, 0x0B /* cmpxchg8b */}, {0x0F, 0xAB, 0x03 /* bts */},
        {0x8F, 0x03 /* pop dword [ebx] */}, {0x0F, 0x94, 0x03 /* setz */}};
    /* clang-format on */
    (void)state;

    for (unsigned n = 0; n < sizeof codes / sizeof *codes; n++) {
        struct processor *p = flat();
        struct segment *ds = &p->cpu.seg[SEG_DS];
        uint32_t registers[8];

        ds->rights &= (uint16_t)~RIGHTS_WRITABLE;
        segment_derive(ds);
        p->cpu.reg[EAX] = p->cpu.reg[ECX] = 1;
        p->cpu.reg[EBX] = AT_DATA;
        poke(p, AT_DATA, 5, 4);
        set_flags(p, FLAG_CF | FLAG_SF);
        memcpy(registers, p->cpu.reg, sizeof registers);
        execute(p, codes[n], 4);
        expect_fault(p, EXC_GP, 0, AT_CODE);
        assert_int_equal(peek(p, AT_DATA, 4), 5);
        assert_int_equal(flags_of(p), FLAG_CF | FLAG_SF);
        registers[ESP] = p->cpu.reg[ESP];
        assert_int_equal(p->cpu.reg[ESP], AT_STACK - 16);
        assert_memory_equal(p->cpu.reg, registers, sizeof registers);
        processor_free(p);
    }
}

static void cmov_reads_its_memory_whether_the_condition_holds_or_not(void **state)
{
    (void)state;
    struct processor *p = flat();

    p->cpu.seg[SEG_DS].limit = 0xFF;
    segment_derive(&p->cpu.seg[SEG_DS]);
    set_flags(p, 0);
    RUN(p, 0x0F, 0x44, 0x05, D(0x200) /* cmovz eax, [200h] */);
    expect_fault(p, EXC_GP, 0, AT_CODE);
    processor_free(p);
}

static void a_fault_in_the_middle_of_a_block_counts_what_came_before(void **state)
{
    (void)state;
    struct processor *p = flat();
    uint64_t start = clock_now(&p->clock);

    p->cpu.reg[EBX] = 0;
    RUN(p, 0x40, 0x40, 0x40 /* inc eax, three times */, 0xF7, 0xF3 /* div ebx */, 0x40);
    expect_vector(p, EXC_DE);
    assert_int_equal(on_stack(p, 0), AT_CODE + 3);
    assert_int_equal(clock_now(&p->clock) - start, 3 + 1 + 1); /* the three, the delivery, HLT */
    processor_free(p);
}

/* --- Stack --- */

static void push_esp_pushes_the_old_value_and_pop_addresses_by_the_new(void **state)
{
    (void)state;
    struct processor *p = flat();

    RUN(p, 0x54 /* push esp */, 0x58 /* pop eax */);
    assert_int_equal(p->cpu.reg[EAX], AT_STACK);
    poke(p, AT_STACK, 0x11111111, 4);
    p->cpu.reg[ESP] = AT_STACK;
    RUN(p, 0x8F, 0x44, 0x24, 0x04 /* pop dword [esp+4] */);
    assert_int_equal(peek(p, AT_STACK + 8, 4), 0x11111111);
    p->cpu.reg[ESP] = AT_STACK;
    RUN(p, 0x5C /* pop esp */);
    assert_int_equal(p->cpu.reg[ESP], 0x11111111);
    processor_free(p);
}

static void a_16_bit_stack_wraps_and_keeps_the_upper_half_of_esp(void **state)
{
    (void)state;
    struct processor *p = processor_real(CPU_I486);

    p->cpu.reg[ESP] = 0xABCD0000;
    p->cpu.reg[EAX] = 0x1234;
    RUN(p, 0x50 /* push ax */);
    assert_int_equal(p->cpu.reg[ESP], 0xABCDFFFE);
    assert_int_equal(peek(p, 0xFFFE, 2), 0x1234);
    processor_free(p);
}

static void pusha_that_meets_the_limit_pushes_nothing(void **state)
{
    (void)state;
    struct processor *p = processor_real(CPU_I486);

    segment_set_real(&p->cpu, SEG_SS, AT_DATA >> 4);
    p->cpu.reg[ESP] = 7; /* the fourth word would lie at FFFFh */
    p->cpu.reg[EAX] = p->cpu.reg[ECX] = p->cpu.reg[EDX] = 0x5555;
    RUN(p, 0x60);
    expect_vector(p, EXC_SS);
    assert_int_equal(p->cpu.reg[ESP], 1);
    assert_int_equal(peek(p, AT_DATA + 1, 4), AT_CODE << 12); /* CS:IP of the PUSHA */
    processor_free(p);
}

static void enter_copies_the_frame_pointers_of_outer_levels(void **state)
{
    (void)state;
    struct processor *p = flat();
    uint32_t sp = AT_STACK;

    p->cpu.reg[EBP] = AT_DATA;
    poke(p, AT_DATA - 4, 0x1111, 4);
    poke(p, AT_DATA - 8, 0x2222, 4);
    RUN(p, 0xC8, W(0x20), 3 /* enter 20h, 3 */);
    assert_int_equal(peek(p, sp - 4, 4), AT_DATA);
    assert_int_equal(peek(p, sp - 8, 4), 0x1111);
    assert_int_equal(peek(p, sp - 12, 4), 0x2222);
    assert_int_equal(peek(p, sp - 16, 4), sp - 4);
    assert_int_equal(p->cpu.reg[EBP], sp - 4);
    assert_int_equal(p->cpu.reg[ESP], sp - 16 - 0x20);
    RUN(p, 0xC9 /* leave */);
    assert_int_equal(p->cpu.reg[EBP], AT_DATA);
    assert_int_equal(p->cpu.reg[ESP], sp);
    processor_free(p);
}

/* --- Control flow --- */

static void a_branch_beyond_the_limit_faults_on_itself(void **state)
{
    (void)state;
    struct processor *p = flat();

    p->cpu.seg[SEG_CS].limit = AT_CODE + 0xFFF;
    p->cpu.reg[ECX] = 5;
    RUN(p, 0x90, 0xE9, D(0x2000) /* jmp */);
    expect_fault(p, EXC_GP, 0, AT_CODE + 1);
    processor_free(p);

    p = flat();
    p->cpu.seg[SEG_CS].limit = AT_CODE + 0x20;
    p->cpu.reg[ECX] = 5;
    RUN(p, 0xE2, 0x7F /* loop */);
    expect_fault(p, EXC_GP, 0, AT_CODE);
    assert_int_equal(p->cpu.reg[ECX], 5);
    processor_free(p);

    p = flat();
    p->cpu.seg[SEG_CS].limit = AT_CODE + 0x20;
    RUN(p, 0xE8, D(0x100) /* call */);
    expect_fault(p, EXC_GP, 0, AT_CODE);
    assert_int_equal(p->cpu.reg[ESP], AT_STACK - 16);
    processor_free(p);
}

static void a_16_bit_operand_cuts_the_target(void **state)
{
    (void)state;
    struct processor *p = flat();

    poke(p, (AT_CODE + 5 + 0x10) & 0xFFFF, 0xF4, 1); /* AT_CODE is a multiple of 64 KiB: the HLT lies near 0 */
    RUN(p, 0x90, 0x66, 0xE9, W(0x10));
    assert_int_equal(p->cpu.eip, 0x16);
    processor_free(p);
}

static void ip_wraps_at_the_end_of_a_16_bit_segment(void **state)
{
    (void)state;
    struct processor *p = processor_real(CPU_I486);

    p->cpu.eip = 0xFFFD;
    code_put(p, AT_CODE + 0xFFFD, CODE_BYTES(0xE9, W(0x20) /* jmp from 0 to 20h */));
    poke(p, AT_CODE + 0x20, 0xF4, 1);
    run(p, 10);
    assert_true(p->cpu.halted_dead);
    assert_int_equal(p->cpu.eip, 0x21);
    processor_free(p);
}

static void loops_count_by_address_size(void **state)
{
    (void)state;
    struct processor *p = flat();

    p->cpu.reg[ECX] = 0x10003;
    p->cpu.reg[EAX] = 0;
    RUN(p, 0x40 /* inc eax */, 0x67, 0xE2, 0xFC /* loop, by CX */);
    assert_int_equal(p->cpu.reg[EAX], 3);
    assert_int_equal(p->cpu.reg[ECX], 0x10000);
    RUN(p, 0x67, 0xE3, 0x01 /* jcxz over the inc */, 0x40);
    assert_int_equal(p->cpu.reg[EAX], 3);
    processor_free(p);
}

static void bound_faults_outside_its_limits_only(void **state)
{
    (void)state;
    struct processor *p = flat();

    poke(p, AT_DATA, (uint32_t)-5, 4);
    poke(p, AT_DATA + 4, 7, 4);
    p->cpu.reg[EAX] = (uint32_t)-5;
    RUN(p, 0x62, 0x05, D(AT_DATA));
    assert_int_equal(p->cpu.eip, AT_CODE + 7);
    p->cpu.reg[EAX] = 8;
    rerun(p);
    expect_vector(p, EXC_BR);
    processor_free(p);
}

/* --- Strings --- */

enum { STRING_FROM = AT_DATA + 0xF80, STRING_TO = AT_DATA + 0x4F33, STRING_BYTES = 0x300 };

static void string_setup(struct processor *p, uint32_t from, uint32_t to, uint32_t count)
{
    for (uint32_t n = 0; n < 0x8000; n++)
        p->memory.ram[AT_DATA + n] = (uint8_t)(n * 7 ^ n >> 8);
    p->cpu.reg[ESI] = from;
    p->cpu.reg[EDI] = to;
    p->cpu.reg[ECX] = count;
    p->cpu.reg[EAX] = 0x04030201;
}

/* Runs a repeated instruction at once, and in slices of `slice` ticks: both must end alike, and take as many ticks. */
static void check_slicing(const uint8_t *code, size_t length, uint32_t from, uint32_t to, uint32_t count, int64_t slice)
{
    struct processor *whole = flat(), *sliced = flat();
    uint64_t end;

    string_setup(whole, from, to, count);
    string_setup(sliced, from, to, count);
    execute(whole, code, length);
    end = clock_now(&whole->clock);
    code_put(sliced, AT_CODE, code, length);
    poke(sliced, AT_CODE + (uint32_t)length, 0xF4, 1);
    while (!(sliced->cpu.attention & ATTENTION_HALTED)) {
        uint32_t left = sliced->cpu.reg[ECX];
        run(sliced, slice);
        assert_true(left - sliced->cpu.reg[ECX] <= slice);
    }
    assert_int_equal(clock_now(&sliced->clock), end);
    assert_int_equal(flags_read(&sliced->cpu), flags_read(&whole->cpu));
    assert_memory_equal(sliced->cpu.reg, whole->cpu.reg, sizeof whole->cpu.reg);
    assert_memory_equal(sliced->memory.ram + AT_DATA, whole->memory.ram + AT_DATA, 0x8000);
    processor_free(whole);
    processor_free(sliced);
}

static void slicing_a_repetition_changes_nothing_in_it(void **state)
{
    /* clang-format off */
    static const uint8_t codes[][4] = {
        {0x40, 0xF3, 0xA4, 0x40 /* rep movsb between two inc eax */}, {0x40, 0xF3, 0xA5, 0x40}, {0x66, 0xF3, 0xA5, 0x40},
        {0x40, 0xF3, 0xAA, 0x40}, {0x40, 0xF3, 0xAB, 0x40}, {0x66, 0xF3, 0xAB, 0x40},
        {0xFD, 0xF3, 0xA5, 0x40 /* std */}, {0xFD, 0xF3, 0xAB, 0x40}, {0x40, 0xF3, 0xAC, 0x40},
        {0x40, 0xF2, 0xAE, 0x40}, {0x40, 0xF3, 0xA6, 0x40}, {0x40, 0xF2, 0xA7, 0x40}};
    /* clang-format on */
    static const int64_t slices[] = {1, 2, 3, 7, 64, 100};
    (void)state;

    for (unsigned n = 0; n < sizeof codes / sizeof *codes; n++)
        for (unsigned s = 0; s < sizeof slices / sizeof *slices; s++) {
            check_slicing(codes[n], 4, STRING_FROM, STRING_TO, STRING_BYTES / 4, slices[s]);
            check_slicing(codes[n], 4, STRING_FROM, STRING_FROM + 1, STRING_BYTES / 4, slices[s]);
            check_slicing(codes[n], 4, STRING_FROM + 1, STRING_FROM, STRING_BYTES / 4, slices[s]);
            check_slicing(codes[n], 4, STRING_FROM, STRING_FROM, 1, slices[s]);
            check_slicing(codes[n], 4, STRING_FROM, STRING_TO, 0, slices[s]);
        }
}

/* REP MOVS of 30 elements onto a place `distance` bytes away, upwards or down. */
static void check_copy_onto_itself(unsigned size, bool down, uint32_t at, int32_t distance)
{
    const uint8_t code[] = {down ? 0xFD : 0xFC, 0xF3, size == 4 ? 0xA5 : 0xA4};
    uint32_t first = AT_DATA + at + (down ? 29 * size : 0);
    struct processor *p = flat();
    uint8_t want[0x1200];

    string_setup(p, first, first + (uint32_t)distance, 30);
    memcpy(want, p->memory.ram + AT_DATA, sizeof want);
    for (unsigned n = 0; n < 30; n++) {
        uint32_t place = at + size * (down ? 29 - n : n);
        uint8_t element[4];
        memcpy(element, want + place, size);
        memcpy(want + (int32_t)place + distance, element, size);
    }
    execute(p, code, sizeof code);
    assert_memory_equal(p->memory.ram + AT_DATA, want, sizeof want);
    assert_int_equal(p->cpu.reg[EDI] - p->cpu.reg[ESI], (uint32_t)distance);
    assert_int_equal(p->cpu.reg[ESI], first + (down ? 0 - 30 * size : 30 * size));
    processor_free(p);
}

static void wrote(void *context, uint32_t linear, unsigned size, uint64_t value)
{
    (void)context, (void)linear, (void)size, (void)value;
}

static void delivered(void *context, unsigned vector)
{
    (void)context, (void)vector;
}

/* MOVS and STOS of random sizes, directions, segments and places, near the ends of pages, segments and 64 KiB, some of
 * them into a page that is not there: in bulk, and with an observer, before whom each iteration makes its own accesses.
 */
static void a_repetition_in_bulk_is_the_same_as_one_by_one(void **state)
{
    static const struct observer observer = {.wrote = wrote, .delivered = delivered};
    static const uint32_t limits[] = {UINT32_MAX, 0xFFFF, 0x11FFE, 0x2003};
    uint32_t seed = 20261129, slow = 0, bulk = 0;

    (void)state;
    for (unsigned n = 0; n < 600; n++) {
        const uint32_t count = random_below(&seed, 3000), flags = random_below(&seed, 2) ? FLAG_DF : 0,
                       absent = AT_DATA + PAGE_SIZE * (2 + random_below(&seed, 14));
        const uint8_t code[] = {random_below(&seed, 2) ? 0x66 : 0x90, random_below(&seed, 2) ? 0x67 : 0x90, 0xF3,
                                (uint8_t)((random_below(&seed, 3) ? 0xA4 : 0xAA) + random_below(&seed, 2)), 0x43};
        const int64_t ticks = 1 + random_below(&seed, 3000);
        struct processor *p[2];
        uint32_t base[2], place[2], limit[2], expands[2];
        for (unsigned k = 0; k < 2; k++) {
            base[k] = AT_DATA + random_below(&seed, 3);
            place[k] = (const uint32_t[]){random_below(&seed, 0x3000), 0x2000 + random_below(&seed, 8),
                                          0x10000 - random_below(&seed, 0x20)}[random_below(&seed, 3)];
            limit[k] = limits[random_below(&seed, 4)];
            expands[k] = random_below(&seed, 8) ? 0 : RIGHTS_EXPAND_DOWN;
        }
        if (random_below(&seed, 2))
            place[1] = place[0] + random_below(&seed, 40) - 20;
        for (unsigned k = 0; k < 2; k++) {
            struct cpu *cpu = &(p[k] = flat())->cpu;
            for (uint32_t at = 0; at < 0x14000; at++)
                p[k]->memory.ram[AT_DATA + at] = (uint8_t)(at * 7 + at / 251);
            for (unsigned i = 0; i < 2; i++) {
                struct segment *g = &cpu->seg[i ? SEG_ES : SEG_DS];
                g->base = base[i];
                g->limit = limit[i];
                g->rights = (uint16_t)(g->rights | expands[i]);
                g->flat = false;
                segment_derive(g);
            }
            cpu->reg[ESI] = place[0];
            cpu->reg[EDI] = place[1];
            cpu->reg[ECX] = count | 0x70000 * (code[1] == 0x67);
            cpu->reg[EAX] = 0x04030201;
            flags_write(cpu, flags, FLAG_DF);
            page_all_but(p[k], absent);
            cpu->observer = k ? &observer : NULL;
            code_put(p[k], AT_CODE, code, sizeof code);
            poke(p[k], AT_CODE + sizeof code, 0xF4, 1);
            run(p[k], ticks);
        }
        assert_memory_equal(p[0]->cpu.reg, p[1]->cpu.reg, sizeof p[0]->cpu.reg);
        assert_int_equal(p[0]->cpu.eip, p[1]->cpu.eip);
        assert_int_equal(p[0]->cpu.cr2, p[1]->cpu.cr2);
        assert_int_equal(p[0]->cpu.left, p[1]->cpu.left);
        expect_same_ram(p[0], p[1]);
        bulk += p[0]->cpu.slow_accesses;
        slow += p[1]->cpu.slow_accesses;
        processor_free(p[0]);
        processor_free(p[1]);
    }
    assert_true(bulk < slow / 20);
}

static void a_copy_onto_itself_goes_element_by_element(void **state)
{
    (void)state;
    for (int32_t distance = -9; distance <= 9; distance++)
        for (unsigned kind = 0; kind < 8; kind++)
            check_copy_onto_itself(kind & 1 ? 4 : 1, kind & 2, kind & 4 ? 0xFE7 : 0x100, distance);
}

static void a_repetition_takes_a_tick_for_each_iteration_and_one_for_none(void **state)
{
    (void)state;
    for (uint32_t count = 0; count < 5; count++) {
        struct processor *p = flat();
        string_setup(p, STRING_FROM, STRING_TO, count);
        uint64_t start = clock_now(&p->clock);
        RUN(p, 0x90, 0xF3, 0xA4, 0x90);
        assert_int_equal(clock_now(&p->clock) - start, 2 + (count ? count : 1) + 1);
        processor_free(p);
    }
}

static void a_fault_in_an_iteration_leaves_the_registers_of_the_one_before(void **state)
{
    (void)state;
    struct processor *p = flat();

    p->cpu.seg[SEG_ES].limit = AT_DATA + 0x5009;
    segment_derive(&p->cpu.seg[SEG_ES]);
    string_setup(p, AT_DATA, AT_DATA + 0x4FF0, 100);
    uint64_t start = clock_now(&p->clock);
    RUN(p, 0xF3, 0xA5);
    expect_fault(p, EXC_GP, 0, AT_CODE);
    assert_int_equal(p->cpu.reg[ECX], 100 - 6);
    assert_int_equal(p->cpu.reg[ESI], AT_DATA + 24);
    assert_int_equal(p->cpu.reg[EDI], AT_DATA + 0x4FF0 + 24);
    assert_int_equal(peek(p, AT_DATA + 0x5008, 2), (0x5008 * 7 ^ 0x50) % 256 | ((0x5009 * 7 ^ 0x50) % 256) << 8);
    assert_int_equal(clock_now(&p->clock) - start, 6 + 1 + 1); /* iterations, delivery, HLT */
    processor_free(p);
}

static void a_copy_into_an_absent_page_goes_on_when_it_is_there(void **state)
{
    (void)state;
    struct processor *p = flat();
    uint32_t entry = AT_CR3 + PAGE_SIZE + 4 * ((AT_DATA + 0x5000) >> 12);

    poke(p, AT_CR3, (AT_CR3 + PAGE_SIZE) | 3, 4);
    for (uint32_t page = 0; page < MACHINE_RAM; page += PAGE_SIZE)
        poke(p, AT_CR3 + PAGE_SIZE + 4 * (page >> 12), page | 3, 4);
    poke(p, entry, 0, 4);
    p->cpu.cr3 = AT_CR3;
    p->cpu.cr0 |= CR0_PG;
    mmu_flush(&p->cpu);
    string_setup(p, STRING_FROM, STRING_TO, STRING_BYTES / 4);
    RUN(p, 0xF3, 0xA5);
    expect_fault(p, EXC_PF, 2, AT_CODE);
    assert_int_equal(p->cpu.cr2, AT_DATA + 0x5000);
    assert_int_equal(p->cpu.reg[EDI], AT_DATA + 0x4FFF); /* the element that crosses was not begun */
    assert_int_equal(peek(p, AT_DATA + 0x4FFF, 1), (0x4FFF * 7 ^ 0x4F) & 0xFF);
    assert_int_equal(p->cpu.reg[ECX], STRING_BYTES / 4 - (0x4FFF - (STRING_TO - AT_DATA)) / 4);
    poke(p, entry, (AT_DATA + 0x5000) | 3, 4);
    p->cpu.reg[ESP] = AT_STACK;
    rerun(p);
    assert_int_equal(p->cpu.reg[ECX], 0);
    assert_memory_equal(p->memory.ram + STRING_TO, p->memory.ram + STRING_FROM, STRING_BYTES);
    assert_int_equal(peek(p, entry, 1), 0x63); /* accessed and dirty */
    processor_free(p);
}

static void si_and_di_wrap_with_16_bit_addresses(void **state)
{
    (void)state;
    struct processor *p = processor_real(CPU_I486);

    segment_set_real(&p->cpu, SEG_DS, AT_DATA >> 4);
    segment_set_real(&p->cpu, SEG_ES, AT_DATA >> 4);
    for (unsigned n = 0; n < 8; n++)
        poke(p, AT_DATA + ((0xFFFC + n) & 0xFFFF), n + 1, 1);
    p->cpu.reg[ESI] = 0xAAAAFFFC;
    p->cpu.reg[EDI] = 0xBBBB0100;
    p->cpu.reg[ECX] = 0xCCCC0008;
    RUN(p, 0xF3, 0xA4);
    for (unsigned n = 0; n < 8; n++)
        assert_int_equal(peek(p, AT_DATA + 0x100 + n, 1), n + 1);
    assert_int_equal(p->cpu.reg[ESI], 0xAAAA0004);
    assert_int_equal(p->cpu.reg[EDI], 0xBBBB0108);
    assert_int_equal(p->cpu.reg[ECX], 0xCCCC0000);
    processor_free(p);
}

static void a_repetition_that_overwrites_the_code_behind_it_is_obeyed(void **state)
{
    (void)state;
    struct processor *p = flat();

    p->cpu.reg[EAX] = 0x43; /* inc ebx */
    p->cpu.reg[EBX] = 0;
    p->cpu.reg[ECX] = 4;
    p->cpu.reg[EDI] = AT_CODE + 2;
    RUN(p, 0xF3, 0xAA /* rep stosb */, 0x90, 0x90, 0x90, 0x90);
    assert_int_equal(p->cpu.reg[EBX], 4);
    processor_free(p);
}

static void code_of_many_blocks_that_is_changed_is_obeyed(void **state)
{
    enum { BLOCKS = 300, SIZE = 3, END = AT_CODE + BLOCKS * SIZE };
    (void)state;
    struct processor *p = flat();

    for (unsigned n = 0; n < BLOCKS; n++)
        poke(p, AT_CODE + SIZE * n, 0x00EB43 /* inc ebx; jmp to the next */, SIZE);
    poke(p, END, 0x05C6, 2); /* mov byte [...], dec ebx */
    poke(p, END + 2, AT_CODE + SIZE * 7, 4);
    poke(p, END + 6, 0x850F494B, 4); /* dec ecx; jnz AT_CODE */
    poke(p, END + 10, AT_CODE - (END + 14), 4);
    poke(p, END + 14, 0xF4, 1);
    p->cpu.reg[EBX] = 0;
    p->cpu.reg[ECX] = 2;
    run(p, 10000);
    assert_int_equal(p->cpu.reg[ECX], 0);
    assert_int_equal(p->cpu.reg[EBX], BLOCKS + BLOCKS - 2);
    processor_free(p);
}

/* That is where dropped blocks are said to lie. In a segment that begins there the jump leads to it. */
static void a_block_that_was_dropped_is_not_entered_at_the_last_address(void **state)
{
    enum { JUMP = 0xFF90, TARGET = 0xFFFF };
    struct processor *p = processor_real(CPU_PENTIUM);
    struct segment *cs = &p->cpu.seg[SEG_CS];

    (void)state;
    segment_set_real(&p->cpu, SEG_CS, 0);
    code_put(p, JUMP, CODE_BYTES(0xF9, 0x72, TARGET - JUMP - 3)); /* stc; jc TARGET */
    poke(p, TARGET, 0x40, 1);                                     /* inc ax */
    p->cpu.reg[EAX] = 0;
    for (unsigned n = 1; n <= 3; n++) {
        p->cpu.eip = JUMP;
        run(p, 3);
        assert_int_equal(p->cpu.reg[EAX], n);
    }
    poke(p, TARGET, 0x90, 1);
    poke(p, 0, 0xC8, 1); /* with FF before it, which is what lies nowhere: dec ax */
    cs->base = UINT32_MAX;
    segment_derive(cs);
    p->cpu.eip = JUMP + 1;
    run(p, 3);
    assert_int_equal(p->cpu.reg[EAX], 2);
    processor_free(p);
}

/* Most flags of a run of arithmetic are overwritten before anything sees them, unless the slice ends in between. */
static void a_slice_that_ends_anywhere_finds_all_flags(void **state)
{
    enum { COUNT = 14 };
    (void)state;
    struct processor *whole = flat(), *single = flat();
    struct processor *both[] = {whole, single};

    for (unsigned k = 1; k <= COUNT; k++) {
        for (unsigned n = 0; n < 2; n++) {
            struct processor *p = both[n];
            code_put(p, AT_CODE,
                     CODE_BYTES(0x01, 0xD8, /* add eax, ebx */ 0x31, 0xC1,                      /* xor ecx, eax */
                                0xC1, 0xCA, 7, /* ror edx, 7 */ 0x46, /* inc esi */ 0x29, 0xC7, /* sub edi, eax */
                                0xC1, 0xE0, 3, /* shl eax, 3 */ 0x03, 0x05, D(AT_DATA),         /* add eax, [AT_DATA] */
                                0xF7, 0xDA, /* neg edx */ 0x89, 0xD3,                           /* mov ebx, edx */
                                0xC1, 0xC3, 5, /* rol ebx, 5 */ 0x11, 0xC8,                     /* adc eax, ecx */
                                0x21, 0xD9, /* and ecx, ebx */ 0x4F, /* dec edi */ 0x85, 0xC9 /* test ecx, ecx */));
            p->cpu.eip = AT_CODE;
            for (unsigned r = EAX; r <= EDI; r++)
                p->cpu.reg[r] = r == ESP ? AT_STACK : 0x9E3779B9u * (r + 1);
            set_flags(p, FLAGS_ARITHMETIC);
        }
        run(whole, k);
        for (unsigned n = 0; n < k; n++)
            run(single, 1);
        assert_memory_equal(whole->cpu.reg, single->cpu.reg, sizeof whole->cpu.reg);
        assert_int_equal(whole->cpu.eip, single->cpu.eip);
        assert_int_equal(flags_of(whole), flags_of(single));
    }
    processor_free(whole);
    processor_free(single);
}

static void a_fault_finds_the_flags_that_the_instruction_after_it_overwrites(void **state)
{
    (void)state;
    struct processor *p = flat();

    page_all_but(p, AT_DATA);
    p->cpu.reg[EAX] = p->cpu.reg[EBX] = 0x80000000;
    RUN(p, 0x01, 0xD8, /* add eax, ebx */ 0x8B, 0x0D, D(AT_DATA), /* mov ecx, [AT_DATA] */ 0x31,
        0xDB /* xor ebx, ebx */);
    expect_fault(p, EXC_PF, 0, AT_CODE + 2);
    assert_int_equal(on_stack(p, 3) & FLAGS_ARITHMETIC, FLAG_CF | FLAG_OF | FLAG_ZF | FLAG_PF);
    processor_free(p);
}

static void a_segment_that_is_no_longer_flat_is_obeyed_by_the_next_instruction(void **state)
{
    (void)state;
    struct processor *p = flat();

    poke(p, AT_DATA + 0x40, 0x12345678, 4);
    p->cpu.reg[EAX] = SMALL_DATA;
    RUN(p, 0x8B, 0x15, D(0x40), /* mov edx, [40h]: no access takes the slow path after it */ 0x8E, 0xD8, /* mov ds, ax
                                                                                                          */
        0x8B, 0x0D, D(0x40), /* mov ecx, [40h] */ 0x8B, 0x0D, D(0xFD) /* [0FDh] */);
    assert_int_equal(p->cpu.reg[ECX], 0x12345678);
    expect_fault(p, EXC_GP, 0, AT_CODE + 14);
    processor_free(p);
}

static void a_call_leads_where_the_page_tables_say_now(void **state)
{
    enum { CALLED = 0x12000, OTHER = 0x13000 };
    (void)state;
    struct processor *p = flat();

    page_all_but(p, 0);
    code_put(p, CALLED, CODE_BYTES(0x42, /* inc edx */ 0xC3 /* ret */));
    code_put(p, OTHER, CODE_BYTES(0x46, /* inc esi */ 0xC3));
    p->cpu.reg[EBX] = CALLED;
    p->cpu.reg[ECX] = 5;
    p->cpu.reg[EDX] = p->cpu.reg[ESI] = 0;
    RUN(p, 0xFF, 0xD3, /* call ebx */ 0x49, /* dec ecx */ 0x75, 0xFB,               /* jnz */
        0xC7, 0x05, D(AT_CR3 + PAGE_SIZE + 4 * (CALLED / PAGE_SIZE)), D(OTHER + 7), /* mov [...], OTHER */
        0xFF, 0xD3, 0x0F, 0x20, 0xD8, 0x0F, 0x22, 0xD8, /* mov eax, cr3; mov cr3, eax */ 0xFF, 0xD3);
    assert_int_equal(p->cpu.reg[EDX], 5);
    assert_int_equal(p->cpu.reg[ESI], 2);
    processor_free(p);
}

/* Two pages of the linear address space are one in memory: what follows the end of the first is its beginning, until
 * the second is mapped elsewhere. */
static void what_follows_a_page_is_what_the_page_tables_say_now(void **state)
{
    enum { FRAME = 0x12000, SECOND = 0x13000, OTHER = 0x14000, CALLED = FRAME + 0xFFE };
    (void)state;
    struct processor *p = flat();

    page_all_but(p, 0);
    poke(p, AT_CR3 + PAGE_SIZE + 4 * (SECOND / PAGE_SIZE), FRAME + 7, 4);
    code_put(p, CALLED, CODE_BYTES(0x42, 0x42)); /* inc edx; inc edx */
    code_put(p, FRAME, CODE_BYTES(0x46, /* inc esi */ 0xC3 /* ret */));
    code_put(p, OTHER, CODE_BYTES(0x47, /* inc edi */ 0xC3));
    p->cpu.reg[EBX] = CALLED;
    p->cpu.reg[ECX] = 5;
    p->cpu.reg[EDX] = p->cpu.reg[ESI] = p->cpu.reg[EDI] = 0;
    RUN(p, 0xFF, 0xD3, /* call ebx */ 0x49, /* dec ecx */ 0x75, 0xFB,                            /* jnz */
        0xC7, 0x05, D(AT_CR3 + PAGE_SIZE + 4 * (SECOND / PAGE_SIZE)), D(OTHER + 7), 0xFF, 0xD3); /* mov [...], OTHER */
    assert_int_equal(p->cpu.reg[EDX], 12);
    assert_int_equal(p->cpu.reg[ESI], 5);
    assert_int_equal(p->cpu.reg[EDI], 1);
    processor_free(p);
}

static void a_comparison_stops_where_it_is_decided(void **state)
{
    (void)state;
    struct processor *p = flat();

    string_setup(p, AT_DATA, AT_DATA + 0x1000, 100);
    memcpy(p->memory.ram + AT_DATA + 0x1000, p->memory.ram + AT_DATA, 100);
    poke(p, AT_DATA + 0x1000 + 41, 0xFF, 1);
    RUN(p, 0xF3, 0xA6 /* repe cmpsb */);
    assert_int_equal(p->cpu.reg[ECX], 100 - 42);
    assert_int_equal(p->cpu.reg[ESI], AT_DATA + 42);
    assert_false(flags_of(p) & FLAG_ZF);
    processor_free(p);
}

/* --- Ports --- */

static struct processor *port_owner;
static uint32_t port_written;

/* A port that tells the time. */
static uint32_t read_clock(void *device, uint16_t port, unsigned size)
{
    (void)device, (void)port, (void)size;
    return (uint32_t)clock_now(&port_owner->clock);
}

static void write_port(void *device, uint16_t port, uint32_t value, unsigned size)
{
    (void)device, (void)port, (void)size;
    port_written = value;
}

static struct processor *with_port(void)
{
    port_owner = flat();
    port_owner->cpu.io_ticks = 25;
    bus_map_ports(&port_owner->bus, 0x300, 4, 4, read_clock, write_port, NULL);
    return port_owner;
}

static void a_device_sees_the_tick_of_its_instruction_and_takes_the_time_of_the_bus(void **state)
{
    (void)state;
    struct processor *p = with_port();
    uint64_t start = clock_now(&p->clock);

    RUN(p, 0x66, 0xBA, W(0x300) /* mov dx, 300h */, 0x90, 0x90, 0xED /* in eax, dx */, 0x89, 0xC3 /* mov ebx, eax */,
        0xED, 0xEF /* out dx, eax */);
    assert_int_equal(p->cpu.reg[EBX] - start, 3);
    assert_int_equal(p->cpu.reg[EAX] - start, 3 + 26 + 1);
    assert_int_equal(port_written, p->cpu.reg[EAX]);
    assert_int_equal(clock_now(&p->clock) - start, 3 + 26 + 1 + 26 + 26 + 1);
    processor_free(p);
}

static void each_iteration_of_ins_takes_the_time_of_the_bus(void **state)
{
    (void)state;
    struct processor *p = with_port();
    uint64_t start = clock_now(&p->clock);

    p->cpu.reg[EDX] = 0x300;
    p->cpu.reg[ECX] = 4;
    p->cpu.reg[EDI] = AT_DATA;
    RUN(p, 0xF3, 0x6D /* rep insd */);
    for (unsigned n = 0; n < 4; n++)
        assert_int_equal(peek(p, AT_DATA + 4 * n, 4) - start, 26 * n);
    assert_int_equal(p->cpu.reg[EDI], AT_DATA + 16);
    processor_free(p);
}

static void ins_does_not_touch_the_port_when_its_memory_faults(void **state)
{
    (void)state;
    struct processor *p = with_port();
    uint64_t start = clock_now(&p->clock);

    p->cpu.seg[SEG_ES].limit = 0xFF;
    segment_derive(&p->cpu.seg[SEG_ES]);
    p->cpu.reg[EDX] = 0x300;
    p->cpu.reg[EDI] = 0x100;
    RUN(p, 0x6D);
    expect_fault(p, EXC_GP, 0, AT_CODE);
    assert_int_equal(clock_now(&p->clock) - start, 1 + 1); /* no bus time */
    processor_free(p);
}

static void ins_checks_alignment_before_it_reads_the_port(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_PENTIUM2, 3);

    port_owner = p;
    bus_map_ports(&p->bus, 0x300, 4, 4, read_clock, write_port, NULL);
    p->cpu.io_ticks = 25;
    flags_write(&p->cpu, FLAG_IOPL | FLAG_AC, FLAG_IOPL | FLAG_AC);
    p->cpu.cr0 |= CR0_AM;
    p->cpu.reg[EDX] = 0x300;
    p->cpu.reg[EDI] = AT_DATA + 1;
    uint64_t start = clock_now(&p->clock);
    RUN(p, 0x6D);
    expect_fault(p, EXC_AC, 0, AT_CODE);
    assert_int_equal(p->cpu.reg[EDI], AT_DATA + 1);
    assert_int_equal(clock_now(&p->clock) - start, 1 + 1);
    processor_free(p);
}

static void a_repeated_ins_asks_for_permission_even_for_nothing(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_PENTIUM2, 3);

    p->cpu.reg[ECX] = 0;
    RUN(p, 0xF3, 0x6C /* rep insb */);
    expect_fault(p, EXC_GP, 0, AT_CODE);
    processor_free(p);
}

static void ports_ask_for_the_permission_map(void **state)
{
    (void)state;
    struct processor *p = processor_protected(CPU_PENTIUM2, 3);

    RUN(p, 0xE4, 0x60 /* in al, 60h */);
    expect_fault(p, EXC_GP, 0, AT_CODE);
    processor_free(p);
}

/* --- Moves --- */

static void high_byte_registers_are_the_second_bytes(void **state)
{
    (void)state;
    struct processor *p = flat();

    p->cpu.reg[EBX] = 0x44332211;
    RUN(p, 0xB4, 0x55 /* mov ah, 55h */, 0x88, 0xFB /* mov bl, bh */, 0x86, 0xE7 /* xchg bh, ah */);
    assert_int_equal(p->cpu.reg[EBX], 0x44335522);
    assert_int_equal(p->cpu.reg[EAX] >> 8 & 0xFF, 0x22);
    processor_free(p);
}

static void xlat_and_lea_wrap_with_16_bit_addresses(void **state)
{
    (void)state;
    struct processor *p = processor_real(CPU_I486);

    segment_set_real(&p->cpu, SEG_DS, AT_DATA >> 4);
    poke(p, AT_DATA + 0x0F, 0x99, 1);
    p->cpu.reg[EBX] = 0xFFF0;
    p->cpu.reg[ESI] = 0x20;
    p->cpu.reg[EAX] = 0x1F;
    RUN(p, 0xD7, 0x66, 0x8D, 0x08 /* lea ecx, [bx+si] */);
    assert_int_equal(p->cpu.reg[EAX] & 0xFF, 0x99);
    assert_int_equal(p->cpu.reg[ECX], 0x10);
    processor_free(p);
}

static void lahf_sahf_and_salc_see_the_flags(void **state)
{
    (void)state;
    struct processor *p = flat();

    p->cpu.reg[EAX] = 0xD700;
    set_flags(p, FLAG_OF);
    RUN(p, 0x9E /* sahf */);
    assert_int_equal(flags_of(p), FLAGS_ARITHMETIC);
    RUN(p, 0xD6 /* salc */, 0xF5 /* cmc */, 0x9F /* lahf */);
    assert_int_equal(p->cpu.reg[EAX], 0xD6FF);
    processor_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adc_and_sbb_chain_through_every_pair_of_bytes),
        cmocka_unit_test(shifts_and_rotates_are_so_many_steps_by_one_bit),
        cmocka_unit_test(shld_and_shrd_16_with_count_over_15_go_on_into_the_destination),
        cmocka_unit_test(decimal_adjustment_adds_and_subtracts_every_pair_of_two_digits),
        cmocka_unit_test(aaa_and_aas_carry_into_ah),
        cmocka_unit_test(a_quotient_that_does_not_fit_is_a_divide_error),
        cmocka_unit_test(idiv_truncates_towards_zero_and_sets_af_alone),
        cmocka_unit_test(a_bit_number_in_a_register_reaches_beyond_its_operand),
        cmocka_unit_test(bit_scans_find_every_bit_and_keep_the_destination_when_there_is_none),
        cmocka_unit_test(cmpxchg8b_exchanges_eight_bytes_within_a_page_and_across_two),
        cmocka_unit_test(a_change_of_read_only_memory_faults_as_a_write_and_commits_nothing),
        cmocka_unit_test(cmov_reads_its_memory_whether_the_condition_holds_or_not),
        cmocka_unit_test(a_fault_in_the_middle_of_a_block_counts_what_came_before),
        cmocka_unit_test(push_esp_pushes_the_old_value_and_pop_addresses_by_the_new),
        cmocka_unit_test(a_16_bit_stack_wraps_and_keeps_the_upper_half_of_esp),
        cmocka_unit_test(pusha_that_meets_the_limit_pushes_nothing),
        cmocka_unit_test(enter_copies_the_frame_pointers_of_outer_levels),
        cmocka_unit_test(a_branch_beyond_the_limit_faults_on_itself),
        cmocka_unit_test(a_16_bit_operand_cuts_the_target),
        cmocka_unit_test(ip_wraps_at_the_end_of_a_16_bit_segment),
        cmocka_unit_test(loops_count_by_address_size),
        cmocka_unit_test(bound_faults_outside_its_limits_only),
        cmocka_unit_test(slicing_a_repetition_changes_nothing_in_it),
        cmocka_unit_test(a_copy_onto_itself_goes_element_by_element),
        cmocka_unit_test(a_repetition_in_bulk_is_the_same_as_one_by_one),
        cmocka_unit_test(a_repetition_takes_a_tick_for_each_iteration_and_one_for_none),
        cmocka_unit_test(a_fault_in_an_iteration_leaves_the_registers_of_the_one_before),
        cmocka_unit_test(a_copy_into_an_absent_page_goes_on_when_it_is_there),
        cmocka_unit_test(si_and_di_wrap_with_16_bit_addresses),
        cmocka_unit_test(a_repetition_that_overwrites_the_code_behind_it_is_obeyed),
        cmocka_unit_test(code_of_many_blocks_that_is_changed_is_obeyed),
        cmocka_unit_test(a_block_that_was_dropped_is_not_entered_at_the_last_address),
        cmocka_unit_test(a_slice_that_ends_anywhere_finds_all_flags),
        cmocka_unit_test(a_fault_finds_the_flags_that_the_instruction_after_it_overwrites),
        cmocka_unit_test(a_segment_that_is_no_longer_flat_is_obeyed_by_the_next_instruction),
        cmocka_unit_test(a_call_leads_where_the_page_tables_say_now),
        cmocka_unit_test(what_follows_a_page_is_what_the_page_tables_say_now),
        cmocka_unit_test(a_comparison_stops_where_it_is_decided),
        cmocka_unit_test(a_device_sees_the_tick_of_its_instruction_and_takes_the_time_of_the_bus),
        cmocka_unit_test(each_iteration_of_ins_takes_the_time_of_the_bus),
        cmocka_unit_test(ins_does_not_touch_the_port_when_its_memory_faults),
        cmocka_unit_test(ins_checks_alignment_before_it_reads_the_port),
        cmocka_unit_test(a_repeated_ins_asks_for_permission_even_for_nothing),
        cmocka_unit_test(ports_ask_for_the_permission_map),
        cmocka_unit_test(high_byte_registers_are_the_second_bytes),
        cmocka_unit_test(xlat_and_lea_wrap_with_16_bit_addresses),
        cmocka_unit_test(lahf_sahf_and_salc_see_the_flags),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
