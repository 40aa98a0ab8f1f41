/* ne2000.h - Novell's NE2000: a DP8390 with 16 KiB of memory, the PROM with its address, a data port and a reset port.
 * On ISA its 32 ports are where jumpers put them; rtl8029.h is the same on PCI. */
#ifndef MUNIMENT_EMU_DEVICES_NE2000_H
#define MUNIMENT_EMU_DEVICES_NE2000_H

#include "emu/bus.h"
#include "emu/devices/dp8390.h"

#define NE2000_PORTS 32u
#define NE2000_MEMORY 16384u

struct ne2000 {
    struct dp8390 chip;
    uint8_t memory[NE2000_MEMORY];
    /* wiring */
    uint8_t prom[32];
};

extern const struct state_field ne2000_state[];

/* What it is connected to. */
struct network_wire {
    uint8_t address[6]; /* of this station */
    bool carrier;       /* as in struct dp8390, and so are these */
    void (*out)(void *context, const uint8_t *packet, size_t length);
    void *context;
};

/* The caller maps its ports; on ISA, ne2000_map does. */
void ne2000_init(struct ne2000 *n, struct clock *clock, struct line irq, const struct network_wire *wire);
void ne2000_map(struct ne2000 *n, struct bus *bus, uint16_t ports);
/* Where Plug and Play puts it, 0 for nowhere, and with which interrupt. */
void ne2000_move(struct ne2000 *n, struct bus *bus, uint16_t ports, struct line irq);
void ne2000_reset(struct ne2000 *n);
/* Ports by their offset, 0 to 31; size as the bus gives it. */
uint32_t ne2000_read(struct ne2000 *n, unsigned offset, unsigned size);
void ne2000_write(struct ne2000 *n, unsigned offset, uint32_t value, unsigned size);

#endif
