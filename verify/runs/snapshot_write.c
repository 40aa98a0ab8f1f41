/* snapshot_write.c - writing snapshots (snapshot.h).
 *
 * Pages that changed are put together by sixteen into chunks; those that did not stay where an earlier snapshot has put
 * them, and the table says so. The order of all is that of areas and pages, so that what is kept and what is new are
 * merged in one pass over each area. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "verify/runs/snapshot_text.h"

#define CHUNK_PAGES (CHUNK_SIZE / MACHINE_PAGE)

/* --- Chunks --- */

struct chunks {
    struct snapshot_writing *w;
    struct page_table *table;
    struct error *error;
    uint16_t file;
    uint32_t pages, first_run; /* in `bytes`; the runs that lie in it begin there */
    uint8_t bytes[CHUNK_SIZE];
};

static bool no_memory(const struct snapshot_writing *w, struct error *error)
{
    return error_set(error, STATUS_HOST, w->text->output.path, NULL, NULL, "out of memory");
}

/* Writes the chunk, and notes in its runs where they are. */
static bool flush(struct chunks *c)
{
    struct pack_place place;

    if (!c->pages)
        return true;
    if (!pack_add(c->w->pages, c->bytes, c->pages * MACHINE_PAGE, &place, c->error))
        return false;
    for (uint32_t i = c->first_run; i < c->table->count; i++) {
        struct page_run *run = &c->table->runs[i];
        run->offset = place.offset;
        run->length = place.length;
        run->size = c->pages * MACHINE_PAGE;
        memcpy(run->digest, place.digest, sizeof run->digest);
    }
    c->first_run = c->table->count;
    c->pages = 0;
    return true;
}

/* Takes a page of the machine into the chunk. */
static bool add_page(struct chunks *c, enum machine_area area, uint64_t page)
{
    struct page_run *run = c->table->count > c->first_run ? &c->table->runs[c->table->count - 1] : NULL;
    uint8_t *bytes = c->bytes + (size_t)c->pages * MACHINE_PAGE, readable;

    if (!machine_page_get(c->w->machine, area, page, bytes, &readable))
        return error_set(c->error, STATUS_HOST, machine_area_names[area], NULL, NULL, "cannot be read");
    if (area < AREA_DRIVES && all_zero(bytes, MACHINE_PAGE))
        return true; /* as in a machine just built */
    if (!run || run->area != area || run->first + run->count != page || run->readable != readable) {
        run = page_table_add(c->table);
        if (!run)
            return no_memory(c->w, c->error);
        *run = (struct page_run){
            .first = page, .area = (uint8_t)area, .readable = readable, .file = c->file, .skip = (uint16_t)c->pages};
    }
    run->count++;
    return ++c->pages < CHUNK_PAGES || flush(c);
}

/* --- What is kept and what is new --- */

/* Pages of one area, as a sequence that is asked for its next. */
struct cursor {
    const struct machine *machine;
    enum machine_area area;
    bool unsaved, more;
    uint64_t page;
};

static void cursor_seek(struct cursor *c, uint64_t page)
{
    c->page = page;
    c->more = machine_page_next(c->machine, c->area, c->unsaved, &c->page);
}

static bool cursor_at(struct cursor *c, uint64_t page)
{
    if (c->more && c->page < page)
        cursor_seek(c, page);
    return c->more && c->page == page;
}

static bool keep_page(struct page_table *t, const struct page_run *old, uint32_t index)
{
    struct page_run *run = t->count ? &t->runs[t->count - 1] : NULL;

    if (!run || run->area != old->area || run->file != old->file || run->offset != old->offset ||
        run->readable != old->readable || run->first + run->count != old->first + index ||
        run->skip + run->count != old->skip + (int)index) {
        run = page_table_add(t);
        if (!run)
            return false;
        *run = *old;
        run->first += index;
        run->skip = (uint16_t)(run->skip + index);
        run->count = 0;
    }
    run->count++;
    return true;
}

/* Goes through the runs that were saved before: what is still as it was is kept, what lies where it is not to stay is
 * written again. */
static bool keep(struct snapshot_writing *w, struct page_table *kept, struct chunks *again, struct error *error)
{
    struct cursor changed = {.area = AREA_COUNT}, there = {.area = AREA_COUNT};

    for (uint32_t i = 0; w->kept && i < w->kept->count; i++) {
        const struct page_run *run = &w->kept->runs[i];
        if (run->area != changed.area) {
            changed = (struct cursor){.machine = w->machine, .area = run->area, .unsaved = true};
            there = (struct cursor){.machine = w->machine, .area = run->area};
            cursor_seek(&changed, 0);
            cursor_seek(&there, 0);
        }
        for (uint32_t n = 0; n < run->count; n++) {
            if (cursor_at(&changed, run->first + n) || !cursor_at(&there, run->first + n))
                continue;
            if (w->relocate && w->relocate[run->file] ? !add_page(again, run->area, run->first + n)
                                                      : !keep_page(kept, run, n))
                return error->what[0] ? false : no_memory(w, error);
        }
    }
    return true;
}

static bool write_changed(struct snapshot_writing *w, struct chunks *c)
{
    for (enum machine_area area = 0; area < AREA_COUNT; area++)
        for (uint64_t page = 0; machine_page_next(w->machine, area, w->kept != NULL, &page); page++)
            if (!add_page(c, area, page))
                return false;
    return flush(c);
}

static int compare_runs(const void *a, const void *b)
{
    const struct page_run *x = a, *y = b;

    return x->area != y->area ? (x->area < y->area ? -1 : 1) : x->first < y->first ? -1 : x->first > y->first;
}

/* The table, with the chunks that it needs written. */
static bool make_table(struct snapshot_writing *w, struct page_table *table, struct error *error)
{
    struct chunks *c = calloc(1, sizeof *c);
    struct page_table fresh = {.names = NULL};
    bool good = c && page_table_init(table);

    error->what[0] = '\0';
    if (!good) {
        free(c);
        return no_memory(w, error);
    }
    for (uint32_t i = 0; w->kept && i < w->kept->name_count; i++)
        memcpy(table->names[i], w->kept->names[i], SNAPSHOT_FILE_NAME);
    table->name_count = w->kept ? w->kept->name_count : 0;
    *c = (struct chunks){.w = w, .table = &fresh, .error = error};
    good = (page_table_name(table, w->name, &c->file) ||
            error_set(error, STATUS_HOST, w->text->output.path, NULL, NULL, "has its pages in too many files")) &&
           keep(w, table, c, error) && flush(c) && write_changed(w, c);
    for (uint32_t i = 0; good && i < fresh.count; i++) {
        struct page_run *run = page_table_add(table);
        good = run || no_memory(w, error);
        if (run)
            *run = fresh.runs[i];
    }
    free(fresh.runs);
    free(c);
    if (good && table->count)
        qsort(table->runs, table->count, sizeof *table->runs, compare_runs);
    return good;
}

/* --- The text --- */

static void print_state(void *context, const char *text, size_t length)
{
    text_add(context, text, length);
}

static void print_head(struct text *t, const struct machine_identity *identity, const uint8_t digest[DIGEST_SIZE])
{
    char hex[65];

    hex_encode(digest, hex);
    text_print(t, SNAPSHOT_FIRST_LINE "machine: %" PRIu32 "\nmachine-root: %s%s%s\n", identity->version,
               *identity->root ? identity->root : "none", *identity->content ? " " : "", identity->content);
    text_print(t, "hardware: %s\n", identity->hardware);
    for (int slot = 0; slot < DRIVE_COUNT; slot++)
        text_print(t, "medium %s: %s\n", drive_slot_names[slot],
                   identity->media[slot].kind == MEDIUM_NONE     ? "none"
                   : identity->media[slot].kind == MEDIUM_SEALED ? "sealed"
                                                                 : identity->media[slot].sha256);
    if (*identity->line_in)
        text_print(t, "line-in: %s\n", identity->line_in);
    for (int slot = 0; slot < DRIVE_COUNT; slot++)
        if (identity->media[slot].kept)
            text_print(t, "overlay %s: %" PRIu64 " %" PRIu64 " %s\n", drive_slot_names[slot],
                       identity->media[slot].first, identity->media[slot].place.records,
                       identity->media[slot].place.chain);
    text_print(t, "digest: %s\n\n", hex);
}

static void print_runs(struct text *t, const struct page_table *table)
{
    for (uint32_t i = 0; i < table->count; i++) {
        const struct page_run *run = &table->runs[i];
        char hex[65], mask[9] = "";
        for (unsigned bit = 0; bit < 8; bit++)
            mask[bit] = run->readable >> bit & 1 ? '1' : '0';
        hex_encode(run->digest, hex);
        text_print(t, "page %s %" PRIu64 " %u %s %s %" PRIu64 " %" PRIu32 " %" PRIu32 " %u %s\n",
                   machine_area_names[run->area], run->first, run->count, mask, table->names[run->file], run->offset,
                   run->length, run->size, run->skip, hex);
    }
}

/* Writes the text as chunks after everything else, and the locator in front. */
static bool write_text(struct snapshot_writing *w, const struct text *t, struct error *error)
{
    char locator[LOCATOR_SIZE];

    make_locator(w->text->offset, locator);
    for (size_t at = 0; at < t->length; at += CHUNK_SIZE) {
        size_t left = t->length - at;
        struct pack_place place;
        if (!pack_add(w->text, (const uint8_t *)t->bytes + at, left < CHUNK_SIZE ? (uint32_t)left : CHUNK_SIZE, &place,
                      error))
            return false;
    }
    return pack_head(w->text, locator, LOCATOR_SIZE, error);
}

bool snapshot_write_parts(struct snapshot_writing *w, struct error *error)
{
    static const char nothing[LOCATOR_SIZE];
    struct page_table table = {.names = NULL};
    uint8_t digest[DIGEST_SIZE];
    struct text text = {0};
    bool good = pack_head(w->text, nothing, sizeof nothing, error) && make_table(w, &table, error);

    if (good && !machine_digest(w->machine, digest))
        good = error_set(error, STATUS_HOST, w->text->output.path, NULL, NULL,
                         "there is no memory for the machine's digest, or a disk failed");
    if (good) {
        print_head(&text, w->identity, digest);
        machine_save(w->machine, print_state, &text);
        text_print(&text, "\n");
        print_runs(&text, &table);
        text_print(&text, SNAPSHOT_LAST_LINE);
        good = text.failed ? no_memory(w, error) : write_text(w, &text, error);
    }
    page_table_free(&table);
    text_free(&text);
    return good;
}

/* Writes it into a file that was begun. */
static bool write_file(struct machine *machine, const struct machine_identity *identity, struct pack_writer *file,
                       struct error *error)
{
    struct snapshot_writing w = {.machine = machine, .identity = identity, .pages = file, .text = file, .name = "."};

    if (snapshot_write_parts(&w, error))
        return pack_commit(file, error);
    pack_abandon(file);
    return false;
}

bool snapshot_write(struct machine *machine, const struct machine_identity *identity, const char *path, bool replace,
                    struct error *error)
{
    struct pack_writer file;

    return pack_create(&file, path, replace, error) && write_file(machine, identity, &file, error);
}

bool snapshot_write_in(struct machine *machine, const struct machine_identity *identity, int descriptor,
                       const char *name, struct error *error)
{
    struct pack_writer file;

    return pack_create_in(&file, descriptor, name, error) && write_file(machine, identity, &file, error);
}
