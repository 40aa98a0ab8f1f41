/* ingest.c - the subcommand ingest: a shelf of machines becomes a library of archives.
 *
 * All rows are checked before the first one is sealed. What has been taken in is known by its archive alone, which
 * names the digest of its row: a run that was interrupted, however it was, is resumed by the same command. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "desk/act.h"
#include "desk/attest.h"
#include "desk/desk.h"
#include "desk/envelope.h"
#include "desk/library.h"
#include "desk/progress.h"
#include "desk/quarantine.h"
#include "desk/sealing.h"
#include "desk/shelf.h"
#include "formats/file.h"
#include "formats/output.h"
#include "formats/plain.h"
#include "verify/fixity/fixity.h"

#define PASSWORDS "docs/passwords.cms"
#define SAME_SHOWN 8 /* archives of the same machine or disk that are named */

/* What became of a row; the first three are well. */
enum outcome { ROW_SEALED, ROW_THERE, ROW_GOOD, ROW_WRONG, ROW_HELD, ROW_FAILED, ROW_NOT_BEGUN, OUTCOMES };

static const char *const outcome_words[OUTCOMES] = {
    [ROW_SEALED] = "sealed", [ROW_THERE] = "there",   [ROW_GOOD] = "good",          [ROW_WRONG] = "wrong",
    [ROW_HELD] = "held",     [ROW_FAILED] = "failed", [ROW_NOT_BEGUN] = "not begun"};

struct row_report {
    enum outcome outcome;
    bool checked; /* it was found good in the first pass */
    char file[NAME_MAX + 1], machine[MACHINE_NAME_SIZE];
    hex_digest root;
    char *disks, *same, *scan, *message; /* owned; null: empty */
};

/* An archive of the library. */
struct known {
    char *name, *root, *disks; /* owned */
};

struct ingest {
    const struct arguments *arguments;
    const char *library, *scanner;
    const char **archivists;
    size_t archivist_count;
    struct shelf shelf;
    char report_path[PATH_MAX], errors_path[PATH_MAX];
    struct row_report *rows;
    struct known *known;
    size_t known_count, known_room;
    bool failed; /* out of memory */
    uint64_t counts[OUTCOMES];
};

/* --- What is in the library --- */

static bool know(struct ingest *g, const char *name, const char *root, const char *disks)
{
    if (g->known_count == g->known_room) {
        size_t room = g->known_room ? 2 * g->known_room : 64;
        struct known *larger = realloc(g->known, room * sizeof *larger);
        if (!larger)
            return false;
        g->known = larger;
        g->known_room = room;
    }
    struct known *k = &g->known[g->known_count++];
    *k = (struct known){strdup(name), strdup(root), strdup(disks)};
    return k->name && k->root && k->disks;
}

static void know_entry(void *context, const struct library_entry *entry)
{
    struct ingest *g = context;

    g->failed |= !know(g, entry->name, entry->machine_root, entry->disks);
}

/* The first disk of a row that an archive has as well; null: none. */
static const char *same_disk(const struct known *k, const struct row_report *r)
{
    for (const char *line = r->disks ? r->disks : ""; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        char root[sizeof(hex_digest) + 1];

        snprintf(root, sizeof root, " %.64s", line + 4);
        if (strstr(k->disks, root))
            return line;
    }
    return NULL;
}

/* The archives of the same machine, and those with one of the same disks: "A.mun: the same machine". */
static void find_same(const struct ingest *g, const struct row_report *r, struct text *to)
{
    size_t found = 0;

    for (size_t i = 0; i < g->known_count; i++) {
        const struct known *k = &g->known[i];

        if (!k->name || !k->root || !k->disks || strcmp(k->name, r->file) == 0)
            continue;
        bool machine = strcmp(k->root, r->root) == 0;
        const char *disk = machine ? NULL : same_disk(k, r);
        if ((!machine && !disk) || ++found > SAME_SHOWN)
            continue;
        text_print(to, "%s%s: the same %s%.3s", to->length ? "; " : "", k->name, machine ? "machine" : "disk as ",
                   machine ? "" : disk);
    }
    if (found > SAME_SHOWN)
        text_print(to, "; and %zu more", found - SAME_SHOWN);
    text_add(to, "", 1);
}

/* --- Reports --- */

/* An error as people read it, to be freed. */
static char *error_text(const struct error *e)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);

    if (!to)
        return NULL;
    fprintf(to, "%s: %s", e->object, e->what);
    if (*e->place)
        fprintf(to, " (%s)", e->place);
    if (*e->remedy)
        fprintf(to, ": %s", e->remedy);
    fclose(to);
    return text;
}

/* Ends a row with an error. What is wrong with the row is the row's; what is wrong with the host ends the run. */
static bool row_fails(struct row_report *r, const struct error *error)
{
    r->outcome = error->status == STATUS_HOST ? ROW_FAILED : ROW_WRONG;
    r->message = error_text(error);
    desk_fail(error);
    return error->status != STATUS_HOST;
}

static bool write_file(const char *path, const struct text *text, struct error *error)
{
    struct output output;

    return output_whole(&output, path, 0666, true, error) && output_text(&output, text, error);
}

/* The path that an option gives; else the table's, with another ending. */
static bool beside_table(const struct ingest *g, const char *option, const char *ending, char path[PATH_MAX],
                         struct error *error)
{
    const char *given = argument_value(g->arguments, option), *table = g->shelf.path;
    size_t length = strlen(table);
    struct stat a, b;

    if (length > 4 && strcmp(table + length - 4, ".csv") == 0)
        length -= 4;
    int size = given ? snprintf(path, PATH_MAX, "%s", given)
                     : snprintf(path, PATH_MAX, "%.*s%s", (int)length, table, ending);
    if (size >= PATH_MAX)
        return error_set(error, STATUS_INPUT, table, NULL, NULL, "has too long a path");
    if (stat(path, &a) == 0 && stat(table, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
        return error_set(error, STATUS_USAGE, path, NULL, "name another file", "is the table itself");
    return true;
}

static bool write_reports(const struct ingest *g, struct error *error)
{
    struct text report = {.bytes = NULL}, errors = {.bytes = NULL};

    text_print(&report, "row,accession,outcome,archive,machine-root,disks,machine,same-as,scan,message\r\n");
    shelf_print_header(&g->shelf, &errors);
    for (size_t i = 0; i < g->shelf.table.rows; i++) {
        const struct row_report *r = &g->rows[i];
        const char *const fields[] = {shelf_field(&g->shelf, i, SHELF_ACCESSION),
                                      outcome_words[r->outcome],
                                      r->file,
                                      r->root,
                                      r->disks,
                                      r->machine,
                                      r->same,
                                      r->scan,
                                      r->message};
        bool mend = r->outcome == ROW_WRONG || r->outcome == ROW_HELD;

        text_print(&report, "%zu", i + 1);
        for (size_t k = 0; k < sizeof fields / sizeof fields[0]; k++) {
            text_print(&report, ",");
            csv_field(&report, fields[k] ? fields[k] : "");
        }
        text_print(&report, "\r\n");
        if (mend)
            shelf_print_row(&g->shelf, i, r->message ? r->message : "", &errors);
    }
    bool good = write_file(g->report_path, &report, error) && write_file(g->errors_path, &errors, error);
    text_free(&report);
    text_free(&errors);
    if (!good)
        return false;
    plain_print(stdout, g->shelf.path);
    printf(": %zu row%s", g->shelf.table.rows, g->shelf.table.rows == 1 ? "" : "s");
    for (int i = 0, before = 0; i < OUTCOMES; i++)
        if (g->counts[i])
            printf("%s%" PRIu64 " %s", before++ ? ", " : ": ", g->counts[i], outcome_words[i]);
    printf("; report in ");
    plain_print(stdout, g->report_path);
    if (g->counts[ROW_WRONG] + g->counts[ROW_HELD]) {
        printf(", rows to be mended in ");
        plain_print(stdout, g->errors_path);
    }
    putchar('\n');
    return true;
}

/* --- One row --- */

static bool archive_path(const struct ingest *g, const char *file, char path[PATH_MAX], struct error *error)
{
    return snprintf(path, PATH_MAX, "%s/%s", g->library, file) < PATH_MAX ||
           error_set(error, STATUS_INPUT, g->library, NULL, NULL, "is too long a path");
}

/* Whether the library has the archive of this row already. False with *error: it has another one of that name. */
static bool is_there(const char *path, const struct shelf_row *row, struct row_report *r, bool *there,
                     struct error *error)
{
    struct stat status;

    *there = lstat(path, &status) == 0;
    if (!*there)
        return errno == ENOENT || error_host(error, path, errno, "cannot look for");
    struct archive *archive = archive_open(path, NULL, error);
    if (!archive)
        return false;
    bool same = memcmp(archive_description(archive)->ingest.row, row->description.ingest.row, DIGEST_SIZE) == 0;
    memcpy(r->root, archive_machine_root(archive), sizeof r->root);
    r->scan = same ? strdup(archive_description(archive)->ingest.scan) : NULL;
    archive_close(archive);
    return same || error_set(error, STATUS_INPUT, path, NULL,
                             "give the row another accession number, or dispose of that archive",
                             "is there already, from another row or another state of this one");
}

/* Checks a row, and that its archive is not that of a row before. */
static bool check_row(struct ingest *g, size_t i, struct shelf_row *row, bool *there, struct error *error)
{
    struct row_report *r = &g->rows[i];
    char path[PATH_MAX];

    if (!shelf_row(&g->shelf, i, argument_value(g->arguments, "--follow"), row, error))
        return false;
    memcpy(r->file, row->file, sizeof r->file);
    memcpy(r->machine, row->machine_name, sizeof r->machine);
    for (size_t before = 0; before < i; before++)
        if (strcmp(g->rows[before].file, row->file) == 0)
            return error_set(error, STATUS_INPUT, g->shelf.path, NULL, "give it another accession number",
                             "would become %s, as row %zu does", row->file, before + 1);
    for (size_t n = 0; row->passwords && n < row->document_count; n++)
        if (strcmp(row->documents[n].name, PASSWORDS) == 0)
            return error_set(error, STATUS_INPUT, row->documents[n].path, NULL, "rename it",
                             "has the name under which the passwords are sealed");
    return archive_path(g, row->file, path, error) && is_there(path, row, r, there, error);
}

/* The row of an archive that an earlier run took in. */
static void take_known(struct ingest *g, struct row_report *r)
{
    struct text same = {.bytes = NULL};

    r->outcome = ROW_THERE;
    for (size_t i = 0; i < g->known_count; i++)
        if (g->known[i].name && g->known[i].disks && strcmp(g->known[i].name, r->file) == 0)
            r->disks = strdup(g->known[i].disks);
    find_same(g, r, &same);
    r->same = same.bytes;
}

/* The first pass: nothing is written. */
static bool check_rows(struct ingest *g, struct error *error)
{
    for (size_t i = 0; i < g->shelf.table.rows; i++) {
        struct row_report *r = &g->rows[i];
        struct shelf_row *row = calloc(1, sizeof *row);
        bool there = false;

        if (!row) {
            error_host(error, g->shelf.path, ENOMEM, "cannot check");
            return row_fails(r, error);
        }
        r->checked = !interrupted() && check_row(g, i, row, &there, error);
        shelf_row_free(row);
        free(row);
        if (interrupted())
            return error_set(error, STATUS_HOST, g->shelf.path, NULL, NULL, "interrupted");
        if (!r->checked && !row_fails(r, error))
            return false;
        if (there && r->checked)
            take_known(g, r);
        else if (r->checked && argument_value(g->arguments, "--dry-run"))
            r->outcome = ROW_GOOD;
    }
    return true;
}

/* What the scanner says of one image, and with --scan-files of the files in it, becomes part of the description: a
 * finding, or the first word. */
static bool scan_image(const struct ingest *g, struct shelf_row *row, const char *path, bool *found,
                       struct error *error)
{
    struct image_request request = {.format = row->format,
                                    .member = row->member,
                                    .follow = argument_value(g->arguments, "--follow"),
                                    .lock_in = desk_lock_reader};
    char *kept = row->description.ingest.scan, says[sizeof row->description.ingest.scan];
    uint64_t files = 1;

    for (int what = 0; what < 2; what++) {
        bool this_found = false;

        if (what == 1 && !argument_value(g->arguments, "--scan-files"))
            break;
        if (!(what == 0
                  ? quarantine_scan(g->scanner, path, &this_found, says, sizeof says, error)
                  : quarantine_scan_files(g->scanner, path, &request, &this_found, says, sizeof says, &files, error)))
            return false;
        if (files > 0 && ((this_found && !*found) || !*kept))
            memcpy(kept, says, sizeof says);
        *found |= this_found;
    }
    return true;
}

/* Has the scanner look at each image. False with *error, or with STATUS_OK: the row is held. */
static bool scan_images(const struct ingest *g, struct shelf_row *row, struct row_report *r, struct error *error)
{
    bool found = false;

    for (unsigned slot = 0; g->scanner && slot < DRIVE_COUNT; slot++)
        if (row->images[slot] && !scan_image(g, row, row->images[slot], &found, error))
            return false;
    r->scan = strdup(row->description.ingest.scan);
    error->status = STATUS_OK;
    return !found || row->findings_accepted;
}

/* Seals the row to its archive. */
static bool seal_row(struct ingest *g, struct shelf_row *row, const char *path, hex_digest root, struct error *error)
{
    const struct arguments *a = g->arguments;
    struct sealed_file files[SHELF_DOCUMENTS + 1];
    struct text secret = {.bytes = NULL};
    struct progress progress;
    struct attesting attesting = {.arguments = a, .progress = &progress};
    struct seal_request request = {
        .machine_path = g->shelf.path,
        .machine = &row->machine,
        .description = &row->description,
        .key_path = argument_value(a, "--key"),
        .output_path = path,
        .files = files,
        .file_count = row->document_count,
        .progress = progress_bytes,
        .progress_context = &progress,
        .attest = argument_value(a, "--attest") ? attest_boot : NULL,
        .attest_context = &attesting,
    };

    memcpy(files, row->documents, row->document_count * sizeof *files);
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++) {
        request.image_paths[slot] = row->images[slot];
        request.images[slot] = (struct image_request){.format = row->format,
                                                      .member = row->member,
                                                      .follow = argument_value(a, "--follow"),
                                                      .lock_in = desk_lock_reader};
    }
    bool good = !row->passwords || envelope_seal(row->passwords, g->archivists, g->archivist_count, &secret, error);
    if (row->passwords)
        files[request.file_count++] = (struct sealed_file){
            .name = PASSWORDS, .bytes = (const uint8_t *)secret.bytes, .size = secret.length};
    progress_begin(&progress, row->file);
    good = good && desk_seal(&request, root, error);
    progress_end(&progress);
    text_free(&secret);
    return good;
}

static bool goes_on(void *context, uint64_t done, uint64_t total)
{
    (void)context, (void)done, (void)total;
    return !interrupted();
}

/* Reads what was written once more, and notes the roots of its disks. */
static bool read_again(const char *path, struct row_report *r, struct error *error)
{
    struct archive *archive = NULL;
    struct verify_request request = {.path = path, .archive = &archive, .progress = goes_on};
    struct verify_result result;
    struct text disks = {.bytes = NULL};
    hex_digest root;

    if (!archive_verify(&request, &result, error))
        return false;
    bool good = archive && result.verdict <= VERDICT_UNKNOWN_SIGNER;
    for (unsigned slot = 0; good && slot < DRIVE_COUNT; slot++)
        if (archive_disk_root(archive, (enum drive_slot)slot)) {
            hex_encode(archive_disk_root(archive, (enum drive_slot)slot), root);
            text_print(&disks, "%s%s %s", disks.length ? "\n" : "", drive_slot_names[slot], root);
        }
    text_add(&disks, "", 1);
    r->disks = disks.bytes;
    archive_close(archive);
    return good || error_set(error, STATUS_HOST, path, NULL, "test the medium, and take the row in again",
                             "was not read back as it was written");
}

/* An image as it was before the scanner looked at it. */
struct held {
    int descriptor;
    struct file_state state;
};

/* What is sealed must be what was scanned: the images are held open from then on. */
static bool hold_images(const struct shelf_row *row, struct held held[DRIVE_COUNT], struct error *error)
{
    uint64_t size;

    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++)
        held[slot].descriptor = -1;
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++) {
        const char *path = row->images[slot];

        if (path && ((held[slot].descriptor = archive_open_file(path, &size, error)) < 0 ||
                     !file_state(held[slot].descriptor, path, &held[slot].state, error)))
            return false;
    }
    return true;
}

static bool are_unchanged(const struct shelf_row *row, const struct held held[DRIVE_COUNT], struct error *error)
{
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++)
        if (row->images[slot] && !file_unchanged(held[slot].descriptor, row->images[slot], &held[slot].state, error))
            return false;
    return true;
}

static void release_images(const struct held held[DRIVE_COUNT])
{
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++)
        if (held[slot].descriptor >= 0)
            close(held[slot].descriptor);
}

/* Scans the images, seals them, and reads the archive again. */
static bool seal_scanned(struct ingest *g, struct shelf_row *row, const char *path, struct row_report *r,
                         struct error *error)
{
    const char *by = argument_value(g->arguments, "--by");
    struct held held[DRIVE_COUNT];
    bool good = hold_images(row, held, error) && scan_images(g, row, r, error);

    row->description.ingest.date = (int64_t)time(NULL);
    snprintf(row->description.ingest.by, sizeof row->description.ingest.by, "%.64s", by ? by : "");
    good = good && seal_row(g, row, path, r->root, error);
    if (good && !(are_unchanged(row, held, error) && read_again(path, r, error))) {
        unlink(path);
        good = false;
    }
    release_images(held);
    return good;
}

static bool take_in(struct ingest *g, size_t i, struct shelf_row *row, struct act *act, struct error *error)
{
    struct row_report *r = &g->rows[i];
    struct text same = {.bytes = NULL};
    char path[PATH_MAX];

    if (!archive_path(g, row->file, path, error) || !seal_scanned(g, row, path, r, error))
        return false;
    r->outcome = ROW_SEALED;
    find_same(g, r, &same);
    r->same = same.bytes;
    g->failed |= same.failed || !know(g, r->file, r->root, r->disks ? r->disks : "");
    act_fact(act, "machine-root", r->root);
    act_fact(act, "accession", shelf_field(&g->shelf, i, SHELF_ACCESSION));
    act_fact(act, "scan", row->description.ingest.scan);
    act_fact(act, "same-as", r->same ? r->same : "");
    return true;
}

static void print_row(const struct ingest *g, size_t i)
{
    const struct row_report *r = &g->rows[i];

    plain_print(stdout, shelf_field(&g->shelf, i, SHELF_ACCESSION));
    printf(": %s", outcome_words[r->outcome]);
    if (*r->root)
        printf(", machine-root %s", r->root);
    if (r->outcome == ROW_HELD && r->scan) {
        printf(": ");
        plain_print(stdout, r->scan);
    }
    if (r->same && *r->same) {
        printf("; ");
        plain_print(stdout, r->same);
    }
    putchar('\n');
}

/* A row of the second pass. False: the host failed, and the run ends. */
static bool ingest_row(struct ingest *g, size_t i)
{
    struct row_report *r = &g->rows[i];
    struct shelf_row *row = calloc(1, sizeof *row);
    struct error error;
    struct act act = {.log = NULL};
    bool begun = false, good, there;

    good = (row || error_host(&error, g->shelf.path, ENOMEM, "cannot read")) && check_row(g, i, row, &there, &error) &&
           (begun = act_begin(&act, g->arguments, "ingest", r->file, &error)) && take_in(g, i, row, &act, &error);
    if (!good && error.status == STATUS_OK) {
        r->outcome = ROW_HELD;
        r->message = r->scan ? strdup(r->scan) : NULL;
        error_set(&error, STATUS_CLOSED, r->file, NULL,
                  "look at the image; write accepted under findings to seal it as it is", "is held: %s",
                  r->scan ? r->scan : "");
        act_fact(&act, "scan", r->scan ? r->scan : "");
        desk_fail(&error);
    } else if (!good) {
        row_fails(r, &error);
    }
    if (begun && act_end(&act, good ? STATUS_OK : error.status) == STATUS_HOST) {
        if (r->outcome != ROW_FAILED && !r->message)
            r->message = strdup("the log does not have its outcome");
        r->outcome = ROW_FAILED;
    }
    if (r->outcome == ROW_SEALED || r->outcome == ROW_HELD)
        print_row(g, i);
    if (row)
        shelf_row_free(row);
    free(row);
    return r->outcome != ROW_FAILED;
}

/* --- All of them --- */

/* The folder of the library, made if it is not there. */
static bool open_library(struct ingest *g, struct error *error)
{
    struct stat status;

    if (stat(g->library, &status) == 0)
        return S_ISDIR(status.st_mode) || error_set(error, STATUS_INPUT, g->library, NULL, NULL, "is no folder");
    if (argument_value(g->arguments, "--dry-run"))
        return true;
    return mkdir(g->library, 0777) == 0 || error_host(error, g->library, errno, "cannot make");
}

static bool read_archivists(struct ingest *g, struct error *error)
{
    g->archivists = argument_values(g->arguments, "--archivist", &g->archivist_count);
    if (!g->archivists)
        return error_host(error, g->shelf.path, ENOMEM, "cannot read");
    for (size_t i = 0; g->archivist_count == 0 && i < g->shelf.table.rows; i++)
        if (*shelf_field(&g->shelf, i, SHELF_PASSWORDS))
            return error_set(error, STATUS_USAGE, g->shelf.path, NULL,
                             "name the archivists' certificates with --archivist",
                             "has passwords, which only archivists are to read, and there are none");
    return envelope_check(g->archivists, g->archivist_count, error);
}

static bool prepare(struct ingest *g, struct error *error)
{
    struct key *key = key_load(argument_value(g->arguments, "--key"), error);
    struct stat status;

    key_free(key);
    if (!key || !shelf_open(&g->shelf, g->arguments->operands[0], argument_value(g->arguments, "--from"), error) ||
        !beside_table(g, "--report", "-report.csv", g->report_path, error) ||
        !beside_table(g, "--errors", "-errors.csv", g->errors_path, error) ||
        (!strcmp(g->report_path, g->errors_path) &&
         !error_set(error, STATUS_USAGE, g->errors_path, NULL, "name another file", "is to be the report as well")) ||
        !read_archivists(g, error) || !open_library(g, error))
        return false;
    g->rows = calloc(g->shelf.table.rows, sizeof *g->rows);
    if (!g->rows)
        return error_host(error, g->shelf.path, ENOMEM, "cannot read");
    for (size_t i = 0; i < g->shelf.table.rows; i++)
        g->rows[i].outcome = ROW_NOT_BEGUN;
    if (stat(g->library, &status) != 0)
        return true;
    return output_sweep(g->library, error) && library_each(NULL, g->library, know_entry, g, error) &&
           (!g->failed || error_host(error, g->library, ENOMEM, "cannot read"));
}

static void release(struct ingest *g)
{
    for (size_t i = 0; g->rows && i < g->shelf.table.rows; i++) {
        free(g->rows[i].disks);
        free(g->rows[i].same);
        free(g->rows[i].scan);
        free(g->rows[i].message);
    }
    for (size_t i = 0; i < g->known_count; i++) {
        free(g->known[i].name);
        free(g->known[i].root);
        free(g->known[i].disks);
    }
    free(g->known);
    free(g->rows);
    free(g->archivists);
    shelf_close(&g->shelf);
}

enum status ingest_run(const struct arguments *a)
{
    struct ingest g = {
        .arguments = a, .library = argument_value(a, "--library"), .scanner = argument_value(a, "--scan")};
    struct error error;
    bool good;

    if (!argument_value(a, "--log") != !argument_value(a, "--by")) {
        error_set(&error, STATUS_USAGE, "ingest", NULL, NULL, "--log and --by go together");
        return desk_fail(&error);
    }
    if (argument_value(a, "--scan-files") && !g.scanner) {
        error_set(&error, STATUS_USAGE, "ingest", NULL, NULL, "--scan-files goes with --scan");
        return desk_fail(&error);
    }
    good = prepare(&g, &error);
    bool ready = good;
    if (!good)
        desk_fail(&error);
    if (good && !check_rows(&g, &error)) {
        good = false;
        if (interrupted())
            desk_fail(&error);
    }
    for (size_t i = 0; good && i < g.shelf.table.rows; i++) {
        if (g.rows[i].outcome == ROW_NOT_BEGUN)
            good = !interrupted() && ingest_row(&g, i);
        else if (g.rows[i].checked)
            print_row(&g, i);
    }
    for (size_t i = 0; ready && i < g.shelf.table.rows; i++)
        g.counts[g.rows[i].outcome]++;
    if (ready && !write_reports(&g, &error)) {
        desk_fail(&error);
        good = false;
    }
    enum status status = !ready                                         ? error.status
                         : !good || g.counts[ROW_FAILED]                ? STATUS_HOST
                         : g.counts[ROW_WRONG] + g.counts[ROW_HELD] > 0 ? STATUS_INPUT
                                                                        : STATUS_OK;
    release(&g);
    return status;
}
