/* test_devices_ne2000.c - NE2000 and RTL8029: the ring, remote DMA, sending, loopback, which packets are meant, the
 * PROM. */
#include "emu/devices/rtl8029.h"
#include "tests/unit/board.h"

enum { IRQ };
enum { BASE = 0x300, DATA = BASE + 0x10, RESET = BASE + 0x1F };
enum { CR, PSTART, PSTOP, BNRY, TPSR, TBCR0, TBCR1, ISR, RSAR0, RSAR1, RBCR0, RBCR1, RCR, TCR, DCR, IMR };
enum { TSR = 4, FIFO = 6, CRDA0 = 8, RSR = 12, CNTR1 = 14, CNTR2 = 15 };
enum { CURR = 7, MAR0 = 8 };
enum { PRX = 1, PTX = 2, RXE = 4, OVW = 0x10, CNT = 0x20, RDC = 0x40, RST = 0x80 };
enum { FIRST = 0x46, STOP_PAGE = 0x80 };

static const uint8_t station[6] = {0x02, 0, 0, 0, 0, 0x2A};

struct fixture {
    struct board board;
    struct ne2000 card;
    uint8_t packet[NETWORK_PACKET];
    size_t length;
    unsigned packets;
    uint64_t at;
};

static void take_packet(void *context, const uint8_t *packet, size_t length)
{
    struct fixture *f = context;

    assert_true(length <= sizeof f->packet);
    memcpy(f->packet, packet, length);
    f->length = length;
    f->packets++;
    f->at = board_now(&f->board);
}

static int open_with(void **state, bool carrier)
{
    static struct fixture f;
    struct network_wire wire = {.carrier = carrier, .out = take_packet, .context = &f};

    memset(&f, 0, sizeof f);
    board_init(&f.board);
    memcpy(wire.address, station, 6);
    ne2000_init(&f.card, &f.board.clock, board_wire(&f.board, IRQ), &wire);
    ne2000_map(&f.card, &f.board.bus, BASE);
    *state = &f;
    return 0;
}

static int open_card(void **state)
{
    return open_with(state, true);
}

static int open_loose(void **state)
{
    return open_with(state, false);
}

static void reg(struct fixture *f, unsigned index, uint8_t value)
{
    out(&f->board, (uint16_t)(BASE + index), value);
}

static uint8_t get(struct fixture *f, unsigned index)
{
    return in(&f->board, (uint16_t)(BASE + index));
}

static void remote(struct fixture *f, uint16_t at, uint16_t count, uint8_t command)
{
    reg(f, RSAR0, (uint8_t)at);
    reg(f, RSAR1, (uint8_t)(at >> 8));
    reg(f, RBCR0, (uint8_t)count);
    reg(f, RBCR1, (uint8_t)(count >> 8));
    reg(f, CR, command);
}

/* As a driver sets it up: ring from FIRST to STOP_PAGE, words, broadcasts, one page free before the first packet. */
static void start(struct fixture *f)
{
    reg(f, CR, 0x21);
    reg(f, DCR, 0x49);
    reg(f, RCR, 4);
    reg(f, TCR, 0);
    reg(f, PSTART, FIRST);
    reg(f, PSTOP, STOP_PAGE);
    reg(f, BNRY, FIRST);
    reg(f, ISR, 0xFF);
    reg(f, IMR, 0x7F);
    reg(f, CR, 0x61);
    for (unsigned i = 0; i < 6; i++)
        reg(f, 1 + i, station[i]);
    reg(f, CURR, FIRST + 1);
    reg(f, CR, 0x22);
}

static void write_memory(struct fixture *f, uint16_t at, const uint8_t *bytes, unsigned count)
{
    remote(f, at, (uint16_t)count, 0x12);
    for (unsigned i = 0; i < count; i += 2)
        bus_write(&f->board.bus, DATA, bytes[i] | (uint32_t)bytes[i + 1] << 8, 2);
    assert_int_equal(get(f, ISR) & RDC, RDC);
    reg(f, ISR, RDC);
}

static void read_memory(struct fixture *f, uint16_t at, uint8_t *bytes, unsigned count)
{
    remote(f, at, (uint16_t)count, 0x0A);
    for (unsigned i = 0; i < count; i += 2) {
        uint32_t word = bus_read(&f->board.bus, DATA, 2);
        bytes[i] = (uint8_t)word;
        bytes[i + 1] = (uint8_t)(word >> 8);
    }
    assert_int_equal(get(f, ISR) & RDC, RDC);
    reg(f, ISR, RDC);
}

static void transmit(struct fixture *f, uint8_t page, uint16_t count)
{
    reg(f, TPSR, page);
    reg(f, TBCR0, (uint8_t)count);
    reg(f, TBCR1, (uint8_t)(count >> 8));
    reg(f, CR, 0x26);
}

/* A packet of `length` bytes and its frame check sequence, made by the card itself. */
static size_t make(struct fixture *f, uint8_t *packet, const uint8_t *to, unsigned length)
{
    for (unsigned i = 0; i < length; i++)
        packet[i] = i < 6 ? to[i] : (uint8_t)(i * 7);
    write_memory(f, 0x4000, packet, (length + 1) & ~1u);
    transmit(f, 0x40, (uint16_t)length);
    board_run_us(&f->board, 2000);
    reg(f, ISR, PTX);
    memcpy(packet, f->packet, f->length);
    f->packets = 0;
    return f->length;
}

static void page1(struct fixture *f, unsigned index, uint8_t value)
{
    reg(f, CR, 0x62);
    reg(f, index, value);
    reg(f, CR, 0x22);
}

static uint8_t current(struct fixture *f)
{
    uint8_t page;

    reg(f, CR, 0x62);
    page = get(f, CURR);
    reg(f, CR, 0x22);
    return page;
}

static void after_its_reset_the_card_is_stopped(void **state)
{
    struct fixture *f = *state;

    start(f);
    in(&f->board, RESET);
    assert_int_equal(get(f, CR), 0x21);
    assert_int_equal(get(f, ISR), RST);
    reg(f, ISR, 0xFF);
    assert_int_equal(get(f, ISR), RST);
    reg(f, CR, 0x22);
    assert_int_equal(get(f, ISR), 0);
}

static void prom_shows_each_byte_twice(void **state)
{
    struct fixture *f = *state;
    uint8_t prom[32];

    reg(f, DCR, 0x48);
    remote(f, 0, 32, 0x0A);
    for (unsigned i = 0; i < 32; i++)
        prom[i] = in(&f->board, DATA);
    for (unsigned i = 0; i < 32; i++)
        assert_int_equal(prom[i], i < 12 ? station[i / 2] : i < 28 ? 0 : 0x57);
    assert_int_equal(get(f, ISR) & RDC, RDC);
    assert_int_equal(in(&f->board, DATA), 0xFF);
}

static void remote_dma_goes_on_at_the_beginning_of_the_ring(void **state)
{
    struct fixture *f = *state;
    uint8_t bytes[4] = {1, 2, 3, 4}, read[4];

    start(f);
    write_memory(f, STOP_PAGE * 256 - 2, bytes, 4);
    read_memory(f, FIRST * 256, read, 2);
    assert_memory_equal(read, bytes + 2, 2);
    read_memory(f, STOP_PAGE * 256 - 2, read, 4);
    assert_memory_equal(read, bytes, 4);
    assert_int_equal(get(f, CRDA0) | get(f, CRDA0 + 1) << 8, FIRST * 256 + 2);
}

static void nothing_is_outside_of_memory(void **state)
{
    struct fixture *f = *state;
    uint8_t bytes[4] = {1, 2, 3, 4}, read[4];

    start(f);
    write_memory(f, 0x3FFE, bytes, 4);
    read_memory(f, 0x3FFE, read, 4);
    assert_memory_equal(read, ((uint8_t[]){0xFF, 0xFF, 3, 4}), 4);
    write_memory(f, 0, bytes, 4);
    read_memory(f, 0, read, 4);
    assert_memory_equal(read, ((uint8_t[]){0x02, 0x02, 0, 0}), 4);
}

static void transfer_of_no_bytes_is_done_at_once(void **state)
{
    struct fixture *f = *state;

    start(f);
    remote(f, 0x4000, 0, 0x12);
    assert_int_equal(get(f, ISR), RDC);
    assert_true(f->board.level[IRQ]);
    reg(f, ISR, RDC);
    assert_false(f->board.level[IRQ]);
}

/* The check sequence of 64 bytes that this test's formula gives, by an independent program (Python's zlib.crc32). */
static void packet_leaves_when_its_bytes_have_had_their_time(void **state)
{
    struct fixture *f = *state;
    uint8_t packet[64];
    uint64_t begun;

    start(f);
    for (unsigned i = 0; i < 64; i++)
        packet[i] = i < 6 ? 0xFF : (uint8_t)(i * 7);
    write_memory(f, 0x4000, packet, 64);
    begun = board_now(&f->board);
    transmit(f, 0x40, 64);
    assert_int_equal(get(f, CR), 0x26);
    board_run_us(&f->board, 1000);
    assert_int_equal(f->at - begun, (12 + 8 + 64 + 4) * 8 / 10 * TICKS_PER_US + 10); /* 70.4 us */
    assert_int_equal(f->length, 68);
    assert_memory_equal(f->packet, packet, 64);
    assert_memory_equal(f->packet + 64, ((uint8_t[]){0x2E, 0x42, 0xFF, 0x85}), 4);
    assert_int_equal(get(f, CR), 0x22);
    assert_int_equal(get(f, TSR), 1);
    assert_int_equal(get(f, ISR), PTX);
    assert_true(f->board.level[IRQ]);
}

static void packet_that_is_too_long_takes_its_time_and_is_lost(void **state)
{
    struct fixture *f = *state;

    start(f);
    transmit(f, 0x40, 1533);
    board_run_us(&f->board, 2000);
    assert_int_equal(f->packets, 0);
    assert_int_equal(get(f, TSR), 1);
}

static void without_a_cable_the_carrier_is_lost(void **state)
{
    struct fixture *f = *state;

    start(f);
    transmit(f, 0x40, 60);
    board_run_us(&f->board, 100);
    assert_int_equal(f->packets, 0);
    assert_int_equal(get(f, TSR), 0x11);
    assert_int_equal(get(f, ISR), PTX);
}

static void received_packet_stands_in_the_ring_with_its_header(void **state)
{
    struct fixture *f = *state;
    uint8_t packet[NETWORK_PACKET], read[310];
    size_t length;

    start(f);
    length = make(f, packet, station, 300);
    dp8390_receive(&f->card.chip, packet, length);
    assert_int_equal(get(f, ISR), PRX);
    assert_int_equal(get(f, RSR), 1);
    assert_int_equal(current(f), FIRST + 3);
    read_memory(f, (FIRST + 1) * 256, read, 308);
    assert_memory_equal(read, ((uint8_t[]){1, FIRST + 3, 304 & 0xFF, 304 >> 8}), 4);
    assert_memory_equal(read + 4, packet, 304);
    /* "send packet" reads what stands at the boundary and moves it on. */
    reg(f, BNRY, FIRST + 1);
    reg(f, CR, 0x1A);
    for (unsigned i = 0; i < 304; i += 2) {
        uint32_t word = bus_read(&f->board.bus, DATA, 2);
        assert_int_equal(word, read[i] | read[i + 1] << 8);
    }
    assert_int_equal(get(f, ISR), PRX | RDC);
    assert_int_equal(get(f, BNRY), FIRST + 3);
}

static void ring_goes_round_and_overflows_before_the_boundary(void **state)
{
    struct fixture *f = *state;
    uint8_t packet[NETWORK_PACKET];
    unsigned taken = 0;
    size_t length;

    start(f);
    length = make(f, packet, station, 1514); /* six pages each */
    while (taken < 20 && !(get(f, ISR) & OVW)) {
        dp8390_receive(&f->card.chip, packet, length);
        taken++;
    }
    assert_int_equal(taken, 10); /* 57 pages are free: nine packets */
    assert_int_equal(current(f), FIRST + 1 + 54);
    assert_int_equal(get(f, RSR), 0x10);
    assert_int_equal(get(f, CNTR2), 1);
    assert_int_equal(get(f, CNTR2), 0);
    reg(f, BNRY, FIRST + 6); /* one has been read */
    reg(f, ISR, 0xFF);
    dp8390_receive(&f->card.chip, packet, length);
    assert_int_equal(get(f, ISR), PRX);
    assert_int_equal(current(f), FIRST + 3);
}

static void only_packets_that_are_meant_are_taken(void **state)
{
    static const uint8_t broadcast[6] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, other[6] = {2, 0, 0, 0, 0, 1},
                         group[6] = {0x01, 0x00, 0x5E, 0x00, 0x00, 0x01};
    static const struct {
        const uint8_t *to;
        uint8_t receive, mar; /* byte 0 to 7 of MAR that is FFh; 8: none */
        bool taken;
    } cases[] = {
        {station, 0, 8, true},    {station, 0x3F & ~0x20, 8, true},
        {broadcast, 0, 8, false}, {broadcast, 4, 8, true},
        {other, 0, 8, false},     {other, 0x10, 8, true},
        {group, 0x10, 8, false},  {group, 8, 8, false},
        {group, 8, 3, true},      {group, 8, 4, false},
        {group, 4, 3, false},
    };
    struct fixture *f = *state;

    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t packet[NETWORK_PACKET];
        size_t length;
        start(f);
        length = make(f, packet, cases[i].to, 60);
        for (unsigned byte = 0; byte < 8; byte++)
            page1(f, MAR0 + byte, byte == cases[i].mar ? 0xFF : 0);
        reg(f, RCR, cases[i].receive);
        reg(f, ISR, 0xFF);
        dp8390_receive(&f->card.chip, packet, length);
        if (get(f, ISR) != (cases[i].taken ? PRX : 0))
            fail_msg("case %u", i);
        if (cases[i].taken)
            assert_int_equal(get(f, RSR), cases[i].to[0] & 1 ? 0x21 : 1);
    }
}

static void damaged_and_short_packets_are_taken_where_asked_for(void **state)
{
    struct fixture *f = *state;
    uint8_t packet[NETWORK_PACKET], runt[NETWORK_PACKET];
    size_t length, small;

    start(f);
    small = make(f, runt, station, 59);
    length = make(f, packet, station, 60);
    reg(f, RCR, 0);
    dp8390_receive(&f->card.chip, runt, small);
    assert_int_equal(get(f, ISR), 0);
    reg(f, RCR, 2);
    dp8390_receive(&f->card.chip, runt, small);
    assert_int_equal(get(f, ISR), PRX);
    reg(f, ISR, 0xFF);
    packet[20] ^= 1;
    dp8390_receive(&f->card.chip, packet, length);
    assert_int_equal(get(f, ISR), RXE);
    assert_int_equal(get(f, RSR), 2);
    assert_int_equal(current(f), FIRST + 2);
    reg(f, RCR, 1);
    dp8390_receive(&f->card.chip, packet, length);
    assert_int_equal(current(f), FIRST + 3);
    assert_int_equal(get(f, CNTR1), 2);
}

static void counter_interrupts_from_128_and_stays_at_192(void **state)
{
    struct fixture *f = *state;
    uint8_t packet[NETWORK_PACKET];
    size_t length;

    start(f);
    length = make(f, packet, station, 60);
    reg(f, RCR, 0x20); /* only looked at */
    reg(f, ISR, 0xFF);
    for (unsigned i = 1; i <= 200; i++) {
        dp8390_receive(&f->card.chip, packet, length);
        assert_int_equal(get(f, ISR), i < 128 ? 0 : CNT);
    }
    assert_int_equal(get(f, RSR), 0x50);
    assert_int_equal(get(f, CNTR2), 192);
}

/* Application note 937, chapter 6. */
static void loopback_gives_the_results_of_the_application_note(void **state)
{
    static const struct {
        uint8_t transmit, first; /* TCR; first byte of the address */
        bool bad;
        uint8_t tsr, rsr, isr;
    } cases[] = {
        {2, 0x02, false, 0x51, 0x02, PTX | RXE}, {2, 0x04, false, 0x51, 0x01, PTX},
        {4, 0x02, false, 0x41, 0x02, PTX | RXE}, {6, 0x02, false, 0x01, 0x02, PTX | RXE},
        {3, 0x02, false, 0x51, 0x01, PTX},       {3, 0x02, true, 0x51, 0x02, PTX | RXE},
        {3, 0x04, true, 0x51, 0x01, PTX},
    };
    struct fixture *f = *state;

    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t packet[NETWORK_PACKET];
        size_t length;
        start(f);
        length = make(f, packet, station, 64);
        packet[0] = cases[i].first;
        packet[64] ^= cases[i].bad;
        reg(f, DCR, 0x40);
        remote(f, 0x4000, (uint16_t)length, 0x12);
        for (size_t n = 0; n < length; n++)
            out(&f->board, DATA, packet[n]);
        reg(f, ISR, 0xFF);
        reg(f, TCR, cases[i].transmit);
        transmit(f, 0x40, cases[i].transmit & 1 ? 68 : 64);
        board_run_us(&f->board, 1000);
        if (get(f, TSR) != cases[i].tsr || get(f, RSR) != cases[i].rsr || get(f, ISR) != cases[i].isr)
            fail_msg("case %u: TSR %02X RSR %02X ISR %02X", i, get(f, TSR), get(f, RSR), get(f, ISR));
        assert_int_equal(f->packets, 0);
        assert_int_equal(get(f, FIFO), 68);
        assert_int_equal(get(f, FIFO), 0);
        assert_int_equal(get(f, FIFO), 0);
        assert_int_equal(get(f, FIFO), packet[63]);
        if (cases[i].transmit & 1)
            for (unsigned n = 0; n < 4; n++)
                assert_int_equal(get(f, FIFO), packet[64 + n]);
        dp8390_receive(&f->card.chip, f->packet, f->length); /* and hears nothing */
        assert_int_equal(get(f, ISR), cases[i].isr);
    }
}

static void loopback_of_words_takes_every_second_byte(void **state)
{
    struct fixture *f = *state;
    uint8_t words[128];

    start(f);
    for (unsigned i = 0; i < 128; i++)
        words[i] = (uint8_t)(i & 1 ? 0x80 + i / 2 : i / 2);
    write_memory(f, 0x4000, words, 128);
    for (unsigned high = 0; high < 2; high++) {
        reg(f, DCR, high ? 0x41 : 0x43);
        reg(f, TCR, 2);
        transmit(f, 0x40, 128);
        board_run_us(&f->board, 1000);
        assert_int_equal(get(f, FIFO), 68);
        get(f, FIFO);
        get(f, FIFO);
        assert_int_equal(get(f, FIFO), high ? 0xBF : 0x3F);
    }
}

static void page_2_shows_what_was_set(void **state)
{
    struct fixture *f = *state;

    start(f);
    reg(f, TPSR, 0x40);
    reg(f, CR, 0xA2);
    assert_int_equal(get(f, PSTART), FIRST);
    assert_int_equal(get(f, PSTOP), STOP_PAGE);
    assert_int_equal(get(f, TPSR), 0x40);
    assert_int_equal(get(f, RCR) & 0x3F, 4);
    assert_int_equal(get(f, DCR) & 0x7F, 0x49);
    assert_int_equal(get(f, IMR) & 0x7F, 0x7F);
}

static void a_stopped_card_ends_what_it_sends_and_takes_nothing(void **state)
{
    struct fixture *f = *state;
    uint8_t packet[NETWORK_PACKET];
    size_t length;

    start(f);
    length = make(f, packet, station, 60);
    transmit(f, 0x40, 60);
    reg(f, CR, 0x21);
    assert_int_equal(get(f, ISR), 0);
    board_run_us(&f->board, 1000);
    assert_int_equal(f->packets, 1);
    assert_int_equal(get(f, ISR), RST | PTX);
    dp8390_receive(&f->card.chip, packet, length);
    assert_int_equal(get(f, ISR), RST | PTX);
    reg(f, CR, 0x26);
    in(&f->board, RESET); /* but its reset breaks it off */
    board_run_us(&f->board, 1000);
    assert_int_equal(f->packets, 1);
}

static void rtl8029_is_found_on_pci_and_moves_doublewords(void **state)
{
    struct fixture *f = *state;
    struct pci pci;
    struct rtl8029 rtl;

    pci_init(&pci, &f->board.bus, (struct line){0}, (struct line){0});
    rtl8029_init(&rtl, &pci, &f->board.bus, 3, &f->card);
    bus_write(&f->board.bus, 0xCF8, 0x80001800, 4);
    assert_int_equal(bus_read(&f->board.bus, 0xCFC, 4), 0x802910EC);
    bus_write(&f->board.bus, 0xCF8, 0x8000182C, 4); /* and its subsystem */
    assert_int_equal(bus_read(&f->board.bus, 0xCFC, 4), 0x802910EC);
    bus_write(&f->board.bus, 0xCF8, 0x80001810, 4);
    bus_write(&f->board.bus, 0xCFC, 0xFFFFFFFF, 4);
    assert_int_equal(bus_read(&f->board.bus, 0xCFC, 4), 0xFFFFFFE1);
    bus_write(&f->board.bus, 0xCFC, 0xD000, 4);
    assert_int_equal(in(&f->board, 0xD000), 0xFF);
    bus_write(&f->board.bus, 0xCF8, 0x80001804, 4);
    bus_write(&f->board.bus, 0xCFC, 1, 2);
    assert_int_equal(in(&f->board, 0xD000), 0x21);
    assert_int_equal(in(&f->board, 0xD00A), 'P');
    assert_int_equal(in(&f->board, 0xD00B), 'C');
    start(f);
    remote(f, 0x4000, 8, 0x12);
    bus_write(&f->board.bus, 0xD010, 0x04030201, 4);
    bus_write(&f->board.bus, 0xD010, 0x08070605, 4);
    assert_int_equal(get(f, ISR) & RDC, RDC);
    remote(f, 0x4002, 4, 0x0A);
    assert_int_equal(bus_read(&f->board.bus, 0xD010, 4), 0x06050403);
    out(&f->board, 0xD000, 0xE2);
    assert_int_equal(in(&f->board, 0xD00E), 0x29);
    assert_int_equal(in(&f->board, 0xD00F), 0x80);
    out(&f->board, 0xD006, 0x40); /* CONFIG3: not without 9346CR */
    assert_int_equal(in(&f->board, 0xD006), 0);
    out(&f->board, 0xD001, 0xC0);
    out(&f->board, 0xD006, 0x40);
    assert_int_equal(in(&f->board, 0xD006), 0x40);
}

static void anything_may_be_written(void **state)
{
    struct fixture *f = *state;
    uint16_t ports[32];
    uint8_t packet[NETWORK_PACKET] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};

    for (unsigned i = 0; i < 32; i++)
        ports[i] = (uint16_t)(BASE + (i < 24 ? i : 0));
    for (unsigned i = 0; i < 200; i++) {
        board_abuse(&f->board, ports, 32, 200);
        dp8390_receive(&f->card.chip, packet, 10 + i * 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(after_its_reset_the_card_is_stopped, open_card),
        cmocka_unit_test_setup(prom_shows_each_byte_twice, open_card),
        cmocka_unit_test_setup(remote_dma_goes_on_at_the_beginning_of_the_ring, open_card),
        cmocka_unit_test_setup(nothing_is_outside_of_memory, open_card),
        cmocka_unit_test_setup(transfer_of_no_bytes_is_done_at_once, open_card),
        cmocka_unit_test_setup(packet_leaves_when_its_bytes_have_had_their_time, open_card),
        cmocka_unit_test_setup(packet_that_is_too_long_takes_its_time_and_is_lost, open_card),
        cmocka_unit_test_setup(without_a_cable_the_carrier_is_lost, open_loose),
        cmocka_unit_test_setup(received_packet_stands_in_the_ring_with_its_header, open_card),
        cmocka_unit_test_setup(ring_goes_round_and_overflows_before_the_boundary, open_card),
        cmocka_unit_test_setup(only_packets_that_are_meant_are_taken, open_card),
        cmocka_unit_test_setup(damaged_and_short_packets_are_taken_where_asked_for, open_card),
        cmocka_unit_test_setup(counter_interrupts_from_128_and_stays_at_192, open_card),
        cmocka_unit_test_setup(loopback_gives_the_results_of_the_application_note, open_card),
        cmocka_unit_test_setup(loopback_of_words_takes_every_second_byte, open_card),
        cmocka_unit_test_setup(page_2_shows_what_was_set, open_card),
        cmocka_unit_test_setup(a_stopped_card_ends_what_it_sends_and_takes_nothing, open_card),
        cmocka_unit_test_setup(rtl8029_is_found_on_pci_and_moves_doublewords, open_card),
        cmocka_unit_test_setup(anything_may_be_written, open_card),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
