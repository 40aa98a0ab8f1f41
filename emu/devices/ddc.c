/* ddc.c - the display data channel, level 2B (VESA Display Data Channel Standard 3): the monitor is an EEPROM at
 * address A0h of an I2C bus (The I2C-bus Specification 2.1, sections 4 to 7).
 *
 * A byte is eight bits and an acknowledgement. Bits are taken when the clock rises, and the monitor changes the data
 * line when it falls. */
#include "emu/devices/ddc.h"

#include <string.h>

enum { ADDRESS = 0xA0, READING = 1 };
enum phase { IDLE, ADDRESSED, OFFSET, READ, PHASES };

/* clang-format off */
const struct state_field ddc_state[] = {
    STATE(struct ddc, clock, BOOL, "level of the clock line"),
    STATE(struct ddc, data, BOOL, "level at which the host leaves the data line"),
    STATE(struct ddc, pull, BOOL, "the monitor holds the data line low"),
    STATE_UP_TO(struct ddc, phase, U8, PHASES - 1, "0 idle; what passes: 1 an address, 2 an offset, 3 bytes to the host"),
    STATE_UP_TO(struct ddc, bits, U8, 9, "bits of the byte that passes, the acknowledgement included"),
    STATE(struct ddc, byte, U8, "the byte that passes"),
    STATE(struct ddc, offset, U8, "of the next byte to the host"),
    STATE_END
};
/* clang-format on */

/* A byte from the host is complete: true if it is acknowledged. */
static bool take_byte(struct ddc *d)
{
    if (d->phase == ADDRESSED && d->answers && (d->byte & ~READING) == ADDRESS) {
        d->phase = d->byte & READING ? READ : OFFSET;
        return true;
    }
    if (d->phase == OFFSET) {
        d->offset = d->byte;
        d->phase = IDLE; /* it cannot be written to */
        return true;
    }
    d->phase = IDLE;
    return false;
}

static void clock_rises(struct ddc *d)
{
    if (d->bits == 8 && d->phase == READ && d->data && !d->pull)
        d->phase = IDLE; /* the host wants no more */
    else if (d->bits < 8 && d->phase != READ)
        d->byte = (uint8_t)(d->byte << 1 | d->data);
    if (d->bits < 9)
        d->bits++;
}

static void clock_falls(struct ddc *d)
{
    bool reading = d->phase == READ;

    if (d->bits == 8) {
        d->pull = !reading && take_byte(d);
        return;
    }
    if (d->bits == 9) {
        d->bits = 0;
        if (reading)
            d->byte = d->edid[d->offset++ % EDID_SIZE];
    }
    d->pull = reading && !(d->byte >> (7 - d->bits) & 1);
}

void ddc_set(struct ddc *d, bool clock, bool data)
{
    bool clock_was = d->clock, data_was = d->data;

    d->clock = clock;
    d->data = data;
    if (clock && clock_was && data != data_was) { /* start, or stop */
        d->phase = data ? IDLE : ADDRESSED;
        d->bits = 0;
        d->pull = false;
    } else if (clock && !clock_was && (d->phase != IDLE || d->bits == 8)) {
        clock_rises(d);
    } else if (!clock && clock_was && (d->phase != IDLE || d->bits)) {
        clock_falls(d);
    }
}

bool ddc_data(const struct ddc *d)
{
    return d->data && !d->pull;
}

void ddc_reset(struct ddc *d)
{
    d->clock = d->data = true;
    d->pull = false;
    d->phase = IDLE;
    d->bits = d->byte = d->offset = 0;
}

void ddc_init(struct ddc *d, enum monitor monitor)
{
    memset(d, 0, sizeof *d);
    d->answers = monitor_edid(monitor, d->edid);
    ddc_reset(d);
}
