/* vga_chip.h - the VGA's registers and memory, and what DISPI's registers say of the mode: for the files that make up
 * the display. */
#ifndef MUNIMENT_EMU_DEVICES_VGA_CHIP_H
#define MUNIMENT_EMU_DEVICES_VGA_CHIP_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/bus.h"
#include "emu/clock.h"
#include "emu/emu.h"
#include "emu/hashtree.h"
#include "emu/line.h"
#include "emu/memory.h"
#include "emu/state.h"

#define VGA_MEMORY 0x800000u /* with DISPI; a power of two; the VGA itself reaches the first 256 KiB */
#define VGA_CRTC 25
#define VGA_SEQUENCER 5
#define VGA_GRAPHICS 9
#define VGA_ATTRIBUTE 21

/* clang-format off */
enum dispi_register {
    DISPI_ID, DISPI_XRES, DISPI_YRES, DISPI_BPP, DISPI_ENABLE, DISPI_BANK, DISPI_VIRT_WIDTH, DISPI_VIRT_HEIGHT, DISPI_X_OFFSET, DISPI_Y_OFFSET,
    DISPI_MEMORY_64K, DISPI_REGISTERS
};
/* clang-format on */
enum { DISPI_ENABLED = 0x01, DISPI_GET_CAPS = 0x02, DISPI_8BIT_DAC = 0x20, DISPI_LINEAR = 0x40, DISPI_NO_CLEAR = 0x80 };

enum vga_page { VGA_STALE_DIGEST = 1, VGA_STALE_SNAPSHOT = 2, VGA_STALE_PICTURE = 4, VGA_STALE = 7 };

struct vga;
struct look;
struct pointer_look;

/* What a chip has beyond the VGA's registers. The VGA asks it; `device` is the chip. */
struct vga_extension {
    void *device;
    /* A port of the VGA's is accessed: true if the chip has dealt with it. */
    bool (*read)(void *device, uint16_t port, uint32_t *value);
    bool (*write)(void *device, uint16_t port, uint8_t value);
    void (*written)(void *device);        /* a register of the VGA's was: brings about what follows */
    void (*window_changed)(void *device); /* display memory may be reached in another way */
    uint32_t (*dot_clock)(const void *device, unsigned select); /* in Hz, of Miscellaneous Output's choice */
    uint8_t *(*colour)(void *device, uint8_t index); /* three bytes that the DAC shows in place of its own; or null */
    void (*look)(const void *device, struct look *look); /* corrects what the VGA's registers say */
    void (*pointer)(const void *device, struct pointer_look *pointer);
};

struct vga {
    uint8_t misc; /* Miscellaneous Output register */
    uint8_t feature;
    uint8_t crtc_index, sequencer_index, graphics_index, attribute_index; /* attribute_index: bit 5 is the display
                                                                             enable */
    uint8_t crtc[VGA_CRTC], sequencer[VGA_SEQUENCER], graphics[VGA_GRAPHICS], attribute[VGA_ATTRIBUTE];
    bool attribute_data;         /* the next write to 3C0h is data */
    uint8_t dac[768];            /* 6 bits each, or 8 with DISPI_8BIT_DAC */
    uint8_t dac_mask, dac_state; /* state: 3 after a read index was set, 0 after a write index */
    uint8_t dac_read, dac_write; /* indices */
    uint8_t dac_component;       /* 0-2 */
    uint8_t dac_latch[3];        /* of a colour that is being written */
    bool awake;                  /* ports and memory answer: port 3C3h or 46E8h */
    bool interrupt;              /* the vertical interrupt is pending */
    uint64_t interrupt_at;       /* tick of the next one, if one can come */
    uint8_t latch[4];            /* one byte per plane: the last read of display memory */
    uint16_t dispi_index;
    uint16_t dispi[DISPI_REGISTERS];
    uint8_t *memory; /* memory_size bytes, a power of two: byte address * 4 + plane; the linear frame buffer shows the
                        same bytes */
    /* what the digest knows of the memory */
    struct hash_tree pages;
    uint8_t *stale;          /* one per page, enum vga_page: what does not know yet that it was written */
    bool hashed;             /* there was one */
    bool touched;            /* a page is stale for the picture */
    struct picture *picture; /* vga_draw.h */
    /* What is added to an offset in each half of the window, after the mask, to make an address in the planes. */
    uint32_t window_base[2], window_mask;
    /* wiring */
    uint32_t memory_size;
    const struct vga_extension *extension; /* null: a VGA with DISPI */
    struct clock *clock;
    struct memory *bus_memory;
    struct line irq;
    struct mmio *linear, *bank; /* the frame buffer; A0000h-AFFFFh */
};

static inline uint32_t vga_pages(const struct vga *v)
{
    return v->memory_size / PAGE_SIZE;
}

#define DISPI_BANK_SIZE 0x10000u
#define DISPI_BANKS (VGA_MEMORY / DISPI_BANK_SIZE)

static inline bool dispi_enabled(const struct vga *v)
{
    return v->dispi[DISPI_ENABLE] & DISPI_ENABLED;
}

/* A mode of 8 bits and more is on: the window at A0000h is a bank of linear memory. */
static inline bool dispi_packed(const struct vga *v)
{
    return dispi_enabled(v) && v->dispi[DISPI_BPP] != 4;
}

/* What the planes' addresses in the window begin at: the bank of a mode of 4 bits; else 0. */
static inline uint32_t dispi_planar_base(const struct vga *v)
{
    return dispi_enabled(v) ? v->dispi[DISPI_BANK] % (DISPI_BANKS / 4) * DISPI_BANK_SIZE : 0;
}

/* Where the bank of a packed mode begins. */
static inline uint32_t dispi_bank_start(const struct vga *v)
{
    return v->dispi[DISPI_BANK] * DISPI_BANK_SIZE;
}

/* Bytes from a line to the next. In modes of 4 bits the four planes count together. */
static inline uint32_t dispi_stride_of(uint32_t width, uint32_t bpp)
{
    return bpp == 4 ? (width + 7) / 8 * 4 : width * ((bpp + 7) / 8);
}

static inline uint32_t dispi_stride(const struct vga *v)
{
    return dispi_stride_of(v->dispi[DISPI_VIRT_WIDTH], v->dispi[DISPI_BPP]);
}

#endif
