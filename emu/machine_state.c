/* machine_state.c - the parts of the machine that have state, and the digest over them (spec/digest.md). */
#include "emu/machine.h"

#include <stdlib.h>
#include <string.h>

static const struct state_field machine_state[] = {
    STATE(struct machine, a20_sources, U8, "which of keyboard controller (bit 0) and port 92h (bit 1) hold A20 open"),
    STATE(struct machine, powered_off, BOOL, "the power is off"),
    STATE_END
};

/* Every part of the machine with state, in the order of the digest. */
#define PART(name, member, table) {name, offsetof(struct machine, member), table, MACHINE_PC_ISA}
#define PCI_PART(name, member, table) {name, offsetof(struct machine, member), table, MACHINE_PC_I440FX}
static const struct part {
    const char *name;
    size_t offset;
    const struct state_field *table;
    enum machine_type first; /* that has it; later ones have it too */
} parts[] = {
    {"machine", 0, machine_state, MACHINE_PC_ISA},
    PART("cpu", cpu, cpu_state),
    PART("pic", pic, i8259_state),
    PART("pit", pit, i8254_state),
    PART("rtc", rtc, mc146818_state),
    PART("dma", dma, i8237_state),
    PART("keyboard", keyboard, i8042_state),
    PART("sysports", sysports, sysports_state),
    PART("serial0", serial[0], uart16550_state),
    PART("serial1", serial[1], uart16550_state),
    PART("parallel", parallel, parallel_state),
    PART("vga", vga, vga_state),
    PART("floppy", floppy, i82077_state),
    PART("ata0", ata[0], ata_state),
    PART("ata1", ata[1], ata_state),
    PCI_PART("pci", pci, pci_state),
    PCI_PART("bridge", bridge.function, pci_function_state),
    PCI_PART("piix", piix, piix_state),
    PCI_PART("ide", ide, piix_ide_state),
    PCI_PART("card", vga_card.function, pci_function_state),
    PART("fd0", drives[DRIVE_FD0], drive_state),
    PART("fd1", drives[DRIVE_FD1], drive_state),
    PART("hd0", drives[DRIVE_HD0], drive_state),
    PART("hd1", drives[DRIVE_HD1], drive_state),
    PART("hd2", drives[DRIVE_HD2], drive_state),
    PART("hd3", drives[DRIVE_HD3], drive_state),
};

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
#define PLACES (sizeof parts / sizeof *parts + DRIVE_COUNT + 3)

static void place_end(const struct machine *m, struct place *place, const char *name, size_t start)
{
    *place = (struct place){name, start, m->scratch_used};
}

static struct place *append_root(struct machine *m, struct place *place, const char *name, const char *text, const uint8_t root[HASH_SIZE])
{
    size_t start;

    append_text(m, text);
    start = m->scratch_used;
    append(m, root, HASH_SIZE);
    place_end(m, place, name, start);
    return place + 1;
}

/* Makes the bytes that the digest is taken of, and says where the parts lie in them. Returns how many there are; 0: no memory, or the host
 * failed to read what was written to a drive. */
static size_t append_parts(struct machine *m, struct place places[PLACES])
{
    static const char *const written[DRIVE_COUNT] = {"fd0.written", "fd1.written", "hd0.written", "hd1.written", "hd2.written", "hd3.written"};
    struct hasher h = {m->host.sha256, m->host.context};
    struct place *place = places;
    uint8_t tick[8], root[HASH_SIZE] = {0};

    cpu_canonical(&m->cpu);
    m->scratch_used = 0;
    m->scratch_failed = false;
    append_text(m, "muniment state 0");
    store64(tick, machine_tick(m));
    append(m, tick, sizeof tick);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        size_t start;
        if (m->manifest.type < parts[i].first)
            continue;
        append_text(m, parts[i].name);
        start = m->scratch_used;
        state_serialize(parts[i].table, (const uint8_t *)m + parts[i].offset, append, m);
        place_end(m, place++, parts[i].name, start);
    }
    place = append_root(m, place, "ram", "ram", ram_root(m, &h));
    place = append_root(m, place, "video", "video", m->manifest.vga ? vga_root(&m->vga, &h) : root);
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

bool machine_parts(struct machine *m, void (*part)(void *context, const char *name, const uint8_t digest[32]), void *context)
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
