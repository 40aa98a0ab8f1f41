/* clock.h - the only clock: ticks, and the events that devices have put on it.
 *
 * now = deadline - left, where `left` counts down in the CPU. The deadline is the next event or the end of the slice,
 * whichever comes first, so that nothing polls. An event is a `due_at` field in its device's state and a fixed slot
 * here; what fires when two fall on one tick is the order of the slots. The queue is nothing but those fields: there is
 * nothing else to save. */
#ifndef MUNIMENT_EMU_CLOCK_H
#define MUNIMENT_EMU_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define NEVER UINT64_MAX

/* clang-format off */
/* The order is part of the machine: ties are resolved by it. */
enum event_slot {
    EVENT_PIT_0, EVENT_PIT_1, EVENT_PIT_2,
    EVENT_RTC_PERIODIC, EVENT_RTC_UPDATE,
    EVENT_KEYBOARD, EVENT_TYPEMATIC, EVENT_MOUSE,
    EVENT_SERIAL_0, EVENT_SERIAL_0_RECEIVE, EVENT_SERIAL_0_TIMEOUT,
    EVENT_SERIAL_1, EVENT_SERIAL_1_RECEIVE, EVENT_SERIAL_1_TIMEOUT,
    EVENT_PARALLEL,
    EVENT_FLOPPY, EVENT_FLOPPY_SEEK,
    EVENT_ATA_0, EVENT_ATA_1,
    EVENT_PM_TIMER,
    EVENT_RETRACE,
    EVENT_SERIAL_MOUSE,
    EVENT_APIC_TIMER,
    EVENT_SB16,
    EVENT_NETWORK,
    EVENT_COUNT
};
/* clang-format on */

struct clock {
    int64_t *left; /* ticks until the deadline; may be negative after an instruction that took many */
    bool *leave;   /* set when the deadline moved: the CPU must look after this instruction */
    uint64_t deadline;
    uint64_t slice_end;
    uint32_t ticks_per_microsecond;
    struct {
        uint64_t *due_at;
        void (*fire)(void *device);
        void *device;
    } slots[EVENT_COUNT];
};

static inline uint64_t clock_now(const struct clock *c)
{
    return c->deadline - (uint64_t)*c->left;
}

/* Binds a slot to its device's due_at field (which the device owns and sets to NEVER first) and the function to call
 * when it is due. fire is called with *due_at already NEVER, and may schedule again. */
void clock_register(struct clock *c, enum event_slot slot, uint64_t *due_at, void (*fire)(void *device), void *device);

/* Sets the time of an event, or NEVER. A time that is past fires at the next instruction boundary. */
void clock_schedule(struct clock *c, enum event_slot slot, uint64_t due_at);

/* Fires all events that are due now, in order of (due_at, slot), until none is; then sets the deadline anew. */
void clock_fire_due(struct clock *c);

/* Begins a slice that ends at the given tick. */
void clock_begin_slice(struct clock *c, uint64_t slice_end);

/* Sets the time, when a state was loaded: events are where their fields say. */
void clock_set(struct clock *c, uint64_t now);

/* Ticks for a time in microseconds or nanoseconds, rounded up; at least 1. */
uint64_t clock_ticks_us(const struct clock *c, uint64_t microseconds);
uint64_t clock_ticks_ns(const struct clock *c, uint64_t nanoseconds);

/* floor(ticks * frequency / ticks_per_second), and its inverse: the first tick at which that many cycles have passed.
 * frequency is in Hz, below 2^30. This is how a chip with a crystal derives its count from the tick. */
uint64_t clock_cycles(const struct clock *c, uint64_t ticks, uint32_t frequency);
uint64_t clock_ticks_for_cycles(const struct clock *c, uint64_t cycles, uint32_t frequency);

#endif
