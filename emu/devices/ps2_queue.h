/* ps2_queue.h - bytes on their way between the 8042 and what hangs on its wires, the oldest first. */
#ifndef MUNIMENT_EMU_DEVICES_PS2_QUEUE_H
#define MUNIMENT_EMU_DEVICES_PS2_QUEUE_H

#include <stdint.h>
#include <string.h>

#include "emu/state.h"

struct ps2_queue {
    uint8_t bytes[16];
    uint32_t length;
};

extern const struct state_field ps2_queue_state[];

/* Of a full queue the last byte is lost. */
static inline void ps2_push(struct ps2_queue *q, uint8_t byte)
{
    if (q->length < sizeof q->bytes)
        q->bytes[q->length++] = byte;
}

/* The queue must hold a byte. */
static inline uint8_t ps2_pop(struct ps2_queue *q)
{
    uint8_t byte = q->bytes[0];

    q->length--;
    memmove(q->bytes, q->bytes + 1, q->length);
    return byte;
}

#endif
