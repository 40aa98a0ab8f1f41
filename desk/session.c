/* session.c - see session.h. */
#include "desk/session.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "desk/screen.h"

#define LOOK_PERIODS 10       /* between two looks at the picture */
#define SYNC_SLICE (1u << 16) /* ticks: far less than 50 ms on any host */
#define SYNC_SLICE_US 1000u   /* the same for a set */

uint64_t session_now(const struct session *s)
{
    return s->cable ? cable_now(s->cable) : machine_tick(s->machine);
}

uint64_t session_rate(const struct session *s)
{
    return s->cable ? 1000000 : machine_ticks_per_second(s->machine);
}

bool session_begin(struct session *s, struct machine *machine, uint64_t limit, struct slicing slicing)
{
    s->machine = machine;
    s->left = false;
    s->period = session_rate(s) / 100;
    s->limit = limit;
    s->slicing = slicing;
    recorder_begin(&s->recorder, machine);
    progress_begin(&s->progress, "running");
    if (!s->serial)
        s->serial = malloc(SERIAL_MEMORY);
    return s->serial != NULL;
}

void session_end(struct session *s)
{
    progress_end(&s->progress);
    look_forget(&s->seen);
    free(s->serial);
    s->serial = NULL;
}

void session_serial_out(struct session *s, uint8_t byte)
{
    if (s->serial_length == SERIAL_MEMORY) {
        size_t half = SERIAL_MEMORY / 2;
        memmove(s->serial, s->serial + half, half);
        s->serial_length = half;
        s->serial_seen = s->serial_seen > half ? s->serial_seen - half : 0;
    }
    s->serial[s->serial_length++] = (char)byte;
}

/* Where the text ends in what COM1 sent from `from` on, or 0. */
static size_t find_serial(const struct session *s, size_t from, const char *text, size_t length)
{
    const char *at = s->serial + from, *end = s->serial + s->serial_length;

    while (length > 0 && (size_t)(end - at) >= length && (at = memchr(at, *text, (size_t)(end - at) - length + 1))) {
        if (!memcmp(at, text, length))
            return (size_t)(at - s->serial) + length;
        at++;
    }
    return 0;
}

bool session_has_sent(const struct session *s, const char *text, size_t length)
{
    return find_serial(s, 0, text, length) > 0;
}

static bool serial_met(struct session *s, const struct condition *c)
{
    size_t end = find_serial(s, s->serial_seen, c->text, c->length);

    if (end)
        s->serial_seen = end;
    return end > 0;
}

static bool screen_met(const struct session *s, const struct condition *c)
{
    struct text_screen screen;

    machine_text(s->machine, &screen);
    return screen_shows(&screen, c->text);
}

static bool sound_met(struct session *s, const struct condition *c)
{
    struct sound_ear *ear = &s->ear;
    bool met = c->kind == WHEN_SOUND ? ear->audible > ear->answered : ear->frames - ear->audible >= SOUND_PAUSE;

    if (met)
        ear->answered = ear->frames;
    return met;
}

void session_forget(struct session *s)
{
    s->serial_length = s->serial_seen = 0;
    s->ear.audible = s->ear.answered = s->ear.from = s->ear.frames;
}

void session_look_anew(struct session *s)
{
    s->seen.seen = false;
    s->looked_at = 0;
}

/* Whether the picture is to be looked at now: once in 100 ms. */
static bool looks(struct session *s)
{
    uint64_t look = session_now(s) / (s->period * LOOK_PERIODS) + 1;
    bool due = look != s->looked_at;

    s->looked_at = look;
    return due;
}

static bool still_met(struct session *s, const struct condition *c)
{
    uint64_t now = session_now(s);

    if (!looks(s))
        return false;
    if (look_changed(&s->seen, s->machine, &c->wanted->region))
        s->changed_at = now;
    return now - s->changed_at >= c->tick;
}

static bool picture_met(struct session *s, const struct condition *c)
{
    return looks(s) && look_find(c->wanted, s->machine, &s->seen, &s->found_x, &s->found_y);
}

/* Whether a journal has nothing more to say. */
static bool replayed(const struct session *s)
{
    return s->replay && s->replay->next == s->replay->journal->count;
}

static bool condition_met(struct session *s, const struct condition *c)
{
    /* clang-format off */
    switch (c->kind) {
    case WHEN_TICK:     return session_now(s) >= c->tick;
    case WHEN_SCREEN:   return screen_met(s, c);
    case WHEN_SERIAL:   return serial_met(s, c);
    case WHEN_SOUND:
    case WHEN_SILENCE:  return sound_met(s, c);
    case WHEN_STILL:    return still_met(s, c);
    case WHEN_PICTURE:  return picture_met(s, c);
    case WHEN_HALT:     return s->halted && machine_is_quiet(s->machine);
    case WHEN_RESET:    return s->resets >= c->tick;
    case WHEN_POWEROFF: return s->off;
    case WHEN_SENT:     return s->off || (s->key_count == 0 && !s->mouse_waiting && s->byte_count == 0);
    case WHEN_REPLAYED: return replayed(s);
    case WHEN_PRINTED:  return s->printed >= c->tick;
    }
    /* clang-format on */
    return false;
}

/* Gives the machine what it will take of the waiting inputs, once in each period: an instruction may carry the machine
 * over the tick at which one begins. A person types no faster than a key event in 20 ms, and firmware of the time loses
 * keys that come faster. */
static void give_inputs(struct session *s)
{
    uint64_t tick = session_now(s), period = tick / s->period;

    if (tick < s->input_due)
        return;
    s->input_due = (period + 1) * s->period;
    if (s->key_count > 0 && tick >= s->key_due && record_key(&s->recorder, s->keys->key, s->keys->down)) {
        s->key_due = (period + 2) * s->period;
        s->keys++;
        s->key_count--;
    }
    if (s->mouse_waiting && tick >= s->key_due &&
        (s->mouse_to ? record_pointer_at(&s->recorder, s->mouse_x, s->mouse_y, 0, s->mouse_buttons)
                     : record_pointer(&s->recorder, s->mouse_dx, s->mouse_dy, 0, s->mouse_buttons))) {
        s->key_due = (period + 2) * s->period;
        s->mouse_waiting = false;
    }
    if (s->byte_count > 0) {
        size_t taken = record_serial(&s->recorder, 0, s->bytes, s->byte_count);
        s->bytes += taken;
        s->byte_count -= taken;
    }
}

/* The next tick at which something is to be looked at: where nothing is waited for, there is time. */
static uint64_t next_look(const struct session *s, const struct condition *conditions, size_t count)
{
    uint64_t now = session_now(s), period = count ? s->period : s->period * LOOK_PERIODS;
    uint64_t next = (now / period + 1) * period;

    if (next > s->limit)
        next = s->limit;
    for (size_t i = 0; i < count; i++)
        if (conditions[i].kind == WHEN_TICK && conditions[i].tick > now && conditions[i].tick < next)
            next = conditions[i].tick;
    return next;
}

/* The length of the next slice: constant, or random (splitmix64) and spread over the orders of magnitude. */
static uint64_t next_slice(struct slicing *slicing)
{
    uint64_t z;

    if (!slicing->random)
        return slicing->length ? slicing->length : UINT64_MAX;
    z = slicing->state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    return 1 + (z >> 8) % (UINT64_C(1) << (z & 0xFF) % 20);
}

static void trace_line(void *context, const char *text)
{
    FILE *file = context;

    fputs(text, file);
    putc('\n', file);
}

/* Runs towards a tick, as far as it is to be traced or not to be traced. */
static enum machine_stop run_slice(struct session *s, uint64_t target)
{
    const struct tracing *t = &s->tracing;
    uint64_t now = machine_tick(s->machine);

    if (s->replay)
        return replay_to(s->replay, target);
    if (!t->file || now >= t->to || target <= t->from)
        return machine_run(s->machine, target);
    if (now < t->from)
        return machine_run(s->machine, t->from);
    return machine_trace(s->machine, target < t->to ? target : t->to, trace_line, t->file);
}

/* What a machine of a set says of itself, which it may have said while another one was waited for. */
static void look_at_station(struct session *s)
{
    const struct cable_station *station = cable_station(s->cable, s->station);

    s->halted = s->halted || station->halted;
    s->off = station->off;
}

/* The whole set runs to a time, slice by slice. False when a disk failed. */
static bool run_set_to(struct session *s, uint64_t target)
{
    while (session_now(s) < target) {
        uint64_t now = session_now(s), slice = next_slice(&s->slicing);
        if (record_waits(&s->recorder) && record_sync(&s->recorder) && slice > SYNC_SLICE_US)
            slice = SYNC_SLICE_US;
        cable_run(s->cable, slice < target - now ? now + slice : target);
        for (unsigned i = 0; i < cable_count(s->cable); i++)
            if (cable_station(s->cable, i)->failed)
                return false;
    }
    return true;
}

/* Whether nothing will happen any more. */
static bool is_over(const struct session *s)
{
    bool over = true;

    for (unsigned i = 0; s->cable && i < cable_count(s->cable); i++)
        over = over && cable_station(s->cable, i)->off;
    return s->cable ? over : s->off;
}

/* Runs to a tick, slice by slice, or to where the machine stops by itself. While the journal waits for the disk, slices
 * are short. False when a disk failed, or the replay is over. */
static bool run_to(struct session *s, uint64_t target)
{
    if (s->cable)
        return run_set_to(s, target);
    while (session_now(s) < target && !s->off && !replayed(s)) {
        uint64_t now = session_now(s), slice = next_slice(&s->slicing);
        if (record_waits(&s->recorder) && record_sync(&s->recorder) && slice > SYNC_SLICE)
            slice = SYNC_SLICE;
        if (s->paced) {
            uint64_t most = s->paced(s->paced_context);
            s->left = most == 0;
            if (s->left)
                return true;
            slice = slice < most ? slice : most;
        }
        enum machine_stop stop = run_slice(s, slice < target - now ? now + slice : target);
        if (stop == MACHINE_HOST_FAILED || (s->replay && s->replay->outcome != REPLAY_EQUAL))
            return false;
        s->off = s->off || stop == MACHINE_POWERED_OFF;
        if (stop == MACHINE_HALTED) {
            s->halted = true;
            return true;
        }
    }
    return true;
}

static void show_progress(struct session *s)
{
    uint64_t tenths = session_now(s) / (s->period * 10);
    char line[64];

    if (!s->progress.terminal)
        return;
    snprintf(line, sizeof(line), "%" PRIu64 ".%u s of the machine's time", tenths / 10, (unsigned)(tenths % 10));
    progress_show(&s->progress, line);
}

enum session_end session_wait(struct session *s, const struct condition *conditions, size_t count)
{
    for (;;) {
        if (s->cable)
            look_at_station(s);
        for (s->met = 0; s->met < count; s->met++)
            if (condition_met(s, &conditions[s->met]))
                return SESSION_MET;
        if (is_over(s))
            return SESSION_OFF;
        if (session_now(s) >= s->limit)
            return SESSION_LIMIT;
        if (interrupted())
            return SESSION_INTERRUPTED;
        if (s->left)
            return SESSION_LEFT;
        give_inputs(s);
        if (!record_look(&s->recorder))
            return s->recorder.writer.error.status == STATUS_OK ? SESSION_FAILED : SESSION_UNRECORDED;
        if (s->looked && !s->looked(s->looked_context))
            return SESSION_FAILED;
        show_progress(s);
        if (!run_to(s, next_look(s, conditions, count)))
            return s->replay ? SESSION_DIFFERS : SESSION_FAILED;
    }
}

static const struct condition sent = {.kind = WHEN_SENT};

enum session_end session_keys(struct session *s, const struct key_event *keys, size_t count)
{
    s->keys = keys;
    s->key_count = count;
    return session_wait(s, &sent, 1);
}

enum session_end session_mouse(struct session *s, int dx, int dy, unsigned pressed, unsigned released)
{
    s->mouse_dx = dx;
    s->mouse_dy = dy;
    s->mouse_buttons = (s->mouse_buttons | pressed) & ~released;
    s->mouse_to = false;
    s->mouse_waiting = true;
    return session_wait(s, &sent, 1);
}

/* The middle of the dot, in 65,536ths of a side. */
static uint16_t place_of(unsigned dot, unsigned dots)
{
    uint64_t place = dots ? (2 * (uint64_t)dot + 1) * 32768 / dots : 0;

    return place < 65535 ? (uint16_t)place : 65535;
}

enum session_end session_pointer(struct session *s, unsigned x, unsigned y)
{
    struct frame frame;

    machine_frame(s->machine, &frame);
    s->mouse_x = place_of(x, frame.width);
    s->mouse_y = place_of(y, frame.height);
    s->mouse_to = s->mouse_waiting = true;
    return session_wait(s, &sent, 1);
}

enum session_end session_serial(struct session *s, const uint8_t *bytes, size_t count)
{
    s->bytes = bytes;
    s->byte_count = count;
    return session_wait(s, &sent, 1);
}

bool session_read_seconds(const char *text, uint64_t *microseconds)
{
    uint64_t value = 0, scale = 1000000;
    const char *p = text;

    for (; *p >= '0' && *p <= '9' && value <= 100000000; p++)
        value = value * 10 + (uint64_t)(*p - '0');
    if (p == text || value > 100000000)
        return false;
    value *= scale;
    if (*p == '.' && p[1])
        for (p++; *p >= '0' && *p <= '9' && scale > 1; p++)
            value += (scale /= 10) * (uint64_t)(*p - '0');
    *microseconds = value;
    return *p == '\0';
}
