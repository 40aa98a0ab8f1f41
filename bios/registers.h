/* registers.h - the VGA's registers: indexed ones, the CRTC wherever the mode has it, and the attribute controller. */
#ifndef BIOS_REGISTERS_H
#define BIOS_REGISTERS_H

#include "rom.h"

/* clang-format off */
enum {
    ATTRIBUTE = 0x3C0, ATTRIBUTE_READ = 0x3C1, MISC_WRITE = 0x3C2, ENABLE = 0x3C3, SEQUENCER = 0x3C4, DAC_MASK = 0x3C6,
    DAC_READ = 0x3C7, DAC_WRITE = 0x3C8, DAC_DATA = 0x3C9, MISC_READ = 0x3CC, GRAPHICS = 0x3CE
};
/* clang-format on */

void register_write(uint16_t port, uint8_t index, uint8_t v);
uint8_t register_read(uint16_t port, uint8_t index);
void crtc_write(uint8_t index, uint8_t v);
uint8_t crtc_read(uint8_t index);

/* Reading or writing an attribute register turns the screen off until attribute_screen_on(). */
uint8_t attribute_read(uint8_t index);
void attribute_reset(void); /* the next write to ATTRIBUTE is an index, the one after it a value */
void attribute_write(uint8_t index, uint8_t v);
void attribute_screen_on(void);

#endif
