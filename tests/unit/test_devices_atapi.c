/* test_devices_atapi.c - the CD-ROM drive: packets, media that come and go, the tray (SFF-8020i 2.6, MMC-2). */
#include "emu/devices/ata.h"
#include "tests/unit/board.h"
#include "tests/unit/disk.h"

enum { DATA = 0x170, ERROR, COUNT, LOW, MID, HIGH, DEVICE, COMMAND, CONTROL = 0x376, IRQ = 15 };
enum { BSY = 0x80, DRQ = 8, READY = 0x50, FAILED = 0x51, WAITS = 0x58 };
enum { NOT_READY = 2, MEDIUM_ERROR = 3, ILLEGAL = 5, ATTENTION = 6 };
#define BLOCKS 1000u /* of 2,048 bytes */
#define OPEN 2
#define CLOSE 3

struct fixture {
    struct board board;
    struct disk disc, other;
    struct drive drive;
    struct ata ata;
    uint8_t answer[65536];
    uint32_t length;
};

static struct fixture fixture;

static int setup(void **state)
{
    struct fixture *f = &fixture;
    struct drive *drives[2] = {&f->drive, NULL};
    const struct geometry none[2] = {{0, 0, 0}, {0, 0, 0}};

    board_init(&f->board);
    disk_init(&f->disc, BLOCKS * 4);
    disk_init(&f->other, 400);
    assert_true(drive_init(&f->drive, &f->disc.block, true, (struct line){0}));
    ata_init(&f->ata, &f->board.clock, &f->board.bus, 0x170, 0x376, EVENT_ATA_1, board_wire(&f->board, IRQ), drives,
             none, (const bool[2]){true, false}, 2, NULL);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    drive_free(&f->drive);
    return 0;
}

static uint8_t settle(struct fixture *f)
{
    for (unsigned us = 0; in(&f->board, CONTROL) & BSY; us += 10) {
        assert_true(us < 1000000);
        board_run_us(&f->board, 10);
    }
    return in(&f->board, CONTROL);
}

/* Sends a packet and takes all that it gives. The status at its end. */
static uint8_t packet(struct fixture *f, const uint8_t bytes[12])
{
    uint8_t status;

    out(&f->board, DEVICE, 0);
    out(&f->board, ERROR, 0);
    out(&f->board, MID, 0x00);
    out(&f->board, HIGH, 0x08);
    out(&f->board, COMMAND, 0xA0);
    assert_int_equal(settle(f), WAITS);
    for (unsigned i = 0; i < 12; i += 2)
        bus_write(&f->board.bus, DATA, bytes[i] | (uint32_t)bytes[i + 1] << 8, 2);
    for (f->length = 0; (status = settle(f)) & DRQ;) {
        unsigned chunk = in(&f->board, MID) | (unsigned)in(&f->board, HIGH) << 8;
        assert_in_range(chunk, 1, 2048);
        assert_int_equal(in(&f->board, COUNT), 2);
        for (; chunk; chunk--)
            f->answer[f->length++] = in(&f->board, DATA);
    }
    assert_int_equal(in(&f->board, COUNT), 3);
    return status;
}

#define PACKET(f, ...) packet(f, (const uint8_t[12]){__VA_ARGS__})

/* The last packet failed with this sense. */
static void assert_sense(struct fixture *f, uint8_t key, uint8_t code)
{
    assert_int_equal(in(&f->board, ERROR) >> 4, key);
    assert_int_equal(PACKET(f, 0x03, 0, 0, 0, 18), READY);
    assert_int_equal(f->length, 18);
    assert_int_equal(f->answer[2], key);
    assert_int_equal(f->answer[12], code);
}

static void assert_not_done(struct fixture *f, uint8_t key, uint8_t code)
{
    assert_int_equal(PACKET(f, 0x00), FAILED);
    assert_sense(f, key, code);
}

/* Past the unit attention of the power-on. */
static int setup_ready(void **state)
{
    setup(state);
    assert_not_done(*state, ATTENTION, 0x29);
    assert_int_equal(PACKET(*state, 0x00), READY);
    return 0;
}

static void insert(struct fixture *f, struct disk *disc)
{
    assert_true(drive_insert(&f->drive, NULL));
    if (disc)
        assert_true(drive_insert(&f->drive, &disc->block));
}

static void a_reset_and_a_new_disc_are_told_once(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(PACKET(f, 0x12, 0, 0, 0, 36), READY); /* INQUIRY is answered all the same */
    assert_not_done(f, ATTENTION, 0x29);
    assert_int_equal(PACKET(f, 0x00), READY);
    insert(f, &f->other);
    assert_not_done(f, ATTENTION, 0x28);
    assert_int_equal(PACKET(f, 0x25), READY);
    assert_int_equal(f->answer[3], 99); /* the last block of the other one */
    insert(f, NULL);
    assert_not_done(f, ATTENTION, 0x28);
    assert_not_done(f, NOT_READY, 0x3A);
    assert_not_done(f, NOT_READY, 0x3A);
}

static uint8_t media_event(struct fixture *f, uint8_t *status)
{
    assert_int_equal(PACKET(f, 0x4A, 1, 0, 0, 0x10, 0, 0, 0, 8), READY);
    assert_int_equal(f->length, 8);
    assert_int_equal(f->answer[1], 6);
    assert_int_equal(f->answer[2], 4);
    *status = f->answer[5];
    return f->answer[4];
}

static void media_events_are_told_once(void **state)
{
    struct fixture *f = *state;
    uint8_t status;

    assert_int_equal(media_event(f, &status), 0);
    assert_int_equal(status, 2);
    insert(f, &f->other);
    assert_int_equal(media_event(f, &status), 2);
    assert_int_equal(media_event(f, &status), 0);
    insert(f, NULL);
    assert_int_equal(media_event(f, &status), 3);
    assert_int_equal(status, 0);
    assert_int_equal(media_event(f, &status), 0);
    assert_int_equal(PACKET(f, 0x4A, 0, 0, 0, 0x10, 0, 0, 0, 8), FAILED); /* only polled */
}

static void the_tray_hides_its_disc_while_it_is_open(void **state)
{
    struct fixture *f = *state;
    uint8_t status;

    assert_int_equal(PACKET(f, 0x1B, 0, 0, 0, OPEN), READY);
    assert_not_done(f, NOT_READY, 0x3A);
    assert_int_equal(media_event(f, &status), 3);
    assert_int_equal(status, 1);
    assert_int_equal(PACKET(f, 0x1B, 0, 0, 0, CLOSE), READY);
    assert_not_done(f, ATTENTION, 0x28);
    assert_int_equal(PACKET(f, 0x00), READY);
    assert_int_equal(media_event(f, &status), 2);
    assert_int_equal(status, 2);
    assert_int_equal(PACKET(f, 0x1B, 0, 0, 0, OPEN), READY);
    insert(f, &f->other); /* who puts a disc in closes it */
    assert_not_done(f, ATTENTION, 0x28);
    assert_int_equal(PACKET(f, 0x00), READY);
}

static void a_locked_tray_stays_shut(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(PACKET(f, 0x1E, 0, 0, 0, 1), READY);
    assert_int_equal(PACKET(f, 0x1B, 0, 0, 0, OPEN), FAILED);
    assert_sense(f, ILLEGAL, 0x53);
    assert_int_equal(PACKET(f, 0x00), READY);
    assert_int_equal(PACKET(f, 0x1E, 0, 0, 0, 0), READY);
    assert_int_equal(PACKET(f, 0x1B, 0, 0, 0, OPEN), READY);
    assert_not_done(f, NOT_READY, 0x3A);
}

/* Block `at` of what was read is block `block` of the disc. */
static void assert_block(struct fixture *f, unsigned at, uint64_t block)
{
    uint8_t expected[SECTOR_SIZE];

    for (unsigned i = 0; i < 4; i++) {
        disk_original(block * 4 + i, expected);
        assert_memory_equal(f->answer + at * 2048 + i * SECTOR_SIZE, expected, SECTOR_SIZE);
    }
}

static void blocks_are_read_by_each_command_that_reads(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(PACKET(f, 0x28, 0, 0, 0, 0, 100, 0, 0, 7), READY);
    assert_int_equal(f->length, 7 * 2048);
    assert_block(f, 6, 106);
    assert_int_equal(PACKET(f, 0xA8, 0, 0, 0, 3, 0xE7, 0, 0, 0, 1), READY); /* the last */
    assert_block(f, 0, 999);
    assert_int_equal(PACKET(f, 0xBE, 0, 0, 0, 0, 50, 0, 0, 2, 0x10), READY);
    assert_block(f, 1, 51);
    assert_int_equal(PACKET(f, 0xB9, 0, 0, 0, 2, 10, 0, 2, 12, 0x10), READY); /* 00:02:10 to 00:02:12 */
    assert_int_equal(f->length, 2 * 2048);
    assert_block(f, 0, 10);
    assert_int_equal(PACKET(f, 0xB9, 0, 0, 0, 1, 10, 0, 2, 12, 0x10), FAILED); /* in the pre-gap */
    assert_int_equal(PACKET(f, 0x28, 0, 0, 0, 3, 0xE7, 0, 0, 2), FAILED);
    assert_sense(f, ILLEGAL, 0x21);
    assert_int_equal(PACKET(f, 0xBE, 0, 0, 0, 0, 50, 0, 0, 2, 0xF8), FAILED); /* raw */
    assert_sense(f, ILLEGAL, 0x64);
}

static void an_unreadable_block_is_an_error_behind_those_before_it(void **state)
{
    struct fixture *f = *state;

    f->disc.bad = 4 * 101 + 2;
    assert_int_equal(PACKET(f, 0x28, 0, 0, 0, 0, 100, 0, 0, 4), FAILED);
    assert_int_equal(f->length, 2048);
    assert_block(f, 0, 100);
    assert_sense(f, MEDIUM_ERROR, 0x11);
    assert_int_equal(PACKET(f, 0x28, 0, 0, 0, 0, 101, 0, 0, 1), FAILED);
    assert_int_equal(f->length, 0);
    assert_sense(f, MEDIUM_ERROR, 0x11);
    assert_int_equal(PACKET(f, 0x28, 0, 0, 0, 0, 102, 0, 0, 1), READY);
}

static void the_contents_are_told_in_three_formats(void **state)
{
    static const uint8_t lead_out[8] = {0, 0x14, 0xAA, 0, 0, 0, 15, 25}; /* (1,000 + 150) / 75 */
    /* clang-format off */
    static const uint8_t points[4][11] = {
        { 1, 0x14, 0, 0xA0, 0, 0, 0, 0, 1, 0, 0 }, { 1, 0x14, 0, 0xA1, 0, 0, 0, 0, 1, 0, 0 },
        { 1, 0x14, 0, 0xA2, 0, 0, 0, 0, 0, 15, 25 }, { 1, 0x14, 0, 0x01, 0, 0, 0, 0, 0, 2, 0 },
    };
    /* clang-format on */
    struct fixture *f = *state;

    assert_int_equal(PACKET(f, 0x43, 2, 0, 0, 0, 0, 0, 0xFF, 0xFE), READY);
    assert_int_equal(f->length, 20);
    assert_memory_equal(f->answer + 12, lead_out, 8);
    assert_int_equal(PACKET(f, 0x43, 0, 0, 0, 0, 0, 0xAA, 0, 12), READY);
    assert_int_equal(f->length, 12);
    assert_int_equal(f->answer[10] << 8 | f->answer[11], BLOCKS);
    assert_int_equal(PACKET(f, 0x43, 0, 1, 0, 0, 0, 0, 0, 100), READY);
    assert_int_equal(f->length, 12);
    assert_int_equal(PACKET(f, 0x43, 0, 2, 0, 0, 0, 0, 0, 100), READY);
    assert_int_equal(f->length, 4 + sizeof points);
    assert_int_equal(f->answer[1], 2 + sizeof points);
    assert_memory_equal(f->answer + 4, points, sizeof points);
    assert_int_equal(PACKET(f, 0x43, 0, 3, 0, 0, 0, 0, 0, 100), FAILED);
    assert_sense(f, ILLEGAL, 0x24);
}

/* ECMA-394: 6,750 blocks of lead-out, 4,500 of lead-in and 150 before the track lie between the first two. */
static void a_disc_of_two_sessions_shows_the_last_one(void **state)
{
    static const uint8_t second[8] = {0, 0x14, 2, 0, 0, 0, 0x2E, 0xE0}; /* 12,000 */
    static const uint8_t lead_out[3] = {0, 10, 0};                      /* of the first: 600 + 150 */
    static const uint8_t start[3] = {2, 42, 0};                         /* 12,150 */
    static const uint8_t counts[4] = {1, 2, 2, 2}; /* first track, sessions, first and last track of the last one */
    struct fixture *f = *state;

    disk_init(&f->other, 13000 * 4);
    f->other.block.session = 12000 * 4;
    insert(f, &f->other);
    assert_not_done(f, ATTENTION, 0x28);
    assert_int_equal(PACKET(f, 0x43, 0, 1, 0, 0, 0, 0, 0, 100), READY);
    assert_int_equal(f->length, 12);
    assert_int_equal(f->answer[3], 2);
    assert_memory_equal(f->answer + 4, second, 8);
    assert_int_equal(PACKET(f, 0x43, 0, 0, 0, 0, 0, 0, 0, 100), READY);
    assert_int_equal(f->length, 28);
    assert_int_equal(f->answer[3], 2);
    assert_memory_equal(f->answer + 12, second, 8);
    assert_int_equal(PACKET(f, 0x43, 0, 0, 0, 0, 0, 3, 0, 100), FAILED);
    assert_int_equal(PACKET(f, 0x43, 0, 2, 0, 0, 0, 0, 0, 100), READY);
    assert_int_equal(f->length, 4 + 8 * 11);
    assert_memory_equal(f->answer + 4 + 2 * 11 + 8, lead_out, 3);
    assert_int_equal(f->answer[4 + 7 * 11], 2);
    assert_memory_equal(f->answer + 4 + 7 * 11 + 8, start, 3);
    assert_int_equal(PACKET(f, 0x51, 0, 0, 0, 0, 0, 0, 0, 34), READY);
    assert_memory_equal(f->answer + 3, counts, 4);
}

/* Minutes, seconds, frames of the lead-out, by the two formats that show it. */
static void the_lead_out_of_a_large_disc_is_in_minutes_seconds_and_frames(void **state)
{
    static const struct {
        uint32_t blocks;
        uint8_t msf[3];
    } discs[] = {
        {130560, {29, 2, 60}}, /* 255 MiB */
        {131072, {29, 9, 47}}, /* 256 MiB */
        {333000, {74, 2, 0}},  /* 650 MB: 74 minutes */
    };
    struct fixture *f = *state;

    for (unsigned i = 0; i < sizeof discs / sizeof *discs; i++) {
        disk_init(&f->other, (uint64_t)discs[i].blocks * 4);
        insert(f, &f->other);
        assert_not_done(f, ATTENTION, 0x28);
        assert_int_equal(PACKET(f, 0x43, 2, 0, 0, 0, 0, 0xAA, 0, 12), READY);
        assert_int_equal(f->length, 12);
        assert_int_equal(f->answer[8], 0);
        assert_memory_equal(f->answer + 9, discs[i].msf, 3);
        assert_int_equal(PACKET(f, 0x43, 2, 2, 0, 0, 0, 0, 0, 48), READY);
        assert_int_equal(f->answer[4 + 22 + 3], 0xA2);
        assert_memory_equal(f->answer + 4 + 22 + 8, discs[i].msf, 3);
    }
}

static void a_good_command_clears_the_sense_of_the_last_one(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(PACKET(f, 0xFF), FAILED);
    assert_int_equal(PACKET(f, 0x00), READY);
    assert_int_equal(PACKET(f, 0x03, 0, 0, 0, 18), READY);
    assert_int_equal(f->answer[2], 0);
    assert_int_equal(f->answer[12], 0);
}

/* Drivers of audio players poll DSC after SEEK. */
static void a_seek_ends_with_dsc(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(PACKET(f, 0x2B, 0, 0, 0, 3, 0xE7), READY);
    assert_int_equal(PACKET(f, 0x2B, 0, 0, 0, 3, 0xE8), FAILED); /* no such block */
    assert_sense(f, ILLEGAL, 0x21);
}

/* Sends MODE SELECT(6) or (10) with a parameter list, in chunks of what the host can give at once. The status at its
 * end. */
static uint8_t mode_select(struct fixture *f, bool six, const uint8_t *list, uint8_t length, uint16_t chunk)
{
    const uint8_t bytes[2][12] = {{0x55, 0x10, 0, 0, 0, 0, 0, 0, length}, {0x15, 0x10, 0, 0, length}};
    unsigned given = 0;
    uint8_t status;

    out(&f->board, DEVICE, 0);
    out(&f->board, ERROR, 0);
    out(&f->board, MID, (uint8_t)chunk);
    out(&f->board, HIGH, (uint8_t)(chunk >> 8));
    out(&f->board, COMMAND, 0xA0);
    for (unsigned i = 0; i < 12; i += 2)
        bus_write(&f->board.bus, DATA, bytes[six][i] | (uint32_t)bytes[six][i + 1] << 8, 2);
    for (; (status = settle(f)) & DRQ;) {
        unsigned now = in(&f->board, MID) | (unsigned)in(&f->board, HIGH) << 8;
        assert_true(now <= chunk && given + now <= length);
        assert_int_equal(in(&f->board, COUNT), 0); /* data, to the drive */
        assert_int_equal(in(&f->board, DATA), 0);  /* read: nothing moves */
        assert_true(f->board.level[IRQ]);
        in(&f->board, COMMAND);
        for (; now; now--)
            out(&f->board, DATA, list[given++]);
    }
    assert_int_equal(in(&f->board, COUNT), 3);
    return status;
}

static void mode_pages_have_both_headers(void **state)
{
    struct fixture *f = *state;
    uint8_t page[20];

    assert_int_equal(PACKET(f, 0x5A, 0, 0x2A, 0, 0, 0, 0, 0, 100), READY);
    assert_int_equal(f->length, 28);
    assert_int_equal(f->answer[1], 26);
    assert_int_equal(f->answer[2], 1);
    memcpy(page, f->answer + 8, sizeof page);
    assert_int_equal(PACKET(f, 0x1A, 0, 0x2A, 0, 100), READY);
    assert_int_equal(f->length, 24);
    assert_int_equal(f->answer[0], 23);
    assert_memory_equal(f->answer + 4, page, sizeof page);
    assert_int_equal(PACKET(f, 0x5A, 0, 0xEA, 0, 0, 0, 0, 0, 100), FAILED);
    assert_sense(f, ILLEGAL, 0x39);
    assert_int_equal(PACKET(f, 0x5A, 0, 0x05, 0, 0, 0, 0, 0, 100), FAILED);
    assert_sense(f, ILLEGAL, 0x24);
}

/* A player turns the volume down: what MODE SENSE gave goes back with that changed. */
static void mode_select_changes_what_mode_sense_says_can_be_changed(void **state)
{
    static const uint8_t audio[16] = {0x0E, 14, 4, 0, 0, 0, 0, 0, 1, 0x40, 2, 0x30};
    struct fixture *f = *state;
    uint8_t list[24] = {0}, mask[16];

    assert_int_equal(PACKET(f, 0x5A, 0, 0x4E, 0, 0, 0, 0, 0, 24), READY);
    memcpy(mask, f->answer + 8, sizeof mask);
    assert_memory_equal(mask, "\x0E\x0E\0\0\0\0\0\0\x0F\xFF\x0F\xFF\0\0\0\0", 16);
    memcpy(list + 8, audio, sizeof audio);
    assert_int_equal(mode_select(f, false, list, 24, 10), READY);
    for (unsigned control = 0; control < 3; control += 2) { /* as it is; by default */
        assert_int_equal(PACKET(f, 0x5A, 0, (uint8_t)(control << 6 | 0x0E), 0, 0, 0, 0, 0, 24), READY);
        assert_int_equal(f->answer[17], control ? 0xFF : 0x40);
        assert_int_equal(f->answer[19], control ? 0xFF : 0x30);
    }
    memcpy(list + 4, "\x01\x06\x20\x05\0\0\0\0", 8); /* six: a shorter header, two pages */
    assert_int_equal(mode_select(f, true, list, 12, 0xFFFE), READY);
    assert_int_equal(PACKET(f, 0x5A, 0, 0x3F, 0, 0, 0, 0, 0, 100), READY);
    assert_int_equal(f->answer[10], 0x20);
    assert_int_equal(f->answer[11], 5);
    assert_int_equal(f->answer[8 + 8 + 8 + 9], 0x40); /* and the other page stayed */
    for (unsigned i = 8 + 2; i < 24; i++) {           /* each bit that cannot be changed, and the page's length */
        memset(list, 0, 8);
        memcpy(list + 8, audio, sizeof audio);
        list[i] ^= (uint8_t)~mask[i - 8];
        assert_int_equal(mode_select(f, false, list, 24, 100), mask[i - 8] == 0xFF ? READY : FAILED);
        if (mask[i - 8] != 0xFF)
            assert_sense(f, ILLEGAL, 0x26);
    }
    memcpy(list + 8, audio, sizeof audio);
    assert_int_equal(mode_select(f, false, list, 23, 100), FAILED); /* cut off */
    assert_sense(f, ILLEGAL, 0x1A);
    list[7] = 8; /* a block descriptor that is not there */
    assert_int_equal(mode_select(f, false, list, 15, 100), FAILED);
    assert_sense(f, ILLEGAL, 0x1A);
    list[8] = 0x2A;
    list[7] = 0;
    assert_int_equal(mode_select(f, false, list, 24, 100), FAILED); /* the capabilities stay */
    assert_sense(f, ILLEGAL, 0x26);
    assert_int_equal(PACKET(f, 0x55, 0, 0, 0, 0, 0, 0, 0, 24), FAILED); /* not in the page format */
    assert_sense(f, ILLEGAL, 0x24);
    out(&f->board, COMMAND, 0x08); /* DEVICE RESET restores the defaults */
    assert_int_equal(PACKET(f, 0x00), FAILED);
    assert_int_equal(PACKET(f, 0x5A, 0, 0x0E, 0, 0, 0, 0, 0, 24), READY);
    assert_int_equal(f->answer[17], 0xFF);
}

static void the_configuration_is_told_from_a_feature_on(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(PACKET(f, 0x46, 0, 0, 0, 0, 0, 0, 0, 200), READY);
    assert_int_equal(f->answer[3], f->length - 4);
    assert_int_equal(f->answer[7], 8); /* CD-ROM */
    assert_int_equal(PACKET(f, 0x46, 2, 0, 0x1E, 0, 0, 0, 0, 200), READY);
    assert_int_equal(f->length, 12);
    assert_memory_equal(f->answer + 8, "\0\x1E\1\0", 4);
    assert_int_equal(PACKET(f, 0x46, 2, 0, 0x1F, 0, 0, 0, 0, 200), READY);
    assert_int_equal(f->length, 8);
    assert_int_equal(PACKET(f, 0x1B, 0, 0, 0, OPEN), READY);
    assert_int_equal(PACKET(f, 0x46, 1, 0, 0x10, 0, 0, 0, 0, 200), READY); /* what can be done now */
    assert_int_equal(f->length, 8);
}

static void audio_commands_answer_that_there_is_no_such_track(void **state)
{
    static const uint8_t opcodes[] = {0x45, 0x47, 0x48, 0x4B, 0xA5};
    struct fixture *f = *state;

    for (unsigned i = 0; i < sizeof opcodes; i++) {
        assert_int_equal(PACKET(f, opcodes[i]), FAILED);
        assert_sense(f, ILLEGAL, 0x64);
    }
    assert_int_equal(PACKET(f, 0x4E), READY); /* STOP */
    assert_int_equal(PACKET(f, 0x42, 2, 0x40, 1, 0, 0, 0, 0, 16), READY);
    assert_int_equal(f->length, 16);
    assert_int_equal(f->answer[1], 0x15);
    assert_int_equal(f->answer[10], 2); /* second 2: block 0 */
    assert_int_equal(PACKET(f, 0x42, 0, 0x40, 2, 0, 0, 0, 0, 100), READY);
    assert_int_equal(f->length, 24);
    assert_int_equal(f->answer[8], 0); /* no catalogue number */
    assert_int_equal(PACKET(f, 0x42, 0, 0x40, 9, 0, 0, 0, 0, 100), FAILED);
    assert_int_equal(PACKET(f, 0x44, 0, 0, 0, 3, 0xE7, 0, 0, 8), READY);
    assert_int_equal(f->answer[0], 1);
    assert_int_equal(f->answer[7], 0xE7);
}

static void device_reset_ends_a_command_that_runs(void **state)
{
    struct fixture *f = *state;
    static const uint8_t read[12] = {0x28, 0, 0, 0, 0, 10, 0, 0, 50};

    out(&f->board, COMMAND, 0xA0);
    for (unsigned i = 0; i < 12; i += 2)
        bus_write(&f->board.bus, DATA, read[i] | (uint32_t)read[i + 1] << 8, 2);
    assert_int_equal(in(&f->board, CONTROL), BSY);
    out(&f->board, COMMAND, 0xEC); /* any other is lost */
    assert_int_equal(in(&f->board, CONTROL), BSY);
    out(&f->board, COMMAND, 0x08);
    assert_int_equal(in(&f->board, CONTROL), 0);
    assert_int_equal(in(&f->board, MID), 0x14);
    assert_int_equal(in(&f->board, HIGH), 0xEB);
    board_run_us(&f->board, 10000);
    assert_int_equal(f->board.rises[IRQ], 0);
}

/* OAKCDROM.SYS decides by the status after DEVICE RESET; others by what IDENTIFY DEVICE leaves. */
static void the_drive_is_known_by_its_signature_and_a_status_of_zero(void **state)
{
    struct fixture *f = *state;

    for (unsigned reset = 0; reset < 4; reset++) { /* power-on, SRST, diagnostic, DEVICE RESET */
        if (reset == 1) {
            out(&f->board, CONTROL, 4);
            out(&f->board, CONTROL, 0);
        } else if (reset > 1) {
            out(&f->board, COMMAND, reset == 2 ? 0x90 : 0x08);
        }
        assert_int_equal(settle(f), 0);
        assert_int_equal(in(&f->board, COMMAND), 0);
        assert_int_equal(in(&f->board, MID), 0x14);
        assert_int_equal(in(&f->board, HIGH), 0xEB);
        out(&f->board, COMMAND, 0xEC);
        assert_int_equal(settle(f), FAILED);
        assert_int_equal(in(&f->board, ERROR), 4);
        assert_int_equal(in(&f->board, MID), 0x14);
        assert_int_equal(in(&f->board, HIGH), 0xEB);
        assert_int_equal(PACKET(f, 0x03, 0, 0, 0, 18), READY); /* neither meets the unit attention */
        assert_int_equal(PACKET(f, 0x12, 0, 0, 0, 36), READY);
        if (reset != 2)
            assert_not_done(f, ATTENTION, 0x29);
        assert_int_equal(PACKET(f, 0x00), READY);
    }
}

/* Windows 98 takes a second drive for there that shows a signature or any status. */
static void nothing_is_behind_a_master_that_is_alone(void **state)
{
    static const uint8_t before[] = {0xEC, 0x08, 0x90, 0xA1, 0xA0};
    struct fixture *f = *state;

    for (unsigned i = 0; i < sizeof before; i++) {
        out(&f->board, DEVICE, 0xA0);
        out(&f->board, COMMAND, before[i]);
        if (settle(f) & DRQ && before[i] == 0xA1)
            for (unsigned n = 0; n < 256; n++)
                bus_read(&f->board.bus, DATA, 2);
        if (before[i] == 0xA0) /* ends in the middle */
            out(&f->board, COMMAND, 0x08);
        out(&f->board, DEVICE, 0xB0);
        assert_int_equal(in(&f->board, COMMAND), 0);
        assert_int_equal(in(&f->board, CONTROL), 0);
        assert_false(in(&f->board, MID) == 0x14 && in(&f->board, HIGH) == 0xEB);
        out(&f->board, COMMAND, 0xA1);
        out(&f->board, COMMAND, 0xEC);
        board_run_us(&f->board, 1000);
        assert_int_equal(in(&f->board, COMMAND), 0);
        assert_false(in(&f->board, MID) == 0x14 && in(&f->board, HIGH) == 0xEB);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_ready, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_reset_and_a_new_disc_are_told_once, setup, teardown),
        TEST(media_events_are_told_once),
        TEST(the_tray_hides_its_disc_while_it_is_open),
        TEST(a_locked_tray_stays_shut),
        TEST(blocks_are_read_by_each_command_that_reads),
        TEST(an_unreadable_block_is_an_error_behind_those_before_it),
        TEST(the_contents_are_told_in_three_formats),
        TEST(a_disc_of_two_sessions_shows_the_last_one),
        TEST(the_lead_out_of_a_large_disc_is_in_minutes_seconds_and_frames),
        TEST(a_good_command_clears_the_sense_of_the_last_one),
        TEST(a_seek_ends_with_dsc),
        TEST(mode_pages_have_both_headers),
        TEST(mode_select_changes_what_mode_sense_says_can_be_changed),
        TEST(the_configuration_is_told_from_a_feature_on),
        TEST(audio_commands_answer_that_there_is_no_such_track),
        cmocka_unit_test_setup_teardown(device_reset_ends_a_command_that_runs, setup, teardown),
        cmocka_unit_test_setup_teardown(the_drive_is_known_by_its_signature_and_a_status_of_zero, setup, teardown),
        TEST(nothing_is_behind_a_master_that_is_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
