/* vga.h - the display: a VGA with 8 MiB, ports 3B0h-3DFh and 46E8h, memory A0000h-BFFFFh; Bochs' display interface
 * (DISPI) for larger modes at ports 1CEh-1D1h, with a linear frame buffer that the machine places. */
#ifndef MUNIMENT_EMU_DEVICES_VGA_H
#define MUNIMENT_EMU_DEVICES_VGA_H

#include "emu/devices/vga_chip.h"

extern const struct state_field vga_state[];

/* irq: the vertical interrupt, which need not be connected; EVENT_RETRACE. False: no memory. */
bool vga_init(struct vga *v, struct clock *clock, struct bus *bus, struct memory *memory, struct line irq);
/* The VGA of a chip that has more, and maps display memory itself; without DISPI. */
bool vga_init_extended(struct vga *v, struct clock *clock, struct bus *bus, struct memory *memory, struct line irq,
                       const struct vga_extension *extension, uint32_t memory_size);
void vga_free(struct vga *v);
void vga_reset(struct vga *v);
/* Whether what was loaded into its state goes together; struct part of machine.h. */
const char *vga_loaded(void *device);
/* Root of the tree over the pages of display memory. */
const uint8_t *vga_root(struct vga *v, const struct hasher *h);

/* The VGA's registers, as ports 3B0h-3DFh reach them. */
uint32_t vga_port_read(void *device, uint16_t port, unsigned size);
void vga_port_write(void *device, uint16_t port, uint32_t value, unsigned size);
/* How many times a vertical retrace had begun by a tick, with the timing that is set now: two can be compared. */
uint64_t vga_retraces(const struct vga *v, uint64_t tick);

/* machine_text and machine_frame. */
void vga_text(const struct vga *v, struct text_screen *screen);
void vga_frame(struct vga *v, struct frame *frame);
/* The next frame is drawn anew. */
void vga_redraw(struct vga *v);

#endif
