/* line.h - a wire between two chips: interrupt requests, resets, gates. The one that drives it knows neither who listens nor why. */
#ifndef MUNIMENT_EMU_LINE_H
#define MUNIMENT_EMU_LINE_H

#include <stdbool.h>

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

#endif
