/* vbe.c - INT 10h/4Fh: the VESA BIOS extension (VBE Core Functions Standard 3.0) on the display interface of Bochs
 * (DISPI: index at port 1CEh, data at 1CFh), with a window at A000 and, from interface B0C2h on, a linear frame buffer.
 *
 * Nothing is remembered: the registers say which mode is set. Where the frame buffer is, video_init() leaves in the ROM
 * while that can be written; PCI is not asked again, for these functions are called in virtual-8086 mode too. */
#include "vbe.h"

#include "bda.h"
#include "dispi.h"
#include "edid.h"
#include "pci.h"
#include "registers.h"
#include "vbe_window.h"
#include "video_mode.h"
#include "video_state.h"

enum { MODE_LINEAR = 0x4000, MODE_KEEP = 0x8000, MODE_NUMBER = 0x01FF, FIRST_VBE_MODE = 0x100 };
/* clang-format off */
enum { VERSION = 0x0300, OEM_REVISION = 0x0000, CLASS_VGA = 0x0300, ROM_BYTES = 0x8000, STATE_DISPI = 8,
       MAX_LINE = 0xFFF8 };

static ROM_DATA struct mode { uint16_t number, width, height; uint8_t depth; } modes[] = {
    {0x100, 640, 400, 8},    {0x101, 640, 480, 8},    {0x102, 800, 600, 4},    {0x103, 800, 600, 8},    {0x104, 1024, 768, 4},
    {0x105, 1024, 768, 8},   {0x106, 1280, 1024, 4},  {0x107, 1280, 1024, 8},  {0x10D, 320, 200, 15},   {0x10E, 320, 200, 16},
    {0x10F, 320, 200, 24},   {0x110, 640, 480, 15},   {0x111, 640, 480, 16},   {0x112, 640, 480, 24},   {0x113, 800, 600, 15},
    {0x114, 800, 600, 16},   {0x115, 800, 600, 24},   {0x116, 1024, 768, 15},  {0x117, 1024, 768, 16},  {0x118, 1024, 768, 24},
    {0x119, 1280, 1024, 15}, {0x11A, 1280, 1024, 16}, {0x11B, 1280, 1024, 24}, {0x140, 320, 200, 32},   {0x141, 640, 400, 32},
    {0x142, 640, 480, 32},   {0x143, 800, 600, 32},   {0x144, 1024, 768, 32},  {0x145, 1280, 1024, 32},
};
/* clang-format on */

static uint32_t line_bytes(uint32_t width, uint8_t depth)
{
    return depth == 4 ? width / 8 : width * ((depth + 7) / 8);
}

static uint32_t line_pixels(uint32_t bytes, uint8_t depth)
{
    return depth == 4 ? bytes * 8 : bytes / ((depth + 7) / 8);
}

/* Bytes of memory at each of its addresses' planes: a quarter in planar modes. */
static uint32_t plane_bytes(uint8_t depth)
{
    return ((uint32_t)dispi_memory() << 16) / (depth == 4 ? 4 : 1);
}

/* False if there is no such mode, or too little memory for it. */
static bool mode_find(uint16_t number, struct mode *mode)
{
    for (unsigned i = 0; i < ARRAY_LENGTH(modes); i++) {
        if (rom_get(modes[i].number) != number)
            continue;
        rom_read(mode, modes[i]);
        return line_bytes(mode->width, mode->depth) * mode->height <= plane_bytes(mode->depth) &&
               dispi_shows(mode->width, mode->depth);
    }
    return false;
}

/* The mode that the registers are set to; false in VGA modes. */
static bool mode_now(struct mode *mode)
{
    if (!(dispi_read(ENABLE_MODE) & DISPI_ENABLED))
        return false;
    uint16_t width = dispi_read(WIDTH), height = dispi_read(HEIGHT), depth = dispi_read(DEPTH);
    for (unsigned i = 0; i < ARRAY_LENGTH(modes); i++) {
        if (rom_get(modes[i].width) != width || rom_get(modes[i].height) != height || rom_get(modes[i].depth) != depth)
            continue;
        rom_read(mode, modes[i]);
        return true;
    }
    return false;
}

struct vbe_info {
    char signature[4];
    uint16_t version, oem_string[2];
    uint32_t capabilities;
    uint16_t mode_list[2], memory, oem_revision, vendor[2], product[2], revision[2];
} __attribute__((packed));

_Static_assert(sizeof(struct vbe_info) == 0x22, "VBE 3.0, VbeInfoBlock");

/* 00h: 512 bytes if the caller says "VBE2", else 256. The list of modes follows in the reserved area. */
static uint16_t controller_information(struct regs *r)
{
    uint16_t oem = (uint16_t)(uint32_t)vbe_oem_name, revision = (uint16_t)(uint32_t)vbe_revision;
    bool large = far_get16(r->es, r->di) == ('V' | 'B' << 8) && far_get16(r->es, r->di + 2) == ('E' | '2' << 8);
    uint16_t at = r->di + sizeof(struct vbe_info);
    struct vbe_info info = {
        .signature = {'V', 'E', 'S', 'A'},
        .version = VERSION,
        .oem_string = {oem, VGA_SEGMENT},
        .capabilities = DISPI_HAS_8BIT_DAC,
        .mode_list = {at, r->es},
        .memory = dispi_memory(),
        .oem_revision = OEM_REVISION,
        .vendor = {oem, VGA_SEGMENT},
        .product = {oem, VGA_SEGMENT},
        .revision = {revision, VGA_SEGMENT},
    };

    far_fill16(r->es, r->di, 0, (large ? 512 : 256) / 2);
    far_write(r->es, r->di, &info, sizeof(info));
    for (unsigned i = 0; i < ARRAY_LENGTH(modes); i++) {
        struct mode mode;
        if (mode_find(rom_get(modes[i].number), &mode)) {
            far_put16(r->es, at, mode.number);
            at += 2;
        }
    }
    far_put16(r->es, at, 0xFFFF);
    return VBE_OK;
}

struct field {
    uint8_t bits, position;
};

struct vbe_mode_info {
    uint16_t attributes;
    uint8_t window_a, window_b;
    uint16_t granularity, window_size, segment_a, segment_b, window_function[2], line_bytes;
    uint16_t width, height;
    uint8_t char_width, char_height, planes, depth, banks, model, bank_size, pages, reserved1;
    struct field colours[4];
    uint8_t direct_info;
    uint32_t frame_buffer;
    uint8_t reserved2[6];
    uint16_t linear_line_bytes;
    uint8_t banked_pages, linear_pages;
    struct field linear_colours[4];
    uint32_t pixel_clock;
} __attribute__((packed));

_Static_assert(sizeof(struct vbe_mode_info) == 0x42 && offsetof(struct vbe_mode_info, frame_buffer) == 0x28,
               "VBE 3.0, ModeInfoBlock");

enum { SUPPORTED = 0x0001, INFORMATION = 0x0002, COLOUR = 0x0008, GRAPHICS_MODE = 0x0010, HAS_LINEAR = 0x0080 };
enum { WINDOW_RELOCATABLE_READ_WRITE = 7, MODEL_PLANAR = 3, MODEL_PACKED = 4, MODEL_DIRECT = 6 };

/* Bits and position of red, green, blue and of what is left over. */
static void colour_fields(uint8_t depth, struct field *f)
{
    /* clang-format off */
    static ROM_DATA struct field layouts[4][4] = {
        {{5, 10}, {5, 5}, {5, 0}, {1, 15}}, {{5, 11}, {6, 5}, {5, 0}, {0, 0}}, {{8, 16}, {8, 8}, {8, 0}, {0, 0}},
        {{8, 16}, {8, 8}, {8, 0}, {8, 24}},
    };
    /* clang-format on */
    unsigned layout = depth == 15 ? 0 : depth / 8 - 1;

    for (unsigned i = 0; i < 4 && depth > 8; i++)
        rom_read(&f[i], layouts[layout][i]);
}

static uint16_t mode_information(struct regs *r)
{
    struct vbe_mode_info info = {0};
    struct mode mode;

    if (!mode_find(r->cx & MODE_NUMBER, &mode))
        return VBE_FAILED;
    bool planar = mode.depth == 4;
    uint32_t bytes = line_bytes(mode.width, mode.depth), pages = plane_bytes(mode.depth) / (bytes * mode.height) - 1;
    info.attributes = SUPPORTED | INFORMATION | COLOUR | GRAPHICS_MODE | (planar || !DISPI_IS_LINEAR ? 0 : HAS_LINEAR);
    info.window_a = WINDOW_RELOCATABLE_READ_WRITE;
    info.granularity = info.window_size = 64;
    info.segment_a = 0xA000;
    info.window_function[0] = (uint16_t)(uint32_t)vbe_window_entry;
    info.window_function[1] = VGA_SEGMENT;
    info.line_bytes = info.linear_line_bytes = bytes;
    info.width = mode.width;
    info.height = mode.height;
    info.char_width = 8;
    info.char_height = 16;
    info.planes = planar ? 4 : 1;
    info.depth = mode.depth;
    info.banks = info.reserved1 = 1;
    info.model = planar ? MODEL_PLANAR : mode.depth == 8 ? MODEL_PACKED : MODEL_DIRECT;
    info.pages = info.banked_pages = info.linear_pages = pages > 255 ? 255 : pages;
    colour_fields(mode.depth, info.colours);
    colour_fields(mode.depth, info.linear_colours);
    info.frame_buffer = planar ? 0 : rom_get(vbe_frame_buffer);
    info.pixel_clock = 135000000;
    far_fill16(r->es, r->di, 0, 256 / 2);
    far_write(r->es, r->di, &info, sizeof(info));
    return VBE_OK;
}

/* A VGA mode of like memory comes first, for the window and the palette. */
static uint16_t mode_set(struct regs *r)
{
    uint16_t number = r->bx & MODE_NUMBER;
    struct mode mode;

    if (number < FIRST_VBE_MODE) {
        video_mode_set(number | (r->bx & MODE_KEEP ? 0x80 : 0));
        return bda_get(video_mode) == (number & 0x7F) ? VBE_OK : VBE_FAILED;
    }
    if (!mode_find(number, &mode) || ((mode.depth == 4 || !DISPI_IS_LINEAR) && r->bx & MODE_LINEAR))
        return VBE_FAILED;
    video_mode_set(0x80 | (mode.depth == 4 ? 0x12 : 0x13));
    dispi_write(WIDTH, mode.width);
    dispi_write(HEIGHT, mode.height);
    dispi_write(DEPTH, mode.depth);
    dispi_write(ENABLE_MODE,
                DISPI_ENABLED | (r->bx & MODE_LINEAR ? DISPI_LINEAR : 0) | (r->bx & MODE_KEEP ? DISPI_KEEP_MEMORY : 0));
    dispi_write(BANK, 0);
    bda_put(video_mode, VBE_MODE);
    bda_put(video_columns, mode.width / 8);
    bda_put(video_rows, mode.height / 16 - 1);
    bda_put(char_height, 16);
    return VBE_OK;
}

#ifdef CIRRUS
void vbe_chip_mode(struct regs *r)
{
    enum { NONE = 0xFF, FIRST = 0x58 };
    /* clang-format off */
    static ROM_DATA uint8_t numbers[] = { /* less FIRST_VBE_MODE */
        0x02, NONE, NONE, NONE, 0x03, 0x04, 0x00, 0x01, /* 58h */
        0x05, NONE, NONE, NONE, 0x11, 0x14, 0x10, 0x13,
        0x16, 0x19, 0x02, NONE, 0x06, 0x07, NONE, 0x0E,
        0x0F, 0x12, NONE, NONE, 0x17, 0x1A, NONE, NONE, 0x15, 0x18,
    };
    /* clang-format on */
    uint8_t number = r->al & 0x7F;
    uint16_t bx = r->bx;

    if ((uint8_t)(number - FIRST) >= sizeof(numbers))
        return;
    r->bx = FIRST_VBE_MODE | rom_get(numbers[number - FIRST]) | (r->al & 0x80) << 8;
    if (mode_set(r) == VBE_OK) {
        bda_put(video_mode, number);
        bda_put(video_control, (bda_get(video_control) & 0x7F) | (r->al & 0x80));
        r->al = 0x20;
    }
    r->bx = bx;
}
#endif

static uint16_t mode_get(struct regs *r)
{
    struct mode mode;
    uint16_t enable = dispi_read(ENABLE_MODE);

    r->bx = bda_get(video_mode);
    if (mode_now(&mode))
        r->bx = mode.number | (enable & DISPI_LINEAR ? MODE_LINEAR : 0) | (enable & DISPI_KEEP_MEMORY ? MODE_KEEP : 0);
    return VBE_OK;
}

/* 04h: the states of INT 10h/1Ch, then 64 bytes with the registers of the interface. */
static void dispi_restore(uint16_t segment, uint16_t at)
{
    for (uint8_t i = WIDTH; i <= DEPTH; i++)
        dispi_write(i, far_get16(segment, at + i * 2));
    uint16_t enable = far_get16(segment, at + ENABLE_MODE * 2);
    dispi_write(ENABLE_MODE, enable | (enable & DISPI_ENABLED ? DISPI_KEEP_MEMORY : 0));
    for (uint8_t i = BANK; i <= Y_OFFSET && enable & DISPI_ENABLED; i++)
        if (i != VIRTUAL_HEIGHT)
            dispi_write(i, far_get16(segment, at + i * 2));
}

static uint16_t state(struct regs *r)
{
    uint16_t at = r->bx;
    struct regs sizes = {.cx = r->cx & 7};

    if (r->dl > 2)
        return VBE_FAILED;
    video_state(&sizes);
    if (r->dl == 0) {
        r->bx = sizes.bx + (r->cx & STATE_DISPI ? 1 : 0);
        return VBE_OK;
    }
    if (r->dl == 2)
        dispi_leave();
    struct regs other = {.al = r->dl, .bx = at, .cx = r->cx & 7, .es = r->es};
    video_state(&other);
    at += sizes.bx * 64;
    if (r->cx & STATE_DISPI && r->dl == 2)
        dispi_restore(r->es, at);
    for (uint8_t i = WIDTH; i <= Y_OFFSET && r->cx & STATE_DISPI && r->dl == 1; i++)
        far_put16(r->es, at + i * 2, dispi_read(i));
    return VBE_OK;
}

/* 06h: BL = 0 and 2 set the length of a line in pixels and bytes, 1 returns it, 3 returns the longest. */
static uint16_t line_length(struct regs *r)
{
    struct mode mode;

    if (!mode_now(&mode))
        return VBE_NOT_IN_THIS_MODE;
    uint32_t memory = plane_bytes(mode.depth), longest = memory / mode.height, width;
    if (longest > DISPI_LONGEST(mode.depth))
        longest = DISPI_LONGEST(mode.depth);
    switch (r->bl) {
    case 0: width = r->cx; break;
    case 1: width = dispi_read(VIRTUAL_WIDTH); break;
    case 2: width = line_pixels(r->cx, mode.depth); break;
    case 3: width = line_pixels(longest, mode.depth); break;
    default: return VBE_FAILED;
    }
    width = width > MAX_LINE ? MAX_LINE : DISPI_ALIGNED(width, mode.depth);
    uint32_t bytes = line_bytes(width, mode.depth), lines;
    if (width < mode.width || bytes > longest)
        return VBE_NOT_SUPPORTED;
    if (r->bl == 0 || r->bl == 2)
        dispi_write(VIRTUAL_WIDTH, width);
    lines = memory / bytes;
    r->bx = bytes;
    r->cx = width;
    r->dx = lines > 0xFFFF ? 0xFFFF : lines;
    return VBE_OK;
}

/* 07h: the pixel CX of line DX comes first; 80h asks for doing it in the retrace. */
static uint16_t display_start(struct regs *r)
{
    struct mode mode;

    if (!mode_now(&mode))
        return VBE_NOT_IN_THIS_MODE;
    switch (r->bl) {
    case 0x00:
    case 0x80:
        if ((r->dx + mode.height) * line_bytes(dispi_read(VIRTUAL_WIDTH), mode.depth) > plane_bytes(mode.depth))
            return VBE_FAILED;
        dispi_write(X_OFFSET, r->cx);
        dispi_write(Y_OFFSET, r->dx);
        return VBE_OK;
    case 0x01:
        r->bh = 0;
        r->cx = dispi_read(X_OFFSET);
        r->dx = dispi_read(Y_OFFSET);
        return VBE_OK;
    default: return VBE_FAILED;
    }
}

/* 08h: 6 or 8 bits for each primary colour. */
static uint16_t dac_width(struct regs *r)
{
    uint16_t enable = dispi_read(ENABLE_MODE);

    if (enable & DISPI_ENABLED && dispi_read(DEPTH) > 8)
        return VBE_NOT_IN_THIS_MODE;
    if (r->bl > 1)
        return VBE_FAILED;
    if (r->bl == 0 && enable & DISPI_ENABLED) {
        enable = (enable & ~DISPI_DAC_8BIT) | (r->bh >= 8 && DISPI_HAS_8BIT_DAC ? DISPI_DAC_8BIT : 0) |
                 DISPI_KEEP_MEMORY;
        dispi_write(ENABLE_MODE, enable);
    }
    r->bh = enable & DISPI_DAC_8BIT ? 8 : 6;
    return VBE_OK;
}

/* 09h: CX entries from DX at ES:DI, each blue, green, red and a byte for alignment. */
static uint16_t palette(struct regs *r)
{
    uint16_t at = r->di;

    if ((r->bl > 1 && r->bl != 0x80) || r->cx > 256 || r->dx + r->cx > 256)
        return VBE_FAILED;
    outb(r->bl == 1 ? DAC_READ : DAC_WRITE, (uint8_t)r->dx);
    for (uint16_t i = 0; i < r->cx; i++, at += 4)
        for (int k = 2; k >= 0; k--) {
            if (r->bl == 1)
                far_put8(r->es, at + k, inb(DAC_DATA));
            else
                outb(DAC_DATA, far_get8(r->es, at + k));
        }
    return VBE_OK;
}

static uint16_t protected_mode_interface(struct regs *r)
{
    if (r->bl != 0)
        return VBE_FAILED;
    r->es = VGA_SEGMENT;
    r->di = (uint16_t)(uint32_t)vbe_protected;
    r->cx = (uint16_t)(vbe_protected_end - vbe_protected);
    return VBE_OK;
}

/* 10h: a monitor sleeps without synchronisation (VESA VBE/PM 1.0). Here all states but "on" turn the picture off, and
 * are reported as "off". */
static uint16_t power_state(struct regs *r)
{
    enum { ON = 0, STANDBY = 1, SUSPEND = 2, OFF = 4 };
    uint8_t clocking = register_read(SEQUENCER, 1);

    switch (r->bl) {
    case 0x00:
        r->bx = (STANDBY | SUSPEND | OFF) << 8 | 0x10; /* version 1.0 */
        return VBE_OK;
    case 0x01:
        if (r->bh != ON && r->bh != STANDBY && r->bh != SUSPEND && r->bh != OFF)
            return VBE_FAILED;
        register_write(SEQUENCER, 1, (clocking & ~SCREEN_OFF) | (r->bh == ON ? 0 : SCREEN_OFF));
        return VBE_OK;
    case 0x02: r->bh = clocking & SCREEN_OFF ? OFF : ON; return VBE_OK;
    default: return VBE_FAILED;
    }
}

/* 15h: the monitor describes itself (VESA Display Data Channel). */
static uint16_t display_identification(struct regs *r)
{
    if (r->bl == 0) {
        r->bx = 0x0103; /* one second; DDC1 and DDC2 */
        return VBE_OK;
    }
    if (r->bl != 1 || r->dx != 0)
        return VBE_FAILED;
    return edid_write(r->es, r->di) ? VBE_OK : VBE_FAILED;
}

static uint16_t perform(struct regs *r)
{
    switch (r->al) {
    case 0x00: return controller_information(r);
    case 0x01: return mode_information(r);
    case 0x02: return mode_set(r);
    case 0x03: return mode_get(r);
    case 0x04: return state(r);
    case 0x05: return vbe_window(r);
    case 0x06: return line_length(r);
    case 0x07: return display_start(r);
    case 0x08: return dac_width(r);
    case 0x09: return palette(r);
    case 0x0A: return protected_mode_interface(r);
    case 0x10: return power_state(r);
    case 0x15: return display_identification(r);
    default: return VBE_FAILED;
    }
}

/* Without the interface AX stays, which means to its callers that there is no VBE. While one of its modes is set it is
 * there. */
void vbe_service(struct regs *r)
{
    if (bda_get(video_mode) == VBE_MODE || dispi_present())
        r->ax = perform(r);
}

/* The frame buffer of a PCI card is where its first base address register says. The ROM's sum stays zero. */
void vbe_init(void)
{
    uint16_t function = PCI_NONE, at = (uint16_t)(uint32_t)&vbe_frame_buffer;

    if (!pci_present())
        return;
    while ((function = pci_next(function)) != PCI_NONE && pci_read16(function, PCI_CLASS + 2) != CLASS_VGA)
        ;
    uint32_t bar = function == PCI_NONE ? 1 : pci_read32(function, PCI_BAR0);
    if (bar & 1 || !(bar & ~15u))
        return;
    far_put16(VGA_SEGMENT, at, (uint16_t)(bar & ~15u));
    far_put16(VGA_SEGMENT, at + 2, bar >> 16);
    far_put8(VGA_SEGMENT, ROM_BYTES - 1, far_get8(VGA_SEGMENT, ROM_BYTES - 1) - far_sum(VGA_SEGMENT, 0, ROM_BYTES));
}
