/* test_waits.c - a loop that is advanced leaves what it leaves when each lap is run, at any deadline. */
#include "tests/unit/processor.h"

#include "emu/cpu/mmu.h"
#include "tests/unit/random.h"

/* Runs code to a deadline, with waits advanced or run. */
static struct processor *run_code(const uint8_t *code, size_t length, const uint32_t reg[8], int64_t ticks,
                                  bool run_waits)
{
    struct processor *p = processor_protected(CPU_PENTIUM, 0);

    for (unsigned r = 0; r < 8; r++)
        if (r != ESP)
            p->cpu.reg[r] = reg[r];
    p->cpu.run_waits = run_waits;
    code_put(p, AT_CODE, code, length);
    poke(p, AT_CODE + (uint32_t)length, 0xF4, 1);
    run(p, ticks);
    return p;
}

/* The same both ways; returns the ticks that were not run. */
static uint64_t compare(const uint8_t *code, size_t length, const uint32_t reg[8], int64_t ticks)
{
    struct processor *a = run_code(code, length, reg, ticks, true), *b = run_code(code, length, reg, ticks, false);
    uint64_t waited = b->cpu.waited;

    assert_int_equal(a->cpu.waited, 0);
    assert_memory_equal(a->cpu.reg, b->cpu.reg, sizeof a->cpu.reg);
    assert_int_equal(flags_read(&a->cpu), flags_read(&b->cpu));
    assert_int_equal(a->cpu.eip, b->cpu.eip);
    assert_int_equal(a->cpu.left, b->cpu.left);
    assert_int_equal(a->cpu.halted_dead, b->cpu.halted_dead);
    expect_same_ram(a, b);
    processor_free(a);
    processor_free(b);
    return waited;
}

#define REGISTERS(a, c, d, b) \
    (const uint32_t[8]) \
    { \
        a, c, d, b, 0, AT_DATA, AT_DATA, AT_DATA \
    }
#define COMPARE(reg, ticks, ...) compare(CODE_BYTES(__VA_ARGS__), reg, ticks)

static void a_loop_of_one_instruction_is_advanced(void **state)
{
    (void)state;
    assert_true(COMPARE(REGISTERS(0, 100000, 0, 0), 1000000, 0xE2, 0xFE) > 99900);        /* loop $ */
    assert_true(COMPARE(REGISTERS(100000, 0, 0, 0), 1000000, 0x48, 0x75, 0xFD) > 199900); /* dec eax; jnz */
    assert_true(COMPARE(REGISTERS(100000, 0, 0, 0), 1000000, 0x48, 0x79, 0xFD) > 199900); /* dec eax; jns */
    assert_true(COMPARE(REGISTERS(100000, 0, 0, 0), 5000, 0x48, 0x79, 0xFD) > 4900);      /* to the deadline */
    assert_true(COMPARE(REGISTERS(0, 0, 0, 0), 1000000, 0x40, 0x3D, D(100000), 0x72, 0xF8) > 299900); /* inc eax; cmp;
                                                                                                         jb */
    assert_true(COMPARE(REGISTERS(0, 0, 0, 0), 1000000, 0xEB, 0xFE) > 999900);                        /* jmp $ */
}

static void a_look_at_memory_is_advanced_to_the_deadline(void **state)
{
    (void)state;
    assert_true(COMPARE(REGISTERS(0, 0, 0, 0), 100000, 0x3B, 0x06, 0x74, 0xFC) > 99000); /* cmp eax, [esi]; jz */
    assert_true(COMPARE(REGISTERS(0, 0, 0, 0), 100000, 0x8B, 0x06, 0xA8, 1, 0x74, 0xFA) > 99000); /* mov eax, [esi];
                                                                                                     test al, 1; jz */
}

static void what_changes_more_is_run(void **state)
{
    (void)state;
    assert_int_equal(COMPARE(REGISTERS(0, 1000, 0, 0), 100000, 0x40, 0xE2, 0xFD), 0);       /* inc eax; loop */
    assert_int_equal(COMPARE(REGISTERS(0, 1000, 0, 0), 100000, 0x89, 0x0E, 0xE2, 0xFC), 0); /* mov [esi], ecx; loop */
    assert_int_equal(COMPARE(REGISTERS(0, 1000, 0, 0), 100000, 0x8B, 0x04, 0x0E, 0xE2, 0xFB), 0); /* mov eax, [esi+ecx];
                                                                                                     loop */
    assert_int_equal(COMPARE(REGISTERS(0, 1000, 0, 0), 100000, 0x0F, 0x31, 0xE2, 0xFC), 0);       /* rdtsc; loop */
    assert_int_equal(COMPARE(REGISTERS(0, 1000, 0, 0), 100000, 0x83, 0xD0, 1, 0xE2, 0xFB), 0);    /* adc eax, 1; loop */
}

/* Loops of random steps, tests, conditions and idle instructions, of both sizes, with numbers at the edges, to random
 * deadlines. */
static void random_loops_are_the_same_both_ways(void **state)
{
    static const uint32_t edges[] = {0, 1, 2, 100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};
    static const uint8_t idle[][3] = {{0x90, 0x90, 0x90}, {0x8B, 0x06, 0x90}, {0x85, 0xDB, 0x90},
                                      {0x89, 0xD8, 0x90}, {0x3B, 0x1E, 0x90}, {0xF9, 0x90, 0x90}};
    uint32_t seed = 20261128;
    uint64_t waited = 0, ticks = 0;

    (void)state;
    for (unsigned n = 0; n < 3000; n++) {
        uint8_t code[64];
        uint32_t reg[8], length = 0, half = random_below(&seed, 3) == 0,
                         i = random_below(&seed, 2) ? edges[random_below(&seed, 11)] : random_below(&seed, 9);
        for (unsigned r = 0; r < 8; r++)
            reg[r] = random_below(&seed, 2) ? edges[random_below(&seed, 11)] + random_below(&seed, 3) - 1
                                            : random_below(&seed, 30000);
        reg[ESI] = AT_DATA;
#define PUT(...) \
    do { \
        const uint8_t bytes[] = {__VA_ARGS__}; \
        memcpy(code + length, bytes, sizeof bytes); \
        length += (uint32_t)sizeof bytes; \
    } while (0)
        for (unsigned k = random_below(&seed, 3); k; k--) {
            memcpy(code + length, idle[random_below(&seed, 6)], 3);
            length += 3;
        }
        if (half)
            PUT(0x66);
        switch (random_below(&seed, 5)) {
        case 0: PUT(0x41); break;                   /* inc ecx */
        case 1: PUT(0x49); break;                   /* dec ecx */
        case 2: PUT(0x83, 0xC1, (uint8_t)i); break; /* add ecx, imm8 */
        case 3: PUT(0x83, 0xE9, (uint8_t)i); break; /* sub ecx, imm8 */
        default:
            code[length - half] = 0x90; /* only the branch counts */
            length += half ? 0 : 1;
        }
        for (unsigned k = random_below(&seed, 2); k; k--) {
            memcpy(code + length, idle[random_below(&seed, 6)], 3);
            length += 3;
        }
        if (random_below(&seed, 2)) {
            if (half)
                PUT(0x66);
            switch (random_below(&seed, 3)) {
            case 0: PUT(0x39, 0xD1); break;       /* cmp ecx, edx */
            case 1: PUT(0x85, 0xC9); break;       /* test ecx, ecx */
            default: PUT(0x83, 0xF9, (uint8_t)i); /* cmp ecx, imm8 */
            }
        }
        if (random_below(&seed, 6))
            PUT((uint8_t)(0x70 + random_below(&seed, 16)), (uint8_t)(0 - (length + 2)));
        else
            PUT(0xE2, (uint8_t)(0 - (length + 2)));
        int64_t deadline = 1 + random_below(&seed, random_below(&seed, 2) ? 300 : 60000);
        waited += compare(code, length, reg, deadline);
        ticks += (uint64_t)deadline;
    }
    assert_true(waited > ticks / 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loop_of_one_instruction_is_advanced),
        cmocka_unit_test(a_look_at_memory_is_advanced_to_the_deadline),
        cmocka_unit_test(what_changes_more_is_run),
        cmocka_unit_test(random_loops_are_the_same_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
