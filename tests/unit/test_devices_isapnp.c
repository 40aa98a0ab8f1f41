/* test_devices_isapnp.c - ISA Plug and Play: key, isolation by the identifier, resources with their checksum, and what
 * software chooses. */
#include "emu/devices/isapnp.h"
#include "tests/unit/board.h"

enum { ADDRESS = 0x279, WRITE = 0xA79, READ = 0x203 };

struct fixture {
    struct board board;
    struct isapnp_bus cards;
    struct isapnp pnp, other;
    struct isapnp_choice choice;
    unsigned chosen;
};

static void chosen(void *card, const struct isapnp_choice *choice)
{
    struct fixture *f = card;

    f->choice = *choice;
    f->chosen++;
}

static int open_card(void **state)
{
    static const uint8_t identifier[8] = {0x0E, 0x8C, 0x00, 0x24, 0x78, 0x56, 0x34, 0x12},
                         resources[3] = {0x0A, 0x10, 0x01};
    static struct fixture f;
    struct isapnp_card card = {.identifier = identifier,
                               .resources = resources,
                               .resource_bytes = sizeof resources,
                               .initial = {.irq_type = 2, .dma = {4, 4}},
                               .chosen = chosen,
                               .card = &f};

    memset(&f, 0, sizeof f);
    board_init(&f.board);
    isapnp_bus_init(&f.cards, &f.board.bus);
    isapnp_init(&f.pnp, &f.cards, &card);
    *state = &f;
    return 0;
}

static void reg(struct fixture *f, uint8_t index, uint8_t value)
{
    out(&f->board, ADDRESS, index);
    out(&f->board, WRITE, value);
}

static uint8_t get(struct fixture *f, uint8_t index)
{
    out(&f->board, ADDRESS, index);
    return in(&f->board, READ);
}

/* The 32 bytes of the specification's appendix B. */
static void send_key(struct fixture *f)
{
    static const uint8_t key[32] = {0x6A, 0xB5, 0xDA, 0xED, 0xF6, 0xFB, 0x7D, 0xBE, 0xDF, 0x6F, 0x37,
                                    0x1B, 0x0D, 0x86, 0xC3, 0x61, 0xB0, 0x58, 0x2C, 0x16, 0x8B, 0x45,
                                    0xA2, 0xD1, 0xE8, 0x74, 0x3A, 0x9D, 0xCE, 0xE7, 0x73, 0x39};

    out(&f->board, ADDRESS, 0);
    out(&f->board, ADDRESS, 0);
    for (unsigned i = 0; i < sizeof key; i++)
        out(&f->board, ADDRESS, key[i]);
}

/* Isolates the card that is left, and gives it a number. */
static void isolate_next(struct fixture *f, uint8_t number, uint8_t identifier[9])
{
    reg(f, 3, 0);
    reg(f, 0, READ >> 2);
    memset(identifier, 0, 9);
    out(&f->board, ADDRESS, 1);
    for (unsigned bit = 0; bit < 72; bit++) {
        uint8_t first = in(&f->board, READ), second = in(&f->board, READ);
        if (first == 0x55 && second == 0xAA)
            identifier[bit / 8] |= (uint8_t)(1 << bit % 8);
        else
            assert_true(first == 0xFF && second == 0xFF);
    }
    reg(f, 6, number);
}

/* Isolates the card as a driver does, and gives it the number 1. */
static void isolate(struct fixture *f, uint8_t identifier[9])
{
    send_key(f);
    isolate_next(f, 1, identifier);
}

static void nothing_answers_before_the_key(void **state)
{
    struct fixture *f = *state;

    reg(f, 3, 0);
    reg(f, 0, READ >> 2);
    assert_int_equal(get(f, 1), 0xFF);
    assert_int_equal(f->pnp.read_port, 0);
    assert_int_equal(f->chosen, 1);
    assert_false(f->choice.active);
}

static void identifier_is_read_bit_by_bit_with_its_checksum(void **state)
{
    struct fixture *f = *state;
    uint8_t identifier[9], sum = 0x6A;

    isolate(f, identifier);
    assert_memory_equal(identifier, ((uint8_t[]){0x0E, 0x8C, 0x00, 0x24, 0x78, 0x56, 0x34, 0x12}), 8);
    for (unsigned bit = 0; bit < 64; bit++) { /* the specification's appendix B */
        unsigned next = (sum & 1) ^ (sum >> 1 & 1) ^ (identifier[bit / 8] >> bit % 8 & 1);
        sum = (uint8_t)(sum >> 1 | next << 7);
    }
    assert_int_equal(identifier[8], sum);
    assert_int_equal(get(f, 6), 1);
}

static void resources_end_with_a_sum_of_0(void **state)
{
    struct fixture *f = *state;
    uint8_t identifier[9], bytes[14], sum = 0;

    isolate(f, identifier);
    out(&f->board, ADDRESS, 4); /* the identifier has been read: resources follow */
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(in(&f->board, READ), ((uint8_t[]){0x0A, 0x10, 0x01, 0x79})[i]);
    reg(f, 3, 1); /* woken again, it begins with the identifier */
    assert_int_equal(get(f, 5) & 1, 1);
    out(&f->board, ADDRESS, 4);
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = in(&f->board, READ);
    assert_memory_equal(bytes, identifier, 9);
    assert_memory_equal(bytes + 9, ((uint8_t[]){0x0A, 0x10, 0x01, 0x79}), 4);
    for (unsigned i = 9; i < 14; i++)
        sum = (uint8_t)(sum + bytes[i]);
    assert_int_equal(sum, 0);
    assert_int_equal(in(&f->board, READ), 0xFF);
}

static void what_software_chooses_reaches_the_card(void **state)
{
    struct fixture *f = *state;
    uint8_t identifier[9];

    isolate(f, identifier);
    reg(f, 7, 0);
    reg(f, 0x60, 0x02);
    reg(f, 0x61, 0x40);
    reg(f, 0x62, 0x03);
    reg(f, 0x63, 0x30);
    reg(f, 0x70, 7);
    reg(f, 0x74, 3);
    reg(f, 0x75, 6);
    assert_false(f->choice.active);
    reg(f, 0x30, 1);
    assert_true(f->choice.active);
    assert_int_equal(f->choice.base[0], 0x240);
    assert_int_equal(f->choice.base[1], 0x330);
    assert_int_equal(f->choice.irq, 7);
    assert_int_equal(f->choice.dma[0], 3);
    assert_int_equal(f->choice.dma[1], 6);
    assert_int_equal(get(f, 0x60), 0x02);
    assert_int_equal(get(f, 0x61), 0x40);
    reg(f, 7, 1); /* there is no second device */
    reg(f, 0x30, 0);
    assert_true(f->choice.active);
    reg(f, 3, 2); /* another card is meant */
    reg(f, 0x30, 0);
    assert_int_equal(get(f, 0x61), 0xFF);
    assert_true(f->choice.active);
    reg(f, 2, 2); /* and all wait for the key, with what was chosen */
    reg(f, 3, 1);
    assert_int_equal(get(f, 6), 0xFF);
    assert_true(f->choice.active);
    send_key(f);
    reg(f, 3, 1);
    assert_int_equal(get(f, 6), 1);
    reg(f, 2, 7);
    assert_false(f->choice.active);
    assert_int_equal(f->choice.dma[0], 4);
}

static void a_wrong_key_begins_anew(void **state)
{
    struct fixture *f = *state;
    uint8_t identifier[9];

    out(&f->board, ADDRESS, 0x6A);
    out(&f->board, ADDRESS, 0xB5);
    isolate(f, identifier);
    assert_int_equal(identifier[0], 0x0E);
}

static void two_cards_are_told_apart(void **state)
{
    static const uint8_t identifier[8] = {0x41, 0xD0, 0x80, 0xD6, 1, 0, 0, 0}, resources[3] = {0x0A, 0x10, 0x00};
    struct fixture *f = *state;
    struct isapnp_card card = {.identifier = identifier,
                               .resources = resources,
                               .resource_bytes = sizeof resources,
                               .initial = {.dma = {4, 4}},
                               .chosen = chosen,
                               .card = f};
    uint8_t found[9];

    isapnp_init(&f->other, &f->cards, &card);
    send_key(f);
    isolate_next(f, 1, found); /* 41h has the first 1 in its lowest bit, 0Eh a 0 */
    assert_memory_equal(found, identifier, 8);
    isolate_next(f, 2, found);
    assert_memory_equal(found, ((uint8_t[]){0x0E, 0x8C, 0x00, 0x24, 0x78, 0x56, 0x34, 0x12}), 8);
    reg(f, 3, 0);
    out(&f->board, ADDRESS, 1);
    for (unsigned read = 0; read < 144; read++) /* no third */
        assert_int_equal(in(&f->board, READ), 0xFF);
    reg(f, 3, 1);
    assert_int_equal(get(f, 6), 1);
    reg(f, 0x30, 1);
    assert_true(f->other.choice.active && !f->pnp.choice.active);
    reg(f, 3, 2);
    assert_int_equal(get(f, 6), 2);
    assert_int_equal(get(f, 0x30), 0);
}

static void anything_may_be_written(void **state)
{
    struct fixture *f = *state;
    static const uint16_t ports[] = {ADDRESS, ADDRESS, WRITE, WRITE, READ, 0x3F3};

    for (unsigned i = 0; i < 50; i++) {
        send_key(f);
        board_abuse(&f->board, ports, 6, 500);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_answers_before_the_key, open_card),
        cmocka_unit_test_setup(identifier_is_read_bit_by_bit_with_its_checksum, open_card),
        cmocka_unit_test_setup(resources_end_with_a_sum_of_0, open_card),
        cmocka_unit_test_setup(what_software_chooses_reaches_the_card, open_card),
        cmocka_unit_test_setup(a_wrong_key_begins_anew, open_card),
        cmocka_unit_test_setup(two_cards_are_told_apart, open_card),
        cmocka_unit_test_setup(anything_may_be_written, open_card),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
