/* envelope.h - a file that only those read who hold a certificate's private key: CMS (RFC 5652), as `openssl cms
 * -decrypt` opens it. */
#ifndef MUNIMENT_DESK_ENVELOPE_H
#define MUNIMENT_DESK_ENVELOPE_H

#include "formats/error.h"
#include "formats/text.h"

#define ENVELOPE_LIMIT (1u << 20) /* bytes that are put into one */

/* Encrypts a file (AES-256-CBC, DER) to each of the certificates (X.509, PEM; RSA or elliptic curves), of which there
 * is at least one. The caller frees *to. */
bool envelope_seal(const char *path, const char *const *certificates, size_t count, struct text *to,
                   struct error *error);

/* Whether these are certificates to which can be encrypted. */
bool envelope_check(const char *const *certificates, size_t count, struct error *error);

#endif
