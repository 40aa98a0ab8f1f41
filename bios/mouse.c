/* mouse.c - the pointing device: INT 15h/C2h and IRQ 12 (IBM PS/2 and PC BIOS Interface Technical Reference; for the
 * device and the controller's second port, PS/2 Hardware Interface Technical Reference).
 *
 * While a command is under way interrupts are off and the keyboard is held, so that what comes is the device's
 * answer. */
#include "mouse.h"

#include "bda.h"
#include "controller.h"
#include "processor.h"

/* clang-format off */
enum { TO_DEVICE = 0xD4, HOLD_KEYBOARD = 0xAD, FREE_KEYBOARD = 0xAE, FREE_DEVICE = 0xA8, READ_MODE = 0x20, WRITE_MODE = 0x60,
       MODE_IRQ12 = 0x02, MODE_NO_KEYBOARD = 0x10, MODE_NO_DEVICE = 0x20 };
enum { ACK = 0xFA, RESEND = 0xFE, PASSED = 0xAA, SCALE_1 = 0xE6, SCALE_2 = 0xE7, SET_RESOLUTION = 0xE8, GET_STATUS = 0xE9,
       READ_DATA = 0xEB, GET_TYPE = 0xF2, SET_RATE = 0xF3, ENABLE = 0xF4, DISABLE = 0xF5, RESET = 0xFF };
/* clang-format on */
enum { OK = 0, BAD_FUNCTION = 0x01, BAD_INPUT = 0x02, INTERFACE_ERROR = 0x03, RESEND_ERROR = 0x04, NO_HANDLER = 0x05 };
enum { SIZE_BITS = 0x07, HANDLER_SET = 0x80, EQUIPMENT_POINTER = 0x0004, REPLY_MS = 100, TEST_MS = 1000 };

static uint8_t ebda_get(uint16_t at)
{
    return far_get8(bda_get(ebda), at);
}

static void ebda_put(uint16_t at, uint8_t v)
{
    far_put8(bda_get(ebda), at, v);
}

/* The next byte of the device, or -1. */
static int device_read(uint32_t milliseconds)
{
    struct timeout t;

    timeout_start(&t, milliseconds);
    while (!timeout_expired(&t)) {
        uint8_t status = inb(CONTROLLER_STATUS);
        if (!(status & CONTROLLER_FULL))
            continue;
        uint8_t v = inb(CONTROLLER_DATA);
        if (status & CONTROLLER_AUX)
            return v;
    }
    return -1;
}

static uint8_t send(uint8_t v)
{
    int answer = -1;

    if (controller_write(CONTROLLER_STATUS, TO_DEVICE) && controller_write(CONTROLLER_DATA, v))
        answer = device_read(REPLY_MS);
    return answer == ACK ? OK : answer == RESEND ? RESEND_ERROR : INTERFACE_ERROR;
}

/* A command, with an argument if that is not negative, and then `count` bytes that it returns. */
static uint8_t command(uint8_t code, int argument, uint8_t *result, unsigned count)
{
    asm volatile("sti; nop; cli" : : : "memory"); /* a key that waits is taken first */
    controller_write(CONTROLLER_STATUS, HOLD_KEYBOARD);
    uint8_t status = send(code);
    if (status == OK && argument >= 0)
        status = send(argument);
    for (; status == OK && count; count--) {
        int v = device_read(code == RESET ? TEST_MS : REPLY_MS);
        *result++ = v;
        if (v < 0)
            status = INTERFACE_ERROR;
    }
    controller_write(CONTROLLER_STATUS, FREE_KEYBOARD);
    ebda_put(EBDA_OFFSET(mouse_count), 0);
    return status;
}

static uint8_t reset(struct regs *r)
{
    uint8_t answer[2] = {0, 0};
    uint8_t status = command(RESET, -1, answer, 2);

    r->bl = answer[0];
    r->bh = answer[1];
    return status == OK && answer[0] != PASSED ? INTERFACE_ERROR : status;
}

static uint8_t enable(struct regs *r)
{
    if (r->bh > 1)
        return BAD_INPUT;
    if (r->bh == 0)
        return command(DISABLE, -1, NULL, 0);
    if (!(ebda_get(EBDA_OFFSET(mouse_flags)) & HANDLER_SET))
        return NO_HANDLER;
    outb(0x21, inb(0x21) & ~0x04);
    outb(0xA1, inb(0xA1) & ~0x10);
    return command(ENABLE, -1, NULL, 0);
}

static uint8_t rate(uint8_t code)
{
    static ROM_DATA uint8_t rates[] = {10, 20, 40, 60, 80, 100, 200};
    return code < sizeof(rates) ? command(SET_RATE, rom_get(rates[code]), NULL, 0) : BAD_INPUT;
}

static uint8_t type(struct regs *r)
{
    return command(GET_TYPE, -1, &r->bh, 1);
}

/* 05h: BH is how many bytes make up a report. */
static uint8_t initialize(struct regs *r)
{
    uint8_t flags = ebda_get(EBDA_OFFSET(mouse_flags)) & HANDLER_SET;

    if (r->bh < 1 || r->bh > 8)
        return BAD_INPUT;
    ebda_put(EBDA_OFFSET(mouse_flags), flags | (r->bh - 1));
    return reset(r);
}

static uint8_t three_bytes(struct regs *r, uint8_t code)
{
    uint8_t v[3] = {0};
    uint8_t status = command(code, -1, v, 3);

    r->bl = v[0];
    r->cl = v[1];
    r->dl = v[2];
    return status;
}

/* 06h: BH = 0 status, 1 and 2 scaling. */
static uint8_t extended(struct regs *r)
{
    switch (r->bh) {
    case 0: return three_bytes(r, GET_STATUS);
    case 1: return command(SCALE_1, -1, NULL, 0);
    case 2: return command(SCALE_2, -1, NULL, 0);
    default: return BAD_INPUT;
    }
}

/* 07h: ES:BX is called with every report; 0:0: no handler. */
static uint8_t set_handler(const struct regs *r)
{
    uint8_t flags = ebda_get(EBDA_OFFSET(mouse_flags)) & ~HANDLER_SET;

    far_put16(bda_get(ebda), EBDA_OFFSET(mouse_handler), r->bx);
    far_put16(bda_get(ebda), EBDA_OFFSET(mouse_handler) + 2, r->es);
    ebda_put(EBDA_OFFSET(mouse_flags), flags | (r->bx || r->es ? HANDLER_SET : 0));
    return OK;
}

static uint8_t perform(struct regs *r)
{
    if (!(bda_get(equipment) & EQUIPMENT_POINTER))
        return INTERFACE_ERROR;
    switch (r->al) {
    case 0x00: return enable(r);
    case 0x01: return reset(r);
    case 0x02: return rate(r->bh);
    case 0x03: return r->bh <= 3 ? command(SET_RESOLUTION, r->bh, NULL, 0) : BAD_INPUT;
    case 0x04: return type(r);
    case 0x05: return initialize(r);
    case 0x06: return extended(r);
    case 0x07: return set_handler(r);
    case 0x08: return command(r->bl, -1, NULL, 0);
    case 0x09: return three_bytes(r, READ_DATA);
    default: return BAD_FUNCTION;
    }
}

void mouse_service(struct regs *r)
{
    return_status(r, perform(r));
}

/* A whole report: status, X, Y, Z, as words. */
static void report(uint8_t flags)
{
    uint32_t handler = far_get16(bda_get(ebda), EBDA_OFFSET(mouse_handler)) |
                       (uint32_t)far_get16(bda_get(ebda), EBDA_OFFSET(mouse_handler) + 2) << 16;
    uint8_t v[8];

    far_read(v, bda_get(ebda), EBDA_OFFSET(mouse_data), sizeof(v));
    if (flags & HANDLER_SET)
        mouse_call(handler, v[0] | (uint32_t)v[1] << 16, v[2] | (uint32_t)((flags & SIZE_BITS) > 2 ? v[3] : 0) << 16);
}

/* INT 74h. */
void mouse_interrupt(struct regs *r)
{
    uint8_t status = inb(CONTROLLER_STATUS), flags = ebda_get(EBDA_OFFSET(mouse_flags));

    (void)r;
    if ((status & (CONTROLLER_FULL | CONTROLLER_AUX)) == (CONTROLLER_FULL | CONTROLLER_AUX)) {
        uint8_t count = ebda_get(EBDA_OFFSET(mouse_count)) & SIZE_BITS;
        ebda_put(EBDA_OFFSET(mouse_data) + count, inb(CONTROLLER_DATA));
        bool whole = count >= (flags & SIZE_BITS);
        ebda_put(EBDA_OFFSET(mouse_count), whole ? 0 : count + 1);
        if (whole)
            report(flags);
    }
    interrupts_off();
    outb(0xA0, 0x20);
    outb(0x20, 0x20);
}

/* The controller's mode byte, with interrupt 12 and the second port as asked. */
static void set_mode(bool on)
{
    struct timeout t;

    timeout_start(&t, REPLY_MS);
    controller_write(CONTROLLER_STATUS, READ_MODE);
    while (!(inb(CONTROLLER_STATUS) & CONTROLLER_FULL))
        if (timeout_expired(&t))
            return;
    uint8_t mode = inb(CONTROLLER_DATA) & ~(MODE_IRQ12 | MODE_NO_DEVICE | MODE_NO_KEYBOARD);
    controller_write(CONTROLLER_STATUS, WRITE_MODE);
    controller_write(CONTROLLER_DATA, mode | (on ? MODE_IRQ12 : MODE_NO_DEVICE));
}

/* After the keyboard, with interrupts off. Reports are of three bytes until 05h says otherwise. */
void mouse_init(void)
{
    struct regs r;

    controller_write(CONTROLLER_STATUS, FREE_DEVICE);
    bool there = reset(&r) == OK;
    set_mode(there);
    ebda_put(EBDA_OFFSET(mouse_flags), 2);
    if (there)
        bda_put(equipment, bda_get(equipment) | EQUIPMENT_POINTER);
}
