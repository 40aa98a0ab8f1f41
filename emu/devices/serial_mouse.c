/* serial_mouse.c - Microsoft's serial mouse (Microsoft Mouse Programmer's Reference, "Serial mouse"; mouse(4) of
 * XFree86): 1,200 baud, seven data bits, no parity.
 *
 * It draws its power from RTS and DTR. When both have come on it says M, by which drivers know it; then it reports
 * three bytes whenever something changed. Movement accumulates until it is reported, so that no report waits for
 * another. */
#include "emu/devices/serial_mouse.h"

enum { IDENTIFICATION = 'M', POWER = 1 << SERIAL_MOUSE_DTR | 1 << SERIAL_MOUSE_RTS };
enum { BYTE_US = 8334, IDENTIFY_US = 15000 }; /* ten bits: a receiver of eight data bits keeps up as well */
enum { LIMIT = 127, HOLD_LIMIT = 0x7FFF };
enum { FIRST_BYTE = 0x40, STOP_BIT = 0x80 }; /* a receiver of eight data bits takes the stop bit for the eighth */

/* clang-format off */
const struct state_field serial_mouse_state[] = {
    STATE_TABLE(struct serial_mouse, packet, struct ps2_queue, ps2_queue_state, "a report on its way"),
    STATE_UP_TO(struct serial_mouse, wires, U8, POWER, "bit 0 DTR is on, 1 RTS"),
    STATE(struct serial_mouse, buttons, U8, "buttons that are down: bit 0 left, 1 right"),
    STATE(struct serial_mouse, reported, U8, "buttons as last reported"),
    STATE_UP_TO(struct serial_mouse, dx, I64, HOLD_LIMIT, "movement to the right, not yet reported"),
    STATE_UP_TO(struct serial_mouse, dy, I64, HOLD_LIMIT, "movement down, not yet reported"),
    STATE(struct serial_mouse, due_at, TICK, "the next byte begins"),
    STATE_END
};
/* clang-format on */

static bool has_power(const struct serial_mouse *m)
{
    return m->wires == POWER;
}

static void schedule(struct serial_mouse *m, uint64_t microseconds)
{
    clock_schedule(m->clock, EVENT_SERIAL_MOUSE, clock_now(m->clock) + clock_ticks_us(m->clock, microseconds));
}

static int64_t clamp(int64_t value, int64_t limit)
{
    return value > limit ? limit : value < -limit ? -limit : value;
}

static void make_packet(struct serial_mouse *m)
{
    int64_t dx = clamp(m->dx, LIMIT), dy = clamp(m->dy, LIMIT);

    m->dx -= dx;
    m->dy -= dy;
    m->reported = m->buttons;
    ps2_push(&m->packet,
             (uint8_t)(FIRST_BYTE | (m->buttons & 1) << 5 | (m->buttons & 2) << 3 | (dy >> 4 & 12) | (dx >> 6 & 3)));
    ps2_push(&m->packet, (uint8_t)(dx & 0x3F));
    ps2_push(&m->packet, (uint8_t)(dy & 0x3F));
}

static void byte_due(void *device)
{
    struct serial_mouse *m = device;

    if (!m->packet.length && (m->dx || m->dy || m->buttons != m->reported))
        make_packet(m);
    if (!m->packet.length)
        return;
    m->out(m->context, ps2_pop(&m->packet) | STOP_BIT);
    schedule(m, BYTE_US);
}

static void wire_changed(void *device, unsigned number, bool level)
{
    struct serial_mouse *m = device;
    bool had_power = has_power(m);

    m->wires = (uint8_t)(level ? m->wires | 1 << number : m->wires & ~(1 << number));
    if (has_power(m) == had_power)
        return;
    m->packet.length = 0;
    m->dx = m->dy = 0;
    m->reported = m->buttons;
    clock_schedule(m->clock, EVENT_SERIAL_MOUSE, NEVER);
    if (has_power(m)) {
        ps2_push(&m->packet, IDENTIFICATION);
        schedule(m, IDENTIFY_US);
    }
}

struct line serial_mouse_wire(struct serial_mouse *m, enum serial_mouse_wire wire)
{
    return (struct line){wire_changed, m, wire};
}

bool serial_mouse_move(struct serial_mouse *m, int dx, int dy, unsigned buttons)
{
    buttons &= 3;
    if (m->buttons != m->reported && buttons != m->buttons)
        return false;
    m->buttons = (uint8_t)buttons;
    if (!has_power(m)) {
        m->reported = m->buttons;
        return true;
    }
    m->dx = clamp(m->dx + dx, HOLD_LIMIT);
    m->dy = clamp(m->dy + dy, HOLD_LIMIT);
    if (m->due_at == NEVER)
        schedule(m, 1);
    return true;
}

void serial_mouse_init(struct serial_mouse *m, struct clock *clock, void (*out)(void *context, uint8_t byte),
                       void *context)
{
    memset(m, 0, sizeof *m);
    m->clock = clock;
    m->out = out;
    m->context = context;
    m->due_at = NEVER;
    clock_register(clock, EVENT_SERIAL_MOUSE, &m->due_at, byte_due, m);
}
