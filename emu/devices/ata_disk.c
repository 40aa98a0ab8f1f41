/* ata_disk.c - disks on ATA channels, with programmed I/O and DMA (ANSI X3.298 ATA-3, NCITS 317 ATA-4; LBA48: NCITS 347
 * ATA-6).
 *
 * A command is a kind of transfer and a row of the table below, or one of a few others. Seeks and transfers take fixed
 * times, so that completion depends on nothing but the tick. */
#include "emu/devices/ata_disk.h"

#include <string.h>

#include "emu/devices/ata_task.h"
#include "emu/endian.h"

#define LBA28_LIMIT 0x10000000u
enum { POWER_MANAGEMENT = 0x08 }; /* IDENTIFY word 82 */

/* --- Addresses --- */

enum address_width { ADDRESS_28, ADDRESS_48 };

static uint32_t sector_count(const struct ata *a, enum address_width width)
{
    uint32_t count = a->now.count | (width == ADDRESS_48 ? a->previous.count << 8 : 0);

    if (count)
        return count;
    return width == ADDRESS_48 ? 65536 : 256;
}

/* How many sectors a command of this width can reach. A count of 2^28 - 1, the most that IDENTIFY word 60 can state,
 * ends at 0FFFFFFEh. */
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

/* Until the first sector of a command, or the interrupt of what was written. */
static uint64_t access_us(struct ata *a, enum transfer transfer)
{
    return transfer == TRANSFER_WRITE ? ata_selected(a)->write_us : ACCESS_US;
}

static void begin_transfer(struct ata *a, const struct transfer_command *t)
{
    struct ata_unit *u = ata_selected(a);

    if ((t->width == ADDRESS_48 && !has_lba48(u)) || (t->block == BLOCK_MULTIPLE && !u->multiple) ||
        (t->block == BLOCK_DMA && !a->dma) || (t->transfer == TRANSFER_WRITE && u->drive->read_only)) {
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
        ata_data_phase(a, a->block * SECTOR_SIZE);
    } else {
        a->block = t->transfer == TRANSFER_VERIFY ? a->remaining : next_block(a, t);
        ata_busy(a, access_us(a, t->transfer) + (uint64_t)a->block * SECTOR_US);
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
    enum drive_result result = count ? drive_read(ata_selected(a)->drive, a->sector, count, a->buffer, &done)
                                     : DRIVE_OK;

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
    ata_data_phase(a, a->block * SECTOR_SIZE);
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
    ata_data_phase(a, a->block * SECTOR_SIZE);
    ata_interrupt(a, true);
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
        case DRIVE_FAILED: return;
        case DRIVE_BAD_SECTOR: fail_transfer(a, t, 0, ERROR_UNC); return;
        case DRIVE_OK: a->block = 1; block_done(a, t);
        }
    }
    ata_complete(a, 0);
}

static void put_long(struct ata *a, unsigned word, uint32_t value)
{
    ata_put_word(a, word, value);
    ata_put_word(a, word + 1, value >> 16);
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
    ata_put_dma_modes(a);
    ata_put_word(a, 54, u->cylinders);
    ata_put_word(a, 55, u->heads);
    ata_put_word(a, 56, u->sectors);
    put_long(a, 57, (uint32_t)u->cylinders * u->heads * u->sectors);
    ata_put_word(a, 59, u->multiple ? 0x100u | u->multiple : 0);
    put_long(a, 60, (uint32_t)reach(a, ADDRESS_28));
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
    if (has_lba48(u)) { /* one by ATA-6 */
        if (a->dma)     /* a cable of 40 wires; by a jumper device 0, which is in order, or 1 */
            ata_put_word(a, 93, a->device & DEVICE_DEV ? 0x4300 : 0x400B);
        put_long(a, 100, (uint32_t)sectors);
        put_long(a, 102, (uint32_t)(sectors >> 32));
    }
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

/* --- SMART: ATA-4 §8.41; the attributes' meaning is the vendors' custom. A medium that is an image does not age.
 * --- */

/* clang-format off */
enum { SMART_READ_DATA = 0xD0, SMART_READ_THRESHOLDS = 0xD1, SMART_AUTOSAVE = 0xD2, SMART_SAVE = 0xD3, SMART_ENABLE = 0xD8, SMART_DISABLE = 0xD9,
       SMART_RETURN_STATUS = 0xDA };
/* clang-format on */
enum { SMART_KEY_MID = 0x4F, SMART_KEY_HIGH = 0xC2, SMART_REVISION = 16, SMART_ENTRY = 12 };

/* Number of the attribute, flags (1: predicts failure, 2: collected on-line), threshold, and the count it begins
 * with. */
static const uint8_t smart_attributes[][4] = {
    {1, 0x0B, 16, 0},  /* read errors */
    {3, 0x07, 24, 0},  /* spin-up time */
    {4, 0x12, 0, 1},   /* starts and stops */
    {5, 0x33, 5, 0},   /* sectors put elsewhere */
    {9, 0x12, 0, 0},   /* hours of power */
    {12, 0x32, 0, 1},  /* times of power-on */
    {197, 0x22, 0, 0}, /* sectors that wait for that */
};

/* Attribute values or their thresholds: lists of twelve bytes to the entry, and a byte that makes all add up to
 * zero. */
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
    case SMART_READ_DATA:
    case SMART_READ_THRESHOLDS: ata_busy(a, ACCESS_US); break;
    case SMART_ENABLE:
    case SMART_DISABLE: ata_enable(a, ENABLED_SMART, a->now.feature == SMART_ENABLE); break;
    case SMART_AUTOSAVE:
    case SMART_SAVE:
    case SMART_RETURN_STATUS: /* healthy: the key stays as it was given */ ata_complete(a, 0); break;
    default: ata_complete(a, ERROR_ABRT);
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

/* --- Called by the channel --- */

enum { RECALIBRATE = 0x10, SEEK = 0x70 }; /* and fifteen more commands each */

void ata_disk_execute(struct ata *a, uint8_t opcode)
{
    const struct transfer_command *t = find_transfer(opcode);
    uint8_t group = opcode & 0xF0;

    if (ata_power_command(a, opcode))
        return;
    if (t || group == RECALIBRATE || group == SEEK)
        ata_selected(a)->power = POWER_ACTIVE;
    if (t) {
        begin_transfer(a, t);
        return;
    }
    if (group == SEEK && !sector_address(a, ADDRESS_28, &a->sector)) {
        ata_complete(a, ERROR_IDNF);
        return;
    }
    if (group == RECALIBRATE || group == SEEK) {
        ata_busy(a, ACCESS_US);
        return;
    }
    switch (opcode) {
    case 0xEC: /* IDENTIFY DEVICE */ ata_busy(a, ACCESS_US); break;
    case 0x91: initialize_parameters(a); break;
    case 0xC6: set_multiple(a); break;
    case 0xEF: ata_set_features(a); break;
    case 0xB0: smart(a); break;
    case 0xF8:
    case 0x27: native_max(a, opcode == 0x27 ? ADDRESS_48 : ADDRESS_28); break;
    case 0xE7:
    case 0xEA: /* FLUSH CACHE */ ata_complete(a, 0); break;
    default: ata_complete(a, ERROR_ABRT);
    }
}

void ata_disk_due(struct ata *a)
{
    const struct transfer_command *t = find_transfer(a->command);

    if (t && t->block == BLOCK_DMA) {
        dma_block(a, t);
    } else if (t && t->transfer == TRANSFER_READ) {
        read_block(a, t);
    } else if (t && t->transfer == TRANSFER_WRITE) {
        write_block(a, t);
    } else if (t) {
        verify_sectors(a, t);
    } else if (a->command == 0xEC || a->command == 0xB0) {
        if (a->command == 0xEC)
            identify(a);
        else
            smart_data(a, a->now.feature == SMART_READ_THRESHOLDS);
        ata_data_phase(a, SECTOR_SIZE);
        ata_interrupt(a, true);
    } else {
        ata_complete(a, 0);
    }
}

bool ata_disk_takes_data(const struct ata *a)
{
    const struct transfer_command *t = find_transfer(a->command);

    return t && t->transfer == TRANSFER_WRITE;
}

void ata_disk_moved(struct ata *a)
{
    const struct transfer_command *t = find_transfer(a->command);

    if (ata_disk_takes_data(a)) {
        ata_busy(a, access_us(a, TRANSFER_WRITE) + (uint64_t)a->block * SECTOR_US);
        return;
    }
    a->length = a->position = 0;
    a->status = READY;
    if (t && block_done(a, t)) {
        a->block = next_block(a, t);
        ata_busy(a, (uint64_t)a->block * SECTOR_US);
    }
}

const char *ata_disk_loaded(const struct ata *a)
{
    const struct transfer_command *t = find_transfer(a->command);

    if (!t)
        return NULL;
    if (t->block == BLOCK_DMA && !a->dma)
        return "command";
    return a->block <= a->remaining &&
                   (t->transfer == TRANSFER_VERIFY ? a->remaining <= 65536 : a->block <= ATA_MULTIPLE)
               ? NULL
               : "block";
}
