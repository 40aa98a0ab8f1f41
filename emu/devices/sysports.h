/* sysports.h - the small ports of the system board: 61h (speaker, refresh), 92h (fast A20 and reset), 8900h (power
 * off). */
#ifndef MUNIMENT_EMU_DEVICES_SYSPORTS_H
#define MUNIMENT_EMU_DEVICES_SYSPORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/bus.h"
#include "emu/clock.h"
#include "emu/line.h"
#include "emu/state.h"

struct sysports {
    uint8_t control;   /* port 61h, bits 3-0 */
    uint8_t fast;      /* port 92h */
    uint8_t matched;   /* letters of "Shutdown" that have come to port 8900h */
    bool timer_output; /* OUT of timer 2 */
    /* wiring */
    struct clock *clock;
    struct line gate2, a20, reset, power_off;
    struct line speaker; /* its level; null: nobody listens */
};

extern const struct state_field sysports_state[];

/* gate2 goes to the gate of timer 2, a20 to the A20 gate; reset and power_off are pulsed. */
void sysports_init(struct sysports *s, struct clock *clock, struct bus *bus, struct line gate2, struct line a20,
                   struct line reset, struct line power_off);
void sysports_reset(struct sysports *s);

/* Where OUT of timer 2 goes. */
struct line sysports_timer_line(struct sysports *s);

#endif
