/* act.c - an act in the office's log. */
#include "desk/act.h"

#include <string.h>

#include "desk/desk.h"

bool act_begin(struct act *act, const struct arguments *a, const char *word, const char *object, struct error *error)
{
    const char *path = argument_value(a, "--log"), *by = argument_value(a, "--by"),
               *reason = argument_value(a, "--override");

    *act = (struct act){.log = NULL};
    if (!path && !by)
        return true;
    if (!path || !by)
        return error_set(error, STATUS_USAGE, a->command->name, NULL, NULL, "--log and --by go together");
    if (reason && strlen(reason) >= sizeof act->values[0])
        return error_set(error, STATUS_USAGE, a->command->name, NULL, "name the order or the file that says more",
                         "--override has more than %zu bytes, which is all that the log keeps",
                         sizeof act->values[0] - 1);
    act->log = log_open(path, by, error);
    if (act->log && log_intent(act->log, word, object, &act->intent, error))
        return true;
    log_close(act->log);
    act->log = NULL;
    return false;
}

void act_fact(struct act *act, const char *name, const char *value)
{
    if (!act->log || !*value || act->count == ACT_FACTS)
        return;
    snprintf(act->values[act->count], sizeof act->values[0], "%s", value);
    act->facts[act->count] = (struct log_field){name, act->values[act->count]};
    act->count++;
}

void act_override(struct act *act, const struct arguments *a, const struct archive *archive)
{
    const char *reason = argument_value(a, "--override");

    if (archive)
        act_fact(act, "machine-root", archive_machine_root(archive));
    if (reason)
        act_fact(act, "override", reason);
}

enum status act_end(struct act *act, enum status status)
{
    struct error error;

    if (!act->log)
        return status;
    if (!log_outcome(act->log, act->intent, status, act->facts, act->count, &error))
        status = desk_fail(&error);
    log_close(act->log);
    act->log = NULL;
    return status;
}

enum status act_run(const struct arguments *a, const char *word,
                    enum status (*run)(const struct arguments *a, struct act *act))
{
    struct error error;
    struct act act;

    return act_begin(&act, a, word, a->operands[0], &error) ? act_end(&act, run(a, &act)) : desk_fail(&error);
}
