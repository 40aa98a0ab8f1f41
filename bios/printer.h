/* printer.h - printer ports: which there are. */
#ifndef BIOS_PRINTER_H
#define BIOS_PRINTER_H

void printer_init(void);

#endif
