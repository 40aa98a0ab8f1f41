/* ata_disk.h - the disk of an ATA channel (ata_disk.c), as the channel uses it. */
#ifndef MUNIMENT_EMU_DEVICES_ATA_DISK_H
#define MUNIMENT_EMU_DEVICES_ATA_DISK_H

#include "emu/devices/ata_state.h"

/* Begins a command for the selected disk. */
void ata_disk_execute(struct ata *a, uint8_t opcode);
/* The time of the command's next step has come. */
void ata_disk_due(struct ata *a);
/* Whether the data phase that runs is the host's to fill. */
bool ata_disk_takes_data(const struct ata *a);
/* The host has moved the whole block. */
void ata_disk_moved(struct ata *a);
/* The field of a running command that does not fit the others, or null. */
const char *ata_disk_loaded(const struct ata *a);

#endif
