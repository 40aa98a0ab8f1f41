/* http.c - see http.h. libwebsockets 4.1: Debian 12 has 4.1.6. */
#define _GNU_SOURCE /* accept4 */
#include "desk/http.h"

#ifdef HAVE_libwebsockets
#include <errno.h>
#include <fcntl.h>
#include <libwebsockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "desk/progress.h"
#include "desk/sockets.h"
#include "desk/tls.h"

#define PIECE 32768u        /* bytes that are read and sent at a time */
#define ANSWER_SECONDS 1800 /* that an answer may take */
#define STALLED_SECONDS 30  /* that the other side may take to receive a piece */

struct http {
    struct lws_context *context;
    struct lws_vhost *vhost;
    const struct http_site *site;
    unsigned connections;
    int spare; /* a descriptor that is given up when there is no other */
};

enum watched { WATCH_READABLE, WATCH_LISTEN, WATCH_STREAM };

/* What libwebsockets keeps for each descriptor that is no connection. */
struct watch {
    enum watched kind;
    int descriptor;
    struct lws *wsi, *socket; /* of a stream: its WebSocket; null: it is gone */
    uint8_t *in;              /* from the stream, LWS_PRE bytes before it; null: nothing */
    size_t in_length;
    uint8_t *out; /* to it; null: nothing */
    size_t out_at, out_length;
    bool over; /* the stream is at its end */
};

struct http_exchange {
    struct http *http;
    struct lws *wsi;
    bool waits;     /* for its answer */
    bool completed; /* its body is */
    bool answered, begun;
    struct http_answer answer;
    char type[64]; /* of it */
    uint64_t sent;
    enum http_method method;
    char path[HTTP_FIELD_MOST], query[HTTP_FIELD_MOST], host[256], origin[256], cookie[HTTP_COOKIE_MOST];
    char *body;
    size_t length;
    struct watch *stream;
    bool ends;
};

/* --- Requests --- */

static struct http *http_of(struct lws *wsi)
{
    return lws_context_user(lws_get_context(wsi));
}

/* A header that is longer than its place is as bad as one that is missing. */
static void copy_header(struct lws *wsi, enum lws_token_indexes token, char *to, size_t size)
{
    if (lws_hdr_copy(wsi, to, (int)size, token) <= 0)
        *to = '\0';
}

static void copy_headers(struct http_exchange *x, struct lws *wsi, const char *path)
{
    x->http = http_of(wsi);
    x->wsi = wsi;
    x->method = lws_hdr_total_length(wsi, WSI_TOKEN_POST_URI) > 0 ? HTTP_POST : HTTP_GET;
    if ((size_t)snprintf(x->path, sizeof x->path, "%s", path) >= sizeof x->path)
        x->path[0] = '\0';
    copy_header(wsi, WSI_TOKEN_HTTP_URI_ARGS, x->query, sizeof x->query);
    copy_header(wsi, WSI_TOKEN_HOST, x->host, sizeof x->host);
    copy_header(wsi, WSI_TOKEN_ORIGIN, x->origin, sizeof x->origin);
    copy_header(wsi, WSI_TOKEN_HTTP_COOKIE, x->cookie, sizeof x->cookie);
}

static struct http_request request_of(const struct http_exchange *x)
{
    return (struct http_request){.method = x->method,
                                 .path = x->path,
                                 .query = x->query,
                                 .host = x->host,
                                 .origin = x->origin,
                                 .cookie = x->cookie,
                                 .body = x->body ? x->body : "",
                                 .length = x->length};
}

static void ask(struct http_exchange *x)
{
    const struct http_request request = request_of(x);

    x->waits = true;
    lws_set_timeout(x->wsi, PENDING_TIMEOUT_HTTP_CONTENT, ANSWER_SECONDS);
    x->http->site->request(x->http->site->context, x, &request);
}

/* Takes a piece of the body; false: too much of it. */
static bool take_body(struct http_exchange *x, const void *bytes, size_t size)
{
    char *larger;

    if (size > HTTP_BODY_MOST - x->length || !(larger = realloc(x->body, x->length + size + 1)))
        return false;
    x->body = larger;
    memcpy(x->body + x->length, bytes, size);
    x->length += size;
    x->body[x->length] = '\0';
    return true;
}

/* More that comes before the answer completes the same body again, and again: libwebsockets knows no better. Nobody who
 * is well has sent it. */
static int complete_body(struct http_exchange *x)
{
    if (x->completed)
        return -1;
    x->completed = true;
    if (!x->waits)
        ask(x);
    return 0;
}

static int begin_request(struct http_exchange *x, struct lws *wsi, const char *path)
{
    char length[16] = "";

    copy_headers(x, wsi, path);
    if (x->method == HTTP_GET && lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) <= 0) {
        /* The connection ends: a body that nobody awaits, with more after it, keeps libwebsockets 4.1.6 busy. */
        lws_return_http_status(wsi, HTTP_STATUS_METHOD_NOT_ALLOWED, NULL);
        return -1;
    }
    copy_header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, length, sizeof length);
    if (x->method == HTTP_POST && strcmp(length, "0") != 0)
        return 0;
    ask(x);
    return 0;
}

/* --- Answers --- */

void http_answer_with(struct http_exchange *x, const struct http_answer *answer)
{
    x->answer = *answer;
    snprintf(x->type, sizeof x->type, "%s", answer->type);
    x->answer.type = x->type;
    x->answered = true;
    lws_callback_on_writable(x->wsi);
}

static bool add(struct lws *wsi, const char *name, const char *value, uint8_t **at, uint8_t *end)
{
    return !*value || lws_add_http_header_by_name(wsi, (const uint8_t *)name, (const uint8_t *)value,
                                                  (int)strlen(value), at, end) == 0;
}

static int send_headers(struct http_exchange *x)
{
    uint8_t buffer[LWS_PRE + 4096], *start = buffer + LWS_PRE, *at = start, *end = buffer + sizeof buffer - 1;
    const struct http_answer *a = &x->answer;
    char disposition[160] = "";
    bool good = lws_add_http_common_headers(x->wsi, a->status, a->type, a->length, &at, end) == 0;

    if (*a->file_name)
        snprintf(disposition, sizeof disposition, "attachment; filename=\"%s\"", a->file_name);
    good = good && add(x->wsi, "set-cookie:", a->cookie, &at, end) &&
           add(x->wsi, "muniment-link:", a->link, &at, end) &&
           add(x->wsi, "content-disposition:", disposition, &at, end);
    for (const char *const *h = x->http->site->headers; good && *h; h += 2)
        good = add(x->wsi, h[0], h[1], &at, end);
    x->begun = true;
    return good && lws_finalize_write_http_header(x->wsi, start, &at, end) == 0 ? 0 : -1;
}

/* The exchange is over: the connection may carry another. */
static void forget(struct http_exchange *x)
{
    if (x->waits)
        x->http->site->gone(x->http->site->context, x);
    if (x->answered && !x->answer.bytes && x->answer.descriptor >= 0)
        close(x->answer.descriptor);
    free(x->body);
    x->body = NULL;
    x->length = 0;
    x->sent = 0;
    x->waits = x->answered = x->begun = x->completed = false;
}

static int send_answer(struct http_exchange *x)
{
    uint8_t piece[LWS_PRE + PIECE];
    const struct http_answer *a = &x->answer;
    size_t size;

    if (!x->answered)
        return 0;
    lws_set_timeout(x->wsi, PENDING_TIMEOUT_HTTP_CONTENT, STALLED_SECONDS);
    if (!x->begun && send_headers(x) < 0)
        return -1;
    size = a->length - x->sent < PIECE ? (size_t)(a->length - x->sent) : PIECE;
    if (size && a->bytes)
        memcpy(piece + LWS_PRE, (const uint8_t *)a->bytes + x->sent, size);
    else if (size && pread(a->descriptor, piece + LWS_PRE, size, (off_t)x->sent) != (ssize_t)size)
        return -1;
    x->sent += size;
    if (size &&
        lws_write(x->wsi, piece + LWS_PRE, size, x->sent == a->length ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < 0)
        return -1;
    if (x->sent < a->length) {
        lws_callback_on_writable(x->wsi);
        return 0;
    }
    forget(x);
    return lws_http_transaction_completed(x->wsi) ? -1 : 0;
}

/* --- Streams behind WebSockets --- */

static struct lws *adopt(struct http *h, struct watch *watch)
{
    lws_sock_file_fd_type descriptor = {.filefd = watch->descriptor};
    struct lws *wsi;

    fcntl(watch->descriptor, F_SETFL, fcntl(watch->descriptor, F_GETFL) | O_NONBLOCK);
    wsi = lws_adopt_descriptor_vhost(h->vhost, LWS_ADOPT_RAW_FILE_DESC, descriptor, "watch", NULL);
    if (wsi)
        *(struct watch **)lws_wsi_user(wsi) = watch;
    watch->wsi = wsi;
    return wsi;
}

static struct watch *new_watch(struct http *h, enum watched kind, int descriptor)
{
    struct watch *watch = calloc(1, sizeof *watch);

    if (!watch)
        return NULL;
    *watch = (struct watch){.kind = kind, .descriptor = descriptor};
    if (adopt(h, watch))
        return watch;
    free(watch);
    return NULL;
}

bool http_listen(struct http *h, int socket)
{
    h->spare = socket_spare(socket);
    return new_watch(h, WATCH_LISTEN, socket) != NULL;
}

bool http_watch(struct http *h, int descriptor)
{
    return new_watch(h, WATCH_READABLE, descriptor) != NULL;
}

bool http_join(struct http_exchange *x, int stream)
{
    struct watch *watch = x->ends ? NULL : new_watch(x->http, WATCH_STREAM, stream);

    if (!watch) {
        close(stream);
        http_end(x);
        return false;
    }
    x->stream = watch;
    watch->socket = x->wsi;
    lws_rx_flow_control(x->wsi, 1);
    return true;
}

void http_end(struct http_exchange *x)
{
    x->ends = true;
    lws_callback_on_writable(x->wsi);
}

/* From the stream: one piece at a time, which the WebSocket sends before the next is read. */
static int read_stream(struct watch *w)
{
    ssize_t got;

    if (!w->socket)
        return -1;
    if (w->in)
        return 0;
    w->in = malloc(LWS_PRE + PIECE);
    got = w->in ? read(w->descriptor, w->in + LWS_PRE, PIECE) : -1;
    if (got <= 0) {
        free(w->in);
        w->in = NULL;
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return 0;
        w->over = true;
        lws_callback_on_writable(w->socket);
        return lws_rx_flow_control(w->wsi, 0);
    }
    w->in_length = (size_t)got;
    lws_rx_flow_control(w->wsi, 0);
    lws_callback_on_writable(w->socket);
    return 0;
}

/* To the stream: what it does not take waits, and the WebSocket with it. */
static int write_stream(struct watch *w)
{
    while (w->out && w->out_at < w->out_length) {
        ssize_t put = write(w->descriptor, w->out + w->out_at, w->out_length - w->out_at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0 && errno == EAGAIN) {
            lws_callback_on_writable(w->wsi);
            return 0;
        }
        if (put < 0)
            return -1;
        w->out_at += (size_t)put;
    }
    free(w->out);
    w->out = NULL;
    if (w->socket)
        lws_rx_flow_control(w->socket, 1);
    return w->socket ? 0 : -1;
}

static int take_message(struct http_exchange *x, const void *bytes, size_t size)
{
    struct watch *w = x->stream;
    size_t waiting = w && w->out ? w->out_length - w->out_at : 0;
    uint8_t *all = w ? malloc(waiting + size + 1) : NULL;

    if (!all)
        return -1;
    if (waiting)
        memcpy(all, w->out + w->out_at, waiting);
    memcpy(all + waiting, bytes, size);
    free(w->out);
    w->out = all;
    w->out_at = 0;
    w->out_length = waiting + size;
    lws_rx_flow_control(x->wsi, 0);
    lws_callback_on_writable(w->wsi);
    return 0;
}

static int send_message(struct http_exchange *x)
{
    struct watch *w = x->stream;

    if (x->ends)
        return -1;
    if (w && w->in) {
        if (lws_write(x->wsi, w->in + LWS_PRE, w->in_length, LWS_WRITE_BINARY) < 0)
            return -1;
        free(w->in);
        w->in = NULL;
        lws_rx_flow_control(w->wsi, 1);
        return 0;
    }
    return w && w->over ? -1 : 0;
}

/* --- libwebsockets --- */

static void accept_one(struct http *h, int listening)
{
    int socket = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), on = 1;

    if (socket < 0) {
        socket_shed(listening, &h->spare);
        return;
    }
    if (h->connections >= HTTP_CONNECTIONS) {
        close(socket);
        return;
    }
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    lws_adopt_socket_vhost(h->vhost, socket); /* closes it if it fails */
}

static int watch_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
    struct watch *w = user ? *(struct watch **)user : NULL;
    struct http *h = http_of(wsi);

    (void)in, (void)length;
    if (!w)
        return 0;
    switch (reason) {
    case LWS_CALLBACK_RAW_RX_FILE:
        if (w->kind == WATCH_LISTEN)
            accept_one(h, w->descriptor);
        else if (w->kind == WATCH_READABLE)
            h->site->readable(h->site->context, w->descriptor);
        else
            return read_stream(w);
        return 0;
    case LWS_CALLBACK_RAW_WRITEABLE_FILE: return w->kind == WATCH_STREAM ? write_stream(w) : 0;
    case LWS_CALLBACK_RAW_CLOSE_FILE:
        if (w->socket) {
            struct http_exchange *x = lws_wsi_user(w->socket);
            x->stream = NULL;
            http_end(x);
        }
        free(w->in);
        free(w->out);
        free(w);
        *(struct watch **)user = NULL;
        return 0;
    default: return 0;
    }
}

static void socket_gone(struct http_exchange *x)
{
    if (x->stream) {
        x->stream->socket = NULL;
        lws_rx_flow_control(x->stream->wsi, 1);
        lws_set_timeout(x->stream->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    }
    x->stream = NULL;
}

static int open_socket(struct http_exchange *x, struct lws *wsi)
{
    const struct http_request request = request_of(x);

    x->wsi = wsi;
    x->waits = true;
    lws_rx_flow_control(wsi, 0);
    x->http->site->opened(x->http->site->context, x, &request);
    return 0;
}

/* Whether a WebSocket may be opened. Its headers are there now and no more later. */
static int filter_socket(struct http_exchange *x, struct lws *wsi)
{
    char path[HTTP_FIELD_MOST];
    struct http_request request;

    copy_header(wsi, WSI_TOKEN_GET_URI, path, sizeof path);
    copy_headers(x, wsi, path);
    request = request_of(x);
    return x->http->site->permits(x->http->site->context, &request) ? 0 : -1;
}

static int site_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
    struct http_exchange *x = user;

    switch (reason) {
    case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED: http_of(wsi)->connections++; return 0;
    case LWS_CALLBACK_WSI_DESTROY: /* this protocol, the first, hears it of the other's too */
        if (!(lws_get_protocol(wsi) && lws_get_protocol(wsi)->callback == watch_event) && http_of(wsi)->connections)
            http_of(wsi)->connections--;
        return 0;
    case LWS_CALLBACK_HTTP: return begin_request(x, wsi, in);
    case LWS_CALLBACK_HTTP_BODY: return !x->waits && take_body(x, in, length) ? 0 : -1; /* GET has none */
    case LWS_CALLBACK_HTTP_BODY_COMPLETION: return complete_body(x);
    case LWS_CALLBACK_HTTP_WRITEABLE: return send_answer(x);
    case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
    case LWS_CALLBACK_CLOSED_HTTP:
        if (x && x->http && !x->stream)
            forget(x);
        return 0;
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION: return filter_socket(x, wsi);
    case LWS_CALLBACK_ESTABLISHED: return open_socket(x, wsi);
    case LWS_CALLBACK_RECEIVE: return take_message(x, in, length);
    case LWS_CALLBACK_SERVER_WRITEABLE: return send_message(x);
    case LWS_CALLBACK_CLOSED:
        socket_gone(x);
        forget(x);
        return 0;
    default: return 0;
    }
}

static const struct lws_protocols protocols[] = {
    {"desk", site_event, sizeof(struct http_exchange), 16384, 0, NULL, 0},
    {"watch", watch_event, sizeof(struct watch *), 0, 0, NULL, 0},
    {NULL, NULL, 0, 0, 0, NULL, 0},
};

static void say(int level, const char *line)
{
    (void)level;
    fprintf(stderr, "muniment: HTTP: %s", line);
}

struct http *http_open(const struct http_site *site, struct error *error)
{
    struct lws_context_creation_info info = {.port = CONTEXT_PORT_NO_LISTEN_SERVER,
                                             .protocols = protocols,
                                             .gid = -1,
                                             .uid = -1,
                                             .timeout_secs = 15,
                                             .keepalive_timeout = 30,
                                             .max_http_header_data = 8192,
                                             .fd_limit_per_thread = 512,
                                             .vhost_name = "desk"};
    struct http *h;

    if (site->certificate && !tls_check(site->certificate, site->key, error))
        return NULL;
    h = calloc(1, sizeof *h);
    lws_set_log_level(LLL_ERR, say);
    if (h) {
        h->site = site;
        info.user = h;
        info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS;
        if (site->certificate) { /* read here, before the process locks itself in */
            info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
            info.alpn = "http/1.1"; /* what gate.c looks at is in its headers */
            info.ssl_cert_filepath = site->certificate;
            info.ssl_private_key_filepath = site->key;
            info.ssl_options_set = SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1 | SSL_OP_NO_RENEGOTIATION;
        }
        h->context = lws_create_context(&info);
        h->vhost = h->context ? lws_create_vhost(h->context, &info) : NULL;
    }
    if (h && h->vhost)
        return h;
    if (site->certificate)
        error_set(error, STATUS_INPUT, site->certificate, NULL,
                  "name the key that belongs to it with --certificate-key", "TLS cannot begin with it");
    else
        error_set(error, STATUS_HOST, "HTTP", NULL, NULL, "cannot begin");
    http_close(h);
    return NULL;
}

void http_close(struct http *h)
{
    if (h && h->context)
        lws_context_destroy(h->context);
    free(h);
}

void http_run(struct http *h, const bool *over)
{
    while (!*over && !interrupted() && lws_service(h->context, 0) >= 0)
        continue;
}

#else

struct http *http_open(const struct http_site *site, struct error *error)
{
    (void)site;
    error_set(error, STATUS_HOST, "serve", NULL, "install libwebsockets-dev, and build again",
              "this program was built without libwebsockets");
    return NULL;
}

void http_close(struct http *h)
{
    (void)h;
}

bool http_listen(struct http *h, int socket)
{
    return h && socket < 0;
}

bool http_watch(struct http *h, int descriptor)
{
    return h && descriptor < 0;
}

void http_answer_with(struct http_exchange *x, const struct http_answer *answer)
{
    (void)x, (void)answer;
}

bool http_join(struct http_exchange *x, int stream)
{
    return x && stream < 0;
}

void http_end(struct http_exchange *x)
{
    (void)x;
}

void http_run(struct http *h, const bool *over)
{
    (void)h, (void)over;
}
#endif
