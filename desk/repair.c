/* repair.c - the subcommands that mend archives: parity new, parity check, repair. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "desk/act.h"
#include "desk/desk.h"
#include "desk/progress.h"
#include "formats/plain.h"
#include "verify/repair/repair.h"

/* The parity file of an archive: that of an option, or NAME.mun.parity. False: the name is too long. */
static bool parity_path(const struct arguments *a, const char *option, char path[PATH_MAX], struct error *error)
{
    const char *given = argument_value(a, option);
    int length = snprintf(path, PATH_MAX, "%s%s", given ? given : a->operands[0], given ? "" : ".parity");

    return length < PATH_MAX || error_set(error, STATUS_INPUT, a->operands[0], NULL, NULL, "name is too long");
}

/* "1/N". */
static bool parse_amount(const char *text, uint32_t *amount, struct error *error)
{
    char *end;
    unsigned long n = strncmp(text, "1/", 2) ? 0 : strtoul(text + 2, &end, 10);

    *amount = (uint32_t)n;
    return (n >= PARITY_AMOUNT_MIN && n <= PARITY_AMOUNT_MAX && text[2] != '+' && !*end) ||
           error_set(error, STATUS_USAGE, "--amount", NULL, NULL, "is not 1/2 to 1/64");
}

/* How much may be lost in one place. */
static uint64_t burst(const struct parity_shape *s)
{
    return s->checks * s->columns * s->block - s->block;
}

static enum status protect_run(const struct arguments *a, struct act *act)
{
    const char *amount = argument_value(a, "--amount");
    struct progress progress;
    struct parity_shape shape;
    struct error error;
    char path[PATH_MAX];
    struct protect_request request = {
        .path = a->operands[0],
        .output = path,
        .replace = argument_value(a, "--force"),
        .amount = PARITY_AMOUNT,
        .progress = progress_bytes,
        .progress_context = &progress,
    };

    if (!parity_path(a, "-o", path, &error) || (amount && !parse_amount(amount, &request.amount, &error)))
        return desk_fail(&error);
    progress_begin(&progress, "protecting");
    bool good = archive_protect(&request, &shape, &error);
    progress_end(&progress);
    if (!good)
        return desk_fail(&error);
    plain_print(stdout, path);
    printf(": mends up to %" PRIu64 " bytes lost in one place, %u of %u blocks of %u bytes in each of %" PRIu64
           " columns\n",
           burst(&shape), shape.checks, shape.rows, shape.block, shape.columns);
    act_fact(act, "parity", path);
    return STATUS_OK;
}

enum status parity_new_run(const struct arguments *a)
{
    return act_run(a, "parity", protect_run);
}

/* The counts of what a parity file found. */
static void print_found(const struct parity_result *r)
{
    printf("  blocks        %" PRIu64 " of %u bytes lost; %" PRIu64 " are computed, %" PRIu64
           " found in replicas, %" PRIu64 " cannot be mended\n",
           r->lost, r->shape.block, r->computed, r->replaced, r->kept);
    if (r->unknown)
        printf("  columns       %" PRIu64 " of %" PRIu64 " unknown: too many of their records are lost\n", r->unknown,
               r->shape.columns);
    printf("  parity        %" PRIu64 " of %" PRIu64 " records lost%s\n", r->lost_records, r->records,
           r->head_lost ? ", and its text or length is not what it was" : "");
}

enum status parity_check_run(const struct arguments *a)
{
    struct worn archive, parity = {.descriptor = -1};
    struct parity_mending request = {.sources = &archive, .count = 1, .parity = &parity, .output = -1};
    struct parity_result result;
    struct progress progress;
    struct error error;
    char path[PATH_MAX];

    if (!parity_path(a, "--parity", path, &error) || !worn_open(&archive, a->operands[0], &error))
        return desk_fail(&error);
    request.progress = progress_bytes;
    request.progress_context = &progress;
    bool good = worn_open(&parity, path, &error);
    progress_begin(&progress, "checking");
    good = good && parity_mend(&request, &result, &error);
    progress_end(&progress);
    worn_close(&archive);
    worn_close(&parity);
    if (!good)
        return desk_fail(&error);
    bool whole = !result.lost && !result.unknown && archive.size == result.shape.size,
         kept = !result.lost_records && !result.head_lost;
    plain_print(stdout, a->operands[0]);
    printf(": %s\n", whole && kept                  ? "as it was, and so is its parity"
                     : whole                        ? "as it was; its parity is damaged: make it anew"
                     : result.kept + result.unknown ? "damaged, and parity alone cannot mend all of it"
                                                    : "damaged; `muniment repair` mends it");
    print_found(&result);
    return whole && kept ? STATUS_OK : STATUS_WRONG;
}

/* --- repair --- */

struct repairing {
    const char *path;
    struct progress progress;
};

static void print_lost(void *context, const struct finding *f)
{
    struct repairing *repairing = context;
    const char *const parts[] = {repairing->path, ": cannot be mended: ", f->member, ": ", f->what, " (", f->place};

    progress_end(&repairing->progress);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        plain_print(stdout, parts[i]);
    printf("%soffset %" PRIu64 ", length %" PRIu64 ")\n", *f->place ? ", " : "", f->offset, f->length);
}

static enum status print_repair(const char *output, const struct repair_result *r)
{
    plain_print(stdout, output);
    printf(": %s%s\n",
           r->mended                                     ? "intact, and signed"
           : r->verdict.verdict == VERDICT_BAD_SIGNATURE ? "agrees with itself, but nobody vouches for it"
                                                         : "still damaged",
           r->written ? "" : "; not written");
    if (r->by_parity)
        print_found(&r->parity);
    if (r->by_seal && r->seal_from) {
        printf("  by the seal   %" PRIu64 " pieces mended; seal of ", r->pieces);
        plain_print(stdout, r->seal_from);
        putchar('\n');
    } else if (r->by_seal) {
        printf("  by the seal   nothing: no file holds a seal of this archive that is signed\n");
    }
    if (*r->verdict.machine_root)
        printf("  machine-root  %s\n", r->verdict.machine_root);
    if (*r->verdict.signer)
        printf("  signer        %s\n", r->verdict.signer);
    return r->mended ? STATUS_OK : STATUS_WRONG;
}

static enum status mend_run(const struct arguments *a, struct act *act)
{
    size_t other_count;
    const char **others = argument_values(a, "--from", &other_count);
    struct repairing repairing = {.path = a->operands[0]};
    struct repair_result result;
    struct error error;
    char beside[PATH_MAX];
    struct repair_request request = {
        .path = a->operands[0],
        .others = others,
        .count = other_count,
        .parity = argument_value(a, "--parity"),
        .output = argument_value(a, "-o"),
        .replace = argument_value(a, "--force"),
        .partial = argument_value(a, "--partial"),
        .found = print_lost,
        .found_context = &repairing,
        .progress = progress_bytes,
        .progress_context = &repairing.progress,
    };

    if (!others) {
        error_set(&error, STATUS_HOST, a->operands[0], NULL, NULL, "out of memory");
        return desk_fail(&error);
    }
    if (!request.parity && parity_path(a, "--parity", beside, &error) && access(beside, F_OK) == 0)
        request.parity = beside;
    progress_begin(&repairing.progress, "repairing");
    bool good = archive_repair(&request, &result, &error);
    progress_end(&repairing.progress);
    free(others);
    if (!good)
        return desk_fail(&error);
    act_fact(act, "verdict", result.mended ? "mended" : "damaged");
    act_fact(act, "output", result.written ? request.output : "");
    act_fact(act, "machine-root", result.verdict.machine_root);
    return print_repair(request.output, &result);
}

enum status repair_run(const struct arguments *a)
{
    return act_run(a, "repair", mend_run);
}
