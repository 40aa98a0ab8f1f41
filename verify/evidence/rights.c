/* rights.c - which decisions on rights count (spec/rights.md).
 *
 * For each scope the last decisions count, those on which no other of that scope stands; of several, the strictest. A
 * decision that is less strict than what held when it was made needs two people. */
#include "verify/evidence/set.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool same_scope(const struct decision *a, const struct decision *b)
{
    return a->scope == b->scope && (a->scope == SCOPE_ARCHIVE || a->slot == b->slot) &&
           (a->scope != SCOPE_PATH || strcasecmp(a->path, b->path) == 0);
}

static bool counts(const struct batch *b)
{
    return b->decides && !b->decision.permits && b->trusted && !b->ignored;
}

/* Whether it closes: it does though its key was compromised since, so that the loss of a key opens nothing. */
static bool closes(const struct batch *b)
{
    return counts(b) || (b->decides && !b->decision.permits && b->lapsed && !b->ignored);
}

/* The n-th rule of the description: the first is about all of the archive. False: there are no more. */
static bool described(const struct evidence *e, size_t n, struct decision *rule)
{
    const struct sealed_identity *sealed = &e->subject.sealed;

    *rule = (struct decision){.scope = SCOPE_ARCHIVE};
    if (n > CLOSURE_LIMIT || (n > 0 && !*sealed->closure[n - 1].until))
        return false;
    memcpy(rule->until, n ? sealed->closure[n - 1].until : sealed->closed_until, sizeof rule->until);
    if (n > 0) {
        rule->slot = sealed->closure[n - 1].slot;
        rule->scope = *sealed->closure[n - 1].path ? SCOPE_PATH : SCOPE_DRIVE;
        memcpy(rule->path, sealed->closure[n - 1].path, sizeof sealed->closure->path);
    }
    return true;
}

/* Whether a decision loosens what the description says of the same. */
static bool loosens_description(const struct evidence *e, const struct decision *d)
{
    struct decision rule;

    for (size_t n = 0; described(e, n, &rule); n++)
        if (same_scope(&rule, d) && strcmp(d->until, rule.until) < 0)
            return true;
    return false;
}

/* Whether a decision that counts stands on a batch of its scope; below: of those on which that one stands (null: all).
 */
static bool is_superseded(const struct evidence *e, const struct batch *b, const struct batch *below)
{
    for (size_t n = 0; n < e->count; n++)
        if (counts(e->batches[n]) && same_scope(&e->batches[n]->decision, &b->decision) &&
            batch_stands_on(e, e->batches[n], b->name) && (!below || batch_stands_on(e, below, e->batches[n]->name)))
            return true;
    return false;
}

/* Decisions that loosen what held when they were made need a second person: the last ones on which their batch stands
 * or, where there are none, the description. What is below is judged first; digests form no circle. */
static void find_ignored(struct evidence *e, struct batch *b)
{
    bool first = true;

    if (b->ordered)
        return;
    b->ordered = true;
    for (unsigned i = 0; i < b->stand_count; i++) {
        struct batch *below = evidence_batch(e, b->stands_on[i]);

        if (below)
            find_ignored(e, below);
    }
    if (!b->decides || b->two || (!b->trusted && !b->lapsed))
        return;
    b->ignored = b->decision.permits;
    for (size_t n = 0; !b->ignored && n < e->count; n++) {
        const struct batch *before = e->batches[n];

        if (!closes(before) || !same_scope(&before->decision, &b->decision) || !batch_stands_on(e, b, before->name))
            continue;
        first = false;
        b->ignored = strcmp(b->decision.until, before->decision.until) < 0 && !is_superseded(e, before, b);
    }
    b->ignored = b->ignored || (first && loosens_description(e, &b->decision));
}

/* The rule of the same scope, or a new one. */
static struct decision *rule_for(struct evidence *e, const struct decision *d)
{
    size_t n = 0;

    while (n < e->rule_count && !same_scope(&e->rules[n], d))
        n++;
    if (n == e->rule_count)
        e->rules[e->rule_count++] = *d;
    return &e->rules[n];
}

bool rights_judge(struct evidence *e)
{
    struct decision rule;

    e->rules = calloc(e->count + 1 + CLOSURE_LIMIT, sizeof *e->rules);
    if (!e->rules)
        return false;
    for (size_t i = 0; i < e->count; i++)
        find_ignored(e, e->batches[i]);
    for (size_t i = 0; i < e->count; i++) {
        const struct batch *b = e->batches[i];

        if (counts(b) && *b->review && (!*e->review || strcmp(b->review, e->review) < 0))
            memcpy(e->review, b->review, sizeof e->review);
        if (!closes(b) || is_superseded(e, b, NULL))
            continue;
        struct decision *same = rule_for(e, &b->decision);
        if (strcmp(b->decision.until, same->until) > 0)
            memcpy(same->until, b->decision.until, sizeof same->until);
    }
    /* Of what nobody decided, the description's rules hold. */
    const size_t decided = e->rule_count;
    for (size_t n = 0; described(e, n, &rule); n++) {
        struct decision *same = rule_for(e, &rule);
        if (same >= e->rules + decided && strcmp(rule.until, same->until) > 0)
            memcpy(same->until, rule.until, sizeof same->until);
    }
    return true;
}

const struct decision *evidence_next(const struct evidence *e, size_t *position)
{
    return *position < e->rule_count ? &e->rules[(*position)++] : NULL;
}

const struct decision *evidence_permit(const struct evidence *e, size_t *position)
{
    while (*position < e->count) {
        const struct batch *b = e->batches[(*position)++];

        if (b->decides && b->decision.permits && b->two && !b->ignored)
            return &b->decision;
    }
    return NULL;
}

const char *evidence_review(const struct evidence *e)
{
    return *e->review ? e->review : NULL;
}
