/* verify.c - the subcommand verify: one archive or many, all of it or some, at once or a part each night. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/archive.h"
#include "desk/act.h"
#include "desk/desk.h"
#include "desk/disposal.h"
#include "desk/library.h"
#include "desk/processes.h"
#include "desk/progress.h"
#include "desk/receipt.h"
#include "desk/rights.h"
#include "desk/verify_state.h"
#include "formats/json.h"
#include "formats/monotonic.h"
#include "formats/plain.h"
#include "verify/fixity/fixity.h"
#include "verify/runs/runs.h"

static const struct {
    const char *word, *sentence;
} verdicts[] = {
    [VERDICT_TRUSTED] = {"trusted", "intact"},
    [VERDICT_UNKNOWN_SIGNER] = {"unknown-signer", "intact"},
    [VERDICT_BAD_SIGNATURE] = {"bad-signature",
                               "agrees with itself, but the signature does not fit: nobody vouches for it"},
    [VERDICT_DAMAGED] = {"damaged", "damaged"},
    [VERDICT_INHERITED] = {"inherited-undecided", "own chunks sound, inherited undecided"},
    [VERDICT_SAMPLED] = {"sampled", "sampled"},
    [VERDICT_PARTIAL] = {"partial", "checked in part; nothing wrong so far"},
};

/* Who vouches, after these sentences, and the status of what is intact otherwise. */
static const struct {
    const char *sentence;
    enum status status;
} vouchings[] = {
    [VOUCHED_NOBODY] = {", signer unknown", STATUS_WRONG},
    [VOUCHED_UNCHECKED] = {", signer unknown; a trusted key's countersignature is not checked here", STATUS_UNDECIDED},
    [VOUCHED_COUNTERSIGNED] = {", countersigned by a trusted key", STATUS_OK},
    [VOUCHED_SIGNED] = {", signed by a trusted key", STATUS_OK},
};

/* What the command line asks for, the same for each archive. */
struct verification {
    const struct arguments *arguments;
    const char **trusted;
    size_t trusted_count;
    enum verify_method method;
    uint32_t percent;
    unsigned threads;  /* for one archive */
    uint64_t rate;     /* for one archive; 0: any */
    uint64_t deadline; /* milliseconds of the monotonic clock; 0: none */
    const char *state; /* folder; or null */
    struct archive_folders folders;
    const bool *missing;     /* for each operand whether it is, though its library should have it */
    struct kept_state *kept; /* one for each operand, with state */
};

struct report {
    const struct verification *v;
    const char *path;
    struct progress progress;
    bool json, reboot, reboot_failed;
    struct evidence_subject subject;
    struct evidence *evidence; /* about the archive; null: it was not asked for */
    uint64_t findings;
};

static void print_finding(const struct report *report, const struct finding *f)
{
    const char *const parts[] = {report->path, ": ", f->member, ": ", f->what, " (", f->place};

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        plain_print(stdout, parts[i]);
    printf("%soffset %" PRIu64 ", length %" PRIu64 ")\n", *f->place ? ", " : "", f->offset, f->length);
}

static void report_unsteady(const struct report *report, const struct finding *f)
{
    struct error error;

    error_set(&error, STATUS_HOST, report->path, f->place, "test the drive, its cable and the memory",
              "%s was read wrongly at offset %" PRIu64 ", and rightly when it was read again", f->member, f->offset);
    desk_fail(&error);
}

/* Reads the evidence about what is verified, and says who vouches for it. */
static bool vouch(void *context, const struct sealed_identity *sealed, enum vouching *vouching, char note[TRUST_NOTE],
                  struct error *error)
{
    struct report *report = context;
    const char *reason;

    report->subject = (struct evidence_subject){.path = report->path, .sealed = *sealed};
    report->evidence = desk_evidence(report->v->arguments, &report->subject, error);
    if (!report->evidence)
        return false;
    *vouching = evidence_vouching(report->evidence, &reason);
    snprintf(note, TRUST_NOTE, "%s", reason);
    return true;
}

static void print_evidence(void *context, const char *line, bool wrong)
{
    const struct report *report = context;

    if (report->json)
        return;
    printf("  %-13s ", wrong ? "WRONG" : "evidence");
    plain_print(stdout, line);
    putchar('\n');
}

/* Since when what was verified is proved, and by what. */
static void report_evidence(struct report *report, const struct verify_result *r)
{
    const char *since = report->evidence ? evidence_proved(report->evidence) : NULL;

    if (!report->evidence)
        return;
    if (report->json) {
        json_member(stdout, ", ", "proved-since", since ? since : "");
        printf(", \"evidence-wrong\": %" PRIu64, evidence_wrong(report->evidence));
        return;
    }
    if (since && (r->verdict == VERDICT_TRUSTED || r->verdict == VERDICT_UNKNOWN_SIGNER))
        printf("  proved        since %s: the signature existed then\n", since);
    evidence_report(report->evidence, print_evidence, report);
}

static void found(void *context, const struct finding *f)
{
    struct report *report = context;

    progress_end(&report->progress);
    if (f->unsteady) {
        report_unsteady(report, f);
        return;
    }
    if (!report->json) {
        print_finding(report, f);
        return;
    }
    printf("%s{", report->findings++ ? ", " : "");
    json_member(stdout, "", "member", f->member);
    json_member(stdout, ", ", "place", f->place);
    printf(", \"offset\": %" PRIu64 ", \"length\": %" PRIu64, f->offset, f->length);
    if (f->sectors) {
        json_member(stdout, ", ", "drive", drive_slot_names[f->slot]);
        printf(", \"sector\": %" PRIu64 ", \"sectors\": %" PRIu64, f->sector, f->sectors);
    }
    json_member(stdout, ", ", "what", f->what);
    printf("}");
}

/* Where the rest of a derived archive is. */
static void print_inherited(const struct verify_result *r)
{
    if (!r->derived)
        return;
    if (*r->parent) {
        printf("  inherited     %" PRIu64 " chunks were read in the parent, ", r->inherited_read);
        plain_print(stdout, r->parent);
    } else {
        printf("  inherited     undecided: ");
        plain_print(stdout, r->missing);
    }
    putchar('\n');
}

static void print_checked(const struct verify_result *r, enum verify_method method)
{
    if (r->members < r->members_there)
        printf("  checked       %" PRIu64 " of %" PRIu64 " members, %" PRIu64 " of %" PRIu64
               " chunks; the next run resumes there\n",
               r->members, r->members_there, r->chunks, r->chunks_there);
    else if (method == VERIFY_SAMPLE)
        printf("  sampled       %" PRIu64 " of %" PRIu64 " chunks; all else in %" PRIu64 " members was read\n",
               r->chunks, r->chunks_there, r->members);
    else
        printf("  checked       %" PRIu64 " bytes, %" PRIu64 " members, %" PRIu64 " chunks%s\n", r->bytes, r->members,
               r->chunks - r->inherited, method == VERIFY_QUICK ? ", as they are stored" : "");
    print_inherited(r);
}

static void print_verdict_json(const struct verify_result *r, const char *word, const char *method)
{
    printf("]");
    json_member(stdout, ", ", "verdict", word);
    json_member(stdout, ", ", "method", method);
    json_member(stdout, ", ", "machine-root", r->machine_root);
    json_member(stdout, ", ", "signer", r->signer);
    json_member(stdout, ", ", "trust", r->trust);
    printf(", \"bytes\": %" PRIu64 ", \"members\": %" PRIu64 ", \"chunks\": %" PRIu64, r->bytes, r->members, r->chunks);
    if (r->derived) {
        json_member(stdout, ", ", "parent", r->parent);
        json_member(stdout, ", ", "missing", r->missing);
        printf(", \"inherited\": %" PRIu64, r->inherited_read);
    }
    printf(", \"members-there\": %" PRIu64 ", \"chunks-there\": %" PRIu64 ", \"unsteady\": %" PRIu64, r->members_there,
           r->chunks_there, r->unsteady);
}

static void print_verdict(const struct report *report, const struct verify_result *r, const char *word,
                          const char *sentence, const char *signer)
{
    enum verify_method method = report->v->method;

    if (report->json) {
        print_verdict_json(r, word, verify_method_names[method]);
        return;
    }
    plain_print(stdout, report->path);
    printf(": %s%s", sentence, signer);
    if (r->findings)
        printf(": %" PRIu64 " finding%s", r->findings, r->findings == 1 ? "" : "s");
    printf("\n");
    if (*r->machine_root)
        printf("  machine-root  %s\n", r->machine_root);
    if (*r->signer)
        printf("  signer        %s\n", r->signer);
    if (*r->trust) {
        printf("  trust         ");
        plain_print(stdout, r->trust);
        putchar('\n');
    }
    print_checked(r, method);
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

/* --- One archive --- */

static bool time_is_up(void *context)
{
    const struct report *report = context;

    return report->v->deadline && monotonic_milliseconds() >= report->v->deadline;
}

/* What the command says about a verdict. signer: who vouches, where a sentence has it. */
static enum status judge(const struct verify_result *r, bool integrity_only, const char **word, const char **sentence,
                         const char **signer)
{
    bool unfinished = r->verdict == VERDICT_SAMPLED || r->verdict == VERDICT_PARTIAL || r->verdict == VERDICT_INHERITED;
    bool sound = r->verdict <= VERDICT_UNKNOWN_SIGNER || unfinished;
    enum status status = !sound && !(integrity_only && r->verdict == VERDICT_BAD_SIGNATURE) ? STATUS_WRONG
                         : integrity_only                                                   ? STATUS_OK
                                          : vouchings[r->vouching].status;

    *word = verdicts[r->verdict].word;
    *sentence = verdicts[r->verdict].sentence;
    *signer = sound && !integrity_only ? vouchings[r->vouching].sentence : "";
    if (status == STATUS_OK && !unfinished && integrity_only)
        *word = *sentence = "intact";
    if (r->verdict == VERDICT_UNKNOWN_SIGNER && status == STATUS_UNDECIDED)
        *word = "not-checked";
    return status == STATUS_OK && unfinished ? STATUS_UNDECIDED : status;
}

static void print_begin(const struct report *report)
{
    if (!report->json)
        return;
    printf("{\"schema\": \"muniment-verify\", \"version\": 0");
    json_member(stdout, ", ", "file", report->path);
    printf(", \"findings\": [");
}

/* Of what is no archive: says what to do if it is called as a package of `retrieve --as` is. */
static void advise(struct error *error, const char *path)
{
    const size_t length = strlen(path);

    if (error->status == STATUS_INPUT && length > 4 &&
        (!strcmp(path + length - 4, ".zip") || !strcmp(path + length - 4, ".tar")))
        snprintf(error->remedy, sizeof error->remedy,
                 "if it is a package of files, unpack it and verify its receipt.txt");
}

static enum status verify_one(struct verify_request *request, struct report *report, struct kept_state *kept,
                              struct act *act)
{
    struct verify_result result;
    struct archive *archive = NULL;
    const char *word, *sentence, *signer;
    struct error error;
    char count[24];

    request->archive = report->reboot ? &archive : NULL;
    print_begin(report);
    progress_begin(&report->progress, "verifying");
    bool good = archive_verify(request, &result, &error);
    progress_end(&report->progress);
    if (!good) {
        archive_close(archive);
        evidence_free(report->evidence);
        advise(&error, report->path);
        if (report->json) {
            json_member(stdout, "], ", "verdict", "unreadable");
            json_member(stdout, ", ", "error", error.what);
            printf("}\n");
        }
        return desk_fail(&error);
    }
    enum status status = judge(&result, request->integrity_only, &word, &sentence, &signer), reboot = STATUS_OK;

    print_verdict(report, &result, word, sentence, signer);
    report_evidence(report, &result);
    if (report->evidence && evidence_wrong(report->evidence))
        status = STATUS_WRONG;
    evidence_free(report->evidence);
    report->evidence = NULL;
    snprintf(count, sizeof count, "%" PRIu64, result.findings);
    act_fact(act, "method", verify_method_names[request->method]);
    act_fact(act, "verdict", word);
    act_fact(act, "findings", count);
    act_fact(act, "machine-root", result.machine_root);
    act_fact(act, "signer", result.signer);
    if (archive && (result.verdict != VERDICT_BAD_SIGNATURE || request->integrity_only))
        reboot = reboot_one(report, archive, &error);
    else
        leave_reboot(report, archive);
    if (report->json)
        printf("}\n");
    if (report->reboot_failed)
        desk_fail(&error);
    if (result.unsteady && status != STATUS_WRONG)
        status = STATUS_HOST;
    bool finished = result.members == result.members_there && reboot == STATUS_OK;
    if (kept && !state_keep(kept, finished ? word : "", status, &error))
        reboot = desk_fail(&error);
    return status_graver(reboot, status);
}

static enum status miss(const struct report *report, struct act *act)
{
    struct error error;

    print_begin(report);
    if (report->json) {
        json_member(stdout, "], ", "verdict", "missing");
        json_member(stdout, ", ", "error", LIBRARY_MISSING);
        printf("}\n");
    }
    act_fact(act, "verdict", "missing");
    error_set(&error, STATUS_INPUT, report->path, NULL, LIBRARY_MISSING_STEP, LIBRARY_MISSING);
    return desk_fail(&error);
}

static enum status verify_operand(void *context, size_t i)
{
    const struct verification *v = context;
    const struct arguments *a = v->arguments;
    struct kept_state *kept = v->kept ? &v->kept[i] : NULL;
    struct report report = {
        .v = v, .path = a->operands[i], .json = argument_value(a, "--json"), .reboot = argument_value(a, "--reboot")};
    struct verify_request request = {
        .path = a->operands[i],
        .trusted = v->trusted,
        .trusted_count = v->trusted_count,
        .integrity_only = argument_value(a, "--integrity-only"),
        .method = v->method,
        .percent = v->percent,
        .threads = v->threads,
        .rate = v->rate,
        .folders = &v->folders,
        .vouch = vouch,
        .vouch_context = &report,
        .stop = time_is_up,
        .stop_context = &report,
        .state = kept ? &kept->state : NULL,
        .found = found,
        .found_context = &report,
        .progress = progress_bytes,
        .progress_context = &report.progress,
    };
    struct act act;
    struct error error;

    if (kept && *kept->verdict) {
        state_print(stdout, kept, report.json);
        return kept->status;
    }
    if (time_is_up(&report)) {
        error_set(&error, STATUS_UNDECIDED, report.path, NULL, "run the same command again", "not begun: time is up");
        return desk_fail(&error);
    }
    if (!act_begin(&act, a, "verify", report.path, &error))
        return desk_fail(&error);
    if (v->missing[i])
        return act_end(&act, miss(&report, &act));
    if (is_disposal(report.path))
        return act_end(&act, disposal_verify(a, report.path));
    if (is_receipt(report.path))
        return act_end(&act, receipt_verify(a, report.path));
    return act_end(&act, verify_one(&request, &report, kept, &act));
}

/* --- The command line --- */

/* The whole number of an option, from 1 to limit; 0: it is not given. */
static bool option_number(const struct arguments *a, const char *option, uint64_t limit, uint64_t *value,
                          struct error *error)
{
    const char *text = argument_value(a, option);
    char *end;

    *value = 0;
    if (!text)
        return true;
    errno = 0;
    *value = strtoull(text, &end, 10);
    if (text[0] >= '0' && text[0] <= '9' && !*end && !errno && *value >= 1 && *value <= limit)
        return true;
    return error_set(error, STATUS_USAGE, a->command->name, NULL, NULL, "%s takes a whole number from 1 to %" PRIu64,
                     option, limit);
}

static bool read_options(struct verification *v, uint64_t *processors, struct error *error)
{
    const struct arguments *a = v->arguments;
    uint64_t percent, seconds, rate;
    long there = sysconf(_SC_NPROCESSORS_ONLN);

    if (!option_number(a, "--sample", 100, &percent, error) || !option_number(a, "--rate", 1 << 20, &rate, error) ||
        !option_number(a, "--max-time", UINT32_MAX, &seconds, error) ||
        !option_number(a, "--threads", 64, processors, error))
        return false;
    if (percent && argument_value(a, "--quick"))
        return error_set(error, STATUS_USAGE, "verify", NULL, NULL, "--quick and --sample are two methods");
    v->state = argument_value(a, "--state");
    if (seconds && !v->state)
        return error_set(error, STATUS_USAGE, "verify", NULL, "name a folder with --state",
                         "--max-time needs a place to remember how far it came");
    v->method = argument_value(a, "--quick") ? VERIFY_QUICK : percent ? VERIFY_SAMPLE : VERIFY_FULL;
    v->percent = (uint32_t)percent;
    v->rate = rate << 20;
    v->deadline = seconds ? monotonic_milliseconds() + seconds * 1000 : 0;
    *processors = *processors ? *processors : there < 1 ? 1 : (uint64_t)there;
    return true;
}

/* Reads what earlier runs came to that were asked the same: the method, whom to trust, where evidence and parents lie,
 * and what else there is to say. */
static bool load_states(struct verification *v, struct error *error)
{
    static const char *const places[] = {"--evidence", "--tsa-trust", "--library"};
    const struct arguments *a = v->arguments;
    struct text question = {.bytes = NULL};
    const char *value;

    text_print(&question, "%s %" PRIu32 "%s%s\n", verify_method_names[v->method], v->percent,
               argument_value(a, "--integrity-only") ? " integrity-only" : "",
               argument_value(a, "--reboot") ? " reboot" : "");
    for (size_t i = 0; i < v->trusted_count; i++)
        text_add(&question, v->trusted[i], strlen(v->trusted[i]) + 1);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        for (size_t at = 0; (value = argument_next(a, places[i], &at));)
            text_print(&question, "%s %s\n", places[i], value);
    if (question.failed)
        error_host(error, v->state, ENOMEM, "cannot read");
    else
        v->kept = states_load(v->state, a->operands, a->operand_count, &question, error);
    text_free(&question);
    return v->kept;
}

/* Verifies the operands. The gravest status of all archives. Many share the processors among them; one gets all. */
static enum status verify_all(const struct arguments *a, const bool *missing)
{
    struct verification v = {.arguments = a, .missing = missing};
    uint64_t processors, jobs;
    enum status status;
    struct error error;

    if (!read_options(&v, &processors, &error))
        return desk_fail(&error);
    v.trusted = argument_values(a, "--trust", &v.trusted_count);
    if ((!v.trusted && !error_host(&error, "verify", ENOMEM, "cannot read the command line")) ||
        !desk_folders(a, &v.folders, &error)) {
        free(v.trusted);
        return desk_fail(&error);
    }
    jobs = a->operand_count < processors ? a->operand_count : processors;
    v.threads = (unsigned)(processors / jobs);
    v.rate = v.rate / jobs;
    if (v.state && !load_states(&v, &error))
        status = desk_fail(&error);
    else
        status = processes_run(a->operand_count, (unsigned)jobs, verify_operand, &v);
    free(v.kept);
    free(v.folders.paths);
    free(v.trusted);
    return status;
}

/* --- Libraries --- */

/* The operands, with the archives of a library in place of its folder: with --due, those that are due. */
struct expanded {
    struct arguments arguments;
    bool *missing;                   /* of each operand */
    struct library_paths *libraries; /* one for each operand of the command line */
    size_t count, folders;
};

static bool is_bag(const char *folder)
{
    char path[PATH_MAX];

    return snprintf(path, sizeof path, "%s/bagit.txt", folder) < (int)sizeof path && access(path, F_OK) == 0;
}

static bool expand(const struct arguments *a, struct expanded *e, struct error *error)
{
    const char *due = argument_value(a, "--due"), *log = argument_value(a, "--log");
    char since[24];
    struct stat status;

    e->arguments = *a;
    e->arguments.operands = NULL;
    e->arguments.operand_count = 0;
    if (due && !log)
        return error_set(error, STATUS_USAGE, "verify", NULL, "name the office's log with --log",
                         "--due asks when each was checked");
    if (due && !library_days_ago("verify", due, since, error))
        return false;
    e->libraries = calloc(a->operand_count, sizeof *e->libraries);
    bool good = e->libraries || error_host(error, "verify", ENOMEM, "cannot list");
    for (e->count = 0; good && e->count < a->operand_count; e->count++) {
        const char *path = a->operands[e->count];
        struct library_paths *l = &e->libraries[e->count];
        bool folder = stat(path, &status) == 0 && S_ISDIR(status.st_mode);

        if (due && !folder)
            return error_set(error, STATUS_USAGE, path, NULL, "name a library", "is no folder; --due goes over one");
        e->folders += folder;
        good = !folder || library_paths(path, log, due ? since : NULL, l, error);
        if (!good && error->status == STATUS_INPUT && is_bag(path)) /* and no library that is kept in one */
            error_set(error, STATUS_UNDECIDED, path, NULL,
                      "`sha256sum -c manifest-sha256.txt` in it compares its files with its own list",
                      "is a bag without a receipt: nobody signed it");
        const char **larger = realloc(e->arguments.operands,
                                      (e->arguments.operand_count + l->count + 1) * sizeof *larger);
        bool *missing = realloc(e->missing, (e->arguments.operand_count + l->count + 1) * sizeof *missing);
        e->arguments.operands = larger ? larger : e->arguments.operands;
        e->missing = missing ? missing : e->missing;
        if (!larger || !missing)
            return error_host(error, path, ENOMEM, "cannot list");
        for (size_t i = 0; i < l->count; i++) {
            missing[e->arguments.operand_count] = i >= l->count - l->missing;
            larger[e->arguments.operand_count++] = l->paths[i];
        }
        missing[e->arguments.operand_count] = false;
        if (!folder)
            larger[e->arguments.operand_count++] = path;
    }
    return good;
}

static void expanded_free(struct expanded *e)
{
    for (size_t i = 0; i < e->count; i++)
        library_paths_free(&e->libraries[i]);
    free(e->libraries);
    free(e->missing);
    free(e->arguments.operands);
}

static enum status verify_expanded(const struct arguments *a)
{
    struct expanded e = {.count = 0};
    struct error error;
    bool good = expand(a, &e, &error);
    enum status status = STATUS_OK;

    if (!good)
        status = desk_fail(&error);
    else if (e.arguments.operand_count > 0)
        status = verify_all(&e.arguments, e.missing);
    else if (!argument_value(a, "--json"))
        puts("nothing is due");
    expanded_free(&e);
    return status;
}

/* --- A report for mail --- */

static const char *const mail_sentences[] = {
    [STATUS_OK] = "all is well",
    [STATUS_WRONG] = "SOMETHING IS WRONG: damage, or a signer who is not trusted",
    [STATUS_USAGE] = "the command is called wrongly",
    [STATUS_INPUT] = "something is missing, or cannot be read as an archive",
    [STATUS_HOST] = "the host failed, or a drive reads wrongly",
    [STATUS_UNDECIDED] = "not all was checked; the next run resumes",
    [STATUS_CLOSED] = "something is closed",
};

/* What the command prints, errors too, as the body of a message (RFC 5322) on standard output. */
static enum status verify_for_mail(const struct arguments *a, const char *to)
{
    FILE *body = tmpfile();
    int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO), c;
    struct error error;

    if (strpbrk(to, "\r\n")) {
        error_set(&error, STATUS_USAGE, "verify", NULL, NULL, "--mail takes one address");
        return desk_fail(&error);
    }
    fflush(stdout);
    if (!body || out < 0 || err < 0 || dup2(fileno(body), STDOUT_FILENO) < 0 || dup2(fileno(body), STDERR_FILENO) < 0) {
        error_host(&error, "verify", errno, "cannot make a temporary file");
        return desk_fail(&error);
    }
    enum status status = verify_expanded(a);
    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    close(out);
    close(err);
    printf("To: %s\nSubject: ", to);
    for (const char *at = a->operands[0]; *at; at++)
        putchar(*at >= ' ' && *at <= '~' ? *at : '?');
    printf(": %s\nAuto-Submitted: auto-generated\nMIME-Version: 1.0\n"
           "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n%s.\n\n",
           mail_sentences[status], mail_sentences[status]);
    rewind(body);
    while ((c = getc(body)) != EOF)
        putchar(c);
    fclose(body);
    return status;
}

enum status verify_run(const struct arguments *a)
{
    const char *to = argument_value(a, "--mail");

    return to ? verify_for_mail(a, to) : verify_expanded(a);
}
