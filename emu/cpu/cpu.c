/* cpu.c - the processor as a whole: reset, and the loop that runs blocks and looks around between them.
 *
 * What is looked at, and in which order, is SDM vol. 3 table 6-2: debug traps of the previous instruction, NMI,
 * external interrupts, then code breakpoints and faults of the fetch. */
#include "emu/cpu/cpu.h"

#include <string.h>

#include "emu/cpu/blocks.h"
#include "emu/cpu/debug.h"
#include "emu/cpu/flags.h"
#include "emu/cpu/interrupts.h"
#include "emu/cpu/mmu.h"
#include "emu/cpu/polls.h"
#include "emu/cpu/waits.h"
#include "emu/cpu/segments.h"
#include "emu/cpu/tlb.h"
#include "emu/cpu/models.h"
#include "emu/cpu/translate/translate.h"
#include "emu/cpu/x87_control.h"

/* clang-format off */
static const struct state_field segment_state[] = {
    STATE(struct segment, base, U32, "linear address of its first byte"),
    STATE(struct segment, limit, U32, "last offset, granularity applied"),
    STATE(struct segment, selector, U16, "selector as loaded"),
    STATE(struct segment, rights, U16, "bits 8-23 of the descriptor's upper half; 0: unusable"),
    STATE_END
};

static const struct state_field table_register_state[] = {
    STATE(struct table_register, base, U32, "linear address"),
    STATE(struct table_register, limit, U32, "last offset"),
    STATE_END
};
/* clang-format on */

static const struct state_field xmm_state[] = {STATE_ARRAY(struct xmm, q, U64, "bytes 0-7 and 8-15"), STATE_END};

/* clang-format off */
const struct state_field cpu_state[] = {
    STATE_ARRAY(struct cpu, reg, U32, "EAX ECX EDX EBX ESP EBP ESI EDI, and a zero"),
    STATE(struct cpu, eip, U32, "EIP of the next instruction"),
    STATE(struct cpu, flags, U32, "RFLAGS"),
    STATE_UP_TO(struct cpu, attention, U32, ATTENTION_SHUTDOWN - 1, "what waits for the next instruction boundary: bits of enum attention"),
    STATE_UP_TO(struct cpu, cpl, U8, 3, "current privilege level"),
    STATE_TABLE(struct cpu, seg, struct segment, segment_state, "ES CS SS DS FS GS"),
    STATE_TABLE(struct cpu, ldtr, struct segment, segment_state, "LDTR"),
    STATE_TABLE(struct cpu, tr, struct segment, segment_state, "TR"),
    STATE_TABLE(struct cpu, gdtr, struct table_register, table_register_state, "GDTR"),
    STATE_TABLE(struct cpu, idtr, struct table_register, table_register_state, "IDTR"),
    STATE(struct cpu, cr0, U32, "CR0"),
    STATE(struct cpu, cr2, U32, "CR2: linear address of the last page fault"),
    STATE(struct cpu, cr3, U32, "CR3"),
    STATE(struct cpu, cr4, U32, "CR4"),
    STATE_ARRAY(struct cpu, dr, U32, "DR0-DR7; 4 and 5 unused"),
    STATE_ARRAY(struct cpu, tr_test, U32, "TR3-TR7 of 386 and 486"),
    STATE(struct cpu, pending_debug, U32, "DR6 bits of a trap not yet delivered"),
    STATE(struct cpu, tsc_base, U64, "time-stamp counter less the tick"),
    STATE_ARRAY(struct cpu, pdpte, U64, "page directory pointers as loaded with CR3"),
    STATE(struct cpu, nmi_blocked, BOOL, "an NMI is being served"),
    STATE(struct cpu, sysenter_cs, U32, "SYSENTER_CS_MSR"),
    STATE(struct cpu, sysenter_esp, U32, "SYSENTER_ESP_MSR"),
    STATE(struct cpu, sysenter_eip, U32, "SYSENTER_EIP_MSR"),
    STATE(struct cpu, apic_base, U64, "IA32_APIC_BASE"),
    STATE_ARRAY(struct cpu, msr, U64, "model-specific registers that only hold a value, in the order of spec/processor.md"),
    STATE_TABLE(struct cpu, x87, struct x87, x87_state, "the floating-point unit"),
    STATE_TABLE(struct cpu, xmm, struct xmm, xmm_state, "XMM0-XMM7"),
    STATE_UP_TO(struct cpu, mxcsr, U32, MXCSR_BITS, "MXCSR: exceptions, masks and rounding of SSE"),
    STATE_END
};
/* clang-format on */

bool cpu_init(struct cpu *cpu, enum cpu_model model, struct memory *memory, struct bus *bus, struct clock *clock)
{
    memset(cpu, 0, sizeof *cpu);
    cpu->model = model;
    cpu->cpuid_limit = UINT32_MAX;
    cpu->memory = memory;
    cpu->bus = bus;
    cpu->clock = clock;
    clock->left = &cpu->left;
    clock->leave = &cpu->leave;
    cpu->floor = INT64_MAX;
    if (!blocks_init(cpu) || !tlb_init(cpu))
        return false;
    cpu_reset(cpu);
    return true;
}

static void code_changed(void *cpu, uint32_t address, uint32_t length)
{
    blocks_code_changed(cpu, address, length);
}

static void map_changed(void *cpu)
{
    mmu_flush(cpu);
}

static void table_changed(void *cpu, uint32_t address, uint32_t length)
{
    mmu_table_changed(cpu, address, length);
}

static void code_moved(void *processor)
{
    struct cpu *cpu = processor;

    blocks_flush(cpu);
    cpu->leave = true;
}

void cpu_listen(struct cpu *cpu)
{
    cpu->memory->listener = (struct memory_listener){code_changed, table_changed, map_changed, cpu, code_moved};
}

void cpu_free(struct cpu *cpu)
{
    translator_free(cpu);
    blocks_free(cpu);
    tlb_free(cpu);
}

void cpu_reset(struct cpu *cpu)
{
    static const struct segment data = {.limit = 0xFFFF, .rights = 0x93},
                                code = {.base = 0xFFFF0000, .limit = 0xFFFF, .selector = 0xF000, .rights = 0x9B},
                                ldt = {.limit = 0xFFFF, .rights = 0x82}, tss = {.limit = 0xFFFF, .rights = 0x8B};

    memset(cpu->reg, 0, sizeof cpu->reg);
    cpu->eip = 0xFFF0;
    cpu->flags = FLAG_FIXED;
    cpu->flag_op = FLAG_OP(FLAGS_READY, 4);
    for (unsigned n = 0; n < SEG_COUNT; n++) {
        cpu->seg[n] = n == SEG_CS ? code : data;
        segment_derive(&cpu->seg[n]);
    }
    cpu->ldtr = ldt;
    cpu->tr = tss;
    cpu->gdtr = cpu->idtr = (struct table_register){0, 0xFFFF};
    cpu->cr0 = cpu->model >= CPU_I486 ? CR0_CD | CR0_NW | CR0_ET : CR0_ET; /* the 386 has a 387 */
    cpu->cr2 = cpu->cr3 = cpu->cr4 = 0;
    memset(cpu->dr, 0, sizeof cpu->dr);
    cpu->dr[6] = 0xFFFF0FF0;
    cpu->dr[7] = 0x400;
    cpu->cpl = 0;
    cpu->attention &= ATTENTION_INTR;
    cpu->pending_debug = 0;
    cpu->nmi_blocked = false;
    x87_reset(cpu);
    memset(cpu->xmm, 0, sizeof cpu->xmm);
    cpu->mxcsr = MXCSR_DEFAULT;
    cpu->reg[EDX] = system_reset(cpu);
    cpu_mode_changed(cpu);
    mmu_flush(cpu);
    blocks_flush(cpu);
}

const char *cpu_loaded(void *processor)
{
    struct cpu *cpu = processor;

    cpu->flag_op = FLAG_OP(FLAGS_READY, 4);
    for (unsigned n = 0; n < SEG_COUNT; n++)
        segment_derive(&cpu->seg[n]);
    x87_derive(cpu);
    cpu->user = cpu->cpl == 3;
    cpu->tlb = cpu->tlbs[cpu->user];
    mmu_flush(cpu);
    blocks_flush(cpu);
    return cpu->reg[REG_ZERO] ? "reg" : NULL;
}

void cpu_canonical(struct cpu *cpu)
{
    flags_write_arithmetic(cpu, flags_arithmetic(cpu));
}

void cpu_set_intr(struct cpu *cpu, bool level)
{
    if (level)
        cpu_attention(cpu, ATTENTION_INTR);
    else
        cpu->attention &= ~(uint32_t)ATTENTION_INTR;
}

void cpu_nmi(struct cpu *cpu)
{
    cpu_attention(cpu, ATTENTION_NMI);
}

void cpu_stop(struct cpu *cpu)
{
    cpu_attention(cpu, ATTENTION_STOP);
}

/* An interrupt from outside: one tick, and out of HLT. */
static void take_interrupt(struct cpu *cpu, unsigned vector)
{
    cpu->attention &= ~(uint32_t)ATTENTION_HALTED;
    cpu->left--;
    if (interrupt_deliver(cpu, vector, SOURCE_EXTERNAL, false, 0, cpu->eip))
        exception_deliver(cpu);
}

/* Serves what waits at this boundary. Returns whether an instruction may run now. */
static bool look_around(struct cpu *cpu)
{
    uint32_t attention = cpu->attention;

    if (attention & ATTENTION_TRAP && !(attention & ATTENTION_SHADOW_SS)) {
        cpu->attention &= ~(uint32_t)(ATTENTION_TRAP | ATTENTION_HALTED);
        fault_plain(cpu, EXC_DB);
        exception_deliver(cpu);
        return false;
    }
    if (attention & ATTENTION_NMI && !cpu->nmi_blocked && !(attention & ATTENTION_SHADOW_SS)) {
        cpu->attention &= ~(uint32_t)ATTENTION_NMI;
        cpu->nmi_blocked = true;
        take_interrupt(cpu, EXC_NMI);
        return false;
    }
    if (attention & ATTENTION_INTR && cpu->flags & FLAG_IF && !(attention & (ATTENTION_SHADOW | ATTENTION_SHADOW_SS))) {
        take_interrupt(cpu, cpu->acknowledge(cpu->pic));
        return false;
    }
    if (attention & ATTENTION_HALTED) {
        cpu->halted_ticks += (uint64_t)cpu->left;
        cpu->left = 0; /* nothing can happen before the deadline */
        return false;
    }
    if (attention & ATTENTION_STEP && debug_code_breakpoint(cpu)) {
        fault_plain(cpu, EXC_DB);
        exception_deliver(cpu);
        return false;
    }
    return true;
}

/* Whether an instruction that ran with TF set traps after it: one that delivered an interrupt, which cleared TF, does
 * not. */
static bool single_steps(const struct cpu *cpu, const struct insn *insn)
{
    bool interrupts = insn->operation == OP_INT || insn->operation == OP_INT3 || insn->operation == OP_INTO ||
                      insn->operation == OP_ICEBP;
    return !interrupts || cpu->flags & FLAG_TF;
}

/* One instruction while something about it must be watched: an interrupt shadow, TF, RF. */
static void step(struct cpu *cpu)
{
    uint32_t shadow = cpu->attention & (ATTENTION_SHADOW | ATTENTION_SHADOW_SS);
    bool trap = cpu->flags & FLAG_TF, resume = cpu->flags & FLAG_RF;
    uint32_t eip = cpu->eip;
    struct code_block *block = code_block_find(cpu, 1);
    struct insn insn;

    cpu->attention &= ~shadow;
    if (!block) {
        exception_deliver(cpu);
        return;
    }
    insn = block->insn[0];
    cpu->block = block;
    if (insn.run(cpu, block->insn) == CPU_FAULT) {
        exception_deliver(cpu);
        return;
    }
    if (cpu->attention & ATTENTION_HALTED && insn.operation != OP_HLT)
        return; /* a floating-point error stopped it before it ran */
    if (resume && insn.operation != OP_IRET && !(opcode_rows[insn.row].attributes & ROW_STRING && cpu->eip == eip)) {
        cpu->flags &= ~(uint32_t)FLAG_RF;
        cpu_update_step(cpu);
    }
    if (trap && single_steps(cpu, &insn)) {
        cpu->pending_debug |= 0x4000; /* DR6.BS */
        cpu->attention |= ATTENTION_TRAP;
    }
}

/* Ticks of blocks that follow one another without a return to the loop: where the compiler makes no jumps of the calls
 * between handlers, the stack holds as many. */
#define CHAIN_TICKS 2048

/* A block, and those that it leads to as long as nothing waits. */
static enum cpu_exit run_blocks(struct cpu *cpu, struct code_block *block)
{
    enum cpu_exit exit = CPU_CONTINUE;
    uint32_t laps = 0;

    while (block) {
        struct code_block *next;
        cpu->block = block;
        cpu->exit = NULL;
        cpu->floor = cpu->view.enabled ? INT64_MAX : cpu->left < CHAIN_TICKS ? 0 : cpu->left - CHAIN_TICKS;
        exit = block->insn[0].run(cpu, block->insn);
        cpu->floor = INT64_MAX;
        block = cpu->block;
        next = exit == CPU_CONTINUE && !cpu_must_leave(cpu) ? code_block_next(cpu, block) : NULL;
        if (cpu->view.enabled && (next != block || block->wait == WAIT_NONE))
            return exit; /* what follows may have been translated */
        if (next != block)
            laps = 0;
        else if (block->wait != WAIT_NONE)
            wait_lap(cpu, block, ++laps);
        block = next;
    }
    return exit;
}

void engine_run(struct cpu *cpu)
{
    while (cpu->left > cpu->spare && !(cpu->attention & (ATTENTION_STOP | ATTENTION_SHUTDOWN)) && !cpu->halted_dead) {
        struct code_block *block;

        cpu->leave = false;
        cpu->accounted = 0;
        if (cpu->translator)
            translator_settle(cpu);
        if (cpu->attention) {
            if (!look_around(cpu))
                continue;
            if (cpu->attention & (ATTENTION_STEP | ATTENTION_SHADOW | ATTENTION_SHADOW_SS)) {
                step(cpu);
                continue;
            }
        }
        if (poll_wanted(cpu)) {
            poll_watch(cpu);
            continue;
        }
        if (cpu->view.enabled && translator_run(cpu))
            continue;
        block = code_block_find(cpu, cpu->left < BLOCK_LIMIT ? (uint32_t)cpu->left : BLOCK_LIMIT);
        if (!block || run_blocks(cpu, block) == CPU_FAULT)
            exception_deliver(cpu);
    }
}
