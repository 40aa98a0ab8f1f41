/* trust.c - who is trusted, by what --trust names: public keys, roots with the certificates and revocations that they
 * signed (spec/keys.md), and folders of these. */
#include "verify/fixity/fixity.h"
#include "verify/fixity/keytext.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define ITEMS_LIMIT 4096u /* files of all folders */

/* What was found: keys that are trusted themselves, and statements. */
struct trusted {
    struct key_der *keys;
    struct key_text *texts;
    hex_digest *persons; /* who holds the key of each text: the least of the digests of that person's keys */
    size_t key_count, text_count;
};

void trusted_free(struct trusted *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->text_count; i++)
        key_text_free(&t->texts[i]);
    free(t->texts);
    free(t->persons);
    free(t->keys);
    free(t);
}

/* --- Reading --- */

static bool add_text(struct trusted *t, const char *path, char *text, size_t size, struct error *error)
{
    struct key_text *texts = realloc(t->texts, (t->text_count + 1) * sizeof *texts);
    const char *reason;

    if (!texts) {
        free(text);
        return error_set(error, STATUS_HOST, path, NULL, NULL, "out of memory");
    }
    t->texts = texts;
    if (!key_text_parse(text, size, &texts[t->text_count], &reason))
        return error_set(error, STATUS_INPUT, path, NULL, NULL, "%s", reason);
    t->text_count++;
    return true;
}

static bool add_key(struct trusted *t, const char *path, const char *pem, size_t size, struct error *error)
{
    struct key_der *keys = realloc(t->keys, (t->key_count + 1) * sizeof *keys);

    if (!keys)
        return error_set(error, STATUS_HOST, path, NULL, NULL, "out of memory");
    t->keys = keys;
    if (!key_der_read(pem, size, &keys[t->key_count]))
        return error_set(error, STATUS_INPUT, path, NULL, NULL,
                         "is no public key in PEM, and no root, certificate or revocation");
    t->key_count++;
    return true;
}

static bool add_file(struct trusted *t, const char *path, struct error *error)
{
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, KEY_TEXT_LIMIT + 1);
    size_t size = file && text ? fread(text, 1, KEY_TEXT_LIMIT, file) : 0;
    bool good;

    if (!file)
        error_set(error, errno == ENOENT ? STATUS_INPUT : STATUS_HOST, path, NULL, NULL, "cannot open: %s",
                  strerror(errno));
    else if (!text)
        error_host(error, path, ENOMEM, "cannot read");
    else if (t->key_count + t->text_count >= ITEMS_LIMIT)
        error_set(error, STATUS_INPUT, path, NULL, "name fewer", "is one more than the %u that --trust can name",
                  ITEMS_LIMIT);
    good = file && text && t->key_count + t->text_count < ITEMS_LIMIT;
    if (file)
        fclose(file);
    if (good && strncmp(text, "muniment-", strlen("muniment-")) == 0)
        return add_text(t, path, text, size, error);
    good = good && add_key(t, path, text, size, error);
    free(text);
    return good;
}

/* A file of a folder: what its name says it is it must be, and what says nothing is left alone. */
static bool is_named(const char *name)
{
    static const char *const endings[] = {".pub", ".root", ".cert", ".revoked"};
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot && dot != name && i < sizeof endings / sizeof endings[0]; i++)
        if (strcmp(dot, endings[i]) == 0)
            return true;
    return false;
}

static bool add_folder(struct trusted *t, const char *path, struct error *error)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    char name[4096];
    bool good = true;

    if (!folder)
        return error_host(error, path, errno, "cannot open");
    while (good && (entry = readdir(folder)))
        if (is_named(entry->d_name))
            good = snprintf(name, sizeof name, "%s/%s", path, entry->d_name) < (int)sizeof name
                       ? add_file(t, name, error)
                       : error_host(error, path, ENAMETOOLONG, "cannot read all of");
    closedir(folder);
    return good;
}

/* --- Roots --- */

static const struct key_text *find_root(const struct trusted *t, const char *digest)
{
    for (size_t i = 0; i < t->text_count; i++)
        if (t->texts[i].kind == KEY_TEXT_ROOT && strcmp(t->texts[i].key.digest, digest) == 0)
            return &t->texts[i];
    return NULL;
}

/* What a certificate or revocation is worth by its root. */
static enum signature_state by_root(const struct trusted *t, const struct key_text *text)
{
    const struct key_text *root = find_root(t, text->root);

    return root ? key_text_check(text, &root->key) : SIGNATURE_WRONG;
}

/* --- Persons --- */

/* Whether two texts are about a key of one person: they name the same key, or the same holder by the same root, which
 * names itself, too. What a root did not sign says nothing; what it signed in a way that is not checked here may be.
 */
static bool are_of_one(const struct trusted *t, const struct key_text *a, const struct key_text *b)
{
    const char *root = a->kind == KEY_TEXT_ROOT ? a->key.digest : a->root;
    const char *other = b->kind == KEY_TEXT_ROOT ? b->key.digest : b->root;

    return (strcmp(a->key.digest, b->key.digest) == 0 || (strcmp(root, other) == 0 && strcmp(a->name, b->name) == 0)) &&
           (a->kind == KEY_TEXT_ROOT || by_root(t, a) != SIGNATURE_WRONG) &&
           (b->kind == KEY_TEXT_ROOT || by_root(t, b) != SIGNATURE_WRONG);
}

/* Gives the texts of one person one name, until none is left that has another. */
static bool find_persons(struct trusted *t, struct error *error)
{
    t->persons = malloc((t->text_count + 1) * sizeof *t->persons);
    if (!t->persons)
        return error_host(error, "--trust", ENOMEM, "cannot read");
    for (size_t i = 0; i < t->text_count; i++)
        strcpy(t->persons[i], t->texts[i].key.digest);
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i < t->text_count; i++)
            for (size_t k = 0; k < t->text_count; k++)
                if (t->texts[i].kind != KEY_TEXT_REVOCATION && t->texts[k].kind != KEY_TEXT_REVOCATION &&
                    strcmp(t->persons[i], t->persons[k]) < 0 && are_of_one(t, &t->texts[i], &t->texts[k])) {
                    memcpy(t->persons[k], t->persons[i], sizeof(hex_digest));
                    changed = true;
                }
    }
    return true;
}

/* Who holds a key; one that is only named is a person of its own. */
static const char *person_of(const struct trusted *t, const char *key)
{
    const char *person = key;

    for (size_t i = 0; i < t->text_count; i++)
        if (strcmp(t->texts[i].key.digest, key) == 0 && strcmp(t->persons[i], person) < 0)
            person = t->persons[i];
    return person;
}

struct trusted *trusted_load(const char *const *paths, size_t count, struct error *error)
{
    struct trusted *t = calloc(1, sizeof *t);
    bool good = t || error_host(error, "--trust", ENOMEM, "cannot read");

    for (size_t i = 0; good && i < count; i++) {
        struct stat status;
        bool folder = stat(paths[i], &status) == 0 && S_ISDIR(status.st_mode);

        good = folder ? add_folder(t, paths[i], error) : add_file(t, paths[i], error);
    }
    if (good && find_persons(t, error))
        return t;
    trusted_free(t);
    return NULL;
}

/* --- Judging --- */

/* What a revocation is worth: its root's signature, and that of a second person, whom the same root certified: not that
 * of who holds the root. */
static enum signature_state by_two(const struct trusted *t, const struct key_text *revocation)
{
    enum signature_state first = by_root(t, revocation), second = SIGNATURE_WRONG;

    for (size_t i = 0; i < t->text_count && second == SIGNATURE_WRONG; i++) {
        const struct key_text *c = &t->texts[i];

        if (c->kind == KEY_TEXT_CERTIFICATE && c->office && strcmp(c->root, revocation->root) == 0 &&
            strcmp(person_of(t, c->key.digest), person_of(t, revocation->root)) != 0 && by_root(t, c) == SIGNATURE_FITS)
            second = key_text_check(revocation, &c->key);
    }
    return first == SIGNATURE_FITS ? second : first;
}

static void today(key_date date)
{
    time_t now = time(NULL);
    struct tm tm;

    gmtime_r(&now, &tm);
    strftime(date, sizeof(key_date), "%Y-%m-%d", &tm);
}

static void judge_certificate(const struct trusted *t, const struct key_text *c, const char *since, struct trust *trust)
{
    enum signature_state state = by_root(t, c);
    const struct key_text *root = find_root(t, c->root);
    const bool early = since && strcmp(since, c->from) < 0;
    key_date now;

    today(now);
    if (since && state == SIGNATURE_FITS && strcmp(since, c->from) >= 0 && strcmp(since, c->until) <= 0)
        snprintf(trust->note, sizeof trust->note, "%s: certified by %s from %s to %s; it had signed on %s", c->name,
                 root->name, c->from, c->until, since);
    else if (early && state == SIGNATURE_FITS)
        snprintf(trust->note, sizeof trust->note, "%s: certified by %s only from %s on; it had signed before, on %s",
                 c->name, root->name, c->from, since);
    else if (state == SIGNATURE_FITS && strcmp(now, c->from) < 0)
        snprintf(trust->note, sizeof trust->note, "%s: certified by %s only from %s on", c->name, root->name, c->from);
    else if (state == SIGNATURE_FITS && strcmp(now, c->until) > 0)
        snprintf(trust->note, sizeof trust->note,
                 "%s: certified by %s from %s to %s; that it signed before then is only claimed", c->name, root->name,
                 c->from, c->until);
    else if (state == SIGNATURE_FITS)
        snprintf(trust->note, sizeof trust->note, "%s: certified by %s from %s to %s", c->name, root->name, c->from,
                 c->until);
    else if (state == SIGNATURE_NOT_CHECKED)
        snprintf(trust->note, sizeof trust->note, "%s: its certificate has an algorithm that is not checked here",
                 c->name);
    trust->trusted = trust->trusted || (state == SIGNATURE_FITS && !early && strcmp(now, c->from) >= 0);
}

static void judge_revocation(const struct trusted *t, const struct key_text *r, const char *since, struct trust *trust)
{
    enum signature_state state = by_two(t, r);

    if (state == SIGNATURE_WRONG) {
        const size_t length = strlen(trust->note);

        snprintf(trust->note + length, sizeof trust->note - length,
                 "%srevocation of %s ignored: its root and a second person have not both signed it", length ? "; " : "",
                 r->from);
        return;
    }
    if (state == SIGNATURE_FITS && since && strcmp(since, r->from) < 0) {
        snprintf(trust->note, sizeof trust->note, "%s since %s; it had signed before, on %s", r->reason, r->from,
                 since);
        return;
    }
    if (state == SIGNATURE_NOT_CHECKED)
        snprintf(trust->note, sizeof trust->note, "revoked on %s, by an algorithm that is not checked here", r->from);
    else if (strcmp(r->reason, "compromised") == 0)
        snprintf(trust->note, sizeof trust->note,
                 "revoked: compromised since %s, and nothing shows that it signed before", r->from);
    else
        snprintf(trust->note, sizeof trust->note, "revoked: %s since %s; that it signed before is only claimed",
                 r->reason, r->from);
    if (state == SIGNATURE_NOT_CHECKED || strcmp(r->reason, "compromised") == 0)
        trust->trusted = trust->seconds = false;
}

void trusted_judge(const struct trusted *t, const char *signer, const char *since, struct trust *trust)
{
    *trust = (struct trust){.trusted = false};
    strcpy(trust->person, person_of(t, signer));
    for (size_t i = 0; i < t->key_count; i++)
        trust->trusted = trust->trusted || strcmp(t->keys[i].digest, signer) == 0;
    for (size_t i = 0; !trust->trusted && i < t->text_count; i++)
        if (t->texts[i].kind == KEY_TEXT_CERTIFICATE && !t->texts[i].office &&
            strcmp(t->texts[i].key.digest, signer) == 0)
            judge_certificate(t, &t->texts[i], since, trust);
    for (size_t i = 0; i < t->text_count; i++)
        trust->seconds = trust->seconds ||
                         (t->texts[i].kind == KEY_TEXT_CERTIFICATE && t->texts[i].office &&
                          strcmp(t->texts[i].key.digest, signer) == 0 && by_root(t, &t->texts[i]) == SIGNATURE_FITS);
    const bool named = trust->trusted;
    for (size_t i = 0; (trust->trusted || trust->seconds) && i < t->text_count; i++)
        if (t->texts[i].kind == KEY_TEXT_REVOCATION && strcmp(t->texts[i].key.digest, signer) == 0)
            judge_revocation(t, &t->texts[i], since, trust);
    trust->lapsed = named && !trust->trusted;
}

/* The n-th key that is named, itself or by a certificate; null after the last. */
static const struct key_der *named_key(const struct trusted *t, size_t n)
{
    for (size_t i = 0; n >= t->key_count && i < t->text_count; i++)
        if (t->texts[i].kind == KEY_TEXT_CERTIFICATE && n-- == t->key_count)
            return &t->texts[i].key;
    return n < t->key_count ? &t->keys[n] : NULL;
}

/* Whether the n-th key signed a text, and may count where it is an act of two. */
static bool counts(const struct trusted *who, const struct key_text *text, size_t n, struct trust *trust)
{
    if (key_text_check(text, named_key(who, n)) != SIGNATURE_FITS)
        return false;
    trusted_judge(who, named_key(who, n)->digest, NULL, trust);
    return trust->trusted || trust->seconds;
}

void trusted_signers(const struct trusted *who, const struct key_text *text, bool *trusted, unsigned *persons)
{
    struct trust trust, other;

    *trusted = false;
    *persons = 0;
    for (size_t n = 0; named_key(who, n); n++) {
        if (!counts(who, text, n, &trust))
            continue;
        bool again = false;
        for (size_t k = 0; !again && k < n; k++)
            again = counts(who, text, k, &other) && strcmp(other.person, trust.person) == 0;
        *trusted |= trust.trusted;
        *persons += !again;
    }
}

bool signer_trust(const char *const *paths, size_t count, const char *signer, const char *since, struct trust *trust,
                  struct error *error)
{
    struct trusted *t = trusted_load(paths, count, error);
    const bool good = t;

    *trust = (struct trust){.trusted = false};
    if (good)
        trusted_judge(t, signer, since, trust);
    trusted_free(t);
    return good;
}

bool signer_is_trusted(const char *const *paths, size_t count, const char *signer, bool *trusted, struct error *error)
{
    struct trust trust;
    bool good = signer_trust(paths, count, signer, NULL, &trust, error);

    *trusted = trust.trusted;
    return good;
}
