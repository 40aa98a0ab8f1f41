/* files.c - the subcommand files: lists the files of a disk. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "desk/act.h"
#include "desk/desk.h"
#include "desk/volume.h"
#include "formats/json.h"
#include "formats/plain.h"

struct listing {
    struct desk_volume volume;
    bool json;
    enum status status; /* STATUS_OK, or the gravest of damage */
};

static bool list_one(void *context, const char *path, const struct file_entry *e, struct error *error)
{
    const struct listing *l = context;
    char modified[24], created[24], attributes[12], target[1025] = "";
    struct error ignored;
    size_t got = 0;

    (void)error;
    if (e->kind == FILE_LINK)
        l->volume.files.system->read(l->volume.files.context, e, 0, target, sizeof target - 1, &got, &ignored);
    target[got] = '\0';
    file_time_text(&e->modified, modified);
    file_attributes_text(e, attributes);
    if (!l->json) {
        printf("%-19s %10" PRIu64 " %s ", modified, e->size, attributes);
        plain_print(stdout, path);
        printf("%s", e->kind == FILE_FOLDER ? "/" : *target ? " -> " : "");
        plain_print(stdout, target);
        puts(e->deleted ? "  (deleted)" : "");
        return true;
    }
    json_member(stdout, "{", "path", path);
    json_member(stdout, ", ", "short-name", e->short_name);
    if (e->raw_size) {
        printf(", \"raw-name\": \"");
        for (int i = 0; i < e->raw_size; i++)
            printf("%02x", e->raw_name[i]);
        printf("\"");
    }
    json_member(stdout, ", ", "attributes", attributes);
    if (e->posix)
        printf(", \"owner\": %" PRIu32 ", \"group\": %" PRIu32, e->owner, e->group);
    if (*target)
        json_member(stdout, ", ", "target", target);
    printf(", \"size\": %" PRIu64 ", \"cluster\": %" PRIu64, e->size, e->id);
    if (e->deleted)
        printf(", \"deleted\": true");
    json_member(stdout, ", ", "modified", modified);
    json_member(stdout, ", ", "created", file_time_text(&e->created, created));
    puts("}");
    return true;
}

static void list_damage(void *context, const char *path, const struct error *damage)
{
    struct listing *l = context;
    struct error report = *damage;

    l->status = damage->status == STATUS_HOST || l->status == STATUS_HOST ? STATUS_HOST : STATUS_WRONG;
    plain_copy(report.object, sizeof report.object, *path ? path : "/");
    error_print(stderr, &report);
}

static bool left_out(const struct arguments *a, uint64_t closed, struct error *error)
{
    return error_set(error, STATUS_CLOSED, a->operands[0], NULL, RIGHTS_REMEDY,
                     "leaves out %" PRIu64 " of its files and folders, as closed", closed);
}

static enum status files_all(const struct arguments *a, struct act *act)
{
    struct listing l = {.json = argument_value(a, "--json")};
    struct error error;
    struct visit visit = {
        .wanted = a->operands + 1,
        .wanted_count = a->operand_count - 1,
        .each = list_one,
        .damaged = list_damage,
        .context = &l,
    };
    bool good = visit_read_options(a, &visit, &error) && desk_volume_open(a, &l.volume, &error);

    act_override(act, a, l.volume.disk.archive);
    good = good && desk_volume_visit(&l.volume, &visit, &error);
    if (good && visit.closed)
        good = left_out(a, visit.closed, &error);
    if (good && visit.unnamed && l.status != STATUS_HOST)
        good = error_set(&error, STATUS_WRONG, a->operands[0], NULL, NULL, "holds nothing of the name \"%.200s\"",
                         visit.unnamed);
    desk_volume_close(&l.volume);
    return !good ? desk_fail(&error) : l.status;
}

/* --- What a session changed --- */

/* A file or folder of one of the two sides. */
struct seen {
    char *path; /* owned; the rest is the entry's */
    uint64_t size, id;
    uint32_t stream;
    uint8_t kind, attributes;
    uint16_t mode;
    uint32_t owner, group;
    struct file_time modified;
};

struct side {
    struct desk_volume volume;
    enum status status; /* STATUS_OK, or the gravest of damage */
    struct seen **list; /* owned, each too */
    size_t count, capacity;
    uint64_t closed; /* that were left out */
};

static bool collect(void *context, const char *path, const struct file_entry *e, struct error *error)
{
    struct side *side = context;
    struct seen *seen = malloc(sizeof *seen);

    if (seen && side->count == side->capacity) {
        size_t capacity = side->capacity * 2 + 256;
        struct seen **list = realloc(side->list, capacity * sizeof *list);
        if (list) {
            side->list = list;
            side->capacity = capacity;
        }
    }
    if (!seen || side->count == side->capacity || !(seen->path = strdup(path))) {
        free(seen);
        return error_set(error, STATUS_HOST, "files", NULL, NULL, "out of memory");
    }
    seen->size = e->size;
    seen->id = e->id;
    seen->stream = e->stream;
    seen->kind = e->kind;
    seen->attributes = e->attributes;
    seen->mode = e->mode;
    seen->owner = e->owner;
    seen->group = e->group;
    seen->modified = e->modified;
    side->list[side->count++] = seen;
    return true;
}

static void collect_damage(void *context, const char *path, const struct error *damage)
{
    struct side *side = context;
    struct listing l = {.status = side->status};

    list_damage(&l, path, damage);
    side->status = l.status;
}

static int by_path(const void *a, const void *b)
{
    return strcmp((*(struct seen *const *)a)->path, (*(struct seen *const *)b)->path);
}

static bool collect_all(struct side *side, struct visit *visit, struct error *error)
{
    visit->each = collect;
    visit->damaged = collect_damage;
    visit->context = side;
    visit->closed = 0;
    if (!desk_volume_visit(&side->volume, visit, error))
        return false;
    side->closed = visit->closed;
    if (side->count)
        qsort(side->list, side->count, sizeof *side->list, by_path);
    return true;
}

static void side_free(struct side *side)
{
    for (size_t i = 0; i < side->count; i++) {
        free(side->list[i]->path);
        free(side->list[i]);
    }
    free(side->list);
    files_close(&side->volume.files);
}

static struct file_entry entry_of(const struct seen *s)
{
    return (struct file_entry){.size = s->size, .id = s->id, .stream = s->stream, .kind = s->kind};
}

static bool same_bytes(const struct side *a, const struct seen *x, const struct side *b, const struct seen *y)
{
    static const size_t size = 1 << 16;
    uint8_t *one = malloc(2 * size), *other = one + size;
    const struct files *f = &a->volume.files, *g = &b->volume.files;
    const struct file_entry first = entry_of(x), second = entry_of(y);
    struct error ignored;
    size_t got = 1, there = 1;
    bool same = one;

    for (uint64_t at = 0; same && at < x->size && got > 0; at += got)
        same = f->system->read(f->context, &first, at, one, size, &got, &ignored) &&
               g->system->read(g->context, &second, at, other, size, &there, &ignored) && got == there &&
               !memcmp(one, other, got);
    free(one);
    return same;
}

static bool same_times(const struct file_time *a, const struct file_time *b)
{
    char one[24], other[24];

    return !strcmp(file_time_text(a, one), file_time_text(b, other)) && a->nanoseconds == b->nanoseconds;
}

static void print_change(const struct seen *seen, const char *how, bool json)
{
    char modified[24];

    file_time_text(&seen->modified, modified);
    if (json) {
        json_member(stdout, "{", "change", how);
        json_member(stdout, ", ", "path", seen->path);
        printf(", \"size\": %" PRIu64, seen->size);
        json_member(stdout, ", ", "modified", modified);
        puts("}");
        return;
    }
    printf("%-7s %-19s %10" PRIu64 " ", how, modified, seen->size);
    plain_print(stdout, seen->path);
    puts(seen->kind == FILE_FOLDER ? "/" : "");
}

static void compare(const struct side *before, const struct side *after, bool json)
{
    size_t i = 0, k = 0;

    while (i < before->count || k < after->count) {
        const struct seen *a = i < before->count ? before->list[i] : NULL,
                          *b = k < after->count ? after->list[k] : NULL;
        int order = !a ? 1 : !b ? -1 : strcmp(a->path, b->path);
        if (order < 0) {
            print_change(a, "gone", json);
        } else if (order > 0) {
            print_change(b, "new", json);
        } else if (a->kind != b->kind || a->size != b->size || a->attributes != b->attributes || a->mode != b->mode ||
                   a->owner != b->owner || a->group != b->group || !same_times(&a->modified, &b->modified) ||
                   ((b->kind == FILE_REGULAR || b->kind == FILE_LINK) && !same_bytes(before, a, after, b))) {
            print_change(b, "changed", json);
        }
        i += order <= 0;
        k += order >= 0;
    }
}

/* Compares the disk as the session left it with what lies under. */
static enum status files_changed(const struct arguments *a, struct act *act)
{
    struct side before = {.count = 0}, after = {.count = 0};
    struct visit visit = {
        .wanted = a->operands + 1,
        .wanted_count = a->operand_count - 1,
        .matched = calloc(a->operand_count, sizeof(bool)),
    };
    struct error error;
    bool good = visit.matched || error_host(&error, a->operands[0], ENOMEM, "cannot list");

    good = good && (argument_value(a, "--overlay") || argument_value(a, "--snapshot") ||
                    error_set(&error, STATUS_USAGE, a->command->name, NULL, NULL,
                              "--changed goes with --overlay or --snapshot"));
    good = good && visit_read_options(a, &visit, &error) && desk_volume_open(a, &after.volume, &error);
    act_override(act, a, after.volume.disk.archive);
    if (good) {
        before.volume = after.volume;
        before.volume.files.system = NULL;
        before.volume.disk.block = *overlay_base(&after.volume.disk.block);
        good = desk_volume_choose(a, &before.volume, &error) && collect_all(&before, &visit, &error) &&
               collect_all(&after, &visit, &error);
    }
    const enum status damage = before.status > after.status ? before.status : after.status;
    if (good)
        compare(&before, &after, argument_value(a, "--json"));
    if (good && after.closed)
        good = left_out(a, after.closed, &error);
    if (good && visit.unnamed && damage != STATUS_HOST)
        good = error_set(&error, STATUS_WRONG, a->operands[0], NULL, NULL,
                         "holds nothing of the name \"%.200s\", and did not", visit.unnamed);
    side_free(&before);
    side_free(&after);
    desk_volume_close(&after.volume);
    free(visit.matched);
    return good ? damage : desk_fail(&error);
}

/* --- Volumes --- */

struct volume_listing {
    const struct arguments *arguments;
    struct act *act;
    bool recorded; /* of which archive they are */
};

static void list_volume(const struct desk_disk *disk, const struct volume *v, void *context)
{
    struct volume_listing *l = context;
    char drive[32];

    if (!l->recorded)
        act_override(l->act, l->arguments, disk->archive);
    l->recorded = true;
    snprintf(drive, sizeof drive, "%s:%" PRIu32, disk->archive ? drive_slot_names[disk->slot] : "", v->number);
    if (!argument_value(l->arguments, "--json")) {
        printf("%-8s %-10s %12" PRIu64 " ", drive, v->file_system, v->sectors * SECTOR_SIZE);
        plain_print(stdout, v->label);
        putchar('\n');
        return;
    }
    json_member(stdout, "{", "drive", drive);
    json_member(stdout, ", ", "file-system", v->file_system);
    json_member(stdout, ", ", "label", v->label);
    printf(", \"size\": %" PRIu64 "}\n", v->sectors * SECTOR_SIZE);
}

static enum status files_volumes(const struct arguments *a, struct act *act)
{
    struct volume_listing l = {.arguments = a, .act = act};
    struct error error;

    if (a->operand_count > 1)
        error_set(&error, STATUS_USAGE, a->command->name, NULL, NULL, "--volumes takes no path");
    else if (desk_volume_each(a, list_volume, &l, &error))
        return STATUS_OK;
    return desk_fail(&error);
}

enum status files_run(const struct arguments *a)
{
    return act_run(a, "files",
                   argument_value(a, "--volumes")   ? files_volumes
                   : argument_value(a, "--changed") ? files_changed
                                                    : files_all);
}
