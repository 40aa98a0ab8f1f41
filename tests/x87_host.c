/* x87_host.c - the floating-point unit, instruction by instruction, against the processor that this program runs on.
 *
 * usage: x87_host [--count N] [--seed S]     a million, or 100 million with LONG=1 in the environment
 *        x87_host --alter N [--host VENDOR/FAMILY/MODEL] ...     tests the comparison: see host.h
 *
 * One piece of code runs there and here: FRSTOR of a state, one instruction, FNSAVE. States, operands and control words
 * are random, with a liking for the numbers where something happens. Everything that FNSAVE shows is compared, and
 * memory and flags. Where processors differ, `permits` lists what the host may do; on a family that nobody has tried,
 * other differences are reported and not judged (host.h).
 *
 * Here each instruction keeps its place in memory, so that with ENGINE=translator in the environment what is translated
 * once serves for all its trials. */
#if defined __x86_64__ && defined __linux__
#define _GNU_SOURCE
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/bare.h"
#include "tests/host.h"
#include "tests/translated.h"

enum {
    AT_STATE = 0x20000,
    AT_RESULT = 0x20100,
    AT_MEMORY = 0x20200,
    AT_STACK = 0x30000,
    AT_PROGRAMS = 0x40000, /* each instruction has its own place, by its bytes (program_of) */
    PROGRAM_SIZE = 16,
    MEMORY_SIZE = 128,
    RAM_SIZE = 1 << 20
};

/* The image of FSAVE in 32-bit protected mode. */
struct image {
    uint32_t control, status, tags, ip, cs_opcode, dp, ds;
    uint8_t st[8][10];
};

struct outcome {
    struct image image;
    uint8_t memory[MEMORY_SIZE];
    uint32_t flags;
};

struct trial {
    struct image state;
    uint8_t memory[MEMORY_SIZE];
    uint8_t code[3];
    unsigned length;
    uint32_t flags;
    const char *name;
    unsigned operation;
    struct insn insn;
};

static uint64_t random_state;

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state * UINT64_C(0x2545F4914F6CDD1D);
}

static unsigned below(unsigned limit)
{
    return (unsigned)(next_random() >> 33) % limit;
}

/* --- Operands --- */

/* Bits at random, or few ones, or few zeros. */
static uint64_t random_bits(void)
{
    uint64_t bits = next_random();

    /* clang-format off */
    switch (below(6)) {
    case 0:  return bits & next_random() & next_random() & next_random();
    case 1:  return bits | next_random() | next_random() | next_random();
    case 2:  return UINT64_MAX << below(64);
    case 3:  return (UINT64_C(1) << below(64)) + below(3) - 1;
    case 4:  return bits << below(64);
    default: return bits;
    }
    /* clang-format on */
}

static void put80(uint8_t *p, uint16_t high, uint64_t significand)
{
    memcpy(p, &significand, 8);
    memcpy(p + 8, &high, 2);
}

static void random_register(uint8_t *p)
{
    static const uint16_t exponents[] = {0,      0,      1,      2,      63,     64,     65,     0x3FBE, 0x3FC0,
                                         0x3FFE, 0x3FFF, 0x4000, 0x400E, 0x401E, 0x403A, 0x403B, 0x403D, 0x403E,
                                         0x403F, 0x43FE, 0x43FF, 0x407E, 0x407F, 0x3C00, 0x3C01, 0x3BCC, 0x3F80,
                                         0x3F81, 0x3F69, 0x7FFD, 0x7FFE, 0x7FFF, 0x7FFF};
    uint64_t significand = random_bits();
    uint16_t sign = below(2) ? 0x8000 : 0, exponent = 0;

    switch (below(8)) {
    case 0:
    case 1: exponent = exponents[below(sizeof exponents / sizeof *exponents)]; break;
    case 2: exponent = (uint16_t)(next_random() & 0x7FFF); break;
    case 3: exponent = (uint16_t)(0x3FFF - 70 + below(140)); break;
    case 4: exponent = (uint16_t)(0x3FFF + below(64)); break;
    case 5: { /* a whole number */
        uint64_t number = random_bits() >> below(64);
        unsigned shift = number ? (unsigned)__builtin_clzll(number) : 0;
        put80(p, number ? (uint16_t)(sign | (0x403E - shift)) : sign, number << shift);
        return;
    }
    case 6: exponent = (uint16_t)(0x3FFD + below(5)); break;
    default: /* zeros and infinities */
        if (below(2))
            put80(p, sign, 0);
        else
            put80(p, sign | 0x7FFF, UINT64_C(1) << 63);
        return;
    }
    if (below(16)) /* otherwise it may be an unnormal */
        significand = exponent ? significand | UINT64_C(1) << 63 : significand & ~(UINT64_C(1) << 63);
    put80(p, sign | exponent, significand);
}

/* Something for each type that an instruction may read. */
static void random_memory(uint8_t *p)
{
    uint64_t bits = random_bits();
    uint32_t word;

    for (unsigned n = 0; n < MEMORY_SIZE; n += 8) {
        uint64_t rest = next_random();
        memcpy(p + n, &rest, 8);
    }
    switch (below(6)) {
    case 0: /* double */
        bits = (uint64_t)(below(3)   ? 0x3FF - 40 + below(80)
                          : below(2) ? 0
                                     : 0x7FF)
                   << 52 |
               bits >> 12 | next_random() << 63;
        memcpy(p, &bits, 8);
        break;
    case 1: /* single */
        word = (below(3)   ? 0x7F - 30 + below(60)
                : below(2) ? 0
                           : 0xFF)
                   << 23 |
               (uint32_t)(bits >> 41) | (uint32_t)next_random() << 31;
        memcpy(p, &word, 4);
        break;
    case 2: random_register(p); break;
    case 3: /* decimal */
        for (unsigned n = 0; n < 9; n++)
            p[n] = (uint8_t)(below(10) << 4 | below(10));
        p[9] = below(2) ? 0x80 : 0;
        break;
    default: /* integers */ memcpy(p, &bits, 8); break;
    }
}

static void random_environment(struct image *s)
{
    memset(s, 0, sizeof *s);
    s->control = 0xFFFF0040 | below(32) << 8 | (below(2) ? 0x3F : below(64));
    s->status = 0xFFFF0000 | (next_random() & 0x7F40) | (next_random() & s->control & 0x3F);
    s->tags = 0xFFFF0000;
    for (unsigned n = 0; n < 8; n++)
        s->tags |= below(8) ? 0 : 3u << 2 * n;
    if (below(4) == 0) /* room to push */
        s->tags |= 3u << 2 * (((s->status >> 11) - 1) & 7);
    s->ip = (uint32_t)next_random();
    s->dp = (uint32_t)next_random();
    s->cs_opcode = below(0x800) << 16;
}

static void random_state_image(struct image *s)
{
    random_environment(s);
    for (unsigned n = 0; n < 8; n++)
        random_register(s->st[n]);
    if (below(4) == 0) { /* near each other, for cancellation */
        memcpy(s->st[1], s->st[0], 10);
        s->st[1][below(10)] ^= (uint8_t)(1u << below(8));
    }
}

/* Selectors and the interrupt flag are those of different systems. */
static void forget_system(struct outcome *o)
{
    o->flags &= FLAGS_ARITHMETIC;
    o->image.cs_opcode &= 0xFFFF0000;
    o->image.ds = 0;
}

/* --- There --- */
typedef uint64_t native(const struct image *state, uint8_t *memory, struct image *result, uint64_t flags);
static uint8_t *native_code;
static sigjmp_buf escape;

static void on_signal(int number)
{
    siglongjmp(escape, number);
}

/* The piece of code: FRSTOR [EDI], PUSH ECX, POPF, the instruction, FNSAVE [EDX], PUSHF, POP EAX, and an end. */
static size_t assemble(uint8_t *code, const struct trial *t, uint8_t end)
{
    static const uint8_t before[] = {0xDD, 0x27, 0x51, 0x9D}, behind[] = {0xDD, 0x32, 0x9C, 0x58};

    memcpy(code, before, sizeof before);
    memcpy(code + sizeof before, t->code, t->length);
    memcpy(code + sizeof before + t->length, behind, sizeof behind);
    code[sizeof before + t->length + sizeof behind] = end;
    return sizeof before + t->length + sizeof behind + 1;
}

/* The place of that here. */
static uint32_t program_of(const struct trial *t)
{
    bool prefixed = t->length == 3;
    unsigned first = t->code[prefixed] & 7u, second = t->code[prefixed + 1u];

    return AT_PROGRAMS + ((unsigned)prefixed << 11 | first << 8 | second) * PROGRAM_SIZE;
}

/* 0, or the signal that it ended with. */
static int run_native(const struct trial *t, struct outcome *o)
{
    int number = sigsetjmp(escape, 1);
    native *function;

    if (number) {
        __asm__ volatile("fninit");
        return number;
    }
    memcpy(o->memory, t->memory, MEMORY_SIZE);
    assemble(native_code, t, 0xC3);
    memcpy(&function, &native_code, sizeof function);
    o->flags = (uint32_t)function(&t->state, o->memory, &o->image, t->flags);
    if (o->image.ip == (uint32_t)(uintptr_t)native_code + 4)
        o->image.ip = program_of(t) + 4;
    if (o->image.dp == (uint32_t)(uintptr_t)o->memory)
        o->image.dp = AT_MEMORY;
    forget_system(o);
    return 0;
}

/* --- Here --- */
static void start_flat(struct cpu *cpu)
{
    cpu->cr0 = CR0_PE | CR0_ET | CR0_NE;
    for (unsigned n = 0; n < SEG_COUNT; n++) {
        cpu->seg[n] = (struct segment){.limit = UINT32_MAX, .rights = n == SEG_CS ? 0xC09B : 0xC093};
        segment_derive(&cpu->seg[n]);
    }
    cpu_mode_changed(cpu);
}

static void run_here(struct bare *b, const struct trial *t, struct outcome *o)
{
    struct cpu *cpu = &b->cpu;
    uint8_t code[PROGRAM_SIZE];
    uint32_t program = program_of(t);
    size_t length = assemble(code, t, 0xF4);

    if (memcmp(b->memory.ram + program, code, length))
        memory_write_block(&b->memory, program, code, (uint32_t)length);
    memcpy(b->memory.ram + AT_STATE, &t->state, sizeof t->state);
    memcpy(b->memory.ram + AT_MEMORY, t->memory, MEMORY_SIZE);
    cpu->reg[EDI] = AT_STATE;
    cpu->reg[ESI] = AT_MEMORY;
    cpu->reg[EDX] = AT_RESULT;
    cpu->reg[ECX] = t->flags;
    cpu->reg[ESP] = AT_STACK;
    cpu->eip = program;
    cpu->attention &= ~(uint32_t)ATTENTION_HALTED;
    cpu->halted_dead = false;
    bare_run(b, 20);
    memcpy(&o->image, b->memory.ram + AT_RESULT, sizeof o->image);
    memcpy(o->memory, b->memory.ram + AT_MEMORY, MEMORY_SIZE);
    o->flags = cpu->reg[EAX];
}

/* --- Trials --- */
static bool choose(struct trial *t)
{
    uint8_t bytes[4] = {0};
    struct insn insn;
    unsigned length = 0;

    if (below(8) == 0)
        bytes[length++] = 0x66;
    bytes[length++] = (uint8_t)(0xD8 + below(8));
    bytes[length++] = (uint8_t)(below(2) ? 0xC0 + below(64) : below(8) << 3 | ESI);
    if (decode(bytes, length, DECODE_32 | DECODE_PROTECTED, CPU_PENTIUM4, &insn) != DECODE_OK)
        return false;
    if (length == 3 && insn.form != FORM_M) /* the prefix is for the images of 16 bits */
        return false;
    memcpy(t->code, bytes, 3);
    t->length = length;
    t->name = operation_names[insn.operation];
    t->operation = insn.operation;
    t->insn = insn;
    t->flags = FLAG_FIXED | (next_random() & FLAGS_ARITHMETIC);
    random_state_image(&t->state);
    random_memory(t->memory);
    if (insn.operation == OP_FLDENV || insn.operation == OP_FRSTOR) {
        struct image loaded;
        random_state_image(&loaded);
        memcpy(t->memory, &loaded, sizeof loaded);
    }
    return true;
}

static unsigned exponent_of(const uint8_t *st)
{
    return (st[8] | st[9] << 8) & 0x7FFF;
}

/* A number that is not zero: for the functions of such, makers differ in the last bit, and in what they do outside of
 * the documented domains. */
static bool ordinary(const uint8_t *st)
{
    uint64_t significand;

    memcpy(&significand, st, 8);
    return exponent_of(st) ? exponent_of(st) < 0x7FFF && significand >> 63 : significand;
}

static bool transcendental(unsigned operation)
{
    return operation >= OP_F2XM1 && operation <= OP_FSINCOS;
}

/* Outside of the domain that the SDM gives for F2XM1 and FYL2XP1 the result is undefined, and so is all that goes with
 * it. */
static bool left_out(const struct trial *t)
{
    const uint8_t *st = t->state.st[0];
    unsigned exponent = exponent_of(st);
    uint64_t significand;

    memcpy(&significand, st, 8);
    switch (t->operation) {
    case OP_F2XM1: /* -1 to 1 */
        return ordinary(st) && (exponent > 0x3FFF || (exponent == 0x3FFF && significand != UINT64_C(1) << 63));
    case OP_FYL2XP1: /* -(1 - sqrt(1/2)) to sqrt(2) - 1 */
        return ordinary(st) && (exponent > 0x3FFD ||
                                (exponent == 0x3FFD && significand > (st[9] & 0x80 ? UINT64_C(0x95F619980C4336F7)
                                                                                   : UINT64_C(0xD413CCCFE7799211))));
    default: return false;
    }
}

/* --- What processors do differently --- Each row names a condition, and makes the host's outcome ours where it is
 * another of those that are permitted. What is left must be equal, all of it. Two rows are what the SDM leaves open; on
 * no host did they apply so far. */

struct situation {
    struct bare *b;
    const struct trial *t;
    const struct outcome *here;
};

#define CONDITION (uint32_t)(X87_C0 | X87_C2 | X87_C3)

/* The exceptions of this instruction, without those that were pending. */
static uint32_t raised(const struct situation *s)
{
    struct trial clear = *s->t;
    struct outcome o;

    clear.state.status &= ~(uint32_t)X87_EXCEPTIONS;
    run_here(s->b, &clear, &o);
    return o.image.status & X87_EXCEPTIONS;
}

static bool is_fcomi(unsigned operation)
{
    return operation >= OP_FCOMI && operation <= OP_FUCOMIP;
}

static bool is_comparison(unsigned operation)
{
    switch (operation) {
    case OP_FCOM:
    case OP_FCOMP:
    case OP_FCOMPP:
    case OP_FUCOM:
    case OP_FUCOMP:
    case OP_FUCOMPP:
    case OP_FICOM:
    case OP_FICOMP:
    case OP_FTST: return true;
    default: return is_fcomi(operation);
    }
}

/* The condition that the comparison has when nothing is unmasked. */
static void compare_unmasked(const struct situation *s, struct outcome *host)
{
    struct trial masked = *s->t;
    struct outcome o;

    if (!is_comparison(s->t->operation) || !(raised(s) & ~s->here->image.control & (FLOAT_INVALID | FLOAT_DENORMAL)))
        return;
    masked.state.control |= 0x3F;
    run_here(s->b, &masked, &o);
    if (is_fcomi(s->t->operation) && !((o.flags ^ host->flags) & FLAGS_ARITHMETIC))
        host->flags = s->here->flags;
    if (!is_fcomi(s->t->operation) && !((o.image.status ^ host->image.status) & CONDITION))
        host->image.status = (host->image.status & ~CONDITION) | (s->here->image.status & CONDITION);
}

static void fcomi_c1(const struct situation *s, struct outcome *host)
{
    if (is_fcomi(s->t->operation) && !((host->image.status ^ s->t->state.status) & X87_C1))
        host->image.status = (host->image.status & ~(uint32_t)X87_C1) | (s->here->image.status & X87_C1);
}

static bool is_remainder(unsigned operation)
{
    return operation == OP_FPREM || operation == OP_FPREM1;
}

static void remainder_refused(const struct situation *s, struct outcome *host)
{
    uint32_t refused = FLOAT_INVALID | (FLOAT_DENORMAL & ~s->here->image.control);

    if (is_remainder(s->t->operation) && !(host->image.status & X87_C2) && raised(s) & refused)
        host->image.status |= s->here->image.status & X87_C2;
}

/* Bits and exponent of a number that may be denormal. */
static unsigned normal(const uint8_t *st, uint64_t *significand)
{
    unsigned exponent = exponent_of(st) ? exponent_of(st) : 1;

    memcpy(significand, st, 8);
    while (!(*significand >> 63)) {
        *significand <<= 1;
        exponent--; /* below 0 it wraps, and differences are still right */
    }
    return exponent;
}

/* A partial remainder: with D the difference of exponents and N from 32 to 63, x - y * 2^(D-N) * trunc(x / (y *
 * 2^(D-N))). */
static void remainder_partial(const struct situation *s, struct outcome *host)
{
    const struct image *before = &s->t->state;
    uint64_t x, y;

    if (!is_remainder(s->t->operation) || !(s->here->image.status & X87_C2) || !ordinary(before->st[0]) ||
        !ordinary(before->st[1]))
        return;
    unsigned exponent = normal(before->st[0], &x) - normal(before->st[1], &y),
             step = normal(before->st[1], &y) + exponent;
    for (unsigned n = 32; n < 64; n++) {
        __extension__ unsigned __int128 rest = ((unsigned __int128)x << n) % y;
        uint8_t result[10];
        uint64_t significand = (uint64_t)rest;
        unsigned at = step - n;
        while (significand && !(significand >> 63)) {
            significand <<= 1;
            at--;
        }
        put80(result, (uint16_t)((significand ? at : 0) | (before->st[0][9] & 0x80) << 8), significand);
        if (!memcmp(host->image.st[0], result, 10)) {
            memcpy(host->image.st[0], s->here->image.st[0], 10);
            host->image.tags = s->here->image.tags;
        }
    }
}

static void fbld_digits(const struct situation *s, struct outcome *host)
{
    bool digits = true;

    for (unsigned n = 0; n < 9; n++)
        digits &= (s->t->memory[n] & 15) <= 9 && s->t->memory[n] >> 4 <= 9;
    if (s->t->operation != OP_FBLD || digits)
        return;
    memcpy(host->image.st[0], s->here->image.st[0], 10);
    host->image.tags = s->here->image.tags;
}

/* How many numbers lie between two of one sign. */
static uint64_t distance(const uint8_t *a, const uint8_t *b)
{
    uint64_t x, y, apart;
    unsigned e = exponent_of(a), f = exponent_of(b);

    memcpy(&x, a, 8);
    memcpy(&y, b, 8);
    if ((a[9] ^ b[9]) & 0x80 || e - f + 1 > 2)
        return UINT64_MAX;
    apart = x - y;
    if (e != f)
        apart = e > f ? (x & INT64_MAX) + (UINT64_MAX - y) + 1 : (y & INT64_MAX) + (UINT64_MAX - x) + 1;
    return apart >> 63 && e == f ? 0 - apart : apart;
}

/* Where ours is exact, the host's may have been rounded, or may say so. */
static void function_rounding(const struct situation *s, struct outcome *host)
{
    const struct image *here = &s->here->image;
    uint32_t inexact = here->status | FLOAT_INEXACT | (here->control & FLOAT_INEXACT ? 0 : X87_SUMMARY | X87_BUSY);
    unsigned results = s->t->operation == OP_FSINCOS || s->t->operation == OP_FPTAN ? 2 : 1;
    bool close = transcendental(s->t->operation);

    if (!exponent_of(here->st[0]) && here->control & FLOAT_UNDERFLOW) /* what is tiny and rounded underflows */
        inexact |= host->image.status & FLOAT_UNDERFLOW;
    for (unsigned n = 0; n < results && close; n++)
        close = distance(here->st[n], host->image.st[n]) <= (here->control & 0xC00 ? 2 : 1);
    if (!close || ((host->image.status ^ here->status) & ~X87_C1 && (host->image.status ^ inexact) & ~X87_C1))
        return;
    if (!(raised(s) & X87_EXCEPTIONS & ~(FLOAT_INEXACT | FLOAT_DENORMAL | FLOAT_UNDERFLOW | FLOAT_OVERFLOW))) {
        memcpy(host->image.st, here->st, results * sizeof here->st[0]);
        host->image.status = here->status;
    }
}

static const struct permit {
    const char *name, *reason, *seen;
    void (*apply)(const struct situation *s, struct outcome *host);
} permits[] = {
    {"compare-unmasked",
     "a comparison that ends in an unmasked exception: the condition is as before (SDM), or that of the comparison "
     "(APM)",
     "AMD families 25 and 26", compare_unmasked},
    {"fcomi-c1", "C1 after FCOMI and its kin: cleared (SDM), or as before", "AMD families 25 and 26", fcomi_c1},
    {"remainder-refused",
     "C2 after FPREM or FPREM1 of operands that are invalid, or denormal and that unmasked: as before, or cleared",
     "AMD family 25", remainder_refused},
    {"remainder-partial", "a partial remainder reduces the exponent by 32 to 63 (SDM: implementation-dependent)",
     "none: SDM", remainder_partial},
    {"fbld-digits", "FBLD of digits over 9: ST(0) is undefined (SDM)", "none: SDM", fbld_digits},
    {"function-rounding",
     "a transcendental function is good to 1 ulp, or 1.5 when not rounding to nearest (SDM vol. 1, 8.3.10), and C1 "
     "and PE follow; ours is correctly rounded",
     "AMD family 25", function_rounding},
};
enum { PERMITS = sizeof permits / sizeof *permits };

static bool is_equal(const struct outcome *a, const struct outcome *b)
{
    return !memcmp(&a->image, &b->image, sizeof a->image) && !memcmp(a->memory, b->memory, MEMORY_SIZE) &&
           a->flags == b->flags;
}

/* Counts the permits that made the outcomes equal. */
static bool is_permitted(const struct situation *s, const struct outcome *there, unsigned long used[PERMITS])
{
    struct outcome host = *there;
    bool changed[PERMITS];

    if (is_equal(s->here, &host))
        return true;
    for (unsigned n = 0; n < PERMITS; n++) {
        struct outcome old = host;
        permits[n].apply(s, &host);
        changed[n] = !is_equal(&old, &host);
    }
    if (!is_equal(s->here, &host))
        return false;
    for (unsigned n = 0; n < PERMITS; n++)
        used[n] += changed[n];
    return true;
}

static void print_outcome(const char *where, const struct outcome *o)
{
    printf("  %s: cw %04x sw %04x tags %04x ip %x op %x dp %x flags %x\n   ", where, o->image.control & 0xFFFF,
           o->image.status & 0xFFFF, o->image.tags & 0xFFFF, o->image.ip, o->image.cs_opcode >> 16, o->image.dp,
           o->flags);
    for (unsigned n = 0; n < 8; n++) {
        printf(" ");
        for (unsigned i = 10; i--;)
            printf("%02x%s", o->image.st[n][i], i == 8 ? "." : "");
    }
    printf("\n    memory");
    for (unsigned n = 0; n < 12; n++)
        printf(" %02x", o->memory[n]);
    printf("\n");
}

/* Makes an outcome one that no row permits. */
static void alter(struct outcome *o, unsigned long n)
{
    /* clang-format off */
    switch (n % 8) {
    case 0: o->image.control ^= 0x400; break;
    case 1: o->image.status ^= 0x800; break; /* the top */
    case 2: o->image.status ^= FLOAT_ZERO_DIVIDE; break;
    case 3: o->image.ip ^= 0x10; break;
    case 4: o->image.cs_opcode ^= 0x10000; break;
    case 5: o->image.st[2 + n / 8 % 6][n / 64 % 10] ^= 1; break;
    case 6: o->memory[n / 8 % MEMORY_SIZE] ^= 1; break;
    case 7: o->flags ^= FLAG_OF; break;
    }
    /* clang-format on */
}

/* How many instructions of a trial the back end's own code does when it leaves the trial's to the interpreter, as it
 * always does FSCALE. */
static uint64_t translated_others(struct bare *b)
{
    const struct trial scale = {
        .state = {.control = 0xFFFF037F}, .code = {0xD9, 0xFD}, .length = 2, .flags = FLAG_FIXED};
    struct outcome o;
    uint64_t before = 0;

    for (unsigned n = 0; n < 8; n++) { /* until all units of it are made, and lead to one another */
        before = translated_count(&b->cpu);
        run_here(b, &scale, &o);
    }
    return translated_count(&b->cpu) - before;
}

/* Runs a trial, and notes whether translated code did its instruction. */
static void run_noted(struct bare *b, const struct trial *t, struct outcome *o, struct translated_cases *cases,
                      uint64_t others)
{
    uint64_t before = translated_count(&b->cpu);
    bool compiled;

    run_here(b, t, o);
    b->cpu.x87.control = (uint16_t)t->state.control; /* on which it depends */
    compiled = translated_compiles(&b->cpu, &t->insn);
    translated_note(cases, &t->insn, compiled, compiled && translated_count(&b->cpu) - before > others);
}

struct tally {
    unsigned long judged, different, left_out, altered, found, used[PERMITS];
    unsigned told[OP_COUNT], shown;
    bool translates;
    struct translated_cases translated;
    uint64_t others; /* translated_others */
};

static void trial_judge(struct bare *b, struct tally *y, const struct trial *t, unsigned long n, unsigned long altered)
{
    struct outcome here = {0}, there = {0};
    const struct situation s = {b, t, &here};
    int number = -1;
    bool right = false;

    if (y->translates)
        run_noted(b, t, &here, &y->translated, y->others);
    else
        run_here(b, t, &here);
    forget_system(&here);
    for (unsigned attempt = 0; attempt < 10 && !right; attempt++) { /* again, for a switch of tasks loses the pointers
                                                                     */
        number = run_native(t, &there);
        right = !number && is_permitted(&s, &there, y->used);
    }
    y->judged++;
    if (altered && right && n % altered == 0) {
        alter(&there, y->altered++);
        right = is_permitted(&s, &there, y->used);
        y->found += !right;
    }
    if (right)
        return;
    y->different++;
    if (y->told[t->operation]++ >= y->shown)
        return;
    struct outcome start = {.image = t->state, .flags = t->flags};
    memcpy(start.memory, t->memory, MEMORY_SIZE);
    printf("%s (%02x %02x %02x), trial %lu%s\n", t->name, t->code[0], t->code[1], t->code[2], n,
           number ? ": ended by a signal there" : "");
    print_outcome("before", &start);
    print_outcome("there ", &there);
    print_outcome("here  ", &here);
}

static int report(const struct host *host, const struct tally *y)
{
    char first[256] = "";
    size_t used = 0;

    for (unsigned n = 0; n < OP_COUNT; n++)
        if (y->told[n]) {
            printf("%s: %u differ\n", operation_names[n], y->told[n]);
            if (used < sizeof first - 40)
                used += (size_t)snprintf(first + used, sizeof first - used, "%s%s %u", used ? ", " : "",
                                         operation_names[n], y->told[n]);
        }
    for (unsigned n = 0; n < PERMITS; n++)
        printf("%-18s %8lu differ: %s (%s)\n", permits[n].name, y->used[n], permits[n].reason, permits[n].seen);
    if (y->altered)
        printf("%lu altered, %lu found\n", y->altered, y->found);
    printf("%lu left out: F2XM1 and FYL2XP1 outside of their domain\n", y->left_out);
    if (y->translates && !translated_report(&y->translated))
        return 1;
    return host_verdict(host, y->judged - y->different, y->different, first);
}

int main(int argc, char **argv)
{
    unsigned long count = getenv("LONG") ? 100000000 : 1000000, altered = 0;
    static struct tally y;
    struct host host;
    const char *problem = host_identify(&host);
    struct bare *b = calloc(1, sizeof *b);

    y.shown = 3; /* of each instruction */
    random_state = 20041;
    for (int n = 1; n + 1 < argc; n += 2) {
        if (!strcmp(argv[n], "--count"))
            count = strtoul(argv[n + 1], NULL, 0);
        else if (!strcmp(argv[n], "--seed"))
            random_state = strtoull(argv[n + 1], NULL, 0) * 2 + 1;
        else if (!strcmp(argv[n], "--alter"))
            altered = strtoul(argv[n + 1], NULL, 0);
        else if (!strcmp(argv[n], "--show"))
            y.shown = (unsigned)strtoul(argv[n + 1], NULL, 0);
        else if (strcmp(argv[n], "--host") || !host_pretend(&host, argv[n + 1]))
            return fprintf(
                       stderr,
                       "usage: x87_host [--count N] [--seed S] [--show N] [--alter N] [--host VENDOR/FAMILY/MODEL]\n"),
                   2;
    }
    if (problem)
        return printf("%s\n", problem), 77;
    native_code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!b || !bare_init(b, CPU_PENTIUM4, RAM_SIZE) || native_code == MAP_FAILED)
        return fprintf(stderr, "x87_host: no memory\n"), 4;
    signal(SIGILL, on_signal);
    signal(SIGFPE, on_signal);
    start_flat(&b->cpu);
    y.translates = translated_begin(&y.translated, &b->cpu);
    y.others = y.translates ? translated_others(b) : 0;
    for (unsigned long n = 0; n < count; n++) {
        struct trial t = {0};
        while (!choose(&t))
            continue;
        if (left_out(&t))
            y.left_out++;
        else
            trial_judge(b, &y, &t, n, altered);
    }
    bare_free(b);
    free(b);
    return report(&host, &y);
}
#else
#include <stdio.h>

#include "tests/host.h"

int main(void)
{
    struct host host;

    printf("%s\n", host_identify(&host));
    return 77;
}
#endif
