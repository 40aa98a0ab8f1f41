/* taking.c - see taking.h. */
#include "desk/taking.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/monotonic.h"
#include "formats/output.h"
#include "formats/plain.h"

enum { COST = 20, STATE_LIMIT = 1 << 30, SECTIONS = 7 };

struct taking {
    const struct arguments *arguments;
    const struct media *media;
    const struct script *script;
    const char *path;
    char folder[PATH_MAX - 64]; /* FOLDER.unfinished */
    char snapshot[PATH_MAX];    /* from which a run resumes; empty: from power-on */
    char next[PATH_MAX];
    struct bag bag;
    struct desk_volume volume; /* as it was opened last; its disk is the machine's */
    struct text rows;          /* rows.csv */
    uint64_t kept_at, cost;    /* nanoseconds: when the place was kept, how long that took */
    uint64_t sequence;         /* of snapshots */
    uint64_t damaged;          /* 1: a folder was, and what lies in it may be missing */
    const char *prefix, *object;
    const char *from; /* path of the medium; null: any that is alone */
};

/* --- The state --- */

/* What is kept besides numbers, each with its length and a line feed after it. */
static struct text *section(struct taking *t, unsigned index)
{
    struct package *p = &t->bag.package;
    struct text *const sections[SECTIONS] = {&t->bag.manifest, &t->bag.table, &t->bag.receipt, &t->rows,
                                             &p->objects,      &p->premis,    &p->rows};

    return sections[index];
}

/* The numbers of the state, in their order. */
struct number {
    const char *name;
    uint64_t *value;
};

#define NUMBERS 12
static void list_numbers(struct taking *t, struct taking_place *p, struct number numbers[NUMBERS])
{
    const struct number all[NUMBERS] = {
        {"command", &p->command}, {"handler", &p->handler}, {"resets", &p->resets},       {"input-due", &p->input_due},
        {"key-due", &p->key_due}, {"buttons", &p->buttons}, {"pointer-x", &p->pointer_x}, {"pointer-y", &p->pointer_y},
        {"files", &t->bag.files}, {"bytes", &t->bag.bytes}, {"snapshot", &t->sequence},   {"damaged", &t->damaged},
    };

    memcpy(numbers, all, sizeof all);
}

static bool state_path(const struct taking *t, const char *name, char path[PATH_MAX])
{
    return snprintf(path, PATH_MAX, "%s/%s", t->folder, name) < PATH_MAX;
}

static void snapshot_path(const struct taking *t, uint64_t sequence, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/%" PRIu64 ".snapshot", t->folder, sequence);
}

/* What a state belongs to: the script with all that it reads, the machine, and how it is run. */
static void print_head(const struct taking *t, struct text *to)
{
    static const char *const options[] = {"--drive",    "--machine", "--floppy", "--cd",  "--disk",
                                          "--override", "--key",     "--give",   "--take"};
    hex_digest hex;

    hex_encode(t->script->digest, hex);
    text_print(to, "muniment-unfinished: 0\nscript: %s\n", hex);
    if (t->media->archive)
        text_print(to, "machine-root: %s\n", archive_machine_root(t->media->archive));
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (argument_value(t->arguments, options[i]))
            text_print(to, "%s: %s\n", options[i] + 2, argument_value(t->arguments, options[i]));
}

static bool write_state(struct taking *t, const struct taking_place *place, struct error *error)
{
    struct taking_place copy = *place;
    struct number numbers[NUMBERS];
    struct text state = {.bytes = NULL};
    struct output output;
    char path[PATH_MAX];

    print_head(t, &state);
    list_numbers(t, &copy, numbers);
    for (unsigned i = 0; i < NUMBERS; i++)
        text_print(&state, "%s: %" PRIu64 "\n", numbers[i].name, *numbers[i].value);
    for (unsigned i = 0; i < SECTIONS; i++) {
        const struct text *s = section(t, i);
        state.failed |= s->failed;
        text_print(&state, "%zu\n", s->length);
        text_add(&state, s->bytes, s->length);
        text_add(&state, "\n", 1);
    }
    bool good = bag_sync(&t->bag, error) && state_path(t, "state", path) &&
                output_whole(&output, path, 0666, true, error) && output_text(&output, &state, error);
    text_free(&state);
    return good;
}

/* Reads a decimal number and the line feed after it. */
static bool read_number(const char **at, uint64_t *value)
{
    char *end;

    if (**at < '0' || **at > '9')
        return false;
    errno = 0;
    *value = strtoull(*at, &end, 10);
    if (errno || *end != '\n')
        return false;
    *at = end + 1;
    return true;
}

static bool read_sections(struct taking *t, const char *at, const char *end)
{
    for (unsigned i = 0; i < SECTIONS; i++) {
        uint64_t length;
        if (!read_number(&at, &length) || length >= (uint64_t)(end - at) || at[length] != '\n')
            return false;
        struct text *s = section(t, i);
        s->length = 0;
        text_add(s, at, length);
        at += length + 1;
    }
    return at == end;
}

static bool parse_state(struct taking *t, const char *text, size_t length, struct taking_place *place,
                        struct error *error)
{
    struct text head = {.bytes = NULL};
    struct number numbers[NUMBERS];
    const char *at = text;

    print_head(t, &head);
    bool same = !head.failed && length > head.length && !memcmp(text, head.bytes, head.length);
    at += head.length;
    text_free(&head);
    if (!same)
        return error_set(error, STATUS_INPUT, t->folder, NULL,
                         "repeat the command with which it was begun, or remove it",
                         "was begun with another script, table, picture, machine or option");
    list_numbers(t, place, numbers);
    bool good = true;
    for (unsigned i = 0; good && i < NUMBERS; i++) {
        size_t name = strlen(numbers[i].name);
        good = !strncmp(at, numbers[i].name, name) && !strncmp(at + name, ": ", 2);
        at += good ? name + 2 : 0;
        good = good && read_number(&at, numbers[i].value);
    }
    return (good && read_sections(t, at, text + length) && place->command < t->script->count &&
            (place->handler == UINT64_MAX || place->handler < t->script->count)) ||
           error_set(error, STATUS_INPUT, t->folder, NULL, "remove it, and begin anew", "its state is damaged");
}

static bool read_state(struct taking *t, struct taking_place *place, struct error *error)
{
    char path[PATH_MAX];
    struct stat status;

    FILE *file = state_path(t, "state", path) ? fopen(path, "rb") : NULL;
    if (!file)
        return error_set(error, STATUS_INPUT, t->folder, NULL, "remove it, or name another folder",
                         "is there already, and is no unfinished retrieval");
    bool good = !fstat(fileno(file), &status) && status.st_size < STATE_LIMIT;
    char *text = good ? malloc((size_t)status.st_size + 1) : NULL;
    size_t length = text ? fread(text, 1, (size_t)status.st_size, file) : 0;
    if (text)
        text[length] = '\0';
    good = text ? parse_state(t, text, length, place, error) : error_host(error, path, ENOMEM, "cannot read");
    free(text);
    fclose(file);
    return good;
}

/* --- The disk --- */

static bool failed_in_machine(const struct taking *t, struct error *error)
{
    return error_set(error, STATUS_USAGE, t->path, NULL, "say which with --drive SLOT[:N]",
                     "the machine has no disk, or more than one, from which --retrieve could take files");
}

/* The drive that --drive names, or the only one that has a disk that can be written to. */
static bool choose_drive(struct taking *t, struct error *error)
{
    const char *wanted = argument_value(t->arguments, "--drive");
    size_t length = wanted ? strcspn(wanted, ":") : 0;
    unsigned found = 0;

    for (int slot = 0; slot < DRIVE_COUNT; slot++) {
        if (!t->media->drives[slot].present ||
            (length    ? strlen(drive_slot_names[slot]) != length || strncmp(wanted, drive_slot_names[slot], length)
             : t->from ? !t->media->drives[slot].path || strcmp(t->media->drives[slot].path, t->from)
                       : t->media->manifest.drives[slot].kind == DRIVE_CDROM))
            continue;
        t->volume.disk.slot = (enum drive_slot)slot;
        found++;
    }
    return found == 1 || failed_in_machine(t, error);
}

/* Opens the volume as it is on the disk now. */
static bool open_now(struct taking *t, struct error *error)
{
    struct desk_volume *v = &t->volume;

    files_close(&v->files);
    if (!t->media->drives[v->disk.slot].present)
        return failed_in_machine(t, error);
    v->disk.archive = t->media->archive;
    v->disk.block = t->media->drives[v->disk.slot].disk;
    return desk_volume_choose(t->arguments, v, error);
}

static bool take_one(void *context, const char *path, const struct file_entry *e, struct error *error)
{
    struct taking *t = context;
    struct error damage;

    if (e->kind != FILE_REGULAR)
        return true;
    if (!bag_take(&t->bag, &t->volume, t->prefix, path, e, &damage, error))
        return false;
    return damage.status == STATUS_OK || (*error = damage, false);
}

static void report_damage(void *context, const char *path, const struct error *damage)
{
    struct taking *t = context;
    struct error report = *damage;

    t->damaged = 1;
    plain_copy(report.object, sizeof report.object, *path ? path : "/");
    error_print(stderr, &report);
}

static bool see_one(void *context, const char *path, const struct file_entry *e, struct error *error)
{
    (void)context, (void)path, (void)e, (void)error;
    return true;
}

/* pattern: null for everything. */
static bool visit(struct taking *t, const char *pattern, bool take, uint64_t *found, struct error *error)
{
    struct visit v = {.wanted = &pattern,
                      .wanted_count = pattern ? 1 : 0,
                      .each = take ? take_one : see_one,
                      .damaged = report_damage,
                      .context = t};
    bool good = open_now(t, error) && desk_volume_visit(&t->volume, &v, error);

    *found = v.found;
    return good;
}

bool taking_files(struct taking *t, const char *prefix, const char *pattern, const char *object, struct error *error)
{
    uint64_t found;

    t->prefix = prefix;
    if (!visit(t, pattern, true, &found, error))
        return false;
    return found > 0 || error_set(error, STATUS_WRONG, object, NULL, NULL, "the disk holds no file \"%s\"", pattern);
}

bool taking_all(struct taking *t, struct error *error)
{
    uint64_t found;

    t->prefix = "";
    return visit(t, NULL, true, &found, error);
}

bool taking_print(struct taking *t, const char *prefix, const char *folder, unsigned number, struct error *error)
{
    static const char *const kinds[] = {"prn", "pdf"};
    char path[PATH_MAX], name[16];

    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%.*s/%04u.%s", PATH_MAX - 32, folder, number, kinds[i]);
        snprintf(name, sizeof name, "print.%s", kinds[i]);
        if (access(path, F_OK) == 0 && !bag_take_print(&t->bag, prefix, name, path, error))
            return false;
    }
    return true;
}

bool taking_has(struct taking *t, const char *pattern, bool *there, struct error *error)
{
    uint64_t found;

    if (!visit(t, pattern, false, &found, error))
        return false;
    *there = found > 0;
    return true;
}

void taking_row(struct taking *t, size_t number, const char *outcome)
{
    text_print(&t->rows, "%zu,%s,%" PRIu64 "\r\n", number, outcome, t->bag.files);
}

/* --- From beginning to end --- */

static bool begin(struct taking *t, bool *resumed, struct taking_place *place, struct error *error)
{
    char folder[PATH_MAX];

    if (!access(t->path, F_OK))
        return error_set(error, STATUS_INPUT, t->path, NULL, "name another folder", "exists");
    snprintf(folder, sizeof folder, "%s/bag", t->folder);
    t->bag.session = true;
    *resumed = !access(t->folder, F_OK);
    if (*resumed) {
        bool good = read_state(t, place, error) && bag_resume(&t->bag, t->arguments, t->path, folder, error) &&
                    bag_prune(&t->bag, error);
        if (good && t->sequence)
            snapshot_path(t, t->sequence, t->snapshot);
        return good;
    }
    *place = (struct taking_place){.handler = UINT64_MAX};
    text_print(&t->rows, "row,outcome,files\r\n");
    if (mkdir(t->folder, 0777))
        return error_host(error, t->folder, errno, "cannot make");
    return bag_begin(&t->bag, t->arguments, t->path, folder, error) && open_now(t, error) &&
           bag_begin_receipt(&t->bag, &t->volume, error) && write_state(t, place, error);
}

struct taking *taking_open(const struct arguments *a, const struct media *media, const struct script *script,
                           const char *from, bool *resumed, struct taking_place *place, struct error *error)
{
    const char *path = argument_value(a, "--retrieve");
    struct taking *t = calloc(1, sizeof *t);

    if (!t || strlen(path) > sizeof t->folder - 16) {
        error_host(error, path, t ? ENAMETOOLONG : ENOMEM, "cannot retrieve");
        free(t);
        return NULL;
    }
    t->arguments = a;
    t->media = media;
    t->volume.disk.archive = media->archive;
    t->script = script;
    t->from = from;
    t->path = path;
    snprintf(t->folder, sizeof t->folder, "%s.unfinished", path);
    if (choose_drive(t, error) && begin(t, resumed, place, error))
        return t;
    taking_close(t);
    return NULL;
}

const char *taking_snapshot(const struct taking *t)
{
    return *t->snapshot ? t->snapshot : NULL;
}

void taking_close(struct taking *t)
{
    if (!t)
        return;
    files_close(&t->volume.files);
    bag_release(&t->bag);
    text_free(&t->rows);
    free(t);
}

bool taking_is_due(const struct taking *t)
{
    return !t->kept_at || monotonic_nanoseconds() - t->kept_at >= t->cost * COST;
}

const char *taking_next_snapshot(struct taking *t)
{
    t->cost = monotonic_nanoseconds();
    snapshot_path(t, t->sequence + 1, t->next);
    return t->next;
}

bool taking_keep(struct taking *t, const struct taking_place *place, struct error *error)
{
    t->sequence++;
    if (!write_state(t, place, error))
        return false;
    if (*t->snapshot)
        unlink(t->snapshot);
    strcpy(t->snapshot, t->next);
    t->kept_at = monotonic_nanoseconds();
    t->cost = t->kept_at - t->cost;
    return true;
}

bool taking_end(struct taking *t, const char *journal, struct error *error)
{
    const struct bag_tag rows = {"rows.csv", &t->rows};

    if (!bag_end(&t->bag, &t->volume, journal, &rows, 1, error))
        return false;
    plain_print(stdout, t->path);
    printf(": %" PRIu64 " file%s, %" PRIu64 " bytes\n", t->bag.files, t->bag.files == 1 ? "" : "s", t->bag.bytes);
    if (!folder_remove(t->folder))
        return error_host(error, t->folder, errno, "cannot remove");
    return !t->damaged || error_set(error, STATUS_WRONG, t->path, NULL, "see the damage that was reported",
                                    "is a sound bag, but the disk had damaged folders: what lies in them is not in it");
}
