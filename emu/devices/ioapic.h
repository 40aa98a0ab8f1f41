/* ioapic.h - the I/O APIC at FEC00000h: 24 pins, each with an entry that says which interrupt it makes. */
#ifndef MUNIMENT_EMU_DEVICES_IOAPIC_H
#define MUNIMENT_EMU_DEVICES_IOAPIC_H

#include "emu/devices/apic_bus.h"
#include "emu/line.h"
#include "emu/memory.h"
#include "emu/state.h"

#define IOAPIC_PINS 24u
#define IOAPIC_BASE 0xFEC00000u
#define IOAPIC_PCI_PIN 16u /* PIRQA#; PIRQB# to PIRQD# follow */

struct ioapic {
    uint8_t select; /* IOREGSEL */
    uint8_t id, arbitration;
    uint32_t lines; /* levels of the pins */
    uint64_t entry[IOAPIC_PINS];
    /* wiring */
    const struct apic_bus *apics;
};

extern const struct state_field ioapic_state[];

void ioapic_init(struct ioapic *io, struct memory *memory, const struct apic_bus *apics);
void ioapic_reset(struct ioapic *io);

/* The line to a pin, by its level: those of ISA are high when they ask, those of PCI low. */
struct line ioapic_line(struct ioapic *io, unsigned pin);

/* An interrupt that was level-triggered has ended; struct apic_bus. */
void ioapic_ended(void *io, uint8_t vector);

#endif
