/* bus.h - the I/O ports: who answers where. */
#ifndef MUNIMENT_EMU_BUS_H
#define MUNIMENT_EMU_BUS_H

#include <stdbool.h>
#include <stdint.h>

/* size is 1, 2 or 4, never more than the `width` the ports were mapped with. */
typedef uint32_t port_read_function(void *device, uint16_t port, unsigned size);
typedef void port_write_function(void *device, uint16_t port, uint32_t value, unsigned size);

#define BUS_DEVICES 64

struct bus {
    uint8_t owner[65536]; /* index into devices; 0 is nobody: reads give all ones, writes are lost */
    struct {
        port_read_function *read;
        port_write_function *write;
        void *device;
        unsigned width;
    } devices[BUS_DEVICES];
    unsigned device_count;
};

void bus_init(struct bus *bus);

/* Maps ports first .. first + count - 1. width is the widest access the device takes in one piece (1, 2 or 4); wider ones are split into
 * consecutive ports from the lowest up, as an ISA bus does. A later mapping replaces an earlier one. */
void bus_map_ports(struct bus *bus, uint16_t first, unsigned count, unsigned width, port_read_function *read,
                   port_write_function *write, void *device);

/* Takes a device's ports away from it, as far as it still has them. */
void bus_unmap_ports(struct bus *bus, uint16_t first, unsigned count, const void *device);

uint32_t bus_read(struct bus *bus, uint16_t port, unsigned size);
void bus_write(struct bus *bus, uint16_t port, uint32_t value, unsigned size);

#endif
