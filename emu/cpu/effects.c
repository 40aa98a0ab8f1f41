/* effects.c - what an instruction may read and change, from its record: decode.h explains the answer.
 *
 * Most of it is in the row: the flags, and the operands with their sizes. What the notation does not say stands here:
 * whether an operand is read, written or both, which registers and what memory an operation uses without naming them,
 * and what it may change in the system. */
#include <string.h>

#include "emu/cpu/state.h"

/* --- What becomes of the first operand; any later one is read --- */
enum role { CHANGED, WRITTEN, READ, UNUSED };

/* clang-format off */
static const uint8_t roles[OP_COUNT] = {
#define IS(role, op) [OP_##op] = role
#define IS2(role, a, b) IS(role, a), IS(role, b)
#define IS4(role, a, b, c, d) IS2(role, a, b), IS2(role, c, d)
    IS4(WRITTEN, MOV, LEA, POP, MOV_FROM_SREG), IS4(WRITTEN, MOVZX8, MOVZX16, MOVSX8, MOVSX16),
    IS4(WRITTEN, LES, LDS, LFS, LGS), IS4(WRITTEN, LSS, SLDT, STR, SMSW), IS4(WRITTEN, SGDT, SIDT, IN, POP_SREG),
    IS4(WRITTEN, MOV_FROM_CR, MOV_FROM_DR, MOV_FROM_TR, MOV_TO_SREG), IS4(WRITTEN, FST, FSTP, FIST, FISTP),
    IS4(WRITTEN, FBSTP, FNSTENV, FNSAVE, FXSAVE), IS4(WRITTEN, FNSTCW, FNSTSW, STMXCSR, MOVNTI),
    IS4(WRITTEN, MOVD, MOVQ, MOVDQA, MOVDQU), IS4(WRITTEN, MOVUPS, MOVUPD, MOVAPS, MOVAPD),
    IS4(WRITTEN, MOVNTPS, MOVNTPD, MOVNTDQ, MOVNTQ), IS4(WRITTEN, MOVMSKPS, MOVMSKPD, PMOVMSKB, PEXTRW),
    IS4(WRITTEN, PSHUFW, PSHUFD, PSHUFHW, PSHUFLW), IS2(WRITTEN, MOVQ2DQ, MOVDQ2Q),
    IS4(WRITTEN, SQRTPS, SQRTPD, RCPPS, RSQRTPS), IS4(WRITTEN, CVTPI2PD, CVTPS2PD, CVTPD2PS, CVTDQ2PS),
    IS4(WRITTEN, CVTPS2PI, CVTPD2PI, CVTSS2SI, CVTSD2SI), IS4(WRITTEN, CVTTPS2PI, CVTTPD2PI, CVTTSS2SI, CVTTSD2SI),
    IS4(WRITTEN, CVTDQ2PD, CVTPS2DQ, CVTPD2DQ, CVTTPS2DQ), IS(WRITTEN, CVTTPD2DQ), IS4(READ, CMP, TEST, BT, PUSH),
    IS4(READ, MUL, IMUL, DIV, IDIV), IS4(READ, JMP, CALL, JMP_FAR, CALL_FAR), IS4(READ, LLDT, LTR, VERR, VERW),
    IS4(READ, LMSW, BOUND, LGDT, LIDT), IS4(READ, OUT, PUSH_SREG, FXRSTOR, LDMXCSR), IS2(READ, STOS, SCAS),
    IS(WRITTEN, LODS), IS4(READ, COMISS, COMISD, UCOMISS, UCOMISD), IS2(READ, MASKMOVQ, MASKMOVDQU),
    IS(READ, CLFLUSH), IS4(UNUSED, PREFETCHNTA, PREFETCHT0, PREFETCHT1, PREFETCHT2), IS2(UNUSED, NOP, INVLPG)
};
/* clang-format on */

static bool within(unsigned operation, unsigned first, unsigned last)
{
    return first <= operation && operation <= last;
}

static enum role first_role(const struct insn *i, bool x87)
{
    switch (i->operation) {
    case OP_IMUL2: return i->form == FORM_RR || i->form == FORM_RM ? CHANGED : WRITTEN;
    case OP_MOVSS:
    case OP_MOVSD: /* a load clears what it does not load */ return i->form == FORM_RR ? CHANGED : WRITTEN;
    case OP_MOVLPS:
    case OP_MOVLPD:
    case OP_MOVHPS:
    case OP_MOVHPD: return i->form == FORM_MR ? WRITTEN : CHANGED;
    default:
        if (within(i->operation, OP_SETO, OP_SETNLE))
            return WRITTEN;
        return x87 && roles[i->operation] == CHANGED ? READ : roles[i->operation];
    }
}

/* --- Operands --- */
static unsigned structure_size(const struct insn *i)
{
    switch (i->operation) {
    case OP_FLDENV:
    case OP_FNSTENV: return 7u * i->size;
    case OP_FRSTOR:
    case OP_FNSAVE: return 7u * i->size + 80;
    case OP_FXRSTOR:
    case OP_FXSAVE: return 288; /* of 512; 160 where there are no XMM registers */
    default: return 6;          /* the pseudo-descriptors */
    }
}

/* The bytes of an operand in a register or in memory, by the letters of its type. */
static unsigned operand_size(const struct insn *i, const char *type)
{
    switch (*type) {
    case 'b': return 1;
    case 'w': return 2;
    case 'd': return type[1] == 'q' ? 16 : 4;
    case 'q': return 8;
    case 't': return 10;
    case 'a': return 2u * i->size;
    case 'p': return type[1] == 's' || type[1] == 'd' ? 16 : i->size + 2u;
    case 's': return type[1] == 's' ? 4 : type[1] == 'd' ? 8 : structure_size(i);
    default: return i->size;
    }
}

static uint32_t general_bytes(unsigned number, unsigned size)
{
    return size == 1 && number >= 4 ? 2u << 4 * (number & 3) : REGISTER_BYTES(number, size);
}

static uint32_t address_bytes(const struct insn *i, unsigned number)
{
    return number == REG_ZERO ? 0 : REGISTER_BYTES(number, i->prefixes & PREFIX_ADDRESS16 ? 2 : 4);
}

static void take(uint32_t *read, uint32_t *written, uint32_t bits, enum role role)
{
    *read |= role == CHANGED || role == READ ? bits : 0;
    *written |= role == CHANGED || role == WRITTEN ? bits : 0;
}

static void take_narrow(uint8_t *read, uint8_t *written, unsigned number, enum role role)
{
    uint32_t r = 0, w = 0;

    take(&r, &w, 1u << number, role);
    *read |= (uint8_t)r;
    *written |= (uint8_t)w;
}

static void memory_operand(const struct insn *i, const char *type, enum role role, struct insn_effects *e)
{
    uint32_t read = 0, written = 0;

    if (role == UNUSED)
        return;
    e->registers_read |= address_bytes(i, i->base) | address_bytes(i, i->index);
    if (i->operation == OP_LEA)
        return;
    take(&read, &written, 1, role);
    e->memory |= (uint16_t)((read ? MEMORY_READ : 0) | (written ? MEMORY_WRITE : 0));
    e->memory_size = (uint16_t)operand_size(i, type);
    e->segments_read |= (uint8_t)(1u << i->segment);
}

/* One operand in the notation of opcodes.h. */
static void operand(const struct insn *i, const char *code, bool first, enum role role, struct insn_effects *e)
{
    unsigned number = first ? i->dst : i->src;

    if (code[1] == 'S' || *code == 'S') {
        take_narrow(&e->segments_read, &e->segments_written, *code == 'S' ? number : i->src, role);
        return;
    }
    if (*code == 'V' || *code == 'W' || *code == 'U')
        e->units |= UNIT_SSE;
    switch (*code) {
    case 'E':
    case 'M':
    case 'Q':
    case 'W':
    case 'O':
    case 'R':
        if (insn_has_memory(i)) {
            memory_operand(i, code + (code[0] == 'R' ? 4 : 1), role, e); /* Rv/Mw */
            return;
        }
        if (*code == 'Q')
            take_narrow(&e->mmx_read, &e->mmx_written, number, role);
        else if (*code == 'W')
            take_narrow(&e->xmm_read, &e->xmm_written, number, role);
        else
            take(&e->registers_read, &e->registers_written, general_bytes(number, operand_size(i, code + 1)), role);
        return;
    case 'G':
    case 'Z':
        take(&e->registers_read, &e->registers_written,
             general_bytes(number, code[1] == 'v' || code[1] == 'z' ? i->size : operand_size(i, code + 1)), role);
        return;
    case 'P':
    case 'N': take_narrow(&e->mmx_read, &e->mmx_written, number, role); return;
    case 'V':
    case 'U': take_narrow(&e->xmm_read, &e->xmm_written, number, role); return;
    case 'e': take(&e->registers_read, &e->registers_written, REGISTER_BYTES(EAX, i->size), role); return;
    case 'A':
        if (code[1] != 'p')
            take(&e->registers_read, &e->registers_written, REGISTER_BYTES(EAX, code[1] == 'L' ? 1 : 2), role);
        return;
    case 'C':
        if (code[1] == 'L')
            e->registers_read |= REGISTER_BYTES(ECX, 1);
        return;
    case 'D':
        if (code[1] == 'X')
            e->registers_read |= REGISTER_BYTES(EDX, 2);
        return;
    default: return;
    }
}

/* Whether an operand is a port or a string, which are no operands to the form: as decode.c counts. */
static bool counts(const char *code)
{
    return *code != 'X' && *code != 'Y' && *code != 'F' && !(code[0] == 'D' && code[1] == 'X');
}

static void operands(const struct insn *i, const struct opcode_row *row, struct insn_effects *e)
{
    enum role role = first_role(i, row->opcode >> 3 == 0xD8 >> 3);
    bool first = true;

    for (const char *code = row->operands; *code; code++) {
        operand(i, code, first, role, e);
        if (counts(code)) {
            first = false;
            role = i->operation == OP_XCHG || i->operation == OP_XADD ? CHANGED : READ;
        }
        while (code[1] && *code != ',')
            code++;
    }
}

/* --- Registers that no operand names --- */
static void implied_registers(const struct insn *i, struct insn_effects *e)
{
    uint32_t accumulator = REGISTER_BYTES(EAX, i->size), index = i->prefixes & PREFIX_ADDRESS16 ? 2 : 4, r = 0, w = 0;
    uint32_t pair = i->size == 1 ? REGISTER_BYTES(EAX, 2) : accumulator | REGISTER_BYTES(EDX, i->size);

    switch (i->operation) {
    case OP_MUL:
    case OP_IMUL:
        r = accumulator;
        w = pair;
        break;
    case OP_DIV:
    case OP_IDIV: r = w = pair; break;
    case OP_CBW:
        r = REGISTER_BYTES(EAX, i->size / 2);
        w = accumulator & ~r;
        break;
    case OP_CWD:
        r = REGISTER_BYTES(EAX, i->size) & ~REGISTER_BYTES(EAX, i->size - 1);
        w = REGISTER_BYTES(EDX, i->size);
        break;
    case OP_DAA:
    case OP_DAS: r = w = REGISTER_BYTES(EAX, 1); break;
    case OP_AAA:
    case OP_AAS:
    case OP_AAD: r = w = REGISTER_BYTES(EAX, 2); break;
    case OP_AAM:
        r = REGISTER_BYTES(EAX, 1);
        w = REGISTER_BYTES(EAX, 2);
        break;
    case OP_SALC: w = REGISTER_BYTES(EAX, 1); break;
    case OP_LAHF: w = general_bytes(4, 1); break;
    case OP_SAHF: r = general_bytes(4, 1); break;
    case OP_XLAT:
        r = REGISTER_BYTES(EAX, 1) | REGISTER_BYTES(EBX, index);
        w = REGISTER_BYTES(EAX, 1);
        break;
    case OP_CMPXCHG: r = w = accumulator; break;
    case OP_CMPXCHG8B:
        w = REGISTER_BYTES(EAX, 4) | REGISTER_BYTES(EDX, 4);
        r = w | REGISTER_BYTES(EBX, 4) | REGISTER_BYTES(ECX, 4);
        break;
    case OP_MASKMOVQ:
    case OP_MASKMOVDQU: r = REGISTER_BYTES(EDI, index); break;
    case OP_JCXZ: r = REGISTER_BYTES(ECX, index); break;
    case OP_LOOP:
    case OP_LOOPE:
    case OP_LOOPNE: r = w = REGISTER_BYTES(ECX, index); break;
    case OP_MOVS:
    case OP_CMPS: r = w = REGISTER_BYTES(ESI, index) | REGISTER_BYTES(EDI, index); break;
    case OP_STOS:
    case OP_SCAS:
    case OP_INS: r = w = REGISTER_BYTES(EDI, index); break;
    case OP_LODS:
    case OP_OUTS: r = w = REGISTER_BYTES(ESI, index); break;
    case OP_IN:
        if (i->size == 4 && i->form != FORM_RI) /* a call: bus.h */
            r = w = ~(REGISTER_BYTES(ESP, 4) | REGISTER_BYTES(EBP, 4));
        break;
    case OP_CPUID:
        r = REGISTER_BYTES(EAX, 4);
        w = r | REGISTER_BYTES(EBX, 4) | REGISTER_BYTES(ECX, 4) | REGISTER_BYTES(EDX, 4);
        break;
    case OP_RDTSC: w = REGISTER_BYTES(EAX, 4) | REGISTER_BYTES(EDX, 4); break;
    case OP_RDMSR:
    case OP_RDPMC:
        r = REGISTER_BYTES(ECX, 4);
        w = REGISTER_BYTES(EAX, 4) | REGISTER_BYTES(EDX, 4);
        break;
    case OP_WRMSR: r = REGISTER_BYTES(EAX, 4) | REGISTER_BYTES(ECX, 4) | REGISTER_BYTES(EDX, 4); break;
    case OP_SYSENTER: w = REGISTER_BYTES(ESP, 4); break;
    case OP_SYSEXIT:
        r = REGISTER_BYTES(ECX, 4) | REGISTER_BYTES(EDX, 4);
        w = REGISTER_BYTES(ESP, 4);
        break;
    case OP_ENTER:
        r = REGISTER_BYTES(EBP, 4);
        w = REGISTER_BYTES(EBP, i->size);
        break;
    case OP_LEAVE:
        r = REGISTER_BYTES(EBP, 4);
        w = REGISTER_BYTES(EBP, i->size);
        break;
    case OP_PUSHA:
    case OP_POPA:
        for (unsigned n = EAX; n <= EDI; n++)
            r |= n == ESP ? 0 : REGISTER_BYTES(n, i->size);
        if (i->operation == OP_POPA) {
            w = r;
            r = 0;
        }
        break;
    case OP_JMP_FAR:
    case OP_CALL_FAR:
    case OP_INT:
    case OP_INT3:
    case OP_INTO:
    case OP_ICEBP:
    case OP_IRET: /* a task switch */ r = w = UINT32_MAX; break;
    }
    e->registers_read |= r;
    e->registers_written |= w;
}

/* --- Stack, strings, system --- */
static void stack_effects(const struct insn *i, struct insn_effects *e)
{
    e->registers_read |= REGISTER_BYTES(ESP, 4);
    e->registers_written |= REGISTER_BYTES(ESP, 4);
    e->segments_read |= 1u << SEG_SS;
    switch (i->operation) {
    case OP_POP:
    case OP_POPA:
    case OP_POPF:
    case OP_POP_SREG:
    case OP_LEAVE:
    case OP_RET:
    case OP_RETF:
    case OP_IRET: e->memory |= MEMORY_STACK_READ; break;
    case OP_ENTER:
    case OP_CALL_FAR: /* frames of outer procedures; parameters of a gate */
        e->memory |= MEMORY_STACK_READ | MEMORY_STACK_WRITE;
        break;
    default: e->memory |= MEMORY_STACK_WRITE; break;
    }
}

static void string_effects(const struct insn *i, struct insn_effects *e)
{
    switch (i->operation) {
    case OP_MOVS: e->memory |= MEMORY_SOURCE | MEMORY_TARGET_WRITE; break;
    case OP_CMPS: e->memory |= MEMORY_SOURCE | MEMORY_TARGET_READ; break;
    case OP_LODS:
    case OP_OUTS: e->memory |= MEMORY_SOURCE; break;
    case OP_SCAS: e->memory |= MEMORY_TARGET_READ; break;
    default: e->memory |= MEMORY_TARGET_WRITE; break;
    }
    if (e->memory & MEMORY_SOURCE)
        e->segments_read |= (uint8_t)(1u << i->segment);
    if (e->memory & (MEMORY_TARGET_READ | MEMORY_TARGET_WRITE))
        e->segments_read |= 1u << SEG_ES;
    if (i->prefixes & (PREFIX_REP | PREFIX_REPNE)) {
        uint32_t count = REGISTER_BYTES(ECX, i->prefixes & PREFIX_ADDRESS16 ? 2 : 4);
        e->registers_written |= count;
        e->registers_read |= count | e->registers_written; /* a count of 0 */
        e->flags_read |= FLAG_TF | FLAG_IF;                /* it stops between iterations */
    }
}

#define ALL_SEGMENTS 0x3F

static void system_effects(const struct insn *i, struct insn_effects *e)
{
    switch (i->operation) {
    case OP_JMP_FAR:
    case OP_CALL_FAR:
    case OP_INT:
    case OP_INT3:
    case OP_INTO:
    case OP_ICEBP:
    case OP_IRET:                                                                         /* a task switch */
        e->changes |= CHANGE_INTERRUPTS | CHANGE_MAPPING | CHANGE_TABLES | CHANGE_SYSTEM; /* fall through */
    case OP_RETF:
        e->changes |= CHANGE_FLOW | CHANGE_PRIVILEGE | CHANGE_MODE;
        e->memory |= MEMORY_SYSTEM;
        e->segments_read |= ALL_SEGMENTS;
        e->segments_written |= ALL_SEGMENTS;
        break;
    case OP_SYSENTER:
    case OP_SYSEXIT:
        e->changes |= CHANGE_FLOW | CHANGE_PRIVILEGE | CHANGE_MODE |
                      (i->operation == OP_SYSENTER ? CHANGE_INTERRUPTS : 0);
        e->segments_written |= 1u << SEG_CS | 1u << SEG_SS;
        break;
    case OP_LES: e->segments_written |= 1u << SEG_ES; break;
    case OP_LDS: e->segments_written |= 1u << SEG_DS; break;
    case OP_LSS: e->segments_written |= 1u << SEG_SS; break;
    case OP_LFS: e->segments_written |= 1u << SEG_FS; break;
    case OP_LGS: e->segments_written |= 1u << SEG_GS; break;
    case OP_LAR:
    case OP_LSL:
    case OP_VERR:
    case OP_VERW: e->memory |= MEMORY_SYSTEM; break;
    case OP_LLDT:
    case OP_LTR:
        e->memory |= MEMORY_SYSTEM;
        e->changes |= CHANGE_TABLES;
        break;
    case OP_LGDT:
    case OP_LIDT: e->changes |= CHANGE_TABLES; break;
    case OP_LMSW:
    case OP_CLTS: e->changes |= CHANGE_MODE; break;
    case OP_MOV_TO_CR:
        e->changes |= i->dst == 2 ? CHANGE_SYSTEM : i->dst == 3 ? CHANGE_MAPPING : CHANGE_MODE | CHANGE_MAPPING;
        e->segments_read |= i->dst == 0 ? 1u << SEG_CS : 0; /* its rights change where protected mode ends */
        e->segments_written |= i->dst == 0 ? 1u << SEG_CS : 0;
        break;
    case OP_MOV_TO_DR: e->changes |= CHANGE_SYSTEM | CHANGE_INTERRUPTS; break;
    case OP_MOV_TO_TR:
    case OP_WRMSR: e->changes |= CHANGE_SYSTEM; break;
    case OP_CLI:
    case OP_STI:
    case OP_POPF:
    case OP_HLT: e->changes |= CHANGE_INTERRUPTS; break;
    case OP_IN:
    case OP_OUT:
    case OP_INS:
    case OP_OUTS:
        e->changes |= CHANGE_DEVICES;
        e->memory |= MEMORY_SYSTEM; /* the map of permitted ports */
        break;
    case OP_JMP:
    case OP_CALL:
    case OP_RET:
        e->changes |= CHANGE_FLOW;
        e->segments_read |= 1u << SEG_CS;
        break;
    case OP_XLAT: e->memory |= MEMORY_READ; break;
    case OP_MASKMOVQ:
    case OP_MASKMOVDQU: e->memory |= MEMORY_WRITE; break;
    }
    if (opcode_rows[i->row].attributes & ROW_BRANCH) {
        e->changes |= CHANGE_FLOW;
        e->segments_read |= 1u << SEG_CS;
    }
    if (e->segments_written && i->operation != OP_SYSENTER && i->operation != OP_SYSEXIT &&
        i->operation != OP_MOV_TO_CR)
        e->memory |= MEMORY_SYSTEM;
    if (e->segments_written & 1u << SEG_SS)
        e->changes |= CHANGE_MODE |
                      (i->operation == OP_MOV_TO_SREG || i->operation == OP_POP_SREG ? CHANGE_INTERRUPTS : 0);
    if (i->operation == OP_XLAT || i->operation == OP_MASKMOVQ || i->operation == OP_MASKMOVDQU) {
        e->memory_size = i->operation == OP_XLAT ? 1 : i->size;
        e->segments_read |= (uint8_t)(1u << i->segment);
    }
}

/* --- Flags --- The row's, less what the count of a shift or the lack of a repetition settles. */
static void flag_effects(const struct insn *i, const struct opcode_row *row, struct insn_effects *e)
{
    unsigned count = i->immediate & 31;

    e->flags_read = row->read;
    e->flags_kept = row->kept;
    e->flags_written = row->written | (row->attributes & ROW_KEEPS ? 0u : row->undefined);
    e->flags_undefined = row->undefined;
    if (row->attributes & ROW_STRING && !(i->prefixes & (PREFIX_REP | PREFIX_REPNE)))
        e->flags_kept = 0;
    if (!within(i->operation, OP_ROL, OP_SHRD) || i->form == FORM_RC || i->form == FORM_MC || i->form == FORM_RRC ||
        i->form == FORM_MRC)
        return;
    if ((i->operation == OP_RCL || i->operation == OP_RCR) && i->size < 4)
        count %= 8u * i->size + 1;
    e->flags_kept = 0;
    if (!count)
        e->flags_read = e->flags_written = e->flags_undefined = 0;
    else if (count == 1)
        e->flags_undefined &= ~(uint32_t)FLAG_OF;
}

static void unit_effects(const struct insn *i, const struct opcode_row *row, struct insn_effects *e)
{
    if (i->operation == OP_LDMXCSR || i->operation == OP_STMXCSR)
        e->units |= UNIT_SSE;
    if (i->operation == OP_EMMS || e->mmx_read | e->mmx_written)
        e->units |= UNIT_MMX;
    if (row->opcode >> 3 == 0xD8 >> 3 || i->operation == OP_WAIT)
        e->units |= UNIT_X87;
    if (i->operation == OP_FXSAVE || i->operation == OP_FXRSTOR) {
        e->units = UNIT_X87 | UNIT_SSE;
        e->xmm_read = 0xFF;
        e->xmm_written = i->operation == OP_FXRSTOR ? 0xFF : 0;
    }
    if (e->units & UNIT_X87)
        e->segments_read |= 1u << SEG_CS; /* the pointer to the last instruction */
}

void insn_effects(const struct insn *insn, struct insn_effects *effects)
{
    const struct opcode_row *row = &opcode_rows[insn->row];

    memset(effects, 0, sizeof *effects);
    flag_effects(insn, row, effects);
    operands(insn, row, effects);
    implied_registers(insn, effects);
    if (row->attributes & ROW_STACK)
        stack_effects(insn, effects);
    system_effects(insn, effects);
    if (row->attributes & ROW_STRING)
        string_effects(insn, effects);
    unit_effects(insn, row, effects);
    effects->may_fault = row->attributes & ROW_FAULTS || effects->memory;
}
