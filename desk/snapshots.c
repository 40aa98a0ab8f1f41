/* snapshots.c - see snapshots.h. */
#include "desk/snapshots.h"

#include <stdlib.h>

#include "desk/desk.h"

#define DEFAULT_EVERY 60 /* seconds of guest time */
#define DEFAULT_KEEP 3

bool snapshots_read_options(struct boot *b, struct error *error)
{
    const char *folder = argument_value(b->arguments, "--checkpoints"),
               *every = argument_value(b->arguments, "--checkpoint-every");
    const char *keep = argument_value(b->arguments, "--keep");
    char *end = NULL;

    b->checkpoint_every = DEFAULT_EVERY * UINT64_C(1000000);
    b->checkpoint_keep = DEFAULT_KEEP;
    if (!folder && (every || keep))
        return error_set(error, STATUS_USAGE, "boot", NULL, "name a folder for them with --checkpoints",
                         "%s is about checkpoints, and there are none", every ? "--checkpoint-every" : "--keep");
    if (every && (!session_read_seconds(every, &b->checkpoint_every) || !b->checkpoint_every))
        return error_set(error, STATUS_USAGE, "boot", NULL, "see muniment boot --help",
                         "--checkpoint-every cannot be \"%.100s\"", every);
    if (keep)
        b->checkpoint_keep = strtoull(keep, &end, 10);
    return !keep || (*keep >= '0' && *keep <= '9' && !*end && b->checkpoint_keep <= 1000000) ||
           error_set(error, STATUS_USAGE, "boot", NULL, "give the number of checkpoints that are to stay; 0: all",
                     "--keep cannot be \"%.100s\"", keep);
}

/* A snapshot names the media; they are not digested where no snapshot will need it. */
static bool are_wanted(const struct boot *b)
{
    bool wanted = argument_value(b->arguments, "--resume") || argument_value(b->arguments, "--checkpoints") ||
                  b->taking;

    for (size_t i = 0; i < b->script.count; i++)
        wanted |= b->script.commands[i].verb == SCRIPT_SNAPSHOT;
    return wanted;
}

static bool resume(struct boot *b, const char *path, struct error *error)
{
    struct snapshot snapshot;
    bool good = snapshot_read(path, &snapshot, error) && snapshot_fits(&snapshot, &b->media, &b->identity, error) &&
                (machine_line_in(b->machine, recording_wave(&b->media.line)), true) &&
                snapshot_restore(&snapshot, b->machine, error);

    snapshot_free(&snapshot);
    return good;
}

/* --- Checkpoints --- */

/* The run continues without it: only a place to resume from is lost. */
static void complain(struct boot *b, const struct error *error)
{
    b->checkpoint_failed = true;
    desk_fail(error);
}

static uint64_t next_due(const struct boot *b)
{
    uint64_t every = b->checkpoint_every * (machine_ticks_per_second(b->machine) / 1000000);

    return (machine_tick(b->machine) / every + 1) * every;
}

void snapshots_look(struct boot *b)
{
    struct error error;

    if (!b->checkpoints)
        return;
    if (!checkpoint_look(b->checkpoints, b->machine, &error))
        complain(b, &error);
    if (machine_tick(b->machine) < b->checkpoint_due || checkpoint_under_way(b->checkpoints))
        return;
    b->checkpoint_due = next_due(b);
    if (!machine_identity_update(&b->media, &b->identity, &error) ||
        !checkpoint_begin(b->checkpoints, b->machine, &b->identity, &error))
        complain(b, &error);
}

static bool begin_checkpoints(struct boot *b, const char *folder, struct error *error)
{
    b->checkpoints = checkpoints_open(folder, (unsigned)b->checkpoint_keep, b->machine, &b->identity, error);
    if (!b->checkpoints)
        return false;
    b->checkpoint_due = next_due(b);
    return true;
}

bool snapshots_end(struct boot *b)
{
    struct error error;

    if (!checkpoints_close(b->checkpoints, b->machine, &error))
        complain(b, &error);
    b->checkpoints = NULL;
    return !b->checkpoint_failed;
}

/* --- */

bool snapshots_begin(struct boot *b, struct error *error)
{
    const char *unfinished = b->taking ? taking_snapshot(b->taking) : NULL;
    const char *path = unfinished ? unfinished : argument_value(b->arguments, "--resume"),
               *folder = argument_value(b->arguments, "--checkpoints");
    struct progress progress;

    if (!are_wanted(b))
        return true;
    progress_begin(&progress, "reading");
    b->identified = machine_identify(&b->media, &b->identity, progress_bytes, &progress, error);
    progress_end(&progress);
    return b->identified && (!path || resume(b, path, error)) && (!folder || begin_checkpoints(b, folder, error));
}

bool snapshots_medium_changed(struct boot *b, enum drive_slot slot, struct error *error)
{
    return !b->identified || medium_identify(&b->media, slot, &b->identity, NULL, NULL, error);
}

bool snapshots_take(struct boot *b, const char *path, struct error *error)
{
    return machine_identity_update(&b->media, &b->identity, error) &&
           snapshot_write(b->machine, &b->identity, path, boot_replaces(b) || b->taking, error);
}
