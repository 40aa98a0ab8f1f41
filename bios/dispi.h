/* dispi.h - the display interface of Bochs: index at port 1CEh, data at 1CFh. */
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

#endif
