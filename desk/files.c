/* files.c - the subcommand files: lists the files of a disk. */
#include <inttypes.h>
#include <string.h>

#include "desk/act.h"
#include "desk/desk.h"
#include "desk/volume.h"
#include "formats/json.h"
#include "formats/plain.h"

struct listing {
    struct desk_volume volume;
    bool json;
    uint64_t damaged;
};

static bool list_one(void *context, const char *path, const struct file_entry *e, struct error *error)
{
    const struct listing *l = context;
    char modified[24], created[24], attributes[6];

    (void)error;
    file_time_text(&e->modified, modified);
    file_attributes_text(e, attributes);
    if (!l->json) {
        printf("%-19s %10" PRIu64 " %s ", modified, e->size, attributes);
        plain_print(stdout, path);
        puts(e->kind == FILE_FOLDER ? "/" : "");
        return true;
    }
    json_member(stdout, "{", "path", path);
    json_member(stdout, ", ", "short-name", e->short_name);
    json_member(stdout, ", ", "attributes", attributes);
    printf(", \"size\": %" PRIu64 ", \"cluster\": %" PRIu64, e->size, e->id);
    json_member(stdout, ", ", "modified", modified);
    json_member(stdout, ", ", "created", file_time_text(&e->created, created));
    puts("}");
    return true;
}

static void list_damage(void *context, const char *path, const struct error *damage)
{
    struct listing *l = context;
    struct error report = *damage;

    l->damaged++;
    plain_copy(report.object, sizeof report.object, *path ? path : "/");
    error_print(stderr, &report);
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
    bool good = desk_volume_open(a, &l.volume, &error);

    act_override(act, a, l.volume.disk.archive);
    good = good && desk_volume_visit(&l.volume, &visit, &error);
    if (good && visit.wanted_count && !visit.found)
        good = error_set(&error, STATUS_WRONG, a->operands[0], NULL, NULL, "holds nothing of that name");
    desk_volume_close(&l.volume);
    return !good ? desk_fail(&error) : l.damaged ? STATUS_WRONG : STATUS_OK;
}

enum status files_run(const struct arguments *a)
{
    return act_run(a, "files", files_all);
}
