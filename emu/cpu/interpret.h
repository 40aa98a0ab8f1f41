/* interpret.h - what the interpreter's handlers share: operands by size and the ends of a handler.
 *
 * A family of instructions is one body that takes its operation and size as constants, and a row of instances made by
 * SIZES. */
#ifndef MUNIMENT_EMU_INTERPRET_H
#define MUNIMENT_EMU_INTERPRET_H

#include "emu/cpu/access.h"
#include "emu/cpu/blocks.h"
#include "emu/cpu/flags.h"

/* clang-format off */
/* Instances of a body for operand sizes 1, 2 and 4, and the row of a handler table that holds them. */
#define INSTANCE(name, body, operation, size) \
    static int name(struct cpu *cpu, const struct insn *i) { return body(cpu, i, operation, size); }
#define SIZES(name, body, operation) \
    INSTANCE(name##_1, body, operation, 1) INSTANCE(name##_2, body, operation, 2) INSTANCE(name##_4, body, operation, 4)
/* clang-format on */
#define WIDE_SIZES(name, body, operation) \
    INSTANCE(name##_2, body, operation, 2) \
    INSTANCE(name##_4, body, operation, 4)
#define ROW(name) \
    { \
        name##_1, name##_2, name##_4 \
    }
#define WIDE_ROW(name) \
    { \
        NULL, name##_2, name##_4 \
    }
#define ANY_ROW(name) \
    { \
        name, name, name \
    }

/* The same of a body with an operand in memory, which takes the kind of its address as well. Addresses of 32 bits in a
 * block with BLOCK_FLAT_DATA have routines of their own, for sizes 1 and 4, that do without the segment; their rows are
 * longer. */
enum address {
    ADDRESS_ANY,
    ADDRESS_FLAT,   /* a register and a constant, in DS or SS; or on the stack */
    ADDRESS_INDEXED /* any other in DS or SS */
};
/* clang-format off */
#define PLACED_AT(name, body, operation, size, address) \
    static int name(struct cpu *cpu, const struct insn *i) { return body(cpu, i, operation, size, address); }
#define ANYWHERE(name, body, operation, size) PLACED_AT(name, body, operation, size, ADDRESS_ANY)
#define PLACED(name, body, operation, size) \
    ANYWHERE(name, body, operation, size) \
    PLACED_AT(name##_flat, body, operation, size, ADDRESS_FLAT) \
    PLACED_AT(name##_indexed, body, operation, size, ADDRESS_INDEXED)
#define WIDE_FLAT(name, body) \
    ANYWHERE_WIDE(name, body, 0) PLACED_AT(name##_4_flat, body, 0, 4, ADDRESS_FLAT)
#define ANYWHERE_WIDE(name, body, operation) ANYWHERE(name##_2, body, operation, 2) ANYWHERE(name##_4, body, operation, 4)
#define ANYWHERE_SIZES(name, body, operation) ANYWHERE(name##_1, body, operation, 1) ANYWHERE_WIDE(name, body, operation)
#define MEMORY(name, body, operation) PLACED(name##_1, body, operation, 1) WIDE_MEMORY(name, body, operation)
#define WIDE_MEMORY(name, body, operation) ANYWHERE(name##_2, body, operation, 2) PLACED(name##_4, body, operation, 4)
#define MEMORY_ROW(name) \
    { name##_1, name##_2, name##_4, name##_1_flat, name##_4_flat, name##_1_indexed, name##_4_indexed }
#define WIDE_MEMORY_ROW(name) \
    { NULL, name##_2, name##_4, NULL, name##_4_flat, NULL, name##_4_indexed }
#define WIDE_FLAT_ROW(name) \
    { NULL, name##_2, name##_4, NULL, name##_4_flat }
/* clang-format on */
#define ROW_COLUMNS 7

/* The sixteen conditions of Jcc, SETcc and CMOVcc. */
#define CONDITIONS(each) \
    each(0) each(1) each(2) each(3) each(4) each(5) each(6) each(7) each(8) each(9) each(10) each(11) each(12) \
        each(13) each(14) each(15)

/* The column of a handler table for an operand size of 1, 2 or 4; CMPXCHG8B's 8 shares that of 4. */
static inline unsigned size_column(unsigned size)
{
    return size > 2 ? 2 : size - 1;
}

/* The routine of a row for a record: by size, and by the kind of address where it has one for that. */
static inline insn_handler *row_handler(insn_handler *const row[ROW_COLUMNS], const struct insn *insn, unsigned mode)
{
    unsigned address = insn->index != REG_ZERO ? ADDRESS_INDEXED : ADDRESS_FLAT;
    insn_handler *placed = row[1 + 2 * address + (insn->size > 1)];
    bool plain = mode & BLOCK_FLAT_DATA && !(insn->prefixes & PREFIX_ADDRESS16) &&
                 (insn->segment == SEG_DS || insn->segment == SEG_SS);

    return plain && insn->size != 2 && placed ? placed : row[size_column(insn->size)];
}

/* The routine for a decoded record, wherever that stands. Never null for a record that decode() accepts. */
insn_handler *interpreter_handler(const struct insn *insn);
/* Gives each record of a block its routine: by the block's mode, and by what comes after it. */
void interpreter_handlers(struct code_block *block);
/* Where one routine can do a record and the jump that comes after it, the record gets that. (arithmetic.c) */
void interpreter_fuse(struct insn *insn, unsigned mode);
/* Where the records after one overwrite all flags that it makes before anything can see them, it gets a routine that
 * makes none. `after` it are so many records. (arithmetic.c) */
void interpreter_hush(struct insn *insn, unsigned after, unsigned mode);
/* The handler of the record after a block's last instruction. */
insn_handler block_end;

/* The parts of the interpreter: null for operations that are another's. */
insn_handler *system_handler(const struct insn *insn); /* system.c: segments, transfers and system instructions */
insn_handler *x87_handler(const struct insn *insn);    /* x87.c */
insn_handler *arithmetic_handler(const struct insn *insn, unsigned mode); /* arithmetic.c */
insn_handler *string_handler(const struct insn *insn);                    /* strings.c */
insn_handler *simd_integer_handler(const struct insn *insn), *simd_move_handler(const struct insn *insn),
    *simd_float_handler(const struct insn *insn); /* simd_*.c: MMX and SSE */

/* --- Registers --- 8-bit registers 0-3 are the low bytes of EAX ECX EDX EBX, 4-7 the bytes above. */
BODY uint8_t *byte_register(struct cpu *cpu, unsigned r)
{
    unsigned little = (r << 2 | r >> 2) & 15;

    return (uint8_t *)cpu->reg + (HOST_LITTLE_ENDIAN ? little : little ^ 3);
}

BODY uint32_t get_register(struct cpu *cpu, unsigned r, unsigned size)
{
    return size == 1 ? *byte_register(cpu, r) : size == 2 ? (uint16_t)cpu->reg[r] : cpu->reg[r];
}

BODY void set_register(struct cpu *cpu, unsigned r, unsigned size, uint32_t value)
{
    if (size == 1)
        *byte_register(cpu, r) = (uint8_t)value;
    else if (size == 2)
        cpu->reg[r] = (cpu->reg[r] & 0xFFFF0000) | (uint16_t)value;
    else
        cpu->reg[r] = value;
}

/* An offset, or what is used as one, by the address size. */
BODY uint32_t cut_address(const struct insn *i, uint32_t offset)
{
    return i->prefixes & PREFIX_ADDRESS16 ? offset & 0xFFFF : offset;
}

/* A register that serves as counter or index: 16 bits of it with 16-bit addresses. */
BODY uint32_t get_index(const struct cpu *cpu, const struct insn *i, unsigned r)
{
    return cut_address(i, cpu->reg[r]);
}

BODY void set_index(struct cpu *cpu, const struct insn *i, unsigned r, uint32_t value)
{
    set_register(cpu, r, i->prefixes & PREFIX_ADDRESS16 ? 2 : 4, value);
}

/* --- The ends of a handler --- */
BODY int finish(struct cpu *cpu, const struct insn *i, unsigned status)
{
    if (status)
        return cpu_retire(cpu, i, insn_next_eip(cpu, i), CPU_LEAVE);
    return NEXT(cpu, i);
}

/* Ends it with an exception of its own: #DE, #BR, #GP(0). This and the next two lie in retire.c, out of reach of being
 * inlined, so that handlers can leave by them without keeping registers. */
int insn_fault(struct cpu *cpu, const struct insn *i, unsigned vector);

/* Goes on to EIP where no link leads: to a block that is noted, or else retires the instruction, for the run loop. For
 * block_retire it is the one before the record of the block's end. A jump's target must lie within CS. */
int block_retire(struct cpu *cpu, const struct insn *end, uint32_t eip);
int jump_retire(struct cpu *cpu, const struct insn *i, uint32_t eip);

/* --- Near control flow --- Targets are cut to 16 bits with 16-bit operands, and must lie within CS. */
BODY uint32_t near_target(const struct insn *i, uint32_t eip)
{
    return i->size == 2 ? eip & 0xFFFF : eip;
}

/* What comes after a block. */
enum way {
    WAY_ON,   /* what follows its bytes: it is linked */
    WAY_NEAR, /* where a conditional jump leads: linked if that is in the page */
    WAY_FAR,  /* where a jump or call always leads: often elsewhere */
    WAY_ANY   /* where a register or memory says */
};

BODY bool by_link(const struct insn *i, enum way way)
{
    return way <= WAY_NEAR || (way == WAY_FAR && i->link);
}

BODY struct code_block *block_after(const struct cpu *cpu, const struct insn *i, uint32_t eip, enum way way, bool flat)
{
    return by_link(i, way) ? code_block_at(cpu, i->link)
           : flat          ? code_block_noted(cpu, eip)
                           : code_block_looked_up(cpu, eip);
}

/* Whether it is not the one at EIP, or not within CS. In flat code neither can be (blocks.c). */
BODY bool block_wrong(const struct cpu *cpu, const struct insn *i, const struct code_block *to, uint32_t eip,
                      enum way way)
{
    return (by_link(i, way) && to->physical - cpu->block->physical != eip - cpu->eip) ||
           !code_block_within(cpu, to, eip);
}

/* How many of the block's instructions are over then: a jump or call that always leads away is its last. */
BODY int64_t over(const struct cpu *cpu, const struct insn *i, enum way way, bool flat)
{
    return way != WAY_NEAR ? cpu->block->count : flat ? i->number : i - cpu->block->insn + 1;
}

/* Leaves a block by record i. The next one begins at once where it is at hand, nothing waits and `left` allows it; else
 * the run loop looks for it. flat: in a block with BLOCK_FLAT_CODE. */
BODY int end_block(struct cpu *cpu, const struct insn *i, uint32_t eip, enum way way, bool flat)
{
    int64_t left = cpu->left - over(cpu, i, way, flat) + cpu->accounted;
    struct code_block *to;

    if (cpu->leave || (!flat && left < cpu->floor))
        return way == WAY_ON ? block_retire(cpu, i, eip) : jump_retire(cpu, i, eip);
    to = block_after(cpu, i, eip, way, flat);
    if (left - to->needs < cpu->floor || (!flat && block_wrong(cpu, i, to, eip, way)))
        return way == WAY_ON ? block_retire(cpu, i, eip) : jump_retire(cpu, i, eip);
    cpu->left = left;
    cpu->accounted = 0;
    cpu->eip = eip;
    cpu->block = to;
    return to->insn[0].run(cpu, to->insn);
}

/* The EIP after a record, and where it leads if it is a relative branch; in flat code neither wraps. */
BODY uint32_t eip_after(const struct cpu *cpu, const struct insn *i, bool flat)
{
    return flat ? cpu->eip + i->offset + i->length : insn_next_eip(cpu, i);
}

BODY uint32_t branch_target(const struct cpu *cpu, const struct insn *i, bool flat)
{
    return flat ? cpu->eip + i->displacement : near_target(i, insn_next_eip(cpu, i) + i->immediate);
}

BODY int near_jump(struct cpu *cpu, const struct insn *i, uint32_t eip, bool flat)
{
    return end_block(cpu, i, flat ? eip : near_target(i, eip), WAY_ANY, flat);
}

BODY int near_jump_if(struct cpu *cpu, const struct insn *i, bool taken, bool flat)
{
    return taken ? end_block(cpu, i, branch_target(cpu, i, flat), WAY_NEAR, flat) : NEXT(cpu, i);
}

/* --- Memory operands --- The hot handlers ask for a host address and, where there is none, go over to a routine that
 * takes its operation and size at run time: so that they need no registers but those of their caller. */
BODY uint32_t load_bytes(const uint8_t *p, unsigned size)
{
    return size == 1 ? *p : size == 2 ? load16(p) : load32(p);
}

BODY void store_bytes(uint8_t *p, unsigned size, uint32_t value)
{
    if (size == 1)
        *p = (uint8_t)value;
    else if (size == 2)
        store16(p, (uint16_t)value);
    else
        store32(p, value);
}

/* The bytes at a linear address that neither page nor mark keeps from being read (written) at once; or null. */
BODY const uint8_t *linear_readable(const struct cpu *cpu, uint32_t linear, unsigned size)
{
    const struct tlb_entry *e = tlb_slot(cpu, linear);

    return e->read == ((linear + size - 1) & ~PAGE_MASK) ? tlb_host(e, linear) : NULL;
}

BODY uint8_t *linear_writable(const struct cpu *cpu, uint32_t linear, unsigned size)
{
    const struct tlb_entry *e = tlb_slot(cpu, linear);

    return e->write == ((linear + size - 1) & ~PAGE_MASK) ? tlb_host(e, linear) : NULL;
}

/* The same of a segment, which does not keep them from it either. */
BODY const uint8_t *readable(const struct cpu *cpu, unsigned segment, uint32_t offset, unsigned size)
{
    const struct segment *s = &cpu->seg[segment];

    return (uint64_t)offset + size > s->read_end ? NULL : linear_readable(cpu, s->base + offset, size);
}

BODY uint8_t *writable(const struct cpu *cpu, unsigned segment, uint32_t offset, unsigned size)
{
    const struct segment *s = &cpu->seg[segment];

    return (uint64_t)offset + size > s->write_end ? NULL : linear_writable(cpu, s->base + offset, size);
}

/* The operand in memory, by the kind of its address: its offset, and its bytes likewise. */
BODY uint32_t address_offset(const struct cpu *cpu, const struct insn *i, enum address address)
{
    if (address == ADDRESS_ANY)
        return effective_address(cpu, i);
    return cpu->reg[i->base] + (address == ADDRESS_INDEXED ? cpu->reg[i->index] << i->scale : 0) + i->displacement;
}

BODY const uint8_t *address_readable(const struct cpu *cpu, const struct insn *i, enum address address, uint32_t offset,
                                     unsigned size)
{
    return address == ADDRESS_ANY ? readable(cpu, i->segment, offset, size) : linear_readable(cpu, offset, size);
}

BODY uint8_t *address_writable(const struct cpu *cpu, const struct insn *i, enum address address, uint32_t offset,
                               unsigned size)
{
    return address == ADDRESS_ANY ? writable(cpu, i->segment, offset, size) : linear_writable(cpu, offset, size);
}

BODY unsigned operand_read(struct cpu *cpu, const struct insn *i, unsigned size, uint32_t *value)
{
    return segment_read(cpu, i, i->segment, effective_address(cpu, i), size, value);
}

/* Fails as a write (read) through a segment would. */
static inline unsigned segment_probe(struct cpu *cpu, const struct insn *i, unsigned segment, uint32_t offset,
                                     unsigned size, bool write)
{
    const struct segment *s = &cpu->seg[segment];
    uint32_t linear = s->base + offset;
    uint64_t end = write ? s->write_end : s->read_end;

    if ((uint64_t)offset + size > end && segment_check(cpu, i, segment, offset, size, write))
        return ACCESS_FAULT;
    return mmu_probe(cpu, i, linear, size, cpu->user, write);
}

/* A memory operand that is read, changed and written: permission to write comes first, as the processor asks for it. */
struct target {
    uint8_t *host; /* null: by the slow path */
    uint32_t linear;
};

static inline unsigned target_read(struct cpu *cpu, const struct insn *i, uint32_t offset, unsigned size,
                                   struct target *t, uint32_t *value)
{
    uint64_t wide;
    unsigned status;

    *value = 0;
    t->linear = cpu->seg[i->segment].base + offset;
    t->host = writable(cpu, i->segment, offset, size);
    if (t->host) {
        *value = load_bytes(t->host, size);
        return ACCESS_DONE;
    }
    if (segment_probe(cpu, i, i->segment, offset, size, true))
        return ACCESS_FAULT;
    status = mmu_read(cpu, i, t->linear, size, cpu->user, &wide);
    *value = (uint32_t)wide;
    return status;
}

static inline unsigned target_write(struct cpu *cpu, const struct insn *i, unsigned size, const struct target *t,
                                    uint32_t value)
{
    if (!t->host)
        return mmu_write(cpu, i, t->linear, size, cpu->user, value);
    store_bytes(t->host, size, value);
    return ACCESS_DONE;
}

#endif
