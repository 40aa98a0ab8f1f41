/* ata_device.h - what the disk (ata.c) and the CD-ROM drive (atapi.c) on an ATA channel share: the task file's registers and the ends of a command. */
#ifndef MUNIMENT_EMU_DEVICES_ATA_DEVICE_H
#define MUNIMENT_EMU_DEVICES_ATA_DEVICE_H

#include "emu/devices/ata.h"

enum { STATUS_ERR = 1, STATUS_DRQ = 8, STATUS_DSC = 0x10, STATUS_DF = 0x20, STATUS_DRDY = 0x40, STATUS_BSY = 0x80 };
enum { ERROR_ABRT = 4, ERROR_IDNF = 0x10, ERROR_UNC = 0x40 };
enum { DEVICE_HEAD = 0x0F, DEVICE_DEV = 0x10, DEVICE_LBA = 0x40 };
#define READY (STATUS_DRDY | STATUS_DSC)

#define ACCESS_US 150  /* from the command to the first sector */
#define SECTOR_US 30   /* for each sector: 17 MB/s */

static inline struct ata_unit *ata_selected(struct ata *a)
{
    return &a->unit[a->device & DEVICE_DEV ? 1 : 0];
}

void ata_interrupt(struct ata *a, bool pending);
/* The command is over; error 0 is success. */
void ata_complete(struct ata *a, uint8_t error);
/* BSY for so long; then the command's next step. */
void ata_busy(struct ata *a, uint64_t microseconds);
/* Moves the buffer's bytes by DMA. False: the command waits for the bus master. */
bool ata_dma_move(struct ata *a, uint32_t length, bool to_memory);
/* IDENTIFY word 63: multiword DMA modes that there are, and the one that is set. */
uint16_t ata_dma_modes(struct ata *a);
/* Fields of IDENTIFY data in the buffer. */
void ata_put_word(struct ata *a, unsigned word, uint32_t value);
void ata_put_text(struct ata *a, unsigned word, unsigned words, const char *text);

/* --- atapi.c --- */

/* IDENTIFY PACKET DEVICE data into the buffer. */
void atapi_identify(struct ata *a);
/* Begins PACKET: the device asks for the command's twelve bytes. */
void atapi_begin(struct ata *a);
/* The time of the command's next step has come. */
void atapi_due(struct ata *a);
/* The host has read up to the end of the chunk. */
void atapi_chunk_read(struct ata *a);
/* A byte of the command packet. */
void atapi_packet_byte(struct ata *a, uint8_t byte);
void atapi_reset(struct ata_unit *u);

#endif
