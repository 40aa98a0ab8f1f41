/* http.h - HTTP and WebSocket for the desk, by libwebsockets, which http.c alone knows.
 *
 * It carries requests to a site and answers back, joins WebSockets to streams, and decides nothing. Everything happens
 * within http_run, in one thread. */
#ifndef MUNIMENT_DESK_HTTP_H
#define MUNIMENT_DESK_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/error.h"

#define HTTP_BODY_MOST 65536u  /* bytes of a request's body */
#define HTTP_FIELD_MOST 1024u  /* bytes of its path, query and each header that is looked at */
#define HTTP_COOKIE_MOST 4096u /* of its cookies: those of other servers of this host come too */
#define HTTP_CONNECTIONS 200u  /* at a time; more are closed at once */

struct http;
struct http_exchange; /* a request that waits for its answer, or a WebSocket */

enum http_method { HTTP_GET, HTTP_POST };

/* Absent fields are empty. The path has been decoded, and holds no "..". */
struct http_request {
    enum http_method method;
    const char *path, *query, *host, *origin, *cookie;
    const char *body; /* `length` bytes and a NUL */
    size_t length;
};

/* The body is `bytes`, which stay as they are until the exchange is gone, or what a descriptor holds from its
 * beginning, which is closed then. */
struct http_answer {
    unsigned status;
    const char *type; /* of the body; copied */
    const void *bytes;
    uint64_t length;
    int descriptor;                             /* used if bytes is null; -1: none */
    char cookie[256], link[96], file_name[128]; /* headers: Set-Cookie, Muniment-Link, the name under which it is saved;
                                                   empty: left out */
};

struct http_site {
    void *context;
    /* Answers now or later with http_answer_with, once. */
    void (*request)(void *context, struct http_exchange *x, const struct http_request *request);
    /* Whether a WebSocket may be opened; then it is opened, and is to be joined to a stream with http_join. */
    bool (*permits)(void *context, const struct http_request *request);
    void (*opened)(void *context, struct http_exchange *x, const struct http_request *request);
    /* The other side is gone, or all is done: x is no more. */
    void (*gone)(void *context, struct http_exchange *x);
    /* A descriptor that is watched can be read. */
    void (*readable)(void *context, int descriptor);
    const char *certificate, *key; /* PEM files, by which it speaks TLS; null: it does not */
    const char *const *headers;    /* of every answer: name with a colon, value, and a null at the end */
};

/* Site and its texts must outlive it. Null: *error says why. */
struct http *http_open(const struct http_site *site, struct error *error);
void http_close(struct http *h);

/* Accepts connections at a socket that listens; calls site->readable for a descriptor. False: out of memory. */
bool http_listen(struct http *h, int socket);
bool http_watch(struct http *h, int descriptor);
void http_answer_with(struct http_exchange *x, const struct http_answer *answer);
/* Joins a WebSocket to a stream socket, which it closes in the end. False: it is closed at once. */
bool http_join(struct http_exchange *x, int stream);
/* Ends a WebSocket; site->gone follows. */
void http_end(struct http_exchange *x);

/* Serves until *over is true, or a signal comes. */
void http_run(struct http *h, const bool *over);

#endif
