/* ata.h - one ATA channel with up to two devices, disks or CD-ROM drives: command block 1F0h or 170h, control block
 * 3F6h or 376h. */
#ifndef MUNIMENT_EMU_DEVICES_ATA_H
#define MUNIMENT_EMU_DEVICES_ATA_H

#include "emu/bus.h"
#include "emu/devices/ata_state.h"

/* Unit i of the channel has drives[i] (null: absent): a CD-ROM drive if packet[i], else a disk with the given geometry.
 * number is that of the first unit. dma may be null and must outlive the channel: without it, and without a drive,
 * there is no adapter. */
void ata_init(struct ata *a, struct clock *clock, struct bus *bus, uint16_t port, uint16_t control_port,
              enum event_slot slot, struct line irq, struct drive *const drives[2], const struct geometry geometry[2],
              const bool packet[2], unsigned number, const struct ata_dma *dma);
/* The RESET- line: as at power-on. */
void ata_reset(struct ata *a);
/* Whether what was loaded into its state goes together; struct part of machine.h. */
const char *ata_loaded(void *device);

/* The bus master was started: a command that waits for it continues. */
void ata_dma_started(struct ata *a);

#endif
