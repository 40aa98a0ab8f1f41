/* x87.c - the floating-point instructions that programs are made of: loading and storing, arithmetic, comparison, the
 * stack; and the table that finds all of the unit's routines (Intel SDM vol. 2, under their names; vol. 1, chapter 8).
 *
 * Results of stack faults and of unmasked exceptions: vol. 1, sections 8.5.1 to 8.5.6. */
#include "emu/cpu/x87_unit.h"

/* --- Arithmetic --- */
BODY struct float80 operate(unsigned operation, struct float80 a, struct float80 b, struct float_env *e)
{
    /* clang-format off */
    switch (operation) {
    case OP_FADD:  return f80_add(a, b, e);
    case OP_FMUL:  return f80_mul(a, b, e);
    case OP_FSUB:  return f80_sub(a, b, e);
    case OP_FSUBR: return f80_sub(b, a, e);
    case OP_FDIV:  return f80_div(a, b, e);
    default:       return f80_div(b, a, e);
    }
    /* clang-format on */
}

/* An operand is missing: indefinite is the result. */
static int missing(struct cpu *cpu, const struct insn *i, unsigned destination, unsigned pops, unsigned status)
{
    if (x87_stack_fault(cpu, false)) {
        x87_set(&cpu->x87, destination, F80_INDEFINITE);
        while (pops--)
            x87_pop(&cpu->x87);
    }
    return finish(cpu, i, status);
}

BODY int arithmetic(struct cpu *cpu, const struct insn *i, unsigned operation, bool pop)
{
    struct x87 *u = &cpu->x87;
    struct float80 *a = x87_st(u, i->dst), result;
    uint8_t before;

    X87_WAIT(cpu, i);
    x87_note(cpu, i);
    if (UNLIKELY(!x87_holds(u, i->dst) || !x87_holds(u, i->src)))
        return missing(cpu, i, i->dst, pop, 0);
    before = x87_begin(u);
    result = operate(operation, *a, *x87_st(u, i->src), &u->env);
    if (x87_end(cpu, before)) {
        *a = result;
        if (pop)
            x87_pop(u);
    }
    return NEXT(cpu, i);
}

/* A number from memory as an operand: a NaN still signals, and *denormal says what the conversion lost. */
static struct float80 widen_special(uint64_t bits, unsigned size, bool *denormal)
{
    struct float_env e = {.precision = 64};
    struct float80 value = size == 4 ? f80_from_f32((uint32_t)bits, &e) : f80_from_f64(bits, &e);

    if (e.flags & FLOAT_INVALID)
        value.significand &= ~(TOP_BIT >> 1);
    *denormal = e.flags & FLOAT_DENORMAL;
    return value;
}

BODY struct float80 widen(uint64_t bits, unsigned size, bool *denormal)
{
    const struct short_format *f = size == 4 ? &format_single : &format_double;
    unsigned exponent = bits >> f->fraction_bits & f->top_exponent;
    uint16_t sign = (uint16_t)(bits >> (size * 8 - 16) & SIGN_BIT);

    *denormal = false;
    if (UNLIKELY(exponent - 1 >= f->top_exponent - 1))
        return widen_special(bits, size, denormal);
    return (struct float80){TOP_BIT | bits << (63 - f->fraction_bits),
                            (uint16_t)(sign | (exponent + (uint32_t)f->format.lowest - 1))};
}

BODY unsigned memory_operand(struct cpu *cpu, const struct insn *i, unsigned size, bool integer, struct float80 *value,
                             bool *denormal)
{
    uint32_t offset = effective_address(cpu, i);
    uint64_t bits;
    unsigned status = x87_read(cpu, i, offset, size, &bits);

    *denormal = false;
    if (status & ACCESS_FAULT)
        return status;
    x87_note_memory(cpu, i, offset);
    *value = integer ? f80_from_i64(size == 2 ? (int16_t)bits : (int32_t)bits) : widen(bits, size, denormal);
    return status;
}

/* A denormal operand from memory counts unless something that comes first was found. */
static void note_denormal(struct x87 *u, struct float80 other)
{
    if (!(u->env.flags & (FLOAT_INVALID | FLOAT_ZERO_DIVIDE)) && !f80_nan(other))
        u->env.flags |= FLOAT_DENORMAL;
}

BODY int arithmetic_memory(struct cpu *cpu, const struct insn *i, unsigned operation, unsigned size, bool integer)
{
    struct x87 *u = &cpu->x87;
    struct float80 b, result;
    bool denormal;
    unsigned status;
    uint8_t before;

    X87_WAIT(cpu, i);
    status = memory_operand(cpu, i, size, integer, &b, &denormal);
    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    if (UNLIKELY(!x87_holds(u, 0)))
        return missing(cpu, i, 0, 0, status);
    before = x87_begin(u);
    result = operate(operation, *x87_st(u, 0), b, &u->env);
    if (UNLIKELY(denormal))
        note_denormal(u, *x87_st(u, 0));
    if (x87_end(cpu, before))
        *x87_st(u, 0) = result;
    return finish(cpu, i, status);
}

/* --- Comparison --- */
static void set_condition(struct x87 *u, uint16_t bits)
{
    u->condition = (u->condition & X87_STACK_FAULT) | bits;
}

static uint16_t condition_of(enum comparison c)
{
    switch (c) {
    case FLOAT_LESS: return X87_C0;
    case FLOAT_EQUAL: return X87_C3;
    case FLOAT_GREATER: return 0;
    default: return X87_C0 | X87_C2 | X87_C3;
    }
}

static int compare_missing(struct cpu *cpu, const struct insn *i, unsigned pops, unsigned status)
{
    if (x87_stack_fault(cpu, false)) {
        set_condition(&cpu->x87, condition_of(FLOAT_UNORDERED));
        while (pops--)
            x87_pop(&cpu->x87);
    }
    return finish(cpu, i, status);
}

BODY void compare(struct cpu *cpu, struct float80 b, bool quiet, bool denormal, unsigned pops)
{
    struct x87 *u = &cpu->x87;
    uint8_t before = x87_begin(u);
    enum comparison c = f80_compare(*x87_st(u, 0), b, quiet, &u->env);

    if (UNLIKELY(denormal))
        note_denormal(u, *x87_st(u, 0));
    if (!x87_end(cpu, before))
        return;
    set_condition(u, condition_of(c));
    while (pops--)
        x87_pop(u);
}

BODY int compare_register(struct cpu *cpu, const struct insn *i, unsigned pops, bool quiet)
{
    unsigned other = i->form == FORM_NONE ? 1 : i->dst; /* FCOMPP, FUCOMPP */

    X87_WAIT(cpu, i);
    x87_note(cpu, i);
    if (UNLIKELY(!x87_holds(&cpu->x87, 0) || !x87_holds(&cpu->x87, other)))
        return compare_missing(cpu, i, pops, 0);
    compare(cpu, *x87_st(&cpu->x87, other), quiet, false, pops);
    return NEXT(cpu, i);
}

BODY int compare_memory(struct cpu *cpu, const struct insn *i, unsigned pops, unsigned size, bool integer)
{
    struct float80 b;
    bool denormal;
    unsigned status;

    X87_WAIT(cpu, i);
    status = memory_operand(cpu, i, size, integer, &b, &denormal);
    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    if (UNLIKELY(!x87_holds(&cpu->x87, 0)))
        return compare_missing(cpu, i, pops, status);
    compare(cpu, b, false, denormal, pops);
    return finish(cpu, i, status);
}

static int ftst(struct cpu *cpu, const struct insn *i)
{
    X87_WAIT(cpu, i);
    x87_note(cpu, i);
    if (!x87_holds(&cpu->x87, 0))
        return compare_missing(cpu, i, 0, 0);
    compare(cpu, (struct float80){0, 0}, false, false, 0);
    return NEXT(cpu, i);
}

/* FCOMI and its kin: the result goes to ZF PF CF; the other flags become 0. */
static int compare_flags(struct cpu *cpu, const struct insn *i)
{
    struct x87 *u = &cpu->x87;
    bool quiet = i->operation == OP_FUCOMI || i->operation == OP_FUCOMIP,
         pop = i->operation == OP_FCOMIP || i->operation == OP_FUCOMIP;
    enum comparison c = FLOAT_UNORDERED;
    bool valid;

    X87_WAIT(cpu, i);
    x87_note(cpu, i);
    if (!x87_holds(u, 0) || !x87_holds(u, i->src)) {
        valid = x87_stack_fault(cpu, false);
    } else {
        uint8_t before = x87_begin(u);
        c = f80_compare(*x87_st(u, 0), *x87_st(u, i->src), quiet, &u->env);
        valid = x87_end(cpu, before);
    }
    if (valid) {
        flags_write_arithmetic(cpu, c == FLOAT_UNORDERED ? FLAG_ZF | FLAG_PF | FLAG_CF
                                    : c == FLOAT_LESS    ? FLAG_CF
                                    : c == FLOAT_EQUAL   ? FLAG_ZF
                                                         : 0);
        if (pop)
            x87_pop(u);
    }
    return NEXT(cpu, i);
}

static int fxam(struct cpu *cpu, const struct insn *i)
{
    struct x87 *u = &cpu->x87;
    struct float80 a = *x87_st(u, 0);

    X87_WAIT(cpu, i);
    x87_note(cpu, i);
    u->env.rounded_up = a.high >> 15;
    if (!x87_holds(u, 0))
        set_condition(u, X87_C3 | X87_C0);
    else if (f80_unsupported(a))
        set_condition(u, 0);
    else if (f80_nan(a))
        set_condition(u, X87_C0);
    else if (f80_infinite(a))
        set_condition(u, X87_C2 | X87_C0);
    else if (f80_zero(a))
        set_condition(u, X87_C3);
    else
        set_condition(u, f80_denormal(a) ? X87_C3 | X87_C2 : X87_C2);
    return NEXT(cpu, i);
}

/* --- Loading --- */

/* A NaN that signals, or a denormal number: the conversion raises something, unless the stack is full. A denormal one
 * is loaded even if that is unmasked. */
static void load_special(struct cpu *cpu, uint64_t bits, unsigned size)
{
    struct x87 *u = &cpu->x87;
    struct float80 value;
    uint8_t before;

    if (x87_holds(u, 7)) {
        x87_load(cpu, F80_INDEFINITE);
        return;
    }
    before = x87_begin(u);
    value = size == 4 ? f80_from_f32((uint32_t)bits, &u->env) : f80_from_f64(bits, &u->env);
    if (x87_end(cpu, before) || !(u->env.flags & ~u->env.masks & FLOAT_INVALID))
        x87_push(u, value);
}

BODY int load_number(struct cpu *cpu, const struct insn *i, unsigned size)
{
    uint32_t offset = effective_address(cpu, i);
    struct float80 value;
    bool denormal;
    uint64_t bits;
    unsigned status;

    X87_WAIT(cpu, i);
    status = x87_read(cpu, i, offset, size, &bits);
    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    x87_note_memory(cpu, i, offset);
    value = widen(bits, size, &denormal);
    if (UNLIKELY(denormal || f80_nan(value)))
        load_special(cpu, bits, size);
    else
        x87_load(cpu, value);
    return finish(cpu, i, status);
}

BODY int load_integer(struct cpu *cpu, const struct insn *i, unsigned size)
{
    uint32_t offset = effective_address(cpu, i);
    uint64_t bits;
    unsigned status;

    X87_WAIT(cpu, i);
    status = x87_read(cpu, i, offset, size, &bits);
    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    x87_note_memory(cpu, i, offset);
    x87_load(cpu, f80_from_i64(size == 2 ? (int16_t)bits : size == 4 ? (int32_t)bits : (int64_t)bits));
    return finish(cpu, i, status);
}

static int load_extended(struct cpu *cpu, const struct insn *i)
{
    uint32_t offset = effective_address(cpu, i);
    uint8_t bytes[10];
    const uint8_t *p = readable(cpu, i->segment, offset, sizeof bytes);
    unsigned status = ACCESS_DONE;

    X87_WAIT(cpu, i);
    if (!p)
        status = x87_read_block(cpu, i, offset, bytes, sizeof bytes, 8);
    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    x87_note_memory(cpu, i, offset);
    x87_load(cpu, load80(p ? p : bytes));
    return finish(cpu, i, status);
}

static int load_register(struct cpu *cpu, const struct insn *i)
{
    struct x87 *u = &cpu->x87;

    X87_WAIT(cpu, i);
    x87_note(cpu, i);
    if (x87_holds(u, i->dst))
        x87_load(cpu, *x87_st(u, i->dst));
    else if (x87_stack_fault(cpu, false))
        x87_push(u, F80_INDEFINITE);
    return NEXT(cpu, i);
}

/* --- Storing --- */

/* Writes what an instruction has computed since x87_begin, unless an exception forbids it; `before` and `up` are how
 * flags and C1 were. */
static int store_slow(struct cpu *cpu, const struct insn *i, uint32_t offset, unsigned size, uint64_t bits, bool pop,
                      uint8_t before, bool up)
{
    struct x87 *u = &cpu->x87;
    uint8_t forbidding = u->env.flags & ~u->env.masks & ~FLOAT_INEXACT;
    unsigned status = forbidding ? ACCESS_DONE : x87_write(cpu, i, offset, size, bits);

    if (status & ACCESS_FAULT) {
        u->env.flags = before;
        u->env.rounded_up = up;
        return cpu_fault_exit(cpu, i);
    }
    if (forbidding) { /* rounding never took place */
        u->env.flags &= (uint8_t)~FLOAT_INEXACT;
        u->env.rounded_up = false;
    }
    x87_note_memory(cpu, i, offset);
    x87_end(cpu, before);
    if (pop && !forbidding)
        x87_pop(u);
    return finish(cpu, i, status);
}

/* ST is empty: its place is taken by an indefinite number of the kind. */
static int store_missing(struct cpu *cpu, const struct insn *i, uint32_t offset, unsigned size, uint64_t indefinite,
                         bool pop)
{
    struct x87 *u = &cpu->x87;
    unsigned status = ACCESS_DONE;

    if (u->env.masks & FLOAT_INVALID)
        status = x87_write(cpu, i, offset, size, indefinite);
    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    x87_note_memory(cpu, i, offset);
    if (x87_stack_fault(cpu, false) && pop)
        x87_pop(u);
    return finish(cpu, i, status);
}

BODY int store_bits(struct cpu *cpu, const struct insn *i, uint32_t offset, unsigned size, uint64_t bits, bool pop,
                    uint8_t before, bool up)
{
    struct x87 *u = &cpu->x87;
    uint8_t *p = writable(cpu, i->segment, offset, size);

    if (UNLIKELY(!p || u->env.flags & ~u->env.masks))
        return store_slow(cpu, i, offset, size, bits, pop, before, up);
    if (size == 8)
        store64(p, bits);
    else
        store_bytes(p, size, (uint32_t)bits);
    x87_note_memory(cpu, i, offset);
    u->env.flags |= before;
    if (pop)
        x87_pop(u);
    return NEXT(cpu, i);
}

BODY int store_number(struct cpu *cpu, const struct insn *i, unsigned size, bool pop)
{
    struct x87 *u = &cpu->x87;
    uint32_t offset = effective_address(cpu, i);
    bool up = u->env.rounded_up;
    uint64_t bits;
    uint8_t before;

    X87_WAIT(cpu, i);
    if (UNLIKELY(!x87_holds(u, 0)))
        return store_missing(cpu, i, offset, size, size == 4 ? 0xFFC00000 : UINT64_C(0xFFF8) << 48, pop);
    before = x87_begin(u);
    bits = size == 4 ? f80_to_f32(*x87_st(u, 0), &u->env) : f80_to_f64(*x87_st(u, 0), &u->env);
    return store_bits(cpu, i, offset, size, bits, pop, before, up);
}

BODY int store_integer(struct cpu *cpu, const struct insn *i, unsigned size, bool pop)
{
    struct x87 *u = &cpu->x87;
    uint32_t offset = effective_address(cpu, i);
    bool up = u->env.rounded_up;
    uint64_t bits;
    uint8_t before;

    X87_WAIT(cpu, i);
    if (UNLIKELY(!x87_holds(u, 0)))
        return store_missing(cpu, i, offset, size, UINT64_C(1) << (8 * size - 1), pop);
    before = x87_begin(u);
    bits = (uint64_t)f80_to_int(*x87_st(u, 0), 8 * size, false, &u->env);
    return store_bits(cpu, i, offset, size, bits, pop, before, up);
}

/* FSTP to ten bytes of memory. */
static int store_extended(struct cpu *cpu, const struct insn *i)
{
    struct x87 *u = &cpu->x87;
    uint32_t offset = effective_address(cpu, i);
    bool held = x87_holds(u, 0);
    unsigned status = ACCESS_DONE;
    uint8_t bytes[10];

    X87_WAIT(cpu, i);
    store80(bytes, held ? *x87_st(u, 0) : F80_INDEFINITE);
    if (held || u->env.masks & FLOAT_INVALID)
        status = x87_write_block(cpu, i, offset, bytes, sizeof bytes, 8);
    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    x87_note_memory(cpu, i, offset);
    u->env.rounded_up = false;
    if (held || x87_stack_fault(cpu, false))
        x87_pop(u);
    return finish(cpu, i, status);
}

static int store_register(struct cpu *cpu, const struct insn *i)
{
    struct x87 *u = &cpu->x87;
    bool pop = i->operation == OP_FSTP;

    X87_WAIT(cpu, i);
    x87_note(cpu, i);
    if (!x87_holds(u, 0))
        return missing(cpu, i, i->dst, pop, 0);
    u->env.rounded_up = false;
    x87_set(u, i->dst, *x87_st(u, 0));
    if (pop)
        x87_pop(u);
    return NEXT(cpu, i);
}

/* D9 D8+i: an empty register is popped without a fault. */
static int fstp1(struct cpu *cpu, const struct insn *i)
{
    struct x87 *u = &cpu->x87;

    X87_WAIT(cpu, i);
    x87_note(cpu, i);
    u->env.rounded_up = false;
    if (x87_holds(u, 0))
        x87_set(u, i->dst, *x87_st(u, 0));
    x87_pop(u);
    return NEXT(cpu, i);
}

/* --- Within the stack --- */
static int fxch(struct cpu *cpu, const struct insn *i)
{
    struct x87 *u = &cpu->x87;
    struct float80 *a = x87_st(u, 0), *b = x87_st(u, i->dst), swap;

    X87_WAIT(cpu, i);
    x87_note(cpu, i);
    u->env.rounded_up = false;
    if (UNLIKELY(!x87_holds(u, 0) || !x87_holds(u, i->dst))) {
        if (!x87_stack_fault(cpu, false))
            return NEXT(cpu, i);
        if (!x87_holds(u, 0))
            x87_set(u, 0, F80_INDEFINITE);
        if (!x87_holds(u, i->dst))
            x87_set(u, i->dst, F80_INDEFINITE);
    }
    swap = *a;
    *a = *b;
    *b = swap;
    return NEXT(cpu, i);
}

static int fcmov(struct cpu *cpu, const struct insn *i)
{
    static const uint8_t conditions[8] = {2, 4, 6, 10, 3, 5, 7, 11}; /* as in Jcc: B E BE P and their contraries */
    struct x87 *u = &cpu->x87;

    X87_WAIT(cpu, i);
    x87_note(cpu, i);
    if (!x87_holds(u, 0) || !x87_holds(u, i->src))
        return missing(cpu, i, 0, 0, 0);
    if (flags_condition(cpu, conditions[i->operation - OP_FCMOVB]))
        *x87_st(u, 0) = *x87_st(u, i->src);
    return NEXT(cpu, i);
}

static int move_top(struct cpu *cpu, const struct insn *i)
{
    struct x87 *u = &cpu->x87;

    X87_WAIT(cpu, i);
    x87_note(cpu, i);
    u->env.rounded_up = false;
    u->top = (u->top + (i->operation == OP_FINCSTP ? 1 : 7)) & 7;
    return NEXT(cpu, i);
}

static int ffree(struct cpu *cpu, const struct insn *i)
{
    struct x87 *u = &cpu->x87;

    X87_WAIT(cpu, i);
    x87_note(cpu, i);
    u->env.rounded_up = false;
    u->used &= (uint8_t) ~(1u << x87_position(u, i->dst));
    if (i->operation == OP_FFREEP)
        x87_pop(u);
    return NEXT(cpu, i);
}

static int fnop(struct cpu *cpu, const struct insn *i)
{
    X87_WAIT(cpu, i);
    x87_note(cpu, i);
    return NEXT(cpu, i);
}

/* --- One operand --- */
static int change_sign(struct cpu *cpu, const struct insn *i)
{
    struct x87 *u = &cpu->x87;
    struct float80 *a = x87_st(u, 0);

    X87_WAIT(cpu, i);
    x87_note(cpu, i);
    if (!x87_holds(u, 0))
        return missing(cpu, i, 0, 0, 0);
    u->env.rounded_up = false;
    a->high = i->operation == OP_FABS ? a->high & EXPONENT_MASK : a->high ^ SIGN_BIT;
    return NEXT(cpu, i);
}

static int root_or_round(struct cpu *cpu, const struct insn *i)
{
    struct x87 *u = &cpu->x87;
    struct float80 *a = x87_st(u, 0), result;
    uint8_t before;

    X87_WAIT(cpu, i);
    x87_note(cpu, i);
    if (!x87_holds(u, 0))
        return missing(cpu, i, 0, 0, 0);
    before = x87_begin(u);
    result = i->operation == OP_FSQRT ? f80_sqrt(*a, &u->env) : f80_round_to_integer(*a, &u->env);
    if (x87_end(cpu, before))
        *a = result;
    return NEXT(cpu, i);
}

/* --- The table --- Columns: registers or none, and memory of 2, 4, 8 and 10 bytes. */
/* clang-format off */
#define ARITHMETIC(op) \
    static int op##_r(struct cpu *cpu, const struct insn *i) { return arithmetic(cpu, i, OP_##op, false); } \
    static int op##_p(struct cpu *cpu, const struct insn *i) { return arithmetic(cpu, i, OP_##op, true); } \
    static int op##_4(struct cpu *cpu, const struct insn *i) { return arithmetic_memory(cpu, i, OP_##op, 4, false); } \
    static int op##_8(struct cpu *cpu, const struct insn *i) { return arithmetic_memory(cpu, i, OP_##op, 8, false); } \
    static int op##_i2(struct cpu *cpu, const struct insn *i) { return arithmetic_memory(cpu, i, OP_##op, 2, true); } \
    static int op##_i4(struct cpu *cpu, const struct insn *i) { return arithmetic_memory(cpu, i, OP_##op, 4, true); }
ARITHMETIC(FADD) ARITHMETIC(FMUL) ARITHMETIC(FSUB) ARITHMETIC(FSUBR) ARITHMETIC(FDIV) ARITHMETIC(FDIVR)

#define COMPARE(op, pops, quiet) \
    static int op##_r(struct cpu *cpu, const struct insn *i) { return compare_register(cpu, i, pops, quiet); }
#define COMPARE_MEMORY(op, pops) \
    static int op##_4(struct cpu *cpu, const struct insn *i) { return compare_memory(cpu, i, pops, 4, false); } \
    static int op##_8(struct cpu *cpu, const struct insn *i) { return compare_memory(cpu, i, pops, 8, false); } \
    static int op##_i2(struct cpu *cpu, const struct insn *i) { return compare_memory(cpu, i, pops, 2, true); } \
    static int op##_i4(struct cpu *cpu, const struct insn *i) { return compare_memory(cpu, i, pops, 4, true); }
COMPARE(FCOM, 0, false) COMPARE(FCOMP, 1, false) COMPARE(FCOMPP, 2, false) COMPARE(FUCOM, 0, true) COMPARE(FUCOMP, 1, true) COMPARE(FUCOMPP, 2, true)
COMPARE_MEMORY(FCOM, 0) COMPARE_MEMORY(FCOMP, 1)

#define TRANSFER(name, body, size) \
    static int name##_##size(struct cpu *cpu, const struct insn *i) { return body(cpu, i, size); }
#define STORE(name, body, size, pop) \
    static int name##_##size(struct cpu *cpu, const struct insn *i) { return body(cpu, i, size, pop); }
TRANSFER(FLD, load_number, 4) TRANSFER(FLD, load_number, 8)
TRANSFER(FILD, load_integer, 2) TRANSFER(FILD, load_integer, 4) TRANSFER(FILD, load_integer, 8)
STORE(FST, store_number, 4, false) STORE(FST, store_number, 8, false) STORE(FSTP, store_number, 4, true) STORE(FSTP, store_number, 8, true)
STORE(FIST, store_integer, 2, false) STORE(FIST, store_integer, 4, false)
STORE(FISTP, store_integer, 2, true) STORE(FISTP, store_integer, 4, true) STORE(FISTP, store_integer, 8, true)
/* clang-format on */

enum { COLUMN_REGISTER, COLUMN_2, COLUMN_4, COLUMN_8, COLUMN_10, COLUMNS };
#define AT(operation) [OP_##operation - OP_WAIT]
#define ALL_FORMS(op, routine) AT(op) = {routine, routine, routine, routine, routine}

insn_handler *x87_handler(const struct insn *insn)
{
    /* clang-format off */
    static insn_handler *const handlers[OP_FXRSTOR + 1 - OP_WAIT][COLUMNS] = {
        AT(WAIT) = {x87_wait},
        AT(FADD) = {FADD_r, NULL, FADD_4, FADD_8}, AT(FMUL) = {FMUL_r, NULL, FMUL_4, FMUL_8}, AT(FCOM) = {FCOM_r, NULL, FCOM_4, FCOM_8},
        AT(FCOMP) = {FCOMP_r, NULL, FCOMP_4, FCOMP_8}, AT(FSUB) = {FSUB_r, NULL, FSUB_4, FSUB_8}, AT(FSUBR) = {FSUBR_r, NULL, FSUBR_4, FSUBR_8},
        AT(FDIV) = {FDIV_r, NULL, FDIV_4, FDIV_8}, AT(FDIVR) = {FDIVR_r, NULL, FDIVR_4, FDIVR_8},
        AT(FADDP) = {FADD_p}, AT(FMULP) = {FMUL_p}, AT(FCOMPP) = {FCOMPP_r}, AT(FSUBP) = {FSUB_p}, AT(FSUBRP) = {FSUBR_p}, AT(FDIVP) = {FDIV_p},
        AT(FDIVRP) = {FDIVR_p},
        AT(FIADD) = {NULL, FADD_i2, FADD_i4}, AT(FIMUL) = {NULL, FMUL_i2, FMUL_i4}, AT(FICOM) = {NULL, FCOM_i2, FCOM_i4},
        AT(FICOMP) = {NULL, FCOMP_i2, FCOMP_i4}, AT(FISUB) = {NULL, FSUB_i2, FSUB_i4}, AT(FISUBR) = {NULL, FSUBR_i2, FSUBR_i4},
        AT(FIDIV) = {NULL, FDIV_i2, FDIV_i4}, AT(FIDIVR) = {NULL, FDIVR_i2, FDIVR_i4},
        AT(FUCOM) = {FUCOM_r}, AT(FUCOMP) = {FUCOMP_r}, AT(FUCOMPP) = {FUCOMPP_r},
        AT(FCOMI) = {compare_flags}, AT(FCOMIP) = {compare_flags}, AT(FUCOMI) = {compare_flags}, AT(FUCOMIP) = {compare_flags},
        AT(FTST) = {ftst}, AT(FXAM) = {fxam},
        AT(FLD) = {load_register, NULL, FLD_4, FLD_8, load_extended}, AT(FST) = {store_register, NULL, FST_4, FST_8},
        AT(FSTP) = {store_register, NULL, FSTP_4, FSTP_8, store_extended}, AT(FSTP1) = {fstp1}, AT(FXCH) = {fxch},
        AT(FILD) = {NULL, FILD_2, FILD_4, FILD_8}, AT(FIST) = {NULL, FIST_2, FIST_4}, AT(FISTP) = {NULL, FISTP_2, FISTP_4, FISTP_8},
        ALL_FORMS(FBLD, x87_fbld), ALL_FORMS(FBSTP, x87_fbstp),
        AT(FCMOVB) = {fcmov}, AT(FCMOVE) = {fcmov}, AT(FCMOVBE) = {fcmov}, AT(FCMOVU) = {fcmov},
        AT(FCMOVNB) = {fcmov}, AT(FCMOVNE) = {fcmov}, AT(FCMOVNBE) = {fcmov}, AT(FCMOVNU) = {fcmov},
        AT(FLD1) = {x87_constant}, AT(FLDL2T) = {x87_constant}, AT(FLDL2E) = {x87_constant}, AT(FLDPI) = {x87_constant},
        AT(FLDLG2) = {x87_constant}, AT(FLDLN2) = {x87_constant}, AT(FLDZ) = {x87_constant},
        AT(FCHS) = {change_sign}, AT(FABS) = {change_sign}, AT(FSQRT) = {root_or_round}, AT(FRNDINT) = {root_or_round},
        AT(FSCALE) = {x87_fscale}, AT(FXTRACT) = {x87_fxtract}, AT(FPREM) = {x87_fprem}, AT(FPREM1) = {x87_fprem},
        AT(F2XM1) = {x87_f2xm1}, AT(FYL2X) = {x87_fyl2x}, AT(FYL2XP1) = {x87_fyl2x}, AT(FPATAN) = {x87_fpatan},
        AT(FPTAN) = {x87_fptan}, AT(FSIN) = {x87_fsin}, AT(FCOS) = {x87_fsin}, AT(FSINCOS) = {x87_fsincos},
        AT(FNOP) = {fnop}, AT(FINCSTP) = {move_top}, AT(FDECSTP) = {move_top}, AT(FFREE) = {ffree}, AT(FFREEP) = {ffree},
        AT(FNENI) = {x87_nothing}, AT(FNDISI) = {x87_nothing}, AT(FNSETPM) = {x87_nothing},
        AT(FNCLEX) = {x87_fnclex}, AT(FNINIT) = {x87_fninit}, ALL_FORMS(FLDCW, x87_fldcw), ALL_FORMS(FNSTCW, x87_fnstcw), ALL_FORMS(FNSTSW, x87_fnstsw),
        ALL_FORMS(FLDENV, x87_fldenv), ALL_FORMS(FNSTENV, x87_fnstenv), ALL_FORMS(FRSTOR, x87_frstor), ALL_FORMS(FNSAVE, x87_fnsave),
        ALL_FORMS(FXSAVE, x87_fxsave), ALL_FORMS(FXRSTOR, x87_fxrstor)
    };
    /* clang-format on */
    unsigned column = insn->size >= 10 ? COLUMN_10 : insn->size == 8 ? COLUMN_8 : insn->size == 4 ? COLUMN_4 : COLUMN_2;

    if (insn->operation < OP_WAIT || insn->operation > OP_FXRSTOR)
        return NULL;
    return handlers[insn->operation - OP_WAIT][insn->form == FORM_M ? column : COLUMN_REGISTER];
}
