/* decode.c - bytes to a record, by the table in opcodes.h.
 *
 * Prefixes, opcode, row; then the row's operands, read in the manual's own notation from left to right: each takes the
 * bytes that it needs, ModRM when the first asks for it. (Intel SDM vol. 2, chapter 2 and appendix A.) */
#include "emu/cpu/decode.h"

#include <string.h>

#define LENGTH_LIMIT 15
#define NO_MODRM (-1)

/* Where decoding stands. The first thing that went wrong stays in `result`, and what is fetched from then on is 0. */
struct cursor {
    const uint8_t *bytes;
    size_t available;
    unsigned at;
    int modrm;
    enum decode_result result;
    unsigned operand_size; /* 2 or 4: what v and z stand for */
};

/* What an operand is to the form. */
enum kind { KIND_NONE, KIND_R, KIND_M, KIND_I, KIND_F, KIND_C, KIND_COUNT };

/* clang-format off */
static const uint8_t forms[KIND_COUNT][KIND_COUNT][KIND_COUNT] = {
    [KIND_R] = { { FORM_R }, [KIND_R] = { FORM_RR, [KIND_I] = FORM_RRI, [KIND_C] = FORM_RRC },
                 [KIND_M] = { FORM_RM, [KIND_I] = FORM_RMI }, [KIND_I] = { FORM_RI }, [KIND_C] = { FORM_RC } },
    [KIND_M] = { { FORM_M }, [KIND_R] = { FORM_MR, [KIND_I] = FORM_MRI, [KIND_C] = FORM_MRC }, [KIND_I] = { FORM_MI }, [KIND_C] = { FORM_MC } },
    [KIND_I] = { { FORM_I }, [KIND_R] = { FORM_RI }, [KIND_I] = { FORM_II } }, /* OUT Ib,AL: the accumulator counts as destination */
    [KIND_F] = { { FORM_F } }
};
/* clang-format on */

static uint32_t fetch(struct cursor *c, unsigned count)
{
    if (c->result != DECODE_OK)
        return 0;
    if (c->at + count > LENGTH_LIMIT) {
        c->result = DECODE_TOO_LONG;
        return 0;
    }
    if (c->at + count > c->available) {
        c->result = DECODE_MORE;
        return 0;
    }
    uint32_t value = 0;
    for (unsigned i = 0; i < count; i++)
        value |= (uint32_t)c->bytes[c->at++] << 8 * i;
    return value;
}

static uint32_t fetch_signed(struct cursor *c, unsigned count)
{
    uint32_t value = fetch(c, count), sign = 1u << (8 * count - 1);

    return (value ^ sign) - sign;
}

static unsigned modrm(struct cursor *c)
{
    if (c->modrm == NO_MODRM)
        c->modrm = (int)fetch(c, 1);
    return (unsigned)c->modrm;
}

/* Prefixes in any order and number; returns the byte after them. */
static unsigned decode_prefixes(struct cursor *c, struct insn *insn)
{
    for (;;) {
        unsigned byte = fetch(c, 1);
        switch (byte) {
        case 0x26:
        case 0x2E:
        case 0x36:
        case 0x3E:
            insn->segment = byte >> 3 & 3;
            insn->prefixes |= PREFIX_SEGMENT;
            break;
        case 0x64:
        case 0x65:
            insn->segment = (uint8_t)(byte - 0x64 + SEG_FS);
            insn->prefixes |= PREFIX_SEGMENT;
            break;
        case 0x66: insn->prefixes |= PREFIX_OPERAND; break;
        case 0x67: insn->prefixes |= PREFIX_ADDRESS; break;
        case 0xF0: insn->prefixes |= PREFIX_LOCK; break;
        case 0xF2: insn->prefixes = (insn->prefixes & ~PREFIX_REP) | PREFIX_REPNE; break;
        case 0xF3: insn->prefixes = (insn->prefixes & ~PREFIX_REPNE) | PREFIX_REP; break;
        default: return byte;
        }
    }
}

/* Which of the rows that a prefix selects. */
static unsigned selecting_prefix(const struct insn *insn)
{
    if (insn->prefixes & (PREFIX_REP | PREFIX_REPNE))
        return insn->prefixes & PREFIX_REP ? ROW_PREFIX_F3 : ROW_PREFIX_F2;
    return insn->prefixes & PREFIX_OPERAND ? ROW_PREFIX_66 : ROW_NO_PREFIX;
}

/* The row of an opcode for this model, or null. Reads ModRM where a row asks for it. */
static const struct opcode_row *find_row(struct cursor *c, const struct insn *insn, unsigned opcode,
                                         enum cpu_model model)
{
    unsigned i = opcode_first_row[OPCODE_INDEX(opcode)], prefix = selecting_prefix(insn);

    for (; i < opcode_row_count && opcode_rows[i].opcode == opcode; i++) {
        const struct opcode_row *row = &opcode_rows[i];
        if (model < row->first_model || row->last_model < model ||
            (row->attributes & ROW_PREFIXES && !(row->attributes & prefix)))
            continue;
        if (row->group >= 0 && row->group != (int)(row->group < 8 ? modrm(c) >> 3 & 7 : modrm(c)))
            continue;
        if (row->attributes & (ROW_MEMORY_ONLY | ROW_REGISTER_ONLY) &&
            !(row->attributes & ROW_MEMORY_ONLY) != (modrm(c) >= 0xC0))
            continue;
        return row;
    }
    return NULL;
}

/* SDM vol. 2 table 2-1. */
static void decode_address16(struct cursor *c, struct insn *insn)
{
    static const uint8_t base[8] = {EBX, EBX, EBP, EBP, ESI, EDI, EBP, EBX};
    static const uint8_t index[8] = {ESI, EDI, ESI, EDI, REG_ZERO, REG_ZERO, REG_ZERO, REG_ZERO};
    unsigned mod = modrm(c) >> 6, rm = modrm(c) & 7;

    if (mod == 0 && rm == 6) {
        insn->displacement = fetch_signed(c, 2);
        return;
    }
    insn->base = base[rm];
    insn->index = index[rm];
    if (mod)
        insn->displacement = fetch_signed(c, mod);
}

/* SDM vol. 2 tables 2-2 and 2-3. */
static void decode_address32(struct cursor *c, struct insn *insn)
{
    unsigned mod = modrm(c) >> 6, base = modrm(c) & 7;

    if (base == 4) {
        unsigned sib = fetch(c, 1), index = sib >> 3 & 7;
        base = sib & 7;
        if (index != 4) {
            insn->index = (uint8_t)index;
            insn->scale = sib >> 6;
        }
    }
    if (mod == 0 && base == 5) {
        insn->displacement = fetch(c, 4);
        return;
    }
    insn->base = (uint8_t)base;
    if (mod)
        insn->displacement = fetch_signed(c, mod == 1 ? 1 : 4);
}

static enum kind decode_memory(struct cursor *c, struct insn *insn)
{
    if (insn->prefixes & PREFIX_ADDRESS16)
        decode_address16(c, insn);
    else
        decode_address32(c, insn);
    if (!(insn->prefixes & PREFIX_SEGMENT) && (insn->base == EBP || insn->base == ESP))
        insn->segment = SEG_SS;
    return KIND_M;
}

/* Bytes of an operand by its type, the letters after the place. */
static unsigned type_size(const struct cursor *c, const char *type)
{
    /* clang-format off */
    switch (*type) {
    case 'b': case 'u': return 1;
    case 'w':           return 2;
    case 'd':           return type[1] == 'q' ? 16 : 4;
    case 'q':           return 8;
    case 't':           return 10;
    case 'p':           return type[1] == 's' || type[1] == 'd' ? 16 : c->operand_size;
    case 's':           return type[1] == 's' ? 4 : type[1] == 'd' ? 8 : c->operand_size;
    default:            return c->operand_size;
    }
    /* clang-format on */
}

/* A register by its number: the first operand is the destination, any later one the source. */
static enum kind set_register(struct insn *insn, bool first, unsigned number)
{
    if (first)
        insn->dst = (uint8_t)number;
    else
        insn->src = (uint8_t)number;
    return KIND_R;
}

static enum kind decode_immediate(struct cursor *c, struct insn *insn, bool first, const char *type)
{
    unsigned size = type_size(c, type);
    uint32_t value = *type == 'u' || *type == 'w' ? fetch(c, size) : fetch_signed(c, size);

    if (first || insn->operation != OP_ENTER)
        insn->immediate = value;
    else
        insn->displacement = value & 31;
    return KIND_I;
}

/* An operand that names its register: AL AX eAX CL DX, or a segment register. */
static enum kind decode_named(struct insn *insn, bool first, const char *code)
{
    static const char segments[] = "ECSDFG";

    if (code[1] != 'S')
        return code[0] == 'D' ? KIND_NONE : code[0] == 'C' ? KIND_C : set_register(insn, first, EAX);
    unsigned segment = 0;
    while (segments[segment] != code[0])
        segment++;
    insn->src = (uint8_t)segment; /* PUSH reads what POP writes */
    return set_register(insn, true, segment);
}

/* Whether an operand gives the instruction its size: the first place with a type does, but of MMX and SSE that which
 * may be memory. */
static bool gives_size(const struct insn *insn, char place)
{
    switch (place) {
    case 'I':
    case 'J':
    case 'P':
    case 'V': return false;
    case 'Q':
    case 'W':
    case 'N':
    case 'U': return true;
    default: return !insn->size;
    }
}

/* One operand in the notation of opcodes.h. */
static enum kind decode_operand(struct cursor *c, struct insn *insn, bool first, const char *code)
{
    char place = code[0], type = code[1];

    if (type >= 'A' && type <= 'Z') {
        if (!insn->size && (place == 'A' || place == 'e'))
            insn->size = (uint8_t)(place != 'A' ? c->operand_size : type == 'L' ? 1 : 2);
        return decode_named(insn, first, code);
    }
    if (gives_size(insn, place))
        insn->size = (uint8_t)type_size(c, code + 1);
    switch (place) {
    case 'E':
    case 'M':
    case 'Q':
    case 'W':
    case 'N':
    case 'U': return modrm(c) >= 0xC0 ? set_register(insn, first, modrm(c) & 7) : decode_memory(c, insn);
    case 'R':
        if (type == 'd' || modrm(c) >= 0xC0)
            return set_register(insn, first, modrm(c) & 7);
        insn->size = 2; /* Rv/Mw */
        return decode_memory(c, insn);
    case 'G':
    case 'S':
    case 'C':
    case 'D':
    case 'T':
    case 'P':
    case 'V': return set_register(insn, first, modrm(c) >> 3 & 7);
    case 'H':
    case 'K': return set_register(insn, first, place == 'K' ? modrm(c) & 7 : 0);
    case 'Z': return set_register(insn, first, opcode_rows[insn->row].opcode & 7);
    case 'I':
    case 'J': return decode_immediate(c, insn, first, code + 1);
    case '1': insn->immediate = 1; return KIND_I;
    case 'O': insn->displacement = insn->prefixes & PREFIX_ADDRESS16 ? fetch_signed(c, 2) : fetch(c, 4); return KIND_M;
    case 'A':
        insn->immediate = fetch(c, c->operand_size);
        insn->displacement = fetch(c, 2);
        return KIND_F;
    default: /* X, Y, F */ return KIND_NONE;
    }
}

static void decode_operands(struct cursor *c, struct insn *insn, const struct opcode_row *row)
{
    enum kind kinds[3] = {KIND_NONE, KIND_NONE, KIND_NONE};
    unsigned count = 0;

    for (const char *code = row->operands; *code; code++) {
        enum kind kind = decode_operand(c, insn, count == 0, code);
        if (kind != KIND_NONE)
            kinds[count++] = kind;
        while (code[1] && *code != ',')
            code++;
    }
    insn->form = row->attributes & ROW_STRING ? FORM_NONE : forms[kinds[0]][kinds[1]][kinds[2]];
    if (!insn->size)
        insn->size = (uint8_t)c->operand_size;
    if (row->opcode >> 3 == 0xD8 >> 3)
        insn->immediate = (row->opcode & 7u) << 8 | modrm(c);
}

bool insn_has_memory(const struct insn *insn)
{
    switch (insn->form) {
    case FORM_M:
    case FORM_RM:
    case FORM_MR:
    case FORM_MI:
    case FORM_MC:
    case FORM_RMI:
    case FORM_MRI:
    case FORM_MRC: return true;
    default: return false;
    }
}

static bool writes_memory(const struct insn *insn)
{
    return insn_has_memory(insn) && insn->form != FORM_RM && insn->form != FORM_RMI;
}

enum decode_result decode(const uint8_t *bytes, size_t available, unsigned mode, enum cpu_model model,
                          struct insn *insn)
{
    struct cursor c = {.bytes = bytes, .available = available, .modrm = NO_MODRM, .result = DECODE_OK};

    memset(insn, 0, sizeof *insn);
    insn->segment = SEG_DS;
    insn->base = insn->index = REG_ZERO;
    unsigned opcode = decode_prefixes(&c, insn);
    if (opcode == 0x0F)
        opcode = 0x0F00 | fetch(&c, 1);
    if (c.result != DECODE_OK)
        return c.result;
    if (!(insn->prefixes & PREFIX_ADDRESS) == !(mode & DECODE_32))
        insn->prefixes |= PREFIX_ADDRESS16;
    c.operand_size = !(insn->prefixes & PREFIX_OPERAND) == !(mode & DECODE_32) ? 2 : 4;

    const struct opcode_row *row = find_row(&c, insn, opcode, model);
    if (c.result != DECODE_OK)
        return c.result;
    if (!row || (row->attributes & ROW_PROTECTED && !(mode & DECODE_PROTECTED)))
        return DECODE_UNDEFINED;
    insn->row = (uint16_t)(row - opcode_rows);
    insn->operation = row->operation;
    decode_operands(&c, insn, row);
    if (c.result != DECODE_OK)
        return c.result;
    if (insn->prefixes & PREFIX_LOCK && !(row->attributes & ROW_LOCK && writes_memory(insn)))
        return DECODE_UNDEFINED;
    insn->length = (uint8_t)c.at;
    return DECODE_OK;
}
