/* trace.c - one line for each tick at which something happens: the instruction, and what it changed.
 *
 * The machine is run in slices of one tick, which changes nothing in it. Registers are compared with what they were;
 * writes and deliveries are reported by the processor's observer. */
#include <string.h>

#include "emu/cpu/flags.h"
#include "emu/cpu/mmu.h"
#include "emu/machine.h"

#define LINE_SIZE 1024
#define CODE_LIMIT 15
#define MNEMONIC_COLUMN 30
#define CHANGE_COLUMN 72

struct trace {
    struct machine *m;
    char text[LINE_SIZE];
    size_t length;
    bool changed; /* the semicolon has been put */
};

/* --- Text, cut off where the line is full --- */

static void put_char(struct trace *t, char c)
{
    if (t->length < LINE_SIZE - 1)
        t->text[t->length++] = c;
}

static void put(struct trace *t, const char *text)
{
    while (*text)
        put_char(t, *text++);
}

static void put_hex(struct trace *t, uint64_t value, unsigned digits)
{
    while (digits--)
        put_char(t, "0123456789abcdef"[value >> 4 * digits & 15]);
}

static void put_decimal(struct trace *t, uint64_t value)
{
    char digits[20];
    unsigned n = 0;

    do {
        digits[n++] = (char)('0' + value % 10);
    } while (value /= 10);
    while (n)
        put_char(t, digits[--n]);
}

static void put_column(struct trace *t, size_t column)
{
    do {
        put_char(t, ' ');
    } while (t->length < column);
}

/* --- Changes --- */

static void begin_change(struct trace *t)
{
    if (!t->changed) {
        put_column(t, CHANGE_COLUMN);
        put_char(t, ';');
        t->changed = true;
    }
    put_char(t, ' ');
}

static void put_change(struct trace *t, const char *name, uint32_t old, uint32_t now, unsigned digits)
{
    if (old == now)
        return;
    begin_change(t);
    put(t, name);
    put_char(t, '=');
    put_hex(t, now, digits);
}

static void wrote(void *context, uint32_t linear, unsigned size, uint64_t value)
{
    struct trace *t = context;

    begin_change(t);
    put_char(t, '[');
    put_hex(t, linear, 8);
    put(t, "]=");
    put_hex(t, value, 2 * size);
}

static void delivered(void *context, unsigned vector)
{
    struct trace *t = context;

    begin_change(t);
    put(t, "vector ");
    put_hex(t, vector, 2);
    put_char(t, 'h');
}

/* What a line reports, as it was before. */
struct registers {
    uint32_t general[8], flags, cr0, cr2, cr3, cr4;
    uint32_t mxcsr;
    uint16_t segment[SEG_COUNT];
    struct float80 x87[8];
    struct xmm xmm[8];
};

static void take_registers(const struct cpu *cpu, struct registers *r)
{
    memcpy(r->general, cpu->reg, sizeof r->general);
    r->flags = flags_read(cpu);
    r->cr0 = cpu->cr0;
    r->cr2 = cpu->cr2;
    r->cr3 = cpu->cr3;
    r->cr4 = cpu->cr4;
    r->mxcsr = cpu->mxcsr;
    memcpy(r->x87, cpu->x87.reg, sizeof r->x87);
    memcpy(r->xmm, cpu->xmm, sizeof r->xmm);
    for (unsigned n = 0; n < SEG_COUNT; n++)
        r->segment[n] = cpu->seg[n].selector;
}

/* A wide register: "name3=high:low", the high part in so many digits. */
static void put_wide(struct trace *t, const char *name, unsigned number, uint64_t high, unsigned digits, uint64_t low)
{
    begin_change(t);
    put(t, name);
    put_decimal(t, number);
    put_char(t, '=');
    put_hex(t, high, digits);
    put_char(t, ':');
    put_hex(t, low, 16);
}

static void put_registers(struct trace *t, const struct registers *old, const struct registers *now)
{
    static const char general[8][4] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};
    static const char segments[SEG_COUNT][3] = {"es", "cs", "ss", "ds", "fs", "gs"};

    for (unsigned n = 0; n < 8; n++)
        put_change(t, general[n], old->general[n], now->general[n], 8);
    for (unsigned n = 0; n < SEG_COUNT; n++)
        put_change(t, segments[n], old->segment[n], now->segment[n], 4);
    put_change(t, "flags", old->flags, now->flags, 6);
    put_change(t, "cr0", old->cr0, now->cr0, 8);
    put_change(t, "cr2", old->cr2, now->cr2, 8);
    put_change(t, "cr3", old->cr3, now->cr3, 8);
    put_change(t, "cr4", old->cr4, now->cr4, 8);
    put_change(t, "mxcsr", old->mxcsr, now->mxcsr, 4);
    for (unsigned n = 0; n < 8; n++) {
        const struct float80 *f = &now->x87[n];
        const struct xmm *x = &now->xmm[n];
        if (f->significand != old->x87[n].significand || f->high != old->x87[n].high) /* by physical number, not from
                                                                                         the top */
            put_wide(t, "fp", n, f->high, 4, f->significand);
        if (x->q[0] != old->xmm[n].q[0] || x->q[1] != old->xmm[n].q[1])
            put_wide(t, "xmm", n, x->q[1], 16, x->q[0]);
    }
}

/* --- Lines --- */

static void put_instruction(struct trace *t)
{
    struct cpu *cpu = &t->m->cpu;
    uint8_t bytes[CODE_LIMIT];
    char text[DISASSEMBLY_SIZE];
    struct insn insn;
    size_t n = 0;

    while (n < CODE_LIMIT && mmu_peek(cpu, cpu->seg[SEG_CS].base + cpu->eip + (uint32_t)n, &bytes[n]))
        n++;
    if (decode(bytes, n, code_mode(cpu), cpu->model, &insn) != DECODE_OK) {
        put(t, n ? "(undefined)" : "(not in memory)");
        return;
    }
    disassemble(&insn, cpu->eip, text);
    put(t, text);
}

/* The tick of the next event, or the end. */
static uint64_t next_event(const struct machine *m, uint64_t until)
{
    for (unsigned slot = 0; slot < EVENT_COUNT; slot++)
        if (m->clock.slots[slot].due_at && *m->clock.slots[slot].due_at < until)
            until = *m->clock.slots[slot].due_at;
    return until;
}

static enum machine_stop trace_tick(struct trace *t, void (*line)(void *context, const char *text), void *context)
{
    struct registers old, now;
    enum machine_stop stop;

    t->length = 0;
    t->changed = false;
    take_registers(&t->m->cpu, &old);
    put_decimal(t, machine_tick(t->m));
    put_char(t, ' ');
    put_hex(t, old.segment[SEG_CS], 4);
    put_char(t, ':');
    put_hex(t, t->m->cpu.eip, 8);
    put_column(t, MNEMONIC_COLUMN);
    put_instruction(t);
    stop = machine_run(t->m, machine_tick(t->m) + 1);
    take_registers(&t->m->cpu, &now);
    put_registers(t, &old, &now);
    t->text[t->length] = 0;
    line(context, t->text);
    return stop;
}

enum machine_stop machine_trace(struct machine *m, uint64_t until, void (*line)(void *context, const char *text),
                                void *context)
{
    struct trace t = {.m = m};
    const struct observer observer = {&t, wrote, delivered};
    enum machine_stop stop = MACHINE_SLICE_END;

    m->cpu.observer = &observer;
    mmu_flush(&m->cpu);
    while (machine_tick(m) < until && stop == MACHINE_SLICE_END) {
        uint64_t event = next_event(m, until);
        if (m->cpu.attention & ATTENTION_HALTED &&
            !(m->cpu.attention & (ATTENTION_INTR | ATTENTION_NMI | ATTENTION_TRAP)) && event > machine_tick(m))
            stop = machine_run(m, event);
        else
            stop = trace_tick(&t, line, context);
    }
    m->cpu.observer = NULL;
    mmu_flush(&m->cpu);
    return stop;
}
