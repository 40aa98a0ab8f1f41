/* flags.c - the layered record of the flags that translated code leaves (view.h), computed. */
#include "emu/cpu/translate/internal.h"

#include "emu/cpu/interpret.h"

/* The arithmetic flags of one of the interpreter's records, whatever the processor's own is. */
static uint32_t flags_of(const struct cpu *cpu, uint32_t operation, uint32_t result, uint32_t a, uint32_t b)
{
    struct cpu *own = (struct cpu *)(uintptr_t)cpu; /* put back as it was */
    uint32_t saved[4] = {cpu->flag_op, cpu->flag_result, cpu->flag_a, cpu->flag_b}, flags;

    own->flag_op = operation;
    own->flag_result = result;
    own->flag_a = a;
    own->flag_b = b;
    flags = flags_arithmetic(own);
    own->flag_op = saved[0];
    own->flag_result = saved[1];
    own->flag_a = saved[2];
    own->flag_b = saved[3];
    return flags;
}

/* CF AF OF from the carries out of each bit, the rest from the result. */
static uint32_t of_carries(const struct cpu *cpu, unsigned size, uint32_t result, uint32_t carries)
{
    return flags_of(cpu, FLAG_OP(FLAGS_RESULT, size), result, flags_of_carries(carries, size), 0);
}

/* Of a shift by 1 to 31: CF is the last bit out, OF whether the last step changed the sign. */
static uint32_t of_shift(const struct cpu *cpu, unsigned class, unsigned size, uint32_t a, unsigned count)
{
    uint64_t wide;
    uint32_t result, before, bits = 8 * size;
    bool carry;

    if (class == LAYERED_SHL) {
        wide = (uint64_t)a << count;
        before = (uint32_t)(wide >> 1);
        carry = wide >> bits & 1;
    } else {
        wide = class == LAYERED_SAR ? (uint64_t)(int64_t)sign_extend(a, size) : a;
        before = (uint32_t)(class == LAYERED_SAR ? (uint64_t)((int64_t)wide >> (count - 1)) : wide >> (count - 1));
        carry = before & 1;
        wide = class == LAYERED_SAR ? (uint64_t)((int64_t)wide >> count) : wide >> count;
    }
    result = (uint32_t)wide & size_mask(size);
    return flags_of(cpu, FLAG_OP(FLAGS_RESULT, size), result,
                    (carry ? FLAG_CF : 0) | ((result ^ before) & sign_bit(size) ? FLAG_OF : 0), 0);
}

static uint32_t of_record(const struct cpu *cpu)
{
    unsigned operation = cpu->flag_op & 0xFF, class = operation >> 3, size = operation & 7;
    uint32_t mask = size_mask(size), r = cpu->flag_result & mask, a = cpu->flag_a, b = cpu->flag_b;

    switch (class) {
    case LAYERED_ADD: return flags_of(cpu, FLAG_OP(FLAGS_ADD, size), r, (r - b) & mask, b & mask);
    case LAYERED_SUB: return flags_of(cpu, FLAG_OP(FLAGS_SUB, size), r, (r + b) & mask, b & mask);
    case LAYERED_CMP: return flags_of(cpu, FLAG_OP(FLAGS_SUB, size), (a - b) & mask, a & mask, b & mask);
    case LAYERED_TEST: return flags_of(cpu, FLAG_OP(FLAGS_LOGIC, size), a & b & mask, 0, 0);
    case LAYERED_NEG: return flags_of(cpu, FLAG_OP(FLAGS_SUB, size), r, 0, (0 - r) & mask);
    case LAYERED_ADC: return of_carries(cpu, size, r, (a & b) | ((a | b) & ~r));
    case LAYERED_SBB: return of_carries(cpu, size, r, (~a & b) | ((~a | b) & r));
    case LAYERED_SHL:
    case LAYERED_SHR:
    case LAYERED_SAR: return of_shift(cpu, class, size, a & mask, b);
    case FLAGS_READY: return cpu->flags & FLAGS_ARITHMETIC;
    default: return flags_of(cpu, operation, r, class == FLAGS_ADD || class == FLAGS_SUB ? a & mask : a, b & mask);
    }
}

static uint32_t add_rotate(uint32_t flags, unsigned operation, uint32_t result)
{
    uint32_t top = sign_bit(operation & 7);
    bool sign = result & top, below = result & top >> 1, left = operation >> 3 == LAYERED_ROL,
         carry = left ? result & 1 : sign;

    flags &= ~(uint32_t)(FLAG_CF | FLAG_OF);
    return flags | (carry ? FLAG_CF : 0) | (sign != (left ? carry : below) ? FLAG_OF : 0);
}

void layered_flags_ready(struct cpu *cpu)
{
    unsigned rotate = cpu->flag_op >> LAYER_ROTATE_SHIFT & 0xFF, count = cpu->flag_op >> LAYER_COUNT_SHIFT;
    bool rotated_last = cpu->flag_op >> LAYER_OWNER_SHIFT & 1;
    uint32_t flags, rotated;

    if (cpu->flag_op == FLAG_OP(FLAGS_READY, 4))
        return;
    flags = of_record(cpu);
    rotated = rotate ? add_rotate(flags, rotate, cpu->view.flag_rotate) : flags;
    flags = rotated;
    if (count) {
        flags = flags_of(cpu, count, cpu->view.flag_count & size_mask(count & 7), rotated & FLAG_CF, 0);
        if (rotated_last)
            flags = (flags & ~(uint32_t)FLAG_OF) | (rotated & FLAG_OF);
    }
    /* a record that nobody looks at any more may hold anything: none of it may reach the other flags */
    cpu->flags = (cpu->flags & ~(uint32_t)FLAGS_ARITHMETIC) | (flags & FLAGS_ARITHMETIC);
    cpu->flag_op = FLAG_OP(FLAGS_READY, 4);
}

void layered_flags_end(struct cpu *cpu)
{
    unsigned class = cpu->flag_op >> 3, size = cpu->flag_op & 7;
    bool unmasked = size < 4 && (class == FLAGS_LOGIC || class == FLAGS_RESULT); /* translated code stores whole
                                                                                    registers */

    if (class > FLAGS_RESULT || unmasked)
        layered_flags_ready(cpu);
}
