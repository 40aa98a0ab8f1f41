/* print.h - messages, through INT 10h. */
#ifndef BIOS_PRINT_H
#define BIOS_PRINT_H

#include "rom.h"

void print(const ROM char *s);
void print_number(uint32_t v);
void print_hex8(uint8_t v);
void print_char(char c);

/* A drive's model, words 27 to 46 of what IDENTIFY left there. */
void print_model(uint16_t segment, uint16_t offset);

#endif
