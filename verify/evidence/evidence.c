/* evidence.c - finds the batches of an archive, and judges signatures, stamps and what stands on what. */
#define _DEFAULT_SOURCE
#include "verify/evidence/set.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "formats/file.h"
#include "formats/plain.h"

/* --- Reading --- */

static void note(struct evidence *e, bool wrong, const char *name, const char *what)
{
    char line[96 + 512];
    int length = snprintf(line, sizeof line, "%c%.64s: %.400s\n", wrong ? '!' : ' ', name, what);

    e->wrong += wrong;
    text_add(&e->notes, line, (size_t)length);
}

/* Reads a small file whole; null: it cannot be read. */
static char *read_batch(const char *path, size_t *size)
{
    struct error error;
    uint64_t length;
    int descriptor = archive_open_file(path, &length, &error);
    char *text = descriptor >= 0 && length <= BATCH_LIMIT ? calloc(1, (size_t)length + 1) : NULL;

    *size = (size_t)length;
    if (text && !file_read(descriptor, path, 0, text, *size, &error)) {
        free(text);
        text = NULL;
    }
    if (descriptor >= 0)
        close(descriptor);
    return text;
}

static bool is_there(const struct evidence *e, const char *name)
{
    for (size_t i = 0; i < e->count; i++)
        if (strcmp(e->batches[i]->name, name) == 0)
            return true;
    return false;
}

static bool keep(struct evidence *e, struct batch *b)
{
    struct batch **batches = e->count < BATCHES_LIMIT ? realloc(e->batches, (e->count + 1) * sizeof(struct batch *))
                                                      : NULL;

    if (!batches) {
        batch_free(b);
        return false;
    }
    e->batches = batches;
    e->batches[e->count++] = b;
    return true;
}

/* Takes a file of a folder, if it is about this archive. One that is damaged may have been about it. */
static bool take_file(struct evidence *e, const char *path, const char *name, size_t stem)
{
    char shown[65]; /* of one line, whatever the file is named */
    size_t size;
    char *text = read_batch(path, &size);
    struct batch *b = text ? batch_parse(text, size) : NULL;

    plain_copy(shown, sizeof shown, name);
    if (!b)
        note(e, true, shown, text ? "is no batch of version 0" : "cannot be read");
    else if (stem != 64 || strncmp(b->name, name, stem) != 0)
        note(e, true, shown, "is not what its name says");
    else if (strcmp(b->content, e->subject.sealed.content) == 0 && !is_there(e, b->name))
        return keep(e, b);
    batch_free(b);
    return true;
}

static bool take_folder(struct evidence *e, const char *path, bool must, struct error *error)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    char file[4096];
    bool good = true;

    if (!folder)
        return (!must && (errno == ENOENT || errno == ENOTDIR)) || error_host(error, path, errno, "cannot open");
    while (good && (entry = readdir(folder))) {
        size_t length = strlen(entry->d_name), ending = strlen(BATCH_ENDING);

        if (length <= ending || strcmp(entry->d_name + length - ending, BATCH_ENDING) != 0)
            continue;
        if (snprintf(file, sizeof file, "%s/%s", path, entry->d_name) >= (int)sizeof file)
            good = error_host(error, path, ENAMETOOLONG, "cannot read the batches of");
        else
            good = take_file(e, file, entry->d_name, length - ending) ||
                   (e->count == BATCHES_LIMIT
                        ? error_set(error, STATUS_INPUT, path, NULL, "take away what is no evidence of this office",
                                    "holds more than %u batches about one archive", BATCHES_LIMIT)
                        : error_host(error, path, ENOMEM, "cannot read the batches of"));
    }
    closedir(folder);
    return good;
}

bool evidence_folders(const char *path, const char *content, struct evidence_folders *f)
{
    const char *slash = strrchr(path, '/');
    int beside = slash ? (int)(slash - path) + 1 : 0;

    return snprintf(f->paths[0], sizeof f->paths[0], "%.*s%.16s" EVIDENCE_ENDING, beside, path, content) <
               (int)sizeof f->paths[0] &&
           snprintf(f->paths[1], sizeof f->paths[1], "%s" EVIDENCE_ENDING, path) < (int)sizeof f->paths[1];
}

static int compare(const void *a, const void *b)
{
    return strcmp((*(struct batch *const *)a)->name, (*(struct batch *const *)b)->name);
}

/* --- What stands on what --- */

struct batch *evidence_batch(const struct evidence *e, const char *name)
{
    for (size_t from = 0, to = e->count; from < to;) {
        size_t middle = from + (to - from) / 2;
        int order = strcmp(name, e->batches[middle]->name);

        if (order == 0)
            return e->batches[middle];
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return NULL;
}

/* Digests cannot form a circle, but many ways may lead to one batch: each is gone over once. */
static bool leads_to(const struct evidence *e, const struct batch *b, const char *name)
{
    for (unsigned i = 0; i < b->stand_count; i++) {
        struct batch *below = evidence_batch(e, b->stands_on[i]);

        if (strcmp(b->stands_on[i], name) == 0)
            return true;
        if (!below || below->passed)
            continue;
        below->passed = true;
        if (leads_to(e, below, name))
            return true;
    }
    return false;
}

bool batch_stands_on(const struct evidence *e, const struct batch *b, const char *name)
{
    for (size_t i = 0; i < e->count; i++)
        e->batches[i]->passed = false;
    return leads_to(e, b, name);
}

/* Batches that others, or the log, say there are. */
static void miss(struct evidence *e, const struct evidence_request *r)
{
    for (size_t i = 0; i < e->count; i++)
        for (unsigned n = 0; n < e->batches[i]->stand_count; n++)
            if (!evidence_batch(e, e->batches[i]->stands_on[n]))
                note(e, true, e->batches[i]->stands_on[n], "is missing: another batch stands on it");
    for (size_t i = 0; i < r->known_count; i++)
        if (!evidence_batch(e, r->known[i]))
            note(e, true, r->known[i], "is missing: the log knows it");
}

/* --- Signatures --- */

/* The earliest good stamp about "signature" or a batch; empty: there is none. */
static void proved_since(const struct evidence *e, const char *about, char time[21])
{
    time[0] = '\0';
    for (size_t i = 0; i < e->count; i++) {
        const struct batch *b = e->batches[i];

        if (strcmp(b->about, about) == 0 && b->verdict.state == STAMP_GOOD &&
            (!*time || strcmp(b->verdict.time, time) < 0))
            memcpy(time, b->verdict.time, 21);
    }
}

/* As trusted_judge, for a signature that is proved to exist since a time (empty: that is only claimed). */
static void judge_key(const struct trusted *trusted, const char *key, const char time[21], struct trust *trust)
{
    char since[11];

    snprintf(since, sizeof since, "%.10s", time);
    trusted_judge(trusted, key, *since ? since : NULL, trust);
}

/* Who is trusted signed, and how many. Where nobody is named, it is the archive's own signer. */
static void judge_signatures(const struct evidence *e, struct batch *b, const struct trusted *who)
{
    struct key_text body = {.text = b->text, .size = b->size, .body = b->body};
    struct trust counted[BATCH_KEYS];
    unsigned trusted = 0, persons = 0, lapsed = 0;
    char since[21];

    proved_since(e, b->name, since);
    for (unsigned i = 0; i < b->key_count; i++) {
        struct trust trust;
        enum signature_state state;
        bool again = false;

        for (unsigned n = 0; n < i; n++)
            again = again || strcmp(b->keys[n].digest, b->keys[i].digest) == 0;
        state = again ? SIGNATURE_WRONG : key_text_check(&body, &b->keys[i]);
        if (state == SIGNATURE_WRONG)
            continue;
        if (!e->somebody) {
            trusted += state == SIGNATURE_FITS && strcmp(b->keys[i].digest, e->subject.sealed.signer) == 0;
            continue;
        }
        judge_key(who, b->keys[i].digest, since, &trust);
        b->unchecked = b->unchecked || (state == SIGNATURE_NOT_CHECKED && trust.trusted);
        if (state == SIGNATURE_NOT_CHECKED)
            continue;
        trusted += trust.trusted;
        lapsed += trust.lapsed;
        for (unsigned n = 0; n < persons; n++)
            again = again || strcmp(counted[n].person, trust.person) == 0;
        if (!again && (trust.trusted || trust.seconds))
            counted[persons++] = trust;
    }
    b->trusted = trusted > 0;
    b->lapsed = !trusted && lapsed;
    b->two = b->trusted && persons > 1;
}

/* --- Stamps --- */

bool evidence_stamped(const struct evidence *e, const char *about, struct stamp_bytes *bytes)
{
    const struct batch *b = evidence_batch(e, about);

    if (strcmp(about, "signature") == 0)
        *bytes = (struct stamp_bytes){e->subject.sealed.signature, SIGNATURE_SIZE};
    else if (b)
        *bytes = (struct stamp_bytes){(const uint8_t *)b->text, b->size};
    return b || strcmp(about, "signature") == 0;
}

/* A stamp proves nothing any more after its certificate has expired, or was revoked for good: whoever has the key then
 * may set any date. Unless another good stamp over its batch shows that it is older (RFC 4998, RFC 3161, section 4). */
static void weigh(struct evidence *e, struct batch *b, const char now[21])
{
    struct stamp_verdict *v = &b->verdict;
    const char *since = now;

    if (!*b->about || v->state != STAMP_GOOD || b->weighed)
        return;
    b->weighed = true; /* digests lead in no circle */
    for (size_t i = 0; i < e->count; i++) {
        struct batch *over = e->batches[i];

        if (strcmp(over->about, b->name) != 0)
            continue;
        weigh(e, over, now);
        if (over->verdict.state == STAMP_GOOD && strcmp(over->verdict.time, since) < 0)
            since = over->verdict.time;
    }
    if (strcmp(since, v->ends) < (v->revoked ? 0 : 1)) /* a certificate is good to its last second */
        return;
    v->state = v->revoked ? STAMP_WRONG : STAMP_UNKNOWN;
    snprintf(v->why, sizeof v->why, "%s %s on %.10s, and no later stamp shows that it is older",
             v->above ? "an authority above it" : "its authority", v->revoked ? "was revoked" : "expired", v->ends);
}

/* All lists of revoked certificates count, whichever batch brought them. */
static bool judge_stamps(struct evidence *e, const struct evidence_request *r, struct error *error)
{
    struct stamp_anchors *anchors = stamp_anchors_load(r->authorities, r->authority_count, error);
    struct stamp_bytes *crls = anchors ? calloc(e->count * BATCH_CRLS + 1, sizeof *crls) : NULL;
    struct stamp_trust trust = {.anchors = anchors, .crls = crls};
    time_t seconds = time(NULL);
    char now[21];
    struct tm tm;

    if (!crls) {
        stamp_anchors_free(anchors);
        return anchors ? error_host(error, r->subject->path, ENOMEM, "cannot judge") : false;
    }
    for (size_t i = 0; i < e->count; i++)
        for (unsigned n = 0; n < e->batches[i]->crl_count; n++)
            crls[trust.crl_count++] = e->batches[i]->crls[n];
    for (size_t i = 0; i < e->count; i++) {
        struct batch *b = e->batches[i];
        struct stamp_bytes about, stamp = {b->stamp, b->stamp_size};

        if (!*b->about)
            continue;
        if (strcmp(b->statement, e->subject.sealed.statement) != 0 || !evidence_stamped(e, b->about, &about)) {
            b->verdict.state = STAMP_WRONG;
            snprintf(b->verdict.why, sizeof b->verdict.why, "is over something that is not here");
            continue;
        }
        stamp_judge(stamp, about, &trust, &b->verdict);
    }
    free(crls);
    stamp_anchors_free(anchors);
    strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &tm));
    for (size_t i = 0; i < e->count; i++)
        weigh(e, e->batches[i], now);
    proved_since(e, "signature", e->proved);
    return true;
}

/* --- All of it --- */

static bool judge(struct evidence *e, const struct evidence_request *r, struct error *error)
{
    struct trusted *who = trusted_load(r->trusted, r->trusted_count, error);
    const bool good = who && judge_stamps(e, r, error);

    for (size_t i = 0; good && i < e->count; i++)
        judge_signatures(e, e->batches[i], who);
    if (good)
        judge_key(who, e->subject.sealed.signer, e->proved, &e->signer);
    trusted_free(who);
    if (!good)
        return false;
    miss(e, r);
    return rights_judge(e) || error_set(error, STATUS_HOST, r->subject->path, NULL, NULL, "out of memory");
}

struct evidence *evidence_load(const struct evidence_request *r, struct error *error)
{
    struct evidence *e = calloc(1, sizeof *e);
    struct evidence_folders beside;
    bool good;

    if (!e) {
        error_set(error, STATUS_HOST, r->subject->path, NULL, NULL, "out of memory");
        return NULL;
    }
    e->subject = *r->subject;
    e->somebody = r->trusted_count > 0;
    good = evidence_folders(r->subject->path, r->subject->sealed.content, &beside) ||
           error_host(error, r->subject->path, ENAMETOOLONG, "cannot look for evidence of");
    for (size_t i = 0; good && i < EVIDENCE_FOLDERS; i++)
        good = take_folder(e, beside.paths[i], false, error);
    for (size_t i = 0; good && i < r->folder_count; i++)
        good = take_folder(e, r->folders[i], true, error);
    if (good && e->count)
        qsort(e->batches, e->count, sizeof(struct batch *), compare);
    if (good && judge(e, r, error))
        return e;
    evidence_free(e);
    return NULL;
}

void evidence_free(struct evidence *e)
{
    if (!e)
        return;
    for (size_t i = 0; i < e->count; i++)
        batch_free(e->batches[i]);
    free(e->batches);
    free(e->rules);
    text_free(&e->notes);
    free(e);
}

/* --- What is said of it --- */

/* A batch that says nothing but who signs, about the very archive. */
static bool is_countersignature(const struct evidence *e, const struct batch *b)
{
    return b->key_count > 0 && !b->decides && !*b->about && strcmp(b->statement, e->subject.sealed.statement) == 0;
}

enum vouching evidence_vouching(const struct evidence *e, const char **note)
{
    enum vouching best = e->signer.trusted ? VOUCHED_SIGNED : VOUCHED_NOBODY;

    for (size_t i = 0; e->somebody && i < e->count; i++)
        if (is_countersignature(e, e->batches[i]) && best < VOUCHED_COUNTERSIGNED)
            best = e->batches[i]->trusted ? VOUCHED_COUNTERSIGNED : e->batches[i]->unchecked ? VOUCHED_UNCHECKED : best;
    if (note)
        *note = e->signer.note;
    return best;
}

static void report_batch(const struct evidence *e, const struct batch *b,
                         void (*each)(void *context, const char *line, bool wrong), void *context)
{
    char line[1024];
    struct text decision = {.bytes = NULL};

    if (b->decides) {
        decision_print(&decision, &b->decision);
        snprintf(line, sizeof line, "%.8s, %.10s: %.400s%s%.300s%s", b->name, b->made,
                 decision.bytes ? decision.bytes : "", *b->reason ? ": " : "", b->reason,
                 b->decision.permits && b->trusted && !b->two ? " (a permit takes two: it changes nothing)"
                 : b->lapsed   ? " (its key was compromised: it closes, and opens nothing)"
                 : !b->trusted ? " (nobody who is trusted signed it: it changes nothing)"
                 : b->ignored  ? " (it would open what was closed, which takes two: it changes nothing)"
                               : "");
        each(context, line, false);
        text_free(&decision);
    }
    if (is_countersignature(e, b)) {
        snprintf(line, sizeof line, "%.8s, %.10s: countersigned by %s: %s", b->name, b->made, b->keys[0].digest,
                 b->trusted && e->somebody ? "it fits, and the key is trusted"
                 : b->trusted              ? "it fits, and the key is the signer's"
                 : b->unchecked            ? "the key is trusted; its algorithm is not checked here"
                                           : "it does not fit, or the key is not trusted");
        each(context, line, false);
    }
    if (*b->about && b->verdict.state == STAMP_GOOD)
        snprintf(line, sizeof line,
                 "%.8s, stamped %.20s under policy %.63s by %.200s, whose certificate expires on %.10s: stamp again "
                 "before%s",
                 b->name, b->verdict.time, b->verdict.policy, b->verdict.authority, b->verdict.ends,
                 b->verdict.listed ? "" : "; no list says whether it was revoked");
    else if (*b->about)
        snprintf(line, sizeof line, "%.8s, a time stamp%s%.20s: %.256s", b->name, *b->verdict.time ? " of " : "",
                 b->verdict.time, b->verdict.why);
    if (*b->about)
        each(context, line, b->verdict.state == STAMP_WRONG);
}

static bool is_head(const struct evidence *e, const struct batch *b)
{
    for (size_t n = 0; n < e->count; n++)
        for (unsigned k = 0; k < e->batches[n]->stand_count; k++)
            if (strcmp(e->batches[n]->stands_on[k], b->name) == 0)
                return false;
    return true;
}

/* Batches that do not know of each other: that is allowed, and shown. */
static void report_fork(const struct evidence *e, void (*each)(void *context, const char *line, bool wrong),
                        void *context)
{
    hex_digest heads[BATCH_STANDS];
    const size_t count = evidence_heads(e, heads, BATCH_STANDS);
    char line[64 + BATCH_STANDS * 10];
    int length = snprintf(line, sizeof line, "a fork: no batch stands on");

    for (size_t i = 0; count > 1 && i < count; i++)
        length += snprintf(line + length, sizeof line - (size_t)length, "%s %.8s", i ? "," : "", heads[i]);
    if (count > 1)
        each(context, line, false);
}

void evidence_report(const struct evidence *e, void (*each)(void *context, const char *line, bool wrong), void *context)
{
    char line[600];

    for (size_t i = 0; i < e->count; i++)
        report_batch(e, e->batches[i], each, context);
    report_fork(e, each, context);
    for (const char *at = e->notes.bytes; at && *at; at = strchr(at, '\n') + 1) {
        snprintf(line, sizeof line, "%.*s", (int)strcspn(at + 1, "\n"), at + 1);
        each(context, line, *at == '!');
    }
}

uint64_t evidence_wrong(const struct evidence *e)
{
    uint64_t wrong = e->wrong;

    for (size_t i = 0; i < e->count; i++)
        wrong += *e->batches[i]->about && e->batches[i]->verdict.state == STAMP_WRONG;
    return wrong;
}

uint64_t evidence_lost(const struct evidence *e)
{
    return e->wrong;
}

void evidence_of(struct archive *archive, struct evidence_subject *subject)
{
    const struct archive_signature *s = archive_signature(archive);
    const struct description_manifest *d = archive_description(archive);

    *subject = (struct evidence_subject){.path = archive_file(archive)};
    memcpy(subject->sealed.machine_root, archive_machine_root(archive), sizeof(hex_digest));
    memcpy(subject->sealed.content, s->content, sizeof(hex_digest));
    memcpy(subject->sealed.statement, s->statement, sizeof(hex_digest));
    memcpy(subject->sealed.signer, s->signer, sizeof(hex_digest));
    memcpy(subject->sealed.signature, s->bytes, SIGNATURE_SIZE);
    sealed_rights(&subject->sealed, d);
}

const char *evidence_proved(const struct evidence *e)
{
    return *e->proved ? e->proved : NULL;
}

size_t evidence_heads(const struct evidence *e, hex_digest *heads, size_t limit)
{
    size_t count = 0;

    for (int stranger = 0; stranger < 2; stranger++)
        for (size_t i = 0; i < e->count && count < limit; i++)
            if (e->batches[i]->trusted == !stranger && is_head(e, e->batches[i]))
                memcpy(heads[count++], e->batches[i]->name, sizeof(hex_digest));
    return count;
}
