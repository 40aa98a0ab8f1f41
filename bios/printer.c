/* printer.c - INT 17h, the parallel printer ports, and INT 05h, the screen on paper. */
#include "printer.h"

#include "bda.h"

enum { DATA = 0, STATUS = 1, CONTROL = 2 };
enum { STROBE = 0x01, INITIALIZE = 0x04, SELECT = 0x08 };
enum { NOT_BUSY = 0x80, INVERTED = 0x48, STATUS_BITS = 0xF8, TIMED_OUT = 0x01 };
enum { PRINT_FLAG_SEGMENT = 0x50, RUNNING = 1, FAILED = 0xFF };

static ROM_DATA uint16_t port_addresses[] = {0x3BC, 0x378, 0x278};

void printer_init(void)
{
    unsigned count = 0;

    for (unsigned i = 0; i < ARRAY_LENGTH(port_addresses); i++) {
        bda_put(lpt_timeout[i], 20);
        outb(rom_get(port_addresses[i]) + DATA, 0xAA);
        if (inb(rom_get(port_addresses[i]) + DATA) == 0xAA)
            bda_put(lpt[count++], rom_get(port_addresses[i]));
    }
    bda_put(equipment, bda_get(equipment) | (count << 14));
}

/* The port's status as INT 17h shows it: acknowledge and error turned round. */
static uint8_t status(uint16_t base)
{
    return (inb(base + STATUS) & STATUS_BITS) ^ INVERTED;
}

static bool wait_not_busy(uint16_t base, uint8_t seconds)
{
    struct timeout t;
    timeout_start(&t, seconds * 1000);
    while (!(inb(base + STATUS) & NOT_BUSY))
        if (timeout_expired(&t))
            return false;
    return true;
}

/* INT 17h, DX = port. */
void printer_service(struct regs *r)
{
    uint16_t base = r->dx < 3 ? bda_get(lpt[r->dx]) : 0;

    interrupts_on();
    if (base == 0)
        return;
    uint8_t late = 0;
    if (r->ah == 0x00) {
        outb(base + DATA, r->al);
        if (wait_not_busy(base, bda_get(lpt_timeout[r->dx]))) {
            outb(base + CONTROL, SELECT | INITIALIZE | STROBE);
            outb(base + CONTROL, SELECT | INITIALIZE);
        } else {
            late = TIMED_OUT;
        }
    } else if (r->ah == 0x01) {
        outb(base + CONTROL, SELECT);
        delay(1);
        outb(base + CONTROL, SELECT | INITIALIZE);
    } else if (r->ah != 0x02) {
        return;
    }
    r->ah = status(base) | late;
}

static bool print_byte(uint8_t c)
{
    struct call call = {.ax = c};
    soft_int(0x17, &call);
    return !(call.ah & 0x29);
}

static void set_cursor(uint8_t page, uint16_t place)
{
    struct call call = {.ax = 0x0200, .bx = page << 8, .dx = place};
    soft_int(0x10, &call);
}

static bool print_row(uint8_t page, uint8_t row, uint8_t columns)
{
    for (uint8_t column = 0; column < columns; column++) {
        set_cursor(page, row << 8 | column);
        struct call call = {.ax = 0x0800, .bx = page << 8};
        soft_int(0x10, &call);
        if (!print_byte(call.al ? call.al : ' '))
            return false;
    }
    return print_byte('\r') && print_byte('\n');
}

/* INT 05h. 0050:0000 is 1 while it runs, then 0 or FFh. */
void print_screen(struct regs *r)
{
    (void)r;
    if (far_get8(PRINT_FLAG_SEGMENT, 0) == RUNNING)
        return;
    far_put8(PRINT_FLAG_SEGMENT, 0, RUNNING);
    interrupts_on();
    uint8_t page = bda_get(video_page), rows = bda_get(video_rows) + 1;
    uint16_t place = bda_get(cursor[page & 7]);
    bool good = print_byte('\r') && print_byte('\n');
    for (uint8_t row = 0; row < rows && good; row++)
        good = print_row(page, row, (uint8_t)bda_get(video_columns));
    set_cursor(page, place);
    far_put8(PRINT_FLAG_SEGMENT, 0, good ? 0 : FAILED);
}
