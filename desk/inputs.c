/* inputs.c - see inputs.h. */
#include "desk/inputs.h"

#define POINTER_RANGE 32767 /* of one movement (emu/emu.h) */

void inputs_key(struct inputs *i, uint8_t key, bool down)
{
    uint32_t waiting = i->keys_in - i->keys_out;

    /* For each key that is down there is always room to go up. */
    if (down ? waiting >= INPUTS_MOST / 2 : !i->down[key])
        return;
    i->down[key] = down;
    i->keys[i->keys_in++ % INPUTS_MOST] = (struct key_event){key, down};
}

static int limited(int64_t value)
{
    return value > POINTER_RANGE ? POINTER_RANGE : value < -POINTER_RANGE ? -POINTER_RANGE : (int)value;
}

void inputs_pointer(struct inputs *i, const struct rfb_pointer *pointer)
{
    uint32_t waiting = i->pointers_in - i->pointers_out;
    struct rfb_pointer *last = waiting ? &i->pointers[(i->pointers_in - 1) % INPUTS_MOST] : NULL, next = *pointer;

    next.dx = limited(next.dx);
    next.dy = limited(next.dy);
    if (last && last->buttons == next.buttons && last->placed == next.placed) {
        next.dx = limited((int64_t)last->dx + next.dx);
        next.dy = limited((int64_t)last->dy + next.dy);
        next.wheel = limited((int64_t)last->wheel + next.wheel);
        *last = next;
        return;
    }
    if (waiting == INPUTS_MOST)
        i->pointers_out++; /* the guest does not look at its mouse */
    i->pointers[i->pointers_in++ % INPUTS_MOST] = next;
    i->buttons = next.buttons;
}

bool inputs_give(struct inputs *i, struct recorder *recorder, bool positions)
{
    bool given = false;

    while (i->keys_out != i->keys_in) {
        const struct key_event *k = &i->keys[i->keys_out % INPUTS_MOST];
        if (!record_key(recorder, k->key, k->down))
            break;
        i->keys_out++;
        given = true;
    }
    while (i->pointers_out != i->pointers_in) {
        const struct rfb_pointer *p = &i->pointers[i->pointers_out % INPUTS_MOST];
        if (!(positions && p->placed ? record_pointer_at(recorder, p->x, p->y, p->wheel, p->buttons)
                                     : record_pointer(recorder, p->dx, p->dy, p->wheel, p->buttons)))
            break;
        i->pointers_out++;
        given = true;
    }
    return given;
}
