/* ata_board.h - an ATA channel on a board: two drives, a bus master, and the task file in steps that tests are written
 * in. */
#ifndef MUNIMENT_TESTS_ATA_BOARD_H
#define MUNIMENT_TESTS_ATA_BOARD_H

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

static inline bool dma_move(void *engine, uint8_t *buffer, uint32_t length, bool to_memory)
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

static inline void dma_interrupted(void *engine)
{
    ((struct fixture *)engine)->interrupts++;
}

/* The second unit is a CD-ROM drive if packet; dma: there is a bus master. */
static inline void begin_with(struct fixture *f, uint64_t first, uint64_t second, bool packet, bool dma)
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

static inline void begin(struct fixture *f, uint64_t first, uint64_t second)
{
    begin_with(f, first, second, false, false);
}

static struct fixture fixture;

static inline int setup(void **state)
{
    begin(&fixture, SMALL, LARGE);
    *state = &fixture;
    return 0;
}

static inline int setup_first_only(void **state)
{
    begin(&fixture, SMALL, 0);
    *state = &fixture;
    return 0;
}

static inline int setup_second_only(void **state)
{
    begin(&fixture, 0, SMALL);
    *state = &fixture;
    return 0;
}

static inline int setup_dma_and_cd(void **state)
{
    begin_with(&fixture, SMALL, 4000, true, true);
    *state = &fixture;
    return 0;
}

static inline int setup_none(void **state)
{
    begin(&fixture, 0, 0);
    *state = &fixture;
    return 0;
}

static inline int teardown(void **state)
{
    struct fixture *f = *state;

    drive_free(&f->drive[0]);
    drive_free(&f->drive[1]);
    return 0;
}

/* Waits until the device is no longer busy; returns the status, without taking the interrupt. */
static inline uint8_t settle(struct fixture *f)
{
    for (unsigned us = 0; in(&f->board, CONTROL) & BSY; us += 10) {
        assert_true(us < 30000000);
        board_run_us(&f->board, 10);
    }
    return in(&f->board, CONTROL);
}

static inline void task(struct fixture *f, uint8_t device, uint8_t count, uint32_t low24)
{
    out(&f->board, DEVICE, device);
    out(&f->board, COUNT, count);
    out(&f->board, LOW, (uint8_t)low24);
    out(&f->board, MID, (uint8_t)(low24 >> 8));
    out(&f->board, HIGH, (uint8_t)(low24 >> 16));
}

static inline uint8_t command(struct fixture *f, uint8_t opcode)
{
    out(&f->board, COMMAND, opcode);
    return settle(f);
}

static inline uint8_t command_lba(struct fixture *f, uint8_t device, uint32_t lba, uint8_t count, uint8_t opcode)
{
    task(f, (uint8_t)(device | 0x40 | lba >> 24), count, lba);
    return command(f, opcode);
}

static inline uint8_t command_chs(struct fixture *f, uint32_t cylinder, uint8_t head, uint8_t sector, uint8_t count,
                                  uint8_t opcode)
{
    task(f, head, count, sector | cylinder << 8);
    return command(f, opcode);
}

static inline uint8_t command_lba48(struct fixture *f, uint8_t device, uint64_t lba, uint16_t count, uint8_t opcode)
{
    task(f, device | 0x40, (uint8_t)(count >> 8), (uint32_t)(lba >> 24));
    task(f, device | 0x40, (uint8_t)count, (uint32_t)(lba & 0xFFFFFF));
    return command(f, opcode);
}

static inline void take(struct fixture *f, uint8_t *buffer, unsigned sectors)
{
    for (unsigned i = 0; i < sectors * SECTOR_SIZE; i += 2) {
        uint32_t word = bus_read(&f->board.bus, DATA, 2);
        buffer[i] = (uint8_t)word;
        buffer[i + 1] = (uint8_t)(word >> 8);
    }
}

static inline void give(struct fixture *f, const uint8_t *buffer, unsigned sectors)
{
    for (unsigned i = 0; i < sectors * SECTOR_SIZE; i += 2)
        bus_write(&f->board.bus, DATA, buffer[i] | (uint32_t)buffer[i + 1] << 8, 2);
}

static inline void assert_original(const uint8_t *bytes, uint64_t sector)
{
    uint8_t expected[SECTOR_SIZE];

    disk_original(sector, expected);
    assert_memory_equal(bytes, expected, SECTOR_SIZE);
}

/* The data phase shows this sector, and nothing else follows. */
static inline void assert_reads(struct fixture *f, uint64_t sector)
{
    uint8_t buffer[SECTOR_SIZE];

    assert_int_equal(in(&f->board, CONTROL), WAITS);
    take(f, buffer, 1);
    assert_original(buffer, sector);
    assert_int_equal(settle(f), READY);
}

static inline uint16_t word(const uint8_t *sector, unsigned n)
{
    return (uint16_t)(sector[2 * n] | sector[2 * n + 1] << 8);
}

static inline uint32_t address(struct fixture *f)
{
    return in(&f->board, LOW) | (uint32_t)in(&f->board, MID) << 8 | (uint32_t)in(&f->board, HIGH) << 16 |
           (uint32_t)(in(&f->board, DEVICE) & 15) << 24;
}

static inline void identify(struct fixture *f, uint8_t device, uint8_t *data)
{
    out(&f->board, DEVICE, device);
    assert_int_equal(command(f, 0xEC), WAITS);
    take(f, data, 1);
    assert_int_equal(settle(f), READY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TEST_WITH(begin, name) cmocka_unit_test_setup_teardown(name, begin, teardown)

#endif
