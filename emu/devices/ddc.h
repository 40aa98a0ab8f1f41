/* ddc.h - the monitor's end of the display data channel: an EEPROM with its description on two wires. */
#ifndef MUNIMENT_EMU_DEVICES_DDC_H
#define MUNIMENT_EMU_DEVICES_DDC_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/state.h"
#include "manifests/manifests.h"

#define EDID_SIZE 128u

struct ddc {
    bool clock, data;     /* as the host leaves the lines */
    bool pull;            /* the monitor holds the data line low */
    uint8_t phase;        /* enum in ddc.c */
    uint8_t bits;         /* of the byte that passes; 9 with its acknowledgement */
    uint8_t byte, offset; /* offset of the byte that is read next */
    /* wiring */
    uint8_t edid[EDID_SIZE];
    bool answers; /* the monitor describes itself */
};

extern const struct state_field ddc_state[];

/* Both lines are high. */
void ddc_init(struct ddc *d, enum monitor monitor);
void ddc_reset(struct ddc *d);
/* The host drives a line low, or leaves it high. */
void ddc_set(struct ddc *d, bool clock, bool data);
/* The level of the data line. That of the clock is what the host sets. */
bool ddc_data(const struct ddc *d);

/* What a monitor says of itself (VESA Enhanced EDID Standard, EDID 1.3). False: it does not. */
bool monitor_edid(enum monitor monitor, uint8_t edid[EDID_SIZE]);

#endif
