/* x64_integer.c - moves and integer arithmetic: most instructions become themselves.
 *
 * A flag that the manuals leave undefined never comes from the host (law 6): `host` of owe() names those that may. */
#include "emu/cpu/translate/x64.h"

#include "emu/cpu/interpret.h"

#define NOT_AF (FLAGS_ARITHMETIC & ~FLAG_AF)
#define COUNTED (NOT_AF & ~FLAG_CF)

static const struct place nowhere = {NOWHERE, 0, 0};

/* Whether flags that the instruction at hand writes are read. */
static bool flags_wanted(const struct compile *c, const struct insn *i)
{
    return live_behind(c) &
           (c->unit->written[c->index] | (i->form == FORM_RC || i->form == FORM_MC ? FLAGS_ARITHMETIC : 0));
}

/* An immediate operand that changes often, into R11. */
static void load_loose(struct compile *c, const struct insn *i)
{
    emit_constant_wide(c->code, R11, (uintptr_t)(c->unit->code + (int32_t)loose_offset(i)));
    emit_load(c->code, 4, R11, at_address(R11, 0));
}

/* --- Moves --- */
static void move(struct compile *c, const struct insn *i)
{
    unsigned size = i->size;
    struct rm at;

    switch (i->form) {
    case FORM_RR:
        spill(c, i->dst, size);
        emit_load(c->code, size, reg_of(i->dst, size), in_register(reg_of(i->src, size)));
        break;
    case FORM_RI:
        spill(c, i->dst, size);
        if (is_loose(c, i)) {
            load_loose(c, i);
            emit_move(c->code, host_register[i->dst], R11);
        } else if (size == 4)
            emit_constant(c->code, host_register[i->dst], i->immediate);
        else
            emit_store_immediate(c->code, size, in_register(reg_of(i->dst, size)), i->immediate);
        break;
    case FORM_RM:
        spill(c, i->dst, size);
        at = memory_operand(c, i, size, TO_READ);
        if (size == 1) {
            emit_load(c->code, 1, byte_begin(c, i->dst), at);
            byte_end(c, i->dst);
        } else {
            emit_load(c->code, size, host_register[i->dst], at);
        }
        break;
    case FORM_MR:
        at = memory_operand(c, i, size, TO_WRITE);
        if (size == 1) {
            emit_store(c->code, 1, at, byte_begin(c, i->src));
            byte_end(c, i->src);
        } else {
            emit_store(c->code, size, at, host_register[i->src]);
        }
        break;
    default: emit_store_immediate(c->code, size, memory_operand(c, i, size, TO_WRITE), i->immediate); break;
    }
}

/* MOVZX and MOVSX. */
static void extend(struct compile *c, const struct insn *i)
{
    bool sign = i->operation == OP_MOVSX8 || i->operation == OP_MOVSX16;
    unsigned from = i->operation == OP_MOVZX8 || i->operation == OP_MOVSX8 ? 1 : 2;
    struct rm source = in_register(reg_of(i->src, from));

    spill(c, i->dst, i->size);
    if (i->form == FORM_RM)
        source = memory_operand(c, i, from, TO_READ);
    emit_op(c->code, i->size, (sign ? 0x0FBE : 0x0FB6) | (from == 2), host_register[i->dst], source);
}

static void lea(struct compile *c, const struct insn *i)
{
    spill(c, i->dst, i->size);
    if (i->size == 4 && !(i->prefixes & PREFIX_ADDRESS16)) {
        effective_address_to(c, i, host_register[i->dst]);
        return;
    }
    effective_address_to(c, i, ADDRESS);
    emit_load(c->code, i->size, host_register[i->dst], in_register(ADDRESS));
}

static void exchange(struct compile *c, const struct insn *i)
{
    unsigned size = i->size;
    struct rm at;

    if (i->form == FORM_RR) {
        spill(c, i->dst, size);
        spill(c, i->src, size);
        emit_sized(c->code, size, 0x87, reg_of(i->src, size), in_register(reg_of(i->dst, size)));
        return;
    }
    spill(c, i->src, size);
    at = memory_fix(c, memory_operand(c, i, size, TO_WRITE));
    emit_load(c->code, size, VALUE, at);
    if (size == 1) {
        unsigned low = byte_begin(c, i->src);
        emit_store(c->code, 1, at, low);
        emit_load(c->code, 1, low, in_register(VALUE));
        byte_end(c, i->src);
    } else {
        emit_store(c->code, size, at, host_register[i->src]);
        emit_load(c->code, size, host_register[i->src], in_register(VALUE));
    }
}

static void convert(struct compile *c, const struct insn *i)
{
    if (i->operation == OP_CBW) {
        spill(c, EAX, 4);
        emit_op(c->code, i->size, i->size == 2 ? 0x0FBE : 0x0FBF, RAX, in_register(RAX));
        return;
    }
    spill(c, EDX, 4);
    if (i->size == 2)
        emit8(c->code, 0x66);
    emit8(c->code, 0x99);
}

static void byte_swap(struct compile *c, const struct insn *i)
{
    unsigned r = host_register[i->dst];

    spill(c, i->dst, 4);
    if (r >= 8)
        emit8(c->code, 0x41);
    emit8(c->code, 0x0F);
    emit8(c->code, 0xC8 | (r & 7));
}

/* --- Two operands --- */
static enum alu alu_of(const struct insn *i)
{
    return i->operation == OP_TEST ? ALU_AND : (enum alu)(i->operation - OP_ADD);
}

static bool only_looks(const struct insn *i)
{
    return i->operation == OP_CMP || i->operation == OP_TEST;
}

static bool is_logic(const struct insn *i)
{
    return i->operation == OP_AND || i->operation == OP_OR || i->operation == OP_XOR || i->operation == OP_TEST;
}

static bool takes_carry(const struct insn *i)
{
    return i->operation == OP_ADC || i->operation == OP_SBB;
}

/* The destination in a register: op register, register or constant. TEST has encodings of its own. */
static void operate(struct compile *c, const struct insn *i, unsigned size, unsigned r, const struct place *b)
{
    if (i->operation == OP_TEST && b->where == CONSTANT)
        emit_test_immediate(c->code, size, in_register(r), b->value);
    else if (i->operation == OP_TEST)
        emit_test(c->code, size, r, reg_of(b->reg, size));
    else if (b->where == CONSTANT)
        emit_alu_immediate(c->code, alu_of(i), size, in_register(r), b->value);
    else
        emit_alu(c->code, alu_of(i), size, in_register(r), reg_of(b->reg, size));
}

/* The record of an operation: b as it was before, or where it is kept. */
static void owe_result(struct compile *c, const struct insn *i, struct place a, struct place b, struct place result)
{
    unsigned size = i->size;

    /* clang-format off */
    switch (i->operation) {
    case OP_ADD:  owe(c, LAYERED_ADD, size, nowhere, b, result, NOT_AF); break;
    case OP_SUB:  owe(c, LAYERED_SUB, size, nowhere, b, result, NOT_AF); break;
    case OP_CMP:  owe(c, LAYERED_CMP, size, a, b, nowhere, NOT_AF); break;
    case OP_TEST: owe(c, LAYERED_TEST, size, a, b, nowhere, NOT_AF); break;
    case OP_ADC:  owe(c, LAYERED_ADC, size, a, b, result, NOT_AF); break;
    case OP_SBB:  owe(c, LAYERED_SBB, size, a, b, result, NOT_AF); break;
    default:      owe(c, FLAGS_LOGIC, size, nowhere, nowhere, result, NOT_AF); break;
    }
    /* clang-format on */
}

/* Keeps a register's value in a field of the record. Ends the host's flags for a high byte. */
static void store_register(struct compile *c, unsigned r, unsigned size, struct rm field)
{
    if (is_high(r, size)) {
        emit_move(c->code, SPARE, host_register[r - 4]);
        emit_shift(c->code, SHIFT_SHR, 4, in_register(SPARE), 8);
        emit_store(c->code, 4, field, SPARE);
        host_flags_lost(c);
    } else {
        emit_store(c->code, 4, field, host_register[size == 1 ? r & 3 : r]);
    }
}

static struct place second_operand(const struct insn *i)
{
    bool immediate = i->form == FORM_RI || i->form == FORM_MI;

    return immediate ? place_constant(i->immediate & size_mask(i->size)) : place_register(i->src);
}

static bool same_register(const struct insn *i)
{
    return i->size == 1 ? (i->dst & 3) == (i->src & 3) : i->dst == i->src;
}

static void alu_register(struct compile *c, const struct insn *i)
{
    unsigned size = i->size;
    bool wanted = flags_wanted(c, i), aliased = i->form == FORM_RR && same_register(i) && !only_looks(i);
    struct place a = place_register(i->dst), b = second_operand(i), kept = b;

    if (aliased && i->dst == i->src && (i->operation == OP_XOR || i->operation == OP_SUB)) {
        spill(c, i->dst, size);
        emit_alu(c->code, ALU_XOR, size, in_register(reg_of(i->dst, size)), reg_of(i->dst, size));
        host_flags_lost(c);
        if (wanted)
            owe(c, FLAGS_LOGIC, size, nowhere, nowhere, place_constant(0), NOT_AF);
        return;
    }
    if (!only_looks(i))
        spill(c, i->dst, size);
    if (is_loose(c, i))
        load_loose(c, i);
    if (takes_carry(i))
        carry_begin(c);
    if (wanted && takes_carry(i)) {
        store_register(c, i->dst, size, FIELD(flag_a));
        a = place_record;
    }
    if (is_loose(c, i)) {
        if (wanted)
            emit_store(c->code, 4, FIELD(flag_b), R11);
        kept = place_record;
    }
    if (wanted && aliased && !is_logic(i)) {
        store_register(c, i->src, size, FIELD(flag_b));
        kept = place_record;
    }
    if (is_loose(c, i) && i->operation == OP_TEST)
        emit_test(c->code, 4, host_register[i->dst], R11);
    else if (is_loose(c, i))
        emit_alu(c->code, alu_of(i), 4, in_register(host_register[i->dst]), R11);
    else
        operate(c, i, size, reg_of(i->dst, size), &b);
    host_flags_lost(c);
    if (wanted && i->operation == OP_TEST && i->form == FORM_RR && i->dst == i->src)
        owe(c, FLAGS_LOGIC, size, nowhere, nowhere, a, NOT_AF);
    else if (wanted)
        owe_result(c, i, a, kept, place_register(i->dst));
}

/* The second operand is in memory, and read into R8. */
static void alu_load(struct compile *c, const struct insn *i)
{
    unsigned size = i->size, r;
    bool wanted = flags_wanted(c, i);
    struct rm at;

    if (!only_looks(i))
        spill(c, i->dst, size);
    at = memory_operand(c, i, size, TO_READ);
    emit_load_zero(c->code, size, VALUE, at);
    if (takes_carry(i))
        carry_begin(c);
    if (wanted && takes_carry(i))
        store_register(c, i->dst, size, FIELD(flag_a));
    if (wanted && !is_logic(i))
        emit_store(c->code, 4, FIELD(flag_b), VALUE);
    r = size == 1 ? byte_begin(c, i->dst) : host_register[i->dst];
    emit_alu(c->code, alu_of(i), size, in_register(r), VALUE);
    if (size == 1)
        byte_end(c, i->dst);
    host_flags_lost(c);
    if (wanted && takes_carry(i)) { /* the interpreter's record of it is another */
        store_register(c, i->dst, size, FIELD(flag_result));
        emit_flag_class(c, i->operation == OP_ADC ? LAYERED_ADC : LAYERED_SBB, size);
        flags_recorded(c, NOT_AF);
    } else if (wanted) {
        owe_result(c, i, place_register(i->dst), place_record, place_register(i->dst));
    }
}

/* R8 op= the second operand, which is a register or a constant. */
static void operate_value(struct compile *c, const struct insn *i, const struct place *b)
{
    if (b->where == CONSTANT || i->size > 1) {
        operate(c, i, i->size, VALUE, b);
        return;
    }
    struct place low = place_register(byte_begin(c, b->reg));
    operate(c, i, 1, VALUE, &low);
    byte_end(c, b->reg);
}

static void alu_store(struct compile *c, const struct insn *i)
{
    unsigned size = i->size;
    bool wanted = flags_wanted(c, i);
    struct place b = second_operand(i);
    struct rm at = memory_operand(c, i, size, only_looks(i) ? TO_READ : TO_WRITE);

    if (only_looks(i)) {
        emit_load_zero(c->code, size, VALUE, at);
        if (wanted)
            emit_store(c->code, 4, i->operation == OP_CMP ? FIELD(flag_a) : FIELD(flag_result), VALUE);
        if (i->operation == OP_TEST) { /* the result itself is what is kept */
            struct insn and = *i;
            and.operation = OP_AND;
            operate_value(c, &and, &b);
            if (wanted)
                emit_store(c->code, 4, FIELD(flag_result), VALUE);
            host_flags_lost(c);
            if (wanted)
                owe(c, FLAGS_LOGIC, size, nowhere, nowhere, place_record, NOT_AF);
            return;
        }
        operate_value(c, i, &b);
        host_flags_lost(c);
        if (wanted)
            owe_result(c, i, place_record, b, nowhere);
        return;
    }
    at = memory_fix(c, at);
    emit_load_zero(c->code, size, VALUE, at);
    if (takes_carry(i))
        carry_begin(c);
    if (wanted && takes_carry(i)) {
        emit_store(c->code, 4, FIELD(flag_a), VALUE);
        if (b.where == CONSTANT)
            emit_store_immediate(c->code, 4, FIELD(flag_b), b.value);
        else
            store_register(c, b.reg, size, FIELD(flag_b));
    }
    operate_value(c, i, &b);
    emit_store(c->code, size, at, VALUE);
    host_flags_lost(c);
    if (!wanted)
        return;
    emit_store(c->code, 4, FIELD(flag_result), VALUE);
    if (takes_carry(i)) {
        emit_flag_class(c, i->operation == OP_ADC ? LAYERED_ADC : LAYERED_SBB, size);
        flags_recorded(c, NOT_AF);
    } else {
        owe_result(c, i, nowhere, b, place_record);
    }
}

static void alu(struct compile *c, const struct insn *i)
{
    if (i->form == FORM_RM)
        alu_load(c, i);
    else if (i->form == FORM_RR || i->form == FORM_RI)
        alu_register(c, i);
    else
        alu_store(c, i);
}

/* --- One operand --- INC and DEC leave CF, so their flags lie over those that were there; NOT changes none. */
static void unary_encoding(struct compile *c, const struct insn *i, unsigned size, struct rm operand)
{
    if (i->operation == OP_INC || i->operation == OP_DEC)
        emit_sized(c->code, size, 0xFF, i->operation == OP_DEC, operand);
    else
        emit_sized(c->code, size, 0xF7, i->operation == OP_NOT ? 2 : 3, operand);
}

static void unary(struct compile *c, const struct insn *i)
{
    unsigned size = i->size;
    bool counts = i->operation == OP_INC || i->operation == OP_DEC,
         wanted = i->operation != OP_NOT && flags_wanted(c, i);
    enum flag_class class = i->operation == OP_INC ? FLAGS_INC : FLAGS_DEC;
    struct rm at;

    /* on the slow path the interpreter leaves a record of its own, in the fields of the one that is owed */
    if (counts && (i->form == FORM_M || (wanted && c->flags.owed != OWED_COUNT)))
        flush_flags(c, &c->flags);
    if (i->form == FORM_R) {
        if (!(wanted && counts))
            spill(c, i->dst, size);
        unary_encoding(c, i, size, in_register(reg_of(i->dst, size)));
        if (i->operation != OP_NOT)
            host_flags_lost(c);
        if (wanted && counts)
            owe_layer(c, OWED_COUNT, class, size, place_register(i->dst), COUNTED);
        else if (wanted)
            owe(c, LAYERED_NEG, size, nowhere, nowhere, place_register(i->dst), NOT_AF);
        return;
    }
    at = memory_operand(c, i, size, TO_WRITE);
    if (!wanted) {
        unary_encoding(c, i, size, at);
        host_flags_lost(c);
        return;
    }
    at = memory_fix(c, at);
    emit_load_zero(c->code, size, VALUE, at);
    unary_encoding(c, i, size, in_register(VALUE));
    emit_store(c->code, size, at, VALUE);
    if (counts) {
        emit_store(c->code, 4, FIELD(view.flag_count), VALUE);
        emit_flag_layer(c, OWED_COUNT, class, size);
        flags_recorded(c, COUNTED);
    } else {
        emit_store(c->code, 4, FIELD(flag_result), VALUE);
        owe(c, LAYERED_NEG, size, nowhere, nowhere, place_record, NOT_AF);
    }
}

/* --- Shifts and rotates --- */
static enum shift shift_of(const struct insn *i)
{
    unsigned n = i->operation - OP_ROL;

    return n == 6 ? SHIFT_SHL : (enum shift)n;
}

static bool is_rotate(const struct insn *i)
{
    return i->operation == OP_ROL || i->operation == OP_ROR;
}

static unsigned shift_class(const struct insn *i)
{
    switch (shift_of(i)) {
    case SHIFT_ROL: return LAYERED_ROL;
    case SHIFT_ROR: return LAYERED_ROR;
    case SHIFT_SHL: return LAYERED_SHL;
    case SHIFT_SHR: return LAYERED_SHR;
    default: return LAYERED_SAR;
    }
}

/* What of the host's flags is the guest's after a shift by a constant. */
static uint16_t shift_host(const struct insn *i, unsigned count)
{
    bool within = count < 8u * i->size;
    uint16_t flags = (uint16_t)((within ? FLAG_CF : 0) | (count == 1 ? FLAG_OF : 0));

    return is_rotate(i) ? flags : flags | FLAG_ZF | FLAG_SF | FLAG_PF;
}

static void shift_constant(struct compile *c, const struct insn *i)
{
    unsigned size = i->size, count = i->immediate & 31;
    bool wanted = flags_wanted(c, i);
    struct rm at;

    if (!count && i->form == FORM_RI)
        return;
    if (is_rotate(i) && (i->form == FORM_MI || (wanted && c->flags.owed != OWED_ROTATE)))
        flush_flags(c, &c->flags);
    if (i->form == FORM_RI) {
        at = in_register(reg_of(i->dst, size));
        if (!(wanted && is_rotate(i)))
            spill(c, i->dst, size);
        if (wanted && !is_rotate(i))
            store_register(c, i->dst, size, FIELD(flag_a));
        emit_shift(c->code, shift_of(i), size, at, count);
        host_flags_lost(c);
        if (wanted && is_rotate(i))
            owe_layer(c, OWED_ROTATE, shift_class(i), size, place_register(i->dst), shift_host(i, count));
        else if (wanted)
            owe(c, shift_class(i), size, place_record, place_constant(count), nowhere, shift_host(i, count));
        return;
    }
    at = memory_operand(c, i, size, TO_WRITE);
    if (!count)
        return;
    if (!wanted) {
        emit_shift(c->code, shift_of(i), size, at, count);
        host_flags_lost(c);
        return;
    }
    at = memory_fix(c, at);
    emit_load_zero(c->code, size, VALUE, at);
    if (!is_rotate(i)) {
        emit_store(c->code, 4, FIELD(flag_a), VALUE);
        emit_store_immediate(c->code, 4, FIELD(flag_b), count);
        emit_flag_class(c, shift_class(i), size);
    }
    emit_shift(c->code, shift_of(i), size, in_register(VALUE), count);
    emit_store(c->code, size, at, VALUE);
    if (is_rotate(i)) {
        emit_store(c->code, 4, FIELD(view.flag_rotate), VALUE);
        emit_flag_layer(c, OWED_ROTATE, shift_class(i), size);
    }
    flags_recorded(c, shift_host(i, count));
}

/* By CL, which may be 0: then the flags stay, and the record with them. */
static void shift_register(struct compile *c, const struct insn *i)
{
    unsigned size = i->size;
    struct rm at = in_register(reg_of(i->dst, size));
    uint8_t *over;

    if (!flags_wanted(c, i)) {
        spill(c, i->dst, size);
        emit_sized(c->code, size, 0xD3, shift_of(i), at);
        host_flags_lost(c);
        return;
    }
    flush_flags(c, &c->flags);
    if (is_rotate(i)) {
        emit_sized(c->code, size, 0xD3, shift_of(i), at);
        if (i->dst == ECX && size > 1) /* the count is gone: a record of the result would say too much if it was 0 */
            return;
    }
    emit_test_immediate(c->code, 1, in_register(RCX), 31);
    over = emit_jump_if(c->code, CC_E);
    if (is_rotate(i)) {
        store_register(c, i->dst, size, FIELD(view.flag_rotate));
        emit_flag_layer(c, OWED_ROTATE, shift_class(i), size);
    } else {
        store_register(c, i->dst, size, FIELD(flag_a));
        emit_move(c->code, SPARE, RCX);
        emit_alu_immediate(c->code, ALU_AND, 4, in_register(SPARE), 31);
        emit_store(c->code, 4, FIELD(flag_b), SPARE);
        emit_flag_class(c, shift_class(i), size);
    }
    aim(over, c->code->at);
    if (!is_rotate(i))
        emit_sized(c->code, size, 0xD3, shift_of(i), at);
    flags_recorded(c, 0);
}

static void shift(struct compile *c, const struct insn *i)
{
    if (i->form == FORM_RC)
        shift_register(c, i);
    else
        shift_constant(c, i);
}

/* --- Multiplication and division --- */

/* CF and OF are the host's; the rest follows from the lower half (law 6). */
static void record_product(struct compile *c, unsigned size, unsigned low)
{
    emit_op(c->code, 1, 0x0F92, 0, in_register(SPARE)); /* SETB */
    emit_op(c->code, 4, 0x0FB6, SPARE, in_register(SPARE));
    emit_op(c->code, 4, 0xF7, 3, in_register(SPARE)); /* NEG */
    emit_alu_immediate(c->code, ALU_AND, 4, in_register(SPARE), FLAG_CF | FLAG_OF);
    emit_store(c->code, 4, FIELD(flag_a), SPARE);
    emit_store(c->code, 4, FIELD(flag_result), low);
    emit_flag_class(c, FLAGS_RESULT, size);
    flags_recorded(c, 0);
}

static void multiply(struct compile *c, const struct insn *i)
{
    unsigned size = i->size;
    bool wanted = flags_wanted(c, i);
    struct rm source;

    spill(c, EAX, 4);
    if (size > 1)
        spill(c, EDX, 4);
    source = i->form == FORM_M ? memory_operand(c, i, size, TO_READ) : in_register(reg_of(i->dst, size));
    emit_sized(c->code, size, 0xF7, i->operation == OP_MUL ? 4 : 5, source);
    host_flags_lost(c);
    if (wanted)
        record_product(c, size, RAX);
}

static void multiply_to(struct compile *c, const struct insn *i)
{
    unsigned size = i->size, r = host_register[i->dst];
    bool wanted = flags_wanted(c, i), immediate = i->form == FORM_RRI || i->form == FORM_RMI;
    struct rm source = in_register(host_register[i->src]);

    spill(c, i->dst, size);
    if (i->form == FORM_RM || i->form == FORM_RMI)
        source = memory_operand(c, i, size, TO_READ);
    emit_op(c->code, size, immediate ? 0x69 : 0x0FAF, r, source);
    if (immediate)
        emit_immediate(c->code, size, i->immediate);
    host_flags_lost(c);
    if (wanted)
        record_product(c, size, r);
}

/* 32 bits only. What might be #DE goes the slow way. */
static void divide(struct compile *c, const struct insn *i)
{
    unsigned source = i->form == FORM_M ? VALUE : host_register[i->dst];
    bool wanted = flags_wanted(c, i);

    spill(c, EAX, 4);
    spill(c, EDX, 4);
    if (i->form == FORM_M)
        emit_load(c->code, 4, VALUE, memory_operand(c, i, 4, TO_READ));
    if (i->operation == OP_DIV) {
        emit_alu(c->code, ALU_CMP, 4, in_register(RDX), source);
        slow_from(c, emit_jump_if(c->code, CC_AE));
        emit_op(c->code, 4, 0xF7, 6, in_register(source));
    } else { /* a dividend of 32 bits, and a divisor that is neither 0 nor -1 */
        emit_move(c->code, SPARE, RAX);
        emit_shift(c->code, SHIFT_SAR, 4, in_register(SPARE), 31);
        emit_alu(c->code, ALU_CMP, 4, in_register(SPARE), RDX);
        slow_from(c, emit_jump_if(c->code, CC_NE));
        emit_lea(c->code, 4, SPARE, at_address(source, 1));
        emit_alu_immediate(c->code, ALU_CMP, 4, in_register(SPARE), 1);
        slow_from(c, emit_jump_if(c->code, CC_BE));
        emit_op(c->code, 4, 0xF7, 7, in_register(source));
    }
    host_flags_lost(c);
    if (wanted) /* law 6: AF alone is set */
        owe(c, FLAGS_RESULT, 4, place_constant(FLAG_AF), nowhere, place_constant(1), 0);
}

/* --- Bits --- Only CF changes: all flags are computed, and it is put in. */
void emit_bit_test(struct compile *c, const struct insn *i, unsigned r)
{
    unsigned kind = i->operation == OP_BT ? 4 : i->operation - OP_BTS + 5u;

    if (i->form == FORM_RI || i->form == FORM_MI) {
        emit_op(c->code, i->size, 0x0FBA, kind, in_register(r));
        emit8(c->code, i->immediate & (8u * i->size - 1));
    } else {
        emit_op(c->code, i->size, 0x0F83 | kind << 3, host_register[i->src], in_register(r));
    }
}

void bit_tested(struct compile *c, bool wanted)
{
    host_flags_lost(c);
    if (!wanted)
        return;
    emit_op(c->code, 1, 0x0F92, 0, in_register(SPARE)); /* SETB */
    emit_alu_immediate(c->code, ALU_AND, 1, FIELD(flags), 0xFF & ~FLAG_CF);
    emit_alu(c->code, ALU_OR, 1, FIELD(flags), SPARE);
    emit_shift(c->code, SHIFT_SHR, 1, in_register(SPARE), 1); /* CF again */
    c->host_flags = FLAG_CF;
}

static void test_bit(struct compile *c, const struct insn *i)
{
    bool wanted = flags_wanted(c, i);

    spill(c, i->dst, i->size);
    if (wanted)
        flush_and_ready(c);
    emit_bit_test(c, i, host_register[i->dst]);
    bit_tested(c, wanted);
}

static void change_carry(struct compile *c, const struct insn *i)
{
    if (!flags_wanted(c, i) && i->operation != OP_CMC)
        return;
    flush_and_ready(c);
    if (i->operation == OP_CMC)
        emit_alu_immediate(c->code, ALU_XOR, 1, FIELD(flags), FLAG_CF);
    else if (i->operation == OP_STC)
        emit_alu_immediate(c->code, ALU_OR, 1, FIELD(flags), FLAG_CF);
    else
        emit_alu_immediate(c->code, ALU_AND, 1, FIELD(flags), 0xFF & ~FLAG_CF);
    host_flags_lost(c);
}

static void change_direction(struct compile *c, const struct insn *i)
{
    if (i->operation == OP_STD)
        emit_alu_immediate(c->code, ALU_OR, 4, FIELD(flags), FLAG_DF);
    else
        emit_alu_immediate(c->code, ALU_AND, 4, FIELD(flags), ~(uint32_t)FLAG_DF);
    host_flags_lost(c);
}

/* --- Conditions --- */
static void set_condition(struct compile *c, const struct insn *i)
{
    unsigned condition = i->operation - OP_SETO;
    struct rm to = in_register(i->dst);

    if (i->form == FORM_M)
        to = memory_operand(c, i, 1, TO_WRITE);
    else
        spill(c, i->dst, 1);
    condition = condition_begin(c, condition);
    emit_op(c->code, 1, 0x0F90 | condition, 0, to);
}

static void move_if(struct compile *c, const struct insn *i)
{
    unsigned condition = i->operation - OP_CMOVO;
    struct rm from = in_register(host_register[i->src]);

    spill(c, i->dst, i->size);
    if (i->form == FORM_RM) {
        emit_load(c->code, i->size, VALUE, memory_operand(c, i, i->size, TO_READ));
        from = in_register(VALUE);
    }
    condition = condition_begin(c, condition);
    emit_op(c->code, i->size, 0x0F40 | condition, host_register[i->dst], from);
}

/* The tick at which it begins is the deadline less what is left then. Where CR4.TSD may forbid it, the slow path
 * looks. */
static void read_time(struct compile *c, const struct insn *i)
{
    (void)i;
    spill(c, EAX, 4);
    spill(c, EDX, 4);
    emit_test_immediate(c->code, 4, FIELD(cr4), CR4_TSD);
    slow_from(c, emit_jump_if(c->code, CC_NE));
    emit_load(c->code, 8, VALUE, FIELD(clock));
    emit_load(c->code, 8, VALUE, at_address(VALUE, (int32_t)offsetof(struct clock, deadline)));
    emit_lea(c->code, 8, ADDEND, at_address(LEFT, (int32_t)(c->unit->count - c->index)));
    emit_alu_load(c->code, ALU_SUB, 8, VALUE, in_register(ADDEND));
    emit_alu_load(c->code, ALU_ADD, 8, VALUE, FIELD(tsc_base));
    emit_move(c->code, RAX, VALUE);
    emit_shift(c->code, SHIFT_SHR, 8, in_register(VALUE), 32);
    emit_move(c->code, RDX, VALUE);
    host_flags_lost(c);
}

static void nothing(struct compile *c, const struct insn *i)
{
    (void)c, (void)i;
}

/* --- Which --- */
static bool is_alu_form(const struct insn *i)
{
    bool high = i->size == 1 && takes_carry(i) &&
                ((i->form != FORM_MR && i->form != FORM_MI && i->dst >= 4) ||
                 (i->form != FORM_RI && i->form != FORM_MI && i->form != FORM_RM && i->src >= 4));

    return !high;
}

static compile_function *arithmetic_compiler(const struct insn *i)
{
    switch (i->operation) {
    case OP_ADD:
    case OP_OR:
    case OP_ADC:
    case OP_SBB:
    case OP_AND:
    case OP_SUB:
    case OP_XOR:
    case OP_CMP:
    case OP_TEST: return is_alu_form(i) ? alu : NULL;
    case OP_INC:
    case OP_DEC:
    case OP_NOT:
    case OP_NEG: return unary;
    case OP_ROL:
    case OP_ROR:
    case OP_SHL:
    case OP_SAL:
    case OP_SHR:
    case OP_SAR:
        /* ROL and ROR of CL itself lose the count that says whether flags change */
        return i->form == FORM_MC || (i->form == FORM_RC && is_rotate(i) && (i->size == 1 ? i->dst & 3 : i->dst) == ECX)
                   ? NULL
                   : shift;
    case OP_MUL:
    case OP_IMUL: return multiply;
    case OP_IMUL2: return multiply_to;
    case OP_DIV:
    case OP_IDIV: return i->size == 4 ? divide : NULL;
    case OP_BT:
    case OP_BTS:
    case OP_BTR:
    case OP_BTC: return i->form == FORM_RR || i->form == FORM_RI ? test_bit : NULL;
    case OP_BSWAP: return i->size == 4 ? byte_swap : NULL;
    case OP_CLC:
    case OP_STC:
    case OP_CMC: return change_carry;
    default: return NULL;
    }
}

compile_function *integer_compiler(const struct unit *u, const struct insn *i)
{
    (void)u;
    if (i->operation >= OP_SETO && i->operation <= OP_SETNLE)
        return set_condition;
    if (i->operation >= OP_CMOVO && i->operation <= OP_CMOVNLE)
        return move_if;
    switch (i->operation) {
    case OP_MOV: return move;
    case OP_MOVZX8:
    case OP_MOVSX8: /* a high byte does not go with R12 */
        return i->form == FORM_RR && i->src >= 4 && i->dst == ESP ? NULL : extend;
    case OP_MOVZX16:
    case OP_MOVSX16: return extend;
    case OP_LEA: return lea;
    case OP_XCHG: return exchange;
    case OP_CBW:
    case OP_CWD: return convert;
    case OP_CLD:
    case OP_STD: return change_direction;
    case OP_RDTSC: return read_time;
    case OP_NOP:
    case OP_LFENCE:
    case OP_MFENCE:
    case OP_SFENCE: return nothing;
    default: return arithmetic_compiler(i);
    }
}

/* --- Flags --- */
#define ALL FLAGS_ARITHMETIC
static const struct flag_use uses[OP_COUNT] = {
    [OP_ADD] = {0, ALL, false},
    [OP_OR] = {0, ALL, false},
    [OP_ADC] = {FLAG_CF, ALL, false},
    [OP_SBB] = {FLAG_CF, ALL, false},
    [OP_AND] = {0, ALL, false},
    [OP_SUB] = {0, ALL, false},
    [OP_XOR] = {0, ALL, false},
    [OP_CMP] = {0, ALL, false},
    [OP_TEST] = {0, ALL, false},
    [OP_NEG] = {0, ALL, false},
    [OP_MUL] = {0, ALL, false},
    [OP_IMUL] = {0, ALL, false},
    [OP_IMUL2] = {0, ALL, false},
    [OP_INC] = {0, ALL & ~FLAG_CF, false},
    [OP_DEC] = {0, ALL & ~FLAG_CF, false},
    [OP_ROL] = {0, FLAG_CF | FLAG_OF, false},
    [OP_ROR] = {0, FLAG_CF | FLAG_OF, false},
    [OP_SHL] = {0, ALL, false},
    [OP_SAL] = {0, ALL, false},
    [OP_SHR] = {0, ALL, false},
    [OP_SAR] = {0, ALL, false},
    [OP_RDTSC] = {0, 0, true},
    [OP_DIV] = {0, ALL, true},
    [OP_IDIV] = {0, ALL, true},
    [OP_BT] = {0, FLAG_CF, false},
    [OP_BTS] = {0, FLAG_CF, false},
    [OP_BTR] = {0, FLAG_CF, false},
    [OP_BTC] = {0, FLAG_CF, false},
    [OP_CLC] = {0, FLAG_CF, false},
    [OP_STC] = {0, FLAG_CF, false},
    [OP_CMC] = {FLAG_CF, FLAG_CF, false},
};

void integer_flag_use(const struct insn *i, struct flag_use *use)
{
    const struct flag_use *usual = &uses[i->operation];

    use->read = usual->read;
    use->written = usual->written;
    use->observed = usual->observed;
    if (i->operation >= OP_SETO && i->operation <= OP_SETNLE)
        use->read = condition_flags[(i->operation - OP_SETO) >> 1];
    else if (i->operation >= OP_CMOVO && i->operation <= OP_CMOVNLE)
        use->read = condition_flags[(i->operation - OP_CMOVO) >> 1];
    else if (i->operation >= OP_ROL && i->operation <= OP_SAR &&
             !((i->form == FORM_RI || i->form == FORM_MI) && i->immediate & 31))
        use->written = 0; /* a count of 0 */
}
