/* vga_memory.c - display memory as the CPU sees it: the window at A0000h with planes, latches and write modes (IBM PS/2
 * Hardware Interface Technical Reference, "Video Subsystem": graphics controller), and the linear frame buffer.
 *
 * The four planes lie side by side: byte a of plane p is byte 4a + p, so that 32 bits hold what an address has in all
 * planes, and one operation serves the four. What is linear the CPU reaches without asking; planes it does not, as
 * reading them loads the latches. */
#include "emu/devices/vga_memory.h"

#include <string.h>

#include "emu/endian.h"

enum { SEQ_MAP_MASK = 2, SEQ_MEMORY_MODE = 4, SEQ_CHAIN4 = 8, SEQ_SEQUENTIAL = 4 };
enum {
    GFX_SET_RESET,
    GFX_ENABLE_SET_RESET,
    GFX_COMPARE,
    GFX_ROTATE,
    GFX_READ_MAP,
    GFX_MODE,
    GFX_MISC,
    GFX_DONT_CARE,
    GFX_BIT_MASK
};
enum { MISC_RAM = 2 };

void vga_touch(struct vga *v, uint32_t first, uint32_t length)
{
    uint32_t page = first / PAGE_SIZE, count = (first + length - 1) / PAGE_SIZE - page + 1;

    memset(v->stale + page, VGA_STALE, count);
    v->touched = true;
}

/* The same for what lies in one page. */
static inline void touch_page(struct vga *v, uint32_t at)
{
    v->stale[at / PAGE_SIZE] = VGA_STALE;
    v->touched = true;
}

static void frame_buffer_writing(void *device, uint32_t address)
{
    touch_page(device, address % VGA_MEMORY);
}

/* --- The window --- */

static void bank_writing(void *device, uint32_t address)
{
    struct vga *v = device;

    touch_page(v, dispi_bank_start(v) + (address - 0xA0000));
}

void vga_window_changed(struct vga *v)
{
    if (v->extension) {
        v->extension->window_changed(v->extension->device);
        return;
    }
    v->window_base[0] = v->window_base[1] = dispi_planar_base(v);
    v->window_mask = 0xFFFF;
    v->bank->bytes = dispi_packed(v) && v->awake ? v->memory + dispi_bank_start(v) : NULL;
    memory_forget_pages(v->bus_memory);
}

/* After the bank of a packed mode there is nothing. */
int32_t vga_window_offset(const struct vga *v, uint32_t address)
{
    static const struct {
        uint32_t first, size;
    } windows[4] = {{0xA0000, 0x20000}, {0xA0000, 0x10000}, {0xB0000, 0x8000}, {0xB8000, 0x8000}};
    unsigned n = v->graphics[GFX_MISC] >> 2 & 3;

    if (!(v->misc & MISC_RAM) || !v->awake || dispi_packed(v) || address < windows[n].first ||
        address - windows[n].first >= windows[n].size)
        return -1;
    return (int32_t)(address - windows[n].first);
}

/* Where the four planes' bytes of an offset are. */
static uint32_t planes_at(const struct vga *v, uint32_t offset)
{
    return ((offset & v->window_mask) + v->window_base[offset >> 15 & 1]) * 4 & (v->memory_size - 1);
}

/* Four bits, one for each plane, as a byte of zeros or ones for each. */
static uint32_t spread(unsigned bits)
{
    return ((bits & 15) * 0x204081u & 0x01010101) * 0xFF;
}

static uint32_t repeat4(uint8_t value)
{
    return value * 0x01010101u;
}

uint8_t vga_window_read(void *device, uint32_t address)
{
    struct vga *v = device;
    const uint8_t *g = v->graphics;
    int32_t offset = vga_window_offset(v, address);
    unsigned plane = g[GFX_READ_MAP] & 3;
    uint32_t differ;

    if (offset < 0)
        return 0xFF;
    if (v->sequencer[SEQ_MEMORY_MODE] & SEQ_CHAIN4) {
        plane = offset & 3;
        offset &= ~3;
    } else if (g[GFX_MODE] & 0x10) { /* odd/even */
        plane = (plane & 2) | (offset & 1);
        offset &= ~1;
    }
    memcpy(v->latch, v->memory + planes_at(v, (uint32_t)offset), 4);
    if (!(g[GFX_MODE] & 8))
        return v->latch[plane];
    /* read mode 1: where do the planes that count show the colour? */
    differ = (load32(v->latch) ^ spread(g[GFX_COMPARE])) & spread(g[GFX_DONT_CARE]);
    differ |= differ >> 16;
    return (uint8_t) ~(differ | differ >> 8);
}

/* What a write puts into the planes, and which bits of it: write modes 0-3. */
static uint32_t planes_value(const struct vga *v, uint8_t value, uint32_t *mask)
{
    const uint8_t *g = v->graphics;
    unsigned rotate = g[GFX_ROTATE] & 7;
    uint8_t rotated = (uint8_t)(value >> rotate | value << (8 - rotate));
    uint32_t latch = load32(v->latch), enabled = spread(g[GFX_ENABLE_SET_RESET]), set = spread(g[GFX_SET_RESET]),
             planes;

    *mask = repeat4(g[GFX_BIT_MASK]);
    switch (g[GFX_MODE] & 3) {
    case 1: *mask = 0xFFFFFFFF; return latch;
    case 2: planes = spread(value); break;
    case 3:
        *mask &= repeat4(rotated);
        planes = set;
        break;
    default: planes = (repeat4(rotated) & ~enabled) | (set & enabled);
    }
    switch (g[GFX_ROTATE] >> 3 & 3) {
    case 1: return planes & latch;
    case 2: return planes | latch;
    case 3: return planes ^ latch;
    default: return planes;
    }
}

/* A byte goes to planes at an offset. */
static void write_planes(struct vga *v, uint32_t offset, unsigned planes, uint8_t value)
{
    uint32_t at = planes_at(v, offset), mask, written = planes_value(v, value, &mask), chosen = spread(planes);

    written = (written & mask) | (load32(v->latch) & ~mask);
    store32(v->memory + at, (load32(v->memory + at) & ~chosen) | (written & chosen));
    touch_page(v, at);
}

void vga_window_write(void *device, uint32_t address, uint8_t value)
{
    struct vga *v = device;
    int32_t offset = vga_window_offset(v, address);
    unsigned planes = v->sequencer[SEQ_MAP_MASK];

    if (offset < 0)
        return;
    if (v->sequencer[SEQ_MEMORY_MODE] & SEQ_CHAIN4) {
        planes &= 1u << (offset & 3);
        offset &= ~3;
    } else if (!(v->sequencer[SEQ_MEMORY_MODE] & SEQ_SEQUENTIAL)) { /* odd/even */
        planes &= offset & 1 ? 0xA : 0x5;
        offset &= ~1;
    }
    write_planes(v, (uint32_t)offset, planes, value);
}

uint32_t vga_window_read_wide(void *device, uint32_t address, unsigned size)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < size; i++)
        value |= (uint32_t)vga_window_read(device, address + i) << 8 * i;
    return value;
}

/* Nothing stands between the CPU and the planes: no rotation, function, set/reset, latch or closed plane. */
static bool writes_straight(const struct vga *v)
{
    const uint8_t *g = v->graphics;

    return !(g[GFX_MODE] & 3) && !(g[GFX_ROTATE] & 0x1F) && !(g[GFX_ENABLE_SET_RESET] & 15) &&
           g[GFX_BIT_MASK] == 0xFF && (v->sequencer[SEQ_MAP_MASK] & 15) == 15;
}

void vga_window_write_wide(void *device, uint32_t address, uint32_t value, unsigned size)
{
    struct vga *v = device;

    if (size == 4 && !(address & 3) && v->sequencer[SEQ_MEMORY_MODE] & SEQ_CHAIN4 && writes_straight(v)) {
        int32_t offset = vga_window_offset(v, address);
        if (offset >= 0) {
            uint32_t at = planes_at(v, (uint32_t)offset);
            store32(v->memory + at, value);
            touch_page(v, at);
        }
        return;
    }
    for (unsigned i = 0; i < size; i++)
        vga_window_write(device, address + i, (uint8_t)(value >> 8 * i));
}

static struct mmio *map_window(struct vga *v, uint32_t first)
{
    struct mmio *window = memory_map_mmio(v->bus_memory, first, 0x10000, vga_window_read, vga_window_write, v);

    window->read_wide = vga_window_read_wide;
    window->write_wide = vga_window_write_wide;
    return window;
}

void vga_memory_init(struct vga *v)
{
    v->bank = map_window(v, 0xA0000);
    v->bank->writing = bank_writing;
    map_window(v, 0xB0000);
    v->linear = memory_map_mmio(v->bus_memory, 0 - VGA_MEMORY, VGA_MEMORY, NULL, NULL, v);
    v->linear->bytes = v->memory;
    v->linear->writing = frame_buffer_writing;
    vga_place_linear(v, 0, false);
}

void vga_place_region(void *device, unsigned region, uint32_t address, bool open)
{
    (void)region;
    vga_place_linear(device, address, open);
}

void vga_place_linear(struct vga *v, uint32_t address, bool open)
{
    memory_move_mmio(v->bus_memory, v->linear, address, open);
}
