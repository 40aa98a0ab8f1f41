/* simd_moves.c - moves between MMX and XMM registers, general registers and memory; MXCSR; what only hints at the
 * caches, of which the guest sees none (Intel SDM vol. 2, under their names). */
#include "emu/cpu/simd.h"
#include "emu/cpu/x87_control.h"

/* --- Operands that the fast path leaves --- */
int sse_refuse(struct cpu *cpu, const struct insn *i)
{
    fault_plain(cpu, cpu->cr0 & CR0_EM || !(cpu->cr4 & CR4_OSFXSR) ? EXC_UD : EXC_NM);
    return cpu_fault_exit(cpu, i);
}

int mmx_refuse(struct cpu *cpu, const struct insn *i)
{
    if (!(cpu->cr0 & CR0_EM))
        return x87_refuse(cpu, i);
    fault_plain(cpu, EXC_UD);
    return cpu_fault_exit(cpu, i);
}

static unsigned check(struct cpu *cpu, const struct insn *i, uint32_t offset, unsigned size, bool aligned, bool write)
{
    const struct segment *s = &cpu->seg[i->segment];

    if ((uint64_t)offset + size > (write ? s->write_end : s->read_end) &&
        segment_check(cpu, i, i->segment, offset, size, write))
        return ACCESS_FAULT;
    return misaligned(cpu, i, offset, size, aligned) ? fault(cpu, EXC_GP, 0) : (unsigned)ACCESS_DONE;
}

unsigned simd_read_slow(struct cpu *cpu, const struct insn *i, uint32_t offset, unsigned size, bool aligned,
                        struct xmm *value)
{
    uint32_t linear = cpu->seg[i->segment].base + offset;

    value->q[1] = 0;
    if (check(cpu, i, offset, size, aligned, false))
        return ACCESS_FAULT;
    return size == 16 ? mmu_read16(cpu, i, linear, cpu->user, value->q)
                      : mmu_read(cpu, i, linear, size, cpu->user, &value->q[0]);
}

unsigned simd_write_slow(struct cpu *cpu, const struct insn *i, uint32_t offset, unsigned size, bool aligned,
                         const struct xmm *value)
{
    uint32_t linear = cpu->seg[i->segment].base + offset;

    if (check(cpu, i, offset, size, aligned, true))
        return ACCESS_FAULT;
    return size == 16 ? mmu_write16(cpu, i, linear, cpu->user, value->q)
                      : mmu_write(cpu, i, linear, size, cpu->user, value->q[0]);
}

unsigned simd_operand(struct cpu *cpu, const struct insn *i, unsigned size, struct xmm *value)
{
    return simd_read(cpu, i, size, true, value);
}

int simd_leave(struct cpu *cpu, const struct insn *i)
{
    return finish(cpu, i, ACCESS_LEAVE);
}

/* --- XMM --- Loads of less than 16 bytes clear the rest. */
BODY int xmm_load(struct cpu *cpu, const struct insn *i, unsigned size, bool aligned)
{
    struct xmm value;
    unsigned status;

    if (sse_off(cpu))
        return sse_refuse(cpu, i);
    status = simd_read(cpu, i, size, aligned, &value);
    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    cpu->xmm[i->dst] = value;
    return finish(cpu, i, status);
}

BODY int xmm_store(struct cpu *cpu, const struct insn *i, unsigned size, bool aligned)
{
    unsigned status;

    if (sse_off(cpu))
        return sse_refuse(cpu, i);
    status = simd_write(cpu, i, size, aligned, &cpu->xmm[i->src]);
    return status & ACCESS_FAULT ? cpu_fault_exit(cpu, i) : finish(cpu, i, status);
}

/* One half from or to memory: MOVLPS, MOVHPS. */
BODY int half_load(struct cpu *cpu, const struct insn *i, unsigned half)
{
    struct xmm value;
    unsigned status;

    if (sse_off(cpu))
        return sse_refuse(cpu, i);
    status = simd_read(cpu, i, 8, false, &value);
    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    cpu->xmm[i->dst].q[half] = value.q[0];
    return finish(cpu, i, status);
}

BODY int half_store(struct cpu *cpu, const struct insn *i, unsigned half)
{
    struct xmm value = {{cpu->xmm[i->src].q[half], 0}};
    unsigned status;

    if (sse_off(cpu))
        return sse_refuse(cpu, i);
    status = simd_write(cpu, i, 8, false, &value);
    return status & ACCESS_FAULT ? cpu_fault_exit(cpu, i) : finish(cpu, i, status);
}

/* From register to register: what becomes of d. */
#define BETWEEN(name, low, high) \
    static int name(struct cpu *cpu, const struct insn *i) \
    { \
        struct xmm d = cpu->xmm[i->dst], s = cpu->xmm[i->src]; \
        if (sse_off(cpu)) \
            return sse_refuse(cpu, i); \
        (void)d; \
        cpu->xmm[i->dst] = (struct xmm){{low, high}}; \
        return NEXT(cpu, i); \
    }

/* clang-format off */
BETWEEN(copy_all, s.q[0], s.q[1])
BETWEEN(copy_low, s.q[0], 0)
BETWEEN(copy_single, (d.q[0] & ~UINT64_C(0xFFFFFFFF)) | (uint32_t)s.q[0], d.q[1])
BETWEEN(copy_double, s.q[0], d.q[1])
BETWEEN(copy_high_to_low, s.q[1], d.q[1])
BETWEEN(copy_low_to_high, d.q[0], s.q[0])
HANDLER(load_aligned, xmm_load, 16, true) HANDLER(load_any, xmm_load, 16, false) HANDLER(load_4, xmm_load, 4, false) HANDLER(load_8, xmm_load, 8, false)
HANDLER(store_aligned, xmm_store, 16, true) HANDLER(store_any, xmm_store, 16, false) HANDLER(store_4, xmm_store, 4, false) HANDLER(store_8, xmm_store, 8, false)
HANDLER(load_low, half_load, 0) HANDLER(load_high, half_load, 1) HANDLER(store_low, half_store, 0) HANDLER(store_high, half_store, 1)
/* clang-format on */

static int movd_from_general(struct cpu *cpu, const struct insn *i)
{
    if (sse_off(cpu))
        return sse_refuse(cpu, i);
    cpu->xmm[i->dst] = (struct xmm){{cpu->reg[i->src], 0}};
    return NEXT(cpu, i);
}

static int movd_to_general(struct cpu *cpu, const struct insn *i)
{
    if (sse_off(cpu))
        return sse_refuse(cpu, i);
    cpu->reg[i->dst] = (uint32_t)cpu->xmm[i->src].q[0];
    return NEXT(cpu, i);
}

/* --- MMX --- MOVD and MOVQ of any form, by their operands' places. */
static int mmx_load(struct cpu *cpu, const struct insn *i)
{
    uint64_t value = i->operation == OP_MOVD ? cpu->reg[i->src] : 0;
    unsigned status = ACCESS_DONE;

    if (mmx_off(cpu))
        return mmx_refuse(cpu, i);
    if ((i->operation == OP_MOVQ || from_memory(i)) && !mmx_source(cpu, i, i->size, &value, &status))
        return cpu_fault_exit(cpu, i);
    mmx_enter(cpu);
    mmx_set(cpu, i->dst, value);
    return finish(cpu, i, status);
}

static int mmx_store(struct cpu *cpu, const struct insn *i)
{
    struct xmm value;
    unsigned status;

    if (mmx_off(cpu))
        return mmx_refuse(cpu, i);
    value = (struct xmm){{mmx_get(cpu, i->src), 0}};
    status = simd_write(cpu, i, i->size, false, &value);
    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    mmx_enter(cpu);
    return finish(cpu, i, status);
}

static int mmx_to_general(struct cpu *cpu, const struct insn *i)
{
    if (mmx_off(cpu))
        return mmx_refuse(cpu, i);
    mmx_enter(cpu);
    cpu->reg[i->dst] = (uint32_t)mmx_get(cpu, i->src);
    return NEXT(cpu, i);
}

static int movq2dq(struct cpu *cpu, const struct insn *i)
{
    if (sse_off(cpu))
        return sse_refuse(cpu, i);
    if (mmx_off(cpu))
        return mmx_refuse(cpu, i);
    mmx_enter(cpu);
    cpu->xmm[i->dst] = (struct xmm){{mmx_get(cpu, i->src), 0}};
    return NEXT(cpu, i);
}

static int movdq2q(struct cpu *cpu, const struct insn *i)
{
    if (sse_off(cpu))
        return sse_refuse(cpu, i);
    if (mmx_off(cpu))
        return mmx_refuse(cpu, i);
    mmx_enter(cpu);
    mmx_set(cpu, i->dst, cpu->xmm[i->src].q[0]);
    return NEXT(cpu, i);
}

static int emms(struct cpu *cpu, const struct insn *i)
{
    if (mmx_off(cpu))
        return mmx_refuse(cpu, i);
    mmx_enter(cpu);
    cpu->x87.used = 0;
    return NEXT(cpu, i);
}

/* --- Byte by byte --- All bytes must be writable, even those that the mask leaves out. */
static unsigned masked_write(struct cpu *cpu, const struct insn *i, unsigned size, struct xmm value, struct xmm mask)
{
    uint32_t offset = get_index(cpu, i, EDI), linear = cpu->seg[i->segment].base + offset;
    unsigned status = segment_probe(cpu, i, i->segment, offset, size, true);

    for (unsigned n = 0; n < size && !(status & ACCESS_FAULT); n++)
        if (mask.q[n / 8] >> (n % 8 * 8 + 7) & 1)
            status |= mmu_write(cpu, i, linear + n, 1, cpu->user, value.q[n / 8] >> n % 8 * 8 & 0xFF);
    return status;
}

static int maskmovq(struct cpu *cpu, const struct insn *i)
{
    unsigned status;

    if (mmx_off(cpu))
        return mmx_refuse(cpu, i);
    status = masked_write(cpu, i, 8, (struct xmm){{mmx_get(cpu, i->dst), 0}}, (struct xmm){{mmx_get(cpu, i->src), 0}});
    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    mmx_enter(cpu);
    return finish(cpu, i, status);
}

static int maskmovdqu(struct cpu *cpu, const struct insn *i)
{
    unsigned status;

    if (sse_off(cpu))
        return sse_refuse(cpu, i);
    status = masked_write(cpu, i, 16, cpu->xmm[i->dst], cpu->xmm[i->src]);
    return status & ACCESS_FAULT ? cpu_fault_exit(cpu, i) : finish(cpu, i, status);
}

/* --- MXCSR --- */
static int ldmxcsr(struct cpu *cpu, const struct insn *i)
{
    uint32_t value;
    unsigned status;

    if (sse_off(cpu))
        return sse_refuse(cpu, i);
    status = operand_read(cpu, i, 4, &value);
    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    if (value & ~mxcsr_implemented(cpu))
        return insn_fault(cpu, i, EXC_GP);
    cpu->mxcsr = value;
    return finish(cpu, i, status);
}

static int stmxcsr(struct cpu *cpu, const struct insn *i)
{
    struct xmm value = {{cpu->mxcsr, 0}};
    unsigned status;

    if (sse_off(cpu))
        return sse_refuse(cpu, i);
    status = simd_write(cpu, i, 4, false, &value);
    return status & ACCESS_FAULT ? cpu_fault_exit(cpu, i) : finish(cpu, i, status);
}

/* --- What needs no unit to be there --- */
static int movnti(struct cpu *cpu, const struct insn *i)
{
    unsigned status = segment_write(cpu, i, i->segment, effective_address(cpu, i), 4, cpu->reg[i->src]);

    return status & ACCESS_FAULT ? cpu_fault_exit(cpu, i) : finish(cpu, i, status);
}

/* Memory is always in order, and no prefetch ever faults. */
static int hint(struct cpu *cpu, const struct insn *i)
{
    return NEXT(cpu, i);
}

/* Faults as a read of a byte would. */
static int clflush(struct cpu *cpu, const struct insn *i)
{
    if (segment_probe(cpu, i, i->segment, effective_address(cpu, i), 1, false))
        return cpu_fault_exit(cpu, i);
    return NEXT(cpu, i);
}

/* --- The table --- */
struct moves {
    insn_handler *load, *store, *between;
};

insn_handler *simd_move_handler(const struct insn *insn)
{
#define MOVE(name, load, store, between) [OP_##name - OP_MOVD] = { {load, store, between}, {load, store, between} }
#define ONE(name, handler) MOVE(name, handler, handler, handler)
    /* clang-format off */
    static const struct moves handlers[OP_COUNT - OP_MOVD][2] = {
        [OP_MOVD - OP_MOVD] = {{mmx_load, mmx_store, NULL}, {load_4, store_4, NULL}},
        [OP_MOVQ - OP_MOVD] = {{mmx_load, mmx_store, mmx_load}, {load_8, store_8, copy_low}},
        MOVE(MOVDQA, load_aligned, store_aligned, copy_all), MOVE(MOVDQU, load_any, store_any, copy_all),
        MOVE(MOVAPS, load_aligned, store_aligned, copy_all), MOVE(MOVAPD, load_aligned, store_aligned, copy_all),
        MOVE(MOVUPS, load_any, store_any, copy_all), MOVE(MOVUPD, load_any, store_any, copy_all),
        MOVE(MOVSS, load_4, store_4, copy_single), MOVE(MOVSD, load_8, store_8, copy_double),
        MOVE(MOVLPS, load_low, store_low, NULL), MOVE(MOVLPD, load_low, store_low, NULL),
        MOVE(MOVHPS, load_high, store_high, NULL), MOVE(MOVHPD, load_high, store_high, NULL),
        ONE(MOVHLPS, copy_high_to_low), ONE(MOVLHPS, copy_low_to_high),
        ONE(MOVNTPS, store_aligned), ONE(MOVNTPD, store_aligned), ONE(MOVNTDQ, store_aligned), ONE(MOVNTQ, mmx_store), ONE(MOVNTI, movnti),
        ONE(MOVQ2DQ, movq2dq), ONE(MOVDQ2Q, movdq2q), ONE(EMMS, emms), ONE(MASKMOVQ, maskmovq), ONE(MASKMOVDQU, maskmovdqu),
        ONE(LDMXCSR, ldmxcsr), ONE(STMXCSR, stmxcsr), ONE(CLFLUSH, clflush), ONE(LFENCE, hint), ONE(MFENCE, hint), ONE(SFENCE, hint),
        ONE(PREFETCHNTA, hint), ONE(PREFETCHT0, hint), ONE(PREFETCHT1, hint), ONE(PREFETCHT2, hint)
    };
    /* clang-format on */
    const struct moves *m;

    if (insn->operation < OP_MOVD)
        return NULL;
    m = &handlers[insn->operation - OP_MOVD][simd_column(insn)];
    if (insn->operation == OP_MOVD && insn->form == FORM_RR) {
        bool to_general = opcode_rows[insn->row].operands[0] == 'E';
        return simd_column(insn) ? (to_general ? movd_to_general : movd_from_general)
                                 : (to_general ? mmx_to_general : mmx_load);
    }
    return from_memory(insn) ? m->load : insn->form == FORM_RR ? m->between : m->store;
}
