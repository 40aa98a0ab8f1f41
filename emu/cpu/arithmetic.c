/* arithmetic.c - integer arithmetic, logic, shifts, bits, decimal adjustment: what is done for a result and its flags.
 *
 * Intel SDM vol. 2. What it leaves undefined follows spec/processor.md, "Undefined flags". */
#include "emu/cpu/interpret.h"

/* A result with what becomes of the flags; nothing of it is committed yet. */
struct outcome {
    uint32_t result;
    enum { KEEP, LAZY, BITS, CARRY_OVERFLOW, CARRY } effect;
    enum flag_class class;
    uint32_t a, b; /* LAZY: the operands, by class; else a holds RFLAGS bits: with BITS, SF ZF PF are those of the
                      result */
};

BODY struct outcome lazily(uint32_t result, enum flag_class class, uint32_t a, uint32_t b)
{
    return (struct outcome){result, LAZY, class, a, b};
}

BODY struct outcome with_flags(uint32_t result, unsigned effect, uint32_t flags)
{
    return (struct outcome){result, effect, FLAGS_RESULT, flags, 0};
}

/* CF and OF become `bits`, the rest stays: the record turns into one of class FLAGS_RESULT. Nothing is called, so that
 * the rotates need no registers but those of their caller. */
BODY void flags_set_carry_overflow(struct cpu *cpu, uint32_t bits)
{
    uint32_t af = 0;

    switch (flags_class(cpu)) {
    case FLAGS_READY: cpu->flags = (cpu->flags & ~(uint32_t)(FLAG_CF | FLAG_OF)) | bits; return;
    case FLAGS_LOGIC: break;
    case FLAGS_RESULT: af = cpu->flag_a & FLAG_AF; break;
    case FLAGS_ADD:
    case FLAGS_SUB: af = (cpu->flag_a ^ cpu->flag_b ^ cpu->flag_result) & FLAG_AF; break;
    case FLAGS_INC: af = cpu->flag_result & 0xF ? 0 : FLAG_AF; break;
    default: /* FLAGS_DEC */ af = (cpu->flag_result & 0xF) == 0xF ? FLAG_AF : 0; break;
    }
    cpu->flag_op = FLAG_OP(FLAGS_RESULT, cpu->flag_op & 7);
    cpu->flag_a = af | bits;
}

BODY void commit_flags(struct cpu *cpu, unsigned size, const struct outcome *o)
{
    switch (o->effect) {
    case KEEP: break;
    case LAZY: flags_set(cpu, o->class, size, o->result, o->a, o->b); break;
    case BITS: flags_set(cpu, FLAGS_RESULT, size, o->result, o->a, 0); break;
    case CARRY_OVERFLOW: flags_set_carry_overflow(cpu, o->a); break;
    case CARRY: flags_write_arithmetic(cpu, (flags_arithmetic(cpu) & ~(uint32_t)FLAG_CF) | o->a); break;
    }
}

/* ADC and SBB have three operands, one more than the lazy record: they work their flags out. */
BODY struct outcome add_with_carry(const struct cpu *cpu, unsigned size, uint32_t a, uint32_t b)
{
    uint32_t r = (a + b + flags_carry(cpu)) & size_mask(size);

    return with_flags(r, BITS, flags_of_carries((a & b) | ((a | b) & ~r), size));
}

BODY struct outcome subtract_with_borrow(const struct cpu *cpu, unsigned size, uint32_t a, uint32_t b)
{
    uint32_t r = (a - b - flags_carry(cpu)) & size_mask(size);

    return with_flags(r, BITS, flags_of_carries((~a & b) | ((~a | b) & r), size));
}

/* CF and OF of a shift or rotate. OF says whether its last step, by one bit, changed the sign that `before` had. */
BODY uint32_t shift_flags(uint32_t carry, uint32_t result, uint32_t before, unsigned size)
{
    return (carry & 1 ? FLAG_CF : 0) | ((result ^ before) & sign_bit(size) ? FLAG_OF : 0);
}

/* Shifts and rotates through nothing but the operand. The count is 1 to 31. */
BODY struct outcome shift(enum operation operation, unsigned size, uint32_t a, unsigned count)
{
    unsigned bits = 8 * size, turn = count & (bits - 1);
    uint32_t mask = size_mask(size), r, before, carry;
    int64_t wide;

    switch (operation) {
    case OP_ROL:
        r = turn ? (a << turn | a >> (bits - turn)) & mask : a;
        carry = r;
        before = carry << (bits - 1);
        break;
    case OP_ROR:
        r = turn ? (a >> turn | a << (bits - turn)) & mask : a;
        carry = r >> (bits - 1);
        before = r << 1;
        break;
    case OP_SHL:
        wide = (int64_t)((uint64_t)a << count);
        r = (uint32_t)wide & mask;
        carry = (uint32_t)(wide >> bits);
        before = carry << (bits - 1);
        break;
    case OP_SHR:
        r = a >> count;
        carry = before = a >> (count - 1);
        break;
    default: /* SAR */
        wide = sign_extend(a, size);
        r = (uint32_t)(wide >> count) & mask;
        carry = (uint32_t)(wide >> (count - 1));
        before = r;
        break;
    }
    return with_flags(r, operation == OP_ROL || operation == OP_ROR ? CARRY_OVERFLOW : BITS,
                      shift_flags(carry, r, before, size));
}

/* RCL and RCR turn a ring of one bit more than the operand; RCR is RCL by what is left of the ring. */
BODY struct outcome rotate_through_carry(const struct cpu *cpu, enum operation operation, unsigned size, uint32_t a,
                                         unsigned count)
{
    unsigned bits = 8 * size, left = count % (bits + 1);
    uint64_t ring = (uint64_t)flags_carry(cpu) << bits | a;
    uint32_t r, carry;

    if (!left)
        return with_flags(a, KEEP, 0);
    if (operation == OP_RCR)
        left = bits + 1 - left;
    ring = ring << left | ring >> (bits + 1 - left);
    r = (uint32_t)ring & size_mask(size);
    carry = (uint32_t)(ring >> bits) & 1;
    return with_flags(r, CARRY_OVERFLOW,
                      shift_flags(carry, r, operation == OP_RCL ? carry << (bits - 1) : r << 1, size));
}

BODY struct outcome test_bit(enum operation operation, unsigned size, uint32_t a, uint32_t number)
{
    uint32_t bit = 1u << (number & (8 * size - 1)), r = a;

    if (operation == OP_BTS)
        r = a | bit;
    else if (operation == OP_BTR)
        r = a & ~bit;
    else if (operation == OP_BTC)
        r = a ^ bit;
    return with_flags(r, CARRY, a & bit ? FLAG_CF : 0);
}

/* The result of an operation on one operand, or on two: b is a value, a count, or for BT and its kin the number of a
 * bit. */
BODY struct outcome compute(const struct cpu *cpu, enum operation operation, unsigned size, uint32_t a, uint32_t b)
{
    uint32_t mask = size_mask(size);

    /* clang-format off */
    switch (operation) {
    case OP_ADD:              return lazily((a + b) & mask, FLAGS_ADD, a, b);
    case OP_SUB: case OP_CMP: return lazily((a - b) & mask, FLAGS_SUB, a, b);
    case OP_ADC:              return add_with_carry(cpu, size, a, b);
    case OP_SBB:              return subtract_with_borrow(cpu, size, a, b);
    case OP_AND: case OP_TEST: return lazily(a & b, FLAGS_LOGIC, 0, 0);
    case OP_OR:               return lazily(a | b, FLAGS_LOGIC, 0, 0);
    case OP_XOR:              return lazily(a ^ b, FLAGS_LOGIC, 0, 0);
    case OP_INC:              return lazily((a + 1) & mask, FLAGS_INC, flags_carry(cpu), 0);
    case OP_DEC:              return lazily((a - 1) & mask, FLAGS_DEC, flags_carry(cpu), 0);
    case OP_NEG:              return lazily((0 - a) & mask, FLAGS_SUB, 0, a);
    case OP_NOT:              return with_flags(~a & mask, KEEP, 0);
    case OP_BT: case OP_BTS: case OP_BTR: case OP_BTC:
        return test_bit(operation, size, a, b);
    default:
        b &= 31;
        if (!b)
            return with_flags(a, KEEP, 0);
        if (operation == OP_RCL || operation == OP_RCR)
            return rotate_through_carry(cpu, operation, size, a, b);
        return shift(operation, size, a, b);
    }
    /* clang-format on */
}

BODY bool only_looks(enum operation operation)
{
    return operation == OP_CMP || operation == OP_TEST || operation == OP_BT;
}

#define QUIET 0x8000u /* with an operation: it makes no flags */

/* --- The forms: a register, or memory, is read, changed, written --- */
BODY void do_register(struct cpu *cpu, const struct insn *i, unsigned operation, unsigned size, uint32_t b)
{
    enum operation plain = (enum operation)(operation & ~QUIET);
    struct outcome o = compute(cpu, plain, size, get_register(cpu, i->dst, size), b);

    if (!only_looks(plain))
        set_register(cpu, i->dst, size, o.result);
    if (!(operation & QUIET))
        commit_flags(cpu, size, &o);
}

BODY int change_register(struct cpu *cpu, const struct insn *i, unsigned operation, unsigned size, uint32_t b,
                         unsigned status)
{
    do_register(cpu, i, operation, size, b);
    return finish(cpu, i, status);
}

static int change_memory_slow(struct cpu *cpu, const struct insn *i, enum operation operation, unsigned size,
                              uint32_t b, uint32_t offset)
{
    struct target t = {NULL, 0};
    struct outcome o;
    uint32_t a;
    unsigned status;

    if (only_looks(operation))
        status = segment_read(cpu, i, i->segment, offset, size, &a);
    else
        status = target_read(cpu, i, offset, size, &t, &a);
    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    o = compute(cpu, operation, size, a, b);
    if (!only_looks(operation))
        status |= target_write(cpu, i, size, &t, o.result);
    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    commit_flags(cpu, size, &o);
    return finish(cpu, i, status);
}

BODY int change_at(struct cpu *cpu, const struct insn *i, enum operation operation, unsigned size, uint32_t b,
                   enum address address, uint32_t offset)
{
    struct outcome o;

    if (only_looks(operation)) {
        const uint8_t *p = address_readable(cpu, i, address, offset, size);
        if (!p)
            return change_memory_slow(cpu, i, operation, size, b, offset);
        o = compute(cpu, operation, size, load_bytes(p, size), b);
    } else {
        uint8_t *p = address_writable(cpu, i, address, offset, size);
        if (!p)
            return change_memory_slow(cpu, i, operation, size, b, offset);
        o = compute(cpu, operation, size, load_bytes(p, size), b);
        store_bytes(p, size, o.result);
    }
    commit_flags(cpu, size, &o);
    return NEXT(cpu, i);
}

BODY int change_memory(struct cpu *cpu, const struct insn *i, enum operation operation, unsigned size, uint32_t b,
                       enum address address)
{
    return change_at(cpu, i, operation, size, b, address, address_offset(cpu, i, address));
}

BODY int form_r(struct cpu *cpu, const struct insn *i, unsigned operation, unsigned size)
{
    return change_register(cpu, i, operation, size, 0, 0);
}

BODY int form_m(struct cpu *cpu, const struct insn *i, enum operation operation, unsigned size, enum address address)
{
    return change_memory(cpu, i, operation, size, 0, address);
}

BODY int form_rr(struct cpu *cpu, const struct insn *i, unsigned operation, unsigned size)
{
    return change_register(cpu, i, operation, size, get_register(cpu, i->src, size), 0);
}

static int form_rm_slow(struct cpu *cpu, const struct insn *i, enum operation operation, unsigned size, uint32_t offset)
{
    uint32_t b;
    unsigned status = segment_read(cpu, i, i->segment, offset, size, &b);

    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    return change_register(cpu, i, operation, size, b, status);
}

BODY int form_rm(struct cpu *cpu, const struct insn *i, unsigned operation, unsigned size, enum address address)
{
    uint32_t offset = address_offset(cpu, i, address);
    const uint8_t *p = address_readable(cpu, i, address, offset, size);

    if (!p)
        return form_rm_slow(cpu, i, (enum operation)(operation & ~QUIET), size, offset); /* it may leave after it */
    return change_register(cpu, i, operation, size, load_bytes(p, size), 0);
}

BODY int form_mr(struct cpu *cpu, const struct insn *i, enum operation operation, unsigned size, enum address address)
{
    return change_memory(cpu, i, operation, size, get_register(cpu, i->src, size), address);
}

BODY int form_ri(struct cpu *cpu, const struct insn *i, unsigned operation, unsigned size)
{
    return change_register(cpu, i, operation, size, i->immediate & size_mask(size), 0);
}

BODY int form_mi(struct cpu *cpu, const struct insn *i, enum operation operation, unsigned size, enum address address)
{
    return change_memory(cpu, i, operation, size, i->immediate & size_mask(size), address);
}

BODY int form_rc(struct cpu *cpu, const struct insn *i, unsigned operation, unsigned size)
{
    return change_register(cpu, i, operation, size, cpu->reg[ECX] & 31, 0);
}

BODY int form_mc(struct cpu *cpu, const struct insn *i, enum operation operation, unsigned size, enum address address)
{
    return change_memory(cpu, i, operation, size, cpu->reg[ECX] & 31, address);
}

/* A bit string in memory: a register's bit number reaches beyond the operand, in both directions. */
BODY int form_bit_string(struct cpu *cpu, const struct insn *i, enum operation operation, unsigned size,
                         enum address address)
{
    int32_t number = sign_extend(get_register(cpu, i->src, size), size);
    uint32_t offset = effective_address(cpu, i) + (uint32_t)((size == 2 ? number >> 4 : number >> 5) * (int32_t)size);

    return change_at(cpu, i, operation, size, (uint32_t)number, address, cut_address(i, offset));
}

/* clang-format off */
#define BINARY(op) \
    SIZES(op##_rr, form_rr, OP_##op) MEMORY(op##_rm, form_rm, OP_##op) MEMORY(op##_mr, form_mr, OP_##op) \
    SIZES(op##_ri, form_ri, OP_##op) MEMORY(op##_mi, form_mi, OP_##op)
/* clang-format on */
#define UNARY(op) \
    SIZES(op##_r, form_r, OP_##op) \
    MEMORY(op##_m, form_m, OP_##op)
/* clang-format off */
#define SHIFT(op) \
    SIZES(op##_ri, form_ri, OP_##op) ANYWHERE_SIZES(op##_mi, form_mi, OP_##op) \
    SIZES(op##_rc, form_rc, OP_##op) ANYWHERE_SIZES(op##_mc, form_mc, OP_##op)
#define BIT(op) \
    WIDE_SIZES(op##_rr, form_rr, OP_##op) WIDE_SIZES(op##_ri, form_ri, OP_##op) ANYWHERE_WIDE(op##_mi, form_mi, OP_##op) \
    ANYWHERE_WIDE(op##_mr, form_bit_string, OP_##op)
BINARY(ADD) BINARY(OR) BINARY(ADC) BINARY(SBB) BINARY(AND) BINARY(SUB) BINARY(XOR) BINARY(CMP) BINARY(TEST)
UNARY(INC) UNARY(DEC) UNARY(NOT) UNARY(NEG)
SHIFT(ROL) SHIFT(ROR) SHIFT(RCL) SHIFT(RCR) SHIFT(SHL) SHIFT(SHR) SHIFT(SAR)
BIT(BT) BIT(BTS) BIT(BTR) BIT(BTC)
/* clang-format on */

/* --- Double shifts --- A 16-bit one with a count over 15 continues into the destination again, as the Pentium's
 * does. */
BODY struct outcome shift_double(enum operation operation, unsigned size, uint32_t a, uint32_t b, unsigned count)
{
    unsigned bits = 8 * size;
    uint64_t ring;
    uint32_t r, carry;

    if (!count)
        return with_flags(a, KEEP, 0);
    if (operation == OP_SHLD) {
        ring = size == 2 ? (uint64_t)a << 48 | (uint64_t)b << 32 | (uint64_t)a << 16 : (uint64_t)a << 32 | b;
        r = (uint32_t)(ring << count >> (64 - bits));
        carry = (uint32_t)(ring >> (64 - count)) & 1;
        return with_flags(r, BITS, shift_flags(carry, r, carry << (bits - 1), size));
    }
    ring = size == 2 ? (uint64_t)a << 32 | (uint64_t)b << 16 | a : (uint64_t)b << 32 | a;
    r = (uint32_t)(ring >> count) & size_mask(size);
    return with_flags(r, BITS, shift_flags((uint32_t)(ring >> (count - 1)), r, r << 1, size));
}

BODY int double_register(struct cpu *cpu, const struct insn *i, enum operation operation, unsigned size)
{
    unsigned count = (i->form == FORM_RRC ? cpu->reg[ECX] : i->immediate) & 31;
    uint32_t a = get_register(cpu, i->dst, size), b = get_register(cpu, i->src, size);
    struct outcome o = shift_double(operation, size, a, b, count);

    set_register(cpu, i->dst, size, o.result);
    commit_flags(cpu, size, &o);
    return NEXT(cpu, i);
}

BODY int double_memory(struct cpu *cpu, const struct insn *i, enum operation operation, unsigned size)
{
    unsigned count = (i->form == FORM_MRC ? cpu->reg[ECX] : i->immediate) & 31;
    struct target t;
    struct outcome o;
    uint32_t a;
    unsigned status = target_read(cpu, i, effective_address(cpu, i), size, &t, &a);

    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    o = shift_double(operation, size, a, get_register(cpu, i->src, size), count);
    status |= target_write(cpu, i, size, &t, o.result);
    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    commit_flags(cpu, size, &o);
    return finish(cpu, i, status);
}

/* clang-format off */
WIDE_SIZES(SHLD_r, double_register, OP_SHLD) WIDE_SIZES(SHLD_m, double_memory, OP_SHLD)
WIDE_SIZES(SHRD_r, double_register, OP_SHRD) WIDE_SIZES(SHRD_m, double_memory, OP_SHRD)
/* clang-format on */

/* --- Exchanges that compute --- XADD: the sum is stored. CMPXCHG: the source where the accumulator is equal, else what
 * was there. */
BODY struct outcome exchange(struct cpu *cpu, const struct insn *i, enum operation operation, unsigned size, uint32_t a,
                             uint32_t *stored)
{
    uint32_t source = get_register(cpu, i->src, size);
    struct outcome o = operation == OP_XADD ? compute(cpu, OP_ADD, size, a, source)
                                            : compute(cpu, OP_CMP, size, get_register(cpu, EAX, size), a);

    *stored = operation == OP_XADD ? o.result : o.result ? a : source;
    return o;
}

/* What was there goes to the source, or to the accumulator that differs from it. */
BODY void exchange_commit(struct cpu *cpu, const struct insn *i, enum operation operation, unsigned size, uint32_t a,
                          const struct outcome *o)
{
    if (operation == OP_XADD)
        set_register(cpu, i->src, size, a);
    else if (o->result)
        set_register(cpu, EAX, size, a);
    commit_flags(cpu, size, o);
}

BODY int exchange_register(struct cpu *cpu, const struct insn *i, enum operation operation, unsigned size)
{
    uint32_t a = get_register(cpu, i->dst, size), stored;
    struct outcome o = exchange(cpu, i, operation, size, a, &stored);

    exchange_commit(cpu, i, operation, size, a, &o);
    set_register(cpu, i->dst, size, stored);
    return NEXT(cpu, i);
}

BODY int exchange_memory(struct cpu *cpu, const struct insn *i, enum operation operation, unsigned size)
{
    struct target t;
    struct outcome o;
    uint32_t a, stored;
    unsigned status = target_read(cpu, i, effective_address(cpu, i), size, &t, &a);

    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    o = exchange(cpu, i, operation, size, a, &stored);
    status |= target_write(cpu, i, size, &t, stored);
    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    exchange_commit(cpu, i, operation, size, a, &o);
    return finish(cpu, i, status);
}

/* clang-format off */
SIZES(XADD_r, exchange_register, OP_XADD) SIZES(XADD_m, exchange_memory, OP_XADD)
SIZES(CMPXCHG_r, exchange_register, OP_CMPXCHG) SIZES(CMPXCHG_m, exchange_memory, OP_CMPXCHG)
/* clang-format on */

static int cmpxchg8b(struct cpu *cpu, const struct insn *i)
{
    uint32_t offset = effective_address(cpu, i), linear = cpu->seg[i->segment].base + offset;
    uint64_t expected = (uint64_t)cpu->reg[EDX] << 32 | cpu->reg[EAX],
             wanted = (uint64_t)cpu->reg[ECX] << 32 | cpu->reg[EBX];
    uint64_t value;
    unsigned status;

    if (segment_probe(cpu, i, i->segment, offset, 8, true))
        return cpu_fault_exit(cpu, i);
    status = mmu_read(cpu, i, linear, 8, cpu->user, &value);
    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    status |= mmu_write(cpu, i, linear, 8, cpu->user, value == expected ? wanted : value);
    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    if (value != expected) {
        cpu->reg[EAX] = (uint32_t)value;
        cpu->reg[EDX] = (uint32_t)(value >> 32);
    }
    flags_write_arithmetic(cpu, (flags_arithmetic(cpu) & ~(uint32_t)FLAG_ZF) | (value == expected ? FLAG_ZF : 0));
    return finish(cpu, i, status);
}

/* --- Multiplication and division of the accumulator --- */
BODY void set_product_flags(struct cpu *cpu, unsigned size, uint32_t low, bool overflow)
{
    flags_set(cpu, FLAGS_RESULT, size, low, overflow ? FLAG_CF | FLAG_OF : 0, 0);
}

/* The accumulator pair: AX, DX:AX, EDX:EAX. */
BODY void set_pair(struct cpu *cpu, unsigned size, uint32_t low, uint32_t high)
{
    set_register(cpu, EAX, size, low);
    set_register(cpu, size == 1 ? 4 : EDX, size, high); /* 4: AH */
}

BODY int multiply(struct cpu *cpu, const struct insn *i, enum operation operation, unsigned size, uint32_t b,
                  unsigned status)
{
    uint32_t a = get_register(cpu, EAX, size), low, high;
    uint64_t product = (uint64_t)a * b;
    bool overflow;

    if (operation == OP_IMUL)
        product = (uint64_t)((int64_t)sign_extend(a, size) * sign_extend(b, size));
    low = (uint32_t)product & size_mask(size);
    high = (uint32_t)(product >> 8 * size) & size_mask(size);
    overflow = operation == OP_IMUL ? (int64_t)product != sign_extend(low, size) : high != 0;
    set_pair(cpu, size, low, high);
    set_product_flags(cpu, size, low, overflow);
    return finish(cpu, i, status);
}

/* Afterwards AF = 1 and the other five flags are 0 (spec/processor.md, "Undefined flags"); #DE leaves them as they
 * were. */
BODY int divide(struct cpu *cpu, const struct insn *i, enum operation operation, unsigned size, uint32_t b,
                unsigned status)
{
    uint64_t a = (uint64_t)get_register(cpu, size == 1 ? 4 : EDX, size) << 8 * size | get_register(cpu, EAX, size);

    if (!b)
        return insn_fault(cpu, i, EXC_DE);
    if (operation == OP_DIV) {
        if (a / b > size_mask(size))
            return insn_fault(cpu, i, EXC_DE);
        set_pair(cpu, size, (uint32_t)(a / b), (uint32_t)(a % b));
    } else {
        int64_t dividend = size == 1 ? (int16_t)a : size == 2 ? (int32_t)a : (int64_t)a;
        int64_t divisor = sign_extend(b, size), quotient;
        if (divisor == -1 && dividend == INT64_MIN)
            return insn_fault(cpu, i, EXC_DE);
        quotient = dividend / divisor;
        if (quotient != sign_extend((uint32_t)quotient, size))
            return insn_fault(cpu, i, EXC_DE);
        set_pair(cpu, size, (uint32_t)quotient, (uint32_t)(dividend % divisor));
    }
    flags_set(cpu, FLAGS_RESULT, size, 1, FLAG_AF, 0); /* 1: neither zero nor negative, and of odd parity */
    return finish(cpu, i, status);
}

BODY int accumulate(struct cpu *cpu, const struct insn *i, enum operation operation, unsigned size, uint32_t b,
                    unsigned status)
{
    if (operation == OP_MUL || operation == OP_IMUL)
        return multiply(cpu, i, operation, size, b, status);
    return divide(cpu, i, operation, size, b, status);
}

BODY int accumulate_r(struct cpu *cpu, const struct insn *i, enum operation operation, unsigned size)
{
    return accumulate(cpu, i, operation, size, get_register(cpu, i->dst, size), 0);
}

BODY int accumulate_m(struct cpu *cpu, const struct insn *i, enum operation operation, unsigned size)
{
    uint32_t b;
    unsigned status = operand_read(cpu, i, size, &b);

    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    return accumulate(cpu, i, operation, size, b, status);
}

#define ACCUMULATE(op) \
    SIZES(op##_r, accumulate_r, OP_##op) \
    SIZES(op##_m, accumulate_m, OP_##op)
/* clang-format off */
ACCUMULATE(MUL) ACCUMULATE(IMUL) ACCUMULATE(DIV) ACCUMULATE(IDIV)
/* clang-format on */

/* IMUL with a destination of its own: register times operand, or operand times immediate. */
BODY int multiply_to(struct cpu *cpu, const struct insn *i, unsigned size, uint32_t a, uint32_t b, unsigned status)
{
    int64_t product = (int64_t)sign_extend(a, size) * sign_extend(b, size);
    uint32_t low = (uint32_t)product & size_mask(size);

    set_register(cpu, i->dst, size, low);
    set_product_flags(cpu, size, low, product != sign_extend(low, size));
    return finish(cpu, i, status);
}

BODY int multiply_to_r(struct cpu *cpu, const struct insn *i, enum form form, unsigned size)
{
    uint32_t a = form == FORM_RR ? get_register(cpu, i->dst, size) : i->immediate;

    return multiply_to(cpu, i, size, a, get_register(cpu, i->src, size), 0);
}

BODY int multiply_to_m(struct cpu *cpu, const struct insn *i, enum form form, unsigned size)
{
    uint32_t b;
    unsigned status = operand_read(cpu, i, size, &b);

    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    return multiply_to(cpu, i, size, form == FORM_RM ? get_register(cpu, i->dst, size) : i->immediate, b, status);
}

/* clang-format off */
WIDE_SIZES(IMUL2_rr, multiply_to_r, FORM_RR) WIDE_SIZES(IMUL2_rri, multiply_to_r, FORM_RRI)
WIDE_SIZES(IMUL2_rm, multiply_to_m, FORM_RM) WIDE_SIZES(IMUL2_rmi, multiply_to_m, FORM_RMI)
/* clang-format on */

/* --- Bit scans --- Without a bit set, only ZF changes. */
BODY int scan(struct cpu *cpu, const struct insn *i, enum operation operation, unsigned size, uint32_t value,
              unsigned status)
{
    unsigned n = 0;

    flags_write_arithmetic(cpu, (flags_arithmetic(cpu) & ~(uint32_t)FLAG_ZF) | (value ? 0 : FLAG_ZF));
    if (!value)
        return finish(cpu, i, status);
    for (unsigned step = 16; step; step >>= 1) {
        bool beyond = operation == OP_BSF ? !(value & ((1u << step) - 1)) : value >> step != 0;
        n += beyond ? step : 0;
        value >>= beyond ? step : 0;
    }
    set_register(cpu, i->dst, size, n);
    return finish(cpu, i, status);
}

BODY int scan_r(struct cpu *cpu, const struct insn *i, enum operation operation, unsigned size)
{
    return scan(cpu, i, operation, size, get_register(cpu, i->src, size), 0);
}

BODY int scan_m(struct cpu *cpu, const struct insn *i, enum operation operation, unsigned size)
{
    uint32_t value;
    unsigned status = operand_read(cpu, i, size, &value);

    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    return scan(cpu, i, operation, size, value, status);
}

/* clang-format off */
WIDE_SIZES(BSF_r, scan_r, OP_BSF) WIDE_SIZES(BSF_m, scan_m, OP_BSF)
WIDE_SIZES(BSR_r, scan_r, OP_BSR) WIDE_SIZES(BSR_m, scan_m, OP_BSR)
/* clang-format on */

/* With 16-bit operands the result is 0, as on the processors that have it. */
static int bswap(struct cpu *cpu, const struct insn *i)
{
    uint32_t v = cpu->reg[i->dst];

    if (i->size == 2)
        set_register(cpu, i->dst, 2, 0);
    else
        cpu->reg[i->dst] = v >> 24 | (v >> 8 & 0xFF00) | (v & 0xFF00) << 8 | v << 24;
    return NEXT(cpu, i);
}

/* --- Decimal adjustment --- */
static int adjust_packed(struct cpu *cpu, const struct insn *i)
{
    uint32_t flags = flags_arithmetic(cpu), al = cpu->reg[EAX] & 0xFF, bits = 0;
    int direction = i->operation == OP_DAA ? 1 : -1;
    uint32_t result = al;

    if ((al & 0xF) > 9 || flags & FLAG_AF) {
        result += (uint32_t)(6 * direction);
        bits = FLAG_AF | (result > 0xFF ? FLAG_CF : 0);
    }
    if (al > 0x99 || flags & FLAG_CF) {
        result += (uint32_t)(0x60 * direction);
        bits |= FLAG_CF;
    }
    set_register(cpu, EAX, 1, result);
    flags_set(cpu, FLAGS_RESULT, 1, result & 0xFF, bits, 0);
    return NEXT(cpu, i);
}

static int adjust_unpacked(struct cpu *cpu, const struct insn *i)
{
    uint32_t flags = flags_arithmetic(cpu), ax = cpu->reg[EAX] & 0xFFFF, bits = 0;

    if ((ax & 0xF) > 9 || flags & FLAG_AF) {
        ax += i->operation == OP_AAA ? 0x106 : -0x106u;
        bits = FLAG_AF | FLAG_CF;
    }
    ax &= 0xFF0F;
    set_register(cpu, EAX, 2, ax);
    flags_set(cpu, FLAGS_RESULT, 1, ax & 0xFF, bits, 0);
    return NEXT(cpu, i);
}

static int adjust_product(struct cpu *cpu, const struct insn *i) /* AAM */
{
    uint32_t base = i->immediate & 0xFF, al = cpu->reg[EAX] & 0xFF;

    if (!base)
        return insn_fault(cpu, i, EXC_DE);
    set_pair(cpu, 1, al % base, al / base);
    flags_set(cpu, FLAGS_LOGIC, 1, al % base, 0, 0);
    return NEXT(cpu, i);
}

static int adjust_dividend(struct cpu *cpu, const struct insn *i) /* AAD */
{
    uint32_t ax = cpu->reg[EAX], al = (ax + (ax >> 8 & 0xFF) * i->immediate) & 0xFF;

    set_pair(cpu, 1, al, 0);
    flags_set(cpu, FLAGS_LOGIC, 1, al, 0, 0);
    return NEXT(cpu, i);
}

/* --- Fused with a conditional jump --- The record after it is done too; the flags are kept as ever. */
BODY int change_and_jump(struct cpu *cpu, const struct insn *i, enum operation operation, unsigned size, uint32_t b,
                         unsigned condition, bool flat)
{
    do_register(cpu, i, operation, size, b);
    return near_jump_if(cpu, i + 1, condition_holds(cpu, condition), flat);
}

/* clang-format off */
#define FUSED_ONE(name, flat, op, size, b, n) \
    static int name##n(struct cpu *cpu, const struct insn *i) { return change_and_jump(cpu, i, op, size, b, n, flat); }
#define FUSED_BOTH(name, op, size, b, n) \
    FUSED_ONE(name##_J_, false, op, size, b, n) FUSED_ONE(name##_J_flat_, true, op, size, b, n)
#define FUSED(n) \
    FUSED_BOTH(CMP_rr_4, OP_CMP, 4, cpu->reg[i->src], n) FUSED_BOTH(CMP_ri_4, OP_CMP, 4, i->immediate, n) \
    FUSED_BOTH(CMP_ri_1, OP_CMP, 1, i->immediate & 0xFF, n) FUSED_BOTH(TEST_rr_4, OP_TEST, 4, cpu->reg[i->src], n) \
    FUSED_BOTH(TEST_rr_1, OP_TEST, 1, *byte_register(cpu, i->src), n) FUSED_BOTH(DEC_r_4, OP_DEC, 4, 0, n)
#define BOTH(name, n) {name##_J_##n, name##_J_flat_##n}
#define FUSED_ROW(n) \
    {BOTH(CMP_rr_4, n), BOTH(CMP_ri_4, n), BOTH(CMP_ri_1, n), BOTH(TEST_rr_4, n), BOTH(TEST_rr_1, n), BOTH(DEC_r_4, n)},
CONDITIONS(FUSED)
/* clang-format on */

static const struct {
    uint16_t operation;
    uint8_t form, size;
} fusible[] = {{OP_CMP, FORM_RR, 4},  {OP_CMP, FORM_RI, 4},  {OP_CMP, FORM_RI, 1},
               {OP_TEST, FORM_RR, 4}, {OP_TEST, FORM_RR, 1}, {OP_DEC, FORM_R, 4}};
#define FUSIBLE (sizeof fusible / sizeof *fusible)
static insn_handler *const fused[16][FUSIBLE][2] = {CONDITIONS(FUSED_ROW)};

void interpreter_fuse(struct insn *insn, unsigned mode)
{
    unsigned jump = insn[1].operation;

    for (unsigned n = 0; jump >= OP_JO && jump <= OP_JNLE && n < FUSIBLE; n++)
        if (fusible[n].operation == insn->operation && fusible[n].form == insn->form && fusible[n].size == insn->size)
            insn->run = fused[jump - OP_JO][n][mode & BLOCK_FLAT_CODE && insn[1].size != 2];
}

/* --- The table --- */
/* clang-format off */
#define BINARY_ROW(op) \
    [OP_##op] = {[FORM_RR] = ROW(op##_rr), [FORM_RM] = MEMORY_ROW(op##_rm), [FORM_MR] = MEMORY_ROW(op##_mr), [FORM_RI] = ROW(op##_ri), \
                 [FORM_MI] = MEMORY_ROW(op##_mi)}
/* clang-format on */
#define UNARY_ROW(op) [OP_##op] = {[FORM_R] = ROW(op##_r), [FORM_M] = MEMORY_ROW(op##_m)}
#define ACCUMULATE_ROW(op) [OP_##op] = {[FORM_R] = ROW(op##_r), [FORM_M] = ROW(op##_m)}
/* clang-format off */
#define SHIFT_ROW(row, op) \
    [OP_##row] = {[FORM_RI] = ROW(op##_ri), [FORM_MI] = ROW(op##_mi), [FORM_RC] = ROW(op##_rc), [FORM_MC] = ROW(op##_mc)}
#define DOUBLE_ROW(op) \
    [OP_##op] = {[FORM_RRI] = WIDE_ROW(op##_r), [FORM_RRC] = WIDE_ROW(op##_r), \
                 [FORM_MRI] = WIDE_ROW(op##_m), [FORM_MRC] = WIDE_ROW(op##_m)}
#define BIT_ROW(op) \
    [OP_##op] = {[FORM_RR] = WIDE_ROW(op##_rr), [FORM_RI] = WIDE_ROW(op##_ri), \
                 [FORM_MR] = WIDE_ROW(op##_mr), [FORM_MI] = WIDE_ROW(op##_mi)}
/* clang-format on */
#define EXCHANGE_ROW(op) [OP_##op] = {[FORM_RR] = ROW(op##_r), [FORM_MR] = ROW(op##_m)}
#define SCAN_ROW(op) [OP_##op] = {[FORM_RR] = WIDE_ROW(op##_r), [FORM_RM] = WIDE_ROW(op##_m)}
#define PLAIN_ROW(op, form, routine) [OP_##op] = {[form] = ANY_ROW(routine)}

/* clang-format off */
static insn_handler *const handlers[OP_CMPXCHG8B + 1][FORM_COUNT][ROW_COLUMNS] = {
    BINARY_ROW(ADD), BINARY_ROW(OR), BINARY_ROW(ADC), BINARY_ROW(SBB), BINARY_ROW(AND), BINARY_ROW(SUB), BINARY_ROW(XOR),
    BINARY_ROW(CMP), BINARY_ROW(TEST),
    UNARY_ROW(INC), UNARY_ROW(DEC), UNARY_ROW(NOT), UNARY_ROW(NEG),
    ACCUMULATE_ROW(MUL), ACCUMULATE_ROW(IMUL), ACCUMULATE_ROW(DIV), ACCUMULATE_ROW(IDIV),
    SHIFT_ROW(ROL, ROL), SHIFT_ROW(ROR, ROR), SHIFT_ROW(RCL, RCL), SHIFT_ROW(RCR, RCR),
    SHIFT_ROW(SHL, SHL), SHIFT_ROW(SHR, SHR), SHIFT_ROW(SAL, SHL), SHIFT_ROW(SAR, SAR), DOUBLE_ROW(SHLD), DOUBLE_ROW(SHRD),
    BIT_ROW(BT), BIT_ROW(BTS), BIT_ROW(BTR), BIT_ROW(BTC), SCAN_ROW(BSF), SCAN_ROW(BSR), PLAIN_ROW(BSWAP, FORM_R, bswap),
    EXCHANGE_ROW(XADD), EXCHANGE_ROW(CMPXCHG), PLAIN_ROW(CMPXCHG8B, FORM_M, cmpxchg8b),
    [OP_IMUL2] = {[FORM_RR] = WIDE_ROW(IMUL2_rr), [FORM_RM] = WIDE_ROW(IMUL2_rm),
                  [FORM_RRI] = WIDE_ROW(IMUL2_rri), [FORM_RMI] = WIDE_ROW(IMUL2_rmi)},
    PLAIN_ROW(DAA, FORM_NONE, adjust_packed), PLAIN_ROW(DAS, FORM_NONE, adjust_packed),
    PLAIN_ROW(AAA, FORM_NONE, adjust_unpacked), PLAIN_ROW(AAS, FORM_NONE, adjust_unpacked),
    PLAIN_ROW(AAM, FORM_I, adjust_product), PLAIN_ROW(AAD, FORM_I, adjust_dividend),
};
/* clang-format on */

insn_handler *arithmetic_handler(const struct insn *insn, unsigned mode)
{
    return insn->operation <= OP_CMPXCHG8B ? row_handler(handlers[insn->operation][insn->form], insn, mode) : NULL;
}

/* --- Without flags --- */
/* clang-format off */
#define QUIET_BINARY(op) \
    INSTANCE(op##_rr_quiet, form_rr, OP_##op | QUIET, 4) INSTANCE(op##_ri_quiet, form_ri, OP_##op | QUIET, 4) \
    PLACED_AT(op##_rm_quiet_flat, form_rm, OP_##op | QUIET, 4, ADDRESS_FLAT) \
    PLACED_AT(op##_rm_quiet_indexed, form_rm, OP_##op | QUIET, 4, ADDRESS_INDEXED)
#define QUIET_UNARY(op) INSTANCE(op##_r_quiet, form_r, OP_##op | QUIET, 4)
#define QUIET_SHIFT(op) INSTANCE(op##_ri_quiet, form_ri, OP_##op | QUIET, 4)
QUIET_BINARY(ADD) QUIET_BINARY(OR) QUIET_BINARY(AND) QUIET_BINARY(SUB) QUIET_BINARY(XOR)
QUIET_UNARY(INC) QUIET_UNARY(DEC) QUIET_UNARY(NEG)
QUIET_SHIFT(ROL) QUIET_SHIFT(ROR) QUIET_SHIFT(SHL) QUIET_SHIFT(SHR) QUIET_SHIFT(SAR)
#define QUIET_BINARY_ROW(op) \
    [OP_##op] = {[FORM_RR] = {[2] = op##_rr_quiet}, [FORM_RI] = {[2] = op##_ri_quiet}, \
                 [FORM_RM] = {[4] = op##_rm_quiet_flat, [6] = op##_rm_quiet_indexed}}
#define QUIET_UNARY_ROW(op) [OP_##op] = {[FORM_R] = {[2] = op##_r_quiet}}
#define QUIET_SHIFT_ROW(row, op) [OP_##row] = {[FORM_RI] = {[2] = op##_ri_quiet}}
static insn_handler *const quiet[OP_SAR + 1][FORM_COUNT][ROW_COLUMNS] = {
    QUIET_BINARY_ROW(ADD), QUIET_BINARY_ROW(OR), QUIET_BINARY_ROW(AND), QUIET_BINARY_ROW(SUB), QUIET_BINARY_ROW(XOR),
    QUIET_UNARY_ROW(INC), QUIET_UNARY_ROW(DEC), QUIET_UNARY_ROW(NEG),
    QUIET_SHIFT_ROW(ROL, ROL), QUIET_SHIFT_ROW(ROR, ROR), QUIET_SHIFT_ROW(SHL, SHL), QUIET_SHIFT_ROW(SAL, SHL),
    QUIET_SHIFT_ROW(SHR, SHR), QUIET_SHIFT_ROW(SAR, SAR),
};
/* clang-format on */

/* What an instruction does to the flags that one before it made. */
enum hearing {
    SEES,      /* reads one, or it may fault or leave so that they are seen */
    PASSES_ON, /* changes none, or some without looking at them */
    REPLACES   /* sets all six */
};

static enum hearing hearing(const struct insn *i)
{
    bool immediate = i->form == FORM_RI && i->immediate & 31, registers = i->form == FORM_RR || i->form == FORM_RI;

    switch (i->operation) {
    case OP_ADD:
    case OP_OR:
    case OP_AND:
    case OP_SUB:
    case OP_XOR:
    case OP_CMP:
    case OP_TEST: return registers ? REPLACES : SEES;
    case OP_NEG: return i->form == FORM_R ? REPLACES : SEES;
    case OP_SHL:
    case OP_SAL:
    case OP_SHR:
    case OP_SAR: return immediate ? REPLACES : SEES;
    case OP_ROL:
    case OP_ROR: return immediate ? PASSES_ON : SEES;
    case OP_INC:
    case OP_DEC:
    case OP_NOT:
    case OP_BSWAP: return i->form == FORM_R ? PASSES_ON : SEES;
    case OP_MOV:
    case OP_XCHG:
    case OP_MOVZX8:
    case OP_MOVZX16:
    case OP_MOVSX8:
    case OP_MOVSX16: return registers ? PASSES_ON : SEES;
    case OP_LEA:
    case OP_CBW:
    case OP_CWD: return PASSES_ON;
    default: return SEES;
    }
}

void interpreter_hush(struct insn *insn, unsigned after, unsigned mode)
{
    insn_handler *without = insn->operation <= OP_SAR ? row_handler(quiet[insn->operation][insn->form], insn, mode)
                                                      : NULL;
    enum hearing next = PASSES_ON;

    for (unsigned n = 1; n <= after && without && next == PASSES_ON; n++)
        next = hearing(&insn[n]);
    if (without && next == REPLACES)
        insn->run = without;
}
