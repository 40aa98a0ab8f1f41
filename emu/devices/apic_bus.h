/* apic_bus.h - what travels between I/O APIC and local APIC: interrupt messages one way, ends of interrupts the other
 * (Intel SDM vol. 3, chapter 8; 82093AA data sheet 290566, 3.2.4). */
#ifndef MUNIMENT_EMU_DEVICES_APIC_BUS_H
#define MUNIMENT_EMU_DEVICES_APIC_BUS_H

#include <stdbool.h>
#include <stdint.h>

/* Delivery modes, as all registers number them. */
enum apic_mode {
    APIC_FIXED,
    APIC_LOWEST,
    APIC_SMI,
    APIC_NMI = 4,
    APIC_INIT,
    APIC_STARTUP,
    APIC_EXTINT,
};

struct apic_message {
    uint8_t mode; /* enum apic_mode */
    uint8_t vector;
    uint8_t destination;
    bool logical; /* the destination is one of DFR and LDR, not an ID */
    bool level;   /* its end is to be reported */
};

/* The wiring; both sides keep a pointer to it. */
struct apic_bus {
    bool (*deliver)(void *local, const struct apic_message *message); /* false: nobody has taken it */
    void *local;
    void (*ended)(void *io, uint8_t vector); /* of an interrupt that was `level` */
    void *io;
};

#endif
