/* ne2000.c - the board around the DP8390 (Novell NE2000; Realtek RTL8029AS data sheet, chapter 4, for the layout of the
 * PROM).
 *
 * The chip's addresses: 0000h-001Fh the PROM, each byte of it twice, by which drivers know a 16-bit card from an
 * NE1000; 4000h-7FFFh memory; nothing elsewhere. */
#include "emu/devices/ne2000.h"

#include <string.h>

enum { DATA_PORT = 0x10, RESET_PORT = 0x18, MEMORY_AT = 0x4000 };

const struct state_field ne2000_state[] = {STATE_TABLE(struct ne2000, chip, struct dp8390, dp8390_state, "DP8390"),
                                           STATE_BYTE_ARRAY(struct ne2000, memory, "its memory, from 4000h on"),
                                           STATE_END};

static uint8_t fetch(void *board, uint16_t address)
{
    const struct ne2000 *n = board;

    if (address < sizeof n->prom)
        return n->prom[address];
    address = (uint16_t)(address - MEMORY_AT);
    return address < NE2000_MEMORY ? n->memory[address] : 0xFF;
}

static void store(void *board, uint16_t address, uint8_t byte)
{
    struct ne2000 *n = board;

    address = (uint16_t)(address - MEMORY_AT);
    if (address < NE2000_MEMORY)
        n->memory[address] = byte;
}

static uint8_t byte_read(struct ne2000 *n, unsigned offset)
{
    if (offset < DATA_PORT)
        return dp8390_read(&n->chip, offset);
    if (offset < RESET_PORT)
        return (uint8_t)dp8390_data_read(&n->chip);
    dp8390_reset(&n->chip);
    return 0xFF;
}

static void byte_write(struct ne2000 *n, unsigned offset, uint8_t value)
{
    if (offset < DATA_PORT)
        dp8390_write(&n->chip, offset, value);
    else if (offset < RESET_PORT)
        dp8390_data_write(&n->chip, value);
}

static bool is_data(unsigned offset, unsigned size)
{
    return size > 1 && offset >= DATA_PORT && offset + size <= RESET_PORT;
}

uint32_t ne2000_read(struct ne2000 *n, unsigned offset, unsigned size)
{
    uint32_t value = 0;

    if (is_data(offset, size)) {
        value = dp8390_data_read(&n->chip);
        return size == 4 ? value | (uint32_t)dp8390_data_read(&n->chip) << 16 : value;
    }
    for (unsigned i = 0; i < size; i++)
        value |= (uint32_t)(offset + i < NE2000_PORTS ? byte_read(n, offset + i) : 0xFF) << 8 * i;
    return value;
}

void ne2000_write(struct ne2000 *n, unsigned offset, uint32_t value, unsigned size)
{
    if (is_data(offset, size)) {
        dp8390_data_write(&n->chip, (uint16_t)value);
        if (size == 4)
            dp8390_data_write(&n->chip, (uint16_t)(value >> 16));
        return;
    }
    for (unsigned i = 0; i < size && offset + i < NE2000_PORTS; i++)
        byte_write(n, offset + i, (uint8_t)(value >> 8 * i));
}

static uint32_t port_read(void *device, uint16_t port, unsigned size)
{
    return ne2000_read(device, port % NE2000_PORTS, size);
}

static void port_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    ne2000_write(device, port % NE2000_PORTS, value, size);
}

void ne2000_map(struct ne2000 *n, struct bus *bus, uint16_t ports)
{
    bus_map_ports(bus, ports, DATA_PORT, 1, port_read, port_write, n);
    bus_map_ports(bus, (uint16_t)(ports + DATA_PORT), RESET_PORT - DATA_PORT, 2, port_read, port_write, n);
    bus_map_ports(bus, (uint16_t)(ports + RESET_PORT), NE2000_PORTS - RESET_PORT, 1, port_read, port_write, n);
}

void ne2000_move(struct ne2000 *n, struct bus *bus, uint16_t ports, struct line irq)
{
    bus_move_ports(bus, WINDOW_NETWORK, ports, ports ? NE2000_PORTS : 0, 2, port_read, port_write, n);
    dp8390_connect(&n->chip, irq);
}

void ne2000_reset(struct ne2000 *n)
{
    dp8390_reset(&n->chip);
}

void ne2000_init(struct ne2000 *n, struct clock *clock, struct line irq, const struct network_wire *wire)
{
    *n = (struct ne2000){.chip = {.clock = clock,
                                  .irq = irq,
                                  .fetch = fetch,
                                  .store = store,
                                  .board = n,
                                  .carrier = wire->carrier,
                                  .out = wire->out,
                                  .context = wire->context}};
    for (unsigned i = 0; i < sizeof n->prom; i++)
        n->prom[i] = i / 2 < sizeof wire->address ? wire->address[i / 2] : i / 2 < 14 ? 0 : 0x57;
    dp8390_init(&n->chip);
}
