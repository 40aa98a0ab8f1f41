/* sealed.h - mending a damaged archive by its seal, from itself and from replicas, member by member and chunk by
 * chunk. */
#ifndef MUNIMENT_SEALED_H
#define MUNIMENT_SEALED_H

#include "verify/repair/worn.h"

struct sealed_mending {
    struct worn *output;       /* holds the damaged archive, and is mended; open for writing */
    const struct worn *others; /* replicas: archives with the same bytes, whatever their damage */
    size_t count;
};

struct sealed_result {
    uint64_t pieces;         /* headers, members, maps, chunks that were mended */
    const char *from;        /* where the seal was found; null: nowhere, and nothing was mended */
    hex_digest machine_root; /* of the seal; empty: none was found */
};

/* Mends what can be mended. What it puts in has the digest to which the seal leads, or is the one legal value; whether
 * the whole is right is for archive_verify to say. A replica's seal counts only if the damaged archive holds something
 * of its own to which it leads. False with *error when the host fails (STATUS_HOST). */
bool sealed_mend(const struct sealed_mending *request, struct sealed_result *result, struct error *error);

#endif
