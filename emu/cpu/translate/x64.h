/* x64.h - what the files of the x86-64 back end share.
 *
 *     x64.c           a unit from end to end: entry, records, stubs, exits; the code that all blocks share
 *     x64_memory.c    operands in memory      x64_flags.c    flags that are owed, conditions
 *     x64_integer.c   moves, arithmetic       x64_control.c  stack, jumps, calls
 *     x64_system.c    flags and segment registers as operating systems use them, bits in memory, exchanges
 *     x64_simd.c      SSE, MMX                x64_try.c      whether this host computes as the interpreter does
 *     x64_x87.c       floating-point unit    x64_strings.c   MOVS, STOS, LODS, SCAS, CMPS
 *
 * EAX ECX EDX EBX EBP ESI EDI are in the host's registers of those names, ESP in R12, zero-extended. R13 is the table
 * of pages, R14 `left`, R15 the processor. R8 to R11 are free within an instruction: R8 for an address, and what was
 * read there; R9 for the host's addend to it; R10 for what flags take.
 *
 * How an instruction is compiled: spill() what owed flags need of the registers that it changes, form its addresses and
 * test them (memory_begin), then change registers and memory. From the first change on nothing may fail: what fails
 * before goes to the slow path, which runs the whole instruction. */
#ifndef MUNIMENT_EMU_TRANSLATE_X64_H
#define MUNIMENT_EMU_TRANSLATE_X64_H

#include "emu/cpu/state.h"
#include "emu/cpu/translate/backend.h"

enum { TABLE = R13, LEFT = R14, CPU = R15, ADDRESS = R8, VALUE = R8, ADDEND = R9, SPARE = R10 };

#define FIELD(field) at_address(CPU, (int32_t)offsetof(struct cpu, field))

/* --- Flags that are owed --- An instruction leaves a note of what its flags follow from, and the host's flags as long
 * as they last. The note is written out where they may be read (flush), if that is not after the next instruction that
 * writes them all. */
enum where { NOWHERE, IN_REGISTER, CONSTANT, IN_RECORD /* in its field of struct cpu */ };
struct place {
    uint8_t where;
    uint8_t reg; /* the guest's number; with size 1, of a byte register */
    uint32_t value;
};

enum owed {
    OWED_NOTHING /* the record in struct cpu is complete */,
    OWED_DEAD /* not read */,
    OWED_RECORD,
    OWED_COUNT,
    OWED_ROTATE,
    OWED_HOST /* ZF PF CF are the host's, the others clear: to be written out before the host's are lost */
};
struct owed_flags {
    uint8_t owed;  /* enum owed */
    uint8_t class; /* enum flag_class or layered_class */
    uint8_t size;
    bool ready; /* OWED_NOTHING: the record is of class FLAGS_READY */
    struct place a, b, result;
};

/* What is to be noted of the last floating-point instruction (x64_x87.c). */
struct x87_note {
    bool noted, memory; /* opcode and ip; segment */
    uint8_t segment;
    uint16_t opcode;
    uint32_t ip;
};

enum stub_kind {
    STUB_SLOW,
    STUB_UNALIGNED,
    STUB_BESIDE_CODE,
    STUB_EXIT,
    STUB_READY,
    STUB_UNITS /* what the unit needs is loaded */
};
struct stub {
    enum stub_kind kind;
    uint8_t index; /* of the instruction */
    uint8_t count;
    uint8_t size, address; /* STUB_UNALIGNED, STUB_BESIDE_CODE: of the operand; the register of the address */
    struct stub *slow;     /* they: the stub that follows */
    uint8_t *site[8];      /* jumps that lead here */
    uint8_t *resume;
    struct owed_flags before;
    bool ready_after;    /* it expects the record to be one of class FLAGS_READY */
    struct x87_note x87; /* to be written before */
    bool leaves;         /* the block is left after the instruction: it changes what code is translated for */
    bool flags_after;    /* the code after the instruction expects the guest's flags in the host's */
    uint32_t eip;        /* STUB_EXIT: the target */
    bool plain;          /* which is the instruction at hand, by a block with CONTEXT_PLAIN */
    bool loops;          /* or the start of this unit: all flags may be owed */
};

#define STUB_LIMIT (UNIT_LIMIT * 6 + 2 * NEIGHBOURS_LIMIT)
struct compile {
    struct code *code;
    const struct backend *backend;
    const struct unit *unit;
    struct translated *block;
    unsigned index; /* of the instruction at hand */
    struct owed_flags flags;
    uint16_t host_flags; /* those of the guest that the host's flags hold now */
    unsigned units;      /* HAS_XMM and HAS_X87 that the unit needs; the host has them from its start on */
    struct x87_note x87;
    struct stub *slow;          /* of the instruction at hand; null: none yet */
    struct record_group *group; /* the next */
    uint8_t bounded;            /* bit n: general register n is bound[n] at most */
    uint32_t bound[8];
    unsigned next_near;                /* the first of the unit's neighbours that may still have to be looked up */
    bool left;                         /* nothing runs on after the last instruction */
    bool aside;                        /* what is emitted goes where what is rare lies */
    uint8_t held;                      /* R9 holds where these neighbours are: 1 + their index, or 0 */
    uint8_t aligned[NEIGHBOURS_LIMIT]; /* 1 + how far after an aligned place of theirs operands of 16 bytes lie that are
                                          known to be aligned; or 0 */
    uint8_t *loop;                     /* where the unit goes on that jumps to its start */
    uint8_t slow_index[UNIT_LIMIT];    /* of the instruction of each slow record */
    unsigned stub_count;
    struct stub stub[STUB_LIMIT];
};

/* Where PAGES_CODE is for a known EIP, from R13: the half of it that has the page. */
static inline int32_t page_field(uint32_t eip)
{
    return (int32_t)((PAGES_CODE + eip / PAGE_SIZE) * 8 + JUMP_PAGE_SHIFT / 8);
}

/* --- Registers --- */
extern const uint8_t host_register[9]; /* REG_ZERO: NO_REGISTER */

/* The number by which the emitter names a guest register of a size. */
static inline unsigned reg_of(unsigned r, unsigned size)
{
    return size == 1 ? r : host_register[r];
}

static inline bool is_high(unsigned r, unsigned size)
{
    return size == 1 && r >= 4;
}

/* Where an instruction needs a REX prefix, AH CH DH and BH cannot be named: they change places with the low byte for as
 * long. No flag changes. */
static inline unsigned byte_begin(struct compile *c, unsigned r)
{
    if (r >= 4)
        emit_op(c->code, 1, 0x86, r - 4, in_register(r));
    return r & 3;
}

static inline void byte_end(struct compile *c, unsigned r)
{
    if (r >= 4)
        emit_op(c->code, 1, 0x86, r - 4, in_register(r));
}

static inline uint16_t live_behind(const struct compile *c)
{
    return c->unit->live[c->index];
}

/* Whether the immediate operand of an instruction is read when it runs. */
static inline bool is_loose(const struct compile *c, const struct insn *i)
{
    return c->unit->loose_count && backend_loosens(i) && unit_loosens(c->unit, i);
}

static inline uint32_t next_eip(const struct compile *c, const struct insn *i)
{
    uint32_t eip = c->unit->eip + insn_offset(i) + i->length;
    return c->unit->bits & CONTEXT_32 ? eip : eip & 0xFFFF;
}

/* --- x64.c --- */
/* The stub that runs the instruction at hand by the interpreter; jumps to it are added by slow_from. */
void slow_from(struct compile *c, uint8_t *site);
/* A stub of another kind, which may come to that one; a jump leads to it. It resumes at the next place. */
void stub_before_slow(struct compile *c, enum stub_kind kind, unsigned size, unsigned address, uint8_t *site);
struct stub *new_stub(struct compile *c, enum stub_kind kind);
/* What an exit does as long as it leads nowhere; and for a target in another page, the look at that page before.
 * `site`: the jump, if there is one. */
void emit_exit_tail(struct compile *c, uint32_t eip, uint8_t *site, bool plain);
/* Leaves the unit for a known target. All flags must be flushed. Emits a jump that waits to be linked. */
void emit_exit(struct compile *c, uint32_t eip);
/* To the EIP in R8: by the table of jumps; and before that by a link to the one target that it had first. */
void emit_table_jump(struct compile *c);
/* The same where CS has become flat. */
void emit_flat_jump(struct compile *c);
void emit_cached_jump(struct compile *c);
/* Code that they share; `leave`: of struct backend. */
uint8_t *emit_other_place(struct code *code, const uint8_t *leave);
/* What comes between them is emitted where what is rare lies. The value of the one is for the other. */
bool aside_begin(struct compile *c);
void aside_end(struct compile *c, bool swapped);
/* Where PAGES_CODE is for EIP + distance, EIP in R8. Takes R9. */
struct rm code_page(struct code *code, uint32_t bits, uint32_t distance);
/* The same by a conditional jump, from after the instruction at hand if that is not the last. */
void emit_exit_if(struct compile *c, unsigned condition, uint32_t eip);
/* The functions for a record, or null. */
compile_function *integer_compiler(const struct unit *u, const struct insn *i); /* x64_integer.c */
compile_function *control_compiler(const struct unit *u, const struct insn *i); /* x64_control.c */
compile_function *string_compiler(const struct unit *u, const struct insn *i);  /* x64_strings.c */
compile_function *system_compiler(const struct unit *u, const struct insn *i);  /* x64_system.c */
compile_function *simd_compiler(const struct unit *u, const struct insn *i);    /* x64_simd.c */
struct flag_use simd_flag_use(const struct unit *u, unsigned n);
bool simd_is_arithmetic(const struct opcode_row *row);
/* HAS_XMM and HAS_X87, if a row has operands there: XMM and MMX registers. */
unsigned simd_units(const struct opcode_row *row);
compile_function *x87_compiler(const struct unit *u, const struct insn *i); /* x64_x87.c */
void integer_flag_use(const struct insn *i, struct flag_use *use);
struct flag_use system_flag_use(const struct insn *i);
/* Whether code goes on after an instruction that ends the interpreter's blocks, if it is compiled. */
bool system_runs_on(const struct insn *i);

/* --- x64_integer.c --- */
/* BT and its kin: the host's instruction for a value in a register, whose number of a bit is the record's; and then CF,
 * for which flush_and_ready came before, if it is wanted. */
void emit_bit_test(struct compile *c, const struct insn *i, unsigned r);
void bit_tested(struct compile *c, bool wanted);

/* --- x64_system.c --- */
/* Emits what blocks call with a selector in R10, and bits of enum known_as in R11, of which one is to be set: leads R8
 * to what is known of its descriptor, if that is the one that lies in memory. The flags say equal then. Takes R9 and
 * R11. */
uint8_t *emit_known_descriptor(struct code *code);
/* Emits what SYSEXIT or SYSENTER calls: makes CS of the selector in R10, SS of the next, and CPL. */
uint8_t *emit_enter_flat(struct code *code, bool user);

/* --- x64_control.c --- */
/* What lies on the stack's top, room for a value above it, and the stack pointer's change. */
struct rm stack_top(struct compile *c, unsigned size);
struct rm stack_room(struct compile *c, unsigned size);
void move_stack(struct compile *c, int32_t change);

/* --- x64_simd.c --- */
/* Stores (loads) all XMM registers. */
void emit_xmm_store(struct code *code);
void emit_xmm_load(struct code *code);
/* The host's ZF PF CF, as a comparison left them, become the guest's; OF SF AF are clear. May leave it owed, if a
 * conditional jump follows. */
void comparison_recorded(struct compile *c);
/* Emits it. */
void emit_comparison(struct compile *c);
/* Keeps such flags in R8, R10 and R11, where the host's are lost before they may have to be written out; and writes
 * them out from there. */
void keep_comparison(struct compile *c);
void emit_kept_comparison(struct compile *c);

/* --- x64_x87.c --- */
/* An instruction with registers only. */
void emit_x87_itself(struct code *code, const struct insn *i);
/* Writes what is to be noted; for the unit at hand, before it is left. */
void emit_x87_note(struct code *code, const struct x87_note *note);
void settle_x87(struct compile *c);
/* The same before the unit's start comes again, as far as that does not replace it: the rest is left to be written
 * where the unit is left. */
void x87_loop_end(struct compile *c);
/* Whether the code of an instruction is one of the unit's and leaves the host's EFLAGS alone. */
bool x87_keeps_eflags(const struct insn *i);
struct flag_use x87_flag_use(const struct unit *u, unsigned n);
/* The bits of the status word that the host's instruction leaves as the guest's does; 0: it is not compiled. */
uint16_t x87_status_taken(const struct insn *i);

/* --- x64_strings.c --- */
struct flag_use string_flag_use(const struct insn *i);
/* Emits what blocks call for a repeated MOVS, or STOS. */
uint8_t *emit_repeat(struct code *code, bool moves, unsigned size);

/* --- x64_memory.c --- */
enum access_kind {
    TO_READ = 0,
    TO_WRITE = 1,
    TO_ALIGNED = 2 /* what is not aligned goes the slow way */,
    IS_WITHIN = 4,      /* its page, for certain */
    NOT_BESIDE_CODE = 8 /* in a page to which the table leads */
};
/* Emits the address and the tests of the instruction's memory operand; ends the host's flags. */
struct rm memory_operand(struct compile *c, const struct insn *i, unsigned size, unsigned kind);
/* The operand of a stack instruction at base + displacement (ESP or EBP) in SS, where the stack is 32 bits wide. */
struct rm stack_operand(struct compile *c, unsigned base, int32_t displacement, unsigned size, unsigned kind);
/* What an instruction does to c->bound and c->bounded. */
void follow_bounds(struct compile *c, const struct insn *i);
/* Looks up the pages of neighbours whose first is the instruction at hand; and of those that are hoisted. */
void emit_neighbours(struct compile *c);
void emit_hoisted(struct compile *c);
/* The same at a linear address in a register that stays as it is, within a flat segment. */
struct rm memory_at(struct compile *c, unsigned address, unsigned size, unsigned kind);
/* The same at an offset in R8 within a segment. */
struct rm memory_in_segment(struct compile *c, unsigned segment, unsigned size, unsigned kind);
/* The effective address, into a register. */
void effective_address_to(struct compile *c, const struct insn *i, unsigned destination);
/* R9 becomes the host's address of an operand, so that R8 is free. */
struct rm memory_fix(struct compile *c, struct rm operand);

/* --- x64_flags.c --- */
struct place place_register(unsigned r);
struct place place_constant(uint32_t value);
extern const struct place place_record; /* its field holds it already */
/* What flags owed need of a register that the instruction at hand changes is kept. */
void spill(struct compile *c, unsigned r, unsigned size);
/* The instruction at hand leaves a record of this class. host: which flags the host's hold. */
void owe(struct compile *c, unsigned class, unsigned size, struct place a, struct place b, struct place result,
         uint16_t host);
/* The same for a layer: INC, DEC or a rotate. */
void owe_layer(struct compile *c, enum owed owed, unsigned class, unsigned size, struct place result, uint16_t host);
/* Writes owed flags out. */
void flush_flags(struct compile *c, struct owed_flags *f);
/* Nothing is owed any more: before the block is left. */
void settle(struct compile *c);
/* The record was written out in full by the code emitted: nothing is owed. */
void flags_recorded(struct compile *c, uint16_t host);
/* Stores flag_op for a record of a class. */
void emit_flag_class(struct compile *c, unsigned class, unsigned size);
void emit_flag_layer(struct compile *c, enum owed owed, unsigned class, unsigned size);
/* The flags that a condition reads, by its number over two. */
extern const uint16_t condition_flags[8];
/* Gets a condition into the host's flags; returns the host's condition for it. Takes R10. */
unsigned condition_begin(struct compile *c, unsigned condition);
/* The record becomes one of class FLAGS_READY: cpu->flags holds the arithmetic flags. */
void flush_and_ready(struct compile *c);
/* CF of the guest into that of the host. Takes R10. */
void carry_begin(struct compile *c);
static inline void host_flags_lost(struct compile *c)
{
    c->host_flags = 0;
}

#endif
