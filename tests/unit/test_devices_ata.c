/* test_devices_ata.c - disks on an ATA channel: addressing, transfers, errors, resets (ATA-3, ATA-4; 48 bits:
 * ATA-6). */
#include "emu/devices/ata.h"
#include "tests/unit/board.h"
#include "tests/unit/disk.h"
#include "tests/unit/random.h"

#define DATA 0x1F0
#define ERROR 0x1F1
#define FEATURE 0x1F1
#define COUNT 0x1F2
#define LOW 0x1F3
#define MID 0x1F4
#define HIGH 0x1F5
#define DEVICE 0x1F6
#define STATUS 0x1F7
#define COMMAND 0x1F7
#define CONTROL 0x3F6
#define IRQ 14

enum { BSY = 0x80, DRQ = 0x08, READY = 0x50, FAILED = 0x51, WAITS = 0x58, ABRT = 4, IDNF = 0x10, UNC = 0x40 };

#define SMALL (100 * 4 * 17) /* 100 cylinders, 4 heads, 17 sectors */
#define LARGE (((uint64_t)1 << 28) + 4096)

struct fixture {
    struct board board;
    struct disk disk[2];
    struct drive drive[2];
    struct ata ata;
    /* a bus master */
    struct ata_dma dma;
    uint8_t memory[65536];
    uint32_t moved;
    unsigned stops; /* it runs only every so many times; 0: always */
    unsigned interrupts;
};

static bool dma_move(void *engine, uint8_t *buffer, uint32_t length, bool to_memory)
{
    struct fixture *f = engine;

    if (f->stops && f->stops-- > 1)
        return false;
    assert_true(length <= sizeof f->ata.buffer);
    if (f->moved + length > sizeof f->memory)
        f->moved = 0;
    if (to_memory)
        memcpy(f->memory + f->moved, buffer, length);
    else
        memcpy(buffer, f->memory + f->moved, length);
    f->moved += length;
    return true;
}

static void dma_interrupted(void *engine)
{
    ((struct fixture *)engine)->interrupts++;
}

/* The second unit is a CD-ROM drive if packet; dma: there is a bus master. */
static void begin_with(struct fixture *f, uint64_t first, uint64_t second, bool packet, bool dma)
{
    const uint64_t sectors[2] = {first, second};
    struct drive *drives[2];
    struct geometry geometry[2];

    board_init(&f->board);
    for (unsigned i = 0; i < 2; i++) {
        disk_init(&f->disk[i], sectors[i]);
        assert_true(drive_init(&f->drive[i], &f->disk[i].block, false, (struct line){0}));
        drives[i] = sectors[i] ? &f->drive[i] : NULL;
        geometry[i] = sectors[i] == SMALL ? (struct geometry){100, 4, 17} : (struct geometry){16383, 16, 63};
        if (!sectors[i])
            geometry[i] = (struct geometry){0, 0, 0};
    }
    ata_init(&f->ata, &f->board.clock, &f->board.bus, 0x1F0, 0x3F6, EVENT_ATA_0, board_wire(&f->board, IRQ), drives,
             geometry, (const bool[2]){false, packet}, 0, dma ? &f->dma : NULL);
    f->dma = (struct ata_dma){dma_move, dma_interrupted, f};
    f->moved = f->stops = f->interrupts = 0;
}

static void begin(struct fixture *f, uint64_t first, uint64_t second)
{
    begin_with(f, first, second, false, false);
}

static struct fixture fixture;

static int setup(void **state)
{
    begin(&fixture, SMALL, LARGE);
    *state = &fixture;
    return 0;
}

static int setup_first_only(void **state)
{
    begin(&fixture, SMALL, 0);
    *state = &fixture;
    return 0;
}

static int setup_second_only(void **state)
{
    begin(&fixture, 0, SMALL);
    *state = &fixture;
    return 0;
}

static int setup_dma_and_cd(void **state)
{
    begin_with(&fixture, SMALL, 4000, true, true);
    *state = &fixture;
    return 0;
}

static int setup_none(void **state)
{
    begin(&fixture, 0, 0);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    drive_free(&f->drive[0]);
    drive_free(&f->drive[1]);
    return 0;
}

/* Waits until the device is no longer busy; returns the status, without taking the interrupt. */
static uint8_t settle(struct fixture *f)
{
    for (unsigned us = 0; in(&f->board, CONTROL) & BSY; us += 10) {
        assert_true(us < 30000000);
        board_run_us(&f->board, 10);
    }
    return in(&f->board, CONTROL);
}

static void task(struct fixture *f, uint8_t device, uint8_t count, uint32_t low24)
{
    out(&f->board, DEVICE, device);
    out(&f->board, COUNT, count);
    out(&f->board, LOW, (uint8_t)low24);
    out(&f->board, MID, (uint8_t)(low24 >> 8));
    out(&f->board, HIGH, (uint8_t)(low24 >> 16));
}

static uint8_t command(struct fixture *f, uint8_t opcode)
{
    out(&f->board, COMMAND, opcode);
    return settle(f);
}

static uint8_t command_lba(struct fixture *f, uint8_t device, uint32_t lba, uint8_t count, uint8_t opcode)
{
    task(f, (uint8_t)(device | 0x40 | lba >> 24), count, lba);
    return command(f, opcode);
}

static uint8_t command_chs(struct fixture *f, uint32_t cylinder, uint8_t head, uint8_t sector, uint8_t count,
                           uint8_t opcode)
{
    task(f, head, count, sector | cylinder << 8);
    return command(f, opcode);
}

static uint8_t command_lba48(struct fixture *f, uint8_t device, uint64_t lba, uint16_t count, uint8_t opcode)
{
    task(f, device | 0x40, (uint8_t)(count >> 8), (uint32_t)(lba >> 24));
    task(f, device | 0x40, (uint8_t)count, (uint32_t)(lba & 0xFFFFFF));
    return command(f, opcode);
}

static void take(struct fixture *f, uint8_t *buffer, unsigned sectors)
{
    for (unsigned i = 0; i < sectors * SECTOR_SIZE; i += 2) {
        uint32_t word = bus_read(&f->board.bus, DATA, 2);
        buffer[i] = (uint8_t)word;
        buffer[i + 1] = (uint8_t)(word >> 8);
    }
}

static void give(struct fixture *f, const uint8_t *buffer, unsigned sectors)
{
    for (unsigned i = 0; i < sectors * SECTOR_SIZE; i += 2)
        bus_write(&f->board.bus, DATA, buffer[i] | (uint32_t)buffer[i + 1] << 8, 2);
}

static void assert_original(const uint8_t *bytes, uint64_t sector)
{
    uint8_t expected[SECTOR_SIZE];

    disk_original(sector, expected);
    assert_memory_equal(bytes, expected, SECTOR_SIZE);
}

/* The data phase shows this sector, and nothing else follows. */
static void assert_reads(struct fixture *f, uint64_t sector)
{
    uint8_t buffer[SECTOR_SIZE];

    assert_int_equal(in(&f->board, CONTROL), WAITS);
    take(f, buffer, 1);
    assert_original(buffer, sector);
    assert_int_equal(settle(f), READY);
}

static uint16_t word(const uint8_t *sector, unsigned n)
{
    return (uint16_t)(sector[2 * n] | sector[2 * n + 1] << 8);
}

static uint32_t address(struct fixture *f)
{
    return in(&f->board, LOW) | (uint32_t)in(&f->board, MID) << 8 | (uint32_t)in(&f->board, HIGH) << 16 |
           (uint32_t)(in(&f->board, DEVICE) & 15) << 24;
}

static void identify(struct fixture *f, uint8_t device, uint8_t *data)
{
    out(&f->board, DEVICE, device);
    assert_int_equal(command(f, 0xEC), WAITS);
    take(f, data, 1);
    assert_int_equal(settle(f), READY);
}

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TEST_WITH(begin, name) cmocka_unit_test_setup_teardown(name, begin, teardown)

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
        TEST(power_on_shows_the_signature),
        TEST(software_reset_ends_everything_and_shows_the_signature),
        TEST(software_reset_forgets_settings_unless_told_to_keep_them),
        TEST(a_hardware_reset_restores_the_defaults),
        TEST(diagnostic_shows_the_signature_with_an_interrupt),
        TEST_WITH(setup_dma_and_cd, a_drive_that_was_reset_leaves_its_neighbour_ready),
        TEST(both_units_hear_what_is_written_to_the_task_file),
        TEST(a_written_sector_is_acknowledged_after_180_us),
        TEST(a_disk_can_be_slow_to_acknowledge),
        TEST_WITH(setup_dma_and_cd, one_dma_mode_at_a_time_is_set),
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
