/* ata.c - ATA disks by programmed I/O (ATA/ATAPI-6; the commands used are those of ATA-1, and LBA48 where a disk needs
 * it).
 *
 * The drive is polled with its interrupt off, so a transfer works whatever the state of the interrupt flag and of the
 * interrupt controllers. Every wait has a limit, counted in refresh requests. */
#include "ata.h"

#include "bda.h"
#include "pci.h"

/* clang-format off */
enum { CMD_READ = 0x20, CMD_READ_EXT = 0x24, CMD_WRITE = 0x30, CMD_WRITE_EXT = 0x34, CMD_VERIFY = 0x40,
       CMD_VERIFY_EXT = 0x42, CMD_SET_FEATURES = 0xEF, CMD_SET_GEOMETRY = 0x91, CMD_IDENTIFY_PACKET = 0xA1, CMD_IDENTIFY = 0xEC };
/* clang-format on */
enum { CLASS_IDE = 0x0101, MASTER_STATUS = 2, MASTER_SECONDARY = 8, MASTER_CAPABLE = 0x60 };
enum { SET_MODE = 0x03, ULTRA_MODE = 0x40 }; /* SET FEATURES, and what it is given */
enum { SOFT_RESET = 0x04, NO_INTERRUPT = 0x02, CONTROL_FIXED = 0x08, DEVICE_LBA = 0x40 };

/* The error register, from the bit that matters most, and what INT 13h calls it. */
static ROM_DATA struct {
    uint8_t bit, status;
} error_names[] = {
    {0x80, 0x0A}, {0x40, 0x10}, {0x10, 0x04}, {0x04, 0x01}, {0x02, 0x40}, {0x01, 0x02},
};

void ata_interrupt_off(const struct disk *d, bool off)
{
    outb(d->control, CONTROL_FIXED | (off ? NO_INTERRUPT : 0));
}

bool ata_wait_not_busy(const struct disk *d, uint32_t milliseconds)
{
    struct timeout t;
    for (int i = 0; i < 4; i++)
        inb(d->control);
    timeout_start(&t, milliseconds);
    while (inb(d->control) & BUSY)
        if (timeout_expired(&t))
            return false;
    return true;
}

static uint8_t failure(const struct disk *d)
{
    uint8_t status = inb(d->base + STATUS), error = inb(d->base + ERROR);

    bda_put(hd_ata_status, status);
    bda_put(hd_ata_error, error);
    if (status & DRIVE_FAULT)
        return STATUS_FAULT;
    for (unsigned i = 0; i < ARRAY_LENGTH(error_names); i++)
        if (error & rom_get(error_names[i].bit))
            return rom_get(error_names[i].status);
    return 0xE0;
}

static uint8_t select_drive(const struct disk *d, uint8_t device)
{
    if (!ata_wait_not_busy(d, LIMIT_MS))
        return STATUS_TIMEOUT;
    outb(d->base + DEVICE, device);
    if (!ata_wait_not_busy(d, LIMIT_MS))
        return STATUS_TIMEOUT;
    return inb(d->control) & READY ? 0 : STATUS_NOT_READY;
}

uint8_t ata_ready(const struct disk *d)
{
    return select_drive(d, d->select);
}

static void set_address(const struct disk *d, uint8_t count, uint32_t lba)
{
    outb(d->base + COUNT, count);
    outb(d->base + LBA0, (uint8_t)lba);
    outb(d->base + LBA1, (uint8_t)(lba >> 8));
    outb(d->base + LBA2, (uint8_t)(lba >> 16));
}

/* A drive without LBA is addressed in its own geometry, as one cylinder after the other. */
static uint32_t own_address(const struct disk *d, uint32_t lba)
{
    uint32_t track = lba / d->sectors;
    return (track % d->heads) << 24 | (track / d->heads) << 8 | (lba % d->sectors + 1);
}

static uint8_t start(const struct disk *d, uint8_t command, uint64_t lba, uint16_t count)
{
    bool far = lba + count > 0x10000000;
    uint32_t address = d->flags & DISK_LBA ? (uint32_t)lba : own_address(d, (uint32_t)lba);
    uint8_t device = d->select | (d->flags & DISK_LBA ? DEVICE_LBA : 0);
    uint8_t status = select_drive(d, far ? device : device | (address >> 24 & 15));

    if (status)
        return status;
    if (far) {
        set_address(d, count >> 8, (uint32_t)(lba >> 24));
        command += command == CMD_VERIFY ? CMD_VERIFY_EXT - CMD_VERIFY : CMD_READ_EXT - CMD_READ;
    }
    set_address(d, (uint8_t)count, address);
    outb(d->base + COMMAND, command);
    return 0;
}

static uint8_t wait_data(const struct disk *d)
{
    if (!ata_wait_not_busy(d, LIMIT_MS))
        return STATUS_TIMEOUT;
    uint8_t status = inb(d->control);
    if (status & (FAILED | DRIVE_FAULT))
        return failure(d);
    return status & DATA_REQUEST ? 0 : STATUS_FAULT;
}

static uint8_t wait_done(const struct disk *d)
{
    if (!ata_wait_not_busy(d, LIMIT_MS))
        return STATUS_TIMEOUT;
    return inb(d->base + STATUS) & (FAILED | DRIVE_FAULT) ? failure(d) : 0;
}

/* One sector at a linear address below 1 MiB + 64 KiB, through a segment that it does not leave. */
static void move_sector(const struct disk *d, bool write, uint32_t address)
{
    uint32_t segment = address >= 0x100000 ? 0xFFFF : address >> 4, offset = address - segment * 16, words = 256;

    if (write)
        asm volatile("pushw %%ds; movw %w3, %%ds; rep outsw; popw %%ds"
                     : "+S"(offset), "+c"(words)
                     : "d"(d->base), "r"(segment)
                     : "memory");
    else
        asm volatile("pushw %%es; movw %w3, %%es; rep insw; popw %%es"
                     : "+D"(offset), "+c"(words)
                     : "d"(d->base), "r"(segment)
                     : "memory");
}

static uint8_t transfer(const struct disk *d, uint8_t command, uint64_t lba, uint16_t *count, uint32_t address)
{
    uint16_t wanted = *count;
    uint8_t status = start(d, command, lba, wanted);

    *count = 0;
    if (status == 0 && command != CMD_VERIFY) {
        for (; *count < wanted; ++*count, address += 512) {
            status = wait_data(d);
            if (status)
                return status;
            move_sector(d, command == CMD_WRITE, address);
        }
    }
    if (status == 0)
        status = wait_done(d);
    if (status == 0)
        *count = wanted;
    return status;
}

uint8_t ata_move(const struct disk *d, uint8_t command, uint64_t lba, uint16_t *count, uint32_t address)
{
    ata_interrupt_off(d, true);
    uint8_t status = transfer(d, command, lba, count, address);
    ata_interrupt_off(d, false);
    return status;
}

/* Tells a drive without LBA the geometry it is going to be addressed in. */
uint8_t ata_set_geometry(const struct disk *d)
{
    ata_interrupt_off(d, true);
    uint8_t status = select_drive(d, d->select | (d->heads - 1));
    if (status == 0) {
        outb(d->base + COUNT, d->sectors);
        outb(d->base + COMMAND, CMD_SET_GEOMETRY);
        status = wait_done(d);
    }
    ata_interrupt_off(d, false);
    return status;
}

/* Software reset, of both drives of the channel. */
uint8_t ata_reset(const struct disk *d)
{
    outb(d->control, CONTROL_FIXED | NO_INTERRUPT | SOFT_RESET);
    delay(1);
    outb(d->control, CONTROL_FIXED | NO_INTERRUPT);
    delay(2);
    uint8_t status = ata_ready(d);
    if (status == 0 && !(d->flags & DISK_LBA))
        status = ata_set_geometry(d);
    ata_interrupt_off(d, false);
    return status;
}

/* Whether something answers at d->base and d->select: registers that hold what is written, and no floating bus. */
static bool drive_answers(const struct disk *d)
{
    outb(d->base + DEVICE, d->select);
    for (int i = 0; i < 4; i++)
        inb(d->control);
    if (inb(d->control) == 0xFF || !ata_wait_not_busy(d, 5000))
        return false;
    outb(d->base + COUNT, 0x55);
    outb(d->base + LBA0, 0xAA);
    return inb(d->base + COUNT) == 0x55 && inb(d->base + LBA0) == 0xAA && inb(d->base + DEVICE) == d->select;
}

/* Into 512 bytes of scratch. A packet device aborts the command for disks, and a disk that for packet devices. */
bool ata_identify(struct disk *d, bool packet, uint16_t scratch_segment, uint16_t scratch_offset)
{
    bool found = false;

    ata_interrupt_off(d, true);
    if (drive_answers(d)) {
        outb(d->base + COMMAND, packet ? CMD_IDENTIFY_PACKET : CMD_IDENTIFY);
        found = inb(d->control) != 0 && wait_data(d) == 0;
        if (found) {
            move_sector(d, false, scratch_segment * 16 + scratch_offset);
            found = wait_done(d) == 0;
        }
    }
    ata_interrupt_off(d, false);
    return found;
}

static bool set_transfer_mode(const struct disk *d, uint8_t mode)
{
    ata_interrupt_off(d, true);
    outb(d->base + DEVICE, d->select);
    bool good = ata_wait_not_busy(d, LIMIT_MS);
    if (good) {
        outb(d->base + ERROR, SET_MODE);
        outb(d->base + COUNT, mode);
        outb(d->base + COMMAND, CMD_SET_FEATURES);
        good = wait_done(d) == 0;
    }
    ata_interrupt_off(d, false);
    return good;
}

/* Drive and PIIX4 agree on the fastest Ultra DMA mode of both: a bit and a nibble for each of four drives. */
static void use_ultra_dma(const struct disk *d, uint16_t function, uint8_t modes)
{
    uint8_t place = (d->base == 0x1F0 ? 0 : 2) + (d->select >> 4 & 1), mode = modes & 4 ? 2 : modes & 2 ? 1 : 0;

    if (pci_read32(function, PCI_VENDOR) != ID_PIIX4_IDE || !set_transfer_mode(d, ULTRA_MODE | mode))
        return;
    pci_write8(function, IDE_ULTRA, pci_read8(function, IDE_ULTRA) | 1 << place);
    pci_write16(function, IDE_ULTRA_TIMING, pci_read16(function, IDE_ULTRA_TIMING) | mode << place * 4);
}

void ata_dma_setup(const struct disk *d, uint8_t ultra_modes)
{
    uint16_t function = pci_find_class(CLASS_IDE);
    uint32_t base = function == PCI_NONE ? 0 : pci_read32(function, PCI_BAR0 + 16);
    uint16_t port = (base & 0xFFF0) + MASTER_STATUS + (d->base == 0x1F0 ? 0 : MASTER_SECONDARY);

    if (!(base & 1) || !(base & 0xFFF0))
        return;
    outb(port, (inb(port) & MASTER_CAPABLE) | (d->select & 0x10 ? 0x40 : 0x20));
    if (ultra_modes)
        use_ultra_dma(d, function, ultra_modes);
}
