/* dp8390.c - DP8390D (National Semiconductor, data sheet TL/F/8582, and application notes 874, "Writing Drivers for the
 * DP8390 NIC Family of Ethernet Controllers", and 937, "Loopback Diagnostics").
 *
 * A transmission takes 0.8 us for each byte; what it sends is read from memory when it ends. Remote DMA takes no time
 * of its own: each access to the data port moves what it moves. There are no collisions. */
#include "emu/devices/dp8390.h"

#include <string.h>

/* clang-format off */
enum { CR_STOP = 1, CR_START = 2, CR_TRANSMIT = 4, CR_REMOTE = 0x38, CR_READ = 0x08, CR_WRITE = 0x10, CR_SEND = 0x18, CR_ABORT = 0x20 };
enum { ISR_RECEIVED = 1, ISR_TRANSMITTED = 2, ISR_RECEIVE_ERROR = 4, ISR_OVERWRITE = 0x10, ISR_COUNTER = 0x20,
       ISR_REMOTE_DONE = 0x40, ISR_RESET = 0x80 };
enum { DCR_WORD = 1, DCR_HIGH_FIRST = 2, DCR_LONG = 4 };
enum { TCR_NO_CRC = 1, TCR_LOOPBACK = 6 };
enum { RCR_ERRORS = 1, RCR_RUNTS = 2, RCR_BROADCAST = 4, RCR_MULTICAST = 8, RCR_ALL = 0x10, RCR_MONITOR = 0x20 };
enum { TSR_SENT = 1, TSR_CARRIER_LOST = 0x10, TSR_HEARTBEAT_LOST = 0x40 };
enum { RSR_INTACT = 1, RSR_CRC = 2, RSR_MISSED = 0x10, RSR_GROUP = 0x20, RSR_DISABLED = 0x40 };
/* clang-format on */
enum { COUNT_ALIGNMENT, COUNT_CRC, COUNT_MISSED };
enum { COUNT_MOST = 0xC0, COUNT_INTERRUPTS = 0x80 };
enum { PAGE = 256, HEADER = 4, FCS = 4, LEAST = 64, ADDRESS = 6 };
enum { GAP = 12, PREAMBLE = 8 }; /* bytes' time before the first one of a packet */
#define BYTE_NS 800u

/* clang-format off */
const struct state_field dp8390_state[] = {
    STATE(struct dp8390, command, U8, "CR, command"),
    STATE(struct dp8390, interrupts, U8, "ISR, interrupt status"),
    STATE(struct dp8390, mask, U8, "IMR, interrupt mask"),
    STATE(struct dp8390, data, U8, "DCR, data configuration"),
    STATE(struct dp8390, transmit, U8, "TCR, transmit configuration"),
    STATE(struct dp8390, receive, U8, "RCR, receive configuration"),
    STATE(struct dp8390, transmitted, U8, "TSR, transmit status"),
    STATE(struct dp8390, received, U8, "RSR, receive status"),
    STATE(struct dp8390, first_page, U8, "PSTART, first page of the ring"),
    STATE(struct dp8390, stop_page, U8, "PSTOP, the page after its last"),
    STATE(struct dp8390, boundary, U8, "BNRY, page that was not read yet"),
    STATE(struct dp8390, current, U8, "CURR, page of the next packet"),
    STATE(struct dp8390, transmit_page, U8, "TPSR, page of what is sent"),
    STATE(struct dp8390, transmit_count, U16, "TBCR, its bytes"),
    STATE(struct dp8390, local, U16, "CLDA, where the last packet ended"),
    STATE(struct dp8390, remote_start, U16, "RSAR, where remote DMA starts"),
    STATE(struct dp8390, remote_count, U16, "RBCR, its bytes"),
    STATE(struct dp8390, remote, U16, "CRDA, where remote DMA is"),
    STATE(struct dp8390, remote_left, U16, "bytes that it has still to move"),
    STATE(struct dp8390, next_boundary, U8, "BNRY after the packet that is read by 'send packet'"),
    STATE_BYTE_ARRAY(struct dp8390, counter, "errors of alignment and of CRC, missed packets"),
    STATE_BYTE_ARRAY(struct dp8390, physical, "PAR, physical address"),
    STATE_BYTE_ARRAY(struct dp8390, multicast, "MAR, multicast addresses by their hash"),
    STATE_BYTE_ARRAY(struct dp8390, fifo, "what a loopback left in the FIFO"),
    STATE_UP_TO(struct dp8390, fifo_at, U8, 7, "byte of it that is read next"),
    STATE(struct dp8390, due_at, TICK, "a transmission ends"),
    STATE_END
};
/* clang-format on */

/* --- The frame check sequence (IEEE 802.3, 3.2.8), four bits at a time --- */

static uint32_t crc_of(const uint8_t *bytes, size_t length)
{
    static const uint32_t of_bits[16] = {0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4,
                                         0x4DB26158, 0x5005713C, 0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
                                         0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C};
    uint32_t crc = 0xFFFFFFFF;

    for (size_t i = 0; i < length; i++) {
        crc = of_bits[(crc ^ bytes[i]) & 15] ^ crc >> 4;
        crc = of_bits[(crc ^ bytes[i] >> 4) & 15] ^ crc >> 4;
    }
    return crc;
}

static void append_fcs(uint8_t *packet, size_t length)
{
    uint32_t fcs = ~crc_of(packet, length);

    for (unsigned i = 0; i < FCS; i++)
        packet[length + i] = (uint8_t)(fcs >> 8 * i);
}

static bool is_intact(const uint8_t *packet, size_t length)
{
    return crc_of(packet, length) == 0xDEBB20E3; /* what any packet with its own sequence leaves */
}

/* --- Interrupts and counters --- */

static void drive_line(struct dp8390 *c)
{
    line_set(&c->irq, c->interrupts & c->mask);
}

void dp8390_connect(struct dp8390 *c, struct line irq)
{
    if (c->irq.set == irq.set && c->irq.listener == irq.listener && c->irq.number == irq.number)
        return;
    line_set(&c->irq, false);
    c->irq = irq;
    drive_line(c);
}

static void interrupt(struct dp8390 *c, uint8_t which)
{
    c->interrupts |= which;
    drive_line(c);
}

static void count(struct dp8390 *c, unsigned which)
{
    if (c->counter[which] < COUNT_MOST)
        c->counter[which]++;
    if (c->counter[which] & COUNT_INTERRUPTS)
        interrupt(c, ISR_COUNTER);
}

static uint8_t counter_read(struct dp8390 *c, unsigned which)
{
    uint8_t value = c->counter[which];

    c->counter[which] = 0;
    return value;
}

/* --- Which packets are meant --- */

/* The upper six bits of the CRC of the address, as they stand in the chip's register: the first one highest. */
static bool hash_matches(const struct dp8390 *c, const uint8_t *address)
{
    uint32_t crc = crc_of(address, ADDRESS);
    unsigned bit = 0;

    for (unsigned i = 0; i < 6; i++)
        bit = bit << 1 | (crc >> i & 1);
    return c->multicast[bit >> 3] >> (bit & 7) & 1;
}

static bool is_meant(const struct dp8390 *c, const uint8_t *address)
{
    static const uint8_t broadcast[ADDRESS] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};

    if (!memcmp(address, broadcast, ADDRESS) && c->receive & RCR_BROADCAST)
        return true;
    if (address[0] & 1)
        return c->receive & RCR_MULTICAST && hash_matches(c, address);
    return c->receive & RCR_ALL || !memcmp(address, c->physical, ADDRESS);
}

/* --- Receiving --- */

static uint8_t page_after(const struct dp8390 *c, uint8_t page)
{
    return ++page == c->stop_page ? c->first_page : page;
}

/* Whether a packet of so many pages leaves one free before the boundary: full and empty must differ. */
static bool has_room(const struct dp8390 *c, unsigned pages)
{
    uint8_t page = c->current;

    while (pages--) {
        page = page_after(c, page);
        if (page == c->boundary)
            return false;
    }
    return c->stop_page > c->first_page;
}

/* Writes a packet with its header into the ring, from the current page on. */
static void enter_ring(struct dp8390 *c, const uint8_t *packet, size_t length)
{
    size_t counted = length - FCS + HEADER; /* as drivers know it: of header and sequence, one */
    uint8_t page = c->current, next = page;

    for (size_t i = 0; i < HEADER + length; i += PAGE)
        next = page_after(c, next);
    const uint8_t header[HEADER] = {c->received, next, (uint8_t)counted, (uint8_t)(counted >> 8)};
    for (size_t i = 0; i < HEADER + length; i++) {
        c->local = (uint16_t)(page << 8 | i % PAGE);
        c->store(c->board, c->local, i < HEADER ? header[i] : packet[i - HEADER]);
        if (i % PAGE == PAGE - 1)
            page = page_after(c, page);
    }
    c->current = next;
}

static void miss(struct dp8390 *c, uint8_t status)
{
    c->received = RSR_MISSED | status;
    count(c, COUNT_MISSED);
}

void dp8390_receive(struct dp8390 *c, const uint8_t *packet, size_t length)
{
    uint8_t status;
    bool intact;

    if (c->command & CR_STOP || c->transmit & TCR_LOOPBACK || length < ADDRESS + FCS || !is_meant(c, packet))
        return;
    if (length < LEAST && !(c->receive & RCR_RUNTS))
        return;
    intact = is_intact(packet, length);
    status = packet[0] & 1 ? RSR_GROUP : 0;
    if (!intact)
        count(c, COUNT_CRC);
    if (c->receive & RCR_MONITOR) {
        miss(c, status | RSR_DISABLED);
        return;
    }
    c->received = status | (intact ? RSR_INTACT : RSR_CRC);
    if (!intact && !(c->receive & RCR_ERRORS)) {
        interrupt(c, ISR_RECEIVE_ERROR);
        return;
    }
    if (!has_room(c, (unsigned)((HEADER + length + PAGE - 1) / PAGE))) {
        miss(c, status);
        interrupt(c, ISR_OVERWRITE);
        return;
    }
    enter_ring(c, packet, length);
    interrupt(c, intact ? ISR_RECEIVED : ISR_RECEIVE_ERROR);
}

/* --- Sending --- */

static bool is_sending(const struct dp8390 *c)
{
    return c->due_at != NEVER;
}

/* A loopback moves bytes only: every second one of words. */
static bool loops_words(const struct dp8390 *c)
{
    return c->transmit & TCR_LOOPBACK && c->data & DCR_WORD;
}

/* How many bytes leave, without a sequence that the chip appends. */
static uint32_t outgoing(const struct dp8390 *c)
{
    return loops_words(c) ? c->transmit_count / 2 : c->transmit_count;
}

static void begin_sending(struct dp8390 *c)
{
    uint64_t bytes = GAP + PREAMBLE + outgoing(c) + (c->transmit & TCR_NO_CRC ? 0 : FCS);

    c->transmitted = 0;
    clock_schedule(c->clock, EVENT_NETWORK, clock_now(c->clock) + clock_ticks_ns(c->clock, bytes * BYTE_NS));
}

/* Fetches the packet with its sequence. Returns its length; 0: none that a cable carries. */
static size_t fetch_packet(struct dp8390 *c, uint8_t packet[NETWORK_PACKET])
{
    size_t length = outgoing(c);
    uint16_t step = loops_words(c) ? 2 : 1, at = (uint16_t)(c->transmit_page << 8);

    if (loops_words(c) && !(c->data & DCR_HIGH_FIRST))
        at++;
    if (length > NETWORK_PACKET - FCS)
        return 0;
    for (size_t i = 0; i < length; i++, at = (uint16_t)(at + step))
        packet[i] = c->fetch(c->board, at);
    if (c->transmit & TCR_NO_CRC)
        return length;
    append_fcs(packet, length);
    return length + FCS;
}

/* What comes back is looked at and left in the FIFO: nothing of it reaches memory. The one unit for CRC cannot check
 * what it makes. */
static void loop_back(struct dp8390 *c, const uint8_t *packet, size_t length)
{
    uint8_t *f = c->fifo;
    bool intact;

    if (length < ADDRESS + FCS)
        return;
    f[0] = (uint8_t)length;
    f[1] = f[2] = (uint8_t)(length >> 8);
    memcpy(f + 3, packet + length - 5, 5);
    c->fifo_at = 0;
    intact = !is_meant(c, packet) || (c->transmit & TCR_NO_CRC && is_intact(packet, length));
    c->received = (intact ? RSR_INTACT : RSR_CRC) | (packet[0] & 1 && is_meant(c, packet) ? RSR_GROUP : 0);
    if (!intact)
        interrupt(c, ISR_RECEIVE_ERROR);
}

static void sent(void *device)
{
    /* Within the chip nobody looks at carrier and heartbeat, within the encoder there is no heartbeat. */
    static const uint8_t lost[4] = {0, TSR_CARRIER_LOST | TSR_HEARTBEAT_LOST, TSR_HEARTBEAT_LOST, 0};
    struct dp8390 *c = device;
    unsigned loop = (c->transmit & TCR_LOOPBACK) >> 1;
    uint8_t packet[NETWORK_PACKET];
    size_t length = fetch_packet(c, packet);

    c->transmitted = TSR_SENT | lost[loop] | (c->carrier || loop == 1 || loop == 2 ? 0 : TSR_CARRIER_LOST);
    if (loop)
        loop_back(c, packet, length);
    else if (length && c->carrier && c->out)
        c->out(c->context, packet, length);
    if (c->command & CR_STOP)
        c->interrupts |= ISR_RESET;
    interrupt(c, ISR_TRANSMITTED);
}

/* --- Remote DMA --- */

static void remote_done(struct dp8390 *c)
{
    if ((c->command & CR_REMOTE) == CR_SEND)
        c->boundary = c->next_boundary;
    interrupt(c, ISR_REMOTE_DONE);
}

static void remote_begin(struct dp8390 *c)
{
    uint16_t at = (uint16_t)(c->boundary << 8);

    if ((c->command & CR_REMOTE) == CR_SEND) { /* the packet at the boundary, which is the next one then */
        c->remote_start = at;
        c->remote_count = (uint16_t)(c->fetch(c->board, (uint16_t)(at + 2)) | c->fetch(c->board, (uint16_t)(at + 3))
                                                                                  << 8);
        c->next_boundary = c->fetch(c->board, (uint16_t)(at + 1));
    }
    c->remote = c->remote_start;
    c->remote_left = c->remote_count;
    if (!c->remote_left)
        remote_done(c);
}

/* Past the end of the ring is its beginning. */
static void remote_step(struct dp8390 *c)
{
    if (++c->remote == c->stop_page << 8)
        c->remote = (uint16_t)(c->first_page << 8);
}

/* How many bytes an access moves now; 0: no such transfer is under way. */
static unsigned remote_width(struct dp8390 *c, bool write)
{
    uint8_t command = c->command & CR_REMOTE;

    if (!c->remote_left || write != (command == CR_WRITE) || command & CR_ABORT)
        return 0;
    return c->data & DCR_WORD ? 2 : 1;
}

static void remote_moved(struct dp8390 *c, unsigned width)
{
    c->remote_left = (uint16_t)(c->remote_left > width ? c->remote_left - width : 0);
    if (!c->remote_left)
        remote_done(c);
}

uint16_t dp8390_data_read(struct dp8390 *c)
{
    unsigned width = remote_width(c, false);
    uint16_t value = width == 2 ? 0 : width ? 0xFF00 : 0xFFFF;

    for (unsigned i = 0; i < width; i++, remote_step(c))
        value |= (uint16_t)(c->fetch(c->board, c->remote) << 8 * i);
    if (width)
        remote_moved(c, width);
    return value;
}

void dp8390_data_write(struct dp8390 *c, uint16_t value)
{
    unsigned width = remote_width(c, true);

    for (unsigned i = 0; i < width; i++, remote_step(c))
        c->store(c->board, c->remote, (uint8_t)(value >> 8 * i));
    if (width)
        remote_moved(c, width);
}

/* --- Registers --- */

static void command_write(struct dp8390 *c, uint8_t value)
{
    uint8_t remote = value & CR_REMOTE ? value & CR_REMOTE : c->command & CR_REMOTE;

    c->command = (uint8_t)((value & ~(CR_REMOTE | CR_TRANSMIT)) | remote);
    if (value & CR_STOP) {
        if (!is_sending(c))
            c->interrupts |= ISR_RESET;
    } else if (value & CR_START) {
        c->interrupts &= (uint8_t)~ISR_RESET;
        if (value & CR_TRANSMIT && !is_sending(c))
            begin_sending(c);
    }
    if (value & CR_ABORT)
        c->remote_left = 0;
    else if (value & CR_REMOTE)
        remote_begin(c);
}

static uint8_t low(uint16_t value)
{
    return (uint8_t)value;
}

static uint8_t high(uint16_t value)
{
    return (uint8_t)(value >> 8);
}

static void set_low(uint16_t *field, uint8_t value)
{
    *field = (uint16_t)((*field & 0xFF00) | value);
}

static void set_high(uint16_t *field, uint8_t value)
{
    *field = (uint16_t)((*field & 0xFF) | value << 8);
}

static uint8_t status_read(struct dp8390 *c, unsigned index)
{
    switch (index) {
    case 1: return low(c->local);
    case 2: return high(c->local);
    case 3: return c->boundary;
    case 4: return c->transmitted;
    case 5: return 0; /* NCR: there are no collisions */
    case 6: return c->fifo[c->fifo_at++ & 7];
    case 7: return c->interrupts;
    case 8: return low(c->remote);
    case 9: return high(c->remote);
    case 12: return c->received;
    case 13:
    case 14:
    case 15: return counter_read(c, index - 13);
    default: return 0xFF;
    }
}

/* Page 2 shows what page 0 takes. */
static uint8_t settings_read(const struct dp8390 *c, unsigned index)
{
    switch (index) {
    case 1: return c->first_page;
    case 2: return c->stop_page;
    case 3: return c->next_boundary;
    case 4: return c->transmit_page;
    case 5: return c->current;
    case 6: return high(c->local);
    case 7: return low(c->local);
    case 12: return c->receive | 0xC0;
    case 13: return c->transmit | 0xE0;
    case 14: return c->data | 0x80;
    case 15: return c->mask | 0x80;
    default: return 0xFF;
    }
}

static void settings_write(struct dp8390 *c, unsigned index, uint8_t value)
{
    /* clang-format off */
    switch (index) {
    case 1: c->first_page = value; break;
    case 2: c->stop_page = value; break;
    case 3: c->boundary = value; break;
    case 4: c->transmit_page = value; break;
    case 5: set_low(&c->transmit_count, value); break;
    case 6: set_high(&c->transmit_count, value); break;
    case 7: c->interrupts &= (uint8_t)~(value & ~ISR_RESET); break;
    case 8: set_low(&c->remote_start, value); break;
    case 9: set_high(&c->remote_start, value); break;
    case 10: set_low(&c->remote_count, value); break;
    case 11: set_high(&c->remote_count, value); break;
    case 12: c->receive = value & 0x3F; break;
    case 13: c->transmit = value & 0x1F; break;
    case 14: c->data = value & 0x7F; break;
    case 15: c->mask = value & 0x7F; break;
    default: break;
    }
    /* clang-format on */
    drive_line(c);
}

/* Page 1. */
static uint8_t *address_register(struct dp8390 *c, unsigned index)
{
    return index < 7 ? &c->physical[index - 1] : index == 7 ? &c->current : &c->multicast[index - 8];
}

uint8_t dp8390_read(struct dp8390 *c, unsigned index)
{
    uint8_t value;

    if (index == 0)
        return c->command | (is_sending(c) ? CR_TRANSMIT : 0);
    switch (c->command >> 6) {
    case 0: value = status_read(c, index); break;
    case 1: return *address_register(c, index);
    case 2: return settings_read(c, index);
    default: return 0xFF;
    }
    c->fifo_at &= 7;
    return value;
}

void dp8390_write(struct dp8390 *c, unsigned index, uint8_t value)
{
    if (index == 0)
        command_write(c, value);
    else if (c->command >> 6 == 0)
        settings_write(c, index, value);
    else if (c->command >> 6 == 1)
        *address_register(c, index) = value;
}

/* --- Building --- */

void dp8390_reset(struct dp8390 *c)
{
    c->command = CR_STOP | CR_ABORT;
    c->interrupts = ISR_RESET;
    c->mask = 0;
    c->data |= DCR_LONG;
    c->transmit &= (uint8_t)~TCR_LOOPBACK;
    c->remote_left = 0;
    clock_schedule(c->clock, EVENT_NETWORK, NEVER);
    drive_line(c);
}

void dp8390_init(struct dp8390 *c)
{
    c->due_at = NEVER;
    clock_register(c->clock, EVENT_NETWORK, &c->due_at, sent, c);
    dp8390_reset(c);
}
