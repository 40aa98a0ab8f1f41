/* library.c - the subcommand ls: a folder of archives, and an index of them that follows from them at any time.
 *
 * The index is an SQLite file in the folder. Each listing brings it up to date: archives whose file is new or another
 * one are opened, those that are gone are dropped. It holds nothing that is not in the archives; deleting it loses
 * nothing. This file alone knows SQLite, and does without where pkg-config did not find it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "desk/library.h"

#include "archive/archive.h"
#include "desk/desk.h"
#include "desk/disposal.h"
#include "desk/history.h"
#include "desk/page.h"
#include "desk/progress.h"
#include "desk/rights.h"
#include "formats/file.h"
#include "formats/json.h"
#include "formats/plain.h"

#ifdef HAVE_sqlite3
#include <sqlite3.h>
#endif

#define DISKS_SIZE (DRIVE_COUNT * (4 + sizeof(hex_digest)))

/* "hd0 ROOT" for each disk, separated by line feeds. */
static const char *list_disks(const struct archive *archive, char text[DISKS_SIZE])
{
    size_t length = 0;
    hex_digest root;

    *text = '\0';
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++)
        if (archive_disk_root(archive, (enum drive_slot)slot)) {
            hex_encode(archive_disk_root(archive, (enum drive_slot)slot), root);
            length += (size_t)snprintf(text + length, DISKS_SIZE - length, "%s%s %s", length ? "\n" : "",
                                       drive_slot_names[slot], root);
        }
    return text;
}

#define IDENTIFIERS_SIZE (sizeof(((struct description_manifest *)0)->identifier) + 32)

static const char *list_identifiers(const struct description_manifest *d, char text[IDENTIFIERS_SIZE])
{
    size_t length = 0;

    *text = '\0';
    for (uint32_t i = 0; i < d->identifiers; i++)
        length += (size_t)snprintf(text + length, IDENTIFIERS_SIZE - length, "%s%s", i ? "\n" : "", d->identifier[i]);
    return text;
}

/* Opens an archive of a folder, null if that is not possible. */
static struct archive *open_named(const struct arguments *a, const char *folder, const char *name)
{
    struct error ignored;
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%.3800s/%.255s", folder, name);
    return desk_open_archive(a, path, &ignored);
}

/* The rights of an archive as they are decided. */
static void decided_rights(const struct arguments *a, const char *folder, const char *name, char text[RIGHTS_WORDS])
{
    struct archive *archive = open_named(a, folder, name);

    snprintf(text, RIGHTS_WORDS, "undecided");
    if (archive)
        rights_say(a, archive, text);
    archive_close(archive);
}

struct names {
    char **at; /* owned, and each of them */
    size_t count, room;
};

/* The names of the archives in a folder, of the folders of evidence beside them, and of the certificates of those that
 * were disposed of. The latter two are sorted. */
struct folder {
    int descriptor; /* below 0: not open */
    struct names archives, evidence, certificates;
};

static bool ends_with(const char *name, const char *ending)
{
    size_t length = strlen(name), end = strlen(ending);

    return length > end && strcmp(name + length - end, ending) == 0;
}

static bool add_name(struct names *to, const char *name)
{
    if (to->count == to->room) {
        size_t room = to->room ? 2 * to->room : 256;
        char **larger = realloc(to->at, room * sizeof *larger);

        if (!larger)
            return false;
        to->at = larger;
        to->room = room;
    }
    return (to->at[to->count] = strdup(name)) && ++to->count;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_names(struct names *names)
{
    if (names->count)
        qsort(names->at, names->count, sizeof *names->at, compare_names);
}

static void names_free(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->at[i]);
    free(names->at);
}

static void folder_free(struct folder *f)
{
    names_free(&f->archives);
    names_free(&f->evidence);
    names_free(&f->certificates);
    if (f->descriptor >= 0)
        close(f->descriptor);
    *f = (struct folder){.descriptor = -1};
}

/* The archives are in no order. The caller calls folder_free in any case. */
static bool folder_list(const char *path, struct folder *f, struct error *error)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    bool good = true;

    *f = (struct folder){.descriptor = -1};
    if (!folder)
        return error_host(error, path, errno, "cannot read the folder");
    f->descriptor = dup(dirfd(folder));
    while (good && !(errno = 0) && (entry = readdir(folder)))
        if (entry->d_name[0] != '.' && ends_with(entry->d_name, ".mun"))
            good = add_name(&f->archives, entry->d_name);
        else if (ends_with(entry->d_name, EVIDENCE_ENDING))
            good = add_name(&f->evidence, entry->d_name);
        else if (entry->d_name[0] != '.' && is_disposal(entry->d_name))
            good = add_name(&f->certificates, entry->d_name);
    int failure = f->descriptor < 0 ? EMFILE : errno;
    closedir(folder);
    if (failure)
        return error_host(error, path, failure, "cannot read the folder");
    sort_names(&f->evidence);
    sort_names(&f->certificates);
    return true;
}

/* The archives are sorted as well. */
static bool folder_read(const char *path, struct folder *f, struct error *error)
{
    if (!folder_list(path, f, error))
        return false;
    sort_names(&f->archives);
    return true;
}

static bool add_path(struct library_paths *to, const char *folder, const char *name, struct error *error)
{
    char **larger = realloc(to->paths, (to->count + 1) * sizeof *larger);
    size_t size = strlen(folder) + strlen(name) + 2;

    if (larger)
        to->paths = larger;
    if (!larger || !(to->paths[to->count] = malloc(size)))
        return error_host(error, folder, ENOMEM, "cannot list");
    snprintf(to->paths[to->count++], size, "%s/%s", folder, name);
    return true;
}

struct missing_list {
    struct library_paths *to;
    const char *folder;
    struct error *error;
    bool failed;
};

static void add_missing(void *context, const struct library_missing *missing)
{
    struct missing_list *m = context;

    m->failed = m->failed || !add_path(m->to, m->folder, missing->name, m->error);
    m->to->missing += !m->failed;
}

#ifdef HAVE_sqlite3
#define INDEX ".muniment-index.sqlite"
#define INDEX_VERSION 6 /* an index of another version is made anew */

struct library {
    const char *folder;
    bool aside;                        /* the index is made in memory */
    const struct arguments *arguments; /* whom to trust for decisions on rights; null: rights are those at sealing */
    sqlite3 *db;
    struct folder names; /* of the folder, since library_open */
    struct error *error;
};

static bool has_name(const struct names *names, const char *name)
{
    return names->count && bsearch(&name, names->at, names->count, sizeof *names->at, compare_names);
}

/* A process that is locked in has no place for temporary files. */
static const char settings[] = "PRAGMA temp_store=MEMORY; PRAGMA page_size=65536";

/* What is kept of each archive, of which `more` is only searched; and the state of the folder (folder_state) when the
 * archives were last compared with it. */
static const char tables[] =
    "DROP TABLE IF EXISTS archive; DROP TABLE IF EXISTS folder;"
    "CREATE TABLE archive(name TEXT PRIMARY KEY, inode, size, changed, root TEXT, title TEXT,"
    " identifiers TEXT, rights TEXT, machine TEXT, signer TEXT, wrong TEXT, disks TEXT, custodian TEXT, more TEXT,"
    " review TEXT, content TEXT, derived, copies)"
    " WITHOUT ROWID;"
    "CREATE TABLE folder(one INTEGER PRIMARY KEY, state)";

/* What is kept of each check, and of each machine's replicas, while a listing is made. */
static const char temporary_tables[] =
    "CREATE TEMP TABLE checked(root TEXT, file TEXT, time TEXT, method TEXT, verdict TEXT, sure,"
    " PRIMARY KEY(root, file)) WITHOUT ROWID;"
    "CREATE TEMP TABLE elsewhere(root TEXT PRIMARY KEY, replicas) WITHOUT ROWID;"
    "CREATE TEMP TABLE first(root TEXT, object TEXT, time TEXT, PRIMARY KEY(root, object)) WITHOUT ROWID";

/* The value of a column as it was at sealing, where nothing was decided since. */
static const char *sealed_value(sqlite3_value **values)
{
    const char *text = (const char *)sqlite3_value_text(values[3]);

    return text ? text : "";
}

/* Whether something may have been decided of an archive since it was sealed: evidence lies beside it, or where the
 * command says, or it has parents whose rules hold as well. values: name, content, derived, and a column as it was at
 * sealing. */
static bool is_decided(const struct library *l, sqlite3_value **values)
{
    const char *name = (const char *)sqlite3_value_text(values[0]),
               *content = (const char *)sqlite3_value_text(values[1]);
    struct evidence_folders beside;

    if (!l->arguments || !name || !content)
        return false;
    return sqlite3_value_int(values[2]) || argument_value(l->arguments, "--evidence") ||
           (l->names.evidence.count && evidence_folders(name, content, &beside) &&
            (has_name(&l->names.evidence, beside.paths[0]) || has_name(&l->names.evidence, beside.paths[1])));
}

/* rights_of(NAME, CONTENT, DERIVED, RIGHTS): the rights of an archive as they are decided. */
static void rights_of(sqlite3_context *context, int count, sqlite3_value **values)
{
    const struct library *l = sqlite3_user_data(context);
    char text[RIGHTS_WORDS];

    (void)count;
    if (!is_decided(l, values)) {
        sqlite3_result_value(context, values[3]);
        return;
    }
    decided_rights(l->arguments, l->folder, (const char *)sqlite3_value_text(values[0]), text);
    sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
}

/* review_of(NAME, CONTENT, DERIVED, DATE): when they are to be looked at again: by the description, or by a decision.
 */
static void review_of(sqlite3_context *context, int count, sqlite3_value **values)
{
    const struct library *l = sqlite3_user_data(context);
    struct archive *archive = NULL;
    char date[11];

    (void)count;
    snprintf(date, sizeof date, "%.10s", sealed_value(values));
    if (is_decided(l, values) &&
        (archive = open_named(l->arguments, l->folder, (const char *)sqlite3_value_text(values[0]))))
        rights_review(l->arguments, archive, date);
    if (*date)
        sqlite3_result_text(context, date, -1, SQLITE_TRANSIENT);
    archive_close(archive);
}

/* found(VALUE ...): whether each word of the query is in one of them. */
static void found(sqlite3_context *context, int count, sqlite3_value **values)
{
    const struct library *l = sqlite3_user_data(context);
    bool all = true;

    for (size_t i = 1; l->arguments && all && i < l->arguments->operand_count; i++) {
        bool here = false;

        for (int k = 0; k < count && !here; k++) {
            const char *text = (const char *)sqlite3_value_text(values[k]);
            here = text && plain_contains(text, l->arguments->operands[i]);
        }
        all = here;
    }
    sqlite3_result_int(context, all);
}

static bool failed(const struct library *l)
{
    return error_set(l->error, STATUS_HOST, l->folder, INDEX, "delete it; it is made anew", "the index: %s",
                     sqlite3_errmsg(l->db));
}

static bool run(const struct library *l, const char *sql)
{
    return sqlite3_exec(l->db, sql, NULL, NULL, NULL) == SQLITE_OK || failed(l);
}

static sqlite3_stmt *prepare(const struct library *l, const char *sql)
{
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(l->db, sql, -1, &statement, NULL) != SQLITE_OK)
        failed(l);
    else if (l->arguments)
        sqlite3_bind_int(statement, 97, l->names.evidence.count || argument_value(l->arguments, "--evidence"));
    return statement;
}

static void bind_text(sqlite3_stmt *statement, int place, const char *text)
{
    sqlite3_bind_text(statement, place, text, -1, SQLITE_TRANSIENT);
}

static const char *text_of(sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);

    return text ? text : "";
}

static int64_t changed_at(const struct stat *st)
{
    return (int64_t)st->st_ctim.tv_sec * 1000000000 + st->st_ctim.tv_nsec;
}

/* Runs a statement to its end and makes it ready for the next values. */
static bool step(const struct library *l, sqlite3_stmt *statement)
{
    bool good = sqlite3_step(statement) == SQLITE_DONE || failed(l);

    sqlite3_reset(statement);
    return good;
}

static int schema_version(void *version, int columns, char **values, char **names)
{
    (void)columns, (void)names;
    *(int *)version = atoi(values[0]);
    return 0;
}

static bool has_version(const struct library *l, bool *has)
{
    int version = 0;

    if (sqlite3_exec(l->db, "PRAGMA user_version", schema_version, &version, NULL) != SQLITE_OK)
        return failed(l);
    *has = version == INDEX_VERSION;
    return true;
}

/* Makes the tables, unless another process does so first: who finds the folder's state finds its archives. */
static bool make_tables(const struct library *l)
{
    char set[64];
    bool has = false;

    snprintf(set, sizeof set, "PRAGMA user_version=%d", INDEX_VERSION);
    return run(l, "BEGIN IMMEDIATE") && has_version(l, &has) && (has || (run(l, tables) && run(l, set))) &&
           run(l, "COMMIT");
}

/* The index of a folder that cannot be written is made in memory. */
static bool open_index(struct library *l)
{
    char path[PATH_MAX];
    bool has = false;

    snprintf(path, sizeof path, "%.3900s/%s", l->folder, INDEX);
    bool writable = !l->aside && access(l->folder, W_OK) == 0;
    if (sqlite3_open_v2(writable ? path : ":memory:", &l->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        return failed(l);
    sqlite3_busy_timeout(l->db, 10000);
    sqlite3_create_function(l->db, "review_of", 4, SQLITE_UTF8, l, review_of, NULL, NULL);
    sqlite3_create_function(l->db, "found", -1, SQLITE_UTF8, l, found, NULL, NULL);
    sqlite3_create_function(l->db, "rights_of", 4, SQLITE_UTF8, l, rights_of, NULL, NULL);
    return run(l, settings) && has_version(l, &has) && (has || make_tables(l)) && run(l, temporary_tables);
}

/* --- Bringing it up to date --- */

/* Reads the head of an archive into the columns from 5 on. One that cannot be read has a reason in their place. */
static void bind_archive(sqlite3_stmt *insert, const char *path)
{
    struct error error;
    struct archive *archive = archive_open(path, NULL, &error);

    if (!archive) {
        bind_text(insert, 11, error.what);
        return;
    }
    const struct description_manifest *d = archive_description(archive);
    const struct archive_signature *signature = archive_signature(archive);
    char identifiers[IDENTIFIERS_SIZE], rights[RIGHTS_WORDS], disks[DISKS_SIZE];
    struct text more = {.bytes = NULL};

    text_print(&more, "%s\n%s", d->reference, d->creator);
    for (uint32_t i = 0; i < SOFTWARE_LIMIT && *d->software[i].name; i++)
        text_print(&more, "\n%s %s", d->software[i].name, d->software[i].version);
    bind_text(insert, 5, archive_machine_root(archive));
    bind_text(insert, 6, d->title);
    bind_text(insert, 7, list_identifiers(d, identifiers));
    bind_text(insert, 8, (rights_sealed(d, rights), rights));
    bind_text(insert, 9, machine_type_names[archive_machine(archive)->type]);
    bool fits = archive_signature_fits(archive);
    bind_text(insert, 10, fits ? signature->signer : "");
    bind_text(insert, 11, fits ? "" : "has a signature that does not fit");
    bind_text(insert, 12, list_disks(archive, disks));
    bind_text(insert, 13, d->custodian);
    bind_text(insert, 14, more.failed ? "" : more.bytes);
    bind_text(insert, 15, d->rights_review);
    bind_text(insert, 16, signature->content);
    sqlite3_bind_int(insert, 17, archive_is_derived(archive, NULL, NULL));
    text_free(&more);
    archive_close(archive);
}

/* Reads an archive into the index. */
static bool take_file(const struct library *l, sqlite3_stmt *insert, const char *name)
{
    char path[PATH_MAX];
    struct stat st;

    snprintf(path, sizeof path, "%.3800s/%.255s", l->folder, name);
    if (stat(path, &st) != 0)
        return true; /* it is gone again */
    bind_text(insert, 1, name);
    sqlite3_bind_int64(insert, 2, (int64_t)st.st_ino);
    sqlite3_bind_int64(insert, 3, (int64_t)st.st_size);
    sqlite3_bind_int64(insert, 4, changed_at(&st));
    bind_archive(insert, path);
    bool good = step(l, insert);
    sqlite3_clear_bindings(insert);
    return good;
}

static uint64_t hash(uint64_t hash, const void *bytes, size_t count)
{
    for (const uint8_t *byte = bytes; count--; byte++)
        hash = (hash ^ *byte) * UINT64_C(0x100000001b3); /* FNV-1a */
    return hash;
}

/* A number that is another one when an archive is new, gone or another file, or the folder gives them in another order.
 */
static int64_t folder_state(const struct folder *f)
{
    uint64_t state = UINT64_C(0xcbf29ce484222325);
    struct stat st;

    for (size_t i = 0; i < f->archives.count && !interrupted(); i++)
        if (fstatat(f->descriptor, f->archives.at[i], &st, 0) == 0 && S_ISREG(st.st_mode)) {
            const int64_t numbers[] = {(int64_t)st.st_ino, st.st_size, changed_at(&st)};
            state = hash(hash(state, f->archives.at[i], strlen(f->archives.at[i]) + 1), numbers, sizeof numbers);
        }
    return (int64_t)state;
}

static bool is_compared(const struct library *l, int64_t state)
{
    sqlite3_stmt *select = prepare(l, "SELECT state FROM folder");
    bool is = select && sqlite3_step(select) == SQLITE_ROW && sqlite3_column_int64(select, 0) == state;

    sqlite3_finalize(select);
    return is;
}

/* Goes over the archives of the folder and the rows of the index, both in the order of names, and finds those that are
 * to be read (new) and those that are gone (old, owned). */
struct difference {
    char **new, **old;
    size_t new_count, old_count;
};

static bool compare(const struct library *l, struct difference *d)
{
    const struct names *names = &l->names.archives;
    sqlite3_stmt *select = prepare(l, "SELECT name, inode, size, changed FROM archive ORDER BY name");
    int result = select ? sqlite3_step(select) : SQLITE_ERROR;
    struct stat st;

    for (size_t i = 0; (result == SQLITE_ROW || (result == SQLITE_DONE && i < names->count)) && !interrupted();) {
        const char *known = result == SQLITE_ROW ? (const char *)sqlite3_column_text(select, 0) : NULL;
        int order = !known ? -1 : i == names->count ? 1 : strcmp(names->at[i], known);
        bool there = order <= 0 && fstatat(l->names.descriptor, names->at[i], &st, 0) == 0 && S_ISREG(st.st_mode);

        if (order >= 0 && !there) {
            char **larger = realloc(d->old, (d->old_count + 1) * sizeof *larger);
            if (!larger || !(larger[d->old_count] = strdup(known)))
                result = SQLITE_NOMEM;
            else
                d->old_count++;
            d->old = larger ? larger : d->old;
        } else if (there && (order < 0 || sqlite3_column_int64(select, 1) != (int64_t)st.st_ino ||
                             sqlite3_column_int64(select, 2) != (int64_t)st.st_size ||
                             sqlite3_column_int64(select, 3) != changed_at(&st))) {
            d->new[d->new_count++] = names->at[i];
        }
        i += order <= 0;
        if (order >= 0 && result == SQLITE_ROW)
            result = sqlite3_step(select);
    }
    sqlite3_finalize(select);
    if (interrupted())
        return error_set(l->error, STATUS_HOST, l->folder, NULL, NULL, "interrupted");
    return result == SQLITE_DONE || failed(l);
}

/* Of each archive: how many of its machine are in the folder. */
static const char count_copies[] =
    "UPDATE archive SET copies=n FROM (SELECT root AS r, count(*) AS n FROM archive GROUP BY root)"
    " WHERE root=r AND copies IS NOT n";

static bool apply(const struct library *l, const struct difference *d, int64_t state)
{
    sqlite3_stmt *insert = prepare(l, "INSERT OR REPLACE INTO archive VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,NULL)");
    sqlite3_stmt *drop = insert ? prepare(l, "DELETE FROM archive WHERE name=?") : NULL;
    sqlite3_stmt *keep = drop ? prepare(l, "INSERT OR REPLACE INTO folder VALUES(1,?)") : NULL;
    bool good = keep;

    for (size_t i = 0; good && i < d->old_count; i++) {
        bind_text(drop, 1, d->old[i]);
        good = step(l, drop);
    }
    for (size_t i = 0; good && i < d->new_count; i++)
        good = interrupted() ? error_set(l->error, STATUS_HOST, l->folder, NULL, NULL, "interrupted")
                             : take_file(l, insert, d->new[i]);
    sqlite3_bind_int64(keep, 1, state);
    good = good && run(l, count_copies) && step(l, keep) && run(l, "COMMIT");
    sqlite3_finalize(insert);
    sqlite3_finalize(drop);
    sqlite3_finalize(keep);
    return good;
}

static bool update(struct library *l)
{
    const int64_t state = folder_state(&l->names);
    struct difference d = {.new = NULL};

    if (is_compared(l, state))
        return true;
    sort_names(&l->names.archives);
    d.new = calloc(l->names.archives.count + 1, sizeof *d.new);
    bool good = (d.new || error_host(l->error, l->folder, ENOMEM, "cannot list")) && run(l, "BEGIN IMMEDIATE") &&
                compare(l, &d) && apply(l, &d, state);

    for (size_t i = 0; i < d.old_count; i++)
        free(d.old[i]);
    free(d.old);
    free(d.new);
    return good;
}

/* Reads the names of the folder and brings its index up to date. The caller calls library_close in any case. */
static bool library_open(struct library *l)
{
    return folder_list(l->folder, &l->names, l->error) && open_index(l) && update(l);
}

static void library_close(struct library *l)
{
    sqlite3_close(l->db);
    folder_free(&l->names);
}

/* What was decided is only asked for where there may be any decision; ?97: whether there may be one on every archive,
 * which prepare says. */
#define DECIDED(function, column) \
    "iif(a.derived OR ?97, " function "(a.name, a.content, a.derived, " column "), " column ")"
#define RIGHTS DECIDED("rights_of", "a.rights")

bool library_each(const struct arguments *arguments, const char *folder,
                  void (*each)(void *context, const struct library_entry *entry), void *context, struct error *error)
{
    struct library l = {.folder = folder, .arguments = arguments, .error = error};
    sqlite3_stmt *select = NULL;
    int result = SQLITE_ERROR;
    bool good = library_open(&l) && (select = prepare(&l, "SELECT name, root, disks, title, identifiers, " RIGHTS
                                                          ", custodian, wrong FROM archive a"
                                                          " ORDER BY name"));

    while (good && (result = sqlite3_step(select)) == SQLITE_ROW)
        each(context,
             &(struct library_entry){text_of(select, 0), text_of(select, 1), text_of(select, 2), text_of(select, 3),
                                     text_of(select, 4), text_of(select, 5), text_of(select, 6), text_of(select, 7)});
    good = good && (result == SQLITE_DONE || failed(&l));
    sqlite3_finalize(select);
    library_close(&l);
    return good;
}

/* --- Listing --- */

struct checks {
    const struct library *library;
    sqlite3_stmt *last, *first;
    struct history_folder folder;
    bool good;
};

/* Keeps the last check of each archive, by its machine-root and file name, that came to a verdict about all of it, and
 * when each path of a machine was first checked. */
static void take_check(void *context, const struct check_record *r)
{
    struct checks *c = context;

    if (!history_decides(r))
        return;
    const char *const values[] = {r->machine_root, history_file(r), r->time, r->method, r->verdict};
    for (int i = 0; i < 5; i++)
        bind_text(c->last, i + 1, values[i]);
    sqlite3_bind_int(c->last, 6, *r->object == '/');
    bind_text(c->first, 1, r->machine_root);
    bind_text(c->first, 2, r->object);
    bind_text(c->first, 3, r->time);
    c->good = c->good && step(c->library, c->first) && (!history_in(r, &c->folder) || step(c->library, c->last));
}

#define REVIEW DECIDED("review_of", "nullif(a.review, '')")
#define IS_DUE " AND (time IS NULL OR time<?99 OR verdict NOT IN ('trusted','intact'))"

/* Or its rights are to be looked at again within so many days. */
#define IS_DUE_OR_REVIEWED " AND (time IS NULL OR time<?99 OR verdict NOT IN ('trusted','intact') OR " REVIEW "<=?98)"

static bool load_checks(const struct library *l, const char *log)
{
    struct checks c = {.library = l, .good = true};

    if (!log)
        return true;
    history_folder_find(&c.folder, l->folder);
    c.last = prepare(l, "INSERT INTO checked VALUES(?,?,?,?,?,?) ON CONFLICT DO UPDATE SET time=excluded.time,"
                        " method=excluded.method, verdict=excluded.verdict, sure=max(sure, excluded.sure)");
    c.first = prepare(l, "INSERT OR IGNORE INTO first VALUES(?,?,?)");
    bool good = c.last && c.first && history_read(log, take_check, &c, l->error) && c.good;
    sqlite3_finalize(c.last);
    sqlite3_finalize(c.first);
    return good;
}

static void print_json(sqlite3_stmt *row)
{
    static const char *const names[] = {"file",    "machine-root", "title", "identifiers", "rights",
                                        "machine", "signer",       "wrong", "custodian",   "checked",
                                        "method",  "verdict",      "review"};

    printf("{\"schema\": \"muniment-ls\", \"version\": 0");
    for (int i = 0; i < (int)(sizeof names / sizeof names[0]); i++)
        json_member(stdout, ", ", names[i], text_of(row, i));
    printf(", \"copies\": %d, \"replicas\": %d}\n", sqlite3_column_int(row, 13), sqlite3_column_int(row, 14));
}

/* printf would take longer than all else that is done for a row. */
static void print_after(const char *before, const char *text, size_t most)
{
    fputs(before, stdout);
    fwrite(text, 1, strnlen(text, most), stdout);
}

static void print_count(sqlite3_stmt *row, int column, int least, const char *of_what)
{
    if (sqlite3_column_int(row, column) < least)
        return;
    print_after("  ", text_of(row, column), SIZE_MAX);
    fputs(of_what, stdout);
}

static void print_row(sqlite3_stmt *row)
{
    const char *wrong = text_of(row, 7), *checked = text_of(row, 9), *review = text_of(row, 12);

    plain_print(stdout, text_of(row, 0));
    fputs("  ", stdout);
    if (*wrong) {
        fputs("WRONG: ", stdout);
        plain_print(stdout, wrong);
    } else {
        plain_print(stdout, text_of(row, 2));
        print_after("  ", text_of(row, 4), SIZE_MAX);
        print_after("  ", text_of(row, 1), 8);
    }
    if (*checked) {
        print_after("  ", checked, 10);
        print_after(" ", text_of(row, 11), SIZE_MAX);
    }
    print_count(row, 13, 2, " of this machine");
    print_count(row, 14, 1, " elsewhere");
    if (*review)
        print_after("  review ", review, 10);
    putchar('\n');
}

/* --- What is missing --- */

/* What was checked under a path of this folder and is not there, unless its machine was first checked under another
 * path since then, or is there under a name that was never checked: it was moved. */
#define IS_LOST \
    " WHERE c.sure AND NOT EXISTS(SELECT 1 FROM archive WHERE name=c.file)" \
    " AND NOT EXISTS(SELECT 1 FROM first f WHERE f.root=c.root AND f.time>c.time)" \
    " AND NOT EXISTS(SELECT 1 FROM archive a WHERE a.root=c.root" \
    " AND NOT EXISTS(SELECT 1 FROM checked k WHERE k.root=a.root AND k.file=a.name))"

/* Of what is lost, that which there is no certificate of disposal for, and which has the words that ls searches for. */
static bool each_missing(const struct library *l, void (*each)(void *context, const struct library_missing *missing),
                         void *context)
{
    sqlite3_stmt *select = prepare(l, "SELECT c.file, c.root, max(time), method, verdict FROM checked c" IS_LOST
                                      " AND found(c.file, c.root) GROUP BY c.file ORDER BY c.file");
    char certificate[NAME_MAX + 16];
    int result = SQLITE_ERROR;

    while (select && (result = sqlite3_step(select)) == SQLITE_ROW) {
        snprintf(certificate, sizeof certificate, "%.255s" DISPOSAL_ENDING, text_of(select, 0));
        if (!has_name(&l->names.certificates, certificate))
            each(context, &(struct library_missing){text_of(select, 0), text_of(select, 1), text_of(select, 2),
                                                    text_of(select, 3), text_of(select, 4)});
    }
    sqlite3_finalize(select);
    return result == SQLITE_DONE || failed(l);
}

/* Whether a check was of a name that is not in the folder: only then the archives must be opened. */
static bool has_other_names(const struct library *l)
{
    sqlite3_stmt *select = prepare(l, "SELECT file FROM checked WHERE sure");
    bool has = false;

    while (select && !has && sqlite3_step(select) == SQLITE_ROW)
        has = !has_name(&l->names.archives, text_of(select, 0));
    sqlite3_finalize(select);
    return has || !select;
}

bool library_miss(const char *folder, const char *log,
                  void (*each)(void *context, const struct library_missing *missing), void *context,
                  struct error *error)
{
    struct library l = {.folder = folder, .aside = true, .error = error};
    bool good = folder_read(folder, &l.names, error) && open_index(&l) && load_checks(&l, log) &&
                (!has_other_names(&l) || (update(&l) && each_missing(&l, each, context)));

    library_close(&l);
    return good;
}

static bool due_paths(const char *folder, const char *log, const char *since, struct library_paths *to,
                      struct error *error)
{
    struct library l = {.folder = folder, .error = error};
    struct missing_list missing = {to, folder, error, false};
    sqlite3_stmt *select = NULL;
    int result = SQLITE_ERROR;
    bool good = library_open(&l) && load_checks(&l, log) &&
                (select = prepare(&l,
                                  "SELECT a.name FROM archive a LEFT JOIN checked c ON c.root=a.root AND c.file=a.name"
                                  " WHERE 1" IS_DUE " ORDER BY a.name"));

    if (good)
        bind_text(select, 99, since);
    while (good && (result = sqlite3_step(select)) == SQLITE_ROW)
        good = add_path(to, folder, text_of(select, 0), error);
    good = good && (result == SQLITE_DONE || failed(&l));
    sqlite3_finalize(select);
    good = good && each_missing(&l, add_missing, &missing) && !missing.failed;
    library_close(&l);
    return good;
}

/* --- Printing --- */

/* The day, so many days of --due from now. */
static const char *reviewed_until(const struct arguments *a, char date[24])
{
    time_t then = time(NULL) + (time_t)strtoul(argument_value(a, "--due"), NULL, 10) * 86400;
    struct tm tm;

    strftime(date, 24, "%Y-%m-%d", gmtime_r(&then, &tm));
    return date;
}

/* All that have each word of the query somewhere; with a date, those that were not found good since. */
static bool list(const struct library *l, const struct arguments *a, const char *since)
{
    const bool json = argument_value(a, "--json"), log = argument_value(a, "--log"),
               replicas = argument_value(a, "--replica");
    char date[24], sql[2048];

    /* Empty tables are not joined: each row would look into them. */
    snprintf(sql, sizeof sql,
             "SELECT a.name, a.root, title, identifiers, " RIGHTS ", machine, signer, wrong, custodian, %s, " REVIEW
             ", copies, %s FROM archive a%s%s WHERE 1%s%s ORDER BY a.name",
             log ? "time, method, verdict" : "NULL, NULL, NULL", replicas ? "replicas" : "NULL",
             log ? " LEFT JOIN checked c ON c.root=a.root AND c.file=a.name" : "",
             replicas ? " LEFT JOIN elsewhere e ON e.root=a.root" : "",
             a->operand_count > 1
                 ? " AND found(a.name, a.root, title, identifiers, machine, signer, custodian, more, " RIGHTS ")"
                 : "",
             since ? IS_DUE_OR_REVIEWED : "");
    sqlite3_stmt *select = prepare(l, sql);
    int result = SQLITE_ERROR;

    if (select && since)
        bind_text(select, 99, since);
    if (select && since)
        bind_text(select, 98, reviewed_until(a, date));
    while (select && (result = sqlite3_step(select)) == SQLITE_ROW)
        json ? print_json(select) : print_row(select);
    sqlite3_finalize(select);
    return result == SQLITE_DONE || failed(l);
}

static void print_missing(void *context, const struct library_missing *m)
{
    const struct arguments *a = context;

    if (argument_value(a, "--json")) {
        printf("{\"schema\": \"muniment-ls\", \"version\": 0");
        json_member(stdout, ", ", "file", m->name);
        json_member(stdout, ", ", "machine-root", m->machine_root);
        json_member(stdout, ", ", "wrong", LIBRARY_MISSING);
        json_member(stdout, ", ", "checked", m->checked);
        json_member(stdout, ", ", "method", m->method);
        json_member(stdout, ", ", "verdict", m->verdict);
        puts("}");
        return;
    }
    plain_print(stdout, m->name);
    printf("  WRONG: " LIBRARY_MISSING "  %.8s  %.10s %s\n", m->machine_root, m->checked, m->verdict);
}

struct replicas {
    const struct library *library;
    sqlite3_stmt *insert;
    bool good;
};

static void take_replica(void *context, const struct library_entry *entry)
{
    struct replicas *r = context;

    bind_text(r->insert, 1, entry->machine_root);
    r->good = r->good && step(r->library, r->insert);
}

/* Counts the archives in the folders of --replica. */
static bool load_replicas(const struct library *l, const struct arguments *a)
{
    const char *folder;
    size_t position = 0;
    struct replicas r = {
        .library = l,
        .insert = prepare(l, "INSERT INTO elsewhere VALUES(?,1) ON CONFLICT DO UPDATE SET replicas=replicas+1"),
        .good = true};
    bool good = r.insert;

    while (good && (folder = argument_next(a, "--replica", &position)))
        good = library_each(NULL, folder, take_replica, &r, l->error) && r.good;
    sqlite3_finalize(r.insert);
    return good;
}

enum status ls_run(const struct arguments *a)
{
    struct error error;
    struct library library = {.folder = a->operands[0], .arguments = a, .error = &error};
    const char *since = NULL;
    char date[24];
    struct stat st;

    if (argument_value(a, "--due")) {
        if (!library_days_ago("ls", argument_value(a, "--due"), date, &error))
            return desk_fail(&error);
        if (!argument_value(a, "--log")) {
            error_set(&error, STATUS_USAGE, "ls", NULL, "name the office's log with --log",
                      "--due asks when each was checked");
            return desk_fail(&error);
        }
        since = date;
    }
    if (stat(library.folder, &st) != 0 || !S_ISDIR(st.st_mode)) {
        error_set(&error, STATUS_INPUT, library.folder, NULL, NULL, "is no folder");
        return desk_fail(&error);
    }
    if (argument_value(a, "--html")) {
        struct text page = {.bytes = NULL};
        bool printed = page_print(&page, a, &error);
        if (printed)
            fwrite(page.bytes, 1, page.length, stdout);
        text_free(&page);
        return printed ? STATUS_OK : desk_fail(&error);
    }
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    bool good = library_open(&library) && load_checks(&library, argument_value(a, "--log")) &&
                load_replicas(&library, a) && list(&library, a, since) &&
                (!argument_value(a, "--log") || each_missing(&library, print_missing, (void *)a));
    for (size_t i = 0; good && !since && i < library.names.certificates.count; i++)
        disposal_list(library.folder, library.names.certificates.at[i], a->operands + 1, a->operand_count - 1,
                      argument_value(a, "--json"));
    library_close(&library);
    return good ? STATUS_OK : desk_fail(&error);
}
#else
bool library_miss(const char *folder, const char *log,
                  void (*each)(void *context, const struct library_missing *missing), void *context,
                  struct error *error)
{
    (void)folder, (void)log, (void)each, (void)context, (void)error;
    return true;
}

static bool due_paths(const char *folder, const char *log, const char *since, struct library_paths *to,
                      struct error *error)
{
    (void)log, (void)since, (void)to;
    return error_set(error, STATUS_HOST, folder, NULL, "build it where libsqlite3-dev is installed",
                     "does not say what is due: this program was built without SQLite");
}

bool library_each(const struct arguments *arguments, const char *folder,
                  void (*each)(void *context, const struct library_entry *entry), void *context, struct error *error)
{
    char path[PATH_MAX], disks[DISKS_SIZE], identifiers[IDENTIFIERS_SIZE], rights[RIGHTS_WORDS], words[RIGHTS_WORDS];
    struct folder f;
    bool good = folder_read(folder, &f, error);

    for (size_t i = 0; good && i < f.archives.count; i++) {
        struct library_entry entry = {f.archives.at[i], "", "", "", "", "", "", ""};
        struct error reason;
        snprintf(path, sizeof path, "%.3800s/%.255s", folder, f.archives.at[i]);
        struct archive *archive = archive_open(path, NULL, &reason);
        if (archive) {
            const struct description_manifest *d = archive_description(archive);
            entry = (struct library_entry){f.archives.at[i],
                                           archive_machine_root(archive),
                                           list_disks(archive, disks),
                                           d->title,
                                           list_identifiers(d, identifiers),
                                           (rights_sealed(d, rights), rights),
                                           d->custodian,
                                           archive_signature_fits(archive) ? "" : "has a signature that does not fit"};
        } else {
            entry.wrong = reason.what;
        }
        if (arguments && !*entry.wrong) {
            decided_rights(arguments, folder, f.archives.at[i], words);
            entry.rights = words;
        }
        each(context, &entry);
        archive_close(archive);
    }
    folder_free(&f);
    return good;
}

enum status ls_run(const struct arguments *a)
{
    struct error error;

    error_set(&error, STATUS_HOST, a->operands[0], NULL, "build it where libsqlite3-dev is installed",
              "cannot be listed: this program was built without SQLite");
    return desk_fail(&error);
}
#endif

bool library_days_ago(const char *command, const char *days, char date[24], struct error *error)
{
    char *end;
    unsigned long count = strtoul(days, &end, 10);
    time_t then = time(NULL) - (time_t)count * 86400;
    struct tm tm;

    if (*days < '0' || *days > '9' || *end || count > 36500)
        return error_set(error, STATUS_USAGE, command, NULL, NULL, "--due takes a number of days");
    strftime(date, 24, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&then, &tm));
    return true;
}

struct one {
    const char *name;
    bool missing;
};

static void compare_missing(void *context, const struct library_missing *missing)
{
    struct one *one = context;

    one->missing |= strcmp(missing->name, one->name) == 0;
}

void library_miss_one(const char *path, const char *log, struct error *error)
{
    struct one one = {path_name(path), false};
    char folder[PATH_MAX];
    struct error ignored;
    struct stat st;

    if (!log || stat(path, &st) == 0 || errno != ENOENT)
        return;
    snprintf(folder, sizeof folder, "%.*s", (int)(one.name - path), path);
    if (library_miss(*folder ? folder : ".", log, compare_missing, &one, &ignored) && one.missing)
        error_set(error, STATUS_INPUT, path, NULL, LIBRARY_MISSING_STEP, LIBRARY_MISSING);
}

static bool holds_receipt(const char *folder)
{
    char path[PATH_MAX];

    return snprintf(path, sizeof path, "%s/receipt.txt", folder) < (int)sizeof path && access(path, F_OK) == 0;
}

static bool missing_paths(const char *folder, const char *log, struct library_paths *to, struct error *error)
{
    struct missing_list missing = {to, folder, error, false};

    return library_miss(folder, log, add_missing, &missing, error) && !missing.failed;
}

bool library_paths(const char *folder, const char *log, const char *since, struct library_paths *to,
                   struct error *error)
{
    struct folder f;
    bool good = folder_read(folder, &f, error), receipt = good && f.archives.count == 0 && holds_receipt(folder);

    *to = (struct library_paths){.paths = NULL};
    for (size_t i = 0; good && !since && i < f.archives.count; i++)
        good = add_path(to, folder, f.archives.at[i], error);
    if (good && receipt && !since)
        good = add_path(to, folder, "receipt.txt", error);
    if (good && f.archives.count + f.certificates.count == 0 && !receipt)
        good = error_set(error, STATUS_INPUT, folder, NULL, "look whether its medium is there", "holds no archives");
    folder_free(&f);
    if (good && since)
        return due_paths(folder, log, since, to, error);
    return good && (!log || receipt || missing_paths(folder, log, to, error));
}

void library_paths_free(struct library_paths *paths)
{
    for (size_t i = 0; i < paths->count; i++)
        free(paths->paths[i]);
    free(paths->paths);
    *paths = (struct library_paths){.paths = NULL};
}
