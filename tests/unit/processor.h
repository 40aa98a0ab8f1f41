/* processor.h - a processor with its tables in a small memory, for unit tests that run real code through decoder,
 * interpreter and loop.
 *
 * Each test writes a few bytes of code, runs them and looks at what is there. Every handler in the IDT is a HLT of its
 * own, so that where the processor halts says which vector was delivered, and the stack says how. */
#ifndef MUNIMENT_TESTS_PROCESSOR_H
#define MUNIMENT_TESTS_PROCESSOR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <malloc.h>

#include <cmocka.h>

#include "emu/bus.h"
#include "emu/cpu/cpu.h"
#include "emu/cpu/flags.h"
#include "emu/cpu/mmu.h"
#include "emu/cpu/segments.h"
#include "emu/cpu/x87_control.h"

/* clang-format off */
/* Where what lies, in physical and linear addresses. */
enum {
    AT_GDT = 0x1000, AT_LDT = 0x1800, AT_IDT = 0x2000, AT_TSS = 0x3000, AT_TSS_B = 0x3100, AT_TSS_16 = 0x3200,
    AT_USER_STACK = 0x5000, AT_INNER_STACK = 0x6000, AT_STACK = 0x7000, AT_HANDLERS = 0x8000, AT_CODE = 0x10000, AT_CODE_B = 0x11000,
    AT_DATA = 0x20000, AT_CR3 = 0x40000
};

/* Selectors of the GDT. */
enum {
    CODE = 0x08, DATA = 0x10, USER_CODE = 0x1B, USER_DATA = 0x23, TSS = 0x28, TSS_B = 0x30, TSS_16 = 0x38, LDT = 0x40, CALL_GATE = 0x48,
    TASK_GATE = 0x50, ABSENT_DATA = 0x58, CONFORMING = 0x60, CODE_16 = 0x68, SMALL_DATA = 0x70, READ_ONLY = 0x78, EXECUTE_ONLY = 0x80,
    EXPAND_DOWN = 0x88, CALL_GATE_16 = 0x90, ABSENT_CODE = 0x98, STACK_16 = 0xA0, SPARE = 0xA8, GDT_SIZE = 0xC0,
    LOCAL_DATA = 0x04 /* in the LDT */
};
/* clang-format on */

#define MACHINE_RAM (1u << 20)

struct processor {
    struct memory memory;
    struct bus bus;
    struct clock clock;
    struct cpu cpu;
    uint8_t irq; /* what the PIC would give */
};

static uint8_t p_acknowledge(void *pic)
{
    struct processor *p = pic;
    cpu_set_intr(&p->cpu, false);
    return p->irq;
}

static inline uint32_t peek(struct processor *p, uint32_t address, unsigned size)
{
    return memory_read(&p->memory, address, size);
}

static inline void poke(struct processor *p, uint32_t address, uint32_t value, unsigned size)
{
    memory_write(&p->memory, address, value, size);
}

/* Fails where the RAM of two differs, and says where. cmocka compares byte by byte: only then. */
static inline void expect_same_ram(const struct processor *a, const struct processor *b)
{
    if (memcmp(a->memory.ram, b->memory.ram, MACHINE_RAM) != 0)
        assert_memory_equal(a->memory.ram, b->memory.ram, MACHINE_RAM);
}

/* Fresh from RESET, in real mode. */
static inline struct processor *processor_new(enum cpu_model model)
{
    /* Memory that is freed stays with the process: thousands of processors follow one another, and pages that come
     * anew from the kernel cost more than what most of them run. */
    static bool kept;
    if (!kept)
        kept = mallopt(M_MMAP_THRESHOLD, 32 << 20) && mallopt(M_TRIM_THRESHOLD, 256 << 20);
    struct processor *p = calloc(1, sizeof *p);

    assert_non_null(p);
    assert_true(memory_init(&p->memory, MACHINE_RAM));
    bus_init(&p->bus);
    p->clock.ticks_per_microsecond = 25;
    assert_true(cpu_init(&p->cpu, model, &p->memory, &p->bus, &p->clock));
    cpu_listen(&p->cpu);
    p->cpu.acknowledge = p_acknowledge;
    p->cpu.pic = p;
    return p;
}

static inline void processor_free(struct processor *p)
{
    cpu_free(&p->cpu);
    memory_free(&p->memory);
    free(p);
}

/* limit in bytes (over 1 MiB: in pages); type is the byte of P, DPL, S and type; flags are G and D as in the
 * descriptor's sixth byte. */
static inline void descriptor_put(struct processor *p, uint32_t at, uint32_t base, uint32_t limit, uint8_t type,
                                  uint8_t flags)
{
    if (limit > 0xFFFFF) {
        limit >>= 12;
        flags |= 0x80;
    }
    poke(p, at, (limit & 0xFFFF) | base << 16, 4);
    poke(p, at + 4,
         (base >> 16 & 0xFF) | (uint32_t)type << 8 | (limit & 0xF0000) | (uint32_t)flags << 16 | (base & 0xFF000000),
         4);
}

static inline void gate_put(struct processor *p, uint32_t at, uint16_t selector, uint32_t offset, uint8_t type,
                            uint8_t parameters)
{
    poke(p, at, (offset & 0xFFFF) | (uint32_t)selector << 16, 4);
    poke(p, at + 4, parameters | (uint32_t)type << 8 | (offset & 0xFFFF0000), 4);
}

static inline void segment_flat(struct processor *p, unsigned segment, uint16_t selector)
{
    struct segment *s = &p->cpu.seg[segment];
    unsigned type = segment == SEG_CS ? 0x9B : 0x93;

    *s = (struct segment){
        .limit = UINT32_MAX, .selector = selector, .rights = (uint16_t)(0xC000 | type | (selector & 3) << 5)};
    segment_derive(s);
}

/* Handlers halt; vector n's lies at AT_HANDLERS + 4n. */
static inline uint32_t handler(unsigned vector)
{
    return AT_HANDLERS + 4 * vector;
}

/* Protected mode, flat, at CPL 0 or 3, with all the tables of the enumerations above and interrupts off. */
static inline struct processor *processor_protected(enum cpu_model model, unsigned cpl)
{
    struct processor *p = processor_new(model);
    struct cpu *cpu = &p->cpu;

    descriptor_put(p, AT_GDT + CODE, 0, UINT32_MAX, 0x9A, 0x40);
    descriptor_put(p, AT_GDT + DATA, 0, UINT32_MAX, 0x92, 0x40);
    descriptor_put(p, AT_GDT + (USER_CODE & ~3), 0, UINT32_MAX, 0xFA, 0x40);
    descriptor_put(p, AT_GDT + (USER_DATA & ~3), 0, UINT32_MAX, 0xF2, 0x40);
    descriptor_put(p, AT_GDT + TSS, AT_TSS, 0xFF, 0x8B, 0);
    descriptor_put(p, AT_GDT + TSS_B, AT_TSS_B, 0x67, 0x89, 0);
    descriptor_put(p, AT_GDT + TSS_16, AT_TSS_16, 0x2B, 0x81, 0);
    descriptor_put(p, AT_GDT + LDT, AT_LDT, 0x7, 0x82, 0);
    gate_put(p, AT_GDT + CALL_GATE, CODE, AT_CODE_B, 0xEC, 2);
    gate_put(p, AT_GDT + TASK_GATE, TSS_B, 0, 0xE5, 0);
    descriptor_put(p, AT_GDT + ABSENT_DATA, 0, 0xFFFF, 0x12, 0);
    descriptor_put(p, AT_GDT + CONFORMING, 0, UINT32_MAX, 0x9E, 0x40);
    descriptor_put(p, AT_GDT + CODE_16, 0, UINT32_MAX, 0x9A, 0);
    descriptor_put(p, AT_GDT + SMALL_DATA, AT_DATA, 0xFF, 0x92, 0x40);
    descriptor_put(p, AT_GDT + READ_ONLY, AT_DATA, 0xFFFF, 0x90, 0x40);
    descriptor_put(p, AT_GDT + EXECUTE_ONLY, 0, UINT32_MAX, 0x98, 0x40);
    descriptor_put(p, AT_GDT + EXPAND_DOWN, AT_DATA, 0xFFF, 0x96, 0);
    gate_put(p, AT_GDT + CALL_GATE_16, CODE_16, 0x8000, 0xE4, 1);
    descriptor_put(p, AT_GDT + ABSENT_CODE, 0, UINT32_MAX, 0x1A, 0x40);
    descriptor_put(p, AT_GDT + STACK_16, 0, 0xFFFF, 0x92, 0);
    descriptor_put(p, AT_LDT, AT_DATA, 0xFFFF, 0x92, 0x40);
    for (unsigned n = 0; n < 256; n++) {
        gate_put(p, AT_IDT + 8 * n, CODE, handler(n), 0x8E, 0);
        poke(p, handler(n), 0xF4, 1);
    }
    poke(p, AT_TSS + 4, AT_INNER_STACK, 4);
    poke(p, AT_TSS + 8, DATA, 4);
    poke(p, AT_TSS + 0x66, 0x88, 2);
    memset(p->memory.ram + AT_TSS + 0x88, 0xFF, 0x78);

    cpu->gdtr = (struct table_register){AT_GDT, GDT_SIZE - 1};
    cpu->idtr = (struct table_register){AT_IDT, 0x7FF};
    cpu->tr = (struct segment){.base = AT_TSS, .limit = 0xFF, .selector = TSS, .rights = 0x8B};
    cpu->ldtr = (struct segment){.base = AT_LDT, .limit = 7, .selector = LDT, .rights = 0x82};
    cpu->cr0 = (cpu->cr0 & CR0_ET) | CR0_PE;
    cpu->cpl = (uint8_t)cpl;
    for (unsigned n = 0; n < SEG_COUNT; n++)
        segment_flat(p, n, (uint16_t)(n == SEG_CS ? (cpl ? USER_CODE : CODE) : (cpl ? USER_DATA : DATA)));
    cpu_mode_changed(cpu);
    cpu->reg[ESP] = cpl ? AT_USER_STACK : AT_STACK;
    cpu->eip = AT_CODE;
    return p;
}

/* Real mode at 1000:0000 with a stack at 0:7000; vectors lead to HLTs as well. */
static inline struct processor *processor_real(enum cpu_model model)
{
    struct processor *p = processor_new(model);
    struct cpu *cpu = &p->cpu;

    for (unsigned n = 0; n < 256; n++) {
        poke(p, 4 * n, handler(n), 4);
        poke(p, handler(n), 0xF4, 1);
    }
    for (unsigned n = 0; n < SEG_COUNT; n++)
        segment_set_real(cpu, n, 0);
    segment_set_real(cpu, SEG_CS, AT_CODE >> 4);
    cpu->reg[ESP] = AT_STACK;
    cpu->eip = 0;
    return p;
}

/* A virtual-8086 task at 1000:0000 with a stack at 0:5000, under the tables of processor_protected. */
static inline struct processor *processor_v86(enum cpu_model model, unsigned iopl)
{
    struct processor *p = processor_protected(model, 3);
    struct cpu *cpu = &p->cpu;

    flags_write(cpu, FLAG_VM | iopl << 12, FLAG_VM | FLAG_IOPL);
    cpu_mode_changed(cpu);
    for (unsigned n = 0; n < SEG_COUNT; n++)
        segment_set_real(cpu, n, 0);
    segment_set_real(cpu, SEG_CS, AT_CODE >> 4);
    cpu->reg[ESP] = AT_USER_STACK;
    cpu->eip = 0;
    return p;
}

/* Turns paging on, with every page of the first MiB where it is, for everybody, but `absent`. */
static inline void page_all_but(struct processor *p, uint32_t absent)
{
    poke(p, AT_CR3, AT_CR3 + PAGE_SIZE + 7, 4);
    for (uint32_t page = 0; page < 256; page++)
        poke(p, AT_CR3 + PAGE_SIZE + 4 * page, page * PAGE_SIZE == absent ? 0 : page * PAGE_SIZE + 7, 4);
    p->cpu.cr3 = AT_CR3;
    p->cpu.cr0 |= CR0_PG;
    mmu_flush(&p->cpu);
}

/* Runs for so many ticks, or until HLT with interrupts off. */
static inline void run(struct processor *p, int64_t ticks)
{
    p->cpu.halted_dead = false;
    p->cpu.attention &= ~(uint32_t)ATTENTION_HALTED;
    p->clock.deadline = clock_now(&p->clock) + (uint64_t)ticks;
    p->cpu.left = ticks;
    engine_run(&p->cpu);
}

static inline void code_put(struct processor *p, uint32_t at, const uint8_t *bytes, size_t length)
{
    memory_write_block(&p->memory, at, bytes, (uint32_t)length);
}

/* Puts code where CS:EIP is, a HLT behind it, and runs it. */
#define CODE_BYTES(...) \
    (const uint8_t[]){__VA_ARGS__}, sizeof(const uint8_t[]) \
    { \
        __VA_ARGS__ \
    }
static inline void execute(struct processor *p, const uint8_t *bytes, size_t length)
{
    uint32_t at = p->cpu.seg[SEG_CS].base + p->cpu.eip;

    code_put(p, at, bytes, length);
    poke(p, at + (uint32_t)length, 0xF4, 1);
    run(p, 1000);
}
#define RUN(p, ...) execute(p, CODE_BYTES(__VA_ARGS__))

/* Little-endian words inside of code. */
#define W(x) (uint8_t)(x), (uint8_t)((x) >> 8)
#define D(x) (uint8_t)(x), (uint8_t)((x) >> 8), (uint8_t)((x) >> 16), (uint8_t)((uint32_t)(x) >> 24)

/* A vector's handler halted; its frame begins with the error code, if it has one. */
static inline void expect_vector(struct processor *p, unsigned vector)
{
    assert_true(p->cpu.halted_dead);
    assert_int_equal(p->cpu.eip, handler(vector) + 1);
}

static inline uint32_t on_stack(struct processor *p, unsigned word)
{
    return peek(p, p->cpu.seg[SEG_SS].base + p->cpu.reg[ESP] + 4 * word, 4);
}

static inline void expect_fault(struct processor *p, unsigned vector, uint32_t error, uint32_t eip)
{
    expect_vector(p, vector);
    assert_int_equal(on_stack(p, 0), error);
    assert_int_equal(on_stack(p, 1), eip);
}

#endif
