/* uart16550.h - a serial port: 16550A. */
#ifndef MUNIMENT_EMU_DEVICES_UART16550_H
#define MUNIMENT_EMU_DEVICES_UART16550_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/bus.h"
#include "emu/clock.h"
#include "emu/line.h"
#include "emu/state.h"

struct uart16550_fifo {
    uint8_t bytes[16];
    uint32_t length;
};

struct uart16550 {
    struct uart16550_fifo receive, transmit; /* one byte deep until the FIFOs are enabled */
    uint8_t ier, fcr, lcr, mcr, scratch;
    uint8_t modem_change; /* delta bits of MSR */
    uint8_t receive_shift, transmit_shift;
    uint16_t divisor;
    bool overrun;
    bool transmit_empty;      /* the THRE interrupt waits */
    bool timed_out;           /* the character timeout interrupt waits */
    uint64_t transmit_due_at; /* the byte in the shift register is out; NEVER: it is empty */
    uint64_t receive_due_at;
    uint64_t timeout_due_at;
    /* wiring */
    struct clock *clock;
    enum event_slot slot;
    struct line irq, dtr, rts; /* dtr and rts: of the connector; not connected when it was made */
    uint8_t modem_in;          /* bits 4-7 of MSR, as the other end of the cable has them: CTS, DSR and DCD are on */
    void (*out)(void *context, uint8_t byte);
    void *context;
};

extern const struct state_field uart16550_state[];

/* slot is EVENT_SERIAL_0 or EVENT_SERIAL_1; the next two slots are used too. out (which may be null) is given
 * each byte when it has left. */
void uart16550_init(struct uart16550 *uart, struct clock *clock, struct bus *bus, uint16_t port, enum event_slot slot,
                    struct line irq, void (*out)(void *context, uint8_t byte), void *context);
void uart16550_reset(struct uart16550 *uart);

/* A byte begins to arrive; it is there one byte time later. False: one is arriving, or there is no room for it. */
bool uart16550_receive(struct uart16550 *uart, uint8_t byte);
/* The same of a partner that has a rate of its own, given as a divisor, and that does not wait: at any other rate the
 * byte is lost, and one for which there is no room when it is there overruns the receiver. */
void uart16550_receive_at(struct uart16550 *uart, uint16_t divisor, uint8_t byte);

#endif
