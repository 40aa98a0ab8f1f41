/* seat.c - see seat.h. */
#include "desk/seat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "desk/desk.h"
#include "desk/jail.h"
#include "desk/live.h"
#include "desk/rights.h"
#include "emu/host/host.h"
#include "verify/runs/runs.h"

#define REPEAT_STEPS 50 /* of a journal, between which is reported how far it is */

struct seat {
    const struct seat_request *request;
    struct media media;
    bool repeats; /* a journal that is there */
    struct journal journal;
    struct journal_writer writer; /* that continues it */
    struct replay replay;
    struct machine *machine;
    struct session session;
    struct code_memory code;
    struct live *live;
};

static void report(const struct seat *s, const char *text)
{
    if (write(s->request->control, text, strlen(text)) < 0)
        return; /* nobody is there to know */
}

static void serial_out(void *context, unsigned port, uint8_t byte)
{
    struct seat *s = context;

    if (port == 0 && s->session.serial) /* not while a journal is repeated */
        session_serial_out(&s->session, byte);
}

static void copied(void *context, const uint8_t *text, size_t length)
{
    struct seat *s = context;

    if (s->session.paced)
        live_copied(s->live, text, length);
}

static bool open_media(struct seat *s, struct error *error)
{
    const struct arguments *a = s->request->arguments;
    struct archive *archive = desk_open_archive(a, a->operands[0], error);

    return archive && media_open_archive(&s->media, archive, s->request->overlay, error) &&
           desk_may_see(a, archive, error);
}

static bool begin_session(struct seat *s, struct error *error)
{
    return session_begin(&s->session, s->machine, UINT64_MAX, (struct slicing){.length = 0}) ||
           error_set(error, STATUS_HOST, "session", NULL, NULL, "out of memory");
}

/* Builds the machine, and opens the journal: a new one, or that which is to be repeated. */
static bool build(struct seat *s, struct error *error)
{
    struct machine_host host = {.context = s, .serial_out = serial_out, .copied = copied};
    const char *reason = "unknown reason", *path = s->request->arguments->operands[0], *journal = s->request->journal;

    s->repeats = access(journal, F_OK) == 0;
    if (code_memory_init(&s->code, CODE_MEMORY_SIZE))
        host.code = &s->code;
    if (!s->repeats) {
        media_host(&s->media, &host);
        s->machine = machine_create(&s->media.manifest, &host, &reason);
        if (!s->machine)
            return error_set(error, STATUS_INPUT, path, NULL, NULL, "this machine cannot be built: %s", reason);
        machine_set_engine(s->machine, ENGINE_TRANSLATOR, 0);
        return begin_session(s, error) && recorder_create(&s->session.recorder, s->machine, &s->media, journal, error);
    }
    if (!journal_read(journal, &s->journal, error))
        return false;
    if (s->journal.ended)
        return error_set(error, STATUS_INPUT, path, NULL, NULL, "the session is over: the machine was switched off");
    if (!replay_begin(&s->replay, journal, &s->journal, &s->media, archive_machine_root(s->media.archive), NULL, &host,
                      error))
        return false;
    s->machine = s->replay.machine;
    machine_set_engine(s->machine, ENGINE_TRANSLATOR, 0);
    return journal_continue(&s->writer, journal, error);
}

/* Repeats the journal, to where it ends, and goes on writing there. */
static bool repeat(struct seat *s, struct error *error)
{
    const uint64_t end = journal_end(&s->journal), step = end / REPEAT_STEPS + 1;
    char text[32];

    for (uint64_t to = step; s->replay.next < s->journal.count; to += step) {
        replay_to(&s->replay, to < end ? to : end);
        if (s->replay.outcome != REPLAY_EQUAL)
            return *error = s->replay.error, false;
        snprintf(text, sizeof text, SEAT_REPEATING "%u", (unsigned)(to < end ? to * 100 / end : 100));
        report(s, text);
        if (to >= end)
            break;
    }
    if (!begin_session(s, error))
        return false;
    recorder_continue(&s->session.recorder, s->machine, &s->writer);
    return true;
}

static bool looked(void *context)
{
    struct seat *s = context;

    return media_sync(&s->media, false, NULL);
}

static bool prepare(struct seat *s, struct error *error)
{
    const struct seat_request *r = s->request;

    s->live = live_at(archive_description(s->media.archive)->title, layout_default(), r->control, r->idle_seconds,
                      error);
    if (!s->live || !build(s, error) || !jail_enter(JAIL_SESSION, NULL, 0, &(struct jail_limits){.memory = 0}, error) ||
        (s->repeats && !repeat(s, error)))
        return false;
    s->session.looked = looked;
    s->session.looked_context = s;
    s->session.progress.terminal = false;
    live_begin(s->live, &s->session);
    return true;
}

/* A session that was suspended, or whose disks failed, can be continued: its journal is not ended. */
static enum status end(struct seat *s, enum session_end how, struct error *error)
{
    const bool off = how == SESSION_OFF;
    bool good = off ? record_end(&s->session.recorder, true, error) : record_suspend(&s->session.recorder, error);

    good = media_sync(&s->media, true, good ? error : NULL) && good;
    if (how == SESSION_FAILED)
        good = media_failure(&s->media, error);
    if (good)
        report(s, off ? SEAT_OFF : SEAT_SUSPENDED);
    return good ? STATUS_OK : STATUS_HOST;
}

static void report_error(const struct seat *s, const struct error *error)
{
    char text[1400];

    snprintf(text, sizeof text, SEAT_FAILED "%s: %s%s%s", error->object, error->what, *error->remedy ? ": " : "",
             error->remedy);
    report(s, text);
    error_print(stderr, error);
}

enum status seat_run(const struct seat_request *request)
{
    struct seat s = {.request = request};
    struct error error = {.status = STATUS_OK};
    enum status status = STATUS_OK;
    enum session_end how;

    if (!open_media(&s, &error) || !prepare(&s, &error)) {
        report_error(&s, &error);
        return error.status;
    }
    report(&s, SEAT_READY);
    how = session_wait(&s.session, NULL, 0);
    if (how != SESSION_LEFT || live_command(s.live) != SEAT_DISCARD)
        status = end(&s, how, &error);
    if (status != STATUS_OK)
        report_error(&s, &error);
    return status; /* what it holds ends with the process */
}
