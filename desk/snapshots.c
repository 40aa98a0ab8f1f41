/* snapshots.c - see snapshots.h. */
#include "desk/snapshots.h"

#include <string.h>

/* A snapshot names the media; digesting them is left out where nobody will ask. */
static bool are_wanted(const struct boot *b)
{
    bool wanted = argument_value(b->arguments, "--resume");

    for (size_t i = 0; i < b->script.count; i++)
        wanted |= b->script.commands[i].verb == SCRIPT_SNAPSHOT;
    return wanted;
}

static bool resume(struct boot *b, const char *path, struct error *error)
{
    struct snapshot snapshot;
    bool good = snapshot_read(path, &snapshot, error) && snapshot_fits(&snapshot, &b->identity, error) && snapshot_restore(&snapshot, b->machine, error);

    snapshot_free(&snapshot);
    return good;
}

bool snapshots_begin(struct boot *b, struct error *error)
{
    const char *path = argument_value(b->arguments, "--resume");
    struct progress progress;

    if (!are_wanted(b))
        return true;
    progress_begin(&progress, "reading");
    b->identified = machine_identify(&b->media, &b->identity, progress_bytes, &progress, error);
    progress_end(&progress);
    return b->identified && (!path || resume(b, path, error));
}

bool snapshots_medium_changed(struct boot *b, enum drive_slot slot, struct error *error)
{
    return !b->identified || medium_identify(&b->media, slot, &b->identity, NULL, NULL, error);
}

bool snapshots_take(struct boot *b, const char *path, struct error *error)
{
    return snapshot_write(b->machine, &b->identity, path, error);
}
