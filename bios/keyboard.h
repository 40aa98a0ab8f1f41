/* keyboard.h - INT 09h and 16h. */
#ifndef BIOS_KEYBOARD_H
#define BIOS_KEYBOARD_H

#include "rom.h"

void keyboard_init(void);

/* INT 15h/90h informs an operating system that the firmware is about to wait for a device, 91h that the wait is
 * over. */
enum { DEVICE_BUSY = 0x9000, DEVICE_DONE = 0x9100, THE_FLOPPY = 0x01, THE_KEYBOARD = 0x02 };

#endif
