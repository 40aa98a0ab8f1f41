/* rom.h - what every file of the firmware shares: memory as 16-bit code sees it, ports, interrupt frames.
 *
 * The C code is compiled for real mode with 32-bit registers (gcc -m16). While it runs, the entry code in frame.S keeps
 *
 *   SS = DS = ES   the stack of the caller, so that pointers to local variables are plain pointers
 *   CS = FS        this ROM; tables and strings are ROM objects, read by rom_get()
 *   GS = 0         interrupt vectors and BIOS data area, read and written by low_get8() and its kin
 *
 * and reaches other segments with the far_ functions. There is no writable static data; the linker scripts refuse any,
 * and refuse constants outside the ROM address space.
 *
 * The compiler never accesses either segment by itself: gcc 12 loses the segment of a table whose reader it inlines. It
 * computes addresses; each access is an assembler template that names its segment. ROM marks the type, so that a ROM
 * address is no plain pointer by mistake. tests/firmware_segments.py looks at every object for an access without. */
#ifndef BIOS_ROM_H
#define BIOS_ROM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROM __seg_fs
#define ROM_DATA const ROM __attribute__((section(".rom"))) /* static ROM_DATA type name = ...; */
#define ARRAY_LENGTH(a) (sizeof(a) / sizeof((a)[0]))

#define ROM_SEGMENT 0xF000
#define VGA_SEGMENT 0xC000

enum { FLAG_CF = 0x0001, FLAG_ZF = 0x0040, FLAG_IF = 0x0200 };

/* A general register by its three names. */
#define REGISTER(r) \
    union { \
        uint32_t e##r##x; \
        uint16_t r##x; \
        struct { \
            uint8_t r##l, r##h; \
        }; \
    }
#define INDEX_REGISTER(x) \
    union { \
        uint32_t e##x; \
        uint16_t x; \
    }

/* The caller's registers, as the service entry in frame.S lays them on the stack. What is changed here, the caller
 * gets. */
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

/* The same with AX alone, for calls that return nothing. */
static inline void soft_int_ax(uint8_t vector, uint16_t ax)
{
    struct call call = {.ax = ax};
    soft_int(vector, &call);
}

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

static inline uint32_t inl(uint16_t port)
{
    uint32_t v;
    asm volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
    return v;
}

static inline uint16_t inw(uint16_t port)
{
    uint16_t v;
    asm volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
    return v;
}

static inline void outl(uint16_t port, uint32_t v)
{
    asm volatile("outl %0, %1" : : "a"(v), "Nd"(port));
}

/* Bytes from the stack to a port, by one instruction: where ports are trapped it is one trap. */
static inline void outsb(uint16_t port, const void *from, uint32_t bytes)
{
    asm volatile("rep outsb" : "+S"(from), "+c"(bytes) : "d"(port) : "memory");
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

/* rom_get8(address) and its kin: one access of so many bits, at a 32-bit offset in the segment. */
#define SEGMENT_GET(name, segment, bits, suffix, constraint) \
    static inline uint##bits##_t name##_get##bits(uint32_t address) \
    { \
        uint##bits##_t v; \
        asm volatile("mov" suffix " %%" segment ":%a1, %0" : constraint(v) : "p"(address)); \
        return v; \
    }
#define SEGMENT_PUT(name, segment, bits, suffix, constraint) \
    static inline void name##_put##bits(uint32_t address, uint##bits##_t v) \
    { \
        asm volatile("mov" suffix " %1, %%" segment ":%a0" : : "p"(address), constraint(v)); \
    }
/* clang-format off */
SEGMENT_GET(rom, "fs", 8, "b", "=q")
SEGMENT_GET(rom, "fs", 16, "w", "=r")
SEGMENT_GET(rom, "fs", 32, "l", "=r")
SEGMENT_GET(low, "gs", 8, "b", "=q")
SEGMENT_GET(low, "gs", 16, "w", "=r")
SEGMENT_GET(low, "gs", 32, "l", "=r")
SEGMENT_PUT(low, "gs", 8, "b", "qi")
SEGMENT_PUT(low, "gs", 16, "w", "ri")
SEGMENT_PUT(low, "gs", 32, "l", "ri")
/* clang-format on */

/* The accessor for a size in bytes: BY_SIZE(rom_get, 2) is rom_get16. */
#define BY_SIZE(name, bytes) \
    __builtin_choose_expr((bytes) == 1, name##8, __builtin_choose_expr((bytes) == 2, name##16, name##32))

/* The value of a ROM object, or of a field or an element of one: rom_get(table[i].field). */
#define rom_get(object) BY_SIZE(rom_get, sizeof(object))((uint32_t) & (object))

static inline uint16_t vector_segment(uint8_t n)
{
    return low_get16(n * 4 + 2);
}

static inline uint16_t vector_offset(uint8_t n)
{
    return low_get16(n * 4);
}

static inline void set_vector(uint8_t n, uint16_t segment, uint16_t offset)
{
    low_put32(n * 4, (uint32_t)segment << 16 | offset);
}

/* A byte in any segment at a 32-bit offset: also for code that runs in 32-bit segments, where util.c is not to be
 * had. */
static inline uint8_t segment_get8(uint16_t segment, uint32_t offset)
{
    uint8_t v;
    asm volatile("pushw %%es; movw %w1, %%es; movb %%es:(%2), %0; popw %%es"
                 : "=q"(v)
                 : "r"(segment), "r"(offset)
                 : "memory");
    return v;
}

static inline void segment_put8(uint16_t segment, uint32_t offset, uint8_t v)
{
    asm volatile("pushw %%es; movw %w0, %%es; movb %1, %%es:(%2); popw %%es"
                 :
                 : "r"(segment), "q"(v), "r"(offset)
                 : "memory");
}

/* The same for a whole object, into one of that type. */
#define rom_read(to, object) rom_copy(to, (uint32_t) & (object), sizeof(object))
void rom_copy(void *to, uint32_t from, uint16_t bytes); /* util.c */

/* util.c: memory in any segment. Offsets wrap at 64 KiB as they do for 16-bit code. */
uint8_t far_get8(uint16_t segment, uint16_t offset);
uint16_t far_get16(uint16_t segment, uint16_t offset);
void far_put8(uint16_t segment, uint16_t offset, uint8_t v);
void far_put16(uint16_t segment, uint16_t offset, uint16_t v);
void far_copy(uint16_t to_segment, uint16_t to, uint16_t from_segment, uint16_t from, uint16_t bytes);
void far_copy16(uint16_t to_segment, uint16_t to, uint16_t from_segment, uint16_t from, uint16_t words);
void far_fill16(uint16_t segment, uint16_t to, uint16_t v, uint16_t words);
uint8_t far_sum(uint16_t segment, uint16_t at, uint16_t bytes);
void far_read(void *to, uint16_t segment, uint16_t offset, uint16_t bytes);
void far_write(uint16_t segment, uint16_t offset, const void *from, uint16_t bytes);

/* util.c: time without interrupts. Bit 4 of port 61h changes with every refresh request, each 15 µs. */
struct timeout {
    uint32_t left;
    uint8_t phase;
};

void timeout_start(struct timeout *t, uint32_t milliseconds);
bool timeout_expired(struct timeout *t);
void delay(uint32_t milliseconds);

#endif
