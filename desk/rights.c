/* rights.c - see rights.h. */
#include "desk/rights.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "desk/desk.h"
#include "formats/letters.h"
#include "verify/log/log.h"

/* --- Evidence --- */

/* The batches that the office's log says were written, about whichever archive: read once, and then what was added. */
struct logged {
    struct log_place place;
    struct noted {
        hex_digest content, batch;
    } * list;
    size_t count, capacity;
    bool failed;
};

static void logged_free(void *value)
{
    struct logged *l = value;

    free(l->list);
    free(l);
}

static bool take_noted(void *context, const struct log_line *line)
{
    struct logged *l = context;
    struct noted noted;

    if (line->number == 0)
        l->count = 0;
    if (line->kind != LOG_OUTCOME || strcmp(line->act, "done") != 0 ||
        !log_line_value(line, "content", noted.content, sizeof noted.content) ||
        !log_line_value(line, "batch", noted.batch, sizeof noted.batch))
        return true;
    if (l->count == l->capacity) {
        const size_t capacity = l->capacity ? 2 * l->capacity : 16;
        struct noted *list = realloc(l->list, capacity * sizeof *list);

        l->failed = !list;
        if (l->failed)
            return false;
        l->list = list;
        l->capacity = capacity;
    }
    l->list[l->count++] = noted;
    return true;
}

/* What the log says now. Owned by the arguments. */
static const struct logged *read_log(const struct arguments *a, const char *log, struct error *error)
{
    struct logged *l = a->kept->value ? a->kept->value : calloc(1, sizeof *l);
    bool anew, good = l;

    if (l)
        *a->kept = (struct kept){l, logged_free};
    good = good && log_read_on(log, &l->place, &anew, take_noted, l, error);
    if (!l || l->failed)
        error_host(error, log, ENOMEM, "cannot read");
    return good && !l->failed ? l : NULL;
}

/* log: or null. */
static struct evidence *load_evidence(const struct arguments *a, const struct evidence_subject *subject,
                                      const char *log, struct error *error)
{
    const struct logged *logged = log ? read_log(a, log, error) : NULL;
    const char **known = calloc((logged ? logged->count : 0) + 1, sizeof *known);
    struct evidence_request request = {.subject = subject};
    struct evidence *e = NULL;
    bool good = !log || logged;

    request.folders = argument_values(a, "--evidence", &request.folder_count);
    request.trusted = argument_values(a, "--trust", &request.trusted_count);
    request.authorities = argument_values(a, "--tsa-trust", &request.authority_count);
    if (good && (!known || !request.folders || !request.trusted || !request.authorities))
        good = error_host(error, subject->path, ENOMEM, "cannot judge");
    for (size_t i = 0; good && logged && i < logged->count; i++)
        if (strcmp(logged->list[i].content, subject->sealed.content) == 0)
            known[request.known_count++] = logged->list[i].batch;
    request.known = known;
    if (good)
        e = evidence_load(&request, error);
    free(known);
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

/* A rule, or a permit, of the archive (level 0) or of one above it. */
struct rule {
    struct decision decision;
    unsigned level;
};

struct rights {
    const struct arguments *arguments;
    const char *object;
    char today[11];
    struct rule *rules;
    size_t count;
};

static bool add_rule(struct rights *r, const struct decision *decision, unsigned level)
{
    struct rule *rules = realloc(r->rules, (r->count + 1) * sizeof *rules);

    if (!rules)
        return false;
    r->rules = rules;
    rules[r->count++] = (struct rule){*decision, level};
    return true;
}

/* Whether a reason is given that is recorded. */
static bool has_reason(const struct rights *r)
{
    return argument_value(r->arguments, "--override") && argument_value(r->arguments, "--log");
}

bool rights_name_is(const char *name, const char *rule, size_t length, bool bare)
{
    const size_t used = letters_alike(name, rule, length, bare);

    return used && strchr("/:", name[used]); /* NUL as well */
}

/* closes: it is no permit, so that what may be its name is. */
static bool names(const char *rule, const struct rights_path *path, bool closes)
{
    for (size_t i = 0; i < path->parts; i++) {
        const size_t length = strcspn(rule, "/");
        if (!path->is_called(path->context, i, rule, length, closes))
            return false;
        if (!rule[length])
            return true;
        rule += length + 1;
    }
    return false;
}

bool rights_rule_names(const char *rule, const struct rights_path *path)
{
    return names(rule, path, true);
}

/* Whether a permit is for all of a drive (DRIVE_COUNT: of the machine), or a path on it. */
static bool permits(const struct decision *permit, unsigned slot, const struct rights_path *path)
{
    return permit->scope == SCOPE_ARCHIVE ||
           (slot == permit->slot && (permit->scope == SCOPE_DRIVE || (path && names(permit->path, path, false))));
}

/* Whether it is for what a rule is about: its path, a stream of it (NAME:STREAM), or what is below. */
static bool permits_rule(const struct decision *permit, const struct decision *rule)
{
    return permits(permit, rule->scope == SCOPE_ARCHIVE ? DRIVE_COUNT : rule->slot, NULL) ||
           (permit->scope == SCOPE_PATH && rule->scope == SCOPE_PATH && permit->slot == rule->slot &&
            rights_name_is(rule->path, permit->path, strlen(permit->path), false));
}

/* Whether a permit is one today. */
static bool is_permit(const struct rights *r, const struct decision *permit)
{
    return permit->permits && strcmp(r->today, permit->until) <= 0;
}

/* Whether a reason opens what a rule closes: if two persons permitted it, for what the rule is about or for what is
 * asked. */
static bool is_overridden(const struct rights *r, const struct rule *rule, unsigned slot,
                          const struct rights_path *path)
{
    bool permitted = false;

    for (size_t i = 0; i < r->count && !permitted; i++) {
        const struct decision *permit = &r->rules[i].decision;

        permitted = is_permit(r, permit) && r->rules[i].level == rule->level &&
                    (permits(permit, slot, path) || permits_rule(permit, &rule->decision));
    }
    return permitted && has_reason(r);
}

/* Whether a reason opens what nobody knows to be open: a permit of the archive itself is for that, too. */
static bool is_ventured(const struct rights *r)
{
    return is_overridden(r, &(struct rule){.level = 0}, DRIVE_COUNT, NULL);
}

/* The rules of one archive. */
static bool add_archive(struct rights *r, struct archive *archive, unsigned level, struct error *error)
{
    struct evidence_subject subject;
    const struct decision *rule;
    struct evidence *e;
    size_t position = 0, permit = 0;
    bool good;

    evidence_of(archive, &subject);
    e = desk_evidence(r->arguments, &subject, error);
    good = e;
    while (good && (rule = evidence_permit(e, &permit)))
        good = add_rule(r, rule, level) || error_host(error, subject.path, ENOMEM, "cannot judge");
    good = good && (evidence_lost(e) == 0 || is_ventured(r) ||
                    error_set(error, STATUS_UNDECIDED, subject.path, NULL, "`muniment verify` says which",
                              "has evidence that is damaged or lost: what it decided on rights is not known"));
    while (good && (rule = evidence_next(e, &position)))
        good = add_rule(r, rule, level) || error_host(error, subject.path, ENOMEM, "cannot judge");
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
    for (unsigned level = 0; good && archive; archive = next, level++) {
        good = add_archive(r, archive, level, error);
        next = good ? archive_parent(archive, error) : NULL;
        if (good && !next && archive_is_derived(archive, NULL, NULL) && !is_ventured(r))
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

static bool concerns(const struct decision *rule, unsigned slot, const struct rights_path *path, bool with_paths)
{
    if (rule->permits)
        return false;
    if (rule->scope == SCOPE_ARCHIVE)
        return true;
    if (slot != DRIVE_COUNT && rule->slot != slot)
        return false;
    if (rule->scope == SCOPE_DRIVE)
        return true;
    return path ? rights_rule_names(rule->path, path) : with_paths;
}

/* The strictest rule; "": none. closed: of those that close today; by_reason: and that no reason opens. */
static const char *strictest(const struct rights *r, unsigned slot, const struct rights_path *path, bool with_paths,
                             bool closed, bool by_reason)
{
    const char *until = "";

    for (size_t i = 0; i < r->count; i++) {
        const struct decision *d = &r->rules[i].decision;

        if (strcmp(d->until, until) > 0 && concerns(d, slot, path, with_paths) &&
            (!closed || strcmp(d->until, r->today) > 0) && !(by_reason && is_overridden(r, &r->rules[i], slot, path)))
            until = d->until;
    }
    return until;
}

const char *rights_strictest(const struct rights *r)
{
    return strictest(r, DRIVE_COUNT, NULL, true, false, false);
}

const char *rights_closed(const struct rights *r, unsigned slot, const struct rights_path *path)
{
    const char *until = strictest(r, slot, path, false, true, true);

    return *until ? until : NULL;
}

bool rights_lead(const struct rights *r, unsigned slot, const struct rights_path *path)
{
    bool leads = false;

    for (size_t i = 0; i < r->count && !leads && has_reason(r); i++) {
        const struct decision *permit = &r->rules[i].decision;
        const char *rest = permit->path;

        leads = is_permit(r, permit) && permit->scope == SCOPE_PATH && permit->slot == slot;
        for (size_t k = 0; leads && k < path->parts; k++) {
            const size_t length = strcspn(rest, "/");
            leads = rest[length] && path->is_called(path->context, k, rest, length, false);
            rest += length + 1;
        }
    }
    return leads;
}

bool rights_allow(const struct rights *r, unsigned slot, bool with_paths, struct error *error)
{
    const char *until = strictest(r, slot, NULL, with_paths, true, true);
    const bool redacted = strcmp(until, REDACTED) == 0, reason = argument_value(r->arguments, "--override");

    if (!*until)
        return true;
    if (reason && !has_reason(r))
        return error_set(error, STATUS_USAGE, r->object, NULL, "name the office's log with --log and --by",
                         "is closed, and --override is an act that must be recorded");
    return error_set(error, STATUS_CLOSED, r->object, slot == DRIVE_COUNT ? NULL : drive_slot_names[slot],
                     reason ? RIGHTS_PERMIT : RIGHTS_REMEDY, redacted ? "is redacted%s" : "is closed until %s",
                     redacted ? "" : until);
}

bool rights_are_open(const struct rights *r)
{
    return !*strictest(r, DRIVE_COUNT, NULL, true, true, false);
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
        if (concerns(&r->rules[i].decision, DRIVE_COUNT, NULL, false) && r->rules[i].decision.scope == SCOPE_ARCHIVE &&
            strcmp(r->rules[i].decision.until, whole) > 0)
            whole = r->rules[i].decision.until;
    if (!r || !*until)
        snprintf(text, RIGHTS_WORDS, "%s", !r ? "undecided" : d->open || *d->closed_until ? "open" : "not stated");
    else if (strcmp(until, REDACTED) == 0)
        snprintf(text, RIGHTS_WORDS, "%sredacted", strcmp(whole, until) == 0 ? "" : "in part ");
    else
        snprintf(text, RIGHTS_WORDS, "%sclosed until %.10s", strcmp(whole, until) == 0 ? "" : "in part ", until);
    rights_close(r);
}
