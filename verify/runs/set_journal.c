/* set_journal.c - see set_journal.h. */
#include "verify/runs/set_journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "verify/runs/journal_line.h"

#define JOURNAL_TITLE "muniment-set-journal: 0"
#define SET_WORD "set" /* what is of no machine */

static bool refuse(const char *name, unsigned line, const char *what, struct error *error)
{
    char object[512];

    snprintf(object, sizeof object, "%.480s:%u", name, line);
    return error_set(error, STATUS_INPUT, object, NULL, "see spec/set.md", "%s", what);
}

bool set_journal_begin(struct journal_writer *w, const char *path, struct text *memory, const char *root,
                       struct error *error)
{
    char line[80];

    snprintf(line, sizeof line, "set-root: %s", root);
    return journal_begin(w, path, memory, JOURNAL_TITLE, error) &&
           (journal_write_line(w, line) || (*error = w->error, false));
}

bool set_journal_point(struct journal_writer *w, const struct set_point *point)
{
    char line[128], hex[65];

    hex_encode(point->digest, hex);
    snprintf(line, sizeof line, SET_WORD " %" PRIu64 " digest %s", point->time, hex);
    return journal_write_line(w, line);
}

/* A journal of one machine that is put together. */
struct part {
    struct text text;
    char tag[9];
};

static bool add_point(struct set_journal *j, const char *line)
{
    struct set_point point;
    char hex[65];
    int used = 0;

    if (sscanf(line, "%" SCNu64 " digest %64[0-9a-f]%n", &point.time, hex, &used) != 2 || line[used] ||
        strlen(hex) != 64 || !hex_decode(hex, point.digest) || point.time > UINT64_C(1) << 48 ||
        (j->point_count && j->points[j->point_count - 1].time > point.time))
        return false;
    if (j->point_count == j->point_capacity) {
        size_t capacity = j->point_capacity ? 2 * j->point_capacity : 64;
        struct set_point *larger = realloc(j->points, capacity * sizeof *larger);
        if (!larger)
            return false;
        j->points = larger;
        j->point_capacity = capacity;
    }
    j->points[j->point_count++] = point;
    return true;
}

static void add_line(struct part *p, const char *line)
{
    size_t length = strlen(line);
    char tag[9];

    journal_tag(p->tag, line, length, tag);
    text_add(&p->text, line, length);
    text_print(&p->text, " %s\n", tag);
    memcpy(p->tag, tag, sizeof tag);
}

/* Gives a line, without its tag, to whom it belongs. */
static bool sort_line(char *line, const struct set_names *set, struct part *parts, struct set_journal *journal)
{
    char *space = strchr(line, ' ');

    if (!space)
        return false;
    *space = '\0';
    if (!strcmp(line, SET_WORD))
        return add_point(journal, space + 1);
    for (unsigned i = 0; i < set->count; i++)
        if (!strcmp(line, set->names[i])) {
            add_line(&parts[i], space + 1);
            return true;
        }
    return false;
}

static bool read_lines(const char *text, size_t length, const char *name, const struct set_names *set,
                       struct part *parts, struct set_journal *journal, struct error *error)
{
    const char *at = text, *end = text + length, *feed;
    char tag[9] = "", follows[9];

    for (unsigned line = 1; at < end && (feed = memchr(at, '\n', (size_t)(end - at))); line++, at = feed + 1) {
        char copy[JOURNAL_LINE_LIMIT + 1];
        size_t size = (size_t)(feed - at);
        if (size > JOURNAL_LINE_LIMIT || size < 10 || feed[-9] != ' ')
            return refuse(name, line, "the line has no tag, or is too long", error);
        journal_tag(tag, at, size - 9, follows);
        if (memcmp(follows, feed - 8, 8))
            return refuse(name, line, "the tag does not follow: lines were changed, lost, moved or added", error);
        memcpy(tag, follows, sizeof tag);
        memcpy(copy, at, size - 9);
        copy[size - 9] = '\0';
        bool good = line == 1   ? !strcmp(copy, JOURNAL_TITLE)
                    : line == 2 ? sscanf(copy, "set-root: %64[0-9a-f]", journal->root) == 1
                                : sort_line(copy, set, parts, journal);
        if (!good)
            return refuse(name, line, line == 1 ? "this is no journal of a set" : "the line has not its form", error);
    }
    return true;
}

bool set_journal_parse(const char *text, size_t length, const char *name, const struct set_names *set,
                       struct set_journal *journal, struct error *error)
{
    struct part parts[SET_MACHINES];
    bool good;

    memset(parts, 0, sizeof parts);
    memset(journal, 0, sizeof *journal);
    good = read_lines(text, length, name, set, parts, journal, error);
    if (good && strcmp(journal->root, set->root))
        good = refuse(name, 2, "the journal is that of another set", error);
    for (unsigned i = 0; i < set->count; i++) {
        struct text *t = &parts[i].text;
        char object[512];
        snprintf(object, sizeof object, "%.470s, %s", name, set->names[i]);
        if (good && (t->failed || !t->bytes))
            good = t->failed ? error_host(error, name, ENOMEM, "cannot read")
                             : refuse(name, 3, "a machine of the set is missing", error);
        if (good)
            good = journal_parse(t->bytes, t->length, object, &journal->journals[i], error);
        else
            text_free(t);
    }
    return good;
}

bool set_journal_read(const char *path, const struct set_names *set, struct set_journal *journal, struct error *error)
{
    struct text t;
    bool good;

    memset(journal, 0, sizeof *journal);
    if (!text_read(&t, path, JOURNAL_LIMIT, "a journal", error))
        return false;
    good = set_journal_parse(t.bytes, t.length, path, set, journal, error);
    text_free(&t);
    return good;
}

void set_journal_free(struct set_journal *journal)
{
    for (unsigned i = 0; i < SET_MACHINES; i++)
        journal_free(&journal->journals[i]);
    free(journal->points);
    memset(journal, 0, sizeof *journal);
}
