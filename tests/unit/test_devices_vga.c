/* test_devices_vga.c - the VGA: what memory accesses do, the registers, the beam, and the screen as text (IBM PS/2
 * Hardware Interface Technical Reference, "Video Subsystem"). */
#include "emu/devices/vga_pci.h"
#include "tests/unit/vga_board.h"

/* --- Writing --- */

static void write_mode_0_rotates_and_goes_to_the_planes_of_the_map_mask(void **state)
{
    struct fixture *f = *state;

    begin_planar(f);
    set(f, SEQUENCER, 2, 0x5);
    set(f, GRAPHICS, 3, 3);
    put(f, 0xA0010, 0x81);
    assert_planes(f, 0x10, 0x30, 0, 0x30, 0);
    set(f, SEQUENCER, 2, 0xF2); /* the upper bits mean nothing */
    set(f, GRAPHICS, 3, 0);
    put(f, 0xA0010, 0x81);
    assert_planes(f, 0x10, 0x30, 0x81, 0x30, 0);
}

static void write_mode_0_sets_and_resets_whole_planes(void **state)
{
    struct fixture *f = *state;

    begin_planar(f);
    set(f, GRAPHICS, 0, 0x6); /* planes 1 and 2 get ones, */
    set(f, GRAPHICS, 1, 0x3); /* of which 0 and 1 are enabled */
    put(f, 0xA0000, 0x5A);
    assert_planes(f, 0, 0x00, 0xFF, 0x5A, 0x5A);
}

static void bit_mask_keeps_what_the_latches_hold(void **state)
{
    struct fixture *f = *state;

    begin_planar(f);
    set_planes(f, 7, 0x11, 0x22, 0x44, 0x88);
    get(f, 0xA0007);
    set(f, GRAPHICS, 8, 0x0F);
    put(f, 0xA0009, 0xA5); /* elsewhere: the latches come along */
    assert_planes(f, 9, 0x15, 0x25, 0x45, 0x85);
}

static void functions_combine_with_the_latches(void **state)
{
    static const struct {
        uint8_t function, result;
    } functions[] = {{0x00, 0x0F}, {0x08, 0x03}, {0x10, 0x3F}, {0x18, 0x3C}};
    struct fixture *f = *state;

    begin_planar(f);
    for (unsigned i = 0; i < 4; i++) {
        set_planes(f, 3, 0x33, 0x33, 0x33, 0x33);
        get(f, 0xA0003);
        set(f, GRAPHICS, 3, functions[i].function);
        put(f, 0xA0003, 0x0F);
        assert_planes(f, 3, functions[i].result, functions[i].result, functions[i].result, functions[i].result);
    }
}

static void write_mode_1_copies_the_latches(void **state)
{
    struct fixture *f = *state;

    begin_planar(f);
    set_planes(f, 0x100, 1, 2, 3, 4);
    set(f, GRAPHICS, 5, 1);
    set(f, GRAPHICS, 8, 0x00); /* neither mask nor function nor data counts */
    set(f, GRAPHICS, 3, 0x18);
    get(f, 0xA0100);
    put(f, 0xA0200, 0xFF);
    assert_planes(f, 0x200, 1, 2, 3, 4);
    set(f, SEQUENCER, 2, 0x8);
    put(f, 0xA0300, 0xFF);
    assert_planes(f, 0x300, 0, 0, 0, 4);
}

static void write_mode_2_paints_a_colour_through_the_mask(void **state)
{
    struct fixture *f = *state;

    begin_planar(f);
    set_planes(f, 0, 0xFF, 0x00, 0xFF, 0x00);
    get(f, 0xA0000);
    set(f, GRAPHICS, 5, 2);
    set(f, GRAPHICS, 8, 0xC0);
    put(f, 0xA0000, 0xFA); /* colour 1010b */
    assert_planes(f, 0, 0x3F, 0xC0, 0x3F, 0xC0);
    set(f, GRAPHICS, 3, 0x18);
    get(f, 0xA0000);
    put(f, 0xA0000, 0x01);
    assert_planes(f, 0, 0xFF, 0xC0, 0x3F, 0xC0);
}

static void write_mode_3_masks_with_the_rotated_data(void **state)
{
    struct fixture *f = *state;

    begin_planar(f);
    set_planes(f, 0, 0x00, 0xFF, 0x00, 0xFF);
    get(f, 0xA0000);
    set(f, GRAPHICS, 0, 0x5);
    set(f, GRAPHICS, 1, 0x0); /* not asked */
    set(f, GRAPHICS, 3, 4);
    set(f, GRAPHICS, 5, 3);
    set(f, GRAPHICS, 8, 0x7E);
    put(f, 0xA0000, 0xF0); /* rotated 0Fh, and the mask: 0Eh */
    assert_planes(f, 0, 0x0E, 0xF1, 0x0E, 0xF1);
}

/* --- Reading --- */

static void read_mode_0_shows_the_selected_plane_and_loads_all_latches(void **state)
{
    struct fixture *f = *state;

    begin_planar(f);
    set_planes(f, 5, 0x10, 0x21, 0x32, 0x43);
    for (uint8_t p = 0; p < 4; p++) {
        set(f, GRAPHICS, 4, p);
        assert_int_equal(get(f, 0xA0005), 0x10 + 0x11 * p);
    }
    assert_memory_equal(f->vga.latch, ((const uint8_t[]){0x10, 0x21, 0x32, 0x43}), 4);
}

static void read_mode_1_compares_colours(void **state)
{
    struct fixture *f = *state;

    begin_planar(f);
    set(f, GRAPHICS, 5, 8);
    set_planes(f, 0, 0xF0, 0xCC, 0xAA, 0x00); /* the eight dots: 7 3 5 1 6 2 4 0 */
    set(f, GRAPHICS, 7, 0xF);
    for (uint8_t c = 0; c < 8; c++) {
        static const uint8_t where[8] = {0x01, 0x10, 0x04, 0x40, 0x02, 0x20, 0x08, 0x80};
        set(f, GRAPHICS, 2, c);
        assert_int_equal(get(f, 0xA0000), where[c]);
        set(f, GRAPHICS, 2, c | 8);
        assert_int_equal(get(f, 0xA0000), 0);
    }
    set(f, GRAPHICS, 2, 0xB);
    set(f, GRAPHICS, 7, 0x2); /* only plane 1 counts */
    assert_int_equal(get(f, 0xA0000), 0xCC);
    set(f, GRAPHICS, 7, 0);
    assert_int_equal(get(f, 0xA0000), 0xFF);
}

/* --- Addressing --- */

static void odd_even_puts_characters_and_attributes_side_by_side(void **state)
{
    struct fixture *f = *state;

    set_mode(f, &text_80x25);
    put(f, 0xB8000, 'A');
    put(f, 0xB8001, 0x1F);
    put(f, 0xB8002, 'B');
    put(f, 0xB8F9F, 0x70);
    assert_planes(f, 0, 'A', 0x1F, 0, 0);
    assert_planes(f, 2, 'B', 0, 0, 0);
    assert_int_equal(*plane(f, 0xF9E, 1), 0x70);
    assert_int_equal(get(f, 0xB8000), 'A');
    assert_int_equal(get(f, 0xB8001), 0x1F);
    assert_int_equal(get(f, 0xB8F9F), 0x70);
    assert_int_equal(memory_read(&f->memory, 0xB8000, 4), 'A' | 0x1F << 8 | 'B' << 16);
}

static void fonts_are_loaded_into_plane_2(void **state)
{
    struct fixture *f = *state;

    set_mode(f, &text_80x25);
    set(f, SEQUENCER, 2, 4);
    set(f, SEQUENCER, 4, 7);
    set(f, GRAPHICS, 4, 2);
    set(f, GRAPHICS, 5, 0);
    set(f, GRAPHICS, 6, 4);
    put(f, 0xA0823, 0x66);
    put(f, 0xA0824, 0x3C);
    assert_planes(f, 0x823, 0, 0, 0x66, 0);
    assert_planes(f, 0x824, 0, 0, 0x3C, 0);
    assert_int_equal(get(f, 0xA0823), 0x66);
}

static void chain_4_spreads_bytes_over_the_planes(void **state)
{
    struct fixture *f = *state;

    set_mode(f, &graphics_320x200_256);
    for (uint8_t i = 0; i < 8; i++)
        put(f, 0xA0100u + i, 0x10 + i);
    assert_planes(f, 0x100, 0x10, 0x11, 0x12, 0x13);
    assert_planes(f, 0x104, 0x14, 0x15, 0x16, 0x17);
    for (uint8_t i = 0; i < 8; i++)
        assert_int_equal(get(f, 0xA0100u + i), 0x10 + i);
    set(f, SEQUENCER, 2, 0x2);
    memory_write(&f->memory, 0xA0100, 0xFFFFFFFF, 4);
    assert_planes(f, 0x100, 0x10, 0xFF, 0x12, 0x13);
    set(f, SEQUENCER, 4, 6); /* unchained, the same bytes lie at every fourth address */
    set(f, GRAPHICS, 4, 3);
    assert_int_equal(get(f, 0xA0104), 0x17);
    assert_int_equal(get(f, 0xA0101), 0);
}

static void windows_open_where_the_register_says(void **state)
{
    static const struct {
        uint32_t first, last;
    } windows[4] = {
        {0xA0000, 0xBFFFF},
        {0xA0000, 0xAFFFF},
        {0xB0000, 0xB7FFF},
        {0xB8000, 0xBFFFF},
    };
    struct fixture *f = *state;

    begin_planar(f);
    for (uint8_t n = 0; n < 4; n++) {
        set(f, GRAPHICS, 6, (uint8_t)(n << 2 | 1));
        memset(f->vga.memory, 0, PLANES);
        for (uint32_t address = 0xA0000; address < 0xC0000; address += 0x7FFF) {
            bool within = address >= windows[n].first && address <= windows[n].last;
            put(f, address, 0x77);
            assert_int_equal(get(f, address), within ? 0x77 : 0xFF);
            assert_int_equal(*plane(f, (address - windows[n].first) & 0xFFFF, 0), within ? 0x77 : 0);
        }
    }
    set(f, GRAPHICS, 6, 1);
    put(f, 0xB1234, 0x42); /* 128 KiB of addresses, 64 KiB of memory */
    assert_int_equal(get(f, 0xA1234), 0x42);
    out(&f->board, MISC, 0x61); /* memory off */
    assert_int_equal(get(f, 0xA1234), 0xFF);
    put(f, 0xA1234, 0x99);
    out(&f->board, MISC, 0x63);
    assert_int_equal(get(f, 0xA1234), 0x42);
}

/* A wide access is the same as its bytes, from the lowest up, whatever the registers say. */
static void wide_accesses_are_their_bytes_one_after_the_other(void **state)
{
    static const uint16_t indexed[] = {SEQUENCER, GRAPHICS};
    static struct fixture twin;
    struct fixture *f = *state, *other = &twin;
    void *twin_state;
    uint32_t random = 77;

    board_init(&twin.board);
    assert_true(memory_init(&twin.memory, 0x100000) &&
                vga_init(&twin.vga, &twin.board.clock, &twin.board.bus, &twin.memory, board_wire(&twin.board, 2)));
    twin_state = &twin;
    set_mode(f, &graphics_320x200_256);
    set_mode(other, &graphics_320x200_256);
    for (unsigned i = 0; i < 200000; i++) {
        uint32_t address = 0xA0000 + random_below(&random, 0x1FFF0), value = random,
                 size = 1u << random_below(&random, 3);
        if (random_below(&random, 30) == 0) {
            uint16_t port = indexed[random_below(&random, 2)];
            uint8_t index = (uint8_t)random_below(&random, 9), data = random_below(&random, 2) ? 0 : (uint8_t)random;
            data = index == 8 && data == 0                        ? 0xFF
                   : index == 2 && port == SEQUENCER && data == 0 ? 15
                                                                  : data; /* plain more often than not */
            data = index == 4 && port == SEQUENCER && data == 0 ? 14 : data;
            set(f, port, index, data);
            set(other, port, index, data);
        }
        if (random_below(&random, 2)) {
            memory_write(&f->memory, address, value, size);
            for (unsigned n = 0; n < size; n++)
                put(other, address + n, (uint8_t)(value >> 8 * n));
        } else {
            value = memory_read(&f->memory, address, size);
            for (unsigned n = 0; n < size; n++)
                assert_int_equal(get(other, address + n), (uint8_t)(value >> 8 * n));
        }
    }
    assert_memory_equal(f->vga.memory, other->vga.memory, PLANES);
    assert_memory_equal(f->vga.latch, other->vga.latch, 4);
    teardown(&twin_state);
}

/* --- Registers --- */

static void dac_takes_red_green_blue_and_goes_on(void **state)
{
    struct fixture *f = *state;

    out(&f->board, DAC_WRITE, 254);
    assert_int_equal(in(&f->board, DAC_READ), 0);
    for (uint8_t i = 0; i < 9; i++)
        out(&f->board, DAC_DATA, (uint8_t)(0xC1 + i)); /* 6 bits count */
    assert_int_equal(in(&f->board, DAC_WRITE), 1);
    assert_int_equal(f->vga.dac[254 * 3], 1);
    assert_int_equal(f->vga.dac[254 * 3 + 2], 3);
    assert_int_equal(f->vga.dac[255 * 3 + 1], 5);
    assert_int_equal(f->vga.dac[0], 7);
    out(&f->board, DAC_DATA, 0x3F);
    out(&f->board, DAC_DATA, 0x3F);
    assert_int_equal(f->vga.dac[3], 0); /* only a whole colour arrives */
    out(&f->board, DAC_WRITE, 5);
    out(&f->board, DAC_DATA, 0x21);
    assert_int_equal(f->vga.dac[3], 0);
    out(&f->board, DAC_READ, 254);
    assert_int_equal(in(&f->board, DAC_READ), 3);
    for (uint8_t i = 0; i < 9; i++)
        assert_int_equal(in(&f->board, DAC_DATA), i + 1);
    out(&f->board, DAC_MASK, 0x0F);
    assert_int_equal(in(&f->board, DAC_MASK), 0x0F);
}

static void crtc_registers_0_to_7_can_be_protected(void **state)
{
    struct fixture *f = *state;

    set_mode(f, &text_80x25);
    set(f, CRTC, 0x11, 0x8E);
    for (uint8_t i = 0; i < 8; i++)
        set(f, CRTC, i, 0x00);
    for (uint8_t i = 0; i < 8; i++) {
        out(&f->board, CRTC, i);
        assert_int_equal(in(&f->board, CRTC + 1), i == 7 ? 0x0F : text_80x25.crtc[i]);
    }
    set(f, CRTC, 7, 0xFF); /* line compare bit 8 is free */
    assert_int_equal(in(&f->board, CRTC + 1), 0x1F);
    set(f, CRTC, 0xE, 0x12);
    assert_int_equal(in(&f->board, CRTC + 1), 0x12);
    set(f, CRTC, 0x11, 0x0E);
    set(f, CRTC, 0, 0x33);
    assert_int_equal(in(&f->board, CRTC + 1), 0x33);
    set(f, CRTC, 0x19, 0x55); /* there is none */
    assert_int_equal(in(&f->board, CRTC + 1), 0);
}

static void monochrome_moves_the_ports(void **state)
{
    struct fixture *f = *state;

    out(&f->board, MISC, 0x66);
    set(f, 0x3B4, 0xF, 0x21);
    assert_int_equal(in(&f->board, 0x3B5), 0x21);
    assert_int_equal(in(&f->board, CRTC + 1), 0xFF);
    set(f, CRTC, 0xF, 0x99);
    assert_int_equal(f->vga.crtc[0xF], 0x21);
    assert_int_equal(in(&f->board, STATUS), 0xFF);
    assert_int_not_equal(in(&f->board, 0x3BA), 0xFF);
    out(&f->board, MISC, 0x67);
    assert_int_equal(in(&f->board, CRTC + 1), 0x21);
    assert_int_equal(in(&f->board, 0x3B5), 0xFF);
    assert_int_equal(in(&f->board, 0x3CC), 0x67);
}

static void attribute_controller_takes_index_and_data_in_turn(void **state)
{
    struct fixture *f = *state;

    out(&f->board, MISC, 0x67);
    in(&f->board, STATUS);
    out(&f->board, ATTRIBUTE, 0x03);
    out(&f->board, ATTRIBUTE, 0x2A);
    out(&f->board, ATTRIBUTE, 0x10);
    in(&f->board, STATUS); /* an index is next */
    out(&f->board, ATTRIBUTE, 0x03);
    assert_int_equal(in(&f->board, 0x3C1), 0x2A);
    assert_int_equal(in(&f->board, 0x3C0), 0x03);
    out(&f->board, ATTRIBUTE, 0xFF);
    assert_int_equal(in(&f->board, 0x3C1), 0x3F); /* the palette has 6 bits */
    set_attribute(f, 0x20 | 3, 0x15);             /* displayed: locked */
    assert_int_equal(f->vga.attribute[3], 0x3F);
    set_attribute(f, 0x20 | 0x12, 0x0B); /* the others are not */
    assert_int_equal(f->vga.attribute[0x12], 0x0B);
    set_attribute(f, 0x1F, 0x55); /* there is none */
    assert_int_equal(in(&f->board, 0x3C1), 0);
}

static void asleep_it_does_not_answer(void **state)
{
    static const uint16_t ports[][3] = {{0x3C3, 0, 1}, {0x46E8, 0x16, 0x0E}};
    struct fixture *f = *state;

    for (unsigned i = 0; i < 2; i++) {
        set_mode(f, &graphics_320x200_256);
        put(f, 0xA0000, 0x12);
        assert_int_equal(in(&f->board, 0x3C3), 1);
        out(&f->board, ports[i][0], (uint8_t)ports[i][1]);
        assert_int_equal(in(&f->board, 0x3C3), 0);
        assert_int_equal(in(&f->board, 0x3CC), 0xFF);
        out(&f->board, MISC, 0);
        put(f, 0xA0000, 0x34);
        assert_int_equal(get(f, 0xA0000), 0xFF);
        out(&f->board, ports[i][0], (uint8_t)ports[i][2]);
        assert_int_equal(in(&f->board, 0x3CC), 0x63);
        assert_int_equal(get(f, 0xA0000), 0x12);
    }
    dispi_mode(f, 640, 480, 8);
    put(f, 0xA0000, 0x56);
    out(&f->board, 0x3C3, 0);
    put(f, 0xA0000, 0x78);
    assert_int_equal(get(f, 0xA0000), 0xFF);
    out(&f->board, 0x3C3, 1);
    assert_int_equal(get(f, 0xA0000), 0x56);
}

/* --- The beam --- */

static void the_beam_retraces_once_a_frame(void **state)
{
    struct fixture *f = *state;
    unsigned retraces = 0, retrace = 0, off = 0, samples = 0, off_lines = 0;
    uint8_t before = 0xFF;

    set_mode(f, &text_80x25);
    board_run_us(&f->board, 500);
    /* Ten frames of 449 lines of 900 dots at 28.322 MHz: 142,680 us. */
    for (; samples < 142680 * 5; samples++) {
        uint8_t status = in(&f->board, STATUS);
        retraces += status & ~before & 8 ? 1 : 0;
        off_lines += status & ~before & 1;
        retrace += status & 8 ? 1 : 0;
        off += status & 1;
        assert_true(!(status & 8) || status & 1); /* nothing is shown during retrace */
        before = status;
        board_run_to(&f->board, board_now(&f->board) + 5);
    }
    assert_int_equal(retraces, 10);
    assert_in_range(retrace, 10 * 2 * 5 * 31, 10 * 2 * 5 * 33); /* two lines of 31.8 us */
    assert_in_range(off_lines, 10 * 400 - 1, 10 * 400 + 1); /* each line ends, and the last one goes into the blank */
    assert_in_range(off * 1000ull / samples, 285, 289);     /* 1 - (400 * 720) / (449 * 900) */
}

static void timing_follows_the_registers(void **state)
{
    struct fixture *f = *state;
    unsigned retraces = 0;
    uint8_t before = 0xFF;

    set_mode(f, &graphics_640x480_16);
    for (unsigned us = 0; us < 1000000; us += 20) {
        uint8_t status = in(&f->board, STATUS);
        retraces += status & ~before & 8 ? 1 : 0;
        before = status;
        board_run_us(&f->board, 20);
    }
    assert_in_range(retraces, 59, 60); /* 525 lines of 800 dots at 25.175 MHz */
}

/* The interrupt comes where the display of a frame ends, once, until it is cleared; whoever turns it off still sees it
 * pending. */
static void the_vertical_interrupt_comes_when_a_frame_was_shown(void **state)
{
    struct fixture *f = *state;
    struct board *b = &f->board;

    set_mode(f, &text_80x25);
    set(f, CRTC, 0x11, 0x0E); /* cleared and held */
    board_run_us(b, 50000);
    assert_int_equal(b->rises[2], 0);
    for (unsigned frame = 0; frame < 10; frame++) {
        set(f, CRTC, 0x11, 0x1E);
        board_run_us(b, 14268); /* a frame */
        assert_int_equal(b->rises[2], frame + 1);
        assert_int_equal(in(b, 0x3C2) & 0x80, 0x80);
        set(f, CRTC, 0x11, 0x0E);
        assert_false(b->level[2]);
        assert_int_equal(in(b, 0x3C2) & 0x80, 0);
    }
    set(f, CRTC, 0x11, 0x1E);
    board_run_us(b, 40000); /* several frames: it stays as it is */
    assert_int_equal(b->rises[2], 11);
    assert_true(b->level[2]);
    set(f, CRTC, 0x11, 0x3E);
    assert_false(b->level[2]);
    assert_int_equal(in(b, 0x3C2) & 0x80, 0x80);
    /* The beam is past the last line shown when it rises, and not a line further. */
    set(f, CRTC, 0x11, 0x0E);
    set(f, CRTC, 0x11, 0x1E);
    board_run_us(b, 14268);
    assert_in_range((b->rose_at[2] * 28322000 / 25000000 - 1) % (449 * 900), 400 * 900 - 2, 400 * 900 + 2);
}

/* --- The screen as text --- */

static void print_at(struct fixture *f, unsigned row, unsigned column, const char *text, uint8_t attribute)
{
    for (; *text; text++, column++) {
        put(f, 0xB8000 + (row * 80 + column) * 2, (uint8_t)*text);
        put(f, 0xB8000 + (row * 80 + column) * 2 + 1, attribute);
    }
}

static void text_screen_shows_characters_attributes_and_cursor(void **state)
{
    static struct text_screen screen;
    struct fixture *f = *state;

    set_mode(f, &text_80x25);
    print_at(f, 0, 0, "C:\\>", 0x07);
    print_at(f, 24, 76, "last", 0x4E);
    set(f, CRTC, 0xE, 0);
    set(f, CRTC, 0xF, 4);
    vga_text(&f->vga, &screen);
    assert_int_equal(screen.columns, 80);
    assert_int_equal(screen.rows, 25);
    assert_memory_equal(screen.character[0], "C:\\>", 4);
    assert_memory_equal(screen.character[24] + 76, "last", 4);
    assert_int_equal(screen.attribute[24][79], 0x4E);
    assert_int_equal(screen.cursor_row, 0);
    assert_int_equal(screen.cursor_column, 4);
    assert_true(screen.cursor_visible);
    set(f, CRTC, 0xA, 0x2D);
    vga_text(&f->vga, &screen);
    assert_false(screen.cursor_visible);
    set(f, CRTC, 0xA, 0x0D);
    set(f, CRTC, 0xE, 0x10); /* off the screen */
    vga_text(&f->vga, &screen);
    assert_false(screen.cursor_visible);
}

static void text_screen_begins_at_the_start_address(void **state)
{
    static struct text_screen screen;
    struct fixture *f = *state;

    set_mode(f, &text_80x25);
    print_at(f, 1, 0, "second", 7);
    print_at(f, 26, 0, "below", 7);
    set(f, CRTC, 0xD, 80);
    set(f, CRTC, 0xF, 81);
    vga_text(&f->vga, &screen);
    assert_memory_equal(screen.character[0], "second", 6);
    assert_int_equal(screen.cursor_row, 0);
    assert_int_equal(screen.cursor_column, 1);
    set(f, CRTC, 0xC, 0x07);
    set(f, CRTC, 0xD, 0xD0); /* 2000: the next page */
    vga_text(&f->vga, &screen);
    assert_memory_equal(screen.character[1], "below", 5);
    set(f, CRTC, 0xC, 0xFF); /* over the end of the planes, which wrap */
    set(f, CRTC, 0xD, 0xB0);
    set(f, CRTC, 0xF, 5);
    vga_text(&f->vga, &screen);
    assert_memory_equal(screen.character[2], "second", 6);
    assert_int_equal(screen.cursor_row, 1);
    assert_int_equal(screen.cursor_column, 5);
    assert_true(screen.cursor_visible);
}

static void text_screen_starts_anew_below_the_split(void **state)
{
    static struct text_screen screen;
    struct fixture *f = *state;

    set_mode(f, &text_80x25);
    print_at(f, 0, 0, "status", 7);
    print_at(f, 25, 0, "page", 7);
    set(f, CRTC, 0xC, 0x07);
    set(f, CRTC, 0xD, 0xD0);
    set(f, CRTC, 9, 0x0F);
    set(f, CRTC, 7, 0x1F);
    set(f, CRTC, 0x18, 0x6F); /* after line 367, the last of row 22 */
    vga_text(&f->vga, &screen);
    assert_memory_equal(screen.character[0], "page", 4);
    assert_memory_equal(screen.character[23], "status", 6);
}

static void text_screen_has_the_shape_of_the_mode(void **state)
{
    static struct text_screen screen;
    struct fixture *f = *state;

    set_mode(f, &text_80x25);
    set(f, CRTC, 9, 0x47); /* 8 lines to a character */
    vga_text(&f->vga, &screen);
    assert_int_equal(screen.rows, 50);
    set(f, CRTC, 0x11, 0);
    set(f, CRTC, 1, 39);
    vga_text(&f->vga, &screen);
    assert_int_equal(screen.columns, 40);
    set(f, CRTC, 9, 0x40);
    set(f, CRTC, 1, 0xFF);
    vga_text(&f->vga, &screen); /* no more than there is room for */
    assert_int_equal(screen.columns, TEXT_MAX_COLUMNS);
    assert_int_equal(screen.rows, TEXT_MAX_ROWS);
}

static void there_is_no_text_where_none_is_shown(void **state)
{
    static struct text_screen screen;
    struct fixture *f = *state;

    for (unsigned i = 0; i < 4; i++) {
        set_mode(f, i == 3 ? &graphics_320x200_256 : &text_80x25);
        in(&f->board, STATUS);
        if (i == 0)
            out(&f->board, ATTRIBUTE, 0x00);
        else if (i == 1)
            set(f, SEQUENCER, 1, 0x20);
        else if (i == 2)
            set(f, CRTC, 0x17, 0x23);
        screen.columns = screen.rows = 9;
        vga_text(&f->vga, &screen);
        assert_int_equal(screen.columns, 0);
        assert_int_equal(screen.rows, 0);
    }
}

/* --- Bochs' display interface --- */

static void dispi_tells_who_it_is_and_what_it_can(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(dispi_get(f, DISPI_ID), 0xB0C5);
    dispi_set(f, DISPI_ID, 0xB0C0);
    assert_int_equal(dispi_get(f, DISPI_ID), 0xB0C0);
    dispi_set(f, DISPI_ID, 0xB0C6);
    assert_int_equal(dispi_get(f, DISPI_ID), 0xB0C0);
    assert_int_equal(dispi_get(f, DISPI_MEMORY_64K), 128);
    dispi_set(f, DISPI_ENABLE, DISPI_GET_CAPS);
    assert_int_equal(dispi_get(f, DISPI_XRES), 1600);
    assert_int_equal(dispi_get(f, DISPI_YRES), 1200);
    assert_int_equal(dispi_get(f, DISPI_BPP), 32);
    assert_int_equal(dispi_get(f, DISPI_REGISTERS), 0xFFFF);
}

static void dispi_refuses_what_does_not_fit(void **state)
{
    struct fixture *f = *state;

    dispi_set(f, DISPI_ENABLE, DISPI_ENABLED); /* without a size */
    assert_int_equal(dispi_get(f, DISPI_ENABLE), 0);
    dispi_mode(f, 1600, 1200, 32);
    assert_int_equal(dispi_get(f, DISPI_VIRT_WIDTH), 1600);
    assert_int_equal(dispi_get(f, DISPI_VIRT_HEIGHT), 0x800000 / 6400);
    dispi_set(f, DISPI_XRES, 640); /* a mode is on */
    assert_int_equal(dispi_get(f, DISPI_XRES), 1600);
    dispi_set(f, DISPI_VIRT_WIDTH, 2000);
    assert_int_equal(dispi_get(f, DISPI_VIRT_WIDTH), 1600);
    dispi_set(f, DISPI_Y_OFFSET, 0x800000 / 6400 - 1200);
    assert_int_equal(dispi_get(f, DISPI_Y_OFFSET), 0x800000 / 6400 - 1200);
    dispi_set(f, DISPI_Y_OFFSET, 0x800000 / 6400 - 1199);
    assert_int_equal(dispi_get(f, DISPI_Y_OFFSET), 0x800000 / 6400 - 1200);
    dispi_set(f, DISPI_X_OFFSET, 1);
    assert_int_equal(dispi_get(f, DISPI_X_OFFSET), 0);
    dispi_set(f, DISPI_BANK, 128);
    assert_int_equal(dispi_get(f, DISPI_BANK), 0);
    dispi_set(f, DISPI_ENABLE, 0);
    dispi_set(f, DISPI_XRES, 1601);
    assert_int_equal(dispi_get(f, DISPI_XRES), 1600);
    dispi_set(f, DISPI_BPP, 12);
    assert_int_equal(dispi_get(f, DISPI_BPP), 32);
}

static void the_linear_memory_is_seen_through_banks_as_well(void **state)
{
    struct fixture *f = *state;

    dispi_mode(f, 640, 480, 8);
    memory_write(&f->memory, LINEAR + 0x51234, 0xA1B2C3D4, 4);
    dispi_set(f, DISPI_BANK, 5);
    assert_int_equal(memory_read(&f->memory, 0xA1234, 4), 0xA1B2C3D4);
    put(f, 0xA1235, 0x77);
    assert_int_equal(memory_read(&f->memory, LINEAR + 0x51234, 4), 0xA1B277D4);
    assert_int_equal(get(f, 0xB1234), 0xFF);
    vga_place_linear(&f->vga, LINEAR, false);
    assert_int_equal(memory_read(&f->memory, LINEAR + 0x51234, 4), 0xFFFFFFFF);
    vga_place_linear(&f->vga, 0xFD000000, true);
    assert_int_equal(memory_read(&f->memory, 0xFD051234, 4), 0xA1B277D4);
}

static void a_mode_begins_cleared_unless_told_otherwise(void **state)
{
    struct fixture *f = *state;

    dispi_mode(f, 640, 480, 8);
    memory_write(&f->memory, LINEAR, 0x11, 1);
    memory_write(&f->memory, LINEAR + 640 * 480, 0x22, 1);
    dispi_set(f, DISPI_ENABLE, 0);
    dispi_set(f, DISPI_ENABLE, DISPI_ENABLED | DISPI_NO_CLEAR);
    assert_int_equal(memory_read(&f->memory, LINEAR, 1), 0x11);
    dispi_set(f, DISPI_ENABLE, 0);
    dispi_set(f, DISPI_ENABLE, DISPI_ENABLED);
    assert_int_equal(memory_read(&f->memory, LINEAR, 1), 0);
    assert_int_equal(memory_read(&f->memory, LINEAR + 640 * 480, 1), 0x22);
}

static uint32_t config_read(struct fixture *f, uint8_t at)
{
    bus_write(&f->board.bus, 0xCF8, 0x80001000 | at, 4);
    return bus_read(&f->board.bus, 0xCFC, 4);
}

static void config_write(struct fixture *f, uint8_t at, uint32_t value)
{
    bus_write(&f->board.bus, 0xCF8, 0x80001000 | at, 4);
    bus_write(&f->board.bus, 0xCFC, value, 4);
}

/* The frame buffer is where base address 0 says, while the command register lets memory answer, whatever DISPI's mode;
 * what was written stays. */
static void the_frame_buffer_goes_where_pci_puts_it(void **state)
{
    static struct pci pci;
    static struct vga_pci card;
    static const uint8_t rom[100] = {0x55, 0xAA, 1};
    static const uint32_t bases[3] = {0xE0000000, 0x80800000, 0xFE000000};
    struct fixture *f = *state;
    const struct vga_pci_card identity = {0x1234, 0x1111, 0x11111234, 2, {VGA_MEMORY, 0}, vga_place_region, &f->vga};

    pci_init(&pci, &f->board.bus, (struct line){0}, (struct line){0});
    assert_true(vga_pci_init(&card, &pci, &f->memory, &identity, rom, sizeof rom));
    assert_int_equal(config_read(f, 0), 0x11111234);
    config_write(f, PCI_BAR, 0xFFFFFFFF); /* how large is it? */
    assert_int_equal(config_read(f, PCI_BAR), 0xFF800008);
    dispi_mode(f, 640, 480, 32);
    config_write(f, PCI_COMMAND, PCI_COMMAND_MEMORY);
    for (unsigned i = 0; i < 3; i++) {
        uint32_t base = bases[i];
        config_write(f, PCI_BAR, base | 8);
        memory_write(&f->memory, base + 0x1234, base, 4);
        assert_int_equal(memory_read(&f->memory, base + 0x1234, 4), base);
        assert_int_equal(memory_read(&f->memory, 0xA1234, 4), base);
        assert_int_equal(memory_read(&f->memory, base + 0x800000, 4), 0xFFFFFFFF);
    }
    config_write(f, PCI_BAR, 0xD0000008);
    config_write(f, PCI_ROM, 0xD0800001);
    assert_int_equal(memory_read(&f->memory, 0xD0800000, 2), 0xAA55);
    config_write(f, PCI_COMMAND, 0);
    assert_int_equal(memory_read(&f->memory, 0xD0001234, 4), 0xFFFFFFFF);
    assert_int_equal(memory_read(&f->memory, 0xD0800000, 2), 0xFFFF);
    assert_int_not_equal(memory_read(&f->memory, 0xA1234, 4), 0xFFFFFFFF); /* the bank does not ask */
    vga_pci_free(&card);
}

static void there_is_no_text_in_a_dispi_mode(void **state)
{
    struct fixture *f = *state;
    static struct text_screen screen;

    dispi_mode(f, 640, 480, 8);
    vga_text(&f->vga, &screen);
    assert_int_equal(screen.rows, 0);
    dispi_set(f, DISPI_ENABLE, 0);
    vga_text(&f->vga, &screen);
    assert_int_equal(screen.rows, 25);
}

/* DOS boxes with VBE save and restore the registers of the VGA under a mode that is on. */
static void registers_of_the_vga_do_not_end_a_dispi_mode(void **state)
{
    struct fixture *f = *state;

    dispi_mode(f, 640, 480, 8);
    for (unsigned i = 0; i < 0x19; i++) {
        out(&f->board, CRTC, (uint8_t)i);
        out(&f->board, CRTC + 1, in(&f->board, CRTC + 1));
    }
    out(&f->board, MISC, 0x67);
    out(&f->board, GRAPHICS, 6);
    out(&f->board, GRAPHICS + 1, 0x0E);
    assert_true(dispi_get(f, DISPI_ENABLE) & DISPI_ENABLED);
    assert_int_equal(dispi_get(f, DISPI_XRES), 640);
}

/* A stand-in for SHA-256: the digest tells only whether the input is the same. */
static void mixing_hash(void *context, const uint8_t *bytes, size_t length, uint8_t digest[HASH_SIZE])
{
    uint64_t hash = 0xCBF29CE484222325;

    (*(unsigned *)context)++;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ bytes[i]) * 0x100000001B3;
    for (unsigned i = 0; i < HASH_SIZE; i++)
        digest[i] = (uint8_t)(hash >> i % 8 * 8);
}

static void the_root_costs_what_was_written_and_tells_it(void **state)
{
    struct fixture *f = *state;
    unsigned hashes = 0;
    struct hasher h = {mixing_hash, &hashes};
    uint8_t before[HASH_SIZE];

    dispi_mode(f, 640, 480, 8);
    memcpy(before, vga_root(&f->vga, &h), HASH_SIZE);
    hashes = 0;
    memory_write(&f->memory, LINEAR + 0x7FFFFF, 1, 1);
    assert_memory_not_equal(vga_root(&f->vga, &h), before, HASH_SIZE);
    assert_int_equal(hashes, 1 + 11); /* a page, and the nodes above it */
    dispi_set(f, DISPI_BANK, 127);
    put(f, 0xAFFFF, 0);
    assert_memory_equal(vga_root(&f->vga, &h), before, HASH_SIZE);
    dispi_set(f, DISPI_ENABLE, 0);
    begin_planar(f);
    put(f, 0xA0000, 0xFF);
    assert_memory_not_equal(vga_root(&f->vga, &h), before, HASH_SIZE);
}

/* --- Hostile guests --- */

static void hammer_step(struct fixture *f, uint32_t *random)
{
    static const uint16_t indexed[] = {SEQUENCER, GRAPHICS, CRTC, 0x3B4};
    unsigned what = random_below(random, 1000);
    struct frame frame;
    static struct text_screen screen;

    if (what < 300) {
        set(f, indexed[random_below(random, 4)], (uint8_t)random_below(random, 26), (uint8_t)*random);
    } else if (what < 330) {
        dispi_set(f, (uint16_t)random_below(random, DISPI_REGISTERS + 1),
                  (uint16_t)(*random >> random_below(random, 16)));
    } else if (what < 340) {
        dispi_mode(f, (uint16_t)random_below(random, 1700), (uint16_t)random_below(random, 1300),
                   (uint16_t)random_below(random, 33));
    } else if (what < 350) {
        memory_write(&f->memory, LINEAR + random_below(random, 0x800000), *random, 1u << random_below(random, 3));
    } else if (what < 400) {
        set_attribute(f, (uint8_t)(random_below(random, 22) | (random_below(random, 4) ? 0x20 : 0)), (uint8_t)*random);
    } else if (what < 500) {
        bus_write(&f->board.bus, (uint16_t)(0x3B0 + random_below(random, 0x30)), *random,
                  1u << random_below(random, 3));
    } else if (what < 600) {
        bus_read(&f->board.bus, (uint16_t)(0x3B0 + random_below(random, 0x30)), 1u << random_below(random, 3));
    } else if (what < 800) {
        memory_write(&f->memory, 0xA0000 + random_below(random, 0x20000), *random, 1u << random_below(random, 3));
    } else if (what < 990) {
        memory_read(&f->memory, 0xA0000 + random_below(random, 0x20000), 1u << random_below(random, 3));
    } else if (what < 998) {
        board_run_us(&f->board, random_below(random, 20000));
    } else {
        vga_frame(&f->vga, &frame);
        assert_in_range(frame.width, 1, FRAME_MAX_WIDTH);
        assert_in_range(frame.height, 1, FRAME_MAX_HEIGHT);
        vga_text(&f->vga, &screen);
        assert_true(screen.columns <= TEXT_MAX_COLUMNS && screen.rows <= TEXT_MAX_ROWS);
    }
}

/* Anything at all, for the sanitizers to watch. */
static void no_sequence_of_accesses_does_harm(void **state)
{
    struct fixture *f = *state;
    uint32_t random = 11;

    set_mode(f, &text_80x25);
    for (unsigned i = 0; i < 300000; i++)
        hammer_step(f, &random);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(write_mode_0_rotates_and_goes_to_the_planes_of_the_map_mask),
        TEST(write_mode_0_sets_and_resets_whole_planes),
        TEST(bit_mask_keeps_what_the_latches_hold),
        TEST(functions_combine_with_the_latches),
        TEST(write_mode_1_copies_the_latches),
        TEST(write_mode_2_paints_a_colour_through_the_mask),
        TEST(write_mode_3_masks_with_the_rotated_data),
        TEST(read_mode_0_shows_the_selected_plane_and_loads_all_latches),
        TEST(read_mode_1_compares_colours),
        TEST(odd_even_puts_characters_and_attributes_side_by_side),
        TEST(fonts_are_loaded_into_plane_2),
        TEST(chain_4_spreads_bytes_over_the_planes),
        TEST(windows_open_where_the_register_says),
        TEST(wide_accesses_are_their_bytes_one_after_the_other),
        TEST(dac_takes_red_green_blue_and_goes_on),
        TEST(crtc_registers_0_to_7_can_be_protected),
        TEST(monochrome_moves_the_ports),
        TEST(attribute_controller_takes_index_and_data_in_turn),
        TEST(the_beam_retraces_once_a_frame),
        TEST(timing_follows_the_registers),
        TEST(the_vertical_interrupt_comes_when_a_frame_was_shown),
        TEST(asleep_it_does_not_answer),
        TEST(text_screen_shows_characters_attributes_and_cursor),
        TEST(text_screen_begins_at_the_start_address),
        TEST(text_screen_starts_anew_below_the_split),
        TEST(text_screen_has_the_shape_of_the_mode),
        TEST(there_is_no_text_where_none_is_shown),
        TEST(dispi_tells_who_it_is_and_what_it_can),
        TEST(dispi_refuses_what_does_not_fit),
        TEST(the_linear_memory_is_seen_through_banks_as_well),
        TEST(a_mode_begins_cleared_unless_told_otherwise),
        TEST(the_frame_buffer_goes_where_pci_puts_it),
        TEST(there_is_no_text_in_a_dispi_mode),
        TEST(registers_of_the_vga_do_not_end_a_dispi_mode),
        TEST(the_root_costs_what_was_written_and_tells_it),
        TEST(no_sequence_of_accesses_does_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
