/* memory.h - how much memory there is, and copies to and from any of it. */
#ifndef BIOS_MEMORY_H
#define BIOS_MEMORY_H

#include "rom.h"

/* From 1 MiB up, what ACPI takes included. */
uint32_t extended_memory_kib(void);

/* INT 15h/87h: the words that a table of six descriptors names, with interrupts off and A20 open meanwhile. */
void memory_move(uint16_t segment, uint16_t at, uint16_t words);

/* Copies between any two places below 4 GiB; bytes are even and at most 64 KiB. */
void physical_copy(uint32_t to, uint32_t from, uint32_t bytes);

#endif
