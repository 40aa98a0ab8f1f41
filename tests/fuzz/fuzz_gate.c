/* fuzz_gate.c - libFuzzer harness of desk/gate.c: requests of any content in any order, from people who are in and from
 * others, with answers of the steward in between, also to questions that nobody asked. Nobody gets past the gate
 * without a cookie that it gave; no question has a line that its route did not put there. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "desk/gate.h"

#define HOST "127.0.0.1:8620"
#define ORIGIN "http://127.0.0.1:8620"
#define EXCHANGES 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

struct http_exchange {
    bool waits;
};

struct world {
    struct http_exchange exchanges[EXCHANGES];
    uint64_t now;
    uint8_t random;
    bool in, comes; /* somebody is; or may be, when the steward has recorded it */
    char cookie[256], first[GATE_SECRET + 1], link[96];
};

static struct world world;

static void next_bytes(void *context, uint8_t *bytes, size_t count)
{
    (void)context;
    for (size_t i = 0; i < count; i++)
        bytes[i] = world.random++;
}

static uint64_t seconds(void *context)
{
    (void)context;
    return world.now;
}

static bool ask(void *context, const char *question)
{
    const char *line = strchr(question, '\n');
    char verb[16] = "";

    (void)context;
    require(sscanf(question, "%*u %*s %*s %15s", verb) == 1);
    world.comes = world.comes || !strcmp(verb, "enter");
    require((world.in || !strcmp(verb, "enter")) && line && strlen(question) < GATE_MESSAGE && question[0] >= '1' &&
            question[0] <= '9');
    require(!memchr(question, '\r', (size_t)(line - question)));
    return world.now % 7 != 0;
}

static void answer(struct http_exchange *x, const struct http_answer *a)
{
    require(x->waits && a->status >= 200 && a->status < 600 && (a->bytes || a->length == 0));
    x->waits = false;
    require(!*a->link || (world.in && strlen(a->link) == GATE_SECRET));
    if (*a->link)
        memcpy(world.link, a->link, sizeof world.link);
    if (*a->cookie) {
        memcpy(world.cookie, a->cookie, sizeof world.cookie);
        world.cookie[strcspn(world.cookie, ";")] = '\0';
        world.in = true;
    }
}

static bool join(struct http_exchange *x, int stream)
{
    (void)stream;
    require(x->waits);
    x->waits = false;
    return true;
}

static void end(struct http_exchange *x)
{
    x->waits = false;
}

/* Text up to the next zero byte of the data, or a whole one that fits. */
static const char *take(const uint8_t **data, size_t *size, const char *const *ready, size_t count)
{
    const char *text = (const char *)*data;
    size_t length;

    if (*size && **data < count) {
        text = ready[**data];
        ++*data, --*size;
        return text;
    }
    length = strnlen(text, *size);
    if (length == *size) {
        *size = 0;
        return "";
    }
    *data += length + 1;
    *size -= length + 1;
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const hosts[] = {HOST, NULL};
    static const char *const paths[] = {"/api/enter",
                                        "/api/me",
                                        "/api/links",
                                        "/api/leave",
                                        "/api/library",
                                        "/",
                                        "/app.js",
                                        "/api/archives/a.mun/files",
                                        "/api/sessions/0123456789abcdef/screen",
                                        "/api/archives/a.mun/retrieve"};
    static const char *const names[] = {HOST, ORIGIN, "evil.example", ""};
    const char *const bodies[] = {world.first, world.link, "reader", "archivist", "reader 0123456789abcdef", ""};
    const char *const cookies[] = {world.cookie, "", "muniment=0"};
    struct gate_settings settings = {.hosts = hosts,
                                     .scheme = "http",
                                     .cookie = "muniment",
                                     .random = next_bytes,
                                     .seconds = seconds,
                                     .ask = ask,
                                     .answer = answer,
                                     .join = join,
                                     .end = end};
    struct gate *g;

    world = (struct world){.now = 1000};
    g = gate_open(&settings);
    require(g && gate_link(g, ROLE_ARCHIVIST, "", world.first));
    while (size > 3) {
        struct http_exchange *x = &world.exchanges[data[0] % EXCHANGES];
        const uint8_t step = data[1];
        struct http_request r = {.method = step & 1 ? HTTP_POST : HTTP_GET, .query = ""};
        world.now += data[2];
        data += 3, size -= 3;
        if (step % 8 == 6) {
            gate_answered(g, step / 8, data[-1] & 1 ? 200 : 200 + step, "text/plain", 0, -1);
            continue;
        }
        if (x->waits) {
            gate_gone(g, x);
            x->waits = false;
        }
        r.path = take(&data, &size, paths, sizeof paths / sizeof *paths);
        r.host = take(&data, &size, names, sizeof names / sizeof *names);
        r.origin = take(&data, &size, names, sizeof names / sizeof *names);
        r.cookie = take(&data, &size, cookies, sizeof cookies / sizeof *cookies);
        r.body = take(&data, &size, bodies, sizeof bodies / sizeof *bodies);
        r.length = strlen(r.body);
        x->waits = true;
        if (step % 8 == 7 && !gate_permits(g, &r))
            x->waits = false;
        else if (step % 8 == 7)
            gate_opened(g, x, &r);
        else
            gate_request(g, x, &r);
        require(world.in || world.comes || !x->waits);
    }
    gate_close(g);
    return 0;
}
