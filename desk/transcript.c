/* transcript.c - the subcommand text: everything that stood on the text screen while a recorded run is repeated. */
#include <stdlib.h>
#include <string.h>

#include "desk/desk.h"
#include "desk/screen.h"
#include "desk/watch.h"
#include "formats/output.h"
#include "formats/plain.h"

#define REST 50u /* looks after which what stands there is written: half a second */

enum form { FORM_LINES, FORM_ANSI, FORM_HTML };

/* A row of the screen as it stands. */
struct row {
    char text[ROW_TEXT_SIZE];
    uint64_t since; /* tick */
    bool written;
};

struct transcript {
    const struct arguments *arguments;
    struct output output;
    enum form form;
    struct row rows[TEXT_MAX_ROWS + 1]; /* the last one stays empty */
    struct text_screen screen;          /* as it was seen last */
    uint64_t tick, per_second;          /* of the last look */
    unsigned looks;                     /* since it changed */
    uint64_t screens;                   /* that were written */
};

/* --- Lines: each row, when it rests or is replaced --- */

static double seconds(const struct transcript *t, uint64_t tick)
{
    return (double)tick / (double)t->per_second;
}

/* Frames and patterns alone say nothing. */
static bool has_letters(const char *text)
{
    uint32_t code;

    while (*text)
        if (utf8_next(&text, &code) && ((code >= '0' && code <= '9') || (code >= 'A' && code <= 'Z') ||
                                        (code >= 'a' && code <= 'z') || (code >= 0xC0 && code <= 0x3C9)))
            return true;
    return false;
}

static void write_row(struct transcript *t, struct row *row)
{
    if (t->form == FORM_LINES && !row->written && has_letters(row->text))
        fprintf(t->output.file, "%10.2f  %s\n", seconds(t, row->since), row->text);
    row->written = true;
}

static void write_rows(struct transcript *t)
{
    for (unsigned i = 0; i < TEXT_MAX_ROWS; i++)
        write_row(t, &t->rows[i]);
}

/* By how many rows the screen was scrolled up: all but the last two that were are there, further up; 0: it was not. */
static unsigned scrolled(const struct transcript *t, const struct text_screen *now, const struct text_screen *before)
{
    for (unsigned k = 1; k + 3 < now->rows; k++) {
        bool same = true, any = false;
        for (unsigned i = 0; same && i + k + 2 < now->rows; i++) {
            same = !memcmp(now->character[i], before->character[i + k], now->columns);
            any = any || *t->rows[i + k].text;
        }
        if (same && any)
            return k;
    }
    return 0;
}

static void take_row(struct transcript *t, struct row *row, const char *text)
{
    if (!strcmp(row->text, text))
        return;
    if (strncmp(text, row->text, strlen(row->text)) != 0) /* what is being typed is one row */
        write_row(t, row);
    snprintf(row->text, sizeof row->text, "%s", text);
    row->since = t->tick;
    row->written = false;
}

static void take_screen(struct transcript *t, const struct text_screen *now)
{
    char text[ROW_TEXT_SIZE];
    unsigned k = now->rows && now->rows == t->screen.rows && now->columns == t->screen.columns
                     ? scrolled(t, now, &t->screen)
                     : 0;

    for (unsigned i = 0; i < k; i++)
        write_row(t, &t->rows[i]);
    if (k) {
        memmove(t->rows, t->rows + k, (TEXT_MAX_ROWS - k) * sizeof *t->rows);
        for (unsigned i = TEXT_MAX_ROWS - k; i < TEXT_MAX_ROWS; i++)
            t->rows[i] = (struct row){.written = true};
    }
    for (unsigned i = 0; i < TEXT_MAX_ROWS; i++) {
        *text = '\0';
        if (i < now->rows)
            screen_row(now, i, text);
        take_row(t, &t->rows[i], text);
    }
}

/* --- Screens: each that rests --- */

static void write_screen(struct transcript *t)
{
    if (!t->screen.columns)
        return;
    t->screens++;
    if (t->form == FORM_ANSI) {
        fprintf(t->output.file, "--- %.2f s\n", seconds(t, t->tick));
        screen_ansi(&t->screen, t->output.file);
    } else if (t->form == FORM_HTML) {
        fprintf(t->output.file, "<h2 id=\"s%llu\">%.2f s</h2>\n", (unsigned long long)t->screens, seconds(t, t->tick));
        screen_html(&t->screen, t->output.file);
    }
}

/* --- The run --- */

static bool begin(void *context, struct error *error)
{
    struct transcript *t = context;
    const char *path = argument_value(t->arguments, "-o");

    if (!output_in_order(&t->output, path ? path : "-", argument_value(t->arguments, "--force"), error))
        return false;
    if (t->form == FORM_HTML)
        screen_html_begin("Screens", t->output.file);
    return true;
}

static void look(void *context, struct machine *machine, bool last)
{
    struct transcript *t = context;
    struct text_screen now;

    memset(&now, 0, sizeof now);
    machine_text(machine, &now);
    t->per_second = machine_ticks_per_second(machine);
    t->tick = machine_tick(machine);
    now.cursor_column = now.cursor_row = 0;
    now.cursor_visible = false;
    if (memcmp(&now, &t->screen, sizeof now) != 0) {
        if (t->form == FORM_LINES)
            take_screen(t, &now);
        t->screen = now;
        t->looks = 0;
    } else if (!last && ++t->looks == REST) {
        write_rows(t);
        write_screen(t);
    }
}

static bool end(void *context, bool good, struct error *error)
{
    struct transcript *t = context;

    if (!t->output.file)
        return true;
    write_rows(t);
    if (t->looks < REST)
        write_screen(t);
    if (t->form == FORM_HTML)
        screen_html_end(t->output.file);
    if (good || !argument_value(t->arguments, "-o"))
        return output_commit(&t->output, error);
    output_abort(&t->output);
    return true;
}

enum status text_run(const struct arguments *a)
{
    struct transcript *t = calloc(1, sizeof *t);
    const struct watcher watcher = {begin, look, end, t};
    struct error error;
    enum status status;

    if (!t) {
        error_set(&error, STATUS_HOST, "text", NULL, NULL, "out of memory");
        return desk_fail(&error);
    }
    t->arguments = a;
    t->form = argument_value(a, "--html") ? FORM_HTML : argument_value(a, "--ansi") ? FORM_ANSI : FORM_LINES;
    for (unsigned i = 0; i < TEXT_MAX_ROWS; i++)
        t->rows[i].written = true;
    status = replay_watched(a, &watcher);
    free(t);
    return status;
}
