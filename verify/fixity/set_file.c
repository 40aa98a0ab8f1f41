/* set_file.c - see set_file.h. */
#include "verify/fixity/set_file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "formats/text.h"

#define TITLE "muniment-set: 0\n"
enum { LATENCY_LEAST = 10, LATENCY_MOST = 10000 }; /* microseconds */

static void print_members(const struct set_file *set, bool files, struct text *t)
{
    text_print(t, "latency: %" PRIu32 "\n", set->latency);
    for (uint32_t i = 0; i < set->count; i++) {
        const struct set_member *m = &set->members[i];
        text_print(t, "machine: %s %s %" PRIu64 "%s%s\n", m->name, m->root, m->power_on, files ? " " : "",
                   files ? m->file : "");
    }
}

void set_root(struct set_file *set)
{
    struct text t = {.bytes = NULL};
    uint8_t digest[DIGEST_SIZE];

    text_print(&t, TITLE);
    print_members(set, false, &t);
    sha256(t.bytes, t.length, digest);
    hex_encode(digest, set->root);
    text_free(&t);
}

/* --- The set file --- */

bool set_file_is(const char *text, size_t length)
{
    return length >= sizeof TITLE - 1 && !memcmp(text, TITLE, sizeof TITLE - 1);
}

static bool refuse(const char *name, unsigned line, const char *what, struct error *error)
{
    char object[512];

    snprintf(object, sizeof object, "%.480s:%u", name, line);
    return error_set(error, STATUS_INPUT, object, NULL, "see spec/set.md", "%s", what);
}

/* "machine: NAME ROOT POWER-ON FILE". */
static bool read_member(const char *line, struct set_file *set)
{
    struct set_member *m = &set->members[set->count];
    uint8_t digest[DIGEST_SIZE];
    char file[256];
    int used = 0;

    if (set->count == SET_MACHINES ||
        sscanf(line, "machine: %15[a-z0-9-] %64[0-9a-f] %" SCNu64 " %255[^\n]%n", m->name, m->root, &m->power_on, file,
               &used) != 4 ||
        line[used] || strlen(m->root) != 64 || !hex_decode(m->root, digest))
        return false;
    memcpy(m->file, file, sizeof m->file);
    set->count++;
    return set->count == 1 || strcmp(m[-1].name, m->name) < 0;
}

static bool read_signer(const char *line, struct set_file *set)
{
    size_t size = base64_decode(line, strlen(line), set->signer.bytes, sizeof set->signer.bytes);
    uint8_t digest[DIGEST_SIZE];

    if (size == SIZE_MAX)
        return false;
    set->signer.size = size;
    sha256(set->signer.bytes, size, digest);
    hex_encode(digest, set->signer.digest);
    return true;
}

/* What the head must be again, from what was read of it: so there is one way to write it. */
static bool is_canonical(const struct set_file *set, const char *text, size_t length)
{
    struct text t = {.bytes = NULL};
    bool same;

    text_print(&t, TITLE "set-root: %s\n", set->root);
    print_members(set, true, &t);
    same = !t.failed && t.length <= length && !memcmp(t.bytes, text, t.length);
    text_free(&t);
    return same;
}

bool set_file_parse(char *text, size_t length, const char *name, struct set_file *set, struct error *error)
{
    struct key_text signature = {.text = text, .size = length};
    char *end = text + length, *at = text, root[65] = "", *next;
    unsigned line = 0;
    bool journal = false;

    memset(set, 0, sizeof *set);
    set->text = text;
    if (!set_file_is(text, length) || memchr(text, 0, length))
        return refuse(name, 1, "this is no set file of version 0", error);
    for (; at < end && *at != '\n' && !journal; at = next + 1) {
        char copy[1024];
        bool good;
        line++;
        next = memchr(at, '\n', (size_t)(end - at));
        if (!next || next - at >= (ptrdiff_t)sizeof copy)
            return refuse(name, line, "the line is too long, or the last one is cut off", error);
        snprintf(copy, sizeof copy, "%.*s", (int)(next - at), at);
        journal = !strcmp(copy, "journal:");
        if (line == 1)
            good = true;
        else if (line == 2)
            good = sscanf(copy, "set-root: %64[0-9a-f]", root) == 1 && strlen(copy) == 74;
        else if (line == 3)
            good = sscanf(copy, "latency: %" SCNu32, &set->latency) == 1 && set->latency >= LATENCY_LEAST &&
                   set->latency <= LATENCY_MOST;
        else if (!strncmp(copy, "signer: ", 8))
            good = !set->signer.size && read_signer(copy + 8, set);
        else
            good = journal ? set->signer.size > 0 : !set->signer.size && read_member(copy, set);
        if (!good)
            return refuse(name, line, "the line has not its form", error);
    }
    set_root(set);
    if (set->count < 2 || !set->signer.size || strcmp(root, set->root) || !is_canonical(set, text, length))
        return refuse(name, 2, "the head contradicts itself, or is not complete", error);
    if (journal) {
        char *blank = strstr(at, "\n\n");
        set->journal = at;
        set->journal_length = blank ? (size_t)(blank + 1 - at) : (size_t)(end - at);
        at += set->journal_length;
    }
    signature.body = (size_t)(at - text);
    set->fits = at < end && key_text_check(&signature, &set->signer) == SIGNATURE_FITS;
    return true;
}

void set_file_free(struct set_file *set)
{
    free(set->text);
    memset(set, 0, sizeof *set);
}

bool set_file_print(const struct set_file *set, const struct text *journal, const struct key *key, struct text *to,
                    struct error *error)
{
    char pem[PUBLIC_PEM_SIZE];
    struct key_der der;

    if (!key_public_pem(key, pem, error) || !key_der_read(pem, sizeof pem, &der))
        return false;
    text_print(to, TITLE "set-root: %s\n", set->root);
    print_members(set, true, to);
    base64_print(to, "signer: ", der.bytes, der.size);
    if (journal) {
        text_print(to, "journal:\n");
        text_add(to, journal->bytes, journal->length);
    }
    return key_text_sign(to, to->length, key, error);
}
