/* generate.c - trials from the rows of the decoder's table: prefixes, operands, registers, flags and memory at
 * random, and where any number would hardly do - addresses, selectors, targets of jumps - such as make sense most of
 * the time. */
#include "tests/hostfuzz/hostfuzz.h"

#include <string.h>

/* --- Numbers --- */

static uint32_t random32(struct fuzz *f)
{
    uint64_t z = f->random += 0x9E3779B97F4A7C15u; /* splitmix64 */

    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (uint32_t)(z >> 32);
}

static uint32_t below(struct fuzz *f, uint32_t n)
{
    return (uint32_t)((uint64_t)random32(f) * n >> 32);
}

static bool one_in(struct fuzz *f, uint32_t n)
{
    return below(f, n) == 0;
}

/* A number of the kind that finds something. */
static uint32_t number(struct fuzz *f)
{
    static const uint32_t edges[] = {0,      1,      2,       0x7F,       0x80,       0xFF,       0x100,     0x7FFF,
                                     0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF};
    uint32_t r = random32(f);

    /* clang-format off */
    switch (r >> 29) {
    case 0:  return edges[r % (sizeof edges / sizeof *edges)];
    case 1:  return r & 31;
    case 2:  return (uint32_t)(int8_t)r;
    case 3:  return (uint16_t)r;
    case 4:  return (r & 0xFF) * 0x01010101u;
    default: return random32(f);
    }
    /* clang-format on */
}

/* --- Rows --- */

/* clang-format off */
/* Rows of which there are no trials, and why. */
static const struct { uint16_t operation; const char *reason; } left_out[] = {
    { OP_CPUID,    "the answer is the host's own" },
    { OP_RDTSC,    "the answer is the host's own" },
    { OP_SGDT,     "Linux keeps it from ring 3 (UMIP)" },
    { OP_SIDT,     "Linux keeps it from ring 3 (UMIP)" },
    { OP_SLDT,     "Linux keeps it from ring 3 (UMIP)" },
    { OP_STR,      "Linux keeps it from ring 3 (UMIP)" },
    { OP_SMSW,     "Linux keeps it from ring 3 (UMIP)" },
    { OP_SYSENTER, "it enters the kernel, or is #UD in long mode" },
    { OP_SYSEXIT,  "it is #UD in long mode on AMD's" },
};
/* clang-format on */

const char *reason_left_out(const struct opcode_row *row)
{
    if (row->last_model < CPU_PENTIUM4)
        return "the Pentium 4 does not have it";
    if (row->operation > OP_WAIT)
        return "floating point and SIMD";
    for (size_t n = 0; n < sizeof left_out / sizeof *left_out; n++)
        if (left_out[n].operation == row->operation)
            return left_out[n].reason;
    return NULL;
}

/* Forms that are left out: later processors gave them to other instructions, or the kernel serves them. */
static bool is_left_out(const struct opcode_row *row, unsigned modrm)
{
    switch (row->operation) {
    case OP_LES:
    case OP_LDS:
    case OP_BOUND: return modrm >= 0xC0; /* VEX and EVEX */
    case OP_LGDT:
    case OP_LIDT:
    case OP_LMSW:
    case OP_INVLPG: return modrm >= 0xC0; /* virtualization, SWAPGS, MONITORX and others */
    case OP_INT: return modrm == 0x80;    /* a system call */
    default: return false;
    }
}

/* They transfer control or load a segment register: the code behind them cannot save what came out. */
static bool must_trap(const struct opcode_row *row)
{
    switch (row->operation) {
    case OP_JMP:
    case OP_CALL:
    case OP_RET:
    case OP_JMP_FAR:
    case OP_CALL_FAR:
    case OP_RETF:
    case OP_IRET:
    case OP_POPF:
    case OP_POP_SREG:
    case OP_MOV_TO_SREG:
    case OP_LES:
    case OP_LDS:
    case OP_LSS:
    case OP_LFS:
    case OP_LGS: return true;
    default: return row->attributes & ROW_BRANCH;
    }
}

bool pushes_often(const struct opcode_row *row)
{
    return row->operation == OP_PUSHA || row->operation == OP_ENTER || row->operation == OP_CALL_FAR;
}

/* --- Segments --- */

void segments_choose(struct fuzz *f)
{
    static const uint8_t kinds[16] = {[9] = KIND_DOWN, KIND_DOWN, KIND_DOWN, KIND_DOWN,
                                      KIND_CODE,       KIND_CODE, KIND_CODE};

    for (unsigned n = ENTRY_RANDOM; n < ENTRIES; n++) {
        struct entry *e = &f->entry[n];
        *e = (struct entry){.base = ARENA + DATA_AT + below(f, 0x14000),
                            .kind = kinds[below(f, 16)],
                            .wide = one_in(f, 2),
                            .fixed = one_in(f, 4),
                            .absent = one_in(f, 12),
                            .available = one_in(f, 2)};
        if (!one_in(f, 3))
            e->base &= ~15u;
        if (e->absent && e->kind == KIND_CODE && one_in(f, 2))
            e->kind = KIND_CONFORMING; /* Linux has them only absent */
        switch (below(f, 6)) {
        case 0: e->limit = below(f, 0x20); break;
        case 1:
            e->limit = 0xFFFFE;
            e->pages = true;
            break; /* with FFFFFh, offsets that wrap may or may not fault (SDM vol. 3, 5.3) */
        case 2:
            e->limit = below(f, 0x10);
            e->pages = true;
            break;
        case 3: e->limit = below(f, 0x2000); break;
        default: e->limit = 0xFFFF; break;
        }
    }
}

static bool is_readable(const struct entry *e)
{
    return !e->absent && !(e->kind >= KIND_CODE && e->fixed);
}

static bool is_stack(const struct entry *e)
{
    return !e->absent && e->kind < KIND_CODE && !e->fixed;
}

bool stack_is_wide(const struct fuzz *f, const struct trial *t)
{
    return f->segment[t->before.selector[SEG_SS] >> 3].rights & RIGHTS_D;
}

uint32_t linear_of(const struct fuzz *f, const struct trial *t, unsigned segment, uint32_t offset)
{
    return f->segment[t->before.selector[segment] >> 3].base + offset;
}

/* An offset within a segment, or about where it ends. */
static uint32_t offset_in(struct fuzz *f, uint16_t selector)
{
    const struct segment *s = &f->segment[selector >> 3];
    uint32_t first = 0, last = s->limit < 0xFFFF ? s->limit : 0xFFFF, offset;

    if (!selector)
        return number(f);
    if ((s->rights & (RIGHTS_CODE | RIGHTS_EXPAND_DOWN)) == RIGHTS_EXPAND_DOWN) {
        first = s->limit + 1;
        last = s->rights & RIGHTS_D ? first + 0x7FFF : 0xFFFF;
    }
    switch (below(f, 16)) {
    case 0: offset = last - 8 + below(f, 12); break;
    case 1: offset = first - 4 + below(f, 12); break;
    case 2: offset = (below(f, 0x12) << 12) - 8 + below(f, 12) - s->base; break; /* where a page ends */
    default: offset = last > first ? first + below(f, last - first) : first; break;
    }
    return one_in(f, 2) ? offset : offset & ~3u;
}

/* A selector for an instruction that loads or looks at one. */
static uint16_t selector_choose(struct fuzz *f)
{
    uint32_t r = random32(f);

    /* clang-format off */
    switch (r >> 28) {
    case 0:  return r & 3;
    case 1:  return (uint16_t)r;
    case 2:  return (r & 0x7C) == 0x30 ? 0 : r & 0x7F; /* Linux's GDT, but for its 64-bit code */
    case 3:  return (uint16_t)(r % ENTRIES << 3 | 4 | (r >> 8 & 3));
    case 4: case 5: case 6: return selector_of(r & 1 ? ENTRY_CODE32 : ENTRY_CODE16);
    default: return selector_of(ENTRY_DATA32 + below(f, ENTRIES - ENTRY_DATA32));
    }
    /* clang-format on */
}

static uint32_t target_choose(struct fuzz *f)
{
    return one_in(f, 24) ? number(f) : below(f, CODE_LIMIT + 0x100);
}

/* --- Bytes --- */

static unsigned prefixes_put(struct fuzz *f, const struct opcode_row *row, uint8_t *bytes, unsigned *repeat, bool *lock)
{
    static const uint8_t segments[] = {0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65};
    unsigned length = 0;

    *repeat = 0;
    *lock = one_in(f, row->attributes & ROW_LOCK ? 4 : 64);
    if (one_in(f, 3))
        bytes[length++] = 0x66;
    if (one_in(f, 4))
        bytes[length++] = 0x67;
    if (one_in(f, 4))
        bytes[length++] = segments[below(f, sizeof segments)];
    if (*lock)
        bytes[length++] = 0xF0;
    if (row->attributes & ROW_STRING ? !one_in(f, 3) : one_in(f, 32))
        bytes[length++] = *repeat = one_in(f, 2) ? 0xF2 : 0xF3;
    while (length && length < 13 && one_in(f, 64)) { /* once more, up to too many */
        bytes[length] = bytes[below(f, length)];
        length++;
    }
    for (unsigned n = length; n > 1; n--) {
        unsigned other = below(f, n);
        uint8_t byte = bytes[n - 1];
        bytes[n - 1] = bytes[other];
        bytes[other] = byte;
    }
    return length;
}

/* Opcode and ModRM, and behind them numbers that serve as displacement and immediate. Returns ModRM. */
static unsigned operands_put(struct fuzz *f, const struct opcode_row *row, uint8_t *p)
{
    unsigned modrm = random32(f) & 0xFF;

    if (row->opcode > 0xFF)
        *p++ = 0x0F;
    *p++ = (uint8_t)row->opcode;
    if (row->group >= 0)
        modrm = (modrm & 0xC7) | (unsigned)row->group << 3;
    *p++ = (uint8_t)modrm;
    if ((modrm & 7) == 4 && modrm < 0xC0)
        *p++ = (uint8_t)random32(f);
    store32(p, one_in(f, 4) ? number(f) : below(f, 0x2000) - (one_in(f, 4) ? 0x1000 : 0));
    store32(p + 4, number(f));
    store32(p + 8, number(f));
    return modrm;
}

/* An immediate that names code, or that decides how much ENTER takes, follows the opcode. */
static void immediate_put(struct fuzz *f, const struct opcode_row *row, struct trial *t, unsigned at)
{
    if (t->insn.form == FORM_F) {
        store32(t->bytes + at, target_choose(f));
        store16(t->bytes + at + t->insn.size, selector_choose(f));
    } else if (row->attributes & ROW_BRANCH) {
        uint32_t displacement = target_choose(f) - below(f, CODE_LIMIT);
        memcpy(t->bytes + at, &displacement, t->length - at);
    } else if (row->operation == OP_ENTER && !one_in(f, 32)) {
        t->bytes[at + 1] &= 15;
    }
}

/* An instruction that only its LOCK keeps from being one: some processors look at that late, or never. */
static void unlock(struct trial *t, unsigned mode, unsigned prefixes)
{
    uint8_t bytes[WINDOW];
    unsigned length = 0, locks;

    for (unsigned n = 0; n < WINDOW; n++)
        if (n >= prefixes || t->bytes[n] != 0xF0)
            bytes[length++] = t->bytes[n];
    locks = WINDOW - length;
    t->unlocked = locks && decode(bytes, length, mode, CPU_PENTIUM4, &t->insn) == DECODE_OK && t->insn.row == t->row &&
                  t->insn.length + locks <= 15;
    if (t->unlocked)
        t->length = t->insn.length + locks;
    else
        t->insn = (struct insn){.form = FORM_NONE};
}

static void bytes_make(struct fuzz *f, struct trial *t, const struct opcode_row *row)
{
    unsigned mode = DECODE_PROTECTED | (f->wide ? DECODE_32 : 0), at, modrm, repeat;
    uint8_t bytes[2 * WINDOW];
    bool lock;

    do {
        at = prefixes_put(f, row, bytes, &repeat, &lock);
        modrm = operands_put(f, row, bytes + at);
        memcpy(t->bytes, bytes, WINDOW);
        t->decoded = decode(t->bytes, WINDOW, mode, CPU_PENTIUM4, &t->insn);
    } while (is_left_out(row, modrm) || (t->decoded == DECODE_OK && t->insn.row != t->row));
    t->length = WINDOW;
    t->unlocked = false;
    if (t->decoded != DECODE_OK) {
        unlock(t, mode, at);
        return;
    }
    t->length = t->insn.length;
    immediate_put(f, row, t, at + (row->opcode > 0xFF ? 2 : 1));
    decode(t->bytes, t->length, mode, CPU_PENTIUM4, &t->insn);
}

/* --- Registers and memory --- */

static void set_low(uint32_t *reg, uint32_t value, bool narrow)
{
    *reg = narrow ? (*reg & 0xFFFF0000) | (uint16_t)value : value;
}

static void registers_choose(struct fuzz *f, struct trial *t, const struct opcode_row *row)
{
    struct state *s = &t->before;
    bool string = row->attributes & ROW_STRING;

    for (unsigned n = 0; n < 8; n++)
        s->reg[n] = number(f);
    for (unsigned n = 0; n < SEG_COUNT; n++) {
        unsigned entry;
        do
            entry = one_in(f, 3) ? ENTRY_DATA32 : below(f, ENTRIES);
        while (entry == ENTRY_CHANNEL || !(n == SEG_SS ? is_stack : is_readable)(&f->entry[entry]));
        s->selector[n] = n != SEG_SS && one_in(f, 32) ? 0 : selector_of(entry);
    }
    s->selector[SEG_CS] = code_selector(f);
    if (pushes_often(row) && !one_in(f, 32)) {
        s->selector[SEG_SS] = selector_of(one_in(f, 2) ? ENTRY_DATA32 : ENTRY_DATA16);
        s->reg[ESP] = 0x4000 + below(f, 0x8000);
    } else if (!one_in(f, 16)) {
        set_low(&s->reg[ESP], offset_in(f, s->selector[SEG_SS]), !stack_is_wide(f, t));
    }
    if (one_in(f, 2))
        s->reg[EBP] = offset_in(f, s->selector[SEG_SS]);
    if (string ? !one_in(f, 8) : one_in(f, 4)) {
        s->reg[ESI] = offset_in(f, s->selector[t->insn.segment]);
        s->reg[EDI] = offset_in(f, s->selector[SEG_ES]);
    }
    if (string ? !one_in(f, 16) : one_in(f, 4))
        s->reg[ECX] = below(f, 40);
    if (row->operation == OP_XLAT && !one_in(f, 8))
        s->reg[EBX] = offset_in(f, s->selector[t->insn.segment]);
    /* Not NT for IRET, which long mode has no tasks to return to. */
    s->flags = FLAG_FIXED | FLAG_IF | (random32(f) & FLAGS_ARITHMETIC) | (one_in(f, 8) ? FLAG_DF : 0) |
               (one_in(f, 48) ? FLAG_AC : 0) | (one_in(f, 48) ? FLAG_ID : 0) |
               (one_in(f, 48) && row->operation != OP_IRET ? FLAG_NT : 0) | (t->traps ? FLAG_TF : 0);
}

/* Moves the memory operand to somewhere in its segment. */
static void aim(struct fuzz *f, struct trial *t)
{
    const struct insn *insn = &t->insn;
    uint32_t *reg = t->before.reg, offset = offset_in(f, t->before.selector[insn->segment]) - insn->displacement;
    bool narrow = insn->prefixes & PREFIX_ADDRESS16;

    if (insn->base != REG_ZERO && insn->base != insn->index)
        set_low(&reg[insn->base], offset - (insn->index == REG_ZERO ? 0 : reg[insn->index] << insn->scale), narrow);
    else if (insn->base == REG_ZERO && insn->index != REG_ZERO)
        reg[insn->index] = offset >> insn->scale;
}

uint32_t operand_offset(const struct trial *t)
{
    const struct insn *insn = &t->insn;
    uint32_t address = insn->displacement;

    if (insn->base != REG_ZERO)
        address += t->before.reg[insn->base];
    if (insn->index != REG_ZERO)
        address += t->before.reg[insn->index] << insn->scale;
    return insn->prefixes & PREFIX_ADDRESS16 ? address & 0xFFFF : address;
}

/* Puts a number into memory if data lie there. */
static void data_put(struct fuzz *f, uint32_t linear, uint32_t value, unsigned size)
{
    uint8_t bytes[4];

    store32(bytes, value);
    if (linear - ARENA >= DATA_AT && linear - ARENA < IMAGE_SIZE - 4)
        image_put(f, linear - ARENA, bytes, size);
}

static void stack_put(struct fuzz *f, struct trial *t, unsigned word, uint32_t value)
{
    uint32_t esp = t->before.reg[ESP] + word * t->insn.size;

    data_put(f, linear_of(f, t, SEG_SS, stack_is_wide(f, t) ? esp : esp & 0xFFFF), value, t->insn.size);
}

/* A source operand, in memory at `at`, or in a register if that is 0. */
static void source_put(struct fuzz *f, struct trial *t, uint32_t at, uint32_t value, unsigned size)
{
    const struct insn *insn = &t->insn;

    if (at)
        data_put(f, at, value, size);
    else
        set_low(&t->before.reg[insn->form == FORM_R ? insn->dst : insn->src], value, size == 2);
}

static void season_division(struct fuzz *f, struct trial *t)
{
    uint32_t *reg = t->before.reg;

    reg[EDX] = one_in(f, 2) ? 0 : number(f) & 0xFF;
    if (t->insn.operation == OP_IDIV && one_in(f, 2))
        reg[EDX] = reg[EAX] >> 31 ? UINT32_MAX : 0;
    if (t->insn.size == 1 && one_in(f, 2))
        reg[EAX] = (uint32_t)(int8_t)reg[EAX];
}

/* Operands that make sense to the instruction. */
static void season(struct fuzz *f, struct trial *t)
{
    uint32_t *reg = t->before.reg;
    unsigned size = t->insn.size;
    uint32_t at = insn_has_memory(&t->insn) ? linear_of(f, t, t->insn.segment, operand_offset(t)) : 0;

    switch (t->insn.operation) {
    case OP_DIV:
    case OP_IDIV: season_division(f, t); break;
    case OP_CMPXCHG:
    case OP_CMPXCHG8B:
        if (one_in(f, 2))
            data_put(f, at, reg[EAX], size < 4 ? size : 4);
        if (size == 8 && one_in(f, 2))
            data_put(f, at + 4, reg[EDX], 4);
        break;
    case OP_ARPL:
    case OP_LAR:
    case OP_LSL:
    case OP_VERR:
    case OP_VERW:
    case OP_MOV_TO_SREG:
    case OP_LLDT:
    case OP_LTR: source_put(f, t, at, selector_choose(f), 2); break;
    case OP_LES:
    case OP_LDS:
    case OP_LSS:
    case OP_LFS:
    case OP_LGS:
    case OP_JMP_FAR:
    case OP_CALL_FAR:
        data_put(f, at, target_choose(f), size);
        data_put(f, at + size, selector_choose(f), 2);
        break;
    case OP_JMP:
    case OP_CALL:
        if (t->insn.form != FORM_I)
            source_put(f, t, at, target_choose(f), size);
        break;
    case OP_RET:
    case OP_RETF:
    case OP_IRET:
        stack_put(f, t, 0, target_choose(f));
        if (t->insn.operation != OP_RET)
            stack_put(f, t, 1, selector_choose(f));
        break;
    case OP_POP_SREG: stack_put(f, t, 0, selector_choose(f)); break;
    default: break;
    }
}

void data_choose(struct fuzz *f)
{
    uint8_t bytes[4];

    for (uint32_t at = DATA_AT; at < IMAGE_SIZE; at += 4) {
        store32(bytes, number(f));
        image_put(f, at, bytes, 4);
    }
}

/* --- Batches --- */

static void trial_make(struct fuzz *f, unsigned row, unsigned slot)
{
    struct trial *t = &f->trial[slot];
    uint8_t window[WINDOW];

    t->row = row;
    t->traps = must_trap(&opcode_rows[row]);
    bytes_make(f, t, &opcode_rows[row]);
    t->before.eip = window_end(f->wide, slot) - t->length;
    registers_choose(f, t, &opcode_rows[row]);
    if (t->decoded == DECODE_OK || t->unlocked) {
        if (insn_has_memory(&t->insn) && !one_in(f, 16))
            aim(f, t);
        season(f, t);
    }
    memset(window, 0x90, sizeof window);
    memcpy(window + WINDOW - t->length, t->bytes, t->length);
    image_put(f, (f->wide ? CODE_SIZE : 0) + window_end(f->wide, slot) - WINDOW, window, WINDOW);
}

void batch_make(struct fuzz *f, bool wide)
{
    unsigned rows[SLOTS], traps = SLOTS;

    f->wide = wide;
    f->fast = 0;
    while (f->fast < traps) {
        unsigned n = f->rows[below(f, f->row_count)];
        const struct opcode_row *row = &opcode_rows[n];
        if ((must_trap(row) || row->attributes & ROW_FAULTS) && !one_in(f, 4))
            continue; /* it costs a signal, as a rule */
        rows[must_trap(row) ? --traps : f->fast++] = n;
    }
    for (unsigned k = 0; k < SLOTS; k++)
        trial_make(f, rows[k], k);
}
