/* variables.c - see variables.h. */
#include "desk/variables.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "formats/plain.h"

struct variable {
    char *name, *value; /* owned */
};

static struct variable *find(const struct variables *v, const char *name, size_t length)
{
    for (size_t i = 0; i < v->count; i++)
        if (strlen(v->all[i].name) == length && !memcmp(v->all[i].name, name, length))
            return &v->all[i];
    return NULL;
}

bool variables_set(struct variables *v, const char *name, const char *value)
{
    struct variable *at = find(v, name, strlen(name));
    char *copy = strdup(value);

    if (!copy)
        return false;
    if (!at && v->count == v->room) {
        size_t room = v->room ? v->room * 2 : 16;
        struct variable *larger = realloc(v->all, room * sizeof *larger);
        if (larger) {
            v->all = larger;
            v->room = room;
        }
    }
    if (!at && v->count < v->room && (v->all[v->count].name = strdup(name))) {
        at = &v->all[v->count++];
        at->value = NULL;
    }
    if (!at) {
        free(copy);
        return false;
    }
    free(at->value);
    at->value = copy;
    return true;
}

const char *variables_find(const struct variables *v, const char *name, size_t length)
{
    const struct variable *at = find(v, name, length);

    return at ? at->value : NULL;
}

void variables_free(struct variables *v)
{
    for (size_t i = 0; i < v->count; i++) {
        free(v->all[i].name);
        free(v->all[i].value);
    }
    free(v->all);
    memset(v, 0, sizeof *v);
}

/* --- Tables --- */

struct table_reader {
    struct table *table;
    const char *name, *at, *end;
    char *to;
    size_t count, room; /* fields */
    unsigned line;
    struct error *error;
};

static bool refuse(const struct table_reader *r, const char *remedy, const char *what)
{
    char place[32];

    snprintf(place, sizeof place, "line %u", r->line);
    return error_set(r->error, STATUS_INPUT, r->name, place, remedy, "%s", what);
}

static bool begin_field(struct table_reader *r)
{
    if (r->count == r->room) {
        size_t room = r->room ? r->room * 2 : 64;
        char **larger = realloc(r->table->fields, room * sizeof *larger);
        if (!larger)
            return error_host(r->error, r->name, ENOMEM, "cannot read");
        r->table->fields = larger;
        r->room = room;
    }
    r->table->fields[r->count++] = r->to;
    return true;
}

static bool at_line_end(const struct table_reader *r)
{
    return r->at == r->end || *r->at == '\n' || (*r->at == '\r' && r->at + 1 < r->end && r->at[1] == '\n');
}

static bool read_quoted(struct table_reader *r)
{
    for (r->at++; r->at < r->end; r->at++) {
        if (*r->at == '"') {
            r->at++;
            if (at_line_end(r) || *r->at == ',')
                return true;
            if (*r->at != '"')
                return refuse(r, NULL, "a comma is missing after a quote");
        }
        r->line += *r->at == '\n';
        *r->to++ = *r->at;
    }
    return refuse(r, NULL, "a quote is not closed");
}

static bool read_field(struct table_reader *r)
{
    if (!begin_field(r))
        return false;
    if (r->at < r->end && *r->at == '"') {
        if (!read_quoted(r))
            return false;
    } else {
        for (; !at_line_end(r) && *r->at != ','; r->at++) {
            if (*r->at == '"')
                return refuse(r, NULL, "a quote stands within a field");
            *r->to++ = *r->at;
        }
    }
    *r->to++ = '\0';
    return true;
}

static bool read_row(struct table_reader *r)
{
    size_t before = r->count;

    r->line++;
    for (;;) {
        if (!read_field(r))
            return false;
        if (at_line_end(r))
            break;
        r->at++;
    }
    if (r->at < r->end)
        r->at += *r->at == '\r' ? 2 : 1;
    if (!before)
        r->table->columns = r->count;
    else
        r->table->rows++;
    return r->count - before == r->table->columns || refuse(r, NULL, "has more or fewer fields than the header");
}

/* The line with the first byte that is not UTF-8; 0: there is none. */
static unsigned line_without_text(const char *text, size_t length)
{
    const char *end = text + length;
    unsigned line = 1;
    uint32_t code;

    for (; text < end; line += code == '\n')
        if (!*text || !utf8_next(&text, &code))
            return line;
    return 0;
}

bool table_parse(const char *text, size_t length, const char *name, struct table *table, struct error *error)
{
    static const char mark[] = "\xEF\xBB\xBF";
    struct table_reader r = {.table = table, .name = name, .at = text, .end = text + length, .error = error};

    memset(table, 0, sizeof *table);
    r.line = line_without_text(text, length);
    if (r.line > 0)
        return refuse(&r, "save the table as CSV in UTF-8", "is not UTF-8");
    if (length >= 3 && !memcmp(text, mark, 3))
        r.at += 3;
    r.to = table->text = malloc(2 * length + 2);
    if (!table->text)
        return error_host(error, name, ENOMEM, "cannot read");
    while (r.at < r.end)
        if (!read_row(&r))
            return false;
    return table->rows > 0 || error_set(error, STATUS_INPUT, name, NULL, NULL, "has no rows under its header");
}

void table_free(struct table *table)
{
    free(table->text);
    free(table->fields);
    memset(table, 0, sizeof *table);
}
