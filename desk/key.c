/* key.c - the subcommands around keys: key new, root, certify, revoke. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "archive/archive.h"
#include "desk/desk.h"
#include "formats/output.h"
#include "formats/plain.h"
#include "verify/fixity/keytext.h"

enum status key_new_run(const struct arguments *a)
{
    struct error error;

    if (!key_new(a->operands[0], argument_value(a, "--encrypt"), &error))
        return desk_fail(&error);
    printf("%s: private key; keep it secret\n%s.pub: public key; give it to those who verify\n", a->operands[0],
           a->operands[0]);
    return STATUS_OK;
}

/* Reads a small file; the text ends with NUL and is the caller's. */
static char *read_file(const char *path, size_t *size, struct error *error)
{
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, KEY_TEXT_LIMIT + 1);

    if (file && text) {
        *size = fread(text, 1, KEY_TEXT_LIMIT, file);
    } else {
        error_host(error, path, file ? ENOMEM : errno, "cannot open");
        free(text);
        text = NULL;
    }
    if (file)
        fclose(file);
    return text;
}

static bool read_key(const char *path, struct key_der *key, struct error *error)
{
    size_t size;
    char *text = read_file(path, &size, error);
    bool good = text && key_der_read(text, size, key);

    free(text);
    return good || (text && error_set(error, STATUS_INPUT, path, NULL, NULL, "is no public key in PEM"));
}

/* Takes the root of --root. */
static bool take_root(const struct arguments *a, struct key_text *statement, struct error *error)
{
    const char *path = argument_value(a, "--root"), *reason;
    struct key_text root;
    size_t size;
    char *text = read_file(path, &size, error);

    if (!text)
        return false;
    if (!key_text_parse(text, size, &root, &reason))
        return error_set(error, STATUS_INPUT, path, NULL, NULL, "%s", reason);
    strcpy(statement->root, root.key.digest);
    bool good = root.kind == KEY_TEXT_ROOT;
    key_text_free(&root);
    return good || error_set(error, STATUS_INPUT, path, NULL, "make one with `muniment key root`", "is no root");
}

/* Copies an option's value; one that is too long is cut, and then not what was asked for: the form finds it. */
static void take(const struct arguments *a, const char *option, char *value, size_t size)
{
    const char *given = argument_value(a, option);

    if (given)
        snprintf(value, size, "%s", strlen(given) < size ? given : "\n");
}

/* Adds the signature of an option's key, which must be the root's (root not null), or must not be. */
static bool sign(const struct arguments *a, const char *option, struct text *t, size_t body, const char *root,
                 bool is_root, struct error *error)
{
    const char *path = argument_value(a, option);
    struct key *key = key_load(path, error);
    const char *algorithm;
    struct key_der der;
    bool good = key;

    if (good && key_der_of(key, &der, &algorithm) && (strcmp(der.digest, root) == 0) != is_root)
        good = error_set(error, STATUS_INPUT, path, NULL, NULL,
                         is_root ? "is not the key of the root" : "is the key of the root: a second person signs");
    good = good && key_text_sign(t, body, key, error);
    key_free(key);
    return good;
}

/* Prints a statement, checks its form, signs and writes it. */
static bool write_statement(const struct arguments *a, const struct key_text *statement, struct error *error)
{
    struct text t = {.bytes = NULL};
    struct key_text again;
    const char *reason;
    struct output output;

    key_text_print(&t, statement);
    size_t body = t.length;
    char *copy = t.failed ? NULL : strndup(t.bytes, t.length);
    bool good = copy ? key_text_parse(copy, body, &again, &reason) ||
                           error_set(error, STATUS_USAGE, argument_value(a, "-o"), NULL,
                                     "dates are YYYY-MM-DD; names are printable ASCII", "%s", reason)
                     : error_set(error, STATUS_HOST, argument_value(a, "-o"), NULL, NULL, "out of memory");
    if (good)
        key_text_free(&again);
    if (good && argument_value(a, "--key"))
        good = sign(a, "--key", &t, body, statement->root, true, error);
    if (good && argument_value(a, "--second"))
        good = sign(a, "--second", &t, body, statement->root, false, error);
    good = good && output_in_order(&output, argument_value(a, "-o"), argument_value(a, "--force"), error) &&
           output_text(&output, &t, error);
    text_free(&t);
    return good;
}

static enum status make(const struct arguments *a, struct key_text *statement, const char *sentence)
{
    struct error error;

    take(a, "--name", statement->name, sizeof statement->name);
    if (!read_key(a->operands[0], &statement->key, &error) ||
        (statement->kind != KEY_TEXT_ROOT && !take_root(a, statement, &error)) ||
        !write_statement(a, statement, &error))
        return desk_fail(&error);
    plain_print(stdout, argument_value(a, "-o"));
    printf(": %s\n", sentence);
    return STATUS_OK;
}

enum status key_root_run(const struct arguments *a)
{
    struct key_text statement = {.kind = KEY_TEXT_ROOT};

    return make(a, &statement, "root; publish it, and give it to those who verify");
}

enum status key_certify_run(const struct arguments *a)
{
    struct key_text statement = {.kind = KEY_TEXT_CERTIFICATE, .office = argument_value(a, "--office")};

    take(a, "--from", statement.from, sizeof statement.from);
    take(a, "--until", statement.until, sizeof statement.until);
    return make(a, &statement,
                argument_value(a, "--key") ? "certificate" : "certificate without signature: the root must sign it");
}

enum status key_revoke_run(const struct arguments *a)
{
    struct key_text statement = {.kind = KEY_TEXT_REVOCATION};

    take(a, "--since", statement.from, sizeof statement.from);
    take(a, "--reason", statement.reason, sizeof statement.reason);
    return make(a, &statement,
                argument_value(a, "--key") && argument_value(a, "--second")
                    ? "revocation"
                    : "revocation without both signatures: root and second person must sign it");
}
