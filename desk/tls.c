/* tls.c - see tls.h. */
#include "desk/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <time.h>

/* Nobody is asked for a pass phrase: whoever knew it has left when the desk begins again. */
static int no_phrase(char *text, int size, int writes, void *asked)
{
    (void)text, (void)size, (void)writes;
    *(bool *)asked = true;
    return -1;
}

static void say_when(const char *path, const char *what, const ASN1_TIME *time)
{
    char day[11] = "";
    struct tm tm;

    if (ASN1_TIME_to_tm(time, &tm) == 1)
        strftime(day, sizeof day, "%Y-%m-%d", &tm);
    fprintf(stderr, "muniment: %s: %s %s: browsers warn of it: renew the certificate, or set this host's clock\n", path,
            what, day);
}

static bool read_key(const char *path, EVP_PKEY **key, struct error *error)
{
    FILE *file = fopen(path, "re");
    bool asked = false;

    if (!file)
        return error_host(error, path, errno, "cannot open");
    *key = PEM_read_PrivateKey(file, NULL, no_phrase, &asked);
    fclose(file);
    if (asked && !*key)
        return error_set(error, STATUS_INPUT, path, NULL,
                         "write one without, which the desk's user alone can read: openssl pkey -in OLD -out NEW",
                         "the private key has a pass phrase");
    return *key || error_set(error, STATUS_INPUT, path, NULL,
                             "put it into the file of the certificate; serve also takes another, as --certificate-key",
                             "has no private key (PEM)");
}

static bool read_certificate(const char *path, X509 **certificate, struct error *error)
{
    FILE *file = fopen(path, "re");

    if (!file)
        return error_host(error, path, errno, "cannot open");
    *certificate = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
    return *certificate || error_set(error, STATUS_INPUT, path, NULL,
                                     "name a file that has the certificate, and after it those that vouch for it",
                                     "has no certificate (PEM)");
}

bool tls_check(const char *path, const char *key_path, struct error *error)
{
    X509 *certificate = NULL;
    EVP_PKEY *key = NULL;
    bool good = read_certificate(path, &certificate, error) && read_key(key_path, &key, error);

    if (good && X509_check_private_key(certificate, key) != 1)
        good = error_set(error, STATUS_INPUT, key_path, NULL,
                         "name the key that was made for it; in a file of several certificates, that one comes first",
                         "is not the key of the certificate in %.900s", path);
    if (good && X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
        say_when(path, "the certificate was good until", X509_get0_notAfter(certificate));
    if (good && X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
        say_when(path, "the certificate is good from", X509_get0_notBefore(certificate));
    X509_free(certificate);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return good;
}
