/* uart16550.c - National PC16550D asynchronous receiver and transmitter (data sheet June 1995) on a PC's board,
 * where OUT2 opens the interrupt.
 *
 * A byte takes its real time at the programmed rate and format, in both directions. At the other end of the cable is a
 * partner that is always ready, with CTS, DSR and DCD on, or a mouse, which has none of them. It neither breaks nor
 * errs, so that overrun is the only receive error. */
#include "emu/devices/uart16550.h"

#include <string.h>

#define FREQUENCY 1843200u /* Hz; 16 cycles a bit at divisor 1 */

enum { IER_RECEIVED = 0x01, IER_TRANSMIT_EMPTY = 0x02, IER_LINE = 0x04, IER_MODEM = 0x08 };
/* clang-format off */
enum {
    IIR_LINE = 0x06, IIR_RECEIVED = 0x04, IIR_TIMEOUT = 0x0C, IIR_TRANSMIT_EMPTY = 0x02, IIR_MODEM = 0x00, IIR_NONE
    = 0x01, IIR_FIFOS = 0xC0
};
/* clang-format on */
enum { FCR_ENABLE = 0x01, FCR_CLEAR_RECEIVE = 0x02, FCR_CLEAR_TRANSMIT = 0x04, FCR_DMA = 0x08, FCR_TRIGGER = 0xC0 };
enum { LCR_STOP = 0x04, LCR_PARITY = 0x08, LCR_DIVISOR = 0x80 };
enum { MCR_DTR = 0x01, MCR_RTS = 0x02, MCR_OUT1 = 0x04, MCR_OUT2 = 0x08, MCR_LOOP = 0x10 };
enum { LSR_RECEIVED = 0x01, LSR_OVERRUN = 0x02, LSR_HOLDING_EMPTY = 0x20, LSR_EMPTY = 0x40 };
enum { MSR_CTS = 0x10, MSR_DSR = 0x20, MSR_RI = 0x40, MSR_DCD = 0x80 };

static const struct state_field fifo_state[] = {STATE_BUFFER(struct uart16550_fifo, bytes, length, "the oldest first"),
                                                STATE_END};

/* clang-format off */
const struct state_field uart16550_state[] = {
    STATE_TABLE(struct uart16550, receive, struct uart16550_fifo, fifo_state, "received"),
    STATE_TABLE(struct uart16550, transmit, struct uart16550_fifo, fifo_state, "to be transmitted"),
    STATE(struct uart16550, ier, U8, "IER"),
    STATE(struct uart16550, fcr, U8, "FCR"),
    STATE(struct uart16550, lcr, U8, "LCR"),
    STATE(struct uart16550, mcr, U8, "MCR"),
    STATE(struct uart16550, scratch, U8, "SCR"),
    STATE(struct uart16550, modem_change, U8, "MSR bits 0-3"),
    STATE(struct uart16550, receive_shift, U8, "byte that is arriving"),
    STATE(struct uart16550, transmit_shift, U8, "byte that is leaving"),
    STATE(struct uart16550, divisor, U16, "divisor latch"),
    STATE(struct uart16550, overrun, BOOL, "LSR bit 1"),
    STATE(struct uart16550, transmit_empty, BOOL, "the interrupt of the empty transmitter waits"),
    STATE(struct uart16550, timed_out, BOOL, "the character timeout interrupt waits"),
    STATE(struct uart16550, transmit_due_at, TICK, "the byte has left"),
    STATE(struct uart16550, receive_due_at, TICK, "the byte has arrived"),
    STATE(struct uart16550, timeout_due_at, TICK, "received bytes have waited for four byte times"),
    STATE_END
};
/* clang-format on */

static uint32_t depth(const struct uart16550 *uart)
{
    return uart->fcr & FCR_ENABLE ? 16 : 1;
}

static uint8_t word_mask(const struct uart16550 *uart)
{
    return 0xFF >> (3 - (uart->lcr & 3));
}

/* Ticks that `bytes` take on the wire. Divisor 0 counts as 65536. */
static uint64_t wire_time(const struct uart16550 *uart, unsigned bytes)
{
    unsigned word = 5u + (uart->lcr & 3);
    unsigned stop = !(uart->lcr & LCR_STOP) ? 2 : word == 5 ? 3 : 4; /* in half bits */
    unsigned half_bits = 2 * (1 + word + !!(uart->lcr & LCR_PARITY)) + stop;
    uint32_t divisor = uart->divisor ? uart->divisor : 65536;

    return clock_ticks_for_cycles(uart->clock, (uint64_t)bytes * half_bits * 8 * divisor, FREQUENCY);
}

static void schedule(struct uart16550 *uart, unsigned event, uint64_t ticks)
{
    clock_schedule(uart->clock, uart->slot + event, ticks == NEVER ? NEVER : clock_now(uart->clock) + ticks);
}

enum { TRANSMIT, RECEIVE, TIMEOUT }; /* event slots, from uart->slot */

/* The highest interrupt that waits (table III). */
static uint8_t interrupt(const struct uart16550 *uart)
{
    static const uint8_t triggers[4] = {1, 4, 8, 14};
    uint32_t trigger = uart->fcr & FCR_ENABLE ? triggers[uart->fcr >> 6] : 1;

    if ((uart->ier & IER_LINE) && uart->overrun)
        return IIR_LINE;
    if ((uart->ier & IER_RECEIVED) && uart->receive.length >= trigger)
        return IIR_RECEIVED;
    if ((uart->ier & IER_RECEIVED) && uart->timed_out)
        return IIR_TIMEOUT;
    if ((uart->ier & IER_TRANSMIT_EMPTY) && uart->transmit_empty)
        return IIR_TRANSMIT_EMPTY;
    if ((uart->ier & IER_MODEM) && uart->modem_change)
        return IIR_MODEM;
    return IIR_NONE;
}

/* Loopback holds the pin of OUT2 inactive. */
static void update_irq(struct uart16550 *uart)
{
    line_set(&uart->irq, interrupt(uart) != IIR_NONE && (uart->mcr & (MCR_OUT2 | MCR_LOOP)) == MCR_OUT2);
}

static uint8_t pop(struct uart16550_fifo *fifo)
{
    uint8_t byte = fifo->bytes[0];

    fifo->length--;
    memmove(fifo->bytes, fifo->bytes + 1, fifo->length);
    return byte;
}

/* The character timeout begins anew with each byte received or read. */
static void restart_timeout(struct uart16550 *uart)
{
    bool runs = (uart->fcr & FCR_ENABLE) && uart->receive.length;
    schedule(uart, TIMEOUT, runs ? wire_time(uart, 4) : NEVER);
}

static void timeout_due(void *device)
{
    struct uart16550 *uart = device;

    uart->timed_out = true;
    update_irq(uart);
}

static void received(struct uart16550 *uart, uint8_t byte)
{
    byte &= word_mask(uart);
    if (uart->receive.length < depth(uart)) {
        uart->receive.bytes[uart->receive.length++] = byte;
    } else {
        uart->overrun = true;
        if (!(uart->fcr & FCR_ENABLE))
            uart->receive.bytes[0] = byte; /* without FIFOs the new byte wins */
    }
    restart_timeout(uart);
    update_irq(uart);
}

static void receive_due(void *device)
{
    struct uart16550 *uart = device;
    received(uart, uart->receive_shift);
}

bool uart16550_receive(struct uart16550 *uart, uint8_t byte)
{
    if ((uart->mcr & MCR_LOOP) || uart->receive_due_at != NEVER || uart->receive.length >= depth(uart))
        return false;
    uart->receive_shift = byte;
    schedule(uart, RECEIVE, wire_time(uart, 1));
    return true;
}

void uart16550_receive_at(struct uart16550 *uart, uint16_t divisor, uint8_t byte)
{
    if (uart->divisor != divisor || uart->mcr & MCR_LOOP || uart->receive_due_at != NEVER)
        return;
    uart->receive_shift = byte;
    schedule(uart, RECEIVE, wire_time(uart, 1));
}

/* Moves the next byte into the shift register if that is free. */
static void transmit(struct uart16550 *uart)
{
    if (uart->transmit_due_at != NEVER || !uart->transmit.length)
        return;
    uart->transmit_shift = pop(&uart->transmit);
    if (!uart->transmit.length)
        uart->transmit_empty = true;
    schedule(uart, TRANSMIT, wire_time(uart, 1));
}

static void transmit_due(void *device)
{
    struct uart16550 *uart = device;
    uint8_t byte = uart->transmit_shift & word_mask(uart);

    if (uart->mcr & MCR_LOOP)
        received(uart, byte);
    else if (uart->out)
        uart->out(uart->context, byte);
    transmit(uart);
    update_irq(uart);
}

/* MSR bits 4-7. */
static uint8_t modem_lines(const struct uart16550 *uart)
{
    uint8_t mcr = uart->mcr;

    if (!(mcr & MCR_LOOP))
        return uart->modem_in;
    return (uint8_t)((mcr & MCR_RTS ? MSR_CTS : 0) | (mcr & MCR_DTR ? MSR_DSR : 0) | (mcr & MCR_OUT1 ? MSR_RI : 0) |
                     (mcr & MCR_OUT2 ? MSR_DCD : 0));
}

/* The pins of the connector; loopback holds them inactive. */
static void update_modem_out(struct uart16550 *uart)
{
    uint8_t pins = uart->mcr & MCR_LOOP ? 0 : uart->mcr;

    line_set(&uart->dtr, pins & MCR_DTR);
    line_set(&uart->rts, pins & MCR_RTS);
}

static void write_mcr(struct uart16550 *uart, uint8_t value)
{
    uint8_t before = modem_lines(uart), changed;

    uart->mcr = value & 0x1F;
    changed = before ^ modem_lines(uart);
    if (changed & ~before & MSR_RI) /* only the end of a ring counts */
        changed &= (uint8_t)~MSR_RI;
    uart->modem_change |= changed >> 4;
    update_modem_out(uart);
}

static void write_fcr(struct uart16550 *uart, uint8_t value)
{
    if ((value ^ uart->fcr) & FCR_ENABLE)
        value |= FCR_CLEAR_RECEIVE | FCR_CLEAR_TRANSMIT;
    uart->fcr = value & FCR_ENABLE ? value & (FCR_ENABLE | FCR_DMA | FCR_TRIGGER) : 0;
    if (value & FCR_CLEAR_RECEIVE) {
        uart->receive.length = 0;
        uart->timed_out = false;
        restart_timeout(uart);
    }
    if ((value & FCR_CLEAR_TRANSMIT) && uart->transmit.length) {
        uart->transmit.length = 0;
        uart->transmit_empty = true;
    }
}

static void write_thr(struct uart16550 *uart, uint8_t value)
{
    if (uart->transmit.length < depth(uart))
        uart->transmit.length++;
    else if (uart->fcr & FCR_ENABLE)
        return; /* a full FIFO loses the byte */
    uart->transmit.bytes[uart->transmit.length - 1] = value;
    uart->transmit_empty = false;
    transmit(uart);
}

static void write_ier(struct uart16550 *uart, uint8_t value)
{
    if ((value & ~uart->ier & IER_TRANSMIT_EMPTY) && !uart->transmit.length)
        uart->transmit_empty = true;
    uart->ier = value & 0x0F;
}

static void port_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    struct uart16550 *uart = device;
    uint8_t byte = (uint8_t)value;
    bool divisor = uart->lcr & LCR_DIVISOR;

    (void)size;
    switch (port & 7) {
    case 0:
        if (divisor)
            uart->divisor = (uart->divisor & 0xFF00) | byte;
        else
            write_thr(uart, byte);
        break;
    case 1:
        if (divisor)
            uart->divisor = (uint16_t)((uart->divisor & 0xFF) | byte << 8);
        else
            write_ier(uart, byte);
        break;
    case 2: write_fcr(uart, byte); break;
    case 3: uart->lcr = byte; break;
    case 4: write_mcr(uart, byte); break;
    case 7: uart->scratch = byte; break;
    }
    update_irq(uart);
}

static uint8_t read_rbr(struct uart16550 *uart)
{
    uint8_t byte = uart->receive.length ? pop(&uart->receive) : 0;

    uart->timed_out = false;
    restart_timeout(uart);
    return byte;
}

static uint8_t read_iir(struct uart16550 *uart)
{
    uint8_t source = interrupt(uart);

    if (source == IIR_TRANSMIT_EMPTY)
        uart->transmit_empty = false;
    return source | (uart->fcr & FCR_ENABLE ? IIR_FIFOS : 0);
}

static uint8_t read_lsr(struct uart16550 *uart)
{
    bool empty = !uart->transmit.length;
    uint8_t value = (uint8_t)((uart->receive.length ? LSR_RECEIVED : 0) | (uart->overrun ? LSR_OVERRUN : 0) |
                              (empty ? LSR_HOLDING_EMPTY : 0) |
                              (empty && uart->transmit_due_at == NEVER ? LSR_EMPTY : 0));
    uart->overrun = false;
    return value;
}

static uint8_t read_msr(struct uart16550 *uart)
{
    uint8_t value = modem_lines(uart) | uart->modem_change;
    uart->modem_change = 0;
    return value;
}

static uint8_t read_register(struct uart16550 *uart, unsigned reg)
{
    bool divisor = uart->lcr & LCR_DIVISOR;

    /* clang-format off */
    switch (reg) {
    case 0:  return divisor ? (uint8_t)uart->divisor : read_rbr(uart);
    case 1:  return divisor ? (uint8_t)(uart->divisor >> 8) : uart->ier;
    case 2:  return read_iir(uart);
    case 3:  return uart->lcr;
    case 4:  return uart->mcr;
    case 5:  return read_lsr(uart);
    case 6:  return read_msr(uart);
    default: return uart->scratch;
    }
    /* clang-format on */
}

static uint32_t port_read(void *device, uint16_t port, unsigned size)
{
    struct uart16550 *uart = device;
    uint8_t value = read_register(uart, port & 7);

    (void)size;
    update_irq(uart);
    return value;
}

/* What a read changes, it changes once. */
static uint64_t port_repeats(void *device, uint16_t port)
{
    const struct uart16550 *uart = device;
    bool changes = false;

    switch (port & 7) {
    case 0: changes = !(uart->lcr & LCR_DIVISOR) && (uart->receive.length || uart->timed_out); break;
    case 2: changes = interrupt(uart) == IIR_TRANSMIT_EMPTY; break;
    case 5: changes = uart->overrun; break;
    case 6: changes = uart->modem_change; break;
    }
    return changes ? 0 : NEVER;
}

/* Master reset (table I). The divisor would be random; it is that of 9,600 baud. */
void uart16550_reset(struct uart16550 *uart)
{
    uart->receive.length = uart->transmit.length = 0;
    uart->ier = uart->fcr = uart->lcr = uart->mcr = uart->scratch = uart->modem_change = 0;
    uart->receive_shift = uart->transmit_shift = 0;
    uart->divisor = 12;
    uart->overrun = uart->transmit_empty = uart->timed_out = false;
    for (unsigned event = TRANSMIT; event <= TIMEOUT; event++)
        schedule(uart, event, NEVER);
    update_irq(uart);
    update_modem_out(uart);
}

void uart16550_init(struct uart16550 *uart, struct clock *clock, struct bus *bus, uint16_t port, enum event_slot slot,
                    struct line irq, void (*out)(void *context, uint8_t byte), void *context)
{
    memset(uart, 0, sizeof *uart);
    uart->clock = clock;
    uart->slot = slot;
    uart->irq = irq;
    uart->modem_in = MSR_CTS | MSR_DSR | MSR_DCD;
    uart->out = out;
    uart->context = context;
    clock_register(clock, slot + TRANSMIT, &uart->transmit_due_at, transmit_due, uart);
    clock_register(clock, slot + RECEIVE, &uart->receive_due_at, receive_due, uart);
    clock_register(clock, slot + TIMEOUT, &uart->timeout_due_at, timeout_due, uart);
    uart16550_reset(uart);
    bus_map_ports(bus, port, 8, 1, port_read, port_write, uart);
    bus_declare_repeats(bus, uart, port_read, port_repeats);
}
