/* programs.c - the work loads of programs.py: a static program for 32-bit Linux, that runs on this host, in Muniment
 * and in QEMU.
 *
 *     programs NAME       does the work of that name and prints "NAME CHECKSUM"; the checksum is the same everywhere
 *
 * Each load is what its name says and nothing else; sizes are such that QEMU's translator needs about a second. Built
 * twice, with x87 and with SSE2 arithmetic (FLOATS), from one source. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static uint32_t seed = 1;

static uint32_t next_random(void)
{
    seed = seed * 1664525 + 1013904223;
    return seed >> 8;
}

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static uint8_t *pages(size_t size, int protection)
{
    uint8_t *p = mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        fail("mmap");
    return p;
}

static uint8_t *random_bytes(size_t size)
{
    uint8_t *bytes = pages(size, PROT_READ | PROT_WRITE);

    for (size_t n = 0; n < size; n++)
        bytes[n] = (uint8_t)next_random();
    return bytes;
}

/* --- Integers --- */

static uint32_t crc(void)
{
    enum { SIZE = 1 << 20 };
    const uint8_t *bytes = random_bytes(SIZE);
    uint32_t table[256], c = UINT32_MAX;

    for (uint32_t n = 0; n < 256; n++) {
        table[n] = n;
        for (unsigned bit = 0; bit < 8; bit++)
            table[n] = table[n] & 1 ? table[n] >> 1 ^ 0xEDB88320 : table[n] >> 1;
    }
    for (unsigned round = 0; round < 100; round++)
        for (size_t n = 0; n < SIZE; n++)
            c = table[(c ^ bytes[n]) & 0xFF] ^ c >> 8;
    return c;
}

/* FIPS 180-4. */
static const uint32_t round_constant[64] = {
    0x428A2F98, 0x71374491, 0xB5C0FBCF, 0xE9B5DBA5, 0x3956C25B, 0x59F111F1, 0x923F82A4, 0xAB1C5ED5,
    0xD807AA98, 0x12835B01, 0x243185BE, 0x550C7DC3, 0x72BE5D74, 0x80DEB1FE, 0x9BDC06A7, 0xC19BF174,
    0xE49B69C1, 0xEFBE4786, 0x0FC19DC6, 0x240CA1CC, 0x2DE92C6F, 0x4A7484AA, 0x5CB0A9DC, 0x76F988DA,
    0x983E5152, 0xA831C66D, 0xB00327C8, 0xBF597FC7, 0xC6E00BF3, 0xD5A79147, 0x06CA6351, 0x14292967,
    0x27B70A85, 0x2E1B2138, 0x4D2C6DFC, 0x53380D13, 0x650A7354, 0x766A0ABB, 0x81C2C92E, 0x92722C85,
    0xA2BFE8A1, 0xA81A664B, 0xC24B8B70, 0xC76C51A3, 0xD192E819, 0xD6990624, 0xF40E3585, 0x106AA070,
    0x19A4C116, 0x1E376C08, 0x2748774C, 0x34B0BCB5, 0x391C0CB3, 0x4ED8AA4A, 0x5B9CCA4F, 0x682E6FF3,
    0x748F82EE, 0x78A5636F, 0x84C87814, 0x8CC70208, 0x90BEFFFA, 0xA4506CEB, 0xBEF9A3F7, 0xC67178F2,
};

static uint32_t rotate(uint32_t x, unsigned by)
{
    return x >> by | x << (32 - by);
}

static void sha256_block(uint32_t h[8], const uint8_t *block)
{
    uint32_t w[64], v[8];

    for (unsigned t = 0; t < 16; t++)
        w[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 | (uint32_t)block[4 * t + 2] << 8 |
               block[4 * t + 3];
    for (unsigned t = 16; t < 64; t++)
        w[t] = (rotate(w[t - 2], 17) ^ rotate(w[t - 2], 19) ^ w[t - 2] >> 10) + w[t - 7] +
               (rotate(w[t - 15], 7) ^ rotate(w[t - 15], 18) ^ w[t - 15] >> 3) + w[t - 16];
    memcpy(v, h, sizeof v);
    for (unsigned t = 0; t < 64; t++) {
        uint32_t one = v[7] + (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) +
                       ((v[4] & v[5]) ^ (~v[4] & v[6])) + round_constant[t] + w[t];
        uint32_t two = (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) +
                       ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof v[0]);
        v[4] += one;
        v[0] = one + two;
    }
    for (unsigned n = 0; n < 8; n++)
        h[n] += v[n];
}

static uint32_t sha256(void)
{
    enum { SIZE = 1 << 20 };
    const uint8_t *bytes = random_bytes(SIZE);
    uint32_t h[8] = {0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19};

    for (unsigned round = 0; round < 3; round++)
        for (size_t n = 0; n < SIZE; n += 64)
            sha256_block(h, bytes + n);
    return h[0];
}

/* An interpreter of a small stack machine that counts the primes below a limit. */
static uint32_t bytecode(void)
{
    enum { PUSH, LOAD, STORE, ADD, MULTIPLY, REMAINDER, LESS, JUMP, JUMP_IF_NOT, HALT };
    enum { I, D, FOUND, LIMIT };
    /* clang-format off */
    static const struct { uint8_t operation, argument; } code[] = {
        /*  0 */ {PUSH, 2}, {STORE, I},
        /*  2 */ {LOAD, I}, {LOAD, LIMIT}, {LESS, 0}, {JUMP_IF_NOT, 32},
        /*  6 */ {PUSH, 2}, {STORE, D},
        /*  8 */ {LOAD, I}, {LOAD, D}, {LOAD, D}, {MULTIPLY, 0}, {LESS, 0}, {JUMP_IF_NOT, 19},
        /* 14 */ {LOAD, FOUND}, {PUSH, 1}, {ADD, 0}, {STORE, FOUND}, {JUMP, 26},
        /* 19 */ {LOAD, I}, {LOAD, D}, {REMAINDER, 0}, {JUMP_IF_NOT, 26},
        /* 23 */ {LOAD, D}, {PUSH, 1}, {JUMP, 30},
        /* 26 */ {LOAD, I}, {PUSH, 1}, {ADD, 0}, {JUMP, 1},
        /* 30 */ {ADD, 0}, {JUMP, 7},
    };
    /* clang-format on */
    int32_t variable[4] = {0, 0, 0, 60000}, stack[16];
    unsigned pc = 0, sp = 0;

    while (pc < 32) {
        unsigned operation = code[pc].operation, argument = code[pc].argument;
        pc++;
        /* clang-format off */
        switch (operation) {
        case PUSH:        stack[sp++] = (int32_t)argument; break;
        case LOAD:        stack[sp++] = variable[argument]; break;
        case STORE:       variable[argument] = stack[--sp]; break;
        case ADD:         sp--; stack[sp - 1] += stack[sp]; break;
        case MULTIPLY:    sp--; stack[sp - 1] *= stack[sp]; break;
        case REMAINDER:   sp--; stack[sp - 1] %= stack[sp]; break;
        case LESS:        sp--; stack[sp - 1] = stack[sp - 1] < stack[sp]; break;
        case JUMP:        pc = argument; break;
        default:          pc = stack[--sp] ? pc : argument; break;
        }
        /* clang-format on */
    }
    return (uint32_t)variable[FOUND];
}

static int ascending(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static uint32_t sort(void)
{
    enum { COUNT = 1 << 18 };
    uint32_t *numbers = (uint32_t *)(void *)pages(COUNT * sizeof(uint32_t), PROT_READ | PROT_WRITE), sum = 0;

    for (unsigned round = 0; round < 6; round++) {
        for (unsigned n = 0; n < COUNT; n++)
            numbers[n] = next_random();
        qsort(numbers, COUNT, sizeof *numbers, ascending);
        for (unsigned n = 0; n < COUNT; n += 1001)
            sum = sum * 31 + numbers[n];
    }
    return sum;
}

/* Greedy matching by a hash of four bytes: how many bytes of literals and matches are left of a text of random
 * words. */
static uint32_t compress(void)
{
    enum { SIZE = 1 << 22, HASHES = 1 << 14 };
    uint8_t *text = pages(SIZE + 8, PROT_READ | PROT_WRITE);
    uint32_t *last = (uint32_t *)(void *)pages(HASHES * sizeof(uint32_t), PROT_READ | PROT_WRITE), out = 0;

    for (size_t n = 0; n < SIZE;) {
        uint32_t word = next_random() % 997;
        for (unsigned length = 2 + word % 7; length && n < SIZE; length--, word = word * 29 + 7)
            text[n++] = (uint8_t)('a' + word % 26);
    }
    for (unsigned round = 0; round < 6; round++) {
        memset(last, 0, HASHES * sizeof *last);
        for (size_t n = 1; n < SIZE;) {
            uint32_t four, hash;
            memcpy(&four, text + n, 4);
            hash = four * 2654435761u >> 18;
            size_t from = last[hash], length = 0;
            last[hash] = (uint32_t)n;
            while (from && n + length < SIZE && length < 258 && text[from + length] == text[n + length])
                length++;
            out += length < 4 ? 1 : 3;
            n += length < 4 ? 1 : length;
        }
    }
    return out;
}

/* --- Floating point --- QEMU computes for SSE2 on the host's unit, for x87 in software. */
#ifdef __SSE2_MATH__
enum { PICTURES = 4, STEPS = 360000 };
#else
enum { PICTURES = 1, STEPS = 30000 };
#endif

static uint32_t mandelbrot(void)
{
    uint32_t sum = 0;

    for (unsigned y = 0; y < 320 * PICTURES; y++)
        for (unsigned x = 0; x < 320; x++) {
            double cr = (double)x / 128 - 2, ci = (double)(y % 320) / 128 - 1.25, zr = 0, zi = 0;
            unsigned n = 0;
            while (n < 200 && zr * zr + zi * zi < 4) {
                double t = zr * zr - zi * zi + cr;
                zi = 2 * zr * zi + ci;
                zr = t;
                n++;
            }
            sum = sum * 33 + n;
        }
    return sum;
}

/* Bodies that draw one another; square roots and divisions. */
static uint32_t nbody(void)
{
    enum { BODIES = 5 };
    double at[BODIES][3], speed[BODIES][3] = {{0}}, mass[BODIES];
    uint64_t bits;

    for (unsigned i = 0; i < BODIES; i++) {
        mass[i] = 1 + i;
        for (unsigned k = 0; k < 3; k++)
            at[i][k] = (double)(next_random() % 1000) / 100;
    }
    for (unsigned step = 0; step < STEPS; step++)
        for (unsigned i = 0; i < BODIES; i++) {
            for (unsigned j = 0; j < BODIES; j++) {
                double d[3], square = 0.25, root, pull;
                if (i == j)
                    continue;
                for (unsigned k = 0; k < 3; k++) {
                    d[k] = at[j][k] - at[i][k];
                    square += d[k] * d[k];
                }
                root = __builtin_sqrt(square);
                pull = mass[j] / (square * root) * 0.001;
                for (unsigned k = 0; k < 3; k++)
                    speed[i][k] += d[k] * pull;
            }
            for (unsigned k = 0; k < 3; k++)
                at[i][k] += speed[i][k] * 0.001;
        }
    memcpy(&bits, &at[0][0], sizeof bits);
    return (uint32_t)(bits >> 20); /* 53-bit registers or not, the upper bits agree on one kind of unit */
}

/* --- Memory --- */

enum { COPY_SIZE = 4 << 20 };

static uint32_t copied(const uint8_t *to)
{
    uint32_t sum = 0;

    for (size_t n = 0; n < COPY_SIZE; n += 4093)
        sum = sum * 31 + to[n];
    return sum;
}

static uint32_t movdqu(void)
{
    uint8_t *from = random_bytes(COPY_SIZE), *to = pages(COPY_SIZE, PROT_READ | PROT_WRITE);

    for (unsigned round = 0; round < 100; round++) {
        const uint8_t *f = from;
        uint8_t *t = to;
        for (size_t n = COPY_SIZE / 64; n; n--, f += 64, t += 64)
            __asm__ volatile(
                "movdqu (%0), %%xmm0\n\tmovdqu 16(%0), %%xmm1\n\tmovdqu 32(%0), %%xmm2\n\tmovdqu 48(%0), %%xmm3\n\t"
                "movdqu %%xmm0, (%1)\n\tmovdqu %%xmm1, 16(%1)\n\tmovdqu %%xmm2, 32(%1)\n\tmovdqu %%xmm3, 48(%1)"
                :
                : "r"(f), "r"(t)
                : "memory");
    }
    return copied(to);
}

static uint32_t movsd(void)
{
    uint8_t *from = random_bytes(COPY_SIZE), *to = pages(COPY_SIZE, PROT_READ | PROT_WRITE);

    for (unsigned round = 0; round < 30; round++) {
        const uint8_t *f = from;
        uint8_t *t = to;
        size_t n = COPY_SIZE / 4;
        __asm__ volatile("rep movsl" : "+S"(f), "+D"(t), "+c"(n) : : "memory");
    }
    return copied(to);
}

/* A ring of 64 MiB in random order: each step depends on the one before. */
static uint32_t chase(void)
{
    enum { COUNT = 16 << 20 };
    uint32_t *next = (uint32_t *)(void *)pages((size_t)COUNT * 4, PROT_READ | PROT_WRITE), at = 0;

    for (uint32_t n = 0; n < COUNT; n += 16) /* a full period: the multiplier is 1 mod 4, the increment odd */
        next[n] = ((n / 16 * 1664525u + 1013904223u) & (COUNT / 16 - 1)) * 16;
    for (unsigned n = 0; n < 2000000; n++)
        at = next[at];
    return at;
}

/* --- The system --- */

static uint32_t fork_exec(void)
{
    uint32_t done = 0;

    for (unsigned n = 0; n < 300; n++) {
        int status = 0;
        pid_t child = fork();
        if (child == 0) {
            execl("/proc/self/exe", "programs", "nothing", (char *)NULL);
            _exit(1);
        }
        if (child < 0 || waitpid(child, &status, 0) < 0)
            fail("fork");
        done += status == 0;
    }
    return done;
}

static uint32_t pipes(void)
{
    int there[2], back[2];
    uint32_t word = 0;

    if (pipe(there) || pipe(back))
        fail("pipe");
    if (fork() == 0) {
        close(there[1]);
        while (read(there[0], &word, sizeof word) == sizeof word) {
            word = word * 3 + 1;
            if (write(back[1], &word, sizeof word) != sizeof word)
                break;
        }
        _exit(0);
    }
    for (unsigned n = 0; n < 20000; n++)
        if (write(there[1], &word, sizeof word) != sizeof word || read(back[0], &word, sizeof word) != sizeof word)
            fail("pipe");
    close(there[1]);
    wait(NULL);
    return word;
}

static uint32_t getppids(void)
{
    uint32_t same = 0;
    pid_t parent = getppid();

    for (unsigned n = 0; n < 1000000; n++)
        same += getppid() == parent;
    return same;
}

/* --- Code that changes: a function's immediate is written, then it is called --- */
static uint32_t modified(void)
{
    static const uint8_t code[] = {0x05, 0, 0, 0, 0, 0xC3}; /* add eax, imm32; ret */
    uint8_t *function = pages(4096, PROT_READ | PROT_WRITE | PROT_EXEC);
    uint32_t sum = 0;

    memcpy(function, code, sizeof code);
    for (uint32_t n = 0; n < 400000; n++) {
        memcpy(function + 1, &n, sizeof n);
        __asm__ volatile("call *%1" : "+a"(sum) : "r"(function) : "memory", "cc");
    }
    return sum;
}

static uint32_t nothing(void)
{
    _exit(0);
}

static const struct {
    const char *name;
    uint32_t (*work)(void);
} loads[] = {
    {"crc", crc},           {"sha256", sha256},         {"bytecode", bytecode},   {"sort", sort},
    {"compress", compress}, {"mandelbrot", mandelbrot}, {"nbody", nbody},         {"movdqu", movdqu},
    {"movsd", movsd},       {"chase", chase},           {"fork+exec", fork_exec}, {"pipe", pipes},
    {"getppid", getppids},  {"modified", modified},     {"nothing", nothing},
};

int main(int argc, char **argv)
{
    for (size_t n = 0; argc == 2 && n < sizeof loads / sizeof loads[0]; n++)
        if (!strcmp(argv[1], loads[n].name)) {
            printf("%s %08x\n", argv[1], (unsigned)loads[n].work());
            return 0;
        }
    fputs("usage: programs NAME\n", stderr);
    return 2;
}
