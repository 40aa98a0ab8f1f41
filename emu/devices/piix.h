/* piix.h - the PCI-to-ISA bridge of the PIIX4 with its interrupt router, and its power management function: slot 1,
 * functions 0 and 3. */
#ifndef MUNIMENT_EMU_DEVICES_PIIX_H
#define MUNIMENT_EMU_DEVICES_PIIX_H

#include "emu/clock.h"
#include "emu/devices/pci.h"

struct piix {
    struct pci_function isa, power;
    uint32_t pirq[4]; /* who pulls PIRQA-D: one bit per slot */
    uint16_t driven;  /* IRQs that are held high from here: one bit each */
    uint16_t pm_status, pm_enable, pm_control;
    uint16_t gp_status, gp_enable;
    uint32_t global_control;
    uint8_t apm_command, apm_status; /* ports B2h, B3h */
    uint64_t timer_seen;             /* toggles of the PM timer's top bit that pm_status has heard of */
    uint64_t timer_due_at;
    uint16_t base; /* where the power management ports are mapped now; 0: nowhere. Follows from the configuration */
    /* wiring */
    struct clock *clock;
    struct bus *bus;
    struct line irq[16];      /* to the interrupt controllers */
    struct line pirq_line[4]; /* PIRQA# to PIRQD#, low while pulled, to an I/O APIC: for the board to connect */
    struct line power_off;
};

extern const struct state_field piix_state[];

/* irq[n] is the line of IRQ n. Uses EVENT_PM_TIMER. */
void piix_init(struct piix *p, struct pci *pci, struct clock *clock, struct bus *bus, const struct line irq[16],
               struct line power_off);
void piix_reset(struct piix *p);
/* Brings about what follows from a configuration that was loaded; struct part of machine.h. */
const char *piix_loaded(void *device);

/* The line of a device's INTA# to INTD# (pin 0 to 3). */
struct line piix_interrupt(struct piix *p, unsigned slot, unsigned pin);

#endif
