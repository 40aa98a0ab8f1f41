/* state.h - the processor's state, and how an instruction ends (contracts 1, 2 and 5).
 *
 * The base of the processor: every other file includes this one, and state.c needs none of them.
 *
 * A block is a run of decoded instructions that ends with one that may leave it. A handler does its instruction and
 * returns NEXT(cpu, insn), which calls the handler of the following record: the compiler makes that a jump, and where
 * it does not, a block is short enough not to hurt. EIP and `left` are those of the block's first instruction; an
 * instruction's own follow from its index, and only slow paths, faults and the end of the block compute them. */
#ifndef MUNIMENT_EMU_CPU_STATE_H
#define MUNIMENT_EMU_CPU_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emu/clock.h"
#include "emu/cpu/decode.h"
#include "emu/cpu/sizes.h"
#include "emu/cpu/translate/view.h"
#include "emu/cpu/x87_registers.h"
#include "emu/endian.h"
#include "emu/line.h"
#include "emu/memory.h"

/* --- RFLAGS, control registers, exceptions: Intel SDM vol. 3 --- */
/* clang-format off */
enum {
    FLAG_CF = 1, FLAG_FIXED = 2, FLAG_PF = 4, FLAG_AF = 0x10, FLAG_ZF = 0x40, FLAG_SF = 0x80, FLAG_TF = 0x100, FLAG_IF = 0x200,
    FLAG_DF = 0x400, FLAG_OF = 0x800, FLAG_IOPL = 0x3000, FLAG_NT = 0x4000, FLAG_RF = 0x10000, FLAG_VM = 0x20000, FLAG_AC = 0x40000,
    FLAG_VIF = 0x80000, FLAG_VIP = 0x100000, FLAG_ID = 0x200000,
    FLAGS_ARITHMETIC = FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF
};
/* clang-format on */
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
/* clang-format off */
enum {
    EXC_DE = 0, EXC_DB = 1, EXC_NMI = 2, EXC_BP = 3, EXC_OF = 4, EXC_BR = 5, EXC_UD = 6, EXC_NM = 7, EXC_DF = 8, EXC_TS = 10, EXC_NP = 11,
    EXC_SS = 12, EXC_GP = 13, EXC_PF = 14, EXC_MF = 16, EXC_AC = 17, EXC_MC = 18, EXC_XM = 19
};

/* --- Segment registers with their hidden part --- */
enum { /* access rights: bits 8-23 of a descriptor's upper half, shifted right by 8 */
    RIGHTS_TYPE = 0xF, RIGHTS_ACCESSED = 1, RIGHTS_WRITABLE = 2, RIGHTS_READABLE = 2, RIGHTS_EXPAND_DOWN = 4, RIGHTS_CONFORMING = 4, RIGHTS_CODE = 8,
    RIGHTS_S = 0x10, RIGHTS_DPL = 0x60, RIGHTS_P = 0x80, RIGHTS_AVL = 0x1000, RIGHTS_D = 0x4000, RIGHTS_G = 0x8000
};
/* clang-format on */
struct segment {
    uint32_t base;
    uint32_t limit; /* in bytes, granularity applied */
    uint16_t selector;
    uint16_t rights; /* 0: unusable (null selector) */
    bool flat;       /* derived: all 4 GiB from 0 on may be read and written; as a stack, by ESP */
    /* Derived by segment_derive: an access of n bytes at offset is plainly allowed when offset + n <= read_end
     * (write_end) as 64-bit sums. 0 sends every access to the slow check (unreadable, expand-down, null); a flat 4 GiB
     * segment has 2^32 + 16, since offsets wrap there. */
    uint64_t read_end, write_end;
};
struct table_register {
    uint32_t base;
    uint32_t limit;
};

/* --- Lazy flags: {result, operands, operation}. --- */
enum flag_class {
    FLAGS_READY, /* the arithmetic flags are in cpu->flags */
    FLAGS_ADD,   /* result = a + b: ADD XADD */
    FLAGS_SUB,   /* result = a - b: SUB CMP NEG CMPXCHG CMPS SCAS; conditions compare a and b themselves */
    FLAGS_LOGIC, /* CF = OF = AF = 0 */
    FLAGS_INC,   /* a: CF as it was (0 or 1) */
    FLAGS_DEC,   /* a: CF as it was */
    FLAGS_RESULT /* SF ZF PF from result; CF OF AF as RFLAGS bits in a: ADC SBB, shifts, rotates, MUL */
};
#define FLAG_OP(class, size) \
    ((uint32_t)(class) << 3 | (size)) /* size in bytes: 1, 2, 4. result, a and b are held zero-extended. */

/* --- An XMM register: bytes 0-7 in memory are q[0], the first of them its lowest. A lane is found by shifting, in
 * either byte order. --- */
struct xmm {
    uint64_t q[2];
};
#define MXCSR_DEFAULT 0x1F80u
#define MXCSR_BITS 0xFFFFu /* all that any model has; a host that loads another faults */

/* --- Kept translations (tlb.h) --- */
#define TLB_ENTRY_BITS 12
#define TLB_ENTRIES (1u << TLB_ENTRY_BITS)
#define TLB_INVALID 1u /* no page address has low bits */

/* The number of a page's entry. Buffers that lie whole MiBs apart do not fall into one. Pages beside each other differ
 * in the lowest bit: an access across them finds the wrong page in the entry of its first byte. */
#define TLB_SLOT(linear) (((linear) >> 12 ^ (linear) >> 22 << 1) & (TLB_ENTRIES - 1))

struct tlb_entry {
    uint32_t read, write, execute; /* linear address of the page, or TLB_INVALID */
    uint32_t marked;               /* as `write`, of a page that is marked: what is written there has to be looked at */
    uint32_t physical;             /* of the page, after A20 */
    uintptr_t addend;              /* host address = addend + linear */
};

/* tlb[TLB_SLOT(linear)]: where an entry has 32 bytes, in fewer steps. Every access waits for them. */
static inline struct tlb_entry *tlb_entry_at(struct tlb_entry *tlb, uint32_t linear)
{
    uint32_t bytes = (linear >> 7 ^ linear >> 22 << 6) & (TLB_ENTRIES - 1) * 32;

    return sizeof *tlb == 32 ? (struct tlb_entry *)(void *)((uint8_t *)tlb + bytes) : &tlb[TLB_SLOT(linear)];
}

/* Where a block begins, in flat code, that a jump led to. It is kept as long as an entry of its page would be right. */
#define TLB_JUMPS 1024u
struct tlb_jump {
    uint32_t eip;
    uint32_t link; /* as insn.link */
};

/* The translations of one context and privilege. */
struct tlb_table {
    struct tlb_entry entry[TLB_ENTRIES]; /* cpu->tlb */
    struct tlb_jump jump[TLB_JUMPS];
};

static inline struct tlb_jump *tlb_jump_at(struct tlb_entry *tlb, uint32_t eip)
{
    return &((struct tlb_table *)(void *)tlb)->jump[(eip ^ eip >> 10) % TLB_JUMPS];
}

static inline uint8_t *tlb_host(const struct tlb_entry *e, uint32_t linear)
{
    uint8_t *host = (uint8_t *)(e->addend + linear);

    ASSUME(host != NULL);
    return host;
}

/* --- Why the run loop must look around (cpu->attention) --- */
/* clang-format off */
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
/* clang-format on */

/* An observer (trace.c). While there is one, every write takes the slow path. */
struct observer {
    void *context;
    void (*wrote)(void *context, uint32_t linear, unsigned size, uint64_t value);
    void (*delivered)(void *context, unsigned vector); /* an interrupt or exception begins to be delivered */
};

/* The IN that may be one of a loop which asks a device (polls.h). */
#define POLL_LAPS 2u   /* laps that are run before one is watched */
#define POLL_OTHERS 8u /* other INs in a lap */
struct poll {
    uint32_t eip, reg[8]; /* of the instruction; the registers after it */
    uint32_t laps;        /* how often both were the same */
    uint32_t few;         /* so many do not suffice to watch one */
    uint32_t others;      /* INs since */
};

struct code_block;
struct translator;

/* What a translator hears of (translate/hooks.h). */
struct translator_hooks {
    void (*code_changed)(struct cpu *cpu, uint32_t address, uint32_t length);
    bool (*holds_page)(const struct cpu *cpu, uint32_t page);
    void (*flush)(struct cpu *cpu);
    void (*page_filled)(struct cpu *cpu, unsigned privilege, uint32_t linear, const uint8_t *host, bool write);
    void (*sides_entered)(struct cpu *cpu, unsigned first);
    void (*sides_cleared)(struct cpu *cpu, unsigned first);
    void (*range_dropped)(struct cpu *cpu, uint32_t base, unsigned shift, unsigned sides);
    void (*page_protected)(struct cpu *cpu, const uint8_t *host);
};

struct cpu {
    /* The hot part: registers, flags and `left` in the first 128 bytes (contract 5). */
    uint32_t reg[9]; /* EAX ... EDI; reg[REG_ZERO] is always 0 */
    uint32_t eip;    /* of the next instruction; inside a block: of the block's first */
    int64_t left;    /* ticks to the deadline; inside a block: as at its start, less `accounted` instructions */
    uint32_t flags;  /* RFLAGS; the arithmetic ones are stale unless flag_op is FLAGS_READY. Bit 1 always set */
    uint32_t flag_op, flag_result, flag_a, flag_b;
    uint32_t attention; /* enum attention */
    uint32_t accounted; /* instructions of the current block already taken from `left` */
    bool leave;         /* the deadline, a line or a mapping moved: leave after this instruction */
    bool user;          /* CPL is 3 */
    uint8_t cpl;
    struct tlb_entry *tlb; /* the table of the current privilege: cpu->tlbs[user] */
    struct code_block *block;
    int64_t floor; /* of `left`: down to it, blocks follow one another without a return to the run loop. INT64_MAX: none
                      does */
    uint8_t *code; /* where blocks lie, by insn.link: at 0 one that never runs */

    struct segment seg[SEG_COUNT];
    struct segment ldtr, tr;
    struct table_register gdtr, idtr;
    uint32_t cr0, cr2, cr3, cr4;
    uint32_t dr[8];         /* DR4 and DR5 unused */
    uint32_t tr_test[8];    /* TR3-TR7 of 386 and 486 */
    uint32_t pending_debug; /* DR6 bits of a trap to be delivered at the next boundary */
    uint64_t tsc_base;      /* TSC = tick + tsc_base */
    uint64_t pdpte[4];      /* as loaded with CR3 when PAE is on */
    bool nmi_blocked;       /* from an NMI to the next IRET */
    uint32_t sysenter_cs, sysenter_esp, sysenter_eip;
    uint64_t apic_base;
    uint64_t msr[51]; /* those that only hold a value; models.c has their table */

    struct x87 x87;    /* and MMX */
    struct xmm xmm[8]; /* SSE */
    uint32_t mxcsr;

    /* An exception on its way (valid after a handler returned CPU_FAULT). Not part of the state: it never outlives an
     * instruction. */
    uint8_t fault_vector;
    bool fault_has_error;
    uint32_t fault_error;

    /* Wiring and caches: no state. */
    enum cpu_model model;
    uint32_t cpuid_limit;
    struct memory *memory;
    struct bus *bus;
    struct clock *clock;
    uint8_t (*acknowledge)(void *pic); /* the PIC's INTA cycle */
    void *pic;
    struct line ferr;              /* to IRQ 13 */
    struct line apic_base_written; /* to the local APIC; not connected: there is none */
    uint32_t io_ticks;             /* bus time of one port access */
    int64_t spare;                 /* engine_run may return with so many ticks left; 0 where the deadline is an event */
    bool halted_dead;              /* HLT with IF clear was just executed: machine_run reports it once */
    struct tlb *tlb_store;         /* translations of all contexts */
    struct tlb_entry *tlbs[2];     /* of the context of CR3: supervisor, user */
    struct code_cache *blocks;
    struct code_block **buckets; /* of these blocks (blocks.h) */
    const struct insn *exit;     /* the record by which a block was left, where that may become a link; or null */
    bool run_waits;              /* waits.c, polls.c: run each lap */
    struct poll poll;
    uint64_t waited, halted_ticks;    /* ticks that were advanced and not run: of waits, and in HLT */
    uint64_t slow_accesses, lap_slow; /* accesses that missed the fast path: now, and at the last lap */
    const struct observer *observer;  /* null: none */
    struct translator_view view;
    struct translator *translator;        /* null: all code is interpreted */
    const struct translator_hooks *hooks; /* null: no translator */
};

#define CPU_HOT_BYTES 128
#define CPU_HOT(field) \
    _Static_assert(offsetof(struct cpu, field) + sizeof((struct cpu *)0)->field <= CPU_HOT_BYTES, \
                   #field " is hot (contract 5)")
CPU_HOT(reg);
CPU_HOT(eip);
CPU_HOT(left);
CPU_HOT(flags);
CPU_HOT(flag_op);
CPU_HOT(flag_result);
CPU_HOT(flag_a);
CPU_HOT(flag_b);
CPU_HOT(attention);
CPU_HOT(accounted);
CPU_HOT(leave);
CPU_HOT(floor);

/* What a handler returns. */
enum cpu_exit {
    CPU_CONTINUE, /* the block ended; EIP and left are up to date */
    CPU_LEAVE,    /* the same, and the loop must look at attention, deadline and blocks before going on */
    CPU_FAULT /* the instruction did nothing; fault_* say what to deliver; EIP and left are those of the instruction */
};

/* What accesses, checks and deliveries return, or'ed. FAULT: nothing was done. LEAVE: done; leave after this
 * instruction. */
enum access { ACCESS_DONE = 0, ACCESS_LEAVE = 1, ACCESS_FAULT = 2 };

/* The exception that an instruction raises instead of being done: sets fault_*, returns ACCESS_FAULT: `return
 * fault(cpu, EXC_GP, selector & 0xFFFC);` */
unsigned fault(struct cpu *cpu, unsigned vector, uint32_t error);
unsigned fault_plain(struct cpu *cpu, unsigned vector); /* without error code */

/* Sets bits of enum attention; the current instruction is the last before the loop looks at them. */
void cpu_attention(struct cpu *cpu, uint32_t bits);
/* Sets ATTENTION_STEP from TF, RF and the code breakpoints of DR7: to be called when one of them changed. */
void cpu_update_step(struct cpu *cpu);

/* What of `attention` the processor would act on now: a closed IF keeps interrupts waiting, and an NMI the next one. */
static inline uint32_t cpu_attention_due(const struct cpu *cpu)
{
    return cpu->attention &
           ~((cpu->flags & FLAG_IF ? 0 : (uint32_t)ATTENTION_INTR) | (cpu->nmi_blocked ? (uint32_t)ATTENTION_NMI : 0));
}

/* Whether the loop must look around before the next instruction. */
static inline bool cpu_must_leave(const struct cpu *cpu)
{
    return cpu->leave || cpu_attention_due(cpu);
}

/* Makes read_end and write_end of a segment agree with its other fields. */
void segment_derive(struct segment *s);
/* Whether `size` bytes at offset lie within the limit. */
bool segment_holds(const struct segment *s, uint32_t offset, uint32_t size);
/* The check that read_end/write_end could not settle: limit, type, null; #GP(0), or #SS(0) for SS. */
unsigned segment_check(struct cpu *cpu, const struct insn *insn, unsigned segment, uint32_t offset, uint32_t size,
                       bool write);

/* A run of decoded instructions; blocks.h keeps them. It is left at its end, or by a conditional jump in it. */
struct code_block {
    int64_t needs;     /* ticks that must be left for it to run: count, or more than there ever are */
    uint32_t physical; /* of its first byte */
    uint16_t bytes;    /* of guest code */
    uint8_t count;     /* instructions */
    uint8_t mode;      /* enum block_mode it was decoded in */
    struct code_block *next_hash, *next_in_page;
    uint8_t wait; /* waits.c: what is known of its laps, and the instructions that count and decide */
    uint8_t wait_counter, wait_test;
    uint8_t runs;       /* how often it ran where a translator wants to know, as far as that is counted */
    struct insn insn[]; /* count records, and after them the one that ends the block */
};

/* What decoding depends on: bits of enum decode_mode. */
static inline unsigned code_mode(const struct cpu *cpu)
{
    return (cpu->seg[SEG_CS].rights & RIGHTS_D ? DECODE_32 : 0) |
           (cpu->cr0 & CR0_PE && !(cpu->flags & FLAG_VM) ? DECODE_PROTECTED : 0);
}

/* What a block's routines depend on: enum decode_mode and these. */
enum block_mode {
    BLOCK_FLAT_DATA = 4, /* DS and SS are flat */
    BLOCK_FLAT_CODE = 8  /* CS.D, and CS holds all 4 GiB from 0 on */
};

static inline unsigned block_mode(const struct cpu *cpu)
{
    const struct segment *cs = &cpu->seg[SEG_CS];

    return code_mode(cpu) | (cpu->seg[SEG_DS].flat && cpu->seg[SEG_SS].flat ? BLOCK_FLAT_DATA : 0) |
           (!cs->base && cs->limit == UINT32_MAX && cs->rights & RIGHTS_D ? BLOCK_FLAT_CODE : 0);
}

/* The EIP of an instruction, and of the one after it, wrapped to 16 bits in a 16-bit code segment. */
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

/* Ends the instruction and continues with the next record. */
#define NEXT(cpu, insn) ((insn)[1].run((cpu), (insn) + 1))

/* Makes clock_now and EIP exact in the middle of a block: takes the instructions before insn off `left`. Slow paths
 * call it before any device sees the access. insn is null outside of instructions. */
static inline void cpu_sync(struct cpu *cpu, const struct insn *insn)
{
    uint32_t before;

    if (!insn)
        return;
    before = (uint32_t)(insn - cpu->block->insn);
    cpu->left -= (int64_t)before - cpu->accounted;
    cpu->accounted = before;
}

/* Retires insn and all before it in the block: takes them off `left`, sets EIP. Returns `exit`. For branches, and for
 * leaving in mid-block. */
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
