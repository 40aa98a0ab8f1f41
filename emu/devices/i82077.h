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
#include "manifests/manifests.h"

struct i82077_unit {
    uint8_t cylinder;          /* where the head stands */
    uint8_t target;            /* where it is going */
    bool seeking;
    bool seek_done;            /* SENSE INTERRUPT STATUS has not yet told of it */
    /* wiring */
    struct drive *drive;       /* null: no drive */
    enum floppy_type type;
};

struct i82077 {
    struct i82077_unit unit[2];
    uint8_t dor, rate;         /* digital output register; data rate of CCR or DSR: 0 500, 1 300, 2 250, 3 1000 kbit/s */
    uint8_t phase;
    uint8_t command[9];        /* bytes of the command being given or done */
    uint32_t command_length;
    uint8_t result[16];
    uint32_t result_length, result_position;
    uint8_t specify[2];        /* SPECIFY: step rate and head unload; head load and, in bit 0, no DMA */
    uint8_t configure, precompensation; /* CONFIGURE */
    uint8_t perpendicular;
    bool locked;
    uint8_t reset_sense;       /* SENSE INTERRUPT STATUS answers still owed after a reset */
    bool interrupt;
    uint8_t cylinder, head, sector; /* the ID of the running transfer */
    uint8_t buffer[512];       /* one sector */
    uint32_t position, length; /* how much of it the host has moved itself; 0: nothing to move */
    uint64_t due_at;           /* the next step of a transfer, or the end of a reset */
    uint64_t seek_due_at;      /* the heads have arrived */
    /* wiring */
    struct clock *clock;
    struct line irq;
    struct dma_line dma;
};

extern const struct state_field i82077_state[];

/* drives[i] null: no drive there. Uses EVENT_FLOPPY and EVENT_FLOPPY_SEEK. */
void i82077_init(struct i82077 *f, struct clock *clock, struct bus *bus, struct line irq, struct dma_line dma,
                 struct drive *const drives[2], const enum floppy_type types[2]);
void i82077_reset(struct i82077 *f);

#endif
