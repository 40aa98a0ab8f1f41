/* linuxuser.c - runs a static Linux program for the i386 on processor and memory alone: the instruction tests of QEMU
 * and Valgrind.
 *
 *     linuxuser [-v] PROGRAM [WORD ...]
 *
 * The program runs in ring 3, in flat segments with the selectors that Linux gives on x86-64, and in pages of its own:
 * what it has not mapped raises #PF. Every gate of the IDT leads to a HLT in ring 0. There the processor stops; what
 * had happened is seen from where it stands and from the frame on the ring 0 stack, and is answered here as Linux would
 * - a system call, or a signal - and an IRET takes the processor back.
 *
 * The few system calls are those that a static program of glibc needs; an unknown one fails with ENOSYS, and -v names
 * it. Signals are delivered without floating-point state, and masks are not kept. The program's standard output and
 * error are ours, and so is its exit status; killed by signal N, it is 128 + N. */
#include <inttypes.h>
#include <string.h>

#include "emu/endian.h"
#include "tests/bare.h"

#define PROGRAM_LIMIT (64u << 20)
#define TICKS UINT64_C(20000000000)

/* clang-format off */
/* Addresses; physical ones are the same. */
enum {
    SYSTEM_BEGIN = 0x800000, AT_GDT = SYSTEM_BEGIN, AT_IDT = 0x801000, AT_TSS = 0x802000, AT_STACK_0 = 0x804000, AT_HANDLERS = 0x805000,
    AT_START = 0x806000, AT_IRET = 0x806002, AT_LDT = 0x810000, AT_DIRECTORY = 0x820000, AT_TABLES = 0x900000, SYSTEM_END = 0xA00000,
    USER_BEGIN = 0x1000000, MAPPINGS = 0xA000000, STACK_BOTTOM = 0xE000000, USER_END = 0xF000000, RAM_SIZE = 0x10000000
};

/* Selectors; the user's are those of Linux on x86-64. */
enum {
    KERNEL_CODE = 0x08, KERNEL_DATA = 0x10, KERNEL_TSS = 0x18, USER_CODE = 0x23, USER_DATA = 0x2B, KERNEL_LDT = 0x38, TLS_FIRST = 12, GDT_ENTRIES = 16,
    LDT_ENTRIES = 8192
};
/* clang-format on */

enum { PAGE_PRESENT = 1, PAGE_WRITABLE = 2, PAGE_USER = 4, PAGE_DATA = PAGE_PRESENT | PAGE_WRITABLE | PAGE_USER };

/* Linux: signals, and the codes of siginfo */
enum { SIGILL = 4, SIGTRAP = 5, SIGBUS = 7, SIGFPE = 8, SIGSEGV = 11, SIGNALS = 65 };
enum { SI_KERNEL = 0x80 };
enum { ENOENT = 2, EBADF = 9, ENOMEM = 12, EFAULT = 14, EINVAL = 22, ENOTTY = 25, ENOSYS = 38 };

struct handler {
    uint32_t function, flags, restorer;
};

/* The user's registers at the entry to ring 0: the frame that the processor pushed. */
struct process_frame {
    uint32_t at; /* of EIP on the ring 0 stack */
    uint32_t vector, error;
};

struct guest {
    struct bare bare;
    uint32_t break_first, break_now, mappings_end;
    struct handler handlers[SIGNALS];
    bool verbose, done;
    int status;
};

/* --- The program's memory --- */

static uint32_t peek32(const struct guest *g, uint32_t address)
{
    return load32(g->bare.memory.ram + address);
}

static void poke(struct guest *g, uint32_t address, uint32_t value, unsigned size)
{
    memory_write(&g->bare.memory, address, value, size);
}

static uint32_t page_entry(uint32_t address)
{
    return AT_TABLES + (address >> 12) * 4;
}

static uint32_t page_up(uint32_t length)
{
    return (length + PAGE_MASK) & ~PAGE_MASK;
}

/* Whether these bytes are the program's. */
static bool owned(const struct guest *g, uint32_t address, uint32_t length)
{
    if (address < USER_BEGIN || address > USER_END || length > USER_END - address)
        return false;
    for (uint32_t page = address & ~PAGE_MASK; page < address + length; page += PAGE_SIZE)
        if (!(peek32(g, page_entry(page)) & PAGE_PRESENT))
            return false;
    return true;
}

/* Maps or (rights 0) unmaps pages. Those that are new are empty. */
static bool map(struct guest *g, uint32_t address, uint32_t length, unsigned rights)
{
    static const uint8_t nothing[PAGE_SIZE];

    if (address % PAGE_SIZE || address < USER_BEGIN || address > USER_END || length > USER_END - address)
        return false;
    for (uint32_t page = address; page < address + length; page += PAGE_SIZE) {
        bool present = peek32(g, page_entry(page)) & PAGE_PRESENT;
        if (rights && !present)
            memory_write_block(&g->bare.memory, page, nothing, PAGE_SIZE);
        poke(g, page_entry(page), rights ? page | rights : 0, 4);
    }
    return true;
}

/* --- Tables of the processor --- */

static void put_gate(struct guest *g, unsigned vector, unsigned dpl)
{
    uint32_t handler = AT_HANDLERS + vector;

    poke(g, AT_IDT + 8 * vector, (uint32_t)KERNEL_CODE << 16 | (handler & 0xFFFF), 4);
    poke(g, AT_IDT + 8 * vector + 4, 0x8E00 | dpl << 13 | (handler & 0xFFFF0000), 4);
}

static void put_descriptor(struct guest *g, uint32_t at, uint32_t low, uint32_t high)
{
    poke(g, at, low, 4);
    poke(g, at + 4, high, 4);
}

/* A system descriptor: TSS or LDT. */
static void put_system_descriptor(struct guest *g, unsigned selector, uint32_t base, uint32_t limit, unsigned type)
{
    put_descriptor(g, AT_GDT + selector, base << 16 | limit,
                   (base & 0xFF000000) | (base >> 16 & 0xFF) | 0x8000 | type << 8);
}

static void put_tables(struct guest *g)
{
    put_descriptor(g, AT_GDT + KERNEL_CODE, 0xFFFF, 0xCF9B00);
    put_descriptor(g, AT_GDT + KERNEL_DATA, 0xFFFF, 0xCF9300);
    put_descriptor(g, AT_GDT + (USER_CODE & ~3), 0xFFFF, 0xCFFB00);
    put_descriptor(g, AT_GDT + (USER_DATA & ~3), 0xFFFF, 0xCFF300);
    put_system_descriptor(g, KERNEL_TSS, AT_TSS, 0x67, 11);
    put_system_descriptor(g, KERNEL_LDT, AT_LDT, 8 * LDT_ENTRIES - 1, 2);
    poke(g, AT_TSS + 4, AT_STACK_0, 4);
    poke(g, AT_TSS + 8, KERNEL_DATA, 4);
    poke(g, AT_TSS + 0x66, 0x68, 2); /* no I/O permission map */
    for (unsigned vector = 0; vector < 256; vector++) {
        put_gate(g, vector, vector == EXC_BP || vector == EXC_OF || vector == 0x80 ? 3 : 0);
        poke(g, AT_HANDLERS + vector, 0xF4, 1);
    }
    poke(g, AT_START, 0xCFE3DB, 4); /* FNINIT, IRET */
    for (uint32_t table = 0; table < RAM_SIZE >> 22; table++)
        poke(g, AT_DIRECTORY + 4 * table, (AT_TABLES + PAGE_SIZE * table) | PAGE_DATA, 4);
    for (uint32_t page = SYSTEM_BEGIN; page < SYSTEM_END; page += PAGE_SIZE)
        poke(g, page_entry(page), page | PAGE_PRESENT | PAGE_WRITABLE, 4);
}

static void set_segment(struct cpu *cpu, unsigned n, uint16_t selector, uint16_t rights)
{
    cpu->seg[n] = (struct segment){.limit = UINT32_MAX, .selector = selector, .rights = rights};
    segment_derive(&cpu->seg[n]);
}

/* Ring 0, as if it had come from user mode: the frame of enter_user stands at the top of its stack. */
static void set_processor(struct guest *g)
{
    struct cpu *cpu = &g->bare.cpu;

    cpu->gdtr = (struct table_register){AT_GDT, 8 * GDT_ENTRIES - 1};
    cpu->idtr = (struct table_register){AT_IDT, 0x7FF};
    cpu->tr = (struct segment){.base = AT_TSS, .limit = 0x67, .selector = KERNEL_TSS, .rights = 0x8B};
    cpu->ldtr = (struct segment){.base = AT_LDT, .limit = 8 * LDT_ENTRIES - 1, .selector = KERNEL_LDT, .rights = 0x82};
    cpu->cr3 = AT_DIRECTORY;
    cpu->cr4 = CR4_OSFXSR | CR4_OSXMMEXCPT;
    cpu->cr0 = CR0_PG | CR0_AM | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE;
    set_segment(cpu, SEG_CS, KERNEL_CODE, 0xC09B);
    set_segment(cpu, SEG_SS, KERNEL_DATA, 0xC093);
    set_segment(cpu, SEG_DS, USER_DATA, 0xC0F3);
    set_segment(cpu, SEG_ES, USER_DATA, 0xC0F3);
    cpu->seg[SEG_FS] = cpu->seg[SEG_GS] = (struct segment){0};
    segment_derive(&cpu->seg[SEG_FS]);
    segment_derive(&cpu->seg[SEG_GS]);
    for (unsigned r = 0; r < 8; r++)
        cpu->reg[r] = 0; /* EDX: nothing to register with atexit */
    mmu_flush(cpu);
    cpu_mode_changed(cpu);
}

/* --- Loading (System V ABI, Intel386 supplement) --- */

static void bad_program(const char *path, const char *why)
{
    fprintf(stderr, "linuxuser: %s: %s\n", path, why);
    exit(3);
}

static void load_segment(struct guest *g, const uint8_t *elf, size_t size, const uint8_t *header, const char *path)
{
    uint32_t offset = load32(header + 4), address = load32(header + 8), in_file = load32(header + 16),
             in_memory = load32(header + 20);
    uint32_t first = address & ~PAGE_MASK;

    if (offset > size || in_file > size - offset || in_file > in_memory || in_memory > USER_END ||
        address < USER_BEGIN || address > USER_END - in_memory)
        bad_program(path, "a segment lies outside of the file or of memory");
    /* Writable, as the tests modify code; a segment begins where another may have ended. */
    map(g, first, page_up(address - first + in_memory), PAGE_DATA);
    memory_write_block(&g->bare.memory, address, elf + offset, in_file);
    if (g->break_first < page_up(address + in_memory))
        g->break_first = page_up(address + in_memory);
}

/* What the auxiliary vector tells of the program. */
struct entry {
    uint32_t point, headers, header_count;
};

static struct entry load_program(struct guest *g, const char *path)
{
    size_t size;
    uint8_t *elf = bare_read_file("linuxuser", path, PROGRAM_LIMIT, &size);
    struct entry entry = {0};

    if (size < 52 || memcmp(elf, "\177ELF\1\1", 6) || load16(elf + 16) != 2 || load16(elf + 18) != 3)
        bad_program(path, "is no static program for the i386");
    uint32_t table = load32(elf + 28), count = load16(elf + 44);
    if (load16(elf + 42) != 32 || table > size || count > (size - table) / 32)
        bad_program(path, "its table of segments lies outside of the file");
    entry.point = load32(elf + 24);
    entry.header_count = count;
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *header = elf + table + 32 * i;
        if (load32(header) != 1) /* PT_LOAD */
            continue;
        load_segment(g, elf, size, header, path);
        if (load32(header + 4) <= table && table - load32(header + 4) < load32(header + 16))
            entry.headers = load32(header + 8) + table - load32(header + 4);
    }
    free(elf);
    g->break_now = g->break_first;
    return entry;
}

static uint32_t put_text(struct guest *g, uint32_t *stack, const char *text)
{
    uint32_t length = (uint32_t)strlen(text) + 1;

    *stack -= length;
    memory_write_block(&g->bare.memory, *stack, (const uint8_t *)text, length);
    return *stack;
}

/* Words, no environment, auxiliary vector. Returns ESP. */
static uint32_t put_stack(struct guest *g, const struct entry *entry, int words, char **word)
{
    enum {
        AT_NULL,
        AT_PHDR = 3,
        AT_PHENT = 4,
        AT_PHNUM = 5,
        AT_PAGESZ = 6,
        AT_ENTRY = 9,
        AT_SECURE = 23,
        AT_RANDOM = 25
    };
    uint32_t top = USER_END, random, pointers[32];
    /* clang-format off */
    const uint32_t vector[][2] = {
        {AT_PHDR, entry->headers}, {AT_PHENT, 32}, {AT_PHNUM, entry->header_count}, {AT_PAGESZ, PAGE_SIZE}, {AT_ENTRY, entry->point}, {AT_SECURE, 0},
        {AT_RANDOM, 0}, {AT_NULL, 0},
    };
    /* clang-format on */
    uint32_t entries = sizeof vector / sizeof *vector;

    map(g, STACK_BOTTOM, USER_END - STACK_BOTTOM, PAGE_DATA);
    random = put_text(g, &top, "sixteen letters");
    words = words < 32 ? words : 32;
    for (int i = 0; i < words; i++)
        pointers[i] = put_text(g, &top, word[i]);
    uint32_t stack = (top & ~15u) - ((4 * (1 + (uint32_t)words + 2) + 8 * entries + 15) & ~15u), at = stack;
    poke(g, at, (uint32_t)words, 4);
    for (int i = 0; i < words; i++)
        poke(g, at += 4, pointers[i], 4);
    at += 12; /* the ends of words and environment */
    for (uint32_t i = 0; i < entries; i++, at += 8) {
        poke(g, at, vector[i][0], 4);
        poke(g, at + 4, vector[i][0] == AT_RANDOM ? random : vector[i][1], 4);
    }
    return stack;
}

/* --- Descriptors for the program: set_thread_area and modify_ldt (arch/x86, struct user_desc) --- */

struct user_descriptor {
    uint32_t number, base, limit, flags;
};

static struct user_descriptor user_descriptor(const struct guest *g, uint32_t at)
{
    return (struct user_descriptor){peek32(g, at), peek32(g, at + 4), peek32(g, at + 8), peek32(g, at + 12)};
}

static void put_user_descriptor(struct guest *g, uint32_t at, const struct user_descriptor *d)
{
    bool wide = d->flags & 1, read_only = d->flags & 8, pages = d->flags & 16, absent = d->flags & 32,
         usable = d->flags & 64;
    unsigned contents = d->flags >> 1 & 3;
    uint32_t type = 0x70 | contents << 2 | (read_only ? 0 : 2) | (absent ? 0 : 0x80);

    if (d->base == 0 && d->limit == 0 && (d->flags & 0x7F) == 0x28) { /* cleared */
        put_descriptor(g, at, 0, 0);
        return;
    }
    put_descriptor(g, at, d->base << 16 | (d->limit & 0xFFFF),
                   (d->base & 0xFF000000) | (d->base >> 16 & 0xFF) | (d->limit & 0xF0000) | (type | 1) << 8 |
                       (wide ? 0x400000 : 0) | (pages ? 0x800000 : 0) | (usable ? 0x100000 : 0));
}

static uint32_t set_thread_area(struct guest *g, uint32_t at)
{
    if (!owned(g, at, 16))
        return (uint32_t)-EFAULT;
    struct user_descriptor d = user_descriptor(g, at);
    if (d.number == UINT32_MAX)
        d.number = TLS_FIRST;
    if (d.number < TLS_FIRST || d.number >= TLS_FIRST + 3)
        return (uint32_t)-EINVAL;
    poke(g, at, d.number, 4);
    put_user_descriptor(g, AT_GDT + 8 * d.number, &d);
    return 0;
}

static uint32_t modify_ldt(struct guest *g, uint32_t function, uint32_t at, uint32_t length)
{
    if (function == 0 && length <= 8 * LDT_ENTRIES && owned(g, at, length)) {
        memory_write_block(&g->bare.memory, at, g->bare.memory.ram + AT_LDT, length);
        return length;
    }
    if ((function != 1 && function != 0x11) || length != 16 || !owned(g, at, 16))
        return (uint32_t)-EINVAL;
    struct user_descriptor d = user_descriptor(g, at);
    if (d.number >= LDT_ENTRIES)
        return (uint32_t)-EINVAL;
    if (function == 1)
        d.flags &= ~(uint32_t)64; /* the old function leaves AVL clear */
    put_user_descriptor(g, AT_LDT + 8 * d.number, &d);
    return 0;
}

/* --- Signals --- */

/* clang-format off */
/* The frame that a handler is entered with, from its stack pointer up. */
enum {
    FRAME_RETURN = 0, FRAME_SIGNAL = 4, FRAME_INFO_POINTER = 8, FRAME_CONTEXT_POINTER = 12, FRAME_INFO = 16, FRAME_CONTEXT = FRAME_INFO + 128,
    FRAME_REGISTERS = FRAME_CONTEXT + 20, FRAME_MASK = FRAME_REGISTERS + 88, FRAME_SIZE = FRAME_MASK + 128
};
/* clang-format on */

/* Where struct sigcontext has the general registers, by their numbers: EAX ECX EDX EBX ESP EBP ESI EDI. */
static const uint8_t context_register[8] = {44, 40, 36, 32, 28, 24, 20, 16};
/* clang-format off */
enum {
    CONTEXT_GS = 0, CONTEXT_FS = 4, CONTEXT_ES = 8, CONTEXT_DS = 12, CONTEXT_VECTOR = 48, CONTEXT_ERROR = 52, CONTEXT_EIP = 56, CONTEXT_CS = 60,
    CONTEXT_FLAGS = 64, CONTEXT_ESP = 68, CONTEXT_SS = 72, CONTEXT_CR2 = 84
};
/* clang-format on */
static const uint8_t context_segment[4][2] = {
    {CONTEXT_GS, SEG_GS}, {CONTEXT_FS, SEG_FS}, {CONTEXT_ES, SEG_ES}, {CONTEXT_DS, SEG_DS}};

/* What Linux makes of an exception. */
struct signal {
    int number, code;
    uint32_t address;
};

static struct signal signal_for(struct guest *g, const struct process_frame *f)
{
    struct cpu *cpu = &g->bare.cpu;
    uint32_t eip = peek32(g, f->at);

    switch (f->vector) {
    case EXC_DE: return (struct signal){SIGFPE, 1, eip};
    case EXC_DB: return (struct signal){SIGTRAP, cpu->dr[6] & 0x4000 ? 2 : 1, eip};
    case EXC_BP: return (struct signal){SIGTRAP, SI_KERNEL, 0};
    case EXC_UD: return (struct signal){SIGILL, 2, eip};
    case EXC_NP:
    case EXC_SS: return (struct signal){SIGBUS, SI_KERNEL, 0};
    case EXC_AC: return (struct signal){SIGBUS, 1, 0};
    case EXC_PF: return (struct signal){SIGSEGV, f->error & 1 ? 2 : 1, cpu->cr2};
    case EXC_MF:
    case EXC_XM: return (struct signal){SIGFPE, 0, eip};
    default: return (struct signal){SIGSEGV, SI_KERNEL, 0};
    }
}

static void save_context(struct guest *g, uint32_t at, const struct process_frame *f)
{
    struct cpu *cpu = &g->bare.cpu;
    uint32_t esp = peek32(g, f->at + 12);

    for (unsigned i = 0; i < 4; i++)
        poke(g, at + context_segment[i][0], cpu->seg[context_segment[i][1]].selector, 4);
    for (unsigned r = 0; r < 8; r++)
        poke(g, at + context_register[r], r == ESP ? esp : cpu->reg[r], 4);
    poke(g, at + CONTEXT_VECTOR, f->vector, 4);
    poke(g, at + CONTEXT_ERROR, f->error, 4);
    poke(g, at + CONTEXT_EIP, peek32(g, f->at), 4);
    poke(g, at + CONTEXT_CS, peek32(g, f->at + 4), 4);
    poke(g, at + CONTEXT_FLAGS, peek32(g, f->at + 8), 4);
    poke(g, at + CONTEXT_ESP, esp, 4);
    poke(g, at + CONTEXT_SS, peek32(g, f->at + 16), 4);
    poke(g, at + CONTEXT_CR2, cpu->cr2, 4);
}

static void kill_program(struct guest *g, const struct process_frame *f, const struct signal *s)
{
    fflush(stdout);
    fprintf(stderr, "linuxuser: signal %d: vector %u, error %04X, address %08X, CS:EIP %04X:%08X\n", s->number,
            (unsigned)f->vector, (unsigned)f->error, (unsigned)s->address, (unsigned)peek32(g, f->at + 4),
            (unsigned)peek32(g, f->at));
    g->done = true;
    g->status = 128 + s->number;
}

/* Enters the handler, in the frame that Linux builds for SA_SIGINFO; those without get the same, of which they read the
 * number. */
static void deliver(struct guest *g, const struct process_frame *f)
{
    struct cpu *cpu = &g->bare.cpu;
    struct signal s = signal_for(g, f);
    const struct handler *h = &g->handlers[s.number];
    uint32_t at = ((peek32(g, f->at + 12) - FRAME_SIZE) & ~15u) - 4;

    if (h->function < 2 || !owned(g, at, FRAME_SIZE)) {
        kill_program(g, f, &s);
        return;
    }
    for (uint32_t i = 0; i < FRAME_SIZE; i += 4)
        poke(g, at + i, 0, 4);
    poke(g, at + FRAME_RETURN, h->restorer, 4);
    poke(g, at + FRAME_SIGNAL, (uint32_t)s.number, 4);
    poke(g, at + FRAME_INFO_POINTER, at + FRAME_INFO, 4);
    poke(g, at + FRAME_CONTEXT_POINTER, at + FRAME_CONTEXT, 4);
    poke(g, at + FRAME_INFO, (uint32_t)s.number, 4);
    poke(g, at + FRAME_INFO + 8, (uint32_t)s.code, 4);
    poke(g, at + FRAME_INFO + 12, s.address, 4);
    save_context(g, at + FRAME_REGISTERS, f);
    set_segment(cpu, SEG_DS, USER_DATA, 0xC0F3);
    set_segment(cpu, SEG_ES, USER_DATA, 0xC0F3);
    cpu->reg[EAX] = (uint32_t)s.number;
    cpu->reg[EDX] = at + FRAME_INFO;
    cpu->reg[ECX] = at + FRAME_CONTEXT;
    poke(g, f->at, h->function, 4);
    poke(g, f->at + 4, USER_CODE, 4);
    poke(g, f->at + 8, peek32(g, f->at + 8) & ~(uint32_t)(FLAG_TF | FLAG_DF | FLAG_RF), 4);
    poke(g, f->at + 12, at, 4);
    poke(g, f->at + 16, USER_DATA, 4);
}

/* sigreturn and rt_sigreturn: at is what the handler was entered with. */
static uint32_t leave_handler(struct guest *g, const struct process_frame *f, uint32_t at)
{
    const uint32_t changeable = FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_TF | FLAG_DF | FLAG_OF |
                                FLAG_RF | FLAG_AC;
    struct cpu *cpu = &g->bare.cpu;

    if (!owned(g, at, FRAME_SIZE))
        return (uint32_t)-EFAULT;
    at += FRAME_REGISTERS;
    for (unsigned i = 0; i < 4; i++)
        segment_load(cpu, NULL, context_segment[i][1], (uint16_t)peek32(g, at + context_segment[i][0]));
    for (unsigned r = 0; r < 8; r++)
        if (r != ESP)
            cpu->reg[r] = peek32(g, at + context_register[r]);
    poke(g, f->at, peek32(g, at + CONTEXT_EIP), 4);
    poke(g, f->at + 4, peek32(g, at + CONTEXT_CS) | 3, 4);
    poke(g, f->at + 8, (peek32(g, f->at + 8) & ~changeable) | (peek32(g, at + CONTEXT_FLAGS) & changeable), 4);
    poke(g, f->at + 12, peek32(g, at + context_register[ESP]), 4);
    poke(g, f->at + 16, peek32(g, at + CONTEXT_SS) | 3, 4);
    return cpu->reg[EAX];
}

/* --- System calls (arch/x86/entry/syscalls/syscall_32.tbl) --- */

static uint32_t sys_write(struct guest *g, uint32_t file, uint32_t at, uint32_t length)
{
    if (file != 1 && file != 2)
        return (uint32_t)-EBADF;
    if (!owned(g, at, length))
        return (uint32_t)-EFAULT;
    fwrite(g->bare.memory.ram + at, 1, length, file == 1 ? stdout : stderr);
    return length;
}

static uint32_t sys_writev(struct guest *g, uint32_t file, uint32_t at, uint32_t count)
{
    uint32_t total = 0;

    for (uint32_t i = 0; i < count && i < 1024 && owned(g, at + 8 * i, 8); i++) {
        uint32_t written = sys_write(g, file, peek32(g, at + 8 * i), peek32(g, at + 8 * i + 4));
        if (written > INT32_MAX)
            return total ? total : written;
        total += written;
    }
    return total;
}

static uint32_t sys_brk(struct guest *g, uint32_t to)
{
    uint32_t end = page_up(g->break_now);

    if (to >= g->break_first && to < MAPPINGS) {
        if (to > end)
            map(g, end, page_up(to) - end, PAGE_DATA);
        g->break_now = to;
    }
    return g->break_now;
}

/* Anonymous memory only. */
static uint32_t sys_mmap(struct guest *g, uint32_t at, uint32_t length, uint32_t flags)
{
    enum { MAP_FIXED = 0x10, MAP_ANONYMOUS = 0x20 };

    length = page_up(length);
    if (!(flags & MAP_ANONYMOUS))
        return (uint32_t)-EINVAL;
    if (flags & MAP_FIXED) {
        map(g, at, length, 0);
    } else {
        at = g->mappings_end;
        if (length > STACK_BOTTOM - at)
            return (uint32_t)-ENOMEM;
        g->mappings_end += length;
    }
    return map(g, at, length, PAGE_DATA) ? at : (uint32_t)-EINVAL;
}

static uint32_t sys_mprotect(struct guest *g, uint32_t at, uint32_t length, uint32_t protection)
{
    length = page_up(length);
    if (!owned(g, at, length))
        return (uint32_t)-ENOMEM;
    return map(g, at, length, PAGE_PRESENT | (protection & 7 ? PAGE_USER : 0) | (protection & 2 ? PAGE_WRITABLE : 0))
               ? 0
               : (uint32_t)-EINVAL;
}

static uint32_t sys_rt_sigaction(struct guest *g, uint32_t number, uint32_t new, uint32_t old)
{
    if (number >= SIGNALS || (new && !owned(g, new, 12)) || (old && !owned(g, old, 20)))
        return (uint32_t)-EINVAL;
    struct handler *h = &g->handlers[number];
    const uint32_t before[5] = {h->function, h->flags, h->restorer, 0, 0};
    if (new)
        *h = (struct handler){peek32(g, new), peek32(g, new + 4), peek32(g, new + 8)};
    for (unsigned i = 0; old && i < 5; i++)
        poke(g, old + 4 * i, before[i], 4);
    return 0;
}

static uint32_t sys_uname(struct guest *g, uint32_t at)
{
    static const char *const names[6] = {"Linux", "muniment", "6.1.0", "#1", "i686", "(none)"};

    if (!owned(g, at, 6 * 65))
        return (uint32_t)-EFAULT;
    for (uint32_t i = 0; i < 6; i++)
        memory_write_block(&g->bare.memory, at + 65 * i, (const uint8_t *)names[i], (uint32_t)strlen(names[i]) + 1);
    return 0;
}

/* struct stat64 of a pipe. */
static uint32_t sys_fstat64(struct guest *g, uint32_t at)
{
    if (!owned(g, at, 96))
        return (uint32_t)-EFAULT;
    for (uint32_t i = 0; i < 96; i += 4)
        poke(g, at + i, i == 16 ? 010600 : i == 52 ? PAGE_SIZE : 0, 4);
    return 0;
}

static uint32_t system_call(struct guest *g, const struct process_frame *f)
{
    const uint32_t *r = g->bare.cpu.reg;
    uint32_t esp = peek32(g, f->at + 12);

    /* clang-format off */
    switch (r[EAX]) {
    case 1: case 252: /* exit, exit_group */
        g->done = true;
        g->status = (int)(r[EBX] & 0xFF);
        return 0;
    case 4:   return sys_write(g, r[EBX], r[ECX], r[EDX]);
    case 20: case 224: case 258: return 1000; /* getpid, gettid, set_tid_address */
    case 45:  return sys_brk(g, r[EBX]);
    case 54:  return (uint32_t)-ENOTTY; /* ioctl */
    case 85: case 305: return (uint32_t)-ENOENT; /* readlink, readlinkat */
    case 91:  return map(g, r[EBX], page_up(r[ECX]), 0) ? 0 : (uint32_t)-EINVAL; /* munmap */
    case 119: return leave_handler(g, f, esp - 8); /* sigreturn: address and number were popped */
    case 122: return sys_uname(g, r[EBX]);
    case 123: return modify_ldt(g, r[EBX], r[ECX], r[EDX]);
    case 125: return sys_mprotect(g, r[EBX], r[ECX], r[EDX]);
    case 146: return sys_writev(g, r[EBX], r[ECX], r[EDX]);
    case 173: return leave_handler(g, f, esp - 4); /* rt_sigreturn */
    case 174: return sys_rt_sigaction(g, r[EBX], r[ECX], r[EDX]);
    case 175: return 0; /* rt_sigprocmask */
    case 192: return sys_mmap(g, r[EBX], r[ECX], r[ESI]);
    case 197: return sys_fstat64(g, r[ECX]);
    case 243: return set_thread_area(g, r[EBX]);
    default:
        if (g->verbose)
            fprintf(stderr, "linuxuser: system call %u\n", (unsigned)r[EAX]);
        return (uint32_t)-ENOSYS;
    }
    /* clang-format on */
}

/* --- The run --- */

/* Where the processor stopped says which vector it was; the frame on its stack begins with the error code, if there is
 * one. */
static bool stopped_in_handler(struct guest *g, struct process_frame *f)
{
    const struct cpu *cpu = &g->bare.cpu;
    bool error;

    if (!cpu->halted_dead || cpu->cpl || cpu->eip <= AT_HANDLERS || cpu->eip > AT_HANDLERS + 256)
        return false;
    f->vector = cpu->eip - AT_HANDLERS - 1;
    error = cpu->reg[ESP] == AT_STACK_0 - 24;
    f->error = error ? peek32(g, cpu->reg[ESP]) : 0;
    f->at = AT_STACK_0 - 20;
    return error || cpu->reg[ESP] == AT_STACK_0 - 20;
}

static void enter_user(struct guest *g, uint32_t from)
{
    struct cpu *cpu = &g->bare.cpu;

    cpu->halted_dead = false;
    cpu->attention &= ~(uint32_t)ATTENTION_HALTED;
    cpu->reg[ESP] = AT_STACK_0 - 20;
    cpu->eip = from;
    bare_run(&g->bare, TICKS);
}

static void run(struct guest *g, uint32_t entry, uint32_t stack)
{
    const uint32_t start[5] = {entry, USER_CODE, FLAG_FIXED | FLAG_IF, stack, USER_DATA};
    struct process_frame f;

    for (uint32_t i = 0; i < 5; i++)
        poke(g, AT_STACK_0 - 20 + 4 * i, start[i], 4);
    for (uint32_t from = AT_START; !g->done; from = AT_IRET) {
        enter_user(g, from);
        if (!stopped_in_handler(g, &f)) {
            fflush(stdout);
            fprintf(stderr, "linuxuser: stopped at CS:EIP %04X:%08X\n", g->bare.cpu.seg[SEG_CS].selector,
                    (unsigned)g->bare.cpu.eip);
            g->status = 1;
            return;
        }
        if (f.vector == 0x80)
            g->bare.cpu.reg[EAX] = system_call(g, &f);
        else
            deliver(g, &f);
    }
}

int main(int argc, char **argv)
{
    static struct guest g;

    g.verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
    argc -= g.verbose, argv += g.verbose;
    if (argc < 2) {
        fprintf(stderr, "usage: linuxuser [-v] PROGRAM [WORD ...]\n");
        return 2;
    }
    if (!bare_init(&g.bare, CPU_PENTIUM4, RAM_SIZE))
        return 4;
    g.mappings_end = MAPPINGS;
    put_tables(&g);
    struct entry entry = load_program(&g, argv[1]);
    uint32_t stack = put_stack(&g, &entry, argc - 1, argv + 1);
    set_processor(&g);
    run(&g, entry.point, stack);
    bare_free(&g.bare);
    return g.status;
}
