/* fuzz_devices.h - what a guest may do to the devices, as a program made of bytes: any bytes are a guest.
 *
 * Each operation is one byte and its operands: port accesses of all widths and in bursts, memory and device memory,
 * configuration space, time, keys, mouse, serial bytes, media that come and go, interrupt acknowledges. A target is one
 * device of the machine, whose ports are most of what is accessed and for which time passes without a processor; or the
 * whole machine, whose processor runs whatever the traffic makes of memory. fuzz_devices.c gives the bytes to
 * libFuzzer, tests/unit/test_devices_fuzz.c takes them from a generator. */
#ifndef MUNIMENT_TESTS_FUZZ_DEVICES_H
#define MUNIMENT_TESTS_FUZZ_DEVICES_H

#include <stdlib.h>
#include <string.h>

#include "emu/machine.h"

#define EVENTS_PER_CASE 20000u /* after so many, time stands: a timer at its shortest period would make a case last */
#define TICKS_PER_CASE 100000u /* the same for the processor of the whole machine */
#define MOST_IN_A_BURST 1024u
#define IDE_PORTS 0xC000u
#define POWER_PORTS 0x600u
#define NETWORK_PORTS 0xC800u
#define FRAME_BUFFER 0xE0000000u
#define DISPLAY_REGISTERS 0xE2000000u

enum fuzz_parts {
    FUZZ_VGA = 1,
    FUZZ_FLOPPY = 2,
    FUZZ_DISK = 4,
    FUZZ_CD = 8,
    FUZZ_CPU = 16,
    FUZZ_MOUSE = 32,
    FUZZ_BACKDOOR = 64,
    FUZZ_CIRRUS = 128,
    FUZZ_APIC = 256,
    FUZZ_SOUND = 512,
    FUZZ_OPL = 1024,
    FUZZ_SB16 = 2048,
    FUZZ_NE2000 = 4096,
    FUZZ_RTL8029 = 8192,
    FUZZ_NETWORK = FUZZ_NE2000 | FUZZ_RTL8029,
    FUZZ_ISAPNP = 16384
};

struct fuzz_range {
    uint16_t first, count;
};

static const struct fuzz_target {
    const char *name;
    enum machine_type type;
    unsigned parts;
    struct fuzz_range ports[24]; /* until one is empty */
} fuzz_targets[] = {
    {"pic", MACHINE_PC_ISA, 0, {{0x20, 2}, {0xA0, 2}, {0x4D0, 2}, {0x40, 4}}},
    {"pit", MACHINE_PC_ISA, 0, {{0x40, 4}, {0x61, 1}}},
    {"rtc", MACHINE_PC_ISA, 0, {{0x70, 2}}},
    {"dma", MACHINE_PC_ISA, FUZZ_FLOPPY, {{0x00, 16}, {0x80, 16}, {0xC0, 32}, {0x3F2, 6}}},
    {"keyboard", MACHINE_PC_ISA, 0, {{0x60, 1}, {0x64, 1}}},
    {"sysports", MACHINE_PC_ISA, 0, {{0x61, 1}, {0x92, 1}, {0x8900, 1}, {0x40, 4}, {0xF0, 1}}},
    {"speaker", MACHINE_PC_ISA, FUZZ_SOUND, {{0x42, 2}, {0x61, 1}}},
    {"opl", MACHINE_PC_ISA, FUZZ_OPL, {{0x388, 4}}},
    {"sb16",
     MACHINE_PC_ISA,
     FUZZ_SB16,
     {{0x220, 16},
      {0x22C, 1},
      {0x22C, 1},
      {0x22C, 1},
      {0x22C, 1},
      {0x22C, 1},
      {0x22C, 1},
      {0x22C, 1},
      {0x22C, 1},
      {0x00, 16},
      {0x83, 1},
      {0x8B, 1},
      {0xC4, 12},
      {0xD4, 10},
      {0x330, 2}}},
    {"ne2000", MACHINE_PC_ISA, FUZZ_NE2000, {{0x300, 32}, {0x300, 16}, {0x300, 16}, {0x300, 1}, {0x300, 1}}},
    {"rtl8029",
     MACHINE_PC_I440FX,
     FUZZ_RTL8029,
     {{NETWORK_PORTS, 32}, {NETWORK_PORTS, 16}, {NETWORK_PORTS, 1}, {NETWORK_PORTS, 1}, {0xCF8, 8}}},
    {"isapnp",
     MACHINE_PC_ISA,
     FUZZ_ISAPNP,
     {{0x279, 1}, {0x279, 1}, {0xA79, 1}, {0xA79, 1}, {0x203, 1}, {0x220, 16}, {0x388, 4}, {0x300, 32}}},
    {"serial", MACHINE_PC_ISA, 0, {{0x3F8, 8}, {0x2F8, 8}}},
    {"mouse", MACHINE_PC_ISA, FUZZ_MOUSE, {{0x3FB, 2}, {0x3F8, 8}, {0x64, 1}, {0x60, 1}}},
    {"backdoor", MACHINE_PC_ISA, FUZZ_BACKDOOR, {{0x60, 1}, {0x64, 1}, {BACKDOOR_PORT, 1}}},
    {"parallel", MACHINE_PC_ISA, 0, {{0x378, 3}}},
    {"floppy", MACHINE_PC_ISA, FUZZ_FLOPPY, {{0x3F2, 6}, {0x3F4, 2}, {0x0A, 6}, {0x04, 2}, {0x81, 1}}},
    {"ata", MACHINE_PC_ISA, FUZZ_DISK, {{0x1F0, 8}, {0x3F6, 1}}},
    {"atapi", MACHINE_PC_ISA, FUZZ_CD, {{0x170, 8}, {0x376, 1}}},
    {"ide",
     MACHINE_PC_I440FX,
     FUZZ_DISK | FUZZ_CD | FUZZ_VGA,
     {{IDE_PORTS, 16}, {0x1F0, 8}, {0x3F6, 1}, {0x170, 8}, {0x376, 1}}},
    {"pci", MACHINE_PC_I440FX, FUZZ_VGA, {{0xCF8, 8}, {0x4D0, 2}}},
    {"piix", MACHINE_PC_I440FX, 0, {{POWER_PORTS, 64}, {0xB2, 2}, {0xCF8, 8}}},
    {"apic", MACHINE_PC_I440FX, FUZZ_APIC, {{0x22, 2}, {0x20, 2}, {0xA0, 2}, {0x40, 4}, {0x70, 2}}},
    {"vga", MACHINE_PC_I440FX, FUZZ_VGA, {{0x3B4, 2}, {0x3BA, 1}, {0x3C0, 16}, {0x3D4, 2}, {0x3DA, 1}, {0x1CE, 3}}},
    {"cirrus", MACHINE_PC_I440FX, FUZZ_CIRRUS, {{0x3B4, 2}, {0x3BA, 1}, {0x3C0, 16}, {0x3D4, 2}, {0x3DA, 1}}},
    {"cirrus-isa", MACHINE_PC_ISA, FUZZ_CIRRUS, {{0x3C4, 2}, {0x3C6, 4}, {0x3CE, 2}, {0x3D4, 2}, {0x3DA, 1}}},
    {"pc-isa",
     MACHINE_PC_ISA,
     FUZZ_CPU | FUZZ_VGA | FUZZ_FLOPPY | FUZZ_DISK | FUZZ_CD,
     {{0x00, 16},
      {0x20, 2},
      {0x40, 4},
      {0x60, 2},
      {0x64, 1},
      {0x70, 2},
      {0x80, 16},
      {0x92, 1},
      {0xA0, 2},
      {0xC0, 32},
      {0x170, 8},
      {0x1CE, 3},
      {0x1F0, 8},
      {0x2F8, 8},
      {0x376, 5},
      {0x3B4, 44},
      {0x3F2, 14},
      {0x4D0, 2}}},
    {"pc-i440fx",
     MACHINE_PC_I440FX,
     FUZZ_CPU | FUZZ_VGA | FUZZ_FLOPPY | FUZZ_DISK | FUZZ_CD | FUZZ_APIC,
     {{0x00, 16},  {0x20, 2},   {0x40, 4},  {0x60, 2},         {0x64, 1},  {0x70, 2},      {0x92, 1},
      {0xA0, 2},   {0xB2, 2},   {0xC0, 32}, {0x170, 8},        {0x1CE, 3}, {0x1F0, 8},     {0x376, 1},
      {0x3B4, 44}, {0x3F2, 14}, {0x4D0, 2}, {POWER_PORTS, 64}, {0xCF8, 8}, {IDE_PORTS, 16}}},
};
#define FUZZ_TARGETS (sizeof fuzz_targets / sizeof *fuzz_targets)

struct fuzz_guest {
    const struct fuzz_target *target;
    struct machine *machine, *powered_on; /* as it was made: each case begins there */
    struct block media[DRIVE_COUNT];
    const uint8_t *at, *end;
    unsigned events;
    uint64_t ticks;
    bool over;
    uint64_t cases, accesses; /* of all */
};

static inline const struct fuzz_target *fuzz_target_named(const char *name)
{
    for (size_t i = 0; i < FUZZ_TARGETS; i++)
        if (!strcmp(fuzz_targets[i].name, name))
            return &fuzz_targets[i];
    return NULL;
}

/* --- Outside of the machine --- */

/* Every 61st sector cannot be read; the others hold their number. Nobody may ask for what is not there. */
static inline enum block_result fuzz_block_read(void *context, uint64_t sector, uint32_t count, uint8_t *buffer,
                                                uint32_t *done)
{
    const struct block *block = context;

    if (count > block->sectors || sector > block->sectors - count)
        abort();
    for (*done = 0; *done < count; ++*done) {
        if ((sector + *done) % 61 == 60)
            return BLOCK_UNREADABLE;
        memset(buffer + (size_t)*done * SECTOR_SIZE, (int)(sector + *done), SECTOR_SIZE);
    }
    return BLOCK_OK;
}

static inline enum block_result fuzz_block_write(void *context, uint64_t sector, uint32_t count, const uint8_t *buffer)
{
    const struct block *block = context;
    uint8_t sum = 0;

    if (count > block->sectors || sector > block->sectors - count)
        abort();
    for (size_t i = 0; i < (size_t)count * SECTOR_SIZE; i++)
        sum ^= buffer[i]; /* all of it must be there */
    return sum == 0xA5 && sector == UINT64_MAX ? BLOCK_FAILED : BLOCK_OK;
}

static inline const struct block *fuzz_medium(struct fuzz_guest *g, enum drive_slot slot, uint64_t sectors)
{
    g->media[slot] = (struct block){
        .context = &g->media[slot], .sectors = sectors, .read = fuzz_block_read, .write = fuzz_block_write};
    return &g->media[slot];
}

/* The digest is not looked at, but everything that goes into it is read. */
static inline void fuzz_sha256(void *context, const uint8_t *bytes, size_t length, uint8_t digest[32])
{
    (void)context;
    memset(digest, 0, 32);
    for (size_t i = 0; i < length; i += 509)
        digest[i & 31] ^= bytes[i];
}

static inline void fuzz_byte_out(void *context, unsigned port, uint8_t byte)
{
    (void)context, (void)port, (void)byte;
}

static inline void fuzz_parallel_out(void *context, uint8_t byte)
{
    (void)context, (void)byte;
}

/* All of a packet must be there. */
static inline void fuzz_packet_out(void *context, const uint8_t *packet, size_t length)
{
    uint8_t sum = 0;

    (void)context;
    for (size_t i = 0; i < length; i++)
        sum ^= packet[i];
    if (length > MACHINE_PACKET || (sum == 0xA5 && !length))
        abort();
}

/* --- The machine --- */

/* Firmware that opens interrupts and waits; each interrupt is ended. */
static const uint8_t fuzz_code[] = {
    0xFA,          0x31, 0xC0, 0x8E, 0xD8, 0x8E, 0xC0, 0x8E, 0xD0, 0xBC, 0x00, 0x7C, /* cli; ds = es = ss = 0; sp =
                                                                                        7C00h */
    0x31,          0xFF, 0xB9, 0x00, 0x01, 0xB8, 0x30, 0xF0, 0xAB, 0xB8, 0x00, 0xF0, 0xAB,
    0xE2,          0xF6,                                                       /* 256 vectors to F000:F030 */
    0xFB,          0xF4, 0xEB, 0xFC,                                           /* sti; hlt; again */
    [0x30] = 0x50, 0xB0, 0x20, 0xE6, 0xA0, 0xE6, 0x20, 0xE4, 0x60, 0x58, 0xCF, /* push ax; out A0h, 20h; out 20h, 20h;
                                                                                  in 60h; pop ax; iret */
};

static inline void fuzz_firmware(uint8_t rom[PAGE_SIZE])
{
    static const uint8_t reset[] = {0xEA, 0x00, 0xF0, 0x00, 0xF0}; /* jmp F000:F000 */

    memset(rom, 0xF4, PAGE_SIZE);
    memcpy(rom, fuzz_code, sizeof fuzz_code);
    memcpy(rom + PAGE_SIZE - 16, reset, sizeof reset);
}

static inline void fuzz_drives(struct fuzz_guest *g, struct drive_manifest drives[DRIVE_COUNT])
{
    drives[DRIVE_FD0].kind = DRIVE_ABSENT;
    if (g->target->parts & FUZZ_FLOPPY) {
        drives[DRIVE_FD0] = (struct drive_manifest){.kind = DRIVE_FLOPPY, .floppy = FLOPPY_1440K};
        drives[DRIVE_FD1] = (struct drive_manifest){.kind = DRIVE_FLOPPY, .floppy = FLOPPY_1200K, .read_only = true};
        fuzz_medium(g, DRIVE_FD0, 2880);
        fuzz_medium(g, DRIVE_FD1, 2400);
    }
    if (g->target->parts & FUZZ_DISK) {
        drives[DRIVE_HD0] = (struct drive_manifest){.kind = DRIVE_DISK, .geometry = {100, 4, 17}};
        drives[DRIVE_HD1] = (struct drive_manifest){.kind = DRIVE_DISK, .geometry = {16383, 16, 63}};
        fuzz_medium(g, DRIVE_HD0, 100 * 4 * 17);
        fuzz_medium(g, DRIVE_HD1, (UINT64_C(1) << 28) + 4096);
    }
    if (g->target->parts & FUZZ_CD) {
        drives[DRIVE_HD2].kind = DRIVE_CDROM;
        drives[DRIVE_HD3] = (struct drive_manifest){.kind = DRIVE_DISK, .geometry = {20, 2, 9}, .read_only = true};
        fuzz_medium(g, DRIVE_HD2, 4000);
        fuzz_medium(g, DRIVE_HD3, 20 * 2 * 9);
    }
}

static inline void fuzz_configure(struct fuzz_guest *g, unsigned function, unsigned offset, uint32_t value)
{
    bus_write(&g->machine->bus, 0xCF8, 0x80000000u | function << 8 | offset, 4);
    bus_write(&g->machine->bus, 0xCFC, value, 4);
}

/* As firmware would leave it. */
static inline void fuzz_configure_pci(struct fuzz_guest *g)
{
    fuzz_configure(g, PCI_DEVICE(1, 1), 0x20, IDE_PORTS | 1);
    fuzz_configure(g, PCI_DEVICE(1, 1), 0x04, 5);
    fuzz_configure(g, PCI_DEVICE(1, 3), 0x40, POWER_PORTS | 1);
    fuzz_configure(g, PCI_DEVICE(1, 3), 0x80, 1);
    fuzz_configure(g, PCI_DEVICE(2, 0), 0x10, FRAME_BUFFER);
    fuzz_configure(g, PCI_DEVICE(2, 0), 0x14, DISPLAY_REGISTERS);
    fuzz_configure(g, PCI_DEVICE(2, 0), 0x04, 3);
    fuzz_configure(g, PCI_DEVICE(3, 0), 0x10, NETWORK_PORTS | 1);
    fuzz_configure(g, PCI_DEVICE(3, 0), 0x04, 1);
}

static inline bool fuzz_recorded(void *context, uint64_t first, uint32_t count, int16_t (*frames)[2])
{
    if (first + count > 20000)
        abort();
    for (uint32_t i = 0; i < count; i++)
        frames[i][0] = frames[i][1] = (int16_t)((first + i) * 977);
    (void)context;
    return true;
}

/* What is connected to the line input, which ends within a case. */
static const struct wave fuzz_recording = {.rate = 8000, .frames = 20000, .read = fuzz_recorded};

/* Makes the machine of a target. False: the host has no memory. */
static inline bool fuzz_open(struct fuzz_guest *g, const struct fuzz_target *target)
{
    uint8_t rom[PAGE_SIZE];
    struct machine_manifest manifest;
    struct machine_host host = {.system_rom = rom,
                                .system_rom_size = sizeof rom,
                                .sha256 = fuzz_sha256,
                                .serial_out = fuzz_byte_out,
                                .parallel_out = fuzz_parallel_out,
                                .packet_out = fuzz_packet_out};
    const char *reason;

    memset(g, 0, sizeof *g);
    g->target = target;
    machine_manifest_default(&manifest);
    manifest.type = target->type;
    manifest.cpu = CPU_PENTIUM;
    manifest.mips = target->parts & FUZZ_CPU ? 1 : 25;
    manifest.memory = 1 << 20;
    manifest.display = target->parts & FUZZ_VGA         ? DISPLAY_VGA
                       : !(target->parts & FUZZ_CIRRUS) ? DISPLAY_NONE
                       : target->type == MACHINE_PC_ISA ? DISPLAY_GD5434
                                                        : DISPLAY_GD5446;
    manifest.display_memory = target->parts & FUZZ_CIRRUS ? 1u << 20 : 0;
    manifest.pointer = target->parts & FUZZ_MOUSE      ? POINTER_COM1
                       : target->parts & FUZZ_BACKDOOR ? POINTER_ABSOLUTE
                                                       : POINTER_PS2;
    manifest.apic = target->parts & FUZZ_APIC;
    manifest.speaker = target->parts & FUZZ_SOUND;
    manifest.sound_card = target->parts & FUZZ_OPL                    ? SOUND_CARD_OPL3
                          : target->parts & (FUZZ_SB16 | FUZZ_ISAPNP) ? SOUND_CARD_SB16
                                                                      : SOUND_CARD_NONE;
    manifest.sound_pnp = target->parts & FUZZ_ISAPNP;
    manifest.line_in = target->parts & FUZZ_SB16;
    manifest.network = (struct network_manifest){.card = target->parts & (FUZZ_NE2000 | FUZZ_ISAPNP) ? NETWORK_NE2000
                                                         : target->parts & FUZZ_RTL8029              ? NETWORK_RTL8029
                                                                                                     : NETWORK_NONE,
                                                 .address = {2, 0, 0, 0, 0, 1},
                                                 .pnp = target->parts & FUZZ_ISAPNP,
                                                 .cable = true};
    fuzz_drives(g, manifest.drives);
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++)
        host.drives[slot] = g->media[slot].sectors ? &g->media[slot] : NULL;
    fuzz_firmware(rom);
    g->machine = machine_create(&manifest, &host, &reason);
    g->powered_on = malloc(sizeof *g->powered_on);
    if (!g->machine || !g->powered_on)
        return false;
    if (manifest.type == MACHINE_PC_I440FX)
        fuzz_configure_pci(g);
    if (target->parts & FUZZ_CIRRUS)
        bus_write(&g->machine->bus, 0x3C4, 0x1206, 2); /* the key to the extended registers */
    machine_line_in(g->machine, &fuzz_recording);
    clock_begin_slice(&g->machine->clock, UINT64_C(1) << 62);
    memset(g->machine->memory.flags, PAGE_SAVED, g->machine->memory.ram_size / PAGE_SIZE);
    memcpy(g->powered_on, g->machine, sizeof *g->machine);
    return true;
}

static inline void fuzz_close(struct fuzz_guest *g)
{
    machine_destroy(g->machine);
    free(g->powered_on);
}

/* Whether the drive keeps anything of what was written. */
static inline bool fuzz_written(const struct drive *drive)
{
    return drive->groups[0] ||
           memcmp(drive->groups, drive->groups + 1, (drive->group_count - 1) * sizeof *drive->groups);
}

/* Puts a drive back to how it was at power-on: what was written to it is forgotten. */
static inline void fuzz_restore_drive(struct fuzz_guest *g, enum drive_slot slot)
{
    struct drive *drive = &g->machine->drives[slot];
    const struct drive *before = &g->powered_on->drives[slot];

    if (drive->medium == before->medium && drive->media == before->media &&
        (!drive->group_count || !fuzz_written(drive)))
        return;
    drive_free(drive);
    if (before->sectors)
        fuzz_medium(g, slot, before->sectors);
    if (!drive_init(drive, before->medium, before->read_only, before->failure))
        abort();
    drive->changed = before->changed;
    g->powered_on->drives[slot] = *drive;
}

/* Powers the machine on: much cheaper than making one. Memory that the last case wrote is cleared; display memory
 * stays, nobody depends on it. */
static inline void fuzz_power_on(struct fuzz_guest *g)
{
    struct machine *m = g->machine, *before = g->powered_on;

    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++)
        fuzz_restore_drive(g, slot);
    before->scratch = m->scratch;
    before->scratch_size = m->scratch_size;
    memcpy(m, before, sizeof *m);
    for (uint32_t page = 0; page < m->memory.ram_size / PAGE_SIZE; page++)
        if (!(m->memory.flags[page] & PAGE_SAVED))
            memset(m->memory.ram + (size_t)page * PAGE_SIZE, 0, PAGE_SIZE);
    memset(m->memory.flags, PAGE_SAVED, m->memory.ram_size / PAGE_SIZE);
    m->memory.listener.code_moved(m->memory.listener.listener);
    m->memory.listener.map_changed(m->memory.listener.listener);
}

/* --- Time --- */

/* Lets time pass without a processor, event by event. */
static inline void fuzz_wait(struct fuzz_guest *g, uint64_t ticks)
{
    struct clock *clock = &g->machine->clock;
    uint64_t until = clock_now(clock) + ticks;

    while (clock_now(clock) < until && g->events < EVENTS_PER_CASE && !g->over) {
        uint64_t step = until - clock_now(clock);
        if (*clock->left <= 0)
            step = 0;
        else if (step > (uint64_t)*clock->left)
            step = (uint64_t)*clock->left;
        *clock->left -= (int64_t)step;
        if (*clock->left > 0)
            continue;
        g->events++;
        clock_fire_due(clock);
    }
    sound_update(&g->machine->sound);
}

/* The processor runs. */
static inline void fuzz_run(struct fuzz_guest *g, uint64_t ticks)
{
    uint64_t left = TICKS_PER_CASE - g->ticks;

    ticks = ticks < left ? ticks : left;
    g->ticks += ticks;
    if (ticks && machine_run(g->machine, machine_tick(g->machine) + ticks) >= MACHINE_POWERED_OFF)
        g->over = true;
}

static inline void fuzz_pass(struct fuzz_guest *g, uint64_t microseconds)
{
    struct machine *m = g->machine;

    if (g->target->parts & FUZZ_CPU) {
        fuzz_run(g, microseconds);
    } else {
        fuzz_wait(g, microseconds * m->clock.ticks_per_microsecond);
        m->powered_off = false;
        if (m->reset_requested) {
            fuzz_run(g, 1);
            clock_begin_slice(&m->clock, UINT64_C(1) << 62);
        }
    }
    if (m->host_failed)
        g->over = true;
}

/* --- Operations --- */

static inline uint8_t fuzz_byte(struct fuzz_guest *g)
{
    return g->at < g->end ? *g->at++ : 0;
}

static inline uint32_t fuzz_value(struct fuzz_guest *g, unsigned size)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < size; i++)
        value |= (uint32_t)fuzz_byte(g) << 8 * i;
    return value;
}

/* One of the target's ports; now and then any at all. */
static inline uint16_t fuzz_port(struct fuzz_guest *g, unsigned parameter)
{
    unsigned total = 0, n;

    if (parameter == 15)
        return (uint16_t)fuzz_value(g, 2);
    for (const struct fuzz_range *r = g->target->ports; r->count; r++)
        total += r->count;
    n = fuzz_byte(g) % total;
    for (const struct fuzz_range *r = g->target->ports;; n -= r++->count)
        if (n < r->count)
            return (uint16_t)(r->first + n);
}

/* The same port, or the following ones, again and again: data phases, command blocks. */
static inline uint64_t fuzz_burst(struct fuzz_guest *g, unsigned parameter)
{
    struct bus *bus = &g->machine->bus;
    uint16_t port = fuzz_port(g, 0);
    unsigned count = fuzz_byte(g), size = parameter & 1 ? 2 : 1;

    if (parameter & 2) { /* what a string instruction moves */
        count = count * 4 + 1;
        count = count < MOST_IN_A_BURST ? count : MOST_IN_A_BURST;
        for (unsigned i = 0; i < count; i++)
            if (parameter & 4)
                bus_write(bus, port, i * 0x9D2Cu + parameter, size);
            else
                bus_read(bus, port, size);
    } else { /* given values */
        count = count % 12 + 1;
        for (unsigned i = 0; i < count; i++)
            bus_write(bus, (uint16_t)(parameter & 4 ? port + i : port), fuzz_value(g, size), size);
    }
    return count;
}

static inline uint32_t fuzz_address(struct fuzz_guest *g, unsigned parameter)
{
    static const uint32_t bases[16] = {
        0,          DISPLAY_REGISTERS, 0x1000,  0x9F000, 0xA0000, 0xA0000,      0xAFFF0,
        0xB8000,    0xBFF80,           0xC0000, 0xF0000, 0xFFFF0, FRAME_BUFFER, FRAME_BUFFER + VGA_MEMORY - 0x100,
        0xFFFFFFF0, 0x100000};

    return bases[parameter] + fuzz_value(g, 2);
}

static inline void fuzz_memory(struct fuzz_guest *g, unsigned parameter)
{
    uint32_t address = fuzz_address(g, parameter);
    unsigned how = fuzz_byte(g), size = how & 2 ? 4 : how & 4 ? 2 : 1;

    if (how & 1)
        memory_write(&g->machine->memory, address, fuzz_value(g, size), size);
    else
        memory_read(&g->machine->memory, address, size);
}

/* A descriptor of the bus master, and its table. */
static inline void fuzz_descriptor(struct fuzz_guest *g, unsigned parameter)
{
    uint32_t table = fuzz_address(g, parameter);

    memory_write(&g->machine->memory, table, fuzz_address(g, fuzz_byte(g) & 15), 4);
    memory_write(&g->machine->memory, table + 4, fuzz_value(g, 2) | (uint32_t)(parameter & 1) << 31, 4);
    bus_write(&g->machine->bus, IDE_PORTS + (parameter & 2 ? 12 : 4), table, 4);
}

/* --- Commands: what a driver does, with arguments that are mostly sensible, so that traffic reaches beyond the first
 * check --- */

/* Moves what a data phase has, or has not. */
static inline uint64_t fuzz_data(struct fuzz_guest *g, uint16_t port, unsigned words, bool write)
{
    for (unsigned i = 0; i < words; i++)
        if (write)
            bus_write(&g->machine->bus, port, i * 0x9D2Cu, 2);
        else
            bus_read(&g->machine->bus, port, 2);
    return words;
}

static inline uint64_t fuzz_disk_command(struct fuzz_guest *g, unsigned parameter)
{
    static const uint8_t opcodes[32] = {0x20, 0x24, 0x25, 0x29, 0x30, 0x34, 0x35, 0x39, 0x3C, 0x40, 0x42,
                                        0x70, 0x90, 0x91, 0xB0, 0xB0, 0xC4, 0xC5, 0xC6, 0xC8, 0xC8, 0xCA,
                                        0xCA, 0xE0, 0xE5, 0xE7, 0xEC, 0xEF, 0xF8, 0x27, 0x10, 0x00};
    uint8_t opcode = opcodes[fuzz_byte(g) & 31], how = fuzz_byte(g);
    uint16_t base = how & 0x80 && g->target->parts & FUZZ_CD ? 0x170 : 0x1F0;
    uint8_t task[7] = {fuzz_byte(g), how & 7, fuzz_byte(g), fuzz_byte(g) & 0x1F, 0, (uint8_t)(0xA0 | (how & 0x70)),
                       opcode};
    bool write = (opcode >= 0x30 && opcode < 0x40) || opcode == 0xC5;

    if (base == 0x170)
        task[5] |= 0x10;
    if (opcode == 0xB0) {
        task[0] = (uint8_t)(0xD0 + (task[0] & 15));
        task[3] = 0x4F;
        task[4] = how & 8 ? 0 : 0xC2;
    }
    if (how & 8) /* the previous content of the task file */
        for (unsigned i = 1; i < 5; i++)
            bus_write(&g->machine->bus, (uint16_t)(base + 1 + i), i < 3 ? 0 : fuzz_byte(g), 1);
    bus_write(&g->machine->bus, (uint16_t)(base + 6), task[5], 1);
    for (unsigned i = 0; i < 7; i++)
        bus_write(&g->machine->bus, (uint16_t)(base + 1 + i), task[i], 1);
    fuzz_pass(g, 400);
    return 8 + (parameter & 1 ? fuzz_data(g, base, (parameter & 14) * 64, write) : 0);
}

static inline uint64_t fuzz_packet(struct fuzz_guest *g, unsigned parameter)
{
    static const uint8_t opcodes[32] = {0x00, 0x03, 0x12, 0x1A, 0x1B, 0x15, 0x1E, 0x25, 0x28, 0x28, 0x55,
                                        0x2B, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x4A, 0x4B, 0x4E, 0x51,
                                        0x5A, 0x5A, 0xA8, 0xB9, 0xBB, 0xBD, 0xBE, 0xBE, 0xA1, 0xFF};
    struct bus *bus = &g->machine->bus;
    uint8_t how = fuzz_byte(g), packet[12] = {opcodes[how & 31]};

    for (unsigned i = 1; i < 12; i++)
        packet[i] = i == 3 || i == 6 ? 0 : fuzz_byte(g);
    if (how & 0x20) { /* a short read within the disc */
        packet[2] = packet[7] = 0;
        packet[4] &= 3;
        packet[8] &= 7;
        packet[9] = 0x10;
    }
    bus_write(bus, 0x176, 0xA0, 1);
    bus_write(bus, 0x171, how >> 6 & 1, 1);
    bus_write(bus, 0x174, how & 0x80 ? packet[10] : 0, 1);
    bus_write(bus, 0x175, how & 0x80 ? packet[11] & 3 : 8, 1);
    bus_write(bus, 0x177, parameter == 7 ? 0xA1 : 0xA0, 1);
    for (unsigned i = 0; i < 12; i += 2)
        bus_write(bus, 0x170, packet[i] | (uint32_t)packet[i + 1] << 8, 2);
    fuzz_pass(g, 400);
    return 11 + fuzz_data(g, 0x170, parameter & 1 ? (parameter & 14) * 70 : 0, false);
}

static inline void fuzz_dma_channel(struct fuzz_guest *g, uint8_t how)
{
    static const uint8_t modes[4] = {0x46, 0x4A, 0x42, 0x5A}; /* to memory, from memory, verify, from memory again and
                                                                 again */
    const uint8_t writes[][2] = {{0x0A, 6},
                                 {0x0C, 0},
                                 {0x0B, (uint8_t)(modes[how & 3] | (how & 4) << 3)},
                                 {0x04, fuzz_byte(g)},
                                 {0x04, fuzz_byte(g)},
                                 {0x81, how >> 4},
                                 {0x05, 0xFF},
                                 {0x05, how & 8 ? 1 : 0x23},
                                 {0x08, 0},
                                 {0x0A, 2}};

    for (unsigned i = 0; i < sizeof writes / sizeof *writes; i++)
        bus_write(&g->machine->bus, writes[i][0], writes[i][1], 1);
}

static inline uint64_t fuzz_floppy_command(struct fuzz_guest *g, unsigned parameter)
{
    /* clang-format off */
    static const uint8_t commands[32][2] = {
        {0x03, 3}, {0x04, 2}, {0x07, 2}, {0x08, 1}, {0x0F, 3}, {0x8F, 3}, {0xCF, 3}, {0xE6, 9}, {0xC6, 9}, {0x46, 9}, {0xC5, 9},
        {0x45, 9}, {0x4D, 6}, {0x4D, 6}, {0x4A, 2}, {0x42, 9}, {0x56, 9}, {0xCC, 9}, {0xC9, 9}, {0x0E, 1}, {0x10, 1}, {0x12, 2},
        {0x13, 4}, {0x94, 1}, {0x14, 1}, {0xE6, 9}, {0xC5, 9}, {0x0F, 3}, {0x51, 9}, {0xD9, 9}, {0x5D, 9}, {0xFF, 1}};
    /* clang-format on */
    struct bus *bus = &g->machine->bus;
    const uint8_t *command = commands[fuzz_byte(g) & 31];
    uint8_t how = fuzz_byte(g), unit = how & 1;
    uint8_t arguments[9] = {
        command[0], (uint8_t)(unit | (how & 2) << 1), 0, how >> 1 & 1, (uint8_t)(1 + (how >> 2 & 7)), 2, 18, 0x1B,
        0xFF};

    if (command[1] == 6) /* FORMAT TRACK: N, SC, GPL, D */
        memcpy(arguments + 2, (const uint8_t[]){2, (uint8_t)(1 + (how >> 4)), 0x1B, 0xF6}, 4);
    for (unsigned i = 2; how & 0x20 && i < 9; i++)
        arguments[i] = fuzz_byte(g);
    if (parameter & 1)
        fuzz_dma_channel(g, fuzz_byte(g));
    bus_write(bus, 0x3F2, 0x3C | unit, 1);
    bus_write(bus, 0x3F7, how & 0x80 ? how >> 6 & 1 : 0, 1);
    for (unsigned i = 0; i < command[1]; i++)
        bus_write(bus, 0x3F5, arguments[i], 1);
    fuzz_pass(g, 20000);
    for (unsigned i = 0; i < (parameter & 6 ? 8u : 600u); i++)
        if (parameter & 8)
            bus_read(bus, 0x3F5, 1);
        else
            bus_write(bus, 0x3F5, (uint8_t)(i + how), 1);
    return 12 + (parameter & 6 ? 8 : 600);
}

/* Index and data: clock, VGA, DISPI. */
static inline uint64_t fuzz_indexed(struct fuzz_guest *g, unsigned parameter)
{
    uint16_t port = fuzz_port(g, 0);
    unsigned size = parameter & 1 ? 2 : 1;

    bus_write(&g->machine->bus, port, fuzz_byte(g), size);
    bus_write(&g->machine->bus, (uint16_t)(port + 1), fuzz_value(g, size), size);
    return 2;
}

/* A register of the local APIC, or one of the I/O APIC by its index. */
static inline uint64_t fuzz_apic(struct fuzz_guest *g, unsigned parameter)
{
    struct memory *memory = &g->machine->memory;
    uint32_t address = LAPIC_BASE + 16 * (fuzz_byte(g) & 0x3Fu);

    if (parameter & 1) {
        memory_write(memory, IOAPIC_BASE, fuzz_byte(g) & 0x3F, 4);
        address = IOAPIC_BASE + 0x10;
    }
    if (parameter & 2)
        memory_read(memory, address, 4);
    memory_write(memory, address, fuzz_value(g, 4), 4);
    return 2;
}

/* One of the commands that the target's devices know. */
static inline uint64_t fuzz_command(struct fuzz_guest *g, unsigned parameter)
{
    static uint64_t (*const kinds[])(struct fuzz_guest * g, unsigned parameter) = {
        fuzz_indexed, fuzz_floppy_command, fuzz_disk_command, fuzz_packet, fuzz_apic};
    static const unsigned parts[] = {0, FUZZ_FLOPPY, FUZZ_DISK, FUZZ_CD, FUZZ_APIC};
    unsigned known[5], count = 0;

    for (unsigned i = 0; i < 5; i++)
        if ((g->target->parts & parts[i]) == parts[i])
            known[count++] = i;
    return kinds[known[fuzz_byte(g) % count]](g, parameter);
}

static inline void fuzz_change_medium(struct fuzz_guest *g, uint8_t which)
{
    static const uint32_t sizes[16] = {0,    320,  360, 640,  720,  1440, 2400, 2880,
                                       3360, 5760, 1,   3680, 4000, 100,  719,  1300000};
    enum drive_slot slot = which & 0x80 ? DRIVE_HD2 : which & 0x40 ? DRIVE_FD1 : DRIVE_FD0;
    uint32_t sectors = sizes[which & 15];

    machine_insert(g->machine, slot, NULL); /* what is put in must outlive its removal */
    if (sectors)
        machine_insert(g->machine, slot, fuzz_medium(g, slot, sectors));
}

/* A call of the backdoor, mostly one that it knows. */
static inline void fuzz_call(struct fuzz_guest *g)
{
    static const uint8_t commands[16] = {39, 39, 39, 40, 41, 41, 41, 41, 6, 7, 8, 9, 9, 10, 39, 0};
    static const uint32_t arguments[8] = {0x45414552, 0x53424152, 0x4C455252, 0xF5, 1, 4, 0, 5000};
    struct bus *bus = &g->machine->bus;
    uint8_t which = fuzz_byte(g);
    uint32_t reg[8] = {which & 0x80 ? 0 : 0x564D5868, commands[which & 15], BACKDOOR_PORT, arguments[which >> 4 & 7]};

    if (bus_calls(bus, BACKDOOR_PORT))
        bus->call.function(bus->call.device, reg);
}

static inline void fuzz_paste(struct fuzz_guest *g, uint8_t length)
{
    uint8_t text[64 * 255];

    memset(text, length, sizeof text);
    machine_paste(g->machine, text, length & 1 ? length : 64u * length, length & 2);
}

/* A packet arrives, for the station, for all or for a group; it is not what its check sequence says. */
static inline void fuzz_arrival(struct fuzz_guest *g, uint8_t byte)
{
    uint8_t packet[MACHINE_PACKET];
    size_t length = fuzz_value(g, 2) % (sizeof packet + 1);

    memset(packet, byte & 1 ? 0xFF : byte, sizeof packet);
    if (byte & 2)
        memcpy(packet, (const uint8_t[]){2, 0, 0, 0, 0, 1}, 6);
    machine_packet_in(g->machine, packet, length);
}

static inline void fuzz_input(struct fuzz_guest *g, unsigned parameter)
{
    struct machine *m = g->machine;
    struct text_screen text;
    struct frame frame;
    uint8_t digest[32], byte = fuzz_byte(g);

    if (g->target->parts & FUZZ_NETWORK && parameter & 8) {
        fuzz_arrival(g, byte);
        return;
    }
    switch (g->target->parts & FUZZ_BACKDOOR ? parameter : parameter & 7) {
    case 8:
    case 9: machine_pointer_at(m, (uint16_t)fuzz_value(g, 2), byte, (int8_t)byte * 200, byte >> 5); break;
    case 10:
    case 11:
    case 12:
    case 13: fuzz_call(g); break;
    case 14: fuzz_paste(g, byte); break;
    case 0:
    case 1: machine_key(m, byte, parameter & 1); break;
    case 2: machine_pointer(m, (int8_t)byte * 200, (int8_t)fuzz_byte(g) * 200, (int8_t)fuzz_byte(g), byte); break;
    case 3: machine_serial_in(m, byte >> 7, byte); break;
    case 4: fuzz_change_medium(g, byte); break;
    case 5:
        if (m->cpu.attention & ATTENTION_INTR)
            m->cpu.acknowledge(m->cpu.pic);
        break;
    case 6: machine_digest(m, digest); break;
    default:
        machine_text(m, &text);
        if (m->manifest.display && !(byte & 15))
            machine_frame(m, &frame);
    }
}

/* How long each step of time is, in microseconds. */
static const uint32_t fuzz_times[16] = {1,   2,    5,    10,   20,    50,     100,    200,
                                        500, 1000, 2500, 6000, 20000, 100000, 250000, 1100000};

/* Does one operation; returns how many accesses it was. */
static inline uint64_t fuzz_operation(struct fuzz_guest *g)
{
    struct bus *bus = &g->machine->bus;
    uint8_t operation = fuzz_byte(g);
    unsigned parameter = operation >> 4;
    uint16_t port;

    switch (operation & 15) {
    case 0:
    case 1:
        port = fuzz_port(g, parameter);
        bus_write(bus, port, fuzz_byte(g), 1);
        return 1;
    case 2:
    case 3: return fuzz_command(g, parameter);
    case 4:
    case 5: bus_read(bus, fuzz_port(g, parameter), 1); return 1;
    case 6:
    case 7:
        port = fuzz_port(g, parameter);
        bus_write(bus, port, fuzz_value(g, operation & 1 ? 4 : 2), operation & 1 ? 4 : 2);
        return 1;
    case 8: bus_read(bus, fuzz_port(g, parameter), parameter & 1 ? 4 : 2); return 1;
    case 9:
    case 10: return fuzz_burst(g, parameter);
    case 11: fuzz_memory(g, parameter); return 1;
    case 12:
        if (g->target->type == MACHINE_PC_I440FX)
            fuzz_descriptor(g, parameter);
        return 3;
    case 13:
        if (g->target->type == MACHINE_PC_I440FX) {
            static const uint8_t functions[4] = {PCI_DEVICE(0, 0), PCI_DEVICE(1, 0), PCI_DEVICE(1, 3),
                                                 PCI_DEVICE(2, 0)};
            uint8_t offset = fuzz_byte(g) & 0xFC;
            fuzz_configure(g, parameter & 4 ? PCI_DEVICE(1, 1) : functions[parameter & 3], offset, fuzz_value(g, 4));
        }
        return 2;
    case 14: fuzz_input(g, parameter); return 0;
    default: fuzz_pass(g, fuzz_times[parameter]); return 0;
    }
}

/* Runs the bytes as a guest. */
static inline void fuzz_case(struct fuzz_guest *g, const uint8_t *bytes, size_t size)
{
    uint8_t digest[32];

    fuzz_power_on(g);
    g->at = bytes;
    g->end = bytes + size;
    g->events = 0;
    g->ticks = 0;
    g->over = false;
    while (g->at < g->end && !g->over) {
        g->accesses += fuzz_operation(g);
        fuzz_pass(g, 1); /* the bus */
    }
    if (!g->machine->host_failed && size % 8 == 0)
        machine_digest(g->machine, digest);
    g->cases++;
}

#endif
