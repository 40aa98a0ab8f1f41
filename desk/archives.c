/* archives.c - the subcommands around archives: manifest check, seal, info. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/archive.h"
#include "desk/act.h"
#include "desk/attest.h"
#include "desk/desk.h"
#include "desk/history.h"
#include "desk/library.h"
#include "formats/json.h"
#include "desk/progress.h"
#include "desk/rights.h"
#include "desk/sealing.h"
#include "desk/volume.h"
#include "formats/plain.h"

/* --- manifest check --- */

/* The word after "muniment:" on the first line that is neither empty nor a comment decides the kind. */
static bool is_description(const char *text)
{
    while (*text == '#' || *text == '\n' || *text == '\r' || *text == ' ') {
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    const char *value = text + strcspn(text, ":\n");
    if (*value == ':')
        value++;
    value += strspn(value, " \"'");
    return !strncmp(value, "description", strlen("description"));
}

/* Reads either kind and writes its canonical form. Returns its length, or 0 with *error. */
static size_t canonical_form(const char *path, char *buffer, size_t size, bool *description, struct error *error)
{
    struct description_manifest d;
    struct machine_manifest m;
    size_t length = 0;
    char *text;

    if (!manifest_read_file(path, &text, &length, error))
        return 0;
    *description = is_description(text);
    if (*description)
        length = description_manifest_parse(text, length, path, &d, error)
                     ? description_manifest_print(&d, buffer, size)
                     : 0;
    else
        length = machine_manifest_parse(text, length, path, &m, error) ? machine_manifest_print(&m, buffer, size) : 0;
    free(text);
    return length;
}

enum status manifest_check_run(const struct arguments *a)
{
    char canonical[MANIFEST_LIMIT], hex[65];
    uint8_t digest[DIGEST_SIZE];
    struct error error;
    bool description;
    size_t length = canonical_form(a->operands[0], canonical, sizeof(canonical), &description, &error);

    if (length == 0)
        return desk_fail(&error);
    if (argument_value(a, "--canonical")) {
        if (isatty(STDOUT_FILENO))
            plain_print_lines(stdout, canonical);
        else
            fwrite(canonical, 1, length, stdout);
        return STATUS_OK;
    }
    sha256(canonical, length, digest);
    hex_encode(digest, hex);
    printf("%s: valid %s, sha256:%s\n", a->operands[0], description ? "description" : "machine", hex);
    return STATUS_OK;
}

/* --- seal --- */

static void report_image(const char *path, const struct image_info *info)
{
    if (info->padding)
        printf("%s: %" PRIu64 " bytes, filled up with %" PRIu32 " zeros to whole sectors\n", path, info->size,
               info->padding);
    for (uint32_t i = 0; i < info->note_count; i++)
        if (!strcmp(info->notes[i].key, "ignored"))
            printf("%s: ignored: %s\n", path, info->notes[i].text);
}

/* Of rules of the description that close nothing. */
static void warn_idle(const char *path)
{
    struct error warning;
    struct archive *archive = archive_open(path, NULL, &warning);
    const struct closure *c = archive ? archive_description(archive)->closure : NULL;

    for (size_t i = 0; archive && i < CLOSURE_LIMIT && *c[i].until; i++)
        if (*c[i].path && desk_rule_is_idle(archive, c[i].slot, c[i].path, &warning))
            error_print(stderr, &warning);
    archive_close(archive);
}

enum status seal_run(const struct arguments *a)
{
    struct progress progress;
    struct attesting attesting = {.arguments = a, .progress = &progress};
    struct seal_request request = {
        .machine_path = a->operands[0],
        .description_path = argument_value(a, "--description"),
        .key_path = argument_value(a, "--key"),
        .output_path = argument_value(a, "-o"),
        .replace = argument_value(a, "--force"),
        .threads = argument_value(a, "--threads") ? (unsigned)strtoul(argument_value(a, "--threads"), NULL, 10) : 0,
        .opened = report_image,
        .progress = progress_bytes,
        .progress_context = &progress,
        .attest = argument_value(a, "--attest") ? attest_boot : NULL,
        .attest_context = &attesting,
    };
    hex_digest root;
    struct error error;
    struct act act;

    if (!desk_image_requests(a, request.images, &error) || !act_begin(&act, a, "seal", request.output_path, &error))
        return desk_fail(&error);
    progress_begin(&progress, "sealing");
    bool good = desk_seal(&request, root, &error);
    progress_end(&progress);
    if (!good)
        return act_end(&act, desk_fail(&error));
    printf("%s: sealed, machine-root %s\n", request.output_path, root);
    warn_idle(request.output_path);
    act_fact(&act, "machine-root", root);
    return act_end(&act, STATUS_OK);
}

/* --- info --- */

/* Who may see an archive, as it is decided, and as it was sealed. */
struct info_rights {
    char now[RIGHTS_WORDS], sealed[RIGHTS_WORDS], review[11];
};

/* The size of a drive's sealed image in bytes; 0 when it has none. */
static bool medium_size(struct archive *archive, enum drive_slot slot, uint64_t *size, struct error *error)
{
    struct block disk;

    error->status = STATUS_OK;
    *size = 0;
    if (!archive_disk(archive, slot, &disk, error))
        return error->status == STATUS_OK;
    *size = disk.sectors * SECTOR_SIZE;
    if (disk.close)
        disk.close(disk.context);
    return true;
}

static void print_row(const char *label, const char *text)
{
    printf("%-14s", label);
    plain_print(stdout, text);
    putchar('\n');
}

/* --- The checks of an archive, out of the office's log --- */

struct checks {
    const char *machine_root;
    bool json;
    uint64_t count;
    struct check_record last;
};

static void print_check(void *context, const struct check_record *r)
{
    struct checks *checks = context;

    if (strcmp(r->machine_root, checks->machine_root) != 0)
        return;
    if (checks->json) {
        json_member(stdout, checks->count ? ", {" : "{", "time", r->time);
        json_member(stdout, ", ", "by", r->by);
        json_member(stdout, ", ", "file", r->object);
        json_member(stdout, ", ", "method", r->method);
        json_member(stdout, ", ", "verdict", r->verdict);
        fputs("}", stdout);
    } else {
        printf("%s%-14s%s  %-7s %-15s by %s, ", checks->count ? "" : "\n", "check", r->time, r->method, r->verdict,
               r->by);
        plain_print(stdout, r->object);
        putchar('\n');
    }
    checks->count++;
    checks->last = *r;
}

/* With --log; prints nothing without it. */
static bool print_checks(const struct arguments *a, const struct archive *archive, struct error *error)
{
    struct checks checks = {.machine_root = archive_machine_root(archive), .json = argument_value(a, "--json")};
    const char *log = argument_value(a, "--log");

    if (!log)
        return true;
    if (checks.json)
        fputs(", \"checks\": [", stdout);
    bool good = history_read(log, print_check, &checks, error);
    if (checks.json)
        fputs("]", stdout);
    else if (good && checks.count)
        printf("%-14s%s\n", "next step", history_next_step(&checks.last));
    else if (good)
        printf("\n%-14snone in this log\n", "check");
    return good;
}

/* Texts of the description that have a row, and a member of the JSON object, of their own. */
static const struct {
    const char *name;
    size_t offset;
} more_texts[] = {
    {"rights-reason", offsetof(struct description_manifest, rights_reason)},
    {"reference", offsetof(struct description_manifest, reference)},
    {"creator", offsetof(struct description_manifest, creator)},
    {"custodian", offsetof(struct description_manifest, custodian)},
    {"ingested-by", offsetof(struct description_manifest, ingest.by)},
    {"scan", offsetof(struct description_manifest, ingest.scan)},
};

static const char *more_text(const struct description_manifest *d, size_t i)
{
    return (const char *)d + more_texts[i].offset;
}

static void print_after(const char *before, const char *text)
{
    if (!*text)
        return;
    fputs(before, stdout);
    plain_print(stdout, text);
}

static void info_text(const struct archive *archive, const struct info_rights *rights, const uint64_t *sizes)
{
    const struct archive_signature *signature = archive_signature(archive);
    const struct description_manifest *d = archive_description(archive);
    char canonical[MANIFEST_LIMIT];

    print_row("title", d->title);
    for (uint32_t i = 0; i < d->identifiers; i++)
        print_row("identifier", d->identifier[i]);
    print_row("rights", rights->now);
    if (strcmp(rights->now, rights->sealed) != 0)
        print_row("at sealing", rights->sealed);
    if (*rights->review)
        print_row("rights-review", rights->review);
    for (const struct closure *c = d->closure; c < d->closure + CLOSURE_LIMIT && *c->until; c++) {
        printf("closed        until %s: %s", c->until, drive_slot_names[c->slot]);
        if (*c->path) {
            putchar(':');
            plain_print(stdout, c->path);
        }
        putchar('\n');
    }
    for (size_t i = 0; i < sizeof more_texts / sizeof more_texts[0]; i++)
        if (*more_text(d, i))
            print_row(more_texts[i].name, more_text(d, i));
    for (uint32_t i = 0; i < LANGUAGE_LIMIT && *d->language[i]; i++)
        print_row("language", d->language[i]);
    for (uint32_t i = 0; i < SOFTWARE_LIMIT && *d->software[i].name; i++) {
        const struct software *s = &d->software[i];
        printf("software      ");
        plain_print(stdout, s->name);
        print_after(" ", s->version);
        print_after(", licence ", s->licence);
        print_after(", shown by ", s->evidence);
        putchar('\n');
    }
    print_row("machine-root", archive_machine_root(archive));
    print_row("signer", archive_signature_fits(archive) ? signature->signer : "nobody: the signature does not fit");
    for (int slot = 0; slot < DRIVE_COUNT; slot++)
        if (sizes[slot])
            printf("%-14s%" PRIu64 " bytes\n", drive_slot_names[slot], sizes[slot]);
    if (*archive_origins(archive)) {
        putchar('\n');
        plain_print_lines(stdout, archive_origins(archive));
    }
    if (*d->provenance) {
        putchar('\n');
        plain_print_lines(stdout, d->provenance);
        putchar('\n');
    }
    if (machine_manifest_print(archive_machine(archive), canonical, sizeof(canonical))) {
        putchar('\n');
        plain_print_lines(stdout, canonical);
    }
}

static void info_json(const struct archive *archive, const struct info_rights *rights, const uint64_t *sizes)
{
    const struct description_manifest *d = archive_description(archive);
    const struct machine_manifest *m = archive_machine(archive);
    const char *before = "";

    json_member(stdout, "{", "title", d->title);
    printf(", \"identifiers\": [");
    for (uint32_t i = 0; i < d->identifiers; i++) {
        fputs(i ? ", " : "", stdout);
        json_string(stdout, d->identifier[i]);
    }
    json_member(stdout, "], ", "provenance", d->provenance);
    json_member(stdout, ", ", "rights", rights->now);
    json_member(stdout, ", ", "rights-at-sealing", rights->sealed);
    if (*rights->review)
        json_member(stdout, ", ", "rights-review", rights->review);
    if (!d->open && *d->closed_until)
        json_member(stdout, ", ", "closed-until", d->closed_until);
    for (size_t i = 0; i < sizeof more_texts / sizeof more_texts[0]; i++)
        if (*more_text(d, i))
            json_member(stdout, ", ", more_texts[i].name, more_text(d, i));
    printf(", \"languages\": [");
    for (uint32_t i = 0; i < LANGUAGE_LIMIT && *d->language[i]; i++) {
        fputs(i ? ", " : "", stdout);
        json_string(stdout, d->language[i]);
    }
    printf("], \"software\": [");
    for (uint32_t i = 0; i < SOFTWARE_LIMIT && *d->software[i].name; i++) {
        json_member(stdout, i ? ", {" : "{", "name", d->software[i].name);
        json_member(stdout, ", ", "version", d->software[i].version);
        json_member(stdout, ", ", "licence", d->software[i].licence);
        json_member(stdout, ", ", "evidence", d->software[i].evidence);
        putchar('}');
    }
    putchar(']');
    json_member(stdout, ", ", "machine-root", archive_machine_root(archive));
    json_member(stdout, ", ", "signer", archive_signature_fits(archive) ? archive_signature(archive)->signer : "");
    json_member(stdout, ", ", "machine", machine_type_names[m->type]);
    json_member(stdout, ", ", "cpu", cpu_model_names[m->cpu]);
    printf(", \"mips\": %u, \"memory\": %" PRIu64 ", \"media\": {", (unsigned)m->mips, m->memory);
    for (int slot = 0; slot < DRIVE_COUNT; slot++)
        if (sizes[slot]) {
            printf("%s\"%s\": %" PRIu64, before, drive_slot_names[slot], sizes[slot]);
            before = ", ";
        }
    printf("}");
}

enum status info_run(const struct arguments *a)
{
    uint64_t sizes[DRIVE_COUNT];
    struct error error;
    struct archive *archive = desk_open_archive(a, a->operands[0], &error);
    struct info_rights rights;
    bool good = archive != NULL;

    if (good) {
        rights_say(a, archive, rights.now);
        rights_sealed(archive_description(archive), rights.sealed);
        rights_review(a, archive, rights.review);
    }
    if (!good)
        library_miss_one(a->operands[0], argument_value(a, "--log"), &error);
    for (int slot = 0; good && slot < DRIVE_COUNT; slot++)
        good = medium_size(archive, slot, &sizes[slot], &error);
    if (good && argument_value(a, "--root"))
        printf("%s\n", archive_machine_root(archive));
    else if (good && argument_value(a, "--json")) {
        info_json(archive, &rights, sizes);
        good = print_checks(a, archive, &error);
        printf("}\n");
    } else if (good) {
        info_text(archive, &rights, sizes);
        good = print_checks(a, archive, &error);
    }
    if (archive)
        archive_close(archive);
    return good ? STATUS_OK : desk_fail(&error);
}
