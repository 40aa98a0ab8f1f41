/* ata_state.h - the state of an ATA channel and of its two devices, and their wiring. */
#ifndef MUNIMENT_EMU_DEVICES_ATA_STATE_H
#define MUNIMENT_EMU_DEVICES_ATA_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/clock.h"
#include "emu/drive.h"
#include "emu/line.h"
#include "emu/state.h"
#include "formats/formats.h"

#define ATAPI_MODE_BYTES 32u
#define ATA_MULTIPLE 16u /* sectors of the largest READ MULTIPLE block */

/* The bus master that moves the data of DMA commands. */
struct ata_dma {
    /* Moves `length` bytes between buffer and memory. False: it is not running, or its descriptors are at their end. */
    bool (*move)(void *engine, uint8_t *buffer, uint32_t length, bool to_memory);
    void (*interrupted)(void *engine); /* INTRQ rose */
    void *engine;
};

struct ata_unit {
    struct geometry geometry; /* IDENTIFY words 1, 3, 6 */
    uint16_t cylinders;       /* current translation: INITIALIZE DEVICE PARAMETERS */
    uint8_t heads, sectors;
    uint8_t multiple;               /* sectors per block of READ/WRITE MULTIPLE; 0: not set */
    uint8_t dma_mode;               /* SET FEATURES 03h: 20h-22h multiword DMA, 40h-42h Ultra DMA; 0: none */
    uint8_t sense_key, sense_code;  /* ATAPI: what REQUEST SENSE reports; code is ASC, ASCQ 0 */
    uint8_t attention;              /* ATAPI: additional sense code of the unit attention that waits; 0: none */
    bool fresh;                     /* ATAPI: reset, and no command since then: DRDY is clear */
    uint8_t mode[ATAPI_MODE_BYTES]; /* ATAPI: the mode pages that MODE SELECT changes, as MODE SENSE shows them */
    bool locked;                    /* ATAPI: the medium must not be removed */
    bool tray_open;                 /* ATAPI: the guest has opened it; a change of the medium closes it */
    uint32_t seen_media;            /* ATAPI: of drive->media, how many the guest knows of */
    uint8_t media_event; /* ATAPI: GET EVENT STATUS NOTIFICATION has this to report: 2 new medium, 3 medium gone; 0:
                            nothing */
    uint8_t power;       /* what CHECK POWER MODE answers: FFh active, 80h idle, 0 standby */
    uint8_t enabled;     /* IDENTIFY word 85: bit 0 SMART, 5 write cache, 6 look-ahead */
    bool keeps_settings; /* SET FEATURES 66h: a software reset leaves `multiple` alone */
    /* wiring */
    struct drive *drive; /* null: absent */
    unsigned number;     /* 0-3, for the serial number */
    bool packet;         /* a CD-ROM drive */
    uint32_t write_us;   /* from the last byte of a block that is written to its interrupt, besides the sectors' time */
};

struct ata_registers { /* of which a 48-bit command uses the previous content as well */
    uint8_t feature, count, low, mid, high;
};

struct ata {
    struct ata_unit unit[2];
    struct ata_registers now, previous;
    uint8_t device, control, status, error, command;
    bool interrupt; /* pending: INTRQ is high unless nIEN */
    bool resetting;
    bool signature;       /* the task file shows what a device shows after a reset: its kind */
    uint64_t sector;      /* next of the running command */
    uint32_t remaining;   /* sectors of the running command not yet transferred */
    uint32_t block;       /* sectors of the block in the buffer */
    bool waits_for_dma;   /* a DMA command waits for the bus master to be started */
    uint8_t packet[12];   /* ATAPI: the command */
    uint16_t chunk_limit; /* ATAPI: byte count that the host gave */
    uint32_t chunk;       /* where in the buffer the data phase that runs ends; before `length` only with ATAPI */
    uint32_t position;    /* bytes of the buffer that the host has moved */
    uint32_t length;      /* bytes in the buffer: of a data phase, or waiting to be written; 0: none */
    uint8_t buffer[ATA_MULTIPLE * SECTOR_SIZE];
    uint64_t due_at; /* the drive is ready with what it does */
    /* wiring */
    struct clock *clock;
    enum event_slot slot;
    struct line irq;
    const struct ata_dma *dma; /* null: there is no bus master */
};

extern const struct state_field ata_state[];

#endif
