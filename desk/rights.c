/* rights.c - see rights.h. */
#include "desk/rights.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "desk/desk.h"
#include "verify/log/log.h"

/* --- Evidence --- */

/* The values of a repeatable option, to be freed; null: out of memory. */
static const char **values_of(const struct arguments *a, const char *option, size_t *count)
{
    const char **values = calloc(a->given_count + 1, sizeof *values);
    size_t position = 0;

    *count = 0;
    while (values && (values[*count] = argument_next(a, option, &position)))
        ++*count;
    return values;
}

/* The batches that the office's log says were written about an archive. */
struct known {
    const char *content;
    const char **names;
    size_t count;
    bool failed;
};

static bool take_known(void *context, const struct log_line *line)
{
    struct known *k = context;
    char content[65], batch[65];
    const char **names;

    if (line->kind != LOG_OUTCOME || strcmp(line->act, "done") != 0 ||
        !log_line_value(line, "content", content, sizeof content) || strcmp(content, k->content) != 0 ||
        !log_line_value(line, "batch", batch, sizeof batch))
        return true;
    names = realloc(k->names, (k->count + 1) * sizeof *names);
    k->failed = !names || !(names[k->count] = strdup(batch));
    k->names = names ? names : k->names;
    k->count += !k->failed;
    return !k->failed;
}

/* log: or null. */
static struct evidence *load_evidence(const struct arguments *a, const struct evidence_subject *subject,
                                      const char *log, struct error *error)
{
    struct known known = {.content = subject->sealed.content};
    struct evidence_request request = {.subject = subject};
    struct evidence *e = NULL;
    struct log_head head;

    request.folders = values_of(a, "--evidence", &request.folder_count);
    request.trusted = values_of(a, "--trust", &request.trusted_count);
    request.authorities = values_of(a, "--tsa-trust", &request.authority_count);
    bool good = !log || log_read(log, take_known, &known, &head, error);
    if (good && (known.failed || !request.folders || !request.trusted || !request.authorities))
        good = error_host(error, subject->path, ENOMEM, "cannot judge");
    if (good) {
        request.known = known.names;
        request.known_count = known.count;
        e = evidence_load(&request, error);
    }
    for (size_t i = 0; i < known.count; i++)
        free((void *)known.names[i]);
    free(known.names);
    free((void *)request.folders);
    free((void *)request.trusted);
    free((void *)request.authorities);
    return e;
}

struct evidence *desk_evidence(const struct arguments *a, const struct evidence_subject *subject, struct error *error)
{
    return load_evidence(a, subject, argument_value(a, "--log"), error);
}

/* The log is left out: a batch that it misses would vouch for nothing. */
bool desk_vouched(const struct arguments *a, struct archive *archive, const char *path, struct error *error)
{
    struct evidence_subject subject;
    struct evidence *e;
    enum vouching vouching;

    evidence_of(archive, &subject);
    subject.path = path;
    e = load_evidence(a, &subject, NULL, error);
    vouching = e ? evidence_vouching(e, NULL) : VOUCHED_NOBODY;
    evidence_free(e);
    if (!e || vouching >= VOUCHED_COUNTERSIGNED)
        return e;
    if (vouching == VOUCHED_UNCHECKED)
        return error_set(error, STATUS_UNDECIDED, path, NULL, "use a host whose OpenSSL has that algorithm",
                         "is countersigned by a trusted key, by an algorithm that is not checked here");
    return error_set(error, STATUS_WRONG, path, NULL, "name his public key with --trust if you trust him",
                     "is signed by %s, whom no --trust names", subject.sealed.signer);
}

/* --- Rights --- */

struct rights {
    const struct arguments *arguments;
    const char *object;
    char today[11];
    struct decision *rules; /* of the archive and of all above it */
    size_t count;
};

static bool add_rule(struct rights *r, const struct decision *rule)
{
    struct decision *rules = realloc(r->rules, (r->count + 1) * sizeof *rules);

    if (!rules)
        return false;
    r->rules = rules;
    rules[r->count++] = *rule;
    return true;
}

/* Whether what is closed, or undecided, is opened by a reason that is recorded. */
static bool is_overridden(const struct rights *r)
{
    return argument_value(r->arguments, "--override") && argument_value(r->arguments, "--log");
}

/* The rules of one archive. */
static bool add_archive(struct rights *r, struct archive *archive, struct error *error)
{
    struct evidence_subject subject;
    const struct decision *rule;
    struct evidence *e;
    size_t position = 0;
    bool good;

    evidence_of(archive, &subject);
    e = desk_evidence(r->arguments, &subject, error);
    good = e && (evidence_lost(e) == 0 || is_overridden(r) ||
                 error_set(error, STATUS_UNDECIDED, subject.path, NULL, "`muniment verify` says which",
                           "has evidence that is damaged or lost: what it decided on rights is not known"));
    while (good && (rule = evidence_next(e, &position)))
        good = add_rule(r, rule) || error_host(error, subject.path, ENOMEM, "cannot judge");
    evidence_free(e);
    return good;
}

struct rights *rights_open(const struct arguments *a, struct archive *archive, struct error *error)
{
    struct rights *r = calloc(1, sizeof *r);
    time_t now = time(NULL);
    struct archive *next;
    struct tm tm;
    bool good = r || error_host(error, archive_file(archive), ENOMEM, "cannot judge");

    if (good) {
        r->arguments = a;
        r->object = archive_file(archive);
        strftime(r->today, sizeof r->today, "%Y-%m-%d", gmtime_r(&now, &tm));
    }
    for (; good && archive; archive = next) {
        good = add_archive(r, archive, error);
        next = good ? archive_parent(archive, error) : NULL;
        if (good && !next && archive_is_derived(archive, NULL, NULL) && !is_overridden(r))
            good = false; /* what the parent closes is not known */
    }
    if (good)
        return r;
    rights_close(r);
    return NULL;
}

void rights_close(struct rights *r)
{
    if (r)
        free(r->rules);
    free(r);
}

/* Whether a rule about a path speaks of another one: it is that, a stream of it (NAME:STREAM), or a folder above it. */
static bool covers(const char *rule, const char *path)
{
    size_t length = strlen(rule);

    return strncasecmp(rule, path, length) == 0 && strchr("/:", path[length]); /* NUL as well */
}

static bool concerns(const struct decision *rule, unsigned slot, const char *path, bool with_paths)
{
    if (rule->scope == SCOPE_ARCHIVE)
        return true;
    if (slot != DRIVE_COUNT && rule->slot != slot)
        return false;
    if (rule->scope == SCOPE_DRIVE)
        return true;
    return path ? covers(rule->path, path) : with_paths;
}

static const char *strictest_rule(const struct rights *r, unsigned slot, const char *path, bool with_paths)
{
    const char *until = "";

    for (size_t i = 0; i < r->count; i++)
        if (concerns(&r->rules[i], slot, path, with_paths) && strcmp(r->rules[i].until, until) > 0)
            until = r->rules[i].until;
    return until;
}

/* The same, if it closes today. */
static const char *strictest(const struct rights *r, unsigned slot, const char *path, bool with_paths)
{
    const char *until = strictest_rule(r, slot, path, with_paths);

    return strcmp(until, r->today) > 0 ? until : NULL;
}

const char *rights_strictest(const struct rights *r)
{
    return strictest_rule(r, DRIVE_COUNT, NULL, true);
}

const char *rights_closed(const struct rights *r, unsigned slot, const char *path)
{
    return is_overridden(r) ? NULL : strictest(r, slot, path, false);
}

bool rights_allow(const struct rights *r, unsigned slot, bool with_paths, struct error *error)
{
    const char *until = strictest(r, slot, NULL, with_paths);
    bool redacted = until && strcmp(until, REDACTED) == 0;

    if (!until || is_overridden(r))
        return true;
    if (argument_value(r->arguments, "--override"))
        return error_set(error, STATUS_USAGE, r->object, NULL, "name the office's log with --log and --by",
                         "is closed, and --override is an act that must be recorded");
    return error_set(error, STATUS_CLOSED, r->object, slot == DRIVE_COUNT ? NULL : drive_slot_names[slot],
                     "give a reason with --override, and --log, if you may",
                     redacted ? "is redacted%s" : "is closed until %s", redacted ? "" : until);
}

bool rights_are_open(const struct rights *r)
{
    return !strictest(r, DRIVE_COUNT, NULL, true);
}

bool desk_may_see(const struct arguments *a, struct archive *archive, struct error *error)
{
    struct rights *rights = rights_open(a, archive, error);
    bool good = rights && rights_allow(rights, DRIVE_COUNT, true, error);

    rights_close(rights);
    return good;
}

void rights_review(const struct arguments *a, struct archive *archive, char date[11])
{
    const struct description_manifest *d = archive_description(archive);
    struct evidence_subject subject;
    struct error ignored;
    const char *review;

    evidence_of(archive, &subject);
    struct evidence *e = desk_evidence(a, &subject, &ignored);
    review = e ? evidence_review(e) : NULL;
    if (!review || (*d->rights_review && strcmp(d->rights_review, review) < 0))
        review = d->rights_review;
    snprintf(date, 11, "%.10s", review);
    evidence_free(e);
}

void rights_sealed(const struct description_manifest *d, char text[RIGHTS_WORDS])
{
    const char *whole = d->open ? "" : d->closed_until, *part = "";

    for (const struct closure *c = d->closure; c < d->closure + CLOSURE_LIMIT && *c->until; c++)
        part = strcmp(c->until, part) > 0 ? c->until : part;
    if (strcmp(part, whole) > 0)
        snprintf(text, RIGHTS_WORDS, "in part closed until %.10s", part);
    else if (*whole)
        snprintf(text, RIGHTS_WORDS, "closed until %.10s", whole);
    else
        snprintf(text, RIGHTS_WORDS, "%s", d->open ? "open" : "not stated");
}

void rights_say(const struct arguments *a, struct archive *archive, char text[RIGHTS_WORDS])
{
    const struct description_manifest *d = archive_description(archive);
    const char *until, *whole = "";
    struct error ignored;
    struct rights *r = rights_open(a, archive, &ignored);

    until = r ? rights_strictest(r) : "";
    for (size_t i = 0; r && i < r->count; i++)
        if (r->rules[i].scope == SCOPE_ARCHIVE && strcmp(r->rules[i].until, whole) > 0)
            whole = r->rules[i].until;
    if (!r || !*until)
        snprintf(text, RIGHTS_WORDS, "%s", !r ? "undecided" : d->open || *d->closed_until ? "open" : "not stated");
    else if (strcmp(until, REDACTED) == 0)
        snprintf(text, RIGHTS_WORDS, "%sredacted", strcmp(whole, until) == 0 ? "" : "in part ");
    else
        snprintf(text, RIGHTS_WORDS, "%sclosed until %.10s", strcmp(whole, until) == 0 ? "" : "in part ", until);
    rights_close(r);
}
