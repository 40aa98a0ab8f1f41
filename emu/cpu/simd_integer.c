/* simd_integer.c - integer operations of MMX and SSE2, and those of SSE that only move or combine bits (Intel SDM vol.
 * 2, under their names).
 *
 * Nearly all are a function of 64 bits of either operand: MMX applies it once, SSE2 to each half. What moves lanes
 * across the halves - packing, interleaving, shuffles - is put together from the halves of its MMX form. */
#include "emu/cpu/simd.h"

/* --- Functions of 64 bits --- `x` and `y` are the lanes at the same place of either operand, as numbers of the given
 * type. */
#define LANES(name, width, type, expression) \
    BODY uint64_t name(uint64_t a, uint64_t b) \
    { \
        uint64_t result = 0; \
        for (unsigned at = 0; at < 64; at += width) { \
            type x = (type)(a >> at), y = (type)(b >> at); \
            result |= (uint64_t)(uint##width##_t)(expression) << at; \
        } \
        return result; \
    }

BODY int32_t clamp(int32_t value, int32_t low, int32_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* clang-format off */
LANES(add_b, 8, uint8_t, x + y) LANES(add_w, 16, uint16_t, x + y) LANES(add_d, 32, uint32_t, x + y)
LANES(sub_b, 8, uint8_t, x - y) LANES(sub_w, 16, uint16_t, x - y) LANES(sub_d, 32, uint32_t, x - y)
LANES(add_sb, 8, int8_t, clamp(x + y, INT8_MIN, INT8_MAX)) LANES(add_sw, 16, int16_t, clamp(x + y, INT16_MIN, INT16_MAX))
LANES(sub_sb, 8, int8_t, clamp(x - y, INT8_MIN, INT8_MAX)) LANES(sub_sw, 16, int16_t, clamp(x - y, INT16_MIN, INT16_MAX))
LANES(add_ub, 8, uint8_t, clamp(x + y, 0, UINT8_MAX)) LANES(add_uw, 16, uint16_t, clamp(x + y, 0, UINT16_MAX))
LANES(sub_ub, 8, uint8_t, clamp(x - y, 0, UINT8_MAX)) LANES(sub_uw, 16, uint16_t, clamp(x - y, 0, UINT16_MAX))
LANES(equal_b, 8, uint8_t, -(x == y)) LANES(equal_w, 16, uint16_t, -(x == y)) LANES(equal_d, 32, uint32_t, -(x == y))
LANES(greater_b, 8, int8_t, -(x > y)) LANES(greater_w, 16, int16_t, -(x > y)) LANES(greater_d, 32, int32_t, -(x > y))
LANES(min_ub, 8, uint8_t, x < y ? x : y) LANES(max_ub, 8, uint8_t, x > y ? x : y)
LANES(min_sw, 16, int16_t, x < y ? x : y) LANES(max_sw, 16, int16_t, x > y ? x : y)
LANES(average_b, 8, uint8_t, (x + y + 1) >> 1) LANES(average_w, 16, uint16_t, (x + y + 1) >> 1)
LANES(multiply_low, 16, uint16_t, (uint32_t)x * y) LANES(multiply_high, 16, int16_t, (uint32_t)(x * y) >> 16)
LANES(multiply_high_u, 16, uint16_t, (uint32_t)x * y >> 16)
/* clang-format on */
/* Both products of a pair, added: only -32768 * -32768 twice overflows, and wraps. */
LANES(multiply_add, 32, uint32_t,
      (uint32_t)((int16_t)x *(int16_t)y) + (uint32_t)((int16_t)(x >> 16) * (int16_t)(y >> 16)))

/* clang-format off */
BODY uint64_t add_q(uint64_t a, uint64_t b) { return a + b; }
BODY uint64_t sub_q(uint64_t a, uint64_t b) { return a - b; }
BODY uint64_t multiply_wide(uint64_t a, uint64_t b) { return (uint64_t)(uint32_t)a * (uint32_t)b; }
BODY uint64_t bits_and(uint64_t a, uint64_t b) { return a & b; }
BODY uint64_t bits_andn(uint64_t a, uint64_t b) { return ~a & b; }
BODY uint64_t bits_or(uint64_t a, uint64_t b) { return a | b; }
BODY uint64_t bits_xor(uint64_t a, uint64_t b) { return a ^ b; }
/* clang-format on */

BODY uint64_t sum_of_differences(uint64_t a, uint64_t b)
{
    uint64_t sum = 0;

    for (unsigned at = 0; at < 64; at += 8) {
        int difference = (int)(a >> at & 0xFF) - (int)(b >> at & 0xFF);
        sum += (uint64_t)(difference < 0 ? -difference : difference);
    }
    return sum;
}

/* clang-format off */
/* Shifts: a count of the lane's width or more gives 0, or the sign everywhere. */
LANES(each_left_w, 16, uint16_t, x << y) LANES(each_left_d, 32, uint32_t, x << y)
LANES(each_right_w, 16, uint16_t, x >> y) LANES(each_right_d, 32, uint32_t, x >> y)
LANES(each_sar_w, 16, int16_t, x >> y) LANES(each_sar_d, 32, int32_t, x >> y)
/* clang-format on */
#define COUNT_W(count) (UINT64_C(0x0001000100010001) * (count))
#define COUNT_D(count) (UINT64_C(0x0000000100000001) * (count))

/* clang-format off */
BODY uint64_t left_w(uint64_t a, uint64_t count) { return count > 15 ? 0 : each_left_w(a, COUNT_W(count)); }
BODY uint64_t left_d(uint64_t a, uint64_t count) { return count > 31 ? 0 : each_left_d(a, COUNT_D(count)); }
BODY uint64_t left_q(uint64_t a, uint64_t count) { return count > 63 ? 0 : a << count; }
BODY uint64_t right_w(uint64_t a, uint64_t count) { return count > 15 ? 0 : each_right_w(a, COUNT_W(count)); }
BODY uint64_t right_d(uint64_t a, uint64_t count) { return count > 31 ? 0 : each_right_d(a, COUNT_D(count)); }
BODY uint64_t right_q(uint64_t a, uint64_t count) { return count > 63 ? 0 : a >> count; }
BODY uint64_t sar_w(uint64_t a, uint64_t count) { return each_sar_w(a, COUNT_W(count > 15 ? 15 : count)); }
BODY uint64_t sar_d(uint64_t a, uint64_t count) { return each_sar_d(a, COUNT_D(count > 31 ? 31 : count)); }
/* clang-format on */

/* Sixteen bytes, as lanes twice as wide, to eight: low then high. */
#define PACK(name, width, type, half, low_limit, high_limit) \
    BODY uint64_t name(uint64_t low, uint64_t high) \
    { \
        uint64_t result = 0; \
        for (unsigned at = 0; at < 64; at += width) { \
            result |= (uint64_t)(half)clamp((type)(low >> at), low_limit, high_limit) << at / 2; \
            result |= (uint64_t)(half)clamp((type)(high >> at), low_limit, high_limit) << (at / 2 + 32); \
        } \
        return result; \
    }
/* clang-format off */
PACK(pack_sw, 16, int16_t, uint8_t, INT8_MIN, INT8_MAX)
PACK(pack_sd, 32, int32_t, uint16_t, INT16_MIN, INT16_MAX)
PACK(pack_uw, 16, int16_t, uint8_t, 0, UINT8_MAX)
/* clang-format on */

/* Lanes of either operand in turn, of their lower (upper) 32 bits. */
BODY uint64_t interleave(uint64_t a, uint64_t b, unsigned width)
{
    uint64_t mask = (UINT64_C(1) << width) - 1, result = 0;

    for (unsigned at = 0; at < 32; at += width)
        result |= (a >> at & mask) << 2 * at | (b >> at & mask) << (2 * at + width);
    return result;
}

/* Four words chosen by two bits each. */
BODY uint64_t shuffle_words(uint64_t a, unsigned order)
{
    uint64_t result = 0;

    for (unsigned n = 0; n < 4; n++)
        result |= (a >> (order >> 2 * n & 3) * 16 & 0xFFFF) << 16 * n;
    return result;
}

/* --- Handlers --- */
typedef uint64_t lanes_function(uint64_t a, uint64_t b);

BODY int mmx_apply(struct cpu *cpu, const struct insn *i, lanes_function *function)
{
    uint64_t b;
    unsigned status;

    if (mmx_off(cpu))
        return mmx_refuse(cpu, i);
    if (!mmx_source(cpu, i, 8, &b, &status))
        return cpu_fault_exit(cpu, i);
    mmx_enter(cpu);
    mmx_set(cpu, i->dst, function(mmx_get(cpu, i->dst), b));
    return simd_finish(cpu, i, status);
}

BODY int xmm_apply(struct cpu *cpu, const struct insn *i, lanes_function *function)
{
    struct xmm memory, *d = &cpu->xmm[i->dst];
    const struct xmm *s;
    unsigned status;

    if (sse_off(cpu))
        return sse_refuse(cpu, i);
    if (!(s = xmm_source(cpu, i, 16, &memory, &status)))
        return cpu_fault_exit(cpu, i);
    *d = (struct xmm){{function(d->q[0], s->q[0]), function(d->q[1], s->q[1])}};
    return simd_finish(cpu, i, status);
}

/* The count is an immediate byte, or all 64 bits of the operand's lower half. */
BODY int mmx_shift(struct cpu *cpu, const struct insn *i, lanes_function *function)
{
    uint64_t count = i->immediate;
    unsigned status = ACCESS_DONE;

    if (mmx_off(cpu))
        return mmx_refuse(cpu, i);
    if (i->form != FORM_RI && !mmx_source(cpu, i, 8, &count, &status))
        return cpu_fault_exit(cpu, i);
    mmx_enter(cpu);
    mmx_set(cpu, i->dst, function(mmx_get(cpu, i->dst), count));
    return simd_finish(cpu, i, status);
}

BODY int xmm_shift(struct cpu *cpu, const struct insn *i, lanes_function *function)
{
    struct xmm memory = {{i->immediate, 0}}, *d = &cpu->xmm[i->dst];
    const struct xmm *s = &memory;
    unsigned status = ACCESS_DONE;

    if (sse_off(cpu))
        return sse_refuse(cpu, i);
    if (i->form != FORM_RI && !(s = xmm_source(cpu, i, 16, &memory, &status)))
        return cpu_fault_exit(cpu, i);
    *d = (struct xmm){{function(d->q[0], s->q[0]), function(d->q[1], s->q[0])}};
    return simd_finish(cpu, i, status);
}

/* Functions of two XMM registers and the immediate. */
typedef struct xmm registers_function(struct xmm d, struct xmm s, unsigned immediate);

BODY int xmm_combine(struct cpu *cpu, const struct insn *i, registers_function *function)
{
    struct xmm memory, *d = &cpu->xmm[i->dst];
    const struct xmm *s;
    unsigned status;

    if (sse_off(cpu))
        return sse_refuse(cpu, i);
    if (!(s = xmm_source(cpu, i, 16, &memory, &status)))
        return cpu_fault_exit(cpu, i);
    *d = function(*d, *s, i->immediate);
    return simd_finish(cpu, i, status);
}

/* PUNPCKL reads no more than the four bytes that it uses. */
BODY int mmx_interleave(struct cpu *cpu, const struct insn *i, unsigned width, bool upper)
{
    uint64_t a, b;
    unsigned status, shift = upper ? 32 : 0;

    if (mmx_off(cpu))
        return mmx_refuse(cpu, i);
    if (!mmx_source(cpu, i, upper ? 8 : 4, &b, &status))
        return cpu_fault_exit(cpu, i);
    mmx_enter(cpu);
    a = mmx_get(cpu, i->dst);
    mmx_set(cpu, i->dst, interleave(a >> shift, b >> shift, width));
    return simd_finish(cpu, i, status);
}

/* MMX and XMM form of each; the MMX form of a pack takes its operands as the two halves. */
#define APPLY(name, function) \
    HANDLER(name##_mmx, mmx_apply, function) \
    HANDLER(name##_xmm, xmm_apply, function)
#define SHIFT(name, function) \
    HANDLER(name##_mmx, mmx_shift, function) \
    HANDLER(name##_xmm, xmm_shift, function)
#define COMBINE(name, low, high) \
    BODY struct xmm name##_of(struct xmm d, struct xmm s, unsigned order) \
    { \
        (void)d, (void)s, (void)order; \
        return (struct xmm){{low, high}}; \
    } \
    HANDLER(name##_xmm, xmm_combine, name##_of)
#define PACKED(name, function) \
    HANDLER(name##_mmx, mmx_apply, function) \
    COMBINE(name, function(d.q[0], d.q[1]), function(s.q[0], s.q[1]))
/* clang-format off */
#define INTERLEAVED(lower, upper, width) \
    HANDLER(lower##_mmx, mmx_interleave, width, false) HANDLER(upper##_mmx, mmx_interleave, width, true) \
    COMBINE(lower, interleave(d.q[0], s.q[0], width), interleave(d.q[0] >> 32, s.q[0] >> 32, width)) \
    COMBINE(upper, interleave(d.q[1], s.q[1], width), interleave(d.q[1] >> 32, s.q[1] >> 32, width))

APPLY(PADDB, add_b) APPLY(PADDW, add_w) APPLY(PADDD, add_d) APPLY(PADDQ, add_q)
APPLY(PADDSB, add_sb) APPLY(PADDSW, add_sw) APPLY(PADDUSB, add_ub) APPLY(PADDUSW, add_uw)
APPLY(PSUBB, sub_b) APPLY(PSUBW, sub_w) APPLY(PSUBD, sub_d) APPLY(PSUBQ, sub_q)
APPLY(PSUBSB, sub_sb) APPLY(PSUBSW, sub_sw) APPLY(PSUBUSB, sub_ub) APPLY(PSUBUSW, sub_uw)
APPLY(PCMPEQB, equal_b) APPLY(PCMPEQW, equal_w) APPLY(PCMPEQD, equal_d)
APPLY(PCMPGTB, greater_b) APPLY(PCMPGTW, greater_w) APPLY(PCMPGTD, greater_d)
APPLY(PMINUB, min_ub) APPLY(PMAXUB, max_ub) APPLY(PMINSW, min_sw) APPLY(PMAXSW, max_sw)
APPLY(PAVGB, average_b) APPLY(PAVGW, average_w)
APPLY(PMULLW, multiply_low) APPLY(PMULHW, multiply_high) APPLY(PMULHUW, multiply_high_u)
APPLY(PMULUDQ, multiply_wide) APPLY(PMADDWD, multiply_add) APPLY(PSADBW, sum_of_differences)
APPLY(PAND, bits_and) APPLY(PANDN, bits_andn) APPLY(POR, bits_or) APPLY(PXOR, bits_xor)
SHIFT(PSLLW, left_w) SHIFT(PSLLD, left_d) SHIFT(PSLLQ, left_q)
SHIFT(PSRLW, right_w) SHIFT(PSRLD, right_d) SHIFT(PSRLQ, right_q) SHIFT(PSRAW, sar_w) SHIFT(PSRAD, sar_d)
PACKED(PACKSSWB, pack_sw) PACKED(PACKSSDW, pack_sd) PACKED(PACKUSWB, pack_uw)
INTERLEAVED(PUNPCKLBW, PUNPCKHBW, 8) INTERLEAVED(PUNPCKLWD, PUNPCKHWD, 16) INTERLEAVED(PUNPCKLDQ, PUNPCKHDQ, 32)
COMBINE(PUNPCKLQDQ, d.q[0], s.q[0])
COMBINE(PUNPCKHQDQ, d.q[1], s.q[1])
/* clang-format on */

/* --- Shuffles --- */
BODY uint64_t pick(const struct xmm *x, unsigned order)
{
    return lane_get(x, 32, order & 3);
}

/* clang-format off */
COMBINE(PSHUFD, pick(&s, order) | pick(&s, order >> 2) << 32, pick(&s, order >> 4) | pick(&s, order >> 6) << 32)
COMBINE(SHUFPS, pick(&d, order) | pick(&d, order >> 2) << 32, pick(&s, order >> 4) | pick(&s, order >> 6) << 32)
COMBINE(SHUFPD, d.q[order & 1], s.q[order >> 1 & 1])
COMBINE(PSHUFLW, shuffle_words(s.q[0], order), s.q[1])
COMBINE(PSHUFHW, s.q[0], shuffle_words(s.q[1], order))
/* clang-format on */

static int PSHUFW_mmx(struct cpu *cpu, const struct insn *i)
{
    uint64_t b;
    unsigned status;

    if (mmx_off(cpu))
        return mmx_refuse(cpu, i);
    if (!mmx_source(cpu, i, 8, &b, &status))
        return cpu_fault_exit(cpu, i);
    mmx_enter(cpu);
    mmx_set(cpu, i->dst, shuffle_words(b, i->immediate));
    return simd_finish(cpu, i, status);
}

/* PSLLDQ and PSRLDQ move all sixteen bytes. */
static int shift_bytes(struct cpu *cpu, const struct insn *i)
{
    struct xmm *d = &cpu->xmm[i->dst], from = *d;
    unsigned bits = i->immediate > 15 ? 128 : i->immediate * 8;

    if (sse_off(cpu))
        return sse_refuse(cpu, i);
    if (i->operation == OP_PSLLDQ)
        *d = (struct xmm){{left_q(from.q[0], bits), bits < 64 ? left_q(from.q[1], bits) | right_q(from.q[0], 64 - bits)
                                                              : left_q(from.q[0], bits - 64)}};
    else
        *d = (struct xmm){
            {bits < 64 ? right_q(from.q[0], bits) | left_q(from.q[1], 64 - bits) : right_q(from.q[1], bits - 64),
             right_q(from.q[1], bits)}};
    return NEXT(cpu, i);
}

/* --- Words in and out --- */
static unsigned word_operand(struct cpu *cpu, const struct insn *i, uint32_t *word)
{
    *word = (uint16_t)cpu->reg[i->src];
    return from_memory(i) ? operand_read(cpu, i, 2, word) : (unsigned)ACCESS_DONE;
}

BODY uint64_t insert_word(uint64_t into, unsigned place, uint32_t word)
{
    unsigned at = place % 4 * 16;

    return (into & ~(UINT64_C(0xFFFF) << at)) | (uint64_t)word << at;
}

static int PINSRW_mmx(struct cpu *cpu, const struct insn *i)
{
    uint32_t word;
    unsigned status;

    if (mmx_off(cpu))
        return mmx_refuse(cpu, i);
    if ((status = word_operand(cpu, i, &word)) & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    mmx_enter(cpu);
    mmx_set(cpu, i->dst, insert_word(mmx_get(cpu, i->dst), i->immediate, word));
    return simd_finish(cpu, i, status);
}

static int PINSRW_xmm(struct cpu *cpu, const struct insn *i)
{
    uint64_t *half = &cpu->xmm[i->dst].q[i->immediate >> 2 & 1];
    uint32_t word;
    unsigned status;

    if (sse_off(cpu))
        return sse_refuse(cpu, i);
    if ((status = word_operand(cpu, i, &word)) & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    *half = insert_word(*half, i->immediate, word);
    return simd_finish(cpu, i, status);
}

static int PEXTRW_mmx(struct cpu *cpu, const struct insn *i)
{
    if (mmx_off(cpu))
        return mmx_refuse(cpu, i);
    mmx_enter(cpu);
    cpu->reg[i->dst] = (uint16_t)(mmx_get(cpu, i->src) >> i->immediate % 4 * 16);
    return NEXT(cpu, i);
}

static int PEXTRW_xmm(struct cpu *cpu, const struct insn *i)
{
    if (sse_off(cpu))
        return sse_refuse(cpu, i);
    cpu->reg[i->dst] = (uint16_t)(cpu->xmm[i->src].q[i->immediate >> 2 & 1] >> i->immediate % 4 * 16);
    return NEXT(cpu, i);
}

/* The top bits of so many lanes. */
BODY uint32_t top_bits(uint64_t value, unsigned width)
{
    uint32_t bits = 0;

    for (unsigned n = 0; n < 64 / width; n++)
        bits |= (uint32_t)(value >> (n * width + width - 1) & 1) << n;
    return bits;
}

static int PMOVMSKB_mmx(struct cpu *cpu, const struct insn *i)
{
    if (mmx_off(cpu))
        return mmx_refuse(cpu, i);
    mmx_enter(cpu);
    cpu->reg[i->dst] = top_bits(mmx_get(cpu, i->src), 8);
    return NEXT(cpu, i);
}

BODY int xmm_top_bits(struct cpu *cpu, const struct insn *i, unsigned width)
{
    const struct xmm *s = &cpu->xmm[i->src];

    if (sse_off(cpu))
        return sse_refuse(cpu, i);
    cpu->reg[i->dst] = top_bits(s->q[0], width) | top_bits(s->q[1], width) << 64 / width;
    return NEXT(cpu, i);
}

/* clang-format off */
HANDLER(PMOVMSKB_xmm, xmm_top_bits, 8) HANDLER(MOVMSKPS, xmm_top_bits, 32) HANDLER(MOVMSKPD, xmm_top_bits, 64)
/* clang-format on */

/* --- The table --- */
insn_handler *simd_integer_handler(const struct insn *insn)
{
#define BOTH(name) [OP_##name - OP_MOVD] = { name##_mmx, name##_xmm }
#define XMM(name, handler) [OP_##name - OP_MOVD] = {handler, handler}
    /* clang-format off */
    static insn_handler *const handlers[OP_COUNT - OP_MOVD][2] = {
        BOTH(PADDB), BOTH(PADDW), BOTH(PADDD), BOTH(PADDQ), BOTH(PADDSB), BOTH(PADDSW), BOTH(PADDUSB), BOTH(PADDUSW),
        BOTH(PSUBB), BOTH(PSUBW), BOTH(PSUBD), BOTH(PSUBQ), BOTH(PSUBSB), BOTH(PSUBSW), BOTH(PSUBUSB), BOTH(PSUBUSW),
        BOTH(PCMPEQB), BOTH(PCMPEQW), BOTH(PCMPEQD), BOTH(PCMPGTB), BOTH(PCMPGTW), BOTH(PCMPGTD),
        BOTH(PMINUB), BOTH(PMAXUB), BOTH(PMINSW), BOTH(PMAXSW), BOTH(PAVGB), BOTH(PAVGW), BOTH(PMULLW), BOTH(PMULHW), BOTH(PMULHUW),
        BOTH(PMULUDQ), BOTH(PMADDWD), BOTH(PSADBW), BOTH(PAND), BOTH(PANDN), BOTH(POR), BOTH(PXOR),
        BOTH(PSLLW), BOTH(PSLLD), BOTH(PSLLQ), BOTH(PSRLW), BOTH(PSRLD), BOTH(PSRLQ), BOTH(PSRAW), BOTH(PSRAD),
        BOTH(PACKSSWB), BOTH(PACKSSDW), BOTH(PACKUSWB),
        BOTH(PUNPCKLBW), BOTH(PUNPCKLWD), BOTH(PUNPCKLDQ), BOTH(PUNPCKHBW), BOTH(PUNPCKHWD), BOTH(PUNPCKHDQ),
        BOTH(PINSRW), BOTH(PEXTRW), BOTH(PMOVMSKB),
        XMM(PUNPCKLQDQ, PUNPCKLQDQ_xmm), XMM(PUNPCKHQDQ, PUNPCKHQDQ_xmm), XMM(PSLLDQ, shift_bytes), XMM(PSRLDQ, shift_bytes),
        XMM(PSHUFW, PSHUFW_mmx), XMM(PSHUFD, PSHUFD_xmm), XMM(PSHUFLW, PSHUFLW_xmm), XMM(PSHUFHW, PSHUFHW_xmm),
        XMM(SHUFPS, SHUFPS_xmm), XMM(SHUFPD, SHUFPD_xmm), XMM(MOVMSKPS, MOVMSKPS), XMM(MOVMSKPD, MOVMSKPD),
        XMM(UNPCKLPS, PUNPCKLDQ_xmm), XMM(UNPCKHPS, PUNPCKHDQ_xmm), XMM(UNPCKLPD, PUNPCKLQDQ_xmm), XMM(UNPCKHPD, PUNPCKHQDQ_xmm),
        XMM(ANDPS, PAND_xmm), XMM(ANDPD, PAND_xmm), XMM(ANDNPS, PANDN_xmm), XMM(ANDNPD, PANDN_xmm),
        XMM(ORPS, POR_xmm), XMM(ORPD, POR_xmm), XMM(XORPS, PXOR_xmm), XMM(XORPD, PXOR_xmm)
    };
    /* clang-format on */
    return insn->operation < OP_MOVD ? NULL : handlers[insn->operation - OP_MOVD][simd_column(insn)];
}
