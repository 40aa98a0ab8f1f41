/* decide.c - the subcommands that write evidence beside an archive: decide, countersign and stamp (spec/evidence.md).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "desk/act.h"
#include "desk/desk.h"
#include "desk/rights.h"
#include "desk/volume.h"
#include "formats/plain.h"

#define CRL_COUNT 8

struct deciding {
    const struct arguments *arguments;
    struct archive *archive;
    struct evidence_subject subject;
    struct evidence *evidence;
    struct key *keys[2];
    size_t key_count;
    struct stamp_bytes crls[CRL_COUNT];
    size_t crl_count;
};

static bool load_key(struct deciding *d, const char *option, struct error *error)
{
    const char *path = argument_value(d->arguments, option);

    if (path && !(d->keys[d->key_count] = key_load(path, error)))
        return false;
    d->key_count += path != NULL;
    return true;
}

static bool begin(struct deciding *d, const struct arguments *a, struct error *error)
{
    *d = (struct deciding){.arguments = a};
    d->archive = desk_open_archive(a, a->operands[0], error);
    if (!d->archive)
        return false;
    evidence_of(d->archive, &d->subject);
    d->evidence = desk_evidence(a, &d->subject, error);
    return d->evidence != NULL;
}

static bool load_keys(struct deciding *d, struct error *error)
{
    return load_key(d, "--key", error) && load_key(d, "--second", error);
}

static enum status end(struct deciding *d, bool good, const hex_digest name, const char *word, struct act *act,
                       const struct error *error)
{
    if (good) {
        plain_print(stdout, d->subject.path);
        printf(": %s, batch %s\n", word, name);
        act_fact(act, "machine-root", d->subject.sealed.machine_root);
        act_fact(act, "content", d->subject.sealed.content);
        act_fact(act, "batch", name);
    }
    for (size_t i = 0; i < d->key_count; i++)
        key_free(d->keys[i]);
    for (size_t i = 0; i < d->crl_count; i++)
        free((void *)d->crls[i].bytes);
    evidence_free(d->evidence);
    archive_close(d->archive);
    return good ? STATUS_OK : desk_fail(error);
}

/* --- decide --- */

static bool read_decision(const struct arguments *a, struct decision *d, struct error *error)
{
    const char *drive = argument_value(a, "--drive"), *path = argument_value(a, "--path");
    const char *permit = argument_value(a, "--permit-until"),
               *until = permit ? permit : argument_value(a, "--close-until");
    unsigned slot = 0;

    *d = (struct decision){.scope = path ? SCOPE_PATH : drive ? SCOPE_DRIVE : SCOPE_ARCHIVE};
    if ((permit != NULL) + (argument_value(a, "--close-until") != NULL) + (argument_value(a, "--open") != NULL) +
            (argument_value(a, "--redact") != NULL) !=
        1)
        return error_set(error, STATUS_USAGE, "decide", NULL, NULL,
                         "a decision is one of --close-until, --open, --redact and --permit-until");
    if (path && !drive)
        return error_set(error, STATUS_USAGE, "decide", NULL, NULL, "--path goes with --drive");
    while (drive && slot < DRIVE_COUNT && strcmp(drive, drive_slot_names[slot]) != 0)
        slot++;
    if (slot == DRIVE_COUNT)
        return error_set(error, STATUS_USAGE, "decide", NULL, NULL, "there is no drive \"%.20s\"", drive);
    d->slot = (enum drive_slot)slot;
    d->permits = permit;
    if (path && strlen(path) >= sizeof d->path)
        return error_set(error, STATUS_USAGE, "decide", NULL, NULL, "--path is too long");
    if (path && !path_is_plain(path))
        return error_set(error, STATUS_USAGE, "decide", NULL, "write it as `muniment files` does: FOLDER/NAME",
                         "--path cannot be \"%.60s\"", path);
    snprintf(d->path, sizeof d->path, "%s", path ? path : "");
    snprintf(d->until, sizeof d->until, "%s", until ? until : argument_value(a, "--redact") ? REDACTED : "");
    return !until || strlen(until) == 10 ||
           error_set(error, STATUS_USAGE, "decide", NULL, NULL, "a decision takes a date, YYYY-MM-DD");
}

/* Prints the report's line about a batch: whether it changes anything is said there. */
static void print_own(void *context, const char *line, bool wrong)
{
    (void)wrong;
    if (strncmp(line, context, 8) != 0)
        return;
    printf("  ");
    plain_print(stdout, line);
    putchar('\n');
}

static void report_decision(const struct arguments *a, const struct evidence_subject *subject, hex_digest name)
{
    struct error ignored;
    struct evidence *now = desk_evidence(a, subject, &ignored);

    if (now)
        evidence_report(now, print_own, name);
    evidence_free(now);
}

static enum status decide_all(const struct arguments *a, struct act *act)
{
    struct decision decision;
    struct deciding d;
    struct error error, warning;
    hex_digest name = "";

    if (!read_decision(a, &decision, &error))
        return desk_fail(&error);
    bool good = begin(&d, a, &error);
    /* Before a key is in memory: the readers of volumes are copies of this process (desk/reader.h). */
    bool idle = good && decision.scope == SCOPE_PATH && *decision.until && !decision.permits &&
                desk_rule_is_idle(d.archive, decision.slot, decision.path, &warning);
    good = good && load_keys(&d, &error);
    struct batch_request request = {
        .subject = &d.subject,
        .stands_on = d.evidence,
        .decision = &decision,
        .reason = argument_value(a, "--reason"),
        .review = argument_value(a, "--review"),
        .keys = d.keys,
        .key_count = d.key_count,
    };
    good = good && batch_write(&request, name, &error);
    if (good)
        report_decision(a, &d.subject, name);
    if (good && idle)
        error_print(stderr, &warning);
    return end(&d, good, name, "decided", act, &error);
}

enum status decide_run(const struct arguments *a)
{
    return act_run(a, "decide", decide_all);
}

/* --- countersign --- */

static enum status countersign_all(const struct arguments *a, struct act *act)
{
    struct deciding d;
    struct error error;
    hex_digest name = "";
    bool good = begin(&d, a, &error) && load_keys(&d, &error);
    struct batch_request request = {
        .subject = &d.subject, .stands_on = d.evidence, .keys = d.keys, .key_count = d.key_count};

    good = good && batch_write(&request, name, &error);
    return end(&d, good, name, "countersigned", act, &error);
}

enum status countersign_run(const struct arguments *a)
{
    return act_run(a, "countersign", countersign_all);
}

/* --- stamp --- */

static bool read_crls(struct deciding *d, struct error *error)
{
    const char *path;
    size_t position = 0;

    while ((path = argument_next(d->arguments, "--crl", &position))) {
        FILE *file = d->crl_count < CRL_COUNT ? fopen(path, "rb") : NULL;
        uint8_t *bytes = file ? malloc(STAMP_LIMIT) : NULL;
        size_t size = bytes ? fread(bytes, 1, STAMP_LIMIT, file) : 0;

        if (file)
            fclose(file);
        if (!size || size == STAMP_LIMIT || !stamp_is_crl((struct stamp_bytes){bytes, size})) {
            free(bytes);
            return error_set(error, STATUS_INPUT, path, NULL, NULL,
                             "is no list of revoked certificates that can be read, or one too many");
        }
        d->crls[d->crl_count++] = (struct stamp_bytes){bytes, size};
    }
    return true;
}

#define REPLY_TYPE "application/timestamp-reply" /* RFC 3161, section 3.4 */
#define REPLY_ROOM 256                           /* for what curl adds to a response */
#define LATE 10u                                 /* seconds after which a curl that should have ended is ended */

static bool is_address(const char *tsa)
{
    return strncmp(tsa, "http://", 7) == 0 || strncmp(tsa, "https://", 8) == 0;
}

/* The command that asks an authority: the one that is given, or the host's curl for an address, which follows nothing
 * to another address and closes with a line that says what it got. */
static bool tsa_command(const struct arguments *a, const char *tsa, char *command, size_t size, unsigned *seconds,
                        struct error *error)
{
    const char *given = argument_value(a, "--timeout") ? argument_value(a, "--timeout") : "60";
    int length;

    *seconds = (unsigned)strtoul(given, NULL, 10);
    if (strspn(given, "0123456789") != strlen(given) || strlen(given) > 5 || *seconds == 0)
        return error_set(error, STATUS_USAGE, "stamp", NULL, NULL, "--timeout takes a number of seconds");
    length = is_address(tsa)
                 ? snprintf(command, size,
                            "exec curl -q -sSf --globoff --proto =http,https --max-time %u "
                            "-H 'Content-Type: application/timestamp-query' -H 'Accept: " REPLY_TYPE "' -H 'Expect:' "
                            "--data-binary @- -w '\\n%%{http_code} %%{content_type}' --url '%s'",
                            *seconds, tsa)
                 : snprintf(command, size, "%s", tsa);
    return (length < (int)size && !(is_address(tsa) && strchr(tsa, '\''))) ||
           error_set(error, STATUS_USAGE, "--tsa", NULL, NULL, "is no address and no command that can be run");
}

/* Takes the closing line off a response that curl brought: it must have come from there, as a time stamp. */
static bool take_reply(const uint8_t *response, size_t *length, struct error *error)
{
    size_t end = *length;
    char line[REPLY_ROOM];
    unsigned code = 0;
    int used = 0;

    while (end > 0 && response[end - 1] != '\n')
        end--;
    snprintf(line, sizeof line, "%.*s", (int)(*length - end), (const char *)response + end);
    *length = end ? end - 1 : 0;
    if (sscanf(line, "%u %n", &code, &used) == 1 && code == 200 &&
        strncmp(line + used, REPLY_TYPE, strlen(REPLY_TYPE)) == 0 && strchr("; ", line[used + strlen(REPLY_TYPE)]))
        return true;
    return error_set(error, STATUS_HOST, "--tsa", NULL, NULL, "answered %.100s, not 200 " REPLY_TYPE, line);
}

/* Asks for a stamp, and looks whether it is one. response has room for STAMP_LIMIT + REPLY_ROOM bytes. */
static bool ask(const struct deciding *d, const char *about, uint8_t *response, size_t *length, struct error *error)
{
    const char *tsa = argument_value(d->arguments, "--tsa"), *policy = argument_value(d->arguments, "--policy");
    struct text query = {.bytes = NULL};
    struct stamp_bytes over;
    struct stamp_trust trust = {.crls = d->crls, .crl_count = d->crl_count};
    struct stamp_verdict verdict;
    char command[4096];
    unsigned seconds;
    bool good;

    if (!evidence_stamped(d->evidence, about, &over))
        return error_set(error, STATUS_INPUT, d->subject.path, about, NULL, "has no such batch of evidence");
    good = tsa_command(d->arguments, tsa, command, sizeof command, &seconds, error) &&
           timestamp_request(over.bytes, over.size, policy, &query, error) &&
           command_run(command, "--tsa", query.bytes, query.length, seconds + (is_address(tsa) ? LATE : 0), response,
                       STAMP_LIMIT + REPLY_ROOM, length, error) &&
           (!is_address(tsa) || take_reply(response, length, error));
    text_free(&query);
    if (!good)
        return false;
    stamp_judge((struct stamp_bytes){response, *length}, over, &trust, &verdict);
    if (verdict.state == STAMP_WRONG || verdict.ahead)
        return error_set(error, STATUS_HOST, "--tsa", NULL, NULL, "gave what is no stamp: it %s", verdict.why);
    return !policy || strcmp(verdict.policy, policy) == 0 ||
           error_set(error, STATUS_HOST, "--tsa", NULL, NULL, "gave a stamp of policy %s, not %.60s", verdict.policy,
                     policy);
}

static enum status stamp_all(const struct arguments *a, struct act *act)
{
    const char *about = argument_value(a, "--about") ? argument_value(a, "--about") : "signature";
    uint8_t *response = malloc(STAMP_LIMIT + REPLY_ROOM);
    struct deciding d;
    struct error error;
    hex_digest name = "";
    size_t length = 0;
    struct file_state state = {.size = 0};
    bool good = begin(&d, a, &error) && load_keys(&d, &error) &&
                file_state(archive_descriptor(d.archive), a->operands[0], &state, &error);

    if (good && !response)
        good = error_host(&error, a->operands[0], ENOMEM, "cannot stamp");
    good = good && read_crls(&d, &error) && ask(&d, about, response, &length, &error);
    struct batch_request request = {
        .subject = &d.subject,
        .stands_on = d.evidence,
        .about = about,
        .stamp = {response, length},
        .crls = d.crls,
        .crl_count = d.crl_count,
        .file = d.archive,
        .state = &state,
        .keys = d.keys,
        .key_count = d.key_count,
    };
    good = good && batch_write(&request, name, &error);
    free(response);
    return end(&d, good, name, "stamped", act, &error);
}

enum status stamp_run(const struct arguments *a)
{
    return act_run(a, "stamp", stamp_all);
}
