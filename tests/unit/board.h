/* board.h - a bare board for the tests of single chips: clock, bus, and wires that remember what happened on them. */
#ifndef MUNIMENT_TESTS_UNIT_BOARD_H
#define MUNIMENT_TESTS_UNIT_BOARD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "emu/bus.h"
#include "emu/clock.h"
#include "emu/line.h"

#define TICKS_PER_US 25

struct board {
    struct clock clock;
    struct bus bus;
    int64_t left;
    bool leave;
    bool level[16];
    unsigned rises[16];
    uint64_t rose_at[16], fell_at[16];
    uint8_t sent[64];
    unsigned sent_count;
    uint64_t sent_at[64];
};

static inline void board_init(struct board *b)
{
    memset(b, 0, sizeof *b);
    b->clock.left = &b->left;
    b->clock.leave = &b->leave;
    b->clock.ticks_per_microsecond = TICKS_PER_US;
    bus_init(&b->bus);
}

static inline uint64_t board_now(const struct board *b)
{
    return clock_now(&b->clock);
}

/* Lets time pass to an absolute tick, event by event. */
static inline void board_run_to(struct board *b, uint64_t tick)
{
    clock_begin_slice(&b->clock, tick);
    while (clock_now(&b->clock) < tick) {
        b->left = 0;
        clock_fire_due(&b->clock);
    }
}

static inline void board_run_us(struct board *b, uint64_t microseconds)
{
    board_run_to(b, board_now(b) + microseconds * TICKS_PER_US);
}

static inline void board_wire_set(void *listener, unsigned number, bool level)
{
    struct board *b = listener;

    if (level && !b->level[number]) {
        b->rises[number]++;
        b->rose_at[number] = board_now(b);
    } else if (!level && b->level[number]) {
        b->fell_at[number] = board_now(b);
    }
    b->level[number] = level;
}

static inline struct line board_wire(struct board *b, unsigned number)
{
    return (struct line){board_wire_set, b, number};
}

static inline void board_take_byte(void *context, uint8_t byte)
{
    struct board *b = context;

    if (b->sent_count < sizeof b->sent) {
        b->sent_at[b->sent_count] = board_now(b);
        b->sent[b->sent_count++] = byte;
    }
}

static inline uint8_t in(struct board *b, uint16_t port)
{
    return (uint8_t)bus_read(&b->bus, port, 1);
}

static inline void out(struct board *b, uint16_t port, uint8_t value)
{
    bus_write(&b->bus, port, value, 1);
}

/* Anything at all, written to the ports of a device while time passes: for the sanitizers to watch. */
static inline void board_abuse(struct board *b, const uint16_t *ports, unsigned count, unsigned rounds)
{
    uint32_t random = 1;

    for (unsigned i = 0; i < rounds; i++) {
        uint16_t port;
        random = random * 1664525 + 1013904223;
        port = ports[(random >> 24) % count];
        if (random & 0x400)
            in(b, port);
        else
            out(b, port, (uint8_t)(random >> 12));
        board_run_to(b, board_now(b) + (random & 0x8000 ? random >> 20 : 1));
    }
}

#endif
