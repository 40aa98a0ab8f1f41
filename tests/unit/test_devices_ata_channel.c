/* test_devices_ata_channel.c - what two units of an ATA channel do to each other and to the host: resets, absent
 * devices, DMA, interrupts, and hosts that do anything at all (ATA-4 section 9). */
#include "tests/unit/ata_board.h"

/* --- Resets --- */

static void assert_signature(struct fixture *f)
{
    assert_int_equal(in(&f->board, ERROR), 1);
    assert_int_equal(in(&f->board, COUNT), 1);
    assert_int_equal(in(&f->board, LOW), 1);
    assert_int_equal(in(&f->board, MID), 0);
    assert_int_equal(in(&f->board, HIGH), 0);
    assert_int_equal(in(&f->board, DEVICE) & 0x1F, 0);
}

static void power_on_shows_the_signature(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(settle(f), READY);
    assert_signature(f);
}

static void software_reset_ends_everything_and_shows_the_signature(void **state)
{
    struct fixture *f = *state;
    uint8_t buffer[SECTOR_SIZE];

    assert_int_equal(command_lba(f, 0, 200, 5, 0x20), WAITS);
    take(f, buffer, 1);
    out(&f->board, CONTROL, 4);
    assert_int_equal(in(&f->board, CONTROL), BSY);
    assert_false(f->board.level[IRQ]);
    board_run_us(&f->board, 10000);
    assert_int_equal(in(&f->board, CONTROL), BSY); /* as long as it is held */
    out(&f->board, DEVICE, 0x10);
    out(&f->board, COMMAND, 0xEC);
    out(&f->board, CONTROL, 0);
    assert_int_equal(in(&f->board, CONTROL), BSY);
    assert_int_equal(settle(f), READY);
    assert_signature(f);
    assert_false(f->board.level[IRQ]);
    board_run_us(&f->board, 10000);
    assert_int_equal(in(&f->board, CONTROL), READY);
    assert_false(f->board.level[IRQ]);
}

static void software_reset_forgets_settings_unless_told_to_keep_them(void **state)
{
    struct fixture *f = *state;
    uint8_t data[SECTOR_SIZE];

    for (unsigned keep = 0; keep < 2; keep++) {
        out(&f->board, FEATURE, keep ? 0x66 : 0xCC);
        assert_int_equal(command(f, 0xEF), READY);
        out(&f->board, COUNT, 8);
        assert_int_equal(command(f, 0xC6), READY);
        out(&f->board, CONTROL, 4);
        out(&f->board, CONTROL, 0);
        assert_int_equal(settle(f), READY);
        identify(f, 0, data);
        assert_int_equal(word(data, 59), keep ? 0x0108 : 0);
    }
}

static void a_hardware_reset_restores_the_defaults(void **state)
{
    struct fixture *f = *state;
    uint8_t data[SECTOR_SIZE];

    out(&f->board, FEATURE, 0x66);
    assert_int_equal(command(f, 0xEF), READY);
    out(&f->board, COUNT, 8);
    assert_int_equal(command(f, 0xC6), READY);
    task(f, 7, 34, 0);
    assert_int_equal(command(f, 0x91), READY);
    ata_reset(&f->ata);
    assert_int_equal(settle(f), READY);
    assert_signature(f);
    identify(f, 0, data);
    assert_int_equal(word(data, 54), 100);
    assert_int_equal(word(data, 55), 4);
    assert_int_equal(word(data, 56), 17);
    assert_int_equal(word(data, 59), 0);
}

static void diagnostic_shows_the_signature_with_an_interrupt(void **state)
{
    struct fixture *f = *state;

    task(f, 0x50, 9, 0x123456);
    assert_int_equal(command(f, 0x90), READY);
    assert_true(f->board.level[IRQ]);
    assert_signature(f);
}

/* A CD-ROM drive says nothing after a reset of its own or of the channel; the disk beside it is ready. */
static void a_drive_that_was_reset_leaves_its_neighbour_ready(void **state)
{
    struct fixture *f = *state;

    for (unsigned reset = 0; reset < 3; reset++) {
        out(&f->board, DEVICE, 0x10);
        if (reset == 2) {
            out(&f->board, CONTROL, 4);
            out(&f->board, CONTROL, 0);
            settle(f);
            out(&f->board, DEVICE, 0x10);
        } else {
            out(&f->board, COMMAND, reset ? 0x90 : 0x08);
        }
        out(&f->board, DEVICE, 0x10);
        assert_int_equal(in(&f->board, STATUS), 0);
        assert_int_equal(in(&f->board, MID), 0x14);
        out(&f->board, DEVICE, 0);
        assert_int_equal(in(&f->board, STATUS), READY);
        assert_int_equal(in(&f->board, MID), 0);
        assert_int_equal(command_lba(f, 0, 77, 1, 0x20), WAITS);
        assert_reads(f, 77);
        out(&f->board, DEVICE, 0x10);
        assert_int_equal(in(&f->board, STATUS), 0);
        assert_int_equal(command(f, 0xA1), WAITS);
        out(&f->board, COMMAND, 0x08);
    }
}

/* Windows 9x' ESDI_506.PDR writes an address for one unit, selects the other, looks, and goes back. */
static void both_units_hear_what_is_written_to_the_task_file(void **state)
{
    struct fixture *f = *state;

    for (unsigned other = 0; other < 2; other++) {
        uint8_t first = other ? 0x50 : 0x40, second = other ? 0x40 : 0x50;
        task(f, first, 1, 0x001234);
        out(&f->board, DEVICE, second);
        assert_int_equal(address(f) & 0xFFFFFF, 0x001234);
        assert_int_equal(in(&f->board, COUNT), 1);
        out(&f->board, LOW, 0x35); /* and what is written now is for the first as well */
        out(&f->board, DEVICE, first);
        assert_int_equal(address(f), 0x001235);
        assert_int_equal(command(f, 0x20), WAITS);
        assert_reads(f, 0x1235);
    }
}

/* Windows 2000 loses data when a disk acknowledges at once (VirtualBox delays by 1 to 5 ms for it): there are 180 us at
 * any speed of the processor. */
static void a_written_sector_is_acknowledged_after_180_us(void **state)
{
    struct fixture *f = *state;
    uint8_t buffer[SECTOR_SIZE] = {0};
    uint64_t given;

    for (unsigned i = 1; i <= 3; i++) {
        if (i == 1)
            assert_int_equal(command_lba(f, 0, 50, 3, 0x30), WAITS);
        give(f, buffer, 1);
        given = board_now(&f->board);
        assert_int_equal(settle(f), i < 3 ? WAITS : READY);
        assert_true(f->board.level[IRQ]);
        assert_int_equal(f->board.rose_at[IRQ] - given, 180 * TICKS_PER_US);
        in(&f->board, STATUS);
    }
}

/* As write-delay of the manifest asks; reading takes its usual time. */
static void a_disk_can_be_slow_to_acknowledge(void **state)
{
    struct fixture *f = *state;
    uint8_t buffer[SECTOR_SIZE] = {0};
    uint64_t given;

    f->ata.unit[0].write_us = 1000;
    assert_int_equal(command_lba(f, 0, 50, 1, 0x30), WAITS);
    give(f, buffer, 1);
    given = board_now(&f->board);
    assert_int_equal(settle(f), READY);
    assert_int_equal(f->board.rose_at[IRQ] - given, 1030 * TICKS_PER_US);
    given = board_now(&f->board);
    assert_int_equal(command_lba(f, 0, 50, 1, 0x20), WAITS);
    assert_true(f->board.rose_at[IRQ] - given < 250 * TICKS_PER_US);
}

static void a_seek_shows_dsc_when_it_is_done(void **state)
{
    struct fixture *f = *state;

    task(f, 0x40, 0, 200);
    out(&f->board, COMMAND, 0x70);
    assert_int_equal(in(&f->board, CONTROL), BSY);
    assert_int_equal(settle(f), READY); /* with DSC */
    assert_true(f->board.level[IRQ]);
}

/* --- Absent devices --- */

static void an_absent_second_device_answers_zero(void **state)
{
    struct fixture *f = *state;

    out(&f->board, DEVICE, 0x10);
    assert_int_equal(in(&f->board, STATUS), 0);
    assert_int_equal(in(&f->board, CONTROL), 0);
    out(&f->board, COUNT, 0x55);
    assert_int_equal(in(&f->board, COUNT), 0x55); /* the first device's registers */
    assert_int_equal(in(&f->board, DEVICE), 0xB0);
    out(&f->board, COMMAND, 0xEC);
    board_run_us(&f->board, 1000);
    assert_int_equal(in(&f->board, STATUS), 0);
    assert_false(f->board.level[IRQ]);
    out(&f->board, DEVICE, 0);
    assert_int_equal(in(&f->board, STATUS), READY);
}

static void asking_an_absent_device_does_not_take_the_other_ones_interrupt(void **state)
{
    struct fixture *f = *state;

    out(&f->board, DEVICE, 0);
    command(f, 0xE5);
    assert_true(f->board.level[IRQ]);
    out(&f->board, DEVICE, 0x10);
    in(&f->board, STATUS);
    out(&f->board, DEVICE, 0);
    assert_true(f->board.level[IRQ]);
    in(&f->board, STATUS);
    assert_false(f->board.level[IRQ]);
}

static void a_second_device_works_alone(void **state)
{
    struct fixture *f = *state;
    uint8_t data[SECTOR_SIZE];

    assert_int_equal(in(&f->board, STATUS), 0);
    out(&f->board, DEVICE, 0x10);
    assert_int_equal(in(&f->board, STATUS), READY);
    identify(f, 0x10, data);
    assert_int_equal(word(data, 60), SMALL);
}

static void a_command_during_the_reset_of_a_second_device_alone_is_lost(void **state)
{
    struct fixture *f = *state;
    uint8_t data[SECTOR_SIZE];

    out(&f->board, CONTROL, 4);
    out(&f->board, CONTROL, 0);
    assert_int_equal(in(&f->board, CONTROL), BSY);
    out(&f->board, COMMAND, 0x90);
    assert_int_equal(in(&f->board, CONTROL), BSY);
    board_run_us(&f->board, 5000);
    assert_false(f->board.level[IRQ]);
    identify(f, 0x10, data);
    assert_int_equal(word(data, 60), SMALL);
}

static void no_device_leaves_the_ports_floating(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(in(&f->board, STATUS), 0xFF);
    assert_int_equal(in(&f->board, CONTROL), 0xFF);
}

/* --- DMA --- */

static void dma_moves_many_sectors_with_one_interrupt(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(command_lba(f, 0, 100, 40, 0xC8), READY);
    assert_int_equal(f->moved, 40 * SECTOR_SIZE);
    assert_int_equal(f->board.rises[IRQ], 1);
    assert_int_equal(f->interrupts, 1);
    for (unsigned i = 0; i < 40; i++)
        assert_original(f->memory + i * SECTOR_SIZE, 100 + i);
    f->moved = 0;
    memset(f->memory, 0x42, 20 * SECTOR_SIZE);
    assert_int_equal(command_lba(f, 0, 300, 20, 0xCA), READY);
    assert_int_equal(f->disk[0].writes, 20);
    assert_int_equal(disk_find(&f->disk[0], 319)[511], 0x42);
}

static void dma_waits_for_the_bus_master_with_its_data_as_state(void **state)
{
    struct fixture *f = *state;

    f->stops = 2;
    assert_int_equal(command_lba(f, 0, 100, 2, 0xC8), WAITS);
    assert_int_equal(f->board.rises[IRQ], 0);
    assert_int_equal(bus_read(&f->board.bus, DATA, 2), 0); /* this is no data phase */
    memset(f->ata.buffer + f->ata.length, 0xEE, sizeof f->ata.buffer - f->ata.length);
    ata_dma_started(&f->ata);
    assert_int_equal(settle(f), READY);
    assert_original(f->memory, 100);
    assert_original(f->memory + SECTOR_SIZE, 101);
}

static void dma_stops_at_a_bad_sector_and_at_the_end(void **state)
{
    struct fixture *f = *state;

    f->disk[0].bad = 120;
    assert_int_equal(command_lba(f, 0, 100, 40, 0xC8), FAILED);
    assert_int_equal(in(&f->board, ERROR), UNC);
    assert_int_equal(address(f), 120);
    assert_int_equal(in(&f->board, COUNT), 20);
    assert_int_equal(command_lba(f, 0, SMALL - 20, 40, 0xCA), FAILED);
    assert_int_equal(in(&f->board, ERROR), IDNF);
}

/* --- Interrupt enable --- */

static void nien_holds_the_interrupt_back(void **state)
{
    struct fixture *f = *state;

    out(&f->board, CONTROL, 2);
    assert_int_equal(command(f, 0xE5), READY);
    assert_false(f->board.level[IRQ]);
    out(&f->board, CONTROL, 0);
    assert_true(f->board.level[IRQ]);
    out(&f->board, CONTROL, 2);
    assert_false(f->board.level[IRQ]);
    in(&f->board, STATUS);
    out(&f->board, CONTROL, 0);
    assert_false(f->board.level[IRQ]);
}

static void the_bus_master_sees_the_pin_and_not_what_nien_holds_back(void **state)
{
    struct fixture *f = *state;

    out(&f->board, CONTROL, 2);
    assert_int_equal(command_lba(f, 0, 100, 4, 0xC8), READY);
    assert_int_equal(f->interrupts, 0);
    out(&f->board, CONTROL, 0);
    assert_int_equal(f->interrupts, 1);
    out(&f->board, CONTROL, 0);
    assert_int_equal(f->interrupts, 1);
}

static void a_new_command_takes_the_old_interrupt_away(void **state)
{
    struct fixture *f = *state;

    command(f, 0xE5);
    assert_true(f->board.level[IRQ]);
    out(&f->board, COMMAND, 0x10);
    assert_false(f->board.level[IRQ]);
}

/* --- Hostile hosts --- */

static void the_task_file_is_closed_while_a_command_runs(void **state)
{
    struct fixture *f = *state;

    task(f, 0x40, 1, 77);
    out(&f->board, COMMAND, 0x20);
    task(f, 0x10, 9, 0x123456);
    out(&f->board, COMMAND, 0xEC);
    assert_int_equal(settle(f), WAITS);
    task(f, 0x10, 9, 0x123456);
    assert_reads(f, 77);
    assert_int_equal(address(f), 77);
}

static void a_command_in_a_data_phase_ends_it(void **state)
{
    struct fixture *f = *state;
    uint8_t buffer[SECTOR_SIZE] = {0}, data[SECTOR_SIZE];

    assert_int_equal(command_lba(f, 0, 60, 2, 0x30), WAITS);
    for (unsigned i = 0; i < 100; i++)
        bus_write(&f->board.bus, DATA, 0xFFFF, 2);
    identify(f, 0, data);
    assert_int_equal(word(data, 1), 100);
    assert_int_equal(f->disk[0].writes, 0);
    assert_int_equal(command_lba(f, 0, 60, 1, 0x30), WAITS);
    give(f, buffer, 1);
    assert_int_equal(settle(f), READY);
    assert_memory_equal(disk_find(&f->disk[0], 60), buffer, SECTOR_SIZE);
    assert_int_equal(command_lba(f, 0, 60, 2, 0x30), WAITS);
    assert_int_equal(command(f, 0x90), READY);
    assert_int_equal(f->ata.length, 0);
}

static void data_moved_in_the_wrong_direction_does_not_count(void **state)
{
    struct fixture *f = *state;
    uint8_t buffer[SECTOR_SIZE];

    memset(buffer, 0x99, sizeof buffer);
    assert_int_equal(command_lba(f, 0, 61, 1, 0x30), WAITS);
    for (unsigned i = 0; i < 256; i++)
        bus_read(&f->board.bus, DATA, 2);
    assert_int_equal(in(&f->board, CONTROL), WAITS);
    give(f, buffer, 1);
    assert_int_equal(settle(f), READY);
    assert_memory_equal(disk_find(&f->disk[0], 61), buffer, SECTOR_SIZE);
    assert_int_equal(command_lba(f, 0, 62, 1, 0x20), WAITS);
    give(f, buffer, 1);
    assert_reads(f, 62);
}

static void a_medium_that_vanishes_in_mid_command_is_not_found(void **state)
{
    struct fixture *f = *state;
    uint8_t buffer[SECTOR_SIZE] = {0};

    assert_int_equal(command_lba(f, 0, 61, 9, 0x20), WAITS);
    take(f, buffer, 1);
    assert_true(drive_insert(&f->drive[0], NULL));
    assert_int_equal(settle(f), FAILED);
    assert_int_equal(in(&f->board, ERROR), IDNF);
    assert_true(drive_insert(&f->drive[0], &f->disk[0].block));
    assert_int_equal(command_lba(f, 0, 61, 9, 0x30), WAITS);
    assert_true(drive_insert(&f->drive[0], NULL));
    give(f, buffer, 1);
    assert_int_equal(settle(f), FAILED);
    assert_int_equal(in(&f->board, ERROR), IDNF);
}

static void a_disc_that_vanishes_in_mid_command_is_an_error(void **state)
{
    static const uint8_t read[12] = {0x28, 0, 0, 0, 0, 10, 0, 0, 50};
    struct fixture *f = *state;
    uint8_t buffer[2048];

    out(&f->board, DEVICE, 0x10);
    for (unsigned i = 0; i < 2; i++) { /* the first reports the medium instead */
        out(&f->board, FEATURE, 0);
        out(&f->board, MID, 0x00);
        out(&f->board, HIGH, 0x08);
        assert_int_equal(command(f, 0xA0), WAITS);
        for (unsigned j = 0; j < 12; j += 2)
            bus_write(&f->board.bus, DATA, read[j] | (uint32_t)read[j + 1] << 8, 2);
        assert_int_equal(settle(f), i ? WAITS : FAILED);
    }
    take(f, buffer, 4);
    assert_original(buffer, 40);
    assert_true(drive_insert(&f->drive[1], NULL));
    for (unsigned i = 0; i < 200 && settle(f) == WAITS; i++)
        take(f, buffer, 4);
    assert_int_equal(settle(f), FAILED);
}

static uint8_t send_packet(struct fixture *f, bool dma, const uint8_t bytes[12])
{
    out(&f->board, DEVICE, 0x10);
    out(&f->board, FEATURE, dma);
    assert_int_equal(command(f, 0xA0), WAITS);
    for (unsigned i = 0; i < 12; i += 2)
        bus_write(&f->board.bus, DATA, bytes[i] | (uint32_t)bytes[i + 1] << 8, 2);
    return settle(f);
}

static void mode_parameters_come_by_dma_when_the_bus_master_runs(void **state)
{
    static const uint8_t ready[12] = {0}, select[12] = {0x55, 0x10, 0, 0, 0, 0, 0, 0, 16},
                         sense[12] = {0x5A, 0, 1, 0, 0, 0, 0, 0, 16};
    static const uint8_t list[16] = {[8] = 1, 6, 0x15, 7};
    struct fixture *f = *state;

    assert_int_equal(send_packet(f, true, ready), FAILED); /* the reset's unit attention */
    for (unsigned i = 0; i < 2; i++) {
        memcpy(f->memory, list, sizeof list);
        f->memory[11] = (uint8_t)(7 + i);
        f->moved = 0;
        f->stops = i ? 2 : 0;
        assert_int_equal(send_packet(f, true, select), i ? WAITS : READY);
        if (i)
            ata_dma_started(&f->ata);
        assert_int_equal(settle(f), READY);
        assert_true(f->board.level[IRQ]);
        f->moved = 0;
        assert_int_equal(send_packet(f, true, sense), READY);
        assert_int_equal(f->memory[10], 0x15);
        assert_int_equal(f->memory[11], 7 + i);
    }
}

/* Moves a piece of a data phase, whether there is one or not. */
static void hammer_data(struct fixture *f, uint32_t *random)
{
    unsigned size = 1u << random_below(random, 3),
             count = random_below(random, 8) ? SECTOR_SIZE / size : random_below(random, 5000);
    bool fitting = f->ata.command < 0x30 || f->ata.command == 0xC4 || f->ata.command >= 0xEC ||
                   (f->ata.command & 0xFE) == 0xA0;
    bool reading = random_below(random, 16) ? fitting : !fitting;

    while (count--)
        if (reading)
            bus_read(&f->board.bus, DATA, size);
        else
            bus_write(&f->board.bus, DATA, *random + count, size);
}

/* A packet that is nearly right. */
static void hammer_packet(struct fixture *f, uint32_t *random)
{
    static const uint8_t opcodes[] = {0x00, 0x03, 0x12, 0x15, 0x55, 0x1B, 0x1E, 0x25, 0x28, 0x28, 0x28,
                                      0x2B, 0x42, 0x43, 0x46, 0x4A, 0x51, 0x5A, 0xA8, 0xBD, 0xBE};
    uint8_t packet[12] = {opcodes[random_below(random, sizeof opcodes)]};

    for (unsigned i = 1; i < 12; i++)
        packet[i] = (uint8_t)(random_below(random, 4) ? 0 : *random);
    packet[4] = (uint8_t)random_below(random, 5);
    packet[8] = (uint8_t)random_below(random, 40);
    packet[9] = random_below(random, 4) ? 0x10 : packet[9];
    for (unsigned i = 0; i < 12; i += 2)
        bus_write(&f->board.bus, DATA, packet[i] | (uint32_t)packet[i + 1] << 8, 2);
}

static void hammer_step(struct fixture *f, uint32_t *random)
{
    static const uint8_t opcodes[] = {0x20, 0x24, 0x29, 0x30, 0x34, 0x39, 0x40, 0x42, 0x70, 0x90, 0x91, 0xC4, 0xC5,
                                      0xC6, 0xEC, 0xEF, 0x25, 0x35, 0xC8, 0xCA, 0x08, 0xA0, 0xA0, 0xA0, 0xA1};
    unsigned n = random_below(random, 2), what = random_below(random, 1000);

    if (what < 200) /* addresses that are mostly on the disk */
        task(f, (uint8_t)(random_below(random, 8) << 4), (uint8_t)random_below(random, 20),
             random_below(random, 5) ? random_below(random, 6900) : *random);
    else if (what < 280)
        out(&f->board, COMMAND,
            random_below(random, 8) ? opcodes[random_below(random, sizeof opcodes)] : (uint8_t)*random);
    else if (what < 680 && f->ata.command == 0xA0 && random_below(random, 2))
        hammer_packet(f, random);
    else if (what < 680)
        hammer_data(f, random);
    else if (what < 700)
        bus_read(&f->board.bus, (uint16_t)(DATA + random_below(random, 8)), 1u << random_below(random, 3));
    else if (what < 710)
        bus_write(&f->board.bus, (uint16_t)(DATA + random_below(random, 8)), *random, 1u << random_below(random, 3));
    else if (what < 712)
        out(&f->board, CONTROL, random_below(random, 4) ? (uint8_t)*random & 0x82 : (uint8_t)*random);
    else if (what < 713)
        drive_insert(&f->drive[n], random_below(random, 3) ? &f->disk[n].block : NULL);
    else if (what < 714)
        f->disk[n].bad = random_below(random, 6900);
    else if (what < 760)
        ata_dma_started(&f->ata);
    else if (what < 770)
        f->stops = random_below(random, 4);
    else
        board_run_us(&f->board, random_below(random, random_below(random, 20) ? 600 : 3000000));
}

/* Anything at all, for the sanitizers to watch; the disks see to it that nobody reaches beyond their ends. */
static void no_sequence_of_accesses_does_harm(void **state)
{
    struct fixture *f = *state;
    uint32_t random = 7;

    for (unsigned i = 0; i < 600000; i++)
        hammer_step(f, &random);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(f->disk[i].reads > 1000);
        assert_true(f->disk[i].writes > 200 || f->ata.unit[i].packet);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(power_on_shows_the_signature),
        TEST(software_reset_ends_everything_and_shows_the_signature),
        TEST(software_reset_forgets_settings_unless_told_to_keep_them),
        TEST(a_hardware_reset_restores_the_defaults),
        TEST(diagnostic_shows_the_signature_with_an_interrupt),
        TEST_WITH(setup_dma_and_cd, a_drive_that_was_reset_leaves_its_neighbour_ready),
        TEST(both_units_hear_what_is_written_to_the_task_file),
        TEST(a_written_sector_is_acknowledged_after_180_us),
        TEST(a_disk_can_be_slow_to_acknowledge),
        TEST(a_seek_shows_dsc_when_it_is_done),
        TEST_WITH(setup_first_only, an_absent_second_device_answers_zero),
        TEST_WITH(setup_first_only, asking_an_absent_device_does_not_take_the_other_ones_interrupt),
        TEST_WITH(setup_second_only, a_second_device_works_alone),
        TEST_WITH(setup_second_only, a_command_during_the_reset_of_a_second_device_alone_is_lost),
        TEST_WITH(setup_none, no_device_leaves_the_ports_floating),
        TEST_WITH(setup_dma_and_cd, dma_moves_many_sectors_with_one_interrupt),
        TEST_WITH(setup_dma_and_cd, dma_waits_for_the_bus_master_with_its_data_as_state),
        TEST_WITH(setup_dma_and_cd, dma_stops_at_a_bad_sector_and_at_the_end),
        TEST(nien_holds_the_interrupt_back),
        TEST_WITH(setup_dma_and_cd, the_bus_master_sees_the_pin_and_not_what_nien_holds_back),
        TEST(a_new_command_takes_the_old_interrupt_away),
        TEST(the_task_file_is_closed_while_a_command_runs),
        TEST(a_command_in_a_data_phase_ends_it),
        TEST(data_moved_in_the_wrong_direction_does_not_count),
        TEST(a_medium_that_vanishes_in_mid_command_is_not_found),
        TEST_WITH(setup_dma_and_cd, a_disc_that_vanishes_in_mid_command_is_an_error),
        TEST_WITH(setup_dma_and_cd, mode_parameters_come_by_dma_when_the_bus_master_runs),
        TEST(no_sequence_of_accesses_does_harm),
        TEST_WITH(setup_dma_and_cd, no_sequence_of_accesses_does_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
