/* envelope.c - see envelope.h. */
#include "desk/envelope.h"

#include <errno.h>
#include <string.h>

#include <openssl/cms.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>

static bool load(const char *const *paths, size_t count, STACK_OF(X509) * all, struct error *error)
{
    for (size_t i = 0; i < count; i++) {
        FILE *file = fopen(paths[i], "rb");
        X509 *certificate;

        if (!file)
            return error_host(error, paths[i], errno, "cannot open");
        certificate = PEM_read_X509(file, NULL, NULL, NULL);
        fclose(file);
        if (!certificate || !sk_X509_push(all, certificate)) {
            X509_free(certificate);
            return error_set(error, STATUS_INPUT, paths[i], NULL, "give the archivist's X.509 certificate in PEM",
                             "is no certificate");
        }
    }
    return true;
}

static bool read_secret(const char *path, char *secret, size_t *size, struct error *error)
{
    FILE *file = fopen(path, "rb");

    if (!file)
        return error_host(error, path, errno, "cannot open");
    *size = fread(secret, 1, ENVELOPE_LIMIT + 1, file);
    bool failed = ferror(file);
    fclose(file);
    if (failed)
        return error_host(error, path, EIO, "cannot read");
    return *size <= ENVELOPE_LIMIT || error_set(error, STATUS_INPUT, path, NULL, NULL, "is longer than 1 MiB");
}

static bool encrypt(const char *secret, size_t size, STACK_OF(X509) * all, struct text *to)
{
    BIO *in = BIO_new_mem_buf(secret, (int)size), *out = BIO_new(BIO_s_mem());
    CMS_ContentInfo *cms = in ? CMS_encrypt(all, in, EVP_aes_256_cbc(), CMS_BINARY) : NULL;
    char *bytes = NULL;
    bool good = cms && out && i2d_CMS_bio(out, cms) == 1;
    long length = good ? BIO_get_mem_data(out, &bytes) : 0;

    text_add(to, bytes, (size_t)length);
    CMS_ContentInfo_free(cms);
    BIO_free(in);
    BIO_free(out);
    return good && !to->failed;
}

bool envelope_seal(const char *path, const char *const *certificates, size_t count, struct text *to,
                   struct error *error)
{
    STACK_OF(X509) *all = sk_X509_new_null();
    char *secret = OPENSSL_malloc(ENVELOPE_LIMIT + 1);
    size_t size = 0;
    bool good = (all && secret) || error_host(error, path, ENOMEM, "cannot encrypt");

    good = good && load(certificates, count, all, error) && read_secret(path, secret, &size, error) &&
           (encrypt(secret, size, all, to) || error_set(error, STATUS_INPUT, path, NULL, "see the certificates",
                                                        "cannot be encrypted to these certificates"));
    OPENSSL_clear_free(secret, ENVELOPE_LIMIT + 1);
    sk_X509_pop_free(all, X509_free);
    return good;
}

bool envelope_check(const char *const *certificates, size_t count, struct error *error)
{
    STACK_OF(X509) *all = sk_X509_new_null();
    struct text to = {.bytes = NULL};
    bool good = all || error_host(error, "--archivist", ENOMEM, "cannot read");

    good = good && load(certificates, count, all, error) &&
           (count == 0 || encrypt("", 0, all, &to) ||
            error_set(error, STATUS_INPUT, certificates[0], NULL, "use keys of RSA or of elliptic curves",
                      "is a certificate, or has one beside it, to which nothing can be encrypted"));
    text_free(&to);
    sk_X509_pop_free(all, X509_free);
    return good;
}
