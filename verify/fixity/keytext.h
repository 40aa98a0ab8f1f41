/* keytext.h - statements about keys (spec/keys.md): a root, a certificate, a revocation. */
#ifndef MUNIMENT_VERIFY_KEYTEXT_H
#define MUNIMENT_VERIFY_KEYTEXT_H

#include "archive/archive.h"

#define KEY_TEXT_LIMIT 262144u /* bytes of a file */
#define KEY_DER_LIMIT 4096u    /* of a SubjectPublicKeyInfo */
#define KEY_SIGNATURE_LIMIT 65536u
#define KEY_SIGNATURES 4u

/* clang-format off */
enum key_text_kind { KEY_TEXT_ROOT, KEY_TEXT_CERTIFICATE, KEY_TEXT_REVOCATION };
/* clang-format on */

struct key_der {
    uint8_t bytes[KEY_DER_LIMIT];
    size_t size;
    hex_digest digest; /* SHA-256: what identifies the key */
};

/* A date: YYYY-MM-DD. Dates compare as texts. */
typedef char key_date[11];

struct key_text {
    enum key_text_kind kind;
    struct key_der key;   /* that of the root; that is certified; that is revoked */
    hex_digest root;      /* who certifies or revokes */
    char name[128];       /* of a root or certificate: printable ASCII */
    key_date from, until; /* of a certificate: the days on which the key may sign; of a revocation: from: since when */
    bool office;          /* of a certificate: the key seconds acts that need two, and signs no archives */
    char reason[16];      /* of a revocation: "lost", "compromised", "superseded" */
    char *text;           /* owned: the whole file, with NUL; the signatures are over its first `body` bytes */
    size_t size, body;
};

/* Parses a text, which it owns from then on. False, with what is wrong in *reason: it is released. */
bool key_text_parse(char *text, size_t size, struct key_text *key, const char **reason);
void key_text_free(struct key_text *key);

/* Prints the body of a statement: all but `text`, `size`, `body` must be filled in. */
void key_text_print(struct text *t, const struct key_text *key);
/* Adds a signature over the first `body` bytes. */
bool key_text_sign(struct text *t, size_t body, const struct key *key, struct error *error);

/* The public half of a key, and its algorithm. False: it is too long. */
bool key_der_of(const struct key *key, struct key_der *der, const char **algorithm);

/* What the signature of one signer, whose key is given, is worth. No such signature: SIGNATURE_WRONG. */
enum signature_state key_text_check(const struct key_text *text, const struct key_der *signer);

/* Whether somebody whom files of trust name as trusted signed a text, and how many persons did, those counted who only
 * second acts of two. */
struct trusted;
void trusted_signers(const struct trusted *who, const struct key_text *text, bool *trusted, unsigned *persons);

/* The SubjectPublicKeyInfo of a public key in PEM, whether this OpenSSL knows its algorithm or not. */
bool key_der_read(const char *pem, size_t size, struct key_der *key);

#endif
