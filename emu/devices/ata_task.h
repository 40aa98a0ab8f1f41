/* ata_task.h - the task file of an ATA channel, and what the devices on it share: the ends of a command, data phases,
 * settings of either kind of device. Below it is nothing of the channel; disk (ata_disk.h) and CD-ROM drive (atapi.h)
 * stand on it, and the channel (ata.h) on those. */
#ifndef MUNIMENT_EMU_DEVICES_ATA_TASK_H
#define MUNIMENT_EMU_DEVICES_ATA_TASK_H

#include "emu/devices/ata_state.h"

enum { STATUS_ERR = 1, STATUS_DRQ = 8, STATUS_DSC = 0x10, STATUS_DF = 0x20, STATUS_DRDY = 0x40, STATUS_BSY = 0x80 };
enum { ERROR_ABRT = 4, ERROR_IDNF = 0x10, ERROR_UNC = 0x40 };
enum { DEVICE_HEAD = 0x0F, DEVICE_DEV = 0x10, DEVICE_LBA = 0x40 };
enum { CONTROL_NIEN = 2, CONTROL_SRST = 4, CONTROL_HOB = 0x80 };
enum {
    ENABLED_SMART = 0x01,
    ENABLED_CACHE = 0x20,
    ENABLED_LOOK_AHEAD = 0x40,
    ENABLED_ALL = 0x61
};                                                 /* IDENTIFY word 85 */
enum { MODE_MULTIWORD = 0x20, MODE_ULTRA = 0x40 }; /* SET FEATURES 03h: with the mode in bits 1-0 */
enum { POWER_ACTIVE = 0xFF, POWER_IDLE = 0x80, POWER_STANDBY = 0 };
#define READY (STATUS_DRDY | STATUS_DSC)

#define ACCESS_US 150 /* from the command to the first sector */
#define SECTOR_US 30  /* for each sector: 17 MB/s */

static inline struct ata_unit *ata_selected(struct ata *a)
{
    return &a->unit[a->device & DEVICE_DEV ? 1 : 0];
}

/* Sets what INTRQ follows from: an interrupt that is pending, and nIEN of the Device Control register. */
void ata_set_interrupt(struct ata *a, bool pending, uint8_t control);
void ata_interrupt(struct ata *a, bool pending);
/* The command is over; error 0 is success. */
void ata_complete(struct ata *a, uint8_t error);
/* BSY for so long; then the command's next step. */
void ata_busy(struct ata *a, uint64_t microseconds);
/* The host moves the first bytes of the buffer. */
void ata_data_phase(struct ata *a, uint32_t bytes);
/* Moves the buffer's bytes by DMA. False: the command waits for the bus master. */
bool ata_dma_move(struct ata *a, uint32_t length, bool to_memory);
/* Shows the kind of the selected device in the task file: ATA-4 section 9.12. */
void ata_show_signature(struct ata *a);

/* The power management commands, those of disks and CD-ROM drives alike. False: it is none. Nothing turns, so that no
 * time passes. */
bool ata_power_command(struct ata *a, uint8_t opcode);
/* SET FEATURES. */
void ata_set_features(struct ata *a);
/* Turns a feature of IDENTIFY word 85 on or off, and ends the command. */
void ata_enable(struct ata *a, uint8_t feature, bool on);

/* IDENTIFY words 53, 63 and 88: the DMA modes that there are, and the one that is set. */
void ata_put_dma_modes(struct ata *a);
/* Fields of IDENTIFY data in the buffer; text has the bytes of each word exchanged and is padded with blanks. */
void ata_put_word(struct ata *a, unsigned word, uint32_t value);
void ata_put_text(struct ata *a, unsigned word, unsigned words, const char *text);

#endif
