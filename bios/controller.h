/* controller.h - the keyboard controller: bytes to and from it, address line 20, processor reset. */
#ifndef BIOS_CONTROLLER_H
#define BIOS_CONTROLLER_H

#include "rom.h"

enum { CONTROLLER_DATA = 0x60, CONTROLLER_STATUS = 0x64 }; /* ports */
enum { CONTROLLER_FULL = 0x01, CONTROLLER_AUX = 0x20 };    /* status: a byte is there; it is the pointing device's */

/* Writes when the controller can take a byte; false if it never can. */
bool controller_write(uint16_t port, uint8_t v);

/* The next byte from the controller, or -1. */
int controller_read(uint32_t milliseconds);

bool a20_enabled(void);
void a20_set(bool on);
void processor_reset(void) __attribute__((noreturn));

#endif
