/* simd_float.c - single and double precision of SSE and SSE2: arithmetic, comparison, conversion, approximation, and
 * the exceptions of MXCSR (Intel SDM vol. 1, chapters 10 and 11, appendix E; softfloat.h does the numbers).
 *
 * An instruction computes all its lanes, then looks at the exceptions of all of them together: if one of them is not
 * masked nothing is written but MXCSR's flags. Invalid, denormal and division by zero are found before anything is
 * computed: where one of those is not masked, no lane reports more. */
#include "emu/cpu/simd.h"
#include "emu/cpu/softfloat.h"

#define FLOAT_BEFORE (FLOAT_INVALID | FLOAT_DENORMAL | FLOAT_ZERO_DIVIDE)

BODY struct float_env mxcsr_env(const struct cpu *cpu)
{
    uint32_t m = cpu->mxcsr;

    return (struct float_env){.rounding = m >> 13 & 3,
                              .masks = m >> 7 & 0x3F,
                              .flush_to_zero = m >> 15 & 1,
                              .denormals_are_zero = m >> 6 & 1};
}

/* Adds exceptions to MXCSR. True: one of them is not masked, and is on its way. */
static bool raise_exceptions(struct cpu *cpu, unsigned flags)
{
    unsigned unmasked = flags & ~(cpu->mxcsr >> 7);

    if (unmasked & FLOAT_BEFORE)
        flags &= FLOAT_BEFORE;
    cpu->mxcsr |= flags;
    if (unmasked)
        fault_plain(cpu, cpu->cr4 & CR4_OSXMMEXCPT ? EXC_XM : EXC_UD);
    return unmasked;
}

/* The same; most often there is nothing that MXCSR lacks. */
BODY bool excepted(struct cpu *cpu, const struct float_env *e)
{
    return e->flags & ~(cpu->mxcsr & cpu->mxcsr >> 7) && raise_exceptions(cpu, e->flags);
}

/* --- Arithmetic and comparison: a number of each operand --- */
typedef uint64_t float_function(unsigned width, uint64_t a, uint64_t b, struct float_env *e);

static uint64_t square_root(unsigned width, uint64_t a, uint64_t b, struct float_env *e)
{
    (void)a;
    return f_sqrt(width, b, e);
}

/* The second operand, unless the first is known to be less (greater); denormals-are-zero shows in the result. */
static uint64_t choose(unsigned width, uint64_t chosen, const struct float_env *e)
{
    uint64_t sign = UINT64_C(1) << (width - 1), exponent = width == 32 ? UINT64_C(0xFF) << 23 : UINT64_C(0x7FF) << 52;

    return e->denormals_are_zero && !(chosen & exponent) ? chosen & sign : chosen;
}

static uint64_t minimum(unsigned width, uint64_t a, uint64_t b, struct float_env *e)
{
    return choose(width, f_compare(width, a, b, false, e) == FLOAT_LESS ? a : b, e);
}

static uint64_t maximum(unsigned width, uint64_t a, uint64_t b, struct float_env *e)
{
    return choose(width, f_compare(width, a, b, false, e) == FLOAT_GREATER ? a : b, e);
}

/* Lanes of XMM registers: all of them, or the lowest; the others stay. */
BODY int float_apply(struct cpu *cpu, const struct insn *i, float_function *function, unsigned width, unsigned lanes)
{
    struct xmm memory, result;
    const struct xmm *s;
    struct float_env e;
    unsigned status;

    if (sse_off(cpu))
        return sse_refuse(cpu, i);
    if (!(s = xmm_source(cpu, i, lanes * width / 8, &memory, &status)))
        return cpu_fault_exit(cpu, i);
    e = mxcsr_env(cpu);
    result = cpu->xmm[i->dst];
    for (unsigned n = 0; n < lanes; n++)
        lane_set(&result, width, n, function(width, lane_get(&result, width, n), lane_get(s, width, n), &e));
    if (excepted(cpu, &e))
        return cpu_fault_exit(cpu, i);
    cpu->xmm[i->dst] = result;
    return simd_finish(cpu, i, status);
}

/* The eight predicates of CMPPS: equal, less, less or equal, unordered, and their opposites. Those of size take a quiet
 * NaN for invalid. */
BODY uint64_t compare_lane(unsigned width, uint64_t a, uint64_t b, unsigned predicate, struct float_env *e)
{
    unsigned kind = predicate & 3;
    enum comparison c = f_compare(width, a, b, kind == 0 || kind == 3, e);
    bool holds = kind == 3 ? c == FLOAT_UNORDERED : (c == FLOAT_EQUAL && kind != 1) || (c == FLOAT_LESS && kind != 0);

    return holds != (predicate >> 2 & 1) ? UINT64_MAX : 0;
}

BODY int float_compare(struct cpu *cpu, const struct insn *i, unsigned width, unsigned lanes)
{
    struct xmm memory, result;
    const struct xmm *s;
    struct float_env e;
    unsigned status;

    if (sse_off(cpu))
        return sse_refuse(cpu, i);
    if (!(s = xmm_source(cpu, i, lanes * width / 8, &memory, &status)))
        return cpu_fault_exit(cpu, i);
    e = mxcsr_env(cpu);
    result = cpu->xmm[i->dst];
    for (unsigned n = 0; n < lanes; n++)
        lane_set(&result, width, n,
                 compare_lane(width, lane_get(&result, width, n), lane_get(s, width, n), i->immediate, &e));
    if (excepted(cpu, &e))
        return cpu_fault_exit(cpu, i);
    cpu->xmm[i->dst] = result;
    return simd_finish(cpu, i, status);
}

/* COMIS and UCOMIS: ZF PF CF are 111 if unordered, 000 if greater, 001 if less, 100 if equal; OF SF AF are 0. */
BODY int float_flags(struct cpu *cpu, const struct insn *i, unsigned width, bool quiet)
{
    struct xmm memory;
    const struct xmm *s;
    struct float_env e;
    unsigned status;
    enum comparison c;

    if (sse_off(cpu))
        return sse_refuse(cpu, i);
    if (!(s = xmm_source(cpu, i, width / 8, &memory, &status)))
        return cpu_fault_exit(cpu, i);
    e = mxcsr_env(cpu);
    c = f_compare(width, lane_get(&cpu->xmm[i->dst], width, 0), lane_get(s, width, 0), quiet, &e);
    if (excepted(cpu, &e))
        return cpu_fault_exit(cpu, i);
    flags_write_arithmetic(cpu, c == FLOAT_UNORDERED ? FLAG_ZF | FLAG_PF | FLAG_CF
                                : c == FLOAT_LESS    ? FLAG_CF
                                : c == FLOAT_EQUAL   ? FLAG_ZF
                                                     : 0);
    return simd_finish(cpu, i, status);
}

/* --- Conversion: a number of one kind to one of another --- */
typedef uint64_t convert_function(uint64_t value, struct float_env *e);

/* clang-format off */
static uint64_t int_to_single(uint64_t value, struct float_env *e) { return f_from_int(32, (int32_t)value, e); }
static uint64_t int_to_double(uint64_t value, struct float_env *e) { return f_from_int(64, (int32_t)value, e); }
static uint64_t single_to_int(uint64_t value, struct float_env *e) { return (uint64_t)f_to_int(32, value, 32, false, e); }
static uint64_t double_to_int(uint64_t value, struct float_env *e) { return (uint64_t)f_to_int(64, value, 32, false, e); }
static uint64_t single_to_int_cut(uint64_t value, struct float_env *e) { return (uint64_t)f_to_int(32, value, 32, true, e); }
static uint64_t double_to_int_cut(uint64_t value, struct float_env *e) { return (uint64_t)f_to_int(64, value, 32, true, e); }
static uint64_t single_to_double(uint64_t value, struct float_env *e) { return f_convert(32, 64, value, e); }
static uint64_t double_to_single(uint64_t value, struct float_env *e) { return f_convert(64, 32, value, e); }
/* clang-format on */

enum place { XMM, XMM_CLEARED /* what is not written becomes 0 */, MMX, GENERAL };

/* Whether an MMX register takes part. */
BODY bool uses_mmx(const struct insn *i, enum place from, enum place to)
{
    return to == MMX || (from == MMX && !from_memory(i));
}

BODY unsigned convert_source(struct cpu *cpu, const struct insn *i, enum place from, unsigned size, struct xmm *value)
{
    if (from_memory(i))
        return simd_operand(cpu, i, size, value);
    *value = from == XMM ? cpu->xmm[i->src] : (struct xmm){{from == MMX ? mmx_get(cpu, i->src) : cpu->reg[i->src], 0}};
    return ACCESS_DONE;
}

BODY int convert(struct cpu *cpu, const struct insn *i, convert_function *function, enum place from,
                 unsigned from_width, enum place to, unsigned to_width, unsigned lanes)
{
    struct xmm source, result = {{0, 0}};
    struct float_env e;
    unsigned status;

    if (sse_off(cpu))
        return sse_refuse(cpu, i);
    if (uses_mmx(i, from, to) && mmx_off(cpu))
        return mmx_refuse(cpu, i);
    status = convert_source(cpu, i, from, lanes * from_width / 8, &source);
    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    if (uses_mmx(i, from, to))
        mmx_enter(cpu); /* even if an exception follows */
    e = mxcsr_env(cpu);
    if (to == XMM)
        result = cpu->xmm[i->dst];
    for (unsigned n = 0; n < lanes; n++)
        lane_set(&result, to_width, n, function(lane_get(&source, from_width, n), &e));
    if (excepted(cpu, &e))
        return cpu_fault_exit(cpu, i);
    if (to == MMX)
        mmx_set(cpu, i->dst, result.q[0]);
    else if (to == GENERAL)
        cpu->reg[i->dst] = (uint32_t)result.q[0];
    else
        cpu->xmm[i->dst] = result;
    return simd_finish(cpu, i, status);
}

/* --- Approximation --- spec/processor.md, "SIMD": the middle of an interval of 2^-11 (of 2^-10 with the exponent's
 * parity) stands for all of it. No exceptions; denormals count as 0, and a result that would be one is 0. */
#define SINGLE_INFINITY 0x7F800000u
#define SINGLE_QUIET 0x00400000u
#define SINGLE_SIGN 0x80000000u

/* The significand's 14 bits after the point, and a biased exponent. */
BODY uint32_t approximation(uint32_t sign, uint32_t exponent, uint32_t value)
{
    return sign | exponent << 23 | (value & 0x3FFF) << 9;
}

static uint64_t reciprocal(unsigned width, uint64_t a, uint64_t b, struct float_env *e)
{
    uint32_t bits = (uint32_t)b, sign = bits & SINGLE_SIGN, exponent = bits >> 23 & 0xFF,
             middle = 2 * (0x800 | (bits >> 12 & 0x7FF)) + 1;

    (void)width, (void)a, (void)e;
    if (exponent == 0xFF)
        return bits << 9 ? bits | SINGLE_QUIET : sign;
    if (exponent == 0)
        return sign | SINGLE_INFINITY;
    if (exponent > 252)
        return sign;
    return approximation(sign, 253 - exponent, ((UINT32_C(1) << 28) + middle) / (2 * middle));
}

/* The largest number whose square is not larger. */
static uint32_t integer_root(uint32_t square)
{
    uint32_t root = 0;

    for (uint32_t bit = UINT32_C(1) << 15; bit; bit >>= 1)
        if ((root | bit) * (root | bit) <= square)
            root |= bit;
    return root;
}

static uint64_t reciprocal_root(unsigned width, uint64_t a, uint64_t b, struct float_env *e)
{
    uint32_t bits = (uint32_t)b, exponent = bits >> 23 & 0xFF, middle = 2 * (0x400 | (bits >> 13 & 0x3FF)) + 1;

    (void)width, (void)a, (void)e;
    if (exponent == 0xFF && bits << 9)
        return bits | SINGLE_QUIET;
    if (exponent == 0)
        return (bits & SINGLE_SIGN) | SINGLE_INFINITY;
    if (bits & SINGLE_SIGN)
        return SINGLE_SIGN | SINGLE_INFINITY | SINGLE_QUIET;
    if (exponent == 0xFF)
        return 0;
    return approximation(0, (380 - exponent) / 2,
                         integer_root((uint32_t)((UINT64_C(1) << (exponent & 1 ? 41 : 40)) / middle)));
}

/* --- The table --- */
/* clang-format off */
#define FOUR(name, function) \
    HANDLER(name##PS, float_apply, function, 32, 4) HANDLER(name##PD, float_apply, function, 64, 2) \
    HANDLER(name##SS, float_apply, function, 32, 1) HANDLER(name##SD, float_apply, function, 64, 1)

FOUR(ADD, f_add) FOUR(SUB, f_sub) FOUR(MUL, f_mul) FOUR(DIV, f_div) FOUR(MIN, minimum) FOUR(MAX, maximum) FOUR(SQRT, square_root)
HANDLER(CMPPS, float_compare, 32, 4) HANDLER(CMPPD, float_compare, 64, 2) HANDLER(CMPSS, float_compare, 32, 1) HANDLER(CMPSD, float_compare, 64, 1)
HANDLER(RCPPS, float_apply, reciprocal, 32, 4) HANDLER(RCPSS, float_apply, reciprocal, 32, 1)
HANDLER(RSQRTPS, float_apply, reciprocal_root, 32, 4) HANDLER(RSQRTSS, float_apply, reciprocal_root, 32, 1)
HANDLER(COMISS, float_flags, 32, false) HANDLER(COMISD, float_flags, 64, false)
HANDLER(UCOMISS, float_flags, 32, true) HANDLER(UCOMISD, float_flags, 64, true)
HANDLER(CVTPI2PS, convert, int_to_single, MMX, 32, XMM, 32, 2) HANDLER(CVTPI2PD, convert, int_to_double, MMX, 32, XMM, 64, 2)
HANDLER(CVTSI2SS, convert, int_to_single, GENERAL, 32, XMM, 32, 1) HANDLER(CVTSI2SD, convert, int_to_double, GENERAL, 32, XMM, 64, 1)
HANDLER(CVTPS2PI, convert, single_to_int, XMM, 32, MMX, 32, 2) HANDLER(CVTTPS2PI, convert, single_to_int_cut, XMM, 32, MMX, 32, 2)
HANDLER(CVTPD2PI, convert, double_to_int, XMM, 64, MMX, 32, 2) HANDLER(CVTTPD2PI, convert, double_to_int_cut, XMM, 64, MMX, 32, 2)
HANDLER(CVTSS2SI, convert, single_to_int, XMM, 32, GENERAL, 32, 1) HANDLER(CVTTSS2SI, convert, single_to_int_cut, XMM, 32, GENERAL, 32, 1)
HANDLER(CVTSD2SI, convert, double_to_int, XMM, 64, GENERAL, 32, 1) HANDLER(CVTTSD2SI, convert, double_to_int_cut, XMM, 64, GENERAL, 32, 1)
HANDLER(CVTPS2PD, convert, single_to_double, XMM, 32, XMM, 64, 2) HANDLER(CVTSS2SD, convert, single_to_double, XMM, 32, XMM, 64, 1)
HANDLER(CVTPD2PS, convert, double_to_single, XMM, 64, XMM_CLEARED, 32, 2) HANDLER(CVTSD2SS, convert, double_to_single, XMM, 64, XMM, 32, 1)
HANDLER(CVTDQ2PS, convert, int_to_single, XMM, 32, XMM, 32, 4) HANDLER(CVTDQ2PD, convert, int_to_double, XMM, 32, XMM, 64, 2)
HANDLER(CVTPS2DQ, convert, single_to_int, XMM, 32, XMM, 32, 4) HANDLER(CVTTPS2DQ, convert, single_to_int_cut, XMM, 32, XMM, 32, 4)
HANDLER(CVTPD2DQ, convert, double_to_int, XMM, 64, XMM_CLEARED, 32, 2) HANDLER(CVTTPD2DQ, convert, double_to_int_cut, XMM, 64, XMM_CLEARED, 32, 2)
/* clang-format on */

insn_handler *simd_float_handler(const struct insn *insn)
{
#define ONE(name) [OP_##name - OP_ADDPS] = name
#define ALL(name) ONE(name##PS), ONE(name##PD), ONE(name##SS), ONE(name##SD)
    /* clang-format off */
    static insn_handler *const handlers[OP_CVTTPD2DQ + 1 - OP_ADDPS] = {
        ALL(ADD), ALL(SUB), ALL(MUL), ALL(DIV), ALL(MIN), ALL(MAX), ALL(SQRT), ALL(CMP), ONE(RCPPS), ONE(RCPSS), ONE(RSQRTPS), ONE(RSQRTSS),
        ONE(COMISS), ONE(COMISD), ONE(UCOMISS), ONE(UCOMISD),
        ONE(CVTPI2PS), ONE(CVTPI2PD), ONE(CVTSI2SS), ONE(CVTSI2SD), ONE(CVTPS2PI), ONE(CVTTPS2PI), ONE(CVTPD2PI), ONE(CVTTPD2PI),
        ONE(CVTSS2SI), ONE(CVTTSS2SI), ONE(CVTSD2SI), ONE(CVTTSD2SI), ONE(CVTPS2PD), ONE(CVTSS2SD), ONE(CVTPD2PS), ONE(CVTSD2SS),
        ONE(CVTDQ2PS), ONE(CVTDQ2PD), ONE(CVTPS2DQ), ONE(CVTTPS2DQ), ONE(CVTPD2DQ), ONE(CVTTPD2DQ)
    };
    /* clang-format on */
    return insn->operation < OP_ADDPS || insn->operation > OP_CVTTPD2DQ ? NULL : handlers[insn->operation - OP_ADDPS];
}
