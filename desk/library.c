/* library.c - the subcommand ls: a folder of archives, and an index of them that follows from them at any time.
 *
 * The index is an SQLite file in the folder. Each listing brings it up to date: archives whose file is new or another
 * one are opened, those that are gone are dropped. It holds nothing that is not in the archives; deleting it loses
 * nothing. This file alone knows SQLite, and does without where pkg-config did not find it. */
#define _DEFAULT_SOURCE /* DT_DIR */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "archive/archive.h"
#include "desk/desk.h"
#include "desk/history.h"
#include "desk/progress.h"
#include "formats/json.h"
#include "formats/plain.h"

#ifdef HAVE_sqlite3
#include <sqlite3.h>

#define INDEX ".muniment-index.sqlite"
#define INDEX_VERSION 1 /* an index of another version is made anew */

struct library {
    const char *folder;
    sqlite3 *db;
    struct error *error;
};

/* What is kept of each archive, and, while a listing is made, of each check. */
static const char tables[] =
    "CREATE TABLE IF NOT EXISTS archive(name TEXT PRIMARY KEY, inode, size, changed, root TEXT, title TEXT,"
    " identifiers TEXT, rights TEXT, machine TEXT, signer TEXT, wrong TEXT) WITHOUT ROWID;"
    "PRAGMA temp_store=MEMORY;"
    "CREATE TEMP TABLE seen(name TEXT PRIMARY KEY) WITHOUT ROWID;"
    "CREATE TEMP TABLE checked(root TEXT PRIMARY KEY, time TEXT, method TEXT, verdict TEXT) WITHOUT ROWID";

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
    return statement;
}

static void bind_text(sqlite3_stmt *statement, int place, const char *text)
{
    sqlite3_bind_text(statement, place, text, -1, SQLITE_TRANSIENT);
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

static bool library_open(struct library *l)
{
    char path[PATH_MAX], set[64];
    int version = 0;

    snprintf(path, sizeof path, "%.3900s/%s", l->folder, INDEX);
    if (sqlite3_open(path, &l->db) != SQLITE_OK)
        return failed(l);
    sqlite3_busy_timeout(l->db, 10000);
    if (sqlite3_exec(l->db, "PRAGMA user_version", schema_version, &version, NULL) != SQLITE_OK)
        return failed(l);
    snprintf(set, sizeof set, "PRAGMA user_version=%d", INDEX_VERSION);
    return (version == INDEX_VERSION || (run(l, "DROP TABLE IF EXISTS archive") && run(l, set))) && run(l, tables);
}

/* --- Bringing it up to date --- */

/* Reads the head of an archive into the columns from 5 on. One that cannot be read has a reason in their place. */
static void bind_archive(sqlite3_stmt *insert, const char *path)
{
    struct error error;
    struct archive *archive = archive_open(path, &error);

    if (!archive) {
        bind_text(insert, 11, error.what);
        return;
    }
    const struct description_manifest *d = archive_description(archive);
    const struct archive_signature *signature = archive_signature(archive);
    char identifiers[sizeof d->identifier + 32] = "", rights[32] = "not stated";
    size_t length = 0;

    for (uint32_t i = 0; i < d->identifiers; i++)
        length += (size_t)snprintf(identifiers + length, sizeof identifiers - length, "%s%s", i ? "\n" : "",
                                   d->identifier[i]);
    if (d->open || *d->closed_until)
        snprintf(rights, sizeof rights, "%s%s", d->open ? "open" : "closed until ", d->open ? "" : d->closed_until);
    bind_text(insert, 5, archive_machine_root(archive));
    bind_text(insert, 6, d->title);
    bind_text(insert, 7, identifiers);
    bind_text(insert, 8, rights);
    bind_text(insert, 9, machine_type_names[archive_machine(archive)->type]);
    bind_text(insert, 10, signature->fits ? signature->signer : "");
    bind_text(insert, 11, signature->fits ? "" : "has a signature that does not fit");
    archive_close(archive);
}

/* The statements that bring the index up to date. */
struct updater {
    sqlite3_stmt *see, *insert;
};

static void bind_file(sqlite3_stmt *statement, const char *name, const struct stat *st)
{
    bind_text(statement, 1, name);
    sqlite3_bind_int64(statement, 2, (int64_t)st->st_ino);
    sqlite3_bind_int64(statement, 3, (int64_t)st->st_size);
    sqlite3_bind_int64(statement, 4, (int64_t)st->st_ctim.tv_sec * 1000000000 + st->st_ctim.tv_nsec);
}

/* A file that is in the index as it is now is seen; any other one is opened first. What has not changed is not
 * written. */
static bool take_file(const struct library *l, const struct updater *u, const char *name, const struct stat *st)
{
    char path[PATH_MAX];
    bool good;

    bind_file(u->see, name, st);
    if (!step(l, u->see))
        return false;
    if (sqlite3_changes(l->db) > 0)
        return true;
    snprintf(path, sizeof path, "%.3800s/%.255s", l->folder, name);
    bind_file(u->insert, name, st);
    bind_archive(u->insert, path);
    good = step(l, u->insert);
    sqlite3_clear_bindings(u->insert);
    return good && step(l, u->see);
}

static bool is_archive_name(const char *name)
{
    size_t length = strlen(name);

    return length > 4 && name[0] != '.' && strcmp(name + length - 4, ".mun") == 0;
}

static bool update(const struct library *l)
{
    DIR *folder = opendir(l->folder);
    struct dirent *entry;
    struct stat st;
    bool good = folder || error_host(l->error, l->folder, errno, "cannot read the folder");
    struct updater u = {
        prepare(l, "INSERT INTO seen SELECT name FROM archive WHERE name=? AND inode=? AND size=? AND changed=?"),
        prepare(l, "INSERT OR REPLACE INTO archive VALUES(?,?,?,?,?,?,?,?,?,?,?)")};

    good = good && u.see && u.insert && run(l, "BEGIN");
    while (good && !interrupted() && (entry = readdir(folder)))
        if (is_archive_name(entry->d_name) && fstatat(dirfd(folder), entry->d_name, &st, 0) == 0 && S_ISREG(st.st_mode))
            good = take_file(l, &u, entry->d_name, &st);
    if (good && interrupted())
        good = error_set(l->error, STATUS_HOST, l->folder, NULL, NULL, "interrupted");
    good = good && run(l, "DELETE FROM archive WHERE name NOT IN (SELECT name FROM seen); COMMIT");
    sqlite3_finalize(u.see);
    sqlite3_finalize(u.insert);
    if (folder)
        closedir(folder);
    return good;
}

/* --- Listing --- */

/* Keeps the last check of each machine-root that came to a verdict about all of the archive. */
static void take_check(void *context, const struct check_record *r)
{
    sqlite3_stmt *insert = context;

    if (!*r->machine_root || strcmp(r->verdict, "sampled") == 0 || strcmp(r->verdict, "partial") == 0)
        return;
    bind_text(insert, 1, r->machine_root);
    bind_text(insert, 2, r->time);
    bind_text(insert, 3, r->method);
    bind_text(insert, 4, r->verdict);
    sqlite3_step(insert);
    sqlite3_reset(insert);
}

static bool load_checks(const struct library *l, const char *log)
{
    sqlite3_stmt *insert = log ? prepare(l, "INSERT OR REPLACE INTO checked VALUES(?,?,?,?)") : NULL;
    bool good = !log || (insert && history_read(log, take_check, insert, l->error));

    sqlite3_finalize(insert);
    return good;
}

static const char *text_of(sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);

    return text ? text : "";
}

static void print_json(sqlite3_stmt *row)
{
    static const char *const names[] = {"file",   "machine-root", "title",   "identifiers", "rights", "machine",
                                        "signer", "wrong",        "checked", "method",      "verdict"};

    printf("{\"schema\": \"muniment-ls\", \"version\": 0");
    for (int i = 0; i < (int)(sizeof names / sizeof names[0]); i++)
        json_member(stdout, ", ", names[i], text_of(row, i));
    printf(", \"copies\": %d}\n", sqlite3_column_int(row, 11));
}

static void print_row(sqlite3_stmt *row)
{
    const char *wrong = text_of(row, 7), *checked = text_of(row, 8);

    plain_print(stdout, text_of(row, 0));
    printf("  ");
    if (*wrong) {
        printf("WRONG: ");
        plain_print(stdout, wrong);
    } else {
        plain_print(stdout, text_of(row, 2));
        printf("  %s  %.8s", text_of(row, 4), text_of(row, 1));
    }
    if (*checked)
        printf("  %.10s %s", checked, text_of(row, 10));
    if (sqlite3_column_int(row, 11) > 1)
        printf("  %d copies", sqlite3_column_int(row, 11));
    putchar('\n');
}

/* All that have each word of the query somewhere; with a date, those that were not found good since. */
static bool list(const struct library *l, const struct arguments *a, const char *since)
{
    char sql[8192] = "SELECT a.name, a.root, title, identifiers, rights, machine, signer, wrong, time, method, verdict,"
                     " n FROM archive a LEFT JOIN checked c ON c.root=a.root"
                     " LEFT JOIN (SELECT root AS r, count(*) AS n FROM archive GROUP BY root) ON r=a.root"
                     " WHERE 1";
    size_t length = strlen(sql);

    for (size_t i = 1; i < a->operand_count; i++)
        length += (size_t)snprintf(
            sql + length, sizeof sql - length,
            " AND instr(lower(a.name||char(10)||coalesce(a.root||char(10)||title||char(10)||"
            "identifiers||char(10)||rights||char(10)||machine||char(10)||signer,'')),lower(?%zu))",
            i);
    snprintf(sql + length, sizeof sql - length, "%s ORDER BY a.name",
             since ? " AND (time IS NULL OR time<?99 OR verdict NOT IN ('trusted','intact'))" : "");
    sqlite3_stmt *select = prepare(l, sql);
    int result = SQLITE_ERROR;

    for (size_t i = 1; select && i < a->operand_count; i++)
        bind_text(select, (int)i, a->operands[i]);
    if (select && since)
        bind_text(select, 99, since);
    while (select && (result = sqlite3_step(select)) == SQLITE_ROW)
        argument_value(a, "--json") ? print_json(select) : print_row(select);
    sqlite3_finalize(select);
    return result == SQLITE_DONE || failed(l);
}

/* The time so many days ago, as the log writes it; null with *error. */
static const char *days_ago(const struct arguments *a, char date[24], struct error *error)
{
    const char *days = argument_value(a, "--due");
    char *end;
    unsigned long count = strtoul(days, &end, 10);
    time_t then = time(NULL) - (time_t)count * 86400;
    struct tm tm;

    if (*days < '0' || *days > '9' || *end || count > 36500) {
        error_set(error, STATUS_USAGE, "ls", NULL, NULL, "--due takes a number of days");
        return NULL;
    }
    if (!argument_value(a, "--log")) {
        error_set(error, STATUS_USAGE, "ls", NULL, "name the office's log with --log",
                  "--due asks when each was checked");
        return NULL;
    }
    strftime(date, 24, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&then, &tm));
    return date;
}

enum status ls_run(const struct arguments *a)
{
    struct error error;
    struct library library = {.folder = a->operands[0], .error = &error};
    const char *since = NULL;
    char date[24];
    struct stat st;

    if (argument_value(a, "--due") && !(since = days_ago(a, date, &error)))
        return desk_fail(&error);
    if (stat(library.folder, &st) != 0 || !S_ISDIR(st.st_mode)) {
        error_set(&error, STATUS_INPUT, library.folder, NULL, NULL, "is no folder");
        return desk_fail(&error);
    }
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    bool good = library_open(&library) && update(&library) && load_checks(&library, argument_value(a, "--log")) &&
                list(&library, a, since);
    sqlite3_close(library.db);
    return good ? STATUS_OK : desk_fail(&error);
}
#else
enum status ls_run(const struct arguments *a)
{
    struct error error;

    error_set(&error, STATUS_HOST, a->operands[0], NULL, "build it where libsqlite3-dev is installed",
              "cannot be listed: this program was built without SQLite");
    return desk_fail(&error);
}
#endif
