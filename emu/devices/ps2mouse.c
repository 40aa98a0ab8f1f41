/* ps2mouse.c - the PS/2 mouse (PS/2 Hardware Interface Technical Reference, "Mouse"), with the wheel of Microsoft's
 * IntelliMouse: sample rates 200, 100, 80 set one after the other make it report four bytes.
 *
 * Movement accumulates until it is reported. In stream mode a report follows a change by the period of the sample rate,
 * and what does not fit waits for the next one: nothing overflows. */
#include "emu/devices/ps2mouse.h"

#include <stddef.h>

enum { NUDGED = 0x80 }; /* in `reported`: a report is due though nothing changed */
enum { ACKNOWLEDGE = 0xFA, REFUSE = 0xFE, SELF_TEST_PASSED = 0xAA };
/* Drivers that take the bytes of a report for numbers of eight bits see what was moved, scaled too. */
enum { LIMIT = 127, SCALED_LIMIT = 63, WHEEL_LIMIT = 7, HOLD_LIMIT = 0x7FFF };

const struct state_field ps2_queue_state[] = {STATE_BUFFER(struct ps2_queue, bytes, length, "the oldest first"),
                                              STATE_END};

/* clang-format off */
const struct state_field ps2mouse_state[] = {
    STATE_TABLE(struct ps2mouse, replies, struct ps2_queue, ps2_queue_state, "replies to commands"),
    STATE_TABLE(struct ps2mouse, packet, struct ps2_queue, ps2_queue_state, "a report on its way"),
    STATE(struct ps2mouse, command, U8, "command that waits for its argument"),
    STATE(struct ps2mouse, id, U8, "0, or 3 with a wheel"),
    STATE(struct ps2mouse, rate, U8, "reports a second"),
    STATE_BYTE_ARRAY(struct ps2mouse, last_rates, "rates that were set before, the older first"),
    STATE(struct ps2mouse, resolution, U8, "0-3"),
    STATE(struct ps2mouse, last_sent, U8, "byte that would be sent again"),
    STATE(struct ps2mouse, buttons, U8, "buttons that are down: bit 0 left, 1 right, 2 middle"),
    STATE(struct ps2mouse, reported, U8, "buttons as last reported; bit 7: a report is due though nothing changed"),
    STATE(struct ps2mouse, doubled, BOOL, "scaling 2:1"),
    STATE(struct ps2mouse, enabled, BOOL, "reports are sent in stream mode"),
    STATE(struct ps2mouse, remote, BOOL, "remote mode: reports when asked"),
    STATE(struct ps2mouse, wrap, BOOL, "bytes are echoed"),
    STATE_UP_TO(struct ps2mouse, dx, I64, HOLD_LIMIT, "movement to the right, not yet reported"),
    STATE_UP_TO(struct ps2mouse, dy, I64, HOLD_LIMIT, "movement upwards, not yet reported"),
    STATE_UP_TO(struct ps2mouse, wheel, I64, HOLD_LIMIT, "steps of the wheel towards the user, not yet reported"),
    STATE(struct ps2mouse, report_due_at, TICK, "the next report"),
    STATE_END
};
/* clang-format on */

static bool streaming(const struct ps2mouse *m)
{
    return m->enabled && !m->remote && !m->wrap;
}

static bool changed(const struct ps2mouse *m)
{
    return m->dx || m->dy || (m->id && m->wheel) || m->buttons != m->reported;
}

static void schedule(struct ps2mouse *m)
{
    if (!streaming(m) || !changed(m))
        clock_schedule(m->clock, EVENT_MOUSE, NEVER);
    else if (m->report_due_at == NEVER)
        clock_schedule(m->clock, EVENT_MOUSE, clock_now(m->clock) + clock_ticks_us(m->clock, 1000000u / m->rate));
}

static void send_report(struct ps2mouse *m)
{
    line_set(&m->ready, true);
    line_set(&m->ready, false);
}

static void forget_movement(struct ps2mouse *m)
{
    m->dx = m->dy = m->wheel = 0;
    m->reported &= (uint8_t)~NUDGED;
}

static int64_t clamp(int64_t value, int64_t limit)
{
    return value > limit ? limit : value < -limit ? -limit : value;
}

/* Takes from what has added up as much as a report holds. */
static int64_t take(int64_t *value, int64_t limit)
{
    int64_t part = clamp(*value, limit);

    *value -= part;
    return part;
}

/* Scaling 2:1, of movement in stream mode. */
static int64_t scaled(int64_t n)
{
    static const uint8_t small[6] = {0, 1, 1, 3, 6, 9};
    int64_t size = n < 0 ? -n : n;

    size = size < 6 ? small[size] : 2 * size;
    return n < 0 ? -size : size;
}

static void make_packet(struct ps2mouse *m, struct ps2_queue *q, bool scale)
{
    int64_t limit = scale ? SCALED_LIMIT : LIMIT, dx = take(&m->dx, limit), dy = take(&m->dy, limit);

    if (scale) {
        dx = scaled(dx);
        dy = scaled(dy);
    }
    ps2_push(q, (uint8_t)(m->buttons | 8 | (dx < 0) << 4 | (dy < 0) << 5));
    ps2_push(q, (uint8_t)dx);
    ps2_push(q, (uint8_t)dy);
    if (m->id)
        ps2_push(q, (uint8_t)take(&m->wheel, WHEEL_LIMIT));
    m->reported = m->buttons;
}

static void report_due(void *device)
{
    struct ps2mouse *m = device;

    if (!m->packet.length) {
        make_packet(m, &m->packet, m->doubled);
        send_report(m);
    }
    schedule(m);
}

/* --- Commands --- */

static void set_defaults(struct ps2mouse *m)
{
    m->rate = 100;
    m->resolution = 2;
    m->doubled = m->enabled = m->remote = m->wrap = false;
    m->last_rates[0] = m->last_rates[1] = 0;
}

static bool set_rate(struct ps2mouse *m, uint8_t rate)
{
    static const uint8_t rates[] = {10, 20, 40, 60, 80, 100, 200};
    unsigned i = 0;

    while (i < sizeof rates && rates[i] != rate)
        i++;
    if (i == sizeof rates)
        return false;
    m->rate = rate;
    if (m->last_rates[0] == 200 && m->last_rates[1] == 100 && rate == 80)
        m->id = 3;
    m->last_rates[0] = m->last_rates[1];
    m->last_rates[1] = rate;
    return true;
}

static void argument(struct ps2mouse *m, uint8_t command, uint8_t value)
{
    bool good = command == 0xF3 ? set_rate(m, value) : value < 4;

    if (good && command == 0xE8)
        m->resolution = value;
    ps2_push(&m->replies, good ? ACKNOWLEDGE : REFUSE);
}

static void tell_status(struct ps2mouse *m)
{
    uint8_t b = m->buttons;

    ps2_push(&m->replies, (uint8_t)(m->remote << 6 | m->enabled << 5 | m->doubled << 4 | (b & 1) << 2 | (b & 4) >> 1 |
                                    (b & 2) >> 1));
    ps2_push(&m->replies, m->resolution);
    ps2_push(&m->replies, m->rate);
}

static void command(struct ps2mouse *m, uint8_t value)
{
    ps2_push(&m->replies, value == 0xFE ? m->last_sent : ACKNOWLEDGE);
    if (value != 0xEB && value != 0xFE)
        forget_movement(m);
    switch (value) {
    case 0xE6:
    case 0xE7: m->doubled = value & 1; break;
    case 0xE8:
    case 0xF3: m->command = value; break; /* resolution, sample rate: an argument follows */
    case 0xE9: tell_status(m); break;
    case 0xEA: m->remote = false; break;
    case 0xEB: make_packet(m, &m->replies, false); break;
    case 0xEC: m->wrap = false; break;
    case 0xEE: m->wrap = true; break;
    case 0xF0: m->remote = true; break;
    case 0xF2: ps2_push(&m->replies, m->id); break;
    case 0xF4:
    case 0xF5: m->enabled = value == 0xF4; break;
    case 0xF6: set_defaults(m); break;
    case 0xFE: break;
    case 0xFF:
        set_defaults(m);
        m->id = 0;
        ps2_push(&m->replies, SELF_TEST_PASSED);
        ps2_push(&m->replies, m->id);
        break;
    default: m->replies.bytes[0] = REFUSE;
    }
}

void ps2mouse_write(struct ps2mouse *m, uint8_t value)
{
    uint8_t waiting = m->command;

    m->command = 0;
    m->replies.length = m->packet.length = 0; /* what it was saying is cut off */
    if (m->wrap && value != 0xEC && value != 0xFF)
        ps2_push(&m->replies, value);
    else if (waiting && value < 0xE6)
        argument(m, waiting, value);
    else
        command(m, value);
    schedule(m);
    send_report(m);
}

bool ps2mouse_has_byte(const struct ps2mouse *m)
{
    return m->replies.length || m->packet.length;
}

uint8_t ps2mouse_read(struct ps2mouse *m)
{
    m->last_sent = ps2_pop(m->replies.length ? &m->replies : &m->packet);
    return m->last_sent;
}

bool ps2mouse_move(struct ps2mouse *m, int dx, int dy, int wheel, unsigned buttons)
{
    if (streaming(m) && m->buttons != (m->reported & 7) && (buttons & 7) != m->buttons)
        return false;
    m->buttons = buttons & 7;
    if (m->remote || streaming(m)) {
        m->dx = clamp(m->dx + dx, HOLD_LIMIT);
        m->dy = clamp(m->dy - dy, HOLD_LIMIT);
        m->wheel = clamp(m->wheel + wheel, HOLD_LIMIT);
    }
    schedule(m);
    return true;
}

void ps2mouse_nudge(struct ps2mouse *m)
{
    if (streaming(m))
        m->reported |= NUDGED;
    schedule(m);
}

void ps2mouse_reset(struct ps2mouse *m)
{
    clock_schedule(m->clock, EVENT_MOUSE, NEVER);
    m->replies.length = m->packet.length = 0;
    m->command = m->id = m->last_sent = m->buttons = m->reported = 0;
    forget_movement(m);
    set_defaults(m);
}

void ps2mouse_init(struct ps2mouse *m, struct clock *clock, struct line ready)
{
    memset(m, 0, sizeof *m);
    m->clock = clock;
    m->ready = ready;
    m->report_due_at = NEVER;
    clock_register(clock, EVENT_MOUSE, &m->report_due_at, report_due, m);
    ps2mouse_reset(m);
}
