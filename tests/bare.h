/* bare.h - processor, memory and ports without chips: the board of programs that run somebody else's suite against the
 * processor. */
#ifndef MUNIMENT_TESTS_BARE_H
#define MUNIMENT_TESTS_BARE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "emu/bus.h"
#include "emu/clock.h"
#include "emu/cpu/cpu.h"
#include "emu/cpu/flags.h"
#include "emu/cpu/mmu.h"
#include "emu/cpu/segments.h"
#include "emu/memory.h"

#ifdef BARE_TRANSLATOR
#include <string.h>

#include "emu/cpu/translate/translate.h"
#include "emu/host/host.h"
#include "tests/lockstep.h"
#endif

struct bare {
    struct memory memory;
    struct bus bus;
    struct clock clock;
    struct cpu cpu;
};

/* As after power on, with nothing but RAM and an empty ROM. ENGINE=translator in the environment: with a translator,
 * where the program was built for it (BARE_TRANSLATOR); so is it in a run that another follows in lockstep. False: no
 * memory. */
static inline bool bare_init(struct bare *b, enum cpu_model model, uint32_t ram_size)
{
    if (!memory_init(&b->memory, ram_size))
        return false;
    bus_init(&b->bus);
    b->clock.ticks_per_microsecond = 25;
    if (!cpu_init(&b->cpu, model, &b->memory, &b->bus, &b->clock))
        return false;
    cpu_listen(&b->cpu);
#ifdef BARE_TRANSLATOR
    const char *engine = getenv("ENGINE"), *lockstep_role = getenv("LOCKSTEP");
    if ((engine && !strcmp(engine, "translator")) || (lockstep_role && !strncmp(lockstep_role, "write:", 6))) {
        static struct code_memory code; /* the suites have one processor each */
        if (!code_memory_init(&code, CODE_MEMORY_SIZE) || !translator_init(&b->cpu, &code))
            fprintf(stderr, "ENGINE=translator: this host has no back end\n");
        translator_set_threshold(&b->cpu, 0);
    }
#endif
    return true;
}

static inline void bare_free(struct bare *b)
{
    cpu_free(&b->cpu);
    memory_free(&b->memory);
}

static inline int bare_run_to(void *bare, uint64_t until)
{
    struct bare *b = bare;

    bool stopped = false;

    clock_begin_slice(&b->clock, until);
    while (!stopped && clock_now(&b->clock) < until) {
        engine_run(&b->cpu);
        clock_fire_due(&b->clock);
        stopped = b->cpu.halted_dead || b->cpu.attention & (ATTENTION_STOP | ATTENTION_SHUTDOWN);
    }
    return stopped;
}

#ifdef BARE_TRANSLATOR
static inline uint64_t bare_tick(void *bare)
{
    return clock_now(&((struct bare *)bare)->clock);
}

static inline uint64_t bare_hash(void *bare, bool whole)
{
    struct bare *b = bare;
    uint64_t hash = 0;

    cpu_canonical(&b->cpu);
    state_serialize(cpu_state, &b->cpu, lockstep_hash, &hash);
    lockstep_hash_pages(&hash, &b->memory, whole);
    if (whole)
        mmu_flush(&b->cpu); /* the first write to a clean page must be seen */
    return hash;
}

static inline void bare_watch(void *bare, bool on)
{
    translator_watch(&((struct bare *)bare)->cpu, on ? lockstep_unit_ended : NULL, NULL);
}

static inline bool bare_print(void *to, const struct state_leaf *leaf)
{
    char text[STATE_VALUE];

    state_print_scalar(leaf, text);
    fprintf(to, "%s = %s\n", leaf->name, text);
    return true;
}

static inline void bare_dump(void *bare, FILE *to)
{
    struct bare *b = bare;

    state_walk("cpu", cpu_state, &b->cpu, bare_print, to);
    for (uint32_t at = 0; at < b->memory.ram_size; at += 4) {
        uint32_t word;
        memcpy(&word, b->memory.ram + at, sizeof word);
        if (word)
            fprintf(to, "%08x %08x\n", (unsigned)at, (unsigned)word);
    }
}
#endif

/* Runs for so many ticks, or until HLT with interrupts off, shutdown, or cpu_stop. */
static inline void bare_run(struct bare *b, uint64_t ticks)
{
    uint64_t until = clock_now(&b->clock) + ticks;

#ifdef BARE_TRANSLATOR
    const struct lockstep_subject subject = {b, bare_tick, bare_run_to, bare_hash, bare_dump, bare_watch};
    if (lockstep_begin(&subject)) {
        lockstep_run(until);
        return;
    }
#endif
    bare_run_to(b, until);
}

/* A whole file of at most `limit` bytes, to be freed. Ends the program if it cannot be read. */
static inline uint8_t *bare_read_file(const char *program, const char *path, size_t limit, size_t *length)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(limit + 1);

    *length = file && bytes ? fread(bytes, 1, limit + 1, file) : 0;
    if (!file || !bytes || ferror(file) || *length > limit) {
        fprintf(stderr, "%s: %s: cannot be read, or is longer than %zu bytes\n", program, path, limit);
        exit(3);
    }
    fclose(file);
    return bytes;
}

#endif
