/* vga.c - the VGA: registers, and the beam (IBM PS/2 Hardware Interface Technical Reference, "Video Subsystem").
 *
 * What a register holds is all there is to know: what memory accesses do, timing and picture follow from the registers,
 * and the beam's position from the clock. vga_memory.c has the memory; the picture is drawn by vga_draw.c; vga_dispi.c
 * has the modes beyond the VGA's. */
#include "emu/devices/vga.h"

#include <stdlib.h>
#include <string.h>

#include "emu/devices/vga_dispi.h"
#include "emu/devices/vga_draw.h"
#include "emu/devices/vga_memory.h"

/* clang-format off */
const struct state_field vga_state[] = {
    STATE(struct vga, misc, U8, "Miscellaneous Output register"),
    STATE(struct vga, feature, U8, "Feature Control register"),
    STATE(struct vga, crtc_index, U8, "CRTC index"),
    STATE(struct vga, sequencer_index, U8, "sequencer index"),
    STATE(struct vga, graphics_index, U8, "graphics controller index"),
    STATE(struct vga, attribute_index, U8, "attribute controller index; bit 5 lets the palette reach the screen"),
    STATE_BYTE_ARRAY(struct vga, crtc, "CRT controller registers"),
    STATE_BYTE_ARRAY(struct vga, sequencer, "sequencer registers"),
    STATE_BYTE_ARRAY(struct vga, graphics, "graphics controller registers"),
    STATE_BYTE_ARRAY(struct vga, attribute, "attribute controller registers"),
    STATE(struct vga, attribute_data, BOOL, "the next write to 3C0h is data"),
    STATE_BYTE_ARRAY(struct vga, dac, "256 colours: red, green, blue, of 6 bits each, or 8 as DISPI says"),
    STATE(struct vga, dac_mask, U8, "PEL mask"),
    STATE(struct vga, dac_state, U8, "3 after a read index was set, 0 after a write index"),
    STATE(struct vga, dac_read, U8, "index of the colour to be read"),
    STATE(struct vga, dac_write, U8, "index of the colour to be written"),
    STATE_UP_TO(struct vga, dac_component, U8, 2, "component that comes next: 0 red, 1 green, 2 blue"),
    STATE_BYTE_ARRAY(struct vga, dac_latch, "components of a colour that is being written"),
    STATE(struct vga, awake, BOOL, "ports and memory answer: port 3C3h bit 0, or 46E8h bit 3"),
    STATE(struct vga, interrupt, BOOL, "the vertical interrupt is pending"),
    STATE(struct vga, interrupt_at, TICK, "when the next vertical interrupt comes"),
    STATE_BYTE_ARRAY(struct vga, latch, "latches of planes 0-3"),
    STATE(struct vga, dispi_index, U16, "DISPI index"),
    STATE_ARRAY(struct vga, dispi, U16, "DISPI registers"),
    STATE_END
};
/* clang-format on */

enum { MISC_COLOUR = 1 };

/* --- Timing --- */

/* The beam has been running since power-on, through the dots and lines that the registers describe. */
struct beam {
    uint32_t frequency; /* of dots */
    uint32_t line_dots, lines;
    uint32_t shown_dots, shown_lines;
    uint64_t dots; /* since power-on */
};

static struct beam beam_at(const struct vga *v, uint64_t tick)
{
    static const uint32_t clocks[4] = {25175000, 28322000, 25175000, 25175000};
    const uint8_t *c = v->crtc;
    uint32_t dots = (v->sequencer[1] & 1 ? 8 : 9) * (v->sequencer[1] & 8 ? 2 : 1);
    struct beam b = {
        .frequency = v->extension ? v->extension->dot_clock(v->extension->device, v->misc >> 2 & 3)
                                  : clocks[v->misc >> 2 & 3],
        .line_dots = (c[0] + 5u) * dots,
        .lines = ((c[6] | (c[7] & 1u) << 8 | (c[7] & 0x20u) << 4) + 2) * vga_lines_counted(v),
        .shown_dots = (c[1] + 1u) * dots,
        .shown_lines = vga_lines_shown(v),
    };

    b.dots = clock_cycles(v->clock, tick, b.frequency);
    return b;
}

static struct beam beam_now(const struct vga *v)
{
    return beam_at(v, clock_now(v->clock));
}

/* The line at which the retrace begins, as the counter counts. */
static uint32_t retrace_line(const struct vga *v)
{
    return v->crtc[0x10] | (v->crtc[7] & 4u) << 6 | (v->crtc[7] & 0x80u) << 2;
}

/* Input Status 1: bit 0 while nothing is displayed, bit 3 during vertical retrace. */
static uint8_t beam_status(const struct vga *v)
{
    struct beam b = beam_now(v);
    uint32_t dot = (uint32_t)(b.dots % b.line_dots), line = (uint32_t)(b.dots / b.line_dots % b.lines),
             counted = line / vga_lines_counted(v);
    uint32_t retrace = retrace_line(v);
    uint32_t height = (v->crtc[0x11] - retrace) & 15; /* it ends at the line whose low bits are in register 11h */
    bool in_retrace = counted >= retrace && counted - retrace < (height ? height : 16);

    return (uint8_t)((line >= b.shown_lines || dot >= b.shown_dots ? 1 : 0) | (in_retrace ? 8 : 0));
}

/* The tick at which the beam comes to the next border of what is shown, or to the next line. */
static uint64_t beam_turns(const struct vga *v)
{
    struct beam b = beam_now(v);
    uint64_t dot = b.dots % b.line_dots;
    bool shown = dot < b.shown_dots && b.shown_dots < b.line_dots && b.dots / b.line_dots % b.lines < b.shown_lines;

    return clock_ticks_for_cycles(v->clock, b.dots - dot + (shown ? b.shown_dots : b.line_dots), b.frequency);
}

uint64_t vga_retraces(const struct vga *v, uint64_t tick)
{
    struct beam b = beam_at(v, tick);
    uint64_t frame = (uint64_t)b.line_dots * b.lines,
             before = (uint64_t)b.line_dots * retrace_line(v) * vga_lines_counted(v) % frame;

    return (b.dots + frame - before) / frame;
}

/* --- The vertical interrupt: CRTC register 11h, bit 4 lets it become pending, bit 5 keeps it from the line --- */

enum { VERTICAL_END = 0x11, INTERRUPT_LET = 0x10, INTERRUPT_OFF = 0x20 };

/* It comes where the display of a frame ends. Called when anything changes that it depends on. */
static void schedule_interrupt(struct vga *v)
{
    uint64_t due = NEVER;

    if (v->crtc[VERTICAL_END] & INTERRUPT_LET && !v->interrupt) {
        struct beam b = beam_now(v);
        uint64_t frame = (uint64_t)b.line_dots * b.lines,
                 next = b.dots - b.dots % frame + (uint64_t)b.line_dots * b.shown_lines;
        if (b.shown_lines < b.lines)
            due = clock_ticks_for_cycles(v->clock, next > b.dots ? next : next + frame, b.frequency);
    }
    if (due != v->interrupt_at)
        clock_schedule(v->clock, EVENT_RETRACE, due);
}

static void interrupt_changed(struct vga *v)
{
    if (!(v->crtc[VERTICAL_END] & INTERRUPT_LET))
        v->interrupt = false;
    line_set(&v->irq, v->interrupt && !(v->crtc[VERTICAL_END] & INTERRUPT_OFF));
    schedule_interrupt(v);
}

static void frame_shown(void *device)
{
    struct vga *v = device;

    v->interrupt = true;
    interrupt_changed(v);
}

/* --- Ports --- */

/* Port 3C3h of the PS/2's board, 46E8h of the adapter: asleep, only these two answer, and what is on the screen stays
 * there. */
static void wake(struct vga *v, bool awake)
{
    v->awake = awake;
    vga_window_changed(v);
}

static uint8_t *dac_entry(struct vga *v, uint8_t index)
{
    uint8_t *other = v->extension ? v->extension->colour(v->extension->device, index) : NULL;

    return other ? other : &v->dac[index * 3];
}

static uint32_t dac_read(struct vga *v)
{
    uint8_t value = dac_entry(v, v->dac_read)[v->dac_component];

    if (++v->dac_component == 3) {
        v->dac_component = 0;
        v->dac_read++;
    }
    return value;
}

static void dac_write(struct vga *v, uint8_t value)
{
    v->dac_latch[v->dac_component] = v->dispi[DISPI_ENABLE] & DISPI_8BIT_DAC ? value : value & 0x3F;
    if (++v->dac_component < 3)
        return;
    memcpy(dac_entry(v, v->dac_write), v->dac_latch, 3);
    v->dac_component = 0;
    v->dac_write++;
}

static void attribute_write(struct vga *v, uint8_t value)
{
    unsigned index = v->attribute_index & 0x1F;

    if (!v->attribute_data)
        v->attribute_index = value & 0x3F;
    else if (index < 16 ? !(v->attribute_index & 0x20) : index < VGA_ATTRIBUTE) /* the palette is locked while it is
                                                                                   displayed */
        v->attribute[index] = index < 16 ? value & 0x3F : value;
    v->attribute_data = !v->attribute_data;
}

static void crtc_write(struct vga *v, uint8_t value)
{
    unsigned index = v->crtc_index;

    if (index < 8 && v->crtc[0x11] & 0x80) { /* protected, except line compare bit 8 */
        if (index == 7)
            v->crtc[7] = (uint8_t)((v->crtc[7] & ~0x10) | (value & 0x10));
        return;
    }
    if (index < VGA_CRTC)
        v->crtc[index] = value;
    interrupt_changed(v);
}

/* 3B4h/3B5h/3BAh answer for monochrome, 3D4h/3D5h/3DAh for colour. Other ports are the same in both. */
static bool not_here(const struct vga *v, uint16_t port)
{
    if (!v->awake)
        return port != 0x3C3 && port != 0x46E8;
    return (port & 0xFFF0) == (v->misc & MISC_COLOUR ? 0x3B0 : 0x3D0);
}

uint32_t vga_port_read(void *device, uint16_t port, unsigned size)
{
    struct vga *v = device;
    uint32_t value;

    (void)size;
    if (not_here(v, port))
        return 0xFF;
    if (v->extension && v->extension->read(v->extension->device, port, &value))
        return value;
    switch (port) {
    case 0x3C0: return v->attribute_index;
    case 0x3C1: return (v->attribute_index & 0x1F) < VGA_ATTRIBUTE ? v->attribute[v->attribute_index & 0x1F] : 0;
    case 0x3C2: return 0x10 | (v->interrupt ? 0x80 : 0); /* a colour monitor is sensed */
    case 0x3C3: return v->awake;
    case 0x3C4: return v->sequencer_index;
    case 0x3C5: return v->sequencer_index < VGA_SEQUENCER ? v->sequencer[v->sequencer_index] : 0;
    case 0x3C6: return v->dac_mask;
    case 0x3C7: return v->dac_state;
    case 0x3C8: return v->dac_write;
    case 0x3C9: return dac_read(v);
    case 0x3CA: return v->feature;
    case 0x3CC: return v->misc;
    case 0x3CE: return v->graphics_index;
    case 0x3CF: return v->graphics_index < VGA_GRAPHICS ? v->graphics[v->graphics_index] : 0;
    case 0x3B4:
    case 0x3D4: return v->crtc_index;
    case 0x3B5:
    case 0x3D5: return v->crtc_index < VGA_CRTC ? v->crtc[v->crtc_index] : 0;
    case 0x3BA:
    case 0x3DA: v->attribute_data = false; return beam_status(v);
    default: return 0xFF;
    }
}

static uint64_t port_repeats(void *device, uint16_t port)
{
    const struct vga *v = device;

    if (port != 0x3DA && port != 0x3BA)
        return 0;
    return not_here(v, port) ? NEVER : v->attribute_data ? 0 : beam_turns(v);
}

static void register_write(struct vga *v, uint16_t port, uint8_t value)
{
    switch (port) {
    case 0x3C0: attribute_write(v, value); break;
    case 0x3C2:
        v->misc = value;
        interrupt_changed(v);
        break;
    case 0x3C3: wake(v, value & 1); break;
    case 0x46E8: wake(v, value & 8); break;
    case 0x3C4: v->sequencer_index = value; break;
    case 0x3C5:
        if (v->sequencer_index < VGA_SEQUENCER)
            v->sequencer[v->sequencer_index] = value;
        interrupt_changed(v);
        break;
    case 0x3C6: v->dac_mask = value; break;
    case 0x3C7:
        v->dac_read = value;
        v->dac_component = 0;
        v->dac_state = 3;
        break;
    case 0x3C8:
        v->dac_write = value;
        v->dac_component = 0;
        v->dac_state = 0;
        break;
    case 0x3C9: dac_write(v, value); break;
    case 0x3CE: v->graphics_index = value; break;
    case 0x3CF:
        if (v->graphics_index < VGA_GRAPHICS)
            v->graphics[v->graphics_index] = value;
        break;
    case 0x3B4:
    case 0x3D4: v->crtc_index = value; break;
    case 0x3B5:
    case 0x3D5: crtc_write(v, value); break;
    case 0x3BA:
    case 0x3DA: v->feature = value; break;
    default: break;
    }
}

void vga_port_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    struct vga *v = device;
    const struct vga_extension *e = v->extension;

    (void)size;
    if (not_here(v, port) || (e && e->write(e->device, port, (uint8_t)value)))
        return;
    register_write(v, port, (uint8_t)value);
    if (e)
        e->written(e->device);
}

bool vga_init_extended(struct vga *v, struct clock *clock, struct bus *bus, struct memory *memory, struct line irq,
                       const struct vga_extension *extension, uint32_t memory_size)
{
    memset(v, 0, sizeof *v);
    v->extension = extension;
    v->memory_size = memory_size;
    v->clock = clock;
    v->bus_memory = memory;
    v->irq = irq;
    v->interrupt_at = NEVER;
    clock_register(clock, EVENT_RETRACE, &v->interrupt_at, frame_shown, v);
    v->picture = calloc(1, sizeof *v->picture);
    v->memory = calloc(1, memory_size);
    v->stale = calloc(1, vga_pages(v));
    if (!v->picture || !v->memory || !v->stale || !hash_tree_init(&v->pages, vga_pages(v)))
        return false;
    bus_map_ports(bus, 0x3B4, 2, 1, vga_port_read, vga_port_write, v);
    bus_map_ports(bus, 0x3BA, 1, 1, vga_port_read, vga_port_write, v);
    bus_map_ports(bus, 0x3C0, 16, 1, vga_port_read, vga_port_write, v);
    bus_map_ports(bus, 0x3D4, 2, 1, vga_port_read, vga_port_write, v);
    bus_map_ports(bus, 0x3DA, 1, 1, vga_port_read, vga_port_write, v);
    bus_map_ports(bus, 0x46E8, 1, 1, vga_port_read, vga_port_write, v);
    bus_declare_repeats(bus, v, vga_port_read, port_repeats);
    return true;
}

bool vga_init(struct vga *v, struct clock *clock, struct bus *bus, struct memory *memory, struct line irq)
{
    if (!vga_init_extended(v, clock, bus, memory, irq, NULL, VGA_MEMORY))
        return false;
    vga_memory_init(v);
    vga_reset(v);
    dispi_init(v, bus);
    return true;
}

void vga_free(struct vga *v)
{
    free(v->picture);
    free(v->memory);
    free(v->stale);
    hash_tree_free(&v->pages);
    v->picture = NULL;
    v->memory = v->stale = NULL;
}

void vga_reset(struct vga *v)
{
    v->misc = v->attribute_index = 0;
    v->dac_mask = 0xFF;
    v->attribute_data = false;
    v->awake = true;
    memset(v->sequencer, 0, sizeof v->sequencer);
    memset(v->graphics, 0, sizeof v->graphics);
    memset(v->crtc, 0, sizeof v->crtc);
    interrupt_changed(v);
    dispi_reset(v);
}

const char *vga_loaded(void *device)
{
    struct vga *v = device;

    return v->memory ? dispi_loaded(v) : NULL;
}

const uint8_t *vga_root(struct vga *v, const struct hasher *h)
{
    uint8_t hash[HASH_SIZE];

    if (!v->hashed)
        hash_tree_zeros(&v->pages, h);
    v->hashed = true;
    for (uint32_t page = 0; page < vga_pages(v); page++) {
        if (!(v->stale[page] & VGA_STALE_DIGEST))
            continue;
        hash_leaf(h, v->memory + (size_t)page * PAGE_SIZE, PAGE_SIZE, hash);
        hash_tree_set(&v->pages, page, hash);
        v->stale[page] &= (uint8_t)~VGA_STALE_DIGEST;
    }
    memory_forget_pages(v->bus_memory); /* the next write to a page must be seen */
    return hash_tree_root(&v->pages, h);
}
