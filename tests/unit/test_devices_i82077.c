/* test_devices_i82077.c - the floppy controller and its drives (82077AA data sheet). */
#include "emu/devices/i82077.h"
#include "tests/unit/board.h"
#include "tests/unit/disk.h"
#include "tests/unit/random.h"

#define DOR 0x3F2
#define MSR 0x3F4
#define DSR 0x3F4
#define FIFO 0x3F5
#define DIR 0x3F7
#define CCR 0x3F7
#define IRQ 6

/* clang-format off */
enum { READ = 0xE6, WRITE = 0xC5, READ_NO_MT = 0x46, WRITE_NO_MT = 0x45, READ_TRACK = 0x42, VERIFY = 0xD6, FORMAT = 0x4D, READ_ID = 0x4A,
       RECALIBRATE = 7, SENSE = 8, SPECIFY = 3, SENSE_DRIVE = 4, SEEK = 0x0F, CONFIGURE = 0x13, DUMP = 0x0E, GET_VERSION = 0x10 };
/* clang-format on */

struct fixture {
    struct board board;
    struct disk disk[2];
    struct drive drive[2];
    struct i82077 floppy;
    /* a DMA channel */
    uint8_t memory[65536];
    uint32_t position, count; /* where it stands; how many are left until terminal count */
    bool from_memory;
    uint8_t result[16];
    unsigned results;
};

static uint32_t dma_transfer(void *controller, unsigned channel, uint8_t *buffer, uint32_t length, bool *terminal_count)
{
    struct fixture *f = controller;
    uint32_t moved = length < f->count ? length : f->count;

    assert_int_equal(channel, 2);
    if (f->from_memory)
        memcpy(buffer, f->memory + f->position, moved);
    else
        memcpy(f->memory + f->position, buffer, moved);
    f->position += moved;
    f->count -= moved;
    *terminal_count = moved && !f->count;
    return moved;
}

static void dma_program(struct fixture *f, uint32_t count, bool from_memory)
{
    f->position = 0;
    f->count = count;
    f->from_memory = from_memory;
}

static struct fixture fixture;

/* Drive 0 a 1.44M drive with a medium of this many sectors, drive 1 a 1.2M drive with a 360K diskette. */
static void begin(struct fixture *f, uint64_t sectors)
{
    static const enum floppy_type types[2] = {FLOPPY_1440K, FLOPPY_1200K};
    struct drive *drives[2] = {&f->drive[0], &f->drive[1]};

    board_init(&f->board);
    disk_init(&f->disk[0], sectors);
    disk_init(&f->disk[1], 720);
    for (unsigned i = 0; i < 2; i++)
        assert_true(drive_init(&f->drive[i], &f->disk[i].block, false, (struct line){0}));
    f->count = 0;
    i82077_init(&f->floppy, &f->board.clock, &f->board.bus, board_wire(&f->board, IRQ),
                (struct dma_line){dma_transfer, f, 2}, drives, types);
}

/* Waits for the interrupt; returns how many microseconds that took. */
static uint64_t await(struct fixture *f)
{
    uint64_t from = board_now(&f->board);

    while (!f->board.level[IRQ]) {
        assert_true(board_now(&f->board) - from < (uint64_t)10000000 * TICKS_PER_US);
        board_run_us(&f->board, 10);
    }
    return (f->board.rose_at[IRQ] - from) / TICKS_PER_US;
}

static void give(struct fixture *f, const uint8_t *bytes, unsigned length)
{
    for (unsigned i = 0; i < length; i++) {
        assert_int_equal(in(&f->board, MSR) & 0xC0, 0x80);
        out(&f->board, FIFO, bytes[i]);
    }
}

#define COMMAND(f, ...) give(f, (const uint8_t[]){__VA_ARGS__}, sizeof(const uint8_t[]){__VA_ARGS__})

/* Takes the result phase, however long it is. */
static unsigned take(struct fixture *f)
{
    for (f->results = 0; (in(&f->board, MSR) & 0xD0) == 0xD0; f->results++) {
        assert_true(f->results < sizeof f->result);
        f->result[f->results] = in(&f->board, FIFO);
    }
    assert_int_equal(in(&f->board, MSR) & 0xF0, 0x80);
    return f->results;
}

static void assert_result(struct fixture *f, uint8_t st0, uint8_t st1, uint8_t st2, uint8_t c, uint8_t h, uint8_t r,
                          uint8_t n)
{
    const uint8_t expected[7] = {st0, st1, st2, c, h, r, n};

    assert_int_equal(take(f), 7);
    assert_memory_equal(f->result, expected, 7);
    assert_false(f->board.level[IRQ]);
}

/* SENSE INTERRUPT STATUS. */
static void assert_sense(struct fixture *f, uint8_t st0, uint8_t cylinder)
{
    COMMAND(f, SENSE);
    assert_int_equal(take(f), 2);
    assert_int_equal(f->result[0], st0);
    assert_int_equal(f->result[1], cylinder);
}

static void seek(struct fixture *f, uint8_t drive, uint8_t cylinder)
{
    COMMAND(f, SEEK, drive, cylinder);
    await(f);
    assert_sense(f, 0x20 | (drive & 3), cylinder);
}

/* Out of reset, both motors on, SPECIFY with 3 ms steps and DMA, rate as in drive 0. */
static int setup(void **state)
{
    struct fixture *f = &fixture;

    begin(f, 2880);
    out(&f->board, DOR, 0x3C);
    await(f);
    for (uint8_t i = 0; i < 4; i++)
        assert_sense(f, 0xC0 | i, 0);
    COMMAND(f, SPECIFY, 0xDF, 0x02);
    out(&f->board, CCR, 0);
    *state = f;
    return 0;
}

static int setup_in_reset(void **state)
{
    begin(&fixture, 2880);
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

static void assert_sectors(const uint8_t *bytes, uint64_t sector, unsigned count)
{
    uint8_t expected[SECTOR_SIZE];

    for (unsigned i = 0; i < count; i++) {
        disk_original(sector + i, expected);
        assert_memory_equal(bytes + i * SECTOR_SIZE, expected, SECTOR_SIZE);
    }
}

/* --- Reset --- */

static void reset_reports_four_drives(void **state)
{
    struct fixture *f = *state;
    uint64_t released;

    assert_int_equal(in(&f->board, MSR), 0);
    out(&f->board, FIFO, GET_VERSION); /* nobody listens */
    board_run_us(&f->board, 100000);
    assert_false(f->board.level[IRQ]);
    released = board_now(&f->board);
    out(&f->board, DOR, 0x0C);
    assert_int_equal(in(&f->board, MSR), 0);
    await(f);
    assert_true(f->board.rose_at[IRQ] - released <= 250 * TICKS_PER_US);
    assert_int_equal(in(&f->board, MSR), 0x80);
    for (uint8_t i = 0; i < 4; i++)
        assert_sense(f, 0xC0 | i, 0);
    assert_false(f->board.level[IRQ]);
    COMMAND(f, SENSE);
    assert_int_equal(take(f), 1);
    assert_int_equal(f->result[0], 0x80);
}

static void reset_by_dsr_ends_by_itself(void **state)
{
    struct fixture *f = *state;

    COMMAND(f, SEEK, 0, 70);
    out(&f->board, DSR, 0x80 | 2);
    assert_int_equal(in(&f->board, MSR), 0);
    await(f);
    assert_int_equal(in(&f->board, MSR), 0x80); /* the seek is forgotten */
    for (uint8_t i = 0; i < 4; i++)
        assert_sense(f, 0xC0 | i, 0);
    assert_int_equal(f->floppy.rate, 2);
    assert_int_equal(in(&f->board, DOR), 0x3C);
}

/* A driver may ask once after a reset, or never: what it asks after a command belongs to that command. */
static void the_interrupt_of_a_command_ends_the_answers_owed_after_a_reset(void **state)
{
    struct fixture *f = *state;

    for (unsigned asked = 0; asked < 4; asked++) {
        out(&f->board, DSR, 0x80 | 2);
        await(f);
        for (uint8_t i = 0; i < asked; i++)
            assert_sense(f, 0xC0 | i, 0);
        COMMAND(f, RECALIBRATE, 0);
        board_run_us(&f->board, 1000000);
        assert_true(f->board.level[IRQ]);
        assert_sense(f, 0x20, 0);
        COMMAND(f, SENSE);
        assert_int_equal(take(f), 1);
        assert_int_equal(f->result[0], 0x80);
    }
    out(&f->board, DSR, 0x80);
    await(f);
    COMMAND(f, SEEK, 0, 70); /* under way when the four answers are asked for */
    for (uint8_t i = 0; i < 4; i++)
        assert_sense(f, 0xC0 | i, 0);
    await(f);
    assert_sense(f, 0x20, 70);
    out(&f->board, DSR, 0x80);
    await(f);
    COMMAND(f, READ_ID, 0); /* its result is the answer: none is owed after it */
    board_run_us(&f->board, 1000000);
    assert_int_equal(take(f), 7);
    COMMAND(f, SENSE);
    assert_int_equal(take(f), 1);
    assert_int_equal(f->result[0], 0x80);
}

static void reset_breaks_a_transfer_off(void **state)
{
    struct fixture *f = *state;

    dma_program(f, 36 * 512, false);
    COMMAND(f, READ, 0, 0, 0, 1, 2, 18, 0x1B, 0xFF);
    board_run_us(&f->board, 50000);
    out(&f->board, DOR, 0x38);
    board_run_us(&f->board, 500000);
    assert_false(f->board.level[IRQ]);
    assert_true(f->position < 10 * 512);
    out(&f->board, DOR, 0x3C);
    await(f);
    assert_sense(f, 0xC0, 0);
}

static void dor_bit_3_gates_the_interrupt(void **state)
{
    struct fixture *f = *state;

    out(&f->board, DOR, 0x04);
    board_run_us(&f->board, 1000);
    assert_false(f->board.level[IRQ]);
    out(&f->board, DOR, 0x0C);
    assert_true(f->board.level[IRQ]);
}

/* --- Seeks --- */

static void a_step_takes_what_specify_and_the_rate_say(void **state)
{
    struct fixture *f = *state;
    static const struct {
        uint8_t rate, rate_time, us;
    } rates[] = {{0, 0xD0, 30}, {1, 0xD0, 50}, {2, 0xD0, 60}, {3, 0xD0, 15}, {0, 0x00, 160}};

    for (unsigned i = 0; i < sizeof rates / sizeof *rates; i++) {
        uint64_t step = rates[i].us * 100, took;
        out(&f->board, CCR, rates[i].rate);
        COMMAND(f, SPECIFY, rates[i].rate_time | 0xF, 0x02);
        COMMAND(f, SEEK, 0, 20);
        assert_int_equal(in(&f->board, MSR), 0x81); /* drive 0 seeks, the controller is free */
        took = await(f);
        assert_in_range(took, 20 * step, 21 * step);
        assert_int_equal(in(&f->board, MSR), 0x80);
        assert_sense(f, 0x20, 20);
        COMMAND(f, RECALIBRATE, 0);
        took = await(f);
        assert_in_range(took, 20 * step, 21 * step);
        assert_sense(f, 0x20, 0);
    }
}

static void recalibrate_gives_up_after_79_steps(void **state)
{
    struct fixture *f = *state;

    seek(f, 0, 82);
    COMMAND(f, RECALIBRATE, 0);
    await(f);
    assert_sense(f, 0x70, 3);
    COMMAND(f, RECALIBRATE, 0);
    await(f);
    assert_sense(f, 0x20, 0);
}

static void an_absent_drive_never_finds_track_0_but_seeks_blindly(void **state)
{
    struct fixture *f = *state;

    for (uint8_t n = 2; n < 4; n++) {
        COMMAND(f, RECALIBRATE, n);
        assert_int_equal(in(&f->board, MSR), 0x80 | 1 << n);
        assert_true(await(f) >= 79 * 3000);
        assert_sense(f, 0x70 | n, 0);
        COMMAND(f, SEEK, n, 5);
        await(f);
        assert_sense(f, 0x20 | n, 5);
    }
}

static void seeks_of_two_drives_overlap_and_end_each_in_its_time(void **state)
{
    struct fixture *f = *state;
    uint64_t from = board_now(&f->board);

    COMMAND(f, SEEK, 0, 40);
    COMMAND(f, SEEK, 1, 10);
    assert_int_equal(in(&f->board, MSR), 0x83);
    await(f);
    assert_in_range(f->board.rose_at[IRQ] - from, 30000 * TICKS_PER_US, 33000 * TICKS_PER_US);
    assert_int_equal(in(&f->board, MSR), 0x81);
    assert_sense(f, 0x21, 10);
    assert_false(f->board.level[IRQ]);
    await(f);
    assert_in_range(f->board.rose_at[IRQ] - from, 120000 * TICKS_PER_US, 123000 * TICKS_PER_US);
    assert_sense(f, 0x20, 40);
}

static void relative_seek_moves_in_both_directions(void **state)
{
    struct fixture *f = *state;

    seek(f, 0, 10);
    COMMAND(f, 0xCF, 0, 5);
    await(f);
    assert_sense(f, 0x20, 15);
    COMMAND(f, 0x8F, 0, 7);
    await(f);
    assert_sense(f, 0x20, 8);
}

static void sense_drive_status_shows_track_0_and_protection(void **state)
{
    struct fixture *f = *state;

    COMMAND(f, SENSE_DRIVE, 4);
    assert_int_equal(take(f), 1);
    assert_int_equal(f->result[0], 0x3C);
    seek(f, 0, 1);
    f->drive[0].read_only = true;
    COMMAND(f, SENSE_DRIVE, 0);
    take(f);
    assert_int_equal(f->result[0], 0x68);
    COMMAND(f, SENSE_DRIVE, 3);
    take(f);
    assert_int_equal(f->result[0], 0x2B);
}

/* --- Reading --- */

static void reads_until_terminal_count_and_names_the_next_sector(void **state)
{
    struct fixture *f = *state;
    uint64_t took;

    seek(f, 0, 3);
    dma_program(f, 3 * 512, false);
    COMMAND(f, READ, 4, 3, 1, 5, 2, 18, 0x1B, 0xFF);
    assert_int_equal(in(&f->board, MSR), 0x10);
    took = await(f);
    assert_in_range(took, 3 * 11000, 3 * 11200); /* 18 to a revolution of 200 ms */
    assert_int_equal(in(&f->board, MSR), 0xD0);
    assert_result(f, 0x04, 0, 0, 3, 1, 8, 2);
    assert_sectors(f->memory, (3 * 2 + 1) * 18 + 4, 3);
}

static void multi_track_goes_on_on_the_other_side(void **state)
{
    struct fixture *f = *state;

    seek(f, 0, 7);
    dma_program(f, 36 * 512, false);
    COMMAND(f, READ, 0, 7, 0, 1, 2, 18, 0x1B, 0xFF);
    await(f);
    assert_result(f, 0x04, 0, 0, 8, 0, 1, 2);
    assert_sectors(f->memory, 7 * 36, 36);
    dma_program(f, 18 * 512, false);
    COMMAND(f, READ, 0, 7, 0, 1, 2, 18, 0x1B, 0xFF);
    await(f);
    assert_result(f, 0x04, 0, 0, 7, 1, 1, 2);
    dma_program(f, 37 * 512, false);
    COMMAND(f, READ, 0, 7, 0, 1, 2, 18, 0x1B, 0xFF);
    await(f);
    assert_result(f, 0x44, 0x80, 0, 8, 0, 1, 2); /* the end of the cylinder */
}

static void one_side_ends_at_eot(void **state)
{
    struct fixture *f = *state;

    dma_program(f, 18 * 512, false);
    COMMAND(f, READ_NO_MT, 0, 0, 0, 1, 2, 18, 0x1B, 0xFF);
    await(f);
    assert_result(f, 0x00, 0, 0, 1, 0, 1, 2);
    dma_program(f, 19 * 512, false);
    COMMAND(f, READ_NO_MT, 0, 0, 0, 1, 2, 18, 0x1B, 0xFF);
    await(f);
    assert_result(f, 0x40, 0x80, 0, 1, 0, 1, 2);
    assert_int_equal(f->position, 18 * 512);
    dma_program(f, 19 * 512, false);
    COMMAND(f, READ_NO_MT, 0, 0, 0, 1, 2, 4, 0x1B, 0xFF); /* EOT is the host's to choose */
    await(f);
    assert_result(f, 0x40, 0x80, 0, 1, 0, 1, 2);
    assert_int_equal(f->position, 4 * 512);
}

static void terminal_count_within_a_sector_ends_the_read(void **state)
{
    struct fixture *f = *state;
    uint8_t expected[SECTOR_SIZE];

    memset(f->memory, 0xAA, 512);
    dma_program(f, 100, false);
    COMMAND(f, READ, 0, 0, 0, 9, 2, 18, 0x1B, 0xFF);
    await(f);
    assert_result(f, 0, 0, 0, 0, 0, 10, 2);
    disk_original(8, expected);
    assert_memory_equal(f->memory, expected, 100);
    assert_int_equal(f->memory[100], 0xAA);
}

static void an_id_that_is_not_there_is_not_found(void **state)
{
    struct fixture *f = *state;
    /* clang-format off */
    static const struct { uint8_t select, c, h, r, n, st0, st1, st2; } cases[] = {
        { 0, 6, 0, 1, 2, 0x40, 0x04, 0x10 },  /* another cylinder than the one under the head */
        { 0, 5, 1, 1, 2, 0x40, 0x04, 0 },     /* the other side's head, looked for on this side */
        { 4, 5, 0, 1, 2, 0x44, 0x04, 0 },
        { 0, 5, 0, 19, 2, 0x40, 0x04, 0 },
        { 0, 5, 0, 0, 2, 0x40, 0x04, 0 },
        { 0, 5, 0, 1, 3, 0x40, 0x04, 0 },
        { 0, 5, 0, 1, 0, 0x40, 0x04, 0 },
    };
    /* clang-format on */

    seek(f, 0, 5);
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        dma_program(f, 512, false);
        COMMAND(f, READ, cases[i].select, cases[i].c, cases[i].h, cases[i].r, cases[i].n, 18, 0x1B, 0xFF);
        await(f);
        assert_result(f, cases[i].st0, cases[i].st1, cases[i].st2, cases[i].c, cases[i].h, cases[i].r, cases[i].n);
        assert_int_equal(f->count, 512);
        dma_program(f, 512, true);
        COMMAND(f, WRITE, cases[i].select, cases[i].c, cases[i].h, cases[i].r, cases[i].n, 18, 0x1B, 0xFF);
        await(f);
        assert_result(f, cases[i].st0, cases[i].st1, cases[i].st2, cases[i].c, cases[i].h, cases[i].r, cases[i].n);
        assert_int_equal(f->count, 512); /* nothing was asked of the host */
    }
    assert_int_equal(f->disk[0].writes, 0);
}

static void a_track_without_ids_has_no_address_marks(void **state)
{
    struct fixture *f = *state;
    static struct disk one_side;

    seek(f, 0, 81);
    dma_program(f, 512, false);
    COMMAND(f, READ, 0, 81, 0, 1, 2, 18, 0x1B, 0xFF);
    await(f);
    assert_result(f, 0x40, 0x01, 0, 81, 0, 1, 2);
    COMMAND(f, READ_ID, 0);
    await(f);
    take(f);
    assert_int_equal(f->result[1], 0x01);
    disk_init(&one_side, 320);
    assert_true(drive_insert(&f->drive[0], &one_side.block));
    out(&f->board, CCR, 2);
    seek(f, 0, 0);
    COMMAND(f, READ, 4, 0, 1, 1, 2, 8, 0x1B, 0xFF);
    await(f);
    assert_result(f, 0x44, 0x01, 0, 0, 1, 1, 2);
}

static void the_wrong_rate_or_encoding_finds_no_address_mark_in_two_revolutions(void **state)
{
    struct fixture *f = *state;

    for (uint8_t rate = 0; rate < 4; rate++) {
        uint64_t took;
        out(&f->board, CCR, rate);
        COMMAND(f, READ_ID, 0);
        took = await(f);
        take(f);
        assert_int_equal(f->result[0], rate ? 0x40 : 0);
        assert_int_equal(f->result[1], rate ? 0x01 : 0);
        if (rate)
            assert_in_range(took, 399000, 401000);
    }
    out(&f->board, CCR, 0);
    COMMAND(f, READ_ID & ~0x40, 0); /* FM */
    await(f);
    take(f);
    assert_int_equal(f->result[1], 0x01);
}

static void without_a_turning_disk_only_a_reset_ends_a_command(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < 3; i++) {
        if (i == 0)
            out(&f->board, DOR, 0x2C); /* its motor is off */
        else if (i == 1)
            assert_true(drive_insert(&f->drive[0], NULL));
        dma_program(f, 512, false);
        COMMAND(f, READ, i == 2 ? 3 : 0, 0, 0, 1, 2, 18, 0x1B, 0xFF);
        board_run_us(&f->board, 20000000);
        assert_false(f->board.level[IRQ]);
        assert_int_equal(in(&f->board, MSR), 0x10);
        out(&f->board, DOR, 0x38);
        out(&f->board, DOR, 0x3C);
        await(f);
        for (uint8_t n = 0; n < 4; n++)
            assert_sense(f, 0xC0 | n, 0);
    }
}

static void an_unreadable_sector_is_a_data_error(void **state)
{
    struct fixture *f = *state;

    f->disk[0].bad = 3;
    dma_program(f, 18 * 512, false);
    COMMAND(f, READ, 0, 0, 0, 1, 2, 18, 0x1B, 0xFF);
    await(f);
    assert_result(f, 0x40, 0x20, 0x20, 0, 0, 4, 2);
    assert_int_equal(f->position, 3 * 512);
}

static void a_host_that_does_not_keep_up_overruns(void **state)
{
    struct fixture *f = *state;

    dma_program(f, 0, false); /* masked */
    COMMAND(f, READ, 0, 0, 0, 1, 2, 18, 0x1B, 0xFF);
    await(f);
    assert_result(f, 0x40, 0x10, 0, 0, 0, 1, 2);
    dma_program(f, 0, true);
    COMMAND(f, WRITE, 0, 0, 0, 1, 2, 18, 0x1B, 0xFF);
    await(f);
    assert_result(f, 0x40, 0x10, 0, 0, 0, 1, 2);
    assert_int_equal(f->disk[0].writes, 0);
}

static void read_track_begins_at_the_index(void **state)
{
    struct fixture *f = *state;

    seek(f, 0, 2);
    dma_program(f, 18 * 512, false);
    COMMAND(f, READ_TRACK, 4, 2, 1, 11, 2, 18, 0x1B, 0xFF);
    await(f);
    take(f);
    assert_int_equal(f->result[0] & 0xC0, 0);
    assert_sectors(f->memory, (2 * 2 + 1) * 18, 18);
}

static void forty_tracks_lie_under_every_second_cylinder(void **state)
{
    struct fixture *f = *state;

    out(&f->board, CCR, 1); /* 300 kbit/s: 360 revolutions a minute */
    out(&f->board, DOR, 0x3D);
    seek(f, 1, 20);
    COMMAND(f, READ_ID, 1);
    await(f);
    take(f);
    assert_int_equal(f->result[0], 1);
    assert_int_equal(f->result[3], 10);
    dma_program(f, 9 * 512, false);
    COMMAND(f, READ, 5, 10, 1, 1, 2, 9, 0x1B, 0xFF);
    assert_in_range(await(f), 9 * 18500, 9 * 18600);
    assert_result(f, 0x05, 0, 0, 11, 0, 1, 2);
    assert_sectors(f->memory, (10 * 2 + 1) * 9, 9);
}

/* An image holds no deleted data marks: the control mark is reported for every sector, and nothing is read past the
 * first. */
static void deleted_data_is_looked_for_in_vain(void **state)
{
    struct fixture *f = *state;

    dma_program(f, 3 * 512, false);
    COMMAND(f, 0x4C, 0, 0, 0, 5, 2, 18, 0x1B, 0xFF);
    await(f);
    assert_result(f, 0, 0, 0x40, 0, 0, 5, 2);
    assert_sectors(f->memory, 4, 1);
    memset(f->memory, 0xEE, 512);
    dma_program(f, 3 * 512, false);
    COMMAND(f, 0x6C, 0, 0, 0, 5, 2, 18, 0x1B, 0xFF); /* SK: skipped to the end */
    await(f);
    assert_result(f, 0x40, 0x80, 0x40, 1, 0, 1, 2);
    assert_int_equal(f->memory[0], 0xEE);
}

static void read_id_shows_every_sector_as_it_passes(void **state)
{
    struct fixture *f = *state;
    uint32_t seen = 0;

    seek(f, 0, 6);
    for (unsigned i = 0; i < 18; i++) {
        COMMAND(f, READ_ID, 4);
        await(f);
        assert_int_equal(take(f), 7);
        assert_int_equal(f->result[0], 4);
        assert_int_equal(f->result[3], 6);
        assert_int_equal(f->result[4], 1);
        assert_int_equal(f->result[6], 2);
        assert_in_range(f->result[5], 1, 18);
        seen |= 1u << (f->result[5] - 1);
    }
    assert_true(__builtin_popcount(seen) >= 17);
}

/* --- Writing --- */

static void writes_what_the_host_gives(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < 3 * 512; i++)
        f->memory[i] = (uint8_t)(i * 3 + (i >> 8));
    dma_program(f, 3 * 512, true);
    COMMAND(f, WRITE, 0, 0, 0, 17, 2, 18, 0x1B, 0xFF); /* across to the other side */
    await(f);
    assert_result(f, 0x04, 0, 0, 0, 1, 2, 2);
    for (unsigned i = 0; i < 3; i++)
        assert_memory_equal(disk_find(&f->disk[0], 16 + i), f->memory + 512 * i, 512);
    assert_int_equal(f->disk[0].writes, 3);
}

static void terminal_count_within_a_sector_fills_it_with_zeros(void **state)
{
    struct fixture *f = *state;

    memset(f->memory, 0x77, 512);
    dma_program(f, 100, true);
    COMMAND(f, WRITE, 0, 0, 0, 9, 2, 18, 0x1B, 0xFF);
    await(f);
    assert_result(f, 0, 0, 0, 0, 0, 10, 2);
    assert_int_equal(disk_find(&f->disk[0], 8)[99], 0x77);
    assert_int_equal(disk_find(&f->disk[0], 8)[100], 0);
    assert_int_equal(disk_find(&f->disk[0], 8)[511], 0);
}

static void a_protected_medium_is_not_written(void **state)
{
    struct fixture *f = *state;

    f->drive[0].read_only = true;
    dma_program(f, 512, true);
    COMMAND(f, WRITE, 0, 0, 0, 1, 2, 18, 0x1B, 0xFF);
    await(f);
    assert_result(f, 0x40, 0x02, 0, 0, 0, 1, 2);
    assert_int_equal(f->count, 512);
    COMMAND(f, FORMAT, 0, 2, 18, 0x6C, 0xF6);
    await(f);
    take(f);
    assert_int_equal(f->result[0], 0x40);
    assert_int_equal(f->result[1], 0x02);
    assert_int_equal(f->count, 512);
    assert_int_equal(f->disk[0].writes, 0);
}

static void put_ids(struct fixture *f, uint8_t c, uint8_t h, unsigned sectors, unsigned interleave)
{
    for (unsigned i = 0; i < sectors; i++) {
        const uint8_t id[4] = {c, h, (uint8_t)(i * interleave % (sectors - 1 + (interleave == 1)) + 1), 2};
        memcpy(f->memory + 4 * i, id, 4);
    }
    f->memory[4 * (sectors - 1) + 2] = (uint8_t)sectors;
}

static void format_fills_every_sector_whatever_their_order(void **state)
{
    struct fixture *f = *state;

    seek(f, 0, 4);
    for (unsigned interleave = 1; interleave < 4; interleave++) {
        f->disk[0].writes = f->disk[0].written = 0;
        put_ids(f, 4, 1, 18, interleave);
        if (interleave == 3) { /* the last number first */
            f->memory[2] = 18;
            f->memory[4 * 17 + 2] = 1;
        }
        dma_program(f, 18 * 4, true);
        COMMAND(f, FORMAT, 4, 2, 18, 0x6C, (uint8_t)(0xF0 + interleave));
        assert_in_range(await(f), 199000, 201000);
        assert_int_equal(take(f), 7);
        assert_int_equal(f->result[0], 4);
        assert_int_equal(f->result[1], 0);
        assert_int_equal(f->disk[0].writes, 18);
        for (unsigned i = 0; i < 18; i++) {
            const uint8_t *sector = disk_find(&f->disk[0], (4 * 2 + 1) * 18 + i);
            assert_non_null(sector);
            assert_int_equal(sector[0], 0xF0 + interleave);
            assert_int_equal(sector[511], 0xF0 + interleave);
        }
    }
}

static void format_of_what_an_image_cannot_hold_fails(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < 5; i++) {
        put_ids(f, 0, 0, 18, 1);
        f->memory[i] = i == 4 ? f->memory[4] : 99; /* C, H, R or N of the first */
        dma_program(f, 18 * 4, true);
        COMMAND(f, FORMAT, 0, i == 4 ? 3 : 2, 18, 0x6C, 0xF6);
        await(f);
        take(f);
        assert_int_equal(f->result[0], 0x40);
        assert_int_equal(f->result[1], 0x04);
    }
    assert_int_equal(f->disk[0].writes, 0);
}

/* --- Verifying --- */

static void verify_runs_to_the_end_of_the_track(void **state)
{
    struct fixture *f = *state;

    COMMAND(f, 0x56, 0, 0, 0, 10, 2, 18, 0x1B, 0xFF);
    await(f);
    assert_result(f, 0, 0, 0, 1, 0, 1, 2);
    assert_int_equal(f->disk[0].reads, 9);
    COMMAND(f, VERIFY, 0, 0, 0, 10, 2, 18, 0x1B, 0xFF);
    await(f);
    assert_result(f, 0x04, 0, 0, 1, 0, 1, 2);
    assert_int_equal(f->disk[0].reads, 9 + 27);
}

static void verify_with_a_count_stops_there(void **state)
{
    struct fixture *f = *state;

    COMMAND(f, 0x56, 0x80, 0, 0, 10, 2, 18, 0x1B, 3);
    await(f);
    assert_result(f, 0, 0, 0, 0, 0, 13, 2);
    COMMAND(f, 0x56, 0x80, 0, 0, 10, 2, 18, 0x1B, 9);
    await(f);
    assert_result(f, 0, 0, 0, 1, 0, 1, 2);
    COMMAND(f, 0x56, 0x80, 0, 0, 10, 2, 18, 0x1B, 10); /* more than there are */
    await(f);
    assert_result(f, 0x40, 0x80, 0, 1, 0, 1, 2);
}

static void verify_finds_a_bad_sector(void **state)
{
    struct fixture *f = *state;

    f->disk[0].bad = 11;
    COMMAND(f, 0x56, 0, 0, 0, 10, 2, 18, 0x1B, 0xFF);
    await(f);
    assert_result(f, 0x40, 0x20, 0x20, 0, 0, 12, 2);
}

/* --- Without DMA --- */

static void the_host_reads_each_byte_itself(void **state)
{
    struct fixture *f = *state;

    COMMAND(f, SPECIFY, 0xDF, 0x03);
    COMMAND(f, READ_NO_MT, 0, 0, 0, 17, 2, 18, 0x1B, 0xFF);
    for (unsigned i = 0; i < 2 * 512; i++) {
        if (i % 512 == 0) {
            assert_int_equal(in(&f->board, MSR), 0x10);
            await(f);
        }
        assert_int_equal(in(&f->board, MSR), 0xF0);
        f->memory[i] = in(&f->board, FIFO);
    }
    await(f);
    assert_result(f, 0x40, 0x80, 0, 1, 0, 1, 2);
    assert_sectors(f->memory, 16, 2);
}

static void the_host_writes_each_byte_itself(void **state)
{
    struct fixture *f = *state;

    COMMAND(f, SPECIFY, 0xDF, 0x03);
    COMMAND(f, WRITE_NO_MT, 0, 0, 0, 18, 2, 18, 0x1B, 0xFF);
    await(f);
    for (unsigned i = 0; i < 512; i++) {
        assert_int_equal(in(&f->board, MSR), 0xB0);
        in(&f->board, FIFO); /* the wrong direction */
        out(&f->board, FIFO, (uint8_t)(i + 1));
    }
    await(f);
    assert_result(f, 0x40, 0x80, 0, 1, 0, 1, 2);
    assert_int_equal(disk_find(&f->disk[0], 17)[0], 1);
    assert_int_equal(disk_find(&f->disk[0], 17)[511], 0);
}

static void the_host_gives_the_ids_of_a_format_itself(void **state)
{
    struct fixture *f = *state;

    COMMAND(f, SPECIFY, 0xDF, 0x03);
    COMMAND(f, FORMAT, 0, 2, 2, 0x6C, 0xE5);
    for (uint8_t r = 1; r <= 2; r++) {
        await(f);
        COMMAND(f, 0, 0, r, 2);
    }
    await(f);
    take(f);
    assert_int_equal(f->result[0], 0);
    assert_int_equal(disk_find(&f->disk[0], 1)[7], 0xE5);
}

/* --- The change line --- */

static void the_change_line_falls_at_a_step_with_a_medium(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(in(&f->board, DIR) & 0x80, 0x80); /* since power-on */
    COMMAND(f, RECALIBRATE, 0);
    await(f);
    assert_sense(f, 0x20, 0);
    assert_int_equal(in(&f->board, DIR) & 0x80, 0x80); /* the head was there already: no step */
    seek(f, 0, 1);
    assert_int_equal(in(&f->board, DIR) & 0x80, 0);
    assert_true(drive_insert(&f->drive[0], NULL));
    assert_int_equal(in(&f->board, DIR) & 0x80, 0x80);
    seek(f, 0, 0);
    assert_int_equal(in(&f->board, DIR) & 0x80, 0x80); /* nothing there */
    assert_true(drive_insert(&f->drive[0], &f->disk[0].block));
    assert_int_equal(in(&f->board, DIR) & 0x80, 0x80);
    seek(f, 0, 1);
    assert_int_equal(in(&f->board, DIR) & 0x80, 0);
}

static void the_change_line_is_that_of_the_selected_drive(void **state)
{
    struct fixture *f = *state;

    seek(f, 0, 1);
    assert_int_equal(in(&f->board, DIR) & 0x80, 0);
    out(&f->board, DOR, 0x3D);
    assert_int_equal(in(&f->board, DIR) & 0x80, 0x80);
    out(&f->board, DOR, 0x1D); /* without its motor it is not selected */
    assert_int_equal(in(&f->board, DIR) & 0x80, 0);
    out(&f->board, DOR, 0xFE); /* no such drive */
    assert_int_equal(in(&f->board, DIR) & 0x80, 0);
}

/* --- The other commands --- */

static void an_enhanced_controller_is_told_from_its_ancestors(void **state)
{
    struct fixture *f = *state;

    COMMAND(f, GET_VERSION);
    assert_int_equal(take(f), 1);
    assert_int_equal(f->result[0], 0x90);
    assert_false(f->board.level[IRQ]);
    COMMAND(f, 0x18); /* PART ID came with the 82078 */
    assert_int_equal(take(f), 1);
    assert_int_equal(f->result[0], 0x80);
    COMMAND(f, 0x1F);
    assert_int_equal(take(f), 1);
    assert_int_equal(f->result[0], 0x80);
}

static void dump(struct fixture *f)
{
    COMMAND(f, DUMP);
    assert_int_equal(take(f), 10);
}

static void registers_are_dumped(void **state)
{
    struct fixture *f = *state;

    seek(f, 0, 9);
    seek(f, 1, 8);
    dma_program(f, 512, false);
    COMMAND(f, READ, 0, 9, 0, 1, 2, 15, 0x1B, 0xFF);
    await(f);
    take(f);
    COMMAND(f, CONFIGURE, 0, 0x57, 3);
    dump(f);
    assert_memory_equal(f->result, ((const uint8_t[]){9, 8, 0, 0, 0xDF, 0x02, 15, 0, 0x57, 3}), 10);
}

static void a_software_reset_spares_what_is_locked(void **state)
{
    struct fixture *f = *state;

    dump(f);
    assert_int_equal(f->result[8], 0x20); /* the FIFO is off */
    COMMAND(f, CONFIGURE, 0, 0x5A, 7);
    out(&f->board, DSR, 0x80);
    await(f);
    dump(f);
    assert_int_equal(f->result[8], 0x20);
    assert_int_equal(f->result[9], 0);
    COMMAND(f, 0x94);
    assert_int_equal(take(f), 1);
    assert_int_equal(f->result[0], 0x10);
    COMMAND(f, CONFIGURE, 0, 0x5A, 7);
    out(&f->board, DSR, 0x80);
    await(f);
    dump(f);
    assert_int_equal(f->result[7], 0x80);
    assert_int_equal(f->result[8], 0x0A); /* FIFO and threshold stay; implied seek and polling do not */
    assert_int_equal(f->result[9], 7);
    for (uint8_t i = 0; i < 4; i++)
        assert_sense(f, 0xC0 | i, 0);
    COMMAND(f, 0x14);
    take(f);
    assert_int_equal(f->result[0], 0);
    i82077_reset(&f->floppy);
    assert_int_equal(f->floppy.configure, 0x20);
}

static void perpendicular_drives_are_written_only_with_ow(void **state)
{
    struct fixture *f = *state;

    COMMAND(f, 0x12, 0x96);
    dump(f);
    assert_int_equal(f->result[7], 0x16);
    COMMAND(f, 0x12, 0x39);
    dump(f);
    assert_int_equal(f->result[7], 0x15);
    out(&f->board, DSR, 0x80);
    await(f);
    dump(f);
    assert_int_equal(f->result[7], 0x14);
}

/* IBM's XDF: sectors of several sizes in one track, each with its number and size; an image of 23 sectors in a track.
 */
static void xdf_has_sectors_of_four_sizes_in_a_track(void **state)
{
    static const struct {
        uint8_t head, size;
        unsigned first;
    } sectors[] = {{0, 3, 0}, {0, 4, 2}, {1, 6, 6}, {0, 2, 22}, {1, 2, 23}, {0, 6, 24}, {1, 4, 40}, {1, 3, 44}};
    struct fixture *f = *state;
    uint64_t from;

    drive_insert(&f->drive[0], NULL);
    disk_init(&f->disk[0], 3680);
    drive_insert(&f->drive[0], &f->disk[0].block);
    seek(f, 0, 7);
    for (unsigned n = 0; n < sizeof sectors / sizeof *sectors; n++) {
        uint8_t head = sectors[n].head, size = sectors[n].size, number = (uint8_t)(0x80 + size);
        dma_program(f, 128u << size, false);
        from = board_now(&f->board);
        COMMAND(f, READ_NO_MT, (uint8_t)(head << 2), 7, head, number, size, number, 0x1B, 0xFF);
        await(f);
        assert_int_equal((board_now(&f->board) - from) / TICKS_PER_US / (8695u << (size - 2)), 1);
        assert_result(f, (uint8_t)(head << 2), 0, 0, 8, head, 1, size);
        assert_sectors(f->memory, 7 * 46 + sectors[n].first, (128u << size) / SECTOR_SIZE);
    }
    /* a size that the sector does not have; a number that is another head's */
    COMMAND(f, READ_NO_MT, 0, 7, 0, 0x83, 2, 0x83, 0x1B, 0xFF);
    await(f);
    assert_result(f, 0x40, 4, 0, 7, 0, 0x83, 2);
    COMMAND(f, READ_NO_MT, 0, 7, 0, 0x81, 2, 0x81, 0x1B, 0xFF);
    await(f);
    assert_result(f, 0x40, 4, 0, 7, 0, 0x81, 2);
    /* what is written comes back */
    dma_program(f, 8192, true);
    for (unsigned i = 0; i < 8192; i++)
        f->memory[i] = (uint8_t)(i * 7 + i / 512);
    COMMAND(f, WRITE_NO_MT, 4, 7, 1, 0x86, 6, 0x86, 0x1B, 0xFF);
    await(f);
    assert_result(f, 4, 0, 0, 8, 1, 1, 6);
    assert_int_equal(f->disk[0].writes, 16);
    /* READ ID finds all four sizes of a side within a revolution */
    unsigned seen = 0;
    for (unsigned n = 0; n < 60; n++) {
        COMMAND(f, READ_ID, 4);
        await(f);
        assert_int_equal(take(f), 7);
        assert_int_equal(f->result[5], 0x80 + f->result[6]);
        seen |= 1u << f->result[6];
        board_run_us(&f->board, 3000);
    }
    assert_int_equal(seen, 1 << 2 | 1 << 3 | 1 << 4 | 1 << 6);
}

/* Cylinder 0: boot sector, FAT and root directory are sectors of 512 bytes from 81h on, eleven under the first head and
 * nineteen under the other; 1 to 8 are for systems without XDF. */
static void xdf_begins_with_sectors_that_any_system_reads(void **state)
{
    static const struct {
        uint8_t head, number;
        unsigned first;
    } sectors[] = {{0, 0x81, 0},  {0, 0x8B, 10}, {1, 0x81, 11}, {0, 1, 12},   {0, 8, 19},
                   {1, 0x82, 23}, {1, 0x8F, 36}, {1, 0x90, 42}, {1, 0x93, 45}};
    struct fixture *f = *state;

    drive_insert(&f->drive[0], NULL);
    disk_init(&f->disk[0], 3680);
    drive_insert(&f->drive[0], &f->disk[0].block);
    for (unsigned n = 0; n < sizeof sectors / sizeof *sectors; n++) {
        uint8_t head = sectors[n].head, number = sectors[n].number;
        dma_program(f, 512, false);
        COMMAND(f, READ_NO_MT, (uint8_t)(head << 2), 0, head, number, 2, number, 0x1B, 0xFF);
        await(f);
        assert_result(f, (uint8_t)(head << 2), 0, 0, 1, head, 1, 2);
        assert_sectors(f->memory, sectors[n].first, 1);
    }
    COMMAND(f, READ_NO_MT, 4, 0, 1, 0x94, 2, 0x94, 0x1B, 0xFF);
    await(f);
    assert_result(f, 0x44, 4, 0, 0, 1, 0x94, 2);
}

static void implied_seek_moves_the_heads_of_reads_only(void **state)
{
    struct fixture *f = *state;

    COMMAND(f, CONFIGURE, 0, 0x60, 0);
    dma_program(f, 512, false);
    COMMAND(f, READ, 0, 20, 0, 1, 2, 18, 0x1B, 0xFF);
    assert_true(await(f) >= 20 * 3000);
    assert_result(f, 0x20, 0, 0, 20, 0, 2, 2);
    assert_sectors(f->memory, 20 * 36, 1);
    assert_int_equal(in(&f->board, DIR) & 0x80, 0);
    COMMAND(f, READ_ID, 0);
    await(f);
    take(f);
    assert_int_equal(f->result[0], 0);
    assert_int_equal(f->result[3], 20);
    put_ids(f, 20, 0, 18, 1);
    dma_program(f, 18 * 4, true);
    COMMAND(f, FORMAT, 0, 2, 18, 0x6C, 0xF6);
    await(f);
    take(f);
    assert_int_equal(f->result[0], 0);
    assert_non_null(disk_find(&f->disk[0], 20 * 36));
}

/* --- State --- */

/* Whatever lies in bytes that are not declared alive has no influence. */
static void spoil(struct i82077 *floppy, uint8_t value)
{
    memset(floppy->command + floppy->command_length, value, sizeof floppy->command - floppy->command_length);
    memset(floppy->result + floppy->result_length, value, sizeof floppy->result - floppy->result_length);
    memset(floppy->buffer + floppy->length, value, sizeof floppy->buffer - floppy->length);
}

static void a_command_lives_on_declared_state_alone(void **state)
{
    struct fixture *f = *state;

    put_ids(f, 0, 0, 18, 1);
    dma_program(f, 18 * 4, true);
    spoil(&f->floppy, 0xEE);
    COMMAND(f, FORMAT, 0, 2, 18, 0x6C, 0xF6);
    for (unsigned i = 0; i < 20; i++) {
        spoil(&f->floppy, (uint8_t)(0x11 * i));
        board_run_us(&f->board, 11000);
    }
    take(f);
    assert_int_equal(f->result[0], 0);
    assert_int_equal(f->disk[0].writes, 18);
    assert_int_equal(disk_find(&f->disk[0], 17)[511], 0xF6);
    COMMAND(f, 0x56, 0x80, 0, 0, 1, 2, 18, 0x1B, 18);
    for (unsigned i = 0; i < 20; i++) {
        spoil(&f->floppy, (uint8_t)(0x11 * i));
        board_run_us(&f->board, 11200);
    }
    assert_result(f, 0, 0, 0, 1, 0, 1, 2);
}

static void sum_bytes(void *context, const uint8_t *bytes, size_t length)
{
    uint32_t *sum = context;

    while (length--)
        *sum = *sum * 31 + *bytes++;
}

static void a_buffer_that_comes_alive_is_empty(void **state)
{
    struct fixture *f = *state;
    uint32_t sums[2] = {0, 0};

    for (unsigned i = 0; i < 2; i++) {
        teardown(state);
        setup(state);
        COMMAND(f, SPECIFY, 0xDF, 0x03);
        spoil(&f->floppy, i ? 0x5A : 0xA5);
        COMMAND(f, WRITE_NO_MT, 0, 0, 0, 18, 2, 18, 0x1B, 0xFF);
        await(f);
        state_serialize(i82077_state, &f->floppy, sum_bytes, &sums[i]);
    }
    assert_int_equal(sums[0], sums[1]);
}

/* --- Hostile hosts --- */

static void hammer_step(struct fixture *f, uint32_t *random)
{
    static const uint8_t opcodes[] = {READ,    WRITE,       READ_NO_MT, WRITE_NO_MT, READ_TRACK, VERIFY,    FORMAT,
                                      READ_ID, RECALIBRATE, SENSE,      SPECIFY,     SEEK,       CONFIGURE, DUMP,
                                      0x8F,    0xCF,        0x94,       0x12,        SENSE_DRIVE};
    uint8_t plausible[9] = {
        opcodes[random_below(random, sizeof opcodes)], 0, f->floppy.unit[0].cylinder, 0, 0, 2, 18, 0x1B, 0xFF};
    unsigned n = random_below(random, 2), what = random_below(random, 1000);

    if (what < 250) { /* a command that is nearly right */
        plausible[3] = plausible[0] == FORMAT ? 18 : (uint8_t)(n = random_below(random, 2));
        plausible[1] = (uint8_t)(n << 2 | (random_below(random, 8) ? 0 : random_below(random, 256)));
        plausible[4] = (uint8_t)random_below(random, 20);
        plausible[2] = plausible[0] == FORMAT ? 2 : plausible[2];
        if (!random_below(random, 4))
            plausible[random_below(random, 9)] = (uint8_t)*random;
        for (unsigned i = 0; i < sizeof plausible; i++)
            out(&f->board, FIFO, plausible[i]);
    } else if (what < 500) {
        for (unsigned i = random_below(random, 8) ? 7 : random_below(random, 600); i; i--)
            in(&f->board, FIFO);
    } else if (what < 600) {
        for (unsigned i = random_below(random, 600); i; i--)
            out(&f->board, FIFO, (uint8_t)(*random + i));
    } else if (what < 620) {
        bus_write(&f->board.bus, (uint16_t)(0x3F0 + random_below(random, 8)), *random, 1u << random_below(random, 3));
    } else if (what < 630) {
        out(&f->board, DOR, 0x38);
        out(&f->board, DOR, 0x3C);
    } else if (what < 640) {
        out(&f->board, CCR, 0);
    } else if (what < 650) {
        bus_read(&f->board.bus, (uint16_t)(0x3F0 + random_below(random, 8)), 1u << random_below(random, 3));
    } else if (what < 651) {
        f->drive[n].read_only = random_below(random, 4) == 0;
        drive_insert(&f->drive[n], random_below(random, 4) ? &f->disk[n].block : NULL);
        f->disk[n].bad = random_below(random, 3000);
    } else if (what < 750) {
        dma_program(f, random_below(random, 60000), random_below(random, 2));
    } else {
        board_run_us(&f->board, random_below(random, random_below(random, 8) ? 12000 : 300000));
    }
}

/* Anything at all, for the sanitizers to watch; the disks see to it that nobody reaches beyond their ends. */
static void no_sequence_of_accesses_does_harm(void **state)
{
    struct fixture *f = *state;
    uint32_t random = 3;

    for (unsigned i = 0; i < 400000; i++)
        hammer_step(f, &random);
    assert_true(f->disk[0].reads > 5000);
    assert_true(f->disk[0].writes > 1000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TEST_IN_RESET(name) cmocka_unit_test_setup_teardown(name, setup_in_reset, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_IN_RESET(reset_reports_four_drives),
        TEST(reset_by_dsr_ends_by_itself),
        TEST(the_interrupt_of_a_command_ends_the_answers_owed_after_a_reset),
        TEST(reset_breaks_a_transfer_off),
        TEST_IN_RESET(dor_bit_3_gates_the_interrupt),
        TEST(a_step_takes_what_specify_and_the_rate_say),
        TEST(recalibrate_gives_up_after_79_steps),
        TEST(an_absent_drive_never_finds_track_0_but_seeks_blindly),
        TEST(seeks_of_two_drives_overlap_and_end_each_in_its_time),
        TEST(relative_seek_moves_in_both_directions),
        TEST(sense_drive_status_shows_track_0_and_protection),
        TEST(reads_until_terminal_count_and_names_the_next_sector),
        TEST(multi_track_goes_on_on_the_other_side),
        TEST(one_side_ends_at_eot),
        TEST(terminal_count_within_a_sector_ends_the_read),
        TEST(an_id_that_is_not_there_is_not_found),
        TEST(a_track_without_ids_has_no_address_marks),
        TEST(the_wrong_rate_or_encoding_finds_no_address_mark_in_two_revolutions),
        TEST(without_a_turning_disk_only_a_reset_ends_a_command),
        TEST(an_unreadable_sector_is_a_data_error),
        TEST(a_host_that_does_not_keep_up_overruns),
        TEST(read_track_begins_at_the_index),
        TEST(forty_tracks_lie_under_every_second_cylinder),
        TEST(deleted_data_is_looked_for_in_vain),
        TEST(read_id_shows_every_sector_as_it_passes),
        TEST(writes_what_the_host_gives),
        TEST(terminal_count_within_a_sector_fills_it_with_zeros),
        TEST(a_protected_medium_is_not_written),
        TEST(format_fills_every_sector_whatever_their_order),
        TEST(format_of_what_an_image_cannot_hold_fails),
        TEST(verify_runs_to_the_end_of_the_track),
        TEST(verify_with_a_count_stops_there),
        TEST(verify_finds_a_bad_sector),
        TEST(the_host_reads_each_byte_itself),
        TEST(the_host_writes_each_byte_itself),
        TEST(the_host_gives_the_ids_of_a_format_itself),
        TEST(the_change_line_falls_at_a_step_with_a_medium),
        TEST(the_change_line_is_that_of_the_selected_drive),
        TEST(an_enhanced_controller_is_told_from_its_ancestors),
        TEST(registers_are_dumped),
        TEST(a_software_reset_spares_what_is_locked),
        TEST(perpendicular_drives_are_written_only_with_ow),
        TEST(xdf_has_sectors_of_four_sizes_in_a_track),
        TEST(xdf_begins_with_sectors_that_any_system_reads),
        TEST(implied_seek_moves_the_heads_of_reads_only),
        TEST(a_command_lives_on_declared_state_alone),
        TEST(a_buffer_that_comes_alive_is_empty),
        TEST(no_sequence_of_accesses_does_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
