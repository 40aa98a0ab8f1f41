/* simd.h - what the handlers of MMX and SSE share: when they may run, their operands, the lanes of a register.
 *
 * simd_integer.c integers in MMX and XMM registers   simd_moves.c moves, masks, MXCSR, hints   simd_float.c single and
 * double precision
 *
 * Everything an MMX register holds is one 64-bit number, an XMM register two (struct xmm): lanes are cut out of them by
 * shifting, from bit 0 up. So most integer operations are one function of 64 bits, used once for MMX and twice for XMM.
 * (Intel SDM vol. 1, chapters 9 to 11.) */
#ifndef MUNIMENT_EMU_SIMD_H
#define MUNIMENT_EMU_SIMD_H

#include "emu/cpu/interpret.h"

/* A handler that is a body with its parameters. */
#define HANDLER(name, body, ...) \
    static int name(struct cpu *cpu, const struct insn *i) \
    { \
        return body(cpu, i, __VA_ARGS__); \
    }

/* Rows that no mandatory prefix selects come first in the handler tables: MMX before SSE2. */
static inline unsigned simd_column(const struct insn *insn)
{
    return !(opcode_rows[insn->row].attributes & ROW_NO_PREFIX);
}

/* --- MMX registers --- */
BODY uint64_t mmx_get(const struct cpu *cpu, unsigned n)
{
    return cpu->x87.reg[n].significand;
}

/* What is written has all ones for an exponent: a NaN or an infinity to the floating-point unit. */
BODY void mmx_set(struct cpu *cpu, unsigned n, uint64_t value)
{
    cpu->x87.reg[n] = (struct float80){value, 0xFFFF};
}

/* An MMX instruction makes register 0 the top of the stack, and all of them used (EMMS: empty). */
BODY void mmx_enter(struct cpu *cpu)
{
    cpu->x87.top = 0;
    cpu->x87.used = 0xFF;
}

/* --- When they may run --- SDM vol. 3, sections 12.1 and 13.1: CR0.EM is #UD, and so is a clear CR4.OSFXSR with XMM
 * registers; then CR0.TS is #NM; then what the floating-point unit still has to report is #MF before MMX registers are
 * touched. */
BODY bool sse_off(const struct cpu *cpu)
{
    return (cpu->cr0 & (CR0_EM | CR0_TS)) | (~cpu->cr4 & CR4_OSFXSR);
}

BODY bool mmx_off(const struct cpu *cpu)
{
    return cpu->cr0 & (CR0_EM | CR0_TS) || cpu->x87.error;
}

/* Delivers what sse_off (mmx_off) found. */
int sse_refuse(struct cpu *cpu, const struct insn *i);
int mmx_refuse(struct cpu *cpu, const struct insn *i);

/* The bits of MXCSR that the model has: the Pentium III knows no denormals-are-zero. */
BODY uint32_t mxcsr_implemented(const struct cpu *cpu)
{
    return cpu->model >= CPU_PENTIUM4 ? MXCSR_BITS : 0xFFBF;
}

/* --- Operands --- */
BODY bool from_memory(const struct insn *i)
{
    return i->form == FORM_RM || i->form == FORM_RMI;
}

/* What the fast path does not settle. Operands that are not aligned though they must be are #GP(0), before their page
 * is looked at. */
unsigned simd_read_slow(struct cpu *cpu, const struct insn *i, uint32_t offset, unsigned size, bool aligned,
                        struct xmm *value);
unsigned simd_write_slow(struct cpu *cpu, const struct insn *i, uint32_t offset, unsigned size, bool aligned,
                         const struct xmm *value);

BODY bool misaligned(const struct cpu *cpu, const struct insn *i, uint32_t offset, unsigned size, bool aligned)
{
    return aligned && size == 16 && (cpu->seg[i->segment].base + offset) & 15;
}

/* Memory operand of 4, 8 or 16 bytes; the rest of *value is 0. Returns an access status. */
BODY unsigned simd_read(struct cpu *cpu, const struct insn *i, unsigned size, bool aligned, struct xmm *value)
{
    uint32_t offset = effective_address(cpu, i);
    const uint8_t *p = readable(cpu, i->segment, offset, size);

    if (!p || misaligned(cpu, i, offset, size, aligned))
        return simd_read_slow(cpu, i, offset, size, aligned, value);
    value->q[0] = size == 4 ? load32(p) : load64(p);
    value->q[1] = size == 16 ? load64(p + 8) : 0;
    return ACCESS_DONE;
}

BODY unsigned simd_write(struct cpu *cpu, const struct insn *i, unsigned size, bool aligned, const struct xmm *value)
{
    uint32_t offset = effective_address(cpu, i);
    uint8_t *p = writable(cpu, i->segment, offset, size);

    if (!p || misaligned(cpu, i, offset, size, aligned))
        return simd_write_slow(cpu, i, offset, size, aligned, value);
    if (size == 4)
        store32(p, (uint32_t)value->q[0]);
    else
        store64(p, value->q[0]);
    if (size == 16)
        store64(p + 8, value->q[1]);
    return ACCESS_DONE;
}

/* simd_read of an aligned operand, kept out of the many handlers that are no mere loads; and the end of one that left
 * the fast path. */
unsigned simd_operand(struct cpu *cpu, const struct insn *i, unsigned size, struct xmm *value);
int simd_leave(struct cpu *cpu, const struct insn *i);

BODY int simd_finish(struct cpu *cpu, const struct insn *i, unsigned status)
{
    return status ? simd_leave(cpu, i) : NEXT(cpu, i);
}

/* The last operand of an SSE instruction: an XMM register, or aligned memory that is read into it. Null: it faulted. */
BODY const struct xmm *xmm_source(struct cpu *cpu, const struct insn *i, unsigned size, struct xmm *memory,
                                  unsigned *status)
{
    *status = ACCESS_DONE;
    if (!from_memory(i))
        return &cpu->xmm[i->src];
    *status = simd_operand(cpu, i, size, memory);
    return *status & ACCESS_FAULT ? NULL : memory;
}

/* The same of an MMX instruction. False: it faulted. */
BODY bool mmx_source(struct cpu *cpu, const struct insn *i, unsigned size, uint64_t *value, unsigned *status)
{
    struct xmm memory;

    *status = ACCESS_DONE;
    if (!from_memory(i)) {
        *value = mmx_get(cpu, i->src);
        return true;
    }
    *status = simd_operand(cpu, i, size, &memory);
    *value = memory.q[0];
    return !(*status & ACCESS_FAULT);
}

/* --- Lanes of 32 or 64 bits --- */
BODY uint64_t lane_get(const struct xmm *x, unsigned width, unsigned lane)
{
    return width == 64 ? x->q[lane] : (uint32_t)(x->q[lane / 2] >> lane % 2 * 32);
}

BODY void lane_set(struct xmm *x, unsigned width, unsigned lane, uint64_t value)
{
    if (width == 64)
        x->q[lane] = value;
    else
        x->q[lane / 2] = (x->q[lane / 2] & ~(UINT64_C(0xFFFFFFFF) << lane % 2 * 32)) | (uint64_t)(uint32_t)value
                                                                                           << lane % 2 * 32;
}

#endif
