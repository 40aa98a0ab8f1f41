/* x64_system.c - what the code of operating systems is full of: flags on the stack, interrupts closed and opened,
 * segment registers read, bits in memory, and the exchanges of which locks are made.
 *
 * Only what an instruction does most of the time is compiled; the rest goes the slow way. */
#include "emu/cpu/translate/x64.h"

#include <string.h>

#include "emu/cpu/segments.h"

static struct rm segment_field(unsigned segment, size_t field)
{
    return at_address(CPU, (int32_t)(offsetof(struct cpu, seg) + segment * sizeof(struct segment) + field));
}

static struct rm selector_field(unsigned segment)
{
    return segment_field(segment, offsetof(struct segment, selector));
}

/* ZF of the guest, whose flags are in their register, becomes a condition of the host's. Takes R10. */
static void zero_flag(struct compile *c, unsigned condition)
{
    emit_op(c->code, 1, 0x0F90 | condition, 0, in_register(SPARE)); /* SETcc */
    emit_alu_immediate(c->code, ALU_AND, 1, FIELD(flags), 0xFF & ~FLAG_ZF);
    emit_shift(c->code, SHIFT_SHL, 1, in_register(SPARE), 6);
    emit_alu(c->code, ALU_OR, 1, FIELD(flags), SPARE);
}

static void slow_unless_zero(struct compile *c, unsigned size, struct rm field)
{
    emit_alu_immediate(c->code, ALU_CMP, size, field, 0);
    host_flags_lost(c);
    slow_from(c, emit_jump_if(c->code, CC_NE));
}

/* --- Segment registers loaded --- */
/* In real and virtual-8086 mode: where limit and rights stay what they are, and the segment is not one of 4 GiB, which
 * could become flat or cease to be. */
static void load_real(struct compile *c, unsigned segment)
{
    struct code *code = c->code;

    if (c->unit->bits & CONTEXT_VM) {
        emit_alu_immediate(code, ALU_CMP, 4, segment_field(segment, offsetof(struct segment, limit)), 0xFFFF);
        slow_from(c, emit_jump_if(code, CC_NE));
        emit_alu_immediate(code, ALU_CMP, 2, segment_field(segment, offsetof(struct segment, rights)),
                           REAL_RIGHTS | RIGHTS_DPL);
        slow_from(c, emit_jump_if(code, CC_NE));
    } else {
        emit_test_immediate(code, 1, segment_field(segment, offsetof(struct segment, rights)), RIGHTS_P);
        slow_from(c, emit_jump_if(code, CC_E));
        slow_unless_zero(c, 4, segment_field(segment, offsetof(struct segment, read_end) + 4));
    }
    emit_store(code, 2, selector_field(segment), SPARE);
    emit_shift(code, SHIFT_SHL, 4, in_register(SPARE), 4);
    emit_store(code, 4, segment_field(segment, offsetof(struct segment, base)), SPARE);
}

static struct rm known_field(size_t field)
{
    return at_address(R8, (int32_t)field);
}

/* What is known of the selector in R10, with one of these bits of enum known_as, into R8; or the slow way. */
static void known_descriptor(struct compile *c, unsigned as)
{
    emit_constant(c->code, R11, as);
    emit_call_to(c->code, c->backend->known_descriptor);
    slow_from(c, emit_jump_if(c->code, CC_NE));
}

uint8_t *emit_known_descriptor(struct code *code)
{
    uint8_t *start = code->at, *out[6];
    unsigned outs = 0;

    emit_lea(code, 4, R9, at_address(SPARE, 0));
    emit_alu_immediate(code, ALU_OR, 4, in_register(R9), 7);
    emit_alu_load(code, ALU_CMP, 4, R9, FIELD(gdtr.limit));
    out[outs++] = emit_jump_if(code, CC_A);
    emit_test_immediate(code, 4, in_register(SPARE), SELECTOR_TI);
    out[outs++] = emit_jump_if(code, CC_NE);
    emit_alu_immediate(code, ALU_AND, 4, in_register(R9), ~7u);
    emit_move(code, R8, R9);
    emit_alu_immediate(code, ALU_AND, 4, in_register(R8), (KNOWN_DESCRIPTORS - 1) * 8);
    emit_op(code, 4, 0x6B, R8, in_register(R8)); /* IMUL */
    emit8(code, sizeof(struct known_descriptor) / 8);
    emit_alu_load(code, ALU_ADD, 8, R8, FIELD(view.descriptors));
    emit_op(code, 1, 0x84, R11, known_field(offsetof(struct known_descriptor, as))); /* TEST */
    out[outs++] = emit_jump_if(code, CC_E);
    emit_load_zero(code, 1, R11, FIELD(cpl));
    emit_shift(code, SHIFT_SHL, 4, in_register(R11), 16);
    emit_alu(code, ALU_OR, 4, in_register(R11), SPARE);
    emit_alu_load(code, ALU_CMP, 4, R11, known_field(offsetof(struct known_descriptor, key)));
    out[outs++] = emit_jump_if(code, CC_NE);
    emit_alu_load(code, ALU_ADD, 4, R9, FIELD(gdtr.base));
    emit_test_immediate(code, 4, in_register(R9), 7);
    out[outs++] = emit_jump_if(code, CC_NE);
    emit_move(code, R11, R9);
    emit_shift(code, SHIFT_SHR, 4, in_register(R11), 12);
    emit_load(code, 8, R11, at_sum(TABLE, R11, 3, 0));
    emit_test(code, 8, R11, R11);
    out[outs++] = emit_jump_if(code, CC_E);
    emit_load(code, 8, R11, at_sum(R11, R9, 0, 0));
    emit_alu_load(code, ALU_CMP, 8, R11, known_field(offsetof(struct known_descriptor, bytes)));
    emit8(code, 0xC3);
    for (unsigned n = 0; n < outs; n++)
        aim(out[n], code->at);
    emit_test(code, 8, RSP, RSP); /* not equal */
    emit8(code, 0xC3);
    return start;
}

/* In protected mode: one that was loaded before, and whose descriptor is the same. Translated code is for segments that
 * are flat, or not: they stay so. */
static void load_protected(struct compile *c, unsigned segment)
{
    bool counts = segment == SEG_ES || segment == SEG_DS;

    known_descriptor(c, !counts                          ? KNOWN_FLAT | KNOWN_NOT_FLAT
                        : unit_is_flat(c->unit, segment) ? KNOWN_FLAT
                                                         : KNOWN_NOT_FLAT);
    for (size_t at = 0; at < sizeof(struct segment); at += 8) {
        emit_load(c->code, 8, R9, known_field(offsetof(struct known_descriptor, segment) + at));
        emit_store(c->code, 8, segment_field(segment, at), R9);
    }
}

static void load_segment(struct compile *c, unsigned segment)
{
    if (c->unit->bits & CONTEXT_PROTECTED)
        load_protected(c, segment);
    else
        load_real(c, segment);
    c->slow->leaves = true; /* it may be flat then, or flat no longer */
    host_flags_lost(c);
}

/* A selector in a register or in memory, into R10. */
static void selector_operand(struct compile *c, const struct insn *i, unsigned r)
{
    struct rm from = in_register(host_register[r]);

    if (i->form == FORM_RM || i->form == FORM_M)
        from = memory_operand(c, i, 2, TO_READ);
    emit_load_zero(c->code, 2, SPARE, from);
}

/* The last floating-point instruction notes the selector of its operand as it is before. */
static void move_to_segment(struct compile *c, const struct insn *i)
{
    settle_x87(c);
    selector_operand(c, i, i->src);
    load_segment(c, i->dst);
}

static void pop_segment(struct compile *c, const struct insn *i)
{
    settle_x87(c);
    spill(c, ESP, 4);
    emit_load_zero(c->code, 2, SPARE, stack_top(c, i->size));
    load_segment(c, i->dst);
    move_stack(c, i->size);
}

/* In real and virtual-8086 mode: offset and selector of 16 bits each. */
static void load_far(struct compile *c, const struct insn *i)
{
    static const uint8_t segments[] = {[OP_LES - OP_LES] = SEG_ES,
                                       [OP_LDS - OP_LES] = SEG_DS,
                                       [OP_LSS - OP_LES] = SEG_SS,
                                       [OP_LFS - OP_LES] = SEG_FS,
                                       [OP_LGS - OP_LES] = SEG_GS};

    settle_x87(c);
    spill(c, i->dst, 2);
    emit_load(c->code, 4, VALUE, memory_operand(c, i, 4, TO_READ));
    emit_move(c->code, SPARE, VALUE);
    emit_shift(c->code, SHIFT_SHR, 4, in_register(SPARE), 16);
    load_segment(c, segments[i->operation - OP_LES]);
    emit_load(c->code, 2, host_register[i->dst], in_register(VALUE));
}

/* VERR and VERW: ZF alone changes. */
static void verify_segment(struct compile *c, const struct insn *i)
{
    bool wanted = live_behind(c) & FLAG_ZF;

    if (wanted)
        flush_and_ready(c);
    selector_operand(c, i, i->dst);
    known_descriptor(c, KNOWN);
    emit_test_immediate(c->code, 1, known_field(offsetof(struct known_descriptor, as)),
                        i->operation == OP_VERR ? KNOWN_READABLE : KNOWN_WRITABLE);
    host_flags_lost(c);
    if (wanted)
        zero_flag(c, CC_NE);
}

/* --- Segment registers read --- */
static void push_segment(struct compile *c, const struct insn *i)
{
    struct rm at;

    spill(c, ESP, 4);
    at = stack_room(c, i->size);
    emit_load_zero(c->code, 2, SPARE, selector_field(i->src));
    emit_store(c->code, i->size, at, SPARE);
    move_stack(c, -(int32_t)i->size);
}

static void move_from_segment(struct compile *c, const struct insn *i)
{
    struct rm at;

    if (i->form == FORM_MR) {
        at = memory_operand(c, i, 2, TO_WRITE);
        emit_load_zero(c->code, 2, SPARE, selector_field(i->src));
        emit_store(c->code, 2, at, SPARE);
        return;
    }
    spill(c, i->dst, i->size);
    if (i->size == 2)
        emit_load(c->code, 2, host_register[i->dst], selector_field(i->src));
    else
        emit_load_zero(c->code, 2, host_register[i->dst], selector_field(i->src));
}

/* --- SYSENTER and SYSEXIT --- */
uint8_t *emit_enter_flat(struct code *code, bool user)
{
    uint8_t *start = code->at;
    unsigned cpl = user ? 3 : 0;

    for (unsigned n = 0; n < 2; n++) {
        unsigned segment = n ? SEG_SS : SEG_CS;
        struct segment flat = {0};
        uint64_t words[sizeof flat / 8];
        segment_set_flat(&flat, n ? 0 : RIGHTS_CODE, 0, cpl);
        memcpy(words, &flat, sizeof words);
        for (unsigned word = 0; word < sizeof words / 8; word++) {
            emit_constant_wide(code, R9, words[word]);
            emit_store(code, 8, segment_field(segment, word * 8), R9);
        }
        emit_lea(code, 4, R9, at_address(R10, 8 * (int32_t)n));
        emit_alu_immediate(code, ALU_AND, 4, in_register(R9), SELECTOR_INDEX);
        emit_alu_immediate(code, ALU_OR, 4, in_register(R9), cpl);
        emit_store(code, 2, selector_field(segment), R9);
    }
    emit_store_immediate(code, 1, FIELD(cpl), cpl);
    emit_store_immediate(code, 1, FIELD(user), user);
    emit_load(code, 8, R9, FIELD(tlbs[user]));
    emit_store(code, 8, FIELD(tlb), R9);
    emit8(code, 0xC3);
    return start;
}

/* Where the context after it is the last one of its kind. */
static void enter_flat(struct compile *c, const struct insn *i)
{
    bool user = i->operation == OP_SYSEXIT;
    uint32_t kept = CONTEXT_FLAT_ES | CONTEXT_FLAT_DS | CONTEXT_EM | CONTEXT_TS | CONTEXT_OSFXSR | CONTEXT_MASKED |
                    CONTEXT_X87_MASKED;
    struct rm flat = FIELD(view.flat[0]);
    struct code *code = c->code;

    flat.displacement += user ? (int32_t)sizeof(struct flat_context) : 0;
    settle(c);
    spill(c, ESP, 4);
    host_flags_lost(c);
    if (user)
        slow_unless_zero(c, 1, FIELD(cpl));
    emit_load(code, 4, SPARE, FIELD(sysenter_cs));
    emit_test_immediate(code, 4, in_register(SPARE), SELECTOR_INDEX);
    slow_from(c, emit_jump_if(code, CC_E));
    emit_load(
        code, 8, R9,
        (struct rm){flat.base, flat.index, 0, true, flat.displacement + (int32_t)offsetof(struct flat_context, pages)});
    flat.displacement += (int32_t)offsetof(struct flat_context, bits);
    emit_alu_immediate(code, ALU_CMP, 4, flat, CONTEXTS_FLAT | (user ? CONTEXT_USER : 0) | (c->unit->bits & kept));
    slow_from(c, emit_jump_if(code, CC_NE));
    emit_move_wide(code, TABLE, R9);
    emit_store(code, 8, FIELD(view.pages), R9);
    flat.displacement += (int32_t)offsetof(struct flat_context, jump_tag) -
                         (int32_t)offsetof(struct flat_context, bits);
    emit_load(code, 8, R9, flat);
    emit_store(code, 8, FIELD(view.jump_tag), R9);
    if (user)
        emit_lea(code, 4, SPARE, at_address(SPARE, 16));
    else
        emit_alu_immediate(code, ALU_AND, 4, FIELD(flags), ~(uint32_t)(FLAG_VM | FLAG_IF | FLAG_RF));
    emit_call_to(code, c->backend->enter_flat[user]);
    if (user) {
        emit_move(code, R12, RCX);
        emit_move(code, VALUE, RDX);
    } else {
        emit_load(code, 4, R12, FIELD(sysenter_esp));
        emit_load(code, 4, VALUE, FIELD(sysenter_eip));
    }
    emit_flat_jump(c);
    c->left = true;
}

/* --- Flags as a whole --- Not in virtual-8086 mode. */
static void push_flags(struct compile *c, const struct insn *i)
{
    struct rm at;

    flush_and_ready(c);
    at = stack_room(c, i->size);
    emit_load(c->code, 4, SPARE, FIELD(flags));
    emit_alu_immediate(c->code, ALU_AND, 4, in_register(SPARE), ~(uint32_t)(FLAG_RF | FLAG_VM));
    emit_store(c->code, i->size, at, SPARE);
    host_flags_lost(c);
    move_stack(c, -(int32_t)i->size);
}

/* Where only arithmetic flags, DF and, at CPL 0, IF change, and nothing waits that is let in. */
static void pop_flags(struct compile *c, const struct insn *i)
{
    bool user = c->unit->bits & CONTEXT_USER;
    uint32_t changed = FLAGS_ARITHMETIC | FLAG_DF | (user ? 0 : FLAG_IF);
    struct code *code = c->code;
    uint8_t *opened;

    emit_load_zero(code, i->size, VALUE, stack_top(c, i->size));
    c->held = 0;
    emit_load_zero(code, i->size, ADDEND, FIELD(flags));
    emit_alu(code, ALU_XOR, 4, in_register(ADDEND), VALUE);
    emit_test_immediate(code, 4, in_register(ADDEND), ~changed);
    slow_from(c, emit_jump_if(code, CC_NE));
    emit_load(code, 4, SPARE, FIELD(attention));
    emit_test_immediate(code, 4, in_register(VALUE), FLAG_IF);
    opened = emit_jump_if(code, CC_NE);
    emit_alu_immediate(code, ALU_AND, 4, in_register(SPARE), ~(uint32_t)ATTENTION_INTR);
    aim(opened, code->at);
    emit_test(code, 4, SPARE, SPARE);
    slow_from(c, emit_jump_if(code, CC_NE));
    if (!user)
        slow_unless_zero(c, 1, FIELD(cpl));
    emit_alu_immediate(code, ALU_AND, 4, in_register(VALUE), changed);
    emit_alu_immediate(code, ALU_AND, 4, FIELD(flags), ~changed);
    emit_alu(code, ALU_OR, 4, FIELD(flags), VALUE);
    emit_flag_class(c, FLAGS_READY, 4);
    flags_recorded(c, 0);
    c->flags.ready = true;
    move_stack(c, i->size);
}

static void close_interrupts(struct compile *c, const struct insn *i)
{
    (void)i;
    slow_unless_zero(c, 1, FIELD(cpl));
    emit_alu_immediate(c->code, ALU_AND, 4, FIELD(flags), ~(uint32_t)FLAG_IF);
}

/* The shadow over the next instruction shows only where a unit ends, or where something waits. */
static void open_interrupts(struct compile *c, const struct insn *i)
{
    (void)i;
    if (c->index + 1 == c->unit->count)
        slow_from(c, emit_jump(c->code));
    slow_unless_zero(c, 4, FIELD(attention));
    slow_unless_zero(c, 1, FIELD(cpl));
    emit_alu_immediate(c->code, ALU_OR, 4, FIELD(flags), FLAG_IF);
}

/* --- Bits in memory --- One with its number in a register may lie anywhere: the operand is the one that holds it. */
static struct rm bit_operand(struct compile *c, const struct insn *i, unsigned kind)
{
    bool wide = i->size == 4;

    if (i->form == FORM_MI)
        return memory_operand(c, i, i->size, kind);
    effective_address_to(c, i, ADDRESS);
    if (wide)
        emit_move(c->code, SPARE, host_register[i->src]);
    else
        emit_op(c->code, 4, 0x0FBF, SPARE, in_register(host_register[i->src]));
    emit_shift(c->code, SHIFT_SAR, 4, in_register(SPARE), wide ? 5 : 4);
    emit_lea(c->code, 4, ADDRESS, at_sum(ADDRESS, SPARE, wide ? 2 : 1, 0));
    return memory_in_segment(c, i->segment, i->size, kind);
}

static void bit_in_memory(struct compile *c, const struct insn *i)
{
    bool looks = i->operation == OP_BT, wanted = live_behind(c) & FLAG_CF;
    struct rm at;

    if (wanted)
        flush_and_ready(c);
    at = memory_fix(c, bit_operand(c, i, looks ? TO_READ : TO_WRITE));
    emit_load_zero(c->code, i->size, VALUE, at);
    emit_bit_test(c, i, VALUE);
    if (!looks)
        emit_store(c->code, i->size, at, VALUE);
    bit_tested(c, wanted);
}

/* --- Exchanges --- The host's instructions use the same registers. */
static struct rm exchanged(struct compile *c, const struct insn *i, unsigned size)
{
    return memory_fix(c, memory_operand(c, i, size, TO_WRITE));
}

static void compare_and_exchange(struct compile *c, const struct insn *i)
{
    bool wanted = live_behind(c);
    struct rm at;
    unsigned r;

    spill(c, EAX, i->size);
    at = exchanged(c, i, i->size);
    if (wanted) {
        emit_load_zero(c->code, i->size, VALUE, at);
        emit_store(c->code, 4, FIELD(flag_a), RAX);
        emit_store(c->code, 4, FIELD(flag_b), VALUE);
    }
    r = i->size == 1 ? byte_begin(c, i->src) : host_register[i->src];
    emit_sized(c->code, i->size, 0x0FB1, r, at);
    if (i->size == 1)
        byte_end(c, i->src);
    host_flags_lost(c);
    if (wanted)
        owe(c, LAYERED_CMP, i->size, place_record, place_record, (struct place){NOWHERE, 0, 0},
            FLAGS_ARITHMETIC & ~FLAG_AF);
}

static void exchange_and_add(struct compile *c, const struct insn *i)
{
    bool wanted = live_behind(c);
    struct rm at;
    unsigned r;

    spill(c, i->src, i->size);
    at = exchanged(c, i, i->size);
    r = i->size == 1 ? byte_begin(c, i->src) : host_register[i->src];
    if (wanted)
        emit_store(c->code, 4, FIELD(flag_b), r);
    emit_sized(c->code, i->size, 0x0FC1, r, at);
    if (i->size == 1)
        byte_end(c, i->src);
    host_flags_lost(c);
    if (!wanted)
        return;
    emit_load_zero(c->code, i->size, VALUE, at);
    emit_store(c->code, 4, FIELD(flag_result), VALUE);
    owe(c, LAYERED_ADD, i->size, (struct place){NOWHERE, 0, 0}, place_record, place_record,
        FLAGS_ARITHMETIC & ~FLAG_AF);
}

/* Only ZF changes. */
static void compare_and_exchange_8(struct compile *c, const struct insn *i)
{
    bool wanted = live_behind(c) & FLAG_ZF;
    struct rm at;

    if (wanted)
        flush_and_ready(c);
    spill(c, EAX, 4);
    spill(c, EDX, 4);
    at = exchanged(c, i, 8);
    emit_op(c->code, 4, 0x0FC7, 1, at);
    host_flags_lost(c);
    if (wanted)
        zero_flag(c, CC_E);
}

/* --- Double shifts of 32 bits, from register to register --- OF (law 6) says for any count whether the last step
 * changed the sign. */
static void shift_double(struct compile *c, const struct insn *i)
{
    unsigned r = host_register[i->dst], from = host_register[i->src];
    bool left = i->operation == OP_SHLD, counted = i->form == FORM_RRC, wanted = live_behind(c);
    uint8_t *over = NULL;

    if (!counted && !(i->immediate & 31))
        return;
    spill(c, i->dst, 4);
    if (wanted && counted)
        flush_flags(c, &c->flags);
    emit_op(c->code, 4, (left ? 0x0FA4 : 0x0FAC) + counted, from, in_register(r));
    if (!counted)
        emit8(c->code, i->immediate & 31);
    host_flags_lost(c);
    if (!wanted)
        return;
    c->held = 0;
    emit_op(c->code, 1, 0x0F92, 0, in_register(SPARE)); /* SETB */
    if (counted) {
        emit_test_immediate(c->code, 1, in_register(RCX), 31);
        over = emit_jump_if(c->code, CC_E);
    }
    emit_op(c->code, 4, 0x0FB6, SPARE, in_register(SPARE));
    if (left) { /* the sign before the last step is CF; of SHRD, bit 30 of the result */
        emit_move(c->code, ADDEND, SPARE);
        emit_shift(c->code, SHIFT_SHL, 4, in_register(ADDEND), 31);
    } else {
        emit_lea(c->code, 4, ADDEND, at_sum(r, r, 0, 0));
    }
    emit_alu(c->code, ALU_XOR, 4, in_register(ADDEND), r);
    emit_shift(c->code, SHIFT_SHR, 4, in_register(ADDEND), 31);
    emit_shift(c->code, SHIFT_SHL, 4, in_register(ADDEND), 11);
    emit_alu(c->code, ALU_OR, 4, in_register(SPARE), ADDEND);
    emit_store(c->code, 4, FIELD(flag_a), SPARE);
    emit_store(c->code, 4, FIELD(flag_result), r);
    emit_flag_class(c, FLAGS_RESULT, 4);
    if (over)
        aim(over, c->code->at);
    flags_recorded(c, 0);
}

/* --- Which --- */
bool system_runs_on(const struct insn *i)
{
    return i->operation == OP_STI || i->operation == OP_POPF;
}

compile_function *system_compiler(const struct unit *u, const struct insn *i)
{
    bool v86 = u->bits & CONTEXT_VM, kernel = !(u->bits & CONTEXT_USER) && !v86, real = !(u->bits & CONTEXT_PROTECTED),
         loads = i->dst != SEG_SS && (real || kernel),
         pair = i->size == 4 && (i->form == FORM_RRI || i->form == FORM_RRC);

    switch (i->operation) {
    case OP_PUSH_SREG: return push_segment;
    case OP_MOV_TO_SREG: return loads ? move_to_segment : NULL;
    case OP_POP_SREG: return loads ? pop_segment : NULL;
    case OP_LES:
    case OP_LDS:
    case OP_LSS:
    case OP_LFS:
    case OP_LGS: return real && i->size == 2 ? load_far : NULL;
    case OP_VERR:
    case OP_VERW: return kernel && !real ? verify_segment : NULL;
    case OP_MOV_FROM_SREG: return move_from_segment;
    case OP_PUSHF: return v86 ? NULL : push_flags;
    case OP_POPF: return v86 ? NULL : pop_flags;
    case OP_SYSENTER: return real ? NULL : enter_flat;
    case OP_SYSEXIT: return kernel && !real ? enter_flat : NULL;
    case OP_CLI: return kernel ? close_interrupts : NULL;
    case OP_STI: return kernel ? open_interrupts : NULL;
    case OP_BT:
    case OP_BTS:
    case OP_BTR:
    case OP_BTC:
        return i->form == FORM_MI || (i->form == FORM_MR && !(i->prefixes & PREFIX_ADDRESS16)) ? bit_in_memory : NULL;
    case OP_CMPXCHG: /* AH would change places with AL */
        return i->form == FORM_MR && !(i->size == 1 && i->src == 4) ? compare_and_exchange : NULL;
    case OP_XADD: return i->form == FORM_MR ? exchange_and_add : NULL;
    case OP_CMPXCHG8B: return compare_and_exchange_8;
    case OP_SHLD:
    case OP_SHRD: return pair && !(i->form == FORM_RRC && i->dst == ECX) ? shift_double : NULL;
    default: return NULL;
    }
}

struct flag_use system_flag_use(const struct insn *i)
{
    switch (i->operation) {
    case OP_PUSH_SREG:
    case OP_MOV_TO_SREG:
    case OP_POP_SREG:
    case OP_LES:
    case OP_LDS:
    case OP_LSS:
    case OP_LFS:
    case OP_LGS: return (struct flag_use){0, 0, true};
    case OP_MOV_FROM_SREG: return (struct flag_use){0, 0, i->form == FORM_MR};
    case OP_BT:
    case OP_BTS:
    case OP_BTR:
    case OP_BTC: return (struct flag_use){0, FLAG_CF, true};
    case OP_CMPXCHG:
    case OP_XADD: return (struct flag_use){0, FLAGS_ARITHMETIC, true};
    case OP_VERR:
    case OP_VERW:
    case OP_CMPXCHG8B: return (struct flag_use){0, FLAG_ZF, true};
    case OP_SHLD:
    case OP_SHRD: return (struct flag_use){0, i->form == FORM_RRI && i->immediate & 31 ? FLAGS_ARITHMETIC : 0, false};
    default: return (struct flag_use){FLAGS_ARITHMETIC, 0, true};
    }
}
