/* timestamp.h - time stamps of RFC 3161, through OpenSSL. */
#ifndef MUNIMENT_TIMESTAMP_H
#define MUNIMENT_TIMESTAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/error.h"
#include "formats/text.h"

#define STAMP_LIMIT 65536u /* bytes of a response, and of a list of revoked certificates */

/* Adds a request (DER) for a stamp over the SHA-256 of some bytes; it asks for the authority's certificates. */
bool timestamp_request(const void *bytes, size_t size, struct text *request, struct error *error);

/* Bytes that belong to somebody else. */
struct stamp_bytes {
    const uint8_t *bytes;
    size_t size;
};

struct stamp_trust {
    const char *const *anchors; /* files of certificates (PEM) of authorities that are trusted */
    size_t anchor_count;
    const struct stamp_bytes *crls; /* lists of revoked certificates, DER or PEM */
    size_t crl_count;
};

/* What a stamp is worth. */
struct stamp_verdict {
    enum {
        STAMP_GOOD,    /* until `ends` */
        STAMP_UNKNOWN, /* it is over these bytes; who made it is not trusted, or was not at its time */
        STAMP_WRONG    /* it is none, is over something else, or its authority was revoked */
    } state;
    char time[21];       /* YYYY-MM-DDThh:mm:ssZ, the latest that its accuracy allows; empty: it is none */
    char ends[21];       /* after that it proves nothing by itself: its certificate expires, or is revoked for good */
    bool revoked;        /* that is why */
    char authority[256]; /* the subject of the certificate that signed it */
    char expires[11];    /* the last day of that certificate, YYYY-MM-DD */
    char why[256];       /* not STAMP_GOOD */
};

/* Judges a response (DER) about some bytes. Certificates are judged at the time of the stamp. A revocation counts if it
 * is dated before; one whose reason does not say that the key was never in other hands (RFC 3161, section 4) ends what
 * it proves unless something else shows that it is older. */
void stamp_judge(struct stamp_bytes response, struct stamp_bytes about, const struct stamp_trust *trust,
                 struct stamp_verdict *verdict);

#endif
