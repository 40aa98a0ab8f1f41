/* segments.h - segment registers and their modes; and what transfers, interrupts and task switches share: descriptors,
 * and stacks that are checked whole before a word is written (contract 2). The limits of segments are in state.h. */
#ifndef MUNIMENT_EMU_SEGMENTS_H
#define MUNIMENT_EMU_SEGMENTS_H

#include "emu/cpu/access.h"

#define SELECTOR_RPL 3u
#define SELECTOR_TI 4u
#define SELECTOR_INDEX 0xFFFCu /* an error code is a selector without its RPL */
/* Of a segment in real mode; in virtual-8086 mode its DPL is 3. */
#define REAL_RIGHTS (RIGHTS_P | RIGHTS_S | RIGHTS_WRITABLE | RIGHTS_ACCESSED)

/* clang-format off */
/* Types of system descriptors (SDM vol. 3 table 3-2); DESCRIPTOR_S is set in those of code and data. */
enum {
    TYPE_TSS_16 = 1, TYPE_LDT = 2, TYPE_TSS_16_BUSY = 3, TYPE_CALL_16 = 4, TYPE_TASK_GATE = 5, TYPE_INTERRUPT_16 = 6, TYPE_TRAP_16 = 7,
    TYPE_TSS_32 = 9, TYPE_TSS_32_BUSY = 11, TYPE_CALL_32 = 12, TYPE_INTERRUPT_32 = 14, TYPE_TRAP_32 = 15,
    TYPE_WIDE = 8, /* the bit that distinguishes 32-bit gates and TSSs from 16-bit ones */
    TYPE_BUSY = 2  /* the bit that distinguishes a busy TSS from an available one */
};
/* clang-format on */

struct descriptor {
    uint32_t low, high;
    uint32_t linear; /* where it lies */
};

static inline unsigned descriptor_type(const struct descriptor *d)
{
    return d->high >> 8 & (RIGHTS_S | RIGHTS_TYPE);
}

static inline unsigned descriptor_dpl(const struct descriptor *d)
{
    return d->high >> 13 & 3;
}

static inline bool descriptor_present(const struct descriptor *d)
{
    return d->high >> 8 & RIGHTS_P;
}

static inline bool descriptor_is_code(const struct descriptor *d)
{
    return (d->high >> 8 & (RIGHTS_S | RIGHTS_CODE)) == (RIGHTS_S | RIGHTS_CODE);
}

static inline bool descriptor_conforming(const struct descriptor *d)
{
    return (d->high >> 8 & (RIGHTS_S | RIGHTS_CODE | RIGHTS_CONFORMING)) ==
           (RIGHTS_S | RIGHTS_CODE | RIGHTS_CONFORMING);
}

static inline bool descriptor_writable(const struct descriptor *d)
{
    return (d->high >> 8 & (RIGHTS_S | RIGHTS_CODE | RIGHTS_WRITABLE)) == (RIGHTS_S | RIGHTS_WRITABLE);
}

static inline bool descriptor_readable(const struct descriptor *d)
{
    return d->high >> 8 & RIGHTS_S && (!(d->high >> 8 & RIGHTS_CODE) || d->high >> 8 & RIGHTS_READABLE);
}

static inline uint32_t descriptor_limit(const struct descriptor *d)
{
    uint32_t limit = (d->low & 0xFFFF) | (d->high & 0xF0000);
    return d->high >> 8 & RIGHTS_G ? limit << 12 | PAGE_MASK : limit;
}

static inline uint32_t gate_offset(const struct descriptor *d)
{
    return (d->low & 0xFFFF) | (descriptor_type(d) & TYPE_WIDE ? d->high & 0xFFFF0000 : 0);
}

static inline bool protected_mode(const struct cpu *cpu)
{
    return cpu->cr0 & CR0_PE && !(cpu->flags & FLAG_VM);
}

static inline unsigned iopl(const struct cpu *cpu)
{
    return cpu->flags >> 12 & 3;
}

/* Loads a segment register as MOV/POP/LDS do, by the rules of the mode. SS included. */
unsigned segment_load(struct cpu *cpu, const struct insn *insn, unsigned segment, uint16_t selector);
void segment_set_real(struct cpu *cpu, unsigned segment, uint16_t selector); /* real and V86 mode: base = selector * 16
                                                                              */
/* After CR0.PE, VM, CPL or CS changed: cpu->user, cpu->tlb and what decoding depends on. */
void cpu_mode_changed(struct cpu *cpu);
/* --- Descriptors --- */

/* Implicit accesses: to descriptor tables and task states, as supervisor. */
unsigned system_read(struct cpu *cpu, uint32_t linear, unsigned size, uint32_t *value);

/* Whether a selector lies within its table; then *linear is its descriptor's address. */
bool descriptor_locate(const struct cpu *cpu, uint16_t selector, uint32_t *linear);
/* Reads the descriptor at d->linear. */
unsigned descriptor_fetch(struct cpu *cpu, struct descriptor *d);
/* Reads a descriptor; a selector beyond its table is #vector(selector). */
unsigned descriptor_read(struct cpu *cpu, uint16_t selector, unsigned vector, struct descriptor *d);
/* Fails if setting the accessed bit of a code or data descriptor would; later, descriptor_set_accessed cannot. */
unsigned descriptor_probe_accessed(struct cpu *cpu, const struct descriptor *d);
void descriptor_set_accessed(struct cpu *cpu, const struct descriptor *d);
/* Fills a segment register from a descriptor. */
void segment_set(struct segment *s, uint16_t selector, const struct descriptor *d);
void segment_set_null(struct segment *s, uint16_t selector);
/* A flat one of 4 GiB, as SYSENTER and SYSEXIT make them up; code: RIGHTS_CODE or 0. */
void segment_set_flat(struct segment *s, unsigned code, uint32_t selector, unsigned cpl);

/* The rules for a stack segment at privilege `cpl` (#vector(selector), #SS(selector) where it is not present), as far
 * as the accessed bit. */
unsigned stack_segment_check(struct cpu *cpu, uint16_t selector, unsigned cpl, unsigned vector, struct descriptor *d);
/* The rules for code that runs at `cpl`, reached through a selector of that RPL (0 where it does not count): #GP or #NP
 * (selector). */
unsigned code_segment_check(struct cpu *cpu, uint16_t selector, const struct descriptor *d, unsigned rpl, unsigned cpl);
/* CS at a new privilege; marks the descriptor. */
void code_segment_enter(struct cpu *cpu, uint16_t selector, const struct descriptor *d, unsigned cpl);

/* --- Stacks --- */
static inline uint32_t stack_mask(const struct segment *ss)
{
    return ss->rights & RIGHTS_D ? 0xFFFFFFFF : 0xFFFF;
}

/* ESP, or SP alone on a 16-bit stack. */
static inline void stack_pointer_set(struct cpu *cpu, uint32_t value)
{
    uint32_t mask = stack_mask(&cpu->seg[SEG_SS]);
    cpu->reg[ESP] = (cpu->reg[ESP] & ~mask) | (value & mask);
}

/* A word of the current stack, at a displacement from its top. Nonzero: it faulted. */
static inline unsigned stack_peek(struct cpu *cpu, const struct insn *insn, uint32_t displacement, unsigned width,
                                  uint32_t *value)
{
    *value = 0;
    return segment_read(cpu, insn, SEG_SS, (cpu->reg[ESP] + displacement) & stack_mask(&cpu->seg[SEG_SS]), width,
                        value) &
           ACCESS_FAULT;
}

#define PUSH_LIMIT 36 /* a call gate's 31 parameters, SS, ESP, CS, EIP */

/* Words on their way to a stack: each is checked when it is added, none is written before all are. */
struct pushes {
    struct segment ss;
    uint32_t esp;
    unsigned width;     /* of a word: 2 or 4 */
    unsigned privilege; /* 1: user */
    uint16_t error;     /* the error code of #SS */
    unsigned status;    /* ACCESS_FAULT once a word did not fit; what is added later is ignored */
    unsigned count;
    uint32_t linear[PUSH_LIMIT], word[PUSH_LIMIT];
};

/* To the current stack. */
void pushes_begin(struct cpu *cpu, struct pushes *p, unsigned width);
/* To the stack of a more privileged level, which the TSS names: #TS and #SS as for a call gate. Its descriptor is left
 * in *d. */
unsigned pushes_begin_inner(struct cpu *cpu, struct pushes *p, unsigned width, unsigned cpl, struct descriptor *d);
void pushes_add(struct cpu *cpu, struct pushes *p, uint32_t value);
/* Writes the words and sets SS:ESP. */
void pushes_commit(struct cpu *cpu, struct pushes *p);

/* --- Flags --- RFLAGS bits that the model has. */
uint32_t flags_implemented(const struct cpu *cpu);
/* Writes those of mask that the model has; VM, CPL and AC take effect. */
void flags_load(struct cpu *cpu, uint32_t flags, uint32_t mask);

/* #GP(0) where PUSHF, POPF and IRET of this operand size must trap to the monitor of virtual-8086 mode. */
unsigned flags_check_v86(struct cpu *cpu, unsigned width);
/* What POPF and IRET may write of an image: the bits of *mask. With VME, IF is moved to VIF in *flags; #GP(0) where VME
 * forbids it. */
unsigned flags_popped(struct cpu *cpu, unsigned width, uint32_t *flags, uint32_t *mask);

#endif
