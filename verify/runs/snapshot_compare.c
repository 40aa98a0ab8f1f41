/* snapshot_compare.c - lists by name what differs between two snapshots (snapshot.h).
 *
 * Fields are compared as the text has them. Pages are gone through in their order on both sides; those that lie in the
 * same chunk at the same place are equal without being read. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "verify/runs/snapshot_text.h"

#define VALUE_SHOWN 40 /* characters of a value */
#define SECTORS (MACHINE_PAGE / SECTOR_SIZE)

struct comparison {
    const struct snapshot *a, *b;
    void (*line)(void *context, const char *text);
    void *context;
    uint64_t differences;
};

static void say(struct comparison *c, const char *name, const char *what)
{
    char text[512];

    snprintf(text, sizeof text, "%s: %s", name, what);
    c->line(c->context, text);
    c->differences++;
}

/* --- Fields --- */

struct field {
    const char *name, *value;
    int name_length, value_length;
};

/* The line at `at`; returns where the next begins. Null: there is none. */
static const char *read_field(const char *at, const char *end, struct field *f)
{
    const char *stop = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL,
               *equals = stop ? strstr(at, " = ") : NULL;

    if (!stop)
        return NULL;
    if (!equals || equals > stop)
        equals = stop;
    *f = (struct field){at, equals < stop ? equals + 3 : stop, (int)(equals - at), 0};
    f->value_length = (int)(stop - f->value);
    return stop + 1;
}

static bool same_text(const char *a, int a_length, const char *b, int b_length)
{
    return a_length == b_length && !memcmp(a, b, (size_t)a_length);
}

/* Finds a name, first where it is expected. */
static bool find_field(const struct snapshot *s, const char **expected, const struct field *wanted, struct field *found)
{
    const char *end = s->state + s->state_length, *next = read_field(*expected, end, found);

    if (next && same_text(found->name, found->name_length, wanted->name, wanted->name_length)) {
        *expected = next;
        return true;
    }
    for (const char *at = s->state; (next = read_field(at, end, found)); at = next)
        if (same_text(found->name, found->name_length, wanted->name, wanted->name_length)) {
            *expected = next;
            return true;
        }
    return false;
}

/* Of long values, which are bytes, from where they differ. */
static void say_field(struct comparison *c, const struct field *a, const struct field *b)
{
    char name[128], what[256];
    int from = 0;

    snprintf(name, sizeof name, "%.*s", a->name_length, a->name);
    while (from < a->value_length && from < b->value_length && a->value[from] == b->value[from])
        from++;
    if (a->value_length <= VALUE_SHOWN && b->value_length <= VALUE_SHOWN)
        snprintf(what, sizeof what, "%.*s / %.*s", a->value_length, a->value, b->value_length, b->value);
    else
        snprintf(what, sizeof what, "from character %d on: %.*s / %.*s", from,
                 a->value_length - from < VALUE_SHOWN ? a->value_length - from : VALUE_SHOWN, a->value + from,
                 b->value_length - from < VALUE_SHOWN ? b->value_length - from : VALUE_SHOWN, b->value + from);
    say(c, name, what);
}

static void compare_fields(struct comparison *c)
{
    const char *end = c->a->state + c->a->state_length, *expected = c->b->state, *next;
    struct field a, b;
    char name[128];

    for (const char *at = c->a->state; (next = read_field(at, end, &a)); at = next) {
        if (find_field(c->b, &expected, &a, &b)) {
            if (!same_text(a.value, a.value_length, b.value, b.value_length))
                say_field(c, &a, &b);
            continue;
        }
        snprintf(name, sizeof name, "%.*s", a.name_length, a.name);
        say(c, name, "only in the first");
    }
    end = c->b->state + c->b->state_length;
    expected = c->a->state;
    for (const char *at = c->b->state; (next = read_field(at, end, &b)); at = next)
        if (!find_field(c->a, &expected, &b, &a)) {
            snprintf(name, sizeof name, "%.*s", b.name_length, b.name);
            say(c, name, "only in the second");
        }
}

/* --- Which machine --- */

static const char *medium_name(const struct machine_identity *identity, int slot)
{
    return identity->media[slot].kind == MEDIUM_NONE     ? "none"
           : identity->media[slot].kind == MEDIUM_SEALED ? "sealed"
                                                         : identity->media[slot].sha256;
}

static void compare_text(struct comparison *c, const char *name, const char *a, const char *b)
{
    char what[256];

    snprintf(what, sizeof what, "%s / %s", *a ? a : "none", *b ? b : "none");
    if (strcmp(a, b))
        say(c, name, what);
}

static void compare_machines(struct comparison *c)
{
    char name[32];

    compare_text(c, "machine-root", c->a->machine.root, c->b->machine.root);
    compare_text(c, "hardware", c->a->machine.hardware, c->b->machine.hardware);
    for (int slot = 0; slot < DRIVE_COUNT; slot++) {
        snprintf(name, sizeof name, "medium %s", drive_slot_names[slot]);
        compare_text(c, name, medium_name(&c->a->machine, slot), medium_name(&c->b->machine, slot));
    }
}

/* --- Pages --- */

struct pages { /* of one side */
    struct page_reader reader;
    const struct page_table *table;
    uint32_t run, index; /* the page that is next */
};

static const struct page_run *current(const struct pages *p)
{
    return p->run < p->table->count ? &p->table->runs[p->run] : NULL;
}

static void advance(struct pages *p)
{
    if (++p->index == p->table->runs[p->run].count) {
        p->run++;
        p->index = 0;
    }
}

/* Below, above or 0: whose page comes first. A side that has no more comes last. */
static int order(const struct pages *a, const struct pages *b)
{
    const struct page_run *x = current(a), *y = current(b);
    uint64_t p, q;

    if (!x || !y)
        return x ? -1 : 1;
    p = x->first + a->index;
    q = y->first + b->index;
    return x->area != y->area ? (x->area < y->area ? -1 : 1) : p != q ? (p < q ? -1 : 1) : 0;
}

static void say_memory(struct comparison *c, const struct page_run *run, uint64_t page, const uint8_t *a,
                       const uint8_t *b)
{
    char name[64], what[128];
    unsigned first = 0, count = 0;

    for (unsigned i = MACHINE_PAGE; i-- > 0;)
        if (a[i] != b[i]) {
            first = i;
            count++;
        }
    snprintf(name, sizeof name, "%s page %" PRIu64, machine_area_names[run->area], page);
    snprintf(what, sizeof what, "%u bytes, from address 0x%08" PRIx64 " on: %02x / %02x", count,
             page * MACHINE_PAGE + first, a[first], b[first]);
    if (count)
        say(c, name, what);
}

/* Null: not written to on that side. */
static void say_sectors(struct comparison *c, const struct page_run *run, uint64_t page, const uint8_t *a,
                        uint8_t a_readable, const uint8_t *b, uint8_t b_readable)
{
    char name[64], what[128];

    for (unsigned s = 0; s < SECTORS; s++) {
        const uint8_t *x = a ? a + s * SECTOR_SIZE : NULL, *y = b ? b + s * SECTOR_SIZE : NULL;
        bool x_good = a_readable >> s & 1, y_good = b_readable >> s & 1;
        unsigned at = 0;

        snprintf(name, sizeof name, "%s sector %" PRIu64, machine_area_names[run->area], page * SECTORS + s);
        if (!a || !b) {
            if (a ? x_good : y_good)
                say(c, name, a ? "written only in the first" : "written only in the second");
        } else if (x_good != y_good) {
            say(c, name, x_good ? "readable only in the first" : "readable only in the second");
        } else if (memcmp(x, y, SECTOR_SIZE)) {
            while (x[at] == y[at])
                at++;
            snprintf(what, sizeof what, "from byte %u on: %02x / %02x", at, x[at], y[at]);
            say(c, name, what);
        }
    }
}

/* Compares the next page; one side may not have it. */
static bool compare_page(struct comparison *c, struct pages *a, struct pages *b, int which, struct error *error)
{
    static const uint8_t zeros[MACHINE_PAGE];
    const struct page_run *x = which <= 0 ? current(a) : NULL, *y = which >= 0 ? current(b) : NULL, *run = x ? x : y;
    uint64_t page = run->first + (x ? a->index : b->index);
    const uint8_t *x_bytes, *y_bytes;

    if (x && y && x->readable == y->readable && x->skip + a->index == y->skip + b->index &&
        !memcmp(x->digest, y->digest, sizeof x->digest))
        return true;
    x_bytes = x ? page_reader_get(&a->reader, x, a->index, error) : NULL;
    y_bytes = y ? page_reader_get(&b->reader, y, b->index, error) : NULL;
    if ((x && !x_bytes) || (y && !y_bytes))
        return false;
    if (run->area < AREA_DRIVES)
        say_memory(c, run, page, x ? x_bytes : zeros, y ? y_bytes : zeros);
    else
        say_sectors(c, run, page, x_bytes, x ? x->readable : 0, y_bytes, y ? y->readable : 0);
    return true;
}

static bool compare_pages(struct comparison *c, struct pages *a, struct pages *b, struct error *error)
{
    page_reader_begin(&a->reader, c->a);
    page_reader_begin(&b->reader, c->b);
    a->table = &c->a->pages;
    b->table = &c->b->pages;
    while (current(a) || current(b)) {
        int which = order(a, b);
        if (!compare_page(c, a, b, which, error))
            return false;
        if (which <= 0)
            advance(a);
        if (which >= 0)
            advance(b);
    }
    return true;
}

bool snapshot_compare(const struct snapshot *a, const struct snapshot *b, void (*line)(void *context, const char *text),
                      void *context, uint64_t *differences, struct error *error)
{
    struct comparison c = {.a = a, .b = b, .line = line, .context = context};
    struct pages *pages = calloc(2, sizeof *pages);
    bool good;

    if (!pages)
        return error_set(error, STATUS_HOST, a->path, NULL, NULL, "out of memory");
    compare_machines(&c);
    compare_fields(&c);
    good = compare_pages(&c, &pages[0], &pages[1], error);
    page_reader_end(&pages[0].reader);
    page_reader_end(&pages[1].reader);
    free(pages);
    *differences = c.differences;
    return good;
}
