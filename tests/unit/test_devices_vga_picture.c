/* test_devices_vga_picture.c - the picture that a VGA shows, dot for dot; and that drawing only what changed gives the
 * same one. */
#include "emu/devices/vga_draw.h"
#include "tests/unit/vga_board.h"

/* --- The screen as a picture --- */

/* What a dot of an 80x25 screen must be, from first principles. */
static uint32_t text_pixel(struct fixture *f, unsigned x, unsigned y, bool blinking_hidden, bool cursor_shown)
{
    unsigned column = x / 9, row = y / 16, dot = x % 9, line = y % 16, cell = row * 80 + column;
    uint8_t character = *plane(f, cell * 2, 0), attribute = *plane(f, cell * 2, 1),
            shape = *plane(f, character * 32u + line, 2);
    bool ink = dot < 8 ? shape >> (7 - dot) & 1 : (character & 0xE0) == 0xC0 && shape & 1;
    unsigned value;

    if (attribute & 0x80 && blinking_hidden)
        ink = false;
    if (cursor_shown && cell == 10 && line >= 13 && line <= 14)
        ink = true;
    value = ink ? attribute & 15 : attribute >> 4 & 7;
    return colour(text_80x25.attribute[value]);
}

static void assert_text_frame(struct fixture *f, bool blinking_hidden, bool cursor_shown)
{
    struct frame frame;

    vga_frame(&f->vga, &frame);
    assert_int_equal(frame.width, 720);
    assert_int_equal(frame.height, 400);
    for (unsigned y = 0; y < 400; y++)
        for (unsigned x = 0; x < 720; x++)
            if (pixel(&frame, x, y) != text_pixel(f, x, y, blinking_hidden, cursor_shown))
                fail_msg("dot %u, line %u", x, y);
}

static void a_frame_of_text_is_right_in_every_dot(void **state)
{
    struct fixture *f = *state;

    set_mode(f, &text_80x25);
    fill_memory(f, 1);
    set(f, CRTC, 0xF, 10);
    assert_text_frame(f, false, true);
}

/* Cursor: eight frames of 1/70 s on, eight off; characters: sixteen. */
static void cursor_and_characters_blink(void **state)
{
    struct fixture *f = *state;

    set_mode(f, &text_80x25);
    fill_memory(f, 2);
    set(f, CRTC, 0xF, 10);
    for (unsigned frame = 0; frame < 48; frame++) {
        board_run_to(&f->board, (frame * 1000000ull + 500000) / 70 * TICKS_PER_US);
        assert_text_frame(f, frame / 16 % 2, frame / 8 % 2 == 0);
    }
}

static void without_blinking_there_are_sixteen_backgrounds(void **state)
{
    struct fixture *f = *state;
    struct frame frame;

    set_mode(f, &text_80x25);
    set_attribute(f, 0x30, 0x04);
    for (unsigned i = 0; i < 16; i++)
        set_planes(f, 2 * i, ' ', (uint8_t)(i << 4), 0, 0);
    board_run_us(&f->board, 300000);
    vga_frame(&f->vga, &frame);
    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(pixel(&frame, i * 9 + 4, 3), colour(text_80x25.attribute[i]));
}

static void attribute_bit_3_chooses_the_second_font(void **state)
{
    /* clang-format off */
    static const struct { uint8_t select; uint32_t first, second; } maps[] = {
        { 0x00, 0x0000, 0x0000 }, { 0x04, 0x0000, 0x4000 }, { 0x08, 0x0000, 0x8000 }, { 0x0C, 0x0000, 0xC000 }, { 0x20, 0x0000, 0x2000 },
        { 0x2C, 0x0000, 0xE000 }, { 0x01, 0x4000, 0x0000 }, { 0x13, 0xE000, 0x0000 }, { 0x11, 0x6000, 0x0000 },
    };
    /* clang-format on */
    struct fixture *f = *state;
    struct frame frame;

    set_mode(f, &text_80x25);
    set_planes(f, 100, 'x', 0x07, 0, 0);
    set_planes(f, 102, 'x', 0x0F, 0, 0);
    for (unsigned i = 0; i < sizeof maps / sizeof *maps; i++) {
        for (uint32_t map = 0; map < 0x10000; map += 0x2000)
            *plane(f, map + 'x' * 32, 2) = (uint8_t)(map >> 8 | 1);
        set(f, SEQUENCER, 3, maps[i].select);
        vga_frame(&f->vga, &frame);
        for (unsigned dot = 0; dot < 8; dot++) {
            assert_int_equal(pixel(&frame, 50 * 9 + dot, 0), colour((maps[i].first >> 8 | 1) >> (7 - dot) & 1 ? 7 : 0));
            assert_int_equal(pixel(&frame, 51 * 9 + dot, 0),
                             colour((maps[i].second >> 8 | 1) >> (7 - dot) & 1 ? 0x3F : 0));
        }
    }
}

static void text_can_be_panned_by_dots(void **state)
{
    static const uint8_t shift[16] = {1, 2, 3, 4, 5, 6, 7, 8, 0};
    struct fixture *f = *state;
    struct frame frame;

    set_mode(f, &text_80x25);
    fill_memory(f, 3);
    set(f, CRTC, 0xA, 0x20);
    for (uint8_t pan = 0; pan <= 8; pan++) {
        set_attribute(f, 0x33, pan);
        vga_frame(&f->vga, &frame);
        for (unsigned y = 0; y < 384; y += 5)
            for (unsigned x = 0; x + shift[pan] < 720; x++)
                assert_int_equal(pixel(&frame, x, y), text_pixel(f, x + shift[pan], y, false, false));
    }
    set_attribute(f, 0x33, 0); /* a column more comes in from the right */
    vga_frame(&f->vga, &frame);
    assert_int_equal(pixel(&frame, 719, 0), text_pixel(f, 0, 16, false, false));
}

static void a_frame_of_256_colours_is_right_in_every_dot(void **state)
{
    struct fixture *f = *state;
    struct frame frame;
    uint32_t random = 4;

    set_mode(f, &graphics_320x200_256);
    for (uint32_t i = 0; i < 64000; i++)
        put(f, 0xA0000 + i, (uint8_t)random_below(&random, 256));
    vga_frame(&f->vga, &frame);
    assert_int_equal(frame.width, 320);
    assert_int_equal(frame.height, 200);
    for (unsigned y = 0; y < 200; y++)
        for (unsigned x = 0; x < 320; x++)
            assert_int_equal(pixel(&frame, x, y), colour(get(f, 0xA0000 + y * 320 + x)));
    out(&f->board, DAC_MASK, 0x3F);
    vga_frame(&f->vga, &frame);
    assert_int_equal(pixel(&frame, 123, 45), colour(get(f, 0xA0000 + 45 * 320 + 123) & 0x3F));
}

/* IBM's manual leaves it open; that each half of the byte passes through planes and palette was found on IBM's and
 * others' cards. */
static void each_half_of_256_colours_passes_through_the_palette(void **state)
{
    struct fixture *f = *state;
    struct frame frame;

    set_mode(f, &graphics_320x200_256);
    for (unsigned i = 0; i < 256; i++)
        put(f, 0xA0000 + i, (uint8_t)i);
    set_attribute(f, 0x01, 0x05);
    set_attribute(f, 0x02, 0x39); /* bits 4 and 5 do not count */
    set_attribute(f, 0x34, 0x0F); /* nor does Colour Select */
    vga_frame(&f->vga, &frame);
    for (unsigned i = 0; i < 256; i++) {
        static const uint8_t palette[16] = {0, 5, 9, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
        assert_int_equal(pixel(&frame, i, 0), colour(palette[i >> 4] << 4 | palette[i & 15]));
    }
    set_attribute(f, 0x32, 0x03);
    vga_frame(&f->vga, &frame);
    assert_int_equal(pixel(&frame, 0x12, 0), colour(0x59));
    assert_int_equal(pixel(&frame, 0x34, 0), colour(0x30));
}

static void unchained_256_colours_pan_and_scroll(void **state)
{
    struct fixture *f = *state;
    struct frame frame;

    set_mode(f, &graphics_320x200_256);
    set(f, SEQUENCER, 4, 6);
    set(f, CRTC, 0x14, 0);
    set(f, CRTC, 0x17, 0xE3);
    fill_memory(f, 5);
    for (uint8_t pan = 0; pan < 4; pan++) {
        uint32_t start = 0x1234;
        set(f, CRTC, 0xC, 0x12);
        set(f, CRTC, 0xD, 0x34);
        set_attribute(f, 0x33, (uint8_t)(pan * 2));
        vga_frame(&f->vga, &frame);
        for (unsigned y = 0; y < 200; y += 7)
            for (unsigned x = 0; x < 320; x++) {
                unsigned dot = x + pan;
                assert_int_equal(pixel(&frame, x, y), colour(*plane(f, start + y * 80 + dot / 4, dot % 4)));
            }
    }
}

static uint8_t planar_value(struct fixture *f, uint32_t address, unsigned dot)
{
    uint8_t value = 0;

    for (unsigned p = 0; p < 4; p++)
        value |= (uint8_t)((*plane(f, address & 0xFFFF, p) >> (7 - dot) & 1) << p);
    return value;
}

static void a_frame_of_16_colours_is_right_in_every_dot(void **state)
{
    struct fixture *f = *state;
    struct frame frame;

    set_mode(f, &graphics_640x480_16);
    fill_memory(f, 6);
    set_attribute(f, 0x32, 0x0D); /* plane 1 is not shown */
    vga_frame(&f->vga, &frame);
    assert_int_equal(frame.width, 640);
    assert_int_equal(frame.height, 480);
    for (unsigned y = 0; y < 480; y++)
        for (unsigned x = 0; x < 640; x++)
            assert_int_equal(pixel(&frame, x, y),
                             colour(graphics_640x480_16.attribute[planar_value(f, y * 80 + x / 8, x % 8) & 0x0D]));
}

static void colour_select_gives_the_upper_bits(void **state)
{
    struct fixture *f = *state;
    struct frame frame;

    set_mode(f, &graphics_640x480_16);
    set_planes(f, 0, 0x80, 0x80, 0x80, 0x00); /* 7, then 0 */
    set_attribute(f, 0x34, 0x0B);
    vga_frame(&f->vga, &frame);
    assert_int_equal(pixel(&frame, 0, 0), colour(0x87));
    set_attribute(f, 0x30, 0x81); /* bits 5 and 4 as well */
    vga_frame(&f->vga, &frame);
    assert_int_equal(pixel(&frame, 0, 0), colour(0xB7));
    assert_int_equal(pixel(&frame, 1, 0), colour(0xB0));
}

static void the_split_starts_at_address_0_and_may_stand_still(void **state)
{
    struct fixture *f = *state;
    struct frame frame;

    set_mode(f, &graphics_640x480_16);
    fill_memory(f, 7);
    set(f, CRTC, 0x11, 0x0C);
    set(f, CRTC, 7, 0x2E);
    set(f, CRTC, 9, 0x00);
    set(f, CRTC, 0x18, 99); /* after line 99 */
    set(f, CRTC, 0xC, 0x40);
    set_attribute(f, 0x33, 3);
    for (unsigned still = 0; still < 2; still++) {
        set_attribute(f, 0x30, still ? 0x21 : 0x01);
        vga_frame(&f->vga, &frame);
        for (unsigned x = 0; x < 630; x++) {
            unsigned top = x + 3, bottom = still ? x : x + 3;
            assert_int_equal(
                pixel(&frame, x, 99),
                colour(graphics_640x480_16.attribute[planar_value(f, 0x4000 + 99 * 80 + top / 8, top % 8)]));
            assert_int_equal(pixel(&frame, x, 100),
                             colour(graphics_640x480_16.attribute[planar_value(f, bottom / 8, bottom % 8)]));
            assert_int_equal(pixel(&frame, x, 101),
                             colour(graphics_640x480_16.attribute[planar_value(f, 80 + bottom / 8, bottom % 8)]));
        }
    }
}

static void a_frame_of_cga_graphics_is_right_in_every_dot(void **state)
{
    struct fixture *f = *state;
    struct frame frame;
    uint32_t random = 8;

    set_mode(f, &graphics_320x200_4);
    for (uint32_t i = 0; i < 0x4000; i++)
        put(f, 0xB8000 + i, (uint8_t)random_below(&random, 256));
    vga_frame(&f->vga, &frame);
    assert_int_equal(frame.width, 320);
    assert_int_equal(frame.height, 200);
    for (unsigned y = 0; y < 200; y++)
        for (unsigned x = 0; x < 320; x++) {
            uint8_t byte = get(f, 0xB8000 + (y & 1) * 0x2000 + y / 2 * 80 + x / 4);
            assert_int_equal(pixel(&frame, x, y), colour(graphics_320x200_4.attribute[byte >> (6 - 2 * (x & 3)) & 3]));
        }
}

static void a_screen_that_is_off_is_black(void **state)
{
    struct fixture *f = *state;
    struct frame frame;

    vga_frame(&f->vga, &frame);
    assert_true(frame.width > 0 && frame.height > 0);
    set_mode(f, &graphics_320x200_256);
    set(f, SEQUENCER, 1, 0x21);
    memset(f->vga.memory, 0x55, PLANES);
    vga_frame(&f->vga, &frame);
    assert_int_equal(frame.width, 320);
    for (unsigned i = 0; i < 64000; i++)
        assert_int_equal(frame.pixels[i], 0);
}

static void a_row_that_is_cut_off_is_shown_as_far_as_it_goes(void **state)
{
    struct fixture *f = *state;
    struct frame frame;

    set_mode(f, &graphics_320x200_256);
    set(f, CRTC, 9, 0x5F); /* 32 lines to a row: twelve and a half */
    vga_frame(&f->vga, &frame);
    assert_int_equal(frame.height, 13);
}

/* --- Bochs' display interface --- */

static void every_depth_is_drawn(void **state)
{
    static const struct {
        uint16_t bpp;
        uint32_t bytes, colour;
    } cases[] = {
        {15, 0x5678, 0xAD9CC6},
        {16, 0x5678, 0x52CFC6},
        {24, 0x123456, 0x123456},
        {32, 0xFF123456, 0x123456},
    };
    struct fixture *f = *state;
    struct frame frame;

    for (unsigned i = 0; i < 4; i++) {
        unsigned bytes = (cases[i].bpp + 7u) / 8;
        dispi_mode(f, 320, 200, cases[i].bpp);
        dispi_set(f, DISPI_VIRT_WIDTH, 400);
        dispi_set(f, DISPI_X_OFFSET, 3);
        dispi_set(f, DISPI_Y_OFFSET, 2);
        for (unsigned n = 0; n < bytes; n++)
            memory_write(&f->memory, LINEAR + (400 * 9 + 10) * bytes + n, cases[i].bytes >> 8 * n, 1);
        vga_frame(&f->vga, &frame);
        assert_int_equal(frame.width, 320);
        assert_int_equal(frame.height, 200);
        assert_int_equal(pixel(&frame, 7, 7), cases[i].colour);
        assert_int_equal(pixel(&frame, 8, 7), 0);
    }
}

static void eight_bits_go_through_a_dac_of_six_or_eight(void **state)
{
    struct fixture *f = *state;
    struct frame frame;

    dispi_mode(f, 320, 200, 8);
    memory_write(&f->memory, LINEAR + 319, 200, 1);
    out(&f->board, DAC_WRITE, 200);
    for (unsigned i = 0; i < 3; i++)
        out(&f->board, DAC_DATA, (uint8_t)(0x3F - i));
    vga_frame(&f->vga, &frame);
    assert_int_equal(pixel(&frame, 319, 0), 0xFFFBF7);
    dispi_set(f, DISPI_ENABLE, DISPI_ENABLED | DISPI_NO_CLEAR | DISPI_8BIT_DAC);
    vga_frame(&f->vga, &frame);
    assert_int_equal(pixel(&frame, 319, 0), 0xFCF8F4);
    out(&f->board, DAC_WRITE, 200);
    for (unsigned i = 0; i < 3; i++)
        out(&f->board, DAC_DATA, (uint8_t)(0xFF - i));
    vga_frame(&f->vga, &frame);
    assert_int_equal(pixel(&frame, 319, 0), 0xFFFEFD);
}

static void sixteen_colours_are_planar_in_banks(void **state)
{
    struct fixture *f = *state;
    struct frame frame;

    set_mode(f, &graphics_640x480_16);
    dispi_mode(f, 1024, 768, 4);
    begin_planar(f);
    dispi_set(f, DISPI_BANK, 1);
    put(f, 0xA0000, 0x80); /* the planes' byte 10000h: line 512 */
    vga_frame(&f->vga, &frame);
    assert_int_equal(frame.width, 1024);
    assert_int_not_equal(pixel(&frame, 0, 512), pixel(&frame, 1, 512));
    assert_int_equal(pixel(&frame, 1, 512), pixel(&frame, 0, 0));
}

/* --- What programs seldom do --- */

static void the_cursor_is_skewed_to_the_right(void **state)
{
    static struct text_screen screen;
    struct fixture *f = *state;

    set_mode(f, &text_80x25);
    fill_memory(f, 9);
    set(f, CRTC, 0xF, 8);
    set(f, CRTC, 0xB, 0x4E); /* by two characters: to column 10 */
    assert_text_frame(f, false, true);
    vga_text(&f->vga, &screen);
    assert_int_equal(screen.cursor_column, 10);
    set(f, CRTC, 0xE, 0xFF);
    set(f, CRTC, 0xF, 0xFF);
    vga_text(&f->vga, &screen);
    assert_int_equal(screen.cursor_column, 1);
}

/* Attribute x001b on black, where the underline register names a line of the character. */
static void the_monochrome_underline_is_drawn(void **state)
{
    struct fixture *f = *state;
    struct frame frame;

    set_mode(f, &text_80x25);
    set(f, CRTC, 0xA, 0x20);
    set(f, CRTC, 0x14, 12);
    set_planes(f, 0, ' ', 0x01, 0, 0);
    set_planes(f, 2, ' ', 0x09, 0, 0);
    set_planes(f, 4, ' ', 0x02, 0, 0);
    vga_frame(&f->vga, &frame);
    assert_int_equal(pixel(&frame, 4, 12), colour(1));
    assert_int_equal(pixel(&frame, 4, 11), colour(0));
    assert_int_equal(pixel(&frame, 13, 12), colour(0x39));
    assert_int_equal(pixel(&frame, 22, 12), colour(0));
}

static void rows_begin_at_the_preset_row_scan(void **state)
{
    struct fixture *f = *state;
    struct frame frame;

    set_mode(f, &text_80x25);
    fill_memory(f, 10);
    set(f, CRTC, 0xA, 0x20);
    set(f, CRTC, 8, 5);
    vga_frame(&f->vga, &frame);
    for (unsigned y = 0; y < 395; y++)
        for (unsigned x = 0; x < 720; x += 7)
            assert_int_equal(pixel(&frame, x, y), text_pixel(f, x, y + 5, false, false));
    set(f, CRTC, 8, 0x40); /* bytes are panned by two */
    vga_frame(&f->vga, &frame);
    assert_int_equal(pixel(&frame, 3, 7), text_pixel(f, 21, 7, false, false));
}

static void blinking_in_graphics_turns_over_plane_3(void **state)
{
    static const uint8_t on[4] = {0x00, 0x08, 0x18, 0x18}, off[4] = {0x00, 0x08, 0x00, 0x18}; /* of colours 0, 1, 4, 5
                                                                                               */
    struct fixture *f = *state;
    struct frame frame;

    set_mode(f, &graphics_640x350_mono);
    set_planes(f, 0, 0x50, 0, 0x30, 0xFF); /* 0 1 4 5; plane 3 is not shown */
    for (unsigned phase = 0; phase < 2; phase++) {
        vga_frame(&f->vga, &frame);
        for (unsigned i = 0; i < 4; i++)
            assert_int_equal(pixel(&frame, i, 0), colour(phase ? off[i] : on[i]));
        board_run_us(&f->board, 16 * 1000000 / 70 + 1000);
    }
}

static void a_sequencer_that_is_reset_shows_nothing(void **state)
{
    struct fixture *f = *state;
    struct frame frame;

    set_mode(f, &graphics_320x200_256);
    memset(plane(f, 0, 0), 0x55, PLANES);
    for (uint8_t reset = 0; reset <= 3; reset++) {
        set(f, SEQUENCER, 0, reset);
        vga_frame(&f->vga, &frame);
        assert_int_equal(pixel(&frame, 100, 100), reset == 3 ? colour(0x55) : 0);
    }
}

static void vertical_counting_of_every_second_line_doubles_the_lines(void **state)
{
    struct fixture *f = *state;
    struct frame frame;

    set_mode(f, &graphics_640x350_16);
    set(f, CRTC, 0x17, 0xE7);
    vga_frame(&f->vga, &frame);
    assert_int_equal(frame.height, 700);
}

/* --- Drawing what changed --- */

/* What the picture depends on changes at random: a few bytes of memory mostly, now and then a register, a colour, the
 * time. */
static void disturb(struct fixture *f, uint32_t *random, bool text)
{
    unsigned what = random_below(random, 40);
    uint32_t window = text ? 0xB8000 : f->vga.graphics[6] & 8 ? 0xB8000 : 0xA0000;

    if (what < 20)
        for (unsigned n = random_below(random, 6); n-- > 0;)
            memory_write(&f->memory, window + random_below(random, 0x8000), *random, 1u << random_below(random, 3));
    else if (what < 23 && text) /* a glyph of the first map */
        memory_write(&f->memory, LINEAR + random_below(random, 0x2000) * 4 + 2, *random, 1);
    else if (what < 26)
        memory_write(&f->memory, LINEAR + random_below(random, 0x200000), *random, 1u << random_below(random, 3));
    else if (what < 28)
        board_run_us(&f->board, random_below(random, 400000));
    else if (what < 30)
        set(f, CRTC, (uint8_t)(0xA + random_below(random, 6)), (uint8_t)random_below(random, 16)); /* cursor, start */
    else if (what < 31)
        set_attribute(f, 0x33, (uint8_t)random_below(random, 10));
    else if (what < 32)
        set_attribute(f, 0x30, (uint8_t)(f->vga.attribute[16] ^ (8 << random_below(random, 3))));
    else if (what < 33)
        set(f, SEQUENCER, 3, (uint8_t)random_below(random, 64));
    else if (what < 34)
        set(f, CRTC, 0x18, (uint8_t)*random);
    else if (what < 35)
        set(f, CRTC, 8, (uint8_t)random_below(random, 8));
    else if (what < 36)
        set_attribute(f, 0x20, f->vga.attribute[0]); /* off and on again without a frame between */
    else if (what < 37)
        dispi_set(f, (uint16_t)(DISPI_X_OFFSET + random_below(random, 2)), (uint16_t)random_below(random, 40));
    else if (what < 38) {
        out(&f->board, DAC_WRITE, (uint8_t)*random);
        for (unsigned i = 0; i < 3; i++)
            out(&f->board, DAC_DATA, (uint8_t)random_below(random, 64));
    }
}

/* A dot of a linear look, from memory alone. */
static uint32_t linear_dot(const struct vga *v, const struct look *l, uint32_t x, uint32_t y)
{
    const uint32_t line = l->first_byte + y * l->stride, dot = x + l->x_offset, bytes = (l->depth + 7) / 8;
    uint32_t value = 0, rgb = 0;

    if (l->depth == 4) {
        for (unsigned n = 0; n < 4; n++)
            value |= (v->memory[(line + dot / 8 * 4 + n) & (v->memory_size - 1)] >> (7 - dot % 8) & 1u) << n;
        return l->palette[value];
    }
    for (unsigned n = 0; n < bytes; n++)
        value |= (uint32_t)v->memory[(line + dot * bytes + n) & (v->memory_size - 1)] << 8 * n;
    if (l->depth == 8)
        return l->palette[value];
    if (l->depth > 16)
        return value & 0xFFFFFF;
    for (unsigned n = 0, at = 0; n < 3; n++) { /* blue, green, red: the highest bits once more below the lowest */
        const unsigned bits = n == 1 && l->depth == 16 ? 6 : 5, part = value >> at & ((1u << bits) - 1);
        rgb |= (part << (8 - bits) | part >> (2 * bits - 8)) << 8 * n;
        at += bits;
    }
    return rgb;
}

/* A dot of the VGA's graphics, in a line that begins there. */
static uint32_t vga_dot(const struct vga *v, const struct look *l, uint32_t counter, unsigned row_scan, uint32_t dot)
{
    const unsigned per_clock = l->kind == LOOK_PACKED ? 4 : 8, i = dot % per_clock, pair = i / 4, at = 6 - i % 4 * 2;
    const uint8_t *planes = &v->memory[look_address(l, counter + dot / per_clock, row_scan) * 4];
    unsigned value = 0;

    if (l->kind == LOOK_PACKED)
        return l->palette[planes[i]];
    if (l->kind == LOOK_PAIRS)
        return l->palette[(planes[pair] >> at & 3) | (planes[pair + 2] >> at & 3) << 2];
    for (unsigned n = 0; n < 4; n++)
        value |= (planes[n] >> (7 - i) & 1u) << n;
    return l->palette[value];
}

/* A frame of graphics is right in every dot. */
static void assert_plain(const struct vga *v, const struct frame *frame, const char *mode, unsigned round)
{
    struct look l;

    vga_look(v, &l);
    if (l.kind == LOOK_OFF || l.kind == LOOK_TEXT)
        return;
    uint32_t counter = l.start, pan = l.pan, row_scan = l.first_row_scan;
    for (uint32_t y = 0; y < l.height; y++) {
        for (uint32_t x = 0; x < l.width; x++) {
            const uint32_t expected = l.kind < LOOK_LINEAR_PLANAR ? vga_dot(v, &l, counter, row_scan, x + pan)
                                                                  : linear_dot(v, &l, x, y);
            if (pixel(frame, x, y) != expected)
                fail_msg("%s, round %u: dot %u of line %u is %06x, not %06x", mode, round, x, y, pixel(frame, x, y),
                         expected);
        }
        if (look_splits(&l, y * l.step, l.step)) {
            counter = row_scan = 0;
            pan = l.split_pan;
        } else if (l.step > l.repeat || ++row_scan >= l.cell) {
            row_scan = 0;
            counter += l.offset;
        }
    }
}

static uint32_t before[FRAME_MAX_WIDTH * FRAME_MAX_HEIGHT], drawn[FRAME_MAX_WIDTH * FRAME_MAX_HEIGHT];

/* The next frame is what drawing it anew gives; and outside of what it says has changed it is like the last one. */
static void assert_frame_like_anew(struct fixture *f, struct frame *last, const char *mode, unsigned round)
{
    struct frame frame;
    size_t size;

    vga_frame(&f->vga, &frame);
    size = sizeof *drawn * frame.width * frame.height;
    for (unsigned y = 0; frame.width == last->width && frame.height == last->height && y < frame.height; y++) {
        const uint32_t *now = frame.pixels + y * frame.width, *then = before + y * frame.width;
        unsigned first = frame.changed[y].first, end = frame.changed[y].end;
        assert_true(first <= end && end <= frame.width);
        if (memcmp(now, then, sizeof *now * first) || memcmp(now + end, then + end, sizeof *now * (frame.width - end)))
            fail_msg("%s, round %u: line %u changed untold", mode, round, y);
    }
    memcpy(drawn, frame.pixels, size);
    vga_redraw(&f->vga);
    vga_frame(&f->vga, &frame);
    if (memcmp(drawn, frame.pixels, size))
        fail_msg("%s, round %u: not as drawn anew", mode, round);
    if (round % 4 == 0) /* each takes a while */
        assert_plain(&f->vga, &frame, mode, round);
    memcpy(before, drawn, size);
    *last = frame;
}

static void draws_like_anew(struct fixture *f, const char *mode, bool text, uint32_t random)
{
    struct frame last = {0};

    fill_memory(f, random);
    set(f, CRTC, 0x11, 0);
    for (unsigned round = 0; round < 150; round++) {
        for (unsigned n = random_below(&random, 4); n-- > 0;)
            disturb(f, &random, text);
        assert_frame_like_anew(f, &last, mode, round);
    }
}

static void partial_drawing_equals_drawing_anew_in_vga_modes(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < sizeof modes / sizeof *modes; i++) {
        set_mode(f, modes[i].mode);
        vga_place_linear(&f->vga, LINEAR, true);
        draws_like_anew(f, modes[i].name, !(modes[i].mode->attribute[16] & 1), 100 + i);
    }
}

static void partial_drawing_equals_drawing_anew_in_text_of_8_dots(void **state)
{
    struct fixture *f = *state;

    set_mode(f, &text_80x25);
    set(f, SEQUENCER, 1, 1);
    vga_place_linear(&f->vga, LINEAR, true);
    draws_like_anew(f, "text of 8 dots", true, 11);
}

static void partial_drawing_equals_drawing_anew_in_unchained_modes(void **state)
{
    struct fixture *f = *state;

    set_mode(f, &graphics_320x200_256);
    set(f, SEQUENCER, 4, 6);
    set(f, CRTC, 0x14, 0);
    set(f, CRTC, 0x17, 0xE3);
    vga_place_linear(&f->vga, LINEAR, true);
    draws_like_anew(f, "unchained", false, 12);
    set(f, CRTC, 9, 0x40); /* 400 lines */
    draws_like_anew(f, "unchained, 400 lines", false, 13);
}

static void partial_drawing_equals_drawing_anew_in_dispi_modes(void **state)
{
    static const uint16_t depths[] = {4, 8, 15, 16, 24, 32};
    struct fixture *f = *state;

    for (unsigned i = 0; i < sizeof depths / sizeof *depths; i++) {
        dispi_mode(f, 320, 200, depths[i]); /* lines of whole blocks (vga_draw.c) */
        draws_like_anew(f, "DISPI, even", false, depths[i]);
        dispi_mode(f, 500, 300, depths[i]);
        dispi_set(f, DISPI_VIRT_WIDTH, 600);
        draws_like_anew(f, "DISPI", false, 20 + depths[i]);
        dispi_set(f, DISPI_Y_OFFSET, (uint16_t)(f->vga.dispi[DISPI_VIRT_HEIGHT] - 300));
        dispi_set(f, DISPI_VIRT_WIDTH, 1500); /* after the end memory begins again */
        draws_like_anew(f, "DISPI, wrapped", false, 40 + depths[i]);
    }
}

/* The number of dots that the next frame says have changed. */
static unsigned dots_changed(struct fixture *f)
{
    struct frame frame;
    unsigned dots = 0;

    vga_frame(&f->vga, &frame);
    for (unsigned y = 0; y < frame.height; y++)
        dots += frame.changed[y].end - frame.changed[y].first;
    return dots;
}

static void only_what_changed_is_drawn(void **state)
{
    struct fixture *f = *state;

    set_mode(f, &text_80x25);
    set(f, CRTC, 0xF, 10);
    assert_int_equal(dots_changed(f), 720 * 400);
    assert_int_equal(dots_changed(f), 0);
    put(f, 0xB8000 + 2 * 1000, 'x');
    assert_int_equal(dots_changed(f), 9 * 16);
    put(f, 0xB8000 + 2 * 1000, 'x'); /* the same once more */
    assert_int_equal(dots_changed(f), 0);
    set(f, CRTC, 0xF, 170); /* the cursor leaves a cell and enters another */
    assert_int_equal(dots_changed(f), 2 * 9 * 16);
    *plane(f, 'x' * 32 + 3, 2) = 0x55; /* a glyph: where it is shown */
    assert_int_equal(dots_changed(f), 9 * 16);
    board_run_us(&f->board, 1000000 / 7); /* the cursor blinks */
    assert_int_equal(dots_changed(f), 9 * 16);

    dispi_mode(f, 1024, 768, 32);
    assert_int_equal(dots_changed(f), 1024 * 768);
    assert_int_equal(dots_changed(f), 0);
    memory_write(&f->memory, LINEAR + 4096 * 100, 0x123456, 4);
    assert_int_equal(dots_changed(f), 1024);
    out(&f->board, DAC_WRITE, 0); /* a palette that this depth does not use */
    for (unsigned i = 0; i < 3; i++)
        out(&f->board, DAC_DATA, 1);
    assert_int_equal(dots_changed(f), 0);
}

/* --- The documented modes --- */

static void every_mode_has_its_resolution(void **state)
{
    struct fixture *f = *state;
    struct frame frame;

    for (unsigned i = 0; i < sizeof modes / sizeof *modes; i++) {
        set_mode(f, modes[i].mode);
        vga_frame(&f->vga, &frame);
        if (frame.width != modes[i].width || frame.height != modes[i].height)
            fail_msg("%s is drawn as %ux%u", modes[i].name, frame.width, frame.height);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_frame_of_text_is_right_in_every_dot),
        TEST(cursor_and_characters_blink),
        TEST(without_blinking_there_are_sixteen_backgrounds),
        TEST(attribute_bit_3_chooses_the_second_font),
        TEST(text_can_be_panned_by_dots),
        TEST(a_frame_of_256_colours_is_right_in_every_dot),
        TEST(each_half_of_256_colours_passes_through_the_palette),
        TEST(unchained_256_colours_pan_and_scroll),
        TEST(a_frame_of_16_colours_is_right_in_every_dot),
        TEST(colour_select_gives_the_upper_bits),
        TEST(the_split_starts_at_address_0_and_may_stand_still),
        TEST(a_frame_of_cga_graphics_is_right_in_every_dot),
        TEST(a_screen_that_is_off_is_black),
        TEST(a_row_that_is_cut_off_is_shown_as_far_as_it_goes),
        TEST(every_depth_is_drawn),
        TEST(eight_bits_go_through_a_dac_of_six_or_eight),
        TEST(sixteen_colours_are_planar_in_banks),
        TEST(the_cursor_is_skewed_to_the_right),
        TEST(the_monochrome_underline_is_drawn),
        TEST(rows_begin_at_the_preset_row_scan),
        TEST(blinking_in_graphics_turns_over_plane_3),
        TEST(a_sequencer_that_is_reset_shows_nothing),
        TEST(vertical_counting_of_every_second_line_doubles_the_lines),
        TEST(partial_drawing_equals_drawing_anew_in_vga_modes),
        TEST(partial_drawing_equals_drawing_anew_in_text_of_8_dots),
        TEST(partial_drawing_equals_drawing_anew_in_unchained_modes),
        TEST(partial_drawing_equals_drawing_anew_in_dispi_modes),
        TEST(only_what_changed_is_drawn),
        TEST(every_mode_has_its_resolution),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
