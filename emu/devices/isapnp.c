/* isapnp.c - see isapnp.h (Plug and Play ISA Specification, version 1.0a, chapters 3 to 5 and appendices A and B).
 *
 * Cards sleep until the 32 bytes of the initiation key have gone to port 279h. They are then woken, isolated by their
 * identifiers, which are read bit by bit, and given numbers; by these they are configured. Their registers are reached
 * by an address at 279h and data at A79h; what they say, by the port that register 0 chose. */
#include "emu/devices/isapnp.h"

#include <string.h>

enum state { WAIT_FOR_KEY, SLEEP, ISOLATION, CONFIG };
enum { ADDRESS_PORT = 0x279, WRITE_PORT = 0xA79, KEY_FIRST = 0x6A, KEY_BYTES = 32 };
/* clang-format off */
enum { SET_READ_PORT = 0x00, SERIAL_ISOLATION = 0x01, CONTROL = 0x02, WAKE = 0x03, RESOURCE = 0x04, STATUS = 0x05, NUMBER = 0x06,
       DEVICE = 0x07, ACTIVATE = 0x30, RANGE_CHECK = 0x31, BASE = 0x60, IRQ = 0x70, IRQ_TYPE = 0x71, DMA = 0x74 };
/* clang-format on */
enum { CONTROL_RESET = 1, CONTROL_WAIT = 2, CONTROL_FORGET = 4 };
enum { ISOLATION_READS = 2 * 8 * ISAPNP_IDENTIFIER };

/* clang-format off */
static const struct state_field choice_state[] = {
    STATE(struct isapnp_choice, active, BOOL, "the device answers"),
    STATE_ARRAY(struct isapnp_choice, base, U16, "where its ports begin"),
    STATE(struct isapnp_choice, irq, U8, "its interrupt"),
    STATE(struct isapnp_choice, irq_type, U8, "edge or level"),
    STATE_BYTE_ARRAY(struct isapnp_choice, dma, "its DMA channels"),
    STATE_END
};

const struct state_field isapnp_state[] = {
    STATE_UP_TO(struct isapnp, state, U8, CONFIG, "0 waits for the key, 1 sleeps, 2 is isolated, 3 is configured"),
    STATE(struct isapnp, key, U8, "next byte of the initiation key"),
    STATE_UP_TO(struct isapnp, key_length, U8, KEY_BYTES - 1, "bytes of it that have come"),
    STATE(struct isapnp, address, U8, "register that is selected"),
    STATE(struct isapnp, number, U8, "CSN"),
    STATE(struct isapnp, device, U8, "logical device that is selected"),
    STATE_UP_TO(struct isapnp, read_port, U16, 0x3FF, "port by which registers are read; 0: none"),
    STATE_UP_TO(struct isapnp, isolated, U8, ISOLATION_READS, "reads of the identifier"),
    STATE(struct isapnp, resource, U16, "byte of identifier and resources that comes next"),
    STATE_TABLE(struct isapnp, choice, struct isapnp_choice, choice_state, "what software chose"),
    STATE_END
};
/* clang-format on */

/* --- What the card says of itself --- */

/* The LFSR of key and checksum: bits 0 and 1, and a bit that comes in, make the new bit 7. */
static uint8_t shifted(uint8_t lfsr, unsigned bit)
{
    return (uint8_t)(lfsr >> 1 | ((lfsr ^ lfsr >> 1 ^ bit) & 1) << 7);
}

/* Byte n of the identifier; the last is the checksum of the others. */
static uint8_t identifier_byte(const struct isapnp *p, unsigned n)
{
    uint8_t sum = KEY_FIRST;

    if (n < ISAPNP_IDENTIFIER - 1)
        return p->identifier[n];
    for (unsigned bit = 0; bit < 8 * (ISAPNP_IDENTIFIER - 1); bit++)
        sum = shifted(sum, p->identifier[bit / 8] >> bit % 8 & 1);
    return sum;
}

/* The identifier, the resources, an end tag and its checksum, by which all bytes after the identifier add up to 0. */
static uint8_t resource_byte(struct isapnp *p)
{
    unsigned n = p->resource;
    uint8_t sum = 0x79;

    if (n < ISAPNP_IDENTIFIER + p->resource_bytes + 2)
        p->resource++;
    if (n < ISAPNP_IDENTIFIER)
        return identifier_byte(p, n);
    n -= ISAPNP_IDENTIFIER;
    if (n < p->resource_bytes)
        return p->resources[n];
    if (n == p->resource_bytes)
        return 0x79;
    for (unsigned i = 0; n == p->resource_bytes + 1 && i < p->resource_bytes; i++)
        sum = (uint8_t)(sum + p->resources[i]);
    return n == p->resource_bytes + 1 ? (uint8_t)(0 - sum) : 0xFF;
}

/* --- Registers --- */

static uint32_t read_port(void *device, uint16_t port, unsigned size);

static void port_ignored(void *device, uint16_t port, uint32_t value, unsigned size)
{
    (void)device, (void)port, (void)value, (void)size;
}

/* The port by which registers are read, which software may move. */
static void place_read_port(struct isapnp *p)
{
    struct isapnp_bus *b = p->cards;
    enum bus_window window = p == b->card[0] ? WINDOW_ISAPNP : WINDOW_ISAPNP2;

    bus_move_ports(b->bus, window, p->read_port, p->read_port ? 1 : 0, 1, read_port, port_ignored, b);
}

static void choose(struct isapnp *p)
{
    p->chosen(p->card, &p->choice);
}

static void set_default(struct isapnp *p)
{
    p->choice = p->initial;
    choose(p);
}

static void control_write(struct isapnp *p, uint8_t value)
{
    if (value & CONTROL_RESET)
        set_default(p);
    if (value & CONTROL_FORGET)
        p->number = 0;
    if (value & CONTROL_WAIT)
        p->state = WAIT_FOR_KEY;
}

/* The card whose number this is is configured; with 0, those without a number are isolated; all others sleep. */
static void wake(struct isapnp *p, uint8_t number)
{
    p->state = number != p->number ? SLEEP : number ? CONFIG : ISOLATION;
    p->isolated = 0;
    p->resource = 0;
}

/* A register of the logical device. */
static void device_write(struct isapnp *p, uint8_t value)
{
    struct isapnp_choice *c = &p->choice;
    unsigned at = p->address;

    if (p->device)
        return;
    if (at >= BASE && at < BASE + 2 * ISAPNP_BASES) {
        uint16_t *base = &c->base[(at - BASE) / 2];
        *base = (uint16_t)(at & 1 ? (*base & 0xFF00) | value : (*base & 0xFF) | (value & 3) << 8);
    } else if (at >= DMA && at < DMA + ISAPNP_LINES) {
        c->dma[at - DMA] = value & 7;
    } else if (at == ACTIVATE) {
        c->active = value & 1;
    } else if (at == IRQ) {
        c->irq = value & 15;
    } else if (at == IRQ_TYPE) {
        c->irq_type = value & 3;
    } else {
        return;
    }
    choose(p);
}

static void write_data_of(struct isapnp *p, uint8_t value)
{
    if (p->state == WAIT_FOR_KEY)
        return;
    if (p->address == CONTROL) {
        control_write(p, value);
    } else if (p->address == WAKE) {
        wake(p, value);
    } else if (p->address == SET_READ_PORT && p->state == ISOLATION) {
        p->read_port = (uint16_t)(value << 2 | 3);
        place_read_port(p);
    } else if (p->address == NUMBER && p->state == ISOLATION) {
        p->number = value;
        p->state = CONFIG;
        p->resource = p->isolated / 16; /* identifier and resources come from one source: what was read has gone by */
    } else if (p->state == CONFIG) {
        if (p->address == DEVICE)
            p->device = value;
        else
            device_write(p, value);
    }
}

/* The bit of the identifier that is read next; false after the last one. */
static bool isolation_bit(const struct isapnp *p)
{
    unsigned n = p->isolated;

    return n < ISOLATION_READS && identifier_byte(p, n / 16) >> n / 2 % 8 & 1;
}

/* Two reads for each bit of the identifier: 55h and AAh for a 1, nothing for a 0, which leaves the bus high. A card
 * with a 0 that sees another one's 1 sleeps. */
static uint8_t isolation_read(struct isapnp *p, bool other)
{
    unsigned n = p->isolated;
    bool bit = isolation_bit(p);

    if (n == ISOLATION_READS)
        return 0xFF;
    p->isolated++;
    if (!bit && other && n & 1)
        p->state = SLEEP;
    return !bit ? 0xFF : n & 1 ? 0xAA : 0x55;
}

static uint8_t device_read(const struct isapnp *p)
{
    const struct isapnp_choice *c = &p->choice;
    unsigned at = p->address;

    if (p->device)
        return 0;
    if (at >= BASE && at < BASE + 2 * ISAPNP_BASES)
        return (uint8_t)(c->base[(at - BASE) / 2] >> (at & 1 ? 0 : 8));
    if (at >= DMA && at < DMA + ISAPNP_LINES)
        return c->dma[at - DMA];
    switch (at) {
    case ACTIVATE: return c->active;
    case IRQ: return c->irq;
    case IRQ_TYPE: return c->irq_type;
    default: return 0;
    }
}

/* What a card has to say; `other`: another one says a 1 of its identifier. */
static uint8_t read_of(struct isapnp *p, bool other)
{
    if (p->address == SERIAL_ISOLATION && p->state == ISOLATION)
        return isolation_read(p, other);
    if (p->state != CONFIG)
        return 0xFF;
    switch (p->address) {
    case RESOURCE: return resource_byte(p);
    case STATUS: return 1; /* a byte of the resources is there */
    case NUMBER: return p->number;
    case DEVICE: return p->device;
    default: return device_read(p);
    }
}

/* While the card waits, bytes of the key; else the register. */
static void write_address_of(struct isapnp *p, uint8_t value)
{
    p->address = value;
    if (p->state != WAIT_FOR_KEY)
        return;
    if (value != p->key) { /* it may be the first one */
        p->key_length = 0;
        p->key = KEY_FIRST;
    }
    if (value != p->key)
        return;
    p->key = shifted(p->key, 0);
    if (++p->key_length == KEY_BYTES) {
        p->state = SLEEP;
        p->key_length = 0;
        p->key = KEY_FIRST;
    }
}

/* --- The cards together --- */

static void write_address(void *device, uint16_t port, uint32_t data, unsigned size)
{
    struct isapnp_bus *b = device;

    (void)port, (void)size;
    for (unsigned i = 0; i < b->count; i++)
        write_address_of(b->card[i], (uint8_t)data);
}

static void write_data(void *device, uint16_t port, uint32_t data, unsigned size)
{
    struct isapnp_bus *b = device;

    (void)port, (void)size;
    for (unsigned i = 0; i < b->count; i++)
        write_data_of(b->card[i], (uint8_t)data);
}

static bool says_one(const struct isapnp *p, uint16_t port)
{
    return p->read_port == port && p->address == SERIAL_ISOLATION && p->state == ISOLATION && isolation_bit(p);
}

/* The bus is high where nobody drives it. */
static uint32_t read_port(void *device, uint16_t port, unsigned size)
{
    struct isapnp_bus *b = device;
    bool one = false;
    uint8_t value = 0xFF;

    (void)size;
    for (unsigned i = 0; i < b->count; i++)
        one = one || says_one(b->card[i], port);
    for (unsigned i = 0; i < b->count; i++)
        if (b->card[i]->read_port == port)
            value &= read_of(b->card[i], one);
    return value;
}

static uint32_t nothing(void *device, uint16_t port, unsigned size)
{
    (void)device, (void)port, (void)size;
    return 0xFF;
}

/* --- Building --- */

const char *isapnp_loaded(void *device)
{
    struct isapnp *p = device;

    if (p->resource > ISAPNP_IDENTIFIER + p->resource_bytes + 2)
        return "resource";
    place_read_port(p);
    choose(p);
    return NULL;
}

void isapnp_reset(struct isapnp *p)
{
    p->state = WAIT_FOR_KEY;
    p->key = KEY_FIRST;
    p->key_length = p->address = p->number = p->device = p->isolated = 0;
    p->read_port = p->resource = 0;
    place_read_port(p);
    set_default(p);
}

void isapnp_bus_init(struct isapnp_bus *b, struct bus *bus)
{
    *b = (struct isapnp_bus){.bus = bus};
    bus_map_ports(bus, ADDRESS_PORT, 1, 1, nothing, write_address, b);
    bus_map_ports(bus, WRITE_PORT, 1, 1, nothing, write_data, b);
}

void isapnp_init(struct isapnp *p, struct isapnp_bus *cards, const struct isapnp_card *card)
{
    memset(p, 0, sizeof *p);
    p->cards = cards;
    cards->card[cards->count++] = p;
    p->identifier = card->identifier;
    p->resources = card->resources;
    p->resource_bytes = card->resource_bytes;
    p->initial = card->initial;
    p->chosen = card->chosen;
    p->card = card->card;
    isapnp_reset(p);
}
