/* atapi.c - CD-ROM drives by packet commands and programmed I/O (SFF-8020i; ATA/ATAPI-6, PACKET).
 *
 * A drive reports a change of its medium, or a reset, by failing the next command once: such a command is given again.
 * A drive that is on its way to become ready is waited for. */
#include "atapi.h"

#include "ata.h"
#include "bda.h"

enum { CMD_PACKET = 0xA0, PACKET_BYTES = 12, CHUNK_BYTES = 0x8000 };
/* clang-format off */
enum { TEST_UNIT_READY = 0x00, REQUEST_SENSE = 0x03, START_STOP = 0x1B, PREVENT_REMOVAL = 0x1E, READ_CAPACITY = 0x25,
       READ_10 = 0x28 };
/* clang-format on */
enum { SENSE_NOT_READY = 2, SENSE_MEDIUM = 3, SENSE_ILLEGAL = 5, SENSE_ATTENTION = 6 };
enum { ASC_BECOMING_READY = 0x04, ASC_CHANGED = 0x28, ASC_NO_MEDIUM = 0x3A };
enum { OK = 0, NOT_FOUND = 0x04, MEDIUM_ERROR = 0x10, CONTROLLER = 0x20, NO_MEDIUM = 0x31, RETRY = 0xFE, WAIT = 0xFF };
enum { ATTEMPTS = 8, READY_MS = 15000, POLL_MS = 50 };

/* Where the bytes of a transfer go: the first `skip` nowhere, the next `left` to `address`, the rest nowhere. */
struct target {
    uint32_t skip, left, address;
};

static void words_to(uint16_t port, uint32_t address, uint32_t words)
{
    uint32_t segment = address >= 0x100000 ? 0xFFFF : address >> 4, offset = address - segment * 16;

    asm volatile("pushw %%es; movw %w3, %%es; rep insw; popw %%es"
                 : "+D"(offset), "+c"(words)
                 : "d"(port), "r"(segment)
                 : "memory");
}

static void words_pass(uint16_t port, uint32_t words)
{
    uint16_t v;
    for (; words; words--)
        asm volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
}

/* What the drive offers at once: at most CHUNK_BYTES. */
static void take(const struct disk *d, uint16_t bytes, struct target *t)
{
    uint32_t pass = bytes < t->skip ? bytes : t->skip, keep = bytes - pass < t->left ? bytes - pass : t->left;

    words_pass(d->base + DATA, pass / 2);
    words_to(d->base + DATA, t->address, keep / 2);
    words_pass(d->base + DATA, (bytes - pass - keep + 1) / 2);
    t->skip -= pass;
    t->left -= keep;
    t->address += keep;
}

/* Gives a command and takes its data. Returns 0, STATUS_TIMEOUT, or RETRY if the drive wants to explain itself. */
static uint8_t packet(const struct disk *d, const uint8_t *command, struct target *t)
{
    if (!ata_wait_not_busy(d, LIMIT_MS))
        return STATUS_TIMEOUT;
    outb(d->base + DEVICE, d->select);
    if (!ata_wait_not_busy(d, LIMIT_MS))
        return STATUS_TIMEOUT;
    outb(d->base + ERROR, 0); /* features: no DMA */
    outb(d->base + LBA1, (uint8_t)CHUNK_BYTES);
    outb(d->base + LBA2, CHUNK_BYTES >> 8);
    outb(d->base + COMMAND, CMD_PACKET);
    if (!ata_wait_not_busy(d, LIMIT_MS))
        return STATUS_TIMEOUT;
    if (!(inb(d->control) & DATA_REQUEST))
        return RETRY;
    for (unsigned i = 0; i < PACKET_BYTES; i += 2)
        outw(d->base + DATA, command[i] | command[i + 1] << 8);
    for (;;) {
        if (!ata_wait_not_busy(d, LIMIT_MS))
            return STATUS_TIMEOUT;
        if (!(inb(d->control) & DATA_REQUEST))
            break;
        uint16_t bytes = inb(d->base + LBA1) | inb(d->base + LBA2) << 8;
        if (bytes == 0)
            return STATUS_TIMEOUT;
        take(d, bytes, t);
    }
    return inb(d->base + STATUS) & (FAILED | DRIVE_FAULT) ? RETRY : OK;
}

static uint32_t local_address(const void *p)
{
    uint16_t segment;
    asm("movw %%ss, %0" : "=r"(segment));
    return (uint32_t)segment * 16 + (uint32_t)p;
}

static void note_change(const struct disk *d)
{
    for (uint8_t i = 0; i < MAX_DISKS; i++) {
        struct disk other;
        far_read(&other, bda_get(ebda), EBDA_OFFSET(cdroms) + i * sizeof(other), sizeof(other));
        if (other.base == d->base && other.select == d->select)
            far_put8(bda_get(ebda), EBDA_OFFSET(cd_changed), far_get8(bda_get(ebda), EBDA_OFFSET(cd_changed)) | 1 << i);
    }
}

/* Why a command failed: a status of INT 13h, RETRY or WAIT. */
static uint8_t explanation(const struct disk *d)
{
    uint8_t sense[18] = {0}, command[PACKET_BYTES] = {REQUEST_SENSE, [4] = sizeof(sense)};
    struct target t = {.left = sizeof(sense), .address = local_address(sense)};
    uint8_t status = packet(d, command, &t), key = sense[2] & 15, code = sense[12];

    if (status != OK)
        return status == RETRY ? CONTROLLER : status;
    if (key == SENSE_ATTENTION && code == ASC_CHANGED)
        note_change(d);
    switch (key) {
    case SENSE_NOT_READY:
        return code == ASC_NO_MEDIUM ? NO_MEDIUM : code == ASC_BECOMING_READY ? WAIT : STATUS_NOT_READY;
    case SENSE_MEDIUM: return MEDIUM_ERROR;
    case SENSE_ILLEGAL: return NOT_FOUND;
    case SENSE_ATTENTION: return RETRY;
    default: return CONTROLLER;
    }
}

/* Until the command is done, or the drive will not do it. */
static uint8_t command(const struct disk *d, const uint8_t *bytes, const struct target *target)
{
    struct timeout limit;
    uint8_t status = RETRY;

    timeout_start(&limit, READY_MS);
    ata_interrupt_off(d, true);
    for (unsigned attempts = ATTEMPTS; attempts && (status == RETRY || status == WAIT);) {
        struct target t = *target;
        status = packet(d, bytes, &t);
        if (status == RETRY)
            status = explanation(d);
        if (status == WAIT && !timeout_expired(&limit))
            delay(POLL_MS);
        else
            attempts--;
    }
    ata_interrupt_off(d, false);
    return status == RETRY || status == WAIT ? STATUS_NOT_READY : status;
}

static uint8_t simple(const struct disk *d, uint8_t code, uint8_t argument)
{
    uint8_t bytes[PACKET_BYTES] = {code, [4] = argument};
    struct target none = {0};
    return command(d, bytes, &none);
}

uint8_t atapi_ready(const struct disk *d)
{
    return simple(d, TEST_UNIT_READY, 0);
}

uint8_t atapi_lock(const struct disk *d, bool lock)
{
    return simple(d, PREVENT_REMOVAL, lock);
}

uint8_t atapi_eject(const struct disk *d)
{
    return simple(d, START_STOP, 0x02);
}

static uint32_t big_endian(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | p[2] << 8 | p[3];
}

uint8_t atapi_capacity(struct disk *d)
{
    uint8_t answer[8] = {0}, bytes[PACKET_BYTES] = {READ_CAPACITY};
    struct target t = {.left = sizeof(answer), .address = local_address(answer)};
    uint8_t status = command(d, bytes, &t);

    d->total = status == OK ? big_endian(answer) + 1 : 0;
    return status;
}

uint8_t atapi_read(const struct disk *d, uint32_t block, uint16_t blocks, uint32_t skip, uint32_t bytes,
                   uint32_t address)
{
    uint8_t c[PACKET_BYTES] = {READ_10, 0, block >> 24, block >> 16, block >> 8, block, 0, blocks >> 8, blocks};
    struct target t = {skip, bytes, address};
    return blocks ? command(d, c, &t) : OK;
}
