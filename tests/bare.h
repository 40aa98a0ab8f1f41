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
#endif

struct bare {
    struct memory memory;
    struct bus bus;
    struct clock clock;
    struct cpu cpu;
};

/* As after power on, with nothing but RAM and an empty ROM. ENGINE=translator in the environment: with a translator,
 * where the program was built for it (BARE_TRANSLATOR). False: no memory. */
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
    if (getenv("ENGINE") && !strcmp(getenv("ENGINE"), "translator")) {
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

/* Runs for so many ticks, or until HLT with interrupts off, shutdown, or cpu_stop. */
static inline void bare_run(struct bare *b, uint64_t ticks)
{
    clock_begin_slice(&b->clock, clock_now(&b->clock) + ticks);
    engine_run(&b->cpu);
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
