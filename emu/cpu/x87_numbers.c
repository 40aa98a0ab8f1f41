/* x87_numbers.c - the floating-point instructions that look into numbers: packed decimals, constants, scaling,
 * extraction, remainders (Intel SDM vol. 2, under their names; spec/processor.md for what FPREM does with far
 * exponents). */
#include "emu/cpu/x87_unit.h"

/* --- Packed decimals: 18 digits, two to a byte, and the sign on top of the tenth --- */
#define DECIMAL_BYTES 10
#define DECIMAL_LIMIT UINT64_C(1000000000000000000)

/* A digit over 9 counts as what it is. */
int x87_fbld(struct cpu *cpu, const struct insn *i)
{
    uint32_t offset = effective_address(cpu, i);
    uint8_t bytes[DECIMAL_BYTES];
    struct float80 value;
    uint64_t number = 0;
    unsigned status;

    X87_WAIT(cpu, i);
    status = x87_read_block(cpu, i, offset, bytes, sizeof bytes, 8);
    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    x87_note_memory(cpu, i, offset);
    for (unsigned n = DECIMAL_BYTES - 1; n--;)
        number = number * 100 + (bytes[n] >> 4) * 10u + (bytes[n] & 15);
    value = f80_from_i64((int64_t)number);
    value.high |= (uint16_t)(bytes[9] >> 7 << 15);
    x87_load(cpu, value);
    return finish(cpu, i, status);
}

/* Rounds to a decimal of 18 digits; what has more is invalid and indefinite. */
static void to_decimal(struct float80 a, struct float_env *e, uint8_t bytes[DECIMAL_BYTES])
{
    uint8_t flags = e->flags;
    int64_t value = f80_to_int(a, 64, false, e);
    uint64_t number = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    bytes[9] = (uint8_t)(a.high >> 15 << 7);
    if (number >= DECIMAL_LIMIT) {
        e->flags = flags | FLOAT_INVALID;
        e->rounded_up = false;
        store80(bytes, (struct float80){UINT64_C(0xC000) << 48, 0xFFFF});
        return;
    }
    for (unsigned n = 0; n < DECIMAL_BYTES - 1; n++, number /= 100)
        bytes[n] = (uint8_t)(number % 100 / 10 << 4 | number % 10);
}

int x87_fbstp(struct cpu *cpu, const struct insn *i)
{
    struct x87 *u = &cpu->x87;
    uint32_t offset = effective_address(cpu, i);
    uint8_t bytes[DECIMAL_BYTES], before;
    bool up = u->env.rounded_up, held = x87_holds(u, 0), allowed;
    unsigned status = ACCESS_DONE;

    X87_WAIT(cpu, i);
    before = x87_begin(u);
    to_decimal(held ? *x87_st(u, 0) : F80_INDEFINITE, &u->env, bytes);
    allowed = !(u->env.flags & ~u->env.masks & FLOAT_INVALID);
    if (allowed)
        status = x87_write_block(cpu, i, offset, bytes, sizeof bytes, 8);
    if (status & ACCESS_FAULT) {
        u->env.flags = before;
        u->env.rounded_up = up;
        return cpu_fault_exit(cpu, i);
    }
    x87_note_memory(cpu, i, offset);
    x87_end(cpu, before);
    if (!held)
        x87_stack_fault(cpu, false);
    if (allowed)
        x87_pop(u);
    return finish(cpu, i, status);
}

/* --- Constants, rounded as RC says --- */
int x87_constant(struct cpu *cpu, const struct insn *i)
{
    /* clang-format off */
    static const struct number constants[] = { /* with 64 bits more */
        [OP_FLDL2T - OP_FLD1] = {UINT64_C(0xD49A784BCD1B8AFE), UINT64_C(0x492BF6FF4DAFDB4C), EXPONENT_BIAS + 1, false},
        [OP_FLDL2E - OP_FLD1] = {UINT64_C(0xB8AA3B295C17F0BB), UINT64_C(0xBE87FED0691D3E88), EXPONENT_BIAS, false},
        [OP_FLDPI - OP_FLD1] = {UINT64_C(0xC90FDAA22168C234), UINT64_C(0xC4C6628B80DC1CD1), EXPONENT_BIAS + 1, false},
        [OP_FLDLG2 - OP_FLD1] = {UINT64_C(0x9A209A84FBCFF798), UINT64_C(0x8F8959AC0B7C9178), EXPONENT_BIAS - 2, false},
        [OP_FLDLN2 - OP_FLD1] = {UINT64_C(0xB17217F7D1CF79AB), UINT64_C(0xC9E3B39803F2F6AF), EXPONENT_BIAS - 1, false}
    };
    /* clang-format on */
    struct float80 value = {0, 0};
    bool up;

    X87_WAIT(cpu, i);
    x87_note(cpu, i);
    if (i->operation == OP_FLD1) {
        value = (struct float80){TOP_BIT, EXPONENT_BIAS};
    } else if (i->operation != OP_FLDZ) {
        struct number n = constants[i->operation - OP_FLD1];
        round_significand(&n, 64, cpu->x87.env.rounding, &up);
        value = f80_pack(n);
    }
    x87_load(cpu, value);
    return NEXT(cpu, i);
}

/* --- Two operands in ST and ST(1) --- */

/* How such an instruction begins. False: nothing is left to do. */
static bool both_held(struct cpu *cpu, const struct insn *i)
{
    x87_note(cpu, i);
    if (x87_holds(&cpu->x87, 0) && x87_holds(&cpu->x87, 1))
        return true;
    if (x87_stack_fault(cpu, false))
        x87_set(&cpu->x87, 0, F80_INDEFINITE);
    return false;
}

/* An exponent so far out that not even the response to an unmasked exception brings it back. */
static struct float80 far_out(bool sign, bool large, struct float_env *e)
{
    e->flags |= FLOAT_INEXACT | (large ? FLOAT_OVERFLOW : FLOAT_UNDERFLOW);
    e->rounded_up = large;
    return large ? f80_signed_infinity(sign) : f80_signed_zero(sign);
}

/* a times two to the power of b, cut to an integer. */
static struct float80 scale(struct float80 a, struct float80 b, struct float_env *e)
{
    struct float_env quiet = {.rounding = ROUND_ZERO};
    struct float80 result;
    bool down = b.high >> 15;

    if (f80_propagate(a, b, e, &result))
        return result;
    if (f80_infinite(b) && (down ? f80_infinite(a) : f80_zero(a)))
        return f80_invalid(e);
    f80_note_denormals(a, b, e);
    if (f80_infinite(a) || f80_zero(a))
        return a;
    if (f80_infinite(b))
        return down ? f80_signed_zero(a.high >> 15) : f80_signed_infinity(a.high >> 15);
    int64_t power = f80_to_int(b, 32, true, &quiet);
    if (quiet.flags & FLOAT_INVALID || power > 0x10000 || power < -0x10000)
        power = down ? -0x10000 : 0x10000;
    struct number n = f80_unpack(a);
    n.exponent += (int32_t)power;
    if ((n.exponent > 0x7FFE + EXPONENT_WRAP && !(e->masks & FLOAT_OVERFLOW)) ||
        (n.exponent < 1 - EXPONENT_WRAP && !(e->masks & FLOAT_UNDERFLOW)))
        return far_out(n.sign, !down, e);
    return f80_round_pack(n, 64, e);
}

int x87_fscale(struct cpu *cpu, const struct insn *i)
{
    struct x87 *u = &cpu->x87;
    struct float80 result;
    uint8_t before;

    X87_WAIT(cpu, i);
    if (!both_held(cpu, i))
        return NEXT(cpu, i);
    before = x87_begin(u);
    result = scale(*x87_st(u, 0), *x87_st(u, 1), &u->env);
    if (x87_end(cpu, before))
        *x87_st(u, 0) = result;
    return NEXT(cpu, i);
}

/* --- Extraction --- */
static struct float80 extract(struct float80 a, struct float80 *significand, struct float_env *e)
{
    struct float80 nan;

    *significand = a;
    if (f80_propagate(a, a, e, &nan)) {
        *significand = nan;
        return nan;
    }
    if (f80_infinite(a))
        return f80_signed_infinity(false);
    if (f80_zero(a)) {
        e->flags |= FLOAT_ZERO_DIVIDE;
        return f80_signed_infinity(true);
    }
    f80_note_denormals(a, a, e);
    struct number n = f80_unpack(a);
    *significand = (struct float80){n.high, (uint16_t)(n.sign << 15 | EXPONENT_BIAS)};
    return f80_from_i64(n.exponent - EXPONENT_BIAS);
}

int x87_fxtract(struct cpu *cpu, const struct insn *i)
{
    struct x87 *u = &cpu->x87;
    struct float80 exponent, significand;
    uint8_t before;

    X87_WAIT(cpu, i);
    x87_note(cpu, i);
    if (!x87_holds(u, 0) || x87_holds(u, 7)) {
        if (x87_stack_fault(cpu, x87_holds(u, 0))) {
            x87_set(u, 0, F80_INDEFINITE);
            x87_push(u, F80_INDEFINITE);
        }
        return NEXT(cpu, i);
    }
    before = x87_begin(u);
    exponent = extract(*x87_st(u, 0), &significand, &u->env);
    if (x87_end(cpu, before)) {
        x87_set(u, 0, exponent);
        x87_push(u, significand);
    }
    return NEXT(cpu, i);
}

/* --- Remainders --- */

/* Subtracts b from a as often as it goes, both as integers: a has `distance` bits more. Returns the lowest bits of the
 * quotient; *rest is the remainder. */
static unsigned reduce(uint64_t a, uint64_t b, unsigned distance, uint64_t *rest)
{
    unsigned quotient = 0;
    bool carry = false;

    for (unsigned step = 0;; step++) {
        bool fits = carry || a >= b;
        a -= fits ? b : 0;
        quotient = quotient << 1 | fits;
        if (step == distance)
            break;
        carry = a >> 63;
        a <<= 1;
    }
    *rest = a;
    return quotient;
}

/* Whether FPREM1 takes b once more: the rest is over half of it, or half of it after an odd quotient. `rest` is less
 * than b. */
static bool nearer(uint64_t rest, uint64_t b, unsigned quotient)
{
    return rest > b - rest || (rest == b - rest && quotient & 1);
}

static struct float80 remainder_of(struct float80 a, struct float80 b, bool nearest, struct float_env *e,
                                   unsigned *quotient, bool *complete)
{
    struct float80 result;

    *quotient = 0;
    *complete = true;
    if (f80_propagate(a, b, e, &result))
        return result;
    if (f80_infinite(a) || f80_zero(b))
        return f80_invalid(e);
    f80_note_denormals(a, b, e);
    if (f80_zero(a))
        return a;
    struct number x = f80_unpack(a),
                  y = f80_infinite(b) ? (struct number){.high = TOP_BIT, .exponent = 0x100000} : f80_unpack(b);
    int32_t distance = x.exponent - y.exponent;
    *complete = distance < 64;
    if (distance >= 64)
        distance = 32 + distance % 32;
    if (distance >= 0) {
        x.exponent -= distance;
        *quotient = reduce(x.high, y.high, (unsigned)distance, &x.high);
    }
    if (nearest && *complete &&
        (distance >= 0 ? nearer(x.high, y.high, *quotient) : distance == -1 && x.high > y.high)) {
        x.high = distance >= 0 ? y.high - x.high : y.high - (x.high - y.high);
        x.sign = !x.sign;
        ++*quotient;
    }
    if (!x.high)
        return f80_signed_zero(a.high >> 15);
    number_normalize(&x);
    return f80_round_pack(x, 64, e);
}

int x87_fprem(struct cpu *cpu, const struct insn *i)
{
    struct x87 *u = &cpu->x87;
    struct float80 result;
    unsigned quotient;
    bool complete;
    uint8_t before;

    X87_WAIT(cpu, i);
    if (!both_held(cpu, i))
        return NEXT(cpu, i);
    before = x87_begin(u);
    result = remainder_of(*x87_st(u, 0), *x87_st(u, 1), i->operation == OP_FPREM1, &u->env, &quotient, &complete);
    if (x87_end(cpu, before)) {
        *x87_st(u, 0) = result;
        if (!complete)
            quotient = 0;
        u->condition &= f80_nan(result) ? X87_STACK_FAULT | X87_C0 | X87_C3 : X87_STACK_FAULT;
        u->condition |= (uint16_t)((complete ? 0 : X87_C2) | (quotient & 4 ? X87_C0 : 0) | (quotient & 2 ? X87_C3 : 0));
        u->env.rounded_up = quotient & 1;
    }
    return NEXT(cpu, i);
}
