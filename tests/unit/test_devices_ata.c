/* test_devices_ata.c - disks on an ATA channel: addressing, transfers, errors, SMART (ATA-3, ATA-4; 48 bits: ATA-6). */
#include "tests/unit/ata_board.h"

/* --- IDENTIFY --- */

static void identify_describes_a_small_disk(void **state)
{
    struct fixture *f = *state;
    uint8_t data[SECTOR_SIZE];

    identify(f, 0, data);
    assert_int_equal(f->board.rises[IRQ], 1);
    assert_int_equal(word(data, 0) & 0x8040, 0x0040);
    assert_int_equal(word(data, 1), 100);
    assert_int_equal(word(data, 3), 4);
    assert_int_equal(word(data, 6), 17);
    assert_memory_equal(data + 2 * 10, "UMINEMTN0-", 10); /* the bytes of each word exchanged */
    assert_int_equal(word(data, 19), 0x2020);
    assert_memory_equal(data + 2 * 27, "UMINEMTN", 8);
    assert_int_equal(word(data, 47) & 0xFF, 16);
    assert_int_equal(word(data, 49) & 0x0300, 0x0200); /* LBA, no DMA */
    assert_int_equal(word(data, 53), 3);
    assert_int_equal(word(data, 54), 100);
    assert_int_equal(word(data, 55), 4);
    assert_int_equal(word(data, 56), 17);
    assert_int_equal(word(data, 57) | word(data, 58) << 16, SMALL);
    assert_int_equal(word(data, 59), 0);
    assert_int_equal(word(data, 60) | word(data, 61) << 16, SMALL);
    assert_int_equal(word(data, 63), 0);
    assert_int_equal(word(data, 88), 0);
    assert_int_equal(word(data, 93), 0);
    assert_int_equal(word(data, 83) & 0xC400, 0x4000); /* no LBA48 */
    assert_int_equal(word(data, 84) & 0xC000, 0x4000);
    assert_int_equal(word(data, 100), 0);
}

static void identify_of_a_large_disk_has_48_bit_capacity(void **state)
{
    struct fixture *f = *state;
    uint8_t data[SECTOR_SIZE];

    identify(f, 0x10, data);
    assert_int_equal(data[2 * 14], '1'); /* the second disk of the machine: "MUNIMENT-1" */
    assert_int_equal(word(data, 1), 16383);
    assert_int_equal(word(data, 60) | (uint32_t)word(data, 61) << 16, 0x0FFFFFFF);
    assert_int_equal(word(data, 83) & 0xC400, 0x4400);
    assert_int_equal(word(data, 86) & 0x0400, 0x0400);
    assert_int_equal(word(data, 100) | (uint32_t)word(data, 101) << 16, (uint32_t)LARGE);
    assert_int_equal(word(data, 102), 0);
    assert_int_equal(word(data, 103), 0);
    assert_int_equal(word(data, 80) & 0x40, 0x40);
}

static void identify_follows_translation_and_multiple(void **state)
{
    struct fixture *f = *state;
    uint8_t data[SECTOR_SIZE];

    task(f, 7, 34, 0);
    assert_int_equal(command(f, 0x91), READY);
    out(&f->board, COUNT, 8);
    assert_int_equal(command(f, 0xC6), READY);
    identify(f, 0, data);
    assert_int_equal(word(data, 1), 100); /* the default remains */
    assert_int_equal(word(data, 54), 25);
    assert_int_equal(word(data, 55), 8);
    assert_int_equal(word(data, 56), 34);
    assert_int_equal(word(data, 57), 25 * 8 * 34);
    assert_int_equal(word(data, 59), 0x0108);
}

/* Words 53, 63 and 88 of disk and CD-ROM drive: one mode of either kind is set at most. DOS drivers such as UIDE say
 * "not UltraDMA" where bit 2 of word 53 or the upper byte of word 88 is 0. */
static void one_dma_mode_at_a_time_is_set(void **state)
{
    static const struct {
        uint8_t mode, status;
        uint16_t multiword, ultra;
    } cases[] = {
        {0x00, READY, 0x0007, 0x0007},  {0x22, READY, 0x0407, 0x0007},  {0x42, READY, 0x0007, 0x0407},
        {0x40, READY, 0x0007, 0x0107},  {0x43, FAILED, 0x0007, 0x0107}, {0x44, FAILED, 0x0007, 0x0107},
        {0x23, FAILED, 0x0007, 0x0107}, {0x21, READY, 0x0207, 0x0007},  {0x41, READY, 0x0007, 0x0207},
        {0x0C, READY, 0x0007, 0x0207},
    };
    struct fixture *f = *state;
    uint8_t data[SECTOR_SIZE];

    for (unsigned unit = 0; unit < 2; unit++)
        for (unsigned n = 0; n < sizeof cases / sizeof *cases; n++) {
            out(&f->board, DEVICE, (uint8_t)(unit << 4));
            out(&f->board, FEATURE, 3);
            out(&f->board, COUNT, cases[n].mode);
            assert_int_equal(command(f, 0xEF), cases[n].status);
            assert_int_equal(command(f, unit ? 0xA1 : 0xEC), WAITS);
            take(f, data, 1);
            assert_int_equal(word(data, 53), 7);
            assert_int_equal(word(data, 63), cases[n].multiword);
            assert_int_equal(word(data, 88), cases[n].ultra);
        }
}

/* --- Addressing --- */

static void chs_reaches_the_last_sector_and_none_beyond(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(command_chs(f, 0, 0, 1, 1, 0x20), WAITS);
    assert_reads(f, 0);
    assert_int_equal(command_chs(f, 99, 3, 17, 1, 0x20), WAITS);
    assert_reads(f, SMALL - 1);
    assert_int_equal(command_chs(f, 1, 0, 1, 1, 0x20), WAITS);
    assert_reads(f, 4 * 17);
    assert_int_equal(command_chs(f, 100, 0, 1, 1, 0x20), FAILED);
    assert_int_equal(in(&f->board, ERROR), IDNF);
    assert_int_equal(command_chs(f, 0, 4, 1, 1, 0x20), FAILED);
    assert_int_equal(in(&f->board, ERROR), IDNF);
    assert_int_equal(command_chs(f, 0, 0, 18, 1, 0x20), FAILED);
    assert_int_equal(in(&f->board, ERROR), IDNF);
    assert_int_equal(command_chs(f, 0, 0, 0, 1, 0x20), FAILED);
    assert_int_equal(in(&f->board, ERROR), IDNF);
    assert_int_equal(command_chs(f, 65535, 15, 255, 1, 0x20), FAILED);
    assert_int_equal(in(&f->board, ERROR), IDNF);
}

static void lba_reaches_the_last_sector_and_none_beyond(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(command_lba(f, 0, 0, 1, 0x20), WAITS);
    assert_reads(f, 0);
    assert_int_equal(command_lba(f, 0, SMALL - 1, 1, 0x21), WAITS);
    assert_reads(f, SMALL - 1);
    assert_int_equal(command_lba(f, 0, SMALL, 1, 0x20), FAILED);
    assert_int_equal(in(&f->board, ERROR), IDNF);
    assert_int_equal(address(f), SMALL);
    assert_int_equal(command_lba(f, 0, 0x0FFFFFFF, 1, 0x20), FAILED);
    assert_int_equal(in(&f->board, ERROR), IDNF);
}

static void initialize_device_parameters_changes_the_translation(void **state)
{
    struct fixture *f = *state;

    task(f, 7, 34, 0);
    assert_int_equal(command(f, 0x91), READY);
    assert_int_equal(f->board.rises[IRQ], 1);
    assert_int_equal(command_chs(f, 24, 7, 34, 1, 0x20), WAITS);
    assert_reads(f, SMALL - 1);
    assert_int_equal(command_chs(f, 25, 0, 1, 1, 0x20), FAILED);
    assert_int_equal(command_chs(f, 1, 2, 3, 1, 0x20), WAITS);
    assert_reads(f, (8 + 2) * 34 + 2);
    task(f, 7, 0, 0);
    assert_int_equal(command(f, 0x91), FAILED);
    assert_int_equal(in(&f->board, ERROR), ABRT);
    assert_int_equal(command_chs(f, 24, 7, 34, 1, 0x20), WAITS); /* what was set before holds */
    assert_reads(f, SMALL - 1);
}

static void a_translation_larger_than_the_disk_has_one_cylinder(void **state)
{
    struct fixture *f = *state;
    static struct disk tiny;
    uint8_t data[SECTOR_SIZE];

    disk_init(&tiny, 100);
    assert_true(drive_insert(&f->drive[0], &tiny.block));
    task(f, 15, 63, 0);
    assert_int_equal(command(f, 0x91), READY);
    identify(f, 0, data);
    assert_int_equal(word(data, 54), 1);
    assert_int_equal(command_chs(f, 0, 1, 37, 1, 0x20), WAITS);
    assert_reads(f, 99);
    assert_int_equal(command_chs(f, 0, 1, 38, 1, 0x20), FAILED);
    assert_int_equal(in(&f->board, ERROR), IDNF);
}

static void translation_belongs_to_the_selected_device(void **state)
{
    struct fixture *f = *state;
    uint8_t data[SECTOR_SIZE];

    task(f, 0x10 | 254 % 16, 255, 0);
    assert_int_equal(command(f, 0x91), READY);
    identify(f, 0, data);
    assert_int_equal(word(data, 54), 100);
    identify(f, 0x10, data);
    assert_int_equal(word(data, 54), 65535); /* of 70,203, as many as the register holds */
    assert_int_equal(word(data, 56), 255);
}

static void count_of_zero_is_256(void **state)
{
    struct fixture *f = *state;
    uint8_t buffer[SECTOR_SIZE];

    assert_int_equal(command_lba(f, 0, 1000, 0, 0x20), WAITS);
    for (unsigned i = 0; i < 256; i++) {
        assert_int_equal(settle(f), WAITS);
        take(f, buffer, 1);
        assert_original(buffer, 1000 + i);
    }
    assert_int_equal(settle(f), READY);
    assert_int_equal(address(f), 1255);
    assert_int_equal(in(&f->board, COUNT), 0);
}

static void task_file_ends_at_the_last_sector_in_chs(void **state)
{
    struct fixture *f = *state;
    uint8_t buffer[3 * SECTOR_SIZE];

    assert_int_equal(command_chs(f, 2, 3, 16, 3, 0x20), WAITS); /* across the cylinder's end */
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(settle(f), WAITS);
        take(f, buffer, 1);
        assert_original(buffer, (2 * 4 + 3) * 17 + 15 + i);
    }
    assert_int_equal(in(&f->board, LOW), 1);
    assert_int_equal(in(&f->board, MID), 3);
    assert_int_equal(in(&f->board, HIGH), 0);
    assert_int_equal(in(&f->board, DEVICE), 0xA0);
}

static void commands_of_28_bits_end_below_128_gib(void **state)
{
    struct fixture *f = *state;
    uint8_t buffer[SECTOR_SIZE];

    assert_int_equal(command_lba(f, 0x10, 0x0FFFFFFE, 1, 0x20), WAITS);
    assert_reads(f, 0x0FFFFFFE);
    assert_int_equal(command_lba(f, 0x10, 0x0FFFFFFF, 1, 0x20), FAILED); /* IDENTIFY counts 0FFFFFFFh sectors:
                                                                            0-0FFFFFFEh */
    assert_int_equal(in(&f->board, ERROR), IDNF);
    assert_int_equal(command_lba(f, 0x10, 0x0FFFFFFE, 3, 0x20), WAITS);
    take(f, buffer, 1);
    assert_int_equal(settle(f), FAILED);
    assert_int_equal(in(&f->board, ERROR), IDNF);
    assert_int_equal(address(f), 0x0FFFFFFF);
    assert_int_equal(in(&f->board, COUNT), 2);
}

static void commands_of_48_bits_reach_beyond(void **state)
{
    struct fixture *f = *state;
    uint8_t buffer[SECTOR_SIZE];

    assert_int_equal(command_lba48(f, 0x10, LARGE - 1, 1, 0x24), WAITS);
    assert_reads(f, LARGE - 1);
    assert_int_equal(command_lba48(f, 0x10, LARGE, 1, 0x24), FAILED);
    assert_int_equal(in(&f->board, ERROR), IDNF);
    assert_int_equal(command_lba48(f, 0x10, 0xFFFFFFFFFFFF, 0, 0x24), FAILED);
    assert_int_equal(in(&f->board, ERROR), IDNF);
    assert_int_equal(command_lba48(f, 0x10, LARGE - 3, 2, 0x34), WAITS);
    memset(buffer, 0x3C, sizeof buffer);
    give(f, buffer, 1);
    assert_int_equal(settle(f), WAITS);
    give(f, buffer, 1);
    assert_int_equal(settle(f), READY);
    assert_memory_equal(disk_find(&f->disk[1], LARGE - 3), buffer, SECTOR_SIZE);
    assert_memory_equal(disk_find(&f->disk[1], LARGE - 2), buffer, SECTOR_SIZE);
    assert_int_equal(command_lba48(f, 0, 0, 1, 0x24), FAILED); /* the small disk does not have the feature */
    assert_int_equal(in(&f->board, ERROR), ABRT);
}

static void hob_shows_the_previous_content_until_the_next_write(void **state)
{
    struct fixture *f = *state;

    task(f, 0x50, 0x12, 0x563412);
    task(f, 0x50, 0x34, 0xBC9A78);
    assert_int_equal(in(&f->board, COUNT), 0x34);
    out(&f->board, CONTROL, 0x80);
    assert_int_equal(in(&f->board, COUNT), 0x12);
    assert_int_equal(in(&f->board, LOW), 0x12);
    assert_int_equal(in(&f->board, MID), 0x34);
    assert_int_equal(in(&f->board, HIGH), 0x56);
    out(&f->board, DEVICE, 0x50);
    assert_int_equal(in(&f->board, HIGH), 0xBC);
}

static void a_48_bit_error_shows_the_whole_address(void **state)
{
    struct fixture *f = *state;

    f->disk[1].bad = LARGE - 5;
    assert_int_equal(command_lba48(f, 0x10, LARGE - 6, 4, 0x42), FAILED);
    assert_int_equal(in(&f->board, ERROR), UNC);
    assert_int_equal(address(f) & 0xFFFFFF, (LARGE - 5) & 0xFFFFFF);
    out(&f->board, CONTROL, 0x80);
    assert_int_equal(in(&f->board, LOW), (LARGE - 5) >> 24);
    assert_int_equal(in(&f->board, MID), 0);
}

/* --- Transfers --- */

static void each_sector_read_has_its_interrupt(void **state)
{
    struct fixture *f = *state;
    uint8_t buffer[SECTOR_SIZE];

    task(f, 0x40, 3, 10);
    out(&f->board, COMMAND, 0x20);
    assert_int_equal(in(&f->board, CONTROL), BSY);
    assert_false(f->board.level[IRQ]);
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal(settle(f), WAITS);
        assert_int_equal(f->board.rises[IRQ], i);
        assert_int_equal(in(&f->board, STATUS), WAITS);
        assert_false(f->board.level[IRQ]); /* reading Status takes it, Alternate Status does not */
        take(f, buffer, 1);
        assert_original(buffer, 9 + i);
    }
    assert_int_equal(settle(f), READY);
    assert_int_equal(f->board.rises[IRQ], 3);
}

static void the_first_sector_written_has_no_interrupt_and_the_last_has(void **state)
{
    struct fixture *f = *state;
    uint8_t buffer[SECTOR_SIZE];

    task(f, 0x40, 2, 20);
    assert_int_equal(command(f, 0x30), WAITS);
    assert_int_equal(f->board.rises[IRQ], 0);
    memset(buffer, 0x11, sizeof buffer);
    give(f, buffer, 1);
    assert_int_equal(in(&f->board, CONTROL), BSY);
    assert_int_equal(settle(f), WAITS);
    assert_int_equal(f->board.rises[IRQ], 1);
    assert_int_equal(in(&f->board, STATUS), WAITS);
    memset(buffer, 0x22, sizeof buffer);
    give(f, buffer, 1);
    assert_int_equal(settle(f), READY);
    assert_int_equal(f->board.rises[IRQ], 2);
    assert_int_equal(disk_find(&f->disk[0], 20)[511], 0x11);
    assert_int_equal(disk_find(&f->disk[0], 21)[0], 0x22);
    assert_int_equal(f->disk[0].writes, 2);
    assert_int_equal(address(f), 21);
    assert_int_equal(in(&f->board, COUNT), 0);
}

static void multiple_moves_blocks_and_a_partial_one(void **state)
{
    struct fixture *f = *state;
    uint8_t buffer[4 * SECTOR_SIZE];

    assert_int_equal(command_lba(f, 0, 30, 10, 0xC4), FAILED); /* not yet set */
    assert_int_equal(in(&f->board, ERROR), ABRT);
    out(&f->board, COUNT, 4);
    assert_int_equal(command(f, 0xC6), READY);
    f->board.rises[IRQ] = 0;
    in(&f->board, STATUS);
    assert_int_equal(command_lba(f, 0, 30, 10, 0xC4), WAITS);
    for (unsigned i = 0; i < 10; i += 4) {
        unsigned block = i < 8 ? 4 : 2;
        assert_int_equal(settle(f), WAITS);
        in(&f->board, STATUS);
        take(f, buffer, block);
        for (unsigned j = 0; j < block; j++)
            assert_original(buffer + j * SECTOR_SIZE, 30 + i + j);
    }
    assert_int_equal(settle(f), READY);
    assert_int_equal(f->board.rises[IRQ], 3);
    assert_int_equal(command_lba(f, 0, 50, 6, 0xC5), WAITS);
    assert_int_equal(f->board.rises[IRQ], 3);
    memset(buffer, 0x77, sizeof buffer);
    give(f, buffer, 4);
    assert_int_equal(settle(f), WAITS);
    in(&f->board, STATUS);
    give(f, buffer, 2);
    assert_int_equal(settle(f), READY);
    assert_int_equal(f->board.rises[IRQ], 5);
    assert_int_equal(f->disk[0].writes, 6);
    assert_int_equal(disk_find(&f->disk[0], 55)[100], 0x77);
}

static void a_block_size_that_is_not_supported_disables_multiple(void **state)
{
    struct fixture *f = *state;
    static const uint8_t sizes[] = {3, 32, 255};

    for (unsigned i = 0; i < sizeof sizes; i++) {
        out(&f->board, COUNT, 16);
        assert_int_equal(command(f, 0xC6), READY);
        out(&f->board, COUNT, sizes[i]);
        assert_int_equal(command(f, 0xC6), FAILED);
        assert_int_equal(in(&f->board, ERROR), ABRT);
        assert_int_equal(command_lba(f, 0, 0, 1, 0xC4), FAILED);
    }
    out(&f->board, COUNT, 16);
    assert_int_equal(command(f, 0xC6), READY);
    out(&f->board, COUNT, 0);
    assert_int_equal(command(f, 0xC6), READY);
    assert_int_equal(command_lba(f, 0, 0, 1, 0xC4), FAILED);
}

static void the_data_register_takes_bytes_words_and_doublewords(void **state)
{
    struct fixture *f = *state;
    uint8_t expected[SECTOR_SIZE];

    disk_original(5, expected);
    assert_int_equal(command_lba(f, 0, 5, 1, 0x20), WAITS);
    assert_int_equal(bus_read(&f->board.bus, DATA, 1), expected[0]);
    assert_int_equal(bus_read(&f->board.bus, DATA, 1), expected[1]);
    assert_int_equal(bus_read(&f->board.bus, DATA, 2), expected[2] | expected[3] << 8);
    for (unsigned i = 4; i < SECTOR_SIZE; i += 4)
        assert_int_equal(bus_read(&f->board.bus, DATA, 4),
                         expected[i] | expected[i + 1] << 8 | expected[i + 2] << 16 | (uint32_t)expected[i + 3] << 24);
    assert_int_equal(settle(f), READY);
    assert_int_equal(bus_read(&f->board.bus, DATA, 2), 0);
}

static void what_the_host_gave_is_state_until_it_is_on_the_disk(void **state)
{
    struct fixture *f = *state;
    uint8_t buffer[SECTOR_SIZE];

    memset(buffer, 0x5C, sizeof buffer);
    assert_int_equal(command_lba(f, 0, 7, 1, 0x30), WAITS);
    give(f, buffer, 1);
    assert_int_equal(in(&f->board, CONTROL), BSY);
    memset(f->ata.buffer + f->ata.length, 0xEE, sizeof f->ata.buffer - f->ata.length); /* what is not declared alive */
    assert_int_equal(settle(f), READY);
    assert_memory_equal(disk_find(&f->disk[0], 7), buffer, SECTOR_SIZE);
}

static void verify_moves_no_data(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(command_lba(f, 0, 100, 50, 0x40), READY);
    assert_int_equal(f->disk[0].reads, 50);
    assert_int_equal(f->board.rises[IRQ], 1);
    assert_int_equal(address(f), 149);
}

/* --- Errors --- */

static void an_unreadable_sector_is_shown_with_what_remains(void **state)
{
    struct fixture *f = *state;
    uint8_t buffer[SECTOR_SIZE];

    f->disk[0].bad = 202;
    assert_int_equal(command_lba(f, 0, 200, 5, 0x20), WAITS);
    take(f, buffer, 1);
    assert_int_equal(settle(f), WAITS);
    take(f, buffer, 1);
    assert_original(buffer, 201);
    assert_int_equal(settle(f), FAILED);
    assert_int_equal(in(&f->board, ERROR), UNC);
    assert_int_equal(address(f), 202);
    assert_int_equal(in(&f->board, COUNT), 3);
    assert_int_equal(f->board.rises[IRQ], 1);                    /* nobody took the first */
    assert_int_equal(command_chs(f, 2, 3, 16, 1, 0x40), FAILED); /* (2 * 4 + 3) * 17 + 15 */
    assert_int_equal(in(&f->board, LOW), 16);
    assert_int_equal(in(&f->board, MID), 2);
    assert_int_equal(in(&f->board, DEVICE), 0xA3);
}

static void an_unreadable_sector_within_a_block_is_shown(void **state)
{
    struct fixture *f = *state;

    out(&f->board, COUNT, 8);
    command(f, 0xC6);
    f->disk[0].bad = 205;
    assert_int_equal(command_lba(f, 0, 200, 16, 0xC4), FAILED);
    assert_int_equal(in(&f->board, ERROR), UNC);
    assert_int_equal(address(f), 205);
    assert_int_equal(in(&f->board, COUNT), 11);
}

static void a_transfer_over_the_end_stops_there(void **state)
{
    struct fixture *f = *state;
    uint8_t buffer[SECTOR_SIZE] = {0};

    assert_int_equal(command_lba(f, 0, SMALL - 1, 2, 0x20), WAITS);
    take(f, buffer, 1);
    assert_original(buffer, SMALL - 1);
    assert_int_equal(settle(f), FAILED);
    assert_int_equal(in(&f->board, ERROR), IDNF);
    assert_int_equal(address(f), SMALL);
    assert_int_equal(in(&f->board, COUNT), 1);
    assert_int_equal(command_lba(f, 0, SMALL - 1, 2, 0x30), WAITS);
    give(f, buffer, 1);
    assert_int_equal(settle(f), WAITS);
    give(f, buffer, 1);
    assert_int_equal(settle(f), FAILED);
    assert_int_equal(in(&f->board, ERROR), IDNF);
    assert_int_equal(f->disk[0].writes, 1);
    assert_int_equal(command_lba(f, 0, SMALL - 1, 2, 0x40), FAILED);
    assert_int_equal(in(&f->board, ERROR), IDNF);
    assert_int_equal(address(f), SMALL);
}

static void a_read_only_disk_aborts_writes(void **state)
{
    struct fixture *f = *state;

    f->drive[0].read_only = true;
    assert_int_equal(command_lba(f, 0, 0, 1, 0x30), FAILED);
    assert_int_equal(in(&f->board, ERROR), ABRT);
    assert_int_equal(f->board.rises[IRQ], 1);
}

static void unknown_commands_abort(void **state)
{
    struct fixture *f = *state;
    static const uint8_t unknown[] = {0x00, 0xA1, 0xC8, 0x27, 0xF1,
                                      0xF6, 0xF9, 0xFF, 0x50, 0x25}; /* DMA: there is no bus master */

    for (unsigned i = 0; i < sizeof unknown; i++) {
        assert_int_equal(command(f, unknown[i]), FAILED);
        assert_int_equal(in(&f->board, ERROR), ABRT);
        assert_true(f->board.level[IRQ]);
        in(&f->board, STATUS);
    }
}

static void seek_finds_only_what_is_there(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(command_chs(f, 99, 3, 1, 1, 0x70), READY);
    assert_int_equal(command_chs(f, 100, 3, 1, 1, 0x70), FAILED);
    assert_int_equal(in(&f->board, ERROR), IDNF);
    assert_int_equal(command(f, 0x10), READY);
}

static void features_that_do_not_exist_abort(void **state)
{
    struct fixture *f = *state;
    /* clang-format off */
    static const struct { uint8_t feature, count, status; } cases[] = {
        { 0x03, 0x00, READY }, { 0x03, 0x01, READY }, { 0x03, 0x02, FAILED }, { 0x03, 0x08, READY }, { 0x03, 0x0C, READY },
        { 0x03, 0x0D, FAILED }, { 0x03, 0x20, FAILED }, { 0x03, 0x42, FAILED }, { 0x02, 0, READY }, { 0x82, 0, READY },
        { 0x55, 0, READY }, { 0xAA, 0, READY }, { 0x99, 0, FAILED },
    };
    /* clang-format on */

    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        out(&f->board, FEATURE, cases[i].feature);
        out(&f->board, COUNT, cases[i].count);
        assert_int_equal(command(f, 0xEF), cases[i].status);
    }
}

/* --- SMART, power, capacity --- */

static uint8_t smart(struct fixture *f, uint8_t feature)
{
    task(f, 0, 0, 0xC24F00);
    out(&f->board, FEATURE, feature);
    return command(f, 0xB0);
}

static void smart_can_be_disabled_and_says_so(void **state)
{
    struct fixture *f = *state;
    uint8_t data[SECTOR_SIZE];

    identify(f, 0, data);
    assert_int_equal(word(data, 82) & word(data, 85) & 0x69, 0x69); /* SMART, power management, write cache, look-ahead
                                                                     */
    assert_int_equal(smart(f, 0xD9), READY);
    identify(f, 0, data);
    assert_int_equal(word(data, 82) & 1, 1);
    assert_int_equal(word(data, 85) & 1, 0);
    assert_int_equal(smart(f, 0xDA), FAILED);
    assert_int_equal(in(&f->board, ERROR), ABRT);
    assert_int_equal(smart(f, 0xD8), READY);
    assert_int_equal(smart(f, 0xDA), READY);
    out(&f->board, FEATURE, 0x82); /* the write cache off */
    assert_int_equal(command(f, 0xEF), READY);
    identify(f, 0, data);
    assert_int_equal(word(data, 85) & 0x61, 0x41);
}

static void smart_status_is_healthy_and_needs_its_key(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(smart(f, 0xDA), READY);
    assert_int_equal(in(&f->board, MID), 0x4F);
    assert_int_equal(in(&f->board, HIGH), 0xC2);
    assert_int_equal(smart(f, 0xD4), FAILED); /* there are no self-tests */
    task(f, 0, 0, 0xC24E00);
    out(&f->board, FEATURE, 0xDA);
    assert_int_equal(command(f, 0xB0), FAILED);
    assert_int_equal(in(&f->board, ERROR), ABRT);
}

static void smart_values_lie_over_their_thresholds(void **state)
{
    struct fixture *f = *state;
    uint8_t values[SECTOR_SIZE], thresholds[SECTOR_SIZE], sums[2] = {0, 0};
    unsigned count = 0;

    assert_int_equal(smart(f, 0xD0), WAITS);
    take(f, values, 1);
    assert_int_equal(smart(f, 0xD1), WAITS);
    take(f, thresholds, 1);
    assert_int_equal(settle(f), READY);
    for (unsigned i = 0; i < SECTOR_SIZE; i++) {
        sums[0] = (uint8_t)(sums[0] + values[i]);
        sums[1] = (uint8_t)(sums[1] + thresholds[i]);
    }
    assert_int_equal(sums[0], 0);
    assert_int_equal(sums[1], 0);
    for (unsigned at = 2; at < 362 && values[at]; at += 12, count++) {
        assert_int_equal(thresholds[at], values[at]);
        assert_true(values[at + 3] > thresholds[at + 1]);
        assert_true(values[at + 4] > thresholds[at + 1]);
    }
    assert_in_range(count, 5, 30);
}

static void check_power_mode_tells_the_last_one_until_the_medium_is_used(void **state)
{
    static const uint8_t modes[][2] = {{0xE0, 0x00}, {0xE1, 0x80}, {0xE2, 0x00},
                                       {0xE3, 0x80}, {0x94, 0x00}, {0x97, 0x80}};
    struct fixture *f = *state;

    for (unsigned i = 0; i < sizeof modes / sizeof *modes; i++) {
        assert_int_equal(command(f, modes[i][0]), READY);
        assert_int_equal(command(f, 0xE5), READY);
        assert_int_equal(in(&f->board, COUNT), modes[i][1]);
        command_lba(f, 0, 1, 1, 0x40);
        assert_int_equal(command(f, 0xE5), READY);
        assert_int_equal(in(&f->board, COUNT), 0xFF);
    }
}

static void the_native_maximum_is_the_last_address(void **state)
{
    struct fixture *f = *state;

    task(f, 0x40, 0, 0);
    assert_int_equal(command(f, 0xF8), READY);
    assert_int_equal(address(f), SMALL - 1);
    task(f, 0x50, 0, 0);
    assert_int_equal(command(f, 0xF8), READY);
    assert_int_equal(address(f), 0x0FFFFFFE);
    assert_int_equal(command(f, 0x27), READY);
    out(&f->board, CONTROL, 0x80);
    assert_int_equal(in(&f->board, LOW), (LARGE - 1) >> 24);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(identify_describes_a_small_disk),
        TEST(identify_of_a_large_disk_has_48_bit_capacity),
        TEST(identify_follows_translation_and_multiple),
        TEST(chs_reaches_the_last_sector_and_none_beyond),
        TEST(lba_reaches_the_last_sector_and_none_beyond),
        TEST(initialize_device_parameters_changes_the_translation),
        TEST(a_translation_larger_than_the_disk_has_one_cylinder),
        TEST(translation_belongs_to_the_selected_device),
        TEST(count_of_zero_is_256),
        TEST(task_file_ends_at_the_last_sector_in_chs),
        TEST(commands_of_28_bits_end_below_128_gib),
        TEST(commands_of_48_bits_reach_beyond),
        TEST(hob_shows_the_previous_content_until_the_next_write),
        TEST(a_48_bit_error_shows_the_whole_address),
        TEST(each_sector_read_has_its_interrupt),
        TEST(the_first_sector_written_has_no_interrupt_and_the_last_has),
        TEST(multiple_moves_blocks_and_a_partial_one),
        TEST(a_block_size_that_is_not_supported_disables_multiple),
        TEST(the_data_register_takes_bytes_words_and_doublewords),
        TEST(what_the_host_gave_is_state_until_it_is_on_the_disk),
        TEST(verify_moves_no_data),
        TEST(an_unreadable_sector_is_shown_with_what_remains),
        TEST(an_unreadable_sector_within_a_block_is_shown),
        TEST(a_transfer_over_the_end_stops_there),
        TEST(a_read_only_disk_aborts_writes),
        TEST(unknown_commands_abort),
        TEST(seek_finds_only_what_is_there),
        TEST(features_that_do_not_exist_abort),
        TEST(smart_can_be_disabled_and_says_so),
        TEST(smart_status_is_healthy_and_needs_its_key),
        TEST(smart_values_lie_over_their_thresholds),
        TEST(check_power_mode_tells_the_last_one_until_the_medium_is_used),
        TEST(the_native_maximum_is_the_last_address),
        TEST_WITH(setup_dma_and_cd, one_dma_mode_at_a_time_is_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
