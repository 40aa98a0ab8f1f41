/* mpu401.c - Roland MPU-401, as far as a Sound Blaster 16 has it (Creative, "Sound Blaster Series Hardware Programming
 * Guide", chapter 5): a reset, the UART mode, and MIDI at 31,250 bits a second, ten bits to a byte. */
#include "emu/devices/mpu401.h"

enum { RESET = 0xFF, ENTER_UART = 0x3F, ACKNOWLEDGE = 0xFE };
enum { NOTHING_TO_READ = 0x80, NOT_READY = 0x40, STATUS_REST = 0x3F };
enum { BYTE_US = 320 };

/* clang-format off */
const struct state_field mpu401_state[] = {
    STATE(struct mpu401, uart, BOOL, "UART mode"),
    STATE(struct mpu401, acknowledged, BOOL, "an acknowledgement waits to be read"),
    STATE(struct mpu401, ready_at, TICK, "when the last byte has left, or will have"),
    STATE_END
};
/* clang-format on */

bool mpu401_is_ready(const struct mpu401 *m)
{
    return clock_now(m->clock) >= m->ready_at;
}

static void command_write(struct mpu401 *m, uint8_t command)
{
    m->acknowledged = !m->uart; /* in UART mode a reset has no answer, and nothing else is a command */
    if (command == RESET)
        m->uart = false;
    else if (command == ENTER_UART)
        m->uart = true;
}

void mpu401_send(struct mpu401 *m, uint8_t byte)
{
    if (!mpu401_is_ready(m))
        return;
    m->ready_at = clock_now(m->clock) + clock_ticks_us(m->clock, BYTE_US);
    if (m->out)
        m->out(m->context, byte);
}

static void data_write(struct mpu401 *m, uint8_t byte)
{
    if (m->uart)
        mpu401_send(m, byte);
}

static void port_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    (void)size;
    if (port & 1)
        command_write(device, (uint8_t)value);
    else
        data_write(device, (uint8_t)value);
}

static uint32_t port_read(void *device, uint16_t port, unsigned size)
{
    struct mpu401 *m = device;

    (void)size;
    if (port & 1)
        return STATUS_REST | (m->acknowledged ? 0 : NOTHING_TO_READ) | (mpu401_is_ready(m) ? 0 : NOT_READY);
    m->acknowledged = false;
    return ACKNOWLEDGE;
}

void mpu401_reset(struct mpu401 *m)
{
    m->uart = m->acknowledged = false;
    m->ready_at = 0;
}

void mpu401_init(struct mpu401 *m, struct clock *clock, struct bus *bus, void (*out)(void *context, uint8_t byte),
                 void *context)
{
    *m = (struct mpu401){.clock = clock, .out = out, .context = context};
    if (bus)
        bus_map_ports(bus, MPU401_PORTS, 2, 1, port_read, port_write, m);
}

void mpu401_move(struct mpu401 *m, struct bus *bus, uint16_t first)
{
    bus_move_ports(bus, WINDOW_MIDI, first, first ? 2 : 0, 1, port_read, port_write, m);
}
