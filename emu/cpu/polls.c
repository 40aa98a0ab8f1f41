/* polls.c - the lap of a loop that asks a device, watched instruction by instruction (polls.h). */
#include "emu/cpu/polls.h"

#include "emu/bus.h"
#include "emu/clock.h"
#include "emu/cpu/access.h"
#include "emu/cpu/blocks.h"
#include "emu/cpu/cpu.h"
#include "emu/cpu/interrupts.h"

#define LAP_LIMIT 256u   /* instructions */
#define FEW_LIMIT 65536u /* laps that are run before a loop that never repeated is watched again */
#define WINDOW 128u      /* bytes of the stack on either side of its top that a lap may write to */

struct lap {
    uint32_t reg[8], eip, flags;
    int64_t left;
    uint64_t deadline, slow_accesses;
    uint64_t until;        /* the ports that were read repeat before this tick */
    uint32_t first, last;  /* linear addresses of the window, which lies in one page; first > last: there is none */
    const uint8_t *window; /* its first byte */
    uint8_t before[2 * WINDOW];
};

static uint32_t stack_mask(const struct cpu *cpu)
{
    return cpu->seg[SEG_SS].rights & RIGHTS_D ? UINT32_MAX : 0xFFFF;
}

static uint32_t stack_top(const struct cpu *cpu)
{
    return cpu->seg[SEG_SS].base + (cpu->reg[ESP] & stack_mask(cpu));
}

static void lap_begin(struct cpu *cpu, struct lap *lap)
{
    uint32_t top = stack_top(cpu), page = top & ~PAGE_MASK;
    const struct tlb_entry *e = tlb_slot(cpu, top);

    memcpy(lap->reg, cpu->reg, sizeof lap->reg);
    lap->eip = cpu->eip;
    lap->flags = cpu->flags;
    lap->left = cpu->left;
    lap->deadline = cpu->clock->deadline;
    lap->slow_accesses = cpu->slow_accesses;
    lap->until = NEVER;
    lap->first = 1;
    lap->last = 0;
    if (e->write != page)
        return;
    lap->first = top - page < WINDOW ? page : top - WINDOW;
    lap->last = PAGE_MASK - (top - page) < WINDOW ? page + PAGE_MASK : top + WINDOW - 1;
    lap->window = tlb_host(e, lap->first);
    memcpy(lap->before, lap->window, lap->last - lap->first + 1);
}

static bool in_window(const struct lap *lap, uint32_t linear, uint32_t size)
{
    return linear >= lap->first && linear <= lap->last && size <= lap->last - linear + 1;
}

/* Whether an instruction of a lap changes nothing but registers, arithmetic flags, IF, and the operands in memory that
 * are looked at below. */
static bool is_plain(const struct insn *insn, const struct insn_effects *e)
{
    unsigned changes = e->changes & ~(unsigned)CHANGE_FLOW, memory = e->memory;

    switch (insn->operation) {
    case OP_IN:
        changes &= ~(unsigned)CHANGE_DEVICES;
        memory &= ~(unsigned)MEMORY_SYSTEM;
        break;
    case OP_CLI:
    case OP_POPF: changes &= ~(unsigned)CHANGE_INTERRUPTS; break;
    case OP_RDTSC:
    case OP_RDPMC:
    case OP_RDMSR: return false; /* they look at the clock */
    case OP_BTS:
    case OP_BTR:
    case OP_BTC: /* the bit decides the address */
    case OP_ENTER: return false;
    }
    if (memory & MEMORY_WRITE && memory & (MEMORY_STACK_READ | MEMORY_STACK_WRITE))
        return false; /* POP to memory: its address is that after the pop */
    return !changes && !e->units && !e->segments_written &&
           !(memory & ~(unsigned)(MEMORY_READ | MEMORY_WRITE | MEMORY_STACK_READ | MEMORY_STACK_WRITE));
}

/* Whether the run loop would do something other than run the next instruction. */
static bool disturbed(const struct cpu *cpu)
{
    return cpu->left <= 0 || cpu_must_leave(cpu);
}

/* Runs the next instruction. False: this is no lap that repeats; what was run is as good as any. */
static bool lap_step(struct cpu *cpu, struct lap *lap, struct insn *insn)
{
    struct code_block *block = code_block_find(cpu, 1);
    struct insn_effects e;
    uint32_t top = stack_top(cpu);

    if (!block) {
        exception_deliver(cpu);
        return false;
    }
    *insn = block->insn[0];
    insn_effects(insn, &e);
    if (!is_plain(insn, &e))
        return false;
    if (e.memory & MEMORY_WRITE &&
        !in_window(lap, cpu->seg[insn->segment].base + effective_address(cpu, insn), e.memory_size))
        return false;
    if (insn->operation == OP_IN) {
        uint64_t until = bus_repeats_until(cpu->bus, io_port(cpu, insn), insn->size);
        lap->until = until < lap->until ? until : lap->until;
        if (lap->until <= clock_now(cpu->clock))
            return false;
    }
    cpu->block = block;
    cpu->exit = NULL;
    if (insn->run(cpu, block->insn) == CPU_FAULT) {
        exception_deliver(cpu);
        return false;
    }
    return !(e.memory & MEMORY_STACK_WRITE) || in_window(lap, stack_top(cpu), (top - stack_top(cpu)) & stack_mask(cpu));
}

/* Runs to where the lap ends. */
static bool lap_run(struct cpu *cpu, struct lap *lap)
{
    struct insn insn;

    for (unsigned n = 0; n < LAP_LIMIT; n++)
        if (disturbed(cpu) || !lap_step(cpu, lap, &insn))
            return false;
        else if (insn.operation == OP_IN && cpu->eip == lap->eip)
            return true;
    return false;
}

static bool repeated(struct cpu *cpu, const struct lap *lap)
{
    cpu_canonical(cpu);
    return !disturbed(cpu) && cpu->clock->deadline == lap->deadline && cpu->slow_accesses == lap->slow_accesses &&
           cpu->flags == lap->flags && !memcmp(cpu->reg, lap->reg, sizeof lap->reg) &&
           (lap->first > lap->last || !memcmp(lap->window, lap->before, lap->last - lap->first + 1));
}

void poll_watch(struct cpu *cpu)
{
    struct poll *p = &cpu->poll;
    uint32_t few = p->few;
    struct lap lap;
    bool repeats;

    p->laps = 0;
    if (cpu->observer || cpu->run_waits || cpu->dr[7] & 0xFF)
        return;
    p->few = UINT32_MAX; /* not while it is watched */
    cpu_canonical(cpu);
    lap_begin(cpu, &lap);
    repeats = lap_run(cpu, &lap) && repeated(cpu, &lap);
    p->few = repeats ? 0 : few < FEW_LIMIT ? 2 * few + 1 : few;
    p->laps = 0;
    if (repeats) {
        uint64_t now = clock_now(cpu->clock), room = (uint64_t)cpu->left, ticks = (uint64_t)(lap.left - cpu->left);
        uint64_t sure = lap.until > now ? lap.until - now : 0, laps = (sure < room ? sure : room) / ticks;
        cpu->left -= (int64_t)(laps * ticks);
        cpu->waited += laps * ticks;
    }
}
