/* test_flags.c - the lazy flags say what the manual's definitions say (Intel SDM vol. 1, section 3.4.3.1; vol. 2,
 * appendix B.1.4.7).
 *
 * The reference works bit by bit and with wide numbers; it shares nothing with the processor. */
#include "tests/unit/processor.h"

static const uint32_t samples[] = {0,          1,          2,          7,          8,          0xF,       0x10,
                                   0x7F,       0x80,       0x81,       0xFF,       0x7FFF,     0x8000,    0xFFFF,
                                   0x12345678, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFE, 0xFFFFFFFF};
enum { SAMPLES = sizeof samples / sizeof *samples };

static uint32_t mask(unsigned size)
{
    return (uint32_t)((1ull << 8 * size) - 1);
}

static int64_t as_signed(uint32_t value, unsigned size)
{
    int64_t half = 1ll << (8 * size - 1);

    return ((int64_t)value ^ half) - half;
}

static uint32_t result_flags(uint32_t result, unsigned size)
{
    unsigned ones = 0;

    for (unsigned bit = 0; bit < 8; bit++)
        ones += result >> bit & 1;
    return (result ? 0 : FLAG_ZF) | (as_signed(result, size) < 0 ? FLAG_SF : 0) | (ones % 2 ? 0 : FLAG_PF);
}

/* What an addition (subtraction) of signed and unsigned readings would need room for. */
static uint32_t sum_flags(uint32_t a, uint32_t b, int sign, unsigned size)
{
    uint32_t result = (a + (sign > 0 ? b : 0 - b)) & mask(size), flags = result_flags(result, size);
    int64_t wide = (int64_t)a + sign * (int64_t)b, nibble = (a & 15) + sign * (int)(b & 15);

    if (wide < 0 || wide > mask(size))
        flags |= FLAG_CF;
    if (nibble < 0 || nibble > 15)
        flags |= FLAG_AF;
    if (as_signed(a, size) + sign * as_signed(b, size) != as_signed(result, size))
        flags |= FLAG_OF;
    return flags;
}

static void record(struct cpu *cpu, enum flag_class class, unsigned size, uint32_t result, uint32_t a, uint32_t b)
{
    cpu->flag_op = FLAG_OP(class, size);
    cpu->flag_result = result & mask(size);
    cpu->flag_a = a;
    cpu->flag_b = b;
}

static bool condition_of(uint32_t flags, unsigned condition)
{
    bool c = flags & FLAG_CF, z = flags & FLAG_ZF, s = flags & FLAG_SF, o = flags & FLAG_OF, p = flags & FLAG_PF;
    bool even[8] = {o, c, z, c || z, s, p, s != o, z || s != o};

    return even[condition / 2] != (condition & 1);
}

/* A record must give these flags, and each condition what it is with them. */
static void expect_flags(struct cpu *cpu, uint32_t flags)
{
    assert_int_equal(flags_arithmetic(cpu), flags);
    for (unsigned condition = 0; condition < 16; condition++)
        assert_int_equal(flags_condition(cpu, condition), condition_of(flags, condition));
}

static void check_sums(struct cpu *cpu, unsigned size, uint32_t a, uint32_t b)
{
    a &= mask(size);
    b &= mask(size);
    record(cpu, FLAGS_ADD, size, a + b, a, b);
    expect_flags(cpu, sum_flags(a, b, 1, size));
    record(cpu, FLAGS_SUB, size, a - b, a, b);
    expect_flags(cpu, sum_flags(a, b, -1, size));
}

static void sums_and_differences_are_as_wide_arithmetic_has_them(void **state)
{
    struct cpu *cpu = &((struct processor *)*state)->cpu;

    for (uint32_t a = 0; a < 256; a++)
        for (uint32_t b = 0; b < 256; b++)
            check_sums(cpu, 1, a, b);
    for (unsigned x = 0; x < SAMPLES; x++)
        for (unsigned y = 0; y < SAMPLES; y++) {
            check_sums(cpu, 2, samples[x], samples[y]);
            check_sums(cpu, 4, samples[x], samples[y]);
        }
}

static void steps_by_one_keep_the_carry(void **state)
{
    struct cpu *cpu = &((struct processor *)*state)->cpu;

    for (unsigned n = 0; n < SAMPLES; n++)
        for (unsigned size = 1; size <= 4; size *= 2)
            for (uint32_t carry = 0; carry < 2; carry++) {
                uint32_t a = samples[n] & mask(size);
                record(cpu, FLAGS_INC, size, a + 1, carry, 0);
                expect_flags(cpu, (sum_flags(a, 1, 1, size) & ~(uint32_t)FLAG_CF) | carry);
                record(cpu, FLAGS_DEC, size, a - 1, carry, 0);
                expect_flags(cpu, (sum_flags(a, 1, -1, size) & ~(uint32_t)FLAG_CF) | carry);
            }
}

static void results_bring_their_own_carries(void **state)
{
    static const uint32_t carries[] = {0, FLAG_CF, FLAG_OF, FLAG_CF | FLAG_OF, FLAG_AF, FLAG_CF | FLAG_OF | FLAG_AF};
    struct cpu *cpu = &((struct processor *)*state)->cpu;

    for (unsigned n = 0; n < SAMPLES; n++)
        for (unsigned size = 1; size <= 4; size *= 2) {
            record(cpu, FLAGS_LOGIC, size, samples[n], 0xAAAAAAAA, 0x55555555);
            expect_flags(cpu, result_flags(samples[n] & mask(size), size));
            for (unsigned c = 0; c < sizeof carries / sizeof *carries; c++) {
                record(cpu, FLAGS_RESULT, size, samples[n], carries[c], 0x55555555);
                expect_flags(cpu, result_flags(samples[n] & mask(size), size) | carries[c]);
            }
        }
}

static void materialized_flags_hold_every_combination(void **state)
{
    struct cpu *cpu = &((struct processor *)*state)->cpu;

    for (uint32_t flags = 0; flags < 0x1000; flags++) {
        if (flags & ~(uint32_t)FLAGS_ARITHMETIC)
            continue;
        flags_write_arithmetic(cpu, flags);
        expect_flags(cpu, flags);
    }
}

static void canonical_form_changes_no_flag(void **state)
{
    struct cpu *cpu = &((struct processor *)*state)->cpu;
    uint32_t before;

    record(cpu, FLAGS_SUB, 2, 0x8000 - 0x7FFF, 0x8000, 0x7FFF);
    before = flags_read(cpu);
    cpu_canonical(cpu);
    assert_int_equal(cpu->flag_op >> 3, FLAGS_READY);
    assert_int_equal(flags_read(cpu), before);
    assert_int_equal(cpu->flags, before);
}

static void a_write_touches_what_its_mask_names(void **state)
{
    struct cpu *cpu = &((struct processor *)*state)->cpu;

    flags_write(cpu, 0, UINT32_MAX);
    assert_int_equal(flags_read(cpu), FLAG_FIXED);
    record(cpu, FLAGS_ADD, 1, 0x100, 0xFF, 1);
    flags_write(cpu, UINT32_MAX, FLAG_DF | FLAG_SF);
    assert_int_equal(flags_read(cpu), FLAG_FIXED | FLAG_DF | FLAG_SF | FLAG_CF | FLAG_ZF | FLAG_PF | FLAG_AF);
}

static void tf_asks_for_single_steps_and_if_for_a_waiting_interrupt(void **state)
{
    struct cpu *cpu = &((struct processor *)*state)->cpu;

    flags_write(cpu, FLAG_TF, FLAG_TF);
    assert_true(cpu->attention & ATTENTION_STEP);
    flags_write(cpu, 0, FLAG_TF);
    assert_false(cpu->attention & ATTENTION_STEP);
    cpu->attention |= ATTENTION_INTR;
    cpu->leave = false;
    flags_write(cpu, 0, FLAG_IF);
    assert_false(cpu->leave);
    flags_write(cpu, FLAG_IF, FLAG_IF);
    assert_true(cpu->leave);
}

static int setup(void **state)
{
    *state = processor_new(CPU_PENTIUM2);
    return 0;
}

static int teardown(void **state)
{
    processor_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sums_and_differences_are_as_wide_arithmetic_has_them, setup, teardown),
        cmocka_unit_test_setup_teardown(steps_by_one_keep_the_carry, setup, teardown),
        cmocka_unit_test_setup_teardown(results_bring_their_own_carries, setup, teardown),
        cmocka_unit_test_setup_teardown(materialized_flags_hold_every_combination, setup, teardown),
        cmocka_unit_test_setup_teardown(canonical_form_changes_no_flag, setup, teardown),
        cmocka_unit_test_setup_teardown(a_write_touches_what_its_mask_names, setup, teardown),
        cmocka_unit_test_setup_teardown(tf_asks_for_single_steps_and_if_for_a_waiting_interrupt, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
