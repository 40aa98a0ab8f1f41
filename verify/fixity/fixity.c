/* fixity.c - joins the parts of a verification and gives the verdict. See fixity.h. */
#include "verify/fixity/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PUBLIC_FILE_LIMIT 16384

/* --- Trust --- */

bool signer_is_trusted(const char *const *keys, size_t count, const char *signer, bool *trusted, struct error *error)
{
    char text[PUBLIC_FILE_LIMIT];
    uint8_t digest[DIGEST_SIZE];
    hex_digest hex;

    *trusted = false;
    for (size_t i = 0; i < count; i++) {
        FILE *file = fopen(keys[i], "rb");
        size_t size;

        if (!file)
            return error_set(error, errno == ENOENT ? STATUS_INPUT : STATUS_HOST, keys[i], NULL, NULL,
                             "cannot open: %s", strerror(errno));
        size = fread(text, 1, sizeof text, file);
        fclose(file);
        if (!public_key_digest(text, size, false, digest))
            return error_set(error, STATUS_INPUT, keys[i], NULL, NULL, "is not an Ed25519 public key in PEM");
        hex_encode(digest, hex);
        *trusted = *trusted || strcmp(hex, signer) == 0;
    }
    return true;
}

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

static bool check_all(struct check *c, struct error *error)
{
    const char *path = c->request->path;
    bool trusted;

    if (!signer_is_trusted(c->request->trusted, c->request->trusted_count, "", &trusted, error) || !open_file(c, error))
        return false;
    if (!plan_members(c))
        return error_set(error, STATUS_INPUT, path, NULL, NULL,
                         "is not a Muniment archive: it has neither the README nor the seal of one");
    if (!c->out_of_memory) {
        judge_evidence(c);
        load_claims(c);
        stream_members(c);
        if (!c->cancelled && !c->out_of_memory)
            check_roots(c);
    }
    if (c->result->findings == 0 && !c->out_of_memory && !c->cancelled)
        check_consistency(c);
    if (c->out_of_memory)
        return error_set(error, STATUS_HOST, path, NULL, NULL, "out of memory");
    if (c->cancelled)
        return error_set(error, STATUS_HOST, path, NULL, NULL, "cancelled");
    return true;
}

static bool give_verdict(struct check *c, struct error *error)
{
    const struct verify_request *request = c->request;
    struct verify_result *r = c->result;
    bool trusted;

    r->bytes = c->size;
    r->members = c->count;
    if (!content_machine_root(c, r->machine_root))
        r->machine_root[0] = '\0';
    if (!signer_is_trusted(request->trusted, request->trusted_count, r->signer, &trusted, error))
        return false;
    if (r->findings > 0)
        r->verdict = VERDICT_DAMAGED;
    else if (!c->vouched)
        r->verdict = VERDICT_BAD_SIGNATURE;
    else
        r->verdict = trusted ? VERDICT_TRUSTED : VERDICT_UNKNOWN_SIGNER;
    if (c->signature_bad && !c->request->integrity_only) {
        const struct member *m = &find_part(c, MEMBER_SIGNATURE, 0)->member;

        report_place(c, m->name, NULL, m->offset, m->size, "does not fit the statement and the key");
    }
    return true;
}

static void release(struct check *c)
{
    if (c->descriptor >= 0)
        close(c->descriptor);
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++) {
        free(c->disks[slot].claimed);
        free(c->disks[slot].read);
        free(c->disks[slot].unreadable);
    }
    chunk_decoder_free(c->decoder);
    chunk_encoder_free(c->encoder);
    seal_free(&c->seal);
    free(c->content);
    free(c->by_name);
    free(c->parts);
}

bool archive_verify(const struct verify_request *request, struct verify_result *result, struct error *error)
{
    struct check c = {.request = request, .result = result, .descriptor = -1};
    bool done;

    memset(result, 0, sizeof *result);
    done = check_all(&c, error) && give_verdict(&c, error);
    release(&c);
    return done;
}
