/* ddrescue.c - the map of a rescue: which parts of a raw image could be read (GNU ddrescue manual, "Mapfile
 * structure").
 *
 * Lines of position, size and status follow each other without a gap. What is not `+` was not read: it is unreadable
 * here, whatever the image has there. */
#include "formats/images/raw.h"

#include <stdlib.h>
#include <string.h>

#include "formats/images/source.h"

#define MAP_LIMIT (16u << 20)

/* Whether a file begins as a map does, as far as it goes: one that was cut off is a map as well. A map whose comments
 * are gone begins with the line that says where the rescue stands. */
static bool begins_as_map(const char *head, size_t size)
{
    static const char *const titles[] = {"# Mapfile. Created by", "# Rescue Logfile. Created by"};
    unsigned long long position;
    char status;

    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++)
        if (!memcmp(head, titles[i], size < strlen(titles[i]) ? size : strlen(titles[i])))
            return true;
    return !strncmp(head, "0x", 2) && sscanf(head, "%llx %c", &position, &status) == 2 && strchr("?*/-+FG", status);
}

/* Looks at a file of the image's folder. A log may be that of another program; what else has a map's name is one.
 * False: it cannot be read, or does not begin as a map, and what it would say of the image is not known. */
static bool look_at(struct image *image, const char *name, bool *is_map, struct error *error)
{
    char path[PATH_MAX], head[64] = "", note[NAME_MAX + 64];
    struct source source;
    bool good;

    *is_map = false;
    if (!image_has_file(image, name) || !image_beside(image, name, path, error))
        return true;
    good = source_open(&source, image->request->opener, path, SOURCE_LOOK, error);
    size_t size = source.size < sizeof head ? (size_t)source.size : sizeof head - 1;
    good = good && source_read(&source, 0, head, size, error);
    source_close(&source);
    *is_map = size > 0 && begins_as_map(head, size);
    if (good && !*is_map && strcmp(strrchr(name, '.'), ".log") != 0)
        good = error_set(error, STATUS_INPUT, path, NULL, NULL, "does not begin as a map of ddrescue");
    if (!good && !*error->place)
        snprintf(error->place, sizeof error->place, "offset 0");
    snprintf(note, sizeof note, "%s, which does not begin as a map of ddrescue", name);
    return good && (*is_map || image_add_note(image, "ignored", note, error));
}

static bool take_comment(struct image *image, const char *line, struct error *error)
{
    static const char *const keys[][2] = {
        {"# Mapfile. Created by ", "tool"}, {"# Rescue Logfile. Created by ", "tool"},
        {"# Command line: ", "command"},    {"# Start time:", "date"},
        {"# Current time:", "end"},
    };
    char text[232];

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (!strncmp(line, keys[i][0], strlen(keys[i][0]))) {
            line += strlen(keys[i][0]);
            line += strspn(line, " ");
            snprintf(text, sizeof text, "%.*s", (int)strcspn(line, "\r\n"), line);
            return image_add_note(image, keys[i][1], text, error);
        }
    return true;
}

/* What was not read, to whole sectors. */
static bool take_block(struct image *image, uint64_t position, uint64_t size, char status, struct error *error)
{
    uint64_t first = position / SECTOR_SIZE,
             last = image->bad_count ? image->bad[image->bad_count - 1].first + image->bad[image->bad_count - 1].count
                                     : 0;

    if (status == '+')
        return true;
    if (first < last)
        first = last; /* the sector in which two meet */
    return image_add_bad(image, first, (position + size + SECTOR_SIZE - 1) / SECTOR_SIZE - first, error);
}

static bool take_map(struct image *image, const char *text, uint32_t source, struct error *error)
{
    unsigned long long position, size;
    uint64_t end = 0, there = image->size;
    bool begun = false, any = false;
    char status;

    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        if (*line == '#') {
            if (!take_comment(image, line, error))
                return false;
            continue;
        }
        if (*line == '\n' || *line == '\r')
            continue;
        if (!begun) { /* where the rescue stands */
            begun = true;
            continue;
        }
        if (sscanf(line, "%llx %llx %c", &position, &size, &status) != 3 || !strchr("?*/-+", status) ||
            (any && position != end) || position > IMAGE_LIMIT || size > IMAGE_LIMIT)
            return image_wrong_at(image, source, (uint64_t)(line - text), error, "has a line that is none of a map");
        if (!any && !take_block(image, 0, position, '?', error))
            return false;
        any = true;
        end = position + size;
        if (!take_block(image, position, size, status, error))
            return false;
    }
    if (!any)
        return image_wrong_at(image, source, image->sources[source].size, error, "ends before its blocks");
    if (end < image->size)
        return take_block(image, end, image->size - end, '?', error);
    image->size = end; /* what comes after the end of the image was not read, or it is cut off */
    return image->size == there ||
           (image->bad_count && image->bad[image->bad_count - 1].first <= there / SECTOR_SIZE &&
            (image->bad[image->bad_count - 1].first + image->bad[image->bad_count - 1].count) * SECTOR_SIZE >= end) ||
           image_wrong_at(image, 0, there, error, "ends before what its map says was read");
}

static bool take_file(struct image *image, const char *name, struct error *error)
{
    char *text, *title = image->info.title;
    size_t length = strlen(title);
    uint32_t source;
    bool done;

    if (!image_add_file(image, name, "map", &source, error))
        return false;
    if (image->sources[source].size > MAP_LIMIT)
        return image_wrong_at(image, source, MAP_LIMIT, error, "is too long for a map");
    text = calloc(1, (size_t)image->sources[source].size + 1);
    if (!text)
        return image_no_memory(image, error);
    image->info.format = "ddrescue";
    snprintf(title + length, sizeof image->info.title - length, ", with a map of ddrescue");
    done = source_read(&image->sources[source], 0, text, (size_t)image->sources[source].size, error) &&
           take_map(image, text, source, error);
    free(text);
    return done;
}

bool ddrescue_look(struct image *image, struct error *error)
{
    static const char *const endings[] = {".map", ".mapfile", ".log"};
    const char *own = image->info.files[0].name, *dot = strrchr(own, '.');
    const size_t stems[] = {strlen(own), dot ? (size_t)(dot - own) : strlen(own), source_stem(own)};
    char name[NAME_MAX + 1];
    bool good = true, found = false;

    for (size_t i = 0; i < 9 && good && !found; i++)
        if ((i % 3 == 0 || stems[i % 3] != stems[i % 3 - 1]) &&
            snprintf(name, sizeof name, "%.*s%s", (int)stems[i % 3], own, endings[i / 3]) < (int)sizeof name)
            good = look_at(image, name, &found, error);
    good = good && (!found || take_file(image, name, error));
    if (!good && error->status == STATUS_INPUT)
        snprintf(error->remedy, sizeof error->remedy, "restore the map; %s",
                 *image->info.container ? "in another folder than the map the image is read without it"
                                        : "--format raw reads the image without it");
    return good;
}
