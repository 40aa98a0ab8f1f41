/* ddc.c - the monitor describes itself on the pins of a Cirrus chip (VESA Display Data Channel Standard 3, DDC2B:
 * an EEPROM at address A0h of an I2C bus; sequencer register 8). */
#include "edid.h"

#include "registers.h"

enum { SR_DDC = 8, CLOCK = 1, DATA = 2, ADDRESS = 0xA0, READING = 1, EDID_BYTES = 128 };

/* Half a clock, of 100 kHz at most: each of the five port accesses takes a microsecond. */
static uint8_t lines(uint8_t levels)
{
    register_write(SEQUENCER, SR_DDC, levels);
    register_read(SEQUENCER, SR_DDC);
    return register_read(SEQUENCER, SR_DDC);
}

static void begin(void)
{
    lines(DATA);
    lines(DATA | CLOCK);
    lines(CLOCK);
    lines(0);
}

/* Eight bits and an acknowledgement, nine in all, go out, and what is on the line comes back: a bit that goes out as 1
 * is the monitor's. */
static uint16_t transfer(uint16_t bits)
{
    uint16_t in = 0;

    for (uint8_t i = 0; i < 9; i++, bits <<= 1) {
        uint8_t data = bits & 0x100 ? DATA : 0;
        lines(data);
        in = in << 1 | lines(data | CLOCK) >> 7;
        lines(data);
    }
    return in;
}

/* True if it was acknowledged. */
static bool send(uint8_t byte)
{
    return !(transfer(byte << 1 | 1) & 1);
}

bool edid_write(uint16_t segment, uint16_t at)
{
    uint8_t sum = 0;

    begin();
    bool there = send(ADDRESS) && send(0);
    if (there) {
        begin();
        there = send(ADDRESS | READING);
    }
    for (uint8_t i = 0; there && i < EDID_BYTES; i++) {
        uint8_t byte = transfer(i == EDID_BYTES - 1 ? 0x1FF : 0x1FE) >> 1;
        sum += byte;
        far_put8(segment, at + i, byte);
    }
    lines(CLOCK);
    lines(DATA | CLOCK);
    return there && sum == 0 && far_get16(segment, at) == 0xFF00;
}
