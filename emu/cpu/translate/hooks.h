/* hooks.h - what the caches below a translator report to it. Without a translator nothing happens. */
#ifndef MUNIMENT_EMU_TRANSLATE_HOOKS_H
#define MUNIMENT_EMU_TRANSLATE_HOOKS_H

#include "emu/cpu/state.h"

/* Bytes within a page of RAM changed. */
static inline void translator_code_changed(struct cpu *cpu, uint32_t address, uint32_t length)
{
    if (cpu->hooks)
        cpu->hooks->code_changed(cpu, address, length);
}

/* Whether something was translated from this page of RAM. */
static inline bool translator_holds_page(const struct cpu *cpu, uint32_t page)
{
    return cpu->hooks && cpu->hooks->holds_page(cpu, page);
}

/* All code is void. */
static inline void translator_flush(struct cpu *cpu)
{
    if (cpu->hooks)
        cpu->hooks->flush(cpu);
}

/* A linear page may be read (and written) at a host address. */
static inline void translator_page_filled(struct cpu *cpu, unsigned privilege, uint32_t linear, const uint8_t *host,
                                          bool write)
{
    if (cpu->hooks)
        cpu->hooks->page_filled(cpu, privilege, linear, host, write);
}

/* The TLB has several contexts, each with a side for supervisor and user: the number of the first is given. */
static inline void translator_sides_entered(struct cpu *cpu, unsigned first)
{
    if (cpu->hooks)
        cpu->hooks->sides_entered(cpu, first);
}

static inline void translator_sides_cleared(struct cpu *cpu, unsigned first)
{
    if (cpu->hooks)
        cpu->hooks->sides_cleared(cpu, first);
}

/* What maps 1 << shift bytes from a linear address on changed, on these sides: one bit each. */
static inline void translator_range_dropped(struct cpu *cpu, uint32_t base, unsigned shift, unsigned sides)
{
    if (cpu->hooks)
        cpu->hooks->range_dropped(cpu, base, shift, sides);
}

static inline void translator_page_protected(struct cpu *cpu, const uint8_t *host)
{
    if (cpu->hooks)
        cpu->hooks->page_protected(cpu, host);
}

#endif
