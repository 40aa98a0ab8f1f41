/* vga.h - the display: a VGA with 256 KiB, ports 3B0h-3DFh, memory A0000h-BFFFFh. */
#ifndef MUNIMENT_EMU_DEVICES_VGA_H
#define MUNIMENT_EMU_DEVICES_VGA_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/bus.h"
#include "emu/clock.h"
#include "emu/emu.h"
#include "emu/memory.h"
#include "emu/state.h"

#define VGA_MEMORY 0x40000u
#define VGA_CRTC 25
#define VGA_SEQUENCER 5
#define VGA_GRAPHICS 9
#define VGA_ATTRIBUTE 21

struct vga {
    uint8_t misc;                          /* Miscellaneous Output register */
    uint8_t feature;
    uint8_t crtc_index, sequencer_index, graphics_index, attribute_index; /* attribute_index: bit 5 is the display enable */
    uint8_t crtc[VGA_CRTC], sequencer[VGA_SEQUENCER], graphics[VGA_GRAPHICS], attribute[VGA_ATTRIBUTE];
    bool attribute_data;                   /* the next write to 3C0h is data */
    uint8_t dac[768];                      /* 6 bits each */
    uint8_t dac_mask, dac_state;           /* state: 3 after a read index was set, 0 after a write index */
    uint8_t dac_read, dac_write;           /* indices */
    uint8_t dac_component;                 /* 0-2 */
    uint8_t dac_latch[3];                  /* of a colour that is being written */
    uint8_t latch[4];                      /* one byte per plane: the last read of display memory */
    uint8_t memory[VGA_MEMORY];            /* byte address * 4 + plane */
    /* wiring and what is drawn from it */
    struct clock *clock;
    uint32_t *pixels;                      /* FRAME_MAX_WIDTH x FRAME_MAX_HEIGHT */
};

extern const struct state_field vga_state[];

/* False: no memory. */
bool vga_init(struct vga *v, struct clock *clock, struct bus *bus, struct memory *memory);
void vga_free(struct vga *v);
void vga_reset(struct vga *v);

/* machine_text and machine_frame. */
void vga_text(const struct vga *v, struct text_screen *screen);
void vga_frame(struct vga *v, struct frame *frame);

#endif
