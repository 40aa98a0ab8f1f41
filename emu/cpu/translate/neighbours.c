/* neighbours.c - which memory operands of a unit lie so near one another that one look at their page serves them all.
 *
 * Every register is followed through the unit as a value that is not known plus a constant: PUSH, POP, ADD of a
 * constant and the like keep the value, other writes begin a new one. Operands of one value, or of one sum of two,
 * whose offsets lie within REACH of one another are neighbours. Before the first of them their page is looked up once;
 * if they do not all lie in one page that the tables lead to, the unit is left for another that looks at each
 * (CONTEXT_PLAIN). What holds at the first access holds at the last: whatever takes an entry from the tables leaves the
 * block. */
#include "emu/cpu/translate/internal.h"

#define REACH 256u
#define NOTHING 8u /* number of the value 0 */
#define FAR (1 << 24)

struct value {
    uint16_t number;
    int32_t offset;
};

/* An operand's address is a value, plus another one shifted, plus an offset. */
struct origin {
    uint16_t base, index;
    uint8_t scale;
};

struct group {
    struct origin origin;
    int32_t low, high;
    uint8_t count, first;
    bool write;
    /* where the operand lies with respect to its registers, at the first instruction */
    uint8_t base, index;
    int32_t offset, displacement;
};

struct operand {
    bool stack, there;
    struct origin origin;
    uint8_t base, index;
    int32_t offset, displacement;
    unsigned size;
    bool write;
};

struct survey {
    struct unit *unit;
    struct value reg[9];
    uint16_t next;
    struct group group[2 * UNIT_LIMIT];
    uint8_t near[2 * UNIT_LIMIT]; /* of each group: 1 + its number among the unit's neighbours, or 0 */
    unsigned count;
    struct {
        uint8_t group; /* 1 + its number */
        int32_t offset;
    } member[UNIT_LIMIT][2];
};

static void renew(struct survey *s, unsigned r)
{
    s->reg[r] = (struct value){s->next++, 0};
}

static void shift_value(struct survey *s, unsigned to, unsigned from, int32_t change)
{
    int64_t offset = (int64_t)s->reg[from].offset + change;

    if (offset <= -FAR || offset >= FAR)
        renew(s, to);
    else
        s->reg[to] = (struct value){s->reg[from].number, (int32_t)offset};
}

/* --- Operands --- */
static bool has_plain_operand(const struct insn *i)
{
    bool bit_anywhere = i->operation >= OP_BT && i->operation <= OP_BTC && i->form == FORM_MR;

    return insn_has_memory(i) && i->operation != OP_LEA && !(i->prefixes & PREFIX_ADDRESS16) && !bit_anywhere;
}

static struct operand operand_of(const struct survey *s, const struct insn *i, const struct known_effects *e)
{
    const struct value *base = &s->reg[i->base], *index = &s->reg[i->index];
    int64_t offset = base->offset + ((int64_t)index->offset * (1 << i->scale)) + (int32_t)i->displacement;
    struct operand o;

    if (!has_plain_operand(i) || !e->memory_size || e->memory_size > 16 || !unit_is_flat(s->unit, i->segment) ||
        offset != (int32_t)offset)
        return (struct operand){.there = false};
    o = (struct operand){.there = true,
                         .origin = {base->number, index->number, i->scale},
                         .base = i->base,
                         .index = i->index,
                         .offset = (int32_t)offset,
                         .displacement = (int32_t)i->displacement,
                         .size = e->memory_size,
                         .write = e->memory & MEMORY_WRITE};
    if (base->number == NOTHING) { /* what is known of a register needs no register */
        o.base = REG_ZERO;
        o.displacement = (int32_t)((uint32_t)o.displacement + (uint32_t)base->offset);
    }
    if (index->number == NOTHING) {
        o.origin.scale = 0;
        o.index = REG_ZERO;
        o.displacement = (int32_t)((uint32_t)o.displacement + ((uint32_t)index->offset << i->scale));
    }
    return o;
}

static struct operand stack_operand_of(const struct survey *s, const struct insn *i)
{
    bool push = i->operation == OP_PUSH || i->operation == OP_CALL || i->operation == OP_PUSHF ||
                i->operation == OP_PUSH_SREG;
    unsigned base = i->operation == OP_LEAVE ? EBP : ESP;
    int32_t displacement = push ? -(int32_t)i->size : 0;

    if ((!push && i->operation != OP_POP && i->operation != OP_POPF && i->operation != OP_RET &&
         i->operation != OP_LEAVE) ||
        !(s->unit->bits & CONTEXT_STACK32) || !unit_is_flat(s->unit, SEG_SS))
        return (struct operand){.there = false};
    return (struct operand){.stack = true,
                            .there = true,
                            .origin = {s->reg[base].number, NOTHING, 0},
                            .base = (uint8_t)base,
                            .index = REG_ZERO,
                            .offset = s->reg[base].offset + displacement,
                            .displacement = displacement,
                            .size = i->size,
                            .write = push};
}

/* The group that an operand joins, or a new one. */
static struct group *group_for(struct survey *s, const struct operand *o, unsigned n)
{
    int32_t end = o->offset + (int32_t)o->size;
    struct group *g;

    for (g = s->group + s->count; g-- > s->group;) {
        int32_t low = o->offset < g->low ? o->offset : g->low, high = end > g->high ? end : g->high;
        if (g->origin.base != o->origin.base || g->origin.index != o->origin.index ||
            g->origin.scale != o->origin.scale || (int64_t)high - low > REACH)
            continue;
        g->low = low;
        g->high = high;
        return g;
    }
    g = &s->group[s->count++];
    *g = (struct group){.origin = o->origin,
                        .low = o->offset,
                        .high = end,
                        .first = (uint8_t)n,
                        .base = o->base,
                        .index = o->index,
                        .offset = o->offset,
                        .displacement = o->displacement};
    return g;
}

static void join(struct survey *s, const struct operand *o, unsigned n)
{
    struct group *g;

    if (!o->there || o->offset > INT32_MAX - 16)
        return;
    g = group_for(s, o, n);
    g->count++;
    g->write |= o->write;
    s->member[n][o->stack].group = (uint8_t)(g - s->group + 1);
    s->member[n][o->stack].offset = o->offset;
}

/* --- Effects --- */
static uint8_t registers_of(uint32_t bytes)
{
    uint8_t registers = 0;

    for (unsigned r = 0; r < 8; r++)
        registers |= (uint8_t)(bytes & REGISTER_BYTES(r, 4) ? 1u << r : 0);
    return registers;
}

const struct known_effects *effects_of(struct known_effects known[KNOWN_EFFECTS], const struct insn *i)
{
    uint32_t prefixes = i->prefixes / PREFIX_REP % 8; /* REP, REPNE, PREFIX_ADDRESS16 */
    uint32_t of = (uint32_t)i->row << 20 | (uint32_t)i->form << 14 | (uint32_t)i->size << 9 | (uint32_t)i->dst << 6 |
                  (uint32_t)i->src << 3 | prefixes;
    struct known_effects *k = &known[(of * 0x9E3779B1u >> 16) % KNOWN_EFFECTS];
    struct insn_effects e;

    if (k->of == of)
        return k;
    insn_effects(i, &e);
    *k = (struct known_effects){.of = of,
                                .changed = registers_of(e.registers_written),
                                .memory = (uint8_t)e.memory,
                                .memory_size = (uint8_t)(e.memory_size < UINT8_MAX ? e.memory_size : UINT8_MAX)};
    return k;
}

/* --- Registers --- */
static void follow_writes(struct survey *s, unsigned written)
{
    for (unsigned r = 0; written >> r; r++)
        if (written >> r & 1)
            renew(s, r);
}

static void follow(struct survey *s, const struct insn *i, unsigned changed, bool loose)
{
    int32_t constant = (int32_t)i->immediate;
    bool whole = i->size == 4, moved = true;

    switch (i->operation) {
    case OP_MOV:
        if ((moved = whole && i->form == FORM_RR))
            shift_value(s, i->dst, i->src, 0);
        else if ((moved = whole && i->form == FORM_RI && !loose))
            shift_value(s, i->dst, REG_ZERO, constant);
        break;
    case OP_XOR:
        if ((moved = whole && i->form == FORM_RR && i->dst == i->src))
            shift_value(s, i->dst, REG_ZERO, 0);
        break;
    case OP_ADD:
    case OP_SUB:
        if ((moved = whole && i->form == FORM_RI && !loose && constant > -FAR && constant < FAR))
            shift_value(s, i->dst, i->dst, i->operation == OP_ADD ? constant : -constant);
        break;
    case OP_INC:
    case OP_DEC:
        if ((moved = whole && i->form == FORM_R))
            shift_value(s, i->dst, i->dst, i->operation == OP_INC ? 1 : -1);
        break;
    case OP_LEA:
        if ((moved = whole && i->index == REG_ZERO && i->base != REG_ZERO && !(i->prefixes & PREFIX_ADDRESS16)))
            shift_value(s, i->dst, i->base, (int32_t)i->displacement);
        break;
    case OP_PUSH:
    case OP_PUSHF:
    case OP_PUSH_SREG: shift_value(s, ESP, ESP, -(int32_t)i->size); break;
    case OP_POPF: shift_value(s, ESP, ESP, i->size); break;
    case OP_POP:
        if ((moved = i->form == FORM_R && i->dst != ESP)) {
            shift_value(s, ESP, ESP, i->size);
            renew(s, i->dst);
        }
        break;
    default: moved = false; break;
    }
    if (!moved)
        follow_writes(s, changed);
}

/* --- What is worth it --- */

/* Whether a group's registers are at the end of the unit what they are at its beginning. */
static bool stays(const struct survey *s, const struct group *g)
{
    const struct value *base, *index;

    if (g->origin.base > NOTHING || g->origin.index > NOTHING)
        return false;
    base = &s->reg[g->origin.base];
    index = &s->reg[g->origin.index];
    return base->number == g->origin.base && !base->offset && index->number == g->origin.index && !index->offset;
}

static void keep(struct survey *s, unsigned number)
{
    struct unit *u = s->unit;
    const struct group *g = &s->group[number];
    bool hoisted = u->loops && stays(s, g);
    struct neighbours *to = &u->near[u->near_count];

    s->near[number] = 0;
    if (u->near_count == NEIGHBOURS_LIMIT || g->count < (hoisted ? 1 : 2))
        return;
    if (g->origin.base == NOTHING && g->origin.index == NOTHING && (uint32_t)(g->low ^ (g->high - 1)) >= PAGE_SIZE)
        return; /* never in one page */
    *to = (struct neighbours){.first = g->first,
                              .write = g->write,
                              .length = (uint16_t)(g->high - g->low),
                              .base = g->base,
                              .index = g->index,
                              .scale = g->origin.scale,
                              .displacement = g->displacement + (g->low - g->offset)};
    if (hoisted) {
        to->first = NEAR_HOISTED;
        to->base = (uint8_t)g->origin.base;
        to->index = (uint8_t)g->origin.index;
        to->displacement = g->low;
    }
    s->near[number] = (uint8_t)++u->near_count;
}

/* The operands of the groups that were kept. */
static void note_members(struct survey *s)
{
    struct unit *u = s->unit;

    for (unsigned n = 0; u->near_count && n < u->count; n++)
        for (unsigned stack = 0; stack < 2; stack++) {
            unsigned number = s->member[n][stack].group - 1u;
            if (s->member[n][stack].group && s->near[number])
                u->access[n][stack] = (struct unit_access){
                    .near = s->near[number], .offset = (uint8_t)(s->member[n][stack].offset - s->group[number].low)};
        }
}

/* Whether some access of an instruction is looked up when it is made, and may fail then. */
static bool may_miss(const struct unit *u, unsigned n, const struct known_effects *e)
{
    unsigned operands = !!(e->memory & (MEMORY_READ | MEMORY_WRITE)) +
                        !!(e->memory & (MEMORY_STACK_READ | MEMORY_STACK_WRITE)),
             known = 0;

    for (unsigned stack = 0; stack < 2; stack++)
        known += u->access[n][stack].near && u->near[u->access[n][stack].near - 1].first != n;
    return e->memory_size >= 16 || known < operands ||
           e->memory & ~(MEMORY_READ | MEMORY_WRITE | MEMORY_STACK_READ | MEMORY_STACK_WRITE);
}

void find_neighbours(struct unit *u, struct known_effects known[KNOWN_EFFECTS])
{
    struct known_effects effects[UNIT_LIMIT];
    struct survey s;

    s.unit = u;
    s.next = NOTHING + 1;
    s.count = 0;
    memset(s.member, 0, u->count * sizeof *s.member);
    u->near_count = 0;
    memset(u->access, 0, u->count * sizeof *u->access);
    for (uint16_t r = 0; r <= NOTHING; r++)
        s.reg[r] = (struct value){r, 0};
    for (unsigned n = 0; n < u->count; n++) {
        const struct insn *i = &u->insn[n];
        const struct known_effects *e = &effects[n];
        bool compiled = u->compiled[n], joins = compiled && !(u->bits & CONTEXT_PLAIN);
        effects[n] = *effects_of(known, i);
        u->changed[n] = e->changed;
        if (joins && e->memory & (MEMORY_READ | MEMORY_WRITE)) {
            struct operand memory = operand_of(&s, i, e);
            join(&s, &memory, n);
        }
        if (joins && e->memory & (MEMORY_STACK_READ | MEMORY_STACK_WRITE)) {
            struct operand stack = stack_operand_of(&s, i);
            join(&s, &stack, n);
        }
        if (compiled)
            follow(&s, i, u->changed[n], u->loose_count && backend_loosens(i) && unit_loosens(u, i));
        else
            follow_writes(&s, 0xFF);
    }
    for (unsigned n = 0; n < s.count; n++)
        keep(&s, n);
    note_members(&s);
    for (unsigned n = 0; n < u->count; n++)
        u->may_miss[n] = may_miss(u, n, &effects[n]);
}
