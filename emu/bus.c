/* bus.c - port dispatch (bus.h). */
#include "emu/bus.h"

#include <string.h>

static uint32_t absent_read(void *device, uint16_t port, unsigned size)
{
    (void)device, (void)port, (void)size;
    return 0xFFFFFFFF;
}

static void absent_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    (void)device, (void)port, (void)value, (void)size;
}

static uint64_t absent_repeats(void *device, uint16_t port)
{
    (void)device, (void)port;
    return UINT64_MAX;
}

void bus_init(struct bus *bus)
{
    memset(bus->owner, 0, sizeof bus->owner);
    bus->devices[0].read = absent_read;
    bus->devices[0].write = absent_write;
    bus->devices[0].repeats = absent_repeats;
    bus->devices[0].width = 4;
    bus->device_count = 1;
    memset(bus->windows, 0, sizeof bus->windows);
    memset(&bus->call, 0, sizeof bus->call);
}

/* The device's index; the same one may come back for further ports. 0: the table is full. */
static unsigned enter_device(struct bus *bus, unsigned width, port_read_function *read, port_write_function *write,
                             void *device)
{
    unsigned n = 1;

    while (n < bus->device_count && !(bus->devices[n].read == read && bus->devices[n].write == write &&
                                      bus->devices[n].device == device && bus->devices[n].width == width))
        n++;
    if (n == BUS_DEVICES)
        return 0;
    if (n == bus->device_count)
        bus->device_count++;
    bus->devices[n].read = read;
    bus->devices[n].write = write;
    bus->devices[n].repeats = NULL;
    bus->devices[n].device = device;
    bus->devices[n].width = width;
    return n;
}

void bus_map_ports(struct bus *bus, uint16_t first, unsigned count, unsigned width, port_read_function *read,
                   port_write_function *write, void *device)
{
    unsigned n = enter_device(bus, width, read, write, device);

    for (unsigned i = 0; i < count && first + i < 65536; i++)
        bus->owner[first + i] = (uint8_t)n;
}

void bus_move_ports(struct bus *bus, enum bus_window window, uint16_t first, unsigned count, unsigned width,
                    port_read_function *read, port_write_function *write, void *device)
{
    bus->windows[window].first = first;
    bus->windows[window].count = (uint16_t)count;
    bus->windows[window].owner = (uint8_t)enter_device(bus, width, read, write, device);
}

void bus_map_call(struct bus *bus, uint16_t port, port_call_function *function, void *device)
{
    bus->call.port = port;
    bus->call.function = function;
    bus->call.device = device;
}

static unsigned owner_of(const struct bus *bus, uint16_t port)
{
    for (unsigned window = 0; window < WINDOW_COUNT; window++)
        if ((uint16_t)(port - bus->windows[window].first) < bus->windows[window].count)
            return bus->windows[window].owner;
    return bus->owner[port];
}

void bus_declare_repeats(struct bus *bus, void *device, port_read_function *read, port_repeats_function *repeats)
{
    for (unsigned n = 0; n < bus->device_count; n++)
        if (bus->devices[n].device == device && bus->devices[n].read == read)
            bus->devices[n].repeats = repeats;
}

uint64_t bus_repeats_until(struct bus *bus, uint16_t port, unsigned size)
{
    unsigned n = owner_of(bus, port);

    if (size > bus->devices[n].width || !bus->devices[n].repeats || bus_calls(bus, port))
        return 0;
    return bus->devices[n].repeats(bus->devices[n].device, port);
}

uint32_t bus_read(struct bus *bus, uint16_t port, unsigned size)
{
    unsigned n = owner_of(bus, port);
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
    unsigned n = owner_of(bus, port);

    if (size > bus->devices[n].width) {
        unsigned half = size / 2;
        bus_write(bus, port, value & ((1u << half * 8) - 1), half);
        bus_write(bus, (uint16_t)(port + half), value >> half * 8, half);
        return;
    }
    bus->devices[n].write(bus->devices[n].device, port, value, size);
}
