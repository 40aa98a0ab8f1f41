/* interpret.c - the interpreter: which routine executes a record, and the routines of data movement, stack and near
 * flow.
 *
 * Intel SDM vol. 2; vol. 1 chapter 6 for the stack. Arithmetic is in arithmetic.c, strings and ports in strings.c, what
 * touches segments, privilege or the system in system.c. */
#include "emu/cpu/interpret.h"

/* The record after a block's last instruction: all before it are retired, and its offset is the length of the block. */
int block_end(struct cpu *cpu, const struct insn *i)
{
    return end_block(cpu, i, insn_eip(cpu, i), WAY_ON, false);
}

static int block_end_flat(struct cpu *cpu, const struct insn *i)
{
    return end_block(cpu, i, cpu->eip + i->offset, WAY_ON, true);
}

/* --- Moves --- */
BODY int mov_rr(struct cpu *cpu, const struct insn *i, unsigned operation, unsigned size)
{
    (void)operation;
    set_register(cpu, i->dst, size, get_register(cpu, i->src, size));
    return NEXT(cpu, i);
}

BODY int mov_ri(struct cpu *cpu, const struct insn *i, unsigned operation, unsigned size)
{
    (void)operation;
    set_register(cpu, i->dst, size, i->immediate);
    return NEXT(cpu, i);
}

/* What a load makes of the bytes it read, and how many they are: MOV takes its operand's size, the extensions 1 or
 * 2. */
BODY uint32_t extended(unsigned operation, uint32_t value)
{
    return operation == OP_MOVSX8    ? (uint32_t)(int8_t)value
           : operation == OP_MOVSX16 ? (uint32_t)(int16_t)value
                                     : value;
}

BODY unsigned loaded_size(unsigned operation, unsigned size)
{
    return operation == OP_MOV ? size : operation == OP_MOVSX8 || operation == OP_MOVZX8 ? 1 : 2;
}

static int load_slow(struct cpu *cpu, const struct insn *i, unsigned operation, unsigned size, uint32_t offset)
{
    uint32_t value;
    unsigned status = segment_read(cpu, i, i->segment, offset, loaded_size(operation, size), &value);

    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    set_register(cpu, i->dst, size, extended(operation, value));
    return finish(cpu, i, status);
}

BODY int load(struct cpu *cpu, const struct insn *i, unsigned operation, unsigned size, enum address address)
{
    uint32_t offset = address_offset(cpu, i, address);
    const uint8_t *p = address_readable(cpu, i, address, offset, loaded_size(operation, size));

    if (!p)
        return load_slow(cpu, i, operation, size, offset);
    set_register(cpu, i->dst, size, extended(operation, load_bytes(p, loaded_size(operation, size))));
    return NEXT(cpu, i);
}

BODY int extend(struct cpu *cpu, const struct insn *i, unsigned operation, unsigned size)
{
    set_register(cpu, i->dst, size, extended(operation, get_register(cpu, i->src, loaded_size(operation, size))));
    return NEXT(cpu, i);
}

static int store_slow(struct cpu *cpu, const struct insn *i, unsigned size, uint32_t offset, uint32_t value)
{
    unsigned status = segment_write(cpu, i, i->segment, offset, size, value);

    return status & ACCESS_FAULT ? cpu_fault_exit(cpu, i) : finish(cpu, i, status);
}

BODY int store(struct cpu *cpu, const struct insn *i, unsigned size, uint32_t value, enum address address)
{
    uint32_t offset = address_offset(cpu, i, address);
    uint8_t *p = address_writable(cpu, i, address, offset, size);

    if (!p)
        return store_slow(cpu, i, size, offset, value);
    store_bytes(p, size, value);
    return NEXT(cpu, i);
}

BODY int mov_mr(struct cpu *cpu, const struct insn *i, unsigned operation, unsigned size, enum address address)
{
    (void)operation;
    return store(cpu, i, size, get_register(cpu, i->src, size), address);
}

BODY int mov_mi(struct cpu *cpu, const struct insn *i, unsigned operation, unsigned size, enum address address)
{
    (void)operation;
    return store(cpu, i, size, i->immediate, address);
}

/* From a segment register: 16 bits to memory, zero-extended to a register. */
static int mov_from_sreg(struct cpu *cpu, const struct insn *i)
{
    uint32_t selector = cpu->seg[i->src].selector;

    if (i->form == FORM_MR)
        return store(cpu, i, 2, selector, ADDRESS_ANY);
    set_register(cpu, i->dst, i->size, selector);
    return NEXT(cpu, i);
}

BODY int xchg_rr(struct cpu *cpu, const struct insn *i, unsigned operation, unsigned size)
{
    uint32_t value = get_register(cpu, i->dst, size);

    (void)operation;
    set_register(cpu, i->dst, size, get_register(cpu, i->src, size));
    set_register(cpu, i->src, size, value);
    return NEXT(cpu, i);
}

BODY int xchg_mr(struct cpu *cpu, const struct insn *i, unsigned operation, unsigned size)
{
    struct target t;
    uint32_t value;
    unsigned status = target_read(cpu, i, effective_address(cpu, i), size, &t, &value);

    (void)operation;
    if (!(status & ACCESS_FAULT))
        status |= target_write(cpu, i, size, &t, get_register(cpu, i->src, size));
    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    set_register(cpu, i->src, size, value);
    return finish(cpu, i, status);
}

BODY int lea(struct cpu *cpu, const struct insn *i, unsigned operation, unsigned size, enum address address)
{
    (void)operation;
    set_register(cpu, i->dst, size, address_offset(cpu, i, address));
    return NEXT(cpu, i);
}

BODY int cbw(struct cpu *cpu, const struct insn *i, unsigned operation, unsigned size)
{
    (void)operation;
    set_register(cpu, EAX, size, (uint32_t)sign_extend(cpu->reg[EAX], size / 2));
    return NEXT(cpu, i);
}

BODY int cwd(struct cpu *cpu, const struct insn *i, unsigned operation, unsigned size)
{
    (void)operation;
    set_register(cpu, EDX, size, cpu->reg[EAX] & sign_bit(size) ? 0xFFFFFFFF : 0);
    return NEXT(cpu, i);
}

static int xlat(struct cpu *cpu, const struct insn *i)
{
    uint32_t value, offset = cut_address(i, cpu->reg[EBX] + (cpu->reg[EAX] & 0xFF));
    unsigned status = segment_read(cpu, i, i->segment, offset, 1, &value);

    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    set_register(cpu, EAX, 1, value);
    return finish(cpu, i, status);
}

/* --- Conditions --- */
BODY int set_r(struct cpu *cpu, const struct insn *i, unsigned condition, unsigned size)
{
    set_register(cpu, i->dst, size, condition_holds(cpu, condition));
    return NEXT(cpu, i);
}

BODY int set_m(struct cpu *cpu, const struct insn *i, unsigned condition, unsigned size)
{
    return store(cpu, i, size, condition_holds(cpu, condition), ADDRESS_ANY);
}

BODY int cmov_r(struct cpu *cpu, const struct insn *i, unsigned condition, unsigned size)
{
    if (condition_holds(cpu, condition))
        set_register(cpu, i->dst, size, get_register(cpu, i->src, size));
    return NEXT(cpu, i);
}

/* Memory is read whether the condition holds or not. */
BODY int cmov_m(struct cpu *cpu, const struct insn *i, unsigned condition, unsigned size)
{
    uint32_t value;
    unsigned status = operand_read(cpu, i, size, &value);

    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    if (condition_holds(cpu, condition))
        set_register(cpu, i->dst, size, value);
    return finish(cpu, i, status);
}

/* --- Flags --- */
static int lahf(struct cpu *cpu, const struct insn *i)
{
    set_register(cpu, 4, 1, (flags_arithmetic(cpu) & ~(uint32_t)FLAG_OF) | FLAG_FIXED); /* 4: AH */
    return NEXT(cpu, i);
}

static int sahf(struct cpu *cpu, const struct insn *i)
{
    flags_write_arithmetic(cpu, (flags_arithmetic(cpu) & FLAG_OF) | (cpu->reg[EAX] >> 8 & 0xFF));
    return NEXT(cpu, i);
}

static int salc(struct cpu *cpu, const struct insn *i)
{
    set_register(cpu, EAX, 1, 0 - flags_carry(cpu));
    return NEXT(cpu, i);
}

static int change_carry(struct cpu *cpu, const struct insn *i)
{
    uint32_t flags = flags_arithmetic(cpu);
    bool carry = i->operation == OP_STC || (i->operation == OP_CMC && !(flags & FLAG_CF));

    flags_write_arithmetic(cpu, (flags & ~(uint32_t)FLAG_CF) | (carry ? FLAG_CF : 0));
    return NEXT(cpu, i);
}

static int change_direction(struct cpu *cpu, const struct insn *i)
{
    cpu->flags = (cpu->flags & ~(uint32_t)FLAG_DF) | (i->operation == OP_STD ? FLAG_DF : 0);
    return NEXT(cpu, i);
}

static int nop(struct cpu *cpu, const struct insn *i)
{
    return NEXT(cpu, i);
}

/* --- Stack --- ESP or SP by the stack segment's D bit; offsets wrap with it. */
BODY uint32_t stack_mask(const struct cpu *cpu)
{
    return cpu->seg[SEG_SS].rights & RIGHTS_D ? 0xFFFFFFFF : 0xFFFF;
}

BODY void set_stack_pointer(struct cpu *cpu, uint32_t value)
{
    set_register(cpu, ESP, cpu->seg[SEG_SS].rights & RIGHTS_D ? 4 : 2, value);
}

static unsigned push_value(struct cpu *cpu, const struct insn *i, unsigned size, uint32_t value)
{
    uint32_t sp = cpu->reg[ESP] - size;
    unsigned status = segment_write(cpu, i, SEG_SS, sp & stack_mask(cpu), size, value);

    if (!(status & ACCESS_FAULT))
        set_stack_pointer(cpu, sp);
    return status;
}

static int push_slow(struct cpu *cpu, const struct insn *i, unsigned size, uint32_t value)
{
    unsigned status = push_value(cpu, i, size, value);

    return status & ACCESS_FAULT ? cpu_fault_exit(cpu, i) : finish(cpu, i, status);
}

/* The bytes at the top of the stack, and those below it, if they may be read (written) at once; or null. */
BODY const uint8_t *stack_readable(const struct cpu *cpu, unsigned size, enum address address)
{
    uint32_t sp = cpu->reg[ESP];

    return address == ADDRESS_ANY ? readable(cpu, SEG_SS, sp & stack_mask(cpu), size) : linear_readable(cpu, sp, size);
}

BODY uint8_t *stack_writable(const struct cpu *cpu, unsigned size, enum address address)
{
    uint32_t sp = cpu->reg[ESP] - size;

    return address == ADDRESS_ANY ? writable(cpu, SEG_SS, sp & stack_mask(cpu), size) : linear_writable(cpu, sp, size);
}

BODY void move_stack_pointer(struct cpu *cpu, uint32_t value, enum address address)
{
    if (address == ADDRESS_ANY)
        set_stack_pointer(cpu, value);
    else
        cpu->reg[ESP] = value;
}

BODY int push(struct cpu *cpu, const struct insn *i, unsigned size, uint32_t value, enum address address)
{
    uint8_t *p = stack_writable(cpu, size, address);

    if (!p)
        return push_slow(cpu, i, size, value);
    store_bytes(p, size, value);
    move_stack_pointer(cpu, cpu->reg[ESP] - size, address);
    return NEXT(cpu, i);
}

/* What lies on the stack; the pointer is the caller's to move. */
BODY unsigned stack_top(struct cpu *cpu, const struct insn *i, unsigned size, uint32_t *value)
{
    return segment_read(cpu, i, SEG_SS, cpu->reg[ESP] & stack_mask(cpu), size, value);
}

BODY int push_r(struct cpu *cpu, const struct insn *i, unsigned operation, unsigned size, enum address address)
{
    (void)operation;
    return push(cpu, i, size, cpu->reg[i->dst], address);
}

BODY int push_i(struct cpu *cpu, const struct insn *i, unsigned operation, unsigned size, enum address address)
{
    (void)operation;
    return push(cpu, i, size, i->immediate, address);
}

BODY int push_sreg(struct cpu *cpu, const struct insn *i, unsigned operation, unsigned size)
{
    (void)operation;
    return push(cpu, i, size, cpu->seg[i->src].selector, ADDRESS_ANY);
}

static int push_m_slow(struct cpu *cpu, const struct insn *i, unsigned size)
{
    uint32_t value;
    unsigned status = operand_read(cpu, i, size, &value);

    if (!(status & ACCESS_FAULT))
        status |= push_value(cpu, i, size, value);
    return status & ACCESS_FAULT ? cpu_fault_exit(cpu, i) : finish(cpu, i, status);
}

BODY int push_m(struct cpu *cpu, const struct insn *i, unsigned operation, unsigned size, enum address address)
{
    const uint8_t *p = address_readable(cpu, i, address, address_offset(cpu, i, address), size);

    (void)operation;
    return p ? push(cpu, i, size, load_bytes(p, size), address) : push_m_slow(cpu, i, size);
}

static int pop_slow(struct cpu *cpu, const struct insn *i, unsigned size)
{
    uint32_t value;
    unsigned status = stack_top(cpu, i, size, &value);

    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    set_stack_pointer(cpu, cpu->reg[ESP] + size);
    set_register(cpu, i->dst, size, value);
    return finish(cpu, i, status);
}

BODY int pop_r(struct cpu *cpu, const struct insn *i, unsigned operation, unsigned size, enum address address)
{
    const uint8_t *p = stack_readable(cpu, size, address);

    (void)operation;
    if (!p)
        return pop_slow(cpu, i, size);
    move_stack_pointer(cpu, cpu->reg[ESP] + size, address);
    set_register(cpu, i->dst, size, load_bytes(p, size));
    return NEXT(cpu, i);
}

/* The address of the destination is computed with the stack pointer after the pop. */
BODY int pop_m(struct cpu *cpu, const struct insn *i, unsigned operation, unsigned size)
{
    uint32_t value, esp = cpu->reg[ESP];
    unsigned status = stack_top(cpu, i, size, &value);

    (void)operation;
    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    set_stack_pointer(cpu, esp + size);
    status |= segment_write(cpu, i, i->segment, effective_address(cpu, i), size, value);
    if (status & ACCESS_FAULT) {
        cpu->reg[ESP] = esp;
        return cpu_fault_exit(cpu, i);
    }
    return finish(cpu, i, status);
}

/* Whether the stack takes `count` pushes below `sp`: looked at before the first is done. */
static unsigned probe_pushes(struct cpu *cpu, const struct insn *i, uint32_t sp, unsigned count, unsigned size)
{
    while (count--) {
        sp -= size;
        if (segment_probe(cpu, i, SEG_SS, sp & stack_mask(cpu), size, true))
            return ACCESS_FAULT;
    }
    return ACCESS_DONE;
}

static int pusha(struct cpu *cpu, const struct insn *i)
{
    uint32_t sp = cpu->reg[ESP];
    unsigned status = probe_pushes(cpu, i, sp, 8, i->size);

    for (unsigned r = 0; r < 8 && !(status & ACCESS_FAULT); r++) {
        sp -= i->size;
        status |= segment_write(cpu, i, SEG_SS, sp & stack_mask(cpu), i->size, cpu->reg[r]);
    }
    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    set_stack_pointer(cpu, sp);
    return finish(cpu, i, status);
}

static int popa(struct cpu *cpu, const struct insn *i)
{
    uint32_t value[8], sp = cpu->reg[ESP];
    unsigned status = ACCESS_DONE;

    for (unsigned n = 0; n < 8 && !(status & ACCESS_FAULT); n++, sp += i->size)
        status |= segment_read(cpu, i, SEG_SS, sp & stack_mask(cpu), i->size, &value[7 - n]);
    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    for (unsigned r = 0; r < 8; r++)
        if (r != ESP)
            set_register(cpu, r, i->size, value[r]);
    set_stack_pointer(cpu, sp);
    return finish(cpu, i, status);
}

/* Everything ENTER will read and write, the new top of the stack included (SDM vol. 2: #PF if a write there would
 * fault). */
static unsigned probe_enter(struct cpu *cpu, const struct insn *i, unsigned level)
{
    uint32_t mask = stack_mask(cpu), size = i->size, sp = cpu->reg[ESP] - (level ? level + 1 : 1) * size - i->immediate;

    if (probe_pushes(cpu, i, cpu->reg[ESP], level ? level + 1 : 1, size))
        return ACCESS_FAULT;
    for (unsigned n = 1; n < level; n++)
        if (segment_probe(cpu, i, SEG_SS, (cpu->reg[EBP] - n * size) & mask, size, false))
            return ACCESS_FAULT;
    return segment_probe(cpu, i, SEG_SS, sp & mask, size, true);
}

static int enter(struct cpu *cpu, const struct insn *i)
{
    uint32_t mask = stack_mask(cpu), size = i->size, sp = cpu->reg[ESP] - size;
    uint32_t frame = (cpu->reg[ESP] & ~mask) | (sp & mask), value = 0;
    unsigned level = i->displacement & 31, status = probe_enter(cpu, i, level);

    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    status |= segment_write(cpu, i, SEG_SS, sp & mask, size, cpu->reg[EBP]);
    for (unsigned n = 1; n < level; n++) {
        status |= segment_read(cpu, i, SEG_SS, (cpu->reg[EBP] - n * size) & mask, size, &value);
        sp -= size;
        status |= segment_write(cpu, i, SEG_SS, sp & mask, size, value);
    }
    if (level) {
        sp -= size;
        status |= segment_write(cpu, i, SEG_SS, sp & mask, size, frame);
    }
    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    set_register(cpu, EBP, size, frame);
    set_stack_pointer(cpu, sp - i->immediate);
    return finish(cpu, i, status);
}

static int leave(struct cpu *cpu, const struct insn *i)
{
    uint32_t value, frame = cpu->reg[EBP];
    unsigned status = segment_read(cpu, i, SEG_SS, frame & stack_mask(cpu), i->size, &value);

    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    set_stack_pointer(cpu, frame + i->size);
    set_register(cpu, EBP, i->size, value);
    return finish(cpu, i, status);
}

/* --- Near control flow --- */
BODY int jump_condition(struct cpu *cpu, const struct insn *i, unsigned condition, bool flat)
{
    return near_jump_if(cpu, i, condition_holds(cpu, condition), flat);
}

static int jcxz(struct cpu *cpu, const struct insn *i)
{
    return near_jump_if(cpu, i, !get_index(cpu, i, ECX), false);
}

static int loop(struct cpu *cpu, const struct insn *i)
{
    uint32_t count = cpu->reg[ECX] - 1, target = near_target(i, insn_next_eip(cpu, i) + i->immediate);
    bool zero = i->operation != OP_LOOP && flags_zero(cpu);
    bool more = cut_address(i, count) && (i->operation == OP_LOOP || zero == (i->operation == OP_LOOPE));

    if (more && target > cpu->seg[SEG_CS].limit)
        return insn_fault(cpu, i, EXC_GP);
    set_index(cpu, i, ECX, count);
    return near_jump_if(cpu, i, more, false);
}

BODY int jmp_i(struct cpu *cpu, const struct insn *i, unsigned operation, unsigned size, enum address address)
{
    bool flat = address != ADDRESS_ANY;

    (void)operation, (void)size;
    return end_block(cpu, i, branch_target(cpu, i, flat), WAY_FAR, flat);
}

BODY int jmp_r(struct cpu *cpu, const struct insn *i, unsigned operation, unsigned size, enum address address)
{
    (void)operation, (void)size;
    return near_jump(cpu, i, cpu->reg[i->dst], address != ADDRESS_ANY);
}

/* A jump or call through memory: 0 or a status, and the target. */
BODY unsigned read_target(struct cpu *cpu, const struct insn *i, uint32_t *eip)
{
    return i->size == 2 ? operand_read(cpu, i, 2, eip) : operand_read(cpu, i, 4, eip);
}

static int jmp_slow(struct cpu *cpu, const struct insn *i)
{
    uint32_t eip;
    unsigned status = read_target(cpu, i, &eip);

    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    eip = near_target(i, eip);
    if (eip > cpu->seg[SEG_CS].limit)
        return insn_fault(cpu, i, EXC_GP);
    return cpu_retire(cpu, i, eip, status ? CPU_LEAVE : CPU_CONTINUE);
}

BODY int jmp_m(struct cpu *cpu, const struct insn *i, unsigned operation, unsigned size, enum address address)
{
    const uint8_t *p = address_readable(cpu, i, address, address_offset(cpu, i, address), size);

    (void)operation;
    return p ? near_jump(cpu, i, load_bytes(p, size), address != ADDRESS_ANY) : jmp_slow(cpu, i);
}

static int call_slow(struct cpu *cpu, const struct insn *i, uint32_t eip, unsigned status)
{
    eip = near_target(i, eip);
    if (eip > cpu->seg[SEG_CS].limit)
        return insn_fault(cpu, i, EXC_GP);
    status |= push_value(cpu, i, i->size, insn_next_eip(cpu, i));
    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    return cpu_retire(cpu, i, eip, status ? CPU_LEAVE : CPU_CONTINUE);
}

BODY int call_near(struct cpu *cpu, const struct insn *i, uint32_t eip, enum way way, enum address address)
{
    uint8_t *p = stack_writable(cpu, 4, address);
    bool flat = address != ADDRESS_ANY;

    if (!p || (!flat && (i->size == 2 || eip > cpu->seg[SEG_CS].limit)))
        return call_slow(cpu, i, eip, ACCESS_DONE);
    store32(p, eip_after(cpu, i, flat));
    move_stack_pointer(cpu, cpu->reg[ESP] - 4, address);
    return end_block(cpu, i, eip, way, flat);
}

BODY int call_i(struct cpu *cpu, const struct insn *i, unsigned operation, unsigned size, enum address address)
{
    bool flat = address != ADDRESS_ANY;

    (void)operation, (void)size;
    return call_near(cpu, i, flat ? branch_target(cpu, i, true) : insn_next_eip(cpu, i) + i->immediate, WAY_FAR,
                     address);
}

BODY int call_r(struct cpu *cpu, const struct insn *i, unsigned operation, unsigned size, enum address address)
{
    (void)operation, (void)size;
    return call_near(cpu, i, cpu->reg[i->dst], WAY_ANY, address);
}

static int call_m_slow(struct cpu *cpu, const struct insn *i)
{
    uint32_t eip;
    unsigned status = read_target(cpu, i, &eip);

    return status & ACCESS_FAULT ? cpu_fault_exit(cpu, i) : call_slow(cpu, i, eip, status);
}

BODY int call_m(struct cpu *cpu, const struct insn *i, unsigned operation, unsigned size, enum address address)
{
    const uint8_t *p = address_readable(cpu, i, address, address_offset(cpu, i, address), size);

    (void)operation;
    return p ? call_near(cpu, i, load_bytes(p, size), WAY_ANY, address) : call_m_slow(cpu, i);
}

static int ret_slow(struct cpu *cpu, const struct insn *i, unsigned size)
{
    uint32_t eip;
    unsigned status = stack_top(cpu, i, size, &eip);

    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    if (eip > cpu->seg[SEG_CS].limit)
        return insn_fault(cpu, i, EXC_GP);
    set_stack_pointer(cpu, cpu->reg[ESP] + size + i->immediate);
    return cpu_retire(cpu, i, eip, status ? CPU_LEAVE : CPU_CONTINUE);
}

BODY int ret(struct cpu *cpu, const struct insn *i, unsigned operation, unsigned size, enum address address)
{
    const uint8_t *p = stack_readable(cpu, size, address);
    bool flat = address != ADDRESS_ANY;

    (void)operation;
    if (!p || (!flat && load_bytes(p, size) > cpu->seg[SEG_CS].limit))
        return ret_slow(cpu, i, size);
    move_stack_pointer(cpu, cpu->reg[ESP] + size + i->immediate, address);
    return end_block(cpu, i, load_bytes(p, size), WAY_ANY, flat);
}

static int bound(struct cpu *cpu, const struct insn *i)
{
    uint32_t offset = effective_address(cpu, i), low, high = 0;
    int32_t value = sign_extend(cpu->reg[i->dst], i->size);
    unsigned status = segment_read(cpu, i, i->segment, offset, i->size, &low);

    if (!(status & ACCESS_FAULT))
        status |= segment_read(cpu, i, i->segment, cut_address(i, offset + i->size), i->size, &high);
    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    if (value < sign_extend(low, i->size) || value > sign_extend(high, i->size))
        return insn_fault(cpu, i, EXC_BR);
    return finish(cpu, i, status);
}

/* --- The tables --- */
/* clang-format off */
SIZES(MOV_rr, mov_rr, 0) SIZES(MOV_ri, mov_ri, 0) MEMORY(MOV_rm, load, OP_MOV) MEMORY(MOV_mr, mov_mr, 0) MEMORY(MOV_mi, mov_mi, 0)
SIZES(XCHG_rr, xchg_rr, 0) SIZES(XCHG_mr, xchg_mr, 0)
/* clang-format on */
#define EXTEND(op) \
    WIDE_SIZES(op##_r, extend, OP_##op) \
    WIDE_MEMORY(op##_m, load, OP_##op)
/* clang-format off */
EXTEND(MOVZX8) EXTEND(MOVZX16) EXTEND(MOVSX8) EXTEND(MOVSX16)
WIDE_MEMORY(LEA, lea, 0) WIDE_SIZES(CBW, cbw, 0) WIDE_SIZES(CWD, cwd, 0) WIDE_FLAT(RET, ret)
WIDE_FLAT(PUSH_r, push_r) WIDE_FLAT(PUSH_i, push_i) WIDE_MEMORY(PUSH_m, push_m, 0)
WIDE_SIZES(PUSH_SREG, push_sreg, 0) WIDE_FLAT(POP_r, pop_r) WIDE_SIZES(POP_m, pop_m, 0)
WIDE_MEMORY(JMP_m, jmp_m, 0) WIDE_MEMORY(CALL_m, call_m, 0)
WIDE_FLAT(JMP_i, jmp_i) WIDE_FLAT(JMP_r, jmp_r) WIDE_FLAT(CALL_i, call_i) WIDE_FLAT(CALL_r, call_r)
/* clang-format on */

/* Operations with several forms. */
#define EXTEND_ROW(op) [OP_##op - OP_MOV] = {[FORM_RR] = WIDE_ROW(op##_r), [FORM_RM] = WIDE_MEMORY_ROW(op##_m)}
    /* clang-format off */
static insn_handler *const by_form[OP_POP + 1 - OP_MOV][FORM_COUNT][ROW_COLUMNS] = {
    [OP_MOV - OP_MOV] = {[FORM_RR] = ROW(MOV_rr), [FORM_RI] = ROW(MOV_ri), [FORM_RM] = MEMORY_ROW(MOV_rm), [FORM_MR] = MEMORY_ROW(MOV_mr),
                         [FORM_MI] = MEMORY_ROW(MOV_mi)},
    [OP_XCHG - OP_MOV] = {[FORM_RR] = ROW(XCHG_rr), [FORM_MR] = ROW(XCHG_mr)},
    [OP_LEA - OP_MOV] = {[FORM_RM] = WIDE_MEMORY_ROW(LEA)},
    EXTEND_ROW(MOVZX8), EXTEND_ROW(MOVZX16), EXTEND_ROW(MOVSX8), EXTEND_ROW(MOVSX16),
    [OP_PUSH - OP_MOV] = {[FORM_R] = WIDE_FLAT_ROW(PUSH_r), [FORM_I] = WIDE_FLAT_ROW(PUSH_i), [FORM_M] = WIDE_MEMORY_ROW(PUSH_m)},
    [OP_POP - OP_MOV] = {[FORM_R] = WIDE_FLAT_ROW(POP_r), [FORM_M] = WIDE_ROW(POP_m)},
};
static insn_handler *const near_flow[OP_RET + 1 - OP_JMP][FORM_COUNT][ROW_COLUMNS] = {
    [OP_JMP - OP_JMP] = {[FORM_I] = WIDE_FLAT_ROW(JMP_i), [FORM_R] = WIDE_FLAT_ROW(JMP_r), [FORM_M] = WIDE_MEMORY_ROW(JMP_m)},
    [OP_CALL - OP_JMP] = {[FORM_I] = WIDE_FLAT_ROW(CALL_i), [FORM_R] = WIDE_FLAT_ROW(CALL_r), [FORM_M] = WIDE_MEMORY_ROW(CALL_m)},
    [OP_RET - OP_JMP] = {[FORM_NONE] = WIDE_FLAT_ROW(RET), [FORM_I] = WIDE_FLAT_ROW(RET)},
};

/* Operations with one form, or whose routine looks at it. */
static insn_handler *const plain[OP_COUNT][3] = {
    [OP_CBW] = WIDE_ROW(CBW), [OP_CWD] = WIDE_ROW(CWD),
    [OP_XLAT] = ANY_ROW(xlat), [OP_SALC] = ANY_ROW(salc), [OP_LAHF] = ANY_ROW(lahf), [OP_SAHF] = ANY_ROW(sahf),
    [OP_PUSHA] = ANY_ROW(pusha), [OP_POPA] = ANY_ROW(popa), [OP_ENTER] = ANY_ROW(enter), [OP_LEAVE] = ANY_ROW(leave),
    [OP_PUSH_SREG] = WIDE_ROW(PUSH_SREG), [OP_MOV_FROM_SREG] = ANY_ROW(mov_from_sreg),
    [OP_JCXZ] = ANY_ROW(jcxz), [OP_LOOP] = ANY_ROW(loop), [OP_LOOPE] = ANY_ROW(loop), [OP_LOOPNE] = ANY_ROW(loop),
    [OP_BOUND] = ANY_ROW(bound), [OP_NOP] = ANY_ROW(nop),
    [OP_CLC] = ANY_ROW(change_carry), [OP_STC] = ANY_ROW(change_carry), [OP_CMC] = ANY_ROW(change_carry),
    [OP_CLD] = ANY_ROW(change_direction), [OP_STD] = ANY_ROW(change_direction),
};
/* clang-format on */

/* clang-format off */
#define CONDITIONAL(n) \
    INSTANCE(J_##n, jump_condition, n, false) INSTANCE(J_flat_##n, jump_condition, n, true) \
    INSTANCE(SET_r_##n, set_r, n, 1) INSTANCE(SET_m_##n, set_m, n, 1) \
    WIDE_SIZES(CMOV_r_##n, cmov_r, n) WIDE_SIZES(CMOV_m_##n, cmov_m, n)
/* clang-format on */
CONDITIONS(CONDITIONAL)

static const struct conditional {
    insn_handler *jump[2], *set[2], *cmov[2][3]; /* register, memory */
} conditional[16] = {
#define CONDITIONAL_ROW(n) {{J_##n, J_flat_##n}, {SET_r_##n, SET_m_##n}, {WIDE_ROW(CMOV_r_##n), WIDE_ROW(CMOV_m_##n)}},
    CONDITIONS(CONDITIONAL_ROW)};

static insn_handler *conditional_handler(const struct insn *i, unsigned mode)
{
    unsigned operation = i->operation;

    if (operation >= OP_JO && operation <= OP_JNLE)
        return conditional[operation - OP_JO].jump[mode & BLOCK_FLAT_CODE && i->size != 2];
    if (operation >= OP_SETO && operation <= OP_SETNLE)
        return conditional[operation - OP_SETO].set[i->form == FORM_M];
    if (operation >= OP_CMOVO && operation <= OP_CMOVNLE)
        return conditional[operation - OP_CMOVO].cmov[i->form == FORM_RM][size_column(i->size)];
    return NULL;
}

/* The routine of a near jump, call or return: a flat one where code and data are. */
static insn_handler *near_flow_handler(const struct insn *i, unsigned mode)
{
    insn_handler *const *row = near_flow[i->operation - OP_JMP][i->form];
    bool flat = mode & BLOCK_FLAT_CODE && mode & BLOCK_FLAT_DATA;

    if (i->form == FORM_M)
        return row_handler(row, i, flat ? mode : 0);
    return row[flat && i->size == 4 ? 4 : size_column(i->size)];
}

static insn_handler *handler_in(const struct insn *insn, unsigned mode)
{
    unsigned operation = insn->operation, column = size_column(insn->size);
    insn_handler *handler = arithmetic_handler(insn, mode);

    if (handler)
        return handler;
    if (operation >= OP_JMP && operation <= OP_RET)
        handler = near_flow_handler(insn, mode);
    if (!handler)
        handler = plain[operation][column];
    if (!handler && operation >= OP_MOV && operation <= OP_POP)
        handler = row_handler(by_form[operation - OP_MOV][insn->form], insn, mode);
    if (!handler)
        handler = conditional_handler(insn, mode);
    if (!handler)
        handler = string_handler(insn);
    if (!handler)
        handler = x87_handler(insn);
    if (!handler)
        handler = simd_integer_handler(insn);
    if (!handler)
        handler = simd_move_handler(insn);
    if (!handler)
        handler = simd_float_handler(insn);
    return handler ? handler : system_handler(insn);
}

insn_handler *interpreter_handler(const struct insn *insn)
{
    return handler_in(insn, 0);
}

void interpreter_handlers(struct code_block *block)
{
    struct insn *insn = block->insn;

    for (unsigned n = 0; n < block->count; n++)
        insn[n].run = handler_in(&insn[n], block->mode);
    for (unsigned n = 0; n + 1 < block->count; n++) {
        interpreter_hush(&insn[n], block->count - n - 1u, block->mode);
        interpreter_fuse(&insn[n], block->mode);
    }
    insn[block->count].run = block->mode & BLOCK_FLAT_CODE ? block_end_flat : block_end;
}
