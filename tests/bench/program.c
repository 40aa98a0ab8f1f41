/* program.c - what the benchmark guest computes, in flat 32-bit protected mode: one work load, chosen when it is built
 * (WORKLOAD).
 *
 * It says BEGIN and END on COM1 around the work and gives a checksum, so that a machine that computes wrongly is not
 * taken for a fast one; then it switches the machine off: "Shutdown" to port 8900h (Bochs, Muniment), 0 to port F4h
 * (QEMU's isa-debug-exit). */
#include <stddef.h>
#include <stdint.h>

static uint32_t work(void);
static uint32_t stored; /* KiB written to display memory, where that is the work */

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
    if (stored) {
        say(" stored KiB ");
        say_hex(stored);
    }
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
        w[i] = w[i - 16] + w[i - 7] + (ROTATE(a, 7) ^ ROTATE(a, 18) ^ a >> 3) +
               (ROTATE(b, 17) ^ ROTATE(b, 19) ^ b >> 10);
    }
    for (int i = 0; i < 8; i++)
        s[i] = hash[i];
    for (int i = 0; i < 64; i++) {
        uint32_t e = s[4], a = s[0];
        uint32_t t1 = s[7] + (ROTATE(e, 6) ^ ROTATE(e, 11) ^ ROTATE(e, 25)) + ((e & s[5]) ^ (~e & s[6])) +
                      constants[i] + w[i];
        uint32_t t2 = (ROTATE(a, 2) ^ ROTATE(a, 13) ^ ROTATE(a, 22)) + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
        s[7] = s[6];
        s[6] = s[5];
        s[5] = e;
        s[4] = s[3] + t1;
        s[3] = s[2];
        s[2] = s[1];
        s[1] = a;
        s[0] = t1 + t2;
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
        case 3:
            if (*d > s)
                at += 3;
            break;
        case 4: *d = *d * 5 + 1; break;
        case 5:
            if ((int32_t)*d < 0)
                *d = ~*d;
            break;
        case 6: *d = s & 0xFF ? *d >> 1 | *d << 31 : 1; break;
        default:
            if (s & 1)
                at ^= 0x55;
            break;
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

#elif WORKLOAD == 5 /* the Mandelbrot set in double precision: additions and multiplications, by the x87 unit or by \
                       SSE2 as it is compiled */

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

#elif WORKLOAD == 6 /* the linear frame buffer, 640x480 in bytes or 1024x768 in doublewords: filled dot by dot, \
                       filled, painted and scrolled by REP */

#if DEPTH == 32
enum { WIDTH = 1024, HEIGHT = 768, BYTES = 4, ROUNDS = 40 };
typedef uint32_t dot;
#else
enum { WIDTH = 640, HEIGHT = 480, BYTES = 1, ROUNDS = 100 };
typedef uint8_t dot;
#endif
enum { LINE = WIDTH * BYTES / 4 }; /* in doublewords */

static void out16(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static uint32_t pci_read(uint32_t address)
{
    uint32_t value;
    __asm__ volatile("movw $0xCF8, %%dx; movl %1, %%eax; outl %%eax, %%dx; movw $0xCFC, %%dx; inl %%dx, %0"
                     : "=&a"(value)
                     : "r"(address)
                     : "edx");
    return value;
}

/* Base address 0 of the display on PCI; without PCI Bochs' display interface has its frame buffer at E0000000h. */
static volatile dot *frame_buffer(void)
{
    for (uint32_t device = 0; device < 32; device++)
        if (pci_read(0x80000008 | device << 11) >> 16 == 0x0300)
            return (dot *)(pci_read(0x80000010 | device << 11) & ~15u);
    return (dot *)0xE0000000;
}

static void set_mode(uint16_t width, uint16_t height, uint16_t bits)
{
    const uint16_t registers[][2] = {{4, 0}, {1, width}, {2, height}, {3, bits}, {4, 0x41}};

    for (size_t i = 0; i < sizeof registers / sizeof *registers; i++) {
        out16(0x1CE, registers[i][0]);
        out16(0x1CF, registers[i][1]);
    }
}

static void rep_stosl(void *to, uint32_t value, uint32_t count)
{
    __asm__ volatile("rep stosl" : "+D"(to), "+c"(count) : "a"(value) : "memory");
}

static void rep_movsl(void *to, const void *from, uint32_t count)
{
    __asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
}

static uint32_t work(void)
{
    volatile dot *screen = frame_buffer();
    uint32_t sum = 0, *picture = (uint32_t *)0x200000;

    for (uint32_t i = 0; i < WIDTH * HEIGHT * BYTES / 4; i++)
        picture[i] = next_random();
    set_mode(WIDTH, HEIGHT, 8 * BYTES);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (uint32_t i = 0; i < WIDTH * HEIGHT; i++)
            screen[i] = (dot)(i * 257 + round);
        rep_stosl((void *)(screen + WIDTH * 100), round * 0x01010101, LINE * 50);
        rep_movsl((void *)(screen + WIDTH * 200), picture, LINE * 200);
        rep_movsl((void *)screen, (const void *)(screen + WIDTH * 8), LINE * (HEIGHT - 8));
        sum = sum * 31 + screen[round * 9973 % (WIDTH * HEIGHT)];
        stored += (2 * HEIGHT + 242) * LINE / 256;
    }
    return sum;
}

#elif WORKLOAD == 7 /* the planes of mode 12h, 640x480 in 16 colours: areas, a copy, dots, characters, by write modes \
                       0 to 3 */

static void set(uint16_t port, uint8_t index, uint8_t value)
{
    out8(port, index);
    out8(port + 1, value);
}

static void mode_12h(void)
{
    static const uint8_t sequencer[5] = {3, 1, 15, 0, 6}, graphics[9] = {0, 0, 0, 0, 0, 0, 5, 15, 255};
    static const uint8_t crtc[25] = {0x5F, 0x4F, 0x50, 0x82, 0x54, 0x80, 0x0B, 0x3E, 0,    0x40, 0,    0,   0,
                                     0,    0,    0,    0xEA, 0x8C, 0xDF, 0x28, 0,    0xE7, 4,    0xE3, 0xFF};

    out8(0x3C2, 0xE3);
    for (uint8_t i = 0; i < 5; i++)
        set(0x3C4, i, sequencer[i]);
    set(0x3D4, 0x11, 0);
    for (uint8_t i = 0; i < 25; i++)
        set(0x3D4, i, crtc[i]);
    for (uint8_t i = 0; i < 9; i++)
        set(0x3CE, i, graphics[i]);
    for (uint8_t i = 0; i < 21; i++) {
        in8(0x3DA);
        out8(0x3C0, i);
        out8(0x3C0, i < 16 ? i : i == 16 ? 1 : i == 18 ? 15 : 0);
    }
    out8(0x3C0, 0x20);
}

static uint32_t work(void)
{
    volatile uint8_t *screen = (uint8_t *)0xA0000;
    uint32_t sum = 0, bytes = 0;

    mode_12h();
    for (uint32_t round = 0; round < 60; round++) {
        set(0x3CE, 5, 0); /* write mode 0: an area in a colour by set/reset, doublewords at a time */
        set(0x3CE, 0, (uint8_t)(round & 15));
        set(0x3CE, 1, 15);
        for (uint32_t i = 0; i < 80 * 480 / 4; i++)
            ((volatile uint32_t *)screen)[i] = 0;
        set(0x3CE, 1, 0);
        set(0x3CE, 5, 2); /* 2: dots */
        for (uint32_t i = 0; i < 20000; i++) {
            uint32_t at = next_random();
            set(0x3CE, 8, (uint8_t)(0x80 >> (at & 7)));
            sum += screen[(at >> 3) % (80 * 480)];
            screen[(at >> 3) % (80 * 480)] = (uint8_t)(at >> 28);
        }
        set(0x3CE, 8, 0xFF);
        set(0x3CE, 5, 3); /* 3: characters */
        set(0x3CE, 0, (uint8_t)(~round & 15));
        for (uint32_t i = 0; i < 80 * 240; i++) {
            sum += screen[i];
            screen[i] = (uint8_t)next_random();
        }
        set(0x3CE, 5, 1); /* 1: eight lines up */
        for (uint32_t i = 0; i < 80 * 472; i++)
            screen[i] = screen[i + 640];
        bytes += 80 * 480 + 20000 + 80 * 240 + 80 * 472;
    }
    stored = bytes / 1024;
    return sum;
}

#elif WORKLOAD == 8 /* much code: functions that it writes first, each a loop; some are called often, others hardly \
                       ever */

enum { FUNCTIONS = 76000, BODY = 60, ROOM = 192, FIRST = 30, TRIPS = 300, CALLS = 400000 };

static uint8_t *put(uint8_t *at, uint8_t a, uint8_t b, uint8_t c)
{
    at[0] = a;
    at[1] = b;
    at[2] = c;
    return at + 3;
}

/* EBX points to data, ECX counts, EAX EDX ESI change. */
static void write_function(uint8_t *at)
{
    const uint8_t *start = at;

    for (uint32_t n = 0; n < BODY; n++) {
        uint8_t value = (uint8_t)(next_random() >> 24) & 0x7C;
        switch (next_random() >> 28 & 7) {
        case 0: at = put(at, 0x03, 0x43, value); break; /* add eax, [ebx+n] */
        case 1: at = put(at, 0x33, 0x53, value); break; /* xor edx, [ebx+n] */
        case 2: at = put(at, 0x2B, 0x73, value); break; /* sub esi, [ebx+n] */
        case 3: at = put(at, 0x89, 0x43, value); break; /* mov [ebx+n], eax */
        case 4: at = put(at, 0x6B, 0xC0, value); break; /* imul eax, eax, n */
        case 5: at = put(at, 0xC1, 0xC0, value); break; /* rol eax, n */
        case 6: at = put(at, 0x83, 0xC2, value); break; /* add edx, n */
        default: at = put(at, 0x8D, 0x34, 0x10); break; /* lea esi, [eax+edx] */
        }
    }
    at = put(at, 0x49, 0x0F, 0x85); /* dec ecx; jnz; ret */
    *(int32_t *)(void *)at = start - at - 4;
    at[4] = 0xC3;
}

static uint32_t work(void)
{
    uint8_t *data = (uint8_t *)0x100000, *functions = (uint8_t *)0x200000;
    uint32_t sum = 0;

    for (uint32_t n = 0; n < FUNCTIONS; n++)
        write_function(functions + n * ROOM);
    for (uint32_t n = 0; n < FUNCTIONS + CALLS; n++) { /* once each; then most calls go to a few */
        uint32_t r = next_random(), trips = n < FUNCTIONS ? FIRST : TRIPS, edx = n, esi = r;
        for (uint32_t i = 0; i < 4; i++)
            r = (uint32_t)((uint64_t)r * r >> 32);
        r = n < FUNCTIONS ? n : (uint32_t)((uint64_t)r * FUNCTIONS >> 32);
        __asm__ volatile("call *%[function]"
                         : "+a"(sum), "+c"(trips), "+d"(edx), "+S"(esi)
                         : "b"(data), [function] "D"(functions + r * ROOM)
                         : "memory", "cc");
        sum += edx ^ esi;
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
    struct {
        uint16_t limit;
        uint32_t base;
    } __attribute__((packed)) idtr = {0x7FF, 0x300000};

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
                     :
                     : "m"(idtr), "r"(directory)
                     : "eax", "memory");
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
