/* check.c - whether a log is what it was: each line's form, each act's outcome, and the heads of earlier days. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "archive/archive.h"
#include "verify/log/lines.h"
#include "verify/log/log.h"

struct known_head {
    struct log_head head;
    bool equal;
};

struct checking {
    const struct log_check *check;
    struct log_summary *summary;
    struct known_head *heads; /* in the order of their lines */
    size_t next;              /* the first that was not reached */
    struct tree tree;
    uint64_t *open; /* acts without an outcome, in the order of the log; owned */
    size_t open_count, open_capacity;
    uint64_t torn; /* the line that must be torn, for the next says so; UINT64_MAX: none is suspected */
    const char *torn_why;
    bool out_of_memory;
};

static void report(struct checking *c, uint64_t line, bool wrong, const char *what)
{
    struct log_finding finding = {line, what};

    c->summary->findings += wrong;
    if (c->check->found)
        c->check->found(c->check->context, &finding, wrong);
}

static void open_act(struct checking *c, uint64_t line)
{
    if (c->open_count == c->open_capacity) {
        size_t capacity = c->open_capacity ? c->open_capacity * 2 : 64;
        uint64_t *more = realloc(c->open, capacity * sizeof *more);
        if (!more) {
            c->out_of_memory = true;
            return;
        }
        c->open = more;
        c->open_capacity = capacity;
    }
    c->open[c->open_count++] = line;
}

/* Takes an act from those without outcome, which are few at any time and ascend. */
static bool close_act(struct checking *c, uint64_t line)
{
    size_t i = c->open_count;

    while (i > 0 && c->open[i - 1] > line)
        i--;
    if (i == 0 || c->open[i - 1] != line)
        return false;
    memmove(c->open + i - 1, c->open + i, (c->open_count - i) * sizeof *c->open);
    c->open_count--;
    return true;
}

/* The heads whose lines have all been read. */
static void compare_heads(struct checking *c)
{
    uint8_t root[DIGEST_SIZE];

    for (; c->next < c->check->head_count && c->heads[c->next].head.lines == c->tree.count; c->next++) {
        tree_root(&c->tree, root);
        c->heads[c->next].equal = !memcmp(root, c->heads[c->next].head.root, DIGEST_SIZE);
    }
}

/* A malformed line is wrong unless the next one says that a crash tore it. */
static void settle_torn(struct checking *c, const struct log_line *line)
{
    if (c->torn == UINT64_MAX)
        return;
    bool torn = line && line->kind == LOG_TORN && line->intent == c->torn;
    c->summary->torn += torn;
    report(c, c->torn, !torn, torn ? "was torn by a crash, as the next line says" : c->torn_why);
    c->torn = UINT64_MAX;
}

static bool check_line(void *context, const struct log_line *line)
{
    struct checking *c = context;
    bool was_torn = c->torn != UINT64_MAX;

    compare_heads(c);
    settle_torn(c, line);
    if (line->unended) {
        report(c, line->number, false, "is torn: it has no line feed; the next act closes it");
        c->summary->torn++;
        return true;
    }
    switch (line->kind) {
    case LOG_MALFORMED:
        c->torn = line->number;
        c->torn_why = line->wrong;
        break;
    case LOG_ACT:
        c->summary->acts++;
        open_act(c, line->number);
        break;
    case LOG_OUTCOME:
        if (!close_act(c, line->intent))
            report(c, line->number, true, "is the outcome of no act that waits for one");
        break;
    case LOG_TORN:
        if (!was_torn)
            report(c, line->number, true, "says that the line before it is torn, and that is whole");
        break;
    case LOG_FIRST: break;
    }
    tree_add_subtree(&c->tree, line->leaf);
    return !c->out_of_memory;
}

static int by_lines(const void *a, const void *b)
{
    uint64_t x = ((const struct known_head *)a)->head.lines, y = ((const struct known_head *)b)->head.lines;

    return x < y ? -1 : x > y;
}

static bool take_heads(struct checking *c, struct error *error)
{
    size_t count = c->check->head_count, body;

    c->heads = calloc(count + 1, sizeof *c->heads);
    if (!c->heads)
        return error_set(error, STATUS_HOST, c->check->path, NULL, NULL, "out of memory");
    for (size_t i = 0; i < count; i++)
        if (!log_head_parse(c->check->heads[i].bytes, c->check->heads[i].length, &c->heads[i].head, &body) ||
            c->heads[i].head.lines == 0)
            return error_set(error, STATUS_INPUT, c->check->path, NULL, NULL, "head %zu is no checkpoint", i + 1);
    qsort(c->heads, count, sizeof *c->heads, by_lines);
    return true;
}

/* What the heads say: up to the last that is equal nothing was changed; the first that is not bounds where it was. */
static void judge_heads(struct checking *c)
{
    char what[256];
    struct log_summary *s = c->summary;

    for (size_t i = 0; i < c->check->head_count; i++) {
        const struct log_head *h = &c->heads[i].head;
        if (strcmp(h->origin, s->head.origin))
            snprintf(what, sizeof what, "the head of %" PRIu64 " lines is of another log", h->lines);
        else if (h->lines > s->head.lines)
            snprintf(what, sizeof what,
                     "there are %" PRIu64 " lines, and were %" PRIu64
                     " when a head was made: lines at its end are lost",
                     s->head.lines, h->lines);
        else if (!c->heads[i].equal)
            snprintf(what, sizeof what,
                     "a line was changed, lost or added among lines %" PRIu64 " to %" PRIu64 " after a head of %" PRIu64
                     " lines was made",
                     s->proved, h->lines - 1, h->lines);
        else {
            s->proved = h->lines;
            continue;
        }
        report(c, UINT64_MAX, true, what);
        if (strcmp(h->origin, s->head.origin) == 0 && h->lines <= s->head.lines)
            return;
    }
}

bool log_verify(const struct log_check *check, struct log_summary *summary, struct error *error)
{
    struct checking c = {.check = check, .summary = summary, .torn = UINT64_MAX};

    *summary = (struct log_summary){.findings = 0};
    bool good = take_heads(&c, error) && log_read(check->path, check_line, &c, &summary->head, error);
    if (good && c.out_of_memory)
        good = error_set(error, STATUS_HOST, check->path, NULL, NULL, "out of memory");
    if (good) {
        compare_heads(&c);
        settle_torn(&c, NULL);
        judge_heads(&c);
        for (size_t i = 0; i < c.open_count; i++)
            report(&c, c.open[i], false, "is an act without an outcome: it was interrupted, or is under way");
        summary->open = c.open_count;
    }
    free(c.heads);
    free(c.open);
    return good;
}
