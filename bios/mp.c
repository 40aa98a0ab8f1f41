/* mp.c - the configuration table of a machine with local and I/O APIC (Intel MultiProcessor Specification 1.4, chapter
 * 4), and the pointer to it, both in F000 where that can be written.
 *
 * One processor, PCI as bus 0 and ISA as bus 1. IRQ 0 is pin 2, the others are their own; those that the ELCR makes
 * level-triggered are so here. PIRQA to PIRQD are pins 16 to 19. */
#include "mp.h"

#include "pci.h"
#include "processor.h"
#include "shadow.h"

enum { PROCESSOR = 0, BUS = 1, IO_APIC = 2, IO_INTERRUPT = 3, LOCAL_INTERRUPT = 4 };
enum { PCI_BUS, ISA_BUS, BUSES };
enum { INT = 0, NMI = 1, EXTINT = 3 };
enum { CONFORMS = 0, HIGH_LEVEL = 0x0D };
enum { ALL_APICS = 0xFF, ELCR = 0x4D0, IMCR_SELECT = 0x22, IMCR_DATA = 0x23, IMCR = 0x70, HAS_IMCR = 0x80 };
enum { POINTER = MP_POINTER, TABLE = MP_POINTER + 16, CHECKSUM = 7 };

struct pointer {
    char signature[4];
    uint32_t table;
    uint8_t length, revision, checksum, features[5];
} __attribute__((packed));

struct header {
    char signature[4];
    uint16_t bytes;
    uint8_t revision, checksum;
    char maker_product[8 + 12];
    uint32_t oem_table;
    uint16_t oem_bytes, entries;
    uint32_t local_apic, extended;
} __attribute__((packed));

struct processor_entry {
    uint8_t type, id, version, flags;
    uint32_t signature, features, reserved[2];
} __attribute__((packed));

struct bus_entry {
    uint8_t type, id;
    char name[6];
} __attribute__((packed));

struct io_apic_entry {
    uint8_t type, id, version, flags;
    uint32_t address;
} __attribute__((packed));

struct interrupt_entry {
    uint8_t type, kind;
    uint16_t flags;
    uint8_t bus, irq, apic, pin;
} __attribute__((packed));

_Static_assert(sizeof(struct pointer) == 16 && sizeof(struct header) == 44 && sizeof(struct processor_entry) == 20 &&
                   sizeof(struct bus_entry) == 8 && sizeof(struct io_apic_entry) == 8 &&
                   sizeof(struct interrupt_entry) == 8,
               "MultiProcessor Specification 1.4, chapter 4");

static ROM_DATA char maker_product[] = "MUNIMENTPC          ";

/* What has been written behind the header. */
struct table {
    uint16_t end, entries;
};

static void add(struct table *t, const void *entry, uint16_t bytes)
{
    far_write(ROM_SEGMENT, t->end, entry, bytes);
    t->end += bytes;
    t->entries++;
}

static void add_interrupt(struct table *t, struct interrupt_entry e)
{
    add(t, &e, sizeof(e));
}

static void add_isa_interrupts(struct table *t)
{
    uint16_t level = inb(ELCR) | inb(ELCR + 1) << 8;

    add_interrupt(t, (struct interrupt_entry){IO_INTERRUPT, EXTINT, CONFORMS, ISA_BUS, 0, IO_APIC_ID, 0});
    for (uint8_t irq = 0; irq < 16; irq++)
        if (irq != 2)
            add_interrupt(t, (struct interrupt_entry){IO_INTERRUPT, INT, level >> irq & 1 ? HIGH_LEVEL : CONFORMS,
                                                      ISA_BUS, irq, IO_APIC_ID, irq ? irq : 2});
}

/* The four pins of each device that is there. */
static void add_pci_interrupts(struct table *t)
{
    if (!pci_present())
        return;
    for (uint8_t slot = 1; slot <= ROUTING_SLOTS; slot++)
        for (uint8_t pin = 0; pin < 4 && pci_read16(slot << 3, PCI_VENDOR) != 0xFFFF; pin++)
            add_interrupt(t, (struct interrupt_entry){IO_INTERRUPT, INT, CONFORMS, PCI_BUS, slot << 2 | pin, IO_APIC_ID,
                                                      IO_APIC_PCI_PIN + pci_pirq(slot << 3, pin)});
}

static void add_entries(struct table *t, const uint32_t versions[2])
{
    uint32_t id[2];
    struct processor_entry processor = {PROCESSOR, .version = versions[0], .flags = 3}; /* enabled, it starts */
    struct bus_entry bus = {BUS, PCI_BUS, {'P', 'C', 'I', ' ', ' ', ' '}};
    struct io_apic_entry io_apic = {IO_APIC, IO_APIC_ID, versions[1], 1, 0xFEC00000};

    processor_id(id);
    processor.signature = id[0];
    processor.features = id[1];
    add(t, &processor, sizeof(processor));
    add(t, &bus, sizeof(bus));
    bus = (struct bus_entry){BUS, ISA_BUS, {'I', 'S', 'A', ' ', ' ', ' '}};
    add(t, &bus, sizeof(bus));
    add(t, &io_apic, sizeof(io_apic));
    add_isa_interrupts(t);
    add_pci_interrupts(t);
    add_interrupt(t, (struct interrupt_entry){LOCAL_INTERRUPT, EXTINT, CONFORMS, ISA_BUS, 0, ALL_APICS, 0});
    add_interrupt(t, (struct interrupt_entry){LOCAL_INTERRUPT, NMI, CONFORMS, ISA_BUS, 0, ALL_APICS, 1});
}

/* A board with an IMCR starts in PIC mode: the register reads 0. */
static bool has_imcr(void)
{
    outb(IMCR_SELECT, IMCR);
    return inb(IMCR_DATA) == 0;
}

static void close_sum(uint16_t at, uint16_t bytes, uint16_t checksum)
{
    far_put8(ROM_SEGMENT, at + checksum, -far_sum(ROM_SEGMENT, at, bytes));
}

bool apics_present(void)
{
    uint32_t versions[2];

    apic_versions(versions);
    return versions[1] != 0xFFFFFFFF;
}

void mp_init(void)
{
    uint32_t versions[2];
    struct table t = {.end = TABLE + sizeof(struct header)};
    struct header h = {
        .signature = {'P', 'C', 'M', 'P'},
        .revision = 4,
        .local_apic = 0xFEE00000,
    };
    struct pointer p = {
        .signature = {'_', 'M', 'P', '_'},
        .table = (uint32_t)ROM_SEGMENT * 16 + TABLE,
        .length = 1,
        .revision = 4,
    };

    apic_versions(versions);
    if (versions[1] == 0xFFFFFFFF || !shadow_possible())
        return;
    add_entries(&t, versions);
    for (unsigned i = 0; i < sizeof(h.maker_product); i++)
        h.maker_product[i] = rom_get(maker_product[i]);
    h.bytes = t.end - TABLE;
    h.entries = t.entries;
    far_write(ROM_SEGMENT, TABLE, &h, sizeof(h));
    close_sum(TABLE, h.bytes, CHECKSUM);
    p.features[1] = has_imcr() ? HAS_IMCR : 0;
    far_write(ROM_SEGMENT, POINTER, &p, sizeof(p));
    close_sum(POINTER, sizeof(p), offsetof(struct pointer, checksum));
}
