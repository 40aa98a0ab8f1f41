/* test_devices_i8237.c - the DMA controllers: directions, addresses, counts (8237A data sheet). */
#include "emu/devices/i8237.h"
#include "tests/unit/board.h"

struct fixture {
    struct board board;
    struct memory memory;
    struct i8237 dma;
};

static int setup(void **state)
{
    static struct fixture f;

    board_init(&f.board);
    assert_true(memory_init(&f.memory, 0x1000000));
    i8237_init(&f.dma, &f.board.bus, &f.memory);
    out(&f.board, 0xD6, 0xC0); /* channel 4 passes the first chip's requests on */
    out(&f.board, 0xD4, 0x00);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    memory_free(&((struct fixture *)*state)->memory);
    return 0;
}

static void program(struct fixture *f, unsigned channel, uint8_t mode, uint32_t address, uint16_t count)
{
    static const uint16_t pages[8] = {0x87, 0x83, 0x81, 0x82, 0x8F, 0x8B, 0x89, 0x8A};
    unsigned step = channel < 4 ? 1 : 2;
    uint16_t base = channel < 4 ? 0 : 0xC0, reg = (uint16_t)(base + (channel & 3) * 2 * step);
    uint16_t offset = (uint16_t)(channel < 4 ? address : address >> 1);

    out(&f->board, (uint16_t)(base + 0xC * step), 0);
    out(&f->board, reg, (uint8_t)offset);
    out(&f->board, reg, (uint8_t)(offset >> 8));
    out(&f->board, (uint16_t)(reg + step), (uint8_t)count);
    out(&f->board, (uint16_t)(reg + step), (uint8_t)(count >> 8));
    out(&f->board, pages[channel], (uint8_t)(address >> 16));
    out(&f->board, (uint16_t)(base + 0xB * step), (uint8_t)(mode | (channel & 3)));
    out(&f->board, (uint16_t)(base + 0xA * step), (uint8_t)(channel & 3));
}

static uint16_t word(struct fixture *f, uint16_t port)
{
    uint8_t low;

    out(&f->board, port < 0xC0 ? 0x0C : 0xD8, 0);
    low = in(&f->board, port);
    return (uint16_t)(low | in(&f->board, port) << 8);
}

static void fill(uint8_t *buffer, unsigned length)
{
    for (unsigned i = 0; i < length; i++)
        buffer[i] = (uint8_t)(i * 7 + 1);
}

static void device_writes_to_memory_until_terminal_count(void **state)
{
    struct fixture *f = *state;
    uint8_t buffer[512];
    bool end;

    fill(buffer, sizeof buffer);
    program(f, 2, 0x44, 0x123456, 299);
    assert_int_equal(i8237_transfer(&f->dma, 2, buffer, 200, &end), 200);
    assert_false(end);
    assert_int_equal(word(f, 4), 0x3456 + 200);
    assert_int_equal(word(f, 5), 99);
    assert_int_equal(i8237_transfer(&f->dma, 2, buffer + 200, 312, &end), 100);
    assert_true(end);
    assert_memory_equal(f->memory.ram + 0x123456, buffer, 300);
    assert_int_equal(f->memory.ram[0x123456 + 300], 0);
    assert_int_equal(word(f, 5), 0xFFFF);
    assert_int_equal(in(&f->board, 8), 0x04);
    assert_int_equal(in(&f->board, 8), 0x00);
    assert_int_equal(i8237_transfer(&f->dma, 2, buffer, 1, &end), 0); /* it has masked itself */
    assert_false(end);
}

static void device_reads_from_memory(void **state)
{
    struct fixture *f = *state;
    uint8_t buffer[16] = {0};
    bool end;

    fill(f->memory.ram + 0x20000, 16);
    program(f, 3, 0x88, 0x20000, 15);
    assert_int_equal(i8237_transfer(&f->dma, 3, buffer, 16, &end), 16);
    assert_true(end);
    assert_memory_equal(buffer, f->memory.ram + 0x20000, 16);
}

static void verify_only_counts(void **state)
{
    struct fixture *f = *state;
    uint8_t buffer[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    bool end;

    program(f, 1, 0x40, 0x3000, 7);
    assert_int_equal(i8237_transfer(&f->dma, 1, buffer, 8, &end), 8);
    assert_true(end);
    assert_int_equal(f->memory.ram[0x3000], 0);
    assert_int_equal(buffer[0], 1);
}

static void address_wraps_within_its_page(void **state)
{
    struct fixture *f = *state;
    uint8_t buffer[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    bool end;

    program(f, 1, 0x44, 0x5FFFC, 99);
    assert_int_equal(i8237_transfer(&f->dma, 1, buffer, 8, &end), 8);
    assert_memory_equal(f->memory.ram + 0x5FFFC, buffer, 4);
    assert_memory_equal(f->memory.ram + 0x50000, buffer + 4, 4);
    assert_int_equal(f->memory.ram[0x60000], 0);
}

static void decrementing_channel_goes_backwards(void **state)
{
    struct fixture *f = *state;
    uint8_t buffer[4] = {1, 2, 3, 4};
    bool end;

    program(f, 1, 0x64, 0x50001, 99);
    assert_int_equal(i8237_transfer(&f->dma, 1, buffer, 4, &end), 4);
    assert_int_equal(f->memory.ram[0x50001], 1);
    assert_int_equal(f->memory.ram[0x50000], 2);
    assert_int_equal(f->memory.ram[0x5FFFF], 3);
    assert_int_equal(f->memory.ram[0x5FFFE], 4);
}

static void autoinit_starts_again_and_stays_unmasked(void **state)
{
    struct fixture *f = *state;
    uint8_t buffer[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    bool end;

    program(f, 1, 0x54, 0x4000, 3);
    assert_int_equal(i8237_transfer(&f->dma, 1, buffer, 8, &end), 4);
    assert_true(end);
    assert_int_equal(word(f, 2), 0x4000);
    assert_int_equal(word(f, 3), 3);
    assert_int_equal(i8237_transfer(&f->dma, 1, buffer + 4, 2, &end), 2);
    assert_false(end);
    assert_int_equal(f->memory.ram[0x4000], 5);
}

static void words_span_128_kib_and_odd_bytes_stay(void **state)
{
    struct fixture *f = *state;
    uint8_t buffer[7] = {1, 2, 3, 4, 5, 6, 7};
    bool end;

    program(f, 5, 0x44, 0x1FFFC, 9); /* page bit 0 is not connected */
    out(&f->board, 0x8B, 0x03);
    f->dma.chip[1].channel[1].address = 0xFFFE;
    assert_int_equal(i8237_transfer(&f->dma, 5, buffer, 7, &end), 6);
    assert_memory_equal(f->memory.ram + 0x3FFFC, buffer, 4);
    assert_memory_equal(f->memory.ram + 0x20000, buffer + 4, 2);
    assert_int_equal(word(f, 0xC6), 9 - 3);
}

static void masked_disabled_or_cascading_channels_do_not_move(void **state)
{
    struct fixture *f = *state;
    uint8_t buffer[4] = {1, 2, 3, 4};
    bool end;

    program(f, 1, 0x44, 0x4000, 9);
    out(&f->board, 0x0A, 0x05);
    assert_int_equal(i8237_transfer(&f->dma, 1, buffer, 1, &end), 0);
    out(&f->board, 0x0E, 0);
    assert_int_equal(i8237_transfer(&f->dma, 1, buffer, 1, &end), 1);
    out(&f->board, 0x08, 0x04);
    assert_int_equal(i8237_transfer(&f->dma, 1, buffer, 1, &end), 0);
    out(&f->board, 0x08, 0x00);
    out(&f->board, 0xD4, 0x04); /* the cascade */
    assert_int_equal(i8237_transfer(&f->dma, 1, buffer, 1, &end), 0);
    out(&f->board, 0xD4, 0x00);
    out(&f->board, 0x0B, 0xC1);
    assert_int_equal(i8237_transfer(&f->dma, 1, buffer, 1, &end), 0);
    assert_int_equal(i8237_transfer(&f->dma, 4, buffer, 2, &end), 0);
    assert_int_equal(i8237_transfer(&f->dma, 9, buffer, 2, &end), 0);
    out(&f->board, 0x0D, 0);
    assert_int_equal(in(&f->board, 0x0F), 0xFF);
}

static void spare_page_register_keeps_the_post_code(void **state)
{
    struct fixture *f = *state;

    out(&f->board, 0x80, 0x5A);
    assert_int_equal(in(&f->board, 0x80), 0x5A);
}

static void no_sequence_of_writes_does_harm(void **state)
{
    struct fixture *f = *state;
    static const uint16_t bases[4] = {0x00, 0x80, 0xC0, 0xD0};
    uint16_t ports[64];
    uint8_t buffer[256];
    bool end;

    for (unsigned i = 0; i < 16; i++)
        for (unsigned j = 0; j < 4; j++)
            ports[16 * j + i] = (uint16_t)(bases[j] + i);
    for (unsigned i = 0; i < 5000; i++) {
        board_abuse(&f->board, ports, 64, 20);
        i8237_transfer(&f->dma, i & 15, buffer, i & 255, &end);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(device_writes_to_memory_until_terminal_count, setup, teardown),
        cmocka_unit_test_setup_teardown(device_reads_from_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(verify_only_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(address_wraps_within_its_page, setup, teardown),
        cmocka_unit_test_setup_teardown(decrementing_channel_goes_backwards, setup, teardown),
        cmocka_unit_test_setup_teardown(autoinit_starts_again_and_stays_unmasked, setup, teardown),
        cmocka_unit_test_setup_teardown(words_span_128_kib_and_odd_bytes_stay, setup, teardown),
        cmocka_unit_test_setup_teardown(masked_disabled_or_cascading_channels_do_not_move, setup, teardown),
        cmocka_unit_test_setup_teardown(spare_page_register_keeps_the_post_code, setup, teardown),
        cmocka_unit_test_setup_teardown(no_sequence_of_writes_does_harm, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
