/* backend.h - between the front end, which knows the guest, and a back end, which knows the host.
 *
 * The front end decodes a unit: records in a row, left by the last one or by a conditional jump on the way. The back
 * end makes one piece of code of it. What it does not compile it hands to the interpreter's handler, record by record,
 * so that a back end is complete from its first line; so are faults, and accesses that miss the fast path. */
#ifndef MUNIMENT_EMU_TRANSLATE_BACKEND_H
#define MUNIMENT_EMU_TRANSLATE_BACKEND_H

#include "emu/cpu/state.h"
#include "emu/cpu/translate/emit.h"

#define UNIT_LIMIT 64
#define CONTEXTS 64u

/* clang-format off */
/* What code is translated for, besides its bytes and its EIP. */
enum context_bit {
    CONTEXT_32        = 1,    /* CS.D */
    CONTEXT_STACK32   = 2,    /* SS.B */
    CONTEXT_USER      = 4,    /* CPL is 3 */
    CONTEXT_PROTECTED = 8,    /* protected mode and not virtual-8086 */
    CONTEXT_FLAT_ES   = 16,   /* base 0, 4 GiB, readable and writable */
    CONTEXT_FLAT_SS   = 32,
    CONTEXT_FLAT_DS   = 64,
    CONTEXT_EM        = 128,
    CONTEXT_TS        = 256,
    CONTEXT_OSFXSR    = 512,
    CONTEXT_VM        = 1024,
    CONTEXT_MASKED    = 2048, /* MXCSR masks all exceptions */
    CONTEXT_X87_MASKED = 4096, /* so does the control word of the floating-point unit: no error can wait */
    CONTEXT_BASE      = 8192, /* CS does not begin at 0 */
    CONTEXT_PLAIN     = 16384 /* no context, but another block of the same: it looks up every page when it accesses it */
};
/* clang-format on */

/* Of flat code of 32 bits on a flat stack. */
#define CONTEXTS_FLAT (CONTEXT_32 | CONTEXT_STACK32 | CONTEXT_PROTECTED | CONTEXT_FLAT_SS)

/* Operands in memory whose page is looked up once (neighbours.c). The lowest byte is at base + index << scale +
 * displacement when it is looked up: before the instruction `first`, or NEAR_HOISTED, before the unit and not again
 * when it jumps to its start. */
#define NEIGHBOURS_LIMIT 16u
#define NEAR_HOISTED 0xFFu
struct neighbours {
    uint8_t first, base, index, scale;
    int32_t displacement;
    uint16_t length; /* from the lowest byte on */
    bool write;
};
#define EXIT_LIMIT (UNIT_LIMIT + 2 + 2 * NEIGHBOURS_LIMIT) /* of a unit */
struct unit_access {
    uint8_t near;   /* 1 + the index of its neighbours; 0: it is alone */
    uint8_t offset; /* from their lowest byte */
};

/* What backend_loosens is an immediate operand of this length, in the last bytes of its instruction. */
#define LOOSE_BYTES 4u
#define LOOSE_LIMIT 4u /* of a block */

#define NO_SECOND UINT32_MAX

struct compile;
typedef void compile_function(struct compile *c, const struct insn *i);

struct unit {
    uint32_t physical, eip, limit; /* where it begins, and the limit of CS */
    uint32_t second;               /* the page of its last bytes, if that is another, or NO_SECOND */
    uint32_t bits;                 /* enum context_bit */
    const uint8_t *software; /* of each row of the decoder's table, whether the host's unit is not to be trusted with
                                it; null: of none */
    unsigned count;
    uint32_t bytes;  /* of guest code, from its first instruction on */
    uint32_t before; /* and before that, where a jump on the way leads back */
    struct insn insn[UNIT_LIMIT];
    uint8_t compiled[UNIT_LIMIT]; /* backend_compiles of each */
    compile_function *compiler[UNIT_LIMIT];
    uint8_t changed[UNIT_LIMIT]; /* bit n: each may change general register n */
    const uint8_t *code; /* its first byte in the machine's memory; or null: its bytes do not lie in a row there */
    int16_t loose[LOOSE_LIMIT]; /* where immediate operands are that are read from there each time (loose_offset) */
    unsigned loose_count;
    uint16_t live[UNIT_LIMIT]; /* the arithmetic flags that may be read after each instruction, before they are written
                                  again */
    uint16_t written[UNIT_LIMIT]; /* that each instruction writes */
    uint16_t live_before;         /* the first */
    bool observed[UNIT_LIMIT];    /* backend_flag_use of each: the state may be looked at there */
    bool loops;                   /* its last instruction jumps to its first */
    /* If its last instruction jumps to what is read from a table (backend_jumps_by_table): where code of its context
     * runs, or null, for each EIP of its page; or null. */
    const uint8_t **page_jumps;
    unsigned near_count;
    struct neighbours near[NEIGHBOURS_LIMIT];
    struct unit_access access[UNIT_LIMIT][2]; /* of each instruction: its operand in memory, and that on the stack */
    bool may_miss[UNIT_LIMIT];                /* its operand in memory is not known to be accessible */
};

static inline bool unit_is_flat(const struct unit *u, unsigned segment)
{
    switch (segment) {
    case SEG_ES: return u->bits & CONTEXT_FLAT_ES;
    case SEG_SS: return u->bits & CONTEXT_FLAT_SS;
    case SEG_DS: return u->bits & CONTEXT_FLAT_DS;
    default: return false;
    }
}

/* Added to the number that run_record takes: the block is left after the instruction. */
#define RECORD_LEAVES 0x80u

/* From the start of its unit to an instruction: a unit lies in one page. */
static inline uint32_t insn_offset(const struct insn *i)
{
    return (uint32_t)(int16_t)i->offset;
}

/* Whether a unit goes on elsewhere than behind an instruction that is not its last. */
static inline bool unit_turns(const struct unit *u, unsigned n)
{
    return insn_offset(&u->insn[n + 1]) != insn_offset(&u->insn[n]) + u->insn[n].length;
}

/* Likewise to its immediate operand, if backend_loosens. */
static inline uint32_t loose_offset(const struct insn *i)
{
    return insn_offset(i) + i->length - LOOSE_BYTES;
}

static inline bool unit_loosens(const struct unit *u, const struct insn *i)
{
    for (unsigned n = 0; n < u->loose_count; n++)
        if ((uint32_t)u->loose[n] == loose_offset(i))
            return true;
    return false;
}

struct translated;
struct code_block;

/* Records in a row that the interpreter does, as a block of their own. */
struct record_group {
    struct translated *block;
    struct code_block *records;
    uint8_t first, count; /* which of the block's they are */
    uint16_t offset;      /* of the first, as insn_offset has it */
};

/* Where a block may be left for code that is known: a jump that leads to the block there once there is one. */
struct block_exit {
    struct translated *from, *to; /* to: null while it is not linked */
    struct block_exit *next;      /* of those that lead to the same block */
    struct block_exit **previous; /* what leads to this one in their list */
    uint32_t eip;                 /* of the target */
    bool plain;                   /* which is a block with CONTEXT_PLAIN */
    uint8_t *site;                /* the jump's displacement, in the writable mapping */
    uint8_t *unlinked;            /* where it leads as long as there is no block */
    uint8_t *guard; /* to another page: what PAGES_CODE has to have for the link to be followed, in the code; or null */
    /* Of a jump whose target is found when it runs: the link is to one of its targets, which EIP is compared with
     * first. These are that EIP, where PAGES_CODE is for it, and the jump for other targets, in the code; or null. */
    uint8_t *target, *page, *other;
    uint8_t *table; /* where that leads: to the jump by the table; `unlinked`, as long as there is no link */
};

/* A descriptor of the GDT as it was when a segment register was loaded from it: as long as its bytes, the selector and
 * CPL are the same, so is what comes of it. */
enum known_as {
    KNOWN_FLAT = 1,
    KNOWN_NOT_FLAT = 2 /* it can be loaded */,
    KNOWN = 4,
    KNOWN_READABLE = 8,
    KNOWN_WRITABLE = 16
};
struct known_descriptor {
    uint64_t bytes;
    uint32_t key; /* the selector, and CPL << 16 */
    uint8_t as;   /* enum known_as */
    struct segment segment;
};
#define KNOWN_DESCRIPTORS 32u /* by the low bits of their number */

struct translated {
    uint32_t physical, eip, limit, bits;
    uint32_t second; /* as in struct unit */
    uint32_t room;   /* bytes of its records, all in all */
    uint16_t bytes;  /* in its first page */
    uint16_t before; /* as in struct unit */
    uint8_t count;
    bool valid; /* still to be found */
    bool used;  /* since its region was full (cache.c) */
    uint8_t loose_count;
    int16_t loose[LOOSE_LIMIT]; /* where immediate operands are that it reads when it needs them, from its first byte on
                                 */
    uint8_t exits;
    const uint8_t *entry; /* where it runs */
    uint8_t *link;        /* where exits of its page lead, in the writable mapping: the same place, or what looks at the
                             mapping before */
    struct translated *next_hash, *next_in_page;
    struct translated **in_page; /* what leads to it in the list of its page; or null */
    struct translated *rest;     /* what stands for its bytes in a second page; or null */
    struct translated *whole;    /* this stands for the bytes of that block in its second page, and is no block */
    struct block_exit *incoming, *exit;
    struct record_group *group; /* in the order of their records */
    struct slow_record *slow;   /* what the interpreter may have to do in its midst */
    uint8_t slow_count;
};

struct slow_record {
    struct insn insn;
    uint8_t index; /* in the block */
};

/* Code that every block uses. */
struct backend {
    const uint8_t *enter; /* a function: struct block_exit *enter(struct cpu *, const uint8_t *code). Null exit: leave
                             for the loop to look around */
    uint8_t *leave;       /* in the writable mapping: saves the registers and returns R8 */
    uint8_t *run_record; /* calls view.run_record(cpu, R8, R9), R9 a number of the block's slow records, and resumes, or
                             leaves */
    uint8_t *run_group;  /* the same with view.run_group(cpu, R8) */
    uint8_t *units[4];   /* loads what of HAS_XMM and HAS_X87 is not in the host's; [0] takes back what is */
    uint8_t *flags_ready; /* calls view.flags_ready */
    uint8_t *beside_code; /* calls view.write_beside_code with R9, which gets what that returns; its flags tell of 0 */
    uint8_t *enter_flat[2];    /* SYSEXIT and SYSENTER: CS of R10, SS, CPL, by which of them is 3 */
    uint8_t *known_descriptor; /* x64.h, emit_known_descriptor */
    uint8_t *repeat[2][3];     /* REP STOS and MOVS, of 1, 2 and 4 bytes, as far as it goes */
    uint8_t *other_place;      /* of the table of jumps: goes on there, or leaves by the exit in R11 */
    uint8_t *aside;            /* where the newest block's code for what is rare begins */
    void *scratch;             /* backend_scratch_size bytes, for the compilation of one block */
    uint32_t *places; /* UNIT_LIMIT + 1, or null: gets where in a block the code of each record begins (0: it is with
                         the one before), and what comes after the last */
};
extern const size_t backend_scratch_size;

/* Emits the shared code. */
void backend_init(struct backend *b, struct code *code);
/* Whether what is written to the memory for code is what runs there, the second time as well: another program that
 * translates this one, an emulator or Valgrind, may not see the change. */
bool backend_sees_changes(struct code *code);
/* Tries the rows that the host's unit computes; marks those that differ from the interpreter, and returns how many they
 * are. `single` has room for two records. The processor is left as it was; what is emitted for this is not kept. */
unsigned backend_try_rows(struct cpu *cpu, struct code *code, struct code_block *single, uint8_t software[]);
/* For view.x87_give and x87_take. */
void backend_x87_give(struct cpu *cpu);
void backend_x87_take(struct cpu *cpu);
/* Which part of the back end has code of its own for this record in such a unit; 0: none. by: gets the function that
 * emits it, or null; may be null. */
uint8_t backend_compiles(const struct unit *u, const struct insn *insn, compile_function **by);
/* Whether the immediate operand of a record can be read when it runs, if the record is compiled. */
bool backend_loosens(const struct insn *insn);
/* Whether what follows belongs to the unit although the interpreter's blocks end with this record. */
bool backend_runs_on(const struct unit *u, const struct insn *insn);
/* Whether a unit ends with a jump to what is read from a table, by code that looks at page_jumps. */
bool backend_jumps_by_table(const struct unit *u);
/* The flags that instruction n looks at, that it certainly writes, and whether it may leave the block before its end
 * or is run by the interpreter: then all flags may be read before it. */
struct flag_use {
    uint16_t read, written;
    bool observed;
};
void backend_flag_use(const struct unit *u, unsigned n, struct flag_use *use);
/* How many records from n on, n itself at least, have no code of the back end's own. */
unsigned backend_group_length(const struct unit *u, unsigned n);
/* Emits a unit as code of `block`, whose groups and room for EXIT_LIMIT exits and UNIT_LIMIT slow records behind them
 * are there, and fills in code, entry, exits and slow records. */
void backend_compile(struct backend *b, struct code *code, const struct unit *u, struct translated *block);
/* Leads an exit to another block, or to null. */
void backend_aim(struct block_exit *exit, const struct translated *to);

#endif
