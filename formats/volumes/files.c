/* files.c - see files.h. */
#include "formats/volumes/files.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "formats/letters.h"

void files_close(struct files *files)
{
    if (files->system)
        files->system->close(files->context);
    files->system = NULL;
}

/* --- Finding --- */

/* Whether a name is the part of a path before the next slash; folded: case does not count. */
static bool name_is(const char *name, const char *part, size_t length, bool folded)
{
    size_t used = folded ? letters_alike(name, part, length, false) : strncmp(name, part, length) ? 0 : length;

    return used && name[used] == '\0';
}

struct search {
    const char *part;
    size_t length;
    struct file_entry *found;
    bool exact, folded;
};

static bool look_at(void *context, const struct file_entry *e)
{
    struct search *s = context;

    s->exact = name_is(e->name, s->part, s->length, false);
    if (s->exact || (!s->folded && (name_is(e->name, s->part, s->length, true) ||
                                    name_is(e->short_name, s->part, s->length, true)))) {
        *s->found = *e;
        s->folded = true;
    }
    return !s->exact;
}

bool files_find(const struct files *files, const char *path, struct file_entry *entry, struct error *error)
{
    struct search s = {.part = path, .found = entry};
    uint64_t folder = 0;

    error->status = STATUS_OK;
    for (;; s.part += s.length + 1) {
        s.length = strcspn(s.part, "/");
        s.exact = s.folded = false;
        files->system->list(files->context, folder, look_at, &s, error);
        if (!s.exact && !s.folded)
            return false;
        error->status = STATUS_OK;
        if (!s.part[s.length])
            return true;
        if (entry->kind != FILE_FOLDER || !entry->id)
            return false;
        folder = entry->id;
    }
}

/* --- Showing --- */

struct file_time file_time_of(int64_t seconds, uint32_t nanoseconds, enum file_zone zone, uint64_t precision)
{
    const time_t time = (time_t)seconds;
    struct tm tm;

    if (seconds == 0 || time != seconds || !gmtime_r(&time, &tm) || tm.tm_year < -1900 || tm.tm_year > 8099)
        return (struct file_time){.zone = FILE_NO_TIME};
    return (struct file_time){
        .year = (uint16_t)(tm.tm_year + 1900),
        .month = (uint8_t)(tm.tm_mon + 1),
        .day = (uint8_t)tm.tm_mday,
        .hour = (uint8_t)tm.tm_hour,
        .minute = (uint8_t)tm.tm_min,
        .second = (uint8_t)tm.tm_sec,
        .nanoseconds = nanoseconds < 1000000000 ? nanoseconds : 0,
        .zone = (uint8_t)zone,
        .precision = precision,
    };
}

const char *file_time_text(const struct file_time *t, char text[24])
{
    if (t->zone == FILE_NO_TIME)
        return strcpy(text, "-");
    snprintf(text, 24, "%04u-%02u-%02u %02u:%02u:%02u%s", (unsigned)t->year % 10000u, t->month % 100u, t->day % 100u,
             t->hour % 100u, t->minute % 100u, t->second % 100u, t->zone == FILE_UTC ? "Z" : "");
    return text;
}

const char *file_attributes_text(const struct file_entry *e, char text[12])
{
    static const struct {
        uint8_t bit;
        char letter;
    } letters[] = {{FILE_READ_ONLY, 'R'}, {FILE_HIDDEN, 'H'}, {FILE_SYSTEM, 'S'}, {FILE_ARCHIVE, 'A'}};

    text[0] = e->kind < 4 ? "-DL?"[e->kind] : '?';
    if (e->posix) {
        for (int i = 0; i < 9; i++)
            text[1 + i] = e->mode & 0400 >> i ? "rwx"[i % 3] : '-';
        for (int i = 0; i < 3; i++) /* set user, set group, sticky stand where x does */
            if (e->mode & 04000 >> i)
                text[3 + 3 * i] = (e->mode & 0100 >> 3 * i ? "sst" : "SST")[i];
        text[10] = '\0';
        return text;
    }
    for (int i = 0; i < 4; i++)
        text[i + 1] = e->attributes & letters[i].bit ? letters[i].letter : '-';
    text[5] = '\0';
    return text;
}
