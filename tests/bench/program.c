/* program.c - what the benchmark guest computes, in flat 32-bit protected mode: one work load, chosen when it is built (WORKLOAD).
 *
 * It says BEGIN and END on COM1 around the work and gives a checksum, so that a machine that computes wrongly is not taken for a fast one; then it
 * switches the machine off: "Shutdown" to port 8900h (Bochs, Muniment), 0 to port F4h (QEMU's isa-debug-exit). */
#include <stddef.h>
#include <stdint.h>

static uint32_t work(void);

static void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t in8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static void say(const char *text)
{
    for (; *text; text++) {
        while (!(in8(0x3FD) & 0x20))
            ;
        out8(0x3F8, (uint8_t)*text);
    }
}

static void say_hex(uint32_t value)
{
    char text[9] = {0};

    for (int i = 7; i >= 0; i--, value >>= 4)
        text[i] = "0123456789abcdef"[value & 15];
    say(text);
}

__attribute__((section(".entry"))) void entry(void)
{
    uint32_t sum;

    out8(0x3FB, 0x83); /* 115,200 baud, 8 bits */
    out8(0x3F8, 1);
    out8(0x3F9, 0);
    out8(0x3FB, 3);
    say("BEGIN\n");
    sum = work();
    say("END ");
    say_hex(sum);
    say("\n");
    while (!(in8(0x3FD) & 0x40))
        ;
    for (const char *s = "Shutdown"; *s; s++)
        out8(0x8900, (uint8_t)*s);
    out8(0xF4, 0);
    for (;;)
        __asm__ volatile("cli; hlt");
}

static uint32_t random_state = 12345;

static inline uint32_t next_random(void)
{
    random_state = random_state * 1664525 + 1013904223;
    return random_state;
}

#if WORKLOAD == 1 /* SHA-256 (FIPS 180-4): rotations and additions in long straight runs */

#define ROTATE(x, n) ((x) >> (n) | (x) << (32 - (n)))

static uint32_t constants[64], hash[8];

/* The constants are the first bits of cube roots; any fixed numbers make the same work. */
static void block(const uint32_t *message)
{
    uint32_t w[64], s[8];

    for (int i = 0; i < 16; i++)
        w[i] = message[i];
    for (int i = 16; i < 64; i++) {
        uint32_t a = w[i - 15], b = w[i - 2];
        w[i] = w[i - 16] + w[i - 7] + (ROTATE(a, 7) ^ ROTATE(a, 18) ^ a >> 3) + (ROTATE(b, 17) ^ ROTATE(b, 19) ^ b >> 10);
    }
    for (int i = 0; i < 8; i++)
        s[i] = hash[i];
    for (int i = 0; i < 64; i++) {
        uint32_t e = s[4], a = s[0];
        uint32_t t1 = s[7] + (ROTATE(e, 6) ^ ROTATE(e, 11) ^ ROTATE(e, 25)) + ((e & s[5]) ^ (~e & s[6])) + constants[i] + w[i];
        uint32_t t2 = (ROTATE(a, 2) ^ ROTATE(a, 13) ^ ROTATE(a, 22)) + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
        s[7] = s[6]; s[6] = s[5]; s[5] = e; s[4] = s[3] + t1;
        s[3] = s[2]; s[2] = s[1]; s[1] = a; s[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++)
        hash[i] += s[i];
}

static uint32_t work(void)
{
    uint32_t message[16];

    for (int i = 0; i < 64; i++)
        constants[i] = next_random();
    for (int n = 0; n < 100000; n++) {
        for (int i = 0; i < 16; i++)
            message[i] = hash[i & 7] + (uint32_t)n;
        block(message);
    }
    return hash[0];
}

#elif WORKLOAD == 2 /* an interpreter: unpredictable indirect jumps, flags, short blocks */

static uint32_t work(void)
{
    static uint8_t code[256];
    uint32_t r[8] = {1, 2, 3, 5, 7, 11, 13, 17};

    for (size_t i = 0; i < sizeof code; i++)
        code[i] = (uint8_t)(next_random() >> 24);
    for (uint32_t n = 0, at = 0; n < 15000000; n++) {
        uint8_t c = code[at++ & 255];
        uint32_t *d = &r[c >> 5], s = r[c >> 2 & 7];
        switch (c & 7) {
        case 0: *d += s; break;
        case 1: *d ^= s << 3; break;
        case 2: *d -= s >> 1; break;
        case 3: if (*d > s) at += 3; break;
        case 4: *d = *d * 5 + 1; break;
        case 5: if ((int32_t)*d < 0) *d = ~*d; break;
        case 6: *d = s & 0xFF ? *d >> 1 | *d << 31 : 1; break;
        default: if (s & 1) at ^= 0x55; break;
        }
    }
    return r[0] ^ r[1] ^ r[2] ^ r[3] ^ r[4] ^ r[5] ^ r[6] ^ r[7];
}

#elif WORKLOAD == 3 /* sorting and copying: loads and stores over a megabyte */

static void sift(uint32_t *a, uint32_t root, uint32_t count)
{
    for (uint32_t child; (child = 2 * root + 1) < count; root = child) {
        uint32_t t = a[root];
        if (child + 1 < count && a[child + 1] > a[child])
            child++;
        if (a[child] <= t)
            return;
        a[root] = a[child];
        a[child] = t;
    }
}

static uint32_t work(void)
{
    uint32_t *a = (uint32_t *)0x200000, *b = (uint32_t *)0x400000, count = 1 << 18, sum = 0;

    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < count; i++)
            a[i] = next_random();
        for (uint32_t i = 0; i < count; i++)
            b[i] = a[count - 1 - i];
        for (uint32_t i = count / 2; i-- > 0;)
            sift(b, i, count);
        for (uint32_t i = count; i-- > 1;) {
            uint32_t t = b[0];
            b[0] = b[i];
            b[i] = t;
            sift(b, 0, i);
        }
        for (uint32_t i = 0; i < count; i += 97)
            sum = sum * 31 + b[i];
    }
    return sum;
}

#elif WORKLOAD == 5 /* the Mandelbrot set in double precision: additions and multiplications, by the x87 unit or by SSE2 as it is compiled */

static uint32_t work(void)
{
    uint32_t sum = 0;

#ifdef __SSE2__
    __asm__ volatile("movl %%cr4, %%eax; orl $0x600, %%eax; movl %%eax, %%cr4" : : : "eax"); /* OSFXSR, OSXMMEXCPT */
#endif
    __asm__ volatile("fninit");
    for (int y = 0; y < 400; y++)
        for (int x = 0; x < 400; x++) {
            double cr = x * (3.0 / 400) - 2.0, ci = y * (2.4 / 400) - 1.2, r = 0, i = 0;
            int n = 0;
            for (; n < 500; n++) {
                double rr = r * r, ii = i * i;
                if (rr + ii > 4.0)
                    break;
                i = 2 * r * i + ci;
                r = rr - ii + cr;
            }
            sum = sum * 31 + (uint32_t)n;
        }
    return sum;
}

#else /* the system: paging on, page tables written, interrupts by software, segment loads, CR3 */

volatile uint32_t calls; /* counted by the handler */
extern void handler(void);
__asm__(".globl handler\nhandler: pushl %eax\nmovw $16, %ax\nmovw %ax, %es\nincl calls\npopl %eax\niret");

static uint32_t work(void)
{
    uint32_t *directory = (uint32_t *)0x100000, *table = (uint32_t *)0x101000, *idt = (uint32_t *)0x300000, sum = 0;
    struct { uint16_t limit; uint32_t base; } __attribute__((packed)) idtr = {0x7FF, 0x300000};

    __asm__ volatile("" : : : "memory");
    for (uint32_t i = 0; i < 1024; i++) {
        directory[i] = 0;
        table[i] = i << 12 | 3;
    }
    directory[0] = 0x101003;
    directory[1] = 0x400083;
    for (uint32_t i = 0; i < 512; i++)
        idt[i] = 0;
    idt[0x80 * 2] = 8u << 16 | ((uint32_t)handler & 0xFFFF);
    idt[0x80 * 2 + 1] = ((uint32_t)handler & 0xFFFF0000) | 0x8E00;
    __asm__ volatile("lidt %0; movl %1, %%cr3; movl %%cr0, %%eax; orl $0x80000000, %%eax; movl %%eax, %%cr0"
                     : : "m"(idtr), "r"(directory) : "eax", "memory");
    for (uint32_t n = 0; n < 2000000; n++) {
        volatile uint32_t *window = (volatile uint32_t *)(0x380000 + (n & 15) * 4096);
        table[0x380 + (n & 15)] = (0x200u + (n & 63)) << 12 | 3;
        __asm__ volatile("invlpg (%0)" : : "r"(window) : "memory");
        for (uint32_t i = 0; i < 8; i++)
            window[i] += n;
        sum += window[3];
        __asm__ volatile("int $0x80" : : : "memory");
        if (!(n & 7))
            __asm__ volatile("movl %%cr3, %%eax; movl %%eax, %%cr3" : : : "eax", "memory");
    }
    return sum + calls;
}
#endif
