/* cirrus_memory.c - how the CPU reaches a Cirrus display's memory and memory-mapped registers: the window at A0000h
 * with one or two offsets, the linear frame buffer, the extended write modes (CL-GD5446 Technical Reference Manual,
 * "Extension Registers": GR9, GRA, GRB, SR7, SR17).
 *
 * In packed modes memory is bytes, which the CPU reaches without asking. While a transfer from the processor is under
 * way each of its writes belongs to the BitBLT engine. To change from one to the other voids what the CPU keeps of the
 * pages: so after a transfer memory stays with the functions here for a while, and text, a transfer for each glyph,
 * costs no page. */
#include <string.h>

#include "emu/devices/cirrus_parts.h"
#include "emu/devices/vga_memory.h"
#include "emu/endian.h"

#define ASIDE 4096u      /* accesses after a transfer before memory is plain bytes again */
#define HALF 0x8000u     /* of the window */
#define NOT_MAPPED 0xFFu /* no register */

enum { PIXELS = 8 }; /* that a byte stands for in write modes 4 and 5 */

/* --- Addresses --- */

static uint32_t in_memory(const struct cirrus *c, uint32_t address)
{
    return address & (c->vga->memory_size - 1);
}

/* Where an offset of the window lies in packed memory. */
static uint32_t packed_at(const struct cirrus *c, uint32_t offset)
{
    const struct vga *v = c->vga;

    return in_memory(c, (offset & v->window_mask) + v->window_base[offset >> 15 & 1]);
}

/* --- Write modes 4 and 5, addresses of eight pixels, eight latches --- */

static bool expands(const struct cirrus *c)
{
    return c->graphics[GR_EXTENSIONS] & EXTENSIONS_WRITE_MODES && (c->vga->graphics[GR_MODE] & 6) == 4;
}

/* The latches are loaded and written in write mode 1. */
static bool latches(const struct cirrus *c)
{
    return c->graphics[GR_EXTENSIONS] & EXTENSIONS_LATCHES && (c->vga->graphics[GR_MODE] & 7) == 1;
}

static bool extended_access(const struct cirrus *c)
{
    return c->graphics[GR_EXTENSIONS] & EXTENSIONS_BY_8 || expands(c) || latches(c);
}

/* An address of the CPU's counts pixels, or groups of eight. */
static uint32_t scaled(const struct cirrus *c, uint32_t at)
{
    uint8_t e = c->graphics[GR_EXTENSIONS];
    unsigned shift = !(e & EXTENSIONS_BY_8) ? 0 : e & EXTENSIONS_16_BITS && e & EXTENSIONS_WRITE_MODES ? 4 : 3;

    return in_memory(c, at << shift);
}

/* Foreground where a bit is 1; background, or nothing, where it is 0. */
static void expand_byte(struct cirrus *c, uint32_t at, uint8_t bits, bool opaque)
{
    unsigned size = c->graphics[GR_EXTENSIONS] & EXTENSIONS_16_BITS ? 2 : 1;

    for (unsigned i = 0; i < PIXELS; i++) {
        unsigned one = bits >> (7 - i) & 1;
        for (unsigned k = 0; (one || opaque) && k < size; k++)
            c->vga->memory[in_memory(c, at + i * size + k)] = cirrus_graphics(c, k ? 0x10 + one : one);
    }
}

static void packed_write(struct cirrus *c, uint32_t at, uint8_t value)
{
    at = scaled(c, at);
    vga_touch(c->vga, at, 1);
    if (expands(c)) {
        expand_byte(c, at, value, c->vga->graphics[GR_MODE] & 1);
        vga_touch(c->vga, in_memory(c, at + 2 * PIXELS - 1), 1);
    } else if (latches(c)) {
        memcpy(c->vga->memory + (at & ~7u), c->latch, sizeof c->latch);
    } else {
        c->vga->memory[at] = value;
    }
}

static uint8_t packed_read(struct cirrus *c, uint32_t at)
{
    at = scaled(c, at);
    if (latches(c))
        memcpy(c->latch, c->vga->memory + (at & ~7u), sizeof c->latch);
    return c->vga->memory[at];
}

/* --- Memory-mapped registers --- */

/* The graphics controller's register at an offset, or NOT_MAPPED. */
static unsigned mapped(uint32_t offset)
{
    /* clang-format off */
    static const uint8_t registers[] = {
        0x00, 0x10, 0x12, 0x14, 0x01, 0x11, 0x13, 0x15, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A, NOT_MAPPED,
        0x2C, 0x2D, 0x2E, 0x2F, 0x30, NOT_MAPPED, 0x32, 0x33, 0x34, 0x35, NOT_MAPPED, NOT_MAPPED, 0x38, 0x39,
    };
    /* clang-format on */

    return offset < sizeof registers ? registers[offset] : offset == 0x40 ? GR_BLT_STATUS : NOT_MAPPED;
}

static uint8_t mapped_read(const struct cirrus *c, uint32_t offset)
{
    return mapped(offset) == NOT_MAPPED ? 0xFF : cirrus_graphics(c, mapped(offset));
}

static void mapped_write(struct cirrus *c, uint32_t offset, uint8_t value)
{
    if (mapped(offset) != NOT_MAPPED)
        cirrus_graphics_write(c, mapped(offset), value);
}

/* The registers' own region: the VGA's ports from 3C0h on, and from 100h on those of the BitBLT engine. */
static uint8_t registers_read(void *device, uint32_t address)
{
    struct cirrus *c = device;
    uint32_t offset = address % CIRRUS_REGISTERS;

    if (offset < 0x20)
        return (uint8_t)vga_port_read(c->vga, (uint16_t)(0x3C0 + offset), 1);
    return offset >= 0x100 ? mapped_read(c, offset - 0x100) : 0xFF;
}

static void registers_write(void *device, uint32_t address, uint8_t value)
{
    struct cirrus *c = device;
    uint32_t offset = address % CIRRUS_REGISTERS;

    if (offset < 0x20)
        vga_port_write(c->vga, (uint16_t)(0x3C0 + offset), value, 1);
    else if (offset >= 0x100)
        mapped_write(c, offset - 0x100, value);
}

/* Whether an address is that of a register at B8000h. */
static bool at_b8000(const struct cirrus *c, uint32_t address)
{
    return (c->sequencer[SR_CONFIGURATION] & (SR_CONFIGURATION_MMIO | SR_CONFIGURATION_HIGH)) ==
               SR_CONFIGURATION_MMIO &&
           address - 0xB8000 < 0x100 && c->vga->awake;
}

/* --- The window and the linear frame buffer --- */

/* A memory access came here that would not have to. */
static void come_by(struct cirrus *c)
{
    if (c->aside && --c->aside == 0)
        cirrus_memory_update(c);
}

static uint8_t window_read(void *device, uint32_t address)
{
    struct cirrus *c = device;
    int32_t offset;

    if (at_b8000(c, address))
        return mapped_read(c, address - 0xB8000);
    if (!cirrus_packed(c))
        return vga_window_read(c->vga, address);
    come_by(c);
    offset = vga_window_offset(c->vga, address);
    return offset < 0 ? 0xFF : packed_read(c, packed_at(c, (uint32_t)offset));
}

static void window_write(void *device, uint32_t address, uint8_t value)
{
    struct cirrus *c = device;
    int32_t offset;

    if (at_b8000(c, address)) {
        mapped_write(c, address - 0xB8000, value);
        return;
    }
    offset = vga_window_offset(c->vga, address);
    if (offset >= 0 && c->blt_waits)
        cirrus_blt_feed(c, value, 1);
    else if (!cirrus_packed(c))
        vga_window_write(c->vga, address, value);
    else if (offset >= 0)
        packed_write(c, packed_at(c, (uint32_t)offset), value);
    come_by(c);
}

static uint32_t window_read_wide(void *device, uint32_t address, unsigned size)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < size; i++)
        value |= (uint32_t)window_read(device, address + i) << 8 * i;
    return value;
}

static void window_write_wide(void *device, uint32_t address, uint32_t value, unsigned size)
{
    struct cirrus *c = device;

    if (c->blt_waits && !at_b8000(c, address) && vga_window_offset(c->vga, address) >= 0) {
        cirrus_blt_feed(c, value, size);
        return;
    }
    if (!cirrus_packed(c) && !at_b8000(c, address)) {
        vga_window_write_wide(c->vga, address, value, size);
        return;
    }
    for (unsigned i = 0; i < size; i++)
        window_write(device, address + i, (uint8_t)(value >> 8 * i));
}

static uint8_t linear_read(void *device, uint32_t address)
{
    struct cirrus *c = device;

    come_by(c);
    return packed_read(c, in_memory(c, address));
}

static void linear_write(void *device, uint32_t address, uint8_t value)
{
    struct cirrus *c = device;

    if (c->blt_waits)
        cirrus_blt_feed(c, value, 1);
    else
        packed_write(c, in_memory(c, address), value);
    come_by(c);
}

static uint32_t linear_read_wide(void *device, uint32_t address, unsigned size)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < size; i++)
        value |= (uint32_t)linear_read(device, address + i) << 8 * i;
    return value;
}

static void linear_write_wide(void *device, uint32_t address, uint32_t value, unsigned size)
{
    struct cirrus *c = device;
    uint32_t at = in_memory(c, address);

    if (c->blt_waits) {
        cirrus_blt_feed(c, value, size);
        return;
    }
    if (!extended_access(c)) { /* an access lies within a page */
        for (unsigned i = 0; i < size; i++)
            c->vga->memory[at + i] = (uint8_t)(value >> 8 * i);
        vga_touch(c->vga, at, size);
    } else {
        for (unsigned i = 0; i < size; i++)
            packed_write(c, at + i, (uint8_t)(value >> 8 * i));
    }
    come_by(c);
}

/* The last page of memory, whose last 256 bytes are registers. */
static uint8_t high_read(void *device, uint32_t address)
{
    return address % PAGE_SIZE < PAGE_SIZE - 0x100 ? linear_read(device, address) : mapped_read(device, address & 0xFF);
}

static void high_write(void *device, uint32_t address, uint8_t value)
{
    if (address % PAGE_SIZE < PAGE_SIZE - 0x100)
        linear_write(device, address, value);
    else
        mapped_write(device, address & 0xFF, value);
}

/* --- What the CPU may reach without asking --- */

static void window_writing(void *device, uint32_t address)
{
    struct cirrus *c = device;

    vga_touch(c->vga, packed_at(c, address - 0xA0000), 1);
}

static void linear_writing(void *device, uint32_t address)
{
    struct cirrus *c = device;

    vga_touch(c->vga, in_memory(c, address), 1);
}

/* The first offset for both halves of the window, or one for each. */
static void take_offsets(struct cirrus *c)
{
    uint8_t e = c->graphics[GR_EXTENSIONS];
    bool two = e & EXTENSIONS_TWO_OFFSETS;

    for (unsigned i = 0; i < 2; i++)
        c->vga->window_base[i] = (uint32_t)c->graphics[GR_OFFSET + (two ? i : 0)] << (e & EXTENSIONS_COARSE ? 14 : 12);
    c->vga->window_mask = two ? HALF - 1 : 2 * HALF - 1;
}

static uint8_t *half_bytes(const struct cirrus *c, unsigned i)
{
    uint32_t at = packed_at(c, i * HALF);

    return cirrus_packed(c) && vga_window_offset(c->vga, 0xA0000 + i * HALF) >= 0 && at + HALF <= c->vga->memory_size
               ? c->vga->memory + at
               : NULL;
}

/* Without PCI SR7 says where the linear frame buffer is, in MiB; and it may have registers at its end. */
static void place_regions(struct cirrus *c)
{
    struct memory *memory = c->vga->bus_memory;
    uint8_t configuration = c->sequencer[SR_CONFIGURATION];
    bool high = configuration & SR_CONFIGURATION_MMIO && configuration & SR_CONFIGURATION_HIGH, open;

    if (!c->pci) {
        uint32_t first = (uint32_t)(c->sequencer[SR_MODE] & 0xF0) << 16;
        memory_move_mmio(memory, c->linear, first & (0 - c->vga->memory_size), first && cirrus_packed(c));
    }
    open = c->linear->first <= c->linear->last;
    memory_move_mmio(memory, c->high_registers, c->linear->first + c->vga->memory_size - PAGE_SIZE, open && high);
}

void cirrus_memory_update(struct cirrus *c)
{
    bool plain = !c->blt_waits && !extended_access(c), moved = false;
    struct mmio *regions[3] = {c->window[0], c->window[1], c->linear};

    if (c->blt_waits)
        c->aside = ASIDE;
    take_offsets(c);
    place_regions(c);
    for (unsigned i = 0; i < 3; i++) {
        uint8_t *bytes = !plain || c->aside ? NULL : i < 2 ? half_bytes(c, i) : c->vga->memory;
        moved |= regions[i]->bytes != bytes;
        regions[i]->bytes = bytes;
    }
    if (moved)
        memory_forget_pages(c->vga->bus_memory);
}

/* --- The chip --- */

static struct mmio *map_window(struct cirrus *c, uint32_t first, uint32_t length)
{
    struct mmio *window = memory_map_mmio(c->vga->bus_memory, first, length, window_read, window_write, c);

    window->read_wide = window_read_wide;
    window->write_wide = window_write_wide;
    window->writing = window_writing;
    return window;
}

/* A region that is nowhere at first. */
static struct mmio *map_region(struct cirrus *c, uint32_t length, mmio_read_function *read, mmio_write_function *write)
{
    struct mmio *region = memory_map_mmio(c->vga->bus_memory, 0 - length, length, read, write, c);

    memory_move_mmio(c->vga->bus_memory, region, 0, false);
    return region;
}

static struct mmio *map_linear(struct cirrus *c, uint32_t length)
{
    struct mmio *region = map_region(c, length, linear_read, linear_write);

    region->read_wide = linear_read_wide;
    region->write_wide = linear_write_wide;
    region->writing = linear_writing;
    return region;
}

/* Of two regions the one that is mapped first answers. */
void cirrus_memory_init(struct cirrus *c)
{
    c->window[0] = map_window(c, 0xA0000, HALF);
    c->window[1] = map_window(c, 0xA0000 + HALF, HALF);
    map_window(c, 0xB0000, 2 * HALF);
    c->high_registers = map_region(c, PAGE_SIZE, high_read, high_write);
    c->linear = map_linear(c, c->vga->memory_size);
    if (!c->pci)
        return;
    c->beyond = map_linear(c, CIRRUS_FRAME_BUFFER(c->chip));
    c->registers = map_region(c, CIRRUS_REGISTERS, registers_read, registers_write);
}

/* Memory repeats throughout its region. */
void cirrus_place(void *device, unsigned region, uint32_t address, bool open)
{
    struct cirrus *c = device;
    struct memory *memory = c->vga->bus_memory;

    if (region == 0) {
        memory_move_mmio(memory, c->linear, address, open);
        memory_move_mmio(memory, c->beyond, address, open);
        cirrus_memory_update(c);
    } else {
        memory_move_mmio(memory, c->registers, address, open);
    }
}
