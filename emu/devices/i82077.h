/* i82077.h - the floppy disk controller at 3F0h with two drives. */
#ifndef MUNIMENT_EMU_DEVICES_I82077_H
#define MUNIMENT_EMU_DEVICES_I82077_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/bus.h"
#include "emu/clock.h"
#include "emu/drive.h"
#include "emu/line.h"
#include "emu/state.h"
#include "formats/formats.h"
#include "manifests/manifests.h"

#define I82077_SECTOR_LIMIT 4096u /* bytes of the largest sector it can be told of that a medium can have */

struct i82077_unit {
    uint8_t cylinder;          /* where the head stands */
    bool changed;              /* disk change line */
    /* wiring */
    struct drive *drive;       /* null: no drive */
    enum floppy_type type;
};

struct i82077 {
    struct i82077_unit unit[2];
    uint8_t dor, dsr, ccr;     /* digital output, data rate select and configuration control registers */
    uint8_t phase;             /* command, execution, result */
    uint8_t command[16];       /* bytes of the command that is being given */
    uint32_t command_length;
    uint8_t result[16];
    uint32_t result_length;
    uint32_t result_position;
    uint8_t specify[2];        /* step rate and head times; bit 0 of the second: no DMA */
    uint8_t configure[3], perpendicular;
    bool locked;
    uint8_t reset_sense;       /* SENSE INTERRUPT STATUS answers still owed after a reset */
    uint8_t sense[2];          /* ST0 and PCN that wait for SENSE INTERRUPT STATUS */
    bool interrupt;
    uint8_t cylinder, head, sector; /* of the running transfer */
    uint8_t buffer[512];       /* one sector */
    uint32_t position, length; /* in it, when the host moves the bytes itself */
    uint64_t due_at;
    /* wiring */
    struct clock *clock;
    struct line irq;
    struct dma_line dma;
};

extern const struct state_field i82077_state[];

/* drives[i] null: no drive there. Uses EVENT_FLOPPY. */
void i82077_init(struct i82077 *f, struct clock *clock, struct bus *bus, struct line irq, struct dma_line dma,
                 struct drive *const drives[2], const enum floppy_type types[2]);
void i82077_reset(struct i82077 *f);

#endif
