/* identify.c - the subcommand identify: what is on an image, for people and as JSON. */
#include <inttypes.h>
#include <string.h>

#include "desk/desk.h"
#include "formats/json.h"
#include "desk/progress.h"
#include "desk/reader.h"
#include "desk/suggest.h"
#include "formats/images/images.h"
#include "formats/plain.h"

#define JSON_VERSION 0   /* of the objects, which muniment(1) describes */
#define MEMBERS_SHOWN 40 /* of a packed file that holds several */

/* What is known of one image. */
struct identity {
    const char *path;
    struct image_info info;
    struct disk_survey survey;
    struct suggestion suggestion;
    struct error error; /* why it could not be read; status STATUS_OK: it was */
};

static const char *const scheme_names[] = {
    [DISK_UNKNOWN] = "unknown", [DISK_SUPERFLOPPY] = "none", [DISK_MBR] = "MBR", [DISK_GPT] = "GPT"};
static const char *const family_names[] = {
    [SYSTEM_OTHER] = "other", [SYSTEM_DOS] = "DOS",     [SYSTEM_WINDOWS] = "Windows", [SYSTEM_NT] = "Windows NT",
    [SYSTEM_OS2] = "OS/2",    [SYSTEM_LINUX] = "Linux", [SYSTEM_UNIX] = "Unix",       [SYSTEM_NETWARE] = "NetWare"};

/* --- For people --- */

static void row(const char *label)
{
    printf("  %-14s", label);
}

static void end_row(const char *text)
{
    plain_print(stdout, text);
    putchar('\n');
}

/* ", word text" where there is a text. */
static void also(const char *word, const char *text)
{
    if (!text || !*text)
        return;
    printf(", %s", word);
    plain_print(stdout, text);
}

static void print_volume(const struct volume *v)
{
    char place[32];

    row(volume_place(v, place));
    if (v->number) {
        printf("%s", *v->type_name ? v->type_name : v->type ? "type" : "unknown type");
        if (v->type)
            printf(" (%02Xh)", v->type);
        printf("%s, sectors %" PRIu64 " to %" PRIu64, v->active ? ", active" : "", v->first,
               v->first + v->sectors - (v->sectors > 0));
        if (!v->extended) {
            putchar('\n');
            row("");
        }
    }
    if (!v->extended) {
        printf("%s", *v->file_system ? v->file_system : "no file system that is known");
        if (*v->label)
            printf(" \"%s\"", v->label);
        also("", v->detail);
        if (*v->code_page_evidence)
            printf(", names in code page %u (%s)", v->lacking_page ? v->lacking_page : v->code_page,
                   v->code_page_evidence);
        if (v->lacking_page)
            printf(", which is not known here: shown as in %u", v->code_page);
        if (v->text_page)
            printf(", texts in %u", v->text_page);
        also("boot sector of ", v->loader);
        also("encrypted by ", v->encryption);
        also("compressed by ", v->compression);
    }
    putchar('\n');
}

static void print_geometry(const struct disk_survey *s)
{
    char place[32];

    if (s->table.sectors) {
        row("geometry");
        printf("%" PRIu32 " heads, %" PRIu32 " sectors to the track, by the partition table\n", s->table.heads,
               s->table.sectors);
    }
    for (uint32_t i = 0; i < s->volume_count; i++) {
        const struct geometry *g = &s->volumes[i].tracks;
        if (!g->heads && !g->sectors)
            continue;
        row("geometry");
        printf("%" PRIu32 " heads, %" PRIu32 " sectors to the track, by the boot sector of %s\n", g->heads, g->sectors,
               volume_place(&s->volumes[i], place));
    }
}

static void print_image(const struct identity *id)
{
    plain_print(stdout, id->path);
    printf(": %s", *id->info.title ? id->info.title : id->info.format ? id->info.format : "unknown format");
    if (strcmp(id->info.title, id->info.container) != 0)
        also("packed: ", id->info.container);
    also("compressed: ", id->info.compression);
    also("encrypted: ", id->info.encryption);
    if (id->error.status == STATUS_OK)
        printf(", %" PRIu64 " bytes", id->info.size);
    putchar('\n');
    if (*id->info.temporary) {
        row("unpacked");
        printf("into a temporary file: %s\n", id->info.temporary);
    }
    for (uint32_t i = 0; i < id->info.digest_count; i++) {
        row(id->info.digests[i].algorithm);
        printf("%s%s%s\n", id->info.digests[i].hex, *id->info.digests[i].of ? ", of " : "", id->info.digests[i].of);
    }
    for (uint32_t i = 0; i < id->info.note_count; i++) {
        row(id->info.notes[i].key);
        end_row(id->info.notes[i].text);
    }
}

/* What a packed file holds, for who is to say which of it is the image. */
static void print_members(const struct image_info *info)
{
    uint32_t shown = 0, left = 0;

    for (uint32_t i = 0; i < info->file_count; i++) {
        if (strcmp(info->files[i].role, "member") != 0 || (shown == MEMBERS_SHOWN && ++left))
            continue;
        row(shown++ ? "" : "holds");
        plain_print(stdout, info->files[i].name);
        printf(", %" PRIu64 " bytes\n", info->files[i].size);
    }
    if (left) {
        row("left out");
        printf("%" PRIu32 " more files\n", left);
    }
}

static void print_survey(const struct identity *id)
{
    const struct disk_survey *s = &id->survey;
    uint64_t unreadable = 0;

    row("partitions");
    printf("%s",
           s->scheme == DISK_SUPERFLOPPY ? s->optical ? "none: a CD" : "none: one volume" : scheme_names[s->scheme]);
    also("loader ", s->loader);
    also("after ", s->overlay);
    also("encrypted by ", s->encryption);
    also("it is a ", s->container);
    putchar('\n');
    for (uint32_t i = 0; i < s->volume_count; i++)
        print_volume(&s->volumes[i]);
    print_geometry(s);
    for (uint32_t i = 0; i < s->system_count; i++) {
        row("system");
        printf("%s (%s)\n", s->systems[i].name, s->systems[i].evidence);
    }
    for (uint32_t i = 0; i < s->damage_count; i++) {
        row("damage");
        printf("%s: %s\n", s->damage[i].place, s->damage[i].what);
    }
    for (uint32_t i = 0; i < id->info.unreadable_count; i++)
        unreadable += id->info.unreadable[i].count;
    if (unreadable) {
        row("unreadable");
        printf("%" PRIu64 " sectors in %" PRIu32 " places, as the image records\n", unreadable,
               id->info.unreadable_count);
    }
    if (s->volumes_left_out || s->damage_left_out) {
        row("left out");
        printf("%s\n", s->volumes_left_out ? "more partitions" : "more damage");
    }
    row("machine");
    end_row(id->suggestion.name);
}

/* --- As JSON --- */

static void member(const char *name, const char *text)
{
    if (text && *text)
        json_member(stdout, ", ", name, text);
}

static void json_geometry(const char *name, const struct geometry *g)
{
    if (g->heads || g->sectors)
        printf(", \"%s\": {\"heads\": %" PRIu32 ", \"sectors\": %" PRIu32 "}", name, g->heads, g->sectors);
}

static void json_volume(const struct volume *v)
{
    printf("{\"number\": %" PRIu32 ", \"first\": %" PRIu64 ", \"sectors\": %" PRIu64, v->number, v->first, v->sectors);
    if (v->type)
        printf(", \"type\": %u", v->type);
    member("type-name", v->type_name);
    printf(", \"active\": %s", v->active ? "true" : "false");
    member("file-system", v->file_system);
    member("label", v->label);
    member("detail", v->detail);
    if (*v->code_page_evidence)
        printf(", \"code-page\": %u", v->code_page);
    if (v->lacking_page)
        printf(", \"lacking-code-page\": %u", v->lacking_page);
    if (v->text_page)
        printf(", \"text-page\": %u", v->text_page);
    member("boot-sector", v->loader);
    member("encryption", v->encryption);
    member("compression", v->compression);
    json_geometry("geometry", &v->tracks);
    putchar('}');
}

static void json_survey(const struct identity *id)
{
    const struct disk_survey *s = &id->survey;

    printf(", \"sectors\": %" PRIu64, s->sectors);
    member("partition-table", scheme_names[s->scheme]);
    printf(", \"optical\": %s", s->optical ? "true" : "false");
    member("container", s->container);
    member("overlay", s->overlay);
    member("loader", s->loader);
    member("encryption", s->encryption);
    if (s->signature)
        printf(", \"signature\": \"%08" PRIx32 "\"", s->signature);
    json_geometry("geometry", &s->table);
    printf(", \"volumes\": [");
    for (uint32_t i = 0; i < s->volume_count; i++) {
        fputs(i ? ", " : "", stdout);
        json_volume(&s->volumes[i]);
    }
    printf("], \"systems\": [");
    for (uint32_t i = 0; i < s->system_count; i++) {
        json_member(stdout, i ? ", {" : "{", "name", s->systems[i].name);
        member("family", family_names[s->systems[i].family]);
        if (s->systems[i].version)
            printf(", \"version\": \"%u.%02u\"", s->systems[i].version / 100, s->systems[i].version % 100);
        member("evidence", s->systems[i].evidence);
        putchar('}');
    }
    printf("], \"damage\": [");
    for (uint32_t i = 0; i < s->damage_count; i++) {
        json_member(stdout, i ? ", {" : "{", "place", s->damage[i].place);
        member("what", s->damage[i].what);
        putchar('}');
    }
    printf("], \"left-out\": %s", s->volumes_left_out || s->damage_left_out ? "true" : "false");
    member("machine", id->suggestion.name);
}

static void json_image(const struct identity *id)
{
    const struct image_info *info = &id->info;

    printf("{\"identify\": %d", JSON_VERSION);
    member("file", id->path);
    member("format", info->format);
    member("title", info->title);
    member("format-version", info->version);
    member("packed", info->container);
    member("format-compression", info->compression);
    member("format-encryption", info->encryption);
    printf(", \"size\": %" PRIu64 ", \"digests\": [", info->size);
    for (uint32_t i = 0; i < info->digest_count; i++) {
        json_member(stdout, i ? ", {" : "{", "algorithm", info->digests[i].algorithm);
        member("hex", info->digests[i].hex);
        member("of", info->digests[i].of);
        putchar('}');
    }
    printf("], \"notes\": [");
    for (uint32_t i = 0; i < info->note_count; i++) {
        json_member(stdout, i ? ", {" : "{", info->notes[i].key, info->notes[i].text);
        putchar('}');
    }
    printf("], \"files\": [");
    for (uint32_t i = 0; i < info->file_count; i++) {
        json_member(stdout, i ? ", {" : "{", "name", info->files[i].name);
        member("role", info->files[i].role);
        printf(", \"opened\": %s}", info->files[i].opened ? "true" : "false");
    }
    printf("], \"unreadable\": [");
    for (uint32_t i = 0; i < info->unreadable_count; i++)
        printf("%s{\"first\": %" PRIu64 ", \"count\": %" PRIu64 "}", i ? ", " : "", info->unreadable[i].first,
               info->unreadable[i].count);
    putchar(']');
    if (id->error.status == STATUS_OK)
        json_survey(id);
    else
        member("error", id->error.what);
    printf("}\n");
}

/* --- The subcommand --- */

static bool examine(struct identity *id, const struct image_request *request, struct error *error)
{
    struct block disk;

    if (!image_open(id->path, request, &disk, &id->info, error))
        return false;
    bool good = reader_survey_names(&disk, &id->survey, error) &&
                suggest_machine(&id->survey, NULL, &id->suggestion, error);
    disk.close(disk.context);
    return good;
}

enum status identify_run(const struct arguments *a)
{
    bool json = argument_value(a, "--json");
    enum status worst = STATUS_OK;
    struct image_request requests[DRIVE_COUNT];
    struct error error;

    if (!desk_image_requests(a, requests, &error))
        return desk_fail(&error);
    for (size_t i = 0; i < a->operand_count && !interrupted(); i++) {
        struct identity id = {.path = a->operands[i]};

        if (!examine(&id, &requests[DRIVE_HD0], &id.error) && id.error.status > worst)
            worst = id.error.status;
        if (json) {
            json_image(&id);
        } else if (id.error.status == STATUS_OK || *id.info.title) {
            print_image(&id);
            if (id.error.status == STATUS_OK)
                print_survey(&id);
            else
                print_members(&id.info);
        }
        if (id.error.status != STATUS_OK)
            desk_fail(&id.error);
        suggestion_free(&id.suggestion);
        disk_survey_free(&id.survey);
        image_info_free(&id.info);
    }
    return worst;
}
