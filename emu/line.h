/* line.h - the wires between chips: interrupt requests, resets, gates, and DMA requests. The one that drives a wire
 * knows neither who listens nor why. */
#ifndef MUNIMENT_EMU_LINE_H
#define MUNIMENT_EMU_LINE_H

#include <stdbool.h>
#include <stdint.h>

struct line {
    void (*set)(void *listener, unsigned number, bool level); /* null: not connected */
    void *listener;
    unsigned number;
};

static inline void line_set(const struct line *line, bool level)
{
    if (line->set)
        line->set(line->listener, line->number, level);
}

/* A DMA channel, as a device sees it: moves up to `length` bytes in the direction that the guest has programmed,
 * returns how many it moved, and whether the channel reached its terminal count. */
struct dma_line {
    uint32_t (*transfer)(void *controller, unsigned channel, uint8_t *buffer, uint32_t length, bool *terminal_count);
    void *controller;
    unsigned channel;
};

#endif
