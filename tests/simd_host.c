/* simd_host.c - MMX, SSE and SSE2 instructions against the processor that this program runs on.
 *
 *     simd_host [--count N] [--seed S] [--row OPCODE] [--show N]     (a million; with LONG in the environment, a
 * hundred million) simd_host --alter N [--host VENDOR/FAMILY/MODEL] ...           tests the comparison: what the host
 * did is altered in one trial of N simd_host --digest N                                           runs only here, on
 * any host, and prints a digest of what came out
 *
 * Instructions are generated from the rows of the decoder's table, with prefixes, operands, registers, memory, MXCSR
 * and the x87 unit's state at random, and run one at a time, here and there. All that comes out is compared: general
 * registers, arithmetic flags, XMM and x87 registers, top and tags of the x87 stack, MXCSR, memory, the vector and its
 * error code, CR2. Where processors differ, `permits` lists what the host may do; on a family that nobody has tried,
 * other differences are reported and not judged (host.h).
 *
 * There: the process is a 64-bit one, in which these instructions are encoded as in 32-bit code; 67 in front cuts their
 * addresses to 32 bits. A stub loads the registers, jumps to the instruction, and saves what came out; what faults
 * comes to the signal handler, which resumes after it.
 *
 * Here: flat segments, ring 3, and page tables that have the arena at the same linear addresses. The interpreter's
 * handler is called. With ENGINE=translator in the environment each instruction is a program in memory, and what faults
 * comes to a gate; it runs with REUSE states before the next is made, so that a unit serves for as many. */
#if defined __x86_64__ && defined __linux__
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>
#define HAVE_HOST 1
#else
#define HAVE_HOST 0
#endif
#include <inttypes.h>
#include <string.h>

#include "tests/bare.h"
#include "tests/host.h"
#include "tests/translated.h"
#include "emu/cpu/blocks.h"
#include "emu/cpu/simd.h"
#include "emu/cpu/x87_control.h"

/* The arena: two pages to write, one to read, and nothing behind. Here it lies at a physical address of its own. */
enum {
    ARENA = 0x10000000,
    ARENA_SIZE = 3 * PAGE_SIZE,
    READ_ONLY = 2 * PAGE_SIZE,
    ARENA_PHYSICAL = 0x10000,
    AT_DIRECTORY = 0x1000,
    AT_PAGES = 0x2000
};
enum { VECTOR_NONE = 0xFF, VECTOR_LOST = 0xFE /* it came to no end */, WINDOW = 24, CODE_SIZE = 0x10000 };

/* For the translator: all of RAM at SYSTEM, where no operand lies. Its pages are the supervisor's, but for the
 * programs, of SLOT bytes each: the instruction, and a jump to STOP. */
enum {
    SYSTEM = 0x10400000,
    SYSTEM_SIZE = 0x400000,
    AT_SYSTEM_PAGES = 0x3000,
    AT_GDT = 0x4000,
    AT_IDT = 0x4100,
    AT_TASK = 0x4200,
    AT_GATES = 0x4400, /* what the gates lead to, GATE bytes each */
    AT_STACK = 0x5000,
    AT_PROGRAMS = 0x100000,
    AT_STOP = AT_PROGRAMS,
    AT_STOP_ADDRESS = AT_PROGRAMS + 8,
    AT_FIRST_SLOT = AT_PROGRAMS + 0x20,
    AT_END = 0x300000,
    SLOT = 32,
    GATE = 16,
    GATES = 32,
    REUSE = 64
};
enum { KERNEL_CODE = 0x08, KERNEL_DATA = 0x10, USER_CODE = 0x1B, USER_DATA = 0x23, TASK = 0x28 };
#define MASK_ALL 0x1F80u

/* FXSAVE's image, as far as it concerns us. */
struct fxsave {
    uint16_t control, status;
    uint8_t tags, reserved;
    uint16_t opcode;
    uint64_t ip, dp;
    uint32_t mxcsr, mxcsr_mask;
    struct {
        uint64_t significand;
        uint16_t high, pad[3];
    } st[8];
    struct xmm xmm[16];
    uint8_t rest[96];
};
_Static_assert(sizeof(struct fxsave) == 512, "FXSAVE's image");

struct state {
    _Alignas(16) struct fxsave fx;
    uint32_t reg[8];
    uint64_t flags;
};

/* What the stub works on: r15 points here. */
struct channel {
    struct state before, after, plain;
    uint64_t stack;
    const uint8_t *code;
    const void *back;
    unsigned vector;
    uint32_t error, cr2;
};

struct trial {
    uint8_t bytes[WINDOW];
    struct insn insn;
    const struct opcode_row *row;
    uint32_t address; /* of its memory operand */
};

static struct channel channel; /* the signal handler gets no argument */

struct fuzz {
    struct bare bare;
    uint64_t random;
    uint8_t *arena, *code;
    unsigned slot;
    unsigned *rows, row_count;
    unsigned long passed, failed, faults, shown, alter, altered, found;
    unsigned long *differ; /* by row */
    struct trial trial;
    struct state ours;
    unsigned vector;
    bool translates;
    struct translated_cases translated;
    uint32_t program; /* the trial's; or 0: there is none yet */
    uint32_t next_program;
    unsigned uses; /* of the trial's instruction */
    struct segment user_code, user_stack;
};

/* --- Numbers at random --- The same on every host: no two are drawn in one expression whose order is the
 * compiler's. */
static uint32_t random32(struct fuzz *f)
{
    f->random += 0x9E3779B97F4A7C15u; /* splitmix64 */
    uint64_t z = f->random;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (uint32_t)(z >> 32);
}

static uint64_t random64(struct fuzz *f)
{
    uint64_t high = random32(f);

    return high << 32 | random32(f);
}

static uint32_t below(struct fuzz *f, uint32_t n)
{
    return (uint32_t)((uint64_t)random32(f) * n >> 32);
}

static bool one_in(struct fuzz *f, uint32_t n)
{
    return below(f, n) == 0;
}

/* A floating-point number of the kind that finds something: exponents at the ends and in the middle, fractions of few
 * bits. */
static uint64_t float_number(struct fuzz *f, unsigned fraction_bits, unsigned exponent_bits)
{
    uint64_t top = (UINT64_C(1) << exponent_bits) - 1, bias = top >> 1, exponent,
             fraction = random64(f) >> (64 - fraction_bits);

    /* clang-format off */
    switch (below(f, 8)) {
    case 0:  exponent = below(f, 3); break;
    case 1:  exponent = top - below(f, 3); break;
    case 2:  exponent = bias + below(f, 70); break;
    case 3:  exponent = bias - fraction_bits + below(f, 2 * fraction_bits); break;
    case 4:  exponent = bias / 2 + below(f, 60) - 30; break;
    case 5:  exponent = bias + bias / 2 + below(f, 60) - 30; break;
    default: exponent = bias + below(f, 6) - 3; break;
    }
    /* clang-format on */
    switch (below(f, 6)) {
    case 0: fraction = 0; break;
    case 1: fraction = UINT64_C(1) << below(f, fraction_bits); break;
    case 2:
        fraction |= ~(UINT64_C(0)) >> (64 - fraction_bits) << below(f, fraction_bits) &
                    ((UINT64_C(1) << fraction_bits) - 1);
        break;
    case 3: fraction &= ~(UINT64_C(0)) << below(f, fraction_bits); break;
    }
    if (one_in(f, 10))
        exponent = fraction = 0;
    return (uint64_t)(random32(f) & 1) << (fraction_bits + exponent_bits) | (exponent & top) << fraction_bits |
           (fraction & ((UINT64_C(1) << fraction_bits) - 1));
}

/* Half of an XMM register, in one of the kinds: singles, a double, bytes, words, doublewords, a small count. */
static uint64_t half(struct fuzz *f, unsigned kind)
{
    static const uint16_t edges[] = {0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x8001, 0xFF80};
    uint64_t value = 0;

    switch (kind) {
    case 0:
    case 1: return float_number(f, 52, 11);
    case 2:
    case 3: value = float_number(f, 23, 8); return value << 32 | (one_in(f, 8) ? value : float_number(f, 23, 8));
    case 4:
        for (unsigned n = 0; n < 4; n++)
            value = value << 16 | edges[below(f, sizeof edges / sizeof *edges)];
        return value;
    case 5: return one_in(f, 2) ? below(f, 70) : 0;
    default: return random64(f);
    }
}

/* --- There --- */
#if HAVE_HOST
void run_there(struct channel *c);
extern const char run_back[];
__asm__(".text\n"
        "run_there:\n"
        "    push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15; mov %rdi, %r15\n"
        "    lea run_back(%rip), %rax; mov %rax, BACK(%r15); mov %rsp, STACK(%r15)\n"
        "    fxrstor (%r15); push FLAGS(%r15); popfq\n"
        "    mov REGS(%r15), %eax; mov REGS+4(%r15), %ecx; mov REGS+8(%r15), %edx; mov REGS+12(%r15), %ebx\n"
        "    mov REGS+16(%r15), %esp; mov REGS+20(%r15), %ebp; mov REGS+24(%r15), %esi; mov REGS+28(%r15), %edi\n"
        "    jmp *CODE(%r15)\n"
        "run_back:\n"
        "    mov %eax, AFTER+REGS(%r15); mov %ecx, AFTER+REGS+4(%r15); mov %edx, AFTER+REGS+8(%r15); mov %ebx, "
        "AFTER+REGS+12(%r15)\n"
        "    mov %esp, AFTER+REGS+16(%r15); mov %ebp, AFTER+REGS+20(%r15); mov %esi, AFTER+REGS+24(%r15); mov %edi, "
        "AFTER+REGS+28(%r15)\n"
        "    mov STACK(%r15), %rsp; pushfq; pop AFTER+FLAGS(%r15); fxsave AFTER(%r15); fxrstor 2*AFTER(%r15)\n"
        "    pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx; ret\n"
        ".set REGS, 512\n.set FLAGS, 544\n.set AFTER, 560\n.set STACK, 1680\n.set CODE, 1688\n.set BACK, 1696\n");
_Static_assert(offsetof(struct state, reg) == 512 && offsetof(struct state, flags) == 544 &&
                   sizeof(struct state) == 560,
               "the stub's offsets");
_Static_assert(offsetof(struct channel, stack) == 1680 && offsetof(struct channel, back) == 1696, "the stub's offsets");

static void on_signal(int number, siginfo_t *info, void *context)
{
    greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;

    (void)info;
    if (g[REG_RIP] != (greg_t)(uintptr_t)channel.code) {
        signal(number, SIG_DFL);
        return;
    }
    channel.vector = (unsigned)g[REG_TRAPNO];
    channel.error = (uint32_t)g[REG_ERR];
    channel.cr2 = channel.vector == EXC_PF ? (uint32_t)g[REG_CR2] : 0;
    g[REG_RIP] = (greg_t)(uintptr_t)channel.back;
}

static bool there_init(struct fuzz *f)
{
    static uint8_t stack[65536];
    const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};

    f->arena = mmap((void *)(uintptr_t)ARENA, ARENA_SIZE, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    f->code = mmap(NULL, CODE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (f->arena != (void *)(uintptr_t)ARENA || f->code == MAP_FAILED || sigaltstack(&alternate, NULL))
        return false;
    for (unsigned n = 0; n < sizeof signals / sizeof *signals; n++)
        sigaction(signals[n], &action, NULL);
    channel.plain.fx.control = 0x37F;
    channel.plain.fx.mxcsr = MXCSR_DEFAULT;
    return true;
}

static void there_run(struct fuzz *f)
{
    uint8_t *code = f->code + f->slot;

    f->slot = (f->slot + 64) % CODE_SIZE;
    code[0] = 0x67;
    memcpy(code + 1, f->trial.bytes, f->trial.insn.length);
    memcpy(code + 1 + f->trial.insn.length, "\x41\xFF\xA7\xA0\x06\x00\x00", 7); /* jmp *BACK(%r15) */
    channel.code = code;
    channel.vector = VECTOR_NONE;
    channel.error = channel.cr2 = 0;
    run_there(&channel);
}

static void arena_protect(struct fuzz *f, bool protect)
{
    mprotect(f->arena + READ_ONLY, PAGE_SIZE, protect ? PROT_READ : PROT_READ | PROT_WRITE);
}
#else
static bool there_init(struct fuzz *f)
{
    (void)f;
    return false;
}

static void there_run(struct fuzz *f)
{
    (void)f;
}

static void arena_protect(struct fuzz *f, bool protect)
{
    (void)f, (void)protect;
}
#endif

/* --- Here --- */
static void write64(struct fuzz *f, uint32_t at, uint64_t value)
{
    memory_write(&f->bare.memory, at, (uint32_t)value, 4);
    memory_write(&f->bare.memory, at + 4, (uint32_t)(value >> 32), 4);
}

static uint64_t flat_descriptor(unsigned rights)
{
    return UINT64_C(0x00CF00000000FFFF) | (uint64_t)rights << 40;
}

/* What the processor needs to take exceptions: gates, each to a jump to itself. */
static void system_init(struct fuzz *f)
{
    static const uint8_t self[] = {0xEB, 0xFE};
    struct cpu *cpu = &f->bare.cpu;

    for (unsigned n = 0; n < GATES; n++) {
        uint32_t handler = SYSTEM + AT_GATES + n * GATE;
        write64(f, AT_IDT + n * 8,
                (handler & 0xFFFF) | KERNEL_CODE << 16 | UINT64_C(0x8E00) << 32 | (uint64_t)(handler >> 16) << 48);
        memory_write_block(&f->bare.memory, AT_GATES + n * GATE, self, sizeof self);
    }
    write64(f, AT_GDT + KERNEL_CODE, flat_descriptor(0x9B));
    write64(f, AT_GDT + KERNEL_DATA, flat_descriptor(0x93));
    write64(f, AT_GDT + (USER_CODE & ~3u), flat_descriptor(0xFB));
    write64(f, AT_GDT + (USER_DATA & ~3u), flat_descriptor(0xF3));
    memory_write(&f->bare.memory, AT_TASK + 4, SYSTEM + AT_STACK, 4);
    memory_write(&f->bare.memory, AT_TASK + 8, KERNEL_DATA, 4);
    memory_write_block(&f->bare.memory, AT_STOP, self, sizeof self);
    memory_write(&f->bare.memory, AT_STOP_ADDRESS, SYSTEM + AT_STOP, 4);
    cpu->gdtr = (struct table_register){SYSTEM + AT_GDT, 0x2F};
    cpu->idtr = (struct table_register){SYSTEM + AT_IDT, GATES * 8 - 1};
    cpu->tr = (struct segment){.base = SYSTEM + AT_TASK, .limit = 0x67, .selector = TASK, .rights = 0x8B};
    segment_derive(&cpu->tr);
    f->next_program = AT_FIRST_SLOT;
}

static bool ours_init(struct fuzz *f)
{
    enum { PRESENT = 1, WRITABLE = 2, USER = 4, USED = 0x60 };
    struct cpu *cpu = &f->bare.cpu;

    if (!bare_init(&f->bare, CPU_PENTIUM4, SYSTEM_SIZE))
        return false;
    f->translates = translated_begin(&f->translated, cpu);
    memory_write(&f->bare.memory, AT_DIRECTORY + (ARENA >> 22) * 4, AT_PAGES | PRESENT | WRITABLE | USER | USED, 4);
    memory_write(&f->bare.memory, AT_DIRECTORY + (SYSTEM >> 22) * 4, AT_SYSTEM_PAGES | PRESENT | WRITABLE | USER | USED,
                 4);
    for (uint32_t at = 0; at < ARENA_SIZE; at += PAGE_SIZE)
        memory_write(&f->bare.memory, AT_PAGES + at / PAGE_SIZE * 4,
                     (ARENA_PHYSICAL + at) | PRESENT | USER | USED | (at == READ_ONLY ? 0 : WRITABLE), 4);
    for (uint32_t at = 0; at < AT_END; at += PAGE_SIZE)
        memory_write(&f->bare.memory, AT_SYSTEM_PAGES + at / PAGE_SIZE * 4,
                     at | PRESENT | USED | WRITABLE | (at < AT_PROGRAMS ? 0 : USER), 4);
    for (unsigned n = 0; n < SEG_COUNT; n++) {
        cpu->seg[n] = (struct segment){.limit = UINT32_MAX,
                                       .selector = n == SEG_CS ? USER_CODE : USER_DATA,
                                       .rights = n == SEG_CS ? 0xC0FB : 0xC0F3};
        segment_derive(&cpu->seg[n]);
    }
    f->user_code = cpu->seg[SEG_CS];
    f->user_stack = cpu->seg[SEG_SS];
    cpu->cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG;
    cpu->cr4 = CR4_OSFXSR | CR4_OSXMMEXCPT;
    cpu->cr3 = AT_DIRECTORY;
    cpu->cpl = 3;
    cpu_mode_changed(cpu);
    system_init(f);
    mmu_flush(cpu);
    return true;
}

/* FXSAVE's image has the x87 registers from the top of the stack on, their tags by physical number. */
static void ours_load(struct cpu *cpu, const struct fxsave *fx)
{
    unsigned top = fx->status >> 11 & 7;

    cpu->x87.control = fx->control;
    cpu->x87.env.flags = fx->status & X87_EXCEPTIONS;
    cpu->x87.env.rounded_up = fx->status & X87_C1;
    cpu->x87.condition = fx->status & (X87_STACK_FAULT | X87_C0 | X87_C2 | X87_C3);
    cpu->x87.top = (uint8_t)top;
    x87_derive(cpu);
    cpu->x87.used = fx->tags;
    for (unsigned n = 0; n < 8; n++)
        cpu->x87.reg[(top + n) & 7] = (struct float80){fx->st[n].significand, fx->st[n].high};
    memcpy(cpu->xmm, fx->xmm, sizeof cpu->xmm);
    cpu->mxcsr = fx->mxcsr;
}

static void ours_save(const struct cpu *cpu, struct fxsave *fx)
{
    unsigned top = cpu->x87.top;

    fx->status = x87_status(&cpu->x87);
    fx->tags = cpu->x87.used;
    for (unsigned n = 0; n < 8; n++) {
        fx->st[n].significand = cpu->x87.reg[(top + n) & 7].significand;
        fx->st[n].high = cpu->x87.reg[(top + n) & 7].high;
    }
    memcpy(fx->xmm, cpu->xmm, sizeof cpu->xmm);
    fx->mxcsr = cpu->mxcsr;
}

/* The instruction as a block of its own. */
static void handler_run(struct fuzz *f)
{
    static union {
        struct code_block block;
        uint8_t bytes[sizeof(struct code_block) + 2 * sizeof(struct insn)];
    } space;
    struct insn *insn = space.block.insn;
    struct cpu *cpu = &f->bare.cpu;

    insn[0] = f->trial.insn;
    insn[0].run = interpreter_handler(insn);
    insn[1] = (struct insn){.run = block_end, .offset = insn->length};
    cpu->block = &space.block;
    cpu->eip = cpu->accounted = 0;
    cpu->left = 1000;
    cpu->leave = false;
    f->vector = insn->run(cpu, insn) == CPU_FAULT ? cpu->fault_vector : VECTOR_NONE;
    memcpy(f->ours.reg, cpu->reg, sizeof f->ours.reg);
    f->ours.flags = flags_read(cpu);
}

/* Puts the instruction where no program was since all translations were dropped. */
static void program_write(struct fuzz *f)
{
    uint8_t bytes[SLOT];
    unsigned length = f->trial.insn.length;

    if (f->next_program + SLOT > AT_END) {
        blocks_flush(&f->bare.cpu);
        f->next_program = AT_FIRST_SLOT;
    }
    f->program = f->next_program;
    f->next_program += SLOT;
    memcpy(bytes, f->trial.bytes, length);
    bytes[length] = 0xFF; /* JMP [AT_STOP_ADDRESS] */
    bytes[length + 1] = 0x25;
    store32(bytes + length + 2, SYSTEM + AT_STOP_ADDRESS);
    memory_write_block(&f->bare.memory, f->program, bytes, length + 6);
}

/* What came out at the gate of an exception; and the processor is back in ring 3. */
static void exception_take(struct fuzz *f)
{
    const uint8_t *frame = f->bare.memory.ram + AT_STACK; /* below it: SS, ESP, EFLAGS */
    struct cpu *cpu = &f->bare.cpu;

    f->vector = (cpu->eip - (SYSTEM + AT_GATES)) / GATE;
    f->ours.reg[ESP] = load32(frame - 8);
    f->ours.flags = load32(frame - 12);
    cpu->seg[SEG_CS] = f->user_code;
    cpu->seg[SEG_SS] = f->user_stack;
    cpu->cpl = 3;
    cpu_mode_changed(cpu);
}

/* The instruction as a program: in two ticks it comes to STOP, or to a gate and round there. */
static void program_run(struct fuzz *f)
{
    struct cpu *cpu = &f->bare.cpu;
    bool compiled = translated_compiles(&f->bare.cpu, &f->trial.insn);
    uint64_t count = translated_count(&f->bare.cpu);

    if (!f->program)
        program_write(f);
    cpu->eip = SYSTEM + f->program;
    bare_run(&f->bare, 2);
    f->vector = VECTOR_NONE;
    memcpy(f->ours.reg, cpu->reg, sizeof f->ours.reg);
    f->ours.flags = flags_read(cpu);
    if (!cpu->cpl)
        exception_take(f);
    else if (cpu->eip != SYSTEM + AT_STOP)
        f->vector = VECTOR_LOST;
    else
        translated_note(&f->translated, &f->trial.insn, compiled, translated_count(&f->bare.cpu) == count + 2);
}

static void ours_run(struct fuzz *f)
{
    struct cpu *cpu = &f->bare.cpu;

    memcpy(cpu->reg, channel.before.reg, sizeof channel.before.reg);
    flags_write(cpu, (uint32_t)channel.before.flags, UINT32_MAX);
    ours_load(cpu, &channel.before.fx);
    if (f->translates)
        program_run(f);
    else
        handler_run(f);
    ours_save(cpu, &f->ours.fx);
}

/* --- Trials --- */
static uint8_t *our_arena(struct fuzz *f)
{
    return f->bare.memory.ram + ARENA_PHYSICAL;
}

static void bytes_put(struct fuzz *f, const struct opcode_row *row, uint8_t *p)
{
    unsigned modrm = random32(f) & 0xFF, select = row->attributes & ROW_PREFIXES;

    if (one_in(f, 16))
        *p++ = (uint8_t)(one_in(f, 2) ? 0x26 : 0x36); /* ES, SS: all are the same */
    if (select == ROW_PREFIX_66 || (select != ROW_NO_PREFIX && one_in(f, 16)))
        *p++ = 0x66;
    if (select & (ROW_PREFIX_F3 | ROW_PREFIX_F2))
        *p++ = select == ROW_PREFIX_F3 ? 0xF3 : 0xF2;
    *p++ = 0x0F;
    *p++ = (uint8_t)row->opcode;
    if (row->group >= 0)
        modrm = (modrm & 0xC7) | (unsigned)row->group << 3;
    if (row->attributes & ROW_MEMORY_ONLY)
        modrm &= 0xBF;
    if (row->attributes & ROW_REGISTER_ONLY)
        modrm |= 0xC0;
    *p++ = (uint8_t)modrm;
    if (modrm < 0xC0 && (modrm & 7) == 4)
        *p++ = (uint8_t)random32(f);
    for (unsigned n = 0; n < 6; n++)
        *p++ = (uint8_t)(one_in(f, 4) ? below(f, 16) : random32(f));
}

static bool is_masked_move(const struct insn *i)
{
    return i->operation == OP_MASKMOVQ || i->operation == OP_MASKMOVDQU;
}

static bool has_memory(const struct insn *i)
{
    return insn_has_memory(i) || is_masked_move(i);
}

/* Whether an address is in memory that only ours has. */
static bool is_in_system(uint32_t address)
{
    return address - (SYSTEM - WINDOW) < SYSTEM_SIZE + WINDOW;
}

/* Whether the operand lies there whatever the registers are. */
static bool is_always_in_system(const struct insn *i)
{
    return has_memory(i) && !is_masked_move(i) && i->base == REG_ZERO && i->index == REG_ZERO &&
           is_in_system(i->displacement);
}

/* An instruction of the row that means the same in 64-bit code: without what is relative to RIP there. */
static void trial_make(struct fuzz *f)
{
    struct trial *t = &f->trial;
    unsigned modrm;

    if (f->translates && f->uses++ % REUSE)
        return;
    f->program = 0;
    t->row = &opcode_rows[f->rows[below(f, f->row_count)]];
    do {
        memset(t->bytes, 0, sizeof t->bytes);
        bytes_put(f, t->row, t->bytes);
        modrm = t->bytes[0];
        for (unsigned n = 0; n < 8; n++)
            if (t->bytes[n] == 0x0F) {
                modrm = t->bytes[n + 2];
                break;
            }
    } while ((modrm < 0x40 && (modrm & 7) == 5) ||
             decode(t->bytes, WINDOW, DECODE_32 | DECODE_PROTECTED, CPU_PENTIUM4, &t->insn) != DECODE_OK ||
             &opcode_rows[t->insn.row] != t->row || is_always_in_system(&t->insn));
}

/* Registers such that the operand lies in the arena, most often aligned, at times at its edges. */
static void aim(struct fuzz *f)
{
    const struct insn *i = &f->trial.insn;
    uint32_t *reg = channel.before.reg, target = ARENA + below(f, ARENA_SIZE - 64), rest;

    if (!one_in(f, 8))
        target = ARENA + below(f, READ_ONLY - 16);
    if (one_in(f, 16))
        target = (target | PAGE_MASK) + 1 - below(f, 18);
    if (!one_in(f, 6))
        target &= ~15u;
    f->trial.address = target;
    if (is_masked_move(i)) {
        reg[EDI] = target;
        return;
    }
    rest = target - i->displacement;
    if (i->index != REG_ZERO && i->index != i->base)
        rest -= reg[i->index] << i->scale;
    if (i->base != REG_ZERO && i->base != i->index)
        reg[i->base] = rest;
    else if (i->base == REG_ZERO && i->index != REG_ZERO)
        reg[i->index] = rest >> i->scale;
    for (;;) { /* wherever that is, but there */
        f->trial.address = (i->base == REG_ZERO ? 0 : reg[i->base]) +
                           (i->index == REG_ZERO ? 0 : reg[i->index] << i->scale) + i->displacement;
        if (!is_in_system(f->trial.address))
            return;
        reg[i->base == REG_ZERO ? i->index : i->base] = random32(f);
    }
}

static void state_choose(struct fuzz *f)
{
    struct state *s = &channel.before;
    uint32_t kind = below(f, 7), masks = random32(f) & MASK_ALL;

    for (unsigned n = 0; n < 8; n++) {
        s->reg[n] = one_in(f, 2) ? random32(f) : (uint32_t)half(f, 4 + n % 3);
        s->fx.xmm[n].q[0] = half(f, kind);
        s->fx.xmm[n].q[1] = half(f, kind);
        s->fx.st[n].significand = half(f, n & 1 ? kind : 4 + n % 3);
        s->fx.st[n].high = (uint16_t)random32(f);
        if (one_in(f, 8))
            kind = below(f, 7);
    }
    if (one_in(f, 8))
        s->fx.xmm[below(f, 8)] = s->fx.xmm[0];
    s->fx.mxcsr = one_in(f, 6) ? masks : MASK_ALL;
    s->fx.mxcsr |= random32(f) & 0x6000;
    s->fx.mxcsr |= one_in(f, 4) ? random32(f) & 0x3F : 0;
    s->fx.mxcsr |= one_in(f, 8) ? 0x8000 : 0;
    s->fx.mxcsr |= one_in(f, 8) ? 0x40 : 0;
    s->fx.control = 0x37F;
    s->fx.status = (uint16_t)(random32(f) & 0x7F00);
    s->fx.tags = (uint8_t)random32(f);
    if (one_in(f, 32)) {
        s->fx.control = 0x37E;
        s->fx.status |= 0x8081;
    }
    s->flags = FLAG_FIXED | FLAG_IF | (random32(f) & FLAGS_ARITHMETIC);
    if (has_memory(&f->trial.insn))
        aim(f);
    for (unsigned n = 0; n < 16; n += 8) {
        uint32_t at = f->trial.address - ARENA + n;
        if (has_memory(&f->trial.insn) && at < READ_ONLY - 8) {
            uint64_t value = half(f, kind);
            if (f->trial.row->operation == OP_LDMXCSR)
                value >>= below(f, 64);
            store64(f->arena + at, value);
            store64(our_arena(f) + at, value);
        }
    }
}

/* --- Comparison --- */
/* A reciprocal (root) of a number that is neither special nor near an end of the range: to 1.5 * 2^-12. Others are
 * exact. */
static bool approximates(uint32_t from, uint32_t to, bool root)
{
    float x, y;
    double product;

    memcpy(&x, &from, 4);
    memcpy(&y, &to, 4);
    product = root ? (double)y * y * x : (double)x * y;
    product = product < 1 ? 1 - product : product - 1;
    return product <= (root ? 2 : 1) * 1.5 / 4096;
}

/* What the host did. */
struct ending {
    struct state state;
    unsigned vector;
    uint32_t error, cr2;
};

static bool is_equal(struct fuzz *f, const struct ending *host)
{
    const struct fxsave *a = &f->ours.fx, *b = &host->state.fx;
    const struct cpu *cpu = &f->bare.cpu;
    uint32_t at = (f->trial.address - ARENA) & ~63u, end = at + 128;
    bool equal = f->vector == host->vector && !memcmp(f->ours.reg, host->state.reg, sizeof f->ours.reg) &&
                 a->mxcsr == b->mxcsr && a->status == b->status && a->tags == b->tags &&
                 !((f->ours.flags ^ host->state.flags) & FLAGS_ARITHMETIC);

    if (f->vector != VECTOR_NONE)
        equal &= (cpu->fault_has_error ? cpu->fault_error : 0) == host->error &&
                 (f->vector != EXC_PF || cpu->cr2 == host->cr2);
    for (unsigned n = 0; n < 8; n++)
        equal &= !memcmp(&a->xmm[n], &b->xmm[n], sizeof a->xmm[n]) && a->st[n].significand == b->st[n].significand &&
                 a->st[n].high == b->st[n].high;
    if (has_memory(&f->trial.insn) && at < ARENA_SIZE)
        equal &= !memcmp(our_arena(f) + at, f->arena + at, (end < ARENA_SIZE ? end : ARENA_SIZE) - at);
    return equal;
}

/* --- What processors do differently --- Each row names a condition, and makes the host's outcome ours where it is
 * another of those that are permitted. What is left must be equal, all of it. */

static void reciprocal(struct fuzz *f, struct ending *host)
{
    unsigned operation = f->trial.row->operation, lanes = operation == OP_RCPPS || operation == OP_RSQRTPS ? 4 : 1,
             dst = f->trial.insn.dst;
    bool root = operation == OP_RSQRTPS || operation == OP_RSQRTSS, close = true;
    struct xmm source = channel.before.fx.xmm[f->trial.insn.src];

    if (host->vector != VECTOR_NONE || f->vector != VECTOR_NONE || operation < OP_RCPPS || operation > OP_RSQRTSS)
        return;
    if (has_memory(&f->trial.insn)) {
        const uint8_t *p = f->arena + f->trial.address - ARENA;
        source = (struct xmm){{load32(p), 0}};
        if (lanes == 4)
            source = (struct xmm){{load64(p), load64(p + 8)}};
    }
    for (unsigned lane = 0; lane < 4; lane++) {
        uint32_t a = (uint32_t)lane_get(&f->ours.fx.xmm[dst], 32, lane),
                 b = (uint32_t)lane_get(&host->state.fx.xmm[dst], 32, lane);
        uint32_t from = (uint32_t)lane_get(&source, 32, lane);
        close &= a == b || (lane < lanes && approximates(from, a, root) && approximates(from, b, root));
    }
    if (close)
        host->state.fx.xmm[dst] = f->ours.fx.xmm[dst];
}

/* FXSAVE shows registers from the top of the stack on: with a top of 0 they stand by their own numbers. */
static void maskmovq_fault(struct fuzz *f, struct ending *host)
{
    const struct fxsave *ours = &f->ours.fx, *fx = &host->state.fx;
    unsigned top = ours->status >> 11 & 7;
    bool entered = fx->status == (ours->status & ~X87_TOP) && fx->tags == 0xFF;

    if (f->trial.row->operation != OP_MASKMOVQ || f->vector != EXC_PF)
        return;
    for (unsigned n = 0; n < 8; n++)
        entered &= fx->st[(top + n) & 7].significand == ours->st[n].significand &&
                   fx->st[(top + n) & 7].high == ours->st[n].high;
    if (!entered)
        return;
    host->state.fx.status = ours->status;
    host->state.fx.tags = ours->tags;
    memcpy(host->state.fx.st, ours->st, sizeof ours->st);
}

static void misaligned_mode(struct fuzz *f, struct ending *host)
{
    uint32_t at = f->trial.address - ARENA;

    if (f->trial.row->operation != OP_LDMXCSR || f->vector != EXC_GP || at > ARENA_SIZE - 4 ||
        load32(f->arena + at) >> 16 != 2)
        return;
    if (host->vector != VECTOR_NONE || host->state.fx.mxcsr != load32(f->arena + at))
        return;
    host->vector = EXC_GP;
    host->state.fx.mxcsr = f->ours.fx.mxcsr;
}

static struct permit {
    const char *name, *reason, *seen;
    void (*apply)(struct fuzz *f, struct ending *host);
    unsigned long used;
} permits[] = {
    {"reciprocal", "RCP and RSQRT are good to 1.5 * 2^-12 (SDM)", "AMD families 25 and 26", reciprocal, 0},
    {"maskmovq-fault", "MASKMOVQ that faults: the x87 unit is as before, or in the MMX state (top 0, nothing empty)",
     "AMD families 25 and 26", maskmovq_fault, 0},
    {"misaligned-mode", "LDMXCSR sets bit 17, which is reserved (#GP), or is the mode for misaligned operands (APM)",
     "AMD families 25 and 26", misaligned_mode, 0},
};
enum { PERMITS = sizeof permits / sizeof *permits };

/* Counts the rows that made the outcomes equal. */
static bool is_permitted(struct fuzz *f, const struct ending *there)
{
    struct ending host = *there;
    bool changed[PERMITS];

    if (is_equal(f, &host))
        return true;
    for (unsigned n = 0; n < PERMITS; n++) {
        struct ending old = host;
        permits[n].apply(f, &host);
        changed[n] = memcmp(&old, &host, sizeof old);
    }
    if (!is_equal(f, &host))
        return false;
    for (unsigned n = 0; n < PERMITS; n++)
        permits[n].used += changed[n];
    return true;
}

/* Makes an outcome one that no row permits. */
static void alter(struct ending *e, unsigned long n)
{
    struct fxsave *fx = &e->state.fx;

    /* clang-format off */
    switch (n % 9) {
    case 0: e->state.reg[n / 9 % 8] ^= 1; break;
    case 1: e->state.flags ^= FLAG_ZF; break;
    case 2: fx->xmm[n / 9 % 8].q[n & 1] ^= UINT64_C(1) << 63; break;
    case 3: fx->st[n / 9 % 8].significand ^= 1; break;
    case 4: fx->status ^= X87_C1; break;
    case 5: fx->tags ^= 1; break;
    case 6: fx->mxcsr ^= 0x8000; break;
    case 7: e->vector ^= 0x20; break;
    case 8: fx->st[n / 9 % 8].high ^= 1; break;
    }
    /* clang-format on */
}

static void state_print(const char *title, const struct state *s, unsigned vector, uint32_t error)
{
    printf("  %-6s", title);
    for (unsigned n = 0; n < 8; n++)
        printf(" %08x", s->reg[n]);
    printf(" flags %04x mxcsr %04x status %04x tags %02x vector %u error %x\n", (unsigned)s->flags, s->fx.mxcsr,
           s->fx.status, s->fx.tags, vector, error);
}

static void failure_print(struct fuzz *f)
{
    char text[DISASSEMBLY_SIZE];
    uint32_t at = f->trial.address - ARENA;

    disassemble(&f->trial.insn, 0, text);
    printf("%s |", text);
    for (unsigned n = 0; n < f->trial.insn.length; n++)
        printf(" %02x", f->trial.bytes[n]);
    printf("\n");
    state_print("before", &channel.before, VECTOR_NONE, 0);
    state_print("ours", &f->ours, f->vector, f->bare.cpu.fault_error);
    state_print("host", &channel.after, channel.vector, channel.error);
    for (unsigned n = 0; n < 8; n++) {
        const struct fxsave *b = &channel.before.fx, *o = &f->ours.fx, *h = &channel.after.fx;
        if (n == f->trial.insn.dst || n == f->trial.insn.src || memcmp(&o->xmm[n], &h->xmm[n], sizeof o->xmm[n]))
            printf("  xmm%u   %016" PRIx64 "%016" PRIx64 " ours %016" PRIx64 "%016" PRIx64 " host %016" PRIx64
                   "%016" PRIx64 "\n",
                   n, b->xmm[n].q[1], b->xmm[n].q[0], o->xmm[n].q[1], o->xmm[n].q[0], h->xmm[n].q[1], h->xmm[n].q[0]);
        if (o->st[n].significand != h->st[n].significand || o->st[n].high != h->st[n].high)
            printf("  st%u    %04x:%016" PRIx64 " ours %04x:%016" PRIx64 " host %04x:%016" PRIx64 "\n", n,
                   b->st[n].high, b->st[n].significand, o->st[n].high, o->st[n].significand, h->st[n].high,
                   h->st[n].significand);
    }
    if (has_memory(&f->trial.insn) && at < ARENA_SIZE - 16)
        printf("  memory at %08x: ours %016" PRIx64 "%016" PRIx64 " host %016" PRIx64 "%016" PRIx64 "\n",
               f->trial.address, load64(our_arena(f) + at + 8), load64(our_arena(f) + at), load64(f->arena + at + 8),
               load64(f->arena + at));
}

static void arena_fill(struct fuzz *f)
{
    if (f->arena != our_arena(f))
        arena_protect(f, false);
    for (uint32_t at = 0; at < ARENA_SIZE; at += 8)
        store64(f->arena + at, half(f, (at >> 3) % 7));
    if (f->arena == our_arena(f))
        return;
    memcpy(our_arena(f), f->arena, ARENA_SIZE);
    arena_protect(f, true);
}

static void trial_run(struct fuzz *f)
{
    struct ending host;
    bool right, altered;

    trial_make(f);
    state_choose(f);
    ours_run(f);
    there_run(f);
    f->faults += channel.vector != VECTOR_NONE;
    host = (struct ending){channel.after, channel.vector, channel.error, channel.cr2};
    right = is_permitted(f, &host);
    altered = f->alter && right && random32(f) % f->alter == 0;
    if (altered) {
        alter(&host, f->altered++);
        right = is_permitted(f, &host);
        f->found += !right;
    }
    if (right) {
        f->passed++;
        return;
    }
    f->differ[f->trial.insn.row]++;
    if (f->failed++ < f->shown)
        failure_print(f);
    memcpy(our_arena(f), f->arena, ARENA_SIZE);
}

static int report(const struct fuzz *f, const struct host *host)
{
    char first[256] = "";
    size_t used = 0;

    for (unsigned row = 0; row < opcode_row_count && used < sizeof first - 40; row++)
        if (f->differ[row])
            used += (size_t)snprintf(first + used, sizeof first - used, "%s%s (%X) %lu", used ? ", " : "",
                                     operation_names[opcode_rows[row].operation], opcode_rows[row].opcode,
                                     f->differ[row]);
    for (unsigned n = 0; n < PERMITS; n++)
        printf("%-16s %8lu differ: %s (%s)\n", permits[n].name, permits[n].used, permits[n].reason, permits[n].seen);
    if (f->alter)
        printf("%lu altered, %lu found\n", f->altered, f->found);
    printf("%u rows, %lu ended with an exception\n", f->row_count, f->faults);
    if (f->translates && !translated_report(&f->translated))
        return 1;
    return host_verdict(host, f->passed, f->failed, first);
}

/* FNV-1a of all that an instruction leaves, as numbers. */
static void hash(uint64_t *digest, uint64_t value)
{
    for (unsigned n = 0; n < 64; n += 8)
        *digest = (*digest ^ (value >> n & 0xFF)) * UINT64_C(0x100000001B3);
}

static uint64_t digest_of(struct fuzz *f, unsigned long count)
{
    uint64_t digest = UINT64_C(0xCBF29CE484222325);

    f->arena = our_arena(f);
    arena_fill(f);
    for (unsigned long n = 0; n < count; n++) {
        const struct fxsave *fx = &f->ours.fx;
        trial_make(f);
        state_choose(f);
        ours_run(f);
        for (unsigned k = 0; k < 8; k++) {
            hash(&digest, fx->xmm[k].q[0]);
            hash(&digest, fx->xmm[k].q[1]);
            hash(&digest, fx->st[k].significand);
            hash(&digest, (uint64_t)f->ours.reg[k] << 32 | fx->st[k].high);
        }
        hash(&digest, (uint64_t)f->vector << 48 | (uint64_t)fx->status << 32 | fx->mxcsr);
        hash(&digest, f->ours.flags << 32 | fx->tags);
    }
    for (uint32_t at = 0; at < ARENA_SIZE; at += 8)
        hash(&digest, load64(f->arena + at));
    return digest;
}

int main(int argc, char **argv)
{
    static struct fuzz f;
    unsigned long count = getenv("LONG") ? 100000000 : 1000000, digest = 0;
    long opcode = -1;
    struct host host;
    const char *problem = host_identify(&host);

    f.shown = 10;
    for (int n = 1; n + 1 < argc; n += 2) {
        if (!strcmp(argv[n], "--count"))
            count = strtoul(argv[n + 1], NULL, 0);
        if (!strcmp(argv[n], "--seed"))
            f.random = strtoull(argv[n + 1], NULL, 0);
        if (!strcmp(argv[n], "--row"))
            opcode = strtol(argv[n + 1], NULL, 16);
        if (!strcmp(argv[n], "--digest"))
            digest = strtoul(argv[n + 1], NULL, 0);
        if (!strcmp(argv[n], "--show"))
            f.shown = strtoul(argv[n + 1], NULL, 0);
        if (!strcmp(argv[n], "--alter"))
            f.alter = strtoul(argv[n + 1], NULL, 0);
        if (!strcmp(argv[n], "--host") && !host_pretend(&host, argv[n + 1]))
            return fprintf(stderr, "simd_host: --host %s: not VENDOR/FAMILY/MODEL\n", argv[n + 1]), 2;
    }
    f.rows = calloc(opcode_row_count, sizeof *f.rows);
    f.differ = calloc(opcode_row_count, sizeof *f.differ);
    for (unsigned row = 0; f.rows && row < opcode_row_count; row++)
        if (opcode_rows[row].operation >= OP_MOVD && opcode_rows[row].operation <= OP_PREFETCHT2 &&
            (opcode < 0 || opcode_rows[row].opcode == opcode))
            f.rows[f.row_count++] = row;
    if (!f.differ || !f.row_count || !ours_init(&f))
        return 4;
    if (digest) {
        printf("%016" PRIx64 "\n", digest_of(&f, digest));
        return 0;
    }
    if (!problem && !there_init(&f))
        problem = "the arena's place is taken";
    if (problem) {
        printf("%s\n", problem);
        return 77;
    }
    for (unsigned long n = 0; n < count; n++) {
        if (n % 65536 == 0)
            arena_fill(&f);
        trial_run(&f);
    }
    return report(&f, &host);
}
