/* multiboot.c - runs a test that comes as a Multiboot kernel: those of kvm-unit-tests.
 *
 *     multiboot [-q] KERNEL [WORD ...]
 *
 * The kernel is an ELF file, and the words are its command line. It writes PASS:, FAIL: and SKIP: lines to COM1 and
 * leaves through port F4h with a status. The bench has the processor, memory, and what these kernels expect around it:
 * those two ports; a latch of four bytes at port E0h; ports 2000h-200Fh, which raise IRQ 0-15 at the vectors that a
 * BIOS gives them; 64 KiB of memory at FF000000h that is reached as a device; and at FEE00000h as much of a local APIC
 * (SDM vol. 3, chapter 8) as it takes to answer with its number and to send interrupts and NMI to its own processor.
 * Number of processors and size of memory reach the kernel as its environment, in a module. -q prints only the lines of
 * what failed. */
#include <string.h>

#include "emu/endian.h"
#include "tests/bare.h"

#define RAM_SIZE 0x8000000u
#define KERNEL_LIMIT (16u << 20)
#define TICKS 4000000000u
#define COM1 0x3F8
#define EXIT_PORT 0xF4
#define LATCH_PORT 0xE0
#define IRQ_PORTS 0x2000
#define DEVICE_MEMORY 0xFF000000u
#define DEVICE_SIZE 0x10000u
#define INFO 0x9F000u /* Multiboot information, and after it what it points to */
#define COMMAND_LINE (INFO + 0x100)
#define MODULES (INFO + 0x800)
#define ENVIRONMENT (INFO + 0x900)
#define MEMORY_MAP (INFO + 0xA00)
#define APIC 0xFEE00000u

struct apic {
    uint8_t registers[PAGE_SIZE]; /* as last written */
    uint8_t requested[256], in_service[256];
};

struct suite {
    struct bare bare;
    struct apic apic;
    bool quiet, done;
    bool divisor; /* COM1's DLAB: its data port is the divisor */
    uint32_t status;
    uint8_t latch[4];
    uint8_t device_memory[DEVICE_SIZE];
    unsigned long passed, failed, skipped;
    char line[512];
    size_t length;
};

/* --- The local APIC --- */

enum { APIC_TPR = 0x80, APIC_EOI = 0xB0, APIC_ICR = 0x300, APIC_ICR_HIGH = 0x310 };

static int highest(const uint8_t vectors[256])
{
    int n = 255;

    while (n >= 0 && !vectors[n])
        n--;
    return n;
}

/* The vector that may be delivered now, or -1. */
static int apic_deliverable(const struct apic *apic)
{
    int vector = highest(apic->requested), serving = highest(apic->in_service);

    return vector >= 0 && vector >> 4 > apic->registers[APIC_TPR] >> 4 && (serving < 0 || vector >> 4 > serving >> 4)
               ? vector
               : -1;
}

static uint8_t apic_acknowledge(void *context)
{
    struct suite *s = context;
    int vector = apic_deliverable(&s->apic);

    s->apic.requested[vector] = 0;
    s->apic.in_service[vector] = 1;
    cpu_set_intr(&s->bare.cpu, apic_deliverable(&s->apic) >= 0);
    return (uint8_t)vector;
}

/* The interrupt command register: fixed interrupts and NMI to processor 0, or to "self" or "all". */
static void apic_send(struct suite *s)
{
    uint32_t command = load32(s->apic.registers + APIC_ICR);
    unsigned shorthand = command >> 18 & 3, mode = command >> 8 & 7;

    if (shorthand == 3 || (shorthand == 0 && s->apic.registers[APIC_ICR_HIGH + 3] != 0))
        return;
    if (mode == 0)
        s->apic.requested[command & 0xFF] = 1;
    else if (mode == 4)
        cpu_nmi(&s->bare.cpu);
}

static uint8_t apic_read(void *context, uint32_t address)
{
    struct suite *s = context;

    return s->apic.registers[address - APIC];
}

/* A register takes effect with the last of its four bytes. */
static void apic_write(void *context, uint32_t address, uint8_t value)
{
    struct suite *s = context;
    uint32_t at = address - APIC;
    int serving = highest(s->apic.in_service);

    s->apic.registers[at] = value;
    if (at == APIC_ICR + 3)
        apic_send(s);
    else if (at == APIC_EOI + 3 && serving >= 0)
        s->apic.in_service[serving] = 0;
    cpu_set_intr(&s->bare.cpu, apic_deliverable(&s->apic) >= 0);
}

static uint8_t device_memory_read(void *context, uint32_t address)
{
    struct suite *s = context;

    return s->device_memory[address - DEVICE_MEMORY];
}

static void device_memory_write(void *context, uint32_t address, uint8_t value)
{
    struct suite *s = context;

    s->device_memory[address - DEVICE_MEMORY] = value;
}

/* --- Ports --- */

static void take_line(struct suite *s)
{
    bool pass = strncmp(s->line, "PASS:", 5) == 0, fail = strncmp(s->line, "FAIL:", 5) == 0;

    s->passed += pass;
    s->failed += fail;
    s->skipped += strncmp(s->line, "SKIP:", 5) == 0;
    if (!s->quiet || fail)
        printf("%s\n", s->line);
}

static void serial_byte(struct suite *s, char byte)
{
    if (byte == '\r')
        return;
    if (byte != '\n' && s->length < sizeof s->line - 1) {
        s->line[s->length++] = byte;
        return;
    }
    s->line[s->length] = 0;
    take_line(s);
    s->length = 0;
}

static uint32_t port_read(void *context, uint16_t port, unsigned size)
{
    struct suite *s = context;

    (void)size;
    if (port >= LATCH_PORT && port < LATCH_PORT + 4)
        return s->latch[port - LATCH_PORT];
    return port == COM1 + 5 ? 0x60 : 0; /* line status: the transmitter is empty */
}

static void port_write(void *context, uint16_t port, uint32_t value, unsigned size)
{
    struct suite *s = context;

    (void)size;
    if (port == COM1) {
        if (!s->divisor)
            serial_byte(s, (char)value);
    } else if (port == COM1 + 3) {
        s->divisor = value & 0x80;
    } else if (port == EXIT_PORT) {
        s->status = value;
        s->done = true;
        cpu_stop(&s->bare.cpu);
    } else if (port >= LATCH_PORT && port < LATCH_PORT + 4) {
        s->latch[port - LATCH_PORT] = (uint8_t)value;
    } else if (port >= IRQ_PORTS && value) { /* an edge; the way back is none */
        unsigned irq = port - IRQ_PORTS;
        s->apic.requested[irq < 8 ? 8 + irq : 0x68 + irq] = 1;
        cpu_set_intr(&s->bare.cpu, apic_deliverable(&s->apic) >= 0);
    }
}

/* --- The loader (Multiboot specification 0.6.96) --- */

/* Puts the program's segments where it wants them. Returns its entry. */
static uint32_t load_elf(struct memory *memory, const char *path)
{
    size_t size;
    uint8_t *elf = bare_read_file("multiboot", path, KERNEL_LIMIT, &size);
    bool good = size >= 52 && memcmp(elf, "\177ELF\1\1", 6) == 0;
    uint32_t entry = good ? load32(elf + 24) : 0, table = good ? load32(elf + 28) : 0;

    good = good && load16(elf + 42) == 32 && table <= size && load16(elf + 44) <= (size - table) / 32;
    for (unsigned i = 0; good && i < load16(elf + 44); i++) {
        const uint8_t *header = elf + table + 32 * i;
        uint32_t offset = load32(header + 4), address = load32(header + 12), length = load32(header + 16);
        if (load32(header) != 1) /* PT_LOAD */
            continue;
        good = offset <= size && length <= size - offset && address <= RAM_SIZE && length <= RAM_SIZE - address;
        if (good)
            memory_write_block(memory, address, elf + offset, length);
    }
    if (!good) {
        fprintf(stderr, "multiboot: %s: is no 32-bit ELF program that fits into memory\n", path);
        exit(3);
    }
    free(elf);
    return entry;
}

static void put_text(struct memory *memory, uint32_t address, const char *text)
{
    memory_write_block(memory, address, (const uint8_t *)text, (uint32_t)strlen(text) + 1);
}

static void put_map_entry(struct memory *memory, uint32_t at, uint32_t base, uint32_t length)
{
    memory_write(memory, at, 20, 4);
    memory_write(memory, at + 4, base, 4);
    memory_write(memory, at + 12, length, 4);
    memory_write(memory, at + 20, 1, 4); /* RAM */
}

static void put_information(struct memory *memory, const char *command_line)
{
    char environment[64];
    int length = snprintf(environment, sizeof environment, "NR_CPUS=1\nMEMSIZE=%u\nTEST_DEVICE=0\n", RAM_SIZE >> 20);

    put_text(memory, COMMAND_LINE, command_line);
    put_text(memory, ENVIRONMENT, environment);
    memory_write(memory, MODULES, ENVIRONMENT, 4);
    memory_write(memory, MODULES + 4, ENVIRONMENT + (uint32_t)length, 4);
    put_map_entry(memory, MEMORY_MAP, 0, 0x9F000);
    put_map_entry(memory, MEMORY_MAP + 24, 0x100000, RAM_SIZE - 0x100000);
    memory_write(memory, INFO, 1 | 4 | 8 | 64, 4); /* memory, command line, modules, memory map */
    memory_write(memory, INFO + 4, 636, 4);
    memory_write(memory, INFO + 8, (RAM_SIZE - 0x100000) >> 10, 4);
    memory_write(memory, INFO + 16, COMMAND_LINE, 4);
    memory_write(memory, INFO + 20, 1, 4);
    memory_write(memory, INFO + 24, MODULES, 4);
    memory_write(memory, INFO + 44, 48, 4);
    memory_write(memory, INFO + 48, MEMORY_MAP, 4);
}

/* The state in which a kernel is entered: flat 32-bit segments, no paging, interrupts off. */
static void enter(struct cpu *cpu, uint32_t entry)
{
    cpu->cr0 |= CR0_PE;
    for (unsigned n = 0; n < SEG_COUNT; n++) {
        cpu->seg[n] = (struct segment){
            .limit = UINT32_MAX, .selector = n == SEG_CS ? 8 : 16, .rights = n == SEG_CS ? 0xC09B : 0xC093};
        segment_derive(&cpu->seg[n]);
    }
    cpu_mode_changed(cpu);
    cpu->reg[EAX] = 0x2BADB002;
    cpu->reg[EBX] = INFO;
    cpu->eip = entry;
}

int main(int argc, char **argv)
{
    static struct suite s;
    char command_line[1024];
    size_t used = 0;

    s.quiet = argc > 1 && strcmp(argv[1], "-q") == 0;
    argc -= s.quiet, argv += s.quiet;
    if (argc < 2) {
        fprintf(stderr, "usage: multiboot [-q] KERNEL [WORD ...]\n");
        return 2;
    }
    for (int i = 1; i < argc && used < sizeof command_line; i++)
        used += (size_t)snprintf(command_line + used, sizeof command_line - used, "%s%s", i > 1 ? " " : "", argv[i]);
    if (!bare_init(&s.bare, CPU_PENTIUM4, RAM_SIZE))
        return 4;
    s.bare.cpu.acknowledge = apic_acknowledge;
    s.bare.cpu.pic = &s;
    bus_map_ports(&s.bare.bus, COM1, 8, 1, port_read, port_write, &s);
    bus_map_ports(&s.bare.bus, EXIT_PORT, 1, 4, port_read, port_write, &s);
    bus_map_ports(&s.bare.bus, LATCH_PORT, 4, 1, port_read, port_write, &s);
    bus_map_ports(&s.bare.bus, IRQ_PORTS, 16, 4, port_read, port_write, &s);
    memory_map_mmio(&s.bare.memory, APIC, PAGE_SIZE, apic_read, apic_write, &s);
    memory_map_mmio(&s.bare.memory, DEVICE_MEMORY, DEVICE_SIZE, device_memory_read, device_memory_write, &s);
    uint32_t entry = load_elf(&s.bare.memory, argv[1]);
    put_information(&s.bare.memory, command_line);
    enter(&s.bare.cpu, entry);

    bare_run(&s.bare, TICKS);
    if (s.length)
        serial_byte(&s, '\n');
    if (!s.done)
        printf("did not leave: CS:EIP %04X:%08X\n", s.bare.cpu.seg[SEG_CS].selector, (unsigned)s.bare.cpu.eip);
    else if (s.status)
        printf("left with status %u\n", (unsigned)s.status);
    printf("%lu passed, %lu failed", s.passed, s.failed + !s.done);
    printf(s.skipped ? ", %lu skipped\n" : "\n", s.skipped);
    bare_free(&s.bare);
    return s.failed || !s.done || s.status || !s.passed;
}
