/* test_translate.c - small programs for which the engines once differed, or slices did: the same by the interpreter in
 * one slice, by the interpreter in many, and by the translator. tests/translate_fuzz.c finds such programs. */
#include "tests/unit/processor.h"

#include "emu/cpu/translate/translate.h"
#include "emu/host/host.h"

#include <inttypes.h>
#include <stdio.h>

#define TICKS 4000
#define AT_KERNEL (AT_CODE + 0x40)          /* SYSENTER leads here */
#define AT_ABSENT (AT_DATA + 2 * PAGE_SIZE) /* a page that is not there */
#define AT_HIGH 0x80000000                  /* the page of AT_CODE is there too */

static struct processor *run_code(const uint8_t *code, size_t length, uint32_t at, int64_t slice,
                                  const struct code_memory *memory)
{
    struct processor *p = processor_protected(CPU_PENTIUM4, 0);

    if (memory) {
        assert_true(translator_init(&p->cpu, memory));
        translator_set_threshold(&p->cpu, 0);
    }
    poke(p, AT_CR3 + (AT_HIGH >> 22) * 4, AT_CR3 + 2 * PAGE_SIZE + 7, 4);
    poke(p, AT_CR3 + 2 * PAGE_SIZE, AT_CODE + 7, 4);
    page_all_but(p, AT_ABSENT);
    code_put(p, at, code, length);
    p->cpu.eip = at;
    for (unsigned r = 0; r < 8; r++)
        if (r != ESP)
            p->cpu.reg[r] = AT_DATA + 0x100 * r;
    p->cpu.sysenter_cs = 8;
    p->cpu.sysenter_eip = AT_KERNEL;
    p->cpu.sysenter_esp = AT_DATA + 0x800;
    p->cpu.cr4 |= CR4_OSFXSR;
    p->cpu.mxcsr = 0x1F80;
    p->cpu.x87.control = 0x37F;
    x87_derive(&p->cpu);
    for (int64_t done = 0; done < TICKS && !p->cpu.halted_dead; done += slice)
        run(p, slice);
    return p;
}

static void expect_same(struct processor *a, struct processor *b)
{
    cpu_canonical(&a->cpu);
    cpu_canonical(&b->cpu);
    assert_memory_equal(a->cpu.reg, b->cpu.reg, sizeof a->cpu.reg);
    assert_int_equal(a->cpu.flags, b->cpu.flags);
    assert_int_equal(a->cpu.eip, b->cpu.eip);
    assert_int_equal(clock_now(&a->clock), clock_now(&b->clock));
    expect_same_ram(a, b);
    processor_free(b);
}

static void compare(const uint8_t *code, size_t length, uint32_t at)
{
    struct processor *whole = run_code(code, length, at, TICKS, NULL);
    struct code_memory memory;

    expect_same(whole, run_code(code, length, at, 5, NULL));
    if (code_memory_init(&memory, CODE_MEMORY_SIZE)) { /* else this host has no back end */
        expect_same(whole, run_code(code, length, at, TICKS, &memory));
        expect_same(whole, run_code(code, length, at, 50, &memory));
        code_memory_free(&memory);
    }
    processor_free(whole);
}
#define COMPARE_AT(at, ...) compare(CODE_BYTES(__VA_ARGS__), at)

/* The line of /proc/self/maps about what lies at an address: permissions and name. */
static void mapping_at(const void *at, char permissions[5], char name[64])
{
    FILE *maps = fopen("/proc/self/maps", "r");
    uintptr_t from = 0, to = 0;
    char line[512];

    assert_non_null(maps);
    while (fgets(line, sizeof line, maps)) {
        name[0] = '\0';
        assert_true(sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %*s %*s %*s %63[^\n]", &from, &to, permissions, name) >=
                    3);
        if (from <= (uintptr_t)at && (uintptr_t)at < to)
            break;
    }
    fclose(maps);
    assert_true(from <= (uintptr_t)at && (uintptr_t)at < to);
}

/* perf looks into its map for memory whose name begins like this (tools/perf/util/map.c), and for no file's. */
static void code_lies_in_memory_that_perf_names_by_its_map(void **state)
{
    struct code_memory memory;
    char permissions[5], name[64];

    (void)state;
    if (!code_memory_init(&memory, 128 << 10))
        return; /* this host has no back end */
    memory.write[5] = 0xC3;
    assert_int_equal(memory.run[5], 0xC3);
    mapping_at(memory.run, permissions, name);
    assert_string_equal(permissions, "r-xs");
    assert_memory_equal(name, "/dev/zero", 9);
    mapping_at(memory.write, permissions, name);
    assert_string_equal(permissions, "rw-s");
    code_memory_free(&memory);
}

static void a_repeated_instruction_across_a_page_that_overwrites_itself_is_fetched_again(void **state)
{
    const uint32_t at = AT_CODE + PAGE_SIZE - 11;

    (void)state;
    /* mov edi, at; mov ecx, 80; rep stosb: with AL it becomes INC EAX */
    COMPARE_AT(at, 0xBF, D(at), 0xB9, D(80), 0xF3, 0xAA, 0x40, 0xF4);
}

/* Operands on the stack are neighbours, for which a unit looks up the page before it begins; where that fails, it
 * leaves for a block that does not. */
static void an_nmi_that_waits_for_the_one_before_keeps_nothing_from_running(void **state)
{
    static const uint8_t code[] = {0x89, 0x04, 0x24, 0x89, 0x4C,
                                   0x24, 4,    0x40, 0xF4}; /* mov [esp], eax; mov [esp+4],
                                                              ecx; inc eax; hlt */
    struct processor *p;
    struct code_memory memory;

    (void)state;
    if (!code_memory_init(&memory, CODE_MEMORY_SIZE))
        return; /* this host has no back end */
    p = processor_protected(CPU_PENTIUM4, 0);
    assert_true(translator_init(&p->cpu, &memory));
    translator_set_threshold(&p->cpu, 0);
    code_put(p, AT_CODE, code, sizeof code);
    p->cpu.reg[ESP] = AT_DATA;
    p->cpu.nmi_blocked = true;
    p->cpu.attention |= ATTENTION_NMI;
    run(p, 100);
    assert_true(p->cpu.halted_dead);
    assert_int_equal(p->cpu.reg[EAX], 1);
    assert_true(p->cpu.attention & ATTENTION_NMI);
    processor_free(p);
    code_memory_free(&memory);
}

static void a_neighbour_is_looked_up_again_after_what_the_interpreter_does(void **state)
{
    (void)state;
    /* xor dword [D+24h], 7; rcl byte [D+100h], 3; mov byte [D+30h], 40h; jmp */
    COMPARE_AT(AT_CODE, 0x83, 0x35, D(AT_DATA + 0x24), 7, 0xC0, 0x15, D(AT_DATA + 0x100), 3, 0xC6, 0x05,
               D(AT_DATA + 0x30), 0x40, 0xEB, 0xE9);
}

static void flags_outlast_a_control_word_that_is_loaded(void **state)
{
    (void)state;
    /* inc eax; mov word [edx], 37Fh; add byte [ebx], 37h; add byte [ebx], 37h; fldcw [edx]; jnl; inc ebp; jmp */
    COMPARE_AT(AT_CODE, 0x40, 0x66, 0xC7, 0x02, W(0x37F), 0x80, 0x03, 0x37, 0x80, 0x03, 0x37, 0xD9, 0x2A, 0x7D, 0xF0,
               0x45, 0xEB, 0xED);
}

static void a_stack_that_overflows_tells_of_it_by_the_status_word(void **state)
{
    (void)state;
    /* fld1; fcomi st1; fnstsw ax; add ebx, eax; fsub st1, st; fnstsw ax; add ecx, eax; fnstenv [D]; jmp */
    COMPARE_AT(AT_CODE, 0xD9, 0xE8, 0xDB, 0xF1, 0xDF, 0xE0, 0x01, 0xC3, 0xDC, 0xE9, 0xDF, 0xE0, 0x01, 0xC1, 0xD9, 0x35,
               D(AT_DATA), 0xEB, 0xEA);
}

static void the_offset_of_an_operand_by_esp_and_an_index_is_seen(void **state)
{
    (void)state;
    /* push eax; pop eax; movzx eax, cl; fld1; fadd dword [esp + eax]; fstp st0; fnstenv [D]; inc ecx; jmp */
    COMPARE_AT(AT_CODE, 0x50, 0x58, 0x0F, 0xB6, 0xC1, 0xD9, 0xE8, 0xD8, 0x04, 0x04, 0xDD, 0xD8, 0xD9, 0x35, D(AT_DATA),
               0x41, 0xEB, 0xEB);
}

static void mmx_registers_are_those_of_the_floating_point_unit(void **state)
{
    (void)state;
    /* fld1; fld1; fldz; movd mm3, eax; paddd mm3, mm6; movq [D], mm5; fnstenv [D+40h]; emms; fld1; fnstsw ax; add ecx,
     * eax; fstp tbyte [D+80h]; jmp */
    COMPARE_AT(AT_CODE, 0xD9, 0xE8, 0xD9, 0xE8, 0xD9, 0xEE, 0x0F, 0x6E, 0xD8, 0x0F, 0xFE, 0xDE, 0x0F, 0x7F, 0x2D,
               D(AT_DATA), 0xD9, 0x35, D(AT_DATA + 0x40), 0x0F, 0x77, 0xD9, 0xE8, 0xDF, 0xE0, 0x01, 0xC1, 0xDB, 0x3D,
               D(AT_DATA + 0x80), 0xEB, 0xD7);
}

static void neighbours_that_must_be_aligned_fault_where_they_are_not(void **state)
{
    (void)state;
    /* movaps xmm0, [ebx]; addps xmm0, [ebx+10h]; movaps [ebx+20h], xmm0; add ebx, 10h; jmp: to the absent page */
    COMPARE_AT(AT_CODE, 0x0F, 0x28, 0x03, 0x0F, 0x58, 0x43, 0x10, 0x0F, 0x29, 0x43, 0x20, 0x83, 0xC3, 0x10, 0xEB, 0xF0);
    /* the same with add ebx, 8; and with an operand 8 bytes from an aligned one */
    COMPARE_AT(AT_CODE, 0x0F, 0x28, 0x03, 0x0F, 0x58, 0x43, 0x10, 0x0F, 0x29, 0x43, 0x20, 0x83, 0xC3, 0x08, 0xEB, 0xF0);
    COMPARE_AT(AT_CODE, 0x0F, 0x28, 0x03, 0x0F, 0x58, 0x43, 0x08, 0x0F, 0x29, 0x43, 0x20, 0x83, 0xC3, 0x10, 0xEB, 0xF0);
}

static void flags_of_a_comparison_outlast_the_ticks_of_its_loop(void **state)
{
    (void)state;
    /* fldz; fld1; fadd st1, st; fcomi st1; jnz to fadd: the flags are looked at wherever a slice ends */
    COMPARE_AT(AT_CODE, 0xD9, 0xEE, 0xD9, 0xE8, 0xDC, 0xC1, 0xDB, 0xF1, 0x75, 0xFA, 0xF4);
    /* the same by cvtsi2sd xmm0, eax; mulsd xmm1, xmm1; comisd xmm0, xmm1; jae; hlt */
    COMPARE_AT(AT_CODE, 0xF2, 0x0F, 0x2A, 0xC0, 0xF2, 0x0F, 0x59, 0xC9, 0x66, 0x0F, 0x2F, 0xC1, 0x73, 0xF6, 0xF4);
}

static void a_repeated_move_that_faults_in_its_midst_leaves_the_flags_of_before(void **state)
{
    (void)state;
    /* mov esi, D+1; mov edi, absent-16; mov edx, 3; L: mov ecx, 64; mov al, [esi]; mov [edi], al; dec edx; jnz L; dec
     * esi; rep movsb; xor ebx, 1Ch: it moves what it can, as the tables lead to both pages by then. */
    COMPARE_AT(AT_CODE, 0xBE, D(AT_DATA + 1), 0xBF, D(AT_ABSENT - 16), 0xBA, D(3), 0xB9, D(64), 0x8A, 0x06, 0x88, 0x07,
               0x4A, 0x75, 0xF4, 0x4E, 0xF3, 0xA4, 0x83, 0xF3, 0x1C);
}

/* The block that led to the newest one is gone when memory ran out for that: its exits are no more. */
static void what_leads_to_a_block_goes_when_there_is_no_room_for_it(void **state)
{
    enum { SIZE = 0xA0, FIRST = 8, LAST = 64, INSTRUCTIONS = 40 };
    const uint32_t at_long = AT_CODE + 0x20;
    struct code_memory memory;
    bool emptied = false;

    (void)state;
    if (!code_memory_init(&memory, 128 << 10))
        return; /* this host has no back end */
    for (unsigned count = FIRST; count < LAST; count++) {
        struct processor *side[2];
        for (unsigned n = 0; n < 2; n++) {
            struct processor *p = side[n] = processor_protected(CPU_PENTIUM4, 0);
            if (n) {
                assert_true(translator_init(&p->cpu, &memory));
                translator_set_threshold(&p->cpu, 0);
            }
            /* dec ecx; js long; je long; jmp eax */
            code_put(p, AT_CODE, CODE_BYTES(0x49, 0x78, 0x1D, 0x74, 0x1B, 0xFF, 0xE0));
            for (uint32_t n = 0; n < 64; n++) /* inc edx */
                poke(p, at_long + n, 0x42, 1);
            poke(p, at_long + 64, 0xF4, 1);
            for (uint32_t at = AT_CODE_B; at < AT_CODE_B + LAST * SIZE; at += SIZE) {
                for (uint32_t n = 0; n < INSTRUCTIONS; n++) /* adc [ebx + edx], bp */
                    poke(p, at + 3 * n, 0x131166 /* 66 11 13 */, 4);
                code_put(p, at + 3 * INSTRUCTIONS,
                         CODE_BYTES(0x05, D(SIZE), 0xE9, D(AT_CODE - (at + 3 * INSTRUCTIONS + 10))));
            }
            p->cpu.reg[ECX] = count;
            p->cpu.reg[EAX] = AT_CODE_B;
            p->cpu.reg[EBX] = AT_DATA + 2;
            run(p, 10000);
        }
        emptied |= translator_statistics(&side[1]->cpu).flushes > 0;
        expect_same(side[0], side[1]);
        processor_free(side[0]);
    }
    assert_true(emptied);
    code_memory_free(&memory);
}

/* More code than there is room for, and one function that is called all the time. */
static void what_is_used_stays_when_there_is_no_room_and_the_rest_goes(void **state)
{
    enum { SIZE = 0xA0, FUNCTIONS = 600, INSTRUCTIONS = 40, ROUNDS = 3, AT = 0x50000, AT_HOT = AT_CODE + 0x80 };
    struct processor *side[2];
    struct code_memory memory;
    struct translator_statistics s;

    (void)state;
    if (!code_memory_init(&memory, 1280 << 10))
        return; /* this host has no back end */
    for (unsigned n = 0; n < 2; n++) {
        struct processor *p = side[n] = processor_protected(CPU_PENTIUM4, 0);
        if (n) {
            assert_true(translator_init(&p->cpu, &memory));
            translator_set_threshold(&p->cpu, 0);
        }
        /* dec ecx; js to hlt; call hot; jmp eax; hlt */
        code_put(p, AT_CODE, CODE_BYTES(0x49, 0x78, 0x07, 0xE8, D(AT_HOT - (AT_CODE + 8)), 0xFF, 0xE0, 0xF4));
        code_put(p, AT_HOT, CODE_BYTES(0x66, 0x11, 0x2B, 0x42, 0xC3)); /* adc [ebx], bp; inc edx; ret */
        for (uint32_t f = 0; f < FUNCTIONS; f++) {
            uint32_t at = AT + f * SIZE, end = at + 3 * INSTRUCTIONS;
            for (uint32_t i = 0; i < INSTRUCTIONS; i++) /* adc [ebx + edx], bp */
                poke(p, at + 3 * i, 0x131166 /* 66 11 13 */, 4);
            /* mov eax, the next; jmp */
            code_put(p, end, CODE_BYTES(0xB8, D(AT + (f + 1) % FUNCTIONS * SIZE), 0xE9, D(AT_CODE - (end + 10))));
        }
        p->cpu.reg[ECX] = FUNCTIONS * ROUNDS;
        p->cpu.reg[EAX] = AT;
        p->cpu.reg[EBX] = AT_DATA + 2;
        run(p, FUNCTIONS * ROUNDS * (INSTRUCTIONS + 10));
        assert_true(p->cpu.halted_dead);
    }
    s = translator_statistics(&side[1]->cpu);
    assert_true(s.promoted && s.evicted && s.generation[1].blocks && !s.flushes);
    expect_same(side[0], side[1]);
    processor_free(side[0]);
    code_memory_free(&memory);
}

/* What a comparison says of an index holds on one side of the jump after it only: the table is read up to the page that
 * is not there. */
static void an_index_is_bounded_on_the_side_where_the_unit_goes_on(void **state)
{
    /* again: add ecx, 16; cmp ecx, 3Fh; jbe on; mov eax, [ecx*4 + D]; add ebx, eax; on: inc edx; jmp again */
    uint8_t behind[] = {0x90, 0xB9, D(0), 0x83, 0xC1,       0x10, 0x83, 0xF9, 0x3F, 0x76,
                        9,    0x8B, 0x04, 0x8D, D(AT_DATA), 0x01, 0xC3, 0x42, 0xEB, 0xEC};
    /* the same with: ja on; inc edx; jmp again; on: mov eax, [ecx*4 + D]; add ebx, eax; jmp again */
    uint8_t aside[] = {0x90, 0xB9, D(0), 0x83, 0xC1, 0x10, 0x83,       0xF9, 0x3F, 0x77, 3,
                       0x42, 0xEB, 0xF5, 0x8B, 0x04, 0x8D, D(AT_DATA), 0x01, 0xC3, 0xEB, 0xEA};

    (void)state;
    for (unsigned n = 0; n < 4; n++) { /* at even and odd addresses: units go other ways first */
        compare(behind + n % 2, sizeof behind - n % 2, AT_CODE);
        compare(aside + n % 2, sizeof aside - n % 2, AT_CODE);
        if (n == 1)
            behind[12] ^= 1, aside[12] ^= 1; /* JBE, JA: each becomes the other */
    }
}

/* Runs code of `ticks` instructions, whose loop ECX counts, by the interpreter and by the translator: both end in its
 * HLT in one state. False: this host has no back end. */
static bool runs_alike(const uint8_t *code, size_t size, uint32_t ecx, uint64_t ticks, struct translator_statistics *s)
{
    struct processor *side[2];
    struct code_memory memory;

    if (!code_memory_init(&memory, 1 << 20))
        return false;
    for (unsigned n = 0; n < 2; n++) {
        struct processor *p = side[n] = processor_protected(CPU_PENTIUM4, 0);
        if (n)
            assert_true(translator_init(&p->cpu, &memory));
        code_put(p, AT_CODE, code, size);
        p->cpu.reg[EAX] = 5;
        p->cpu.reg[ECX] = ecx;
        run(p, ticks);
        assert_true(p->cpu.halted_dead);
    }
    *s = translator_statistics(&side[1]->cpu);
    expect_same(side[0], side[1]);
    processor_free(side[0]);
    code_memory_free(&memory);
    return true;
}

/* A loop whose way leads over a jump that is always taken, and past code that never runs. */
static void a_unit_goes_along_a_jump_that_is_mostly_taken(void **state)
{
    enum { ROUNDS = 10000 };
    struct translator_statistics s;

    (void)state;
    /* add eax, 3; test ecx, ecx; jnz on; hlt; hlt; on: dec ecx; jnz to the start; hlt */
    if (!runs_alike(CODE_BYTES(0x83, 0xC0, 0x03, 0x85, 0xC9, 0x75, 0x02, 0xF4, 0xF4, 0x49, 0x75, 0xF4, 0xF4), ROUNDS,
                    5 * ROUNDS + 1, &s))
        return;
    assert_int_equal(s.translated, 1);
    assert_int_equal(s.instructions, 5);
    assert_in_range(s.ticks, 4 * ROUNDS, 5 * ROUNDS);
}

/* A loop of three laps in another loop: both become one unit, of all that one lap of the outer one does. */
static void the_laps_of_a_short_loop_are_one_unit_with_what_surrounds_it(void **state)
{
    enum { ROUNDS = 10000, OUTER = 12, INNER = 8, ROW = AT_DATA + 0x100 };
    struct translator_statistics s;

    (void)state;
    /* start: mov edx, 3; inner: add [edx*4 + ROW], eax; dec edx; jnz inner; dec ecx; jnz start; hlt */
    if (!runs_alike(CODE_BYTES(0xBA, D(3), 0x01, 0x04, 0x95, D(ROW), 0x4A, 0x75, 0xF6, 0x49, 0x75, 0xEE, 0xF4), ROUNDS,
                    OUTER * ROUNDS + 1, &s))
        return;
    assert_int_equal(s.translated, 2);
    assert_int_equal(s.instructions, OUTER + INNER);
    assert_in_range(s.ticks, (OUTER - 1) * ROUNDS, OUTER * ROUNDS);
}

/* One of which a unit has no room for all: it takes in ten of its laps. */
static void of_the_laps_of_a_long_loop_some_are_one_unit(void **state)
{
    enum { ROUNDS = 10000, LENGTH = 3, LAPS = 32 / LENGTH };
    struct translator_statistics s;

    (void)state;
    /* add eax, 3; dec ecx; jnz to the start; hlt */
    if (!runs_alike(CODE_BYTES(0x83, 0xC0, 0x03, 0x49, 0x75, 0xFA, 0xF4), ROUNDS, LENGTH * ROUNDS + 1, &s))
        return;
    assert_int_equal(s.translated, 1);
    assert_int_equal(s.instructions, LAPS * LENGTH);
    assert_in_range(s.ticks, (LENGTH - 1) * ROUNDS, LENGTH * ROUNDS);
}

/* Two segments begin in one page, each with other code at one IP. */
static void code_is_told_apart_where_segments_begin_within_one_page(void **state)
{
    enum { A = AT_CODE / 16 + 4, B = AT_CODE / 16 + 0x1C, IP = 0x100 };
    struct processor *side[2];
    struct code_memory memory;

    (void)state;
    if (!code_memory_init(&memory, CODE_MEMORY_SIZE))
        return; /* this host has no back end */
    for (unsigned n = 0; n < 2; n++) {
        struct processor *p = side[n] = processor_real(CPU_I486);
        if (n) {
            assert_true(translator_init(&p->cpu, &memory));
            translator_set_threshold(&p->cpu, 0);
        }
        segment_set_real(&p->cpu, SEG_CS, A);
        p->cpu.eip = IP;
        /* A: inc bx; jmp B:IP. B: add dx, 3; jmp A:IP */
        code_put(p, 16 * A + IP, CODE_BYTES(0x43, 0xEA, IP & 0xFF, IP >> 8, B & 0xFF, B >> 8));
        code_put(p, 16 * B + IP, CODE_BYTES(0x83, 0xC2, 0x03, 0xEA, IP & 0xFF, IP >> 8, A & 0xFF, A >> 8));
        run(p, 1000);
    }
    assert_int_equal(side[0]->cpu.reg[EBX], 250);
    expect_same(side[0], side[1]);
    processor_free(side[0]);
    code_memory_free(&memory);
}

/* The same by both engines, and by translated code with hardly an instruction that the interpreter does. */
static void compare_without_interpreter(const uint8_t *code, size_t length)
{
    struct code_memory memory;
    struct processor *p;
    struct translator_statistics s;

    compare(code, length, AT_CODE);
    if (!code_memory_init(&memory, CODE_MEMORY_SIZE))
        return; /* this host has no back end */
    p = run_code(code, length, AT_CODE, TICKS, &memory);
    s = translator_statistics(&p->cpu);
    assert_in_range(s.ticks, TICKS * 9 / 10, TICKS);
    assert_in_range(s.slow, 0, 20);
    processor_free(p);
    code_memory_free(&memory);
}

static void a_system_call_is_translated_code_all_the_way(void **state)
{
    static const uint8_t code[AT_KERNEL - AT_CODE + 9] = {
        /* mov ecx, esp; mov edx, next; sysenter; next: inc eax; jmp */
        0x89, 0xE1, 0xBA, D(AT_CODE + 9), 0x0F, 0x34, 0x40, 0xEB, 0xF4,
        /* inc ebx; push ds; pop ds; mov es, [esp-4]; sysexit */
        [AT_KERNEL - AT_CODE] = 0x43, 0x1E, 0x1F, 0x8E, 0x44, 0x24, 0xFC, 0x0F, 0x35};

    (void)state;
    compare_without_interpreter(code, sizeof code);
}

static void data_beside_code_is_written_by_translated_code(void **state)
{
    /* mov ebx, the line after the code's; L: inc dword [ebx]; jmp L */
    static const uint8_t code[] = {0xBB, D(AT_CODE + 0x10), 0xFF, 0x03, 0xEB, 0xFC};

    (void)state;
    compare_without_interpreter(code, sizeof code);
}

/* A function that returns to two places, one of them by way of an instruction that lies in two pages. */
static void code_that_is_known_is_not_looked_for_again(void **state)
{
    static const uint8_t code[] = {
        0xE8, D(7), /* at: call f */
        0xE8, D(2), /* call f: three bytes in the next page */
        0xEB, 0xF4, /* jmp at */
        0x43, 0xC3, /* f: inc ebx; ret */
    };
    const uint32_t at = AT_CODE + PAGE_SIZE - 7;
    struct code_memory memory;
    struct processor *p;
    struct translator_statistics s;

    (void)state;
    compare(code, sizeof code, at);
    if (!code_memory_init(&memory, CODE_MEMORY_SIZE))
        return; /* this host has no back end */
    p = run_code(code, sizeof code, at, TICKS, &memory);
    s = translator_statistics(&p->cpu);
    assert_in_range(s.entries, 1, 40);
    assert_in_range(s.ticks, TICKS * 9 / 10, TICKS);
    processor_free(p);
    code_memory_free(&memory);
}

/* A table in a frame: in one page, and with its end in the next; aligned, or not always. */
static void a_table_on_the_stack_is_found_in_both_of_its_pages(void **state)
{
    static const uint8_t code[] = {
        0x81, 0xEC, D(0x300), 0xB9,    D(0),                     /* sub esp, 300h; mov ecx, 0 */
        0x50, 0x58,                                              /* again: push eax; pop eax */
        0x0F, 0xB6, 0xC1,                                        /* movzx eax, cl */
        0x01, 0x8C, 0x84,     D(0x40),                           /* add [esp + eax*4 + 40h], ecx */
        0x03, 0x9C, 0x84,     D(0x20),                           /* add ebx, [esp + eax*4 + 20h] */
        0x83, 0xE0, 0x7F,     0x88,    0x64,     0x44,     0x11, /* and eax, 7Fh; mov [esp + eax*2 + 11h], ah */
        0x32, 0x74, 0x04,     0x41,                              /* xor dh, [esp + eax + 41h] */
        0x83, 0xC1, 0x11,     0xF7,    0xC1,     D(0xF00),       /* add ecx, 17; test ecx, 0F00h */
        0x75, 0xD7, 0x81,     0xF4,    D(0x800),                 /* jnz again; xor esp, 800h */
        0xEB, 0xCF,                                              /* jmp again */
    };

    uint8_t unaligned[sizeof code];

    (void)state;
    compare(code, sizeof code, AT_CODE);
    for (uint8_t bit = 1; bit <= 2; bit <<= 1) {
        memcpy(unaligned, code, sizeof code);
        unaligned[sizeof code - 6] |= bit; /* of what ESP is changed by */
        compare(unaligned, sizeof code, AT_CODE);
    }
}

/* The page of the stack is known for writes until code in it runs; then a write to that code counts. */
static void a_stack_that_holds_code_is_written_as_code_is(void **state)
{
    static const uint8_t code[] = {
        0xB9, D(5), 0x50, 0x58, 0x49, 0x75, 0xFB, /* mov ecx, 5; push eax; pop eax; dec ecx; jnz push */
        0x66, 0xC7, 0x44, 0x24, 0xC0, 0x43, 0xC3, /* again: mov word [esp-40h], (inc ebx; ret) */
        0x8D, 0x44, 0x24, 0xC0, 0xFF, 0xD0,       /* lea eax, [esp-40h]; call eax */
        0xC6, 0x44, 0x24, 0xC0, 0x42, 0xFF, 0xD0, /* mov byte [esp-40h], (inc edx); call eax */
        0xEB, 0xEA,                               /* jmp again */
    };
    struct processor *p;

    (void)state;
    compare(code, sizeof code, AT_CODE);
    p = run_code(code, sizeof code, AT_CODE, TICKS, NULL);
    assert_in_range(p->cpu.reg[EDX] - AT_DATA - 0x200, TICKS / 11, TICKS / 9);
    processor_free(p);
}

/* One of the four places is in the next page, and changes now and then. */
static void a_jump_by_a_table_finds_the_code_of_its_page(void **state)
{
    enum { AT = AT_CODE + PAGE_SIZE - 72, TABLE = AT_DATA + 0x400 };
    static const uint8_t code[] = {
        0xC7,
        0x05,
        D(TABLE),
        D(AT + 52), /* mov dword [TABLE], */
        0xC7,
        0x05,
        D(TABLE + 4),
        D(AT + 55),
        0xC7,
        0x05,
        D(TABLE + 8),
        D(AT + 58),
        0xC7,
        0x05,
        D(TABLE + 12),
        D(AT + 72),
        0x89,
        0xC8,
        0x83,
        0xE0,
        3, /* again: mov eax, ecx; and eax, 3 */
        0xFF,
        0x24,
        0x85,
        D(TABLE), /* jmp [TABLE + eax*4] */
        0x43,
        0xEB,
        22, /* inc ebx; jmp next */
        0x42,
        0xEB,
        19, /* inc edx; jmp next */
        0x80,
        0xF9,
        10,
        0x75,
        14, /* cmp cl, 10; jne next */
        0xC6,
        0x05,
        D(AT + 74),
        2, /* mov byte [AT + 74], 2 */
        0xEB,
        5, /* jmp next */
        0x83,
        0xC6,
        1,
        0xEB,
        0, /* add esi, 1; jmp next */
        0x41,
        0xEB,
        0xD8, /* next: inc ecx; jmp again */
    };
    struct code_memory memory;
    struct processor *p;

    (void)state;
    compare(code, sizeof code, AT);
    if (!code_memory_init(&memory, CODE_MEMORY_SIZE))
        return; /* this host has no back end */
    p = run_code(code, sizeof code, AT, TICKS, &memory);
    assert_in_range(translator_statistics(&p->cpu).entries, 1, 60);
    assert_in_range(translator_statistics(&p->cpu).ticks, TICKS * 9 / 10, TICKS);
    processor_free(p);
    code_memory_free(&memory);
}

/* Its distance from the page is -2^31; and an index that has moved back, by ESI, is scaled. */
static void a_jump_by_a_table_finds_code_in_the_middle_of_all_addresses(void **state)
{
    (void)state;
    /* mov dword [D], target; mov eax, again; jmp eax; again: and ecx, 0; jmp [D + ecx*4]; target: inc ebx; dec esi; mov
     * [ebp + esi*4 - 80000h], ebx; add [ebp + esi*4 - 7FFFCh], ebx; jmp again */
    COMPARE_AT(AT_CODE, 0xC7, 0x05, D(AT_DATA), D(AT_HIGH + 0x1B), 0xB8, D(AT_HIGH + 0x11), 0xFF, 0xE0, 0x83, 0xE1, 0,
               0xFF, 0x24, 0x8D, D(AT_DATA), 0x43, 0x4E, 0x89, 0x9C, 0xB5, D(-0x80000u), 0x01, 0x9C, 0xB5, D(-0x7FFFCu),
               0xEB, 0xE4);
}

/* A function returns to one place, whose block is dropped between two runs: the return is linked to the next one too.
 */
static void a_return_is_linked_again_to_where_it_led(void **state)
{
    /* L: call F; dec ecx; jnz L; hlt; F: ret */
    const uint8_t code[] = {0xE8, D(4), 0x49, 0x75, 0xF8, 0xF4, 0xC3};
    struct code_memory memory;
    uint64_t links[2];

    (void)state;
    if (!code_memory_init(&memory, CODE_MEMORY_SIZE))
        return;
    struct processor *p = processor_protected(CPU_PENTIUM4, 0);
    assert_true(translator_init(&p->cpu, &memory));
    translator_set_threshold(&p->cpu, 0);
    code_put(p, AT_CODE, code, sizeof code);
    for (unsigned n = 0; n < 2; n++) {
        links[n] = translator_statistics(&p->cpu).links;
        p->cpu.reg[ECX] = 100;
        p->cpu.eip = AT_CODE;
        poke(p, AT_CODE + 5, 0x49, 1);
        run(p, TICKS);
        assert_true(p->cpu.halted_dead);
        links[n] = translator_statistics(&p->cpu).links - links[n];
    }
    assert_in_range(links[0], 3, 4);          /* the call, the return, the loop; and perhaps what ends it */
    assert_int_equal(links[1], links[0] - 1); /* all but the call's */
    processor_free(p);
    code_memory_free(&memory);
}

static void code_that_changed_often_is_translated_when_it_no_longer_does(void **state)
{
    static const uint8_t code[] = {
        0xB9, D(600), /* mov ecx, 600 */
        0x80, 0x35,   D(AT_CODE + 12),
        1,                  /* again: xor byte [AT_CODE + 12], 1 */
        0x42,               /* inc edx, or inc ebx */
        0x49, 0x75,   0xF5, /* dec ecx; jnz again */
        0x43, 0x42,   0xEB,
        0xFC, /* inc ebx; inc edx; jmp $-2 */
    };
    enum { LONG = 4 << 20 };
    struct code_memory memory;
    struct processor *p;

    (void)state;
    compare(code, sizeof code, AT_CODE);
    if (!code_memory_init(&memory, CODE_MEMORY_SIZE))
        return; /* this host has no back end */
    p = run_code(code, sizeof code, AT_CODE, TICKS, &memory);
    assert_in_range(translator_statistics(&p->cpu).invalidated, 100, 400); /* then it was left to the interpreter */
    run(p, LONG);
    assert_in_range(translator_statistics(&p->cpu).ticks, LONG / 2, LONG);
    processor_free(p);
    code_memory_free(&memory);
}

/* Each changes an operand of the next instruction, and the flags that follow from it are read. */
static void an_operand_that_changes_often_is_no_part_of_the_code(void **state)
{
    static const uint8_t code[] = {
        0xFF, 0x05,          D(AT_CODE + 7),  /* inc dword [AT_CODE + 7] */
        0xB8, D(0x7FFFFF00),                  /* mov eax, */
        0x01, 0x05,          D(AT_CODE + 19), /* add [AT_CODE + 19], eax */
        0x81, 0xD3,          D(0x12345678),   /* adc ebx, */
        0xD1, 0x05,          D(AT_CODE + 31), /* rol dword [AT_CODE + 31], 1 */
        0x81, 0xFB,          D(0x80000001),   /* cmp ebx, */
        0x0F, 0x90,          0xC1,
        0x83, 0xD2,          0, /* seto cl; adc edx, 0 */
        0x29, 0x05,          D(AT_CODE + 48),
        0xA9, D(0xFF00),           /* sub [AT_CODE + 48], eax; test eax, */
        0x0F, 0x9A,          0xC5, /* setp ch */
        0xEB, 0xC7,                /* jmp AT_CODE */
    };
    struct code_memory memory;
    struct processor *p;

    (void)state;
    compare(code, sizeof code, AT_CODE);
    if (!code_memory_init(&memory, CODE_MEMORY_SIZE))
        return; /* this host has no back end */
    p = run_code(code, sizeof code, AT_CODE, TICKS, &memory);
    assert_in_range(translator_statistics(&p->cpu).invalidated, 1, 40);
    assert_in_range(translator_statistics(&p->cpu).ticks, TICKS * 3 / 4, TICKS);
    processor_free(p);
    code_memory_free(&memory);
}

/* Operands by registers of which MOV and XOR make a number that is known, by one whose number is in code that changes,
 * and by one that is no longer known. */
static void what_is_known_of_a_register_leads_to_its_operands(void **state)
{
    /* clang-format off */
    static const uint8_t code[] = {
        0xFF, 0x05, D(AT_CODE + 7),              /* inc dword [AT_CODE + 7] */
        0xBB, D(AT_DATA + 0x1000),               /* mov ebx, AT_DATA + 0x1000, which the one before changes */
        0x01, 0x03, 0x01, 0x43, 0x04,            /* add [ebx], eax; add [ebx + 4], eax */
        0xBE, D(0x400), 0x01, 0x86, D(AT_DATA),  /* mov esi, 0x400; add [esi + AT_DATA], eax */
        0xBA, D(0x80), 0x31, 0xD6,               /* mov edx, 0x80; xor esi, edx */
        0x01, 0x86, D(AT_DATA),                  /* add [esi + AT_DATA], eax */
        0x01, 0x86, D(AT_DATA + 4),              /* add [esi + AT_DATA + 4], eax */
        0x31, 0xD2, 0x01, 0x82, D(AT_DATA + 0x800), /* xor edx, edx; add [edx + AT_DATA + 0x800], eax */
        0x01, 0x82, D(AT_DATA + 0x804),          /* add [edx + AT_DATA + 0x804], eax */
        0xBF, D(0x10),                           /* mov edi, 0x10 */
        0x01, 0x04, 0xBD, D(AT_DATA + 0x900),    /* add [edi * 4 + AT_DATA + 0x900], eax */
        0x01, 0x04, 0xBD, D(AT_DATA + 0x904),    /* add [edi * 4 + AT_DATA + 0x904], eax */
        0x40, 0xEB, 0xAE,                        /* inc eax; jmp AT_CODE */
    };
    /* clang-format on */

    (void)state;
    compare(code, sizeof code, AT_CODE);
}

/* Accesses to one page of each 2 MiB, in two address spaces in turn. */
static void tables_of_pages_are_given_back_while_the_interpreter_runs(void **state)
{
    static const uint8_t code[] = {
        0xFF, 0x03,              /* inc dword [ebx] */
        0x81, 0xC3, D(0x200000), /* add ebx, */
        0x73, 0xF6,              /* jnc AT_CODE */
        0x0F, 0x22, 0xD9,        /* mov cr3, ecx */
        0x87, 0xCA,              /* xchg ecx, edx */
        0xEB, 0xEF,              /* jmp AT_CODE */
    };
    enum { TABLE = AT_CR3 + 2 * PAGE_SIZE, ENTRIES = PAGE_SIZE / sizeof(uint64_t), LAPS = 4 };
    struct code_memory memory;
    struct processor *p;
    unsigned touched = 0;

    (void)state;
    if (!code_memory_init(&memory, CODE_MEMORY_SIZE))
        return; /* this host has no back end */
    p = processor_protected(CPU_PENTIUM4, 0);
    assert_true(translator_init(&p->cpu, &memory));
    translator_enable(&p->cpu, false);
    for (uint32_t n = 0; n < 2 * PAGE_SIZE / 4; n++)
        poke(p, AT_CR3 + 4 * n, TABLE + 7, 4);
    poke(p, TABLE, AT_DATA + 7, 4);
    poke(p, TABLE + PAGE_SIZE / 2, AT_DATA + 7, 4);
    poke(p, TABLE + AT_CODE / PAGE_SIZE * 4, AT_CODE + 7, 4);
    code_put(p, AT_CODE, code, sizeof code);
    p->cpu.cr3 = AT_CR3;
    p->cpu.cr0 |= CR0_PG;
    mmu_flush(&p->cpu);
    p->cpu.reg[EBX] = 0;
    p->cpu.reg[ECX] = AT_CR3 + PAGE_SIZE;
    p->cpu.reg[EDX] = AT_CR3;
    run(p, LAPS * (2048 * 3 + 3));
    assert_int_equal(peek(p, AT_DATA, 4), LAPS * 2048);
    for (size_t n = 0; n < CODE_TABLES_SIZE / sizeof(uint64_t); n += ENTRIES)
        touched += ((const uint64_t *)memory.tables)[n] != 0;
    assert_in_range(touched, 1, (10 << 20) / PAGE_SIZE);
    processor_free(p);
    code_memory_free(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(code_lies_in_memory_that_perf_names_by_its_map),
        cmocka_unit_test(a_repeated_instruction_across_a_page_that_overwrites_itself_is_fetched_again),
        cmocka_unit_test(an_nmi_that_waits_for_the_one_before_keeps_nothing_from_running),
        cmocka_unit_test(a_neighbour_is_looked_up_again_after_what_the_interpreter_does),
        cmocka_unit_test(flags_outlast_a_control_word_that_is_loaded),
        cmocka_unit_test(a_stack_that_overflows_tells_of_it_by_the_status_word),
        cmocka_unit_test(the_offset_of_an_operand_by_esp_and_an_index_is_seen),
        cmocka_unit_test(mmx_registers_are_those_of_the_floating_point_unit),
        cmocka_unit_test(neighbours_that_must_be_aligned_fault_where_they_are_not),
        cmocka_unit_test(flags_of_a_comparison_outlast_the_ticks_of_its_loop),
        cmocka_unit_test(a_repeated_move_that_faults_in_its_midst_leaves_the_flags_of_before),
        cmocka_unit_test(what_leads_to_a_block_goes_when_there_is_no_room_for_it),
        cmocka_unit_test(what_is_used_stays_when_there_is_no_room_and_the_rest_goes),
        cmocka_unit_test(an_index_is_bounded_on_the_side_where_the_unit_goes_on),
        cmocka_unit_test(a_unit_goes_along_a_jump_that_is_mostly_taken),
        cmocka_unit_test(the_laps_of_a_short_loop_are_one_unit_with_what_surrounds_it),
        cmocka_unit_test(of_the_laps_of_a_long_loop_some_are_one_unit),
        cmocka_unit_test(code_is_told_apart_where_segments_begin_within_one_page),
        cmocka_unit_test(a_system_call_is_translated_code_all_the_way),
        cmocka_unit_test(data_beside_code_is_written_by_translated_code),
        cmocka_unit_test(code_that_is_known_is_not_looked_for_again),
        cmocka_unit_test(a_table_on_the_stack_is_found_in_both_of_its_pages),
        cmocka_unit_test(a_stack_that_holds_code_is_written_as_code_is),
        cmocka_unit_test(a_jump_by_a_table_finds_the_code_of_its_page),
        cmocka_unit_test(a_jump_by_a_table_finds_code_in_the_middle_of_all_addresses),
        cmocka_unit_test(a_return_is_linked_again_to_where_it_led),
        cmocka_unit_test(code_that_changed_often_is_translated_when_it_no_longer_does),
        cmocka_unit_test(an_operand_that_changes_often_is_no_part_of_the_code),
        cmocka_unit_test(what_is_known_of_a_register_leads_to_its_operands),
        cmocka_unit_test(tables_of_pages_are_given_back_while_the_interpreter_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
