/* state.c - walks the state tables (state.h). */
#include "emu/state.h"

#include <string.h>

#include "emu/endian.h"

static unsigned scalar_width(enum state_kind kind)
{
    switch (kind) {
    case STATE_U16: return 2;
    case STATE_U32: return 4;
    case STATE_U64: case STATE_I64: case STATE_TICK: return 8;
    default: return 1;
    }
}

/* A scalar in host order, as 64 bits. */
static uint64_t scalar_value(enum state_kind kind, const uint8_t *p)
{
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;

    switch (scalar_width(kind)) {
    case 2: memcpy(&u16, p, 2); return u16;
    case 4: memcpy(&u32, p, 4); return u32;
    case 8: memcpy(&u64, p, 8); return u64;
    default: return kind == STATE_BOOL ? *p != 0 : *p;
    }
}

void state_serialize(const struct state_field *table, const void *structure,
                     void (*sink)(void *context, const uint8_t *bytes, size_t length), void *context)
{
    for (const struct state_field *f = table; f->name; f++) {
        const uint8_t *p = (const uint8_t *)structure + f->offset;
        uint8_t bytes[8];

        if (f->kind == STATE_NESTED) {
            for (uint32_t i = 0; i < f->count; i++)
                state_serialize(f->nested, p + (size_t)i * f->stride, sink, context);
        } else if (f->kind == STATE_BYTES) {
            uint32_t live = f->count;
            if (f->live != STATE_ALL)
                memcpy(&live, (const uint8_t *)structure + f->live, sizeof live);
            if (live > f->count)
                live = f->count;
            store32(bytes, live);
            sink(context, bytes, 4);
            sink(context, p, live);
        } else {
            unsigned width = scalar_width(f->kind);
            for (uint32_t i = 0; i < f->count; i++) {
                store64(bytes, scalar_value(f->kind, p + (size_t)i * width));
                sink(context, bytes, width);
            }
        }
    }
}
