/* i82077.c - Intel 82077AA floppy disk controller (data sheet 290166-007) and its drives.
 *
 * A command is a row of the table at the end. Sectors pass one per event, as they would pass under the head: a
 * revolution divided by the sectors of a track. A medium answers only at its own data rate and in MFM, as it would;
 * 40-track media in 80-track drives are reached at every second cylinder. A track of XDF has sectors of several sizes.
 * Where no disk turns there are no index pulses
 * to count, and a command waits until a reset. */
#include "emu/devices/i82077.h"

#include <string.h>

#include "formats/formats.h"

enum phase { PHASE_COMMAND, PHASE_BUSY, PHASE_TRANSFER, PHASE_RESULT };
enum { DOR_NOT_RESET = 4, DOR_DMA = 8, DOR_MOTOR = 0x10 };
enum { MSR_BUSY = 0x10, MSR_NON_DMA = 0x20, MSR_DIO = 0x40, MSR_RQM = 0x80 };
enum { ST0_ABNORMAL = 0x40, ST0_INVALID = 0x80, ST0_READY_CHANGED = 0xC0, ST0_SEEK_END = 0x20, ST0_EQUIPMENT = 0x10 };
enum {
    ST1_MISSING_MARK = 1,
    ST1_NOT_WRITABLE = 2,
    ST1_NO_DATA = 4,
    ST1_OVERRUN = 0x10,
    ST1_DATA_ERROR = 0x20,
    ST1_END_OF_CYLINDER = 0x80
};
enum { ST2_WRONG_CYLINDER = 0x10, ST2_DATA_ERROR = 0x20, ST2_CONTROL_MARK = 0x40 };
enum { COMMAND_MT = 0x80, COMMAND_MFM = 0x40, COMMAND_SKIP = 0x20, SELECT_HEAD = 4, VERIFY_COUNT = 0x80 };
enum { CONFIGURE_IMPLIED_SEEK = 0x40, CONFIGURE_FIFO_OFF = 0x20, CONFIGURE_LOCKABLE = 0x2F };
enum { PERPENDICULAR_OW = 0x80, PERPENDICULAR_DRIVES = 0x3C, PERPENDICULAR_MODE = 3 };
#define SECTOR_CODE 2  /* N: 512 bytes */
#define LARGEST_CODE 6 /* 8,192 */
#define XDF_SECTORS 23 /* so many of 512 bytes would be in a track */
#define ID_BYTES 4     /* C, H, R, N */
#define RESET_US 250
#define LAST_CYLINDER 85
#define RECALIBRATE_STEPS 79 /* so many pulses at most */

/* clang-format off */
static const struct state_field unit_state[] = {
    STATE(struct i82077_unit, cylinder, U8, "cylinder under the heads"),
    STATE(struct i82077_unit, target, U8, "cylinder that the heads move to"),
    STATE(struct i82077_unit, seeking, BOOL, "the heads move"),
    STATE(struct i82077_unit, seek_status, U8, "ST0 of a seek that SENSE INTERRUPT STATUS has not reported; 0: none"),
    STATE(struct i82077_unit, arrives_at, TICK, "when the last seek ended or will end"),
    STATE_END
};

const struct state_field i82077_state[] = {
    STATE_TABLE(struct i82077, unit, struct i82077_unit, unit_state, "drives 0 to 3"),
    STATE(struct i82077, dor, U8, "digital output register"),
    STATE_UP_TO(struct i82077, rate, U8, 3, "data rate: 0 500, 1 300, 2 250, 3 1000 kbit/s"),
    STATE_UP_TO(struct i82077, phase, U8, PHASE_RESULT, "0 command, 1 busy, 2 transfer by the host, 3 result"),
    STATE_BUFFER(struct i82077, command, command_length, "bytes of the command"),
    STATE_BUFFER(struct i82077, result, result_length, "bytes of the result"),
    STATE(struct i82077, result_position, U32, "bytes of the result that were read"),
    STATE_BYTE_ARRAY(struct i82077, specify, "arguments of SPECIFY"),
    STATE(struct i82077, configure, U8, "second argument of CONFIGURE"),
    STATE(struct i82077, precompensation, U8, "third argument of CONFIGURE"),
    STATE(struct i82077, perpendicular, U8, "argument of PERPENDICULAR MODE"),
    STATE(struct i82077, locked, BOOL, "LOCK: CONFIGURE survives a software reset"),
    STATE_UP_TO(struct i82077, reset_sense, U8, 4, "SENSE INTERRUPT STATUS answers owed after a reset"),
    STATE(struct i82077, interrupt, BOOL, "INT"),
    STATE(struct i82077, cylinder, U8, "C of the running transfer"),
    STATE(struct i82077, head, U8, "H of the running transfer"),
    STATE(struct i82077, sector, U8, "R of the running transfer"),
    STATE(struct i82077, size, U8, "N of the running transfer"),
    STATE(struct i82077, eot, U8, "last sector of the track in the last transfer"),
    STATE(struct i82077, left, U16, "sectors still to be formatted or verified"),
    STATE_BUFFER(struct i82077, buffer, length, "what the host moves itself"),
    STATE(struct i82077, position, U32, "bytes of it that were moved"),
    STATE(struct i82077, due_at, TICK, "next step of the transfer or reset"),
    STATE(struct i82077, seek_due_at, TICK, "the heads have arrived"),
    STATE_END
};
/* clang-format on */

/* --- Lines and phases --- */

static void interrupt(struct i82077 *f, bool level)
{
    f->interrupt = level;
    line_set(&f->irq, level && f->dor & DOR_DMA);
}

/* A command's interrupt. Its cause replaces that of a reset: SENSE INTERRUPT STATUS identifies the interrupt that is
 * active (section 5.2.4), and a driver that did not ask four times after a reset gets the end of its seek. */
static void command_interrupt(struct i82077 *f)
{
    f->reset_sense = 0;
    interrupt(f, true);
}

static void command_phase(struct i82077 *f)
{
    f->phase = PHASE_COMMAND;
    f->command_length = f->result_length = f->result_position = 0;
}

static void result_phase(struct i82077 *f, const uint8_t *bytes, uint32_t length)
{
    memcpy(f->result, bytes, length);
    f->result_length = length;
    f->result_position = 0;
    f->phase = PHASE_RESULT;
}

static void result_byte(struct i82077 *f, uint8_t byte)
{
    result_phase(f, &byte, 1);
}

static void later(struct i82077 *f, uint64_t microseconds)
{
    f->phase = PHASE_BUSY;
    clock_schedule(f->clock, EVENT_FLOPPY, clock_now(f->clock) + clock_ticks_us(f->clock, microseconds));
}

/* --- The drive that a command names, and what lies in it --- */

static unsigned unit_number(const struct i82077 *f)
{
    return f->command[1] & 3;
}

static uint8_t head_select(const struct i82077 *f)
{
    return f->command[1] & SELECT_HEAD ? 1 : 0;
}

static struct i82077_unit *command_unit(struct i82077 *f)
{
    return &f->unit[unit_number(f)];
}

/* Whether a disk turns in the drive. */
static bool turning(const struct i82077 *f, const struct i82077_unit *u)
{
    return u->drive && u->drive->medium && f->dor & DOR_MOTOR << unit_number(f);
}

/* The format of the medium under the head, if it turns and can be read as the rate and the command say. */
static bool readable(const struct i82077 *f, const struct i82077_unit *u, struct geometry *g)
{
    uint8_t rate;

    if (!turning(f, u) || !(f->command[0] & COMMAND_MFM) || !floppy_geometry(u->drive->sectors, g))
        return false;
    rate = g->sectors <= 9 ? (u->type == FLOPPY_1200K ? 1 : 2) : g->sectors <= XDF_SECTORS ? 0 : 3;
    return f->rate == rate;
}

static uint8_t track_under_head(const struct i82077_unit *u, const struct geometry *g)
{
    return g->cylinders == 40 && u->type != FLOPPY_360K ? u->cylinder / 2 : u->cylinder;
}

static uint64_t revolution_us(const struct i82077_unit *u)
{
    return u->type == FLOPPY_1200K ? 166667 : 200000;
}

/* A sector of 512 bytes. */
static uint64_t sector_us(const struct i82077_unit *u, const struct geometry *g)
{
    return revolution_us(u) / g->sectors;
}

/* --- The sectors of a track --- */

/* An ID without its cylinder, and where its data are in the image: in sectors of 512 bytes, from the first one of the
 * cylinder. */
struct sector_id {
    uint8_t head, number, size;
    uint16_t first;
};

static uint32_t sector_bytes(uint8_t size)
{
    return 128u << size;
}

/* IBM's XDF (XDFCOPY; the layout is that of mtools' xdf_io.c): an image is what its file system sees. In cylinder 0
 * that leaves out the second FAT, in whose place are eight sectors for systems without XDF, and five sectors after the
 * root directory. The other cylinders have sectors of 1,024, 2,048, 512 and 8,192 bytes on each side. False: the place
 * in the image has no sector that begins there. */
static bool xdf_sector(uint8_t cylinder, unsigned place, struct sector_id *id)
{
    enum { FAT_END = 12, PLAIN = 8, ROOT = 23, ROOT_END = 37, FILES = 42, FIRST_SIDE = 11 };
    static const uint8_t heads[] = {0, 0, 1, 0, 1, 0, 1, 1}, sizes[] = {3, 4, 6, 2, 2, 6, 4, 3};
    unsigned n = place < FAT_END ? place : place < ROOT_END ? place - (ROOT - FAT_END) : place - (FILES - 26);
    unsigned first = 0;

    if (!cylinder && place >= FAT_END && place < FAT_END + PLAIN) {
        *id = (struct sector_id){0, (uint8_t)(place - FAT_END + 1), SECTOR_CODE, (uint16_t)place};
        return true;
    }
    if (!cylinder) {
        *id = (struct sector_id){n >= FIRST_SIDE, (uint8_t)(0x81 + (n < FIRST_SIDE ? n : n - FIRST_SIDE)), SECTOR_CODE,
                                 (uint16_t)place};
        return place < FAT_END || (place >= ROOT && place < ROOT_END) || place >= FILES;
    }
    for (n = 0; n < sizeof sizes && first < place; n++)
        first += sector_bytes(sizes[n]) / SECTOR_SIZE;
    if (n == sizeof sizes || first != place)
        return false;
    *id = (struct sector_id){heads[n], (uint8_t)(0x80 + sizes[n]), sizes[n], (uint16_t)first};
    return true;
}

static bool sector_at(const struct geometry *g, uint8_t cylinder, unsigned place, struct sector_id *id)
{
    if (g->sectors == XDF_SECTORS)
        return xdf_sector(cylinder, place, id);
    *id = (struct sector_id){(uint8_t)(place / g->sectors), (uint8_t)(place % g->sectors + 1), SECTOR_CODE,
                             (uint16_t)place};
    return true;
}

/* Where the data of an ID are in the image. False: the track has no such sector. */
static bool place_of(const struct geometry *g, uint8_t cylinder, const struct sector_id *wanted, uint64_t *sector)
{
    struct sector_id id;

    for (unsigned place = 0; place < g->heads * g->sectors; place++)
        if (sector_at(g, cylinder, place, &id) && id.head == wanted->head && id.number == wanted->number &&
            id.size == wanted->size) {
            *sector = (uint64_t)cylinder * g->heads * g->sectors + place;
            return true;
        }
    return false;
}

/* --- The heads --- */

/* SPECIFY counts down from 16 ms at 500 kbit/s; the other rates scale that. */
static uint64_t step_us(const struct i82077 *f)
{
    static const uint16_t kilobits[4] = {500, 300, 250, 1000};
    return (16u - (f->specify[0] >> 4)) * 500000u / kilobits[f->rate];
}

static unsigned distance(uint8_t from, uint8_t to)
{
    return (unsigned)(from < to ? to - from : from - to);
}

/* A step with a medium in the drive clears the change line. */
static void move_heads(struct i82077_unit *u, uint8_t cylinder)
{
    if (u->cylinder != cylinder && u->drive && u->drive->medium)
        u->drive->changed = false;
    u->cylinder = cylinder;
}

static void schedule_arrival(struct i82077 *f)
{
    uint64_t first = NEVER;

    for (unsigned i = 0; i < 4; i++)
        if (f->unit[i].seeking && f->unit[i].arrives_at < first)
            first = f->unit[i].arrives_at;
    clock_schedule(f->clock, EVENT_FLOPPY_SEEK, first);
}

/* Sends the heads of the command's drive off; the controller is free again. */
static void begin_seek(struct i82077 *f, unsigned target, unsigned steps, uint8_t status)
{
    struct i82077_unit *u = command_unit(f);

    u->target = (uint8_t)(target < LAST_CYLINDER ? target : LAST_CYLINDER);
    u->seeking = true;
    u->seek_status = (uint8_t)(status | unit_number(f));
    u->arrives_at = clock_now(f->clock) + clock_ticks_us(f->clock, (steps + 1) * step_us(f));
    schedule_arrival(f);
    command_phase(f);
}

/* A seek is blind: a drive that is not there ends it like any other. */
static void seek(struct i82077 *f)
{
    begin_seek(f, f->command[2], distance(command_unit(f)->cylinder, f->command[2]), ST0_SEEK_END);
}

static void relative_seek(struct i82077 *f)
{
    int at = command_unit(f)->cylinder, target = f->command[0] & 0x40 ? at + f->command[2] : at - f->command[2];
    begin_seek(f, target < 0 ? 0 : (unsigned)target, f->command[2], ST0_SEEK_END);
}

/* Steps outwards until track 0 is found or the pulses are used up. */
static void recalibrate(struct i82077 *f)
{
    const struct i82077_unit *u = command_unit(f);
    unsigned steps = u->drive && u->cylinder < RECALIBRATE_STEPS ? u->cylinder : RECALIBRATE_STEPS;
    unsigned target = u->cylinder > steps ? u->cylinder - steps : 0;
    bool found = u->drive && !target;

    begin_seek(f, target, steps, found ? ST0_SEEK_END : ST0_ABNORMAL | ST0_SEEK_END | ST0_EQUIPMENT);
}

static void seek_due(void *device)
{
    struct i82077 *f = device;

    for (unsigned i = 0; i < 4; i++) {
        struct i82077_unit *u = &f->unit[i];
        if (!u->seeking || u->arrives_at > clock_now(f->clock))
            continue;
        move_heads(u, u->target);
        u->seeking = false;
    }
    schedule_arrival(f);
    command_interrupt(f);
}

/* CONFIGURE's implied seek: the heads go to the cylinder of the ID first. Returns how long that takes. */
static uint64_t implied_seek(struct i82077 *f)
{
    struct i82077_unit *u = command_unit(f);
    uint8_t target = f->cylinder < LAST_CYLINDER ? f->cylinder : LAST_CYLINDER;
    unsigned steps = distance(u->cylinder, target);

    if (!(f->configure & CONFIGURE_IMPLIED_SEEK))
        return 0;
    move_heads(u, target);
    return steps * step_us(f);
}

static void sense_interrupt(struct i82077 *f)
{
    uint8_t bytes[2] = {ST0_INVALID, 0};

    interrupt(f, false);
    if (f->reset_sense) {
        unsigned n = 4u - f->reset_sense--;
        bytes[0] = (uint8_t)(ST0_READY_CHANGED | n);
        bytes[1] = f->unit[n].cylinder;
        result_phase(f, bytes, 2);
        return;
    }
    for (unsigned i = 0; i < 4; i++) {
        struct i82077_unit *u = &f->unit[i];
        if (u->seeking || !u->seek_status)
            continue;
        bytes[0] = u->seek_status;
        bytes[1] = u->cylinder;
        u->seek_status = 0;
        result_phase(f, bytes, 2);
        return;
    }
    result_phase(f, bytes, 1);
}

/* --- Data transfer commands --- */

static const struct command {
    uint8_t value, mask, length;
    void (*begin)(struct i82077 *f);
    void (*step)(struct i82077 *f);                       /* its time has come */
    void (*moved)(struct i82077 *f, bool terminal_count); /* the host has moved what it was to move */
    bool host_writes, seeks;                              /* the direction of that; implied seek */
} * find_command(uint8_t byte);

/* The seven result bytes. The ID is that of the next sector. */
static void transfer_result(struct i82077 *f, uint8_t st0, uint8_t st1, uint8_t st2)
{
    bool sought = f->configure & CONFIGURE_IMPLIED_SEEK && find_command(f->command[0])->seeks;
    const uint8_t bytes[7] = {(uint8_t)(st0 | (sought ? ST0_SEEK_END : 0) | (f->command[1] & 7)),
                              st1,
                              st2,
                              f->cylinder,
                              f->head,
                              f->sector,
                              f->size};

    f->length = f->position = 0;
    result_phase(f, bytes, sizeof bytes);
    command_interrupt(f);
}

/* The sector of the ID, which is none of 512 bytes only in XDF. */
static uint64_t passing_us(const struct i82077 *f, const struct i82077_unit *u, const struct geometry *g)
{
    bool larger = g->sectors == XDF_SECTORS && f->size > SECTOR_CODE && f->size <= LARGEST_CODE;

    return sector_us(u, g) << (larger ? f->size - SECTOR_CODE : 0);
}

/* Waits until the next sector has passed; what cannot be read is given up when the index comes by for the second
 * time. */
static void next_sector(struct i82077 *f, uint64_t after_us)
{
    const struct i82077_unit *u = command_unit(f);
    struct geometry g;

    f->phase = PHASE_BUSY;
    if (turning(f, u))
        later(f, after_us + (readable(f, u, &g) ? passing_us(f, u, &g) : 2 * revolution_us(u)));
}

/* Moves the ID on by one sector: data sheet table 5-6. False when that leaves the track (or, with MT, the cylinder). */
static bool next_id(struct i82077 *f)
{
    bool multi = f->command[0] & COMMAND_MT;

    if (f->sector != f->eot) {
        f->sector++;
        return true;
    }
    f->sector = 1;
    if (multi && !f->head) {
        f->head = 1;
        f->command[1] |= SELECT_HEAD;
        return true;
    }
    if (multi)
        f->head = 0;
    f->cylinder++;
    return false;
}

/* Finds the sector of the ID under the head. True with its number on the medium; otherwise the command has ended. */
static bool find_sector(struct i82077 *f, uint64_t *sector)
{
    const struct i82077_unit *u = command_unit(f);
    struct geometry g;
    uint8_t track;

    if (!readable(f, u, &g) || track_under_head(u, &g) >= g.cylinders || head_select(f) >= g.heads) {
        transfer_result(f, ST0_ABNORMAL, ST1_MISSING_MARK, 0);
        return false;
    }
    track = track_under_head(u, &g);
    if (f->cylinder != track) {
        transfer_result(f, ST0_ABNORMAL, ST1_NO_DATA, ST2_WRONG_CYLINDER);
        return false;
    }
    if (f->head != head_select(f) ||
        !place_of(&g, track, &(struct sector_id){f->head, f->sector, f->size, 0}, sector)) {
        transfer_result(f, ST0_ABNORMAL, ST1_NO_DATA, 0);
        return false;
    }
    return true;
}

/* The host moves `length` bytes of the buffer: by DMA now, or through the data register, as fast as it likes. */
static void exchange(struct i82077 *f, uint32_t length)
{
    uint32_t moved = 0;
    bool tc = false;

    if (f->specify[1] & 1) { /* no DMA */
        f->phase = PHASE_TRANSFER;
        f->length = length;
        f->position = 0;
        command_interrupt(f);
        return;
    }
    if (f->dor & DOR_DMA)
        moved = f->dma.transfer(f->dma.controller, f->dma.channel, f->buffer, length, &tc);
    if (moved < length && !tc)
        transfer_result(f, ST0_ABNORMAL, ST1_OVERRUN, 0);
    else
        find_command(f->command[0])->moved(f, tc);
}

/* The host has moved the last byte itself. There is no terminal count without DMA: the track's end ends the command. */
static void host_moved(struct i82077 *f)
{
    interrupt(f, false);
    f->length = f->position = 0;
    find_command(f->command[0])->moved(f, false);
}

/* One sector is done. */
static void advance(struct i82077 *f, bool terminal_count)
{
    bool more = next_id(f);

    if (terminal_count)
        transfer_result(f, 0, 0, 0);
    else if (more)
        next_sector(f, 0);
    else
        transfer_result(f, ST0_ABNORMAL, ST1_END_OF_CYLINDER, 0);
}

/* Reads the sector of the ID into the buffer. False: the command has ended, or the machine stops. */
static bool read_sector(struct i82077 *f)
{
    uint64_t sector;
    uint32_t done;

    if (!find_sector(f, &sector))
        return false;
    switch (drive_read(command_unit(f)->drive, sector, sector_bytes(f->size) / SECTOR_SIZE, f->buffer, &done)) {
    case DRIVE_OK: return true;
    case DRIVE_BAD_SECTOR: transfer_result(f, ST0_ABNORMAL, ST1_DATA_ERROR, ST2_DATA_ERROR); return false;
    default: return false;
    }
}

static void read_step(struct i82077 *f)
{
    if (read_sector(f))
        exchange(f, sector_bytes(f->size));
}

/* READ DELETED DATA finds ordinary marks: table 5-5. It skips those sectors, or gives the first and goes no further. */
static void read_deleted_step(struct i82077 *f)
{
    uint64_t sector;

    if (!(f->command[0] & COMMAND_SKIP))
        read_step(f);
    else if (!find_sector(f, &sector))
        return;
    else if (next_id(f))
        next_sector(f, 0);
    else
        transfer_result(f, ST0_ABNORMAL, ST1_END_OF_CYLINDER, ST2_CONTROL_MARK);
}

static void read_deleted_moved(struct i82077 *f, bool terminal_count)
{
    (void)terminal_count;
    transfer_result(f, 0, 0, ST2_CONTROL_MARK);
}

/* False: the medium is protected, and the command has ended. */
static bool writable(struct i82077 *f)
{
    if (!command_unit(f)->drive->read_only)
        return true;
    transfer_result(f, ST0_ABNORMAL, ST1_NOT_WRITABLE, 0);
    return false;
}

static bool write_sector(struct i82077 *f)
{
    uint64_t sector;
    return find_sector(f, &sector) &&
           drive_write(command_unit(f)->drive, sector, sector_bytes(f->size) / SECTOR_SIZE, f->buffer) == DRIVE_OK;
}

static void write_step(struct i82077 *f)
{
    uint64_t sector;

    if (!find_sector(f, &sector) || !writable(f))
        return;
    memset(f->buffer, 0, sizeof f->buffer); /* what the host leaves out */
    exchange(f, sector_bytes(f->size));
}

static void write_moved(struct i82077 *f, bool terminal_count)
{
    if (write_sector(f))
        advance(f, terminal_count);
}

static void begin_transfer(struct i82077 *f)
{
    f->cylinder = f->command[2];
    f->head = f->command[3];
    f->sector = f->command[4];
    f->size = f->command[5];
    f->eot = f->command[6];
    next_sector(f, implied_seek(f));
}

static void begin_read_track(struct i82077 *f)
{
    begin_transfer(f);
    f->sector = 1;
}

/* VERIFY has no terminal count: the last argument counts sectors, or the end of the track is its end. */
static void begin_verify(struct i82077 *f)
{
    uint16_t count = f->command[8] ? f->command[8] : 256;

    f->left = f->command[1] & VERIFY_COUNT ? count : 0;
    begin_transfer(f);
}

static void verify_step(struct i82077 *f)
{
    bool more;

    if (!read_sector(f))
        return;
    more = next_id(f);
    if (f->left ? !--f->left : !more)
        transfer_result(f, 0, 0, 0);
    else if (more)
        next_sector(f, 0);
    else
        transfer_result(f, ST0_ABNORMAL, ST1_END_OF_CYLINDER, 0);
}

/* FORMAT TRACK: the host gives the ID of each sector, which is filled with the last argument. An image has room for the
 * sectors of its own format, in any order: others are not found. */
static void begin_format(struct i82077 *f)
{
    f->cylinder = f->head = f->sector = 0;
    f->size = f->command[2];
    f->eot = f->command[3];
    f->left = f->command[3];
    if (f->left)
        next_sector(f, 0);
    else
        transfer_result(f, 0, 0, 0);
}

static void format_step(struct i82077 *f)
{
    struct geometry g;

    if (!readable(f, command_unit(f), &g)) {
        transfer_result(f, ST0_ABNORMAL, ST1_MISSING_MARK, 0);
    } else if (f->command[2] != SECTOR_CODE) {
        transfer_result(f, ST0_ABNORMAL, ST1_NO_DATA, 0);
    } else if (writable(f)) {
        memset(f->buffer, 0, ID_BYTES);
        exchange(f, ID_BYTES);
    }
}

static void format_moved(struct i82077 *f, bool terminal_count)
{
    f->cylinder = f->buffer[0];
    f->head = f->buffer[1];
    f->sector = f->buffer[2];
    f->size = f->buffer[3];
    memset(f->buffer, f->command[5], sizeof f->buffer);
    if (!write_sector(f))
        return;
    if (!--f->left || terminal_count)
        transfer_result(f, 0, 0, 0);
    else
        next_sector(f, 0);
}

static void begin_read_id(struct i82077 *f)
{
    f->cylinder = f->head = f->sector = f->size = 0;
    next_sector(f, 0);
}

/* Of those under this head, the one in whose time we are. */
static struct sector_id passing_id(const struct i82077 *f, const struct i82077_unit *u, const struct geometry *g)
{
    uint64_t slot = clock_now(f->clock) / clock_ticks_us(f->clock, sector_us(u, g)) % g->sectors, passed = 0;
    struct sector_id id = {0, 0, 0, 0}, last = id;

    for (unsigned place = 0; place < g->heads * g->sectors && passed <= slot; place++)
        if (sector_at(g, track_under_head(u, g), place, &id) && id.head == head_select(f)) {
            last = id;
            passed += sector_bytes(id.size) / SECTOR_SIZE;
        }
    return last;
}

/* READ ID: the next ID that passes, by the time. */
static void read_id_step(struct i82077 *f)
{
    const struct i82077_unit *u = command_unit(f);
    struct geometry g;
    struct sector_id id;

    if (!readable(f, u, &g) || track_under_head(u, &g) >= g.cylinders || head_select(f) >= g.heads) {
        transfer_result(f, ST0_ABNORMAL, ST1_MISSING_MARK, 0);
        return;
    }
    f->cylinder = track_under_head(u, &g);
    f->head = head_select(f);
    id = passing_id(f, u, &g);
    f->sector = id.number;
    f->size = id.size;
    transfer_result(f, 0, 0, 0);
}

/* --- The other commands --- */

static void specify(struct i82077 *f)
{
    memcpy(f->specify, f->command + 1, 2);
    command_phase(f);
}

static void configure(struct i82077 *f)
{
    f->configure = f->command[2] & 0x7F;
    f->precompensation = f->command[3];
    command_phase(f);
}

static void perpendicular_mode(struct i82077 *f)
{
    uint8_t drives = f->command[1] & PERPENDICULAR_OW ? f->command[1] : f->perpendicular;

    f->perpendicular = (uint8_t)((drives & PERPENDICULAR_DRIVES) | (f->command[1] & PERPENDICULAR_MODE));
    command_phase(f);
}

static void sense_drive(struct i82077 *f)
{
    const struct i82077_unit *u = command_unit(f);
    uint8_t st3 = (uint8_t)(0x28 | (f->command[1] & 7)); /* ready, two sides */

    if (u->drive && !u->cylinder)
        st3 |= 0x10;
    if (u->drive && u->drive->read_only)
        st3 |= 0x40;
    result_byte(f, st3);
}

static void dump_registers(struct i82077 *f)
{
    const uint8_t bytes[10] = {f->unit[0].cylinder,
                               f->unit[1].cylinder,
                               f->unit[2].cylinder,
                               f->unit[3].cylinder,
                               f->specify[0],
                               f->specify[1],
                               f->eot,
                               (uint8_t)((f->locked ? 0x80 : 0) | f->perpendicular),
                               f->configure,
                               f->precompensation};
    result_phase(f, bytes, sizeof bytes);
}

static void version(struct i82077 *f)
{
    result_byte(f, 0x90); /* an enhanced controller */
}

static void lock(struct i82077 *f)
{
    f->locked = f->command[0] & 0x80;
    result_byte(f, f->locked ? 0x10 : 0);
}

/* clang-format off */
/* A command is recognised by its first byte under a mask; length counts that byte. */
static const struct command commands[] = {
    {0x06, 0x1F, 9, begin_transfer, read_step, advance, false, true},      /* READ DATA */
    {0x0C, 0x1F, 9, begin_transfer, read_deleted_step, read_deleted_moved, false, true}, /* READ DELETED DATA */
    {0x05, 0x3F, 9, begin_transfer, write_step, write_moved, true, true},  /* WRITE DATA */
    {0x09, 0x3F, 9, begin_transfer, write_step, write_moved, true, true},  /* WRITE DELETED DATA */
    {0x02, 0x9F, 9, begin_read_track, read_step, advance, false, true},    /* READ TRACK */
    {0x16, 0x1F, 9, begin_verify, verify_step, NULL, false, true},         /* VERIFY */
    {0x0D, 0xBF, 6, begin_format, format_step, format_moved, true, false}, /* FORMAT TRACK */
    {0x0A, 0xBF, 2, begin_read_id, read_id_step, NULL, false, false},      /* READ ID */
    {.value = 0x07, .mask = 0xFF, .length = 2, .begin = recalibrate},
    {.value = 0x08, .mask = 0xFF, .length = 1, .begin = sense_interrupt},
    {.value = 0x03, .mask = 0xFF, .length = 3, .begin = specify},
    {.value = 0x04, .mask = 0xFF, .length = 2, .begin = sense_drive},
    {.value = 0x0F, .mask = 0xFF, .length = 3, .begin = seek},
    {.value = 0x8F, .mask = 0xBF, .length = 3, .begin = relative_seek},
    {.value = 0x13, .mask = 0xFF, .length = 4, .begin = configure},
    {.value = 0x0E, .mask = 0xFF, .length = 1, .begin = dump_registers},
    {.value = 0x10, .mask = 0xFF, .length = 1, .begin = version},
    {.value = 0x12, .mask = 0xFF, .length = 2, .begin = perpendicular_mode},
    {.value = 0x14, .mask = 0x7F, .length = 1, .begin = lock},
};
/* clang-format on */

static const struct command *find_command(uint8_t byte)
{
    for (unsigned i = 0; i < sizeof commands / sizeof *commands; i++)
        if ((byte & commands[i].mask) == commands[i].value)
            return &commands[i];
    return NULL;
}

static bool in_reset(const struct i82077 *f)
{
    return !(f->dor & DOR_NOT_RESET);
}

static void floppy_due(void *device)
{
    struct i82077 *f = device;

    if (f->command_length) {
        find_command(f->command[0])->step(f);
    } else { /* the end of a reset: polling finds that all four drives have changed */
        f->reset_sense = 4;
        command_phase(f);
        interrupt(f, true);
    }
}

const char *i82077_loaded(void *device)
{
    const struct i82077 *f = device;
    const struct command *c = f->command_length ? find_command(f->command[0]) : NULL;
    bool whole = c && f->command_length == c->length;

    if (f->phase == PHASE_COMMAND && f->command_length && !(c && f->command_length < c->length))
        return "command";
    if ((f->phase == PHASE_BUSY || f->due_at != NEVER) && f->command_length && !(whole && c->step))
        return "command";
    if (f->phase == PHASE_TRANSFER && !(whole && c->moved && f->position < f->length))
        return "position";
    return f->phase == PHASE_RESULT && f->result_position >= f->result_length ? "result_position" : NULL;
}

/* --- Ports --- */

static bool host_writes(const struct i82077 *f)
{
    return find_command(f->command[0])->host_writes;
}

static uint8_t main_status(const struct i82077 *f)
{
    static const uint8_t by_phase[] = {[PHASE_COMMAND] = MSR_RQM,
                                       [PHASE_BUSY] = MSR_BUSY,
                                       [PHASE_TRANSFER] = MSR_RQM | MSR_BUSY | MSR_NON_DMA,
                                       [PHASE_RESULT] = MSR_RQM | MSR_BUSY | MSR_DIO};
    uint8_t status = by_phase[f->phase];

    if (in_reset(f) || (f->phase == PHASE_BUSY && !f->command_length))
        return 0;
    if (f->phase == PHASE_COMMAND && f->command_length)
        status |= MSR_BUSY;
    if (f->phase == PHASE_TRANSFER && !host_writes(f))
        status |= MSR_DIO;
    for (unsigned i = 0; i < 4; i++)
        status |= (uint8_t)(f->unit[i].seeking << i);
    return status;
}

static uint8_t data_read(struct i82077 *f)
{
    uint8_t byte = 0;

    if (f->phase == PHASE_TRANSFER && !host_writes(f)) {
        byte = f->buffer[f->position++];
        if (f->position == f->length)
            host_moved(f);
    } else if (f->phase == PHASE_RESULT) {
        interrupt(f, false);
        byte = f->result[f->result_position++];
        if (f->result_position == f->result_length)
            command_phase(f);
    }
    return byte;
}

static void data_write(struct i82077 *f, uint8_t value)
{
    const struct command *c;

    if (f->phase == PHASE_TRANSFER && host_writes(f)) {
        f->buffer[f->position++] = value;
        if (f->position == f->length)
            host_moved(f);
        return;
    }
    if (f->phase != PHASE_COMMAND || in_reset(f))
        return;
    f->command[f->command_length++] = value;
    c = find_command(f->command[0]);
    if (!c) {
        result_byte(f, ST0_INVALID);
    } else if (f->command_length == c->length) {
        c->begin(f);
    }
}

/* A software or hardware reset begins; it ends when DOR bit 2 is set again. */
static void enter_reset(struct i82077 *f)
{
    clock_schedule(f->clock, EVENT_FLOPPY, NEVER);
    clock_schedule(f->clock, EVENT_FLOPPY_SEEK, NEVER);
    command_phase(f);
    f->length = f->position = 0;
    f->reset_sense = 0;
    for (unsigned i = 0; i < 4; i++) {
        f->unit[i].seeking = false;
        f->unit[i].seek_status = 0;
    }
    if (f->locked) {
        f->configure &= CONFIGURE_LOCKABLE;
    } else {
        f->configure = CONFIGURE_FIFO_OFF;
        f->precompensation = 0;
    }
    f->perpendicular &= PERPENDICULAR_DRIVES;
    interrupt(f, false);
}

static void leave_reset(struct i82077 *f)
{
    later(f, RESET_US);
}

static void dor_write(struct i82077 *f, uint8_t value)
{
    bool was = in_reset(f);

    f->dor = value;
    if (in_reset(f) && !was)
        enter_reset(f);
    else if (!in_reset(f) && was)
        leave_reset(f);
    interrupt(f, f->interrupt); /* bit 3 gates the line */
}

static uint32_t floppy_read(void *device, uint16_t port, unsigned size)
{
    struct i82077 *f = device;
    const struct drive *selected = f->unit[f->dor & 3].drive;

    (void)size;
    switch (port & 7) {
    case 2: return f->dor;
    case 3: return 0x20; /* tape drive register: none */
    case 4: return main_status(f);
    case 5: return data_read(f);
    case 7: /* the change line of the selected drive, while its motor turns */
        return f->dor & DOR_MOTOR << (f->dor & 3) && selected && (selected->changed || !selected->medium) ? 0x80 : 0;
    default: return 0xFF;
    }
}

static uint64_t floppy_repeats(void *device, uint16_t port)
{
    (void)device;
    return (port & 7) == 5 ? 0 : NEVER;
}

static void floppy_write(void *device, uint16_t port, uint32_t wide, unsigned size)
{
    struct i82077 *f = device;
    uint8_t value = (uint8_t)wide;

    (void)size;
    switch (port & 7) {
    case 2: dor_write(f, value); break;
    case 4:
        f->rate = value & 3;
        if (value & 0x80 && !in_reset(f)) {
            enter_reset(f);
            leave_reset(f);
        }
        break;
    case 5: data_write(f, value); break;
    case 7: f->rate = value & 3; break;
    default: break;
    }
}

void i82077_init(struct i82077 *f, struct clock *clock, struct bus *bus, struct line irq, struct dma_line dma,
                 struct drive *const drives[2], const enum floppy_type types[2])
{
    memset(f, 0, sizeof *f);
    f->clock = clock;
    f->irq = irq;
    f->dma = dma;
    f->due_at = f->seek_due_at = NEVER;
    clock_register(clock, EVENT_FLOPPY, &f->due_at, floppy_due, f);
    clock_register(clock, EVENT_FLOPPY_SEEK, &f->seek_due_at, seek_due, f);
    for (unsigned i = 0; i < 2; i++) {
        f->unit[i].drive = drives[i];
        f->unit[i].type = types[i];
        if (drives[i])
            drives[i]->changed = true;
    }
    i82077_reset(f);
    bus_map_ports(bus, 0x3F2, 4, 1, floppy_read, floppy_write, f);
    bus_map_ports(bus, 0x3F7, 1, 1, floppy_read, floppy_write, f);
    bus_declare_repeats(bus, f, floppy_read, floppy_repeats);
}

void i82077_reset(struct i82077 *f)
{
    f->dor = 0;
    f->rate = 2;
    f->locked = false;
    f->perpendicular = 0;
    enter_reset(f);
}
