/* repair.h - the public header of verify/repair/: a damaged archive is mended from its parity file (spec/parity.md),
 * from replicas, or from both, and what comes out is proved equal to the seal. */
#ifndef MUNIMENT_VERIFY_REPAIR_H
#define MUNIMENT_VERIFY_REPAIR_H

#include "verify/fixity/fixity.h"
#include "verify/repair/parity.h"

struct repair_request {
    const char *path; /* the damaged archive; it is only read */
    const char *const *others;
    size_t count;       /* of replicas */
    const char *parity; /* or null: none */
    const char *output; /* formats/output.h; none of the files above */
    bool replace;
    bool partial; /* write what could be mended, if that is not all */
    /* Called for each place that could not be mended. */
    void (*found)(void *context, const struct finding *finding);
    void *found_context;
    progress_function *progress; /* or null */
    void *progress_context;
};

struct repair_result {
    bool by_parity;              /* the parity file was used: */
    struct parity_result parity; /* what it found */
    bool by_seal;                /* pieces were looked for one by one: */
    uint64_t pieces;             /* that were mended */
    const char *seal_from;       /* the file whose seal was followed; null: none was found */
    bool mended;                 /* the output is intact and signed */
    bool written;
    struct verify_result verdict; /* about the output */
};

/* Repairs. Without `partial`, an output that is not intact is not written. False with *error when a file cannot be
 * read, is no parity file (STATUS_INPUT), or the host fails (STATUS_HOST). */
bool archive_repair(const struct repair_request *request, struct repair_result *result, struct error *error);

/* The archive that a parity file is made for. */
struct protect_request {
    const char *path;   /* of the archive, which must be intact */
    const char *output; /* of its parity file */
    bool replace;
    uint32_t amount;             /* 1/amount: PARITY_AMOUNT_MIN to PARITY_AMOUNT_MAX */
    progress_function *progress; /* or null */
    void *progress_context;
};

/* Verifies an archive and writes its parity file, both from one open file. False with *error; STATUS_WRONG: it is
 * damaged, or nobody vouches for it. */
bool archive_protect(const struct protect_request *request, struct parity_shape *shape, struct error *error);

#endif
