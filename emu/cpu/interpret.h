/* interpret.h - what the interpreter's handlers share: operands by size, the lazy flags, the ends of a handler.
 *
 * A family of instructions is one body that takes its operation and size as constants, and a row of instances made by
 * SIZES. The bodies are worth nothing unless they are inlined into those instances: this header says so to the compilers
 * that listen. */
#ifndef MUNIMENT_EMU_INTERPRET_H
#define MUNIMENT_EMU_INTERPRET_H

#include "emu/cpu/access.h"

#if defined(__GNUC__)
#define BODY static inline __attribute__((always_inline))
#else
#define BODY static inline
#endif

/* Instances of a body for operand sizes 1, 2 and 4, and the row of a handler table that holds them. */
#define INSTANCE(name, body, operation, size) \
    static int name(struct cpu *cpu, const struct insn *i) { return body(cpu, i, operation, size); }
#define SIZES(name, body, operation) \
    INSTANCE(name##_1, body, operation, 1) INSTANCE(name##_2, body, operation, 2) INSTANCE(name##_4, body, operation, 4)
#define WIDE_SIZES(name, body, operation) INSTANCE(name##_2, body, operation, 2) INSTANCE(name##_4, body, operation, 4)
#define ROW(name) {name##_1, name##_2, name##_4}
#define WIDE_ROW(name) {NULL, name##_2, name##_4}
#define ANY_ROW(name) {name, name, name}

/* The column of a handler table for an operand size of 1, 2 or 4; CMPXCHG8B's 8 shares that of 4. */
static inline unsigned size_column(unsigned size)
{
    return size > 2 ? 2 : size - 1;
}

/* The parts of the interpreter: null for operations that are another's. */
insn_handler *arithmetic_handler(const struct insn *insn); /* arithmetic.c */
insn_handler *string_handler(const struct insn *insn);     /* strings.c */
insn_handler *simd_integer_handler(const struct insn *insn), *simd_move_handler(const struct insn *insn),
             *simd_float_handler(const struct insn *insn); /* simd_*.c: MMX and SSE */

/* --- Numbers of a size --- */
BODY uint32_t size_mask(unsigned size)
{
    return 0xFFFFFFFFu >> (32 - 8 * size);
}

BODY uint32_t sign_bit(unsigned size)
{
    return 1u << (8 * size - 1);
}

BODY int32_t sign_extend(uint32_t value, unsigned size)
{
    return size == 1 ? (int8_t)value : size == 2 ? (int16_t)value : (int32_t)value;
}

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

/* Ends it with an exception of its own: #DE, #BR, #GP(0). It lies in arithmetic.c, out of reach of being inlined, so that
 * handlers can leave by it without keeping registers. */
int insn_fault(struct cpu *cpu, const struct insn *i, unsigned vector);

/* --- Memory operands --- The hot handlers ask for a host address and, where there is none, go over to a routine that takes
 * its operation and size at run time: so that they need no registers but those of their caller. */
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

/* The bytes of an operand that neither segment, page nor mark keeps from being read (written) at once; or null. */
BODY const uint8_t *readable(const struct cpu *cpu, unsigned segment, uint32_t offset, unsigned size)
{
    const struct segment *s = &cpu->seg[segment];
    uint32_t linear = s->base + offset;
    const struct tlb_entry *e = tlb_slot(cpu, linear);

    if ((uint64_t)offset + size > s->read_end || e->read != ((linear + size - 1) & ~PAGE_MASK))
        return NULL;
    return e->addend + (linear & PAGE_MASK);
}

BODY uint8_t *writable(const struct cpu *cpu, unsigned segment, uint32_t offset, unsigned size)
{
    const struct segment *s = &cpu->seg[segment];
    uint32_t linear = s->base + offset;
    const struct tlb_entry *e = tlb_slot(cpu, linear);

    if ((uint64_t)offset + size > s->write_end || e->write != ((linear + size - 1) & ~PAGE_MASK))
        return NULL;
    return e->addend + (linear & PAGE_MASK);
}

BODY unsigned operand_read(struct cpu *cpu, const struct insn *i, unsigned size, uint32_t *value)
{
    return segment_read(cpu, i, i->segment, effective_address(cpu, i), size, value);
}

/* Fails as a write (read) through a segment would. */
static inline unsigned segment_probe(struct cpu *cpu, const struct insn *i, unsigned segment, uint32_t offset, unsigned size,
                                     bool write)
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

static inline unsigned target_read(struct cpu *cpu, const struct insn *i, uint32_t offset, unsigned size, struct target *t,
                                   uint32_t *value)
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

/* --- Lazy flags --- */
BODY unsigned flags_class(const struct cpu *cpu)
{
    return cpu->flag_op >> 3;
}

BODY void flags_set(struct cpu *cpu, enum flag_class class, unsigned size, uint32_t result, uint32_t a, uint32_t b)
{
    cpu->flag_op = FLAG_OP(class, size);
    cpu->flag_result = result;
    if (class != FLAGS_LOGIC)
        cpu->flag_a = a;
    if (class == FLAGS_ADD || class == FLAGS_SUB)
        cpu->flag_b = b;
}

/* CF, AF and OF of a sum or difference, from the carries (borrows) out of each bit. */
BODY uint32_t flags_of_carries(uint32_t carries, unsigned size)
{
    uint32_t top = sign_bit(size);

    return (carries & top ? FLAG_CF : 0) | (carries << 1 & FLAG_AF) | ((carries ^ carries << 1) & top ? FLAG_OF : 0);
}

/* CF as 0 or 1. */
BODY uint32_t flags_carry(const struct cpu *cpu)
{
    switch (flags_class(cpu)) {
    case FLAGS_READY: return cpu->flags & FLAG_CF;
    case FLAGS_ADD:   return cpu->flag_result < cpu->flag_a;
    case FLAGS_SUB:   return cpu->flag_a < cpu->flag_b;
    case FLAGS_LOGIC: return 0;
    default:          return cpu->flag_a & 1;
    }
}

BODY bool flags_zero(const struct cpu *cpu)
{
    return flags_class(cpu) == FLAGS_READY ? cpu->flags & FLAG_ZF : !cpu->flag_result;
}

/* A value of the record's size, with its sign bit moved to bit 31. */
BODY int32_t flags_signed(const struct cpu *cpu, uint32_t value)
{
    return (int32_t)(value << (32 - 8 * (cpu->flag_op & 7)));
}

BODY bool flags_sign(const struct cpu *cpu)
{
    return flags_class(cpu) == FLAGS_READY ? cpu->flags & FLAG_SF : flags_signed(cpu, cpu->flag_result) < 0;
}

BODY bool flags_parity(const struct cpu *cpu)
{
    uint32_t fold = (cpu->flag_result ^ cpu->flag_result >> 4) & 0xF;

    return flags_class(cpu) == FLAGS_READY ? cpu->flags & FLAG_PF : 0x9669 >> fold & 1;
}

BODY bool flags_overflow(const struct cpu *cpu)
{
    uint32_t r = cpu->flag_result, a = cpu->flag_a, b = cpu->flag_b;

    switch (flags_class(cpu)) {
    case FLAGS_READY: return cpu->flags & FLAG_OF;
    case FLAGS_ADD:   return flags_signed(cpu, (a ^ r) & (b ^ r)) < 0;
    case FLAGS_SUB:   return flags_signed(cpu, (a ^ b) & (a ^ r)) < 0;
    case FLAGS_LOGIC: return false;
    case FLAGS_INC:   return r == sign_bit(cpu->flag_op & 7);
    case FLAGS_DEC:   return r == sign_bit(cpu->flag_op & 7) - 1;
    default:          return a & FLAG_OF;
    }
}

/* SF differs from OF: what is signed is less. After CMP and SUB the operands say so themselves. */
BODY bool flags_less(const struct cpu *cpu)
{
    if (flags_class(cpu) == FLAGS_SUB)
        return flags_signed(cpu, cpu->flag_a) < flags_signed(cpu, cpu->flag_b);
    return flags_sign(cpu) != flags_overflow(cpu);
}

/* One of the sixteen conditions, of which odd ones negate the even one before. */
BODY bool condition_holds(const struct cpu *cpu, unsigned condition)
{
    bool holds;

    switch (condition & 14) {
    case 0:  holds = flags_overflow(cpu); break;
    case 2:  holds = flags_carry(cpu); break;
    case 4:  holds = flags_zero(cpu); break;
    case 6:  holds = flags_carry(cpu) || flags_zero(cpu); break;
    case 8:  holds = flags_sign(cpu); break;
    case 10: holds = flags_parity(cpu); break;
    case 12: holds = flags_less(cpu); break;
    default: holds = flags_zero(cpu) || flags_less(cpu); break;
    }
    return holds != (condition & 1);
}

#endif
