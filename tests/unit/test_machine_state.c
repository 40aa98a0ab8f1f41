/* test_machine_state.c - what the state tables declare is all the state there is; what is taken out of one machine goes
 * on in another; what is no state is refused.
 *
 * Of two equal machines one is poisoned between slices: every byte of struct machine that is neither declared in a
 * table nor named below as derived or wiring is overwritten, the dead bytes of buffers included. Both must go on alike.
 * A new field that somebody forgot to declare is poisoned too, and found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "archive/digest.h"
#include "bios/bios.h"
#include "desk/embedded.h"
#include "emu/devices/vga_draw.h"
#include "emu/host/host.h"
#include "emu/machine.h"

#define DISK_SIZE (8u << 20)

struct medium {
    struct block block;
    uint8_t *bytes;
};

struct twin {
    struct machine *m;
    struct code_memory code; /* for a translator, if it is there */
    struct medium floppy, disk, scratch;
    uint8_t *poisonable; /* one per byte of struct machine */
    uint32_t random;
};

/* --- Marks: derived from declared state, or wiring --- */

#define MARK(member) \
    { \
        offsetof(struct machine, member), sizeof(((struct machine *)0)->member) \
    }
#define MARK_LINES_OF_SERIAL(n) \
    MARK(serial[n].clock), MARK(serial[n].slot), MARK(serial[n].irq), MARK(serial[n].out), MARK(serial[n].context), \
        MARK(serial[n].dtr), MARK(serial[n].rts), MARK(serial[n].modem_in)
#define MARK_UNIT_OF_ATA(n, i) \
    MARK(ata[n].unit[i].drive), MARK(ata[n].unit[i].number), MARK(ata[n].unit[i].packet), MARK(ata[n].unit[i].write_us)
#define MARK_LINES_OF_ATA(n) \
    MARK(ata[n].clock), MARK(ata[n].slot), MARK(ata[n].irq), MARK(ata[n].dma), MARK_UNIT_OF_ATA(n, 0), \
        MARK_UNIT_OF_ATA(n, 1)
#define MARK_UNIT_OF_FLOPPY(n) MARK(floppy.unit[n].drive), MARK(floppy.unit[n].type)
#define MARK_CARD(c) \
    MARK(c.cards), MARK(c.identifier), MARK(c.resources), MARK(c.resource_bytes), MARK(c.initial), MARK(c.chosen), \
        MARK(c.card)
#define MARK_FUNCTION(f) MARK(f.mask), MARK(f.address), MARK(f.written), MARK(f.device)
#define MARK_MASTER(n) MARK(ide.channel[n].dma), MARK(ide.channel[n].ide), MARK(ide.channel[n].ata)
#define MARK_DRIVE(n) \
    MARK(drives[n].medium), MARK(drives[n].failed), MARK(drives[n].failure), MARK(drives[n].groups), \
        MARK(drives[n].group_count), MARK(drives[n].top)
#define MARK_SEGMENT(s) MARK(cpu.s.read_end), MARK(cpu.s.write_end), MARK(cpu.s.flat)

/* clang-format off */
static const struct { size_t offset, size; } marks[] = {
    /* what the machine is made of and connected to */
    MARK(manifest), MARK(host), MARK(clock), MARK(bus), MARK(memory), MARK(serial_wire), MARK(host_failed),
    MARK(cpu.model), MARK(cpu.cpuid_limit), MARK(cpu.memory), MARK(cpu.bus), MARK(cpu.clock), MARK(cpu.acknowledge), MARK(cpu.pic), MARK(cpu.ferr), MARK(cpu.apic_base_written),
    MARK(cpu.io_ticks), MARK(cpu.observer), MARK(cpu.run_waits), MARK(pic.intr), MARK(pit.clock), MARK(pit.out), MARK(rtc.clock), MARK(rtc.irq), MARK(dma.memory),
    MARK(keyboard.clock), MARK(keyboard.mouse.clock), MARK(keyboard.mouse.ready), MARK(keyboard.irq1), MARK(keyboard.irq12), MARK(keyboard.a20_line), MARK(keyboard.reset_line), MARK(keyboard.no_mouse), MARK(mouse.clock), MARK(mouse.out), MARK(mouse.context),
    MARK(backdoor.report), MARK(backdoor.copied), MARK(backdoor.context),
    MARK_CARD(isapnp), MARK_CARD(network_pnp), MARK(pnp_cards),
    MARK(network.chip.clock), MARK(network.chip.irq), MARK(network.chip.fetch), MARK(network.chip.store), MARK(network.chip.board), MARK(network.chip.carrier), MARK(network.chip.out), MARK(network.chip.context), MARK(network.prom),
    MARK(network_card.function.mask), MARK(network_card.function.address), MARK(network_card.function.written), MARK(network_card.function.device), MARK(network_card.bus), MARK(network_card.card), MARK(network_card.base),
    MARK(sound), MARK(speaker.sound), MARK(speaker.stream.origin), MARK(speaker.stream.rate), MARK(speaker.stream.made), MARK(speaker.stream.zeros), MARK(sysports.speaker), MARK(midi.clock), MARK(midi.out), MARK(midi.context), MARK(line.wave), MARK(line.clock), MARK(line.failure), MARK(line.kept), MARK(line.block), MARK(sb16.line), MARK(sb16.sound), MARK(sb16.voice), MARK(sb16.synthesizer), MARK(sb16.clock), MARK(sb16.irq), MARK(sb16.dma), MARK(sb16.stream.origin), MARK(sb16.stream.rate), MARK(sb16.stream.made), MARK(sb16.stream.zeros), MARK(opl.sound), MARK(opl.opl2), MARK(opl.voice), MARK(opl.noise), MARK(opl.noise_at), MARK(opl.stream.origin), MARK(opl.stream.rate), MARK(opl.stream.made), MARK(opl.stream.zeros),
    MARK(sysports.clock), MARK(sysports.gate2), MARK(sysports.a20), MARK(sysports.reset), MARK(sysports.power_off),
    MARK_LINES_OF_SERIAL(0), MARK_LINES_OF_SERIAL(1), MARK(parallel.clock), MARK(parallel.irq), MARK(parallel.out), MARK(parallel.context),
    MARK(vga.clock), MARK(vga.picture), MARK(vga.touched), MARK(vga.memory), MARK(vga.pages), MARK(vga.stale), MARK(vga.hashed), MARK(vga.bus_memory),
    MARK(vga.linear), MARK(vga.bank), MARK(vga.irq), MARK(vga.window_base), MARK(vga.window_mask), MARK(vga.memory_size), MARK(vga.extension),
    MARK(cirrus.ddc.edid), MARK(cirrus.ddc.answers), MARK(cirrus.aside), MARK(cirrus.vga), MARK(cirrus.chip), MARK(cirrus.pci), MARK(cirrus.extension), MARK(cirrus.window),
    MARK(cirrus.linear), MARK(cirrus.beyond), MARK(cirrus.registers), MARK(cirrus.high_registers),
    MARK_FUNCTION(vga_card.function), MARK(vga_card.card), MARK(vga_card.memory), MARK(vga_card.rom), MARK(vga_card.image),
    MARK(vga_card.image_size), MARK(floppy.clock), MARK(floppy.irq), MARK(floppy.dma), MARK_UNIT_OF_FLOPPY(0), MARK_UNIT_OF_FLOPPY(1),
    MARK_UNIT_OF_FLOPPY(2), MARK_UNIT_OF_FLOPPY(3), MARK_LINES_OF_ATA(0), MARK_LINES_OF_ATA(1),
    MARK(pci.functions), MARK(pci.count), MARK(pci.reset), MARK(pci.processor_reset), MARK_FUNCTION(bridge.function), MARK(bridge.memory),
    MARK_FUNCTION(piix.isa), MARK_FUNCTION(piix.power), MARK(piix.clock), MARK(piix.bus), MARK(piix.irq), MARK(piix.pirq_line), MARK(piix.power_off),
    MARK(apics), MARK(lapic.kind), MARK(lapic.wired), MARK(lapic.clock), MARK(lapic.memory), MARK(lapic.region), MARK(ioapic.apics),
    MARK_FUNCTION(ide.function), MARK_MASTER(0), MARK_MASTER(1), MARK(ide.memory), MARK(ide.bus),
    MARK_DRIVE(0), MARK_DRIVE(1), MARK_DRIVE(2), MARK_DRIVE(3), MARK_DRIVE(4), MARK_DRIVE(5),
    /* the tick is declared as such: now = deadline - left */
    MARK(cpu.left),
    /* always the same between slices: FLAGS_READY after a digest; nothing requested, nothing just halted */
    MARK(cpu.flag_op), MARK(reset_requested), MARK(full_reset_requested), MARK(cpu.halted_dead),
    /* where ports are mapped follows from the configuration */
    MARK(piix.base),
    /* derived from CPL and segments */
    MARK(cpu.user), MARK(cpu.tlb), MARK_SEGMENT(seg[0]), MARK_SEGMENT(seg[1]), MARK_SEGMENT(seg[2]), MARK_SEGMENT(seg[3]), MARK_SEGMENT(seg[4]),
    MARK_SEGMENT(seg[5]),
    /* derived from the floating-point unit's control word and exceptions; what only SSE knows of an environment */
    MARK(cpu.x87.env.rounding), MARK(cpu.x87.env.precision), MARK(cpu.x87.env.masks), MARK(cpu.x87.error),
    MARK(cpu.x87.env.flush_to_zero), MARK(cpu.x87.env.denormals_are_zero),
    /* caches */
    MARK(cpu.waited), MARK(cpu.halted_ticks), MARK(cpu.slow_accesses), MARK(cpu.lap_slow), MARK(cpu.tlb_store), MARK(cpu.tlbs), MARK(cpu.blocks), MARK(cpu.buckets), MARK(cpu.code), MARK(cpu.floor), MARK(cpu.view), MARK(cpu.translator), MARK(cpu.hooks), MARK(engine), MARK(engine_random), MARK(pages), MARK(ram_hashed), MARK(rom_digest), MARK(scratch), MARK(scratch_size)
};
/* clang-format on */

static unsigned width_of(enum state_kind kind)
{
    return kind == STATE_U16                                              ? 2
           : kind == STATE_U32                                            ? 4
           : kind == STATE_U64 || kind == STATE_I64 || kind == STATE_TICK ? 8
                                                                          : 1;
}

/* Takes what a table declares out of the map: buffers as far as they are alive now, and their length. */
static void spare_declared(struct twin *t, const struct state_field *table, size_t at)
{
    for (const struct state_field *f = table; f->name; f++) {
        size_t size = f->count;
        if (f->kind == STATE_NESTED) {
            for (uint32_t i = 0; i < f->count; i++)
                spare_declared(t, f->nested, at + f->offset + (size_t)i * f->stride);
            continue;
        }
        if (f->kind != STATE_BYTES) {
            size *= width_of(f->kind);
        } else if (f->live != STATE_ALL) {
            uint32_t live;
            memcpy(&live, (uint8_t *)t->m + at + f->live, sizeof live);
            size = live;
            memset(t->poisonable + at + f->live, 0, sizeof live);
        }
        memset(t->poisonable + at + f->offset, 0, size);
    }
}

static unsigned poison(struct twin *t)
{
    unsigned poisoned = 0;

    memset(t->poisonable, 1, sizeof *t->m);
    for (const struct part *part = machine_part_table; part->name; part++)
        spare_declared(t, part->table, part->offset);
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        memset(t->poisonable + marks[i].offset, 0, marks[i].size);
    for (size_t i = 0; i < sizeof *t->m; i++) {
        t->random = t->random * 1664525 + 1013904223;
        if (t->poisonable[i]) {
            ((uint8_t *)t->m)[i] = (uint8_t)(t->random >> 24);
            poisoned++;
        }
    }
    memset(t->m->vga.picture, (int)(t->random >> 24), sizeof *t->m->vga.picture);
    memset(t->m->scratch, (int)(t->random >> 24), t->m->scratch_size);
    return poisoned;
}

/* --- The machines: the firmware's test floppy, which uses every chip --- */

static enum block_result medium_read(void *context, uint64_t sector, uint32_t count, uint8_t *buffer, uint32_t *done)
{
    memcpy(buffer, ((struct medium *)context)->bytes + sector * SECTOR_SIZE, (size_t)count * SECTOR_SIZE);
    *done = count;
    return BLOCK_OK;
}

static enum block_result medium_write(void *context, uint64_t sector, uint32_t count, const uint8_t *buffer)
{
    memcpy(((struct medium *)context)->bytes + sector * SECTOR_SIZE, buffer, (size_t)count * SECTOR_SIZE);
    return BLOCK_OK;
}

static void medium_fill(struct medium *medium, size_t size, bool test_image)
{
    char path[512];

    medium->bytes = calloc(1, size);
    assert_non_null(medium->bytes);
    medium->block = (struct block){
        .context = medium, .sectors = size / SECTOR_SIZE, .read = medium_read, .write = medium_write};
    if (!test_image)
        return;
    snprintf(path, sizeof path, "%s/bios/test.img", getenv("BUILD") ? getenv("BUILD") : "build");
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_true(fread(medium->bytes, 1, size, file) > SECTOR_SIZE);
    fclose(file);
}

static void host_sha256(void *context, const uint8_t *bytes, size_t length, uint8_t digest[32])
{
    (void)context;
    sha256(bytes, length, digest);
}

static void twin_make_with(struct twin *t, enum machine_type type, const struct embedded_file *system,
                           const struct embedded_file *video)
{
    struct machine_manifest manifest;
    const char *reason;

    medium_fill(&t->floppy, 1474560, true);
    medium_fill(&t->disk, DISK_SIZE, true);
    medium_fill(&t->scratch, DISK_SIZE, false);
    machine_manifest_default(&manifest);
    manifest.type = type;
    manifest.memory = 4u << 20;
    manifest.speaker = true;
    manifest.sound_card = type == MACHINE_PC_ISA ? SOUND_CARD_ADLIB : SOUND_CARD_SB16;
    manifest.sound_pnp = manifest.line_in = manifest.sound_card == SOUND_CARD_SB16;
    manifest.network = (struct network_manifest){.card = type == MACHINE_PC_ISA ? NETWORK_NE2000 : NETWORK_RTL8029,
                                                 .address = {2, 0, 0, 0, 0, 1},
                                                 .pnp = type == MACHINE_PC_ISA,
                                                 .cable = true};
    manifest.pointer = type == MACHINE_PC_ISA ? POINTER_COM2 : POINTER_ABSOLUTE;
    if (type == MACHINE_PC_I440FX) {
        manifest.cpu = CPU_PENTIUM2;
        manifest.apic = true;
    }
    manifest.drives[DRIVE_HD0].kind = manifest.drives[DRIVE_HD1].kind = DRIVE_DISK;
    struct machine_host host = {
        .system_rom = system->bytes,
        .system_rom_size = system->size,
        .video_rom = video->bytes,
        .video_rom_size = video->size,
        .drives = {[DRIVE_FD0] = &t->floppy.block, [DRIVE_HD0] = &t->disk.block, [DRIVE_HD1] = &t->scratch.block},
        .sha256 = host_sha256,
        .code = t->code.write ? &t->code : NULL,
    };
    t->m = machine_create(&manifest, &host, &reason);
    t->poisonable = malloc(sizeof *t->m);
    t->random = 1;
    assert_true(t->m && t->poisonable);
}

static void twin_make(struct twin *t, enum machine_type type)
{
    twin_make_with(t, type, embedded_file(FIRMWARE_SYSTEM), embedded_file(FIRMWARE_VIDEO));
}

static void twin_free(struct twin *t)
{
    machine_destroy(t->m);
    free(t->floppy.bytes);
    free(t->disk.bytes);
    free(t->scratch.bytes);
    free(t->poisonable);
    code_memory_free(&t->code);
}

/* Inputs of every kind, at the same ticks for both. */
static void give_inputs(struct twin *t, unsigned slice)
{
    if (slice % 3 == 0)
        machine_key(t->m, (uint8_t)(0x1E + slice % 8), slice % 2);
    if (slice % 4 == 0)
        machine_pointer(t->m, (int)(slice % 600) - 300, 7, 1, slice % 8);
    if (slice % 5 == 0)
        machine_serial_in(t->m, slice % 2, (uint8_t)slice);
}

static void run_poisoned(enum machine_type type)
{
    struct twin plain = {0}, poisoned = {0};
    unsigned slices = 0;

    twin_make(&plain, type);
    twin_make(&poisoned, type);
    for (enum machine_stop stop = MACHINE_SLICE_END; stop != MACHINE_POWERED_OFF; slices++) {
        uint64_t until = machine_tick(plain.m) + 1 + (uint64_t)rand() % 3000000;
        uint8_t expected[32], got[32];
        struct frame frame;

        give_inputs(&plain, slices);
        give_inputs(&poisoned, slices);
        stop = machine_run(plain.m, until);
        assert_int_equal(machine_run(poisoned.m, until), stop);
        assert_true(stop != MACHINE_HOST_FAILED);
        assert_true(machine_digest(plain.m, expected));
        assert_true(machine_digest(poisoned.m, got));
        assert_memory_equal(got, expected, sizeof got);
        assert_true(poison(&poisoned) > 100);
        assert_true(machine_digest(poisoned.m, got));
        assert_memory_equal(got, expected, sizeof got);
        machine_frame(poisoned.m, &frame);
    }
    assert_true(slices > 50);
    twin_free(&plain);
    twin_free(&poisoned);
}

static void undeclared_state_changes_nothing_on_pc_isa(void **state)
{
    (void)state;
    run_poisoned(MACHINE_PC_ISA);
}

static void undeclared_state_changes_nothing_on_pc_i440fx(void **state)
{
    (void)state;
    run_poisoned(MACHINE_PC_I440FX);
}

/* --- Comparing by part --- */

struct parts_seen {
    unsigned count, differing;
    char name[64][16], differs[16];
    uint8_t digest[64][32];
};

static void see_part(void *context, const char *name, const uint8_t digest[32])
{
    struct parts_seen *seen = context;

    snprintf(seen->name[seen->count], sizeof seen->name[0], "%s", name);
    memcpy(seen->digest[seen->count++], digest, 32);
}

static void compare_part(void *context, const char *name, const uint8_t digest[32])
{
    struct parts_seen *seen = context;

    assert_string_equal(seen->name[seen->count], name);
    if (memcmp(seen->digest[seen->count++], digest, 32)) {
        seen->differing++;
        snprintf(seen->differs, sizeof seen->differs, "%s", name);
    }
}

/* --- Out of one machine and into another --- */

struct text {
    char *bytes;
    size_t length;
};

static void collect(void *context, const char *text, size_t length)
{
    struct text *t = context;

    t->bytes = realloc(t->bytes, t->length + length);
    assert_non_null(t->bytes);
    memcpy(t->bytes + t->length, text, length);
    t->length += length;
}

/* Carries the state of one machine into another that was just built. */
static void carry(struct twin *from, struct twin *to)
{
    struct machine_fault fault;
    struct text text = {0};

    machine_save(from->m, collect, &text);
    for (enum machine_area area = 0; area < AREA_COUNT; area++)
        for (uint64_t page = 0; machine_page_next(from->m, area, false, &page); page++) {
            uint8_t bytes[MACHINE_PAGE], readable;
            assert_true(machine_page_get(from->m, area, page, bytes, &readable));
            assert_true(machine_page_put(to->m, area, page, bytes, readable, &fault));
        }
    if (!machine_load(to->m, text.bytes, text.length, &fault))
        fail_msg("%s %s", fault.name, fault.what);
    free(text.bytes);
}

static void expect_alike(struct twin *a, struct twin *b)
{
    uint8_t expected[32], got[32];

    struct parts_seen seen = {0};

    assert_int_equal(machine_tick(a->m), machine_tick(b->m));
    assert_true(machine_digest(a->m, expected) && machine_digest(b->m, got) && machine_parts(a->m, see_part, &seen));
    seen.count = 0;
    if (memcmp(got, expected, sizeof got) && machine_parts(b->m, compare_part, &seen))
        fail_msg("tick %llu: %s and %u other parts differ", (unsigned long long)machine_tick(a->m), seen.differs,
                 seen.differing - 1);
}

/* At random ticks a machine is left behind for one that its state was loaded into; beside it runs one that is never
 * interrupted. */
static void run_carried(enum machine_type type)
{
    struct twin plain = {0}, places[2] = {{0}}, *carried = places; /* media stay where they are: a machine points to
                                                                      them */
    unsigned slices = 0;

    twin_make(&plain, type);
    twin_make(carried, type);
    for (enum machine_stop stop = MACHINE_SLICE_END; stop != MACHINE_POWERED_OFF; slices++) {
        uint64_t until = machine_tick(plain.m) + 1 + (uint64_t)rand() % 2000000;

        give_inputs(&plain, slices);
        give_inputs(carried, slices);
        stop = machine_run(plain.m, until);
        assert_int_equal(machine_run(carried->m, until), stop);
        expect_alike(&plain, carried);
        if (slices % 3 == 0) {
            struct twin *next = &places[carried == places];
            twin_make(next, type);
            carry(carried, next);
            twin_free(carried);
            carried = next;
            expect_alike(&plain, carried);
        }
    }
    assert_true(slices > 50);
    twin_free(&plain);
    twin_free(carried);
}

static void a_machine_that_is_carried_on_goes_on_alike(void **state)
{
    (void)state;
    run_carried(MACHINE_PC_ISA);
    run_carried(MACHINE_PC_I440FX);
}

/* --- States that are none --- */

/* Loads the state of a running machine with one line of it (from its beginning on) replaced. Null: it was taken. */
static const char *loaded_with(const char *line, const char *replacement, char name[96])
{
    struct twin running = {0}, fresh = {0};
    struct machine_fault fault;
    struct text text = {0}, changed = {0};
    const char *at, *end;
    bool taken;

    twin_make(&running, MACHINE_PC_I440FX);
    twin_make(&fresh, MACHINE_PC_I440FX);
    machine_run(running.m, 5000000);
    machine_save(running.m, collect, &text);
    collect(&text, "", 1);
    at = strstr(text.bytes, line);
    assert_non_null(at);
    end = strchr(at, '\n') + 1;
    collect(&changed, text.bytes, (size_t)(at - text.bytes));
    collect(&changed, replacement, strlen(replacement));
    collect(&changed, end, strlen(end));
    taken = machine_load(fresh.m, changed.bytes, changed.length, &fault);
    snprintf(name, 96, "%s", taken ? "" : fault.name);
    twin_free(&running);
    twin_free(&fresh);
    free(text.bytes);
    free(changed.bytes);
    return taken ? NULL : fault.what;
}

/* S-18 to S-21. */
static void what_is_no_state_is_refused_by_name(void **state)
{
    /* clang-format off */
    static const struct { const char *line, *replacement, *name, *what; } cases[] = {
        {"cpu.cr2 = ", "cpu.cr2 = 0x12345678\n", "", NULL},
        {"cpu.cr2 = ", "", "cpu.cr2", "is missing"},
        {"cpu.cr2 = ", "cpu.cr2 = 0x00000000\ncpu.cr2 = 0x00000000\n", "cpu.cr2", "is there twice, or out of order"},
        {"cpu.cr2 = ", "cpu.cr8 = 0x00000000\n", "cpu.cr8", "is no field of this machine"},
        {"cpu.cr2 = ", "cpu.cr2 = 0x0\n", "cpu.cr2", "has a value that is not written as it must be"},
        {"cpu.cr2 = ", "cpu.cr2 = 0x0000000G\n", "cpu.cr2", "has no value"},
        {"cpu.cr2 = ", "cpu.cr2 0\n", "cpu.cr2 0", "is no line of the state"},
        {"cpu.cpl = ", "cpu.cpl = 0x04\n", "cpu.cpl", "is out of range"},
        {"cpu.mxcsr = ", "cpu.mxcsr = 0x00010000\n", "cpu.mxcsr", "is out of range"},
        {"hd3.media = ", "hd3.media = 0x00000000", "", "the state is cut short"},
        {"hd3.media = ", "hd3.media = 0x00000000\nhd4.media = 0x00000000\n", "hd4.media", "is no field of this machine"},
        {"hd0.sectors = ", "hd0.sectors = 0x0000000000000001\n", "hd0.sectors", "contradicts the rest of the state"},
        {"hd0.read_only = ", "hd0.read_only = true\n", "hd0", "is not write-protected as in the manifest"},
        {"keyboard.mouse.rate = ", "keyboard.mouse.rate = 0x00\n", "keyboard.mouse.rate", "contradicts the rest of the state"},
        {"rtc.update_due_at = ", "rtc.update_due_at = 17\n", "rtc.update_due_at", "was due before the tick of the state"},
        {"pit.counter[0].initial = ", "pit.counter[0].initial = 0x00010001\n", "pit.counter[0].initial", "is out of range"},
        {"floppy.result_position = ", "floppy.result_position = 0x0000000g\n", "floppy.result_position", "has no value"},
        {"floppy.command = ", "floppy.command = 10:00000000000000000000\n", "floppy.command", "has not as many bytes as it can have"},
        {"floppy.command = ", "floppy.command = 2:00\n", "floppy.command", "does not have the bytes that it says it has"},
        {"ata0.position = ", "ata0.position = 0xffffffff\n", "ata0.position", "contradicts the rest of the state"},
        {"tick = ", "tick = 9223372036854775807\n", "tick", "is out of range"},
    };
    /* clang-format on */
    char name[96];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *what = loaded_with(cases[i].line, cases[i].replacement, name);
        if (!cases[i].what != !what || (what && strcmp(what, cases[i].what)) || strcmp(name, cases[i].name))
            fail_msg("%s as %s: %s %s", cases[i].line, cases[i].replacement, name, what ? what : "was taken");
    }
}

/* --- The ROMs are part of the digest --- */

/* A machine with one other byte in a ROM has another digest before its first instruction, and the part that differs is
 * "rom". */
static void changed_rom(enum machine_type type, const char *name)
{
    struct embedded_file changed = *embedded_file(name);
    const struct embedded_file *system = embedded_file(FIRMWARE_SYSTEM), *video = embedded_file(FIRMWARE_VIDEO);
    uint8_t *bytes = malloc(changed.size), ours[32], others[32];
    struct parts_seen seen = {0};
    struct twin plain = {0}, other = {0};

    assert_non_null(bytes);
    memcpy(bytes, changed.bytes, changed.size);
    bytes[changed.size / 2] ^= 1;
    changed.bytes = bytes;
    twin_make_with(&plain, type, system, video);
    twin_make_with(&other, type, strcmp(name, system->name) ? system : &changed,
                   strcmp(name, video->name) ? video : &changed);
    assert_true(machine_digest(plain.m, ours) && machine_digest(other.m, others));
    assert_memory_not_equal(ours, others, sizeof ours);
    assert_true(machine_parts(plain.m, see_part, &seen));
    assert_true(seen.count > 25);
    seen.count = 0;
    assert_true(machine_parts(other.m, compare_part, &seen));
    assert_int_equal(seen.differing, 1);
    assert_string_equal(seen.differs, "rom");
    twin_free(&plain);
    twin_free(&other);
    free(bytes);
}

static void the_digest_covers_the_roms(void **state)
{
    (void)state;
    for (enum machine_type type = MACHINE_PC_ISA; type <= MACHINE_PC_I440FX; type++) {
        changed_rom(type, FIRMWARE_SYSTEM);
        changed_rom(type, FIRMWARE_VIDEO);
    }
}

/* In a process that was forked off: whether it runs on, to the digest, without translated code. */
static bool goes_on_interpreting(struct twin *t, uint64_t until, const uint8_t digest[32])
{
    uint64_t translated = machine_statistics(t->m).ticks_translated;
    uint8_t got[32];

    if (msync(t->code.write, PAGE_SIZE, MS_ASYNC) == 0 || msync(t->code.run, PAGE_SIZE, MS_ASYNC) == 0)
        return false; /* the code of the other process is there */
    machine_forked(t->m);
    machine_set_engine(t->m, ENGINE_TRANSLATOR, 0);
    machine_run(t->m, until);
    return translated && !machine_statistics(t->m).ticks_translated && machine_digest(t->m, got) &&
           !memcmp(got, digest, sizeof got);
}

static void a_process_that_is_forked_off_executes_no_translated_code(void **state)
{
    struct twin plain = {0}, translated = {0};
    const uint64_t forks = 2000000, end = 4000000;
    uint8_t digest[32], got[32];
    int status;

    (void)state;
    if (!code_memory_init(&translated.code, CODE_MEMORY_SIZE))
        skip(); /* this host has no back end */
    twin_make(&plain, MACHINE_PC_ISA);
    twin_make(&translated, MACHINE_PC_ISA);
    machine_set_engine(translated.m, ENGINE_TRANSLATOR, 0);
    machine_run(plain.m, end);
    assert_true(machine_digest(plain.m, digest));
    machine_run(translated.m, forks);
    pid_t child = fork();
    if (child == 0)
        _exit(goes_on_interpreting(&translated, end, digest) ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    machine_run(translated.m, end); /* with the code that it had */
    assert_true(machine_digest(translated.m, got));
    assert_memory_equal(got, digest, sizeof got);
    twin_free(&plain);
    twin_free(&translated);
}

/* Between instructions it may stop before the tick, and never far; what it does is the same. */
static void a_run_that_ends_nearby_changes_nothing(void **state)
{
    struct twin plain = {0}, near = {0};
    const uint64_t end = 4000000;
    uint8_t digest[32], got[32];
    unsigned early = 0;

    (void)state;
    if (!code_memory_init(&near.code, CODE_MEMORY_SIZE))
        skip(); /* this host has no back end */
    twin_make(&plain, MACHINE_PC_ISA);
    twin_make(&near, MACHINE_PC_ISA);
    machine_set_engine(near.m, ENGINE_TRANSLATOR, 0);
    machine_run(plain.m, end);
    assert_true(machine_digest(plain.m, digest));
    while (machine_tick(near.m) < end - 2000) {
        uint64_t until = machine_tick(near.m) + MACHINE_NEAR + 1 + (uint64_t)rand() % 1900;
        assert_int_equal(machine_run_near(near.m, until), MACHINE_SLICE_END);
        assert_true(machine_tick(near.m) + MACHINE_NEAR >= until);
        early += machine_tick(near.m) < until;
    }
    assert_true(early > 100);
    machine_run(near.m, end);
    assert_true(machine_digest(near.m, got));
    assert_memory_equal(got, digest, sizeof got);
    twin_free(&plain);
    twin_free(&near);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(undeclared_state_changes_nothing_on_pc_isa),
        cmocka_unit_test(undeclared_state_changes_nothing_on_pc_i440fx),
        cmocka_unit_test(a_machine_that_is_carried_on_goes_on_alike),
        cmocka_unit_test(what_is_no_state_is_refused_by_name),
        cmocka_unit_test(the_digest_covers_the_roms),
        cmocka_unit_test(a_process_that_is_forked_off_executes_no_translated_code),
        cmocka_unit_test(a_run_that_ends_nearby_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
