/* unit.c - the front end: guest code to a unit of records, and which flags may be read. */
#include "emu/cpu/translate/internal.h"

#define FOLLOW_LIMIT 2u /* jumps that one unit goes along */
#define TAKEN_LIMIT 4u  /* and conditional ones that were mostly taken */
#define LAPS_LIMIT 32u  /* instructions of a loop's laps in a row, where it mostly has more than a unit has room for */

static bool is_conditional(const struct insn *i)
{
    return i->operation >= OP_JO && i->operation <= OP_JNLE;
}

static bool closes_loop(const struct insn *i)
{
    return is_conditional(i) && (int32_t)i->immediate < 0;
}

/* A conditional jump on the way does not end a unit, and the code after it, or where it was mostly taken to, is taken
 * in; one backwards closes a loop. over: that had all its laps. */
static bool ends_unit(const struct unit *u, const struct insn *i, bool over)
{
    return opcode_rows[i->row].attributes & ROW_ENDS_BLOCK && !(is_conditional(i) && (int32_t)i->immediate > 0) &&
           !over && !backend_runs_on(u, i);
}

/* Whether a unit that has room may go on where a jump leads: to another place in its page, of flat code, where it was
 * not yet unless the jump closes a loop. */
static bool leads_on(const struct unit *u, const struct insn *i, uint32_t target, uint32_t available)
{
    int32_t at = (int32_t)target;

    if (i->size != 4 || u->count == UNIT_LIMIT || (u->bits & (CONTEXT_32 | CONTEXT_BASE)) != CONTEXT_32)
        return false;
    if (at < -(int32_t)(u->physical & PAGE_MASK) || at >= (int32_t)available)
        return false;
    for (unsigned n = 0; n < u->count && !closes_loop(i); n++)
        if (insn_offset(&u->insn[n]) == target)
            return false;
    return true;
}

/* From the end to the front: a flag is looked at where an instruction reads it, and wherever the unit may be left. */
static void find_live_flags(struct unit *u)
{
    uint16_t live = FLAGS_ARITHMETIC;

    for (unsigned n = u->count; n-- > 0;) {
        struct flag_use use;
        backend_flag_use(u, n, &use);
        u->live[n] = live;
        u->written[n] = use.written;
        u->observed[n] = use.observed;
        live = (uint16_t)((live & ~use.written) | use.read);
        if (use.observed)
            live = FLAGS_ARITHMETIC;
    }
    u->live_before = live;
}

static bool jumps_to_start(const struct unit *u)
{
    const struct insn *last = &u->insn[u->count - 1];
    bool jump = is_conditional(last) || (last->operation == OP_JMP && last->form == FORM_I);
    uint32_t distance = insn_offset(last) + last->length + last->immediate;

    return jump && !distance && last->size == (u->bits & CONTEXT_32 ? 4 : 2) && !(u->bits & CONTEXT_PLAIN);
}

/* What is to be known of the records. */
static void survey(struct translator *t, struct unit *u)
{
    for (unsigned n = 0; n < u->count; n++)
        u->compiled[n] = backend_compiles(u, &u->insn[n], &u->compiler[n]);
    u->loops = jumps_to_start(u);
    find_neighbours(u, t->effects);
    find_live_flags(u);
}

/* Records in a row that the interpreter has decoded: mostly it ran what is to be translated. */
struct decoded {
    const struct insn *next, *end;
    unsigned reached; /* how often the next one was */
};

/* How the front end goes through a unit's code. */
struct path {
    struct decoded known;
    unsigned jumps, taken; /* that it went along */
    uint32_t closing;      /* where the last jump is that closes a loop */
    unsigned laps;         /* of which so many are still to be taken in */
    bool over;             /* that loop mostly ends after these, and the unit goes on after it */
};

/* The record at `offset` from the unit's first byte. often: whether it is a jump that was mostly taken. */
static enum decode_result record_at(const struct cpu *cpu, const struct unit *u, struct decoded *known,
                                    const uint8_t *bytes, uint32_t offset, uint32_t available, unsigned mode,
                                    struct insn *insn, bool *often)
{
    const struct code_block *block;

    *often = !cpu->translator->threshold && (u->physical + offset) & 1; /* nothing runs before: some of them */
    if (known->next == known->end && u->code && (block = code_block_kept(cpu, u->physical + offset, mode)))
        *known = (struct decoded){block->insn, block->insn + block->count, block->runs};
    if (known->next == known->end || known->next->length > available)
        return decode(bytes, available, mode, cpu->model, insn);
    *insn = *known->next++;
    insn->run = NULL;
    if (!(opcode_rows[insn->row].attributes & ROW_BRANCH))
        return DECODE_OK;
    *often = 2u * insn->taken > known->reached;
    known->reached -= insn->taken;
    return decode(bytes, available, mode, cpu->model, insn);
}

/* How often the loop from `target` to the jump at `closing` mostly runs when it is come to, and of how many
 * instructions it is; 0: that is not known. */
static unsigned laps_of(const struct cpu *cpu, const struct unit *u, uint32_t target, uint32_t closing, unsigned mode,
                        unsigned *length)
{
    static const uint8_t untried[] = {0, 1, 3, UINT8_MAX}; /* where nothing runs before */
    const struct code_block *block = u->code ? code_block_kept(cpu, u->physical + target, mode) : NULL;
    unsigned reached = block ? block->runs : 0;

    *length = u->count;
    if (!cpu->translator->threshold)
        return untried[(u->physical + target) % sizeof untried];
    for (unsigned n = 0; reached && n < block->count; n++) {
        const struct insn *i = &block->insn[n];
        *length = n + 1;
        if (i->offset == closing - target)
            return reached > i->taken ? (2 * reached / (reached - i->taken) + 1) / 2 : UINT8_MAX;
        if (opcode_rows[i->row].attributes & ROW_BRANCH)
            reached -= i->taken;
    }
    return 0;
}

/* Whether a unit goes on where its newest record, which jumps back, closes a loop: it takes in as many laps as that
 * mostly has, and the code after it; or if that is more than there is room for, and the unit begins with the loop,
 * some of them. */
static bool goes_round(const struct cpu *cpu, const struct unit *u, struct path *path, bool often, uint32_t target,
                       unsigned mode)
{
    uint32_t closing = insn_offset(&u->insn[u->count - 1]);
    unsigned length = 0, laps, room = UNIT_LIMIT - u->count;

    if (path->closing != closing) {
        laps = laps_of(cpu, u, target, closing, mode, &length);
        if (!laps || (target && !often))
            return false;
        laps -= !target;
        path->closing = closing;
        path->over = laps * length < room;
        path->laps = path->over ? laps : target ? 0 : LAPS_LIMIT / length - (LAPS_LIMIT >= length);
    }
    if (!path->laps)
        return false;
    path->laps--;
    return true;
}

/* Whether a unit goes on where its newest record jumps, and not behind it. often: that was mostly taken. */
static bool follows(const struct cpu *cpu, const struct unit *u, struct path *path, bool often, uint32_t target,
                    uint32_t available, unsigned mode)
{
    const struct insn *i = &u->insn[u->count - 1];
    bool taken = is_conditional(i) && (int32_t)i->immediate > 0 && often && path->taken < TAKEN_LIMIT;
    bool jump = i->operation == OP_JMP && i->form == FORM_I && path->jumps < FOLLOW_LIMIT;

    if (!(taken || jump || closes_loop(i)) || !leads_on(u, i, target, available))
        return false;
    if (closes_loop(i))
        return goes_round(cpu, u, path, often, target, mode);
    path->taken += taken;
    path->jumps += jump;
    return true;
}

enum decode_result unit_make(const struct cpu *cpu, struct unit *u, const uint8_t *bytes, uint32_t available,
                             unsigned limit)
{
    unsigned mode = (u->bits & CONTEXT_32 ? DECODE_32 : 0) | (u->bits & CONTEXT_PROTECTED ? DECODE_PROTECTED : 0);
    enum decode_result result = DECODE_OK;
    uint32_t offset = 0;
    struct path path = {.closing = UINT32_MAX};

    u->count = 0;
    u->bytes = u->before = 0;
    while (u->count < limit) {
        struct insn *insn = &u->insn[u->count];
        bool often;

        result = record_at(cpu, u, &path.known, bytes + (int32_t)offset, offset, available - offset, mode, insn,
                           &often);
        if (result != DECODE_OK)
            break;
        insn->offset = (uint16_t)offset;
        offset += insn->length;
        u->count++;
        if ((int32_t)offset > (int32_t)u->bytes)
            u->bytes = offset;
        if (follows(cpu, u, &path, often, offset + insn->immediate, available, mode)) {
            path.known = (struct decoded){NULL, NULL, 0};
            offset += insn->immediate;
            if (-(int32_t)offset > (int32_t)u->before)
                u->before = 0 - offset;
        } else if (ends_unit(u, insn, path.over && path.closing == insn_offset(insn))) {
            break;
        }
    }
    u->second = NO_SECOND;
    if (!u->count)
        return result;
    cache_loosen(cpu->translator, u);
    survey(cpu->translator, u);
    return DECODE_OK;
}

void unit_again(const struct cpu *cpu, struct unit *u, const struct translated *block)
{
    uint32_t available = PAGE_SIZE - (block->physical & PAGE_MASK);

    if (block->limit - block->eip < available - 1)
        available = block->limit - block->eip + 1;
    u->physical = block->physical;
    u->eip = block->eip;
    u->limit = block->limit;
    u->bits = block->bits;
    u->code = cpu->memory->ram + memory_page(cpu->memory, block->physical) * PAGE_SIZE + (block->physical & PAGE_MASK);
    unit_make(cpu, u, u->code, available, block->count);
}
