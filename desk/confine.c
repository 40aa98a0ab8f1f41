/* confine.c - see confine.h. */
#define _DEFAULT_SOURCE /* realpath */
#include "desk/confine.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "desk/jail.h"

struct folders {
    struct jail_folder *list;
    size_t count, capacity;
    bool failed; /* no memory */
};

static void add(struct folders *f, char *path, bool write)
{
    if (f->count == f->capacity) {
        struct jail_folder *larger = realloc(f->list, (f->capacity * 2 + 16) * sizeof *larger);
        f->failed = f->failed || !larger;
        if (!larger) {
            free(path);
            return;
        }
        f->list = larger;
        f->capacity = f->capacity * 2 + 16;
    }
    f->list[f->count++] = (struct jail_folder){path, write};
    f->failed = f->failed || !path;
}

/* The folder that holds a file, as it is named and as links lead to it. */
static void add_folder_of(struct folders *f, const char *path, bool write)
{
    char *real = realpath(path, NULL);
    const char *names[] = {path, real};

    for (size_t i = 0; i < 2 && names[i]; i++) {
        const char *slash = strrchr(names[i], '/');
        add(f, slash ? strndup(names[i], (size_t)(slash - names[i]) + 1) : strdup("."), write);
    }
    free(real);
}

static void add_options(struct folders *f, const struct arguments *arguments)
{
    static const char *const named[] = {
        "--screenshot", "--serial", "--parallel", "--clipboard",         "--sound",      "--midi", "--print",
        "--trace",      "--log",    "--resume",   "--trace-translation", "--checkpoints"};
    size_t position = 0;
    const char *value;

    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        if ((value = argument_value(arguments, named[i])) && strcmp(value, "-") != 0)
            add_folder_of(f, value, true);
    if ((value = argument_value(arguments, "--checkpoints")))
        add(f, strdup(value), true);
    if ((value = argument_value(arguments, "--print")))
        add(f, strdup(value), true);
    while ((value = argument_next(arguments, "--display", &position)))
        if (!strncmp(value, "vnc:", 4))
            add_folder_of(f, value + 4, true);
}

static void add_script(struct folders *f, const struct script *script)
{
    const char *temporary = getenv("TMPDIR");

    for (size_t i = 0; i < script->count; i++) {
        const struct script_command *c = &script->commands[i];
        bool writes = c->verb == SCRIPT_SCREENSHOT || c->verb == SCRIPT_SNAPSHOT;
        if (!c->text || (!writes && c->verb != SCRIPT_FLOPPY && c->verb != SCRIPT_CD && c->verb != SCRIPT_LINE_IN))
            continue;
        add_folder_of(f, c->text, writes);
        if (!writes)
            add(f, strdup(temporary && *temporary == '/' ? temporary : "/var/tmp"), true); /* the medium's overlay */
    }
}

bool confine_run(const struct arguments *arguments, const struct script *script, struct media *media,
                 struct error *error)
{
    struct folders folders = {.list = NULL};
    bool good;

    if (argument_value(arguments, "--retrieve"))
        return true;
    add_options(&folders, arguments);
    add_script(&folders, script);
    good = folders.failed
               ? error_set(error, STATUS_HOST, "jail", NULL, NULL, "out of memory")
               : jail_enter(folders.count || argument_value(arguments, "--display") ? JAIL_RUN : JAIL_SESSION,
                            folders.list, folders.count, &(struct jail_limits){.memory = 0}, error);
    for (size_t i = 0; i < folders.count; i++)
        free((char *)folders.list[i].path);
    free(folders.list);
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++)
        media->images[slot].lock_in = NULL;
    return good;
}
