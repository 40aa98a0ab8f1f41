/* i8259.c - Intel 8259A programmable interrupt controller, in pairs (data sheet 231468-003), with the edge/level
 * control registers of the 82371AB (data sheet 290562, 4.2.5).
 *
 * Priority is resolved anew after every change; what comes of it is the level of INT. An edge-triggered request is
 * held only as long as its line stays high, as the data sheet says: a line that falls early leaves the spurious vector
 * of input 7. */
#include "emu/devices/i8259.h"

#include <string.h>

#define CASCADE 2 /* the master's input that the slave drives */
#define NONE 15   /* no input; its low bits make the spurious vector */

enum { ICW1_ICW4 = 0x01, ICW1_SINGLE = 0x02, ICW1_LEVEL = 0x08, ICW1 = 0x10 };
enum { ICW4_AUTO_EOI = 0x02, ICW4_NESTED = 0x10 };
enum { OCW3 = 0x08 };
enum { INITIALISED = 0, AWAITS_ICW1 = 1, AWAITS_ICW2 = 2, AWAITS_ICW3 = 3, AWAITS_ICW4 = 4 };

/* clang-format off */
static const struct state_field chip_state[] = {
    STATE(struct i8259_chip, lines, U8, "levels of the inputs"),
    STATE(struct i8259_chip, latched, U8, "inputs whose rising edge waits for an acknowledge"),
    STATE(struct i8259_chip, in_service, U8, "ISR"),
    STATE(struct i8259_chip, mask, U8, "IMR"),
    STATE(struct i8259_chip, base, U8, "ICW2, vector of input 0"),
    STATE(struct i8259_chip, icw1, U8, "ICW1"),
    STATE(struct i8259_chip, icw4, U8, "ICW4"),
    STATE(struct i8259_chip, elcr, U8, "inputs that are level-triggered"),
    STATE_UP_TO(struct i8259_chip, expected, U8, 4, "ICW awaited, 1-4; 0: initialised"),
    STATE_UP_TO(struct i8259_chip, lowest, U8, 7, "input of lowest priority"),
    STATE(struct i8259_chip, special_mask, BOOL, "special mask mode"),
    STATE(struct i8259_chip, poll, BOOL, "the next read is a poll"),
    STATE(struct i8259_chip, read_in_service, BOOL, "the command port reads ISR"),
    STATE(struct i8259_chip, rotate_on_auto_eoi, BOOL, "priorities rotate at automatic EOI"),
    STATE(struct i8259_chip, output, BOOL, "level of INT"),
    STATE_END
};
/* clang-format on */

const struct state_field i8259_state[] = {
    STATE_TABLE(struct i8259, chip, struct i8259_chip, chip_state, "master and slave"), STATE_END};

static uint8_t requests(const struct i8259_chip *c)
{
    uint8_t level = c->icw1 & ICW1_LEVEL ? 0xFF : c->elcr;
    return (uint8_t)((c->latched & ~level) | (c->lines & level));
}

/* The input that would be acknowledged now, or NONE. */
static unsigned resolve(const struct i8259 *pic, const struct i8259_chip *c)
{
    uint8_t pending = requests(c) & (uint8_t)~c->mask;
    uint8_t blocking = c->special_mask ? c->in_service & (uint8_t)~c->mask : c->in_service;

    if (c->expected != INITIALISED)
        return NONE;
    /* Special fully nested mode: a slave in service may still ask for something more urgent. */
    if ((c->icw4 & ICW4_NESTED) && c == &pic->chip[0])
        blocking &= (uint8_t) ~(pending & 1 << CASCADE);
    for (unsigned i = 1; i <= 8; i++) {
        unsigned input = (c->lowest + i) & 7;
        if (blocking & 1 << input)
            return NONE;
        if (pending & 1 << input)
            return input;
    }
    return NONE;
}

static void set_input(struct i8259_chip *c, unsigned input, bool level)
{
    uint8_t bit = (uint8_t)(1 << input);

    if (!level) {
        c->lines &= (uint8_t)~bit;
        c->latched &= (uint8_t)~bit;
    } else if (!(c->lines & bit)) {
        c->lines |= bit;
        c->latched |= bit;
    }
}

static void update(struct i8259 *pic)
{
    struct i8259_chip *master = &pic->chip[0], *slave = &pic->chip[1];
    bool output;

    slave->output = resolve(pic, slave) != NONE;
    set_input(master, CASCADE, slave->output);
    output = resolve(pic, master) != NONE;
    if (output != master->output) {
        master->output = output;
        line_set(&pic->intr, output);
    }
}

static void end_of_interrupt(struct i8259_chip *c, unsigned input, bool rotate)
{
    if (input == NONE)
        return;
    c->in_service &= (uint8_t) ~(1 << input);
    if (rotate)
        c->lowest = (uint8_t)input;
}

/* What a non-specific EOI ends. In special mask mode it passes over masked inputs (data sheet, "End of Interrupt"). */
static unsigned most_urgent_in_service(const struct i8259_chip *c)
{
    uint8_t candidates = c->special_mask ? c->in_service & (uint8_t)~c->mask : c->in_service;

    for (unsigned i = 1; i <= 8; i++) {
        unsigned input = (c->lowest + i) & 7;
        if (candidates & 1 << input)
            return input;
    }
    return NONE;
}

/* The chip's part in an acknowledge cycle or poll: the input served, or NONE. */
static unsigned serve(struct i8259 *pic, struct i8259_chip *c)
{
    unsigned input = resolve(pic, c);

    if (input == NONE)
        return NONE;
    c->latched &= (uint8_t) ~(1 << input);
    c->in_service |= (uint8_t)(1 << input);
    if (c->icw4 & ICW4_AUTO_EOI)
        end_of_interrupt(c, input, c->rotate_on_auto_eoi);
    /* INT drops while it is acknowledged: a slave that has more to say gives its master a new edge. */
    if (c == &pic->chip[1])
        set_input(&pic->chip[0], CASCADE, false);
    return input;
}

uint8_t i8259_acknowledge(struct i8259 *pic)
{
    struct i8259_chip *master = &pic->chip[0], *slave = &pic->chip[1];
    unsigned input = serve(pic, master);
    uint8_t vector;

    if (input == CASCADE && !(master->icw1 & ICW1_SINGLE)) {
        input = serve(pic, slave);
        vector = slave->base | (input & 7);
    } else {
        vector = master->base | (input & 7);
    }
    update(pic);
    return vector;
}

static void write_icw1(struct i8259_chip *c, uint8_t value)
{
    *c = (struct i8259_chip){
        .lines = c->lines,
        .elcr = c->elcr,
        .output = c->output,
        .icw1 = value,
        .lowest = 7,
        .expected = AWAITS_ICW2,
    };
}

static void write_ocw2(struct i8259_chip *c, uint8_t value)
{
    unsigned input = value & 7;

    switch (value >> 5) {
    case 0: c->rotate_on_auto_eoi = false; break;
    case 1: end_of_interrupt(c, most_urgent_in_service(c), false); break;
    case 3: end_of_interrupt(c, input, false); break;
    case 4: c->rotate_on_auto_eoi = true; break;
    case 5: end_of_interrupt(c, most_urgent_in_service(c), true); break;
    case 6: c->lowest = (uint8_t)input; break;
    case 7: end_of_interrupt(c, input, true); break;
    }
}

static void write_ocw3(struct i8259_chip *c, uint8_t value)
{
    if (value & 0x40)
        c->special_mask = value & 0x20;
    if (value & 0x02)
        c->read_in_service = value & 0x01;
    c->poll = value & 0x04;
}

static void write_data(struct i8259_chip *c, uint8_t value)
{
    switch (c->expected) {
    case AWAITS_ICW2:
        c->base = value & 0xF8;
        c->expected = !(c->icw1 & ICW1_SINGLE) ? AWAITS_ICW3 : c->icw1 & ICW1_ICW4 ? AWAITS_ICW4 : INITIALISED;
        break;
    case AWAITS_ICW3: c->expected = c->icw1 & ICW1_ICW4 ? AWAITS_ICW4 : INITIALISED; break;
    case AWAITS_ICW4:
        c->icw4 = value;
        c->expected = INITIALISED;
        break;
    default: c->mask = value;
    }
}

static void port_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    struct i8259 *pic = device;
    struct i8259_chip *c = &pic->chip[port >> 7];

    (void)size;
    if (port & 1)
        write_data(c, (uint8_t)value);
    else if (value & ICW1)
        write_icw1(c, (uint8_t)value);
    else if (value & OCW3)
        write_ocw3(c, (uint8_t)value);
    else
        write_ocw2(c, (uint8_t)value);
    update(pic);
}

static uint32_t port_read(void *device, uint16_t port, unsigned size)
{
    struct i8259 *pic = device;
    struct i8259_chip *c = &pic->chip[port >> 7];

    (void)size;
    if (c->poll) {
        unsigned input = serve(pic, c);
        c->poll = false;
        update(pic);
        return input == NONE ? 0 : 0x80 | input;
    }
    if (port & 1)
        return c->mask;
    return c->read_in_service ? c->in_service : requests(c);
}

/* Inputs 0, 1, 2, 8 and 13 are always edge-triggered. */
static const uint8_t elcr_writable[2] = {0xF8, 0xDE};

static void elcr_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    struct i8259 *pic = device;

    (void)size;
    pic->chip[port & 1].elcr = (uint8_t)value & elcr_writable[port & 1];
    update(pic);
}

static uint32_t elcr_read(void *device, uint16_t port, unsigned size)
{
    (void)size;
    return ((struct i8259 *)device)->chip[port & 1].elcr;
}

static void irq_set(void *listener, unsigned irq, bool level)
{
    struct i8259 *pic = listener;

    set_input(&pic->chip[irq >> 3], irq & 7, level);
    update(pic);
}

struct line i8259_line(struct i8259 *pic, unsigned irq)
{
    return (struct line){irq_set, pic, irq & 15};
}

void i8259_reset(struct i8259 *pic)
{
    for (unsigned i = 0; i < 2; i++) {
        write_icw1(&pic->chip[i], 0);
        pic->chip[i].elcr = 0;
        pic->chip[i].mask = 0xFF;
        pic->chip[i].expected = AWAITS_ICW1;
    }
    update(pic);
}

void i8259_init(struct i8259 *pic, struct bus *bus, struct line intr)
{
    memset(pic, 0, sizeof *pic);
    pic->intr = intr;
    i8259_reset(pic);
    bus_map_ports(bus, 0x20, 2, 1, port_read, port_write, pic);
    bus_map_ports(bus, 0xA0, 2, 1, port_read, port_write, pic);
    bus_map_ports(bus, 0x4D0, 2, 1, elcr_read, elcr_write, pic);
}
