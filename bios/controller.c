/* controller.c - the keyboard controller (IBM PC AT Technical Reference, 8042): bytes to and from it, address line 20,
 * processor reset. */
#include "controller.h"

enum { INPUT_FULL = 0x02, PORT_92 = 0x92, PORT_92_A20 = 0x02, OUTPUT_WITH_A20 = 0xDF, OUTPUT_WITHOUT_A20 = 0xDD };

bool controller_write(uint16_t port, uint8_t v)
{
    struct timeout t;
    timeout_start(&t, 50);
    while (inb(CONTROLLER_STATUS) & INPUT_FULL)
        if (timeout_expired(&t))
            return false;
    outb(port, v);
    return true;
}

int controller_read(uint32_t milliseconds)
{
    struct timeout t;
    timeout_start(&t, milliseconds);
    while (!(inb(CONTROLLER_STATUS) & CONTROLLER_FULL))
        if (timeout_expired(&t))
            return -1;
    return inb(CONTROLLER_DATA);
}

/* Whether the byte above 1 MiB is another than the one 1 MiB below it: it follows a change of that one if not. */
bool a20_enabled(void)
{
    uint8_t low = far_get8(0, 0x500);

    if (far_get8(0xFFFF, 0x510) != low)
        return true;
    far_put8(0, 0x500, ~low);
    bool follows = far_get8(0xFFFF, 0x510) != low;
    far_put8(0, 0x500, low);
    return !follows;
}

/* By port 92h, and if that is not enough by the keyboard controller's output port. */
void a20_set(bool on)
{
    outb(PORT_92, (inb(PORT_92) & 0xFC) | (on ? PORT_92_A20 : 0));
    if (a20_enabled() == on)
        return;
    controller_write(CONTROLLER_STATUS, 0xD1);
    controller_write(CONTROLLER_DATA, on ? OUTPUT_WITH_A20 : OUTPUT_WITHOUT_A20);
    struct timeout t;
    timeout_start(&t, 20);
    while (a20_enabled() != on && !timeout_expired(&t))
        ;
}

/* The processor fetches its first instruction below 4 GiB: A20 has to be open for that. */
void processor_reset(void)
{
    interrupts_off();
    a20_set(true);
    controller_write(CONTROLLER_STATUS, 0xFE);
    outb(0x92, inb(0x92) & ~1);
    outb(0x92, inb(0x92) | 1);
    for (;;)
        asm volatile("hlt");
}
