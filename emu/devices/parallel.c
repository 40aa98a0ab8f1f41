/* parallel.c - the parallel port of a PS/2 (PS/2 Hardware Interface Technical Reference, "Parallel Port
 * Controller") and a printer.
 *
 * The printer takes the byte at the leading edge of the strobe, is busy, and answers with a pulse on nAck; a
 * strobe while it is busy is lost. The interrupt comes at the end of the pulse and stays until the status is read. */
#include "emu/devices/parallel.h"

#include <string.h>

#define STEP_US 5u /* from the strobe to nAck, and the length of nAck */

/* clang-format off */
enum {
    STATUS_READY = 0x80, STATUS_NOT_ACK = 0x40, STATUS_SELECTED = 0x10, STATUS_NO_ERROR = 0x08, STATUS_NO_IRQ =
    0x04, STATUS_UNUSED = 0x03
};
/* clang-format on */
enum { CONTROL_STROBE = 0x01, CONTROL_IRQ = 0x10, CONTROL_INPUT = 0x20, CONTROL_UNUSED = 0xC0 };

/* clang-format off */
const struct state_field parallel_state[] = {
    STATE(struct parallel, data, U8, "data latch"),
    STATE(struct parallel, control, U8, "control register"),
    STATE(struct parallel, busy, BOOL, "the printer is busy"),
    STATE(struct parallel, acknowledging, BOOL, "nAck is low"),
    STATE(struct parallel, interrupt, BOOL, "nAck has risen since the status was read"),
    STATE(struct parallel, due_at, TICK, "next step of the handshake"),
    STATE_END
};
/* clang-format on */

static void update_irq(struct parallel *p)
{
    line_set(&p->irq, p->interrupt && (p->control & CONTROL_IRQ));
}

static void step_later(struct parallel *p)
{
    clock_schedule(p->clock, EVENT_PARALLEL, clock_now(p->clock) + clock_ticks_us(p->clock, STEP_US));
}

static void step_due(void *device)
{
    struct parallel *p = device;

    p->acknowledging = !p->acknowledging;
    if (p->acknowledging) {
        step_later(p);
        return;
    }
    p->busy = false;
    p->interrupt = true;
    update_irq(p);
}

static void write_control(struct parallel *p, uint8_t value)
{
    bool strobe = value & ~p->control & CONTROL_STROBE;

    p->control = value & (uint8_t)~CONTROL_UNUSED;
    update_irq(p);
    if (!strobe || p->busy)
        return;
    p->busy = true;
    if (p->out)
        p->out(p->context, p->data);
    step_later(p);
}

static uint8_t read_status(struct parallel *p)
{
    uint8_t value = (uint8_t)(STATUS_SELECTED | STATUS_NO_ERROR | STATUS_UNUSED | (p->busy ? 0 : STATUS_READY) |
                              (p->acknowledging ? 0 : STATUS_NOT_ACK) | (p->interrupt ? 0 : STATUS_NO_IRQ));
    p->interrupt = false;
    update_irq(p);
    return value;
}

static void port_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    struct parallel *p = device;

    (void)size;
    switch (port & 3) {
    case 0: p->data = (uint8_t)value; break;
    case 2: write_control(p, (uint8_t)value); break;
    }
}

static uint32_t port_read(void *device, uint16_t port, unsigned size)
{
    struct parallel *p = device;

    (void)size;
    switch (port & 3) {
    case 0: return p->control & CONTROL_INPUT ? 0xFF : p->data; /* nothing drives the lines inward */
    case 1: return read_status(p);
    default: return p->control | CONTROL_UNUSED;
    }
}

void parallel_reset(struct parallel *p)
{
    p->data = p->control = 0;
    p->busy = p->acknowledging = p->interrupt = false;
    clock_schedule(p->clock, EVENT_PARALLEL, NEVER);
    update_irq(p);
}

void parallel_init(struct parallel *p, struct clock *clock, struct bus *bus, uint16_t port, struct line irq,
                   void (*out)(void *context, uint8_t byte), void *context)
{
    memset(p, 0, sizeof *p);
    p->clock = clock;
    p->irq = irq;
    p->out = out;
    p->context = context;
    clock_register(clock, EVENT_PARALLEL, &p->due_at, step_due, p);
    parallel_reset(p);
    bus_map_ports(bus, port, 3, 1, port_read, port_write, p);
}
