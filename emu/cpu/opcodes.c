/* opcodes.c - the rows of opcodes.h as data, the names of operations.h, and the index from an opcode to its first
 * row. */
#include "emu/cpu/state.h"

/* clang-format off */
/* What the columns of opcodes.h are written in. */
enum {
    O = FLAG_OF, S = FLAG_SF, Z = FLAG_ZF, A = FLAG_AF, P = FLAG_PF, C = FLAG_CF, D = FLAG_DF, I = FLAG_IF, L = FLAG_IOPL,
    AC = A | C, OA = O | A, OC = O | C, OS = O | S, ZC = Z | C, OAC = O | A | C, OSZ = O | S | Z, SZP = S | Z | P,
    OSAP = O | S | A | P, OSZP = O | S | Z | P, SZAP = S | Z | A | P,
    OSAPC = OSAP | C, OSZAP = OSZP | A, OSZPC = OSZP | C, SZAPC = SZAP | C,
    OSZAPC = FLAGS_ARITHMETIC,
    ALL = OSZAPC | D | I | FLAG_TF | FLAG_IOPL | FLAG_NT
};
enum {
    MEMORY = ROW_MEMORY_ONLY, LOCK = ROW_LOCK, PROTECTED = ROW_PROTECTED, FAULTS = ROW_FAULTS, ENDS = ROW_ENDS_BLOCK,
    STACK = ROW_STACK, STRING = ROW_STRING, BRANCH = ROW_BRANCH, REGISTER = ROW_REGISTER_ONLY, KEEPS = ROW_KEEPS,
    NP = ROW_NO_PREFIX, P66 = ROW_PREFIX_66, PF3 = ROW_PREFIX_F3, PF2 = ROW_PREFIX_F2
};
/* clang-format on */
enum {
    I386 = CPU_I386,
    I486 = CPU_I486,
    P5 = CPU_PENTIUM,
    P55 = CPU_PENTIUM_MMX,
    P6 = CPU_PENTIUM2,
    P3 = CPU_PENTIUM3,
    P4 = CPU_PENTIUM4
};

#define ROW(opcode, group, operation, operands, read, kept, written, undefined, attributes, first, last) \
    {opcode, group, OP_##operation, operands, read, kept, written, undefined, attributes, first, last},
#define ALSO ROW
const struct opcode_row opcode_rows[] = {
#include "emu/cpu/opcodes.h"
};
const unsigned opcode_row_count = sizeof opcode_rows / sizeof *opcode_rows;

/* Each row stands on a line of its own, so that its line names its position. */
#define JOIN_EXPANDED(a, b) a##b
#define JOIN(a, b) JOIN_EXPANDED(a, b)
#define POSITION JOIN(ROW_OF_LINE_, __LINE__)

#define ROW(...) POSITION,
#define ALSO(...) POSITION,
enum {
#include "emu/cpu/opcodes.h"
};

#define ROW(opcode, ...) [OPCODE_INDEX(opcode)] = POSITION,
#define ALSO(...)
const uint16_t opcode_first_row[OPCODE_INDEX_COUNT] = {
#include "emu/cpu/opcodes.h"
};

const char *const operation_names[OP_COUNT] = {
#define OPERATION(name, text) [OP_##name] = text,
#include "emu/cpu/operations.h"
};
