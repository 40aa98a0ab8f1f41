/* keytext.c - see keytext.h. A statement has one form: what was parsed is printed again and compared. */
#include "verify/fixity/keytext.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const firsts[] = {
    [KEY_TEXT_ROOT] = "muniment-root: 0\n",
    [KEY_TEXT_CERTIFICATE] = "muniment-certificate: 0\n",
    [KEY_TEXT_REVOCATION] = "muniment-revocation: 0\n",
};

static void identify(struct key_der *key)
{
    uint8_t digest[DIGEST_SIZE];

    sha256(key->bytes, key->size, digest);
    hex_encode(digest, key->digest);
}

static const char *find(const char *from, const char *end, const char *wanted)
{
    const size_t length = strlen(wanted);

    while ((size_t)(end - from) >= length && memcmp(from, wanted, length))
        from++;
    return (size_t)(end - from) >= length ? from : NULL;
}

bool key_der_read(const char *pem, size_t size, struct key_der *key)
{
    static const char begin[] = "-----BEGIN PUBLIC KEY-----";
    const char *from = find(pem, pem + size, begin), *to = NULL;
    char base64[BASE64_SIZE(KEY_DER_LIMIT)];
    size_t length = 0;

    if (from)
        to = find(from += sizeof begin - 1, pem + size, "-----END PUBLIC KEY-----");
    if (!to)
        return false;
    for (; from < to && length < sizeof base64; from++)
        if (*from != '\n' && *from != '\r')
            base64[length++] = *from;
    key->size = from < to ? SIZE_MAX : base64_decode(base64, length, key->bytes, sizeof key->bytes);
    if (key->size == 0 || key->size == SIZE_MAX)
        return false;
    identify(key);
    return true;
}

/* --- Form --- */

void key_text_print(struct text *t, const struct key_text *key)
{
    text_print(t, "%s", firsts[key->kind]);
    if (key->kind != KEY_TEXT_ROOT)
        text_print(t, "root: %s\n", key->root);
    if (key->kind != KEY_TEXT_REVOCATION)
        text_print(t, "name: %s\n", key->name);
    base64_print(t, "key: ", key->key.bytes, key->key.size);
    if (key->kind == KEY_TEXT_CERTIFICATE)
        text_print(t, "for: %s\nfrom: %s\nuntil: %s\n", key->office ? "office" : "archives", key->from, key->until);
    if (key->kind == KEY_TEXT_REVOCATION)
        text_print(t, "since: %s\nreason: %s\n", key->from, key->reason);
}

/* The value of a line of the body, of at most size - 1 printable characters; false: there is none. */
static bool line(const struct key_text *key, const char *name, char *value, size_t size)
{
    const char *at = strstr(key->text, name), *end = key->text + key->body;
    size_t length;

    if (!at || at >= end)
        return false;
    at += strlen(name);
    length = strcspn(at, "\n");
    if (length == 0 || length >= size || at + length > end)
        return false;
    for (size_t i = 0; i < length; i++)
        if (at[i] < ' ' || at[i] > '~')
            return false;
    memcpy(value, at, length);
    value[length] = '\0';
    return true;
}

static bool date(const struct key_text *key, const char *name, key_date value)
{
    static const char form[] = "dddd-dd-dd";

    if (!line(key, name, value, sizeof(key_date)) || strlen(value) != sizeof form - 1)
        return false;
    for (size_t i = 0; form[i]; i++)
        if (form[i] == '-' ? value[i] != '-' : value[i] < '0' || value[i] > '9')
            return false;
    return memcmp(value + 5, "01", 2) >= 0 && memcmp(value + 5, "12", 2) <= 0 && memcmp(value + 8, "01", 2) >= 0 &&
           memcmp(value + 8, "31", 2) <= 0;
}

static bool parse_lines(struct key_text *key, const char **reason)
{
    char base64[BASE64_SIZE(KEY_DER_LIMIT)], use[16] = "";
    bool certificate = key->kind == KEY_TEXT_CERTIFICATE, revocation = key->kind == KEY_TEXT_REVOCATION;

    *reason = "lacks a line, or has one that is malformed";
    if (!line(key, "\nkey: ", base64, sizeof base64) ||
        (!revocation && !line(key, "\nname: ", key->name, sizeof key->name)) ||
        (key->kind != KEY_TEXT_ROOT && !line(key, "\nroot: ", key->root, sizeof key->root)) ||
        (certificate && (!line(key, "\nfor: ", use, sizeof use) || !date(key, "\nfrom: ", key->from) ||
                         !date(key, "\nuntil: ", key->until))) ||
        (revocation &&
         (!date(key, "\nsince: ", key->from) || !line(key, "\nreason: ", key->reason, sizeof key->reason))))
        return false;
    key->key.size = base64_decode(base64, strlen(base64), key->key.bytes, sizeof key->key.bytes);
    key->office = strcmp(use, "office") == 0;
    *reason = "has a key that is no Base64";
    if (key->key.size == 0 || key->key.size == SIZE_MAX)
        return false;
    identify(&key->key);
    *reason = "has no such reason: lost, compromised, superseded";
    return !revocation || strcmp(key->reason, "lost") == 0 || strcmp(key->reason, "compromised") == 0 ||
           strcmp(key->reason, "superseded") == 0;
}

bool key_text_parse(char *text, size_t size, struct key_text *key, const char **reason)
{
    const char *end = strstr(text, "\n\n");
    struct text again = {.bytes = NULL};
    int kind = 0;
    bool good;

    *key = (struct key_text){.text = text, .size = size, .body = end ? (size_t)(end - text) + 1 : size};
    while (kind < 3 && strncmp(text, firsts[kind], strlen(firsts[kind])) != 0)
        kind++;
    key->kind = (enum key_text_kind)kind;
    *reason = "is no root, certificate or revocation";
    good = kind < 3 && strlen(text) == size && parse_lines(key, reason);
    if (good) {
        key_text_print(&again, key);
        good = !again.failed && again.length == key->body && memcmp(again.bytes, text, again.length) == 0;
        *reason = "is not in the form of the specification";
        text_free(&again);
    }
    if (!good)
        key_text_free(key);
    return good;
}

void key_text_free(struct key_text *key)
{
    free(key->text);
    key->text = NULL;
}

/* --- Signatures --- */

bool key_der_of(const struct key *key, struct key_der *der, const char **algorithm)
{
    const uint8_t *bytes = key_public(key, &der->size, algorithm);

    if (der->size == 0 || der->size > sizeof der->bytes)
        return false;
    memcpy(der->bytes, bytes, der->size);
    identify(der);
    return true;
}

bool key_text_sign(struct text *t, size_t body, const struct key *key, struct error *error)
{
    uint8_t *signature = malloc(KEY_SIGNATURE_LIMIT);
    const char *algorithm;
    struct key_der der;
    size_t length;
    bool good = (signature && key_der_of(key, &der, &algorithm)) ||
                error_set(error, STATUS_HOST, "signature", NULL, NULL, "out of memory, or a key that is too long");

    good = good && key_sign_any(key, t->bytes, body, signature, KEY_SIGNATURE_LIMIT, &length, error);
    if (good) {
        text_print(t, "%ssignature: %s %s ", t->length == body ? "\n" : "", algorithm, der.digest);
        base64_print(t, "", signature, length);
        good = !t->failed || error_set(error, STATUS_HOST, "signature", NULL, NULL, "out of memory");
    }
    free(signature);
    return good;
}

enum signature_state key_text_check(const struct key_text *text, const struct key_der *signer)
{
    const char *at = text->text + text->body + 1;
    uint8_t *signature = malloc(KEY_SIGNATURE_LIMIT);
    enum signature_state state = SIGNATURE_WRONG;

    for (unsigned n = 0; signature && state == SIGNATURE_WRONG && n < KEY_SIGNATURES && text->body < text->size; n++) {
        char algorithm[32], who[65];
        int used = 0;
        size_t length, size;

        if (sscanf(at, "signature: %31[a-z0-9-] %64[0-9a-f] %n", algorithm, who, &used) != 2 || !used)
            break;
        at += used;
        length = strcspn(at, "\n");
        size = base64_decode(at, length, signature, KEY_SIGNATURE_LIMIT);
        at += length + (at[length] == '\n');
        if (size != SIZE_MAX && strcmp(who, signer->digest) == 0)
            state = signature_check(algorithm, signer->bytes, signer->size, signature, size, text->text, text->body);
    }
    free(signature);
    return state;
}
