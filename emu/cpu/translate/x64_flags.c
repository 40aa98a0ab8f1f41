/* x64_flags.c - flags that are owed: what they follow from is noted, and the host computes them where they are read
 * (x64.h, view.h). */
#include "emu/cpu/translate/x64.h"

const struct place place_record = {IN_RECORD, 0, 0};

struct place place_register(unsigned r)
{
    return (struct place){IN_REGISTER, (uint8_t)r, 0};
}

struct place place_constant(uint32_t value)
{
    return (struct place){CONSTANT, 0, value};
}

/* --- Writing out --- */

/* Stores what a place holds; the upper bits are whatever they are. Ends the host's flags for a high byte. */
static void put(struct compile *c, const struct place *p, unsigned size, struct rm field)
{
    if (p->where == CONSTANT) {
        emit_store_immediate(c->code, 4, field, p->value);
    } else if (p->where == IN_REGISTER && is_high(p->reg, size)) {
        emit_move(c->code, SPARE, host_register[p->reg - 4]);
        emit_shift(c->code, SHIFT_SHR, 4, in_register(SPARE), 8);
        emit_store(c->code, 4, field, SPARE);
        host_flags_lost(c);
    } else if (p->where == IN_REGISTER) {
        emit_store(c->code, 4, field, host_register[p->reg]);
    }
}

static struct rm result_field(const struct owed_flags *f)
{
    return f->owed == OWED_COUNT    ? FIELD(view.flag_count)
           : f->owed == OWED_ROTATE ? FIELD(view.flag_rotate)
                                    : FIELD(flag_result);
}

void emit_flag_class(struct compile *c, unsigned class, unsigned size)
{
    emit_store_immediate(c->code, 4, FIELD(flag_op), FLAG_OP(class, size));
}

/* A layer is two bytes of flag_op: its own, and who owns OF. */
void emit_flag_layer(struct compile *c, enum owed owed, unsigned class, unsigned size)
{
    struct rm field = FIELD(flag_op);
    unsigned operation = FLAG_OP(class, size);

    field.displacement += owed == OWED_COUNT ? 2 : 1;
    emit_store_immediate(c->code, 2, field, owed == OWED_COUNT ? operation << 8 : operation | 0x100);
}

void flush_flags(struct compile *c, struct owed_flags *f)
{
    if (f->owed == OWED_NOTHING || f->owed == OWED_DEAD)
        return;
    if (f->owed == OWED_HOST) {
        emit_comparison(c);
        *f = (struct owed_flags){.owed = OWED_NOTHING, .ready = true};
        return;
    }
    put(c, &f->result, f->size, result_field(f));
    if (f->owed == OWED_RECORD) {
        put(c, &f->a, f->size, FIELD(flag_a));
        put(c, &f->b, f->size, FIELD(flag_b));
        emit_flag_class(c, f->class, f->size);
    } else {
        emit_flag_layer(c, f->owed, f->class, f->size);
    }
    f->owed = OWED_NOTHING;
    f->ready = false;
}

void settle(struct compile *c)
{
    flush_flags(c, &c->flags);
    settle_x87(c);
}

static bool overlaps(const struct place *p, unsigned place_size, unsigned r, unsigned size)
{
    unsigned whole = size == 1 ? r & 3 : r, own = place_size == 1 ? p->reg & 3 : p->reg;

    return p->where == IN_REGISTER && whole == own;
}

static void keep(struct compile *c, struct place *p, unsigned r, unsigned size, struct rm field)
{
    if (!overlaps(p, c->flags.size, r, size))
        return;
    put(c, p, c->flags.size, field);
    *p = place_record;
}

void spill(struct compile *c, unsigned r, unsigned size)
{
    struct owed_flags *f = &c->flags;

    if (f->owed == OWED_NOTHING || f->owed == OWED_DEAD || f->owed == OWED_HOST ||
        !(live_behind(c) & ~c->unit->written[c->index]))
        return;
    keep(c, &f->a, r, size, FIELD(flag_a));
    keep(c, &f->b, r, size, FIELD(flag_b));
    keep(c, &f->result, r, size, result_field(f));
}

void owe(struct compile *c, unsigned class, unsigned size, struct place a, struct place b, struct place result,
         uint16_t host)
{
    c->flags = (struct owed_flags){
        .owed = OWED_RECORD, .class = (uint8_t) class, .size = (uint8_t)size, .a = a, .b = b, .result = result};
    c->host_flags = host;
}

void owe_layer(struct compile *c, enum owed owed, unsigned class, unsigned size, struct place result, uint16_t host)
{
    c->flags = (struct owed_flags){
        .owed = (uint8_t)owed, .class = (uint8_t) class, .size = (uint8_t)size, .result = result};
    c->host_flags = host;
}

void flags_recorded(struct compile *c, uint16_t host)
{
    c->flags = (struct owed_flags){.owed = OWED_NOTHING};
    c->host_flags = host;
}

/* --- Conditions --- */

const uint16_t condition_flags[8] = {FLAG_OF, FLAG_CF, FLAG_ZF,           FLAG_CF | FLAG_ZF,
                                     FLAG_SF, FLAG_PF, FLAG_SF | FLAG_OF, FLAG_ZF | FLAG_SF | FLAG_OF};
#define OF_RESULT (FLAG_ZF | FLAG_SF | FLAG_PF)

/* A place as a register: its own, or R10. False: it takes more than one instruction that would end flags, or is
 * none. */
static unsigned place_in_register(struct compile *c, const struct place *p, unsigned size, struct rm field)
{
    if (p->where == IN_REGISTER && !is_high(p->reg, size))
        return host_register[p->reg];
    if (p->where == CONSTANT)
        emit_constant(c->code, SPARE, p->value);
    else if (p->where == IN_RECORD)
        emit_load(c->code, 4, SPARE, field);
    else {
        emit_move(c->code, SPARE, host_register[p->reg - 4]);
        emit_shift(c->code, SHIFT_SHR, 4, in_register(SPARE), 8);
    }
    return SPARE;
}

/* R10 = R10 op b. */
static bool combine(struct compile *c, enum alu operation, unsigned size, const struct place *b)
{
    if (b->where == CONSTANT)
        emit_alu_immediate(c->code, operation, size, in_register(SPARE), b->value);
    else if (b->where == IN_RECORD)
        emit_alu_load(c->code, operation, size, SPARE, FIELD(flag_b));
    else if (!is_high(b->reg, size))
        emit_alu_load(c->code, operation, size, SPARE, in_register(host_register[b->reg]));
    else
        return false;
    return true;
}

static void into_spare(struct compile *c, const struct place *p, unsigned size, struct rm field)
{
    unsigned r = place_in_register(c, p, size, field);

    if (r != SPARE)
        emit_move(c->code, SPARE, r);
}

static void test_place(struct compile *c, const struct place *p, unsigned size, struct rm field)
{
    unsigned r = place_in_register(c, p, size, field);

    emit_test(c->code, size, r, r);
}

/* Makes the host's flags those of the record, as far as `wanted` goes. False: not from here. */
static bool recreate(struct compile *c, uint16_t wanted)
{
    const struct owed_flags *f = &c->flags;
    unsigned size = f->size;
    bool high = f->b.where == IN_REGISTER && is_high(f->b.reg, size);

    if (f->owed == OWED_NOTHING || f->owed == OWED_DEAD)
        return false;
    if (f->owed != OWED_RECORD) {
        if (f->owed == OWED_COUNT && !(wanted & FLAG_CF) && !(wanted & ~OF_RESULT)) {
            test_place(c, &f->result, size, FIELD(view.flag_count));
            c->host_flags = OF_RESULT;
            return true;
        }
        if (f->owed == OWED_COUNT && !(wanted & FLAG_CF)) {
            into_spare(c, &f->result, size, FIELD(view.flag_count));
            emit_sized(c->code, size, 0xFF, f->class == FLAGS_INC, in_register(SPARE)); /* back, and again */
            emit_sized(c->code, size, 0xFF, f->class != FLAGS_INC, in_register(SPARE));
            c->host_flags = OF_RESULT | FLAG_OF;
            return true;
        }
        return false;
    }
    if (f->result.where != NOWHERE && !(wanted & ~OF_RESULT) && f->class != LAYERED_SHL && f->class != LAYERED_SHR &&
        f->class != LAYERED_SAR) {
        test_place(c, &f->result, size, FIELD(flag_result));
        c->host_flags = OF_RESULT;
        return true;
    }
    switch (f->class) {
    case FLAGS_LOGIC: test_place(c, &f->result, size, FIELD(flag_result)); break;
    case LAYERED_CMP:
        if (high)
            return false;
        if (f->a.where == IN_REGISTER && !is_high(f->a.reg, size) && f->b.where == CONSTANT) {
            emit_alu_immediate(c->code, ALU_CMP, size, in_register(host_register[f->a.reg]), f->b.value);
        } else {
            into_spare(c, &f->a, size, FIELD(flag_a));
            combine(c, ALU_CMP, size, &f->b);
        }
        break;
    case LAYERED_TEST:
        if (high)
            return false;
        into_spare(c, &f->a, size, FIELD(flag_a));
        combine(c, ALU_AND, size, &f->b);
        break;
    case LAYERED_SUB:
        if (high)
            return false;
        into_spare(c, &f->result, size, FIELD(flag_result));
        combine(c, ALU_ADD, size, &f->b);
        combine(c, ALU_CMP, size, &f->b);
        break;
    case LAYERED_ADD:
        if (high)
            return false;
        into_spare(c, &f->result, size, FIELD(flag_result));
        combine(c, ALU_SUB, size, &f->b);
        combine(c, ALU_ADD, size, &f->b);
        break;
    default: return false;
    }
    c->host_flags = FLAGS_ARITHMETIC & ~FLAG_AF;
    return true;
}

/* The same at once, where the host makes them of the note. */
static bool make_ready_here(struct compile *c)
{
    unsigned class = c->flags.class;
    uint32_t known = class == LAYERED_TEST || class == FLAGS_LOGIC ? FLAGS_ARITHMETIC & ~FLAG_AF : FLAGS_ARITHMETIC;

    if (c->flags.owed != OWED_RECORD ||
        (class != LAYERED_TEST && class != FLAGS_LOGIC && class != LAYERED_CMP && class != LAYERED_SUB &&
         class != LAYERED_ADD) ||
        !recreate(c, FLAGS_ARITHMETIC & ~FLAG_AF))
        return false;
    emit8(c->code, 0x9C); /* PUSHFQ; POP R10 */
    emit8(c->code, 0x41);
    emit8(c->code, 0x58 | (SPARE & 7));
    emit_alu_immediate(c->code, ALU_AND, 4, in_register(SPARE), known);
    emit_alu_immediate(c->code, ALU_AND, 4, FIELD(flags), ~(uint32_t)FLAGS_ARITHMETIC);
    emit_alu(c->code, ALU_OR, 4, FIELD(flags), SPARE);
    emit_flag_class(c, FLAGS_READY, 4);
    flags_recorded(c, 0);
    c->flags.ready = true;
    return true;
}

/* cpu->flags holds the arithmetic flags. */
static void make_ready(struct compile *c)
{
    struct stub *stub;

    if (make_ready_here(c))
        return;
    flush_flags(c, &c->flags);
    if (c->flags.ready)
        return;
    emit_alu_immediate(c->code, ALU_CMP, 4, FIELD(flag_op), FLAG_OP(FLAGS_READY, 4));
    stub = new_stub(c, STUB_READY);
    stub->site[stub->count++] = emit_jump_if(c->code, CC_NE);
    stub->resume = c->code->at;
    c->flags.ready = true;
    host_flags_lost(c);
}

void flush_and_ready(struct compile *c)
{
    make_ready(c);
    host_flags_lost(c);
}

static unsigned test_bits(struct compile *c, uint32_t bits, bool negated)
{
    emit_test_immediate(c->code, 4, FIELD(flags), bits);
    return negated ? CC_E : CC_NE;
}

unsigned condition_begin(struct compile *c, unsigned condition)
{
    uint16_t wanted = condition_flags[condition >> 1];
    bool negated = condition & 1;

    if (!(wanted & ~c->host_flags) || recreate(c, wanted))
        return condition;
    make_ready(c);
    host_flags_lost(c);
    if (condition >> 1 < 6)
        return test_bits(c, wanted, negated);
    /* bit 7: SF differs from OF */
    emit_load(c->code, 4, SPARE, FIELD(flags));
    emit_shift(c->code, SHIFT_SHR, 4, in_register(SPARE), 4);
    emit_alu_load(c->code, ALU_XOR, 4, SPARE, FIELD(flags));
    if (condition >> 1 == 6) {
        emit_test_immediate(c->code, 4, in_register(SPARE), FLAG_SF);
        return negated ? CC_E : CC_NE;
    }
    /* bit 6 of R10 is ZF xor bit 10 of the flags, DF: put ZF itself there */
    emit_alu_immediate(c->code, ALU_AND, 4, in_register(SPARE), FLAG_SF);
    emit_store(c->code, 4, FIELD(view.flag_scratch), SPARE);
    emit_load(c->code, 4, SPARE, FIELD(flags));
    emit_alu_immediate(c->code, ALU_AND, 4, in_register(SPARE), FLAG_ZF);
    emit_alu_load(c->code, ALU_OR, 4, SPARE, FIELD(view.flag_scratch));
    return negated ? CC_E : CC_NE;
}

void carry_begin(struct compile *c)
{
    struct rm flags = FIELD(flags);

    if (c->host_flags & FLAG_CF || recreate(c, FLAG_CF))
        return;
    make_ready(c);
    emit_op(c->code, 4, 0x0FBA, 4, flags); /* BT */
    emit8(c->code, 0);
    host_flags_lost(c);
}
