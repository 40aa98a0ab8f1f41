/* multiboot.c - runs a test that comes as a Multiboot kernel: those of kvm-unit-tests.
 *
 *     multiboot [-q] KERNEL [WORD ...]
 *
 * The kernel is an ELF file, and the words are its command line. It writes PASS:, FAIL: and SKIP: lines to COM1 and
 * leaves through port F4h with a status. The bench has the processor, memory, and what these kernels expect around it:
 * those two ports; a latch of four bytes at port E0h; ports 2000h-2017h, which are the lines of the interrupt
 * controllers; 64 KiB of memory at FF000000h that is reached as a device; and local APIC, I/O APIC and 8259 pair.
 * Number of processors and size of memory reach the kernel as its environment, in a module. -q prints only the lines of
 * what failed. */
#include <string.h>

#include "emu/devices/i8259.h"
#include "emu/devices/ioapic.h"
#include "emu/devices/lapic.h"
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

struct suite {
    struct bare bare;
    struct i8259 pic;
    struct apic_bus apics;
    struct lapic local;
    struct ioapic io;
    bool quiet, done;
    bool divisor; /* COM1's DLAB: its data port is the divisor */
    uint32_t status;
    uint8_t latch[4];
    uint8_t device_memory[DEVICE_SIZE];
    unsigned long passed, failed, skipped;
    char line[512];
    size_t length;
};

/* --- The interrupt controllers, wired as in emu/machine.c --- */

static uint8_t acknowledge(void *pic)
{
    return i8259_acknowledge(pic);
}

static void intr_changed(void *cpu, unsigned number, bool level)
{
    (void)number;
    cpu_set_intr(cpu, level);
}

static void nmi_pulsed(void *cpu, unsigned number, bool level)
{
    (void)number;
    if (level)
        cpu_nmi(cpu);
}

static void apic_base_written(void *local, unsigned number, bool level)
{
    (void)number, (void)level;
    lapic_base_written(local);
}

static void pic_changed(void *suite, unsigned number, bool level)
{
    struct suite *s = suite;
    struct line local = lapic_pic_line(&s->local), pin = ioapic_line(&s->io, number);

    line_set(&local, level);
    line_set(&pin, level);
}

/* The 8259 gets an edge, and no way back: the suite expects that one is kept when its line falls before the
 * acknowledge. */
static void irq_changed(struct suite *s, unsigned irq, bool level)
{
    struct line pin = ioapic_line(&s->io, irq), pic = i8259_line(&s->pic, irq);

    line_set(&pin, level);
    if (irq >= 16 || !level)
        return;
    line_set(&pic, false);
    line_set(&pic, true);
}

/* The 8259 pair as a BIOS leaves it, with nothing masked. */
static void wire_interrupts(struct suite *s)
{
    static const uint8_t bios[][3] = {{0x20, 0x11, 0x08}, {0xA0, 0x11, 0x70}};
    struct cpu *cpu = &s->bare.cpu;
    struct lapic_wiring wiring = {
        .base = &cpu->apic_base,
        .apics = &s->apics,
        .intr = {intr_changed, cpu, 0},
        .nmi = {nmi_pulsed, cpu, 0},
        .acknowledge = acknowledge,
        .pic = &s->pic,
    };

    s->apics = (struct apic_bus){lapic_deliver, &s->local, ioapic_ended, &s->io};
    cpu->acknowledge = lapic_acknowledge;
    cpu->pic = &s->local;
    cpu->apic_base_written = (struct line){apic_base_written, &s->local, 0};
    cpu_reset(cpu);
    i8259_init(&s->pic, &s->bare.bus, (struct line){pic_changed, s, 0});
    lapic_init(&s->local, LAPIC_PENTIUM4, &s->bare.clock, &s->bare.bus, &s->bare.memory, &wiring);
    ioapic_init(&s->io, &s->bare.memory, &s->apics);
    for (unsigned chip = 0; chip < 2; chip++) {
        const uint8_t icw[] = {bios[chip][2], chip ? 2 : 4, 1, 0};
        bus_write(&s->bare.bus, bios[chip][0], bios[chip][1], 1);
        for (unsigned n = 0; n < 4; n++)
            bus_write(&s->bare.bus, bios[chip][0] + 1, icw[n], 1);
    }
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
    } else if (port >= IRQ_PORTS) {
        irq_changed(s, port - IRQ_PORTS, value & 1);
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
    s.bare.clock.ticks_per_microsecond = 200; /* a processor faster than its bus: the timer's tests ask for that */
    wire_interrupts(&s);
    bus_map_ports(&s.bare.bus, COM1, 8, 1, port_read, port_write, &s);
    bus_map_ports(&s.bare.bus, EXIT_PORT, 1, 4, port_read, port_write, &s);
    bus_map_ports(&s.bare.bus, LATCH_PORT, 4, 1, port_read, port_write, &s);
    bus_map_ports(&s.bare.bus, IRQ_PORTS, IOAPIC_PINS, 4, port_read, port_write, &s);
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
