/* i82077.h - the floppy disk controller at 3F0h; it knows four drives, of which two can be there. */
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
    uint8_t cylinder; /* where the heads stand */
    uint8_t target;   /* where they are going */
    bool seeking;
    uint8_t seek_status; /* ST0 of a seek that SENSE INTERRUPT STATUS has not yet reported; 0: none */
    uint64_t arrives_at; /* tick at which the seek ends */
    /* wiring */
    struct drive *drive; /* null: no drive */
    enum floppy_type type;
};

struct i82077 {
    struct i82077_unit unit[4];
    uint8_t dor, rate; /* digital output register; data rate of CCR or DSR: 0 500, 1 300, 2 250, 3 1000 kbit/s */
    uint8_t phase;
    uint8_t command[9]; /* bytes of the command being given or done; HDS follows the side that a transfer is on */
    uint32_t command_length;
    uint8_t result[16];
    uint32_t result_length, result_position;
    uint8_t specify[2];                 /* SPECIFY: step rate and head unload; head load and, in bit 0, no DMA */
    uint8_t configure, precompensation; /* CONFIGURE */
    uint8_t perpendicular;
    bool locked;
    uint8_t reset_sense; /* SENSE INTERRUPT STATUS answers still owed after a reset */
    bool interrupt;
    uint8_t cylinder, head, sector, size; /* the ID of the running transfer: C, H, R, N */
    uint8_t eot;                          /* EOT of the last transfer, or its sectors per track if that was a format */
    uint16_t left;             /* sectors to be formatted or, unless it runs to the end of the track, verified */
    uint8_t buffer[8192];      /* one sector, or the ID of one being formatted */
    uint32_t position, length; /* how much of it the host has moved itself; 0: nothing to move */
    uint64_t due_at;           /* the next step of a transfer, or the end of a reset */
    uint64_t seek_due_at;      /* the next of the heads to arrive does */
    /* wiring */
    struct clock *clock;
    struct line irq;
    struct dma_line dma;
};

extern const struct state_field i82077_state[];

/* drives[i] null: no drive there. Uses EVENT_FLOPPY and EVENT_FLOPPY_SEEK. Two drives, so that 2 and 3 are never
 * there. */
void i82077_init(struct i82077 *f, struct clock *clock, struct bus *bus, struct line irq, struct dma_line dma,
                 struct drive *const drives[2], const enum floppy_type types[2]);
void i82077_reset(struct i82077 *f);
/* Whether what was loaded into its state goes together; struct part of machine.h. */
const char *i82077_loaded(void *device);

#endif
