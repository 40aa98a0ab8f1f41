/* write.c - writes a batch: a file that is named by its digest and never written again. */
#define _DEFAULT_SOURCE
#include "verify/evidence/set.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "formats/file.h"
#include "formats/output.h"

#define PART (1u << 16)

/* Hashes a file by as many algorithms as this OpenSSL has. */
static bool hash_file(struct text *t, int descriptor, const char *path, uint64_t size, struct error *error)
{
    static const char *const algorithms[] = {"sha256", "sha512", "sha3-512"};
    struct sha256 hashes[3];
    uint8_t *part = malloc(PART);
    bool good = part || error_host(error, path, ENOMEM, "cannot read");

    for (int i = 0; i < 3; i++)
        hash_begin(&hashes[i], algorithms[i]);
    for (uint64_t at = 0; good && at < size; at += PART) {
        const size_t n = size - at < PART ? (size_t)(size - at) : PART;

        good = file_read(descriptor, path, at, part, n, error);
        for (int i = 0; good && i < 3; i++)
            if (hashes[i].context)
                sha256_add(&hashes[i], part, n);
    }
    for (int i = 0; i < 3; i++) {
        char hex[2 * HASH_LIMIT + 1];

        if (!hashes[i].context)
            continue;
        hash_end(&hashes[i], hex);
        text_print(t, "file: %s %llu %s\n", algorithms[i], (unsigned long long)size, hex);
    }
    free(part);
    return good;
}

/* The digests of the archive's file for renewals (RFC 4998): of the file that is open, which nobody may have written to
 * since. */
static bool add_files(struct text *t, const struct batch_request *r, struct error *error)
{
    const int descriptor = archive_descriptor(r->file);
    const char *path = r->subject->path;

    return hash_file(t, descriptor, path, r->state->size, error) && file_unchanged(descriptor, path, r->state, error);
}

static void fill(struct batch *b, const struct batch_request *r)
{
    time_t now = time(NULL);
    struct tm tm;

    memcpy(b->machine_root, r->subject->sealed.machine_root, sizeof b->machine_root);
    memcpy(b->content, r->subject->sealed.content, sizeof b->content);
    memcpy(b->statement, r->subject->sealed.statement, sizeof b->statement);
    strftime(b->made, sizeof b->made, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
    b->stand_count = r->stands_on ? (unsigned)evidence_heads(r->stands_on, b->stands_on, BATCH_STANDS) : 0;
    if (r->decision) {
        b->decides = true;
        b->decision = *r->decision;
    }
    snprintf(b->reason, sizeof b->reason, "%s", r->reason ? r->reason : "");
    snprintf(b->review, sizeof b->review, "%s", r->review ? r->review : "");
    snprintf(b->about, sizeof b->about, "%s", r->about ? r->about : "");
    b->stamp = (uint8_t *)r->stamp.bytes;
    b->stamp_size = r->stamp.size;
    for (size_t i = 0; i < r->crl_count && i < BATCH_CRLS; i++)
        b->crls[b->crl_count++] = r->crls[i];
}

/* The text with its signatures. */
static bool make_text(const struct batch_request *r, struct text *t, struct error *error)
{
    struct batch *b = calloc(1, sizeof *b);
    struct text files = {.bytes = NULL};
    bool good = b || error_host(error, r->subject->path, ENOMEM, "cannot write evidence of");

    if (good)
        fill(b, r);
    good = good && (!r->file || add_files(&files, r, error));
    for (size_t i = 0; good && i < r->key_count && i < BATCH_KEYS; i++) {
        const char *algorithm;

        good = key_der_of(r->keys[i], &b->keys[b->key_count++], &algorithm) ||
               error_set(error, STATUS_INPUT, r->subject->path, NULL, NULL, "cannot hold a key that is so long");
    }
    if (good)
        batch_print(t, b, &files);
    size_t body = t->length;
    for (size_t i = 0; good && i < r->key_count && i < BATCH_KEYS; i++)
        good = key_text_sign(t, body, r->keys[i], error);
    if (good && t->failed)
        good = error_host(error, r->subject->path, ENOMEM, "cannot write evidence of");
    text_free(&files);
    free(b);
    return good;
}

bool batch_write(const struct batch_request *r, hex_digest name, struct error *error)
{
    struct text t = {.bytes = NULL};
    struct batch *again = NULL;
    struct output output;
    uint8_t digest[DIGEST_SIZE];
    struct evidence_folders beside;
    const char *folder = r->folder ? r->folder : beside.paths[0];
    char path[PATH_MAX + 80];
    bool good = make_text(r, &t, error);
    char *copy = good ? strndup(t.bytes, t.length) : NULL;

    if (good && !(again = copy ? batch_parse(copy, t.length) : NULL))
        good = error_set(error, STATUS_USAGE, r->subject->path, NULL,
                         "dates are YYYY-MM-DD; a reason has at most 511 characters on one line",
                         "cannot get a batch of this form");
    batch_free(again);
    if (good)
        sha256(t.bytes, t.length, digest);
    if (good)
        hex_encode(digest, name);
    if (good && !evidence_folders(r->subject->path, r->subject->sealed.content, &beside))
        good = error_host(error, r->subject->path, ENAMETOOLONG, "cannot write evidence of");
    if (good && mkdir(folder, 0777) != 0 && errno != EEXIST)
        good = error_host(error, folder, errno, "cannot make");
    if (good)
        snprintf(path, sizeof path, "%s/%s" BATCH_ENDING, folder, name);
    good = good && output_whole(&output, path, 0444, false, error) && output_text(&output, &t, error);
    text_free(&t);
    return good;
}
