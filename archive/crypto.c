/* crypto.c - SHA-256 and Ed25519 through OpenSSL's EVP interface. Only this file, signer.c and
 * timestamp.c include OpenSSL. */
#include "archive/public.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "formats/text.h"

static void must(int done)
{
    if (done == 1)
        return;
    fputs("muniment: OpenSSL: cannot compute SHA-256\n", stderr);
    abort();
}

void sha256_begin(struct sha256 *s)
{
    s->context = EVP_MD_CTX_new();
    must(s->context != NULL && EVP_DigestInit_ex(s->context, EVP_sha256(), NULL));
}

void sha256_add(struct sha256 *s, const void *bytes, size_t size)
{
    must(EVP_DigestUpdate(s->context, bytes, size));
}

void sha256_end(struct sha256 *s, uint8_t *out)
{
    if (out)
        must(EVP_DigestFinal_ex(s->context, out, NULL));
    EVP_MD_CTX_free(s->context);
    s->context = NULL;
}

void hash_begin(struct sha256 *s, const char *algorithm)
{
    const EVP_MD *kind = EVP_get_digestbyname(algorithm);

    s->context = kind && EVP_MD_get_size(kind) <= HASH_LIMIT ? EVP_MD_CTX_new() : NULL;
    if (s->context)
        must(EVP_DigestInit_ex(s->context, kind, NULL));
}

void hash_end(struct sha256 *s, char hex[2 * HASH_LIMIT + 1])
{
    uint8_t digest[HASH_LIMIT];
    unsigned size;

    must(EVP_DigestFinal_ex(s->context, digest, &size));
    for (unsigned i = 0; i < size; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    EVP_MD_CTX_free(s->context);
    s->context = NULL;
}

void sha256(const void *bytes, size_t size, uint8_t out[DIGEST_SIZE])
{
    must(EVP_Digest(bytes, size, out, NULL, EVP_sha256(), NULL));
}

void hex_encode(const uint8_t digest[DIGEST_SIZE], char out[65])
{
    static const char digits[] = "0123456789abcdef";

    for (int i = 0; i < DIGEST_SIZE; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[64] = '\0';
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_decode(const char *text, uint8_t out[DIGEST_SIZE])
{
    for (int i = 0; i < DIGEST_SIZE; i++) {
        int high = hex_value(text[2 * i]), low = high < 0 ? -1 : hex_value(text[2 * i + 1]);

        if (low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* --- Keys --- */

/* A public key has no pass phrase. */
static int no_passphrase(char *buffer, int size, int writing, void *context)
{
    (void)buffer, (void)size, (void)writing, (void)context;
    return -1;
}

static BIO *memory_bio(const char *text, size_t size)
{
    return size > 0 && size <= 65536 ? BIO_new_mem_buf(text, (int)size) : NULL;
}

static bool is_ed25519(EVP_PKEY *key)
{
    return key && EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519;
}

bool public_pem(EVP_PKEY *pair, char pem[PUBLIC_PEM_SIZE])
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    bool done = bio && PEM_write_bio_PUBKEY(bio, pair) == 1 && BIO_get_mem_data(bio, &text) == PUBLIC_PEM_SIZE;

    if (done)
        memcpy(pem, text, PUBLIC_PEM_SIZE);
    BIO_free(bio);
    return done;
}

#define DER_SIZE 44 /* of an Ed25519 SubjectPublicKeyInfo (RFC 8410), whose last 32 bytes are the key */

/* Takes a public key from the one form in which it is written: OpenSSL's decoders would cost most of the time that
 * opening an archive takes. False: it may be one in another form. */
static bool plain_public_key(const char *pem, size_t size, uint8_t der[DER_SIZE])
{
    static const char before[] = "-----BEGIN PUBLIC KEY-----\n", after[] = "\n-----END PUBLIC KEY-----\n";
    static const uint8_t algorithm[] = {0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0};
    const size_t length = PUBLIC_PEM_SIZE - strlen(before) - strlen(after);

    return size == PUBLIC_PEM_SIZE && memcmp(pem, before, strlen(before)) == 0 &&
           memcmp(pem + size - strlen(after), after, strlen(after)) == 0 &&
           base64_decode(pem + strlen(before), length, der, DER_SIZE) == DER_SIZE &&
           memcmp(der, algorithm, sizeof algorithm) == 0;
}

/* Null unless text is an Ed25519 public key. */
static EVP_PKEY *public_key(const char *pem, size_t size)
{
    uint8_t der[DER_SIZE];

    if (plain_public_key(pem, size, der))
        return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, der + DER_SIZE - 32, 32);

    BIO *bio = memory_bio(pem, size);
    EVP_PKEY *key = bio ? PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, NULL) : NULL;

    BIO_free(bio);
    ERR_clear_error();
    if (!is_ed25519(key)) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return key;
}

bool public_key_digest(const char *pem, size_t size, bool canonical, uint8_t out[DIGEST_SIZE])
{
    uint8_t plain[DER_SIZE];

    if (plain_public_key(pem, size, plain)) {
        sha256(plain, sizeof plain, out);
        return true;
    }

    EVP_PKEY *key = canonical ? NULL : public_key(pem, size);
    unsigned char *der = NULL;
    int length = key ? i2d_PUBKEY(key, &der) : -1;
    bool good = length > 0;

    if (good)
        sha256(der, (size_t)length, out);
    OPENSSL_free(der);
    EVP_PKEY_free(key);
    return good;
}

bool signature_fits(const char *pem, size_t pem_size, const uint8_t signature[SIGNATURE_SIZE], const void *message,
                    size_t size)
{
    EVP_PKEY *key = public_key(pem, pem_size);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool fits = key && context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestVerify(context, signature, SIGNATURE_SIZE, message, size) == 1;

    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return fits;
}

/* Algorithms of signatures: the type of key in OpenSSL, and the digest that is signed; null: it is part of them. */
static const struct {
    const char *name, *type, *digest;
} algorithms[] = {
    {"ed25519", "ED25519", NULL},
    {"ecdsa-sha256", "EC", "SHA256"},
    {"rsa-sha256", "RSA", "SHA256"},
};

enum signature_state signature_check(const char *algorithm, const uint8_t *key, size_t key_size,
                                     const uint8_t *signature, size_t signature_size, const void *message, size_t size)
{
    const unsigned char *der = key;
    EVP_PKEY *public = d2i_PUBKEY(NULL, &der, (long)key_size);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool by_name = strncmp(algorithm, "slh-dsa-", 8) == 0 || strncmp(algorithm, "ml-dsa-", 7) == 0;
    const char *type = by_name ? algorithm : NULL, *digest = NULL;
    enum signature_state state = SIGNATURE_NOT_CHECKED;

    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++)
        if (strcmp(algorithm, algorithms[i].name) == 0) {
            type = algorithms[i].type;
            digest = algorithms[i].digest;
            state = SIGNATURE_WRONG;
        }
    if (public && context && type && EVP_PKEY_is_a(public, type) && der == key + key_size &&
        (strcmp(type, "RSA") != 0 || EVP_PKEY_get_bits(public) >= 2048) &&
        EVP_DigestVerifyInit_ex(context, NULL, digest, NULL, NULL, public, NULL) == 1)
        state = EVP_DigestVerify(context, signature, signature_size, message, size) == 1 ? SIGNATURE_FITS
                                                                                         : SIGNATURE_WRONG;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(public);
    ERR_clear_error();
    return state;
}

bool public_key_bytes(const char *pem, size_t size, uint8_t out[32])
{
    EVP_PKEY *key = public_key(pem, size);
    size_t length = 32;
    bool good = key && EVP_PKEY_get_raw_public_key(key, out, &length) == 1 && length == 32;

    EVP_PKEY_free(key);
    return good;
}

void base64_print(struct text *to, const char *before, const void *bytes, size_t size)
{
    text_add(to, before, strlen(before));
    for (size_t done = 0, part; done < size; done += part) {
        unsigned char encoded[65];

        part = size - done < 48 ? size - done : 48;
        text_add(to, encoded, (size_t)EVP_EncodeBlock(encoded, (const unsigned char *)bytes + done, (int)part));
    }
    text_add(to, "\n", 1);
}

size_t base64_decode(const char *text, size_t length, uint8_t *out, size_t limit)
{
    size_t size = 0;

    if (length % 4)
        return SIZE_MAX;
    for (size_t part; length; text += part, length -= part) {
        unsigned char bytes[48], again[65];
        size_t count;

        part = length < 64 ? length : 64;
        count = part / 4 * 3 - (part == length && text[part - 1] == '=') - (part == length && text[part - 2] == '=');
        if (EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)part) != (int)part / 4 * 3 || count > limit - size)
            return SIZE_MAX;
        EVP_EncodeBlock(again, bytes, (int)count);
        if (memcmp(again, text, part))
            return SIZE_MAX;
        memcpy(out + size, bytes, count);
        size += count;
    }
    return size;
}
