/* clock.c - the event slots and the deadline (clock.h).
 *
 * The slots are few, and a search over all of them runs once per event: a heap would be slower and would be state. */
#include "emu/clock.h"

#include <stddef.h>

void clock_register(struct clock *c, enum event_slot slot, uint64_t *due_at, void (*fire)(void *device), void *device)
{
    c->slots[slot].due_at = due_at;
    c->slots[slot].fire = fire;
    c->slots[slot].device = device;
}

/* The slot that is due first; ties go to the lower one. EVENT_COUNT when nothing is scheduled. */
static unsigned first_slot(const struct clock *c)
{
    unsigned first = EVENT_COUNT;
    uint64_t due_at = NEVER;

    for (unsigned slot = 0; slot < EVENT_COUNT; slot++) {
        if (c->slots[slot].due_at && *c->slots[slot].due_at < due_at) {
            due_at = *c->slots[slot].due_at;
            first = slot;
        }
    }
    return first;
}

/* Moves the deadline and keeps the time: now = deadline - left. */
static void set_deadline(struct clock *c, uint64_t deadline)
{
    *c->left += (int64_t)(deadline - c->deadline);
    c->deadline = deadline;
}

void clock_schedule(struct clock *c, enum event_slot slot, uint64_t due_at)
{
    *c->slots[slot].due_at = due_at;
    if (due_at < c->deadline) {
        set_deadline(c, due_at);
        *c->leave = true;
    }
}

void clock_fire_due(struct clock *c)
{
    for (;;) {
        unsigned slot = first_slot(c);
        uint64_t due_at = slot < EVENT_COUNT ? *c->slots[slot].due_at : NEVER;

        if (due_at > clock_now(c)) {
            set_deadline(c, due_at < c->slice_end ? due_at : c->slice_end);
            return;
        }
        *c->slots[slot].due_at = NEVER;
        c->slots[slot].fire(c->slots[slot].device);
    }
}

void clock_begin_slice(struct clock *c, uint64_t slice_end)
{
    c->slice_end = slice_end;
    clock_fire_due(c);
}

void clock_set(struct clock *c, uint64_t now)
{
    c->deadline = c->slice_end = now;
    *c->left = 0;
}

uint64_t clock_ticks_us(const struct clock *c, uint64_t microseconds)
{
    uint64_t ticks = microseconds * c->ticks_per_microsecond;
    return ticks ? ticks : 1;
}

uint64_t clock_ticks_ns(const struct clock *c, uint64_t nanoseconds)
{
    uint64_t ticks = (nanoseconds * c->ticks_per_microsecond + 999) / 1000;
    return ticks ? ticks : 1;
}

uint64_t clock_cycles(const struct clock *c, uint64_t ticks, uint32_t frequency)
{
    uint64_t per_second = (uint64_t)c->ticks_per_microsecond * 1000000;
    return ticks / per_second * frequency + ticks % per_second * frequency / per_second;
}

uint64_t clock_ticks_for_cycles(const struct clock *c, uint64_t cycles, uint32_t frequency)
{
    uint64_t per_second = (uint64_t)c->ticks_per_microsecond * 1000000;
    return cycles / frequency * per_second + (cycles % frequency * per_second + frequency - 1) / frequency;
}
