/* cirrus.c - Cirrus Logic CL-GD5430, 5434 and 5446 (CL-GD5446 Technical Reference Manual; CL-GD543X data sheet): the
 * registers beyond the VGA's, and what they make of the picture.
 *
 * Extended registers are hidden until register 6 of the sequencer holds the key. Clocks and timing are what the
 * synthesizer's and the CRT controller's registers say. Where the picture begins is taken over at a vertical retrace:
 * it follows from the tick of the last change. */
#include "emu/devices/cirrus_parts.h"

#include <string.h>

#include "emu/devices/vga_draw.h"

#define CRYSTAL 14318180u
#define FASTEST_DOTS 250000000u /* no chip comes near; keeps the arithmetic in range */

enum { KEY = 0x12, LOCKED = 0x0F };
enum { SR_MEMORY = 0x0F, SR_POINTER_X = 0x10, SR_POINTER_Y, SR_POINTER, SR_POINTER_IMAGE, SR_MEMORY_SIZE = 0x15 };
enum { SR_NUMERATOR = 0x0B, SR_DENOMINATOR = 0x1B, SR_MEMORY_CLOCK = 0x1F };
enum { POINTER_ON = 1, POINTER_COLOURS = 2, POINTER_64 = 4 };
enum { DDC_CLOCK = 1, DDC_DATA = 2, DDC_CLOCK_LEVEL = 4, DDC_DATA_LEVEL = 0x80 };
/* clang-format off */
enum { CR_START_HIGH = 0x0C, CR_START_LOW = 0x0D, CR_OFFSET = 0x13, CR_MISCELLANEOUS = 0x1A, CR_DISPLAY = 0x1B, CR_OVERLAY = 0x1D, CR_LATCHES = 0x22,
       CR_ATTRIBUTE_TOGGLE = 0x24, CR_ATTRIBUTE_INDEX = 0x26, CR_ID = 0x27 };
/* clang-format on */
enum { INTERLACED = 1 }; /* the vertical counters count the lines of one of two fields */
enum { DISPLAY_WRAP_FAR = 2, DISPLAY_OFFSET_8 = 0x10 };
enum { DEPTH_8, DEPTH_16_TWICE, DEPTH_24, DEPTH_16, DEPTH_32 }; /* bits 3-1 of SR7 */
enum { DAC_MULTIPLEXED = 0x4A };

/* clang-format off */
const struct state_field cirrus_state[] = {
    STATE_BYTE_ARRAY(struct cirrus, sequencer, "extended sequencer registers, by index"),
    STATE_BYTE_ARRAY(struct cirrus, graphics, "extended graphics controller registers, by index"),
    STATE_BYTE_ARRAY(struct cirrus, crtc, "extended CRT controller registers, by index"),
    STATE(struct cirrus, pointer_x, U16, "left edge of the pointer, dots"),
    STATE(struct cirrus, pointer_y, U16, "upper edge of the pointer, lines"),
    STATE(struct cirrus, hidden_dac, U8, "Hidden DAC register"),
    STATE_UP_TO(struct cirrus, mask_reads, U8, 4, "reads of the PEL mask in a row; after 4 comes the Hidden DAC register"),
    STATE_BYTE_ARRAY(struct cirrus, colours, "16 colours beside the DAC's: red, green, blue, of 6 bits each; 0 and 15 are the pointer's"),
    STATE_BYTE_ARRAY(struct cirrus, latch, "the eight bytes of display memory that were read last, for write mode 1"),
    STATE(struct cirrus, shown_start, U32, "start address of the picture until the retrace after start_changed"),
    STATE(struct cirrus, start_changed, TICK, "when the start address was changed last"),
    STATE_TABLE(struct cirrus, ddc, struct ddc, ddc_state, "the monitor on the display data channel"),
    STATE(struct cirrus, blt_waits, BOOL, "a BitBLT waits for bytes from the processor"),
    STATE_BYTE_ARRAY(struct cirrus, blt_registers, "the graphics controller's registers when it began"),
    STATE(struct cirrus, blt_line, U16, "its line that comes next"),
    STATE_BUFFER(struct cirrus, blt_data, blt_filled, "the bytes of that line that have come"),
    STATE_END
};
/* clang-format on */

static bool unlocked(const struct cirrus *c)
{
    return c->sequencer[SR_KEY] == KEY;
}

/* --- Start of the picture, in units of four bytes --- */

static uint32_t start_of_registers(const struct cirrus *c)
{
    const uint8_t *vga = c->vga->crtc;

    return (uint32_t)vga[CR_START_HIGH] << 8 | vga[CR_START_LOW] | (c->crtc[CR_DISPLAY] & 1u) << 16 |
           (c->crtc[CR_DISPLAY] & 0xCu) << 15 | (c->crtc[CR_OVERLAY] & 0x80u) << 12;
}

static uint32_t start_shown(const struct cirrus *c)
{
    uint64_t now = clock_now(c->vga->clock);

    return vga_retraces(c->vga, now) == vga_retraces(c->vga, c->start_changed) ? c->shown_start : start_of_registers(c);
}

/* To be called before the registers change. */
static void start_changes(struct cirrus *c)
{
    c->shown_start = start_shown(c);
    c->start_changed = clock_now(c->vga->clock);
}

/* --- Registers --- */

static uint8_t sequencer_read(const struct cirrus *c, unsigned index)
{
    switch (index) {
    case SR_KEY: return unlocked(c) ? KEY : LOCKED;
    case SR_DDC:
        return (uint8_t)((c->sequencer[SR_DDC] & ~(DDC_CLOCK_LEVEL | DDC_DATA_LEVEL)) |
                         (c->ddc.clock ? DDC_CLOCK_LEVEL : 0) | (ddc_data(&c->ddc) ? DDC_DATA_LEVEL : 0));
    default: return c->sequencer[index];
    }
}

/* The pointer's position has eleven bits: the upper three of the index are its lowest. */
static void sequencer_write(struct cirrus *c, unsigned index, uint8_t value)
{
    uint16_t position = (uint16_t)(value << 3 | c->vga->sequencer_index >> 5);

    c->sequencer[index] = value;
    if (index == SR_POINTER_X)
        c->pointer_x = position;
    else if (index == SR_POINTER_Y)
        c->pointer_y = position;
    else if (index == SR_DDC)
        ddc_set(&c->ddc, value & DDC_CLOCK, value & DDC_DATA);
}

uint8_t cirrus_graphics(const struct cirrus *c, unsigned index)
{
    return index < VGA_GRAPHICS ? c->vga->graphics[index] : c->graphics[index];
}

void cirrus_graphics_write(struct cirrus *c, unsigned index, uint8_t value)
{
    if (index < VGA_GRAPHICS)
        c->vga->graphics[index] = value;
    else if (index == GR_BLT_STATUS)
        cirrus_blt_control(c, value);
    else
        c->graphics[index] = value;
    if (index == GR_BLT_LAST_ADDRESS)
        cirrus_blt_addressed(c);
    cirrus_memory_update(c);
}

static uint8_t chip_id(const struct cirrus *c)
{
    static const uint8_t ids[] = {[DISPLAY_GD5430] = 0xA0, [DISPLAY_GD5434] = 0xA8, [DISPLAY_GD5446] = 0xB8};

    return ids[c->chip];
}

static uint8_t crtc_read(const struct cirrus *c, unsigned index)
{
    const struct vga *v = c->vga;

    switch (index) {
    case CR_LATCHES: return v->latch[v->graphics[4] & 3];
    case CR_ATTRIBUTE_TOGGLE: return v->attribute_data ? 0x80 : 0;
    case CR_ATTRIBUTE_INDEX: return v->attribute_index;
    case CR_ID: return chip_id(c);
    default: return c->crtc[index];
    }
}

/* The fifth access to the PEL mask after four reads is one to the Hidden DAC register. */
static bool hidden(struct cirrus *c, uint16_t port, bool read)
{
    bool now = port == 0x3C6 && c->mask_reads == 4;

    if (port >= 0x3C6 && port <= 0x3C9)
        c->mask_reads = port == 0x3C6 && read && !now ? (uint8_t)(c->mask_reads + 1) : 0;
    return now;
}

static bool cirrus_read(void *device, uint16_t port, uint32_t *value)
{
    struct cirrus *c = device;
    const struct vga *v = c->vga;
    unsigned sequencer = v->sequencer_index & 0x1F, graphics = v->graphics_index & 0x3F, crtc = v->crtc_index & 0x3F;

    if (hidden(c, port, true))
        *value = c->hidden_dac;
    else if (port == 0x3C5 && (sequencer == SR_KEY || (unlocked(c) && sequencer > SR_KEY)))
        *value = sequencer_read(c, sequencer);
    else if (port == 0x3CF && graphics >= VGA_GRAPHICS && unlocked(c))
        *value = c->graphics[graphics];
    else if ((port | 0x60) == 0x3F5 && crtc >= VGA_CRTC && unlocked(c))
        *value = crtc_read(c, crtc);
    else
        return false;
    return true;
}

static bool cirrus_write(void *device, uint16_t port, uint8_t value)
{
    struct cirrus *c = device;
    const struct vga *v = c->vga;
    unsigned sequencer = v->sequencer_index & 0x1F, graphics = v->graphics_index & 0x3F, crtc = v->crtc_index & 0x3F;
    bool to_crtc = (port | 0x60) == 0x3F5;

    if (to_crtc &&
        (crtc == CR_START_HIGH || crtc == CR_START_LOW || (unlocked(c) && (crtc == CR_DISPLAY || crtc == CR_OVERLAY))))
        start_changes(c);
    if (hidden(c, port, false))
        c->hidden_dac = value;
    else if (port == 0x3C5 && sequencer == SR_KEY)
        c->sequencer[SR_KEY] = value & 0x17;
    else if (port == 0x3C5 && sequencer > SR_KEY && unlocked(c))
        sequencer_write(c, sequencer, value);
    else if (port == 0x3CF && graphics >= VGA_GRAPHICS && unlocked(c))
        cirrus_graphics_write(c, graphics, value);
    else if (to_crtc && crtc >= VGA_CRTC && unlocked(c))
        c->crtc[crtc] = value;
    else
        return false;
    cirrus_memory_update(c);
    return true;
}

static void cirrus_written(void *device)
{
    cirrus_memory_update(device);
}

static uint8_t *cirrus_colour(void *device, uint8_t index)
{
    struct cirrus *c = device;

    return c->sequencer[SR_POINTER] & POINTER_COLOURS ? &c->colours[(index & 15) * 3] : NULL;
}

/* --- The picture --- */

static unsigned depth_code(const struct cirrus *c)
{
    return c->sequencer[SR_MODE] >> 1 & 7;
}

/* VCLK is the crystal's N/D, and half of it with the post-scalar; or the memory's clock. A pixel takes two of it, or
 * three, where the chip shifts it out in that many bytes. */
static uint32_t cirrus_dot_clock(const void *device, unsigned select)
{
    const struct cirrus *c = device;
    uint32_t d = c->sequencer[SR_DENOMINATOR + select], n = c->sequencer[SR_NUMERATOR + select] & 0x7F,
             denominator = d >> 1 & (d & 0x80 ? 0x3F : 0x1F), clock;

    if (c->sequencer[SR_MEMORY_CLOCK] & 0x40)
        clock = CRYSTAL / 8 * (c->sequencer[SR_MEMORY_CLOCK] & 0x3F) >> (c->sequencer[0x1E] & 1);
    else
        clock = denominator ? (uint32_t)((uint64_t)CRYSTAL * n / denominator) >> (d & 1) : 0;
    if (cirrus_packed(c))
        clock /= depth_code(c) == DEPTH_16_TWICE ? 2 : depth_code(c) == DEPTH_24 && c->chip != DISPLAY_GD5446 ? 3 : 1;
    return clock == 0 ? 25175000 : clock < FASTEST_DOTS ? clock : FASTEST_DOTS;
}

static uint32_t depth_of(const struct cirrus *c)
{
    switch (depth_code(c)) {
    case DEPTH_16:
        if (c->hidden_dac == DAC_MULTIPLEXED)
            return 8;
        return c->hidden_dac & 15 ? 16 : 15;
    case DEPTH_16_TWICE: return c->hidden_dac & 15 ? 16 : 15;
    case DEPTH_24: return 24;
    case DEPTH_32: return 32;
    default: return 8;
    }
}

/* In packed modes, and in sixteen colours where the address may leave 64 KiB, lines are a multiple of eight bytes. */
static void cirrus_look(const void *device, struct look *l)
{
    const struct cirrus *c = device;
    const uint8_t *vga = c->vga->crtc;
    uint32_t start = start_shown(c), fields = c->crtc[CR_MISCELLANEOUS] & INTERLACED ? 2 : 1, dots;

    if (!cirrus_packed(c) && !(l->kind == LOOK_PLANAR && c->crtc[CR_DISPLAY] & DISPLAY_WRAP_FAR)) {
        l->start += (start & 0xFFFF) - ((uint32_t)vga[CR_START_HIGH] << 8 | vga[CR_START_LOW]);
        return;
    }
    l->kind = cirrus_packed(c) ? LOOK_LINEAR : LOOK_LINEAR_PLANAR;
    l->depth = cirrus_packed(c) ? depth_of(c) : 4;
    l->x_offset = cirrus_packed(c) ? 0 : l->pan;
    l->stride = (vga[CR_OFFSET] | (uint32_t)(c->crtc[CR_DISPLAY] & DISPLAY_OFFSET_8) << 4) * 8;
    l->first_byte = start * 4;
    l->step = l->cell * l->repeat;
    dots = l->columns * (l->depth == 8 && depth_code(c) == DEPTH_16 ? 16 : 8);
    l->width = dots < FRAME_MAX_WIDTH ? dots : FRAME_MAX_WIDTH;
    l->height = (l->lines * fields + l->step - 1) / l->step;
    if (l->height > FRAME_MAX_HEIGHT)
        l->height = FRAME_MAX_HEIGHT;
}

static uint32_t six_bits_each(const uint8_t *c)
{
    uint32_t rgb = (uint32_t)c[0] << 16 | (uint32_t)c[1] << 8 | c[2];

    return rgb << 2 | (rgb >> 4 & 0x030303);
}

/* The images lie in the last 16 KiB of memory: of 32 lines with one bit plane after the other, of 64 with both planes'
 * bytes of a line side by side. */
static void cirrus_pointer(const void *device, struct pointer_look *p)
{
    const struct cirrus *c = device;
    bool large = c->sequencer[SR_POINTER] & POINTER_64;

    if (!(c->sequencer[SR_POINTER] & POINTER_ON))
        return;
    p->size = large ? 64 : 32;
    p->x = c->pointer_x;
    p->y = c->pointer_y;
    p->at = c->vga->memory_size - 0x4000 + (c->sequencer[SR_POINTER_IMAGE] & (large ? 0x3Cu : 0x3Fu)) * 256;
    p->second = large ? 8 : 128;
    p->next = large ? 16 : 4;
    p->colours[0] = six_bits_each(c->colours);
    p->colours[1] = six_bits_each(c->colours + 45);
}

/* --- The chip --- */

/* What the straps and the BIOS' first registers say: memory, bus, and the VGA's clocks. */
void cirrus_reset(struct cirrus *c)
{
    static const uint8_t clocks[][2] = {{0x66, 0x3B}, {0x5B, 0x2F}, {0x45, 0x30}, {0x7E, 0x33}};
    uint8_t *sr = c->sequencer;

    memset(c->sequencer, 0, sizeof c->sequencer);
    memset(c->graphics, 0, sizeof c->graphics);
    memset(c->crtc, 0, sizeof c->crtc);
    for (unsigned i = 0; i < 4; i++) {
        sr[SR_NUMERATOR + i] = clocks[i][0];
        sr[SR_DENOMINATOR + i] = clocks[i][1];
    }
    sr[SR_DDC] = DDC_CLOCK | DDC_DATA;
    sr[SR_MEMORY] = c->vga->memory_size == 1u << 20 ? 0x10 : c->vga->memory_size == 2u << 20 ? 0x18 : 0x98;
    sr[SR_MEMORY_SIZE] = (uint8_t)(c->vga->memory_size == 1u << 20 ? 2 : c->vga->memory_size == 2u << 20 ? 3 : 4);
    sr[SR_CONFIGURATION] = c->pci ? 0x20 : 0x38;
    sr[SR_MEMORY_CLOCK] = 0x22;
    c->pointer_x = c->pointer_y = 0;
    c->hidden_dac = c->mask_reads = 0;
    c->blt_waits = false;
    c->blt_line = 0;
    c->blt_filled = c->aside = 0;
    c->shown_start = 0;
    c->start_changed = 0;
    memset(c->blt_registers, 0, sizeof c->blt_registers);
    ddc_reset(&c->ddc);
    vga_reset(c->vga);
}

const char *cirrus_loaded(void *device)
{
    struct cirrus *c = device;
    const char *wrong = c->vga ? cirrus_blt_loaded(c) : NULL;

    if (c->vga && !wrong)
        cirrus_memory_update(c);
    return wrong;
}

static void window_changed(void *device)
{
    cirrus_memory_update(device);
}

bool cirrus_init(struct cirrus *c, struct vga *vga, struct clock *clock, struct bus *bus, struct memory *memory,
                 struct line irq, const struct cirrus_model *model)
{
    memset(c, 0, sizeof *c);
    c->vga = vga;
    c->chip = model->chip;
    c->pci = model->pci;
    c->extension = (struct vga_extension){
        c,           cirrus_read,   cirrus_write, cirrus_written, window_changed, cirrus_dot_clock, cirrus_colour,
        cirrus_look, cirrus_pointer};
    ddc_init(&c->ddc, model->monitor);
    if (!vga_init_extended(vga, clock, bus, memory, irq, &c->extension, model->memory))
        return false;
    cirrus_memory_init(c);
    cirrus_reset(c);
    return true;
}
