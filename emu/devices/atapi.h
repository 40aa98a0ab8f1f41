/* atapi.h - the CD-ROM drive of an ATA channel (atapi.c), as the channel uses it. */
#ifndef MUNIMENT_EMU_DEVICES_ATAPI_H
#define MUNIMENT_EMU_DEVICES_ATAPI_H

#include "emu/devices/ata_state.h"

/* Begins a command for the selected drive. */
void atapi_execute(struct ata *a, uint8_t opcode);
/* The time of the command's next step has come. */
void atapi_due(struct ata *a);
/* Whether the data phase that runs is the host's to fill: the command packet, or a parameter list. */
bool atapi_takes_data(const struct ata *a);
/* The host has moved everything up to the end of the chunk. */
void atapi_moved(struct ata *a);
/* DEVICE RESET, SRST and RESET-; mode pages have their defaults after it. */
void atapi_reset(struct ata_unit *u);

#endif
