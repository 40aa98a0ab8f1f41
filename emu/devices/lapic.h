/* lapic.h - the local APIC of the processor at FEE00000h, and the board's switch that lets the 8259 pass it by (IMCR,
 * ports 22h and 23h). */
#ifndef MUNIMENT_EMU_DEVICES_LAPIC_H
#define MUNIMENT_EMU_DEVICES_LAPIC_H

#include "emu/bus.h"
#include "emu/clock.h"
#include "emu/devices/apic_bus.h"
#include "emu/line.h"
#include "emu/memory.h"
#include "emu/state.h"

#define LAPIC_BASE 0xFEE00000u   /* where IA32_APIC_BASE has it at first */
#define LAPIC_TIMER_HZ 66666667u /* the bus of the 440FX; spec/machine.md */

/* What distinguishes them: version, entries of the local vector table, size of an ID, errors. */
enum lapic_kind { LAPIC_PENTIUM, LAPIC_P6, LAPIC_PENTIUM4 };

/* The local vector table in the order of its registers, from 320h on. */
enum lapic_source {
    LAPIC_TIMER,
    LAPIC_THERMAL,
    LAPIC_PERFORMANCE,
    LAPIC_LINT0,
    LAPIC_LINT1,
    LAPIC_ERROR,
    LAPIC_SOURCES,
};

/* What the local APIC is connected to. */
struct lapic_wiring {
    const uint64_t *base; /* the processor's IA32_APIC_BASE */
    const struct apic_bus *apics;
    struct line intr, nmi, init;       /* to the processor; the last two are pulsed */
    uint8_t (*acknowledge)(void *pic); /* the 8259's acknowledge cycle */
    void *pic;
};

struct lapic {
    uint32_t id; /* registers as they are read */
    uint32_t task_priority;
    uint32_t logical, format; /* LDR, DFR */
    uint32_t spurious;        /* SVR */
    uint32_t in_service[8], trigger[8], requested[8];
    uint32_t error_status; /* as ESR shows it */
    uint32_t errors;       /* that it does not show yet */
    uint32_t command[2];   /* ICR */
    uint32_t local[LAPIC_SOURCES];
    uint32_t divide;
    uint32_t initial; /* count of the timer, as written */
    uint32_t count;   /* of the timer at bus clock `start`; 0: it stands */
    uint64_t start;
    uint64_t due_at; /* when the timer interrupts; NEVER while it is masked */
    uint8_t imcr_select;
    bool imcr;    /* the 8259 leads to LINT0, not to the processor */
    bool pic;     /* level of the 8259's INT */
    bool lint[2]; /* levels of the pins */
    bool extint;  /* the I/O APIC has asked for the 8259 */
    bool output;  /* the processor is asked */
    /* wiring */
    enum lapic_kind kind;
    struct lapic_wiring wired;
    struct clock *clock;
    struct memory *memory;
    struct mmio *region;
};

extern const struct state_field lapic_state[];

/* Uses EVENT_APIC_TIMER. */
void lapic_init(struct lapic *l, enum lapic_kind kind, struct clock *clock, struct bus *bus, struct memory *memory,
                const struct lapic_wiring *wiring);
void lapic_reset(struct lapic *l);      /* with the whole machine */
void lapic_initialise(struct lapic *l); /* with the processor alone: ID and IMCR stay */
/* IA32_APIC_BASE was written. An APIC that is switched off forgets its state. */
void lapic_base_written(struct lapic *l);
/* Brings about what follows from a state that was loaded; struct part of machine.h. */
const char *lapic_loaded(void *device);

/* The wire from INT of the 8259, and the pin LINT1. */
struct line lapic_pic_line(struct lapic *l);
struct line lapic_lint1_line(struct lapic *l);

/* The processor's acknowledge cycle: the vector. */
uint8_t lapic_acknowledge(void *device);
/* A message has come; struct apic_bus. */
bool lapic_deliver(void *device, const struct apic_message *message);

#endif
