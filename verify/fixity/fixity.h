/* fixity.h - the public header of verify/fixity/: whether an archive is intact, and who signed it.
 *
 * Checks every byte of an archive against its one legal value or its digest, then the signatures, then who made them.
 * It reports all damage that it finds, each with its place (member, extent, chunk, file offset), and never stops at the
 * first. */
#ifndef MUNIMENT_VERIFY_FIXITY_H
#define MUNIMENT_VERIFY_FIXITY_H

#include "archive/archive.h"

enum verdict {
    VERDICT_TRUSTED,        /* intact, signed by a key the caller trusts */
    VERDICT_UNKNOWN_SIGNER, /* intact, signed, by a key the caller did not name */
    VERDICT_BAD_SIGNATURE,  /* it agrees with itself, but the signature does not fit: nobody vouches for it */
    VERDICT_DAMAGED
};

struct finding {
    char member[128]; /* member or region of the file */
    char place[256];  /* "chunk 12 of disk/hd0, sectors 1536-1663"; empty when the member says it all */
    uint64_t offset;  /* in the file */
    uint64_t length;
    char what[256];
};

struct verify_request {
    const char *path;
    const char *const *trusted; /* paths of public keys, PEM */
    size_t trusted_count;
    bool integrity_only; /* leave signatures and trust out of the verdict */
    /* Called for each finding. */
    void (*found)(void *context, const struct finding *finding);
    void *found_context;
    progress_function *progress; /* or null */
    void *progress_context;
    /* Or null: gets the archive that was verified, open, for the caller to close; null if it is damaged. What is read
     * from it is what the verdict is about, whatever becomes of path meanwhile. */
    struct archive **archive;
};

struct verify_result {
    enum verdict verdict;
    uint64_t bytes, members, chunks; /* that were checked */
    uint64_t findings;
    hex_digest machine_root; /* as content.txt has it; empty when the statement does not name that */
    hex_digest signer;       /* SHA-256 of his SubjectPublicKeyInfo; empty unless the signature fits */
};

/* False with *error when the file could not be read at all (STATUS_HOST) or is no Muniment archive (STATUS_INPUT);
 * otherwise true and the verdict stands in *result. */
bool archive_verify(const struct verify_request *request, struct verify_result *result, struct error *error);

/* Whether a signer (SHA-256 of a SubjectPublicKeyInfo, in hexadecimal) is among `count` public keys, given by the paths
 * of their PEM files. False with *error when one of these cannot be read (STATUS_HOST) or is no key (STATUS_INPUT). */
bool signer_is_trusted(const char *const *keys, size_t count, const char *signer, bool *trusted, struct error *error);

#endif
