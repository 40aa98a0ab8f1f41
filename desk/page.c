/* page.c - see page.h. */
#include "desk/page.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "desk/history.h"
#include "desk/library.h"
#include "formats/xml.h"

struct page {
    struct check_record *checks; /* owned; by machine-root, of one machine in the order of the log */
    size_t count, room;
    bool failed;
    struct history_folder folder;
    struct xml xml;
    size_t archives, unchecked, wrong;
};

static void keep_check(void *context, const struct check_record *r)
{
    struct page *p = context;

    if (p->failed || !*r->machine_root || !history_in(r, &p->folder))
        return;
    if (p->count == p->room) {
        size_t room = p->room ? 2 * p->room : 64;
        struct check_record *larger = realloc(p->checks, room * sizeof *larger);
        if (!larger) {
            p->failed = true;
            return;
        }
        p->checks = larger;
        p->room = room;
    }
    p->checks[p->count++] = *r;
}

static int by_root(const void *a, const void *b)
{
    const struct check_record *x = a, *y = b;
    int order = strcmp(x->machine_root, y->machine_root);

    return order ? order : x->line < y->line ? -1 : x->line > y->line;
}

/* The first check of a machine, or where it would be. */
static size_t first_check(const struct page *p, const char *root)
{
    size_t low = 0, high = p->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(p->checks[middle].machine_root, root) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* A verdict in plain words, and whether it is a good one. */
static const struct {
    const char *verdict, *words;
    bool good;
} plain_verdicts[] = {
    {"trusted", "intact, signed by a trusted key", true},
    {"intact", "intact", true},
    {"unknown-signer", "intact, but the signer is unknown", false},
    {"bad-signature", "the signature does not fit", false},
    {"damaged", "damaged", false},
    {"sampled", "a sample was intact", true},
    {"partial", "a part was intact", true},
};

static const char *in_words(const struct check_record *r, bool *good)
{
    for (size_t i = 0; i < sizeof plain_verdicts / sizeof plain_verdicts[0]; i++)
        if (strcmp(plain_verdicts[i].verdict, r->verdict) == 0) {
            *good = plain_verdicts[i].good;
            return plain_verdicts[i].words;
        }
    *good = false;
    return "no verdict";
}

static void cell(struct page *p, const char *text)
{
    xml_element(&p->xml, "td", *text ? text : "\xE2\x80\x93"); /* en dash */
}

/* Those of an archive; other archives of its machine have checks of their own. */
static bool is_of(const struct check_record *r, const struct library_entry *e)
{
    return strcmp(history_file(r), e->name) == 0;
}

static void print_checks(struct page *p, const struct library_entry *e)
{
    struct xml *x = &p->xml;

    xml_open(x, "td");
    xml_open(x, "details");
    xml_element(x, "summary", "checks");
    xml_open(x, "ol");
    for (size_t i = first_check(p, e->machine_root);
         i < p->count && !strcmp(p->checks[i].machine_root, e->machine_root); i++) {
        const struct check_record *r = &p->checks[i];
        char line[900];
        bool good;

        if (!is_of(r, e))
            continue;
        snprintf(line, sizeof line, "%s %s: %s, by %s, %.500s", r->time, r->method, in_words(r, &good), r->by,
                 r->object);
        xml_element(x, "li", line);
    }
    xml_close(x);
    xml_close(x);
    xml_close(x);
}

static void print_archive(void *context, const struct library_entry *e)
{
    struct page *p = context;
    struct xml *x = &p->xml;
    const struct check_record *last = NULL;
    const char *verdict = "never checked", *step = "check it";
    bool good = false;

    p->archives++;
    for (size_t i = first_check(p, e->machine_root);
         *e->machine_root && i < p->count && !strcmp(p->checks[i].machine_root, e->machine_root); i++)
        if (is_of(&p->checks[i], e))
            last = &p->checks[i];
    if (last) {
        verdict = in_words(last, &good);
        step = history_next_step(last);
    }
    if (*e->wrong) {
        verdict = e->wrong;
        step = "take another copy of it out of the replicas, or repair it";
        good = false;
    }
    p->unchecked += !last && !*e->wrong;
    p->wrong += (last && !good) || *e->wrong;
    xml_open(x, "tr");
    xml_attribute(x, "class", good ? "good" : last || *e->wrong ? "wrong" : "unchecked");
    cell(p, e->name);
    cell(p, e->title);
    cell(p, e->identifiers);
    cell(p, e->rights);
    cell(p, last ? last->time : "");
    cell(p, verdict);
    cell(p, step);
    if (last)
        print_checks(p, e);
    else
        cell(p, "");
    xml_close(x);
}

static void print_missing(void *context, const struct library_missing *m)
{
    struct page *p = context;
    const char *const cells[] = {m->name, "", "", "", m->checked, LIBRARY_MISSING, LIBRARY_MISSING_STEP};

    p->wrong++;
    xml_open(&p->xml, "tr");
    xml_attribute(&p->xml, "class", "wrong");
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
        cell(p, cells[i]);
    print_checks(p, &(struct library_entry){.name = m->name, .machine_root = m->machine_root});
    xml_close(&p->xml);
}

static void print_style(struct xml *x)
{
    xml_element(x, "style",
                "body{font-family:sans-serif;margin:2em}table{border-collapse:collapse}"
                "td,th{border:1px solid;padding:.3em .6em;text-align:left;vertical-align:top}"
                "tr.wrong td:nth-child(6){font-weight:bold;background:rgb(255,210,210)}"
                "tr.unchecked td:nth-child(6){background:rgb(255,245,200)}");
}

bool page_print(struct text *to, const struct arguments *a, struct error *error)
{
    const char *folder = a->operands[0], *log = argument_value(a, "--log");
    static const char *const heads[] = {"archive",    "title",   "identifiers", "rights",
                                        "last check", "verdict", "next step",   "history"};
    struct page p = {.xml = {.to = to}};
    struct xml *x = &p.xml;
    char line[256], now[32];
    time_t seconds = time(NULL);
    struct tm tm;

    history_folder_find(&p.folder, folder);
    bool good = !log || history_read(log, keep_check, &p, error);

    if (p.count)
        qsort(p.checks, p.count, sizeof *p.checks, by_root);
    strftime(now, sizeof now, "%Y-%m-%d %H:%M UTC", gmtime_r(&seconds, &tm));
    text_print(to, "<!DOCTYPE html>\n");
    xml_open(x, "html");
    xml_attribute(x, "lang", "en");
    xml_open(x, "head");
    xml_open(x, "meta");
    xml_attribute(x, "charset", "utf-8");
    xml_close(x);
    xml_element(x, "title", "Fixity history");
    print_style(x);
    xml_close(x);
    xml_open(x, "body");
    xml_element(x, "h1", "Fixity history");
    xml_open(x, "table");
    xml_open(x, "tr");
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        xml_element(x, "th", heads[i]);
    xml_close(x);
    good = good && library_each(a, folder, print_archive, &p, error) &&
           (!log || library_miss(folder, log, print_missing, &p, error));
    xml_close(x);
    snprintf(line, sizeof line, "%zu archives, as of %s: %zu need attention, %zu were never checked.", p.archives, now,
             p.wrong, p.unchecked);
    xml_element(x, "p", line);
    xml_close(x);
    xml_close(x);
    free(p.checks);
    return good && ((!p.failed && !to->failed) || error_host(error, folder, ENOMEM, "cannot list"));
}
