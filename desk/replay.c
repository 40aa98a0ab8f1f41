/* replay.c - the subcommand replay: repeats a recorded run, and says where it differs if it does. */
#include <inttypes.h>
#include <stdlib.h>

#include "desk/boot.h"
#include "desk/desk.h"

struct replaying {
    struct boot boot; /* its machine is the replay's */
    struct journal journal;
    struct replay replay;
    const char **paths;
    struct replay_images images;
};

static bool open_images(struct replaying *p, struct error *error)
{
    const struct arguments *a = p->boot.arguments;
    size_t position = 0, count = 0;
    struct progress progress;
    bool good;

    p->paths = calloc(a->given_count + 1, sizeof(*p->paths));
    if (!p->paths)
        return error_set(error, STATUS_HOST, "replay", NULL, NULL, "out of memory");
    while ((p->paths[count] = argument_next(a, "--media", &position)))
        count++;
    progress_begin(&progress, "reading");
    good = replay_images_open(&p->images, p->paths, count, progress_bytes, &progress, error);
    progress_end(&progress);
    return good;
}

static bool prepare(struct replaying *p, struct error *error)
{
    const char *const *operands = p->boot.arguments->operands;
    struct boot *b = &p->boot;

    if (!boot_read_options(b, error) || !journal_read(operands[1], &p->journal, error) || !open_images(p, error) ||
        !media_open_archive(&b->media, operands[0], NULL, error) || !boot_open_outputs(b, error))
        return false;
    boot_host(b, &b->host);
    b->session.replay = &p->replay;
    if (!replay_begin(&p->replay, operands[1], &p->journal, &b->media, archive_machine_root(b->media.archive), &p->images, &b->host, error))
        return false;
    b->machine = p->replay.machine;
    return boot_begin_session(b, UINT64_MAX, error);
}

/* The end of the journal is a condition like the others. */
static bool run(struct replaying *p, struct error *error)
{
    struct boot *b = &p->boot;
    struct condition *conditions = calloc(b->until_count + 2, sizeof(*conditions));
    size_t count = b->until_count;

    if (!conditions)
        return error_set(error, STATUS_HOST, "replay", NULL, NULL, "out of memory");
    for (size_t i = 0; i < count; i++)
        conditions[i] = b->until[i];
    if (b->tracing.to != UINT64_MAX)
        conditions[count++] = (struct condition){ .kind = WHEN_TICK, .tick = b->tracing.to };
    conditions[count] = (struct condition){ .kind = WHEN_REPLAYED };
    enum session_end end = session_wait(&b->session, conditions, count + 1);
    free(conditions);
    if (!boot_ended(b, end, p->replay.name, "the end of the journal", error))
        return false;
    if (count == 0 || b->session.met < count)
        return true;
    return error_set(error, STATUS_WRONG, p->replay.name, NULL, NULL, "the journal ends at tick %" PRIu64 ", before what was to come true",
                     machine_tick(b->machine));
}

static void print_summary(const struct replaying *p)
{
    const struct replay *r = &p->replay;

    printf("%s: %" PRIu32 " input%s given, %" PRIu32 " state%s equal, to tick %" PRIu64 "%s\n", r->name, r->inputs, r->inputs == 1 ? "" : "s",
           r->digests, r->digests == 1 ? "" : "s", machine_tick(r->machine),
           r->next < p->journal.count ? "" : p->journal.ended ? ", the end" : ", where the journal was cut short");
}

static void release(struct replaying *p)
{
    boot_release(&p->boot);
    replay_end(&p->replay);
    replay_images_free(&p->images);
    journal_free(&p->journal);
    free(p->paths);
}

enum status replay_run(const struct arguments *arguments)
{
    struct replaying p = { .boot.arguments = arguments };
    struct error error, later;
    enum status status = STATUS_OK;

    if (!prepare(&p, &error)) {
        status = desk_fail(&error);
        release(&p);
        return status;
    }
    bool good = run(&p, &error);
    progress_end(&p.boot.session.progress);
    if (good)
        print_summary(&p);
    else
        status = desk_fail(&error);
    if (!p.boot.disk_failed) {
        if (!boot_show_end(&p.boot, &later))
            status = desk_fail(&later);
        if (!boot_commit_outputs(&p.boot, &later))
            status = desk_fail(&later);
    }
    release(&p);
    return status;
}
