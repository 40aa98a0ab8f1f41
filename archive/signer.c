/* signer.c - private keys: in PEM files, encrypted or not, or held by another program, which signs. */
#include "archive/archive.h"
#include "archive/command.h"
#include "archive/public.h"
#include "formats/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#define KEY_FILE_LIMIT 65536u
#define PASSPHRASE_SIZE 1024
#define PASSPHRASE_FILE "MUNIMENT_PASSPHRASE_FILE" /* a file with a pass phrase in its first line */
#define ED25519 "ed25519"
#define SIGNER_MARK "muniment-signer: 0\n"
#define ITERATIONS 600000 /* of PBKDF2, for keys that are written */

#define PUBLIC_LIMIT 16384u /* bytes of a public key in PEM */

struct key {
    EVP_PKEY *pair; /* null: a command signs */
    char command[1024], path[512], algorithm[32];
    char pem[PUBLIC_PEM_SIZE]; /* of the public half, if that is Ed25519's */
    uint8_t *der;              /* of the public half; owned, OpenSSL's memory */
    long der_size;
};

/* --- Pass phrases --- */

/* Reads one from the file that the environment names, or from the terminal. Returns its length, or -1. */
static int passphrase(char *buffer, int size, int writing, void *context)
{
    const char *path = getenv(PASSPHRASE_FILE);
    FILE *file = path ? fopen(path, "r") : NULL;
    char line[PASSPHRASE_SIZE];
    size_t length;

    (void)context;
    if (path) {
        bool read = file && fgets(line, sizeof line, file);

        if (file)
            fclose(file);
        if (!read)
            return -1;
        line[strcspn(line, "\r\n")] = '\0';
    } else if (!isatty(STDIN_FILENO) || EVP_read_pw_string(line, sizeof line, "Pass phrase of the key: ", writing)) {
        return -1;
    }
    length = strlen(line);
    if (length == 0 || length >= (size_t)size)
        return -1;
    memcpy(buffer, line, length + 1);
    OPENSSL_cleanse(line, sizeof line);
    return (int)length;
}

/* --- Reading --- */

/* Takes the bytes of a public key from its PEM, whether this OpenSSL knows its algorithm or not. */
static bool take_der(struct key *key, const char *pem, size_t size)
{
    BIO *bio = BIO_new_mem_buf(pem, (int)size);
    char *name = NULL, *header = NULL;
    bool good = bio && PEM_read_bio(bio, &name, &header, &key->der, &key->der_size) == 1 &&
                strcmp(name, PEM_STRING_PUBLIC) == 0 && !*header;

    OPENSSL_free(name);
    OPENSSL_free(header);
    BIO_free(bio);
    ERR_clear_error();
    return good;
}

static bool load_pem(struct key *key, const char *text, size_t size, struct error *error)
{
    BIO *bio = BIO_new_mem_buf(text, (int)size);
    bool encrypted = strstr(text, "ENCRYPTED") != NULL;

    key->pair = bio ? PEM_read_bio_PrivateKey(bio, NULL, passphrase, NULL) : NULL;
    BIO_free(bio);
    ERR_clear_error();
    if (key->pair && EVP_PKEY_get_base_id(key->pair) == EVP_PKEY_ED25519)
        return (public_pem(key->pair, key->pem) && take_der(key, key->pem, PUBLIC_PEM_SIZE)) ||
               error_set(error, STATUS_HOST, "OpenSSL", NULL, NULL, "cannot write a public key");
    if (encrypted && !key->pair)
        return error_set(error, STATUS_INPUT, key->path, NULL,
                         "run in a terminal, or name a file with the pass phrase in " PASSPHRASE_FILE,
                         "is encrypted, and the pass phrase is missing or wrong");
    return error_set(error, STATUS_INPUT, key->path, NULL, "make one with `muniment key new`",
                     "is not an Ed25519 private key in PEM");
}

/* The value of a line "NAME: VALUE" of a signer's file; false unless it is there and fits. */
static bool signer_line(const char *text, const char *name, char *value, size_t size)
{
    const char *line = strstr(text, name);
    size_t length = line ? strcspn(line + strlen(name), "\n") : 0;

    if (!length || length >= size)
        return false;
    memcpy(value, line + strlen(name), length);
    value[length] = '\0';
    return true;
}

/* A file that names a public key, beside it, and the command that signs with its private half. */
static bool load_signer(struct key *key, const char *text, struct error *error)
{
    char name[512], path[1100], pem[PUBLIC_LIMIT];
    const char *slash = strrchr(key->path, '/');
    uint8_t digest[DIGEST_SIZE];
    FILE *file;
    size_t size;

    if (strstr(text, "\nalgorithm: ") &&
        (!signer_line(text, "\nalgorithm: ", key->algorithm, sizeof key->algorithm) ||
         strspn(key->algorithm, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(key->algorithm)))
        return error_set(error, STATUS_INPUT, key->path, NULL, NULL, "has a line `algorithm:` that names none");
    if (!signer_line(text, "\npublic: ", name, sizeof name) ||
        !signer_line(text, "\ncommand: ", key->command, sizeof key->command))
        return error_set(error, STATUS_INPUT, key->path, NULL, NULL, "lacks a line `public:` or `command:`");
    snprintf(path, sizeof path, "%.*s%s", slash && *name != '/' ? (int)(slash - key->path) + 1 : 0, key->path, name);
    file = fopen(path, "rb");
    if (!file)
        return error_set(error, STATUS_INPUT, path, NULL, NULL, "cannot open: %s", strerror(errno));
    size = fread(pem, 1, sizeof pem, file);
    fclose(file);
    if (strcmp(key->algorithm, ED25519) != 0)
        return (size < sizeof pem && take_der(key, pem, size)) ||
               error_set(error, STATUS_INPUT, path, NULL, "convert it with `openssl pkey -pubin`",
                         "is no public key in PEM");
    memcpy(key->pem, pem, sizeof key->pem);
    return (public_key_digest(pem, size, true, digest) && take_der(key, pem, size)) ||
           error_set(error, STATUS_INPUT, path, NULL, "convert it with `openssl pkey -pubin`, or name its algorithm",
                     "is not an Ed25519 public key in PEM");
}

struct key *key_load(const char *path, struct error *error)
{
    FILE *file = fopen(path, "rb");
    struct key *key = calloc(1, sizeof *key);
    char *text = calloc(1, KEY_FILE_LIMIT + 1);
    size_t size = file && text ? fread(text, 1, KEY_FILE_LIMIT, file) : 0;
    bool good = false;

    if (!file)
        error_set(error, errno == ENOENT ? STATUS_INPUT : STATUS_HOST, path, NULL, NULL, "cannot open: %s",
                  strerror(errno));
    else if (!key || !text)
        error_set(error, STATUS_HOST, path, NULL, NULL, "out of memory");
    else {
        snprintf(key->path, sizeof key->path, "%s", path);
        strcpy(key->algorithm, ED25519);
        good = strncmp(text, SIGNER_MARK, strlen(SIGNER_MARK)) ? load_pem(key, text, size, error)
                                                               : load_signer(key, text, error);
    }
    if (text)
        OPENSSL_cleanse(text, KEY_FILE_LIMIT);
    free(text);
    if (file)
        fclose(file);
    if (good)
        return key;
    key_free(key);
    return NULL;
}

void key_free(struct key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->pair);
    OPENSSL_free(key->der);
    free(key);
}

static bool is_ed25519(const struct key *key, struct error *error)
{
    return strcmp(key->algorithm, ED25519) == 0 ||
           error_set(error, STATUS_INPUT, key->path, NULL,
                     "take it for countersign, decide, stamp, dispose, key certify and key revoke",
                     "signs by %s, and this is signed by Ed25519", key->algorithm);
}

bool key_public_pem(const struct key *key, char pem[PUBLIC_PEM_SIZE], struct error *error)
{
    if (!is_ed25519(key, error))
        return false;
    memcpy(pem, key->pem, PUBLIC_PEM_SIZE);
    return true;
}

const uint8_t *key_public(const struct key *key, size_t *size, const char **algorithm)
{
    *size = (size_t)key->der_size;
    *algorithm = key->algorithm;
    return key->der;
}

/* --- Signing --- */

static bool sign_by_command(const struct key *key, const void *message, size_t size, uint8_t *signature, size_t limit,
                            size_t *length, struct error *error)
{
    enum signature_state state;

    if (!command_run(key->command, key->path, message, size, 0, signature, limit, length, error))
        return false;
    state = signature_check(key->algorithm, key->der, (size_t)key->der_size, signature, *length, message, size);
    if (state == SIGNATURE_NOT_CHECKED)
        return error_set(error, STATUS_HOST, key->path, NULL, "use a host whose OpenSSL has it",
                         "signs by %s, which cannot be checked here", key->algorithm);
    return state == SIGNATURE_FITS ||
           error_set(error, STATUS_HOST, key->path, NULL,
                     strcmp(key->algorithm, ED25519) == 0
                         ? "let it print the 64 bytes of RFC 8032, of the key in `public:`"
                         : "let it print the signature of the key in `public:`",
                     "has a command that gave %zu bytes, which are no signature of its key", *length);
}

bool key_sign_any(const struct key *key, const void *message, size_t size, uint8_t *signature, size_t limit,
                  size_t *length, struct error *error)
{
    EVP_MD_CTX *context;
    bool done;

    if (!key->pair)
        return sign_by_command(key, message, size, signature, limit, length, error);
    *length = limit;
    context = EVP_MD_CTX_new();
    done = context && EVP_DigestSignInit(context, NULL, NULL, NULL, key->pair) == 1 &&
           EVP_DigestSign(context, signature, length, message, size) == 1;
    EVP_MD_CTX_free(context);
    return done || error_set(error, STATUS_HOST, "OpenSSL", NULL, NULL, "cannot sign");
}

bool key_sign(const struct key *key, const void *message, size_t size, uint8_t signature[SIGNATURE_SIZE],
              struct error *error)
{
    size_t length;

    return is_ed25519(key, error) && key_sign_any(key, message, size, signature, SIGNATURE_SIZE, &length, error) &&
           (length == SIGNATURE_SIZE || error_set(error, STATUS_HOST, "OpenSSL", NULL, NULL, "cannot sign"));
}

/* --- Making --- */

/* Writes a private key, encrypted (PKCS #8, PBKDF2, AES-256). */
static bool write_encrypted(FILE *file, EVP_PKEY *pair, const char *phrase, int length)
{
    PKCS8_PRIV_KEY_INFO *plain = EVP_PKEY2PKCS8(pair);
    X509_SIG *encrypted = plain ? PKCS8_encrypt(-1, EVP_aes_256_cbc(), phrase, length, NULL, 0, ITERATIONS, plain)
                                : NULL;
    bool done = encrypted && PEM_write_PKCS8(file, encrypted) == 1;

    X509_SIG_free(encrypted);
    PKCS8_PRIV_KEY_INFO_free(plain);
    return done;
}

static bool write_private(struct output *output, EVP_PKEY *pair, bool encrypted, struct error *error)
{
    char phrase[PASSPHRASE_SIZE];
    int length = encrypted ? passphrase(phrase, sizeof phrase, 1, NULL) : 0;
    bool done;

    if (length < 0)
        return error_set(error, STATUS_INPUT, output->path, NULL,
                         "run in a terminal, or name a file with it in " PASSPHRASE_FILE, "has no pass phrase");
    done = encrypted ? write_encrypted(output->file, pair, phrase, length)
                     : PEM_write_PrivateKey(output->file, pair, NULL, NULL, 0, NULL, NULL) == 1;
    OPENSSL_cleanse(phrase, sizeof phrase);
    return done || error_set(error, STATUS_HOST, output->path, NULL, NULL, "cannot write");
}

/* Neither half replaces anything, whatever the user says: what a lost key signed cannot be signed again. */
bool key_new(const char *path, bool encrypted, struct error *error)
{
    struct output halves[2] = {{.file = NULL}};
    char public_path[PATH_MAX];
    EVP_PKEY *pair;
    bool done;

    if (snprintf(public_path, sizeof public_path, "%s.pub", path) >= (int)sizeof public_path)
        return error_set(error, STATUS_INPUT, path, NULL, NULL, "name is too long");
    pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    if (!pair)
        return error_set(error, STATUS_HOST, "OpenSSL", NULL, NULL, "cannot make a key");
    done = output_whole(&halves[0], path, 0600, false, error) &&
           output_whole(&halves[1], public_path, 0644, false, error) &&
           write_private(&halves[0], pair, encrypted, error) &&
           (PEM_write_PUBKEY(halves[1].file, pair) == 1 ||
            error_set(error, STATUS_HOST, public_path, NULL, NULL, "cannot write")) &&
           output_commit(&halves[0], error);
    if (done && !output_commit(&halves[1], error)) {
        unlink(path);
        done = false;
    }
    output_abort(&halves[0]);
    output_abort(&halves[1]);
    EVP_PKEY_free(pair);
    return done;
}
