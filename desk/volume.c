/* volume.c - finds a volume whose files can be read, asks whether they may be, and goes over them. */
#include "desk/volume.h"

#include <ctype.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "desk/desk.h"
#include "formats/volumes/volumes.h"

enum { DEPTH_LIMIT = 64, ENTRY_LIMIT = 4000000 };

/* --- Rights --- */

/* The one place that decides whether what is in an archive may be read today. */
bool desk_may_read(const struct arguments *a, const struct archive *archive, struct error *error)
{
    const struct description_manifest *d = archive_description(archive);
    time_t now = time(NULL);
    struct tm tm;
    char today[16];

    strftime(today, sizeof today, "%Y-%m-%d", gmtime_r(&now, &tm));
    if (d->open || !*d->closed_until || strcmp(today, d->closed_until) >= 0 || argument_value(a, "--override"))
        return true;
    return error_set(error, STATUS_CLOSED, a->operands[0], NULL, "give a reason with --override if you may",
                     "is closed until %s", d->closed_until);
}

/* --- Volumes --- */

static bool open_volume(struct desk_volume *v, const struct volume *from, struct error *error)
{
    v->fat = fat_open(&v->disk.block, from->first, from->sectors, error);
    v->number = from->number;
    return v->fat;
}

/* Partition `wanted`, or the only one with a file system that can be read. */
static bool choose_volume(struct desk_volume *v, const struct disk_survey *s, const char *path, const char *wanted,
                          struct error *error)
{
    const struct volume *chosen = NULL;
    char *end = NULL;
    unsigned long number = wanted ? strtoul(wanted, &end, 10) : 0;

    if (wanted && (!isdigit((unsigned char)*wanted) || *end))
        return error_set(error, STATUS_USAGE, path, NULL, NULL, "\"%s\" is no number of a partition", wanted);
    for (uint32_t i = 0; i < s->volume_count; i++) {
        const struct volume *one = &s->volumes[i];
        bool readable = one->file_system && !strncmp(one->file_system, "FAT", 3);
        if (wanted ? one->number != number : !readable)
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
    return open_volume(v, chosen, error);
}

bool desk_volume_choose(const struct arguments *a, struct desk_volume *v, struct error *error)
{
    const char *drive = argument_value(a, "--drive"), *colon = drive ? strchr(drive, ':') : NULL;
    struct disk_survey survey;
    bool good = disk_survey(&v->disk.block, &survey, error) &&
                choose_volume(v, &survey, a->operands[0], colon ? colon + 1 : NULL, error);

    disk_survey_free(&survey);
    return good;
}

bool desk_volume_open(const struct arguments *a, struct desk_volume *v, struct error *error)
{
    *v = (struct desk_volume){.fat = NULL};
    if (!desk_disk_open(a, &v->disk, error) || (v->disk.archive && !desk_may_read(a, v->disk.archive, error)))
        return false;
    return desk_volume_choose(a, v, error);
}

void desk_volume_close(struct desk_volume *v)
{
    fat_close(v->fat);
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

static bool is_wanted(const struct visit *visit, const char *path)
{
    for (size_t i = 0; i < visit->wanted_count; i++)
        if (path_is_named(visit->wanted[i], path))
            return true;
    return visit->wanted_count == 0;
}

const char *fat_time_text(struct fat_time t, char text[20])
{
    if (!t.date)
        return strcpy(text, "-");
    snprintf(text, 20, "%04u-%02u-%02u %02u:%02u:%02u", 1980u + (t.date >> 9), t.date >> 5 & 15u, t.date & 31u,
             t.time >> 11u, t.time >> 5 & 63u, (t.time & 31u) * 2);
    return text;
}

const char *fat_attributes_text(uint8_t attributes, char text[6])
{
    static const struct {
        uint8_t bit;
        char letter;
    } letters[] = {{FAT_FOLDER, 'D'}, {FAT_READ_ONLY, 'R'}, {FAT_HIDDEN, 'H'}, {FAT_SYSTEM, 'S'}, {FAT_ARCHIVE, 'A'}};

    for (int i = 0; i < 5; i++)
        text[i] = attributes & letters[i].bit ? letters[i].letter : '-';
    text[5] = '\0';
    return text;
}

/* --- Going over them --- */

struct walk {
    struct desk_volume *volume;
    struct visit *visit;
    struct text path;                /* of the folder, with a slash at its end; no NUL */
    uint32_t above[DEPTH_LIMIT + 1]; /* the folders on the way, by their first cluster */
    unsigned depth;
    uint64_t entries;
};

static bool walk_folder(struct walk *w, const struct fat_entry *folder, struct error *error);

static bool out_of_memory(struct error *error)
{
    return error_set(error, STATUS_HOST, "files", NULL, NULL, "out of memory");
}

/* A folder that contains itself, or is too deep, is damage. */
static bool may_enter(struct walk *w, const struct fat_entry *folder, const char *path, struct error *error)
{
    for (unsigned i = 0; i < w->depth; i++)
        if (w->above[i] == folder->cluster)
            return error_set(error, STATUS_WRONG, path, NULL, NULL, "contains itself");
    return w->depth < DEPTH_LIMIT ||
           error_set(error, STATUS_WRONG, path, NULL, NULL, "is more than %d folders deep", DEPTH_LIMIT);
}

static bool walk_entry(struct walk *w, const struct fat_entry *entry, struct error *error)
{
    size_t before = w->path.length;
    struct error damage;
    bool good = true;

    text_add(&w->path, entry->name, strlen(entry->name) + 1); /* with NUL */
    if (w->path.failed)
        return out_of_memory(error);
    if (is_wanted(w->visit, w->path.bytes)) {
        w->visit->found++;
        good = w->visit->each(w->visit->context, w->path.bytes, entry, error);
    }
    if (good && entry->attributes & FAT_FOLDER) {
        if (may_enter(w, entry, w->path.bytes, &damage)) {
            w->path.bytes[w->path.length - 1] = '/';
            good = walk_folder(w, entry, error);
        } else {
            w->visit->damaged(w->visit->context, w->path.bytes, &damage);
        }
    }
    w->path.length = before;
    return good;
}

static bool walk_folder(struct walk *w, const struct fat_entry *folder, struct error *error)
{
    enum fat_next next = FAT_ENTRY;
    struct fat_folder f;
    struct fat_entry entry;
    struct error damage;
    bool good = true;

    w->above[w->depth++] = folder ? folder->cluster : 0;
    fat_folder_open(w->volume->fat, folder, &f);
    while (good && (next = fat_folder_next(w->volume->fat, &f, &entry, &damage)) == FAT_ENTRY) {
        if (++w->entries > ENTRY_LIMIT)
            good = error_set(error, STATUS_INPUT, "files", NULL, NULL, "more than %d entries", ENTRY_LIMIT);
        else if (!(entry.attributes & FAT_LABEL))
            good = walk_entry(w, &entry, error);
    }
    w->depth--;
    if (good && next == FAT_FAULT) {
        text_add(&w->path, "", 1);
        if (w->path.failed)
            return out_of_memory(error);
        w->visit->damaged(w->visit->context, w->path.bytes, &damage);
        w->path.length--;
    }
    return good;
}

bool desk_volume_visit(struct desk_volume *volume, struct visit *visit, struct error *error)
{
    struct walk w = {.volume = volume, .visit = visit};
    bool good = walk_folder(&w, NULL, error);

    text_free(&w.path);
    return good;
}
