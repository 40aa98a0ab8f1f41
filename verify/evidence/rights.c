/* rights.c - which decisions on rights count (spec/rights.md).
 *
 * For each scope the last decisions count, those on which no other of that scope stands; of several, the strictest. A
 * decision that is less strict than one on which it stands needs two people. */
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
    return b->decides && b->trusted && !b->ignored;
}

/* Decisions that loosen what their batch stands on need a second person; the archive's first rule is its description's.
 */
static void find_ignored(struct evidence *e)
{
    for (size_t i = 0; i < e->count; i++) {
        struct batch *b = e->batches[i];

        for (size_t n = 0; b->decides && !b->two && n < e->count; n++) {
            const struct batch *before = e->batches[n];

            if (before->decides && before->trusted && same_scope(&before->decision, &b->decision) &&
                strcmp(b->decision.until, before->decision.until) < 0 && batch_stands_on(e, b, before->name))
                b->ignored = true;
        }
        if (b->decides && !b->two && b->decision.scope == SCOPE_ARCHIVE &&
            strcmp(b->decision.until, e->subject.sealed.closed_until) < 0)
            b->ignored = true;
    }
}

static bool is_superseded(const struct evidence *e, const struct batch *b)
{
    for (size_t n = 0; n < e->count; n++)
        if (counts(e->batches[n]) && same_scope(&e->batches[n]->decision, &b->decision) &&
            batch_stands_on(e, e->batches[n], b->name))
            return true;
    return false;
}

bool rights_judge(struct evidence *e)
{
    e->rules = calloc(e->count + 1, sizeof *e->rules);
    if (!e->rules)
        return false;
    find_ignored(e);
    for (size_t i = 0; i < e->count; i++) {
        const struct batch *b = e->batches[i];
        size_t n = 0;

        if (counts(b) && *b->review && (!*e->review || strcmp(b->review, e->review) < 0))
            memcpy(e->review, b->review, sizeof e->review);
        if (!counts(b) || is_superseded(e, b))
            continue;
        while (n < e->rule_count && !same_scope(&e->rules[n], &b->decision))
            n++;
        if (n == e->rule_count)
            e->rules[e->rule_count++] = b->decision;
        else if (strcmp(b->decision.until, e->rules[n].until) > 0)
            memcpy(e->rules[n].until, b->decision.until, sizeof e->rules[n].until);
    }
    return true;
}

const struct decision *evidence_next(const struct evidence *e, size_t *position)
{
    return *position < e->rule_count ? &e->rules[(*position)++] : NULL;
}

const char *evidence_review(const struct evidence *e)
{
    return *e->review ? e->review : NULL;
}
