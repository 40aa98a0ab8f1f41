/* attest.h - reference boots: what a sealed machine did when it was sealed, and whether it does that still
 * (spec/archive.md, attest.txt). */
#ifndef MUNIMENT_VERIFY_ATTEST_H
#define MUNIMENT_VERIFY_ATTEST_H

#include "verify/runs/journal.h"
#include "verify/runs/media.h"

/* Makes an attestation of a journal: repeats it on the machine, which must be equal to it, and writes down the points.
 * Takes the journal's text over. */
bool attest_make(const struct sealed_machine *machine, char *journal, size_t journal_size,
                 struct attestation *attestation, struct error *error);

struct attest_result {
    bool equal;
    bool other_machine;            /* the attestation names another machine-root */
    uint32_t points;               /* that were equal */
    uint64_t equal_at, differs_at; /* ticks: the last equal point, if there is one; the first that differs */
    char parts[256];               /* that differ; "picture" is one */
    char what[256];                /* what differs, if it is not the state at a point */
};

/* Repeats the reference boot of an archive, from the archive alone, and closes it. False with *error when it could not
 * be done: status STATUS_OK if the archive has no attestation. progress gets ticks. */
bool attest_check(struct archive *archive, progress_function *progress, void *context, struct attest_result *result,
                  struct error *error);

#endif
