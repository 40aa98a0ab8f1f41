/* bus.h - the I/O ports: who answers where. */
#ifndef MUNIMENT_EMU_BUS_H
#define MUNIMENT_EMU_BUS_H

#include <stdbool.h>
#include <stdint.h>

/* size is 1, 2 or 4, never more than the `width` the ports were mapped with. */
typedef uint32_t port_read_function(void *device, uint16_t port, unsigned size);
/* The tick until which reads of this port, from now on and none of them alone, give one and the same value and change
 * nothing, as long as no event fires and nothing is written; 0: the next read may be another. */
typedef uint64_t port_repeats_function(void *device, uint16_t port);
typedef void port_write_function(void *device, uint16_t port, uint32_t value, unsigned size);

/* A call by IN EAX, DX: the general registers in the order of their numbers, EAX ECX EDX EBX ESP EBP ESI EDI, of which
 * it may change all but ESP and EBP. */
typedef void port_call_function(void *device, uint32_t reg[8]);

#define BUS_DEVICES 64

/* Ranges of ports that the guest can move: one for each device that has such. */
enum bus_window {
    WINDOW_POWER,
    WINDOW_IDE,
    WINDOW_NETWORK,
    WINDOW_ISAPNP,
    WINDOW_ISAPNP2,
    WINDOW_SB16_LOW,  /* mixer and reset, */
    WINDOW_SB16_HIGH, /* and what the DSP has besides */
    WINDOW_SB16_OPL,  /* the synthesizer in the same block, twice */
    WINDOW_SB16_OPL2,
    WINDOW_OPL,
    WINDOW_MIDI,
    WINDOW_COUNT
};

struct bus {
    uint8_t owner[65536]; /* index into devices; 0: none: reads give all ones, writes are lost */
    struct {
        port_read_function *read;
        port_write_function *write;
        port_repeats_function *repeats; /* null: each read counts */
        void *device;
        unsigned width;
    } devices[BUS_DEVICES];
    unsigned device_count;
    struct {
        uint16_t first, count;
        uint8_t owner;
    } windows[WINDOW_COUNT]; /* all of it follows from the devices' configuration */
    struct {
        port_call_function *function; /* null: there is none */
        void *device;
        uint16_t port;
    } call;
};

void bus_init(struct bus *bus);

/* Maps ports first .. first + count - 1. width is the widest access the device takes in one piece (1, 2 or 4); wider
 * ones are split into consecutive ports from the lowest up, as an ISA bus does. A later mapping replaces an earlier
 * one. */
void bus_map_ports(struct bus *bus, uint16_t first, unsigned count, unsigned width, port_read_function *read,
                   port_write_function *write, void *device);

/* Maps ports that the guest moves about. They lie before those above, which answer again when these go; of two that
 * overlap the lower window answers. A window is one device's alone; count 0 closes it. */
void bus_move_ports(struct bus *bus, enum bus_window window, uint16_t first, unsigned count, unsigned width,
                    port_read_function *read, port_write_function *write, void *device);

/* Makes a port one at which IN EAX, DX is a call; any other access finds nothing there. There is one at most. */
void bus_map_call(struct bus *bus, uint16_t port, port_call_function *function, void *device);

/* False: the port is none of calls. */
static inline bool bus_calls(const struct bus *bus, uint16_t port)
{
    return bus->call.function && bus->call.port == port;
}

/* Says which reads of a device's ports repeat: of all that were mapped with that function for reading. */
void bus_declare_repeats(struct bus *bus, void *device, port_read_function *read, port_repeats_function *repeats);

/* As port_repeats_function, for an access of `size` bytes. */
uint64_t bus_repeats_until(struct bus *bus, uint16_t port, unsigned size);

uint32_t bus_read(struct bus *bus, uint16_t port, unsigned size);
void bus_write(struct bus *bus, uint16_t port, uint32_t value, unsigned size);

#endif
