/* captured.h - the bench for cases that were captured from a processor in real mode: memory before and after, and which
 * of its pages a case reached, by its own bytes or by what it wrote. */
#ifndef MUNIMENT_TESTS_CAPTURED_H
#define MUNIMENT_TESTS_CAPTURED_H

#include <string.h>

#include "tests/bare.h"

#define CAPTURED_RAM 0x110000u /* real mode reaches FFFF:FFFF */
#define CAPTURED_PAGES (CAPTURED_RAM / PAGE_SIZE)
#define CAPTURED_TICKS 200000 /* more than 65,536 repetitions */

struct captured {
    struct bare bare;
    uint8_t *expected;            /* what memory must be after the case; else as memory */
    bool touched[CAPTURED_PAGES]; /* by the case's own bytes */
};

static inline bool captured_init(struct captured *c, enum cpu_model model)
{
    c->expected = calloc(1, CAPTURED_RAM);
    if (!c->expected || !bare_init(&c->bare, model, CAPTURED_RAM))
        return false;
    memset(c->bare.memory.low_kind, LOW_RAM, sizeof c->bare.memory.low_kind);
    return true;
}

static inline void captured_free(struct captured *c)
{
    bare_free(&c->bare);
    free(c->expected);
}

/* A byte of the case: what memory is to hold after it, and before it too. False: there is no such address. */
static inline bool captured_put(struct captured *c, uint64_t address, uint8_t value, bool before)
{
    if (address >= CAPTURED_RAM)
        return false;
    if (before)
        c->bare.memory.ram[address] = value;
    c->expected[address] = value;
    c->touched[address / PAGE_SIZE] = true;
    return true;
}

/* Resets the processor for a case whose bytes have been put. */
static inline void captured_begin(struct captured *c)
{
    cpu_reset(&c->bare.cpu);
    c->bare.cpu.idtr.limit = 0x3FF;
    for (unsigned page = 0; page < CAPTURED_PAGES; page++)
        c->bare.memory.flags[page] |= PAGE_CLEAN;
}

/* Runs to HLT; false when that does not come. */
static inline bool captured_run(struct captured *c)
{
    c->bare.cpu.halted_dead = false;
    bare_run(&c->bare, CAPTURED_TICKS);
    return c->bare.cpu.attention & ATTENTION_HALTED;
}

static inline bool captured_reached(const struct captured *c, uint32_t page)
{
    return c->touched[page] || !(c->bare.memory.flags[page] & PAGE_CLEAN);
}

/* The first address from `address` on whose byte is not as expected, or CAPTURED_RAM. */
static inline uint32_t captured_difference(const struct captured *c, uint32_t address)
{
    while (address < CAPTURED_RAM) {
        if (!captured_reached(c, address / PAGE_SIZE))
            address |= PAGE_MASK;
        else if (c->bare.memory.ram[address] != c->expected[address])
            return address;
        address++;
    }
    return address;
}

/* Memory back to zeros. */
static inline void captured_clear(struct captured *c)
{
    for (uint32_t page = 0; page < CAPTURED_PAGES; page++) {
        if (!captured_reached(c, page))
            continue;
        memset(c->bare.memory.ram + page * PAGE_SIZE, 0, PAGE_SIZE);
        memset(c->expected + page * PAGE_SIZE, 0, PAGE_SIZE);
        memory_changed(&c->bare.memory, page * PAGE_SIZE, PAGE_SIZE);
    }
    memset(c->touched, 0, sizeof c->touched);
}

#endif
