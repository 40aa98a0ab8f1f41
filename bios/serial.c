/* serial.c - INT 14h, characters over the 16550 serial ports, polled (data sheet PC16550D). */
#include "serial.h"

#include "bda.h"

enum {
    DATA = 0,
    INTERRUPT_ENABLE = 1,
    LINE_CONTROL = 3,
    MODEM_CONTROL = 4,
    LINE_STATUS = 5,
    MODEM_STATUS = 6,
    SCRATCH = 7
};
/* clang-format off */
enum { DIVISOR_ACCESS = 0x80, DTR_RTS = 0x03, DATA_READY = 0x01, ERRORS = 0x1E, HOLDING_EMPTY = 0x20, DSR = 0x20, CTS = 0x10,
       TIMED_OUT = 0x80 };
/* clang-format on */

/* 115,200 divided by 110, 150, 300, 600, 1200, 2400, 4800, 9600. */
static ROM_DATA uint16_t divisors[] = {1047, 768, 384, 192, 96, 48, 24, 12};

static ROM_DATA uint16_t port_addresses[] = {0x3F8, 0x2F8, 0x3E8, 0x2E8};

static bool uart_present(uint16_t base)
{
    outb(base + INTERRUPT_ENABLE, 0x0A);
    bool present = inb(base + INTERRUPT_ENABLE) == 0x0A;
    outb(base + INTERRUPT_ENABLE, 0);
    return present && inb(base + INTERRUPT_ENABLE) == 0;
}

void serial_init(void)
{
    unsigned count = 0;

    for (unsigned i = 0; i < ARRAY_LENGTH(port_addresses); i++) {
        bda_put(com_timeout[i], 1);
        if (uart_present(rom_get(port_addresses[i])))
            bda_put(com[count++], rom_get(port_addresses[i]));
    }
    bda_put(equipment, bda_get(equipment) | (count << 9));
}

/* Waits until all `want` bits of a register are set, as long as 40:7C says, in half seconds. */
static bool wait_for(uint16_t port, uint8_t want, uint8_t limit)
{
    struct timeout t;
    timeout_start(&t, limit * 500);
    while ((inb(port) & want) != want)
        if (timeout_expired(&t))
            return false;
    return true;
}

static void get_status(struct regs *r, uint16_t base)
{
    r->ah = inb(base + LINE_STATUS);
    r->al = inb(base + MODEM_STATUS);
}

static void initialize(struct regs *r, uint16_t base)
{
    uint16_t divisor = rom_get(divisors[r->al >> 5]);

    outb(base + LINE_CONTROL, DIVISOR_ACCESS);
    outb(base + DATA, (uint8_t)divisor);
    outb(base + INTERRUPT_ENABLE, divisor >> 8);
    outb(base + LINE_CONTROL, r->al & 0x1F);
    outb(base + INTERRUPT_ENABLE, 0);
    get_status(r, base);
}

static void send(struct regs *r, uint16_t base, uint8_t limit)
{
    outb(base + MODEM_CONTROL, DTR_RTS);
    if (!wait_for(base + MODEM_STATUS, DSR | CTS, limit) || !wait_for(base + LINE_STATUS, HOLDING_EMPTY, limit)) {
        r->ah = inb(base + LINE_STATUS) | TIMED_OUT;
        return;
    }
    outb(base + DATA, r->al);
    r->ah = inb(base + LINE_STATUS) & ~TIMED_OUT;
}

static void receive(struct regs *r, uint16_t base, uint8_t limit)
{
    outb(base + MODEM_CONTROL, DTR_RTS & 1);
    if (!wait_for(base + MODEM_STATUS, DSR, limit) || !wait_for(base + LINE_STATUS, DATA_READY, limit)) {
        r->ah = inb(base + LINE_STATUS) | TIMED_OUT;
        return;
    }
    r->ah = inb(base + LINE_STATUS) & ERRORS;
    r->al = inb(base + DATA);
}

/* INT 14h, DX = port. */
void serial_service(struct regs *r)
{
    uint16_t base = r->dx < 4 ? bda_get(com[r->dx]) : 0;
    uint8_t limit = r->dx < 4 ? bda_get(com_timeout[r->dx]) : 0;

    interrupts_on();
    if (base == 0)
        return;
    switch (r->ah) {
    case 0x00: initialize(r, base); break;
    case 0x01: send(r, base, limit); break;
    case 0x02: receive(r, base, limit); break;
    case 0x03: get_status(r, base); break;
    default: r->ah = TIMED_OUT;
    }
}
