/* twins.c - see twins.h. */
#include "verify/runs/twins.h"

#include <errno.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

bool twins_are_written(struct twins *t, bool wait)
{
    int status;
    pid_t ended = 0;

    if (!t->child)
        return false;
    do
        ended = waitpid(t->child, &status, wait ? 0 : WNOHANG);
    while (ended < 0 && errno == EINTR);
    if (ended == 0)
        return true;
    if (ended > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        t->next = !t->next; /* one that failed is tried again, and the other stays */
    t->child = 0;
    return false;
}

bool twins_write(struct twins *t, struct machine *machine, const struct machine_identity *identity, struct error *error)
{
    twins_are_written(t, true);
    if (!snapshot_write_in(machine, identity, t->descriptors[t->next], t->names[t->next], error))
        return false;
    t->next = !t->next;
    return true;
}

bool twins_begin(struct twins *t, struct machine *machine, const struct machine_identity *identity, struct error *error)
{
    if (twins_are_written(t, false))
        return true;
    t->child = fork();
    if (t->child == 0) {
        machine_forked(machine);
        _exit(!snapshot_write_in(machine, identity, t->descriptors[t->next], t->names[t->next], error));
    }
    if (t->child > 0)
        return true;
    t->child = 0;
    return error_host(error, t->names[t->next], errno, "cannot fork for");
}
