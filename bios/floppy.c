/* floppy.c - INT 13h for diskettes (the vector is 40h): an 82077AA on DMA channel 2 and IRQ 6.
 *
 * What is in a drive is found out when it is first used and after each change: the data rates that the drive knows are
 * tried until a sector header can be read, and the cylinder in the header says whether a 40-track diskette lies in an
 * 80-track drive. 40:90 keeps the answer in IBM's encoding. Completion is awaited in HLT. The start
 * of a motor is not: the machine's drive is ready at once, and software retries three times for one that is not. */
#include "floppy.h"

#include "bda.h"
#include "cd_image.h"
#include "cdrom.h"
#include "cmos.h"
#include "keyboard.h"
#include "print.h"

enum { DOR = 0x3F2, MSR = 0x3F4, FIFO = 0x3F5, RATE = 0x3F7, CHANGE_LINE = 0x80 };
enum { DOR_DMA = 0x08, DOR_RUN = 0x04 };
enum { MSR_READY = 0x80, MSR_INPUT = 0x40, MSR_BUSY = 0x10 };
/* clang-format off */
enum { SPECIFY = 0x03, RECALIBRATE = 0x07, SENSE = 0x08, SEEK = 0x0F, READ_ID = 0x4A, FORMAT = 0x4D, WRITE = 0xC5,
       READ = 0xE6 };
/* clang-format on */
enum { DMA_TO_MEMORY = 0x46, DMA_FROM_MEMORY = 0x4A };
enum { RATE_500 = 0, RATE_300 = 1, RATE_250 = 2, RATE_1000 = 3 };
enum { ESTABLISHED = 0x10, DOUBLE_STEP = 0x20 }; /* 40:90; rate above, format below */
/* clang-format off */
enum { OK = 0, BAD_COMMAND = 0x01, NO_MARK = 0x02, PROTECTED = 0x03, NOT_FOUND = 0x04, CHANGED = 0x06, OVERRUN = 0x08,
       DMA_BOUNDARY = 0x09, UNKNOWN_MEDIA = 0x0C, BAD_CRC = 0x10, CONTROLLER = 0x20, SEEK_FAILED = 0x40, TIMEOUT = 0x80 };
/* clang-format on */
enum { INTERRUPTED = 0x80, TICKS_LIMIT = 40, NO_RATE = 0xFF };
enum {
    MOTOR_OFF = 2,
    SECTOR_SIZE = 3,
    LAST_SECTOR = 4,
    GAP = 5,
    DATA_LENGTH = 6,
    FORMAT_GAP = 7,
    FILLER = 8
}; /* INT 1Eh */

/* Drive types by CMOS number from 1. */
struct drive_type {
    uint8_t last_cylinder, sectors, change_line, rates[3];
    uint8_t table[11];
};

static ROM_DATA struct drive_type drive_types[] = {
    {39, 9, 0, {RATE_250, NO_RATE, NO_RATE}, {0xDF, 2, 37, 2, 9, 0x2A, 0xFF, 0x50, 0xF6, 15, 8}},
    {79, 15, 1, {RATE_500, RATE_300, RATE_250}, {0xDF, 2, 37, 2, 15, 0x1B, 0xFF, 0x54, 0xF6, 15, 8}},
    {79, 9, 1, {RATE_250, NO_RATE, NO_RATE}, {0xDF, 2, 37, 2, 9, 0x2A, 0xFF, 0x50, 0xF6, 15, 8}},
    {79, 18, 1, {RATE_500, RATE_250, NO_RATE}, {0xAF, 2, 37, 2, 18, 0x1B, 0xFF, 0x6C, 0xF6, 15, 8}},
    {79, 36, 1, {RATE_1000, RATE_500, RATE_250}, {0xAF, 2, 37, 2, 36, 0x1B, 0xFF, 0x53, 0xF6, 15, 8}},
};

/* clang-format off */
/* What can be formatted where, for functions 17h (by its number) and 18h (by cylinders and sectors). */
static ROM_DATA struct { uint8_t drive, number, last_cylinder, sectors, rate, steps; } formats[] = {
    {1, 1, 39, 9, RATE_250, 0}, {2, 2, 39, 9, RATE_300, DOUBLE_STEP}, {2, 3, 79, 15, RATE_500, 0},
    {3, 4, 79, 9, RATE_250, 0}, {4, 4, 79, 9, RATE_250, 0}, {4, 0, 79, 18, RATE_500, 0},
    {5, 4, 79, 9, RATE_250, 0}, {5, 0, 79, 18, RATE_500, 0}, {5, 0, 79, 36, RATE_1000, 0},
};
/* clang-format on */

static uint8_t drive_type(uint8_t drive)
{
    uint8_t type = drive < 2 ? far_get8(bda_get(ebda), EBDA_OFFSET(fd_type) + drive) : 0;
    return type <= ARRAY_LENGTH(drive_types) ? type : 0;
}

/* A byte of the diskette parameters, which guests replace. */
static uint8_t parameter(unsigned n)
{
    return far_get8(vector_segment(0x1E), vector_offset(0x1E) + n);
}

static bool fifo_ready(uint8_t direction)
{
    struct timeout t;
    timeout_start(&t, 100);
    while ((inb(MSR) & (MSR_READY | MSR_INPUT)) != (MSR_READY | direction))
        if (timeout_expired(&t))
            return false;
    return true;
}

static bool fifo_write(const uint8_t *bytes, unsigned n)
{
    bda_put(fd_calibrated, bda_get(fd_calibrated) & ~INTERRUPTED);
    for (unsigned i = 0; i < n; i++) {
        if (!fifo_ready(0))
            return false;
        outb(FIFO, bytes[i]);
    }
    return true;
}

/* The result phase, into 40:42. */
static bool fifo_result(void)
{
    for (unsigned i = 0; i < 7; i++) {
        if (!fifo_ready(MSR_INPUT))
            return false;
        bda_put(fd_result[i], inb(FIFO));
        for (int wait = 0; wait < 4; wait++)
            inb(MSR);
        if (!(inb(MSR) & MSR_BUSY))
            return true;
    }
    return true;
}

static bool wait_done(void)
{
    uint8_t last = (uint8_t)bda_get(ticks), left = TICKS_LIMIT;

    soft_int_ax(0x15, DEVICE_BUSY | THE_FLOPPY);
    interrupts_off();
    while (!(bda_get(fd_calibrated) & INTERRUPTED) && left) {
        wait_for_interrupt();
        if ((uint8_t)bda_get(ticks) != last) {
            last = (uint8_t)bda_get(ticks);
            left--;
        }
    }
    interrupts_on();
    return left;
}

static bool sense_interrupt(void)
{
    uint8_t command = SENSE;
    return fifo_write(&command, 1) && fifo_result();
}

/* After a reset the controller reports each of its four drives; then it gets step rate and head times. Meanwhile its
 * status is left alone: on QEMU, reading that ends the reset without a report. */
void floppy_reset(void)
{
    uint8_t specify[3] = {SPECIFY, parameter(0), parameter(1)};

    bda_put(fd_calibrated, 0);
    if (!(bda_get(equipment) & 1))
        return;
    outb(0x21, inb(0x21) & ~0x40);
    outb(DOR, DOR_DMA);
    for (int i = 0; i < 8; i++)
        inb(DOR);
    outb(DOR, DOR_DMA | DOR_RUN);
    bda_put(fd_motors, bda_get(fd_motors) & 0x30);
    if (!wait_done())
        return;
    for (int drive = 0; drive < 4; drive++)
        if (!sense_interrupt())
            return;
    fifo_write(specify, sizeof(specify));
}

static void select_drive(uint8_t drive)
{
    bda_put(fd_motor_ticks, 0xFF);
    bda_put(fd_motors, (bda_get(fd_motors) & 0x0F) | drive << 4 | 1 << drive);
    outb(DOR, (bda_get(fd_motors) & 3) << 4 | DOR_DMA | DOR_RUN | drive);
}

/* A seek or recalibration: 0 or an error. */
static uint8_t move_head(uint8_t drive, const uint8_t *command, unsigned n)
{
    if (!fifo_write(command, n) || !wait_done() || !sense_interrupt())
        return TIMEOUT;
    if ((bda_get(fd_result[0]) & 0xE0) != 0x20)
        return SEEK_FAILED;
    bda_put(fd_cylinder[drive], bda_get(fd_result[1]));
    return OK;
}

/* Twice if need be: the controller gives up after fewer steps than a drive of 80 cylinders may want. */
static uint8_t recalibrate(uint8_t drive)
{
    uint8_t command[2] = {RECALIBRATE, drive}, status = OK;

    for (int attempt = 0; attempt < 2; attempt++) {
        status = move_head(drive, command, sizeof(command));
        if (status == OK) {
            bda_put(fd_calibrated, bda_get(fd_calibrated) | (1 << drive));
            return OK;
        }
    }
    return status;
}

static uint8_t seek(uint8_t drive, uint8_t cylinder)
{
    uint8_t command[3] = {SEEK, drive, cylinder};
    uint8_t status = bda_get(fd_calibrated) & 1 << drive ? OK : recalibrate(drive);

    if (status != OK || bda_get(fd_cylinder[drive]) == cylinder)
        return status;
    return move_head(drive, command, sizeof(command));
}

/* The first three result bytes (82077AA data sheet, section 6.3) as INT 13h names them. */
static uint8_t result_status(void)
{
    static ROM_DATA uint8_t names[] = {NO_MARK, PROTECTED, NOT_FOUND,  CONTROLLER,
                                       OVERRUN, BAD_CRC,   CONTROLLER, NOT_FOUND};
    uint8_t causes = bda_get(fd_result[1]);

    if (!(bda_get(fd_result[0]) & 0xC0))
        return OK;
    for (unsigned bit = 0; bit < 8; bit++)
        if (causes & 1 << bit)
            return rom_get(names[bit]);
    return CONTROLLER;
}

static uint8_t execute(const uint8_t *command, unsigned n)
{
    if (!fifo_write(command, n) || !wait_done() || !fifo_result())
        return TIMEOUT;
    return result_status();
}

static void set_media(uint8_t drive, uint8_t type, uint8_t rate, uint8_t steps)
{
    uint8_t format = type == 1 ? 3 : type == 2 && rate == RATE_300 ? 4 : type == 2 && rate == RATE_500 ? 5 : 7;
    bda_put(fd_media[drive], rate << 6 | steps | ESTABLISHED | format);
}

/* With the head on cylinder 2, a header that says 1 belongs to a diskette of half as many cylinders. */
static uint8_t find_media(uint8_t drive, uint8_t type)
{
    uint8_t read_id[2] = {READ_ID, drive}, status = TIMEOUT;

    for (unsigned i = 0; i < 3 && rom_get(drive_types[type - 1].rates[i]) != NO_RATE; i++) {
        uint8_t rate = rom_get(drive_types[type - 1].rates[i]);
        outb(RATE, rate);
        status = seek(drive, 2);
        if (status == OK)
            status = execute(read_id, sizeof(read_id));
        if (status == OK) {
            set_media(drive, type, rate, bda_get(fd_result[3]) == 1 ? DOUBLE_STEP : 0);
            return OK;
        }
        if (status == TIMEOUT)
            return status;
    }
    return status;
}

/* The change line stays active until the head moves with a diskette in the drive. */
static bool line_active(uint8_t type)
{
    return rom_get(drive_types[type - 1].change_line) && inb(RATE) & CHANGE_LINE;
}

static uint8_t check_change(uint8_t drive, uint8_t type)
{
    bool known = bda_get(fd_media[drive]) & ESTABLISHED;

    if (!line_active(type))
        return OK;
    bda_put(fd_media[drive], 0);
    bda_put(fd_calibrated, bda_get(fd_calibrated) & ~(1 << drive));
    uint8_t status = seek(drive, 1);
    if (status == OK)
        status = seek(drive, 0);
    if (status != OK || line_active(type))
        return TIMEOUT;
    return known ? CHANGED : OK;
}

/* Motor on, diskette known, rate set, head in place. */
static uint8_t prepare(uint8_t drive, uint8_t cylinder)
{
    uint8_t type = drive_type(drive), status;

    if (type == 0)
        return TIMEOUT;
    outb(0x21, inb(0x21) & ~0x40);
    select_drive(drive);
    status = check_change(drive, type);
    if (status == OK && !(bda_get(fd_media[drive]) & ESTABLISHED))
        status = find_media(drive, type);
    if (status != OK)
        return status;
    bda_put(fd_last_rate, bda_get(fd_media[drive]) & 0xC0);
    outb(RATE, bda_get(fd_media[drive]) >> 6);
    return seek(drive, bda_get(fd_media[drive]) & DOUBLE_STEP ? cylinder * 2 : cylinder);
}

/* Channel 2 cannot count past a 64 KiB boundary. */
static bool dma_start(uint8_t mode, uint32_t address, uint32_t bytes)
{
    if ((address & 0xFFFF) + bytes > 0x10000)
        return false;
    outb(0x0A, 0x06);
    outb(0x0C, 0);
    outb(0x0B, mode);
    outb(0x04, (uint8_t)address);
    outb(0x04, (uint8_t)(address >> 8));
    outb(0x81, (uint8_t)(address >> 16));
    outb(0x05, (uint8_t)(bytes - 1));
    outb(0x05, (uint8_t)((bytes - 1) >> 8));
    outb(0x0A, 0x02);
    return true;
}

static uint8_t move_sectors(const struct regs *r, uint8_t operation, uint8_t sector, uint8_t count, uint32_t address)
{
    uint8_t command[9] = {
        operation,      (r->dh & 1) << 2 | r->dl, r->ch, r->dh, sector, parameter(SECTOR_SIZE), parameter(LAST_SECTOR),
        parameter(GAP), parameter(DATA_LENGTH),
    };
    uint8_t mode = operation == WRITE ? DMA_FROM_MEMORY : DMA_TO_MEMORY;

    if (!dma_start(mode, address, (uint32_t)count * 128 << (parameter(SECTOR_SIZE) & 7)))
        return DMA_BOUNDARY;
    return execute(command, sizeof(command));
}

static uint8_t transfer(const struct regs *r, uint8_t operation)
{
    uint32_t address = (uint32_t)r->es * 16 + r->bx;

    if (r->al == 0)
        return BAD_COMMAND;
    if ((address & 0xFFFF) + ((uint32_t)r->al * 128 << (parameter(SECTOR_SIZE) & 7)) > 0x10000)
        return DMA_BOUNDARY;
    uint8_t status = prepare(r->dl, r->ch);
    return status == OK ? move_sectors(r, operation, r->cl, r->al, address) : status;
}

/* Reads sector by sector into the EBDA: not every DMA controller that this runs on knows the 8237's verify mode. */
static uint8_t verify(const struct regs *r)
{
    uint8_t status = parameter(SECTOR_SIZE) == 2 ? prepare(r->dl, r->ch) : BAD_COMMAND;
    uint32_t scratch = bda_get(ebda) * 16 + EBDA_OFFSET(sector);

    for (uint8_t i = 0; i < r->al && status == OK; i++)
        status = move_sectors(r, READ, r->cl + i, 1, scratch);
    return status;
}

/* ES:BX holds cylinder, head, sector and size for each sector of the track. */
static uint8_t format(const struct regs *r)
{
    uint8_t sectors = parameter(LAST_SECTOR);
    uint8_t command[6] = {
        FORMAT, (r->dh & 1) << 2 | r->dl, parameter(SECTOR_SIZE), sectors, parameter(FORMAT_GAP), parameter(FILLER),
    };
    uint8_t status = prepare(r->dl, r->ch);

    if (status != OK)
        return status;
    if (!dma_start(DMA_FROM_MEMORY, (uint32_t)r->es * 16 + r->bx, sectors * 4))
        return DMA_BOUNDARY;
    return execute(command, sizeof(command));
}

/* Function 08h; a drive that is not there is all zeros. */
static uint8_t parameters(struct regs *r)
{
    uint8_t type = drive_type(r->dl), installed = bda_get(equipment) & 1 ? (bda_get(equipment) >> 6 & 3) + 1 : 0;

    r->ax = r->bx = r->cx = r->es = r->di = 0;
    r->dx = installed;
    if (type == 0)
        return OK;
    r->bl = type;
    r->ch = rom_get(drive_types[type - 1].last_cylinder);
    r->cl = rom_get(drive_types[type - 1].sectors);
    r->dh = 1;
    r->es = ROM_SEGMENT;
    r->di = (uint16_t)(uint32_t)drive_types[type - 1].table;
    return OK;
}

static uint8_t change_status(struct regs *r)
{
    uint8_t type = drive_type(r->dl);

    if (type == 0)
        return TIMEOUT;
    select_drive(r->dl);
    return line_active(type) ? CHANGED : OK;
}

/* Functions 17h and 18h: what the next format is for. A diskette that was just put in does not matter to it. */
static uint8_t choose_format(struct regs *r, bool by_number)
{
    uint8_t type = drive_type(r->dl), last_cylinder = r->ch, sectors = r->cl & 63;

    if (type == 0)
        return by_number ? BAD_COMMAND : TIMEOUT;
    select_drive(r->dl);
    uint8_t status = check_change(r->dl, type);
    if (status != OK && status != CHANGED)
        return status;
    for (unsigned i = 0; i < ARRAY_LENGTH(formats); i++) {
        if (rom_get(formats[i].drive) != type ||
            (by_number ? rom_get(formats[i].number) != r->al || !r->al
                       : rom_get(formats[i].last_cylinder) != last_cylinder || rom_get(formats[i].sectors) != sectors))
            continue;
        set_media(r->dl, type, rom_get(formats[i].rate), rom_get(formats[i].steps));
        for (unsigned k = 0; k < ARRAY_LENGTH(drive_types) && !by_number; k++)
            if (rom_get(drive_types[k].last_cylinder) == last_cylinder && rom_get(drive_types[k].sectors) == sectors) {
                r->es = ROM_SEGMENT;
                r->di = (uint16_t)(uint32_t)drive_types[k].table;
            }
        return OK;
    }
    return by_number ? BAD_COMMAND : UNKNOWN_MEDIA;
}

static uint8_t perform(struct regs *r)
{
    switch (r->ah) {
    case 0x00: floppy_reset(); return OK;
    case 0x02: return transfer(r, READ);
    case 0x03: return transfer(r, WRITE);
    case 0x04: return verify(r);
    case 0x05: return format(r);
    case 0x08: return parameters(r);
    case 0x16: return change_status(r);
    case 0x17: return choose_format(r, true);
    case 0x18: return choose_format(r, false);
    default: return BAD_COMMAND;
    }
}

/* A controller that did not answer is reset; a diskette that could not be read is looked at anew next time. */
static void recover(uint8_t drive, uint8_t status)
{
    if (drive > 1)
        return;
    if (status == TIMEOUT && drive_type(drive))
        floppy_reset();
    if (status == NO_MARK || status == NOT_FOUND || status == SEEK_FAILED || status == TIMEOUT) {
        bda_put(fd_media[drive], bda_get(fd_media[drive]) & ~ESTABLISHED);
        bda_put(fd_calibrated, bda_get(fd_calibrated) & ~(1 << drive));
    }
}

/* Function 15h answers in AH: no drive, a drive without or with a change line. */
static void drive_service(struct regs *r)
{
    uint8_t function = r->ah, type = drive_type(r->dl);

    if (function == 0x15) {
        return_status(r, OK);
        r->ah = type == 0 ? 0 : 1 + rom_get(drive_types[type - 1].change_line);
        return;
    }
    if (function == 0x01) {
        return_status(r, bda_get(fd_status));
        return;
    }
    uint8_t status = perform(r);
    recover(r->dl, status);
    if (status != OK && function >= 0x02 && function <= 0x05)
        r->al = 0;
    bda_put(fd_motor_ticks, parameter(MOTOR_OFF));
    bda_put(fd_status, status);
    return_status(r, status);
}

/* INT 40h. While the boot image of a CD is drive 00h, the drives have the numbers after it. */
void floppy_service(struct regs *r)
{
    uint8_t asked = r->dl, emulated = cd_emulated(0x00), function = r->ah;

    interrupts_on();
    r->flags |= FLAG_IF; /* as INT 13h for disks */
    if (cd_service(r))
        return;
    r->dl -= emulated;
    drive_service(r);
    if (function != 0x08)
        r->dl = asked;
}

static ROM_DATA char floppy_text[] = "Floppy ";
static ROM_DATA char kb_text[] = " KB\n";

/* CMOS 10h: type of the first drive above, of the second below. */
void floppy_init(void)
{
    uint8_t types = cmos_read(CMOS_FLOPPY_TYPES), count = 0;

    for (uint8_t drive = 0; drive < 2; drive++) {
        far_put8(bda_get(ebda), EBDA_OFFSET(fd_type) + drive, drive ? types & 15 : types >> 4);
        uint8_t type = drive_type(drive);
        if (type == 0)
            continue;
        count++;
        bda_put(fd_present, bda_get(fd_present) | (7 << drive * 4));
        print(floppy_text);
        print_char('A' + drive);
        print_char(':');
        print_char(' ');
        print_number((rom_get(drive_types[type - 1].last_cylinder) + 1) * rom_get(drive_types[type - 1].sectors));
        print(kb_text);
    }
    if (count) {
        bda_put(equipment, bda_get(equipment) | (1 | (count - 1) << 6));
        floppy_reset();
    }
}
