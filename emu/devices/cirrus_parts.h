/* cirrus_parts.h - between cirrus.c, cirrus_memory.c and cirrus_blt.c. */
#ifndef MUNIMENT_EMU_DEVICES_CIRRUS_PARTS_H
#define MUNIMENT_EMU_DEVICES_CIRRUS_PARTS_H

#include "emu/devices/cirrus.h"

enum { SR_KEY = 6, SR_MODE = 7, SR_DDC = 8, SR_CONFIGURATION = 0x17 };
enum { SR_MODE_PACKED = 1, SR_CONFIGURATION_MMIO = 4, SR_CONFIGURATION_HIGH = 0x40 };
enum { GR_MODE = 5, GR_OFFSET = 9, GR_EXTENSIONS = 0x0B, GR_BLT_LAST_ADDRESS = 0x2A, GR_BLT_STATUS = 0x31 };
enum {
    EXTENSIONS_TWO_OFFSETS = 1,
    EXTENSIONS_BY_8 = 2,
    EXTENSIONS_WRITE_MODES = 4,
    EXTENSIONS_LATCHES = 8,
    EXTENSIONS_16_BITS = 0x10,
    EXTENSIONS_COARSE = 0x20
};

/* A mode in which the CPU sees pixels one after the other, and the CRT controller shows them so. */
static inline bool cirrus_packed(const struct cirrus *c)
{
    return c->sequencer[SR_MODE] & SR_MODE_PACKED;
}

/* cirrus.c: any register of the graphics controller, the VGA's included. */
uint8_t cirrus_graphics(const struct cirrus *c, unsigned index);
void cirrus_graphics_write(struct cirrus *c, unsigned index, uint8_t value);

/* cirrus_memory.c */
void cirrus_memory_init(struct cirrus *c);
/* Brings about what registers say of how memory is reached. */
void cirrus_memory_update(struct cirrus *c);

/* cirrus_blt.c: the start and status register is written; the last address register is. */
void cirrus_blt_control(struct cirrus *c, uint8_t value);
void cirrus_blt_addressed(struct cirrus *c);
/* Bytes from the processor while a transfer waits for them, 1, 2 or 4. */
void cirrus_blt_feed(struct cirrus *c, uint32_t value, unsigned size);
/* What does not go together in a state that was loaded, or NULL. */
const char *cirrus_blt_loaded(const struct cirrus *c);

#endif
