/* history.c - see history.h. */
#define _DEFAULT_SOURCE /* realpath */
#include "desk/history.h"

#include <stdlib.h>
#include <string.h>

#include "formats/file.h"
#include "formats/json.h"

/* An act of which the outcome has not come yet. */
struct open_act {
    uint64_t line;
    char act[LOG_NAME_LIMIT + 1], object[512];
};

struct history {
    struct open_act *acts;
    size_t count, capacity;
    bool all; /* not verifications alone */
    bool out_of_memory;
    void (*each)(void *context, const struct check_record *record);
    void *context;
};

static void remember(struct history *h, const struct log_line *line)
{
    if (h->count == h->capacity) {
        size_t capacity = h->capacity ? 2 * h->capacity : 8;
        struct open_act *acts = realloc(h->acts, capacity * sizeof *acts);

        if (!acts) {
            h->out_of_memory = true;
            return;
        }
        h->acts = acts;
        h->capacity = capacity;
    }
    h->acts[h->count].line = line->number;
    memcpy(h->acts[h->count].act, line->act, sizeof h->acts[0].act);
    log_line_value(line, "object", h->acts[h->count].object, sizeof h->acts[0].object);
    h->count++;
}

static void hand_over(struct history *h, const struct log_line *line, const struct open_act *act)
{
    struct check_record record = {.line = act->line};

    memcpy(record.time, line->time, sizeof record.time);
    memcpy(record.by, line->by, sizeof record.by);
    memcpy(record.act, act->act, sizeof record.act);
    memcpy(record.object, act->object, sizeof record.object);
    snprintf(record.outcome, sizeof record.outcome, "%.15s", line->act);
    log_line_value(line, "verdict", record.verdict, sizeof record.verdict);
    log_line_value(line, "method", record.method, sizeof record.method);
    log_line_value(line, "findings", record.findings, sizeof record.findings);
    log_line_value(line, "machine-root", record.machine_root, sizeof record.machine_root);
    h->each(h->context, &record);
}

static bool take_line(void *context, const struct log_line *line)
{
    struct history *h = context;

    if (line->kind == LOG_ACT && (h->all || strcmp(line->act, "verify") == 0))
        remember(h, line);
    for (size_t i = h->count; line->kind == LOG_OUTCOME && i-- > 0;)
        if (h->acts[i].line == line->intent) {
            hand_over(h, line, &h->acts[i]);
            h->acts[i] = h->acts[--h->count];
            break;
        }
    return !h->out_of_memory;
}

static bool read_log(const char *log, struct history *h, struct error *error)
{
    struct log_head head;
    bool good = log_read(log, take_line, h, &head, error);

    if (good && h->out_of_memory)
        good = error_set(error, STATUS_HOST, log, NULL, NULL, "out of memory");
    free(h->acts);
    return good;
}

bool history_read(const char *log, void (*each)(void *context, const struct check_record *record), void *context,
                  struct error *error)
{
    return read_log(log, &(struct history){.each = each, .context = context}, error);
}

bool history_acts(const char *log, void (*each)(void *context, const struct check_record *record), void *context,
                  struct error *error)
{
    return read_log(log, &(struct history){.each = each, .context = context, .all = true}, error);
}

const char *history_file(const struct check_record *record)
{
    return path_name(record->object);
}

void history_folder_find(struct history_folder *folder, const char *path)
{
    size_t length = (size_t)snprintf(folder->given, sizeof folder->given, "%s", path);

    for (; length > 1 && length < sizeof folder->given && folder->given[length - 1] == '/'; length--)
        folder->given[length - 1] = '\0';
    if (!realpath(path, folder->real))
        snprintf(folder->real, sizeof folder->real, "%s", folder->given);
    *folder->last = '\0';
}

/* Whether the folder of a file is this one. */
static bool is_folder(const char *path, const struct history_folder *folder)
{
    const char *name = path_name(path);
    char real[PATH_MAX];

    if (*path == '/' && realpath(path, real))
        return strcmp(real, folder->real) == 0;
    return !strcmp(name, ".") || !strcmp(name, "..") || !strcmp(name, path_name(folder->given)) ||
           !strcmp(name, path_name(folder->real));
}

bool history_in(const struct check_record *record, struct history_folder *folder)
{
    char path[sizeof record->object];
    size_t length = (size_t)(history_file(record) - record->object);

    if (length < 2)
        return true;
    snprintf(path, sizeof path, "%.*s", (int)length - 1, record->object);
    if (strcmp(path, folder->last) != 0) {
        memcpy(folder->last, path, sizeof path);
        folder->last_is = is_folder(path, folder);
    }
    return folder->last_is;
}

bool history_decides(const struct check_record *record)
{
    return *record->machine_root && strcmp(record->verdict, "sampled") != 0 && strcmp(record->verdict, "partial") != 0;
}

/* --- The last check of one archive --- */

struct last_check {
    const char *root, *name;
    struct history_folder folder;
    struct check_record record;
};

static void keep_last(void *context, const struct check_record *r)
{
    struct last_check *last = context;

    if (history_decides(r) && strcmp(r->machine_root, last->root) == 0 && strcmp(history_file(r), last->name) == 0 &&
        history_in(r, &last->folder))
        last->record = *r;
}

/* Logs are long: what is not of this archive is not looked at. */
static bool read_checks(const char *log, struct last_check *last, struct error *error)
{
    struct history h = {.each = keep_last, .context = last};
    char *name = NULL;
    size_t size;
    FILE *file = open_memstream(&name, &size);
    bool good = file;

    if (file) {
        json_string(file, last->name); /* as it stands at the end of a path */
        good = fclose(file) == 0;
    }
    good = good && log_search(log, (const char *const[]){last->root, name + 1}, take_line, &h, error);
    free(name);
    free(h.acts);
    return good && !h.out_of_memory;
}

void history_warn(const struct arguments *a, const struct archive *archive)
{
    const char *log = argument_value(a, "--log"), *path = archive_file(archive);
    struct last_check last = {.root = archive_machine_root(archive), .name = path_name(path)};
    struct check_record *r = &last.record;
    char folder[PATH_MAX];
    struct error error;

    if (!log)
        return;
    snprintf(folder, sizeof folder, "%.*s", last.name > path ? (int)(last.name - path) : 1,
             last.name > path ? path : ".");
    history_folder_find(&last.folder, folder);
    if (!read_checks(log, &last, &error) ||
        (strcmp(r->verdict, "damaged") != 0 && strcmp(r->verdict, "inherited-undecided") != 0))
        return;
    error_set(&error, STATUS_OK, path, NULL, history_next_step(r), "the last check, on %.10s, came to: %s", r->time,
              r->verdict);
    error_print(stderr, &error);
}

const char *history_next_step(const struct check_record *record)
{
    /* clang-format off */
    static const struct {
        const char *verdict, *step;
    } steps[] = {
        {"trusted", "none: check it again when it is due"},
        {"intact", "none: check it again when it is due"},
        {"unknown-signer", "compare the signer with what the institution published, and name him with --trust"},
        {"bad-signature", "trust nothing in it: take another copy, and find out who changed this one"},
        {"damaged", "take another copy of it out of the replicas, and check the medium on which this one lies"},
        {"sampled", "check all of it: only a part was read"},
        {"inherited-undecided", "check it again with its parent at hand"},
        {"partial", "run the check again: it resumes where it stopped"},
    };
    /* clang-format on */

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (strcmp(record->verdict, steps[i].verdict) == 0)
            return steps[i].step;
    return "check it again: the last check came to no verdict";
}
