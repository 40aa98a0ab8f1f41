/* machine_state.c - the parts of the machine that have state, and the digest over them (spec/digest.md). */
#include "emu/cpu/mmu.h"
#include "emu/machine.h"

#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const struct state_field machine_state[] = {
    STATE(struct machine, a20_sources, U8, "which of keyboard controller (bit 0) and port 92h (bit 1) hold A20 open"),
    STATE(struct machine, powered_off, BOOL, "the power is off"),
    STATE_END
};
/* clang-format on */

static const char *machine_loaded(void *machine)
{
    struct machine *m = machine;

    memory_set_a20(&m->memory, m->a20_sources != 0);
    return NULL;
}

#define PART(name, member, table, loaded) \
    { \
        name, offsetof(struct machine, member), table, PART_ALWAYS, loaded \
    }
#define PCI_PART(name, member, table, loaded) \
    { \
        name, offsetof(struct machine, member), table, PART_PCI, loaded \
    }
#define DRIVE_PART(name, slot) PART(name, drives[slot], drive_state, drive_loaded)
/* clang-format off */
const struct part machine_part_table[] = {
    {"machine", 0, machine_state, PART_ALWAYS, machine_loaded},
    PART("cpu", cpu, cpu_state, cpu_loaded),
    PART("pic", pic, i8259_state, NULL),
    PART("pit", pit, i8254_state, i8254_loaded),
    PART("rtc", rtc, mc146818_state, NULL),
    PART("dma", dma, i8237_state, NULL),
    PART("keyboard", keyboard, i8042_state, i8042_loaded),
    PART("sysports", sysports, sysports_state, NULL),
    PART("serial0", serial[0], uart16550_state, NULL),
    PART("serial1", serial[1], uart16550_state, NULL),
    PART("parallel", parallel, parallel_state, NULL),
    PART("vga", vga, vga_state, vga_loaded),
    {"cirrus", offsetof(struct machine, cirrus), cirrus_state, PART_CIRRUS, cirrus_loaded},
    PART("floppy", floppy, i82077_state, i82077_loaded),
    PART("ata0", ata[0], ata_state, ata_loaded),
    PART("ata1", ata[1], ata_state, ata_loaded),
    PCI_PART("pci", pci, pci_state, NULL),
    PCI_PART("bridge", bridge.function, pci_function_state, i440fx_loaded),
    PCI_PART("piix", piix, piix_state, piix_loaded),
    PCI_PART("ide", ide, piix_ide_state, piix_ide_loaded),
    PCI_PART("card", vga_card.function, pci_function_state, vga_pci_loaded),
    {"mouse", offsetof(struct machine, mouse), serial_mouse_state, PART_SERIAL_MOUSE, NULL},
    {"backdoor", offsetof(struct machine, backdoor), backdoor_state, PART_BACKDOOR, backdoor_loaded},
    {"lapic", offsetof(struct machine, lapic), lapic_state, PART_APIC, lapic_loaded},
    {"ioapic", offsetof(struct machine, ioapic), ioapic_state, PART_APIC, NULL},
    {"speaker", offsetof(struct machine, speaker), speaker_state, PART_SPEAKER, speaker_loaded},
    {"opl", offsetof(struct machine, opl), opl_state, PART_OPL, opl_loaded},
    {"sb16", offsetof(struct machine, sb16), sb16_state, PART_SB16, sb16_loaded},
    {"midi", offsetof(struct machine, midi), mpu401_state, PART_SB16, NULL},
    {"line", offsetof(struct machine, line), line_in_state, PART_LINE_IN, line_in_loaded},
    {"isapnp", offsetof(struct machine, isapnp), isapnp_state, PART_ISAPNP, isapnp_loaded},
    {"network", offsetof(struct machine, network), ne2000_state, PART_NETWORK, NULL},
    {"netpnp", offsetof(struct machine, network_pnp), isapnp_state, PART_NETWORK_PNP, isapnp_loaded},
    {"rtl8029", offsetof(struct machine, network_card), rtl8029_state, PART_RTL8029, rtl8029_loaded},
    DRIVE_PART("fd0", DRIVE_FD0), DRIVE_PART("fd1", DRIVE_FD1),
    DRIVE_PART("hd0", DRIVE_HD0), DRIVE_PART("hd1", DRIVE_HD1), DRIVE_PART("hd2", DRIVE_HD2), DRIVE_PART("hd3", DRIVE_HD3),
    {NULL, 0, NULL, PART_ALWAYS, NULL}
};
/* clang-format on */

bool machine_has_part(const struct machine *m, const struct part *part)
{
    switch (part->needs) {
    case PART_PCI: return m->manifest.type == MACHINE_PC_I440FX;
    case PART_CIRRUS: return machine_has_cirrus(m);
    case PART_SERIAL_MOUSE: return m->manifest.pointer == POINTER_COM1 || m->manifest.pointer == POINTER_COM2;
    case PART_BACKDOOR: return m->manifest.pointer == POINTER_ABSOLUTE;
    case PART_APIC: return m->manifest.apic;
    case PART_SPEAKER: return m->manifest.speaker;
    case PART_SB16: return m->manifest.sound_card == SOUND_CARD_SB16;
    case PART_LINE_IN: return m->manifest.line_in;
    case PART_OPL: return m->manifest.sound_card != SOUND_CARD_NONE;
    case PART_ISAPNP: return m->manifest.sound_pnp;
    case PART_NETWORK: return m->manifest.network.card != NETWORK_NONE;
    case PART_RTL8029: return m->manifest.network.card == NETWORK_RTL8029;
    case PART_NETWORK_PNP: return m->manifest.network.pnp;
    default: return true;
    }
}

/* --- Parts as bytes --- */

static void append(void *context, const uint8_t *bytes, size_t length)
{
    struct machine *m = context;

    if (m->scratch_failed)
        return;
    if (m->scratch_used + length > m->scratch_size) {
        size_t size = 2 * m->scratch_size + length + 65536;
        uint8_t *grown = realloc(m->scratch, size);
        if (!grown) {
            m->scratch_failed = true;
            return;
        }
        m->scratch = grown;
        m->scratch_size = size;
    }
    memcpy(m->scratch + m->scratch_used, bytes, length);
    m->scratch_used += length;
}

static void append_text(struct machine *m, const char *text)
{
    append(m, (const uint8_t *)text, strlen(text) + 1);
}

/* Hashes the pages of RAM that changed, and marks them clean. */
static const uint8_t *ram_root(struct machine *m, const struct hasher *h)
{
    uint8_t hash[HASH_SIZE];

    if (!m->ram_hashed)
        hash_tree_zeros(&m->pages, h);
    m->ram_hashed = true;
    for (uint32_t page = 0; page < m->pages.leaves; page++) {
        if (m->memory.flags[page] & PAGE_CLEAN)
            continue;
        hash_leaf(h, m->memory.ram + (size_t)page * PAGE_SIZE, PAGE_SIZE, hash);
        hash_tree_set(&m->pages, page, hash);
        m->memory.flags[page] |= PAGE_CLEAN;
    }
    mmu_flush(&m->cpu); /* the first write to a clean page must be seen */
    return hash_tree_root(&m->pages, h);
}

/* Where a part's bytes lie in `scratch`. */
struct place {
    const char *name;
    size_t start, end;
};
#define PLACES (sizeof machine_part_table / sizeof *machine_part_table + DRIVE_COUNT + 3)

static void place_end(const struct machine *m, struct place *place, const char *name, size_t start)
{
    *place = (struct place){name, start, m->scratch_used};
}

static struct place *append_root(struct machine *m, struct place *place, const char *name, const char *text,
                                 const uint8_t root[HASH_SIZE])
{
    size_t start;

    append_text(m, text);
    start = m->scratch_used;
    append(m, root, HASH_SIZE);
    place_end(m, place, name, start);
    return place + 1;
}

/* Makes the bytes that the digest is taken of, and says where the parts lie in them. Returns how many there are; 0: no
 * memory, or the host failed to read what was written to a drive. */
static size_t append_parts(struct machine *m, struct place places[PLACES])
{
    static const char *const written[DRIVE_COUNT] = {"fd0.written", "fd1.written", "hd0.written",
                                                     "hd1.written", "hd2.written", "hd3.written"};
    struct hasher h = {m->host.sha256, m->host.context};
    struct place *place = places;
    uint8_t tick[8], root[HASH_SIZE] = {0};

    cpu_canonical(&m->cpu);
    m->scratch_used = 0;
    m->scratch_failed = false;
    append_text(m, "muniment state 0");
    store64(tick, machine_tick(m));
    append(m, tick, sizeof tick);
    for (const struct part *part = machine_part_table; part->name; part++) {
        size_t start;
        if (!machine_has_part(m, part))
            continue;
        append_text(m, part->name);
        start = m->scratch_used;
        state_serialize(part->table, (const uint8_t *)m + part->offset, append, m);
        place_end(m, place++, part->name, start);
    }
    place = append_root(m, place, "ram", "ram", ram_root(m, &h));
    place = append_root(m, place, "video", "video", m->manifest.display ? vga_root(&m->vga, &h) : root);
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++) {
        if (!drive_root(&m->drives[slot], &h, root))
            return 0;
        place = append_root(m, place, written[slot], "written", root);
    }
    place = append_root(m, place, "rom", "rom", m->rom_digest);
    return m->scratch_failed ? 0 : (size_t)(place - places);
}

bool machine_digest(struct machine *m, uint8_t digest[32])
{
    struct place places[PLACES];

    if (!append_parts(m, places))
        return false;
    m->host.sha256(m->host.context, m->scratch, m->scratch_used, digest);
    return true;
}

bool machine_parts(struct machine *m, void (*part)(void *context, const char *name, const uint8_t digest[32]),
                   void *context)
{
    struct place places[PLACES];
    size_t count = append_parts(m, places);

    for (size_t i = 0; i < count; i++) {
        uint8_t digest[HASH_SIZE];
        m->host.sha256(m->host.context, m->scratch + places[i].start, places[i].end - places[i].start, digest);
        part(context, places[i].name, digest);
    }
    return count > 0;
}
