/* digest.h - SHA-256, hexadecimal and Ed25519 for all folders; crypto.c and signer.c keep OpenSSL to themselves. */
#ifndef MUNIMENT_DIGEST_H
#define MUNIMENT_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/error.h"

#define DIGEST_SIZE 32
#define SIGNATURE_SIZE 64
#define PUBLIC_PEM_SIZE 113 /* an Ed25519 SubjectPublicKeyInfo in PEM is always this long */

/* SHA-256 in pieces: begin, add ..., end. A digest that was begun must be ended (out may be null). These cannot fail:
 * without SHA-256 there is nothing to do but abort. */
struct sha256 {
    void *context;
};

void sha256_begin(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *bytes, size_t size);
void sha256_end(struct sha256 *s, uint8_t *out);

/* The same for a checksum that others recorded: "md5", "sha1" ...; of an unknown one the context is null, and it is not
 * to be ended. hash_end writes lower-case digits. */
#define HASH_LIMIT 64
void hash_begin(struct sha256 *s, const char *algorithm);
void hash_end(struct sha256 *s, char hex[2 * HASH_LIMIT + 1]);

/* SHA-256 of one piece. */
void sha256(const void *bytes, size_t size, uint8_t out[DIGEST_SIZE]);

/* A digest in hexadecimal, with NUL: the machine-root, for one. */
typedef char hex_digest[65];

/* 64 lower-case digits and NUL. */
void hex_encode(const uint8_t digest[DIGEST_SIZE], char out[65]);

/* Reads exactly 64 lower-case digits; what follows them is not looked at. */
bool hex_decode(const char *text, uint8_t out[DIGEST_SIZE]);

/* --- Ed25519 (RFC 8032) --- */

struct key; /* a private key; released with key_free, which takes null */

/* Reads a private key in PEM. The pass phrase of an encrypted one is the first line of the file that the environment
 * variable MUNIMENT_PASSPHRASE_FILE names, else it is asked for on the terminal. Or a signer's file (spec/keys.md),
 * which names a public key and the command that signs. */
struct key *key_load(const char *path, struct error *error);
void key_free(struct key *key);

/* The SubjectPublicKeyInfo (DER) of the public half, of *size bytes, which is the key's, and its algorithm, named as
 * for signature_check. */
const uint8_t *key_public(const struct key *key, size_t *size, const char **algorithm);
/* Signs by whichever algorithm: *length bytes, at most `limit`. What a command gives is checked. */
bool key_sign_any(const struct key *key, const void *message, size_t size, uint8_t *signature, size_t limit,
                  size_t *length, struct error *error);

/* What archives, heads, receipts and sets are signed by is Ed25519: these refuse another key. The public half in PEM,
 * without NUL. */
bool key_public_pem(const struct key *key, char pem[PUBLIC_PEM_SIZE], struct error *error);
bool key_sign(const struct key *key, const void *message, size_t size, uint8_t signature[SIGNATURE_SIZE],
              struct error *error);

/* The SHA-256 of the SubjectPublicKeyInfo (DER) in a PEM text: what identifies a signer. False unless it is an Ed25519
 * public key; when canonical is true, also unless it is written exactly as key_public_pem writes it. */
bool public_key_digest(const char *pem, size_t size, bool canonical, uint8_t out[DIGEST_SIZE]);

/* Whether the signature over message is by the public key in pem. */
bool signature_fits(const char *pem, size_t pem_size, const uint8_t signature[SIGNATURE_SIZE], const void *message,
                    size_t size);

/* What a signature is worth; an algorithm that this OpenSSL lacks is never passed. */
enum signature_state { SIGNATURE_FITS, SIGNATURE_WRONG, SIGNATURE_NOT_CHECKED };

/* Whether a signature by a public key (SubjectPublicKeyInfo, DER) is over message. algorithm: "ed25519", "ecdsa-sha256"
 * (DER), "rsa-sha256" (PKCS #1, at least 2,048 bits), or the name of one of FIPS 204 or 205 ("slh-dsa-sha2-128s"). */
enum signature_state signature_check(const char *algorithm, const uint8_t *key, size_t key_size,
                                     const uint8_t *signature, size_t signature_size, const void *message, size_t size);

/* The 32 bytes of the public key in pem (RFC 8032); false unless it is an Ed25519 public key. */
bool public_key_bytes(const char *pem, size_t size, uint8_t out[32]);

/* --- Base64 (RFC 4648, section 4) --- */

#define BASE64_SIZE(bytes) (((bytes) + 2) / 3 * 4 + 1) /* with NUL */

struct text;
/* Adds a line to a text: what stands before, and the bytes. */
void base64_print(struct text *to, const char *before, const void *bytes, size_t size);
/* Decodes the whole text, which must be in canonical form. Returns the number of bytes; SIZE_MAX: it is not, or they
 * are more than `limit`. */
size_t base64_decode(const char *text, size_t length, uint8_t *out, size_t limit);

#endif
