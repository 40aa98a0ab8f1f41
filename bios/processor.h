/* processor.h - what C cannot say (processor.S). */
#ifndef BIOS_PROCESSOR_H
#define BIOS_PROCESSOR_H

#include "rom.h"

bool fpu_present(void);

/* CPUID 1: EAX and EDX, zero if there is none. */
void processor_id(uint32_t id[2]);

/* Virtual wire mode of the local APIC, if there is one. */
void local_apic_open(void);

/* Gives the I/O APIC number 1; what local and I/O APIC say in their version registers, all ones where they are not. */
void apic_versions(uint32_t versions[2]);

/* C0000-FFFFF becomes RAM with the ROM's bytes. */
void shadow_copy(void);

/* CR2, CR3 and CR4 become zero: what a system finds when it starts. */
void control_registers_clear(void);

/* The code of others: an option ROM's far routine, a pointing device's handler, a boot sector. */
void option_rom_call(uint16_t segment, uint16_t offset, uint16_t function);
void mouse_call(uint32_t handler, uint32_t status_x, uint32_t y_z);
void boot_jump(uint8_t drive, uint16_t segment, uint16_t offset) __attribute__((noreturn));

/* INT 15h/87h by the table of descriptors there, with interrupts off and A20 open. */
void block_move(uint16_t gdt_segment, uint16_t gdt_offset, uint16_t words);

#endif
