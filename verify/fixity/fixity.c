/* fixity.c - joins the parts of a verification and gives the verdict. See fixity.h. */
#include "verify/fixity/check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const verify_method_names[3] = {
    [VERIFY_FULL] = "full", [VERIFY_QUICK] = "quick", [VERIFY_SAMPLE] = "sample"};

/* --- The whole --- */

static bool open_file(struct check *c, struct error *error)
{
    const char *path = c->request->path;

    c->descriptor = archive_open_file(path, &c->size, error);
    if (c->descriptor < 0)
        return false;
    c->decoder = chunk_decoder_new();
    c->encoder = chunk_encoder_new();
    return (c->decoder && c->encoder) || error_set(error, STATUS_HOST, path, NULL, NULL, "out of memory");
}

static void forget(struct check *c)
{
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++) {
        free(c->disks[slot].claimed);
        free(c->disks[slot].read);
        free(c->disks[slot].unreadable);
    }
    seal_free(&c->seal);
    free(c->content);
    free(c->by_name);
    free(c->parts);
    free(c->held.list);
}

/* What lies where, and what it must be. False: it is no archive. */
static bool read_head(struct check *c)
{
    if (!plan_members(c))
        return false;
    if (!c->out_of_memory) {
        judge_evidence(c);
        load_claims(c);
    }
    return true;
}

/* The same, once more from the disk if anything was found: only what is found twice is damage. */
static bool read_head_surely(struct check *c)
{
    struct check first = *c, once;
    bool good = read_head(c);

    if ((good && c->by_seal && c->result->findings == 0) || c->held.declared || c->out_of_memory)
        return good;
    once = *c;
    posix_fadvise(c->descriptor, 0, 0, POSIX_FADV_DONTNEED);
    *c = first;
    *c->result = (struct verify_result){.bytes = 0};
    good = read_head(c);
    if (good && c->by_seal && c->result->findings == 0) {
        report_place(c, "archive", "seal.txt or a table of extents", 0, c->size, "does not match");
        if (c->held.count)
            c->held.list[0].unsteady = true;
        c->result->findings = 0;
        c->result->unsteady = 1;
    }
    forget(&once);
    return good;
}

/* --- Where an earlier run stopped --- */

/* What identifies the file, and what is done with it. */
static void describe(const struct check *c, struct verify_state *state)
{
    struct stat st;

    *state = (struct verify_state){.method = c->request->method, .percent = c->request->percent};
    memcpy(state->statement, c->statement, sizeof state->statement);
    if (fstat(c->descriptor, &st) != 0)
        return;
    state->device = (uint64_t)st.st_dev;
    state->inode = (uint64_t)st.st_ino;
    state->size = (uint64_t)st.st_size;
    state->changed = (uint64_t)st.st_ctim.tv_sec * 1000000000u + (uint64_t)st.st_ctim.tv_nsec;
    state->modified = (uint64_t)st.st_mtim.tv_sec * 1000000000u + (uint64_t)st.st_mtim.tv_nsec;
}

/* Takes what an earlier run has read for what it must be. Returns how many members that are. */
static uint32_t resume(struct check *c, const struct verify_state *now)
{
    const struct verify_state *then = c->request->state;

    if (!then || then->members == 0 || then->members > c->count || then->device != now->device ||
        then->inode != now->inode || then->size != now->size || then->changed != now->changed ||
        then->modified != now->modified || strcmp(then->statement, now->statement) != 0 ||
        then->method != now->method || then->percent != now->percent || !claims_are_whole(c))
        return 0;
    for (uint64_t i = 0; i < then->members; i++)
        take_claim(c, &c->parts[i]);
    c->result->chunks = then->chunks;
    c->result->findings += then->findings;
    c->result->resumed = then->members;
    return (uint32_t)then->members;
}

static void count_chunks(struct check *c)
{
    for (uint32_t i = 0; i < c->count; i++)
        if (c->parts[i].id.kind == MEMBER_MAP)
            c->result->chunks_there += c->parts[i].member.size / MAP_LINE;
    c->result->members_there = c->count;
}

static bool check_all(struct check *c, struct error *error)
{
    const char *path = c->request->path;
    struct verify_state now;
    bool trusted;

    if (!signer_is_trusted(c->request->trusted, c->request->trusted_count, "", &trusted, error) || !open_file(c, error))
        return false;
    if (!read_head_surely(c))
        return error_set(error, STATUS_INPUT, path, NULL, NULL,
                         "is not a Muniment archive: it has neither the README nor the seal of one");
    declare_held(c, &c->held);
    c->held.declared = true;
    if (!c->out_of_memory) {
        describe(c, &now);
        count_chunks(c);
        read_members(c, resume(c, &now));
        now.members = c->stopped;
        now.chunks = c->result->chunks;
        now.findings = c->result->findings;
    }
    if (!c->out_of_memory && !c->cancelled && c->stopped == c->count) {
        check_roots(c);
        if (c->result->findings == 0)
            check_consistency(c);
    }
    if (c->out_of_memory)
        return error_set(error, STATUS_HOST, path, NULL, NULL, "out of memory");
    if (c->failure.status != STATUS_OK) {
        *error = c->failure;
        return false;
    }
    if (c->cancelled)
        return error_set(error, STATUS_HOST, path, NULL, NULL, "cancelled");
    if (c->request->state)
        *c->request->state = now;
    return true;
}

void sealed_rights(struct sealed_identity *sealed, const struct description_manifest *d)
{
    if (!d->open)
        memcpy(sealed->closed_until, d->closed_until, sizeof sealed->closed_until);
    memcpy(sealed->closure, d->closure, sizeof sealed->closure);
}

/* The description's rules on access, as far as the description can be read. */
static void describe_rights(struct check *c, struct sealed_identity *sealed)
{
    struct part *part = find_part(c, MEMBER_DESCRIPTION, 0);
    char *text = part ? read_part(c, part, MANIFEST_LIMIT) : NULL;
    struct description_manifest *d = malloc(sizeof *d);
    struct error ignored;

    c->out_of_memory |= !d;
    if (text && d && description_manifest_parse(text, (size_t)part->member.size, "description.yaml", d, &ignored))
        sealed_rights(sealed, d);
    free(d);
    free(text);
}

/* Asks whoever knows the evidence who vouches for the archive. */
static bool ask_vouching(struct check *c, struct error *error)
{
    const struct verify_request *request = c->request;
    struct verify_result *r = c->result;

    struct sealed_identity *sealed = calloc(1, sizeof *sealed);
    struct part *part = find_part(c, MEMBER_SIGNATURE, 0);
    char *signature = part ? read_part(c, part, SIGNATURE_SIZE) : NULL;
    uint8_t digest[DIGEST_SIZE];
    struct trust trust;
    bool good = true;

    c->out_of_memory |= !sealed;
    if (!c->out_of_memory && signature && part->member.size == SIGNATURE_SIZE && c->content && c->vouched &&
        request->vouch) {
        memcpy(sealed->machine_root, c->result->machine_root, sizeof sealed->machine_root);
        memcpy(sealed->statement, c->statement, sizeof sealed->statement);
        memcpy(sealed->signer, c->result->signer, sizeof sealed->signer);
        memcpy(sealed->signature, signature, SIGNATURE_SIZE);
        sha256(c->content, strlen(c->content), digest);
        hex_encode(digest, sealed->content);
        describe_rights(c, sealed);
        good = request->vouch(request->vouch_context, sealed, &r->vouching, r->trust, error);
    } else {
        good = signer_trust(request->trusted, request->trusted_count, r->signer, NULL, &trust, error);
        r->vouching = good && c->vouched && trust.trusted ? VOUCHED_SIGNED : VOUCHED_NOBODY;
        snprintf(r->trust, sizeof r->trust, "%s", trust.note);
    }
    free(signature);
    free(sealed);
    return good && (!c->out_of_memory || error_set(error, STATUS_HOST, request->path, NULL, NULL, "out of memory"));
}

static bool give_verdict(struct check *c, struct error *error)
{
    const struct verify_request *request = c->request;
    struct verify_result *r = c->result;

    r->members = c->stopped;
    r->bytes = c->stopped == c->count ? c->size : c->parts[c->stopped].member.offset - TAR_BLOCK;
    if (!content_machine_root(c, r->machine_root))
        r->machine_root[0] = '\0';
    if (!ask_vouching(c, error))
        return false;
    if (r->findings > 0)
        r->verdict = VERDICT_DAMAGED;
    else if (!c->vouched)
        r->verdict = VERDICT_BAD_SIGNATURE;
    else if (c->stopped < c->count)
        r->verdict = VERDICT_PARTIAL;
    else if (request->method == VERIFY_SAMPLE)
        r->verdict = VERDICT_SAMPLED;
    else if (r->derived && !*r->parent)
        r->verdict = VERDICT_INHERITED;
    else
        r->verdict = r->vouching >= VOUCHED_COUNTERSIGNED ? VERDICT_TRUSTED : VERDICT_UNKNOWN_SIGNER;
    if (c->signature_bad && !c->request->integrity_only) {
        const struct member *m = &find_part(c, MEMBER_SIGNATURE, 0)->member;

        report_place(c, m->name, NULL, m->offset, m->size, "does not fit the statement and the key");
    }
    return true;
}

bool archive_verify(const struct verify_request *request, struct verify_result *result, struct error *error)
{
    struct check c = {.request = request, .result = result, .descriptor = -1, .random = 1};
    bool done;

    memset(result, 0, sizeof *result);
    if (request->method == VERIFY_SAMPLE && getrandom(&c.random, sizeof c.random, 0) == (ssize_t)sizeof c.random)
        c.random |= 1;
    done = check_all(&c, error) && give_verdict(&c, error);
    if (c.descriptor >= 0)
        close(c.descriptor);
    chunk_decoder_free(c.decoder);
    chunk_encoder_free(c.encoder);
    forget(&c);
    return done;
}
