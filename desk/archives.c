/* archives.c - the subcommands around archives: key new, manifest check, seal, verify, info. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/archive.h"
#include "bios/bios.h"
#include "desk/act.h"
#include "desk/attest.h"
#include "desk/desk.h"
#include "desk/embedded.h"
#include "formats/json.h"
#include "desk/progress.h"
#include "desk/receipt.h"
#include "formats/plain.h"
#include "verify/fixity/fixity.h"
#include "verify/runs/runs.h"

enum status key_new_run(const struct arguments *a)
{
    struct error error;

    if (!key_new(a->operands[0], argument_value(a, "--encrypt"), &error))
        return desk_fail(&error);
    printf("%s: private key; keep it secret\n%s.pub: public key; give it to those who verify\n", a->operands[0],
           a->operands[0]);
    return STATUS_OK;
}

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

static struct sealed_file sealed_file(const struct embedded_file *file)
{
    return file ? (struct sealed_file){file->name, file->bytes, file->size} : (struct sealed_file){.name = NULL};
}

/* Whether the program keeps a file for itself: the firmware goes where the manifest names it, and ready-made machines
 * nowhere. */
static bool is_kept(const struct embedded_file *file)
{
    return !strncmp(file->name, "firmware/", strlen("firmware/")) ||
           !strncmp(file->name, "machines/", strlen("machines/"));
}

/* Everything else that is built in, as it is. */
static void add_embedded(struct seal_request *request, struct sealed_file *files)
{
    for (const struct embedded_file *file = embedded_files; file->name; file++)
        if (!is_kept(file))
            files[request->file_count++] = sealed_file(file);
    request->files = files;
    request->built_in_system = sealed_file(embedded_file(FIRMWARE_SYSTEM));
    request->built_in_video = sealed_file(embedded_file(FIRMWARE_VIDEO));
    request->built_in_cirrus = sealed_file(embedded_file(FIRMWARE_VIDEO_CIRRUS));
}

static void report_padding(const char *path, uint64_t size)
{
    printf("%s: %" PRIu64 " bytes, filled up with %u zeros to whole sectors\n", path, size,
           (unsigned)(SECTOR_SIZE - size % SECTOR_SIZE));
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
        .padded = report_padding,
        .progress = progress_bytes,
        .progress_context = &progress,
        .attest = argument_value(a, "--attest") ? attest_boot : NULL,
        .attest_context = &attesting,
    };
    hex_digest root;
    struct error error;
    size_t count = 0;
    struct act act;

    if (!desk_image_requests(a, request.images, &error))
        return desk_fail(&error);
    while (embedded_files[count].name)
        count++;
    struct sealed_file *files = calloc(count + 1, sizeof(*files));
    if (!files) {
        error_set(&error, STATUS_HOST, request.output_path, NULL, NULL, "out of memory");
        return desk_fail(&error);
    }
    if (!act_begin(&act, a, "seal", request.output_path, &error)) {
        free(files);
        return desk_fail(&error);
    }
    add_embedded(&request, files);
    progress_begin(&progress, "sealing");
    bool good = archive_seal(&request, root, &error);
    progress_end(&progress);
    free(files);
    if (!good)
        return act_end(&act, desk_fail(&error));
    printf("%s: sealed, machine-root %s\n", request.output_path, root);
    act_fact(&act, "machine-root", root);
    return act_end(&act, STATUS_OK);
}

/* --- verify --- */

static const struct {
    const char *word, *sentence;
} verdicts[] = {
    [VERDICT_TRUSTED] = {"trusted", "intact, signed by a trusted key"},
    [VERDICT_UNKNOWN_SIGNER] = {"unknown-signer", "intact, signer unknown"},
    [VERDICT_BAD_SIGNATURE] = {"bad-signature",
                               "agrees with itself, but the signature does not fit: nobody vouches for it"},
    [VERDICT_DAMAGED] = {"damaged", "damaged"},
};

struct report {
    const char *path;
    struct progress progress;
    bool json, reboot, reboot_failed;
    uint64_t findings;
};

static void print_finding(const struct report *report, const struct finding *f)
{
    const char *const parts[] = {report->path, ": ", f->member, ": ", f->what, " (", f->place};

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        plain_print(stdout, parts[i]);
    printf("%soffset %" PRIu64 ", length %" PRIu64 ")\n", *f->place ? ", " : "", f->offset, f->length);
}

static void found(void *context, const struct finding *f)
{
    struct report *report = context;

    progress_end(&report->progress);
    if (!report->json) {
        print_finding(report, f);
        return;
    }
    printf("%s{", report->findings++ ? ", " : "");
    json_member(stdout, "", "member", f->member);
    json_member(stdout, ", ", "place", f->place);
    printf(", \"offset\": %" PRIu64 ", \"length\": %" PRIu64, f->offset, f->length);
    json_member(stdout, ", ", "what", f->what);
    printf("}");
}

static void print_verdict(const struct report *report, const struct verify_result *r, const char *word,
                          const char *sentence)
{
    if (report->json) {
        printf("]");
        json_member(stdout, ", ", "verdict", word);
        json_member(stdout, ", ", "machine-root", r->machine_root);
        json_member(stdout, ", ", "signer", r->signer);
        printf(", \"bytes\": %" PRIu64 ", \"members\": %" PRIu64 ", \"chunks\": %" PRIu64, r->bytes, r->members,
               r->chunks);
        return;
    }
    plain_print(stdout, report->path);
    printf(": %s", sentence);
    if (r->findings)
        printf(": %" PRIu64 " finding%s", r->findings, r->findings == 1 ? "" : "s");
    printf("\n");
    if (*r->machine_root)
        printf("  machine-root  %s\n", r->machine_root);
    if (*r->signer)
        printf("  signer        %s\n", r->signer);
    printf("  checked       %" PRIu64 " bytes, %" PRIu64 " members, %" PRIu64 " chunks\n", r->bytes, r->members,
           r->chunks);
}

/* Prints the result of the reference boot: "reboot" of the JSON object, or lines of text. */
static void print_reboot(const struct report *report, const struct attest_result *r)
{
    bool before = r->points > 0;

    if (report->json) {
        printf(", \"reboot\": {");
        json_member(stdout, "", "outcome", r->equal ? "equal" : "differs");
        printf(", \"points\": %" PRIu32 ", \"equal-at\": ", r->points);
        printf(before ? "%" PRIu64 : "null", r->equal_at);
        if (!r->equal) {
            printf(", \"differs-at\": %" PRIu64, r->differs_at);
            json_member(stdout, ", ", "parts", r->parts);
        }
        printf("}");
        return;
    }
    if (r->equal && !r->other_machine) {
        printf("  reboot        identical at %" PRIu32 " points, to tick %" PRIu64 "\n", r->points, r->equal_at);
        return;
    }
    printf("  reboot        DIFFERS");
    if (r->equal)
        printf(" in nothing");
    else
        printf(" first at tick %" PRIu64 ": ", r->differs_at);
    plain_print(stdout, r->what);
    plain_print(stdout, r->parts);
    if (before)
        printf("; last equal at tick %" PRIu64, r->equal_at);
    else
        printf("; equal nowhere before");
    printf("%s\n", r->other_machine ? "; the attestation is of a machine with another machine-root" : "");
}

static bool progress_share(void *context, uint64_t done, uint64_t total)
{
    char line[32];

    snprintf(line, sizeof(line), "%u %%", (unsigned)(total ? (double)done * 100 / (double)total : 100));
    progress_show(context, line);
    return !interrupted();
}

/* Repeats the reference boot. */
static enum status reboot_one(struct report *report, struct archive *archive, struct error *error)
{
    struct attest_result result;

    progress_begin(&report->progress, "rebooting");
    bool good = attest_check(archive, progress_share, &report->progress, &result, error);
    progress_end(&report->progress);
    if (!good) {
        if (error->status == STATUS_OK)
            error_set(error, STATUS_WRONG, report->path, NULL, "seal it with --attest",
                      "cannot be compared: the archive holds no reference boot");
        report->reboot_failed = true;
        return error->status;
    }
    print_reboot(report, &result);
    return result.equal && !result.other_machine ? STATUS_OK : STATUS_WRONG;
}

/* Nobody vouches for the attestation, or nothing was asked for. */
static void leave_reboot(const struct report *report, struct archive *archive)
{
    if (archive)
        printf(report->json ? ", \"reboot\": null"
                            : "  reboot        not compared: nobody vouches for the attestation\n");
    archive_close(archive);
}

static enum status verify_one(struct verify_request *request, struct report *report, struct act *act)
{
    struct verify_result result;
    struct archive *archive = NULL;
    struct error error;

    request->archive = report->reboot ? &archive : NULL;
    if (report->json) {
        json_member(stdout, "{", "file", report->path);
        printf(", \"findings\": [");
    }
    progress_begin(&report->progress, "verifying");
    bool good = archive_verify(request, &result, &error);
    progress_end(&report->progress);
    if (!good) {
        archive_close(archive);
        if (report->json) {
            json_member(stdout, "], ", "verdict", "unreadable");
            json_member(stdout, ", ", "error", error.what);
            printf("}\n");
        }
        return desk_fail(&error);
    }
    bool intact_only = request->integrity_only && result.verdict != VERDICT_DAMAGED;
    print_verdict(report, &result, intact_only ? "intact" : verdicts[result.verdict].word,
                  intact_only ? "intact" : verdicts[result.verdict].sentence);
    act_fact(act, "verdict", intact_only ? "intact" : verdicts[result.verdict].word);
    act_fact(act, "machine-root", result.machine_root);
    act_fact(act, "signer", result.signer);
    enum status status = intact_only || result.verdict == VERDICT_TRUSTED ? STATUS_OK : STATUS_WRONG,
                reboot = STATUS_OK;
    if (archive && (result.verdict != VERDICT_BAD_SIGNATURE || intact_only))
        reboot = reboot_one(report, archive, &error);
    else
        leave_reboot(report, archive);
    if (report->json)
        printf("}\n");
    if (report->reboot_failed)
        desk_fail(&error);
    return reboot > status ? reboot : status;
}

/* The gravest status of all archives. */
enum status verify_run(const struct arguments *a)
{
    size_t count;
    const char **trusted = desk_trusted_keys(a, &count);
    enum status worst = trusted ? STATUS_OK : STATUS_HOST;

    for (size_t i = 0; trusted && i < a->operand_count && !interrupted(); i++) {
        struct report report = {
            .path = a->operands[i], .json = argument_value(a, "--json"), .reboot = argument_value(a, "--reboot")};
        struct verify_request request = {
            .path = a->operands[i],
            .trusted = trusted,
            .trusted_count = count,
            .integrity_only = argument_value(a, "--integrity-only"),
            .found = found,
            .found_context = &report,
            .progress = progress_bytes,
            .progress_context = &report.progress,
        };
        struct act act;
        struct error error;
        enum status status;
        if (!act_begin(&act, a, "verify", report.path, &error))
            status = desk_fail(&error);
        else if (is_receipt(report.path))
            status = act_end(&act, receipt_verify(a, report.path));
        else
            status = act_end(&act, verify_one(&request, &report, &act));
        if (status > worst)
            worst = status;
    }
    free(trusted);
    return worst;
}

/* --- info --- */

static const char *rights_of(const struct description_manifest *d)
{
    return d->open ? "open" : *d->closed_until ? "closed until" : "not stated";
}

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

static void info_text(const struct archive *archive, const uint64_t *sizes)
{
    const struct archive_signature *signature = archive_signature(archive);
    const struct description_manifest *d = archive_description(archive);
    char canonical[MANIFEST_LIMIT];

    print_row("title", d->title);
    for (uint32_t i = 0; i < d->identifiers; i++)
        print_row("identifier", d->identifier[i]);
    printf("rights        %s%s%s\n", rights_of(d), d->open || !*d->closed_until ? "" : " ",
           d->open ? "" : d->closed_until);
    print_row("machine-root", archive_machine_root(archive));
    print_row("signer", signature->fits ? signature->signer : "nobody: the signature does not fit");
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

static void info_json(const struct archive *archive, const uint64_t *sizes)
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
    json_member(stdout, ", ", "rights", rights_of(d));
    if (!d->open && *d->closed_until)
        json_member(stdout, ", ", "closed-until", d->closed_until);
    json_member(stdout, ", ", "machine-root", archive_machine_root(archive));
    json_member(stdout, ", ", "signer", archive_signature(archive)->fits ? archive_signature(archive)->signer : "");
    json_member(stdout, ", ", "machine", machine_type_names[m->type]);
    json_member(stdout, ", ", "cpu", cpu_model_names[m->cpu]);
    printf(", \"mips\": %u, \"memory\": %" PRIu64 ", \"media\": {", (unsigned)m->mips, m->memory);
    for (int slot = 0; slot < DRIVE_COUNT; slot++)
        if (sizes[slot]) {
            printf("%s\"%s\": %" PRIu64, before, drive_slot_names[slot], sizes[slot]);
            before = ", ";
        }
    printf("}}\n");
}

enum status info_run(const struct arguments *a)
{
    uint64_t sizes[DRIVE_COUNT];
    struct error error;
    struct archive *archive = desk_open_archive(a, a->operands[0], &error);
    bool good = archive != NULL;

    for (int slot = 0; good && slot < DRIVE_COUNT; slot++)
        good = medium_size(archive, slot, &sizes[slot], &error);
    if (good && argument_value(a, "--root"))
        printf("%s\n", archive_machine_root(archive));
    else if (good && argument_value(a, "--json"))
        info_json(archive, sizes);
    else if (good)
        info_text(archive, sizes);
    if (archive)
        archive_close(archive);
    return good ? STATUS_OK : desk_fail(&error);
}
