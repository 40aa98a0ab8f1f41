/* replay.c - the subcommand replay: repeats a recorded run, and says where it differs if it does. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "desk/boot.h"
#include "desk/desk.h"
#include "desk/rights.h"
#include "desk/differ.h"
#include "desk/engine.h"
#include "desk/watch.h"
#include "formats/plain.h"

#define KEPT 5 /* states to go back to: half as far apart as one goes back */

/* What --back needs: processes that wait where the replay has been. */
struct past {
    uint64_t ticks;      /* to go back; 0: not asked for */
    struct worker *kept; /* KEPT of them */
    uint64_t at[KEPT];   /* their ticks, ascending */
    size_t count;
};

struct replaying {
    struct boot boot; /* its machine is the replay's */
    struct journal journal;
    struct replay replay;
    struct worker workers[2 + KEPT]; /* those of differ, then those of past */
    struct differ differ;
    struct past past;
    const char **paths;
    struct replay_images images;
};

/* --- Going back --- */

static bool read_back(struct replaying *p, struct error *error)
{
    const char *back = argument_value(p->boot.arguments, "--back");
    uint64_t microseconds;

    if (!back)
        return true;
    if (!session_read_seconds(back, &microseconds) || microseconds == 0)
        return error_set(error, STATUS_USAGE, "replay", NULL, "see muniment replay --help",
                         "--back cannot be \"%.100s\"", back);
    p->past.ticks = microseconds * (machine_ticks_per_second(p->boot.machine) / 1000000);
    return true;
}

/* Keeps the state in which the replay stands, and of the earlier ones those that may be wanted. */
static bool keep_state(struct replaying *p, struct error *error)
{
    struct past *past = &p->past;
    uint64_t now = machine_tick(p->boot.machine);

    while (past->count > 1 && (past->count == KEPT || past->at[1] + past->ticks <= now)) {
        worker_quit(&past->kept[0]);
        memmove(past->kept, past->kept + 1, (KEPT - 1) * sizeof(*past->kept));
        past->kept[KEPT - 1].process = 0;
        memmove(past->at, past->at + 1, sizeof(past->at) - sizeof(*past->at));
        past->count--;
    }
    if (!worker_fork(&past->kept[past->count], p->workers, 2 + KEPT, &p->replay, &p->differ.identity, error))
        return false;
    past->at[past->count++] = now;
    return true;
}

/* Where the next state is to be kept. */
static uint64_t next_kept(const struct past *past)
{
    return past->count ? past->at[past->count - 1] + past->ticks / 2 + 1 : 0;
}

/* In a process that waited: shows where it stands. */
static bool show(void *context)
{
    struct replaying *p = context;
    struct error error;
    bool good = boot_show_end(&p->boot, &error);

    if (!good)
        error_print(stderr, &error);
    return fflush(stdout) == 0 && good;
}

/* Shows the state as it was so much earlier. */
static bool show_past(struct replaying *p, struct error *error)
{
    uint64_t now = machine_tick(p->boot.machine), wanted = now - p->past.ticks;
    struct worker_state state;
    size_t i = p->past.count;

    if (p->past.ticks > now)
        return error_set(error, STATUS_USAGE, "replay", NULL, NULL, "--back goes back past power-on");
    while (i > 0 && p->past.at[i - 1] > wanted)
        i--;
    struct worker *worker = i > 0 ? &p->past.kept[i - 1] : NULL;
    if (!worker || !worker_probe(worker, wanted, &state) || !worker_keep(worker, true))
        return error_set(error, STATUS_HOST, "replay", NULL, NULL, "the process that waited is gone");
    printf("back at tick %" PRIu64 "\n", state.tick);
    fflush(stdout);
    return worker_show(worker) || error_set(error, STATUS_HOST, "replay", NULL, NULL, "the state could not be shown");
}

/* --- Beginning --- */

static bool open_images(struct replaying *p, struct error *error)
{
    const struct arguments *a = p->boot.arguments;
    size_t count;
    struct image_request requests[DRIVE_COUNT];
    struct progress progress;
    bool good;

    p->paths = argument_values(a, "--media", &count);
    if (!p->paths)
        return error_set(error, STATUS_HOST, "replay", NULL, NULL, "out of memory");
    if (!desk_image_requests(a, requests, error))
        return false;
    progress_begin(&progress, "reading");
    good = replay_images_open(&p->images, p->paths, count, requests, progress_bytes, &progress, error);
    progress_end(&progress);
    return good;
}

static bool prepare(struct replaying *p, struct error *error)
{
    const char *const *operands = p->boot.arguments->operands;
    struct boot *b = &p->boot;
    struct archive *archive;

    if (!boot_read_options(b, error) || !boot_check_outputs(b, error) ||
        !journal_read(operands[1], &p->journal, error) || !open_images(p, error))
        return false;
    archive = desk_open_archive(b->arguments, operands[0], error);
    if (archive && !desk_may_see(b->arguments, archive, error)) {
        archive_close(archive);
        return false;
    }
    if (!archive || !media_open_archive(&b->media, archive, NULL, NULL, error) || !boot_open_outputs(b, error))
        return false;
    boot_host(b, &b->host);
    engine_host(b, &b->host);
    b->session.replay = &p->replay;
    if (!replay_begin(&p->replay, operands[1], &p->journal, &b->media, archive_machine_root(b->media.archive),
                      &p->images, &b->host, error))
        return false;
    b->machine = p->replay.machine;
    return engine_begin(b, error) && boot_begin_session(b, UINT64_MAX, error) && read_back(p, error) &&
           machine_identify(&b->media, &p->differ.identity, NULL, NULL, error);
}

static void release(struct replaying *p)
{
    for (size_t i = 0; i < p->past.count; i++)
        worker_quit(&p->past.kept[i]);
    boot_release(&p->boot);
    replay_end(&p->replay);
    replay_images_free(&p->images);
    journal_free(&p->journal);
    free(p->paths);
}

/* In a process that was forked off: what the machine sends is written by the other. */
static void branch(void *context)
{
    struct replaying *p = context;

    p->boot.serial.file = p->boot.parallel.file = NULL;
}

/* Makes this process, whose standard input and output belong to its parent, one of two in lockstep. */
static enum status serve(struct replaying *p)
{
    p->replay.branch = branch;
    p->replay.branch_context = p;
    p->replay.unchecked = true;
    worker_serve(&p->replay, &p->differ.identity, STDIN_FILENO, STDOUT_FILENO);
    release(p);
    return STATUS_OK;
}

/* So that a difference can be explained, the last equal state is kept; the first is that at power-on. */
static bool begin_checking(struct replaying *p, struct error *error)
{
    struct replay *r = &p->replay;

    p->differ.arguments = p->boot.arguments;
    p->differ.replay = r;
    p->differ.workers = p->workers;
    p->differ.worker_count = 2 + KEPT;
    p->past.kept = p->workers + 2;
    r->branch = branch;
    r->equal = differ_keep;
    r->show = show;
    r->branch_context = p;
    r->equal_context = &p->differ;
    return differ_keep(&p->differ) || (*error = r->error, false);
}

/* --- The run --- */

/* Waits, and keeps states on the way. conditions has room for one more. */
static enum session_end wait_keeping(struct replaying *p, struct condition *conditions, size_t count,
                                     struct error *error)
{
    for (;;) {
        conditions[count] = (struct condition){.kind = WHEN_TICK, .tick = next_kept(&p->past)};
        enum session_end end = session_wait(&p->boot.session, conditions, count + (p->past.ticks > 0));
        if (end != SESSION_MET || p->boot.session.met < count)
            return end;
        if (!keep_state(p, error)) {
            p->replay.outcome = REPLAY_FAILED;
            p->replay.error = *error;
            return SESSION_DIFFERS;
        }
    }
}

/* The end of the journal is a condition like the others. */
static bool run(struct replaying *p, struct error *error)
{
    struct boot *b = &p->boot;
    struct condition *conditions = calloc(b->until_count + 3, sizeof(*conditions));
    size_t count = b->until_count;

    if (!conditions)
        return error_set(error, STATUS_HOST, "replay", NULL, NULL, "out of memory");
    for (size_t i = 0; i < count; i++)
        conditions[i] = b->until[i];
    if (b->tracing.to != UINT64_MAX)
        conditions[count++] = (struct condition){.kind = WHEN_TICK, .tick = b->tracing.to};
    conditions[count] = (struct condition){.kind = WHEN_REPLAYED};
    enum session_end end = wait_keeping(p, conditions, count + 1, error);
    free(conditions);
    if (!boot_ended(b, end, p->replay.name, "the end of the journal", error))
        return false;
    if (count == 0 || b->session.met < count)
        return true;
    return error_set(error, STATUS_WRONG, p->replay.name, NULL, NULL,
                     "the journal ends at tick %" PRIu64 ", before the condition held", machine_tick(b->machine));
}

static void print_summary(const struct replaying *p)
{
    const struct replay *r = &p->replay;

    plain_print(stdout, r->name);
    printf(": %" PRIu32 " input%s given, %" PRIu32 " state%s equal, to tick %" PRIu64 "%s\n", r->inputs,
           r->inputs == 1 ? "" : "s", r->digests, r->digests == 1 ? "" : "s", machine_tick(r->machine),
           r->next < p->journal.count ? ""
           : p->journal.ended         ? ", the end"
                                      : ", where the journal was cut short");
}

static enum status repeat(const struct arguments *arguments, const struct watcher *watcher, struct act *act)
{
    struct replaying p = {.boot.arguments = arguments, .boot.watcher = watcher};
    struct error error, later;
    enum status status = STATUS_OK;

    if (!prepare(&p, &error) || (watcher && !watcher->begin(watcher->context, &error))) {
        status = desk_fail(&error);
        release(&p);
        return status;
    }
    if (argument_value(arguments, "--lockstep"))
        return serve(&p);
    bool good = begin_checking(&p, &error) && run(&p, &error);
    progress_end(&p.boot.session.progress);
    if (!good)
        status = desk_fail(&error);
    else if (!watcher)
        print_summary(&p);
    else
        watcher->look(watcher->context, p.boot.machine, true);
    if (watcher && !watcher->end(watcher->context, good, &later))
        status = desk_fail(&later);
    if (p.replay.outcome == REPLAY_DIFFERS)
        differ_explain(&p.differ);
    differ_end(&p.differ);
    if (!p.boot.disk_failed && (p.past.ticks && good ? !show_past(&p, &later) : !boot_show_end(&p.boot, &later)))
        status = desk_fail(&later);
    if (!boot_commit_outputs(&p.boot, &later))
        status = desk_fail(&later);
    if (act) {
        act_fact(act, "journal", arguments->operands[1]);
        boot_facts(&p.boot, act);
    }
    release(&p);
    return status;
}

enum status replay_watched(const struct arguments *arguments, const struct watcher *watcher)
{
    return repeat(arguments, watcher, NULL);
}

static enum status replay_all(const struct arguments *arguments, struct act *act)
{
    return repeat(arguments, NULL, act);
}

enum status replay_run(const struct arguments *arguments)
{
    return act_run(arguments, "replay", replay_all);
}
