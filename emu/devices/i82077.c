/* i82077.c - Intel 82077AA floppy disk controller (data sheet 290166-007) and its drives.
 *
 * A command is a row of the table at the end. Sectors pass one per event, as they would pass under the head: a revolution divided by the sectors
 * of a track. A medium answers only at its own data rate, as it would; 40-track media in 80-track drives are reached at every second cylinder. */
#include "emu/devices/i82077.h"

#include <string.h>

#include "formats/formats.h"

enum phase { PHASE_COMMAND, PHASE_BUSY, PHASE_TRANSFER, PHASE_RESULT };
enum { DOR_NOT_RESET = 4, DOR_DMA = 8, DOR_MOTOR = 0x10 };
enum { MSR_BUSY = 0x10, MSR_NON_DMA = 0x20, MSR_DIO = 0x40, MSR_RQM = 0x80 };
enum { ST0_ABNORMAL = 0x40, ST0_INVALID = 0x80, ST0_READY_CHANGED = 0xC0, ST0_SEEK_END = 0x20, ST0_EQUIPMENT = 0x10 };
enum { ST1_MISSING_MARK = 1, ST1_NOT_WRITABLE = 2, ST1_NO_DATA = 4, ST1_OVERRUN = 0x10, ST1_DATA_ERROR = 0x20, ST1_END_OF_CYLINDER = 0x80 };
enum { ST2_WRONG_CYLINDER = 0x10, ST2_DATA_ERROR = 0x20 };
enum { COMMAND_MT = 0x80, CONFIGURE_IMPLIED_SEEK = 0x40, CONFIGURE_NO_POLL = 0x10 };
#define SECTOR_CODE 2 /* N: 512 bytes */
#define RESET_US 250
#define LAST_CYLINDER 85

static const struct state_field unit_state[] = {
    STATE(struct i82077_unit, cylinder, U8, "cylinder under the heads"),
    STATE(struct i82077_unit, target, U8, "cylinder that the heads move to"),
    STATE(struct i82077_unit, seeking, BOOL, "the heads move"),
    STATE(struct i82077_unit, seek_done, BOOL, "a seek has ended that SENSE INTERRUPT STATUS has not told of"),
    STATE_END
};

const struct state_field i82077_state[] = {
    STATE_TABLE(struct i82077, unit, struct i82077_unit, unit_state, "drives 0 and 1"),
    STATE(struct i82077, dor, U8, "digital output register"),
    STATE(struct i82077, rate, U8, "data rate: 0 500, 1 300, 2 250, 3 1000 kbit/s"),
    STATE(struct i82077, phase, U8, "0 command, 1 busy, 2 transfer by the host, 3 result"),
    STATE_BUFFER(struct i82077, command, command_length, "bytes of the command"),
    STATE_BUFFER(struct i82077, result, result_length, "bytes of the result"),
    STATE(struct i82077, result_position, U32, "bytes of the result that were read"),
    STATE_BYTE_ARRAY(struct i82077, specify, "arguments of SPECIFY"),
    STATE(struct i82077, configure, U8, "second argument of CONFIGURE"),
    STATE(struct i82077, precompensation, U8, "third argument of CONFIGURE"),
    STATE(struct i82077, perpendicular, U8, "argument of PERPENDICULAR MODE"),
    STATE(struct i82077, locked, BOOL, "LOCK: CONFIGURE survives a software reset"),
    STATE(struct i82077, reset_sense, U8, "SENSE INTERRUPT STATUS answers owed after a reset"),
    STATE(struct i82077, interrupt, BOOL, "INT"),
    STATE(struct i82077, cylinder, U8, "C of the running transfer"),
    STATE(struct i82077, head, U8, "H of the running transfer"),
    STATE(struct i82077, sector, U8, "R of the running transfer"),
    STATE_BUFFER(struct i82077, buffer, length, "sector that the host moves itself"),
    STATE(struct i82077, position, U32, "bytes of it that were moved"),
    STATE(struct i82077, due_at, TICK, "next step of the transfer or reset"),
    STATE(struct i82077, seek_due_at, TICK, "the heads have arrived"),
    STATE_END
};

/* --- Lines and phases --- */

static void interrupt(struct i82077 *f, bool level)
{
    f->interrupt = level;
    line_set(&f->irq, level && f->dor & DOR_DMA);
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
    return f->command[1] >> 2 & 1;
}

/* Null where no drive is connected. */
static struct i82077_unit *command_unit(struct i82077 *f)
{
    unsigned n = unit_number(f);
    return n < 2 && f->unit[n].drive ? &f->unit[n] : NULL;
}

/* The medium under the head, if it turns and its format can be read at the data rate set. */
static bool readable(const struct i82077 *f, const struct i82077_unit *u, struct geometry *g)
{
    uint8_t rate;

    if (!u || !(f->dor & DOR_MOTOR << unit_number(f)) || !floppy_geometry(u->drive->sectors, g))
        return false;
    rate = g->sectors <= 9 ? (u->type == FLOPPY_1200K ? 1 : 2) : g->sectors <= 21 ? 0 : 3;
    return f->rate == rate;
}

static uint8_t track_under_head(const struct i82077_unit *u, const struct geometry *g)
{
    return g->cylinders == 40 && u->type != FLOPPY_360K ? u->cylinder / 2 : u->cylinder;
}

/* A revolution takes 200 ms, in 1.2M drives 167 ms. */
static uint64_t sector_us(const struct i82077_unit *u, const struct geometry *g)
{
    return (u->type == FLOPPY_1200K ? 166667 : 200000) / g->sectors;
}

/* --- Data transfer commands --- */

/* The seven result bytes. The ID is that of the next sector. */
static void transfer_result(struct i82077 *f, uint8_t st0, uint8_t st1, uint8_t st2)
{
    const uint8_t bytes[7] = {(uint8_t)(st0 | (f->command[1] & 7)), st1, st2, f->cylinder, f->head, f->sector, SECTOR_CODE};

    f->length = f->position = 0;
    result_phase(f, bytes, sizeof bytes);
    interrupt(f, true);
}

/* Moves the ID on by one sector: data sheet table 5-6. False when that leaves the track (or, with MT, the cylinder). */
static bool next_id(struct i82077 *f)
{
    bool multi = f->command[0] & COMMAND_MT;

    if (f->sector != f->command[6]) {
        f->sector++;
        return true;
    }
    f->sector = 1;
    if (multi && !f->head) {
        f->head = 1;
        return true;
    }
    if (multi)
        f->head = 0;
    f->cylinder++;
    return false;
}

/* Finds the sector of the ID under the head. True with its number on the medium; otherwise the command has ended. */
static bool find_sector(struct i82077 *f, struct geometry *g, uint64_t *sector)
{
    struct i82077_unit *u = command_unit(f);
    uint8_t track;

    if (!readable(f, u, g)) {
        transfer_result(f, ST0_ABNORMAL, ST1_MISSING_MARK, 0);
        return false;
    }
    track = track_under_head(u, g);
    if (f->cylinder != track || track >= g->cylinders) {
        transfer_result(f, ST0_ABNORMAL, ST1_NO_DATA, ST2_WRONG_CYLINDER);
        return false;
    }
    if (f->head >= g->heads || !f->sector || f->sector > g->sectors || f->command[5] != SECTOR_CODE) {
        transfer_result(f, ST0_ABNORMAL, ST1_NO_DATA, 0);
        return false;
    }
    *sector = ((uint64_t)track * g->heads + f->head) * g->sectors + f->sector - 1;
    return true;
}

static bool uses_dma(const struct i82077 *f)
{
    return !(f->specify[1] & 1);
}

/* One sector is done. */
static void advance(struct i82077 *f, bool terminal_count)
{
    struct geometry g;

    if (!next_id(f) && !terminal_count) {
        transfer_result(f, ST0_ABNORMAL, ST1_END_OF_CYLINDER, 0);
    } else if (terminal_count) {
        transfer_result(f, 0, 0, 0);
    } else if (!readable(f, command_unit(f), &g)) {
        transfer_result(f, ST0_ABNORMAL, ST1_MISSING_MARK, 0);
    } else {
        later(f, sector_us(command_unit(f), &g));
    }
}

/* The host moves the sector through the data register. */
static void host_transfer(struct i82077 *f)
{
    f->phase = PHASE_TRANSFER;
    f->length = sizeof f->buffer;
    f->position = 0;
    interrupt(f, true);
}

static void read_step(struct i82077 *f)
{
    struct drive *drive;
    struct geometry g;
    uint64_t sector;
    uint32_t done;
    bool tc = false;

    if (!find_sector(f, &g, &sector))
        return;
    drive = command_unit(f)->drive;
    switch (drive_read(drive, sector, 1, f->buffer, &done)) {
    case DRIVE_FAILED:
        return; /* the machine stops here */
    case DRIVE_BAD_SECTOR:
        transfer_result(f, ST0_ABNORMAL, ST1_DATA_ERROR, ST2_DATA_ERROR);
        return;
    case DRIVE_OK:
        break;
    }
    if (!uses_dma(f)) {
        host_transfer(f);
        return;
    }
    if (f->dma.transfer(f->dma.controller, f->dma.channel, f->buffer, sizeof f->buffer, &tc) < sizeof f->buffer && !tc)
        transfer_result(f, ST0_ABNORMAL, ST1_OVERRUN, 0);
    else
        advance(f, tc);
}

/* Writes the buffer to the sector of the ID. False when the command has ended. */
static bool write_sector(struct i82077 *f)
{
    struct geometry g;
    uint64_t sector;
    struct drive *drive;

    if (!find_sector(f, &g, &sector))
        return false;
    drive = command_unit(f)->drive;
    if (drive->read_only) {
        transfer_result(f, ST0_ABNORMAL, ST1_NOT_WRITABLE, 0);
        return false;
    }
    return drive_write(drive, sector, 1, f->buffer) == DRIVE_OK;
}

static void write_step(struct i82077 *f)
{
    bool tc = false;
    uint32_t moved;

    if (!uses_dma(f)) {
        host_transfer(f);
        return;
    }
    memset(f->buffer, 0, sizeof f->buffer);
    moved = f->dma.transfer(f->dma.controller, f->dma.channel, f->buffer, sizeof f->buffer, &tc);
    if (moved < sizeof f->buffer && !tc)
        transfer_result(f, ST0_ABNORMAL, ST1_OVERRUN, 0);
    else if (write_sector(f))
        advance(f, tc);
}

/* The host has moved its sector. There is no terminal count without DMA: the track's end ends the command. */
static void host_moved(struct i82077 *f, bool write)
{
    interrupt(f, false);
    f->length = f->position = 0;
    if (!write || write_sector(f))
        advance(f, false);
}

static void verify_step(struct i82077 *f)
{
    struct geometry g;
    uint64_t sector;

    if (!find_sector(f, &g, &sector))
        return;
    if (f->sector == f->command[6] && !(f->command[0] & COMMAND_MT && !f->head)) {
        next_id(f);
        transfer_result(f, 0, 0, 0);
    } else {
        advance(f, false);
    }
}

/* FORMAT TRACK: four bytes of ID for each sector from the host; the sector is filled with the last argument. */
static void format_step(struct i82077 *f)
{
    uint8_t id[4];
    bool tc = false;

    if (f->dma.transfer(f->dma.controller, f->dma.channel, id, sizeof id, &tc) < sizeof id) {
        transfer_result(f, ST0_ABNORMAL, ST1_OVERRUN, 0);
        return;
    }
    f->cylinder = id[0];
    f->head = id[1];
    f->sector = id[2];
    f->command[6] = f->command[3]; /* sectors per track, where the other commands have EOT */
    f->command[5] = f->command[2];
    memset(f->buffer, f->command[8], sizeof f->buffer);
    if (!write_sector(f))
        return;
    if (!--f->command[7] || tc)
        transfer_result(f, 0, 0, 0);
    else
        advance(f, false);
}

/* READ ID: the next ID that passes, which the time tells. */
static void read_id_step(struct i82077 *f)
{
    struct i82077_unit *u = command_unit(f);
    struct geometry g;

    if (!readable(f, u, &g) || track_under_head(u, &g) >= g.cylinders || head_select(f) >= g.heads) {
        transfer_result(f, ST0_ABNORMAL, ST1_MISSING_MARK, 0);
        return;
    }
    f->cylinder = track_under_head(u, &g);
    f->head = head_select(f);
    f->sector = (uint8_t)(clock_now(f->clock) / clock_ticks_us(f->clock, sector_us(u, &g)) % g.sectors + 1);
    transfer_result(f, 0, 0, 0);
}

/* Begins a command that waits for a sector to pass. Without a readable medium it gives up after two revolutions. */
static void begin_transfer(struct i82077 *f)
{
    struct i82077_unit *u = command_unit(f);
    struct geometry g;

    f->cylinder = f->command[2];
    f->head = f->command[3];
    f->sector = f->command[4];
    if (u && f->configure & CONFIGURE_IMPLIED_SEEK)
        u->cylinder = f->cylinder < LAST_CYLINDER ? f->cylinder : LAST_CYLINDER;
    later(f, readable(f, u, &g) ? sector_us(u, &g) : 400000);
}

static void begin_read_track(struct i82077 *f)
{
    begin_transfer(f);
    f->sector = 1;
}

static void begin_format(struct i82077 *f)
{
    f->command[8] = f->command[5]; /* filler */
    f->command[7] = f->command[3]; /* sectors to go */
    f->command_length = sizeof f->command; /* both are state now */
    begin_transfer(f);
    if (!f->command[3]) {
        clock_schedule(f->clock, EVENT_FLOPPY, NEVER);
        transfer_result(f, 0, 0, 0);
    }
}

/* --- Seeks --- */

static void begin_seek(struct i82077 *f, uint8_t target)
{
    struct i82077_unit *u = command_unit(f);
    unsigned steps = 0, step_ms = 16 - (f->specify[0] >> 4); /* at 500 kbit/s; the rate scales it */
    static const uint8_t scale[4] = {2, 3, 4, 1};             /* halves */

    command_phase(f);
    if (u) {
        u->target = target < LAST_CYLINDER ? target : LAST_CYLINDER;
        steps = (unsigned)(u->target > u->cylinder ? u->target - u->cylinder : u->cylinder - u->target);
        u->seeking = true;
    }
    clock_schedule(f->clock, EVENT_FLOPPY_SEEK,
                   clock_now(f->clock) + clock_ticks_us(f->clock, (uint64_t)(steps + 1) * step_ms * scale[f->rate] * 500));
}

static void seek(struct i82077 *f)
{
    begin_seek(f, f->command[2]);
}

static void relative_seek(struct i82077 *f)
{
    struct i82077_unit *u = command_unit(f);
    int at = u ? u->cylinder : 0, target = f->command[0] & 0x40 ? at + f->command[2] : at - f->command[2];

    begin_seek(f, (uint8_t)(target < 0 ? 0 : target > LAST_CYLINDER ? LAST_CYLINDER : target));
}

static void recalibrate(struct i82077 *f)
{
    begin_seek(f, 0);
}

static void seek_due(void *device)
{
    struct i82077 *f = device;

    for (unsigned i = 0; i < 2; i++) {
        struct i82077_unit *u = &f->unit[i];
        if (!u->seeking)
            continue;
        u->cylinder = u->target;
        u->seeking = false;
        u->seek_done = true;
        if (u->drive->medium)
            u->drive->changed = false; /* a step with a medium in the drive clears the change line */
    }
    interrupt(f, true);
}

static void sense_interrupt(struct i82077 *f)
{
    uint8_t bytes[2] = {ST0_INVALID, 0};

    interrupt(f, false);
    if (f->reset_sense) {
        unsigned n = 4u - f->reset_sense--;
        bytes[0] = (uint8_t)(ST0_READY_CHANGED | n);
        bytes[1] = n < 2 ? f->unit[n].cylinder : 0;
        result_phase(f, bytes, 2);
        return;
    }
    for (unsigned i = 0; i < 2; i++)
        if (f->unit[i].seek_done) {
            f->unit[i].seek_done = false;
            bytes[0] = (uint8_t)(ST0_SEEK_END | i);
            bytes[1] = f->unit[i].cylinder;
            result_phase(f, bytes, 2);
            return;
        }
    result_phase(f, bytes, 1);
}

/* --- The other commands --- */

static void specify(struct i82077 *f)
{
    memcpy(f->specify, f->command + 1, 2);
    command_phase(f);
}

static void configure(struct i82077 *f)
{
    f->configure = f->command[2];
    f->precompensation = f->command[3];
    command_phase(f);
}

static void perpendicular_mode(struct i82077 *f)
{
    f->perpendicular = f->command[1];
    command_phase(f);
}

static void sense_drive(struct i82077 *f)
{
    const struct i82077_unit *u = command_unit(f);
    uint8_t st3 = (uint8_t)(0x28 | (f->command[1] & 7)); /* ready, two sides */

    if (u && !u->cylinder)
        st3 |= 0x10;
    if (u && u->drive->read_only)
        st3 |= 0x40;
    result_byte(f, st3);
}

static void dump_registers(struct i82077 *f)
{
    const uint8_t bytes[10] = {f->unit[0].cylinder, f->unit[1].cylinder, 0, 0, f->specify[0], f->specify[1], f->command[6],
                               (uint8_t)((f->locked ? 0x80 : 0) | (f->perpendicular & 0x7F)), f->configure, f->precompensation};
    result_phase(f, bytes, sizeof bytes);
}

static void version(struct i82077 *f)
{
    result_byte(f, 0x90); /* an enhanced controller */
}

static void part_id(struct i82077 *f)
{
    result_byte(f, 0x01);
}

static void lock(struct i82077 *f)
{
    f->locked = f->command[0] & 0x80;
    result_byte(f, f->locked ? 0x10 : 0);
}

/* A command is recognised by its first byte under a mask; length counts that byte. step runs when its time has come. */
static const struct command {
    uint8_t value, mask, length;
    void (*begin)(struct i82077 *f);
    void (*step)(struct i82077 *f);
} commands[] = {
    {0x06, 0x1F, 9, begin_transfer, read_step},    /* READ DATA */
    {0x0C, 0x1F, 9, begin_transfer, read_step},    /* READ DELETED DATA */
    {0x05, 0x3F, 9, begin_transfer, write_step},   /* WRITE DATA */
    {0x09, 0x3F, 9, begin_transfer, write_step},   /* WRITE DELETED DATA */
    {0x02, 0x9F, 9, begin_read_track, read_step},  /* READ TRACK */
    {0x16, 0x1F, 9, begin_transfer, verify_step},  /* VERIFY */
    {0x0D, 0xBF, 6, begin_format, format_step},    /* FORMAT TRACK */
    {0x0A, 0xBF, 2, begin_transfer, read_id_step}, /* READ ID */
    {0x07, 0xFF, 2, recalibrate, NULL},
    {0x08, 0xFF, 1, sense_interrupt, NULL},
    {0x03, 0xFF, 3, specify, NULL},
    {0x04, 0xFF, 2, sense_drive, NULL},
    {0x0F, 0xFF, 3, seek, NULL},
    {0x8F, 0xBF, 3, relative_seek, NULL},
    {0x13, 0xFF, 4, configure, NULL},
    {0x0E, 0xFF, 1, dump_registers, NULL},
    {0x10, 0xFF, 1, version, NULL},
    {0x12, 0xFF, 2, perpendicular_mode, NULL},
    {0x14, 0x7F, 1, lock, NULL},
    {0x18, 0xFF, 1, part_id, NULL},
};

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
    } else { /* the end of a reset: all four drives report, once polling has found them */
        f->reset_sense = f->configure & CONFIGURE_NO_POLL ? 0 : 4;
        command_phase(f);
        interrupt(f, true);
    }
}

/* --- Ports --- */

static bool writes_data(const struct i82077 *f)
{
    return find_command(f->command[0])->step == write_step;
}

static uint8_t main_status(const struct i82077 *f)
{
    static const uint8_t by_phase[] = {
        [PHASE_COMMAND] = MSR_RQM, [PHASE_BUSY] = MSR_BUSY, [PHASE_TRANSFER] = MSR_RQM | MSR_BUSY | MSR_NON_DMA, [PHASE_RESULT] = MSR_RQM | MSR_BUSY | MSR_DIO};
    uint8_t status = by_phase[f->phase];

    if (in_reset(f) || (f->phase == PHASE_BUSY && !f->command_length))
        return 0;
    if (f->phase == PHASE_COMMAND && f->command_length)
        status |= MSR_BUSY;
    if (f->phase == PHASE_TRANSFER && !writes_data(f))
        status |= MSR_DIO;
    return (uint8_t)(status | f->unit[0].seeking | f->unit[1].seeking << 1);
}

static uint8_t data_read(struct i82077 *f)
{
    uint8_t byte = 0;

    if (f->phase == PHASE_TRANSFER && !writes_data(f)) {
        byte = f->buffer[f->position++];
        if (f->position == f->length)
            host_moved(f, false);
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

    if (f->phase == PHASE_TRANSFER && writes_data(f)) {
        f->buffer[f->position++] = value;
        if (f->position == f->length)
            host_moved(f, true);
        return;
    }
    if (f->phase != PHASE_COMMAND || in_reset(f))
        return;
    f->command[f->command_length++] = value;
    c = find_command(f->command[0]);
    if (!c) {
        result_byte(f, ST0_INVALID);
    } else if (f->command_length == c->length) {
        /* Arguments that a shorter command does not have are defined all the same. */
        memset(f->command + c->length, 0, sizeof f->command - c->length);
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
    for (unsigned i = 0; i < 2; i++)
        f->unit[i].seeking = f->unit[i].seek_done = false;
    if (!f->locked)
        f->configure = f->precompensation = 0;
    f->perpendicular = 0;
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
    const struct i82077_unit *u = &f->unit[f->dor & 1];

    (void)size;
    switch (port & 7) {
    case 2: return f->dor;
    case 3: return 0x20; /* tape drive register: none */
    case 4: return main_status(f);
    case 5: return data_read(f);
    case 7: /* the change line of the selected drive, while its motor turns */
        return f->dor & DOR_MOTOR << (f->dor & 3) && !(f->dor & 2) && u->drive && (u->drive->changed || !u->drive->medium) ? 0x80 : 0;
    default: return 0xFF;
    }
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
}

void i82077_reset(struct i82077 *f)
{
    f->dor = 0;
    f->rate = 2;
    f->locked = false;
    enter_reset(f);
}
