/* decode.h - from bytes to a fixed record, by one table.
 *
 * The interpreter executes the record, the translator compiles it, the disassembler prints it, the fuzzer generates
 * from the same rows. An instruction that is missing from the table is missing everywhere. (Intel SDM vol. 2, appendix
 * A.) */
#ifndef MUNIMENT_EMU_DECODE_H
#define MUNIMENT_EMU_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "manifests/manifests.h"

/* clang-format off */
enum operation {
#define OPERATION(name, text) OP_##name,
#include "emu/cpu/operations.h"
    OP_COUNT
};

/* Which operands, destination first. R a register, M memory, I an immediate, C the register CL, F a far pointer. */
enum form {
    FORM_NONE,
    FORM_R, FORM_M, FORM_I, FORM_F,
    FORM_RR, FORM_RM, FORM_MR, FORM_RI, FORM_MI, FORM_RC, FORM_MC,
    FORM_RRI, FORM_RMI, FORM_MRI, FORM_RRC, FORM_MRC,
    FORM_II, /* ENTER */
    FORM_COUNT
};
/* clang-format on */

enum { EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI, REG_ZERO }; /* REG_ZERO always holds 0: "no base", "no index" */
enum { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS, SEG_COUNT };

/* clang-format off */
enum insn_prefix {
    PREFIX_LOCK      = 1,
    PREFIX_REP       = 2,  /* F3 */
    PREFIX_REPNE     = 4,  /* F2; the later of F2 and F3 counts */
    PREFIX_ADDRESS16 = 8,  /* the effective address is 16 bits wide, and string instructions use SI, DI, CX */
    PREFIX_SEGMENT   = 16, /* an override was given (for the disassembler; `segment` is already resolved) */
    PREFIX_OPERAND   = 32, /* 66 was given */
    PREFIX_ADDRESS   = 64  /* 67 was given */
};
/* clang-format on */

struct cpu;
struct insn;
typedef int insn_handler(struct cpu *cpu, const struct insn *insn);

struct insn {
    insn_handler *run;     /* the interpreter's routine; null as the decoder leaves it */
    uint32_t immediate;    /* sign-extended to 32 bits; relative branches: the displacement; far pointer: the offset;
                              ENTER: bytes; x87: the opcode as the unit keeps it */
    uint32_t displacement; /* of the memory operand, sign-extended; far pointer: the selector; ENTER: nesting level
                              (0-31); a relative branch in a block of the interpreter: where it leads, from the start
                              of its block */
    uint16_t operation;    /* enum operation */
    uint16_t row;          /* in the decoder's table, for what does not change */
    uint16_t offset;       /* of its first byte from the start of its block */
    uint8_t form;          /* enum form */
    uint8_t size; /* operand size in bytes: 1, 2, 4 (8: CMPXCHG8B); x87: of the memory operand, up to 10; MMX and SSE:
                     of the operand that may be memory, up to 16 */
    union {
        struct {
            uint8_t dst; /* register of the first register operand: general (as encoded: 8-bit 4-7 are AH CH DH BH),
                            segment, control, debug, test, MMX or XMM, or the i of ST(i); 0 when implied */
            uint8_t src; /* register of the second register operand */
        };
        struct {            /* of a relative branch in a block of the interpreter */
            uint8_t number; /* from 1 on */
            uint8_t taken;  /* of the block's runs */
        };
    };
    uint8_t prefixes; /* enum insn_prefix */
    uint8_t length;   /* bytes, prefixes included: 1-15 */
    union {
        struct {
            uint8_t base, index; /* of the effective address; REG_ZERO for none */
            uint8_t scale;       /* index is shifted left by this: 0-3 */
            uint8_t segment;     /* of the memory operand, override applied; also the source of string instructions and
                                    XLAT */
        };
        uint32_t link; /* of a relative branch in a block of the interpreter, and of a block's end: where the block that
                          it leads to lies (blocks.h) */
    };
};

/* clang-format off */
/* What is known of an instruction from its row alone. */
enum row_attribute {
    ROW_MEMORY_ONLY  = 1,    /* selected by a ModRM that names memory */
    ROW_REGISTER_ONLY = 2,   /* selected by one that names a register (MOV CR ignores mod instead) */
    ROW_LOCK         = 4,    /* LOCK allowed with a memory destination */
    ROW_PROTECTED    = 8,    /* #UD in real and virtual-8086 mode */
    ROW_FAULTS       = 16,   /* may fault even without an operand in memory that `form` names, and without a stack */
    ROW_ENDS_BLOCK   = 32,   /* control transfer, or may change mode, mapping, interrupts or time */
    ROW_STACK        = 64,   /* reads or writes the stack */
    ROW_STRING       = 128,  /* takes REP */
    ROW_BRANCH       = 256,  /* relative branch: immediate is a displacement */
    ROW_NO_PREFIX    = 512,  /* selected by none of 66, F2 and F3 before the opcode */
    ROW_PREFIX_66    = 1024, /* by 66, without F2 and F3 */
    ROW_PREFIX_F3    = 2048, /* by F3, or by F2: the later of the two counts, and either more than 66 */
    ROW_PREFIX_F2    = 4096,
    ROW_PREFIXES     = ROW_NO_PREFIX | ROW_PREFIX_66 | ROW_PREFIX_F3 | ROW_PREFIX_F2, /* none of these: prefixes select nothing */
    ROW_KEEPS        = 8192  /* the flags that it leaves undefined stay as they were */
};
/* clang-format on */

struct opcode_row {
    uint16_t opcode; /* one byte: 0-FF; two bytes: 0F00-0FFF */
    int16_t group;   /* ModRM.reg that selects this row; from C0h on: the whole ModRM byte; or -1 */
    uint16_t operation;
    const char *operands; /* in the manual's notation, as opcodes.h explains it: "Eb,Gb" "Gv,M" "AL,Ob" "Jz" "Ap" ... */
    uint16_t read, kept, written, undefined; /* RFLAGS bits, as opcodes.h explains them; insn_effects knows more of an
                                                instruction */
    uint16_t attributes;                     /* enum row_attribute */
    uint8_t first_model;                     /* enum cpu_model that first has it */
    uint8_t last_model;                      /* and the last that has it */
};

extern const struct opcode_row opcode_rows[]; /* opcodes.h, in the order of opcodes */
extern const unsigned opcode_row_count;
/* The first row of an opcode; 0 (the row of opcode 0) where there is none. */
#define OPCODE_INDEX(opcode) (((opcode) >> 8 ? 256u : 0u) + (0xFFu & (opcode)))
#define OPCODE_INDEX_COUNT 512u
extern const uint16_t opcode_first_row[OPCODE_INDEX_COUNT];
extern const char *const operation_names[OP_COUNT];

enum decode_mode {
    DECODE_32 = 1,       /* CS.D: operands and addresses are 32 bits wide by default */
    DECODE_PROTECTED = 2 /* protected mode and not virtual-8086 */
};
#define DECODE_MODES 3u /* all of these bits */

enum decode_result {
    DECODE_OK,
    DECODE_MORE,      /* the instruction continues after the bytes given */
    DECODE_UNDEFINED, /* #UD */
    DECODE_TOO_LONG   /* over 15 bytes: #GP(0) */
};

/* Decodes one instruction of the given model and mode from at most `available` bytes. insn->run and insn->offset are
 * left 0. On anything but DECODE_OK *insn is undefined. LOCK where it is not allowed is DECODE_UNDEFINED. Never reads
 * beyond `available`. */
enum decode_result decode(const uint8_t *bytes, size_t available, unsigned mode, enum cpu_model model,
                          struct insn *insn);

/* Whether one of the operands is in memory by the ModR/M byte or a MOFFS (SDM vol. 2, 2.1.3); LEA's is, too. */
bool insn_has_memory(const struct insn *insn);

/* --- What an instruction may do ---
 *
 * Derived from its record alone, for all models and modes: what decides its outcome, and what it may change. A
 * translator keeps no more alive than `read`, and looks for changes nowhere else. tests/unit/test_effects.c compares
 * each of these with the interpreter, for every row on every model. A fault changes none of it, except the exceptions
 * that x87 and SIMD instructions note in their status, and the iterations of a repeated string instruction that came
 * before. */

/* Bytes of the general registers, in 32 bits: bit 4r + n is byte n of register r. */
#define REGISTER_BYTES(r, size) (((1u << (size)) - 1) << 4 * (r))

/* clang-format off */
/* What it may touch, beyond its own bytes. */
enum insn_memory {
    MEMORY_READ         = 1,   /* the operand in memory: by ModRM, by offset, XLAT's at [EBX+AL], MASKMOV's at [EDI] */
    MEMORY_WRITE        = 2,   /* with MEMORY_READ: both, and the right to write is asked for first (but ARPL: after it was read) */
    MEMORY_STACK_READ   = 4,   /* at SS:ESP and above; LEAVE and ENTER: at SS:EBP */
    MEMORY_STACK_WRITE  = 8,   /* below SS:ESP */
    MEMORY_SOURCE       = 16,  /* strings: read at `segment`:ESI */
    MEMORY_TARGET_READ  = 32,  /* strings: at ES:EDI */
    MEMORY_TARGET_WRITE = 64,
    MEMORY_SYSTEM       = 128  /* descriptor tables, vectors, task state segments, stacks of other levels */
};

/* What it may change beyond registers, flags and memory. */
enum insn_change {
    CHANGE_FLOW       = 1,   /* EIP: not that of the next instruction */
    CHANGE_PRIVILEGE  = 2,   /* CPL */
    CHANGE_MODE       = 4,   /* CR0, CR4, RFLAGS.VM, CS.D, SS.B: what instructions are, and what they do */
    CHANGE_MAPPING    = 8,   /* paging, by CR0, CR3 and CR4 */
    CHANGE_TABLES     = 16,  /* GDTR, IDTR, LDTR, TR */
    CHANGE_SYSTEM     = 32,  /* CR2; debug, test and model-specific registers; the time-stamp counter */
    CHANGE_INTERRUPTS = 64,  /* IF or VIF, the shadow after STI and loads of SS, TF, RF, armed breakpoints; HLT */
    CHANGE_DEVICES    = 128, /* a port is read or written: anything outside of the processor, A20 and shadowing included */
    CHANGE_CODE       = CHANGE_MODE | CHANGE_MAPPING | CHANGE_DEVICES /* what code is at an address. Writes to memory change it too: contract 2 */
};

enum insn_unit {
    UNIT_X87  = 1, /* registers, stack or words of the floating-point unit: waits for it, looks at CR0.EM and TS */
    UNIT_MMX  = 2, /* MMX registers, which are the x87's: as UNIT_X87 */
    UNIT_SSE  = 4  /* XMM registers or MXCSR: looks at CR0.EM and TS and CR4.OSFXSR */
};
/* clang-format on */

struct insn_effects {
    uint32_t flags_read;      /* RFLAGS bits 0-15 that decide anything but their own new value */
    uint32_t flags_written;   /* that may change, or get the value that they have */
    uint32_t flags_kept;      /* of those written: that may also stay as they were. Dead before it: flags_written less
                                 flags_kept less flags_read */
    uint32_t flags_undefined; /* whose new value the manual leaves open, law 6 does not */
    uint32_t registers_read;  /* REGISTER_BYTES that decide anything; one that may be written or stay is read */
    uint32_t registers_written;
    uint16_t memory;       /* enum insn_memory */
    uint16_t memory_size;  /* bytes of the operand of MEMORY_READ and MEMORY_WRITE; FXSAVE and FXRSTOR: at most */
    uint16_t changes;      /* enum insn_change */
    uint8_t segments_read; /* bit n is segment register n: for an address, a limit, a selector, a mode */
    uint8_t segments_written;
    uint8_t xmm_read, xmm_written; /* bit n is XMMn */
    uint8_t mmx_read, mmx_written; /* bit n is MMn. Any of them is UNIT_MMX, which changes TOP and tags too */
    uint8_t units;                 /* enum insn_unit */
    bool may_fault;
};

void insn_effects(const struct insn *insn, struct insn_effects *effects);

#define DISASSEMBLY_SIZE 96
/* Prints an instruction in Intel syntax ("add dword [ebx+esi*4+10h], eax"), NUL-terminated; eip is that of its first
 * byte, for branch targets. */
void disassemble(const struct insn *insn, uint32_t eip, char text[DISASSEMBLY_SIZE]);

#endif
