/* vga_board.h - a VGA on a bare board, what programs do to it, and the modes as IBM's BIOS sets them. */
#ifndef MUNIMENT_TESTS_UNIT_VGA_BOARD_H
#define MUNIMENT_TESTS_UNIT_VGA_BOARD_H

#include "emu/devices/vga.h"
#include "emu/devices/vga_memory.h"
#include "tests/unit/board.h"
#include "tests/unit/random.h"

#define ATTRIBUTE 0x3C0
#define MISC 0x3C2
#define SEQUENCER 0x3C4
#define DAC_MASK 0x3C6
#define DAC_READ 0x3C7
#define DAC_WRITE 0x3C8
#define DAC_DATA 0x3C9
#define GRAPHICS 0x3CE
#define CRTC 0x3D4
#define STATUS 0x3DA
#define PLANES 0x40000u /* bytes that the VGA's registers can reach */
#define LINEAR 0xE0000000u

struct fixture {
    struct board board;
    struct memory memory;
    struct vga vga;
};

static inline void map_changed(void *listener)
{
    (void)listener;
}

static inline int setup(void **state)
{
    static struct fixture f;

    board_init(&f.board);
    assert_true(memory_init(&f.memory, 0x100000));
    f.memory.listener.map_changed = map_changed;
    assert_true(vga_init(&f.vga, &f.board.clock, &f.board.bus, &f.memory, board_wire(&f.board, 2)));
    *state = &f;
    return 0;
}

static inline int teardown(void **state)
{
    struct fixture *f = *state;

    vga_free(&f->vga);
    memory_free(&f->memory);
    return 0;
}

static inline void put(struct fixture *f, uint32_t address, uint8_t value)
{
    memory_write(&f->memory, address, value, 1);
}

static inline uint8_t get(struct fixture *f, uint32_t address)
{
    return (uint8_t)memory_read(&f->memory, address, 1);
}

/* An indexed register of sequencer, graphics controller or CRTC. */
static inline void set(struct fixture *f, uint16_t port, uint8_t index, uint8_t value)
{
    bus_write(&f->board.bus, port, (uint32_t)(index | value << 8), 2);
}

static inline void set_attribute(struct fixture *f, uint8_t index, uint8_t value)
{
    in(&f->board, STATUS);
    out(&f->board, ATTRIBUTE, index);
    out(&f->board, ATTRIBUTE, value);
}

/* Written directly; the VGA is notified. */
static inline uint8_t *plane(struct fixture *f, uint32_t address, unsigned n)
{
    vga_touch(&f->vga, 0, VGA_MEMORY);
    return &f->vga.memory[address * 4 + n];
}

static inline void set_planes(struct fixture *f, uint32_t address, uint8_t p0, uint8_t p1, uint8_t p2, uint8_t p3)
{
    const uint8_t bytes[4] = {p0, p1, p2, p3};
    memcpy(plane(f, address, 0), bytes, 4);
}

static inline void assert_planes(struct fixture *f, uint32_t address, uint8_t p0, uint8_t p1, uint8_t p2, uint8_t p3)
{
    const uint8_t bytes[4] = {p0, p1, p2, p3};
    assert_memory_equal(plane(f, address, 0), bytes, 4);
}

/* --- Modes, as IBM's BIOS sets them --- */

struct mode {
    uint8_t misc, sequencer[5], crtc[25], graphics[9], attribute[21];
};

/* clang-format off */
static const struct mode text_80x25 = {
    0x67, { 3, 0x00, 3, 0, 2 },
    { 0x5F, 0x4F, 0x50, 0x82, 0x55, 0x81, 0xBF, 0x1F, 0x00, 0x4F, 0x0D, 0x0E, 0, 0, 0, 0, 0x9C, 0x8E, 0x8F, 0x28, 0x1F, 0x96, 0xB9, 0xA3, 0xFF },
    { 0, 0, 0, 0, 0, 0x10, 0x0E, 0, 0xFF },
    { 0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F, 0x0C, 0, 0x0F, 8, 0 },
};

static const struct mode graphics_320x200_256 = {
    0x63, { 3, 0x01, 15, 0, 14 },
    { 0x5F, 0x4F, 0x50, 0x82, 0x54, 0x80, 0xBF, 0x1F, 0x00, 0x41, 0, 0, 0, 0, 0, 0, 0x9C, 0x8E, 0x8F, 0x28, 0x40, 0x96, 0xB9, 0xA3, 0xFF },
    { 0, 0, 0, 0, 0, 0x40, 0x05, 0x0F, 0xFF },
    { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0x41, 0, 0x0F, 0, 0 },
};

static const struct mode graphics_640x480_16 = {
    0xE3, { 3, 0x01, 15, 0, 6 },
    { 0x5F, 0x4F, 0x50, 0x82, 0x54, 0x80, 0x0B, 0x3E, 0x00, 0x40, 0, 0, 0, 0, 0, 0, 0xEA, 0x8C, 0xDF, 0x28, 0x00, 0xE7, 0x04, 0xE3, 0xFF },
    { 0, 0, 0, 0, 0, 0x00, 0x05, 0x0F, 0xFF },
    { 0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F, 1, 0, 0x0F, 0, 0 },
};

static const struct mode graphics_320x200_4 = {
    0x63, { 3, 0x09, 3, 0, 2 },
    { 0x2D, 0x27, 0x28, 0x90, 0x2B, 0x80, 0xBF, 0x1F, 0x00, 0xC1, 0, 0, 0, 0, 0, 0, 0x9C, 0x8E, 0x8F, 0x14, 0x00, 0x96, 0xB9, 0xA2, 0xFF },
    { 0, 0, 0, 0, 0, 0x30, 0x0F, 0x00, 0xFF },
    { 0, 0x13, 0x15, 0x17, 2, 4, 6, 7, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 1, 0, 0x03, 0, 0 },
};

/* 40 columns of text: half as many dots in a second. */
static const struct mode text_40x25 = {
    0x67, { 3, 0x08, 3, 0, 2 },
    { 0x2D, 0x27, 0x28, 0x90, 0x2B, 0xA0, 0xBF, 0x1F, 0x00, 0x4F, 0x0D, 0x0E, 0, 0, 0, 0, 0x9C, 0x8E, 0x8F, 0x14, 0x1F, 0x96, 0xB9, 0xA3, 0xFF },
    { 0, 0, 0, 0, 0, 0x10, 0x0E, 0, 0xFF },
    { 0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F, 0x0C, 0, 0x0F, 8, 0 },
};

static const struct mode graphics_640x200_2 = {
    0x63, { 3, 0x01, 1, 0, 6 },
    { 0x5F, 0x4F, 0x50, 0x82, 0x54, 0x80, 0xBF, 0x1F, 0x00, 0xC1, 0, 0, 0, 0, 0, 0, 0x9C, 0x8E, 0x8F, 0x28, 0x00, 0x96, 0xB9, 0xC2, 0xFF },
    { 0, 0, 0, 0, 0, 0x00, 0x0D, 0x00, 0xFF },
    { 0, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 1, 0, 0x01, 0, 0 },
};

static const struct mode graphics_320x200_16 = {
    0x63, { 3, 0x09, 15, 0, 6 },
    { 0x2D, 0x27, 0x28, 0x90, 0x2B, 0x80, 0xBF, 0x1F, 0x00, 0xC0, 0, 0, 0, 0, 0, 0, 0x9C, 0x8E, 0x8F, 0x14, 0x00, 0x96, 0xB9, 0xE3, 0xFF },
    { 0, 0, 0, 0, 0, 0x00, 0x05, 0x0F, 0xFF },
    { 0, 1, 2, 3, 4, 5, 6, 7, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 1, 0, 0x0F, 0, 0 },
};

static const struct mode graphics_640x200_16 = {
    0x63, { 3, 0x01, 15, 0, 6 },
    { 0x5F, 0x4F, 0x50, 0x82, 0x54, 0x80, 0xBF, 0x1F, 0x00, 0xC0, 0, 0, 0, 0, 0, 0, 0x9C, 0x8E, 0x8F, 0x28, 0x00, 0x96, 0xB9, 0xE3, 0xFF },
    { 0, 0, 0, 0, 0, 0x00, 0x05, 0x0F, 0xFF },
    { 0, 1, 2, 3, 4, 5, 6, 7, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 1, 0, 0x0F, 0, 0 },
};

/* Monochrome, planes 0 and 2: black, shown, blinking, bright. The ports stay at 3Dxh here. */
static const struct mode graphics_640x350_mono = {
    0xA3, { 3, 0x01, 15, 0, 6 },
    { 0x5F, 0x4F, 0x50, 0x82, 0x54, 0x80, 0xBF, 0x1F, 0x00, 0x40, 0, 0, 0, 0, 0, 0, 0x83, 0x85, 0x5D, 0x28, 0x0F, 0x63, 0xBA, 0xE3, 0xFF },
    { 0, 0, 0, 0, 0, 0x00, 0x05, 0x05, 0xFF },
    { 0, 0x08, 0, 0, 0x18, 0x18, 0, 0, 0, 0x08, 0, 0, 0, 0x18, 0, 0, 0x0B, 0, 0x05, 0, 0 },
};

static const struct mode graphics_640x350_16 = {
    0xA3, { 3, 0x01, 15, 0, 6 },
    { 0x5F, 0x4F, 0x50, 0x82, 0x54, 0x80, 0xBF, 0x1F, 0x00, 0x40, 0, 0, 0, 0, 0, 0, 0x83, 0x85, 0x5D, 0x28, 0x0F, 0x63, 0xBA, 0xE3, 0xFF },
    { 0, 0, 0, 0, 0, 0x00, 0x05, 0x0F, 0xFF },
    { 0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F, 1, 0, 0x0F, 0, 0 },
};
/* clang-format on */

static const struct {
    const char *name;
    const struct mode *mode;
    unsigned width, height;
} modes[] __attribute__((unused)) = {
    {"mode 1", &text_40x25, 360, 400},
    {"mode 3", &text_80x25, 720, 400},
    {"mode 4", &graphics_320x200_4, 320, 200},
    {"mode 6", &graphics_640x200_2, 640, 200},
    {"mode 0Dh", &graphics_320x200_16, 320, 200},
    {"mode 0Eh", &graphics_640x200_16, 640, 200},
    {"mode 0Fh", &graphics_640x350_mono, 640, 350},
    {"mode 10h", &graphics_640x350_16, 640, 350},
    {"mode 12h", &graphics_640x480_16, 640, 480},
    {"mode 13h", &graphics_320x200_256, 320, 200},
};

static inline void set_mode(struct fixture *f, const struct mode *m)
{
    out(&f->board, MISC, m->misc);
    for (uint8_t i = 0; i < 5; i++)
        set(f, SEQUENCER, i, m->sequencer[i]);
    set(f, CRTC, 0x11, 0);
    for (uint8_t i = 0; i < 25; i++)
        set(f, CRTC, i, m->crtc[i]);
    for (uint8_t i = 0; i < 9; i++)
        set(f, GRAPHICS, i, m->graphics[i]);
    for (uint8_t i = 0; i < 21; i++)
        set_attribute(f, i, m->attribute[i]);
    out(&f->board, DAC_WRITE, 0);
    for (unsigned i = 0; i < 768; i++)
        out(&f->board, DAC_DATA, (uint8_t)(i * 37 + (i >> 6)));
    in(&f->board, STATUS);
    out(&f->board, ATTRIBUTE, 0x20);
}

/* A colour of the DAC as set_mode loads it: six bits widened to eight. */
static inline uint32_t colour(uint8_t index)
{
    uint32_t rgb = 0;

    for (unsigned i = index * 3u; i < index * 3u + 3; i++) {
        uint32_t six = (i * 37 + (i >> 6)) & 0x3F;
        rgb = rgb << 8 | six << 2 | six >> 4;
    }
    return rgb;
}

static inline void begin_planar(struct fixture *f)
{
    set_mode(f, &graphics_640x480_16);
}

/* --- Looking at it, and DISPI --- */

static inline uint32_t pixel(const struct frame *frame, unsigned x, unsigned y)
{
    assert_true(x < frame->width && y < frame->height);
    return frame->pixels[y * frame->width + x];
}

static inline void fill_memory(struct fixture *f, uint32_t random)
{
    uint8_t *memory = plane(f, 0, 0);

    for (unsigned i = 0; i < PLANES; i++)
        memory[i] = (uint8_t)random_below(&random, 256);
}

static inline uint16_t dispi_get(struct fixture *f, uint16_t index)
{
    bus_write(&f->board.bus, 0x1CE, index, 2);
    return (uint16_t)bus_read(&f->board.bus, index & 1 ? 0x1CF : 0x1D0, 2);
}

static inline void dispi_set(struct fixture *f, uint16_t index, uint16_t value)
{
    bus_write(&f->board.bus, 0x1CE, index, 2);
    bus_write(&f->board.bus, index & 1 ? 0x1D0 : 0x1CF, value, 2);
}

static inline void dispi_mode(struct fixture *f, uint16_t width, uint16_t height, uint16_t bpp)
{
    set_mode(f, &text_80x25);
    dispi_set(f, DISPI_ENABLE, 0);
    dispi_set(f, DISPI_XRES, width);
    dispi_set(f, DISPI_YRES, height);
    dispi_set(f, DISPI_BPP, bpp);
    dispi_set(f, DISPI_ENABLE, DISPI_ENABLED | DISPI_LINEAR);
    vga_place_linear(&f->vga, LINEAR, true);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
