/* vga.h - the display: a VGA with 8 MiB, ports 3B0h-3DFh and 46E8h, memory A0000h-BFFFFh; Bochs' display interface (DISPI) for larger modes at ports 1CEh-1D1h, with
 * a linear frame buffer that the machine places. */
#ifndef MUNIMENT_EMU_DEVICES_VGA_H
#define MUNIMENT_EMU_DEVICES_VGA_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/bus.h"
#include "emu/clock.h"
#include "emu/emu.h"
#include "emu/hashtree.h"
#include "emu/line.h"
#include "emu/memory.h"
#include "emu/state.h"

#define VGA_MEMORY 0x800000u    /* a power of two; the VGA itself reaches the first 256 KiB */
#define VGA_PAGES (VGA_MEMORY / PAGE_SIZE)
#define VGA_CRTC 25
#define VGA_SEQUENCER 5
#define VGA_GRAPHICS 9
#define VGA_ATTRIBUTE 21

enum dispi_register {
    DISPI_ID, DISPI_XRES, DISPI_YRES, DISPI_BPP, DISPI_ENABLE, DISPI_BANK, DISPI_VIRT_WIDTH, DISPI_VIRT_HEIGHT, DISPI_X_OFFSET, DISPI_Y_OFFSET,
    DISPI_MEMORY_64K, DISPI_REGISTERS
};
enum { DISPI_ENABLED = 0x01, DISPI_GET_CAPS = 0x02, DISPI_8BIT_DAC = 0x20, DISPI_LINEAR = 0x40, DISPI_NO_CLEAR = 0x80 };

enum vga_page { VGA_STALE_DIGEST = 1, VGA_STALE_SNAPSHOT = 2, VGA_STALE_PICTURE = 4, VGA_STALE = 7 };

struct vga {
    uint8_t misc;                          /* Miscellaneous Output register */
    uint8_t feature;
    uint8_t crtc_index, sequencer_index, graphics_index, attribute_index; /* attribute_index: bit 5 is the display enable */
    uint8_t crtc[VGA_CRTC], sequencer[VGA_SEQUENCER], graphics[VGA_GRAPHICS], attribute[VGA_ATTRIBUTE];
    bool attribute_data;                   /* the next write to 3C0h is data */
    uint8_t dac[768];                      /* 6 bits each, or 8 with DISPI_8BIT_DAC */
    uint8_t dac_mask, dac_state;           /* state: 3 after a read index was set, 0 after a write index */
    uint8_t dac_read, dac_write;           /* indices */
    uint8_t dac_component;                 /* 0-2 */
    uint8_t dac_latch[3];                  /* of a colour that is being written */
    bool awake;                            /* ports and memory answer: port 3C3h or 46E8h */
    bool interrupt;                        /* the vertical interrupt is pending */
    uint64_t interrupt_at;                 /* tick of the next one, if one can come */
    uint8_t latch[4];                      /* one byte per plane: the last read of display memory */
    uint16_t dispi_index;
    uint16_t dispi[DISPI_REGISTERS];
    uint8_t *memory;                       /* VGA_MEMORY bytes: byte address * 4 + plane; the linear frame buffer shows the same bytes */
    /* what the digest knows of the memory */
    struct hash_tree pages;
    uint8_t *stale;                        /* one per page, enum vga_page: what does not know yet that it was written */
    bool hashed;                           /* there was one */
    bool touched;                          /* a page is stale for the picture */
    struct picture *picture;               /* vga_draw.h */
    /* wiring */
    struct clock *clock;
    struct memory *bus_memory;
    struct line irq;
    struct mmio *linear, *bank;            /* the frame buffer; A0000h-AFFFFh */
};

extern const struct state_field vga_state[];

/* irq: the vertical interrupt, which need not be connected; EVENT_RETRACE. False: no memory. */
bool vga_init(struct vga *v, struct clock *clock, struct bus *bus, struct memory *memory, struct line irq);
void vga_free(struct vga *v);
void vga_reset(struct vga *v);
/* Whether what was loaded into its state goes together; struct part of machine.h. */
const char *vga_loaded(void *device);
/* Places the linear frame buffer, VGA_MEMORY bytes at a multiple of that; closed at first. */
void vga_place_linear(struct vga *v, uint32_t address, bool open);
/* Bytes of display memory change, or are about to: their pages are stale. Who takes that back calls memory_forget_pages. */
void vga_touch(struct vga *v, uint32_t first, uint32_t length);
/* Root of the tree over the pages of display memory. */
const uint8_t *vga_root(struct vga *v, const struct hasher *h);

/* machine_text and machine_frame. */
void vga_text(const struct vga *v, struct text_screen *screen);
void vga_frame(struct vga *v, struct frame *frame);
/* The next frame is drawn anew. */
void vga_redraw(struct vga *v);

#endif
