/* serial.h - serial ports: which there are. */
#ifndef BIOS_SERIAL_H
#define BIOS_SERIAL_H

void serial_init(void);

#endif
