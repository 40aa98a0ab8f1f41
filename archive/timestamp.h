/* timestamp.h - time stamps of RFC 3161, through OpenSSL. */
#ifndef MUNIMENT_TIMESTAMP_H
#define MUNIMENT_TIMESTAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/error.h"
#include "formats/text.h"

#define STAMP_LIMIT 65536u /* bytes of a response, and of a list of revoked certificates */

/* Adds a request (DER) for a stamp over the SHA-256 of some bytes; it asks for the authority's certificates, and for a
 * policy ("1.2.3.4"; null: any). */
bool timestamp_request(const void *bytes, size_t size, const char *policy, struct text *request, struct error *error);

/* Bytes that belong to somebody else. */
struct stamp_bytes {
    const uint8_t *bytes;
    size_t size;
};

/* The certificates of authorities that are trusted, from files (PEM). Null with *error (STATUS_INPUT): one of them
 * holds none, or cannot be read. stamp_anchors_free takes null. */
struct stamp_anchors;
struct stamp_anchors *stamp_anchors_load(const char *const *paths, size_t count, struct error *error);
void stamp_anchors_free(struct stamp_anchors *anchors);

/* Whether bytes are a list of revoked certificates. */
bool stamp_is_crl(struct stamp_bytes bytes);

struct stamp_trust {
    const struct stamp_anchors *anchors; /* null: nobody is trusted */
    const struct stamp_bytes *crls;      /* lists of revoked certificates, DER or PEM */
    size_t crl_count;
};

/* What a stamp is worth. */
struct stamp_verdict {
    enum {
        STAMP_GOOD,    /* until `ends` */
        STAMP_UNKNOWN, /* it is over these bytes; who made it is not trusted, or was not at its time */
        STAMP_WRONG    /* it is none, is over something else, or its authority was revoked */
    } state;
    char time[21]; /* YYYY-MM-DDThh:mm:ssZ, the latest that its accuracy allows; empty: it is none */
    char ends[21]; /* after that it proves nothing by itself: a certificate of its chain expires, or was revoked */
    bool revoked;  /* that is why */
    bool above;    /* not the certificate that signed it, but one above that */
    bool listed;   /* lists of its time say of each certificate of its chain whether it was revoked */
    bool ahead;    /* its time has not come yet */
    char authority[256]; /* the subject of the certificate that signed it */
    char policy[64];     /* under which it was made, "1.2.3.4" */
    char why[256];       /* not STAMP_GOOD */
};

/* Judges a response (DER) about some bytes. Certificates are judged at the time of the stamp. A revocation, of any
 * certificate up to the one that is trusted, counts if it is dated before; one whose reason does not say that the key
 * was never in other hands (RFC 3161, section 4) ends what it proves unless something else shows that it is older. */
void stamp_judge(struct stamp_bytes response, struct stamp_bytes about, const struct stamp_trust *trust,
                 struct stamp_verdict *verdict);

#define STAMP_ADDRESS 512u

/* Where the certificates of a stamp that is good say that lists of those that were revoked can be had: up to `limit`
 * addresses (http, https) that can stand in single quotes in a command. 0 if it is not good. */
size_t stamp_lists(struct stamp_bytes response, struct stamp_bytes about, const struct stamp_trust *trust,
                   char (*addresses)[STAMP_ADDRESS], size_t limit);

#endif
