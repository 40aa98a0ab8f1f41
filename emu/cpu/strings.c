/* strings.c - string instructions and their repetition; the ports.
 *
 * Intel SDM vol. 2, "REP/REPE/REPZ/REPNE/REPNZ". An iteration is one tick and leaves SI, DI and CX as the manual has
 * them between two; after each the instruction stops if something waits, with EIP on itself. A fault in an iteration
 * leaves the registers as the one before did. Each access to a port takes the time of the bus besides. */
#include "emu/bus.h"
#include "emu/cpu/debug.h"
#include "emu/cpu/interpret.h"
#include "emu/cpu/polls.h"
#include "emu/cpu/tasks.h"

#include <string.h>

BODY uint32_t string_delta(const struct cpu *cpu, unsigned size)
{
    return cpu->flags & FLAG_DF ? 0 - size : size;
}

BODY void advance(struct cpu *cpu, const struct insn *i, unsigned r, unsigned size)
{
    set_index(cpu, i, r, cpu->reg[r] + string_delta(cpu, size));
}

BODY unsigned read_source(struct cpu *cpu, const struct insn *i, unsigned size, uint32_t *value)
{
    return segment_read(cpu, i, i->segment, get_index(cpu, i, ESI), size, value);
}

BODY unsigned read_destination(struct cpu *cpu, const struct insn *i, unsigned size, uint32_t *value)
{
    return segment_read(cpu, i, SEG_ES, get_index(cpu, i, EDI), size, value);
}

BODY unsigned write_destination(struct cpu *cpu, const struct insn *i, unsigned size, uint32_t value)
{
    return segment_write(cpu, i, SEG_ES, get_index(cpu, i, EDI), size, value);
}

/* Device time is exact in front of a port access, and the access takes its own. */
static uint32_t port_read(struct cpu *cpu, const struct insn *i, uint16_t port, unsigned size)
{
    uint32_t value;

    cpu_sync(cpu, i);
    value = bus_read(cpu->bus, port, size);
    cpu->left -= cpu->io_ticks;
    debug_port_access(cpu, port, size);
    return value;
}

static void port_write(struct cpu *cpu, const struct insn *i, uint16_t port, unsigned size, uint32_t value)
{
    cpu_sync(cpu, i);
    bus_write(cpu->bus, port, value, size);
    cpu->left -= cpu->io_ticks;
    debug_port_access(cpu, port, size);
}

/* IN EAX, DX of a port of calls (bus.h). */
static void port_call(struct cpu *cpu, const struct insn *i, uint16_t port)
{
    cpu_sync(cpu, i);
    cpu->bus->call.function(cpu->bus->call.device, cpu->reg);
    cpu->left -= cpu->io_ticks;
    debug_port_access(cpu, port, 4);
}

/* --- One iteration of each: an access status --- */
BODY unsigned movs(struct cpu *cpu, const struct insn *i, unsigned size)
{
    uint32_t value;
    unsigned status = read_source(cpu, i, size, &value);

    if (!(status & ACCESS_FAULT))
        status |= write_destination(cpu, i, size, value);
    if (status & ACCESS_FAULT)
        return status;
    advance(cpu, i, ESI, size);
    advance(cpu, i, EDI, size);
    return status;
}

BODY unsigned stos(struct cpu *cpu, const struct insn *i, unsigned size)
{
    unsigned status = write_destination(cpu, i, size, cpu->reg[EAX]);

    if (!(status & ACCESS_FAULT))
        advance(cpu, i, EDI, size);
    return status;
}

BODY unsigned lods(struct cpu *cpu, const struct insn *i, unsigned size)
{
    uint32_t value;
    unsigned status = read_source(cpu, i, size, &value);

    if (status & ACCESS_FAULT)
        return status;
    set_register(cpu, EAX, size, value);
    advance(cpu, i, ESI, size);
    return status;
}

BODY unsigned cmps(struct cpu *cpu, const struct insn *i, unsigned size)
{
    uint32_t a, b = 0;
    unsigned status = read_source(cpu, i, size, &a);

    if (!(status & ACCESS_FAULT))
        status |= read_destination(cpu, i, size, &b);
    if (status & ACCESS_FAULT)
        return status;
    flags_set(cpu, FLAGS_SUB, size, (a - b) & size_mask(size), a, b);
    advance(cpu, i, ESI, size);
    advance(cpu, i, EDI, size);
    return status;
}

BODY unsigned scas(struct cpu *cpu, const struct insn *i, unsigned size)
{
    uint32_t a = get_register(cpu, EAX, size), b;
    unsigned status = read_destination(cpu, i, size, &b);

    if (status & ACCESS_FAULT)
        return status;
    flags_set(cpu, FLAGS_SUB, size, (a - b) & size_mask(size), a, b);
    advance(cpu, i, EDI, size);
    return status;
}

/* The port is not touched before the memory is known to take what it gives. */
BODY unsigned ins(struct cpu *cpu, const struct insn *i, unsigned size)
{
    uint16_t port = (uint16_t)cpu->reg[EDX];
    unsigned status = io_permission(cpu, i, port, size);

    if (status & ACCESS_FAULT || segment_probe(cpu, i, SEG_ES, get_index(cpu, i, EDI), size, true))
        return ACCESS_FAULT;
    status = write_destination(cpu, i, size, port_read(cpu, i, port, size));
    advance(cpu, i, EDI, size);
    return status;
}

BODY unsigned outs(struct cpu *cpu, const struct insn *i, unsigned size)
{
    uint16_t port = (uint16_t)cpu->reg[EDX];
    uint32_t value;
    unsigned status = io_permission(cpu, i, port, size);

    if (!(status & ACCESS_FAULT))
        status |= read_source(cpu, i, size, &value);
    if (status & ACCESS_FAULT)
        return status;
    port_write(cpu, i, port, size, value);
    advance(cpu, i, ESI, size);
    return status;
}

BODY unsigned iterate(struct cpu *cpu, const struct insn *i, enum operation operation, unsigned size)
{
    /* clang-format off */
    switch (operation) {
    case OP_MOVS: return movs(cpu, i, size);
    case OP_STOS: return stos(cpu, i, size);
    case OP_LODS: return lods(cpu, i, size);
    case OP_CMPS: return cmps(cpu, i, size);
    case OP_SCAS: return scas(cpu, i, size);
    case OP_INS:  return ins(cpu, i, size);
    default:      return outs(cpu, i, size);
    }
    /* clang-format on */
}

/* --- Many iterations at once --- */

BODY uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* How many elements can be moved at an index register, upwards or down, before its page, its segment or its 16 bits
 * end; 0 where the fast path does not hold. Of the elements' bytes, the lowest of the first one is at *host. */
BODY uint32_t run_length(const struct cpu *cpu, const struct insn *i, unsigned segment, unsigned r, unsigned size,
                         bool write, uint8_t **host)
{
    const struct segment *s = &cpu->seg[segment];
    uint32_t offset = get_index(cpu, i, r), linear = s->base + offset, in_page = linear & PAGE_MASK, room;
    uint64_t end = write ? s->write_end : s->read_end, wrap = (uint64_t)cut_address(i, UINT32_MAX) + 1;
    const struct tlb_entry *e = tlb_slot(cpu, linear);

    if ((write ? e->write : e->read) != (linear & ~PAGE_MASK))
        return 0;
    if (end > wrap)
        end = wrap;
    if (end <= offset)
        return 0;
    *host = tlb_host(e, linear);
    room = smaller(PAGE_SIZE - in_page, end - offset < PAGE_SIZE ? (uint32_t)(end - offset) : PAGE_SIZE);
    if (cpu->flags & FLAG_DF)
        return room < size ? 0 : smaller(in_page, offset) / size + 1;
    return room / size;
}

/* Copies in the direction of the copy, element by element as far as anything can observe: `forth` is how far the target
 * lies ahead of the source. */
BODY void copy_elements(uint8_t *to, const uint8_t *from, uint32_t count, unsigned size, bool down)
{
    uintptr_t forth = down ? (uintptr_t)from - (uintptr_t)to : (uintptr_t)to - (uintptr_t)from;

    if (forth >= (uintptr_t)count * size) /* also when it lies the other way */
        memmove(to, from, (size_t)count * size);
    else
        for (uint32_t n = 0; n < count; n++)
            memmove(to + size * (down ? count - 1 - n : n), from + size * (down ? count - 1 - n : n), size);
}

BODY void fill_elements(uint8_t *to, uint32_t value, uint32_t count, unsigned size)
{
    if (size == 1)
        memset(to, (int)(value & 0xFF), count);
    else
        for (uint32_t n = 0; n < count; n++)
            size == 2 ? store16(to + 2 * n, (uint16_t)value) : store32(to + 4 * n, value);
}

/* Does up to `limit` iterations of REP MOVS or STOS that need nothing but host memory. Returns how many. */
BODY uint32_t iterate_many(struct cpu *cpu, const struct insn *i, enum operation operation, unsigned size,
                           uint32_t limit)
{
    bool down = cpu->flags & FLAG_DF;
    uint8_t *to = NULL, *from = NULL;
    uint32_t count, lowest, step;

    if (cpu_attention_due(cpu))
        return 0;
    count = smaller(limit, run_length(cpu, i, SEG_ES, EDI, size, true, &to));
    if (operation == OP_MOVS)
        count = smaller(count, run_length(cpu, i, i->segment, ESI, size, false, &from));
    if (!count)
        return 0;
    lowest = down ? (count - 1) * size : 0;
    step = down ? 0 - count * size : count * size;
    if (operation == OP_MOVS) {
        copy_elements(to - lowest, from - lowest, count, size, down);
        set_index(cpu, i, ESI, cpu->reg[ESI] + step);
    } else {
        fill_elements(to - lowest, cpu->reg[EAX], count, size);
    }
    set_index(cpu, i, EDI, cpu->reg[EDI] + step);
    return count;
}

/* --- Repetition --- */

/* Whether something waits for the processor between two iterations. */
BODY bool interrupted(const struct cpu *cpu)
{
    return cpu->left <= 0 || cpu_must_leave(cpu);
}

/* Every iteration but the last takes its tick here; that of the last, or of none, is the instruction's own. */
BODY int repeat(struct cpu *cpu, const struct insn *i, enum operation operation, unsigned size)
{
    bool compares = operation == OP_CMPS || operation == OP_SCAS, ports = operation == OP_INS || operation == OP_OUTS;
    uint32_t count = get_index(cpu, i, ECX), done;
    unsigned status = ACCESS_DONE;

    if (ports && io_permission(cpu, i, (uint16_t)cpu->reg[EDX], size)) /* even if nothing is to be repeated */
        return cpu_fault_exit(cpu, i);
    cpu_sync(cpu, i);
    while (count) {
        done = 0;
        if ((operation == OP_MOVS || operation == OP_STOS) && !cpu->leave)
            done = iterate_many(cpu, i, operation, size, cpu->left < count ? (uint32_t)cpu->left : count);
        if (!done) {
            status = iterate(cpu, i, operation, size);
            done = 1;
        }
        if (status & ACCESS_FAULT)
            return cpu_fault_exit(cpu, i);
        count -= done;
        set_index(cpu, i, ECX, count);
        cpu->left -= done - 1;
        if (!count || (compares && flags_zero(cpu) == !(i->prefixes & PREFIX_REP)))
            break;
        cpu->left--;
        if (status || interrupted(cpu)) {
            cpu_fault_exit(cpu, i); /* the instruction is not over: EIP stays */
            return CPU_LEAVE;
        }
    }
    if (status || ports)
        return cpu_retire(cpu, i, insn_next_eip(cpu, i), CPU_LEAVE);
    if (!cpu->leave && cpu->left >= (int64_t)cpu->block->count - cpu->accounted)
        return NEXT(cpu, i); /* the rest of the block fits into what the iterations left */
    return cpu_retire(cpu, i, insn_next_eip(cpu, i), CPU_CONTINUE);
}

BODY int string(struct cpu *cpu, const struct insn *i, enum operation operation, unsigned size)
{
    unsigned status;

    if (i->prefixes & (PREFIX_REP | PREFIX_REPNE))
        return repeat(cpu, i, operation, size);
    status = iterate(cpu, i, operation, size);
    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    return finish(cpu, i, operation == OP_INS || operation == OP_OUTS ? ACCESS_LEAVE : status);
}

/* --- IN and OUT --- */
BODY int in_out(struct cpu *cpu, const struct insn *i, enum operation operation, unsigned size)
{
    uint16_t port = io_port(cpu, i);

    if (io_permission(cpu, i, port, size) & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    if (operation == OP_IN && size == 4 && i->form != FORM_RI && bus_calls(cpu->bus, port)) {
        port_call(cpu, i, port);
    } else if (operation == OP_IN) {
        set_register(cpu, EAX, size, port_read(cpu, i, port, size));
        poll_note(cpu, i);
    } else {
        port_write(cpu, i, port, size, get_register(cpu, EAX, size));
    }
    return finish(cpu, i, ACCESS_LEAVE);
}

/* clang-format off */
SIZES(MOVS, string, OP_MOVS) SIZES(CMPS, string, OP_CMPS) SIZES(STOS, string, OP_STOS) SIZES(LODS, string, OP_LODS)
SIZES(SCAS, string, OP_SCAS) SIZES(INS, string, OP_INS) SIZES(OUTS, string, OP_OUTS)
SIZES(IN, in_out, OP_IN) SIZES(OUT, in_out, OP_OUT)

static insn_handler *const handlers[OP_OUTS + 1 - OP_MOVS][3] = {
#define STRING_ROW(op) [OP_##op - OP_MOVS] = ROW(op)
    STRING_ROW(MOVS), STRING_ROW(CMPS), STRING_ROW(STOS), STRING_ROW(LODS), STRING_ROW(SCAS),
    STRING_ROW(IN), STRING_ROW(OUT), STRING_ROW(INS), STRING_ROW(OUTS)
};
/* clang-format on */

insn_handler *string_handler(const struct insn *insn)
{
    if (insn->operation < OP_MOVS || insn->operation > OP_OUTS)
        return NULL;
    return handlers[insn->operation - OP_MOVS][size_column(insn->size)];
}
