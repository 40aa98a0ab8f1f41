/* bus.c - port dispatch (bus.h). */
#include "emu/bus.h"

#include <string.h>

static uint32_t nobody_read(void *device, uint16_t port, unsigned size)
{
    (void)device, (void)port, (void)size;
    return 0xFFFFFFFF;
}

static void nobody_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    (void)device, (void)port, (void)value, (void)size;
}

void bus_init(struct bus *bus)
{
    memset(bus->owner, 0, sizeof bus->owner);
    bus->devices[0].read = nobody_read;
    bus->devices[0].write = nobody_write;
    bus->devices[0].width = 4;
    bus->device_count = 1;
}

void bus_map_ports(struct bus *bus, uint16_t first, unsigned count, unsigned width, port_read_function *read,
                   port_write_function *write, void *device)
{
    unsigned n = 1;

    /* The same device may come back for further ports. */
    while (n < bus->device_count && !(bus->devices[n].read == read && bus->devices[n].write == write &&
                                      bus->devices[n].device == device && bus->devices[n].width == width))
        n++;
    if (n == BUS_DEVICES)
        return;
    if (n == bus->device_count)
        bus->device_count++;
    bus->devices[n].read = read;
    bus->devices[n].write = write;
    bus->devices[n].device = device;
    bus->devices[n].width = width;
    for (unsigned i = 0; i < count && first + i < 65536; i++)
        bus->owner[first + i] = (uint8_t)n;
}

void bus_unmap_ports(struct bus *bus, uint16_t first, unsigned count, const void *device)
{
    for (unsigned i = 0; i < count && first + i < 65536; i++)
        if (bus->devices[bus->owner[first + i]].device == device)
            bus->owner[first + i] = 0;
}

uint32_t bus_read(struct bus *bus, uint16_t port, unsigned size)
{
    unsigned n = bus->owner[port];
    unsigned width = bus->devices[n].width;
    uint32_t value;

    if (size > width) {
        unsigned half = size / 2;
        value = bus_read(bus, port, half);
        return value | bus_read(bus, (uint16_t)(port + half), half) << half * 8;
    }
    value = bus->devices[n].read(bus->devices[n].device, port, size);
    return size == 4 ? value : value & ((1u << size * 8) - 1);
}

void bus_write(struct bus *bus, uint16_t port, uint32_t value, unsigned size)
{
    unsigned n = bus->owner[port];

    if (size > bus->devices[n].width) {
        unsigned half = size / 2;
        bus_write(bus, port, value & ((1u << half * 8) - 1), half);
        bus_write(bus, (uint16_t)(port + half), value >> half * 8, half);
        return;
    }
    bus->devices[n].write(bus->devices[n].device, port, value, size);
}
