/* waits.c - which blocks only wait, and how many laps of them are sure to come. */
#include "emu/cpu/waits.h"

#include <string.h>

#define LAPS_BEFORE 4u /* laps that are run before one is looked at: short loops cost nothing */

#define NO_TEST 0xFF /* what decides the branch does not depend on the counter */

/* What the instructions of a block do together. */
struct block_effects {
    uint32_t carried;    /* bytes of registers that a lap reads before it writes them */
    uint32_t flags_read; /* flags that a lap reads before it writes them */
    uint32_t written, flags_written;
};

static bool reads_clock(const struct insn *insn)
{
    return insn->operation == OP_RDTSC || insn->operation == OP_RDPMC || insn->operation == OP_RDMSR;
}

/* Whether a lap changes nothing but registers and flags; sums up which. */
static bool sum_up(const struct code_block *block, struct block_effects *sum)
{
    uint32_t read = 0, flags_read = 0, flags_set = 0;

    *sum = (struct block_effects){.written = 0};
    for (unsigned n = 0; n < block->count; n++) {
        struct insn_effects e;
        insn_effects(&block->insn[n], &e);
        if (e.changes & ~(n + 1u == block->count ? (unsigned)CHANGE_FLOW : 0u) ||
            e.memory & ~(unsigned)(MEMORY_READ | MEMORY_STACK_READ) || e.units || e.segments_written ||
            reads_clock(&block->insn[n]))
            return false;
        read |= e.registers_read & ~sum->written;
        flags_read |= e.flags_read & ~flags_set;
        sum->written |= e.registers_written;
        sum->flags_written |= e.flags_written;
        flags_set |= e.flags_written & ~e.flags_kept;
    }
    sum->carried = read & sum->written;
    sum->flags_read = flags_read;
    return true;
}

/* The register of a step by a constant: INC, DEC, ADD and SUB of an immediate, LOOP; -1 for other instructions. */
static int step_of(const struct insn *insn, uint32_t *step)
{
    switch (insn->operation) {
    case OP_LOOP: *step = UINT32_MAX; return ECX;
    case OP_INC: *step = 1; break;
    case OP_DEC: *step = UINT32_MAX; break;
    case OP_ADD: *step = insn->immediate; break;
    case OP_SUB: *step = 0 - insn->immediate; break;
    default: return -1;
    }
    return (insn->form == FORM_R || insn->form == FORM_RI) && insn->size > 1 ? insn->dst : -1;
}

static unsigned step_size(const struct insn *insn)
{
    return insn->operation == OP_LOOP ? (insn->prefixes & PREFIX_ADDRESS16 ? 2 : 4) : insn->size;
}

/* CMP of the counter with what stays the same, or TEST with itself. */
static bool is_test(const struct insn *insn, unsigned counter, unsigned size)
{
    if (insn->dst != counter || insn->size != size)
        return false;
    if (insn->operation == OP_TEST)
        return insn->form == FORM_RR && insn->src == counter;
    return insn->operation == OP_CMP && (insn->form == FORM_RI || (insn->form == FORM_RR && insn->src != counter));
}

/* Finds what decides the branch at the block's end. False if that cannot be found. */
static bool find_test(struct code_block *block, unsigned counter, unsigned size)
{
    const struct insn *branch = &block->insn[block->count - 1];
    struct insn_effects e, at;

    insn_effects(branch, &e);
    block->wait_test = NO_TEST;
    if (branch->operation == OP_LOOP)
        block->wait_test = block->wait_counter;
    for (unsigned n = block->count - 1u; n-- > 0 && e.flags_read;) {
        insn_effects(&block->insn[n], &at);
        if (!(at.flags_written & e.flags_read))
            continue;
        if ((at.flags_written & ~at.flags_kept & e.flags_read) != e.flags_read)
            return false;
        if (n == block->wait_counter || is_test(&block->insn[n], counter, size))
            block->wait_test = (uint8_t)n;
        else if (at.registers_read & REGISTER_BYTES(counter, 4))
            return false;
        return true;
    }
    return true;
}

/* A block whose only carried register is one that counts, and that nothing but the test reads. */
static bool counts(struct code_block *block, uint32_t carried)
{
    struct insn_effects e;
    uint32_t step;
    int counter = -1;

    for (unsigned n = 0; n < block->count; n++) {
        int r = step_of(&block->insn[n], &step);
        if (r < 0 || !(carried & REGISTER_BYTES(r, 4)))
            continue;
        if (counter >= 0 || carried != REGISTER_BYTES(r, step_size(&block->insn[n])))
            return false;
        counter = r;
        block->wait_counter = (uint8_t)n;
    }
    if (counter < 0 || !find_test(block, (unsigned)counter, step_size(&block->insn[block->wait_counter])))
        return false;
    for (unsigned n = 0; n < block->count; n++) {
        insn_effects(&block->insn[n], &e);
        if (n != block->wait_counter && e.registers_written & REGISTER_BYTES(counter, 4))
            return false;
        if (n != block->wait_counter && n != block->wait_test && e.registers_read & REGISTER_BYTES(counter, 4))
            return false;
        /* its flags decide nothing but the branch */
        if (n + 1u < block->count && e.flags_read)
            return false;
    }
    return true;
}

static enum wait_kind classify(struct code_block *block)
{
    const struct insn *branch = &block->insn[block->count - 1];
    struct block_effects sum;

    if (!(opcode_rows[branch->row].attributes & ROW_BRANCH) || branch->offset + branch->length + branch->immediate != 0)
        return WAIT_NONE;
    if (!sum_up(block, &sum) || sum.flags_read & sum.flags_written)
        return WAIT_NONE;
    if (!sum.carried)
        return WAIT_REPEATS;
    return counts(block, sum.carried) ? WAIT_COUNTS : WAIT_NONE;
}

/* The values of the tested number for which a branch is taken: from lo on, length + 1 of them, in a ring. */
struct arc {
    uint32_t lo, length;
    bool empty;
};

static struct arc arc_from(uint32_t lo, uint32_t last, bool empty, uint32_t mask)
{
    return (struct arc){lo & mask, (last - lo) & mask, empty};
}

/* Conditions on the result of a step or a TEST. INC, DEC and TEST say nothing of the counter by CF. */
static struct arc result_arc(unsigned condition, const struct insn *insn, uint32_t mask)
{
    uint32_t sign = mask / 2 + 1, i = insn->immediate & mask;
    bool add = insn->operation == OP_ADD, has_carry = add || insn->operation == OP_SUB;

    switch (condition) {
    case OP_JZ: return arc_from(0, 0, false, mask);
    case OP_JNZ: return arc_from(1, mask, false, mask);
    case OP_JNS: return arc_from(0, sign - 1, false, mask);
    case OP_JS: return arc_from(sign, mask, false, mask);
    case OP_JB: return add ? arc_from(0, i - 1, !i, mask) : arc_from(0 - i, mask, !i || !has_carry, mask);
    case OP_JNB: return add ? arc_from(i, mask, false, mask) : arc_from(0, mask - i, !has_carry, mask);
    default: return arc_from(0, 0, true, mask);
    }
}

static struct arc compare_arc(unsigned condition, uint32_t x, uint32_t mask)
{
    uint32_t sign = mask / 2 + 1;

    switch (condition) {
    case OP_JZ: return arc_from(x, x, false, mask);
    case OP_JNZ: return arc_from(x + 1, x - 1, false, mask);
    case OP_JB: return arc_from(0, x - 1, x == 0, mask);
    case OP_JNB: return arc_from(x, mask, false, mask);
    case OP_JBE: return arc_from(0, x, false, mask);
    case OP_JNBE: return arc_from(x + 1, mask, x == mask, mask);
    case OP_JL: return arc_from(sign, x - 1, x == sign, mask);
    case OP_JNL: return arc_from(x, sign - 1, false, mask);
    case OP_JLE: return arc_from(sign, x, false, mask);
    case OP_JNLE: return arc_from(x + 1, sign - 1, x == sign - 1, mask);
    default: return arc_from(0, 0, true, mask);
    }
}

/* How many laps to come are sure to lead to another, the first of them being the next. */
static uint64_t laps_sure(const struct cpu *cpu, const struct code_block *block, unsigned counter, uint32_t step,
                          uint32_t mask)
{
    const struct insn *test = &block->insn[block->wait_test], *branch = &block->insn[block->count - 1];
    uint32_t value = cpu->reg[counter], position;
    struct arc arc;

    if (block->wait_test == NO_TEST)
        return UINT64_MAX;
    if (block->wait_test >= block->wait_counter)
        value += step;
    if (branch->operation == OP_LOOP)
        arc = arc_from(1, mask, false, mask);
    else if (test->operation == OP_CMP)
        arc = compare_arc(branch->operation, (test->form == FORM_RI ? test->immediate : cpu->reg[test->src]) & mask,
                          mask);
    else
        arc = result_arc(branch->operation, test, mask);
    position = (value - arc.lo) & mask;
    step &= mask;
    if (arc.empty || position > arc.length || !step)
        return 0;
    return 1 + (step <= mask / 2 ? (arc.length - position) / step : position / ((0 - step) & mask));
}

static void advance(struct cpu *cpu, struct code_block *block)
{
    const struct insn *counting = &block->insn[block->wait_counter];
    uint64_t sure = UINT64_MAX, laps = (uint64_t)cpu->left / block->count;
    uint32_t step = 0, mask = UINT32_MAX;
    int counter = EAX;

    if (block->wait == WAIT_COUNTS) {
        counter = step_of(counting, &step);
        mask = step_size(counting) == 2 ? 0xFFFF : UINT32_MAX;
        sure = laps_sure(cpu, block, (unsigned)counter, step, mask);
    }
    /* One lap is left to run: it leaves the flags as the last one does. */
    if (laps > sure)
        laps = sure;
    if (laps < 2)
        return;
    laps--;
    cpu->reg[counter] = (cpu->reg[counter] & ~mask) | ((cpu->reg[counter] + (uint32_t)laps * step) & mask);
    cpu->left -= (int64_t)(laps * block->count);
    cpu->waited += laps * block->count;
}

void wait_lap(struct cpu *cpu, struct code_block *block, uint32_t laps)
{
    if (block->wait == WAIT_UNKNOWN)
        block->wait = (uint8_t)classify(block);
    if (block->wait == WAIT_NONE || cpu->observer || cpu->run_waits)
        return;
    /* A lap that asked a device, or a page that is watched, is not known to repeat. */
    if (laps > LAPS_BEFORE && cpu->lap_slow == cpu->slow_accesses)
        advance(cpu, block);
    cpu->lap_slow = cpu->slow_accesses;
}
