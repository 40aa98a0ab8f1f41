/* ioapic.c - Intel 82093AA I/O advanced programmable interrupt controller (data sheet 290566).
 *
 * A pin becomes a message to the local APIC by its entry in the redirection table. An edge is sent once, or lost while
 * the pin is masked; a level is sent, held back by remote IRR until the local APIC reports its end, and sent again if
 * the pin is still active. A message takes no time. An entry for ExtINT carries the request of the 8259 on: it is also
 * sent when it is unmasked while its pin is active, as the 8259 makes no other edge until it is served. */
#include "emu/devices/ioapic.h"

#include <string.h>

enum { IOREGSEL = 0x00, IOWIN = 0x10 };
enum { IOAPICID = 0, IOAPICVER = 1, IOAPICARB = 2, IOREDTBL = 0x10 };

#define VERSION ((IOAPIC_PINS - 1) << 16 | 0x11)
#define PCI_PINS (0xFu << IOAPIC_PCI_PIN)

/* clang-format off */
enum {
    ENTRY_MODE_SHIFT = 8, ENTRY_LOGICAL = 0x800, ENTRY_LOW = 0x2000, ENTRY_REMOTE_IRR = 0x4000, ENTRY_LEVEL = 0x8000, ENTRY_MASKED = 0x10000,
    ENTRY_WRITABLE = 0x1AFFF
};

const struct state_field ioapic_state[] = {
    STATE(struct ioapic, select, U8, "IOREGSEL: the register that IOWIN shows"),
    STATE_UP_TO(struct ioapic, id, U8, 15, "IOAPICID"),
    STATE_UP_TO(struct ioapic, arbitration, U8, 15, "IOAPICARB"),
    STATE_UP_TO(struct ioapic, lines, U32, (1u << IOAPIC_PINS) - 1, "levels of the pins"),
    STATE_ARRAY(struct ioapic, entry, U64, "IOREDTBL"),
    STATE_END
};
/* clang-format on */

static unsigned mode_of(uint64_t entry)
{
    return entry >> ENTRY_MODE_SHIFT & 7;
}

/* Only these modes know levels; an entry of another is taken for an edge's. */
static bool is_level(uint64_t entry)
{
    return entry & ENTRY_LEVEL && mode_of(entry) <= APIC_LOWEST;
}

static bool is_active(const struct ioapic *io, unsigned pin)
{
    return (io->lines >> pin & 1) != !!(io->entry[pin] & ENTRY_LOW);
}

static bool send(const struct ioapic *io, uint64_t entry)
{
    struct apic_message message = {
        .mode = (uint8_t)mode_of(entry),
        .vector = (uint8_t)entry,
        .destination = (uint8_t)(entry >> 56),
        .logical = entry & ENTRY_LOGICAL,
        .level = is_level(entry),
    };

    return io->apics->deliver(io->apics->local, &message);
}

/* Sends what a pin asks for by its level. */
static void serve(struct ioapic *io, unsigned pin)
{
    uint64_t *entry = &io->entry[pin];

    if (*entry & (ENTRY_MASKED | ENTRY_REMOTE_IRR) || !is_active(io, pin))
        return;
    if (is_level(*entry) && send(io, *entry))
        *entry |= ENTRY_REMOTE_IRR;
    else if (mode_of(*entry) == APIC_EXTINT)
        send(io, *entry);
}

static void pin_set(void *listener, unsigned pin, bool level)
{
    struct ioapic *io = listener;
    bool was_active = is_active(io, pin);
    uint64_t entry = io->entry[pin];

    io->lines = (io->lines & ~(1u << pin)) | (uint32_t)level << pin;
    if (is_level(entry))
        serve(io, pin);
    else if (!(entry & ENTRY_MASKED) && is_active(io, pin) && !was_active)
        send(io, entry);
}

struct line ioapic_line(struct ioapic *io, unsigned pin)
{
    return (struct line){pin_set, io, pin};
}

void ioapic_ended(void *listener, uint8_t vector)
{
    struct ioapic *io = listener;

    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++)
        if (io->entry[pin] & ENTRY_REMOTE_IRR && (uint8_t)io->entry[pin] == vector) {
            io->entry[pin] &= ~(uint64_t)ENTRY_REMOTE_IRR;
            serve(io, pin);
        }
}

/* An entry that is made one of edges forgets remote IRR: software ends an interrupt by that (there is no EOI
 * register). */
static void write_entry(struct ioapic *io, unsigned number, uint32_t value)
{
    unsigned pin = number / 2;
    uint64_t *entry = &io->entry[pin];

    if (number & 1) {
        *entry = (uint32_t)*entry | (uint64_t)(value & 0xFF000000) << 32;
        return;
    }
    *entry = (*entry & ~(uint64_t)ENTRY_WRITABLE) | (value & ENTRY_WRITABLE);
    if (!is_level(*entry))
        *entry &= ~(uint64_t)ENTRY_REMOTE_IRR;
    serve(io, pin);
}

static uint32_t register_read(void *device, uint32_t address)
{
    const struct ioapic *io = device;
    unsigned n = io->select - IOREDTBL;

    if ((address & PAGE_MASK) == IOREGSEL)
        return io->select;
    if ((address & PAGE_MASK) != IOWIN)
        return 0;
    switch (io->select) {
    case IOAPICID: return (uint32_t)io->id << 24;
    case IOAPICVER: return VERSION;
    case IOAPICARB: return (uint32_t)io->arbitration << 24;
    default: return n < 2 * IOAPIC_PINS ? (uint32_t)(io->entry[n / 2] >> 32 * (n & 1)) : 0;
    }
}

static void register_write(void *device, uint32_t address, uint32_t value)
{
    struct ioapic *io = device;
    unsigned n = io->select - IOREDTBL;

    if ((address & PAGE_MASK) == IOREGSEL)
        io->select = (uint8_t)value;
    else if ((address & PAGE_MASK) != IOWIN)
        return;
    else if (io->select == IOAPICID)
        io->id = io->arbitration = value >> 24 & 15;
    else if (io->select >= IOREDTBL && n < 2 * IOAPIC_PINS)
        write_entry(io, n, value);
}

void ioapic_reset(struct ioapic *io)
{
    io->select = io->id = io->arbitration = 0;
    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++)
        io->entry[pin] = ENTRY_MASKED;
}

void ioapic_init(struct ioapic *io, struct memory *memory, const struct apic_bus *apics)
{
    memset(io, 0, sizeof *io);
    io->apics = apics;
    io->lines = PCI_PINS; /* pulled up */
    ioapic_reset(io);
    memory_map_registers(memory, IOAPIC_BASE, PAGE_SIZE, register_read, register_write, io);
}
