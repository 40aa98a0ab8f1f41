/* disassemble.c - a record as text, in Intel syntax, for traces and for people.
 *
 * It walks the operands of the record's row as the decoder did. What the syntax cannot show is put in front: o16 and
 * o32 where an operand size is given and no operand shows it, a16 and a32 likewise. Most lines can be fed to an
 * assembler. */
#include "emu/cpu/decode.h"

#include <string.h>

struct line {
    char *at, *end;
};

static const char registers8[8][3] = {"al", "cl", "dl", "bl", "ah", "ch", "dh", "bh"};
static const char registers32[8][4] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};
static const char segment_names[SEG_COUNT][3] = {"es", "cs", "ss", "ds", "fs", "gs"};

static void put_char(struct line *line, char c)
{
    if (line->at < line->end)
        *line->at++ = c;
}

static void put(struct line *line, const char *text)
{
    while (*text)
        put_char(line, *text++);
}

/* 9, 10h, 0ffh. */
static void put_number(struct line *line, uint32_t value)
{
    int shift = 28;

    while (shift && !(value >> shift))
        shift -= 4;
    if (value >> shift > 9)
        put_char(line, '0');
    for (int i = shift; i >= 0; i -= 4)
        put_char(line, "0123456789abcdef"[value >> i & 15]);
    if (value > 9)
        put_char(line, 'h');
}

static void put_signed(struct line *line, uint32_t value, const char *plus)
{
    bool negative = value >> 31;

    put(line, negative ? "-" : plus);
    put_number(line, negative ? -value : value);
}

static void put_register(struct line *line, unsigned number, unsigned size)
{
    put(line, size == 1 ? registers8[number] : size == 2 ? registers32[number] + 1 : registers32[number]);
}

static const char *size_word(unsigned size)
{
    return size == 1 ? "byte " : size == 2 ? "word " : size == 8 ? "qword " : size == 16 ? "oword " : "dword ";
}

static void put_address(struct line *line, const struct insn *insn)
{
    unsigned width = insn->prefixes & PREFIX_ADDRESS16 ? 2 : 4;
    bool absolute = insn->base == REG_ZERO && insn->index == REG_ZERO;

    put_char(line, '[');
    if (insn->prefixes & PREFIX_SEGMENT) {
        put(line, segment_names[insn->segment]);
        put_char(line, ':');
    }
    if (insn->base != REG_ZERO)
        put_register(line, insn->base, width);
    if (insn->index != REG_ZERO) {
        if (insn->base != REG_ZERO)
            put_char(line, '+');
        put_register(line, insn->index, width);
        if (insn->scale) {
            put_char(line, '*');
            put_number(line, 1u << insn->scale);
        }
    }
    if (absolute)
        put_number(line, width == 2 ? insn->displacement & 0xFFFF : insn->displacement);
    else if (insn->displacement)
        put_signed(line, insn->displacement, "+");
    put_char(line, ']');
}

/* "dword [ebx]"; the types that are structures have no size to show. */
static void put_memory(struct line *line, const struct insn *insn, char type)
{
    if (opcode_rows[insn->row].attributes & ROW_PREFIXES)
        type = 'v'; /* MMX and SSE */
    switch (type) {
    case 'b': put(line, size_word(1)); break;
    case 'w': put(line, size_word(2)); break;
    case 'd': put(line, size_word(4)); break;
    case 'v': put(line, size_word(insn->size)); break;
    case 'q': put(line, size_word(8)); break;
    case 't': put(line, "tword "); break;
    }
    put_address(line, insn);
}

static void put_immediate(struct line *line, const struct insn *insn, bool first, char type)
{
    uint32_t value = !first && insn->operation == OP_ENTER ? insn->displacement : insn->immediate;

    if (insn->operation == OP_PUSH)
        put(line, size_word(insn->size));
    if (type == 'b' && insn->size > 1)
        put_signed(line, value, "");
    else
        put_number(line, insn->size == 1 ? value & 0xFF : insn->size == 2 ? value & 0xFFFF : value);
}

static void put_target(struct line *line, const struct insn *insn, uint32_t eip)
{
    uint32_t target = eip + insn->length + insn->immediate;

    put_number(line, insn->size == 2 ? target & 0xFFFF : target);
}

static void put_numbered(struct line *line, char kind, unsigned number)
{
    put_char(line, kind);
    put_char(line, 'r');
    put_number(line, number);
}

/* AL eAX CL DX and the segment registers. */
static void put_named(struct line *line, const struct insn *insn, const char *code)
{
    if (code[0] == 'e') {
        put_register(line, EAX, insn->size);
        return;
    }
    put_char(line, code[0] | 0x20);
    put_char(line, code[1] | 0x20);
}

static void put_operand(struct line *line, const struct insn *insn, bool first, const char *code, uint32_t eip)
{
    unsigned number = first ? insn->dst : insn->src;
    char place = code[0], type = code[1];

    if (type >= 'A' && type <= 'Z') {
        put_named(line, insn, code);
        return;
    }
    if (place == 'M' || place == 'O' ||
        ((place == 'E' || place == 'R' || place == 'Q' || place == 'W') && insn_has_memory(insn))) {
        put_memory(line, insn, place == 'R' ? 'w' : type);
        return;
    }
    switch (place) {
    case 'E':
    case 'G':
    case 'R':
    case 'Z': put_register(line, number, type == 'b' ? 1 : type == 'w' ? 2 : type == 'd' ? 4 : insn->size); break;
    case 'H':
    case 'K':
        put(line, "st");
        put_number(line, number);
        break;
    case 'P':
    case 'Q':
    case 'N':
        put(line, "mm");
        put_number(line, number);
        break;
    case 'V':
    case 'W':
    case 'U':
        put(line, "xmm");
        put_number(line, number);
        break;
    case 'S': put(line, segment_names[number]); break;
    case 'C':
    case 'D':
    case 'T': put_numbered(line, place | 0x20, number); break;
    case 'I': put_immediate(line, insn, first, type); break;
    case 'J': put_target(line, insn, eip); break;
    case '1': put_char(line, '1'); break;
    case 'A':
        put_number(line, insn->displacement);
        put_char(line, ':');
        put_number(line, insn->immediate);
        break;
    }
}

static void put_operands(struct line *line, const struct insn *insn, const char *code, uint32_t eip)
{
    for (bool first = true; *code; code++, first = false) {
        put(line, first ? " " : ", ");
        put_operand(line, insn, first, code, eip);
        while (code[1] && *code != ',')
            code++;
    }
}

/* The mnemonics that change with the size; null for the others. */
static const char *sized_mnemonic(const struct insn *insn)
{
    bool wide = insn->size == 4;

    /* clang-format off */
    switch (insn->operation) {
    case OP_PUSHA: return wide ? "pushad" : "pusha";
    case OP_POPA:  return wide ? "popad" : "popa";
    case OP_PUSHF: return wide ? "pushfd" : "pushf";
    case OP_POPF:  return wide ? "popfd" : "popf";
    case OP_IRET:  return wide ? "iretd" : "iret";
    case OP_CBW:   return wide ? "cwde" : "cbw";
    case OP_CWD:   return wide ? "cdq" : "cwd";
    case OP_JCXZ:  return insn->prefixes & PREFIX_ADDRESS16 ? "jcxz" : "jecxz";
    default:       return NULL;
    }
    /* clang-format on */
}

/* Whether the operand size matters to the row, and no operand of it shows which it is. */
static bool size_is_hidden(const struct opcode_row *row)
{
    switch (row->operation) {
    case OP_PUSH: return false; /* immediate: shown */
    case OP_JMP_FAR:
    case OP_SGDT:
    case OP_SIDT:
    case OP_LGDT:
    case OP_LIDT: return true;
    default: break;
    }
    for (const char *code = row->operands; *code; code++)
        if (*code == 'v')
            return false;
    return row->attributes & (ROW_STACK | ROW_BRANCH);
}

static void put_prefixes(struct line *line, const struct insn *insn, const struct opcode_row *row)
{
    bool string = row->attributes & ROW_STRING, compares = insn->operation == OP_CMPS || insn->operation == OP_SCAS;
    bool addresses = string || insn->operation == OP_XLAT; /* memory that no operand shows */
    bool loop = insn->operation >= OP_LOOP && insn->operation <= OP_LOOPNE;

    if (insn->prefixes & PREFIX_LOCK)
        put(line, "lock ");
    if (string && insn->prefixes & PREFIX_REP)
        put(line, compares ? "repe " : "rep ");
    if (string && insn->prefixes & PREFIX_REPNE)
        put(line, "repne ");
    if (addresses && insn->prefixes & PREFIX_SEGMENT) {
        put(line, segment_names[insn->segment]);
        put_char(line, ' ');
    }
    if (insn->prefixes & PREFIX_ADDRESS && (addresses || loop))
        put(line, insn->prefixes & PREFIX_ADDRESS16 ? "a16 " : "a32 ");
    if (insn->prefixes & PREFIX_OPERAND && size_is_hidden(row) && !sized_mnemonic(insn))
        put(line, insn->size == 2 ? "o16 " : "o32 ");
}

void disassemble(const struct insn *insn, uint32_t eip, char text[DISASSEMBLY_SIZE])
{
    struct line line = {text, text + DISASSEMBLY_SIZE - 1};
    const struct opcode_row *row = &opcode_rows[insn->row];
    const char *mnemonic = sized_mnemonic(insn);

    put_prefixes(&line, insn, row);
    put(&line, mnemonic ? mnemonic : operation_names[insn->operation]);
    if (row->attributes & ROW_STRING)
        put_char(&line, insn->size == 1 ? 'b' : insn->size == 2 ? 'w' : 'd');
    else if (insn->operation != OP_XLAT && insn->operation != OP_PUSHF && insn->operation != OP_POPF)
        put_operands(&line, insn, row->operands, eip);
    *line.at = 0;
}
