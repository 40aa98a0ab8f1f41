/* volume.c - finds a volume whose files can be read, asks whether they may be, and goes over them. */
#include "desk/volume.h"

#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "desk/desk.h"
#include "desk/reader.h"
#include "formats/codepage.h"
#include "formats/letters.h"
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
    *page = number <= UINT16_MAX ? (uint16_t)number : 0;
    return codepage_known(*page) ||
           error_set(error, STATUS_USAGE, a->command->name, NULL, "`muniment files --help` lists them",
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

/* Whether the file of a compressed volume is called so. */
static bool is_host(void *context, size_t part, const char *name, size_t length, bool closes)
{
    (void)part;
    return rights_name_is(context, name, length, closes);
}

/* Whether it lies in a file that rules close. */
static bool is_in_closed(const struct desk_volume *v, const struct volume *volume)
{
    return *volume->within && v->rights &&
           rights_closed(v->rights, v->disk.slot, &(struct rights_path){1, is_host, (void *)volume->within});
}

static void warn_lacking(const struct arguments *a, const struct volume *v)
{
    struct error warning;
    char place[32];

    if (!v->lacking_page)
        return;
    error_set(&warning, STATUS_INPUT, a->operands[0], volume_place(v, place),
              "name another with --code-page; the raw bytes are in files.csv of a bag",
              "names are in code page %u (%s), which is not known here, and shown as in %u", v->lacking_page,
              v->code_page_evidence, v->code_page);
    error_print(stderr, &warning);
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
    if (is_in_closed(v, from))
        return error_set(error, STATUS_CLOSED, a->operands[0], from->within, NULL, "the file of this volume is closed");
    if (!choose_code_page(a, &volume.code_page, error) || (volume.with_deleted && !may_see_deleted(a, v, error)))
        return false;
    if (!argument_value(a, "--code-page"))
        warn_lacking(a, from);
    v->number = from->number;
    v->code_page = volume.code_page;
    v->volume = volume;
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
                             "name one with --drive :N; `muniment files --volumes` lists them",
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
    bool good = (argument_value(a, "--code-page") ? reader_survey : reader_survey_names)(&v->disk.block, &survey,
                                                                                         error);

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

/* A list of volumes that is being made. */
struct volume_list {
    const struct arguments *arguments;
    struct desk_volume volume; /* the disk and its rights */
    void (*each)(const struct desk_disk *disk, const struct volume *volume, void *context);
    void *context;
    bool left_out;
    struct error closed; /* why */
};

static bool list_disk(void *context, struct error *error)
{
    struct volume_list *l = context;
    struct desk_volume *v = &l->volume;
    struct disk_survey survey;

    if (v->disk.archive && !v->rights && !(v->rights = rights_open(l->arguments, v->disk.archive, error)))
        return false;
    if (v->rights && !rights_allow(v->rights, v->disk.slot, false, error)) {
        l->closed = *error;
        return l->left_out = error->status == STATUS_CLOSED;
    }
    if (!reader_survey(&v->disk.block, &survey, error))
        return disk_survey_free(&survey), false;
    for (uint32_t i = 0; i < survey.volume_count; i++)
        if (files_can_open(&survey.volumes[i]) && !is_in_closed(v, &survey.volumes[i]))
            l->each(&v->disk, &survey.volumes[i], l->context);
    disk_survey_free(&survey);
    return true;
}

bool desk_volume_each(const struct arguments *a,
                      void (*each)(const struct desk_disk *disk, const struct volume *volume, void *context),
                      void *context, struct error *error)
{
    struct volume_list l = {.arguments = a, .each = each, .context = context};
    bool good = desk_disk_each(a, &l.volume.disk, list_disk, &l, error);

    if (good && l.left_out)
        *error = l.closed;
    desk_volume_close(&l.volume);
    return good && !l.left_out;
}

void desk_volume_close(struct desk_volume *v)
{
    files_close(&v->files);
    rights_close(v->rights);
    v->rights = NULL;
    desk_disk_close(&v->disk);
}

/* --- Names --- */

/* Whether a letter, folded, is one of "[a-c]", "[!abc]"; *at comes to the bracket's end. False with *at null: there is
 * no end, and the bracket is itself. */
static bool is_in_brackets(const char **at, uint32_t letter)
{
    const char *next = *at + 1;
    const bool negated = *next == '!';
    bool found = false;

    next += negated;
    for (const char *first = next; *next && (*next != ']' || next == first);) {
        const uint32_t from = letter_next(&next);
        uint32_t to = from;
        if (*next == '-' && next[1] && next[1] != ']') {
            next++;
            to = letter_next(&next);
        }
        found |= letter >= from && letter <= to;
    }
    *at = *next ? next + 1 : NULL;
    return *next && found != negated;
}

/* Whether one letter of a pattern stands for one of a path; both come to what follows. */
static bool matches_one(const char **pattern, const char **path)
{
    const char *bracket = *pattern;
    const uint32_t letter = letter_next(path);

    if (*bracket == '[') {
        const bool found = is_in_brackets(&bracket, letter);
        if (bracket) {
            *pattern = bracket;
            return found && letter != '/';
        }
    }
    const uint32_t wanted = letter_next(pattern);
    return wanted == '?' ? letter != '/' : wanted == letter;
}

/* Whether a pattern stands for all of a path: as POSIX has it, a slash being itself. */
static bool matches(const char *pattern, const char *path)
{
    const char *star = NULL, *tried = NULL; /* the last star, and where what follows it was tried */

    while (*path) {
        if (*pattern == '*') {
            star = ++pattern;
            tried = path;
        } else if (!*pattern || !matches_one(&pattern, &path)) {
            if (!star || *tried == '/')
                return false;
            letter_next(&tried);
            pattern = star;
            path = tried;
        }
    }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}

bool path_is_named(const char *pattern, const char *path)
{
    char *text = strdup(path), *slash = text;
    bool named = false;

    while (slash && !named) {
        named = matches(pattern, text);
        slash = strrchr(text, '/');
        if (slash)
            *slash = '\0';
    }
    free(text);
    return named;
}

/* matched: for each that is wanted whether it named anything; or null. */
static bool is_named(const struct visit *visit, bool *matched, const char *path)
{
    bool named = visit->wanted_count == 0;

    for (size_t i = 0; i < visit->wanted_count && (matched || !named); i++)
        if (path_is_named(visit->wanted[i], path)) {
            named = true;
            if (matched)
                matched[i] = true;
        }
    return named;
}

/* Whether a path is named, or a folder in which what is named would lie: a pattern's first parts name it. */
static bool leads_to_wanted(const struct visit *visit, const char *path)
{
    bool leads = is_named(visit, NULL, path);

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

/* Whether a date, or the beginning of one, is written as file_time_text writes it: only then they compare as texts. */
static bool is_date(const char *text)
{
    static const char form[] = "0000-00-00 00:00:00";
    static const struct {
        uint8_t at, least, most;
    } parts[] = {{5, 1, 12}, {8, 1, 31}, {11, 0, 23}, {14, 0, 59}, {17, 0, 59}};
    size_t length = strlen(text);

    length -= length == sizeof form && text[length - 1] == 'Z';
    if (length != 4 && (length % 3 != 1 || length < 7 || length >= sizeof form))
        return false;
    for (size_t i = 0; i < length; i++)
        if (form[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
            return false;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && parts[i].at < length; i++) {
        const int part = (text[parts[i].at] - '0') * 10 + text[parts[i].at + 1] - '0';
        if (part < parts[i].least || part > parts[i].most)
            return false;
    }
    return true;
}

bool visit_read_options(const struct arguments *a, struct visit *visit, struct error *error)
{
    const char *kind = argument_value(a, "--type");

    visit->newer = argument_value(a, "--newer");
    visit->kind = kind ? signature_named(kind) : NULL;
    if (visit->newer && !is_date(visit->newer))
        return error_set(error, STATUS_USAGE, a->command->name, NULL, "say it as files lists it: 1998-03-02",
                         "--newer cannot be \"%.40s\"", visit->newer);
    return !kind || visit->kind ||
           error_set(error, STATUS_USAGE, a->command->name, NULL, "`muniment files --help` lists them",
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

/* Whether a file is as new and of the kind that is wanted. */
static bool passes(const struct desk_volume *v, const struct visit *visit, const struct file_entry *e)
{
    char modified[24];

    if (!visit->newer && !visit->kind)
        return true;
    return e->kind == FILE_REGULAR &&
           (!visit->newer || (e->modified.zone && strcmp(file_time_text(&e->modified, modified), visit->newer) >= 0)) &&
           (!visit->kind || is_of_kind(v, e, visit->kind));
}

/* --- Going over them --- */

/* A file, whatever it is called: of a volume of ISO 9660 by where it lies, of others by the number of its record or
 * first cluster, and which stream of that. */
struct identity {
    uint64_t id, stream;
};

struct walk {
    struct desk_volume *volume;
    struct visit *visit; /* null: the walk only looks, */
    bool *matched;       /* for each that is wanted whether it named anything */
    struct text *closed; /* for files that are closed by one of their names: struct identity of each, in order */
    const char *rule;    /* or for what this names, */
    bool named;          /* which it does */
    struct text path;    /* of the folder, with a slash at its end; no NUL */
    uint64_t above[DEPTH_LIMIT + 1]; /* the folders on the way, by their id */
    struct step {
        size_t begin; /* of the name in the path */
        char short_name[FILE_SHORT_SIZE];
        uint8_t raw[11];
        bool is_raw;          /* the short name is not ASCII: which it is depends on the code page */
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

    step->begin = w->path.length;
    step->is_raw = false;
    memcpy(step->short_name, e->short_name, sizeof step->short_name);
    if (e->raw_size == sizeof step->raw)
        for (size_t i = 0; i < sizeof step->raw; i++)
            step->is_raw |= (step->raw[i] = e->raw_name[i]) >= 0x80;
}

/* Whether a part of the path has this name: as it is listed, or the short one, in whatever code page the rule was
 * written: it must not miss its file because somebody reads the name in another one, or a session changed CONFIG.SYS.
 */
static bool is_called(void *context, size_t part, const char *name, size_t length, bool closes)
{
    const struct walk *w = context;
    const struct step *step = &w->steps[part];
    char shown[FILE_SHORT_SIZE];
    bool called = rights_name_is(w->path.bytes + step->begin, name, length, false) ||
                  rights_name_is(step->short_name, name, length, closes);

    for (unsigned n = 0, page; step->is_raw && !called && (page = codepage_number(n)); n++) {
        codepage_short_name(page, step->raw, 0, shown);
        called = rights_name_is(shown, name, length, closes);
    }
    return called;
}

/* Whether it is the file of a compressed volume, which holds whatever path of its drive is closed. */
static bool is_closed_volume(const struct walk *w, const struct file_entry *e)
{
    struct error ignored;
    uint32_t number;

    return w->depth == 1 && compressed_volume_name(e->short_name, &number) &&
           !rights_allow(w->volume->rights, w->volume->disk.slot, true, &ignored);
}

static bool take_place(void *context, const struct file_run *run)
{
    *(uint64_t *)context = run->place;
    return false;
}

/* False: it holds nothing, or is no file. */
static bool identify(const struct walk *w, const struct file_entry *e, struct identity *identity)
{
    const struct files *f = &w->volume->files;
    struct error ignored;

    *identity = (struct identity){0, e->stream};
    if (e->kind != FILE_REGULAR)
        return false;
    if (strcmp(w->volume->volume.file_system, "ISO 9660"))
        identity->id = e->id;
    else
        f->system->runs(f->context, e, take_place, &identity->id, &ignored);
    return identity->id;
}

static int by_identity(const void *a, const void *b)
{
    const struct identity *x = a, *y = b;

    return x->id != y->id ? (x->id > y->id) - (x->id < y->id) : (x->stream > y->stream) - (x->stream < y->stream);
}

/* Whether a file is one that is closed by another name; its streams are closed with it. */
static bool is_closed_elsewhere(const struct walk *w, const struct file_entry *e)
{
    const size_t count = w->closed->length / sizeof(struct identity);
    struct identity wanted;

    if (!count || !identify(w, e, &wanted))
        return false;
    for (;; wanted.stream = 0) {
        if (bsearch(&wanted, w->closed->bytes, count, sizeof wanted, by_identity))
            return true;
        if (!wanted.stream)
            return false;
    }
}

/* Whether rules close it by its path, by whichever of its names. */
static bool is_closed(struct walk *w, const struct file_entry *e)
{
    const struct desk_volume *v = w->volume;

    return rights_closed(v->rights, v->disk.slot, &(struct rights_path){w->depth, is_called, w}) ||
           is_closed_volume(w, e);
}

/* What a walk that shows nothing is for. */
static void look(struct walk *w, const struct file_entry *e)
{
    struct identity identity;

    if (w->rule) {
        w->named = rights_rule_names(w->rule, &(struct rights_path){w->depth, is_called, w});
        w->failed = w->named; /* that ends it */
    } else if (is_closed(w, e) && identify(w, e, &identity)) {
        text_add(w->closed, &identity, sizeof identity);
    }
}

/* Shows an entry that is wanted. False: it is closed, with all that is in it. */
static bool show(struct walk *w, const struct file_entry *e)
{
    const struct desk_volume *v = w->volume;
    const char *path = w->path.bytes;

    if (v->rights && (is_closed(w, e) || is_closed_elsewhere(w, e))) {
        if (e->kind == FILE_FOLDER &&
            rights_lead(v->rights, v->disk.slot, &(struct rights_path){w->depth, is_called, w}))
            return true; /* to what in it is permitted; the folder itself is not shown */
        w->visit->closed += leads_to_wanted(w->visit, path); /* of what kind it is, is not said */
        return false;
    }
    if (is_named(w->visit, w->matched, path) && passes(w->volume, w->visit, e)) {
        w->visit->found++;
        w->failed = !w->visit->each(w->visit->context, path, e, w->error);
    }
    return true;
}

static void report(const struct walk *w, const struct error *damage)
{
    if (w->visit)
        w->visit->damaged(w->visit->context, w->path.bytes, damage);
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
    take_step(w, entry);
    text_add(&w->path, entry->name, strlen(entry->name) + 1); /* with NUL */
    if (w->path.failed)
        return out_of_memory(w);
    bool enters = true;
    if (w->visit)
        enters = show(w, entry);
    else
        look(w, entry);
    if (!w->failed && enters && entry->kind == FILE_FOLDER) {
        if (may_enter(w, entry, w->path.bytes, &damage)) {
            w->path.bytes[w->path.length - 1] = '/';
            walk_folder(w, entry->id);
        } else {
            report(w, &damage);
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
        } else if (!w->visit && damage.status == STATUS_HOST) { /* what is closed must be known */
            *w->error = damage;
            fails(w);
        } else {
            report(w, &damage);
            w->path.length--;
        }
    }
    w->depth--;
}

/* Goes over a volume by names of a kind. */
static bool walk_by(const struct desk_volume *volume, enum volume_names names, struct walk *w, struct error *error)
{
    struct desk_volume other = {
        .disk = volume->disk, .volume = volume->volume, .rights = volume->rights, .number = volume->number};

    other.volume.names = names;
    w->volume = &other;
    w->error = error;
    if (!reader_open(&volume->disk.block, &other.volume, &other.files, error))
        return false;
    walk_folder(w, 0);
    text_free(&w->path);
    files_close(&other.files);
    w->entries = 0;
    return true;
}

/* By all names that it has: the trees of ISO 9660 are apart. What is damaged is what a visit reports. */
static bool walk_all_names(const struct desk_volume *volume, struct walk *w, struct error *error)
{
    const bool optical = !strcmp(volume->volume.file_system, "ISO 9660");

    for (int names = NAMES_BEST; names <= (optical ? NAMES_JOLIET : NAMES_BEST); names++)
        if (!walk_by(volume, (enum volume_names)names, w, error) || w->failed)
            return w->named;
    return true;
}

/* Finds the files that rules close, by identity: they may have other names, in other folders, which rules do not name.
 */
static bool find_closed(const struct desk_volume *v, struct text *closed, struct error *error)
{
    struct walk w = {.closed = closed};
    struct error ignored;

    if (!v->rights || rights_allow(v->rights, v->disk.slot, true, &ignored))
        return true;
    if (!walk_all_names(v, &w, error))
        return false;
    if (closed->failed)
        return error_set(error, STATUS_HOST, "files", NULL, NULL, "out of memory");
    if (closed->length)
        qsort(closed->bytes, closed->length / sizeof(struct identity), sizeof(struct identity), by_identity);
    return true;
}

bool desk_volume_visit(struct desk_volume *volume, struct visit *visit, struct error *error)
{
    struct text closed = {.bytes = NULL};
    struct walk w = {.volume = volume, .visit = visit, .closed = &closed, .error = error};
    bool good = find_closed(volume, &closed, error);

    w.matched = visit->matched ? visit->matched : calloc(visit->wanted_count + 1, sizeof *w.matched);
    good = good && (w.matched || out_of_memory(&w));
    if (good)
        walk_folder(&w, 0);
    visit->unnamed = NULL;
    for (size_t i = visit->wanted_count; w.matched && i-- > 0;)
        if (!w.matched[i])
            visit->unnamed = visit->wanted[i];
    if (w.matched != visit->matched)
        free(w.matched);
    text_free(&w.path);
    text_free(&closed);
    return good && !w.failed;
}

/* Whether a rule names anything on a disk. What cannot be read has no names. */
static bool names_any(const struct block *disk, const char *rule)
{
    struct walk w = {.rule = rule};
    struct disk_survey survey;
    struct error ignored;
    bool good = reader_survey_names(disk, &survey, &ignored);

    for (uint32_t i = 0; good && !w.named && i < survey.volume_count; i++)
        if (files_can_open(&survey.volumes[i]))
            walk_all_names(&(struct desk_volume){.disk.block = *disk, .volume = survey.volumes[i]}, &w, &ignored);
    disk_survey_free(&survey);
    return w.named;
}

bool desk_rule_is_idle(struct archive *archive, enum drive_slot slot, const char *rule, struct error *warning)
{
    struct block disk;
    struct error ignored;
    char place[PATH_MAX];

    if (archive_disk(archive, slot, &disk, &ignored) && names_any(&disk, rule))
        return false;
    snprintf(place, sizeof place, "%s, %.2000s", drive_slot_names[slot], rule);
    error_set(warning, STATUS_INPUT, archive_file(archive), place, "write it as `muniment files` lists it",
              "no file or folder on the sealed disk has that name: the rule closes none of them");
    return true;
}
