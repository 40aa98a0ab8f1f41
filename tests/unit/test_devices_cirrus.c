/* test_devices_cirrus.c - Cirrus chips: registers, memory, picture, data channel, and a transfer that is interrupted by
 * a snapshot. The BitBLT engine's results are those of tests/cirrus.c. */
#include <stdlib.h>

#include "emu/endian.h"
#include "emu/machine.h"
#include "tests/unit/board.h"

#define MISC 0x3C2
#define SEQUENCER 0x3C4
#define DAC_MASK 0x3C6
#define DAC_WRITE 0x3C8
#define DAC_DATA 0x3C9
#define GRAPHICS 0x3CE
#define CRTC 0x3D4
#define LINEAR 0xE0000000u
#define REGISTERS 0xE2000000u
#define MEMORY (2u << 20)

struct fixture {
    struct board board;
    struct memory memory;
    struct vga vga;
    struct cirrus cirrus;
    unsigned forgotten; /* how often the CPU had to drop what it kept of device memory */
};

static struct fixture fixture;

static void map_changed(void *listener)
{
    struct fixture *f = listener;

    f->forgotten++;
}

static struct fixture *make(enum display chip, bool pci)
{
    struct fixture *f = &fixture;
    const struct cirrus_model model = {chip, pci, MEMORY, MONITOR_1024X768};

    memset(f, 0, sizeof *f);
    board_init(&f->board);
    assert_true(memory_init(&f->memory, 0x100000));
    f->memory.listener.map_changed = map_changed;
    f->memory.listener.listener = f;
    assert_true(
        cirrus_init(&f->cirrus, &f->vga, &f->board.clock, &f->board.bus, &f->memory, board_wire(&f->board, 2), &model));
    if (pci) {
        cirrus_place(&f->cirrus, 0, LINEAR, true);
        cirrus_place(&f->cirrus, 1, REGISTERS, true);
    }
    out(&f->board, MISC, 0x2F);
    return f;
}

static void release(struct fixture *f)
{
    vga_free(&f->vga);
    memory_free(&f->memory);
}

static void set(struct fixture *f, uint16_t port, uint8_t index, uint8_t value)
{
    bus_write(&f->board.bus, port, (uint32_t)(index | value << 8), 2);
}

static uint8_t get(struct fixture *f, uint16_t port, uint8_t index)
{
    out(&f->board, port, index);
    return (uint8_t)in(&f->board, port + 1);
}

static void unlock(struct fixture *f)
{
    set(f, SEQUENCER, 6, 0x12);
}

static uint32_t peek(struct fixture *f, uint32_t address, unsigned size)
{
    return memory_read(&f->memory, address, size);
}

static void poke(struct fixture *f, uint32_t address, uint32_t value, unsigned size)
{
    memory_write(&f->memory, address, value, size);
}

/* A picture of 640x480, as the chip's BIOS sets it: depth by SR7 and the Hidden DAC register, bytes of a line. */
static void set_picture(struct fixture *f, uint8_t mode, uint8_t hidden, uint32_t stride)
{
    static const uint8_t crtc[25] = {0x5F, 0x4F, 0x50, 0x82, 0x54, 0x80, 0x0B, 0x3E, 0,    0x40, 0,    0,   0,
                                     0,    0,    0,    0xEA, 0x0C, 0xDF, 0,    0,    0xE7, 0x04, 0xC3, 0xFF};

    unlock(f);
    set(f, SEQUENCER, 0, 3);
    set(f, SEQUENCER, 1, 1);
    set(f, SEQUENCER, 2, 15);
    set(f, SEQUENCER, 4, 14);
    set(f, SEQUENCER, 7, mode);
    for (uint8_t i = 0; i < 25; i++)
        set(f, CRTC, i, crtc[i]);
    set(f, CRTC, 0x13, (uint8_t)(stride / 8));
    set(f, CRTC, 0x1B, (uint8_t)(0x22 | (stride / 8 >> 8) << 4));
    set(f, GRAPHICS, 5, 0x40);
    set(f, GRAPHICS, 6, 5);
    for (unsigned i = 0; i < 4; i++)
        in(&f->board, DAC_MASK);
    out(&f->board, DAC_MASK, hidden);
    in(&f->board, 0x3DA);
    out(&f->board, 0x3C0, 0x20);
}

static uint32_t pixel(struct fixture *f, unsigned x, unsigned y)
{
    struct frame frame;

    vga_frame(&f->vga, &frame);
    assert_true(x < frame.width && y < frame.height);
    return frame.pixels[y * frame.width + x];
}

static void extended_registers_are_behind_the_key(void **state)
{
    struct fixture *f = make(DISPLAY_GD5446, true);

    (void)state;
    assert_int_equal(get(f, SEQUENCER, 6), 0x0F);
    set(f, SEQUENCER, 9, 0x5A);
    set(f, GRAPHICS, 0x10, 0x5A);
    assert_int_equal(get(f, CRTC, 0x27), 0);
    unlock(f);
    assert_int_equal(get(f, SEQUENCER, 6), 0x12);
    assert_int_equal(get(f, SEQUENCER, 9), 0);
    assert_int_equal(get(f, GRAPHICS, 0x10), 0);
    set(f, SEQUENCER, 9, 0x5A);
    set(f, GRAPHICS, 0x10, 0xA5);
    assert_int_equal(get(f, SEQUENCER, 9), 0x5A);
    assert_int_equal(get(f, GRAPHICS, 0x10), 0xA5);
    set(f, SEQUENCER, 6, 0);
    assert_int_equal(get(f, SEQUENCER, 6), 0x0F);
    assert_int_equal(get(f, SEQUENCER, 9), 0);
    release(f);
}

static void each_chip_has_its_id_bus_and_memory(void **state)
{
    static const struct {
        enum display chip;
        bool pci;
        uint8_t id, bus;
    } chips[] = {
        {DISPLAY_GD5430, true, 0xA0, 0x20},
        {DISPLAY_GD5430, false, 0xA0, 0x38},
        {DISPLAY_GD5434, false, 0xA8, 0x38},
        {DISPLAY_GD5446, true, 0xB8, 0x20},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof chips / sizeof *chips; i++) {
        struct fixture *f = make(chips[i].chip, chips[i].pci);
        unlock(f);
        assert_int_equal(get(f, CRTC, 0x27), chips[i].id);
        assert_int_equal(get(f, SEQUENCER, 0x17) & 0x38, chips[i].bus);
        assert_int_equal(get(f, SEQUENCER, 0x0F) & 0x98, 0x18); /* 64 bits, one bank: 2 MiB */
        release(f);
    }
}

static void the_hidden_register_follows_four_reads_of_the_mask(void **state)
{
    struct fixture *f = make(DISPLAY_GD5446, true);

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(in(&f->board, DAC_MASK), 0xFF);
    out(&f->board, DAC_MASK, 0xC5);
    assert_int_equal(in(&f->board, DAC_MASK), 0xFF);
    for (unsigned i = 0; i < 3; i++)
        in(&f->board, DAC_MASK);
    assert_int_equal(in(&f->board, DAC_MASK), 0xC5);
    for (unsigned i = 0; i < 3; i++)
        in(&f->board, DAC_MASK);
    in(&f->board, DAC_WRITE); /* begins anew */
    out(&f->board, DAC_MASK, 0x0F);
    assert_int_equal(in(&f->board, DAC_MASK), 0x0F);
    assert_int_equal(f->cirrus.hidden_dac, 0xC5);
    release(f);
}

static void the_window_has_one_offset_or_two(void **state)
{
    struct fixture *f = make(DISPLAY_GD5446, true);

    (void)state;
    set_picture(f, 0x11, 0, 640);
    for (uint32_t at = 0; at < MEMORY; at += 4096)
        poke(f, LINEAR + at, at, 4);
    set(f, GRAPHICS, 9, 0x13); /* units of 4 KiB */
    assert_int_equal(peek(f, 0xA0000, 4), 0x13000);
    assert_int_equal(peek(f, 0xAF000, 4), 0x22000);
    set(f, GRAPHICS, 0x0A, 0x20);
    set(f, GRAPHICS, 0x0B, 0x01); /* two */
    assert_int_equal(peek(f, 0xA1000, 4), 0x14000);
    assert_int_equal(peek(f, 0xA8000, 4), 0x20000);
    set(f, GRAPHICS, 0x0B, 0x21); /* of 16 KiB */
    assert_int_equal(peek(f, 0xA0000, 4), 0x4C000);
    assert_int_equal(peek(f, 0xA9000, 4), 0x81000);
    poke(f, 0xA9000, 0xCAFE, 2);
    assert_int_equal(peek(f, LINEAR + 0x81000, 2), 0xCAFE);
    assert_int_equal(peek(f, LINEAR + MEMORY + 0x81000, 2), 0xCAFE); /* memory repeats in its region */
    set(f, SEQUENCER, 7, 0);                                         /* planes again */
    set(f, GRAPHICS, 0x0B, 0x20);
    set(f, GRAPHICS, 5, 0);
    set(f, SEQUENCER, 4, 6);
    set(f, GRAPHICS, 9, 2); /* 32 KiB */
    set(f, GRAPHICS, 8, 0xFF);
    set(f, SEQUENCER, 2, 4);
    poke(f, 0xA0123, 0x77, 1);
    assert_int_equal(f->vga.memory[(0x8000 + 0x123) * 4 + 2], 0x77);
    release(f);
}

static void bits_become_pixels_in_write_modes_4_and_5(void **state)
{
    struct fixture *f = make(DISPLAY_GD5434, false);

    (void)state;
    set_picture(f, 0x01, 0, 640);
    set(f, GRAPHICS, 0x0B, 0x06); /* addresses of eight pixels, extended write modes */
    set(f, GRAPHICS, 1, 0xF1);
    set(f, GRAPHICS, 0, 0x0B);
    memset(f->vga.memory, 0x55, 64);
    set(f, GRAPHICS, 5, 0x44);
    poke(f, 0xA0001, 0xC1, 1);
    static const uint8_t four[] = {0xF1, 0xF1, 0x55, 0x55, 0x55, 0x55, 0x55, 0xF1, 0x55};
    assert_memory_equal(f->vga.memory + 8, four, sizeof four);
    set(f, GRAPHICS, 5, 0x45);
    poke(f, 0xA0002, 0x0103, 2);
    static const uint8_t five[] = {0x0B, 0x0B, 0x0B, 0x0B, 0x0B, 0x0B, 0xF1, 0xF1,
                                   0x0B, 0x0B, 0x0B, 0x0B, 0x0B, 0x0B, 0x0B, 0xF1};
    assert_memory_equal(f->vga.memory + 16, five, sizeof five);
    set(f, GRAPHICS, 0x0B, 0x16); /* of 16 bits */
    set(f, GRAPHICS, 0x11, 0xF2);
    set(f, GRAPHICS, 0x10, 0x0C);
    set(f, GRAPHICS, 5, 0x45);
    poke(f, 0xA0002, 0x80, 1);
    assert_int_equal(load32(f->vga.memory + 32), 0x0C0BF2F1);
    set(f, GRAPHICS, 0x0B, 0x0A); /* eight latches */
    set(f, GRAPHICS, 5, 0x41);
    peek(f, 0xA0001, 1);
    poke(f, 0xA0020, 0xFF, 1);
    assert_memory_equal(f->vga.memory + 0x100, four, 8);
    release(f);
}

static void pixels_of_each_depth_are_shown(void **state)
{
    static const struct {
        uint8_t mode, hidden;
        uint32_t bytes, value, colour;
    } depths[] = {
        {0x11, 0x00, 1, 7, 0x104182},          {0x17, 0xC0, 2, 0x7C1F, 0xFF00FF}, {0x17, 0xF0, 2, 0x03E0, 0x00FF00},
        {0x17, 0xC1, 2, 0xFFE0, 0xFFFF00},     {0x17, 0xE1, 2, 0x07E0, 0x00FF00}, {0x15, 0xC5, 3, 0x123456, 0x123456},
        {0x19, 0xC5, 4, 0xFF654321, 0x654321}, {0x13, 0xE1, 2, 0xF81F, 0xFF00FF},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof depths / sizeof *depths; i++) {
        struct fixture *f = make(DISPLAY_GD5446, true);
        uint32_t stride = 640 * depths[i].bytes;
        set_picture(f, depths[i].mode, depths[i].hidden, stride);
        out(&f->board, DAC_WRITE, 7);
        out(&f->board, DAC_DATA, 0x04), out(&f->board, DAC_DATA, 0x10), out(&f->board, DAC_DATA, 0x20);
        for (unsigned k = 0; k < depths[i].bytes; k++)
            poke(f, LINEAR + 100 * stride + 33 * depths[i].bytes + k, depths[i].value >> 8 * k, 1);
        assert_int_equal(pixel(f, 33, 100), depths[i].colour);
        assert_int_equal(pixel(f, 34, 100), 0);
        release(f);
    }
}

/* CR1A, bit 0: as drivers program 1024x768 at 43 Hz. */
static void an_interlaced_picture_has_the_lines_of_both_fields(void **state)
{
    struct fixture *f = make(DISPLAY_GD5446, true);
    struct frame frame;

    (void)state;
    set_picture(f, 0x11, 0, 640);
    out(&f->board, DAC_WRITE, 7);
    out(&f->board, DAC_DATA, 0x04), out(&f->board, DAC_DATA, 0x10), out(&f->board, DAC_DATA, 0x20);
    poke(f, LINEAR + 901 * 640 + 33, 7, 1);
    vga_frame(&f->vga, &frame);
    assert_int_equal(frame.height, 480);
    set(f, CRTC, 0x1A, 1);
    vga_frame(&f->vga, &frame);
    assert_int_equal(frame.height, 960);
    assert_int_equal(pixel(f, 33, 901), 0x104182);
    assert_int_equal(pixel(f, 33, 450), 0);
    release(f);
}

static void the_start_is_taken_over_at_the_retrace(void **state)
{
    struct fixture *f = make(DISPLAY_GD5446, true);

    (void)state;
    set_picture(f, 0x17, 0xC1, 1280);
    board_run_us(&f->board, 40000);
    poke(f, LINEAR, 0x001F, 2);
    poke(f, LINEAR + 0x123450, 0xF800, 2);
    while (in(&f->board, 0x3DA) & 8)
        board_run_us(&f->board, 10);
    uint32_t start = 0x123450 / 4;
    set(f, CRTC, 0x0D, (uint8_t)start);
    set(f, CRTC, 0x0C, (uint8_t)(start >> 8));
    set(f, CRTC, 0x1B, (uint8_t)(0x22 | (start >> 16 & 1) | (start >> 15 & 0x0C)));
    assert_int_equal(pixel(f, 0, 0), 0x0000FF);
    while (!(in(&f->board, 0x3DA) & 8)) {
        assert_int_equal(pixel(f, 0, 0), 0x0000FF);
        board_run_us(&f->board, 20);
    }
    assert_int_equal(pixel(f, 0, 0), 0xFF0000);
    release(f);
}

static void the_pointer_lies_over_the_picture(void **state)
{
    struct fixture *f = make(DISPLAY_GD5446, true);
    uint32_t image = LINEAR + MEMORY - 0x4000 + 0x3C * 256;
    struct frame frame;

    (void)state;
    set_picture(f, 0x17, 0xC1, 1280);
    poke(f, LINEAR + 1280 * 50 + 2 * 101, 0xFFFF, 2);
    poke(f, image, 0x50, 1);     /* of its first line, first bit plane: 0, 1, 0, 1 */
    poke(f, image + 8, 0x30, 1); /* second: 0, 0, 1, 1 */
    set(f, SEQUENCER, 0x12, 2);
    static const uint8_t colours[][4] = {{0, 63, 0, 0}, {15, 0, 63, 21}};
    for (unsigned i = 0; i < 2; i++) {
        out(&f->board, DAC_WRITE, colours[i][0]);
        for (unsigned k = 1; k < 4; k++)
            out(&f->board, DAC_DATA, colours[i][k]);
    }
    set(f, SEQUENCER, 0x13, 0x3C);
    set(f, SEQUENCER, 0x12, 5); /* on, of 64 lines */
    set(f, SEQUENCER, 0x10 | (100 & 7) << 5, 100 >> 3);
    set(f, SEQUENCER, 0x11 | (50 & 7) << 5, 50 >> 3);
    assert_int_equal(pixel(f, 100, 50), 0);
    assert_int_equal(pixel(f, 101, 50), 0); /* white, turned over */
    assert_int_equal(pixel(f, 102, 50), 0xFF0000);
    assert_int_equal(pixel(f, 103, 50), 0x00FF55);
    set(f, SEQUENCER, 0x10 | (200 & 7) << 5, 200 >> 3);
    vga_frame(&f->vga, &frame);
    assert_int_equal(frame.pixels[50 * 640 + 101], 0xFFFFFF);
    assert_int_equal(frame.pixels[50 * 640 + 201], 0xFFFFFF);
    assert_int_equal(frame.changed[49].end, 0); /* drawn where it was and is */
    assert_int_equal(frame.changed[50].end, 640);
    set(f, SEQUENCER, 0x12, 1); /* of 32 lines: one bit plane after the other */
    poke(f, image + 128, 0x80, 1);
    assert_int_equal(pixel(f, 200, 50), 0xFF0000);
    release(f);
}

/* As a driver bangs the bits. Returns the level of the data line. */
static bool lines(struct fixture *f, bool clock, bool data)
{
    set(f, SEQUENCER, 8, (uint8_t)((clock ? 1 : 0) | (data ? 2 : 0)));
    assert_int_equal(get(f, SEQUENCER, 8) & 4, clock ? 4 : 0);
    return get(f, SEQUENCER, 8) & 0x80;
}

static unsigned transfer(struct fixture *f, unsigned bits)
{
    unsigned seen = 0;

    for (int i = 8; i >= 0; i--) {
        bool bit = bits >> i & 1;
        lines(f, false, bit);
        seen = seen << 1 | lines(f, true, bit);
        lines(f, false, bit);
    }
    return seen;
}

static void begin(struct fixture *f)
{
    lines(f, false, true);
    lines(f, true, true);
    lines(f, true, false);
    lines(f, false, false);
}

static void the_monitor_answers_on_the_pins(void **state)
{
    struct fixture *f = make(DISPLAY_GD5446, true);
    uint8_t edid[EDID_SIZE], sum = 0;

    (void)state;
    unlock(f);
    assert_true(monitor_edid(MONITOR_1024X768, edid));
    assert_int_equal(edid[54 + 2] | (edid[54 + 4] & 0xF0) << 4, 1024);
    begin(f);
    assert_int_equal(transfer(f, 0xA2 << 1 | 1) & 1, 1); /* nobody has this address */
    begin(f);
    assert_int_equal(transfer(f, 0xA0 << 1 | 1) & 1, 0);
    assert_int_equal(transfer(f, 0x08 << 1 | 1) & 1, 0);
    begin(f);
    assert_int_equal(transfer(f, 0xA1 << 1 | 1) & 1, 0);
    for (unsigned i = 0; i < EDID_SIZE; i++)
        assert_int_equal(transfer(f, i + 1 < EDID_SIZE ? 0x1FE : 0x1FF) >> 1, edid[(i + 8) % EDID_SIZE]);
    assert_int_equal(transfer(f, 0x1FF), 0x1FF); /* after the last it lets go */
    for (unsigned i = 0; i < EDID_SIZE; i++)
        sum = (uint8_t)(sum + edid[i]);
    assert_int_equal(sum, 0);
    release(f);
}

/* Glyphs of 8x16, a transfer each, as a driver draws text. */
static void draw_glyph(struct fixture *f, uint32_t to)
{
    static const uint8_t registers[][2] = {{0x20, 15},   {0x21, 0},    {0x22, 15},   {0x23, 0}, {0x24, 0x00},
                                           {0x25, 0x05}, {0x30, 0x94}, {0x32, 0x0D}, {0x33, 0}};

    for (unsigned i = 0; i < sizeof registers / sizeof *registers; i++)
        set(f, GRAPHICS, registers[i][0], registers[i][1]);
    for (unsigned i = 0; i < 3; i++)
        set(f, GRAPHICS, (uint8_t)(0x28 + i), (uint8_t)(to >> 8 * i));
    set(f, GRAPHICS, 0x31, 2);
    assert_int_equal(get(f, GRAPHICS, 0x31) & 9, 9);
    for (unsigned i = 0; i < 4; i++)
        poke(f, LINEAR, 0x11111111u * i, 4);
    assert_int_equal(get(f, GRAPHICS, 0x31) & 9, 0);
}

static void text_by_transfers_drops_no_page_for_each_glyph(void **state)
{
    struct fixture *f = make(DISPLAY_GD5446, true);

    (void)state;
    set_picture(f, 0x17, 0xC1, 1280);
    draw_glyph(f, 0);
    f->forgotten = 0;
    for (uint32_t i = 1; i < 80; i++)
        draw_glyph(f, i * 16);
    assert_int_equal(f->forgotten, 0);
    assert_null(f->cirrus.linear->bytes);
    for (unsigned i = 0; i < 5000; i++)
        poke(f, LINEAR + 0x10000 + 4 * i, i, 4);
    assert_int_equal(f->forgotten, 1); /* memory is plain bytes again */
    assert_non_null(f->cirrus.linear->bytes);
    assert_int_equal(peek(f, LINEAR + 0x10000 + 4 * 4321, 4), 4321);
    release(f);
}

static void registers_answer_in_memory(void **state)
{
    struct fixture *f = make(DISPLAY_GD5446, true);

    (void)state;
    unlock(f);
    poke(f, REGISTERS + 0x100 + 0x08, 0x0123, 2);
    assert_int_equal(get(f, GRAPHICS, 0x20), 0x23);
    assert_int_equal(get(f, GRAPHICS, 0x21), 0x01);
    poke(f, REGISTERS + 4, 0x07, 1); /* 3C4h */
    assert_int_equal(in(&f->board, SEQUENCER), 7);
    set(f, GRAPHICS, 6, 0x0C);
    poke(f, 0xB8008, 0x77, 1);
    assert_int_equal(get(f, GRAPHICS, 0x20), 0x23); /* not yet: SR17 */
    set(f, SEQUENCER, 0x17, 0x24);
    poke(f, 0xB8008, 0x77, 1);
    assert_int_equal(get(f, GRAPHICS, 0x20), 0x77);
    set(f, SEQUENCER, 0x17, 0x64); /* at the end of memory */
    poke(f, 0xB8008, 0x11, 1);
    poke(f, LINEAR + MEMORY - 0x100 + 8, 0x78, 1);
    assert_int_equal(get(f, GRAPHICS, 0x20), 0x78);
    poke(f, LINEAR + MEMORY - 0x104, 0x12345678, 4);
    assert_int_equal(peek(f, LINEAR + MEMORY - 0x104, 4), 0x12345678);
    release(f);
}

static void without_pci_a_register_places_the_frame_buffer(void **state)
{
    struct fixture *f = make(DISPLAY_GD5434, false);

    (void)state;
    set_picture(f, 0xE1, 0, 640);
    poke(f, 0xE12345, 0x5A, 1);
    assert_int_equal(f->vga.memory[0x12345], 0x5A);
    assert_int_equal(peek(f, LINEAR + 0x12345, 1), 0xFF);
    set(f, SEQUENCER, 7, 0x01);
    assert_int_equal(peek(f, 0xE12345, 1), 0xFF);
    release(f);
}

/* --- A snapshot in the middle of a transfer --- */

static void mixing_sha256(void *context, const uint8_t *bytes, size_t length, uint8_t digest[32])
{
    uint64_t mixed[4] = {1, 2, 3, 4};

    (void)context;
    for (size_t i = 0; i < length; i++)
        mixed[i & 3] = (mixed[i & 3] ^ bytes[i]) * 0x100000001B3u + mixed[(i + 1) & 3];
    memcpy(digest, mixed, 32);
}

struct text {
    char bytes[200000];
    size_t length;
};

static void take_text(void *context, const char *text, size_t length)
{
    struct text *t = context;

    assert_true(t->length + length <= sizeof t->bytes);
    memcpy(t->bytes + t->length, text, length);
    t->length += length;
}

static struct machine *make_machine(void)
{
    static uint8_t rom[4096];
    struct machine_manifest manifest;
    const struct machine_host host = {.system_rom = rom, .system_rom_size = sizeof rom, .sha256 = mixing_sha256};
    const char *reason;

    machine_manifest_default(&manifest);
    manifest.type = MACHINE_PC_I440FX;
    manifest.cpu = CPU_PENTIUM;
    manifest.memory = 1 << 20;
    manifest.drives[DRIVE_FD0].kind = DRIVE_ABSENT;
    manifest.display = DISPLAY_GD5446;
    manifest.display_memory = 1 << 20;
    struct machine *m = machine_create(&manifest, &host, &reason);
    assert_non_null(m);
    return m;
}

static void machine_set(struct machine *m, uint16_t port, uint8_t index, uint8_t value)
{
    bus_write(&m->bus, port, (uint32_t)(index | value << 8), 2);
}

static void a_transfer_goes_on_after_a_snapshot(void **state)
{
    static const uint8_t registers[][2] = {{0x20, 63},   {0x22, 7},    {0x24, 64},   {0x01, 0xAA},
                                           {0x00, 0x55}, {0x30, 0x84}, {0x32, 0x59}, {0x31, 2}};
    static struct text text, other;
    struct machine *m = make_machine(), *twin = make_machine();
    struct machine_fault fault;
    uint8_t one[32], two[32], page[MACHINE_PAGE], readable;

    (void)state;
    bus_write(&m->bus, 0x3C2, 0x2F, 1);
    machine_set(m, SEQUENCER, 6, 0x12);
    machine_set(m, SEQUENCER, 7, 0x11);
    machine_set(m, GRAPHICS, 6, 5);
    for (unsigned i = 0; i < sizeof registers / sizeof *registers; i++)
        machine_set(m, GRAPHICS, registers[i][0], registers[i][1]);
    for (unsigned i = 0; i < 27; i++)
        memory_write(&m->memory, 0xA0000, 0x37 * i, 1);
    assert_true(m->cirrus.blt_waits);
    assert_int_equal(m->cirrus.blt_line, 3);
    assert_int_equal(m->cirrus.blt_filled, 3);
    text.length = other.length = 0;
    machine_save(m, take_text, &text);
    assert_true(machine_load(twin, text.bytes, text.length, &fault));
    for (uint64_t p = 0; p < machine_pages(m, AREA_VIDEO); p++) {
        assert_true(machine_page_get(m, AREA_VIDEO, p, page, &readable));
        assert_true(machine_page_put(twin, AREA_VIDEO, p, page, readable, &fault));
    }
    machine_save(twin, take_text, &other);
    assert_int_equal(text.length, other.length);
    assert_memory_equal(text.bytes, other.bytes, text.length);
    for (unsigned i = 27; i < 64; i += i % 4 ? 1 : 4) {
        uint32_t value = 0x37373737u * i;
        memory_write(&m->memory, 0xA0000, value, i % 4 ? 1 : 4);
        memory_write(&twin->memory, 0xA0000, value, i % 4 ? 1 : 4);
    }
    assert_false(m->cirrus.blt_waits);
    assert_true(machine_digest(m, one) && machine_digest(twin, two));
    assert_memory_equal(one, two, sizeof one);
    machine_destroy(m);
    machine_destroy(twin);
}

static void a_transfer_that_cannot_be_is_refused(void **state)
{
    static struct text text;
    struct machine *m = make_machine();
    struct machine_fault fault;

    (void)state;
    m->cirrus.blt_waits = true;
    m->cirrus.blt_filled = 5; /* of a line of one pixel, whose source has four bytes */
    text.length = 0;
    machine_save(m, take_text, &text);
    m->cirrus.blt_waits = false;
    assert_false(machine_load(m, text.bytes, text.length, &fault));
    assert_string_equal(fault.name, "cirrus.blt_filled");
    machine_destroy(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(extended_registers_are_behind_the_key),
        cmocka_unit_test(each_chip_has_its_id_bus_and_memory),
        cmocka_unit_test(the_hidden_register_follows_four_reads_of_the_mask),
        cmocka_unit_test(the_window_has_one_offset_or_two),
        cmocka_unit_test(bits_become_pixels_in_write_modes_4_and_5),
        cmocka_unit_test(pixels_of_each_depth_are_shown),
        cmocka_unit_test(an_interlaced_picture_has_the_lines_of_both_fields),
        cmocka_unit_test(the_start_is_taken_over_at_the_retrace),
        cmocka_unit_test(the_pointer_lies_over_the_picture),
        cmocka_unit_test(the_monitor_answers_on_the_pins),
        cmocka_unit_test(text_by_transfers_drops_no_page_for_each_glyph),
        cmocka_unit_test(registers_answer_in_memory),
        cmocka_unit_test(without_pci_a_register_places_the_frame_buffer),
        cmocka_unit_test(a_transfer_goes_on_after_a_snapshot),
        cmocka_unit_test(a_transfer_that_cannot_be_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
