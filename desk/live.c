/* live.c - see live.h. */
#include "desk/live.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "desk/inputs.h"
#include "desk/terminal.h"
#include "desk/vnc.h"
#include "formats/monotonic.h"
#include "formats/numbers.h"

#define SLICES_PER_SECOND 1000u /* of guest time: the machine listens as often */
#define SLICES_ALONE 10u        /* the same when nobody watches */
#define AHEAD_US 1000           /* by which the machine may be before the clock; */
#define AHEAD_IDLE_US 50000     /* when nobody did anything for a while, and nothing moved */
#define IDLE_US 1000000         /* a while */
#define AHEAD_ALONE_US 1000000  /* when nobody watches either */
#define REST_US 300000          /* without inputs and movement, after which an input wakes the machine: */
#define AHEAD_WOKEN_US 150000   /* so far ahead it may run then, as fast as it can, with what was asked for; */
#define WOKEN_US 3000000        /* at the next rest, or at so much within that time, the clock comes up to it again */
#define PAUSE_US 20000    /* after the last input it may run so far ahead as well, if it is still at work for it, */
#define WORK_US 1000000   /* as it is taken to be for so long at most */
#define LAG_US 250000     /* by which it may be after the clock, before that is given up */
#define LOOK_US 5000      /* between two pictures, at least, */
#define LOOK_SHARE 2      /* and while the machine works so many times what a picture took */
#define POLL_US 1000      /* between two looks at the sockets while the machine runs */
#define SYNC_US 20000     /* of waiting, while the journal is not on the disk */
#define WINDOW_US 2000000 /* over which the speed is measured */
#define SLOW_PERCENT 90   /* below which it is said */
#define TERMINAL_US 40000 /* between two looks of the terminal at the screen */
#define TYPING_US 30000   /* between two characters typed in the terminal, of the machine's time */

#define EAR_FRAMES 960u /* that are sent at a time: 20 ms */

/* Who hears the machine. A frame of which a part was sent is sent whole. */
struct ear {
    int stream; /* below 0: nobody */
    uint8_t rest[4];
    unsigned rest_count;
};

enum speed { SPEED_BY_WATCHERS, SPEED_REAL, SPEED_MAX };

struct live {
    struct session *session;
    enum speed speed;
    bool scripted;
    struct vnc_request request;
    struct vnc *vnc;           /* null: none */
    struct terminal *terminal; /* null: none */
    struct inputs inputs;
    uint8_t cut[RFB_CUT_TEXT];
    size_t cut_length;   /* 0: nothing to paste */
    uint64_t per_second; /* ticks */
    bool real;           /* the clock decides */
    bool alone;          /* nobody watches or hears */
    uint64_t anchor_us, anchor_tick;
    uint64_t look_due, poll_due, input_at, change_at, window_at, window_tick; /* microseconds; tick */
    uint64_t woken_at, woken_lead; /* by an input after a rest, or by who came in; and how far ahead it may be since */
    bool works;                    /* in most of the last slice it neither was halted nor waited in a loop */
    uint64_t slice_tick, slice_idle;
    uint64_t looked_at; /* microseconds: the end of the last look */
    uint64_t frame;     /* number of the last one */
    bool stale;         /* the machine has run, or viewers have asked, since the last picture */
    bool slow_said;
    bool commanded;              /* to leave */
    uint64_t idle_us, active_at; /* microseconds: after which it leaves, 0: never; since when nobody did anything */
    uint64_t most_us, begun_at;
    unsigned watching; /* viewers, when it was looked at last */
    struct ear ears[LIVE_EARS];
    int16_t heard[2 * EAR_FRAMES]; /* frames that are to be sent */
    size_t heard_count;
    char command;
    unsigned percent;                  /* of its speed that it ran at last */
    uint64_t terminal_due, typing_due; /* microseconds; of the machine's time */
};

/* --- From viewers --- */

static void viewer_key(void *context, uint8_t key, bool down)
{
    struct live *l = context;

    inputs_key(&l->inputs, key, down);
}

static void viewer_pointer(void *context, const struct rfb_pointer *pointer)
{
    struct live *l = context;

    inputs_pointer(&l->inputs, pointer);
}

static void viewer_cut(void *context, const uint8_t *text, size_t length)
{
    struct live *l = context;

    memcpy(l->cut, text, length);
    l->cut_length = length;
}

/* --- Opening --- */

static bool bad_option(const char *option, const char *value, struct error *error)
{
    return error_set(error, STATUS_USAGE, "boot", NULL, "see muniment boot --help", "%s cannot be \"%.100s\"", option,
                     value);
}

static bool read_speed(struct live *l, const char *speed)
{
    if (!speed || !strcmp(speed, "real") || !strcmp(speed, "max")) {
        l->speed = !speed ? SPEED_BY_WATCHERS : *speed == 'r' ? SPEED_REAL : SPEED_MAX;
        return true;
    }
    return false;
}

static bool open_display(struct live *l, const char *display, struct error *error)
{
    const struct rfb_desk desk = {.context = l, .key = viewer_key, .pointer = viewer_pointer, .cut = viewer_cut};

    if (!strcmp(display, "text") && !l->terminal) {
        l->terminal = terminal_open(l->request.name, l->request.layout, viewer_key, l, error);
        return l->terminal != NULL;
    }
    if (strncmp(display, "vnc:", 4))
        return bad_option("--display", display, error);
    if (!l->vnc)
        l->vnc = vnc_open(&l->request, &desk, error);
    return l->vnc && vnc_listen(l->vnc, display + 4, error);
}

static void no_ears(struct live *l)
{
    for (size_t i = 0; i < LIVE_EARS; i++)
        l->ears[i].stream = -1;
}

bool live_open(const struct arguments *arguments, struct live **live, struct error *error)
{
    const char *speed = argument_value(arguments, "--speed"), *layout = argument_value(arguments, "--layout");
    const char *display;
    size_t position = 0;
    struct live *l;

    *live = NULL;
    if (!argument_value(arguments, "--display"))
        return !speed || error_set(error, STATUS_USAGE, "boot", NULL, "name a --display",
                                   "--speed is for machines that somebody watches");
    l = *live = calloc(1, sizeof *l);
    if (!l)
        return error_set(error, STATUS_HOST, "boot", NULL, NULL, "out of memory");
    no_ears(l);
    l->request = (struct vnc_request){.name = arguments->operands[0],
                                      .password_file = argument_value(arguments, "--password-file"),
                                      .certificate = argument_value(arguments, "--certificate"),
                                      .layout = layout ? layout_find(layout) : layout_default()};
    if (!l->request.layout)
        return bad_option("--layout", layout, error);
    if (!read_speed(l, speed))
        return bad_option("--speed", speed, error);
    while ((display = argument_next(arguments, "--display", &position)))
        if (!open_display(l, display, error))
            return false;
    return true;
}

/* --- Sound --- */

static void add_ear(struct live *l, int stream)
{
    for (size_t i = 0; i < LIVE_EARS; i++)
        if (l->ears[i].stream < 0) {
            l->ears[i] = (struct ear){.stream = stream};
            return;
        }
    close(stream);
}

static void send_sound(struct ear *ear, const uint8_t *bytes, size_t size)
{
    ssize_t put = 0;

    if (ear->rest_count) {
        put = write(ear->stream, ear->rest, ear->rest_count);
        if (put > 0) {
            ear->rest_count -= (unsigned)put;
            memmove(ear->rest, ear->rest + put, ear->rest_count);
        }
    }
    if (put >= 0 && !ear->rest_count) {
        put = write(ear->stream, bytes, size);
        if (put > 0 && put % 4) {
            ear->rest_count = 4 - (unsigned)put % 4;
            memcpy(ear->rest, bytes + put, ear->rest_count);
        }
    }
    if (put < 0 && errno != EAGAIN && errno != EINTR) {
        close(ear->stream);
        ear->stream = -1;
    }
}

static void send_heard(struct live *l)
{
    uint8_t bytes[4 * EAR_FRAMES];

    for (size_t i = 0; i < 2 * EAR_FRAMES; i++)
        put_le(bytes + 2 * i, (uint16_t)l->heard[i], 2);
    for (size_t i = 0; i < LIVE_EARS; i++)
        if (l->ears[i].stream >= 0)
            send_sound(&l->ears[i], bytes, sizeof bytes);
    vnc_heard(l->vnc, l->heard, EAR_FRAMES);
}

void live_sound(struct live *l, const int16_t *frames, size_t count)
{
    bool some = l && vnc_hears(l->vnc);

    for (size_t i = 0; l && i < LIVE_EARS; i++)
        some = some || l->ears[i].stream >= 0;
    for (size_t at = 0; some && at < count; at++) {
        for (size_t side = 0; side < 2; side++)
            l->heard[2 * l->heard_count + side] = frames ? frames[2 * at + side] : 0;
        if (++l->heard_count < EAR_FRAMES)
            continue;
        send_heard(l);
        l->heard_count = 0;
    }
}

/* --- At a control socket --- */

static void take_command(void *context, char byte, int descriptor)
{
    struct live *l = context;

    if (byte == LIVE_HEAR && descriptor >= 0) {
        add_ear(l, descriptor);
        return;
    }
    if (descriptor >= 0)
        close(descriptor);
    if (byte == LIVE_STAY) {
        l->active_at = monotonic_microseconds();
        return;
    }
    l->commanded = true;
    l->command = byte;
}

struct live *live_at(const char *name, const struct layout *layout, int control, unsigned idle_seconds,
                     unsigned most_seconds, struct error *error)
{
    struct live *l = calloc(1, sizeof *l);
    const struct rfb_desk desk = {.context = l, .key = viewer_key, .pointer = viewer_pointer, .cut = viewer_cut};

    if (l) {
        l->request = (struct vnc_request){.name = name, .layout = layout};
        l->speed = SPEED_REAL;
        l->idle_us = idle_seconds * UINT64_C(1000000);
        l->most_us = most_seconds * UINT64_C(1000000);
        no_ears(l);
        l->vnc = vnc_open(&l->request, &desk, error);
    }
    if (l && l->vnc && vnc_control(l->vnc, control, take_command, l))
        return l;
    error_set(error, STATUS_HOST, name, NULL, NULL, "out of memory");
    live_close(l);
    return NULL;
}

char live_command(const struct live *l)
{
    return l->command;
}

/* --- Between two slices --- */

static uint64_t tick(const struct live *l)
{
    return machine_tick(l->session->machine);
}

/* Ticks as microseconds. */
static uint64_t guest_us(const struct live *l, uint64_t ticks)
{
    return ticks / l->per_second * 1000000 + ticks % l->per_second * 1000000 / l->per_second;
}

/* Sets the clock: the machine is on time now. */
static void set_clock(struct live *l, uint64_t now)
{
    l->anchor_us = l->window_at = now;
    l->anchor_tick = l->window_tick = tick(l);
}

static bool is_alone(const struct live *l)
{
    for (size_t i = 0; i < LIVE_EARS; i++)
        if (l->ears[i].stream >= 0)
            return false;
    return !l->terminal && !vnc_watching(l->vnc);
}

/* A machine that runs slower than somebody who watches it would expect says so, once. */
static void measure(struct live *l, uint64_t now)
{
    uint64_t passed = now - l->window_at, ran = guest_us(l, tick(l) - l->window_tick);

    if (passed < WINDOW_US && !l->alone)
        return;
    l->percent = l->alone ? 0 : (unsigned)(ran * 100 / passed);
    if (l->real && !l->slow_said && l->percent && l->percent < SLOW_PERCENT && !l->terminal) {
        l->slow_said = true;
        fprintf(stderr, "muniment: %s: the machine runs at %u %% of its speed: this host is too slow for it\n",
                l->request.name, l->percent);
    }
    l->window_at = now;
    l->window_tick = tick(l);
}

/* Nobody has done anything for so long, and nothing has moved. */
static bool rests(const struct live *l, uint64_t now, uint64_t while_us)
{
    return now - l->input_at > while_us && now - l->change_at > while_us;
}

/* By how much the machine is before the clock, or 0. */
static uint64_t ahead(struct live *l, uint64_t now)
{
    uint64_t guest = l->anchor_us + guest_us(l, tick(l) - l->anchor_tick);

    if (guest + LAG_US < now) {
        l->anchor_us = now;
        l->anchor_tick = tick(l);
        return 0;
    }
    return guest > now ? guest - now : 0;
}

/* It need not wait for the clock: what was asked for comes soon, and what it did alone does not hold it up. */
static void wake(struct live *l, uint64_t now, uint64_t least)
{
    uint64_t early = ahead(l, now);

    l->woken_at = now;
    l->woken_lead = early > least + 2 * AHEAD_US ? early - 2 * AHEAD_US : least; /* else it would be more each time */
}

static void give_inputs(struct live *l, uint64_t now)
{
    struct machine_indicators indicators;
    bool given;

    machine_indicators(l->session->machine, &indicators);
    vnc_indicate(l->vnc, &indicators);
    given = inputs_give(&l->inputs, &l->session->recorder, indicators.positions);
    given = (l->cut_length && record_paste(&l->session->recorder, l->cut, l->cut_length)) || given;
    l->cut_length = 0;
    if (!given)
        return;
    if (rests(l, now, REST_US))
        wake(l, now, AHEAD_WOKEN_US);
    else if (now - l->woken_at > PAUSE_US)
        wake(l, now, 0);
    l->input_at = now;
}

/* Types what waits in the terminal, as fast as a guest takes it. */
static void type(struct live *l, uint64_t now)
{
    uint64_t guest = guest_us(l, tick(l));

    if (!l->terminal || guest < l->typing_due || l->inputs.keys_in != l->inputs.keys_out)
        return;
    terminal_type(l->terminal, now);
    if (l->inputs.keys_in != l->inputs.keys_out)
        l->typing_due = guest + TYPING_US;
}

/* Waits for viewers for so long at most, and does what they want. */
static void listen_to(struct live *l, uint64_t wait_us)
{
    struct pollfd polled[VNC_POLLED + 1];
    unsigned count = vnc_poll(l->vnc, polled);
    uint64_t wait = record_waits(&l->session->recorder) && wait_us > SYNC_US ? SYNC_US : wait_us;

    polled[count] = (struct pollfd){.fd = terminal_descriptor(l->terminal), .events = POLLIN};
    if (poll(polled, count + 1, (int)((wait + 999) / 1000)) > 0 || wait_us == 0) {
        vnc_serve(l->vnc, polled, count);
        terminal_read(l->terminal, monotonic_microseconds());
        l->stale = true;
    }
    type(l, monotonic_microseconds());
    record_sync(&l->session->recorder);
    give_inputs(l, monotonic_microseconds());
}

static bool has_changed(const struct frame *frame)
{
    for (unsigned y = 0; y < frame->height; y++)
        if (frame->changed[y].first != frame->changed[y].end)
            return true;
    return false;
}

static void show_terminal(struct live *l, uint64_t now)
{
    if (!l->terminal || now < l->terminal_due)
        return;
    terminal_show(l->terminal, l->session->machine,
                  &(struct terminal_status){.seconds = guest_us(l, tick(l)) / 1000000,
                                            .percent = l->percent,
                                            .slow = l->real && l->percent && l->percent < SLOW_PERCENT});
    l->terminal_due = now + TERMINAL_US;
}

static void show(struct live *l, uint64_t now)
{
    struct frame frame;

    show_terminal(l, now);
    if (!l->stale || now < l->look_due || !vnc_is_asked(l->vnc))
        return;
    l->stale = false;
    machine_frame(l->session->machine, &frame);
    if (has_changed(&frame))
        l->change_at = now;
    vnc_show(l->vnc, &frame, frame.number != l->frame + 1); /* others may have looked meanwhile */
    l->frame = frame.number;
    l->looked_at = monotonic_microseconds();
    uint64_t cost = (l->looked_at - now) * LOOK_SHARE;
    l->look_due = l->looked_at + (cost > LOOK_US ? cost : LOOK_US);
}

static bool wants_real(const struct live *l)
{
    return l->speed == SPEED_BY_WATCHERS ? !l->scripted || l->terminal || vnc_watching(l->vnc) > 0
                                         : l->speed == SPEED_REAL;
}

/* By how much a machine may be before the clock for what was asked for, besides AHEAD_US. When it has done that and is
 * idle it waits for the clock, so that it has room ahead again at the next input; but not for who has just come in. */
static uint64_t woken_lead(const struct live *l, uint64_t now)
{
    uint64_t gone = (now - l->woken_at) / (WOKEN_US / AHEAD_WOKEN_US), since = now - l->input_at,
             lead = gone < l->woken_lead && !rests(l, now, REST_US) ? l->woken_lead - gone : 0;

    if (since < PAUSE_US)
        return lead;
    if (!l->works)
        return l->woken_at > l->input_at ? lead : 0;
    return since < WORK_US && lead < AHEAD_WOKEN_US ? AHEAD_WOKEN_US : lead;
}

/* What a machine has drawn when its work ends is looked at as soon as may be. */
static void look_at_slice(struct live *l)
{
    const uint64_t idle = machine_ticks_idle(l->session->machine);
    const bool worked = l->works;

    l->works = 2 * (idle - l->slice_idle) < tick(l) - l->slice_tick;
    if (worked && !l->works && l->look_due > l->looked_at + LOOK_US)
        l->look_due = l->looked_at + LOOK_US;
    l->slice_idle = idle;
    l->slice_tick = tick(l);
}

/* Waits until the clock comes up to the machine; what is done meanwhile is answered at once. */
static void wait_for_clock(struct live *l, uint64_t now)
{
    const bool idle = rests(l, now, IDLE_US);
    const uint64_t lead = woken_lead(l, now), input_at = l->input_at;
    uint64_t early = ahead(l, now);

    if (early <= (!idle ? AHEAD_US + lead : l->alone ? AHEAD_ALONE_US : AHEAD_IDLE_US))
        return;
    while (early > lead && wants_real(l) && !interrupted() && !terminal_left(l->terminal) && !l->commanded &&
           l->input_at == input_at && l->alone == is_alone(l)) {
        uint64_t due = l->terminal && l->terminal_due < l->look_due ? l->terminal_due : l->look_due;
        uint64_t look = due > now ? due - now : 0, wait = early - lead;
        bool looks = ((l->stale && vnc_is_asked(l->vnc)) || l->terminal) && look < wait;
        listen_to(l, looks ? look + 1 : wait);
        now = monotonic_microseconds();
        show(l, now);
        early = ahead(l, now);
    }
}

/* When it leaves by itself; UINT64_MAX: never. */
static uint64_t leaves_at(const struct live *l)
{
    uint64_t active = l->input_at > l->active_at ? l->input_at : l->active_at;
    uint64_t idle = l->idle_us ? active + l->idle_us : UINT64_MAX,
             most = l->most_us ? l->begun_at + l->most_us : UINT64_MAX;

    return idle < most ? idle : most;
}

unsigned live_left(const struct live *l)
{
    uint64_t now = monotonic_microseconds(), then = leaves_at(l), left = then > now ? (then - now) / 1000000 : 0;

    return left < LIVE_WARNING ? (unsigned)left + 1 : 0;
}

static void leave_when_due(struct live *l, uint64_t now)
{
    unsigned watching = vnc_watching(l->vnc);

    if (watching > l->watching)
        l->active_at = now;
    l->watching = watching;
    if (l->commanded || now <= leaves_at(l))
        return;
    l->commanded = true;
    l->command = l->most_us && now > l->begun_at + l->most_us ? LIVE_LONGEST : LIVE_IDLE;
}

static uint64_t paced(void *context)
{
    struct live *l = context;
    uint64_t now = monotonic_microseconds();
    bool real = wants_real(l), alone = is_alone(l);

    if (real != l->real)
        set_clock(l, now);
    if (l->alone && !alone) {
        wake(l, now, AHEAD_WOKEN_US);
        l->change_at = now; /* all that this viewer sees is new */
    }
    l->real = real;
    l->alone = alone;
    look_at_slice(l);
    measure(l, now);
    leave_when_due(l, now);
    l->stale = true;
    if (now >= l->poll_due) {
        listen_to(l, 0);
        l->poll_due = now + POLL_US;
    }
    show(l, now);
    if (real)
        wait_for_clock(l, monotonic_microseconds());
    return terminal_left(l->terminal) || l->commanded ? 0
           : l->alone                                 ? l->per_second / SLICES_ALONE
                                                      : l->per_second / SLICES_PER_SECOND;
}

void live_begin(struct live *l, struct session *session)
{
    struct frame frame;

    l->session = session;
    l->per_second = machine_ticks_per_second(session->machine);
    l->session->paced = paced;
    l->session->paced_context = l;
    machine_frame(l->session->machine, &frame);
    l->frame = frame.number;
    vnc_show(l->vnc, &frame, true); /* who comes in now is offered this size */
    l->real = wants_real(l);
    l->alone = is_alone(l);
    set_clock(l, monotonic_microseconds());
    l->active_at = l->begun_at = l->change_at = monotonic_microseconds(); /* who comes in soon finds it on time */
    if (l->terminal) {
        terminal_begin(l->terminal);
        session->progress.terminal = false; /* its screen is the machine's */
    }
}

void live_scripted(struct live *l, bool scripted)
{
    l->scripted = scripted;
}

void live_copied(struct live *l, const uint8_t *text, size_t length)
{
    if (l)
        vnc_copied(l->vnc, text, length);
}

void live_stop(struct live *l)
{
    if (l) {
        terminal_close(l->terminal);
        l->terminal = NULL;
    }
}

void live_close(struct live *l)
{
    if (!l)
        return;
    live_stop(l);
    vnc_close(l->vnc);
    free(l);
}
