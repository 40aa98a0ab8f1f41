/* vectors.c - runs captured cases of single instructions in real mode against the processor.
 *
 *     vectors DIR
 *
 * DIR holds NAME.txt.gz files, one case a line, in hexadecimal with physical addresses:
 *
 *     name|code bytes|registers before|memory before|registers that changed|memory after|exception or -
 *
 * The code ends in HLT, or what it jumps to does, and `ip` is the one behind that. A case holds when all registers and
 * every byte of memory are as captured: bytes that the case does not name must not change. The top four flag bits,
 * which processors since do not share, are not compared. The cases come from an 80286: what later processors do
 * otherwise, and what the manuals leave undefined, stands in two tables below. */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "tests/captured.h"

#define LINE_SIZE (4u << 20) /* a repeated string instruction touches many bytes */
#define SHOWN 20             /* failures that are printed */
#define FLAGS_MASK 0x0FFFu

/* --- What is not compared --- */

/* clang-format off */
/* Flags that the manual leaves undefined; OF of shifts and rotates is defined for a count of 1. (SDM vol. 1 appendix A, vol. 2 at the instruction.) */
static const struct { uint16_t operation, flags, flags_unless_count_is_1; const char *reason; } undefined_flags[] = {
    { OP_AND,  FLAG_AF, 0, "AND: \"the state of the AF flag is undefined\"" },
    { OP_OR,   FLAG_AF, 0, "OR: the same" },
    { OP_XOR,  FLAG_AF, 0, "XOR: the same" },
    { OP_TEST, FLAG_AF, 0, "TEST: the same" },
    { OP_ROL,  0, FLAG_OF, "ROL: \"the OF flag is affected only for single-bit rotates; it is undefined for multi-bit rotates\"" },
    { OP_ROR,  0, FLAG_OF, "ROR: the same" },
    { OP_RCL,  0, FLAG_OF, "RCL: the same" },
    { OP_RCR,  0, FLAG_OF, "RCR: the same" },
    { OP_SHL,  FLAG_AF, FLAG_OF, "SHL: \"the OF flag is affected only for 1-bit shifts; otherwise, it is undefined\"; AF is undefined for a non-zero count; "
                                 "CF is undefined where the count is the size of the operand or more" },
    { OP_SHR,  FLAG_AF, FLAG_OF, "SHR: the same" },
    { OP_SAR,  FLAG_AF, FLAG_OF, "SAR: the same, but CF is defined for every count" },
    { OP_MUL,  FLAG_SF | FLAG_ZF | FLAG_AF | FLAG_PF, 0, "MUL: \"the SF, ZF, AF, and PF flags are undefined\"" },
    { OP_IMUL, FLAG_SF | FLAG_ZF | FLAG_AF | FLAG_PF, 0, "IMUL: the same" },
    { OP_IMUL2, FLAG_SF | FLAG_ZF | FLAG_AF | FLAG_PF, 0, "IMUL: the same" },
    { OP_DIV,  FLAGS_ARITHMETIC, 0, "DIV: \"the CF, OF, SF, ZF, AF, and PF flags are undefined\"" },
    { OP_IDIV, FLAGS_ARITHMETIC, 0, "IDIV: the same" },
    { OP_AAA,  FLAG_OF | FLAG_SF | FLAG_ZF | FLAG_PF, 0, "AAA: \"the OF, SF, ZF, and PF flags are undefined\"" },
    { OP_AAS,  FLAG_OF | FLAG_SF | FLAG_ZF | FLAG_PF, 0, "AAS: the same" },
    { OP_DAA,  FLAG_OF, 0, "DAA: \"the OF flag is undefined\"" },
    { OP_DAS,  FLAG_OF, 0, "DAS: the same" },
    { OP_AAM,  FLAG_OF | FLAG_AF | FLAG_CF, 0, "AAM: \"the OF, AF, and CF flags are undefined\"" },
    { OP_AAD,  FLAG_OF | FLAG_AF | FLAG_CF, 0, "AAD: the same" },
};
/* clang-format on */

/* Cases that a later processor must do otherwise; each is counted as skipped under its reason. */
enum skip {
    SKIP_NONE,
    SKIP_LOCK,
    SKIP_LENGTH,
    SKIP_ESC,
    SKIP_SEGMENTS,
    SKIP_STACK,
    SKIP_RESTART,
    SKIP_DIVIDE,
    SKIP_COUNT
};
/* clang-format off */
static const char *const skip_reasons[SKIP_COUNT] = {
    [SKIP_LOCK]     = "LOCK before an instruction that does not take it is #UD since the 80386 (80386 manual, 14.8.1)",
    [SKIP_LENGTH]   = "instructions of 11 to 15 bytes are #GP on the 80286 only (80386 manual, 14.7)",
    [SKIP_ESC]      = "the captured machine had no coprocessor",
    [SKIP_SEGMENTS] = "FS and GS came with the 80386",
    [SKIP_STACK]    = "a word at offset FFFFh of the stack segment is exception 12 since the 80386, and was 13 (80386 manual, 14.7)",
    [SKIP_RESTART]  = "exception 13 leaves SP as it was since the 80386: POP to offset FFFFh (SDM vol. 3, 6.5: faults restart)",
    [SKIP_DIVIDE]   = "the 80286 lets an IDIV pass whose quotient overflows, with 80h or 8000h as the quotient",
};
/* clang-format on */
/* And where a string instruction meets offset FFFFh, the 80286 has already moved SI, DI and CX; they restart since. */

/* --- Cases --- */

enum { R_AX, R_BX, R_CX, R_DX, R_CS, R_SS, R_DS, R_ES, R_SP, R_BP, R_SI, R_DI, R_IP, R_FLAGS, R_COUNT };
static const char *const register_names[R_COUNT] = {"ax", "bx", "cx", "dx", "cs", "ss", "ds",
                                                    "es", "sp", "bp", "si", "di", "ip", "flags"};

struct vector {
    const char *name;
    uint8_t code[64];
    size_t code_length;
    uint16_t before[R_COUNT], after[R_COUNT];
    const char *memory_before, *memory_after; /* "0e7dd0=00 ..." */
    int exception;                            /* or -1 */
};

struct suite {
    struct captured bench;
    unsigned long passed, failed, skipped[SKIP_COUNT];
};

static char *next_field(char **line)
{
    char *field = *line, *end = strchr(field, '|');

    if (!end) {
        fprintf(stderr, "vectors: malformed line: %.60s\n", field);
        exit(3);
    }
    *end = 0;
    *line = end + 1;
    return field;
}

static void parse_registers(const char *text, uint16_t registers[R_COUNT])
{
    while (*text) {
        unsigned n = 0;
        char *end;
        while (n < R_COUNT && !(strncmp(text, register_names[n], strlen(register_names[n])) == 0 &&
                                text[strlen(register_names[n])] == '='))
            n++;
        if (n == R_COUNT) {
            fprintf(stderr, "vectors: unknown register: %.20s\n", text);
            exit(3);
        }
        registers[n] = (uint16_t)strtoul(text + strlen(register_names[n]) + 1, &end, 16);
        text = end + (*end == ' ');
    }
}

static void parse_code(const char *text, struct vector *v)
{
    char pair[3] = {0};

    for (v->code_length = 0; text[0] && text[1] && v->code_length < sizeof v->code; text += 2) {
        memcpy(pair, text, 2);
        v->code[v->code_length++] = (uint8_t)strtoul(pair, NULL, 16);
    }
}

static void parse_vector(char *line, struct vector *v)
{
    line[strcspn(line, "\r\n")] = 0;
    v->name = next_field(&line);
    parse_code(next_field(&line), v);
    parse_registers(next_field(&line), v->before);
    v->memory_before = next_field(&line);
    memcpy(v->after, v->before, sizeof v->after);
    parse_registers(next_field(&line), v->after);
    v->memory_after = next_field(&line);
    v->exception = *line == '-' ? -1 : atoi(line);
    v->before[R_FLAGS] &= FLAGS_MASK;
    v->after[R_FLAGS] &= FLAGS_MASK;
}

/* Puts "address=byte ...". */
static void put_bytes(struct suite *s, const char *text, bool before)
{
    while (*text) {
        char *end;
        unsigned long address = strtoul(text, &end, 16);
        unsigned long value = strtoul(end + 1, &end, 16);
        if (!captured_put(&s->bench, address, (uint8_t)value, before)) {
            fprintf(stderr, "vectors: address %lx\n", address);
            exit(3);
        }
        text = end + (*end == ' ');
    }
}

/* --- Masks --- */

static bool has_lock(const struct vector *v)
{
    return memchr(v->code, 0xF0, v->code_length) != NULL;
}

/* The first byte that is no prefix of the 80286. */
static bool is_escape(const struct vector *v)
{
    size_t at = 0;

    while (at < v->code_length && memchr("\x26\x2E\x36\x3E\xF0\xF2\xF3", v->code[at], 7))
        at++;
    return at < v->code_length && v->code[at] >> 3 == 0xD8 >> 3;
}

static enum skip skip_reason(const struct vector *v, struct insn *insn, enum cpu_model model)
{
    enum decode_result result = decode(v->code, v->code_length, 0, model, insn);

    if (is_escape(v))
        return SKIP_ESC;
    if (result == DECODE_UNDEFINED)
        return v->exception != 6 && has_lock(v) ? SKIP_LOCK : SKIP_NONE;
    if (result != DECODE_OK)
        return SKIP_NONE;
    bool stack = opcode_rows[insn->row].attributes & ROW_STACK, memory = insn->base != REG_ZERO || insn->displacement;
    if (insn->length > 10)
        return SKIP_LENGTH;
    if (v->exception == 13 && (memory ? insn->segment == SEG_SS : stack))
        return SKIP_STACK;
    switch (insn->operation) {
    case OP_MOV_FROM_SREG: return insn->src >= SEG_FS ? SKIP_SEGMENTS : SKIP_NONE;
    case OP_MOV_TO_SREG: return insn->dst >= SEG_FS ? SKIP_SEGMENTS : SKIP_NONE;
    case OP_POP: return v->exception == 13 ? SKIP_RESTART : SKIP_NONE;
    case OP_IDIV:
        return v->exception < 0 && (uint16_t)(v->after[R_AX] << (16 - 8 * insn->size)) == 0x8000 ? SKIP_DIVIDE
                                                                                                 : SKIP_NONE;
    default: return SKIP_NONE;
    }
}

static uint16_t undefined_mask(const struct vector *v, const struct insn *insn)
{
    for (size_t i = 0; i < sizeof undefined_flags / sizeof *undefined_flags; i++) {
        if (undefined_flags[i].operation != insn->operation)
            continue;
        bool by_cl = insn->form == FORM_RC || insn->form == FORM_MC;
        unsigned count = (by_cl ? v->before[R_CX] : insn->immediate) & 31;
        uint16_t mask = undefined_flags[i].flags;
        if (count != 1)
            mask |= undefined_flags[i].flags_unless_count_is_1;
        if ((insn->operation == OP_SHL || insn->operation == OP_SHR) && count >= insn->size * 8u)
            mask |= FLAG_CF;
        return mask;
    }
    return 0;
}

/* A register that a string instruction on the 80286 has moved before it faults. */
static bool is_moved_early(const struct vector *v, const struct insn *insn, unsigned n)
{
    return v->exception == 13 && opcode_rows[insn->row].attributes & ROW_STRING &&
           (n == R_SI || n == R_DI || n == R_CX);
}

/* --- Running --- */

static void load(struct suite *s, const struct vector *v)
{
    static const uint8_t general[8] = {R_AX, R_CX, R_DX, R_BX, R_SP, R_BP, R_SI, R_DI};
    static const uint8_t segments[4] = {R_ES, R_CS, R_SS, R_DS};
    struct cpu *cpu = &s->bench.bare.cpu;

    put_bytes(s, v->memory_before, true);
    put_bytes(s, v->memory_after, false);
    captured_begin(&s->bench);
    for (unsigned n = 0; n < 8; n++)
        cpu->reg[n] = v->before[general[n]];
    for (unsigned n = 0; n < 4; n++)
        segment_set_real(cpu, n, v->before[segments[n]]);
    cpu->eip = v->before[R_IP];
    flags_write(cpu, v->before[R_FLAGS] | FLAG_FIXED, 0xFFFF);
}

static void registers_of(const struct cpu *cpu, uint16_t r[R_COUNT])
{
    static const uint8_t general[8] = {R_AX, R_CX, R_DX, R_BX, R_SP, R_BP, R_SI, R_DI};
    static const uint8_t segments[4] = {R_ES, R_CS, R_SS, R_DS};

    for (unsigned n = 0; n < 8; n++)
        r[general[n]] = (uint16_t)cpu->reg[n];
    for (unsigned n = 0; n < 4; n++)
        r[segments[n]] = cpu->seg[n].selector;
    r[R_IP] = (uint16_t)cpu->eip;
    r[R_FLAGS] = flags_read(cpu) & FLAGS_MASK;
}

/* Differences of one case as text, or an empty string. */
static void compare(struct suite *s, const struct vector *v, const struct insn *insn, bool halted, char *text,
                    size_t size)
{
    const struct captured *c = &s->bench;
    uint16_t now[R_COUNT], mask = undefined_mask(v, insn);
    size_t at = 0;

    registers_of(&c->bare.cpu, now);
    if (!halted)
        at += (size_t)snprintf(text + at, size - at, " no HLT");
    for (unsigned n = 0; n < R_COUNT; n++)
        if ((now[n] ^ v->after[n]) & (n == R_FLAGS ? ~mask : is_moved_early(v, insn, n) ? 0 : 0xFFFF))
            at += (size_t)snprintf(text + at, size - at, " %s=%04x(%04x)", register_names[n], now[n], v->after[n]);
    /* The flags that an exception pushed are as undefined as those in the register. */
    uint32_t pushed = v->exception < 0 ? CAPTURED_RAM : v->after[R_SS] * 16u + (uint16_t)(v->after[R_SP] + 4);
    for (uint32_t a = captured_difference(c, 0); a < CAPTURED_RAM && at + 24 < size;
         a = captured_difference(c, a + 1)) {
        uint8_t ignored = a == pushed       ? (uint8_t)mask
                          : a == pushed + 1 ? (uint8_t)(mask >> 8 | 0xF0)
                                            : 0,
                ours = c->bare.memory.ram[a];
        if ((ours ^ c->expected[a]) & ~ignored)
            at += (size_t)snprintf(text + at, size - at, " %06" PRIx32 "=%02x(%02x)", a, ours, c->expected[a]);
    }
    text[at] = 0;
}

static void run_vector(struct suite *s, const char *file, char *line)
{
    struct vector v;
    struct insn insn;
    char text[512];

    parse_vector(line, &v);
    enum skip skip = skip_reason(&v, &insn, s->bench.bare.cpu.model);
    if (skip != SKIP_NONE) {
        s->skipped[skip]++;
        return;
    }
    load(s, &v);
    bool halted = captured_run(&s->bench);
    compare(s, &v, &insn, halted, text, sizeof text);
    captured_clear(&s->bench);
    if (!*text) {
        s->passed++;
        return;
    }
    if (s->failed++ < SHOWN) {
        printf("%s: %s |", file, v.name);
        for (size_t i = 0; i < v.code_length; i++)
            printf(" %02x", v.code[i]);
        printf(" | exception %d | ours(captured):%s\n", v.exception, text);
    }
}

static void run_file(struct suite *s, const char *directory, const char *name, char *line)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/%s", directory, name);
    gzFile file = gzopen(path, "rb");
    if (!file) {
        fprintf(stderr, "vectors: %s: cannot be read\n", path);
        exit(4);
    }
    unsigned long failed_before = s->failed;
    while (gzgets(file, line, LINE_SIZE))
        run_vector(s, name, line);
    gzclose(file);
    if (s->failed != failed_before)
        printf("%s: %lu failed\n", name, s->failed - failed_before);
}

static int is_vector_file(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return length > 7 && strcmp(entry->d_name + length - 7, ".txt.gz") == 0;
}

int main(int argc, char **argv)
{
    static struct suite s;
    struct dirent **files;

    if (argc != 2) {
        fprintf(stderr, "usage: vectors DIR\n");
        return 2;
    }
    int count = scandir(argv[1], &files, is_vector_file, alphasort);
    char *line = malloc(LINE_SIZE);
    if (count <= 0) {
        fprintf(stderr, "vectors: %s: no .txt.gz files in it\n", argv[1]);
        return 3;
    }
    if (!line || !captured_init(&s.bench, CPU_I386))
        return 4;
    for (int i = 0; i < count; i++) {
        run_file(&s, argv[1], files[i]->d_name, line);
        free(files[i]);
    }
    free(files);
    free(line);
    captured_free(&s.bench);
    for (unsigned skip = 1; skip < SKIP_COUNT; skip++)
        if (s.skipped[skip])
            printf("%lu skipped: %s\n", s.skipped[skip], skip_reasons[skip]);
    printf("%lu passed, %lu failed\n", s.passed, s.failed);
    return s.failed ? 1 : 0;
}
