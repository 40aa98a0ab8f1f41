/* x87_control.c - the state of the floating-point unit: control and status words, the images that FSAVE and its kin
 * keep it in, and what becomes of errors (Intel SDM vol. 1, sections 8.1 and 8.7, figures 8-9 to 8-12; vol. 2,
 * FXSAVE). */
#include "emu/cpu/x87_control.h"

#include "emu/cpu/simd.h"
#include "emu/cpu/x87_unit.h"

/* clang-format off */
static const struct state_field float80_state[] = {
    STATE(struct float80, significand, U64, "significand, integer bit on top"),
    STATE(struct float80, high, U16, "sign and exponent"),
    STATE_END
};

const struct state_field x87_state[] = {
    STATE_TABLE(struct x87, reg, struct float80, float80_state, "registers by physical position"),
    STATE(struct x87, env.flags, U8, "IE DE ZE OE UE PE of the status word"),
    STATE(struct x87, env.rounded_up, BOOL, "C1 of the status word"),
    STATE(struct x87, control, U16, "control word"),
    STATE(struct x87, condition, U16, "C0 C2 C3 and SF, in their places of the status word"),
    STATE_UP_TO(struct x87, top, U8, 7, "TOP"),
    STATE(struct x87, used, U8, "a bit for each register: it is not empty"),
    STATE(struct x87, ferr, BOOL, "FERR# is active"),
    STATE(struct x87, ignne, BOOL, "IGNNE# is active"),
    STATE(struct x87, opcode, U16, "opcode of the last instruction, 11 bits"),
    STATE(struct x87, cs, U16, "selector of its code"),
    STATE(struct x87, ds, U16, "selector of the last memory operand"),
    STATE(struct x87, ip, U32, "offset of the last instruction"),
    STATE(struct x87, dp, U32, "offset of the last memory operand"),
    STATE_END
};
/* clang-format on */

/* --- Exceptions --- */
void x87_derive(struct cpu *cpu)
{
    static const uint8_t precisions[4] = {24, 64, 53, 64}; /* 01 is reserved */
    struct x87 *u = &cpu->x87;
    bool waits;

    u->env.rounding = u->control >> 10 & 3;
    u->env.precision = precisions[u->control >> 8 & 3];
    u->env.masks = u->control & X87_EXCEPTIONS;
    waits = u->env.flags & ~u->env.masks;
    if (!waits && u->ferr) {
        u->ferr = u->ignne = false;
        line_set(&cpu->ferr, false);
    }
    u->error = waits && !u->ignne;
}

bool x87_unmasked(struct cpu *cpu, uint8_t before)
{
    struct x87 *u = &cpu->x87;
    bool early = u->env.flags & ~u->env.masks & X87_EARLY;

    if (early) { /* what would have come of the computation */
        u->env.flags &= X87_EARLY;
        u->env.rounded_up = false;
    }
    u->env.flags |= before;
    x87_derive(cpu);
    return !early;
}

bool x87_stack_fault(struct cpu *cpu, bool overflow)
{
    struct x87 *u = &cpu->x87;

    u->env.flags |= FLOAT_INVALID;
    u->env.rounded_up = overflow;
    u->condition |= X87_STACK_FAULT;
    x87_derive(cpu);
    return u->env.masks & FLOAT_INVALID;
}

void x87_ignore_error(struct cpu *cpu)
{
    struct x87 *u = &cpu->x87;

    if (!u->ferr)
        return;
    line_set(&cpu->ferr, false);
    u->ignne = true;
    u->error = false;
}

static int refuse(struct cpu *cpu, const struct insn *i, unsigned vector)
{
    fault_plain(cpu, vector);
    return cpu_fault_exit(cpu, i);
}

/* With CR0.NE, #MF. Without, FERR# goes to the interrupt controller, and the processor stands still before this
 * instruction until an interrupt comes. */
static int stop(struct cpu *cpu, const struct insn *i)
{
    if (cpu->cr0 & CR0_NE)
        return refuse(cpu, i, EXC_MF);
    cpu_fault_exit(cpu, i);
    cpu->attention |= ATTENTION_HALTED;
    cpu->halted_dead = !(cpu->flags & FLAG_IF);
    cpu->x87.ferr = true;
    line_set(&cpu->ferr, true);
    return CPU_LEAVE;
}

int x87_refuse(struct cpu *cpu, const struct insn *i)
{
    return cpu->cr0 & (CR0_EM | CR0_TS) ? refuse(cpu, i, EXC_NM) : stop(cpu, i);
}

int x87_wait(struct cpu *cpu, const struct insn *i)
{
    if ((cpu->cr0 & (CR0_MP | CR0_TS)) == (CR0_MP | CR0_TS))
        return refuse(cpu, i, EXC_NM);
    return cpu->x87.error ? stop(cpu, i) : NEXT(cpu, i);
}

/* How an instruction that does not wait begins. */
#define PRESENT(cpu, i) \
    do { \
        if ((cpu)->cr0 & (CR0_EM | CR0_TS)) \
            return x87_refuse(cpu, i); \
    } while (0)

/* --- Words --- */
uint16_t x87_status(const struct x87 *u)
{
    bool waits = u->env.flags & ~u->env.masks;

    return (uint16_t)(u->env.flags | u->condition | u->top << 11 | (u->env.rounded_up ? X87_C1 : 0) |
                      (waits ? X87_SUMMARY | X87_BUSY : 0));
}

static void set_control(struct x87 *u, uint16_t value)
{
    u->control = (value & X87_CONTROL_BITS) | X87_CONTROL_ONES;
}

static void set_status(struct x87 *u, uint16_t value)
{
    u->env.flags = value & X87_EXCEPTIONS;
    u->env.rounded_up = value & X87_C1;
    u->condition = value & (X87_STACK_FAULT | X87_C0 | X87_C2 | X87_C3);
    u->top = value >> 11 & 7;
}

/* Two bits for each register: 0 valid, 1 zero, 2 special, 3 empty. */
static uint16_t full_tags(const struct x87 *u)
{
    uint16_t tags = 0;

    for (unsigned n = 0; n < 8; n++) {
        unsigned tag = !(u->used >> n & 1) ? 3 : f80_normal(u->reg[n]) ? 0 : f80_zero(u->reg[n]) ? 1 : 2;
        tags |= (uint16_t)(tag << 2 * n);
    }
    return tags;
}

static void set_tags(struct x87 *u, uint16_t tags)
{
    u->used = 0;
    for (unsigned n = 0; n < 8; n++)
        if ((tags >> 2 * n & 3) != 3)
            u->used |= (uint8_t)(1u << n);
}

static void initialize(struct cpu *cpu)
{
    struct x87 *u = &cpu->x87;

    u->control = X87_INITIAL_CONTROL;
    set_status(u, 0);
    u->used = 0;
    u->opcode = u->cs = u->ds = 0;
    u->ip = u->dp = 0;
    x87_derive(cpu);
}

void x87_reset(struct cpu *cpu)
{
    memset(cpu->x87.reg, 0, sizeof cpu->x87.reg);
    initialize(cpu);
    cpu->x87.used = 0xFF;
    cpu->x87.control = 0x40;
    x87_derive(cpu);
}

int x87_fninit(struct cpu *cpu, const struct insn *i)
{
    PRESENT(cpu, i);
    initialize(cpu);
    return NEXT(cpu, i);
}

int x87_fnclex(struct cpu *cpu, const struct insn *i)
{
    PRESENT(cpu, i);
    cpu->x87.env.flags = 0;
    cpu->x87.condition &= (uint16_t)~X87_STACK_FAULT;
    x87_derive(cpu);
    return NEXT(cpu, i);
}

/* FNENI, FNDISI, FNSETPM: instructions of the 8087 and 80287 that do nothing since. */
int x87_nothing(struct cpu *cpu, const struct insn *i)
{
    PRESENT(cpu, i);
    return NEXT(cpu, i);
}

int x87_fldcw(struct cpu *cpu, const struct insn *i)
{
    uint64_t value;
    unsigned status;

    X87_WAIT(cpu, i);
    status = x87_read(cpu, i, effective_address(cpu, i), 2, &value);
    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    set_control(&cpu->x87, (uint16_t)value);
    x87_derive(cpu);
    return finish(cpu, i, status);
}

static int store_word(struct cpu *cpu, const struct insn *i, uint16_t value)
{
    unsigned status = x87_write(cpu, i, effective_address(cpu, i), 2, value);

    return status & ACCESS_FAULT ? cpu_fault_exit(cpu, i) : finish(cpu, i, status);
}

int x87_fnstcw(struct cpu *cpu, const struct insn *i)
{
    PRESENT(cpu, i);
    return store_word(cpu, i, cpu->x87.control);
}

int x87_fnstsw(struct cpu *cpu, const struct insn *i)
{
    PRESENT(cpu, i);
    if (i->form == FORM_M)
        return store_word(cpu, i, x87_status(&cpu->x87));
    set_register(cpu, EAX, 2, x87_status(&cpu->x87));
    return NEXT(cpu, i);
}

/* --- Memory in blocks --- */
unsigned x87_read_block(struct cpu *cpu, const struct insn *i, uint32_t offset, uint8_t *bytes, unsigned size,
                        unsigned step)
{
    unsigned status = ACCESS_DONE;

    if ((uint64_t)offset + size > cpu->seg[i->segment].read_end &&
        segment_check(cpu, i, i->segment, offset, size, false))
        return ACCESS_FAULT;
    for (unsigned at = 0; at < size && !(status & ACCESS_FAULT); at += step) {
        unsigned piece = size - at < step ? size - at : step;
        uint64_t value;
        status |= x87_read(cpu, i, offset + at, piece, &value);
        for (unsigned n = 0; n < piece; n++)
            bytes[at + n] = (uint8_t)(value >> 8 * n);
    }
    return status;
}

unsigned x87_write_block(struct cpu *cpu, const struct insn *i, uint32_t offset, const uint8_t *bytes, unsigned size,
                         unsigned step)
{
    unsigned status = segment_probe(cpu, i, i->segment, offset, size, true);

    for (unsigned at = 0; at < size && !(status & ACCESS_FAULT); at += step) {
        unsigned piece = size - at < step ? size - at : step;
        uint64_t value = 0;
        for (unsigned n = 0; n < piece; n++)
            value |= (uint64_t)bytes[at + n] << 8 * n;
        status |= x87_write(cpu, i, offset + at, piece, value);
    }
    return status;
}

/* --- The environment --- Seven words or doublewords: control, status, tags, and two pointers in the manner of the
 * mode. */
enum {
    ENVIRONMENT_WORDS = 7,
    REGISTER_BYTES = 10,
    REGISTERS_BYTES = 8 * REGISTER_BYTES,
    IMAGE_BYTES = 4 * ENVIRONMENT_WORDS + REGISTERS_BYTES
};

static bool linear_pointers(const struct cpu *cpu)
{
    return !(cpu->cr0 & CR0_PE) || cpu->flags & FLAG_VM;
}

static void put_environment(const struct cpu *cpu, unsigned width, uint8_t *bytes)
{
    const struct x87 *u = &cpu->x87;
    uint32_t ip = u->ip + ((uint32_t)u->cs << 4), dp = u->dp + ((uint32_t)u->ds << 4);
    uint32_t words[ENVIRONMENT_WORDS] = {0xFFFF0000 | u->control,
                                         0xFFFF0000 | x87_status(u),
                                         0xFFFF0000 | full_tags(u),
                                         u->ip,
                                         (uint32_t)u->opcode << 16 | u->cs,
                                         u->dp,
                                         0xFFFF0000 | u->ds};

    if (linear_pointers(cpu)) {
        words[3] = 0xFFFF0000 | ip;
        words[4] = (ip >> 16 << 12) | u->opcode;
        words[5] = 0xFFFF0000 | dp;
        words[6] = dp >> 16 << 12;
    }
    for (unsigned n = 0; n < ENVIRONMENT_WORDS; n++)
        if (width == 4)
            store32(bytes + 4 * n, words[n]);
        else
            store16(bytes + 2 * n, (uint16_t)words[n]);
}

/* A pointer that was linear stays one, with selector 0. The 16-bit form of protected mode has no opcode. */
static void take_environment(struct cpu *cpu, unsigned width, const uint8_t *bytes)
{
    struct x87 *u = &cpu->x87;
    uint32_t words[ENVIRONMENT_WORDS];

    for (unsigned n = 0; n < ENVIRONMENT_WORDS; n++)
        words[n] = width == 4 ? load32(bytes + 4 * n) : load16(bytes + 2 * n);
    set_control(u, (uint16_t)words[0]);
    set_status(u, (uint16_t)words[1]);
    set_tags(u, (uint16_t)words[2]);
    if (linear_pointers(cpu)) {
        u->ip = (words[3] & 0xFFFF) | (words[4] & 0x0FFFF000) << 4;
        u->dp = (words[5] & 0xFFFF) | (words[6] & 0x0FFFF000) << 4;
        u->opcode = words[4] & 0x7FF;
        u->cs = u->ds = 0;
    } else {
        u->ip = words[3];
        u->cs = (uint16_t)words[4];
        u->opcode = words[4] >> 16 & 0x7FF;
        u->dp = words[5];
        u->ds = (uint16_t)words[6];
    }
    x87_derive(cpu);
}

int x87_fnstenv(struct cpu *cpu, const struct insn *i)
{
    uint8_t image[IMAGE_BYTES];
    unsigned status;

    PRESENT(cpu, i);
    put_environment(cpu, i->size, image);
    status = x87_write_block(cpu, i, effective_address(cpu, i), image, ENVIRONMENT_WORDS * i->size, i->size);
    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    cpu->x87.control |= X87_EXCEPTIONS;
    x87_derive(cpu);
    return finish(cpu, i, status);
}

int x87_fldenv(struct cpu *cpu, const struct insn *i)
{
    uint8_t image[IMAGE_BYTES];
    unsigned status;

    X87_WAIT(cpu, i);
    status = x87_read_block(cpu, i, effective_address(cpu, i), image, ENVIRONMENT_WORDS * i->size, i->size);
    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    take_environment(cpu, i->size, image);
    return finish(cpu, i, status);
}

int x87_fnsave(struct cpu *cpu, const struct insn *i)
{
    uint8_t image[IMAGE_BYTES], *registers = image + ENVIRONMENT_WORDS * i->size;
    unsigned status;

    PRESENT(cpu, i);
    put_environment(cpu, i->size, image);
    for (unsigned n = 0; n < 8; n++)
        store80(registers + REGISTER_BYTES * n, *x87_st(&cpu->x87, n));
    status = x87_write_block(cpu, i, effective_address(cpu, i), image, ENVIRONMENT_WORDS * i->size + REGISTERS_BYTES,
                             i->size);
    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    initialize(cpu);
    return finish(cpu, i, status);
}

int x87_frstor(struct cpu *cpu, const struct insn *i)
{
    uint8_t image[IMAGE_BYTES], *registers = image + ENVIRONMENT_WORDS * i->size;
    unsigned status;

    X87_WAIT(cpu, i);
    status = x87_read_block(cpu, i, effective_address(cpu, i), image, ENVIRONMENT_WORDS * i->size + REGISTERS_BYTES,
                            i->size);
    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    take_environment(cpu, i->size, image);
    for (unsigned n = 0; n < 8; n++)
        *x87_st(&cpu->x87, n) = load80(registers + REGISTER_BYTES * n);
    return finish(cpu, i, status);
}

/* --- FXSAVE and FXRSTOR --- With CR4.OSFXSR on a model that has SSE, XMM registers and MXCSR as well. Bytes that no
 * field has are not written. */
enum {
    FX_MXCSR = 24,
    FX_REGISTERS = 32,
    FX_REGISTER_STEP = 16,
    FX_XMM = FX_REGISTERS + 8 * FX_REGISTER_STEP,
    FX_BYTES = FX_XMM + 8 * 16
};

static bool saves_xmm(const struct cpu *cpu)
{
    return cpu->model >= CPU_PENTIUM3 && cpu->cr4 & CR4_OSFXSR;
}

static bool misaligned_image(struct cpu *cpu, const struct insn *i, uint32_t offset)
{
    return (cpu->seg[i->segment].base + offset) % 16 && fault(cpu, EXC_GP, 0);
}

static void put_xmm(const struct cpu *cpu, uint8_t *image)
{
    store32(image + FX_MXCSR, cpu->mxcsr);
    store32(image + FX_MXCSR + 4, mxcsr_implemented(cpu));
    for (unsigned n = 0; n < 8; n++) {
        store64(image + FX_XMM + 16 * n, cpu->xmm[n].q[0]);
        store64(image + FX_XMM + 16 * n + 8, cpu->xmm[n].q[1]);
    }
}

static void take_xmm(struct cpu *cpu, const uint8_t *image)
{
    cpu->mxcsr = load32(image + FX_MXCSR);
    for (unsigned n = 0; n < 8; n++)
        cpu->xmm[n] = (struct xmm){{load64(image + FX_XMM + 16 * n), load64(image + FX_XMM + 16 * n + 8)}};
}

int x87_fxsave(struct cpu *cpu, const struct insn *i)
{
    const struct x87 *u = &cpu->x87;
    uint32_t offset = effective_address(cpu, i);
    uint8_t image[FX_BYTES] = {0};
    unsigned status;

    PRESENT(cpu, i);
    if (misaligned_image(cpu, i, offset))
        return cpu_fault_exit(cpu, i);
    store16(image, u->control);
    store16(image + 2, x87_status(u));
    image[4] = u->used;
    store16(image + 6, u->opcode);
    store32(image + 8, u->ip);
    store16(image + 12, u->cs);
    store32(image + 16, u->dp);
    store16(image + 20, u->ds);
    for (unsigned n = 0; n < 8; n++)
        store80(image + FX_REGISTERS + FX_REGISTER_STEP * n, *x87_st(&cpu->x87, n));
    if (saves_xmm(cpu))
        put_xmm(cpu, image);
    status = x87_write_block(cpu, i, offset, image, saves_xmm(cpu) ? FX_BYTES : FX_XMM, 8);
    return status & ACCESS_FAULT ? cpu_fault_exit(cpu, i) : finish(cpu, i, status);
}

int x87_fxrstor(struct cpu *cpu, const struct insn *i)
{
    struct x87 *u = &cpu->x87;
    uint32_t offset = effective_address(cpu, i);
    uint8_t image[FX_BYTES];
    unsigned status;

    PRESENT(cpu, i);
    if (misaligned_image(cpu, i, offset))
        return cpu_fault_exit(cpu, i);
    status = x87_read_block(cpu, i, offset, image, saves_xmm(cpu) ? FX_BYTES : FX_XMM, 8);
    if (!(status & ACCESS_FAULT) && saves_xmm(cpu) && load32(image + FX_MXCSR) & ~mxcsr_implemented(cpu))
        status = fault(cpu, EXC_GP, 0);
    if (status & ACCESS_FAULT)
        return cpu_fault_exit(cpu, i);
    if (saves_xmm(cpu))
        take_xmm(cpu, image);
    set_control(u, load16(image));
    set_status(u, load16(image + 2));
    u->used = image[4];
    u->opcode = load16(image + 6) & 0x7FF;
    u->ip = load32(image + 8);
    u->cs = load16(image + 12);
    u->dp = load32(image + 16);
    u->ds = load16(image + 20);
    for (unsigned n = 0; n < 8; n++)
        *x87_st(u, n) = load80(image + FX_REGISTERS + FX_REGISTER_STEP * n);
    x87_derive(cpu);
    return finish(cpu, i, status);
}
