/* decide.c - the subcommands that write evidence beside an archive: decide, countersign and stamp (spec/evidence.md).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "desk/act.h"
#include "desk/desk.h"
#include "desk/rights.h"
#include "desk/tsa.h"
#include "desk/volume.h"
#include "formats/plain.h"

struct deciding {
    const struct arguments *arguments;
    struct archive *archive;
    struct evidence_subject subject;
    struct evidence *evidence;
    struct key *keys[2];
    size_t key_count;
    struct stamp_bytes crls[TSA_LISTS];
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
        FILE *file = d->crl_count < TSA_LISTS ? fopen(path, "rb") : NULL;
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

static enum status stamp_all(const struct arguments *a, struct act *act)
{
    const char *about = argument_value(a, "--about") ? argument_value(a, "--about") : "signature";
    uint8_t *response = malloc(TSA_ROOM);
    struct deciding d;
    struct error error;
    hex_digest name = "";
    size_t length = 0;
    struct stamp_bytes over;
    struct file_state state = {.size = 0};
    bool good = begin(&d, a, &error) && load_keys(&d, &error) &&
                file_state(archive_descriptor(d.archive), a->operands[0], &state, &error);

    if (good && !response)
        good = error_host(&error, a->operands[0], ENOMEM, "cannot stamp");
    good = good && (evidence_stamped(d.evidence, about, &over) ||
                    error_set(&error, STATUS_INPUT, d.subject.path, about, NULL, "has no such batch of evidence"));
    good = good && read_crls(&d, &error) && tsa_ask(a, over, response, &length, &error) &&
           (d.crl_count > 0 ||
            tsa_lists(a, over, (struct stamp_bytes){response, length}, d.crls, &d.crl_count, &error));
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
