/* cpu.h - the processor's state, and the contracts between its parts.
 *
 * decode.c   bytes -> records          mmu.c        linear -> physical, the fast path, slow accesses
 * blocks.c   records -> cached blocks  interpret*.c one handler per operation and form
 * segments.c selectors, descriptors, far transfers    interrupts.c  exceptions, interrupts, IRET    tasks.c  task switches
 * system.c   control, debug and model registers, CPUID    x87*.c  floating point    simd*.c  MMX and SSE
 *
 * A block is a run of decoded instructions that ends with one that may leave it. A handler does its instruction and returns
 * NEXT(cpu, insn), which calls the handler of the following record: the compiler makes that a jump, and where it does not, a
 * block is short enough not to hurt. EIP and `left` are those of the block's first instruction; an instruction's own follow from its index
 * (contract 1), and only slow paths, faults and the end of the block work them out. */
#ifndef MUNIMENT_EMU_CPU_H
#define MUNIMENT_EMU_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emu/clock.h"
#include "emu/cpu/decode.h"
#include "emu/cpu/x87.h"
#include "emu/endian.h"
#include "emu/line.h"
#include "emu/memory.h"
#include "emu/state.h"

/* --- RFLAGS, control registers, exceptions: Intel SDM vol. 3 --- */
enum {
    FLAG_CF = 1, FLAG_FIXED = 2, FLAG_PF = 4, FLAG_AF = 0x10, FLAG_ZF = 0x40, FLAG_SF = 0x80, FLAG_TF = 0x100, FLAG_IF = 0x200,
    FLAG_DF = 0x400, FLAG_OF = 0x800, FLAG_IOPL = 0x3000, FLAG_NT = 0x4000, FLAG_RF = 0x10000, FLAG_VM = 0x20000, FLAG_AC = 0x40000,
    FLAG_VIF = 0x80000, FLAG_VIP = 0x100000, FLAG_ID = 0x200000,
    FLAGS_ARITHMETIC = FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF
};
#define CR0_PE 0x1u
#define CR0_MP 0x2u
#define CR0_EM 0x4u
#define CR0_TS 0x8u
#define CR0_ET 0x10u
#define CR0_NE 0x20u
#define CR0_WP 0x10000u
#define CR0_AM 0x40000u
#define CR0_NW 0x20000000u
#define CR0_CD 0x40000000u
#define CR0_PG 0x80000000u
#define CR4_VME 0x1u
#define CR4_PVI 0x2u
#define CR4_TSD 0x4u
#define CR4_DE 0x8u
#define CR4_PSE 0x10u
#define CR4_PAE 0x20u
#define CR4_MCE 0x40u
#define CR4_PGE 0x80u
#define CR4_PCE 0x100u
#define CR4_OSFXSR 0x200u
#define CR4_OSXMMEXCPT 0x400u
enum {
    EXC_DE = 0, EXC_DB = 1, EXC_NMI = 2, EXC_BP = 3, EXC_OF = 4, EXC_BR = 5, EXC_UD = 6, EXC_NM = 7, EXC_DF = 8, EXC_TS = 10, EXC_NP = 11,
    EXC_SS = 12, EXC_GP = 13, EXC_PF = 14, EXC_MF = 16, EXC_AC = 17, EXC_MC = 18, EXC_XM = 19
};

/* --- Segment registers with their hidden part --- */
enum { /* access rights: bits 8-23 of a descriptor's upper half, shifted right by 8 */
    RIGHTS_TYPE = 0xF, RIGHTS_ACCESSED = 1, RIGHTS_WRITABLE = 2, RIGHTS_READABLE = 2, RIGHTS_EXPAND_DOWN = 4, RIGHTS_CONFORMING = 4, RIGHTS_CODE = 8,
    RIGHTS_S = 0x10, RIGHTS_DPL = 0x60, RIGHTS_P = 0x80, RIGHTS_AVL = 0x1000, RIGHTS_D = 0x4000, RIGHTS_G = 0x8000
};
struct segment {
    uint32_t base;
    uint32_t limit;      /* in bytes, granularity applied */
    uint16_t selector;
    uint16_t rights;     /* 0: unusable (null selector) */
    /* Derived by segment_derive: an access of n bytes at offset is plainly allowed when offset + n <= read_end (write_end) as 64-bit sums. 0 sends every access to the slow check
     * (unreadable, expand-down, null); a flat 4 GiB segment has 2^32 + 16, since offsets wrap there. */
    uint64_t read_end, write_end;
};
struct table_register { uint32_t base; uint32_t limit; };

/* --- Lazy flags: {result, operands, operation}. --- */
enum flag_class {
    FLAGS_READY,  /* the arithmetic flags are in cpu->flags */
    FLAGS_ADD,    /* result = a + b: ADD XADD */
    FLAGS_SUB,    /* result = a - b: SUB CMP NEG CMPXCHG CMPS SCAS; conditions compare a and b themselves */
    FLAGS_LOGIC,  /* CF = OF = AF = 0 */
    FLAGS_INC,    /* a: CF as it was (0 or 1) */
    FLAGS_DEC,    /* a: CF as it was */
    FLAGS_RESULT  /* SF ZF PF from result; CF OF AF as RFLAGS bits in a: ADC SBB, shifts, rotates, MUL */
};
#define FLAG_OP(class, size) ((uint32_t)(class) << 3 | (size)) /* size in bytes: 1, 2, 4. result, a and b are held zero-extended. */

/* --- An XMM register: bytes 0-7 in memory are q[0], the first of them its lowest. A lane is found by shifting, in either byte order. --- */
struct xmm { uint64_t q[2]; };
#define MXCSR_DEFAULT 0x1F80u

/* --- Soft TLB: {read tag, write tag, execute tag, addend} --- */
#define TLB_ENTRIES 1024u
#define TLB_INVALID 1u /* no page address has low bits */
struct tlb_entry {
    uint32_t read, write, execute; /* linear address of the page, or TLB_INVALID */
    uint32_t physical;             /* of the page, after A20 */
    uint8_t *addend;               /* host address = addend + (linear & 0xFFF) */
};

/* --- Why the run loop must look around (cpu->attention) --- */
enum attention {
    ATTENTION_INTR    = 1,   /* the PIC's line is high (acted on when IF is set) */
    ATTENTION_NMI     = 2,
    ATTENTION_HALTED  = 4,   /* HLT was executed */
    ATTENTION_TRAP    = 8,   /* a debug trap is pending (DR6 bits in cpu->pending_debug) */
    ATTENTION_SHADOW  = 16,  /* interrupts wait for one instruction: after STI, and MOV and POP to SS */
    ATTENTION_SHADOW_SS = 32,/* debug traps wait as well: after MOV/POP SS */
    ATTENTION_STEP    = 64,  /* TF is set, or an instruction breakpoint is armed: one instruction at a time */
    ATTENTION_SHUTDOWN = 128, /* triple fault: the machine resets */
    ATTENTION_STOP    = 256  /* the machine itself has something to do: reset, power, failure of the host */
};

/* Somebody who looks on (trace.c). While there is one, every write takes the slow path. */
struct observer {
    void *context;
    void (*wrote)(void *context, uint32_t linear, unsigned size, uint64_t value);
    void (*delivered)(void *context, unsigned vector); /* an interrupt or exception begins to be delivered */
};

struct code_block;

struct cpu {
    /* The hot part: registers, flags and `left` in the first 128 bytes (contract 5). */
    uint32_t reg[9];          /* EAX ... EDI; reg[REG_ZERO] is always 0 */
    uint32_t eip;             /* of the next instruction; inside a block: of the block's first */
    int64_t  left;            /* ticks to the deadline; inside a block: as at its start, less `accounted` instructions */
    uint32_t flags;           /* RFLAGS; the arithmetic ones are stale unless flag_op is FLAGS_READY. Bit 1 always set */
    uint32_t flag_op, flag_result, flag_a, flag_b;
    uint32_t attention;       /* enum attention */
    uint32_t accounted;       /* instructions of the current block already taken from `left` */
    bool     leave;           /* the deadline, a line or a mapping moved: leave after this instruction */
    bool     user;            /* CPL is 3 */
    uint8_t  cpl;
    struct tlb_entry *tlb;    /* the table of the current privilege: cpu->tlbs[user] */
    const struct code_block *block;

    struct segment seg[SEG_COUNT];
    struct segment ldtr, tr;
    struct table_register gdtr, idtr;
    uint32_t cr0, cr2, cr3, cr4;
    uint32_t dr[8];           /* DR4 and DR5 unused */
    uint32_t tr_test[8];      /* TR3-TR7 of 386 and 486 */
    uint32_t pending_debug;   /* DR6 bits of a trap to be delivered at the next boundary */
    uint64_t tsc_base;        /* TSC = tick + tsc_base */
    uint64_t pdpte[4];        /* as loaded with CR3 when PAE is on */
    bool     nmi_blocked;     /* from an NMI to the next IRET */
    uint32_t sysenter_cs, sysenter_esp, sysenter_eip;
    uint64_t apic_base;
    uint64_t msr[37];         /* those that only hold a value; models.c has their table */

    struct x87 x87;           /* and MMX */
    struct xmm xmm[8];        /* SSE */
    uint32_t mxcsr;

    /* An exception on its way (valid after a handler returned CPU_FAULT). Not part of the state: it never outlives an instruction. */
    uint8_t  fault_vector;
    bool     fault_has_error;
    uint32_t fault_error;

    /* Wiring and caches: no state. */
    enum cpu_model model;
    uint32_t cpuid_limit;
    struct memory *memory;
    struct bus *bus;
    struct clock *clock;
    uint8_t (*acknowledge)(void *pic); /* the PIC's INTA cycle */
    void *pic;
    struct line ferr;         /* to IRQ 13 */
    uint32_t io_ticks;        /* bus time of one port access */
    bool halted_dead;         /* HLT with IF clear was just executed: machine_run reports it once */
    struct tlb_entry tlbs[2][TLB_ENTRIES];
    uint16_t tlb_filled[2][TLB_ENTRIES]; /* the entries that hold something, so that a flush need not visit the others */
    uint32_t tlb_filled_count[2];
    struct code_cache *blocks;
    const struct observer *observer; /* null: none */
};

extern const struct state_field cpu_state[];

/* What a handler returns. */
enum cpu_exit {
    CPU_CONTINUE, /* the block ended; EIP and left are up to date */
    CPU_LEAVE,    /* the same, and the loop must look at attention, deadline and blocks before going on */
    CPU_FAULT     /* the instruction did nothing; fault_* say what to deliver; EIP and left are those of the instruction */
};

/* --- cpu.c --- */
bool cpu_init(struct cpu *cpu, enum cpu_model model, struct memory *memory, struct bus *bus, struct clock *clock);
void cpu_free(struct cpu *cpu);
void cpu_reset(struct cpu *cpu);           /* RESET#, or INIT: SDM vol. 3 table 9-1 */
void cpu_set_intr(struct cpu *cpu, bool level);
void cpu_nmi(struct cpu *cpu);
/* Asks engine_run to return after this instruction. */
void cpu_stop(struct cpu *cpu);
/* Sets ATTENTION_STEP from TF, RF and the code breakpoints of DR7: to be called when one of them changed. */
void cpu_update_step(struct cpu *cpu);
/* Runs until cpu->left <= 0, HLT, shutdown, or a line that the machine must look at. */
void engine_run(struct cpu *cpu);
/* Brings about what follows from a state that was loaded; struct part of machine.h. */
const char *cpu_loaded(void *processor);
/* Brings lazy flags into cpu->flags: before digest and snapshot. */
void cpu_canonical(struct cpu *cpu);

/* --- flags.c: the one function that materializes, and its parts --- */
uint32_t flags_arithmetic(const struct cpu *cpu); /* CF PF AF ZF SF OF, of the lazy record */
uint32_t flags_read(const struct cpu *cpu);       /* all of RFLAGS */
void flags_write_arithmetic(struct cpu *cpu, uint32_t flags); /* sets the six from RFLAGS bits */
/* Writes RFLAGS bits in mask (others stay), VM included; sees to STEP and INTR attention. Bit 1 stays set. */
void flags_write(struct cpu *cpu, uint32_t flags, uint32_t mask);
bool flags_condition(const struct cpu *cpu, unsigned condition); /* 0-15, as in Jcc */

/* --- mmu.c --- Access functions return these, or'ed. FAULT: nothing was done. LEAVE: done; leave after this instruction. */
enum access { ACCESS_DONE = 0, ACCESS_LEAVE = 1, ACCESS_FAULT = 2 };

/* Linear accesses that missed the fast path: any alignment, page crossing, device memory, page walks, marks. size 1, 2, 4 or 8. insn is null outside of instructions.
 * `privilege`: 0 supervisor (implicit system accesses and CPL 0-2), 1 user. A write is checked whole before any byte changes. */
unsigned mmu_read(struct cpu *cpu, const struct insn *insn, uint32_t linear, unsigned size, unsigned privilege, uint64_t *value);
unsigned mmu_write(struct cpu *cpu, const struct insn *insn, uint32_t linear, unsigned size, unsigned privilege, uint64_t value);
/* The same with sixteen bytes: the lower eight in value[0]. */
unsigned mmu_read16(struct cpu *cpu, const struct insn *insn, uint32_t linear, unsigned privilege, uint64_t value[2]);
unsigned mmu_write16(struct cpu *cpu, const struct insn *insn, uint32_t linear, unsigned privilege, const uint64_t value[2]);
/* Fails as a read (write) of these bytes would, and does nothing else but the accessed and dirty bits. length up to 4096. */
unsigned mmu_probe(struct cpu *cpu, const struct insn *insn, uint32_t linear, uint32_t length, unsigned privilege, bool write);
/* Entry for execution at a linear address: fills *physical and *host (null: not plain memory). */
unsigned mmu_fetch(struct cpu *cpu, uint32_t linear, uint32_t *physical, const uint8_t **host);
void mmu_init(struct cpu *cpu);
void mmu_flush(struct cpu *cpu); /* everything: CR0, CR3, CR4, A20, map */
/* The byte at a linear address as the CPU would read it now, if it is plain memory; changes nothing. */
bool mmu_peek(struct cpu *cpu, uint32_t linear, uint8_t *byte);
/* A physical page got a mark: writes to it must take the slow path from now on. */
void mmu_protect(struct cpu *cpu, uint32_t page);

/* Makes clock_now and EIP exact in the middle of a block: takes the instructions before insn off `left`. Slow paths call it before any device sees the access. */
void cpu_sync(struct cpu *cpu, const struct insn *insn);

/* --- segments.c --- */
void segment_derive(struct segment *s);
/* The check that read_end/write_end could not settle: limit, type, null; #GP(0), or #SS(0) for SS. */
unsigned segment_check(struct cpu *cpu, const struct insn *insn, unsigned segment, uint32_t offset, uint32_t size, bool write);
/* Loads a segment register as MOV/POP/LDS do, by the rules of the mode. SS included. */
unsigned segment_load(struct cpu *cpu, const struct insn *insn, unsigned segment, uint16_t selector);
void segment_set_real(struct cpu *cpu, unsigned segment, uint16_t selector); /* real and V86 mode: base = selector * 16 */
/* After CR0.PE, VM, CPL or CS changed: cpu->user, cpu->tlb and what decoding depends on. */
void cpu_mode_changed(struct cpu *cpu);
/* Far transfers. `next` is the EIP behind the instruction. On success EIP (and all else) is that of the target: the handler returns end_transfer. */
unsigned far_jump(struct cpu *cpu, const struct insn *insn, uint16_t selector, uint32_t offset);
unsigned far_call(struct cpu *cpu, const struct insn *insn, uint16_t selector, uint32_t offset, uint32_t next);
unsigned far_return(struct cpu *cpu, const struct insn *insn, uint32_t release);
unsigned interrupt_return(struct cpu *cpu, const struct insn *insn, uint32_t next);

/* system.c: the debug registers. Sets pending_debug and ATTENTION_TRAP when a data breakpoint matches. */
void debug_data_access(struct cpu *cpu, uint32_t linear, unsigned size, bool write);
/* The same for ports, with CR4.DE. */
void debug_port_access(struct cpu *cpu, uint16_t port, unsigned size);
/* Whether an instruction breakpoint lies on CS:EIP (RF clear); the DR6 bits are put into pending_debug. */
bool debug_code_breakpoint(struct cpu *cpu);

/* system.c: what RESET# does to the model-specific registers. Returns the signature that it leaves in EDX. */
uint32_t system_reset(struct cpu *cpu);

/* --- interrupts.c --- */
enum interrupt_source { SOURCE_EXTERNAL, SOURCE_EXCEPTION, SOURCE_SOFTWARE /* INT n, INT3, INTO: gate DPL is checked */, SOURCE_ICEBP };
/* Delivers; `next` is the EIP to save. Faults on the way become the nested exception (ACCESS_FAULT with fault_* set). */
unsigned interrupt_deliver(struct cpu *cpu, unsigned vector, enum interrupt_source source, bool has_error, uint32_t error, uint32_t next);
/* Delivers cpu->fault_* with double and triple faults (SDM vol. 3, table 6-5); takes one tick. */
void exception_deliver(struct cpu *cpu);
/* Sets fault_* and returns ACCESS_FAULT: `return fault(cpu, EXC_GP, selector & 0xFFFC);` */
unsigned fault(struct cpu *cpu, unsigned vector, uint32_t error);
unsigned fault_plain(struct cpu *cpu, unsigned vector); /* without error code */

/* --- tasks.c --- */
enum task_reason { TASK_JUMP, TASK_CALL, TASK_INTERRUPT, TASK_RETURN };
unsigned task_switch(struct cpu *cpu, uint16_t selector, enum task_reason reason, bool has_error, uint32_t error, uint32_t next);
/* Whether `size` ports from `port` may be used at this CPL and IOPL: the I/O permission map. #GP(0) otherwise. */
unsigned io_permission(struct cpu *cpu, const struct insn *insn, uint16_t port, unsigned size);

/* --- blocks.c --- */
#define BLOCK_LIMIT 32 /* instructions */
struct code_block {
    uint32_t physical;      /* of its first byte */
    uint16_t bytes;         /* of guest code */
    uint8_t  count;         /* instructions */
    uint8_t  mode;          /* enum decode_mode it was decoded in */
    struct code_block *next_hash, *next_in_page;
    struct code_block *link[2]; /* blocks of the same page that this one led to; followed after a look at their address */
    struct insn insn[];     /* count records, and behind them the one that ends the block */
};
/* The block at CS:EIP, decoded if need be. Null with fault_* set when the fetch faults or the first instruction is undefined. At most `limit` instructions: a
 * shorter copy that is not cached is returned when the slice or a trap demands it. */
struct code_block *code_block_find(struct cpu *cpu, uint32_t limit);
/* The block at the new EIP, if it is known, lies in the page of `from` (which ran from EIP `start` on, and ended with CPU_CONTINUE), and fits into `left`; else
 * null. */
struct code_block *code_block_next(struct cpu *cpu, struct code_block *from, uint32_t start);
void blocks_flush(struct cpu *cpu);
/* memory.h's code_changed: drops the blocks that these bytes belong to. */
void blocks_code_changed(struct cpu *cpu, uint32_t address, uint32_t length);
bool blocks_init(struct cpu *cpu);
void blocks_free(struct cpu *cpu);

/* --- interpret*.c --- */
/* The routine for a decoded record. Never null for a record that decode() accepts. */
insn_handler *interpreter_handler(const struct insn *insn);
/* The part of it that segments and system instructions have (system.c); null for all other operations. */
insn_handler *system_handler(const struct insn *insn);
/* The handler of the record behind a block's last instruction. */
insn_handler block_end;

/* What decoding depends on: bits of enum decode_mode. */
static inline unsigned code_mode(const struct cpu *cpu)
{
    return (cpu->seg[SEG_CS].rights & RIGHTS_D ? DECODE_32 : 0) | (cpu->cr0 & CR0_PE && !(cpu->flags & FLAG_VM) ? DECODE_PROTECTED : 0);
}

/* The EIP of an instruction, and of the one behind it, wrapped to 16 bits in a 16-bit code segment. */
static inline uint32_t insn_eip(const struct cpu *cpu, const struct insn *insn)
{
    uint32_t eip = cpu->eip + insn->offset;
    return cpu->seg[SEG_CS].rights & RIGHTS_D ? eip : eip & 0xFFFF;
}

static inline uint32_t insn_next_eip(const struct cpu *cpu, const struct insn *insn)
{
    uint32_t eip = cpu->eip + insn->offset + insn->length;
    return cpu->seg[SEG_CS].rights & RIGHTS_D ? eip : eip & 0xFFFF;
}

/* Ends the instruction and goes on with the next record. */
#define NEXT(cpu, insn) ((insn)[1].run((cpu), (insn) + 1))

/* Retires insn and all before it in the block: takes them off `left`, sets EIP. Returns `exit`. For branches, and for leaving in mid-block. */
static inline int cpu_retire(struct cpu *cpu, const struct insn *insn, uint32_t eip, int exit)
{
    cpu->left -= (int64_t)(insn - cpu->block->insn + 1) - cpu->accounted;
    cpu->accounted = 0;
    cpu->eip = eip;
    return exit;
}

/* The instruction faulted: the ones before it are retired, EIP is its own. */
static inline int cpu_fault_exit(struct cpu *cpu, const struct insn *insn)
{
    cpu->left -= (int64_t)(insn - cpu->block->insn) - cpu->accounted;
    cpu->accounted = 0;
    cpu->eip = insn_eip(cpu, insn);
    return CPU_FAULT;
}

#endif
