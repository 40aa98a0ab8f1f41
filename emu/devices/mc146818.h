/* mc146818.h - the real-time clock and 128 bytes of battery-backed RAM at 70h/71h. */
#ifndef MUNIMENT_EMU_DEVICES_MC146818_H
#define MUNIMENT_EMU_DEVICES_MC146818_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/bus.h"
#include "emu/clock.h"
#include "emu/line.h"
#include "emu/state.h"

#define MC146818_CENTURY 0x32 /* register that continues the year */

struct mc146818 {
    uint8_t ram[128];       /* the clock's registers 0-9, A-D and century; the rest is the firmware's */
    uint8_t index;          /* port 70h; bit 7 masks NMI */
    uint64_t divider_start; /* 32,768 Hz cycle at which the divider stood at zero */
    uint64_t periodic_seen; /* cycle up to which the periodic flag has been accounted for */
    uint64_t periodic_due_at;
    uint64_t update_due_at;
    /* wiring */
    struct clock *clock;
    struct line irq;
};

extern const struct state_field mc146818_state[];

/* start: seconds since 1970-01-01T00:00:00 of civil time, as at this tick. Uses EVENT_RTC_PERIODIC and
 * EVENT_RTC_UPDATE. */
void mc146818_init(struct mc146818 *rtc, struct clock *clock, struct bus *bus, struct line irq, int64_t start);
/* RESET#: interrupts off; time and RAM stay. */
void mc146818_reset(struct mc146818 *rtc);
/* Sets a byte of the RAM as it was before power-on. For the builder of the machine; the guest uses the ports. */
void mc146818_set(struct mc146818 *rtc, unsigned index, uint8_t value);

#endif
