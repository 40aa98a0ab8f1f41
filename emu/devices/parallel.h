/* parallel.h - a printer port at 378h with a printer on it that takes everything. */
#ifndef MUNIMENT_EMU_DEVICES_PARALLEL_H
#define MUNIMENT_EMU_DEVICES_PARALLEL_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/bus.h"
#include "emu/clock.h"
#include "emu/line.h"
#include "emu/state.h"

struct parallel {
    uint8_t data;
    uint8_t control;
    bool busy;
    bool acknowledging; /* nAck is low */
    bool interrupt;     /* nAck has risen since the status was read */
    uint64_t due_at;    /* the handshake's next step */
    /* wiring */
    struct clock *clock;
    struct line irq;
    void (*out)(void *context, uint8_t byte);
    void *context;
};

extern const struct state_field parallel_state[];

/* out (which may be null) is given each byte at its strobe. Uses EVENT_PARALLEL. */
void parallel_init(struct parallel *p, struct clock *clock, struct bus *bus, uint16_t port, struct line irq,
                   void (*out)(void *context, uint8_t byte), void *context);
void parallel_reset(struct parallel *p);

#endif
