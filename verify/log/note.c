/* note.c - heads and proofs as texts: c2sp.org/signed-note, tlog-checkpoint, tlog-proof and tlog-witness. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/archive.h"
#include "verify/log/lines.h"
#include "verify/log/store.h"

#define DASH "\xE2\x80\x94 " /* an em dash and a space begin a signature */

enum { KEY_ID = 4, ED25519 = 1, COSIGNATURE = 4, TIME = 8, PROOF_NODES = 64 };

/* --- Heads --- */

static bool key_id(const char *name, size_t length, uint8_t kind, const char *pem, size_t pem_size, uint8_t id[KEY_ID])
{
    uint8_t key[1 + 32] = {kind}, digest[DIGEST_SIZE];
    struct sha256 s;

    if (!public_key_bytes(pem, pem_size, key + 1))
        return false;
    sha256_begin(&s);
    sha256_add(&s, name, length);
    sha256_add(&s, "\n", 1);
    sha256_add(&s, key, sizeof key);
    sha256_end(&s, digest);
    memcpy(id, digest, KEY_ID);
    return true;
}

bool log_head_print(struct text *to, const struct log_head *head, const struct key *key, struct error *error)
{
    char pem[PUBLIC_PEM_SIZE];
    uint8_t signature[KEY_ID + SIGNATURE_SIZE];
    size_t from = to->length;

    text_print(to, "%s\n%" PRIu64 "\n", head->origin, head->lines);
    base64_print(to, "", head->root, DIGEST_SIZE);
    if (key && !to->failed) {
        if (!key_public_pem(key, pem, error) ||
            !key_id(head->origin, strlen(head->origin), ED25519, pem, sizeof pem, signature) ||
            !key_sign(key, to->bytes + from, to->length - from, signature + KEY_ID, error))
            return false;
        text_print(to, "\n" DASH "%s ", head->origin);
        base64_print(to, "", signature, sizeof signature);
    }
    return !to->failed || error_set(error, STATUS_HOST, head->origin, NULL, NULL, "out of memory");
}

/* The next line of a text, without its line feed; null: there is none that has one. */
static const char *next_line(const char **at, const char *end, size_t *length)
{
    const char *from = *at, *feed = from < end ? memchr(from, '\n', (size_t)(end - from)) : NULL;

    if (!feed)
        return NULL;
    *length = (size_t)(feed - from);
    *at = feed + 1;
    return from;
}

static bool decimal(const char *text, size_t length, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *value = *value * 10 + (uint64_t)(text[i] - '0');
    }
    return length >= 1 && length <= 18 && (length == 1 || text[0] != '0');
}

bool log_head_parse(const char *text, size_t size, struct log_head *head, size_t *body)
{
    const char *at = text, *end = text + size, *line;
    size_t length;

    *head = (struct log_head){.lines = 0};
    if (!(line = next_line(&at, end, &length)) || !log_origin_is_good(line, length))
        return false;
    memcpy(head->origin, line, length);
    if (!(line = next_line(&at, end, &length)) || !decimal(line, length, &head->lines))
        return false;
    if (!(line = next_line(&at, end, &length)) || base64_decode(line, length, head->root, DIGEST_SIZE) != DIGEST_SIZE)
        return false;
    *body = (size_t)(at - text);
    while ((line = next_line(&at, end, &length)) && length > 0) /* lines of extension are signed as well */
        *body = (size_t)(at - text);
    while (line && (line = next_line(&at, end, &length)))
        if (length <= strlen(DASH) || memcmp(line, DASH, strlen(DASH)))
            return false; /* the last empty line is the one before the signatures */
    return at == end;
}

bool log_head_signed_by(const char *text, size_t size, const char *pem, size_t pem_size)
{
    struct log_head head;
    size_t body, length;
    uint8_t id[KEY_ID], signature[KEY_ID + SIGNATURE_SIZE];

    if (!log_head_parse(text, size, &head, &body) ||
        !key_id(head.origin, strlen(head.origin), ED25519, pem, pem_size, id))
        return false;
    const char *at = text + body, *line;
    size_t name = strlen(head.origin), before = strlen(DASH);
    bool fits = false;

    while ((line = next_line(&at, text + size, &length)))
        if (length > before + name + 1 && !memcmp(line, DASH, before) && !memcmp(line + before, head.origin, name) &&
            line[before + name] == ' ' &&
            base64_decode(line + before + name + 1, length - before - name - 1, signature, sizeof signature) ==
                sizeof signature &&
            !memcmp(signature, id, KEY_ID)) {
            if (!signature_fits(pem, pem_size, signature + KEY_ID, text, body))
                return false;
            fits = true;
        }
    return fits;
}

/* Whether a cosignature, without its key's identity, is over the body: "cosignature/v1", the time, the body. */
static bool cosignature_fits(const uint8_t *bytes, const char *pem, size_t pem_size, const char *body, size_t size,
                             uint64_t *time)
{
    struct text t = {.bytes = NULL};
    bool fits;

    *time = 0;
    for (int i = 0; i < TIME; i++)
        *time = *time << 8 | bytes[i];
    text_print(&t, "cosignature/v1\ntime %" PRIu64 "\n", *time);
    text_add(&t, body, size);
    fits = !t.failed && signature_fits(pem, pem_size, bytes + TIME, t.bytes, t.length);
    text_free(&t);
    return fits;
}

bool log_head_cosigned_by(const char *text, size_t size, const char *pem, size_t pem_size, struct log_cosignature *c)
{
    struct log_head head;
    size_t body, length, before = strlen(DASH);
    uint8_t id[KEY_ID], bytes[KEY_ID + TIME + SIGNATURE_SIZE];
    bool fits = false;

    if (!log_head_parse(text, size, &head, &body))
        return false;
    const char *at = text + body, *line;
    while ((line = next_line(&at, text + size, &length))) {
        const char *name = line + before, *space = length > before ? memchr(name, ' ', length - before) : NULL;

        if (!space || space == name || (size_t)(space - name) > LOG_ORIGIN_LIMIT ||
            base64_decode(space + 1, (size_t)(line + length - space - 1), bytes, sizeof bytes) != sizeof bytes ||
            !key_id(name, (size_t)(space - name), COSIGNATURE, pem, pem_size, id) || memcmp(bytes, id, KEY_ID))
            continue;
        if (!cosignature_fits(bytes + KEY_ID, pem, pem_size, text, body, &c->time))
            return false;
        snprintf(c->name, sizeof c->name, "%.*s", (int)(space - name), name);
        fits = true;
    }
    return fits;
}

/* --- Proofs (RFC 9162 §2.1.3 and §2.1.4) --- */

/* The largest power of two below n, which is at least 2. */
static uint64_t split(uint64_t n)
{
    uint64_t k = 1;

    while (k << 1 < n)
        k <<= 1;
    return k;
}

struct nodes {
    uint8_t node[PROOF_NODES][DIGEST_SIZE];
    unsigned count;
};

/* What joins one line to the root of [first, end), from the leaf up. */
static bool path_to_line(const struct log_tree *t, uint64_t line, uint64_t first, uint64_t end, struct nodes *n,
                         struct error *error)
{
    if (end - first == 1)
        return true;
    uint64_t middle = first + split(end - first);
    bool left = line < middle;

    return path_to_line(t, line, left ? first : middle, left ? middle : end, n, error) &&
           log_tree_root(t, left ? middle : first, left ? end : middle, n->node[n->count++], error);
}

/* What leads from the root of the first `old` lines to that of [first, end); known: the old root is one of the nodes.
 */
static bool path_of_growth(const struct log_tree *t, uint64_t old, uint64_t first, uint64_t end, bool known,
                           struct nodes *n, struct error *error)
{
    if (old == end)
        return known || log_tree_root(t, first, end, n->node[n->count++], error);
    uint64_t middle = first + split(end - first);

    if (old <= middle)
        return path_of_growth(t, old, first, middle, known, n, error) &&
               log_tree_root(t, middle, end, n->node[n->count++], error);
    return path_of_growth(t, old, middle, end, false, n, error) &&
           log_tree_root(t, first, middle, n->node[n->count++], error);
}

static void print_nodes(struct text *to, const struct nodes *n)
{
    for (unsigned i = 0; i < n->count; i++)
        base64_print(to, "", n->node[i], DIGEST_SIZE);
}

/* Opens a log for a proof that leads to a head. */
static bool prove_enter(struct log_store *s, const char *path, const struct text *head, struct log_head *h,
                        struct error *error)
{
    size_t body;

    if (!log_head_parse(head->bytes, head->length, h, &body) || h->lines == 0)
        return error_set(error, STATUS_INPUT, path, NULL, "take one that `muniment log head` printed",
                         "the head is no checkpoint");
    if (!log_store_open(s, path, false, error))
        return false;
    if (!log_store_enter(s, error)) {
        log_store_close(s);
        return false;
    }
    if (h->lines <= s->tree.lines)
        return true;
    error_set(error, STATUS_WRONG, path, NULL, "muniment log verify says more",
              "has %" PRIu64 " lines, and the head %" PRIu64, s->tree.lines, h->lines);
    log_store_leave(s);
    log_store_close(s);
    return false;
}

static bool prove_leave(struct log_store *s, bool good, const struct text *to, struct error *error)
{
    log_store_leave(s);
    log_store_close(s);
    return good && (!to->failed || error_set(error, STATUS_HOST, s->path, NULL, NULL, "out of memory"));
}

static bool line_holds(uint64_t line, const uint8_t leaf[DIGEST_SIZE], const struct nodes *n, const struct log_head *h)
{
    uint8_t root[DIGEST_SIZE];

    memcpy(root, leaf, DIGEST_SIZE);
    return line < h->lines &&
           tree_climb(line, h->lines - 1, (const uint8_t(*)[DIGEST_SIZE])n->node, n->count, NULL, root) &&
           !memcmp(root, h->root, DIGEST_SIZE);
}

/* The node that both roots are hashed from is the old root itself where its lines are a power of two. */
static bool growth_holds(const struct nodes *n, const struct log_head *before, const struct log_head *h)
{
    uint64_t number = before->lines - 1, last = h->lines - 1;
    bool whole = (before->lines & number) == 0;
    uint8_t old[DIGEST_SIZE], root[DIGEST_SIZE];

    if (before->lines == h->lines)
        return n->count == 0 && !memcmp(before->root, h->root, DIGEST_SIZE);
    if (!whole && n->count == 0)
        return false;
    for (; number & 1; number >>= 1)
        last >>= 1;
    memcpy(old, whole ? before->root : n->node[0], DIGEST_SIZE);
    memcpy(root, old, DIGEST_SIZE);
    return tree_climb(number, last, (const uint8_t(*)[DIGEST_SIZE])n->node + !whole, n->count - !whole, old, root) &&
           !memcmp(old, before->root, DIGEST_SIZE) && !memcmp(root, h->root, DIGEST_SIZE);
}

/* A path from the tree that is kept: it is checked before anybody gets it, and made again from the log if it does not
 * hold. leaf is that of the line; null: a proof of growth since `before`. */
static bool find_path(struct log_store *s, uint64_t line, const uint8_t *leaf, const struct log_head *before,
                      const struct log_head *h, struct nodes *n, struct error *error)
{
    for (int tries = 0; tries < 2; tries++) {
        n->count = 0;
        if (tries && !log_store_rebuild(s, error))
            return false;
        if (leaf ? path_to_line(&s->tree, line, 0, h->lines, n, error) && line_holds(line, leaf, n, h)
                 : path_of_growth(&s->tree, before->lines, 0, h->lines, true, n, error) && growth_holds(n, before, h))
            return true;
    }
    return error_set(error, STATUS_WRONG, s->path, NULL, "muniment log verify says more",
                     "the head of %" PRIu64 " lines is not that of this log", leaf ? h->lines : before->lines);
}

bool log_prove_line(const char *path, uint64_t line, const struct text *head, struct text *to, struct error *error)
{
    struct text text = {.bytes = NULL};
    struct nodes n = {.count = 0};
    uint8_t leaf[DIGEST_SIZE];
    struct log_store s;
    struct log_head h;

    if (!prove_enter(&s, path, head, &h, error))
        return false;
    bool good = line < h.lines || error_set(error, STATUS_USAGE, path, NULL, "take a later head",
                                            "line %" PRIu64 " is not among the %" PRIu64 " of the head", line, h.lines);
    good = good && log_store_line(&s, line, &text, error);
    if (good) {
        log_leaf(text.bytes ? text.bytes : "", text.length, leaf);
        good = find_path(&s, line, leaf, NULL, &h, &n, error);
    }
    if (good) {
        text_print(to, LOG_PROOF_FIRST);
        base64_print(to, "extra ", text.bytes ? text.bytes : "", text.length);
        text_print(to, "index %" PRIu64 "\n", line);
        print_nodes(to, &n);
        text_print(to, "\n");
        text_add(to, head->bytes, head->length);
    }
    text_free(&text);
    return prove_leave(&s, good, to, error);
}

bool log_prove_growth(const char *path, const struct text *old, const struct text *head, struct text *to,
                      struct error *error)
{
    struct nodes n = {.count = 0};
    struct log_head h, before;
    struct log_store s;
    size_t body;

    if (!prove_enter(&s, path, head, &h, error))
        return false;
    bool good = (log_head_parse(old->bytes, old->length, &before, &body) && before.lines >= 1 &&
                 before.lines <= h.lines) ||
                error_set(error, STATUS_INPUT, path, NULL, NULL, "the older head is no checkpoint, or not older");
    good = good && find_path(&s, 0, NULL, &before, &h, &n, error);
    if (good) {
        text_print(to, "old %" PRIu64 "\n", before.lines);
        print_nodes(to, &n);
        text_print(to, "\n");
        text_add(to, head->bytes, head->length);
    }
    return prove_leave(&s, good, to, error);
}

static bool read_proof(const char *text, size_t size, struct log_proof *p, struct nodes *n)
{
    const char *at = text, *end = text + size, *line;
    size_t length, first = strlen(LOG_PROOF_FIRST), count;
    uint8_t *extra;

    if (size < first || memcmp(text, LOG_PROOF_FIRST, first))
        return false;
    at += first;
    if (!(line = next_line(&at, end, &length)) || length < 6 || memcmp(line, "extra ", 6) ||
        !(extra = malloc(LOG_LINE_LIMIT)))
        return false;
    count = base64_decode(line + 6, length - 6, extra, LOG_LINE_LIMIT);
    if (count != SIZE_MAX)
        text_add(&p->text, extra, count);
    free(extra);
    if (count == SIZE_MAX || p->text.failed || !(line = next_line(&at, end, &length)) || length < 7 ||
        memcmp(line, "index ", 6) || !decimal(line + 6, length - 6, &p->line))
        return false;
    while ((line = next_line(&at, end, &length)) && length > 0)
        if (n->count == PROOF_NODES || base64_decode(line, length, n->node[n->count++], DIGEST_SIZE) != DIGEST_SIZE)
            return false;
    p->head = (size_t)(at - text);
    return line && log_head_parse(at, (size_t)(end - at), &p->of, &count);
}

bool log_proof_check(const char *path, const char *text, size_t size, struct log_proof *p, struct error *error)
{
    struct nodes n = {.count = 0};
    uint8_t leaf[DIGEST_SIZE];

    *p = (struct log_proof){.line = 0};
    if (!read_proof(text, size, p, &n)) {
        text_free(&p->text);
        return error_set(error, STATUS_INPUT, path, NULL, "`muniment log prove` makes one", "is no proof of a line");
    }
    log_leaf(p->text.bytes ? p->text.bytes : "", p->text.length, leaf);
    if (line_holds(p->line, leaf, &n, &p->of))
        return true;
    text_free(&p->text);
    return error_set(error, STATUS_WRONG, path, NULL, NULL,
                     "does not hold: line %" PRIu64 " as it stands here is not in the log of this head", p->line);
}
