/* cirrus.h - the display as a Cirrus Logic CL-GD5430, 5434 or 5446: a VGA with packed modes, a hardware pointer, DDC
 * and the BitBLT engine. */
#ifndef MUNIMENT_EMU_DEVICES_CIRRUS_H
#define MUNIMENT_EMU_DEVICES_CIRRUS_H

#include "emu/devices/ddc.h"
#include "emu/devices/vga.h"

#define CIRRUS_SEQUENCER 32
#define CIRRUS_GRAPHICS 64
#define CIRRUS_CRTC 64
#define BLT_LINE 8192u /* bytes of the longest line, and of the longest pattern */

struct cirrus {
    uint8_t sequencer[CIRRUS_SEQUENCER], graphics[CIRRUS_GRAPHICS], crtc[CIRRUS_CRTC]; /* those that the VGA has not */
    uint16_t pointer_x, pointer_y;
    uint8_t hidden_dac;   /* Hidden DAC register */
    uint8_t mask_reads;   /* of port 3C6h in a row, up to 4: the hidden register is next */
    uint8_t colours[48];  /* of the pointer (0 and 15) and the border, 6 bits each */
    uint8_t latch[8];     /* eight bytes that write mode 1 copies */
    uint32_t shown_start; /* the picture's first address before the start was changed */
    uint64_t start_changed;
    struct ddc ddc;
    /* A transfer from the processor is under way. */
    bool blt_waits;
    uint8_t blt_registers[CIRRUS_GRAPHICS]; /* as they were when it began */
    uint16_t blt_line;                      /* that comes next */
    uint8_t blt_data[BLT_LINE];             /* of that line, as far as it has come */
    uint32_t blt_filled;
    uint32_t aside; /* so many accesses to memory come here although they need not: cirrus_memory.c */
    /* wiring */
    struct vga *vga;
    enum display chip;
    bool pci;
    struct vga_extension extension;
    struct mmio *window[2], *linear, *beyond, *registers, *high_registers;
};

extern const struct state_field cirrus_state[];

struct cirrus_model {
    enum display chip; /* DISPLAY_GD5430, 5434 or 5446 */
    bool pci;          /* else ISA */
    uint32_t memory;   /* 1, 2 or 4 MiB */
    enum monitor monitor;
};

/* The VGA is a part of its own, and is made here. False: no memory. */
bool cirrus_init(struct cirrus *c, struct vga *vga, struct clock *clock, struct bus *bus, struct memory *memory,
                 struct line irq, const struct cirrus_model *model);
void cirrus_reset(struct cirrus *c);
/* Whether what was loaded into its state goes together; struct part of machine.h. */
const char *cirrus_loaded(void *device);

/* Its regions on PCI: 0 is the linear frame buffer, 1 the registers of a GD5446. */
void cirrus_place(void *device, unsigned region, uint32_t address, bool open);
#define CIRRUS_FRAME_BUFFER(chip) ((chip) == DISPLAY_GD5446 ? 0x2000000u : 0x1000000u)
#define CIRRUS_REGISTERS 0x1000u

#endif
