/* ata.c - ATA channels and disks, with programmed I/O and DMA (ANSI X3.298 ATA-3, NCITS 317 ATA-4; LBA48: NCITS 347 ATA-6).
 *
 * The two units of a channel share the task file, as both hear every write; the selected one answers. A command is a kind of transfer, and a row of the
 * table below. Seeks and transfers take fixed times, so that completion depends on nothing but the tick. */
#include "emu/devices/ata.h"

#include <stddef.h>
#include <string.h>

#include "emu/devices/ata_device.h"
#include "emu/endian.h"

enum { CONTROL_NIEN = 2, CONTROL_SRST = 4, CONTROL_HOB = 0x80 };
#define RESET_US 2000  /* ATA-3 §9.1: BSY is cleared by a device that is quick */
#define LBA28_LIMIT 0x10000000u
enum { ENABLED_SMART = 0x01, ENABLED_CACHE = 0x20, ENABLED_LOOK_AHEAD = 0x40, ENABLED_ALL = 0x61 }; /* IDENTIFY word 85 */
enum { POWER_MANAGEMENT = 0x08 };                                                                   /* IDENTIFY word 82 */
enum { POWER_ACTIVE = 0xFF, POWER_IDLE = 0x80, POWER_STANDBY = 0 };

static const struct state_field ata_unit_state[] = {
    STATE(struct ata_unit, geometry.cylinders, U32, "IDENTIFY word 1"),
    STATE(struct ata_unit, geometry.heads, U32, "IDENTIFY word 3"),
    STATE(struct ata_unit, geometry.sectors, U32, "IDENTIFY word 6"),
    STATE(struct ata_unit, cylinders, U16, "cylinders of the current translation"),
    STATE(struct ata_unit, heads, U8, "heads of the current translation"),
    STATE(struct ata_unit, sectors, U8, "sectors per track of the current translation"),
    STATE_UP_TO(struct ata_unit, multiple, U8, ATA_MULTIPLE, "sectors per block of READ and WRITE MULTIPLE; 0: not set"),
    STATE(struct ata_unit, dma_mode, U8, "DMA transfer mode as SET FEATURES gave it; 0: none"),
    STATE(struct ata_unit, sense_key, U8, "ATAPI sense key"),
    STATE(struct ata_unit, sense_code, U8, "ATAPI additional sense code"),
    STATE(struct ata_unit, attention, U8, "ATAPI: additional sense code of the unit attention that waits; 0: none"),
    STATE(struct ata_unit, locked, BOOL, "ATAPI: removal is prevented"),
    STATE(struct ata_unit, tray_open, BOOL, "ATAPI: the guest has opened the tray"),
    STATE(struct ata_unit, seen_media, U32, "ATAPI: media that the guest knows of"),
    STATE(struct ata_unit, media_event, U8, "ATAPI: media event to tell: 2 new, 3 gone; 0: none"),
    STATE(struct ata_unit, power, U8, "CHECK POWER MODE: FFh active, 80h idle, 0 standby"),
    STATE(struct ata_unit, enabled, U8, "IDENTIFY word 85: bit 0 SMART, 5 write cache, 6 look-ahead"),
    STATE(struct ata_unit, keeps_settings, BOOL, "a software reset leaves these settings alone"),
    STATE_END
};

static const struct state_field ata_registers_state[] = {
    STATE(struct ata_registers, feature, U8, "Features register"),
    STATE(struct ata_registers, count, U8, "Sector Count register"),
    STATE(struct ata_registers, low, U8, "LBA Low (Sector Number) register"),
    STATE(struct ata_registers, mid, U8, "LBA Mid (Cylinder Low) register"),
    STATE(struct ata_registers, high, U8, "LBA High (Cylinder High) register"),
    STATE_END
};

const struct state_field ata_state[] = {
    STATE_TABLE(struct ata, unit, struct ata_unit, ata_unit_state, "device 0 and device 1"),
    STATE_TABLE(struct ata, now, struct ata_registers, ata_registers_state, "task file"),
    STATE_TABLE(struct ata, previous, struct ata_registers, ata_registers_state, "previous content of the task file (LBA48)"),
    STATE(struct ata, device, U8, "Device/Head register"),
    STATE(struct ata, control, U8, "Device Control register"),
    STATE(struct ata, status, U8, "Status register of the selected device, if there is one"),
    STATE(struct ata, error, U8, "Error register"),
    STATE(struct ata, command, U8, "command that runs or ran last"),
    STATE(struct ata, interrupt, BOOL, "interrupt pending"),
    STATE(struct ata, resetting, BOOL, "reset in progress"),
    STATE(struct ata, signature, BOOL, "the task file shows the kind of device"),
    STATE(struct ata, waits_for_dma, BOOL, "a DMA command waits for the bus master"),
    STATE_BYTE_ARRAY(struct ata, packet, "ATAPI command packet"),
    STATE(struct ata, chunk_limit, U16, "ATAPI: byte count that the host gave"),
    STATE_UP_TO(struct ata, chunk, U32, ATA_MULTIPLE * SECTOR_SIZE, "where in the buffer the data phase ends"),
    STATE(struct ata, sector, U64, "next sector of the running command"),
    STATE(struct ata, remaining, U32, "sectors of the running command not yet transferred"),
    STATE(struct ata, block, U32, "sectors of the block in the buffer"),
    STATE(struct ata, position, U32, "bytes of the buffer that the host has moved"),
    STATE_BUFFER(struct ata, buffer, length, "data phase, or what waits to be written"),
    STATE(struct ata, due_at, TICK, "the device is ready"),
    STATE_END
};

/* Sets what INTRQ follows from. The bus master sees the pin, not what waits behind nIEN. */
static void set_interrupt(struct ata *a, bool pending, uint8_t control)
{
    bool was = a->interrupt && !(a->control & CONTROL_NIEN), is = pending && !(control & CONTROL_NIEN);

    a->interrupt = pending;
    a->control = control;
    line_set(&a->irq, is);
    if (is && !was && a->dma)
        a->dma->interrupted(a->dma->engine);
}

void ata_interrupt(struct ata *a, bool pending)
{
    set_interrupt(a, pending, a->control);
}

/* The command is over; error 0 is success. */
void ata_complete(struct ata *a, uint8_t error)
{
    a->error = error;
    a->status = READY | (error ? STATUS_ERR : 0);
    a->length = a->position = 0;
    a->remaining = 0;
    ata_interrupt(a, true);
}

/* The buffer stays as it is: what the host has written is state until it is on the disk. */
void ata_busy(struct ata *a, uint64_t microseconds)
{
    a->status = STATUS_BSY;
    clock_schedule(a->clock, a->slot, clock_now(a->clock) + clock_ticks_us(a->clock, microseconds));
}

/* --- Addresses --- */

enum address_width { ADDRESS_28, ADDRESS_48 };

static uint32_t sector_count(const struct ata *a, enum address_width width)
{
    uint32_t count = a->now.count | (width == ADDRESS_48 ? a->previous.count << 8 : 0);

    if (count)
        return count;
    return width == ADDRESS_48 ? 65536 : 256;
}

/* How many sectors a command of this width can reach. A count of 2^28 - 1, the most that IDENTIFY word 60 can tell, ends at 0FFFFFFEh. */
static uint64_t reach(struct ata *a, enum address_width width)
{
    uint64_t sectors = ata_selected(a)->drive->sectors;
    return width == ADDRESS_28 && sectors >= LBA28_LIMIT ? LBA28_LIMIT - 1 : sectors;
}

/* Sectors from the next one of the running command to the end; the medium may have gone meanwhile. */
static uint64_t room(struct ata *a, enum address_width width)
{
    uint64_t end = reach(a, width);
    return a->sector < end ? end - a->sector : 0;
}

/* False: no such sector. */
static bool sector_address(struct ata *a, enum address_width width, uint64_t *sector)
{
    const struct ata_unit *u = ata_selected(a);
    const struct ata_registers *r = &a->now, *p = &a->previous;
    uint32_t low = r->low | (uint32_t)r->mid << 8 | (uint32_t)r->high << 16;

    if (width == ADDRESS_48) {
        *sector = low | (uint64_t)p->low << 24 | (uint64_t)p->mid << 32 | (uint64_t)p->high << 40;
    } else if (a->device & DEVICE_LBA) {
        *sector = low | (uint32_t)(a->device & DEVICE_HEAD) << 24;
    } else {
        uint32_t head = a->device & DEVICE_HEAD, cylinder = low >> 8;
        if (!r->low || r->low > u->sectors || head >= u->heads || cylinder >= u->cylinders)
            return false;
        *sector = ((uint64_t)cylinder * u->heads + head) * u->sectors + r->low - 1;
    }
    return *sector < reach(a, width);
}

/* Puts the address of a sector into the task file, in the form the command gave it in. */
static void show_address(struct ata *a, uint64_t sector, enum address_width width)
{
    const struct ata_unit *u = ata_selected(a);
    uint8_t head = a->device & DEVICE_HEAD;

    if (width == ADDRESS_48) {
        a->previous.low = (uint8_t)(sector >> 24);
        a->previous.mid = (uint8_t)(sector >> 32);
        a->previous.high = (uint8_t)(sector >> 40);
    } else if (a->device & DEVICE_LBA) {
        head = sector >> 24 & DEVICE_HEAD;
    } else {
        uint64_t track = sector / u->sectors;
        head = (uint8_t)(track % u->heads);
        sector = (sector % u->sectors + 1) | track / u->heads << 8;
    }
    a->now.low = (uint8_t)sector;
    a->now.mid = (uint8_t)(sector >> 8);
    a->now.high = (uint8_t)(sector >> 16);
    a->device = (uint8_t)((a->device & ~DEVICE_HEAD) | head);
}

/* --- Commands --- */

enum transfer { TRANSFER_READ, TRANSFER_WRITE, TRANSFER_VERIFY };

static const struct transfer_command {
    uint8_t opcode;
    enum transfer transfer;
    enum address_width width;
    enum { BLOCK_SINGLE, BLOCK_MULTIPLE, BLOCK_DMA } block;
} transfer_commands[] = {
    {0x20, TRANSFER_READ, ADDRESS_28, BLOCK_SINGLE},   {0x21, TRANSFER_READ, ADDRESS_28, BLOCK_SINGLE},
    {0x24, TRANSFER_READ, ADDRESS_48, BLOCK_SINGLE},   {0x25, TRANSFER_READ, ADDRESS_48, BLOCK_DMA},
    {0x29, TRANSFER_READ, ADDRESS_48, BLOCK_MULTIPLE}, {0x30, TRANSFER_WRITE, ADDRESS_28, BLOCK_SINGLE},
    {0x31, TRANSFER_WRITE, ADDRESS_28, BLOCK_SINGLE},  {0x34, TRANSFER_WRITE, ADDRESS_48, BLOCK_SINGLE},
    {0x35, TRANSFER_WRITE, ADDRESS_48, BLOCK_DMA},     {0x39, TRANSFER_WRITE, ADDRESS_48, BLOCK_MULTIPLE},
    {0x3C, TRANSFER_WRITE, ADDRESS_28, BLOCK_SINGLE},  {0x40, TRANSFER_VERIFY, ADDRESS_28, BLOCK_SINGLE},
    {0x41, TRANSFER_VERIFY, ADDRESS_28, BLOCK_SINGLE}, {0x42, TRANSFER_VERIFY, ADDRESS_48, BLOCK_SINGLE},
    {0xC4, TRANSFER_READ, ADDRESS_28, BLOCK_MULTIPLE}, {0xC5, TRANSFER_WRITE, ADDRESS_28, BLOCK_MULTIPLE},
    {0xC8, TRANSFER_READ, ADDRESS_28, BLOCK_DMA},      {0xC9, TRANSFER_READ, ADDRESS_28, BLOCK_DMA},
    {0xCA, TRANSFER_WRITE, ADDRESS_28, BLOCK_DMA},     {0xCB, TRANSFER_WRITE, ADDRESS_28, BLOCK_DMA},
};

static const struct transfer_command *find_transfer(uint8_t opcode)
{
    for (unsigned i = 0; i < sizeof transfer_commands / sizeof *transfer_commands; i++)
        if (transfer_commands[i].opcode == opcode)
            return &transfer_commands[i];
    return NULL;
}

static bool has_lba48(const struct ata_unit *u)
{
    return u->drive->sectors >= LBA28_LIMIT;
}

/* Sectors of the next block. */
static uint32_t next_block(struct ata *a, const struct transfer_command *t)
{
    uint32_t most = t->block == BLOCK_DMA ? ATA_MULTIPLE : t->block == BLOCK_MULTIPLE ? ata_selected(a)->multiple : 1;
    return a->remaining < most ? a->remaining : most;
}

static void data_phase(struct ata *a, uint32_t bytes)
{
    a->length = a->chunk = bytes;
    a->position = 0;
    a->status = READY | STATUS_DRQ;
}

static void begin_transfer(struct ata *a, const struct transfer_command *t)
{
    struct ata_unit *u = ata_selected(a);

    if ((t->width == ADDRESS_48 && !has_lba48(u)) || (t->block == BLOCK_MULTIPLE && !u->multiple) || (t->block == BLOCK_DMA && !a->dma) ||
        (t->transfer == TRANSFER_WRITE && u->drive->read_only)) {
        ata_complete(a, ERROR_ABRT);
        return;
    }
    if (!sector_address(a, t->width, &a->sector)) {
        ata_complete(a, ERROR_IDNF);
        return;
    }
    a->remaining = sector_count(a, t->width);
    if (t->transfer == TRANSFER_WRITE && t->block != BLOCK_DMA) {
        a->block = next_block(a, t);
        memset(a->buffer, 0, a->block * SECTOR_SIZE);
        data_phase(a, a->block * SECTOR_SIZE);
    } else {
        a->block = t->transfer == TRANSFER_VERIFY ? a->remaining : next_block(a, t);
        ata_busy(a, ACCESS_US + (uint64_t)a->block * SECTOR_US);
    }
}

/* Ends the command at the sector that could not be done. */
static void fail_transfer(struct ata *a, const struct transfer_command *t, uint32_t done, uint8_t error)
{
    show_address(a, a->sector + done, t->width);
    a->now.count = (uint8_t)(a->remaining - done);
    ata_complete(a, error);
}

/* Counts a block as done. Returns whether more follow. */
static bool block_done(struct ata *a, const struct transfer_command *t)
{
    a->sector += a->block;
    a->remaining -= a->block;
    show_address(a, a->sector - 1, t->width);
    a->now.count = (uint8_t)a->remaining;
    return a->remaining != 0;
}

/* Reads a block into the buffer. False: the command, or the machine, has ended. */
static bool fetch_block(struct ata *a, const struct transfer_command *t)
{
    uint64_t most = room(a, t->width);
    uint32_t count = a->block < most ? a->block : (uint32_t)most, done = 0;
    enum drive_result result = count ? drive_read(ata_selected(a)->drive, a->sector, count, a->buffer, &done) : DRIVE_OK;

    if (result == DRIVE_FAILED)
        return false;
    if (done < a->block)
        fail_transfer(a, t, done, result == DRIVE_BAD_SECTOR ? ERROR_UNC : ERROR_IDNF);
    return done == a->block;
}

/* Writes a block from the buffer. False as above. */
static bool store_block(struct ata *a, const struct transfer_command *t)
{
    if (a->block > room(a, t->width)) {
        fail_transfer(a, t, 0, ERROR_IDNF);
        return false;
    }
    return drive_write(ata_selected(a)->drive, a->sector, a->block, a->buffer) == DRIVE_OK;
}

static void read_block(struct ata *a, const struct transfer_command *t)
{
    if (!fetch_block(a, t))
        return;
    data_phase(a, a->block * SECTOR_SIZE);
    ata_interrupt(a, true);
}

static void write_block(struct ata *a, const struct transfer_command *t)
{
    if (!store_block(a, t))
        return;
    if (!block_done(a, t)) {
        ata_complete(a, 0);
        return;
    }
    a->block = next_block(a, t);
    memset(a->buffer, 0, a->block * SECTOR_SIZE);
    data_phase(a, a->block * SECTOR_SIZE);
    ata_interrupt(a, true);
}

bool ata_dma_move(struct ata *a, uint32_t length, bool to_memory)
{
    a->waits_for_dma = !a->dma->move(a->dma->engine, a->buffer, length, to_memory);
    if (a->waits_for_dma)
        a->status = READY | STATUS_DRQ;
    return !a->waits_for_dma;
}

void ata_dma_started(struct ata *a)
{
    if (!a->waits_for_dma)
        return;
    a->waits_for_dma = false;
    ata_busy(a, 1);
}

/* One block between disk and memory. What was read waits in the buffer until the bus master takes it. */
static void dma_block(struct ata *a, const struct transfer_command *t)
{
    uint32_t bytes = a->block * SECTOR_SIZE;

    if (t->transfer == TRANSFER_READ) {
        if (!a->length && !fetch_block(a, t))
            return;
        a->length = bytes;
    }
    if (!ata_dma_move(a, bytes, t->transfer == TRANSFER_READ) || (t->transfer == TRANSFER_WRITE && !store_block(a, t)))
        return;
    a->length = 0;
    if (!block_done(a, t)) {
        ata_complete(a, 0);
        return;
    }
    a->block = next_block(a, t);
    ata_busy(a, (uint64_t)a->block * SECTOR_US);
}

static void verify_sectors(struct ata *a, const struct transfer_command *t)
{
    while (a->remaining) {
        uint32_t done;
        if (!room(a, t->width)) {
            fail_transfer(a, t, 0, ERROR_IDNF);
            return;
        }
        switch (drive_read(ata_selected(a)->drive, a->sector, 1, a->buffer, &done)) {
        case DRIVE_FAILED:
            return;
        case DRIVE_BAD_SECTOR:
            fail_transfer(a, t, 0, ERROR_UNC);
            return;
        case DRIVE_OK:
            a->block = 1;
            block_done(a, t);
        }
    }
    ata_complete(a, 0);
}

void ata_put_word(struct ata *a, unsigned word, uint32_t value)
{
    store16(a->buffer + 2 * word, (uint16_t)value);
}

static void put_long(struct ata *a, unsigned word, uint32_t value)
{
    ata_put_word(a, word, value);
    ata_put_word(a, word + 1, value >> 16);
}

/* Text is stored with the bytes of each word exchanged, padded with blanks. */
void ata_put_text(struct ata *a, unsigned word, unsigned words, const char *text)
{
    for (unsigned i = 0; i < 2 * words; i++)
        a->buffer[2 * word + (i ^ 1)] = (uint8_t)(*text ? *text++ : ' ');
}

uint16_t ata_dma_modes(struct ata *a)
{
    uint8_t mode = ata_selected(a)->dma_mode;

    return (uint16_t)(a->dma ? 7 | (mode ? 0x100 << (mode & 3) : 0) : 0);
}

static void identify(struct ata *a)
{
    const struct ata_unit *u = ata_selected(a);
    uint64_t sectors = u->drive->sectors;
    char serial[] = "MUNIMENT-0";

    serial[sizeof serial - 2] = (char)('0' + u->number);
    memset(a->buffer, 0, SECTOR_SIZE);
    ata_put_word(a, 0, 0x0040); /* fixed disk */
    ata_put_word(a, 1, u->geometry.cylinders);
    ata_put_word(a, 3, u->geometry.heads);
    ata_put_word(a, 6, u->geometry.sectors);
    ata_put_text(a, 10, 10, serial);
    ata_put_word(a, 20, 3);
    ata_put_word(a, 21, 512); /* 256 KiB of buffer */
    ata_put_word(a, 22, 4);
    ata_put_text(a, 23, 4, "0");
    ata_put_text(a, 27, 20, "MUNIMENT ARCHIVED DISK");
    ata_put_word(a, 47, 0x8000 | ATA_MULTIPLE);
    ata_put_word(a, 49, a->dma ? 0x0B00 : 0x0A00); /* IORDY, LBA, DMA */
    ata_put_word(a, 51, 0x0200);
    ata_put_word(a, 53, 3);
    ata_put_word(a, 54, u->cylinders);
    ata_put_word(a, 55, u->heads);
    ata_put_word(a, 56, u->sectors);
    put_long(a, 57, (uint32_t)u->cylinders * u->heads * u->sectors);
    ata_put_word(a, 59, u->multiple ? 0x100u | u->multiple : 0);
    put_long(a, 60, (uint32_t)reach(a, ADDRESS_28));
    ata_put_word(a, 63, ata_dma_modes(a));
    ata_put_word(a, 64, 3); /* PIO modes 3 and 4 */
    for (unsigned word = 65; word <= 68; word++)
        ata_put_word(a, word, 120);
    ata_put_word(a, 80, has_lba48(u) ? 0x7E : 0x1E);
    ata_put_word(a, 82, POWER_MANAGEMENT | ENABLED_ALL);
    ata_put_word(a, 83, has_lba48(u) ? 0x7400 : 0x5000);
    ata_put_word(a, 84, 0x4000);
    ata_put_word(a, 85, POWER_MANAGEMENT | u->enabled);
    ata_put_word(a, 86, has_lba48(u) ? 0x3400 : 0x1000);
    ata_put_word(a, 87, 0x4000);
    if (has_lba48(u)) {
        put_long(a, 100, (uint32_t)sectors);
        put_long(a, 102, (uint32_t)(sectors >> 32));
    }
}

/* Shows the kind of the selected device: ATA-4 §9.12. */
static void show_signature(struct ata *a)
{
    const struct ata_unit *u = ata_selected(a);

    a->signature = true;
    a->now.count = a->now.low = u->drive ? 1 : 0;
    a->now.mid = u->packet ? 0x14 : 0;
    a->now.high = u->packet ? 0xEB : 0;
}

/* What is there after a reset or EXECUTE DEVICE DIAGNOSTIC. */
static void signature(struct ata *a)
{
    a->previous = (struct ata_registers){0};
    a->device = 0;
    a->error = 1;
    show_signature(a);
}

static void initialize_parameters(struct ata *a)
{
    struct ata_unit *u = ata_selected(a);
    uint32_t heads = (a->device & DEVICE_HEAD) + 1u, sectors = a->now.count;
    uint64_t cylinders;

    if (!sectors) {
        ata_complete(a, ERROR_ABRT);
        return;
    }
    cylinders = u->drive->sectors / (heads * sectors);
    if (!cylinders)
        cylinders = 1; /* though not all of it is there */
    u->heads = (uint8_t)heads;
    u->sectors = (uint8_t)sectors;
    u->cylinders = cylinders > 65535 ? 65535 : (uint16_t)cylinders;
    ata_complete(a, 0);
}

/* A size that is not supported disables READ and WRITE MULTIPLE: ATA-3, SET MULTIPLE MODE. */
static void set_multiple(struct ata *a)
{
    uint8_t n = a->now.count;
    bool supported = n <= ATA_MULTIPLE && !(n & (n - 1));

    ata_selected(a)->multiple = supported ? n : 0;
    ata_complete(a, supported ? 0 : ERROR_ABRT);
}

static void enable(struct ata *a, uint8_t feature, bool on)
{
    struct ata_unit *u = ata_selected(a);

    u->enabled = (uint8_t)(on ? u->enabled | feature : u->enabled & ~feature);
    ata_complete(a, 0);
}

static void set_features(struct ata *a)
{
    uint8_t mode = a->now.count;

    switch (a->now.feature) {
    case 0x03: /* transfer mode: PIO, the default one or 0 to 4; multiword DMA 0 to 2 */
        if (a->dma && mode >= 0x20 && mode <= 0x22)
            ata_selected(a)->dma_mode = mode;
        else if (!(mode < 2 || (mode >= 8 && mode <= 12)))
            mode = 0xFF;
        ata_complete(a, mode == 0xFF ? ERROR_ABRT : 0);
        break;
    case 0x66: case 0xCC: /* a software reset keeps settings, or reverts to the defaults */
        ata_selected(a)->keeps_settings = a->now.feature == 0x66;
        ata_complete(a, 0);
        break;
    case 0x02: case 0x82:
        enable(a, ENABLED_CACHE, a->now.feature == 0x02);
        break;
    case 0x55: case 0xAA:
        enable(a, ENABLED_LOOK_AHEAD, a->now.feature == 0xAA);
        break;
    default:
        ata_complete(a, ERROR_ABRT);
    }
}

/* --- SMART: ATA-4 §8.41; the attributes' meaning is the vendors' custom. A medium that is an image does not age. --- */

enum { SMART_READ_DATA = 0xD0, SMART_READ_THRESHOLDS = 0xD1, SMART_AUTOSAVE = 0xD2, SMART_SAVE = 0xD3, SMART_ENABLE = 0xD8, SMART_DISABLE = 0xD9,
       SMART_RETURN_STATUS = 0xDA };
enum { SMART_KEY_MID = 0x4F, SMART_KEY_HIGH = 0xC2, SMART_REVISION = 16, SMART_ENTRY = 12 };

/* Number of the attribute, flags (1: tells of failure, 2: collected on-line), threshold, and the count it begins with. */
static const uint8_t smart_attributes[][4] = {
    {1, 0x0B, 16, 0},  /* read errors */
    {3, 0x07, 24, 0},  /* spin-up time */
    {4, 0x12, 0, 1},   /* starts and stops */
    {5, 0x33, 5, 0},   /* sectors put elsewhere */
    {9, 0x12, 0, 0},   /* hours of power */
    {12, 0x32, 0, 1},  /* times of power-on */
    {197, 0x22, 0, 0}, /* sectors that wait for that */
};

/* Attribute values or their thresholds: lists of twelve bytes to the entry, and a byte that makes all add up to zero. */
static void smart_data(struct ata *a, bool thresholds)
{
    uint8_t sum = 0, *entry = a->buffer + 2;

    memset(a->buffer, 0, SECTOR_SIZE);
    ata_put_word(a, 0, SMART_REVISION);
    for (unsigned i = 0; i < sizeof smart_attributes / sizeof *smart_attributes; i++, entry += SMART_ENTRY) {
        const uint8_t *attribute = smart_attributes[i];
        entry[0] = attribute[0];
        entry[1] = attribute[thresholds ? 2 : 1];
        if (thresholds)
            continue;
        entry[3] = entry[4] = 100; /* now, and at worst */
        entry[5] = attribute[3];
    }
    if (!thresholds)
        a->buffer[368] = 2; /* values are saved after each change */
    for (unsigned i = 0; i < SECTOR_SIZE - 1; i++)
        sum = (uint8_t)(sum + a->buffer[i]);
    a->buffer[SECTOR_SIZE - 1] = (uint8_t)-sum;
}

static void smart(struct ata *a)
{
    bool enabled = ata_selected(a)->enabled & ENABLED_SMART;

    if (a->now.mid != SMART_KEY_MID || a->now.high != SMART_KEY_HIGH || (!enabled && a->now.feature != SMART_ENABLE)) {
        ata_complete(a, ERROR_ABRT);
        return;
    }
    switch (a->now.feature) {
    case SMART_READ_DATA: case SMART_READ_THRESHOLDS:
        ata_busy(a, ACCESS_US);
        break;
    case SMART_ENABLE: case SMART_DISABLE:
        enable(a, ENABLED_SMART, a->now.feature == SMART_ENABLE);
        break;
    case SMART_AUTOSAVE: case SMART_SAVE:
    case SMART_RETURN_STATUS: /* healthy: the key stays as it was given */
        ata_complete(a, 0);
        break;
    default:
        ata_complete(a, ERROR_ABRT);
    }
}

/* --- */

/* READ NATIVE MAX ADDRESS; the address cannot be set lower. */
static void native_max(struct ata *a, enum address_width width)
{
    if (width == ADDRESS_48 && !has_lba48(ata_selected(a))) {
        ata_complete(a, ERROR_ABRT);
        return;
    }
    show_address(a, reach(a, width) - 1, width);
    ata_complete(a, 0);
}

/* The power management commands, those of disks and CD-ROM drives alike. False: it is none. Nothing turns, so that no time passes. */
static bool power_command(struct ata *a, uint8_t opcode)
{
    struct ata_unit *u = ata_selected(a);

    switch (opcode) {
    case 0xE0: case 0x94: case 0xE2: case 0x96: case 0xE6: case 0x99: /* STANDBY IMMEDIATE, STANDBY, SLEEP */
        u->power = POWER_STANDBY;
        break;
    case 0xE1: case 0x95: case 0xE3: case 0x97: /* IDLE IMMEDIATE, IDLE */
        u->power = POWER_IDLE;
        break;
    case 0xE5: case 0x98: /* CHECK POWER MODE */
        a->now.count = u->power;
        break;
    default:
        return false;
    }
    ata_complete(a, 0);
    return true;
}

/* The commands of a CD-ROM drive; the others are aborted, with its signature where that says what it is. */
static void execute_packet_device(struct ata *a, uint8_t opcode)
{
    if (power_command(a, opcode))
        return;
    switch (opcode) {
    case 0x08: /* DEVICE RESET */
        atapi_reset(ata_selected(a));
        show_signature(a);
        a->error = 1;
        a->status = 0;
        break;
    case 0xA0: /* PACKET */
        ata_selected(a)->power = POWER_ACTIVE;
        atapi_begin(a);
        break;
    case 0xA1: /* IDENTIFY PACKET DEVICE */
        ata_busy(a, ACCESS_US);
        break;
    case 0xEF:
        set_features(a);
        break;
    default:
        show_signature(a);
        ata_complete(a, ERROR_ABRT);
    }
}

static void execute(struct ata *a, uint8_t opcode)
{
    const struct transfer_command *t = find_transfer(opcode);

    a->command = opcode;
    a->signature = a->waits_for_dma = false;
    a->error = 0;
    a->remaining = 0;
    a->length = a->position = 0;
    clock_schedule(a->clock, a->slot, NEVER);
    ata_interrupt(a, false);
    if (opcode == 0x90) { /* EXECUTE DEVICE DIAGNOSTIC: both devices, whichever is selected */
        signature(a);
        a->status = READY;
        ata_interrupt(a, true);
        return;
    }
    if (ata_selected(a)->packet) {
        execute_packet_device(a, opcode);
        return;
    }
    if (power_command(a, opcode))
        return;
    if (t || (opcode & 0xF0) == 0x10 || (opcode & 0xF0) == 0x70)
        ata_selected(a)->power = POWER_ACTIVE;
    if (t) {
        begin_transfer(a, t);
        return;
    }
    if ((opcode & 0xF0) == 0x70 && !sector_address(a, ADDRESS_28, &a->sector)) { /* SEEK */
        ata_complete(a, ERROR_IDNF);
        return;
    }
    if ((opcode & 0xF0) == 0x10 || (opcode & 0xF0) == 0x70) { /* RECALIBRATE, SEEK */
        ata_busy(a, ACCESS_US);
        return;
    }
    switch (opcode) {
    case 0xEC: /* IDENTIFY DEVICE */
        ata_busy(a, ACCESS_US);
        break;
    case 0x91:
        initialize_parameters(a);
        break;
    case 0xC6:
        set_multiple(a);
        break;
    case 0xEF:
        set_features(a);
        break;
    case 0xB0:
        smart(a);
        break;
    case 0xF8: case 0x27:
        native_max(a, opcode == 0x27 ? ADDRESS_48 : ADDRESS_28);
        break;
    case 0xE7: case 0xEA: /* FLUSH CACHE */
        ata_complete(a, 0);
        break;
    default:
        ata_complete(a, ERROR_ABRT);
    }
}

static void ata_due(void *device)
{
    struct ata *a = device;
    const struct transfer_command *t = find_transfer(a->command);

    if (a->resetting) {
        a->resetting = false;
        signature(a);
        a->status = READY;
    } else if (a->command == 0xA0) {
        atapi_due(a);
    } else if (t && t->block == BLOCK_DMA) {
        dma_block(a, t);
    } else if (t && t->transfer == TRANSFER_READ) {
        read_block(a, t);
    } else if (t && t->transfer == TRANSFER_WRITE) {
        write_block(a, t);
    } else if (t) {
        verify_sectors(a, t);
    } else if (a->command == 0xEC || a->command == 0xA1 || a->command == 0xB0) {
        if (a->command == 0xEC)
            identify(a);
        else if (a->command == 0xA1)
            atapi_identify(a);
        else
            smart_data(a, a->now.feature == SMART_READ_THRESHOLDS);
        data_phase(a, SECTOR_SIZE);
        ata_interrupt(a, true);
    } else {
        ata_complete(a, 0);
    }
}

/* A command that runs has the device that it is for, and what it counts fits the buffer. */
const char *ata_loaded(void *device)
{
    struct ata *a = device;
    const struct transfer_command *t = find_transfer(a->command);
    const struct ata_unit *u = ata_selected(a);
    bool runs = !a->resetting && (a->due_at != NEVER || a->status & STATUS_DRQ || a->waits_for_dma);
    bool takes_packet = a->command == 0xA0 && a->now.count == 1 && a->status & STATUS_DRQ;

    for (unsigned i = 0; i < 2; i++)
        if (a->unit[i].drive && !a->unit[i].packet && (!a->unit[i].heads || !a->unit[i].sectors))
            return "unit.heads";
    if (a->position > (takes_packet ? sizeof a->packet - 1 : a->length))
        return "position";
    if (!runs)
        return NULL;
    if (!u->drive)
        return "device";
    if (u->packet ? t != NULL : a->command == 0xA0)
        return "command";
    if (!t)
        return a->waits_for_dma && !a->dma ? "waits_for_dma" : NULL;
    if (t->block == BLOCK_DMA && !a->dma)
        return "command";
    return a->block <= a->remaining && (t->transfer == TRANSFER_VERIFY ? a->remaining <= 65536 : a->block <= ATA_MULTIPLE) ? NULL : "block";
}

static bool host_writes(const struct ata *a)
{
    const struct transfer_command *t = find_transfer(a->command);

    if (a->command == 0xA0)
        return a->now.count == 1; /* it waits for the packet */
    return t && t->transfer == TRANSFER_WRITE;
}

/* The host has moved the whole block. */
static void block_moved(struct ata *a)
{
    const struct transfer_command *t = find_transfer(a->command);

    if (host_writes(a)) {
        ata_busy(a, ACCESS_US + (uint64_t)a->block * SECTOR_US);
        return;
    }
    a->length = a->position = 0;
    a->status = READY;
    if (t && block_done(a, t)) {
        a->block = next_block(a, t);
        ata_busy(a, (uint64_t)a->block * SECTOR_US);
    }
}

static uint32_t data_read(void *device, uint16_t port, unsigned size)
{
    struct ata *a = device;
    uint32_t value = 0;

    (void)port;
    if (!(a->status & STATUS_DRQ) || host_writes(a) || a->waits_for_dma)
        return 0;
    for (unsigned i = 0; i < size && a->position < a->chunk; i++)
        value |= (uint32_t)a->buffer[a->position++] << 8 * i;
    if (a->position < a->chunk)
        return value;
    if (a->command == 0xA0)
        atapi_chunk_read(a);
    else
        block_moved(a);
    return value;
}

static void data_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    struct ata *a = device;

    (void)port;
    if (!(a->status & STATUS_DRQ) || !host_writes(a) || a->waits_for_dma)
        return;
    for (unsigned i = 0; a->command == 0xA0 && i < size && a->status & STATUS_DRQ; i++)
        atapi_packet_byte(a, (uint8_t)(value >> 8 * i));
    if (a->command == 0xA0)
        return;
    for (unsigned i = 0; i < size && a->position < a->length; i++)
        a->buffer[a->position++] = (uint8_t)(value >> 8 * i);
    if (a->position == a->length)
        block_moved(a);
}

/* An absent device is answered for by the other one: ATA-3 annex, "device 1 only" and "device 0 only" configurations. */
static uint8_t visible_status(struct ata *a)
{
    return ata_selected(a)->drive || a->status & STATUS_BSY ? a->status : 0;
}

static uint32_t task_read(void *device, uint16_t port, unsigned size)
{
    struct ata *a = device;
    const struct ata_registers *r = a->control & CONTROL_HOB ? &a->previous : &a->now;

    (void)size;
    switch (port & 7) {
    case 1: return a->error;
    case 2: return r->count;
    case 3: return r->low;
    case 4: return r->mid;
    case 5: return r->high;
    case 6: return a->device | 0xA0;
    default:
        if (ata_selected(a)->drive)
            ata_interrupt(a, false);
        return visible_status(a);
    }
}

/* A device that is busy takes DEVICE RESET alone; the diagnostic is for both devices, whichever is selected. */
static bool takes_command(struct ata *a, uint8_t opcode)
{
    bool in_reset = a->control & CONTROL_SRST || a->resetting;

    if (a->status & STATUS_BSY && (opcode != 0x08 || !ata_selected(a)->packet || in_reset))
        return false;
    return ata_selected(a)->drive || opcode == 0x90;
}

static void task_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    static const uint8_t fields[] = {offsetof(struct ata_registers, feature), offsetof(struct ata_registers, count),
                                     offsetof(struct ata_registers, low), offsetof(struct ata_registers, mid),
                                     offsetof(struct ata_registers, high)};
    struct ata *a = device;
    unsigned index = port & 7;

    (void)size;
    a->control &= (uint8_t)~CONTROL_HOB;
    if (a->status & (STATUS_BSY | STATUS_DRQ) && index != 7)
        return; /* ATA-4 §7.1: the task file is not to be written now */
    if (index == 6) {
        a->device = (uint8_t)value;
        if (a->signature)
            show_signature(a);
    } else if (index == 7) {
        if (takes_command(a, (uint8_t)value))
            execute(a, (uint8_t)value);
    } else {
        uint8_t field = fields[index - 1];
        a->signature = false;
        ((uint8_t *)&a->previous)[field] = ((uint8_t *)&a->now)[field];
        ((uint8_t *)&a->now)[field] = (uint8_t)value;
    }
}

static uint32_t control_read(void *device, uint16_t port, unsigned size)
{
    (void)port, (void)size;
    return visible_status(device);
}

/* SRST, or what it has in common with the cable's RESET-. */
static void software_reset(struct ata *a)
{
    clock_schedule(a->clock, a->slot, NEVER);
    signature(a);
    a->now.feature = 0;
    a->control = 0;
    a->command = 0;
    a->status = READY;
    a->remaining = a->block = 0;
    a->length = a->position = 0;
    a->resetting = false;
    a->waits_for_dma = false;
    a->chunk = a->chunk_limit = 0;
    for (unsigned i = 0; i < 2; i++) {
        struct ata_unit *u = &a->unit[i];
        if (!u->keeps_settings)
            u->multiple = 0;
        if (u->packet)
            atapi_reset(u);
    }
    ata_interrupt(a, false);
}

static void control_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    struct ata *a = device;
    bool was = a->control & CONTROL_SRST;

    (void)port, (void)size;
    if (value & CONTROL_SRST) {
        software_reset(a);
        a->status = STATUS_BSY;
    } else if (was) {
        a->resetting = true;
        ata_busy(a, RESET_US);
    }
    set_interrupt(a, a->interrupt, (uint8_t)value);
}

void ata_init(struct ata *a, struct clock *clock, struct bus *bus, uint16_t port, uint16_t control_port, enum event_slot slot,
              struct line irq, struct drive *const drives[2], const struct geometry geometry[2], const bool packet[2], unsigned number,
              const struct ata_dma *dma)
{
    memset(a, 0, sizeof *a);
    a->clock = clock;
    a->slot = slot;
    a->irq = irq;
    a->dma = dma;
    a->due_at = NEVER;
    clock_register(clock, slot, &a->due_at, ata_due, a);
    for (unsigned i = 0; i < 2; i++) {
        struct ata_unit *u = &a->unit[i];
        u->drive = drives[i];
        u->geometry = geometry[i];
        u->number = number + i;
        u->packet = packet[i];
    }
    ata_reset(a);
    if (!drives[0] && !drives[1])
        return; /* nothing on the cable: the ports float */
    bus_map_ports(bus, port, 1, 4, data_read, data_write, a);
    bus_map_ports(bus, port + 1, 7, 1, task_read, task_write, a);
    bus_map_ports(bus, control_port, 1, 1, control_read, control_write, a);
}

void ata_reset(struct ata *a)
{
    for (unsigned i = 0; i < 2; i++) {
        struct ata_unit *u = &a->unit[i];
        u->cylinders = (uint16_t)u->geometry.cylinders;
        u->heads = (uint8_t)u->geometry.heads;
        u->sectors = (uint8_t)u->geometry.sectors;
        u->dma_mode = 0;
        u->keeps_settings = false;
        u->power = POWER_ACTIVE;
        u->enabled = ENABLED_ALL;
    }
    software_reset(a);
}
