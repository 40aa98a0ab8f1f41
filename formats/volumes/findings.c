/* findings.c - what a survey notes. See survey.h. */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "formats/plain.h"
#include "formats/volumes/survey.h"

const char *volume_place(const struct volume *volume, char *place)
{
    if (volume->number)
        snprintf(place, 32, "partition %" PRIu32, volume->number);
    else
        snprintf(place, 32, "the disk");
    return place;
}

void survey_name(char to[SURVEY_NAME], const char *name)
{
    snprintf(to, SURVEY_NAME, "%s", name ? name : "");
}

static void add_damage(struct disk_survey *s, const char *place, const char *what, va_list arguments)
{
    char text[sizeof s->damage->what];

    if (s->damage_count == SURVEY_DAMAGE) {
        s->damage_left_out = true;
        return;
    }
    struct disk_damage *d = &s->damage[s->damage_count++];
    vsnprintf(text, sizeof text, what, arguments);
    plain_copy(d->what, sizeof d->what, text);
    snprintf(d->place, sizeof d->place, "%s", place);
}

void survey_damage(struct disk_survey *s, const char *place, const char *what, ...)
{
    va_list arguments;

    va_start(arguments, what);
    add_damage(s, place, what, arguments);
    va_end(arguments);
}

void volume_damage(struct examined *e, const char *what, ...)
{
    va_list arguments;
    char place[32];

    va_start(arguments, what);
    add_damage(e->survey, volume_place(e->volume, place), what, arguments);
    va_end(arguments);
}

void survey_system(struct disk_survey *s, const struct volume *volume, enum system_family family, uint16_t version,
                   const char *name, const char *shown_by)
{
    char place[32], text[sizeof s->systems->name];

    plain_copy(text, sizeof text, name);
    for (uint32_t i = 0; i < s->system_count; i++)
        if (!strcmp(s->systems[i].name, text))
            return;
    if (s->system_count == SURVEY_SYSTEMS)
        return;
    struct found_system *f = &s->systems[s->system_count++];
    *f = (struct found_system){.family = family, .version = version};
    f->workgroups = strstr(text, "Workgroups");
    memcpy(f->name, text, sizeof f->name);
    snprintf(text, sizeof text, "%s%s%s", shown_by, volume->number ? " in " : "",
             volume->number ? volume_place(volume, place) : "");
    plain_copy(f->evidence, sizeof f->evidence, text);
}
