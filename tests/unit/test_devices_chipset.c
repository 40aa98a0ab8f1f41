/* test_devices_chipset.c - the chipset in its place: what the battery kept, resets, power management, bus-master IDE
 * registers, shadow RAM, ports of the board. Whole machines, whose processor stands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "emu/machine.h"
#include "tests/unit/disk.h"

#define POWER 0x600u
#define MASTER 0xC000u
#define US 25u /* ticks */

static const uint8_t rom[PAGE_SIZE] = {[PAGE_SIZE - 16] = 0xFA, 0xF4, 0xEB, 0xFD}; /* cli; hlt; again */

static void no_digest(void *context, const uint8_t *bytes, size_t length, uint8_t digest[32])
{
    (void)context, (void)bytes, (void)length;
    memset(digest, 0, 32);
}

static struct machine *create(const struct machine_manifest *manifest, const struct block *disk)
{
    struct machine_host host = {
        .system_rom = rom, .system_rom_size = sizeof rom, .sha256 = no_digest, .drives = {[DRIVE_HD0] = disk}};
    const char *reason;
    struct machine *m = machine_create(manifest, &host, &reason);

    assert_non_null(m);
    machine_run(m, 100);
    return m;
}

static struct machine_manifest manifest_of(enum machine_type type)
{
    struct machine_manifest manifest;

    machine_manifest_default(&manifest);
    manifest.type = type;
    manifest.memory = 4 << 20;
    return manifest;
}

static uint32_t in(struct machine *m, uint16_t port, unsigned size)
{
    return bus_read(&m->bus, port, size);
}

static void out(struct machine *m, uint16_t port, uint32_t value, unsigned size)
{
    bus_write(&m->bus, port, value, size);
}

/* Time passes; the processor is in HLT. */
static void run(struct machine *m, uint64_t ticks)
{
    uint64_t until = machine_tick(m) + ticks;

    while (machine_run(m, until) == MACHINE_HALTED)
        ;
    assert_int_equal(machine_tick(m), until);
}

static uint8_t cmos(struct machine *m, uint8_t index)
{
    out(m, 0x70, index, 1);
    return (uint8_t)in(m, 0x71, 1);
}

static void configure(struct machine *m, unsigned function, unsigned offset, uint32_t value)
{
    out(m, 0xCF8, 0x80000000u | function << 8 | offset, 4);
    out(m, 0xCFC, value, 4);
}

static uint32_t configuration(struct machine *m, unsigned function, unsigned offset)
{
    out(m, 0xCF8, 0x80000000u | function << 8 | offset, 4);
    return in(m, 0xCFC, 4);
}

static int setup(void **state)
{
    static struct disk disk;
    struct machine_manifest manifest = manifest_of(MACHINE_PC_I440FX);
    struct machine *m;

    disk_init(&disk, 100 * 4 * 17);
    manifest.drives[DRIVE_HD0] = (struct drive_manifest){.kind = DRIVE_DISK, .geometry = {100, 4, 17}};
    m = create(&manifest, &disk.block);
    configure(m, PCI_DEVICE(1, 1), 0x20, MASTER | 1);
    configure(m, PCI_DEVICE(1, 1), 0x04, 5);
    configure(m, PCI_DEVICE(1, 3), 0x40, POWER | 1);
    configure(m, PCI_DEVICE(1, 3), 0x80, 1);
    *state = m;
    return 0;
}

static int teardown(void **state)
{
    machine_destroy(*state);
    return 0;
}

/* --- CMOS --- */

static void cmos_holds_the_settings_of_the_manifest(void **state)
{
    struct machine_manifest manifest = manifest_of(MACHINE_PC_I440FX);
    static const enum bios_translation translations[4] = {TRANSLATION_LARGE_240, TRANSLATION_NONE, TRANSLATION_LBA,
                                                          TRANSLATION_LARGE};
    struct machine *m;

    (void)state;
    m = create(&manifest, NULL);
    assert_int_equal(cmos(m, 0x39), 0);
    assert_int_equal(cmos(m, 0x5E), 0);
    machine_destroy(m);
    for (unsigned i = 0; i < 4; i++)
        manifest.drives[DRIVE_HD0 + i].translation = translations[i];
    manifest.no_acpi = true;
    m = create(&manifest, NULL);
    assert_int_equal(cmos(m, 0x39), 3 | 0 << 2 | 1 << 4 | 2 << 6);
    assert_int_equal(cmos(m, 0x5E), 0x21);
    machine_destroy(m);
}

/* A disk is of the user's type, whose place in CMOS stays empty: its geometry is in the table of INT 41h only. */
static void cmos_leaves_the_geometry_of_a_disk_to_its_table(void **state)
{
    struct machine *m = *state;
    unsigned sum = 0;

    assert_int_equal(cmos(m, 0x12), 0xF0);
    assert_int_equal(cmos(m, 0x19), 47);
    assert_int_equal(cmos(m, 0x1A), 0);
    for (uint8_t at = 0x1B; at < 0x2D; at++)
        assert_int_equal(cmos(m, at), 0);
    for (uint8_t at = 0x10; at < 0x2E; at++)
        sum += cmos(m, at);
    assert_int_equal(cmos(m, 0x2E) << 8 | cmos(m, 0x2F), sum);
}

/* IDENTIFY words 1, 3, 6 are the disk's, whatever the firmware is to show. */
static void translation_is_not_seen_by_identify(void **state)
{
    struct machine_manifest manifest = manifest_of(MACHINE_PC_ISA);
    struct machine *m;
    struct disk disk;
    uint16_t words[7];

    (void)state;
    disk_init(&disk, 2000 * 16 * 63);
    manifest.drives[DRIVE_HD0] = (struct drive_manifest){
        .kind = DRIVE_DISK, .geometry = {2000, 16, 63}, .translation = TRANSLATION_LBA};
    m = create(&manifest, &disk.block);
    out(m, 0x1F7, 0xEC, 1);
    run(m, 1000 * US);
    for (unsigned i = 0; i < 7; i++)
        words[i] = (uint16_t)in(m, 0x1F0, 2);
    assert_int_equal(words[1], 2000);
    assert_int_equal(words[3], 16);
    assert_int_equal(words[6], 63);
    assert_int_equal(cmos(m, 0x39), 1);
    machine_destroy(m);
}

/* --- Resets --- */

static void reset_control_resets_the_processor_or_everything(void **state)
{
    struct machine *m = *state;

    out(m, 0x21, 0x5A, 1);
    out(m, 0xCF9, 0x04, 1); /* bit 1 is 0: INIT */
    m->cpu.reg[3] = 0x1234;
    run(m, 10);
    assert_int_equal(in(m, 0x21, 1), 0x5A);
    assert_int_equal(m->cpu.reg[3], 0);
    out(m, 0xCF9, 0x06, 1); /* bit 2 does not rise */
    run(m, 10);
    assert_int_equal(in(m, 0x21, 1), 0x5A);
    for (unsigned i = 0; i < 2; i++) { /* the register itself begins anew */
        out(m, 0x21, 0x5A, 1);
        if (!i)
            out(m, 0xCF9, 0x02, 1);
        out(m, 0xCF9, 0x06, 1);
        run(m, 10);
        assert_int_equal(in(m, 0x21, 1), 0xFF);
        assert_int_equal(in(m, 0xCF9, 1), 0);
        assert_int_equal(in(m, 0xCF8, 4), 0);
    }
}

/* --- Power management --- */

static void the_power_timer_counts_24_bits_and_interrupts_at_its_top_bit(void **state)
{
    struct machine *m = *state;
    uint32_t before = in(m, POWER + 8, 4), after;

    run(m, 1000000 * US);
    after = in(m, POWER + 8, 4);
    assert_int_equal((after - before) & 0xFFFFFF, 3579545);
    assert_int_equal(in(m, POWER, 2) & 1, 0);
    out(m, POWER + 2, 1, 2);
    out(m, POWER + 4, 1, 2); /* SCI_EN */
    run(m, 2000000 * US);
    assert_int_equal(in(m, POWER, 2) & 1, 1);
    assert_int_equal(in(m, POWER + 8, 4) >> 24, 0);
    assert_int_equal(m->pic.chip[1].lines & 2, 2); /* IRQ 9 */
    out(m, POWER, 1, 2);
    assert_int_equal(in(m, POWER, 2) & 1, 0);
    assert_int_equal(m->pic.chip[1].lines & 2, 0);
}

static void the_smi_command_port_hands_acpi_over_and_back(void **state)
{
    struct machine *m = *state;

    assert_int_equal(in(m, POWER + 4, 2) & 1, 0);
    out(m, 0xB2, 0xF1, 1);
    assert_int_equal(in(m, POWER + 4, 2) & 1, 1);
    assert_int_equal(in(m, 0xB2, 1), 0xF1);
    out(m, 0xB2, 0xF0, 1);
    assert_int_equal(in(m, POWER + 4, 2) & 1, 0);
    out(m, 0xB3, 0x77, 1);
    assert_int_equal(in(m, 0xB3, 1), 0x77);
}

static void sleep_type_0_switches_off_and_is_not_kept(void **state)
{
    struct machine *m = *state;

    out(m, POWER + 4, 0x2000 | 5 << 10, 2);
    assert_false(m->powered_off);
    assert_int_equal(in(m, POWER + 4, 2), 5 << 10);
    out(m, POWER + 4, 0x2001, 2);
    assert_true(m->powered_off);
}

static void accesses_across_a_register_of_power_management_take_both_parts(void **state)
{
    struct machine *m = *state;

    out(m, POWER + 2, 0x0121, 2);
    out(m, POWER + 4, 0x1401, 2);
    assert_int_equal(in(m, POWER + 2, 4), 0x14010121);
    assert_int_equal(in(m, POWER + 3, 2), 0x0101);
    out(m, POWER + 2, 0x04010020, 4);
    assert_int_equal(in(m, POWER + 2, 2), 0x0020);
    assert_int_equal(in(m, POWER + 4, 2), 0x0401);
}

/* --- Bus-master IDE --- */

/* Drivers such as UIDE read command and status with one word. */
static void bus_master_registers_are_read_in_any_width(void **state)
{
    struct machine *m = *state;

    out(m, MASTER + 4, 0x00123456, 4);
    out(m, MASTER, 0x08, 1);
    out(m, MASTER + 2, 0x60, 1);
    assert_int_equal(in(m, MASTER, 4), 0x00600008);
    assert_int_equal(in(m, MASTER, 2), 0x0008);
    assert_int_equal(in(m, MASTER + 2, 2), 0x0060);
    assert_int_equal(in(m, MASTER + 4, 4), 0x00123454);
    assert_int_equal(in(m, MASTER + 6, 2), 0x0012);
    out(m, MASTER + 12, 0xABCD, 2);
    assert_int_equal(in(m, MASTER + 12, 4), 0x0000ABCC);
    assert_int_equal(in(m, MASTER + 8, 4), 0);
}

/* NT 4's driver wants bus master enable, class 01/01, programming interface bit 7; drivers of PIIX read back the
 * timings that they set. */
static void the_ide_function_keeps_its_timings(void **state)
{
    struct machine *m = *state;

    assert_int_equal(configuration(m, PCI_DEVICE(1, 1), 0x08) >> 8, 0x010180);
    assert_int_equal(configuration(m, PCI_DEVICE(1, 1), 0x40), 0x80008000);
    assert_int_equal(configuration(m, PCI_DEVICE(1, 1), 0x44), 0);
    configure(m, PCI_DEVICE(1, 1), 0x40, 0xA3F7E3FF);
    configure(m, PCI_DEVICE(1, 1), 0x44, 0xFFFFFF5A);
    assert_int_equal(configuration(m, PCI_DEVICE(1, 1), 0x40), 0xA3F7E3FF);
    assert_int_equal(configuration(m, PCI_DEVICE(1, 1), 0x44), 0x5A);
    configure(m, PCI_DEVICE(1, 1), 0x40, 0xFFFFFFFF);
    assert_int_equal(configuration(m, PCI_DEVICE(1, 1), 0x40), 0xF3FFF3FF); /* bits 10 and 11 are reserved */
    assert_int_equal(configuration(m, PCI_DEVICE(1, 1), 0x00), 0x71118086); /* the PIIX3 has no Ultra DMA */
    assert_int_equal(configuration(m, PCI_DEVICE(1, 1), 0x48), 0);
    configure(m, PCI_DEVICE(1, 1), 0x48, 0xFFFFFFFF);
    assert_int_equal(configuration(m, PCI_DEVICE(1, 1), 0x48), 0x3333000F);
    configure(m, PCI_DEVICE(1, 1), 0x48, 0x2102000A);
    assert_int_equal(configuration(m, PCI_DEVICE(1, 1), 0x48), 0x2102000A);
    configure(m, PCI_DEVICE(1, 1), 0x04, 5);
    assert_int_equal(configuration(m, PCI_DEVICE(1, 1), 0x04) & 0xFFFF, 5);
}

/* MLT of the 82441FX: bits 7-3; of function 1 of the 82371AB: bits 7-4. Systems write 20h or 40h there. */
static void masters_keep_their_latency_timers(void **state)
{
    struct machine *m = *state;
    static const uint8_t kept[][2] = {{PCI_DEVICE(0, 0), 0xF8}, {PCI_DEVICE(1, 0), 0}, {PCI_DEVICE(1, 1), 0xF0}};

    for (unsigned i = 0; i < sizeof kept / sizeof *kept; i++) {
        configure(m, kept[i][0], 0x0C, 0x0000FF00);
        assert_int_equal(configuration(m, kept[i][0], 0x0C) >> 8 & 0xFF, kept[i][1]);
    }
    i440fx_reset(&m->bridge);
    piix_ide_reset(&m->ide);
    for (unsigned i = 0; i < sizeof kept / sizeof *kept; i++)
        assert_int_equal(configuration(m, kept[i][0], 0x0C) >> 8 & 0xFF, 0);
}

/* Systems wait for BSY of a channel before they find that nobody is on it: the chipset's own reads 7Fh. The third and
 * fourth channel that drivers look for have no adapter. */
static void an_empty_channel_is_not_busy_and_one_that_is_not_there_floats(void **state)
{
    static const struct {
        uint16_t base, value;
    } channels[] = {{0x170, 0xFF7F}, {0x168, 0xFFFF}, {0x1E8, 0xFFFF}};
    struct machine *m = *state;

    for (unsigned i = 0; i < sizeof channels / sizeof *channels; i++) {
        uint16_t base = channels[i].base, value = channels[i].value;
        out(m, (uint16_t)(base + 2), 0x55, 1);
        for (uint16_t port = base; port < base + 8; port++)
            assert_int_equal(in(m, port, 1), value & 0xFF);
        assert_int_equal(in(m, base, 2), value);
        assert_int_equal(in(m, base, 4), value | (uint32_t)value << 16);
        assert_int_equal(in(m, (uint16_t)(base + 0x206), 1), value & 0xFF);
    }
}

/* A disk's sectors go where the table says, into display memory too. */
static void descriptors_may_point_into_the_frame_buffer(void **state)
{
    static const uint8_t task[] = {0, 1, 7, 0, 0, 0xE0, 0xC8}; /* 1F1h to 1F7h: READ DMA of sector 7 */
    struct machine *m = *state;
    uint8_t expected[SECTOR_SIZE];

    configure(m, PCI_DEVICE(2, 0), 0x10, 0xE0000000);
    configure(m, PCI_DEVICE(2, 0), 0x04, 3);
    memory_write(&m->memory, 0x1000, 0xE0000100, 4);
    memory_write(&m->memory, 0x1004, 0x80000000 | SECTOR_SIZE, 4);
    out(m, MASTER + 4, 0x1000, 4);
    for (unsigned i = 0; i < 7; i++)
        out(m, (uint16_t)(0x1F1 + i), task[i], 1);
    out(m, MASTER, 9, 1);
    run(m, 1000 * US);
    assert_int_equal(in(m, MASTER + 2, 1) & 7, 4); /* interrupt, not active, no error */
    assert_int_equal(in(m, 0x1F7, 1), 0x50);
    disk_original(7, expected);
    for (unsigned i = 0; i < SECTOR_SIZE; i++)
        assert_int_equal(memory_read(&m->memory, 0xE0000100 + i, 1), expected[i]);
}

/* --- Interrupt routing and shadow RAM --- */

static void pirq_routes_move_a_pulled_pin(void **state)
{
    struct machine *m = *state;
    struct line pin = piix_interrupt(&m->piix, 2, 0); /* PIRQB */

    line_set(&pin, true);
    assert_int_equal(m->pic.chip[1].lines & 0x0C, 0); /* IRQ 10 and 11 */
    configure(m, PCI_DEVICE(1, 0), 0x60, 0x800A8080); /* PIRQC, which it does not pull */
    assert_int_equal(m->pic.chip[1].lines & 0x0C, 0);
    configure(m, PCI_DEVICE(1, 0), 0x60, 0x80800A80);
    assert_int_equal(m->pic.chip[1].lines & 0x0C, 4);
    configure(m, PCI_DEVICE(1, 0), 0x60, 0x80800B80);
    assert_int_equal(m->pic.chip[1].lines & 0x0C, 8);
    configure(m, PCI_DEVICE(1, 0), 0x60, 0x80800B0B); /* two on one IRQ */
    line_set(&pin, false);
    assert_int_equal(m->pic.chip[1].lines & 0x0C, 0);
    line_set(&pin, true);
    configure(m, PCI_DEVICE(1, 0), 0x60, 0x80808A80);
    assert_int_equal(m->pic.chip[1].lines & 0x0C, 0);
}

static void shadow_ram_takes_reads_and_writes_apart(void **state)
{
    struct machine *m = *state;

    assert_int_equal(memory_read(&m->memory, 0xFFFF0, 1), 0xFA);
    configure(m, PCI_DEVICE(0, 0), 0x58, 0x00002000); /* PAM0, high nibble: writes to RAM, reads of ROM */
    memory_write(&m->memory, 0xFFFF0, 0x11, 1);
    assert_int_equal(memory_read(&m->memory, 0xFFFF0, 1), 0xFA);
    configure(m, PCI_DEVICE(0, 0), 0x58, 0x00001000);
    assert_int_equal(memory_read(&m->memory, 0xFFFF0, 1), 0x11);
    memory_write(&m->memory, 0xFFFF0, 0x22, 1);
    assert_int_equal(memory_read(&m->memory, 0xFFFF0, 1), 0x11);
}

/* --- Ports of the board --- */

static void the_refresh_bit_changes_every_fifteen_microseconds(void **state)
{
    struct machine *m = *state;
    unsigned changes = 0;
    uint8_t last = (uint8_t)in(m, 0x61, 1);

    for (unsigned us = 0; us < 1500; us++) {
        uint8_t now;
        run(m, US);
        now = (uint8_t)in(m, 0x61, 1);
        changes += (now ^ last) >> 4 & 1;
        last = now;
    }
    assert_in_range(changes, 98, 101); /* 18 clocks of 838 ns */
    assert_int_equal(last & 0xC0, 0);
}

/* --- APICs --- */

static void io_apic(struct machine *m, unsigned number, uint32_t value)
{
    memory_write(&m->memory, IOAPIC_BASE, number, 4);
    memory_write(&m->memory, IOAPIC_BASE + 0x10, value, 4);
}

static bool is_requested(struct machine *m, unsigned vector)
{
    return memory_read(&m->memory, LAPIC_BASE + 0x200 + 16 * (vector / 32), 4) >> vector % 32 & 1;
}

static void apics_are_there_when_asked_for(void **state)
{
    struct machine_manifest manifest = manifest_of(MACHINE_PC_I440FX);
    struct machine *m;
    struct line pin;

    (void)state;
    manifest.cpu = CPU_PENTIUM2;
    m = create(&manifest, NULL);
    assert_int_equal(memory_read(&m->memory, LAPIC_BASE + 0x30, 4), UINT32_MAX);
    assert_int_equal(memory_read(&m->memory, IOAPIC_BASE, 4), UINT32_MAX);
    assert_int_equal(in(m, 0x23, 1), 0xFF);
    machine_destroy(m);
    manifest.apic = true;
    m = create(&manifest, NULL);
    assert_int_equal(memory_read(&m->memory, LAPIC_BASE + 0x30, 4), 0x00040011);
    memory_write(&m->memory, LAPIC_BASE + 0xF0, 0x1FF, 4);
    /* the timer's IRQ 0 is pin 2 */
    io_apic(m, 0x14, 0x40);
    out(m, 0x43, 0x14, 1);
    out(m, 0x40, 100, 1);
    run(m, 200 * US);
    assert_true(is_requested(m, 0x40));
    /* INTB of slot 3 is PIRQD, which is pin 19, low and by level */
    io_apic(m, 0x36, 0xA051);
    assert_false(is_requested(m, 0x51));
    pin = piix_interrupt(&m->piix, 3, 1);
    line_set(&pin, true);
    assert_true(is_requested(m, 0x51));
    /* a reset of the machine forgets all of it, one of the processor the local APIC only */
    out(m, 0xCF9, 2, 1);
    out(m, 0xCF9, 6, 1);
    run(m, 100);
    assert_false(is_requested(m, 0x51));
    memory_write(&m->memory, IOAPIC_BASE, 0x36, 4);
    assert_int_equal(memory_read(&m->memory, IOAPIC_BASE + 0x10, 4), 0x10000);
    machine_destroy(m);
}

/* INIT to itself is a reset of the processor: it begins at its reset vector, with the local APIC as at power-on. */
static void init_to_itself_resets_the_processor(void **state)
{
    struct machine_manifest manifest = manifest_of(MACHINE_PC_I440FX);
    struct machine *m;

    (void)state;
    manifest.cpu = CPU_PENTIUM4;
    manifest.apic = true;
    m = create(&manifest, NULL);
    m->cpu.reg[EBX] = 1;
    memory_write(&m->memory, LAPIC_BASE + 0xF0, 0x1FF, 4);
    io_apic(m, 0x14, 0x40);
    memory_write(&m->memory, LAPIC_BASE + 0x300, 0x4500, 4);
    run(m, 1);
    assert_int_equal(m->cpu.reg[EBX], 0);
    assert_int_equal(memory_read(&m->memory, LAPIC_BASE + 0xF0, 4), 0xFF);
    memory_write(&m->memory, IOAPIC_BASE, 0x14, 4);
    assert_int_equal(memory_read(&m->memory, IOAPIC_BASE + 0x10, 4), 0x40);
    machine_destroy(m);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cmos_holds_the_settings_of_the_manifest),
        cmocka_unit_test(translation_is_not_seen_by_identify),
        TEST(cmos_leaves_the_geometry_of_a_disk_to_its_table),
        TEST(reset_control_resets_the_processor_or_everything),
        TEST(the_power_timer_counts_24_bits_and_interrupts_at_its_top_bit),
        TEST(the_smi_command_port_hands_acpi_over_and_back),
        TEST(sleep_type_0_switches_off_and_is_not_kept),
        TEST(accesses_across_a_register_of_power_management_take_both_parts),
        TEST(bus_master_registers_are_read_in_any_width),
        TEST(the_ide_function_keeps_its_timings),
        TEST(masters_keep_their_latency_timers),
        TEST(an_empty_channel_is_not_busy_and_one_that_is_not_there_floats),
        TEST(descriptors_may_point_into_the_frame_buffer),
        TEST(pirq_routes_move_a_pulled_pin),
        TEST(shadow_ram_takes_reads_and_writes_apart),
        TEST(the_refresh_bit_changes_every_fifteen_microseconds),
        cmocka_unit_test(apics_are_there_when_asked_for),
        cmocka_unit_test(init_to_itself_resets_the_processor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
