/* x87_transcendental.c - FSIN and its kin: the operands that are no numbers, and those for which there is no result;
 * transcendental.c has the functions (Intel SDM vol. 2, under their names; spec/processor.md for what lies outside of
 * the documented domains). */
#include "emu/cpu/transcendental.h"
#include "emu/cpu/x87_unit.h"

static const struct float80 one = {TOP_BIT, EXPONENT_BIAS};

/* --- FSIN, FCOS, FPTAN, FSINCOS --- */

/* Operands from 2^63 up are left to the program, with C2 set. */
static bool too_large(struct float80 a)
{
    return F80_EXPONENT(a) >= EXPONENT_BIAS + 63 && F80_EXPONENT(a) != EXPONENT_MASK && !f80_unsupported(a);
}

typedef struct float80 trigonometric(struct float80 x, struct float_env *e);

static struct float80 of_angle(trigonometric *function, struct float80 a, struct float_env *e)
{
    struct float80 result;

    if (f80_propagate(a, a, e, &result))
        return result;
    return f80_infinite(a) ? f80_invalid(e) : function(a, e);
}

static void set_incomplete(struct x87 *u, bool incomplete)
{
    u->condition = (uint16_t)((u->condition & ~X87_C2) | (incomplete ? X87_C2 : 0));
}

/* The part before a function of ST is computed. True: the instruction is done with. */
static bool angle_settled(struct cpu *cpu, const struct insn *i, bool pushes)
{
    struct x87 *u = &cpu->x87;
    bool held = x87_holds(u, 0);

    x87_note(cpu, i);
    u->env.rounded_up = false;
    set_incomplete(u, false);
    if (!held || (pushes && x87_holds(u, 7))) {
        if (x87_stack_fault(cpu, held)) {
            x87_set(u, 0, F80_INDEFINITE);
            if (pushes)
                x87_push(u, F80_INDEFINITE);
        }
        return true;
    }
    set_incomplete(u, too_large(*x87_st(u, 0)));
    return too_large(*x87_st(u, 0));
}

/* FSIN and FCOS. */
int x87_fsin(struct cpu *cpu, const struct insn *i)
{
    struct x87 *u = &cpu->x87;
    struct float80 result;
    uint8_t before;

    X87_WAIT(cpu, i);
    if (angle_settled(cpu, i, false))
        return NEXT(cpu, i);
    before = x87_begin(u);
    result = of_angle(i->operation == OP_FSIN ? f80_sin : f80_cos, *x87_st(u, 0), &u->env);
    if (x87_end(cpu, before))
        *x87_st(u, 0) = result;
    return NEXT(cpu, i);
}

/* The tangent, and 1 above it; or the NaN twice. */
int x87_fptan(struct cpu *cpu, const struct insn *i)
{
    struct x87 *u = &cpu->x87;
    struct float80 result;
    uint8_t before;

    X87_WAIT(cpu, i);
    if (angle_settled(cpu, i, true))
        return NEXT(cpu, i);
    before = x87_begin(u);
    result = of_angle(f80_tan, *x87_st(u, 0), &u->env);
    if (x87_end(cpu, before)) {
        *x87_st(u, 0) = result;
        x87_push(u, f80_nan(result) ? result : one);
    }
    return NEXT(cpu, i);
}

/* C1 is the cosine's. */
int x87_fsincos(struct cpu *cpu, const struct insn *i)
{
    struct x87 *u = &cpu->x87;
    struct float80 sine, cosine;
    uint8_t before;

    X87_WAIT(cpu, i);
    if (angle_settled(cpu, i, true))
        return NEXT(cpu, i);
    before = x87_begin(u);
    sine = of_angle(f80_sin, *x87_st(u, 0), &u->env);
    cosine = of_angle(f80_cos, *x87_st(u, 0), &u->env);
    if (x87_end(cpu, before)) {
        *x87_st(u, 0) = sine;
        x87_push(u, cosine);
    }
    return NEXT(cpu, i);
}

/* --- F2XM1 --- */
static struct float80 power_less_one(struct float80 a, struct float_env *e)
{
    struct float80 result;

    if (f80_propagate(a, a, e, &result))
        return result;
    if (f80_infinite(a))
        return a.high & SIGN_BIT ? (struct float80){TOP_BIT, SIGN_BIT | EXPONENT_BIAS} : a;
    return f80_2xm1(a, e);
}

int x87_f2xm1(struct cpu *cpu, const struct insn *i)
{
    struct x87 *u = &cpu->x87;
    struct float80 result;
    uint8_t before;

    X87_WAIT(cpu, i);
    x87_note(cpu, i);
    if (!x87_holds(u, 0)) {
        if (x87_stack_fault(cpu, false))
            x87_set(u, 0, F80_INDEFINITE);
        return NEXT(cpu, i);
    }
    before = x87_begin(u);
    result = power_less_one(*x87_st(u, 0), &u->env);
    if (x87_end(cpu, before))
        *x87_st(u, 0) = result;
    return NEXT(cpu, i);
}

/* --- FYL2X, FYL2XP1, FPATAN: the result replaces ST(1), and ST is popped --- */
typedef struct float80 of_two(struct float80 y, struct float80 x, struct float_env *e);

static int with_two(struct cpu *cpu, const struct insn *i, of_two *function)
{
    struct x87 *u = &cpu->x87;
    struct float80 x = *x87_st(u, 0), y = *x87_st(u, 1), result;
    uint8_t before;

    X87_WAIT(cpu, i);
    x87_note(cpu, i);
    if (!x87_holds(u, 0) || !x87_holds(u, 1)) {
        if (x87_stack_fault(cpu, false)) {
            x87_set(u, 1, F80_INDEFINITE);
            x87_pop(u);
        }
        return NEXT(cpu, i);
    }
    before = x87_begin(u);
    if (!f80_propagate(x, y, &u->env, &result))
        result = function(y, x, &u->env);
    if (x87_end(cpu, before)) {
        x87_set(u, 1, result);
        x87_pop(u);
    }
    return NEXT(cpu, i);
}

int x87_fpatan(struct cpu *cpu, const struct insn *i)
{
    return with_two(cpu, i, f80_atan2);
}

/* y times a logarithm that is infinite. */
static struct float80 times_infinity(struct float80 y, bool negative, struct float80 x, struct float_env *e)
{
    if (f80_zero(y))
        return f80_invalid(e);
    f80_note_denormals(x, y, e);
    return f80_signed_infinity((y.high >> 15) != negative);
}

/* y times the logarithm of 0. */
static struct float80 pole(struct float80 y, struct float_env *e)
{
    if (f80_zero(y))
        return f80_invalid(e);
    if (!f80_infinite(y))
        e->flags |= FLOAT_ZERO_DIVIDE;
    return f80_signed_infinity(!(y.high >> 15));
}

/* An infinite y times a logarithm that is neither infinite nor zero. */
static struct float80 infinite_multiple(struct float80 y, bool negative, struct float80 x, struct float_env *e)
{
    f80_note_denormals(x, y, e);
    return f80_signed_infinity((y.high >> 15) != negative);
}

static struct float80 yl2x(struct float80 y, struct float80 x, struct float_env *e)
{
    bool is_one = F80_EXPONENT(x) == EXPONENT_BIAS && x.significand == TOP_BIT;

    if (f80_zero(x))
        return pole(y, e);
    if (x.high & SIGN_BIT || (is_one && f80_infinite(y)))
        return f80_invalid(e);
    if (f80_infinite(x))
        return times_infinity(y, false, x, e);
    return f80_infinite(y) ? infinite_multiple(y, F80_EXPONENT(x) < EXPONENT_BIAS, x, e) : f80_yl2x(y, x, e);
}

/* x = -1 is the pole; below it there is no logarithm. */
static struct float80 yl2xp1(struct float80 y, struct float80 x, struct float_env *e)
{
    bool negative = x.high & SIGN_BIT;

    if (negative && F80_EXPONENT(x) >= EXPONENT_BIAS)
        return F80_EXPONENT(x) == EXPONENT_BIAS && x.significand == TOP_BIT ? pole(y, e) : f80_invalid(e);
    if (f80_zero(x) && f80_infinite(y))
        return f80_invalid(e);
    if (f80_infinite(x))
        return times_infinity(y, false, x, e);
    if (f80_zero(x)) {
        f80_note_denormals(x, y, e);
        return f80_signed_zero((y.high >> 15) != negative);
    }
    return f80_infinite(y) ? infinite_multiple(y, negative, x, e) : f80_yl2xp1(y, x, e);
}

int x87_fyl2x(struct cpu *cpu, const struct insn *i)
{
    return with_two(cpu, i, i->operation == OP_FYL2X ? yl2x : yl2xp1);
}
