/* retrieve.c - the subcommand retrieve: takes files out of a disk into a BagIt bag (spec/retrieval.md). */
#define _GNU_SOURCE /* memmem */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "desk/act.h"
#include "desk/bag.h"
#include "desk/desk.h"
#include "desk/progress.h"
#include "desk/receipt.h"
#include "formats/output.h"
#include "formats/plain.h"

struct retrieval {
    const struct arguments *arguments;
    struct desk_volume volume;
    struct progress progress;
    struct bag bag;
    struct text kept;       /* what shows later which files were withheld */
    struct output withheld; /* where that is kept */
    struct text left_out;   /* hex_digest of each file that was, unless it is empty */
    bool *withholds;        /* owned: for each --withhold whether it named a file */
    uint64_t damaged;
    bool host_failed; /* for some of that this host is to blame */
};

static void report_damage(void *context, const char *path, const struct error *damage)
{
    struct retrieval *r = context;
    struct error report = *damage;

    r->damaged++;
    r->host_failed |= damage->status == STATUS_HOST;
    progress_end(&r->progress);
    plain_copy(report.object, sizeof report.object, *path ? path : "/");
    error_print(stderr, &report);
}

static bool is_withheld(const struct retrieval *r, const char *path)
{
    const char *pattern;
    size_t position = 0;
    bool withheld = false;

    for (size_t i = 0; (pattern = argument_next(r->arguments, "--withhold", &position)); i++)
        if (path_is_named(pattern, path))
            withheld = r->withholds[i] = true;
    return withheld;
}

/* One that names nothing is a mistake: what it should leave out would be in the bag. */
static bool all_withhold(const struct retrieval *r, struct error *error)
{
    const char *pattern;
    size_t position = 0;

    for (size_t i = 0; (pattern = argument_next(r->arguments, "--withhold", &position)); i++)
        if (!r->withholds[i])
            return error_set(error, STATUS_WRONG, r->arguments->operands[0], NULL,
                             "write it as `muniment files` lists it, and among what is retrieved",
                             "--withhold \"%.200s\" names no file: nothing was retrieved", pattern);
    return true;
}

static bool leave_out(struct retrieval *r, const char *path, const struct file_entry *e, struct error *damage,
                      struct error *error)
{
    uint8_t digest[DIGEST_SIZE];
    hex_digest hex;

    if (!bag_digest(&r->bag, &r->volume, path, e, digest, damage, error))
        return false;
    hex_encode(digest, hex);
    if (e->size)
        text_add(&r->left_out, hex, sizeof hex);
    return receipt_withheld(&r->bag.receipt, &r->kept, path, e->size, digest, error);
}

/* What is withheld must not be given under another name: a hard link, or a copy. */
static bool none_is_given(const struct retrieval *r, struct error *error)
{
    const struct text *manifest = &r->bag.manifest;

    if (r->left_out.failed || manifest->failed)
        return error_host(error, r->bag.path, ENOMEM, "cannot retrieve");
    for (size_t at = 0; manifest->length && at < r->left_out.length; at += sizeof(hex_digest)) {
        const char *line = memmem(manifest->bytes, manifest->length, r->left_out.bytes + at, sizeof(hex_digest) - 1);
        if (!line)
            continue;
        const char *name = line + sizeof(hex_digest) + 1, *end = manifest->bytes + manifest->length;
        const char *feed = memchr(name, '\n', (size_t)(end - name));
        return error_set(error, STATUS_WRONG, r->bag.path, NULL, "withhold it as well",
                         "a withheld file would be in the bag as %.*s: nothing was retrieved",
                         (int)((feed ? feed : end) - name > 200 ? 200 : (feed ? feed : end) - name), name);
    }
    return true;
}

static bool take_one(void *context, const char *path, const struct file_entry *e, struct error *error)
{
    struct retrieval *r = context;
    struct error damage;

    if (e->kind != FILE_REGULAR)
        return true;
    if (!(is_withheld(r, path) ? leave_out(r, path, e, &damage, error)
                               : bag_take(&r->bag, &r->volume, "", path, e, &damage, error)))
        return false;
    if (damage.status != STATUS_OK)
        report_damage(r, path, &damage);
    return true;
}

/* What is withheld is worth something only if a receipt says so, and a receipt only of an archive. */
static bool begin_receipt(struct retrieval *r, struct error *error)
{
    const char *withhold = argument_value(r->arguments, "--withhold");
    char path[PATH_MAX];

    if (withhold && !argument_value(r->arguments, "--key"))
        return error_set(error, STATUS_USAGE, r->arguments->command->name, NULL, NULL, "--withhold goes with --key");
    if (!bag_begin_receipt(&r->bag, &r->volume, error))
        return false;
    if (argument_value(r->arguments, "--prove") &&
        !(r->bag.proof = proof_begin(&r->volume, r->arguments->operands[0], error)))
        return false;
    if (!withhold)
        return true;
    if (snprintf(path, sizeof path, "%s.withheld", r->bag.path) >= (int)sizeof path)
        return error_set(error, STATUS_INPUT, r->bag.path, NULL, NULL, "the path is too long");
    return output_whole(&r->withheld, path, 0600, false, error);
}

static bool begin_bag(struct retrieval *r, struct error *error)
{
    const char *path = argument_value(r->arguments, "-o");
    char folder[PATH_MAX];

    if (snprintf(folder, sizeof folder, "%s.muniment-%ld.tmp", path, (long)getpid()) >= (int)sizeof folder)
        return error_set(error, STATUS_INPUT, path, NULL, NULL, "the path is too long");
    r->bag.session = argument_value(r->arguments, "--overlay") || argument_value(r->arguments, "--snapshot");
    return bag_begin(&r->bag, r->arguments, path, folder, error);
}

static bool end(struct retrieval *r, struct error *error)
{
    const bool keeps = r->withheld.file;

    if (keeps)
        fwrite(r->kept.bytes ? r->kept.bytes : "", 1, r->kept.length, r->withheld.file);
    if (keeps && !output_commit(&r->withheld, error))
        return false;
    bool good = bag_end(&r->bag, &r->volume, argument_value(r->arguments, "--journal"), NULL, 0, error);
    if (keeps && !good)
        unlink(r->withheld.path); /* there is no receipt to which it belongs */
    return good;
}

static void report(const struct retrieval *r)
{
    const struct bag *b = &r->bag;

    plain_print(stdout, b->path);
    printf(": %" PRIu64 " file%s, %" PRIu64 " bytes\n", b->files, b->files == 1 ? "" : "s", b->bytes);
    if (r->bag.withheld)
        printf("  withheld      %" PRIu64 "; keep %s.withheld\n", r->bag.withheld, b->path);
    if (b->proof)
        printf("  proof         discloses %" PRIu64 " bytes of the disk, the files' own among them\n", b->disclosed);
    if (r->damaged)
        printf("  damaged       %" PRIu64 "; files.csv says which, and which of their bytes are missing\n", r->damaged);
}

static enum status retrieve_all(const struct arguments *a, struct act *act)
{
    struct retrieval r = {.arguments = a, .withholds = calloc(a->given_count + 1, sizeof(bool))};
    struct error error;
    char count[24];
    struct visit visit = {
        .wanted = a->operands + 1,
        .wanted_count = a->operand_count - 1,
        .each = take_one,
        .damaged = report_damage,
        .context = &r,
    };
    bool good = !(argument_value(a, "--prove") &&
                  (argument_value(a, "--overlay") || argument_value(a, "--snapshot"))) ||
                error_set(&error, STATUS_USAGE, a->command->name, NULL, NULL, "--prove is about what was sealed");

    if (good && !r.withholds)
        good = error_host(&error, a->operands[0], ENOMEM, "cannot retrieve");
    good = good && visit_read_options(a, &visit, &error) && desk_volume_open(a, &r.volume, &error);
    act_override(act, a, r.volume.disk.archive);
    progress_begin(&r.progress, "retrieving");
    good = good && begin_bag(&r, &error) && begin_receipt(&r, &error) && desk_volume_visit(&r.volume, &visit, &error);
    if (good && visit.closed)
        good = error_set(&error, STATUS_CLOSED, a->operands[0], NULL, "name files that are open; or " RIGHTS_REMEDY,
                         "is closed for %" PRIu64 " of the files and folders that are wanted", visit.closed);
    if (good && r.host_failed)
        good = error_set(&error, STATUS_HOST, a->operands[0], NULL, "mend that, and retrieve again",
                         "was not read to its end");
    if (good && visit.unnamed)
        good = error_set(&error, STATUS_WRONG, a->operands[0], NULL, "`muniment files` lists what it holds",
                         "holds nothing of the name \"%.200s\"", visit.unnamed);
    if (good && r.bag.files + r.bag.withheld == 0)
        good = error_set(&error, STATUS_WRONG, a->operands[0], NULL, "`muniment files` lists what it holds",
                         "holds no file that is wanted");
    good = good && all_withhold(&r, &error) && none_is_given(&r, &error) && end(&r, &error);
    progress_end(&r.progress);
    output_abort(&r.withheld);
    bag_abandon(&r.bag);
    if (good) {
        report(&r);
        snprintf(count, sizeof count, "%" PRIu64, r.bag.files);
        act_fact(act, "files", count);
        act_fact(act, "bag", r.bag.path);
    }
    enum status status = !good ? desk_fail(&error) : r.damaged ? STATUS_WRONG : STATUS_OK;
    desk_volume_close(&r.volume);
    bag_release(&r.bag);
    text_free(&r.kept);
    text_free(&r.left_out);
    free(r.withholds);
    return status;
}

enum status retrieve_run(const struct arguments *a)
{
    return act_run(a, "retrieve", retrieve_all);
}
