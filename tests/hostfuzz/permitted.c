/* permitted.c - what processors do differently: for each condition, all outcomes that are permitted, whole ones.
 *
 * A manual that leaves a choice is used in full by makers and generations. Ours is one of the outcomes always, the
 * first of each set, and a host's is one of the set. Only silicon extends this table: `seen` says which. The outcomes
 * are worked out here, from the state before the trial, and apart from the emulator. Undefined flags are a column of
 * the decoder's table, and hostfuzz.c leaves them out. */
#include "tests/hostfuzz/hostfuzz.h"

#include "emu/cpu/segments.h"

#include <string.h>

#define AMD "AMD families 25 and 26"

/* --- Memory as the trial found it --- */

static uint32_t memory_get(const struct situation *s, uint32_t linear, unsigned size)
{
    uint32_t value = 0;

    for (unsigned n = size; n-- > 0;) {
        uint32_t at = linear + n - ARENA;
        uint8_t byte = at >= IMAGE_SIZE ? 0 : at >= DATA_AT ? s->data[at - DATA_AT] : s->f->image[at];
        value = value << 8 | byte;
    }
    return value;
}

/* The same after an outcome's stores. */
static uint32_t memory_after(const struct situation *s, const struct permitted *p, uint32_t linear, unsigned size)
{
    uint32_t value = memory_get(s, linear, size);

    for (unsigned n = 0; n < p->stores; n++)
        for (unsigned k = 0; k < p->store[n].size; k++) {
            uint32_t at = p->store[n].linear + k - linear;
            if (at < size)
                value = (value & ~(UINT32_C(0xFF) << 8 * at)) | (p->store[n].value >> 8 * k & 0xFF) << 8 * at;
        }
    return value;
}

/* --- Faults --- An instruction that faults leaves everything as it was. */

static bool outcome_fault(struct outcome *o, const struct state *s, unsigned vector, uint32_t error, uint32_t cr2)
{
    *o = (struct outcome){.after = *s, .vector = vector, .error = error, .cr2 = cr2};
    return true;
}

static bool segment_refuses(const struct segment *s, uint32_t offset, unsigned size, bool write)
{
    uint64_t last = (uint64_t)offset + size - 1;

    if (!(s->rights & RIGHTS_P) || (write && (s->rights & RIGHTS_CODE || !(s->rights & RIGHTS_WRITABLE))))
        return true;
    if ((s->rights & (RIGHTS_CODE | RIGHTS_EXPAND_DOWN)) == RIGHTS_EXPAND_DOWN)
        return offset <= s->limit || last > (s->rights & RIGHTS_D ? UINT32_MAX : 0xFFFF);
    return last > s->limit;
}

static bool page_refuses(struct outcome *o, const struct state *s, uint32_t linear, bool write)
{
    uint32_t at = linear - ARENA;
    bool present = at < IMAGE_SIZE, fixed = at < DATA_AT || at - DATA_FIXED_AT < PAGE_SIZE;

    return (!present || (write && fixed)) &&
           outcome_fault(o, s, EXC_PF, 4u | (write ? 2 : 0) | (present ? 1 : 0), linear);
}

/* Whether an access faults, and the outcome if it does. */
static bool access_faults(const struct fuzz *f, const struct state *s, unsigned segment, uint32_t offset, unsigned size,
                          bool write, struct outcome *o)
{
    const struct segment *d = &f->segment[s->selector[segment] >> 3];
    uint32_t linear = d->base + offset, last = linear + size - 1;

    if (!s->selector[segment])
        return outcome_fault(o, s, EXC_GP, 0, 0);
    if (segment_refuses(d, offset, size, write))
        return outcome_fault(o, s, segment == SEG_SS ? EXC_SS : EXC_GP, 0, 0);
    if (s->flags & FLAG_AC && linear & (size - 1))
        return outcome_fault(o, s, EXC_AC, 0, 0);
    return page_refuses(o, s, linear, write) ||
           ((linear ^ last) & ~PAGE_MASK && page_refuses(o, s, last & ~PAGE_MASK, write));
}

/* The same for a place on the stack. */
static uint32_t stack_offset(const struct situation *s, uint32_t sp)
{
    return stack_is_wide(s->f, s->t) ? sp : sp & 0xFFFF;
}

static bool stack_faults(const struct situation *s, uint32_t sp, bool write, struct outcome *o)
{
    return access_faults(s->f, &s->t->before, SEG_SS, stack_offset(s, sp), s->t->insn.size, write, o);
}

static uint32_t stack_linear(const struct situation *s, uint32_t sp)
{
    return linear_of(s->f, s->t, SEG_SS, stack_offset(s, sp));
}

static uint32_t stack_get(const struct situation *s, uint32_t sp)
{
    return memory_get(s, stack_linear(s, sp), s->t->insn.size);
}

/* A push to below *sp that stays even if the instruction faults later. */
static bool push_faults(const struct situation *s, uint32_t *sp, uint32_t value, struct permitted *p)
{
    *sp -= s->t->insn.size;
    if (stack_faults(s, *sp, true, &p->outcome))
        return true;
    p->store[p->stores++] = (struct store){stack_linear(s, *sp), value, s->t->insn.size};
    return false;
}

static bool is_operation(const struct situation *s, unsigned operation)
{
    return s->t->decoded == DECODE_OK && s->t->insn.operation == operation;
}

/* --- Instructions that end --- */

static struct outcome *outcome_done(struct outcome *o, const struct trial *t)
{
    *o = (struct outcome){.after = t->before, .vector = VECTOR_NONE};
    o->after.eip += t->length;
    return o;
}

static void flags_put(struct outcome *o, uint32_t mask, uint32_t flags)
{
    o->after.flags = (o->after.flags & ~mask) | flags;
}

/* SF, ZF and PF of a result. */
static uint32_t flags_of(uint32_t result, unsigned size)
{
    uint32_t ones = result & 0xFF;

    ones ^= ones >> 4;
    ones ^= ones >> 2;
    ones ^= ones >> 1;
    return (result >> (8 * size - 1) & 1 ? FLAG_SF : 0) | (result ? 0 : FLAG_ZF) | (ones & 1 ? 0 : FLAG_PF);
}

/* A result of 2 or 4 bytes, for a register or for memory. */
static void register_put(struct outcome *o, unsigned reg, unsigned size, uint32_t value)
{
    o->after.reg[reg] = size == 2 ? (o->after.reg[reg] & 0xFFFF0000) | (uint16_t)value : value;
}

static uint32_t operand_linear(const struct situation *s)
{
    return linear_of(s->f, s->t, s->t->insn.segment, operand_offset(s->t));
}

static bool operand_faults(const struct situation *s, unsigned size, bool write, struct outcome *o)
{
    return access_faults(s->f, &s->t->before, s->t->insn.segment, operand_offset(s->t), size, write, o);
}

static void result_put(const struct situation *s, struct permitted *p, uint32_t value)
{
    if (insn_has_memory(&s->t->insn))
        p->store[p->stores++] = (struct store){operand_linear(s), value, s->t->insn.size};
    else
        register_put(&p->outcome, s->t->insn.dst, s->t->insn.size, value);
}

/* --- Conditions --- */

static unsigned lock_verw(const struct situation *s, struct permitted *set)
{
    const struct trial *t = s->t;
    struct outcome *executed = &set[1].outcome;

    if (!t->unlocked || t->insn.operation != OP_VERW || !insn_has_memory(&t->insn))
        return 0;
    outcome_fault(&set[0].outcome, &t->before, EXC_UD, 0, 0);
    if (!operand_faults(s, 2, false, executed)) {
        bool writable = host_writable((uint16_t)memory_get(s, operand_linear(s), 2));
        flags_put(outcome_done(executed, t), FLAG_ZF, writable ? FLAG_ZF : 0);
    }
    return 2;
}

static unsigned lock_cr0(const struct situation *s, struct permitted *set)
{
    const struct trial *t = s->t;

    if (!t->unlocked || (t->insn.operation != OP_MOV_FROM_CR && t->insn.operation != OP_MOV_TO_CR) ||
        opcode_rows[t->row].group != 0)
        return 0;
    outcome_fault(&set[0].outcome, &t->before, EXC_UD, 0, 0);
    outcome_fault(&set[1].outcome, &t->before, EXC_GP, 0, 0);
    return 2;
}

/* In a repetition, the state at the iteration that faults is ours. */
static unsigned cmps_two_faults(const struct situation *s, struct permitted *set)
{
    const struct trial *t = s->t;
    const struct state *at = &t->ours.after;
    uint32_t mask = t->insn.prefixes & PREFIX_ADDRESS16 ? 0xFFFF : UINT32_MAX;

    if (!is_operation(s, OP_CMPS) || t->ours.vector == VECTOR_NONE ||
        !access_faults(s->f, at, t->insn.segment, at->reg[ESI] & mask, t->insn.size, false, &set[0].outcome) ||
        !access_faults(s->f, at, SEG_ES, at->reg[EDI] & mask, t->insn.size, false, &set[1].outcome))
        return 0;
    return 2;
}

static unsigned call_two_faults(const struct situation *s, struct permitted *set)
{
    const struct trial *t = s->t;
    const struct insn *i = &t->insn;
    uint32_t target;

    if (!is_operation(s, OP_CALL))
        return 0;
    if (i->form == FORM_I)
        target = t->before.eip + t->length + i->immediate;
    else if (!insn_has_memory(i))
        target = t->before.reg[i->dst];
    else if (!operand_faults(s, i->size, false, &set[0].outcome))
        target = memory_get(s, operand_linear(s), i->size);
    else
        return 0;
    if ((i->size == 2 ? target & 0xFFFF : target) <= CODE_LIMIT ||
        !stack_faults(s, t->before.reg[ESP] - i->size, true, &set[1].outcome))
        return 0;
    outcome_fault(&set[0].outcome, &t->before, EXC_GP, 0, 0);
    return 2;
}

/* The outcome if all is checked first: pushes, then what is read of outer frames, then the new top of the stack. */
static bool enter_faults(const struct situation *s, struct outcome *o)
{
    const struct insn *i = &s->t->insn;
    uint32_t size = i->size, level = i->displacement & 31, pushes = level ? level + 1 : 1;
    uint32_t esp = s->t->before.reg[ESP], ebp = s->t->before.reg[EBP];

    for (uint32_t n = 1; n <= pushes; n++)
        if (stack_faults(s, esp - n * size, true, o))
            return true;
    for (uint32_t n = 1; n < level; n++)
        if (stack_faults(s, ebp - n * size, false, o))
            return true;
    return stack_faults(s, esp - pushes * size - i->immediate, true, o);
}

static unsigned enter_order(const struct situation *s, struct permitted *set)
{
    const struct insn *i = &s->t->insn;
    uint32_t size = i->size, level = i->displacement & 31, sp = s->t->before.reg[ESP], ebp = s->t->before.reg[EBP];
    uint32_t frame = sp - size;
    bool faults;

    if (!is_operation(s, OP_ENTER) || !enter_faults(s, &set[0].outcome))
        return 0;
    faults = push_faults(s, &sp, ebp, &set[1]);
    for (uint32_t n = 1; n < level && !faults; n++)
        faults = stack_faults(s, ebp - n * size, false, &set[1].outcome) ||
                 push_faults(s, &sp, memory_after(s, &set[1], stack_linear(s, ebp - n * size), size), &set[1]);
    faults = faults || (level && push_faults(s, &sp, frame, &set[1]));
    if (!faults)
        stack_faults(s, sp - i->immediate, true, &set[1].outcome);
    return 2;
}

static unsigned return_order(const struct situation *s, struct permitted *set)
{
    const struct trial *t = s->t;
    uint32_t size = t->insn.size, esp = t->before.reg[ESP], outer;
    bool iret = is_operation(s, OP_IRET);
    uint16_t selector;

    if (!iret && !is_operation(s, OP_RETF))
        return 0;
    for (uint32_t n = 0; n < (iret ? 3u : 2u); n++)
        if (stack_faults(s, esp + n * size, false, &set[0].outcome))
            return 0;
    selector = (uint16_t)stack_get(s, esp + size);
    if ((selector & SELECTOR_RPL) == 3)
        return 0;
    outcome_fault(&set[0].outcome, &t->before, EXC_GP, selector & ~(uint32_t)SELECTOR_RPL, 0);
    outer = esp + (iret ? 3 * size : 2 * size + (t->insn.immediate & 0xFFFF));
    if (!stack_faults(s, outer + size, false, &set[1].outcome) && !stack_faults(s, outer, false, &set[1].outcome))
        return 0;
    return 2;
}

static unsigned popa_keeps(const struct situation *s, struct permitted *set)
{
    const struct trial *t = s->t;
    uint32_t size = t->insn.size, mask = size == 2 ? 0xFFFF : UINT32_MAX, reg[8];

    if (!is_operation(s, OP_POPA))
        return 0;
    memcpy(reg, t->before.reg, sizeof reg);
    for (unsigned n = 0; n < 8; n++) {
        uint32_t sp = t->before.reg[ESP] + n * size;
        if (stack_faults(s, sp, false, &set[0].outcome)) {
            set[1].outcome = set[0].outcome;
            memcpy(set[1].outcome.after.reg, reg, sizeof reg);
            return 2;
        }
        if (7 - n != ESP)
            reg[7 - n] = (reg[7 - n] & ~mask) | stack_get(s, sp);
    }
    return 0;
}

static unsigned pusha_keeps(const struct situation *s, struct permitted *set)
{
    uint32_t sp = s->t->before.reg[ESP];

    if (!is_operation(s, OP_PUSHA))
        return 0;
    for (unsigned r = 0; r < 8; r++)
        if (push_faults(s, &sp, s->t->before.reg[r], &set[1])) {
            set[0].outcome = set[1].outcome;
            return 2;
        }
    return 0;
}

static unsigned far_call_keeps(const struct situation *s, struct permitted *set)
{
    const struct trial *t = s->t;
    uint32_t sp = t->before.reg[ESP];

    if (!is_operation(s, OP_CALL_FAR) || t->ours.vector == VECTOR_NONE ||
        push_faults(s, &sp, t->before.selector[SEG_CS], &set[1]))
        return 0;
    if (!push_faults(s, &sp, t->before.eip + t->length, &set[1]))
        outcome_fault(&set[1].outcome, &t->before, EXC_GP, 0, 0); /* the offset is beyond the limit */
    set[0].outcome = set[1].outcome;
    return t->ours.vector == set[0].outcome.vector && t->ours.error == set[0].outcome.error ? 2 : 0;
}

static unsigned icebp_address(const struct situation *s, struct permitted *set)
{
    if (!is_operation(s, OP_ICEBP) || !s->f->host.hypervisor)
        return 0;
    outcome_fault(&set[0].outcome, &s->t->before, EXC_DB, 0, 0);
    set[1].outcome = set[0].outcome;
    set[0].outcome.after.eip += s->t->length;
    return 2;
}

static unsigned null_selector(const struct situation *s, struct permitted *set)
{
    unsigned count = 1;

    set[0].outcome = set[1].outcome = s->t->ours;
    for (unsigned n = 0; n < SEG_COUNT; n++)
        if (s->t->ours.after.selector[n] - 1u < 3) {
            set[1].outcome.after.selector[n] = 0;
            count = 2;
        }
    return count == 2 ? 2 : 0;
}

static unsigned prefetch_register(const struct situation *s, struct permitted *set)
{
    if (!is_operation(s, OP_NOP) || opcode_rows[s->t->row].opcode != 0x0F0D || insn_has_memory(&s->t->insn))
        return 0;
    outcome_done(&set[0].outcome, s->t);
    outcome_fault(&set[1].outcome, &s->t->before, EXC_UD, 0, 0);
    return 2;
}

/* The end of a trial that traps; or #GP(0) if the target is beyond the limit. */
static void loop_end(struct outcome *o, const struct trial *t, bool taken)
{
    uint32_t target = t->before.eip + t->length + (taken ? t->insn.immediate : 0);

    if (t->insn.size == 2)
        target &= 0xFFFF;
    if (taken && target > CODE_LIMIT) {
        outcome_fault(o, &t->before, EXC_GP, 0, 0);
        return;
    }
    outcome_fault(o, &t->before, EXC_DB, 0, 0);
    o->after.eip = target;
    register_put(o, ECX, t->insn.prefixes & PREFIX_ADDRESS16 ? 2 : 4, t->before.reg[ECX] - 1);
}

static unsigned loop_repeat(const struct situation *s, struct permitted *set)
{
    const struct trial *t = s->t;
    bool while_equal = is_operation(s, OP_LOOPE), zero = t->before.flags & FLAG_ZF;
    uint32_t mask = t->insn.prefixes & PREFIX_ADDRESS16 ? 0xFFFF : UINT32_MAX, left = (t->before.reg[ECX] - 1) & mask;

    if ((!while_equal && !is_operation(s, OP_LOOPNE)) || !(t->insn.prefixes & (PREFIX_REP | PREFIX_REPNE)))
        return 0;
    loop_end(&set[0].outcome, t, left && zero == while_equal);
    loop_end(&set[1].outcome, t, left && zero == ((t->insn.prefixes & PREFIX_REP) != 0));
    return 2;
}

static unsigned bit_count(const struct situation *s, struct permitted *set)
{
    const struct trial *t = s->t;
    unsigned size = t->insn.size, bits = 8 * size, first = 0, last = bits - 1;
    bool forward = is_operation(s, OP_BSF);
    uint32_t value;

    if ((!forward && !is_operation(s, OP_BSR)) || !(t->insn.prefixes & PREFIX_REP))
        return 0;
    if (insn_has_memory(&t->insn)) {
        if (operand_faults(s, size, false, &set[0].outcome))
            return 0;
        value = memory_get(s, operand_linear(s), size);
    } else {
        value = size == 2 ? t->before.reg[t->insn.src] & 0xFFFF : t->before.reg[t->insn.src];
    }
    outcome_done(&set[0].outcome, t);
    set[1].outcome = set[0].outcome;
    flags_put(&set[0].outcome, FLAG_ZF, value ? 0 : FLAG_ZF);
    if (!value) {
        register_put(&set[1].outcome, t->insn.dst, size, bits);
        flags_put(&set[1].outcome, FLAG_ZF | FLAG_CF, FLAG_CF);
        return 2;
    }
    while (!(value >> first & 1))
        first++;
    while (!(value >> last & 1))
        last--;
    register_put(&set[0].outcome, t->insn.dst, size, forward ? first : last);
    register_put(&set[1].outcome, t->insn.dst, size, forward ? first : bits - 1 - last);
    flags_put(&set[1].outcome, FLAG_ZF | FLAG_CF, (forward ? first : bits - 1 - last) ? 0 : FLAG_ZF);
    return 2;
}

static unsigned double_shift(const struct situation *s, struct permitted *set)
{
    const struct trial *t = s->t;
    const struct insn *i = &t->insn;
    bool left = is_operation(s, OP_SHLD), by_cl = i->form == FORM_RRC || i->form == FORM_MRC;
    unsigned count = (by_cl ? t->before.reg[ECX] : i->immediate) & 31, turn = count & 15;
    uint32_t dst, src = t->before.reg[i->src] & 0xFFFF, turned;
    uint64_t all;

    if ((!left && !is_operation(s, OP_SHRD)) || i->size != 2 || count <= 16 ||
        (insn_has_memory(i) && operand_faults(s, 2, true, &set[0].outcome)))
        return 0;
    dst = (insn_has_memory(i) ? memory_get(s, operand_linear(s), 2) : t->before.reg[i->dst]) & 0xFFFF;
    all = (uint64_t)dst << 32 | src << 16 | dst;
    turned = (left ? src << turn | src >> (16 - turn) : src >> turn | src << (16 - turn)) & 0xFFFF;
    outcome_done(&set[0].outcome, t);
    outcome_done(&set[1].outcome, t);
    flags_put(&set[0].outcome, FLAG_CF, (left ? all >> (48 - count) : all >> (count - 1)) & 1);
    flags_put(&set[1].outcome, FLAG_CF, 0);
    all = (left ? all << count >> 32 : all >> count) & 0xFFFF;
    result_put(s, &set[0], (uint32_t)all);
    result_put(s, &set[1], turned);
    flags_put(&set[0].outcome, FLAG_SF | FLAG_ZF | FLAG_PF, flags_of((uint32_t)all, 2));
    flags_put(&set[1].outcome, FLAG_SF | FLAG_ZF | FLAG_PF, flags_of(turned, 2));
    return 2;
}

static unsigned push_segment(const struct situation *s, struct permitted *set)
{
    const struct trial *t = s->t;
    uint32_t esp = t->before.reg[ESP] - 4, linear = stack_linear(s, esp);

    if (!is_operation(s, OP_PUSH_SREG) || t->insn.size != 4 || stack_faults(s, esp, true, &set[0].outcome))
        return 0;
    register_put(outcome_done(&set[0].outcome, t), ESP, stack_is_wide(s->f, t) ? 4 : 2, esp);
    set[1].outcome = set[0].outcome;
    set[0].store[set[0].stores++] = (struct store){linear, t->before.selector[t->insn.dst], 4};
    set[1].store[set[1].stores++] = (struct store){linear + 2, memory_get(s, linear + 2, 2), 2};
    return 2;
}

/* clang-format off */
const struct permit permits[] = {
    {"lock-verw", "LOCK before VERW of memory: #UD (SDM, APM: LOCK), or LOCK is ignored and VERW does what it does without it",
     "AMD family 25", lock_verw},
    {"lock-cr0", "LOCK before MOV from and to CR0: #UD, or CR8 is meant (APM, AltMovCr8), which ring 3 may not use: #GP(0)", AMD, lock_cr0},
    {"cmps-two-faults", "CMPS whose operands both fault: the fault of either; which is read first is written nowhere",
     AMD, cmps_two_faults},
    {"call-two-faults", "near CALL to beyond the limit of CS where the push faults too: #GP(0), as the SDM's operation section "
     "has it, or the fault of the push", AMD, call_two_faults},
    {"enter-order", "ENTER that faults: all is checked before the first push, or pushes are done one by one, and stay",
     AMD, enter_order},
    {"return-order", "RETF and IRET to a selector of another level near the end of the stack: #GP of the selector, or the fault "
     "of reading SS:ESP of the outer level", AMD, return_order},
    {"popa-keeps", "POPA that faults: registers as before, or those that were popped stay", AMD, popa_keeps},
    {"pusha-keeps", "PUSHA that faults: memory as before, or what was pushed stays", AMD, pusha_keeps},
    {"far-call-keeps", "far CALL that faults after a push: memory as before, or what was pushed stays", AMD, far_call_keeps},
    {"icebp-address", "ICEBP under a hypervisor: a trap, or reported as a fault, at its own address", AMD, icebp_address},
    {"prefetch-register", "0F 0D with a register: NOP (SDM), or #UD (APM, PREFETCHW)", AMD, prefetch_register},
    {"loop-repeat", "F2 or F3 before LOOPE and LOOPNE: ignored, or it chooses the condition", AMD, loop_repeat},
    {"bit-count", "F3 before BSF and BSR: ignored, or TZCNT and LZCNT of later processors", AMD, bit_count},
    {"double-shift", "SHLD and SHRD of 16 bits by 17 to 31, whose result is undefined: that of dst:src:dst, or the source turned, and CF "
     "clear", "AMD family 25", double_shift},
    {"push-segment", "PUSH of a segment register with a 32-bit operand: the upper half of the stack's doubleword is 0, or as before",
     "Intel Core and Atom (SDM vol. 2, PUSH)", push_segment},
    {"null-selector", "a null selector other than 0 when Linux returns to ring 3: it stays, or is cleared (SDM, IRET)",
     "AMD family 25", null_selector},
};
/* clang-format on */
const unsigned permit_count = sizeof permits / sizeof *permits;
