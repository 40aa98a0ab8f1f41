/* repair.c - see repair.h. The output is written under its temporary name, mended there, and verified as any archive
 * is, before it gets its own. */
#include "verify/repair/repair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/file.h"
#include "formats/output.h"
#include "verify/repair/sealed.h"

#define BUFFER_SIZE (1u << 20)

struct repair {
    const struct repair_request *request;
    struct repair_result *result;
    struct worn *sources; /* the damaged archive, then the replicas */
    struct worn parity, output;
    struct output file;
};

/* --- Files --- */

static bool open_sources(struct repair *r, struct error *error)
{
    const struct repair_request *request = r->request;

    r->sources = calloc(request->count + 1, sizeof *r->sources);
    if (!r->sources)
        return error_set(error, STATUS_HOST, request->path, NULL, NULL, "out of memory");
    for (size_t i = 0; i <= request->count; i++)
        r->sources[i].descriptor = -1;
    for (size_t i = 0; i <= request->count; i++)
        if (!worn_open(&r->sources[i], i ? request->others[i - 1] : request->path, error))
            return false;
    return !request->parity || worn_open(&r->parity, request->parity, error);
}

/* What is repaired, or repaired from, is not written to. */
static bool is_apart(const struct repair *r, const struct worn *from, struct error *error)
{
    struct stat there, source;

    return from->descriptor < 0 || stat(r->request->output, &there) != 0 || fstat(from->descriptor, &source) != 0 ||
           there.st_dev != source.st_dev || there.st_ino != source.st_ino ||
           error_set(error, STATUS_INPUT, r->request->output, NULL, "name another file",
                     "is a file that is repaired, or repaired from");
}

static bool open_output(struct repair *r, struct error *error)
{
    for (size_t i = 0; i <= r->request->count; i++)
        if (!is_apart(r, &r->sources[i], error))
            return false;
    if (!is_apart(r, &r->parity, error) ||
        !output_whole(&r->file, r->request->output, 0644, r->request->replace, error))
        return false;
    r->output = (struct worn){.descriptor = fileno(r->file.file), .path = r->request->output};
    return true;
}

/* --- Steps --- */

static bool copy_damaged(struct repair *r, struct error *error)
{
    const struct worn *from = &r->sources[0];
    uint8_t *buffer = malloc(BUFFER_SIZE);
    bool good = buffer || error_set(error, STATUS_HOST, from->path, NULL, NULL, "out of memory");

    for (uint64_t at = 0; good && at < from->size; at += BUFFER_SIZE) {
        size_t size = from->size - at < BUFFER_SIZE ? (size_t)(from->size - at) : BUFFER_SIZE;

        worn_read(from, at, buffer, size);
        good = file_write(r->output.descriptor, r->output.path, at, buffer, size, error);
    }
    free(buffer);
    r->output.size = from->size;
    return good;
}

static bool mend_by_parity(struct repair *r, struct error *error)
{
    struct parity_mending request = {
        .sources = r->sources,
        .count = r->request->count + 1,
        .parity = &r->parity,
        .output = r->output.descriptor,
        .progress = r->request->progress,
        .progress_context = r->request->progress_context,
    };

    r->result->by_parity = true;
    if (!parity_mend(&request, &r->result->parity, error))
        return false;
    r->output.size = r->result->parity.shape.size;
    return true;
}

static bool mend_by_seal(struct repair *r, struct error *error)
{
    struct sealed_mending request = {.output = &r->output, .others = r->sources + 1, .count = r->request->count};
    struct sealed_result result;

    r->result->by_seal = true;
    if (!sealed_mend(&request, &result, error))
        return false;
    r->result->pieces = result.pieces;
    r->result->seal_from = result.from == r->output.path ? r->request->path : result.from; /* a copy of that */
    return true;
}

/* A verdict about an open file, whatever its name is by now. */
static bool verify_open(const struct worn *file, bool last, const struct repair_request *told,
                        struct verify_result *result, struct error *error)
{
    char path[64];
    struct verify_request request = {
        .path = path,
        .own = true,
        .found = last ? told->found : NULL,
        .found_context = last ? told->found_context : NULL,
        .progress = told->progress,
        .progress_context = told->progress_context,
    };

    snprintf(path, sizeof path, "/proc/self/fd/%d", file->descriptor);
    if (archive_verify(&request, result, error))
        return true;
    snprintf(error->object, sizeof error->object, "%s", file->path);
    return false;
}

static bool is_sound(const struct verify_result *verdict)
{
    return verdict->verdict == VERDICT_TRUSTED || verdict->verdict == VERDICT_UNKNOWN_SIGNER ||
           verdict->verdict == VERDICT_INHERITED;
}

/* Nothing of an archive is left: that is the finding. */
static void report_all(const struct repair *r)
{
    struct finding all = {.member = "file",
                          .length = r->output.size,
                          .what = "is no archive: neither the README nor the seal of one is left"};

    if (r->request->found)
        r->request->found(r->request->found_context, &all);
}

/* Gives the verdict about the output; the last one tells what is wrong. */
static bool judge(struct repair *r, bool last, struct error *error)
{
    if (verify_open(&r->output, last, r->request, &r->result->verdict, error)) {
        r->result->mended = is_sound(&r->result->verdict);
        return true;
    }
    r->result->verdict.verdict = VERDICT_DAMAGED;
    if (last && error->status == STATUS_INPUT)
        report_all(r);
    return error->status == STATUS_INPUT;
}

static bool run(struct repair *r, struct error *error)
{
    if (!open_sources(r, error) || !open_output(r, error) ||
        !(r->request->parity ? mend_by_parity(r, error) : copy_damaged(r, error)) || !judge(r, false, error))
        return false;
    if (!r->result->mended && (!mend_by_seal(r, error) || !judge(r, true, error)))
        return false;
    if (!r->result->mended && !r->request->partial)
        return true;
    r->result->written = output_commit(&r->file, error);
    return r->result->written;
}

bool archive_repair(const struct repair_request *request, struct repair_result *result, struct error *error)
{
    struct repair r = {.request = request, .result = result, .parity = {.descriptor = -1}, .file = {.file = NULL}};
    bool done;

    memset(result, 0, sizeof *result);
    done = run(&r, error);
    output_abort(&r.file);
    for (size_t i = 0; r.sources && i <= request->count; i++)
        worn_close(&r.sources[i]);
    worn_close(&r.parity);
    free(r.sources);
    return done;
}

/* --- Protection --- */

static bool protect(const struct protect_request *request, const struct worn *source, struct parity_shape *shape,
                    struct error *error)
{
    const struct repair_request telling = {.progress = request->progress,
                                           .progress_context = request->progress_context};
    struct parity_writing writing = {.source = source,
                                     .shape = shape,
                                     .path = request->output,
                                     .replace = request->replace,
                                     .progress = request->progress,
                                     .progress_context = request->progress_context};
    struct verify_result verdict;
    struct archive *archive;
    uint8_t statement[DIGEST_SIZE];

    if (!verify_open(source, false, &telling, &verdict, error))
        return false;
    if (!is_sound(&verdict))
        return error_set(error, STATUS_WRONG, source->path, NULL, "`muniment verify` reports more",
                         "is damaged, or nobody vouches for it: parity would keep it so");
    archive = archive_open_descriptor(source->descriptor, source->path, NULL, error);
    if (!archive)
        return false;
    hex_decode(archive_signature(archive)->statement, statement);
    archive_close(archive);
    parity_shape(shape, source->size, request->amount, statement);
    return parity_write(&writing, error);
}

bool archive_protect(const struct protect_request *request, struct parity_shape *shape, struct error *error)
{
    struct worn source;
    bool done = output_may(request->output, request->replace, error) && worn_open(&source, request->path, error);

    if (!done)
        return false;
    done = protect(request, &source, shape, error);
    worn_close(&source);
    return done;
}
