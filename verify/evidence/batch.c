/* batch.c - see batch.h. A batch has one form: what was parsed is printed again and compared. */
#include "verify/evidence/batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/plain.h"

#define FIRST "muniment-batch: 0\n"

/* --- Decisions --- */

/* Names as receipts write them: bytes up to 20h, % and 7Fh as % and two digits. */
static void print_name(struct text *t, const char *name)
{
    for (; *name; name++)
        if ((uint8_t)*name <= ' ' || *name == '%' || *name == 0x7F)
            text_print(t, "%%%02X", (unsigned)(uint8_t)*name);
        else
            text_add(t, name, 1);
}

static bool read_name(const char *from, char *to, size_t size)
{
    size_t length = 0;

    for (; *from; from++) {
        unsigned byte = (uint8_t)*from;

        if (byte == '%') {
            if (sscanf(from + 1, "%2X", &byte) != 1 || byte == 0 || !from[1] || !from[2])
                return false;
            from += 2;
        }
        if (length + 1 >= size)
            return false;
        to[length++] = (char)byte;
    }
    to[length] = '\0';
    return length > 0;
}

void decision_print(struct text *t, const struct decision *d)
{
    static const char *const scopes[] = {"archive", "drive", "path"};

    text_print(t, "%s", scopes[d->scope]);
    if (d->scope != SCOPE_ARCHIVE)
        text_print(t, " %s", drive_slot_names[d->slot]);
    if (d->scope == SCOPE_PATH) {
        text_print(t, " ");
        print_name(t, d->path);
    }
    if (d->permits)
        text_print(t, " permitted until %s", d->until);
    else if (!*d->until)
        text_print(t, " open");
    else if (strcmp(d->until, REDACTED) == 0)
        text_print(t, " redacted");
    else
        text_print(t, " closed until %s", d->until);
}

/* Whether a text has a form, in which d is a digit. */
static bool has_form(const char *text, const char *form)
{
    size_t i = 0;

    while (form[i] && (form[i] == 'd' ? text[i] >= '0' && text[i] <= '9' : text[i] == form[i]))
        i++;
    return !form[i] && !text[i];
}

/* A day of a month, whatever month it is. */
static bool is_date(const char *text)
{
    return has_form(text, "dddd-dd-dd") && strncmp(text + 5, "01", 2) >= 0 && strncmp(text + 5, "12", 2) <= 0 &&
           strcmp(text + 8, "01") >= 0 && strcmp(text + 8, "31") <= 0;
}

static bool read_decision(const char *text, struct decision *d)
{
    static const char closed[] = " closed until ", permitted[] = " permitted until ";
    char scope[8], slot[4] = "", name[3 * DECISION_PATH] = "";
    const char *rest;
    int used = 0;
    unsigned n = 0;

    *d = (struct decision){.scope = SCOPE_ARCHIVE};
    if (sscanf(text, "%7[a-z]%n", scope, &used) != 1)
        return false;
    rest = text + used;
    if (strcmp(scope, "archive") != 0) {
        d->scope = strcmp(scope, "path") == 0 ? SCOPE_PATH : SCOPE_DRIVE;
        if ((d->scope == SCOPE_DRIVE && strcmp(scope, "drive") != 0) || sscanf(rest, " %3s%n", slot, &used) != 1)
            return false;
        rest += used;
        while (n < DRIVE_COUNT && strcmp(slot, drive_slot_names[n]) != 0)
            n++;
        if (n == DRIVE_COUNT)
            return false;
        d->slot = (enum drive_slot)n;
    }
    if (d->scope == SCOPE_PATH) {
        if (sscanf(rest, " %1535s%n", name, &used) != 1 || !read_name(name, d->path, sizeof d->path) ||
            !path_is_plain(d->path))
            return false;
        rest += used;
    }
    if (strcmp(rest, " open") == 0)
        return true;
    if (strcmp(rest, " redacted") == 0) {
        strcpy(d->until, REDACTED);
        return true;
    }
    d->permits = strncmp(rest, permitted, strlen(permitted)) == 0;
    if (!d->permits && strncmp(rest, closed, strlen(closed)) != 0)
        return false;
    rest += strlen(d->permits ? permitted : closed);
    if (!is_date(rest))
        return false;
    memcpy(d->until, rest, sizeof d->until);
    return true;
}

/* --- Texts --- */

void batch_print(struct text *t, const struct batch *b, const struct text *files)
{
    text_print(t, FIRST "archive: %s %s ", b->machine_root, b->content);
    text_print(t, "%s\n", b->statement);
    for (unsigned i = 0; i < b->stand_count; i++)
        text_print(t, "stands-on: %s\n", b->stands_on[i]);
    text_print(t, "made: %s\n", b->made);
    if (files && files->length)
        text_add(t, files->bytes, files->length);
    if (b->decides) {
        text_print(t, "decision: ");
        decision_print(t, &b->decision);
        text_print(t, "\n");
    }
    if (*b->reason) {
        text_print(t, "reason: ");
        text_add(t, b->reason, strlen(b->reason));
        text_print(t, "\n");
    }
    if (*b->review)
        text_print(t, "review: %s\n", b->review);
    if (*b->about) {
        text_print(t, "stamp: %s", b->about);
        base64_print(t, " ", b->stamp, b->stamp_size);
    }
    for (unsigned i = 0; i < b->crl_count; i++)
        base64_print(t, "crl: ", b->crls[i].bytes, b->crls[i].size);
    for (unsigned i = 0; i < b->key_count; i++)
        base64_print(t, "key: ", b->keys[i].bytes, b->keys[i].size);
}

/* The value of the line at *at, if its name is this one; it is cut off with a NUL in the copy. */
static char *take(char **at, const char *name)
{
    size_t length = strlen(name);
    char *value = *at, *end;

    if (strncmp(value, name, length) != 0 || strncmp(value + length, ": ", 2) != 0 || !(end = strchr(value, '\n')))
        return NULL;
    value += length + 2;
    *end = '\0';
    *at = end + 1;
    return value;
}

static bool take_digest(const char *text, char end, hex_digest hex)
{
    uint8_t digest[DIGEST_SIZE];

    if (strlen(text) < 64 || !hex_decode(text, digest) || text[64] != end)
        return false;
    hex_encode(digest, hex);
    return true;
}

/* Decodes Base64; null: it is none, or there is no memory. */
static uint8_t *take_bytes(const char *text, size_t *size)
{
    uint8_t *bytes = malloc(STAMP_LIMIT);

    *size = bytes ? base64_decode(text, strlen(text), bytes, STAMP_LIMIT) : SIZE_MAX;
    if (*size != SIZE_MAX && *size > 0)
        return bytes;
    free(bytes);
    return NULL;
}

static bool take_stamp(struct batch *b, char *value)
{
    char *space = strchr(value, ' ');
    uint8_t digest[DIGEST_SIZE];

    if (!space || (size_t)(space - value) >= sizeof b->about)
        return false;
    *space = '\0';
    snprintf(b->about, sizeof b->about, "%s", value);
    b->stamp = take_bytes(space + 1, &b->stamp_size);
    return b->stamp && (strcmp(b->about, "signature") == 0 || (strlen(b->about) == 64 && hex_decode(b->about, digest)));
}

static bool take_key(struct batch *b, const char *value)
{
    struct key_der *key = &b->keys[b->key_count];
    uint8_t digest[DIGEST_SIZE];

    key->size = base64_decode(value, strlen(value), key->bytes, sizeof key->bytes);
    if (key->size == SIZE_MAX || key->size == 0)
        return false;
    sha256(key->bytes, key->size, digest);
    hex_encode(digest, key->digest);
    b->key_count++;
    return true;
}

/* "SIZE HEX". */
static bool is_file_digest(const char *text, size_t digits)
{
    const size_t size = strspn(text, "0123456789");

    return size >= 1 && size <= 19 && (size == 1 || *text != '0') && text[size] == ' ' &&
           strspn(text + size + 1, "0123456789abcdef") == digits && !text[size + 1 + digits];
}

/* Reads the lines of a copy of the body; what it does not understand is left, and found when it is printed again. */
static bool parse(struct batch *b, char *at, struct text *files)
{
    static const char *const algorithms[] = {"sha256", "sha512", "sha3-512"};
    char *value;

    if (strncmp(at, FIRST, strlen(FIRST)) != 0)
        return false;
    at += strlen(FIRST);
    value = take(&at, "archive");
    if (!value || strlen(value) != 194 || !take_digest(value, ' ', b->machine_root) ||
        !take_digest(value + 65, ' ', b->content) || !take_digest(value + 130, '\0', b->statement))
        return false;
    while (b->stand_count < BATCH_STANDS && (value = take(&at, "stands-on")))
        if (!take_digest(value, '\0', b->stands_on[b->stand_count++]))
            return false;
    if (!(value = take(&at, "made")) || !has_form(value, "dddd-dd-ddTdd:dd:ddZ"))
        return false;
    memcpy(b->made, value, sizeof b->made);
    for (size_t i = 0; i < 3; i++) {
        char line[32];

        snprintf(line, sizeof line, "file: %s ", algorithms[i]);
        if (strncmp(at, line, strlen(line)) != 0)
            continue;
        value = take(&at, "file");
        if (!value || !is_file_digest(value + strlen(algorithms[i]) + 1, i ? 128 : 64))
            return false;
        text_print(files, "file: %s\n", value);
    }
    if ((value = take(&at, "decision")) && !(b->decides = read_decision(value, &b->decision)))
        return false;
    if ((value = take(&at, "reason")))
        snprintf(b->reason, sizeof b->reason, "%s", value);
    if ((value = take(&at, "review"))) {
        if (!is_date(value))
            return false;
        memcpy(b->review, value, sizeof b->review);
    }
    if ((value = take(&at, "stamp")) && !take_stamp(b, value))
        return false;
    while (b->crl_count < BATCH_CRLS && (value = take(&at, "crl"))) {
        size_t size;
        uint8_t *bytes = take_bytes(value, &size);

        if (!bytes)
            return false;
        b->crls[b->crl_count++] = (struct stamp_bytes){bytes, size};
    }
    while (b->key_count < BATCH_KEYS && (value = take(&at, "key")))
        if (!take_key(b, value))
            return false;
    return *at == '\0';
}

struct batch *batch_parse(char *text, size_t size)
{
    struct batch *b = calloc(1, sizeof *b);
    const char *end = strstr(text, "\n\n");
    struct text again = {.bytes = NULL}, files = {.bytes = NULL};
    uint8_t digest[DIGEST_SIZE];
    char *copy;
    bool good;

    if (!b) {
        free(text);
        return NULL;
    }
    b->text = text;
    b->size = size;
    b->body = end ? (size_t)(end - text) + 1 : size;
    sha256(text, size, digest);
    hex_encode(digest, b->name);
    copy = strlen(text) == size ? strndup(text, b->body) : NULL;
    good = copy && parse(b, copy, &files);
    if (good)
        batch_print(&again, b, &files);
    good = good && !again.failed && again.length == b->body && memcmp(again.bytes, text, b->body) == 0;
    free(copy);
    text_free(&again);
    text_free(&files);
    if (good)
        return b;
    batch_free(b);
    return NULL;
}

void batch_free(struct batch *b)
{
    if (!b)
        return;
    for (unsigned i = 0; i < b->crl_count; i++)
        free((void *)b->crls[i].bytes);
    free(b->stamp);
    free(b->text);
    free(b);
}
