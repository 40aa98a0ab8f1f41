/* test_gate.c - desk/gate.c: who is let in, and what comes of a request. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "desk/gate.h"

#define HOST "127.0.0.1:8620"
#define ORIGIN "http://" HOST
#define SECRET "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" /* of next_bytes, the first */

/* What the gate did last. */
struct seen {
    uint64_t now;
    uint8_t random;
    struct http_answer answer;
    unsigned answers, questions, joined, ended;
    char question[256], cookie[512];
};

/* An exchange here is nothing but a place that knows where to look. */
struct http_exchange {
    struct seen *seen;
};

static void next_bytes(void *context, uint8_t *bytes, size_t count)
{
    struct seen *s = context;

    for (size_t i = 0; i < count; i++)
        bytes[i] = s->random++;
}

static uint64_t clock_of(void *context)
{
    return ((struct seen *)context)->now;
}

static bool take_question(void *context, const char *question)
{
    struct seen *s = context;

    s->questions++;
    snprintf(s->question, sizeof s->question, "%s", question);
    return true;
}

static void take_answer(struct http_exchange *x, const struct http_answer *answer)
{
    x->seen->answer = *answer;
    x->seen->answers++;
}

static bool take_stream(struct http_exchange *x, int stream)
{
    x->seen->joined++;
    return close(stream) == 0;
}

static void take_end(struct http_exchange *x)
{
    x->seen->ended++;
}

static const char *const hosts[] = {HOST, "localhost:8620", NULL};
static struct gate_settings settings = {.hosts = hosts,
                                        .scheme = "http",
                                        .cookie = "muniment-8620",
                                        .random = next_bytes,
                                        .seconds = clock_of,
                                        .ask = take_question,
                                        .answer = take_answer,
                                        .join = take_stream,
                                        .end = take_end};

static struct gate *begin(struct seen *s, struct http_exchange *x)
{
    char secret[GATE_SECRET + 1];
    struct gate *g;

    *s = (struct seen){.now = 1000};
    x->seen = s;
    settings.context = s;
    g = gate_open(&settings);
    assert_true(gate_link(g, ROLE_ARCHIVIST, "", secret));
    assert_string_equal(secret, SECRET);
    return g;
}

static struct http_request get(const struct seen *s, const char *path)
{
    return (struct http_request){
        .path = path, .query = "", .host = HOST, .origin = "", .cookie = s->cookie, .body = "", .length = 0};
}

static struct http_request post(const struct seen *s, const char *path, const char *body)
{
    struct http_request r = get(s, path);

    r.method = HTTP_POST;
    r.origin = ORIGIN;
    r.body = body;
    r.length = strlen(body);
    return r;
}

/* The status of the answer to a request; 0: it was not answered yet. */
static unsigned status_of(struct gate *g, struct http_exchange *x, struct http_request r)
{
    unsigned before = x->seen->answers;

    gate_request(g, x, &r);
    return x->seen->answers > before ? x->seen->answer.status : 0;
}

/* The same of a request that the steward records first; recorded: with this status, or 0: it must not be asked. */
static unsigned status_when(struct gate *g, struct http_exchange *x, unsigned recorded, struct http_request r)
{
    unsigned questions = x->seen->questions, status = status_of(g, x, r);

    if (!recorded)
        return x->seen->questions > questions ? 0 : status;
    assert_int_equal(status, 0);
    gate_answered(g, (unsigned)strtoul(x->seen->question, NULL, 10), recorded, "application/json", 0, -1);
    return x->seen->answer.status;
}

/* Lets somebody in with a link; the cookie stays in s->cookie. */
static void let_in(struct gate *g, struct http_exchange *x, const char *secret)
{
    assert_int_equal(status_when(g, x, 200, post(x->seen, "/api/enter", secret)), 200);
    snprintf(x->seen->cookie, sizeof x->seen->cookie, "other=1; %.*s", (int)strcspn(x->seen->answer.cookie, ";"),
             x->seen->answer.cookie);
}

static void a_link_lets_in_once_and_within_ten_minutes(void **state)
{
    struct http_exchange x;
    struct seen s;
    struct gate *g = begin(&s, &x);
    char link[96];

    (void)state;
    assert_int_equal(status_of(g, &x, get(&s, "/api/me")), 401);
    assert_int_equal(status_of(g, &x, post(&s, "/api/enter", "0")), 400);
    assert_int_equal(
        status_of(g, &x, post(&s, "/api/enter", "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")),
        401);
    let_in(g, &x, SECRET);
    assert_non_null(strstr(s.answer.cookie, "; HttpOnly; SameSite=Strict"));
    assert_null(strstr(s.answer.cookie, SECRET));
    assert_int_equal(status_of(g, &x, get(&s, "/api/me")), 200);
    assert_int_equal(status_of(g, &x, post(&s, "/api/enter", SECRET)), 401);
    assert_int_equal(status_when(g, &x, 200, post(&s, "/api/links", "reader")), 200);
    snprintf(link, sizeof link, "%s", s.answer.link);
    s.now += GATE_LINK_SECONDS;
    assert_int_equal(status_of(g, &x, post(&s, "/api/enter", link)), 401);
    assert_int_equal(status_of(g, &x, post(&s, "/api/links", "king")), 400);
    for (unsigned i = 0; i < GATE_LINKS; i++)
        assert_int_equal(status_when(g, &x, 200, post(&s, "/api/links", "reader")), 200);
    assert_int_equal(status_when(g, &x, 200, post(&s, "/api/links", "reader")), 503);
    assert_false(gate_link(g, ROLE_ARCHIVIST, "", link));
    s.now += GATE_LINK_SECONDS;
    assert_true(gate_link(g, ROLE_ARCHIVIST, "", link)); /* of a desk in which nobody is any more */
    let_in(g, &x, link);
    gate_close(g);
}

static void a_reader_comes_back_as_who_he_was(void **state)
{
    static const char *const bad[] = {"reader 0123456789abcde",     "reader 0123456789abcdeg",
                                      "reader0123456789abcdef",     "reader ",
                                      "archivist 0123456789abcdef", "reader 0123456789abcdef "};
    struct http_exchange x;
    struct seen s;
    struct gate *g = begin(&s, &x);
    char link[96];

    (void)state;
    let_in(g, &x, SECRET);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(status_of(g, &x, post(&s, "/api/links", bad[i])), 400);
    assert_int_equal(status_when(g, &x, 200, post(&s, "/api/links", "reader 0123456789abcdef")), 200);
    assert_non_null(strstr(s.question, " link reader 0123456789abcdef\n"));
    snprintf(link, sizeof link, "%s", s.answer.link);
    let_in(g, &x, link);
    assert_int_equal(status_of(g, &x, get(&s, "/api/sessions")), 0);
    assert_non_null(strstr(s.question, " reader 0123456789abcdef sessions "));
    gate_close(g);
}

static void who_leaves_or_stays_away_is_out(void **state)
{
    struct seen s;
    struct http_exchange x, screen = {&s}, closed = {&s};
    struct http_request r;
    struct gate *g = begin(&s, &x);
    char link[96];

    (void)state;
    let_in(g, &x, SECRET);
    assert_int_equal(status_when(g, &x, 200, post(&s, "/api/links", "archivist")), 200);
    snprintf(link, sizeof link, "%s", s.answer.link);
    r = get(&s, "/api/sessions/0123456789abcdef/screen");
    gate_opened(g, &screen, &r);
    gate_opened(g, &closed, &r);
    gate_gone(g, &closed);
    assert_int_equal(status_of(g, &x, post(&s, "/api/leave", " ")), 200);
    assert_int_equal(s.ended, 1); /* the screen that is still there */
    gate_gone(g, &screen);
    assert_string_equal(s.answer.cookie, "muniment-8620=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    assert_int_equal(status_of(g, &x, get(&s, "/api/me")), 401);
    let_in(g, &x, link);
    s.now += GATE_IDLE_SECONDS - 1;
    assert_int_equal(status_of(g, &x, get(&s, "/api/me")), 200);
    s.now += GATE_IDLE_SECONDS;
    assert_int_equal(status_of(g, &x, get(&s, "/api/me")), 401);
    gate_close(g);
}

static void other_hosts_and_origins_are_refused(void **state)
{
    static const char *const others[] = {
        "",  "null", "http://evil.example", "https://" HOST, "http://" HOST ".evil.example", "http://127.0.0.1:8621",
        HOST};
    struct http_exchange x;
    struct seen s;
    struct gate *g = begin(&s, &x);
    struct http_request r;

    (void)state;
    let_in(g, &x, SECRET);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        r = post(&s, "/api/archives/a.mun/sessions", " ");
        r.origin = others[i];
        assert_int_equal(status_of(g, &x, r), 403);
        r = get(&s, "/api/sessions/0123456789abcdef/screen");
        r.origin = others[i];
        assert_false(gate_permits(g, &r));
    }
    r = get(&s, "/api/me");
    r.host = "evil.example:8620";
    assert_int_equal(status_of(g, &x, r), 403);
    r = get(&s, "/");
    r.host = "";
    assert_int_equal(status_of(g, &x, r), 403);
    r = get(&s, "/api/sessions/0123456789abcdef/screen");
    r.origin = "http://localhost:8620";
    assert_true(gate_permits(g, &r));
    r.cookie = "";
    assert_false(gate_permits(g, &r));
    assert_int_equal(s.questions, 1); /* of who came in */
    gate_close(g);
}

static void nobody_comes_in_who_is_not_in_the_log(void **state)
{
    struct http_exchange x;
    struct seen s;
    struct gate *g = begin(&s, &x);
    struct http_request r;

    (void)state;
    assert_int_equal(status_when(g, &x, 500, post(&s, "/api/enter", SECRET)), 500);
    assert_string_equal(s.answer.cookie, "");
    assert_non_null(strstr(s.question, " enter archivist\n"));
    assert_int_equal(status_of(g, &x, post(&s, "/api/enter", SECRET)), 401); /* it was used */
    gate_close(g);
    g = begin(&s, &x);
    let_in(g, &x, SECRET);
    assert_int_equal(status_when(g, &x, 500, post(&s, "/api/links", "reader")), 500);
    assert_string_equal(s.answer.link, "");
    assert_non_null(strstr(s.question, " link reader\n"));
    gate_close(g);
    g = begin(&s, &x); /* who is gone before it was recorded is not in */
    r = post(&s, "/api/enter", SECRET);
    gate_request(g, &x, &r);
    gate_gone(g, &x);
    gate_answered(g, 1, 200, "application/json", 0, -1);
    assert_int_equal(s.answers, 0);
    gate_close(g);
}

static void a_reader_does_not_get_what_is_an_archivists(void **state)
{
    struct http_exchange x;
    struct seen s;
    struct gate *g = begin(&s, &x);
    char link[96];

    (void)state;
    let_in(g, &x, SECRET);
    assert_int_equal(status_of(g, &x, post(&s, "/api/archives/a.mun/verify", " ")), 0);
    assert_int_equal(status_when(g, &x, 200, post(&s, "/api/links", "reader")), 200);
    snprintf(link, sizeof link, "%s", s.answer.link);
    let_in(g, &x, link);
    assert_int_equal(status_of(g, &x, post(&s, "/api/archives/a.mun/verify", " ")), 403);
    assert_int_equal(status_of(g, &x, post(&s, "/api/links", "reader")), 404);
    assert_int_equal(status_of(g, &x, get(&s, "/api/archives/a.mun/files")), 0);
    assert_non_null(strstr(s.question, " reader "));
    gate_close(g);
}

static void questions_say_who_asks_for_what(void **state)
{
    struct http_exchange x;
    struct seen s;
    struct gate *g = begin(&s, &x);
    unsigned number;
    static char lines[GATE_MESSAGE + 1];
    char role[16], person[32], verb[32], what[64], line[64];

    (void)state;
    let_in(g, &x, SECRET);
    assert_int_equal(status_of(g, &x, post(&s, "/api/archives/the registry.mun/retrieve", "A/B.TXT\nC")), 0);
    assert_int_equal(
        sscanf(s.question, "%u %15s %31s %31s %63[^\n]\n%63[^\n]", &number, role, person, verb, what, line), 6);
    assert_string_equal(role, "archivist");
    assert_int_equal(strlen(person), 16);
    assert_string_equal(verb, "retrieve");
    assert_string_equal(what, "the registry.mun");
    assert_string_equal(line, "A/B.TXT");
    gate_answered(g, number, 200, "application/zip", 7, -1);
    assert_int_equal(s.answer.length, 7);
    assert_string_equal(s.answer.file_name, "records.zip");
    /* Nothing of a path adds a line to the question. */
    assert_int_equal(status_of(g, &x, get(&s, "/api/archives/a\nb/files")), 404);
    assert_int_equal(status_of(g, &x, get(&s, "/api/archives/a/b/files")), 404);
    assert_int_equal(status_of(g, &x, get(&s, "/api/archives//files")), 404);
    assert_int_equal(status_of(g, &x, get(&s, "/api/passwd")), 404);
    assert_int_equal(status_of(g, &x, get(&s, "/../passwd")), 404);
    memset(lines, 'A', GATE_MESSAGE);
    lines[GATE_MESSAGE] = '\0';
    assert_int_equal(status_of(g, &x, post(&s, "/api/archives/a.mun/retrieve", lines)), 413);
    lines[GATE_MESSAGE - 200] = '\0';
    assert_int_equal(status_of(g, &x, post(&s, "/api/archives/a.mun/retrieve", lines)), 0);
    gate_close(g);
}

static void an_answer_reaches_only_who_still_waits(void **state)
{
    struct http_exchange x;
    struct seen s;
    struct gate *g = begin(&s, &x);
    struct http_request screen;
    int ends[2];

    (void)state;
    let_in(g, &x, SECRET);
    screen = get(&s, "/api/sessions/0123456789abcdef/screen");
    assert_int_equal(status_of(g, &x, get(&s, "/api/library")), 0);
    gate_gone(g, &x);
    s.answers = 0;
    assert_int_equal(pipe(ends), 0);
    gate_answered(g, 2, 200, "application/json", 0, ends[0]);
    gate_answered(g, 77, 200, "application/json", 0, ends[1]);
    gate_answered(g, 0, 200, "application/json", 0, -1);
    assert_int_equal(s.answers, 0);
    assert_int_equal(close(ends[0]), -1); /* the gate has closed both */
    assert_int_equal(close(ends[1]), -1);
    gate_opened(g, &x, &screen);
    assert_non_null(strstr(s.question, " viewer 0123456789abcdef\n"));
    assert_int_equal(pipe(ends), 0);
    gate_answered(g, 3, 200, "application/json", 0, ends[0]);
    assert_int_equal(s.joined, 1);
    close(ends[1]);
    gate_opened(g, &x, &screen);
    gate_answered(g, 4, 404, "application/json", 0, -1);
    assert_int_equal(s.ended, 1);
    /* No more than there is room for wait. */
    for (unsigned i = 0; i < 256; i++)
        assert_int_equal(status_of(g, &x, get(&s, "/api/library")), 0);
    assert_int_equal(status_of(g, &x, get(&s, "/api/library")), 503);
    gate_close(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_lets_in_once_and_within_ten_minutes),
        cmocka_unit_test(a_reader_comes_back_as_who_he_was),
        cmocka_unit_test(who_leaves_or_stays_away_is_out),
        cmocka_unit_test(other_hosts_and_origins_are_refused),
        cmocka_unit_test(nobody_comes_in_who_is_not_in_the_log),
        cmocka_unit_test(a_reader_does_not_get_what_is_an_archivists),
        cmocka_unit_test(questions_say_who_asks_for_what),
        cmocka_unit_test(an_answer_reaches_only_who_still_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
