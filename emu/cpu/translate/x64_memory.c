/* x64_memory.c - operands in memory: address, segment, page, alignment; one load of the table and two tests before the
 * access.
 *
 * An operand that lies across pages is never accessed here: it could only be one that is not aligned, and those go by a
 * stub that looks. */
#include "emu/cpu/translate/x64.h"

void effective_address_to(struct compile *c, const struct insn *i, unsigned destination)
{
    unsigned base = host_register[i->base], index = host_register[i->index];

    if (base == NO_REGISTER && index == NO_REGISTER) {
        emit_constant(c->code, destination,
                      i->prefixes & PREFIX_ADDRESS16 ? i->displacement & 0xFFFF : i->displacement);
        return;
    }
    emit_lea(c->code, 4, destination, at_sum(base, index, i->scale, (int32_t)i->displacement));
    if (i->prefixes & PREFIX_ADDRESS16)
        emit_load_zero(c->code, 2, destination, in_register(destination));
}

static struct rm memory_tested(struct compile *c, unsigned address)
{
    host_flags_lost(c);
    return at_sum(ADDEND, address, 0, 0);
}

struct rm memory_at(struct compile *c, unsigned address, unsigned size, unsigned kind)
{
    uint8_t *miss;

    c->held = 0;
    emit_move(c->code, ADDEND, address);
    emit_shift(c->code, SHIFT_SHR, 4, in_register(ADDEND), 12);
    emit_load(c->code, 8, ADDEND, at_sum(TABLE, ADDEND, 3, kind & TO_WRITE ? (int32_t)(PAGES_WRITE * 8) : 0));
    emit_test(c->code, 8, ADDEND, ADDEND);
    miss = emit_jump_if(c->code, CC_E);
    if ((kind & (TO_WRITE | NOT_BESIDE_CODE)) == TO_WRITE && size <= BESIDE_CODE_SIZE)
        stub_before_slow(c, STUB_BESIDE_CODE, size, address, miss);
    else
        slow_from(c, miss);
    if (size > 1 && !(kind & IS_WITHIN)) {
        emit_test_immediate(c->code, address < 4 || address >= 8 ? 1 : 4, in_register(address), size - 1);
        if (kind & TO_ALIGNED) {
            slow_from(c, emit_jump_if(c->code, CC_NE));
            return memory_tested(c, address);
        }
        stub_before_slow(c, STUB_UNALIGNED, size, address, emit_jump_if(c->code, CC_NE));
    }
    return memory_tested(c, address);
}

struct rm memory_in_segment(struct compile *c, unsigned segment, unsigned size, unsigned kind)
{
    int32_t end = (int32_t)(offsetof(struct cpu, seg) + segment * sizeof(struct segment));

    c->held = 0;
    if (!unit_is_flat(c->unit, segment)) {
        emit_lea(c->code, 8, ADDEND, at_address(ADDRESS, (int32_t)size));
        emit_alu_load(c->code, ALU_CMP, 8, ADDEND,
                      at_address(CPU, end + (int32_t)(kind & TO_WRITE ? offsetof(struct segment, write_end)
                                                                      : offsetof(struct segment, read_end))));
        slow_from(c, emit_jump_if(c->code, CC_A));
        emit_alu_load(c->code, ALU_ADD, 4, ADDRESS, at_address(CPU, end + (int32_t)offsetof(struct segment, base)));
    }
    return memory_at(c, ADDRESS, size, kind);
}

/* --- The stack --- */
static struct rm stack_field(const struct compile *c, size_t offset)
{
    offset += (c->unit->bits & CONTEXT_USER ? 1 : 0) * sizeof(struct stack_page);
    return at_address(CPU, (int32_t)(offsetof(struct cpu, view.stack) + offset));
}

/* R9 becomes the host's address of an operand if it lies in the page of the stack that is known. The jump that is
 * returned is taken if not. */
static uint8_t *emit_on_stack(struct compile *c, struct rm address, unsigned size)
{
    uint8_t *elsewhere;

    emit_lea(c->code, 4, ADDEND, address);
    emit_alu_load(c->code, ALU_SUB, 8, ADDEND, stack_field(c, offsetof(struct stack_page, page)));
    emit_alu_immediate(c->code, ALU_CMP, 8, in_register(ADDEND), PAGE_SIZE - size);
    elsewhere = emit_jump_if(c->code, CC_A);
    emit_alu_load(c->code, ALU_ADD, 8, ADDEND, stack_field(c, offsetof(struct stack_page, host)));
    return elsewhere;
}

/* The page of an operand whose host address is in R9, and that is written to, is known from now on. Takes R8. */
static void emit_stack_known(struct compile *c, struct rm address)
{
    emit_lea(c->code, 4, ADDRESS, address);
    emit_alu_immediate(c->code, ALU_AND, 4, in_register(ADDRESS), PAGE_MASK);
    emit_alu(c->code, ALU_SUB, 8, in_register(ADDEND), ADDRESS);
    emit_store(c->code, 8, stack_field(c, offsetof(struct stack_page, host)), ADDEND);
    emit_alu(c->code, ALU_ADD, 8, in_register(ADDEND), ADDRESS);
    emit_lea(c->code, 4, ADDRESS, address);
    emit_alu_immediate(c->code, ALU_AND, 4, in_register(ADDRESS), ~PAGE_MASK);
    emit_store(c->code, 8, stack_field(c, offsetof(struct stack_page, page)), ADDRESS);
}

/* Whether an address is most likely in the page of the stack: what lies below EBP, a frame has. */
static bool is_on_stack(unsigned base, int32_t displacement)
{
    return base == ESP || (base == EBP && displacement < 0);
}

/* An operand of a flat segment that is most likely there. */
static struct rm memory_on_stack(struct compile *c, struct rm address, unsigned size, unsigned kind)
{
    uint8_t *elsewhere = emit_on_stack(c, address, size), *found = c->code->at;
    bool known = kind & TO_WRITE && address.base == R12, swapped = aside_begin(c);

    aim(elsewhere, c->code->at);
    emit_lea(c->code, 4, ADDRESS, address);
    memory_at(c, ADDRESS, size, known ? kind | NOT_BESIDE_CODE : kind);
    emit_alu(c->code, ALU_ADD, 8, in_register(ADDEND), ADDRESS);
    if (known)
        emit_stack_known(c, address);
    emit_jump_to(c->code, found);
    aside_end(c, swapped);
    return at_address(ADDEND, 0);
}

static uint32_t bound_of(const struct compile *c, unsigned r)
{
    return c->bounded >> r & 1 ? c->bound[r] : UINT32_MAX;
}

/* Whether the index of an operand, if it has one, leads so little far that all of its reach may lie in one page: then
 * the look at that page comes out alike whatever the index is. */
static bool has_short_reach(const struct compile *c, const struct insn *i, unsigned size)
{
    return i->index == REG_ZERO || ((uint64_t)bound_of(c, i->index) << i->scale) + size <= PAGE_SIZE;
}

/* R9 becomes what the index is added to for an operand whose reach ends in the page after `frame`, if the table leads
 * to both: which of them it is, the index says, and no load waits for it. Jumps to `found` then. Takes R8 and R10. */
static void emit_two_pages(struct compile *c, const struct insn *i, struct rm frame, uint32_t reach, unsigned size,
                           unsigned kind, const uint8_t *found)
{
    struct rm last = at_address(frame.base, (int32_t)((uint32_t)frame.displacement + reach - 1));
    int32_t table = kind & TO_WRITE ? (int32_t)(PAGES_WRITE * 8) : 0;
    struct code *code = c->code;
    uint8_t *other[4];

    emit_lea(code, 4, ADDRESS, frame);
    emit_lea(code, 4, ADDEND, last);
    emit_alu(code, ALU_CMP, 4, in_register(ADDEND), ADDRESS);
    other[0] = emit_jump_if(code, CC_B);
    emit_test_immediate(code, 1, in_register(ADDRESS), size - 1);
    other[1] = emit_jump_if(code, CC_NE);
    emit_move(code, SPARE, ADDRESS);
    for (unsigned n = 0; n < 2; n++) {
        unsigned page = n ? SPARE : ADDEND;
        emit_shift(code, SHIFT_SHR, 4, in_register(page), 12);
        emit_load(code, 8, page, at_sum(TABLE, page, 3, table));
        emit_test(code, 8, page, page);
        other[2 + n] = emit_jump_if(code, CC_E);
        emit_alu(code, ALU_ADD, 8, in_register(page), ADDRESS);
    }
    emit_alu_immediate(code, ALU_AND, 4, in_register(ADDRESS), PAGE_MASK);
    emit_lea(code, 4, ADDRESS, at_sum(ADDRESS, host_register[i->index], i->scale, 0));
    emit_alu_immediate(code, ALU_CMP, 4, in_register(ADDRESS), PAGE_SIZE);
    emit_op(code, 8, 0x0F40 | CC_B, ADDEND, in_register(SPARE)); /* CMOVB */
    emit_jump_to(code, found);
    for (unsigned n = 0; n < 4; n++)
        aim(other[n], code->at);
}

/* The same with such an index. */
static struct rm memory_in_frame(struct compile *c, const struct insn *i, unsigned size, unsigned kind)
{
    unsigned index = host_register[i->index];
    struct rm frame = at_address(host_register[i->base], (int32_t)i->displacement);
    uint32_t reach = (bound_of(c, i->index) << i->scale) + size;
    uint8_t *elsewhere = emit_on_stack(c, frame, reach), *found = c->code->at;
    bool swapped = aside_begin(c);

    aim(elsewhere, c->code->at);
    if (size > 1 && (1u << i->scale) % size == 0) /* no element lies in both */
        emit_two_pages(c, i, frame, reach, size, kind, found);
    effective_address_to(c, i, ADDRESS);
    memory_at(c, ADDRESS, size, kind);
    emit_alu(c->code, ALU_ADD, 8, in_register(ADDEND), ADDRESS); /* less the index, which is added once more */
    emit_move(c->code, ADDRESS, index);
    emit_shift(c->code, SHIFT_SHL, 8, in_register(ADDRESS), i->scale);
    emit_alu(c->code, ALU_SUB, 8, in_register(ADDEND), ADDRESS);
    emit_jump_to(c->code, found);
    aside_end(c, swapped);
    if (size > 1)
        return at_sum(ADDEND, index, i->scale, 0);
    emit_lea(c->code, 8, ADDEND, at_sum(ADDEND, index, i->scale, 0)); /* it might change places with its high byte */
    return at_address(ADDEND, 0);
}

/* --- Neighbours --- */
static struct rm near_field(unsigned n)
{
    return at_address(CPU, (int32_t)(offsetof(struct cpu, view.near) + n * sizeof(uint64_t)));
}

/* Field by field, as what lies between fields is anything. */
static bool same_place(const struct place *a, const struct place *b)
{
    return a->where == b->where && a->reg == b->reg && a->value == b->value;
}

static bool same_flags(const struct owed_flags *a, const struct owed_flags *b)
{
    return a->owed == b->owed && a->class == b->class && a->size == b->size && a->ready == b->ready &&
           same_place(&a->a, &b->a) && same_place(&a->b, &b->b) && same_place(&a->result, &b->result);
}

static bool same_note(const struct x87_note *a, const struct x87_note *b)
{
    return a->noted == b->noted && a->memory == b->memory && a->segment == b->segment && a->opcode == b->opcode &&
           a->ip == b->ip;
}

/* Leaves the unit before the instruction at hand for the block that looks up each access. */
static void plain_from(struct compile *c, unsigned condition)
{
    struct stub *last = c->stub_count ? &c->stub[c->stub_count - 1] : NULL, *stub = last;

    if (!last || !last->plain || last->index != c->index || last->count == sizeof last->site / sizeof *last->site ||
        !same_flags(&last->before, &c->flags) || !same_note(&last->x87, &c->x87))
        stub = new_stub(c, STUB_EXIT);
    stub->plain = true;
    stub->site[stub->count++] = emit_jump_if(c->code, condition);
}

/* The entry of the tables of pages for an address that is known. */
static struct rm entry_at(uint32_t address, bool write)
{
    return at_address(TABLE, (int32_t)((address / PAGE_SIZE + (write ? PAGES_WRITE : 0)) * sizeof(uint64_t)));
}

/* Whether the page of neighbours is known when the code is made: what their address is made of is small. */
static bool is_near_known(const struct compile *c, const struct neighbours *near)
{
    uint64_t end = ((uint32_t)near->displacement & PAGE_MASK) + near->length;

    end += near->base == REG_ZERO ? 0 : bound_of(c, near->base);
    end += near->index == REG_ZERO ? 0 : (uint64_t)bound_of(c, near->index) << near->scale;
    return end <= PAGE_SIZE;
}

/* R9 becomes the host's address of the lowest byte of neighbours, by the tables. */
static void look_up_near(struct compile *c, const struct neighbours *near)
{
    unsigned base = host_register[near->base], index = host_register[near->index], address = ADDRESS;
    struct code *code = c->code;

    if (base == NO_REGISTER && index == NO_REGISTER)
        emit_constant(code, ADDRESS, (uint32_t)near->displacement);
    else if (index == NO_REGISTER && !near->displacement)
        address = base;
    else
        emit_lea(code, 4, ADDRESS, at_sum(base, index, near->scale, near->displacement));
    if (is_near_known(c, near)) {
        emit_load(code, 8, ADDEND, entry_at((uint32_t)near->displacement, near->write));
    } else {
        emit_move(code, ADDEND, address); /* the page goes below the offset: one comparison, and it is there */
        emit_shift(code, SHIFT_ROL, 4, in_register(ADDEND), 20);
        emit_alu_immediate(code, ALU_CMP, 4, in_register(ADDEND), ((PAGE_SIZE - near->length) << 20) + 0xFFFFF);
        plain_from(c, CC_A);
        emit_alu_immediate(code, ALU_AND, 4, in_register(ADDEND), 0xFFFFF);
        emit_load(code, 8, ADDEND, at_sum(TABLE, ADDEND, 3, near->write ? (int32_t)(PAGES_WRITE * 8) : 0));
    }
    emit_test(code, 8, ADDEND, ADDEND);
    plain_from(c, CC_E);
    emit_alu(code, ALU_ADD, 8, in_register(ADDEND), address);
}

static void emit_near(struct compile *c, unsigned n)
{
    const struct neighbours *near = &c->unit->near[n];
    struct rm address = at_address(host_register[near->base], near->displacement);

    if (near->index == REG_ZERO && is_on_stack(near->base, near->displacement)) {
        uint8_t *elsewhere = emit_on_stack(c, address, near->length), *found = c->code->at;
        bool swapped = aside_begin(c);
        aim(elsewhere, c->code->at);
        look_up_near(c, near);
        if (near->write && near->base == ESP)
            emit_stack_known(c, address);
        emit_jump_to(c->code, found);
        aside_end(c, swapped);
    } else {
        look_up_near(c, near);
    }
    emit_store(c->code, 8, near_field(n), ADDEND);
    c->held = (uint8_t)(n + 1);
    c->aligned[n] = 0;
    host_flags_lost(c);
}

void emit_neighbours(struct compile *c)
{
    for (; c->next_near < c->unit->near_count; c->next_near++) /* they are in the order of their first */
        if (c->unit->near[c->next_near].first == c->index)
            emit_near(c, c->next_near);
        else if (c->unit->near[c->next_near].first != NEAR_HOISTED)
            break;
}

void emit_hoisted(struct compile *c)
{
    for (unsigned n = 0; n < c->unit->near_count; n++)
        if (c->unit->near[n].first == NEAR_HOISTED)
            emit_near(c, n);
}

/* The operand of the instruction at hand, if its page was looked up. */
static bool near_operand(struct compile *c, const struct unit_access *access, unsigned kind, struct rm *operand)
{
    if (!access->near || (kind & TO_WRITE && !c->unit->near[access->near - 1].write))
        return false;
    if (c->held != access->near)
        emit_load(c->code, 8, ADDEND, near_field(access->near - 1u));
    c->held = access->near;
    *operand = at_address(ADDEND, access->offset);
    return true;
}

/* The same where it must be aligned: of operands that are as far from an aligned place in the memory of neighbours, one
 * is tested. What is not aligned faults. */
static bool aligned_near_operand(struct compile *c, const struct unit_access *access, unsigned size, unsigned kind,
                                 struct rm *operand)
{
    uint8_t place = (uint8_t)(1 + access->offset % size), *known;

    if (!near_operand(c, access, kind, operand))
        return false;
    known = &c->aligned[access->near - 1];
    if (*known == place)
        return true;
    emit_lea(c->code, 8, ADDRESS, *operand);
    emit_test_immediate(c->code, 1, in_register(ADDRESS), size - 1);
    slow_from(c, emit_jump_if(c->code, CC_NE));
    host_flags_lost(c);
    *known = place;
    return true;
}

struct rm stack_operand(struct compile *c, unsigned base, int32_t displacement, unsigned size, unsigned kind)
{
    struct rm operand;

    if (near_operand(c, &c->unit->access[c->index][1], kind, &operand))
        return operand;
    if (unit_is_flat(c->unit, SEG_SS))
        return memory_on_stack(c, at_address(base, displacement), size, kind);
    emit_lea(c->code, 4, ADDRESS, at_address(base, displacement));
    return memory_in_segment(c, SEG_SS, size, kind);
}

/* Whether an operand lies within a page whatever its index is. */
static bool is_within(const struct insn *i, unsigned size)
{
    if (i->base != REG_ZERO || i->prefixes & PREFIX_ADDRESS16)
        return false;
    if (i->index == REG_ZERO)
        return (i->displacement & PAGE_MASK) + size <= PAGE_SIZE;
    return (1u << i->scale | i->displacement) % size == 0 && size <= 1u << i->scale;
}

/* Whether that page is known: the operand is at one address, or in a table of which the index leads no further. */
static bool is_in_known_page(const struct compile *c, const struct insn *i, unsigned size, unsigned kind)
{
    uint64_t end = (i->displacement & PAGE_MASK) + size;

    if (i->index == REG_ZERO)
        return is_within(i, size) && !(kind & TO_ALIGNED && i->displacement % size);
    end += (uint64_t)bound_of(c, i->index) << i->scale;
    return i->base == REG_ZERO && !(i->prefixes & PREFIX_ADDRESS16) && !(kind & TO_ALIGNED) && end <= PAGE_SIZE;
}

/* Such an operand in a flat segment. */
static struct rm memory_in_known_page(struct compile *c, const struct insn *i, unsigned size, unsigned kind)
{
    unsigned index = host_register[i->index];
    struct rm operand = at_sum(ADDEND, index, i->scale, (int32_t)i->displacement);

    c->held = 0;
    emit_load(c->code, 8, ADDEND, entry_at(i->displacement, kind & TO_WRITE));
    emit_test(c->code, 8, ADDEND, ADDEND);
    slow_from(c, emit_jump_if(c->code, CC_E));
    /* A displacement is extended by its sign, an index might change places with its high byte. */
    if (operand.displacement < 0 || (index != NO_REGISTER && size == 1)) {
        effective_address_to(c, i, ADDRESS);
        operand = at_sum(ADDEND, ADDRESS, 0, 0);
    }
    host_flags_lost(c);
    return operand;
}

struct rm memory_operand(struct compile *c, const struct insn *i, unsigned size, unsigned kind)
{
    bool plain = i->index == REG_ZERO && !i->displacement && i->base != REG_ZERO && !(i->prefixes & PREFIX_ADDRESS16);
    const struct unit_access *access = &c->unit->access[c->index][0];
    struct rm operand;

    if (kind & TO_ALIGNED ? aligned_near_operand(c, access, size, kind, &operand)
                          : near_operand(c, access, kind, &operand))
        return operand;
    if (!(kind & TO_ALIGNED) && !(i->prefixes & PREFIX_ADDRESS16) && unit_is_flat(c->unit, i->segment) &&
        is_on_stack(i->base, (int32_t)i->displacement) && has_short_reach(c, i, size))
        return i->index == REG_ZERO
                   ? memory_on_stack(c, at_address(host_register[i->base], (int32_t)i->displacement), size, kind)
                   : memory_in_frame(c, i, size, kind);
    /* A register as it is serves as the address, unless it might change places with its high byte. */
    if (plain && unit_is_flat(c->unit, i->segment) && size > 1)
        return memory_at(c, host_register[i->base], size, kind);
    if (unit_is_flat(c->unit, i->segment) && is_in_known_page(c, i, size, kind))
        return memory_in_known_page(c, i, size, kind);
    effective_address_to(c, i, ADDRESS);
    if (!(kind & TO_ALIGNED) && unit_is_flat(c->unit, i->segment) && is_within(i, size))
        kind |= IS_WITHIN;
    return memory_in_segment(c, i->segment, size, kind);
}

struct rm memory_fix(struct compile *c, struct rm operand)
{
    if (operand.index == NO_REGISTER) /* so it is already */
        return operand;
    emit_lea(c->code, 8, ADDEND, operand);
    return at_address(ADDEND, 0);
}

static void set_bound(struct compile *c, unsigned r, uint32_t bound)
{
    c->bounded |= (uint8_t)(1u << r);
    c->bound[r] = bound;
}

void follow_bounds(struct compile *c, const struct insn *i)
{
    const struct insn *before = &c->unit->insn[c->index ? c->index - 1 : 0];
    bool whole = i->size == 4;

    c->bounded &= (uint8_t)~c->unit->changed[c->index];
    switch (i->operation) {
    case OP_MOVZX8:
        if (whole)
            set_bound(c, i->dst, 0xFF);
        break;
    case OP_MOVZX16:
        if (whole)
            set_bound(c, i->dst, 0xFFFF);
        break;
    case OP_AND:
        if (whole && i->form == FORM_RI && !is_loose(c, i))
            set_bound(c, i->dst, i->immediate);
        break;
    case OP_JBE:
    case OP_JNBE: /* or the unit is left */
        if (c->index + 1 < c->unit->count && unit_turns(c->unit, c->index) == (i->operation == OP_JBE) && c->index &&
            before->operation == OP_CMP && before->form == FORM_RI && before->size == 4 && !is_loose(c, before) &&
            bound_of(c, before->dst) > before->immediate)
            set_bound(c, before->dst, before->immediate);
        break;
    default: break;
    }
}
