/* gate.c - see gate.h. */
#include "desk/gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "desk/embedded.h"

#define QUESTIONS 256u /* that wait for the steward */

/* No page runs or shows what is not ours, and none is shown in another's. Styles and pictures of the screen are set by
 * scripts, as objects. */
const char *const gate_headers[] = {
    "content-security-policy:",
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options:",
    "nosniff",
    "referrer-policy:",
    "no-referrer",
    "cross-origin-opener-policy:",
    "same-origin",
    "cross-origin-resource-policy:",
    "same-origin",
    "cache-control:",
    "no-store",
    NULL,
};

static const char *const role_names[] = {[ROLE_READER] = "reader", [ROLE_ARCHIVIST] = "archivist"};

struct link {
    bool used;
    uint8_t hash[DIGEST_SIZE];
    enum gate_role role;
    char person[17]; /* as whom it lets in; empty: as somebody new */
    uint64_t until;
};

struct person {
    bool in;
    uint8_t hash[DIGEST_SIZE]; /* of the cookie */
    char name[17];
    enum gate_role role;
    uint64_t seen;
};

/* What comes of the steward's answer, besides that it is handed on. */
enum then { THEN_NOTHING, THEN_SCREEN, THEN_LINK, THEN_ENTER };

struct question {
    unsigned id; /* 0: free */
    struct http_exchange *x;
    enum then then;
    enum gate_role role;          /* THEN_LINK: of the link, */
    char person[17];              /* and as whom it lets in; */
    char cookie[GATE_SECRET + 1]; /* THEN_ENTER: of who is let in; both wait until the office's log has it */
    char file_name[128];
};

struct screen {
    struct http_exchange *x; /* null: free */
    const struct person *person;
};

struct gate {
    const struct gate_settings *settings;
    struct link links[GATE_LINKS];
    struct person people[GATE_PEOPLE];
    struct question questions[QUESTIONS];
    struct screen screens[HTTP_CONNECTIONS];
    unsigned last;
};

static uint64_t now(const struct gate *g)
{
    return g->settings->seconds(g->settings->context);
}

/* SHA-256 of a secret, as its digits. */
static void hash_secret(const char secret[GATE_SECRET + 1], uint8_t hash[DIGEST_SIZE])
{
    sha256(secret, GATE_SECRET, hash);
}

struct gate *gate_open(const struct gate_settings *settings)
{
    struct gate *g = calloc(1, sizeof *g);

    if (g)
        g->settings = settings;
    return g;
}

void gate_close(struct gate *g)
{
    free(g);
}

/* --- Answers --- */

static void answer_bytes(struct gate *g, struct http_exchange *x, unsigned status, const char *type, const void *bytes,
                         size_t length)
{
    g->settings->answer(
        x, &(struct http_answer){.status = status, .type = type, .bytes = bytes, .length = length, .descriptor = -1});
}

/* text is a constant. */
static void answer_json(struct gate *g, struct http_exchange *x, unsigned status, const char *text)
{
    answer_bytes(g, x, status, "application/json", text, strlen(text));
}

static void refuse(struct gate *g, struct http_exchange *x, unsigned status)
{
    static const struct {
        unsigned status;
        const char *text;
    } texts[] = {
        {400, "{\"error\": \"the request is not understood\"}"},
        {401, "{\"error\": \"nobody is signed in here\"}"},
        {403, "{\"error\": \"this is not permitted\"}"},
        {404, "{\"error\": \"there is nothing of that name\"}"},
        {413, "{\"error\": \"this is too much at a time; choose fewer files\"}"},
        {503, "{\"error\": \"too much is waiting; try again\"}"},
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].status == status)
            answer_json(g, x, status, texts[i].text);
}

static void answer_file(struct gate *g, struct http_exchange *x, const char *name)
{
    static const char *const types[][2] = {{".html", "text/html; charset=utf-8"},
                                           {".js", "text/javascript; charset=utf-8"},
                                           {".css", "text/css; charset=utf-8"},
                                           {".svg", "image/svg+xml"}};
    const struct embedded_file *file = embedded_file(name);
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; file && dot && i < sizeof types / sizeof *types; i++)
        if (!strcmp(dot, types[i][0])) {
            answer_bytes(g, x, 200, types[i][1], file->bytes, file->size);
            return;
        }
    refuse(g, x, 404);
}

/* --- Who asks --- */

static bool is_secret(const char *text)
{
    return strlen(text) == GATE_SECRET && strspn(text, "0123456789abcdef") == GATE_SECRET;
}

static void make_secret(struct gate *g, char secret[GATE_SECRET + 1])
{
    uint8_t bytes[GATE_SECRET / 2];

    g->settings->random(g->settings->context, bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(secret + 2 * i, 3, "%02x", bytes[i]);
}

/* Both are hashes: how long it takes says nothing of the secrets. */
static bool same(const uint8_t a[DIGEST_SIZE], const uint8_t b[DIGEST_SIZE])
{
    return !memcmp(a, b, DIGEST_SIZE);
}

/* The host by which we are called must be ours: else a name that others gave to this address is used. */
static bool is_our_host(const struct gate *g, const char *host)
{
    for (const char *const *h = g->settings->hosts; *h; h++)
        if (!strcmp(*h, host))
            return true;
    return false;
}

static bool is_our_origin(const struct gate *g, const char *origin)
{
    size_t length = strlen(g->settings->scheme);

    return !strncmp(origin, g->settings->scheme, length) && !strncmp(origin + length, "://", 3) &&
           is_our_host(g, origin + length + 3);
}

/* The value of our cookie in a Cookie header. */
static bool find_cookie(const struct gate *g, const char *header, char secret[GATE_SECRET + 1])
{
    size_t length = strlen(g->settings->cookie);

    for (const char *at = header; *at; at += strcspn(at, ";"), at += *at == ';') {
        at += strspn(at, " \t");
        if (strncmp(at, g->settings->cookie, length) || at[length] != '=')
            continue;
        at += length + 1;
        if (strcspn(at, "; \t") != GATE_SECRET)
            return false;
        memcpy(secret, at, GATE_SECRET);
        secret[GATE_SECRET] = '\0';
        return is_secret(secret);
    }
    return false;
}

/* Nobody is in by that cookie any more, and no screen stays open. */
static void put_out(struct gate *g, struct person *p)
{
    p->in = false;
    for (size_t i = 0; i < HTTP_CONNECTIONS; i++)
        if (g->screens[i].x && g->screens[i].person == p)
            g->settings->end(g->screens[i].x);
}

static struct person *who_asks(struct gate *g, const struct http_request *request)
{
    char secret[GATE_SECRET + 1];
    uint8_t hash[DIGEST_SIZE];

    if (!find_cookie(g, request->cookie, secret))
        return NULL;
    hash_secret(secret, hash);
    for (size_t i = 0; i < GATE_PEOPLE; i++) {
        struct person *p = &g->people[i];
        if (!p->in || !same(p->hash, hash))
            continue;
        if (now(g) - p->seen >= GATE_IDLE_SECONDS) {
            put_out(g, p);
            return NULL;
        }
        p->seen = now(g);
        return p;
    }
    return NULL;
}

/* A place for somebody new: a free one, or that of who has been away for longest. */
static struct person *place_for(struct gate *g)
{
    struct person *oldest = &g->people[0];

    for (size_t i = 0; i < GATE_PEOPLE; i++) {
        if (!g->people[i].in)
            return &g->people[i];
        if (g->people[i].seen < oldest->seen)
            oldest = &g->people[i];
    }
    put_out(g, oldest);
    return oldest;
}

/* Sets the cookie; without a value it is forgotten. A name with __Host- asks for Secure then, too. */
static void answer_cookie(struct gate *g, struct http_exchange *x, const char *value)
{
    struct http_answer answer = {
        .status = 200, .type = "application/json", .bytes = "{}", .length = 2, .descriptor = -1};

    snprintf(answer.cookie, sizeof answer.cookie, "%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s", g->settings->cookie,
             value, strcmp(g->settings->scheme, "https") ? "" : "; Secure", *value ? "" : "; Max-Age=0");
    g->settings->answer(x, &answer);
}

/* --- Questions --- */

static struct question *new_question(struct gate *g, struct http_exchange *x)
{
    for (size_t i = 0; i < QUESTIONS; i++)
        if (!g->questions[i].id) {
            g->last = g->last % 1000000000 + 1;
            g->questions[i] = (struct question){.id = g->last, .x = x};
            return &g->questions[i];
        }
    return NULL;
}

/* Asks the steward: who, a verb, what it is about, which holds no line end (matches), and lines. Null: that was
 * refused. */
static struct question *ask(struct gate *g, struct http_exchange *x, const struct person *p, const char *verb,
                            const char *what, const char *lines, const char *file_name)
{
    struct question *q = new_question(g, x);
    char *text = malloc(GATE_MESSAGE);
    const bool fits = !q || !text ||
                      snprintf(text, GATE_MESSAGE, "%u %s %s %s %s\n%s", q->id, role_names[p->role], p->name, verb,
                               what, lines) < GATE_MESSAGE;
    bool good = q && text && fits;

    if (good) {
        snprintf(q->file_name, sizeof q->file_name, "%s", file_name);
        q->then = !strcmp(verb, "viewer") || !strcmp(verb, "sound") ? THEN_SCREEN : THEN_NOTHING;
        good = g->settings->ask(g->settings->context, text);
    }
    free(text);
    if (good)
        return q;
    if (q)
        q->id = 0;
    if (q && q->then == THEN_SCREEN)
        g->settings->end(x);
    else
        refuse(g, x, fits ? 503 : 413);
    return NULL;
}

void gate_gone(struct gate *g, struct http_exchange *x)
{
    for (size_t i = 0; i < QUESTIONS; i++)
        if (g->questions[i].id && g->questions[i].x == x)
            g->questions[i].x = NULL; /* the answer still comes */
    for (size_t i = 0; i < HTTP_CONNECTIONS; i++)
        if (g->screens[i].x == x)
            g->screens[i].x = NULL;
}

bool gate_link(struct gate *g, enum gate_role role, const char *person, char secret[GATE_SECRET + 1])
{
    for (size_t i = 0; i < GATE_LINKS; i++) {
        struct link *l = &g->links[i];
        if (l->used && now(g) < l->until)
            continue;
        make_secret(g, secret);
        *l = (struct link){.used = true, .role = role, .until = now(g) + GATE_LINK_SECONDS};
        snprintf(l->person, sizeof l->person, "%s", person);
        hash_secret(secret, l->hash);
        return true;
    }
    return false;
}

/* The link's secret is shown once. */
static void answer_link(struct gate *g, const struct question *q)
{
    struct http_answer answer = {
        .status = 200, .type = "application/json", .bytes = "{}", .length = 2, .descriptor = -1};

    if (gate_link(g, q->role, q->person, answer.link))
        g->settings->answer(q->x, &answer);
    else
        refuse(g, q->x, 503);
}

/* Whoever was to be let in by that cookie is out. */
static void turn_away(struct gate *g, const struct question *q)
{
    uint8_t hash[DIGEST_SIZE];

    hash_secret(q->cookie, hash);
    for (size_t i = 0; i < GATE_PEOPLE; i++)
        if (g->people[i].in && same(g->people[i].hash, hash))
            put_out(g, &g->people[i]);
}

static void give_stream(struct gate *g, const struct question *q, int descriptor)
{
    if (descriptor >= 0)
        g->settings->join(q->x, descriptor);
    else
        g->settings->end(q->x);
}

void gate_answered(struct gate *g, unsigned id, unsigned status, const char *type, uint64_t length, int descriptor)
{
    struct http_answer answer = {.status = status, .type = type, .length = length, .descriptor = descriptor};

    for (size_t i = 0; i < QUESTIONS; i++) {
        struct question *q = &g->questions[i];
        if (!id || q->id != id)
            continue;
        q->id = 0;
        if (q->then == THEN_ENTER && (status != 200 || !q->x))
            turn_away(g, q);
        if (!q->x)
            break;
        if (status == 200)
            memcpy(answer.file_name, q->file_name, sizeof answer.file_name);
        if (q->then == THEN_SCREEN) {
            give_stream(g, q, descriptor);
            return;
        }
        if (status != 200 || q->then == THEN_NOTHING) {
            g->settings->answer(q->x, &answer);
            return;
        }
        if (q->then == THEN_LINK)
            answer_link(g, q);
        else
            answer_cookie(g, q->x, q->cookie);
        break;
    }
    if (descriptor >= 0)
        close(descriptor);
}

/* A link's secret becomes a cookie, once: when the steward has recorded it. */
static void enter(struct gate *g, struct http_exchange *x, const struct http_request *request)
{
    char secret[GATE_SECRET + 1];
    uint8_t hash[DIGEST_SIZE], name[8];
    struct question *q;

    if (!is_secret(request->body)) {
        refuse(g, x, 400);
        return;
    }
    hash_secret(request->body, hash);
    for (size_t i = 0; i < GATE_LINKS; i++) {
        struct link *l = &g->links[i];
        struct person *p;
        if (!l->used || !same(l->hash, hash))
            continue;
        l->used = false;
        if (now(g) >= l->until)
            break;
        p = place_for(g);
        *p = (struct person){.in = true, .role = l->role, .seen = now(g)};
        make_secret(g, secret);
        hash_secret(secret, p->hash);
        g->settings->random(g->settings->context, name, sizeof name);
        for (size_t n = 0; n < sizeof name; n++)
            snprintf(p->name + 2 * n, 3, "%02x", name[n]);
        if (*l->person)
            memcpy(p->name, l->person, sizeof p->name);
        q = ask(g, x, p, "enter", role_names[l->role], "", "");
        if (q) {
            q->then = THEN_ENTER;
            memcpy(q->cookie, secret, sizeof q->cookie);
        } else {
            p->in = false;
        }
        return;
    }
    refuse(g, x, 401);
}

/* --- Routes --- */

/* What stands for {} in a pattern: one part of a path, without a line end. */
static bool matches(const char *pattern, const char *path, char part[256])
{
    const char *hole = strstr(pattern, "{}");
    size_t before = hole ? (size_t)(hole - pattern) : 0, after = hole ? strlen(hole + 2) : 0, length = strlen(path);

    if (!hole)
        return !strcmp(pattern, path);
    if (length <= before + after || strncmp(pattern, path, before) || strcmp(path + length - after, hole + 2))
        return false;
    length -= before + after;
    if (length >= 256)
        return false;
    memcpy(part, path + before, length);
    part[length] = '\0';
    return !strpbrk(part, "/\n\r");
}

/* What the steward is asked, by route. */
static const struct route {
    enum http_method method;
    const char *pattern, *verb;
    const char *file_name; /* of what is saved; null: nothing is */
    enum gate_role role;   /* that it takes */
} routes[] = {
    /* clang-format off */
    {HTTP_GET, "/api/library", "library", NULL, ROLE_READER},
    {HTTP_GET, "/api/archives/{}", "info", NULL, ROLE_READER},
    {HTTP_GET, "/api/archives/{}/picture", "picture", NULL, ROLE_READER},
    {HTTP_GET, "/api/archives/{}/volumes", "volumes", NULL, ROLE_READER},
    {HTTP_GET, "/api/archives/{}/files", "files", NULL, ROLE_READER},
    {HTTP_POST, "/api/archives/{}/retrieve", "retrieve", "records.zip", ROLE_READER},
    {HTTP_POST, "/api/archives/{}/sessions", "open", NULL, ROLE_READER},
    {HTTP_POST, "/api/archives/{}/verify", "verify", NULL, ROLE_ARCHIVIST},
    {HTTP_GET, "/api/sessions", "sessions", NULL, ROLE_READER},
    {HTTP_POST, "/api/sessions/{}/suspend", "suspend", NULL, ROLE_READER},
    {HTTP_POST, "/api/sessions/{}/resume", "resume", NULL, ROLE_READER},
    {HTTP_POST, "/api/sessions/{}/discard", "discard", NULL, ROLE_READER},
    {HTTP_GET, "/api/sessions/{}/volumes", "session-volumes", NULL, ROLE_READER},
    {HTTP_GET, "/api/sessions/{}/files", "session-files", NULL, ROLE_READER},
    {HTTP_POST, "/api/sessions/{}/retrieve", "session-retrieve", "records.zip", ROLE_READER},
    {HTTP_GET, "/api/sessions/{}/journal", "journal", "session.journal", ROLE_READER},
    {HTTP_GET, "/api/sessions/{}/film", "film", NULL, ROLE_READER},
    {HTTP_GET, "/api/sessions/{}/prints", "prints", NULL, ROLE_READER},
    {HTTP_POST, "/api/sessions/{}/print-pdf", "print-pdf", "print.pdf", ROLE_READER},
    {HTTP_POST, "/api/sessions/{}/print-raw", "print-raw", "print.prn", ROLE_READER},
    {HTTP_POST, "/api/sessions/{}/insert", "insert", NULL, ROLE_READER},
    {HTTP_POST, "/api/sessions/{}/stay", "stay", NULL, ROLE_READER},
    {HTTP_GET, "/api/jobs", "jobs", NULL, ROLE_READER},
    {HTTP_GET, "/api/media", "media", NULL, ROLE_READER},
    {HTTP_POST, "/api/archives/{}/volumes", "volumes", NULL, ROLE_ARCHIVIST},
    {HTTP_POST, "/api/archives/{}/files", "files", NULL, ROLE_ARCHIVIST},
    {HTTP_POST, "/api/uploads", "upload", NULL, ROLE_ARCHIVIST},
    {HTTP_POST, "/api/uploads/{}", "upload-piece", NULL, ROLE_ARCHIVIST},
    /* clang-format on */
};

/* The lines of a question: a body; or a drive after the address, the one thing that is said so: an act has an Origin.
 */
static const char *lines_of(const struct http_request *request)
{
    if (request->method == HTTP_POST)
        return request->body;
    return strncmp(request->query, "drive=", 6) || strpbrk(request->query, "\r\n") ? "" : request->query;
}

static void answer_me(struct gate *g, struct http_exchange *x, const struct person *p)
{
    answer_json(g, x, 200, p->role == ROLE_ARCHIVIST ? "{\"role\": \"archivist\"}" : "{\"role\": \"reader\"}");
}

static bool is_person(const char *text)
{
    return strlen(text) == 16 && strspn(text, "0123456789abcdef") == 16;
}

/* Lets somebody else in, when the steward has recorded it: "ROLE", or "reader PERSON" who has sessions here. */
static void ask_link(struct gate *g, struct http_exchange *x, const struct person *p,
                     const struct http_request *request)
{
    struct question *q;

    for (enum gate_role role = ROLE_READER; role <= ROLE_ARCHIVIST; role++) {
        const size_t length = strlen(role_names[role]);
        const char *person = request->body + length;
        if (strncmp(request->body, role_names[role], length) ||
            (*person && (role != ROLE_READER || *person++ != ' ' || !is_person(person))))
            continue;
        q = ask(g, x, p, "link", request->body, "", "");
        if (q) {
            q->then = THEN_LINK;
            q->role = role;
            snprintf(q->person, sizeof q->person, "%s", person);
        }
        return;
    }
    refuse(g, x, 400);
}

static void serve_api(struct gate *g, struct http_exchange *x, const struct http_request *request)
{
    struct person *p = who_asks(g, request);
    const bool posts = request->method == HTTP_POST;
    char part[256] = "";

    if (posts && !strcmp(request->path, "/api/enter")) {
        enter(g, x, request);
        return;
    }
    if (!p) {
        refuse(g, x, 401);
        return;
    }
    if (!posts && !strcmp(request->path, "/api/me")) {
        answer_me(g, x, p);
        return;
    }
    if (posts && !strcmp(request->path, "/api/leave")) {
        put_out(g, p);
        answer_cookie(g, x, "");
        return;
    }
    if (posts && !strcmp(request->path, "/api/links") && p->role == ROLE_ARCHIVIST) {
        ask_link(g, x, p, request);
        return;
    }
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        const struct route *r = &routes[i];
        if (r->method != request->method || !matches(r->pattern, request->path, part))
            continue;
        if (p->role < r->role)
            refuse(g, x, 403);
        else
            ask(g, x, p, r->verb, part, lines_of(request), r->file_name ? r->file_name : "");
        return;
    }
    refuse(g, x, 404);
}

void gate_request(struct gate *g, struct http_exchange *x, const struct http_request *request)
{
    const char *path = request->path;
    char name[128];

    if (!is_our_host(g, request->host)) {
        refuse(g, x, 403);
        return;
    }
    if (request->method == HTTP_POST && !is_our_origin(g, request->origin)) {
        refuse(g, x, 403);
        return;
    }
    if (!strncmp(path, "/api/", 5)) {
        serve_api(g, x, request);
        return;
    }
    if (request->method != HTTP_GET || strlen(path) > 100) {
        refuse(g, x, 404);
        return;
    }
    snprintf(name, sizeof name, "web/%s", !strcmp(path, "/") ? "index.html" : path + 1);
    answer_file(g, x, name);
}

/* --- Screens --- */

/* Streams of a session, and how the steward is asked for them. */
static const struct {
    const char *pattern, *verb, *lines;
} streams[] = {
    {"/api/sessions/{}/screen", "viewer", ""},
    {"/api/sessions/{}/view", "viewer", "view"},
    {"/api/sessions/{}/sound", "sound", ""},
};

enum { STREAMS = sizeof streams / sizeof *streams };

/* Which one a path names, or STREAMS. */
static size_t find_stream(const char *path, char session[256])
{
    size_t i = 0;

    while (i < STREAMS && !matches(streams[i].pattern, path, session))
        i++;
    return i;
}

/* A WebSocket says where it comes from, whatever else it is allowed. */
bool gate_permits(struct gate *g, const struct http_request *request)
{
    char session[256];

    return is_our_host(g, request->host) && is_our_origin(g, request->origin) &&
           find_stream(request->path, session) < STREAMS && who_asks(g, request);
}

void gate_opened(struct gate *g, struct http_exchange *x, const struct http_request *request)
{
    const struct person *p = who_asks(g, request);
    struct screen *screen = NULL;
    char session[256];
    const size_t stream = find_stream(request->path, session);

    for (size_t i = 0; i < HTTP_CONNECTIONS && !screen; i++)
        screen = g->screens[i].x ? NULL : &g->screens[i];
    if (!p || !screen || stream == STREAMS) {
        g->settings->end(x);
        return;
    }
    *screen = (struct screen){x, p};
    ask(g, x, p, streams[stream].verb, session, streams[stream].lines, "");
}
