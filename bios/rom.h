/* rom.h - what every file of the firmware shares: memory as 16-bit code sees it, ports, interrupt frames.
 *
 * The C code is compiled for real mode with 32-bit registers (gcc -m16). While it runs, the entry code in frame.S keeps
 *
 *   SS = DS = ES   the stack of the caller, so that pointers to local variables are plain pointers
 *   CS = FS        this ROM; tables and strings are ROM objects, read through FS
 *   GS = 0         interrupt vectors and BIOS data area, LOW objects
 *
 * and reaches other segments with the far_ functions. There is no writable static data; the linker scripts refuse any,
 * and refuse constants outside the ROM address space. The compiler checks the rest by type. */
#ifndef BIOS_ROM_H
#define BIOS_ROM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROM __seg_fs
#define LOW __seg_gs
#define ROM_DATA const ROM __attribute__((section(".rom")))    /* static ROM_DATA type name = ...; */
#define ARRAY_LENGTH(a) (sizeof(a) / sizeof((a)[0]))

#define ROM_SEGMENT  0xF000
#define VGA_SEGMENT  0xC000

enum { FLAG_CF = 0x0001, FLAG_ZF = 0x0040, FLAG_IF = 0x0200 };

/* A general register by its three names. */
#define REGISTER(r) union { uint32_t e##r##x; uint16_t r##x; struct { uint8_t r##l, r##h; }; }
#define INDEX_REGISTER(x) union { uint32_t e##x; uint16_t x; }

/* The caller's registers, as the service entry in frame.S lays them on the stack. What is changed here, the caller gets. */
struct regs {
    uint16_t gs, fs, es, ds;
    INDEX_REGISTER(di);
    INDEX_REGISTER(si);
    INDEX_REGISTER(bp);
    uint32_t esp_unused;
    REGISTER(b);
    REGISTER(d);
    REGISTER(c);
    REGISTER(a);
    uint16_t handler, ip, cs, flags;
} __attribute__((packed));

_Static_assert(sizeof(struct regs) == 48, "frame.S builds this structure");

/* Registers for an interrupt that the firmware itself calls. */
struct call {
    REGISTER(a);
    REGISTER(b);
    REGISTER(c);
    REGISTER(d);
    INDEX_REGISTER(si);
    INDEX_REGISTER(di);
    uint16_t es, flags;
};

/* Executes INT `vector` with the registers of `call` and stores what it returns, flags included (frame.S). */
void soft_int(uint8_t vector, struct call *call);

static inline void set_cf(struct regs *r)
{
    r->flags |= FLAG_CF;
}

static inline void clear_cf(struct regs *r)
{
    r->flags &= ~FLAG_CF;
}

/* The usual convention of a service: AH is the status, CF says that it is an error. */
static inline void return_status(struct regs *r, uint8_t status)
{
    r->ah = status;
    r->flags = (r->flags & ~FLAG_CF) | (status ? FLAG_CF : 0);
}

static inline uint8_t inb(uint16_t port)
{
    uint8_t v;
    asm volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
    return v;
}

static inline void outb(uint16_t port, uint8_t v)
{
    asm volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

static inline void outw(uint16_t port, uint16_t v)
{
    asm volatile("outw %0, %1" : : "a"(v), "Nd"(port));
}

static inline void interrupts_on(void)
{
    asm volatile("sti" : : : "memory");
}

static inline void interrupts_off(void)
{
    asm volatile("cli" : : : "memory");
}

/* STI delays interrupts by one instruction: between a check made with interrupts off and this HLT none is lost. */
static inline void wait_for_interrupt(void)
{
    asm volatile("sti; hlt; cli" : : : "memory");
}

static inline uint16_t vector_segment(uint8_t n)
{
    return ((LOW uint16_t *)0)[n * 2 + 1];
}

static inline uint16_t vector_offset(uint8_t n)
{
    return ((LOW uint16_t *)0)[n * 2];
}

static inline void set_vector(uint8_t n, uint16_t segment, uint16_t offset)
{
    ((LOW uint32_t *)0)[n] = (uint32_t)segment << 16 | offset;
}

/* A byte in any segment at a 32-bit offset: also for code that runs in 32-bit segments, where util.c is not to be had. */
static inline uint8_t segment_get8(uint16_t segment, uint32_t offset)
{
    uint8_t v;
    asm volatile("pushw %%es; movw %w1, %%es; movb %%es:(%2), %0; popw %%es" : "=q"(v) : "r"(segment), "r"(offset) : "memory");
    return v;
}

static inline void segment_put8(uint16_t segment, uint32_t offset, uint8_t v)
{
    asm volatile("pushw %%es; movw %w0, %%es; movb %1, %%es:(%2); popw %%es" : : "r"(segment), "q"(v), "r"(offset) : "memory");
}

/* util.c: memory in any segment. Offsets wrap at 64 KiB as they do for 16-bit code. */
uint8_t  far_get8(uint16_t segment, uint16_t offset);
uint16_t far_get16(uint16_t segment, uint16_t offset);
void     far_put8(uint16_t segment, uint16_t offset, uint8_t v);
void     far_put16(uint16_t segment, uint16_t offset, uint16_t v);
void     far_copy(uint16_t to_segment, uint16_t to, uint16_t from_segment, uint16_t from, uint16_t bytes);
void     far_copy16(uint16_t to_segment, uint16_t to, uint16_t from_segment, uint16_t from, uint16_t words);
void     far_fill16(uint16_t segment, uint16_t to, uint16_t v, uint16_t words);
uint8_t  far_sum(uint16_t segment, uint16_t at, uint16_t bytes);
void     far_read(void *to, uint16_t segment, uint16_t offset, uint16_t bytes);
void     far_write(uint16_t segment, uint16_t offset, const void *from, uint16_t bytes);

/* util.c: time without interrupts. Bit 4 of port 61h changes with every refresh request, each 15 µs. */
struct timeout {
    uint32_t left;
    uint8_t  phase;
};

void timeout_start(struct timeout *t, uint32_t milliseconds);
bool timeout_expired(struct timeout *t);
void delay(uint32_t milliseconds);

#endif
