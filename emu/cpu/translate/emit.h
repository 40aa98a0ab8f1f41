/* emit.h - writes x86-64 instructions: one function for each shape of encoding (AMD64 Architecture Programmer's Manual
 * vol. 3, chapter 1).
 *
 * Byte operands are numbered as the guest numbers them: 0-3 are AL CL DL BL, 4-7 AH CH DH BH, 8-15 R8B-R15B. SPL, BPL,
 * SIL and DIL are never byte operands. An instruction that names one of 4-7 must not need a REX prefix: nothing of it
 * may be 8 or above. */
#ifndef MUNIMENT_EMU_TRANSLATE_EMIT_H
#define MUNIMENT_EMU_TRANSLATE_EMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emu/endian.h"

enum host_register { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15, NO_REGISTER };

/* Host conditions are numbered as the guest's. */
enum host_condition {
    CC_O,
    CC_NO,
    CC_B,
    CC_AE,
    CC_E,
    CC_NE,
    CC_BE,
    CC_A,
    CC_S,
    CC_NS,
    CC_P,
    CC_NP,
    CC_L,
    CC_GE,
    CC_LE,
    CC_G
};

/* Where code is written, and where it runs: the same bytes, mapped twice. What rarely runs lies apart, so that the rest
 * is dense in the host's caches. */
struct code {
    uint8_t *at, *end;          /* the next byte, in the writable mapping; nothing is written from `end` on */
    uint8_t *aside, *aside_end; /* the same of the other place */
    ptrdiff_t run;              /* what leads from the writable mapping to the executable one */
};

/* What is emitted from now on goes to the other place. */
static inline void code_swap(struct code *c)
{
    uint8_t *at = c->at, *end = c->end;

    c->at = c->aside;
    c->end = c->aside_end;
    c->aside = at;
    c->aside_end = end;
}

/* The operand that ModRM.rm names: a register, or memory at base + index << scale + displacement. */
struct rm {
    uint8_t base, index, scale;
    bool memory;
    int32_t displacement;
};

static inline struct rm in_register(unsigned r)
{
    return (struct rm){(uint8_t)r, NO_REGISTER, 0, false, 0};
}

static inline struct rm at_address(unsigned base, int32_t displacement)
{
    return (struct rm){(uint8_t)base, NO_REGISTER, 0, true, displacement};
}

static inline struct rm at_sum(unsigned base, unsigned index, unsigned scale, int32_t displacement)
{
    return (struct rm){(uint8_t)base, (uint8_t)index, (uint8_t)scale, true, displacement};
}

/* What there is no room for is not written. */
static inline void emit8(struct code *c, unsigned byte)
{
    if (c->at < c->end)
        *c->at++ = (uint8_t)byte;
}

static inline void emit32(struct code *c, uint32_t value)
{
    if (c->end - c->at >= 4) {
        store32(c->at, value);
        c->at += 4;
    }
}

/* Bytes of one instruction, put together first: each write has to wait until the one before moved `at`. */
struct encoding {
    uint64_t value;
    unsigned count;
};

static inline void add8(struct encoding *b, unsigned byte)
{
    b->value |= (uint64_t)byte << 8 * b->count++;
}

static inline void emit_bytes(struct code *c, struct encoding b)
{
    if (c->end - c->at >= 8) {
        store64(c->at, b.value); /* the next instruction is written over what is too many */
        c->at += b.count;
    }
}

static inline void emit64(struct code *c, uint64_t value)
{
    emit32(c, (uint32_t)value);
    emit32(c, (uint32_t)(value >> 32));
}

static inline void emit_immediate(struct code *c, unsigned size, uint32_t value)
{
    if (size == 1)
        emit8(c, value & 0xFF);
    else if (size == 2)
        emit8(c, value & 0xFF), emit8(c, value >> 8 & 0xFF);
    else
        emit32(c, value);
}

static inline bool fits8(int32_t value)
{
    return value >= -128 && value < 128;
}

/* The general form. opcode: the last byte; 0F00h added for the two-byte map; 660000h, F20000h or F30000h added for a
 * prefix before it. size in bytes: 2 gives 66, 8 gives REX.W. reg is a register, or the extension of the opcode. */
void emit_op(struct code *c, unsigned size, unsigned opcode, unsigned reg, struct rm rm);

/* An opcode that has its byte form one below. */
static inline void emit_sized(struct code *c, unsigned size, unsigned opcode, unsigned reg, struct rm rm)
{
    emit_op(c, size, size == 1 ? opcode - 1 : opcode, reg, rm);
}

/* The eight two-operand operations, numbered as in their opcodes: ADD OR ADC SBB AND SUB XOR CMP. */
enum alu { ALU_ADD, ALU_OR, ALU_ADC, ALU_SBB, ALU_AND, ALU_SUB, ALU_XOR, ALU_CMP };

static inline void emit_alu(struct code *c, enum alu operation, unsigned size, struct rm destination, unsigned source)
{
    emit_sized(c, size, (unsigned)operation << 3 | 1, source, destination);
}

static inline void emit_alu_load(struct code *c, enum alu operation, unsigned size, unsigned destination,
                                 struct rm source)
{
    emit_sized(c, size, (unsigned)operation << 3 | 3, destination, source);
}

static inline void emit_alu_immediate(struct code *c, enum alu operation, unsigned size, struct rm destination,
                                      uint32_t value)
{
    if (size == 1) {
        emit_op(c, 1, 0x80, operation, destination);
        emit8(c, value & 0xFF);
    } else if (fits8(size == 2 ? (int16_t)value : (int32_t)value)) {
        emit_op(c, size, 0x83, operation, destination);
        emit8(c, value & 0xFF);
    } else {
        emit_op(c, size, 0x81, operation, destination);
        emit_immediate(c, size, value);
    }
}

static inline void emit_store(struct code *c, unsigned size, struct rm destination, unsigned source)
{
    emit_sized(c, size, 0x89, source, destination);
}

/* Leaves the rest of a register as it is with sizes 1 and 2. */
static inline void emit_load(struct code *c, unsigned size, unsigned destination, struct rm source)
{
    emit_sized(c, size, 0x8B, destination, source);
}

/* The rest of the register becomes 0. */
static inline void emit_load_zero(struct code *c, unsigned size, unsigned destination, struct rm source)
{
    if (size >= 4)
        emit_op(c, size, 0x8B, destination, source);
    else
        emit_op(c, 4, size == 1 ? 0x0FB6 : 0x0FB7, destination, source);
}

static inline void emit_move(struct code *c, unsigned destination, unsigned source)
{
    emit_op(c, 4, 0x8B, destination, in_register(source));
}

static inline void emit_move_wide(struct code *c, unsigned destination, unsigned source)
{
    emit_op(c, 8, 0x8B, destination, in_register(source));
}

/* Does not touch flags. */
static inline void emit_constant(struct code *c, unsigned destination, uint32_t value)
{
    struct encoding b = {0};

    if (destination >= 8)
        add8(&b, 0x41);
    add8(&b, 0xB8 | (destination & 7));
    emit_bytes(c, b);
    emit32(c, value);
}

static inline void emit_constant_wide(struct code *c, unsigned destination, uint64_t value)
{
    emit_bytes(c, (struct encoding){(destination >= 8 ? 0x49 : 0x48) | (0xB8 | (destination & 7)) << 8, 2});
    emit64(c, value);
}

static inline void emit_store_immediate(struct code *c, unsigned size, struct rm destination, uint32_t value)
{
    emit_sized(c, size, 0xC7, 0, destination);
    emit_immediate(c, size, value);
}

static inline void emit_lea(struct code *c, unsigned size, unsigned destination, struct rm address)
{
    emit_op(c, size, 0x8D, destination, address);
}

static inline void emit_test(struct code *c, unsigned size, unsigned a, unsigned b)
{
    emit_sized(c, size, 0x85, b, in_register(a));
}

static inline void emit_test_immediate(struct code *c, unsigned size, struct rm operand, uint32_t value)
{
    emit_sized(c, size, 0xF7, 0, operand);
    emit_immediate(c, size, value);
}

/* Shifts by a constant; operation as in ModRM.reg of C0h-D3h. */
enum shift { SHIFT_ROL, SHIFT_ROR, SHIFT_RCL, SHIFT_RCR, SHIFT_SHL, SHIFT_SHR, SHIFT_SAR = 7 };

static inline void emit_shift(struct code *c, enum shift operation, unsigned size, struct rm operand, unsigned count)
{
    emit_sized(c, size, 0xC1, operation, operand);
    emit8(c, count);
}

/* --- Jumps --- A site is the address of a displacement of 32 bits, to be filled in later. */
static inline uint8_t *emit_jump(struct code *c)
{
    emit_bytes(c, (struct encoding){0xE9, 5});
    return c->at - 4;
}

static inline uint8_t *emit_jump_if(struct code *c, unsigned condition)
{
    emit_bytes(c, (struct encoding){0x800F | condition << 8, 6});
    return c->at - 4;
}

static inline uint8_t *emit_call(struct code *c)
{
    emit_bytes(c, (struct encoding){0xE8, 5});
    return c->at - 4;
}

/* Leads a site to a place of the same code area. */
static inline void aim(uint8_t *site, const uint8_t *target)
{
    uint32_t displacement = (uint32_t)(target - (site + 4));

    for (unsigned i = 0; i < 4; i++)
        site[i] = (uint8_t)(displacement >> 8 * i);
}

static inline void emit_jump_to(struct code *c, const uint8_t *target)
{
    aim(emit_jump(c), target);
}

static inline void emit_call_to(struct code *c, const uint8_t *target)
{
    aim(emit_call(c), target);
}

#endif
