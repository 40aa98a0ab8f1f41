/* ata.h - the command block of an ATA or ATAPI drive, and what ata.c and atapi.c share (ATA/ATAPI-6). */
#ifndef BIOS_ATA_H
#define BIOS_ATA_H

#include "bda.h"

enum { DATA = 0, ERROR = 1, COUNT = 2, LBA0 = 3, LBA1 = 4, LBA2 = 5, DEVICE = 6, STATUS = 7, COMMAND = 7 };
enum { BUSY = 0x80, READY = 0x40, DRIVE_FAULT = 0x20, DATA_REQUEST = 0x08, FAILED = 0x01 };
enum { STATUS_TIMEOUT = 0x80, STATUS_NOT_READY = 0xAA, STATUS_FAULT = 0x20, LIMIT_MS = 30000 };

void ata_interrupt_off(const struct disk *d, bool off);

/* Status is valid 400 ns after a command: four reads of the alternate register come first. */
bool ata_wait_not_busy(const struct disk *d, uint32_t milliseconds);

/* Statuses are those of INT 13h. ata_move() reads, writes or verifies by command byte (20h, 30h, 40h) at a linear
 * address below 1 MiB + 64 KiB; *count becomes the number of sectors done. ata_identify() leaves the drive's data in
 * scratch memory; false if there is no disk, or no packet device if that is wanted. */
bool ata_identify(struct disk *d, bool packet, uint16_t scratch_segment, uint16_t scratch_offset);
uint8_t ata_set_geometry(const struct disk *d);
uint8_t ata_reset(const struct disk *d);
uint8_t ata_ready(const struct disk *d);
uint8_t ata_move(const struct disk *d, uint8_t command, uint64_t lba, uint16_t *count, uint32_t address);

/* Where there is a bus master: says to the drivers of systems that a drive can do DMA, by its bit in the status
 * register, and sets the fastest Ultra DMA mode of those that it has (bits 0 to 2), where the controller is a PIIX4:
 * DOS' drivers use what they find set. */
void ata_dma_setup(const struct disk *d, uint8_t ultra_modes);

#endif
