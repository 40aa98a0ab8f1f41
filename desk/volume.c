/* volume.c - finds a volume whose files can be read, asks whether they may be, and goes over them. */
#include "desk/volume.h"

#include <ctype.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "desk/desk.h"
#include "desk/reader.h"
#include "formats/codepage.h"
#include "formats/volumes/volumes.h"

enum { DEPTH_LIMIT = 64, ENTRY_LIMIT = 4000000 };

/* --- Volumes --- */

/* The code page of --code-page, or else of the system that is installed. */
static bool choose_code_page(const struct arguments *a, uint16_t *page, struct error *error)
{
    const char *wanted = argument_value(a, "--code-page");
    unsigned long number = wanted && isdigit((unsigned char)*wanted) ? strtoul(wanted, NULL, 10) : 0;

    if (!wanted)
        return true;
    *page = (uint16_t)number;
    return (number <= UINT16_MAX && codepage_known(*page)) ||
           error_set(error, STATUS_USAGE, a->command->name, NULL, "437, 850, 852, 866, 932, 1250, 1251, or 1252",
                     "--code-page cannot be \"%.20s\"", wanted);
}

/* A name that was deleted is no longer whole, so that no rule about a path can be held against it; and who looks for
 * what was deleted says so in the log. */
static bool may_see_deleted(const struct arguments *a, const struct desk_volume *v, struct error *error)
{
    if (argument_value(a, "--key"))
        return error_set(error, STATUS_USAGE, a->command->name, NULL, NULL,
                         "a receipt is not for what was deleted: --deleted does not go with --key");
    if (!v->rights)
        return true;
    if (!argument_value(a, "--log"))
        return error_set(error, STATUS_USAGE, a->command->name, NULL, "name the office's log with --log and --by",
                         "--deleted is an archivist's act, and must be recorded");
    return rights_allow(v->rights, v->disk.slot, true, error);
}

static bool open_volume(const struct arguments *a, struct desk_volume *v, const struct volume *from,
                        struct error *error)
{
    struct volume volume = *from;

    volume.with_deleted = argument_value(a, "--deleted") != NULL;
    if (argument_value(a, "--code-page") && v->rights &&
        (!strcmp(from->file_system, "HPFS") || !strcmp(from->file_system, "ISO 9660")) &&
        !rights_allow(v->rights, v->disk.slot, true, error))
        return false; /* its names have no bytes here that a rule about a path could be held against (is_closed) */
    if (*from->within && v->rights && rights_closed(v->rights, v->disk.slot, from->within))
        return error_set(error, STATUS_CLOSED, a->operands[0], from->within, NULL, "the file of this volume is closed");
    if (!choose_code_page(a, &volume.code_page, error) || (volume.with_deleted && !may_see_deleted(a, v, error)))
        return false;
    v->number = from->number;
    v->code_page = volume.code_page;
    return reader_open(&v->disk.block, &volume, &v->files, error);
}

/* Partition `wanted`, or the only one with a file system that can be read. */
static bool choose_volume(const struct arguments *a, struct desk_volume *v, const struct disk_survey *s,
                          const char *wanted, struct error *error)
{
    const char *path = a->operands[0];
    const struct volume *chosen = NULL;
    char *end = NULL;
    unsigned long number = wanted ? strtoul(wanted, &end, 10) : 0;

    if (wanted && (!isdigit((unsigned char)*wanted) || *end))
        return error_set(error, STATUS_USAGE, path, NULL, NULL, "\"%s\" is no number of a partition", wanted);
    for (uint32_t i = 0; i < s->volume_count; i++) {
        const struct volume *one = &s->volumes[i];
        if (wanted ? one->number != number : !files_can_open(one))
            continue;
        if (chosen)
            return error_set(error, STATUS_USAGE, path, NULL,
                             "name one with --drive :N; `muniment identify` lists them",
                             "has more than one volume with files");
        chosen = one;
    }
    if (!chosen)
        return error_set(error, STATUS_INPUT, path, NULL, "`muniment identify` lists what is on the disk",
                         wanted ? "has no partition %s" : "has no volume whose files can be read%s",
                         wanted ? wanted : "");
    return open_volume(a, v, chosen, error);
}

bool desk_volume_choose(const struct arguments *a, struct desk_volume *v, struct error *error)
{
    const char *drive = argument_value(a, "--drive"), *colon = drive ? strchr(drive, ':') : NULL;
    struct disk_survey survey;
    bool good = disk_survey(&v->disk.block, &survey, error);

    if (good && !argument_value(a, "--code-page"))
        reader_find_code_pages(&v->disk.block, &survey);
    good = good && choose_volume(a, v, &survey, colon ? colon + 1 : NULL, error);

    disk_survey_free(&survey);
    return good;
}

bool desk_volume_open(const struct arguments *a, struct desk_volume *v, struct error *error)
{
    *v = (struct desk_volume){.number = 0};
    if (!desk_disk_open(a, &v->disk, error))
        return false;
    if (v->disk.archive &&
        (!(v->rights = rights_open(a, v->disk.archive, error)) || !rights_allow(v->rights, v->disk.slot, false, error)))
        return false;
    return desk_volume_choose(a, v, error);
}

void desk_volume_close(struct desk_volume *v)
{
    files_close(&v->files);
    rights_close(v->rights);
    v->rights = NULL;
    desk_disk_close(&v->disk);
}

/* --- Names --- */

/* A to Z in place of a to z; null: out of memory. */
static char *folded(const char *text)
{
    char *copy = strdup(text);

    for (char *at = copy; at && *at; at++)
        if (*at >= 'a' && *at <= 'z')
            *at = (char)(*at - 'a' + 'A');
    return copy;
}

bool path_is_named(const char *pattern, const char *path)
{
    char *text = folded(path), *folded_pattern = folded(pattern), *slash = text;
    bool named = false;

    while (text && folded_pattern && slash && !named) {
        named = fnmatch(folded_pattern, text, FNM_PATHNAME | FNM_NOESCAPE) == 0;
        slash = strrchr(text, '/');
        if (slash)
            *slash = '\0';
    }
    free(text);
    free(folded_pattern);
    return named;
}

static bool is_named(const struct visit *visit, const char *path)
{
    for (size_t i = 0; i < visit->wanted_count; i++)
        if (path_is_named(visit->wanted[i], path))
            return true;
    return visit->wanted_count == 0;
}

/* Whether a path is named, or a folder in which what is named would lie: a pattern's first parts name it. */
static bool leads_to_wanted(const struct visit *visit, const char *path)
{
    bool leads = is_named(visit, path);

    for (size_t i = 0; !leads && i < visit->wanted_count; i++) {
        char *head = strdup(visit->wanted[i]), *slash = head ? strchr(head, '/') : NULL;

        for (const char *at = path; slash && (at = strchr(at, '/')); at++)
            slash = strchr(slash + 1, '/');
        if (slash) {
            *slash = '\0';
            leads = path_is_named(head, path);
        }
        free(head);
    }
    return leads;
}

bool visit_read_options(const struct arguments *a, struct visit *visit, struct error *error)
{
    const char *kind = argument_value(a, "--type");

    visit->newer = argument_value(a, "--newer");
    visit->kind = kind ? signature_named(kind) : NULL;
    if (visit->newer && (strspn(visit->newer, "0123456789-: ") != strlen(visit->newer) || strlen(visit->newer) < 4))
        return error_set(error, STATUS_USAGE, a->command->name, NULL, "say it as files lists it: 1998-03-02",
                         "--newer cannot be \"%.40s\"", visit->newer);
    return !kind || visit->kind ||
           error_set(error, STATUS_USAGE, a->command->name, NULL, "spec/retrieval.md lists them",
                     "\"%.40s\" is no kind of file", kind);
}

/* Whether a file is of a kind, by its first bytes; what cannot be read is of none. */
static bool is_of_kind(const struct desk_volume *v, const struct file_entry *e, const struct file_signature *kind)
{
    uint8_t head[SIGNATURE_HEAD];
    struct error ignored;
    size_t got = 0;

    v->files.system->read(v->files.context, e, 0, head, sizeof head, &got, &ignored);
    return signature_of(head, got) == kind;
}

static bool is_wanted(const struct desk_volume *v, const struct visit *visit, const char *path,
                      const struct file_entry *e)
{
    char modified[24];

    if (!is_named(visit, path))
        return false;
    if (!visit->newer && !visit->kind)
        return true;
    return e->kind == FILE_REGULAR &&
           (!visit->newer || (e->modified.zone && strcmp(file_time_text(&e->modified, modified), visit->newer) >= 0)) &&
           (!visit->kind || is_of_kind(v, e, visit->kind));
}

/* --- Going over them --- */

struct walk {
    struct desk_volume *volume;
    struct visit *visit;
    struct text path;                /* of the folder, with a slash at its end; no NUL */
    uint64_t above[DEPTH_LIMIT + 1]; /* the folders on the way, by their id */
    struct step {
        uint8_t raw[11];
        bool is_raw;          /* the name is short and not ASCII: which it is depends on the code page */
        size_t length;        /* of the path so far, without the slash */
    } steps[DEPTH_LIMIT + 1]; /* and by their names */
    unsigned depth;
    uint64_t entries;
    struct error *error; /* of what ends the walk */
    bool failed;         /* it ended */
};

static void walk_folder(struct walk *w, uint64_t folder);

static bool fails(struct walk *w)
{
    w->failed = true;
    return false;
}

static bool out_of_memory(struct walk *w)
{
    error_set(w->error, STATUS_HOST, "files", NULL, NULL, "out of memory");
    return fails(w);
}

/* A folder that contains itself, or is too deep, is damage. */
static bool may_enter(struct walk *w, const struct file_entry *folder, const char *path, struct error *error)
{
    for (unsigned i = 0; i < w->depth; i++)
        if (w->above[i] == folder->id)
            return error_set(error, STATUS_WRONG, path, NULL, NULL, "contains itself");
    return w->depth < DEPTH_LIMIT ||
           error_set(error, STATUS_WRONG, path, NULL, NULL, "is more than %d folders deep", DEPTH_LIMIT);
}

static void take_step(struct walk *w, const struct file_entry *e)
{
    struct step *step = &w->steps[w->depth - 1];

    step->is_raw = false;
    step->length = w->path.length - 1;
    if (e->raw_size == sizeof step->raw && !strcmp(e->name, e->short_name))
        for (size_t i = 0; i < sizeof step->raw; i++)
            step->is_raw |= (step->raw[i] = e->raw_name[i]) >= 0x80;
}

/* Whether it is the file of a compressed volume, which holds whatever path of its drive is closed. */
static bool is_closed_volume(const struct walk *w, const struct file_entry *e)
{
    struct error ignored;
    uint32_t number;

    return w->depth == 1 && compressed_volume_name(e->short_name, &number) &&
           !rights_allow(w->volume->rights, w->volume->disk.slot, true, &ignored);
}

/* Whether the path is closed, in whatever code page the rule about it was written: it must not miss its file because
 * somebody reads the name in another one, or a session changed CONFIG.SYS. */
static bool is_closed(struct walk *w, const struct file_entry *e)
{
    const struct desk_volume *v = w->volume;
    struct text path = {.bytes = NULL};
    char name[FILE_SHORT_SIZE];
    bool closed = rights_closed(v->rights, v->disk.slot, w->path.bytes) || is_closed_volume(w, e), depends = false;

    for (unsigned i = 0; i < w->depth; i++)
        depends |= w->steps[i].is_raw;
    for (unsigned n = 0, page; depends && !closed && (page = codepage_number(n)); n++) {
        size_t from = 0;
        path.length = 0;
        for (unsigned i = 0; i < w->depth; from = w->steps[i++].length) {
            text_add(&path, "/", i > 0);
            from += i > 0;
            codepage_short_name(page, w->steps[i].raw, 0, name);
            if (w->steps[i].is_raw)
                text_add(&path, name, strlen(name));
            else
                text_add(&path, w->path.bytes + from, w->steps[i].length - from);
        }
        text_add(&path, "", 1);
        closed = path.failed || rights_closed(v->rights, v->disk.slot, path.bytes);
    }
    text_free(&path);
    return closed;
}

static bool walk_entry(void *context, const struct file_entry *entry)
{
    struct walk *w = context;
    size_t before = w->path.length;
    struct error damage;

    if (++w->entries > ENTRY_LIMIT) {
        error_set(w->error, STATUS_INPUT, "files", NULL, NULL, "more than %d entries", ENTRY_LIMIT);
        return fails(w);
    }
    text_add(&w->path, entry->name, strlen(entry->name) + 1); /* with NUL */
    if (w->path.failed)
        return out_of_memory(w);
    take_step(w, entry);
    if (w->volume->rights && is_closed(w, entry)) {
        w->visit->closed += leads_to_wanted(w->visit, w->path.bytes); /* of what kind it is, is not said */
        w->path.length = before;
        return true;
    }
    if (is_wanted(w->volume, w->visit, w->path.bytes, entry)) {
        w->visit->found++;
        w->failed = !w->visit->each(w->visit->context, w->path.bytes, entry, w->error);
    }
    if (!w->failed && entry->kind == FILE_FOLDER) {
        if (may_enter(w, entry, w->path.bytes, &damage)) {
            w->path.bytes[w->path.length - 1] = '/';
            walk_folder(w, entry->id);
        } else {
            w->visit->damaged(w->visit->context, w->path.bytes, &damage);
        }
    }
    w->path.length = before;
    return !w->failed;
}

static void walk_folder(struct walk *w, uint64_t folder)
{
    const struct files *files = &w->volume->files;
    struct error damage;

    w->above[w->depth++] = folder;
    if (!files->system->list(files->context, folder, walk_entry, w, &damage) && !w->failed) {
        text_add(&w->path, "", 1);
        if (w->path.failed) {
            out_of_memory(w);
        } else {
            w->visit->damaged(w->visit->context, w->path.bytes, &damage);
            w->path.length--;
        }
    }
    w->depth--;
}

bool desk_volume_visit(struct desk_volume *volume, struct visit *visit, struct error *error)
{
    struct walk w = {.volume = volume, .visit = visit, .error = error};

    walk_folder(&w, 0);
    text_free(&w.path);
    return !w.failed;
}
