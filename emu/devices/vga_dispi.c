/* vga_dispi.c - Bochs' display interface (VBE DISPI of the Bochs VGABIOS, ids B0C0h to B0C5h): index at port 1CEh, data
 * at 1CFh and at 1D0h.
 *
 * While a mode is enabled it replaces what the VGA's registers describe. Its memory is the VGA's: the four planes
 * interleaved byte by byte make the linear frame buffer. Geometry can be set while no mode is enabled; a value that
 * does not fit is not taken. */
#include <string.h>

#include "emu/devices/vga_dispi.h"
#include "emu/devices/vga_memory.h"

enum { ID_FIRST = 0xB0C0, ID_LAST = 0xB0C5 };
enum { ENABLE_BITS = DISPI_ENABLED | DISPI_GET_CAPS | DISPI_8BIT_DAC | DISPI_LINEAR | DISPI_NO_CLEAR };
#define LIMIT_BPP 32u

/* --- Registers --- */

/* A line of this many pixels: false if not enough of them fit into the memory. */
static bool set_virtual_width(struct vga *v, uint32_t width)
{
    uint32_t stride = dispi_stride_of(width, v->dispi[DISPI_BPP]), lines = stride ? VGA_MEMORY / stride : 0;

    if (width < v->dispi[DISPI_XRES] || lines < v->dispi[DISPI_YRES])
        return false;
    v->dispi[DISPI_VIRT_WIDTH] = (uint16_t)width;
    v->dispi[DISPI_VIRT_HEIGHT] = (uint16_t)(lines < 0xFFFF ? lines : 0xFFFF);
    return true;
}

/* The DAC keeps what it shows when it changes between 6 and 8 bits. */
static void dac_width_changed(struct vga *v, bool wide)
{
    for (unsigned i = 0; i < sizeof v->dac; i++)
        v->dac[i] = (uint8_t)(wide ? v->dac[i] << 2 : v->dac[i] >> 2);
}

static void begin_mode(struct vga *v, bool clear)
{
    uint32_t shown = dispi_stride_of(v->dispi[DISPI_XRES], v->dispi[DISPI_BPP]) * v->dispi[DISPI_YRES];

    v->dispi[DISPI_BANK] = v->dispi[DISPI_X_OFFSET] = v->dispi[DISPI_Y_OFFSET] = 0;
    if (!clear)
        return;
    memset(v->memory, 0, shown);
    vga_touch(v, 0, shown);
}

/* A mode that has no size, or for which the memory is too small, stays off. */
static void enable_write(struct vga *v, uint16_t value)
{
    uint16_t old = v->dispi[DISPI_ENABLE];

    value &= ENABLE_BITS;
    if (value & DISPI_ENABLED && !(old & DISPI_ENABLED)) {
        if (v->dispi[DISPI_XRES] && v->dispi[DISPI_YRES] && set_virtual_width(v, v->dispi[DISPI_XRES]))
            begin_mode(v, !(value & DISPI_NO_CLEAR));
        else
            value &= (uint16_t)~DISPI_ENABLED;
    }
    if ((value ^ old) & DISPI_8BIT_DAC)
        dac_width_changed(v, value & DISPI_8BIT_DAC);
    v->dispi[DISPI_ENABLE] = value;
}

static bool depth_exists(uint16_t bpp)
{
    return bpp == 4 || bpp == 8 || bpp == 15 || bpp == 16 || bpp == 24 || bpp == 32;
}

static void register_write(struct vga *v, uint16_t index, uint16_t value)
{
    const uint16_t *d = v->dispi;
    bool good = false;

    switch (index) {
    case DISPI_ID: good = value >= ID_FIRST && value <= ID_LAST; break;
    case DISPI_XRES: good = !dispi_enabled(v) && value <= FRAME_MAX_WIDTH; break;
    case DISPI_YRES: good = !dispi_enabled(v) && value <= FRAME_MAX_HEIGHT; break;
    case DISPI_BPP:
        value = value ? value : 8;
        good = !dispi_enabled(v) && depth_exists(value);
        break;
    case DISPI_ENABLE: enable_write(v, value); break;
    case DISPI_BANK: good = value < DISPI_BANKS; break;
    case DISPI_VIRT_WIDTH: set_virtual_width(v, value); break;
    case DISPI_X_OFFSET: good = value + d[DISPI_XRES] <= d[DISPI_VIRT_WIDTH]; break;
    case DISPI_Y_OFFSET: good = value + d[DISPI_YRES] <= d[DISPI_VIRT_HEIGHT]; break;
    default: break;
    }
    if (good)
        v->dispi[index] = value;
    if (index == DISPI_ENABLE || index == DISPI_BANK)
        vga_window_changed(v);
}

static uint16_t register_read(const struct vga *v, uint16_t index)
{
    static const uint16_t limits[] = {
        [DISPI_XRES] = FRAME_MAX_WIDTH, [DISPI_YRES] = FRAME_MAX_HEIGHT, [DISPI_BPP] = LIMIT_BPP};

    if (index >= DISPI_REGISTERS)
        return 0xFFFF;
    if (v->dispi[DISPI_ENABLE] & DISPI_GET_CAPS && index >= DISPI_XRES && index <= DISPI_BPP)
        return limits[index];
    return v->dispi[index];
}

static uint32_t dispi_read(void *device, uint16_t port, unsigned size)
{
    struct vga *v = device;

    (void)size;
    return port == 0x1CE ? v->dispi_index : register_read(v, v->dispi_index);
}

/* The registers are written whole: bytes are lost. */
static void dispi_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    struct vga *v = device;

    if (size != 2)
        return;
    if (port == 0x1CE)
        v->dispi_index = (uint16_t)value;
    else
        register_write(v, v->dispi_index, (uint16_t)value);
}

void dispi_reset(struct vga *v)
{
    if (v->dispi[DISPI_ENABLE] & DISPI_8BIT_DAC)
        dac_width_changed(v, false);
    memset(v->dispi, 0, sizeof v->dispi);
    v->dispi_index = 0;
    v->dispi[DISPI_ID] = ID_LAST;
    v->dispi[DISPI_BPP] = 8;
    v->dispi[DISPI_MEMORY_64K] = DISPI_BANKS;
    vga_window_changed(v);
}

const char *dispi_loaded(struct vga *v)
{
    const uint16_t *d = v->dispi;

    if (d[DISPI_BANK] >= DISPI_BANKS || d[DISPI_XRES] > FRAME_MAX_WIDTH || d[DISPI_YRES] > FRAME_MAX_HEIGHT ||
        !depth_exists(d[DISPI_BPP]) || (dispi_enabled(v) && !(d[DISPI_XRES] && d[DISPI_YRES])))
        return "dispi";
    vga_window_changed(v);
    return NULL;
}

void dispi_init(struct vga *v, struct bus *bus)
{
    bus_map_ports(bus, 0x1CE, 3, 2, dispi_read, dispi_write, v);
}
