/* dispi.h - the display interface of Bochs: index at port 1CEh, data at 1CFh. In the VGA BIOS for Cirrus chips, which
 * is compiled with CIRRUS, cirrus.c does the same with theirs. */
#ifndef BIOS_DISPI_H
#define BIOS_DISPI_H

#include "rom.h"

enum { DISPI_LFB = 0xB0C2, DISPI_LATEST = 0xB0C5 };
enum dispi_register {
    ID,
    WIDTH,
    HEIGHT,
    DEPTH,
    ENABLE_MODE,
    BANK,
    VIRTUAL_WIDTH,
    VIRTUAL_HEIGHT,
    X_OFFSET,
    Y_OFFSET,
    MEMORY_64K
};
enum {
    DISPI_ENABLED = 0x01,
    DISPI_DAC_8BIT = 0x20,
    DISPI_LINEAR = 0x40,
    DISPI_KEEP_MEMORY = 0x80
}; /* of ENABLE_MODE */

uint16_t dispi_read(uint8_t index);
void dispi_write(uint8_t index, uint16_t v);

/* False if the interface did not take the value. */
bool dispi_write_checked(uint8_t index, uint16_t v);

bool dispi_present(void);

/* Its memory, in 64 KiB. */
uint16_t dispi_memory(void);

/* Back to VGA. */
void dispi_leave(void);

/* What a chip can have: 8 bits for each primary colour; modes; the bytes of the longest line, in four planes of one
 * of them; whole lines; a linear frame buffer. */
#ifdef CIRRUS
#include "vbe_window.h"
bool dispi_shows(uint16_t width, uint8_t bits);

/* INT 10h/AH=12h with BL from 80h on: what drivers and programs for the chips ask their BIOS. */
void cirrus_inquire(struct regs *r);
#define DISPI_HAS_8BIT_DAC 0
#define DISPI_LONGEST(bits) ((bits) == 4 ? 504 * 2 : 504 * 8) /* of 511: whole lines of any depth */
#define DISPI_ALIGNED(width, bits) ((bits) == 4 ? ((width) + 15) & ~15u : ((width) + 7) & ~7u)
#define DISPI_IS_LINEAR (rom_get(vbe_frame_buffer) != 0)
#else
#define dispi_shows(width, bits) true
#define DISPI_HAS_8BIT_DAC 1
#define DISPI_LONGEST(bits) 0xFFF8
#define DISPI_ALIGNED(width, bits) ((bits) == 4 ? ((width) + 7) & ~7u : (width))
#define DISPI_IS_LINEAR true
#endif

#endif
